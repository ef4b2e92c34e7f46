//! What a runtime records of its sessions, where it lies, and how it is read as it grows.
//!
//! A connector says where the records are and understands one record at a time; who reads them, how far,
//! and what becomes of a torn or rewritten file is decided once, outside the connectors.

use std::path::PathBuf;

use clawbutler_core::timeline::Step;
use serde_json::Value;

/// One file or database that holds the records of one session, or of one sub-agent of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The runtime's session id.
    pub session: String,
    /// The sub-agent whose records these are; absent for the main conversation.
    pub agent: Option<String>,
    /// The session that started this one, where the runtime says so.
    pub parent: Option<String>,
    /// Where it lies.
    pub path: PathBuf,
    /// How it is read.
    pub form: Form,
    /// Working directory, where it is known without reading the records.
    pub cwd: Option<String>,
    /// Its title, where it is known without reading the records.
    pub title: Option<String>,
}

/// How records follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line. The file only grows; a rewritten one is read from its start.
    Lines,
    /// The same, packed once it rested: see [`crate::packed`]. The file does not grow.
    Packed,
    /// Rows of a SQLite database, read only.
    Rows(Rows),
}

/// A query that gives the records of one session in order.
///
/// `?1` is the cursor of the last row that was read (0 at first), `?2` the session id, `?3` the most rows
/// wanted. The first column is the row's cursor, an integer that grows; every row becomes a JSON object
/// of its columns by name (blobs become `null`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The query; several are run in turn until one fits the database's schema.
    pub queries: &'static [&'static str],
}

/// A setting of a session that says how much is done unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// As in `What::Setting`.
    pub name: &'static str,
    /// In the runtime's words.
    pub value: String,
}

/// Why a record was not understood. The text never carries the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// Understands the records of one recording, in order.
///
/// Deterministic: the same records give the same steps. What a later record needs of earlier ones is small
/// and can be saved, so that reading goes on where it stopped, in another process too.
pub trait Reader: Send {
    /// One record: a line without its end, or a row as a JSON object. An unknown kind is a step
    /// (`What::Unknown`), not an error; records that mean nothing to a person give no step.
    fn record(&mut self, record: &[u8]) -> Result<Vec<Step>, Malformed>;
    /// What the session is set to after the last record, as far as it says how much is done unasked: `mode`, `sandbox`.
    /// Only what a record told of.
    fn settings(&self) -> Vec<Setting> {
        Vec::new()
    }
    /// What has to be known to go on after the last record.
    fn save(&self) -> Value {
        Value::Null
    }
}

/// A reader whose records explain themselves.
impl<F> Reader for F
where
    F: FnMut(&[u8]) -> Result<Vec<Step>, Malformed> + Send,
{
    fn record(&mut self, record: &[u8]) -> Result<Vec<Step>, Malformed> {
        self(record)
    }
}
