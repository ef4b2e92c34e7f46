//! `rules explain`: what the rules say about one command, or about a stream of actions.

use std::io::{self, BufWriter, Write};

use clawbutler_connectors::call::ToolCall;
use clawbutler_connectors::normalise;
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::Verdict;
use clawbutler_policy::Facts;
use serde::Serialize;
use serde_json::value::RawValue;

use super::judge::{Judge, word};
use super::lines::{Line, Lines};
use super::request::{self, BadLine, Defaults};

/// Signals in one answer; a longer list names no new reason to a reader.
const SIGNALS: usize = 64;

/// One answer. The fields are promised in docs/CLI.md.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: &'a RawValue,
    verdict: &'static str,
    risk: RiskLevel,
    because: &'a str,
    signals: Vec<Named<'a>>,
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// A signal in an answer.
#[derive(Debug, Serialize)]
struct Named<'a> {
    name: &'a str,
    level: RiskLevel,
    says: &'a str,
}

/// Answers every line of `input`, in order, each as soon as there is nothing left to read before waiting.
pub(super) fn stream(
    judge: &Judge,
    facts: &Facts,
    defaults: &Defaults,
    input: impl io::Read,
    out: impl Write,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    let mut lines = Lines::of(input);
    while let Some(line) = lines.next(|| out.flush())? {
        answer(judge, facts, defaults, &line, &mut out)?;
    }
    out.flush()
}

fn answer(judge: &Judge, facts: &Facts, defaults: &Defaults, line: &Line<'_>, out: &mut impl Write) -> io::Result<()> {
    let read = match line {
        Line::Whole(line) => request::read(line, defaults),
        Line::Cut(beginning) => Err(request::too_long(beginning)),
    };
    let judged = read.and_then(|request| match judge.verdict(&normalise::action(&request.call), facts) {
        Ok(verdict) => Ok((request.id, verdict)),
        Err(error) => Err(BadLine { id: request.id, error }),
    });
    match &judged {
        Ok((id, verdict)) => write_answer(out, &of_verdict(&raw(id), verdict)),
        Err(BadLine { id, error }) => write_answer(out, &of_error(&raw(id), error)),
    }
}

fn raw(id: &str) -> Box<RawValue> {
    RawValue::from_string(id.to_owned()).expect("BUG: an id is JSON; reading it checked that")
}

fn write_answer(out: &mut impl Write, answer: &Answer<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, answer)?;
    out.write_all(b"\n")
}

fn of_verdict<'a>(id: &'a RawValue, verdict: &'a Verdict) -> Answer<'a> {
    let strictest = verdict.matches.first();
    let signals = verdict.assessment.signals.iter().take(SIGNALS);
    Answer {
        id,
        verdict: word(verdict.decision),
        risk: verdict.assessment.level,
        because: strictest.map_or(&verdict.assessment.summary, |one| &one.because),
        signals: signals.map(|one| Named { name: &one.name, level: one.level, says: &one.says }).collect(),
        rule: strictest.map(|one| one.rule.as_str()),
        error: None,
    }
}

/// Nobody can tell what a line that cannot be read would do: it is asked about.
fn of_error<'a>(id: &'a RawValue, error: &'a str) -> Answer<'a> {
    Answer {
        id,
        verdict: "ask",
        risk: RiskLevel::High,
        because: "What cannot be read cannot be told to be safe.",
        signals: Vec::new(),
        rule: None,
        error: Some(error),
    }
}

/// Explains one call: a tree for people, or the one answer as JSON.
pub(super) fn one(
    judge: &Judge,
    facts: &Facts,
    call: &ToolCall,
    from: &str,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let action = normalise::action(call);
    if json {
        let verdict = judge.verdict(&action, facts).map_err(anyhow::Error::msg)?;
        return Ok(write_answer(out, &of_verdict(&raw("null"), &verdict))?);
    }
    let explanation = judge.explain(&action, facts).map_err(anyhow::Error::msg)?;
    out.write_all(explanation.to_text().as_bytes())?;
    writeln!(out, "  from {from}; project {}", action.project())?;
    Ok(())
}
