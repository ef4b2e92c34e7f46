//! Finds installed clients and reads their versions from the files around them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::version;
use crate::connector::Install;
use crate::disk;
use crate::env::{Env, Os};

/// Entries of `PATH`, and of any other folder, that are looked at.
const PATH_ENTRIES: usize = 200;
const FOLDER_ENTRIES: usize = 300;
/// A `package.json` larger than this is none (bytes).
const PACKAGE_BYTES: u64 = 1024 * 1024;

/// Every install, each program once. `homes` may hold clients of their own.
pub(super) fn find(env: &Env, homes: &[PathBuf], looked_at: &mut Vec<PathBuf>) -> Vec<Install> {
    let program = program_name(env);
    let path = path_entries(env);
    let mut found = Found { program, ..Found::default() };
    for folder in &path {
        looked_at.push(folder.clone());
        for name in ["codex", "codex.exe", "codex.cmd"] {
            found.program(&folder.join(name));
        }
    }
    let local = env.home.join(".local").join("bin").join(program);
    looked_at.push(local.clone());
    found.program(&local);
    for modules in node_modules(env, &path) {
        looked_at.push(modules.clone());
        found.npm(&modules);
    }
    for home in homes {
        let packages = home.join("packages");
        looked_at.push(packages.clone());
        found.releases(&packages.join("standalone"), "stand-alone installer");
        found.releases(&packages.join("app-server-daemon"), "background server");
    }
    for editor in [".vscode", ".vscode-insiders", ".vscode-server", ".cursor", ".windsurf"] {
        let extensions = env.home.join(editor).join("extensions");
        looked_at.push(extensions.clone());
        found.extensions(&extensions);
    }
    for prefix in ["opt/homebrew", "usr/local", "home/linuxbrew/.linuxbrew"] {
        for (kind, name) in [("Caskroom", "codex"), ("Cellar", "codex")] {
            let versions = env.root.join(prefix).join(kind).join(name);
            looked_at.push(versions.clone());
            for folder in disk::folders(&versions, |_| true) {
                found.homebrew(&folder);
            }
        }
    }
    if env.os == Os::MacOs {
        for apps in [env.root.join("Applications"), env.home.join("Applications")] {
            let bundled = apps.join("Codex.app").join("Contents").join("Resources").join("codex");
            looked_at.push(bundled.clone());
            found.add(&bundled, "desktop app", None, Some("nothing beside it tells".to_owned()));
        }
    }
    found.installs
}

fn program_name(env: &Env) -> &'static str {
    if env.os == Os::Windows { "codex.exe" } else { "codex" }
}

fn path_entries(env: &Env) -> Vec<PathBuf> {
    let separator = if env.os == Os::Windows { ';' } else { ':' };
    let entries = env.var("PATH").unwrap_or_default().split(separator);
    let entries = entries.filter(|entry| !entry.is_empty()).map(PathBuf::from).filter(|path| path.is_absolute());
    disk::unique(entries.take(PATH_ENTRIES).collect())
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
    for name in ["npm_config_prefix", "NPM_CONFIG_PREFIX"] {
        all.extend(env.var(name).map(|prefix| Path::new(prefix).join("lib").join("node_modules")));
    }
    for prefix in [".npm-global", ".local"] {
        all.push(env.home.join(prefix).join("lib").join("node_modules"));
    }
    all.push(env.home.join(".bun").join("install").join("global").join("node_modules"));
    for node in disk::folders(&env.home.join(".nvm").join("versions").join("node"), |_| true) {
        all.push(node.join("lib").join("node_modules"));
    }
    if env.os == Os::Windows {
        all.extend(env.var("APPDATA").map(|data| Path::new(data).join("npm").join("node_modules")));
    } else {
        for prefix in ["usr/local/lib", "usr/lib", "opt/homebrew/lib"] {
            all.push(env.root.join(prefix).join("node_modules"));
        }
    }
    disk::unique(all)
}

#[derive(Debug, Default)]
struct Found {
    program: &'static str,
    installs: Vec<Install>,
    seen: Vec<PathBuf>,
}

impl Found {
    /// Records a program once, whatever links lead to it.
    fn add(&mut self, path: &Path, how: &str, version: Option<String>, source: Option<String>) {
        let Ok(real) = path.canonicalize() else { return };
        if !real.is_file() || self.seen.contains(&real) {
            return;
        }
        self.seen.push(real);
        let warning = version.as_deref().and_then(version::warning);
        let (path, how) = (path.to_owned(), how.to_owned());
        self.installs.push(Install { path, how, version, version_source: source, warning });
    }

    /// A program somewhere; where it really is tells how it came.
    fn program(&mut self, path: &Path) {
        let Ok(real) = path.canonicalize() else { return };
        let modules = real.ancestors().find(|folder| is_package(folder)).and_then(|package| package.parent()?.parent());
        if let Some(modules) = modules {
            let modules = modules.to_owned();
            self.npm(&modules);
            return;
        }
        if real.extension().is_some_and(|extension| extension == "cmd") {
            if let Some(folder) = real.parent() {
                self.npm(&folder.join("node_modules"));
            }
            return;
        }
        let named = |name: &str| real.ancestors().any(|folder| folder.file_name().is_some_and(|own| own == name));
        if named("Caskroom") || named("Cellar") {
            let keg = real
                .ancestors()
                .find(|folder| folder.parent().and_then(Path::file_name).is_some_and(|parent| parent == "codex"));
            if let Some(keg) = keg.map(Path::to_owned) {
                self.homebrew(&keg);
                return;
            }
        }
        let (version, source) = told(&real);
        let how = if named("standalone") { "stand-alone installer" } else { "program on PATH" };
        let source = source.unwrap_or_else(|| "nothing beside it tells".to_owned());
        self.add(path, how, version, Some(source));
    }

