//! The registry of agents: what is chosen and forgotten, baseline and drift, health.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clawbutler_wire::Code;
use clawbutler_wire::command::{
    AcceptDrift, DismissAlert, ForgetHome, Govern, GovernMany, InstallGuard, ListAgents, PlanGuard, SetAgentState,
    ShowAgent, Status, UninstallGuard,
};
use clawbutler_wire::registry::{AgentView, DriftKind, FactTab, HealthLevel};
use clawbutler_wire::runtimes::GuardVariant;
use serde_json::json;

use crate::desk::{Desk, code};

/// A desk with one home of the runtime, found and chosen.
pub(crate) struct Registry {
    pub(crate) desk: Desk,
    pub(crate) id: String,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".claude")).unwrap();
        let agents = desk.butler().list_agents(ListAgents {}).unwrap().agents;
        let id = agents.into_iter().next().unwrap().id;
        desk.butler().govern(Govern { home_id: id.clone(), governed: true }).unwrap();
        Self { desk, id }
    }

    fn settings(&self) -> PathBuf {
        self.desk.home().join(".claude/settings.json")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.desk.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn agent(&self) -> AgentView {
        let agents = self.desk.butler().list_agents(ListAgents {}).unwrap().agents;
        agents.into_iter().find(|agent| agent.id == self.id).unwrap()
    }

    /// Lets enough time pass for another look at the files, and looks.
    fn look(&self) {
        self.desk.pass_ms(3_000);
        self.desk.butler().tick(true);
    }

    fn changes(&self) -> Vec<(DriftKind, String)> {
        let shown = self.desk.butler().show_agent(ShowAgent { home_id: self.id.clone() }).unwrap();
        let changes = shown.drift.map(|drift| drift.changes).unwrap_or_default();
        changes.into_iter().map(|change| (change.kind, change.name)).collect()
    }

    fn accept(&self) -> Result<(), clawbutler_butler::Error> {
        let shown = self.desk.butler().show_agent(ShowAgent { home_id: self.id.clone() }).unwrap();
        let digest = shown.drift.map(|drift| drift.digest).unwrap_or_default();
        self.desk.butler().accept_drift(AcceptDrift { home_id: self.id.clone(), digest }).map(drop)
    }

    pub(crate) fn set(&self, enabled: bool) -> Result<AgentView, clawbutler_butler::Error> {
        self.desk.butler().set_agent_state(SetAgentState { home_id: self.id.clone(), enabled })
    }

    pub(crate) fn snapshot(&self) -> serde_json::Value {
        let text = fs::read_to_string(self.desk.data().join("snapshot.json")).unwrap();
        serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
    }
}

