//! Lines of `cmd`, parsed: operators, brackets, `if` and `for`, quotes and `^`.

/// Deepest nesting; honest files stay below ten.
const MOST_NESTED: usize = 60;

/// Why a text is not parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// More lines may complete it.
    Incomplete,
    Bad(&'static str),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Node {
    Simple {
        /// Quotes kept, `^` taken away.
        text: String,
        redirects: Vec<Redirect>,
    },
    /// Each feeds the next.
    Pipe(Vec<Node>),
    Group(Vec<Node>, Vec<Redirect>),
    /// Then and else.
    If(Box<Node>, Option<Box<Node>>),
    For {
        name: char,
        /// `f`, `r`, `l`, `d` or nothing.
        kind: char,
        /// What stands between the switch and the variable.
        options: String,
        set: String,
        body: Box<Node>,
    },
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) reads: bool,
    pub(super) target: String,
}

struct Parser {
    src: Vec<char>,
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, Stop>;

pub(super) fn parse(text: &str) -> Parsed<Vec<Node>> {
    let mut parser = Parser { src: text.chars().collect(), at: 0, depth: 0 };
    parser.list(false)
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.src.get(self.at).copied()
    }

    fn ahead(&self, by: usize) -> Option<char> {
        self.src.get(self.at + by).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|c| c != '\n' && (c.is_whitespace() || matches!(c, ',' | ';' | '='))) {
            self.at += 1;
        }
    }

    fn lines(&mut self) {
        self.space();
        while self.peek() == Some('\n') {
            self.at += 1;
            self.space();
        }
    }

    fn list(&mut self, inside: bool) -> Parsed<Vec<Node>> {
        let mut out = Vec::new();
        loop {
            self.lines();
            match self.peek() {
                None if inside => return Err(Stop::Incomplete),
                None => return Ok(out),
                Some(')') if inside => {
                    self.at += 1;
                    return Ok(out);
                }
                Some('&' | '|' | ')') => self.at += 1,
                Some(_) => {
                    let before = self.at;
                    out.push(self.pipe(inside)?);
                    if self.at == before {
                        return Err(Stop::Bad("cannot be parsed"));
                    }
                }
            }
        }
    }

    fn pipe(&mut self, inside: bool) -> Parsed<Node> {
        let mut out = vec![self.unit(inside)?];
        loop {
            self.space();
            if self.peek() != Some('|') || self.ahead(1) == Some('|') {
                return Ok(if out.len() == 1 { out.remove(0) } else { Node::Pipe(out) });
            }
            self.at += 1;
            self.lines();
            out.push(self.unit(inside)?);
        }
    }

    fn unit(&mut self, inside: bool) -> Parsed<Node> {
        if self.depth >= MOST_NESTED {
            return Err(Stop::Bad("is nested too deeply to be understood"));
        }
        self.depth += 1;
        let out = self.one_unit(inside);
        self.depth -= 1;
        out
    }

    fn one_unit(&mut self, inside: bool) -> Parsed<Node> {
        self.space();
        while self.peek() == Some('@') {
            self.at += 1;
            self.space();
        }
        if self.peek() == Some('(') {
            self.at += 1;
            let nodes = self.list(true)?;
            return Ok(Node::Group(nodes, self.redirects()));
        }
        if self.peek() == Some(':') {
            self.skip_line();
            return Ok(Node::Group(Vec::new(), Vec::new()));
        }
        match self.word().as_str() {
            "rem" => {
                self.skip_line();
                Ok(Node::Group(Vec::new(), Vec::new()))
            }
            "if" => self.condition(inside),
            "for" => self.each(inside),
            _ => Ok(self.simple(inside)),
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    /// The word of letters here, lower case, `^` taken away, when nothing else belongs to it.
    fn word(&self) -> String {
        let mut out = String::new();
        for c in self.src[self.at..].iter().take(16) {
            match c {
                '^' => {}
                c if c.is_ascii_alphabetic() => out.push(c.to_ascii_lowercase()),
                c if c.is_whitespace() || matches!(c, '/' | ',' | ';' | '=' | '(' | '&' | '|') => return out,
                _ => return String::new(),
            }
        }
        out
    }

    fn skip_word(&mut self, letters: usize) {
        let mut left = letters;
        while left > 0 && self.at < self.src.len() {
            left -= usize::from(self.peek() != Some('^'));
            self.at += 1;
        }
        self.space();
    }

    /// One word up to a space, quotes respected.
    fn token(&mut self) -> String {
        while self.peek().is_some_and(|c| c != '\n' && c.is_whitespace()) {
            self.at += 1;
        }
        let (mut out, mut quoted) = (String::new(), false);
        while let Some(c) = self.peek() {
            if c == '\n' || !quoted && (c.is_whitespace() || matches!(c, '(' | '&' | '|')) && !out.is_empty() {
                break;
            }
            quoted ^= c == '"';
            out.push(c);
            self.at += 1;
        }
        out
    }

    fn condition(&mut self, inside: bool) -> Parsed<Node> {
        self.skip_word(2);
        let mut first = self.token();
        while matches!(first.to_ascii_lowercase().as_str(), "/i" | "not") {
            first = self.token();
        }
        match first.to_ascii_lowercase().as_str() {
            "exist" | "defined" | "errorlevel" | "cmdextversion" => drop(self.token()),
            text if text.ends_with("==") => drop(self.token()),
            text if text.contains("==") => {}
            _ => {
                let operator = self.token();
                if operator == "==" || !operator.starts_with("==") {
                    self.token();
                }
            }
        }
        let then = Box::new(self.pipe(inside)?);
        let before = self.at;
        self.space();
        if self.word() == "else" {
            self.skip_word(4);
            return Ok(Node::If(then, Some(Box::new(self.pipe(inside)?))));
        }
        self.at = before;
        Ok(Node::If(then, None))
    }

    fn each(&mut self, inside: bool) -> Parsed<Node> {
        self.skip_word(3);
        let (mut kind, mut options, mut name) = (' ', Vec::new(), None);
        loop {
            let token = self.token();
            let lower = token.to_ascii_lowercase();
            if token.is_empty() {
                return Err(Stop::Bad("cannot be parsed"));
            } else if lower == "in" {
                break;
            } else if lower.len() == 2 && lower.starts_with('/') {
                kind = lower.chars().nth(1).unwrap_or(' ');
            } else if let Some(variable) = token.strip_prefix('%') {
                name = variable.chars().find(|c| *c != '%');
            } else {
                options.push(token);
            }
        }
        let name = name.ok_or(Stop::Bad("cannot be parsed"))?;
        self.space();
        if self.peek() != Some('(') {
            return Err(Stop::Bad("cannot be parsed"));
        }
        self.at += 1;
        let set = self.set()?;
        self.lines();
        if self.word() != "do" {
            return Err(if self.peek().is_none() { Stop::Incomplete } else { Stop::Bad("cannot be parsed") });
        }
        self.skip_word(2);
        if self.peek().is_none() {
            return Err(Stop::Incomplete);
        }
        let body = Box::new(self.pipe(inside)?);
        Ok(Node::For { name, kind, options: options.join(" "), set, body })
    }

    /// What stands in the brackets of `for`.
    fn set(&mut self) -> Parsed<String> {
        let (mut out, mut open, mut quote) = (String::new(), 1, None);
        loop {
            let c = self.peek().ok_or(Stop::Incomplete)?;
            self.at += 1;
            match c {
                '^' if quote.is_none() => {
                    out.extend(self.peek());
                    self.at += 1;
                    continue;
                }
                '"' => quote = if quote == Some('"') { None } else { quote.or(Some('"')) },
                '(' if quote.is_none() => open += 1,
                ')' if quote.is_none() => open -= 1,
                _ => {}
            }
            if open == 0 {
                return Ok(out);
            }
            out.push(c);
        }
    }

    fn redirects(&mut self) -> Vec<Redirect> {
        let mut out = Vec::new();
        loop {
            self.space();
            let digit = usize::from(self.peek().is_some_and(|c| c.is_ascii_digit()));
            match self.ahead(digit) {
                Some('>' | '<') => {
                    self.at += digit;
                    out.extend(self.redirect());
                }
                _ => return out,
            }
        }
    }

    /// Here at `>` or `<`; `None` when it goes to another stream.
    fn redirect(&mut self) -> Option<Redirect> {
        let reads = self.peek() == Some('<');
        self.at += 1;
        if self.peek() == Some('>') {
            self.at += 1;
        }
        if self.peek() == Some('&') {
            self.at = (self.at + 2).min(self.src.len());
            return None;
        }
        self.space();
        let (mut target, mut quoted) = (String::new(), false);
        while let Some(c) = self.peek() {
            if c == '\n' || !quoted && (c.is_whitespace() || "&|<>(),;=".contains(c)) {
                break;
            }
            self.at += 1;
            match c {
                '"' => quoted = !quoted,
                '^' if !quoted => {}
                c => target.push(c),
            }
        }
        Some(Redirect { reads, target })
    }

    fn simple(&mut self, inside: bool) -> Node {
        let (mut text, mut redirects, mut quoted) = (String::new(), Vec::new(), false);
        while let Some(c) = self.peek() {
            match c {
                '\n' => break,
                '"' => {
                    quoted = !quoted;
                    text.push(c);
                    self.at += 1;
                }
                _ if quoted => {
                    text.push(c);
                    self.at += 1;
                }
                '^' => {
                    self.at += 1;
                    if self.peek() == Some('\n') {
                        self.at += 1;
                    }
                    text.extend(self.peek());
                    self.at += 1;
                }
                '&' | '|' => break,
                ')' if inside => break,
                '>' | '<' => {
                    let stream = text.ends_with(|c: char| c.is_ascii_digit())
                        && text.chars().rev().nth(1).is_none_or(|c| c.is_whitespace());
                    if stream {
                        text.pop();
                    }
                    redirects.extend(self.redirect());
                    text.push(' ');
                }
                c => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        self.at = self.at.min(self.src.len());
        Node::Simple { text: text.trim().to_owned(), redirects }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let simple = |text: &str| Node::Simple { text: text.to_owned(), redirects: Vec::new() };
        assert_eq!(
            parse("d^el a & (b | c)").unwrap(),
            [simple("del a"), Node::Group(vec![Node::Pipe(vec![simple("b"), simple("c")])], Vec::new()),]
        );
        assert_eq!(
            parse("if exist a (b) else c").unwrap(),
            [Node::If(Box::new(Node::Group(vec![simple("b")], Vec::new())), Some(Box::new(simple("c"))),)]
        );
        assert_eq!(
            parse("echo \"a & b\" > c").unwrap(),
            [Node::Simple {
                text: "echo \"a & b\"".to_owned(),
                redirects: vec![Redirect { reads: false, target: "c".to_owned() }],
            }]
        );
        assert_eq!(
            parse("for /f \"x\" %i in ('dir') do a %i").unwrap(),
            [Node::For {
                name: 'i',
                kind: 'f',
                options: "\"x\"".to_owned(),
                set: "'dir'".to_owned(),
                body: Box::new(simple("a %i")),
            }]
        );
        assert_eq!(parse("("), Err(Stop::Incomplete));
        assert_eq!(parse("rem a & b").unwrap(), [Node::Group(Vec::new(), Vec::new())]);
    }
}
