//! The hook's side: captures in, exact output and exit codes out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clawbutler_connectors::env::{Env, Os};
use clawbutler_connectors::hook::{Answer, BadInput, Event, HookInput, HookSide, Strategy, side};
use clawbutler_core::digest;

use crate::scratch::fixture;

fn claude() -> &'static dyn HookSide {
    side("claude-code").expect("in the list")
}

/// The surroundings of a hook, as captured, of one session kind.
fn surroundings(kind: &str) -> Env {
    let vars: BTreeMap<String, String> =
        serde_json::from_slice(&fixture(&format!("surroundings/{kind}.json"))).expect("a map");
    Env { vars, home: PathBuf::from("/home/ada"), os: Os::Linux, root: PathBuf::from("/"), processes: None }
}

fn verb_of(case: &str) -> &'static str {
    let event = case.split_once('_').map_or("", |(_, event)| event);
    match event {
        _ if event.starts_with("pre_tool_use") => "gate",
        _ if event.starts_with("permission_request") => "permission",
        _ if event.starts_with("config_change") => "config",
        _ => "observe",
    }
}

fn cases() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/claude_code");
    let mut cases: Vec<String> = std::fs::read_dir(folder)
        .expect("fixtures")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| ["print_", "terminal_", "background_"].iter().any(|kind| name.starts_with(kind)))
        .collect();
    cases.sort();
    cases
}

fn parse(case: &str) -> Result<HookInput, BadInput> {
    let kind = case.split('_').next().unwrap_or_default();
    claude().parse(verb_of(case), &fixture(&format!("{case}/stdin.json")), &surroundings(kind))
}

#[test]
fn every_capture_reads_as_the_snapshot_says() {
    let cases = cases();
    assert!(cases.len() > 30, "{cases:?}");
    for case in cases {
        // Another crate of the build may make JSON objects keep their order: compare canonical text.
        let read = parse(&case).map(|mut input| {
            input.arguments = digest::canonical(&input.arguments).into();
            input.extra = digest::canonical(&input.extra).into();
            input
        });
        insta::assert_debug_snapshot!(case.clone(), read);
    }
}

#[test]
fn the_environments_secrets_never_come_through() {
    for case in cases() {
        let said = format!("{:?}", parse(&case));
        assert!(!said.contains("redacted") && !said.contains("cc-socks"), "{case}: {said}");
    }
    assert!(!format!("{:?}", surroundings("print")).contains("redacted"));
}

#[test]
fn strategy_follows_who_can_be_asked() {
    type Row = (&'static str, &'static [(&'static str, &'static str)], Strategy);
    let table: &[Row] = &[
        ("terminal", &[], Strategy::Handover),
        ("background", &[], Strategy::Handover),
        ("print", &[], Strategy::Hold),
        // A `-p` started by a background job inherits the job's variable and still cannot prompt.
        ("print", &[("CLAUDE_JOB_DIR", "/jobs/1")], Strategy::Hold),
        ("print", &[("CLAUDE_CODE_ENTRYPOINT", "claude-vscode")], Strategy::Hold),
        ("print", &[("CLAUDE_CODE_ENTRYPOINT", ""), ("CLAUDE_CODE_SESSION_ATTENDED", "")], Strategy::Hold),
    ];
    for (kind, changes, expected) in table {
        let mut env = surroundings(kind);
        env.vars.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let input = claude().parse("gate", &fixture("print_pre_tool_use_bash/stdin.json"), &env).expect("read");
        assert_eq!(input.strategy, *expected, "{kind} {changes:?}");
        assert_eq!(claude().has_native_prompt(&input), *expected == Strategy::Handover);
    }
}

#[test]
fn the_home_is_the_variable_or_the_default() {
    let mut env = surroundings("print");
    let stdin = fixture("print_pre_tool_use_bash/stdin.json");
    assert_eq!(claude().parse("gate", &stdin, &env).expect("read").home, "/home/ada/.claude");
    env.vars.insert("CLAUDE_CONFIG_DIR".into(), "/work/claude".into());
    assert_eq!(claude().parse("gate", &stdin, &env).expect("read").home, "/work/claude");
}