/// A process of the test's own, ended with it.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn start(script: &str) -> Self {
        Self(Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn started(&self) -> u64 {
        clawbutler_platform::os::started(self.pid()).unwrap()
    }

    pub(crate) fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn register(registry: &Registry, pid: u32, start: u64) {
    let session = json!({
        "pid": pid, "sessionId": format!("session-{pid}"), "cwd": registry.desk.project(), "startedAt": 1,
        "procStart": start.to_string(), "version": "2.1.330", "kind": "interactive", "entrypoint": "cli", "status": "busy",
    });
    registry.write(&format!(".claude/sessions/{pid}.json"), &session.to_string());
}

#[test]
fn what_appears_changes_loosens_or_goes_is_raised_recorded_and_accepted() {
    let registry = Registry::new();
    let desk = &registry.desk;
    registry.look();
    assert_eq!((registry.changes(), desk.alerts()), (vec![], vec![]), "nothing changed yet");

    registry.write(".claude.json", r#"{"mcpServers":{"github":{"command":"npx","env":{"TOKEN":"ghp_S3CRETS3CRET"}}}}"#);
    registry.look();
    assert_eq!(registry.changes(), [(DriftKind::Appeared, "mcp:github".to_owned())]);
    let says = format!("The configuration of {} changed: mcp:github appeared.", desk.home().join(".claude").display());
    assert_eq!(desk.alerts(), [says]);
    let entries = desk.entries("config.drift");
    assert_eq!(entries.len(), 1, "recorded once");
    assert!(!entries[0].data.to_string().contains("S3CRET"), "values of variables are not kept");

    registry.look();
    registry.look();
    assert_eq!(desk.entries("config.drift").len(), 1, "and not again while it stays");

    fs::write(registry.settings(), r#"{"permissions":{"defaultMode":"bypassPermissions"}}"#).unwrap();
    registry.look();
    let both = [(DriftKind::Loosened, "permission mode".to_owned()), (DriftKind::Appeared, "mcp:github".to_owned())];
    assert_eq!(registry.changes(), both, "the critical first");
    assert!(desk.alerts()[0].starts_with("Critical: "));
    assert_eq!(desk.alerts().len(), 1);
    assert_eq!(desk.entries("config.drift")[0].data["critical"], true);
    assert_eq!(registry.agent().drift, 2);

    registry.accept().unwrap();
    assert_eq!((registry.changes(), desk.alerts()), (vec![], vec![]));
    assert_eq!(desk.entries("drift.accepted").len(), 1);
    assert_eq!(desk.entries("drift.accepted")[0].actor, "you");

    fs::write(registry.settings(), r#"{"permissions":{"defaultMode":"default"}}"#).unwrap();
    registry.look();
    assert_eq!(registry.changes(), [], "stricter is no alarm");
    fs::write(registry.desk.home().join(".claude.json"), "{}").unwrap();
    registry.look();
    assert_eq!(registry.changes(), [(DriftKind::Gone, "mcp:github".to_owned())]);
}

#[test]
fn an_open_change_survives_a_restart_and_ends_when_it_is_taken_back() {
    let mut registry = Registry::new();
    registry.write(".claude/skills/deploy/SKILL.md", "---\ndescription: Deploys\n---\n");
    registry.look();
    let since = |registry: &Registry| {
        let shown = registry.desk.butler().show_agent(ShowAgent { home_id: registry.id.clone() }).unwrap();
        shown.drift.unwrap().changes[0].since
    };
    let first = since(&registry);
    registry.desk.close();
    registry.desk.pass_closed_ms(60_000);
    registry.desk.open();
    assert_eq!(registry.desk.alerts().len(), 1, "shown again");
    registry.look();
    assert_eq!(since(&registry), first);
    assert_eq!(registry.desk.entries("config.drift").len(), 1, "recorded before the restart");
    let alert = registry.desk.butler().status(Status {}).unwrap().alerts.remove(0);
    registry.desk.butler().dismiss_alert(DismissAlert { id: alert.id }).unwrap();
    registry.look();
    assert_eq!(registry.desk.alerts(), Vec::<String>::new(), "taken off the screen, not raised again");
    assert_eq!(registry.agent().drift, 1, "but still open");

    fs::remove_dir_all(registry.desk.home().join(".claude/skills")).unwrap();
    registry.look();
    assert_eq!(registry.changes(), []);
    let entries = registry.desk.entries("config.drift");
    assert_eq!((entries.len(), entries[0].data["count"].as_u64()), (2, Some(0)), "its end is recorded too");
}

#[test]
fn only_what_was_shown_is_accepted() {
    let registry = Registry::new();
    registry.write(".claude/agents/one.md", "one");
    registry.look();
    let shown = registry.desk.butler().show_agent(ShowAgent { home_id: registry.id.clone() }).unwrap().drift.unwrap();
    registry.write(".claude/agents/two.md", "two");
    let accepted =
        registry.desk.butler().accept_drift(AcceptDrift { home_id: registry.id.clone(), digest: shown.digest });
    assert_eq!(code(accepted), Code::Stale);
    assert_eq!(registry.changes().len(), 2);
    assert_eq!(registry.desk.entries("drift.accepted").len(), 0);
    registry.accept().unwrap();
    assert_eq!(code(registry.accept()), Code::Stale, "there is nothing left to accept");
}

#[test]
fn a_projects_own_configuration_counts_from_the_first_session_in_it() {
    let registry = Registry::new();
    let project = registry.desk.project();
    fs::write(project.join(".mcp.json"), r#"{"mcpServers":{"db":{"command":"db"}}}"#).unwrap();
    let process = Process::start("exec sleep 300");
    register(&registry, process.pid(), process.started());
    registry.look();
    assert_eq!(registry.changes(), [], "what was there before the first session is its baseline");
    fs::write(project.join(".mcp.json"), r#"{"mcpServers":{"evil":{"command":"evil"}}}"#).unwrap();
    registry.look();
    let kinds: Vec<DriftKind> = registry.changes().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [DriftKind::Gone, DriftKind::Appeared]);
    drop(process);
    registry.look();
    assert_eq!(registry.changes().len(), 2, "the end of the session is no change");
}

#[test]
fn the_slow_timer_looks_without_being_called() {
    let registry = Registry::new();
    registry.look();
    registry.desk.pass_ms(3_000);
    registry.write(".claude/commands/x.md", "x");
    registry.desk.pass_ms(30_000);
    assert_eq!(registry.desk.alerts().len(), 0);
    registry.desk.pass_ms(31_000);
    assert_eq!(registry.desk.alerts().len(), 1);
}

/// Installs the guard of a home that was found after the engine had started, with the background thread running.
fn guarded_later(desk: &Desk) -> String {
    fs::create_dir_all(desk.home().join(".claude")).unwrap();
    let home_id = desk.butler().list_agents(ListAgents {}).unwrap().agents.remove(0).id;
    desk.butler().govern(Govern { home_id: home_id.clone(), governed: true }).unwrap();
    fs::create_dir_all(desk.data().join("bin")).unwrap();
    let hook = desk.data().join("bin/clawbutler-hook");
    fs::write(&hook, "the hook").unwrap();
    clawbutler_platform::os::set_mode(&hook, 0o700).unwrap();
    let variant = GuardVariant::User;
    let plan = desk.butler().plan_guard(PlanGuard { home_id: home_id.clone(), variant, uninstall: false }).unwrap();
    let install = InstallGuard { home_id: home_id.clone(), variant, plan_digest: plan.plan_digest };
    desk.butler().install_guard(install).unwrap();
    home_id
}

/// Waits for an alert that begins so, as a person would see it.
#[expect(clippy::disallowed_methods, reason = "this is about real time")]
fn wait_for_alert(desk: &Desk, begins: &str) {
    let start = Instant::now();
    while !desk.alerts().iter().any(|says| says.starts_with(begins)) {
        assert!(start.elapsed() < Duration::from_secs(10), "nothing was raised: {:?}", desk.alerts());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_guard_lost_in_a_home_that_came_later_is_raised() {
    let desk = Desk::new();
    let thread = desk.butler().start().unwrap();
    guarded_later(&desk);
    std::thread::sleep(Duration::from_secs(1));
    fs::write(desk.home().join(".claude/settings.json"), "{}").unwrap();
    wait_for_alert(&desk, "The guard in ");
    assert_eq!(desk.entries("guard.drift").len(), 1);
    desk.butler().shutdown();
    thread.join().unwrap();
}

#[test]
fn a_home_is_forgotten_only_without_its_guard() {
    let registry = Registry::new();
    let desk = &registry.desk;
    fs::create_dir_all(desk.data().join("bin")).unwrap();
    let hook = desk.data().join("bin/clawbutler-hook");
    fs::write(&hook, "x").unwrap();
    clawbutler_platform::os::set_mode(&hook, 0o755).unwrap();
    let plan = |uninstall| {
        let request = PlanGuard { home_id: registry.id.clone(), variant: GuardVariant::User, uninstall };
        desk.butler().plan_guard(request).unwrap().plan_digest
    };
    let (home_id, variant) = (registry.id.clone(), GuardVariant::User);
    desk.butler().install_guard(InstallGuard { home_id: home_id.clone(), variant, plan_digest: plan(false) }).unwrap();
    let forget = || desk.butler().forget_home(ForgetHome { home_id: registry.id.clone() });
    assert_eq!(code(forget()), Code::Precondition);
    registry.set(false).unwrap();
    let removed = UninstallGuard { home_id, variant, plan_digest: plan(true) };
    assert_eq!(code(desk.butler().uninstall_guard(removed.clone())), Code::Precondition, "the guard holds it");
    registry.set(true).unwrap();
    desk.butler().uninstall_guard(removed).unwrap();
    registry.write(".claude/agents/x.md", "x");
    forget().unwrap();
    assert_eq!(code(forget()), Code::NotFound);
    assert_eq!(desk.entries("home.forgotten").len(), 1);
    let agent = registry.agent();
    assert!(!agent.governed, "found again, as if never chosen");
    assert_eq!(code(registry.set(false)), Code::Precondition);
    registry.look();
    assert_eq!(desk.alerts(), Vec::<String>::new());
}

#[test]
fn several_homes_are_chosen_at_once_each_for_itself() {
    let desk = Desk::new();
    for name in [".claude", ".claude-work/projects"] {
        fs::create_dir_all(desk.home().join(name)).unwrap();
    }
    // Clients of other tests may run on the same machine, and their homes are found too.
    let own = desk.home().display().to_string();
    let agents = desk.butler().list_agents(ListAgents {}).unwrap().agents.into_iter();
    let ids: Vec<String> = agents.filter(|agent| agent.home.starts_with(&own)).map(|agent| agent.id).collect();
    assert_eq!(ids.len(), 2);
    let home_ids = ids.iter().cloned().chain(["nothing".to_owned()]).collect();
    let result = desk.butler().govern_many(GovernMany { home_ids, governed: true }).unwrap();
    let told: Vec<(bool, Option<Code>)> = result
        .outcomes
        .iter()
        .map(|one| (one.agent.as_ref().is_some_and(|agent| agent.governed), one.error.as_ref().map(|error| error.code)))
        .collect();
    assert_eq!(told, [(true, None), (true, None), (false, Some(Code::NotFound))]);
    assert_eq!(desk.entries("home.governed").len(), 2);
    let many = vec![String::new(); 101];
    assert_eq!(code(desk.butler().govern_many(GovernMany { home_ids: many, governed: true })), Code::BadRequest);
}

#[test]
fn health_is_the_worst_check_and_every_worry_has_a_fix() {
    let registry = Registry::new();
    let agent = registry.agent();
    assert_eq!(agent.health.level, HealthLevel::Critical, "governed, and no guard");
    assert_eq!(agent.health.checks[0].name, "guard");
    for check in &agent.health.checks {
        assert_eq!(check.fix.is_none(), check.level == HealthLevel::Healthy, "{check:?}");
    }
    let facts: Vec<&str> = agent.sources.iter().map(|source| source.fact.as_str()).collect();
    assert_eq!(facts, ["home", "live_sessions", "state"], "what has no source is not claimed");
    assert_eq!(agent.capabilities.len(), 8);
    let shown = registry.desk.butler().show_agent(ShowAgent { home_id: registry.id.clone() }).unwrap();
    assert!(shown.facts.iter().any(|fact| fact.tab == FactTab::Permissions && fact.name == "permission mode"));
}

#[test]
fn a_session_that_began_without_its_hooks_is_critical() {
    let registry = Registry::new();
    let desk = &registry.desk;
    fs::create_dir_all(desk.data().join("bin")).unwrap();
    let hook = desk.data().join("bin/clawbutler-hook");
    fs::write(&hook, "x").unwrap();
    clawbutler_platform::os::set_mode(&hook, 0o755).unwrap();
    let request = PlanGuard { home_id: registry.id.clone(), variant: GuardVariant::User, uninstall: false };
    let plan_digest = desk.butler().plan_guard(request).unwrap().plan_digest;
    let install = InstallGuard { home_id: registry.id.clone(), variant: GuardVariant::User, plan_digest };
    desk.butler().install_guard(install).unwrap();
    let process = Process::start("exec sleep 300");
    let session = json!({
        "pid": process.pid(), "sessionId": "quiet", "cwd": "/", "procStart": process.started(),
        "startedAt": desk.now() + 1_000, "entrypoint": "cli",
    });
    registry.write(&format!(".claude/sessions/{}.json", process.pid()), &session.to_string());
    let names = || -> Vec<(String, HealthLevel)> {
        let checks = registry.agent().health.checks.into_iter();
        checks.map(|check| (check.name, check.level)).filter(|(_, level)| *level == HealthLevel::Critical).collect()
    };
    desk.pass_ms(20_000);
    assert_eq!(names(), [], "its hooks may still call");
    desk.pass_ms(20_000);
    assert_eq!(names(), [("sessions".to_owned(), HealthLevel::Critical)]);
    desk.ask("quiet", "ls");
    assert_eq!(names(), [], "it called");
}
