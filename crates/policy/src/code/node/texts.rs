//! Functions on texts and rows that are worked out.

use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{ANY, Made, PART, Value};

pub(super) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    let decoded = |decode: fn(&str) -> Option<String>| match first.known() {
        Some(text) => decode(text).map_or(Value::any_text(), Value::Text),
        None => Value::any_text(),
    };
    Some(match path {
        "String.fromCharCode" | "String.fromCodePoint" => Value::Text(text::characters(&args.rest(0))),
        "String" | "String.raw" => first.clone().map(|value| Value::Text(value.to_text())),
        "Buffer.from" => match args.get(1, "").known() {
            Some("base64" | "base64url") => decoded(text::base64),
            Some("hex") => decoded(text::hex),
            _ => match first {
                Value::List(values) => Value::Text(text::characters(values)),
                value => value.clone(),
            },
        },
        "atob" => decoded(text::base64),
        "btoa" | "encodeURIComponent" | "encodeURI" | "escape" => {
            if f.is_environment(first) {
                f.work.environment(&Value::Unknown);
            }
            Value::any_text()
        }
        "decodeURIComponent" | "decodeURI" | "unescape" => match first.known() {
            Some(text) => Value::Text(text::unquote(text)),
            None => Value::any_text(),
        },
        "parseInt" | "Number" | "parseFloat" => match (first, args.get(1, "")) {
            (Value::Number(number), _) => Value::Number(*number),
            (Value::Text(text), base) => {
                let base = if let Value::Number(base) = base { u32::try_from(*base).unwrap_or(10) } else { 10 };
                let number = (2..=36).contains(&base).then(|| i64::from_str_radix(text, base).ok()).flatten();
                number.map_or(Value::Text(PART.into()), Value::Number)
            }
            _ => Value::Text(PART.into()),
        },
        _ => return tables(f, path, args),
    })
}

/// Tables, rows, and what is only known at run time.
fn tables(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    Some(match path {
        _ if path.starts_with("Object.") && args.list.iter().any(super::methods::is_telling) => {
            f.work.dynamic(path);
            Value::Unknown
        }
        "Object.assign" => {
            if args.list.iter().any(|value| f.is_environment(value)) {
                return Some(Value::Made(Made::Environment, "table".into()));
            }
            first.clone()
        }
        "Object.keys" | "Object.values" | "Object.entries" | "Object.fromEntries" | "Object.freeze"
        | "structuredClone" => {
            if f.is_environment(first) {
                f.work.environment(&Value::Unknown);
            }
            match (path, first) {
                ("Object.keys", Value::Map(pairs)) => {
                    Value::List(pairs.iter().map(|(key, _)| Value::text(key)).collect())
                }
                ("Object.values", Value::Map(pairs)) => {
                    Value::List(pairs.iter().map(|(_, value)| value.clone()).collect())
                }
                ("Object.entries", Value::Map(pairs)) => Value::List(
                    pairs.iter().map(|(key, value)| Value::List(vec![Value::text(key), value.clone()])).collect(),
                ),
                ("Object.freeze", value) => value.clone(),
                _ => Value::Unknown,
            }
        }
        "Array.from" | "Array.of" | "new Set" | "Set" => {
            if args.get(1, "").is_callable() {
                f.escape(&Args::of(vec![args.get(1, "").clone()]), first);
            }
            match (path, first) {
                ("Array.of", _) => Value::List(args.rest(0)),
                (_, Value::Text(text)) => Value::List(text.chars().take(512).map(|c| Value::Text(c.into())).collect()),
                (_, value) => value.clone(),
            }
        }
        "Date.now" | "Math.random" | "crypto.randomUUID" | "performance.now" => Value::Text(PART.into()),
        "JSON.parse" => {
            f.escape(args, &Value::Unknown);
            Value::Unknown
        }
        "JSON.stringify" => {
            f.escape(args, &Value::Unknown);
            Value::any_text()
        }
        _ if path.starts_with("Math.") => Value::Text(PART.into()),
        _ => return None,
    })
}

