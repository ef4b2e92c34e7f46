//! How our plugin in OpenClaw speaks with the hook program: one JSON object in, one decision out.
//!
//! The plugin blocks on anything but a complete decision with exit code 0, so an answer is always said in
//! full, also “no opinion”. Must never read more of the environment than the home it was called for.

use clawbutler_core::action::Action;
use clawbutler_core::{digest, limits};
use serde_json::{Map, Value, json};

use super::{ID, paths};
use crate::call::ToolCall;
use crate::env::Env;
use crate::hook::{Answer, BadInput, Event, HookInput, HookSide, Output, Strategy};
use crate::normalise;
use crate::words::{self, FACT_CHARS, cut, refusal};

/// Longest error text kept (characters).
const ERROR_CHARS: usize = 2_000;

/// The protocol between our plugin and the hook program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side;

impl HookSide for Side {
    fn runtime(&self) -> &'static str {
        ID
    }

    fn parse(&self, verb: &str, stdin: &[u8], env: &Env) -> Result<HookInput, BadInput> {
        parse(verb, stdin, env)
    }

    fn render(&self, _input: &HookInput, answer: Answer, reason: &str) -> Output {
        match answer {
            Answer::Allow => said("allow", &words::said(reason, "")),
            Answer::Defer => said("defer", &words::said(reason, "")),
            Answer::Deny => said("deny", &refusal(reason, "Denied by ClawButler.")),
            // Nobody can be asked from inside a hook in every kind of run, so a question is a no.
            Answer::Ask => said("deny", &refusal(reason, "ClawButler wants a person to decide this.")),
        }
    }

    fn render_bad_input(&self, verb: &str, why: &str) -> Output {
        if verb == "observe" {
            return said("defer", "");
        }
        let stderr =
            format!("ClawButler could not read this tool call and therefore refuses it: {}\n", cut(why, FACT_CHARS));
        Output { stdout: String::new(), stderr, exit: 2 }
    }

    /// A plugin can ask in turns with a person at them only; in jobs and in the command line its question is
    /// a refusal. The hook cannot tell which one it is in, so it never counts on it.
    fn subagents_are_sessions(&self) -> bool {
        true
    }

    fn has_native_prompt(&self, _input: &HookInput) -> bool {
        false
    }

    fn action(&self, call: &ToolCall) -> Action {
        normalise::action(call)
    }
}

fn said(decision: &str, reason: &str) -> Output {
    let value = if reason.is_empty() {
        json!({ "decision": decision })
    } else {
        json!({ "decision": decision, "reason": reason })
    };
    Output { stdout: value.to_string(), ..Output::silent() }
}

fn event_of(verb: &str, payload: &Map<String, Value>) -> Result<Event, BadInput> {
    let name = payload.get("event").and_then(Value::as_str).ok_or(BadInput::Missing("event"))?;
    Ok(match (verb, name) {
        ("gate", "before_tool_call") => Event::Gate,
        ("observe", "after_tool_call") if payload.get("error").is_some_and(Value::is_string) => Event::Failed,
        ("observe", "after_tool_call") => Event::Completed,
        ("observe", "session_start") => Event::SessionStarted,
        ("observe", "session_end") => Event::SessionEnded,
        ("observe", "subagent_spawned" | "subagent_ended") => Event::Subagent,
        _ => return Err(BadInput::WrongEvent { verb: verb.to_owned(), event: cut(name, 60).to_owned() }),
    })
}

