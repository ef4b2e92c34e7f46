//! OpenClaw's processes that run agents, and which of them loaded our plugin.
//!
//! OpenClaw writes one word over its command line, so that on Linux only its locks and the databases it holds open tell
//! what a process does. Seen on 2026.9.6: `openclaw agent exec` loads no plugins, and keeps what it records in a folder
//! that goes with it. Where the table tells no open files (macOS, Windows), the words and the environment tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clawbutler_core::digest::sha256;
use serde_json::Value;

use super::{gateways, paths, plugin};
use crate::disk;
use crate::env::Env;
use crate::processes::{self, Clock};

/// Announcements that are looked at; the largest one (bytes).
const ANNOUNCEMENTS: usize = 500;
const ANNOUNCEMENT_BYTES: u64 = 16 * 1024;
/// How long a process may take until its plugins are loaded, and a running gateway to take in changed ones (s).
const LOADS_S: u64 = 90;
/// Words of a command line in which the program is looked for.
const WORDS: usize = 12;
/// What a command that runs an agent calls itself.
const TITLE: &str = "openclaw-agent";
/// An agent's database, below a home.
const DATABASE: &str = "openclaw-agent.sqlite";
/// How the folder of `openclaw agent exec` begins.
const PASSING: &str = "openclaw-agent-exec-";

/// One process that runs agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// In the units of the system's process table.
    pub(super) started: Option<u64>,
    /// `openclaw agent exec`: it never loads plugins.
    pub(super) passing: bool,
    /// A gateway, or an agent run in the place of one.
    pub(super) locked: bool,
    /// Its folder; empty where the system does not tell.
    pub(super) cwd: String,
}

/// Commands that run an agent of this home in a process of their own, beside its gateway.
pub(super) fn commands(env: &Env, home: &Path) -> Vec<Process> {
    let mut found: Vec<Process> =
        processes::all(env).iter().filter_map(|process| command(env, home, process)).collect();
    found.sort_by_key(|process| process.pid);
    found
}

fn command(env: &Env, home: &Path, process: &processes::Process) -> Option<Process> {
    let (passing, here) =
        if processes::tell_files(env) { by_files(env, home, process)? } else { by_words(env, home, process)? };
    here.then(|| Process {
        pid: process.pid,
        started: process.started(),
        passing,
        locked: false,
        cwd: process.cwd().map(|path| path.display().to_string()).unwrap_or_default(),
    })
}

/// Whether it is `agent exec`, and whether it is of this home.
fn by_files(env: &Env, home: &Path, process: &processes::Process) -> Option<(bool, bool)> {
    (process.name()? == TITLE).then_some(())?;
    // Another user's process shows no files.
    let homes = disk::unique(process.open_files()?.iter().filter_map(|file| home_of(file)).collect());
    let (passing, homes): (Vec<PathBuf>, Vec<PathBuf>) = homes.into_iter().partition(|home| is_passing(home));
    // One that asks a gateway holds no database.
    let here = match homes.as_slice() {
        [] if passing.is_empty() => false,
        [] => told_home(env, process).is_some_and(|told| paths::same(&told, home)),
        homes => homes.iter().any(|one| paths::same(one, home)),
    };
    Some((!passing.is_empty(), here))
}

/// The same where no files are told. Only `agent exec` is told from what asks a gateway; words that were written over are not.
fn by_words(env: &Env, home: &Path, process: &processes::Process) -> Option<(bool, bool)> {
    let words = process.words()?;
    let at = words.iter().take(WORDS).position(|word| is_program(word))?;
    let mut rest = words[at + 1..].iter().filter(|word| !word.starts_with('-'));
    (rest.next()? == "agent" && rest.next()? == "exec").then_some(())?;
    Some((true, paths::same(&told_home(env, process)?, home)))
}

/// Whether Node.js runs OpenClaw by this word: its own file, or what npm puts among the programs.
fn is_program(word: &str) -> bool {
    matches!(word.rsplit(['/', '\\']).next(), Some("openclaw" | "openclaw.mjs" | "openclaw.cmd"))
}

/// The home whose agent's database this is.
fn home_of(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|_| path.file_name().is_some_and(|name| name == DATABASE))?;
    let agents = folder.parent()?.parent().filter(|agents| agents.ends_with("agents"))?;
    agents.parent().map(Path::to_owned)
}

fn is_passing(home: &Path) -> bool {
    home.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PASSING))
}

/// The home that the environment of a process names.
fn told_home(env: &Env, process: &processes::Process) -> Option<PathBuf> {
    let known = ["HOME", "USERPROFILE", "OPENCLAW_HOME", "OPENCLAW_PROFILE", "OPENCLAW_STATE_DIR"];
    let vars: BTreeMap<String, String> = process.vars(&known)?.into_iter().collect();
    let user = vars.get("HOME").or_else(|| vars.get("USERPROFILE"));
    let user = user.map_or_else(|| env.home.clone(), PathBuf::from);
    Some(paths::home(&Env { vars, home: user, ..env.clone() }))
}

