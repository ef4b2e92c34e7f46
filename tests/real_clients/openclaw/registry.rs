//! The registry and the real gateway: what is shown of its home, drift, the kill switch, a disabled agent.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::fs;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway};
use clawbutler_testkit::results::{OPENCLAW, tried};
use clawbutler_wire::command::{KillAgent, ReviveAgent, SetAgentState};
use clawbutler_wire::registry::{AgentState, DriftKind, HealthLevel, KillOutcome};
use clawbutler_wire::runtimes::GuardState;
use serde_json::{Value, json};

use super::super::shared::{alive, changes, fact, level, shown, uninstall};
use super::Place;

fn config(machine: &Machine) -> std::path::PathBuf {
    machine.at("home/.openclaw/openclaw.json")
}

fn write_file(place: &Place<'_>, name: &str) {
    place.turn(name, &json!([[{ "tool": "write", "input": { "path": name, "content": "x" } }]]));
}

#[test]
fn what_is_shown_of_a_home_is_what_the_client_says_of_it() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "found: configuration and health");
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    write_file(&Place { machine: &machine, gateway: &gateway }, "one.txt");
    let seen = shown(&machine);

    let said = openclaw::cli(&machine, &["--version"]);
    let version = seen.agent.version.clone().unwrap();
    assert!(said.split_whitespace().any(|word| word == version), "{version} is not in {said}");
    let get = |path: &str| openclaw::cli(&machine, &["config", "get", path]).trim().to_owned();
    assert_eq!(fact(&seen, "model"), get("agents.defaults.model.primary"));
    assert_eq!(fact(&seen, "gateway port"), get("gateway.port"));
    assert_eq!(fact(&seen, "exec mode"), get("tools.exec.mode"));
    assert!(fact(&seen, "provider:loop").starts_with("http://127.0.0.1:"));
    let plugins: Value = serde_json::from_str(&openclaw::cli(&machine, &["plugins", "list", "--json"])).unwrap();
    let guard = plugins["plugins"].as_array().unwrap().iter().find(|plugin| plugin["id"] == "clawbutler-guard");
    assert_eq!(guard.map(|guard| guard["enabled"].clone()), Some(true.into()));

    for name in ["configuration", "private configuration", "gateway", "guard", "last contact"] {
        assert_eq!(level(&seen, name), HealthLevel::Healthy, "{:?}", seen.agent.health);
    }
    // An old release has a hole of its own, and nothing else is wrong.
    let expected = if version.starts_with("2026.9.") { HealthLevel::Healthy } else { HealthLevel::Degraded };
    assert_eq!((level(&seen, "version"), seen.agent.health.level), (expected, expected), "{:?}", seen.agent.health);
    assert_eq!((seen.agent.live_sessions, seen.agent.guard.state), (1, GuardState::User));
    assert!(!serde_json::to_string(&seen.facts).unwrap().contains("loopback-gateway-token"), "no secret is a fact");

    drop(gateway);
    let seen = shown(&machine);
    assert_eq!((level(&seen, "gateway"), seen.agent.live_sessions), (HealthLevel::Degraded, 0));
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(config(&machine), readable).unwrap();
    assert_eq!(level(&shown(&machine), "private configuration"), HealthLevel::Degraded);
    fs::write(config(&machine), "{ gateway: ").unwrap();
    assert_eq!(level(&shown(&machine), "configuration"), HealthLevel::Critical);
}

#[test]
fn what_changes_in_a_home_is_noticed_and_its_own_writing_is_not() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "drift: the client's own writing is none");
    let text = fs::read_to_string(config(&machine)).unwrap().replace(r#"mode: "full""#, r#"mode: "auto""#);
    fs::write(config(&machine), text).unwrap();
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    let place = Place { machine: &machine, gateway: &gateway };
    write_file(&place, "one.txt");
    write_file(&place, "two.txt");
    assert_eq!(changes(&machine), []);
    drop(gateway);
    assert_eq!(changes(&machine), []);
    noticed(&machine);
    guard_switched_off(&machine);
}

