//! PowerShell expressions, texts and words.

use std::cell::Cell;
use std::rc::Rc;

use super::super::value::{Block, number};
use super::ast::{Body, Expr, Piece, Step};
use super::chars::{is_dash, is_double, is_name, is_single};
use super::parse::{Parsed, Parser, UNCLOSED};

const UNKNOWN: &str = "cannot be parsed";

const COMPARISONS: &[&str] = &[
    "eq",
    "ne",
    "gt",
    "lt",
    "ge",
    "le",
    "like",
    "notlike",
    "match",
    "notmatch",
    "contains",
    "notcontains",
    "in",
    "notin",
    "replace",
    "split",
    "join",
    "is",
    "isnot",
    "as",
    "shl",
    "shr",
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

    fn primary(&mut self) -> Parsed<Expr> {
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

    fn parens(&mut self) -> Parsed<Expr> {
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

    /// `$name`, `${name}`, `$(…)`.
    pub(super) fn variable(&mut self) -> Parsed<Expr> {
        self.expect('$')?;
        match self.peek() {
            Some('(') => self.parens(),
            Some('{') => {
                self.at += 1;
                let from = self.at;
                while self.peek().is_some_and(|c| c != '}') {
                    self.at += if self.peek() == Some('`') { 2 } else { 1 };
                }
                self.at = self.at.min(self.src.len());
                let name = self.slice(from).replace('`', "");
                self.expect('}')?;
                Ok(Expr::Var(scoped(&name)))
            }
            Some('$' | '?' | '^') => {
                self.at += 1;
                Ok(Expr::Var("?".to_owned()))
            }
            Some(c) if is_name(c) => {
                let from = self.at;
                while self.peek().is_some_and(is_name)
                    || self.peek() == Some(':')
                        && self.ahead(1).is_some_and(is_name)
                        && !self.src[from..self.at].contains(&':')
                {
                    self.at += 1;
                }
                Ok(Expr::Var(scoped(&self.slice(from))))
            }
            _ => Err(UNKNOWN),
        }
    }

    fn single(&mut self) -> Parsed<Expr> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let c = self.peek().ok_or(UNCLOSED)?;
            self.at += 1;
            if is_single(c) {
                if !self.peek().is_some_and(is_single) {
                    return Ok(Expr::plain(out));
                }
                self.at += 1;
            }
            out.push(c);
        }
    }

    fn double(&mut self) -> Parsed<Expr> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let c = self.peek().ok_or(UNCLOSED)?;
            if is_double(c) {
                self.at += 1;
                if !self.peek().is_some_and(is_double) {
                    return Ok(Expr::Text(out));
                }
                self.at += 1;
                push(&mut out, c);
            } else {
                self.piece(&mut out)?;
            }
        }
    }

    /// One character, escape or value of a text.
    fn piece(&mut self, out: &mut Vec<Piece>) -> Parsed<()> {
        let c = self.peek().ok_or(UNCLOSED)?;
        let value = c == '$' && self.ahead(1).is_some_and(|c| is_name(c) || matches!(c, '(' | '{' | '$' | '?' | '^'));
        if value {
            let value = self.variable()?;
            out.push(Piece::Value(value));
            return Ok(());
        }
        self.at += 1;
        if c != '`' {
            push(out, c);
            return Ok(());
        }
        let escaped = self.peek();
        self.at += usize::from(escaped.is_some());
        match escaped {
            Some('n') => push(out, '\n'),
            Some('t') => push(out, '\t'),
            Some('r') => push(out, '\r'),
            Some('a' | 'b' | 'f' | 'v' | 'e' | '0') => push(out, ' '),
            Some('u') if self.peek() == Some('{') => {
                let from = self.at + 1;
                while self.peek().is_some_and(|c| c != '}') {
                    self.at += 1;
                }
                let digits: String = self.src[from..self.at].iter().take(8).collect();
                self.expect('}')?;
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                push(out, code.filter(|c| *c != '\0').unwrap_or('\u{fffd}'));
            }
            Some('\r') => drop(self.eat('\n')),
            Some('\n') | None => {}
            Some(c) => push(out, c),
        }
        Ok(())
    }

    /// `@'…'@` and `@"…"@` over lines.
    fn here_text(&mut self) -> Parsed<Expr> {
        self.at += 1;
        let quote = self.peek().ok_or(UNCLOSED)?;
        let plain = is_single(quote);
        if !plain && !is_double(quote) {
            return Err(UNKNOWN);
        }
        self.at += 1;
        while self.peek().is_some_and(|c| c != '\n' && c.is_whitespace()) {
            self.at += 1;
        }
        self.expect('\n')?;
        let mut out = Vec::new();
        let mut fresh = true;
        loop {
            let c = self.peek().ok_or(UNCLOSED)?;
            let closes = (if plain { is_single(c) } else { is_double(c) }) && self.ahead(1) == Some('@');
            if fresh && closes {
                self.at += 2;
                return Ok(Expr::Text(out));
            }
            fresh = c == '\n';
            if plain || fresh {
                self.at += 1;
                push(&mut out, c);
            } else {
                self.piece(&mut out)?;
                fresh = self.src.get(self.at.wrapping_sub(1)) == Some(&'\n');
            }
        }
    }

    /// An argument, with what follows it behind commas.
    pub(super) fn argument(&mut self) -> Parsed<Expr> {
        let first = self.one_argument()?;
        let mut items = vec![first];
        loop {
            let before = self.at;
            self.space();
            if !self.eat(',') {
                self.at = before;
                break;
            }
            self.lines();
            items.push(self.one_argument()?);
        }
        Ok(if items.len() == 1 { items.remove(0) } else { Expr::List(items) })
    }

    pub(super) fn one_argument(&mut self) -> Parsed<Expr> {
        self.nested(Self::word)
    }

    fn word(&mut self) -> Parsed<Expr> {
        let c = self.peek().ok_or(UNCLOSED)?;
        let next = self.ahead(1);
        let value = match c {
            '(' => self.parens()?,
            '{' => self.block()?,
            '@' if next.is_some_and(|c| matches!(c, '(' | '{') || is_single(c) || is_double(c)) => self.primary()?,
            c if is_single(c) => self.single()?,
            c if is_double(c) => self.double()?,
            '$' if next == Some('(') => self.variable()?,
            '$' if next.is_some_and(|c| is_name(c) || matches!(c, '{' | '?' | '$' | '^')) => self.variable()?,
            _ => return self.generic(Vec::new()),
        };
        let plain_variable = matches!(value, Expr::Var(_));
        let value = self.steps(value)?;
        // `$home\x` is one word.
        if plain_variable && self.peek().is_some_and(|c| !ends_word(c)) {
            return self.generic(vec![Piece::Value(value)]);
        }
        Ok(value)
    }

    /// A word without quotes around it, which may have some inside.
    fn generic(&mut self, mut out: Vec<Piece>) -> Parsed<Expr> {
        let from = self.at;
        while let Some(c) = self.peek() {
            if ends_word(c) {
                break;
            }
            if is_single(c) || is_double(c) {
                let inner = if is_single(c) { self.single()? } else { self.double()? };
                if let Expr::Text(pieces) = inner {
                    out.extend(pieces);
                }
            } else {
                self.piece(&mut out)?;
            }
        }
        if self.at == from {
            return Err(UNKNOWN);
        }
        Ok(Expr::Text(out))
    }
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | '(' | ')' | ',' | ';' | '{' | '|' | '}' | '>')
}

