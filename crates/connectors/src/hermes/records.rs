//! What `state.db` says of a session, one row at a time, in the timeline's words. See [`super::sql`] for the rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest::sha256;
use clawbutler_core::timeline::{Outcome, State, Step, Usage, What, clip, clip_value};
use serde_json::{Map, Value, json};

use super::sql;
use crate::record::{Form, Malformed, Reader, Recording, Rows};

/// Rows that are remembered, to know one that Hermes writes a second time.
const REMEMBERED: usize = 256;
/// Sub-agents of one session that are followed.
const CHILDREN: usize = 500;
/// Usages of one session that are read, and tool calls of one answer.
const USAGES: usize = 200;
const CALLS: usize = 500;

/// The database of a home.
pub(super) fn database(home: &Path) -> PathBuf {
    home.join("state.db")
}

/// The whole database; its sessions come from [`super::sql::SESSIONS`].
pub(super) fn recordings(home: &Path) -> Vec<Recording> {
    let path = database(home);
    if !path.is_file() {
        return Vec::new();
    }
    vec![Recording {
        session: String::new(),
        agent: None,
        parent: None,
        path,
        form: Form::Rows(Rows { queries: sql::RECORDS }),
        cwd: None,
        title: None,
    }]
}

/// Whether a changed file means new records: the database or one of the files that SQLite keeps beside it.
pub(super) fn concerns(home: &Path, file: &Path) -> bool {
    let database = database(home);
    ["", "-wal", "-shm", "-journal"].iter().any(|end| {
        let mut name = database.clone().into_os_string();
        name.push(end);
        file == Path::new(&name)
    })
}

/// Understands the rows of one session.
#[derive(Debug, Clone, Default)]
pub(super) struct Rowwise {
    /// Settings that were said already.
    said: BTreeMap<String, String>,
    /// Sub-agents that were said: whether they ended.
    children: BTreeMap<String, bool>,
    /// Messages that Hermes has summarised away.
    compacted: u64,
    ended: bool,
    /// Digests of the last rows.
    seen: Vec<String>,
    /// Whether a repetition was noted.
    repeats: bool,
}

impl Rowwise {
    /// From the start, or from where `saved` left off.
    pub(super) fn new(saved: Option<&Value>) -> Self {
        let mut reader = Self::default();
        let Some(saved) = saved else { return reader };
        let pairs = |name: &str| saved.get(name).and_then(Value::as_object).into_iter().flatten();
        reader.said =
            pairs("said").filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        reader.children = pairs("children").filter_map(|(key, value)| Some((key.clone(), value.as_bool()?))).collect();
        reader.compacted = saved.get("compacted").and_then(Value::as_u64).unwrap_or_default();
        reader.ended = saved.get("ended") == Some(&Value::Bool(true));
        reader.repeats = saved.get("repeats") == Some(&Value::Bool(true));
        let seen = saved.get("seen").and_then(Value::as_array).into_iter().flatten();
        reader.seen = seen.filter_map(|one| one.as_str().map(str::to_owned)).take(REMEMBERED).collect();
        reader
    }
}

impl Reader for Rowwise {
    fn record(&mut self, record: &[u8]) -> Result<Vec<Step>, Malformed> {
        let value: Value = serde_json::from_slice(record)
            .map_err(|error| Malformed(format!("a row is not JSON (column {})", error.column())))?;
        let Value::Object(row) = value else { return Err(Malformed("a row is not an object".to_owned())) };
        match text(&row, "kind") {
            Some("message") => Ok(self.message(&row)),
            Some("session") => Ok(self.session(&row)),
            Some(other) => Ok(vec![step(&row, What::Unknown { kind: clip(other) })]),
            None => Err(Malformed("a row has no kind".to_owned())),
        }
    }

    fn save(&self) -> Value {
        json!({
            "said": self.said, "children": self.children, "compacted": self.compacted, "ended": self.ended,
            "seen": self.seen, "repeats": self.repeats,
        })
    }
}

