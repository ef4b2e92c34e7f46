//! PowerShell texts, words and variables.

use super::ast::{Expr, Piece};
use super::chars::{is_double, is_name, is_single};
use super::parse::{Parsed, Parser, UNCLOSED, UNKNOWN};

impl Parser<'_> {
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

    pub(super) fn single(&mut self) -> Parsed<Expr> {
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

    pub(super) fn double(&mut self) -> Parsed<Expr> {
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
            // To PowerShell 5.1 an escaped `e` is the letter.
            Some('a' | 'b' | 'f' | 'v' | '0') => push(out, ' '),
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
    pub(super) fn here_text(&mut self) -> Parsed<Expr> {
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
