//! Tool calls understood.

use clawbutler_connectors::call::ToolCall;
use serde_json::{Value, json};

use crate::scratch::claude;

fn effect(tool: &str, arguments: Value) -> Value {
    let call = ToolCall {
        runtime: "claude-code".into(),
        session: "s".into(),
        tool: tool.into(),
        arguments,
        cwd: "/work/proj".into(),
        mode: "default".into(),
        agent_id: Some("a1".into()),
        ..ToolCall::default()
    };
    let action = claude().action(&call);
    assert_eq!(action.agent.map(|agent| agent.id).as_deref(), Some("a1"));
    serde_json::to_value(action.effect).expect("data")
}

#[test]
fn every_known_tool_has_its_kind() {
    let edit = json!({"old_string": "a", "new_string": "b", "replace_all": true});
    let edit_of = |path: &str| {
        let mut edit = edit.clone();
        edit["file_path"] = path.into();
        edit
    };
    let edited = json!({"how": "edits", "edits": [{"old": "a", "new": "b", "all": true}]});
    let table = [
        (
            "Bash",
            json!({"command": "ls", "description": "look"}),
            json!({"kind": "shell", "command": "ls", "dialect": "posix", "description": "look"}),
        ),
        ("PowerShell", json!({"command": "dir"}), json!({"kind": "shell", "command": "dir", "dialect": "powershell"})),
        ("Read", json!({"file_path": "/etc/../etc/passwd"}), json!({"kind": "file_read", "path": "/etc/passwd"})),
        ("Read", json!({"file_path": "src/../a.rs"}), json!({"kind": "file_read", "path": "/work/proj/a.rs"})),
        ("NotebookRead", json!({"notebook_path": "~/n.ipynb"}), json!({"kind": "file_read", "path": "~/n.ipynb"})),
        ("Glob", json!({"pattern": "**/*.rs"}), json!({"kind": "file_read", "path": "/work/proj"})),
        ("Glob", json!({"pattern": "../../etc/*.conf"}), json!({"kind": "file_read", "path": "/etc"})),
        (
            "Glob",
            json!({"pattern": "*.pem", "path": "/home/ada/.ssh"}),
            json!({"kind": "file_read", "path": "/home/ada/.ssh"}),
        ),
        ("Grep", json!({"pattern": "x"}), json!({"kind": "file_read", "path": "/work/proj"})),
        ("LS", json!({"path": "/"}), json!({"kind": "file_read", "path": "/"})),
        (
            "Write",
            json!({"file_path": "a", "content": "x"}),
            json!({"kind": "file_write", "path": "/work/proj/a", "change": {"how": "content", "text": "x"}}),
        ),
        ("Edit", edit_of("a"), json!({"kind": "file_write", "path": "/work/proj/a", "change": edited})),
        (
            "MultiEdit",
            json!({"file_path": "a", "edits": [edit]}),
            json!({"kind": "file_write", "path": "/work/proj/a", "change": edited}),
        ),
        (
            "NotebookEdit",
            json!({"notebook_path": "n", "new_source": "1"}),
            json!({"kind": "file_write", "path": "/work/proj/n", "change": {"how": "edits", "edits": [{"old": "", "new": "1", "all": false}]}}),
        ),
        (
            "WebFetch",
            json!({"url": "https://a.b/c", "prompt": "p"}),
            json!({"kind": "network", "url": "https://a.b/c"}),
        ),
        ("WebSearch", json!({"query": "q"}), json!({"kind": "network", "url": "web-search://web-search/?q=q"})),
        (
            "Agent",
            json!({"prompt": "p", "subagent_type": "Explore"}),
            json!({"kind": "agent_spawn", "agent": "Explore", "prompt": "p"}),
        ),
        ("Task", json!({"prompt": "p"}), json!({"kind": "agent_spawn", "agent": "general-purpose", "prompt": "p"})),
        (
            "mcp__mock__danger",
            json!({"t": 1}),
            json!({"kind": "mcp", "server": "mock", "tool": "danger", "arguments": {"t": 1}}),
        ),
        (
            "mcp__plugin_git_hub__open__pr",
            json!({}),
            json!({"kind": "mcp", "server": "plugin_git_hub", "tool": "open__pr", "arguments": {}}),
        ),
        ("TodoWrite", json!({"todos": []}), json!({"kind": "internal", "arguments": {"todos": []}})),
        ("ExitPlanMode", json!({}), json!({"kind": "internal", "arguments": {}})),
        ("AskUserQuestion", json!({}), json!({"kind": "internal", "arguments": {}})),
        ("BrandNewTool", json!({"x": 1}), json!({"kind": "other", "arguments": {"x": 1}})),
    ];
    for (tool, arguments, expected) in table {
        assert_eq!(effect(tool, arguments), expected, "{tool}");
    }
}

#[test]
fn unexpected_arguments_are_unknown_never_harmless() {
    for (tool, arguments) in [
        ("Bash", json!({})),
        ("Bash", json!({"command": ["rm", "-rf"]})),
        ("Read", json!({"file_path": ""})),
        ("Read", json!(null)),
        ("Write", json!({"file_path": "a"})),
        ("MultiEdit", json!({"file_path": "a", "edits": [{"old_string": "a"}]})),
        ("mcp__", json!({})),
        ("mcp__server", json!({})),
        ("mcp____tool", json!({})),
        ("todowrite", json!({})),
        ("", json!({})),
    ] {
        assert_eq!(effect(tool, arguments)["kind"], "other", "{tool}");
    }
}
