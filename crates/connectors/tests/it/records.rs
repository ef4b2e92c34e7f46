//! Claude Code's transcripts as steps, from captures of the real client (2.1.330): whole, cut and in pieces.

use std::path::PathBuf;

use clawbutler_connectors::record::{Form, Reader, Recording};
use clawbutler_core::timeline::{Outcome, Step, What};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::scratch::claude;

/// Captures by name.
const CAPTURES: &[(&str, &str)] = &[
    ("hooks", include_str!("../fixtures/claude_code/transcripts/p-all-hooks-subagent-mcp-elicitation.jsonl")),
    (
        "subagent",
        include_str!("../fixtures/claude_code/transcripts/p-all-hooks-subagent-mcp-elicitation.subagent.jsonl"),
    ),
    ("terminal", include_str!("../fixtures/claude_code/transcripts/tty-long-session-clear-compact-model-1.jsonl")),
    ("compacted", include_str!("../fixtures/claude_code/transcripts/p-resume-fork-compact-2.jsonl")),
    ("denied", include_str!("../fixtures/claude_code/transcripts/p-http-deny.jsonl")),
    ("background", include_str!("../fixtures/claude_code/transcripts/p-background-subagent.jsonl")),
    ("queued", include_str!("../fixtures/claude_code/transcripts/p-queued-prompt-and-mentions.jsonl")),
];

fn reader(agent: Option<&str>, saved: Option<&Value>) -> Box<dyn Reader> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/claude_code/transcripts");
    let path = PathBuf::from(folder).join("p-all-hooks-subagent-mcp-elicitation.subagent.jsonl");
    let agent = agent.map(str::to_owned);
    let recording =
        Recording { session: "s".into(), agent, parent: None, path, form: Form::Lines, cwd: None, title: None };
    claude().reader(&recording, saved).expect("it records")
}

fn agent_of(name: &str) -> Option<&'static str> {
    (name == "subagent").then_some("a1")
}

fn steps(name: &str, text: &str) -> Vec<Step> {
    let mut reader = reader(agent_of(name), None);
    text.lines().flat_map(|line| reader.record(line.as_bytes()).unwrap_or_default()).collect()
}

/// A step on one line; texts are shortened.
fn short(step: &Step) -> String {
    let what = serde_json::to_value(&step.what).expect("JSON");
    let mut fields: Vec<String> = Vec::new();
    for (name, value) in what.as_object().expect("an object") {
        if name != "step" && !value.is_null() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned).replace('\n', "⏎");
            fields.push(format!("{name}={}", text.chars().take(90).collect::<String>()));
        }
    }
    let agent = step.agent.as_ref().map(|agent| format!("[{agent}] ")).unwrap_or_default();
    format!("{agent}{} {}", what["step"].as_str().expect("a kind"), fields.join(" "))
}

#[test]
fn captured_sessions_are_told() {
    for (name, text) in CAPTURES {
        let told: Vec<String> = steps(name, text).iter().map(short).collect();
        insta::assert_snapshot!(format!("claude_code_{name}"), told.join("\n"));
    }
}

#[test]
fn nothing_of_a_capture_is_malformed_or_unknown() {
    for (name, text) in CAPTURES {
        let mut reader = reader(agent_of(name), None);
        for line in text.lines() {
            for step in reader.record(line.as_bytes()).expect(name) {
                assert!(!matches!(step.what, What::Unknown { .. }), "{name}: {step:?}");
            }
        }
    }
}

#[test]
fn an_attachment_of_an_unknown_kind_is_shown_and_a_known_one_is_left() {
    let told = |kind: &str| -> Vec<What> {
        let line = json!({ "type": "attachment", "uuid": "u", "attachment": { "type": kind, "filename": "a.txt" } });
        let steps = reader(None, None).record(line.to_string().as_bytes()).expect("a line");
        steps.into_iter().map(|step| step.what).collect()
    };
    assert_eq!(told("brand_new"), [What::Unknown { kind: "attachment/brand_new".to_owned() }]);
    assert_eq!(told("skill_listing"), []);
    assert!(matches!(&told("pdf_reference")[..], [What::Note { text }] if text.contains("a.txt")));
}

