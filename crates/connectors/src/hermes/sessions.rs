//! Live sessions: the process table for what runs, our plugin's announcements for which session it is.

use std::path::Path;

use super::{plugin, process};
use crate::connector::LiveSession;
use crate::env::Env;
use crate::processes;

/// See [`crate::connector::Connector::sessions`].
pub(super) fn live(env: &Env, home: &Path) -> Vec<LiveSession> {
    let announced = plugin::announced(home);
    if !processes::are_seen(env) {
        // Nothing says whether they still run.
        return announced
            .into_iter()
            .filter_map(|one| {
                Some(LiveSession {
                    session: one.session?,
                    pid: one.pid,
                    cwd: one.cwd,
                    name: None,
                    kind: "unknown".to_owned(),
                    status: "unknown".to_owned(),
                    version: one.hermes,
                    started_at: one.loaded_at,
                    process_started: one.started,
                })
            })
            .collect();
    }
    let processes = process::all(env).into_iter().filter(|process| process::is_same(&process.home, home));
    processes
        .map(|process| {
            let said = announced.iter().find(|one| one.is_of(&process));
            LiveSession {
                session: said
                    .and_then(|said| said.session.clone())
                    .unwrap_or_else(|| format!("process-{}", process.pid)),
                pid: process.pid,
                cwd: said.map(|said| said.cwd.clone()).filter(|cwd| !cwd.is_empty()).unwrap_or(process.cwd),
                name: None,
                kind: process.kind.to_owned(),
                status: "unknown".to_owned(),
                version: said.and_then(|said| said.hermes.clone()),
                started_at: said.and_then(|said| said.loaded_at),
                process_started: Some(process.started),
            }
        })
        .collect()
}

/// Whether a session is that of a single question (`-z`) that runs now.
pub(super) fn is_single(env: &Env, home: &Path, session: &str) -> bool {
    let announced = plugin::announced(home);
    let of = |process: &process::Process| {
        announced.iter().any(|one| one.session.as_deref() == Some(session) && one.is_of(process))
    };
    process::all(env).iter().any(|process| {
        process.prompts == process::Prompts::Single && process::is_same(&process.home, home) && of(process)
    })
}
