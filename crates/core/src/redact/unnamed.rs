//! Secrets beside no name and without a prefix of their own, where something else tells.

use super::Finding;
use super::look::is_reference;
use super::named::{push, spaces, value};

/// Bytes behind the name of a service in which its key is looked for.
const NEAR: usize = 96;
/// Bytes before and behind a place that are looked at for what belongs to it: each place costs no more than that.
const AROUND: usize = 1024;
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

/// `name:password@tcp(host:port)/database`, as Go's driver for MySQL has it: what stands before the `@` at `start`.
pub(super) fn dsn(text: &str, start: usize, found: &mut Vec<Finding>) {
    let part = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'=' | b'(' | b'/');
    let length = text.as_bytes()[..start].iter().rev().take(FIELDS).take_while(|byte| part(byte)).count();
    let first = text.ceil_char_boundary(start - length);
    let Some((name, secret)) = text[first..start].split_once(':') else { return };
    if !name.is_empty() && !secret.is_empty() && !is_reference(secret) {
        push(found, "url_password", start - secret.len(), start);
    }
}

/// The same key of Mailgun at the beginning of a word, beside no name. No other id is joined of such parts.
pub(super) fn mailgun_alone(text: &str, start: usize, found: &mut Vec<Finding>) {
    let bytes = &text.as_bytes()[start..];
    let length = bytes.iter().take(51).take_while(|byte| byte.is_ascii_hexdigit() || **byte == b'-').count();
    let free = bytes.get(length).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    let joined = text[..start].ends_with(['-', '_']);
    let word = &text[start..start + length];
    if free && !joined && word.split('-').map(str::len).eq([32, 8, 8]) && super::look::distinct(word) >= 8 {
        push(found, "mailgun_key", start, start + length);
    }
}

/// Lines of a PostgreSQL password file whose name stands at `start`, on any port: on the same line and on some behind it.
pub(super) fn pgpass_file(text: &str, start: usize, found: &mut Vec<Finding>) {
    const LINES: usize = 8;
    let before = &text[text.floor_char_boundary(start.saturating_sub(AROUND))..start];
    let first = start - before.len() + before.rfind('\n').map_or(0, |at| at + 1);
    let mut at = first;
    for line in text[first..text.floor_char_boundary(start + AROUND)].split_inclusive('\n').take(LINES) {
        let mut within = at;
        for word in line.split(' ') {
            if let Some(colon) = word.find(':').filter(|_| word.len() <= 2 * FIELDS) {
                pgpass(text, within + colon, found);
            }
            within += word.len() + 1;
        }
        at += line.len();
    }
}

/// `kinit name <<< password`: what a command reads from a word.
pub(super) fn fed(text: &str, end: usize, found: &mut Vec<Finding>) {
    let near = &text[end..text.floor_char_boundary(end + AROUND)];
    let line = near.split(['\n', '|', ';', '&']).next().unwrap_or_default();
    let Some(sign) = line.find("<<<") else { return };
    let (from, to, _) = value(text, spaces(text, end + sign + "<<<".len()));
    if to > from && !is_reference(&text[from..to]) {
        push(found, "named_secret", from, to);
    }
}

/// `domain/user:password@host`, as Impacket's tools take it.
pub(super) fn target(text: &str, words: &[(usize, usize)], found: &mut Vec<Finding>) {
    for &(start, end) in words {
        let word = &text[start..end];
        let Some((name, secret)) = word.split_once(':') else { continue };
        // Line numbers stand behind paths, too.
        let number = secret.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
        if !name.contains('/') || name.starts_with('-') || secret.starts_with("//") || number {
            continue;
        }
        let from = start + name.len() + 1;
        let (from, secret) = match secret.strip_prefix(['"', '\'']) {
            Some(inner) => (from + 1, inner.split(['"', '\'']).next().unwrap_or_default()),
            None => (from, &secret[..secret.rfind('@').unwrap_or(secret.len())]),
        };
        if !secret.is_empty() && !is_reference(secret) {
            push(found, "named_secret", from, from + secret.len());
        }
        return;
    }
}

/// Whether the option that begins at `start` belongs to a command whose `-u` names no account with a password, or the user
/// and the group that a container runs as: `group` is what stands behind the colon.
pub(super) fn no_user(text: &str, start: usize, group: &str) -> bool {
    const COMMANDS: &[&str] =
        &["sort", "rsync", "uniq", "cp", "mv", "tar", "git", "date", "diff", "chown", "id", "scp"];
    const CONTAINERS: &[&str] =
        &["docker", "podman", "nerdctl", "docker-compose", "kubectl", "install", "systemd-run", "chroot"];
    // A command that begins farther back is none that is known.
    let near = &text[text.floor_char_boundary(start.saturating_sub(AROUND))..start];
    let line = near.rsplit(['\n', '|', ';', '&', '(', '`']).next().unwrap_or_default();
    let mut words = line.trim_start_matches(['"', '\'', '$', ' ']).split(' ').filter(|word| !word.is_empty());
    let name = words.find(|word| !word.contains('=') && *word != "sudo").unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or(name);
    let plain = group.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'));
    COMMANDS.contains(&name) && text[start..].trim_start().starts_with("-u ") || CONTAINERS.contains(&name) && plain
}
