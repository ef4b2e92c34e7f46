//! What of OpenClaw is on this machine, without running any of it.

use std::path::{Path, PathBuf};

use super::{gateways, paths, version};
use crate::connector::{BY_HAND, Discovery, Home, Install};
use crate::disk;
use crate::env::Env;
use crate::npm;

/// Profiles beside the default home that are looked at.
const PROFILES: usize = 100;
/// Links in `PATH` that lead to the package.
const PROGRAMS: [&str; 2] = ["openclaw", "openclaw.cmd"];

/// See [`crate::connector::Connector::discover`].
pub(super) fn discover(env: &Env, extra_homes: &[PathBuf]) -> Discovery {
    let mut looked_at = Vec::new();
    let installs = installs(env, &mut looked_at);
    let homes = homes(env, extra_homes, !installs.is_empty(), &mut looked_at);
    Discovery { installs, homes, looked_at: disk::unique(looked_at) }
}

/// Installed packages with their versions.
pub(super) fn installs(env: &Env, looked_at: &mut Vec<PathBuf>) -> Vec<Install> {
    let mut found: Vec<Install> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut add = |folder: &Path, how: &str, version: Option<String>| {
        let program = folder.join("openclaw.mjs");
        let Some(real) = program.canonicalize().ok().filter(|real| real.is_file() && !seen.contains(real)) else {
            return;
        };
        seen.push(real);
        let source = version.as_ref().map(|_| folder.join("package.json").display().to_string());
        let warning = version.as_deref().and_then(version::warning);
        found.push(Install { path: program, how: how.to_owned(), version, version_source: source, warning });
    };
    for package in npm::packages(env, "openclaw", looked_at) {
        add(&package.folder, if package.global { "npm, global" } else { "npm, in a project" }, package.version);
    }
    for entry in npm::path_entries(env) {
        for name in PROGRAMS {
            // A link, or a script of npm beside its packages (found above).
            let real = entry.join(name).canonicalize().ok();
            if let Some(folder) =
                real.as_deref().and_then(Path::parent).filter(|folder| folder.join("openclaw.mjs").is_file())
            {
                let how = if folder.join(".git").exists() { "source" } else { "program on PATH" };
                add(folder, how, npm::version(&folder.join("package.json")));
            }
        }
    }
    found
}

fn homes(env: &Env, extra: &[PathBuf], installed: bool, looked_at: &mut Vec<PathBuf>) -> Vec<Home> {
    let mut homes: Vec<Home> = Vec::new();
    let mut add = |path: PathBuf, source: &str| {
        if !homes.iter().any(|home| paths::same(&home.path, &path)) {
            homes.push(Home { path, source: source.to_owned() });
        }
    };
    for name in ["OPENCLAW_STATE_DIR", "OPENCLAW_PROFILE"] {
        if env.var(name).is_some() {
            add(paths::home(env), name);
            break;
        }
    }
    let default = paths::user(env).join(".openclaw");
    looked_at.push(default.clone());
    if installed || default.is_dir() {
        add(default, "default");
    }
    for path in profiles(&paths::user(env)) {
        add(path, "profile");
    }
    for state in gateways::homes(env) {
        add(state, "running gateway");
    }
    for path in extra {
        add(path.clone(), BY_HAND);
    }
    homes
}

/// `~/.openclaw-X`, when a gateway has used it.
fn profiles(user: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(user).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(".openclaw-")))
        .map(|entry| entry.path())
        .filter(|path| paths::own_config(path).is_file() || path.join("agents").is_dir())
        .take(PROFILES)
        .collect();
    found.sort();
    found
}
