//! What a gateway lets run unasked, watched: loosening is raised and settled, edits are tried and then made, devices are
//! let in and put out, and what it says by itself is shown.

use clawbutler_attach::openclaw::{Event as Said, LogTail, PairedDevice, PairingRequest, Session, with_floor};
use clawbutler_butler::Seen;
use clawbutler_core::clock::Timestamp;
use clawbutler_wire::Code;
use clawbutler_wire::attached::{GatewayPart, GatewayVerb, PolicyAnswer, PolicyEdit, PolicyMember, Reach};
use clawbutler_wire::command::{
    AcceptDrift, AttachHome, DetachHome, EditPolicy, GatewayAct, GatewayView, SetFloor, ShowAgent,
};
use clawbutler_wire::registry::{DriftKind, DriftView};
use serde_json::{Value, json};

use crate::attached::{Place, down};
use crate::desk::code;

fn drift(place: &Place) -> Option<DriftView> {
    place.desk.butler().show_agent(ShowAgent { home_id: place.home.clone() }).unwrap().drift
}

fn changes(place: &Place) -> Vec<(String, DriftKind)> {
    drift(place).map(|view| view.changes).unwrap_or_default().into_iter().map(|one| (one.name, one.kind)).collect()
}

fn loosened(name: &str) -> (String, DriftKind) {
    (name.to_owned(), DriftKind::Loosened)
}

fn moved(place: &Place) -> Vec<(GatewayPart, u64)> {
    place.connection().moved.into_iter().map(|one| (one.part, one.times)).collect()
}

fn raise(place: &Place) {
    let seen_hash = place.connection().floor.unwrap().hash;
    place.desk.butler().set_floor(SetFloor { home_id: place.home.clone(), raised: true, seen_hash }).unwrap();
}

fn floor() -> Value {
    with_floor(&json!({ "version": 1, "defaults": { "ask": "off" } }))
}

#[test]
fn a_policy_that_others_loosen_is_raised_and_settled_when_it_goes_back() {
    let place = Place::new();
    raise(&place);
    assert_eq!(changes(&place), [], "what we did ourselves is no drift");
    let mut loose = floor();
    loose["defaults"]["ask"] = json!("off");
    place.line.is_changed(loose);
    place.desk.pass_ms(30_000);
    assert_eq!(changes(&place), [], "it is not read all the time");
    place.desk.pass_ms(31_000);
    assert_eq!(changes(&place), [loosened("gateway policy ask")]);
    assert!(place.desk.alerts()[0].contains("gateway policy ask is looser than it was"), "{:?}", place.desk.alerts());
    let entries = place.desk.entries("config.drift");
    assert_eq!((entries.len(), &entries[0].data["critical"]), (1, &json!(true)));
    place.line.is_changed(floor());
    let runs = Session { key: "k".to_owned(), id: Some("s1".to_owned()), active: true, ..Session::default() };
    place.said(Said::Session(runs));
    place.desk.pass_ms(4_000);
    assert_eq!((changes(&place), place.desk.alerts().len()), (vec![], 0), "read again when a run begins");
    assert_eq!(place.desk.entries("config.drift").len(), 2, "that it went back is recorded");
}

#[test]
fn a_loosened_policy_can_be_accepted_and_outlives_a_restart_of_ours() {
    let mut place = Place::new();
    place.line.is_changed(json!({ "version": 1, "defaults": { "ask": "off", "security": "full" },
        "agents": { "main": { "allowlist": [{ "pattern": "/bin/ls" }] } } }));
    place.desk.pass_ms(61_000);
    let expected = vec![
        loosened("gateway policy security"),
        loosened("gateway policy ask of main"),
        loosened("gateway policy security of main"),
        ("gateway policy allows of main: /bin/ls".to_owned(), DriftKind::Appeared),
    ];
    let sorted = |mut changes: Vec<(String, DriftKind)>| {
        changes.sort_by(|one, other| one.0.cmp(&other.0));
        changes
    };
    assert_eq!(sorted(changes(&place)), sorted(expected.clone()));
    place.desk.close();
    place.desk.open();
    place.desk.butler().tick(false);
    assert_eq!(sorted(changes(&place)), sorted(expected), "the gateway was not heard yet");
    place.attach_again();
    assert_eq!(changes(&place), [], "it says what it said when it was new");
    place.line.is_changed(json!({ "version": 1, "defaults": { "ask": "off", "security": "full" } }));
    place.desk.pass_ms(61_000);
    let seen = drift(&place).unwrap();
    let accept = AcceptDrift { home_id: place.home.clone(), digest: seen.digest };
    assert_eq!(place.desk.butler().accept_drift(accept).unwrap().drift, None);
    place.desk.pass_ms(61_000);
    assert_eq!((changes(&place), place.desk.alerts().len()), (vec![], 0));
}

