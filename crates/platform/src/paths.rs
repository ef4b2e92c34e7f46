//! Where things are on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The process environment, read once by a host and handed down.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect()
}

/// The user's home folder.
pub fn home(vars: &BTreeMap<String, String>) -> PathBuf {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    vars.get(name).filter(|value| !value.is_empty()).map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

/// Everything ClawButler keeps on this machine, in one folder of mode 0700.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// A given folder.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self(std::path::absolute(&path).unwrap_or(path))
    }

    /// `CLAWBUTLER_HOME`, else the platform's place for application data.
    pub fn resolve(vars: &BTreeMap<String, String>) -> Self {
        if let Some(path) = vars.get("CLAWBUTLER_HOME").filter(|value| !value.is_empty()) {
            return Self::at(path);
        }
        let base = if cfg!(windows) {
            vars.get("LOCALAPPDATA").map_or_else(|| home(vars).join("AppData/Local"), PathBuf::from).join("ClawButler")
        } else if cfg!(target_os = "macos") {
            home(vars).join("Library/Application Support/ClawButler")
        } else {
            vars.get("XDG_DATA_HOME")
                .filter(|value| value.starts_with('/'))
                .map_or_else(|| home(vars).join(".local/share"), PathBuf::from)
                .join("clawbutler")
        };
        Self::at(base)
    }

    /// The data folder of an installed hook, told by where the program itself lies (`<data>/bin/`).
    ///
    /// The environment is not asked: a repository can set variables for the hooks of a runtime, and a
    /// hook that follows them could be led to a channel that says yes to everything.
    pub fn of_installed_hook(exe: &Path) -> Option<Self> {
        let bin = exe.parent()?;
        let data = bin.parent()?;
        (bin.file_name()? == "bin" && data.join(MARKER).is_file()).then(|| Self(data.to_owned()))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.0.join("clawbutler.db")
    }

    /// What was read of the runtimes' sessions; it can be read again.
    pub fn sessions(&self) -> PathBuf {
        self.0.join("sessions.db")
    }

    /// The masking key, 32 bytes, mode 0600.
    pub fn mask_key(&self) -> PathBuf {
        self.0.join("mask.key")
    }

    /// The rules as the hook needs them while the engine is away.
    pub fn snapshot(&self) -> PathBuf {
        self.0.join("snapshot.json")
    }

    /// What hooks did while the engine was away.
    pub fn spool(&self) -> PathBuf {
        self.0.join("spool.jsonl")
    }

    /// Held by whoever touches the spool.
    pub fn spool_lock(&self) -> PathBuf {
        self.0.join("spool.lock")
    }

    /// Held by the one engine of this folder.
    pub fn engine_lock(&self) -> PathBuf {
        self.0.join("engine.lock")
    }

    /// The hook that guards call; a copy of ours, so that its path never changes.
    pub fn hook(&self) -> PathBuf {
        self.0.join("bin").join(if cfg!(windows) { "clawbutler-hook.exe" } else { "clawbutler-hook" })
    }

    /// Creates the folder, private to the user, and the marker by which a hook knows it.
    pub fn create(&self) -> std::io::Result<()> {
        crate::files::create_private_dir(&self.0)?;
        crate::files::create_private_dir(&self.0.join("bin"))?;
        let marker = self.0.join(MARKER);
        if !marker.exists() {
            crate::files::write_atomic(&marker, b"ClawButler data folder\n", Some(0o600))?;
        }
        Ok(())
    }
}

const MARKER: &str = ".clawbutler";

/// The hook program in the folder of the running program, as packages install it.
pub fn hook_beside_us() -> Option<PathBuf> {
    let name = if cfg!(windows) { "clawbutler-hook.exe" } else { "clawbutler-hook" };
    let path = std::env::current_exe().ok()?.with_file_name(name);
    path.is_file().then_some(path)
}
