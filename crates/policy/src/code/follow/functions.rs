//! Functions of the program: followed when they are called, or at the end when they never are.

use super::{Args, Follower};
use crate::code::lex::Kind;
use crate::code::value::Value;

/// A parameter of a function.
#[derive(Debug, Clone)]
pub(in crate::code) struct Param {
    pub(in crate::code) name: String,
    /// Its value when it is not given.
    pub(in crate::code) default: Value,
    /// Takes all that is left.
    pub(in crate::code) rest: bool,
    /// Names its value is taken apart into.
    pub(in crate::code) inner: Vec<String>,
}

/// A function and where its body is.
#[derive(Debug, Clone)]
pub(super) struct Function {
    params: Vec<Param>,
    start: usize,
    end: usize,
    /// The body is one expression.
    expression: bool,
    called: bool,
    /// Being followed.
    active: bool,
}

/// Functions of one text.
const MOST: usize = 2_000;

impl Follower<'_, '_, '_> {
    /// Notes a function with its body from `start` to `end`.
    pub(in crate::code) fn function(
        &mut self,
        params: Vec<Param>,
        start: usize,
        end: usize,
        expression: bool,
    ) -> Value {
        if self.functions.len() >= MOST {
            self.work.not_understood();
            return Value::Unknown;
        }
        self.functions.push(Function { params, start, end, expression, called: false, active: false });
        Value::Local(self.level, self.functions.len() - 1)
    }

    /// Follows a function's body with what it is given. `receiver` says that it is called as a method.
    pub(super) fn call_local(&mut self, level: usize, index: usize, args: &Args, receiver: bool) -> Value {
        if level != self.level || index >= self.functions.len() {
            return Value::Unknown;
        }
        if self.functions[index].active {
            // What it does further down is not known.
            self.functions[index].called = false;
            return Value::Unknown;
        }
        if !self.enter() {
            return Value::Unknown;
        }
        self.functions[index].active = true;
        self.functions[index].called = true;
        let function = self.functions[index].clone();
        self.push_scope(function.start, function.end);
        let is_self = |param: &Param| receiver && matches!(param.name.as_str(), "self" | "cls");
        let skip = usize::from(function.params.first().is_some_and(is_self));
        for (position, param) in function.params.iter().enumerate() {
            let value = if position < skip {
                Value::Unknown
            } else if param.rest {
                Value::List(args.rest(position - skip))
            } else {
                match args.get(position - skip, &param.name) {
                    Value::Nothing => param.default.clone(),
                    value => value.clone(),
                }
            };
            for name in &param.inner {
                let member = match &value {
                    Value::Map(_) => self.attribute(value.clone(), name),
                    _ => Value::Unknown,
                };
                self.bind(name, member);
            }
            if !param.name.is_empty() {
                self.bind(&param.name, value);
            }
        }
        let (at, until) = (self.at, self.until);
        let returned = std::mem::take(&mut self.returned);
        let nest = std::mem::take(&mut self.work.nest);
        let known = self.functions.len();
        let column = std::mem::replace(
            &mut self.column,
            self.tokens.get(function.start).map_or(0, |token| if token.line { token.column } else { usize::MAX }),
        );
        self.at = function.start;
        self.until = function.end.min(self.tokens.len());
        self.returned = Value::Nothing;
        if function.expression {
            self.returned = self.expression();
            self.run(function.end);
        } else {
            self.run(function.end);
        }
        self.settle(known);
        let result = std::mem::replace(&mut self.returned, returned);
        self.at = at;
        self.until = until;
        self.column = column;
        self.work.nest = nest;
        self.pop_scope();
        self.functions[index].active = false;
        self.leave();
        if result == Value::Nothing { Value::Unknown } else { result.bounded() }
    }

    /// Follows the functions from `from` on that nobody called.
    pub(super) fn settle(&mut self, from: usize) {
        let mut index = from;
        while index < self.functions.len() {
            if !self.functions[index].called {
                let result = self.call_local(self.level, index, &Args::unknown(), false);
                if matches!(result, Value::Item(_) | Value::List(_)) {
                    // Whoever calls it calls what it gives.
                    self.escape(&Args::of(vec![result]), &Value::Unknown);
                }
            }
            index += 1;
        }
    }

    /// A function declared further down under `name`: where its keyword stands.
    pub(in crate::code) fn declared_later(&mut self, keyword: &str, name: &str) -> Option<usize> {
        if !self.work.spend(self.tokens.len().saturating_sub(self.at) / 16) {
            return None;
        }
        (self.at..self.tokens.len().saturating_sub(1)).find(|at| {
            matches!(self.tokens[*at].kind, Kind::Name(word) if word == keyword)
                && matches!(self.tokens[at + 1].kind, Kind::Name(word) if word == name)
        })
    }

    /// Moves over a declaration that was followed when it was called before it; the parenthesis is here.
    pub(in crate::code) fn declared_before(&mut self, name: &str) -> bool {
        let Some(Value::Local(level, index)) = self.lookup(name) else { return false };
        let Some(function) = self.functions.get(index).filter(|_| level == self.level) else { return false };
        let (start, end) = (function.start, function.end);
        // Its body begins not far behind its parameters.
        let close = self.close();
        if start <= close || start > close.saturating_add(64) || end >= self.until {
            return false;
        }
        self.at = end + 1;
        true
    }

    /// What the function being followed gives back, besides what it gave before.
    pub(in crate::code) fn gives(&mut self, value: Value) {
        let before = std::mem::take(&mut self.returned);
        self.returned = before.or(value);
    }
}
