//! Evidence packs: chosen entries with everything a stranger needs to check them, in one file.
//!
//! `docs/EVIDENCE-PACK.md` describes the format for other languages. The manifest names every file by its digest; an
//! entry of the log itself, the seal, names the manifest; and a signed checkpoint covers the seal. So nothing in the
//! file can be changed without the key that signs checkpoints. Start reading at [`verify()`].

mod container;
mod verify;

use clawbutler_core::id::hex;
use serde::{Deserialize, Serialize};

pub use container::{Member, Open, PACK_BYTES, Writer};
pub use verify::{PackError, PackReport, claimed_key, verify};
pub(crate) use verify::{hashes, holds};

/// Most entries of a pack.
pub const PACK_ENTRIES: usize = 200_000;
/// Name and version of the format.
pub const FORMAT: &str = "clawbutler-evidence-1";

/// Names of the files that the manifest names, in their order.
pub const NAMED: [&str; 7] = [ENTRIES, PROOF, CHECKPOINT, KEY, RULES, SUMMARY, NOTE];
/// The entries, lines of an export.
pub const ENTRIES: &str = "entries.jsonl";
/// The hashes beside them ([`crate::merkle::partial`]), one a line.
pub const PROOF: &str = "proof.txt";
/// The checkpoint that covers them.
pub const CHECKPOINT: &str = "checkpoint.txt";
/// The public key that signed it.
pub const KEY: &str = "public-key.txt";
/// Versions of the rule set that the entries name.
pub const RULES: &str = "rule-sets.json";
/// For people.
pub const SUMMARY: &str = "summary.html";
/// How to check it.
pub const NOTE: &str = "VERIFY.md";
/// Digests of all the others.
pub const MANIFEST: &str = "manifest.json";
/// Proof that the log names the manifest.
pub const SEAL: &str = "seal.json";

/// What a pack is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Size of the tree the entries are proven in.
    pub checkpoint: u64,
    /// Number of entries.
    pub entries: u64,
    pub files: Vec<Named>,
    /// What was asked for; the maker's word, not proven.
    pub filter: String,
    /// [`FORMAT`].
    pub format: String,
    /// Name of the log ([`crate::note::origin`]).
    pub log: String,
    /// When it was made (ms since the epoch, by the machine's clock).
    pub made_at: i64,
}

/// One file of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    pub bytes: u64,
    pub name: String,
    /// Hex digits.
    pub sha256: String,
}

impl From<&Member> for Named {
    fn from(member: &Member) -> Self {
        Self { bytes: member.bytes, name: member.name.clone(), sha256: hex(&member.sha256) }
    }
}

/// The proof that the log names a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// A checkpoint that covers the entry.
    pub checkpoint: String,
    /// Hex hashes that lead from the entries' checkpoint to this one (RFC 9162, 2.1.4).
    pub consistency: Vec<String>,
    /// The entry's line of an export; its payload names the manifest.
    pub line: String,
    /// Hex hashes that lead from the entry to the root (RFC 9162, 2.1.3).
    pub proof: Vec<String>,
}
