//! Finds installs and reads their versions from the files around them.

use std::path::{Path, PathBuf};

use super::{paths, version};
use crate::connector::Install;
use crate::disk;
use crate::env::{Env, Os};

/// Entries of `PATH` that are looked at.
const PATH_ENTRIES: usize = 200;
/// A source file larger than this tells no version (bytes).
const SOURCE_BYTES: u64 = 64 * 1024;
/// A shim larger than this is none (bytes).
const SHIM_BYTES: u64 = 16 * 1024;

/// Every install, each program once.
pub(super) fn find(env: &Env, looked_at: &mut Vec<PathBuf>) -> Vec<Install> {
    let mut found = Found { env, installs: Vec::new(), seen: Vec::new() };
    let home = |name: &str| env.home.join(name);
    let mut sources = vec![paths::default_home(env).join("hermes-agent"), paths::home(env).join("hermes-agent")];
    sources.extend(env.var("HERMES_INSTALL_DIR").map(PathBuf::from));
    if env.os != Os::Windows {
        sources.push(env.root.join("usr/local/lib/hermes-agent"));
    }
    for source in disk::unique(sources) {
        looked_at.push(source.clone());
        found.source(&source);
    }
    let share = env.var("XDG_DATA_HOME").map_or_else(|| home(".local/share"), PathBuf::from);
    let pipx = env.var("PIPX_HOME").map_or_else(|| share.join("pipx"), PathBuf::from);
    let uv = env.var("UV_TOOL_DIR").map_or_else(|| share.join("uv").join("tools"), PathBuf::from);
    let venvs = [
        (pipx.join("venvs").join("hermes-agent"), "pipx"),
        (home(".local/pipx/venvs/hermes-agent"), "pipx"),
        (uv.join("hermes-agent"), "uv tool"),
    ];
    for (venv, how) in venvs {
        looked_at.push(venv.clone());
        found.venv(&venv, how);
    }
    if let Some(venv) = env.var("VIRTUAL_ENV") {
        looked_at.push(PathBuf::from(venv));
        found.venv(Path::new(venv), "pip, in a virtual environment");
    }
    for folder in path_entries(env) {
        looked_at.push(folder.clone());
        found.program(&folder.join(found.name()));
    }
    found.program(&home(".local/bin").join(found.name()));
    found.installs
}

fn path_entries(env: &Env) -> Vec<PathBuf> {
    let separator = if env.os == Os::Windows { ';' } else { ':' };
    let entries = env.var("PATH").unwrap_or_default().split(separator).map(PathBuf::from);
    disk::unique(entries.filter(|path| path.is_absolute()).take(PATH_ENTRIES).collect())
}

struct Found<'a> {
    env: &'a Env,
    installs: Vec<Install>,
    seen: Vec<PathBuf>,
}

