//! Calls that do not come straight from a conversation's model: covered by a grant, made by a sub-agent, of an
//! MCP server's tool.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::fs;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway};
use clawbutler_testkit::results::{OPENCLAW, tried};
use serde_json::{Value, json};

use super::super::links::hangs_below;
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
    let _rows = ["ask: a call inside a sub-agent", "links: a sub-agent below its call"].map(|row| tried(OPENCLAW, row));
    place.lay("exec", "inner");
    let task = script(&json!([call("exec", "inner")]));
    let args = json!({ "task": task, "label": "cleaner" });
    let spawn = json!([{ "tool": "tool_call", "input": { "id": "sessions_spawn", "args": args } }]);
    let turn = place.gateway.turn("outer", &script(&json!([spawn])));
    let mut inside = Vec::new();
    // Whether starting one is asked about is up to the rules; what it does is.
    let seen = wait_for("the sub-agent's call", || {
        let seen = place.machine.pending().items.into_iter().next()?;
        if seen.tool == "exec" {
            return Some(seen);
        }
        inside.push(seen.headline.clone());
        place.machine.decide(&seen, "allow_once", None).unwrap();
        None
    });
    assert!(inside.len() <= 2, "{inside:?}");
    place.machine.decide(&seen, "deny", Some("not inside either")).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    wait_for("its end", || {
        let told = openclaw::events(place.machine).iter().any(|event| event.to_string().contains("not inside either"));
        told.then_some(())
    });
    assert!(!place.done("exec", "inner"));
    hangs_below(place.machine, "openclaw", "sessions_spawn", "inner");
}

fn mcp_tool(place: &Place<'_>) {
    let _row = tried(OPENCLAW, "ask: a call of an MCP tool");
    let calls = place.machine.at("calls.jsonl");
    // The client offers all but its basic tools behind one of its own.
    let through = |id: &str, args: Value| json!([{ "tool": "tool_call", "input": { "id": id, "args": args } }]);
    let step = through("records__delete_record", json!({ "name": "one" }));
    place.lay("exec", "through");
    let exec = through("exec", call("exec", "through")[0]["input"].clone());
    let turn = place.gateway.turn("mcp", &script(&json!([step, step, exec])));
    // Asked about twice, by the name the client gives it and by its own; the second is what runs.
    let next = |tool: &str| {
        wait_for("the call itself", || {
            let seen = place.machine.pending().items.into_iter().next()?;
            if seen.tool == tool {
                return Some(seen);
            }
            place.machine.decide(&seen, "allow_once", None).unwrap();
            None
        })
    };
    let seen = next("records__delete_record");
    assert_eq!((seen.kind.as_str(), seen.headline.as_str()), ("mcp", "records: delete_record"));
    place.machine.decide(&seen, "deny", None).unwrap();
    let seen = next("records__delete_record");
    assert!(!calls.exists(), "the server never heard of the denied call");
    place.machine.decide(&seen, "allow_once", None).unwrap();
    let seen = next("exec");
    assert!(seen.headline.contains("victim-through"));
    place.machine.decide(&seen, "deny", None).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    assert_eq!(fs::read_to_string(calls).unwrap().lines().count(), 1);
    assert!(!place.done("exec", "through"), "no way round through the client's own tool for tools");
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
