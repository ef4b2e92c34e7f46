//! What the client tells of outcomes, sub-agents and sessions by each way in, and what the ledger says of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::process::Command;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway, TOKEN, cli};
use clawbutler_testkit::results::{OPENCLAW, tried};
use serde_json::{Value, json};

use super::{Place, call};

const MAIN: &str = "agent:main:main";

fn rpc(machine: &Machine, method: &str, params: &Value) -> Value {
    let said = cli(machine, &["gateway", "call", method, "--params", &params.to_string(), "--token", TOKEN, "--json"]);
    serde_json::from_str(&said).unwrap()
}

fn of_kind(machine: &Machine, kind: &str) -> Vec<Value> {
    machine.ledger().into_iter().filter(|entry| entry["kind"] == kind).collect()
}

/// Waits for an entry of this kind with these facts.
fn told(machine: &Machine, kind: &str, facts: &Value) -> Value {
    let fits =
        |entry: &Value| facts.as_object().unwrap().iter().all(|(name, fact)| entry["data"]["facts"][name] == *fact);
    wait_for(&format!("{kind} with {facts}"), || of_kind(machine, kind).into_iter().rev().find(|entry| fits(entry)))
}

fn exec(command: &str) -> Value {
    json!([{ "tool": "exec", "input": { "command": command } }])
}

/// A command that fails is a call that was carried out, for the client; with its exit code.
fn outcomes(place: &Place<'_>) {
    let missing = json!([{ "tool": "read", "input": { "path": "missing.txt" } }]);
    let through = json!([{ "tool": "tool_call", "input": { "id": "exec", "args": { "command": "exit 4" } } }]);
    place.turn("outcomes", &json!([exec("exit 3"), missing, through]));
    told(place.machine, "action.completed", &json!({ "exit_code": 3 }));
    let inner = told(place.machine, "action.completed", &json!({ "exit_code": 4 }));
    assert!(inner["data"]["facts"]["within"].is_string(), "{inner}");
    let failed = wait_for("the failure", || of_kind(place.machine, "action.failed").pop());
    assert!(failed["data"]["facts"]["error"].to_string().contains("missing.txt"), "{failed}");
    for entry in of_kind(place.machine, "action.completed").iter().chain([&failed]) {
        assert!(entry["data"]["facts"]["duration_ms"].is_u64(), "{entry}");
    }
}

/// A sub-agent that asks for nothing: only the session that began it tells of it.
fn silent_sub_agent(place: &Place<'_>) {
    let args = json!({ "task": "say hello", "label": "talker" });
    let spawn = json!([{ "tool": "tool_call", "input": { "id": "sessions_spawn", "args": args } }]);
    place.turn("spawns", &json!([spawn]));
    let ended = told(place.machine, "subagent.ended", &json!({ "result": "ok" }));
    let started = of_kind(place.machine, "subagent.started").pop().unwrap();
    assert_eq!(started["data"]["subagent"]["name"], "talker");
    assert_eq!((&started["span"], &started["trace"]), (&ended["span"], &ended["trace"]));
    let ledger = place.machine.ledger();
    let by = ledger.iter().find(|entry| entry["span"] == started["parent"]).unwrap();
    assert_eq!((&by["kind"], &by["trace"]), (&json!("action.requested"), &started["trace"]));
    assert!(by["data"]["tool"].to_string().contains("sessions_spawn"), "{by}");
}

/// A session is told of as the client tells it: not at all over its HTTP interface, else with its start and its end.
fn sessions(place: &Place<'_>) {
    let machine = place.machine;
    assert_eq!(of_kind(machine, "session.started").len(), 0, "its HTTP interface tells of none");
    let said = json!({ "sessionKey": MAIN, "message": script(&json!([exec("echo chat")])), "idempotencyKey": "one" });
    rpc(machine, "chat.send", &said);
    let started = told(machine, "session.started", &json!({ "sessionKey": MAIN }));
    let asked = wait_for("its call", || {
        let mut asked = of_kind(machine, "action.requested").into_iter();
        asked.find(|entry| entry["data"]["effect"].to_string().contains("echo chat"))
    });
    assert_eq!((&asked["trace"], &asked["parent"]), (&started["trace"], &started["span"]));
    rpc(machine, "sessions.reset", &json!({ "key": MAIN }));
    let ended = told(machine, "session.ended", &json!({ "sessionKey": MAIN, "reason": "reset" }));
    assert_eq!(ended["span"], started["span"]);
    wait_for("the session after it", || (of_kind(machine, "session.started").len() == 2).then_some(()));
    rpc(machine, "sessions.create", &json!({ "key": "agent:main:fresh", "label": "fresh" }));
    rpc(machine, "sessions.delete", &json!({ "key": "agent:main:fresh" }));
    told(machine, "session.ended", &json!({ "sessionKey": "agent:main:fresh", "reason": "deleted" }));
    let said = script(&json!([exec("echo agent")]));
    for number in 0..3 {
        let key = format!("agent:main:number-{number}");
        rpc(machine, "agent", &json!({ "message": said, "sessionKey": key, "idempotencyKey": key }));
        told(machine, "session.started", &json!({ "sessionKey": key }));
    }
}

#[test]
fn what_the_client_tells_by_each_way_in_is_in_the_ledger() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "records: what is told is what the client recorded");
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    let place = Place { machine: &machine, gateway: &gateway };
    outcomes(&place);
    silent_sub_agent(&place);
    sessions(&place);
    // A gateway that is ended in order tells the end of every session it told of.
    assert!(Command::new("kill").args(["-TERM", &gateway.pid().to_string()]).status().unwrap().success());
    for key in [MAIN, "agent:main:number-0", "agent:main:number-1", "agent:main:number-2"] {
        told(&machine, "session.ended", &json!({ "sessionKey": key, "reason": "shutdown" }));
    }
    drop(gateway);
}

/// A job that nobody watches: what it wants to do is asked about, and its runs are shown with how they ended.
#[test]
fn a_call_of_a_scheduled_job_is_asked_about() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "ask: a call of a scheduled job");
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    let place = Place { machine: &machine, gateway: &gateway };
    for (name, decision) in [("job-no", "deny"), ("job-yes", "allow_once")] {
        place.lay("exec", name);
        let said = script(&json!([call("exec", name)]));
        let added = cli(
            &machine,
            &[
                "cron", "add", "--name", name, "--cron", "0 3 * * *", "--session", "isolated", "--message", &said,
                "--token", TOKEN, "--json",
            ],
        );
        let id = serde_json::from_str::<Value>(&added).unwrap()["id"].as_str().unwrap().to_owned();
        rpc(&machine, "cron.run", &json!({ "id": id, "mode": "force" }));
        let seen = machine.wait_pending();
        assert!(seen.headline.contains(name) && !place.done("exec", name), "{seen:?}");
        machine.decide(&seen, decision, Some("not at night")).unwrap();
        wait_for("the end of the run", || {
            let runs = rpc(&machine, "cron.runs", &json!({ "id": id }));
            runs["entries"]
                .as_array()
                .is_some_and(|runs| runs.iter().any(|run| run["status"].is_string()))
                .then_some(())
        });
        assert_eq!(place.done("exec", name), decision == "allow_once");
        let asked = of_kind(&machine, "action.requested").pop().unwrap();
        assert_eq!(asked["data"]["process"]["background"], true, "{asked}");
    }
}
