//! How Codex's hooks speak: one JSON object in, one JSON object (or nothing) out.
//!
//! Codex runs the tool after anything but a well-formed refusal (0.169, 25 ways tried): a question (`ask`), a
//! bare `allow` and half an answer all let it run. So a gate refuses or is silent, and a question is held here.

use clawbutler_core::action::Action;
use clawbutler_core::{digest, limits};
use serde_json::{Map, Value, json};

use super::{ID, paths, workdir};
use crate::call::ToolCall;
use crate::env::Env;
use crate::hook::{Answer, BadInput, Event, HookInput, HookSide, Output, Strategy};
use crate::normalise;
use crate::words::{FACT_CHARS, cut, place, refusal};

/// Variable by which the guard's command line names the client's process.
pub(super) const PID_VARIABLE: &str = "CLAWBUTLER_CLIENT_PID";

/// The mode in which Codex never asks: what it would have asked about it refuses.
const NEVER_ASKS: &str = "bypassPermissions";

/// Codex's hook protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side;

impl HookSide for Side {
    fn runtime(&self) -> &'static str {
        ID
    }

    fn parse(&self, verb: &str, stdin: &[u8], env: &Env) -> Result<HookInput, BadInput> {
        parse(verb, stdin, env)
    }

    fn render(&self, input: &HookInput, answer: Answer, reason: &str) -> Output {
        let said = match (input.event, answer) {
            (Event::Gate, Answer::Deny) => Some(no(&refusal(reason, "Denied by ClawButler."))),
            // Codex would run what it is told to ask about.
            (Event::Gate, Answer::Ask) => Some(no(&refusal(reason, "A person has to decide this, and nobody did."))),
            (Event::Relay, Answer::Allow) => Some(relay(&json!({ "behavior": "allow" }))),
            (Event::Relay, Answer::Deny) => {
                let message = refusal(reason, "Denied by ClawButler.");
                Some(relay(&json!({ "behavior": "deny", "message": message })))
            }
            // Said by silence: the call goes on to the client's own rules and prompt.
            (Event::Gate, Answer::Allow | Answer::Defer) | (Event::Relay, Answer::Ask | Answer::Defer) => None,
            (
                Event::Completed
                | Event::Failed
                | Event::SessionStarted
                | Event::SessionEnded
                | Event::TurnEnded
                | Event::ConfigChanged
                | Event::Subagent,
                _,
            ) => None,
        };
        Output { stdout: said.map(|value| value.to_string()).unwrap_or_default(), ..Output::silent() }
    }

    fn render_bad_input(&self, verb: &str, why: &str) -> Output {
        match verb {
            "permission" | "observe" => Output::silent(),
            // Exit code 2 blocks with words on standard error, and only with them.
            _ => Output {
                stdout: String::new(),
                stderr: format!(
                    "ClawButler could not read this tool call and therefore refuses it: {}\n",
                    cut(why, FACT_CHARS)
                ),
                exit: 2,
            },
        }
    }

    fn has_native_prompt(&self, input: &HookInput) -> bool {
        // Before a call nothing makes Codex ask; its prompt comes when it wants leave itself.
        input.event == Event::Relay && input.mode != NEVER_ASKS
    }

    fn action(&self, call: &ToolCall) -> Action {
        normalise::action(call)
    }
}

fn no(reason: &str) -> Value {
    json!({ "hookSpecificOutput": {
        "hookEventName": "PreToolUse",
        "permissionDecision": "deny",
        "permissionDecisionReason": reason,
    }})
}

fn relay(decision: &Value) -> Value {
    json!({ "hookSpecificOutput": { "hookEventName": "PermissionRequest", "decision": decision } })
}

