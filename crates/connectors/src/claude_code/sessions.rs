//! Live sessions from the client's registry (`sessions/<pid>.json`; undocumented, so read loosely).
//!
//! Must never read the `.key` files beside it: they hold tokens.

use std::path::Path;

use serde_json::Value;

use super::jobs;
use crate::connector::{Listing, LiveSession};
use crate::env::Env;
use crate::processes;

/// Entries of the registry that are looked at, files that are read, and their size in bytes.
const ENTRIES: usize = 50_000;
const FILES: usize = 500;
const FILE_BYTES: u64 = 64 * 1024;

/// Sessions whose process still runs, ordered by process id.
pub(super) fn live(env: &Env, home: &Path) -> Vec<LiveSession> {
    let Ok(entries) = std::fs::read_dir(home.join("sessions")) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .flatten()
        .take(ENTRIES)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "json"))
        .filter(|entry| may_run(env, &entry.path()))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort_by(|one, other| other.cmp(one));
    let newest = files.into_iter().take(FILES);
    let mut sessions: Vec<LiveSession> = newest.filter_map(|(_, path)| read(env, home, &path)).collect();
    sessions.sort_by_key(|session| session.pid);
    sessions
}

/// A client that keeps the registry enters each of its sessions, under its newest id.
pub(super) fn listing(env: &Env, home: &Path) -> Listing {
    if processes::are_seen(env) && home.join("sessions").is_dir() { Listing::Sessions } else { Listing::Partly }
}

/// Whether the process that a file is named by is there. What was killed leaves its file behind, and there may be many.
fn may_run(env: &Env, file: &Path) -> bool {
    let pid = file.file_stem().and_then(|name| name.to_str()?.parse().ok());
    pid.is_none_or(|pid| processes::still_runs(env, pid, None, None) != Some(false))
}

fn read(env: &Env, home: &Path, path: &Path) -> Option<LiveSession> {
    let facts = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    if facts.len() > FILE_BYTES {
        return None;
    }
    let value: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let pid = value
        .get("pid")
        .and_then(Value::as_u64)
        .or_else(|| path.file_stem()?.to_str()?.parse().ok())
        .and_then(|pid| u32::try_from(pid).ok())?;
    let start = value.get("procStart");
    let start = start.and_then(|start| start.as_u64().or_else(|| start.as_str()?.parse().ok()));
    let registered = value.get("startedAt").and_then(Value::as_i64);
    let known = match processes::still_runs(env, pid, start, registered) {
        Some(false) => return None,
        Some(true) => true,
        None => false,
    };
    let told = || match status(text("status"), text("waitingFor")) {
        // A background session that ended its turn with a question is idle here and waits by its job.
        told @ ("idle" | "unknown") => match text("jobId").and_then(|id| jobs::status(home, id)) {
            Some(waits @ ("asking" | "waiting")) => waits,
            Some(job) if told == "unknown" => job,
            _ => told,
        },
        told => told,
    };
    let status = if known { told() } else { "unknown" };
    Some(LiveSession {
        session: text("sessionId")?.to_owned(),
        pid,
        cwd: text("cwd").unwrap_or_default().to_owned(),
        name: text("name").map(str::to_owned),
        kind: kind(text("kind"), text("entrypoint")),
        status: status.to_owned(),
        version: text("version").map(str::to_owned),
        started_at: registered,
        process_started: processes::start_of(env, pid, start),
    })
}

/// A client that waits says for what; a prompt for permission is the only thing that is not input.
fn status(status: Option<&str>, waits_for: Option<&str>) -> &'static str {
    match (status, waits_for) {
        (Some("idle"), _) => "idle",
        (Some("busy"), _) => "busy",
        (Some("waiting"), Some(what)) if what.contains("permission") => "asking",
        (Some("waiting"), _) => "waiting",
        _ => "unknown",
    }
}

/// `interactive` stands for terminals and for `-p` alike; the entrypoint tells them apart.
fn kind(kind: Option<&str>, entrypoint: Option<&str>) -> String {
    match (kind, entrypoint) {
        (Some("bg"), _) => "background",
        (_, Some("sdk-cli")) => "print",
        (_, Some("cli")) => "terminal",
        (_, Some(other)) => other,
        (kind, None) => kind.unwrap_or("unknown"),
    }
    .to_owned()
}
