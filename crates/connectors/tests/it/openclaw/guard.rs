//! The guard goes in, is told apart from a broken one, and goes out without a trace.

use clawbutler_connectors::connector::{GuardState, Plan, Variant};
use proptest::prelude::*;

use super::{configured, home, openclaw};
use crate::scratch::{Machine, carry_out};

const COMMENTED: &str = r#"// mine
{
  gateway: { mode: "local", port: 18789, }, // here only
  /* models */ agents: { defaults: { model: 'a/b' } },
}
"#;

fn install(machine: &Machine) -> Plan {
    let plan = openclaw().plan_install(&machine.env, &home(machine), &machine.hook(), Variant::User).expect("a plan");
    carry_out(&plan);
    plan
}

fn uninstall(machine: &Machine) {
    let plan = openclaw().plan_uninstall(&machine.env, &home(machine), &machine.hook(), Variant::User);
    carry_out(&plan.expect("a plan"));
}

fn state(machine: &Machine) -> (GuardState, String) {
    let status = openclaw().guard_status(&machine.env, &home(machine), &machine.hook(), &[]);
    assert_eq!(status.fix.is_none(), status.state == GuardState::User, "{status:?}");
    (status.state, status.says.replace(&machine.path("").display().to_string(), "/"))
}

#[test]
fn comments_and_formatting_stay() {
    let machine = Machine::new();
    let path = configured(&machine, COMMENTED);
    install(&machine);
    let root = machine.path("").display().to_string();
    let text = std::fs::read_to_string(&path).expect("read").replace(&root, "/");
    insta::assert_snapshot!(text, @r#"
    // mine
    {
      gateway: { mode: "local", port: 18789, }, // here only
      /* models */ agents: { defaults: { model: 'a/b' } },
      "plugins": {
        "load": {
          "paths": [
            "/home/ada/.openclaw/clawbutler-guard"
          ]
        },
        "entries": {
          "clawbutler-guard": {
            "enabled": true,
            "config": {
              "guard": "guard-v1",
              "hook": "/opt/clawbutler-hook",
              "home": "/home/ada/.openclaw"
            }
          }
        }
      },
    }
    "#);
    assert_eq!(state(&machine).0, GuardState::User);
    assert!(install(&machine).files.is_empty(), "a second time changes nothing");
    uninstall(&machine);
    assert_eq!(std::fs::read_to_string(&path).expect("read"), COMMENTED);
    assert!(!home(&machine).join("clawbutler-guard/index.mjs").exists());
}

#[test]
fn plugins_that_were_off_are_off_again() {
    let machine = Machine::new();
    let before = "{\n  plugins: { enabled: false }, // never\n}\n";
    let path = configured(&machine, before);
    let plan = install(&machine);
    assert!(plan.notes.iter().any(|note| note.contains("the only one allowed")), "{:?}", plan.notes);
    let text = std::fs::read_to_string(&path).expect("read");
    assert!(text.contains("enabled: true") && text.contains("\"allow\":[\"clawbutler-guard\"]"), "{text}");
    assert_eq!(state(&machine).0, GuardState::User);
    uninstall(&machine);
    assert_eq!(std::fs::read_to_string(&path).expect("read"), before);
}

#[test]
fn what_others_wrote_since_stays() {
    let machine = Machine::new();
    let path = configured(&machine, "{}\n");
    install(&machine);
    // As OpenClaw writes it back: plain JSON, in its own order.
    let text = std::fs::read_to_string(&path).expect("read");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value["plugins"]["entries"]["other"] = serde_json::json!({ "enabled": true });
    value["plugins"]["load"]["paths"].as_array_mut().expect("a list").insert(0, "/other".into());
    value["gateway"] = serde_json::json!({ "port": 1 });
    std::fs::write(&path, serde_json::to_string_pretty(&value).expect("text")).expect("written");
    assert_eq!(state(&machine).0, GuardState::User);
    uninstall(&machine);
    let left: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("read")).expect("JSON");
    let expected = serde_json::json!({
        "gateway": { "port": 1 },
        "plugins": { "entries": { "other": { "enabled": true } }, "load": { "paths": ["/other"] } },
    });
    assert_eq!(left, expected);
}

