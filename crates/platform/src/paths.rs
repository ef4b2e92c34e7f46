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
pub struct DataDir {
    folder: PathBuf,
    /// Beside it: what has to survive a swap of the folder.
    state: PathBuf,
    usual: bool,
}

impl DataDir {
    /// A given folder.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let folder = std::path::absolute(&path).unwrap_or(path);
        // Reached through a link it is the same folder, and what is kept beside it the same too.
        let place = std::fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push("-state");
        Self { state: place.with_file_name(name), folder, usual: false }
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
        let state = if cfg!(windows) {
            vars.get("APPDATA").map_or_else(|| home(vars).join("AppData/Roaming"), PathBuf::from).join("ClawButler")
        } else if cfg!(target_os = "macos") {
            home(vars).join("Library/Application Support/ClawButler State")
        } else {
            vars.get("XDG_STATE_HOME")
                .filter(|value| value.starts_with('/'))
                .map_or_else(|| home(vars).join(".local/state"), PathBuf::from)
                .join("clawbutler")
        };
        Self { state, usual: true, ..Self::at(base) }
    }

    /// The data folder of an installed hook, told by where the program itself lies (`<data>/bin/`).
    ///
    /// The environment is not asked: a repository can set variables for the hooks of a runtime, and a
    /// hook that follows them could be led to a channel that says yes to everything.
    pub fn of_installed_hook(exe: &Path) -> Option<Self> {
        let bin = exe.parent()?;
        let data = bin.parent()?;
        (bin.file_name()? == "bin" && data.join(MARKER).is_file()).then(|| Self::at(data))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The folder outside it that holds what has to survive a swap of it: checkpoints of the audit log.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Whether it is this user's usual folder and not one that was named.
    pub fn is_usual(&self) -> bool {
        self.usual
    }

    /// The key that signs checkpoints, where the keychain cannot keep it: 32 bytes, mode 0600.
    pub fn audit_key(&self) -> PathBuf {
        self.folder.join("audit.key")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.folder.join("clawbutler.db")
    }

    /// What was read of the runtimes' sessions; it can be read again.
    pub fn sessions(&self) -> PathBuf {
        self.folder.join("sessions.db")
    }

    /// The search index of the audit log; it can be filled again.
    pub fn search(&self) -> PathBuf {
        self.folder.join("search.db")
    }

    /// The masking key, 32 bytes, mode 0600.
    pub fn mask_key(&self) -> PathBuf {
        self.folder.join("mask.key")
    }

    /// The rules as the hook needs them while the engine is away.
    pub fn snapshot(&self) -> PathBuf {
        self.folder.join("snapshot.json")
    }

    /// What hooks did while the engine was away.
    pub fn spool(&self) -> PathBuf {
        self.folder.join("spool.jsonl")
    }

    /// Held by whoever touches the spool.
    pub fn spool_lock(&self) -> PathBuf {
        self.folder.join("spool.lock")
    }

    /// Held by the one engine of this folder.
    pub fn engine_lock(&self) -> PathBuf {
        self.folder.join("engine.lock")
    }

    /// The hook that guards call; a copy of ours, so that its path never changes.
    pub fn hook(&self) -> PathBuf {
        self.folder.join("bin").join(if cfg!(windows) { "clawbutler-hook.exe" } else { "clawbutler-hook" })
    }

    /// Creates the folder, private to the user, and the marker by which a hook knows it.
    pub fn create(&self) -> std::io::Result<()> {
        crate::files::create_private_dir(&self.folder)?;
        crate::files::create_private_dir(&self.folder.join("bin"))?;
        let marker = self.folder.join(MARKER);
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
