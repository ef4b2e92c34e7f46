//! What of Codex is on this machine, without running any of it.

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
    let mut homes: Vec<Home> = Vec::new();
    let default = env.home.join(".codex");
    let known = std::iter::once(paths::home(env)).chain(extra_homes.iter().cloned()).chain([default.clone()]);
    let installs = installs::find(env, &disk::unique(known.collect()), &mut looked_at);
    let mut add = |path: PathBuf, source: &str| {
        let same = |home: &Home| home.path == path || is_same(&home.path, &path);
        if !homes.iter().any(same) {
            homes.push(Home { path, source: source.to_owned() });
        }
    };
    if env.var("CODEX_HOME").is_some() {
        add(paths::home(env), "CODEX_HOME");
    }
    looked_at.push(default.clone());
    if !installs.is_empty() || default.is_dir() {
        add(default, "default");
    }
    for path in siblings(&env.home) {
        add(path, "beside the default home");
    }
    for path in extra_homes {
        add(path.clone(), BY_HAND);
    }
    Discovery { installs, homes, looked_at: disk::unique(looked_at) }
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// `~/.codex-work` and the like, when a client has used them.
fn siblings(home: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(home)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            name.to_str().is_some_and(|name| name.starts_with(".codex-") || name.starts_with(".codex_"))
        })
        .map(|entry| entry.path())
        .filter(|path| paths::config(path).is_file() || paths::sessions(path).is_dir())
        .take(SIBLINGS)
        .collect();
    found.sort();
    found
}
