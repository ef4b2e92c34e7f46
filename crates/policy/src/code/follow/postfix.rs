//! What follows a value: calls with their arguments, members, subscripts.

use super::{Args, Follower};
use crate::code::lex::{Kind, Token};
use crate::code::value::Value;
use crate::code::{Language, node, perl, plain, python, ruby};

impl Follower<'_, '_, '_> {
    /// What follows a value: calls, members, subscripts.
    pub(in crate::code) fn postfix(&mut self, mut value: Value) -> Value {
        while let Some(token) = self.peek() {
            if !self.work.spend(1) || token.line && self.breaks() && !self.continues() {
                break;
            }
            let language = self.language();
            value = match &token.kind {
                Kind::Op("(") if language != Language::Ruby || !token.space => {
                    let args = self.arguments();
                    self.call(value, &args)
                }
                Kind::Op("[") if !(token.line && language != Language::Node) => self.subscript(value),
                Kind::Op("?.") if matches!(self.op_at(1), "(" | "[") => {
                    self.at += 1;
                    value
                }
                Kind::Op(".") if !matches!(language, Language::Perl | Language::Php) => self.dot(value),
                Kind::Op("?." | "&." | "?->" | "::") => self.dot(value),
                Kind::Op("->") if matches!(language, Language::Perl | Language::Php) => self.dot(value),
                Kind::Op("$" | "@") if language == Language::R => self.dot(value),
                Kind::Op(":") if language == Language::Lua && matches!(self.op_at(2), "(" | "{") => self.dot(value),
                Kind::Text(pieces) if language == Language::Node && !token.line => {
                    self.at += 1;
                    let text = self.text(pieces);
                    self.call(value, &Args::of(vec![text]))
                }
                Kind::Text(pieces) if language == Language::Lua && value.is_callable() => {
                    self.at += 1;
                    let text = self.text(pieces);
                    self.call(value, &Args::of(vec![text]))
                }
                Kind::Op("{") if language == Language::Lua && value.is_callable() => {
                    let table = self.table();
                    self.call(value, &Args::of(vec![table]))
                }
                Kind::Op("!") if language == Language::Node && !token.space => {
                    self.at += 1;
                    value
                }
                Kind::Op("++" | "--") => {
                    self.at += 1;
                    Value::Unknown
                }
                _ => break,
            };
        }
        value
    }

    /// A line that begins with a point goes on with the one before.
    fn continues(&self) -> bool {
        matches!(self.op(), "." | "&." | "?.") && self.language() == Language::Ruby
    }

    /// A member of a value, called or not.
    fn dot(&mut self, value: Value) -> Value {
        self.at += 1;
        let Some(token) = self.peek() else { return value };
        let name: String = match &token.kind {
            Kind::Name(name) => {
                self.at += 1;
                if self.language() == Language::Perl && name.starts_with('$')
                    || self.language() == Language::Php && name.starts_with('$') && self.op_at(0) == "("
                {
                    self.lookup(name).unwrap_or_default().to_text()
                } else {
                    (*name).to_owned()
                }
            }
            Kind::Text(pieces) if self.language() != Language::Node => {
                self.at += 1;
                self.text(pieces).to_text()
            }
            Kind::Op("(" | "[" | "{") => {
                return match self.op() {
                    "[" => self.subscript(value),
                    "{" => perl::braced(self, value),
                    _ => {
                        let args = self.arguments();
                        self.call(value, &args)
                    }
                };
            }
            _ => {
                self.at += 1;
                return Value::Unknown;
            }
        };
        if self.language() == Language::Ruby {
            return ruby::dotted(self, value, &name);
        }
        if self.language() == Language::Lua
            && let Some(Token { kind: Kind::Text(pieces), .. }) = self.peek()
        {
            self.at += 1;
            let text = self.text(pieces);
            return self.method(value, &name, &Args::of(vec![text]));
        }
        if self.is("(") {
            let args = self.arguments();
            return self.method(value, &name, &args);
        }
        if self.language() == Language::Perl {
            return self.method(value, &name, &Args::default());
        }
        if self.is("=") && !matches!(self.language(), Language::R) {
            self.at += 1;
            let stored = self.binary(1);
            self.store(&name, stored.clone());
            return stored;
        }
        self.attribute(value, &name)
    }

    /// `( … )` behind what is called.
    pub(in crate::code) fn arguments(&mut self) -> Args {
        let close = self.close();
        self.at += 1;
        self.within(close, close + 1, |this| {
            let python = this.language() == Language::Python;
            if python && let Some(value) = python::comprehension(this) {
                return Args::of(vec![value]);
            }
            let mut args = Args::default();
            this.argument_row(&mut args);
            args
        })
    }

    /// Arguments in parentheses, or one expression without.
    pub(in crate::code) fn arguments_or_one(&mut self) -> Args {
        if self.is("(") { self.arguments() } else { Args::of(vec![self.binary(2)]) }
    }

    /// Arguments up to the end of view.
    pub(in crate::code) fn argument_row(&mut self, args: &mut Args) {
        while self.at < self.until && self.work.spend(1) {
            let before = self.at;
            let name = self.word();
            let names = match self.language() {
                Language::Python | Language::R => self.op_at(1) == "=",
                Language::Ruby | Language::Php => self.op_at(1) == ":",
                _ => false,
            };
            if !name.is_empty() && names {
                self.at += 2;
                let value = self.expression();
                args.named.push((name.to_owned(), value));
            } else {
                self.argument(args);
            }
            if !self.eat(",") && self.at == before {
                self.at += 1;
            }
        }
    }

    fn argument(&mut self, args: &mut Args) {
        let language = self.language();
        let spread = matches!(self.op(), "*" | "**" | "..." | "&");
        let value = self.expression();
        if matches!(language, Language::Perl | Language::Ruby | Language::Php) && self.is("=>") {
            self.at += 1;
            let given = self.expression();
            args.named.push((value.to_text(), given.clone()));
            if language == Language::Perl {
                args.list.push(value);
                args.list.push(given);
            }
            return;
        }
        match value {
            Value::List(values) if spread || language == Language::Perl => args.list.extend(values),
            Value::Map(pairs) if spread => args.named.extend(pairs),
            Value::Each(value) if spread => args.list.push(*value),
            value @ (Value::Local(..) | Value::Item(_) | Value::Bound(..)) => args.list.push(value),
            _ if spread => args.open = true,
            value => args.list.push(value),
        }
    }

    /// `[ … ]` behind a value.
    fn subscript(&mut self, value: Value) -> Value {
        let close = self.close();
        self.at += 1;
        let (key, slice) = self.within(close, close + 1, |this| {
            let mut parts: Vec<Value> = Vec::new();
            let mut part = None;
            while this.at < this.until && this.work.spend(1) {
                let before = this.at;
                if this.eat(":") {
                    parts.push(part.take().unwrap_or(Value::Nothing));
                } else if this.eat("::") {
                    parts.extend([part.take().unwrap_or(Value::Nothing), Value::Nothing]);
                } else if !this.eat(",") {
                    let value = this.expression();
                    part.get_or_insert(value);
                }
                if this.at == before {
                    this.at += 1;
                }
            }
            let slice = !parts.is_empty();
            let last = part.unwrap_or(if slice { Value::Nothing } else { Value::Unknown });
            parts.push(last);
            if slice { (Value::List(parts), true) } else { (parts.swap_remove(0), false) }
        });
        if self.is("=") {
            self.at += 1;
            let stored = self.binary(1);
            if stored.is_callable() {
                self.store(&key.to_text(), stored.clone());
            }
            if self.language() == Language::Awk && value == Value::Item("ARGV".into()) {
                self.work.read(&stored);
            }
            return stored;
        }
        if slice { python::slice(&value, &key) } else { self.index(value, &key) }
    }

    /// A member by subscript.
    pub(in crate::code) fn index(&mut self, value: Value, key: &Value) -> Value {
        if let Some(found) = match self.language() {
            Language::Python => python::index(self, &value, key),
            Language::Node => node::index(self, &value, key),
            _ => plain::index(self, &value, key),
        } {
            return found;
        }
        match (value, key) {
            (Value::OneOf(values), key) => {
                values.into_iter().map(|value| self.index(value, key)).fold(Value::Nothing, Value::or)
            }
            (Value::List(values), Value::Number(number)) => {
                let index = usize::try_from(*number)
                    .ok()
                    .or_else(|| values.len().checked_sub(usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX)));
                index.and_then(|index| values.get(index).cloned()).unwrap_or_default()
            }
            (Value::Text(text), Value::Number(number)) => usize::try_from(*number)
                .ok()
                .and_then(|at| text.chars().nth(at))
                .map_or(Value::Unknown, |c| Value::Text(c.into())),
            (Value::Map(pairs), key) => match key.known() {
                Some(key) => match pairs.into_iter().find(|(name, _)| name == key) {
                    Some((_, value)) => value,
                    None => self.member(key),
                },
                None => pairs.into_iter().map(|(_, value)| value).fold(Value::Unknown, Value::or),
            },
            (Value::List(values), _) => values.into_iter().fold(Value::Unknown, Value::or),
            (Value::Each(value), _) => *value,
            (Value::Unknown, key) => match key.known().map(str::to_owned) {
                Some(name) => self.member(&name),
                None => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }
}
