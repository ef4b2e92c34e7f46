//! OpenClaw's processes that run agents, and which of them loaded our plugin.
//!
//! OpenClaw writes one word over its command line, so that only its locks and the databases it holds open tell what a
//! process does (Linux). Seen on 2026.9.6: `openclaw agent exec` loads no plugins, and keeps what it records in a folder
//! that goes with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clawbutler_core::digest::sha256;
use serde_json::Value;

use super::{gateways, paths, plugin};
use crate::disk;
use crate::env::{Env, Os};
use crate::processes;

/// Processes, open files of one, and announcements that are looked at; the largest announcement (bytes).
const PROCESSES: usize = 50_000;
const OPEN_FILES: usize = 4_096;
const ANNOUNCEMENTS: usize = 500;
const ANNOUNCEMENT_BYTES: u64 = 16 * 1024;
/// Ticks a second in the process table; the kernel fixes it for every program.
const TICKS: u64 = 100;
/// How long a process may take until its plugins are loaded, and a running gateway to take in changed ones (s).
const LOADS_S: u64 = 90;
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
    /// Ticks since boot.
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
    if env.os != Os::Linux {
        return Vec::new();
    }
    let entries = std::fs::read_dir(env.root.join("proc")).into_iter().flatten().flatten().take(PROCESSES);
    let numbered = entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())));
    let mut found: Vec<Process> = numbered.filter_map(|(pid, folder)| command(env, home, pid, &folder)).collect();
    found.sort_by_key(|process| process.pid);
    found
}

fn command(env: &Env, home: &Path, pid: u32, folder: &Path) -> Option<Process> {
    let title = std::fs::read_to_string(folder.join("comm")).ok()?;
    (title.trim_end() == TITLE).then_some(())?;
    // Another user's process shows no files.
    let files = std::fs::read_dir(folder.join("fd")).ok()?.flatten().take(OPEN_FILES);
    let homes: Vec<PathBuf> = disk::unique(
        files.filter_map(|file| std::fs::read_link(file.path()).ok()).filter_map(|at| home_of(&at)).collect(),
    );
    let (passing, homes): (Vec<PathBuf>, Vec<PathBuf>) = homes.into_iter().partition(|home| is_passing(home));
    // One that asks a gateway holds no database.
    let here = match homes.as_slice() {
        [] if passing.is_empty() => false,
        [] => told_home(env, folder).is_some_and(|told| paths::same(&told, home)),
        homes => homes.iter().any(|one| paths::same(one, home)),
    };
    here.then(|| Process {
        pid,
        started: processes::started(folder),
        passing: !passing.is_empty(),
        locked: false,
        cwd: std::fs::read_link(folder.join("cwd")).map(|path| path.display().to_string()).unwrap_or_default(),
    })
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
fn told_home(env: &Env, folder: &Path) -> Option<PathBuf> {
    let vars = std::fs::read(folder.join("environ")).ok()?;
    let pairs = vars.split(|byte| *byte == 0).filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='));
    let known = ["HOME", "OPENCLAW_HOME", "OPENCLAW_PROFILE", "OPENCLAW_STATE_DIR"];
    let vars: BTreeMap<String, String> = pairs
        .filter(|(name, _)| known.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let user = vars.get("HOME").map_or_else(|| env.home.clone(), PathBuf::from);
    Some(paths::home(&Env { vars, home: user, ..env.clone() }))
}

/// Processes of a home that should have loaded the guard and never said so: commands that load no plugins at once,
/// others when they had the time. None where processes cannot be seen.
pub(super) fn unguarded(env: &Env, home: &Path) -> Vec<Process> {
    if env.os != Os::Linux {
        return Vec::new();
    }
    let announced = announced(home);
    let has_announced = |process: &Process| {
        let same = |one: &&Announced| one.started.is_none() || one.started == process.started;
        announced.iter().filter(|one| one.pid == process.pid).any(|one| same(&one))
    };
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
    let clock = Clock::read(env);
    // What loads no plugins cannot announce itself: an announcement of such a one is somebody else's writing.
    found.retain(|process| {
        let settled = || clock.as_ref().is_some_and(|clock| clock.settled(home, process));
        process.passing || !has_announced(process) && settled()
    });
    found
}

/// The time, by the process table.
struct Clock {
    /// Since boot, and boot since the epoch (s).
    up: u64,
    booted: u64,
}

impl Clock {
    fn read(env: &Env) -> Option<Self> {
        let table = env.root.join("proc");
        let up = std::fs::read_to_string(table.join("uptime")).ok()?;
        let facts = std::fs::read_to_string(table.join("stat")).ok()?;
        let booted = facts.lines().find_map(|line| line.strip_prefix("btime "))?;
        Some(Self { up: up.split(['.', ' ']).next()?.parse().ok()?, booted: booted.trim().parse().ok()? })
    }

    /// Whether a process had the time to load the guard of a home, and to take in the newest one.
    fn settled(&self, home: &Path, process: &Process) -> bool {
        let old = process.started.is_some_and(|start| self.up.saturating_sub(start / TICKS) >= LOADS_S);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.booted + self.up);
        let written = plugin::FILES.iter().filter_map(|(name, _)| {
            std::fs::metadata(paths::plugin(home).join(name)).and_then(|facts| facts.modified()).ok()
        });
        // The table counts whole seconds: a file written just now may seem to be of a moment to come.
        let taken_in = |at| now.duration_since(at).is_ok_and(|since| since.as_secs() >= LOADS_S);
        old && written.max().is_none_or(taken_in)
    }
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
        })
    };
    left_behind(home).into_iter().filter_map(read).collect()
}

/// Running processes that loaded another edition of the guard than the one installed.
pub(super) fn of_older_edition(env: &Env, home: &Path) -> Vec<u32> {
    let installed =
        plugin::FILES.iter().find(|(name, _)| *name == plugin::CODE).map(|(_, code)| sha256(code.as_bytes()));
    let runs = |one: &Announced| env.os == Os::Linux && { processes::runs(env, one.pid, one.started) };
    let other = |one: &Announced| one.edition.is_some() && one.edition != installed;
    announced(home).into_iter().filter(|one| other(one) && runs(one)).map(|one| one.pid).collect()
}
