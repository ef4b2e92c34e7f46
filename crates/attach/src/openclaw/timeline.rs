//! What happens in a session, as steps of the one timeline.

use clawbutler_core::timeline::{Outcome, State, Step, Usage, What, clip, clip_value};
use serde_json::Value;

use crate::json as read;

/// Where steps come from. A tool call appears in both; its id joins them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The transcript: complete, written when a message is whole.
    Recorded,
    /// The run as it goes: earlier, and dropped by the gateway when we are slow.
    Live,
}

/// Steps of one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// The key of the session.
    pub session: Option<String>,
    /// The run.
    pub run: Option<String>,
    /// Where they come from.
    pub origin: Origin,
    /// At least one.
    pub steps: Vec<Step>,
}

/// The steps of one message of a transcript, in order.
pub fn of_message(message: &Value) -> Vec<Step> {
    let at = read::time(message, "/timestamp").or_else(|| read::time(message, "/__openclaw/recordTimestampMs"));
    let id = read::text(message, "/__openclaw/id").or_else(|| read::text(message, "/id"));
    let mut steps = Vec::new();
    let mut add = |what: What| steps.push(Step { at, id: id.clone(), agent: None, what });
    match read::word(message, "/role").as_str() {
        "user" => add(What::Prompt { text: clip(&said(message, "/content")) }),
        "assistant" => {
            parts(message, &mut add);
            if let Some(usage) = usage(message) {
                add(What::Usage(usage));
            }
            if let Some(text) = read::text(message, "/errorMessage") {
                add(What::Error { text: clip(&text) });
            }
        }
        "toolResult" => {
            let text = said(message, "/content");
            let failed = read::flag(message, "/isError").unwrap_or(false);
            let call = read::text(message, "/toolCallId");
            add(What::ToolResult {
                call,
                outcome: outcome(failed, &text, message.pointer("/details")),
                text: clip(&text),
            });
        }
        other => add(What::Unknown { kind: format!("message/{}", clip(other)) }),
    }
    steps
}

fn parts(message: &Value, add: &mut impl FnMut(What)) {
    if let Some(text) = read::text(message, "/content") {
        add(What::Answer { text: clip(&text) });
    }
    for part in read::list(message, "/content") {
        match read::word(part, "/type").as_str() {
            "text" => {
                if let Some(text) = read::text(part, "/text") {
                    add(What::Answer { text: clip(&text) });
                }
            }
            "thinking" => add(What::Thinking { text: clip(&read::word(part, "/thinking")) }),
            "toolCall" => {
                let mut input = part.pointer("/arguments").cloned().unwrap_or_default();
                clip_value(&mut input);
                add(What::ToolCall { call: read::text(part, "/id"), tool: read::word(part, "/name"), input });
            }
            other => add(What::Unknown { kind: format!("part/{}", clip(other)) }),
        }
    }
}

fn usage(message: &Value) -> Option<Usage> {
    let count = |member: &str| read::number(message, &format!("/usage/{member}"));
    let (input, output) = (count("input"), count("output"));
    if input.is_none() && output.is_none() {
        return None;
    }
    Some(Usage {
        response: read::text(message, "/responseId").or_else(|| read::text(message, "/__openclaw/id")),
        model: read::text(message, "/model"),
        input: input.unwrap_or(0),
        cache_read: count("cacheRead").unwrap_or(0),
        cache_write: count("cacheWrite").unwrap_or(0),
        output: output.unwrap_or(0),
        reasoning: None,
        cost_microusd: read::microusd(message, "/usage/cost/total"),
    })
}

/// The texts of a content, joined; it is a text or a list of parts.
pub(crate) fn said(value: &Value, path: &str) -> String {
    if let Some(text) = read::text(value, path) {
        return text;
    }
    let texts: Vec<String> = read::list(value, path).filter_map(|part| read::text(part, "/text")).collect();
    texts.join("\n")
}

/// A denial comes as an ordinary result whose text says so.
fn outcome(failed: bool, text: &str, details: Option<&Value>) -> Outcome {
    let exit = details.and_then(|details| details.pointer("/exitCode")).and_then(Value::as_i64);
    if text.starts_with("Exec denied") || text.starts_with("exec denied") || text.starts_with("Denied") {
        Outcome::Refused
    } else if failed || exit.is_some_and(|code| code != 0) {
        Outcome::Failed
    } else {
        Outcome::Ok
    }
}

