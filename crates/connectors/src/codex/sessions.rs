//! Live sessions: a writer keeps its session's lock file and record open.
//!
//! Where nothing tells which files a process holds (macOS, Windows), its environment tells the home and, where it is the
//! only one there, the newest record its session. Never takes a lock to try it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::paths;
use super::recordings::{self, Head};
use crate::connector::{Listing, LiveSession};
use crate::env::Env;
use crate::moment;
use crate::processes::{self, Clock, Process, ROUNDING_MS};

/// The kind of a session that a server with no window of its own keeps, for itself or for the windows of others.
pub(super) const SERVER: &str = "background";

/// See [`crate::connector::Connector::sessions`].
pub(super) fn live(env: &Env, home: &Path) -> Vec<LiveSession> {
    let real = home.canonicalize().unwrap_or_else(|_| home.to_owned());
    let ours = processes::all(env).into_iter().filter(is_codex);
    let mut sessions = Vec::new();
    let mut by_home = Vec::new();
    for process in ours {
        match process.open_files() {
            Some(files) => sessions.extend(of_files(&process, files, &real)),
            None if told_home(env, &process).is_some_and(|told| is_same(&told, &real)) => by_home.push(process),
            None => {}
        }
    }
    sessions.extend(of_home(env, &by_home, &real));
    sessions.sort_by(|one, other| (one.pid, &one.session).cmp(&(other.pid, &other.session)));
    sessions
}

/// Every writer holds its record open, so that where the open files of each are told nothing is left out. One of another
/// user, or that keeps others from looking into it, does not show them.
pub(super) fn listing(env: &Env) -> Listing {
    let ours = || processes::all(env).into_iter().filter(is_codex);
    match (processes::tell_files(env), processes::are_seen(env)) {
        // What has ended and was not collected by its parent yet has no words.
        (true, _) if ours().all(|one| one.words().is_none() || one.open_files().is_some()) => Listing::Sessions,
        (false, true) => Listing::Processes,
        (true, _) | (false, false) => Listing::Partly,
    }
}

fn is_codex(process: &Process) -> bool {
    process.name().is_some_and(|name| name == "codex")
}

/// The sessions one process writes, by the files it holds open.
fn of_files(process: &Process, files: Vec<PathBuf>, home: &Path) -> Vec<LiveSession> {
    let mut open: BTreeMap<String, PathBuf> = BTreeMap::new();
    let (locks, records) = (paths::locks(home), paths::sessions(home));
    let mut held = Vec::new();
    for file in files {
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
    let Some(started) = process.started() else { return Vec::new() };
    let kind = kind(process);
    let of_thread = |thread: String| {
        let head = open.get(&thread).and_then(|file| recordings::head(file));
        let is_agent = head.as_ref().is_some_and(Head::is_agent);
        (!is_agent).then(|| session(process, started, kind, thread, head))
    };
    held.into_iter().filter_map(of_thread).collect()
}

fn session(process: &Process, started: u64, kind: &str, thread: String, head: Option<Head>) -> LiveSession {
    let folder = || process.cwd().map(|path| path.display().to_string());
    LiveSession {
        session: head.as_ref().and_then(|head| head.session.clone()).unwrap_or(thread),
        pid: process.pid,
        cwd: head.as_ref().and_then(|head| head.cwd.clone()).or_else(folder).unwrap_or_default(),
        name: None,
        kind: kind.to_owned(),
        // Pending is what has no line yet, so waiting and working look alike.
        status: "unknown".to_owned(),
        version: head.as_ref().and_then(|head| head.version.clone()),
        started_at: head.and_then(|head| moment::parse(&head.started?)).map(|at| at.0),
        process_started: Some(started),
    }
}

/// The processes of a home that tell no files: each as a session of its own name, one that is alone by its newest record.
fn of_home(env: &Env, processes: &[Process], home: &Path) -> Vec<LiveSession> {
    let clock = Clock::read(env);
    // A server keeps any number of sessions, and the program in front of one of its windows none.
    let alone = processes.len() == 1;
    let one = |process: &Process| {
        let started = process.started()?;
        let kind = kind(process);
        let began = clock.started_ms(started);
        let recorded = || {
            let newest =
                recordings::all(home).into_iter().find_map(|one| Some((recordings::head(&one.path)?, one.path)));
            let (head, file) = newest.filter(|(head, _)| !head.is_agent())?;
            let changed = std::fs::metadata(file).and_then(|facts| facts.modified()).ok()?;
            let since = SystemTime::UNIX_EPOCH + Duration::from_millis(began?);
            (changed + Duration::from_millis(ROUNDING_MS) >= since).then_some(head)
        };
        let head = if alone && kind != SERVER { recorded() } else { None };
        Some(session(process, started, kind, format!("process-{}", process.pid), head))
    };
    processes.iter().filter_map(one).collect()
}

/// The home a process works in, by its environment; `None` where that may not be read.
fn told_home(env: &Env, process: &Process) -> Option<PathBuf> {
    let vars: BTreeMap<String, String> = process.vars(&["HOME", "USERPROFILE", "CODEX_HOME"])?.into_iter().collect();
    let user = ["HOME", "USERPROFILE"].iter().find_map(|name| vars.get(*name)).map(PathBuf::from);
    let home = user.unwrap_or_else(|| env.home.clone());
    Some(paths::home(&Env { vars, home, ..env.clone() }))
}

fn is_same(told: &Path, real: &Path) -> bool {
    told == real || told.canonicalize().is_ok_and(|told| told == real)
}

/// By the words it was started with: `codex exec`, `codex app-server`, or a terminal.
fn kind(process: &Process) -> &'static str {
    let words = process.words().unwrap_or_default();
    let mut words = words.iter().map(String::as_str).skip(1);
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
