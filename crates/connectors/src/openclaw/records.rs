//! Where OpenClaw records its sessions: a JSONL file each up to 2026.7.1, a database per agent since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clawbutler_core::limits::{CONFIG_FILE_BYTES, RECORDINGS};
use serde_json::Value;

use super::config::text_at;
use super::paths;
use crate::disk;
use crate::record::{Form, Recording, Rows};

/// Name of an agent's database.
const DATABASE: &str = "openclaw-agent.sqlite";

/// Every session a database ever held; its sub-agents name who started them.
pub(super) const SESSIONS: &[&str] = &[
    "SELECT w.session_id AS session, p.current_session_id AS parent, \
     COALESCE(n.label, n.display_name, w.display_name) AS title FROM session_windows w \
     JOIN session_nodes n ON n.session_key = w.session_key \
     LEFT JOIN session_nodes p ON p.session_key = COALESCE(n.spawned_by, n.parent_session_key) \
     ORDER BY w.updated_at DESC LIMIT ?1",
    "SELECT current_session_id AS session FROM session_nodes ORDER BY updated_at DESC LIMIT ?1",
    "SELECT DISTINCT session_id AS session FROM transcript_events LIMIT ?1",
];

/// The events of one session. They count from zero, cursors from one. Events over 1 KiB are compressed; the
/// reader unpacks them, so they come as hexadecimal text.
const EVENTS: Rows = Rows {
    queries: &[
        "SELECT seq + 1 AS cursor, event_json, hex(event_zstd) AS event_zstd FROM transcript_events \
         WHERE session_id = ?2 AND seq >= ?1 ORDER BY seq LIMIT ?3",
        "SELECT seq + 1 AS cursor, event_json FROM transcript_events \
         WHERE session_id = ?2 AND seq >= ?1 ORDER BY seq LIMIT ?3",
    ],
};

/// Everything a home has recorded, newest first.
pub(super) fn all(home: &Path) -> Vec<Recording> {
    let mut found: Vec<(SystemTime, Recording)> = Vec::new();
    for agent in paths::agents(home) {
        let database = agent.join("agent").join(DATABASE);
        found.extend(changed(&database).map(|at| (at, whole(database))));
        let sessions = agent.join("sessions");
        let known = Known::read(&sessions);
        let entries = std::fs::read_dir(&sessions).into_iter().flatten().flatten().take(RECORDINGS);
        for path in entries.map(|entry| entry.path()) {
            found.extend(changed(&path).and_then(|at| Some((at, known.recording(path)?))));
        }
    }
    found.sort_by(|(one, a), (other, b)| other.cmp(one).then_with(|| a.path.cmp(&b.path)));
    found.truncate(RECORDINGS);
    found.into_iter().map(|(_, recording)| recording).collect()
}

/// Folders that hold them.
pub(super) fn folders(home: &Path) -> Vec<PathBuf> {
    let inside = |agent: PathBuf| [agent.join("agent"), agent.join("sessions")];
    let mut found = vec![home.join("agents")];
    found.extend(paths::agents(home).into_iter().flat_map(inside).filter(|folder| folder.is_dir()));
    found
}

/// The recordings in one file that changed; a database's companions stand for the database.
pub(super) fn in_file(home: &Path, file: &Path) -> Vec<Recording> {
    let Some(folder) = file.parent() else { return Vec::new() };
    if folder.parent().and_then(Path::parent) != Some(&home.join("agents")) {
        return Vec::new();
    }
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if folder.ends_with("agent") && name.strip_suffix("-wal").unwrap_or(name) == DATABASE {
        return vec![whole(folder.join(DATABASE))];
    }
    if !folder.ends_with("sessions") {
        return Vec::new();
    }
    Known::read(folder).recording(file.to_owned()).into_iter().collect()
}

fn changed(path: &Path) -> Option<SystemTime> {
    let facts = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    facts.modified().ok()
}

fn whole(path: PathBuf) -> Recording {
    let form = Form::Rows(EVENTS);
    Recording { session: String::new(), agent: None, parent: None, path, form, cwd: None, title: None }
}

/// What the list beside the transcripts (`sessions.json`, by session key) knows of them, by session id.
#[derive(Debug, Default)]
struct Known(BTreeMap<String, (Option<String>, Option<String>)>);

impl Known {
    fn read(folder: &Path) -> Self {
        let path = folder.join("sessions.json");
        let small = std::fs::metadata(&path).is_ok_and(|facts| facts.len() <= CONFIG_FILE_BYTES);
        let bytes = disk::read(&path).ok().filter(|_| small).and_then(|disk| disk.bytes).unwrap_or_default();
        let Ok(Value::Object(list)) = serde_json::from_slice::<Value>(&bytes) else { return Self::default() };
        let id = |entry: &Value| text_at(entry, &["sessionId"]).map(str::to_owned);
        let mut known = BTreeMap::new();
        for entry in list.values() {
            let Some(session) = id(entry) else { continue };
            let by = ["spawnedBy", "parentSessionKey"].iter().find_map(|name| text_at(entry, &[*name]));
            let parent = by.and_then(|key| list.get(key)).and_then(id).filter(|parent| *parent != session);
            let title = ["label", "displayName", "subject"].iter().find_map(|name| text_at(entry, &[*name]));
            known.insert(session, (parent, title.map(str::to_owned)));
        }
        Self(known)
    }

    /// A transcript; none for the files around it (trajectories, checkpoints, what was reset or deleted).
    fn recording(&self, path: PathBuf) -> Option<Recording> {
        let name = path.file_name()?.to_str()?;
        let session = name.strip_suffix(".jsonl")?.to_owned();
        if session.is_empty() || session.ends_with(".trajectory") || session.contains(".checkpoint.") {
            return None;
        }
        let (parent, title) = self.0.get(&session).cloned().unwrap_or_default();
        Some(Recording { session, agent: None, parent, path, form: Form::Lines, cwd: None, title })
    }
}
