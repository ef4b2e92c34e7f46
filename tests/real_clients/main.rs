//! The real Claude Code against a loopback model: every row of the failure table that a client can show,
//! with its effect on the file system, in the client's transcript and in the ledger.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "a test that cannot go on should stop and say where; it waits by the clock and tells one story"
)]

mod attach_codex;
mod attach_hermes;
mod attach_openclaw;
mod claude_code;
mod codex;
mod ends;
mod found;
mod gemini_cli;
mod hermes;
mod links;
mod loosened;
mod openclaw;
mod shared;
mod unguarded;

use std::fs;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, CLAUDE_OLD, tried};
use clawbutler_wire::command::{ListSessions, ListSteps};
use clawbutler_wire::sessions::{SessionRow, SessionState, StateSource, StepBody};
use serde_json::{Value, json};

const RISKY: &str = "touch ran.txt && rm -rf victim";

/// Everything allowed by the client's own rules: what does not run was stopped by us.
fn lax() -> Value {
    json!({ "permissions": { "allow": ["Bash", "mcp__records__delete_record", "Agent", "Task"] } })
}

fn bash(command: &str) -> Value {
    json!([{ "tool": "Bash", "input": { "command": command, "description": "a step" } }])
}

fn ran(machine: &Machine) -> bool {
    machine.project().join("ran.txt").exists()
}

fn victim_lives(machine: &Machine) -> bool {
    machine.project().join("victim").exists()
}

/// The last entries about tool calls are these, in this order.
#[track_caller]
fn recorded(machine: &Machine, expected: &[&str]) {
    let kinds = machine.kinds();
    let tail = &kinds[kinds.len().saturating_sub(expected.len())..];
    assert_eq!(tail, expected, "{kinds:?}");
}

/// The client's transcript has this text.
#[track_caller]
fn told(machine: &Machine, text: &str) {
    let transcripts = machine.transcripts();
    assert!(transcripts.contains(text), "{text:?} is not in the transcript:\n{transcripts}");
}

const DENIED: &str = "The user denied this in ClawButler";

#[test]
fn deny_stops_the_call_and_the_model_is_told_why() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "ask: deny");
    let client = machine.claude(&script(&json!([bash(RISKY)])), &[]);
    let seen = machine.wait_pending();
    assert_eq!(seen.headline, RISKY);
    assert!(seen.client_waiting);
    assert!(!ran(&machine), "nothing runs while the question stands");
    let after = machine.decide(&seen, "deny", Some("use git clean in a copy")).unwrap();
    assert_eq!(after.outcome, "Denied by you: use git clean in a copy");
    client.finish();
    assert!(!ran(&machine) && victim_lives(&machine));
    assert!(machine.transcripts().contains("use git clean in a copy"), "the model reads the reason");
    assert_eq!(
        machine.kinds()[1..],
        ["action.requested", "approval.requested", "approval.decided", "decision.delivered"]
    );
    let again = machine.decide(&seen, "allow_once", None).unwrap_err();
    assert_eq!(serde_json::to_value(again.code).unwrap(), "stale");
}

#[test]
fn allow_runs_the_call_and_its_outcome_is_recorded() {
    let Some(machine) = Machine::with_claude(&json!({})) else { return };
    let _row = tried(CLAUDE, "ask: allow once");
    let client = machine.claude(&script(&json!([bash(RISKY)])), &[]);
    let seen = machine.wait_pending();
    machine.decide(&seen, "allow_once", None).unwrap();
    client.finish();
    assert!(ran(&machine) && !victim_lives(&machine));
    told(&machine, "SCRIPT-END");
    let kinds = machine.kinds();
    assert_eq!(
        kinds[1..],
        ["action.requested", "approval.requested", "approval.decided", "decision.delivered", "action.completed"]
    );
    let ledger = machine.ledger();
    let spans: Vec<&Value> = ledger
        .iter()
        .filter(|entry| entry["kind"].as_str().is_some_and(|kind| kind.starts_with("action.")))
        .map(|entry| &entry["span"])
        .collect();
    assert!(spans.windows(2).all(|pair| pair[0] == pair[1]), "one action, one span");
}

