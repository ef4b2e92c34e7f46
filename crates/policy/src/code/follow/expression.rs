//! Expressions: read by the strength of their operators, worth their value as they are read.

use super::names::ASSIGNS;
use super::{Args, Follower};
use crate::code::lex::{Kind, Piece, Token};
use crate::code::value::{ANY, Made, Value, joined};
use crate::code::{Language, node, perl, php, plain, python, ruby};

impl<'a> Follower<'_, '_, 'a> {
    /// Reads one expression.
    pub(in crate::code) fn expression(&mut self) -> Value {
        self.binary(0)
    }

    /// Reads an expression whose operators are at least as strong as `least`.
    pub(in crate::code) fn binary(&mut self, least: u8) -> Value {
        if !self.enter() {
            self.at = self.until;
            return Value::Unknown;
        }
        let mut left = self.assignment().unwrap_or_else(|| self.unary());
        while let Some((op, power)) = self.infix() {
            if power < least || !self.work.spend(1) {
                break;
            }
            // Values side by side, in awk, have no sign between them.
            self.at += usize::from(!op.is_empty());
            left = match op {
                "?" => self.ternary(left),
                "if" => self.conditional(left),
                "not" => {
                    // `not in`
                    self.at += 1;
                    self.binary(power + 1);
                    Value::Unknown
                }
                _ if power == 1 => {
                    let right = self.binary(1);
                    self.stored(&left, right)
                }
                _ => {
                    let right = self.binary(power + 1);
                    self.combine(op, left, right)
                }
            };
        }
        self.leave();
        left
    }

    /// `name = …` and its relatives.
    fn assignment(&mut self) -> Option<Value> {
        let name = self.word();
        let op = self.op_at(1);
        if name.is_empty() || !ASSIGNS.contains(&op) || self.token(1).is_some_and(|token| token.line && self.breaks()) {
            return None;
        }
        self.at += 2;
        // A reference is not an assignment of a list: `$x = \@y`.
        let right = self.binary(1);
        if name == "@ARGV" && self.language() == Language::Perl {
            // Files that `<>` reads.
            self.work.read(&right);
        }
        let value = if matches!(op, "=" | ":=" | "<-" | "<<-") {
            right
        } else {
            let left = self.lookup(name).unwrap_or_default();
            let nested = self.work.nest > 0;
            let value = self.combine(&op[..op.len() - 1], left, right);
            if nested && matches!(op, "+=" | ".=" | "*=") { value.or(Value::Unknown) } else { value }
        };
        self.assign(name, value.clone(), false);
        Some(value)
    }

    /// A value stored where no name leads: it is only kept in sight.
    fn stored(&mut self, place: &Value, value: Value) -> Value {
        if let Value::Item(path) = place
            && let Some((_, member)) = path.rsplit_once('.')
            && value.is_callable()
        {
            self.store(member, value.clone());
        } else if value.is_callable() {
            self.escape(&Args::of(vec![value.clone()]), &Value::Unknown);
        }
        value
    }

    fn ternary(&mut self, condition: Value) -> Value {
        if self.eat(":") {
            let other = self.binary(2);
            return condition.or(other);
        }
        let left = self.binary(0);
        if !self.eat(":") {
            return left;
        }
        let right = self.binary(2);
        left.or(right)
    }

    /// Python's `a if b else c`.
    fn conditional(&mut self, left: Value) -> Value {
        self.binary(3);
        if self.eat_word("else") {
            let right = self.binary(2);
            return left.or(right);
        }
        left
    }

    /// The operator here and its strength; none when the expression ends.
    fn infix(&self) -> Option<(&'a str, u8)> {
        let token = self.peek()?;
        if token.line && self.breaks() {
            return None;
        }
        let language = self.language();
        match &token.kind {
            Kind::Op(op) => {
                let power = match *op {
                    _ if ASSIGNS.contains(op) && *op != ":=" => 1,
                    "?" if !matches!(language, Language::Python | Language::Lua | Language::R) => 2,
                    "||" | "&&" | "??" => 3,
                    "|" | "|&" if language == Language::Awk => 4,
                    "$" | "(" | "-" if language == Language::Awk && token.space && *op != "-" => return Some(("", 7)),
                    "|" | "^" | "&" if language != Language::Lua => 6,
                    "==" | "!=" | "===" | "!==" | "<" | ">" | "<=" | ">=" | "<=>" | "=~" | "!~" | "~" | "~=" => 5,
                    "<<" | ">>" | ">>>" if language != Language::Awk => 7,
                    "|>" | "%>%" => 4,
                    "//" if language == Language::Perl => 3,
                    "+" | "-" => 8,
                    "." if matches!(language, Language::Perl | Language::Php) => 8,
                    ".." | "..." if language != Language::Node => {
                        if language == Language::Lua {
                            8
                        } else {
                            4
                        }
                    }
                    ":" if language == Language::R => 9,
                    "*" | "/" | "//" | "%" | "%%" => 9,
                    "**" | "^" => 10,
                    _ => return None,
                };
                Some((op, power))
            }
            Kind::Name(word) => {
                let power = match (language, *word) {
                    (Language::Python, "if") => 2,
                    (Language::Python, "not") if self.word_at(1) == "in" => 5,
                    (Language::Python, "in" | "is") => 5,
                    (Language::Node, "in" | "instanceof" | "as" | "satisfies") if !token.line => 5,
                    (Language::Php, "instanceof" | "and" | "or" | "xor") => 3,
                    (Language::Python | Language::Lua, "and" | "or") => 3,
                    (Language::Ruby | Language::Perl, "and" | "or" | "xor") => 0,
                    (Language::Perl, "x" | "eq" | "ne" | "lt" | "gt" | "le" | "ge" | "cmp" | "isa") => 9,
                    (Language::Awk, "in") => 5,
                    (Language::Awk, "getline") => return None,
                    (Language::Awk, _) => return Some(("", 7)),
                    _ => return None,
                };
                Some((word, power))
            }
            Kind::Text(_) | Kind::Number(_) if language == Language::Awk => Some(("", 7)),
            _ => None,
        }
    }

