//! The hook's side: captures in, exact output and exit codes out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clawbutler_connectors::env::{Env, Os};
use clawbutler_connectors::hook::{Answer, BadInput, Event, HookInput, HookSide, Strategy, side};
use clawbutler_core::action::Effect;
use serde_json::{Value, json};

use super::{capture, home};
use crate::scratch::Machine;

const CAPTURES: [&str; 5] = [
    "exec-direct-tools",
    "exec-codemode-mcp-stdin-subagent",
    "appserver-permission-request-patch",
    "appserver-permission-request-write-stdin",
    "tui-no-daemon",
];

fn codex() -> &'static dyn HookSide {
    side("codex").expect("in the list")
}

fn env() -> Env {
    let vars = BTreeMap::from([("CLAWBUTLER_CLIENT_PID".to_owned(), "77".to_owned())]);
    Env { vars, home: PathBuf::from("/home/ada"), os: Os::Linux, root: PathBuf::from("/"), processes: None }
}

fn payloads(name: &str) -> Vec<Value> {
    let text = capture(&format!("hooks/{name}.jsonl"));
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|line| if line["payload"].is_object() { line["payload"].clone() } else { line })
        .collect()
}

fn verb(payload: &Value) -> &'static str {
    match payload["hook_event_name"].as_str().expect("an event") {
        "PreToolUse" => "gate",
        "PermissionRequest" => "permission",
        _ => "observe",
    }
}

fn parse(verb: &str, payload: &Value) -> Result<HookInput, BadInput> {
    codex().parse(verb, payload.to_string().as_bytes(), &env())
}

/// What is read of it, on one line.
fn short(payload: &Value) -> String {
    match parse(verb(payload), payload) {
        Err(error) => format!("{error}"),
        Ok(input) => format!(
            "{:?} {} {} mode={} agent={:?}/{:?} call={} extra={}",
            input.event,
            input.tool,
            clawbutler_core::digest::canonical(&input.arguments),
            input.mode,
            input.agent_id.is_some(),
            input.agent_name,
            input.call_id.is_some(),
            clawbutler_core::digest::canonical(&input.extra).replace(|c: char| c.is_ascii_digit(), "0"),
        ),
    }
}

#[test]
fn every_capture_reads_as_the_snapshot_says() {
    for name in CAPTURES {
        let lines: Vec<String> = payloads(name).iter().map(short).collect();
        insta::assert_snapshot!(name, lines.join("\n"));
    }
}

#[test]
fn no_capture_is_held_for_another_call() {
    for name in CAPTURES {
        let mut keys: Vec<String> = payloads(name)
            .iter()
            .filter_map(|payload| parse(verb(payload), payload).ok())
            .map(|input| input.idempotency_key)
            .collect();
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count, "{name}");
    }
}

