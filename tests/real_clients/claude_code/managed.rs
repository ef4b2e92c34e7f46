//! The guard in the machine's managed settings, with an `/etc` of its own: nothing of the user's takes it away.

use std::fs;

use clawbutler_testkit::machine::Machine;
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, tried};
use clawbutler_wire::command::{InstallGuard, PlanGuard, UninstallGuard};
use clawbutler_wire::runtimes::{GuardState, GuardVariant};
use serde_json::{Value, json};

use super::super::lax;
use super::super::shared::{Agent as _, found};
use super::Claude;

const VARIANT: GuardVariant = GuardVariant::Managed;

/// Plans and carries out.
fn managed(machine: &Machine, uninstall: bool) {
    let home_id = machine.home_id();
    let plan = machine.ask(&PlanGuard { home_id: home_id.clone(), variant: VARIANT, uninstall }).unwrap();
    assert!(plan.changes && plan.files.iter().all(|file| file.path.starts_with("/etc/claude-code/")), "{plan:?}");
    let plan_digest = plan.plan_digest;
    if uninstall {
        machine.ask(&UninstallGuard { home_id, variant: VARIANT, plan_digest }).unwrap();
    } else {
        machine.ask(&InstallGuard { home_id, variant: VARIANT, plan_digest }).unwrap();
    }
}

#[test]
fn nothing_of_the_users_takes_the_guard_away() {
    let Some(mut machine) = Machine::with_client(&lax()) else { return };
    if !machine.own_etc() {
        return;
    }
    let _row = tried(CLAUDE, "guard: machine-wide, against the client's own switches");
    let theirs = machine.in_etc("claude-code/managed-settings.json");
    let ours = machine.in_etc("claude-code/managed-settings.d/50-clawbutler.json");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "{ \"env\": { \"BY_THE_ADMINISTRATOR\": \"1\" } }").unwrap();
    let user = machine.at("home/.claude/settings.json");
    let settings = fs::read_to_string(&user).unwrap();
    managed(&machine, false);
    assert!(ours.exists());
    assert_eq!(fs::read_to_string(&user).unwrap(), settings, "nothing is written for the user");
    assert_eq!(found(&machine).guard.state, GuardState::Managed, "{}", found(&machine).guard.says);

    let claude = Claude(machine, CLAUDE);
    let machine = &claude.0;
    claude.denied("plain");
    let with = |name: &str, args: &[&str]| {
        let running = machine.claude(&script(&json!([claude.risky(name)])), args);
        machine.decide(&machine.wait_pending(), "deny", None).unwrap();
        running.finish();
        claude.assert_untouched(name);
    };
    with("flag", &["--settings", r#"{"disableAllHooks":true}"#]);
    with("sources", &["--setting-sources", ""]);
    with("skips", &["--dangerously-skip-permissions"]);
    let mut off: Value = serde_json::from_str(&settings).unwrap();
    off["disableAllHooks"] = json!(true);
    fs::write(&user, off.to_string()).unwrap();
    assert_eq!(found(machine).guard.state, GuardState::Managed, "the user's settings do not count");
    with("user", &[]);

    managed(machine, true);
    assert!(!ours.exists() && theirs.exists());
    assert_eq!(found(machine).guard.state, GuardState::Missing);
    fs::write(&user, settings).unwrap();
    claude.begin("after").end();
    claude.assert_done("after");
}
