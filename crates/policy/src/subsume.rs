//! Whether one rule's conditions imply another's: exact on closed conditions, certain or `false` on patterns.

use clawbutler_core::risk::RiskLevel;

use crate::facts;
use crate::globs::{covers_path, covers_text};
use crate::looked::How;
use crate::rule::{Rule, When};

/// Whether whenever `narrow` holds, `wide` holds. An absent condition of `wide` is implied by anything.
pub(crate) fn implies(narrow: &Rule, wide: &Rule) -> bool {
    let (a, b) = (&narrow.when, &wide.when);
    // What asks holds on less than what permits, so a permission is implied only by a permission.
    (narrow.permits() || !wide.permits())
        && (wide.expires.is_none() || wide.expires == narrow.expires)
        && words(&a.kinds, &b.kinds)
        && words(&a.runtimes, &b.runtimes)
        && words(&a.signals, &b.signals)
        && words(&a.modes, &b.modes)
        && words(&a.days, &b.days)
        && words(&a.touches, &b.touches)
        && words(&a.sensitivity, &b.sensitivity)
        && globs(&a.tools, &b.tools, covers_text)
        && globs(&a.agents, &b.agents, covers_text)
        && globs(&a.args, &b.args, covers_text)
        && globs(&a.mcp, &b.mcp, covers_text)
        && globs(&a.hosts, &b.hosts, covers_text)
        && globs(&a.branches, &b.branches, covers_text)
        && globs(&a.remotes, &b.remotes, covers_text)
        && globs(&a.paths, &b.paths, if may_delete(narrow) { covers_deletions } else { covers_path })
        && globs(&a.projects, &b.projects, covers_path)
        && globs(&a.programs, &b.programs, covers_program)
        && b.flags.iter().all(|wanted| a.flags.iter().any(|have| alternatives_within(have, wanted)))
        && b.without_flags.iter().all(|unwanted| a.without_flags.iter().any(|have| alternatives_within(unwanted, have)))
        && b.mcp_args.iter().all(|(name, wide)| a.mcp_args.get(name).is_some_and(|narrow| covers_text(wide, narrow)))
        && numbers(a, b)
        && hours(a, b)
        && args_reach(narrow, wide)
}

/// Whether deleting a folder around a named path can make the rule hold.
fn may_delete(rule: &Rule) -> bool {
    !rule.permits() && (rule.when.touches.is_empty() || rule.when.touches.contains(&How::Delete))
}

/// As `covers_path`, also for folders around what `narrow` names.
fn covers_deletions(wide: &str, narrow: &str) -> bool {
    let folder = |pattern: &str| {
        let fixed = pattern.find(['*', '?']).map_or(pattern, |at| &pattern[..at]);
        fixed.rfind('/').map_or(0, |at| at + 1)
    };
    let everything = &wide[folder(wide)..] == "**";
    covers_path(wide, narrow) && (everything || wide[..folder(wide)] == narrow[..folder(narrow)])
}

/// `args` of a permission speak of what is left after its subcommand, so they compare only under the same one.
fn args_reach(narrow: &Rule, wide: &Rule) -> bool {
    wide.when.args.is_empty() || !wide.permits() || narrow.when.programs == wide.when.programs
}

fn numbers(a: &When, b: &When) -> bool {
    b.risk_at_least.is_none_or(|least| a.risk_at_least.unwrap_or(RiskLevel::Low) >= least)
        && b.risk_at_most.is_none_or(|most| a.risk_at_most.unwrap_or(RiskLevel::Critical) <= most)
        && b.cost_at_least.is_none_or(|least| a.cost_at_least.is_some_and(|have| have >= least))
        && b.budget_at_least.is_none_or(|least| a.budget_at_least.is_some_and(|have| have >= least))
        && b.depth_at_least.is_none_or(|least| a.depth_at_least.unwrap_or(0) >= least)
        && b.in_subagent.is_none_or(|wanted| a.in_subagent == Some(wanted) || (wanted && !a.agents.is_empty()))
        && (b.sandboxed.is_none() || a.sandboxed == b.sandboxed)
        && (b.attended.is_none() || a.attended == b.attended)
}

/// Minute by minute, so that spans past midnight need no cases of their own.
fn hours(a: &When, b: &When) -> bool {
    let span = |when: &When| when.hours.as_deref().and_then(facts::hours);
    match (span(a), span(b)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(narrow), Some(wide)) => {
            (0..24 * 60).all(|minute| !facts::within(narrow, minute) || facts::within(wide, minute))
        }
    }
}

fn words<T: PartialEq>(narrow: &[T], wide: &[T]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|word| wide.contains(word)))
}

fn globs(narrow: &[String], wide: &[String], covers: fn(&str, &str) -> bool) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|one| wide.iter().any(|other| covers(other, one))))
}

/// `git` covers `git push`, `git p*` covers `git push`.
fn covers_program(wide: &str, narrow: &str) -> bool {
    let mut narrow = narrow.split_whitespace();
    let option = |word: &str| word.starts_with(['-', '+']);
    wide.split_whitespace()
        .all(|word| narrow.next().is_some_and(|have| covers_text(word, have) && option(word) == option(have)))
}

/// Whether every alternative of one entry of options is one of the other's.
pub(crate) fn alternatives_within(narrow: &str, wide: &str) -> bool {
    narrow.split('|').all(|one| wide.split('|').any(|other| other == one))
}
