//! Understands a transcript line by line.
//!
//! One answer of the model is several lines, one a block, each with the same id and the same usage: the
//! usage is given once. Settings are given when they change. Most bytes of a transcript are the client's
//! own book-keeping (prompts as sent, tool lists); those lines are recognised by their type and left.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest::sha256;
use clawbutler_core::timeline::{State, Step, Usage, What, clip};
use serde_json::{Map, Value, json};

use super::line::Line;
use super::{answers, attachments, files, prompts, time};
use crate::record::{Malformed, Reader, Recording, Setting};

/// Lines that mean nothing to a person.
pub(super) const SILENT: &[&str] = &[
    "api-request", "api-request-shape", "api-request-blob", "atis-latch", "file-history-delta",
    "file-history-snapshot", "last-prompt", "mode", "progress", "queue-operation", "tools-used",
];
/// The name under which the total that the client writes at its end is counted.
const TOTAL: &str = "session total";

/// Reads one transcript.
#[derive(Debug, Clone)]
pub(in crate::claude_code) struct Transcript {
    /// The sub-agent whose transcript it is.
    agent: Option<String>,
    /// Its type and the call that started it, until it has been told.
    begins: Option<(Option<String>, Option<String>)>,
    known: Known,
}

/// What later lines need of earlier ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    /// Digests of the settings in force: what is saved must not carry what they say.
    settings: Map<String, Value>,
    /// The permission mode in force; empty while no line told of one.
    mode: String,
    state: Option<State>,
    /// The answer whose usage was given last.
    usage: Option<Usage>,
}

/// Steps of one line.
#[derive(Debug)]
pub(super) struct Steps<'a> {
    known: &'a mut Known,
    at: Option<Timestamp>,
    id: Option<String>,
    agent: Option<String>,
    pub(super) list: Vec<Step>,
}

impl Steps<'_> {
    pub(super) fn push(&mut self, what: What) {
        self.list.push(Step { at: self.at, id: self.id.clone(), agent: self.agent.clone(), what });
    }

    /// A setting, where it is another than before. Sub-agents have none of their own.
    pub(super) fn setting(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value.filter(|value| !value.is_empty() && self.agent.is_none()) else { return };
        let value = clip(value);
        let digest = sha256(value.as_bytes())[..16].to_owned();
        if self.known.settings.get(name).and_then(Value::as_str) != Some(&digest) {
            self.known.settings.insert(name.to_owned(), Value::String(digest));
            if name == "mode" {
                self.known.mode.clone_from(&value);
            }
            self.push(What::Setting { name: name.to_owned(), value });
        }
    }

    /// The state of the main conversation, where it is another than before.
    pub(super) fn state(&mut self, state: State) {
        if self.agent.is_none() && self.known.state != Some(state) {
            self.known.state = Some(state);
            self.push(What::State { state });
        }
    }

    pub(super) fn usage(&mut self, usage: Usage) {
        if self.known.usage.as_ref() != Some(&usage) {
            self.known.usage = Some(usage.clone());
            self.push(What::Usage(usage));
        }
    }
}

impl Transcript {
    /// A reader from the start, or from where it was left.
    pub(in crate::claude_code) fn new(recording: &Recording, saved: Option<&Value>) -> Self {
        let saved = saved.filter(|saved| !saved.is_null());
        let begins = recording.agent.as_ref().filter(|_| saved.is_none()).map(|_| files::note(&recording.path));
        Self { agent: recording.agent.clone(), begins, known: saved.map(Known::read).unwrap_or_default() }
    }
}

impl Known {
    fn read(saved: &Value) -> Self {
        let part = |name: &str| saved.get(name).cloned().unwrap_or_default();
        Self {
            settings: part("settings").as_object().cloned().unwrap_or_default(),
            mode: part("mode").as_str().unwrap_or_default().to_owned(),
            state: serde_json::from_value(part("state")).unwrap_or_default(),
            usage: serde_json::from_value(part("usage")).unwrap_or_default(),
        }
    }
}

impl Reader for Transcript {
    fn record(&mut self, record: &[u8]) -> Result<Vec<Step>, Malformed> {
        let Line { kind, fields: line } = Line::read(record)?;
        if SILENT.contains(&kind.as_str()) {
            return Ok(Vec::new());
        }
        let mut steps = Steps {
            known: &mut self.known,
            at: text(&line, "timestamp").and_then(time::read),
            id: text(&line, "uuid").map(str::to_owned),
            agent: self.agent.clone(),
            list: Vec::new(),
        };
        // Older clients kept side conversations in the session's own file.
        if steps.agent.is_none() && line.get("isSidechain") == Some(&Value::Bool(true)) {
            steps.agent = Some(text(&line, "agentId").unwrap_or("side").to_owned());
        }
        if let (Some((name, call)), Some(agent)) = (self.begins.take(), &self.agent) {
            steps.push(What::AgentStarted { agent: agent.clone(), name, call });
        }
        steps.setting("cwd", text(&line, "cwd"));
        // The client writes HEAD where there is no branch.
        steps.setting("branch", text(&line, "gitBranch").filter(|branch| *branch != "HEAD"));
        understand(&mut steps, &kind, &line);
        Ok(steps.list)
    }

