//! Texts: decoding, formatting, and how a text with holes is shown to others.

use super::value::{ANY, PART, Value, has_hole, joined};

/// What stands in a shell's text where a value is put in at run time.
const SHELL_HOLE: &str = "$UNKNOWN";
/// Longest text that is decoded (bytes).
const LONGEST: usize = 64 * 1024;

/// As a shell's text. Inside single quotes the hole leaves them, so that it stays one.
pub(super) fn shell(text: &str) -> String {
    if !has_hole(text) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let (mut single, mut double, mut escaped) = (false, false, false);
    for c in text.chars() {
        if c == ANY || c == PART {
            shown.push_str(&if single { format!("'\"{SHELL_HOLE}\"'") } else { SHELL_HOLE.to_owned() });
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if !single => escaped = true,
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            _ => {}
        }
        if shown.ends_with(SHELL_HOLE) && (c.is_alphanumeric() || c == '_') {
            // The name of the variable must not go on.
            shown.truncate(shown.len() - SHELL_HOLE.len());
            shown.push_str("${UNKNOWN}");
        }
        shown.push(c);
    }
    shown
}

/// As a path: a name in a folder stands as `*`; with any other hole it cannot be told.
pub(super) fn path(text: &str) -> Option<String> {
    if text.contains(ANY) || text.is_empty() {
        return None;
    }
    let path = text.strip_prefix("file://").unwrap_or(text);
    Some(path.replace(PART, "*"))
}

/// As a web address: the host must be known, what follows it need not.
pub(super) fn url(text: &str) -> Option<String> {
    if !has_hole(text) {
        return Some(text.to_owned()).filter(|text| !text.is_empty());
    }
    let hole = text.find([ANY, PART])?;
    let start = text.find("://").map_or(0, |at| at + 3);
    let host_known = text.get(start..hole).is_some_and(|host| host.contains(['/', '?', '#', ':']));
    host_known.then(|| text.replace([ANY, PART], "*"))
}

/// As a statement.
pub(super) fn sql(text: &str) -> String {
    text.replace([ANY, PART], "?")
}

/// As an argument of a program: a hole that may be anything cannot be told.
pub(super) fn argument(text: &str) -> Option<String> {
    (!text.contains(ANY)).then(|| text.replace(PART, "*"))
}

/// Whether a text begins like a statement for a database.
pub(super) fn is_sql(text: &str) -> bool {
    const VERBS: &[&str] = &[
        "select", "insert", "update", "delete", "create", "drop", "alter", "truncate", "with", "explain", "copy",
        "grant", "revoke", "replace", "merge", "vacuum", "attach", "pragma", "begin", "do", "execute", "set",
    ];
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let word = text[..end].to_ascii_lowercase();
    VERBS.contains(&word.as_str()) && (text[end..].starts_with(char::is_whitespace) || word == "begin")
        || text.starts_with("--")
        || text.starts_with("/*")
}

/// Bytes as a text.
fn bytes(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().iter().map(|byte| char::from(*byte)).collect())
}

/// Base64 in either alphabet; `None` when it is none.
pub(super) fn base64(text: &str) -> Option<String> {
    if has_hole(text) || text.len() > LONGEST {
        return None;
    }
    let (mut out, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    for c in text.bytes() {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' | b'\n' | b'\r' | b' ' => continue,
            _ => return None,
        };
        buffer = (buffer << 6 | u32::from(digit)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(buffer >> bits & 0xff).unwrap_or_default());
        }
    }
    Some(bytes(out))
}

/// Pairs of hexadecimal digits; blanks between them are passed over.
pub(super) fn hex(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if digits.is_empty() || digits.len() > LONGEST {
        return None;
    }
    let out: Option<Vec<u8>> =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    out.map(bytes)
}

/// `%41` escapes of a web address.
pub(super) fn unquote(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let raw = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        let value = (*byte == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok()))
            .flatten();
        out.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    bytes(out)
}

