//! The guard goes in, is told apart from one that is not trusted or broken, and goes out without a trace.

use clawbutler_connectors::connector::{GuardError, GuardState, Plan, Variant};
use clawbutler_connectors::env::Os;
use proptest::prelude::*;

use super::{codex, configured, home};
use crate::scratch::{Machine, carry_out};

const COMMENTED: &str = r#"# mine
model = "gpt-5.5"   # the good one
approval_policy = 'on-request'

[mcp_servers.files] # local
command = "npx"
args = ["-y", "files"]

[[hooks.PreToolUse]]
matcher = "Bash"
[[hooks.PreToolUse.hooks]]
type = "command"
command = "/usr/local/bin/other"

[projects."/work/x"]
trust_level = "trusted""#;

fn plan(machine: &Machine, variant: Variant) -> Plan {
    codex().plan_install(&machine.env, &home(machine), &machine.hook(), variant).expect("a plan")
}

fn install(machine: &Machine, variant: Variant) -> Plan {
    let plan = plan(machine, variant);
    carry_out(&plan);
    plan
}

fn uninstall(machine: &Machine, variant: Variant) {
    carry_out(&codex().plan_uninstall(&machine.env, &home(machine), &machine.hook(), variant).expect("a plan"));
}

fn state(machine: &Machine) -> (GuardState, String) {
    let projects = [machine.path("work/x")];
    let status = codex().guard_status(&machine.env, &home(machine), &machine.hook(), &projects);
    let good = matches!(status.state, GuardState::User | GuardState::Managed);
    assert_eq!(status.fix.is_none(), good, "{status:?}");
    (status.state, status.says.replace(&machine.path("").display().to_string(), "/"))
}

fn text(machine: &Machine) -> String {
    std::fs::read_to_string(home(machine).join("config.toml")).expect("read")
}

/// What Codex writes when its user trusts our hooks, or with another hash when they were trusted before.
fn trust(machine: &Machine, with: impl Fn(&str) -> String) {
    let file = home(machine).join("config.toml");
    let before = text(machine);
    let mut after = format!("{before}\n[hooks.state]\n");
    for (event, group, hash) in hashes(machine) {
        let key = format!("{}:{event}:{group}:0", file.display());
        after.push_str(&format!("\n[hooks.state.\"{key}\"]\n{}\n", with(&hash)));
    }
    std::fs::write(file, after).expect("written");
}

/// Event, group and fingerprint of each of our entries, made anew here from the file's own words.
fn hashes(machine: &Machine) -> Vec<(String, usize, String)> {
    let value: toml_edit::DocumentMut = text(machine).parse().expect("TOML");
    let mut found = Vec::new();
    for (event, groups) in value["hooks"].as_table().expect("a table") {
        let Some(groups) = groups.as_array_of_tables() else { continue };
        for (group, table) in groups.iter().enumerate() {
            let handler = table["hooks"].as_array_of_tables().expect("handlers").get(0).expect("one");
            if handler.get("clawbutler").is_none() {
                continue;
            }
            let snake: String = event
                .chars()
                .enumerate()
                .flat_map(|(at, c)| {
                    let line = (c.is_ascii_uppercase() && at > 0).then_some('_');
                    line.into_iter().chain([c.to_ascii_lowercase()])
                })
                .collect();
            let quote = |text: &str| serde_json::to_string(text).expect("JSON");
            let status = handler.get("statusMessage").and_then(|item| item.as_str());
            let status = status.map_or_else(String::new, |text| format!("\"statusMessage\":{},", quote(text)));
            let matcher = table.get("matcher").and_then(|item| item.as_str());
            let matcher = matcher.map_or_else(String::new, |text| format!(",\"matcher\":{}", quote(text)));
            let command = quote(handler["command"].as_str().expect("a command"));
            let timeout = handler["timeout"].as_integer().expect("seconds");
            let canonical = format!(
                "{{\"event_name\":\"{snake}\",\"hooks\":[{{\"async\":false,\"command\":{command},{status}\"timeout\":{timeout},\
                 \"type\":\"command\"}}]{matcher}}}"
            );
            found.push((snake, group, format!("sha256:{}", clawbutler_core::digest::sha256(canonical.as_bytes()))));
        }
    }
    found
}

fn given(hash: &str) -> String {
    format!("trusted_hash = \"{hash}\"")
}