#[test]
fn a_home_without_configuration_is_left_without() {
    let machine = Machine::new();
    std::fs::create_dir_all(home(&machine)).expect("created");
    assert_eq!(state(&machine).0, GuardState::Missing);
    install(&machine);
    assert_eq!(state(&machine).0, GuardState::User);
    uninstall(&machine);
    assert!(!home(&machine).join("openclaw.json").exists());
    assert_eq!(state(&machine).0, GuardState::Missing);
}

#[test]
fn everything_that_switches_it_off_is_told() {
    let machine = Machine::new();
    let path = configured(&machine, "{ }\n");
    let mut told = Vec::new();
    let mut change = |pointer: &str, name: &str, value: serde_json::Value| {
        std::fs::write(&path, "{}\n").expect("written");
        install(&machine);
        let text = std::fs::read_to_string(&path).expect("read");
        let mut config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        config.pointer_mut(pointer).expect(pointer)[name] = value;
        std::fs::write(&path, config.to_string()).expect("written");
        let (state, says) = state(&machine);
        told.push(format!("{state:?}: {says}"));
    };
    let entry = "/plugins/entries/clawbutler-guard";
    change("/plugins", "enabled", false.into());
    change(entry, "enabled", false.into());
    change("/plugins", "deny", serde_json::json!(["clawbutler-guard"]));
    change("/plugins", "allow", serde_json::json!(["other"]));
    change(&format!("{entry}/config"), "hook", "/other".into());
    change("/plugins/load", "paths", serde_json::json!([]));
    change("/plugins", "entries", serde_json::json!({}));
    change(entry, "hooks", serde_json::json!({ "timeoutMs": 1 }));
    insta::assert_debug_snapshot!(told);
}

#[test]
fn a_rival_and_changed_files_are_told() {
    let machine = Machine::new();
    let rival = machine.file("home/ada/rival/openclaw.plugin.json", "{\"id\":\"clawbutler-guard\"}");
    let folder = rival.parent().expect("a folder").display().to_string();
    configured(&machine, &format!("{{\"plugins\":{{\"load\":{{\"paths\":[\"{folder}\"]}}}}}}"));
    install(&machine);
    let (found, says) = state(&machine);
    assert_eq!(found, GuardState::Bypassed, "{says}");
    configured(&machine, "{}");
    install(&machine);
    machine.file("home/ada/.openclaw/clawbutler-guard/index.mjs", "export default {}");
    let (found, says) = state(&machine);
    assert_eq!(found, GuardState::Damaged, "{says}");
    install(&machine);
    assert_eq!(state(&machine).0, GuardState::User);
    std::fs::remove_file(machine.hook()).expect("removed");
    let status = openclaw().guard_status(&machine.env, &home(&machine), &machine.path("opt/clawbutler-hook"), &[]);
    assert_eq!(status.state, GuardState::Damaged);
}

#[test]
fn what_is_not_understood_is_left_alone() {
    let machine = Machine::new();
    for text in
        ["{", "[]", "// nothing", "{ plugins: [] }", "{ plugins: { load: { paths: {} } } }", "{plugins:{allow:1}}"]
    {
        configured(&machine, text);
        let plan = openclaw().plan_install(&machine.env, &home(&machine), &machine.hook(), Variant::User);
        let error = plan.expect_err(text);
        assert!(!error.fix().is_empty());
    }
}

