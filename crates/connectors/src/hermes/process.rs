//! Hermes' processes, from the system's process table. Of a process's environment only the homes and
//! the switches that leave plugins or prompts out are looked at.

use std::path::{Path, PathBuf};

use super::{paths, switches};
use crate::disk;
use crate::env::{Env, Os};
use crate::processes::{self, Clock};

/// How long a process may take until its plugins are loaded (s).
const LOADS_S: u64 = 90;
/// Set for processes whose home their supervisor chose.
const SUPERVISED: &str = "HERMES_S6_SUPERVISED_CHILD";

/// Whether Hermes' own prompts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompts {
    Shown,
    /// It was started so that all of them are skipped.
    Skipped,
    /// It was asked one question (`-z`): Hermes itself skips them then.
    Single,
}

/// One process that runs agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// The process that began it.
    parent: Option<u32>,
    /// In the units of the system's process table.
    pub(super) started: u64,
    /// The same in ms since the epoch.
    pub(super) began_ms: Option<u64>,
    /// Long enough to have loaded its plugins.
    pub(super) settled: bool,
    /// `terminal`, `print`, `gateway`, …
    pub(super) kind: &'static str,
    /// The home it works in.
    pub(super) home: PathBuf,
    /// Started without plugins.
    pub(super) safe_mode: bool,
    pub(super) prompts: Prompts,
    /// Its folder; empty where the system does not tell.
    pub(super) cwd: String,
}

/// Every process that runs agents, by id; none where processes cannot be seen.
pub(super) fn all(env: &Env) -> Vec<Process> {
    let clock = Clock::read(env);
    let mut found: Vec<Process> = processes::all(env).iter().filter_map(|process| read(env, process, &clock)).collect();
    if env.os == Os::Windows {
        // The program that pip installs there starts Python with its own words, and waits.
        let inner: Vec<(Option<u32>, &str)> = found.iter().map(|process| (process.parent, process.kind)).collect();
        let waits = |process: &Process| inner.contains(&(Some(process.pid), process.kind));
        let outer: Vec<u32> = found.iter().filter(|process| waits(process)).map(|process| process.pid).collect();
        found.retain(|process| !outer.contains(&process.pid));
    }
    found.sort_by_key(|process| process.pid);
    found
}

fn read(env: &Env, process: &processes::Process, clock: &Clock) -> Option<Process> {
    let words = process.words()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rest = of_hermes(&words)?;
    let kind = kind(rest)?;
    let started = process.started()?;
    // Another user's process does not show it, and works in a home of its own.
    let vars = process.vars(&["HOME", "HERMES_HOME", SUPERVISED, switches::SAFE_MODE, switches::YOLO])?;
    let var = |name: &str| {
        let value = vars.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone());
        value.filter(|value| !value.trim().is_empty())
    };
    let on = |name: &str| var(name).is_some_and(|word| switches::is_on(&word));
    Some(Process {
        pid: process.pid,
        parent: process.parent(),
        started,
        began_ms: clock.started_ms(started),
        settled: clock.age_s(started).is_none_or(|age| age >= LOADS_S),
        kind,
        home: home(
            rest,
            var("HERMES_HOME").map(PathBuf::from),
            var(SUPERVISED).is_some(),
            &default_home(env, var("HOME")),
        ),
        safe_mode: on(switches::SAFE_MODE) || rest.contains(&"--safe-mode"),
        prompts: if on(switches::YOLO) || rest.contains(&"--yolo") {
            Prompts::Skipped
        } else if rest.iter().any(|word| ["-z", "--oneshot"].contains(word)) {
            Prompts::Single
        } else {
            Prompts::Shown
        },
        cwd: process.cwd().map(|path| path.display().to_string()).unwrap_or_default(),
    })
}

/// The words behind Hermes' own program, where this is it.
fn of_hermes<'a>(words: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let name = |word: &str| program_of(word).to_owned();
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

/// A program's name by its path, without what Windows puts behind it.
fn program_of(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    ["-script.py", ".exe"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// What a command runs; `None` for commands that run no agent.
fn kind(words: &[&str]) -> Option<&'static str> {
    match program_of(words[0]) {
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

/// Whether a process of this home is meant, links followed.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
