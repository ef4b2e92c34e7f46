//! Other rules tried on recorded actions. Nothing here changes anything.

use clawbutler_core::action::Action;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::{HISTORY_MS, PAGE_ROWS, RULE_FILE_BYTES, SIMULATED_ACTIONS, SIMULATED_SHOWN};
use clawbutler_core::verdict::{Decision, Verdict};
use clawbutler_policy::{Facts, RuleSet, Source, judge, look};
use clawbutler_store::table::actions::ActionRow;
use clawbutler_wire::command::{CheckRules, SimulateRules};
use clawbutler_wire::rules::{ChangeView, MatchView, RuleErrorView, RulesCheck, SimulationView};

use super::book::{Broken, Kept};
use super::look::name_fault;
use super::packs::{self, build};
use super::view::lint_views;
use crate::engine::lock;
use crate::{Butler, Error};

/// How far back a simulation looks when nothing is said (ms).
const SINCE_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// Longest time one simulation takes (ms).
const PATIENCE_MS: u64 = 10_000;
/// Actions that the editor's live preview tries, and how many matches it shows.
const TRIED: u32 = 2_000;
const MATCHES: usize = 20;

/// Whether to go on.
pub(crate) enum Walk {
    On,
    Stop,
}

impl Butler {
    /// Hands recorded actions to `each`, newest first, a page at a time: between pages others can read.
    /// Tells whether there were more than `most`.
    pub(crate) fn each_action(
        &self,
        since: Timestamp,
        most: u32,
        mut each: impl FnMut(&ActionRow) -> Walk,
    ) -> Result<bool, Error> {
        let page = u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX);
        let (mut before, mut seen) = (i64::MAX, 0_u32);
        loop {
            let rows = self.0.store.read(|read| read.actions_page(since, before, page))?;
            for row in &rows {
                if seen >= most {
                    return Ok(true);
                }
                seen += 1;
                if matches!(each(row), Walk::Stop) {
                    return Ok(true);
                }
                before = row.id;
            }
            if rows.len() < PAGE_ROWS {
                return Ok(false);
            }
        }
    }

    /// Judges recorded actions with other rules and tells every verdict that would change.
    pub fn simulate_rules(&self, request: SimulateRules) -> Result<SimulationView, Error> {
        let (mut ids, mut files) = {
            let book = lock(&self.0.book);
            (book.packs.clone(), book.files.clone())
        };
        if let Some(chosen) = request.packs {
            if let Some(unknown) = chosen.iter().find(|id| packs::by_id(id).is_none()) {
                return Err(Error::bad(format!("There is no pack {unknown}.")));
            }
            ids = packs::in_order(&chosen);
        }
        if let Some(draft) = request.draft {
            if let Some(fault) = name_fault(&draft.name) {
                return Err(Error::bad(fault));
            }
            files.insert(draft.name, Kept { text: draft.text, imported: false });
        }
        let new = build(&ids, &files)?;
        let since = request.since_ms.unwrap_or(SINCE_MS).min(HISTORY_MS);
        self.compare(&self.rules(), &new, since)
    }

    fn compare(&self, old: &RuleSet, new: &RuleSet, since_ms: u64) -> Result<SimulationView, Error> {
        let clock = &self.0.ports.clock;
        let start = clock.steady_ms();
        let around = self.around();
        let mut view = SimulationView {
            looked_at: 0,
            not_replayable: 0,
            changed: Vec::new(),
            newly_stopped: 0,
            newly_allowed: 0,
            truncated: false,
            took_ms: 0,
        };
        let more = self.each_action(self.since(since_ms), SIMULATED_ACTIONS, |row| {
            let Some(action) = &row.action else {
                view.not_replayable += 1;
                return Walk::On;
            };
            view.looked_at += 1;
            let (looked, facts) = (look(action, &around), facts_of(row));
            let before = judge(old, action, looked.clone(), &around, &facts);
            let after = judge(new, action, looked, &around, &facts);
            if before.decision != after.decision {
                let change = change(row, action, &before, &after);
                if change.looser {
                    view.newly_allowed += 1;
                } else {
                    view.newly_stopped += 1;
                }
                if view.changed.len() < SIMULATED_SHOWN {
                    view.changed.push(change);
                }
            }
            if clock.steady_ms().saturating_sub(start) > PATIENCE_MS { Walk::Stop } else { Walk::On }
        })?;
        let all = u64::from(view.newly_stopped) + u64::from(view.newly_allowed);
        view.truncated = more || all > view.changed.len() as u64;
        view.took_ms = u32::try_from(clock.steady_ms().saturating_sub(start)).unwrap_or(u32::MAX);
        Ok(view)
    }

    /// Checks a text of rules as it stands in the editor.
    pub fn check_rules(&self, request: CheckRules) -> Result<RulesCheck, Error> {
        if request.text.len() > RULE_FILE_BYTES {
            return Err(Error::bad(format!("A file of rules has at most {} KiB.", RULE_FILE_BYTES / 1024)));
        }
        let name = request.name.unwrap_or_else(|| "draft.toml".to_owned());
        let (ids, mut files) = {
            let book = lock(&self.0.book);
            (book.packs.clone(), book.files.clone())
        };
        let alone = RuleSet::from_sources(&[Source { name: &name, text: &request.text }]);
        files.insert(name.clone(), Kept { text: request.text, imported: false });
        let whole = alone.and_then(|alone| Ok((alone, build(&ids, &files)?)));
        let (alone, whole) = match whole {
            Ok(sets) => sets,
            Err(error) => {
                let Broken { says, fix, rule, example } = error.into();
                let errors = vec![RuleErrorView { rule, example, says, fix }];
                return Ok(RulesCheck { errors, findings: Vec::new(), matches_now: Vec::new() });
            }
        };
        let stem = name.strip_suffix(".toml").unwrap_or(&name);
        let mut findings = lint_views(&whole, self.now());
        findings.retain(|finding| finding.rule.strip_prefix(stem).is_some_and(|rest| rest.starts_with('/')));
        Ok(RulesCheck { errors: Vec::new(), findings, matches_now: self.matches_of(&alone)? })
    }

    fn matches_of(&self, set: &RuleSet) -> Result<Vec<MatchView>, Error> {
        let around = self.around();
        let mut found = Vec::new();
        self.each_action(self.since(HISTORY_MS), TRIED, |row| {
            if let Some(action) = &row.action {
                let verdict = judge(set, action, look(action, &around), &around, &facts_of(row));
                let rule = verdict.matches.iter().chain(&verdict.observed).find(|one| one.rule.contains('/'));
                if let Some(rule) = rule {
                    found.push(MatchView {
                        at: row.at.0,
                        headline: row.headline.clone(),
                        rule: rule.rule.clone(),
                        decision_then: row.outcome.clone(),
                    });
                }
            }
            if found.len() < MATCHES { Walk::On } else { Walk::Stop }
        })?;
        Ok(found)
    }

    pub(crate) fn since(&self, ms: u64) -> Timestamp {
        Timestamp(self.now().0.saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX)))
    }
}

/// What was known when the action was judged.
pub(crate) fn facts_of(row: &ActionRow) -> Facts {
    Facts { at: Some(row.at), minute_of_day: row.minute, weekday: row.weekday, ..Facts::unknown() }
}

fn change(row: &ActionRow, action: &Action, before: &Verdict, after: &Verdict) -> ChangeView {
    ChangeView {
        at: row.at.0,
        runtime: action.runtime.clone(),
        session: action.session.clone(),
        headline: row.headline.clone(),
        before: before.decision.word().to_owned(),
        after: after.decision.word().to_owned(),
        because_before: because(before),
        because_after: because(after),
        looser: after.decision < before.decision,
    }
}

/// The verdict in a sentence.
pub(crate) fn because(verdict: &Verdict) -> String {
    match verdict.matches.first() {
        Some(first) if first.decision == verdict.decision => format!("{}: {}", first.rule, first.because),
        _ => match verdict.decision {
            Decision::Ask => format!("No rule names this; {} risk is asked about.", verdict.assessment.level.word()),
            Decision::Allow | Decision::Defer | Decision::Deny => {
                format!(
                    "No rule names this; {} risk is left to the agent's own rules.",
                    verdict.assessment.level.word()
                )
            }
        },
    }
}
