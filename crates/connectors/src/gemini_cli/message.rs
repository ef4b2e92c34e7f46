//! One message of a session file, in the timeline's words.

use clawbutler_core::timeline::{Outcome, Usage, clip, clip_value};
use serde_json::Value;

/// What a person reads of a message's content: its texts, and a word for what is no text.
pub(super) fn content(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<String> = parts.iter().filter_map(part).collect();
            texts.join("\n")
        }
        Some(part_alone @ Value::Object(_)) => part(part_alone).unwrap_or_default(),
        _ => String::new(),
    }
}

fn part(part: &Value) -> Option<String> {
    if let Some(text) = part.as_str().or_else(|| part.get("text")?.as_str()) {
        return Some(text.to_owned());
    }
    let data = part.get("inlineData").or_else(|| part.get("fileData"))?;
    let kind = data.get("mimeType").and_then(Value::as_str).unwrap_or("a file");
    Some(format!("[{kind}]"))
}

/// A thought: its subject and its text.
pub(super) fn thought(thought: &Value) -> String {
    let text = |name: &str| thought.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let parts: Vec<&str> = [text("subject"), text("description")].into_iter().flatten().collect();
    clip(&parts.join(": "))
}

/// Tokens of an answer. The client's `input` holds what was read from the cache, and `output` no reasoning.
pub(super) fn usage(id: &str, model: Option<&str>, tokens: &Value) -> Usage {
    let count = |name: &str| tokens.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (cached, thoughts) = (count("cached"), count("thoughts"));
    Usage {
        response: Some(id.to_owned()),
        model: model.map(str::to_owned),
        input: count("input").saturating_sub(cached).saturating_add(count("tool")),
        cache_read: cached,
        cache_write: 0,
        output: count("output").saturating_add(thoughts),
        reasoning: Some(thoughts),
        cost_microusd: None,
    }
}

/// A call's input.
pub(super) fn arguments(call: &Value) -> Value {
    let mut input = call.get("args").cloned().unwrap_or(Value::Null);
    clip_value(&mut input);
    input
}

/// What the model was told of a call.
pub(super) fn told(call: &Value) -> String {
    let parts: &[Value] = match call.get("result") {
        Some(Value::Array(parts)) => parts,
        Some(Value::Null) | None => &[],
        Some(other) => std::slice::from_ref(other),
    };
    let texts: Vec<String> = parts.iter().filter_map(|value| answer(value).or_else(|| part(value))).collect();
    clip(&texts.join("\n"))
}

fn answer(part: &Value) -> Option<String> {
    let response = part.get("functionResponse")?.get("response")?;
    let text = response.get("output").or_else(|| response.get("error")).and_then(Value::as_str);
    Some(text.map_or_else(|| response.to_string(), str::to_owned))
}

/// How a call ended; nothing while it has not.
pub(super) fn outcome(call: &Value, told: &str) -> Option<Outcome> {
    match call.get("status").and_then(Value::as_str) {
        Some("success") => Some(Outcome::Ok),
        Some("error") if told.starts_with("Tool execution denied by policy") => Some(Outcome::Refused),
        Some("error") => Some(Outcome::Failed),
        // The client's word for a person's no and for a stop alike.
        Some("cancelled") => Some(Outcome::Interrupted),
        Some(_) => None,
        None => call.get("result").is_some().then_some(Outcome::Unknown),
    }
}

/// How a sub-agent ended, from what its call shows.
pub(super) fn agent_outcome(call: &Value, whole: Outcome) -> Outcome {
    let why = call.get("resultDisplay").and_then(|shown| shown.get("terminateReason")).and_then(Value::as_str);
    match why {
        Some("GOAL") => Outcome::Ok,
        Some("ABORTED") => Outcome::Interrupted,
        Some(_) => Outcome::Failed,
        None => whole,
    }
}
