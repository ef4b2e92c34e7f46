//! Sessions of real clients that are told to ask less than their home is configured to. No file of the home says so;
//! their records do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::fs;

use clawbutler_testkit::codex;
use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, CODEX, HERMES, tried};
use clawbutler_wire::command::Status;
use clawbutler_wire::registry::HealthLevel;
use serde_json::{Value, json};

use super::shared::{level, shown};
use super::{bash, lax};

const ROW: &str = "drift: a session in a looser mode raises the alarm";
const CHECK: &str = "modes of sessions";

/// A command that says that it runs, and ends when it is told to.
fn command(name: &str) -> String {
    format!("touch {name}.began; until [ -e {name}.end ]; do sleep 0.2; done")
}

fn drifts(machine: &Machine) -> Vec<Value> {
    let drift = |entry: &Value| entry["kind"] == "config.drift" && entry["data"]["session"].is_string();
    machine.ledger().into_iter().filter(drift).collect()
}

fn alerts(machine: &Machine) -> Vec<String> {
    let alerts = machine.ask(&Status {}).unwrap().alerts.into_iter();
    alerts.map(|alert| alert.says).filter(|says| says.contains("asks less than it should")).collect()
}

fn begun(machine: &Machine, name: &str) {
    wait_for("its call", || machine.project().join(format!("{name}.began")).exists().then_some(()));
}

fn end(machine: &Machine, name: &str, running: Running) {
    fs::write(machine.project().join(format!("{name}.end")), "").unwrap();
    running.finish();
}

/// The session is raised once while it runs, and no longer.
fn alarm(machine: &Machine, name: &str, what: &str, running: Running) {
    let before = drifts(machine).len();
    begun(machine, name);
    let after = wait_for("the alarm", || Some(drifts(machine)).filter(|all| all.len() > before));
    assert_eq!(after.len(), before + 1, "{name}: {after:#?}");
    let says = after.last().unwrap()["data"]["says"].as_str().unwrap().to_owned();
    assert!(says.contains(what), "{name}: {says}");
    assert_eq!(alerts(machine), [says], "{name}");
    assert_eq!(level(&shown(machine), CHECK), HealthLevel::Degraded, "{name}: the guard judges its calls");
    end(machine, name, running);
    wait_for("the end of the alarm", || alerts(machine).is_empty().then_some(()));
    assert!(!shown(machine).agent.health.checks.iter().any(|check| check.name == CHECK), "{name} ended");
    assert_eq!(drifts(machine).len(), before + 1, "{name}");
}

#[test]
fn sessions_of_claude_code_in_a_looser_mode_raise_the_alarm() {
    let mut settings = lax();
    settings["permissions"]["defaultMode"] = json!("default");
    let Some(machine) = Machine::with_claude(&settings) else { return };
    let _row = tried(CLAUDE, ROW);
    let start = |name: &str, args: &[&str]| machine.claude(&script(&json!([bash(&command(name))])), args);
    let running = start("plain", &[]);
    begun(&machine, "plain");
    end(&machine, "plain", running);
    assert_eq!(drifts(&machine), Vec::<Value>::new(), "it was in the mode of its home");
    let flags: [(&str, &[&str], &str); 3] = [
        ("skip", &["--dangerously-skip-permissions"], "mode bypassPermissions, looser than default"),
        ("mode", &["--permission-mode", "bypassPermissions"], "mode bypassPermissions, looser than default"),
        ("edits", &["--permission-mode", "acceptEdits"], "mode acceptEdits, looser than default"),
    ];
    for (name, args, what) in flags {
        alarm(&machine, name, what, start(name, args));
    }
}

#[test]
fn sessions_of_codex_in_a_looser_mode_raise_the_alarm() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, ROW);
    machine.install_guard();
    codex::trust(&machine);
    let start = |name: &str, args: &[&str]| {
        let call = json!([[{ "tool": "exec_command", "input": { "cmd": command(name), "yield_time_ms": 30_000 } }]]);
        codex::exec_as_set(&machine, &script(&call), args)
    };
    // Where the system has no sandbox for it the command fails; the session was set to it all the same.
    end(&machine, "plain", start("plain", &["-s", "workspace-write"]));
    assert_eq!(drifts(&machine), Vec::<Value>::new(), "the client itself lets `exec` never ask");
    let flags: [(&str, &[&str]); 3] = [
        ("full", &["-s", "danger-full-access"]),
        ("yolo", &["--dangerously-bypass-approvals-and-sandbox"]),
        ("setting", &["-c", "sandbox_mode=\"danger-full-access\""]),
    ];
    for (name, args) in flags {
        alarm(&machine, name, "sandbox danger-full-access, looser than workspace-write", start(name, args));
    }
}

/// Nothing that Hermes records tells of it: the guard does, with every call.
#[test]
fn sessions_of_hermes_that_skip_its_prompts_raise_the_alarm() {
    let Some(hermes) = Hermes::guarded("manual") else { return };
    let _row = tried(HERMES, ROW);
    let machine = &hermes.machine;
    let prompt = |name: &str| script(&json!([[{ "tool": "terminal", "input": { "command": command(name) } }]]));
    for (name, args) in [("plain", &["chat", "-q"][..]), ("single", &["-z"][..])] {
        let text = prompt(name);
        let running = hermes.start(&[args, &[text.as_str()]].concat());
        begun(machine, name);
        end(machine, name, running);
        assert_eq!(
            drifts(machine),
            Vec::<Value>::new(),
            "{name}: as its home is configured, or as Hermes itself lets it"
        );
    }
    let what = "mode yolo, looser than manual, what its home is configured to";
    alarm(machine, "flag", what, hermes.start(&["chat", "--yolo", "-q", &prompt("flag")]));
    let by_variable = hermes.command(&["chat", "-q", &prompt("var")]).env("HERMES_YOLO_MODE", "1").spawn().unwrap();
    alarm(machine, "var", what, Running(by_variable));
    // The guard asks all the same.
    let risky = json!([[{ "tool": "terminal", "input": { "command": "touch ran.txt && rm -rf victim" } }]]);
    let running = hermes.start(&["chat", "--yolo", "-q", &script(&risky)]);
    machine.decide(&machine.wait_pending(), "deny", None).unwrap();
    running.finish();
    assert!(machine.project().join("victim").exists() && !machine.project().join("ran.txt").exists());
}