fn parse(verb: &str, stdin: &[u8], env: &Env) -> Result<HookInput, BadInput> {
    if !matches!(verb, "gate" | "observe") {
        return Err(BadInput::UnknownVerb(cut(verb, 40).to_owned()));
    }
    if stdin.len() > limits::HOOK_INPUT_BYTES {
        return Err(BadInput::TooBig(limits::HOOK_INPUT_BYTES));
    }
    let value: Value = serde_json::from_slice(stdin).map_err(|error| {
        // Where it breaks, never what stands there: the payload may hold secrets.
        BadInput::NotJson(format!("it breaks at line {} column {}", error.line(), error.column()))
    })?;
    let Value::Object(mut payload) = value else { return Err(BadInput::NotAnObject) };
    let event = event_of(verb, &payload)?;
    let per_tool = matches!(event, Event::Gate | Event::Completed | Event::Failed);
    let arguments = match payload.remove("params") {
        Some(arguments) if per_tool => arguments,
        None if event == Event::Gate => return Err(BadInput::Missing("params")),
        Some(_) | None => Value::Null,
    };
    let text = |name: &str| payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let key = text("sessionKey");
    let session = text("sessionId").or(key).ok_or(BadInput::Missing("sessionId"))?.to_owned();
    let tool = match (per_tool, text("toolName")) {
        (false, _) => String::new(),
        (true, None) => return Err(BadInput::Missing("toolName")),
        (true, Some(name)) => tool_of(name, text("toolKind")),
    };
    let call_id = text("toolCallId").map(str::to_owned);
    let idempotency_key = if event == Event::Gate {
        let run = text("runId").unwrap_or_default();
        let call = call_id.as_deref().unwrap_or_default();
        format!("{ID}:{session}:{run}:{call}:{}", digest::of(&(&tool, &arguments)))
    } else {
        format!("{ID}:{session}:{verb}:{}", digest::sha256(stdin))
    };
    let (agent_id, background) = key.map_or((None, false), told_by_key);
    let home = text("home").map_or_else(|| paths::home(env).to_string_lossy().into_owned(), str::to_owned);
    Ok(HookInput {
        runtime: ID,
        event,
        idempotency_key,
        session,
        tool,
        arguments,
        cwd: text("cwd").unwrap_or_default().to_owned(),
        mode: text("mode").map(|mode| cut(mode, FACT_CHARS).to_owned()).unwrap_or_default(),
        call_id,
        agent_id,
        agent_name: None,
        extra: extra(event, &payload),
        strategy: Strategy::Hold,
        home,
        client_pid: payload.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok()),
        entrypoint: text("surface").map(|word| cut(word, 60).to_owned()),
        attended: None,
        background,
    })
}

/// In code mode the tool `exec` takes a program, not a command: by this name it is what it is, unknown.
fn tool_of(name: &str, kind: Option<&str>) -> String {
    match kind {
        Some(kind) if kind != name => cut(kind, FACT_CHARS).to_owned(),
        _ => name.to_owned(),
    }
}

/// The call that one was made through, by its id: behind the client's own tool for tools a call is named
/// `tool_search_code:<that call>:<tool>:<number>` (2026.9.6).
fn outer(call: &str) -> Option<&str> {
    let (outer, tool_and_number) = call.strip_prefix("tool_search_code:")?.split_once(':')?;
    (!outer.is_empty() && tool_and_number.contains(':')).then_some(outer)
}

/// The sub-agent in a session's key (`agent:main:subagent:<id>`), and whether it is a job nobody watches.
fn told_by_key(key: &str) -> (Option<String>, bool) {
    let subagent = key.rsplit_once(":subagent:").map(|(_, id)| cut(id, FACT_CHARS).to_owned());
    let job = key.split(':').any(|part| matches!(part, "cron" | "heartbeat" | "hook"));
    (subagent, job)
}

/// Small facts, in the runtime's words.
fn extra(event: Event, payload: &Map<String, Value>) -> Value {
    let mut facts = Map::new();
    let outcome = match event {
        Event::Completed => Some("completed"),
        Event::Failed => Some("failed"),
        Event::Subagent if payload.get("event").is_some_and(|name| name == "subagent_spawned") => Some("started"),
        Event::Subagent => Some("ended"),
        Event::Gate
        | Event::Relay
        | Event::SessionStarted
        | Event::SessionEnded
        | Event::TurnEnded
        | Event::ConfigChanged => None,
    };
    if let Some(outcome) = outcome {
        facts.insert("outcome".to_owned(), outcome.into());
    }
    let same = [
        "agentId", "sessionKey", "runId", "channel", "version", "child", "label", "result", "reason", "resumedFrom",
        "toolInputKind",
    ];
    for name in same {
        if let Some(text) = payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()) {
            facts.insert(name.to_owned(), cut(text, FACT_CHARS).into());
        }
    }
    if let Some(outer) = payload.get("toolCallId").and_then(Value::as_str).and_then(outer) {
        facts.insert("within".to_owned(), cut(outer, FACT_CHARS).into());
    }
    if let Some(text) = payload.get("error").and_then(Value::as_str) {
        facts.insert("error".to_owned(), cut(text, ERROR_CHARS).into());
    }
    if let Some(ms) = payload.get("durationMs").and_then(Value::as_u64) {
        facts.insert("duration_ms".to_owned(), ms.into());
    }
    // A command that ends with another code than 0 is no failed call for the client.
    if let Some(code) = payload.get("exitCode").and_then(Value::as_i64) {
        facts.insert("exit_code".to_owned(), code.into());
    }
    if let Some(owner) = payload.get("owner").and_then(Value::as_bool) {
        facts.insert("owner".to_owned(), owner.into());
    }
    if facts.is_empty() { Value::Null } else { Value::Object(facts) }
}
