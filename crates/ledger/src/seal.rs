//! The newest entry as it is noted outside the database: signed every few seconds, and sealed with a keyed hash at
//! every commit, which costs less than the commit can be measured to.
//!
//! A seal is written before a commit, with where the commit leads, and after it, with where the log is then: a kill
//! between leaves a log that stands at one of the two.
//!
//! Nobody without the key can write either. An older one that is put back proves fewer entries, never others.

use clawbutler_core::id::{hex, unhex};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::merkle::Hash;

/// Length of a seal as text (bytes): always the same, so that it is written over the one before.
pub const SEAL_BYTES: usize = 20 + 1 + 20 + 1 + 64 + 1 + 20 + 1 + 64 + 1 + 64 + 1;

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
    /// Digest (hex) of what is told of standing grants beside it; absent in notes of earlier versions.
    pub grants: Option<String>,
}

impl Head {
    /// The text that is signed.
    pub fn text(&self) -> String {
        let state = if self.closed { "closed" } else { "open" };
        let grants = self.grants.as_ref().map(|digest| format!("grants {digest}\n")).unwrap_or_default();
        format!("clawbutler.local/head\n{}\n{}\n{}\n{state}\n{grants}", self.origin, self.seq, hex(&self.hash))
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
    /// Number and chain hash of the newest entry of a commit that was begun; whether it happened is not known.
    pub next: Option<(u64, Hash)>,
}

impl Sealed {
    /// The same when the log has this entry: if it is the one that a commit was to lead to, that commit happened.
    #[must_use]
    pub fn met(self, seq: u64, hash: &Hash) -> Self {
        if self.next == Some((seq, *hash)) { Self { seq, hash: *hash, next: None, ..self } } else { self }
    }
}

/// Domain separation of seals.
const DOMAIN: &[u8] = b"clawbutler-seal-v2\n";
/// The same, of those of version 1, which tell of no commit that was begun.
const DOMAIN_V1: &[u8] = b"clawbutler-seal-v1\n";

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
        let mac: Hash = self.over(DOMAIN, &words).finalize().into_bytes().into();
        format!("{words} {}\n", hex(&mac))
    }

    /// What a seal says; `None` when it is not by this key, or damaged. Reads those of earlier versions too.
    pub fn open(&self, text: &str) -> Option<Sealed> {
        let (words, mac) = text.strip_suffix('\n')?.rsplit_once(' ')?;
        let parts: Vec<&str> = words.split(' ').collect();
        let (domain, next) = match parts[..] {
            [_, _, _] => (DOMAIN_V1, None),
            [_, _, _, seq, hash] => {
                let seq: u64 = seq.parse().ok()?;
                (DOMAIN, (seq > 0).then_some((seq, unhex(hash)?.try_into().ok()?)))
            }
            _ => return None,
        };
        self.over(domain, words).verify_slice(&unhex(mac)?).ok()?;
        let (seq, durable) = (parts[0].parse().ok()?, parts[1].parse().ok()?);
        Some(Sealed { seq, durable, hash: unhex(parts[2])?.try_into().ok()?, next })
    }

    fn over(&self, domain: &[u8], words: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(domain);
        mac.update(words.as_bytes());
        mac
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("BUG: HMAC takes a key of any length")
}

fn words(sealed: &Sealed) -> String {
    let (next, towards) = sealed.next.unwrap_or_default();
    let (hash, towards) = (hex(&sealed.hash), hex(&towards));
    format!("{:020} {:020} {hash} {next:020} {towards}", sealed.seq, sealed.durable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_by_its_key_only_and_unchanged_only() {
        let key = SealKey::from_seed(&[1; 32]);
        for next in [None, Some((9, [4; 32]))] {
            let sealed = Sealed { seq: 7, durable: 5, hash: [3; 32], next };
            let text = key.seal(&sealed);
            assert_eq!((text.len(), key.open(&text)), (SEAL_BYTES, Some(sealed)));
            assert_eq!(SealKey::from_seed(&[2; 32]).open(&text), None);
            for at in 0..text.len() {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
                assert_eq!(key.open(&String::from_utf8(bytes).unwrap()), None, "byte {at}");
            }
        }
        assert_eq!(key.open(""), None);
    }

    #[test]
    fn a_commit_that_was_begun_happened_where_the_log_has_its_entry() {
        let sealed = Sealed { seq: 7, durable: 5, hash: [3; 32], next: Some((9, [4; 32])) };
        for (seq, hash) in [(9, [5; 32]), (8, [4; 32]), (7, [3; 32])] {
            assert_eq!(sealed.met(seq, &hash), sealed);
        }
        assert_eq!(sealed.met(9, &[4; 32]), Sealed { seq: 9, durable: 5, hash: [4; 32], next: None });
    }

    #[test]
    fn the_words_of_a_seal_are_no_seal_of_the_version_before() {
        let key = SealKey::from_seed(&[1; 32]);
        let text = key.seal(&Sealed { seq: 7, durable: 5, hash: [3; 32], next: Some((9, [4; 32])) });
        let parts: Vec<&str> = text.split(' ').collect();
        let (first, mac) = (parts[..3].join(" "), parts[5]);
        assert_eq!(key.open(&format!("{first} {mac}")), None);
    }
}
