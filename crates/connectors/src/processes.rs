//! The system's process table: on Linux the one below the file system's root, elsewhere what the host hands in.
//!
//! Of a process's environment only variables that a connector names are looked at.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clawbutler_core::process::Row;

use crate::env::{Env, Os};

/// Processes, open files of one, and the longest command line (bytes) that are looked at.
const PROCESSES: usize = 50_000;
const OPEN_FILES: usize = 4_096;
const COMMAND_BYTES: usize = 256 * 1024;
/// Ticks a second in Linux' table; the kernel fixes it for every program.
const TICKS: u64 = 100;
/// Start times are rounded: what was written so much earlier (ms) may still be the process's own.
pub(crate) const ROUNDING_MS: u64 = 2_000;

/// A host that can list processes, where no table lies in the file system.
pub trait ProcessTable: Send + Sync {
    /// Every process this account can see.
    fn rows(&self) -> Arc<Vec<Row>>;
    /// The time (seconds since the epoch).
    fn now(&self) -> u64;
}

/// One process.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// Its folder in the table.
    Folder(PathBuf),
    /// One of a list.
    Row(Arc<Vec<Row>>, usize),
}

/// Whether processes can be seen at all.
pub(crate) fn are_seen(env: &Env) -> bool {
    env.os == Os::Linux || env.processes.is_some()
}

/// Whether the table tells the files a process holds open.
pub(crate) fn tell_files(env: &Env) -> bool {
    env.os == Os::Linux
}

/// Every process; none where they cannot be seen. One that ended and was not collected by its parent yet has a name there,
/// but no words and no files.
pub(crate) fn all(env: &Env) -> Vec<Process> {
    if env.os == Os::Linux {
        let entries = std::fs::read_dir(env.root.join("proc")).into_iter().flatten().flatten();
        let numbered = entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())));
        return numbered.take(PROCESSES).map(|(pid, folder)| Process { pid, source: Source::Folder(folder) }).collect();
    }
    let rows = env.processes.as_ref().map(|table| table.rows()).unwrap_or_default();
    let row = |at: usize| Process { pid: rows[at].pid, source: Source::Row(Arc::clone(&rows), at) };
    (0..rows.len().min(PROCESSES)).map(row).collect()
}

/// One process by its id, if it runs: what ended and was not collected by its parent yet does not.
pub(crate) fn one(env: &Env, pid: u32) -> Option<Process> {
    if env.os == Os::Linux {
        let folder = env.root.join("proc").join(pid.to_string());
        let state = field(&folder, 3)?;
        return (!matches!(&*state, "Z" | "X" | "x")).then_some(Process { pid, source: Source::Folder(folder) });
    }
    let rows = env.processes.as_ref()?.rows();
    let at = rows.iter().position(|row| row.pid == pid)?;
    Some(Process { pid, source: Source::Row(rows, at) })
}

/// Whether a process with this id, and this start where one is known, runs: ids are used again.
fn runs(env: &Env, pid: u32, start: Option<u64>) -> bool {
    one(env, pid).is_some_and(|process| start.is_none() || process.started() == start)
}

/// Whether the process that left a note at this time (ms since the epoch) still runs; `None` where that cannot be seen.
/// Where the note tells no start, one that began after it is another one.
pub(crate) fn still_runs(env: &Env, pid: u32, start: Option<u64>, noted: Option<i64>) -> Option<bool> {
    if env.os == Os::Linux {
        return Some(runs(env, pid, start));
    }
    are_seen(env).then(|| {
        // The units of a start that a runtime wrote there are its own.
        one(env, pid).is_some_and(|process| is_of(None, noted, None, process.started().map(|s| s.saturating_mul(1000))))
    })
}

/// When the process that left a note started, in the units of the table: as the note tells, else as the table does.
pub(crate) fn start_of(env: &Env, pid: u32, told: Option<u64>) -> Option<u64> {
    if env.os == Os::Linux { told } else { one(env, pid).and_then(|process| process.started()) }
}

/// Whether a note that names this start, or only a time (ms since the epoch), is of a process that started then. Where the
/// system told its writer no start, a process that began after the note was written is another one.
pub(crate) fn is_of(told: Option<u64>, noted: Option<i64>, started: Option<u64>, began_ms: Option<u64>) -> bool {
    let noted = noted.and_then(|ms| u64::try_from(ms).ok());
    match told {
        Some(_) => told == started,
        None => noted.zip(began_ms).is_none_or(|(noted, began)| began <= noted.saturating_add(ROUNDING_MS)),
    }
}

impl Process {
    fn row(&self) -> Result<&Row, &Path> {
        match &self.source {
            Source::Folder(folder) => Err(folder),
            Source::Row(rows, at) => Ok(&rows[*at]),
        }
    }

