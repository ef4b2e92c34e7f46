//! Where Claude Code keeps what.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::env::{Env, Os};

/// The home in force for a process with this environment.
pub(super) fn home(env: &Env) -> PathBuf {
    env.var("CLAUDE_CONFIG_DIR").map_or_else(|| env.home.join(".claude"), PathBuf::from)
}

/// The user's settings of a home.
pub(super) fn settings(home: &Path) -> PathBuf {
    home.join("settings.json")
}

/// The machine-wide folder.
pub(super) fn managed_dir(env: &Env) -> PathBuf {
    match env.os {
        Os::Linux => env.root.join("etc").join("claude-code"),
        Os::MacOs => env.root.join("Library").join("Application Support").join("ClaudeCode"),
        Os::Windows => env.root.join("Program Files").join("ClaudeCode"),
    }
}

/// Our own file among the machine-wide ones.
pub(super) fn managed(env: &Env) -> PathBuf {
    managed_dir(env).join("managed-settings.d").join("50-clawbutler.json")
}

/// Every machine-wide settings file that exists, in the order they are read.
pub(super) fn managed_files(env: &Env) -> Vec<PathBuf> {
    let dir = managed_dir(env);
    let mut more: Vec<PathBuf> = std::fs::read_dir(dir.join("managed-settings.d"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .take(200)
        .collect();
    more.sort();
    std::iter::once(dir.join("managed-settings.json")).chain(more).filter(|path| path.is_file()).collect()
}

/// Where the client keeps trust and MCP servers: beside the default home, inside any other.
pub(super) fn state(env: &Env, home: &Path) -> PathBuf {
    if home == env.home.join(".claude") { env.home.join(".claude.json") } else { home.join(".claude.json") }
}

/// Files an agent must not touch: whoever edits them can switch the guard off.
pub(super) fn guarded(env: &Env, home: &Path) -> Vec<PathBuf> {
    let settings = settings(home);
    let mut files = vec![settings.clone(), home.join("settings.local.json"), state(env, home)];
    if let Ok(target) = settings.canonicalize() {
        files.push(target);
    }
    files.push(managed_dir(env).join("managed-settings.json"));
    files.push(managed(env));
    files.extend(managed_files(env));
    disk::unique(files)
}

/// What to watch for drift.
pub(super) fn watched(env: &Env, home: &Path) -> Vec<PathBuf> {
    let settings = settings(home);
    let mut files = vec![settings.clone()];
    if let Ok(target) = settings.canonicalize() {
        files.push(target);
    }
    let dir = managed_dir(env);
    files.extend([dir.join("managed-settings.json"), dir.join("managed-settings.d"), managed(env)]);
    files.extend([dir.join("managed-mcp.json"), state(env, home)]);
    files.extend(["CLAUDE.md", "agents", "skills", "commands", "rules", "output-styles"].map(|name| home.join(name)));
    files.push(home.join("plugins").join("installed_plugins.json"));
    disk::unique(files)
}
