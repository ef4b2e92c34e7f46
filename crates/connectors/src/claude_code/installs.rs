//! Finds installed clients and reads their versions from the files around them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::version;
use crate::connector::Install;
use crate::disk;
use crate::env::{Env, Os};

/// Entries of `PATH` that are looked at.
const PATH_ENTRIES: usize = 200;
/// A `package.json` larger than this is none (bytes).
const PACKAGE_BYTES: u64 = 1024 * 1024;
/// Before its install step the npm program is a small stub (bytes).
const STUB_BYTES: u64 = 64 * 1024;

/// Every install, each program once.
pub(super) fn find(env: &Env, looked_at: &mut Vec<PathBuf>) -> Vec<Install> {
    let path = path_entries(env);
    let mut found = Found::default();
    for folder in &path {
        looked_at.push(folder.clone());
        for name in ["claude", "claude.exe", "claude.cmd"] {
            found.program(&folder.join(name));
        }
    }
    let native = env.home.join(".local").join("bin").join(program_name(env));
    looked_at.push(native.clone());
    found.program(&native);
    for modules in node_modules(env, &path) {
        looked_at.push(modules.clone());
        found.npm(&modules);
    }
    for venv in venvs(env, &path) {
        looked_at.push(venv.clone());
        found.sdk(&venv, program_name(env));
    }
    for editor in [".vscode", ".vscode-insiders", ".vscode-server", ".cursor", ".windsurf"] {
        let extensions = env.home.join(editor).join("extensions");
        looked_at.push(extensions.clone());
        found.extensions(&extensions, program_name(env));
    }
    for prefix in ["opt/homebrew", "usr/local", "home/linuxbrew/.linuxbrew"] {
        let casks = env.root.join(prefix).join("Caskroom").join("claude-code");
        looked_at.push(casks.clone());
        for folder in disk::folders(&casks, |_| true) {
            found.program(&folder.join("claude"));
        }
    }
    found.installs
}

fn program_name(env: &Env) -> &'static str {
    if env.os == Os::Windows { "claude.exe" } else { "claude" }
}

fn path_entries(env: &Env) -> Vec<PathBuf> {
    let separator = if env.os == Os::Windows { ';' } else { ':' };
    let entries = env.var("PATH").unwrap_or_default().split(separator);
    disk::unique(
        entries
            .filter(|entry| !entry.is_empty())
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .take(PATH_ENTRIES)
            .collect(),
    )
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
    all.push(env.home.join(".claude").join("local").join("node_modules"));
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

/// Python environments within reach.
fn venvs(env: &Env, path: &[PathBuf]) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = env.var("VIRTUAL_ENV").map(PathBuf::from).into_iter().collect();
    let parents = path.iter().filter_map(|entry| entry.parent());
    all.extend(parents.filter(|prefix| prefix.join("pyvenv.cfg").is_file()).map(Path::to_owned));
    let share = env.home.join(".local").join("share");
    for tools in [share.join("pipx").join("venvs"), share.join("uv").join("tools")] {
        all.extend(disk::folders(&tools, |_| true));
    }
    all.push(env.home.join(".local"));
    all.push(env.root.join("usr").join("local"));
    disk::unique(all)
}

#[derive(Debug, Default)]
struct Found {
    installs: Vec<Install>,
    seen: Vec<PathBuf>,
}

impl Found {
    /// Records a program once, whatever links lead to it.
    fn add(
        &mut self,
        path: &Path,
        how: &str,
        version: Option<String>,
        source: Option<String>,
        warning: Option<String>,
    ) {
        let Ok(real) = path.canonicalize() else { return };
        if !real.is_file() || self.seen.contains(&real) {
            return;
        }
        self.seen.push(real);
        let warning = warning.or_else(|| version.as_deref().and_then(version::warning));
        self.installs.push(Install {
            path: path.to_owned(),
            how: how.to_owned(),
            version,
            version_source: source,
            warning,
        });
    }

