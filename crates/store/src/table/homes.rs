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
    /// Whether it may act.
    pub state: HomeState,
    /// When `state` was chosen (ms since the epoch); absent while it never changed.
    pub state_since: Option<i64>,
}

/// Whether an agent may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HomeState {
    /// Within the rules.
    #[default]
    Online,
    /// Not until it is enabled again.
    Disabled,
    /// Not until it is revived; what ran was ended.
    Killed,
}

impl HomeState {
    /// The word in the database and in audit entries.
    pub fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Disabled => "disabled",
            Self::Killed => "killed",
        }
    }

    /// An unknown word counts as disabled: whoever wrote it did not mean "may act".
    fn from_word(word: &str) -> Self {
        match word {
            "online" => Self::Online,
            "killed" => Self::Killed,
            _ => Self::Disabled,
        }
    }
}

impl Read<'_> {
    /// Every home ever chosen.
    pub fn homes(&self) -> Result<Vec<HomeRow>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, runtime, path, source, governed, guard, last_contact, state, state_since FROM homes \
             ORDER BY path",
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
                state: HomeState::from_word(&row.get::<_, String>(7)?),
                state_since: row.get(8)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Stores or replaces a home.
    pub fn home_put(&mut self, home: &HomeRow) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO homes (id, runtime, path, source, governed, guard, last_contact, state, state_since) \
             VALUES (?,?,?,?,?,?,?,?,?) \
             ON CONFLICT (id) DO UPDATE SET governed = excluded.governed, guard = excluded.guard, \
             last_contact = coalesce(excluded.last_contact, last_contact), state = excluded.state, \
             state_since = excluded.state_since",
            params![
                home.id,
                home.runtime,
                home.path,
                home.source,
                home.governed,
                home.guard,
                home.last_contact,
                home.state.word(),
                home.state_since,
            ],
        )?;
        Ok(())
    }

    /// Forgets a home with its baseline, its open changes and the copies of its files.
    pub fn home_forget(&mut self, id: &str) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM homes WHERE id = ?", "DELETE FROM baselines WHERE home = ?",
            "DELETE FROM drifts WHERE home = ?", "DELETE FROM backups WHERE home = ?",
        ] {
            self.transaction.execute(sql, [id])?;
        }
        Ok(())
    }

    /// Notes when a hook of a home last talked to us.
    pub fn home_contact(&mut self, id: &str, at: i64) -> Result<(), StoreError> {
        self.transaction.prepare_cached("UPDATE homes SET last_contact = ? WHERE id = ?")?.execute(params![at, id])?;
        Ok(())
    }
}
