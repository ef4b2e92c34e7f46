//! Records of real sessions as steps, whole and in pieces.

use std::path::PathBuf;

use clawbutler_connectors::record::{Form, Reader, Recording};
use clawbutler_core::timeline::{Step, Usage, What};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{capture, codex, home};
use crate::scratch::Machine;

const ALL: [&str; 10] = [
    "appserver-compact-interrupt-parent", "appserver-exec-decline", "appserver-subagent-child-fresh",
    "exec-code-mode-mcp-subagent-parent", "exec-code-mode-subagent-child-forked", "exec-direct-tools",
    "exec-then-resume", "tui-daemon-approvals-hooks", "v0.118.0-exec", "v0.130.0-exec",
];

fn record(name: &str) -> String {
    capture(&format!("rollouts/{name}.jsonl"))
}

fn reader(agent: Option<&str>, saved: Option<&Value>) -> Box<dyn Reader> {
    let recording = Recording {
        session: "x".into(),
        agent: agent.map(str::to_owned),
        parent: None,
        path: PathBuf::from("/x.jsonl"),
        form: Form::Lines,
        cwd: None,
        title: None,
    };
    codex().reader(&recording, saved).expect("it records")
}

fn steps(text: &str, agent: Option<&str>) -> Vec<Step> {
    let mut reader = reader(agent, None);
    text.lines().flat_map(|line| reader.record(line.as_bytes()).expect(line)).collect()
}

/// A step on one line.
fn short(step: &Step) -> String {
    let what = serde_json::to_value(&step.what).expect("JSON");
    let mut fields: Vec<String> = Vec::new();
    for (name, value) in what.as_object().expect("an object") {
        if name != "step" && !value.is_null() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned).replace('\n', "⏎");
            fields.push(format!("{name}={}", text.chars().take(160).collect::<String>()));
        }
    }
    format!("{} {}", what["step"].as_str().expect("a kind"), fields.join(" "))
}

fn told(name: &str, agent: Option<&str>) -> String {
    steps(&record(name), agent).iter().map(short).collect::<Vec<_>>().join("\n")
}

#[test]
fn direct_tools_are_told() {
    insta::assert_snapshot!(told("exec-direct-tools", None));
}

#[test]
fn code_mode_with_mcp_and_a_sub_agent_is_told() {
    insta::assert_snapshot!(told("exec-code-mode-mcp-subagent-parent", None));
}

#[test]
fn a_sub_agent_does_not_repeat_its_parents_history() {
    insta::assert_snapshot!(told("exec-code-mode-subagent-child-forked", Some("kid")));
}

#[test]
fn a_fresh_sub_agent_is_told() {
    insta::assert_snapshot!(told("appserver-subagent-child-fresh", Some("kid")));
}

#[test]
fn compaction_and_interruption_are_told() {
    insta::assert_snapshot!(told("appserver-compact-interrupt-parent", None));
}

#[test]
fn approvals_and_hooks_in_a_terminal_are_told() {
    insta::assert_snapshot!(told("tui-daemon-approvals-hooks", None));
}

#[test]
fn a_declined_command_is_told() {
    insta::assert_snapshot!(told("appserver-exec-decline", None));
}

#[test]
fn a_resumed_session_goes_on() {
    insta::assert_snapshot!(told("exec-then-resume", None));
}

#[test]
fn older_clients_are_told() {
    insta::assert_snapshot!("v0.118.0", told("v0.118.0-exec", None));
    insta::assert_snapshot!("v0.130.0", told("v0.130.0-exec", None));
}

/// The client's own sum of a thread is the sum of what is told of its answers.
#[test]
fn tokens_add_up_to_the_clients_own_sum() {
    for name in ALL {
        let text = record(name);
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let sum = lines
            .rev()
            .filter(|line| line["payload"]["type"] == "token_count")
            .find_map(|line| Some(line["payload"]["info"]["total_token_usage"].as_object()?.clone()))
            .expect("a sum");
        let used: Vec<Usage> = steps(&text, name.contains("child").then_some("kid"))
            .into_iter()
            .filter_map(|step| if let What::Usage(usage) = step.what { Some(usage) } else { None })
            .collect();
        let input: u64 = used.iter().map(|usage| usage.input + usage.cache_read).sum();
        let output: u64 = used.iter().map(|usage| usage.output).sum();
        assert_eq!(
            (Some(input), Some(output)),
            (sum["input_tokens"].as_u64(), sum["output_tokens"].as_u64()),
            "{name}"
        );
        assert!(used.iter().all(|usage| usage.model.is_some()), "{name}");
        let mut ids: Vec<_> = used.iter().filter_map(|usage| usage.response.clone()).collect();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}");
    }
}

