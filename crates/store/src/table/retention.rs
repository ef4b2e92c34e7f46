//! The payloads of the audit log: which are there, and their removal.

use std::collections::{BTreeSet, HashSet};

use clawbutler_core::clock::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use crate::{Read, StoreError, Write};

/// An entry that still has its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadRow {
    pub seq: u64,
    /// Milliseconds since the epoch.
    pub at: i64,
    pub kind: String,
    pub span: String,
    /// Size of the payload.
    pub bytes: u64,
}

impl PayloadRow {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { seq: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, span: row.get(3)?, bytes: row.get(4)? })
    }
}

impl Read<'_> {
    /// Entries with a payload behind `after`, oldest first; looks at `span` numbers.
    pub fn payloads_after(&self, after: u64, span: u64) -> Result<Vec<PayloadRow>, StoreError> {
        let sql = "SELECT seq, at, kind, span, octet_length(payload) FROM ledger \
                   WHERE seq > ? AND seq <= ? AND payload IS NOT NULL ORDER BY seq";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params![after, after.saturating_add(span)], PayloadRow::of)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Number of the first entry that is not older than `at`, where the times of entries grow with their numbers;
    /// one more than there are entries when all are older.
    pub fn ledger_seq_at(&self, at: Timestamp) -> Result<u64, StoreError> {
        let (mut low, mut high) = (1, self.ledger_len()? + 1);
        let mut statement = self.0.prepare_cached("SELECT at FROM ledger WHERE seq >= ? ORDER BY seq LIMIT 1")?;
        while low < high {
            let middle = low + (high - low) / 2;
            let found: Option<i64> = statement.query_row([middle], |row| row.get(0)).optional()?;
            if found.is_some_and(|found| found < at.0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Spans of the actions that wait for a person.
    pub fn pending_spans(&self) -> Result<HashSet<String>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT span FROM approvals WHERE state = 'pending'")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Numbers of the entries by which the grants in force were given.
    pub fn standing_grant_entries(&self) -> Result<BTreeSet<u64>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT ledger_seq FROM grants WHERE ended_at IS NULL")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Bytes the database takes on the disk without its write-ahead log, and how many of them are free.
    pub fn pages(&self) -> Result<(u64, u64), StoreError> {
        let one = |name: &str| self.0.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u64>(0));
        let size = one("page_size")?;
        Ok((one("page_count")? * size, one("freelist_count")? * size))
    }
}

impl Write<'_> {
    /// Removes the payloads of these entries. The log holds only where entries of kind `audit.pruned` cover them: the
    /// caller appends those first. Returns how many had one, and its bytes.
    pub fn ledger_prune(&mut self, entries: &[u64]) -> Result<(u64, u64), StoreError> {
        let sql = "UPDATE ledger SET payload = NULL WHERE seq = ? AND payload IS NOT NULL";
        let size = "SELECT octet_length(payload) FROM ledger WHERE seq = ? AND payload IS NOT NULL";
        let mut update = self.transaction.prepare_cached(sql)?;
        let mut size = self.transaction.prepare_cached(size)?;
        let mut gone = (0, 0);
        for seq in entries {
            if let Some(bytes) = size.query_row([seq], |row| row.get::<_, u64>(0)).optional()? {
                update.execute([seq])?;
                gone = (gone.0 + 1, gone.1 + bytes);
            }
        }
        Ok(gone)
    }
}
