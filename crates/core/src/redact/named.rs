//! Values beside a name that says secret, passwords in URLs and connection strings, private keys.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};

use super::Finding;
use super::checks::{distinct, entropy};

/// How strongly a word announces a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// What follows is a secret.
    Secret,
    /// What follows is a secret when it looks random.
    Perhaps,
    /// An authorisation scheme: the next word is a secret.
    Scheme,
    /// `://` of a URL.
    Url,
    /// The head of a key block.
    Block,
    /// An option that takes `user:password`.
    UserOption,
}

/// Words to look for, in any case.
pub(super) const WORDS: &[(&str, Says)] = &[
    ("password", Says::Secret),
    ("passwd", Says::Secret),
    ("passphrase", Says::Secret),
    ("passwort", Says::Secret),
    ("kennwort", Says::Secret),
    ("contraseña", Says::Secret),
    ("pwd", Says::Secret),
    ("secret", Says::Secret),
    ("token", Says::Secret),
    ("apikey", Says::Secret),
    ("api_key", Says::Secret),
    ("api-key", Says::Secret),
    ("accesskey", Says::Secret),
    ("access_key", Says::Secret),
    ("access-key", Says::Secret),
    ("accountkey", Says::Secret),
    ("account_key", Says::Secret),
    ("private_key", Says::Secret),
    ("private-key", Says::Secret),
    ("privatekey", Says::Secret),
    ("encryption_key", Says::Secret),
    ("signing_key", Says::Secret),
    ("master_key", Says::Secret),
    ("credential", Says::Secret),
    ("_auth", Says::Perhaps),
    ("cookie", Says::Perhaps),
    ("signature", Says::Perhaps),
    ("sig=", Says::Perhaps),
    ("_key", Says::Perhaps),
    ("-key", Says::Perhaps),
    ("?key=", Says::Perhaps),
    ("&key=", Says::Perhaps),
    ("\"key\"", Says::Perhaps),
    ("bearer ", Says::Scheme),
    ("basic ", Says::Scheme),
    ("digest ", Says::Perhaps),
    ("://", Says::Url),
    ("-----begin ", Says::Block),
    (" -u ", Says::UserOption),
    (" --user ", Says::UserOption),
    (" --proxy-user ", Says::UserOption),
    ("sshpass -p", Says::Scheme),
];

/// Ends of names that hold something about a secret, not the secret.
const ABOUT: &[&str] = &[
    "tokens", "source", "count", "limit", "type", "url", "uri", "file", "path", "name", "length", "len", "policy",
    "expiry", "expires", "expires_in", "expires_at", "field", "budget", "usage", "izer", "ize", "ized", "izers",
    "manager", "provider", "reset", "hint", "strength", "min", "max", "label", "error", "valid", "required", "enabled",
    "id_type", "ring", "store", "dir", "env", "var", "ref", "class", "form", "input", "page", "version", "algorithm",
    "lifetime", "rotation", "scope", "status", "kind", "prompt", "tokens_total", "endpoint", "format",
];

/// The words after which a secret stands, in any case.
static SECRET_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = WORDS.iter().filter(|word| word.1 == Says::Secret).map(|word| word.0);
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .prefilter(false)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words)
        .ok()
});

