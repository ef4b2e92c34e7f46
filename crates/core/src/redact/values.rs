//! Where a value begins and ends, in quotes or bare.

/// Bytes that are looked at for the end of a value in braces.
const NEAR: usize = 160;
/// Most bytes of a value that spans lines.
const LONG: usize = 16 * 1024;
/// Quotes as pages, URLs and code write them.
const WRITTEN: [&str; 11] =
    ["&quot;", "&#34;", "&#39;", "&#x27;", "&#x22;", "&apos;", "%22", "%27", "\\x22", "\\u0022", "\\u0027"];

/// A quote as it is written elsewhere, at a place.
pub(super) fn written_quote(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..)?;
    if !rest.starts_with(['&', '%', '\\']) {
        return None;
    }
    // A backslash more for each text the text is in.
    let slashes = rest.bytes().take(8).take_while(|byte| *byte == b'\\').count().saturating_sub(1);
    let quote = WRITTEN.iter().find(|quote| rest[slashes..].starts_with(**quote))?;
    Some(&rest[..slashes + quote.len()])
}

/// The value at a place: within its quotes, or up to what ends a bare word.
pub(super) fn value(text: &str, at: usize) -> (usize, usize, bool) {
    let bytes = text.as_bytes();
    let at = at.min(text.len());
    if let Some(quote) = written_quote(text, at) {
        let from = at + quote.len();
        let line = text[from..].find('\n').unwrap_or(text.len() - from);
        if let Some(length) = text[from..from + line].find(quote) {
            return (from, from + length, true);
        }
    }
    for quote in ["\"\"\"", "\'\'\'"] {
        if text[at..].starts_with(quote)
            && let Some(length) = text[at + 3..].find(quote).filter(|length| *length > 0 && *length <= LONG)
        {
            let inner = &text[at + 3..at + 3 + length];
            let from = at + 3 + inner.len() - inner.trim_start().len();
            return (from, from + inner.trim().len(), true);
        }
    }
    // `$'it\'s'` of a shell.
    if text[at..].starts_with("$'") {
        let mut end = at + 2;
        while end < bytes.len() && !matches!(bytes[end], b'\'' | b'\n') {
            end += 1 + usize::from(bytes[end] == b'\\' && bytes.get(end + 1).is_some_and(u8::is_ascii));
        }
        return (at + 2, text.floor_char_boundary(end.min(text.len())), true);
    }
    let slashes = bytes[at..].iter().take(8).take_while(|byte| **byte == b'\\').count();
    let (from, quote) = match bytes.get(at + slashes) {
        Some(b'"') => (at + slashes + 1, Some(&text[at..=at + slashes])),
        Some(b'\'') if slashes == 0 => (at + 1, Some("'")),
        Some(b'`') if slashes == 0 => (at + 1, Some("`")),
        _ => (at, None),
    };
    let rest = &text[from..];
    // A password in braces, as ODBC writes one that holds a semicolon; a brace in it is doubled.
    if let Some(inner) = rest.strip_prefix('{')
        && quote.is_none()
        && text[..at].to_ascii_lowercase().ends_with("pwd=")
        && let Some(length) = braces(inner.as_bytes())
    {
        return (from + 1, from + 1 + length, true);
    }
    let end = match quote {
        Some(quote) => {
            let line = rest.find('\n').unwrap_or(rest.len());
            rest[..line].find(quote).unwrap_or(line)
        }
        None => bare(rest),
    };
    (from, from + end, quote.is_some())
}

fn braces(inner: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < inner.len().min(NEAR) {
        match (inner[at], inner.get(at + 1)) {
            (b'}', Some(b'}')) => at += 2,
            (b'}', _) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// The length of a bare word. A sign behind a backslash is part of it, as shells and property files write it.
fn bare(rest: &str) -> usize {
    let stop = |c: char| {
        c.is_whitespace() || matches!(c, ';' | '&' | '|' | ')' | '"' | '\'' | ',' | '`' | '<' | '>' | '}' | '\\')
    };
    let mut at = 0;
    loop {
        at += rest[at..].find(stop).unwrap_or(rest.len() - at);
        let escaped = rest[at..].strip_prefix('\\').and_then(|more| more.chars().next());
        // Letters behind it are escapes of JSON and code (`\n`), quotes end what the text is in.
        match escaped {
            Some(sign) if at > 0 && sign.is_ascii_punctuation() && !matches!(sign, '\\' | '"' | '\'' | '`') => {
                at += 2;
            }
            _ => return at,
        }
    }
}

/// The end of a shell's word that begins bare at `from` and goes on in quotes (`ab"c d"e`): `end` is where the bare part
/// ends. `line` is what stands before it on its line, whole.
pub(super) fn joined_word(text: &str, line: &str, from: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    let open = |quote: u8| line.bytes().chain(text[from..end].bytes()).filter(|byte| *byte == quote).count() % 2 == 1;
    let mut at = end;
    while let Some(quote @ (b'"' | b'\'')) = bytes.get(at).copied() {
        if at == from || open(b'"') || open(b'\'') {
            return end;
        }
        let Some(length) = text[at + 1..].bytes().take(NEAR).position(|byte| byte == quote || byte == b'\n') else {
            return end;
        };
        if bytes[at + 1 + length] == b'\n' {
            return end;
        }
        at += length + 2;
        at += bare(&text[at..]);
    }
    at
}
