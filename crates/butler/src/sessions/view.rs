//! Sessions and steps as windows are told them.

use std::collections::{BTreeMap, BTreeSet};

use clawbutler_store::sessions::{self, AgentRow, MalformedRow, RecordingRow, StepRow};
use clawbutler_wire::Seq;
use clawbutler_wire::sessions::{
    AgentNode, MalformedView, RecordingView, SessionCost, SessionCostLabel, SessionRow, StepBody, StepOutcome,
    StepView, TokensView,
};

use super::state::Signs;
use crate::{Butler, Error};

impl Butler {
    pub(super) fn session_view(&self, row: sessions::SessionRow, signs: &Signs) -> SessionRow {
        let (state, state_source, state_says, pid) = signs.state(&row);
        let path = crate::engine::lock(&self.0.registry).homes.get(&row.home).map(|home| home.path.clone());
        SessionRow {
            cost: cost(&row),
            runtime_name: self.runtime_name(&row.runtime),
            home: path.unwrap_or_default(),
            tokens: TokensView {
                input: row.tokens.input,
                cache_read: row.tokens.cache_read,
                cache_write: row.tokens.cache_write,
                output: row.tokens.output,
                reasoning: row.tokens.reasoning,
            },
            id: row.id,
            runtime: row.runtime,
            home_id: row.home,
            session: row.session,
            title: row.title,
            cwd: row.cwd,
            branch: row.branch,
            model: row.model,
            mode: row.mode,
            parent: row.parent,
            forked: row.forked,
            state,
            state_source,
            state_says,
            pid,
            started_at: row.started_at,
            last_at: row.last_at,
            steps: row.steps,
            forgotten: row.forgotten,
            prompts: row.prompts,
            tool_calls: row.tool_calls,
            errors: row.errors,
            malformed: row.malformed,
            subagents: row.agents,
            generation: row.generation,
        }
    }
}

/// Recorded where the runtime recorded all of it, else estimated, and unknown is never nothing.
fn cost(row: &sessions::SessionRow) -> SessionCost {
    let usd = |micro: u64| f64::from(u32::try_from(micro / 100).unwrap_or(u32::MAX)) / 10_000.0;
    let [costed, priced, unpriced] = row.answers;
    let partial = |basis: &str| match unpriced {
        0 => basis.to_owned(),
        count => format!("{basis}; {count} answers of models without a known price are not in it"),
    };
    if row.total > 0 && row.total >= row.recorded + row.estimated {
        let basis = "recorded by the runtime for the whole session".to_owned();
        return SessionCost { label: SessionCostLabel::Recorded, usd: Some(usd(row.total)), basis };
    }
    if priced > 0 {
        let basis = if costed > 0 {
            "recorded for a part, list prices times recorded tokens for the rest"
        } else {
            "list prices times recorded tokens; may be outdated"
        };
        let sum = usd(row.recorded + row.estimated);
        return SessionCost { label: SessionCostLabel::Estimated, usd: Some(sum), basis: partial(basis) };
    }
    if costed > 0 {
        let basis = partial("recorded by the runtime for each answer");
        return SessionCost { label: SessionCostLabel::Recorded, usd: Some(usd(row.recorded)), basis };
    }
    let basis = if unpriced > 0 { "the price of its model is not known" } else { "no tokens are recorded" };
    SessionCost { label: SessionCostLabel::Unknown, usd: None, basis: basis.to_owned() }
}

/// Sub-agents, those that started others before them.
pub(super) fn agents(rows: Vec<AgentRow>) -> Vec<AgentNode> {
    let known: BTreeSet<String> = rows.iter().map(|row| row.agent.clone()).collect();
    let mut below: BTreeMap<Option<String>, Vec<AgentRow>> = BTreeMap::new();
    for row in rows {
        let parent = row.parent.clone().filter(|parent| known.contains(parent));
        below.entry(parent).or_default().push(row);
    }
    let mut out = Vec::new();
    let mut open: Vec<AgentRow> = below.remove(&None).unwrap_or_default().into_iter().rev().collect();
    while let Some(row) = open.pop() {
        if let Some(children) = below.remove(&Some(row.agent.clone())) {
            open.extend(children.into_iter().rev());
        }
        out.push(node(row));
    }
    // Those whose parents name each other in a circle.
    out.extend(below.into_values().flatten().map(node));
    out
}

fn node(row: AgentRow) -> AgentNode {
    let word = |word: String| serde_json::from_value::<StepOutcome>(serde_json::Value::String(word)).ok();
    AgentNode {
        agent: row.agent,
        name: row.name,
        parent: row.parent,
        call: row.call,
        outcome: row.outcome.and_then(word),
        steps: row.steps,
        last_at: row.last_at,
    }
}

pub(super) fn recording(row: RecordingRow) -> RecordingView {
    RecordingView {
        path: row.path,
        agent: row.agent,
        position: u64::try_from(row.position).unwrap_or(0),
        size: row.size,
        records: row.records,
        malformed: row.malformed,
        rewritten: row.rewritten,
        trouble: row.trouble,
        present: row.present,
    }
}

pub(super) fn malformed(row: MalformedRow) -> MalformedView {
    MalformedView { path: row.path, offset: row.offset, line: row.line, why: row.why }
}

pub(super) fn step(row: StepRow) -> StepView {
    let damaged = StepBody::Unknown { kind: "a damaged step".to_owned() };
    StepView {
        seq: Seq(row.seq),
        place: format!("{:016x}{:016x}", row.place.max(0), row.seq),
        at: row.at,
        agent: row.agent,
        what: serde_json::from_str(&row.body).unwrap_or(damaged),
    }
}

/// A step's place from the text it was given as.
pub(super) fn step_place(text: &str) -> Result<(i64, u64), Error> {
    let parts = (text.len() == 32 && text.is_ascii()).then(|| text.split_at(16));
    let read =
        parts.and_then(|(place, seq)| Some((i64::from_str_radix(place, 16).ok()?, u64::from_str_radix(seq, 16).ok()?)));
    read.filter(|(_, seq)| i64::try_from(*seq).is_ok()).ok_or_else(|| Error::bad("This is no place of a step."))
}

/// A session's place in the list.
pub(super) fn session_token(row: &sessions::SessionRow) -> String {
    format!("{}-{}", row.last_at, row.key)
}

/// A place from the text it was given as.
pub(super) fn session_place(text: &str) -> Result<(i64, i64), Error> {
    let parts = text.rsplit_once('-');
    let read = parts.and_then(|(at, key)| Some((at.parse().ok()?, key.parse().ok()?)));
    read.ok_or_else(|| Error::bad("This is no place in the list of sessions."))
}
