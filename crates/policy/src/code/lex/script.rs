//! JavaScript and TypeScript: templates and patterns.

use super::quote::{Escapes, Inner};
use super::{Kind, Lexer, literal::quote};

impl Lexer<'_> {
    pub(super) fn script(&mut self, first: char) -> bool {
        let (rest, at) = (self.rest(), self.at);
        match first {
            '\'' => self.string(1, quote("'", Escapes::All, Inner::None)),
            '"' => self.string(1, quote("\"", Escapes::All, Inner::None)),
            '`' => self.string(1, quote("`", Escapes::All, Inner::Dollar)),
            '/' => {
                // Behind a brace a slash divides or begins a pattern; only a parser could tell.
                let brace = matches!(self.tokens.last().map(|last| &last.kind), Some(Kind::Op("}")));
                self.lost |= brace && !self.line;
                if self.after_value() && !(brace && self.line) {
                    return false;
                }
                self.pattern(1);
                true
            }
            '$' | '#'
                if rest[1..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') || first == '$' =>
            {
                let length = 1 + self.name_length(&rest[1..]);
                self.at += length;
                self.push(Kind::Name(&rest[..length]), at);
                true
            }
            _ => false,
        }
    }
}