#[test]
fn every_line_of_the_captures_is_known() {
    for name in ALL {
        let unknown: Vec<Step> =
            steps(&record(name), None).into_iter().filter(|step| matches!(step.what, What::Unknown { .. })).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
}

#[test]
fn rare_lines_are_told() {
    let event =
        |payload: Value| json!({ "timestamp": "2026-11-22T10:28:10.741Z", "type": "event_msg", "payload": payload });
    let response = |payload: Value| json!({ "type": "response_item", "payload": payload });
    let item = |item: Value| event(json!({ "type": "item_completed", "item": item }));
    let lines = [
        json!({ "type": "turn_context", "payload": { "model": "m", "approval_policy": { "granular": {} }, "sandbox_policy": { "type": "workspace-write", "network_access": true }, "effort": "high" } }),
        response(
            json!({ "type": "reasoning", "summary": [{ "type": "summary_text", "text": "hm" }], "encrypted_content": "x" }),
        ),
        response(json!({ "type": "reasoning", "summary": [], "encrypted_content": "x" })),
        response(
            json!({ "type": "local_shell_call", "call_id": "c1", "status": "completed", "action": { "type": "exec", "command": ["ls"] } }),
        ),
        response(
            json!({ "type": "function_call_output", "call_id": "c1", "output": { "content": "no", "success": false } }),
        ),
        response(
            json!({ "type": "function_call", "name": "write_stdin", "call_id": "c2", "arguments": "{\"session_id\":1,\"chars\":\"rm x\\n\"}" }),
        ),
        response(
            json!({ "type": "function_call", "name": "write_stdin", "call_id": "c3", "arguments": "{\"session_id\":1,\"chars\":\"\"}" }),
        ),
        response(
            json!({ "type": "custom_tool_call", "name": "exec", "call_id": "c4", "input": "tools.write_stdin({})" }),
        ),
        response(
            json!({ "type": "custom_tool_call", "name": "exec", "call_id": "c8", "input": "const f = \"write_\" + \"stdin\"; await tools[f]({ session_id: 1, chars: \"rm x\\n\" });" }),
        ),
        response(
            json!({ "type": "custom_tool_call", "name": "exec", "call_id": "c9", "input": "await tools.exec_command({cmd:\"date\"})" }),
        ),
        response(json!({ "type": "function_call", "name": "write_stdin", "call_id": "c10", "arguments": "cut" })),
        response(json!({ "type": "function_call", "name": "odd", "call_id": "c5", "arguments": "not JSON" })),
        response(json!({ "type": "function_call_output", "call_id": "c5", "output": "who knows" })),
        response(
            json!({ "type": "web_search_call", "id": "w", "status": "completed", "action": { "type": "search", "query": "q" } }),
        ),
        item(json!({ "type": "FileChange", "id": "c6", "status": "declined" })),
        response(json!({ "type": "custom_tool_call_output", "call_id": "c6", "output": "patch rejected by user" })),
        item(json!({ "type": "CommandExecution", "id": "c7", "status": "failed", "exit_code": 3 })),
        response(json!({ "type": "function_call_output", "call_id": "c7", "output": "text" })),
        item(json!({ "type": "FileChange", "id": "exec-1", "status": "declined", "changes": {} })),
        item(
            json!({ "type": "McpToolCall", "id": "exec-2", "server": "s", "tool": "t", "status": "failed", "error": { "message": "gone" } }),
        ),
        item(json!({ "type": "SubAgentActivity", "kind": "interrupted", "agent_thread_id": "a" })),
        item(json!({ "type": "SubAgentActivity", "kind": "renamed", "agent_thread_id": "a" })),
        item(json!({ "type": "FromTomorrow" })),
        event(json!({ "type": "exec_approval_request", "call_id": "c8" })),
        event(json!({ "type": "error", "message": "429" })),
        event(
            json!({ "type": "task_complete", "last_agent_message": null, "error": { "message": "last status: 429" } }),
        ),
        event(json!({ "type": "task_complete", "last_agent_message": "done", "error": null })),
        event(json!({ "type": "warning", "message": "careful" })),
        event(json!({ "type": "thread_name_updated", "thread_name": "Title" })),
        event(json!({ "type": "thread_rolled_back", "num_turns": 1 })),
        event(json!({ "type": "from_tomorrow" })),
        response(json!({ "type": "from_tomorrow" })),
        json!({ "type": "from_tomorrow", "payload": {} }),
    ];
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    insta::assert_snapshot!(steps(&text.join("\n"), None).iter().map(short).collect::<Vec<_>>().join("\n"));
}

#[test]
fn recordings_are_found_by_layout() {
    let machine = Machine::new();
    let place = |kind: &str, day: &str, thread: &str, text: &str| {
        let name = format!("rollout-2026-11-{day}T10-28-10-{thread}.jsonl");
        let folder = if kind == "sessions" { format!("sessions/2026/11/{day}") } else { kind.to_owned() };
        machine.file(&format!("home/ada/.codex/{folder}/{name}"), text)
    };
    let root = "01a202e3-26e4-76c1-8f06-32c2ea94e527";
    let kid = "01a202e3-2891-7e20-8abb-2cd0ce8f6a58";
    let parent = place("sessions", "22", root, &record("appserver-compact-interrupt-parent"));
    let child = place("sessions", "23", kid, &record("appserver-subagent-child-fresh"));
    let old = place("archived_sessions", "01", "old", &record("v0.118.0-exec"));
    place("sessions", "24", "torn", "{\"type\":\"session_meta\"");
    machine.file("home/ada/.codex/sessions/2026/11/22/other.jsonl", "{}\n");
    machine.file("home/ada/.codex/history.jsonl", "{}\n");
    let found = codex().recordings(&machine.env, &home(&machine));
    let old_thread =
        serde_json::from_str::<Value>(record("v0.118.0-exec").lines().next().expect("a line")).expect("JSON");
    let old_thread = old_thread["payload"]["id"].as_str().expect("an id");
    let seen: Vec<_> = found.iter().map(|r| (r.session.as_str(), r.agent.as_deref(), r.path.clone())).collect();
    assert_eq!(seen, [(root, Some(kid), child.clone()), (root, None, parent), (old_thread, None, old)]);
    assert_eq!(found[0].cwd.as_deref(), Some("/home/dev/lab/proj"));
    assert_eq!(codex().recordings_in(&machine.env, &home(&machine), &child), found[..1]);
    for other in ["history.jsonl", "sessions/2026/11/22/other.jsonl", "x/rollout-2026-11-22T10-28-10-a.jsonl"] {
        assert!(codex().recordings_in(&machine.env, &home(&machine), &home(&machine).join(other)).is_empty());
    }
    let folders = codex().recording_folders(&machine.env, &home(&machine));
    assert!(folders.contains(&home(&machine).join("sessions/2026/11/23")), "{folders:?}");
    assert!(folders.contains(&home(&machine).join("archived_sessions")));
}

proptest! {
    /// Cut anywhere and read in any pieces, with the state saved between: the beginning of the same steps.
    #[test]
    fn any_cut_gives_a_prefix(which in 0..ALL.len(), cut in 0..90_000_usize, every in 1..9_usize) {
        let text = record(ALL[which]);
        let agent = ALL[which].contains("child").then_some("kid");
        let whole = steps(&text, agent);
        let bytes = &text.as_bytes()[..cut.min(text.len())];
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut saved = None;
        let mut found = Vec::new();
        let lines: Vec<&[u8]> = bytes[..complete].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        for piece in lines.chunks(every) {
            let mut reader = reader(agent, saved.as_ref());
            for line in piece {
                found.extend(reader.record(line).expect("a line"));
            }
            saved = Some(reader.save());
        }
        prop_assert_eq!(&found[..], &whole[..found.len()]);
        prop_assert!(complete < text.len() || found.len() == whole.len());
        // The torn line itself is refused or, when only its end is missing, the same.
        if let Ok(steps) = reader(agent, saved.as_ref()).record(&bytes[complete..]) {
            prop_assert_eq!(&steps[..], &whole[found.len()..found.len() + steps.len()]);
        }
    }

    #[test]
    fn any_bytes_and_any_json_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in "[a-zA-Z_]{0,16}", text in ".{0,80}", number in any::<i64>()) {
        let _ = reader(None, None).record(&bytes);
        for outer in ["session_meta", "turn_context", "event_msg", "response_item", "token_usage_record", "compacted"] {
            for inner in ["item_completed", "token_count", "function_call_output", "function_call", "agent_message", &kind] {
                let line = json!({ "type": outer, "timestamp": text, "ordinal": number, "payload": {
                    "type": inner, "id": text, "call_id": text, "output": text, "arguments": text, "content": [text, number],
                    "item": { "type": kind, "id": text, "status": text, "exit_code": number },
                    "info": { "total_token_usage": { "total_tokens": number }, "last_token_usage": text },
                    "rate_limits": { "primary": { "used_percent": number, "window_minutes": number, "resets_at": number } },
                    "usage": { "input_tokens": number, "cached_input_tokens": text },
                } });
                let _ = reader(None, Some(&json!({ "ended": [[text, text], number], "settings": text }))).record(line.to_string().as_bytes());
            }
        }
    }
}