/// The steps of one `agent` or `session.tool` event. Deltas and progress are none.
pub(crate) fn of_run(payload: &Value) -> Vec<Step> {
    let at = read::time(payload, "/ts");
    let phase = read::word(payload, "/data/phase");
    let call = || read::text(payload, "/data/toolCallId");
    let what = match (read::word(payload, "/stream").as_str(), phase.as_str()) {
        ("tool", "start") => {
            let mut input = payload.pointer("/data/args").cloned().unwrap_or_default();
            clip_value(&mut input);
            vec![What::ToolCall { call: call(), tool: read::word(payload, "/data/name"), input }]
        }
        ("tool", "result") => {
            let text = said(payload, "/data/result/content");
            let failed = read::flag(payload, "/data/isError").unwrap_or(false);
            let outcome = outcome(failed, &text, payload.pointer("/data/result/details"));
            vec![What::ToolResult { call: call(), outcome, text: clip(&text) }]
        }
        ("lifecycle", phase) => lifecycle(payload, phase),
        ("approval", "resolved") => {
            vec![What::Approval { call: call(), decision: read::word(payload, "/data/status"), by: None }]
        }
        ("compaction", "end") => vec![What::Compaction { before: None, after: None }],
        (stream, _) if KNOWN.contains(&stream) => Vec::new(),
        (stream, _) => vec![What::Unknown { kind: format!("agent/{}", clip(stream)) }],
    };
    what.into_iter().map(|what| Step { at, id: None, agent: None, what }).collect()
}

/// Streams whose other phases carry nothing that the transcript does not.
const KNOWN: &[&str] = &[
    "tool", "approval", "compaction", "item", "command_output", "usage", "assistant", "run_status", "thinking", "plan",
    "patch", "error",
];

fn lifecycle(payload: &Value, phase: &str) -> Vec<What> {
    let call = read::text(payload, "/data/toolCallId");
    let state = |state| What::State { state };
    match phase {
        "start" => vec![state(State::Running)],
        "model" => vec![What::Setting { name: "model".to_owned(), value: read::word(payload, "/data/model") }],
        "waiting-approval" => {
            vec![What::Approval { call, decision: "asked".to_owned(), by: None }, state(State::WaitingApproval)]
        }
        "approval-resolved" => vec![state(State::Running)],
        "end" => vec![state(State::Idle)],
        "error" => vec![What::Error { text: clip(&read::word(payload, "/data/error")) }, state(State::Idle)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clawbutler_core::clock::Timestamp;

    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_with_a_call_becomes_its_steps_in_order() {
        let message = json!({ "role": "assistant", "timestamp": 5, "model": "m", "responseId": "r",
            "content": [{ "type": "thinking", "thinking": "hm" }, { "type": "text", "text": "I look." },
                { "type": "toolCall", "id": "c1", "name": "exec", "arguments": { "command": "ls" } }],
            "usage": { "input": 10, "output": 2, "cacheRead": 3, "cost": { "total": 0.000_5 } },
            "__openclaw": { "id": "e1" } });
        let step = |what| Step { at: Some(Timestamp(5)), id: Some("e1".to_owned()), agent: None, what };
        let expected = [
            What::Thinking { text: "hm".to_owned() },
            What::Answer { text: "I look.".to_owned() },
            What::ToolCall { call: Some("c1".to_owned()), tool: "exec".to_owned(), input: json!({ "command": "ls" }) },
            What::Usage(Usage {
                response: Some("r".to_owned()),
                model: Some("m".to_owned()),
                input: 10,
                cache_read: 3,
                output: 2,
                cost_microusd: Some(500),
                ..Usage::default()
            }),
        ];
        assert_eq!(of_message(&message), expected.map(step));
    }

    #[test]
    fn a_denial_a_failure_and_a_success_differ() {
        let result = |text: &str, error: bool, exit: Option<i64>| {
            let message = json!({ "role": "toolResult", "toolCallId": "c", "isError": error,
                "content": [{ "type": "text", "text": text }], "details": { "exitCode": exit } });
            match of_message(&message).remove(0).what {
                What::ToolResult { outcome, .. } => outcome,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(result("Exec denied (gateway id=1, user-denied): ls", false, None), Outcome::Refused);
        assert_eq!(result("boom", true, None), Outcome::Failed);
        assert_eq!(result("no such file", false, Some(2)), Outcome::Failed);
        assert_eq!(result("Linux", false, Some(0)), Outcome::Ok);
    }

    #[test]
    fn a_run_that_waits_says_so_and_a_new_stream_is_named() {
        let waits = json!({ "stream": "lifecycle", "data": { "phase": "waiting-approval", "toolCallId": "c" } });
        let what: Vec<What> = of_run(&waits).into_iter().map(|step| step.what).collect();
        assert_eq!(
            what,
            [
                What::Approval { call: Some("c".to_owned()), decision: "asked".to_owned(), by: None },
                What::State { state: State::WaitingApproval },
            ]
        );
        let strange = of_run(&json!({ "stream": "telepathy", "data": {} }));
        assert_eq!(strange[0].what, What::Unknown { kind: "agent/telepathy".to_owned() });
    }
}
