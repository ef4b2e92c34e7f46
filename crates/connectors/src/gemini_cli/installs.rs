//! Finds installed clients and reads their versions from the package around them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::paths;
use crate::connector::Install;
use crate::disk;
use crate::env::{Env, Os};

/// Entries of `PATH` that are looked at.
const PATH_ENTRIES: usize = 200;
/// A `package.json` larger than this is none (bytes).
const PACKAGE_BYTES: u64 = 1024 * 1024;
/// The programs a package may hold, newest layout first.
const PROGRAMS: [&str; 2] = ["bundle/gemini.js", "dist/index.js"];

/// Every install, each program once.
pub(super) fn find(env: &Env, looked_at: &mut Vec<PathBuf>) -> Vec<Install> {
    let mut found = Found::default();
    let path = path_entries(env);
    for folder in &path {
        looked_at.push(folder.clone());
        let names: &[&str] = if env.os == Os::Windows { &["gemini.cmd", "gemini.exe", "gemini"] } else { &["gemini"] };
        for name in names {
            found.program(&folder.join(name));
        }
    }
    for modules in node_modules(env, &path) {
        looked_at.push(modules.clone());
        found.package(&modules.join("@google").join("gemini-cli"), None);
    }
    found.installs
}

fn path_entries(env: &Env) -> Vec<PathBuf> {
    let separator = if env.os == Os::Windows { ';' } else { ':' };
    let entries = env.var("PATH").unwrap_or_default().split(separator);
    let entries = entries.map(PathBuf::from).filter(|path| path.is_absolute()).take(PATH_ENTRIES);
    disk::unique(entries.collect())
}

/// Folders that may hold npm packages.
fn node_modules(env: &Env, path: &[PathBuf]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in path {
        if entry.ends_with("node_modules/.bin") {
            all.extend(entry.parent().map(Path::to_owned));
        } else if entry.ends_with("bin") {
            all.extend(entry.parent().map(|prefix| prefix.join("lib").join("node_modules")));
        }
        all.push(entry.join("node_modules"));
    }
    for prefix in [".npm-global", ".local"] {
        all.push(env.home.join(prefix).join("lib").join("node_modules"));
    }
    all.push(env.home.join(".bun").join("install").join("global").join("node_modules"));
    for node in paths::entries(&env.home.join(".nvm").join("versions").join("node")) {
        all.push(node.join("lib").join("node_modules"));
    }
    if env.os == Os::Windows {
        all.extend(env.var("APPDATA").map(|data| Path::new(data).join("npm").join("node_modules")));
    } else {
        for prefix in ["usr/local/lib", "usr/lib", "opt/homebrew/lib"] {
            all.push(env.root.join(prefix).join("node_modules"));
        }
        for prefix in ["opt/homebrew", "usr/local", "home/linuxbrew/.linuxbrew"] {
            for version in paths::entries(&env.root.join(prefix).join("Cellar").join("gemini-cli")) {
                all.push(version.join("libexec").join("lib").join("node_modules"));
            }
        }
    }
    disk::unique(all)
}

#[derive(Debug, Default)]
struct Found {
    installs: Vec<Install>,
    seen: Vec<PathBuf>,
}

impl Found {
    /// A program on `PATH`; the package it really lies in tells its version.
    fn program(&mut self, path: &Path) {
        let Ok(real) = path.canonicalize() else { return };
        if real.extension().is_some_and(|extension| extension == "cmd") {
            if let Some(folder) = path.parent() {
                self.package(&folder.join("node_modules").join("@google").join("gemini-cli"), Some(path));
            }
            return;
        }
        if let Some(package) = real.ancestors().find(|folder| folder.ends_with("@google/gemini-cli")) {
            let package = package.to_owned();
            self.package(&package, Some(path));
            return;
        }
        if real.is_file() {
            let why = "nothing beside it tells".to_owned();
            self.add(real, path, "program on PATH", None, Some(why));
        }
    }

    fn package(&mut self, package: &Path, program: Option<&Path>) {
        let main = PROGRAMS.iter().map(|name| package.join(name)).find(|path| path.is_file());
        let Some(real) = main.as_ref().and_then(|main| main.canonicalize().ok()) else { return };
        let facts = package.join("package.json");
        let version = package_version(&facts);
        let source = if version.is_some() { facts.display().to_string() } else { "its package.json is missing".into() };
        let how = if package.components().any(|part| part.as_os_str() == "Cellar") { "Homebrew" } else { "npm" };
        let path = program.map_or(real.clone(), Path::to_owned);
        self.add(real, &path, how, version, Some(source));
    }

    fn add(&mut self, real: PathBuf, path: &Path, how: &str, version: Option<String>, source: Option<String>) {
        if self.seen.contains(&real) {
            return;
        }
        self.seen.push(real);
        let (path, how) = (path.to_owned(), how.to_owned());
        self.installs.push(Install { path, how, version, version_source: source, warning: None });
    }
}

fn package_version(path: &Path) -> Option<String> {
    let value: Value = serde_json::from_str(&disk::small_text(path, PACKAGE_BYTES)?).ok()?;
    value.get("version")?.as_str().map(str::to_owned)
}
