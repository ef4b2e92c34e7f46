//! Reads a program once and keeps what its names stand for.
//!
//! No tree is built: an expression is worth its value as soon as it is read. Branches are all taken, loops once,
//! the bodies of functions when they are called, and those never called at the end.

mod calls;
mod combine;
mod expression;
mod functions;
mod names;
mod postfix;
mod work;

use super::lex::{Kind, Token};
use super::value::Value;
use super::{Language, node, perl, php, plain, python, ruby};

pub(super) use functions::Param;
pub(super) use work::Work;

/// What a call is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Args {
    pub(super) list: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
    /// There may be more that is not known.
    pub(super) open: bool,
}

/// Follows one text.
pub(super) struct Follower<'w, 't, 'a> {
    pub(super) work: &'w mut Work,
    pub(super) tokens: &'t [Token<'a>],
    pub(super) at: usize,
    /// Where the present bracket or body ends.
    pub(super) until: usize,
    /// Which text this is.
    level: usize,
    functions: Vec<functions::Function>,
    /// What the function being followed gives back.
    returned: Value,
    /// The column of the body being followed.
    column: usize,
}

impl<'w, 't, 'a> Follower<'w, 't, 'a> {
    fn new(work: &'w mut Work, tokens: &'t [Token<'a>]) -> Self {
        work.texts += 1;
        let level = work.texts;
        let until = tokens.len();
        let column = tokens.first().map_or(0, |token| token.column);
        Self { work, tokens, at: 0, until, level, functions: Vec::new(), returned: Value::Nothing, column }
    }

    pub(super) fn language(&self) -> Language {
        self.work.language
    }

    pub(super) fn token(&self, offset: usize) -> Option<&'t Token<'a>> {
        let index = self.at + offset;
        if index < self.until { self.tokens.get(index) } else { None }
    }

    pub(super) fn peek(&self) -> Option<&'t Token<'a>> {
        self.token(0)
    }

    /// The sign here; empty when there is none.
    pub(super) fn op(&self) -> &'a str {
        self.op_at(0)
    }

    pub(super) fn op_at(&self, offset: usize) -> &'a str {
        match self.token(offset).map(|token| &token.kind) {
            Some(Kind::Op(op)) => op,
            _ => "",
        }
    }

    pub(super) fn word(&self) -> &'a str {
        self.word_at(0)
    }

    pub(super) fn word_at(&self, offset: usize) -> &'a str {
        match self.token(offset).map(|token| &token.kind) {
            Some(Kind::Name(name)) => name,
            _ => "",
        }
    }

    pub(super) fn is(&self, op: &str) -> bool {
        self.op() == op
    }

    pub(super) fn eat(&mut self, op: &str) -> bool {
        let found = self.is(op);
        self.at += usize::from(found);
        found
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.word() == word;
        self.at += usize::from(found);
        found
    }

    /// A new line begins here.
    pub(super) fn at_line(&self) -> bool {
        self.peek().is_none_or(|token| token.line)
    }

    /// Whether a line break ends a statement.
    pub(super) fn breaks(&self) -> bool {
        matches!(self.language(), Language::Python | Language::Ruby | Language::R | Language::Awk)
    }

    /// Runs `f` with the tokens up to `until` in view, and goes on behind `behind`.
    pub(super) fn within<T>(&mut self, until: usize, behind: usize, f: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.until;
        self.until = until.min(outer);
        let value = f(self);
        self.until = outer;
        self.at = behind.min(outer).max(self.at.min(behind));
        value
    }

    /// Where the bracket here closes, within view.
    pub(super) fn close(&self) -> usize {
        self.peek().map_or(self.until, |token| token.pair.min(self.until))
    }

    /// Follows statements up to `until`.
    pub(super) fn run(&mut self, until: usize) {
        let outer = self.until;
        self.until = until.min(self.tokens.len());
        while self.at < self.until && self.work.spend(1) {
            let before = self.at;
            match self.language() {
                Language::Python => python::statement(self),
                Language::Node => node::statement(self),
                Language::Perl => perl::statement(self),
                Language::Ruby => ruby::statement(self),
                Language::Php => php::statement(self),
                _ => plain::statement(self),
            }
            if self.at == before {
                self.at += 1;
            }
        }
        self.until = outer;
    }

    /// Moves over a sign that opens or closes a block, or stands between statements.
    pub(super) fn between_statements(&mut self) -> bool {
        match self.op() {
            "{" => self.work.set_nest(self.work.nest() + 1),
            "}" => self.work.set_nest(self.work.nest().saturating_sub(1)),
            ";" | "," | ":" | ")" | "]" | "=>" => {}
            _ => return false,
        }
        self.at += 1;
        true
    }

    /// The word that was just passed.
    pub(super) fn word_before(&self) -> &'a str {
        match self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|token| &token.kind) {
            Some(Kind::Name(name)) => name,
            _ => "",
        }
    }

    /// The column at which the statements of the present body stand.
    pub(super) fn body_column(&self) -> usize {
        self.column
    }

    /// One level deeper; false when that is too deep.
    pub(super) fn enter(&mut self) -> bool {
        if self.work.depth >= work::DEEPEST || !self.work.spend(1) {
            self.work.not_understood();
            return false;
        }
        self.work.depth += 1;
        true
    }

    pub(super) fn leave(&mut self) {
        self.work.depth -= 1;
    }
}
