//! Homes that nobody finds, named by hand; gateways by their address alone.

use std::fs;
use std::sync::Arc;

use clawbutler_attach::openclaw::{Approval, Decision, Event as Said, Hello, Kind, Link};
use clawbutler_butler::LineNumber;
use clawbutler_connectors::connector;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::NAMED_HOMES;
use clawbutler_wire::Code;
use clawbutler_wire::approvals::{Scope, Verb};
use clawbutler_wire::attached::LinkState;
use clawbutler_wire::audit::EntryView;
use clawbutler_wire::command::{
    AddHome, AttachHome, DecideApproval, DetachHome, Discover, ForgetHome, Govern, KillAgent, ListAgents, ListAudit,
    ListConnections, PlanGuard, ReviveAgent, SetAgentState,
};
use clawbutler_wire::gateway::{HomeRequest, NamedHome, VERSION};
use clawbutler_wire::registry::{AgentView, HealthLevel};
use clawbutler_wire::runtimes::{GuardState, GuardVariant};

use crate::desk::{Desk, code, decide};
use crate::made::Made;

const ADDRESS: &str = "ws://127.0.0.1:18790";

fn add(desk: &Desk, runtime: &str, place: &str) -> Result<AgentView, clawbutler_butler::Error> {
    desk.butler().add_home(AddHome { runtime: runtime.to_owned(), place: place.to_owned() })
}

fn agents(desk: &Desk) -> Vec<AgentView> {
    desk.butler().list_agents(ListAgents {}).unwrap().agents
}

fn from(agent: &AgentView) -> &str {
    &agent.sources.iter().find(|source| source.fact == "home").unwrap().source
}

#[test]
fn a_home_of_every_runtime_is_named_governed_and_forgotten() {
    let desk = Desk::new();
    for runtime in connector::ALL {
        let folder = desk.home().join("elsewhere").join(runtime.id());
        fs::create_dir_all(folder.join(runtime.home_marks()[0])).unwrap();
        let place = folder.display().to_string();
        assert!(agents(&desk).iter().all(|agent| agent.home != place), "nothing tells of it");
        let named = add(&desk, runtime.id(), &format!("{place}/")).unwrap();
        assert_eq!((named.home.as_str(), named.governed, from(&named)), (place.as_str(), false, "named by you"));
        assert_eq!(add(&desk, runtime.id(), &place).unwrap().id, named.id, "once");
        let found = desk.butler().discover(Discover {}).unwrap().homes;
        assert!(found.iter().any(|home| home.id == named.id && home.source == "named by you"));

        desk.butler().govern(Govern { home_id: named.id.clone(), governed: true }).unwrap();
        let listed = agents(&desk).into_iter().find(|agent| agent.id == named.id).unwrap();
        assert_eq!((listed.governed, from(&listed)), (true, "named by you"));
        desk.butler().forget_home(ForgetHome { home_id: named.id.clone() }).unwrap();
        assert!(agents(&desk).iter().all(|agent| agent.id != named.id));
    }
    let entries = desk.entries("home.named");
    assert_eq!(entries.len(), connector::ALL.len());
    assert!(entries.iter().all(|entry| entry.actor == "you" && entry.data["origin"] == "window"));
}

