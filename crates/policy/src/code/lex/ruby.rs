//! Ruby: symbols, percent literals, here-documents, patterns.

use super::perl::{closing, nesting};
use super::quote::{Escapes, Inner, Quote};
use super::{Kind, Lexer, Piece, literal::quote};

impl Lexer<'_> {
    pub(super) fn ruby(&mut self, first: char) -> bool {
        let (rest, at) = (self.rest(), self.at);
        let operand = !self.after_value()
            || self.space && !rest.get(1..).is_some_and(|more| more.starts_with([' ', '=', '\n'])) && self.after_name();
        match first {
            '\'' => self.string(1, quote("'", Escapes::Quote, Inner::None)),
            '"' => self.string(1, quote("\"", Escapes::All, Inner::Hash)),
            '`' => {
                self.at += 1;
                let pieces = self.quoted(quote("`", Escapes::All, Inner::Hash));
                self.push(Kind::Shell(pieces), at);
                true
            }
            ':' if rest.starts_with(":\"") => self.string(2, quote("\"", Escapes::All, Inner::Hash)),
            ':' if !rest.starts_with("::") && rest[1..].starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                let length = 1 + self.name_length(&rest[1..]);
                self.at += length;
                self.push(Kind::Text(vec![Piece::Plain(rest[1..length].into())]), at);
                true
            }
            '@' | '$' => {
                let sigils = rest.len() - rest.trim_start_matches(['@', '$']).len();
                let length = sigils + self.name_length(&rest[sigils..]).max(1).min(rest.len() - sigils);
                let length = (length..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
                self.at += length;
                self.push(Kind::Name(&rest[..length]), at);
                true
            }
            '?' if !self.after_value() && rest[1..].starts_with(|c: char| c.is_alphanumeric()) => {
                let letter = rest[1..].chars().next().map_or(1, char::len_utf8);
                if rest[1 + letter..].starts_with(|c: char| c.is_alphanumeric()) {
                    return false;
                }
                self.at += 1 + letter;
                self.push(Kind::Text(vec![Piece::Plain(rest[1..=letter].into())]), at);
                true
            }
            '/' if operand => {
                self.pattern(1);
                true
            }
            '%' if operand => self.percent(),
            '<' if rest.starts_with("<<") && (operand || rest[2..].starts_with(['~', '-'])) => {
                let word = rest[2..].trim_start_matches(['~', '-']);
                word.starts_with(|c: char| c.is_ascii_uppercase() || matches!(c, '\'' | '"' | '`' | '_'))
                    && self.heredoc(2)
            }
            _ => false,
        }
    }

    /// Behind a name that may be a command: `puts /x/`.
    fn after_name(&self) -> bool {
        matches!(self.tokens.last().map(|last| &last.kind), Some(Kind::Name(name)) if !name.starts_with(['@', '$']))
    }

    fn percent(&mut self) -> bool {
        let (rest, at) = (self.rest(), self.at);
        let bytes = rest.as_bytes();
        let (letter, open) = match (bytes.get(1), bytes.get(2)) {
            (Some(letter), Some(open)) if letter.is_ascii_alphabetic() => (*letter, *open),
            (Some(open), _) => (b'Q', *open),
            _ => return false,
        };
        let open = char::from(open);
        if !open.is_ascii_punctuation()
            || !matches!(letter, b'q' | b'Q' | b'w' | b'W' | b'i' | b'I' | b'x' | b'r' | b's')
        {
            return false;
        }
        self.at += if bytes[1].is_ascii_alphabetic() { 3 } else { 2 };
        let start = self.at;
        let mut buffer = [0; 4];
        let close: &str = closing(open).encode_utf8(&mut buffer);
        let (escapes, inner) = match letter {
            b'q' | b'w' | b'i' | b's' => (Escapes::Quote, Inner::None),
            b'r' => (Escapes::Raw, Inner::None),
            _ => (Escapes::All, Inner::Hash),
        };
        let pieces = self.quoted(Quote { close, nests: nesting(open), escapes, inner });
        let kind = match letter {
            b'x' => Kind::Shell(pieces),
            b'r' => Kind::Regex,
            b'w' | b'W' | b'i' | b'I' => {
                let body = self.text.get(start..self.at.saturating_sub(1)).unwrap_or_default();
                Kind::Words(body.split_whitespace().collect())
            }
            _ => Kind::Text(pieces),
        };
        self.push(kind, at);
        true
    }
}