    fn unary(&mut self) -> Value {
        match self.op() {
            "-" => {
                self.at += 1;
                match self.binary(10) {
                    Value::Number(number) => Value::Number(number.wrapping_neg()),
                    _ => Value::Unknown,
                }
            }
            "!" | "~" => {
                self.at += 1;
                self.binary(9);
                Value::Unknown
            }
            "+" | "++" | "--" => {
                self.at += 1;
                self.binary(9)
            }
            "&" | "*" if self.language() == Language::Perl && self.op_at(1) == "{" => {
                self.work.dynamic("&{…}");
                self.at += 1;
                self.binary(9)
            }
            "@" | "$" | "%" if self.language() == Language::Perl && self.op_at(1) == "{" => {
                self.at += 1;
                let close = self.close();
                self.at += 1;
                let value = self.within(close, close + 1, |this| this.expression());
                self.postfix(value)
            }
            "$" if self.language() == Language::Awk => {
                self.at += 1;
                self.binary(11);
                Value::any_text()
            }
            "*" | "**" | "..." | "&" | "\\" | "@" | "$" | "%" | "&&" => {
                self.at += 1;
                self.binary(9)
            }
            _ => {
                let value = self.primary();
                self.postfix(value)
            }
        }
    }

    fn primary(&mut self) -> Value {
        let Some(token) = self.peek() else { return Value::Nothing };
        match &token.kind {
            Kind::Text(pieces) => {
                self.at += 1;
                let mut value = self.text(pieces);
                // Literals side by side are one text.
                while matches!(self.language(), Language::Python | Language::Ruby | Language::Awk)
                    && let Some(Token { kind: Kind::Text(pieces), line: false, .. }) = self.peek()
                {
                    self.at += 1;
                    let more = self.text(pieces);
                    value = Value::Text(joined(value.to_text(), &more.to_text()));
                }
                value
            }
            Kind::Shell(pieces) => {
                self.at += 1;
                let value = self.text(pieces);
                self.work.shell("`…`", &value);
                Value::Unknown
            }
            Kind::Number(number) => {
                self.at += 1;
                number.map_or(Value::Unknown, Value::Number)
            }
            Kind::Words(words) => {
                self.at += 1;
                Value::List(words.iter().map(|word| Value::text(word)).collect())
            }
            Kind::Glob(pieces) => {
                self.at += 1;
                if pieces.is_empty() {
                    return Value::Unknown;
                }
                let pattern = self.text(pieces);
                Value::Each(Box::new(pattern))
            }
            Kind::Regex => {
                self.at += 1;
                Value::Made(Made::Pattern, String::new())
            }
            Kind::Replacing { code, twice } => {
                self.at += 1;
                let value = self.work.expression(code);
                if *twice {
                    self.work.code(Language::Perl, "s///ee", &value);
                }
                Value::Unknown
            }
            Kind::Name(name) => match self.language() {
                Language::Python => python::name(self, name),
                Language::Node => node::name(self, name),
                Language::Perl => perl::name(self, name),
                Language::Ruby => ruby::name(self, name),
                Language::Php => php::name(self, name),
                _ => plain::name(self, name),
            },
            Kind::Op("(") => {
                let arrow = if self.language() == Language::Node { node::arrow(self) } else { None };
                arrow.unwrap_or_else(|| self.group())
            }
            Kind::Op("[") if !matches!(self.language(), Language::Awk | Language::R | Language::Lua) => self.list(),
            Kind::Op("{") => self.table(),
            Kind::Op("->") if self.language() == Language::Ruby => ruby::lambda(self),
            Kind::Op(")" | "]" | "}" | "," | ";" | ":" | "=>") => Value::Nothing,
            Kind::Op(_) => {
                self.at += 1;
                Value::Unknown
            }
        }
    }