    fn settings(&self) -> Vec<Setting> {
        let mode = Some(&self.known.mode).filter(|mode| !mode.is_empty());
        mode.map(|mode| Setting { name: "mode", value: mode.clone() }).into_iter().collect()
    }

    fn save(&self) -> Value {
        // Before its first line a sub-agent has not been told of: nothing is saved then.
        if self.begins.is_some() {
            return Value::Null;
        }
        let Known { settings, mode, state, usage } = &self.known;
        json!({ "settings": settings, "mode": mode, "state": state, "usage": usage })
    }
}

fn understand(steps: &mut Steps<'_>, kind: &str, line: &Map<String, Value>) {
    match kind {
        "user" => prompts::read(steps, line),
        "assistant" => answers::read(steps, line),
        "attachment" => attachments::read(steps, line),
        "system" => system(steps, line),
        "permission-mode" => steps.setting("mode", text(line, "permissionMode")),
        "ai-title" => steps.setting("title", text(line, "aiTitle")),
        "custom-title" => steps.setting("title", text(line, "customTitle")),
        "summary" => steps.setting("title", text(line, "summary")),
        "agent-name" => steps.setting("name", text(line, "agentName")),
        "cost-state" => total(steps, line),
        other => steps.push(What::Unknown { kind: clip(other) }),
    }
}

fn system(steps: &mut Steps<'_>, line: &Map<String, Value>) {
    let content = || clip(&plain(text(line, "content").unwrap_or_default()));
    match text(line, "subtype").unwrap_or_default() {
        "compact_boundary" | "microcompact_boundary" => {
            let facts = line.get("compactMetadata").or_else(|| line.get("microcompactMetadata"));
            let count = |name: &str| facts.and_then(|facts| facts.get(name)).and_then(Value::as_u64);
            steps.push(What::Compaction { before: count("preTokens"), after: count("postTokens") });
        }
        // Written when a turn is over; what hooks at its end said is in attachments.
        "turn_duration" | "stop_hook_summary" => steps.state(State::Idle),
        "api_error" => {
            let why = line.get("error").map(|error| match error {
                Value::String(text) => text.clone(),
                other => other.get("message").and_then(Value::as_str).unwrap_or("the request failed").to_owned(),
            });
            steps.push(What::Error { text: clip(&why.unwrap_or_else(content)) });
        }
        "informational" | "local_command" | "away_summary" | "bridge_status" => {
            let text = content();
            if !text.is_empty() {
                steps.push(What::Note { text });
            }
        }
        other => steps.push(What::Unknown { kind: clip(&format!("system/{other}")) }),
    }
}

/// What the client counts at its end: over all that its session ever was, a fork's parent included.
fn total(steps: &mut Steps<'_>, line: &Map<String, Value>) {
    let dollars = line.get("totalCostUSD").and_then(Value::as_f64).filter(|usd| (0.0..1.0e9).contains(usd));
    if let Some(dollars) = dollars.filter(|_| line.get("hasUnknownModelCost") != Some(&Value::Bool(true))) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range was looked at")]
        let cost = (dollars * 1_000_000.0).round() as u64;
        let usage = Usage { response: Some(TOTAL.to_owned()), cost_microusd: Some(cost), ..Usage::default() };
        steps.usage(usage);
    }
    steps.state(State::Ended);
}

/// A text field.
pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

/// Without the client's tags around commands and their output, and without terminal colours.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4096));
    let mut rest = text;
    while let Some(at) = rest.find(['<', '\u{1b}']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        let skip = if tail.starts_with('<') { tag(tail) } else { colour(tail) };
        if skip == 0 {
            out.push_str(&tail[..1]);
        }
        rest = &tail[skip.max(1)..];
    }
    out.push_str(rest);
    out.trim().to_owned()
}

fn tag(text: &str) -> usize {
    let inner = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
    let ours =
        ["command-", "local-command-", "bash-", "task-notification>", "task-id>", "tool-use-id>", "output-file>"];
    let known = ours.iter().any(|name| inner.starts_with(name));
    if known { text.find('>').map_or(0, |end| end + 1) } else { 0 }
}

fn colour(text: &str) -> usize {
    text.strip_prefix("\u{1b}[").map_or(1, |rest| match rest.find(|c: char| c.is_ascii_alphabetic()) {
        Some(end) => end + 3,
        None => 1,
    })
}
