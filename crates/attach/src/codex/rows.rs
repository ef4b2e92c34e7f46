//! What the app-server tells in rows.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::timeline::{State, clip, window_name};
use serde_json::Value;

use crate::json as read;

/// What a daemon said about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hello {
    /// Its words about itself.
    pub agent: String,
    /// The release in them.
    pub version: Option<String>,
    /// The home it serves.
    pub home: Option<String>,
}

impl Hello {
    pub(crate) fn read(result: &Value) -> Option<Self> {
        let agent = read::text(result, "/userAgent")?;
        let version = agent.split_once('/').and_then(|(_, rest)| rest.split_whitespace().next()).map(str::to_owned);
        Some(Self { version, home: read::text(result, "/codexHome"), agent })
    }
}

/// What a thread is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// `idle`, `active`, `notLoaded`, `systemError`, or a newer word.
    pub word: String,
    /// It waits for a decision.
    pub waits_for_approval: bool,
    /// It waits for its user.
    pub waits_for_input: bool,
}

impl Status {
    /// The state that is; none where the thread is not loaded, or the word is not known.
    pub fn state(&self) -> Option<State> {
        match self.word.as_str() {
            "active" if self.waits_for_approval => Some(State::WaitingApproval),
            "active" if self.waits_for_input => Some(State::WaitingInput),
            "active" => Some(State::Running),
            "idle" => Some(State::Idle),
            _ => None,
        }
    }

    pub(crate) fn read(status: &Value) -> Self {
        let flags = read::texts(status, "/activeFlags");
        let has = |flag: &str| flags.iter().any(|one| one == flag);
        Self {
            word: read::word(status, "/type"),
            waits_for_approval: has("waitingOnApproval"),
            waits_for_input: has("waitingOnUserInput"),
        }
    }
}

/// A thread: one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// Its id.
    pub id: String,
    /// The session it belongs to: that of the thread it came from.
    pub session: Option<String>,
    /// The thread that started it as a sub-agent.
    pub parent: Option<String>,
    /// Its first words.
    pub preview: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its folder.
    pub cwd: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// What it does.
    pub status: Status,
    /// Which client began it.
    pub originator: Option<String>,
    /// The release that runs it.
    pub version: Option<String>,
    /// Its file.
    pub path: Option<String>,
    /// Whether nothing of it is kept.
    pub ephemeral: bool,
    /// When it began.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

impl Thread {
    /// From a row of a list or an event.
    pub(crate) fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: read::text(row, "/id")?,
            session: read::text(row, "/sessionId"),
            parent: read::text(row, "/parentThreadId"),
            preview: read::text(row, "/preview").map(|text| clip(&text)),
            name: read::text(row, "/name"),
            cwd: read::text(row, "/cwd"),
            model: read::text(row, "/model"),
            status: Status::read(&row["status"]),
            originator: read::text(row, "/originator"),
            version: read::text(row, "/cliVersion"),
            path: read::text(row, "/path"),
            ephemeral: read::flag(row, "/ephemeral").unwrap_or(false),
            created_at: seconds(row, "/createdAt"),
            updated_at: seconds(row, "/updatedAt"),
        })
    }
}

/// Tokens of a thread, as counted by Codex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// All input, cached input included (tokens).
    pub input: u64,
    /// The part of it that came from the cache (tokens).
    pub cached: u64,
    /// Output, reasoning included (tokens).
    pub output: u64,
    /// The part of it that is reasoning (tokens).
    pub reasoning: u64,
}

impl Usage {
    pub(crate) fn read(value: &Value, path: &str) -> Self {
        let count = |member: &str| read::number(value, &format!("{path}/{member}")).unwrap_or(0);
        Self {
            input: count("inputTokens"),
            cached: count("cachedInputTokens"),
            output: count("outputTokens"),
            reasoning: count("reasoningOutputTokens"),
        }
    }
}

/// How much of one limit of the account is used.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limit {
    /// Whose (`codex`).
    pub id: Option<String>,
    /// Percent.
    pub used_percent: f64,
    /// How long its window is (minutes).
    pub window_minutes: Option<u64>,
    /// When it starts anew.
    pub resets_at: Option<Timestamp>,
}

impl Limit {
    /// What its window is called.
    pub fn window(&self) -> String {
        window_name(self.window_minutes)
    }

    /// Both windows, where they are told.
    pub(crate) fn all(limits: &Value) -> Vec<Self> {
        let one = |name: &str| {
            Some(Self {
                id: read::text(limits, "/limitId"),
                used_percent: read::fraction(limits, &format!("/{name}/usedPercent"))?,
                window_minutes: read::number(limits, &format!("/{name}/windowDurationMins")),
                resets_at: seconds(limits, &format!("/{name}/resetsAt")),
            })
        };
        ["primary", "secondary"].into_iter().filter_map(one).collect()
    }
}

/// A time in seconds since the epoch.
fn seconds(value: &Value, path: &str) -> Option<Timestamp> {
    let seconds = read::number(value, path).filter(|seconds| *seconds > 0)?;
    i64::try_from(seconds).ok()?.checked_mul(1_000).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_are_read_and_what_is_missing_is_absent() {
        let hello = json!({ "userAgent": "codex-tui/0.169.0 (Debian 12)", "codexHome": "/h" });
        assert_eq!(Hello::read(&hello).unwrap().version.as_deref(), Some("0.169.0"));
        assert_eq!(Thread::read(&json!({ "preview": "x" })), None);
        let limits = json!({ "limitId": "codex", "primary": { "usedPercent": 13, "windowDurationMins": 300,
            "resetsAt": 1_795_347_499 }, "secondary": null });
        let limit = Limit {
            id: Some("codex".to_owned()),
            used_percent: 13.0,
            window_minutes: Some(300),
            resets_at: Some(Timestamp(1_795_347_499_000)),
        };
        assert_eq!(Limit::all(&limits), [limit]);
        let status = Status::read(&json!({ "type": "active", "activeFlags": ["waitingOnApproval"] }));
        assert!(status.waits_for_approval && !status.waits_for_input);
        let state = |status: Value| Status::read(&status).state();
        assert_eq!(
            state(json!({ "type": "active", "activeFlags": ["waitingOnApproval"] })),
            Some(State::WaitingApproval)
        );
        assert_eq!(
            state(json!({ "type": "active", "activeFlags": ["waitingOnUserInput"] })),
            Some(State::WaitingInput)
        );
        assert_eq!(state(json!({ "type": "active", "activeFlags": [] })), Some(State::Running));
        assert_eq!(state(json!({ "type": "idle" })), Some(State::Idle));
        assert_eq!(state(json!({ "type": "notLoaded" })), None);
    }
}
