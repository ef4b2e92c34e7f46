//! Sessions in the background, kept by a supervisor of the client's own (2.1.330: `jobs/<id>/state.json`,
//! `daemon.status.json`; undocumented, so read loosely).
//!
//! One that runs is in the registry of sessions as well; the job tells of those that ended, were stopped, or wait to be
//! started again: a session whose process is killed is started anew by the supervisor within half a minute. Where the
//! supervisor ended first, the next one calls its sessions failed and starts none (run with 2.1.330).
//! Must never read `daemon/*.key` nor `daemon/roster.json`: they hold tokens.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::facts::{Facts, json};
use crate::connector::{Ended, Keeper};
use crate::facts::{Tab, Watch};
use crate::moment;

/// Folders of jobs listed, jobs looked at (those written last), and those shown.
const LISTED: usize = 20_000;
const LOOKED: usize = 1_000;
const SHOWN: usize = 50;

/// The supervisor, as it wrote itself down.
pub(super) fn keeper(home: &Path) -> Option<Keeper> {
    let status = json(&home.join("daemon.status.json"));
    let number = |name: &str| {
        let value = status.get(name)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    Some(Keeper {
        what: "background service",
        pid: u32::try_from(number("supervisorPid")?).ok()?,
        process_started: number("supervisorProcStart")?,
        later: "It would have started them again; the client starts a new one with the next background session, and \
                that takes up none of them.",
    })
}

/// What one job is at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Job {
    session: String,
    /// In the words of live sessions.
    status: &'static str,
    /// Its end, where it has one.
    ended: Option<Ended>,
}

/// What one job is at, in the words of live sessions. No id leads out of the folder of jobs.
pub(super) fn status(home: &Path, id: &str) -> Option<&'static str> {
    let plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    plain.then(|| job(&json(&home.join("jobs").join(id).join("state.json"))))?.map(|job| job.status)
}

/// The sessions whose job says that it is over.
pub(super) fn ended(home: &Path) -> BTreeMap<String, Ended> {
    let jobs = files(home).into_iter().filter_map(|(_, file)| job(&json(&file)));
    jobs.filter_map(|job| Some((job.session, job.ended?))).collect()
}

/// How many jobs there are, and how many of them cannot be read.
pub(super) fn unreadable(home: &Path) -> (usize, usize) {
    let files = files(home);
    (files.len(), files.iter().filter(|(_, file)| !json(file).is_object()).count())
}

fn files(home: &Path) -> Vec<(String, PathBuf)> {
    let folders = std::fs::read_dir(home.join("jobs")).into_iter().flatten().flatten().take(LISTED);
    let jobs = folders.filter_map(|entry| {
        let file = entry.path().join("state.json");
        let written = file.metadata().ok().filter(std::fs::Metadata::is_file)?.modified().ok();
        Some((Reverse(written), entry.file_name().to_string_lossy().into_owned(), file))
    });
    let mut jobs: Vec<_> = jobs.collect();
    jobs.sort();
    jobs.into_iter().take(LOOKED).map(|(_, id, file)| (id, file)).collect()
}

fn text<'a>(state: &'a Value, name: &str) -> &'a str {
    state.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn job(state: &Value) -> Option<Job> {
    let session =
        ["resumeSessionId", "sessionId"].map(|name| text(state, name)).into_iter().find(|id| !id.is_empty())?;
    let word = text(state, "state");
    let status = match text(state, "tempo") {
        "blocked" if text(state, "needs").starts_with("approve ") => "asking",
        "blocked" => "waiting",
        "active" => "busy",
        "idle" => "idle",
        _ => "unknown",
    };
    // `crashed` is none of these: the supervisor starts it again.
    let over = matches!(word, "done" | "failed" | "stopped");
    let at = || ["lastTerminalAt", "updatedAt"].iter().find_map(|name| moment::parse(text(state, name)));
    let ended = over.then(|| Ended { word: word.to_owned(), at: at().map(|at| at.0) });
    Some(Job { session: session.to_owned(), status, ended })
}

/// The latest jobs, each in a fact: what it is doing or how it ended. Words of prompts and calls are left out.
pub(super) fn add(facts: &mut Facts, home: &Path) {
    let mut jobs: Vec<(String, PathBuf, Value)> = files(home)
        .into_iter()
        .map(|(id, path)| {
            let state = json(&path);
            (id, path, state)
        })
        .collect();
    jobs.sort_by_cached_key(|(_, _, state)| Reverse(text(state, "updatedAt").to_owned()));
    for (id, path, state) in jobs.iter().take(SHOWN) {
        let waits = if text(state, "tempo") == "blocked" { ", waiting for an answer" } else { "" };
        let (word, cwd, at) = (text(state, "state"), text(state, "cwd"), text(state, "updatedAt"));
        if word.is_empty() {
            continue;
        }
        let value = format!("{word}{waits}, in {cwd}, since {at}");
        facts.add(Tab::Overview, format!("background session {id}"), value, &path.display().to_string(), Watch::No);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of what 2.1.330 wrote.
    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "daemon.status.json",
            r#"{"supervisorPid": 4883, "supervisorProcStart": "2122150", "writtenAt": 1795698497214, "workers": {}}"#,
        );
        write(
            "jobs/24743d77/state.json",
            r#"{"state": "working", "tempo": "blocked", "needs": "approve Bash: rm -rf x", "cwd": "/p", "updatedAt": "2026-11-26T13:08:21.375Z"}"#,
        );
        write(
            "jobs/6d865bfb/state.json",
            r#"{"state": "stopped", "tempo": "idle", "cwd": "/p", "updatedAt": "2026-11-26T13:08:46.298Z"}"#,
        );
        write("jobs/00000000/state.json", r#"{"state": "work"#);
        write("jobs/11111111/state.json", "[1]");
        write("jobs/pins.json", "{}");
        home
    }

    #[test]
    fn jobs_are_told_newest_first_without_their_words() {
        let mut facts = Facts::default();
        add(&mut facts, home().path());
        let told: Vec<_> = facts.done().into_iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
        let blocked =
            "background session 24743d77: working, waiting for an answer, in /p, since 2026-11-26T13:08:21.375Z";
        assert_eq!(told, ["background session 6d865bfb: stopped, in /p, since 2026-11-26T13:08:46.298Z", blocked]);
    }

    #[test]
    fn of_very_many_jobs_those_written_last_are_looked_at() {
        let home = home();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        for at in 0..LOOKED + 50 {
            let folder = home.path().join(format!("jobs/{at:08x}"));
            std::fs::create_dir_all(&folder).unwrap();
            let file = std::fs::File::create(folder.join("state.json")).unwrap();
            file.set_modified(long_ago).unwrap();
        }
        let found = files(home.path());
        assert_eq!(found.len(), LOOKED);
        for id in ["24743d77", "6d865bfb"] {
            assert!(found.iter().any(|(name, _)| name == id), "{id}");
        }
    }

    #[test]
    fn the_supervisor_is_known_by_its_process_and_start_or_not_at_all() {
        let home = home();
        let found = keeper(home.path()).unwrap();
        assert_eq!((found.pid, found.process_started), (4883, 2_122_150));
        for status in
            ["", "{", "[]", "{}", r#"{"supervisorPid": 4883}"#, r#"{"supervisorPid": -1, "supervisorProcStart": "x"}"#]
        {
            std::fs::write(home.path().join("daemon.status.json"), status).unwrap();
            assert_eq!(keeper(home.path()), None, "{status}");
        }
    }
}