#[test]
fn a_session_that_skips_the_policy_is_raised_at_once() {
    let place = Place::new();
    let session = |mode: Option<&str>| Session {
        key: "agent:main:main".to_owned(),
        id: Some("s1".to_owned()),
        permission_mode: mode.map(str::to_owned),
        ..Session::default()
    };
    *place.line.full.lock().unwrap() = vec!["agent:main:main".to_owned()];
    place.said(Said::Session(session(Some("full"))));
    assert_eq!(changes(&place), [loosened("gateway session agent:main:main")]);
    place.line.full.lock().unwrap().clear();
    place.said(Said::Session(session(None)));
    assert_eq!(changes(&place), []);
    *place.line.full.lock().unwrap() = vec!["agent:main:main".to_owned()];
    place.said(Said::SessionsChanged);
    place.desk.pass_ms(4_000);
    assert_eq!(changes(&place), [loosened("gateway session agent:main:main")]);
    place.said(down());
    assert_eq!(changes(&place).len(), 1, "what it said last holds while it is away");
    place.desk.butler().detach_home(DetachHome { home_id: place.home.clone(), anyway: false }).unwrap();
    assert_eq!((changes(&place), place.desk.alerts().len()), (vec![], 0));
}

fn edit(place: &Place, edits: Vec<PolicyEdit>, seen: Option<String>) -> Result<PolicyAnswer, clawbutler_butler::Error> {
    let seen_hash = place.connection().floor.unwrap().hash;
    place.desk.butler().edit_policy(EditPolicy { home_id: place.home.clone(), seen_hash, edits, seen })
}

fn set(agent: Option<&str>, member: PolicyMember, value: Option<&str>) -> PolicyEdit {
    PolicyEdit::Set { agent: agent.map(str::to_owned), member, value: value.map(str::to_owned) }
}

#[test]
fn a_policy_is_edited_as_it_was_tried() {
    let place = Place::new();
    let rows = json!([{ "pattern": "/bin/ls", "argPattern": "x" }, { "pattern": "/bin/cat" }]);
    place.line.is_changed(json!({ "version": 1, "defaults": { "ask": "always", "security": "allowlist" },
        "agents": { "main": { "allowlist": rows } } }));
    place.desk.pass_ms(61_000);
    let rules = place.connection().floor.unwrap().rules;
    assert_eq!(rules.iter().map(|row| row.agent.as_deref()).collect::<Vec<_>>(), [None, Some("main")]);
    let row = &rules[1].allowlist[0];
    assert_eq!((row.pattern.as_str(), row.args.as_deref()), ("/bin/ls", Some("x")));
    let edits = vec![
        set(Some("main"), PolicyMember::Ask, Some("off")),
        set(None, PolicyMember::AskFallback, Some("deny")),
        PolicyEdit::Remove { agent: "main".to_owned(), id: row.id.clone() },
    ];
    let before = place.connection().floor.unwrap().now;
    let trial = edit(&place, edits.clone(), None).unwrap().trial.unwrap();
    assert_eq!(place.connection().floor.unwrap().now, before, "a trial changes nothing");
    assert_eq!(trial.loosens, ["ask of main would be off"]);
    let paths: Vec<&str> = trial.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["agents.main.allowlist", "agents.main.ask", "defaults.askFallback"]);
    assert_eq!(code(edit(&place, edits.clone(), Some("another".to_owned()))), Code::Stale);
    let done = edit(&place, edits.clone(), Some(trial.seen.clone())).unwrap();
    assert_eq!(done.trial, None);
    let floor = done.connection.floor.unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&floor.now).unwrap(),
        json!({ "version": 1, "defaults": { "ask": "always", "security": "allowlist", "askFallback": "deny" },
            "agents": { "main": { "ask": "off", "allowlist": [{ "pattern": "/bin/cat" }] } } })
    );
    assert!(changes(&place).iter().all(|(name, _)| !name.contains("ask of main")), "{:?}", changes(&place));
    let entry = &place.desk.entries("gateway.floor")[0];
    assert_eq!(entry.data["loosens"], json!(["ask of main would be off"]));
    assert!(entry.says.ends_with("is edited."), "{}", entry.says);
    assert_eq!(code(edit(&place, edits, Some(trial.seen))), Code::NotFound, "the row is gone by now");
}

