//! Secrets that are handed over in a way of their own: a workflow's mask, a word as a file, a token over several lines.

use super::Finding;
use super::look::is_reference;
use super::named::{push, spaces, value};

/// Bytes before a place in which the option it belongs to is looked for.
const OPTION: usize = 64;
/// Most bytes of a token over several lines, and of its first part.
const TOKEN: usize = 8 * 1024;
const HEAD: usize = 1024;
/// Most lines of it, and most bytes between two of its pieces.
const PIECES: usize = 128;
const BREAK: usize = 40;
/// Lengths of signatures of JSON web tokens in base64.
const SIGNATURES: [usize; 7] = [43, 64, 86, 128, 176, 342, 683];

/// `::add-mask::value`, by which a workflow says itself that it is a secret.
pub(super) fn mask(text: &str, end: usize, found: &mut Vec<Finding>) {
    let (from, to, _) = value(text, end);
    if to > from + 2 && !is_reference(&text[from..to]) {
        push(found, "named_secret", from, to);
    }
}

/// `--password-file=<(echo value)`.
pub(super) fn as_file(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    let near = &text[text.floor_char_boundary(start.saturating_sub(OPTION))..start];
    let name = near.trim_end_matches([' ', '=', '"']).rsplit([' ', '\n', '\t']).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let tells = ["pass", "token", "secret", "credential", "-key"].iter().any(|word| name.contains(word));
    if !name.starts_with('-') || !tells {
        return;
    }
    // Options of `echo`, the form of `printf`.
    let mut at = spaces(text, end);
    for _ in 0..3 {
        let (from, to, quoted) = value(text, at);
        let word = &text[from..to];
        if !(word.starts_with('-') && word.len() <= 3 || word.starts_with('%')) {
            break;
        }
        at = spaces(text, to + usize::from(quoted));
    }
    let (from, to, _) = value(text, at);
    if to > from + 2 && !is_reference(&text[from..to]) {
        push(found, "named_secret", from, to);
    }
}

/// The end of a JSON web token that begins at `start` and goes over several lines: with what joins lines in shells, code,
/// quotations and JSON between its pieces. It is one only when its second part is an object as its first is.
pub(super) fn broken_jwt(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let limit = bytes.len().min(start + TOKEN);
    let (mut at, mut end) = (start, start);
    // Bytes of its three parts so far, without what stands between; the first of the second; which part this is.
    let (mut lengths, mut payload, mut part) = ([0_usize; 3], [0_u8; 3], 0);
    for piece in 0..PIECES {
        let run = bytes[at..limit].iter().take_while(|byte| is_part(**byte)).count();
        let run = &bytes[at..at + run];
        // What follows a whole one is no more of it.
        let more = |signature: usize| {
            let whole = signature + run.len();
            !run.contains(&b'.') && (whole <= SIGNATURES[0] || SIGNATURES.contains(&whole) || mixed(run))
        };
        if piece > 0 && (run.is_empty() || part == 2 && !more(lengths[2])) {
            break;
        }
        for byte in run {
            if *byte == b'.' {
                part += 1;
            } else {
                if let (1, Some(first)) = (part, payload.get_mut(lengths[1])) {
                    *first = *byte;
                }
                *lengths.get_mut(part)? += 1;
            }
        }
        (at, end) = (at + run.len(), at + run.len());
        if lengths[0] > HEAD || lengths[1] >= 3 && payload != *b"eyJ" || SIGNATURES.contains(&lengths[2]) {
            break;
        }
        match joined(&bytes[at..limit]) {
            Some(gap) => at += gap,
            None => break,
        }
    }
    (payload == *b"eyJ" && lengths[0] >= 12 && lengths[2] >= 20).then_some(end)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// Letters of both cases and digits, as a line of a signature has them.
fn mixed(bytes: &[u8]) -> bool {
    let has = |sort: fn(&u8) -> bool| bytes.iter().any(sort);
    bytes.len() >= 16 && has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
}

/// How long what joins two lines is; `None`: no line ends here.
fn joined(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut line) = (0, false);
    while at < bytes.len().min(BREAK) {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\\', Some(b'n' | b'r')) => {
                line = true;
                at += 1;
            }
            (b'\n', _) => line = true,
            (b' ' | b'\t' | b'\r' | b'"' | b'\'' | b'+' | b'\\' | b'>' | b'|', _) => {}
            _ => break,
        }
        at += 1;
    }
    line.then_some(at)
}
