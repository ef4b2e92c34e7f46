//! Scenarios that are the same for every client: a client says how a call is started and what it recorded of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use clawbutler_butler::with_processes;
use clawbutler_connectors::connector::{self, LiveSession};
use clawbutler_connectors::env::{Env, Os};
use clawbutler_core::clock::Clock;
use clawbutler_platform::clock::SystemClock;
use clawbutler_testkit::http::Reply;
use clawbutler_testkit::in_shell;
use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::results::{Client, Tried, tried};
use clawbutler_wire::budget::GetBudget;
use clawbutler_wire::command::{
    Discover, GetSettings, KillAgent, PlanGuard, ReviveAgent, SetAgentState, ShowAgent, UninstallGuard, UpdateSettings,
};
use clawbutler_wire::registry::{AgentDetail, AgentState, DriftKind, HealthLevel, KillOutcome};
use clawbutler_wire::runtimes::HomeView;
use serde_json::{Value, json};

/// What the ledger holds of a call that somebody decided about.
pub(super) const ASKED: [&str; 4] =
    ["action.requested", "approval.requested", "approval.decided", "decision.delivered"];

/// A conversation under way.
pub(super) enum Turn {
    /// A program that ends with it.
    Run(Running),
    /// A question to a server.
    Reply(JoinHandle<Reply>),
}

impl Turn {
    /// Waits for its end.
    pub(super) fn end(self) {
        match self {
            Self::Run(running) => drop(running.finish()),
            Self::Reply(reply) => assert_eq!(reply.join().unwrap().status, 200),
        }
    }

    /// Ends it as a person does who has waited enough.
    pub(super) fn interrupt(self) {
        let Self::Run(running) = self else { return };
        let pid = running.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        running.finish();
    }

    /// Ends its program by force.
    pub(super) fn kill(self) {
        let Self::Run(mut running) = self else { return };
        running.0.kill().unwrap();
        running.finish();
    }
}

/// A guarded client on a machine.
pub(super) trait Agent {
    /// The column of its results.
    fn client(&self) -> Client;

    /// Where it lives.
    fn machine(&self) -> &Machine;

    /// The same, to stop and start the app.
    fn machine_mut(&mut self) -> &mut Machine;

    /// A turn of the model that runs a command.
    fn shell(&self, command: &str) -> Value;

    /// Starts a conversation with these turns.
    fn start(&self, turns: &Value) -> Turn;

    /// What it recorded as the result of the newest call that holds this text.
    fn told(&self, text: &str) -> String;

    /// The rows of these scenarios.
    fn tried<const N: usize>(&self, scenarios: [&'static str; N]) -> [Option<Tried>; N] {
        scenarios.map(|scenario| tried(self.client(), scenario))
    }

    /// A file of the project.
    fn file(&self, name: &str) -> PathBuf {
        self.machine().project().join(name)
    }

    /// A risky call of this name; what it would change is laid out.
    fn risky(&self, name: &str) -> Value {
        fs::create_dir_all(self.file(&format!("victim-{name}"))).unwrap();
        self.shell(&format!("touch {name}.ran && rm -r victim-{name}"))
    }

    /// Starts a conversation with one risky call.
    fn begin(&self, name: &str) -> Turn {
        self.start(&json!([self.risky(name)]))
    }

    /// Runs one command to its end.
    fn run(&self, command: &str) {
        self.start(&json!([self.shell(command)])).end();
    }

    /// The risky call was made.
    #[track_caller]
    fn assert_done(&self, name: &str) {
        let done = self.file(&format!("{name}.ran")).exists() && !self.file(&format!("victim-{name}")).exists();
        assert!(done, "{name}: {}", self.told(name));
    }

    /// The risky call was not made.
    #[track_caller]
    fn assert_untouched(&self, name: &str) {
        let untouched = !self.file(&format!("{name}.ran")).exists() && self.file(&format!("victim-{name}")).exists();
        assert!(untouched, "{name} ran");
    }

    /// The call was not made, and the client recorded why.
    #[track_caller]
    fn assert_blocked(&self, name: &str, because: &str) {
        self.assert_untouched(name);
        let told = self.told(name);
        assert!(told.contains(because), "{because:?} is not in {told}");
    }

    /// The ledger has these entries about calls next to each other; what a client tells later may come later.
    #[track_caller]
    fn assert_recorded(&self, expected: &[&str]) {
        let mut kinds = Vec::new();
        let started = std::time::Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            kinds = self.machine().kinds();
            if kinds.windows(expected.len()).any(|some| some == expected) {
                return;
            }
            thread::sleep(Duration::from_millis(200));
        }
        panic!("{expected:?} is not in {kinds:?}");
    }

