//! The search index of the audit log, in a database of its own: appending never waits for it.
//!
//! Nothing in it is the only copy: a file that cannot be opened, or one of another version, is deleted and filled
//! again from the log. It holds words and positions only, never the text.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior, params};

use crate::StoreError;
use crate::open::connect;

/// Grows with every change of the schema or of how words are taken from entries.
const VERSION: i64 = 3;
/// Entries whose times are kept as one range.
const BLOCK: u64 = 1_024;
/// Entries that carry one word together, so that a search can be held among them; smallest first.
pub const HELD: [u64; 2] = [8 * 1_024, 128 * 1_024];

const SCHEMA: &str = "
CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, detail=none, tokenize=\"ascii tokenchars ':'\");
CREATE TABLE cursor (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TABLE blocks (block INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL) STRICT;
CREATE TABLE pruned (one INTEGER PRIMARY KEY CHECK (one = 1), run INTEGER NOT NULL, upto INTEGER NOT NULL) STRICT;
CREATE TABLE traces (trace TEXT PRIMARY KEY, runtime TEXT NOT NULL, session TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

/// The word that the entries around `seq` carry together, of those in blocks of `size`. No word of a caller begins with
/// a digit and has a `:`.
fn block_word(size: u64, seq: u64) -> String {
    format!("{}:{}", size.trailing_zeros(), seq / size)
}

/// The words as they are put in, with those of the blocks the entry is in.
fn held_words(seq: u64, words: &str) -> String {
    HELD.iter().fold(words.to_owned(), |mut words, size| {
        words.push(' ');
        words.push_str(&block_word(*size, seq));
        words
    })
}

/// An FTS5 expression held among the entries that are in one block of `size` (one of [`HELD`]) with `seq`.
///
/// FTS5 ends a search at a bound of `rowid` only when it comes upon a match behind it: two words that meet nowhere, or
/// a word that an exclusion takes away everywhere, are followed to the ends of their lists, and nothing can interrupt
/// that. A conjunction ends with the shortest of its lists, and a block's list is short.
pub fn held(expression: &str, size: u64, seq: u64) -> String {
    format!("\"{}\" AND ({expression})", block_word(size, seq))
}

/// The words of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    pub seq: u64,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Words, separated by spaces: letters and digits in lower case, or one `:` in a word of the caller's own.
    pub words: String,
}

/// An entry whose payload is pruned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunedRow {
    pub seq: u64,
    /// Its words as they were added.
    pub before: String,
    /// The words that are left.
    pub after: String,
}

/// Whose trace it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceRow {
    pub trace: String,
    pub runtime: String,
    pub session: String,
}

/// The index.
#[derive(Debug)]
pub struct SearchStore {
    /// Closed first, as in the store of sessions.
    reader: Mutex<Connection>,
    writer: Mutex<Connection>,
}

