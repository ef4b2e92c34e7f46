//! Why a call brought nothing.

use clawbutler_core::limits::ATTACH_ERROR_CHARS;
use serde_json::Value;

use crate::json;

/// What a runtime said instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// The runtime's code (`FORBIDDEN`, `INVALID_REQUEST`, …), or a number as text.
    pub code: String,
    /// The finer reason, where it gives one (`AUTH_TOKEN_MISMATCH`, `startup-sidecars`, …).
    pub reason: String,
    /// Its words, cut and without tokens.
    pub message: String,
    /// How long to wait before asking again (ms), where it says so.
    pub retry_after_ms: Option<u64>,
    /// The scope that was missing.
    pub missing_scope: Option<String>,
    /// The pending pairing request.
    pub pairing: Option<String>,
}

impl Refusal {
    /// From an error object of either protocol.
    pub(crate) fn read(error: &Value) -> Self {
        let number = error.pointer("/code").and_then(Value::as_i64);
        let message = json::word(error, "/message");
        // Releases without details only have the sentence.
        let in_words = message.strip_prefix("missing scope: ").map(str::to_owned);
        Self {
            code: number.map_or_else(|| json::word(error, "/code"), |number| number.to_string()),
            reason: json::text(error, "/details/code")
                .or_else(|| json::text(error, "/details/reason"))
                .unwrap_or_default(),
            message: message.chars().take(ATTACH_ERROR_CHARS).collect(),
            retry_after_ms: json::number(error, "/retryAfterMs"),
            missing_scope: json::text(error, "/details/missingScope").or(in_words),
            pairing: json::text(error, "/details/requestId"),
        }
    }
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no connection now.
    #[error("the runtime is not connected")]
    Down,
    /// Too many calls are under way.
    #[error("too many calls to this runtime are under way")]
    Busy,
    /// No answer in time. What was asked may still happen.
    #[error("the runtime did not answer {method} in time")]
    TimedOut {
        /// The method called.
        method: String,
    },
    /// The runtime refused.
    #[error("the runtime refused {method}: {}", .refusal.message)]
    Refused {
        /// The method called.
        method: String,
        /// What it said.
        refusal: Box<Refusal>,
    },
    /// The answer is not of the form we know.
    #[error("the answer to {method} cannot be read: {what}")]
    Unreadable {
        /// The method called.
        method: String,
        /// What is missing.
        what: String,
    },
    /// The decision was not among those offered, so it was not sent.
    #[error("{decision} was not offered for this request; offered: {offered}")]
    NotOffered {
        /// What was to be answered.
        decision: String,
        /// What may be answered.
        offered: String,
    },
    /// The change cannot be made as asked; nothing was sent.
    #[error("{0}")]
    NotPossible(String),
}

impl CallError {
    pub(crate) fn unreadable(method: &str, what: &str) -> Self {
        Self::Unreadable { method: method.to_owned(), what: what.to_owned() }
    }

    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.as_ref()),
            Self::Down
            | Self::Busy
            | Self::TimedOut { .. }
            | Self::Unreadable { .. }
            | Self::NotOffered { .. }
            | Self::NotPossible(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_of_both_protocols_are_read() {
        let scope = Refusal::read(&json!({ "code": "FORBIDDEN", "message": "missing scope: operator.admin" }));
        assert_eq!(scope.missing_scope.as_deref(), Some("operator.admin"));
        let pairing = Refusal::read(&json!({ "code": "NOT_PAIRED", "message": "pairing required",
            "details": { "code": "PAIRING_REQUIRED", "reason": "not-paired", "requestId": "r1" } }));
        assert_eq!((pairing.reason.as_str(), pairing.pairing.as_deref()), ("PAIRING_REQUIRED", Some("r1")));
        assert_eq!(Refusal::read(&json!({ "code": -32600, "message": "x" })).code, "-32600");
        assert_eq!(Refusal::read(&json!("nonsense")), Refusal::default());
    }
}
