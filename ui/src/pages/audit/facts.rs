//! An entry's facts as rows of a table; masked values and what could hide are marked.

use serde_json::Value;

/// Rows drawn at most; the copy as JSON has them all.
const MOST: usize = 120;
/// What people look for first, in this order.
const FIRST: &[&str] = &[
    "says", "summary", "tool", "effect", "verdict", "decision", "risk", "because", "rule", "matched", "signals",
    "project", "cwd",
];

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Plain(String),
    /// A masked value: its type, and the digits by which equal ones are recognised.
    Masked {
        kind: String,
        digits: String,
    },
    /// A character that cannot be seen or changes the direction of text, by name.
    Hidden(String),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: Vec<Piece>,
}

/// The rows, and how many were left out.
pub(super) fn facts(data: &Value) -> (Vec<Fact>, usize) {
    let mut found = Vec::new();
    collect(String::new(), data, &mut found);
    found.sort_by_key(|fact| {
        let first = fact.name.split(" › ").next().unwrap_or_default();
        FIRST.iter().position(|name| *name == first).unwrap_or(FIRST.len())
    });
    let over = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    (found, over)
}

fn collect(name: String, value: &Value, found: &mut Vec<Fact>) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name} › {key}") };
    let row = |text: &str| Fact { name: name.clone(), value: pieces(text) };
    match value {
        Value::Null => {}
        Value::Bool(yes) => found.push(row(if *yes { "yes" } else { "no" })),
        Value::Number(number) => found.push(row(&number.to_string())),
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => found.push(row(text)),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            let lines: Vec<String> = items.iter().map(scalar).collect();
            if !lines.is_empty() {
                found.push(row(&lines.join("\n")));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(below(&(at + 1).to_string()), item, found);
            }
        }
        Value::Object(members) => {
            for (key, item) in members {
                collect(below(&key.replace('_', " ")), item, found);
            }
        }
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

const MASK: &str = "[masked:";

/// A text in pieces.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((kind, digits, behind)) = masked(rest) {
            end(&mut plain, &mut out);
            out.push(Piece::Masked { kind: kind.replace('_', " "), digits: digits.to_owned() });
            rest = behind;
            continue;
        }
        if hides(first) {
            end(&mut plain, &mut out);
            out.push(Piece::Hidden(format!("U+{:04X}", u32::from(first))));
        } else {
            plain.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    end(&mut plain, &mut out);
    out
}

fn end(plain: &mut String, out: &mut Vec<Piece>) {
    if !plain.is_empty() {
        out.push(Piece::Plain(std::mem::take(plain)));
    }
}

/// `[masked:<type>:<8 hex digits>]` at the start, and what is behind it.
fn masked(text: &str) -> Option<(&str, &str, &str)> {
    let (inside, behind) = text.strip_prefix(MASK)?.split_once(']')?;
    let (kind, digits) = inside.rsplit_once(':')?;
    let hex = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let word = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    (hex && word).then_some((kind, digits, behind))
}

/// Control characters but line breaks and tabs, marks of direction, and what has no width.
fn hides(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' => true,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_are_rows_with_readable_names() {
        let data = json!({
            "tool": "Bash", "effect": { "command": "ls", "sandbox": null, "cwd_is": "/a" }, "signals": ["x", "y"],
            "files": [{ "path": "a" }], "empty": "", "ok": true, "n": 3,
        });
        let (rows, over) = facts(&data);
        let flat: Vec<_> = rows.iter().map(|row| format!("{}={:?}", row.name, row.value)).collect();
        let plain = |text: &str| format!("{:?}", vec![Piece::Plain(text.to_owned())]);
        let expected = [
            ("effect › command", "ls"),
            ("effect › cwd is", "/a"),
            ("files › 1 › path", "a"),
            ("n", "3"),
            ("ok", "yes"),
            ("signals", "x\ny"),
            ("tool", "Bash"),
        ];
        let expected: Vec<_> = expected.iter().map(|(name, text)| format!("{name}={}", plain(text))).collect();
        let mut flat = flat;
        flat.sort();
        assert_eq!((flat, over), (expected, 0));
    }

    #[test]
    fn many_facts_are_cut_and_counted() {
        let many: Vec<_> = (0..150).map(|at| json!({ "a": at })).collect();
        let (rows, over) = facts(&json!(many));
        assert_eq!((rows.len(), over), (MOST, 30));
        assert_eq!(facts(&Value::Null), (Vec::new(), 0));
    }

    #[test]
    fn masked_and_hidden_parts_are_told_apart() {
        let found = pieces("key=[masked:github_token:0a1b2c3d] é\u{202e}x [masked:bad:12] [masked:");
        assert_eq!(
            found,
            [
                Piece::Plain("key=".to_owned()),
                Piece::Masked { kind: "github token".to_owned(), digits: "0a1b2c3d".to_owned() },
                Piece::Plain(" é".to_owned()),
                Piece::Hidden("U+202E".to_owned()),
                Piece::Plain("x [masked:bad:12] [masked:".to_owned()),
            ]
        );
    }
}
