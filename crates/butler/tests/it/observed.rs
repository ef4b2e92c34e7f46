//! A home whose runtime is only observed: shown and chosen like any other, never promised a guard.

use std::fs;

use clawbutler_wire::command::{
    Discover, ForgetHome, Govern, InstallGuard, KillAgent, ListAgents, PlanGuard, ReviveAgent, SetAgentState, Status,
    UninstallGuard,
};
use clawbutler_wire::error::Code;
use clawbutler_wire::registry::{AgentState, AgentView, HealthLevel};
use clawbutler_wire::runtimes::{GuardState, GuardVariant};

use crate::desk::{Desk, code};

/// Makes a home, chooses it and gives what is shown of it.
fn chosen(desk: &Desk, folder: &str) -> AgentView {
    let folder = desk.home().join(folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("settings.json"), "{}").unwrap();
    let path = folder.display().to_string();
    let agents = desk.butler().list_agents(ListAgents {}).unwrap().agents;
    let id = agents.into_iter().find(|agent| agent.home == path).unwrap().id;
    desk.butler().govern(Govern { home_id: id.clone(), governed: true }).unwrap();
    shown(desk, &id)
}

fn shown(desk: &Desk, id: &str) -> AgentView {
    let agents = desk.butler().list_agents(ListAgents {}).unwrap().agents;
    agents.into_iter().find(|agent| agent.id == id).unwrap()
}

#[test]
fn no_guard_is_offered_planned_or_counted() {
    let desk = Desk::new();
    let folder = desk.home().join(".gemini");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("settings.json"), "{}").unwrap();
    let found = desk.butler().discover(Discover {}).unwrap().homes;
    let home = found.into_iter().find(|home| home.path == folder.display().to_string()).unwrap();
    assert!(!home.guardable && home.guard.state == GuardState::Missing, "{home:?}");

    let before = desk.butler().status(Status {}).unwrap();
    let home = desk.butler().govern(Govern { home_id: home.id, governed: true }).unwrap();
    assert!(home.governed);
    let after = desk.butler().status(Status {}).unwrap();
    assert_eq!((after.governed, after.guarded), (before.governed, before.guarded), "it is not one without a guard");
    assert_eq!(desk.alerts(), Vec::<String>::new());

    let plan = PlanGuard { home_id: home.id, variant: GuardVariant::User, uninstall: false };
    assert_eq!(code(desk.butler().plan_guard(plan)), Code::Precondition);
    assert_eq!(fs::read_to_string(folder.join("settings.json")).unwrap(), "{}");
}

#[test]
fn health_claims_nothing_of_a_guard_that_cannot_be() {
    let desk = Desk::new();
    let agent = chosen(&desk, ".gemini");
    assert!(agent.governed);
    let names: Vec<&str> = agent.health.checks.iter().map(|check| check.name.as_str()).collect();
    for name in ["guard", "last contact", "sessions", "state"] {
        assert!(!names.contains(&name), "{names:?}");
    }
    assert_eq!(agent.guard.state, GuardState::Missing);
    assert!(agent.guard.says.contains("only observes") && agent.guard.fix.is_none(), "{:?}", agent.guard);
}

#[test]
fn what_cannot_be_held_is_not_called_disabled() {
    let desk = Desk::new();
    let agent = chosen(&desk, ".gemini");
    let set = |enabled| desk.butler().set_agent_state(SetAgentState { home_id: agent.id.clone(), enabled });
    assert_eq!(code(set(false)), Code::Precondition);
    assert_eq!(set(true).unwrap().state, AgentState::Online);
    assert_eq!(shown(&desk, &agent.id).state, AgentState::Online);
    assert_eq!(desk.entries("agent.disabled").len(), 0);
    let snapshot = fs::read_to_string(desk.data().join("snapshot.json")).unwrap();
    assert!(snapshot.contains(r#""stopped":[]"#), "{snapshot}");
}

#[test]
fn its_kill_switch_ends_what_runs_and_says_that_nothing_holds_what_comes() {
    let desk = Desk::new();
    let agent = chosen(&desk, ".gemini");
    let report = desk.butler().kill_agent(KillAgent { home_id: agent.id.clone() }).unwrap();
    assert_eq!((report.agent.state, report.denied, report.items.len()), (AgentState::Online, 0, 0));
    let last = report.beyond.last().unwrap();
    assert!(last.starts_with("Nothing holds a session that starts after this."), "{:?}", report.beyond);
    assert_eq!((desk.entries("agent.kill_requested").len(), desk.entries("agent.killed").len()), (1, 1));
    let revived = desk.butler().revive_agent(ReviveAgent { home_id: agent.id.clone() }).unwrap();
    assert_eq!(revived.state, AgentState::Online);
    assert_eq!(desk.entries("agent.revived").len(), 0, "there was nothing to revive");
    desk.butler().forget_home(ForgetHome { home_id: agent.id }).unwrap();
}

#[test]
fn no_removal_of_a_guard_is_recorded_that_never_was() {
    let desk = Desk::new();
    for folder in [".gemini", ".openclaw"] {
        let home_id = chosen(&desk, folder).id;
        let variant = GuardVariant::User;
        let plan = PlanGuard { home_id: home_id.clone(), variant, uninstall: true };
        let plan = desk.butler().plan_guard(plan).unwrap();
        assert!(!plan.changes, "{plan:?}");
        let removal = UninstallGuard { home_id: home_id.clone(), variant, plan_digest: plan.plan_digest };
        assert_eq!(code(desk.butler().uninstall_guard(removal)), Code::Precondition);
        assert!(shown(&desk, &home_id).governed, "it is governed as before");
    }
    assert_eq!(desk.entries("guard.removed").len(), 0);
    let home_id = shown(&desk, &chosen(&desk, ".gemini").id).id;
    let install = InstallGuard { home_id, variant: GuardVariant::User, plan_digest: String::new() };
    assert_eq!(code(desk.butler().install_guard(install)), Code::Precondition);
    assert_eq!(desk.entries("guard.installed").len(), 0);
}

#[test]
fn a_home_that_lost_its_guard_is_stopped_in_word_only_and_says_so() {
    let desk = Desk::new();
    let agent = chosen(&desk, ".openclaw");
    let disable = SetAgentState { home_id: agent.id.clone(), enabled: false };
    let disabled = desk.butler().set_agent_state(disable).unwrap();
    assert_eq!(disabled.state, AgentState::Disabled);
    let check = disabled.health.checks.iter().find(|check| check.name == "state").unwrap();
    assert_eq!((check.level, disabled.health.level), (HealthLevel::Critical, HealthLevel::Critical));
    assert!(check.says.contains("disabled") && check.says.contains("nothing holds it"), "{check:?}");
    let report = desk.butler().kill_agent(KillAgent { home_id: agent.id }).unwrap();
    assert_eq!(report.agent.state, AgentState::Killed, "it holds once a guard is there");
    assert!(report.beyond.iter().any(|says| says.starts_with("Nothing holds a session")), "{:?}", report.beyond);
}
