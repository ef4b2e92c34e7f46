//! The audit log recomputed from its rows: blocks of it on several threads, and entry by entry where something is known
//! of one or a block does not hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};

use clawbutler_ledger::retention::TELLING;
use clawbutler_ledger::{
    BLOCK_LEVEL, Block, Columns, Found, GENESIS, Hash, Report, Retention, Source, Stored, Trust, Verifier,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::open::connect;
use crate::table::tree;
use crate::{Read, StoreError};

/// Entries of a block.
const BLOCK: u64 = 1 << BLOCK_LEVEL;
/// Threads at most.
const THREADS: usize = 4;
/// Blocks below which threads are not worth their start.
const FEW: u64 = 8;

impl Read<'_> {
    /// Recomputes the whole log: chain, tree, payloads, columns, the database's own checkpoints and those of
    /// `trust`. A few entries in memory at a time. `progress` is told entries done and entries in all.
    pub fn ledger_verify(&self, trust: &Trust, mut progress: impl FnMut(u64, u64)) -> Result<Report, StoreError> {
        let mut trust = trust.clone();
        let notes = self.checkpoints()?;
        if trust.keys.is_empty() {
            // Nothing outside says whose signature counts, and the database cannot vouch for itself.
            trust.gone |= !notes.is_empty();
        } else {
            trust.notes.extend(notes.into_iter().map(|note| Found { source: Source::Database, note }));
        }
        let total = self.ledger_len()?;
        let retention = self.retention()?;
        let mut verifier = Verifier::new(&trust, retention.clone());
        let path = self.0.path().filter(|path| !path.is_empty()).map(PathBuf::from);
        if let Some(path) = path.filter(|_| total >= FEW * BLOCK) {
            self.in_blocks(&path, &retention, total, &mut verifier, &mut progress)?;
        }
        self.one_by_one(&mut verifier, u64::MAX, |done| progress(done, total))?;
        Ok(verifier.report())
    }

    /// Takes whole blocks as threads finish them, in order. Ends at the first that does not hold.
    fn in_blocks(
        &self,
        path: &Path,
        retention: &Retention,
        total: u64,
        verifier: &mut Verifier,
        progress: &mut impl FnMut(u64, u64),
    ) -> Result<(), StoreError> {
        let blocks = total / BLOCK;
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
        let due: Vec<bool> = (0..blocks).map(|block| verifier.is_due(block * BLOCK)).collect();
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let sender = sender.clone();
                let (next, stop, due) = (&next, &stop, &due);
                scope.spawn(move || {
                    // A connection that cannot be opened leaves the work to others, in the end to the caller.
                    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= blocks || stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let skipped = due.get(usize::try_from(number).unwrap_or(usize::MAX)).copied().unwrap_or(true);
                        let block = connection.as_ref().filter(|_| !skipped);
                        let block =
                            block.and_then(|connection| whole_block(connection, number, retention).ok().flatten());
                        if sender.send((number, block)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let done = self.joined(verifier, receiver, blocks, |done| progress(done, total));
            stop.store(true, Ordering::Relaxed);
            done
        })
    }

    fn joined(
        &self,
        verifier: &mut Verifier,
        receiver: Receiver<(u64, Option<Block>)>,
        blocks: u64,
        mut progress: impl FnMut(u64),
    ) -> Result<(), StoreError> {
        let mut early = BTreeMap::new();
        let mut number = 0;
        while number < blocks {
            let Some(block) = early.remove(&number) else {
                // Nobody is left who could send it.
                let Ok((number, block)) = receiver.recv() else { return Ok(()) };
                early.insert(number, block);
                continue;
            };
            let joined = block
                .is_some_and(|block| verifier.join(&block, |level, index, node| self.is_stored(level, index, node)));
            number += 1;
            if !joined && !self.one_by_one(verifier, number * BLOCK, |_| ())? {
                return Ok(());
            }
            progress(number * BLOCK);
        }
        Ok(())
    }

    fn is_stored(&self, level: u32, index: u64, node: &Hash) -> bool {
        level < tree::STORED || tree::stored(self.0, level, index).is_ok_and(|stored| stored.as_ref() == Some(node))
    }

    /// Goes on entry by entry up to `until`; `false` when one does not hold.
    fn one_by_one(
        &self,
        verifier: &mut Verifier,
        until: u64,
        mut progress: impl FnMut(u64),
    ) -> Result<bool, StoreError> {
        let after = verifier.entries();
        let sql = "SELECT seq, at, kind, trace, span, hash, body, payload FROM ledger WHERE seq > ? AND seq <= ? ORDER BY seq";
        let mut statement = self.0.prepare_cached(sql)?;
        // What an attacker numbered below one is read too.
        let after = if after == 0 { i64::MIN } else { i64::try_from(after).unwrap_or(i64::MAX) };
        let mut rows = statement.query(params![after, i64::try_from(until).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let Some(stored) = stored(row) else {
                verifier.unreadable();
                return Ok(false);
            };
            if !verifier.push(&stored, |level, index, node| self.is_stored(level, index, node)) {
                return Ok(false);
            }
            if verifier.entries().is_multiple_of(BLOCK) {
                progress(verifier.entries());
            }
        }
        progress(verifier.entries());
        Ok(true)
    }

    fn retention(&self) -> Result<Retention, StoreError> {
        let mut retention = Retention::default();
        // Most logs were never pruned: no scan for those.
        let any = "SELECT EXISTS (SELECT 1 FROM ledger WHERE kind = 'audit.pruned')";
        if !self.0.prepare_cached(any)?.query_row([], |row| row.get::<_, bool>(0))? {
            return Ok(retention);
        }
        let kinds = TELLING.map(|kind| format!("'{}'", kind.text())).join(",");
        let sql = format!("SELECT seq, body, payload FROM ledger WHERE kind IN ({kinds}) ORDER BY seq");
        let mut statement = self.0.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            retention.see(row.get(0)?, row.get_ref(1)?.as_str().unwrap_or_default(), row.get_ref(2)?.as_str().ok());
        }
        Ok(retention)
    }
}

/// A block by itself; `None` when it does not hold.
fn whole_block(connection: &Connection, number: u64, retention: &Retention) -> Result<Option<Block>, StoreError> {
    let before = number * BLOCK;
    let prev = connection
        .prepare_cached("SELECT hash FROM ledger WHERE seq = ?")?
        .query_row([before], |row| row.get(0))
        .optional()?;
    let prev: Hash = if before == 0 { GENESIS } else { prev.unwrap_or(GENESIS) };
    let mut verifier = Verifier::block(before, prev, retention.clone());
    let sql =
        "SELECT seq, at, kind, trace, span, hash, body, payload FROM ledger WHERE seq > ? AND seq <= ? ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![
        if before == 0 { i64::MIN } else { i64::try_from(before).unwrap_or(i64::MAX) },
        before + BLOCK
    ])?;
    while let Some(row) = rows.next()? {
        let holds = stored(row).is_some_and(|stored| {
            verifier.push(&stored, |level, index, node| {
                let first = before >> level;
                level < tree::STORED
                    || tree::stored(connection, level, first + index).is_ok_and(|stored| stored.as_ref() == Some(node))
            })
        });
        if !holds {
            return Ok(None);
        }
    }
    Ok(verifier.into_block())
}

/// The row without copying it; `None` when a value is not of its column's type or not UTF-8.
fn stored<'a>(row: &'a rusqlite::Row<'_>) -> Option<Stored<'a>> {
    let text = |at: usize| row.get_ref(at).ok()?.as_str().ok();
    let payload = match row.get_ref(7).ok()? {
        ValueRef::Null => None,
        value => Some(value.as_str().ok()?),
    };
    Some(Stored {
        seq: row.get(0).ok()?,
        prev: None,
        hash: row.get_ref(5).ok()?.as_blob().ok()?.try_into().ok()?,
        body: text(6)?,
        payload,
        columns: Some(Columns { at: row.get(1).ok()?, kind: text(2)?, trace: text(3)?, span: text(4)? }),
    })
}
