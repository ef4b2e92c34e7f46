//! Strings and patterns of each language, told by how they begin.

use std::borrow::Cow;

use super::quote::{Escapes, Inner, Quote};
use super::{Kind, Lexer, Piece};
use crate::code::Language;

pub(super) fn quote(close: &str, escapes: Escapes, inner: Inner) -> Quote<'_> {
    Quote { close, nests: None, escapes, inner }
}

impl<'a> Lexer<'a> {
    /// Reads a string, pattern or variable that starts with `first`.
    pub(super) fn literal(&mut self, first: char) -> bool {
        match self.language {
            Language::Python => self.python(first),
            Language::Node => self.script(first),
            Language::Perl => self.perl(first),
            Language::Ruby => self.ruby(first),
            Language::Php => self.php(first),
            Language::Awk => self.awk(first),
            Language::Lua => self.lua(first),
            Language::R => self.r(first),
            Language::AppleScript | Language::Tcl => self.plain_quotes(first),
        }
    }

    /// Reads a string behind `skip` bytes and pushes it.
    pub(super) fn string(&mut self, skip: usize, quote: Quote<'_>) -> bool {
        let at = self.at;
        self.at += skip;
        let pieces = self.quoted(quote);
        self.push(Kind::Text(pieces), at);
        true
    }

