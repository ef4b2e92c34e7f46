//! Copies of other people's files, taken before we changed them.

use clawbutler_core::limits::BACKUPS_PER_FILE;
use rusqlite::{OptionalExtension as _, params};

use crate::{Read, StoreError, Write};

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRow {
    pub home: String,
    pub path: String,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Whether there was a file at all.
    pub existed: bool,
    pub content: Vec<u8>,
    /// SHA-256 (hex) of `content`.
    pub before: String,
    /// SHA-256 (hex) of what we wrote; empty when we removed the file.
    pub after: String,
}

impl Read<'_> {
    /// The newest copy of a path.
    pub fn backup_newest(&self, path: &str) -> Result<Option<BackupRow>, StoreError> {
        let sql = "SELECT home, path, at, existed, content, before, after FROM backups WHERE path = ? ORDER BY id DESC LIMIT 1";
        let row = self.0.query_row(sql, [path], |row| {
            Ok(BackupRow {
                home: row.get(0)?,
                path: row.get(1)?,
                at: row.get(2)?,
                existed: row.get(3)?,
                content: row.get(4)?,
                before: row.get(5)?,
                after: row.get(6)?,
            })
        });
        Ok(row.optional()?)
    }
}

impl Write<'_> {
    /// Stores a copy and lets go of the oldest ones of the path.
    pub fn backup_put(&mut self, row: &BackupRow) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO backups (home, path, at, existed, content, before, after) VALUES (?,?,?,?,?,?,?)",
            params![row.home, row.path, row.at, row.existed, row.content, row.before, row.after],
        )?;
        self.transaction.execute(
            "DELETE FROM backups WHERE path = ?1 AND id NOT IN (SELECT id FROM backups WHERE path = ?1 ORDER BY id DESC LIMIT ?2)",
            params![row.path, i64::try_from(BACKUPS_PER_FILE).unwrap_or(i64::MAX)],
        )?;
        Ok(())
    }
}
