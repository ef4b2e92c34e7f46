//! Functions with a syntax of their own: blocks, `map`, `print`, `shift`.

use super::syntax::{BETWEEN, call_args};
use crate::code::Deed;
use crate::code::follow::Follower;
use crate::code::lex::Kind;
use crate::code::value::Value;

/// Elements of a literal list that a block is worked out for.
const MOST_ELEMENTS: usize = 128;

/// A block that is run where it stands.
pub(super) fn block(f: &mut Follower<'_, '_, '_>) -> Value {
    let close = f.close();
    f.at += 1;
    if !f.enter() {
        f.at = close;
        return Value::Unknown;
    }
    f.run(close);
    f.leave();
    f.at = (close + 1).min(f.until);
    Value::Unknown
}

/// `map { … } list`, `grep expression, list`.
pub(super) fn over_list(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    let group = f.is("(");
    let close = if group { f.close() } else { f.until };
    f.at += usize::from(group);
    let value = f.within(close, f.at, |f| {
        let start = f.at;
        let body = if f.is("{") { Some((f.at + 1, f.close())) } else { None };
        match body {
            Some((_, end)) => f.at = end + 1,
            None => drop(f.binary(2)),
        }
        f.eat(",");
        let list = call_args(f, "map");
        let behind = f.at;
        let elements = list.list;
        let known = elements.len() <= MOST_ELEMENTS
            && !elements.iter().any(|value| matches!(value, Value::Unknown | Value::Each(_)));
        let mut results = Vec::new();
        let rounds =
            if known { elements.clone() } else { vec![Value::List(elements.clone()).element().element_or_self()] };
        for element in rounds {
            f.bind("$_", element);
            f.at = start;
            results.push(match body {
                Some((start, end)) => {
                    let mut value = Value::Nothing;
                    f.at = start;
                    while f.at < end.min(f.until) && f.work.spend(1) {
                        let before = f.at;
                        f.within(end, before, |f| value = f.expression());
                        if f.at == before || f.is(";") {
                            f.at += 1;
                        }
                    }
                    value
                }
                None => f.binary(2),
            });
        }
        f.at = behind;
        match name {
            "map" if known => Value::List(results),
            "map" => Value::Each(Box::new(results.pop().unwrap_or_default())),
            _ if known => Value::List(elements),
            _ => Value::Each(Box::new(Value::List(elements).element().element_or_self())),
        }
    });
    if group {
        f.at = (close + 1).min(f.until);
    }
    value
}

/// `print HANDLE list`.
pub(super) fn print(f: &mut Follower<'_, '_, '_>) -> Value {
    f.work.say(Deed::Prints);
    let group = f.is("(");
    let close = if group { f.close() } else { f.until };
    f.at += usize::from(group);
    f.within(close, f.at, |f| {
        let handle = !f.word().is_empty()
            && (f.word().starts_with('$') || f.word().chars().all(|c| c.is_ascii_uppercase() || c == '_'))
            && f.token(1).is_some_and(|token| match &token.kind {
                Kind::Text(_) => true,
                Kind::Name(word) => !BETWEEN.contains(word),
                _ => false,
            });
        f.at += usize::from(handle);
        if f.is("{") {
            f.at = f.close() + 1;
        }
        let args = call_args(f, "print");
        f.escape(&args, &Value::Unknown);
    });
    if group {
        f.at = (close + 1).min(f.until);
    }
    Value::Unknown
}

/// `shift`: the first argument of the function.
pub(super) fn shift(f: &mut Follower<'_, '_, '_>) -> Value {
    if f.is("(") {
        f.at += 2;
    } else if f.word().starts_with('@') {
        return f.expression().element();
    }
    match f.lookup("@_") {
        Some(Value::List(mut values)) if !values.is_empty() => {
            let first = values.remove(0);
            f.bind("@_", Value::List(values));
            first
        }
        _ => Value::Unknown,
    }
}
