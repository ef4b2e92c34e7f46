//! Two rule sets over the same actions: which verdicts would change.

use clawbutler_core::action::Action;
use clawbutler_core::limits::{COMPARED_ACTIONS, COMPARED_CHANGES};
use clawbutler_core::verdict::Verdict;

use crate::{Facts, RuleSet, Surroundings, judge, look};

/// An action that another set would judge otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<I> {
    /// Whatever names the action.
    pub id: I,
    /// The verdict of the old set.
    pub before: Verdict,
    /// The verdict of the new set.
    pub after: Verdict,
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison<I> {
    /// Actions with another decision, in the order given; at most `limits::COMPARED_CHANGES`.
    pub changes: Vec<Change<I>>,
    /// Actions looked at; at most `limits::COMPARED_ACTIONS`.
    pub looked_at: usize,
    /// Actions with another decision under the new set that is stricter.
    pub stricter: usize,
    /// Actions with another decision under the new set that is laxer.
    pub laxer: usize,
    /// There were more actions than are looked at.
    pub cut: bool,
}

/// Judges each action by both sets and keeps those whose decision differs.
pub fn diff_verdicts<'a, I>(
    old: &RuleSet,
    new: &RuleSet,
    actions: impl IntoIterator<Item = (I, &'a Action, &'a Facts)>,
    around: &Surroundings,
) -> Comparison<I> {
    let mut found = Comparison { changes: Vec::new(), looked_at: 0, stricter: 0, laxer: 0, cut: false };
    for (id, action, facts) in actions {
        if found.looked_at == COMPARED_ACTIONS {
            found.cut = true;
            break;
        }
        found.looked_at += 1;
        let looked = look(action, around);
        let before = judge(old, action, looked.clone(), around, facts);
        let after = judge(new, action, looked, around, facts);
        match after.decision.cmp(&before.decision) {
            std::cmp::Ordering::Equal => continue,
            std::cmp::Ordering::Greater => found.stricter += 1,
            std::cmp::Ordering::Less => found.laxer += 1,
        }
        if found.changes.len() < COMPARED_CHANGES {
            found.changes.push(Change { id, before, after });
        }
    }
    found
}
