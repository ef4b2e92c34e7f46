//! Steps of a recording become what is stored: masked, placed in time, counted.

use std::collections::BTreeMap;

use clawbutler_core::redact::{self, MaskKey};
use clawbutler_core::timeline::{Step, Usage, What};
use clawbutler_policy::cost;
use clawbutler_store::sessions::{AgentRow, Batch, MalformedRow, NewStep, RecordingRow, Tokens, UsageRow};
use serde_json::Value;

use super::reading::session_id;
use super::unguarded::Passing;

/// Malformed records of one batch that are kept with their place; all are counted.
const MALFORMED: usize = 100;
/// Longest setting that is kept (characters).
const SETTING_CHARS: usize = 1_000;

/// What one reading of a recording gives.
#[derive(Debug)]
pub(super) struct Gather<'a> {
    key: &'a MaskKey,
    home: &'a str,
    pub(super) batch: Batch,
    agents: BTreeMap<String, AgentRow>,
    /// From when on calls are looked at (ms since the epoch), and those that went by.
    judged_from: Option<i64>,
    passing: Vec<Passing>,
}

impl<'a> Gather<'a> {
    pub(super) fn new(key: &'a MaskKey, home: &'a str, recording: RecordingRow, judged_from: Option<i64>) -> Self {
        let batch = Batch { recording, ..Batch::default() };
        Self { key, home, batch, agents: BTreeMap::new(), judged_from, passing: Vec::new() }
    }

    /// The calls that went by, to be judged.
    pub(super) fn passing(&mut self) -> Vec<Passing> {
        std::mem::take(&mut self.passing)
    }

    /// Everything gathered.
    pub(super) fn finish(mut self) -> Batch {
        self.batch.agents = self.agents.into_values().collect();
        self.batch
    }

    pub(super) fn malformed(&mut self, offset: u64, line: u64, why: &str) {
        self.batch.recording.malformed += 1;
        if self.batch.malformed.len() < MALFORMED {
            let why = redact::mask_text(why, self.key).chars().take(300).collect();
            self.batch.malformed.push(MalformedRow { path: String::new(), offset, line, why });
        }
    }

    /// What was told before came with another session's history: it is taken back, here and where it was stored.
    fn forked(&mut self, session: &str) {
        let batch = &mut self.batch;
        batch.steps.retain(|step| step.agent.is_some());
        (batch.prompts, batch.tool_calls, batch.errors, batch.times) = (0, 0, 0, None);
        batch.forked = Some(session_id(self.home, session));
        self.agents.clear();
        self.passing.clear();
    }

    pub(super) fn step(&mut self, step: Step) {
        if let (What::Forked { session }, None) = (&step.what, &step.agent) {
            self.forked(session);
        }
        let Ok(mut body) = serde_json::to_value(&step.what) else { return };
        redact::mask_value(&mut body, self.key);
        if self.judged_from.is_some_and(|from| step.at.is_some_and(|at| at.0 >= from)) {
            self.passing.extend(Passing::of(&step));
        }
        let masked = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let at = step.at.map(|at| at.0);
        let place = at.unwrap_or(0).max(self.batch.recording.place).max(0);
        let batch = &mut self.batch;
        match &step.what {
            What::Prompt { .. } => batch.prompts += 1,
            What::ToolCall { .. } => batch.tool_calls += 1,
            What::Error { .. } => batch.errors += 1,
            What::State { .. } if step.agent.is_none() => batch.state = masked("state"),
            What::Setting { .. } if step.agent.is_none() => {
                let value = masked("value").map(|value| value.chars().take(SETTING_CHARS).collect());
                match masked("name").as_deref() {
                    Some("title") => batch.title = value,
                    Some("cwd") => batch.cwd = value,
                    Some("branch") => batch.branch = value,
                    Some("model") => batch.model = value,
                    Some("mode") => batch.mode = value,
                    Some(_) | None => {}
                }
            }
            What::Usage(usage) => {
                // Without any time of its own it was given when the file was written.
                let given = at.filter(|at| *at > 0).unwrap_or(place);
                batch.usages.push(priced(usage, if given > 0 { given } else { batch.recording.modified }));
            }
            What::AgentStarted { .. } | What::AgentEnded { .. } => {
                let agent = masked("agent").unwrap_or_default();
                let parent = step.agent.clone().filter(|parent| *parent != agent);
                let row = self.agents.entry(agent.clone()).or_insert_with(|| AgentRow { agent, ..AgentRow::default() });
                row.name = masked("name").or(row.name.take());
                row.call = masked("call").or(row.call.take());
                row.outcome = masked("outcome").or(row.outcome.take());
                row.parent = parent.or(row.parent.take());
            }
            _ => {}
        }
        self.batch.recording.place = place;
        if let Some(at) = at {
            let (first, last) = self.batch.times.unwrap_or((at, at));
            self.batch.times = Some((first.min(at), last.max(at)));
        }
        if let Some(agent) = &step.agent {
            let row = self
                .agents
                .entry(agent.clone())
                .or_insert_with(|| AgentRow { agent: agent.clone(), ..AgentRow::default() });
            row.steps += 1;
            row.last_at = row.last_at.max(at);
        }
        let kind = kind(&step.what);
        self.batch.steps.push(NewStep { place, at, agent: step.agent, kind, body: body.to_string() });
    }
}

fn priced(usage: &Usage, at: i64) -> UsageRow {
    let tokens = Tokens {
        input: usage.input,
        cache_read: usage.cache_read,
        cache_write: usage.cache_write,
        output: usage.output,
        reasoning: usage.reasoning.unwrap_or(0),
    };
    let price = usage.model.as_deref().and_then(cost::price_of);
    // USD per million tokens times tokens are millionths of a dollar.
    let estimated = price.map(|price| {
        let of = |count: u64, each: f64| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) * each;
        let sum = of(tokens.input, price.input)
            + of(tokens.cache_read, price.cache_read)
            + of(tokens.cache_write, price.cache_write_5m)
            + of(tokens.output, price.output);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of small positive numbers")]
        let rounded = sum.round() as u64;
        rounded
    });
    UsageRow { response: usage.response.clone(), tokens, recorded: usage.cost_microusd, estimated, at }
}

/// The word by which steps are filtered: the tag of the wire.
fn kind(what: &What) -> &'static str {
    match what {
        What::Prompt { .. } => "prompt",
        What::Answer { .. } => "answer",
        What::Thinking { .. } => "thinking",
        What::ToolCall { .. } => "tool_call",
        What::ToolResult { .. } => "tool_result",
        What::Approval { .. } => "approval",
        What::AgentStarted { .. } => "agent_started",
        What::AgentEnded { .. } => "agent_ended",
        What::Forked { .. } => "forked",
        What::Compaction { .. } => "compaction",
        What::Error { .. } => "error",
        What::Usage(_) => "usage",
        What::Quota { .. } => "quota",
        What::Setting { .. } => "setting",
        What::State { .. } => "state",
        What::Note { .. } => "note",
        What::Unknown { .. } => "unknown",
    }
}
