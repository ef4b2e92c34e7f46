//! The registry and the real client: its live session is seen, its own writing is no drift, the kill switch ends it.

use std::fs;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, tried};
use clawbutler_wire::command::{KillAgent, ReviveAgent, SetAgentState, ShowAgent};
use clawbutler_wire::registry::{AgentDetail, AgentState, HealthLevel, KillOutcome};
use serde_json::json;

use super::{bash, lax, told};

fn shown(machine: &Machine) -> AgentDetail {
    machine.ask(&ShowAgent { home_id: machine.home_id() }).expect("the host answers")
}

#[test]
fn the_kill_switch_ends_a_session_and_the_command_it_runs() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "state: kill switch and revival");
    let client = machine.claude(&script(&json!([bash("echo $$ > pid.txt && sleep 300")])), &[]);
    let pid: u32 =
        wait_for("the command", || fs::read_to_string(machine.project().join("pid.txt")).ok()?.trim().parse().ok());
    let seen = shown(&machine);
    assert_eq!(seen.sessions.len(), 1, "{seen:?}");
    assert_eq!(seen.sessions[0].guarded, Some(true));
    assert_eq!(seen.agent.version, seen.sessions[0].version);
    assert!(
        seen.agent.health.checks.iter().all(|check| check.level != HealthLevel::Critical),
        "{:?}",
        seen.agent.health
    );
    let report = machine.ask(&KillAgent { home_id: machine.home_id() }).expect("the host answers");
    assert!(report.complete, "{report:?}");
    assert_eq!(report.items.iter().map(|item| item.outcome).collect::<Vec<_>>(), [KillOutcome::Stopped]);
    client.finish();
    assert!(!alive(pid), "the command was ended too");
    assert_eq!(shown(&machine).agent.live_sessions, 0);
    let kinds: Vec<String> =
        machine.ledger().iter().map(|entry| entry["kind"].as_str().expect("text").to_owned()).collect();
    let at = |kind: &str| kinds.iter().position(|own| own == kind);
    assert!(at("agent.kill_requested").is_some() && at("agent.kill_requested") < at("agent.killed"), "{kinds:?}");

    let next = machine.claude(&script(&json!([bash("touch ran.txt")])), &[]);
    next.finish();
    assert!(!machine.project().join("ran.txt").exists(), "a new session of a killed agent does nothing");
    told(&machine, "kill switch");
    let revived = machine.ask(&ReviveAgent { home_id: machine.home_id() }).expect("the host answers");
    assert_eq!(revived.state, AgentState::Online);
    machine.claude(&script(&json!([bash("touch ran.txt")])), &[]).finish();
    assert!(machine.project().join("ran.txt").exists());
}

/// Whether a process runs: one that has ended may wait for whoever started it.
pub(super) fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_disabled_agent_does_nothing_with_the_app_and_without() {
    let Some(mut machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "state: disabled, with the app and without");
    machine.ask(&SetAgentState { home_id: machine.home_id(), enabled: false }).expect("the host answers");
    for round in ["with the app", "without"] {
        let client = machine.claude(&script(&json!([bash("touch ran.txt")])), &[]);
        client.finish();
        assert!(!machine.project().join("ran.txt").exists(), "{round}");
        told(&machine, "disabled this agent");
        fs::remove_dir_all(machine.at("home/.claude/projects")).expect("the file system works");
        if round == "with the app" {
            machine.quit();
        }
    }
}

#[test]
fn what_the_client_writes_of_itself_is_no_drift() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "drift: the client's own writing is none");
    machine.claude(&script(&json!([bash("touch ran.txt")])), &[]).finish();
    machine.claude(&script(&json!([bash("touch again.txt")])), &[]).finish();
    assert!(machine.project().join("again.txt").exists());
    let seen = shown(&machine);
    assert_eq!(seen.drift.map(|drift| drift.changes), None);
}