#[test]
fn answers_are_said_in_the_clients_words() {
    let payload = |event: &str| {
        json!({ "hook_event_name": event, "session_id": "s", "turn_id": "t", "cwd": "/w", "permission_mode": "default",
            "tool_name": "Bash", "tool_input": { "command": "ls" } })
    };
    let mut said = Vec::new();
    for event in ["PreToolUse", "PermissionRequest", "PostToolUse"] {
        let payload = payload(event);
        let input = parse(verb(&payload), &payload).expect("read");
        assert_eq!(input.strategy, Strategy::Hold);
        assert_eq!(input.client_pid, Some(77));
        assert_eq!(input.home, "/home/ada/.codex");
        for answer in [Answer::Allow, Answer::Deny, Answer::Ask, Answer::Defer] {
            let output = codex().render(&input, answer, "because \u{202e}of you");
            assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
            said.push(format!("{event} {answer:?}: {}", output.stdout));
        }
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn only_its_own_question_can_be_asked_by_codex() {
    for (event, mode, expected) in [
        ("PreToolUse", "default", false),
        ("PermissionRequest", "default", true),
        ("PermissionRequest", "bypassPermissions", false),
    ] {
        let payload = json!({ "hook_event_name": event, "session_id": "s", "permission_mode": mode,
            "tool_name": "Bash", "tool_input": { "command": "ls" } });
        let input = parse(verb(&payload), &payload).expect("read");
        assert_eq!(codex().has_native_prompt(&input), expected, "{event} {mode}");
    }
}

#[test]
fn what_cannot_be_read_blocks_a_gate_and_nothing_else() {
    let cases: [(&str, &[u8]); 6] = [
        ("gate", b""),
        ("gate", b"[]"),
        ("gate", b"{\"hook_event_name\":\"Stop\",\"session_id\":\"s\"}"),
        ("gate", b"{\"hook_event_name\":\"PreToolUse\",\"session_id\":\"s\",\"tool_name\":\"Bash\"}"),
        ("gate", b"{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Bash\",\"tool_input\":{}}"),
        ("gone", b"{}"),
    ];
    for (verb, bytes) in cases {
        let why = codex().parse(verb, bytes, &env()).expect_err("refused").to_string();
        let output = codex().render_bad_input(verb, &why);
        assert_eq!(output.exit, 2);
        assert!(output.stdout.is_empty() && output.stderr.contains("refuses it"), "{output:?}");
    }
    for verb in ["permission", "observe"] {
        assert_eq!(codex().render_bad_input(verb, "x").exit, 0);
    }
}

/// A hook is not told where a command runs; the record of the session is, before the hook starts.
#[test]
fn the_record_completes_a_command() {
    let machine = Machine::new();
    let line = |id: &str, arguments: Value| {
        json!({ "type": "response_item", "payload": { "type": "function_call", "name": "exec_command", "call_id": id,
            "arguments": arguments.to_string() } })
    };
    let record = machine.file(
        "home/ada/.codex/sessions/2026/11/22/rollout-2026-11-22T10-28-10-a.jsonl",
        &format!(
            "{}\n{}\n",
            line("one", json!({ "cmd": "rm -rf x", "workdir": "/elsewhere", "sandbox_permissions": "require_escalated", "justification": "please" })),
            line("two", json!({ "cmd": "rm -rf x" })),
        ),
    );
    let read = |record: &str, event: &str, call: Option<&str>, more: Value| {
        let mut arguments = json!({ "command": "rm -rf x" });
        arguments.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let payload = json!({ "hook_event_name": event, "session_id": "s", "turn_id": "t", "cwd": "/w", "transcript_path": record,
            "permission_mode": "default", "tool_name": "Bash", "tool_input": arguments, "tool_use_id": call });
        codex().parse(verb(&payload), payload.to_string().as_bytes(), &machine.env).expect("read")
    };
    let path = record.display().to_string();
    let known = read(&path, "PreToolUse", Some("one"), json!({}));
    let action = codex().action(&known.tool_call());
    let Effect::Shell { command, .. } = &action.effect else { panic!("{action:?}") };
    assert_eq!(command, "cd /elsewhere\nrm -rf x");
    assert_eq!(action.sandboxed, Some(false), "it asks to leave the sandbox");
    let other = read(&path, "PreToolUse", Some("two"), json!({}));
    assert_eq!(other.arguments, json!({ "command": "rm -rf x" }));
    // Code mode's calls are not in the record one by one.
    assert_eq!(read(&path, "PreToolUse", Some("exec-1"), json!({})).arguments, other.arguments);
    // Elsewhere nothing is read.
    let outside = machine.file("home/ada/rollout-x.jsonl", &std::fs::read_to_string(&record).expect("read"));
    for path in [outside.display().to_string(), format!("{}/../../x.jsonl", home(&machine).join("sessions").display())]
    {
        assert_eq!(read(&path, "PreToolUse", Some("one"), json!({})).arguments, other.arguments);
    }
    std::fs::write(
        &record,
        format!("{}\n", line("one", json!({ "cmd": "rm -rf x", "workdir": "/elsewhere", "justification": "please" }))),
    )
    .expect("written");
    let gate = read(&path, "PreToolUse", Some("one"), json!({}));
    let relay = read(&path, "PermissionRequest", None, json!({ "description": "please" }));
    assert_eq!((gate.event, relay.event), (Event::Gate, Event::Relay));
    assert_eq!(gate.correlation(), relay.correlation(), "one call, one question");
}
