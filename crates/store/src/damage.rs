//! A database that is damaged: how it is noticed, and how it is set aside.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{ErrorCode, OpenFlags};

use crate::StoreError;
use crate::open::connect;

/// How often a look that goes on asks whether it should stop.
pub const POLL: Duration = Duration::from_millis(20);
/// Longest reason that is kept (characters).
const REASON_CHARS: usize = 400;

/// What a look at a database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// Nothing.
    None,
    /// It was stopped before its end.
    Unfinished,
    /// It is damaged; what SQLite says of it.
    Found(String),
}

/// Looks through a database that may be in use: its structure, or (`full`) its indexes and constraints too. `stop` is
/// asked many times a second.
pub fn look(path: &Path, full: bool, mut stop: impl FnMut() -> bool + Send) -> Result<Damage, StoreError> {
    let connection = match connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Ok(connection) => connection,
        Err(error) => return is_damage(&error).map(Damage::Found).ok_or(error),
    };
    let handle = connection.get_interrupt_handle();
    let (done, waiting) = mpsc::channel::<()>();
    let found = std::thread::scope(|scope| {
        scope.spawn(move || {
            while waiting.recv_timeout(POLL) == Err(mpsc::RecvTimeoutError::Timeout) {
                if stop() {
                    handle.interrupt();
                }
            }
        });
        let sql = if full { "PRAGMA integrity_check(1)" } else { "PRAGMA quick_check(1)" };
        let found = connection.query_row(sql, [], |row| row.get::<_, String>(0));
        drop(done);
        found
    });
    match found {
        Ok(text) if text == "ok" => Ok(Damage::None),
        Ok(text) => Ok(Damage::Found(cut(&text))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(Damage::Unfinished),
        Err(error) => {
            let error = StoreError::from(error);
            is_damage(&error).map(Damage::Found).ok_or(error)
        }
    }
}

/// What an error at opening says of damage; `None` where it is about something else.
pub fn is_damage(error: &StoreError) -> Option<String> {
    let StoreError::Sqlite(error) = error else { return None };
    // `Unknown` is SQLite's plain error: a table of ours that is not there, a format it does not know.
    let codes = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase, ErrorCode::Unknown];
    let damaged = error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
        // A value that is not of its column's type cannot have been written by us.
        || matches!(
            error,
            rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..)
        );
    damaged.then(|| cut(&error.to_string()))
}

fn cut(text: &str) -> String {
    text.replace('\n', " ").chars().take(REASON_CHARS).collect()
}

/// Takes back what a program that was killed had begun to write to a database that nobody else has open: nobody can read
/// it before, not even to look at it. What else is wrong with it is left for [`look`].
pub fn roll_back(path: &Path) -> Result<(), StoreError> {
    if !path.with_extension("db-journal").exists() {
        return Ok(());
    }
    let rolled = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .and_then(|connection| Ok(connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?));
    match rolled {
        Err(error) if is_damage(&error).is_none() => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What SQLite may keep beside a database, by the end of its name: what it was at an earlier time without them.
pub const BESIDE: [&str; 3] = ["db-shm", "db-wal", "db-journal"];

/// Renames a database that nobody has open, with its write-ahead log, to a name beside it that tells why and when;
/// never over another file. It can be opened under its new name. Returns that.
pub fn set_aside(path: &Path, why_and_when: &str) -> Result<PathBuf, StoreError> {
    let aside = (1..1_000)
        .map(|number| match number {
            1 => path.with_extension(format!("{why_and_when}.db")),
            number => path.with_extension(format!("{why_and_when}-{number}.db")),
        })
        .find(|aside| !aside.exists() && BESIDE.iter().all(|end| !aside.with_extension(end).exists()))
        .ok_or_else(|| StoreError::Io(std::io::Error::other("too many databases were set aside")))?;
    // The log first: without it, a database that is still there under its name shows what it was at an earlier time.
    for end in BESIDE.into_iter().chain(["db"]) {
        match std::fs::rename(path.with_extension(end), aside.with_extension(end)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(aside)
}
