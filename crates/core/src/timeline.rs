//! One timeline for every runtime: what happened in a session, in the order its runtime recorded it.
//!
//! Connectors turn records of a runtime into [`Step`]s; nobody above them sees a runtime's own format.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::limits::STEP_TEXT_BYTES;

/// One thing that happened in a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When, as the runtime recorded it; absent when the record carries no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The runtime's own id of the record, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The sub-agent it belongs to; absent in the main conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened. Texts are cut by [`clip`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum What {
    /// A person, or whoever started the session, asked for something.
    Prompt {
        /// The text.
        text: String,
    },
    /// The model said something.
    Answer {
        /// The text.
        text: String,
    },
    /// The model thought aloud, where the runtime records it.
    Thinking {
        /// The text.
        text: String,
    },
    /// The model called a tool.
    ToolCall {
        /// The runtime's id of the call.
        call: Option<String>,
        /// The tool in the runtime's words.
        tool: String,
        /// Its input; a text where the runtime records a text.
        input: Value,
    },
    /// A tool call ended.
    ToolResult {
        /// The call it answers.
        call: Option<String>,
        /// How it ended.
        outcome: Outcome,
        /// What the model was told.
        text: String,
    },
    /// The runtime recorded a question to a person, or its answer.
    Approval {
        /// The call in question.
        call: Option<String>,
        /// `asked`, `allowed`, `denied`, `expired`, or the runtime's word.
        decision: String,
        /// Who or what decided, where the runtime says so.
        by: Option<String>,
    },
    /// A sub-agent began.
    AgentStarted {
        /// Its id in the runtime.
        agent: String,
        /// Its type or name.
        name: Option<String>,
        /// The call that started it.
        call: Option<String>,
    },
    /// A sub-agent ended.
    AgentEnded {
        /// Its id in the runtime.
        agent: String,
        /// How it ended.
        outcome: Outcome,
    },
    /// The session goes on with the history of another one. What its records told before this is that one's history
    /// and is taken back; a sub-agent's steps stay.
    Forked {
        /// The runtime's id of the other session.
        session: String,
    },
    /// The context was summarised to make room.
    Compaction {
        /// Tokens before, where recorded.
        before: Option<u64>,
        /// Tokens after, where recorded.
        after: Option<u64>,
    },
    /// Something went wrong.
    Error {
        /// What the runtime recorded.
        text: String,
    },
    /// Tokens used by one answer of a model.
    Usage(Usage),
    /// How much of a limit of the account is used.
    Quota {
        /// The window in the runtime's words (`5h`, `weekly`).
        window: String,
        /// Percent used, 0 to 100 and above.
        used_percent: f64,
        /// When it starts anew.
        resets_at: Option<Timestamp>,
    },
    /// A setting in force from here on: `model`, `mode`, `cwd`, `branch`, `sandbox`, `title`.
    Setting {
        /// Which.
        name: String,
        /// Its value.
        value: String,
    },
    /// The turn or the session changed its state.
    State {
        /// The new state.
        state: State,
    },
    /// Something the runtime notes about itself, or a hole in what can be watched.
    Note {
        /// One sentence.
        text: String,
    },
    /// A well-formed record of a kind this version does not know.
    Unknown {
        /// The kind in the runtime's words.
        kind: String,
    },
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As intended.
    Ok,
    /// With an error.
    Failed,
    /// A rule, a hook or a person said no.
    Refused,
    /// It was stopped.
    Interrupted,
    /// The record does not say.
    Unknown,
}

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A model or a tool works.
    Running,
    /// Nothing runs; the turn is over.
    Idle,
    /// It asked its user something.
    WaitingInput,
    /// A call waits for a decision.
    WaitingApproval,
    /// It is over.
    Ended,
}

/// Tokens of one answer. A later usage of the same `response` replaces the earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// The model's or the runtime's id of the answer; absent when the record has none: then it counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Input that was not read from a cache (tokens).
    pub input: u64,
    /// Input read from a cache (tokens).
    pub cache_read: u64,
    /// Input written to a cache (tokens).
    pub cache_write: u64,
    /// Output, reasoning included (tokens).
    pub output: u64,
    /// The part of the output that is reasoning (tokens), where recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// What the runtime says it cost (millionths of a US dollar).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_microusd: Option<u64>,
}

/// What the window of a limit is called, by its length: `5h`, `3d`, `weekly`.
pub fn window_name(minutes: Option<u64>) -> String {
    match minutes {
        Some(10_080) => "weekly".to_owned(),
        Some(minutes) if minutes > 0 && minutes.is_multiple_of(1_440) => format!("{}d", minutes / 1_440),
        Some(minutes) if minutes > 0 && minutes.is_multiple_of(60) => format!("{}h", minutes / 60),
        Some(minutes) => format!("{minutes}m"),
        None => "unknown".to_owned(),
    }
}

/// Cuts a text to the bound of one step, at a character, and says how much is missing.
pub fn clip(text: &str) -> String {
    if text.len() <= STEP_TEXT_BYTES {
        return text.to_owned();
    }
    let mut end = STEP_TEXT_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… ({} bytes more)", &text[..end], text.len() - end)
}

/// Cuts every text in a value as [`clip`] does.
pub fn clip_value(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > STEP_TEXT_BYTES => *text = clip(text),
        Value::Array(items) => items.iter_mut().for_each(clip_value),
        Value::Object(fields) => fields.values_mut().for_each(clip_value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(clip("short"), "short");
        let long = "ä".repeat(STEP_TEXT_BYTES);
        let cut = clip(&long);
        assert!(cut.ends_with(&format!("… ({STEP_TEXT_BYTES} bytes more)")), "{}", &cut[cut.len() - 40..]);
        let mut value = serde_json::json!({ "a": [long] });
        clip_value(&mut value);
        assert_eq!(value["a"][0], cut);
    }
}
