//! The proof that one entry is in a log: its line, a checkpoint, and the hashes between them.

use serde::Deserialize;
use serde_json::Value;

use crate::line;
use crate::merkle;
use crate::note::{self, NoteError, PublicKey};
use crate::pack::{hashes, holds};

/// A proof as it is written: these members and no others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    line: String,
    index: u64,
    size: u64,
    #[serde(rename = "proof")]
    path: Vec<String>,
    checkpoint: String,
    /// The key it claims to be signed with; only the one from elsewhere counts.
    #[serde(rename = "key")]
    _key: Option<String>,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It does not have the form.
    #[error("it is no proof of an entry")]
    Form,
    /// Its checkpoint does not hold.
    #[error("its checkpoint does not hold: {0}")]
    Note(NoteError),
    /// Its entry does not hold by itself.
    #[error("entry {0} was changed")]
    Entry(u64),
    /// It does not lead to the root of the checkpoint.
    #[error("it does not lead from entry {0} to the checkpoint")]
    Root(u64),
}

/// The number of the entry that a proof shows to be in the log whose checkpoints `key` signs.
pub fn proven(proof: &Value, key: &PublicKey) -> Result<u64, ProofError> {
    let proof = Proof::deserialize(proof).map_err(|_| ProofError::Form)?;
    let over = note::open_only(&proof.checkpoint, key).map_err(ProofError::Note)?;
    let stored = line::read(&proof.line).filter(|stored| stored.seq > 0).ok_or(ProofError::Form)?;
    let (leaf, _) = holds(&stored).ok_or(ProofError::Entry(stored.seq))?;
    let steps = hashes(&proof.path).ok_or(ProofError::Form)?;
    let said = proof.index == stored.seq - 1 && proof.size == over.size;
    let end = stored.seq != over.size || stored.hash == over.head;
    if said && end && merkle::holds_inclusion(&leaf, proof.index, over.size, &steps, &over.root) {
        Ok(stored.seq)
    } else {
        Err(ProofError::Root(stored.seq))
    }
}
