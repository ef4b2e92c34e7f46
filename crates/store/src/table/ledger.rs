//! The audit log.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::hex;
use clawbutler_ledger::{Draft, Entry, GENESIS, Hash, Kind, line};
use rusqlite::{OptionalExtension as _, params};
use serde_json::Value;

use crate::table::tree;
use crate::{Read, StoreError, Write};

/// An entry as stored; `body` and `payload` are the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    pub seq: u64,
    pub at: i64,
    pub kind: String,
    pub trace: String,
    pub span: String,
    /// Canonical header; in version 1 the whole entry.
    pub body: String,
    /// Canonical facts; `None`: pruned, or of version 1.
    pub payload: Option<String>,
    /// Hash of the entry before.
    pub prev: Hash,
    /// Hash of the chain up to and with this entry.
    pub hash: Hash,
}

impl LedgerRow {
    /// One line of a JSONL export, without the newline.
    pub fn export_line(&self) -> String {
        line::write(&self.prev, &self.hash, &self.body, self.payload.as_deref())
    }

    /// The facts of the entry, of either version; `None` when they were pruned.
    pub fn data(&self) -> Option<Value> {
        if let Some(payload) = &self.payload {
            return serde_json::from_str(payload).ok();
        }
        Some(self.header()["data"].take()).filter(Value::is_object)
    }

    /// Whether the facts were pruned by retention.
    pub fn is_pruned(&self) -> bool {
        self.payload.is_none() && self.data().is_none()
    }

    /// The header as a tree: actor, parent span and what the columns repeat. Null where it is damaged.
    pub fn header(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The hash as hex.
    pub fn hash_hex(&self) -> String {
        hex(&self.hash)
    }

    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            at: row.get(1)?,
            kind: row.get(2)?,
            trace: row.get(3)?,
            span: row.get(4)?,
            body: row.get(5)?,
            payload: row.get(6)?,
            hash: row.get(7)?,
            prev: row.get::<_, Option<Hash>>(8)?.unwrap_or(GENESIS),
        })
    }
}

/// The condition of the index `ledger_sought` (`schema/0006.sql`), word for word: else it is not used.
const SOUGHT: &str = "kind IN ('backup.restored', 'engine.started', 'log.acknowledged', 'log.set_aside', \
     'log.tail_unproven', 'rules.changed')";

const COLUMNS: &str = "seq, at, kind, trace, span, body, payload, hash, \
     (SELECT before.hash FROM ledger before WHERE before.seq = ledger.seq - 1)";

impl Write<'_> {
    /// Seals a draft behind the newest entry and stores it.
    pub fn append(&mut self, draft: Draft, at: Timestamp) -> Result<Entry, StoreError> {
        let entry = Entry::seal(draft, self.head.seq + 1, at, &self.head.hash);
        self.transaction
            .prepare_cached(
                "INSERT INTO ledger (seq, at, kind, trace, span, hash, body, payload) VALUES (?,?,?,?,?,?,?,?)",
            )?
            .execute(params![
                entry.seq,
                entry.at.0,
                entry.kind.text(),
                entry.trace.as_str(),
                entry.span.as_str(),
                entry.hash,
                entry.body,
                entry.payload
            ])?;
        let mut stored = Ok(());
        let transaction = self.transaction;
        self.head.tree.push(entry.leaf, |level, index, node| {
            if stored.is_ok() {
                stored = tree::put(transaction, level, index, node);
            }
        });
        stored?;
        self.head.seq = entry.seq;
        self.head.hash = entry.hash;
        Ok(entry)
    }

    /// Where the log stands in this transaction: entries, chain hash, root of the tree.
    pub fn ledger_head(&self) -> (u64, Hash, Hash) {
        (self.head.seq, self.head.hash, self.head.tree.root())
    }
}

