//! The program as a client starts it: the trace its environment names goes along, what is malformed does not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use clawbutler_wire::gateway::SpoolRecord;
use serde_json::json;

/// Calls the hook while no engine runs, and gives what it wrote to its spool.
fn recorded(folder: &Path, traceparent: Option<&str>) -> SpoolRecord {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clawbutler-hook"));
    command.args(["claude-code", "gate"]).env_clear().env("HOME", folder).env("USERPROFILE", folder);
    command.env("CLAWBUTLER_HOME", folder.join("data")).stdin(Stdio::piped()).stdout(Stdio::null());
    if let Some(value) = traceparent {
        command.env("TRACEPARENT", value);
    }
    fs::create_dir_all(folder.join("data")).unwrap();
    let mut child = command.spawn().unwrap();
    let call = json!({
        "session_id": "0f5d1b8e-7a0e-4f7e-9d1f-3a6d0e1c2b3a", "transcript_path": folder.join("t.jsonl"), "cwd": folder,
        "permission_mode": "default", "hook_event_name": "PreToolUse", "tool_name": "Bash",
        "tool_input": { "command": "ls" }, "tool_use_id": "toolu_01",
    });
    child.stdin.take().unwrap().write_all(call.to_string().as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "a harmless call passes");
    let spool = fs::read_to_string(folder.join("data/spool.jsonl")).unwrap();
    serde_json::from_str(spool.lines().last().unwrap()).unwrap()
}

#[test]
fn the_trace_of_the_client_s_environment_goes_along() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let given = [
        (format!("00-{trace}-{span}-01"), Some(format!("00-{trace}-{span}-01"))),
        // Of a later version, what version 00 has.
        (format!("cc-{trace}-{span}-03-later"), Some(format!("00-{trace}-{span}-01"))),
        (format!("ff-{trace}-{span}-01"), None),
        (format!("00-{trace}-{}-01", "0".repeat(16)), None),
        (format!("00-{}-{span}-01", trace.to_uppercase()), None),
        ("password=hunter2".to_owned(), None),
        ("x".repeat(60_000), None),
        (String::new(), None),
    ];
    assert_eq!(recorded(folder.path(), None).request.process.traceparent, None);
    for (value, expected) in given {
        let record = recorded(folder.path(), Some(&value));
        assert_eq!(record.request.process.traceparent, expected, "{}", &value[..value.len().min(80)]);
    }
    assert!(!fs::read_to_string(folder.path().join("data/spool.jsonl")).unwrap().contains("hunter2"));
}