fn push(out: &mut Vec<Piece>, c: char) {
    if let Some(Piece::Plain(text)) = out.last_mut() {
        text.push(c);
    } else {
        out.push(Piece::Plain(c.to_string()));
    }
}

fn wrapped(before: Vec<String>, value: Expr) -> Expr {
    if before.is_empty() { value } else { Expr::Before(before, Box::new(value)) }
}

/// A variable's name, lower case, without the scopes that make no difference here.
fn scoped(name: &str) -> String {
    let name = name.to_lowercase();
    for scope in ["global:", "script:", "local:", "private:", "using:", "variable:"] {
        if let Some(rest) = name.strip_prefix(scope) {
            return rest.to_owned();
        }
    }
    name
}

/// Variables that a text gives another value, by its look alone: more than there are, never fewer.
pub(crate) fn assigned(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        let (name, after) = if let Some(inner) = rest.strip_prefix('{') {
            inner.split_once('}').unwrap_or((inner, ""))
        } else {
            let end = rest.find(|c: char| !is_name(c) && c != ':').unwrap_or(rest.len());
            rest.split_at(end)
        };
        let after = after.trim_start_matches([' ', '\t', '`']);
        let sets = after.starts_with(['=', '+', '-', '*', '/', '%', '?', '.', '[', ','])
            && after.chars().take(3).any(|c| matches!(c, '=' | '+' | '-'))
            || after.starts_with(',')
            || after.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("in "));
        let stepped = text[..at].ends_with("++") || text[..at].ends_with("--");
        if (sets || stepped) && !name.is_empty() {
            out.push(scoped(name));
        }
    }
    out.sort();
    out.dedup();
    out
}
