//! The real Codex asked to trust our hooks, over its own interface and by consent to exactly those.

use std::fs;

use clawbutler_testkit::codex;
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::results::{CODEX, CODEX_OLD, tried};
use clawbutler_wire::Code;
use clawbutler_wire::command::{InstallGuard, PlanGuard, ShowAgent};
use clawbutler_wire::runtimes::{GuardPlan, GuardState, GuardVariant, GuardView};
use serde_json::json;

use super::super::shared::uninstall;
use super::{Place, WAYS};

/// Another's hooks: one that was trusted in another wording, one that never was.
const OTHERS: &str = "\n[[hooks.PreToolUse]]\nmatcher = \"Other\"\n[[hooks.PreToolUse.hooks]]\ntype = \"command\"\n\
                      command = \"touch other-ran\"\n\n[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = \"command\"\n\
                      command = \"touch stop-ran\"\n";

fn plan(machine: &Machine) -> GuardPlan {
    let (home_id, variant) = (machine.home_id(), GuardVariant::Trust);
    machine.ask(&PlanGuard { home_id, variant, uninstall: false }).unwrap()
}

fn guard(machine: &Machine) -> GuardView {
    machine.ask(&ShowAgent { home_id: machine.home_id() }).unwrap().agent.guard
}

#[test]
fn exactly_our_hooks_are_trusted_and_exec_asks_from_then_on() {
    for (machine, client, known) in [(codex::machine(), CODEX, 8), (codex::old_machine(), CODEX_OLD, 5)] {
        let Some(machine) = machine else { continue };
        let _rows = ["guard: trusted over the client's own interface", "guard: its removal gives the files back"]
            .map(|scenario| tried(client, scenario));
        let place = Place(&machine);
        let file = machine.at("home/.codex/config.toml");
        // An older one brings its settings up to date when it runs first, and when its server finds that run.
        place.unasked(WAYS[0], "first");
        drop(codex::Server::start(&machine));
        let state = format!(
            "\n[hooks.state]\n\n[hooks.state.\"{}:pre_tool_use:0:0\"]\ntrusted_hash = \"sha256:zzz\"\n",
            file.display()
        );
        let theirs = format!("{}\n{OTHERS}{state}", fs::read_to_string(&file).unwrap());
        fs::write(&file, &theirs).unwrap();
        machine.install_guard();
        let before = fs::read_to_string(&file).unwrap();
        assert!(matches!(guard(&machine), GuardView { state: GuardState::Bypassed, awaits_trust: true, .. }));
        place.unasked(WAYS[0], "early");
        assert!(place.done("shell", "early"), "what we say is so: nothing guards yet");

        let shown = plan(&machine);
        assert_eq!(fs::read_to_string(&file).unwrap(), before, "to look changes nothing");
        assert_eq!(shown.files[0].diff.matches("\n+trusted_hash = ").count(), known, "{shown:?}");
        assert!(shown.notes.iter().any(|note| note.starts_with("2 other hooks are not trusted")), "{shown:?}");
        let (home_id, variant) = (machine.home_id(), GuardVariant::Trust);
        let other = InstallGuard { home_id: home_id.clone(), variant, plan_digest: "another".to_owned() };
        assert_eq!(machine.ask(&other).unwrap_err().code, Code::Stale);
        let after = machine.ask(&InstallGuard { home_id, variant, plan_digest: shown.plan_digest }).unwrap();
        assert_eq!((after.guard.state, after.guard.awaits_trust), (GuardState::User, false), "{}", after.guard.says);
        let text = fs::read_to_string(&file).unwrap();
        let added: Vec<&str> = shown.files[0].diff.lines().filter_map(|line| line.strip_prefix('+')).skip(1).collect();
        // Where its record stands in the file is the client's own affair.
        let sorted = |mut lines: Vec<String>| {
            lines.retain(|line| !line.is_empty());
            lines.sort();
            lines
        };
        let owned = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let expected = sorted(owned(&before).into_iter().chain(added.into_iter().map(str::to_owned)).collect());
        assert_eq!(sorted(owned(&text)), expected, "exactly what was shown was added");

        for (verb, done) in [("deny", false), ("allow_once", true)] {
            let running = place.start(WAYS[0], verb);
            let seen = machine.wait_pending();
            machine.decide(&seen, verb, None).unwrap();
            running.finish();
            assert_eq!(place.done("shell", verb), done, "{}", place.record());
        }
        assert!(!machine.project().join("stop-ran").exists(), "another's hook is as untrusted as it was");
        let entries = machine.ledger();
        let entry = entries.iter().find(|entry| entry["kind"] == "guard.trusted").unwrap();
        let program = machine.client().canonicalize().unwrap().display().to_string();
        let asked = entry["data"]["asked"].as_str().unwrap();
        assert!(asked.starts_with(&program), "{asked} is not {program}");
        assert_eq!(entry["data"]["hooks"].as_array().unwrap().len(), known);
        assert_eq!((&entry["actor"]["kind"], &entry["data"]["others_changed"]), (&json!("local_user"), &json!(false)));

        uninstall(&machine);
        assert_eq!(fs::read_to_string(&file).unwrap(), theirs, "the record of trust in ours went too");
    }
}

#[test]
fn a_client_without_hooks_is_not_asked_to_trust_them() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, "guard: switched off by the client's own setting");
    machine.install_guard();
    let file = machine.at("home/.codex/config.toml");
    let on = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{on}\n[features]\nhooks = false\n")).unwrap();
    let guard = guard(&machine);
    assert!(guard.state == GuardState::Bypassed && guard.says.contains("hooks = false"), "{guard:?}");
    assert!(!guard.awaits_trust, "trust would not help");
    let (home_id, variant) = (machine.home_id(), GuardVariant::Trust);
    let refused = machine.ask(&PlanGuard { home_id, variant, uninstall: false }).unwrap_err();
    assert_eq!(refused.code, Code::Precondition);
    assert!(refused.message.contains("nothing of ours to trust"), "{}", refused.message);
}

/// Another program's hand on a hook that was trusted: Codex leaves the hook out, and that is told.
#[test]
fn a_hook_that_was_changed_after_it_was_trusted_is_told() {
    let Some(machine) = super::guarded() else { return };
    let _row = tried(CODEX, "guard: in force only when the client trusts it");
    let place = Place(&machine);
    let file = machine.at("home/.codex/config.toml");
    let whole = fs::read_to_string(&file).unwrap();
    let changed = whole.replacen("timeout = 3600", "timeout = 3599", 1);
    assert_ne!(changed, whole);
    fs::write(&file, changed).unwrap();
    place.unasked(WAYS[0], "changed");
    assert!(place.done("shell", "changed"), "the client leaves it out");
    let seen = guard(&machine);
    assert!(seen.state == GuardState::Damaged && seen.says.contains("not as we wrote it"), "{seen:?}");
    wait_for("the entry", || machine.kinds().contains(&"guard.drift".to_owned()).then_some(()));
    fs::write(&file, whole).unwrap();
    let running = place.start(WAYS[0], "again");
    let seen = machine.wait_pending();
    machine.decide(&seen, "deny", None).unwrap();
    running.finish();
    assert!(!place.done("shell", "again"), "its trust is of that wording");
}
