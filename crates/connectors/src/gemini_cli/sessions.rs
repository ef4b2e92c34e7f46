//! Running clients, from the system's process table.
//!
//! The client registers its processes nowhere. Neither the environment of a process nor its arguments past
//! the program are kept: a prompt stands there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{recordings, settings};
use crate::connector::LiveSession;
use crate::env::Env;
use crate::processes::{self, Clock, ROUNDING_MS};

/// See [`crate::connector::Connector::sessions`].
pub(super) fn live(env: &Env, home: &Path) -> Vec<LiveSession> {
    let known = projects(home);
    if known.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Process> = processes::all(env).iter().filter_map(process).collect();
    // The program starts itself again with more memory: the inner process does the work.
    let outer: Vec<u32> = found.iter().map(|process| process.parent).collect();
    found.retain(|process| !outer.contains(&process.pid) && known.contains_key(&process.cwd));
    found.sort_by_key(|process| process.pid);
    let clock = Clock::read(env);
    found.iter().map(|process| session(home, &known, &found, process, clock)).collect()
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
    clock: Clock,
) -> LiveSession {
    let started = process.start.and_then(|start| clock.started_ms(start));
    // With several in one folder nothing tells which file belongs to which.
    let alone = all.iter().filter(|other| other.cwd == process.cwd).count() == 1;
    let recording = known.get(&process.cwd).filter(|_| alone).and_then(|project| recordings::newest(home, project));
    let fits = |changed: SystemTime| {
        started.is_some_and(|ms| {
            changed + Duration::from_millis(ROUNDING_MS) >= SystemTime::UNIX_EPOCH + Duration::from_millis(ms)
        })
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

fn process(process: &processes::Process) -> Option<Process> {
    let words = process.words()?;
    let (program, rest) = words.split_first()?;
    let program = Path::new(program).file_name()?.to_str()?;
    let program = program.strip_suffix(".exe").unwrap_or(program);
    matches!(program, "node" | "bun").then_some(())?;
    let at = rest.iter().position(|word| !word.starts_with('-'))?;
    is_client(Path::new(&rest[at])).then_some(())?;
    let is_print = |word: &String| matches!(word.as_str(), "-p" | "--prompt") || word.starts_with("--prompt=");
    let print = rest[at + 1..].iter().any(is_print);
    Some(Process {
        pid: process.pid,
        parent: process.parent()?,
        start: process.started(),
        cwd: process.cwd()?.to_str()?.to_owned(),
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
