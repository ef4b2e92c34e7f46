//! Files a person names: chosen in the system's own dialog, and checked where they came from somebody else.

use serde::{Deserialize, Serialize};

use crate::Seq;
use crate::audit::{Stretch, VerifyReport};

/// What a file is wanted for; the host's dialog gets its title and its kinds of files from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Where an export or an evidence pack goes.
    Export,
    /// Where a backup goes.
    Backup,
    /// An evidence pack to look into.
    Pack,
    /// A backup to look into.
    Restore,
}

/// Opens the system's dialog over the main window and waits for the person, for as long as they take. Opens, reads and
/// writes no file. `precondition` where the host has no windows, and while another dialog is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoosePath {
    pub purpose: Purpose,
    /// Where the dialog begins: a whole path, at most 4,096 bytes. Ignored when it is not one.
    #[serde(default)]
    pub near: Option<String>,
}

/// The reply of `choose_path`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChosenPath {
    /// The whole path; absent: the person closed the dialog.
    #[serde(default)]
    pub path: Option<String>,
}

/// Checks an evidence pack, of this log or another. Records nothing. `bad_request` when the file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPack {
    /// The whole path.
    pub path: String,
    /// The public key of the log it is said to be of; absent: the one in the pack, which tells of changes only.
    #[serde(default)]
    pub key: Option<String>,
}

/// The reply of `check_pack`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackVerdict {
    pub intact: bool,
    /// With `intact` false: what does not hold.
    #[serde(default)]
    pub reason: Option<String>,
    /// Of an intact one: the log's name, entries in the pack, those without facts, and how far its checkpoint reaches.
    #[serde(default)]
    pub log: String,
    #[serde(default)]
    pub entries: Seq,
    #[serde(default)]
    pub pruned: Seq,
    #[serde(default)]
    pub checkpoint_entries: Seq,
    /// When it was made, by its maker's clock (ms since the epoch); 0 of one that is not intact.
    #[serde(default)]
    pub made_at: i64,
    /// Stretches that entries of it stand in and that nothing covered when the app found them; those that a person
    /// said to know of.
    #[serde(default)]
    pub unproven: Vec<Stretch>,
    #[serde(default)]
    pub acknowledged: Vec<Stretch>,
    /// Whose key it was checked with: `given`, `ours` (nobody named one, and it is this log's) or `in_the_pack`.
    pub key: String,
}

/// Looks into a backup before it is put back: recomputes its log against the keys known here. Changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckBackup {
    /// The whole path.
    pub path: String,
}

/// The reply of `check_backup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupVerdict {
    /// `none`, `passphrase` or `recipient`, as the file's own head says.
    pub encryption: String,
    /// What its log says; absent of an encrypted one, which is checked while it is put back.
    #[serde(default)]
    pub report: Option<VerifyReport>,
}
