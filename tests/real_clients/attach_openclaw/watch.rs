//! What other clients change at the real gateway, seen and settled: its exec policy, sessions that skip it, devices.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;

use clawbutler_attach::openclaw::{Address, Gateway as Live, Reach as Rights};
use clawbutler_testkit::machine::Machine;
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway, TOKEN, cli};
use clawbutler_testkit::results::{OPENCLAW, tried};
use clawbutler_wire::attached::{GatewayPart, GatewayVerb, PolicyEdit, PolicyMember, PolicyRow, Reach};
use clawbutler_wire::command::{AcceptDrift, AttachHome, EditPolicy, ListSessions, ShowAgent, Status};
use clawbutler_wire::registry::{DriftChange, DriftKind};
use clawbutler_wire::sessions::{SessionState, StateSource};
use serde_json::{Value, json};

use super::window::{act, comes, connected, part, rows, send};
use super::{PATIENCE, SESSION, connection, exec, floor, stands, target};

fn drift(machine: &Machine) -> Vec<DriftChange> {
    let detail = machine.ask(&ShowAgent { home_id: machine.home_id() }).unwrap();
    detail.drift.map(|drift| drift.changes).unwrap_or_default()
}

/// Waits for one change of this name.
#[track_caller]
fn drifts(machine: &Machine, name: &str) -> DriftChange {
    comes(name, || drift(machine).into_iter().find(|change| change.name == name))
}

#[track_caller]
fn settles(machine: &Machine) {
    comes("the end of the drift", || drift(machine).is_empty().then_some(()));
}

fn alerts(machine: &Machine) -> Vec<String> {
    machine.ask(&Status {}).unwrap().alerts.into_iter().map(|alert| alert.says).collect()
}

/// The client's own command line as a second client of the gateway.
fn call(machine: &Machine, method: &str, params: &Value) -> Value {
    let said = cli(machine, &["gateway", "call", method, "--params", &params.to_string(), "--token", TOKEN, "--json"]);
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{method}: {said}"))
}

/// A run begins, and with it the policy is read again: sooner than by the clock.
fn runs(gateway: &Gateway) {
    assert_eq!(gateway.turn("short", &script(&json!([]))).join().unwrap().status, 200);
}

/// Another client changes the exec policy.
fn set(machine: &Machine, change: impl FnOnce(&mut Value)) {
    let mut known = call(machine, "exec.approvals.get", &json!({}));
    let mut file = known["file"].take();
    file.as_object_mut().unwrap().remove("socket");
    change(&mut file);
    call(machine, "exec.approvals.set", &json!({ "file": file, "baseHash": known["hash"] }));
}

fn rule(machine: &Machine, agent: Option<&str>) -> PolicyRow {
    let rules = comes("the policy", || connection(machine).floor).rules;
    rules.into_iter().find(|row| row.agent.as_deref() == agent).unwrap()
}

/// Tries a change of the policy, then makes it.
fn edit(machine: &Machine, edits: Vec<PolicyEdit>) -> Vec<String> {
    let seen_hash = comes("the policy", || connection(machine).floor).hash;
    let request =
        |seen| EditPolicy { home_id: machine.home_id(), seen_hash: seen_hash.clone(), edits: edits.clone(), seen };
    let trial = machine.ask(&request(None)).unwrap().trial.unwrap();
    machine.ask(&request(Some(trial.seen))).unwrap();
    trial.loosens
}

