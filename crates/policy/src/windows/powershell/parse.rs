//! PowerShell statements. What a word means depends on where it stands, so the text
//! is parsed character by character and not cut into tokens first.

use std::cell::Cell;
use std::rc::Rc;

use super::super::value::Block;
use super::ast::{Body, Element, Expr, Script, Statement};
use super::chars::is_dash;

/// Deepest nesting; honest scripts stay below twenty.
const MOST_NESTED: usize = 100;

/// A text that cannot be parsed, with the reason.
pub(super) type Parsed<T> = Result<T, &'static str>;

pub(super) const UNCLOSED: &str = "is not closed somewhere";
pub(super) const UNKNOWN: &str = "cannot be parsed";

pub(super) struct Parser<'a> {
    pub(super) src: &'a [char],
    pub(super) at: usize,
    depth: usize,
}

/// Parses a whole text.
pub(super) fn parse(src: &[char]) -> Parsed<Script> {
    let mut parser = Parser { src, at: 0, depth: 0 };
    let script = parser.script(None)?;
    if parser.at < src.len() { Err(UNKNOWN) } else { Ok(script) }
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.src.get(self.at).copied()
    }

    pub(super) fn ahead(&self, by: usize) -> Option<char> {
        self.src.get(self.at + by).copied()
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, c: char) -> Parsed<()> {
        if self.eat(c) { Ok(()) } else { Err(if self.at >= self.src.len() { UNCLOSED } else { UNKNOWN }) }
    }

    pub(super) fn slice(&self, from: usize) -> String {
        self.src[from..self.at].iter().collect()
    }

    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MOST_NESTED {
            return Err("is nested too deeply to be understood");
        }
        self.depth += 1;
        let out = parse(self);
        self.depth -= 1;
        out
    }

    /// Spaces, line continuations and comments, but no line ends.
    pub(super) fn space(&mut self) {
        loop {
            match (self.peek(), self.ahead(1)) {
                (Some('\n' | '\r') | None, _) => return,
                (Some(c), _) if c.is_whitespace() => self.at += 1,
                (Some('`'), Some('\n')) => self.at += 2,
                (Some('`'), Some('\r')) => self.at += if self.ahead(2) == Some('\n') { 3 } else { 2 },
                (Some('<'), Some('#')) => {
                    self.at += 2;
                    while self.at < self.src.len() && !(self.peek() == Some('#') && self.ahead(1) == Some('>')) {
                        self.at += 1;
                    }
                    self.at = (self.at + 2).min(self.src.len());
                }
                (Some('#'), _) => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// As [`Self::space`], with line ends.
    pub(super) fn lines(&mut self) {
        loop {
            self.space();
            match self.peek() {
                Some('\n' | '\r') => self.at += 1,
                _ => return,
            }
        }
    }

    /// Statements up to `end`, which is not taken.
    pub(super) fn script(&mut self, end: Option<char>) -> Parsed<Script> {
        self.nested(|this| this.statements(end))
    }

    fn statements(&mut self, end: Option<char>) -> Parsed<Script> {
        let mut out = Vec::new();
        loop {
            self.lines();
            match self.peek() {
                None if end.is_some() => return Err(UNCLOSED),
                None => return Ok(out),
                c if c == end => return Ok(out),
                Some(';') => {
                    self.at += 1;
                    continue;
                }
                Some(_) => {}
            }
            let before = self.at;
            out.push(self.statement()?);
            if self.at == before {
                return Err(UNKNOWN);
            }
            self.space();
            match (self.peek(), self.ahead(1)) {
                (Some('&'), Some('&')) | (Some('|'), Some('|')) => self.at += 2,
                (Some('&'), _) => self.at += 1,
                (Some(';' | '\n' | '\r') | None, _) => {}
                (c, _) if c == end => {}
                // After a closing brace the next statement may follow at once.
                _ if self.src.get(self.at.wrapping_sub(1)).is_some_and(|c| *c == '}' || c.is_whitespace()) => {}
                _ => return Err(UNKNOWN),
            }
        }
    }

    /// The word of letters here, lower case, when nothing else belongs to it.
    fn keyword(&self) -> String {
        let word: String = self.src[self.at..].iter().take(16).take_while(|c| c.is_ascii_alphabetic()).collect();
        match self.ahead(word.len()) {
            Some(c) if c.is_whitespace() || matches!(c, '(' | '{' | ';' | '}' | ')' | '$' | '<' | '#' | '"' | '\'') => {
                word.to_ascii_lowercase()
            }
            None => word.to_ascii_lowercase(),
            Some(_) => String::new(),
        }
    }

    fn take_word(&mut self, word: &str) {
        self.at += word.len();
        self.lines();
    }

    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        self.nested(Self::one_statement)
    }

    fn one_statement(&mut self) -> Parsed<Statement> {
        if self.peek() == Some(':') && self.ahead(1).is_some_and(char::is_alphabetic) {
            self.at += 1;
            while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                self.at += 1;
            }
            self.lines();
        }
        let word = self.keyword();
        let braced = |this: &Self| {
            let rest = this.src[this.at + word.len()..].iter().find(|c| !c.is_whitespace());
            rest == Some(&'{')
        };
        match word.as_str() {
            "if" => self.if_statement(&word),
            "while" => {
                self.take_word(&word);
                let head = self.in_parens()?;
                self.loop_over(head)
            }
            "for" if self.after_word(&word) == Some('(') => {
                self.take_word(&word);
                let head = self.in_parens()?;
                self.loop_over(head)
            }
            "foreach" if matches!(self.after_word(&word), Some('(' | '-')) => self.foreach(&word),
            "do" if braced(self) => {
                self.take_word(&word);
                let mut body = self.body()?;
                self.lines();
                let word = self.keyword();
                self.take_word(&word);
                body.script.extend(self.in_parens()?);
                Ok(Statement::Loop { each: None, body })
            }
            "switch" => self.switch(&word),
            "try" if braced(self) => self.try_statement(&word),
            "trap" => {
                self.take_word(&word);
                self.types();
                Ok(Statement::Branch(vec![self.body()?]))
            }
            "function" | "filter" | "workflow" | "configuration" => self.define(&word),
            "param" if self.after_word(&word) == Some('(') => {
                self.take_word(&word);
                self.params()
            }
            "begin" | "process" | "end" | "clean" | "dynamicparam" | "parallel" | "sequence" | "inlinescript"
                if braced(self) =>
            {
                self.take_word(&word);
                Ok(Statement::Group(self.body()?.script))
            }
            "break" | "continue" => {
                while self.peek().is_some_and(|c| !matches!(c, '\n' | ';' | '}' | ')')) {
                    self.at += 1;
                }
                Ok(Statement::Group(Vec::new()))
            }
            "return" | "throw" | "exit" => {
                self.at += word.len();
                self.space();
                match self.peek() {
                    None | Some(';' | '\n' | '\r' | '}' | ')') => Ok(Statement::Group(Vec::new())),
                    Some(_) => self.pipeline(),
                }
            }
            "enum" => {
                self.skip_braces()?;
                Ok(Statement::Group(Vec::new()))
            }
            "using" => {
                while self.peek().is_some_and(|c| c != '\n' && c != ';') {
                    self.at += 1;
                }
                Ok(Statement::Group(Vec::new()))
            }
            "class" => Err("defines a class, which is not followed"),
            _ => self.pipeline(),
        }
    }

    fn after_word(&self, word: &str) -> Option<char> {
        self.src[self.at + word.len()..].iter().find(|c| !c.is_whitespace()).copied()
    }

    fn in_parens(&mut self) -> Parsed<Script> {
        self.lines();
        self.expect('(')?;
        let script = self.script(Some(')'))?;
        self.expect(')')?;
        Ok(script)
    }

    /// `{ … }`.
    pub(super) fn body(&mut self) -> Parsed<Body> {
        self.lines();
        self.expect('{')?;
        let from = self.at;
        let script = self.script(Some('}'))?;
        let text = self.slice(from);
        self.expect('}')?;
        Ok(Body { script, text })
    }

    /// A loop whose head is evaluated before each turn.
    fn loop_over(&mut self, mut head: Script) -> Parsed<Statement> {
        let mut body = self.body()?;
        head.append(&mut body.script);
        Ok(Statement::Loop { each: None, body: Body { script: head, text: body.text } })
    }

    fn foreach(&mut self, word: &str) -> Parsed<Statement> {
        self.take_word(word);
        while self.peek() == Some('-') {
            while self.peek().is_some_and(|c| c != '(') {
                self.at += 1;
            }
        }
        self.expect('(')?;
        self.lines();
        let Expr::Var(name) = self.variable()? else { return Err(UNKNOWN) };
        self.lines();
        if self.keyword() != "in" {
            return Err(UNKNOWN);
        }
        self.take_word("in");
        let source = Box::new(self.statement()?);
        self.lines();
        self.expect(')')?;
        Ok(Statement::Loop { each: Some((name, source)), body: self.body()? })
    }

    fn if_statement(&mut self, word: &str) -> Parsed<Statement> {
        self.take_word(word);
        let mut arms = Vec::new();
        loop {
            let condition = self.in_parens()?;
            let body = self.body()?;
            arms.push(Body { script: condition, text: String::new() });
            arms.push(body);
            let before = self.at;
            self.lines();
            match self.keyword().as_str() {
                "elseif" => self.take_word("elseif"),
                "else" => {
                    self.take_word("else");
                    arms.push(self.body()?);
                    return Ok(Statement::Branch(arms));
                }
                _ => {
                    self.at = before;
                    return Ok(Statement::Branch(arms));
                }
            }
        }
    }

    fn switch(&mut self, word: &str) -> Parsed<Statement> {
        self.take_word(word);
        let mut head = Vec::new();
        while self.peek().is_some_and(is_dash) {
            let flag = self.at;
            while self.peek().is_some_and(|c| !c.is_whitespace() && c != '(') {
                self.at += 1;
            }
            let reads_file = self.slice(flag).to_lowercase().contains("file");
            self.lines();
            if reads_file && self.peek() != Some('(') {
                head.push(Statement::Pipeline(vec![Element::Expression {
                    value: self.argument()?,
                    redirects: Vec::new(),
                }]));
                self.lines();
            }
        }
        if self.peek() == Some('(') {
            head.extend(self.in_parens()?);
        }
        self.lines();
        self.expect('{')?;
        let mut arms = vec![Body { script: head, text: String::new() }];
        loop {
            self.lines();
            while self.eat(';') {
                self.lines();
            }
            if self.eat('}') {
                return Ok(Statement::Branch(arms));
            }
            let pattern = self.argument()?;
            let pattern =
                vec![Statement::Pipeline(vec![Element::Expression { value: pattern, redirects: Vec::new() }])];
            arms.push(Body { script: pattern, text: String::new() });
            arms.push(self.body()?);
        }
    }

    fn try_statement(&mut self, word: &str) -> Parsed<Statement> {
        self.take_word(word);
        let mut arms = vec![self.body()?];
        loop {
            let before = self.at;
            self.lines();
            match self.keyword().as_str() {
                "catch" => {
                    self.take_word("catch");
                    self.types();
                    arms.push(self.body()?);
                }
                "finally" => {
                    self.take_word("finally");
                    arms.push(self.body()?);
                }
                _ if self.src[self.at..].starts_with(&['c', 'a', 't', 'c', 'h', '[']) => {
                    self.at += 5;
                    self.types();
                    arms.push(self.body()?);
                }
                _ => {
                    self.at = before;
                    // What a `try` does, it does: only the handlers may or may not run.
                    return Ok(Statement::Branch(arms));
                }
            }
        }
    }

    /// Types before a handler.
    fn types(&mut self) {
        self.lines();
        while matches!(self.peek(), Some('[' | ',')) {
            while self.peek().is_some_and(|c| c != ']' && c != '{') {
                self.at += 1;
            }
            self.eat(']');
            self.lines();
        }
    }

    fn define(&mut self, word: &str) -> Parsed<Statement> {
        self.take_word(word);
        let from = self.at;
        while self.peek().is_some_and(|c| !c.is_whitespace() && !matches!(c, '(' | '{')) {
            self.at += 1;
        }
        let name = self.slice(from).to_lowercase();
        let name = name.rsplit_once(':').map_or(name.as_str(), |(_, name)| name).to_owned();
        self.lines();
        let params = if self.peek() == Some('(') { Some(self.params()?) } else { None };
        let mut body = self.body()?;
        if let Some(params) = params {
            body.script.insert(0, params);
        }
        let block = Block { script: body.script, text: body.text, seen: Cell::new(false) };
        Ok(Statement::Define { name, block: Rc::new(block) })
    }

    /// `( [attribute] $name = default, … )`.
    fn params(&mut self) -> Parsed<Statement> {
        self.expect('(')?;
        let mut out = Vec::new();
        loop {
            self.lines();
            match self.peek() {
                Some(')') => {
                    self.at += 1;
                    return Ok(Statement::Params(out));
                }
                Some('[') => {
                    self.type_name()?;
                }
                Some(',') => self.at += 1,
                Some('$') => {
                    let Expr::Var(name) = self.variable()? else { return Err(UNKNOWN) };
                    self.lines();
                    let default = if self.eat('=') {
                        self.lines();
                        Some(self.expression(1, false)?)
                    } else {
                        None
                    };
                    out.push((name, default));
                }
                Some(_) => return Err(UNKNOWN),
                None => return Err(UNCLOSED),
            }
        }
    }

    fn skip_braces(&mut self) -> Parsed<()> {
        while self.peek().is_some_and(|c| c != '}') {
            self.at += 1;
        }
        self.expect('}')
    }
}
