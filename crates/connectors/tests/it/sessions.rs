//! Live sessions from registry files.

use clawbutler_connectors::env::Os;
use serde_json::json;

use crate::scratch::{Machine, claude, fixture};

const PID: u32 = 17_377;

fn register(machine: &Machine, pid: u32, kind: &str) {
    let text = String::from_utf8(fixture(&format!("registry/{kind}.json"))).expect("text");
    machine.file(&format!("home/ada/.claude/sessions/{pid}.json"), &text.replace("17377", &pid.to_string()));
}

fn process(machine: &Machine, pid: u32, start: &str) {
    // A name with blanks and a parenthesis, as any process may have.
    let zeros = ["0"; 18].join(" ");
    machine.file(&format!("proc/{pid}/stat"), &format!("{pid} (cla) ude) S {zeros} {start} 1 2 3\n"));
}

#[test]
fn only_processes_that_still_run_count() {
    let machine = Machine::new();
    for (pid, kind) in [(PID, "terminal"), (2, "print"), (3, "background"), (4, "terminal"), (5, "terminal")] {
        register(&machine, pid, kind);
    }
    process(&machine, PID, "130586");
    process(&machine, 2, "130586");
    process(&machine, 3, "130586");
    process(&machine, 4, "999"); // the id was taken again by another process
    machine.file("home/ada/.claude/sessions/6.json", "{ broken");
    machine.file("home/ada/.claude/sessions/7.json", "[]");
    machine.file(&format!("home/ada/.claude/sessions/{PID}.ab12.key"), "secret");
    let found = claude().sessions(&machine.env, &machine.claude_home());
    let short: Vec<_> = found.iter().map(|s| (s.pid, s.kind.as_str(), s.status.as_str())).collect();
    assert_eq!(short, [(2, "print", "busy"), (3, "background", "asking"), (PID, "terminal", "idle")]);
    insta::assert_debug_snapshot!(found[2]);
}

#[test]
fn where_processes_cannot_be_seen_the_status_is_unknown() {
    let mut machine = Machine::new();
    machine.env.os = Os::MacOs;
    register(&machine, PID, "terminal");
    let found = claude().sessions(&machine.env, &machine.claude_home());
    assert_eq!(found.iter().map(|s| s.status.as_str()).collect::<Vec<_>>(), ["unknown"]);
}

#[test]
fn what_a_client_waits_for_is_told() {
    let machine = Machine::new();
    for (pid, waits_for) in [(2, "permission prompt"), (3, "input needed")] {
        let session = json!({
            "pid": pid, "sessionId": format!("s-{pid}"), "cwd": "/", "kind": "interactive", "entrypoint": "cli",
            "procStart": "130586", "status": "waiting", "waitingFor": waits_for,
        });
        machine.file(&format!("home/ada/.claude/sessions/{pid}.json"), &session.to_string());
        process(&machine, pid, "130586");
    }
    let found = claude().sessions(&machine.env, &machine.claude_home());
    let short: Vec<_> = found.iter().map(|session| (session.pid, session.status.as_str())).collect();
    assert_eq!(short, [(2, "asking"), (3, "waiting")]);
}
