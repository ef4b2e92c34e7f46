//! How a value looks: random as a key is, or as words, code, a reference to a value kept elsewhere.

pub(super) use super::checks::{distinct, entropy};

/// Letters and digits mixed, or letters of both cases with signs, as no word is.
pub(super) fn random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let signs = text.len() - digits - letters;
    digits > 0 && letters > 0 && (signs > 0 || text.len() >= 6) || digits >= 8 && letters == 0 && signs == 0
}

/// Digits and letters, or letters of both cases that are no `CamelCase`.
pub(super) fn mixed_word(text: &str) -> bool {
    let has = |sort: fn(&u8) -> bool| text.bytes().any(|byte| sort(&byte));
    has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
        || has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && text.len().is_multiple_of(4)
}

/// A long value of random characters that is no id of another kind: no path, no UUID, nothing with parts.
pub(super) fn opaque(text: &str) -> bool {
    let sort = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '.' | '%');
    text.len() >= 16
        && !uuid(text)
        && !text.starts_with(['/', '.', '~'])
        && text.chars().all(sort)
        && random(text)
        && distinct(text) >= 8
        && entropy(text) >= 3.0
}

/// The same, longer and without a chain of words: a value that needs no name to be one.
pub(super) fn random_long(text: &str) -> bool {
    if !(20..=4096).contains(&text.len()) || !opaque(text) || text.contains("://") || text.starts_with("[masked:") {
        return false;
    }
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hexadecimal {
        return text.len() >= 32;
    }
    // Words joined by signs have long runs of small letters, and few digits.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let signs = text.bytes().filter(|byte| matches!(byte, b'-' | b'_' | b'.' | b'/' | b'%')).count();
    let mut run = 0;
    let word = text.bytes().any(|byte| {
        run = if byte.is_ascii_lowercase() { run + 1 } else { 0 };
        run > 7
    });
    !word && digits >= 2 && signs * 8 <= text.len() && entropy(text) >= 3.6 && turns(text) * 4 >= text.len()
}

/// How often the sort of character changes (small, capital, digit, sign).
fn turns(text: &str) -> usize {
    let sort = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    text.as_bytes().windows(2).filter(|pair| sort(pair[0]) != sort(pair[1])).count()
}

fn uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4
}

/// Calls, members, literals of code.
pub(super) fn is_code(text: &str) -> bool {
    text.contains(['(', '[', '{']) || text.contains("::") || {
        let mut parts = text.split('.');
        let first = parts.next().unwrap_or_default();
        let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        word(first) && parts.clone().count() > 0 && parts.all(word)
    }
}

/// What names a value without holding it, or is a place for one.
pub(super) fn is_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    let name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.'))
    };
    let named = match bytes.first() {
        Some(b'$') => {
            let rest = &text[1..];
            rest.starts_with(['{', '(', '$']) || name(rest) && !rest.starts_with(|c: char| c.is_ascii_digit())
        }
        Some(b'<') => true,
        Some(b'%') => text.len() <= 3 || text.ends_with('%') || name(&text[1..]) && text.len() < 4,
        Some(b'{') => {
            text.starts_with("{{")
                || text.starts_with("{%")
                || text.ends_with('}') && name(&text[1..text.len() - 1])
                || text.len() == 1
        }
        Some(b'&' | b'*') => name(&text[1..]) || text.bytes().all(|byte| byte == b'*'),
        Some(b'-') => text.starts_with("--") || text.len() < 4,
        _ => false,
    };
    named
        || is_version(text)
        || text.starts_with("[masked:")
        || text.starts_with("[MASKED")
        || is_placeholder(&text.to_ascii_lowercase())
}

/// A version (`^9.0.6`, `0.5.0`), also behind the name of what has it (`jjwt-api:0.12.5`): packages are named after secrets.
fn is_version(text: &str) -> bool {
    let last = text.rsplit_once(':').map_or(text, |(name, last)| if name.contains('-') { last } else { text });
    let numbers = last.trim_start_matches(['^', '~', '>', '<', '=', 'v']);
    let plain = |part: &str| !part.is_empty() && part.len() <= 5 && part.bytes().all(|byte| byte.is_ascii_digit());
    (2..=4).contains(&numbers.split('.').count()) && numbers.split('.').all(plain)
}

/// Starts of what reads a value from elsewhere or stands for one.
const STARTS: &[&str] = &[
    "process.env", "os.environ", "os.getenv", "env(", "env.", "${{", "!secret", "!vault", "vault:", "op://", "example",
    "__openclaw_redacted__", "your_", "your-", "secrets.", "var.", "local.", "file://", "arn:aws", "ref+", "getenv(",
    "[redacted", "[filtered", "[hidden", "[removed", "read-host", "self.", "config.", "settings.", "this.", "args.",
    "import.meta",
];

/// Words that are no secret.
const NOTHING: &[&str] = &[
    "true", "false", "null", "none", "nil", "undefined", "string", "str", "bool", "int", "number", "required",
    "option", "optional", "redacted", "changeme", "xxxx", "your-token", "bearer", "basic", "option<string>", "text",
    "hidden", "prompt", "input", "unset", "empty", "password", "token", "secret", "yes", "no", "any", "object",
    "boolean", "pass", "passwd", "pwd", "vec", "box", "arc", "cow", "result", "secretstring", "stdin", "file", "-",
    "passed", "failed", "ok", "todo", "missing", "invalid", "expired", "unknown", "set", "n/a",
];

fn is_placeholder(lower: &str) -> bool {
    STARTS.iter().any(|start| lower.starts_with(start))
        || NOTHING.contains(&lower)
        || lower.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'.' | b'-' | b'_'))
}
