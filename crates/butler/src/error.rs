//! Errors of use cases, ready for a window: what happened and what to do next.

use clawbutler_store::StoreError;
use clawbutler_wire::{ApiError, Code};

/// An error with a code, a sentence and often a hint.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(pub ApiError);

impl Error {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self(ApiError::new(Code::BadRequest, message))
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self(ApiError::new(Code::NotFound, format!("There is no such {what}.")).hint("Refresh the list."))
    }

    pub(crate) fn stale(message: &str, present: Option<serde_json::Value>) -> Self {
        let mut error = ApiError::new(Code::Stale, message).hint("Look at it again and decide on what it is now.");
        error.details = present;
        Self(error)
    }

    pub(crate) fn precondition(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self(ApiError::new(Code::Precondition, message).hint(hint))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database refused");
        Self(
            ApiError::new(Code::Unavailable, error.to_string())
                .hint("Nothing was changed. Check free disk space and that no other program holds the database."),
        )
    }
}

impl From<clawbutler_policy::LoadError> for Error {
    fn from(error: clawbutler_policy::LoadError) -> Self {
        let details = serde_json::json!({
            "file": error.file, "line": error.line, "rule": error.rule, "example": error.example,
        });
        let mut api = ApiError::new(Code::BadRequest, error.to_string()).hint(error.hint);
        api.details = Some(details);
        Self(api)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, NotFound, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let hint = match error.kind() {
            StorageFull | QuotaExceeded => "Make room on that disk and try again.",
            FileTooLarge => "It is larger than what is allowed there. Choose another place.",
            NotFound => "See whether it, and the folder it is to be in, are there.",
            ReadOnlyFilesystem => "Nothing can be written there. Choose another place.",
            _ => "Check its permissions.",
        };
        Self(ApiError::new(Code::Unavailable, format!("A file refused: {error}")).hint(hint))
    }
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another ClawButler already runs on {0}")]
    AlreadyRunning(String),
    #[error("the data folder cannot be used: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the rules do not load: {0}")]
    Rules(String),
}
