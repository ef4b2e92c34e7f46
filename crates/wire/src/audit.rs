//! The audit log as shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Seq;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    pub seq: Seq,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// `action.requested`, `approval.decided`, …
    pub kind: String,
    /// Who, in words.
    pub actor: String,
    /// One sentence.
    pub says: String,
    pub trace: String,
    pub span: String,
    /// The entry's own data, masked.
    pub data: Value,
    /// Hex SHA-256.
    pub hash: String,
    /// Whether retention removed `data`; the chain still holds its digest.
    #[serde(default)]
    pub pruned: bool,
}

/// A page of entries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    pub items: Vec<EntryView>,
    /// Pass as `before` for the next page; absent at the end.
    #[serde(default)]
    pub next: Option<Seq>,
    /// Entries in all.
    pub total: Seq,
}

/// Entries from the first to the last of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub from: Seq,
    pub to: Seq,
}

/// Result of recomputing the whole chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    pub intact: bool,
    pub entries: Seq,
    /// First sequence number that does not hold.
    #[serde(default)]
    pub first_bad: Option<Seq>,
    /// Why it does not.
    #[serde(default)]
    pub reason: Option<String>,
    /// Hash of the last entry that holds.
    pub head: String,
    /// Entries whose payload was pruned; their digests hold.
    #[serde(default)]
    pub pruned: Seq,
    /// `good`, `none`, `not_reached`, `signature_bad`, `key_replaced`, `beyond_the_end` or `root_differs`.
    #[serde(default)]
    pub checkpoint: String,
    /// Entries that the largest checkpoint that holds covers.
    #[serde(default)]
    pub checkpoint_entries: Option<Seq>,
    /// Where the signing key is kept; `file` is weaker than `keychain`.
    #[serde(default)]
    pub key: crate::settings::KeyPlace,
    /// `proven`: a checkpoint, note or seal covers the newest entry; `not_proven`: entries behind `proven` are held by the
    /// chain alone, and some may have been cut off.
    #[serde(default)]
    pub end: String,
    /// Number of the newest entry that a checkpoint, note or seal covers.
    #[serde(default)]
    pub proven: Seq,
    /// Stretches of which the log itself says that nothing covered them when a start found them.
    #[serde(default)]
    pub unproven: Vec<Stretch>,
    /// Such stretches that a person said to know of, in an entry that is itself covered. They are not in `unproven`.
    #[serde(default)]
    pub acknowledged: Vec<Stretch>,
    /// When the first entry was made (ms since the epoch, by the machine's clock).
    #[serde(default)]
    pub began: Option<i64>,
    /// Places outside the database that hold checkpoints of it: `state_folder`, `keychain`, `anchor`, `given`.
    #[serde(default)]
    pub outside: Vec<String>,
    /// What is gone, when this log took the place of another and everything holds since then. With `intact` only once a
    /// person said to know of it.
    #[serde(default)]
    pub replaced: Option<Replaced>,
}

/// How a log took the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplacedHow {
    /// A backup was put back.
    Restored,
    /// The database was damaged and set aside.
    BegunAnew,
}

/// A log that took the place of another, as an entry of its own says that a later signed checkpoint covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    pub how: ReplacedHow,
    /// The entry that says so.
    pub seq: Seq,
    /// When (ms since the epoch).
    pub at: i64,
    /// Entries of the former log that are in this one; those behind them are gone.
    pub kept: Seq,
    /// The last entry of the former log that a checkpoint outside tells of; absent where none does any more.
    #[serde(default)]
    pub gone_upto: Option<Seq>,
    /// File in the data folder that the former database was kept as, `a, b and c` where several copies were put back
    /// before a start; empty: none.
    #[serde(default)]
    pub file: String,
    /// A person said to know of it, in an entry that is itself covered.
    #[serde(default)]
    pub acknowledged: bool,
}

/// Says that the person at the window knows of what verification showed: it stays shown and alarms no more.
///
/// `stale` when the log does not name what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AcknowledgeLog {
    /// Unproven stretches as the report gave them.
    #[serde(default)]
    pub stretches: Vec<Stretch>,
    /// The entry that says that this log took the place of another.
    #[serde(default)]
    pub replaced: Option<Seq>,
}
