//! Headers of requests that carry a secret: `Authorization`, `Cookie`.

use super::Finding;
use super::look::{distinct, entropy, is_reference, opaque, random};
use super::named::{push, spaces, value};

/// Most cookies in one header.
const COOKIES: usize = 64;

/// Where the value of a header or a field begins: behind quotes, the sign, spaces and another quote.
fn after_sign(text: &str, end: usize, comma: bool) -> Option<usize> {
    let quotes = |at: usize| at + text[at..].bytes().take(8).take_while(|byte| b"\\\"'".contains(byte)).count();
    let at = spaces(text, quotes(end));
    // `{"name": "Cookie", "value": "x"}`, as recordings of requests have it.
    if let Some(rest) = text[at..].strip_prefix(',').filter(|_| quotes(end) > end) {
        let name = quotes(spaces(text, text.len() - rest.len()));
        if let Some(rest) = text[name..].strip_prefix("value") {
            let sign = spaces(text, quotes(text.len() - rest.len()));
            return text[sign..].starts_with(':').then(|| quotes(spaces(text, sign + 1)));
        }
    }
    let at = if text[at..].starts_with("=>") { at + 2 } else { at + usize::from(text[at..].starts_with([':', '='])) };
    // `Header.Set("Authorization", "Token x")`.
    if comma && at > end && text[at..].starts_with(',') {
        let from = spaces(text, at + 1);
        return (quotes(from) > from).then(|| quotes(from));
    }
    if !text[end..at].contains([':', '=']) {
        return None;
    }
    // A space that a shell does not take for one.
    let at = spaces(text, at);
    let at = if text[at..].starts_with("\\ ") { at + 2 } else { at };
    Some(quotes(at))
}

/// `Bearer …`, `Basic …`, `SSWS …`.
pub(super) fn scheme(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    if start > 0 && text.as_bytes()[start - 1].is_ascii_alphanumeric() {
        return;
    }
    let (from, to, _) = value(text, spaces(text, end));
    let secret = &text[from..to];
    let announced = text[..start].trim_end_matches([' ', '\\']).ends_with([':', '=', '"', '\'']);
    if is_reference(secret) || secret.len() < 8 {
        return;
    }
    if announced || random(secret) && distinct(secret) >= 6 {
        push(found, "bearer_token", from, to);
    }
}

/// Schemes with several parts, and the one that proves who asks.
const PARTS: &[(&str, &str)] = &[("digest", "response="), ("hawk", "mac=")];

/// `Authorization: <scheme> <value>` of any scheme, and a value without one.
pub(super) fn authorization(text: &str, end: usize, found: &mut Vec<Finding>) {
    let Some(at) = after_sign(text, end, true) else { return };
    let (_, first_end, _) = value(text, at);
    let first = &text[at..first_end];
    if first.is_empty() || ["bearer", "basic", "ssws"].iter().any(|known| first.eq_ignore_ascii_case(known)) {
        return;
    }
    // Its key and its signature stand beside names of their own.
    if first.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("aws4")) {
        return;
    }
    let part = PARTS.iter().find(|(scheme, _)| first.eq_ignore_ascii_case(scheme));
    if let Some((_, part)) = part {
        let line = text[at..].split('\n').next().unwrap_or_default();
        if let Some(place) = line.find(part) {
            let (from, to, _) = value(text, at + place + part.len());
            push(found, "bearer_token", from, to);
        }
        return;
    }
    let word = first.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_');
    let (from, to) = if word && text[first_end..].starts_with(' ') {
        let (from, to, _) = value(text, spaces(text, first_end));
        (from, to)
    } else {
        (at, first_end)
    };
    let secret = &text[from..to];
    // Letters of both cases without a digit are a word unless there are many of them.
    let letters = secret.len() >= 20 && entropy(secret) >= 3.5 && secret.bytes().any(|byte| byte.is_ascii_uppercase());
    if secret.len() >= 8
        && (random(secret) || letters)
        && distinct(secret) >= 6
        && !is_reference(secret)
        && !secret.contains('(')
    {
        push(found, "bearer_token", from, to);
    }
}

/// The values of cookies that look random.
pub(super) fn cookie(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    // `session_cookie=…`, `"cookies": "…"`, `Set-Cookie: …`.
    let end = end + text[end..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    if text[..start].ends_with(|c: char| c.is_ascii_digit()) {
        return;
    }
    if let Some(at) = after_sign(text, end, false) {
        cookies(text, at, found);
    }
}

/// `name=value; name=value` from a place on.
pub(super) fn cookies(text: &str, at: usize, found: &mut Vec<Finding>) {
    let line = &text[at..at + text[at..].find(['\n', '"', '\'', '\\', '`']).unwrap_or(text.len() - at)];
    let mut place = at;
    for part in line.split(';').take(COOKIES) {
        let lead = part.len() - part.trim_start().len();
        let head = part.find('=').map_or(lead, |sign| sign + 1);
        let secret = part[head..].trim();
        let from = place + head + (part[head..].len() - part[head..].trim_start().len());
        let named = part[..head].to_ascii_lowercase();
        let open = ["expires", "path", "domain", "max-age", "samesite", "_ga=", "theme="]
            .iter()
            .any(|word| named.contains(word));
        // Short ids of sessions: by their name too.
        let session = ["sess", "sid", "auth", "token"].iter().any(|word| named.contains(word));
        let short = session && secret.len() >= 14 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let taken = opaque(secret) || short && random(secret) && distinct(secret) >= 8;
        if !open && taken && !is_reference(secret) {
            push(found, "named_secret", from, from + secret.len());
        }
        place += part.len() + 1;
    }
}
