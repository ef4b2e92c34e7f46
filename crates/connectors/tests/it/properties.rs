//! Over generated documents: what is not ours never changes, and nothing panics.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clawbutler_connectors::connector::Variant;
use clawbutler_connectors::env::{Env, Os};
use clawbutler_connectors::hook::side;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::scratch::Machine;

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn group() -> impl Strategy<Value = Value> {
    prop::collection::vec("[a-z/ ]{0,8}", 0..3).prop_map(|commands| {
        let handlers: Vec<Value> =
            commands.iter().map(|command| json!({"type": "command", "command": command})).collect();
        json!({"matcher": "Bash", "hooks": handlers})
    })
}

fn hooks() -> impl Strategy<Value = Option<Value>> {
    let event = prop_oneof![Just("PreToolUse"), Just("Stop"), Just("Notification"), Just("FutureEvent")];
    prop::option::of(
        prop::collection::btree_map(event, prop::collection::vec(group(), 0..3), 0..4)
            .prop_map(|events| {
                events.into_iter().map(|(name, groups)| (name.to_owned(), Value::from(groups))).collect::<Map<_, _>>()
            })
            .prop_map(Value::Object),
    )
}

/// A settings document and its text in one of several formattings.
fn document() -> impl Strategy<Value = (Value, String)> {
    let rest = prop::collection::btree_map("[a-gi-z][a-z]{0,5}", tree(), 0..5);
    (rest, hooks(), 0..6_u8).prop_map(|(rest, hooks, style)| {
        let mut map: Map<String, Value> = rest.into_iter().collect();
        map.extend(hooks.map(|hooks| ("hooks".to_owned(), hooks)));
        let value = Value::Object(map);
        let pretty = serde_json::to_string_pretty(&value).expect("text");
        let text = match style {
            0 => value.to_string(),
            1 => pretty,
            2 => pretty + "\n",
            3 => pretty.replace('\n', "\r\n"),
            4 => pretty
                .lines()
                .map(|line| {
                    let body = line.trim_start_matches(' ');
                    "\t".repeat((line.len() - body.len()) / 2) + body + "\n"
                })
                .collect(),
            _ => pretty.replace(",\n", ", // a, \"b\" */ \n").replace("{\n", "{ /* , */\n"),
        };
        (value, text)
    })
}

fn without_ours(mut value: Value) -> Value {
    let Some(hooks) = value.get_mut("hooks").and_then(Value::as_object_mut) else { return value };
    for groups in hooks.values_mut().filter_map(Value::as_array_mut) {
        groups.retain(|group| group["hooks"][0].get("clawbutler").is_none());
    }
    hooks.retain(|_, groups| groups.as_array().is_some_and(|groups| !groups.is_empty()));
    if hooks.is_empty() {
        value.as_object_mut().and_then(|map| map.remove("hooks"));
    }
    value
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn install_then_uninstall_is_the_identity((value, text) in document()) {
        let machine = Machine::with_client("2.1.330");
        machine.write_settings(&text);
        machine.install(Variant::User);
        let installed = machine.read_settings().expect("a file");
        prop_assert!(machine.plan_install(Variant::User).files.is_empty(), "idempotent\n{}", installed);
        if let Ok(parsed) = serde_json::from_str::<Value>(&installed) {
            prop_assert_eq!(without_ours(parsed.clone()), without_ours(value.clone()), "others survive");
            // The client rewrites the file in its own formatting; our entries still come out cleanly.
            machine.write_settings(&serde_json::to_string_pretty(&parsed).expect("text"));
            machine.uninstall(Variant::User);
            let left: Value = serde_json::from_str(&machine.read_settings().expect("a file")).expect("still JSON");
            prop_assert_eq!(left, value);
            machine.write_settings(&installed);
        }
        machine.uninstall(Variant::User);
        prop_assert_eq!(machine.read_settings(), Some(text));
    }

    #[test]
    fn any_bytes_and_any_document_parse_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), value in tree()) {
        let claude = side("claude-code").expect("in the list");
        for verb in ["gate", "permission", "observe", "config", "x"] {
            prop_assert!(claude.parse(verb, &bytes, &env()).is_err());
            let payload = json!({
                "session_id": "s", "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": value,
                "mcp_server": value, "error": value, "agent_id": value,
            });
            let read = claude.parse(verb, payload.to_string().as_bytes(), &env());
            prop_assert_eq!(read.is_ok(), verb == "gate");
            if let Ok(input) = read {
                prop_assert_eq!(&input.arguments, &value);
                claude.action(&input.tool_call());
            }
        }
    }

    #[test]
    fn any_text_as_settings_is_edited_exactly_or_refused(text in "[ \\t\\n{}\\[\\],:\"a/*]{0,40}") {
        let machine = Machine::with_client("2.1.330");
        machine.write_settings(&text);
        let home = machine.claude_home();
        if let Ok(plan) = crate::scratch::claude().plan_install(&machine.env, &home, &machine.hook(), Variant::User) {
            crate::scratch::carry_out(&plan);
            machine.uninstall(Variant::User);
            prop_assert_eq!(machine.read_settings(), Some(text));
        }
    }
}
