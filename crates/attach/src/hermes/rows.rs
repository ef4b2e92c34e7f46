//! Sessions and tokens, as the server tells of them.

use clawbutler_core::timeline::{State, clip};
use serde_json::Value;

use crate::json as read;

/// What the server says a session does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Its agent is being made.
    Starting,
    /// A turn runs. **Also while it waits for an approval**: release 0.19.0 does not tell the difference here.
    Working,
    /// It asked its user something: a question, a password, a secret. Not an approval.
    Waiting,
    /// No turn runs.
    Idle,
    /// A word this version does not know.
    Other(String),
}

impl Status {
    /// From the server's word.
    pub fn read(word: &str) -> Self {
        match word {
            "starting" => Self::Starting,
            "working" => Self::Working,
            "waiting" => Self::Waiting,
            "idle" => Self::Idle,
            other => Self::Other(other.chars().take(40).collect()),
        }
    }

    /// What that means in the words of every runtime.
    pub fn state(&self) -> Option<State> {
        match self {
            Self::Starting | Self::Working => Some(State::Running),
            Self::Waiting => Some(State::WaitingInput),
            Self::Idle => Some(State::Idle),
            Self::Other(_) => None,
        }
    }
}

/// A session in the server's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The server's own short id: what its calls name.
    pub live: String,
    /// Its id in the records (`state.db`).
    pub session: String,
    /// What it does.
    pub status: Status,
    /// Its model.
    pub model: Option<String>,
    /// Its title.
    pub title: Option<String>,
}

impl Session {
    /// Reads one row of `session.active_list`.
    pub(crate) fn read(row: &Value) -> Option<Self> {
        let live = read::text(row, "/id")?;
        Some(Self {
            session: read::text(row, "/session_key").unwrap_or_else(|| live.clone()),
            live,
            status: Status::read(&read::word(row, "/status")),
            model: read::text(row, "/model"),
            title: read::text(row, "/title").map(|title| clip(&title)),
        })
    }

    /// Reads the answer to `session.active_list`.
    pub(crate) fn all(answer: &Value) -> Vec<Self> {
        read::list(answer, "/sessions").filter_map(Self::read).collect()
    }
}

/// A session that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The server's own short id.
    pub live: String,
    /// Its id in the records.
    pub session: String,
}

impl Begun {
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let live = read::text(answer, "/session_id")?;
        let session = read::text(answer, "/stored_session_id").or_else(|| read::text(answer, "/session_key"))?;
        Some(Self { live, session })
    }
}

/// Tokens of a whole session, main conversation only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Its model.
    pub model: Option<String>,
    /// Everything that was sent, cached or not (tokens).
    pub prompt: u64,
    /// The part that came from no cache (tokens).
    pub input: u64,
    /// What the model said, thoughts included (tokens).
    pub output: u64,
    /// The part that is thoughts (tokens).
    pub reasoning: u64,
    /// How often the model was called.
    pub calls: u64,
}

impl Usage {
    /// From a `usage` member.
    pub fn read(usage: &Value) -> Self {
        let count = |path: &str| read::number(usage, path).unwrap_or_default();
        Self {
            model: read::text(usage, "/model"),
            prompt: count("/prompt"),
            input: count("/input"),
            output: count("/output"),
            reasoning: count("/reasoning"),
            calls: count("/calls"),
        }
    }
}
