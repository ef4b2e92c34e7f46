//! What of Gemini CLI is on this machine, without running any of it.

use std::path::{Path, PathBuf};

use super::{installs, paths};
use crate::connector::{BY_HAND, Discovery, Home};
use crate::disk;
use crate::env::Env;

/// See [`crate::connector::Connector::discover`].
pub(super) fn discover(env: &Env, extra: &[PathBuf]) -> Discovery {
    let mut looked_at = Vec::new();
    let installs = installs::find(env, &mut looked_at);
    let mut homes: Vec<Home> = Vec::new();
    let mut add = |path: PathBuf, source: &str| {
        if !homes.iter().any(|home| home.path == path || is_same(&home.path, &path)) {
            homes.push(Home { path, source: source.to_owned() });
        }
    };
    if env.var("GEMINI_CLI_HOME").is_some() {
        add(paths::home(env), "GEMINI_CLI_HOME");
    }
    let default = env.home.join(".gemini");
    looked_at.push(default.clone());
    // Other programs keep things in a folder of that name too; this client always writes one of these.
    let used = ["settings.json", "projects.json", "installation_id"].iter().any(|name| default.join(name).is_file());
    if !installs.is_empty() || used {
        add(default, "default");
    }
    for path in extra {
        add(path.clone(), BY_HAND);
    }
    Discovery { installs, homes, looked_at: disk::unique(looked_at) }
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
