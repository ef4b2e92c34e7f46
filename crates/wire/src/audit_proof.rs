//! What is proven of single entries, the checkpoints, and how far a verification is.

use serde::{Deserialize, Serialize};

use crate::Seq;

/// How far the `verify_audit` under way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShowVerify {}

/// The reply of `show_verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VerifyProgress {
    /// Whether one is under way.
    pub running: bool,
    /// Entries recomputed, of `total`; of the last one when none is under way.
    pub at: Seq,
    pub total: Seq,
}

/// Verifies one entry: its payload, its place in the chain, and the checkpoint that covers it. Records nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProveEntry {
    pub seq: Seq,
}

/// How one entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofState {
    /// A signed checkpoint covers it, and its inclusion was recomputed.
    Proven,
    /// It holds against the entry before; no checkpoint covers it yet.
    Chained,
    /// It does not hold.
    Broken,
}

/// The reply of `prove_entry`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryProof {
    pub seq: Seq,
    pub state: ProofState,
    /// With `broken`: what does not hold.
    #[serde(default)]
    pub says: Option<String>,
    /// Hash of the entry before and of this one (hex).
    pub prev: String,
    pub hash: String,
    /// SHA-256 of its facts, as its header names it (hex); absent in entries of version 1.
    #[serde(default)]
    pub data_digest: Option<String>,
    /// Hash of its header as a leaf of the tree (hex).
    pub leaf: String,
    /// Span of what it belongs to.
    #[serde(default)]
    pub parent: Option<String>,
    /// Whether retention removed its facts; their digest stays.
    pub pruned: bool,
    /// The smallest checkpoint that covers it.
    #[serde(default)]
    pub checkpoint: Option<CheckpointView>,
    /// Hashes between the entry and the root of that checkpoint.
    #[serde(default)]
    pub hashes: u32,
}

/// One checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointView {
    /// Entries it covers.
    pub entries: Seq,
    /// When it was made (ms since the epoch).
    pub at: i64,
    /// Root of the tree over them (hex).
    pub root: String,
    /// Whether a key of this log signed it.
    pub signed: bool,
}

/// The checkpoints in the database, and how the copies outside stand to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListCheckpoints {}

/// The reply of `list_checkpoints`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CheckpointList {
    /// Newest first; at most 50.
    pub items: Vec<CheckpointView>,
    /// Places outside the database, strongest first.
    pub copies: Vec<CopyView>,
}

/// One place outside the database that keeps checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyView {
    /// In words, or a path.
    pub place: String,
    pub state: CopyState,
    /// Entries that its newest checkpoint covers.
    #[serde(default)]
    pub entries: Option<Seq>,
}

/// How a copy stands to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// Its newest checkpoint is signed by a key of this log, and the log has its root.
    Agrees,
    /// Nothing can be read there.
    Nothing,
    /// Another key signed it, its signature does not fit, or the log has another root.
    Differs,
}
