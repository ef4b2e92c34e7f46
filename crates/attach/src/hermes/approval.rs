//! Questions of the server about a command, and the two answers that are ours to give.

use std::fmt;

use clawbutler_core::timeline::clip;
use serde_json::Value;

use crate::json as read;

/// An answer. The server also takes `session` and `always`, which leave a standing permission for a whole class of
/// commands inside Hermes; they are never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// This command, once.
    Once,
    /// Not at all.
    Deny,
}

impl Choice {
    /// The server's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A question that stands in a session of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Counted by this client: the server gives questions no id.
    pub number: u64,
    /// The server's own short id of the session.
    pub live: String,
    /// The session's id in the records.
    pub session: String,
    /// The command, with what looks like a secret cut out by the server: fit to be shown, not to be compared.
    pub command: String,
    /// Why Hermes asks.
    pub description: String,
    /// The words it takes.
    pub offered: Vec<String>,
}

impl Approval {
    /// Reads the payload of `approval.request`.
    pub fn read(number: u64, live: &str, session: &str, payload: &Value) -> Option<Self> {
        Some(Self {
            number,
            live: live.to_owned(),
            session: session.to_owned(),
            command: clip(&read::text(payload, "/command")?),
            description: clip(&read::word(payload, "/description")),
            offered: read::texts(payload, "/choices").into_iter().take(16).collect(),
        })
    }

    /// Whether this answer is offered; a question that lists none takes both.
    pub fn offers(&self, choice: Choice) -> bool {
        self.offered.is_empty() || self.offered.iter().any(|word| word == choice.word())
    }
}
