//! How the inbox is ordered and grouped, and what a selection may do.

use std::collections::BTreeSet;

use clawbutler_wire::Risk;
use clawbutler_wire::approvals::ApprovalView;

/// One line of the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) item: ApprovalView,
    /// Ids of its group, itself first; one when nothing is alike.
    pub(super) group: Vec<String>,
    /// It stands for the group: the first of it.
    pub(super) head: bool,
    /// The group is folded out.
    pub(super) open: bool,
}

impl Row {
    /// What the row stands for: all of a folded group, or itself.
    pub(super) fn stands_for(&self) -> &[String] {
        if self.head && !self.open { &self.group } else { self.group_of_one() }
    }

    fn group_of_one(&self) -> &[String] {
        let at = self.group.iter().position(|id| *id == self.item.id).unwrap_or_default();
        self.group.get(at..=at).unwrap_or_default()
    }

    /// How many others are alike and on the list.
    pub(super) fn others(&self) -> usize {
        self.group.len().saturating_sub(1)
    }
}

/// Near-duplicates stand together under the first of them, which keeps its place; the others show when the
/// group is folded out.
pub(super) fn rows(items: Vec<ApprovalView>, open: &BTreeSet<String>) -> Vec<Row> {
    let mut groups: Vec<Vec<ApprovalView>> = Vec::new();
    for item in items {
        let alike = |group: &&mut Vec<ApprovalView>| {
            // What is settled is history, and shown line by line.
            item.outcome.is_empty() && !item.group.is_empty() && group[0].group == item.group
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups.into_iter().flat_map(|group| rows_of(group, open)).collect()
}

fn rows_of(group: Vec<ApprovalView>, open: &BTreeSet<String>) -> Vec<Row> {
    let ids: Vec<String> = group.iter().map(|item| item.id.clone()).collect();
    let is_open = open.contains(&group[0].group);
    let shown = if is_open { group.len() } else { 1 };
    let row = |(at, item)| Row { item, group: ids.clone(), head: at == 0 && ids.len() > 1, open: is_open };
    group.into_iter().take(shown).enumerate().map(row).collect()
}

/// Whether a row is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picked {
    No,
    Some,
    All,
}

pub(super) fn picked(ids: &[String], picked: &BTreeSet<String>) -> Picked {
    match ids.iter().filter(|id| picked.contains(*id)).count() {
        0 => Picked::No,
        all if all == ids.len() => Picked::All,
        _ => Picked::Some,
    }
}

/// What may be done with what is picked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selection {
    pub(super) items: Vec<ApprovalView>,
}

impl Selection {
    /// What is picked and on the list: what is not on the screen is not decided.
    pub(super) fn of(items: Vec<ApprovalView>, picked: &BTreeSet<String>) -> Self {
        Self { items: items.into_iter().filter(|item| picked.contains(&item.id)).collect() }
    }

    /// How many are critical; each of these takes a gesture of its own.
    pub(super) fn critical(&self) -> usize {
        self.items.iter().filter(|item| item.risk == Risk::Critical).count()
    }

    /// The first, when all are alike and an always-allow is offered.
    pub(super) fn pattern(&self) -> Option<&ApprovalView> {
        let first = self.items.first()?;
        let alike = self.items.len() == 1
            || (!first.group.is_empty() && self.items.iter().all(|item| item.group == first.group));
        (alike && !crate::model::proposals(first).is_empty()).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(id: &str, group: &str, risk: &str) -> ApprovalView {
        serde_json::from_value(json!({
            "id": id, "revision": 1, "seen_digest": "", "state": "pending", "runtime": "claude-code",
            "runtime_name": "Claude Code", "session": "s", "cwd": "/p", "tool": "Bash", "kind": "shell",
            "headline": id, "body": { "show": "command", "lines": [] }, "risk": risk, "risk_summary": "",
            "signals": [], "rule": "", "permission_mode": "default", "group": group, "created_at": 0,
            "expires_at": 0, "at_deadline": "denied", "client_waiting": true,
            "proposals": [{ "index": 0, "title": "rm -rf in the project", "scopes": ["project"] }],
        }))
        .unwrap()
    }

    fn ids(rows: &[Row]) -> Vec<(&str, bool, usize)> {
        rows.iter().map(|row| (row.item.id.as_str(), row.head, row.stands_for().len())).collect()
    }

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn near_duplicates_stand_together() {
        let items = || vec![item("a", "rm", "high"), item("b", "push", "high"), item("c", "rm", "high")];
        assert_eq!(ids(&rows(items(), &set(&[]))), [("a", true, 2), ("b", false, 1)]);
        let open = rows(items(), &set(&["rm"]));
        assert_eq!(ids(&open), [("a", true, 1), ("c", false, 1), ("b", false, 1)]);
        assert_eq!(open[1].stands_for(), ["c"]);
    }

    #[test]
    fn without_a_group_nothing_is_alike() {
        let rows = rows(vec![item("a", "", "high"), item("b", "", "high")], &set(&[]));
        assert_eq!(ids(&rows), [("a", false, 1), ("b", false, 1)]);
    }

    #[test]
    fn a_group_is_picked_in_part_or_whole() {
        let group = ["a", "b"].map(str::to_owned);
        assert_eq!(picked(&group, &set(&["x"])), Picked::No);
        assert_eq!(picked(&group, &set(&["a"])), Picked::Some);
        assert_eq!(picked(&group, &set(&["a", "b"])), Picked::All);
    }

    #[test]
    fn only_what_is_alike_gets_a_pattern_and_never_what_is_critical() {
        let items = || vec![item("a", "rm", "high"), item("b", "rm", "high"), item("c", "x", "critical")];
        let pattern = |ids: &[&str]| Selection::of(items(), &set(ids)).pattern().map(|view| view.id.clone());
        assert_eq!(pattern(&["a", "b", "gone"]).as_deref(), Some("a"));
        assert_eq!(pattern(&["a", "c"]), None);
        assert_eq!(pattern(&["c"]), None);
        assert_eq!(Selection::of(items(), &set(&["a", "c"])).critical(), 1);
    }
}