#[test]
fn always_covers_the_second_call_and_nothing_else() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "ask: always allow");
    let client = machine.claude(&script(&json!([bash(RISKY), bash(RISKY), bash("rm -rf other")])), &[]);
    let seen = machine.wait_pending();
    machine.decide(&seen, "allow_always", None).unwrap();
    let other = machine.wait_pending();
    assert_eq!(other.headline, "rm -rf other", "the second call was covered, another one is not");
    machine.decide(&other, "deny", None).unwrap();
    client.finish();
    assert!(ran(&machine) && !victim_lives(&machine));
    told(&machine, DENIED);
    recorded(&machine, &["action.requested", "approval.requested", "approval.decided", "decision.delivered"]);
    let by_grant = machine.ledger().into_iter().filter(|entry| entry["actor"]["kind"] == "grant").count();
    assert_eq!(by_grant, 1);
}

#[test]
fn the_hook_program_is_missing() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "fail: hook missing");
    fs::remove_file(machine.data().join("bin/clawbutler-hook")).unwrap();
    machine.claude(&script(&json!([bash(RISKY)])), &[]).finish();
    assert!(!ran(&machine) && victim_lives(&machine), "the client blocks what its guard cannot look at");
    told(&machine, "PreToolUse");
    assert!(!machine.kinds().iter().any(|kind| kind.starts_with("action.")), "nothing ran, so nothing is recorded");
}

#[test]
fn a_call_inside_a_subagent_is_asked_about() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "ask: a call inside a sub-agent");
    let task = json!([{ "tool": "Agent", "input": {
        "description": "clean up", "prompt": script(&json!([bash(RISKY)])), "subagent_type": "general-purpose" } }]);
    let client = machine.claude(&script(&json!([task])), &[]);
    let seen = machine.wait_pending();
    assert_eq!(seen.headline, RISKY);
    assert_eq!(seen.subagent.as_deref(), Some("general-purpose"));
    machine.decide(&seen, "deny", None).unwrap();
    client.finish();
    assert!(!ran(&machine) && victim_lives(&machine));
    told(&machine, DENIED);
    let asked = machine.ledger().into_iter().find(|entry| entry["kind"] == "approval.requested").unwrap();
    assert_eq!(asked["actor"]["kind"], "engine");
    assert!(machine.kinds().contains(&"approval.decided".to_owned()));
}

#[test]
fn a_call_of_an_mcp_tool_is_asked_about() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "ask: a call of an MCP tool");
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mcp_server.py");
    let calls = machine.at("calls.jsonl");
    let config =
        json!({ "mcpServers": { "records": { "command": "python3", "args": [server], "env": { "CALLS": calls } } } })
            .to_string();
    let turn = json!([{ "tool": "mcp__records__delete_record", "input": { "name": "one" } }]);
    let client = machine.claude(&script(&json!([turn, turn])), &["--mcp-config", &config]);
    let seen = machine.wait_pending();
    assert_eq!((seen.kind.as_str(), seen.headline.as_str()), ("mcp", "records: delete_record"));
    machine.decide(&seen, "deny", None).unwrap();
    let seen = machine.wait_pending();
    assert!(!calls.exists(), "the server never heard of the denied call");
    machine.decide(&seen, "allow_once", None).unwrap();
    client.finish();
    assert_eq!(fs::read_to_string(calls).unwrap().lines().count(), 1);
    told(&machine, DENIED);
    recorded(
        &machine,
        &["action.requested", "approval.requested", "approval.decided", "decision.delivered", "action.completed"],
    );
}

#[test]
fn bypass_mode_is_no_way_round() {
    let Some(machine) = Machine::with_claude(&json!({})) else { return };
    let _row = tried(CLAUDE, "ask: in a mode that allows everything");
    let client = machine.claude(&script(&json!([bash(RISKY)])), &["--dangerously-skip-permissions"]);
    let seen = machine.wait_pending();
    assert_eq!(seen.permission_mode, "bypassPermissions");
    machine.decide(&seen, "deny", None).unwrap();
    client.finish();
    assert!(!ran(&machine) && victim_lives(&machine));
    told(&machine, DENIED);
    recorded(&machine, &["action.requested", "approval.requested", "approval.decided", "decision.delivered"]);
}

#[test]
fn an_interrupted_client_takes_its_question_back() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "fail: client ended while it asks");
    let mut client = machine.claude(&script(&json!([bash(RISKY)])), &[]);
    machine.wait_pending();
    client.0.kill().unwrap();
    client.0.wait().unwrap();
    wait_for("the withdrawal", || machine.pending().items.is_empty().then_some(()));
    assert!(machine.kinds().contains(&"approval.withdrawn".to_owned()));
    assert!(!ran(&machine));
}