    /// Asks about a risky call, and denies it.
    #[track_caller]
    fn denied(&self, name: &str) {
        let turn = self.begin(name);
        let seen = self.machine().wait_pending();
        self.machine().decide(&seen, "deny", None).unwrap();
        turn.end();
        self.assert_blocked(name, "The user denied this in ClawButler");
        self.assert_recorded(&ASKED);
    }

    /// Asks about a risky call, and allows it once.
    #[track_caller]
    fn allowed(&self, name: &str) {
        let turn = self.begin(name);
        let seen = self.machine().wait_pending();
        self.machine().decide(&seen, "allow_once", None).unwrap();
        turn.end();
        self.assert_done(name);
        self.assert_recorded(&["approval.decided", "decision.delivered", "action.completed"]);
    }
}

/// What is shown of the governed home.
pub(super) fn shown(machine: &Machine) -> AgentDetail {
    machine.ask(&ShowAgent { home_id: machine.home_id() }).unwrap()
}

/// The governed home as discovery sees it.
pub(super) fn found(machine: &Machine) -> HomeView {
    let home_id = machine.home_id();
    machine.ask(&Discover {}).unwrap().homes.into_iter().find(|home| home.id == home_id).unwrap()
}

/// The value of a fact.
#[track_caller]
pub(super) fn fact(detail: &AgentDetail, name: &str) -> String {
    let found = detail.facts.iter().find(|fact| fact.name == name);
    found.unwrap_or_else(|| panic!("{name} is not among {:?}", detail.facts)).value.clone()
}

/// How a check went.
#[track_caller]
pub(super) fn level(detail: &AgentDetail, name: &str) -> HealthLevel {
    let found = detail.agent.health.checks.iter().find(|check| check.name == name);
    found.unwrap_or_else(|| panic!("{name} is not among {:?}", detail.agent.health)).level
}

/// What changed in the governed home since it was accepted.
pub(super) fn changes(machine: &Machine) -> Vec<(DriftKind, String)> {
    let drift = shown(machine).drift.map(|drift| drift.changes).unwrap_or_default();
    drift.into_iter().map(|change| (change.kind, change.name)).collect()
}

/// A loosened setting and what appeared are shown as drift, nothing else is, and the ledger has it.
#[track_caller]
pub(super) fn assert_drifted(machine: &Machine, loosened: &str, appeared: &[&str]) {
    let found = changes(machine);
    assert!(found.contains(&(DriftKind::Loosened, loosened.to_owned())), "{found:?}");
    for name in appeared {
        assert!(found.contains(&(DriftKind::Appeared, (*name).to_owned())), "{name}: {found:?}");
    }
    assert_eq!(found.len(), 1 + appeared.len(), "{found:?}");
    let drifts: Vec<Value> = machine.ledger().into_iter().filter(|entry| entry["kind"] == "config.drift").collect();
    let last = drifts.last().unwrap();
    assert_eq!((&last["data"]["critical"], &last["data"]["count"]), (&json!(true), &json!(found.len())));
    assert!(!drifts.iter().any(|entry| entry.to_string().contains("S3CRET")), "no secret is recorded");
}

/// Takes the guard out as a user does: plan, then consent to that plan.
pub(super) fn uninstall(machine: &Machine) {
    let home_id = machine.home_id();
    let plan: PlanGuard = serde_json::from_value(json!({ "home_id": home_id, "uninstall": true })).unwrap();
    let plan = machine.ask(&plan).unwrap();
    let uninstall = json!({ "home_id": home_id, "plan_digest": plan.plan_digest });
    machine.ask(&serde_json::from_value::<UninstallGuard>(uninstall).unwrap()).unwrap();
}

