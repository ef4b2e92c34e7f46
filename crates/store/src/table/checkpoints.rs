//! Signed checkpoints of the audit log.

use clawbutler_core::limits::CHECKPOINTS;
use rusqlite::{OptionalExtension as _, params};

use crate::{Read, StoreError, Write};

impl Read<'_> {
    /// The newest checkpoint: entries covered, signed note.
    pub fn checkpoint_newest(&self) -> Result<Option<(u64, String)>, StoreError> {
        let sql = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1";
        Ok(self.0.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// The smallest checkpoint that covers an entry.
    pub fn checkpoint_covering(&self, seq: u64) -> Result<Option<(u64, String)>, StoreError> {
        let sql = "SELECT size, note FROM checkpoints WHERE size >= ? ORDER BY size LIMIT 1";
        Ok(self.0.prepare_cached(sql)?.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// The notes of the newest checkpoints, newest first.
    pub fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT note FROM checkpoints ORDER BY size DESC LIMIT ?")?;
        Ok(statement.query_map([CHECKPOINTS], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Stores a checkpoint; one of the same size stays.
    pub fn checkpoint_put(&mut self, size: u64, note: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO checkpoints (size, note) VALUES (?, ?) ON CONFLICT (size) DO NOTHING";
        self.transaction.prepare_cached(sql)?.execute(params![size, note])?;
        Ok(())
    }
}
