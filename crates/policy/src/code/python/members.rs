//! Members that are not called: attributes, subscripts, slices.

use crate::code::follow::Follower;
use crate::code::text;
use crate::code::value::{ANY, Made, PART, Value};

/// Ways from any value to all there is.
pub(super) const WAYS_OUT: &[&str] = &[
    "__subclasses__", "__globals__", "__mro__", "__bases__", "__base__", "__code__", "__closure__", "f_globals",
    "f_builtins", "f_back", "gi_frame", "tb_frame", "__loader__", "__spec__", "_getframe",
];

/// Modules by which a program reaches out, wherever they were imported.
const MODULES: &[&str] = &["os", "sys", "subprocess", "shutil", "builtins", "importlib", "ctypes", "pty", "posix"];

pub(in crate::code) fn attribute(f: &mut Follower<'_, '_, '_>, receiver: &Value, name: &str) -> Option<Value> {
    if WAYS_OUT.contains(&name) {
        f.work.dynamic(name);
        return Some(Value::Unknown);
    }
    match receiver {
        // Modules are members of whatever imported them.
        Value::Item(path) if MODULES.contains(&name) && path != "asyncio" => Some(Value::Item(name.to_owned())),
        Value::Item(path) => match (path.as_str(), name) {
            (_, "__dict__") => Some(receiver.clone()),
            ("os", "curdir") => Some(Value::text(".")),
            ("os" | "os.path", "sep") => Some(Value::text("/")),
            ("os", "devnull") => Some(Value::text("/dev/null")),
            ("sys", "argv") => Some(Value::Each(Box::new(Value::any_text()))),
            ("sys", "executable") => Some(Value::text("python3")),
            ("string", "ascii_lowercase") => Some(Value::text("abcdefghijklmnopqrstuvwxyz")),
            ("__builtins__" | "builtins", name) => Some(Value::Item(name.to_owned())),
            ("posix" | "nt" | "_posixsubprocess", name) => Some(Value::Item(format!("os.{name}"))),
            _ => None,
        },
        Value::Made(Made::Path, path) => match name {
            "parent" => Some(Value::Made(Made::Path, text::parent(path))),
            "name" => Some(Value::text(text::file_name(path))),
            "stem" => {
                let file = text::file_name(path);
                Some(Value::text(file.rsplit_once('.').map_or(file, |(stem, _)| stem)))
            }
            "suffix" => Some(
                text::file_name(path)
                    .rsplit_once('.')
                    .map_or(Value::text(""), |(_, end)| Value::Text(format!(".{end}"))),
            ),
            "path" => Some(Value::text(path)),
            "parents" => Some(Value::Each(Box::new(Value::Made(Made::Path, format!("{ANY}"))))),
            "parts" => Some(Value::Each(Box::new(Value::Text(PART.into())))),
            _ => None,
        },
        Value::Made(Made::File, path) if name == "name" => Some(Value::text(path)),
        _ => None,
    }
}

pub(in crate::code) fn index(f: &mut Follower<'_, '_, '_>, value: &Value, key: &Value) -> Option<Value> {
    if f.is_environment(value) && !matches!(value, Value::Made(..)) {
        f.work.environment(key);
        return Some(Value::any_text());
    }
    let Value::Item(path) = value else { return None };
    match (path.as_str(), key.known()) {
        ("globals" | "locals", Some("__builtins__")) => Some(Value::Item("builtins".into())),
        ("globals" | "locals", Some(name)) => Some(f.lookup(name).unwrap_or_else(|| Value::Item(name.to_owned()))),
        ("sys.modules", Some(name)) => Some(Value::Item(name.to_owned())),
        ("globals" | "locals" | "sys.modules" | "builtins" | "__builtins__" | "os" | "subprocess" | "shutil", None) => {
            f.work.dynamic(path);
            Some(Value::Unknown)
        }
        (path, Some(name)) if !path.is_empty() => Some(f.attribute(value.clone(), name)),
        _ => Some(Value::Unknown),
    }
}

/// `value[from:to:step]`.
pub(in crate::code) fn slice(value: &Value, bounds: &Value) -> Value {
    let Value::List(bounds) = bounds else { return Value::Unknown };
    let number = |index: usize| match bounds.get(index) {
        None | Some(Value::Nothing) => Some(None),
        Some(Value::Number(number)) => Some(Some(*number)),
        _ => None,
    };
    let (Some(from), Some(to), Some(step)) = (number(0), number(1), number(2)) else {
        return match value {
            Value::Text(_) => Value::any_text(),
            value => Value::Each(Box::new(value.element())),
        };
    };
    match value {
        Value::Text(text) => {
            let letters: Vec<char> = text.chars().collect();
            Value::Text(cut(&letters, from, to, step.unwrap_or(1)).into_iter().collect())
        }
        Value::List(values) => Value::List(cut(values, from, to, step.unwrap_or(1))),
        Value::Each(_) => value.clone(),
        _ => Value::Unknown,
    }
}

fn cut<T: Clone>(values: &[T], from: Option<i64>, to: Option<i64>, step: i64) -> Vec<T> {
    let length = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let place = |at: i64| if at < 0 { (at + length).max(0) } else { at.min(length) };
    let pick = |at: i64| usize::try_from(at).ok().and_then(|at| values.get(at).cloned());
    let mut picked = Vec::new();
    if step > 0 {
        let (mut at, end) = (place(from.unwrap_or(0)), place(to.unwrap_or(length)));
        while at < end {
            picked.extend(pick(at));
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at = from.map_or(length - 1, |from| place(from).min(length - 1));
        let end = to.map_or(-1, place);
        while at > end {
            picked.extend(pick(at));
            at = at.saturating_add(step);
        }
    }
    picked
}
