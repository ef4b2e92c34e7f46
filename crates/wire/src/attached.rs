//! Live connections to running gateways.

use serde::{Deserialize, Serialize};

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// No gateway was found to connect to.
    Absent,
    /// It is being made.
    Connecting,
    /// It stands.
    Up,
    /// It does not stand and is tried again by itself.
    Waiting,
    /// It does not stand and is not tried again before a person changed something.
    Refused,
}

/// Every connection the user chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionList {
    pub items: Vec<ConnectionView>,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionView {
    pub home_id: String,
    pub runtime_name: String,
    pub link: LinkState,
    /// One sentence.
    pub says: String,
    /// What to do, where something can be done.
    #[serde(default)]
    pub fix: Option<String>,
    /// Where it is connected to, as `ws://127.0.0.1:18789`.
    #[serde(default)]
    pub address: Option<String>,
    /// The address the user gave; absent where it is found by itself.
    #[serde(default)]
    pub url: Option<String>,
    /// The gateway's release.
    #[serde(default)]
    pub version: Option<String>,
    /// Its questions that wait here for a person.
    pub waiting: u32,
    /// Whether its own policy brings commands before it asks anybody; absent while not known.
    #[serde(default)]
    pub floor: Option<FloorView>,
}

/// The gateway's exec policy against the floor under which it asks nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloorView {
    /// Names the present policy; `set_floor` gives it back.
    pub hash: String,
    /// Whether we raised it.
    pub raised: bool,
    /// What lets commands run unasked.
    pub gaps: Vec<GapView>,
    /// The policy document now, as text.
    pub now: String,
    /// What it would be after `set_floor`.
    pub then: String,
}

/// Something that lets commands run unasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapView {
    pub place: String,
    pub found: String,
    pub wanted: String,
}
