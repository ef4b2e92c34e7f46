//! Live sessions: a writer keeps its session's lock file and record open (Linux).
//!
//! Elsewhere nothing tells who holds a lock, so nothing is listed. Never takes a lock to try it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{paths, recordings};
use crate::connector::LiveSession;
use crate::env::{Env, Os};
use crate::moment;
use crate::processes;

/// Processes and open files of each that are looked at.
const PROCESSES: usize = 50_000;
const OPEN_FILES: usize = 4_096;

/// The kind of a session that a server with no window of its own keeps, for itself or for the windows of others.
pub(super) const SERVER: &str = "background";

/// See [`crate::connector::Connector::sessions`].
pub(super) fn live(env: &Env, home: &Path) -> Vec<LiveSession> {
    if env.os != Os::Linux {
        return Vec::new();
    }
    let real = home.canonicalize().unwrap_or_else(|_| home.to_owned());
    let table = env.root.join("proc");
    let mut sessions: Vec<LiveSession> = std::fs::read_dir(&table)
        .into_iter()
        .flatten()
        .flatten()
        .take(PROCESSES)
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .flat_map(|pid| of_process(&table.join(u32::to_string(&pid)), pid, &real))
        .collect();
    sessions.sort_by(|one, other| (one.pid, &one.session).cmp(&(other.pid, &other.session)));
    sessions
}

/// The sessions one process writes.
fn of_process(folder: &Path, pid: u32, home: &Path) -> Vec<LiveSession> {
    let is_codex = std::fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.trim() == "codex");
    if !is_codex {
        return Vec::new();
    }
    let mut open: BTreeMap<String, PathBuf> = BTreeMap::new();
    let files = std::fs::read_dir(folder.join("fd")).into_iter().flatten().flatten().take(OPEN_FILES);
    let (locks, records) = (paths::locks(home), paths::sessions(home));
    let mut held = Vec::new();
    for file in files.filter_map(|file| std::fs::read_link(file.path()).ok()) {
        if file.starts_with(&locks)
            && file.extension().is_some_and(|end| end == "lock")
            && let Some(thread) = file.file_stem().and_then(|name| name.to_str())
        {
            held.push(thread.to_owned());
        } else if file.starts_with(&records)
            && let Some(thread) = recordings::thread_of(&file)
        {
            open.insert(thread, file);
        }
    }
    // Before there were locks a writer had only its record open.
    held.extend(open.keys().cloned());
    held.sort();
    held.dedup();
    let Some(started) = processes::started(folder) else { return Vec::new() };
    let kind = kind(folder);
    held.into_iter()
        .filter_map(|thread| {
            let head = open.get(&thread).and_then(|file| recordings::head(file));
            if head.as_ref().is_some_and(|head| head.is_agent()) {
                return None;
            }
            let folder = || std::fs::read_link(folder.join("cwd")).ok().map(|path| path.display().to_string());
            Some(LiveSession {
                session: head.as_ref().and_then(|head| head.session.clone()).unwrap_or(thread),
                pid,
                cwd: head.as_ref().and_then(|head| head.cwd.clone()).or_else(folder).unwrap_or_default(),
                name: None,
                kind: kind.to_owned(),
                // Pending is what has no line yet, so waiting and working look alike.
                status: "unknown".to_owned(),
                version: head.as_ref().and_then(|head| head.version.clone()),
                started_at: head.and_then(|head| moment::parse(&head.started?)).map(|at| at.0),
                process_started: Some(started),
            })
        })
        .collect()
}

/// By the words it was started with: `codex exec`, `codex app-server`, or a terminal.
fn kind(folder: &Path) -> &'static str {
    let line = std::fs::read(folder.join("cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split_terminator('\0').skip(1).peekable();
    while let Some(word) = words.next() {
        match word {
            "exec" | "e" | "review" => return "print",
            "app-server" => return SERVER,
            "mcp-server" | "mcp" => return "server",
            "-c" | "--config" | "-p" | "--profile" | "-m" | "--model" | "-C" | "--cd" | "-s" | "--sandbox" | "-a"
            | "--ask-for-approval" | "--enable" | "--disable" | "-i" | "--image" | "--add-dir" => {
                words.next();
            }
            word if word.starts_with('-') => {}
            _ => return "terminal",
        }
    }
    "terminal"
}
