//! Where the records lie: `sessions/<year>/<month>/<day>/rollout-<local time>-<thread>.jsonl`, and
//! `archived_sessions/` for what was put away. What rested may be packed: the same name with `.zst` behind it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use clawbutler_core::limits::RECORDINGS;
use serde::Deserialize;
use serde_json::Value;

use super::paths::{self, SESSIONS};
use crate::packed::{self, Unpacked};
use crate::record::{Form, Recording};

/// Longest first line that is read (bytes): it carries the model's whole instructions.
const HEAD_BYTES: u64 = 1024 * 1024;
/// Entries of one folder, and folders inside each other.
const ENTRIES: usize = 20_000;
const DEPTH: usize = 4;
/// Folders that are watched: those of the newest days.
const WATCHED: usize = 400;

/// What the first line of a record says.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    /// The thread's own id.
    thread: Option<String>,
    /// The root thread's id, which hooks call the session.
    pub(super) session: Option<String>,
    /// The thread this one was started by.
    parent: Option<String>,
    /// The thread whose history it began with.
    forked: Option<String>,
    pub(super) cwd: Option<String>,
    pub(super) version: Option<String>,
    /// When it began, in the client's words.
    pub(super) started: Option<String>,
    agent: bool,
    unattended: bool,
}

impl Head {
    /// Whether it is a sub-agent's.
    pub(super) fn is_agent(&self) -> bool {
        self.agent
    }

    /// Whether it began with nobody to ask: the client itself sets such sessions to never ask.
    pub(super) fn is_unattended(&self) -> bool {
        self.unattended
    }

    /// The thread whose history a thread of a user goes on with.
    pub(super) fn forked_from(&self, thread: &str) -> Option<&str> {
        self.forked.as_deref().filter(|forked| !self.agent && *forked != thread)
    }

    /// Reads what is wanted of a `session_meta`.
    pub(super) fn of(meta: &Value) -> Self {
        let text = |name: &str| meta.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let owned = |name: &str| text(name).map(str::to_owned);
        let agent = meta.get("source").is_some_and(|source| source.get("subagent").is_some())
            || text("thread_source") == Some("subagent");
        Self {
            thread: owned("id"),
            session: owned("session_id"),
            parent: owned("parent_thread_id"),
            forked: owned("forked_from_id"),
            cwd: owned("cwd"),
            version: owned("cli_version"),
            started: owned("timestamp"),
            agent,
            unattended: text("source") == Some("exec"),
        }
    }
}

#[derive(Deserialize)]
struct First {
    #[serde(rename = "type")]
    kind: String,
    payload: Meta,
}

/// Only these: the instructions beside them are long.
#[derive(Deserialize)]
struct Meta {
    id: Option<Value>,
    session_id: Option<Value>,
    parent_thread_id: Option<Value>,
    forked_from_id: Option<Value>,
    cwd: Option<Value>,
    cli_version: Option<Value>,
    timestamp: Option<Value>,
    source: Option<Value>,
    thread_source: Option<Value>,
}

/// The first line of a record; none while it is not whole.
pub(super) fn head(file: &Path) -> Option<Head> {
    if is_packed(file) { first(Unpacked::open(file).ok()?) } else { first(File::open(file).ok()?) }
}

fn first(text: impl Read) -> Option<Head> {
    let mut line = Vec::new();
    BufReader::new(text.take(HEAD_BYTES)).read_until(b'\n', &mut line).ok()?;
    line.ends_with(b"\n").then_some(())?;
    let First { kind, payload } = serde_json::from_slice(&line).ok()?;
    (kind == "session_meta").then_some(())?;
    let Meta { id, session_id, parent_thread_id, forked_from_id, cwd, cli_version, timestamp, source, thread_source } =
        payload;
    Some(Head::of(&serde_json::json!({
        "id": id, "session_id": session_id, "parent_thread_id": parent_thread_id, "forked_from_id": forked_from_id,
        "cwd": cwd, "cli_version": cli_version, "timestamp": timestamp, "source": source, "thread_source": thread_source,
    })))
}

/// The thread in a record's name.
pub(super) fn thread_of(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?.strip_prefix("rollout-")?.strip_suffix(".jsonl")?;
    // `2026-11-22T11-12-48-` stands before it.
    let thread = name.get(20..)?;
    let plain = thread.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (plain && !thread.is_empty() && name.as_bytes()[19] == b'-').then(|| thread.to_owned())
}

