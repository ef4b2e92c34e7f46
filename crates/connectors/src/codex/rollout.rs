//! Understands the lines of a record, of 0.118 to 0.169.
//!
//! The same thing is written several times: as traffic with the model, as an event, as a thing that happened.
//! Each is told once, by the record that knows most. A sub-agent that began with its parent's history repeats
//! that history; it is passed over.

use std::collections::VecDeque;

use clawbutler_core::clock::Timestamp;
use clawbutler_core::timeline::{Outcome, State, Step, What, clip};
use serde_json::{Map, Value, json};

use super::recordings::Head;
use super::{items, quiet};
use crate::moment;
use crate::record::{Malformed, Reader, Recording, Setting};
use items::text;

/// Calls whose end is known before their output that are remembered.
const ENDED: usize = 64;

/// The reader.
#[derive(Debug, Clone)]
pub(super) struct Rollout {
    /// The thread, as the record's place or its first line says.
    thread: String,
    agent: Option<String>,
    /// Whether the first line was read.
    opened: bool,
    /// Lines before this one are another thread's history.
    begins: u64,
    /// Settings told last, by name.
    settings: Map<String, Value>,
    /// The limits told last.
    quotas: Value,
    /// Whether tokens are recorded by answer; older clients only add up.
    by_answer: bool,
    /// The sum of older clients.
    total: u64,
    /// How calls ended whose output has not come.
    ended: VecDeque<(String, Outcome)>,
}

impl Rollout {
    /// From the start, or from where `saved` left off.
    pub(super) fn new(recording: &Recording, saved: Option<&Value>) -> Self {
        let thread = recording.agent.clone().unwrap_or_else(|| recording.session.clone());
        let null = Value::Null;
        let saved = saved.unwrap_or(&null);
        let flag = |name: &str| saved.get(name) == Some(&Value::Bool(true));
        let number = |name: &str| saved.get(name).and_then(Value::as_u64).unwrap_or(0);
        let ended = saved.get("ended").and_then(Value::as_array).into_iter().flatten().take(ENDED).filter_map(|one| {
            let outcome = serde_json::from_value(one.get(1)?.clone()).ok()?;
            Some((one.get(0)?.as_str()?.to_owned(), outcome))
        });
        Self {
            thread: text(saved, "thread").map_or(thread, str::to_owned),
            agent: recording.agent.clone(),
            opened: flag("opened"),
            begins: number("begins"),
            settings: saved.get("settings").and_then(Value::as_object).cloned().unwrap_or_default(),
            quotas: saved.get("quotas").cloned().unwrap_or(Value::Null),
            by_answer: flag("by_answer"),
            total: number("total"),
            ended: ended.collect(),
        }
    }

    fn line(&mut self, line: &Value) -> Result<Vec<What>, Malformed> {
        let kind = text(line, "type").ok_or_else(|| Malformed("a line without a type".to_owned()))?;
        let payload = line.get("payload").unwrap_or(&Value::Null);
        let inherited = line.get("ordinal").and_then(Value::as_u64).is_some_and(|at| at < self.begins);
        Ok(match kind {
            "session_meta" => self.meta(payload),
            _ if inherited => Vec::new(),
            "turn_context" => self.context(payload),
            "event_msg" => self.event(payload),
            "response_item" => self.response(payload),
            "token_usage_record" => self.tokens(payload),
            "compacted" => vec![What::Compaction { before: None, after: None }],
            quiet if quiet::LINES.contains(&quiet) => Vec::new(),
            other => vec![What::Unknown { kind: clip(other) }],
        })
    }

    /// The first line is this thread's own; a second one came with the history of another.
    fn meta(&mut self, meta: &Value) -> Vec<What> {
        if self.opened {
            return Vec::new();
        }
        self.opened = true;
        let head = Head::of(meta);
        if let Some(thread) = text(meta, "id") {
            thread.clone_into(&mut self.thread);
        }
        self.begins = meta.get("subagent_history_start_ordinal").and_then(Value::as_u64).unwrap_or(0);
        // A sub-agent's own beginning says so itself; a fork's record holds none of the other's history.
        let forked = head.forked_from(&self.thread).map(clip);
        let mut told: Vec<What> = forked.map(|session| What::Forked { session }).into_iter().collect();
        self.set(&mut told, "cwd", head.cwd.as_deref());
        self.set(&mut told, "branch", meta.get("git").and_then(|git| text(git, "branch")));
        told
    }

    /// Tells a setting when it is another than before.
    fn set(&mut self, told: &mut Vec<What>, name: &str, value: Option<&str>) {
        let Some(value) = value.map(clip).filter(|value| !value.is_empty()) else { return };
        if self.settings.get(name).and_then(Value::as_str) != Some(&value) {
            self.settings.insert(name.to_owned(), value.clone().into());
            told.push(What::Setting { name: name.to_owned(), value });
        }
    }