pub(super) fn rot13(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='m' | 'A'..='M' => char::from(u8::try_from(c).unwrap_or_default() + 13),
            'n'..='z' | 'N'..='Z' => char::from(u8::try_from(c).unwrap_or_default() - 13),
            other => other,
        })
        .collect()
}

/// Numbers as the characters they stand for.
pub(super) fn characters(values: &[Value]) -> String {
    values
        .iter()
        .map(|value| match value {
            Value::Number(number) => {
                u32::try_from(*number).ok().and_then(char::from_u32).map_or(ANY.to_string(), |c| c.to_string())
            }
            other => other.to_text(),
        })
        .fold(String::new(), |text, piece| joined(text, &piece))
}

/// `%s`, `%d`, `%(name)s` of C's family.
pub(super) fn percent(format: &str, values: &[Value], named: &[(String, Value)]) -> String {
    let (mut out, mut rest, mut next) = (String::new(), format, 0);
    while let Some(at) = rest.find('%') {
        out = joined(out, &rest[..at]);
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix('%') {
            out.push('%');
            rest = tail;
            continue;
        }
        let mut name = None;
        if let Some(tail) = rest.strip_prefix('(')
            && let Some(end) = tail.find(')')
        {
            name = Some(&tail[..end]);
            rest = &tail[end + 1..];
        }
        let length = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let letter = rest[length..].chars().next();
        rest = rest.get(length + letter.map_or(0, char::len_utf8)..).unwrap_or_default();
        let value = match name {
            Some(name) => named.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            None => values.get(next),
        };
        next += 1;
        let piece = match (letter, value) {
            (Some('c'), Some(Value::Number(number))) => characters(&[Value::Number(*number)]),
            (Some('d' | 'i' | 'u' | 'f' | 'x' | 'X'), Some(Value::Number(number))) if length == 0 => number.to_string(),
            (Some('d' | 'i' | 'u' | 'f' | 'x' | 'X' | 'g' | 'e'), _) => PART.to_string(),
            (_, Some(value)) => value.to_text(),
            _ => ANY.to_string(),
        };
        out = joined(out, &piece);
    }
    joined(out, rest)
}

/// `{}`, `{0}`, `{name}` of Python.
pub(super) fn braces(format: &str, values: &[Value], named: &[(String, Value)]) -> String {
    let (mut out, mut rest, mut next) = (String::new(), format, 0);
    while let Some(at) = rest.find(['{', '}']) {
        out = joined(out, &rest[..at]);
        let doubled = rest[at + 1..].starts_with(&rest[at..=at]);
        if doubled || rest[at..].starts_with('}') {
            out.push_str(&rest[at..=at]);
            rest = &rest[at + 1 + usize::from(doubled)..];
            continue;
        }
        let Some(end) = rest[at..].find('}') else { break };
        let field = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        let name = field.split(['!', ':']).next().unwrap_or_default();
        let value = if name.is_empty() {
            next += 1;
            values.get(next - 1)
        } else if let Ok(position) = name.parse::<usize>() {
            values.get(position)
        } else {
            named.iter().find(|(key, _)| key == name).map(|(_, value)| value)
        };
        let numeric = field.ends_with(['d', 'f']) && field.contains(':');
        let piece = value.map_or(ANY.to_string(), Value::to_text);
        out = joined(out, if numeric && piece.contains(ANY) { "\u{f8f1}" } else { &piece });
    }
    joined(out, rest)
}

/// Joins path parts with slashes; an absolute part starts over.
pub(super) fn join_paths(parts: &[String]) -> String {
    let mut path = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if part.starts_with('/') {
            path.clear();
        } else if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path = joined(path, part);
    }
    path
}

/// The folder a path lies in.
pub(super) fn parent(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) => "/".into(),
        Some((folder, _)) => folder.into(),
        None if path == "." || path == "~" || path.contains(ANY) => format!("{path}/.."),
        None => ".".into(),
    }
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}
