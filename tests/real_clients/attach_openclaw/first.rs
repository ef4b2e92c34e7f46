//! Who is first at the real gateway: another approver, its own deadline, or our guard in front of its question; and a
//! token that is another one meanwhile.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::thread;

use clawbutler_attach::openclaw::{Decision, Reach as Rights, Resolution};
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway, TOKEN, cli, command};
use clawbutler_testkit::results::{OPENCLAW, tried};
use clawbutler_wire::approvals::ApprovalView;
use clawbutler_wire::attached::{LinkState, Reach};
use clawbutler_wire::command::AttachHome;
use serde_json::{Value, json};

use super::window::{attach, comes, connected};
use super::{Seat, connection, floor, stands, target};

fn asked(machine: &Machine, words: &str) -> ApprovalView {
    wait_for("the question", || machine.pending().items.into_iter().find(|one| one.headline.contains(words)))
}

fn nothing_waits(machine: &Machine) {
    comes("the end of the question", || machine.pending().items.is_empty().then_some(()));
}

fn of_kind(machine: &Machine, kind: &str) -> Vec<Value> {
    machine.ledger().into_iter().filter(|entry| entry["kind"] == kind).collect()
}

fn risky(name: &str) -> Value {
    json!([{ "tool": "exec", "input": { "command": format!("rm -rf {name}") } }])
}

fn other_approver(machine: &Machine, gateway: &Gateway) {
    let _row = tried(OPENCLAW, "attached: answered in the client first");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut other = Seat::open(target(gateway.port, 9, Rights::Govern)).await;
        let turn = gateway.turn("first", &script(&json!([risky("first")])));
        let ours = asked(machine, "first");
        let theirs = other.asked().await;
        assert_eq!(other.live.resolve(&theirs, Decision::Deny).await.unwrap(), Resolution::Applied);
        nothing_waits(machine);
        assert!(machine.decide(&ours, "allow_once", None).is_err(), "it was answered elsewhere");
        turn.join().unwrap();
    });
    let withdrawn = of_kind(machine, "approval.withdrawn");
    assert_eq!(withdrawn.last().unwrap()["data"]["cause"], "answered_in_client");
}

/// Another program asks over the gateway, with a deadline shorter than ours.
fn deadline(machine: &Machine) {
    let _row = tried(OPENCLAW, "attached: gateway, its own deadline passes first");
    let params = json!({
        "command": "rm -rf late", "cwd": machine.project(), "host": "gateway", "agentId": "main", "timeoutMs": 6_000,
    });
    let params = params.to_string();
    let args = ["gateway", "call", "exec.approval.request", "--params", &params, "--token", TOKEN, "--json"];
    let mut asks = command(machine);
    asks.args(args);
    let asks = thread::spawn(move || asks.output().unwrap());
    let seen = asked(machine, "late");
    let left = seen.expires_at - seen.created_at;
    assert!((1..=6_000).contains(&left), "the gateway's deadline is shown, not ours: {left}");
    nothing_waits(machine);
    let said = asks.join().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(!said.contains("allow"), "{said}");
    assert!(machine.decide(&seen, "allow_once", None).is_err(), "it is over");
    let ledger = machine.ledger();
    let asked = ledger.iter().find(|entry| entry["kind"] == "action.requested" && entry.to_string().contains("late"));
    let span = &asked.unwrap()["span"];
    let kinds: Vec<&str> =
        ledger.iter().filter(|one| one["span"] == *span).filter_map(|one| one["kind"].as_str()).collect();
    assert!(kinds.contains(&"approval.expired"), "{kinds:?}");
}

/// The token is another one after a restart: that is said, nothing is tried for ever, and the new one heals it.
fn token(machine: &Machine) {
    let _row = tried(OPENCLAW, "attached: gateway, a wrong token, then the right one");
    let home_id = machine.home_id();
    let with = |token: &str| AttachHome {
        home_id: home_id.clone(),
        url: None,
        token: Some(token.to_owned()),
        reach: Some(Reach::Govern),
    };
    let asked = machine.ask(&with("not-the-token-at-all"));
    let refused = comes("the refusal", || {
        let view = connection(machine);
        (view.link == LinkState::Refused || asked.is_err()).then_some(view)
    });
    let text = format!("{refused:?} {asked:?}");
    assert!(!text.contains("not-the-token"), "{text}");
    assert!(asked.is_err() || refused.fix.is_some(), "{text}");
    machine.ask(&with(TOKEN)).unwrap();
    stands(machine);
}

#[test]
fn whoever_is_first_at_the_gateway_counts() {
    let Some((machine, gateway)) = connected(Reach::Govern) else { return };
    floor(&machine, true);
    other_approver(&machine, &gateway);
    deadline(&machine);
    token(&machine);
}

/// The plugin and the gateway both hold a command: a person is asked once, and what was denied in front never reaches
/// the gateway's question.
#[test]
fn with_the_guard_each_call_is_asked_about_once() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "attached: with the guard, each call is asked about once");
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    attach(&machine, Reach::Govern);
    floor(&machine, true);
    let through = |name: &str| {
        let args = json!({ "command": format!("rm -rf {name}") });
        json!([{ "tool": "tool_call", "input": { "id": "exec", "args": args } }])
    };
    for (name, step) in [("straight", risky("straight")), ("through", through("through"))] {
        for decision in ["deny", "allow_once"] {
            let victim = machine.project().join(name);
            std::fs::create_dir_all(&victim).unwrap();
            let before = of_kind(&machine, "approval.requested").len();
            let turn = gateway.turn(&format!("{name}-{decision}"), &script(&json!([step])));
            let mut asked = Vec::new();
            while !turn.is_finished() {
                if let Some(seen) = machine.pending().items.into_iter().next() {
                    machine.decide(&seen, decision, None).unwrap();
                    asked.push(seen.tool);
                }
                thread::sleep(std::time::Duration::from_millis(50));
            }
            assert_eq!(turn.join().unwrap().status, 200);
            assert_eq!(victim.exists(), decision == "deny", "{name} {decision}: {asked:?}");
            // Behind the tool for tools there are two calls, one made through the other; the gateway adds none.
            let calls = if (name, decision) == ("through", "allow_once") { 2 } else { 1 };
            assert_eq!(of_kind(&machine, "approval.requested").len() - before, calls, "{name} {decision}: {asked:?}");
        }
    }
    assert!(cli(&machine, &["approvals", "get", "--gateway", "--token", TOKEN]).contains("always"));
}
