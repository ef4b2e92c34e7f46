//! Secrets beside no name and without a prefix of their own, where something else tells.

use super::Finding;
use super::look::is_reference;
use super::named::push;

/// Bytes behind the name of a service in which its key is looked for.
const NEAR: usize = 96;
/// Most bytes of a line of a password file on each side of what tells.
const FIELDS: usize = 256;

/// Mailgun's newer keys: 32, 8 and 8 hexadecimal digits, joined by `-`.
pub(super) fn mailgun(text: &str, end: usize, found: &mut Vec<Finding>) {
    let bytes = &text.as_bytes()[end..(end + NEAR).min(text.len())];
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_hexdigit() || **byte == b'-').count();
        let word = &text[end + at..end + at + length];
        if word.len() == 50 && word.split('-').map(str::len).eq([32, 8, 8]) {
            push(found, "mailgun_key", end + at, end + at + length);
            return;
        }
        at += length + 1;
    }
}

/// `host:port:database:user:password`, as a PostgreSQL password file has it, outside of one.
pub(super) fn pgpass(text: &str, start: usize, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let part = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`');
    let first = start - bytes[..start].iter().rev().take(FIELDS).take_while(|byte| part(byte)).count();
    let end = start + bytes[start..].iter().take(FIELDS).take_while(|byte| part(byte)).count();
    let line = &text[first..end];
    let mut fields = line.splitn(5, ':');
    let mut next = || fields.next().unwrap_or_default();
    let (host, port, base, user, secret) = (next(), next(), next(), next(), next());
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = |text: &str| {
        text == "*"
            || !digits(text)
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    };
    let host = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'*' | b'/'));
    let fits = host && (port == "*" || digits(port)) && name(base) && name(user) && user != "*";
    if fits && secret.len() >= 4 && !digits(secret) && !secret.contains(':') && !is_reference(secret) {
        push(found, "named_secret", end - secret.len(), end);
    }
}
