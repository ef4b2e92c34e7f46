//! The index of the log: filled behind its end, by a thread of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use clawbutler_store::search::{IndexRow, PrunedRow, SearchStore, TraceRow};
use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_store::{Read, StoreError};

use super::parts::Parts;
use super::query;
use crate::engine::lock;
use crate::{Butler, Error};

/// Entries that are put into the index in one transaction.
const BATCH: u64 = 2_000;
/// How long the thread rests when everything is in.
const REST: Duration = Duration::from_millis(400);
/// Traces kept in memory while a batch or a page is worked on.
const TRACES: usize = 10_000;

/// The index, and whose turn it is: entries are not put in while payloads are pruned, so that nobody puts in words of
/// a payload that is gone by then.
#[derive(Debug)]
pub(crate) struct Finder(pub(crate) SearchStore, Mutex<()>);

/// Knows whose traces are: from entries seen, then from the index.
#[derive(Debug)]
pub(crate) struct Whose<'a> {
    store: Option<&'a SearchStore>,
    seen: RefCell<HashMap<String, Option<(String, String)>>>,
}

impl<'a> Whose<'a> {
    pub(crate) fn new(store: Option<&'a SearchStore>) -> Self {
        Self { store, seen: RefCell::default() }
    }

    /// Takes an entry apart, and learns whose its trace is.
    pub(crate) fn parts(&self, row: &LedgerRow) -> Parts {
        let parts = Parts::of(row, |trace| self.find(trace));
        if !parts.runtime.is_empty() && !parts.session.is_empty() {
            let mut seen = self.seen.borrow_mut();
            if seen.len() >= TRACES {
                seen.clear();
            }
            seen.insert(parts.trace.clone(), Some((parts.runtime.clone(), parts.session.clone())));
        }
        parts
    }

    fn find(&self, trace: &str) -> Option<(String, String)> {
        if let Some(found) = self.seen.borrow().get(trace) {
            return found.clone();
        }
        let found = self.store.and_then(|store| store.trace(trace).ok().flatten());
        if found.is_some() {
            self.seen.borrow_mut().insert(trace.to_owned(), found.clone());
        }
        found
    }
}

impl Finder {
    pub(crate) fn new(store: SearchStore) -> Self {
        Self(store, Mutex::new(()))
    }

    /// Held while payloads are pruned.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        lock(&self.1)
    }

    /// Takes the words of entries out whose payloads the retention run `name` is about to prune, oldest first; what
    /// their headers say stays. An index that cannot do it is emptied and filled again from the log. The caller holds
    /// [`Self::turn`].
    pub(crate) fn forget(&self, name: u64, rows: &[LedgerRow]) -> Result<(), Error> {
        let Some(last) = rows.last() else { return Ok(()) };
        let (indexed, _) = self.0.cursor()?;
        let done = self.0.pruned_upto(name)?;
        let whose = Whose::new(Some(&self.0));
        let words = |row: &LedgerRow| query::indexed_words(&whose.parts(row));
        let due = rows.iter().filter(|row| row.seq <= indexed && row.seq > done);
        let due: Vec<_> = due
            .map(|row| PrunedRow {
                seq: row.seq,
                before: words(row),
                after: words(&LedgerRow { payload: None, ..row.clone() }),
            })
            .collect();
        match self.0.prune(name, last.seq.min(indexed).max(done), &due) {
            Err(StoreError::Sqlite(error)) => {
                tracing::warn!(%error, "the search index is filled again");
                Ok(self.0.clear()?)
            }
            other => Ok(other?),
        }
    }

    /// One bounded step of cleaning up behind [`Self::forget`]; `false`: nothing is left.
    pub(crate) fn merge(&self) -> Result<bool, Error> {
        Ok(self.0.merge()?)
    }

    /// Puts the next entries into the index, oldest first. Returns how many; 0: everything is in.
    pub(crate) fn step(&self, read: impl FnOnce(u64) -> Result<Vec<LedgerRow>, StoreError>) -> Result<usize, Error> {
        let _turn = self.turn();
        let (seq, hash) = self.0.cursor()?;
        // The entry at the cursor comes along: a log with another one there is another log.
        let mut rows = read(seq)?;
        if seq > 0 {
            let same = rows.first().is_some_and(|row| row.seq == seq && row.hash_hex() == hash);
            if !same {
                self.0.clear()?;
                return Ok(1);
            }
            rows.remove(0);
        }
        let Some(last) = rows.last() else { return Ok(0) };
        let whose = Whose::new(Some(&self.0));
        let (mut index, mut traces) = (Vec::with_capacity(rows.len()), HashMap::new());
        for row in &rows {
            let parts = whose.parts(row);
            index.push(IndexRow { seq: row.seq, at: row.at, words: query::indexed_words(&parts) });
            if !parts.runtime.is_empty() && !parts.session.is_empty() {
                traces.insert(parts.trace, (parts.runtime, parts.session));
            }
        }
        let traces: Vec<_> =
            traces.into_iter().map(|(trace, (runtime, session))| TraceRow { trace, runtime, session }).collect();
        self.0.add(&index, &traces, &last.hash_hex())?;
        Ok(rows.len())
    }
}

/// The entry at `seq` and those behind it, oldest first.
pub(crate) fn following(read: &Read<'_>, seq: u64) -> Result<Vec<LedgerRow>, StoreError> {
    span(read, seq.max(1), read.ledger_len()?.min(seq + BATCH))
}

/// Entries from `low` to `high`, oldest first; the caller bounds their number.
pub(crate) fn span(read: &Read<'_>, low: u64, high: u64) -> Result<Vec<LedgerRow>, StoreError> {
    if low > high {
        return Ok(Vec::new());
    }
    let count = u32::try_from(high - low + 1).unwrap_or(u32::MAX);
    let mut rows = read.ledger_page(high + 1, count)?;
    rows.retain(|row| row.seq >= low);
    rows.reverse();
    Ok(rows)
}

impl Butler {
    /// Puts everything into the index that is not in it yet; the engine's own thread does so by itself. Returns how
    /// many entries were added.
    pub fn index_audit(&self) -> Result<u64, Error> {
        let mut added = 0;
        loop {
            match self.0.finder.step(|seq| self.0.store.read(|read| following(read, seq)))? {
                0 => return Ok(added),
                some => added += some as u64,
            }
        }
    }

    /// Starts the thread that fills the index; it ends with the engine.
    pub(crate) fn start_index(&self) -> std::io::Result<std::thread::JoinHandle<()>> {
        let butler = self.clone();
        std::thread::Builder::new().name("butler-search".into()).spawn(move || {
            while !butler.stopping() {
                match butler.0.finder.step(|seq| butler.0.store.read(|read| following(read, seq))) {
                    Ok(0) => std::thread::sleep(REST),
                    Ok(_) => {}
                    Err(Error(error)) => {
                        tracing::error!(message = %error.message, "the search index could not be filled");
                        std::thread::sleep(REST * 10);
                    }
                }
            }
        })
    }
}
