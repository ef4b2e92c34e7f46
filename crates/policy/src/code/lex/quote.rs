//! Strings: escapes, and expressions inside them.

use std::borrow::Cow;

use super::{Lexer, Piece};

/// What a backslash does in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// Nothing.
    None,
    /// Keeps the quote from ending the string, and stays.
    Raw,
    /// Escapes the quote and itself.
    Quote,
    All,
}

/// What stands for a value in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inner {
    None,
    /// `{…}` with `{{` for a brace.
    Braces,
    /// `${…}`.
    Dollar,
    /// `#{…}`.
    Hash,
    /// `$x`, `@x`, `${x}`, `@{[ … ]}`.
    Sigils,
    /// `$x`, `{$x…}`, `${x}`.
    Php,
}

/// How a string is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quote<'q> {
    pub(super) close: &'q str,
    /// An opening bracket that asks for one more closing one.
    pub(super) nests: Option<u8>,
    pub(super) escapes: Escapes,
    pub(super) inner: Inner,
}

/// Deepest brackets looked through for the end of an expression in a string.
const DEEPEST: usize = 16;

/// The plain part of a string as it is read.
struct Plain<'a> {
    run: usize,
    owned: Option<String>,
    text: &'a str,
}

impl<'a> Plain<'a> {
    fn take(&mut self, end: usize) -> &mut String {
        let run = self.text.get(self.run..end).unwrap_or_default();
        let owned = self.owned.get_or_insert_default();
        owned.push_str(run);
        owned
    }

    fn finish(&mut self, end: usize, pieces: &mut Vec<Piece<'a>>) {
        let run = self.text.get(self.run..end).unwrap_or_default();
        let text = match self.owned.take() {
            Some(owned) => Cow::Owned(owned + run),
            None => Cow::Borrowed(run),
        };
        if !text.is_empty() {
            pieces.push(Piece::Plain(text));
        }
    }
}

impl<'a> Lexer<'a> {
    /// Reads a string whose opening quote is already passed.
    pub(super) fn quoted(&mut self, quote: Quote<'_>) -> Vec<Piece<'a>> {
        let text = self.text;
        let bytes = text.as_bytes();
        let mut pieces = Vec::new();
        let mut plain = Plain { run: self.at, owned: None, text };
        let mut nested = 0_usize;
        while let Some(&byte) = bytes.get(self.at) {
            if nested == 0 && bytes[self.at..].starts_with(quote.close.as_bytes()) {
                plain.finish(self.at, &mut pieces);
                self.at += quote.close.len();
                return pieces;
            }
            if byte == b'\\' && quote.escapes != Escapes::None {
                self.escaped(quote, &mut plain);
                continue;
            }
            if quote.inner != Inner::None && matches!(byte, b'{' | b'}' | b'$' | b'#' | b'@') {
                if quote.inner == Inner::Braces && bytes.get(self.at + 1) == Some(&byte) {
                    plain.take(self.at + 1);
                    self.at += 2;
                    plain.run = self.at;
                    continue;
                }
                if let Some((start, end, behind)) = self.inside(quote.inner) {
                    plain.finish(self.at, &mut pieces);
                    pieces.push(Piece::Code(text.get(start..end).unwrap_or_default()));
                    self.at = behind;
                    plain.run = behind;
                    continue;
                }
            }
            if Some(byte) == quote.nests {
                nested += 1;
            } else if nested > 0 && bytes[self.at..].starts_with(quote.close.as_bytes()) {
                nested -= 1;
            }
            self.at += 1;
        }
        self.lost = true;
        self.at = text.len();
        plain.finish(self.at, &mut pieces);
        pieces
    }

    fn escaped(&mut self, quote: Quote<'_>, plain: &mut Plain<'a>) {
        let next = self.byte(1);
        let is_quote = next == b'\\' || quote.close.as_bytes().first() == Some(&next) || quote.nests == Some(next);
        match quote.escapes {
            Escapes::All => {
                let (value, length) = escape(self.text.get(self.at + 1..).unwrap_or_default());
                let owned = plain.take(self.at);
                if let Some(value) = value {
                    owned.push(value);
                }
                self.at += 1 + length;
                plain.run = self.at;
            }
            Escapes::Quote if is_quote => {
                plain.take(self.at);
                plain.run = self.at + 1;
                self.at += 2;
            }
            Escapes::Raw if is_quote => self.at += 2,
            _ => self.at += 1,
        }
    }

    /// An expression that starts here inside a string: its start, its end, and where the string goes on.
    fn inside(&mut self, inner: Inner) -> Option<(usize, usize, usize)> {
        let rest = self.rest();
        let at = self.at;
        if self.unbalanced {
            return None;
        }
        let braces = |open: usize| balanced(rest, open, 0).map(|end| (at + open + 1, at + end, at + end + 1));
        let found = match inner {
            Inner::Braces if rest.starts_with('{') => braces(0),
            Inner::Dollar if rest.starts_with("${") => braces(1),
            Inner::Hash if rest.starts_with("#{") => braces(1),
            Inner::Hash if rest.starts_with("#@") || rest.starts_with("#$") => {
                let length = 1 + variable(&rest[1..])?;
                return Some((at + 1, at + length, at + length));
            }
            Inner::Sigils if rest.starts_with("@{[") || rest.starts_with("${\\") => {
                let (_, end, behind) = braces(1)?;
                return Some((at + 3, end - usize::from(rest.starts_with('@')), behind));
            }
            Inner::Sigils if rest.starts_with("${") || rest.starts_with("@{") => braces(1),
            Inner::Sigils if rest.starts_with(['$', '@']) => {
                let length = variable(rest)?;
                return Some((at, at + length, at + length));
            }
            Inner::Php if rest.starts_with("{$") => braces(0),
            Inner::Php if rest.starts_with("${") => braces(1),
            Inner::Php if rest.starts_with('$') => {
                let length = variable(rest)?;
                return Some((at, at + length, at + length));
            }
            _ => return None,
        };
        if found.is_none() {
            self.lost = true;
            self.unbalanced = true;
        }
        found
    }
}

/// Length of a variable with its sigil and what selects a part of it.
fn variable(rest: &str) -> Option<usize> {
    let sigils = rest.len() - rest.trim_start_matches(['$', '@']).len();
    let name = &rest[sigils..];
    let mut length = name.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(name.len());
    while name[..length].ends_with(':') {
        length -= 1;
    }
    if length == 0 {
        // `$&`, `$!`: known only at run time; `$)` and `$"` are no variables inside a string.
        return name.starts_with(['&', '!', '0', '@', '/']).then_some(sigils + 1).filter(|_| rest.starts_with('$'));
    }
    if rest.starts_with('@') && name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut end = sigils + length;
    for _ in 0..4 {
        let more = &rest[end..];
        let arrow = if more.starts_with("->[") || more.starts_with("->{") { 2 } else { 0 };
        let property = more
            .strip_prefix("->")
            .filter(|name| name.starts_with(|c: char| c.is_alphabetic()))
            .map(|name| name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len()));
        if more[arrow..].starts_with(['[', '{']) {
            match balanced(more, arrow, 0) {
                Some(close) => end += close + 1,
                None => break,
            }
        } else if let Some(length) = property {
            end += 2 + length;
        } else {
            break;
        }
    }
    Some(end)
}

