//! Understands a transcript line by line.
//!
//! One answer of the model is several lines, one a block, each with the same id and the same usage: the
//! usage is given once. Settings are given when they change. Most bytes of a transcript are the client's
//! own book-keeping (prompts as sent, tool lists); those lines are recognised by their type and left.

use std::path::PathBuf;

use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest::sha256;
use clawbutler_core::timeline::{State, Step, Usage, What, clip};
use serde_json::{Map, Value, json};

use super::forks::{Fork, Whose};
use super::line::Line;
use super::quiet::LINES;
use super::{answers, attachments, files, prompts, system, time};
use crate::record::{Malformed, Reader, Recording, Setting};

/// Reads one transcript.
#[derive(Debug, Clone)]
pub(in crate::claude_code) struct Transcript {
    /// The sub-agent whose transcript it is.
    agent: Option<String>,
    /// What is noted of its beginning, until it has been told.
    begins: Option<files::Note>,
    known: Known,
    fork: Fork,
    /// Where it lies.
    path: PathBuf,
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
    pub(super) agent: Option<String>,
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
        let fork = saved.and_then(|saved| saved.get("fork")).map(Fork::read).unwrap_or_default();
        let known = saved.map(Known::read).unwrap_or_default();
        Self { agent: recording.agent.clone(), begins, known, fork, path: recording.path.clone() }
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
        if LINES.binary_search(&kind.as_str()).is_ok() {
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
        if self.agent.is_none() {
            match self.fork.whose(&self.path, &kind, &line) {
                Whose::Own => {}
                Whose::Copied => return Ok(Vec::new()),
                Whose::Begins(session) => {
                    // Its own lines tell its settings anew.
                    *steps.known = Known { mode: std::mem::take(&mut steps.known.mode), ..Known::default() };
                    return Ok(vec![Step {
                        at: None,
                        id: None,
                        agent: None,
                        what: What::Forked { session: clip(&session) },
                    }]);
                }
            }
        }
        if let (Some(files::Note { name, call, parent }), Some(agent)) = (self.begins.take(), &self.agent) {
            // It stands with whoever began it.
            let by = parent.filter(|parent| parent != agent).map(|parent| clip(&parent)).or(steps.agent.clone());
            let what = What::AgentStarted { agent: agent.clone(), name, call };
            steps.list.push(Step { at: steps.at, id: steps.id.clone(), agent: by, what });
        }
        steps.setting("cwd", text(&line, "cwd"));
        // The client writes HEAD where there is no branch.
        steps.setting("branch", text(&line, "gitBranch").filter(|branch| *branch != "HEAD"));
        understand(&mut steps, &kind, &line, self.fork.inherits);
        if !steps.list.is_empty() {
            self.fork.told();
        }
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
        json!({ "settings": settings, "mode": mode, "state": state, "usage": usage, "fork": self.fork.save() })
    }
}

fn understand(steps: &mut Steps<'_>, kind: &str, line: &Map<String, Value>, inherits: bool) {
    match kind {
        "user" => prompts::read(steps, line),
        "assistant" => answers::read(steps, line),
        "attachment" => attachments::read(steps, line),
        "system" => system::read(steps, line),
        "permission-mode" => steps.setting("mode", text(line, "permissionMode")),
        "ai-title" => steps.setting("title", text(line, "aiTitle")),
        "custom-title" => steps.setting("title", text(line, "customTitle")),
        "summary" => steps.setting("title", text(line, "summary")),
        "agent-name" => steps.setting("name", text(line, "agentName")),
        "cost-state" => system::total(steps, line, inherits),
        other => system::session(steps, other, line),
    }
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
