//! Where Hermes keeps what.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::env::{Env, Os};

/// The home of a process without any variable.
pub(super) fn default_home(env: &Env) -> PathBuf {
    match env.os {
        Os::Linux | Os::MacOs => env.home.join(".hermes"),
        Os::Windows => {
            env.var("LOCALAPPDATA").map_or_else(|| env.home.join("AppData").join("Local"), PathBuf::from).join("hermes")
        }
    }
}

/// The home in force for a process with this environment.
pub(super) fn home(env: &Env) -> PathBuf {
    env.var("HERMES_HOME").map_or_else(|| default_home(env), PathBuf::from)
}

/// The folder that holds a home's profiles: the home itself, or two above one that is a profile.
pub(super) fn root(home: &Path) -> PathBuf {
    let above = home.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "profiles"));
    above.and_then(Path::parent).unwrap_or(home).to_owned()
}

/// The settings of a home.
pub(super) fn config(home: &Path) -> PathBuf {
    home.join("config.yaml")
}

/// Variables that Hermes lays over those it was started with.
pub(super) fn dotenv(home: &Path) -> PathBuf {
    home.join(".env")
}

/// Our plugin's folder.
pub(super) fn plugin(home: &Path) -> PathBuf {
    home.join("plugins").join(super::edit::NAME)
}

/// The machine-wide folder, whose settings win over a home's.
pub(super) fn managed_dir(env: &Env) -> PathBuf {
    match env.var("HERMES_MANAGED_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => env.root.join("etc").join("hermes"),
    }
}

/// The machine-wide settings.
pub(super) fn machine_config(env: &Env) -> PathBuf {
    managed_dir(env).join("config.yaml")
}

/// Files an agent must not touch: whoever edits them can switch the guard off.
pub(super) fn guarded(env: &Env, home: &Path) -> Vec<PathBuf> {
    let config = config(home);
    let plugin = plugin(home);
    let mut files = vec![config.clone()];
    if let Ok(target) = config.canonicalize() {
        files.push(target);
    }
    files.extend([plugin.join("plugin.yaml"), plugin.join("__init__.py"), home.join("plugins"), plugin]);
    files.extend([dotenv(home), home.join("shell-hooks-allowlist.json")]);
    files.extend([machine_config(env), managed_dir(env).join(".env")]);
    disk::unique(files)
}

/// What to watch for drift. The folders of these files are what is watched.
pub(super) fn watched(env: &Env, home: &Path) -> Vec<PathBuf> {
    let config = config(home);
    let mut files = vec![config.clone()];
    if let Ok(target) = config.canonicalize() {
        files.push(target);
    }
    let plugin = plugin(home);
    files.extend([plugin.join("__init__.py"), plugin.join("plugin.yaml"), plugin]);
    files.push(root(home).join("profiles").join("any"));
    files.push(dotenv(home));
    files.extend([machine_config(env), managed_dir(env).join(".env")]);
    disk::unique(files)
}

/// The first folder below whose name passes; every entry is looked at, the names of a Python environment's
/// packages are many.
pub(super) fn folders_named(parent: &Path, passes: impl Fn(&str) -> bool) -> Option<PathBuf> {
    const PACKAGES: usize = 10_000;
    let entries = std::fs::read_dir(parent).ok()?.flatten().take(PACKAGES);
    let mut found: Vec<PathBuf> =
        entries.filter(|entry| entry.file_name().to_str().is_some_and(&passes)).map(|entry| entry.path()).collect();
    found.sort();
    found.pop()
}