#[test]
fn a_secret_in_the_path_of_a_home_is_in_no_entry() {
    const KEY: &str = "sk-ant-api03-a1B2c3D4e5F6g7H8i9J0kLmNa1B2c3D4e5F6g7H8i9J0kLmNa1B2c3D4e5F6g7H8i9J0kLmN";
    let desk = Desk::new();
    let folder = desk.home().join(KEY).join(".claude");
    fs::create_dir_all(folder.join("projects")).unwrap();
    let home_id = add(&desk, "claude-code", &folder.display().to_string()).unwrap().id;
    let govern = |governed| desk.butler().govern(Govern { home_id: home_id.clone(), governed }).unwrap();
    govern(true);
    for enabled in [false, true] {
        desk.butler().set_agent_state(SetAgentState { home_id: home_id.clone(), enabled }).unwrap();
    }
    desk.butler().kill_agent(KillAgent { home_id: home_id.clone() }).unwrap();
    desk.butler().revive_agent(ReviveAgent { home_id: home_id.clone() }).unwrap();
    fs::write(folder.join("settings.json"), r#"{"permissions":{"defaultMode":"bypassPermissions"}}"#).unwrap();
    desk.pass_ms(3_000);
    desk.butler().tick(true);
    govern(false);
    desk.butler().forget_home(ForgetHome { home_id: home_id.clone() }).unwrap();
    let entries = desk.butler().list_audit(ListAudit { limit: Some(500), ..ListAudit::default() }).unwrap().items;
    let about = |entry: &&EntryView| entry.data["home"] == home_id.as_str();
    assert!(entries.iter().filter(about).count() >= 8, "{entries:?}");
    for entry in entries.iter().filter(about) {
        assert!(entry.data.to_string().contains("[masked:"), "{} {}", entry.kind, entry.data);
    }
    for entry in &entries {
        let text = format!("{} {}", entry.data, entry.says);
        assert!(!text.contains(KEY), "{} {text}", entry.kind);
    }
}

#[test]
fn what_is_no_home_is_refused_with_a_word_why() {
    let desk = Desk::new();
    fs::create_dir_all(desk.home().join("notes")).unwrap();
    fs::write(desk.home().join("file"), "x").unwrap();
    let at = |name: &str| desk.home().join(name).display().to_string();
    for (runtime, place, word) in [
        ("nobody", at("notes"), "no such runtime"),
        ("codex", "notes".to_owned(), "absolute"),
        ("codex", format!("{}/../notes", at("notes")), ".."),
        ("codex", at("nothing"), "not a folder"),
        ("codex", at("file"), "not a folder"),
        ("codex", at("notes"), "does not look like a home of Codex"),
        ("codex", ADDRESS.to_owned(), "known by its home"),
        ("openclaw", "ws://192.0.2.1:18789".to_owned(), "no address of a gateway on this machine"),
        ("openclaw", "https://127.0.0.1".to_owned(), "no address"),
    ] {
        let refused = add(&desk, runtime, &place).unwrap_err().0;
        assert!(refused.message.contains(word), "{place}: {}", refused.message);
    }
    assert_eq!(desk.entries("home.named").len(), 0);
}

#[test]
fn a_home_that_is_found_by_itself_is_not_named_again() {
    let desk = Desk::new();
    fs::create_dir_all(desk.home().join(".codex/sessions")).unwrap();
    let found = agents(&desk).into_iter().find(|agent| agent.runtime == "codex").unwrap();
    let named = add(&desk, "codex", &desk.home().join(".codex").display().to_string()).unwrap();
    assert_eq!((named.id, named.governed), (found.id, false));
    assert_eq!(desk.entries("home.named").len(), 0);
}

#[test]
fn the_command_line_lists_a_home_and_chooses_nothing() {
    let desk = Desk::new();
    let folder = desk.home().join("elsewhere");
    fs::create_dir_all(folder.join("sessions")).unwrap();
    let ask = |v, place: String| {
        let name_home = NamedHome { runtime: "codex".to_owned(), place };
        desk.butler().home_told(&HomeRequest { v, name_home })
    };
    let place = folder.display().to_string();
    assert!(ask(VERSION + 1, place.clone()).refused.is_some());
    assert!(ask(VERSION, "elsewhere".to_owned()).refused.unwrap().contains("absolute"));
    let answer = ask(VERSION, place);
    assert_eq!(answer.refused, None);
    let listed = agents(&desk).into_iter().find(|agent| agent.id == answer.home_id).unwrap();
    assert_eq!((listed.governed, from(&listed)), (false, "named on the command line"));
    let entries = desk.entries("home.named");
    assert_eq!((entries.len(), entries[0].actor.as_str()), (1, "the guard, alone"));
    assert_eq!(entries[0].data["origin"], "command_line");
}

#[test]
fn no_more_homes_are_named_than_the_bound() {
    let desk = Desk::new();
    for number in 0..NAMED_HOMES {
        add(&desk, "openclaw", &format!("ws://127.0.0.1:{}", 20_000 + number)).unwrap();
    }
    assert_eq!(code(add(&desk, "openclaw", ADDRESS)), Code::Precondition);
}

/// A governed entry at an address, with a connection that is made up.
fn gateway(desk: &Desk, place: &str) -> (String, Arc<Made>, LineNumber) {
    let id = add(desk, "openclaw", place).unwrap().id;
    desk.butler().govern(Govern { home_id: id.clone(), governed: true }).unwrap();
    let attach = AttachHome { home_id: id.clone(), url: None, token: Some("t".to_owned()), reach: None };
    desk.butler().attach_home(attach).unwrap();
    let line = Arc::new(Made::default());
    let number = desk.butler().attach_line(&id, line.clone());
    desk.butler().gateway_said(&id, number, Said::Link(Link::Up(Arc::new(Hello::default()))));
    (id, line, number)
}

fn asks(desk: &Desk, (id, _, number): &(String, Arc<Made>, LineNumber), approval: &str) {
    let approval = Approval {
        kind: Kind::Exec,
        id: approval.to_owned(),
        command: "rm -rf victim".to_owned(),
        description: None,
        tool: "exec".to_owned(),
        cwd: Some(desk.project().display().to_string()),
        program: None,
        agent: Some("main".to_owned()),
        session: Some("agent:main:main".to_owned()),
        run: Some("r".to_owned()),
        call: Some(format!("call-{approval}")),
        host: Some("gateway".to_owned()),
        shapes: Vec::new(),
        warning: None,
        offered: vec![Decision::AllowOnce, Decision::Deny],
        asked_at: Some(Timestamp(desk.now())),
        expires_at: Some(Timestamp(desk.now() + 1_800_000)),
    };
    desk.butler().gateway_said(id, *number, Said::Asked(approval));
}

#[test]
fn a_gateway_known_by_its_address_is_an_agent_of_its_own() {
    let desk = Desk::new();
    let named = add(&desk, "openclaw", "ws://localhost:18790/").unwrap();
    assert_eq!((named.home.as_str(), named.guard.state), (ADDRESS, GuardState::Missing));
    assert!(named.guard.says.contains("from here"), "{}", named.guard.says);
    assert_eq!(named.health.level, HealthLevel::Degraded);
    let home_id = named.id;
    let plan = PlanGuard { home_id: home_id.clone(), variant: GuardVariant::User, uninstall: false };
    assert_eq!(code(desk.butler().plan_guard(plan)), Code::Precondition);
    desk.butler().govern(Govern { home_id: home_id.clone(), governed: true }).unwrap();
    let off = SetAgentState { home_id: home_id.clone(), enabled: false };
    assert_eq!(code(desk.butler().set_agent_state(off)), Code::Precondition, "nothing would hold it");
    let other =
        AttachHome { home_id: home_id.clone(), url: Some("ws://127.0.0.1:18791".to_owned()), token: None, reach: None };
    assert_eq!(code(desk.butler().attach_home(other)), Code::Precondition);
    let report = desk.butler().kill_agent(KillAgent { home_id: home_id.clone() }).unwrap();
    assert!(report.beyond.iter().any(|says| says.contains("The gateway itself goes on")), "{:?}", report.beyond);
    desk.butler().forget_home(ForgetHome { home_id }).unwrap();
    assert!(agents(&desk).iter().all(|agent| agent.home != ADDRESS));
}

/// An always-allow for a session of the one gateway; the other one has a session of the same name.
fn holds_at_one_only(desk: &Desk, places: [&str; 2]) {
    let [one, other] = places.map(|place| gateway(desk, place));
    let links = desk.butler().list_connections(ListConnections {}).unwrap().items;
    assert!(links.len() == 2 && links.iter().all(|link| link.link == LinkState::Up), "{links:?}");
    asks(desk, &one, "first");
    asks(desk, &other, "second");
    let pending = desk.pending();
    let mut homes: Vec<_> = pending.iter().map(|view| view.home.as_deref().unwrap()).collect();
    homes.sort_unstable();
    assert_eq!(homes, places);
    assert_ne!(pending[0].session, pending[1].session);
    let requested = desk.entries("approval.requested");
    assert_ne!(requested[0].trace, requested[1].trace, "each has a trace of its own");

    let first = pending.iter().find(|view| view.home.as_deref() == Some(places[0])).unwrap();
    let always = DecideApproval { scope: Scope::Session, ..decide(first, Verb::AllowAlways) };
    desk.butler().decide_approval(always).unwrap();
    asks(desk, &one, "again");
    asks(desk, &other, "another");
    let waits = |home: &str| desk.pending().iter().filter(|view| view.home.as_deref() == Some(home)).count();
    assert_eq!((waits(places[0]), waits(places[1])), (0, 2));

    let forget = || desk.butler().forget_home(ForgetHome { home_id: one.0.clone() });
    assert_eq!(code(forget()), Code::Precondition, "it is connected");
    desk.butler().detach_home(DetachHome { home_id: one.0.clone(), anyway: false }).unwrap();
    forget().unwrap();
    assert_eq!(waits(places[1]), 2);
}

#[test]
fn what_holds_in_a_session_of_one_gateway_holds_at_no_other() {
    holds_at_one_only(&Desk::new(), [ADDRESS, "ws://127.0.0.1:18791"]);
}

/// Both homes are on this machine and unguarded: nothing but the home tells their sessions apart.
#[test]
fn what_holds_in_a_session_of_one_home_holds_in_no_other() {
    let desk = Desk::new();
    let homes = ["one", "two"].map(|name| {
        let home = desk.home().join(name);
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("openclaw.json"), "{}").unwrap();
        home.display().to_string()
    });
    holds_at_one_only(&desk, [&homes[0], &homes[1]]);
}