#[test]
fn what_other_clients_loosen_is_seen_and_settled() {
    let Some((machine, gateway)) = connected(Reach::Govern) else { return };
    let _row = tried(OPENCLAW, "attached: gateway, its policy loosened by another client, edited here");
    floor(&machine, true);
    comes("no drift", || drift(&machine).is_empty().then_some(()));

    set(&machine, |file| file["defaults"]["ask"] = json!("off"));
    let change = drifts(&machine, "gateway policy ask");
    let words = (change.kind, change.from.as_deref(), change.to.as_deref(), change.source.as_str());
    assert_eq!(words, (DriftKind::Loosened, Some("always"), Some("off"), "gateway"));
    assert!(
        alerts(&machine).iter().any(|says| says.contains("gateway policy ask is looser")),
        "{:?}",
        alerts(&machine)
    );
    assert!(machine.ledger().iter().any(|entry| entry["kind"] == "config.drift" && entry["data"]["critical"] == true));
    set(&machine, |file| file["defaults"]["ask"] = json!("always"));
    runs(&gateway);
    settles(&machine);
    assert_eq!(alerts(&machine), Vec::<String>::new());

    // A session that skips the policy is told by an event, not only after a while.
    send(&machine, &exec("rm -rf victim"));
    let held = machine.wait_pending();
    let state = comes("the session", || {
        let page = machine.ask(&serde_json::from_value::<ListSessions>(json!({})).unwrap()).unwrap();
        page.items.into_iter().find(|one| one.state == SessionState::WaitingApproval)
    });
    assert_eq!(state.state_source, StateSource::Runtime);
    machine.decide(&held, "deny", None).unwrap();
    call(&machine, "sessions.patch", &json!({ "key": SESSION, "permissionMode": "full" }));
    let name = format!("gateway session {SESSION}");
    assert_eq!(drifts(&machine, &name).kind, DriftKind::Loosened);
    call(&machine, "sessions.patch", &json!({ "key": SESSION, "permissionMode": null }));
    settles(&machine);

    // Edited here: for one agent, and a row of its allowlist that another client put there.
    set(&machine, |file| file["agents"]["main"]["allowlist"] = json!([{ "pattern": "/usr/bin/uname" }]));
    runs(&gateway);
    assert_eq!(drifts(&machine, "gateway policy allows of main: /usr/bin/uname").kind, DriftKind::Appeared);
    let row = rule(&machine, Some("main")).allowlist[0].clone();
    let main = || Some("main".to_owned());
    let set_to = |member, value: &str| PolicyEdit::Set { agent: main(), member, value: Some(value.to_owned()) };
    let edits =
        vec![set_to(PolicyMember::Security, "allowlist"), PolicyEdit::Remove { agent: "main".to_owned(), id: row.id }];
    assert_eq!(edit(&machine, edits), Vec::<String>::new());
    let edited = rule(&machine, Some("main"));
    assert_eq!((edited.security.as_deref(), edited.allowlist.len()), (Some("allowlist"), 0));
    settles(&machine);
    let file = call(&machine, "exec.approvals.get", &json!({}));
    assert_eq!(file["file"]["agents"]["main"]["security"], "allowlist");
    // What a person lets through here is no drift, but said before it is done.
    assert_eq!(edit(&machine, vec![set_to(PolicyMember::Security, "full")]), ["security of main would be full"]);
    settles(&machine);
    // And what is accepted is not raised again.
    set(&machine, |file| file["defaults"]["askFallback"] = json!("full"));
    runs(&gateway);
    drifts(&machine, "gateway policy askFallback");
    let seen = machine.ask(&ShowAgent { home_id: machine.home_id() }).unwrap().drift.unwrap();
    let accepted = machine.ask(&AcceptDrift { home_id: machine.home_id(), digest: seen.digest }).unwrap();
    assert_eq!((accepted.drift, alerts(&machine).len()), (None, 0));
}

/// A way in that looks as if it came from another machine.
fn from_elsewhere(port: u16) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let own = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut near in listener.incoming().flatten() {
            let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)) else { continue };
            let (mut near_in, mut far_in) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            thread::spawn(move || {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && near_in.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.push(byte[0]);
                }
                head.truncate(head.len().saturating_sub(2));
                head.extend_from_slice(b"X-Forwarded-For: 192.0.2.7\r\n\r\n");
                far_in.write_all(&head).and_then(|()| std::io::copy(&mut near_in, &mut far_in)).map(drop)
            });
            thread::spawn(move || std::io::copy(&mut far, &mut near).map(drop));
        }
    });
    own
}

