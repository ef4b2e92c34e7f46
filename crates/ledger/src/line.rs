//! One line of a JSONL export: `hash`, `prev`, `entry`, and `data` where the payload is kept.

use clawbutler_core::id::{hex, unhex};

use crate::canonical;
use crate::merkle::Hash;
use crate::verify::Stored;

/// Longest line that is read (bytes).
pub const LINE_BYTES: usize = 16 * 1024 * 1024;

/// The line of an entry, without the newline.
pub fn write(prev: &Hash, hash: &Hash, body: &str, payload: Option<&str>) -> String {
    let payload = payload.map(|payload| format!(",\"data\":{payload}")).unwrap_or_default();
    format!("{{\"hash\":\"{}\",\"prev\":\"{}\",\"entry\":{body}{payload}}}", hex(hash), hex(prev))
}

/// Reads a line as [`write()`] makes it. The sequence number is what the entry says, 0 where it says none.
/// `None`: it does not have the form.
pub fn read(line: &str) -> Option<Stored<'_>> {
    let rest = line.strip_prefix("{\"hash\":\"")?;
    let (hash, rest) = digest(rest)?;
    let (prev, rest) = digest(rest.strip_prefix("\",\"prev\":\"")?)?;
    let rest = rest.strip_prefix("\",\"entry\":")?;
    // An entry that is not in canonical form ends where the line or its payload does: the hash tells.
    let end = canonical::value_end(rest)?;
    let (body, rest) = rest.split_at(end);
    let payload = match rest.strip_prefix(",\"data\":") {
        Some(rest) => Some(rest.strip_suffix('}')?),
        None => (rest == "}").then_some(None)?,
    };
    let mut seq = 0;
    canonical::is_canonical_object(body, |name, value| {
        if name == "seq" {
            seq = value.parse().unwrap_or(0);
        }
    });
    Some(Stored { seq, prev: Some(prev), hash, body, payload, columns: None })
}

fn digest(text: &str) -> Option<(Hash, &str)> {
    let (digits, rest) = text.split_at_checked(64)?;
    let lower = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    Some((unhex(digits).filter(|_| lower)?.try_into().ok()?, rest))
}
