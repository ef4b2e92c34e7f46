//! Standing grants.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::grant::Grant;
use clawbutler_core::id::GrantId;
use rusqlite::params;

use super::{from_json, to_json};
use crate::{Read, StoreError, Write};

/// A grant and how often it was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    pub grant: Grant,
    pub uses: u32,
}

impl Read<'_> {
    /// Grants in force or expired, not ended; newest first.
    pub fn grants(&self) -> Result<Vec<GrantRow>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, cover, reach, expires_at, created_at, ledger_seq, uses FROM grants WHERE ended_at IS NULL \
             ORDER BY created_at DESC, rowid DESC",
        )?;
        let mut rows = statement.query([])?;
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
                    uses_left: None,
                    note: None,
                },
                uses: row.get(6)?,
            });
        }
        Ok(found)
    }
}

impl Write<'_> {
    /// Stores a grant.
    pub fn grant_insert(&mut self, grant: &Grant) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO grants (id, cover, reach, expires_at, created_at, ledger_seq) VALUES (?,?,?,?,?,?)",
            params![
                grant.id.as_str(),
                to_json(&grant.cover),
                to_json(&grant.reach),
                grant.expires_at.map(|at| at.0),
                grant.created_at.0,
                grant.ledger_seq
            ],
        )?;
        Ok(())
    }

    /// Counts a use.
    pub fn grant_used(&mut self, id: &str) -> Result<(), StoreError> {
        self.transaction.prepare_cached("UPDATE grants SET uses = uses + 1 WHERE id = ?")?.execute([id])?;
        Ok(())
    }

    /// Ends a grant. `false`: there is none of that id in force.
    pub fn grant_end(&mut self, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE grants SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL";
        Ok(self.transaction.execute(sql, params![id, at.0])? == 1)
    }
}
