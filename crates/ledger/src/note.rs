//! Checkpoints: the log's size, root and head in the C2SP `tlog-checkpoint` text, signed as a `signed-note`.
//!
//! ```text
//! clawbutler.local/log/0123456789abcdef
//! 1234
//! <base64 of the root>
//! head <64 hex digits>
//! time <milliseconds since the epoch>
//!
//! — clawbutler.local/log/0123456789abcdef <base64 of key id and Ed25519 signature>
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clawbutler_core::id::{hex, unhex};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::merkle::Hash;
use crate::seal::Head;

/// Longest note that is read (bytes).
pub const NOTE_BYTES: usize = 4096;
/// Signature type Ed25519 of the signed-note format.
const ED25519: u8 = 1;
/// What every origin begins with.
const ORIGIN: &str = "clawbutler.local/log/";

/// Where the log stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log: [`origin`] of its first entry.
    pub origin: String,
    /// Entries in it.
    pub size: u64,
    /// Merkle root over them.
    pub root: Hash,
    /// Chain hash of the last of them.
    pub head: Hash,
    /// When it was made (ms since the epoch, by the machine's clock).
    pub at: i64,
}

/// Name of a log, from the chain hash of its first entry: a log begun anew has another one.
pub fn origin(first: &Hash) -> String {
    format!("{ORIGIN}{}", hex(&first[..8]))
}

impl Checkpoint {
    /// The text that is signed, with its last newline.
    pub fn text(&self) -> String {
        let root = STANDARD.encode(self.root);
        format!("{}\n{}\n{root}\nhead {}\ntime {}\n", self.origin, self.size, hex(&self.head), self.at)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next().filter(|line| names_a_log(line))?.to_owned();
        let size_text = lines.next()?;
        let size: u64 = size_text.parse().ok()?;
        let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        let head = unhex(lines.next()?.strip_prefix("head ")?)?.try_into().ok()?;
        let at = lines.next()?.strip_prefix("time ")?.parse().ok()?;
        let found = Self { origin, size, root, head, at };
        // One spelling only: what is signed is what is read.
        (found.text() == text).then_some(found)
    }
}

/// Whether a line is what [`origin`] makes.
fn names_a_log(line: &str) -> bool {
    let lower = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    line.strip_prefix(ORIGIN).is_some_and(|name| name.len() == 16 && name.bytes().all(lower))
}

/// The secret half, from 32 random bytes.
pub struct Key(SigningKey);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key of a seed (RFC 8032).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The signed note of a checkpoint.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let mut bytes = self.public().id(&checkpoint.origin).to_vec();
        bytes.extend_from_slice(&self.0.sign(text.as_bytes()).to_bytes());
        format!("{text}\n— {} {}\n", checkpoint.origin, STANDARD.encode(bytes))
    }
}

impl Key {
    /// The signature of a note of the newest entry, base64.
    pub fn sign_head(&self, head: &Head) -> String {
        STANDARD.encode(self.0.sign(head.text().as_bytes()).to_bytes())
    }
}

/// The public half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Key id of the signed-note format for a log's name.
    pub fn id(&self, origin: &str) -> [u8; 4] {
        let digest = Sha256::new().chain_update(origin).chain_update([b'\n', ED25519]).chain_update(self.0.as_bytes());
        let digest: Hash = digest.finalize().into();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// The verifier key of the signed-note format: `<name>+<key id>+<base64>`.
    pub fn vkey(&self, origin: &str) -> String {
        format!("{origin}+{}+{}", hex(&self.id(origin)), self.encoded())
    }

    /// Type and key as base64: the last part of a verifier key.
    pub fn encoded(&self) -> String {
        let mut bytes = vec![ED25519];
        bytes.extend_from_slice(self.0.as_bytes());
        STANDARD.encode(bytes)
    }

    /// Whether the signature of a note of the newest entry is by this key.
    pub fn signed_head(&self, head: &Head, signature: &str) -> bool {
        let signature = STANDARD.decode(signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| self.0.verify_strict(head.text().as_bytes(), &signature).is_ok())
    }

    /// Reads a verifier key, or its last part alone.
    pub fn parse(text: &str) -> Option<Self> {
        // `+` is also a digit of base64, so the name and the id are counted from the left.
        let encoded = if text.starts_with(ORIGIN) { text.splitn(3, '+').nth(2)? } else { text };
        let bytes = STANDARD.decode(encoded).ok()?;
        let key: [u8; 32] = bytes.strip_prefix(&[ED25519])?.try_into().ok()?;
        VerifyingKey::from_bytes(&key).ok().map(Self)
    }
}

