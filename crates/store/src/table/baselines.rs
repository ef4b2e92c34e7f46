//! What homes were configured to do when a person accepted it, and the changes since. Texts are the caller's.

use rusqlite::{OptionalExtension as _, params};

use crate::{Read, StoreError, Write};

/// One accepted configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineRow {
    /// Id of the home.
    pub home: String,
    /// Folder of a project with configuration of its own; empty for the home itself.
    pub project: String,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// The facts, as the caller writes them.
    pub facts: String,
}

impl Read<'_> {
    /// Every baseline of a home, the home's own first.
    pub fn baselines(&self, home: &str) -> Result<Vec<BaselineRow>, StoreError> {
        let sql = "SELECT home, project, at, facts FROM baselines WHERE home = ? ORDER BY project";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map([home], |row| {
            Ok(BaselineRow { home: row.get(0)?, project: row.get(1)?, at: row.get(2)?, facts: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The open changes of a home.
    pub fn drift(&self, home: &str) -> Result<Option<String>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT changes FROM drifts WHERE home = ?")?;
        Ok(statement.query_row([home], |row| row.get(0)).optional()?)
    }
}

impl Write<'_> {
    /// Stores or replaces a baseline.
    pub fn baseline_put(&mut self, row: &BaselineRow) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO baselines (home, project, at, facts) VALUES (?,?,?,?) \
             ON CONFLICT (home, project) DO UPDATE SET at = excluded.at, facts = excluded.facts",
            params![row.home, row.project, row.at, row.facts],
        )?;
        Ok(())
    }

    /// Removes the baseline of one project of a home; the empty project is the home itself.
    pub fn baseline_remove(&mut self, home: &str, project: &str) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM baselines WHERE home = ? AND project = ?", [home, project])?;
        Ok(())
    }

    /// Stores the open changes of a home, or that there are none.
    pub fn drift_put(&mut self, home: &str, changes: Option<&str>) -> Result<(), StoreError> {
        match changes {
            Some(changes) => self.transaction.execute(
                "INSERT INTO drifts (home, changes) VALUES (?, ?) \
                 ON CONFLICT (home) DO UPDATE SET changes = excluded.changes",
                [home, changes],
            )?,
            None => self.transaction.execute("DELETE FROM drifts WHERE home = ?", [home])?,
        };
        Ok(())
    }
}
