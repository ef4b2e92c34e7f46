//! Addresses of electronic mail.

use super::Finding;

/// Most bytes of the part before the `@`.
const LOCAL: usize = 64;
/// Most bytes of a domain.
const DOMAIN: usize = 255;
/// Ends of file and unit names that stand behind an `@` too.
const FILES: &[&[u8]] = &[
    b"png", b"jpg", b"jpeg", b"svg", b"gif", b"webp", b"js", b"ts", b"mjs", b"css", b"service", b"target", b"timer",
    b"socket", b"mount",
];

/// Ends of domains that stand in paths of mailboxes.
const MAILBOXES: &[&[u8]] = &[
    b"com", b"org", b"net", b"edu", b"gov", b"io", b"co", b"eu", b"de", b"fr", b"uk", b"nl", b"es", b"it", b"ch",
    b"at", b"be", b"pl", b"se", b"no", b"dk", b"fi", b"br", b"in", b"jp", b"cn", b"au", b"ca", b"us", b"dev", b"app",
    b"example",
];

/// Bytes of a path before a place that are looked at.
const LONG_PATH: usize = 512;

/// Whether a byte ends a path.
fn is_end(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'=' | b'(' | b'<' | b'>' | b'|')
}

/// Looks at one `@`.
pub(super) fn email(text: &str, at: usize, found: &mut Vec<Finding>) {
    look(text, at, 1, found);
}

/// Looks at one `%40`, an `@` in a URL's query.
pub(super) fn escaped(text: &str, at: usize, found: &mut Vec<Finding>) {
    look(text, at, 3, found);
}

fn look(text: &str, at: usize, sign: usize, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    // Letters of any script: `jürgen@`.
    let local =
        |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-');
    let mut start = at - bytes[..at].iter().rev().take(LOCAL).take_while(|byte| local(byte)).count();
    start = (start..=at).find(|place| text.is_char_boundary(*place)).unwrap_or(at);
    // Signs that are no letters end a name: a dash of print, a quotation mark, an arrow.
    if let Some((place, sign)) =
        text[start..at].char_indices().rev().find(|(_, c)| !c.is_ascii() && !c.is_alphanumeric())
    {
        start += place + sign.len_utf8();
    }
    // The letter of an escape (`\n`) is none of the name's.
    if start > 0 && bytes[start - 1] == b'\\' && at > start + 1 && matches!(bytes[start], b'n' | b'r' | b't') {
        start += 1;
    }
    let from = at + sign;
    let domain_byte = |byte: u8, next: Option<&u8>| {
        byte.is_ascii_alphanumeric()
            || byte >= 0x80
            || byte == b'.'
            || byte == b'-' && next.is_some_and(|next| next.is_ascii_alphanumeric() || *next >= 0x80 || *next == b'-')
    };
    let rest = &bytes[from..];
    let length = rest
        .iter()
        .enumerate()
        .take(DOMAIN)
        .take_while(|(place, byte)| domain_byte(**byte, rest.get(place + 1)))
        .count();
    let mut end = from + length;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if let Some((place, _)) = text[from..end].char_indices().find(|(_, c)| !c.is_ascii() && !c.is_alphanumeric()) {
        end = from + place;
    }
    while end > from && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let domain = &bytes[from..end];
    let Some(dot) = domain.iter().rposition(|byte| *byte == b'.') else { return };
    let top = &domain[dot + 1..];
    let name = &bytes[start..at];
    // `git@host:path` is a remote, `name@1.2.3` a package, `icon@2x.png` a file.
    let remote = matches!(name, b"git" | b"hg" | b"svn" | b"root")
        || bytes.get(end) == Some(&b':')
            && bytes.get(end + 1).is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'~'));
    // A file has a size or a version in its name (`icon@2x.ts`); a person's address begins with a letter.
    let file = FILES.contains(&top)
        && (top != b"ts" || !name.iter().all(u8::is_ascii_lowercase) || domain[0].is_ascii_digit());
    let fits = !name.is_empty()
        && !name.starts_with(b".")
        && dot > 0
        && !domain.starts_with(b"-")
        && !domain.windows(2).any(|pair| pair == b"..")
        && (2..=24).contains(&top.len())
        && (top.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80) || top.starts_with(b"xn--"));
    // A part of a path is a mailbox where its end is one of a domain; packages have versions there.
    let mailbox = || {
        let word = bytes[..start].iter().rev().take(LONG_PATH).take_while(|byte| !is_end(**byte)).count();
        let rooted = matches!(bytes[start - word], b'/' | b'~' | b'.');
        rooted && MAILBOXES.contains(&top) && bytes.get(end).is_none_or(|byte| !matches!(byte, b'@' | b':' | b'-'))
    };
    let packaged = start > 0 && (bytes[start - 1] == b'@' || bytes[start - 1] == b'/' && !mailbox());
    if fits && !remote && !file && !packaged && !in_authority(bytes, start) {
        found.push(Finding { kind: "email", start, end });
    }
}

/// Whether a place lies between `://` and the path of a URL: there, `@` ends a user, not a mailbox.
fn in_authority(bytes: &[u8], start: usize) -> bool {
    let word = bytes[..start]
        .iter()
        .rev()
        .take(256)
        .take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'/' | b'?'))
        .count();
    let before = &bytes[..start - word];
    before.ends_with(b"://") || before.ends_with(b":\\/\\/")
}