    /// A string with what is put into it.
    pub(in crate::code) fn text(&mut self, pieces: &[Piece<'_>]) -> Value {
        let mut values = vec![String::new()];
        for piece in pieces {
            let more: Vec<String> = match piece {
                Piece::Plain(text) => vec![text.to_string()],
                Piece::Code(code) => {
                    let value = self.work.expression(code);
                    if self.is_environment(&value) {
                        self.work.environment(&Value::Unknown);
                    }
                    value.each().iter().map(Value::to_text).take(16).collect()
                }
            };
            if values.len() * more.len() > 32 {
                return Value::any_text();
            }
            values = values
                .iter()
                .flat_map(|text| more.iter().map(|piece| joined(text.clone(), piece)).collect::<Vec<_>>())
                .collect();
        }
        values.into_iter().map(Value::Text).fold(Value::Nothing, Value::or)
    }

    /// `( … )`: a value, or a row of them.
    fn group(&mut self) -> Value {
        let close = self.close();
        let python = self.language() == Language::Python;
        self.at += 1;
        self.within(close, close + 1, |this| {
            if python && let Some(value) = python::comprehension(this) {
                return value;
            }
            let empty = this.at >= this.until;
            let (mut values, comma) = this.row();
            match this.language() {
                Language::Node | Language::Awk | Language::Lua | Language::R => values.pop().unwrap_or_default(),
                _ if values.len() == 1 && !(comma && python) => values.remove(0),
                _ if empty && !matches!(this.language(), Language::Perl | Language::Python) => Value::Nothing,
                _ => Value::List(values),
            }
        })
    }

    /// Values between commas up to the end of view, and whether there was a comma.
    pub(in crate::code) fn row(&mut self) -> (Vec<Value>, bool) {
        let (mut values, mut comma) = (Vec::new(), false);
        while self.at < self.until && self.work.spend(1) {
            let before = self.at;
            let spread = matches!(self.op(), "*" | "..." | "@");
            let value = self.expression();
            match value {
                Value::List(inner) if spread || self.language() == Language::Perl => values.extend(inner),
                Value::Each(inner) if spread => values.push(*inner),
                value if spread && value != Value::Nothing => {
                    values.push(if matches!(value, Value::List(_)) { value } else { Value::Unknown });
                }
                value => values.push(value),
            }
            if self.eat(",") || self.eat("=>") || self.eat(";") || self.eat(":") {
                comma = true;
            } else if self.at == before {
                self.at += 1;
            }
        }
        (values, comma)
    }

    /// `[ … ]` as a value.
    fn list(&mut self) -> Value {
        let close = self.close();
        let python = self.language() == Language::Python;
        self.at += 1;
        self.within(close, close + 1, |this| {
            if python && let Some(value) = python::comprehension(this) {
                return value;
            }
            if this.language() == Language::Php && this.has_arrow() {
                return this.entries();
            }
            Value::List(this.row().0)
        })
    }

    fn has_arrow(&self) -> bool {
        let mut at = self.at;
        while at < self.until {
            match &self.tokens[at].kind {
                Kind::Op("=>") => return true,
                Kind::Op("(" | "[" | "{") => at = self.tokens[at].pair.max(at),
                _ => {}
            }
            at += 1;
        }
        false
    }

    /// `{ … }` as a value.
    pub(super) fn table(&mut self) -> Value {
        let close = self.close();
        let python = self.language() == Language::Python;
        self.at += 1;
        self.within(close, close + 1, |this| {
            if python && let Some(value) = python::comprehension(this) {
                return value;
            }
            this.entries()
        })
    }

    /// `key: value, …`, `key => value, …`, or values alone.
    fn entries(&mut self) -> Value {
        let (mut entries, mut values): (Vec<(String, Value)>, Vec<Value>) = (Vec::new(), Vec::new());
        while self.at < self.until && self.work.spend(1) {
            let before = self.at;
            if self.language() == Language::Node && node::entry(self, &mut entries) {
                continue;
            }
            let spread = matches!(self.op(), "*" | "**" | "...");
            let bare = self.word();
            let named =
                !bare.is_empty() && matches!(self.op_at(1), ":" | "=>" | "=") && self.language() != Language::Python;
            let key = if named {
                self.at += 1;
                Value::text(bare)
            } else {
                self.expression()
            };
            if self.eat(":") || self.eat("=>") || self.eat("=") {
                let value = self.expression();
                entries.push((key.to_text(), value));
            } else if spread {
                if self.is_environment(&key) {
                    entries.push((ANY.to_string(), Value::Made(Made::Environment, String::new())));
                } else if let Value::Map(more) = key {
                    entries.extend(more);
                } else if self.language() == Language::Node {
                    node::spread(self, &key);
                }
            } else {
                if self.language() == Language::Node && !bare.is_empty() {
                    entries.push((bare.to_owned(), key.clone()));
                }
                values.push(key);
            }
            if !self.eat(",") && !self.eat(";") && self.at == before {
                self.at += 1;
            }
        }
        // A table that holds the environment is the environment as far as others see.
        if entries.iter().any(|(_, value)| matches!(value, Value::Made(Made::Environment, name) if name.is_empty())) {
            return Value::Made(Made::Environment, "table".into());
        }
        if entries.is_empty() && !values.is_empty() { Value::List(values) } else { Value::Map(entries) }
    }
}
