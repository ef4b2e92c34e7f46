//! How our plugin and the hook program speak: one JSON object in, one JSON object out.
//!
//! A gate is always answered with a word, so that silence is never taken for consent.

use clawbutler_core::action::Action;
use clawbutler_core::{digest, limits};
use serde_json::{Map, Value, json};

use super::ID;
use crate::call::ToolCall;
use crate::env::Env;
use crate::hook::{Answer, BadInput, Event, HookInput, HookSide, Output, Strategy};
use crate::normalise;
use crate::words::{FACT_CHARS, cut, place, refusal, said};

/// The protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side;

impl HookSide for Side {
    fn runtime(&self) -> &'static str {
        ID
    }

    fn parse(&self, verb: &str, stdin: &[u8], _env: &Env) -> Result<HookInput, BadInput> {
        parse(verb, stdin)
    }

    fn render(&self, input: &HookInput, answer: Answer, reason: &str) -> Output {
        if input.event != Event::Gate {
            return Output::silent();
        }
        let (word, reason) = match answer {
            Answer::Allow => ("allow", said(reason, "Allowed by ClawButler.")),
            Answer::Deny => ("deny", refusal(reason, "Denied by ClawButler.")),
            Answer::Ask => ("ask", said(reason, "ClawButler wants a person to decide.")),
            Answer::Defer => ("defer", String::new()),
        };
        Output { stdout: json!({ "decision": word, "reason": reason }).to_string(), ..Output::silent() }
    }

    fn render_bad_input(&self, verb: &str, why: &str) -> Output {
        if verb == "observe" {
            return Output::silent();
        }
        Output { stdout: String::new(), stderr: format!("{}\n", cut(why, FACT_CHARS)), exit: 2 }
    }

    fn subagents_are_sessions(&self) -> bool {
        true
    }

    fn has_native_prompt(&self, input: &HookInput) -> bool {
        // The plugin looked: this release can be made to ask, its prompts are not skipped, and somebody sees them.
        input.event == Event::Gate && input.extra.get("native") == Some(&Value::Bool(true))
    }

    fn action(&self, call: &ToolCall) -> Action {
        normalise::action(call)
    }
}

fn parse(verb: &str, stdin: &[u8]) -> Result<HookInput, BadInput> {
    if !matches!(verb, "gate" | "observe") {
        return Err(BadInput::UnknownVerb(cut(verb, 40).to_owned()));
    }
    if stdin.len() > limits::HOOK_INPUT_BYTES {
        return Err(BadInput::TooBig(limits::HOOK_INPUT_BYTES));
    }
    let value: Value = serde_json::from_slice(stdin).map_err(|error| BadInput::NotJson(place(&error)))?;
    let Value::Object(mut payload) = value else { return Err(BadInput::NotAnObject) };
    let arguments = payload.remove("args").unwrap_or(Value::Null);
    let text = |name: &str| payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = cut(text("event").ok_or(BadInput::Missing("event"))?, 60).to_owned();
    let event = event(verb, &name, text("outcome"))
        .ok_or_else(|| BadInput::WrongEvent { verb: verb.to_owned(), event: name.clone() })?;
    let per_tool = matches!(event, Event::Gate | Event::Completed | Event::Failed);
    let session = text("session_id").ok_or(BadInput::Missing("session_id"))?;
    let tool = match text("tool_name") {
        Some(tool) if per_tool => tool,
        None if per_tool => return Err(BadInput::Missing("tool_name")),
        Some(_) | None => "",
    };
    if event == Event::Gate && !arguments.is_object() {
        return Err(BadInput::Missing("args"));
    }
    let call_id = text("tool_call_id");
    let idempotency_key = match event {
        // Calls from inside `execute_code`, and every call of old releases, have no id: a number used once stands in.
        Event::Gate => {
            let call = call_id.or_else(|| text("nonce")).ok_or(BadInput::Missing("nonce"))?;
            format!("{ID}:{session}:{call}:{}", digest::of(&(tool, &arguments)))
        }
        Event::Relay
        | Event::Completed
        | Event::Failed
        | Event::SessionStarted
        | Event::SessionEnded
        | Event::TurnEnded
        | Event::ConfigChanged
        | Event::Subagent => format!("{ID}:{session}:{name}:{}", digest::sha256(stdin)),
    };
    let agent_id = text("agent").or_else(|| text("task_id").filter(|task| task.starts_with("sa-")));
    let flag = |name: &str| payload.get(name).and_then(Value::as_bool);
    Ok(HookInput {
        runtime: ID,
        event,
        idempotency_key,
        session: session.to_owned(),
        tool: tool.to_owned(),
        cwd: text("cwd").unwrap_or_default().to_owned(),
        mode: text("mode").unwrap_or_default().to_owned(),
        call_id: call_id.map(str::to_owned),
        agent_id: agent_id.map(str::to_owned),
        agent_name: text("agent_name").map(|name| cut(name, FACT_CHARS).to_owned()),
        extra: extra(&payload),
        // Its own prompt cannot be answered from outside while it stands, so a question is held here.
        strategy: Strategy::Hold,
        home: text("home").unwrap_or_default().to_owned(),
        client_pid: payload.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok()),
        entrypoint: text("platform").map(|word| cut(word, 60).to_owned()),
        attended: flag("attended"),
        background: flag("background") == Some(true),
        arguments: if per_tool { arguments } else { Value::Null },
    })
}

fn event(verb: &str, name: &str, outcome: Option<&str>) -> Option<Event> {
    Some(match (verb, name) {
        ("gate", "pre_tool_call") => Event::Gate,
        ("observe", "post_tool_call") if matches!(outcome, Some("error" | "blocked")) => Event::Failed,
        ("observe", "post_tool_call") => Event::Completed,
        ("observe", "on_session_start") => Event::SessionStarted,
        ("observe", "on_session_finalize") => Event::SessionEnded,
        ("observe", "on_session_end") => Event::TurnEnded,
        ("observe", "subagent_start" | "subagent_stop") => Event::Subagent,
        _ => return None,
    })
}

/// Small facts, in the plugin's words.
fn extra(payload: &Map<String, Value>) -> Value {
    let mut facts = Map::new();
    for key in ["outcome", "error_type", "turn_id", "model", "hermes", "parent_session", "platform"] {
        if let Some(text) = payload.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) {
            facts.insert(key.to_owned(), cut(text, FACT_CHARS).into());
        }
    }
    if payload.get("event").is_some_and(|name| name == "subagent_start") {
        facts.insert("outcome".to_owned(), "started".into());
    }
    if let Some(ms) = payload.get("duration_ms").and_then(Value::as_u64) {
        facts.insert("duration_ms".to_owned(), ms.into());
    }
    if let Some(native) = payload.get("native").and_then(Value::as_bool) {
        facts.insert("native".to_owned(), native.into());
    }
    if facts.is_empty() { Value::Null } else { Value::Object(facts) }
}