fn is_packed(file: &Path) -> bool {
    unpacked_name(file).is_some()
}

/// The name a record had before it was packed.
fn unpacked_name(file: &Path) -> Option<PathBuf> {
    packed::unpacked_name(file).filter(|plain| thread_of(plain).is_some())
}

/// Everything recorded, newest first by the time in the names.
pub(super) fn all(home: &Path) -> Vec<Recording> {
    let mut files = Vec::new();
    for folder in [paths::sessions(home), paths::archived(home)] {
        walk(&folder, DEPTH, &mut |path, is_folder| {
            if !is_folder && (thread_of(&path).is_some() || is_packed(&path)) {
                files.push(path);
            }
        });
    }
    let plain: BTreeSet<PathBuf> = files.iter().filter(|file| !is_packed(file)).cloned().collect();
    // While Codex packs or unpacks one, both lie there.
    files.retain(|file| unpacked_name(file).is_none_or(|name| !plain.contains(&name)));
    files.sort_by(|one, other| other.file_name().cmp(&one.file_name()).then_with(|| one.cmp(other)));
    files.truncate(RECORDINGS);
    files.iter().filter_map(|file| of_file(home, file)).collect()
}

/// The record of the thread that started another one of the same session, whose own record is given: a sub-agent's
/// own sub-agents are of its session too.
pub(super) fn parent_of(root: &Path, thread: &str) -> Option<PathBuf> {
    let beside = root.parent()?;
    // A session may last for days: `sessions/<year>/<month>/<day>`.
    let folder = beside.ancestors().nth(DEPTH - 1).filter(|folder| folder.ends_with(SESSIONS));
    let of = |thread: &str| {
        let is_it = |path: &Path| thread_of(path).as_deref() == Some(thread);
        let near = std::fs::read_dir(beside).into_iter().flatten().flatten().take(ENTRIES).map(|entry| entry.path());
        near.into_iter().find(|path| is_it(path)).or_else(|| {
            let mut found = None;
            walk(folder?, DEPTH, &mut |path, is_folder| {
                if !is_folder && is_it(&path) {
                    found = Some(path);
                }
            });
            found
        })
    };
    of(&head(&of(thread)?)?.parent?)
}

/// The recording in a file. Of one that lies there packed and not, what is not; of one that was just packed, what it became.
pub(super) fn of_file(home: &Path, file: &Path) -> Option<Recording> {
    let became = packed::packed_name(file);
    let file = if !file.exists() && became.exists() { &became } else { file };
    let inside = file.starts_with(paths::sessions(home)) || file.starts_with(paths::archived(home));
    let plain = unpacked_name(file);
    if plain.as_ref().is_some_and(|plain| plain.exists()) {
        return None;
    }
    let thread = thread_of(plain.as_deref().unwrap_or(file)).filter(|_| inside)?;
    let head = head(file)?;
    let thread = head.thread.clone().unwrap_or(thread);
    let above = head.session.as_ref().or(head.parent.as_ref()).filter(|_| head.agent);
    let session = above.unwrap_or(&thread).clone();
    Some(Recording {
        agent: (head.agent && thread != session).then_some(thread),
        parent: head.forked_from(&session).map(str::to_owned),
        session,
        path: file.to_owned(),
        form: if plain.is_some() { Form::Packed } else { Form::Lines },
        cwd: head.cwd,
        title: None,
    })
}

/// Folders that hold records, the newest days first.
pub(super) fn folders(home: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    walk(&paths::sessions(home), DEPTH, &mut |path, is_folder| {
        if is_folder {
            all.push(path);
        }
    });
    all.sort_by(|one, other| other.cmp(one));
    all.truncate(WATCHED);
    all.insert(0, paths::sessions(home));
    all.push(paths::archived(home));
    all
}

fn walk(folder: &Path, depth: usize, found: &mut impl FnMut(PathBuf, bool)) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES);
    for entry in entries {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            found(entry.path(), true);
            if depth > 1 {
                walk(&entry.path(), depth - 1, found);
            }
        } else if kind.is_file() {
            found(entry.path(), false);
        }
    }
}
