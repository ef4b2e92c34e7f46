//! Whether the guard is in force, in words.

use std::path::PathBuf;

use clawbutler_connectors::connector::{GuardState, GuardStatus, Variant};

use crate::scratch::{Machine, claude};

fn status_with(machine: &Machine, projects: &[PathBuf]) -> GuardStatus {
    claude().guard_status(&machine.env, &machine.claude_home(), &machine.hook(), projects)
}

fn status(machine: &Machine) -> GuardStatus {
    status_with(machine, &[])
}

/// An installed guard, with the file's text changed by `change`.
fn after(change: impl Fn(&str) -> String) -> GuardStatus {
    let machine = Machine::with_client("2.1.330");
    machine.install(Variant::User);
    machine.write_settings(&change(&machine.read_settings().expect("a file")));
    status(&machine)
}

fn with_key(line: &'static str) -> impl Fn(&str) -> String {
    move |text| text.replacen('{', &format!("{{ {line},"), 1)
}

#[test]
fn installed_is_user_and_managed_is_managed() {
    let machine = Machine::with_client("2.1.330");
    assert_eq!(status(&machine).state, GuardState::Missing);
    machine.install(Variant::User);
    assert_eq!(status(&machine).state, GuardState::User);
    assert_eq!(status(&machine).fix, None);
    machine.install(Variant::Managed);
    assert_eq!(status(&machine).state, GuardState::Managed);
    machine.uninstall(Variant::User);
    assert_eq!(status(&machine).state, GuardState::Managed);
    machine.uninstall(Variant::Managed);
    assert_eq!(status(&machine).state, GuardState::Missing);
}