/// Every change as a user makes it, with the client's own commands.
fn noticed(machine: &Machine) {
    let _row = tried(OPENCLAW, "drift: skill, MCP server, hook, loosened mode");
    let cli = |args: &[&str]| openclaw::cli(machine, args);
    cli(&["mcp", "set", "records", r#"{"command":"node","args":["server.js"],"env":{"KEY":"S3CRETS3CRET"}}"#]);
    cli(&["hooks", "enable", "boot-md"]);
    cli(&["config", "set", "tools.exec.mode", "full"]);
    let skill = machine.project().join("skills/fresh");
    fs::create_dir_all(&skill).unwrap();
    fs::write(skill.join("SKILL.md"), "---\nname: fresh\ndescription: a new skill\n---\nDo it.\n").unwrap();
    let known = cli(&["skills", "list", "--json"]);
    assert!(known.contains("fresh"), "the client knows the skill: {known}");
    let found = changes(machine);
    assert_eq!(found[0], (DriftKind::Loosened, "exec mode".to_owned()), "{found:?}");
    for name in ["mcp:records", "hook:boot-md", "skill of main:fresh"] {
        assert!(found.contains(&(DriftKind::Appeared, name.to_owned())), "{name}: {found:?}");
    }
    assert_eq!(found.len(), 4, "{found:?}");
    let drifts: Vec<Value> = machine.ledger().into_iter().filter(|entry| entry["kind"] == "config.drift").collect();
    let last = drifts.last().unwrap();
    assert_eq!((&last["data"]["critical"], &last["data"]["count"]), (&json!(true), &json!(4)));
    assert!(!drifts.iter().any(|entry| entry.to_string().contains("S3CRET")), "no secret is recorded");
    assert_eq!(shown(machine).agent.guard.state, GuardState::User, "the client's own writing keeps the guard");
}

/// The client's own switch for plugins is noticed, and what the client wrote stays when our guard goes.
fn guard_switched_off(machine: &Machine) {
    let _row = tried(OPENCLAW, "guard: switched off by the client's own command");
    openclaw::cli(machine, &["plugins", "disable", "clawbutler-guard"]);
    let drift = wait_for("the drift of the guard", || {
        machine.ledger().into_iter().find(|entry| entry["kind"] == "guard.drift")
    });
    assert_ne!(drift["data"]["state"], "user");
    let seen = shown(machine);
    assert_eq!(level(&seen, "guard"), HealthLevel::Critical);
    machine.install_guard();
    assert_eq!(shown(machine).agent.guard.state, GuardState::User, "repaired");
    switched_off_by_a_setting(machine);
    broken(machine);
    uninstall(machine);
    let after = fs::read_to_string(config(machine)).unwrap();
    assert!(!after.contains("clawbutler"), "{after}");
    openclaw::cli(machine, &["config", "validate"]);
    assert!(openclaw::cli(machine, &["mcp", "list"]).contains("records"), "what others added is kept");
}

/// The client's setting for all plugins.
fn switched_off_by_a_setting(machine: &Machine) {
    let _row = tried(OPENCLAW, "guard: switched off by the client's own setting");
    openclaw::cli(machine, &["config", "set", "plugins.enabled", "false"]);
    let seen = shown(machine);
    assert_eq!((seen.agent.guard.state, level(&seen, "guard")), (GuardState::Bypassed, HealthLevel::Critical));
    machine.install_guard();
    assert_eq!(shown(machine).agent.guard.state, GuardState::User, "repaired");
}

/// Code that is not ours any more, or that is gone: what the client would run as a plugin that asks nobody.
fn broken(machine: &Machine) {
    let _row = tried(OPENCLAW, "guard: a broken one is shown and repaired");
    let folder = machine.at("home/.openclaw/clawbutler-guard");
    let code = folder.join("index.mjs");
    let good = fs::read_to_string(&code).unwrap();
    for text in ["", "export default { id: 'clawbutler-guard', register() {} };", "throw new Error('no');"] {
        fs::write(&code, text).unwrap();
        let seen = shown(machine);
        assert_eq!((seen.agent.guard.state, level(&seen, "guard")), (GuardState::Damaged, HealthLevel::Critical));
    }
    machine.install_guard();
    assert_eq!((fs::read_to_string(&code).unwrap(), shown(machine).agent.guard.state), (good, GuardState::User));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(shown(machine).agent.guard.state, GuardState::Damaged);
    machine.install_guard();
    assert_eq!(shown(machine).agent.guard.state, GuardState::User, "repaired");
}

#[test]
fn the_kill_switch_ends_the_gateway_with_what_it_runs() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "state: kill switch and revival");
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    let exec = json!({ "tool": "exec", "input": { "command": "echo $$ > pid.txt && sleep 300" } });
    let turn = gateway.turn("long", &script(&json!([[exec]])));
    let pid: u32 =
        wait_for("the command", || fs::read_to_string(machine.project().join("pid.txt")).ok()?.trim().parse().ok());
    let report = machine.ask(&KillAgent { home_id: machine.home_id() }).unwrap();
    assert!(report.complete, "{report:?}");
    let items: Vec<_> = report.items.iter().map(|item| (item.pid, item.outcome)).collect();
    assert_eq!(items, [(Some(gateway.pid()), KillOutcome::Stopped)]);
    assert_eq!(report.agent.state, AgentState::Killed);
    let [beyond] = &report.beyond[..] else { panic!("{report:?}") };
    assert!(beyond.contains("only the gateway with all its sessions"), "{beyond}");
    assert!(!alive(gateway.pid()) && !alive(pid), "the command was ended too");
    drop(turn.join());
    drop(gateway);
    assert_eq!(shown(&machine).agent.live_sessions, 0);
    let killed = machine.ledger().into_iter().find(|entry| entry["kind"] == "agent.killed").unwrap();
    assert_eq!(killed["data"]["beyond"], json!(report.beyond));

    let gateway = Gateway::start(&machine);
    let place = Place { machine: &machine, gateway: &gateway };
    write_file(&place, "killed.txt");
    assert!(!place.file("killed.txt").exists(), "a new gateway of a killed agent does nothing");
    assert!(place.told("killed.txt").contains("kill switch"));
    machine.ask(&ReviveAgent { home_id: machine.home_id() }).unwrap();
    write_file(&place, "revived.txt");
    assert!(place.file("revived.txt").exists());
}

