//! The registry and the real Claude Code: what breaks around it, its states, and what is shown of its home.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

mod budget;
mod managed;
mod records;
mod unseen;

use std::fs;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, CLAUDE_OLD, Client, tried};
use clawbutler_wire::command::Discover;
use clawbutler_wire::registry::HealthLevel;
use clawbutler_wire::runtimes::GuardState;
use serde_json::{Value, json};

use super::ends;
use super::shared::{self, Agent, Turn, fact, found, level, shown};
use super::{bash, lax};

/// Claude Code with our guard.
struct Claude(Machine, Client);

impl Agent for Claude {
    fn client(&self) -> Client {
        self.1
    }

    fn machine(&self) -> &Machine {
        &self.0
    }

    fn machine_mut(&mut self) -> &mut Machine {
        &mut self.0
    }

    fn shell(&self, command: &str) -> Value {
        bash(command)
    }

    fn start(&self, turns: &Value) -> Turn {
        Turn::Run(self.0.claude(&script(turns), &[]))
    }

    fn told(&self, text: &str) -> String {
        let transcripts = self.0.transcripts();
        let lines: Vec<Value> = transcripts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let blocks = || lines.iter().filter_map(|line| line["message"]["content"].as_array()).flatten();
        let calls = |block: &&Value| block["type"] == "tool_use" && block["input"].to_string().contains(text);
        let call = blocks().rfind(calls).unwrap_or_else(|| panic!("no call holds {text}: {transcripts}"));
        let result = blocks().find(|block| block["tool_use_id"] == call["id"]);
        result.unwrap_or_else(|| panic!("{text} has no result: {transcripts}")).to_string()
    }
}

fn claude() -> Option<Claude> {
    Some(Claude(Machine::with_claude(&lax())?, CLAUDE))
}

#[test]
fn whatever_breaks_nothing_risky_runs() {
    let Some(mut claude) = claude() else { return };
    shared::low_risk(&claude);
    shared::nobody_answers(&claude);
    shared::app_away(&mut claude);
    shared::app_restarted_and_killed(&mut claude);
    shared::garbage_on_the_socket(&mut claude);
}

#[test]
fn an_agent_is_disabled_and_killed() {
    let Some(mut claude) = claude() else { return };
    shared::disabled(&mut claude);
    shared::killed_and_revived(&claude);
    ends::refused_by_the_model(&claude);
    ends::killed_from_outside(&claude);
}

#[test]
fn the_oldest_supported_client_stops_as_well() {
    let Some(machine) = Machine::with_old_claude(&lax()) else { return };
    let mut claude = Claude(machine, CLAUDE_OLD);
    {
        let _rows = claude.tried(["ask: allow once"]);
        claude.allowed("once");
    }
    shared::low_risk(&claude);
    shared::app_restarted_and_killed(&mut claude);
    shared::garbage_on_the_socket(&mut claude);
    shared::app_away(&mut claude);
    shared::disabled(&mut claude);
    shared::killed_and_revived(&claude);
    ends::refused_by_the_model(&claude);
    ends::killed_from_outside(&claude);
}

#[test]
fn a_home_named_by_a_variable_is_found_and_guarded() {
    let Some(machine) = Machine::with_client(&lax()) else { return };
    shared::home_named_by(&mut Claude(machine, CLAUDE), "CLAUDE_CONFIG_DIR", |_| {});
}