#[test]
fn devices_are_let_in_and_put_out_with_no_more_reach_than_asked_for() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "attached: gateway, least reach; devices let in, put out, noticed");
    cli(&machine, &["config", "set", "gateway.trustedProxies", "[\"127.0.0.1\"]", "--strict-json"]);
    let gateway = Gateway::start(&machine);
    super::window::attach(&machine, Reach::Watch);
    let home_id = machine.home_id();
    // Watched only: no policy is read, nothing is changed.
    assert_eq!(connection(&machine).reach, Some(Reach::Watch));
    part(&machine, GatewayPart::Agents);
    let off = clawbutler_wire::command::GatewayAct {
        home_id: home_id.clone(),
        act: GatewayVerb::DisableAgent { agent: "main".to_owned() },
    };
    let refused = machine.ask(&off).unwrap_err();
    assert!(refused.message.contains("lacks the right"), "{refused:?}");
    assert_eq!(connection(&machine).floor, None);
    let more = |token: Option<&str>| AttachHome {
        home_id: home_id.clone(),
        url: None,
        token: token.map(str::to_owned),
        reach: Some(Reach::Devices),
    };
    assert!(machine.ask(&more(None)).unwrap_err().message.contains("opens less"));
    machine.ask(&more(Some(TOKEN))).unwrap();
    stands(&machine);
    comes("the policy", || connection(&machine).floor);
    let devices = rows(&part(&machine, GatewayPart::Devices), "Let in");
    assert!(devices.iter().any(|row| row[1].contains("ClawButler")), "{devices:?}");

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let open = |target| {
        let _inside = runtime.enter();
        Live::open(target)
    };
    // One that pairs by itself: it has the token, and comes from this machine.
    let silent = target(gateway.port, 7, Rights::Watch);
    let id = silent.device.id().to_owned();
    let (live, _events) = open(silent);
    assert!(runtime.block_on(live.up(PATIENCE)).is_some());
    let change = drifts(&machine, &format!("gateway device {id}"));
    assert_eq!(change.kind, DriftKind::Appeared);
    assert!(alerts(&machine).iter().any(|says| says.contains(&id)), "{:?}", alerts(&machine));
    act(&machine, GatewayVerb::PutOut { device: id.clone() });
    settles(&machine);
    assert!(!rows(&part(&machine, GatewayPart::Devices), "Let in").iter().any(|row| row[0] == id));
    drop(live);

    // One from elsewhere waits until it is let in here; that is no drift.
    let mut waiting = target(gateway.port, 8, Rights::Watch);
    waiting.address = Address::local(from_elsewhere(gateway.port));
    let id = waiting.device.id().to_owned();
    let (live, events) = open(waiting);
    let events = Mutex::new(events);
    let request = comes("the request", || {
        while events.lock().unwrap().try_recv().is_ok() {}
        rows(&part(&machine, GatewayPart::Devices), "Want in").first().map(|row| row[0].clone())
    });
    assert!(connection(&machine).moved.iter().any(|one| one.part == GatewayPart::Devices));
    assert_eq!(act(&machine, GatewayVerb::LetIn { request }).says, "The device is let in.");
    assert!(runtime.block_on(live.up(PATIENCE)).is_some(), "{:?}", live.link());
    assert!(rows(&part(&machine, GatewayPart::Devices), "Let in").iter().any(|row| row[0] == id));
    assert_eq!(drift(&machine), []);
    let acts: Vec<Value> = machine.ledger().into_iter().filter(|entry| entry["kind"] == "gateway.act").collect();
    let said: Vec<&str> = acts.iter().filter_map(|entry| entry["data"]["act"].as_str()).collect();
    assert!(said.ends_with(&["put_out", "let_in"]), "{said:?}");
}
