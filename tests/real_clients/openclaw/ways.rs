//! Calls that do not come straight from a conversation's model: covered by a grant, made by a sub-agent, of an
//! MCP server's tool.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::fs;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway};
use clawbutler_testkit::results::{OPENCLAW, tried};
use serde_json::{Value, json};

use super::{Place, call};

/// Adds an MCP server that notes its calls in a file to the client's configuration.
fn with_server(machine: &Machine) {
    let path = machine.at("home/.openclaw/openclaw.json");
    let server = json!({
        "command": "python3", "args": [concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mcp_server.py")],
        "env": { "CALLS": machine.at("calls.jsonl") },
    });
    let text = fs::read_to_string(&path).unwrap();
    let at = text.find("  gateway: {").unwrap();
    let entry = format!("  mcp: {{ servers: {{ records: {server} }} }},\n");
    fs::write(&path, format!("{}{entry}{}", &text[..at], &text[at..])).unwrap();
}

fn always(place: &Place<'_>) {
    let _row = tried(OPENCLAW, "ask: always allow");
    place.lay("exec", "always");
    place.lay("exec", "other");
    let once = call("exec", "always");
    let turn = place.gateway.turn("always", &script(&json!([once, once, call("exec", "other")])));
    let seen = place.machine.wait_pending();
    place.machine.decide(&seen, "allow_always", None).unwrap();
    let other = place.machine.wait_pending();
    assert!(other.headline.contains("victim-other"), "the second call was covered, another one is not");
    place.machine.decide(&other, "deny", None).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    assert!(place.done("exec", "always") && !place.done("exec", "other"));
    let by_grant = place.machine.ledger().into_iter().filter(|entry| entry["actor"]["kind"] == "grant").count();
    assert_eq!(by_grant, 1);
}

fn sub_agent(place: &Place<'_>) {
    let _row = tried(OPENCLAW, "ask: a call inside a sub-agent");
    place.lay("exec", "inner");
    let task = script(&json!([call("exec", "inner")]));
    let spawn = json!([{ "tool": "sessions_spawn", "input": { "task": task, "label": "cleaner" } }]);
    let turn = place.gateway.turn("outer", &script(&json!([spawn])));
    let mut inside = Vec::new();
    // Whether starting one is asked about is up to the rules; what it does is.
    let seen = wait_for("the sub-agent's call", || {
        let seen = place.machine.pending().items.into_iter().next()?;
        if seen.headline.contains("victim-inner") && seen.kind != "agent" {
            return Some(seen);
        }
        inside.push(seen.headline.clone());
        place.machine.decide(&seen, "allow_once", None).unwrap();
        None
    });
    assert!(inside.len() <= 1, "{inside:?}");
    place.machine.decide(&seen, "deny", Some("not inside either")).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    wait_for("its end", || {
        let told = openclaw::events(place.machine).iter().any(|event| event.to_string().contains("not inside either"));
        told.then_some(())
    });
    assert!(!place.done("exec", "inner"));
}

fn mcp_tool(place: &Place<'_>) {
    let _row = tried(OPENCLAW, "ask: a call of an MCP tool");
    let calls = place.machine.at("calls.jsonl");
    let step: Value = json!([{ "tool": "records__delete_record", "input": { "name": "one" } }]);
    let turn = place.gateway.turn("mcp", &script(&json!([step, step])));
    std::thread::sleep(std::time::Duration::from_secs(8));
    if place.machine.pending().items.is_empty() {
        eprintln!(
            "DEBUG {}",
            openclaw::events(place.machine).iter().rev().take(6).map(|e| e.to_string()).collect::<Vec<_>>().join("\n")
        );
        eprintln!("DEBUG {:?}", place.machine.ledger().iter().rev().take(3).collect::<Vec<_>>());
        eprintln!("DEBUG {}", fs::read_to_string(place.machine.at("gateway.log")).unwrap());
    }
    let seen = place.machine.wait_pending();
    assert_eq!((seen.kind.as_str(), seen.headline.as_str()), ("mcp", "records: delete_record"));
    place.machine.decide(&seen, "deny", None).unwrap();
    let seen = place.machine.wait_pending();
    assert!(!calls.exists(), "the server never heard of the denied call");
    place.machine.decide(&seen, "allow_once", None).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    assert_eq!(fs::read_to_string(calls).unwrap().lines().count(), 1);
}

#[test]
fn a_call_is_asked_about_whichever_way_it_comes() {
    let Some(machine) = openclaw::machine() else { return };
    with_server(&machine);
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    let place = Place { machine: &machine, gateway: &gateway };
    always(&place);
    mcp_tool(&place);
    sub_agent(&place);
}
