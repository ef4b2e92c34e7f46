//! The part of the log that is on the screen: a bounded run of entries, newest first.

use clawbutler_wire::Seq;
use clawbutler_wire::audit::EntryView;
use clawbutler_wire::audit_search::{MatchCount, SearchPage};

/// Entries kept on the screen at most.
pub(super) const KEPT: usize = 400;
/// Entries that fill a screen: with fewer, a search that its time stopped goes on by itself.
const SCREEN: usize = 30;
/// Entries fetched at once.
pub(super) const PAGE: u32 = 100;

/// What is shown, and where it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rows {
    /// Newest first.
    pub(super) items: Vec<EntryView>,
    pub(super) older: Option<Seq>,
    /// Absent at the newest entry.
    pub(super) newer: Option<Seq>,
    /// The time for a page was over before it was full: everything down to here was looked at.
    pub(super) searched_to: Option<Seq>,
    pub(super) count: Option<MatchCount>,
    /// Everything older was looked at, or is still to be: what comes is behind it.
    pub(super) seen: Seq,
}

impl Rows {
    pub(super) fn first(page: SearchPage) -> Self {
        let SearchPage { items, older, newer, count, searched_to, indexed } = page;
        Self { items, older, newer, searched_to, count, seen: indexed }
    }

    /// Takes in the page below; what is over the bound falls off above.
    pub(super) fn add_older(&mut self, page: SearchPage) {
        let last = self.items.last().map_or(Seq(u64::MAX), |entry| entry.seq);
        self.items.extend(page.items.into_iter().filter(|entry| entry.seq < last));
        (self.older, self.searched_to) = (page.older, page.searched_to);
        let over = self.items.len().saturating_sub(KEPT);
        if over > 0 {
            self.items.drain(..over);
            self.newer = self.items.first().map(|entry| entry.seq);
        }
    }

    /// Takes in the page above; what is over the bound falls off below.
    pub(super) fn add_newer(&mut self, page: SearchPage) {
        let first = self.items.first().map_or(Seq(0), |entry| entry.seq);
        let above: Vec<EntryView> = page.items.into_iter().filter(|entry| entry.seq > first).collect();
        if let Some(count) = self.count.as_mut().filter(|count| !count.more && self.newer.is_none()) {
            count.entries.0 += above.len() as u64;
        }
        let below = std::mem::replace(&mut self.items, above);
        self.items.extend(below);
        self.newer = page.newer;
        self.seen = self.seen.max(page.indexed);
        if self.items.len() > KEPT {
            self.items.truncate(KEPT);
            self.older = self.items.last().map(|entry| entry.seq);
            self.searched_to = None;
        }
    }

    /// Where newer entries begin.
    pub(super) fn top(&self) -> Option<Seq> {
        self.items.first().map(|entry| entry.seq)
    }

    /// Whether the time for a page was over before there was a screen full of entries.
    pub(super) fn is_short(&self) -> bool {
        self.searched_to.is_some() && self.items.len() < SCREEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: u64) -> EntryView {
        let entry = serde_json::json!({
            "seq": seq.to_string(), "at": 0, "kind": "", "actor": "", "says": "", "trace": "", "span": "", "data": null, "hash": "",
        });
        serde_json::from_value(entry).expect("an entry")
    }

    fn page(seqs: impl Iterator<Item = u64>, older: Option<u64>, newer: Option<u64>) -> SearchPage {
        SearchPage {
            items: seqs.map(entry).collect(),
            older: older.map(Seq),
            newer: newer.map(Seq),
            count: None,
            searched_to: None,
            indexed: Seq(0),
        }
    }

    fn ends(rows: &Rows) -> (usize, Option<u64>, Option<u64>, Option<u64>, Option<u64>) {
        let seq = |entry: Option<&EntryView>| entry.map(|entry| entry.seq.0);
        (
            rows.items.len(),
            seq(rows.items.first()),
            seq(rows.items.last()),
            rows.newer.map(|seq| seq.0),
            rows.older.map(|seq| seq.0),
        )
    }

    #[test]
    fn the_window_is_bounded_and_moves_both_ways() {
        let mut rows = Rows::first(page((901..=1_000).rev(), Some(901), None));
        for last in [801, 701, 601, 501] {
            rows.add_older(page((last..last + 100).rev(), Some(last), None));
        }
        assert_eq!(ends(&rows), (400, Some(900), Some(501), Some(900), Some(501)));
        rows.add_newer(page((901..=1_000).rev(), None, None));
        assert_eq!(ends(&rows), (400, Some(1_000), Some(601), None, Some(601)));
        let seqs: Vec<u64> = rows.items.iter().map(|entry| entry.seq.0).collect();
        assert!(seqs.is_sorted_by(|above, below| above > below));
    }

    #[test]
    fn a_page_that_is_there_already_adds_nothing() {
        let mut rows = Rows::first(page([3, 2].into_iter(), None, None));
        rows.add_newer(page([4, 3].into_iter(), None, None));
        rows.add_older(page([2, 1].into_iter(), None, None));
        assert_eq!(ends(&rows), (4, Some(4), Some(1), None, None));
        let counted = MatchCount { entries: Seq(3), more: false, exact: true };
        let mut rows = Rows { count: Some(counted), ..Rows::first(page([3, 2].into_iter(), None, None)) };
        rows.add_newer(page([5, 4, 3].into_iter(), None, None));
        assert_eq!(rows.count.map(|count| count.entries), Some(Seq(5)), "what came is counted");
        let mut none = Rows::first(page([].into_iter(), None, None));
        none.add_newer(SearchPage { indexed: Seq(9), ..page([1].into_iter(), None, None) });
        assert_eq!((none.top(), none.seen), (Some(Seq(1)), Seq(9)));
    }

    #[test]
    fn a_search_goes_on_until_a_screen_is_full() {
        let stopped = |from: u64, until: u64| SearchPage {
            searched_to: Some(Seq(from)),
            ..page((from..until).rev(), Some(from), None)
        };
        let mut rows = Rows::first(stopped(90, 90));
        assert!(rows.is_short());
        rows.add_older(stopped(70, 90));
        assert!(rows.is_short());
        rows.add_older(stopped(50, 70));
        assert!(!rows.is_short(), "enough to look at");
        assert!(!Rows::first(page([].into_iter(), None, None)).is_short(), "the log ends");
    }
}
