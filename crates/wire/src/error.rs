//! Errors as data: a closed code for programs, a sentence and a hint for people.

use serde::{Deserialize, Serialize};

/// What a caller can tell apart. Add one only when a caller acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is malformed or over a bound.
    BadRequest,
    /// No such thing.
    NotFound,
    /// It changed since it was shown; `details` carries the present view.
    Stale,
    /// It cannot be done in the present state.
    Precondition,
    /// A file, socket or database refused.
    Unavailable,
    /// The caller may not do this.
    Forbidden,
    /// A defect of ours.
    Internal,
}

/// The error half of every reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// For programs.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whatever the code promises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
}

impl ApiError {
    /// An error with a message and no hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, details: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