/// Whether a process runs: one that has ended may wait for whoever started it.
pub(super) fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Puts a program in the place of another file.
pub(super) fn write_program(path: &Path, text: &str) {
    let _ = fs::remove_file(path);
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The place of the hook's program.
pub(super) fn hook(machine: &Machine) -> PathBuf {
    machine.data().join("bin/clawbutler-hook")
}

/// Sets how long a person has to answer; gives what it was before.
pub(super) fn expire_after(machine: &Machine, ms: u64) -> u64 {
    let mut settings = machine.ask(&GetSettings {}).unwrap();
    let before = std::mem::replace(&mut settings.approval_ms, ms);
    machine.ask(&UpdateSettings { settings }).unwrap();
    before
}

/// Answers with nonsense where the app listens; gives the socket.
pub(super) fn babble(machine: &Machine) -> PathBuf {
    let path = machine.data().join("hook.sock");
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = vec![0; 65536];
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(b"{\"verdict\":\"all\n");
        }
    });
    path
}

/// Calls that the hook decided alone, with this verdict.
pub(super) fn alone(machine: &Machine, verdict: &str) -> usize {
    let gates = machine.ledger().into_iter().filter(|entry| {
        entry["kind"] == "offline.recorded" && entry["data"]["event"] == "gate" && entry["data"]["verdict"] == verdict
    });
    gates.count()
}

pub(super) fn low_risk(agent: &impl Agent) {
    let _rows = agent.tried(["ask: low risk is not asked about"]);
    agent.run("echo calm > calm.txt");
    assert_eq!(fs::read_to_string(agent.file("calm.txt")).unwrap(), "calm\n");
    assert!(agent.machine().pending().items.is_empty(), "nobody was asked");
    agent.told("calm.txt");
    agent.assert_recorded(&["action.requested", "action.decided", "action.completed"]);
}

pub(super) fn nobody_answers(agent: &impl Agent) {
    let _rows = agent.tried(["ask: nobody answers"]);
    let before = expire_after(agent.machine(), 2_000);
    agent.begin("late").end();
    agent.assert_blocked("late", "Nobody answered");
    agent.assert_recorded(&["action.requested", "approval.requested", "approval.expired"]);
    expire_after(agent.machine(), before);
}

pub(super) fn app_away(agent: &mut impl Agent) {
    let _rows = agent.tried(["fail: app away"]);
    let before = (alone(agent.machine(), "deny"), alone(agent.machine(), "defer"));
    agent.machine_mut().quit();
    agent.begin("away").end();
    agent.assert_blocked("away", "could not ask anybody");
    agent.run("echo calm > away.txt");
    assert!(agent.file("away.txt").exists(), "low risk goes on");
    for _ in 0..2 {
        agent.machine_mut().start();
        assert_eq!(alone(agent.machine(), "deny"), before.0 + 1, "exactly once, over two starts");
        assert_eq!(alone(agent.machine(), "defer"), before.1 + 1, "exactly once, over two starts");
        agent.machine_mut().quit();
    }
    agent.machine_mut().start();
}

pub(super) fn app_restarted_and_killed(agent: &mut impl Agent) {
    let _rows = agent.tried(["fail: app restarted while it is asked", "fail: app killed while it is asked"]);
    let turn = agent.begin("restarted");
    let before = agent.machine().wait_pending();
    // The question is in the queue a moment before the hook hears that it waits.
    thread::sleep(Duration::from_millis(500));
    agent.machine_mut().stop();
    agent.machine_mut().start();
    let waits = || agent.machine().pending().items.into_iter().find(|item| item.client_waiting);
    let back = wait_for("the hook to come back", waits);
    assert_eq!((&back.id, back.revision), (&before.id, before.revision), "the row survived");
    agent.machine().decide(&back, "allow_once", None).unwrap();
    turn.end();
    agent.assert_done("restarted");
    agent.assert_recorded(&["approval.reclaimed", "approval.decided", "decision.delivered", "action.completed"]);

    let denied = alone(agent.machine(), "deny");
    let turn = agent.begin("killed");
    agent.machine().wait_pending();
    agent.machine_mut().stop();
    turn.end();
    agent.assert_blocked("killed", "could not ask anybody");
    agent.machine_mut().start();
    assert_eq!(alone(agent.machine(), "deny"), denied + 1, "what the hook did alone is in the ledger, once");
}

