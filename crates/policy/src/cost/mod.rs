//! What an action would roughly cost: the turn that follows it, and what it starts or buys.
//!
//! Always an estimate with its basis, or unknown; unknown is never 0. Prices are published list prices (see
//! `prices`) and may be outdated.

mod prices;

use clawbutler_core::action::{Action, Effect};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use prices::{AS_OF, FEES};
pub use prices::{Long, Price, price_of};

/// What is known about the conversation an action belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The model that answered last, as the runtime names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tokens of input its last answer was given on, what was cached included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
}

/// Whether there is a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// A range that the true cost should lie in.
    Estimated,
    /// No figure can be given.
    Unknown,
}

/// What an action would cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// US dollars, from and to; `None` when unknown.
    pub usd: Option<(f64, f64)>,
    /// What the figure rests on, or why there is none; one sentence without its full stop.
    pub basis: String,
    pub label: Label,
}

/// Output of one turn (tokens), from and to.
const OUTPUT: (u32, u32) = (300, 4_000);
/// Turns an agent that is started takes, from and to.
const TURNS: (u32, u32) = (10, 40);
/// What a fresh agent's context holds before its task: instructions and tools (tokens).
const FRESH: u64 = 15_000;
/// Most agents that one action is taken to start.
const MOST_AGENTS: usize = 32;
/// Longest task text looked into for how many tasks it names (bytes).
const TASKS_BYTES: usize = 64 * 1024;
/// Characters of text that make a token, roughly.
const CHARS_PER_TOKEN: usize = 4;
/// Lines from the end of a transcript that are looked at.
const TRANSCRIPT_LINES: usize = 2_000;

/// Estimates what an action would cost.
///
/// Every action is followed by a turn of the model: the whole context again, from the cache at best and
/// written anew at worst, and an answer. Starting an agent adds its own turns, a paid tool its fee.
pub fn estimate(action: &Action, context: &Context) -> Estimate {
    let Some(model) = &context.model else { return unknown("the model is not known") };
    let Some(price) = price_of(model) else {
        return unknown(&format!("the price of the model {} is not known", shown(model)));
    };
    let spawned = spawn(action, price);
    let fee = fee(action);
    let Some(tokens) = context.context_tokens else {
        let Some((usd, words)) = spawned else { return unknown("the size of the context is not known") };
        return estimated(usd, &[words, "the turn that follows not counted".to_owned()], model);
    };
    let mut usd = turn(price, tokens);
    let (read, input, output) = rates(price, tokens);
    let mut words = vec![format!(
        "{} tokens of context at {read:.2} to {input:.2} USD per million and {} to {} tokens of output at {output:.2} USD",
        grouped(tokens),
        grouped(OUTPUT.0.into()),
        grouped(OUTPUT.1.into()),
    )];
    if let Some((more, said)) = spawned {
        usd = (usd.0 + more.0, usd.1 + more.1);
        words.push(said);
    }
    if let Some((one, most)) = fee {
        usd = (usd.0 + one, usd.1 + one * f64::from(most));
        words.push(format!("1 to {most} searches at {one:.2} USD"));
    }
    estimated(usd, &words, model)
}

/// What the end of a Claude Code transcript (JSON lines) tells about the conversation.
///
/// `tail` may begin in the middle of a line and end in the middle of the last one. The last answer of the main
/// conversation counts; in a file of a sub-agent, the last answer there is. After a compaction the size is
/// what the compaction left.
pub fn context_of_transcript(tail: &str) -> Context {
    let mut side = None;
    let mut compacted = None;
    for line in tail.lines().rev().take(TRANSCRIPT_LINES) {
        let Ok(Value::Object(entry)) = serde_json::from_str::<Value>(line) else { continue };
        if entry.get("subtype").and_then(Value::as_str) == Some("compact_boundary") && compacted.is_none() {
            compacted =
                Some(entry.get("compactMetadata").and_then(|data| data.get("postTokens")).and_then(Value::as_u64));
            continue;
        }
        let Some(found) = answer(&entry) else { continue };
        if entry.get("isSidechain").and_then(Value::as_bool) == Some(true) {
            side.get_or_insert(found);
            continue;
        }
        return match compacted {
            Some(left) => Context { context_tokens: left, ..found },
            None => found,
        };
    }
    let left = compacted.flatten();
    side.unwrap_or(Context { model: None, context_tokens: left })
}

