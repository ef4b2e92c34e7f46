//! Lines of the user's side: prompts, results of tool calls with who allowed them, interruptions.

use clawbutler_core::timeline::{Outcome, State, What, clip};
use serde_json::{Map, Value};

use super::transcript::{Steps, plain, text};

/// How the client writes that a person stopped the turn.
const INTERRUPTED: &str = "[Request interrupted by user";

pub(super) fn read(steps: &mut Steps<'_>, line: &Map<String, Value>) {
    let Some(message) = line.get("message").and_then(Value::as_object) else { return };
    steps.setting("mode", text(line, "permissionMode"));
    let is = |name: &str| line.get(name) == Some(&Value::Bool(true));
    // What the client tells the model on its own, and the summary that a compaction leaves.
    let silent = is("isMeta") || is("isCompactSummary");
    match message.get("content") {
        Some(Value::String(said)) if !silent => prompt(steps, line, said),
        Some(Value::Array(blocks)) => {
            let mut said = Vec::new();
            for block in blocks.iter().filter_map(Value::as_object) {
                match text(block, "type").unwrap_or_default() {
                    "tool_result" => result(steps, line, block),
                    "text" => said.push(text(block, "text").unwrap_or_default().to_owned()),
                    other => said.push(format!("[{other}]")),
                }
            }
            if !said.is_empty() && !silent {
                prompt(steps, line, &said.join("\n"));
            }
        }
        Some(_) | None => {}
    }
}

/// What reached the model while a turn ran: it waited in the client's queue and is in no line of its own.
pub(super) fn queued(steps: &mut Steps<'_>, attachment: &Map<String, Value>) {
    if attachment.get("isMeta") == Some(&Value::Bool(true)) {
        return;
    }
    let said = match attachment.get("prompt") {
        Some(Value::String(said)) => said.clone(),
        Some(Value::Array(blocks)) => {
            let blocks = blocks.iter().filter_map(Value::as_object);
            let words = blocks.map(|block| match text(block, "type").unwrap_or_default() {
                "text" => text(block, "text").unwrap_or_default().to_owned(),
                other => format!("[{other}]"),
            });
            words.collect::<Vec<_>>().join("\n")
        }
        Some(_) | None => return,
    };
    if !said.is_empty() {
        prompt(steps, attachment, &said);
    }
}

fn prompt(steps: &mut Steps<'_>, line: &Map<String, Value>, said: &str) {
    if said.starts_with(INTERRUPTED) {
        steps.push(What::Note { text: "A person interrupted the turn.".to_owned() });
        if let Some(agent) = steps.agent.clone() {
            // In the sub-agent's own transcript; that of its session tells only of the call that began it.
            steps.push(What::AgentEnded { agent, outcome: Outcome::Interrupted });
        }
        steps.state(State::Idle);
        return;
    }
    let origin = line.get("origin").and_then(|origin| origin.get("kind")).and_then(Value::as_str);
    if origin == Some("task-notification") || said.starts_with("<task-notification>") {
        notification(steps, said);
        steps.state(State::Running);
        return;
    }
    let words = clip(&plain(said));
    let output = ["<local-command-stdout>", "<local-command-stderr>", "<bash-stdout>", "<bash-stderr>"];
    if output.iter().any(|tag| said.starts_with(tag)) {
        if !words.is_empty() {
            steps.push(What::Note { text: words });
        }
        return;
    }
    // A command of the client itself or of a shell: typed by a person, not sent to the model.
    let local = said.starts_with("<command-name>") || said.starts_with("<bash-input>");
    steps.push(What::Prompt { text: words });
    if !local {
        steps.state(State::Running);
    }
}

/// A sub-agent or a command in the background has something to say; the session goes on with it.
fn notification(steps: &mut Steps<'_>, said: &str) {
    let part = |name: &str| {
        let from = said.find(&format!("<{name}>"))? + name.len() + 2;
        Some(said[from..].split('<').next().unwrap_or_default().trim().to_owned())
    };
    let outcome = match part("status").as_deref() {
        Some("completed") => Some(Outcome::Ok),
        Some("failed") => Some(Outcome::Failed),
        Some("killed" | "stopped") => Some(Outcome::Interrupted),
        Some(_) | None => None,
    };
    // A command has an id of its own too, but it is no sub-agent.
    let command = part("summary").filter(|summary| summary.starts_with("Background command"));
    if let Some(summary) = command {
        return steps.push(What::Note { text: clip(&plain(&summary)) });
    }
    match (part("task-id").filter(|agent| !agent.is_empty()), outcome) {
        (Some(agent), Some(outcome)) => steps.push(What::AgentEnded { agent: clip(&agent), outcome }),
        _ => steps.push(What::Note { text: clip(&plain(said)) }),
    }
}

fn result(steps: &mut Steps<'_>, line: &Map<String, Value>, block: &Map<String, Value>) {
    let call = text(block, "tool_use_id").map(str::to_owned);
    let details = line.get("toolUseResult").and_then(Value::as_object);
    let denied = text(line, "toolDenialKind");
    if let Some(decision) = line.get("permissionDecision").and_then(Value::as_object) {
        approval(steps, call.clone(), decision);
    }
    let is = |object: Option<&Map<String, Value>>, name: &str| {
        object.and_then(|object| object.get(name)) == Some(&Value::Bool(true))
    };
    let stopped = matches!(denied, Some("interrupted" | "cancelled")) || is(details, "interrupted");
    let outcome = if denied.is_some() && !stopped {
        Outcome::Refused
    } else if stopped {
        Outcome::Interrupted
    } else if is(Some(block), "is_error") {
        Outcome::Failed
    } else {
        Outcome::Ok
    };
    steps.push(What::ToolResult { call: call.clone(), outcome, text: words(block.get("content")) });
    if let Some(details) = details
        && let Some(agent) = text(details, "agentId")
    {
        agent_told(steps, details, agent, call, outcome);
    }
    steps.state(State::Running);
}

/// A call that started a sub-agent came back: with its end, or because it runs on in the background.
fn agent_told(
    steps: &mut Steps<'_>,
    details: &Map<String, Value>,
    agent: &str,
    call: Option<String>,
    outcome: Outcome,
) {
    let agent = clip(agent);
    if text(details, "status") == Some("async_launched") {
        let name = text(details, "agentType").or_else(|| text(details, "description")).map(clip);
        steps.push(What::AgentStarted { agent, name, call });
    } else {
        steps.push(What::AgentEnded { agent, outcome });
    }
}

/// Who let a call run or stopped it. What no rule had to decide is not worth a step.
fn approval(steps: &mut Steps<'_>, call: Option<String>, decision: &Map<String, Value>) {
    let by = ["source", "reasonType", "ruleSource", "reasonCode", "grantScope"];
    let by = by.iter().filter_map(|name| text(decision, name)).collect::<Vec<_>>().join(", ");
    let decision = match text(decision, "decision").unwrap_or_default() {
        "accept" => "allowed",
        "reject" => "denied",
        other => other,
    };
    steps.push(What::Approval { call, decision: clip(decision), by: (!by.is_empty()).then(|| clip(&by)) });
}

/// Text of a content: a text, or blocks of which some are texts.
pub(super) fn words(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => clip(text),
        Some(Value::Array(blocks)) => {
            let part = |block: &Value| match block.get("type").and_then(Value::as_str) {
                Some("text") => block.get("text").and_then(Value::as_str).map(str::to_owned),
                Some(other) => Some(format!("[{other}]")),
                None => None,
            };
            clip(&blocks.iter().filter_map(part).collect::<Vec<_>>().join("\n"))
        }
        Some(_) | None => String::new(),
    }
}