#[test]
fn a_disabled_agent_does_nothing_with_the_app_and_without() {
    let Some(mut machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "state: disabled, with the app and without");
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    let disabled = machine.ask(&SetAgentState { home_id: machine.home_id(), enabled: false }).unwrap();
    assert_eq!(disabled.state, AgentState::Disabled);
    for name in ["with-the-app.txt", "without.txt"] {
        let place = Place { machine: &machine, gateway: &gateway };
        write_file(&place, name);
        assert!(!place.file(name).exists());
        let told = place.told(name);
        assert!(told.contains("disabled this agent"), "{told}");
        machine.quit();
    }
    machine.start();
    machine.ask(&SetAgentState { home_id: machine.home_id(), enabled: true }).unwrap();
    let place = Place { machine: &machine, gateway: &gateway };
    write_file(&place, "enabled.txt");
    assert!(place.file("enabled.txt").exists());
}

#[test]
fn a_killed_agent_without_a_guard_is_said_to_be_held_by_nothing() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "state: kill switch without a guard");
    machine.install_guard();
    uninstall(&machine);
    let govern = json!({ "home_id": machine.home_id(), "governed": true });
    machine.ask(&serde_json::from_value::<clawbutler_wire::command::Govern>(govern).unwrap()).unwrap();
    let gateway = Gateway::start(&machine);
    let report = machine.ask(&KillAgent { home_id: machine.home_id() }).unwrap();
    assert!(report.complete && report.items.len() == 1, "{report:?}");
    assert!(report.beyond.iter().any(|says| says.starts_with("Nothing holds a session")), "{:?}", report.beyond);
    assert!(!alive(gateway.pid()));
    drop(gateway);
    let gateway = Gateway::start(&machine);
    let place = Place { machine: &machine, gateway: &gateway };
    write_file(&place, "unheld.txt");
    assert!(place.file("unheld.txt").exists(), "what the report says is so");
    assert_eq!(level(&shown(&machine), "state"), HealthLevel::Critical);
}
