//! Settings and the state of the app.

use serde::{Deserialize, Serialize};

use crate::Seq;
use crate::budget::Budget;
use crate::grants::PassView;

/// What the user chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the settings page")]
pub struct Settings {
    /// How long a human has (ms). Bounds: 2 s to 55 min.
    pub approval_ms: u64,
    /// Show the pop-up window for new requests.
    pub popup: bool,
    pub popup_corner: Corner,
    /// Send a native notification for new requests.
    pub notifications: bool,
    /// Keep running in the tray when the window is closed.
    pub close_to_tray: bool,
    /// Start with the session.
    pub autostart: bool,
    pub theme: Theme,
    /// A file outside the data folder to which each checkpoint of the audit log is appended (absolute path).
    pub anchor_file: Option<String>,
    /// A git repository to which each checkpoint is committed (absolute path of its folder).
    pub anchor_repository: Option<String>,
    /// Mask public IP addresses too, from now on. Rules see them all the same; what is recorded does not hold them.
    pub mask_addresses: bool,
    /// What all agents together may spend before people are warned and rules hear of it.
    pub budget: Budget,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            approval_ms: 300_000,
            popup: true,
            popup_corner: Corner::TopRight,
            notifications: true,
            close_to_tray: false,
            autostart: false,
            theme: Theme::System,
            anchor_file: None,
            anchor_repository: None,
            mask_addresses: false,
            budget: Budget::default(),
        }
    }
}

/// Where the pop-up appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corner {
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
}

/// Light, dark, or what the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    System,
    Light,
    Dark,
}

/// The app at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    pub version: String,
    pub data_dir: String,
    pub socket: String,
    pub pending: u32,
    /// Homes governed, and how many of them are guarded.
    pub governed: u32,
    pub guarded: u32,
    pub ledger_entries: Seq,
    pub rules_version: String,
    /// Whether a change of the rules waits for a person on the Rules page.
    #[serde(default)]
    pub rules_held: bool,
    /// Sessions that run under a pass now.
    #[serde(default)]
    pub passes: Vec<PassView>,
    /// How the audit log is kept.
    #[serde(default)]
    pub audit_keeping: AuditKeeping,
    pub alerts: Vec<AlertView>,
}

/// How the audit log is kept: its key and its checkpoints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditKeeping {
    pub key: KeyPlace,
    /// The public key in the signed-note form; absent before the first checkpoint.
    #[serde(default)]
    pub public_key: Option<String>,
    /// Entries that the newest checkpoint covers.
    #[serde(default)]
    pub checkpoint: Option<Seq>,
    /// Where copies are kept outside the database, in words.
    #[serde(default)]
    pub copies: Vec<String>,
}

/// Where the key that signs checkpoints is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// In the keychain of the operating system.
    Keychain,
    /// In a file of mode 0600: weaker, because every program of the same user can read it.
    File,
    /// In the keychain, which does not answer now: no checkpoints are made.
    Unreachable,
    /// Not made yet.
    #[default]
    None,
}

/// Something a person should know now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertView {
    pub id: String,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// What happened.
    pub says: String,
    /// What to do.
    pub fix: String,
}