#[test]
fn the_guard_leaves_as_it_came() {
    let Some(machine) = Machine::with_claude(&json!({ "model": "opus", "hooks": { "Stop": [] } })) else { return };
    let _row = tried(CLAUDE, "guard: its removal gives the files back");
    let path = machine.at("home/.claude/settings.json");
    assert!(fs::read_to_string(&path).unwrap().contains("clawbutler-hook"));
    shared::uninstall(&machine);
    let before = serde_json::to_string_pretty(&json!({ "model": "opus", "hooks": { "Stop": [] } })).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn an_old_client_is_guarded_by_the_shell_form() {
    let Some(machine) = Machine::with_old_claude(&lax()) else { return };
    let _row = tried(CLAUDE_OLD, "ask: deny");
    let settings = fs::read_to_string(machine.at("home/.claude/settings.json")).unwrap();
    assert!(settings.contains("|| exit 2"), "it does not know onFailure: {settings}");
    let client = machine.claude(&script(&json!([bash(RISKY)])), &[]);
    let seen = machine.wait_pending();
    machine.decide(&seen, "deny", None).unwrap();
    client.finish();
    assert!(!ran(&machine) && victim_lives(&machine));
    told(&machine, DENIED);
    recorded(&machine, &["action.requested", "approval.requested", "approval.decided", "decision.delivered"]);

    let _row = tried(CLAUDE_OLD, "fail: hook missing");
    fs::remove_file(machine.data().join("bin/clawbutler-hook")).unwrap();
    machine.claude(&script(&json!([bash(RISKY)])), &[]).finish();
    assert!(!ran(&machine) && victim_lives(&machine), "a missing hook blocks here as well");
}

/// Texts, calls and results as the client's transcripts hold them, each once, in order.
fn transcript(machine: &Machine) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (mut answers, mut calls, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for line in machine.transcripts().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for block in line["message"]["content"].as_array().into_iter().flatten() {
            match (line["type"].as_str(), block["type"].as_str()) {
                (Some("assistant"), Some("text")) => answers.push(text(&block["text"])),
                (Some("assistant"), Some("tool_use")) => calls.push(text(&block["id"])),
                (Some("user"), Some("tool_result")) => results.push(text(&block["tool_use_id"])),
                _ => {}
            }
        }
    }
    (answers, calls, results)
}

#[test]
fn what_is_shown_live_is_what_the_transcript_holds() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "records: what is told is what the client recorded");
    let client = machine.claude(&script(&json!([bash("echo one"), bash(RISKY), bash("echo three")])), &[]);
    let seen = machine.wait_pending();
    let only = || machine.ask(&ListSessions::default()).unwrap().items.pop();
    let waiting = wait_for("the session that waits", || {
        only().filter(|row| row.state == SessionState::WaitingApproval && row.tool_calls >= 1)
    });
    assert_eq!(waiting.state_source, StateSource::Queue);
    machine.decide(&seen, "allow_once", None).unwrap();
    client.finish();
    let (answers, calls, results) = transcript(&machine);
    assert_eq!((calls.len(), results.len()), (3, 3));
    // Its process may be gone before its last lines are read.
    let whole = |row: &SessionRow| row.state == SessionState::Ended && row.tool_calls >= 3;
    let row = wait_for("the whole session", || only().filter(whole));
    assert_eq!((row.prompts, row.tool_calls, row.malformed, row.generation), (1, 3, 0, 0), "{row:?}");
    let told = wait_for("every step", || {
        let request = ListSteps { session: row.id.clone(), limit: Some(500), ..ListSteps::default() };
        let steps = machine.ask(&request).unwrap().items;
        let mut told = (Vec::new(), Vec::new(), Vec::new());
        for step in steps {
            match step.what {
                StepBody::Answer { text } => told.0.push(text),
                StepBody::ToolCall { call, .. } => told.1.push(call.unwrap()),
                StepBody::ToolResult { call, .. } => told.2.push(call.unwrap()),
                _ => {}
            }
        }
        (told.2.len() >= results.len()).then_some(told)
    });
    assert_eq!(told, (answers, calls, results));
}
