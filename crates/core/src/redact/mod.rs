//! Masks secrets and personal data before anything is written.
//!
//! A masked value becomes `[masked:<type>:<8 hex digits>]`; the digits are a keyed digest (HMAC-SHA-256
//! with a key that never leaves the machine), so equal values are recognised as equal without being
//! stored and without being guessable from an export. One pass of a multi-pattern search finds the places
//! worth a look; each sort of value then has its own check, with a checksum where the format has one.
//!
//! Kinds: `providers` (keys by their shape), `named` (values beside a name that says secret, URLs,
//! connection strings, private keys), `personal` (e-mail, phone, IBAN, cards, national ids, addresses).

mod addresses;
mod blocks;
mod calls;
mod checks;
mod codes;
mod countries;
mod forms;
mod given;
mod headers;
mod json;
mod look;
mod mail;
mod named;
mod national;
mod options;
mod personal;
mod prose;
mod providers;
mod scan;
mod shapes;
mod unnamed;
mod values;
mod words;

use std::sync::atomic::{AtomicBool, Ordering};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub use json::{mask_value, mask_value_with};

use crate::id::hex;

/// The machine's masking key (32 bytes), and what the person chose to have masked. Its `Debug` shows nothing.
pub struct MaskKey {
    bytes: [u8; 32],
    /// See [`Choice::addresses`]; changed while masks are made.
    addresses: AtomicBool,
}

impl MaskKey {
    /// A key, with the choice that [`Choice::default`] is.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self { bytes, addresses: AtomicBool::new(false) }
    }

    /// What is masked by choice from now on.
    pub fn choose(&self, choice: Choice) {
        self.addresses.store(choice.addresses, Ordering::Relaxed);
    }

    /// What is masked by choice.
    pub fn choice(&self) -> Choice {
        Choice { addresses: self.addresses.load(Ordering::Relaxed) }
    }
}

impl std::fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskKey(..)")
    }
}

/// One value to be masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Its type, as in the mask (`github_token`, `email`).
    pub kind: &'static str,
    /// First byte.
    pub start: usize,
    /// One after the last byte.
    pub end: usize,
}

/// What is masked by choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Choice {
    /// Public IP addresses too. Off by default: they are what a rule about hosts is about.
    pub addresses: bool,
}

/// Finds what has to be masked, in order, without overlaps.
pub fn find(text: &str, choice: Choice) -> Vec<Finding> {
    // Colours of a terminal cut words and values in two: they are looked at without.
    match codes::without(text) {
        Some(plain) => {
            let mut found = find_in(&plain.text, choice);
            for one in &mut found {
                (one.start, one.end) = plain.places(one.start, one.end);
            }
            found
        }
        None => find_in(text, choice),
    }
}

fn find_in(text: &str, choice: Choice) -> Vec<Finding> {
    let mut found = scan::scan(text, choice);
    if !found.is_empty() && text.contains(MASK) {
        let masks = masks(text);
        found.retain(|one| masks.iter().all(|mask| one.end <= mask.start || mask.end <= one.start));
    }
    if found.len() > 1 {
        // The earlier and the longer win, and of equal ones the type that says more.
        found.sort_by_key(|one| (one.start, std::cmp::Reverse(one.end), one.kind == "api_key"));
        let mut end = 0;
        found.retain(|one| {
            let keep = one.start >= end;
            if keep {
                end = one.end;
            }
            keep
        });
    }
    found
}

const MASK: &str = "[masked:";

/// Masks that stand in a text already: `[masked:<type>:<8 hex digits>]`, exactly.
fn masks(text: &str) -> Vec<std::ops::Range<usize>> {
    let whole = |start: usize| {
        let rest = &text[start + MASK.len()..];
        let colon = rest.bytes().take_while(|byte| byte.is_ascii_lowercase() || *byte == b'_').count();
        let digits = rest.get(colon..)?.strip_prefix(':')?;
        let right = digits.bytes().take(8).filter(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count() == 8;
        (right && digits[8..].starts_with(']')).then(|| start..start + MASK.len() + colon + 10)
    };
    text.match_indices(MASK).filter_map(|(start, _)| whole(start)).collect()
}

/// Masks what has to be masked in one text, with what the key was told is chosen.
pub fn mask_text(text: &str, key: &MaskKey) -> String {
    mask_with(text, key, key.choice())
}

/// The same with choices.
pub fn mask_with(text: &str, key: &MaskKey, choice: Choice) -> String {
    replace(text, &find(text, choice), key)
}

/// Replaces findings of this very text.
pub fn replace(text: &str, found: &[Finding], key: &MaskKey) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for one in found {
        out.push_str(&text[at..one.start]);
        out.push_str(&token(one.kind, &text[one.start..one.end], key));
        at = one.end;
    }
    out.push_str(&text[at..]);
    out
}

fn token(kind: &str, secret: &str, key: &MaskKey) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.bytes).expect("BUG: HMAC takes a key of any length");
    // Equal values look equal, whatever colours they were written in.
    match codes::without(secret) {
        Some(plain) => mac.update(plain.text.as_bytes()),
        None => mac.update(secret.as_bytes()),
    }
    format!("[masked:{kind}:{}]", hex(&mac.finalize().into_bytes()[..4]))
}
