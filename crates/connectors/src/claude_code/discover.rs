//! What of Claude Code is on this machine, without running any of it.

use std::path::{Path, PathBuf};

use super::{installs, paths};
use crate::connector::{BY_HAND, Discovery, Home};
use crate::disk;
use crate::env::Env;

/// Folders beside the default home that are looked at.
const SIBLINGS: usize = 100;

/// See [`crate::connector::Connector::discover`].
pub(super) fn discover(env: &Env, extra_homes: &[PathBuf]) -> Discovery {
    let mut looked_at = Vec::new();
    let installs = installs::find(env, &mut looked_at);
    let homes = homes(env, extra_homes, !installs.is_empty(), &mut looked_at);
    Discovery { installs, homes, looked_at: disk::unique(looked_at) }
}

fn homes(env: &Env, extra: &[PathBuf], installed: bool, looked_at: &mut Vec<PathBuf>) -> Vec<Home> {
    let mut homes: Vec<Home> = Vec::new();
    let mut add = |path: PathBuf, source: &str| {
        let same = |home: &Home| home.path == path || is_same(&home.path, &path);
        if !homes.iter().any(same) {
            homes.push(Home { path, source: source.to_owned() });
        }
    };
    if env.var("CLAUDE_CONFIG_DIR").is_some() {
        add(paths::home(env), "CLAUDE_CONFIG_DIR");
    }
    let default = env.home.join(".claude");
    looked_at.push(default.clone());
    if installed || default.is_dir() {
        add(default, "default");
    }
    for path in siblings(&env.home) {
        add(path, "beside the default home");
    }
    for path in extra {
        add(path.clone(), BY_HAND);
    }
    homes
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// `~/.claude-work` and the like, when a client has used them.
fn siblings(home: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(home)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(".claude-")))
        .map(|entry| entry.path())
        .filter(|path| path.join("settings.json").is_file() || path.join("projects").is_dir())
        .take(SIBLINGS)
        .collect();
    found.sort();
    found
}
