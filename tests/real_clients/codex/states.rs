//! What breaks around the real Codex, its states, and what is shown of its home.

use std::fs;

use clawbutler_testkit::codex::{self, DIRECT};
use clawbutler_testkit::machine::Machine;
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, CODEX_OLD, Client, tried};
use clawbutler_wire::registry::HealthLevel;
use clawbutler_wire::runtimes::GuardState;
use serde_json::{Value, json};

use super::super::ends;
use super::super::shared::{self, Agent, Turn, fact, found, level, shown};

/// Codex with our guard, which it trusts.
struct Codex(Machine, Client);

impl Codex {
    fn guarded(machine: Option<Machine>, client: Client) -> Option<Self> {
        let machine = machine?;
        machine.install_guard();
        codex::trust(&machine);
        Some(Self(machine, client))
    }
}

impl Agent for Codex {
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
        json!([{ "tool": "exec_command", "input": { "cmd": command } }])
    }

    fn start(&self, turns: &Value) -> Turn {
        Turn::Run(codex::exec(&self.0, &script(turns), &["-m", DIRECT]))
    }

    fn told(&self, text: &str) -> String {
        let records = codex::records(&self.0).into_iter().rev().map(|path| fs::read_to_string(path).unwrap());
        let lines: Vec<Value> = records
            .flat_map(|record| record.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>())
            .map(|mut line: Value| line["payload"].take())
            .collect();
        let calls = |line: &&Value| line["type"] == "function_call" && line["arguments"].to_string().contains(text);
        let call = lines.iter().find(calls).unwrap_or_else(|| panic!("no call holds {text}: {lines:?}"));
        let result =
            lines.iter().find(|line| line["type"] == "function_call_output" && line["call_id"] == call["call_id"]);
        result.unwrap_or_else(|| panic!("{text} has no result: {lines:?}"))["output"].to_string()
    }
}

#[test]
fn whatever_breaks_nothing_risky_runs() {
    let Some(mut codex) = Codex::guarded(codex::machine(), CODEX) else { return };
    shared::app_restarted_and_killed(&mut codex);
    shared::garbage_on_the_socket(&mut codex);
}

#[test]
fn a_hook_that_hangs_holds_the_call() {
    let Some(codex) = Codex::guarded(codex::machine(), CODEX) else { return };
    shared::hook_hangs(&codex, Turn::interrupt);
}

#[test]
fn an_agent_is_disabled_and_killed() {
    let Some(mut codex) = Codex::guarded(codex::machine(), CODEX) else { return };
    shared::disabled(&mut codex);
    shared::killed_and_revived(&codex);
    ends::refused_by_the_model(&codex);
    ends::killed_from_outside(&codex);
}

#[test]
fn a_home_named_by_a_variable_is_found_and_guarded() {
    let Some(machine) = codex::machine() else { return };
    shared::home_named_by(&mut Codex(machine, CODEX), "CODEX_HOME", |codex| codex::trust(&codex.0));
}

#[test]
fn the_oldest_supported_client_stops_as_well() {
    let Some(mut codex) = Codex::guarded(codex::old_machine(), CODEX_OLD) else { return };
    shared::low_risk(&codex);
    shared::nobody_answers(&codex);
    shared::app_restarted_and_killed(&mut codex);
    shared::garbage_on_the_socket(&mut codex);
    shared::app_away(&mut codex);
    shared::disabled(&mut codex);
    shared::killed_and_revived(&codex);
    ends::killed_from_outside(&codex);
}

#[test]
fn a_run_with_every_check_switched_off_is_no_way_round() {
    let Some(codex) = Codex::guarded(codex::machine(), CODEX) else { return };
    let _row = tried(CODEX, "ask: in a mode that allows everything");
    let prompt = script(&json!([codex.risky("bypass")]));
    let args = ["-m", DIRECT, "--dangerously-bypass-approvals-and-sandbox"];
    let running = codex::exec_as_set(codex.machine(), &prompt, &args);
    let seen = codex.machine().wait_pending();
    assert_eq!(seen.permission_mode, "bypassPermissions");
    codex.machine().decide(&seen, "deny", None).unwrap();
    running.finish();
    codex.assert_blocked("bypass", "The user denied this in ClawButler");
    codex.assert_recorded(&shared::ASKED);
}

