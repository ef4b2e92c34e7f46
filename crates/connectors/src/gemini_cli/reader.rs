//! Understands the lines of a session file.
//!
//! A message is written again whole when something is added to it (its tokens, its ended calls), so what was
//! already told of the last one is remembered. Besides messages there are the session's own facts
//! (`$set`), a history that replaces the one before (`$set.messages`), and a step back (`$rewindTo`).

use clawbutler_core::clock::Timestamp;
use clawbutler_core::timeline::{Step, What, clip};
use serde_json::{Map, Value, json};

use super::{message, moment};
use crate::record::{Malformed, Reader};

/// Facts of a session that mean nothing to a person.
const QUIET: [&str; 6] = ["lastUpdated", "memoryScratchpad", "messages", "projectHash", "sessionId", "startTime"];

/// The reader.
#[derive(Debug, Clone, Default)]
pub(super) struct Messages {
    /// The sub-agent whose records these are.
    agent: Option<String>,
    /// Whether the session's first line was read.
    opened: bool,
    /// The first message that belongs to the conversation: a history without it is a summary.
    first: Option<String>,
    /// The model and the folder told last.
    model: Option<String>,
    cwd: Option<String>,
    last: Last,
}

/// What was told of the last message.
#[derive(Debug, Clone, Default)]
struct Last {
    id: String,
    said: bool,
    thoughts: usize,
    tokens: Value,
    /// Its calls by id, and whether each has ended.
    calls: Map<String, Value>,
}

impl Messages {
    /// From the start, or from where `saved` left off.
    pub(super) fn new(agent: Option<String>, saved: Option<&Value>) -> Self {
        let Some(saved) = saved else { return Self { agent, ..Self::default() } };
        let text = |name: &str| saved.get(name).and_then(Value::as_str).map(str::to_owned);
        let last = saved.get("last").unwrap_or(&Value::Null);
        Self {
            agent,
            opened: saved.get("opened") == Some(&Value::Bool(true)),
            first: text("first"),
            model: text("model"),
            cwd: text("cwd"),
            last: Last {
                id: last.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
                said: last.get("said") == Some(&Value::Bool(true)),
                thoughts: last.get("thoughts").and_then(Value::as_u64).and_then(|n| n.try_into().ok()).unwrap_or(0),
                tokens: last.get("tokens").cloned().unwrap_or(Value::Null),
                calls: last.get("calls").and_then(Value::as_object).cloned().unwrap_or_default(),
            },
        }
    }

    fn header(&mut self, record: &Value, out: &mut Steps) {
        if self.opened {
            out.push(record, "startTime", None, What::Note { text: "The session was opened again.".to_owned() });
        }
        self.opened = true;
        self.folder(record, out);
    }

    fn folder(&mut self, facts: &Value, out: &mut Steps) {
        let folder = facts.get("directories").and_then(|all| all.get(0)).and_then(Value::as_str);
        if let Some(folder) = folder.filter(|folder| self.cwd.as_deref() != Some(folder)) {
            self.cwd = Some(folder.to_owned());
            out.push(facts, "startTime", None, What::Setting { name: "cwd".to_owned(), value: clip(folder) });
        }
    }

    fn facts(&mut self, set: &Map<String, Value>, facts: &Value, out: &mut Steps) {
        if let Some(Value::Array(history)) = set.get("messages") {
            self.history(history, facts, out);
        }
        self.folder(facts, out);
        for (name, value) in set {
            match (name.as_str(), value.as_str()) {
                ("summary", Some(value)) => {
                    let what = What::Setting { name: "title".to_owned(), value: clip(value) };
                    out.push(facts, "lastUpdated", None, what);
                }
                ("directories" | "kind", _) => {}
                (quiet, _) if QUIET.contains(&quiet) => {}
                (other, _) => {
                    out.push(facts, "lastUpdated", None, What::Unknown { kind: clip(&format!("$set.{other}")) });
                }
            }
        }
    }

    /// The history as it goes on from here. Its messages were told when they were made.
    fn history(&mut self, history: &[Value], facts: &Value, out: &mut Steps) {
        let ids = history.iter().filter(|message| !is_context(message)).filter_map(|message| text(message, "id"));
        let mut ids = ids.peekable();
        let Some(next) = ids.peek().map(|id| (*id).to_owned()) else { return };
        let Some(first) = self.first.clone() else {
            self.first = Some(next);
            return;
        };
        if !ids.any(|id| id == first) {
            self.first = Some(next);
            out.push(facts, "lastUpdated", None, What::Compaction { before: None, after: None });
        }
    }

    fn message(&mut self, record: &Value, id: &str, kind: &str, out: &mut Steps) {
        if is_context(record) {
            return;
        }
        if self.first.is_none() {
            self.first = Some(id.to_owned());
        }
        if self.last.id != id {
            self.last = Last { id: id.to_owned(), ..Last::default() };
        }
        let said = message::content(record.get("displayContent").or_else(|| record.get("content")));
        match kind {
            "gemini" => self.answer(record, id, &said, out),
            "user" | "info" | "warning" | "error" => {
                if self.last.said || said.trim().is_empty() {
                    return;
                }
                self.last.said = true;
                let text = clip(&said);
                let what = match kind {
                    "user" if said.trim_start().starts_with("<hook_context>") => {
                        What::Note { text: "A hook added to the conversation.".to_owned() }
                    }
                    "user" => What::Prompt { text },
                    "error" => What::Error { text },
                    _ => What::Note { text },
                };
                out.push(record, "timestamp", Some(id), what);
            }
            other => out.push(record, "timestamp", Some(id), What::Unknown { kind: clip(other) }),
        }
    }

