//! A guard that was damaged and repaired leaves nothing behind when it goes.

use std::fs;

use clawbutler_wire::command::{Govern, InstallGuard, ListAgents, PlanGuard, UninstallGuard};
use clawbutler_wire::registry::HealthLevel;
use clawbutler_wire::runtimes::{GuardState, GuardVariant};
use serde_json::json;

use crate::desk::Desk;

/// A gateway that nobody talks to has no reason to call.
fn a_quiet_gateway_is_well(desk: &Desk, home_id: &str) {
    let folder = desk.home().join(".openclaw/tmp/openclaw-1");
    fs::create_dir_all(&folder).unwrap();
    let pid = std::process::id();
    let started = clawbutler_platform::os::started(pid).unwrap();
    let lock = json!({ "pid": pid, "startTime": started, "port": 1, "createdAt": desk.now() + 1_000 });
    fs::write(folder.join("gateway.a.lock"), lock.to_string()).unwrap();
    desk.pass_ms(40_000);
    let agents = desk.butler().list_agents(ListAgents {}).unwrap().agents;
    let agent = agents.into_iter().find(|agent| agent.id == home_id).unwrap();
    assert_eq!(agent.live_sessions, 1);
    let worst = agent.health.checks.iter().filter(|check| check.level == HealthLevel::Critical);
    assert_eq!(worst.count(), 0, "{:?}", agent.health);
    fs::remove_file(folder.join("gateway.a.lock")).unwrap();
}

#[test]
fn what_a_repair_replaced_is_not_given_back() {
    let desk = Desk::new();
    let folder = desk.home().join(".openclaw");
    let (config, plugin) = (folder.join("openclaw.json"), folder.join("clawbutler-guard/index.mjs"));
    fs::create_dir_all(&folder).unwrap();
    let written = "// by hand\n{ gateway: { port: 1 } }\n";
    fs::write(&config, written).unwrap();
    let hook = desk.data().join("bin/clawbutler-hook");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "x").unwrap();
    clawbutler_platform::os::set_mode(&hook, 0o755).unwrap();

    let path = folder.display().to_string();
    let agents = desk.butler().list_agents(ListAgents {}).unwrap().agents;
    let home_id = agents.into_iter().find(|agent| agent.home == path).unwrap().id;
    desk.butler().govern(Govern { home_id: home_id.clone(), governed: true }).unwrap();
    let variant = GuardVariant::User;
    let plan = |uninstall| {
        desk.butler().plan_guard(PlanGuard { home_id: home_id.clone(), variant, uninstall }).unwrap().plan_digest
    };
    let install = || {
        let request = InstallGuard { home_id: home_id.clone(), variant, plan_digest: plan(false) };
        let home = desk.butler().install_guard(request).unwrap();
        assert_eq!(home.guard.state, GuardState::User, "{}", home.guard.says);
    };
    install();
    a_quiet_gateway_is_well(&desk, &home_id);
    fs::write(&plugin, "// damaged\n").unwrap();
    let text = fs::read_to_string(&config).unwrap();
    let disabled = text.replace(r#""enabled":true"#, r#""enabled":false"#);
    assert_ne!(disabled, text);
    fs::write(&config, disabled).unwrap();
    install();
    let removal = UninstallGuard { home_id: home_id.clone(), variant, plan_digest: plan(true) };
    let home = desk.butler().uninstall_guard(removal).unwrap();
    assert_eq!(home.guard.state, GuardState::Missing, "{}", home.guard.says);
    assert!(!plugin.exists(), "not the damaged one either");
    let left = fs::read_to_string(&config).unwrap();
    assert!(!left.contains("clawbutler") && left.starts_with("// by hand"), "{left}");
}
