//! Masks secrets before anything is written, and makes invisible characters visible.
//!
//! A masked value becomes `[masked:<type>:<8 hex digits>]`; the digits are a keyed digest (HMAC-SHA-256
//! with a key that never leaves the machine), so equal secrets are recognised as equal without being
//! stored and without being guessable from an export. First form: well-known key shapes, passwords in
//! URLs and assignments to names that say secret.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::id::hex;

/// The machine's masking key (32 bytes). Its `Debug` shows nothing.
#[derive(Clone)]
pub struct MaskKey(pub [u8; 32]);

impl std::fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskKey(..)")
    }
}

/// Prefix, type name, least number of following token characters.
const PREFIXES: &[(&str, &str, usize)] = &[
    ("sk-ant-", "anthropic_key", 16),
    ("sk-proj-", "openai_key", 16),
    ("sk-or-", "openrouter_key", 16),
    ("sk_live_", "stripe_key", 12),
    ("rk_live_", "stripe_key", 12),
    ("sk-", "api_key", 20),
    ("github_pat_", "github_token", 20),
    ("ghp_", "github_token", 20),
    ("gho_", "github_token", 20),
    ("ghu_", "github_token", 20),
    ("ghs_", "github_token", 20),
    ("ghr_", "github_token", 20),
    ("glpat-", "gitlab_token", 16),
    ("xoxb-", "slack_token", 10),
    ("xoxp-", "slack_token", 10),
    ("xapp-", "slack_token", 10),
    ("AKIA", "aws_key", 16),
    ("ASIA", "aws_key", 16),
    ("AIza", "google_key", 30),
    ("npm_", "npm_token", 30),
    ("pypi-", "pypi_token", 30),
    ("hf_", "huggingface_token", 30),
    ("SG.", "sendgrid_key", 30),
    ("eyJ", "jwt", 40),
];

/// Parts of a variable or option name that make its value a secret.
const SECRET_NAMES: &[&str] = &[
    "password", "passwd", "secret", "token", "api_key", "api-key", "apikey", "access_key", "access-key", "private_key",
    "private-key", "credential",
];

