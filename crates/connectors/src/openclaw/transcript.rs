//! OpenClaw's transcript events, one a line or one a row, as steps of the timeline.
//!
//! Both forms hold the same events: a header, then a tree by `id` and `parentId` that is read in the order it
//! was written. Approvals are not in it, only their effects.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::timeline::{Outcome, State, Step, Usage, What, clip, clip_value};
use serde_json::{Value, json};

use super::config::{at, text_at};
use super::time;
use crate::record::{Form, Malformed, Reader, Recording};

/// Largest event after unpacking (bytes); OpenClaw packs none over 4 MiB.
const EVENT_BYTES: u64 = 4 * 1024 * 1024;
/// Beginnings of what a model is told when a rule, a person or a plugin said no.
const REFUSALS: [&str; 4] = ["Exec denied", "exec denied", "Tool call blocked", "ClawButler could not judge this call"];
/// A call that another call made: the client offers most tools behind one of its own.
const NESTED: &str = "openclaw.nested-tool.v1";
/// What stands for the result of a call that was cut off.
const LOST: &str = "[openclaw] missing tool result";

/// Reads one transcript.
#[derive(Debug, Clone)]
pub(super) struct Transcript {
    rows: bool,
    /// The model in force, as last told.
    model: Option<String>,
}

impl Transcript {
    pub(super) fn new(recording: &Recording, saved: Option<&Value>) -> Self {
        let model = saved.and_then(|saved| text_at(saved, &["model"])).map(str::to_owned);
        Self { rows: matches!(recording.form, Form::Rows(_)), model }
    }
}

impl Reader for Transcript {
    fn record(&mut self, record: &[u8]) -> Result<Vec<Step>, Malformed> {
        let value: Value = serde_json::from_slice(record).map_err(|_| malformed("is not JSON"))?;
        if !self.rows {
            return self.event(&value);
        }
        if let Some(text) = text_at(&value, &["event_json"]) {
            let event = serde_json::from_str(text).map_err(|_| malformed("is not JSON"))?;
            return self.event(&event);
        }
        let packed = text_at(&value, &["event_zstd"]).ok_or_else(|| malformed("holds no event"))?;
        let event = serde_json::from_slice(&unpack(packed)?).map_err(|_| malformed("is not JSON"))?;
        self.event(&event)
    }

    fn save(&self) -> Value {
        json!({ "model": self.model })
    }
}

fn malformed(what: &str) -> Malformed {
    Malformed(format!("the event {what}"))
}

/// Bytes of hexadecimal text, unpacked.
fn unpack(hex: &str) -> Result<Vec<u8>, Malformed> {
    use std::io::Read as _;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = hex.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    let packed: Vec<u8> = pairs.collect::<Option<_>>().ok_or_else(|| malformed("is not packed as expected"))?;
    let broken = || malformed("cannot be unpacked");
    let stream = ruzstd::decoding::StreamingDecoder::new(packed.as_slice()).map_err(|_| broken())?;
    let mut event = Vec::new();
    stream.take(EVENT_BYTES + 1).read_to_end(&mut event).map_err(|_| broken())?;
    if event.len() as u64 > EVENT_BYTES { Err(malformed("is too large unpacked")) } else { Ok(event) }
}

/// Text of a content: a text, or parts of which some are texts.
fn words(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => clip(text),
        Some(Value::Array(parts)) => {
            let part = |part: &Value| match text_at(part, &["type"]) {
                Some("text") => part.get("text").and_then(Value::as_str).map(str::to_owned),
                Some(other) => Some(format!("[{other}]")),
                None => None,
            };
            clip(&parts.iter().filter_map(part).collect::<Vec<_>>().join("\n"))
        }
        Some(_) | None => String::new(),
    }
}

