//! Walking through the entries that match, in either direction, within a time.

use std::borrow::Cow;
use std::path::Path;

use clawbutler_core::limits::PAGE_ROWS;
use clawbutler_store::search::{HELD, SearchStore, held};
use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_store::{Read, Store, StoreError};
use clawbutler_wire::Seq;
use clawbutler_wire::audit_search::{AuditFilter, MatchCount, SearchAudit, SearchPage};

use super::index::{Whose, span};
use super::parts::Parts;
use super::query::Query;
use crate::{Butler, Error, audit};

/// Time for one page (ms); what is not found by then is looked for with the next request.
const PAGE_MS: u64 = 40;
/// Time for counting (ms); what is not counted by then is told as more.
const COUNT_MS: u64 = 40;
/// Counted exactly up to here.
pub(crate) const COUNTED: u64 = 10_000;
/// Stretches of one time that are told apart: the clock jumps seldom.
const STRETCHES: usize = 256;
/// Entries read at once where the index does not help.
const CHUNK: u64 = 256;
/// Entries at most that the index names at once where they are read to be told apart.
const READ: usize = 1_024;
/// Entries the index looks at between two looks at the clock, at first and at least: within one call of it nothing
/// can be interrupted.
const FIRST_WINDOW: u64 = HELD[0];
const LEAST_WINDOW: u64 = 2 * 1_024;
/// At most.
const WINDOW: u64 = 256 * 1_024;
/// At most for counting.
const COUNT_WINDOW: u64 = 16 * WINDOW;

/// Entries to look at next, so that half of what is left of the time would do. `spent` and `left` in ms.
fn paced(window: u64, spent: u64, left: u64, most: u64) -> u64 {
    let next = if spent == 0 { window * 2 } else { window.saturating_mul(left) / (spent * 2) };
    next.clamp(LEAST_WINDOW, most.min(window * 2))
}

/// Entries of one block of the index to look at next where lists are compared.
fn block(window: u64) -> u64 {
    HELD.into_iter().rev().find(|size| *size <= window).unwrap_or(HELD[0])
}

/// Time without end, for those who have it.
pub(crate) fn no_hurry() -> u64 {
    u64::MAX
}

/// A search under way.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    query: &'a Query,
    expression: String,
    /// The index is asked block by block, or nothing would end what compares lists that never meet.
    by_block: bool,
    index: Option<&'a SearchStore>,
    whose: Whose<'a>,
    /// Entries in the index.
    pub(crate) indexed: u64,
    /// Stretches of the index that can be of the time that is looked for, oldest first.
    within: Vec<(u64, u64)>,
}

/// Entries that match, and the last place looked at when there were too many.
type Looked = (Vec<(LedgerRow, Parts)>, Option<u64>);

/// What one stretch of the way found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) rows: Vec<(LedgerRow, Parts)>,
    /// The last entry looked at, when the way was not finished.
    pub(crate) stopped_at: Option<u64>,
}

impl<'a> Walk<'a> {
    /// Prepares a search; without an index every entry is looked at.
    pub(crate) fn new(query: &'a Query, index: Option<&'a SearchStore>) -> Result<Self, StoreError> {
        let indexed = index.map_or(Ok(0), |index| index.cursor().map(|(seq, _)| seq))?;
        let within = match index {
            Some(index) if query.from.is_some() || query.until.is_some() => {
                index.times(query.from.unwrap_or(i64::MIN), query.until.unwrap_or(i64::MAX), STRETCHES)?
            }
            _ => vec![(1, indexed)],
        };
        let (expression, by_block) = (query.expression(), query.compares_lists());
        Ok(Self { query, expression, by_block, index, whose: Whose::new(index), indexed, within })
    }

    /// Prepares a search that looks at every entry, whatever the index says: it is asked only whose a trace is.
    pub(crate) fn of_every_entry(query: &'a Query, index: Option<&'a SearchStore>) -> Self {
        let whose = Whose::new(index);
        let (expression, within) = (String::new(), Vec::new());
        Self { query, expression, by_block: false, index: None, whose, indexed: 0, within }
    }

    /// Entries from `low` to `high` that match, at most `limit`, newest or oldest first. `left` tells the time that is
    /// left (ms), before the first step and after each; at 0 the way ends where it is.
    pub(crate) fn stretch(
        &self,
        read: &Read<'_>,
        (low, high): (u64, u64),
        newest_first: bool,
        limit: usize,
        mut left: impl FnMut() -> u64,
    ) -> Result<Found, StoreError> {
        let (mut low, mut high) = (low.max(1), high);
        let (mut window, mut before) = (FIRST_WINDOW, left());
        let mut found = Found::default();
        if newest_first {
            self.learn(read, low, high)?;
        }
        while low <= high {
            let (from, to) = self.window(low, high, newest_first, window);
            let mut done_to = if newest_first { from } else { to };
            if from <= to {
                let (rows, full) = self.look(read, (from, to), newest_first, limit - found.rows.len())?;
                if let Some(seq) = full {
                    done_to = seq;
                }
                found.rows.extend(rows);
            }
            if newest_first {
                if done_to == 0 {
                    break;
                }
                high = done_to - 1;
            } else {
                low = done_to + 1;
            }
            if low > high {
                break;
            }
            let now = left();
            if found.rows.len() >= limit || now == 0 {
                found.stopped_at = Some(done_to);
                break;
            }
            window = paced(window, before.saturating_sub(now), now, WINDOW);
            before = now;
        }
        Ok(found)
    }

