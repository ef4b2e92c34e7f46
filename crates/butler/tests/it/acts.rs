//! What a person does at a gateway: configurations kept, compared and taken back; agents off and on.

use clawbutler_attach::openclaw::Config;
use clawbutler_butler::Error;
use clawbutler_wire::Code;
use clawbutler_wire::attached::{ConfigAct, ConfigView, GatewayDone, GatewayVerb};
use clawbutler_wire::command::{DetachHome, GatewayAct, GatewayConfig};
use serde_json::{Value, json};

use crate::attached::Place;
use crate::desk::code;

const SECRET: &str = "sk-ant-api03-0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123456789abcd-AbCdEfAA";

fn config(place: &Place, act: ConfigAct) -> Result<ConfigView, Error> {
    place.desk.butler().gateway_config(GatewayConfig { home_id: place.home.clone(), act })
}

fn look(place: &Place) -> ConfigView {
    config(place, ConfigAct::Look).unwrap()
}

fn act(place: &Place, act: GatewayVerb) -> Result<GatewayDone, Error> {
    place.desk.butler().gateway_act(GatewayAct { home_id: place.home.clone(), act })
}

fn is(place: &Place, value: &Value, hash: &str) {
    place.line.is_configured(Config { value: value.clone(), hash: hash.to_owned(), restart_due: false, valid: true });
}

fn says(place: &Place, kind: &str) -> Vec<String> {
    let mut entries = place.desk.entries(kind);
    entries.sort_by_key(|entry| entry.seq);
    entries.into_iter().map(|entry| entry.says).collect()
}

#[test]
fn a_configuration_is_kept_compared_tried_out_and_taken_back() {
    let mut place = Place::new();
    let before = json!({ "tools": { "exec": { "mode": "ask" } }, "port": 1 });
    is(&place, &before, "h1");
    assert_eq!(look(&place).snapshots.len(), 1);
    assert_eq!(look(&place).snapshots.len(), 1, "the same is not kept twice");
    is(&place, &json!({ "tools": { "exec": { "mode": "full" } }, "port": 1.0, "new": true }), "h2");
    let view = look(&place);
    let (now, old) = (view.snapshots[0].id.clone(), view.snapshots[1].id.clone());

    let compare = ConfigAct::Compare { from: old.clone(), to: now };
    let changes = config(&place, compare).unwrap().changes.unwrap();
    let paths: Vec<_> = changes.iter().map(|change| (change.path.as_str(), change.after.as_deref())).collect();
    assert_eq!(paths, [("new", Some("true")), ("tools.exec.mode", Some("\"full\""))]);

    let trial = config(&place, ConfigAct::Try { to: old.clone() }).unwrap().trial.unwrap();
    assert_eq!((trial.changes.len(), trial.lost.len()), (2, 0));
    assert!(place.line.patched().is_empty() && says(&place, "gateway.config").is_empty(), "looking changes nothing");
    let back = |seen: &str| config(&place, ConfigAct::RollBack { to: old.clone(), seen: seen.to_owned() });
    assert_eq!(code(back("other")), Code::Stale);
    let view = back(&trial.seen).unwrap();
    assert_eq!(place.line.patched(), [json!({ "tools": { "exec": { "mode": "ask" } }, "new": null })]);
    assert_eq!(view.snapshots.len(), 3, "what it is after that is a snapshot too");
    assert_eq!(says(&place, "gateway.config").len(), 1);
    assert_eq!(code(back(&trial.seen)), Code::Stale, "once");

    place.desk.close();
    place.desk.open();
    place.attach_again();
    is(&place, &before, "h4");
    assert_eq!(look(&place).snapshots.len(), 4, "snapshots outlive the app");
}

#[test]
fn a_configuration_that_changed_meanwhile_is_not_taken_back() {
    let place = Place::new();
    is(&place, &json!({ "a": 1 }), "h1");
    look(&place);
    is(&place, &json!({ "a": 2 }), "h2");
    let old = look(&place).snapshots[1].id.clone();
    let trial = config(&place, ConfigAct::Try { to: old.clone() }).unwrap().trial.unwrap();
    is(&place, &json!({ "a": 3 }), "h3");
    assert_eq!(code(config(&place, ConfigAct::RollBack { to: old, seen: trial.seen })), Code::Stale);
    assert!(place.line.patched().is_empty());
}

#[test]
fn secrets_are_neither_kept_nor_written_back() {
    let place = Place::new();
    is(&place, &json!({ "key": SECRET, "a": 1 }), "h1");
    look(&place);
    is(&place, &json!({ "key": "another one", "a": 2 }), "h2");
    let old = look(&place).snapshots[1].id.clone();
    let view = config(&place, ConfigAct::Try { to: old.clone() }).unwrap();
    let trial = view.trial.clone().unwrap();
    assert_eq!(trial.lost, ["key"]);
    config(&place, ConfigAct::RollBack { to: old, seen: trial.seen }).unwrap();
    assert_eq!(place.line.patched(), [json!({ "a": 1 })]);
    let file = place.desk.data().join(format!("attached/configs/{}.json", place.home));
    assert!(!std::fs::read_to_string(&file).unwrap().contains(SECRET) && !format!("{view:?}").contains(SECRET));
    place.desk.butler().detach_home(DetachHome { home_id: place.home.clone(), anyway: false }).unwrap();
    assert!(!file.exists(), "forgotten with the connection");
}

#[test]
fn only_so_many_snapshots_are_kept() {
    let place = Place::new();
    for at in 0..30 {
        is(&place, &json!({ "a": at }), &format!("h{at}"));
        look(&place);
    }
    let view = look(&place);
    assert_eq!((view.snapshots.len(), view.snapshots[0].hash.as_str()), (20, "h29"));
}

#[test]
fn an_agent_is_off_until_it_gets_back_what_it_had() {
    let place = Place::new();
    let agent = || "main".to_owned();
    assert_eq!(code(act(&place, GatewayVerb::EnableAgent { agent: agent() })), Code::NotFound);
    act(&place, GatewayVerb::DisableAgent { agent: agent() }).unwrap();
    assert_eq!(code(act(&place, GatewayVerb::DisableAgent { agent: agent() })), Code::Precondition);
    assert_eq!(place.connection().disabled, ["main"]);
    let detach = || place.desk.butler().detach_home(DetachHome { home_id: place.home.clone(), anyway: false });
    assert_eq!(code(detach()), Code::Precondition, "nobody else knows what it had");
    act(&place, GatewayVerb::EnableAgent { agent: agent() }).unwrap();
    assert_eq!(place.line.patched(), [json!({ "back": "main" })]);
    assert!(place.connection().disabled.is_empty());
    assert_eq!(says(&place, "gateway.act").len(), 4, "what is tried, and what came of it");
    detach().unwrap();
}

#[test]
fn a_session_is_ended_and_a_refusal_is_recorded() {
    let place = Place::new();
    let session = || GatewayVerb::AbortSession { session: "agent:main:main".to_owned() };
    assert_eq!(act(&place, session()).unwrap().says, "What ran in it was ended.");
    assert_eq!(place.line.said(), ["agent:main:main: kill"]);
    place.line.refuse();
    assert_eq!(code(act(&place, session())), Code::Unavailable);
    assert!(says(&place, "gateway.act").last().unwrap().ends_with("the gateway did not take it."));
    assert_eq!(code(act(&place, GatewayVerb::AbortSession { session: String::new() })), Code::BadRequest);
}
