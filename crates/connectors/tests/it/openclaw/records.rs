//! Transcripts of real sessions as steps, whole and in pieces.

use std::path::PathBuf;

use clawbutler_connectors::record::{Form, Reader, Recording};
use clawbutler_core::timeline::{Step, What};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{capture, home, openclaw};
use crate::scratch::Machine;

fn reader(form: Form, saved: Option<&Value>) -> Box<dyn Reader> {
    let path = PathBuf::from("/x.jsonl");
    let recording = Recording { session: "x".into(), agent: None, parent: None, path, form, cwd: None, title: None };
    openclaw().reader(&recording, saved).expect("it records")
}

fn steps(text: &str) -> Vec<Step> {
    let mut reader = reader(Form::Lines, None);
    text.lines().flat_map(|line| reader.record(line.as_bytes()).expect(line)).collect()
}

/// A step on one line.
fn short(step: &Step) -> String {
    let what = serde_json::to_value(&step.what).expect("JSON");
    let mut fields: Vec<String> = Vec::new();
    for (name, value) in what.as_object().expect("an object") {
        if name != "step" && !value.is_null() {
            fields.push(format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        }
    }
    format!("{} {}", what["step"].as_str().expect("a kind"), fields.join(" "))
}

#[test]
fn a_session_of_2026_7_1_is_told() {
    let told: Vec<String> = steps(&capture("transcript-2026.7.1.jsonl")).iter().map(short).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_session_of_2026_9_6_is_told() {
    let told: Vec<String> = steps(&capture("transcript-2026.9.6.jsonl")).iter().map(short).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn rare_events_are_told() {
    let assistant = |message: Value| {
        let mut whole = json!({ "role": "assistant", "provider": "p", "model": "m" });
        whole.as_object_mut().expect("an object").extend(message.as_object().expect("an object").clone());
        json!({ "type": "message", "id": "e", "message": whole })
    };
    let result = |message: Value| {
        let mut whole =
            json!({ "role": "toolResult", "toolCallId": "c", "content": [{ "type": "text", "text": "t" }] });
        whole.as_object_mut().expect("an object").extend(message.as_object().expect("an object").clone());
        json!({ "type": "message", "message": whole })
    };
    let events = [
        json!({ "type": "compaction", "id": "1", "timestamp": "2026-11-22T11:51:58.114Z", "summary": "s", "tokensBefore": 9, "tokensAfter": 3 }),
        json!({ "type": "model_change", "provider": "p", "modelId": "m" }),
        json!({ "type": "custom", "customType": "model-snapshot", "data": { "provider": "p", "modelId": "m" } }),
        json!({ "type": "custom", "customType": "model-snapshot", "data": { "provider": "p", "modelId": "n" } }),
        json!({ "type": "custom", "customType": "openclaw:prompt-error", "data": { "error": "no key" } }),
        json!({ "type": "session_info", "name": "Title" }),
        json!({ "type": "reset", "reason": "daily" }),
        json!({ "type": "leaf" }),
        json!({ "type": "from_tomorrow" }),
        assistant(
            json!({ "content": [{ "type": "thinking", "thinking": "hm" }], "stopReason": "error", "errorMessage": "429" }),
        ),
        assistant(json!({ "content": [], "stopReason": "aborted", "usage": { "input": 0, "output": 0 } })),
        assistant(
            json!({ "content": "hi", "usage": { "input": 1, "output": 2, "cacheRead": 3, "cost": { "total": 0 } } }),
        ),
        result(
            json!({ "isError": true, "details": { "status": "blocked", "deniedReason": "plugin-before-tool-call" } }),
        ),
        result(json!({ "isError": true })),
        result(json!({ "details": { "exitCode": 1, "status": "completed" } })),
        result(json!({ "isError": true, "content": "[openclaw] missing tool result in session history" })),
        result(
            json!({ "details": { "status": "accepted", "childSessionKey": "agent:main:subagent:7", "label": "helper" } }),
        ),
        json!({ "type": "message", "message": { "role": "bashExecution", "command": "ls", "output": "a", "exitCode": 0 } }),
        json!({ "type": "message", "message": { "role": "custom", "customType": "openclaw.nested-tool.v1", "content": "",
            "details": { "toolName": "exec", "toolCallId": "c2", "input": { "command": "ls" }, "isError": false,
                "result": { "content": [{ "type": "text", "text": "a" }], "details": { "exitCode": 0 } } } } }),
        json!({ "type": "message", "message": { "role": "custom", "customType": "openclaw.nested-tool.v1" } }),
        json!({ "type": "message", "message": { "role": "stranger" } }),
    ];
    let text: Vec<String> = events.iter().map(Value::to_string).collect();
    let told: Vec<String> = steps(&text.join("\n")).iter().map(short).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn rows_hold_the_same_events_packed_or_not() {
    let rows = Form::Rows(clawbutler_connectors::record::Rows { queries: &[] });
    let text = capture("transcript-2026.9.6.jsonl");
    let mut reader = reader(rows, None);
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let row = if index % 2 == 0 {
            json!({ "cursor": index + 1, "event_json": line, "event_zstd": "" })
        } else {
            let packed =
                ruzstd::encoding::compress_to_vec(line.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
            let hex: String = packed.iter().map(|byte| format!("{byte:02X}")).collect();
            json!({ "cursor": index + 1, "event_json": null, "event_zstd": hex })
        };
        found.extend(reader.record(row.to_string().as_bytes()).expect("a row"));
    }
    assert_eq!(found, steps(&text));
    for broken in ["", "0", "zz", "28B52FFD", "ää"] {
        let row = json!({ "cursor": 1, "event_json": null, "event_zstd": broken });
        assert!(reader.record(row.to_string().as_bytes()).is_err(), "{broken}");
    }
}

#[test]
fn recordings_are_found_by_layout() {
    let machine = Machine::new();
    let list = json!({
        "agent:main:main": { "sessionId": "one", "label": "First" },
        "agent:main:subagent:7": { "sessionId": "two", "spawnedBy": "agent:main:main" },
    });
    let sessions = "home/ada/.openclaw/agents/main/sessions";
    machine.file(&format!("{sessions}/sessions.json"), &list.to_string());
    for name in ["one.jsonl", "two.jsonl", "one.trajectory.jsonl", "one.jsonl.reset.2026", "sessions.json.bak"] {
        machine.file(&format!("{sessions}/{name}"), "");
    }
    let database = machine.file("home/ada/.openclaw/agents/work/agent/openclaw-agent.sqlite", "");
    let mut found = openclaw().recordings(&machine.env, &home(&machine));
    found.sort_by(|a, b| a.session.cmp(&b.session));
    let seen: Vec<_> = found
        .iter()
        .map(|r| (r.session.as_str(), r.parent.as_deref(), r.title.as_deref(), matches!(r.form, Form::Rows(_))))
        .collect();
    assert_eq!(seen, [("", None, None, true), ("one", None, Some("First"), false), ("two", Some("one"), None, false)]);
    let wal = database.with_file_name("openclaw-agent.sqlite-wal");
    assert_eq!(openclaw().recordings_in(&machine.env, &home(&machine), &wal), found[..1]);
    let two = machine.path(&format!("{sessions}/two.jsonl"));
    assert_eq!(openclaw().recordings_in(&machine.env, &home(&machine), &two), found[2..]);
    for other in ["x.sqlite", "agents/main/sessions/sessions.json", "agents/main/other/x.jsonl", "x.jsonl"] {
        assert!(openclaw().recordings_in(&machine.env, &home(&machine), &home(&machine).join(other)).is_empty());
    }
    assert_eq!(openclaw().recording_folders(&machine.env, &home(&machine)).len(), 3);
    assert!(!openclaw().session_queries().is_empty());
}

proptest! {
    /// Cut anywhere and read in any pieces, with the state saved between: the beginning of the same steps.
    #[test]
    fn any_cut_gives_a_prefix(cut in 0..200_000_usize, every in 1..9_usize, new in any::<bool>()) {
        let text = capture(if new { "transcript-2026.9.6.jsonl" } else { "transcript-2026.7.1.jsonl" });
        let whole = steps(&text);
        let bytes = &text.as_bytes()[..cut.min(text.len())];
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut saved = None;
        let mut found = Vec::new();
        let lines: Vec<&[u8]> = bytes[..complete].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        for piece in lines.chunks(every) {
            let mut reader = reader(Form::Lines, saved.as_ref());
            for line in piece {
                found.extend(reader.record(line).expect("a line"));
            }
            saved = Some(reader.save());
        }
        prop_assert_eq!(&found[..], &whole[..found.len()]);
        prop_assert!(complete < text.len() || found.len() == whole.len());
        // The torn line itself is refused or, when only its end is missing, the same.
        if let Ok(steps) = reader(Form::Lines, saved.as_ref()).record(&bytes[complete..]) {
            prop_assert_eq!(&steps[..], &whole[found.len()..found.len() + steps.len()]);
        }
    }

    #[test]
    fn any_bytes_and_any_json_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in "[a-z_]{0,12}", hex in "[0-9A-F]{0,40}") {
        let _ = reader(Form::Lines, None).record(&bytes);
        let event = json!({ "type": kind, "message": { "role": kind, "content": [{ "type": kind, "text": 1 }], "usage": { "input": -1, "cost": { "total": 1e300 } } } });
        let mut steps = Vec::new();
        for kind in ["message", "session", "custom", "compaction"] {
            let mut event = event.clone();
            event["type"] = kind.into();
            steps.extend(reader(Form::Lines, None).record(event.to_string().as_bytes()).unwrap_or_default());
        }
        prop_assert!(steps.iter().all(|step| !matches!(&step.what, What::Usage(_))));
        let rows = Form::Rows(clawbutler_connectors::record::Rows { queries: &[] });
        let _ = reader(rows, None).record(json!({ "event_zstd": hex }).to_string().as_bytes());
    }
}