    /// The part of the way that is looked at next; empty (`from > to`) where nothing can match.
    fn window(&self, low: u64, high: u64, newest_first: bool, window: u64) -> (u64, u64) {
        let size = if self.query.is_plain() { CHUNK } else { self.size(window) };
        if newest_first {
            if high > self.indexed {
                return (low.max(self.indexed + 1).max(high.saturating_sub(CHUNK - 1)), high);
            }
            let next = self.within.iter().rev().find(|(first, last)| *first <= high && low <= *last);
            let Some(&(first, last)) = next else { return (low, 0) };
            let high = high.min(last);
            (low.max(first).max(self.low_of(high, size)), high)
        } else {
            if low > self.indexed {
                return (low, high.min(low + CHUNK - 1));
            }
            let end = high.min(self.indexed);
            let next = self.within.iter().find(|(first, last)| low <= *last && *first <= end);
            let Some(&(first, last)) = next else { return (end + 1, end) };
            let low = low.max(first);
            let upto = if self.by_block { low - low % block(size) + block(size) } else { low + size };
            (low, end.min(last).min(upto - 1))
        }
    }

    /// How much is asked for at once where `window` is wanted.
    fn size(&self, window: u64) -> u64 {
        if self.query.is_beginning() { self.indexed.max(1) } else { window }
    }

    /// Where the window that ends with `high` begins.
    fn low_of(&self, high: u64, size: u64) -> u64 {
        if self.by_block { high - high % block(size) } else { high.saturating_sub(size - 1) }
    }

    /// The expression for one window.
    fn within_window(&self, low: u64, high: u64) -> Cow<'_, str> {
        let size = HELD.into_iter().find(|size| low / size == high / size).filter(|_| self.by_block);
        size.map_or(Cow::Borrowed(&self.expression), |size| Cow::Owned(held(&self.expression, size, low)))
    }

    /// Matches in one window.
    fn look(
        &self,
        read: &Read<'_>,
        (from, to): (u64, u64),
        newest_first: bool,
        limit: usize,
    ) -> Result<Looked, StoreError> {
        let mut found = Vec::new();
        if self.query.is_plain() || to > self.indexed {
            let mut rows = span(read, from, to)?;
            if newest_first {
                rows.reverse();
            }
            for row in rows {
                let parts = self.whose.parts(&row);
                let seq = row.seq;
                if self.query.matches(&parts) {
                    found.push((row, parts));
                    if found.len() == limit {
                        return Ok((found, Some(seq)));
                    }
                }
            }
            return Ok((found, None));
        }
        let Some(index) = self.index else { return Ok((found, None)) };
        // Of those that are read to be told apart few may be meant, and asking the index anew has its price.
        let reads = self.query.reads_entries();
        let most = if reads { limit.max(READ) } else { limit };
        let asked = u32::try_from(most).unwrap_or(u32::MAX);
        let mut places = index.matching(&self.within_window(from, to), (from, to), newest_first, asked)?;
        let full = places.last().copied().filter(|_| places.len() >= most);
        if reads {
            read.ledger_retain(&mut places, |facts| self.query.may_match(facts))?;
        }
        for seq in places {
            for row in read.ledger_page(seq + 1, 1)? {
                let parts = self.whose.parts(&row);
                if row.seq == seq && self.query.matches(&parts) {
                    found.push((row, parts));
                    if found.len() == limit {
                        return Ok((found, Some(seq)));
                    }
                }
            }
        }
        Ok((found, full))
    }

    /// Whose the newest traces are: their first entries tell, and later ones are looked at first.
    fn learn(&self, read: &Read<'_>, low: u64, high: u64) -> Result<(), StoreError> {
        let low = low.max(self.indexed + 1).max(high.saturating_sub(CHUNK * 8));
        for row in span(read, low, high)? {
            self.whose.parts(&row);
        }
        Ok(())
    }

    /// How many match, as far as the time goes (`left`, ms).
    pub(crate) fn count(&self, read: &Read<'_>, mut left: impl FnMut() -> u64) -> Result<MatchCount, StoreError> {
        let total = read.ledger_len()?;
        if self.query.is_plain() && !self.query.is_loose() {
            return Ok(MatchCount { entries: Seq(total), more: false, exact: true });
        }
        let (mut entries, mut more) = (0, false);
        if let Some(index) = self.index {
            (entries, more) = self.count_indexed(index, &mut left)?;
        }
        if !more && entries <= COUNTED {
            let most = usize::try_from(COUNTED + 1 - entries).unwrap_or(usize::MAX);
            let mut rounds = 0;
            let tail = self.stretch(read, (self.indexed + 1, total), true, most, || {
                rounds += 1;
                if rounds <= 40 { left() } else { 0 }
            })?;
            entries += tail.rows.len() as u64;
            more = tail.stopped_at.is_some();
        }
        let more = more || entries > COUNTED;
        Ok(MatchCount { entries: Seq(entries.min(COUNTED)), more, exact: !self.query.is_loose() })
    }

    /// Matches in the index, newest first, and whether there may be more.
    fn count_indexed(&self, index: &SearchStore, left: &mut impl FnMut() -> u64) -> Result<(u64, bool), StoreError> {
        let mut entries = 0;
        let (mut window, mut before) = (FIRST_WINDOW, left());
        for &(first, last) in self.within.iter().rev() {
            let mut high = last.min(self.indexed);
            while first <= high {
                let low = first.max(self.low_of(high, self.size(window)));
                entries += index.count(&self.within_window(low, high), (low, high), COUNTED + 1 - entries)?;
                let now = left();
                if entries > COUNTED || now == 0 {
                    return Ok((entries, entries > COUNTED || low > first));
                }
                window = paced(window, before.saturating_sub(now), now, COUNT_WINDOW);
                (before, high) = (now, low.saturating_sub(1));
                if low == 0 {
                    break;
                }
            }
        }
        Ok((entries, false))
    }
}