/// Where the bracket at `open` closes, strings and brackets in between passed over.
pub(super) fn balanced(text: &str, open: usize, deep: usize) -> Option<usize> {
    if deep > DEEPEST {
        return None;
    }
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (open, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            b'\'' | b'"' | b'`' => {
                let mut end = at + 1;
                loop {
                    let inner = *bytes.get(end)?;
                    if inner == *byte {
                        break;
                    }
                    if inner == b'\\' {
                        end += 1;
                    } else if *byte == b'`' && inner == b'$' && bytes.get(end + 1) == Some(&b'{') {
                        end = balanced(text, end + 1, deep + 1)?;
                    }
                    end += 1;
                }
                at = end;
            }
            b'\\' => at += 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The character an escape stands for, and its length without the backslash.
fn escape(rest: &str) -> (Option<char>, usize) {
    let Some(first) = rest.chars().next() else { return (Some('\\'), 0) };
    let hex = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    let fixed = |length: usize| rest.get(1..=length).and_then(hex).map(|value| (Some(value), length + 1));
    let braced = || {
        let inside = rest.get(2..)?.split('}').next()?;
        let value = hex(inside)?;
        (rest.as_bytes().get(1) == Some(&b'{')).then_some((Some(value), inside.len() + 3))
    };
    match first {
        'n' => (Some('\n'), 1),
        't' => (Some('\t'), 1),
        'r' => (Some('\r'), 1),
        'a' => (Some('\u{7}'), 1),
        'b' => (Some('\u{8}'), 1),
        'e' => (Some('\u{1b}'), 1),
        'f' => (Some('\u{c}'), 1),
        'v' => (Some('\u{b}'), 1),
        '\n' => (None, 1),
        'x' => braced().or_else(|| fixed(2)).or_else(|| fixed(1)).unwrap_or((Some('x'), 1)),
        'u' => braced().or_else(|| fixed(4)).unwrap_or((Some('u'), 1)),
        'U' => fixed(8).unwrap_or((Some('U'), 1)),
        '0'..='7' => {
            let length = rest.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
            let value = u32::from_str_radix(&rest[..length], 8).ok().and_then(char::from_u32);
            (value, length)
        }
        other => (Some(other), other.len_utf8()),
    }
}
