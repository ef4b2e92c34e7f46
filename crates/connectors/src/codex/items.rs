//! The parts of a record's line: calls, their outputs, things that happened, tokens, limits.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::timeline::{Outcome, Usage, What, clip, clip_value, window_name};
use serde_json::{Value, json};

/// What is said of text typed into a running terminal.
const TYPED: &str = "Text is typed into a terminal that already runs (`write_stdin`); no hook sees that.";
/// Where nothing is typed.
const WAITED: &str = "A terminal that already runs is read (`write_stdin` without text); no hook sees that.";
/// What is said of every program of code mode. What such a program calls is not to be told from its text.
const PROGRAM: &str = "no hook sees it. The commands, patches and MCP calls that it makes go through the hooks one by \
                       one. What it types into a terminal that already runs (`write_stdin`) does not, and the record \
                       does not show it.";

/// Sub-agents of one call.
const AGENTS: usize = 100;

/// The text at a name; absent when empty.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// All text parts of a content list, or a plain text.
pub(super) fn content(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let parts: Vec<&str> =
                parts.iter().filter_map(|part| text(part, "text").or_else(|| part.as_str())).collect();
            parts.join("\n")
        }
        _ => String::new(),
    }
}

/// A call of a tool, with what is to be said about it.
pub(super) fn call(payload: &Value) -> Vec<What> {
    let name = text(payload, "name").unwrap_or_default();
    // `mcp__server` or `clock` stands before the tool's own name, as code mode spells both.
    let tool = match text(payload, "namespace") {
        Some(space) => format!("{}__{name}", space.trim_end_matches('_')),
        None => name.to_owned(),
    };
    let mut input = match (text(payload, "arguments"), payload.get("input")) {
        (Some(arguments), _) => serde_json::from_str(arguments).unwrap_or_else(|_| arguments.into()),
        (None, Some(input)) => input.clone(),
        (None, None) => payload.get("action").cloned().unwrap_or(Value::Null),
    };
    let unseen = unseen(&tool, &input);
    clip_value(&mut input);
    let call = text(payload, "call_id").or_else(|| text(payload, "id")).map(str::to_owned);
    let tool = if tool.is_empty() { "local_shell".to_owned() } else { clip(&tool) };
    let mut all = vec![What::ToolCall { call, tool, input }];
    all.extend(unseen.map(|text| What::Note { text }));
    all
}

/// What the guard could not see of a call, because no hook does.
fn unseen(tool: &str, input: &Value) -> Option<String> {
    match tool {
        // Only an empty text types nothing for sure.
        "write_stdin" => match input.get("chars") {
            Some(Value::String(chars)) if chars.is_empty() => Some(WAITED.to_owned()),
            None if input.is_object() => Some(WAITED.to_owned()),
            Some(_) | None => Some(TYPED.to_owned()),
        },
        "exec" => {
            let code = input.as_str().map_or_else(|| input.to_string(), str::to_owned);
            let named = if code.contains("write_stdin") { " that names `write_stdin`" } else { "" };
            Some(format!("A program of code mode{named}; {PROGRAM}"))
        }
        _ => None,
    }
}

/// A search that the model's provider ran: the call and its end in one.
pub(super) fn search(payload: &Value) -> Vec<What> {
    let call = text(payload, "id").map(str::to_owned);
    let mut input = payload.get("action").cloned().unwrap_or(Value::Null);
    clip_value(&mut input);
    let outcome = status(text(payload, "status"), None);
    vec![
        What::ToolCall { call: call.clone(), tool: "web_search".to_owned(), input },
        What::ToolResult { call, outcome, text: String::new() },
        What::Note { text: "The model's provider searched the web; no hook sees that.".to_owned() },
    ]
}

/// What the model was told about a call, and how it ended. `known` is what the client noted beside it.
pub(super) fn output(payload: &Value, known: Option<Outcome>) -> Vec<What> {
    let output = payload.get("output");
    let (mut told, mut exit) = match output {
        Some(Value::Object(fields)) => {
            let failed = fields.get("success") == Some(&Value::Bool(false));
            (content(fields.get("content")), failed.then_some(Outcome::Failed))
        }
        other => (content(other), None),
    };
    // Before 0.130 a custom tool's output is an object in a text.
    if let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(&told)
        && let (Some(inner), Some(metadata)) = (fields.get("output").and_then(Value::as_str), fields.get("metadata"))
    {
        exit = metadata.get("exit_code").and_then(Value::as_i64).map(ended);
        inner.clone_into(&mut told);
    }
    let call = text(payload, "call_id").map(str::to_owned);
    let said = said(&told);
    let outcome = match (said, exit, known) {
        (Some((outcome @ (Outcome::Refused | Outcome::Interrupted), _)), ..) => outcome,
        (_, Some(outcome), _) | (_, None, Some(outcome)) | (Some((outcome, _)), None, None) => outcome,
        (None, None, None) => Outcome::Unknown,
    };
    let mut all = Vec::new();
    if outcome == Outcome::Refused {
        let by = said.and_then(|(_, by)| by).map(str::to_owned);
        all.push(What::Approval { call: call.clone(), decision: "denied".to_owned(), by });
    }
    all.push(What::ToolResult { call, outcome, text: clip(&told) });
    all
}

