//! Passwords in URLs and connection strings; private keys; objects that are secrets as a whole.

use super::Finding;
use super::look::{is_reference, random};
use super::named::{push, value};

/// Most bytes of a block that are looked at.
const BLOCK: usize = 64 * 1024;
/// Least characters of one part of a JSON web key.
const KEY_PART: usize = 16;

/// The end of at most `most` bytes from `at`, on a character's boundary.
fn within(text: &str, at: usize, most: usize) -> &str {
    let end = (at + most).min(text.len());
    let end = (at..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(at);
    &text[at..end]
}

/// `scheme://user:password@host`, `jdbc:oracle:thin:user/password@host`.
pub(super) fn url(text: &str, end: usize, found: &mut Vec<Finding>) {
    if !text[..end].ends_with('/') {
        let word = within(text, end, 512);
        let word = word.split([' ', '"', '\'', '\n']).next().unwrap_or_default();
        if let Some((user, _)) = word.split_once('@')
            && let Some((name, secret)) = user.split_once('/')
            && !secret.is_empty()
            && !is_reference(secret)
        {
            push(found, "url_password", end + name.len() + 1, end + user.len());
        }
        return;
    }
    let from = end;
    let rest = &text[from..];
    let stop =
        rest.find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>' | '\\') || c.is_whitespace());
    let authority = &rest[..stop.unwrap_or(rest.len())];
    let authority = behind_domain(rest, authority).unwrap_or(authority);
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

/// The authority where a user of a Windows domain stands in it: `domain\\user:password@host`. Letters of escapes stand
/// behind backslashes too.
fn behind_domain<'t>(rest: &'t str, domain: &str) -> Option<&'t str> {
    let name = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let behind = rest[domain.len()..].trim_start_matches('\\');
    let slashes = rest.len() - domain.len() - behind.len();
    if slashes == 0 || !name(domain) || slashes % 2 == 1 && behind.starts_with(['n', 't', 'r', 'u', 'x']) {
        return None;
    }
    let word = &behind[..behind.find(|c: char| c.is_whitespace() || "\"'`<>\\/".contains(c)).unwrap_or(behind.len())];
    let (user, host) = word.rsplit_once('@')?;
    let (user, _) = user.split_once(':')?;
    (name(user) && !host.is_empty()).then(|| &rest[..domain.len() + slashes + word.len()])
}

/// A private key block, to its end or the end of the text.
pub(super) fn block(text: &str, start: usize, found: &mut Vec<Finding>) {
    let head = text[start..].bytes().take(80).take_while(|byte| !matches!(byte, b'\n' | b'\\')).collect::<Vec<_>>();
    if !head.to_ascii_uppercase().windows(11).any(|part| part == b"PRIVATE KEY") {
        return;
    }
    let mark = if text[start..].starts_with("-----") { ("-----END ", "-----") } else { ("---- END ", "----") };
    let end = match text[start..].find(mark.0) {
        Some(offset) => {
            let tail = start + offset + mark.0.len();
            text[tail..].find(mark.1).map_or(text.len(), |more| tail + more + mark.1.len())
        }
        None => text.len(),
    };
    push(found, "private_key", start, end);
}

/// The last lines of a key block whose head is in an earlier piece.
pub(super) fn tail(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    if !within(text, end, 40).split("-----").next().is_some_and(|name| name.contains("PRIVATE KEY")) {
        return;
    }
    let key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r' | b'\\');
    let length = text.as_bytes()[..start].iter().rev().take(BLOCK).take_while(|byte| key(byte)).count();
    let from = start - length;
    // A block with its head is masked from there.
    if text[..from].ends_with("-----") {
        return;
    }
    let body = text[from..start].trim_matches(['\n', '\r']);
    let lead = text[from..start].len() - text[from..start].trim_start_matches(['\n', '\r']).len();
    if body.len() >= 40 && random(body) {
        push(found, "private_key", from + lead, from + lead + body.len());
    }
}

/// The private lines of a PuTTY key: their count, then they.
pub(super) fn lines(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    let before = text[..start].bytes().rev().take(4096).filter(|byte| *byte == b'\n').count();
    let mut rest = text[end..].split_inclusive('\n');
    let Some(count) = rest.next() else { return };
    let from = end + count.len();
    let Ok(count) = count.trim().parse::<usize>() else { return };
    let to = from + rest.take(count.min(256)).map(str::len).sum::<usize>();
    if before > 0 && to > from {
        push(found, "private_key", from, from + text[from..to].trim_end().len());
    }
}

/// The private parts of a JSON web key around its `"kty"`.
pub(super) fn jwk(text: &str, end: usize, found: &mut Vec<Finding>) {
    let back = end.saturating_sub(4096);
    let back = (back..=end).find(|at| text.is_char_boundary(*at)).unwrap_or(end);
    let open = text[back..end].rfind('{').map_or(end, |at| back + at);
    let object = within(text, open, 8192);
    let object = &object[..object.find('}').unwrap_or(object.len())];
    for name in ["\"d\"", "\"p\"", "\"q\"", "\"dp\"", "\"dq\"", "\"qi\"", "\"k\""] {
        let Some(at) = object.find(name) else { continue };
        let sign = open + at + name.len();
        let after = text[sign..].bytes().take_while(|byte| b" :\n\t".contains(byte)).count();
        let (from, to, quoted) = value(text, sign + after);
        if quoted && after > 0 && to >= from + KEY_PART && !is_reference(&text[from..to]) {
            push(found, "private_key", from, to);
        }
    }
}

/// The data of a Kubernetes secret, as YAML.
pub(super) fn manifest(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    // Another kind that begins so (`kind: SecretStore`).
    if text[end..].starts_with(|c: char| c.is_alphanumeric()) {
        return;
    }
    let back = text[..start].rfind("\n---").map_or(0, |at| at + 1).max(start.saturating_sub(4096));
    let back = (back..=start).find(|at| text.is_char_boundary(*at)).unwrap_or(start);
    let object = within(text, back, BLOCK);
    let object = &object[..object[start - back..].find("\n---").map_or(object.len(), |at| start - back + at)];
    let (mut at, mut depth) = (back, None::<usize>);
    for line in object.split_inclusive('\n') {
        let inner = line.len() - line.trim_start_matches(' ').len();
        let name = line.trim();
        if let Some(outer) = depth.filter(|_| !name.is_empty()) {
            if inner <= outer {
                depth = None;
            } else if let Some(colon) = line.find(':') {
                let rest = &line[colon + 1..];
                let from = at + colon + 1 + rest.len() - rest.trim_start().len();
                let (from, to, _) = value(text, from);
                if to > from + 2 && to <= at + line.len() && !is_reference(&text[from..to]) {
                    push(found, "named_secret", from, to);
                }
            }
        }
        if matches!(name, "data:" | "stringData:") {
            depth = Some(inner);
        }
        at += line.len();
    }
}
