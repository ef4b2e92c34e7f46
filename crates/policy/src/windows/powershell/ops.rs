//! Operators and casts on values as far as they are known.

use super::super::judge::code;
use super::super::look::Look;
use super::super::value::{HOLE, Kind, MOST_ITEMS, MOST_TEXT, Value, base64, decoded, number, whole};

/// Elements of a range.
const MOST_RANGE: i64 = 512;

/// `left op right`.
pub(super) fn binary(look: &mut Look<'_>, op: &str, left: &Value, right: &Value) -> Value {
    let from = left.origin().or(right.origin());
    let numbers = left.number().zip(right.number());
    let both = matches!((&left.kind, &right.kind), (Kind::Number(_), Kind::Number(_) | Kind::Text(_)));
    let out = match op {
        "+" if both && numbers.is_some() => numbers.map(|(a, b)| Kind::Number(a + b).into()),
        "+" => Some(added(left, right)),
        "-" => numbers.map(|(a, b)| Kind::Number(a - b).into()),
        "/" => numbers.filter(|(_, b)| *b != 0.0).map(|(a, b)| Kind::Number(a / b).into()),
        "%" => numbers.filter(|(_, b)| *b != 0.0).map(|(a, b)| Kind::Number(a % b).into()),
        "*" => times(look, left, right),
        "f" => Some(format(left, right)),
        "join" => Some(joined(left, &right.shown())),
        "split" => split(left, right),
        "replace" => replaced(left, right),
        ".." => range(left, right),
        "bxor" | "band" | "bor" | "shl" | "shr" => bits(op, left, right),
        "as" => match &right.kind {
            Kind::Type(name) => Some(cast(look, name, left)),
            _ => None,
        },
        _ => None,
    };
    out.unwrap_or_default().and_from(from)
}

fn added(left: &Value, right: &Value) -> Value {
    match (&left.kind, &right.kind) {
        (Kind::Nothing, _) => right.clone(),
        (Kind::List(items), _) => {
            let mut items = items.clone();
            items.extend(right.items());
            if items.len() > MOST_ITEMS { Value::unknown() } else { Kind::List(items).into() }
        }
        (Kind::Bytes(a), Kind::Bytes(b)) => Kind::Bytes(a.iter().chain(b).copied().collect()).into(),
        (Kind::Map(_), _) | (_, Kind::Block(_)) => Value::unknown(),
        (Kind::Unknown, Kind::Number(_) | Kind::List(_) | Kind::Unknown) => Value::unknown(),
        _ => Value::text(left.shown() + &right.shown()),
    }
}

fn times(look: &mut Look<'_>, left: &Value, right: &Value) -> Option<Value> {
    if let (Kind::Number(a), Some(b)) = (&left.kind, right.number()) {
        return Some(Kind::Number(a * b).into());
    }
    let times = usize::try_from(whole(right.number()?)?).ok()?;
    match &left.kind {
        Kind::Text(text) if text.len().saturating_mul(times) <= MOST_TEXT => {
            look.spend(text.len() * times).then(|| Value::text(text.repeat(times)))
        }
        Kind::List(items) if items.len().saturating_mul(times) <= MOST_ITEMS => {
            let repeated = std::iter::repeat_n(items, times).flatten().cloned().collect();
            Some(Kind::List(repeated).into())
        }
        _ => None,
    }
}

/// `'{0}{1}' -f 'a', 'b'`.
pub(super) fn format(left: &Value, right: &Value) -> Value {
    let pattern = left.shown();
    let items = right.items();
    let mut out = String::new();
    let mut rest = pattern.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            out.push_str(&brace[..1]);
            rest = &brace[2..];
            continue;
        }
        let Some((inner, after)) = brace[1..].split_once('}') else { return Value::unknown() };
        let index = inner.split([':', ',']).next().and_then(|index| index.trim().parse::<usize>().ok());
        let shaped = inner.contains([':', ',']);
        let item = index.and_then(|index| items.get(index)).filter(|_| !shaped || inner.ends_with(":s"));
        out.push_str(&item.map_or_else(|| HOLE.to_string(), Value::shown));
        if out.len() > MOST_TEXT {
            return Value::unknown();
        }
        rest = after;
    }
    out.push_str(rest);
    Value::text(out)
}

