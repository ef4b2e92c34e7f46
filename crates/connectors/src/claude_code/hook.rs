//! How Claude Code's hooks speak: one JSON object in, one JSON object (or nothing) out.
//!
//! Must never print partial JSON with exit code 0 (the client takes it for "no decision"), and must never
//! read more of the environment than the facts named here.

use clawbutler_core::action::Action;
use clawbutler_core::{digest, limits};
use serde_json::{Map, Value, json};

use super::{ID, paths};
use crate::call::ToolCall;
use crate::env::Env;
use crate::hook::{Answer, BadInput, Event, HookInput, HookSide, Output, Strategy};
use crate::normalise;
use crate::words::{FACT_CHARS, cut, place, refusal, said};

/// Longest error text kept (bytes).
const ERROR_BYTES: usize = 2048;

/// Claude Code's hook protocol.
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
        let said = match input.event {
            Event::Gate => gate(answer, reason),
            Event::Relay => relay(answer, reason),
            Event::ConfigChanged => config(answer, reason),
            Event::Completed
            | Event::Failed
            | Event::SessionStarted
            | Event::SessionEnded
            | Event::TurnEnded
            | Event::Subagent => None,
        };
        Output { stdout: said.map(|value| value.to_string()).unwrap_or_default(), ..Output::silent() }
    }

    fn render_bad_input(&self, verb: &str, why: &str) -> Output {
        match verb {
            "permission" | "observe" | "config" => Output::silent(),
            // Exit code 2 blocks the call on every version and its standard error is the reason.
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
        input.strategy == Strategy::Handover
    }

    fn action(&self, call: &ToolCall) -> Action {
        normalise::action(call)
    }
}

fn gate(answer: Answer, reason: &str) -> Option<Value> {
    let (decision, reason) = match answer {
        Answer::Allow => ("allow", said(reason, "Allowed by ClawButler.")),
        Answer::Deny => ("deny", refusal(reason, "Denied by ClawButler.")),
        Answer::Ask => ("ask", said(reason, "ClawButler wants a person to decide.")),
        Answer::Defer => return None,
    };
    Some(json!({"hookSpecificOutput": {
        "hookEventName": "PreToolUse",
        "permissionDecision": decision,
        "permissionDecisionReason": reason,
    }}))
}

fn relay(answer: Answer, reason: &str) -> Option<Value> {
    let decision = match answer {
        Answer::Allow => json!({"behavior": "allow"}),
        Answer::Deny => json!({"behavior": "deny", "message": refusal(reason, "Denied by ClawButler.")}),
        Answer::Ask | Answer::Defer => return None,
    };
    Some(json!({"hookSpecificOutput": {"decision": decision, "hookEventName": "PermissionRequest"}}))
}

fn config(answer: Answer, reason: &str) -> Option<Value> {
    match answer {
        Answer::Deny => {
            let reason = said(reason, "The change would take ClawButler's guard out of this session.");
            Some(json!({"decision": "block", "reason": reason}))
        }
        Answer::Allow | Answer::Ask | Answer::Defer => None,
    }
}

