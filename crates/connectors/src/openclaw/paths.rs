//! Where OpenClaw keeps what. Layouts moved twice within months; nothing here writes.

use std::path::{Path, PathBuf};

use super::gateways;
use crate::disk;
use crate::env::Env;

/// Folder of our plugin in a home.
pub(super) const PLUGIN: &str = "clawbutler-guard";
/// In that folder: the configuration that the guard was put into, where it is not the home's own. Only a running gateway
/// tells of such a one.
const NOTE: &str = "configuration.txt";
/// Longest path in it (bytes).
const NOTE_BYTES: u64 = 4_096;
/// Agents of one home that are looked at.
const AGENTS: usize = 500;

/// The user's home as OpenClaw sees it.
pub(super) fn user(env: &Env) -> PathBuf {
    env.var("OPENCLAW_HOME").map_or_else(|| env.home.clone(), |path| expanded(env, path))
}

/// The home (state folder) in force for a process with this environment.
pub(super) fn home(env: &Env) -> PathBuf {
    if let Some(path) = env.var("OPENCLAW_STATE_DIR") {
        return expanded(env, path);
    }
    match env.var("OPENCLAW_PROFILE").filter(|name| *name != "default") {
        Some(name) => user(env).join(format!(".openclaw-{name}")),
        None => user(env).join(".openclaw"),
    }
}

/// A path with a leading `~` replaced.
pub(super) fn expanded(env: &Env, path: &str) -> PathBuf {
    match path.strip_prefix('~') {
        Some("") => env.home.clone(),
        Some(rest) if rest.starts_with(['/', '\\']) => env.home.join(rest.trim_start_matches(['/', '\\'])),
        Some(_) | None => PathBuf::from(path),
    }
}

/// The configuration file of a home: what the environment names, what its running gateway reads, what the guard was put
/// into last, or the one inside it.
pub(super) fn config(env: &Env, home: &Path) -> PathBuf {
    if let Some(path) = env.var("OPENCLAW_CONFIG_PATH")
        && same(home, &self::home(env))
    {
        return expanded(env, path);
    }
    let running = gateways::running(env, home).into_iter().find_map(|gateway| gateway.config);
    running.or_else(|| noted(home)).unwrap_or_else(|| own_config(home))
}

/// See [`NOTE`].
pub(super) fn note(home: &Path) -> PathBuf {
    plugin(home).join(NOTE)
}

fn noted(home: &Path) -> Option<PathBuf> {
    let path = PathBuf::from(disk::small_text(&note(home), NOTE_BYTES)?.trim_end());
    Some(path).filter(|path| path.is_absolute() && path.is_file())
}

/// The configuration file inside a home.
pub(super) fn own_config(home: &Path) -> PathBuf {
    home.join("openclaw.json")
}

/// Our plugin's folder.
pub(super) fn plugin(home: &Path) -> PathBuf {
    home.join(PLUGIN)
}

/// Folders of the agents of a home (`agents/<id>`), in order.
pub(super) fn agents(home: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(home.join("agents"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .take(AGENTS)
        .collect();
    found.sort();
    found
}

/// Files an agent must not touch: whoever edits them can switch the guard off or approve what it asks.
pub(super) fn guarded(env: &Env, home: &Path) -> Vec<PathBuf> {
    let mut files = watched(env, home);
    for name in ["exec-approvals.json", "state/openclaw.sqlite", "devices/paired.json", "identity/device.json", ".env"]
    {
        files.push(home.join(name));
    }
    disk::unique(files)
}

/// What to watch for drift.
pub(super) fn watched(env: &Env, home: &Path) -> Vec<PathBuf> {
    let config = config(env, home);
    let mut files = vec![config.clone(), own_config(home)];
    files.extend(config.canonicalize());
    files.extend(super::plugin::FILES.iter().map(|(name, _)| plugin(home).join(name)));
    files.push(note(home));
    disk::unique(files)
}

/// Whether two paths are one place.
pub(super) fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
