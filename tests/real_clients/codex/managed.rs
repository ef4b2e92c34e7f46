//! The guard in the machine's requirements, with an `/etc` of its own: it needs no trust and nothing of the user's takes
//! it away.

use std::fs;

use clawbutler_testkit::codex;
use clawbutler_testkit::machine::Machine;
use clawbutler_testkit::results::{CODEX, CODEX_OLD, tried};
use clawbutler_wire::command::{InstallGuard, PlanGuard, UninstallGuard};
use clawbutler_wire::runtimes::{GuardState, GuardVariant};

use super::super::shared::found;
use super::{Place, WAYS};

const VARIANT: GuardVariant = GuardVariant::Managed;
/// What an administrator wrote before us.
const THEIRS: &str = "# by the administrator\nallowed_sandbox_modes = [\"read-only\", \"workspace-write\", \
                      \"danger-full-access\"]";

/// Plans and carries out.
fn managed(machine: &Machine, uninstall: bool) {
    let home_id = machine.home_id();
    let plan = machine.ask(&PlanGuard { home_id: home_id.clone(), variant: VARIANT, uninstall }).unwrap();
    assert!(plan.changes && plan.files.iter().all(|file| file.path == "/etc/codex/requirements.toml"), "{plan:?}");
    assert!(plan.command.is_some_and(|command| command.starts_with("printf") || command.starts_with("sudo")));
    let plan_digest = plan.plan_digest;
    if uninstall {
        machine.ask(&UninstallGuard { home_id, variant: VARIANT, plan_digest }).unwrap();
    } else {
        machine.ask(&InstallGuard { home_id, variant: VARIANT, plan_digest }).unwrap();
    }
}

#[test]
fn nothing_of_the_users_takes_the_guard_away() {
    for (machine, client) in [(codex::machine(), CODEX), (codex::old_machine(), CODEX_OLD)] {
        let Some(mut machine) = machine else { continue };
        if !machine.own_etc() {
            return;
        }
        let _row = tried(client, "guard: machine-wide, against the client's own switches");
        let file = machine.in_etc("codex/requirements.toml");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, THEIRS).unwrap();
        let user = machine.at("home/.codex/config.toml");
        let settings = fs::read_to_string(&user).unwrap();
        managed(&machine, false);
        assert!(fs::read_to_string(&file).unwrap().starts_with(THEIRS), "every other byte stays");
        assert_eq!(fs::read_to_string(&user).unwrap(), settings, "nothing is written for the user");
        assert_eq!(found(&machine).guard.state, GuardState::Managed, "{}", found(&machine).guard.says);

        let place = Place(&machine);
        let denied = |name: &str, args: &[&str]| {
            place.lay(name);
            let script = clawbutler_testkit::model::script(&serde_json::json!([super::call("shell", name)]));
            let running = codex::exec(&machine, &script, &[&["-m", codex::DIRECT], args].concat());
            let seen = machine.wait_pending();
            machine.decide(&seen, "deny", None).unwrap();
            running.finish();
            assert!(!place.done("shell", name), "{name}: {}", place.record());
        };
        denied("plain", &[]);
        denied("flag", &["--disable", "hooks"]);
        denied("setting", &["-c", "features.hooks=false"]);
        denied("yolo", &["--dangerously-bypass-approvals-and-sandbox"]);
        fs::write(&user, format!("{settings}\n[features]\nhooks = false\n")).unwrap();
        assert_eq!(found(&machine).guard.state, GuardState::Managed, "the user's settings do not count");
        denied("user", &[]);

        managed(&machine, true);
        assert_eq!(fs::read_to_string(&file).unwrap(), THEIRS);
        assert_eq!(found(&machine).guard.state, GuardState::Missing);
        place.unasked(WAYS[0], "after");
        assert!(place.done("shell", "after"));
    }
}