/// At most so many bytes of a text.
fn cut_bytes(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

fn parse(verb: &str, stdin: &[u8], env: &Env) -> Result<HookInput, BadInput> {
    if !matches!(verb, "gate" | "permission" | "observe" | "config") {
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
    let per_tool = matches!(event, Event::Gate | Event::Relay | Event::Completed | Event::Failed);
    let decides = matches!(event, Event::Gate | Event::Relay);
    let extra = extra(event, &payload);
    let arguments = match payload.remove("tool_input") {
        Some(arguments) if per_tool => arguments,
        None if decides => return Err(BadInput::Missing("tool_input")),
        Some(_) | None => Value::Null,
    };
    let text = |name: &str| payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let session =
        text("session_id").or_else(|| env.var("CLAUDE_CODE_SESSION_ID")).ok_or(BadInput::Missing("session_id"))?;
    let tool = match text("tool_name") {
        Some(tool) if per_tool => tool,
        None if per_tool => return Err(BadInput::Missing("tool_name")),
        Some(_) | None => "",
    };
    let call_id = text("tool_use_id");
    let agent_id = text("agent_id");
    let idempotency_key = match event {
        Event::Gate => format!("{ID}:{session}:{}:{}", call_id.unwrap_or_default(), digest::of(&(tool, &arguments))),
        Event::Relay => {
            let (prompt, agent) = (text("prompt_id").unwrap_or_default(), agent_id.unwrap_or_default());
            format!("{ID}:{session}:{prompt}:{agent}:{}", digest::of(&(tool, &arguments)))
        }
        Event::Completed
        | Event::Failed
        | Event::SessionStarted
        | Event::SessionEnded
        | Event::TurnEnded
        | Event::ConfigChanged
        | Event::Subagent => format!("{ID}:{session}:{name}:{}", digest::sha256(stdin)),
    };
    let attended = env.var("CLAUDE_CODE_SESSION_ATTENDED").map(|word| word == "1");
    let background = env.var("CLAUDE_JOB_DIR").is_some();
    let entrypoint = env.var("CLAUDE_CODE_ENTRYPOINT").map(|word| cut(word, 60).to_owned());
    Ok(HookInput {
        runtime: ID,
        event,
        idempotency_key,
        session: session.to_owned(),
        tool: tool.to_owned(),
        arguments,
        cwd: text("cwd").unwrap_or_default().to_owned(),
        mode: text("permission_mode").unwrap_or_default().to_owned(),
        call_id: call_id.map(str::to_owned),
        agent_id: agent_id.map(str::to_owned),
        agent_name: text("agent_type").map(str::to_owned),
        extra,
        strategy: strategy(attended, background, entrypoint.as_deref()),
        home: paths::home(env).to_string_lossy().into_owned(),
        client_pid: env.var("CLAUDE_PID").and_then(|pid| pid.parse().ok()),
        entrypoint,
        attended,
        background,
    })
}

/// A terminal and a background job can prompt. `-p` cannot, not even one that a background job started and
/// that inherited its variables; of anything unknown we assume that it cannot. Clients before about 2.1.300
/// do not say whether somebody attends; their terminals call themselves `cli`.
fn strategy(attended: Option<bool>, background: bool, entrypoint: Option<&str>) -> Strategy {
    let terminal = attended.unwrap_or(entrypoint == Some("cli"));
    if terminal || (background && entrypoint != Some("sdk-cli")) { Strategy::Handover } else { Strategy::Hold }
}

fn event(verb: &str, name: &str) -> Option<Event> {
    Some(match (verb, name) {
        ("gate", "PreToolUse") => Event::Gate,
        ("permission", "PermissionRequest") => Event::Relay,
        ("config", "ConfigChange") => Event::ConfigChanged,
        ("observe", "PostToolUse") => Event::Completed,
        ("observe", "PostToolUseFailure" | "PermissionDenied") => Event::Failed,
        ("observe", "SessionStart") => Event::SessionStarted,
        ("observe", "SessionEnd") => Event::SessionEnded,
        ("observe", "Stop" | "StopFailure") => Event::TurnEnded,
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
        (Event::Failed, "PermissionDenied") => Some("denied by the client"),
        (Event::Failed, _) | (Event::TurnEnded, "StopFailure") => Some("failed"),
        (Event::Subagent, "SubagentStart") => Some("started"),
        (Event::Subagent | Event::TurnEnded, _) => Some("ended"),
        (Event::Gate | Event::Relay | Event::SessionStarted | Event::SessionEnded | Event::ConfigChanged, _) => None,
    };
    if let Some(outcome) = outcome {
        facts.insert("outcome".to_owned(), outcome.into());
    }
    let only_at_start = if event == Event::SessionStarted { Some("transcript_path") } else { None };
    for key in ["prompt_id", "source", "reason", "file_path", "model"].into_iter().chain(only_at_start) {
        if let Some(text) = payload.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) {
            facts.insert(key.to_owned(), cut(text, FACT_CHARS).into());
        }
    }
    if let Some(error) = payload.get("error").and_then(Value::as_str) {
        facts.insert("error".to_owned(), cut_bytes(error, ERROR_BYTES).into());
    }
    if let Some(ms) = payload.get("duration_ms").and_then(Value::as_u64) {
        facts.insert("duration_ms".to_owned(), ms.into());
    }
    if let Some(interrupted) = payload.get("is_interrupt").and_then(Value::as_bool) {
        facts.insert("is_interrupt".to_owned(), interrupted.into());
    }
    if let Some(server) = payload.get("mcp_server").and_then(Value::as_object) {
        let pick = |key: &str| server.get(key).and_then(Value::as_str).map(|text| cut(text, FACT_CHARS));
        facts.insert("mcp_server".to_owned(), json!({"name": pick("name"), "source": pick("source")}));
    }
    if facts.is_empty() { Value::Null } else { Value::Object(facts) }
}