#[test]
fn every_other_byte_stays() {
    let machine = Machine::new();
    configured(&machine, COMMENTED);
    let notes = install(&machine, Variant::User).notes;
    assert!(notes.iter().any(|note| note.contains("Hooks need review")), "{notes:?}");
    let after = text(&machine);
    assert!(after.starts_with(COMMENTED), "{after}");
    let ours = after[COMMENTED.len()..].replace(&machine.path("").display().to_string(), "/");
    insta::assert_snapshot!(ours);
    assert!(plan(&machine, Variant::User).files.is_empty(), "nothing to do twice");
    trust(&machine, given);
    uninstall(&machine, Variant::User);
    assert_eq!(text(&machine), COMMENTED);
}

#[test]
fn a_file_that_was_not_there_goes_away_again() {
    let machine = Machine::new();
    let plan = install(&machine, Variant::User);
    assert_eq!(plan.files[0].mode, Some(0o600));
    assert_eq!(state(&machine).0, GuardState::Bypassed);
    trust(&machine, given);
    assert_eq!(state(&machine).0, GuardState::User);
    uninstall(&machine, Variant::User);
    assert!(!home(&machine).join("config.toml").exists());
    assert_eq!(state(&machine).0, GuardState::Missing);
}

#[test]
fn installed_is_in_force_only_when_codex_trusts_it() {
    let machine = Machine::new();
    configured(&machine, COMMENTED);
    install(&machine, Variant::User);
    let bare = text(&machine);
    let (seen, says) = state(&machine);
    assert_eq!(seen, GuardState::Bypassed);
    assert!(says.contains("not trusted in Codex yet"), "{says}");
    trust(&machine, given);
    assert_eq!(state(&machine).0, GuardState::User);
    std::fs::write(home(&machine).join("config.toml"), &bare).expect("written");
    trust(&machine, |_| given("sha256:00"));
    let (seen, says) = state(&machine);
    assert!(seen == GuardState::Bypassed && says.contains("another wording"), "{says}");
    std::fs::write(home(&machine).join("config.toml"), &bare).expect("written");
    trust(&machine, |hash| format!("{}\nenabled = false", given(hash)));
    let (seen, says) = state(&machine);
    assert!(seen == GuardState::Bypassed && says.contains("switched off"), "{says}");
    // 0.130 knows five of the eight events, so its user cannot trust the others.
    std::fs::write(home(&machine).join("config.toml"), &bare).expect("written");
    trust(&machine, given);
    let five = text(&machine).replace(":session_end:", ":x:").replace(":subagent_start:", ":y:");
    std::fs::write(home(&machine).join("config.toml"), &five).expect("written");
    let (seen, says) = state(&machine);
    assert!(
        seen == GuardState::User && says.contains("Not reported") && says.contains("SessionEnd, SubagentStart"),
        "{says}"
    );
    std::fs::write(home(&machine).join("config.toml"), five.replace(":permission_request:", ":z:")).expect("written");
    let (seen, says) = state(&machine);
    assert!(seen == GuardState::Bypassed && says.contains("its hook for PermissionRequest"), "{says}");
}

#[test]
fn what_defeats_the_guard_is_said() {
    let cases = [
        ("home/ada/.codex/config.toml", "[features]\nhooks = false\n", GuardState::Bypassed, "features.hooks = false"),
        ("etc/codex/requirements.toml", "[features]\nhooks = false\n", GuardState::Bypassed, "features.hooks = false"),
        (
            "etc/codex/requirements.toml",
            "allow_managed_hooks_only = true\n",
            GuardState::Bypassed,
            "allow_managed_hooks_only",
        ),
        ("etc/codex/config.toml", "[features]\nhooks = false\n", GuardState::Bypassed, "features.hooks = false"),
        ("home/ada/.codex/config.toml", "broken = \n", GuardState::Damaged, "broken"),
    ];
    for (file, addition, expected, word) in cases {
        let machine = Machine::new();
        configured(&machine, "model = \"m\"\n");
        install(&machine, Variant::User);
        trust(&machine, given);
        assert_eq!(state(&machine).0, GuardState::User);
        let before = std::fs::read_to_string(machine.path(file)).unwrap_or_default();
        machine.file(file, &format!("{before}\n{addition}"));
        let (seen, says) = state(&machine);
        assert_eq!(seen, expected, "{file} {addition}: {says}");
        assert!(says.contains(word), "{says}");
    }
}

