//! Two real gateways at once: one whose home is governed, one of which only the address is known.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::path::PathBuf;
use std::time::Instant;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway, TOKEN};
use clawbutler_testkit::results::{OPENCLAW, tried};
use clawbutler_wire::approvals::ApprovalView;
use clawbutler_wire::attached::{ConnectionView, LinkState};
use clawbutler_wire::command::{
    AddHome, AttachHome, DetachHome, ForgetHome, Govern, KillAgent, ListAgents, ListConnections, PlanGuard, SetFloor,
};
use clawbutler_wire::registry::{AgentView, Can, KillOutcome};
use clawbutler_wire::runtimes::{GuardState, GuardVariant};
use serde_json::{Value, json};

use super::PATIENCE;

fn connection(machine: &Machine, home: &str) -> ConnectionView {
    let all = machine.ask(&ListConnections {}).unwrap().items;
    all.into_iter().find(|one| one.home_id == home).unwrap()
}

fn stands(machine: &Machine, home: &str) {
    let start = Instant::now();
    while connection(machine, home).link != LinkState::Up {
        assert!(start.elapsed() < PATIENCE, "{:?}", connection(machine, home));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Chooses, connects and has everything asked about.
fn govern(machine: &Machine, home: &str) {
    machine.ask(&Govern { home_id: home.to_owned(), governed: true }).unwrap();
    let token = Some(TOKEN.to_owned());
    machine.ask(&AttachHome { home_id: home.to_owned(), url: None, token, reach: None }).unwrap();
    stands(machine, home);
    let seen = wait_for("the policy", || connection(machine, home).floor);
    let raised = SetFloor { home_id: home.to_owned(), raised: true, seen_hash: seen.hash };
    assert!(machine.ask(&raised).unwrap().floor.unwrap().raised);
}

fn agent(machine: &Machine, home: &str) -> AgentView {
    machine.ask(&ListAgents {}).unwrap().agents.into_iter().find(|agent| agent.id == home).unwrap()
}

/// What a risky call of this name would remove.
fn victim(machine: &Machine, name: &str) -> PathBuf {
    let path = machine.project().join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn risky(name: &str) -> String {
    script(&json!([[{ "tool": "exec", "input": { "command": format!("rm -rf {name}") } }]]))
}

fn asked_by(machine: &Machine, place: &str) -> ApprovalView {
    wait_for("a question of this gateway", || {
        machine.pending().items.into_iter().find(|one| one.home.as_deref() == Some(place))
    })
}

#[test]
fn two_gateways_are_told_apart_and_fail_apart() {
    let (Some(mut machine), Some(other)) = (openclaw::machine(), openclaw::machine()) else { return };
    let _rows =
        ["attached: gateway, two at once, one by its address only", "attached: gateway, one of two goes and returns"]
            .map(|scenario| tried(OPENCLAW, scenario));
    let (here, there) = (Gateway::start(&machine), Gateway::start(&other));
    let (home, place) = (machine.home_id(), format!("ws://127.0.0.1:{}", there.port));
    let folder = machine.at(machine.governed).display().to_string();

    // The entry of its own: what the connection can do, and no guard.
    let add = |place: String| AddHome { runtime: "openclaw".to_owned(), place };
    assert!(machine.ask(&add("ws://192.0.2.1:18789".to_owned())).is_err(), "on this machine only");
    let named = machine.ask(&add(format!("ws://localhost:{}", there.port))).unwrap();
    let far = named.id.clone();
    assert_eq!((named.home.as_str(), named.governed, named.guard.state), (place.as_str(), false, GuardState::Missing));
    assert!(named.guard.says.contains("address"), "{:?}", named.guard);
    assert!(named.capabilities.iter().all(|one| one.can != Can::No), "{:?}", named.capabilities);
    let plan = PlanGuard { home_id: far.clone(), variant: GuardVariant::User, uninstall: false };
    assert!(machine.ask(&plan).unwrap_err().message.contains("address"));
    for id in [&home, &far] {
        govern(&machine, id);
    }
    assert_eq!(agent(&machine, &far).home, place);

    // Both ask at once; each question has its home, and each answer reaches its own gateway.
    let (mine, theirs) = (victim(&machine, "mine"), victim(&other, "theirs"));
    let turns = [here.turn("one", &risky("mine")), there.turn("one", &risky("theirs"))];
    let (first, second) = (asked_by(&machine, &folder), asked_by(&machine, &place));
    assert_eq!((first.headline.as_str(), second.headline.as_str()), ("rm -rf mine", "rm -rf theirs"));
    machine.decide(&second, "allow_once", None).unwrap();
    machine.decide(&first, "deny", None).unwrap();
    for turn in turns {
        assert_eq!(turn.join().unwrap().status, 200);
    }
    assert!(mine.exists() && !theirs.exists());

    // One goes with a question open: it is told, the question leaves, the other one asks on.
    let held = victim(&other, "held");
    let cut = there.turn_that_may_end("two", &risky("held"));
    asked_by(&machine, &place);
    drop(there);
    let start = Instant::now();
    while connection(&machine, &far).link == LinkState::Up {
        assert!(start.elapsed() < PATIENCE, "{:?}", connection(&machine, &far));
    }
    drop(cut.join());
    assert_eq!(connection(&machine, &home).link, LinkState::Up);
    let turn = here.turn("three", &risky("mine"));
    machine.decide(&asked_by(&machine, &folder), "deny", None).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    assert!(mine.exists() && held.exists());

    // It returns: the lists are read anew, the old question is gone, and a new one is answered.
    let again = Gateway::start(&other);
    stands(&machine, &far);
    wait_for("the old question to go", || machine.pending().items.is_empty().then_some(()));
    let back = victim(&other, "back");
    let turn = again.turn("four", &risky("back"));
    machine.decide(&asked_by(&machine, &place), "allow_once", None).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    assert!(!back.exists());

    // The kill switch ends the run over the connection; the gateway goes on.
    let turn = again.turn_that_may_end("five", &risky("held"));
    asked_by(&machine, &place);
    let report = machine.ask(&KillAgent { home_id: far.clone() }).unwrap();
    assert!(report.items.iter().any(|item| item.outcome == KillOutcome::Stopped), "{:?}", report.items);
    drop(turn.join());
    assert!(held.exists());
    assert_eq!(connection(&machine, &far).link, LinkState::Up);

    // Given back and forgotten: the home is not.
    assert!(machine.ask(&ForgetHome { home_id: far.clone() }).is_err(), "it is still connected");
    let seen = connection(&machine, &far).floor.unwrap();
    machine.ask(&SetFloor { home_id: far.clone(), raised: false, seen_hash: seen.hash }).unwrap();
    machine.ask(&DetachHome { home_id: far.clone(), anyway: false }).unwrap();
    machine.ask(&ForgetHome { home_id: far.clone() }).unwrap();
    assert!(machine.ask(&ListAgents {}).unwrap().agents.iter().all(|agent| agent.id != far));
    assert_eq!(connection(&machine, &home).link, LinkState::Up);

    // Somebody who reads only the ledger can tell which gateway each question came from, and which one went.
    machine.quit();
    let ledger = machine.ledger();
    let asked = |place: &str| {
        let of = |entry: &&Value| entry["kind"] == "action.requested" && entry["data"]["process"]["home"] == place;
        ledger.iter().filter(of).count()
    };
    assert_eq!((asked(&folder), asked(&place)), (2, 4));
    let up = |home: &str| {
        let of = |entry: &&Value| entry["kind"] == "gateway.up" && entry["data"]["home"] == home;
        ledger.iter().filter(of).count()
    };
    assert_eq!((up(&home), up(&far)), (1, 2), "the one never went");
    let named = ledger.iter().find(|entry| entry["kind"] == "home.named").unwrap();
    assert_eq!((&named["data"]["path"], &named["actor"]["kind"]), (&json!(place), &json!("local_user")));
}
