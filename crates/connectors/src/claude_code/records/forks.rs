//! A fork begins with the lines of the session it came from: same ids, same times, its own session id.
//!
//! `/branch` marks every copied line (`forkedFrom`). `--fork-session` marks the answers only (`requestSessionId`); what lies
//! between them and after the last one is told apart by the ids of the other session's own transcript.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::files;
use super::transcript::text;

/// Most of the other session's transcript that is searched for ids (bytes), and most of one of its lines.
const SEARCHED_BYTES: u64 = 512 * 1024 * 1024;
const LINE_BYTES: u64 = 64 * 1024 * 1024;
/// Ids of the other session that are held at once.
const IDS: usize = 500_000;

/// Whose a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    Own,
    /// Of another session, and the first that shows it since something else was told.
    Begins(String),
    /// Of another session, as it was told before.
    Copied,
}

/// What the records of a session told so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Nothing that a mark would take back.
    #[default]
    Silent,
    Told,
    /// An answer of its own: what was told before stays, whatever comes.
    Own,
}

/// What is known of the lines that were copied.
#[derive(Debug, Clone, Default)]
pub(super) struct Fork {
    /// The session they are of, by the last mark.
    from: Option<String>,
    /// Unmarked lines may be copies too.
    copying: bool,
    /// The client's own total holds what the other session cost.
    pub(super) inherits: bool,
    stage: Stage,
    /// Ids of the lines in the other session's transcript; read when they are needed, not saved.
    ids: Option<(String, HashSet<Box<str>>)>,
}

impl Fork {
    pub(super) fn read(saved: &Value) -> Self {
        let is = |name: &str| saved.get(name) == Some(&Value::Bool(true));
        Self {
            from: saved.get("from").and_then(Value::as_str).map(str::to_owned),
            copying: is("copying"),
            inherits: is("inherits"),
            stage: saved.get("stage").and_then(|stage| Stage::deserialize(stage).ok()).unwrap_or_default(),
            ids: None,
        }
    }

    pub(super) fn save(&self) -> Value {
        let Self { from, copying, inherits, stage, ids: _ } = self;
        json!({ "from": from, "copying": copying, "inherits": inherits, "stage": stage })
    }

    /// Something was told.
    pub(super) fn told(&mut self) {
        if self.stage == Stage::Silent {
            self.stage = Stage::Told;
        }
    }

    /// Whose a line of the main conversation is.
    pub(super) fn whose(&mut self, transcript: &Path, kind: &str, line: &Map<String, Value>) -> Whose {
        let own = text(line, "sessionId");
        let other = |found: Option<&str>| found.filter(|from| Some(*from) != own && own.is_some()).map(str::to_owned);
        let branched = line.get("forkedFrom").and_then(|from| from.get("sessionId")).and_then(Value::as_str);
        if let Some(from) = other(branched) {
            return self.copied(from);
        }
        if kind == "assistant" {
            if let Some(from) = other(text(line, "requestSessionId")) {
                (self.copying, self.inherits) = (true, true);
                return self.copied(from);
            }
            (self.stage, self.copying, self.ids) = (Stage::Own, false, None);
            return Whose::Own;
        }
        let Some(id) = text(line, "uuid").filter(|_| self.copying) else { return Whose::Own };
        let Some(from) = self.from.clone() else { return Whose::Own };
        if self.ids.as_ref().is_none_or(|(of, _)| *of != from) {
            self.ids = Some((from.clone(), ids_of(transcript, &from)));
        }
        match &self.ids {
            Some((_, ids)) if ids.contains(id) => Whose::Copied,
            Some((_, ids)) => {
                // Without the other transcript the next marked answer tells.
                self.copying = ids.is_empty();
                Whose::Own
            }
            None => Whose::Own,
        }
    }

    fn copied(&mut self, from: String) -> Whose {
        let begins = self.stage == Stage::Told || (self.stage == Stage::Silent && self.from.as_ref() != Some(&from));
        self.from = Some(from.clone());
        if begins {
            self.stage = Stage::Silent;
            return Whose::Begins(from);
        }
        Whose::Copied
    }
}

/// Of a line only this.
#[derive(Deserialize)]
struct Id {
    uuid: Option<Box<str>>,
}

/// Ids of the lines of another session of the same home; none where its transcript is gone.
fn ids_of(transcript: &Path, session: &str) -> HashSet<Box<str>> {
    let mut found = HashSet::new();
    let plain = !session.is_empty() && session.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let Some(file) = plain.then(|| other(transcript, session)).flatten() else { return found };
    let Ok(file) = std::fs::File::open(file) else { return found };
    let mut file = BufReader::new(file.take(SEARCHED_BYTES));
    let mut line = Vec::new();
    while found.len() < IDS {
        line.clear();
        match (&mut file).take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => found.extend(serde_json::from_slice::<Id>(&line).ok().and_then(|line| line.uuid)),
        }
    }
    found
}

/// The transcript of another session: in the same folder, or in that of another project.
fn other(transcript: &Path, session: &str) -> Option<PathBuf> {
    let name = format!("{session}.jsonl");
    let folder = transcript.parent()?;
    let beside = folder.join(&name);
    if beside.is_file() {
        return Some(beside);
    }
    files::entries(folder.parent()?).into_iter().map(|project| project.join(&name)).find(|path| path.is_file())
}
