//! Standing grants.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::grant::Grant;
use clawbutler_core::id::GrantId;
use rusqlite::params;

use super::{from_json, to_json};
use crate::{Read, StoreError, Write};

/// A grant and how it was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    pub grant: Grant,
    pub uses: u32,
    pub last_used: Option<Timestamp>,
    /// When it ended: taken back, used up or over.
    pub ended_at: Option<Timestamp>,
}

const COLUMNS: &str =
    "id, cover, reach, expires_at, created_at, ledger_seq, uses, uses_left, note, last_used, ended_at";

impl Read<'_> {
    fn grant_rows(&self, tail: &str, args: impl rusqlite::Params) -> Result<Vec<GrantRow>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM grants {tail}"))?;
        let mut rows = statement.query(args)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (cover, reach): (String, String) = (row.get(1)?, row.get(2)?);
            found.push(GrantRow {
                grant: Grant {
                    id: GrantId(row.get(0)?),
                    cover: from_json("grant", &cover)?,
                    reach: from_json("grant", &reach)?,
                    expires_at: row.get::<_, Option<i64>>(3)?.map(Timestamp),
                    created_at: Timestamp(row.get(4)?),
                    ledger_seq: row.get(5)?,
                    uses_left: row.get(7)?,
                    note: row.get(8)?,
                },
                uses: row.get(6)?,
                last_used: row.get::<_, Option<i64>>(9)?.map(Timestamp),
                ended_at: row.get::<_, Option<i64>>(10)?.map(Timestamp),
            });
        }
        Ok(found)
    }

    /// Grants in force or expired, not ended; newest first.
    pub fn grants(&self) -> Result<Vec<GrantRow>, StoreError> {
        self.grant_rows("WHERE ended_at IS NULL ORDER BY created_at DESC, rowid DESC", [])
    }

    /// Grants of all times, newest first.
    pub fn grants_ever(&self, limit: u32) -> Result<Vec<GrantRow>, StoreError> {
        self.grant_rows("ORDER BY created_at DESC, rowid DESC LIMIT ?", params![limit])
    }
}

impl Write<'_> {
    /// Stores a grant.
    pub fn grant_insert(&mut self, grant: &Grant) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO grants (id, cover, reach, expires_at, created_at, ledger_seq, uses_left, note) \
             VALUES (?,?,?,?,?,?,?,?)",
            params![
                grant.id.as_str(),
                to_json(&grant.cover),
                to_json(&grant.reach),
                grant.expires_at.map(|at| at.0),
                grant.created_at.0,
                grant.ledger_seq,
                grant.uses_left,
                grant.note
            ],
        )?;
        Ok(())
    }

    /// Counts a use. Tells how many are left, where they are counted.
    pub fn grant_used(&mut self, id: &str, at: Timestamp) -> Result<Option<u32>, StoreError> {
        let sql = "UPDATE grants SET uses = uses + 1, last_used = ?2, uses_left = max(uses_left - 1, 0) \
                   WHERE id = ?1 RETURNING uses_left";
        Ok(self.transaction.prepare_cached(sql)?.query_row(params![id, at.0], |row| row.get(0))?)
    }

    /// Ends a grant. `false`: there is none of that id in force.
    pub fn grant_end(&mut self, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE grants SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL";
        Ok(self.transaction.execute(sql, params![id, at.0])? == 1)
    }
}
