//! Canonical form and digest of what is shown and decided.
//!
//! Canonical JSON here means: object keys sorted by their UTF-8 bytes, no white space, integers only,
//! strings escaped as `serde_json` does. `docs/AUDIT-FORMAT.md` describes it for other languages.

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
    let tree = serde_json::to_value(value).expect("BUG: domain values are plain data");
    let mut out = String::new();
    write(&tree, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| key.as_bytes());
            out.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
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
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).expect("BUG: text is always JSON"));
}

/// SHA-256 of the canonical form as lower-case hex.
pub fn of<T: Serialize>(value: &T) -> String {
    sha256(canonical(value).as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn canonical_sorts_keys_and_keeps_text() {
        let value = json!({"b": [1, null, true], "a": {"é": "x\u{1}\n", "Z": 1.5}});
        assert_eq!(super::canonical(&value), "{\"a\":{\"Z\":\"1.5\",\"é\":\"x\\u0001\\n\"},\"b\":[1,null,true]}");
    }
}