impl Transcript {
    fn event(&mut self, event: &Value) -> Result<Vec<Step>, Malformed> {
        let kind = text_at(event, &["type"]).ok_or_else(|| malformed("names no kind"))?;
        let when = event.get("timestamp").and_then(Value::as_str).and_then(time::millis).map(Timestamp);
        let id = text_at(event, &["id"]).map(str::to_owned);
        let what = match kind {
            "session" => {
                vec![What::Setting { name: "cwd".to_owned(), value: clip(text_at(event, &["cwd"]).unwrap_or("")) }]
            }
            "message" => {
                self.message(event.get("message").ok_or_else(|| malformed("holds no message"))?, id.as_deref())
            }
            "model_change" => self.model(event),
            "thinking_level_change" => setting("thinking", text_at(event, &["thinkingLevel"])),
            "session_info" => setting("title", text_at(event, &["name"])),
            "compaction" => vec![What::Compaction {
                before: event.get("tokensBefore").and_then(Value::as_u64),
                after: event.get("tokensAfter").and_then(Value::as_u64),
            }],
            "reset" => vec![What::Note {
                text: clip(&format!("The session was reset ({}).", text_at(event, &["reason"]).unwrap_or("no reason"))),
            }],
            "branch_summary" => {
                vec![What::Note { text: clip(&format!("A branch was left: {}", words(event.get("summary")))) }]
            }
            "custom_message" => vec![What::Note { text: words(event.get("content")) }],
            "custom" => self.custom(event),
            // Bookkeeping of the tree.
            "label" | "leaf" => Vec::new(),
            other => vec![What::Unknown { kind: clip(other) }],
        };
        Ok(what.into_iter().map(|what| Step { at: when, id: id.clone(), agent: None, what }).collect())
    }

    /// A model that is in force from here on, told once.
    fn model(&mut self, data: &Value) -> Vec<What> {
        let Some(model) = text_at(data, &["modelId"]) else { return Vec::new() };
        let model =
            text_at(data, &["provider"]).map_or_else(|| model.to_owned(), |provider| format!("{provider}/{model}"));
        if self.model.as_ref() == Some(&model) {
            return Vec::new();
        }
        self.model = Some(model.clone());
        setting("model", Some(&model))
    }

    fn custom(&mut self, event: &Value) -> Vec<What> {
        let data = event.get("data").unwrap_or(&Value::Null);
        match text_at(event, &["customType"]) {
            Some("model-snapshot") => self.model(data),
            Some(name) if name.ends_with("-error") => {
                let text = ["error", "message"].iter().find_map(|field| text_at(data, &[*field])).unwrap_or(name);
                vec![What::Error { text: clip(text) }]
            }
            // State of OpenClaw and its plugins that says nothing to a person.
            Some(_) | None => Vec::new(),
        }
    }

    fn message(&mut self, message: &Value, id: Option<&str>) -> Vec<What> {
        let content = message.get("content");
        match text_at(message, &["role"]) {
            Some("user") => {
                vec![What::Prompt { text: words(content) }, What::State { state: State::Running }]
            }
            Some("assistant") => assistant(message, id),
            Some("toolResult") => result(message),
            Some("bashExecution") => by_hand(message),
            Some("custom") if text_at(message, &["customType"]) == Some(NESTED) => nested(message),
            Some("custom" | "branchSummary" | "compactionSummary") => {
                let text = words(content.or_else(|| message.get("summary")));
                vec![What::Note { text }]
            }
            other => vec![What::Unknown { kind: clip(&format!("message of {}", other.unwrap_or("nobody"))) }],
        }
    }
}

fn setting(name: &str, value: Option<&str>) -> Vec<What> {
    value.map(|value| What::Setting { name: name.to_owned(), value: clip(value) }).into_iter().collect()
}

fn assistant(message: &Value, id: Option<&str>) -> Vec<What> {
    let mut found = Vec::new();
    match message.get("content") {
        Some(Value::Array(parts)) => found.extend(parts.iter().filter_map(said)),
        Some(Value::String(text)) if !text.is_empty() => found.push(What::Answer { text: clip(text) }),
        Some(_) | None => {}
    }
    found.extend(usage(message, id).map(What::Usage));
    match text_at(message, &["stopReason"]) {
        Some("error") => {
            let text = text_at(message, &["errorMessage"]).unwrap_or("the model's provider reported an error");
            found.push(What::Error { text: clip(text) });
            found.push(What::State { state: State::Idle });
        }
        Some("aborted") => {
            found.push(What::Note { text: "The run was stopped.".to_owned() });
            found.push(What::State { state: State::Idle });
        }
        Some("stop" | "length") => found.push(What::State { state: State::Idle }),
        Some(_) | None => {}
    }
    found
}

fn said(part: &Value) -> Option<What> {
    let text = |name: &str| part.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match text("type")? {
        "text" => Some(What::Answer { text: clip(text("text")?) }),
        "thinking" => Some(What::Thinking { text: clip(text("thinking")?) }),
        "toolCall" => {
            let mut input = part.get("arguments").cloned().unwrap_or(Value::Null);
            clip_value(&mut input);
            Some(What::ToolCall { call: text("id").map(str::to_owned), tool: clip(text("name")?), input })
        }
        other => Some(What::Unknown { kind: clip(&format!("part {other}")) }),
    }
}

