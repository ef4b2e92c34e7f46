//! Gateways attached: their questions in the queue, our answers back, over a connection that is made up.

use std::fs;
use std::sync::Arc;

use clawbutler_attach::openclaw::{
    Approval, Decision, Event as Said, Hello, Kind, Link, Resolution, Settled, Trouble, with_floor,
};
use clawbutler_attach::{CallError, Secret};
use clawbutler_butler::LineNumber;
use clawbutler_core::clock::Timestamp;
use clawbutler_wire::Code;
use clawbutler_wire::approvals::Verb;
use clawbutler_wire::attached::{ConnectionView, LinkState};
use clawbutler_wire::command::{
    AttachHome, DetachHome, Discover, GetSettings, Govern, KillAgent, ListConnections, SetAgentState, SetFloor,
    UpdateSettings,
};
use clawbutler_wire::gateway::Verdict;
use clawbutler_wire::registry::KillOutcome;
use serde_json::{Value, json};

use crate::desk::{Desk, code, decide};
use crate::made::{Made, document};

const RISKY: &str = "rm -rf victim";
const TOKEN: &str = "a-token-of-the-gateway";

/// A desk with a governed home whose gateway is attached.
pub(crate) struct Place {
    pub(crate) desk: Desk,
    pub(crate) home: String,
    pub(crate) line: Arc<Made>,
    number: LineNumber,
}

impl Place {
    pub(crate) fn new() -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".openclaw")).unwrap();
        fs::write(desk.home().join(".openclaw/openclaw.json"), "{}").unwrap();
        let found = desk.butler().discover(Discover {}).unwrap();
        let home = found.homes.into_iter().find(|home| home.runtime == "openclaw").unwrap().id;
        desk.butler().govern(Govern { home_id: home.clone(), governed: true }).unwrap();
        let attach = AttachHome { home_id: home.clone(), url: None, token: Some(TOKEN.to_owned()) };
        let view = desk.butler().attach_home(attach).unwrap();
        assert_eq!(view.link, LinkState::Absent, "no gateway runs");
        let (line, number) = Self::line(&desk, &home);
        Self { desk, home, line, number }
    }

    fn line(desk: &Desk, home: &str) -> (Arc<Made>, LineNumber) {
        let line = Arc::new(Made::default());
        let policy = document(json!({ "version": 1, "defaults": { "ask": "off" } }), "h");
        *line.policy.lock().unwrap() = Some(policy);
        let number = desk.butler().attach_line(home, line.clone());
        desk.butler().gateway_said(home, number, up());
        (line, number)
    }

    pub(crate) fn said(&self, event: Said) {
        self.desk.butler().gateway_said(&self.home, self.number, event);
    }

    /// A new connection, after the engine was opened again.
    pub(crate) fn attach_again(&mut self) {
        (self.line, self.number) = Self::line(&self.desk, &self.home);
    }

    pub(crate) fn connection(&self) -> ConnectionView {
        self.view()
    }

    fn lists(&self, approvals: Vec<Approval>) {
        self.said(Said::Approvals { kind: Kind::Exec, approvals });
    }

    fn asks(&self, id: &str, command: &str) -> Approval {
        let approval = self.question(id, command);
        self.said(Said::Asked(approval.clone()));
        approval
    }

    fn question(&self, id: &str, command: &str) -> Approval {
        Approval {
            kind: Kind::Exec,
            id: id.to_owned(),
            command: command.to_owned(),
            description: None,
            tool: "exec".to_owned(),
            cwd: Some(self.desk.project().display().to_string()),
            program: None,
            agent: Some("main".to_owned()),
            session: Some("agent:main:main".to_owned()),
            run: Some("r".to_owned()),
            call: Some(format!("call-{id}")),
            host: Some("gateway".to_owned()),
            shapes: Vec::new(),
            warning: None,
            offered: vec![Decision::AllowOnce, Decision::Deny],
            asked_at: Some(Timestamp(self.desk.now())),
            expires_at: Some(Timestamp(self.desk.now() + 1_800_000)),
        }
    }

    fn settled(&self, id: &str, by: Option<&str>) {
        let decision = Some(Decision::Deny);
        let by = by.map(str::to_owned);
        self.said(Said::Settled(Settled { kind: Kind::Exec, id: id.to_owned(), decision, by, at: None }));
    }

    fn decide(&self, verb: Verb) {
        let seen = self.desk.pending().pop().unwrap();
        self.desk.butler().decide_approval(decide(&seen, verb)).unwrap();
    }

    fn view(&self) -> ConnectionView {
        let list = self.desk.butler().list_connections(ListConnections {}).unwrap();
        assert_eq!(list.attachable, ["openclaw", "codex", "hermes"]);
        assert_eq!((list.gateways, list.daemons), (vec!["openclaw".to_owned()], vec!["codex".to_owned()]));
        list.items.into_iter().next_back().unwrap()
    }

    fn floor(&self, raised: bool, seen: &str) -> Result<ConnectionView, clawbutler_butler::Error> {
        let request = SetFloor { home_id: self.home.clone(), raised, seen_hash: seen.to_owned() };
        self.desk.butler().set_floor(request)
    }

    fn raise(&self) {
        self.floor(true, "h").unwrap();
    }

    fn kinds(&self) -> Vec<String> {
        let kinds = [
            "action.requested", "action.decided", "approval.requested", "approval.decided", "approval.expired",
            "approval.withdrawn", "approval.reclaimed", "decision.delivered", "decision.late",
        ];
        let mut entries: Vec<_> = kinds.iter().flat_map(|kind| self.desk.entries(kind)).collect();
        entries.sort_by_key(|entry| entry.seq);
        entries.into_iter().map(|entry| entry.kind).collect()
    }
}