pub(super) fn joined(list: &Value, separator: &str) -> Value {
    if matches!(list.kind, Kind::Unknown | Kind::Object(_) | Kind::Files(_)) {
        return list.blurred();
    }
    let mut out = String::new();
    for (at, item) in list.items().iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(&item.shown());
        if out.len() > MOST_TEXT {
            return Value::unknown();
        }
    }
    Value::text(out).and_from(list.origin())
}

/// A pattern without anything special in it, taken literally.
fn literal(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().filter(|c| !c.is_alphanumeric())?),
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' | HOLE => return None,
            c => out.push(c),
        }
    }
    (!out.is_empty()).then_some(out)
}

fn split(left: &Value, right: &Value) -> Option<Value> {
    let text = left.known()?;
    let pattern = right.items().first()?.known()?;
    // A class of characters, as in `-split '[,;]'`.
    let class = pattern
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .filter(|set| !set.is_empty() && !set.starts_with('^') && !set.contains(['\\', '[', '-']));
    let pieces: Vec<Value> = if let Some(set) = class {
        text.split(|c| set.contains(c)).map(Value::text).collect()
    } else {
        text.split(&literal(&pattern)?).map(Value::text).collect()
    };
    (pieces.len() <= MOST_ITEMS).then(|| Kind::List(pieces).into())
}

fn replaced(left: &Value, right: &Value) -> Option<Value> {
    if let Kind::List(items) = &left.kind {
        let items: Option<Vec<Value>> = items.iter().map(|item| replaced(item, right)).collect();
        return Some(Kind::List(items?).into());
    }
    let parts = right.items();
    let pattern = literal(&parts.first()?.known()?)?;
    let with = parts.get(1).map(Value::shown).unwrap_or_default();
    if with.contains('$') {
        return None;
    }
    let text = left.shown();
    (!matches!(left.kind, Kind::Unknown)).then(|| Value::text(replace_any_case(&text, &pattern, &with)))
}

