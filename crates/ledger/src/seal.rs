//! The newest entry as it is noted outside the database: signed every few seconds, and sealed with a keyed hash at
//! every commit, which costs less than the commit can be measured to.
//!
//! Nobody without the key can write either. An older one that is put back proves fewer entries, never others.

use clawbutler_core::id::{hex, unhex};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::merkle::Hash;

/// Length of a seal as text (bytes): always the same, so that it is written over the one before.
pub const SEAL_BYTES: usize = 20 + 1 + 20 + 1 + 64 + 1 + 64 + 1;

/// Where the log stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The log: [`crate::note::origin`] of its first entry.
    pub origin: String,
    /// Number of the newest entry; it is on the disk.
    pub seq: u64,
    /// Its chain hash.
    pub hash: Hash,
    /// Written at an orderly end: nothing may have been added since.
    pub closed: bool,
}

impl Head {
    /// The text that is signed.
    pub fn text(&self) -> String {
        let state = if self.closed { "closed" } else { "open" };
        format!("clawbutler.local/head\n{}\n{}\n{}\n{state}\n", self.origin, self.seq, hex(&self.hash))
    }
}

/// Where the log stood after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Number of the newest entry.
    pub seq: u64,
    /// Number of the newest entry that the loss of power cannot take.
    pub durable: u64,
    /// Chain hash of `seq`.
    pub hash: Hash,
}

/// The key of seals.
#[derive(Clone)]
pub struct SealKey(Hmac<Sha256>);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(…)")
    }
}

impl SealKey {
    /// The key that belongs to the seed of a signing key.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let mut derived = keyed(seed);
        derived.update(b"clawbutler-seal-key-v1");
        Self(keyed(&derived.finalize().into_bytes()))
    }

    /// A seal as it is kept, [`SEAL_BYTES`] long.
    pub fn seal(&self, sealed: &Sealed) -> String {
        let words = words(sealed);
        let mac: Hash = self.over(&words).finalize().into_bytes().into();
        format!("{words} {}\n", hex(&mac))
    }

    /// What a seal says; `None` when it is not by this key, or damaged.
    pub fn open(&self, text: &str) -> Option<Sealed> {
        let (words_of, mac) = text.strip_suffix('\n')?.rsplit_once(' ')?;
        self.over(words_of).verify_slice(&unhex(mac)?).ok()?;
        let mut parts = words_of.split(' ');
        let (seq, durable) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Sealed { seq, durable, hash: unhex(parts.next()?)?.try_into().ok()? })
    }

    fn over(&self, words: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"clawbutler-seal-v1\n");
        mac.update(words.as_bytes());
        mac
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("BUG: HMAC takes a key of any length")
}

fn words(sealed: &Sealed) -> String {
    format!("{:020} {:020} {}", sealed.seq, sealed.durable, hex(&sealed.hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_by_its_key_only_and_unchanged_only() {
        let (key, sealed) = (SealKey::from_seed(&[1; 32]), Sealed { seq: 7, durable: 5, hash: [3; 32] });
        let text = key.seal(&sealed);
        assert_eq!((text.len(), key.open(&text)), (SEAL_BYTES, Some(sealed)));
        assert_eq!(SealKey::from_seed(&[2; 32]).open(&text), None);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
            assert_eq!(key.open(&String::from_utf8(bytes).unwrap()), None, "byte {at}");
        }
        assert_eq!(key.open(""), None);
    }
}