fn up() -> Said {
    let hello = Hello { version: "2026.9.6".to_owned(), boot: "b1".to_owned(), ..Hello::default() };
    Said::Link(Link::Up(Arc::new(hello)))
}

pub(crate) fn down() -> Said {
    Said::Link(Link::Waiting { trouble: Trouble::Restarting, again_in_ms: 250 })
}

fn one(id: &str, decision: Decision) -> Vec<(String, Decision)> {
    vec![(id.to_owned(), decision)]
}

#[test]
fn a_person_denies_and_the_gateway_is_told() {
    let place = Place::new();
    place.asks("a", RISKY);
    let seen = place.desk.pending().pop().unwrap();
    assert_eq!((seen.runtime.as_str(), seen.headline.as_str(), seen.client_waiting), ("openclaw", RISKY, true));
    assert_eq!(place.view().waiting, 1);
    assert_eq!(place.line.told(), [], "nothing is said before a person decides");
    place.decide(Verb::Deny);
    assert_eq!(place.line.told(), one("a", Decision::Deny));
    assert_eq!(place.kinds(), ["action.requested", "approval.requested", "approval.decided", "decision.delivered"]);
    place.settled("a", Some("ClawButler Desktop"));
    assert_eq!(place.view().waiting, 0);
    assert_eq!(place.kinds().len(), 4, "our own answer coming back says nothing new");
}

#[test]
fn allow_once_and_always_are_both_once_for_the_gateway() {
    let place = Place::new();
    place.asks("a", RISKY);
    place.decide(Verb::AllowOnce);
    assert_eq!(place.line.told(), one("a", Decision::AllowOnce));
    place.asks("b", RISKY);
    place.decide(Verb::AllowAlways);
    assert_eq!(place.line.told(), one("b", Decision::AllowOnce));
    place.asks("c", RISKY);
    assert_eq!(place.line.told(), one("c", Decision::AllowOnce), "our own memory answers the third");
    assert!(place.desk.pending().is_empty());
}

#[test]
fn rules_answer_at_once() {
    let place = Place::new();
    let rule = "[[rule]]\nid = \"victims\"\ndecision = \"deny\"\nbecause = \"Victims stay.\"\n\
                when = { programs = [\"rm\"] }\nmatches = [\"shell: rm -rf x\"]\nignores = [\"shell: ls\"]\n";
    place.desk.write_rules("own.toml", rule);
    place.desk.butler().tick(false);
    place.asks("b", RISKY);
    assert_eq!(place.line.told(), one("b", Decision::Deny));
}

