//! What a grant would have covered, before it is given; and what was decided on requests like one before.

use std::collections::BTreeSet;

use clawbutler_core::action::Action;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::{HISTORY_MS, SIMULATED_ACTIONS};
use clawbutler_policy::{grants, look};
use clawbutler_store::table::actions::ActionRow;
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::command::PreviewGrant;
use clawbutler_wire::grants::{CoveredView, GrantPreview};

use super::list::reach_words;
use crate::rules::Walk;
use crate::{Butler, Error, view};

/// How far back the preview looks (ms).
const PREVIEW_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// Longest time one preview takes (ms).
const PATIENCE_MS: u64 = 5_000;
const COVERED_SHOWN: usize = 50;
const NOT_COVERED_SHOWN: usize = 10;

impl Butler {
    /// What a proposed grant would have covered in the last 30 days.
    pub fn preview_grant(&self, request: PreviewGrant) -> Result<GrantPreview, Error> {
        let id = &request.approval;
        let row = self.0.store.read(|read| read.approval(id))?.ok_or_else(|| Error::not_found("request"))?;
        let (proposal, reach) = self.proposal(&row, request.proposal, request.scope)?;
        let around = self.around();
        let clock = &self.0.ports.clock;
        let start = clock.steady_ms();
        let mut preview = GrantPreview {
            covers: proposal.title,
            reach: reach_words(&reach),
            would_have_covered: Vec::new(),
            count_30d: 0,
            sessions: 0,
            not_covered_examples: Vec::new(),
        };
        let mut sessions = BTreeSet::new();
        self.each_action(self.since(PREVIEW_MS), SIMULATED_ACTIONS, |past| {
            let Some(action) = past.action.as_ref().filter(|_| past.span != row.span) else { return Walk::On };
            if !same_sort(action, &row.action) {
                return Walk::On;
            }
            if reach.holds(action) && grants::covers(&proposal.cover, action, &look(action, &around)) {
                preview.count_30d += 1;
                sessions.insert(past.session.clone());
                if preview.would_have_covered.len() < COVERED_SHOWN {
                    preview.would_have_covered.push(covered(past));
                }
            } else if past.approval.is_some() && preview.not_covered_examples.len() < NOT_COVERED_SHOWN {
                preview.not_covered_examples.push(covered(past));
            }
            if clock.steady_ms().saturating_sub(start) > PATIENCE_MS { Walk::Stop } else { Walk::On }
        })?;
        preview.sessions = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
        Ok(preview)
    }

    /// What was decided on requests of the same group before, in a sentence.
    pub(crate) fn similar(&self, row: &ApprovalRow) -> Result<Option<String>, Error> {
        if row.alike.is_empty() {
            return Ok(None);
        }
        let since = self.since(HISTORY_MS);
        let past = self.0.store.read(|read| read.actions_alike(&row.alike, since))?;
        let of = |outcome: &str| past.iter().find(|one| one.outcome == outcome);
        let (allowed, denied) = (of("approved"), of("rejected"));
        let last = allowed.into_iter().chain(denied).map(|one| one.last_at).max();
        let Some(last) = last.map(Timestamp) else { return Ok(None) };
        let day = view::day(last, self.0.ports.clock.offset_minutes(last).unwrap_or(0));
        let count = |one: Option<&clawbutler_store::table::actions::AlikeOutcome>| one.map_or(0, |one| one.count);
        let said = match (count(allowed), count(denied)) {
            (allowed, 0) => format!("You allowed {allowed} like this, last on {day}."),
            (0, denied) => format!("You denied {denied} like this, last on {day}."),
            (allowed, denied) => format!("You allowed {allowed} like this and denied {denied}, last on {day}."),
        };
        Ok(Some(said))
    }
}

/// Worth a closer look: the same kind by the same tool.
fn same_sort(past: &Action, wanted: &Action) -> bool {
    past.runtime == wanted.runtime && past.effect.kind() == wanted.effect.kind() && past.tool == wanted.tool
}

fn covered(past: &ActionRow) -> CoveredView {
    CoveredView { at: past.at.0, headline: past.headline.clone(), decision_then: past.outcome.clone() }
}