/// Why a note is no checkpoint to rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It does not have the form.
    #[error("it is not a checkpoint")]
    Malformed,
    /// No signature of it is by the key.
    #[error("it is signed by another key")]
    OtherKey,
    /// The signature does not fit.
    #[error("its signature does not fit")]
    BadSignature,
}

/// What a note says, without looking at its signatures.
pub fn read(note: &str) -> Result<Checkpoint, NoteError> {
    parts(note).map(|(checkpoint, ..)| checkpoint)
}

/// What a note says, once its signature by `key` is checked.
pub fn open(note: &str, key: &PublicKey) -> Result<Checkpoint, NoteError> {
    let (checkpoint, text, signatures) = parts(note)?;
    let id = key.id(&checkpoint.origin);
    let mut seen = NoteError::OtherKey;
    for Signed { name, id: their_id, signature } in signatures {
        if name != checkpoint.origin || their_id != id {
            continue;
        }
        let fits = Signature::from_slice(&signature)
            .is_ok_and(|signature| key.0.verify_strict(text.as_bytes(), &signature).is_ok());
        if fits {
            return Ok(checkpoint);
        }
        seen = NoteError::BadSignature;
    }
    Err(seen)
}

/// The same of a note that is signed once: so nobody can add to it.
pub(crate) fn open_only(note: &str, key: &PublicKey) -> Result<Checkpoint, NoteError> {
    match parts(note)? {
        (_, _, signatures) if signatures.len() == 1 => open(note, key),
        _ => Err(NoteError::Malformed),
    }
}

/// One signature of a note.
struct Signed<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl<'a> Signed<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>().filter(|_| !name.is_empty())?;
        Some(Self { name, id: *id, signature: signature.to_vec() })
    }
}

fn parts(note: &str) -> Result<(Checkpoint, &str, Vec<Signed<'_>>), NoteError> {
    if note.len() > NOTE_BYTES {
        return Err(NoteError::Malformed);
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, signatures) = (&note[..=at], &note[at + 2..]);
    let checkpoint = Checkpoint::parse(text).ok_or(NoteError::Malformed)?;
    if signatures.is_empty() || !signatures.ends_with('\n') {
        return Err(NoteError::Malformed);
    }
    let signatures: Option<_> = signatures.split_terminator('\n').map(Signed::parse).collect();
    Ok((checkpoint, text, signatures.ok_or(NoteError::Malformed)?))
}

/// Whether a text of several notes holds one that has not the form.
pub fn any_damaged(text: &str) -> bool {
    let notes = all(text);
    let begun = text.split('\n').filter(|line| line.starts_with(ORIGIN)).count();
    begun != notes.len() || notes.iter().any(|note| read(note).is_err())
}

/// The notes of a text that holds several, one after the other; what is between them is skipped.
pub fn all(text: &str) -> Vec<&str> {
    let mut notes = Vec::new();
    let (mut start, mut at, mut signed) = (None, 0, false);
    for line in text.split_inclusive('\n') {
        if start.is_none() || signed && !line.starts_with("— ") {
            if let (Some(start), true) = (start, signed) {
                notes.push(&text[start..at]);
            }
            (start, signed) = (line.starts_with(ORIGIN).then_some(at), false);
        } else if line.starts_with("— ") && line.ends_with('\n') {
            signed = true;
        } else if line.starts_with(ORIGIN) {
            start = Some(at);
        }
        at += line.len();
    }
    if let (Some(start), true) = (start, signed) {
        notes.push(&text[start..]);
    }
    notes
}