/// Model and input of one answer; `None` for lines that are no answer of a model.
fn answer(entry: &serde_json::Map<String, Value>) -> Option<Context> {
    let message = entry.get("message").filter(|_| entry.get("type").and_then(Value::as_str) == Some("assistant"))?;
    let usage = message.get("usage")?;
    let model = message.get("model")?.as_str().filter(|model| !model.starts_with('<'))?;
    let read = |name: &str| usage.get(name).and_then(Value::as_u64);
    let input = read("input_tokens")?;
    let cached = [read("cache_read_input_tokens"), read("cache_creation_input_tokens")];
    let tokens = cached.into_iter().flatten().fold(input, u64::saturating_add);
    Some(Context { model: Some(model.to_owned()), context_tokens: Some(tokens) })
}

/// Cache read, dearest input, output: USD per million tokens at this size of context.
fn rates(price: &Price, tokens: u64) -> (f64, f64, f64) {
    match price.long {
        Some(long) if tokens > long.above_tokens => (long.cache_read, long.input, long.output),
        _ => (price.cache_read, price.input.max(price.cache_write_5m), price.output),
    }
}

fn turn(price: &Price, tokens: u64) -> (f64, f64) {
    let (read, input, output) = rates(price, tokens);
    (
        million(tokens, read) + million(OUTPUT.0.into(), output),
        million(tokens, input) + million(OUTPUT.1.into(), output),
    )
}

/// `tokens` at `usd` a million.
fn million(tokens: u64, usd: f64) -> f64 {
    // Past four thousand million tokens no figure means anything.
    f64::from(u32::try_from(tokens).unwrap_or(u32::MAX)) * usd / 1_000_000.0
}

/// What the agents that an action starts would cost, at the price of the model that starts them.
fn spawn(action: &Action, price: &Price) -> Option<((f64, f64), String)> {
    let Effect::AgentSpawn { prompt, .. } = &action.effect else { return None };
    let agents = tasks(prompt);
    let task = u64::try_from(prompt.len() / agents / CHARS_PER_TOKEN).unwrap_or(u64::MAX);
    let context = FRESH.saturating_add(task);
    let (low, high) = turn(price, context);
    let times = f64::from(u32::try_from(agents).unwrap_or(u32::MAX));
    let usd = (low * times * f64::from(TURNS.0), high * times * f64::from(TURNS.1));
    let who = if agents == 1 { "1 agent".to_owned() } else { format!("{agents} agents") };
    let words =
        format!("{who} with about {} tokens of context each for {} to {} turns", grouped(context), TURNS.0, TURNS.1);
    Some((usd, words))
}

/// How many tasks a prompt names: the items of a JSON list, or of its `tasks`; otherwise one.
fn tasks(prompt: &str) -> usize {
    let text = prompt.trim();
    if text.len() > TASKS_BYTES || !text.starts_with(['[', '{']) {
        return 1;
    }
    let count = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(items)) => items.len(),
        Ok(Value::Object(fields)) => fields.get("tasks").and_then(Value::as_array).map_or(1, Vec::len),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | Err(_) => 1,
    };
    count.clamp(1, MOST_AGENTS)
}

/// The fee of a paid tool: for one call of it, and how often it may be due.
fn fee(action: &Action) -> Option<(f64, u32)> {
    let name = match &action.effect {
        Effect::Network { .. } | Effect::Other { .. } => action.tool.as_str(),
        Effect::Mcp { tool, .. } => tool,
        _ => return None,
    };
    let name = name.to_ascii_lowercase().replace('-', "_");
    FEES.iter().find(|(paid, ..)| name.contains(paid)).map(|(_, usd, most)| (*usd, *most))
}

fn estimated(usd: (f64, f64), words: &[String], model: &str) -> Estimate {
    let basis = format!(
        "estimated: {} ({}, published list prices as of {AS_OF}, may be outdated)",
        words.join("; "),
        shown(model)
    );
    Estimate { usd: Some(usd), basis, label: Label::Estimated }
}

fn unknown(why: &str) -> Estimate {
    Estimate { usd: None, basis: format!("unknown: {why}"), label: Label::Unknown }
}

/// A model's name as shown: it comes from a runtime's file and may be anything.
fn shown(model: &str) -> String {
    model.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests;
