//! Files of rules as a person last accepted them, and imports that wait.

use clawbutler_core::clock::Timestamp;
use rusqlite::params;

use crate::{Read, StoreError, Write};

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFileRow {
    /// File name with its ending.
    pub name: String,
    pub text: String,
    /// Whether it was taken in from elsewhere.
    pub imported: bool,
    /// Whether it waits to be accepted.
    pub held: bool,
    pub at: Timestamp,
}

impl Read<'_> {
    /// Every file, by name.
    pub fn rule_files(&self) -> Result<Vec<RuleFileRow>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT name, text, origin, held, at FROM rule_files ORDER BY name")?;
        let rows = statement.query_map([], |row| {
            Ok(RuleFileRow {
                name: row.get(0)?,
                text: row.get(1)?,
                imported: row.get::<_, String>(2)? == "imported",
                held: row.get(3)?,
                at: Timestamp(row.get(4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Replaces all files.
    pub fn rule_files_put(&mut self, rows: &[RuleFileRow]) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM rule_files", [])?;
        for row in rows {
            let origin = if row.imported { "imported" } else { "user" };
            self.transaction.execute(
                "INSERT INTO rule_files (name, text, origin, held, at) VALUES (?,?,?,?,?)",
                params![row.name, row.text, origin, row.held, row.at.0],
            )?;
        }
        Ok(())
    }
}
