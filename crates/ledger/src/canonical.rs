//! Whether bytes are in canonical form, told in one pass over them and without building a tree.
//!
//! The same answer as parsing and encoding again (`core::digest::canonical`), at the speed of reading.

pub(crate) use clawbutler_core::digest::plain;

/// Deepest nesting, as the parser of the same form allows it.
const DEPTH: usize = 127;

/// Whether `text` is exactly what encoding its own content again would give.
pub fn is_canonical(text: &str) -> bool {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0 };
    scanner.value(DEPTH).is_some() && scanner.at == text.len()
}

/// The same for an object; hands over each member of it (name and value, both as they stand) on the way.
pub fn is_canonical_object<'a>(text: &'a str, mut member: impl FnMut(&'a str, &'a str)) -> bool {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0 };
    scanner.object(DEPTH, &mut member).is_some() && scanner.at == text.len()
}

/// Where the canonical value that `text` begins with ends; `None` when it begins with none.
pub fn value_end(text: &str) -> Option<usize> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0 };
    scanner.value(DEPTH).map(|()| scanner.at)
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

/// Where a string stands, without its quotes.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    escaped: bool,
}

impl<'a> Scanner<'a> {
    fn value(&mut self, depth: usize) -> Option<()> {
        match *self.bytes.get(self.at)? {
            b'"' => self.string().map(drop),
            b'{' => self.object(depth, &mut |_, _| ()),
            b'[' => self.array(depth),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.integer(),
        }
    }

    fn object(&mut self, depth: usize, member: &mut impl FnMut(&'a str, &'a str)) -> Option<()> {
        let below = depth.checked_sub(1)?;
        self.expect(b'{')?;
        if self.take(b'}') {
            return Some(());
        }
        let mut before: Option<Place> = None;
        loop {
            let key = self.string()?;
            if before.is_some_and(|before| !self.ascending(before, key)) {
                return None;
            }
            before = Some(key);
            self.expect(b':')?;
            let start = self.at;
            self.value(below)?;
            member(&self.text[key.start..key.end], &self.text[start..self.at]);
            if !self.take(b',') {
                return self.expect(b'}');
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        let below = depth.checked_sub(1)?;
        self.expect(b'[')?;
        if self.take(b']') {
            return Some(());
        }
        loop {
            self.value(below)?;
            if !self.take(b',') {
                return self.expect(b']');
            }
        }
    }

    #[inline]
    fn string(&mut self) -> Option<Place> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain(&self.bytes[self.at..]);
            match *self.bytes.get(self.at)? {
                b'"' => {
                    let place = Place { start, end: self.at, escaped };
                    self.at += 1;
                    return Some(place);
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return None,
            }
        }
    }

    /// One escape, in the only spelling the form has for it.
    fn escape(&mut self) -> Option<()> {
        match *self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let code = self.bytes.get(self.at + 2..self.at + 6)?;
                let short = matches!(code, b"0008" | b"0009" | b"000a" | b"000c" | b"000d");
                let control = code.starts_with(b"00")
                    && matches!(code[2], b'0' | b'1')
                    && matches!(code[3], b'0'..=b'9' | b'a'..=b'f');
                if short || !control {
                    return None;
                }
                self.at += 6;
            }
            _ => return None,
        }
        Some(())
    }

    fn integer(&mut self) -> Option<()> {
        let start = self.at;
        let negative = self.take(b'-');
        let digits = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let length = self.at - digits;
        if length == 0 || self.bytes[digits] == b'0' && (length > 1 || negative) {
            return None;
        }
        let text = &self.text[start..self.at];
        let fits = length <= 18 || if negative { text.parse::<i64>().is_ok() } else { text.parse::<u64>().is_ok() };
        fits.then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.bytes[self.at..].starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    #[inline]
    fn ascending(&self, a: Place, b: Place) -> bool {
        let raw = |place: Place| &self.bytes[place.start..place.end];
        if a.escaped || b.escaped {
            return unescaped(raw(a)) < unescaped(raw(b));
        }
        // Names are short and mostly differ early: one comparison of numbers instead of a call.
        match (self.lead(a), self.lead(b)) {
            (Some(first), Some(second)) if first != second => first < second,
            _ => raw(a) < raw(b),
        }
    }

    /// The first eight bytes of an unescaped string as a number that orders as they do, shorter ones filled with zeros
    /// (which stand in no string). `None` where the text itself ends before.
    #[inline]
    fn lead(&self, place: Place) -> Option<u64> {
        let chunk = self.bytes.get(place.start..place.start + 8)?;
        let word = u64::from_be_bytes(chunk.try_into().ok()?);
        let beyond = 8_usize.saturating_sub(place.end - place.start);
        Some(if beyond == 8 { 0 } else { word & (u64::MAX << (8 * beyond)) })
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }
}

/// Bytes of a checked string with its escapes resolved.
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
            continue;
        }
        let (character, length) = match raw.get(at + 1) {
            Some(b'b') => (0x08, 2),
            Some(b'f') => (0x0c, 2),
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b't') => (b'\t', 2),
            Some(b'u') => {
                let digit = |place: usize| raw.get(place).and_then(|&byte| char::from(byte).to_digit(16)).unwrap_or(0);
                (u8::try_from(digit(at + 4) * 16 + digit(at + 5)).unwrap_or(0), 6)
            }
            other => (other.copied().unwrap_or(b'\\'), 2),
        };
        out.push(character);
        at += length;
    }
    out
}
