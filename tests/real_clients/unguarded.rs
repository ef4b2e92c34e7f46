//! Sessions of real clients that run without the guard although it is installed: begun before it, or told to leave
//! hooks out. Their own records give them away.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::fs;
use std::thread;
use std::time::Duration;

use clawbutler_testkit::codex;
use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, CODEX, tried};
use clawbutler_wire::command::Status;
use clawbutler_wire::registry::HealthLevel;
use clawbutler_wire::runtimes::GuardState;
use serde_json::{Value, json};

use super::shared::{found, level, shown};
use super::{bash, lax};

const ROW: &str = "guard: a process without it raises the alarm";
/// As long as a guard may take to be loaded by what runs, and some more.
const LOADED: Duration = Duration::from_secs(13);

/// Commands of a session: each waits for a file, the last one for the end.
fn commands(name: &str) -> [String; 3] {
    let wait = |file: &str| format!("until [ -e {file} ]; do sleep 0.2; done");
    [
        format!("touch {name}.began; {}", wait(&format!("{name}.guarded"))),
        format!("touch {name}.ran"),
        wait(&format!("{name}.end")),
    ]
}

fn touch(machine: &Machine, name: &str) {
    fs::write(machine.project().join(name), "").unwrap();
}

fn drifts(machine: &Machine) -> Vec<Value> {
    machine.ledger().into_iter().filter(|entry| entry["kind"] == "guard.drift").collect()
}

/// The session runs a call that nobody is asked about, and that is raised: once, in the log, on the screen, in the
/// agent's health, as long as it runs.
fn alarm(machine: &Machine, name: &str, running: Running) {
    let before = drifts(machine).len();
    touch(machine, &format!("{name}.guarded"));
    wait_for("its call", || machine.project().join(format!("{name}.ran")).exists().then_some(()));
    let after = wait_for("the alarm", || Some(drifts(machine)).filter(|all| all.len() > before));
    assert_eq!(after.len(), before + 1, "{name}: {after:#?}");
    let says = after.last().unwrap()["data"]["says"].as_str().unwrap().to_owned();
    let alerts = machine.ask(&Status {}).unwrap().alerts;
    assert_eq!(alerts.iter().filter(|alert| alert.says == says && !alert.fix.is_empty()).count(), 1, "{alerts:?}");
    assert_eq!(level(&shown(machine), "calls without the guard"), HealthLevel::Critical, "{name}");
    assert_eq!(found(machine).guard.state, GuardState::User, "{name}: the files say nothing of it");
    touch(machine, &format!("{name}.end"));
    running.finish();
    let checks = shown(machine).agent.health.checks;
    assert!(!checks.iter().any(|check| check.name == "calls without the guard"), "{name} ended: {checks:?}");
    let about = after.last().unwrap()["data"]["session"].clone();
    let asked = machine.ledger().into_iter().filter(|entry| entry["kind"] == "action.requested");
    assert!(!asked.into_iter().any(|entry| entry["actor"]["session"] == about), "{name}: a hook sees it by now");
}

#[test]
fn sessions_of_claude_code_that_leave_hooks_out_raise_the_alarm() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, ROW);
    thread::sleep(LOADED);
    let off = r#"{"disableAllHooks":true}"#;
    let ways: [(&str, &[&str]); 4] = [
        ("settings", &["--settings", off]),
        ("bare", &["--bare"]),
        ("safe", &["--safe-mode"]),
        ("sources", &["--setting-sources", "project"]),
    ];
    for (name, args) in ways {
        let turns = json!(commands(name).map(|command| bash(&command)));
        let running = machine.claude(&script(&turns), &[args, &["--dangerously-skip-permissions"]].concat());
        alarm(&machine, name, running);
    }
}

/// It reads its settings again when they change, also between two calls of one prompt.
#[test]
fn a_session_of_claude_code_begun_before_the_guard_takes_it_up() {
    let Some(machine) = Machine::with_client(&lax()) else { return };
    let _row = tried(CLAUDE, "guard: taken in by a running client");
    let turns = json!(commands("early").map(|command| bash(&command)));
    let running = machine.claude(&script(&turns), &[]);
    wait_for("its first call", || machine.project().join("early.began").exists().then_some(()));
    machine.install_guard();
    thread::sleep(LOADED);
    touch(&machine, "early.guarded");
    wait_for("its call", || machine.project().join("early.ran").exists().then_some(()));
    thread::sleep(LOADED);
    touch(&machine, "early.end");
    running.finish();
    let asked = machine.ledger().into_iter().filter(|entry| entry["kind"] == "action.requested");
    assert_eq!(asked.count(), 2, "the calls after the first one go through the guard");
    assert_eq!(drifts(&machine), Vec::<Value>::new());
}

#[test]
fn sessions_of_codex_that_leave_hooks_out_raise_the_alarm() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, ROW);
    let turns =
        |name: &str| {
            script(&json!(commands(name).map(
                |command| json!([{ "tool": "exec_command", "input": { "cmd": command, "yield_time_ms": 30_000 } }])
            )))
        };
    let early = codex::exec(&machine, &turns("early"), &[]);
    wait_for("its first call", || machine.project().join("early.began").exists().then_some(()));
    machine.install_guard();
    codex::trust(&machine);
    wait_for("the guard", || (found(&machine).guard.state == GuardState::User).then_some(()));
    thread::sleep(LOADED);
    alarm(&machine, "early", early);
    for (name, args) in [
        ("disable", ["--disable", "hooks"]),
        ("flag", ["-c", "features.hooks=false"]),
        ("old", ["-c", "features.codex_hooks=false"]),
    ] {
        let running = codex::exec(&machine, &turns(name), &args);
        alarm(&machine, name, running);
    }
}
