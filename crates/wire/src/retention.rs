//! Retention, and copies of the database.

use serde::{Deserialize, Serialize};

use crate::Seq;

/// How long the payloads of a class of entries are kept. Both absent: for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Keep {
    /// Days; 1 to 3,650.
    pub days: Option<u32>,
    /// Megabytes (1,000,000 bytes) of payloads, the newest ones; 1 to 1,000,000.
    pub megabytes: Option<u32>,
}

/// What is kept, by class of entries. `docs/RETENTION.md` says which kinds belong to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RetentionSettings {
    /// Whether it runs by itself, once a day.
    pub on: bool,
    pub actions: Keep,
    pub decisions: Keep,
    pub sessions: Keep,
    pub housekeeping: Keep,
    /// Days for which the steps of sessions are kept; they are copies of the runtimes' own records. 1 to 3,650.
    pub steps_days: Option<u32>,
}

/// The settings and how the last run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GetRetention {}

/// Changes the settings; recorded in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SetRetention {
    pub settings: RetentionSettings,
}

/// What a run would remove now. Removes and records nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RetentionPreview {
    /// Other settings than those in force.
    #[serde(default)]
    pub settings: Option<RetentionSettings>,
}

/// Begins a run with the settings in force; `get_retention` tells how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RetentionRun {}

/// The reply of `get_retention`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RetentionView {
    pub settings: RetentionSettings,
    /// Whether freed space goes back to the disk; otherwise it is used again by what is recorded later.
    pub gives_back: bool,
    /// A run that is going on: entries pruned so far, of how many.
    #[serde(default)]
    pub running: Option<RetentionProgress>,
    #[serde(default)]
    pub last: Option<RetentionReport>,
    /// Why the last run ended early; it goes on by itself.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RetentionProgress {
    pub done: Seq,
    pub total: Seq,
}

/// What goes, or went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RetentionReport {
    /// When it was planned (ms since the epoch).
    pub at: i64,
    /// Classes of which something goes.
    pub classes: Vec<ClassReport>,
    /// Steps of sessions.
    pub steps: Seq,
    /// Bytes that went back to the disk; absent before a run, and where the database cannot give them back.
    #[serde(default)]
    pub returned: Option<Seq>,
}

/// What goes of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassReport {
    /// `actions`, `decisions`, `sessions` or `housekeeping`.
    pub class: String,
    /// Entries that lose their payload.
    pub entries: Seq,
    /// Bytes of these payloads.
    pub bytes: Seq,
    /// The first and the last of them.
    pub oldest: EntryPlace,
    pub newest: EntryPlace,
}

/// Which entry, and when it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EntryPlace {
    pub seq: Seq,
    /// Milliseconds since the epoch.
    pub at: i64,
}

/// Copies the database into a file; `show_backup` tells how far it is. One runs at a time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakeBackup {
    /// Absolute path of a file that does not exist yet.
    pub out: String,
    /// An age recipient (`age1…`) for whom it is encrypted.
    #[serde(default)]
    pub recipient: Option<String>,
    /// Or a passphrase by which it is encrypted; at least 12 characters.
    #[serde(default)]
    pub passphrase: Option<String>,
}

impl std::fmt::Debug for MakeBackup {
    /// Without the passphrase.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { out, recipient, passphrase: _ } = self;
        f.debug_struct("MakeBackup").field("out", out).field("recipient", recipient).finish_non_exhaustive()
    }
}

/// How far the copy is; also after it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShowBackup {}

/// State of the copy that was begun last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BackupProgress {
    /// `none`, `running`, `done` or `failed`.
    pub state: String,
    pub out: String,
    /// Bytes copied, of `total`.
    pub done: Seq,
    pub total: Seq,
    /// With `done`: what was made.
    #[serde(default)]
    pub made: Option<BackupMade>,
    /// With `failed`: why.
    #[serde(default)]
    pub says: Option<String>,
}

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BackupMade {
    pub file: String,
    pub bytes: Seq,
    /// SHA-256 of the file (hex).
    pub digest: String,
    /// Entries of the audit log in it, and the hash of the last (hex).
    pub entries: Seq,
    pub head: String,
    /// `none`, `recipient` or `passphrase`.
    pub encryption: String,
}