#[test]
fn low_risk_goes_on_where_we_raised_the_floor_and_is_asked_where_the_user_did() {
    let place = Place::new();
    place.asks("a", "ls");
    assert_eq!(place.desk.pending().len(), 1, "the gateway's own user wants to be asked");
    place.decide(Verb::AllowOnce);
    assert_eq!(place.line.told(), one("a", Decision::AllowOnce));
    place.raise();
    place.asks("b", "ls");
    assert_eq!(place.line.told(), one("b", Decision::AllowOnce), "asked only because of us");
    place.asks("c", RISKY);
    assert_eq!((place.line.told(), place.desk.pending().len()), (vec![], 1));
}

#[test]
fn a_stopped_agent_is_denied() {
    let place = Place::new();
    place.desk.butler().set_agent_state(SetAgentState { home_id: place.home.clone(), enabled: false }).unwrap();
    place.asks("a", "ls");
    assert_eq!(place.line.told(), one("a", Decision::Deny));
}

#[test]
fn our_deadline_is_never_after_the_gateways() {
    let place = Place::new();
    let mut settings = place.desk.butler().get_settings(GetSettings {}).unwrap();
    settings.approval_ms = 3_000_000;
    place.desk.butler().update_settings(UpdateSettings { settings }).unwrap();
    place.raise();
    place.asks("a", RISKY);
    assert_eq!(place.desk.pending()[0].expires_at, place.desk.now() + 1_800_000);
    place.desk.pass_ms(1_800_001);
    assert_eq!(place.line.told(), one("a", Decision::Deny), "nobody answered");
    assert!(place.kinds().contains(&"approval.expired".to_owned()));
}

#[test]
fn an_answer_elsewhere_takes_the_question_away() {
    let place = Place::new();
    place.asks("a", RISKY);
    place.settled("a", Some("openclaw-tui"));
    assert!(place.desk.pending().is_empty());
    assert_eq!(place.line.told(), []);
    place.asks("b", RISKY);
    place.settled("b", None);
    let causes: Vec<String> = place.desk.entries("approval.withdrawn").into_iter().map(|entry| entry.says).collect();
    assert_eq!(causes, ["The question went away (client gone).", "The question went away (answered in client)."]);
}

#[test]
fn who_was_faster_is_recorded_and_raised_when_it_matters() {
    let place = Place::new();
    place.asks("a", RISKY);
    let late = Resolution::Late { status: None, decision: Some(Decision::AllowOnce), reason: None };
    place.line.next(Ok(late));
    place.decide(Verb::Deny);
    let late = place.desk.entries("decision.late");
    assert_eq!(late[0].says, "The gateway did not take our answer: “allow-once” was there first.");
    assert!(place.desk.alerts().iter().any(|alert| alert.contains("denied here")), "{:?}", place.desk.alerts());
    assert!(!place.kinds().contains(&"decision.delivered".to_owned()));
}

#[test]
fn an_answer_that_was_not_heard_is_given_again_after_the_connection_is_back() {
    let place = Place::new();
    let asked = place.asks("a", RISKY);
    place.said(down());
    place.line.next(Err(CallError::Down));
    place.decide(Verb::Deny);
    assert_eq!(place.line.told(), one("a", Decision::Deny));
    assert!(!place.kinds().contains(&"decision.delivered".to_owned()), "nobody heard it");
    place.said(up());
    place.lists(vec![asked]);
    assert_eq!(place.line.told(), one("a", Decision::Deny));
    assert!(place.kinds().ends_with(&["decision.delivered".to_owned()]));
    assert!(place.desk.pending().is_empty(), "nobody is asked again");
}

