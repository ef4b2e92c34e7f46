//! Variables of a shell, calls that take a password, phrases of words.

use super::look::{is_reference, random_long};
use super::named::{push, spaces, value};
use super::{Finding, words};

/// Most words of a phrase.
const PHRASE_WORDS: usize = 24;

/// `export NAME=value` with a value of random characters, whatever the name.
pub(super) fn variable(text: &str, end: usize, found: &mut Vec<Finding>) {
    let at = spaces(text, end);
    let length = text[at..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let name = &text[at..at + length];
    if length == 0 || !text[at + length..].starts_with('=') || words::is_open_name(name) {
        return;
    }
    let (from, to, _) = value(text, at + length + 1);
    if random_long(&text[from..to]) && !text[from..to].bytes().all(|byte| byte.is_ascii_hexdigit()) {
        push(found, "high_entropy", from, to);
    }
}

/// `ConvertTo-SecureString "x"`, `auth=("name", "x")`.
pub(super) fn call(text: &str, end: usize, found: &mut Vec<Finding>) {
    let at = spaces(text, end);
    let at = if text[at..].to_ascii_lowercase().starts_with("-string ") { spaces(text, at + 8) } else { at };
    let (mut from, mut to, mut quoted) = value(text, at);
    if text[..end].ends_with('(') {
        let comma = to + 1;
        if !quoted || !text.get(comma..).is_some_and(|rest| rest.starts_with(',')) {
            return;
        }
        (from, to, quoted) = value(text, spaces(text, comma + 1));
    }
    if quoted && to > from + 2 && !is_reference(&text[from..to]) {
        push(found, "named_secret", from, to);
    }
}

/// A wallet's words: `mnemonic: "…"`.
pub(super) fn phrase(text: &str, end: usize, found: &mut Vec<Finding>) {
    let skip = text[end..].bytes().take(12).take_while(|byte| b"\\\"':= \t".contains(byte) || *byte == b's').count();
    let from = end + skip;
    let (mut at, mut words, mut to) = (from, 0, from);
    while words < PHRASE_WORDS {
        let length = text[at..].bytes().take(9).take_while(u8::is_ascii_lowercase).count();
        if !(3..=8).contains(&length) {
            break;
        }
        words += 1;
        to = at + length;
        if !text[to..].starts_with(' ') {
            break;
        }
        at = to + 1;
    }
    if words >= 12 {
        push(found, "seed_phrase", from, to);
    }
}
