//! Where transcripts lie: `projects/<folder>/<session>.jsonl`, those of sub-agents in
//! `projects/<folder>/<session>/subagents/agent-<id>.jsonl`, or (older clients) beside the session's.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clawbutler_core::limits::RECORDINGS;
use serde_json::Value;

use crate::record::{Form, Recording};

/// How much of an older sub-agent's first line is read to learn its session (bytes).
const FIRST_LINE_BYTES: u64 = 256 * 1024;
/// Largest note beside a sub-agent's transcript that is read (bytes).
const NOTE_BYTES: u64 = 64 * 1024;
/// Project folders, and entries of one folder, that are looked at.
const ENTRIES: usize = 100_000;

/// The folder of all transcripts of a home.
pub(in crate::claude_code) fn folder(home: &Path) -> PathBuf {
    home.join("projects")
}

/// Everything a home has recorded, newest first.
pub(in crate::claude_code) fn all(home: &Path) -> Vec<Recording> {
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    for project in entries(&folder(home)) {
        for entry in entries(&project) {
            match changed(&entry) {
                Some(at) => found.push((at, entry)),
                None => {
                    let agents = entries(&entry.join("subagents"));
                    found.extend(agents.into_iter().filter_map(|path| Some((changed(&path)?, path))));
                }
            }
            if found.len() >= ENTRIES {
                break;
            }
        }
    }
    found.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    found.into_iter().filter_map(|(_, path)| in_file(home, &path)).take(RECORDINGS).collect()
}

pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES).map(|entry| entry.path()).collect()
}

/// When a transcript last changed; `None` for everything else.
fn changed(path: &Path) -> Option<SystemTime> {
    let named = path.extension().is_some_and(|extension| extension == "jsonl");
    let facts = std::fs::metadata(path).ok().filter(|facts| named && facts.is_file())?;
    facts.modified().ok()
}

/// The recording in one file.
pub(in crate::claude_code) fn in_file(home: &Path, file: &Path) -> Option<Recording> {
    let place = file.strip_prefix(folder(home)).ok()?;
    let parts: Vec<&str> = place.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    let (session, agent) = match parts.as_slice() {
        [_, name] => {
            let stem = name.strip_suffix(".jsonl").filter(|stem| !stem.is_empty())?;
            match stem.strip_prefix("agent-") {
                Some(agent) => (session_of(file)?, Some(agent)),
                None => (stem.to_owned(), None),
            }
        }
        [_, session, "subagents", name] => {
            let agent = name.strip_prefix("agent-")?.strip_suffix(".jsonl").filter(|agent| !agent.is_empty())?;
            ((*session).to_owned(), Some(agent))
        }
        _ => return None,
    };
    Some(Recording {
        session,
        agent: agent.map(str::to_owned),
        parent: None,
        path: file.to_owned(),
        form: Form::Lines,
        cwd: None,
        title: None,
    })
}

/// The session that an older sub-agent's first line names.
fn session_of(file: &Path) -> Option<String> {
    let mut line = Vec::new();
    let opened = std::fs::File::open(file).ok()?;
    BufReader::new(opened.take(FIRST_LINE_BYTES)).read_until(b'\n', &mut line).ok()?;
    let value: Value = serde_json::from_slice(&line).ok()?;
    value.get("sessionId").and_then(Value::as_str).filter(|session| !session.is_empty()).map(str::to_owned)
}

/// The call that started a sub-agent, from the note beside its transcript in the folder of the session.
pub(in super::super) fn spawned_by(transcript: &Path, agent: &str) -> Option<String> {
    let plain = !agent.is_empty() && agent.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let file = || transcript.with_extension("").join("subagents").join(format!("agent-{agent}.jsonl"));
    plain.then(|| note(&file()).call).flatten()
}

/// What the client notes of a sub-agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Note {
    /// Its type.
    pub(super) name: Option<String>,
    /// The call that started it.
    pub(super) call: Option<String>,
    /// The sub-agent that made that call.
    pub(super) parent: Option<String>,
}

/// The note beside a sub-agent's transcript.
pub(super) fn note(transcript: &Path) -> Note {
    let path = transcript.with_extension("meta.json");
    let small = std::fs::metadata(&path).is_ok_and(|facts| facts.is_file() && facts.len() <= NOTE_BYTES);
    let bytes = if small { std::fs::read(&path).unwrap_or_default() } else { Vec::new() };
    let Ok(note) = serde_json::from_slice::<Value>(&bytes) else { return Note::default() };
    let text = |name: &str| note.get(name).and_then(Value::as_str).map(str::to_owned);
    Note { name: text("agentType"), call: text("toolUseId"), parent: text("parentAgentId") }
}
