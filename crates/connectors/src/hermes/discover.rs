//! Which homes there are, without running anything.

use std::path::{Path, PathBuf};

use super::{installs, paths, process};
use crate::connector::{BY_HAND, Discovery, Home};
use crate::disk;
use crate::env::Env;

/// See [`crate::connector::Connector::discover`].
pub(super) fn discover(env: &Env, extra_homes: &[PathBuf]) -> Discovery {
    let mut looked_at = Vec::new();
    let installs = installs::find(env, &mut looked_at);
    let homes = homes(env, extra_homes, !installs.is_empty(), &mut looked_at);
    Discovery { installs, homes, looked_at: disk::unique(looked_at) }
}

fn homes(env: &Env, extra: &[PathBuf], installed: bool, looked_at: &mut Vec<PathBuf>) -> Vec<Home> {
    let mut homes: Vec<Home> = Vec::new();
    let add = |homes: &mut Vec<Home>, path: PathBuf, source: String| {
        if !homes.iter().any(|home| process::is_same(&home.path, &path)) {
            homes.push(Home { path, source });
        }
    };
    if env.var("HERMES_HOME").is_some() {
        add(&mut homes, paths::home(env), "HERMES_HOME".to_owned());
    }
    let default = paths::default_home(env);
    looked_at.push(default.clone());
    if installed || is_home(&default) {
        add(&mut homes, default, "default".to_owned());
    }
    for process in process::all(env) {
        add(&mut homes, process.home, format!("a running process ({})", process.pid));
    }
    for path in extra {
        add(&mut homes, path.clone(), BY_HAND.to_owned());
    }
    let roots = disk::unique(homes.iter().map(|home| paths::root(&home.path)).collect());
    for root in roots {
        let profiles = root.join("profiles");
        looked_at.push(profiles.clone());
        for profile in disk::folders(&profiles, |name| !name.starts_with('.')) {
            let name = profile.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            add(&mut homes, profile, format!("profile {name}"));
        }
    }
    homes
}

/// Whether Hermes has used this folder.
fn is_home(path: &Path) -> bool {
    ["config.yaml", "state.db", "SOUL.md", "sessions"].iter().any(|name| path.join(name).exists())
}