impl Found<'_> {
    fn name(&self) -> &'static str {
        if self.env.os == Os::Windows { "hermes.exe" } else { "hermes" }
    }

    fn scripts(&self) -> &'static str {
        if self.env.os == Os::Windows { "Scripts" } else { "bin" }
    }

    fn add(&mut self, path: &Path, how: &str, told: Option<(String, PathBuf)>) {
        let Ok(real) = path.canonicalize() else { return };
        if !real.is_file() || self.seen.contains(&real) {
            return;
        }
        self.seen.push(real);
        let warning = told.as_ref().and_then(|(version, _)| version::warning(version));
        let (version, source) = match told {
            Some((version, source)) => (Some(version), source.display().to_string()),
            None => (None, "nothing beside it tells".to_owned()),
        };
        self.installs.push(Install {
            path: path.to_owned(),
            how: how.to_owned(),
            version,
            version_source: Some(source),
            warning,
        });
    }

    /// A checkout with its own environment, as the installer makes it.
    fn source(&mut self, folder: &Path) {
        let told = source_version(folder);
        if told.is_none() {
            return;
        }
        let stamp = disk::small_text(&folder.join(".install_method"), 200);
        let how = match stamp.as_deref().map(str::trim) {
            Some("docker") => "container image",
            Some(_) => "installer",
            None if folder.join(".git").exists() => "source checkout",
            None => "installer",
        };
        for venv in ["venv", ".venv"] {
            self.add(&folder.join(venv).join(self.scripts()).join(self.name()), how, told.clone());
        }
        self.add(&folder.join(self.name()), how, told);
    }

    fn venv(&mut self, venv: &Path, how: &str) {
        let told = packaged_version(venv);
        if told.is_some() {
            self.add(&venv.join(self.scripts()).join(self.name()), how, told);
        }
    }

    /// A program somewhere; what stands around it, or in it, tells how it came.
    fn program(&mut self, path: &Path) {
        let Ok(real) = path.canonicalize() else { return };
        let environment = |program: &Path| program.parent().and_then(Path::parent).map(Path::to_owned);
        if let Some(venv) = environment(&real)
            && let Some(told) = packaged_version(&venv)
        {
            let above = |name: &str| venv.components().any(|part| part.as_os_str() == name);
            let how = if above("pipx") {
                "pipx"
            } else if above("uv") {
                "uv tool"
            } else if venv.join("pyvenv.cfg").is_file() {
                "pip, in a virtual environment"
            } else {
                "pip"
            };
            self.add(path, how, Some(told));
            return;
        }
        if let Some(folder) = real.ancestors().skip(1).take(4).find(|folder| source_version(folder).is_some()) {
            let folder = folder.to_owned();
            self.add(path, "installer", source_version(&folder));
            return;
        }
        // A shim: a script that names the program it starts.
        let text = disk::small_text(&real, SHIM_BYTES).unwrap_or_default();
        let words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '='));
        let named =
            words.map(|word| word.trim_start_matches("#!")).filter(|word| word.starts_with('/') && word.len() > 1);
        for word in named.take(40) {
            let target = Path::new(word);
            if real == target || !word.contains("hermes") {
                continue;
            }
            if let Some(told) = environment(target).and_then(|venv| packaged_version(&venv)) {
                self.add(path, "script that starts a virtual environment's", Some(told));
                return;
            }
            let checkout = target.ancestors().take(4).find(|folder| source_version(folder).is_some());
            if let Some(told) = checkout.and_then(source_version) {
                self.add(path, "installer", Some(told));
                return;
            }
        }
        // A profile's alias starts another program of the list.
        if !text.contains("hermes -p ") {
            self.add(path, "program on PATH", None);
        }
    }
}

/// The version in a checkout's source, and where it stands.
fn source_version(folder: &Path) -> Option<(String, PathBuf)> {
    let file = folder.join("hermes_cli").join("__init__.py");
    let text = disk::small_text(&file, SOURCE_BYTES)?;
    let line = text.lines().find(|line| line.starts_with("__version__"))?;
    let version = line.split(['"', '\'']).nth(1)?;
    version::Version::parse(version).map(|_| (version.to_owned(), file))
}

/// The version in the name of the package's record in a Python environment.
fn packaged_version(venv: &Path) -> Option<(String, PathBuf)> {
    site_packages(venv).into_iter().find_map(|site| {
        let record = |name: &str| name.starts_with("hermes_agent-") && name.ends_with(".dist-info");
        let record = paths::folders_named(&site, record)?;
        let name = record.file_name()?.to_str()?;
        let version = name.strip_prefix("hermes_agent-")?.strip_suffix(".dist-info")?;
        version::Version::parse(version).map(|_| (version.to_owned(), record.clone()))
    })
}

/// Where a Python environment keeps its packages.
pub(super) fn site_packages(venv: &Path) -> Vec<PathBuf> {
    let mut sites = vec![venv.join("Lib").join("site-packages")];
    for lib in ["lib", "lib64"] {
        for python in disk::folders(&venv.join(lib), |name| name.starts_with("python3")) {
            sites.extend([python.join("site-packages"), python.join("dist-packages")]);
        }
    }
    sites
}