#[test]
fn a_project_counts_only_when_it_is_trusted() {
    let machine = Machine::new();
    machine.file("work/x/.codex/config.toml", "[features]\nhooks = false\n");
    configured(&machine, "model = \"m\"\n");
    install(&machine, Variant::User);
    trust(&machine, given);
    assert_eq!(state(&machine).0, GuardState::User);
    let trusted = format!("[projects.\"{}\"]\ntrust_level = \"trusted\"\n", machine.path("work/x").display());
    machine.file("home/ada/.codex/config.toml", &format!("{}\n{trusted}", text(&machine)));
    assert_eq!(state(&machine).0, GuardState::Bypassed);
}

#[test]
fn a_changed_or_missing_entry_is_damage_and_is_repaired() {
    let machine = Machine::new();
    configured(&machine, COMMENTED);
    install(&machine, Variant::User);
    let right = text(&machine);
    trust(&machine, given);
    let trusted = text(&machine);
    for (from, to) in [("timeout = 3600", "timeout = 1"), ("matcher = \"*\"", "matcher = \"Read\"")] {
        std::fs::write(home(&machine).join("config.toml"), right.replacen(from, to, 1)).expect("written");
        let (seen, says) = state(&machine);
        assert!(seen == GuardState::Damaged && says.contains("not as we wrote it"), "{says}");
        install(&machine, Variant::User);
        assert_eq!(text(&machine), right);
    }
    std::fs::write(home(&machine).join("config.toml"), &trusted).expect("written");
    std::fs::remove_file(machine.hook()).expect("removed");
    let status = codex().guard_status(&machine.env, &home(&machine), &machine.path("opt/clawbutler-hook"), &[]);
    assert_eq!(status.state, GuardState::Damaged);
    assert!(status.says.contains("every tool call is blocked"), "{}", status.says);
}

#[test]
fn the_machine_wide_form_needs_no_trust() {
    for before in [None, Some("# theirs\nallowed_sandbox_modes = [\"read-only\"]\n"), Some("[features]\nx = true\n")] {
        let machine = Machine::new();
        if let Some(before) = before {
            machine.file("etc/codex/requirements.toml", before);
        }
        let plan = install(&machine, Variant::Managed);
        let command = plan.command.expect("a command");
        assert!(command.starts_with("printf '%s' ") && command.contains("requirements.toml"), "{command}");
        assert_eq!(state(&machine).0, GuardState::Managed);
        let after = std::fs::read_to_string(machine.path("etc/codex/requirements.toml")).expect("read");
        let value: toml_edit::DocumentMut = after.parse().expect("TOML");
        assert_eq!(value["features"]["hooks"].as_bool(), Some(true), "{after}");
        assert!(value["hooks"]["managed_dir"].is_str(), "{after}");
        uninstall(&machine, Variant::Managed);
        let left = std::fs::read_to_string(machine.path("etc/codex/requirements.toml")).ok();
        assert_eq!(left.as_deref(), before, "{after}");
    }
}

