//! Where Codex keeps what.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::env::{Env, Os};

/// Entries of a home that are looked at.
const ENTRIES: usize = 2_000;

/// The home in force for a process with this environment.
pub(super) fn home(env: &Env) -> PathBuf {
    env.var("CODEX_HOME").map_or_else(|| env.home.join(".codex"), PathBuf::from)
}

/// The user's configuration of a home; also where Codex keeps which hooks are trusted.
pub(super) fn config(home: &Path) -> PathBuf {
    home.join("config.toml")
}

/// Hooks in their own file, beside those in the configuration.
pub(super) fn hooks_json(home: &Path) -> PathBuf {
    home.join("hooks.json")
}

/// The machine-wide folder.
pub(super) fn system(env: &Env) -> PathBuf {
    match env.os {
        Os::Linux | Os::MacOs => env.root.join("etc").join("codex"),
        Os::Windows => env
            .var("ProgramData")
            .map_or_else(|| env.root.join("ProgramData"), PathBuf::from)
            .join("OpenAI")
            .join("Codex"),
    }
}

/// What an administrator demands of every user.
pub(super) fn requirements(env: &Env) -> PathBuf {
    system(env).join("requirements.toml")
}

/// Machine-wide settings that users may overrule.
pub(super) fn system_config(env: &Env) -> PathBuf {
    system(env).join("config.toml")
}

/// The folder of the records.
pub(super) const SESSIONS: &str = "sessions";

/// Records of sessions.
pub(super) fn sessions(home: &Path) -> PathBuf {
    home.join(SESSIONS)
}

/// Records of sessions that were put away.
pub(super) fn archived(home: &Path) -> PathBuf {
    home.join("archived_sessions")
}

/// Files that live writers hold.
pub(super) fn locks(home: &Path) -> PathBuf {
    home.join("thread-writer-locks")
}

/// The socket of the daemon that serves a home's windows; a link to it, since names of sockets are short. On Windows
/// there is none.
pub(super) fn control_socket(env: &Env, home: &Path) -> Option<PathBuf> {
    let socket = home.join("app-server-control").join("app-server-control.sock");
    (env.os != Os::Windows && socket.symlink_metadata().is_ok()).then_some(socket)
}

/// Settings that a session chosen with `--profile` lays over the others: `<name>.config.toml` beside them.
pub(super) fn profiles(home: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(home).into_iter().flatten().flatten().take(ENTRIES);
    let mut all: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_str()?.strip_suffix(".config.toml")?.to_owned();
            (!name.is_empty()).then(|| (name, entry.path()))
        })
        .collect();
    all.sort();
    all
}

/// Files an agent must not touch: whoever edits them can switch the guard off.
pub(super) fn guarded(env: &Env, home: &Path) -> Vec<PathBuf> {
    let config = config(home);
    let mut files = vec![config.clone(), hooks_json(home), home.join("rules")];
    if let Ok(target) = config.canonicalize() {
        files.push(target);
    }
    files.extend([requirements(env), system_config(env)]);
    files.extend(profiles(home).into_iter().map(|(_, file)| file));
    disk::unique(files)
}

/// What to watch for drift.
pub(super) fn watched(env: &Env, home: &Path) -> Vec<PathBuf> {
    let config = config(home);
    let mut files = vec![config.clone(), hooks_json(home), home.join("rules"), home.join("skills")];
    if let Ok(target) = config.canonicalize() {
        files.push(target);
    }
    files.extend([requirements(env), system_config(env)]);
    files.extend(profiles(home).into_iter().map(|(_, file)| file));
    disk::unique(files)
}