#[test]
fn after_a_restart_of_the_gateway_old_questions_go_and_new_ones_come() {
    let place = Place::new();
    let stays = place.asks("stays", RISKY);
    place.asks("goes", "rm -rf other");
    assert_eq!(place.desk.pending().len(), 2);
    place.lists(vec![stays.clone()]);
    assert_eq!(place.desk.pending().len(), 2, "a list that was called for before says nothing about later questions");
    place.said(down());
    place.said(up());
    place.lists(vec![stays, place.question("new", "rm -rf third")]);
    let mut left: Vec<String> = place.desk.pending().into_iter().map(|view| view.headline).collect();
    left.sort();
    assert_eq!(left, ["rm -rf third", RISKY]);
    place.said(Said::Missed(3));
    place.lists(Vec::new());
    assert!(place.desk.pending().is_empty());
}

#[test]
fn a_restart_of_the_app_asks_about_what_still_stands() {
    let mut place = Place::new();
    let asked = place.asks("a", RISKY);
    place.desk.close();
    assert_eq!(place.line.told(), [], "the gateway goes on waiting");
    place.desk.open();
    place.attach_again();
    assert!(place.desk.pending().is_empty());
    place.lists(vec![asked]);
    place.decide(Verb::AllowOnce);
    assert_eq!(place.line.told(), one("a", Decision::AllowOnce));
}

#[test]
fn a_line_that_was_replaced_is_not_heard() {
    let place = Place::new();
    let (_line, _number) = Place::line(&place.desk, &place.home);
    place.said(Said::Link(Link::Closed));
    place.asks("a", RISKY);
    assert_eq!((place.view().link, place.desk.pending().len()), (LinkState::Up, 0));
}

#[test]
fn a_home_that_was_let_go_of_is_not_answered() {
    let place = Place::new();
    place.asks("a", RISKY);
    place.desk.butler().govern(Govern { home_id: place.home.clone(), governed: false }).unwrap();
    place.asks("b", "ls");
    place.desk.butler().tick(false);
    assert_eq!((place.line.told(), place.desk.pending().len()), (vec![], 0));
}

#[test]
fn what_the_guard_let_through_is_not_asked_again() {
    let place = Place::new();
    let mut gate = place.desk.request("session-1", RISKY);
    gate.runtime = "openclaw".to_owned();
    gate.tool = "exec".to_owned();
    gate.process.home = place.desk.home().join(".openclaw").display().to_string();
    gate.call_id = Some("call-a".to_owned());
    place.desk.butler().delivered(&gate, Verdict::Allow, None);
    place.asks("a", RISKY);
    assert_eq!((place.line.told(), place.desk.pending().len()), (one("a", Decision::AllowOnce), 0));
    let mut again = place.question("a2", RISKY);
    again.call = Some("call-a".to_owned());
    place.said(Said::Asked(again));
    assert_eq!(place.desk.pending().len(), 1, "once");
    gate.call_id = Some("call-b".to_owned());
    place.desk.butler().delivered(&gate, Verdict::Allow, None);
    place.asks("b", "rm -rf another");
    assert_eq!(place.desk.pending().len(), 2, "the same command only");
}

#[test]
fn the_floor_is_raised_after_it_was_seen_and_given_back() {
    let place = Place::new();
    let before = json!({ "version": 1, "defaults": { "ask": "off" } });
    let shown = place.view().floor.unwrap();
    assert_eq!((shown.hash.as_str(), shown.raised), ("h", false));
    assert_eq!(shown.gaps[0].place, "policy.defaults.ask");
    assert_eq!(serde_json::from_str::<Value>(&shown.then).unwrap(), with_floor(&before));
    assert!(shown.diff.contains("-    \"ask\": \"off\""), "{}", shown.diff);
    assert_eq!(code(place.floor(true, "other")), Code::Stale);

    let raised = place.floor(true, "h").unwrap().floor.unwrap();
    assert_eq!((raised.raised, raised.gaps.len()), (true, 0));
    let detach = || place.desk.butler().detach_home(DetachHome { home_id: place.home.clone(), anyway: false });
    assert_eq!(code(detach()), Code::Precondition, "nobody would answer");
    let lowered = place.floor(false, &raised.hash).unwrap().floor.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&lowered.now).unwrap(), before);
    assert_eq!(place.desk.entries("gateway.floor").len(), 2);
    detach().unwrap();
}