    /// The npm package: a launcher, and the program in its companion for the platform.
    fn npm(&mut self, modules: &Path) {
        let scope = modules.join("@openai");
        let main = scope.join("codex");
        let nested = main.join("node_modules").join("@openai");
        let mut any = false;
        for scope in [nested, scope] {
            for package in disk::folders(&scope, |name| name.starts_with("codex-")) {
                any |= self.vendored(&package, "npm", &package.join("package.json"));
            }
        }
        // Before the packages were split the programs lay in the launcher's own.
        any |= self.vendored(&main, "npm", &main.join("package.json"));
        if !any {
            let version = package_version(&main.join("package.json"));
            let source = version.as_ref().map(|_| main.join("package.json").display().to_string());
            self.add(&main.join("bin").join("codex.js"), "npm", version, source);
        }
    }

    /// `vendor/<triple>/bin/codex`, or `vendor/<triple>/codex/codex` of older ones.
    fn vendored(&mut self, package: &Path, how: &str, manifest: &Path) -> bool {
        let mut any = false;
        for triple in disk::folders(&package.join("vendor"), |_| true) {
            for folder in ["bin", "codex"] {
                let program = triple.join(folder).join(self.program);
                if !program.is_file() {
                    continue;
                }
                let file = triple.join("codex-package.json");
                let (version, source) = match package_version(&file) {
                    Some(version) => (Some(version), Some(file.display().to_string())),
                    None => match package_version(manifest) {
                        // `0.169.0-linux-x64`: the rest names the platform.
                        Some(version) => (Some(plain(&version)), Some(manifest.display().to_string())),
                        None => (None, None),
                    },
                };
                self.add(&program, how, version, source);
                any = true;
            }
        }
        any
    }

    /// `current` and `releases/<version>-<triple>` of what Codex installs by itself.
    fn releases(&mut self, folder: &Path, how: &str) {
        let current = folder.join("current");
        let mut all = vec![current];
        all.extend(disk::folders(&folder.join("releases"), |_| true));
        for release in all {
            for program in [release.join("bin").join(self.program), release.join(self.program)] {
                if !program.is_file() {
                    continue;
                }
                let real = program.canonicalize().unwrap_or_else(|_| program.clone());
                let (version, source) = told(&real);
                self.add(&program, how, version, source);
            }
        }
    }

    fn homebrew(&mut self, folder: &Path) {
        let version = folder.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let source = version.as_ref().map(|_| "name of its folder".to_owned());
        let direct = [folder.join("bin").join("codex"), folder.join("codex")];
        let named = std::fs::read_dir(folder).into_iter().flatten().flatten().take(FOLDER_ENTRIES);
        let named = named.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with("codex-")));
        for program in direct.into_iter().chain(named.map(|entry| entry.path())) {
            if program.is_file() {
                self.add(&program, "Homebrew", version.clone(), source.clone());
            }
        }
    }

    fn extensions(&mut self, folder: &Path) {
        for extension in disk::folders(folder, |name| name.starts_with("openai.chatgpt-")) {
            for platform in disk::folders(&extension.join("bin"), |_| true) {
                let program = platform.join(self.program);
                let (version, source) = told(&program);
                let source = source.unwrap_or_else(|| {
                    let own = package_version(&extension.join("package.json")).unwrap_or_default();
                    format!("the extension is {own}; the client inside it does not tell its own version")
                });
                self.add(&program, "editor extension", version, Some(source));
            }
        }
    }
}

/// What the files and folders above a program say about its version.
fn told(program: &Path) -> (Option<String>, Option<String>) {
    for folder in program.ancestors().skip(1).take(3) {
        let file = folder.join("codex-package.json");
        if let Some(version) = package_version(&file) {
            return (Some(version), Some(file.display().to_string()));
        }
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if version::Version::parse(name).is_some() {
            return (Some(plain(name)), Some("name of its folder".to_owned()));
        }
    }
    (None, None)
}

/// The version without a platform behind it; a pre-release keeps its name.
fn plain(version: &str) -> String {
    let platform = ["-linux", "-darwin", "-win32", "-x86_64", "-aarch64"];
    let end = platform.iter().filter_map(|name| version.find(name)).min().unwrap_or(version.len());
    version[..end].to_owned()
}

/// `…/node_modules/@openai/codex` or one of its per-platform companions.
fn is_package(folder: &Path) -> bool {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name(folder).is_some_and(|name| name == "codex" || name.starts_with("codex-"))
        && folder.parent().and_then(name).is_some_and(|name| name == "@openai")
}

fn package_version(path: &Path) -> Option<String> {
    let facts = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    if facts.len() > PACKAGE_BYTES {
        return None;
    }
    let value: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    value.get("version")?.as_str().map(str::to_owned)
}