    /// A program somewhere; where it really is tells how it came.
    fn program(&mut self, path: &Path) {
        let Ok(real) = path.canonicalize() else { return };
        if real.ends_with("claude.cmd") {
            if let Some(modules) = real.parent().map(|folder| folder.join("node_modules")) {
                self.npm(&modules);
            }
            return;
        }
        if let Some(package) = real.ancestors().find(|folder| is_package(folder)) {
            let package = package.to_owned();
            self.package(path, &package);
            return;
        }
        let above =
            |levels: usize| real.ancestors().nth(levels).and_then(Path::file_name).and_then(|name| name.to_str());
        if above(1) == Some("versions") {
            let version = above(0).map(str::to_owned);
            self.add(path, "native installer", version, Some("name of the file the link points to".to_owned()), None);
        } else if above(2) == Some("claude-code") && above(3) == Some("Caskroom") {
            let version = above(1).map(str::to_owned);
            self.add(path, "Homebrew", version, Some("name of its folder".to_owned()), None);
        } else if above(1) == Some("_bundled") {
            if let Some(module) = real.ancestors().nth(2) {
                self.bundled(path, module);
            }
        } else {
            self.add(path, "program on PATH", None, Some("nothing beside it tells".to_owned()), None);
        }
    }

    /// The npm package and its per-platform companions in one `node_modules`.
    fn npm(&mut self, modules: &Path) {
        let scope = modules.join("@anthropic-ai");
        let main = scope.join("claude-code");
        let programs = ["bin/claude.exe", "cli.js"].map(|name| main.join(name));
        let program = programs.iter().find(|path| path.is_file());
        let stub = program.is_some_and(|path| {
            path.extension().is_some_and(|extension| extension == "exe")
                && std::fs::metadata(path).is_ok_and(|facts| facts.len() < STUB_BYTES)
        });
        if let Some(program) = program {
            self.package(program, &main);
            if !stub {
                return;
            }
        }
        for package in disk::folders(&scope, |name| name.starts_with("claude-code-")) {
            for name in ["claude", "claude.exe"] {
                let program = package.join(name);
                if program.is_file() {
                    self.package(&program, &package);
                }
            }
        }
    }

    fn package(&mut self, program: &Path, package: &Path) {
        let file = package.join("package.json");
        let version = package_version(&file);
        let source = version.as_ref().map(|_| file.display().to_string());
        self.add(program, "npm", version, source, None);
    }

    /// The client inside the Python Agent SDK.
    fn sdk(&mut self, venv: &Path, program: &str) {
        let mut sites = vec![venv.join("Lib").join("site-packages")];
        for lib in ["lib", "lib64"] {
            for python in disk::folders(&venv.join(lib), |name| name.starts_with("python3")) {
                sites.extend([python.join("site-packages"), python.join("dist-packages")]);
            }
        }
        for site in sites {
            let module = site.join("claude_agent_sdk");
            self.bundled(&module.join("_bundled").join(program), &module);
        }
    }

    fn bundled(&mut self, program: &Path, module: &Path) {
        let own = module.join("_cli_version.py");
        let version = disk::small_text(&own, PACKAGE_BYTES).and_then(|text| quoted_version(&text));
        let source = if version.is_some() {
            Some(own.display().to_string())
        } else {
            let wheel = module.parent().and_then(|site| disk::folders(site, is_sdk_metadata).into_iter().next());
            let name = wheel.and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
            let sdk = name.and_then(|name| Some(name.strip_suffix(".dist-info")?.split_once('-')?.1.to_owned()));
            sdk.map(|sdk| format!("the Agent SDK is {sdk}; the client inside it does not tell its own version"))
        };
        self.add(program, "Python Agent SDK", version, source, None);
    }

    fn extensions(&mut self, folder: &Path, program: &str) {
        for extension in disk::folders(folder, |name| name.starts_with("anthropic.claude-code-")) {
            let version = package_version(&extension.join("package.json"));
            let source = version.as_ref().map(|_| "the extension's package.json".to_owned());
            let binary = extension.join("resources").join("native-binary").join(program);
            self.add(&binary, "editor extension", version, source, None);
        }
    }
}

fn is_sdk_metadata(name: &str) -> bool {
    name.starts_with("claude_agent_sdk-") && name.ends_with(".dist-info")
}

/// `…/node_modules/@anthropic-ai/claude-code` or one of its per-platform companions.
fn is_package(folder: &Path) -> bool {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name(folder).is_some_and(|name| name == "claude-code" || name.starts_with("claude-code-"))
        && folder.parent().and_then(name).is_some_and(|name| name == "@anthropic-ai")
}

fn package_version(path: &Path) -> Option<String> {
    let value: Value = serde_json::from_str(&disk::small_text(path, PACKAGE_BYTES)?).ok()?;
    value.get("version")?.as_str().map(str::to_owned)
}

/// The value of `__cli_version__ = "…"`.
fn quoted_version(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("__cli_version__"))?;
    let version = line.split(['"', '\'']).nth(1)?;
    version::Version::parse(version).map(|_| version.to_owned())
}
