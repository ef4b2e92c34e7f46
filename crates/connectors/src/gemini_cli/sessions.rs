//! Running clients, from the system's process table (Linux only).
//!
//! The client registers its processes nowhere. Neither the environment of a process nor its arguments past
//! the program are kept: a prompt stands there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{recordings, settings};
use crate::connector::LiveSession;
use crate::disk;
use crate::env::{Env, Os};

/// Processes looked at, and the longest command line read (bytes).
const PROCESSES: usize = 20_000;
const COMMAND_BYTES: usize = 256 * 1024;
/// Ticks a second in the process table; the kernel fixes it for every program.
const TICKS: u64 = 100;
/// Start times are rounded; a file written this much earlier may still be the process's own.
const ROUNDING: Duration = Duration::from_secs(2);

/// See [`crate::connector::Connector::sessions`].
pub(super) fn live(env: &Env, home: &Path) -> Vec<LiveSession> {
    if env.os != Os::Linux {
        return Vec::new();
    }
    let known = projects(home);
    if known.is_empty() {
        return Vec::new();
    }
    let mut found = processes(env);
    // The program starts itself again with more memory: the inner process does the work.
    let outer: Vec<u32> = found.iter().map(|process| process.parent).collect();
    found.retain(|process| !outer.contains(&process.pid) && known.contains_key(&process.cwd));
    found.sort_by_key(|process| process.pid);
    let booted = boot(env);
    found.iter().map(|process| session(home, &known, &found, process, booted)).collect()
}

/// Folders this home has worked in, with the client's short name of each.
fn projects(home: &Path) -> BTreeMap<String, String> {
    let known = settings::read(&home.join("projects.json")).ok().flatten();
    let known = known.as_ref().and_then(|known| known.get("projects")?.as_object());
    known
        .into_iter()
        .flatten()
        .filter_map(|(path, name)| Some((path.clone(), name.as_str().filter(|name| is_plain(name))?.to_owned())))
        .collect()
}

/// Whether a name stays inside its folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\']) && name != "." && name != ".."
}

fn session(
    home: &Path,
    known: &BTreeMap<String, String>,
    all: &[Process],
    process: &Process,
    booted: Option<u64>,
) -> LiveSession {
    let started = booted.zip(process.start).map(|(booted, ticks)| booted * 1000 + ticks * 1000 / TICKS);
    // With several in one folder nothing tells which file belongs to which.
    let alone = all.iter().filter(|other| other.cwd == process.cwd).count() == 1;
    let recording = known.get(&process.cwd).filter(|_| alone).and_then(|project| recordings::newest(home, project));
    let fits = |changed: SystemTime| {
        started.is_some_and(|ms| changed + ROUNDING >= SystemTime::UNIX_EPOCH + Duration::from_millis(ms))
    };
    let id = recording.filter(|(changed, _)| fits(*changed)).map(|(_, recording)| recording.session);
    LiveSession {
        session: id.unwrap_or_else(|| format!("process {}", process.pid)),
        pid: process.pid,
        cwd: process.cwd.clone(),
        name: None,
        kind: process.kind.to_owned(),
        status: "unknown".to_owned(),
        version: None,
        started_at: started.and_then(|ms| i64::try_from(ms).ok()),
        process_started: process.start,
    }
}

#[derive(Debug)]
struct Process {
    pid: u32,
    parent: u32,
    start: Option<u64>,
    cwd: String,
    kind: &'static str,
}

fn processes(env: &Env) -> Vec<Process> {
    let entries = std::fs::read_dir(env.root.join("proc")).into_iter().flatten().flatten();
    let numbered = entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())));
    numbered.take(PROCESSES).filter_map(|(pid, folder)| process(pid, &folder)).collect()
}

fn process(pid: u32, folder: &Path) -> Option<Process> {
    let command = std::fs::read(folder.join("cmdline")).ok().filter(|command| command.len() <= COMMAND_BYTES)?;
    let words: Vec<&str> = std::str::from_utf8(&command).ok()?.split('\0').collect();
    let (program, rest) = words.split_first()?;
    let program = Path::new(program).file_name()?.to_str()?;
    matches!(program, "node" | "bun").then_some(())?;
    let at = rest.iter().position(|word| !word.starts_with('-'))?;
    is_client(Path::new(rest[at])).then_some(())?;
    let print = rest[at + 1..].iter().any(|word| matches!(*word, "-p" | "--prompt") || word.starts_with("--prompt="));
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    // The second field is the name in parentheses and may hold anything; count from its end.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<u64>().ok());
    Some(Process {
        pid,
        parent: u32::try_from(field(4)?).ok()?,
        start: field(22),
        cwd: std::fs::read_link(folder.join("cwd")).ok()?.to_str()?.to_owned(),
        kind: if print { "print" } else { "terminal" },
    })
}

/// The script of the package, or the link to it in a folder of programs.
fn is_client(script: &Path) -> bool {
    let linked = script.file_name().is_some_and(|name| name == "gemini");
    let folder = script.parent().and_then(Path::file_name);
    linked && folder.is_some_and(|folder| folder == "bin" || folder == ".bin")
        || ["bundle/gemini.js", "dist/index.js"]
            .iter()
            .any(|main| script.ends_with(PathBuf::from("@google/gemini-cli").join(main)))
}

/// When the system started (seconds since the epoch).
fn boot(env: &Env) -> Option<u64> {
    let facts = disk::small_text(&env.root.join("proc").join("stat"), u64::MAX)?;
    facts.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}
