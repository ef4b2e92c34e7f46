//! Small values by name, and the ids of offline records already taken in.

use clawbutler_core::clock::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use crate::{Read, StoreError, Write};

impl Read<'_> {
    /// A value by name.
    pub fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT value FROM settings WHERE key = ?")?
            .query_row([key], |row| row.get(0))
            .optional()?)
    }
}

impl Write<'_> {
    /// Sets a value by name.
    pub fn setting_put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.transaction.execute(sql, params![key, value])?;
        Ok(())
    }

    /// Forgets a value.
    pub fn setting_drop(&mut self, key: &str) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM settings WHERE key = ?", [key])?;
        Ok(())
    }

    /// Claims an offline record. `false`: it was taken in before.
    pub fn intake_claim(&mut self, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "INSERT INTO intake (id, at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING";
        Ok(self.transaction.prepare_cached(sql)?.execute(params![id, at.0])? == 1)
    }
}
