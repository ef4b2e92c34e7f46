//! Masks inside a JSON value: strings, numbers, the names of fields, and whatever lies under a name that says secret.

use serde_json::{Map, Value};

use super::look::{is_reference, opaque, random};
use super::words::{self, Field};
use super::{Choice, MaskKey, find, replace, scan, token};

/// Longest text that is looked at together with the name of its field (bytes).
const WITH_NAME: usize = 64;
/// Least digits of a number that may be an id, a card or a telephone number.
const DIGITS: usize = 7;
/// The least number of so many digits.
const SMALL: u64 = 1_000_000;
/// Least digits of a number under a name that says secret.
const SECRET_DIGITS: usize = 4;

/// Masks every string, number and field name of a JSON value. A number that is masked becomes the string of its mask.
pub fn mask_value(value: &mut Value, key: &MaskKey) {
    mask_value_with(value, key, key.choice());
}

/// The same with choices.
pub fn mask_value_with(value: &mut Value, key: &MaskKey, choice: Choice) {
    Walk { key, choice }.value(value, "", Field::Plain);
}

struct Walk<'k> {
    key: &'k MaskKey,
    choice: Choice,
}

impl Walk<'_> {
    /// A value under a name; `under` is what the names above say.
    fn value(&self, value: &mut Value, name: &str, under: Field) {
        match value {
            Value::String(text) => self.text(text, name, under),
            Value::Array(items) => self.array(items, name, under),
            Value::Object(map) => self.object(map, under),
            Value::Number(number) => {
                if under == Field::Plain && number.as_u64().is_some_and(|number| number < SMALL) {
                    return;
                }
                if let Some(mask) = self.number(&number.to_string(), name, under) {
                    *value = Value::String(mask);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Items of a list; in a list of arguments the one behind `--password` is a secret.
    fn array(&self, items: &mut [Value], name: &str, under: Field) {
        let mut option = Field::Plain;
        for item in items {
            let next = match item.as_str() {
                Some(text) if text.starts_with('-') && !text.contains([' ', '=']) => words::field(text),
                _ => Field::Plain,
            };
            self.value(item, name, if option == Field::Plain { under } else { option });
            option = next;
        }
    }

    fn text(&self, text: &mut String, name: &str, under: Field) {
        let secret = match under {
            Field::Secret => !text.is_empty() && !is_reference(text),
            Field::Random => opaque(text),
            Field::Plain => false,
        };
        if secret {
            *text = token("named_secret", text, self.key);
        } else if let Some(masked) = self.with_name(text, name) {
            *text = masked;
        } else if !scan::is_plain_word(text) {
            let found = find(text, self.choice);
            if !found.is_empty() {
                *text = replace(text, &found, self.key);
            }
        }
    }

    fn number(&self, number: &str, name: &str, under: Field) -> Option<String> {
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        if under == Field::Secret && digits >= SECRET_DIGITS && !counts(name, digits) {
            return Some(token("named_secret", number, self.key));
        }
        if digits < DIGITS || number.contains(['.', 'e', '-']) {
            return None;
        }
        // Only the whole number is masked: a number has no parts.
        let text = format!("{name}: {number}");
        let found = find(&text, self.choice);
        let whole = found.iter().find(|one| one.start == name.len() + 2 && one.end == text.len())?;
        Some(token(whole.kind, number, self.key))
    }

    /// A short text with digits, looked at beside its name: `"bsn": "111222333"`.
    fn with_name(&self, text: &str, name: &str) -> Option<String> {
        let short = text.len() <= WITH_NAME && !name.is_empty();
        if !short
            || text.bytes().filter(u8::is_ascii_digit).count() < DIGITS
            || is_digest(text) && !scan::announces(name)
        {
            return None;
        }
        let whole = format!("{name}: {text}");
        let from = name.len() + 2;
        let mut found = find(&whole, self.choice);
        found.retain(|one| one.start >= from);
        for one in &mut found {
            one.start -= from;
            one.end -= from;
        }
        (!found.is_empty()).then(|| replace(text, &found, self.key))
    }

    fn object(&self, map: &mut Map<String, Value>, under: Field) {
        let (mut key_parts, mut manifest, mut named) = (false, false, None);
        for (name, item) in map.iter() {
            match name.as_str() {
                "kty" => key_parts = true,
                "kind" => manifest = item == "Secret",
                // `{"name": "DB_PASSWORD", "value": "x"}`, as environments are written.
                "key" | "name" => named = item.as_str().or(named),
                _ => {}
            }
        }
        let named = named.map_or(Field::Plain, words::field);
        let mut renamed = false;
        for (name, item) in map.iter_mut() {
            let own = words::field(name);
            let part = key_parts && matches!(name.as_str(), "d" | "p" | "q" | "dp" | "dq" | "qi" | "k");
            let field = if own == Field::Secret || part || manifest && matches!(name.as_str(), "data" | "stringData") {
                Field::Secret
            } else if own == Field::Random {
                Field::Random
            } else if name == "value" && named != Field::Plain {
                named
            } else if loose(name, item) {
                Field::Secret
            } else if under != Field::Plain && words::about(name) {
                // `{"password": {"type": "string"}}` speaks of one.
                Field::Plain
            } else {
                under
            };
            self.value(item, name, field);
            renamed |= !scan::is_plain_word(name) && !find(name, self.choice).is_empty();
        }
        if renamed {
            self.rename(map);
        }
    }

    /// Masks the names of fields; where two become one name, the later one gets a number.
    fn rename(&self, map: &mut Map<String, Value>) {
        for (name, item) in std::mem::take(map) {
            let masked = replace(&name, &find(&name, self.choice), self.key);
            let mut free = masked.clone();
            let mut number = 2_u32;
            while map.contains_key(&free) {
                free = format!("{masked}_{number}");
                number += 1;
            }
            map.insert(free, item);
        }
    }
}

/// Hexadecimal digits, more than any account or id has: a name that announces one of those says nothing of it.
fn is_digest(text: &str) -> bool {
    const LONGEST_ACCOUNT: usize = 34;
    text.len() > LONGEST_ACCOUNT
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Names as `auth` and `pin` stand for other things too: the value has to look like a secret.
fn loose(name: &str, item: &Value) -> bool {
    let word = name.rsplit(['_', '-']).next().unwrap_or_default();
    let Value::String(text) = item else { return false };
    if !words::is_loose(word) {
        return false;
    }
    match word.to_ascii_lowercase().as_str() {
        "pin" => (4..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()),
        "auth" => text.len() >= 8 && !text.contains(' ') && (opaque(text) || text.len() >= 8 && random(text)),
        "pat" | "salt" | "pepper" => opaque(text) || random(text) && text.len() >= 12,
        _ => false,
    }
}

/// Whether a number under this name counts tokens (`max_token`).
fn counts(name: &str, digits: usize) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.contains("token")
        && (digits < 6
            || ["max", "min", "input", "output", "total", "num", "prompt", "completion", "per", "cache", "count"]
                .iter()
                .any(|word| lower.contains(word)))
}