pub(super) fn garbage_on_the_socket(agent: &mut impl Agent) {
    let _rows = agent.tried(["fail: garbage on the socket"]);
    let denied = alone(agent.machine(), "deny");
    agent.machine_mut().quit();
    let socket = babble(agent.machine());
    agent.begin("garbage").end();
    agent.assert_blocked("garbage", "answered with something else");
    fs::remove_file(socket).unwrap();
    agent.machine_mut().start();
    assert_eq!(alone(agent.machine(), "deny"), denied + 1, "what the hook did alone is in the ledger");
}

/// A hook that hangs holds the call; a person who waits no longer ends it, and it was not made.
pub(super) fn hook_hangs(agent: &impl Agent, interrupt: impl FnOnce(Turn)) {
    let _rows = agent.tried(["fail: hook hangs"]);
    let (hook, asked) = (hook(agent.machine()), agent.machine().at("asked"));
    let kept = hook.with_extension("kept");
    fs::rename(&hook, &kept).unwrap();
    let asks = format!("case \"$*\" in *observe*) exit 0;; esac\necho $$ > {}\nexec sleep 60", in_shell(&asked));
    write_program(&hook, &format!("#!/bin/sh\n{asks}\n"));
    let turn = agent.begin("hung");
    let pid: u32 = wait_for("the question", || fs::read_to_string(&asked).ok()?.trim().parse().ok());
    thread::sleep(Duration::from_secs(2));
    agent.assert_untouched("hung");
    interrupt(turn);
    agent.assert_untouched("hung");
    if alive(pid) {
        let _ = Command::new("kill").arg(pid.to_string()).status();
    }
    fs::rename(&kept, &hook).unwrap();
    assert!(!agent.machine().kinds().iter().any(|kind| kind == "action.completed"), "nothing ran");
}

pub(super) fn disabled(agent: &mut impl Agent) {
    let _rows = agent.tried(["state: disabled, with the app and without"]);
    let home_id = agent.machine().home_id();
    let switch =
        |machine: &Machine, enabled| machine.ask(&SetAgentState { home_id: home_id.clone(), enabled }).unwrap().state;
    assert_eq!(switch(agent.machine(), false), AgentState::Disabled);
    for name in ["with-the-app.txt", "without.txt"] {
        agent.run(&format!("touch {name}"));
        assert!(!agent.file(name).exists());
        let told = agent.told(name);
        assert!(told.contains("disabled this agent"), "{told}");
        agent.machine_mut().quit();
    }
    agent.machine_mut().start();
    assert_eq!(switch(agent.machine(), true), AgentState::Online);
    agent.run("touch enabled.txt");
    assert!(agent.file("enabled.txt").exists());
    let kinds: Vec<Value> = agent.machine().ledger().into_iter().map(|entry| entry["kind"].clone()).collect();
    assert!(kinds.contains(&json!("agent.disabled")) && kinds.contains(&json!("agent.enabled")), "{kinds:?}");
}

/// What runs in a home is found by the list of processes that macOS and Windows give as by Linux' own table.
pub(super) fn assert_listed_alike(runtime: &str, vars: &BTreeMap<String, String>, user: &Path, home: &Path) {
    let connector = connector::by_id(runtime).unwrap();
    let mut env = Env::new(vars.clone(), user.to_owned());
    let by_table = connector.sessions(&env, home);
    env.os = Os::MacOs;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let by_list = connector.sessions(&with_processes(env, &clock), home);
    let row = |one: &LiveSession| (one.pid, one.kind.clone(), one.cwd.clone());
    assert_eq!(by_list.iter().map(row).collect::<Vec<_>>(), by_table.iter().map(row).collect::<Vec<_>>());
    assert!(!by_list.is_empty(), "something runs");
    for (listed, told) in by_list.iter().zip(&by_table) {
        // The time in a note that a process left on Linux is not that of the list.
        assert!(listed.session == told.session || listed.session == format!("process-{}", told.pid), "{listed:?}");
        assert!(listed.process_started.is_some(), "{listed:?}");
    }
}

