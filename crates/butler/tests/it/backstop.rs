//! Static rules that a runtime enforces by itself: written by consent, told from drift, taken away again.

use std::fs;

use clawbutler_wire::Code;
use clawbutler_wire::command::{Govern, InstallGuard, ListAgents, PlanGuard, ShowAgent, UninstallGuard};
use clawbutler_wire::registry::{AgentDetail, DriftKind};
use clawbutler_wire::runtimes::{GuardState, GuardVariant};

use crate::desk::{Desk, code};

const VARIANT: GuardVariant = GuardVariant::Backstop;

/// The agent with its home in a folder, not chosen yet.
fn found(desk: &Desk, folder: &str, file: &str) -> String {
    let folder = desk.home().join(folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(file), "").unwrap();
    let path = folder.display().to_string();
    let agents = desk.butler().list_agents(ListAgents {}).unwrap().agents;
    agents.into_iter().find(|agent| agent.home == path).unwrap().id
}

fn planned(desk: &Desk, id: &str, uninstall: bool) -> String {
    let plan = PlanGuard { home_id: id.to_owned(), variant: VARIANT, uninstall };
    desk.butler().plan_guard(plan).unwrap().plan_digest
}

fn shown(desk: &Desk, id: &str) -> AgentDetail {
    desk.butler().show_agent(ShowAgent { home_id: id.to_owned() }).unwrap()
}

fn drift(desk: &Desk, id: &str) -> Vec<(DriftKind, String, String)> {
    desk.pass_ms(3_000);
    desk.butler().tick(true);
    let changes = shown(desk, id).drift.map(|drift| drift.changes).unwrap_or_default();
    changes.into_iter().map(|change| (change.kind, change.name, change.to.unwrap_or_default())).collect()
}

#[test]
fn they_are_written_by_consent_and_their_loss_is_drift() {
    let desk = Desk::new();
    let id = found(&desk, ".codex", "config.toml");
    let file = desk.home().join(".codex/rules/clawbutler.rules");
    let install = |plan_digest| InstallGuard { home_id: id.clone(), variant: VARIANT, plan_digest };
    let digest = planned(&desk, &id, false);
    assert_eq!(code(desk.butler().install_guard(install(digest.clone()))), Code::Precondition, "it was not chosen");
    desk.butler().govern(Govern { home_id: id.clone(), governed: true }).unwrap();
    assert_eq!(code(desk.butler().install_guard(install("another".to_owned()))), Code::Stale);
    assert!(!file.exists());

    let home = desk.butler().install_guard(install(digest)).unwrap();
    assert_eq!((home.governed, home.guard.state), (true, GuardState::Missing), "they are not the guard");
    assert_eq!(shown(&desk, &id).agent.backstop, Some(true));
    assert_eq!(drift(&desk, &id), [], "a person did this through us");

    let ours = fs::read(&file).unwrap();
    fs::write(&file, "prefix_rule(pattern=[\"ls\"], decision=\"allow\")\n").unwrap();
    let loosened = |words: &str| vec![(DriftKind::Loosened, "static rules".to_owned(), words.to_owned())];
    assert_eq!(drift(&desk, &id), loosened("not as ClawButler wrote them"));
    fs::remove_file(&file).unwrap();
    assert_eq!(drift(&desk, &id), loosened("none"));
    desk.butler().install_guard(install(planned(&desk, &id, false))).unwrap();
    assert_eq!((fs::read(&file).unwrap(), drift(&desk, &id)), (ours, vec![]));

    let plan_digest = planned(&desk, &id, true);
    desk.butler().uninstall_guard(UninstallGuard { home_id: id.clone(), variant: VARIANT, plan_digest }).unwrap();
    assert_eq!((file.exists(), shown(&desk, &id).agent.backstop, drift(&desk, &id)), (false, Some(false), vec![]));
    let written: Vec<_> = desk.entries("guard.installed").iter().map(|entry| entry.data["variant"].clone()).collect();
    assert_eq!(written, ["backstop", "backstop"]);
    assert_eq!(desk.entries("guard.removed").len(), 1);
}

#[test]
fn a_runtime_without_rules_of_its_own_is_not_given_any() {
    let desk = Desk::new();
    let id = found(&desk, ".claude", "settings.json");
    assert_eq!(shown(&desk, &id).agent.backstop, None);
    let plan = PlanGuard { home_id: id, variant: VARIANT, uninstall: false };
    assert_eq!(code(desk.butler().plan_guard(plan)), Code::Precondition);
}