#[test]
fn a_fork_counts_no_tokens_of_the_session_it_came_from() {
    let used = |asked: Option<&str>| {
        let line = json!({
            "type": "assistant", "uuid": "u", "sessionId": "fork", "requestId": "r", "requestSessionId": asked,
            "message": { "id": "m", "model": "x", "content": [], "usage": { "input_tokens": 7, "output_tokens": 1 } },
        });
        let steps = reader(None, None).record(line.to_string().as_bytes()).expect("a line");
        steps.iter().filter(|step| matches!(step.what, What::Usage(_))).count()
    };
    assert_eq!([used(None), used(Some("fork")), used(Some("other"))], [1, 1, 0]);
}

/// As 2.1.332 writes it when a person stops a turn with a sub-agent under way.
#[test]
fn a_sub_agent_that_was_interrupted_has_ended_so() {
    let said = "[Request interrupted by user for tool use]";
    let line = json!({ "type": "user", "uuid": "u", "agentId": "a1", "isSidechain": true,
                       "message": { "role": "user", "content": [{ "type": "text", "text": said }] } });
    let told = |agent: Option<&str>| -> Vec<What> {
        let steps = reader(agent, None).record(line.to_string().as_bytes()).expect("a line");
        steps.into_iter().map(|step| step.what).collect()
    };
    let ended = What::AgentEnded { agent: "a1".to_owned(), outcome: Outcome::Interrupted };
    assert!(told(Some("a1")).contains(&ended), "{:?}", told(Some("a1")));
    let result = |kind: &str| {
        let line = json!({ "type": "user", "uuid": "u", "toolDenialKind": kind, "message": { "role": "user",
            "content": [{ "type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": true }] } });
        let steps = reader(None, None).record(line.to_string().as_bytes()).expect("a line");
        steps.into_iter().find_map(|step| match step.what {
            What::ToolResult { outcome, .. } => Some(outcome),
            _ => None,
        })
    };
    assert_eq!(
        ["permission-rule", "user-rejected", "interrupted", "cancelled"].map(|kind| result(kind).expect("a result")),
        [Outcome::Refused, Outcome::Refused, Outcome::Interrupted, Outcome::Interrupted]
    );
}

#[test]
fn an_answer_is_counted_once_however_many_lines_it_has() {
    for (name, text) in CAPTURES {
        let used: Vec<_> = steps(name, text)
            .into_iter()
            .filter_map(|step| match step.what {
                What::Usage(usage) => Some(usage),
                _ => None,
            })
            .collect();
        for pair in used.windows(2) {
            assert_ne!(pair[0], pair[1], "{name}");
        }
        assert!(used.iter().all(|usage| usage.response.is_some()), "{name}: each replaces its like");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Cut anywhere, the whole lines give a beginning of the same steps; read on from a saved state they give the rest.
    #[test]
    fn a_cut_transcript_is_a_beginning_of_the_same_steps(which in 0..CAPTURES.len(), at: prop::sample::Index) {
        let (name, text) = CAPTURES[which];
        let cut = at.index(text.len());
        let end = text.as_bytes()[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let whole = steps(name, text);
        let mut first = reader(agent_of(name), None);
        let mut told = Vec::new();
        for line in text[..end].lines() {
            told.extend(first.record(line.as_bytes()).unwrap_or_default());
        }
        prop_assert_eq!(&told[..], &whole[..told.len()]);
        let saved = Some(first.save()).filter(|saved| !saved.is_null());
        let mut second = reader(agent_of(name), saved.as_ref());
        for line in text[end..].lines() {
            told.extend(second.record(line.as_bytes()).unwrap_or_default());
        }
        prop_assert_eq!(told, whole);
    }

    /// Whatever a line holds, it is understood or refused, and what comes after it is read all the same.
    #[test]
    fn garbage_stops_nothing(garbage in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (name, text) = CAPTURES[4];
        let mut reader = reader(None, None);
        let mut told = Vec::new();
        for line in text.lines() {
            let _ = reader.record(&garbage);
            told.extend(reader.record(line.as_bytes()).unwrap_or_default());
        }
        prop_assert!(told.len() >= steps(name, text).len());
    }
}