impl Butler {
    /// A page of the entries that match.
    pub fn search_audit(&self, request: SearchAudit) -> Result<SearchPage, Error> {
        let (page, count) = (self.time(PAGE_MS), || self.time(COUNT_MS));
        self.0.store.read(|read| search(read, Some(&self.0.finder.0), &request, page, count))
    }

    /// Time that begins to pass now (ms).
    fn time(&self, length: u64) -> impl FnMut() -> u64 {
        let started = self.0.ports.clock.steady_ms();
        move || length.saturating_sub(self.0.ports.clock.steady_ms().saturating_sub(started))
    }

    /// A page of the entries that match, of a database that no engine needs to run for; with the index as it is.
    pub fn search_file(database: &Path, index: &Path, request: &SearchAudit) -> Result<SearchPage, Error> {
        let index = SearchStore::read_only(index).ok();
        Store::read_only(database, |read| search(read, index.as_ref(), request, no_hurry, || no_hurry))
    }

    /// How many entries match.
    pub(crate) fn count_matches(&self, filter: &AuditFilter) -> Result<MatchCount, Error> {
        let query = Query::of(filter)?;
        let walk = Walk::new(&query, Some(&self.0.finder.0))?;
        Ok(self.0.store.read(|read| walk.count(read, self.time(COUNT_MS)))?)
    }
}

fn search<T: FnMut() -> u64>(
    read: &Read<'_>,
    index: Option<&SearchStore>,
    request: &SearchAudit,
    page: impl FnMut() -> u64,
    count: impl FnOnce() -> T,
) -> Result<SearchPage, Error> {
    let limit = usize::try_from(request.limit.unwrap_or(100)).unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS);
    if request.before.is_some() && request.after.is_some() {
        return Err(Error::bad("A page is before or after an entry, not both."));
    }
    let query = Query::of(&request.filter)?;
    let walk = Walk::new(&query, index)?;
    let total = read.ledger_len()?;
    let high = request.before.map_or(total, |seq| seq.0.saturating_sub(1).min(total));
    let low = request.after.map_or(1, |seq| seq.0.saturating_add(1));
    let newest_first = request.after.is_none();
    let found = walk.stretch(read, (low, high), newest_first, limit, page)?;
    let full = found.rows.len() >= limit;
    let mut items: Vec<_> = found.rows.iter().map(|(row, _)| audit::entry_view(row)).collect();
    if !newest_first {
        items.reverse();
    }
    let ahead = found.stopped_at.map(Seq);
    let (first, last) = (items.first().map(|item| item.seq), items.last().map(|item| item.seq));
    let (older, newer) = if newest_first {
        (ahead, request.before.and(first.or(request.before.map(|seq| Seq(seq.0.saturating_sub(1))))))
    } else {
        (last.or(request.after.map(|seq| Seq(seq.0.saturating_add(1)))), ahead)
    };
    let count = if request.count { Some(walk.count(read, count())?) } else { None };
    Ok(SearchPage {
        items,
        older,
        newer,
        count,
        searched_to: ahead.filter(|_| !full),
        indexed: Seq(walk.indexed.min(total)),
    })
}
