//! Who did something, as the ledger names them.

use serde::{Deserialize, Serialize};

/// The author of a state change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person at our own window (or the development host acting as one).
    LocalUser,
    /// A rule of the set in force.
    Rule { id: String },
    /// A standing grant.
    Grant { id: String },
    /// An agent, through the channel that only submits.
    Agent { runtime: String, session: String },
    /// The engine itself: expiry, recovery, intake.
    Engine,
    /// The hook, while the engine was away.
    Hook,
}
