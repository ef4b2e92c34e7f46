//! The audit log.

use clawbutler_core::clock::Timestamp;
use clawbutler_ledger::{Draft, Entry, Kind, Report, Verifier};
use rusqlite::{OptionalExtension as _, params};

use crate::{Read, StoreError, Write};

/// An entry as stored; `body` is the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    pub seq: u64,
    pub at: i64,
    pub kind: String,
    pub trace: String,
    pub span: String,
    pub body: String,
    pub prev: String,
    pub hash: String,
}

impl LedgerRow {
    /// One line of a JSONL export, without the newline.
    pub fn export_line(&self) -> String {
        format!("{{\"hash\":\"{}\",\"prev\":\"{}\",\"entry\":{}}}", self.hash, self.prev, self.body)
    }

    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            at: row.get(1)?,
            kind: row.get(2)?,
            trace: row.get(3)?,
            span: row.get(4)?,
            body: row.get(5)?,
            prev: row.get(6)?,
            hash: row.get(7)?,
        })
    }
}

const COLUMNS: &str = "seq, at, kind, trace, span, body, prev, hash";

impl Write<'_> {
    /// Seals a draft behind the newest entry and stores it.
    pub fn append(&mut self, draft: Draft, at: Timestamp) -> Result<Entry, StoreError> {
        let entry = Entry::seal(draft, self.head.seq + 1, at, &self.head.hash);
        self.transaction
            .prepare_cached(
                "INSERT INTO ledger (seq, at, kind, trace, span, body, prev, hash) VALUES (?,?,?,?,?,?,?,?)",
            )?
            .execute(params![
                entry.seq,
                entry.at.0,
                entry.kind.text(),
                entry.trace.as_str(),
                entry.span.as_str(),
                entry.body,
                entry.prev,
                entry.hash
            ])?;
        self.head.seq = entry.seq;
        self.head.hash.clone_from(&entry.hash);
        Ok(entry)
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

    /// The newest entry of any of these kinds.
    pub fn ledger_newest_of(&self, kinds: &[Kind]) -> Result<Option<LedgerRow>, StoreError> {
        let marks = vec!["?"; kinds.len()].join(",");
        let sql = format!("SELECT {COLUMNS} FROM ledger WHERE kind IN ({marks}) ORDER BY seq DESC LIMIT 1");
        let texts = rusqlite::params_from_iter(kinds.iter().map(|kind| kind.text()));
        Ok(self.0.prepare_cached(&sql)?.query_row(texts, LedgerRow::of).optional()?)
    }

    /// Hands every entry to `each`, oldest first, one in memory at a time.
    pub fn ledger_each<E: From<StoreError>>(&self, mut each: impl FnMut(LedgerRow) -> Result<(), E>) -> Result<(), E> {
        let sql = format!("SELECT {COLUMNS} FROM ledger ORDER BY seq");
        let mut statement = self.0.prepare_cached(&sql).map_err(StoreError::from)?;
        let mut rows = statement.query([]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            each(LedgerRow::of(row).map_err(StoreError::from)?)?;
        }
        Ok(())
    }

    /// Recomputes the whole chain, and compares the query columns with the hashed text.
    pub fn ledger_verify(&self) -> Result<Report, StoreError> {
        let mut verifier = Verifier::default();
        let mut astray = None;
        self.ledger_each::<StoreError>(|row| {
            verifier.push(row.seq, &row.prev, &row.hash, &row.body);
            if astray.is_none() && !columns_agree(&row) {
                astray = Some((row.seq, "its columns differ from its content".to_owned()));
            }
            Ok(())
        })?;
        let mut report = verifier.report();
        if let Some(found) = astray
            && report.broken.as_ref().is_none_or(|(seq, _)| found.0 < *seq)
        {
            report.broken = Some(found);
        }
        Ok(report)
    }
}

fn columns_agree(row: &LedgerRow) -> bool {
    let Ok(tree) = serde_json::from_str::<serde_json::Value>(&row.body) else { return false };
    tree["at"] == row.at && tree["kind"] == row.kind && tree["trace"] == row.trace && tree["span"] == row.span
}
