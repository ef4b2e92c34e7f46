//! Finds npm packages on a machine and reads their versions, without running anything.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::disk;
use crate::env::{Env, Os};

/// Entries of `PATH`, and entries of any other folder, that are looked at.
const PATH_ENTRIES: usize = 200;
/// A `package.json` larger than this is none (bytes).
const PACKAGE_BYTES: u64 = 1024 * 1024;

/// A package in a `node_modules` folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// What its `package.json` says.
    pub(crate) version: Option<String>,
    /// Whether it belongs to the machine or user and not to one project.
    pub(crate) global: bool,
}

/// Absolute folders of `PATH`, each once.
pub(crate) fn path_entries(env: &Env) -> Vec<PathBuf> {
    let separator = if env.os == Os::Windows { ';' } else { ':' };
    let entries = env.var("PATH").unwrap_or_default().split(separator);
    disk::unique(entries.map(PathBuf::from).filter(|path| path.is_absolute()).take(PATH_ENTRIES).collect())
}

/// Every folder that may hold globally installed packages, and those of projects on `PATH`.
fn modules(env: &Env) -> Vec<(PathBuf, bool)> {
    let mut found: Vec<(PathBuf, bool)> = Vec::new();
    for entry in path_entries(env) {
        if entry.ends_with("node_modules/.bin") {
            found.extend(entry.parent().map(|folder| (folder.to_owned(), false)));
            continue;
        }
        let prefix = entry.parent().filter(|_| entry.ends_with("bin"));
        found.extend(prefix.map(|prefix| (prefix.join("lib/node_modules"), true)));
        found.push((entry.join("node_modules"), true));
    }
    let mut prefixes: Vec<PathBuf> =
        ["npm_config_prefix", "NPM_CONFIG_PREFIX"].iter().filter_map(|name| env.var(name)).map(PathBuf::from).collect();
    prefixes.extend([".npm-global", ".local", ".volta/tools/image", "n"].map(|name| env.home.join(name)));
    for versions in [".nvm/versions/node", ".local/share/fnm/node-versions", ".asdf/installs/nodejs"] {
        for version in disk::folders(&env.home.join(versions), |_| true) {
            prefixes.extend([version.clone(), version.join("installation")]);
        }
    }
    found.extend(prefixes.into_iter().map(|prefix| (prefix.join("lib/node_modules"), true)));
    found.push((env.home.join(".bun/install/global/node_modules"), true));
    for store in disk::folders(&env.home.join(".local/share/pnpm/global"), |_| true) {
        found.push((store.join("node_modules"), true));
    }
    match env.os {
        Os::Windows => {
            let data = env.var("APPDATA").map(|data| Path::new(data).join("npm").join("node_modules"));
            found.extend(data.map(|folder| (folder, true)));
        }
        Os::Linux | Os::MacOs => {
            for prefix in ["usr/local/lib", "usr/lib", "opt/homebrew/lib"] {
                found.push((env.root.join(prefix).join("node_modules"), true));
            }
        }
    }
    found
}

/// Every copy of a package, each once whatever links lead to it; `looked_at` gets the places.
pub(crate) fn packages(env: &Env, name: &str, looked_at: &mut Vec<PathBuf>) -> Vec<Package> {
    let (mut found, mut seen) = (Vec::new(), Vec::new());
    for (modules, global) in modules(env) {
        let folder = modules.join(name);
        looked_at.push(modules);
        let Ok(real) = folder.canonicalize() else { continue };
        if real.join("package.json").is_file() && !seen.contains(&real) {
            seen.push(real);
            let version = version(&folder.join("package.json"));
            found.push(Package { folder, version, global });
        }
    }
    found
}

/// The version in a `package.json`.
pub(crate) fn version(file: &Path) -> Option<String> {
    let facts = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
    if facts.len() > PACKAGE_BYTES {
        return None;
    }
    let value: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    value.get("version")?.as_str().map(str::to_owned)
}