    fn context(&mut self, context: &Value) -> Vec<What> {
        let mut told = Vec::new();
        self.set(&mut told, "model", text(context, "model"));
        self.set(&mut told, "mode", context.get("approval_policy").and_then(policy).as_deref());
        self.set(&mut told, "sandbox", context.get("sandbox_policy").and_then(items::sandbox).as_deref());
        self.set(&mut told, "cwd", text(context, "cwd"));
        self.set(&mut told, "effort", text(context, "effort"));
        told
    }

    fn applied(&mut self, settings: &Value) -> Vec<What> {
        let mut told = Vec::new();
        self.set(&mut told, "model", text(settings, "model"));
        self.set(&mut told, "mode", settings.get("approval_policy").and_then(policy).as_deref());
        self.set(&mut told, "cwd", text(settings, "cwd"));
        self.set(&mut told, "service_tier", text(settings, "service_tier"));
        told
    }

    fn event(&mut self, event: &Value) -> Vec<What> {
        let Some(kind) = text(event, "type") else { return vec![What::Unknown { kind: "event_msg".to_owned() }] };
        let said = |name: &str| clip(text(event, name).unwrap_or_default());
        let call = || text(event, "call_id").map(str::to_owned);
        match kind {
            "task_started" | "turn_started" => vec![What::State { state: State::Running }],
            "task_complete" | "turn_complete" => {
                let said = event.get("error").and_then(|error| text(error, "message"));
                let failed = said.map(|message| What::Error { text: clip(message) });
                failed.into_iter().chain([What::State { state: State::Idle }]).collect()
            }
            "turn_aborted" => vec![
                What::Note { text: format!("The turn was stopped: {}.", text(event, "reason").unwrap_or("no reason")) },
                What::State { state: State::Idle },
            ],
            "item_completed" => event.get("item").map_or_else(Vec::new, |item| self.item(item)),
            "thread_settings_applied" => {
                event.get("thread_settings").map_or_else(Vec::new, |settings| self.applied(settings))
            }
            "token_count" => self.count(event),
            // Before 0.150 messages are events of their own.
            "user_message" => vec![What::Prompt { text: said("message") }],
            "agent_message" => vec![What::Answer { text: said("message") }],
            "patch_apply_end" | "exec_command_end" | "mcp_tool_call_end" => {
                if let Some(call) = call() {
                    let outcome = match event.get("success").and_then(Value::as_bool) {
                        Some(true) => Outcome::Ok,
                        Some(false) => Outcome::Failed,
                        None => items::outcome(event),
                    };
                    self.remember(call, outcome);
                }
                Vec::new()
            }
            "exec_approval_request" | "apply_patch_approval_request" | "elicitation_request" => {
                vec![What::Approval { call: call(), decision: "asked".to_owned(), by: None }]
            }
            "error" | "stream_error" => vec![What::Error { text: said("message") }],
            "warning" | "guardian_warning" => vec![What::Note { text: said("message") }],
            "model_reroute" => vec![What::Note { text: "Another model answers than the one asked for.".to_owned() }],
            "thread_name_updated" => {
                let mut told = Vec::new();
                self.set(&mut told, "title", text(event, "thread_name").or_else(|| text(event, "name")));
                told
            }
            "thread_rolled_back" | "undo_completed" => {
                vec![What::Note { text: "The conversation was taken back to an earlier point.".to_owned() }]
            }
            "entered_review_mode" => vec![What::Note { text: "A review began.".to_owned() }],
            "exited_review_mode" => vec![What::Note { text: "The review ended.".to_owned() }],
            quiet if quiet::EVENTS.contains(&quiet) => Vec::new(),
            other => vec![What::Unknown { kind: clip(&format!("event_msg/{other}")) }],
        }
    }

    fn item(&mut self, item: &Value) -> Vec<What> {
        let kind = text(item, "type").unwrap_or_default();
        match kind {
            "UserMessage" => vec![What::Prompt { text: clip(&items::content(item.get("content"))) }],
            "AgentMessage" => vec![What::Answer { text: clip(&items::content(item.get("content"))) }],
            "CommandExecution" | "FileChange" | "McpToolCall" => {
                let Some(id) = text(item, "id") else { return Vec::new() };
                if items::is_nested(id) {
                    return items::happened(kind, item);
                }
                self.remember(id.to_owned(), items::outcome(item));
                Vec::new()
            }
            "SubAgentActivity" => vec![items::agent(item)],
            "CollabAgentToolCall" | "Extension" => {
                if let Some(id) = text(item, "id") {
                    self.remember(id.to_owned(), items::outcome(item));
                }
                items::spawned(item)
            }
            quiet if quiet::ITEMS.contains(&quiet) => Vec::new(),
            other => vec![What::Unknown { kind: clip(&format!("item/{other}")) }],
        }
    }