impl Read<'_> {
    /// Entries in all.
    pub fn ledger_len(&self) -> Result<u64, StoreError> {
        Ok(self.0.prepare_cached("SELECT coalesce(max(seq), 0) FROM ledger")?.query_row([], |row| row.get(0))?)
    }

    /// Entries below `before`, newest first.
    pub fn ledger_page(&self, before: u64, limit: u32) -> Result<Vec<LedgerRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM ledger WHERE seq < ? ORDER BY seq DESC LIMIT ?");
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_map(params![before, limit], LedgerRow::of)?.collect::<Result<_, _>>()?)
    }

    /// Entries of one action, oldest first.
    pub fn ledger_span(&self, span: &str, limit: u32) -> Result<Vec<LedgerRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM ledger WHERE span = ? ORDER BY seq LIMIT ?");
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_map(params![span, limit], LedgerRow::of)?.collect::<Result<_, _>>()?)
    }

    /// Whether an entry of any of these kinds has the span.
    pub fn ledger_span_has(&self, span: &str, kinds: &[Kind]) -> Result<bool, StoreError> {
        let marks = vec!["?"; kinds.len()].join(",");
        // The plus leaves the choice of the index to the span.
        let sql = format!("SELECT EXISTS (SELECT 1 FROM ledger WHERE span = ? AND +kind IN ({marks}))");
        let texts = std::iter::once(span).chain(kinds.iter().map(|kind| kind.text()));
        Ok(self.0.prepare_cached(&sql)?.query_row(rusqlite::params_from_iter(texts), |row| row.get(0))?)
    }

    /// The newest entry of any of these kinds before `below`, from the table itself: for kinds that come often, since it
    /// goes back entry by entry.
    pub fn ledger_newest_of(&self, kinds: &[Kind], below: u64) -> Result<Option<LedgerRow>, StoreError> {
        let marks = vec!["?"; kinds.len()].join(",");
        let below = i64::try_from(below).unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT {COLUMNS} FROM ledger WHERE seq < {below} AND +kind IN ({marks}) ORDER BY seq DESC LIMIT 1"
        );
        let texts = rusqlite::params_from_iter(kinds.iter().map(|kind| kind.text()));
        Ok(self.0.prepare_cached(&sql)?.query_row(texts, LedgerRow::of).optional()?)
    }

    /// The newest entries of any of these rare kinds, newest first: all of the same index, which names the kinds it has.
    /// Another program can take an entry out of an index without the chain showing it, so what is asked here may be
    /// missed without harm; what must not be missed is read with [`Self::ledger_from`] or [`Self::ledger_newest_of`].
    pub fn ledger_sought(&self, kinds: &[Kind], limit: usize) -> Result<Vec<LedgerRow>, StoreError> {
        debug_assert!(kinds.iter().all(|kind| SOUGHT.contains(&format!("'{}'", kind.text()))), "{kinds:?}");
        let marks = vec!["?"; kinds.len()].join(",");
        let sql = format!(
            "SELECT {COLUMNS} FROM ledger WHERE {SOUGHT} AND kind IN ({marks}) ORDER BY seq DESC LIMIT {limit}"
        );
        let texts = rusqlite::params_from_iter(kinds.iter().map(|kind| kind.text()));
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_map(texts, LedgerRow::of)?.collect::<Result<_, _>>()?)
    }

    /// Entries of these kinds from one on, oldest first, from the table itself.
    pub fn ledger_from(&self, from: u64, kinds: &[Kind], limit: usize) -> Result<Vec<LedgerRow>, StoreError> {
        let marks = vec!["?"; kinds.len()].join(",");
        // The plus keeps the index out of it.
        let sql = format!(
            "SELECT {COLUMNS} FROM ledger WHERE seq >= {from} AND +kind IN ({marks}) ORDER BY seq LIMIT {limit}"
        );
        let texts = rusqlite::params_from_iter(kinds.iter().map(|kind| kind.text()));
        let mut statement = self.0.prepare(&sql)?;
        Ok(statement.query_map(texts, LedgerRow::of)?.collect::<Result<_, _>>()?)
    }

    /// Chain hash of an entry.
    pub fn ledger_hash(&self, seq: u64) -> Result<Option<Hash>, StoreError> {
        let sql = "SELECT hash FROM ledger WHERE seq = ?";
        Ok(self.0.prepare_cached(sql)?.query_row([seq], |row| row.get(0)).optional()?)
    }

    /// One entry.
    pub fn ledger_row(&self, seq: u64) -> Result<Option<LedgerRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM ledger WHERE seq = ?");
        Ok(self.0.prepare_cached(&sql)?.query_row([seq], LedgerRow::of).optional()?)
    }

    /// Keeps those of the entries whose facts as they are stored `keep` wants; where those stand in the header, or
    /// were pruned, it is shown the header. What is not there is not kept.
    pub fn ledger_retain(&self, seqs: &mut Vec<u64>, mut keep: impl FnMut(&str) -> bool) -> Result<(), StoreError> {
        let sql = "SELECT CASE WHEN payload IS NULL THEN body ELSE payload END FROM ledger WHERE seq = ?";
        let mut statement = self.0.prepare_cached(sql)?;
        let mut failed = None;
        seqs.retain(|seq| {
            let kept =
                statement.query_row([seq], |row| Ok(keep(row.get_ref(0)?.as_str().unwrap_or_default()))).optional();
            kept.unwrap_or_else(|error| {
                failed.get_or_insert(error);
                None
            }) == Some(true)
        });
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Hands every entry to `each`, oldest first, one in memory at a time.
    pub fn ledger_each<E: From<StoreError>>(&self, mut each: impl FnMut(LedgerRow) -> Result<(), E>) -> Result<(), E> {
        let sql = "SELECT seq, at, kind, trace, span, body, payload, hash, NULL FROM ledger ORDER BY seq";
        let mut statement = self.0.prepare_cached(sql).map_err(StoreError::from)?;
        let mut rows = statement.query([]).map_err(StoreError::from)?;
        let mut prev = GENESIS;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let row = LedgerRow { prev, ..LedgerRow::of(row).map_err(StoreError::from)? };
            prev = row.hash;
            each(row)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::OpenFlags;

    use super::*;

    #[test]
    fn rare_kinds_are_not_looked_for_entry_by_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        drop(crate::Store::open(&path).unwrap());
        let connection = crate::open::connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let sql =
            format!("EXPLAIN QUERY PLAN SELECT seq FROM ledger WHERE {SOUGHT} AND kind IN ('a', 'b') ORDER BY seq");
        let plan: String = connection.query_row(&sql, [], |row| row.get(3)).unwrap();
        assert!(plan.contains("ledger_sought"), "{plan}");
    }
}
