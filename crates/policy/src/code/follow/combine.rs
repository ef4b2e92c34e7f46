//! What operators make of values.

use super::{Args, Follower};
use crate::code::value::{ANY, Made, Value, joined, pairs};
use crate::code::{Language, text};

/// Longest text that a repetition gives (bytes).
const LONGEST: usize = 4_096;

impl Follower<'_, '_, '_> {
    /// What an operator makes of two values.
    pub(in crate::code) fn combine(&mut self, op: &str, left: Value, right: Value) -> Value {
        let language = self.language();
        if self.work.spend(left.size() + right.size())
            && (self.is_environment(&left) || self.is_environment(&right))
            && matches!(op, "+" | "." | "..")
        {
            self.work.environment(&Value::Unknown);
        }
        match op {
            "||" | "or" | "??" | "//" if op != "//" || language == Language::Perl => left.or(right),
            "&&" | "and" => {
                if right.is_callable() || matches!(right, Value::Text(_)) {
                    right
                } else {
                    left.or(right)
                }
            }
            "." | ".." if matches!(language, Language::Perl | Language::Php | Language::Lua) => {
                pairs(left, right, concat)
            }
            "+" => pairs(left, right, add),
            "%" if language != Language::Node => pairs(left, right, remainder),
            "*" | "x" => pairs(left, right, repeat),
            "/" => pairs(left, right, divide),
            "" => pairs(left, right, concat),
            "|" | "|&" if language == Language::Awk => super::plain::piped(self, &left),
            "|>" | "%>%" => {
                self.escape(&Args::of(vec![right]), &Value::Unknown);
                Value::Unknown
            }
            "<<" if matches!(left, Value::Text(_)) => pairs(left, right, concat),
            "-" | "^" | "|" | "&" | "//" | "<<" | ">>" | "**" => {
                pairs(left, right, |left, right| numeric(op, left, right))
            }
            "as" | "satisfies" => left,
            _ => Value::Unknown,
        }
    }
}

fn concat(left: &Value, right: &Value) -> Value {
    Value::Text(joined(left.to_text(), &right.to_text()))
}

fn add(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Value::Number(left.wrapping_add(*right)),
        (Value::List(left), Value::List(right)) if left.len() + right.len() < 1_024 => {
            Value::List(left.iter().chain(right).cloned().collect())
        }
        (Value::List(left), Value::Unknown | Value::Each(_)) => {
            Value::List(left.iter().cloned().chain([Value::Unknown]).collect())
        }
        (Value::Unknown, Value::List(right)) => {
            Value::List([Value::Unknown].into_iter().chain(right.iter().cloned()).collect())
        }
        (Value::Text(_), _) | (_, Value::Text(_)) => concat(left, right),
        _ => Value::Unknown,
    }
}

fn remainder(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Text(format), Value::List(values)) => Value::Text(text::percent(format, values, &[])),
        (Value::Text(format), Value::Map(pairs)) => Value::Text(text::percent(format, &[], pairs)),
        (Value::Text(format), value) => Value::Text(text::percent(format, std::slice::from_ref(value), &[])),
        (Value::Number(left), Value::Number(right)) if *right != 0 => Value::Number(left.wrapping_rem_euclid(*right)),
        _ => Value::Unknown,
    }
}

fn repeat(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Text(text), Value::Number(times)) | (Value::Number(times), Value::Text(text)) => {
            let times = usize::try_from(*times).unwrap_or_default();
            if text.len().saturating_mul(times) > LONGEST { Value::any_text() } else { Value::Text(text.repeat(times)) }
        }
        (Value::Number(left), Value::Number(right)) => Value::Number(left.wrapping_mul(*right)),
        (Value::List(values), _) => Value::Each(Box::new(Value::List(values.clone()).element())),
        _ => Value::Unknown,
    }
}

fn divide(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Made(Made::Path, base), more) | (Value::Text(base), more @ Value::Made(Made::Path, _)) => {
            Value::Made(Made::Path, text::join_paths(&[base.clone(), more.to_text()]))
        }
        (Value::Unknown, Value::Text(more)) => Value::Made(Made::Path, format!("{ANY}/{more}")),
        (Value::Number(left), Value::Number(right)) if *right != 0 && left % right == 0 => Value::Number(left / right),
        _ => Value::Unknown,
    }
}

fn numeric(op: &str, left: &Value, right: &Value) -> Value {
    let (Value::Number(left), Value::Number(right)) = (left, right) else { return Value::Unknown };
    let result = match op {
        "-" => left.checked_sub(*right),
        "^" => Some(left ^ right),
        "|" => Some(left | right),
        "&" => Some(left & right),
        "//" => left.checked_div_euclid(*right),
        "<<" => u32::try_from(*right).ok().and_then(|bits| left.checked_shl(bits)),
        ">>" => u32::try_from(*right).ok().and_then(|bits| left.checked_shr(bits)),
        _ => u32::try_from(*right).ok().and_then(|power| left.checked_pow(power)),
    };
    result.map_or(Value::Unknown, Value::Number)
}