/// The kill switch ends a running session with the command it runs; a new one does nothing until it is revived.
pub(super) fn killed_and_revived(agent: &impl Agent) {
    let _rows = agent.tried(["state: kill switch and revival"]);
    let machine = agent.machine();
    let turn = agent.start(&json!([agent.shell("echo $$ > pid.txt && sleep 300")]));
    let pid: u32 = wait_for("the command", || fs::read_to_string(agent.file("pid.txt")).ok()?.trim().parse().ok());
    let seen = shown(machine);
    assert_eq!(seen.sessions.len(), 1, "{seen:?}");
    assert_eq!(seen.sessions[0].guarded, Some(true));
    if let Some(version) = &seen.sessions[0].version {
        assert_eq!(seen.agent.version.as_ref(), Some(version));
    }
    let critical = seen.agent.health.checks.iter().filter(|check| check.level == HealthLevel::Critical);
    assert_eq!(critical.collect::<Vec<_>>(), Vec::<&clawbutler_wire::registry::CheckView>::new());
    let report = machine.ask(&KillAgent { home_id: machine.home_id() }).unwrap();
    assert!(report.complete, "{report:?}");
    assert_eq!(report.items.iter().map(|item| item.outcome).collect::<Vec<_>>(), [KillOutcome::Stopped]);
    turn.end();
    assert!(!alive(pid), "the command was ended too");
    assert_eq!(shown(machine).agent.live_sessions, 0);
    let ledger = machine.ledger();
    let at = |kind: &str| ledger.iter().position(|entry| entry["kind"] == kind);
    assert!(at("agent.kill_requested").is_some() && at("agent.kill_requested") < at("agent.killed"), "{ledger:?}");

    agent.run("touch killed.txt");
    assert!(!agent.file("killed.txt").exists(), "a new session of a killed agent does nothing");
    let told = agent.told("killed.txt");
    assert!(told.contains("kill switch"), "{told}");
    assert_eq!(machine.ask(&ReviveAgent { home_id: machine.home_id() }).unwrap().state, AgentState::Online);
    agent.run("touch revived.txt");
    assert!(agent.file("revived.txt").exists());
}

/// A home that a variable names is the one that is found and guarded; `settle` does what the guard still needs.
pub(super) fn home_named_by<A: Agent>(agent: &mut A, variable: &str, settle: impl FnOnce(&A)) {
    let _rows = agent.tried(["found: a home named by a variable"]);
    let machine = agent.machine_mut();
    fs::rename(machine.at(machine.governed), machine.at("elsewhere")).unwrap();
    machine.governed = "elsewhere";
    machine.extra.insert(variable.to_owned(), machine.at("elsewhere").display().to_string());
    machine.stop();
    machine.start();
    assert_eq!(found(machine).source, variable);
    machine.install_guard();
    settle(agent);
    agent.denied("elsewhere");
}

/// A run that spends more than a day's cent is in the log, threshold by threshold.
pub(super) fn crosses_a_budget(machine: &Machine, run: impl FnOnce()) {
    let mut settings = machine.ask(&GetSettings {}).unwrap();
    settings.budget.day_cents = Some(1);
    machine.ask(&UpdateSettings { settings }).unwrap();
    run();
    let view = wait_for("the budget used up", || {
        let view = machine.ask(&GetBudget {}).unwrap();
        view.percent.is_some_and(|percent| percent >= 100).then_some(view)
    });
    assert!(view.day.spent_micro >= 10_000 && view.day.unpriced == 0, "{view:?}");
    let crossed = wait_for("three entries", || {
        let entries = machine.ledger().into_iter().filter(|entry| entry["kind"] == "budget.crossed");
        let thresholds: Vec<Value> = entries.map(|entry| entry["data"]["threshold"].clone()).collect();
        (thresholds.len() >= 3).then_some(thresholds)
    });
    assert_eq!(crossed, [json!(50), json!(80), json!(100)]);
}