/// Whether a JSON field with this name holds a secret.
pub(super) fn holds_secret(name: &str, value: &str) -> bool {
    // Most names hold none of the words: one pass tells.
    if SECRET_WORDS.as_ref().is_some_and(|words| !words.is_match(name)) {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    let strong = WORDS
        .iter()
        .filter(|word| word.1 == Says::Secret)
        .any(|word| lower.rfind(word.0).is_some_and(|at| !about(&lower[at + word.0.len()..])));
    strong && !value.is_empty() && !is_reference(value)
}

/// Whether what follows the word in a name turns it into something about the secret.
fn about(rest: &str) -> bool {
    let rest = rest.trim_matches(|c: char| !c.is_alphanumeric());
    let rest = if rest == "s" { "tokens" } else { rest };
    !rest.is_empty()
        && ABOUT.iter().any(|end| rest == *end || rest.ends_with(&format!("_{end}")) || rest == format!("s_{end}"))
}

/// Looks at one place where a word stands.
pub(super) fn look(text: &str, start: usize, end: usize, which: usize, found: &mut Vec<Finding>) {
    match WORDS[which].1 {
        Says::Url => url(text, start, found),
        Says::Block => block(text, start, found),
        Says::Scheme => scheme(text, start, end, found),
        Says::UserOption => user_option(text, end, found),
        says @ (Says::Secret | Says::Perhaps) => assignment(text, start, end, says, found),
    }
}

fn push(found: &mut Vec<Finding>, kind: &'static str, start: usize, end: usize) {
    if start < end {
        found.push(Finding { kind, start, end });
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// `NAME=value`, `name: value`, `"name": "value"`, `--name value`, `name => value`, `name := value`.
fn assignment(text: &str, start: usize, end: usize, says: Says, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let mut at = end;
    let closed = matches!(bytes[end - 1], b'=' | b'"');
    if !closed {
        while at < bytes.len() && is_name(bytes[at]) {
            at += 1;
        }
        if about(&text[end..at].to_ascii_lowercase()) {
            return;
        }
    }
    let name_end = at;
    let quoted_name =
        closed && bytes[end - 1] == b'"' || bytes.get(at).is_some_and(|byte| matches!(byte, b'"' | b'\''));
    if quoted_name && !closed {
        at += 1;
    }
    // An escaped quote, in JSON inside JSON.
    if bytes.get(at) == Some(&b'\\') && bytes.get(at + 1) == Some(&b'"') {
        at += 2;
    }
    let spaces = |mut at: usize| {
        while bytes.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            at += 1;
        }
        at
    };
    let before_sign = at;
    at = spaces(at);
    let sign = match (bytes.get(at), bytes.get(at + 1)) {
        _ if closed && bytes[end - 1] == b'=' => 0,
        (Some(b'='), Some(b'=')) => return,
        (Some(b'=' | b':'), Some(b'>' | b'=')) => 2,
        (Some(b'=' | b':'), _) => 1,
        _ => {
            // An option with its value as the next word.
            let first = text[..start].rfind(|c: char| c.is_whitespace()).map_or(0, |at| at + 1);
            if at == before_sign || !text[first..].starts_with("--") {
                return;
            }
            0
        }
    };
    let colon = sign == 1 && bytes[at] == b':';
    let spaced = at > name_end || bytes.get(at + sign) == Some(&b' ');
    at = spaces(at + sign);
    let (from, to, quoted) = value(text, at);
    let secret = &text[from..to];
    let least = if quoted { 3 } else { 4 };
    if secret.len() < least || is_reference(secret) {
        return;
    }
    let fits = match says {
        // `session_key` names a conversation.
        Says::Perhaps => !text[..start].ends_with("session") && opaque(secret),
        _ if quoted || !spaced && !colon => true,
        // Prose and code: `password: it has to be`, `token = parse(…)`.
        _ => {
            !is_code(secret)
                && (random(secret)
                    || strong_name(&text[start..end]) && secret.len() >= 6 && !plain_word(text, secret, to))
        }
    };
    if fits {
        push(found, "named_secret", from, to);
    }
}

fn strong_name(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.starts_with("pass") || word == "pwd" || word == "kennwort"
}

/// A lone word in a sentence that goes on.
fn plain_word(text: &str, secret: &str, end: usize) -> bool {
    secret.chars().all(|c| c.is_ascii_lowercase()) && text[end..].starts_with(' ')
}

/// Letters and digits mixed, or letters of both cases with signs, as no word is.
fn random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let signs = text.len() - digits - letters;
    digits > 0 && letters > 0 && (signs > 0 || text.len() >= 6) || digits >= 8 && letters == 0 && signs == 0
}

/// A long value of random characters that is no id of another kind: no path, no UUID, nothing with parts.
fn opaque(text: &str) -> bool {
    let sort = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '.');
    let uuid = text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4;
    text.len() >= 16
        && !uuid
        && !text.starts_with(['/', '.', '~'])
        && text.chars().all(sort)
        && random(text)
        && distinct(text) >= 8
        && entropy(text) >= 3.0
}

/// Calls, members, literals of code.
fn is_code(text: &str) -> bool {
    text.contains(['(', '[', '{']) || text.contains("::") || {
        let mut parts = text.split('.');
        let first = parts.next().unwrap_or_default();
        let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        word(first) && parts.clone().count() > 0 && parts.all(word)
    }
}

/// What names a value without holding it, or is a place for one.
fn is_reference(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.starts_with(['$', '<', '%', '{', '&', '*', '-'])
        || text.starts_with("[masked:")
        || text.starts_with("[MASKED")
        || lower.starts_with("process.env")
        || lower.starts_with("os.environ")
        || lower.starts_with("os.getenv")
        || lower.starts_with("env(")
        || lower.starts_with("${{")
        || lower.starts_with("!secret")
        || lower.starts_with("vault:")
        || lower.starts_with("op://")
        || lower.starts_with("__openclaw_redacted__")
        || matches!(
            lower.as_str(),
            "true"
                | "false"
                | "null"
                | "none"
                | "nil"
                | "undefined"
                | "string"
                | "str"
                | "bool"
                | "int"
                | "number"
                | "required"
                | "optional"
                | "redacted"
                | "changeme"
                | "example"
                | "xxxx"
                | "your-token"
                | "bearer"
                | "basic"
                | "option<string>"
                | "text"
                | "hidden"
                | "prompt"
                | "input"
                | "unset"
                | "empty"
        )
        || text.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'_'))
        || lower.starts_with("your_")
        || lower.starts_with("your-")
        || lower.starts_with("example")
}