#[test]
fn what_makes_the_client_ignore_the_file_is_a_bypass() {
    // Each of these was refused by the real client (2.1.330, `claude doctor`).
    let first = "\"PreToolUse\": [";
    let own =
        |entry: &'static str| move |text: &str| text.replacen(first, &format!("{first} {{\"hooks\": [{entry}]}},"), 1);
    let mut said = Vec::new();
    let mut check = |what: &str, status: GuardStatus| {
        assert_eq!(status.state, GuardState::Bypassed, "{what}: {}", status.says);
        assert!(status.fix.is_some(), "{what}");
        let says = status.says.replace('\\', "/");
        let says = says.split_once("/home/ada").map_or(says.as_str(), |(_, rest)| rest);
        said.push(format!("{what}: {says}"));
    };
    check("disabled", after(with_key("\"disableAllHooks\": true")));
    check("comment", after(|text| format!("// c\n{text}")));
    check("trailing comma", after(|text| text.replacen("\n  }\n}", "\n  },\n}", 1)));
    check("type", after(own(r#"{"type": "telepathy", "url": "x"}"#)));
    check("no type", after(own(r#"{"command": "x"}"#)));
    check("timeout", after(own(r#"{"type": "command", "command": "x", "timeout": "ten"}"#)));
    check("zero timeout", after(own(r#"{"type": "command", "command": "x", "timeout": 0}"#)));
    check("onFailure", after(own(r#"{"type": "command", "command": "x", "onFailure": "deny"}"#)));
    check("no command", after(own(r#"{"type": "command"}"#)));
    check("args", after(own(r#"{"type": "command", "command": "x", "args": "x"}"#)));
    check("no hooks", after(|text| text.replacen(first, &format!("{first} {{\"matcher\": \"*\"}},"), 1)));
    check("broken", after(|text| text[..text.len() - 5].to_owned()));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_bad_entry_elsewhere_loses_only_itself() {
    let change = |text: &str| {
        text.replacen(
            "\"Stop\": [",
            "\"Stop\": [ {\"hooks\": [{\"type\": \"command\", \"command\": \"x\", \"timeout\": \"ten\"}]},",
            1,
        )
    };
    assert_eq!(after(change).state, GuardState::User);
    assert_eq!(after(with_key("\"disableAllHooks\": \"yes\"")).state, GuardState::User);
}

#[test]
fn a_project_can_bypass_a_user_guard_but_not_a_managed_one() {
    for file in ["proj/.claude/settings.json", "proj/.claude/settings.local.json"] {
        let machine = Machine::with_client("2.1.330");
        std::fs::create_dir_all(machine.path("proj/.git")).expect("created");
        let path = machine.file(file, r#"{"disableAllHooks": true}"#);
        machine.install(Variant::User);
        let projects = [machine.path("other"), machine.path("proj/sub/deeper")];
        let found = status_with(&machine, &projects);
        assert_eq!(found.state, GuardState::Bypassed, "{file}");
        assert!(found.says.contains(&path.display().to_string()), "{}", found.says);
        assert_eq!(status_with(&machine, &projects[..1]).state, GuardState::User);
        machine.install(Variant::Managed);
        assert_eq!(status_with(&machine, &projects).state, GuardState::Managed);
    }
}

#[test]
fn managed_settings_can_bypass_both() {
    let machine = Machine::with_client("2.1.330");
    machine.install(Variant::User);
    let other = "etc/claude-code/managed-settings.d/10-company.json";
    machine.file(other, r#"{"allowManagedHooksOnly": true}"#);
    assert_eq!(status(&machine).state, GuardState::Bypassed);
    machine.install(Variant::Managed);
    assert_eq!(status(&machine).state, GuardState::Managed);
    machine.file(other, r#"{"disableAllHooks": true}"#);
    assert_eq!(status(&machine).state, GuardState::Bypassed);
    machine.uninstall(Variant::Managed);
    assert_eq!(status(&machine).state, GuardState::Bypassed);
}

#[test]
fn damage_says_what_is_wrong() {
    let missing = after(|text| text.replacen("\"PermissionRequest\"", "\"Elsewhere\"", 1));
    assert_eq!(missing.state, GuardState::Damaged);
    assert!(missing.says.contains("the entry for PermissionRequest is missing"), "{}", missing.says);
    let changed = after(|text| text.replacen("\"onFailure\": \"block\"", "\"onFailure\": \"continue\"", 1));
    assert_eq!(changed.state, GuardState::Damaged);
    assert!(changed.says.contains("the entry for PreToolUse is not as we wrote it"), "{}", changed.says);

    let machine = Machine::with_client("2.1.330");
    machine.install(Variant::User);
    machine.native("2.1.240");
    std::fs::remove_file(machine.path("home/ada/.local/share/claude/versions/2.1.330")).expect("removed");
    assert_eq!(status(&machine).state, GuardState::Damaged, "the exec form fails open on the only client there is");
}

#[test]
fn a_missing_or_plain_hook_program_is_damage() {
    let machine = Machine::with_client("2.1.330");
    machine.install(Variant::User);
    let hook = machine.hook();
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o644)).expect("changed");
    }
    let ask = || claude().guard_status(&machine.env, &machine.claude_home(), &hook, &[]);
    assert_eq!(ask().state, GuardState::Damaged);
    assert!(ask().says.contains("may not be executed"), "{}", ask().says);
    std::fs::remove_file(&hook).expect("removed");
    assert_eq!(ask().state, GuardState::Damaged);
    assert!(ask().says.contains("cannot be found"), "{}", ask().says);
    let elsewhere = machine.path("new/clawbutler-hook");
    let moved = claude().guard_status(&machine.env, &machine.claude_home(), &elsewhere, &[]);
    assert_eq!(moved.state, GuardState::Damaged);
    assert!(moved.says.contains("not as we wrote it"), "{}", moved.says);
}

#[test]
fn missing_says_when_the_file_is_broken_too() {
    let machine = Machine::with_client("2.1.330");
    machine.write_settings("{");
    let found = status(&machine);
    assert_eq!(found.state, GuardState::Missing);
    assert!(found.says.contains("The client ignores"), "{}", found.says);
}
