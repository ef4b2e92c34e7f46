//! Functions of the program: followed when they are called, or at the end when they never are.

use super::{Args, Follower};
use crate::code::value::Value;

/// A parameter of a function.
#[derive(Debug, Clone)]
pub(in crate::code) struct Param {
    pub(in crate::code) name: String,
    /// Its value when it is not given.
    pub(in crate::code) default: Value,
    /// Takes all that is left.
    pub(in crate::code) rest: bool,
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
        if self.functions[index].active || !self.enter() {
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
            self.bind(&param.name, value);
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
        if result == Value::Nothing { Value::Unknown } else { result }
    }

    /// Follows the functions from `from` on that nobody called.
    pub(super) fn settle(&mut self, from: usize) {
        let mut index = from;
        while index < self.functions.len() {
            if !self.functions[index].called {
                self.call_local(self.level, index, &Args::unknown(), false);
            }
            index += 1;
        }
    }

    /// What the function being followed gives back, besides what it gave before.
    pub(in crate::code) fn gives(&mut self, value: Value) {
        let before = std::mem::take(&mut self.returned);
        self.returned = before.or(value);
    }
}
