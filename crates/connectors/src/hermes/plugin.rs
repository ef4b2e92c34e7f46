//! Our plugin's files, as they should be, and what running copies of it announced.

use std::path::{Path, PathBuf};

use clawbutler_core::digest::sha256;
use serde_json::Value;

use super::paths;
use super::process::Process;
use crate::connector::GuardError;
use crate::disk;
use crate::env::{Env, Os};
use crate::processes::is_of;

const MANIFEST: &str = include_str!("plugin/plugin.yaml");
const CODE: &str = include_str!("plugin/guard.py");
/// Announcements that are looked at, and the largest one (bytes).
const ANNOUNCEMENTS: usize = 500;
const ANNOUNCEMENT_BYTES: u64 = 16 * 1024;

/// One file of the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Where.
    pub(super) path: PathBuf,
    /// What it should hold.
    pub(super) content: String,
}

/// The hook program's path as it stands in the plugin.
pub(super) fn program(env: &Env, hook: &Path) -> Result<String, GuardError> {
    let refuse = |why| GuardError::HookPath { path: hook.to_owned(), why };
    let text = hook.to_str().ok_or_else(|| refuse("is not plain text"))?;
    let absolute = match env.os {
        Os::Windows => crate::input::is_windows(text),
        Os::Linux | Os::MacOs => text.starts_with('/'),
    };
    if !absolute {
        return Err(refuse("is not absolute"));
    }
    if text.contains(char::is_control) {
        return Err(refuse("holds control characters"));
    }
    Ok(text.to_owned())
}

/// Names the plugin's text, the path in it included.
pub(super) fn edition(program: &str) -> String {
    let digest = sha256(format!("{MANIFEST}\0{CODE}\0{program}").as_bytes());
    digest.chars().take(16).collect()
}

/// The plugin's files in a home.
pub(super) fn wanted(home: &Path, program: &str) -> [Wanted; 2] {
    // A JSON string is a Python string too: the path holds no control characters.
    let literal = Value::from(program).to_string();
    let code = CODE.replace("__HOOK__", &literal).replace("__EDITION__", &edition(program));
    let folder = paths::plugin(home);
    [
        Wanted { path: folder.join("plugin.yaml"), content: MANIFEST.to_owned() },
        Wanted { path: folder.join("__init__.py"), content: code },
    ]
}

/// Files that running copies leave beside the plugin: announcements and Python's own cache.
pub(super) fn left_behind(home: &Path) -> Vec<PathBuf> {
    let folder = paths::plugin(home);
    let mut found: Vec<PathBuf> = [("seen", [".json", ".new"]), ("__pycache__", [".pyc", ".pyo"])]
        .into_iter()
        .flat_map(|(name, ends)| {
            let entries = std::fs::read_dir(folder.join(name)).into_iter().flatten().flatten();
            entries
                .map(|entry| entry.path())
                .filter(move |path| path.to_str().is_some_and(|text| ends.iter().any(|end| text.ends_with(end))))
                .take(ANNOUNCEMENTS)
                .collect::<Vec<_>>()
        })
        .filter(|path| path.symlink_metadata().is_ok_and(|facts| facts.is_file()))
        .collect();
    found.sort();
    found
}

/// What one running copy said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) pid: u32,
    /// In the units of the system's process table.
    pub(super) started: Option<u64>,
    /// See [`edition`].
    pub(super) edition: String,
    /// The version of Hermes.
    pub(super) hermes: Option<String>,
    /// The session that began last.
    pub(super) session: Option<String>,
    pub(super) cwd: String,
    /// When the plugin was loaded (ms since the epoch).
    pub(super) loaded_at: Option<i64>,
    /// Calls it had to decide without the hook.
    pub(super) unjudged: u64,
}

impl Announced {
    /// Whether this process said it.
    pub(super) fn is_of(&self, process: &Process) -> bool {
        self.pid == process.pid && is_of(self.started, self.loaded_at, Some(process.started), process.began_ms)
    }
}

/// Everything announced in a home, by process id.
pub(super) fn announced(home: &Path) -> Vec<Announced> {
    let files = left_behind(home).into_iter().filter(|path| path.extension().is_some_and(|end| end == "json"));
    let mut found: Vec<Announced> = files.filter_map(|path| read(&path)).collect();
    found.sort_by_key(|one| one.pid);
    found
}

fn read(path: &Path) -> Option<Announced> {
    let value: Value = serde_json::from_str(&disk::small_text(path, ANNOUNCEMENT_BYTES)?).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Announced {
        pid: value.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok())?,
        started: value.get("started").and_then(Value::as_u64),
        edition: text("edition")?,
        hermes: text("hermes"),
        session: text("session"),
        cwd: text("cwd").unwrap_or_default(),
        loaded_at: value.get("loaded_at").and_then(Value::as_i64),
        unjudged: value.get("unjudged").and_then(Value::as_u64).unwrap_or_default(),
    })
}
