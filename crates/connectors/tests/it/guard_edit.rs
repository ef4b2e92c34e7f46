//! Installing and uninstalling the guard over many formattings, to the byte.

use clawbutler_connectors::connector::{GuardError, Variant};
use clawbutler_connectors::env::Os;
use serde_json::Value;

use crate::scratch::{Machine, carry_out, claude};

const EVENTS: usize = 12;

/// Other people's settings in many hands.
fn documents() -> Vec<(&'static str, String)> {
    let others = r#"{
  "model": "opus",
  "hooks": {
    "PreToolUse": [
      {
        "matcher": "Bash",
        "hooks": [
          { "type": "command", "command": "/usr/bin/lint" }
        ]
      }
    ],
    "Notification": [{ "hooks": [{ "type": "command", "command": "notify-send hi" }] }]
  },
  "permissions": { "allow": ["Bash(ls *)"], "weird": 1e3 }
}
"#;
    vec![
        ("empty file", String::new()),
        ("blank lines", "\n\n".into()),
        ("empty object", "{}".into()),
        ("empty object, newline", "{}\n".into()),
        ("blank in it", "{ }\n".into()),
        ("newline in it", "{\n}\n".into()),
        ("comment in it", "{ // nothing yet\n}\n".into()),
        ("byte order mark", "\u{feff}{\"a\": 1}\n".into()),
        ("compact", r#"{"model":"opus","n":[1,2,{"x":"}"}],"z":null}"#.into()),
        ("compact with hooks", r#"{"hooks":{"PreToolUse":[{"hooks":[{"type":"command","command":"x"}]}]},"a":1}"#.into()),
        ("compact, empty event", r#"{"hooks":{"PreToolUse":[ ]}}"#.into()),
        ("compact, empty hooks", r#"{"a":1,"hooks":{ }}"#.into()),
        ("compact, trailing commas", r#"{"a":[1,],"hooks":{"Stop":[],}, }"#.into()),
        ("two blanks", others.into()),
        ("four blanks", others.replace("  ", "    ")),
        ("tabs", others.replace("  ", "\t")),
        ("windows", others.replace('\n', "\r\n")),
        ("windows, no last newline", others.trim_end().replace('\n', "\r\n")),
        ("trailing blanks", others.replace(",\n", ",  \n").replace("}\n", "}  \n")),
        ("empty hooks", "{\n  \"hooks\": {}\n}\n".into()),
        ("empty hooks with a newline", "{\n  \"hooks\": {\n  },\n  \"a\": 1\n}\n".into()),
        ("empty events", "{\n  \"hooks\": {\n    \"PreToolUse\": [],\n    \"Stop\": [\n    ]\n  }\n}\n".into()),
        (
            "comments and trailing commas",
            "// mine\n{\n  \"a\": 1, // one /* , */\n  /* two, */ \"b\": [\n    1, // x\n  ],\n  \"hooks\": {\n    \"PreToolUse\": [\n      \
             {\"hooks\": []}, // , keep   \n      // last\n    ], /* , */ // why\n  } // end\n  // tail ,\n} // bye\n"
                .into(),
        ),
        ("comment before the comma", "{\n  \"a\": 1 /* , */ // c\n  , \"b\": 2 // d  \n}\n".into()),
        ("one line inside many", "{\n  \"a\": {\"b\": 1}, \"hooks\": {\"Stop\": [{\"hooks\": []}]}\n}".into()),
        ("many inside one line", "{\"a\":[\n1\n]}".into()),
        ("twice the same name", "{\n  \"hooks\": [],\n  \"hooks\": {\n    \"Stop\": []\n  }\n}\n".into()),
        ("texts with everything", "{\n  \"q\\\"}]\": \"// no , comment \\\\\",\n  \"é\": \"\\u007b\"\n}\n".into()),
    ]
}

fn entries(text: &str) -> usize {
    text.matches("\"clawbutler\":").count()
}

#[test]
fn installing_and_uninstalling_gives_every_byte_back() {
    for version in ["2.1.330", "2.1.240"] {
        for (name, before) in documents() {
            let machine = Machine::with_client(version);
            machine.write_settings(&before);
            let plan = machine.install(Variant::User);
            assert_eq!(plan.files.len(), 1, "{name}");
            let installed = machine.read_settings().expect("a file");
            assert_eq!(entries(&installed), EVENTS, "{name}:\n{installed}");
            let again = machine.plan_install(Variant::User);
            assert!(again.files.is_empty(), "{name}: the second plan has nothing to do");
            machine.uninstall(Variant::User);
            assert_eq!(machine.read_settings(), Some(before), "{name}, installed:\n{installed}");
            assert!(machine.plan_uninstall(Variant::User).files.is_empty(), "{name}");
        }
    }
}

#[test]
fn a_file_that_was_not_there_goes_away_again() {
    let machine = Machine::with_client("2.1.330");
    let plan = machine.install(Variant::User);
    assert_eq!((plan.files[0].before.clone(), plan.files[0].mode), (None, Some(0o600)));
    insta::assert_snapshot!(
        machine.read_settings().expect("a file").replace(&machine.path("").display().to_string(), "/")
    );
    machine.uninstall(Variant::User);
    assert_eq!(machine.read_settings(), None);
    assert!(machine.plan_uninstall(Variant::User).files.is_empty());
}

#[test]
fn a_file_that_others_filled_since_stays() {
    let machine = Machine::with_client("2.1.330");
    machine.install(Variant::User);
    let text = machine.read_settings().expect("a file").replacen('{', "{\n  \"model\": \"opus\",", 1);
    machine.write_settings(&text);
    machine.uninstall(Variant::User);
    assert_eq!(machine.read_settings().as_deref(), Some("{\n  \"model\": \"opus\"\n}\n"));
}

#[test]
fn old_clients_get_the_shell_form() {
    let machine = Machine::with_client("2.1.240");
    let plan = machine.install(Variant::User);
    assert!(plan.notes.iter().any(|note| note.contains("newest client found is 2.1.240")), "{:?}", plan.notes);
    let value: Value = serde_json::from_str(&machine.read_settings().expect("a file")).expect("JSON");
    let command = |event: &str| value["hooks"][event][0]["hooks"][0]["command"].as_str().unwrap_or_default().to_owned();
    let hook = machine.hook().display().to_string();
    assert_eq!(command("PreToolUse"), format!("\"{hook}\" claude-code gate || exit 2"));
    assert_eq!(command("PermissionRequest"), format!("\"{hook}\" claude-code permission"));
    assert_eq!(command("Stop"), format!("\"{hook}\" claude-code observe"));
    machine.native("2.1.330");
    assert!(machine.plan_install(Variant::User).files.is_empty(), "the shell form holds on new clients too");
}

#[test]
fn an_exec_form_is_replaced_when_only_an_old_client_is_left() {
    let machine = Machine::with_client("2.1.330");
    machine.install(Variant::User);
    machine.native("2.1.240");
    std::fs::remove_file(machine.path("home/ada/.local/share/claude/versions/2.1.330")).expect("removed");
    machine.install(Variant::User);
    let text = machine.read_settings().expect("a file");
    assert_eq!((entries(&text), text.matches("\"args\"").count()), (EVENTS, 0));
    machine.uninstall(Variant::User);
    assert_eq!(machine.read_settings(), None);
}

#[test]
fn a_path_is_quoted_for_the_shell() {
    let machine = Machine::with_client("2.1.240");
    let hook = machine.path("o pt/$x`y\"z/clawbutler-hook");
    let plan = claude().plan_install(&machine.env, &machine.claude_home(), &hook, Variant::User).expect("a plan");
    let text = String::from_utf8(plan.files[0].after.clone().expect("content")).expect("text");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let command = value["hooks"]["PreToolUse"][0]["hooks"][0]["command"].as_str().expect("text").to_owned();
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("printf %s {}", command.trim_end_matches(" || exit 2"))])
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}claude-codegate", hook.display()));
}

#[test]
fn damage_is_repaired_and_others_keep_their_bytes() {
    let machine = Machine::with_client("2.1.330");
    let before = documents().into_iter().find(|(name, _)| *name == "two blanks").expect("there").1;
    machine.write_settings(&before);
    machine.install(Variant::User);
    let installed = machine.read_settings().expect("a file");
    let hook = machine.hook().display().to_string();
    for (what, damaged) in [
        ("other path", installed.replace(&hook, "/old/clawbutler-hook")),
        ("fails open", installed.replace("\"onFailure\": \"block\"", "\"onFailure\": \"continue\"")),
        ("one event", installed.replace("\"PermissionRequest\"", "\"permissionrequest\"")),
        ("mark lost", installed.replace("\"clawbutler\": \"guard-v1\"", "\"note\": \"x\"")),
        ("narrower", installed.replace("\"matcher\": \"*\"", "\"matcher\": \"Read\"")),
    ] {
        assert_ne!(damaged, installed, "{what}");
        machine.write_settings(&damaged);
        machine.install(Variant::User);
        let repaired = machine.read_settings().expect("a file");
        assert_eq!(entries(&repaired), EVENTS, "{what}:\n{repaired}");
        assert!(machine.plan_install(Variant::User).files.is_empty(), "{what}");
        machine.uninstall(Variant::User);
        assert_eq!(machine.read_settings().as_ref(), Some(&before), "{what}");
    }
}

#[test]
fn uninstall_takes_only_ours_after_others_edited() {
    let machine = Machine::with_client("2.1.330");
    machine.install(Variant::User);
    let mut value: Value = serde_json::from_str(&machine.read_settings().expect("a file")).expect("JSON");
    let theirs = serde_json::json!({"type": "command", "command": "theirs"});
    value["hooks"]["PreToolUse"][0]["hooks"].as_array_mut().expect("a list").push(theirs.clone());
    value["hooks"]["Stop"].as_array_mut().expect("a list").insert(0, serde_json::json!({"hooks": [theirs]}));
    value["model"] = "opus".into();
    // The client rewrites the file in its own formatting whenever it likes.
    for text in [value.to_string(), serde_json::to_string_pretty(&value).expect("text")] {
        machine.write_settings(&text);
        machine.uninstall(Variant::User);
        let left: Value = serde_json::from_str(&machine.read_settings().expect("kept")).expect("still JSON");
        let expected = serde_json::json!({
            "hooks": {
                "PreToolUse": [{"matcher": "*", "hooks": [theirs]}],
                "Stop": [{"hooks": [theirs]}],
            },
            "model": "opus",
        });
        assert_eq!(left, expected);
    }
}

#[test]
fn a_link_is_followed_and_stays_a_link() {
    let machine = Machine::with_client("2.1.330");
    let target = machine.file("dotfiles/claude.json", "{\"a\": 1}\n");
    std::fs::create_dir_all(machine.claude_home()).expect("created");
    std::os::unix::fs::symlink("../../../dotfiles/claude.json", machine.settings()).expect("linked");
    let plan = machine.install(Variant::User);
    assert_eq!(plan.files[0].path, target.canonicalize().expect("there"));
    assert!(plan.notes.iter().any(|note| note.contains("is a link")), "{:?}", plan.notes);
    assert!(machine.settings().is_symlink());
    machine.uninstall(Variant::User);
    assert_eq!(machine.read_settings().as_deref(), Some("{\"a\": 1}\n"));

    std::fs::remove_file(&target).expect("removed");
    carry_out(&machine.plan_install(Variant::User));
    assert!(target.is_file(), "a link to nothing gets its file where it points");
}

#[test]
fn what_is_not_understood_is_refused_with_a_fix() {
    let refused = |prepare: &dyn Fn(&Machine)| -> (String, String) {
        let machine = Machine::with_client("2.1.330");
        prepare(&machine);
        let error = claude()
            .plan_install(&machine.env, &machine.claude_home(), &machine.hook(), Variant::User)
            .expect_err("refused");
        let root = machine.env.root.display().to_string();
        (error.to_string().replace(&root, ""), error.fix().replace(&root, ""))
    };
    let mut said = Vec::new();
    for text in ["{", "{\"a\": 1} x", "{'a': 1}", "[]", "// only\n", "{\"hooks\": []}", "{\"hooks\": {\"Stop\": {}}}"] {
        let (error, fix) = refused(&|machine| machine.write_settings(text));
        said.push(format!("{text:?}\n  {error}\n  {fix}"));
    }
    let bytes = |bytes: Vec<u8>| {
        move |machine: &Machine| {
            machine.write_settings("");
            std::fs::write(machine.settings(), &bytes).expect("written");
        }
    };
    said.push(format!("{:?}", refused(&bytes(vec![b'{', 0xff, b'}']))));
    said.push(format!("{:?}", refused(&bytes(vec![b' '; 4 * 1024 * 1024 + 1]))));
    said.push(format!("{:?}", refused(&|machine| std::fs::create_dir_all(machine.settings()).expect("created"))));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_hook_path_must_be_absolute_text() {
    let machine = Machine::new();
    for path in ["clawbutler-hook", "/a\nb"] {
        let plan = claude().plan_install(&machine.env, &machine.claude_home(), path.as_ref(), Variant::User);
        assert!(matches!(plan, Err(GuardError::HookPath { .. })), "{path}");
    }
}

#[test]
fn notes_say_what_would_bypass_the_guard() {
    let machine = Machine::with_client("2.1.330");
    let notes = |text: &str| {
        machine.write_settings(text);
        machine.plan_install(Variant::User).notes.join("\n")
    };
    assert!(notes(r#"{"disableAllHooks": true}"#).contains("would bypass the guard"));
    assert!(!notes(r#"{"disableAllHooks": false}"#).contains("would bypass the guard"));
    assert!(notes("{ // c\n}").contains("comments or trailing commas"));
    machine.file("etc/claude-code/managed-settings.json", r#"{"allowManagedHooksOnly": true}"#);
    assert!(notes("{}").contains("allow managed hooks only"));
}

#[test]
fn the_managed_file_comes_with_the_exact_command() {
    let machine = Machine::with_client("2.1.330");
    let target = machine.path("etc/claude-code/managed-settings.d/50-clawbutler.json");
    let plan = machine.plan_install(Variant::Managed);
    assert_eq!((plan.files[0].path.clone(), plan.files[0].mode), (target.clone(), Some(0o644)));
    let command = plan.command.clone().expect("a command");
    assert!(!command.contains('\n'), "one line: {command}");
    let run = |command: &str| {
        let command = command.replace("sudo ", "");
        assert!(std::process::Command::new("sh").args(["-c", &command]).status().expect("a shell").success());
    };
    run(&command);
    assert_eq!(std::fs::read(&target).ok(), plan.files[0].after, "the command does what the plan says");
    assert!(machine.plan_install(Variant::Managed).files.is_empty());
    let plan = machine.plan_uninstall(Variant::Managed);
    assert_eq!(plan.files[0].after, None);
    run(&plan.command.expect("a command"));
    assert!(!target.exists());
    insta::assert_snapshot!(command.replace(&machine.env.root.display().to_string(), ""));
}

#[test]
fn other_systems_have_their_places_and_commands() {
    let mut said = Vec::new();
    for os in [Os::MacOs, Os::Windows] {
        let mut machine = Machine::with_client("2.1.240");
        machine.env.os = os;
        let hook = match os {
            Os::Windows => "C:\\Program Files\\ClawButler\\clawbutler-hook.exe".into(),
            Os::Linux | Os::MacOs => machine.hook(),
        };
        let plan =
            claude().plan_install(&machine.env, &machine.claude_home(), &hook, Variant::Managed).expect("a plan");
        said.push(
            format!("{}\n{}", plan.command.unwrap_or_default(), plan.notes.join("\n"))
                .replace(&machine.env.root.display().to_string(), ""),
        );
    }
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn files_to_guard_and_to_watch_are_named() {
    let machine = Machine::with_client("2.1.330");
    let below = |paths: Vec<std::path::PathBuf>| -> Vec<String> {
        paths.iter().map(|path| path.strip_prefix(&machine.env.root).unwrap_or(path).display().to_string()).collect()
    };
    assert_eq!(
        below(claude().guarded_files(&machine.env, &machine.claude_home())),
        [
            "home/ada/.claude/settings.json",
            "home/ada/.claude/settings.local.json",
            "home/ada/.claude.json",
            "etc/claude-code/managed-settings.json",
            "etc/claude-code/managed-settings.d/50-clawbutler.json",
        ]
    );
    assert_eq!(
        below(claude().watched_files(&machine.env, &machine.claude_home())),
        [
            "home/ada/.claude/settings.json",
            "etc/claude-code/managed-settings.json",
            "etc/claude-code/managed-settings.d",
            "etc/claude-code/managed-settings.d/50-clawbutler.json",
            "etc/claude-code/managed-mcp.json",
            "home/ada/.claude.json",
            "home/ada/.claude/CLAUDE.md",
            "home/ada/.claude/agents",
            "home/ada/.claude/skills",
            "home/ada/.claude/commands",
            "home/ada/.claude/rules",
            "home/ada/.claude/output-styles",
            "home/ada/.claude/plugins/installed_plugins.json",
        ]
    );
}
