//! Hermes' processes, from the system's process table (Linux). Of a process's environment only the homes and
//! the switches that leave plugins or prompts out are looked at.

use std::path::{Path, PathBuf};

use super::{paths, switches};
use crate::disk;
use crate::env::{Env, Os};
use crate::processes;

/// Processes that are looked at.
const PROCESSES: usize = 50_000;
/// A second in the process table's units.
const TICKS: u64 = 100;
/// How long a process may take until its plugins are loaded (s).
const LOADS_S: u64 = 90;

/// One process that runs agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// Ticks since boot.
    pub(super) started: u64,
    /// Long enough to have loaded its plugins.
    pub(super) settled: bool,
    /// `terminal`, `print`, `gateway`, …
    pub(super) kind: &'static str,
    /// The home it works in.
    pub(super) home: PathBuf,
    /// Started without plugins.
    pub(super) safe_mode: bool,
    /// Started so that Hermes skips every prompt of its own.
    pub(super) yolo: bool,
    /// Its folder; empty where the system does not tell.
    pub(super) cwd: String,
}

/// Every process that runs agents, by id; none where processes cannot be seen.
pub(super) fn all(env: &Env) -> Vec<Process> {
    if env.os != Os::Linux {
        return Vec::new();
    }
    let table = env.root.join("proc");
    let up = std::fs::read_to_string(table.join("uptime")).ok();
    let up = up.and_then(|text| text.split(['.', ' ']).next()?.parse::<u64>().ok());
    let mut found: Vec<Process> = std::fs::read_dir(&table)
        .into_iter()
        .flatten()
        .flatten()
        .take(PROCESSES)
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| read(env, &table, pid, up))
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

fn read(env: &Env, table: &Path, pid: u32, up: Option<u64>) -> Option<Process> {
    let folder = table.join(pid.to_string());
    let line = std::fs::read(folder.join("cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let words: Vec<&str> = line.split_terminator('\0').collect();
    let rest = of_hermes(&words)?;
    let kind = kind(rest)?;
    let started = processes::started(&folder)?;
    // Another user's process does not show it, and works in a home of its own.
    let vars = std::fs::read(folder.join("environ")).ok()?;
    let var = |name: &str| {
        vars.split(|byte| *byte == 0).find_map(|pair| {
            let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            String::from_utf8(value.to_vec()).ok().filter(|value| !value.trim().is_empty())
        })
    };
    let on = |name: &str| var(name).is_some_and(|word| switches::is_on(&word));
    Some(Process {
        pid,
        started,
        settled: up.is_none_or(|up| up.saturating_sub(started / TICKS) >= LOADS_S),
        kind,
        home: home(
            rest,
            var("HERMES_HOME").map(PathBuf::from),
            var("HERMES_S6_SUPERVISED_CHILD").is_some(),
            &default_home(env, var("HOME")),
        ),
        safe_mode: on(switches::SAFE_MODE) || rest.contains(&"--safe-mode"),
        yolo: on(switches::YOLO) || rest.contains(&"--yolo"),
        cwd: std::fs::read_link(folder.join("cwd")).map(|path| path.display().to_string()).unwrap_or_default(),
    })
}

/// The words behind Hermes' own program, where this is it.
fn of_hermes<'a>(words: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let name = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let first = name(words.first()?);
    let at = if first.starts_with("python") {
        let module = words.iter().take(4).position(|word| *word == "-m");
        match module {
            Some(at) => at + 1,
            None => 1 + words.get(1..)?.iter().take(4).position(|word| !word.starts_with('-'))?,
        }
    } else {
        0
    };
    let program = name(words.get(at)?);
    let known = ["hermes", "hermes-acp", "hermes-agent", "hermes_cli.main", "acp_adapter.entry", "tui_gateway.entry"];
    known.contains(&program.as_str()).then(|| &words[at..])
}

/// What a command runs; `None` for commands that run no agent.
fn kind(words: &[&str]) -> Option<&'static str> {
    match words[0].rsplit('/').next().unwrap_or_default() {
        "hermes-acp" | "acp_adapter.entry" => return Some("editor"),
        "hermes-agent" => return Some("print"),
        "tui_gateway.entry" => return Some("terminal"),
        _ => {}
    }
    let flag = |names: &[&str]| words.iter().any(|word| names.contains(word));
    let mut rest = words[1..].iter().skip_while(|word| word.starts_with('-'));
    // `-p <profile>` and `-m <model>` take a word of their own.
    let mut words = words[1..].iter().peekable();
    let mut command = None;
    while let Some(word) = words.next() {
        if ["-p", "--profile", "-m", "--model", "--provider", "-t", "--toolsets", "-s", "--skills"].contains(word) {
            words.next();
        } else if ["-z", "--oneshot"].contains(word) {
            return Some("print");
        } else if !word.starts_with('-') {
            command = Some(*word);
            break;
        }
    }
    let second = words.find(|word| !word.starts_with('-')).copied();
    if rest.next().is_none() && command.is_none() {
        return if flag(&["--version", "-V", "--help", "-h"]) { None } else { Some("terminal") };
    }
    match (command.unwrap_or_default(), second) {
        ("" | "chat", _) if flag(&["-q", "--query", "-Q"]) => Some("print"),
        ("" | "chat", _) => Some("terminal"),
        ("gateway", Some("run") | None) => Some("gateway"),
        ("serve" | "dashboard", _) if !flag(&["--status", "--stop"]) => Some("server"),
        ("acp", _) => Some("editor"),
        ("cron", Some("tick" | "run" | "daemon")) => Some("background"),
        _ => None,
    }
}

/// The home of a process that names none: that of the user it was started as.
fn default_home(env: &Env, user: Option<String>) -> PathBuf {
    user.map(PathBuf::from)
        .filter(|user| *user != env.home)
        .map_or_else(|| paths::default_home(env), |user| user.join(".hermes"))
}

/// The home a process works in: that of the profile it names, the one its variable names, that of the profile its user
/// chose last, or the default one. A variable that names a root leaves the choice of a profile open.
fn home(words: &[&str], var: Option<PathBuf>, supervised: bool, default: &Path) -> PathBuf {
    let given = words.iter().enumerate().find_map(|(at, word)| match *word {
        "-p" | "--profile" => words.get(at + 1).copied(),
        word => word.strip_prefix("--profile="),
    });
    let base = var.unwrap_or_else(|| default.to_owned());
    // Below the default home every other one is of its profiles.
    let root = if base.starts_with(default) { default.to_owned() } else { paths::root(&base) };
    let is_profile = base.parent().and_then(Path::file_name).is_some_and(|name| name == "profiles");
    let sticky = || disk::small_text(&root.join("active_profile"), 200).map(|text| text.trim().to_owned());
    let profile = match given {
        Some(name) => Some(name.to_owned()),
        None if is_profile || supervised => None,
        None => sticky(),
    };
    match profile.as_deref() {
        Some("default") if given.is_some() => root,
        Some("default") => base,
        Some(name) if plain_name(name) => root.join("profiles").join(name),
        Some(_) | None => base,
    }
}

fn plain_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Whether a process with this id and start still runs; `None` where that cannot be seen.
pub(super) fn runs(env: &Env, pid: u32, started: Option<u64>) -> Option<bool> {
    if env.os != Os::Linux {
        return None;
    }
    Some(processes::runs(env, pid, started))
}

/// Whether a process of this home is meant, links followed.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
