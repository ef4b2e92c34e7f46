//! What the real daemon tells besides questions: states of its sessions, limits, contexts.

use clawbutler_testkit::codex;
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, tried};
use clawbutler_wire::command::{ListSessions, ShowAgent};
use clawbutler_wire::registry::AgentDetail;
use clawbutler_wire::sessions::{SessionState, StateSource};
use serde_json::json;

use super::{SOCKET, Seat, asked, attached, victim};

fn shown(machine: &Machine) -> AgentDetail {
    machine.ask(&ShowAgent { home_id: machine.home_id() }).unwrap()
}

/// Waits until the one session does one of these, and it is told by that.
fn does(machine: &Machine, one_of: &[(SessionState, StateSource)]) {
    wait_for(&format!("{one_of:?}"), || {
        let rows = machine.ask(&ListSessions::default()).unwrap().items;
        rows.iter().any(|row| one_of.contains(&(row.state, row.state_source))).then_some(())
    });
}

#[test]
fn states_limits_and_contexts_are_told() {
    let Some(machine) = codex::machine() else { return };
    let _rows = ["attached: states, limits and contexts are told", "attached: what a server's sessions do is shown"]
        .map(|scenario| tried(CODEX, scenario));
    let real = attached(&machine);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut driver = Seat::at(&machine.at(""), SOCKET).await;
        let begun = driver.daemon.begin(&machine.project().display().to_string()).await.unwrap();
        let (_, call) = victim(&machine, "kept");
        driver.daemon.say(&begun.id, &script(&json!([call]))).await.unwrap();
        let seen = asked(&machine, "kept");
        does(&machine, &[(SessionState::WaitingApproval, StateSource::Queue)]);
        machine.decide(&seen, "deny", None).unwrap();
        driver.turn_ends().await;
        does(&machine, &[(SessionState::Idle, StateSource::Runtime)]);
        let input = json!({ "cmd": "sleep 3", "yield_time_ms": 8_000, "sandbox_permissions": "require_escalated",
            "justification": "Wait." });
        let sleep = json!([{ "tool": "exec_command", "input": input }]);
        driver.daemon.say(&begun.id, &script(&json!([sleep]))).await.unwrap();
        machine.decide(&asked(&machine, "sleep 3"), "allow_once", None).unwrap();
        does(&machine, &[(SessionState::Running, StateSource::Runtime)]);
        driver.turn_ends().await;

        let limit = wait_for("a limit by the server", || {
            let limit = shown(&machine).limits.into_iter().find(|limit| limit.window == "5h")?;
            limit.source.starts_with("told by the server at").then_some(limit)
        });
        // Over its connection it tells whole percents, in its records what it was told: 12.5.
        assert_eq!((limit.used_percent, limit.resets_at), (13.0, Some(2_000_000_000_000)));
        let context = wait_for("a context", || shown(&machine).contexts.into_iter().next());
        assert!(context.session == begun.id && context.used > 0 && context.window > context.used, "{context:?}");
    });
    // What it says over its connection is in its record a moment later.
    let turns = || {
        let record = std::fs::read_to_string(codex::records(&machine).pop()?).ok()?;
        (record.matches("\"task_complete\"").count() == 2).then_some(())
    };
    wait_for("the end of both turns in the record", turns);
    drop(real);
    // The server opens a record when it writes: where it was seen to have this one open, its end is the session's.
    does(&machine, &[(SessionState::Idle, StateSource::Recorded), (SessionState::Ended, StateSource::Process)]);
}
