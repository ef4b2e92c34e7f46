//! Sessions and their steps, in a database of their own: a long import never holds up the audit log.
//!
//! Nothing in it is the only copy: a file that cannot be opened, or one of another version, is set aside and the
//! runtimes' records are read again.

mod read;
mod spent;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::StoreError;
use crate::open::connect;

/// Grows with every change of the schema.
const VERSION: i64 = 5;

/// The database of sessions.
#[derive(Debug)]
pub struct SessionStore {
    /// Closed first: the last one to close puts the write-ahead log away, and only the writer can.
    reader: Mutex<Connection>,
    writer: Mutex<Connection>,
}

/// One transaction that writes.
#[derive(Debug)]
pub struct SessionWrite<'a>(Transaction<'a>);

/// One consistent state.
#[derive(Debug)]
pub struct SessionRead<'a>(&'a Connection);

impl SessionStore {
    /// Opens or creates it. The second value is where a file that could not be used was set aside.
    pub fn open(path: &Path) -> Result<(Self, Option<PathBuf>), StoreError> {
        match Self::try_open(path) {
            Ok(Some(store)) => Ok((store, None)),
            Ok(None) | Err(StoreError::Sqlite(_) | StoreError::Locked) => {
                let aside = set_aside(path)?;
                let fresh = Self::try_open(path)?.ok_or_else(|| {
                    StoreError::Io(std::io::Error::other("the new database of sessions has another version"))
                })?;
                Ok((fresh, Some(aside)))
            }
            Err(error) => Err(error),
        }
    }

    fn try_open(path: &Path) -> Result<Option<Self>, StoreError> {
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "NORMAL")?;
        writer.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
        // In pages of 4 kB: an import writes a page into the database once, not after each of its records.
        writer.pragma_update(None, "wal_autocheckpoint", 4_096)?;
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match found {
            VERSION => {}
            0 => {
                transaction.execute_batch(include_str!("schema.sql"))?;
                transaction.pragma_update(None, "user_version", VERSION)?;
            }
            _ => return Ok(None),
        }
        transaction.commit()?;
        let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Some(Self { writer: Mutex::new(writer), reader: Mutex::new(reader) }))
    }

    /// Steps older than `before` (ms since the epoch), of a database that another process may write; 0 where there is
    /// none.
    pub fn steps_older(path: &Path, before: i64) -> Result<u64, StoreError> {
        if !path.exists() {
            return Ok(0);
        }
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        SessionRead(&connection).steps_older(before)
    }

    /// Runs `work` in one transaction and commits it. An error rolls everything back.
    pub fn write<T>(&self, work: impl FnOnce(&SessionWrite<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = lock(&self.writer);
        let write = SessionWrite(writer.transaction_with_behavior(TransactionBehavior::Immediate)?);
        let value = work(&write)?;
        write.0.commit()?;
        Ok(value)
    }

    /// Runs `work` on one consistent state.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&SessionRead<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut reader = lock(&self.reader);
        let transaction = reader.transaction().map_err(StoreError::from)?;
        work(&SessionRead(&transaction))
    }
}

/// A name beside the file that is still free; what belongs to the write-ahead log goes along.
fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let aside = (1..1_000)
        .map(|number| path.with_extension(format!("db.aside-{number}")))
        .find(|aside| !aside.exists())
        .ok_or_else(|| StoreError::Io(std::io::Error::other("too many databases were set aside")))?;
    std::fs::rename(path, &aside)?;
    for end in ["db-wal", "db-shm"] {
        match std::fs::remove_file(path.with_extension(end)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(aside)
}

/// A panic in a closure rolled its transaction back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One session as it is stored; times in milliseconds since the epoch, costs in millionths of a US dollar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionRow {
    pub key: i64,
    pub id: String,
    pub home: String,
    pub runtime: String,
    pub session: String,
    /// `id` of the session that started it, or whose history it goes on with.
    pub parent: Option<String>,
    /// It goes on with the history of `parent`.
    pub forked: bool,
    pub title: Option<String>,
    pub cwd: Option<String>,
    pub branch: Option<String>,
    pub model: Option<String>,
    pub mode: Option<String>,
    /// The last state its records told, as the word of the wire.
    pub state: Option<String>,
    pub started_at: Option<i64>,
    pub last_at: i64,
    pub tokens: Tokens,
    /// Sum of what was recorded for single answers.
    pub recorded: u64,
    /// What was recorded for the whole.
    pub total: u64,
    /// Sum of what list prices give for the answers without a recorded cost.
    pub estimated: u64,
    /// Answers with a recorded cost, with an estimate, and without either.
    pub answers: [u32; 3],
    pub steps: u64,
    pub forgotten: u64,
    pub prompts: u32,
    pub tool_calls: u32,
    pub errors: u32,
    pub malformed: u32,
    pub agents: u32,
    /// The highest number given to a step.
    pub seq: u64,
    pub generation: u32,
}

/// Tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    pub input: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    pub output: u64,
    pub reasoning: u64,
}

/// What identifies a session when its records are first seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionName {
    pub id: String,
    pub home: String,
    pub runtime: String,
    pub session: String,
    pub parent: Option<String>,
    pub title: Option<String>,
    pub cwd: Option<String>,
    /// Taken as the last activity until a record tells.
    pub seen_at: i64,
}

/// How far one file, or one session of a database, was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordingRow {
    pub key: i64,
    /// `key` of its session.
    pub session: i64,
    pub path: String,
    pub agent: Option<String>,
    /// Bytes read; cursor of the last row, in a database.
    pub position: i64,
    pub size: u64,
    /// When the file changed last, when it was last looked at (ms).
    pub modified: i64,
    pub identity: String,
    pub head: String,
    pub tail: String,
    /// Place of the last step.
    pub place: i64,
    /// State of the reader, as JSON.
    pub saved: String,
    pub records: u64,
    pub malformed: u32,
    pub rewritten: u32,
    pub trouble: Option<String>,
    pub present: bool,
    /// `modified` of the file when everything read of it was compared last (ms).
    pub checked: i64,
}

/// One step to be stored; it gets its number on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStep {
    pub place: i64,
    pub at: Option<i64>,
    pub agent: Option<String>,
    /// The word by which it is filtered.
    pub kind: &'static str,
    /// Masked, as JSON.
    pub body: String,
}

/// One stored step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    pub place: i64,
    pub seq: u64,
    pub at: Option<i64>,
    pub agent: Option<String>,
    pub body: String,
}

/// Tokens and cost of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageRow {
    /// A later one of the same response replaces it; absent: it counts once.
    pub response: Option<String>,
    pub tokens: Tokens,
    pub recorded: Option<u64>,
    pub estimated: Option<u64>,
    /// When it was given (ms since the epoch); 0: not known.
    pub at: i64,
}

/// What was spent in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpentRow {
    /// Millionths of a US dollar.
    pub micro: u64,
    /// Answers whose cost is not known; they are not in `micro`.
    pub unpriced: u64,
}

/// What became known of a sub-agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentRow {
    pub agent: String,
    pub name: Option<String>,
    pub parent: Option<String>,
    pub call: Option<String>,
    /// As the word of the wire.
    pub outcome: Option<String>,
    pub steps: u64,
    pub last_at: Option<i64>,
}

/// A record that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MalformedRow {
    pub path: String,
    pub offset: u64,
    pub line: u64,
    pub why: String,
}

/// What reading on in one recording gave. Absent settings stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// The recording with its new position.
    pub recording: RecordingRow,
    pub steps: Vec<NewStep>,
    pub usages: Vec<UsageRow>,
    /// Steps are counted for these; other fields replace what is known where they are present.
    pub agents: Vec<AgentRow>,
    pub malformed: Vec<MalformedRow>,
    /// Number and digest of the blocks that were read to their end.
    pub prints: Vec<(u64, String)>,
    /// `id` of the session whose history this one goes on with: what is stored of the main conversation is that one's
    /// and is taken back.
    pub forked: Option<String>,
    pub title: Option<String>,
    pub cwd: Option<String>,
    pub branch: Option<String>,
    pub model: Option<String>,
    pub mode: Option<String>,
    pub state: Option<String>,
    pub prompts: u32,
    pub tool_calls: u32,
    pub errors: u32,
    /// First and last time of its steps.
    pub times: Option<(i64, i64)>,
}

/// Which sessions are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionFilter {
    pub runtime: Option<String>,
    pub home: Option<String>,
    /// Part of title, folder or id, in any case.
    pub search: String,
}

/// Which steps of a session are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepFilter {
    /// Only this sub-agent's; empty: only the main conversation's.
    pub agent: Option<String>,
    /// Only these kinds; empty: all.
    pub kinds: Vec<String>,
}

/// From where a page of steps goes, and which way. A place is time and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepsFrom {
    /// The latest.
    End,
    /// Those before a place, the nearest ones.
    Before((i64, u64)),
    /// Those after a place, the nearest ones.
    After((i64, u64)),
    /// What was read after this number, in the order of reading.
    Since(u64),
}
