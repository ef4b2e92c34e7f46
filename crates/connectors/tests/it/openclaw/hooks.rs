//! What the plugin sends is read, what the hook says is what the plugin reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clawbutler_connectors::env::{Env, Os};
use clawbutler_connectors::hook::{Answer, BadInput, Event, HookSide, Strategy, side};
use proptest::prelude::*;
use serde_json::{Value, json};

fn openclaw() -> &'static dyn HookSide {
    side("openclaw").expect("in the list")
}

fn env() -> Env {
    Env {
        vars: BTreeMap::new(),
        home: PathBuf::from("/home/ada"),
        os: Os::Linux,
        root: PathBuf::from("/"),
        processes: None,
    }
}

fn call() -> Value {
    json!({
        "event": "before_tool_call", "home": "/home/ada/.openclaw", "pid": 40, "surface": "openclaw-gateway",
        "version": "2026.9.6", "agentId": "main", "sessionKey": "agent:main:subagent:7", "sessionId": "s1",
        "runId": "r1", "channel": "telegram", "owner": true, "cwd": "/ws", "mode": "full", "toolName": "exec",
        "toolCallId": "c1", "params": { "command": "ls" },
    })
}

#[test]
fn a_call_is_read_whole() {
    let input = openclaw().parse("gate", call().to_string().as_bytes(), &env()).expect("read");
    insta::assert_debug_snapshot!(input);
}

#[test]
fn what_happened_is_told_by_event() {
    let events = [
        ("after_tool_call", json!({}), Event::Completed),
        ("after_tool_call", json!({ "error": "no" }), Event::Failed),
        ("session_start", json!({}), Event::SessionStarted),
        ("session_end", json!({ "reason": "reset" }), Event::SessionEnded),
        ("subagent_spawned", json!({ "child": "agent:main:subagent:8" }), Event::Subagent),
    ];
    for (name, more, event) in events {
        let mut payload = call();
        payload["event"] = name.into();
        payload.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let input = openclaw().parse("observe", payload.to_string().as_bytes(), &env()).expect("read");
        assert_eq!((input.event, input.strategy), (event, Strategy::Hold));
        assert!(!openclaw().has_native_prompt(&input));
    }
}

#[test]
fn what_a_call_or_a_sub_agent_came_to_is_kept() {
    let facts = |name: &str, more: Value| {
        let mut payload = call();
        payload["event"] = name.into();
        payload.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        openclaw().parse("observe", payload.to_string().as_bytes(), &env()).expect("read").extra
    };
    let done = facts("after_tool_call", json!({ "durationMs": 529, "exitCode": 3 }));
    assert_eq!(
        (&done["outcome"], &done["duration_ms"], &done["exit_code"]),
        (&"completed".into(), &529.into(), &3.into())
    );
    // Not every tool runs a command, and a client may measure otherwise.
    let other = facts("after_tool_call", json!({ "durationMs": -1, "exitCode": null }));
    assert_eq!((other.get("duration_ms"), other.get("exit_code")), (None, None));
    let child = json!({
        "child": "agent:main:subagent:8", "result": "timeout", "reason": "subagent-complete", "error": "too long",
    });
    let ended = facts("subagent_ended", child.clone());
    assert_eq!(ended["outcome"], "ended");
    for name in ["child", "result", "reason", "error"] {
        assert_eq!(ended[name], child[name]);
    }
}

#[test]
fn a_call_behind_the_tool_for_tools_names_the_one_it_was_made_through() {
    let within = |id: &str| {
        let mut payload = call();
        payload["toolCallId"] = id.into();
        let input = openclaw().parse("gate", payload.to_string().as_bytes(), &env()).expect("read");
        input.extra["within"].as_str().map(str::to_owned)
    };
    assert_eq!(within("tool_search_code:call_1:records__delete:2").as_deref(), Some("call_1"));
    for none in ["call_1", "tool_search_code:", "tool_search_code::x:1", "tool_search_code:call_1", "x:call_1:exec:3"] {
        assert_eq!(within(none), None, "{none}");
    }
}

#[test]
fn a_program_in_code_mode_is_no_command() {
    let mut payload = call();
    payload["toolKind"] = "code_mode_exec".into();
    let input = openclaw().parse("gate", payload.to_string().as_bytes(), &env()).expect("read");
    assert_eq!(input.tool, "code_mode_exec");
}

#[test]
fn every_answer_is_said_in_full() {
    let input = openclaw().parse("gate", call().to_string().as_bytes(), &env()).expect("read");
    for (answer, decision) in
        [(Answer::Allow, "allow"), (Answer::Defer, "defer"), (Answer::Deny, "deny"), (Answer::Ask, "deny")]
    {
        let said = openclaw().render(&input, answer, "a\u{202e}b");
        let value: Value = serde_json::from_str(&said.stdout).expect("JSON");
        assert_eq!((value["decision"].as_str(), said.exit), (Some(decision), 0));
        assert!(value["reason"].as_str().is_some_and(|reason| reason.starts_with("a\\u{202e}b")), "{value}");
    }
    let bad = openclaw().render_bad_input("gate", "why");
    assert_eq!((bad.stdout.as_str(), bad.exit), ("", 2));
    assert_eq!(openclaw().render_bad_input("observe", "why").exit, 0);
}

#[test]
fn what_is_missing_is_named() {
    for (name, error) in [
        ("event", BadInput::Missing("event")),
        ("params", BadInput::Missing("params")),
        ("toolName", BadInput::Missing("toolName")),
    ] {
        let mut payload = call();
        payload.as_object_mut().expect("an object").remove(name);
        assert_eq!(openclaw().parse("gate", payload.to_string().as_bytes(), &env()), Err(error));
    }
    assert!(matches!(openclaw().parse("gate", b"[]", &env()), Err(BadInput::NotAnObject)));
    assert!(matches!(openclaw().parse("relay", b"{}", &env()), Err(BadInput::UnknownVerb(_))));
    let wrong = openclaw().parse("observe", call().to_string().as_bytes(), &env());
    assert!(matches!(wrong, Err(BadInput::WrongEvent { .. })));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0..600_usize) {
        let _ = openclaw().parse("gate", &bytes, &env());
        let text = call().to_string();
        prop_assert!(openclaw().parse("gate", &text.as_bytes()[..at.min(text.len() - 1)], &env()).is_err());
    }
}