    fn python(&mut self, first: char) -> bool {
        let rest = self.rest();
        let prefix = if first.is_ascii_alphabetic() {
            let length = rest.bytes().take(3).take_while(u8::is_ascii_alphabetic).count();
            let prefix = &rest[..length];
            if length > 2 || !prefix.bytes().all(|b| matches!(b.to_ascii_lowercase(), b'r' | b'b' | b'f' | b'u' | b't'))
            {
                return false;
            }
            prefix
        } else {
            ""
        };
        let body = &rest[prefix.len()..];
        let close = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|close| body.starts_with(close));
        let Some(close) = close else { return false };
        let has = |letter: char| prefix.chars().any(|c| c.eq_ignore_ascii_case(&letter));
        let escapes = if has('r') { Escapes::Raw } else { Escapes::All };
        let inner = if has('f') || has('t') { Inner::Braces } else { Inner::None };
        self.string(prefix.len() + close.len(), quote(close, escapes, inner))
    }

    fn php(&mut self, first: char) -> bool {
        let (rest, at) = (self.rest(), self.at);
        match first {
            '\'' => self.string(1, quote("'", Escapes::Quote, Inner::None)),
            '"' => self.string(1, quote("\"", Escapes::All, Inner::Php)),
            '`' => {
                self.at += 1;
                let pieces = self.quoted(quote("`", Escapes::All, Inner::Php));
                self.push(Kind::Shell(pieces), at);
                true
            }
            '$' if rest[1..].starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                let length = rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(rest.len(), |n| n + 1);
                self.at += length;
                self.push(Kind::Name(&rest[..length]), at);
                true
            }
            '\\' if rest[1..].starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                let length = self.name_length(rest);
                self.at += length;
                self.push(Kind::Name(&rest[1..length]), at);
                true
            }
            '<' if rest.starts_with("<<<") => self.heredoc(3),
            _ => false,
        }
    }

    fn awk(&mut self, first: char) -> bool {
        match first {
            '"' => self.string(1, quote("\"", Escapes::All, Inner::None)),
            '/' if !self.after_value() => {
                self.pattern(1);
                true
            }
            _ => false,
        }
    }

    fn lua(&mut self, first: char) -> bool {
        match first {
            '\'' => self.string(1, quote("'", Escapes::All, Inner::None)),
            '"' => self.string(1, quote("\"", Escapes::All, Inner::None)),
            '[' => match long_bracket(self.rest()) {
                Some((open, close)) => self.string(open, quote(&close, Escapes::None, Inner::None)),
                None => false,
            },
            _ => false,
        }
    }

    pub(super) fn lua_comment(&mut self) -> bool {
        let rest = self.rest();
        if let Some((open, close)) = long_bracket(&rest[2..]) {
            match rest[2 + open..].find(&close) {
                Some(length) => self.at += 2 + open + length + close.len(),
                None => {
                    self.at = self.text.len();
                    self.lost = true;
                }
            }
        } else {
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
        true
    }

    fn r(&mut self, first: char) -> bool {
        let (rest, at) = (self.rest(), self.at);
        match first {
            '\'' => self.string(1, quote("'", Escapes::All, Inner::None)),
            '"' => self.string(1, quote("\"", Escapes::All, Inner::None)),
            'r' | 'R' if rest[1..].starts_with(['"', '\'']) => {
                let mark = &rest[1..2];
                let dashes = rest[2..].bytes().take_while(|byte| *byte == b'-').count();
                let close = match rest.as_bytes().get(2 + dashes) {
                    Some(b'(') => ")",
                    Some(b'[') => "]",
                    Some(b'{') => "}",
                    _ => return false,
                };
                let close = format!("{close}{}{mark}", "-".repeat(dashes));
                self.string(3 + dashes, quote(&close, Escapes::None, Inner::None))
            }
            '`' => match rest[1..].find('`') {
                Some(length) => {
                    self.at += length + 2;
                    self.push(Kind::Name(&rest[1..=length]), at);
                    true
                }
                None => false,
            },
            '%' if !rest.starts_with("%>%") => match rest[1..].find('%').filter(|length| *length < 12) {
                Some(length) if !rest[1..=length].contains('\n') => {
                    self.at += length + 2;
                    self.push(Kind::Op("%%"), at);
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn plain_quotes(&mut self, first: char) -> bool {
        first == '"' && self.string(1, quote("\"", Escapes::All, Inner::None))
    }

    /// A pattern up to its unescaped slash; pushes it without looking inside.
    pub(super) fn pattern(&mut self, skip: usize) {
        let at = self.at;
        let bytes = self.text.as_bytes();
        let (mut end, mut class) = (at + skip, false);
        loop {
            match bytes.get(end) {
                None | Some(b'\n') => {
                    self.lost = true;
                    break;
                }
                Some(b'\\') => end += 1,
                Some(b'[') => class = true,
                Some(b']') => class = false,
                Some(b'/') if !class => break,
                _ => {}
            }
            end += 1;
        }
        self.at = (end + 1).min(bytes.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        while self.byte(0).is_ascii_alphabetic() {
            self.at += 1;
        }
        self.push(Kind::Regex, at);
    }

    /// `<<EOT`, `<<~'EOT'`, `<<<EOT`: the body comes with the next line.
    pub(super) fn heredoc(&mut self, arrows: usize) -> bool {
        let (rest, at) = (self.rest(), self.at);
        let mut head = &rest[arrows..];
        let mut indented = self.language == Language::Php;
        if arrows == 3 {
            head = head.trim_start_matches([' ', '\t']);
        } else if let Some(more) = head.strip_prefix(['~', '-']) {
            head = more;
            indented = true;
        }
        let mark = head.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'));
        let body = mark.map_or(head, |_| &head[1..]);
        let length = match mark {
            Some(mark) => body.find(mark).unwrap_or_default(),
            None => body.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(body.len()),
        };
        let word = &body[..length];
        // Without a word it is a shift.
        if word.is_empty() || mark.is_none() && !word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return false;
        }
        self.at += rest.len() - body.len() + length + usize::from(mark.is_some());
        let token = self.tokens.len();
        self.push(Kind::Text(Vec::new()), at);
        let heredoc = super::Heredoc { token, word, indented, plain: mark == Some('\''), shell: mark == Some('`') };
        self.heredocs.push(heredoc);
        true
    }

    /// Reads the bodies of the here-documents announced on the line that just ended.
    pub(super) fn bodies(&mut self) {
        for heredoc in std::mem::take(&mut self.heredocs) {
            let start = self.at;
            let mut end = None;
            let mut line_at = start;
            for line in self.text[start..].split_inclusive('\n') {
                let bare = line.trim_end_matches(['\n', '\r']);
                let bare = if heredoc.indented { bare.trim_start() } else { bare };
                let closes = bare == heredoc.word
                    || self.language == Language::Php
                        && bare
                            .strip_prefix(heredoc.word)
                            .is_some_and(|tail| !tail.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
                if closes {
                    let tail = line.len() - line.trim_start().len() + heredoc.word.len();
                    end = Some((line_at, line_at + tail));
                    break;
                }
                line_at += line.len();
            }
            let Some((end, behind)) = end else {
                self.lost = true;
                self.at = self.text.len();
                return;
            };
            let inner = match self.language {
                _ if heredoc.plain => Inner::None,
                Language::Ruby => Inner::Hash,
                Language::Perl => Inner::Sigils,
                _ => Inner::Php,
            };
            let body = &self.text[start..end];
            let pieces = if heredoc.plain || !body.contains(['\\', '$', '#', '@', '{']) {
                vec![Piece::Plain(Cow::Borrowed(body))]
            } else {
                self.part(start, end, inner)
            };
            self.tokens[heredoc.token].kind = if heredoc.shell { Kind::Shell(pieces) } else { Kind::Text(pieces) };
            self.at = behind;
            self.line_at = end;
        }
    }

    /// Reads a stretch of the text as the inside of a string.
    pub(super) fn part(&mut self, start: usize, end: usize, inner: Inner) -> Vec<Piece<'a>> {
        let whole = self.text;
        let lost = self.lost;
        self.text = &whole[..end];
        self.at = start;
        let pieces = self.quoted(quote("\0", Escapes::All, inner));
        self.text = whole;
        self.at = end;
        self.lost = lost;
        pieces
    }
}

/// `[[`, `[==[`: length of the opening and the closing one.
fn long_bracket(rest: &str) -> Option<(usize, String)> {
    let level = rest.get(1..)?.bytes().take_while(|byte| *byte == b'=').count();
    (rest.starts_with('[') && rest.as_bytes().get(1 + level) == Some(&b'['))
        .then(|| (level + 2, format!("]{}]", "=".repeat(level))))
}