fn text<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    row.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Seconds with a fraction, as milliseconds.
fn moment(value: Option<&Value>) -> Option<Timestamp> {
    let seconds = value?.as_f64().filter(|seconds| seconds.is_finite() && (0.0..1.0e11).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
    let milliseconds = (seconds * 1000.0).round() as i64;
    Some(Timestamp(milliseconds))
}

fn step(row: &Map<String, Value>, what: What) -> Step {
    let id = row.get("cursor").and_then(Value::as_i64).filter(|_| text(row, "kind") == Some("message"));
    Step { at: moment(row.get("timestamp")), id: id.map(|cursor| (cursor >> 20).to_string()), agent: None, what }
}

impl Rowwise {
    fn message(&mut self, row: &Map<String, Value>) -> Vec<Step> {
        if self.repeated(row) {
            if std::mem::replace(&mut self.repeats, true) {
                return Vec::new();
            }
            let text = "Hermes wrote earlier messages of this session again; they are not repeated here.".to_owned();
            return vec![step(row, What::Note { text })];
        }
        let content = content(row.get("content"));
        match text(row, "role") {
            Some("user") => {
                self.ended = false;
                vec![step(row, What::Prompt { text: clip(&content) }), step(row, What::State { state: State::Running })]
            }
            Some("assistant") => assistant(row, &content),
            Some("tool") => vec![step(row, result(row, &content))],
            // The model's instructions, not something that happened.
            Some("system" | "developer" | "session_meta") => Vec::new(),
            Some(other) => vec![step(row, What::Unknown { kind: clip(other) })],
            None => vec![step(row, What::Unknown { kind: "message without a role".to_owned() })],
        }
    }

    /// Whether the very same row, time and all, was read before: compaction may write messages anew.
    fn repeated(&mut self, row: &Map<String, Value>) -> bool {
        let named: Vec<_> =
            ["role", "content", "tool_call_id", "tool_calls", "timestamp"].iter().map(|name| row.get(*name)).collect();
        let Ok(bytes) = serde_json::to_vec(&named) else { return false };
        let digest: String = sha256(&bytes).chars().take(16).collect();
        if self.seen.contains(&digest) {
            return true;
        }
        if self.seen.len() >= REMEMBERED {
            self.seen.remove(0);
        }
        self.seen.push(digest);
        false
    }

    fn session(&mut self, row: &Map<String, Value>) -> Vec<Step> {
        let ended_at = moment(row.get("ended_at"));
        let mut steps = Vec::new();
        for (name, column) in
            [("source", "source"), ("model", "model"), ("title", "title"), ("cwd", "cwd"), ("branch", "branch")]
        {
            let Some(value) = text(row, column).map(clip) else { continue };
            if self.said.get(name) != Some(&value) {
                self.said.insert(name.to_owned(), value.clone());
                steps.push(step(row, What::Setting { name: name.to_owned(), value }));
            }
        }
        steps.extend(self.agents(row));
        let compacted = row.get("compacted").and_then(Value::as_u64).unwrap_or_default();
        let split = text(row, "end_reason").is_some_and(|reason| reason.ends_with("compression"));
        if compacted > self.compacted || (split && !self.ended) {
            let at = ended_at.filter(|_| split);
            steps.push(Step { at, id: None, agent: None, what: What::Compaction { before: None, after: None } });
        }
        self.compacted = self.compacted.max(compacted);
        steps.extend(usages(row));
        if ended_at.is_some() && !self.ended {
            self.ended = true;
            let ended = What::State { state: State::Ended };
            steps.push(Step { at: ended_at, id: None, agent: None, what: ended });
        } else if ended_at.is_none() {
            self.ended = false;
        }
        steps
    }

    fn agents(&mut self, row: &Map<String, Value>) -> Vec<Step> {
        let mut steps = Vec::new();
        for child in listed(row, "children").iter().take(CHILDREN) {
            let Some(id) = child.get("id").and_then(Value::as_str).filter(|id| id.len() <= 200) else { continue };
            let (started, ended) = (moment(child.get("started")), moment(child.get("ended")));
            let known = self.children.get(id).copied();
            if known.is_none() {
                if self.children.len() >= CHILDREN {
                    continue;
                }
                let what = What::AgentStarted { agent: id.to_owned(), name: None, call: None };
                steps.push(Step { at: started, id: None, agent: None, what });
            }
            if ended.is_some() && known != Some(true) {
                // Its rows do not say whether it did what it was asked to.
                let outcome = match child.get("reason").and_then(Value::as_str) {
                    Some(reason) if reason.contains("interrupt") => Outcome::Interrupted,
                    _ => Outcome::Unknown,
                };
                let what = What::AgentEnded { agent: id.to_owned(), outcome };
                steps.push(Step { at: ended, id: None, agent: None, what });
            }
            self.children.insert(id.to_owned(), ended.is_some());
        }
        steps
    }
}

/// A column that holds a list as JSON in a text.
fn listed(row: &Map<String, Value>, name: &str) -> Vec<Value> {
    let parsed = match row.get(name) {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(Value::Array(items)) => Some(items.clone()),
        _ => None,
    };
    parsed.unwrap_or_default()
}

/// Before the parts of a message that is not one text.
const PARTS: &str = "\0json:";

/// A message's text: as it is, or the texts of its parts.
fn content(value: Option<&Value>) -> String {
    let Some(Value::String(text)) = value else { return String::new() };
    let parts = text.strip_prefix(PARTS).and_then(|json| serde_json::from_str::<Value>(json).ok());
    let Some(parts) = parts.as_ref().and_then(Value::as_array) else { return text.clone() };
    let texts = parts.iter().map(|part| match part.get("text").and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => format!("[{}]", part.get("type").and_then(Value::as_str).unwrap_or("part")),
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn assistant(row: &Map<String, Value>, content: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(thought) = text(row, "reasoning") {
        steps.push(step(row, What::Thinking { text: clip(thought) }));
    }
    if !content.trim().is_empty() {
        steps.push(step(row, What::Answer { text: clip(content) }));
    }
    let calls = listed(row, "tool_calls");
    for call in calls.iter().take(CALLS) {
        let field = |name: &str| call.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let function = call.get("function").unwrap_or(call);
        let tool = function.get("name").and_then(Value::as_str).unwrap_or_default();
        let mut input = match function.get("arguments") {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
            Some(other) => other.clone(),
            None => Value::Null,
        };
        clip_value(&mut input);
        let call = field("id").or_else(|| field("call_id")).map(clip);
        steps.push(step(row, What::ToolCall { call, tool: clip(tool), input }));
    }
    match text(row, "finish_reason") {
        Some("error" | "content_filter") => {
            steps.push(step(
                row,
                What::Error {
                    text: format!("the model's answer ended with {}", text(row, "finish_reason").unwrap_or_default()),
                },
            ));
        }
        Some("stop" | "length") if calls.is_empty() => steps.push(step(row, What::State { state: State::Idle })),
        _ => {}
    }
    steps
}

fn result(row: &Map<String, Value>, content: &str) -> What {
    What::ToolResult { call: text(row, "tool_call_id").map(clip), outcome: outcome(content), text: clip(content) }
}

/// How a call ended, from what its model was told.
fn outcome(content: &str) -> Outcome {
    let Ok(Value::Object(told)) = serde_json::from_str::<Value>(content) else {
        return if content.trim_start().starts_with("BLOCKED") { Outcome::Refused } else { Outcome::Unknown };
    };
    let error = match told.get("error") {
        Some(Value::String(text)) if !text.is_empty() => Some(text.as_str()),
        Some(Value::Null | Value::Bool(false) | Value::String(_)) | None => None,
        Some(_) => Some(""),
    };
    let status = told.get("status").and_then(Value::as_str).unwrap_or_default();
    let refused =
        |text: &str| text.starts_with("BLOCKED") || text.contains("ClawButler") || text.contains("denied this command");
    match error {
        _ if status == "blocked" => Outcome::Refused,
        Some(text) if refused(text) => Outcome::Refused,
        Some(text) if text.to_ascii_lowercase().contains("interrupted") => Outcome::Interrupted,
        Some(_) => Outcome::Failed,
        None if told.get("success") == Some(&Value::Bool(false)) => Outcome::Failed,
        None => match told.get("exit_code").and_then(Value::as_i64) {
            Some(0) | None => Outcome::Ok,
            Some(130) => Outcome::Interrupted,
            Some(_) => Outcome::Failed,
        },
    }
}

/// Totals so far, by model and task; a later total replaces the earlier one.
fn usages(row: &Map<String, Value>) -> Vec<Step> {
    let mut steps = Vec::new();
    for used in listed(row, "usage").iter().take(USAGES) {
        let count = |name: &str| used.get(name).and_then(Value::as_u64).unwrap_or_default();
        let word = |name: &str| used.get(name).and_then(Value::as_str).unwrap_or_default();
        let usage = Usage {
            response: Some(clip(&format!("{}/{}/{}", word("model"), word("provider"), word("task")))),
            model: Some(word("model")).filter(|model| !model.is_empty()).map(clip),
            input: count("input"),
            cache_read: count("cache_read"),
            cache_write: count("cache_write"),
            output: count("output"),
            reasoning: used.get("reasoning").and_then(Value::as_u64),
            cost_microusd: cost(used),
        };
        if usage.input + usage.cache_read + usage.cache_write + usage.output == 0 {
            continue;
        }
        let at = moment(used.get("at"));
        steps.push(Step { at, id: None, agent: None, what: What::Usage(usage) });
    }
    steps
}

/// The cost in Hermes' own words; an unknown price is stored as 0 and is not free.
fn cost(used: &Value) -> Option<u64> {
    let dollars = |name: &str| used.get(name).and_then(Value::as_f64).filter(|value| (0.0..1.0e9).contains(value));
    let known = match used.get("status").and_then(Value::as_str) {
        Some("actual") => dollars("actual").filter(|actual| *actual > 0.0).or_else(|| dollars("estimated"))?,
        Some("estimated") => dollars("estimated")?,
        Some("included") => 0.0,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was just checked")]
    let micro = (known * 1.0e6).round() as u64;
    Some(micro)
}