#[test]
fn other_systems_have_their_own_command_lines() {
    let mut machine = Machine::new();
    machine.env.os = Os::Windows;
    machine.env.vars.insert("ProgramData".into(), machine.path("ProgramData").display().to_string());
    let hook = std::path::PathBuf::from("C:\\Program Files\\ClawButler\\clawbutler-hook.exe");
    let plan = codex().plan_install(&machine.env, &home(&machine), &hook, Variant::User).expect("a plan");
    let after = String::from_utf8(plan.files[0].after.clone().expect("content")).expect("text");
    assert!(after.contains(r#"call \"C:\\Program Files\\ClawButler\\clawbutler-hook.exe\" codex gate || "#), "{after}");
    assert!(after.parse::<toml_edit::DocumentMut>().is_ok(), "{after}");
    let plan = codex().plan_install(&machine.env, &home(&machine), &hook, Variant::Managed).expect("a plan");
    assert_eq!(plan.files[0].path, machine.path("ProgramData/OpenAI/Codex/requirements.toml"));
    assert!(plan.command.expect("a command").starts_with("New-Item"));
    let bad = std::path::PathBuf::from("C:\\100%\\hook.exe");
    let refused = codex().plan_install(&machine.env, &home(&machine), &bad, Variant::User);
    assert!(matches!(refused, Err(GuardError::HookPath { .. })));
}

#[test]
fn what_is_not_understood_is_left_alone() {
    let machine = Machine::new();
    configured(&machine, "model = \n");
    let refused = codex().plan_install(&machine.env, &home(&machine), &machine.hook(), Variant::User);
    let error = refused.expect_err("refused");
    assert!(error.to_string().contains("not valid TOML (it breaks at line 1)"), "{error}");
    configured(&machine, "hooks = { PreToolUse = [] }\n");
    let refused = codex().plan_install(&machine.env, &home(&machine), &machine.hook(), Variant::User);
    assert!(matches!(refused, Err(GuardError::Shape { .. })), "{refused:?}");
}

/// The command line as a POSIX shell runs it: every failure of the hook blocks, its own words pass.
#[test]
fn the_gates_command_line_fails_safe() {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    install(&machine, Variant::User);
    let value: toml_edit::DocumentMut = text(&machine).parse().expect("TOML");
    let command = |event: &str| {
        let command = &value["hooks"][event][0]["hooks"][0]["command"];
        command.as_str().expect("a command").to_owned()
    };
    let run = |command: &str| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", command]).stdin(std::process::Stdio::piped());
        shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = shell.spawn().expect("a shell");
        let _ = child.stdin.take().expect("a pipe").write_all(b"{}");
        let output = child.wait_with_output().expect("an end");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), !output.stderr.is_empty())
    };
    let hook = machine.hook();
    let scripts = [
        ("echo '{}'; exit 0", Some(0), Some(0)),
        ("exit 2", Some(2), Some(1)),
        ("exit 1", Some(2), Some(1)),
        ("kill -9 $$", Some(2), Some(1)),
        ("exit 127", Some(2), Some(1)),
    ];
    for (script, gate, permission) in scripts {
        std::fs::write(&hook, format!("#!/bin/sh\n{script}\n")).expect("written");
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("executable");
        let (code, _, words) = run(&command("PreToolUse"));
        assert_eq!((code, words), (gate, gate == Some(2)), "{script}");
        assert_eq!(run(&command("PermissionRequest")).0, permission, "{script}");
        assert_eq!(run(&command("Stop")).0, Some(0), "{script}");
    }
    std::fs::write(&hook, "#!/bin/sh\necho $CLAWBUTLER_CLIENT_PID $1 $2\n").expect("written");
    let (_, said, _) = run(&command("PreToolUse"));
    assert!(said.ends_with(" codex gate\n") && said.starts_with(|c: char| c.is_ascii_digit()), "{said}");
    std::fs::remove_file(&hook).expect("removed");
    let (code, _, words) = run(&command("PreToolUse"));
    assert_eq!((code, words), (Some(2), true), "a missing hook blocks");
}

fn line() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "# a comment", "", "  ", "model = \"a\"", "[mcp_servers.x]", "command = 'y' # z", "[features]", "other = true",
        "[[hooks.Stop]]", "[[hooks.Stop.hooks]]", "type = \"command\"", "command = \"mine\"", "timeout = 5",
        "[[hooks.PreToolUse]]", "[[hooks.PreToolUse.hooks]]", "[hooks.state]", "[profiles.p]", "text = \"\"\"",
        "\"\"\"",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Whatever stands there: refused, or put in and taken out again byte for byte, and valid in between.
    #[test]
    fn in_and_out_again(lines in prop::collection::vec(line(), 0..14), crlf in any::<bool>(), end in any::<bool>(), managed in any::<bool>()) {
        let eol = if crlf { "\r\n" } else { "\n" };
        let mut before = lines.join(eol);
        if end && !before.is_empty() {
            before.push_str(eol);
        }
        let variant = if managed { Variant::Managed } else { Variant::User };
        let machine = Machine::new();
        let file = if managed { "etc/codex/requirements.toml" } else { "home/ada/.codex/config.toml" };
        machine.file(file, &before);
        let plan = codex().plan_install(&machine.env, &home(&machine), &machine.hook(), variant);
        if before.parse::<toml_edit::DocumentMut>().is_err() {
            prop_assert!(plan.is_err());
            return Ok(());
        }
        let Ok(plan) = plan else { return Ok(()) };
        carry_out(&plan);
        let between = std::fs::read_to_string(machine.path(file)).expect("read");
        prop_assert!(between.parse::<toml_edit::DocumentMut>().is_ok(), "{between}");
        prop_assert!(codex().plan_install(&machine.env, &home(&machine), &machine.hook(), variant).expect("a plan").files.is_empty());
        let out = codex().plan_uninstall(&machine.env, &home(&machine), &machine.hook(), variant).expect("a plan");
        carry_out(&out);
        prop_assert_eq!(std::fs::read_to_string(machine.path(file)).expect("read"), before);
    }
}
