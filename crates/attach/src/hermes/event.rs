//! What a server tells by itself.

use clawbutler_core::timeline::{Outcome, State, Step, What, clip, clip_value};
use serde_json::{Value, json};

use super::approval::Approval;
use super::link::Link;
use super::rows::{Session, Usage};
use crate::json as read;

/// Something happened at a server, or to the connection. Sessions are named by their id in the records.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The connection changed.
    Link(Link),
    /// We were too slow: so many events are missing.
    Missed(u64),
    /// Every live session of the server, whoever began it; told when something of it changed.
    Sessions(Vec<Session>),
    /// Steps of a session that was begun here.
    Steps {
        /// The session.
        session: String,
        /// At least one.
        steps: Vec<Step>,
    },
    /// Somebody must decide about a command of a session that was begun here.
    Asked(Approval),
    /// A question does not stand any more: answered, or run out (the server does not say which).
    Settled {
        /// The session.
        session: String,
        /// [`Approval::number`].
        number: u64,
    },
    /// Tokens of a session so far.
    Usage {
        /// The session.
        session: String,
        /// All of it.
        total: Usage,
    },
    /// How a session asks from here on.
    Asking {
        /// The session.
        session: String,
        /// Hermes' mode (`manual`, `smart`, `off`).
        mode: String,
        /// Whether every prompt of this session is skipped.
        yolo: bool,
    },
    /// Something this version does not know.
    Unknown(String),
}

/// Known, and of no concern: screens, progress, what comes again when it is whole.
const QUIET: &[&str] = &[
    "agent.terminal.output", "billing.step_up.verification", "browser.progress", "clarify.expire", "gateway.ready",
    "message.delta", "message.interim", "moa.aggregating", "moa.reference", "notification.clear", "notification.show",
    "pet.generate.progress", "pet.hatch.progress", "preview.restart.complete", "preview.restart.progress", "reaction",
    "reasoning.available", "reasoning.delta", "review.summary", "skin.changed", "subagent.progress",
    "subagent.thinking", "subagent.tool", "terminal.close", "terminal.read.request", "thinking.delta",
    "tool.generating", "tool.output_risk", "tool.progress", "voice.status", "voice.transcript",
];

/// What one event of a session means; nothing when it is understood and concerns us in no way. A question
/// (`approval.request`) gives its step here; [`Event::Asked`] comes from the connection, which counts them.
pub fn understand(name: &str, session: &str, payload: &Value) -> Vec<Event> {
    let steps = |steps: Vec<Step>| {
        if steps.is_empty() { Vec::new() } else { vec![Event::Steps { session: session.to_owned(), steps }] }
    };
    match name {
        "message.start" => steps(vec![state(State::Running)]),
        "tool.start" => steps(vec![bare(began(payload))]),
        "tool.complete" => steps(vec![bare(done(payload))]),
        "approval.request" => {
            let asked = What::Approval { call: None, decision: "asked".to_owned(), by: None };
            steps(vec![bare(asked), state(State::WaitingApproval)])
        }
        "clarify.request" | "sudo.request" | "secret.request" => steps(vec![state(State::WaitingInput)]),
        "sudo.expire" | "secret.expire" => steps(vec![state(State::Running)]),
        "message.complete" => {
            let mut events = steps(ended(payload));
            if let Some(usage) = payload.get("usage").filter(|usage| usage.is_object()) {
                events.push(Event::Usage { session: session.to_owned(), total: Usage::read(usage) });
            }
            events
        }
        "session.info" => {
            let mut events = steps(settings(payload));
            if let Some(mode) = read::text(payload, "/approval_mode") {
                let yolo = read::flag(payload, "/yolo").unwrap_or(false);
                events.push(Event::Asking { session: session.to_owned(), mode: clip(&mode), yolo });
            }
            events
        }
        "session.title" => steps(setting("title", read::text(payload, "/title")).into_iter().collect()),
        "error" => steps(vec![bare(What::Error { text: clip(&read::word(payload, "/message")) })]),
        "status.update" => match read::word(payload, "/kind").as_str() {
            "compacting" => steps(vec![bare(What::Compaction { before: None, after: None })]),
            _ => Vec::new(),
        },
        "background.complete" => steps(vec![bare(What::Note { text: "A task in the background ended.".to_owned() })]),
        "subagent.start" | "subagent.complete" => steps(agent(name, payload).into_iter().collect()),
        quiet if QUIET.contains(&quiet) => Vec::new(),
        other => vec![Event::Unknown(other.chars().take(80).collect())],
    }
}