fn parse(verb: &str, stdin: &[u8], env: &Env) -> Result<HookInput, BadInput> {
    if !matches!(verb, "gate" | "permission" | "observe") {
        return Err(BadInput::UnknownVerb(cut(verb, 40).to_owned()));
    }
    if stdin.len() > limits::HOOK_INPUT_BYTES {
        return Err(BadInput::TooBig(limits::HOOK_INPUT_BYTES));
    }
    let value: Value = serde_json::from_slice(stdin).map_err(|error| BadInput::NotJson(place(&error)))?;
    let Value::Object(mut payload) = value else { return Err(BadInput::NotAnObject) };
    let name = payload.get("hook_event_name").and_then(Value::as_str).ok_or(BadInput::Missing("hook_event_name"))?;
    let name = cut(name, 60).to_owned();
    let event =
        event(verb, &name).ok_or_else(|| BadInput::WrongEvent { verb: verb.to_owned(), event: name.clone() })?;
    let decides = matches!(event, Event::Gate | Event::Relay);
    let per_tool = decides || event == Event::Completed;
    let extra = extra(event, &payload);
    let mut arguments = match payload.remove("tool_input") {
        Some(arguments) if per_tool => arguments,
        None if decides => return Err(BadInput::Missing("tool_input")),
        Some(_) | None => Value::Null,
    };
    let text = |name: &str| payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let session = text("session_id").ok_or(BadInput::Missing("session_id"))?;
    let tool = match text("tool_name") {
        Some(tool) if per_tool => tool,
        None if per_tool => return Err(BadInput::Missing("tool_name")),
        Some(_) | None => "",
    };
    let home = paths::home(env);
    let call_id = text("tool_use_id");
    if tool == "Bash" {
        let known =
            text("transcript_path").is_some_and(|record| workdir::complete(&home, record, call_id, &mut arguments));
        // Codex asks when a command wants to leave the sandbox; where nothing says so, it is taken for that.
        if let (Event::Relay, false, Some(arguments)) = (event, known, arguments.as_object_mut()) {
            arguments.entry("sandbox_permissions").or_insert_with(|| "require_escalated".into());
        }
    }
    if tool == "apply_patch" {
        same_end(&mut arguments);
    }
    let agent_id = text("agent_id");
    let key = |parts: &str| format!("{ID}:{session}:{parts}:{}", digest::of(&(tool, &arguments)));
    let idempotency_key = match event {
        Event::Gate => key(call_id.unwrap_or_default()),
        Event::Relay => {
            let (turn, agent) = (text("turn_id").unwrap_or_default(), agent_id.unwrap_or_default());
            key(&format!("{turn}:{agent}"))
        }
        Event::Completed
        | Event::Failed
        | Event::SessionStarted
        | Event::SessionEnded
        | Event::TurnEnded
        | Event::ConfigChanged
        | Event::Subagent => format!("{ID}:{session}:{name}:{}", digest::sha256(stdin)),
    };
    Ok(HookInput {
        runtime: ID,
        event,
        idempotency_key,
        session: session.to_owned(),
        tool: tool.to_owned(),
        cwd: text("cwd").unwrap_or_default().to_owned(),
        mode: text("permission_mode").unwrap_or_default().to_owned(),
        call_id: call_id.map(str::to_owned),
        agent_id: agent_id.map(str::to_owned),
        agent_name: text("agent_type").map(|name| cut(name, FACT_CHARS).to_owned()),
        extra,
        strategy: Strategy::Hold,
        home: home.to_string_lossy().into_owned(),
        client_pid: env.var(PID_VARIABLE).and_then(|pid| pid.parse().ok()),
        entrypoint: None,
        attended: None,
        background: false,
        arguments,
    })
}

/// The question for leave leaves out the line end that the call itself has.
fn same_end(arguments: &mut Value) {
    if let Some(Value::String(patch)) = arguments.get_mut("command") {
        patch.truncate(patch.trim_end_matches('\n').len());
    }
}

fn event(verb: &str, name: &str) -> Option<Event> {
    Some(match (verb, name) {
        ("gate", "PreToolUse") => Event::Gate,
        ("permission", "PermissionRequest") => Event::Relay,
        ("observe", "PostToolUse") => Event::Completed,
        ("observe", "SessionStart") => Event::SessionStarted,
        ("observe", "SessionEnd") => Event::SessionEnded,
        ("observe", "Stop") => Event::TurnEnded,
        ("observe", "SubagentStart" | "SubagentStop") => Event::Subagent,
        _ => return None,
    })
}

/// Small facts, in the client's words.
fn extra(event: Event, payload: &Map<String, Value>) -> Value {
    let mut facts = Map::new();
    let name = payload.get("hook_event_name").and_then(Value::as_str).unwrap_or_default();
    let outcome = match (event, name) {
        (Event::Completed, _) => Some("completed"),
        (Event::Subagent, "SubagentStart") => Some("started"),
        (Event::Subagent | Event::TurnEnded, _) => Some("ended"),
        (
            Event::Gate
            | Event::Relay
            | Event::Failed
            | Event::SessionStarted
            | Event::SessionEnded
            | Event::ConfigChanged,
            _,
        ) => None,
    };
    if let Some(outcome) = outcome {
        facts.insert("outcome".to_owned(), outcome.into());
    }
    let only_at_start = if event == Event::SessionStarted { Some("transcript_path") } else { None };
    for key in ["turn_id", "source", "reason", "model"].into_iter().chain(only_at_start) {
        if let Some(text) = payload.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) {
            facts.insert(key.to_owned(), cut(text, FACT_CHARS).into());
        }
    }
    if facts.is_empty() { Value::Null } else { Value::Object(facts) }
}
