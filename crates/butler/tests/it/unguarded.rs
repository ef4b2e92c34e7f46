//! A session whose record shows calls that no hook told of runs without the guard; nothing else is taken for one.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use clawbutler_wire::command::{Govern, InstallGuard, PlanGuard, SetAgentState, ShowAgent, UninstallGuard};
use clawbutler_wire::gateway::{ActionRequest, Event, SpoolRecord, VERSION, Verdict};
use clawbutler_wire::registry::{CheckView, HealthLevel};
use clawbutler_wire::runtimes::GuardVariant;
use serde_json::{Value, json};

use crate::desk::Desk;

/// Midnight before the desk's clock begins, and what stands before the time of that day.
const MIDNIGHT: i64 = 1_795_564_800_000;
const DAY: &str = "2026-11-25T";

/// A home of Claude Code, guarded long enough for every process to have loaded the guard.
struct Place {
    desk: Desk,
    home_id: String,
}

impl Place {
    fn new() -> Self {
        let place = Self::unguarded();
        place.install();
        place.pass_ms(60_000);
        place
    }

    fn unguarded() -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".claude/projects/p")).unwrap();
        fs::create_dir_all(desk.data().join("bin")).unwrap();
        let hook = desk.data().join("bin/clawbutler-hook");
        fs::write(&hook, "the hook").unwrap();
        clawbutler_platform::os::set_mode(&hook, 0o700).unwrap();
        let home_id = desk.home_of("claude-code");
        desk.butler().govern(Govern { home_id: home_id.clone(), governed: true }).unwrap();
        let place = Self { desk, home_id };
        place.read();
        place
    }

    fn plan(&self, uninstall: bool) -> String {
        let request = PlanGuard { home_id: self.home_id.clone(), variant: GuardVariant::User, uninstall };
        self.desk.butler().plan_guard(request).unwrap().plan_digest
    }

    fn install(&self) {
        let (home_id, variant) = (self.home_id.clone(), GuardVariant::User);
        let install = InstallGuard { home_id, variant, plan_digest: self.plan(false) };
        self.desk.butler().install_guard(install).unwrap();
        self.desk.butler().tick(true);
    }

    fn uninstall(&self) {
        let (home_id, variant) = (self.home_id.clone(), GuardVariant::User);
        let uninstall = UninstallGuard { home_id, variant, plan_digest: self.plan(true) };
        self.desk.butler().uninstall_guard(uninstall).unwrap();
        self.desk.butler().tick(true);
    }

    fn read(&self) {
        self.desk.butler().read_sessions();
    }

    fn pass_ms(&self, ms: i64) {
        self.desk.pass_ms(ms);
    }

    /// The time as a transcript spells it.
    fn time(&self) -> String {
        let ms = self.desk.now() - MIDNIGHT;
        let (s, ms) = (ms / 1000, ms % 1000);
        format!("{DAY}{:02}:{:02}:{:02}.{ms:03}Z", s / 3600, s / 60 % 60, s % 60)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.desk.home().join(".claude/projects/p").join(name)
    }

    fn append(&self, name: &str, kind: &str, block: &Value) {
        let file = self.file(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let line = json!({
            "type": kind, "uuid": "u", "sessionId": "s", "timestamp": self.time(), "cwd": self.desk.project(),
            "message": { "role": kind, "model": "m", "content": [block] },
        });
        let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The record says that a call began.
    fn begins(&self, name: &str, call: &str, tool: &str) {
        let input = json!({ "command": "ls" });
        self.append(name, "assistant", &json!({ "type": "tool_use", "id": call, "name": tool, "input": input }));
    }

    /// The record says that a call ended.
    fn ends(&self, name: &str, call: &str, failed: bool) {
        let block = json!({ "type": "tool_result", "tool_use_id": call, "content": "done", "is_error": failed });
        self.append(name, "user", &block);
    }

    /// A call goes by in the record, as it happens.
    fn runs(&self, name: &str, call: &str, tool: &str) {
        self.begins(name, call, tool);
        self.read();
        self.pass_ms(500);
        self.ends(name, call, false);
        self.read();
    }

    /// What a hook of a session tells of a call.
    fn told(&self, session: &str, call: &str, event: Event) -> ActionRequest {
        ActionRequest {
            event,
            call_id: Some(call.to_owned()),
            idempotency_key: format!("{session}-{call}-{event:?}"),
            ..self.desk.request(session, "ls")
        }
    }

    fn hook(&self, session: &str, call: &str) {
        drop(self.desk.butler().submit(&self.told(session, call, Event::Gate)));
    }

    /// How many sessions were recorded as unguarded and raised, when every hook had the time it may take.
    fn alarms(&self) -> usize {
        self.pass_ms(15_000);
        let recorded = self.desk.entries("guard.drift").len();
        let alerts = self.desk.alerts().iter().filter(|says| says.contains("runs without the guard")).count();
        assert_eq!(alerts, recorded, "{:?}", self.desk.alerts());
        recorded
    }

    /// The check of such sessions.
    fn check(&self) -> Option<CheckView> {
        let shown = self.desk.butler().show_agent(ShowAgent { home_id: self.home_id.clone() }).unwrap();
        shown.agent.health.checks.into_iter().find(|check| check.name == "calls without the guard")
    }

    /// The client's list has the session as one of this process.
    fn lives(&self, session: &str) {
        let pid = std::process::id();
        let started = clawbutler_platform::os::started(pid).unwrap();
        let folder = self.desk.home().join(".claude/sessions");
        fs::create_dir_all(&folder).unwrap();
        let live = json!({ "pid": pid, "sessionId": session, "cwd": "/", "procStart": started, "status": "busy" });
        fs::write(folder.join(format!("{pid}.json")), live.to_string()).unwrap();
    }
}

#[test]
fn a_call_that_no_hook_told_of_raises_the_alarm_once() {
    let place = Place::new();
    place.lives("s1");
    place.runs("s1.jsonl", "c1", "Bash");
    assert_eq!(place.desk.entries("guard.drift").len(), 0, "its hook may be late");
    assert_eq!(place.alarms(), 1);
    let entry = place.desk.entries("guard.drift").remove(0);
    assert_eq!(
        (&entry.data["session"], &entry.data["call"], &entry.data["tool"]),
        (&json!("s1"), &json!("c1"), &json!("Bash"))
    );
    let check = place.check().unwrap();
    assert_eq!(check.level, HealthLevel::Critical);
    assert!(check.says.starts_with("1 call that no hook told of. Session s1 of Claude Code in /"), "{}", check.says);
    assert!(check.fix.unwrap().contains("start it without"));
    place.runs("s1.jsonl", "c2", "Write");
    assert_eq!(place.alarms(), 1, "once a session");
    assert!(place.check().unwrap().says.starts_with("2 calls"));
    place.runs("s2.jsonl", "c3", "mcp__db__drop");
    assert_eq!(place.alarms(), 2, "another session is another alarm");
    place.hook("s1", "c4");
    assert_eq!(place.check(), None, "its hooks call again, and the other one does not run");
}

#[test]
fn a_sub_agent_without_the_guard_is_its_sessions() {
    let place = Place::new();
    place.runs("s1/subagents/agent-a1.jsonl", "c1", "Bash");
    place.runs("s1/subagents/agent-a2.jsonl", "c2", "Bash");
    assert_eq!(place.alarms(), 1);
    assert_eq!(place.desk.entries("guard.drift")[0].data["session"], "s1");
    // One that a client runs for itself, in a session whose hooks do call.
    place.hook("s2", "c3");
    place.runs("s2/subagents/agent-a3.jsonl", "c4", "Bash");
    assert_eq!(place.alarms(), 1);
    place.runs("s2.jsonl", "c5", "Bash");
    assert_eq!(place.alarms(), 2);
}

#[test]
fn calls_that_hooks_tell_of_raise_nothing() {
    let place = Place::new();
    place.hook("s1", "before");
    place.runs("s1.jsonl", "before", "Bash");
    place.runs("s1.jsonl", "late", "Bash");
    place.pass_ms(8_000);
    place.hook("s1", "late");
    place.runs("s1.jsonl", "after", "Bash");
    drop(place.desk.butler().submit(&place.told("s1", "after", Event::Completed)));
    // A sub-agent's calls are told in the name of its session.
    place.hook("s1", "inside");
    place.runs("s1/subagents/agent-a1.jsonl", "inside", "Bash");
    // A fork begins with the lines of the session it came from.
    place.runs("fork.jsonl", "before", "Bash");
    assert_eq!(place.alarms(), 0);
}

#[test]
fn what_hooks_do_not_tell_or_did_not_run_raises_nothing() {
    let place = Place::new();
    for tool in ["web_search", "TodoWrite", "brand_new"] {
        place.runs("s1.jsonl", tool, tool);
    }
    place.begins("s1.jsonl", "failed", "Bash");
    place.ends("s1.jsonl", "failed", true);
    place.begins("s1.jsonl", "open", "Bash");
    place.ends("s1.jsonl", "of-nothing", false);
    place.read();
    assert_eq!(place.alarms(), 0);
    place.ends("s1.jsonl", "open", false);
    place.read();
    assert_eq!(place.alarms(), 1, "it counts when it is over");
}

#[test]
fn what_ran_before_the_guard_raises_nothing() {
    let place = Place::unguarded();
    place.runs("s1.jsonl", "c1", "Bash");
    place.begins("s1.jsonl", "over-it", "Bash");
    place.read();
    place.install();
    place.pass_ms(2_000);
    place.ends("s1.jsonl", "over-it", false);
    place.runs("s1.jsonl", "loads", "Bash");
    assert_eq!(place.alarms(), 0, "a running session takes up the guard within seconds");
    place.runs("s1.jsonl", "c2", "Bash");
    assert_eq!(place.alarms(), 1, "this one never did");
    place.uninstall();
    place.runs("s2.jsonl", "c3", "Bash");
    assert_eq!(place.alarms(), 1, "nothing is missed where no guard is");
    place.install();
    place.runs("s2.jsonl", "c4", "Bash");
    assert_eq!(place.alarms(), 1);
}

#[test]
fn a_guard_that_is_out_of_force_for_all_has_its_own_alarm() {
    let place = Place::new();
    let settings = place.desk.home().join(".claude/settings.json");
    let mut tree: Value = serde_json::from_str(&fs::read_to_string(&settings).unwrap()).unwrap();
    tree["disableAllHooks"] = json!(true);
    fs::write(&settings, tree.to_string()).unwrap();
    place.runs("s1.jsonl", "c1", "Bash");
    place.desk.butler().tick(true);
    place.pass_ms(15_000);
    let says: Vec<Value> =
        place.desk.entries("guard.drift").iter().map(|entry| entry.data["session"].clone()).collect();
    assert_eq!(says, [Value::Null], "one entry, and it is about the home");
}

#[test]
fn history_and_what_ran_while_the_engine_was_away_raise_nothing() {
    let mut place = Place::new();
    place.begins("old.jsonl", "c1", "Bash");
    place.ends("old.jsonl", "c1", false);
    place.pass_ms(6 * 60_000);
    place.read();
    assert_eq!(place.alarms(), 0, "it is read long after it was written");
    // Over the end of the engine: told of to the one before, or written to the spool.
    place.hook("s1", "c2");
    place.begins("s1.jsonl", "c2", "Bash");
    place.read();
    place.desk.close();
    place.desk.pass_closed_ms(1_000);
    place.begins("s1.jsonl", "c3", "Bash");
    place.ends("s1.jsonl", "c3", false);
    place.desk.open();
    place.desk.butler().tick(true);
    place.ends("s1.jsonl", "c2", false);
    place.read();
    assert_eq!(place.alarms(), 0);
    place.pass_ms(10_000);
    // A hook that could not reach the engine while it ran.
    place.runs("s1.jsonl", "c4", "Bash");
    let record = SpoolRecord {
        v: VERSION,
        id: "1".to_owned(),
        at_ms: place.desk.now(),
        request: place.told("s1", "c4", Event::Gate),
        verdict: Verdict::Defer,
        reason: String::new(),
        cause: "no answer".to_owned(),
    };
    fs::write(place.desk.data().join("spool.jsonl"), serde_json::to_string(&record).unwrap() + "\n").unwrap();
    assert_eq!(place.alarms(), 0);
    place.runs("s1.jsonl", "c5", "Bash");
    assert_eq!(place.alarms(), 1, "the session goes on without its hooks");
}

#[test]
fn a_disabled_agent_whose_calls_are_refused_raises_nothing() {
    let place = Place::new();
    let disable = SetAgentState { home_id: place.home_id.clone(), enabled: false };
    place.desk.butler().set_agent_state(disable).unwrap();
    place.hook("s1", "c1");
    place.begins("s1.jsonl", "c1", "Bash");
    place.ends("s1.jsonl", "c1", true);
    place.read();
    assert_eq!(place.alarms(), 0);
}

#[test]
fn a_home_that_is_not_governed_raises_nothing() {
    let place = Place::new();
    place.uninstall();
    place.desk.butler().govern(Govern { home_id: place.home_id.clone(), governed: false }).unwrap();
    place.runs("s1.jsonl", "c1", "Bash");
    assert_eq!(place.alarms(), 0);
}