/// Processes of a home that should have loaded the guard and never said so: commands that load no plugins at once,
/// others when they had the time. None where processes cannot be seen.
pub(super) fn unguarded(env: &Env, home: &Path) -> Vec<Process> {
    if !processes::are_seen(env) {
        return Vec::new();
    }
    let announced = announced(home);
    let clock = Clock::read(env);
    let has_announced = |process: &Process| announced.iter().any(|one| one.is_of(process, &clock));
    let locked = gateways::running(env, home).into_iter().map(|gateway| Process {
        pid: gateway.pid,
        started: gateway.process_started,
        passing: false,
        locked: true,
        cwd: String::new(),
    });
    let mut found: Vec<Process> = locked.collect();
    let others = commands(env, home).into_iter().filter(|process| !found.iter().any(|one| one.pid == process.pid));
    found.extend(others.collect::<Vec<_>>());
    // What loads no plugins cannot announce itself: an announcement of such a one is somebody else's writing.
    found.retain(|process| process.passing || !has_announced(process) && settled(&clock, home, process));
    found
}

/// Whether a process had the time to load the guard of a home, and to take in the newest one.
fn settled(clock: &Clock, home: &Path, process: &Process) -> bool {
    let old = process.started.and_then(|start| clock.age_s(start)).is_some_and(|age| age >= LOADS_S);
    let written = plugin::FILES.iter().filter_map(|(name, _)| {
        std::fs::metadata(paths::plugin(home).join(name)).and_then(|facts| facts.modified()).ok()
    });
    let taken_in = |at| clock.now().is_some_and(|now| now.duration_since(at).is_ok_and(|s| s.as_secs() >= LOADS_S));
    old && written.max().is_none_or(taken_in)
}

/// One of them, in words, and what to do.
pub(super) fn unguarded_says(process: &Process) -> (String, &'static str) {
    let pid = process.pid;
    if process.passing {
        let says =
            format!("process {pid} is `openclaw agent exec`, which loads no plugins: nothing it does is asked about");
        return (says, "End it, and run the task with `openclaw agent`, which asks the gateway.");
    }
    let what = if process.locked { "a gateway, or an agent in its place" } else { "an agent run by a command" };
    (
        format!("process {pid} ({what}) has not loaded it; it was started before, or could not load it"),
        "Restart that process; with `gateway.reload.mode` off, OpenClaw loads plugins only when it starts.",
    )
}

/// What one running copy of the plugin said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) pid: u32,
    /// In the units of the system's process table.
    pub(super) started: Option<u64>,
    /// The digest of its code.
    pub(super) edition: Option<String>,
    /// When it was loaded (ms since the epoch).
    loaded_at: Option<i64>,
}

impl Announced {
    /// Whether this process said it.
    fn is_of(&self, process: &Process, clock: &Clock) -> bool {
        let began = process.started.and_then(|started| clock.started_ms(started));
        self.pid == process.pid && processes::is_of(self.started, self.loaded_at, process.started, began)
    }
}

/// Files that running copies leave beside the plugin.
pub(super) fn left_behind(home: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(paths::plugin(home).join("seen")).into_iter().flatten().flatten();
    let ours = |path: &PathBuf| path.extension().is_some_and(|end| end == "json" || end == "new");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(ours)
        .filter(|path| path.symlink_metadata().is_ok_and(|facts| facts.is_file()))
        .take(ANNOUNCEMENTS)
        .collect();
    found.sort();
    found
}

fn announced(home: &Path) -> Vec<Announced> {
    let read = |path: PathBuf| {
        let value: Value = serde_json::from_str(&disk::small_text(&path, ANNOUNCEMENT_BYTES)?).ok()?;
        Some(Announced {
            pid: value.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok())?,
            started: value.get("started").and_then(Value::as_u64),
            edition: value.get("edition").and_then(Value::as_str).map(str::to_owned),
            loaded_at: value.get("loadedAt").and_then(Value::as_i64),
        })
    };
    left_behind(home).into_iter().filter_map(read).collect()
}

/// Running processes that loaded another edition of the guard than the one installed.
pub(super) fn of_older_edition(env: &Env, home: &Path) -> Vec<u32> {
    let installed =
        plugin::FILES.iter().find(|(name, _)| *name == plugin::CODE).map(|(_, code)| sha256(code.as_bytes()));
    let runs = |one: &Announced| processes::still_runs(env, one.pid, one.started, one.loaded_at) == Some(true);
    let other = |one: &Announced| one.edition.is_some() && one.edition != installed;
    announced(home).into_iter().filter(|one| other(one) && runs(one)).map(|one| one.pid).collect()
}
