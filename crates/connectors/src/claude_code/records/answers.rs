//! Lines of the model: texts, thoughts, tool calls, usage.

use clawbutler_core::timeline::{Outcome, State, Usage, What, clip, clip_value};
use serde_json::{Map, Value};

use super::transcript::{Steps, text};

/// The model the client names for what it wrote itself.
const SYNTHETIC: &str = "<synthetic>";

pub(super) fn read(steps: &mut Steps<'_>, line: &Map<String, Value>) {
    let Some(message) = line.get("message").and_then(Value::as_object) else { return };
    let model = text(message, "model").filter(|model| *model != SYNTHETIC);
    steps.setting("model", model);
    let failed = line.get("isApiErrorMessage") == Some(&Value::Bool(true));
    match message.get("content") {
        Some(Value::String(said)) => say(steps, said, failed),
        Some(Value::Array(blocks)) => {
            for block in blocks.iter().filter_map(Value::as_object) {
                read_block(steps, block, failed);
            }
        }
        Some(_) | None => {}
    }
    // A sub-agent may begin with lines of another session as well: that session used those tokens.
    let own = match (text(line, "requestSessionId"), text(line, "sessionId")) {
        (Some(asked), Some(own)) => asked == own,
        (None, _) | (_, None) => true,
    };
    if own
        && let Some(model) = model
        && let Some(counts) = message.get("usage").and_then(Value::as_object)
    {
        steps.usage(usage(line, message, model, counts));
    }
    match text(message, "stop_reason") {
        Some("tool_use" | "pause_turn") => steps.state(State::Running),
        Some(_) => steps.state(State::Idle),
        None => {}
    }
}

fn say(steps: &mut Steps<'_>, said: &str, failed: bool) {
    if said.trim().is_empty() {
        return;
    }
    let text = clip(said);
    steps.push(if failed { What::Error { text } } else { What::Answer { text } });
}

fn read_block(steps: &mut Steps<'_>, block: &Map<String, Value>, failed: bool) {
    match text(block, "type").unwrap_or_default() {
        "text" => say(steps, text(block, "text").unwrap_or_default(), failed),
        "thinking" => {
            let thought = text(block, "thinking").unwrap_or_default();
            if !thought.trim().is_empty() {
                steps.push(What::Thinking { text: clip(thought) });
            }
        }
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let mut input = block.get("input").cloned().unwrap_or_default();
            clip_value(&mut input);
            steps.push(What::ToolCall {
                call: text(block, "id").map(str::to_owned),
                tool: clip(text(block, "name").unwrap_or("unknown")),
                input,
            });
        }
        "redacted_thinking" | "fallback" => {}
        // Tools that run at the model's provider give their results in the answer itself.
        kind if kind.ends_with("_tool_result") => steps.push(What::ToolResult {
            call: text(block, "tool_use_id").map(str::to_owned),
            outcome: if block.get("is_error") == Some(&Value::Bool(true)) { Outcome::Failed } else { Outcome::Ok },
            text: super::prompts::words(block.get("content")),
        }),
        kind => steps.push(What::Unknown { kind: clip(&format!("assistant/{kind}")) }),
    }
}

fn usage(line: &Map<String, Value>, message: &Map<String, Value>, model: &str, counts: &Map<String, Value>) -> Usage {
    let count = |name: &str| counts.get(name).and_then(Value::as_u64);
    let details = counts.get("output_tokens_details").and_then(|details| details.get("thinking_tokens"));
    let response = match (text(message, "id"), text(line, "requestId")) {
        (Some(id), Some(request)) => Some(format!("{id} {request}")),
        (id, request) => id.or(request).map(str::to_owned),
    };
    Usage {
        response: response.map(|response| clip(&response)),
        model: Some(clip(model)),
        input: count("input_tokens").unwrap_or_default(),
        cache_read: count("cache_read_input_tokens").unwrap_or_default(),
        cache_write: count("cache_creation_input_tokens").unwrap_or_default(),
        output: count("output_tokens").unwrap_or_default(),
        reasoning: details.and_then(Value::as_u64),
        cost_microusd: None,
    }
}