fn ended(code: i64) -> Outcome {
    if code == 0 { Outcome::Ok } else { Outcome::Failed }
}

/// How a call ended by the words of its output, and who refused it.
fn said(told: &str) -> Option<(Outcome, Option<&'static str>)> {
    let head = &told[..told.floor_char_boundary(600)];
    // Code mode says first that its program failed, then why; the program's own output comes later.
    let (first, why) = match head.strip_prefix("Script failed") {
        Some(rest) => ("Script failed", rest.split_once("Script error:").map_or("", |(_, why)| why.trim_start())),
        None => (head, head),
    };
    let after = |text: &str, marks: &[&str]| marks.iter().any(|mark| text.starts_with(mark));
    if after(why, &["Command blocked by PreToolUse hook", "Tool call blocked by PreToolUse hook"]) {
        return Some((Outcome::Refused, Some("a hook")));
    }
    let failed = why.split_once(" failed").map(|(_, rest)| rest).filter(|_| why.len() < 600 || first != head);
    if failed.is_some_and(|rest| rest.contains("Rejected(")) || after(why, &["exec command rejected", "patch rejected"])
    {
        let user = why.contains("rejected by user");
        return Some((Outcome::Refused, user.then_some("the user")));
    }
    if after(head, &["aborted by user", "aborted"]) {
        return Some((Outcome::Interrupted, None));
    }
    if first == "Script failed" {
        return Some((Outcome::Failed, None));
    }
    let program = head.split_once(" failed: ").is_some_and(|(tool, _)| !tool.is_empty() && !tool.contains(' '));
    if program || head.starts_with("unsupported call") {
        return Some((Outcome::Failed, None));
    }
    if head.starts_with("Script completed") {
        return Some((Outcome::Ok, None));
    }
    let code = ["Process exited with code ", "Exit code: "].iter().find_map(|mark| {
        let line = head.lines().take(6).find_map(|line| line.strip_prefix(mark))?;
        line.trim().parse::<i64>().ok()
    });
    code.map(|code| (ended(code), None))
}

/// What the client noted about a call that ended.
fn status(word: Option<&str>, exit: Option<i64>) -> Outcome {
    match (word, exit) {
        (Some("declined" | "rejected" | "denied"), _) => Outcome::Refused,
        (Some("interrupted" | "cancelled" | "aborted"), _) => Outcome::Interrupted,
        (Some("failed" | "error"), _) => Outcome::Failed,
        (Some("completed" | "success"), None) => Outcome::Ok,
        (_, Some(code)) => ended(code),
        (_, None) => Outcome::Unknown,
    }
}

/// Whether code mode started it: such a call has no record of its own besides what happened.
pub(super) fn is_nested(id: &str) -> bool {
    id.starts_with("exec-")
}

/// How a thing that happened ended.
pub(super) fn outcome(item: &Value) -> Outcome {
    status(text(item, "status"), item.get("exit_code").and_then(Value::as_i64))
}

/// A command, a patch or an MCP call from inside a code mode program: the call and its end.
pub(super) fn happened(kind: &str, item: &Value) -> Vec<What> {
    let call = text(item, "id").map(str::to_owned);
    let (tool, mut input, told) = match kind {
        "CommandExecution" => {
            let words = item.get("command").cloned().unwrap_or(Value::Null);
            let folder = text(item, "cwd").map(|cwd| cwd.strip_prefix("file://").unwrap_or(cwd));
            let told = text(item, "aggregated_output").unwrap_or_default().to_owned();
            ("exec_command".to_owned(), json!({ "command": words, "workdir": folder }), told)
        }
        "FileChange" => {
            let told =
                [text(item, "stdout"), text(item, "stderr")].into_iter().flatten().collect::<Vec<_>>().join("\n");
            ("apply_patch".to_owned(), json!({ "changes": item.get("changes") }), told)
        }
        _ => {
            let part = |name: &str| text(item, name).unwrap_or_default();
            let told = match (item.get("result"), item.get("error")) {
                (_, Some(error)) if !error.is_null() => {
                    text(error, "message").map_or_else(|| error.to_string(), str::to_owned)
                }
                (Some(result), _) => content(result.get("content")),
                (None, _) => String::new(),
            };
            let input = item.get("arguments").cloned().unwrap_or(Value::Null);
            (format!("mcp__{}__{}", part("server"), part("tool")), input, told)
        }
    };
    clip_value(&mut input);
    let outcome = outcome(item);
    let mut all = vec![What::ToolCall { call: call.clone(), tool: clip(&tool), input }];
    if outcome == Outcome::Refused {
        all.push(What::Approval { call: call.clone(), decision: "denied".to_owned(), by: None });
    }
    all.push(What::ToolResult { call, outcome, text: clip(&told) });
    all
}