#[test]
fn gateways_are_found_by_their_locks() {
    let machine = Machine::new();
    let config = configured(&machine, "{}").display().to_string();
    let lock = |pid: u32, start: u64| {
        format!(
            "{{\"pid\":{pid},\"port\":18789,\"configPath\":{config:?},\"startTime\":{start},\"createdAt\":\"2026-11-22T11:51:58.114Z\"}}     \n"
        )
    };
    machine.file("home/ada/.openclaw/tmp/openclaw-1000/gateway.state.lock", &lock(40, 7));
    machine.file("tmp/openclaw-1000/gateway.0123abcd.lock", &lock(40, 7));
    machine.file("tmp/openclaw-1000/gateway.99999999.lock", &lock(41, 7));
    machine.file("tmp/openclaw-1000/gateway.broken.lock", "{");
    // Whatever else lies around them.
    for other in 0..300 {
        machine.file(&format!("tmp/other-{other}/x"), "");
        machine.file(&format!("tmp/openclaw-1000/state-lifecycle.{other}.lock.sqlite"), "");
    }
    let stat = |start: u64| format!("40 (node (x) y) S 1{} {start} 0 0\n", " 0".repeat(17));
    machine.file("proc/40/stat", &stat(7));
    machine.file("proc/41/stat", &stat(8));
    let found = openclaw().sessions(&machine.env, &home(&machine));
    insta::assert_debug_snapshot!(found.iter().map(|s| (&s.session, s.pid, &s.kind, s.started_at, s.process_started)).collect::<Vec<_>>(), @r#"
    [
        (
            "gateway:18789",
            40,
            "gateway",
            Some(
                1795348318114,
            ),
            Some(
                7,
            ),
        ),
    ]
    "#);
}

#[test]
fn installs_and_homes_are_found_without_running_anything() {
    let mut machine = Machine::new();
    let package = "{\"name\":\"openclaw\",\"version\":\"2026.7.1\"}";
    machine.file("usr/lib/node_modules/openclaw/package.json", package);
    machine.file("usr/lib/node_modules/openclaw/openclaw.mjs", "");
    configured(&machine, "{}");
    machine.file("home/ada/.openclaw-work/openclaw.json", "{}");
    machine.file("home/ada/.openclaw-empty/x", "");
    let state = machine.path("elsewhere").display().to_string();
    machine.env.vars.insert("OPENCLAW_STATE_DIR".to_owned(), state);
    let found = openclaw().discover(&machine.env, &[machine.path("by-hand")]);
    let root = machine.path("").display().to_string();
    let homes: Vec<_> = found
        .homes
        .iter()
        .map(|home| (home.path.display().to_string().replace(&root, "/"), home.source.as_str()))
        .collect();
    let expected = [
        ("/elsewhere", "OPENCLAW_STATE_DIR"),
        ("/home/ada/.openclaw", "default"),
        ("/home/ada/.openclaw-work", "profile"),
        ("/by-hand", "added by hand"),
    ];
    assert_eq!(homes, expected.map(|(path, source)| (path.to_owned(), source)));
    let [install] = &found.installs[..] else { panic!("{:?}", found.installs) };
    assert_eq!((install.how.as_str(), install.version.as_deref()), ("npm, global", Some("2026.7.1")));
    assert!(install.warning.as_deref().is_some_and(|warning| warning.contains("any arguments")));
}

fn plugins() -> impl Strategy<Value = String> {
    let lists = [
        "",
        "enabled: false,",
        "enabled: true",
        "allow: [],",
        "allow: ['x'], deny: [ ]",
        "load: {},",
        "load: { paths: [] }",
        "load: {\n    paths: [\n      \"/a\", // one\n    ],\n  },",
        "entries: {}",
        "entries: { x: { enabled: true } },",
        "'entries': { /* none */ },",
    ];
    prop::sample::subsequence(lists.to_vec(), 0..3).prop_map(|parts| {
        let mut seen = Vec::new();
        let kept = parts.into_iter().filter(|part| {
            let name = part.trim_start_matches('\'').split([':', '\'']).next().unwrap_or_default().to_owned();
            let fresh = !seen.contains(&name);
            seen.push(name);
            fresh
        });
        kept.map(|part| part.trim_end_matches(',').to_owned())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    })
}

proptest! {
    #[test]
    fn out_again_is_byte_for_byte(inner in plugins(), has in any::<bool>(), style in 0..6_u8, crlf in any::<bool>()) {
        let plugins = if has { format!("plugins: {{ {inner} }}") } else { String::new() };
        let mut text = match style {
            0 => format!("{{{plugins}}}"),
            1 => format!("{{\n  {plugins}\n}}\n"),
            2 => format!("// a\n{{\n\tport: 0x10, // b\n\t{plugins}\n}} // c\n"),
            3 => format!("{{ 'a': [1, 2,], {plugins} }}"),
            4 => format!("\u{feff}{{\n  /* {{ */ a: '}}',\n  {plugins}{}\n}}", if has { "," } else { "" }),
            _ => "  \n".to_owned(),
        };
        if crlf { text = text.replace('\n', "\r\n"); }
        let machine = Machine::new();
        let path = configured(&machine, &text);
        install(&machine);
        prop_assert_eq!(state(&machine).0, GuardState::User);
        prop_assert!(install(&machine).files.is_empty());
        uninstall(&machine);
        prop_assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
    }
}
