//! Running gateways, from the lock files they keep.
//!
//! 2026.9 keeps them in `<home>/tmp/openclaw-<uid>/`, 2026.7 and before in the system's folder for temporary
//! files. A killed gateway leaves its lock behind and its process id may be taken again: the start time tells.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{paths, process};
use crate::connector::LiveSession;
use crate::disk;
use crate::env::{Env, Os};
use crate::processes;

/// Names looked at in one folder: the shared ones hold those of every program.
const NAMES: usize = 50_000;
/// Files and folders of OpenClaw looked at in one folder, and the size of a file in bytes.
const FILES: usize = 200;
const FILE_BYTES: u64 = 64 * 1024;

/// One gateway that runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Process id.
    pub pid: u32,
    /// Port of its WebSocket and HTTP interface on loopback; absent while it starts.
    pub port: Option<u16>,
    /// Its configuration file.
    pub config: Option<PathBuf>,
    /// Its state folder, where the lock says so.
    pub state: Option<PathBuf>,
    /// When it took the lock (milliseconds since the epoch).
    pub created_at: Option<i64>,
    /// When its process started, in the units of the system's process table.
    pub process_started: Option<u64>,
}

/// The gateways of one home, each once.
pub fn running(env: &Env, home: &Path) -> Vec<Gateway> {
    let mut found: Vec<Gateway> = Vec::new();
    let own = home.join("tmp");
    for (folder, inside) in lock_folders(&own).map(|f| (f, true)).chain(shared_folders(env).map(|f| (f, false))) {
        for path in locks(&folder) {
            let Some(gateway) = read(env, &path) else { continue };
            let here = inside || belongs(&gateway, home);
            match found.iter_mut().find(|known| known.pid == gateway.pid) {
                // The lock of the state and that of the configuration: only one of them names the port.
                Some(known) if here => {
                    known.port = known.port.or(gateway.port);
                    known.config = known.config.take().or(gateway.config);
                }
                None if here => found.push(gateway),
                Some(_) | None => {}
            }
        }
    }
    found.sort_by_key(|gateway| gateway.pid);
    found
}

/// Whether every process that works on this home can be told: on Linux, where its gateways keep their locks in it.
pub(super) fn are_told(env: &Env, home: &Path) -> bool {
    processes::tell_files(env) && lock_folders(&home.join("tmp")).next().is_some()
}

/// State folders of gateways whose locks are in the shared folder for temporary files.
pub(super) fn homes(env: &Env) -> Vec<PathBuf> {
    let gateways = shared_folders(env).flat_map(|folder| locks(&folder)).filter_map(|path| read(env, &path));
    let home = |gateway: Gateway| gateway.state.or_else(|| Some(gateway.config?.parent()?.to_owned()));
    disk::unique(gateways.filter_map(home).filter(|path| path.is_dir()).collect())
}

/// A gateway is one process for many sessions: it is shown as one, named by its port. A command that runs an agent beside
/// it is one too.
pub(super) fn live(env: &Env, home: &Path) -> Vec<LiveSession> {
    let show = |gateway: Gateway| LiveSession {
        session: format!("gateway:{}", gateway.port.map_or_else(|| gateway.pid.to_string(), |port| port.to_string())),
        pid: gateway.pid,
        cwd: home.display().to_string(),
        name: gateway.port.map(|port| format!("Gateway on port {port}")),
        kind: "gateway".to_owned(),
        status: "unknown".to_owned(),
        version: None,
        started_at: gateway.created_at,
        process_started: gateway.process_started,
    };
    let gateways = running(env, home);
    let beside = process::commands(env, home).into_iter().filter(|one| !gateways.iter().any(|it| it.pid == one.pid));
    let alone = beside.map(|process| LiveSession {
        session: format!("process-{}", process.pid),
        pid: process.pid,
        cwd: process.cwd,
        name: None,
        kind: "print".to_owned(),
        status: "unknown".to_owned(),
        version: None,
        started_at: None,
        process_started: process.started,
    });
    let alone: Vec<LiveSession> = alone.collect();
    gateways.into_iter().map(show).chain(alone).collect()
}

fn lock_folders(parent: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let named = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        (name == "openclaw" || name.starts_with("openclaw-")) && path.is_dir()
    };
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten().take(NAMES);
    entries.map(|entry| entry.path()).filter(named).take(FILES).collect::<Vec<_>>().into_iter()
}

fn shared_folders(env: &Env) -> impl Iterator<Item = PathBuf> + use<> {
    let named = ["TMPDIR", "TEMP", "TMP"].into_iter().filter_map(|name| env.var(name)).map(PathBuf::from);
    let mut parents: Vec<PathBuf> = named.collect();
    if env.os != Os::Windows {
        parents.push(env.root.join("tmp"));
    }
    disk::unique(parents).into_iter().flat_map(|parent| lock_folders(&parent)).collect::<Vec<_>>().into_iter()
}

fn locks(folder: &Path) -> Vec<PathBuf> {
    let is_lock = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("gateway.") && name.ends_with(".lock")
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(NAMES);
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_lock).take(FILES).collect();
    found.sort();
    found
}

/// A lock in a shared folder names its home, or at least a configuration file in it.
fn belongs(gateway: &Gateway, home: &Path) -> bool {
    let by_state = gateway.state.as_deref().map(|state| paths::same(state, home));
    by_state.unwrap_or_else(|| {
        gateway.config.as_deref().and_then(Path::parent).is_some_and(|folder| paths::same(folder, home))
    })
}

fn read(env: &Env, path: &Path) -> Option<Gateway> {
    let facts = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    if facts.len() > FILE_BYTES {
        return None;
    }
    // The text is padded with white space (or zero bytes) to a fixed length.
    let text = std::fs::read_to_string(path).ok()?;
    let value: Value = serde_json::from_str(text.trim_matches(|c: char| c.is_whitespace() || c == '\0')).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let pid = value.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok())?;
    let start = value.get("startTime").and_then(Value::as_u64);
    let created = value.get("createdAt").and_then(|at| at.as_i64().or_else(|| super::time::millis(at.as_str()?)));
    if processes::still_runs(env, pid, start, created) == Some(false) {
        return None;
    }
    Some(Gateway {
        pid,
        port: value.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok()),
        config: text("configPath").map(PathBuf::from),
        state: text("stateDir").map(PathBuf::from),
        created_at: created,
        process_started: processes::start_of(env, pid, start),
    })
}
