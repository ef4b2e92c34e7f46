//! What can go wrong with the database.

use rusqlite::ErrorCode;

/// A refusal of the database, in words a person can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own error.
    #[error("the database refused: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// Another program holds it, and longer than we wait.
    #[error("another program holds the database; end it, or wait until it is done, and try again")]
    Locked,
    /// A stored value does not have its form.
    #[error("a stored {what} is damaged: {source}")]
    Damaged { what: &'static str, source: serde_json::Error },
    /// The file was written by a newer version.
    #[error("the database has version {found}, this program knows up to {known}: start the newer ClawButler")]
    Newer { found: i64, known: i64 },
    /// The file was written by an older version and is only read.
    #[error(
        "the database has version {found}, this program reads version {known}: start ClawButler once to bring it up to date"
    )]
    Older { found: i64, known: i64 },
    /// A node of the tree over the audit log is not there: the log is shorter, or entries are missing.
    #[error("the audit log has no node {index} of level {level}")]
    NoNode { level: u32, index: u64 },
    /// The folder or file cannot be used.
    #[error("the database file cannot be used: {0}")]
    Io(#[from] std::io::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            _ => Self::Sqlite(error),
        }
    }
}
