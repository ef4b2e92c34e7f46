//! The daemon asked to trust our hooks: threads that run take the guard up at once.

use clawbutler_testkit::codex;
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, tried};
use clawbutler_wire::command::{InstallGuard, PlanGuard};
use clawbutler_wire::runtimes::{GuardState, GuardVariant};
use serde_json::{Value, json};

use super::{SOCKET, Seat, asked, attached};

/// A call that the guard asks about and the client does not.
fn risky(name: &str) -> Value {
    json!([{ "tool": "exec_command", "input": { "cmd": format!("mkdir victim-{name}; find victim-{name} -delete") } }])
}

#[test]
fn a_running_thread_is_guarded_from_then_on() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, "guard: taken in by a running client");
    machine.install_guard();
    let _real = attached(&machine);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut driver = Seat::at(&machine.at(""), SOCKET).await;
        let begun = driver.daemon.begin(&machine.project().display().to_string()).await.unwrap();
        driver.daemon.say(&begun.id, &script(&json!([risky("early")]))).await.unwrap();
        driver.turn_ends().await;
        assert!(machine.pending().items.is_empty(), "nothing guards yet");

        let (home_id, variant) = (machine.home_id(), GuardVariant::Trust);
        let plan = machine.ask(&PlanGuard { home_id: home_id.clone(), variant, uninstall: false }).unwrap();
        assert!(plan.notes[0].contains("the running server at"), "{plan:?}");
        let install = InstallGuard { home_id, variant, plan_digest: plan.plan_digest };
        assert_eq!(machine.ask(&install).unwrap().guard.state, GuardState::User);

        driver.daemon.say(&begun.id, &script(&json!([risky("late")]))).await.unwrap();
        machine.decide(&asked(&machine, "victim-late"), "deny", None).unwrap();
        driver.turn_ends().await;
    });
    let kinds = machine.kinds();
    let count = |kind: &str| kinds.iter().filter(|one| *one == kind).count();
    assert_eq!((count("guard.trusted"), count("approval.requested")), (1, 1), "{kinds:?}");
}
