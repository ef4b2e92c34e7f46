//! Every tool of every runtime, in the spellings of the captures and of the runtimes' own schemas.

use std::fmt::Write as _;

use clawbutler_connectors::call::ToolCall;
use clawbutler_connectors::normalise::action;
use clawbutler_core::action::{Action, Effect, Subagent};
use serde_json::{Value, json};

fn call(runtime: &str, tool: &str, arguments: Value) -> ToolCall {
    ToolCall {
        runtime: runtime.to_owned(),
        session: "s".to_owned(),
        tool: tool.to_owned(),
        arguments,
        cwd: "/work/proj".to_owned(),
        ..ToolCall::default()
    }
}

/// Two lines a call of `fixtures/<runtime>/tools.jsonl`: the call, and the effect it was understood as.
/// Whole objects, arguments left out where they are the input again.
fn understood(runtime: &str, calls: &str) -> String {
    let mut text = String::new();
    for line in calls.lines() {
        let given: Value = serde_json::from_str(line).expect("JSON");
        let (tool, arguments) = (given["tool"].as_str().expect("a name"), &given["arguments"]);
        let action = action(&call(runtime, tool, arguments.clone()));
        let mut effect = serde_json::to_value(&action.effect).expect("data");
        if effect.get("arguments") == Some(arguments) {
            effect["arguments"] = json!("=");
        }
        let sandboxed = action.sandboxed.map(|is| format!(" sandboxed: {is}")).unwrap_or_default();
        writeln!(text, "{tool} {arguments}\n    {effect}{sandboxed}").expect("a text");
    }
    text
}

#[test]
fn every_tool_of_claude_code() {
    let seen = understood("claude-code", include_str!("../../fixtures/claude_code/tools.jsonl"));
    insta::assert_snapshot!(seen);
}

#[test]
fn every_tool_of_codex() {
    let seen = understood("codex", include_str!("../../fixtures/codex/tools.jsonl"));
    insta::assert_snapshot!(seen);
}

#[test]
fn every_tool_of_hermes() {
    let seen = understood("hermes", include_str!("../../fixtures/hermes/tools.jsonl"));
    insta::assert_snapshot!(seen);
}

#[test]
fn every_tool_of_openclaw() {
    let seen = understood("openclaw", include_str!("../../fixtures/openclaw/tools.jsonl"));
    insta::assert_snapshot!(seen);
}

#[test]
fn what_the_session_knows_comes_along() {
    let given = ToolCall {
        runtime: "claude_code".to_owned(),
        session: "s".to_owned(),
        tool: "Bash".to_owned(),
        arguments: json!({"command": "ls", "dangerouslyDisableSandbox": true}),
        cwd: "/work/proj/sub".to_owned(),
        mode: "default".to_owned(),
        agent_id: Some("a1".to_owned()),
        agent_name: Some("kid".to_owned()),
        project: Some("/work/proj".to_owned()),
        sandboxed: Some(true),
        depth: 2,
    };
    let expected = Action {
        runtime: "claude_code".to_owned(),
        session: "s".to_owned(),
        agent: Some(Subagent { id: "a1".to_owned(), name: "kid".to_owned() }),
        tool: "Bash".to_owned(),
        cwd: "/work/proj/sub".to_owned(),
        mode: "default".to_owned(),
        project: Some("/work/proj".to_owned()),
        branch: None,
        remote: None,
        sandboxed: Some(false),
        depth: 2,
        effect: Effect::Shell {
            command: "ls".to_owned(),
            dialect: clawbutler_core::action::Dialect::Posix,
            description: None,
        },
    };
    assert_eq!(action(&given), expected);
}

#[test]
fn an_unknown_runtime_is_tried_in_the_common_spelling_and_nothing_of_it_is_harmless() {
    let kind = |runtime: &str, tool: &str, arguments: Value| action(&call(runtime, tool, arguments)).effect.kind();
    assert_eq!(kind("newcomer", "Bash", json!({"command": "ls"})), "shell");
    assert_eq!(kind("newcomer", "TodoWrite", json!({})), "other");
    assert_eq!(kind("newcomer", "exec", json!({"command": "ls"})), "other");
    assert_eq!(kind("Claude-Code", "TodoWrite", json!({})), "internal");
    assert_eq!(kind("openclaw", "exec", json!({"command": "ls"})), "shell");
    assert_eq!(kind("", "", Value::Null), "other");
}

#[test]
fn what_openclaw_calls_through_its_tool_for_tools_is_judged_by_its_own_name() {
    let seen = |tool: &str, arguments: Value| action(&call("openclaw", tool, arguments)).effect;
    let command = json!({ "command": "rm -rf x" });
    for id in ["exec", "openclaw:core:exec"] {
        let through = seen("tool_call", json!({ "id": id, "args": command }));
        assert_eq!(through, seen("exec", command.clone()));
    }
    let through = seen("tool_call", json!({ "id": "mcp:records:records__delete_record", "args": { "name": "one" } }));
    assert_eq!(through, seen("records__delete_record", json!({ "name": "one" })));
    for odd in [json!({}), json!({ "id": "exec" }), json!({ "id": "tool_call", "args": { "id": "exec" } })] {
        assert_eq!(seen("tool_call", odd).kind(), "other");
    }
    assert_eq!(seen("tool_search", json!({ "query": "files" })).kind(), "internal");
    assert_eq!(seen("tool_search_code", json!({ "code": "1" })).kind(), "other");
}