    fn response(&mut self, payload: &Value) -> Vec<What> {
        match text(payload, "type").unwrap_or_default() {
            "function_call" | "custom_tool_call" | "local_shell_call" | "tool_search_call" => items::call(payload),
            "function_call_output" | "custom_tool_call_output" | "tool_search_output" => {
                let at = text(payload, "call_id").and_then(|id| self.ended.iter().position(|(call, _)| call == id));
                let known = at.and_then(|at| self.ended.remove(at)).map(|(_, outcome)| outcome);
                items::output(payload, known)
            }
            "web_search_call" => items::search(payload),
            "reasoning" => items::thoughts(payload).into_iter().collect(),
            "agent_message" => {
                let said = items::content(payload.get("content"));
                let task = said.contains("Message Type: NEW_TASK");
                let text = clip(&said);
                vec![if task && self.agent.is_some() { What::Prompt { text } } else { What::Note { text } }]
            }
            "message" => items::notified(payload).into_iter().collect(),
            quiet if quiet::RESPONSES.contains(&quiet) => Vec::new(),
            other => vec![What::Unknown { kind: clip(&format!("response_item/{other}")) }],
        }
    }

    fn remember(&mut self, call: String, outcome: Outcome) {
        if outcome != Outcome::Unknown {
            self.ended.push_back((call, outcome));
            if self.ended.len() > ENDED {
                self.ended.pop_front();
            }
        }
    }

    fn model(&self) -> Option<&str> {
        self.settings.get("model").and_then(Value::as_str)
    }

    fn tokens(&mut self, record: &Value) -> Vec<What> {
        self.by_answer = true;
        // What another thread used is in that thread's record.
        let own = text(record, "thread_id").is_none_or(|thread| thread == self.thread);
        match record.get("usage").filter(|usage| own && usage.is_object()) {
            Some(usage) => vec![What::Usage(items::usage(text(record, "response_id"), self.model(), usage))],
            None => Vec::new(),
        }
    }

    fn count(&mut self, event: &Value) -> Vec<What> {
        let mut told = Vec::new();
        if let Some(info) = event.get("info").filter(|info| info.is_object()) {
            let total =
                info.get("total_token_usage").and_then(|total| total.get("total_tokens")).and_then(Value::as_u64);
            let grown = total.is_some_and(|total| total > self.total);
            self.total = total.unwrap_or(self.total);
            if let Some(last) = info.get("last_token_usage").filter(|_| grown && !self.by_answer) {
                told.push(What::Usage(items::usage(None, self.model(), last)));
            }
        }
        if let Some(limits) = event.get("rate_limits").filter(|limits| limits.is_object()) {
            let windows = json!([limits.get("primary"), limits.get("secondary")]);
            if windows != self.quotas {
                self.quotas = windows;
                told.extend(items::quotas(limits));
            }
        }
        told
    }
}

/// The word of an approval policy: a word, or a mix with details, whose name it is.
pub(super) fn policy(value: &Value) -> Option<String> {
    match value {
        Value::String(word) => Some(word.clone()),
        Value::Object(fields) => fields.keys().next().cloned(),
        _ => None,
    }
}

impl Reader for Rollout {
    fn record(&mut self, record: &[u8]) -> Result<Vec<Step>, Malformed> {
        let line: Value = serde_json::from_slice(record).map_err(|error| {
            Malformed(format!("not JSON: a mistake at line {}, column {}", error.line(), error.column()))
        })?;
        if !line.is_object() {
            return Err(Malformed("not a JSON object".to_owned()));
        }
        let told = self.line(&line)?;
        let at: Option<Timestamp> = text(&line, "timestamp").and_then(moment::parse);
        let payload = line.get("payload").unwrap_or(&Value::Null);
        let id = text(payload, "id").or_else(|| text(payload.get("item")?, "id"));
        let id = id.or_else(|| text(payload, "call_id")).map(str::to_owned);
        let step = |what| Step { at, id: id.clone(), agent: self.agent.clone(), what };
        Ok(told.into_iter().map(step).collect())
    }

    fn settings(&self) -> Vec<Setting> {
        let told = |name| Some(Setting { name, value: self.settings.get(name)?.as_str()?.to_owned() });
        ["mode", "sandbox"].into_iter().filter_map(told).collect()
    }

    fn save(&self) -> Value {
        json!({
            "thread": self.thread, "opened": self.opened, "begins": self.begins, "settings": self.settings,
            "quotas": self.quotas, "by_answer": self.by_answer, "total": self.total,
            "ended": self.ended.iter().map(|(call, outcome)| json!([call, outcome])).collect::<Vec<_>>(),
        })
    }
}