#[test]
fn what_changes_in_a_home_is_noticed_and_its_own_writing_is_not() {
    let Some(codex) = Codex::guarded(codex::machine(), CODEX) else { return };
    let machine = codex.machine();
    let path = machine.at("home/.codex/config.toml");
    {
        let _row = tried(CODEX, "drift: the client's own writing is none");
        codex.run("touch one.txt");
        codex.run("touch two.txt");
        assert!(codex.file("two.txt").exists());
        assert_eq!(shared::changes(machine), []);
    }
    configuration_and_health(&codex);
    let _row = tried(CODEX, "drift: skill, MCP server, hook, loosened mode");
    let said = codex::cli(machine, &["mcp", "add", "fresh", "--env", "KEY=S3CRETS3CRET", "--", "node", "server.js"]);
    assert!(said.contains("fresh"), "{said}");
    let loose = "approval_policy = \"never\"\n";
    fs::write(&path, format!("{loose}{}", fs::read_to_string(&path).unwrap())).unwrap();
    let hooks = json!({ "hooks": { "PreToolUse": [{ "hooks": [{ "type": "command", "command": "true" }] }] } });
    fs::write(machine.at("home/.codex/hooks.json"), hooks.to_string()).unwrap();
    let skill = machine.at("home/.codex/skills/fresh");
    fs::create_dir_all(&skill).unwrap();
    fs::write(skill.join("SKILL.md"), "---\nname: fresh\ndescription: a new skill\n---\nDo it.\n").unwrap();
    let listed = codex::cli(machine, &["mcp", "list"]);
    assert!(listed.contains("fresh"), "the client knows the server: {listed}");
    shared::assert_drifted(machine, "approval policy", &["mcp:fresh", "hook:PreToolUse 1", "skill:fresh"]);
    assert_eq!(found(machine).guard.state, GuardState::User, "the client's own writing keeps the guard");
}

/// What is shown of the home is what the client says of it.
fn configuration_and_health(codex: &Codex) {
    let _row = tried(CODEX, "found: configuration and health");
    let (machine, path) = (codex.machine(), codex.machine().at("home/.codex/config.toml"));
    let seen = shown(machine);
    let version = seen.agent.version.clone().unwrap();
    let said = codex::cli(machine, &["--version"]);
    assert!(said.split_whitespace().any(|word| word == version), "{version} is not in {said}");
    let mut server = codex::Server::start(machine);
    let config = server.call("config/read", &json!({ "includeLayers": false }))["config"].clone();
    assert_eq!(json!(fact(&seen, "model")), config["model"]);
    assert_eq!(json!(fact(&seen, "model provider")), config["model_provider"]);
    assert!(fact(&seen, "model address:loop").starts_with("http://127.0.0.1:"));
    assert!(codex::cli(machine, &["mcp", "get", "records"]).contains("python3"));
    assert!(fact(&seen, "mcp:records").contains("python3"));
    for name in ["settings", "client", "records", "guard", "last contact"] {
        assert_eq!(level(&seen, name), HealthLevel::Healthy, "{:?}", seen.agent.health);
    }
    drop(server);
    let before = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("model = \n{before}")).unwrap();
    assert_eq!(level(&shown(machine), "settings"), HealthLevel::Critical);
    codex.run("touch broken.txt");
    assert!(!codex.file("broken.txt").exists(), "as the check says, the client does not start with it");
    fs::write(&path, before).unwrap();
    assert_eq!(level(&shown(machine), "settings"), HealthLevel::Healthy);
}

#[test]
fn a_broken_guard_and_one_switched_off_are_shown_and_repaired() {
    let Some(codex) = Codex::guarded(codex::machine(), CODEX) else { return };
    let _rows =
        codex.tried(["guard: a broken one is shown and repaired", "guard: switched off by the client's own command"]);
    let (machine, path) = (codex.machine(), codex.machine().at("home/.codex/config.toml"));
    let whole = fs::read_to_string(&path).unwrap();
    let at = |state: GuardState| {
        let seen = shown(machine);
        assert_eq!(seen.agent.guard.state, state, "{}", seen.agent.guard.says);
        let healthy = level(&seen, "guard") == HealthLevel::Healthy;
        assert_eq!(healthy, state == GuardState::User, "{:?}", seen.agent.health);
    };
    // Somebody's edit took the wrapper away that blocks when the hook fails.
    let weak = whole.replacen("exit 2", "exit 0", 1);
    assert_ne!(weak, whole);
    fs::write(&path, weak).unwrap();
    at(GuardState::Damaged);
    machine.install_guard();
    codex::trust(machine);
    at(GuardState::User);
    codex.denied("repaired");

    codex::cli(machine, &["features", "disable", "hooks"]);
    at(GuardState::Bypassed);
    codex.begin("off").end();
    codex.assert_done("off");
    codex::cli(machine, &["features", "enable", "hooks"]);
    at(GuardState::User);
    codex.denied("again");
    assert!(machine.kinds().contains(&"guard.drift".to_owned()), "{:?}", machine.kinds());
}
