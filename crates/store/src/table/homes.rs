//! The registry: homes the user chose, and what is known of their guard.

use rusqlite::params;

use crate::{Read, StoreError, Write};

/// One home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeRow {
    pub id: String,
    pub runtime: String,
    pub path: String,
    pub source: String,
    pub governed: bool,
    /// `user` or `managed`: where we installed the guard; absent when we did not.
    pub guard: Option<String>,
    /// Milliseconds since the epoch.
    pub last_contact: Option<i64>,
}

impl Read<'_> {
    /// Every home ever chosen.
    pub fn homes(&self) -> Result<Vec<HomeRow>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, runtime, path, source, governed, guard, last_contact FROM homes ORDER BY path",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(HomeRow {
                id: row.get(0)?,
                runtime: row.get(1)?,
                path: row.get(2)?,
                source: row.get(3)?,
                governed: row.get(4)?,
                guard: row.get(5)?,
                last_contact: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Stores or replaces a home.
    pub fn home_put(&mut self, home: &HomeRow) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO homes (id, runtime, path, source, governed, guard, last_contact) VALUES (?,?,?,?,?,?,?) \
             ON CONFLICT (id) DO UPDATE SET governed = excluded.governed, guard = excluded.guard, \
             last_contact = coalesce(excluded.last_contact, last_contact)",
            params![home.id, home.runtime, home.path, home.source, home.governed, home.guard, home.last_contact],
        )?;
        Ok(())
    }

    /// Notes when a hook of a home last talked to us.
    pub fn home_contact(&mut self, id: &str, at: i64) -> Result<(), StoreError> {
        self.transaction.prepare_cached("UPDATE homes SET last_contact = ? WHERE id = ?")?.execute(params![at, id])?;
        Ok(())
    }
}