/// Masks every string inside a JSON value, keys excepted.
pub fn mask_value(value: &mut Value, key: &MaskKey) {
    match value {
        Value::String(text) => *text = mask_text(text, key),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_value(item, key)),
        Value::Object(map) => {
            for (name, item) in map.iter_mut() {
                match item {
                    Value::String(text) if says_secret(name) && !text.is_empty() => {
                        *text = token("named_secret", text, key);
                    }
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_)
                    | Value::Object(_) => mask_value(item, key),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Masks the secrets in one text.
pub fn mask_text(text: &str, key: &MaskKey) -> String {
    let mut spans = spans(text);
    if spans.is_empty() {
        return text.to_owned();
    }
    spans.sort_by_key(|&(start, end, _)| (start, std::cmp::Reverse(end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end, kind) in spans {
        if start < at {
            continue;
        }
        out.push_str(&text[at..start]);
        out.push_str(&token(kind, &text[start..end], key));
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

fn token(kind: &str, secret: &str, key: &MaskKey) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("BUG: HMAC takes a key of any length");
    mac.update(secret.as_bytes());
    format!("[masked:{kind}:{}]", hex(&mac.finalize().into_bytes()[..4]))
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=' | '~')
}

fn says_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part)) && !name.ends_with("_tokens") && name != "max_tokens"
}

type Span = (usize, usize, &'static str);

fn spans(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    private_keys(text, &mut found);
    url_passwords(text, &mut found);
    let mut start = None;
    for (index, c) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        match (is_token_char(c), start) {
            (true, None) => start = Some(index),
            (false, Some(from)) => {
                word(text, from, index, &mut found);
                start = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    assignments(text, &mut found);
    found
}

/// A run of token characters may hold a key after `=` or `/`, so look at every place a key can start.
fn word(text: &str, from: usize, to: usize, found: &mut Vec<Span>) {
    for (at, _) in text[from..to].char_indices() {
        let at = from + at;
        if at > from && text.as_bytes()[at - 1].is_ascii_alphanumeric() {
            continue;
        }
        let rest = &text[at..to];
        for (prefix, kind, least) in PREFIXES {
            if let Some(tail) = rest.strip_prefix(prefix) {
                let body = tail.find(['/', '=']).unwrap_or(tail.len());
                if body >= *least && (*kind != "jwt" || tail.matches('.').count() >= 2) {
                    found.push((at, at + prefix.len() + body, kind));
                    return;
                }
            }
        }
    }
}

fn private_keys(text: &str, found: &mut Vec<Span>) {
    let mut at = 0;
    while let Some(begin) = text[at..].find("-----BEGIN ").map(|offset| at + offset) {
        let line_end = text[begin..].find('\n').map_or(text.len(), |offset| begin + offset);
        let end = text[begin..].find("-----END ").map_or(text.len(), |offset| {
            let end = begin + offset;
            text[end..].find('\n').map_or(text.len(), |tail| end + tail)
        });
        if text[begin..line_end].contains("PRIVATE KEY") {
            found.push((begin, end, "private_key"));
        }
        at = end.max(begin + 1);
    }
}

fn url_passwords(text: &str, found: &mut Vec<Span>) {
    for (scheme, _) in text.match_indices("://") {
        let from = scheme + 3;
        let rest = &text[from..];
        let end = rest.find(|c: char| c == '/' || c.is_whitespace() || c == '"' || c == '\'').unwrap_or(rest.len());
        if let Some(at) = rest[..end].rfind('@')
            && let Some(colon) = rest[..at].find(':')
            && colon + 1 < at
        {
            found.push((from + colon + 1, from + at, "url_password"));
        }
    }
}

/// `NAME=value`, `--name value`, `--name=value`, `name: value`, `Bearer value`.
fn assignments(text: &str, found: &mut Vec<Span>) {
    for (index, c) in text.char_indices().filter(|(_, c)| matches!(c, '=' | ':' | ' ')) {
        let name_start = text[..index]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
            .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
        let name = &text[name_start..index];
        let named = match c {
            ' ' => (name.starts_with("--") && says_secret(name)) || name.eq_ignore_ascii_case("bearer"),
            _ => says_secret(name),
        };
        if !named {
            continue;
        }
        let rest = &text[index + 1..];
        let skipped = rest.len() - rest.trim_start_matches([' ', '"', '\'']).len();
        let value = &rest[skipped..];
        let quote = rest[..skipped].chars().last().filter(|c| matches!(c, '"' | '\''));
        let end = match quote {
            Some(quote) => value.find(quote),
            None => value.find(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | ')' | '"' | '\'' | ',')),
        }
        .unwrap_or(value.len());
        let secret = &value[..end];
        // `$TOKEN` names a secret without holding one; a masked value stays as it is.
        if secret.len() >= 4 && !secret.starts_with('$') && !secret.starts_with("[masked:") && !secret.starts_with('-')
        {
            let from = index + 1 + skipped;
            found.push((from, from + end, "named_secret"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: MaskKey = MaskKey([7; 32]);

    #[test]
    fn well_known_secrets_are_masked_and_equal_ones_look_equal() {
        let secret = format!("sk-ant-{}", "a1B2c3D4e5F6g7H8i9J0");
        let text = format!("curl -H 'x-api-key: {secret}' https://u:hunter22@h.example/p && KEY={secret} run");
        let masked = mask_text(&text, &KEY);
        assert!(!masked.contains(&secret) && !masked.contains("hunter22"), "{masked}");
        let tokens: Vec<_> = masked.match_indices("[masked:").map(|(at, _)| masked[at..].split(']').next()).collect();
        assert_eq!(tokens.len(), 3, "{masked}");
        assert!(masked.contains("https://u:[masked:url_password:"), "{masked}");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "git commit -m 'fix: token count'", "max_tokens=4096", "echo $API_TOKEN", "rm -rf victim", "npm_config x",
            "https://example.org:8080/a@b", "password:",
        ] {
            assert_eq!(mask_text(text, &KEY), text);
        }
    }

    #[test]
    fn named_values_keys_and_blocks_are_masked() {
        for text in [
            "export DB_PASSWORD='correct horse'",
            "tool --token abcdef123456",
            "Authorization: Bearer abcdefgh12345",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n",
            "AWS=AKIAABCDEFGHIJKLMNOP",
        ] {
            let masked = mask_text(text, &KEY);
            assert!(masked.contains("[masked:"), "{text} -> {masked}");
            assert!(!masked.contains("horse") && !masked.contains("MIIE"), "{masked}");
        }
        let mut value = serde_json::json!({"password": "x1", "nested": [{"note": "ghp_abcdefghijklmnopqrstuvwx"}]});
        mask_value(&mut value, &KEY);
        assert!(value.to_string().matches("[masked:").count() == 2, "{value}");
    }
}