/// A method of a text.
pub(super) fn method(text: &str, name: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    let both = (first.known(), args.get(1, "").known());
    Some(match name {
        "toString" | "trim" | "trimStart" | "trimEnd" | "valueOf" | "normalize" => match (name, first.known()) {
            ("toString", Some("base64" | "hex")) => Value::any_text(),
            ("trim", _) => Value::text(text.trim()),
            ("trimStart", _) => Value::text(text.trim_start()),
            ("trimEnd", _) => Value::text(text.trim_end()),
            _ => Value::text(text),
        },
        "toLowerCase" => Value::Text(text.to_lowercase()),
        "toUpperCase" => Value::Text(text.to_uppercase()),
        "replace" | "replaceAll" => match both {
            (Some(from), Some(to)) if !from.is_empty() && to.len() < 256 => {
                Value::Text(if name == "replace" { text.replacen(from, to, 1) } else { text.replace(from, to) })
            }
            _ => {
                return args
                    .list
                    .iter()
                    .any(Value::is_callable)
                    .then_some(())
                    .map_or(Some(Value::any_text()), |()| None);
            }
        },
        "split" => match first.known() {
            Some("") => Value::List(text.chars().take(512).map(|c| Value::Text(c.into())).collect()),
            Some(mark) => Value::List(text.split(mark).take(512).map(Value::text).collect()),
            None => Value::Each(Box::new(Value::any_text())),
        },
        "concat" => {
            let mut whole = text.to_owned();
            args.list.iter().for_each(|value| whole.push_str(&value.to_text()));
            if args.open { Value::any_text() } else { Value::Text(whole) }
        }
        "repeat" => match first {
            Value::Number(times) => {
                let times = usize::try_from(*times).unwrap_or_default();
                if times.saturating_mul(text.len()) > 4_096 {
                    Value::any_text()
                } else {
                    Value::Text(text.repeat(times))
                }
            }
            _ => Value::any_text(),
        },
        "charAt" | "at" => match first {
            Value::Number(at) => {
                let letter = usize::try_from(*at).ok().and_then(|at| text.chars().nth(at));
                letter.map_or(Value::any_text(), |c| Value::Text(c.into()))
            }
            _ => Value::any_text(),
        },
        "slice" | "substring" | "substr" => cut(text, name, args),
        "charCodeAt" | "codePointAt" | "indexOf" | "lastIndexOf" | "search" | "localeCompare" => {
            Value::Text(PART.into())
        }
        "padStart" | "padEnd" | "text" | "json" => Value::any_text(),
        "includes" | "startsWith" | "endsWith" | "match" | "test" => Value::Unknown,
        _ => return None,
    })
}

fn cut(text: &str, name: &str, args: &Args) -> Value {
    let letters: Vec<char> = text.chars().collect();
    let length = i64::try_from(letters.len()).unwrap_or(i64::MAX);
    let place = |value: &Value, missing: i64| match value {
        Value::Nothing => Some(missing),
        Value::Number(at) if *at < 0 => Some((at + length).max(0)),
        Value::Number(at) => Some((*at).min(length)),
        _ => None,
    };
    let (Some(from), Some(to)) = (place(args.get(0, ""), 0), place(args.get(1, ""), length)) else {
        return Value::any_text();
    };
    let to = if name == "substr" && !matches!(args.get(1, ""), Value::Nothing) { (from + to).min(length) } else { to };
    let (from, to) = (usize::try_from(from).unwrap_or_default(), usize::try_from(to).unwrap_or_default());
    Value::Text(letters.get(from..to).unwrap_or_default().iter().collect())
}

/// A method of a list.
pub(super) fn list(f: &mut Follower<'_, '_, '_>, values: &[Value], name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    Some(match name {
        "join" => {
            let mark = match &first {
                Value::Nothing => ",".to_owned(),
                mark => mark.to_text(),
            };
            let joined = values.iter().map(Value::to_text).collect::<Vec<_>>().join(&mark);
            Value::Text(if joined.len() > 65_536 { ANY.to_string() } else { joined })
        }
        "reverse" | "toReversed" => Value::List(values.iter().rev().cloned().collect()),
        "concat" => {
            let mut all = values.to_vec();
            for value in &args.list {
                match value {
                    Value::List(more) => all.extend(more.iter().cloned()),
                    Value::Each(value) => all.push((**value).clone()),
                    value => all.push(value.clone()),
                }
            }
            Value::List(all)
        }
        "slice" | "flat" | "sort" | "values" | "toSorted" if !first.is_callable() => match (name, &first) {
            ("slice", Value::Number(from)) if args.list.len() == 1 && *from >= 0 => {
                Value::List(values.iter().skip(usize::try_from(*from).unwrap_or_default()).cloned().collect())
            }
            ("slice", Value::Number(_)) => Value::Each(Box::new(Value::List(values.to_vec()).element())),
            _ => Value::List(values.to_vec()),
        },
        "map" | "forEach" | "flatMap" if first.is_callable() && values.len() <= 128 => {
            let results = values.iter().map(|value| f.call(first.clone(), &Args::of(vec![value.clone()]))).collect();
            Value::List(results)
        }
        "at" | "pop" | "shift" | "find" => {
            f.escape(args, &Value::List(values.to_vec()));
            Value::List(values.to_vec()).element()
        }
        "push" | "unshift" | "includes" | "indexOf" | "fill" => Value::Unknown,
        "toString" => Value::Text(text::characters(values)),
        _ => return None,
    })
}
