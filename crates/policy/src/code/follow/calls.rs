//! Calls: to the library, to the program's own functions, through values.

use super::{Args, Follower};
use crate::code::value::{Made, Value};
use crate::code::{Deed, Language, node, perl, php, plain, python, ruby};

impl Follower<'_, '_, '_> {
    /// Calls a value.
    pub(in crate::code) fn call(&mut self, callee: Value, args: &Args) -> Value {
        match callee {
            Value::OneOf(values) => {
                values.into_iter().map(|value| self.call(value, args)).fold(Value::Nothing, Value::or)
            }
            Value::Item(path) => self.library(&path, args),
            Value::Local(level, index) => {
                let result = self.call_local(level, index, args, false);
                if level != self.level {
                    self.escape(args, &Value::Unknown);
                }
                result
            }
            Value::Bound(receiver, name) => self.method(*receiver, &name, args),
            Value::Made(Made::Getter, name) => self.attribute(args.first().clone(), &name),
            // PHP and Perl call functions by their names.
            Value::Text(name) if matches!(self.language(), Language::Php | Language::Perl) => {
                if name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '\\')) {
                    self.library(&name, args)
                } else {
                    self.work.dynamic("function by name");
                    Value::Unknown
                }
            }
            _ => {
                self.escape(args, &Value::Unknown);
                Value::Unknown
            }
        }
    }

    /// Calls something of the library by its full name.
    pub(in crate::code) fn library(&mut self, path: &str, args: &Args) -> Value {
        if !self.enter() {
            return Value::Unknown;
        }
        let result = match self.language() {
            Language::Python => python::call(self, path, args),
            Language::Node => node::call(self, path, args),
            Language::Perl => perl::call(self, path, args),
            Language::Ruby => ruby::call(self, path, args),
            Language::Php => php::call(self, path, args),
            _ => plain::call(self, path, args),
        };
        self.leave();
        if let Some(value) = result {
            return value;
        }
        // Not a known function: perhaps a method whose name says enough.
        if let Some((module, name)) = path.rsplit_once('.') {
            let receiver = Value::Item(module.to_owned());
            if let Some(value) = self.known_method(&receiver, name, args) {
                return value;
            }
        }
        self.escape(args, &Value::Unknown);
        Value::Unknown
    }

    fn known_method(&mut self, receiver: &Value, name: &str, args: &Args) -> Option<Value> {
        match self.language() {
            Language::Python => python::method(self, receiver, name, args),
            Language::Node => node::method(self, receiver, name, args),
            Language::Perl => perl::method(self, receiver, name, args),
            Language::Ruby => ruby::method(self, receiver, name, args),
            Language::Php => php::method(self, receiver, name, args),
            _ => plain::method(self, receiver, name, args),
        }
    }

    /// Calls a method of a value.
    pub(in crate::code) fn method(&mut self, receiver: Value, name: &str, args: &Args) -> Value {
        match receiver {
            Value::OneOf(values) => {
                return values.into_iter().map(|value| self.method(value, name, args)).fold(Value::Nothing, Value::or);
            }
            Value::Item(path) => {
                let full = self.attribute(Value::Item(path), name);
                return match full {
                    Value::Item(path) => self.library(&path, args),
                    other => self.call(other, args),
                };
            }
            _ => {}
        }
        if !self.enter() {
            return Value::Unknown;
        }
        let known = self.known_method(&receiver, name, args);
        self.leave();
        if let Some(value) = known {
            return value;
        }
        let held = match &receiver {
            Value::Map(pairs) => pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()),
            Value::Unknown | Value::Local(..) | Value::Nothing => Some(self.member(name)),
            _ => None,
        };
        match held {
            Some(Value::Local(level, index)) => self.call_local(level, index, args, true),
            Some(held) if held.is_callable() => self.call(held, args),
            _ => {
                self.escape(args, &receiver);
                Value::Unknown
            }
        }
    }

    /// Functions handed to something unknown may be called by it, with what is there.
    pub(in crate::code) fn escape(&mut self, args: &Args, receiver: &Value) {
        let given = args.list.iter().map(|value| (true, value));
        let named = args.named.iter().filter(|(name, _)| name != "env").map(|(_, value)| (false, value));
        for (position, (listed, value)) in given.chain(named).enumerate().take(64) {
            for value in value.each() {
                self.escaped(value, position, listed, args, receiver);
            }
        }
    }

    fn escaped(&mut self, value: &Value, position: usize, listed: bool, args: &Args, receiver: &Value) {
        match value {
            Value::Item(_) | Value::Local(..) | Value::Bound(..) => {
                let element = receiver.element();
                let given = if element == Value::Unknown && listed {
                    let rest = args.list.iter().skip(position + 1).filter(|value| !value.is_callable()).cloned();
                    Args { list: rest.collect(), named: Vec::new(), open: true }
                } else {
                    Args { list: vec![element], named: Vec::new(), open: true }
                };
                if *value == Value::Item("child_process".into()) {
                    self.work.dynamic("child_process");
                } else if self.is_environment(value) {
                    self.work.say(Deed::Environment { name: None });
                } else {
                    self.call(value.clone(), &given);
                }
            }
            Value::Made(Made::Environment, _) => self.work.say(Deed::Environment { name: None }),
            Value::List(values) => {
                for value in values.iter().filter(|value| value.is_callable()).take(16) {
                    self.escaped(value, position, false, &Args::unknown(), &Value::Unknown);
                }
            }
            Value::Map(pairs) => {
                for (_, value) in pairs.iter().filter(|(_, value)| value.is_callable()).take(16) {
                    self.escaped(value, position, false, &Args::unknown(), &Value::Unknown);
                }
            }
            _ => {}
        }
    }

    /// The table of all environment variables.
    pub(in crate::code) fn is_environment(&self, value: &Value) -> bool {
        match value {
            Value::Made(Made::Environment, _) => true,
            Value::Item(path) => matches!(
                path.as_str(),
                "os.environ"
                    | "os.environb"
                    | "process.env"
                    | "Deno.env"
                    | "Bun.env"
                    | "ENV"
                    | "%ENV"
                    | "$ENV"
                    | "$_ENV"
            ),
            _ => false,
        }
    }

    /// A member of a value, not called.
    pub(in crate::code) fn attribute(&mut self, receiver: Value, name: &str) -> Value {
        let known = match self.language() {
            Language::Python => python::attribute(self, &receiver, name),
            Language::Node => node::attribute(self, &receiver, name),
            _ => None,
        };
        if let Some(value) = known {
            return value;
        }
        match receiver {
            Value::OneOf(values) => {
                values.into_iter().map(|value| self.attribute(value, name)).fold(Value::Nothing, Value::or)
            }
            Value::Item(path) if path.len() < 200 => Value::Item(format!("{path}.{name}")),
            Value::Map(pairs) => {
                pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
            }
            Value::Unknown | Value::Local(..) | Value::Nothing => self.member(name),
            receiver @ (Value::Made(..) | Value::Text(_) | Value::Each(_) | Value::List(_)) => {
                Value::Bound(Box::new(receiver), name.to_owned())
            }
            _ => Value::Unknown,
        }
    }
}