#[test]
fn edits_that_mean_nothing_are_refused() {
    let place = Place::new();
    assert_eq!(code(edit(&place, Vec::new(), None)), Code::BadRequest);
    let odd = set(None, PolicyMember::Ask, Some("sometimes"));
    assert_eq!(code(edit(&place, vec![odd], None)), Code::BadRequest);
    let same = vec![set(None, PolicyMember::Ask, Some("off"))];
    let trial = edit(&place, same.clone(), None).unwrap().trial.unwrap();
    assert_eq!((trial.changes.len(), trial.loosens.len()), (0, 0));
    assert_eq!(code(edit(&place, same, Some(trial.seen))), Code::Precondition);
    let gone = vec![set(None, PolicyMember::Ask, None)];
    let trial = edit(&place, gone.clone(), None).unwrap().trial.unwrap();
    assert_eq!(trial.loosens.len(), 0, "off is the loosest already");
    place.line.refuse();
    assert_eq!(code(edit(&place, gone, Some(trial.seen))), Code::Precondition);
    let says: Vec<String> = place.desk.entries("gateway.floor").into_iter().map(|entry| entry.says).collect();
    assert!(says[0].ends_with("did not change."), "{says:?}");
}

fn act(place: &Place, act: GatewayVerb) -> Result<String, clawbutler_butler::Error> {
    place.desk.butler().gateway_act(GatewayAct { home_id: place.home.clone(), act }).map(|done| done.says)
}

#[test]
fn a_device_that_others_let_in_is_raised_and_one_that_we_let_in_is_not() {
    let place = Place::new();
    *place.line.devices.lock().unwrap() = Some(Vec::new());
    place.said(Said::DevicesChanged);
    place.desk.pass_ms(4_000);
    let appeared = |name: &str| (format!("gateway device {name}"), DriftKind::Appeared);
    let asks =
        |id: &str| PairingRequest { id: id.to_owned(), device: format!("device-{id}"), ..PairingRequest::default() };
    *place.line.waiting.lock().unwrap() = vec![asks("a"), asks("b")];
    act(&place, GatewayVerb::LetIn { request: "a".to_owned() }).unwrap();
    act(&place, GatewayVerb::TurnAway { request: "b".to_owned() }).unwrap();
    assert_eq!(code(act(&place, GatewayVerb::LetIn { request: "b".to_owned() })), Code::NotFound);
    assert_eq!(changes(&place), []);
    let stranger = PairedDevice { device: "stranger".to_owned(), ..PairedDevice::default() };
    place.line.devices.lock().unwrap().as_mut().unwrap().push(stranger);
    place.said(Said::PairingSettled { request: "c".to_owned(), decision: "approved".to_owned() });
    place.desk.pass_ms(4_000);
    assert_eq!(changes(&place), [appeared("stranger")]);
    assert!(place.desk.alerts()[0].contains("gateway device stranger appeared"), "{:?}", place.desk.alerts());
    act(&place, GatewayVerb::PutOut { device: "stranger".to_owned() }).unwrap();
    act(&place, GatewayVerb::PutOut { device: "device-a".to_owned() }).unwrap();
    assert_eq!((changes(&place), place.desk.alerts().len()), (vec![], 0));
    let says: Vec<String> = place.desk.entries("gateway.act").into_iter().map(|entry| entry.says).collect();
    assert!(says.last().unwrap().starts_with("The device device-a is let in at the gateway of"), "{says:?}");
    assert_eq!(moved(&place), [(GatewayPart::Devices, 2)]);
}

