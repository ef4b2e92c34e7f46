//! The part of a timeline that is on the screen: a bounded run of steps that is moved, grown and merged into.

use clawbutler_wire::approvals::ApprovalView;
use clawbutler_wire::sessions::{StepBody, StepView};

/// Steps kept on the screen at most.
pub(super) const KEPT: usize = 400;
/// Steps fetched at once.
pub(super) const PAGE: u32 = 100;

/// Which end loses what is over the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drop {
    Earliest,
    Latest,
}

/// Takes in steps wherever they belong; gives whether something fell off at the chosen end.
pub(super) fn merge(shown: &mut Vec<StepView>, fresh: Vec<StepView>, drop: Drop) -> bool {
    for step in fresh {
        shown.retain(|old| old.seq != step.seq && !replaces(&step, old));
        let at = shown.partition_point(|old| old.place <= step.place);
        shown.insert(at, step);
    }
    let over = shown.len().saturating_sub(KEPT);
    if over == 0 {
        return false;
    }
    match drop {
        Drop::Earliest => std::mem::drop(shown.drain(..over)),
        Drop::Latest => shown.truncate(KEPT),
    }
    true
}

/// A later count of the same answer takes the place of an earlier one.
fn replaces(new: &StepView, old: &StepView) -> bool {
    match (&new.what, &old.what) {
        (StepBody::Usage { response: Some(new), .. }, StepBody::Usage { response: Some(old), .. }) => new == old,
        _ => false,
    }
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// A step, a tool call with its result where both are there.
    Step { step: Box<StepView>, result: Option<Box<StepView>> },
    /// A request in our own queue.
    Asked(Box<ApprovalView>),
}

impl Entry {
    /// Names what is drawn: another text means another drawing.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Step { step, result } => {
                format!("{}-{}", step.seq, result.as_ref().map(|step| step.seq.to_string()).unwrap_or_default())
            }
            Self::Asked(view) => format!("asked-{}-{}", view.id, view.revision),
        }
    }

    fn at(&self) -> Option<i64> {
        match self {
            Self::Step { step, .. } => step.at,
            Self::Asked(view) => Some(view.created_at),
        }
    }
}

fn call_of(step: &StepView) -> Option<&str> {
    match &step.what {
        StepBody::ToolCall { call, .. } | StepBody::ToolResult { call, .. } => call.as_deref(),
        _ => None,
    }
}

/// Lines from steps: a result joins its call, what we asked stands where it happened. What still waits is not
/// among them: it stands below all.
pub(super) fn entries(steps: &[StepView], asked: Vec<ApprovalView>, has_earlier: bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::with_capacity(steps.len());
    for step in steps {
        if matches!(step.what, StepBody::ToolResult { .. }) {
            let call = call_of(step);
            let open = entries.iter_mut().rev().find_map(|entry| match entry {
                Entry::Step { step: before, result } if result.is_none() => {
                    let same = call.is_some() && call_of(before) == call && before.agent == step.agent;
                    (same && matches!(before.what, StepBody::ToolCall { .. })).then_some(result)
                }
                _ => None,
            });
            if let Some(result) = open {
                *result = Some(Box::new(step.clone()));
                continue;
            }
        }
        entries.push(Entry::Step { step: Box::new(step.clone()), result: None });
    }
    let first = steps.iter().find_map(|step| step.at);
    for view in asked.into_iter().filter(|view| !has_earlier || first.is_some_and(|first| view.created_at >= first)) {
        let later = entries.iter().rposition(|entry| entry.at().is_some_and(|at| at <= view.created_at));
        entries.insert(later.map_or(0, |at| at + 1), Entry::Asked(Box::new(view)));
    }
    entries
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn step(seq: u64, what: Value) -> StepView {
        serde_json::from_value(
            json!({ "seq": seq.to_string(), "place": format!("{seq:08}"), "at": seq * 1000, "what": what }),
        )
        .unwrap()
    }

    fn note(seq: u64) -> StepView {
        step(seq, json!({ "step": "note", "text": "n" }))
    }

    fn seqs(steps: &[StepView]) -> Vec<u64> {
        steps.iter().map(|step| step.seq.0).collect()
    }

    #[test]
    fn steps_find_their_place_once() {
        let mut shown = vec![note(2), note(5)];
        assert!(!merge(&mut shown, vec![note(5), note(1), note(3), note(9)], Drop::Earliest));
        assert_eq!(seqs(&shown), [1, 2, 3, 5, 9]);
    }

    #[test]
    fn what_is_shown_is_bounded_at_either_end() {
        let all = || (0..KEPT as u64 + 50).map(note).collect::<Vec<_>>();
        let (mut late, mut early) = (Vec::new(), Vec::new());
        assert!(merge(&mut late, all(), Drop::Earliest) && merge(&mut early, all(), Drop::Latest));
        assert_eq!((late.len(), late[0].seq.0), (KEPT, 50));
        assert_eq!((early.len(), early[0].seq.0), (KEPT, 0));
    }

    #[test]
    fn an_answer_counts_once() {
        let usage = |seq, output| {
            step(
                seq,
                json!({ "step": "usage", "response": "r", "input": 1, "cache_read": 0, "cache_write": 0, "output": output }),
            )
        };
        let mut shown = vec![usage(1, 10)];
        merge(&mut shown, vec![usage(2, 30)], Drop::Earliest);
        assert_eq!(seqs(&shown), [2]);
    }

    #[test]
    fn a_result_joins_its_call_and_a_request_stands_where_it_was_asked() {
        let call = |seq, id| step(seq, json!({ "step": "tool_call", "call": id, "tool": "Bash", "input": {} }));
        let result = |seq, id| step(seq, json!({ "step": "tool_result", "call": id, "outcome": "ok", "text": "" }));
        let asked: ApprovalView = serde_json::from_value(json!({
            "id": "x", "revision": 1, "seen_digest": "", "state": "approved", "runtime": "r", "runtime_name": "R",
            "session": "s", "cwd": "/p", "tool": "Bash", "kind": "shell", "headline": "", "risk": "low",
            "body": { "show": "command", "lines": [] }, "risk_summary": "", "signals": [], "rule": "",
            "permission_mode": "", "created_at": 1500, "expires_at": 0, "at_deadline": "", "client_waiting": true,
        }))
        .unwrap();
        let steps = [call(1, "a"), call(2, "b"), result(3, "a"), result(4, "lost"), result(5, "b")];
        let keys: Vec<_> = entries(&steps, vec![asked.clone()], false).iter().map(Entry::key).collect();
        assert_eq!(keys, ["1-3", "asked-x-1", "2-5", "4-"]);
        let later = entries(&steps[1..], vec![asked], true);
        let keys: Vec<_> = later.iter().map(Entry::key).collect();
        assert_eq!(keys, ["2-5", "3-", "4-"], "what was asked before the first step stands on an earlier page");
    }
}
