//! Settings and the state of the app.

use serde::{Deserialize, Serialize};

use crate::Seq;
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
    pub alerts: Vec<AlertView>,
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
