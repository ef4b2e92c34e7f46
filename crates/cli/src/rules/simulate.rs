//! `rules simulate`: what another rule set would have said to the actions of the last days.

use std::io::{self, Write};

use clawbutler_butler::{Butler, Recorded};
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::{COMPARED_ACTIONS, COMPARED_CHANGES};
use clawbutler_core::verdict::{Decision, Verdict};
use clawbutler_policy::Facts;
use serde::Serialize;

use super::judge::{Judge, one_line};
use super::source::Place;
use crate::Told;

/// What would change.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Report {
    /// Actions that were judged by both sets.
    looked_at: usize,
    /// Actions that were too large to keep and so cannot be judged again.
    not_replayable: usize,
    /// Ran without a question, would be asked about or denied.
    newly_stopped: usize,
    /// Were asked about or denied, would run without a question.
    newly_allowed: usize,
    /// Other changes: asked about instead of denied, left to the runtime instead of allowed.
    otherwise: usize,
    /// There is more than was looked at or listed.
    truncated: bool,
    /// Newest first, up to a bound.
    changed: Vec<Change>,
}

/// One verdict that would change.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change {
    /// Milliseconds since the epoch.
    at: i64,
    runtime: String,
    session: String,
    headline: String,
    before: Decision,
    after: Decision,
    because_before: String,
    because_after: String,
    /// Whether the new verdict lets more through.
    looser: bool,
}

/// Judges the history since a time by both sets.
pub(super) fn compare(place: &Place, since: Timestamp, before: &Judge, after: &Judge) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let database = place.data.database();
    if !database.is_file() {
        anyhow::bail!("there is no history in {}: ClawButler has recorded nothing yet", place.data.path().display());
    }
    let mut failed = None;
    Butler::history_file(&database, since, |recorded| match report.take(recorded, before, after) {
        Ok(more) => more,
        Err(error) => {
            failed = Some(error);
            false
        }
    })
    .map_err(Told::from)?;
    match failed {
        Some(error) => Err(anyhow::Error::msg(error)),
        None => Ok(report),
    }
}

impl Report {
    /// Takes in one action; `false` when it is enough.
    fn take(&mut self, recorded: Recorded, before: &Judge, after: &Judge) -> Result<bool, String> {
        if self.looked_at == COMPARED_ACTIONS {
            self.truncated = true;
            return Ok(false);
        }
        let Recorded { at, runtime, session, headline, action, minute, weekday } = recorded;
        let Some(action) = action else {
            self.not_replayable += 1;
            return Ok(true);
        };
        self.looked_at += 1;
        let facts = Facts { at: Some(at), minute_of_day: minute, weekday, ..Facts::unknown() };
        let (was, would) = (before.verdict(&action, &facts)?, after.verdict(&action, &facts)?);
        if was.decision == would.decision {
            return Ok(true);
        }
        let stops = |verdict: &Verdict| verdict.decision >= Decision::Ask;
        match (stops(&was), stops(&would)) {
            (false, true) => self.newly_stopped += 1,
            (true, false) => self.newly_allowed += 1,
            (true, true) | (false, false) => self.otherwise += 1,
        }
        if self.changed.len() == COMPARED_CHANGES {
            self.truncated = true;
            return Ok(true);
        }
        self.changed.push(Change {
            at: at.0,
            runtime,
            session,
            headline,
            before: was.decision,
            after: would.decision,
            because_before: because(&was).to_owned(),
            because_after: because(&would).to_owned(),
            looser: would.decision < was.decision,
        });
        Ok(true)
    }

    /// The report for people.
    pub(super) fn write(&self, now: Timestamp, out: &mut impl Write) -> io::Result<()> {
        for change in &self.changed {
            let Change { at, runtime, headline, before, after, because_before, because_after, .. } = change;
            let (before, after) = (before.word(), after.word());
            writeln!(out, "{before} -> {after}  {}  ({runtime}, {} ago)", one_line(headline), span(now.0 - at))?;
            writeln!(out, "    before: {}", one_line(because_before))?;
            writeln!(out, "    after:  {}", one_line(because_after))?;
        }
        let Self { looked_at, not_replayable, newly_stopped, newly_allowed, otherwise, truncated, .. } = self;
        writeln!(
            out,
            "{looked_at} actions judged again: {newly_stopped} newly stopped, {newly_allowed} newly allowed, {otherwise} \
             changed otherwise"
        )?;
        if *not_replayable > 0 {
            writeln!(out, "{not_replayable} more were too large to keep and cannot be judged again")?;
        }
        if *truncated {
            writeln!(
                out,
                "there is more: at most {COMPARED_ACTIONS} actions are judged and {COMPARED_CHANGES} changes listed"
            )?;
        }
        Ok(())
    }
}

fn because(verdict: &Verdict) -> &str {
    verdict.matches.first().map_or(&verdict.assessment.summary, |one| &one.because)
}

const MINUTE_MS: i64 = 60_000;
const UNITS: &[(&str, i64)] =
    &[("w", 7 * 24 * 60 * MINUTE_MS), ("d", 24 * 60 * MINUTE_MS), ("h", 60 * MINUTE_MS), ("m", MINUTE_MS)];

/// A length of time in its largest whole unit below weeks.
fn span(ms: i64) -> String {
    let unit = UNITS[1..].iter().find(|(_, unit)| ms >= *unit);
    unit.map_or_else(|| "moments".to_owned(), |(name, unit)| format!("{}{name}", ms / unit))
}

/// Reads `7d`, `12h`, `30m` or `2w` as milliseconds: from a minute to ten years.
pub(super) fn read_span(text: &str) -> Result<i64, String> {
    let hint = || format!("{text:?} is no length of time; write 30m, 12h, 7d or 2w");
    let unit = UNITS.iter().find(|(name, _)| text.ends_with(name)).ok_or_else(hint)?;
    let number: i64 = text[..text.len() - 1].parse().map_err(|_| hint())?;
    let most = 3_650 * UNITS[1].1;
    number.checked_mul(unit.1).filter(|ms| (MINUTE_MS..=most).contains(ms)).ok_or_else(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_and_written() {
        for (text, ms) in [
            ("7d", Some(604_800_000)),
            ("12h", Some(43_200_000)),
            ("30m", Some(1_800_000)),
            ("2w", Some(1_209_600_000)),
        ] {
            assert_eq!(read_span(text).ok(), ms, "{text}");
        }
        for text in ["", "d", "7", "-1d", "0m", "7 d", "99999999999d", "9223372036854775807w", "7é", "1.5h"] {
            assert!(read_span(text).is_err(), "{text}");
        }
        assert_eq!([span(10), span(120_000), span(7_200_000), span(1_209_600_000)], ["moments", "2m", "2h", "14d"]);
    }
}