impl SearchStore {
    /// Opens or creates it; what cannot be used is replaced by an empty one.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        match Self::try_open(path) {
            Ok(Some(store)) => Ok(store),
            Ok(None) | Err(StoreError::Sqlite(_) | StoreError::Locked) => {
                for end in ["db", "db-wal", "db-shm"] {
                    match std::fs::remove_file(path.with_extension(end)) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                        Ok(()) | Err(_) => {}
                    }
                }
                Self::try_open(path)?
                    .ok_or_else(|| StoreError::Io(std::io::Error::other("the new search index has another version")))
            }
            Err(error) => Err(error),
        }
    }

    fn try_open(path: &Path) -> Result<Option<Self>, StoreError> {
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "NORMAL")?;
        writer.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match transaction.query_row("PRAGMA user_version", [], |row| row.get(0))? {
            VERSION => {}
            0 => {
                transaction.execute_batch(SCHEMA)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
            }
            _ => return Ok(None),
        }
        transaction.commit()?;
        let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Some(Self { reader: Mutex::new(reader), writer: Mutex::new(writer) }))
    }

    /// Opens one that another process fills, for reading only.
    pub fn read_only(path: &Path) -> Result<Self, StoreError> {
        let open = || connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let store = Self { reader: Mutex::new(open()?), writer: Mutex::new(open()?) };
        let found: i64 = lock(&store.reader).query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match found {
            VERSION => Ok(store),
            found => Err(StoreError::Newer { found, known: VERSION }),
        }
    }

    /// Sequence number and hash of the last entry in the index; 0 when it is empty.
    pub fn cursor(&self) -> Result<(u64, String), StoreError> {
        let sql = "SELECT seq, hash FROM cursor";
        let found = lock(&self.reader).query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(found.unwrap_or_default())
    }

    /// Adds entries behind the cursor, in their order, and moves it to the last, whose hash is `hash`.
    pub fn add(&self, rows: &[IndexRow], traces: &[TraceRow], hash: &str) -> Result<(), StoreError> {
        let Some(last) = rows.last() else { return Ok(()) };
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut word = transaction.prepare_cached("INSERT INTO words (rowid, text) VALUES (?, ?)")?;
            let mut block = transaction.prepare_cached(
                "INSERT INTO blocks (block, low, high) VALUES (?1, ?2, ?2) ON CONFLICT (block) DO UPDATE \
                 SET low = min(low, excluded.low), high = max(high, excluded.high)",
            )?;
            for row in rows {
                word.execute(params![row.seq, held_words(row.seq, &row.words)])?;
                block.execute(params![row.seq / BLOCK, row.at])?;
            }
            let mut trace = transaction.prepare_cached("INSERT OR IGNORE INTO traces VALUES (?, ?, ?)")?;
            for row in traces {
                trace.execute(params![row.trace, row.runtime, row.session])?;
            }
        }
        let sql = "INSERT INTO cursor VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE \
                   SET seq = excluded.seq, hash = excluded.hash";
        transaction.execute(sql, params![last.seq, hash])?;
        transaction.commit()?;
        Ok(())
    }

    /// How far the index followed a retention run: the last entry it took words out of; 0 where it did not begin.
    pub fn pruned_upto(&self, run: u64) -> Result<u64, StoreError> {
        let sql = "SELECT upto FROM pruned WHERE run = ?";
        Ok(lock(&self.reader).query_row(sql, [run], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    /// Takes words of pruned entries out and notes that the run `run` came to `upto`: taking the same words out
    /// twice would spoil the index.
    pub fn prune(&self, run: u64, upto: u64, rows: &[PrunedRow]) -> Result<(), StoreError> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut out =
                transaction.prepare_cached("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)")?;
            let mut put = transaction.prepare_cached("INSERT INTO words (rowid, text) VALUES (?, ?)")?;
            for row in rows {
                out.execute(params![row.seq, held_words(row.seq, &row.before)])?;
                put.execute(params![row.seq, held_words(row.seq, &row.after)])?;
            }
        }
        let sql = "INSERT INTO pruned VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE \
                   SET run = excluded.run, upto = excluded.upto";
        transaction.execute(sql, params![run, upto])?;
        transaction.commit()?;
        Ok(())
    }

    /// One bounded step of forgetting for good the words that were taken out. `false`: nothing is left to do.
    pub fn merge(&self) -> Result<bool, StoreError> {
        let writer = lock(&self.writer);
        let before: i64 = writer.query_row("SELECT total_changes()", [], |row| row.get(0))?;
        writer.execute("INSERT INTO words (words, rank) VALUES ('merge', 200)", [])?;
        let after: i64 = writer.query_row("SELECT total_changes()", [], |row| row.get(0))?;
        // As the manual has it: less than two changes mean that there was nothing to merge.
        Ok(after - before >= 2)
    }

    /// Empties it: the log is another one.
    pub fn clear(&self) -> Result<(), StoreError> {
        let sql = "BEGIN IMMEDIATE; INSERT INTO words (words) VALUES ('delete-all'); DELETE FROM cursor; \
                   DELETE FROM blocks; DELETE FROM traces; DELETE FROM pruned; COMMIT;";
        lock(&self.writer).execute_batch(sql)?;
        Ok(())
    }

    /// Whose trace it is, where an entry of an agent told.
    pub fn trace(&self, trace: &str) -> Result<Option<(String, String)>, StoreError> {
        let sql = "SELECT runtime, session FROM traces WHERE trace = ?";
        let reader = lock(&self.reader);
        let mut statement = reader.prepare_cached(sql)?;
        Ok(statement.query_row([trace], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Entries from `low` to `high` that match an FTS5 expression, at most `limit`, newest or oldest first.
    pub fn matching(
        &self,
        expression: &str,
        (low, high): (u64, u64),
        newest_first: bool,
        limit: u32,
    ) -> Result<Vec<u64>, StoreError> {
        let order = if newest_first { "DESC" } else { "ASC" };
        let sql = format!(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid <= ? ORDER BY rowid {order} LIMIT ?"
        );
        let reader = lock(&self.reader);
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map(params![expression, low, high, limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many of them match, counted up to `bound`.
    pub fn count(&self, expression: &str, (low, high): (u64, u64), bound: u64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM \
                   (SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid <= ? LIMIT ?)";
        let reader = lock(&self.reader);
        let mut statement = reader.prepare_cached(sql)?;
        Ok(statement.query_row(params![expression, low, high, bound], |row| row.get(0))?)
    }

    /// Stretches of the log outside of which no indexed entry is of this time, oldest first: one, unless the clock
    /// jumped. At most `bound`; what is more is one with the last.
    pub fn times(&self, from: i64, until: i64, bound: usize) -> Result<Vec<(u64, u64)>, StoreError> {
        let sql = "SELECT block FROM blocks WHERE high >= ? AND low < ? ORDER BY block";
        let reader = lock(&self.reader);
        let mut statement = reader.prepare_cached(sql)?;
        let mut rows = statement.query(params![from, until])?;
        let mut found: Vec<(u64, u64)> = Vec::new();
        while let Some(row) = rows.next()? {
            let block: u64 = row.get(0)?;
            let (first, end) = (block * BLOCK, block * BLOCK + BLOCK - 1);
            let full = found.len() >= bound;
            match found.last_mut() {
                Some((_, last)) if full || *last + 1 == first => *last = end,
                _ => found.push((first, end)),
            }
        }
        Ok(found)
    }
}

/// A panic in a closure rolled its transaction back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: u64, words: &str) -> IndexRow {
        IndexRow { seq, at: i64::try_from(seq).unwrap() * 10, words: words.to_owned() }
    }

    #[test]
    fn words_are_found_in_order_and_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("search.db");
        let store = SearchStore::open(&path).unwrap();
        assert_eq!(store.cursor().unwrap(), (0, String::new()));
        let rows = [row(1, "k:1 git push"), row(2, "k:2 git status"), row(3, "k:1 grün"), row(3_000, "k:1 git gut")];
        let trace = TraceRow { trace: "t".to_owned(), runtime: "r".to_owned(), session: "s".to_owned() };
        store.add(&rows, &[trace], "h").unwrap();
        let all = (0, 5_000);
        assert_eq!(store.cursor().unwrap(), (3_000, "h".to_owned()));
        assert_eq!(store.matching("\"git\"", all, true, 2).unwrap(), [3_000, 2]);
        assert_eq!(store.matching("\"git\" AND \"k:1\"", all, false, 9).unwrap(), [1, 3_000]);
        assert_eq!(store.matching("\"g\" *", (2, 3), true, 9).unwrap(), [3, 2]);
        assert_eq!(store.matching("\"grün\"", all, true, 9).unwrap(), [3]);
        assert_eq!(store.count("\"git\"", all, 2).unwrap(), 2);
        assert_eq!(store.times(0, 25, 9).unwrap(), [(0, 1_023)]);
        assert_eq!(store.times(0, 50_000, 9).unwrap(), [(0, 1_023), (2_048, 3_071)]);
        assert_eq!(store.times(0, 50_000, 1).unwrap(), [(0, 3_071)]);
        assert_eq!(store.times(100_000, 200_000, 9).unwrap(), []);
        assert_eq!(store.trace("t").unwrap(), Some(("r".to_owned(), "s".to_owned())));
        let among = |words: &str, size, seq| store.matching(&held(words, size, seq), all, true, 9).unwrap();
        assert_eq!(among("\"git\"", HELD[0], 4), [3_000, 2, 1]);
        assert_eq!(among("\"git\"", HELD[0], HELD[0]), Vec::<u64>::new(), "in another block");
        assert_eq!(among("\"git\" AND \"k:1\"", HELD[1], HELD[0]), [3_000, 1]);
        let row = PrunedRow { seq: 1, before: "k:1 git push".to_owned(), after: "k:1".to_owned() };
        store.prune(7, 2, &[row]).unwrap();
        assert_eq!((store.pruned_upto(7).unwrap(), store.pruned_upto(8).unwrap()), (2, 0));
        while store.merge().unwrap() {}
        assert_eq!(store.matching("\"git\"", all, true, 9).unwrap(), [3_000, 2]);
        assert_eq!(store.matching("\"push\"", all, true, 9).unwrap(), Vec::<u64>::new());
        assert_eq!(store.matching("\"k:1\"", all, false, 9).unwrap(), [1, 3, 3_000]);
        assert_eq!(store.matching(&held("\"k:1\"", HELD[0], 1), all, false, 9).unwrap(), [1, 3, 3_000]);
        store.clear().unwrap();
        assert_eq!(store.matching("\"git\"", all, true, 9).unwrap(), Vec::<u64>::new());
        drop(store);
        std::fs::write(&path, b"not a database at all, but long enough to look like one").unwrap();
        assert_eq!(SearchStore::open(&path).unwrap().cursor().unwrap().0, 0);
    }
}
