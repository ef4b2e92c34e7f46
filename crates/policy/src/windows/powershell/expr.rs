//! PowerShell expressions.

use std::cell::Cell;
use std::rc::Rc;

use super::super::value::{Block, number};
use super::ast::{Body, Expr, Step};
use super::chars::{is_dash, is_double, is_name, is_single};
use super::parse::{Parsed, Parser, UNCLOSED, UNKNOWN};

const COMPARISONS: &[&str] = &[
    "eq", "ne", "gt", "lt", "ge", "le", "like", "notlike", "match", "notmatch", "contains", "notcontains", "in",
    "notin", "replace", "split", "join", "is", "isnot", "as", "shl", "shr",
];
const UNARY: &[&str] = &["not", "bnot", "join", "split", "isplit", "csplit"];

impl Parser<'_> {
    /// Whether a pipeline's element here is an expression and not a command.
    pub(super) fn starts_expression(&self) -> bool {
        let Some(c) = self.peek() else { return false };
        let next = self.ahead(1);
        match c {
            '$' | '(' | '[' | '{' | '!' | ',' => true,
            c if is_single(c) || is_double(c) => true,
            '@' => next.is_some_and(|c| matches!(c, '(' | '{') || is_single(c) || is_double(c)),
            '0'..='9' => self.number_token().is_some(),
            '.' => next.is_some_and(|c| c.is_ascii_digit()) && self.number_token().is_some(),
            '+' => matches!(next, Some('+' | '$' | '(' | '0'..='9')),
            c if is_dash(c) => matches!(next, Some('-' | '$' | '(' | '0'..='9')) || self.dashed(UNARY).is_some(),
            _ => false,
        }
    }

    /// The number here and its length.
    fn number_token(&self) -> Option<(f64, usize)> {
        let mut text = String::new();
        for (by, c) in self.src[self.at..].iter().take(40).enumerate() {
            let dots = *c == '.' && self.ahead(by + 1) == Some('.');
            if !(c.is_ascii_alphanumeric() || *c == '.') || dots {
                break;
            }
            // A dot followed by a letter begins a member.
            if *c == '.' && self.ahead(by + 1).is_none_or(|c| !c.is_ascii_digit()) {
                break;
            }
            text.push(*c);
        }
        let after = self.ahead(text.len());
        let ends = after.is_none_or(|c| c.is_whitespace() || "+-*/%.,;|&)}]>=<!?:'\"".contains(c));
        number(&text).filter(|_| ends).map(|value| (value, text.len()))
    }

    /// One of these words behind a dash, lower case.
    fn dashed(&self, words: &[&str]) -> Option<String> {
        if !self.peek().is_some_and(is_dash) {
            return None;
        }
        let word: String = self.src[self.at + 1..].iter().take(14).take_while(|c| c.is_ascii_alphabetic()).collect();
        let word = word.to_ascii_lowercase();
        words.contains(&word.as_str()).then_some(word)
    }

    /// The operator here, its strength and its length.
    fn operator(&self, comma: bool) -> Option<(String, u8, usize)> {
        let c = self.peek()?;
        let next = self.ahead(1);
        if is_dash(c) && next.is_some_and(|c| c.is_ascii_alphabetic()) {
            let word: String =
                self.src[self.at + 1..].iter().take(14).take_while(|c| c.is_ascii_alphabetic()).collect();
            let lower = word.to_ascii_lowercase();
            let short = lower.strip_prefix(['i', 'c']).filter(|rest| COMPARISONS.contains(rest));
            let name = if COMPARISONS.contains(&lower.as_str()) { lower.as_str() } else { short.unwrap_or(&lower) };
            let level = match name {
                "and" | "or" | "xor" => 1,
                "band" | "bor" | "bxor" => 2,
                "f" => 6,
                name if COMPARISONS.contains(&name) => 3,
                _ => return None,
            };
            return Some((name.to_owned(), level, word.len() + 1));
        }
        match (c, next) {
            (_, Some('=')) if "+-*/%".contains(c) => None,
            ('+', Some('+')) | ('-', Some('-')) => None,
            ('+', _) => Some(("+".to_owned(), 4, 1)),
            (c, _) if is_dash(c) => Some(("-".to_owned(), 4, 1)),
            ('?', Some('?')) if self.ahead(2) != Some('=') => Some(("??".to_owned(), 4, 2)),
            ('*' | '/' | '%', _) => Some((c.to_string(), 5, 1)),
            ('.', Some('.')) => Some(("..".to_owned(), 7, 2)),
            (',', _) if comma => Some((",".to_owned(), 8, 1)),
            _ => None,
        }
    }

    /// An expression of operators at least as strong as `least`; a list where `comma`.
    pub(super) fn expression(&mut self, least: u8, comma: bool) -> Parsed<Expr> {
        self.nested(|this| this.one_expression(least, comma))
    }

    fn one_expression(&mut self, least: u8, comma: bool) -> Parsed<Expr> {
        let mut left = self.unary()?;
        let mut strength = u8::MAX;
        loop {
            self.space();
            if least == 0 && self.peek() == Some('?') && self.ahead(1).is_some_and(char::is_whitespace) {
                return self.ternary(left);
            }
            let Some((op, level, length)) = self.operator(comma).filter(|(_, level, _)| *level >= least) else {
                return Ok(left);
            };
            self.at += length;
            self.lines();
            if op == "," {
                let right = self.expression(9, comma)?;
                match &mut left {
                    Expr::List(items) if strength == 8 => items.push(right),
                    _ => left = Expr::List(vec![left, right]),
                }
            } else {
                let right = self.expression(level + 1, comma)?;
                match &mut left {
                    Expr::Chain(_, rest) if strength == level => rest.push((op, right)),
                    _ => left = Expr::Chain(Box::new(left), vec![(op, right)]),
                }
            }
            strength = level;
        }
    }

    fn ternary(&mut self, condition: Expr) -> Parsed<Expr> {
        self.at += 1;
        self.lines();
        let yes = self.expression(1, false)?;
        self.lines();
        self.expect(':')?;
        self.lines();
        let no = self.expression(0, false)?;
        Ok(Expr::Either(vec![condition, yes, no]))
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let mut before = Vec::new();
        loop {
            self.space();
            let next = self.ahead(1);
            match self.peek() {
                Some(c @ ('!' | ',')) => {
                    before.push(c.to_string());
                    self.at += 1;
                }
                Some('+') if next == Some('+') => {
                    before.push("++".to_owned());
                    self.at += 2;
                }
                Some('+') => self.at += 1,
                Some(c) if is_dash(c) => {
                    if let Some(word) = self.dashed(UNARY) {
                        self.at += word.len() + 1;
                        before.push(word);
                    } else if next == Some('-') {
                        before.push("++".to_owned());
                        self.at += 2;
                    } else {
                        before.push("-".to_owned());
                        self.at += 1;
                    }
                }
                Some('[') => {
                    let name = self.type_name()?;
                    let after = self.at;
                    self.space();
                    let operand = self.peek().is_some_and(|c| {
                        matches!(c, '$' | '(' | '@' | '[' | '{' | '0'..='9' | '-' | '.')
                            && !(c == '.' && self.at == after)
                            || is_single(c)
                            || is_double(c)
                    }) && !(self.at > after && self.operator(false).is_some());
                    if !operand {
                        self.at = after;
                        let value = self.steps(Expr::Type(name))?;
                        return Ok(wrapped(before, value));
                    }
                    before.push(format!("[{name}]"));
                }
                _ => break,
            }
            self.lines();
        }
        let value = self.primary()?;
        let mut value = self.steps(value)?;
        if matches!((self.peek(), self.ahead(1)), (Some('+'), Some('+')) | (Some('-'), Some('-'))) {
            self.at += 2;
            value = Expr::Before(vec!["++".to_owned()], Box::new(value));
        }
        Ok(wrapped(before, value))
    }

    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        match self.peek() {
            Some('$') => self.variable(),
            Some('@') if matches!(self.ahead(1), Some('(')) => {
                self.at += 1;
                self.parens()
            }
            Some('@') if self.ahead(1) == Some('{') => self.map(),
            Some('@') => self.here_text(),
            Some('(') => self.parens(),
            Some('{') => self.block(),
            Some(c) if is_single(c) => self.single(),
            Some(c) if is_double(c) => self.double(),
            Some(_) => {
                let (value, length) = self.number_token().ok_or(UNKNOWN)?;
                self.at += length;
                Ok(Expr::Number(value))
            }
            None => Err(UNCLOSED),
        }
    }

    pub(super) fn parens(&mut self) -> Parsed<Expr> {
        self.expect('(')?;
        let script = self.script(Some(')'))?;
        self.expect(')')?;
        Ok(Expr::Sub(script))
    }

    pub(super) fn block(&mut self) -> Parsed<Expr> {
        let Body { script, text } = self.body()?;
        Ok(Expr::Block(Rc::new(Block { script, text, seen: Cell::new(false) })))
    }

    fn map(&mut self) -> Parsed<Expr> {
        self.at += 2;
        let mut out = Vec::new();
        loop {
            self.lines();
            while self.eat(';') {
                self.lines();
            }
            if self.eat('}') {
                return Ok(Expr::Map(out));
            }
            let key = if self.starts_expression() {
                self.expression(1, false)?
            } else {
                let from = self.at;
                while self.peek().is_some_and(|c| is_name(c) || c == '-' || c == '.') {
                    self.at += 1;
                }
                if self.at == from {
                    return Err(UNKNOWN);
                }
                Expr::plain(self.slice(from))
            };
            self.lines();
            self.expect('=')?;
            self.lines();
            out.push((key, self.statement()?));
        }
    }

    /// `.name`, `::name(…)`, `[…]` behind a value, without a space before them.
    pub(super) fn steps(&mut self, base: Expr) -> Parsed<Expr> {
        let mut steps = Vec::new();
        loop {
            let conditional = self.peek() == Some('?') && matches!(self.ahead(1), Some('.' | '['));
            self.at += usize::from(conditional);
            match (self.peek(), self.ahead(1)) {
                (Some('.'), Some(c)) if is_name(c) || matches!(c, '$' | '(') || is_single(c) || is_double(c) => {
                    self.at += 1;
                    self.member(&mut steps)?;
                }
                (Some(':'), Some(':')) => {
                    self.at += 2;
                    self.space();
                    self.member(&mut steps)?;
                }
                (Some('['), _) => {
                    self.at += 1;
                    self.lines();
                    let index = self.expression(1, true)?;
                    self.lines();
                    self.expect(']')?;
                    steps.push(Step::Index(index));
                }
                _ if conditional => {
                    self.at -= 1;
                    break;
                }
                _ => break,
            }
        }
        Ok(if steps.is_empty() { base } else { Expr::Steps(Box::new(base), steps) })
    }

    fn member(&mut self, steps: &mut Vec<Step>) -> Parsed<()> {
        let name = match self.peek() {
            Some('$') => self.variable()?,
            Some('(') => self.parens()?,
            Some(c) if is_single(c) => self.single()?,
            Some(c) if is_double(c) => self.double()?,
            _ => {
                let from = self.at;
                while self.peek().is_some_and(is_name) {
                    self.at += 1;
                }
                if self.at == from {
                    return Err(UNKNOWN);
                }
                Expr::plain(self.slice(from))
            }
        };
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let mut args = Vec::new();
                loop {
                    self.lines();
                    if self.eat(')') {
                        break;
                    }
                    if !args.is_empty() {
                        self.expect(',')?;
                        self.lines();
                    }
                    args.push(self.expression(0, false)?);
                }
                steps.push(Step::Call(name, args));
            }
            Some('{') => steps.push(Step::Call(name, vec![self.block()?])),
            _ => steps.push(Step::Member(name)),
        }
        Ok(())
    }

    /// `[name]`, nested brackets included; lower case, without spaces and `system.`.
    pub(super) fn type_name(&mut self) -> Parsed<String> {
        self.expect('[')?;
        let (mut open, mut name) = (1, String::new());
        loop {
            let c = self.peek().ok_or(UNCLOSED)?;
            self.at += 1;
            match c {
                '[' => open += 1,
                ']' => open -= 1,
                '(' => {
                    // An attribute with arguments, which may hold anything.
                    self.script(Some(')')).ok();
                    self.expect(')')?;
                    continue;
                }
                _ => {}
            }
            if open == 0 {
                break;
            }
            if !c.is_whitespace() && c != '`' {
                name.extend(c.to_lowercase());
            }
            if name.len() > 512 {
                return Err(UNKNOWN);
            }
        }
        Ok(name.strip_prefix("system.").unwrap_or(&name).to_owned())
    }
}

fn wrapped(before: Vec<String>, value: Expr) -> Expr {
    if before.is_empty() { value } else { Expr::Before(before, Box::new(value)) }
}
