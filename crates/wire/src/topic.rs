//! What changed, without the data: whoever shows it fetches it again.

use serde::{Deserialize, Serialize};

use crate::Seq;

/// One kind of thing a screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Approvals,
    Grants,
    Rules,
    Runtimes,
    /// Agents of the registry: their state, health, configuration or drift.
    Agents,
    Sessions,
    Audit,
    Settings,
    Alerts,
}

/// Name of the window event (Tauri) and of the server-sent event (dev host).
pub const CHANGED_EVENT: &str = "clawbutler://changed";

/// The event's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub topic: Topic,
    pub seq: Seq,
}