#[test]
fn a_gateway_that_is_gone_is_let_go_and_the_log_says_what_stays_there() {
    let place = Place::new();
    place.floor(true, "h").unwrap();
    let detach = |anyway| place.desk.butler().detach_home(DetachHome { home_id: place.home.clone(), anyway });
    assert_eq!(code(detach(true)), Code::Precondition, "while it stands, nothing is left behind");
    place.said(down());
    assert_eq!(code(detach(false)), Code::Precondition);
    detach(true).unwrap();
    let left = &place.desk.entries("gateway.detached")[0].data["left"];
    assert_eq!(left, &json!({ "floor_raised": true, "agents_disabled": [] }));
}

#[test]
fn a_floor_that_is_refused_is_not_believed() {
    let place = Place::new();
    *place.line.refuses.lock().unwrap() = true;
    assert_eq!(code(place.floor(true, "h")), Code::Precondition);
    assert!(!place.view().floor.unwrap().raised);
    let says: Vec<String> = place.desk.entries("gateway.floor").into_iter().map(|entry| entry.says).collect();
    assert!(says[0].ends_with("did not change."), "{says:?}");
}

#[test]
fn a_connection_that_stays_away_is_raised_once() {
    let place = Place::new();
    place.said(down());
    place.desk.pass_ms(10_000);
    assert_eq!(place.desk.entries("gateway.lost").len(), 0, "a restart takes seconds");
    place.desk.pass_ms(10_000);
    place.desk.pass_ms(10_000);
    assert_eq!(place.desk.entries("gateway.lost").len(), 1);
    assert_eq!(place.desk.alerts().len(), 1);
    place.said(up());
    assert_eq!((place.desk.alerts().len(), place.desk.entries("gateway.up").len()), (0, 2));
    assert_eq!(place.view().version.as_deref(), Some("2026.9.6"));
}

#[test]
fn tokens_are_kept_by_us_alone_and_told_to_nobody() {
    let mut place = Place::new();
    let kept = || {
        let folder = fs::read_dir(place.desk.data().join("attached")).unwrap();
        let path =
            folder.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "json"));
        let path = path.unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::read_to_string(path).unwrap()
    };
    assert!(kept().contains(TOKEN));
    place.said(Said::DeviceToken(Secret::new("issued-for-this-device")));
    assert!(kept().contains("issued-for-this-device") && !kept().contains(TOKEN), "the shared one is not needed");
    let shown = format!("{:?}", place.view());
    assert!(!shown.contains(TOKEN) && !shown.contains("issued"));
    let attach = AttachHome { home_id: place.home.clone(), url: None, token: Some(TOKEN.to_owned()) };
    assert!(!format!("{attach:?}").contains(TOKEN));
    for url in ["wss://127.0.0.1", "ws://192.168.0.1:1", "nonsense:x"] {
        let attach = AttachHome { home_id: place.home.clone(), url: Some(url.to_owned()), token: None };
        assert_eq!(code(place.desk.butler().attach_home(attach)), Code::BadRequest, "{url}");
    }
    place.desk.butler().detach_home(DetachHome { home_id: place.home.clone(), anyway: false }).unwrap();
    let left: Vec<_> = fs::read_dir(place.desk.data().join("attached")).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| entry.path().extension().is_none_or(|extension| extension == "key")));
    place.desk.close();
    let database = fs::read(place.desk.data().join("clawbutler.db")).unwrap();
    let holds = |token: &str| database.windows(token.len()).any(|bytes| bytes == token.as_bytes());
    assert!(!holds(TOKEN) && !holds("issued-for-this-device"));
}

#[test]
fn the_kill_switch_does_not_claim_what_runs_behind_a_connection() {
    let place = Place::new();
    let report = place.desk.butler().kill_agent(KillAgent { home_id: place.home.clone() }).unwrap();
    let items: Vec<_> = report.items.iter().map(|item| (item.kind.as_str(), item.outcome)).collect();
    assert_eq!((report.complete, items), (false, vec![("connection", KillOutcome::CouldNot)]));
    assert!(place.desk.alerts().iter().any(|says| says.contains("could not stop everything")));
}