#[test]
fn answers_are_said_in_the_clients_words() {
    let mut said = Vec::new();
    for case in [
        "print_pre_tool_use_bash", "terminal_permission_request_bash", "terminal_config_change_user_settings",
        "print_post_tool_use_bash", "print_stop",
    ] {
        let input = parse(case).expect("read");
        for (answer, reason) in [
            (Answer::Allow, "rule `tests` allows it"),
            (Answer::Deny, "It deletes a folder outside the project"),
            (Answer::Deny, ""),
            (Answer::Ask, "High risk: \"rm\"\n\u{1b}[2J"),
            (Answer::Defer, "ignored"),
        ] {
            let output = claude().render(&input, answer, reason);
            let complete = output.stdout.is_empty()
                || serde_json::from_str::<serde_json::Value>(&output.stdout).is_ok_and(|value| value.is_object());
            assert!(complete, "never partial JSON: {}", output.stdout);
            said.push(format!(
                "{:?} {answer:?} {reason:?}\n  {} {:?} {}",
                input.event, output.exit, output.stderr, output.stdout
            ));
        }
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_long_reason_stays_short_of_the_clients_spill_limit() {
    let input = parse("print_pre_tool_use_bash").expect("read");
    let output = claude().render(&input, Answer::Deny, &"é".repeat(50_000));
    assert!(output.stdout.chars().count() < 5_000);
}

#[test]
fn what_cannot_be_read_blocks_a_gate_and_nothing_else() {
    let side = claude();
    let blocked = side.render_bad_input("gate", "the hook's input is not JSON");
    assert_eq!((blocked.exit, blocked.stdout.as_str()), (2, ""));
    assert!(blocked.stderr.contains("refuses it: the hook's input is not JSON"));
    for verb in ["permission", "observe", "config"] {
        let output = side.render_bad_input(verb, "x");
        assert_eq!((output.exit, output.stdout, output.stderr), (0, String::new(), String::new()));
    }
    assert_eq!(side.render_bad_input("", "x").exit, 2);
}

#[test]
fn bad_input_is_named_and_never_quoted() {
    let env = surroundings("print");
    let read = |verb: &str, text: &str| claude().parse(verb, text.as_bytes(), &env).expect_err("refused").to_string();
    let secret = r#"{"hook_event_name":"PreToolUse","tool_input":{"command":"export K=hunter2"}"#;
    assert_eq!(read("gate", secret), "the hook's input is not JSON: it ends too early at line 1 column 75");
    assert_eq!(read("gate", "[]"), "the hook's input is not a JSON object");
    assert_eq!(read("gate", "{}"), "the hook's input has no usable \"hook_event_name\"");
    assert_eq!(
        read("gate", r#"{"hook_event_name":"Stop","session_id":"s"}"#),
        "the event \"Stop\" does not belong to the verb \"gate\""
    );
    assert_eq!(
        read("gate", r#"{"hook_event_name":"PreToolUse","session_id":"s","tool_name":"Bash"}"#),
        "the hook's input has no usable \"tool_input\""
    );
    assert_eq!(
        read("gate", r#"{"hook_event_name":"PreToolUse","session_id":"s","tool_input":{}}"#),
        "the hook's input has no usable \"tool_name\""
    );
    assert_eq!(read("launch", "{}"), "the hook was called with the unknown verb \"launch\"");
    let big = vec![b' '; clawbutler_core::limits::HOOK_INPUT_BYTES + 1];
    assert!(matches!(claude().parse("gate", &big, &env), Err(BadInput::TooBig(_))));
}

#[test]
fn one_call_is_recognised_over_its_events() {
    let gate = parse("print_pre_tool_use_mcp_danger").expect("read");
    let relay = parse("print_permission_request_mcp_danger").expect("read");
    assert_eq!((gate.event, relay.event), (Event::Gate, Event::Relay));
    assert_eq!(gate.correlation(), relay.correlation());
    assert_eq!(gate.correlation(), gate.tool_call().correlation());
    assert_ne!(gate.idempotency_key, relay.idempotency_key);
    assert_eq!(gate.idempotency_key, parse("print_pre_tool_use_mcp_danger").expect("read").idempotency_key);
    let other = parse("print_pre_tool_use_mcp_echo").expect("read");
    assert_ne!(gate.correlation(), other.correlation());
    assert_ne!(gate.idempotency_key, other.idempotency_key);
}

#[test]
fn a_long_error_is_cut() {
    let text = format!(
        r#"{{"hook_event_name":"PostToolUseFailure","session_id":"s","tool_name":"Bash","tool_input":{{}},"error":"{}"}}"#,
        "é".repeat(5_000)
    );
    let input = claude().parse("observe", text.as_bytes(), &surroundings("print")).expect("read");
    assert_eq!(input.extra["error"].as_str().map(str::len), Some(2048));
}
