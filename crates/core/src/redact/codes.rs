//! The codes by which terminals colour and move: taken out of a text before it is looked at.

/// A text without its codes.
pub(super) struct Plain {
    pub(super) text: String,
    /// Where each piece between two codes begins: in the plain text, and in the one with codes.
    pieces: Vec<(usize, usize)>,
}

/// Signs that begin a code, as they are and as texts in JSON and code write them.
const INTRODUCED: [&str; 6] = ["\u{1b}[", "\\u001b[", "\\u001B[", "\\x1b[", "\\x1B[", "\\033["];
/// Longest code (bytes), without what introduces it.
const CODE: usize = 32;

/// The text without codes; `None` where there is none.
pub(super) fn without(text: &str) -> Option<Plain> {
    let bytes = text.as_bytes();
    let mut plain: Option<Plain> = None;
    let mut from = 0;
    // Every code has this sign; texts have few of it that are none.
    for open in memchr::memchr_iter(b'[', bytes) {
        let Some((start, end)) = code(bytes, open).filter(|(start, _)| *start >= from) else { continue };
        let out = plain.get_or_insert_with(|| Plain { text: String::with_capacity(text.len()), pieces: Vec::new() });
        out.piece(text, from, start);
        from = end;
    }
    if let Some(out) = &mut plain {
        out.piece(text, from, text.len());
    }
    plain
}

/// Where the code begins and ends whose `[` stands at a place.
fn code(bytes: &[u8], open: usize) -> Option<(usize, usize)> {
    // `\x1b`, `\u001b`, `\033` and the sign itself end so.
    if !matches!(open.checked_sub(1).map(|at| bytes[at])?, 0x1b | b'b' | b'B' | b'3') {
        return None;
    }
    let head = INTRODUCED.iter().find(|head| bytes[..=open].ends_with(head.as_bytes()))?;
    let mut start = open + 1 - head.len();
    // JSON in JSON doubles the backslash.
    while head.len() > 2 && start > 0 && bytes[start - 1] == b'\\' {
        start -= 1;
    }
    let rest = &bytes[open + 1..];
    let inner = rest.iter().take(CODE).take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
    matches!(rest.get(inner)?, 0x40..=0x7e).then_some((start, open + 1 + inner + 1))
}

impl Plain {
    fn piece(&mut self, text: &str, from: usize, to: usize) {
        self.pieces.push((self.text.len(), from));
        self.text.push_str(&text[from..to]);
    }

    /// Where a part of the plain text stands in the one with codes; codes within it are part of it.
    pub(super) fn places(&self, start: usize, end: usize) -> (usize, usize) {
        (self.place(start), self.place(end.saturating_sub(1)) + 1)
    }

    fn place(&self, at: usize) -> usize {
        let piece = self.pieces.partition_point(|(plain, _)| *plain <= at).saturating_sub(1);
        let (plain, coded) = self.pieces[piece];
        coded + at - plain
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_are_taken_out_and_places_are_found_again() {
        let text = "a\u{1b}[01;31m\u{1b}[Kbc\u{1b}[0md \\u001b[1mef\\\\x1b[0m [x] \u{1b}[";
        let plain = without(text).unwrap();
        assert_eq!(plain.text, "abcd ef [x] \u{1b}[");
        let part = |start, end| {
            let (start, end) = plain.places(start, end);
            &text[start..end]
        };
        assert_eq!((part(0, 1), part(1, 3), part(2, 4)), ("a", "bc", "c\u{1b}[0md"));
        assert_eq!(part(5, 7), "ef");
        assert!(without("arr[0] \\u005b[ x[b[0] ab[1]").is_none());
    }

    proptest! {
        #[test]
        fn any_part_is_found_again(text in "(é|x|\u{1b}\\[[0-9;]{0,4}[mK]|[\\[\u{1b}1m])*") {
            if let Some(plain) = without(&text) {
                for (at, c) in plain.text.char_indices() {
                    let (start, end) = plain.places(at, at + c.len_utf8());
                    prop_assert_eq!(&text[start..end], c.to_string());
                }
            }
        }
    }
}
