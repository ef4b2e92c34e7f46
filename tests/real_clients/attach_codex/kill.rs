//! Stopping what runs in the real daemon: a turn over its own line, and all of it with the kill switch.

use std::fs;

use clawbutler_core::timeline::{Outcome, What};
use clawbutler_testkit::codex;
use clawbutler_testkit::in_shell;
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, tried};
use clawbutler_wire::attached::LinkState;
use clawbutler_wire::command::KillAgent;
use clawbutler_wire::registry::{KillItem, KillOutcome};
use serde_json::json;

use super::super::shared::alive;
use super::{Event, Seat, asked, attached, connection};

/// Begins a thread with a command that goes on, and gives the ids of the thread, its turn and the command's process.
async fn begin(machine: &Machine, driver: &mut Seat, name: &str) -> (String, String, u32) {
    let begun = driver.daemon.begin(&machine.project().display().to_string()).await.unwrap();
    let noted = machine.at("home").join(name);
    let input = json!({ "cmd": format!("echo $$ > {} && sleep 300", in_shell(&noted)), "yield_time_ms": 60_000,
        "sandbox_permissions": "require_escalated", "justification": "Wait." });
    let call = json!([[{ "tool": "exec_command", "input": input }]]);
    let turn = driver.daemon.say(&begun.id, &script(&call)).await.unwrap();
    machine.decide(&asked(machine, name), "allow_once", None).unwrap();
    let pid = wait_for("the command", || fs::read_to_string(&noted).ok()?.trim().parse().ok());
    (begun.id, turn, pid)
}

#[test]
fn a_turn_is_stopped_over_the_line_and_all_of_it_by_the_kill_switch() {
    let Some(machine) = codex::machine() else { return };
    let _rows = ["attached: a turn is stopped", "attached: kill switch, every session of the server"]
        .map(|scenario| tried(CODEX, scenario));
    let mut real = attached(&machine);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (stopped, running): (String, (String, [u32; 2])) = runtime.block_on(async {
        let mut driver = Seat::at(&machine.at(""), super::SOCKET).await;
        let (stopped, turn, sleeping) = begin(&machine, &mut driver, "stopped.pid").await;
        driver.daemon.interrupt(&stopped, &turn).await.unwrap();
        let interrupted = |event: &Event| match event {
            Event::Steps { steps, .. } => steps
                .iter()
                .any(|step| {
                    matches!(step.what, What::ToolResult { outcome: Outcome::Interrupted, .. } | What::State { .. })
                })
                .then_some(()),
            _ => None,
        };
        driver.find("the end of the turn", interrupted).await;
        // What the turn started may run on: whether it does depends on how it was begun (docs/runtimes/codex.md).
        let left = sleeping;
        let again = driver.daemon.interrupt(&stopped, &turn).await;
        assert!(again.is_err(), "what does not run cannot be stopped, and that is said: {again:?}");
        let (running, _, sleeping) = begin(&machine, &mut driver, "running.pid").await;
        (stopped, (running, [left, sleeping]))
    });

    let report = machine.ask(&KillAgent { home_id: machine.home_id() }).unwrap();
    assert!(report.complete, "{:?}", report.items);
    let of = |session: &str| -> Vec<&KillItem> {
        report.items.iter().filter(|item| item.session.as_deref() == Some(session)).collect()
    };
    for session in [&stopped, &running.0] {
        let [item] = of(session)[..] else { panic!("{session}: {:?}", report.items) };
        assert_eq!((item.outcome, item.pid), (KillOutcome::Stopped, Some(real.0.id())), "{item:?}");
        assert!(!item.says.contains("by force"), "it ends at once when it is asked again: {item:?}");
    }
    assert!(running.1.iter().all(|command| !alive(*command)), "the commands were ended too");
    wait_for("the end of the daemon", || real.0.try_wait().unwrap());
    wait_for("the loss", || (connection(&machine).link != LinkState::Up).then_some(()));
}