fn state(state: State) -> Step {
    bare(What::State { state })
}

fn bare(what: What) -> Step {
    Step { at: None, id: None, agent: None, what }
}

fn setting(name: &str, value: Option<String>) -> Option<Step> {
    Some(bare(What::Setting { name: name.to_owned(), value: clip(&value?) }))
}

/// The whole input comes with the end only; the beginning has a sentence about it.
fn began(payload: &Value) -> What {
    let whole = read::text(payload, "/args_text").and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let mut input = whole.unwrap_or_else(|| json!({ "context": read::word(payload, "/context") }));
    clip_value(&mut input);
    What::ToolCall {
        call: read::text(payload, "/tool_id").map(|id| clip(&id)),
        tool: clip(&read::word(payload, "/name")),
        input,
    }
}

fn done(payload: &Value) -> What {
    let told = payload.get("result").cloned().unwrap_or_default();
    let text = told.as_str().map_or_else(|| told.to_string(), str::to_owned);
    What::ToolResult {
        call: read::text(payload, "/tool_id").map(|id| clip(&id)),
        outcome: outcome(&told),
        text: clip(&text),
    }
}

fn outcome(told: &Value) -> Outcome {
    let error = read::text(told, "/error");
    let refused = |text: &str| text.starts_with("BLOCKED") || text.contains("ClawButler");
    match error {
        _ if read::text(told, "/status").as_deref() == Some("blocked") => Outcome::Refused,
        Some(text) if refused(&text) => Outcome::Refused,
        Some(_) => Outcome::Failed,
        None if !told.is_object() => Outcome::Unknown,
        None => match read::fraction(told, "/exit_code") {
            Some(code) if code != 0.0 => Outcome::Failed,
            Some(_) | None => Outcome::Ok,
        },
    }
}

fn ended(payload: &Value) -> Vec<Step> {
    let text = read::word(payload, "/text");
    let said = match read::word(payload, "/status").as_str() {
        "error" => Some(What::Error { text: clip(&text) }),
        _ if text.is_empty() => None,
        _ => Some(What::Answer { text: clip(&text) }),
    };
    said.map(bare).into_iter().chain([state(State::Idle)]).collect()
}

fn settings(payload: &Value) -> Vec<Step> {
    let named = [("model", "/model"), ("mode", "/approval_mode"), ("cwd", "/cwd"), ("branch", "/branch")];
    named.iter().filter_map(|(name, path)| setting(name, read::text(payload, path))).collect()
}

fn agent(name: &str, payload: &Value) -> Option<Step> {
    let id = read::text(payload, "/child_session_id").or_else(|| read::text(payload, "/subagent_id"))?;
    let agent = clip(&id);
    let outcome = match read::word(payload, "/status").as_str() {
        "completed" | "complete" | "success" => Outcome::Ok,
        "interrupted" => Outcome::Interrupted,
        "failed" | "error" | "timeout" => Outcome::Failed,
        _ => Outcome::Unknown,
    };
    Some(bare(match name {
        "subagent.start" => {
            What::AgentStarted { agent, name: read::text(payload, "/goal").map(|goal| clip(&goal)), call: None }
        }
        _ => What::AgentEnded { agent, outcome },
    }))
}