#[test]
fn a_connection_asks_for_no_more_than_it_is_for() {
    let place = Place::new();
    let attach = |token: Option<&str>, reach: Option<Reach>| {
        let token = token.map(str::to_owned);
        place.desk.butler().attach_home(AttachHome { home_id: place.home.clone(), url: None, token, reach })
    };
    assert_eq!(place.connection().reach, Some(Reach::Govern), "as it was before there was a choice");
    assert_eq!(attach(None, Some(Reach::Watch)).unwrap().reach, Some(Reach::Watch));
    assert_eq!(attach(None, None).unwrap().reach, Some(Reach::Watch));
    assert_eq!(attach(Some("shared"), Some(Reach::Talk)).unwrap().reach, Some(Reach::Talk));
    assert_eq!(place.desk.entries("gateway.attached")[0].data["reach"], json!("talk"));
}

#[test]
fn more_reach_takes_the_shared_token_and_less_takes_what_we_changed_back() {
    let place = Place::new();
    let attach = |token: Option<&str>, reach: Reach| {
        let (token, reach) = (token.map(str::to_owned), Some(reach));
        place.desk.butler().attach_home(AttachHome { home_id: place.home.clone(), url: None, token, reach })
    };
    place.said(Said::DeviceToken(clawbutler_attach::Secret::new("issued")));
    assert_eq!(code(attach(None, Reach::Devices)), Code::Precondition, "what was issued opens less");
    raise(&place);
    assert_eq!(code(attach(None, Reach::Watch)), Code::Precondition, "nobody could give the policy back");
    assert_eq!(attach(Some("shared"), Reach::Devices).unwrap().reach, Some(Reach::Devices));
}

#[test]
fn tools_are_asked_of_an_agent_and_the_log_goes_on_where_it_was() {
    let place = Place::new();
    let view = |part, agent: Option<&str>, after| {
        let agent = agent.map(str::to_owned);
        place.desk.butler().gateway_view(GatewayView { home_id: place.home.clone(), part, agent, after })
    };
    place.line.tells(Ok(Seen::Tools(Vec::new(), None)));
    assert_eq!(view(GatewayPart::Tools, Some("ops"), None).unwrap().agent.as_deref(), Some("ops"));
    assert_eq!(place.line.views()[0].agent.as_deref(), Some("ops"));
    assert_eq!(code(view(GatewayPart::Tools, Some(""), None)), Code::BadRequest);
    let log = |reset| LogTail { cursor: Some(9), lines: vec!["plain".to_owned()], reset, ..LogTail::default() };
    for (after, reset, goes_on) in [(None, false, false), (Some(4), false, true), (Some(4), true, false)] {
        place.line.tells(Ok(Seen::Logs(log(reset))));
        let told = view(GatewayPart::Logs, None, after).unwrap();
        assert_eq!((told.cursor, told.goes_on), (Some(9), goes_on));
    }
    assert_eq!(place.line.views().last().unwrap().after, Some(4));
}

#[test]
fn what_a_gateway_says_by_itself_is_shown() {
    let place = Place::new();
    let session = |active| Session {
        key: "agent:main:main".to_owned(),
        id: Some("s1".to_owned()),
        active,
        updated_at: Some(Timestamp(place.desk.now())),
        ..Session::default()
    };
    place.said(Said::Sessions(vec![session(true)]));
    place.said(Said::Session(session(true)));
    place.said(Said::Session(session(false)));
    place.said(Said::ToolsChanged);
    assert_eq!(
        moved(&place),
        [(GatewayPart::Sessions, 2), (GatewayPart::Tools, 1), (GatewayPart::Skills, 1)],
        "told twice the same is no news"
    );
    place.said(Said::Shutdown { reason: None, back_in_ms: Some(1_500) });
    assert_eq!(place.connection().going.as_deref(), Some("The gateway restarts and expects to be back in 2 s."));
    place.said(Said::Suspension("accepting".to_owned()));
    assert_eq!(place.connection().going, None);
}
