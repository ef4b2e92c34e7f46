//! Canonical form and digest of what is shown and decided.
//!
//! Canonical JSON here means: object keys sorted by their UTF-8 bytes, no white space, integers only,
//! strings escaped as `serde_json` does. `docs/AUDIT-FORMAT.md` describes it for other languages.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::id::hex;

/// SHA-256 of bytes as lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Canonical JSON text of a value.
///
/// Keys are sorted here and not left to `serde_json`, whose map order depends on a feature that any
/// other crate of a build may switch on.
pub fn canonical<T: Serialize>(value: &T) -> String {
    canonical_value(&serde_json::to_value(value).expect("BUG: domain values are plain data"))
}

/// Canonical JSON text of a tree that is there already.
pub fn canonical_value(tree: &Value) -> String {
    let mut out = String::with_capacity(512);
    write(tree, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            if map.keys().is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()) {
                write_members(map.iter(), out);
            } else {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_unstable_by_key(|(key, _)| key.as_bytes());
                write_members(entries.into_iter(), out);
            }
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::String(text) => write_text(text, out),
        // Numbers with a fraction come from agents' arguments; as text they mean the same everywhere.
        Value::Number(number) if number.is_f64() => write_text(&number.to_string(), out),
        Value::Number(number) => match number.as_u64() {
            Some(number) => out.push_str(itoa::Buffer::new().format(number)),
            None => {
                let _ = write!(out, "{number}");
            }
        },
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Null => out.push_str("null"),
    }
}

fn write_members<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, out: &mut String) {
    out.push('{');
    for (index, (key, item)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(key, out);
        out.push(':');
        write(item, out);
    }
    out.push('}');
}

/// Appends `text` as a JSON string, quotes included, escaping only what JSON demands.
pub fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    loop {
        let at = plain(rest.as_bytes());
        out.push_str(&rest[..at]);
        let Some(&byte) = rest.as_bytes().get(at) else { break };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push('"');
}

/// How many bytes at the start of a text stand for themselves in a JSON string: no quote, no backslash, no control
/// character.
#[inline]
pub fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let mut at = 0;
    // Eight bytes at a time: a byte is zero exactly when taking one from it borrows into its high bit. Borrows
    // run upwards, so the lowest hit is a true one.
    while let Some(chunk) = bytes.get(at..at + 8) {
        let word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
        let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        let slash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let control = word.wrapping_sub(ONES * 0x20);
        // Neither sought character has the high bit, so that bit of the word itself rules both out.
        let hit = (quote | slash | control) & !word & HIGH;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    at + rest.iter().position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\').unwrap_or(rest.len())
}

/// SHA-256 of the canonical form as lower-case hex.
pub fn of<T: Serialize>(value: &T) -> String {
    sha256(canonical(value).as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn text_is_escaped_as_serde_json_does() {
        for code in 0..0x300_u32 {
            let text = format!("a{}b", char::from_u32(code).unwrap());
            assert_eq!(super::canonical_value(&json!(text)), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn canonical_sorts_keys_and_keeps_text() {
        let value = json!({"b": [1, null, true], "a": {"é": "x\u{1}\n", "Z": 1.5}});
        assert_eq!(super::canonical(&value), "{\"a\":{\"Z\":\"1.5\",\"é\":\"x\\u0001\\n\"},\"b\":[1,null,true]}");
    }
}