#[test]
fn the_install_its_home_and_its_running_session_are_found() {
    let Some(claude) = claude() else { return };
    let _rows = claude.tried(["found: install, home, running session", "found: configuration and health"]);
    let machine = claude.machine();
    let turn = claude.start(&json!([claude.shell("touch started; until [ -e go ]; do sleep 0.1; done")]));
    wait_for("the command", || claude.file("started").exists().then_some(()));
    let Turn::Run(running) = &turn else { panic!("it is a program") };
    let project = machine.project().canonicalize().unwrap().display().to_string();
    let home = found(machine);
    let live: Vec<_> = home.sessions.iter().map(|one| (one.pid, one.cwd.clone())).collect();
    assert_eq!(live, [(running.0.id(), project)]);
    shared::assert_listed_alike("claude-code", &machine.env(), &machine.at("home"), &machine.at("home/.claude"));
    let session = home.sessions[0].session.clone();
    assert!(claude.0.transcripts().contains(&session), "the client records under that name");
    let seen = machine.ask(&Discover {}).unwrap();
    let said = std::process::Command::new(machine.client()).arg("--version").env_clear().envs(machine.env()).output();
    let said = String::from_utf8(said.unwrap().stdout).unwrap();
    let version = said.split_whitespace().next();
    assert!(seen.installs.iter().any(|one| one.version.as_deref() == version), "{said}: {:?}", seen.installs);
    let seen = shown(machine);
    assert_eq!(seen.agent.version.as_deref(), version);
    for name in ["guard", "last contact"] {
        assert_eq!(level(&seen, name), HealthLevel::Healthy, "{:?}", seen.agent.health);
    }
    assert_eq!(seen.agent.health.level, HealthLevel::Healthy, "{:?}", seen.agent.health);
    fs::write(claude.file("go"), "").unwrap();
    turn.end();
    assert_eq!(found(machine).sessions, []);
    let path = machine.at("home/.claude/settings.json");
    fs::write(&path, "{ \"hooks\": ").unwrap();
    assert_ne!(shown(machine).agent.health.level, HealthLevel::Healthy);
}

#[test]
fn what_changes_in_a_home_is_noticed_and_its_own_writing_is_not() {
    let Some(claude) = claude() else { return };
    let machine = claude.machine();
    {
        let _row = tried(CLAUDE, "drift: the client's own writing is none");
        claude.run("touch ran.txt");
        claude.run("touch again.txt");
        assert!(claude.file("again.txt").exists());
        assert_eq!(shared::changes(machine), []);
    }
    let _row = tried(CLAUDE, "drift: skill, MCP server, hook, loosened mode");
    let server = r#"{"command":"node","args":["server.js"],"env":{"KEY":"S3CRETS3CRET"}}"#;
    machine.claude_cli(&["mcp", "add-json", "--scope", "user", "fresh", server]);
    let path = machine.at("home/.claude/settings.json");
    let mut settings: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let own = json!({ "hooks": [{ "type": "command", "command": "true" }] });
    settings["hooks"]["Notification"] = json!([own]);
    settings["permissions"]["defaultMode"] = json!("bypassPermissions");
    fs::write(&path, settings.to_string()).unwrap();
    let skill = machine.at("home/.claude/skills/fresh");
    fs::create_dir_all(&skill).unwrap();
    fs::write(skill.join("SKILL.md"), "---\nname: fresh\ndescription: a new skill\n---\nDo it.\n").unwrap();
    let listed = machine.claude_cli(&["mcp", "get", "fresh"]);
    assert!(listed.contains("fresh"), "the client knows the server: {listed}");
    shared::assert_drifted(machine, "permission mode", &["mcp:fresh", "hook: Notification * true", "skill:fresh"]);
    assert_eq!(found(machine).guard.state, GuardState::User, "other entries keep the guard");
    assert!(fact(&shown(machine), "mcp:fresh").contains("server.js"));
}

#[test]
fn a_broken_guard_and_one_switched_off_are_shown_and_repaired() {
    let Some(claude) = claude() else { return };
    let _rows =
        claude.tried(["guard: a broken one is shown and repaired", "guard: switched off by the client's own setting"]);
    let machine = claude.machine();
    let path = machine.at("home/.claude/settings.json");
    let at = |state: GuardState| {
        let seen = shown(machine);
        assert_eq!(seen.agent.guard.state, state, "{}", seen.agent.guard.says);
        assert_eq!(level(&seen, "guard") == HealthLevel::Healthy, state == GuardState::User);
    };
    let set = |change: &dyn Fn(&mut Value)| {
        let mut settings: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        change(&mut settings);
        fs::write(&path, serde_json::to_string_pretty(&settings).unwrap()).unwrap();
    };
    set(&|settings| drop(settings["hooks"].as_object_mut().unwrap().remove("PreToolUse")));
    at(GuardState::Damaged);
    claude.begin("damaged").end();
    claude.assert_done("damaged");
    machine.install_guard();
    at(GuardState::User);
    claude.denied("repaired");

    set(&|settings| settings["disableAllHooks"] = json!(true));
    at(GuardState::Bypassed);
    claude.begin("off").end();
    claude.assert_done("off");
    set(&|settings| drop(settings.as_object_mut().unwrap().remove("disableAllHooks")));
    at(GuardState::User);
    claude.denied("again");
    assert!(machine.kinds().contains(&"guard.drift".to_owned()), "{:?}", machine.kinds());
}
