//! Words, strings and signs of a database text, whatever its dialect.

use std::borrow::Cow;

/// One piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A bare word: keyword, name, variable.
    Word(&'a str),
    /// A name in quotes, backticks; in some dialects a string.
    Quoted(&'a str),
    /// A string without its quotes, or what stands between dollar quotes.
    Text(Cow<'a, str>),
    Number(&'a str),
    Sign(char),
    /// A command of the client (`\copy …`, `.read …`), to the end of its line.
    Line(&'a str),
}

/// A piece and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    /// Byte offset in the text.
    pub(super) at: usize,
    /// Parentheses open around it; an opening one counts itself only afterwards.
    pub(super) depth: usize,
}

impl Token<'_> {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self.kind, Kind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    pub(super) fn sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    /// The word in capitals; empty for anything else.
    pub(super) fn upper(&self) -> String {
        match self.kind {
            Kind::Word(word) => word.to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    /// What stands in quotes of any kind.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            Kind::Quoted(text) => Some(text),
            _ => None,
        }
    }
}

/// A text in pieces.
#[derive(Debug, Default)]
pub(super) struct Lexed<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    /// A string or comment has no end.
    pub(super) lost: bool,
    /// A backslash before a quote: dialects disagree where the string ends.
    pub(super) ambiguous: bool,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// A backslash in a string takes the next character with it.
    backslash: bool,
    out: Lexed<'a>,
}

/// Takes a text apart.
pub(super) fn tokens(text: &str, backslash: bool) -> Lexed<'_> {
    let mut lexer = Lexer { text, at: 0, depth: 0, backslash, out: Lexed::default() };
    while lexer.at < text.len() {
        lexer.next();
    }
    lexer.out
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind<'a>, at: usize) {
        self.out.tokens.push(Token { kind, at, depth: self.depth });
    }

    /// Moves behind `end`, or to the end of the text.
    fn behind(&mut self, from: usize, end: &str) -> Option<&'a str> {
        let body = &self.text[from..];
        if let Some(length) = body.find(end) {
            self.at = from + length + end.len();
            return Some(&body[..length]);
        }
        self.at = self.text.len();
        None
    }

    /// Nothing but blanks before on its line.
    fn line_start(&self) -> bool {
        let before = self.text[..self.at].trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with(['\n', '\r'])
    }

    fn statement_start(&self) -> bool {
        self.out
            .tokens
            .last()
            .is_none_or(|token| token.sign(';') || token.sign('/') || matches!(token.kind, Kind::Line(_)))
    }

    fn next(&mut self) {
        let (rest, at) = (self.rest(), self.at);
        let Some(first) = rest.chars().next() else { return };
        match first {
            _ if first.is_whitespace() => self.at += first.len_utf8(),
            '-' if rest.starts_with("--") => self.comment_line(),
            '#' if self.line_start() => self.comment_line(),
            '/' if rest.starts_with("/*!") => {
                // What such a comment holds is run by one dialect.
                self.at += 3;
                self.at += self.rest().bytes().take_while(u8::is_ascii_digit).count();
            }
            '*' if rest.starts_with("*/") => self.at += 2,
            '/' if rest.starts_with("/*") => {
                match self.behind(at + 2, "*/") {
                    // Whether comments nest differs from dialect to dialect.
                    Some(inside) => self.out.lost |= inside.contains("/*"),
                    None => self.out.lost = true,
                }
            }
            '\'' => self.string(at + 1, self.backslash),
            '"' | '`' => {
                let end = if first == '"' { "\"" } else { "`" };
                match self.behind(at + 1, end) {
                    Some(name) => self.push(Kind::Quoted(name), at),
                    None => self.out.lost = true,
                }
            }
            '$' if self.dollar() => {}
            '\\' => self.backslash_line(),
            '.' if self.statement_start()
                && self.line_start()
                && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) =>
            {
                self.line(1);
            }
            _ if first.is_ascii_digit() => {
                let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'.').count();
                self.at += length;
                self.push(Kind::Number(&rest[..length]), at);
            }
            _ if first.is_alphanumeric() || matches!(first, '_' | '@' | '$') => self.word(),
            _ => self.sign(first),
        }
    }

    fn sign(&mut self, sign: char) {
        let at = self.at;
        if sign == ')' {
            self.depth = self.depth.saturating_sub(1);
        }
        self.push(Kind::Sign(sign), at);
        if sign == '(' {
            self.depth += 1;
        }
        self.at += sign.len_utf8();
    }

    fn comment_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn line(&mut self, skip: usize) {
        let at = self.at;
        let line = self.rest().lines().next().unwrap_or_default();
        self.at += line.len();
        self.push(Kind::Line(line.get(skip - 1..).unwrap_or_default().trim()), at);
        self.depth = 0;
    }

    fn backslash_line(&mut self) {
        let rest = self.rest();
        let end = rest[1..].find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |length| length + 1);
        if matches!(&rest[..end], "\\G" | "\\g") && rest[end..].trim_start().is_empty() {
            self.at = self.text.len();
        } else if rest.starts_with("\\\\") {
            self.at += 2;
        } else {
            self.line(1);
        }
    }

    fn word(&mut self) {
        let (rest, at) = (self.rest(), self.at);
        let length = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '@' | '$')).unwrap_or(rest.len());
        let word = &rest[..length];
        self.at += length;
        if self.rest().starts_with('\'') && matches!(word, "e" | "E" | "n" | "N" | "b" | "B" | "x" | "X" | "r" | "R") {
            let escapes = self.backslash || word.eq_ignore_ascii_case("e");
            self.string(self.at + 1, escapes);
        } else {
            self.push(Kind::Word(word), at);
        }
    }

    /// Reads a string whose quote is already passed.
    fn string(&mut self, from: usize, backslash: bool) {
        let bytes = self.text.as_bytes();
        let (mut at, mut run, mut owned) = (from, from, String::new());
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\'' if bytes.get(at + 1) == Some(&b'\'') => {
                    owned.push_str(&self.text[run..=at]);
                    at += 2;
                    run = at;
                }
                b'\'' => {
                    let tail = &self.text[run..at];
                    let text = if owned.is_empty() { Cow::Borrowed(tail) } else { Cow::Owned(owned + tail) };
                    self.at = at + 1;
                    return self.push(Kind::Text(text), from - 1);
                }
                b'\\' if backslash => {
                    owned.push_str(&self.text[run..at]);
                    run = at + 1;
                    at += if bytes.get(at + 1).is_some_and(|next| matches!(next, b'\'' | b'\\')) { 2 } else { 1 };
                }
                b'\\' => {
                    self.out.ambiguous |= matches!(bytes.get(at + 1), Some(b'\'' | b'\\'));
                    at += 1;
                }
                _ => at += 1,
            }
        }
        self.at = self.text.len();
        self.out.lost = true;
    }

    /// `$$ … $$` and `$tag$ … $tag$`.
    fn dollar(&mut self) -> bool {
        let (rest, at) = (self.rest(), self.at);
        let Some(length) = rest[1..].find('$') else { return false };
        let tag = &rest[..length + 2];
        let name = &tag[1..=length];
        if name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return false;
        }
        match self.behind(at + tag.len(), tag) {
            Some(body) => self.push(Kind::Text(Cow::Borrowed(body)), at),
            None => self.out.lost = true,
        }
        true
    }
}
