//! Languages with little of their own: awk, Lua, R.

mod awk;
mod lua;
mod r;

use super::Language;
use super::follow::{Args, Follower};
use super::value::Value;

pub(super) use awk::piped;

pub(super) fn statement(f: &mut Follower<'_, '_, '_>) {
    match f.language() {
        Language::Awk => awk::statement(f),
        Language::Lua => lua::statement(f),
        _ => r::statement(f),
    }
}

pub(super) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    match f.language() {
        Language::Awk => awk::name(f, name),
        Language::Lua => lua::name(f, name),
        _ => r::name(f, name),
    }
}

pub(super) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    match f.language() {
        Language::Awk => awk::call(f, path, args),
        Language::Lua => lua::call(f, path, args),
        _ => r::call(f, path, args),
    }
}

pub(super) fn method(f: &mut Follower<'_, '_, '_>, receiver: &Value, name: &str, args: &Args) -> Option<Value> {
    match f.language() {
        Language::Lua => lua::method(f, receiver, name, args),
        _ => None,
    }
}

/// A member by subscript, for every language that has nothing more to say about it.
pub(super) fn index(f: &mut Follower<'_, '_, '_>, value: &Value, key: &Value) -> Option<Value> {
    if f.is_environment(value) || matches!(value, Value::Item(path) if path == "ENVIRON") {
        f.work.environment(key);
        return Some(Value::any_text());
    }
    match (value, f.language()) {
        (Value::Item(path), Language::Lua) => Some(match key.known() {
            Some(name) => {
                let name = name.to_owned();
                f.attribute(value.clone(), &name)
            }
            None => {
                if matches!(path.as_str(), "_G" | "_ENV" | "os" | "io" | "package.loaded") {
                    f.work.dynamic(path);
                }
                Value::Unknown
            }
        }),
        // `Dir["*.rb"]`.
        (Value::Item(path), Language::Ruby) if path == "Dir" => {
            Some(f.library("Dir.glob", &Args::of(vec![key.clone()])))
        }
        // `m["x"]` calls a method that was taken as a value.
        (Value::Item(_), Language::Ruby) => Some(f.call(value.clone(), &Args::of(vec![key.clone()]))),
        (Value::List(values), Language::Lua | Language::R) => match key {
            Value::Number(number) => {
                let at = usize::try_from(*number - 1).ok()?;
                Some(values.get(at).cloned().unwrap_or_default())
            }
            _ => None,
        },
        _ => None,
    }
}