    /// The name of its program, or the title it gave itself, without `.exe`.
    pub(crate) fn name(&self) -> Option<String> {
        match self.row() {
            Ok(row) => Some(row.name.strip_suffix(".exe").unwrap_or(&row.name).to_owned()),
            Err(folder) => Some(std::fs::read_to_string(folder.join("comm")).ok()?.trim_end().to_owned()),
        }
    }

    /// Its command line, the program first; `None` where it has none, it may not be read or is too long.
    pub(crate) fn words(&self) -> Option<Vec<String>> {
        match self.row() {
            Ok(row) => {
                let long = row.words.iter().map(String::len).sum::<usize>() > COMMAND_BYTES;
                (!row.words.is_empty() && !long).then(|| row.words.clone())
            }
            Err(folder) => {
                let line = std::fs::read(folder.join("cmdline")).ok().filter(|line| line.len() <= COMMAND_BYTES)?;
                let line = String::from_utf8_lossy(&line);
                (!line.is_empty()).then(|| line.split_terminator('\0').map(str::to_owned).collect())
            }
        }
    }

    /// The variables of its environment that have one of these names; `None` where they may not be read.
    pub(crate) fn vars(&self, names: &[&str]) -> Option<Vec<(String, String)>> {
        let wanted = |pair: Cow<'_, str>| {
            let (name, value) = pair.split_once('=')?;
            names.contains(&name).then(|| (name.to_owned(), value.to_owned()))
        };
        match self.row() {
            Ok(row) => (!row.vars.is_empty()).then(|| row.vars.iter().filter_map(|pair| wanted(pair.into())).collect()),
            Err(folder) => {
                let vars = std::fs::read(folder.join("environ")).ok()?;
                let pairs = vars.split(|byte| *byte == 0).filter_map(|pair| std::str::from_utf8(pair).ok());
                Some(pairs.filter_map(|pair| wanted(pair.into())).collect())
            }
        }
    }

    /// The folder it works in; `None` where it may not be read.
    pub(crate) fn cwd(&self) -> Option<PathBuf> {
        match self.row() {
            Ok(row) => row.cwd.clone(),
            Err(folder) => std::fs::read_link(folder.join("cwd")).ok(),
        }
    }

    /// Its program's file; `None` where it may not be read.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        match self.row() {
            Ok(row) => row.program.clone(),
            Err(folder) => std::fs::read_link(folder.join("exe")).ok(),
        }
    }

    /// The files it holds open; `None` where the table does not tell, or not this account.
    pub(crate) fn open_files(&self) -> Option<Vec<PathBuf>> {
        let Err(folder) = self.row() else { return None };
        let files = std::fs::read_dir(folder.join("fd")).ok()?.flatten().take(OPEN_FILES);
        Some(files.filter_map(|file| std::fs::read_link(file.path()).ok()).collect())
    }

    /// When it started: ticks since boot on Linux, elsewhere seconds since the epoch.
    pub(crate) fn started(&self) -> Option<u64> {
        match self.row() {
            Ok(row) => Some(row.started),
            Err(folder) => field(folder, 22)?.parse().ok(),
        }
    }

    /// The process that began it.
    pub(crate) fn parent(&self) -> Option<u32> {
        match self.row() {
            Ok(row) => Some(row.parent),
            Err(folder) => field(folder, 4)?.parse().ok(),
        }
    }
}

/// A field of `stat`, counted from 1.
fn field(folder: &Path, number: usize) -> Option<String> {
    let facts = std::fs::read_to_string(folder.join("stat")).ok()?;
    // The second field is the name in parentheses and may hold anything; count from its end.
    facts.rsplit_once(')')?.1.split_ascii_whitespace().nth(number - 3).map(str::to_owned)
}

/// The time, by the process table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// What start times count from (seconds since the epoch).
    zero: Option<u64>,
    /// In which steps a second.
    steps: u64,
    /// How far they have come (s).
    up: Option<u64>,
}

impl Clock {
    /// What the table does not tell stays unknown.
    pub(crate) fn read(env: &Env) -> Self {
        if env.os != Os::Linux {
            return Self { zero: Some(0), steps: 1, up: env.processes.as_ref().map(|table| table.now()) };
        }
        let text = |name: &str| std::fs::read_to_string(env.root.join("proc").join(name)).ok();
        let booted = |facts: String| facts.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok();
        Self {
            zero: text("stat").and_then(booted),
            steps: TICKS,
            up: text("uptime").and_then(|up| up.split(['.', ' ']).next()?.parse().ok()),
        }
    }

    /// How long a process that started then has run (s).
    pub(crate) fn age_s(&self, started: u64) -> Option<u64> {
        Some(self.up?.saturating_sub(started / self.steps))
    }

    /// When it started (ms since the epoch).
    pub(crate) fn started_ms(&self, started: u64) -> Option<u64> {
        Some(self.zero?.saturating_mul(1000).saturating_add(started.saturating_mul(1000) / self.steps))
    }

    /// Now. The table counts whole seconds: a file written just now may seem to be of a moment to come.
    pub(crate) fn now(&self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.zero?.saturating_add(self.up?)))
    }
}
