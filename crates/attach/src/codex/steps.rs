//! Items of a turn, as steps of the one timeline.

use clawbutler_core::timeline::{Outcome, Step, What, clip, clip_value};
use serde_json::{Value, json};

use super::approval::changes;
use crate::json as read;

/// The steps of an item that began or ended. Messages are told when they are whole.
pub(crate) fn of_item(item: &Value, ended: bool) -> Vec<Step> {
    let id = read::text(item, "/id");
    let at = read::time(item, if ended { "/completedAtMs" } else { "/startedAtMs" });
    let call = id.clone();
    let began = |tool: &str, mut input: Value| {
        clip_value(&mut input);
        What::ToolCall { call: call.clone(), tool: tool.to_owned(), input }
    };
    let done = |text: String| What::ToolResult { call: call.clone(), outcome: outcome(item), text: clip(&text) };
    let what = match (read::word(item, "/type").as_str(), ended) {
        ("userMessage", true) => What::Prompt { text: clip(&said(item)) },
        ("agentMessage", true) => What::Answer { text: clip(&read::word(item, "/text")) },
        ("reasoning", true) => What::Thinking { text: clip(&thought(item)) },
        ("commandExecution", false) => {
            began("exec_command", json!({ "cmd": read::word(item, "/command"), "workdir": read::word(item, "/cwd") }))
        }
        ("commandExecution", true) => done(read::word(item, "/aggregatedOutput")),
        ("fileChange", false) => {
            let files: Vec<Value> = changes(item)
                .into_iter()
                .map(|change| json!({ "path": change.path, "kind": change.kind, "diff": change.diff }))
                .collect();
            began("apply_patch", json!({ "changes": files }))
        }
        ("fileChange", true) => done(String::new()),
        ("mcpToolCall", false) => {
            let tool = format!("mcp__{}__{}", read::word(item, "/server"), read::word(item, "/tool"));
            began(&tool, item.pointer("/arguments").cloned().unwrap_or_default())
        }
        ("mcpToolCall", true) => done(item.pointer("/result/content").map(Value::to_string).unwrap_or_default()),
        ("collabAgentToolCall", false) => began(&read::word(item, "/tool"), json!({ "prompt": item["prompt"] })),
        ("collabAgentToolCall", true) => done(String::new()),
        ("webSearch", false) => began("web_search", json!({ "query": item["query"] })),
        ("webSearch", true) => done(String::new()),
        ("subAgentActivity", true) => return agent(item, id, at),
        ("contextCompaction", true) => What::Compaction { before: None, after: None },
        (kind, false) if MESSAGES.contains(&kind) => return Vec::new(),
        (kind, true) => What::Unknown { kind: format!("item/{}", clip(kind)) },
        (_, false) => return Vec::new(),
    };
    vec![Step { at, id, agent: None, what }]
}

/// Items whose beginning carries nothing yet.
const MESSAGES: &[&str] = &["userMessage", "agentMessage", "reasoning", "subAgentActivity", "contextCompaction"];

fn agent(item: &Value, id: Option<String>, at: Option<clawbutler_core::clock::Timestamp>) -> Vec<Step> {
    let agent = read::word(item, "/agentThreadId");
    let what = match read::word(item, "/kind").as_str() {
        "started" => What::AgentStarted { agent, name: read::text(item, "/agentPath"), call: id.clone() },
        "completed" | "finished" | "ended" | "closed" => What::AgentEnded { agent, outcome: Outcome::Ok },
        "interrupted" => What::AgentEnded { agent, outcome: Outcome::Interrupted },
        other => What::Note { text: format!("Sub-agent: {}", clip(other)) },
    };
    vec![Step { at, id, agent: None, what }]
}

fn outcome(item: &Value) -> Outcome {
    match read::word(item, "/status").as_str() {
        "completed" if read::fraction(item, "/exitCode").is_some_and(|code| code != 0.0) => Outcome::Failed,
        "completed" => Outcome::Ok,
        "declined" => Outcome::Refused,
        "failed" => Outcome::Failed,
        "interrupted" => Outcome::Interrupted,
        _ => Outcome::Unknown,
    }
}

fn said(item: &Value) -> String {
    let parts: Vec<String> = read::list(item, "/content").filter_map(|part| read::text(part, "/text")).collect();
    parts.join("\n")
}

fn thought(item: &Value) -> String {
    [read::texts(item, "/summary"), read::texts(item, "/content")].concat().join("\n")
}