/// The value at a place: within its quotes, or up to what ends a bare word.
fn value(text: &str, at: usize) -> (usize, usize, bool) {
    let bytes = text.as_bytes();
    let (from, quote) = match bytes.get(at) {
        Some(b'\\') if bytes.get(at + 1) == Some(&b'"') => (at + 2, Some("\\\"")),
        Some(b'"') => (at + 1, Some("\"")),
        Some(b'\'') => (at + 1, Some("'")),
        Some(b'`') => (at + 1, Some("`")),
        _ => (at, None),
    };
    let rest = &text[from..];
    let end = match quote {
        Some(quote) => {
            let line = rest.find('\n').unwrap_or(rest.len());
            rest[..line].find(quote).unwrap_or(line)
        }
        None => rest
            .find(|c: char| {
                c.is_whitespace()
                    || matches!(c, ';' | '&' | '|' | ')' | '"' | '\'' | ',' | '`' | '<' | '>' | '}' | '\\')
            })
            .unwrap_or(rest.len()),
    };
    (from, from + end, quote.is_some())
}

/// `Bearer …`, `Basic …`.
fn scheme(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    if start > 0 && text.as_bytes()[start - 1].is_ascii_alphanumeric() {
        return;
    }
    let at = end + text[end..].len() - text[end..].trim_start_matches(' ').len();
    let option = text[start..end].starts_with("sshpass");
    let (from, to, _) = value(text, at);
    let secret = &text[from..to];
    let announced = text[..start].trim_end().ends_with([':', '=', '"', '\'']);
    if is_reference(secret) || secret.len() < if option { 1 } else { 8 } {
        return;
    }
    if option || announced || random(secret) && distinct(secret) >= 6 {
        push(found, if option { "named_secret" } else { "bearer_token" }, from, to);
    }
}

/// `curl -u name:password`.
fn user_option(text: &str, end: usize, found: &mut Vec<Finding>) {
    let (from, to, _) = value(text, end);
    if let Some((name, secret)) = text[from..to].split_once(':')
        && !name.is_empty()
        && !secret.is_empty()
        && !is_reference(secret)
        // Ids of users and groups (`docker run -u 1000:1000`).
        && !secret.bytes().all(|byte| byte.is_ascii_digit())
    {
        push(found, "named_secret", from + name.len() + 1, to);
    }
}

/// `scheme://user:password@host`.
fn url(text: &str, start: usize, found: &mut Vec<Finding>) {
    let from = start + 3;
    let rest = &text[from..];
    let end =
        rest.find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>' | '\\') || c.is_whitespace());
    let authority = &rest[..end.unwrap_or(rest.len())];
    // A password may hold a slash by mistake: then the `@` lies behind it, before the next space.
    let authority = if authority.contains(':') && !authority.contains('@') {
        let word =
            &rest[..rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')).unwrap_or(rest.len())];
        match word.find('@') {
            Some(at)
                if !word[..at].contains("//")
                    && word[..at]
                        .split_once(':')
                        .is_some_and(|(_, tail)| !tail.starts_with(|c: char| c.is_ascii_digit())) =>
            {
                &word[..=at]
            }
            _ => authority,
        }
    } else {
        authority
    };
    let Some(at) = authority.rfind('@') else { return };
    let user = &authority[..at];
    match user.split_once(':') {
        Some((name, secret)) if !secret.is_empty() && !is_reference(secret) => {
            push(found, "url_password", from + name.len() + 1, from + at);
        }
        // A token in the place of the user.
        None if user.len() >= 20 && random(user) => push(found, "url_password", from, from + at),
        _ => {}
    }
}

/// A private key block, to its end or the end of the text.
fn block(text: &str, start: usize, found: &mut Vec<Finding>) {
    let head = text[start..].bytes().take(80).take_while(|byte| !matches!(byte, b'\n' | b'\\')).collect::<Vec<_>>();
    if !head.to_ascii_uppercase().windows(11).any(|part| part == b"PRIVATE KEY") {
        return;
    }
    let end = match text[start..].find("-----END ") {
        Some(offset) => {
            let tail = start + offset + "-----END ".len();
            text[tail..].find("-----").map_or(text.len(), |more| tail + more + 5)
        }
        None => text.len(),
    };
    push(found, "private_key", start, end);
}
