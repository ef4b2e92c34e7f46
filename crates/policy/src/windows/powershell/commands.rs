//! PowerShell pipelines and commands with their arguments.

use super::ast::{Arg, Command, Element, Expr, Redirect, Statement};
use super::chars::{is_dash, is_double, is_single};
use super::parse::{Parsed, Parser};

impl Parser<'_> {
    pub(super) fn pipeline(&mut self) -> Parsed<Statement> {
        let mut elements = Vec::new();
        loop {
            self.lines();
            if self.starts_expression() {
                let value = self.expression(0, true)?;
                self.space();
                if elements.is_empty()
                    && let Some(op) = self.assignment()
                {
                    self.lines();
                    return Ok(Statement::Assign { to: value, op, value: Box::new(self.statement()?) });
                }
                elements.push(Element::Expression { value, redirects: self.redirects()? });
            } else {
                elements.push(Element::Command(self.command()?));
            }
            let before = self.at;
            self.lines();
            if self.peek() == Some('|') && self.ahead(1) != Some('|') {
                self.at += 1;
            } else {
                self.at = before;
                return Ok(Statement::Pipeline(elements));
            }
        }
    }

    fn assignment(&mut self) -> Option<String> {
        for op in ["??=", "+=", "-=", "*=", "/=", "%=", "="] {
            if op.chars().enumerate().all(|(by, c)| self.ahead(by) == Some(c)) {
                self.at += op.len();
                return Some(op.to_owned());
            }
        }
        None
    }

    fn redirects(&mut self) -> Parsed<Vec<Redirect>> {
        let mut out = Vec::new();
        loop {
            self.space();
            match self.redirect()? {
                Some(one) => out.push(one),
                None => return Ok(out),
            }
        }
    }

    fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let stream = usize::from(self.peek().is_some_and(|c| matches!(c, '1'..='6' | '*')));
        if self.ahead(stream) != Some('>') {
            return Ok(None);
        }
        self.at += stream + 1;
        self.eat('>');
        if self.peek() == Some('&') {
            self.at = (self.at + 2).min(self.src.len());
            return Ok(Some(Redirect(None)));
        }
        self.space();
        Ok(Some(Redirect(Some(self.argument()?))))
    }

    fn command(&mut self) -> Parsed<Command> {
        let from = self.at;
        let dot = self.peek() == Some('.')
            && self
                .ahead(1)
                .is_some_and(|c| c.is_whitespace() || matches!(c, '$' | '(' | '{') || is_single(c) || is_double(c));
        let call = self.peek().filter(|c| *c == '&' || dot);
        if call.is_some() {
            self.at += 1;
            self.lines();
        }
        let head = self.one_argument()?;
        let mut args = Vec::new();
        let mut redirects = Vec::new();
        loop {
            self.space();
            let end = self.at;
            match self.peek() {
                None | Some('\n' | '\r' | ';' | '|' | '&' | ')' | '}') => {
                    let text = self.src[from..end].iter().collect::<String>().trim_end().to_owned();
                    return Ok(Command { call, head, args, redirects, text });
                }
                // A comma with nothing before it.
                Some(',') => self.at += 1,
                Some(_) => {
                    if let Some(one) = self.redirect()? {
                        redirects.push(one);
                    } else {
                        self.arg(&mut args)?;
                    }
                }
            }
        }
    }

    fn arg(&mut self, args: &mut Vec<Arg>) -> Parsed<()> {
        if self.src[self.at..].starts_with(&['-', '-', '%']) {
            self.at += 3;
            let from = self.at;
            while self.peek().is_some_and(|c| c != '\n' && c != '|') {
                self.at += 1;
            }
            let rest = self.slice(from);
            args.extend(rest.split_whitespace().map(|word| Arg::Value(Expr::plain(word.trim_matches('"')))));
            return Ok(());
        }
        if self.peek().is_some_and(is_dash)
            && self.ahead(1).is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '?'))
        {
            let name: String = self.src[self.at + 1..]
                .iter()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '?' | '-'))
                .collect();
            match self.ahead(1 + name.chars().count()) {
                Some(':') => {
                    self.at += name.chars().count() + 2;
                    self.space();
                    let ends = self.peek().is_none_or(|c| matches!(c, '\n' | '\r' | ';' | '|' | '&' | ')' | '}'));
                    let value = if ends { None } else { Some(self.argument()?) };
                    args.push(Arg::Param(name, value));
                    return Ok(());
                }
                Some(c) if !c.is_whitespace() && !matches!(c, ';' | '|' | '&' | ')' | '}' | ',' | '(' | '{') => {}
                _ => {
                    self.at += name.chars().count() + 1;
                    args.push(Arg::Param(name, None));
                    return Ok(());
                }
            }
        }
        if self.peek() == Some('@') && self.ahead(1).is_some_and(|c| c.is_alphabetic() || c == '_') {
            self.at += 1;
            let from = self.at;
            while self.peek().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':')) {
                self.at += 1;
            }
            args.push(Arg::Splat(self.slice(from).to_lowercase()));
            return Ok(());
        }
        args.push(Arg::Value(self.argument()?));
        Ok(())
    }
}