/// Replaces a literal text in any case.
pub(crate) fn replace_any_case(text: &str, pattern: &str, with: &str) -> String {
    let (lower, pattern) = (text.to_ascii_lowercase(), pattern.to_ascii_lowercase());
    let mut out = String::new();
    let mut at = 0;
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find(&pattern)) {
        out.push_str(&text[at..at + found]);
        out.push_str(with);
        at += found + pattern.len();
        if out.len() > MOST_TEXT {
            break;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn range(left: &Value, right: &Value) -> Option<Value> {
    let (from, to) = (whole(left.number()?)?, whole(right.number()?)?);
    if (from - to).abs() > MOST_RANGE {
        return None;
    }
    let one = |at: i64| -> Option<Value> { Some(Kind::Number(f64::from(i32::try_from(at).ok()?)).into()) };
    let items: Option<Vec<Value>> =
        if from <= to { (from..=to).map(one).collect() } else { (to..=from).rev().map(one).collect() };
    Some(Kind::List(items?).into())
}

fn bits(op: &str, left: &Value, right: &Value) -> Option<Value> {
    let value = |value: &Value| {
        let one = value.known().filter(|text| text.chars().count() == 1 && number(text).is_none());
        one.and_then(|text| text.chars().next()).map(|c| i64::from(u32::from(c))).or_else(|| whole(value.number()?))
    };
    let (a, b) = (value(left)?, value(right)?);
    let out = match op {
        "bxor" => a ^ b,
        "band" => a & b,
        "bor" => a | b,
        "shl" => a.checked_shl(u32::try_from(b).ok()?)?,
        _ => a.checked_shr(u32::try_from(b).ok()?)?,
    };
    Some(Kind::Number(f64::from(i32::try_from(out).ok()?)).into())
}

/// Operators and casts before a value.
pub(super) fn unary(look: &mut Look<'_>, op: &str, value: &Value) -> Value {
    let from = value.origin();
    let out = match op {
        "," => return value.clone(),
        "-" => value.number().map(|number| Kind::Number(-number).into()),
        "join" => Some(joined(value, "")),
        "split" | "isplit" | "csplit" => value.known().map(|text| {
            let pieces: Vec<Value> = text.split_whitespace().take(MOST_ITEMS).map(Value::text).collect();
            Kind::List(pieces).into()
        }),
        op => op.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(|name| cast(look, name, value)),
    };
    out.unwrap_or_default().and_from(from)
}

/// `[name]value`.
pub(super) fn cast(look: &mut Look<'_>, name: &str, value: &Value) -> Value {
    let base = name.rsplit('.').next().unwrap_or(name);
    match base {
        "void" => Value::nothing(),
        "char" => character(value),
        "char[]" => match &value.kind {
            Kind::Text(text) if !text.contains(HOLE) && text.len() <= MOST_ITEMS => {
                Kind::List(text.chars().map(Value::text).collect()).into()
            }
            _ => each(value, character),
        },
        "int" | "int32" | "int64" | "long" | "byte" | "uint32" | "double" | "single" | "decimal" | "float"
        | "int16" | "uint64" | "uint16" | "sbyte" => code_of(value),
        "int[]" | "int32[]" => each(value, code_of),
        "byte[]" => bytes(value),
        "string" => match &value.kind {
            Kind::List(_) => joined(value, " "),
            Kind::Block(block) => Value::text(block.text.as_str()),
            Kind::Type(_) | Kind::Files(_) | Kind::Text(_) => value.clone(),
            _ => Value::text(value.shown()),
        },
        "scriptblock" => {
            if !matches!(value.kind, Kind::Block(_)) {
                code::runs(look, value, "[scriptblock]");
            }
            value.clone()
        }
        "type" => value.known().map_or_else(Value::unknown, |text| {
            let text = text.to_lowercase();
            Kind::Type(text.strip_prefix("system.").unwrap_or(&text).to_owned()).into()
        }),
        "wmiclass" => Value::object(&format!("wmi:{}", value.shown().to_lowercase())),
        "adsi" => {
            look.tell("network", clawbutler_core::risk::RiskLevel::Medium, "Asks a directory", "[adsi]");
            Value::unknown()
        }
        _ => value.clone(),
    }
}

fn each(value: &Value, one: fn(&Value) -> Value) -> Value {
    match &value.kind {
        Kind::List(items) => Kind::List(items.iter().map(one).collect()).into(),
        Kind::Unknown => Value::unknown(),
        _ => Kind::List(value.items().iter().map(one).collect()).into(),
    }
}

fn character(value: &Value) -> Value {
    if let Kind::List(_) = value.kind {
        return each(value, character);
    }
    let single = value.known().filter(|text| text.chars().count() == 1 && !matches!(value.kind, Kind::Number(_)));
    let code = || value.number().and_then(whole).and_then(|code| char::from_u32(u32::try_from(code).ok()?));
    single.or_else(|| code().filter(|c| *c != HOLE).map(String::from)).map_or_else(Value::unknown, Value::text)
}

fn code_of(value: &Value) -> Value {
    if let Some(number) = value.number() {
        return Kind::Number(number).into();
    }
    let mut chars = value.known().unwrap_or_default().chars().collect::<Vec<_>>();
    match (chars.pop(), chars.is_empty()) {
        (Some(c), true) => Kind::Number(f64::from(u32::from(c))).into(),
        _ => Value::unknown(),
    }
}

fn bytes(value: &Value) -> Value {
    let byte = |item: &Value| item.number().and_then(whole).and_then(|byte| u8::try_from(byte).ok());
    match &value.kind {
        Kind::Bytes(_) => value.clone(),
        Kind::List(items) => {
            let bytes: Option<Vec<u8>> = items.iter().map(byte).collect();
            bytes.map_or_else(Value::unknown, |bytes| Kind::Bytes(bytes).into())
        }
        _ => Value::unknown(),
    }
}

/// Base64 text as bytes; what it says has been seen by nobody.
pub(super) fn from_base64(text: &Value) -> Value {
    let bytes = text.known().and_then(|text| base64(&text));
    let mut out: Value = bytes.map_or_else(Value::unknown, |bytes| Kind::Bytes(bytes).into());
    out.from = text.origin();
    out.from.decoded = true;
    out
}

/// Bytes as text in an encoding.
pub(super) fn text_of(bytes: &Value, wide: bool) -> Value {
    let text = match &bytes.kind {
        Kind::Bytes(bytes) => decoded(bytes, wide),
        Kind::List(_) => match &self::bytes(bytes).kind {
            Kind::Bytes(bytes) => decoded(bytes, wide),
            _ => None,
        },
        _ => None,
    };
    text.map_or_else(Value::unknown, Value::text).and_from(bytes.origin())
}