    fn answer(&mut self, record: &Value, id: &str, said: &str, out: &mut Steps) {
        let model = text(record, "model");
        if let Some(model) = model.filter(|model| self.model.as_deref() != Some(model)) {
            self.model = Some(model.to_owned());
            let what = What::Setting { name: "model".to_owned(), value: clip(model) };
            out.push(record, "timestamp", Some(id), what);
        }
        let thoughts = record.get("thoughts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for thought in thoughts.iter().skip(self.last.thoughts) {
            let text = message::thought(thought);
            if !text.is_empty() {
                out.push(thought, "timestamp", Some(id), What::Thinking { text });
            }
        }
        self.last.thoughts = self.last.thoughts.max(thoughts.len());
        if !self.last.said && !said.trim().is_empty() {
            self.last.said = true;
            out.push(record, "timestamp", Some(id), What::Answer { text: clip(said) });
        }
        let tokens = record.get("tokens").filter(|tokens| tokens.is_object());
        if let Some(tokens) = tokens.filter(|tokens| **tokens != self.last.tokens) {
            self.last.tokens = tokens.clone();
            let usage = message::usage(id, model.or(self.model.as_deref()), tokens);
            out.push(record, "timestamp", Some(id), What::Usage(usage));
        }
        for (at, call) in record.get("toolCalls").and_then(Value::as_array).into_iter().flatten().enumerate() {
            self.call(record, at, call, out);
        }
    }

    fn call(&mut self, record: &Value, at: usize, call: &Value, out: &mut Steps) {
        let id = text(call, "id").map(str::to_owned);
        let key = id.clone().unwrap_or_else(|| format!("#{at}"));
        let tool = text(call, "name").unwrap_or_default().to_owned();
        let before = self.last.calls.get(&key).and_then(Value::as_bool);
        if before.is_none() {
            let what = What::ToolCall { call: id.clone(), tool, input: message::arguments(call) };
            out.push(record, "timestamp", id.as_deref(), what);
            self.last.calls.insert(key.clone(), false.into());
        }
        let told = message::told(call);
        let Some(outcome) = message::outcome(call, &told).filter(|_| before != Some(true)) else { return };
        self.last.calls.insert(key, true.into());
        if let Some(agent) = text(call, "agentId").map(str::to_owned) {
            let shown = call.get("resultDisplay").and_then(|shown| text(shown, "agentName"));
            let started = What::AgentStarted { agent: agent.clone(), name: shown.map(clip), call: id.clone() };
            out.push(record, "timestamp", id.as_deref(), started);
            let outcome = message::agent_outcome(call, outcome);
            out.push(call, "timestamp", id.as_deref(), What::AgentEnded { agent, outcome });
        }
        out.push(call, "timestamp", id.as_deref(), What::ToolResult { call: id.clone(), outcome, text: told });
    }

    fn back(&mut self, record: &Value, to: &str, out: &mut Steps) {
        if self.first.as_deref() == Some(to) {
            self.first = None;
        }
        let text = "The conversation was taken back to an earlier message.".to_owned();
        out.push(record, "timestamp", Some(to), What::Note { text });
    }
}

impl Reader for Messages {
    fn record(&mut self, record: &[u8]) -> Result<Vec<Step>, Malformed> {
        let value: Value = serde_json::from_slice(record).map_err(|error| {
            Malformed(format!("not JSON: a mistake at line {}, column {}", error.line(), error.column()))
        })?;
        let Value::Object(fields) = &value else { return Err(Malformed("not a JSON object".to_owned())) };
        let mut out = Steps { agent: self.agent.clone(), steps: Vec::new() };
        if let Some(set) = fields.get("$set").and_then(Value::as_object) {
            self.facts(set, &value["$set"], &mut out);
        } else if let Some(to) = text(&value, "$rewindTo") {
            self.back(&value, to, &mut out);
        } else if let (Some(id), Some(kind)) = (text(&value, "id"), text(&value, "type")) {
            self.message(&value, id, kind, &mut out);
        } else if fields.contains_key("sessionId") {
            self.header(&value, &mut out);
        } else {
            let kind = fields.keys().next().map_or("nothing", String::as_str);
            out.push(&value, "timestamp", None, What::Unknown { kind: clip(kind) });
        }
        Ok(out.steps)
    }

    fn save(&self) -> Value {
        let Last { id, said, thoughts, tokens, calls } = &self.last;
        json!({
            "opened": self.opened, "first": self.first, "model": self.model, "cwd": self.cwd,
            "last": { "id": id, "said": said, "thoughts": thoughts, "tokens": tokens, "calls": calls },
        })
    }
}

/// Steps of one record.
struct Steps {
    agent: Option<String>,
    steps: Vec<Step>,
}

impl Steps {
    /// `time` names the field of `of` that holds the step's time.
    fn push(&mut self, of: &Value, time: &str, id: Option<&str>, what: What) {
        let at: Option<Timestamp> = text(of, time).and_then(moment::parse);
        self.steps.push(Step { at, id: id.map(str::to_owned), agent: self.agent.clone(), what });
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// What the client tells the model about the machine before anybody asks something.
fn is_context(message: &Value) -> bool {
    message.get("type").and_then(Value::as_str) == Some("user")
        && message::content(message.get("content")).trim_start().starts_with("<session_context>")
}