/// Tokens; none where the record has none (a run that was cut off holds zeros).
fn usage(message: &Value, id: Option<&str>) -> Option<Usage> {
    let used = message.get("usage")?;
    let count = |name: &str| used.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (input, output) = (count("input"), count("output"));
    let (cache_read, cache_write) = (count("cacheRead"), count("cacheWrite"));
    if input + output + cache_read + cache_write == 0 {
        return None;
    }
    // Without a price OpenClaw writes zero, which is not a cost.
    let cost = at(used, &["cost", "total"]).and_then(Value::as_f64).filter(|cost| *cost > 0.0 && *cost < 1e9);
    let model = text_at(message, &["responseModel"]).or_else(|| text_at(message, &["model"]));
    let provider = text_at(message, &["provider"]);
    Some(Usage {
        response: text_at(message, &["responseId"]).or(id).map(str::to_owned),
        model: model.map(|model| provider.map_or_else(|| model.to_owned(), |provider| format!("{provider}/{model}"))),
        input,
        cache_read,
        cache_write,
        output,
        reasoning: used.get("reasoning").and_then(Value::as_u64),
        cost_microusd: cost.map(micro),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by the caller: above 0, below 1e15"
)]
fn micro(dollars: f64) -> u64 {
    (dollars * 1e6).round() as u64
}

fn result(message: &Value) -> Vec<What> {
    let call = text_at(message, &["toolCallId"]).map(str::to_owned);
    let text = words(message.get("content"));
    let details = message.get("details").unwrap_or(&Value::Null);
    let failed = message.get("isError").and_then(Value::as_bool).unwrap_or(false);
    let status = text_at(details, &["status"]);
    let code = details.get("exitCode").and_then(Value::as_i64);
    let outcome = if text.starts_with(LOST) {
        Outcome::Interrupted
    } else if matches!(status, Some("blocked" | "denied"))
        || details.get("deniedReason").is_some()
        || (failed && REFUSALS.iter().any(|start| text.starts_with(start)))
    {
        Outcome::Refused
    } else if failed || matches!(status, Some("failed" | "error")) || code.is_some_and(|code| code != 0) {
        Outcome::Failed
    } else {
        Outcome::Ok
    };
    let started = text_at(details, &["childSessionKey"]).filter(|_| outcome == Outcome::Ok).map(|key| {
        let agent = key.rsplit(':').next().unwrap_or(key).to_owned();
        let name = ["label", "agentId"].iter().find_map(|name| text_at(details, &[*name])).map(str::to_owned);
        What::AgentStarted { agent, name, call: call.clone() }
    });
    let mut found = vec![What::ToolResult { call: call.clone(), outcome, text }];
    found.extend(started);
    found
}

/// A call inside another one, recorded when it has ended.
fn nested(message: &Value) -> Vec<What> {
    let details = message.get("details").unwrap_or(&Value::Null);
    let Some(tool) = text_at(details, &["toolName"]) else {
        return vec![What::Unknown { kind: NESTED.to_owned() }];
    };
    let mut input = details.get("input").cloned().unwrap_or(Value::Null);
    clip_value(&mut input);
    let call = text_at(details, &["toolCallId"]).map(str::to_owned);
    let ended = json!({
        "toolCallId": call, "isError": details.get("isError"), "content": at(details, &["result", "content"]),
        "details": at(details, &["result", "details"]),
    });
    std::iter::once(What::ToolCall { call, tool: clip(tool), input }).chain(result(&ended)).collect()
}

/// A command that the person ran in the session.
fn by_hand(message: &Value) -> Vec<What> {
    let code = message.get("exitCode").and_then(Value::as_i64);
    let cancelled = message.get("cancelled").and_then(Value::as_bool).unwrap_or(false);
    let outcome = match code {
        _ if cancelled => Outcome::Interrupted,
        Some(0) => Outcome::Ok,
        Some(_) => Outcome::Failed,
        None => Outcome::Unknown,
    };
    let command = text_at(message, &["command"]).unwrap_or_default();
    vec![
        What::ToolCall { call: None, tool: "bash".to_owned(), input: json!({ "command": clip(command) }) },
        What::ToolResult { call: None, outcome, text: clip(text_at(message, &["output"]).unwrap_or_default()) },
    ]
}