/// A sub-agent began, ended, or did something in between.
pub(super) fn agent(item: &Value) -> What {
    let agent = text(item, "agent_thread_id").unwrap_or_default().to_owned();
    let kind = text(item, "kind").unwrap_or_default();
    let ended = |outcome| What::AgentEnded { agent: agent.clone(), outcome };
    match kind {
        "started" => {
            let path = text(item, "agent_path").map(|path| clip(path.rsplit('/').next().unwrap_or(path)));
            let call = text(item, "id").map(str::to_owned);
            What::AgentStarted { agent, name: path, call }
        }
        "completed" => ended(Outcome::Ok),
        "errored" | "failed" => ended(Outcome::Failed),
        "interrupted" | "shutdown" => ended(Outcome::Interrupted),
        other => What::Note { text: clip(&format!("A sub-agent: {other}.")) },
    }
}

/// Sub-agents that a call started, where the client does not say so by itself (`multi_agent_v1`).
pub(super) fn spawned(item: &Value) -> Vec<What> {
    if text(item, "tool") != Some("spawn_agent") {
        return Vec::new();
    }
    let call = text(item, "id").map(str::to_owned);
    let list = |name: &str| item.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let names = list("receiver_agents");
    let started = list("receiver_thread_ids").iter().take(AGENTS).filter_map(Value::as_str).map(|agent| {
        let known = names.iter().find(|one| text(one, "thread_id") == Some(agent));
        let name = known.and_then(|one| text(one, "agent_role").or_else(|| text(one, "agent_nickname"))).map(clip);
        What::AgentStarted { agent: agent.to_owned(), name, call: call.clone() }
    });
    started.collect()
}

/// What the client tells the model of a sub-agent's end. The mark is the client's own: nobody can type it.
pub(super) fn notified(message: &Value) -> Option<What> {
    let passed = message.get("internal_chat_message_metadata_passthrough")?;
    let kinds = passed.get("content_item_kinds")?.as_array()?;
    kinds.iter().any(|kind| kind == "multi_agent.subagent_notification").then_some(())?;
    let said = content(message.get("content"));
    let inner = said.trim().strip_prefix("<subagent_notification>")?.strip_suffix("</subagent_notification>")?;
    let notice: Value = serde_json::from_str(inner.trim()).ok()?;
    let status = notice.get("status")?;
    let word = status.as_str().or_else(|| status.as_object()?.keys().next().map(String::as_str))?;
    let outcome = match word {
        "completed" => Outcome::Ok,
        "errored" | "failed" => Outcome::Failed,
        "interrupted" | "shutdown" => Outcome::Interrupted,
        _ => return None,
    };
    Some(What::AgentEnded { agent: text(&notice, "agent_path")?.to_owned(), outcome })
}

/// The model's thoughts, where they are not sealed.
pub(super) fn thoughts(payload: &Value) -> Option<What> {
    let parts: Vec<String> = ["summary", "content"]
        .iter()
        .map(|name| content(payload.get(*name)))
        .filter(|text| !text.trim().is_empty())
        .collect();
    (!parts.is_empty()).then(|| What::Thinking { text: clip(&parts.join("\n")) })
}

/// Tokens of one answer. The client's input holds what came from a cache; reasoning is inside the output.
pub(super) fn usage(response: Option<&str>, model: Option<&str>, tokens: &Value) -> Usage {
    let count = |name: &str| tokens.get(name).and_then(Value::as_u64);
    let cached = count("cached_input_tokens").unwrap_or(0);
    Usage {
        response: response.map(str::to_owned),
        model: model.map(str::to_owned),
        input: count("input_tokens").unwrap_or(0).saturating_sub(cached),
        cache_read: cached,
        // Was 0 in everything seen; whether the input holds it is not known.
        cache_write: count("cache_write_input_tokens").unwrap_or(0),
        output: count("output_tokens").unwrap_or(0),
        reasoning: count("reasoning_output_tokens"),
        cost_microusd: None,
    }
}

/// How much of the account's limits is used.
pub(super) fn quotas(limits: &Value) -> Vec<What> {
    let windows =
        ["primary", "secondary"].into_iter().filter_map(|name| limits.get(name).filter(|one| one.is_object()));
    windows
        .filter_map(|one| {
            let window = window_name(one.get("window_minutes").and_then(Value::as_u64));
            let seconds = one.get("resets_at").and_then(Value::as_i64);
            Some(What::Quota {
                window,
                used_percent: one.get("used_percent").and_then(Value::as_f64)?,
                resets_at: seconds.and_then(|s| s.checked_mul(1000)).map(Timestamp),
            })
        })
        .collect()
}

/// What commands may do, in one word: `read-only`, `workspace-write`, `workspace-write, network`, ….
pub(super) fn sandbox(policy: &Value) -> Option<String> {
    let kind = policy.as_str().or_else(|| text(policy, "type").or_else(|| text(policy, "mode")))?;
    let network = policy
        .get("network_access")
        .is_some_and(|access| access == &Value::Bool(true) || access.as_str() == Some("enabled"));
    Some(clip(&if network { format!("{kind}, network") } else { kind.to_owned() }))
}
