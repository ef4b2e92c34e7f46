//! The guard's program is broken in every way a program can be: the real client runs nothing risky.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use clawbutler_testkit::machine::Machine;
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, tried};
use serde_json::json;

/// Runs a risky call under a guard whose program is this script; whether it ran, and what the model was told.
fn with_hook(program: &str) -> Option<(bool, String)> {
    let machine = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } }))?;
    let hook = machine.data().join("bin/clawbutler-hook");
    fs::remove_file(&hook).unwrap();
    fs::write(&hook, format!("#!/bin/sh\n{program}\n")).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o700)).unwrap();
    let turn =
        json!([{ "tool": "Bash", "input": { "command": "touch ran.txt && rm -rf victim", "description": "a step" } }]);
    let output = machine.claude(&script(&json!([turn])), &[]).finish();
    assert!(!output.stdout.is_empty() || !output.stderr.is_empty(), "the client ran to its end");
    let ran = machine.project().join("ran.txt").exists() || !machine.project().join("victim").exists();
    Some((ran, machine.transcripts()))
}

#[test]
fn a_hook_that_crashes_blocks() {
    let _row = tried(CLAUDE, "fail: hook broken");
    for signal in ["SEGV", "ABRT", "KILL"] {
        let Some((ran, told)) = with_hook(&format!("kill -{signal} $$")) else { return };
        assert!(!ran, "{signal}");
        assert!(told.contains("tool_result"), "the model was told that it did not run");
    }
}

#[test]
fn a_hook_that_fails_or_babbles_blocks() {
    let _row = tried(CLAUDE, "fail: hook broken");
    for program in [
        "exit 1",
        "exit 127",
        "echo 'a panic' >&2; exit 101",
        "cat > /dev/null; echo '{\"hookSpecificOutput\": {\"permi'; exit 3",
    ] {
        let Some((ran, _)) = with_hook(program) else { return };
        assert!(!ran, "{program}");
    }
}

#[test]
fn a_hook_that_hangs_lets_nothing_run_while_it_hangs() {
    let Some(machine) = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } })) else { return };
    let _row = tried(CLAUDE, "fail: hook hangs");
    // The guard's own time limit is an hour; here it is two seconds, so that its end can be seen.
    let settings = machine.at("home/.claude/settings.json");
    let text = fs::read_to_string(&settings).unwrap();
    assert!(text.contains("\"timeout\": 3600"), "{text}");
    fs::write(&settings, text.replace("\"timeout\": 3600", "\"timeout\": 2")).unwrap();
    let hook = machine.data().join("bin/clawbutler-hook");
    fs::remove_file(&hook).unwrap();
    fs::write(&hook, "#!/bin/sh\nexec sleep 20\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o700)).unwrap();
    let turn =
        json!([{ "tool": "Bash", "input": { "command": "touch ran.txt && rm -rf victim", "description": "a step" } }]);
    let client = machine.claude(&script(&json!([turn])), &[]);
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(!machine.project().join("ran.txt").exists(), "nothing runs while it hangs");
    client.finish();
    assert!(!machine.project().join("ran.txt").exists(), "nor when its time is over");
    assert!(machine.project().join("victim").exists());
}