#[test]
fn the_call_that_began_a_sub_agent_is_found_in_the_record_of_the_one_above_it() {
    let machine = Machine::new();
    let id = |number: u32| format!("0199c0de-0000-7000-8000-00000000000{number}");
    let write = |day: &str, number: u32, starts: Option<u32>| {
        let parent = (number > 1).then(|| id(number - 1));
        let meta = json!({ "type": "session_meta", "payload": { "id": id(number), "session_id": id(1), "parent_thread_id": parent } });
        let item = starts.map(|other| {
            json!({ "type": "event_msg", "payload": { "type": "item_completed", "item": { "id": format!("call-{number}"),
                "tool": "spawn_agent", "receiver_thread_ids": [id(other)] } } })
        });
        let lines: String = [Some(meta), item].into_iter().flatten().map(|line| format!("{line}\n")).collect();
        machine.file(
            &format!("home/ada/.codex/sessions/2026/11/{day}/rollout-2026-11-{day}T10-00-00-{}.jsonl", id(number)),
            &lines,
        )
    };
    let root = write("22", 1, Some(2));
    // The last of them began after midnight.
    write("22", 2, Some(3));
    write("23", 3, None);
    let named = |number: u32| codex().spawned_by(&root, &id(number));
    assert_eq!((named(2).as_deref(), named(3).as_deref(), named(4)), (Some("call-1"), Some("call-2"), None));
}
