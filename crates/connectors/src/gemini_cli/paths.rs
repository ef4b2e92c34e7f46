//! Where Gemini CLI keeps what.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::env::{Env, Os};

/// Entries of any one folder that are looked at.
pub(super) const FOLDER_ENTRIES: usize = 5_000;

/// The home in force for a process with this environment: always a folder `.gemini`.
pub(super) fn home(env: &Env) -> PathBuf {
    env.var("GEMINI_CLI_HOME").map_or_else(|| env.home.clone(), PathBuf::from).join(".gemini")
}

/// The user's settings of a home, or a project's in its `.gemini`.
pub(super) fn settings(home: &Path) -> PathBuf {
    home.join("settings.json")
}

/// The machine-wide folder.
pub(super) fn system(env: &Env) -> PathBuf {
    match env.os {
        Os::Linux => env.root.join("etc").join("gemini-cli"),
        Os::MacOs => env.root.join("Library").join("Application Support").join("GeminiCli"),
        Os::Windows => env.root.join("ProgramData").join("gemini-cli"),
    }
}

/// The machine-wide settings, which overrule everybody's.
pub(super) fn system_settings(env: &Env) -> PathBuf {
    env.var("GEMINI_CLI_SYSTEM_SETTINGS_PATH").map_or_else(|| system(env).join("settings.json"), PathBuf::from)
}

/// Which folders the user trusts.
pub(super) fn trusted(env: &Env, home: &Path) -> PathBuf {
    env.var("GEMINI_CLI_TRUSTED_FOLDERS_PATH").map_or_else(|| home.join("trustedFolders.json"), PathBuf::from)
}

/// Files that decide what the client may do.
pub(super) fn guarded(env: &Env, home: &Path) -> Vec<PathBuf> {
    let mut files = vec![settings(home), trusted(env, home), system_settings(env)];
    for policies in [home.join("policies"), system(env).join("policies")] {
        files.extend(entries(&policies).into_iter().filter(|path| has_extension(path, "toml")));
    }
    disk::unique(files)
}

/// What to watch for drift.
pub(super) fn watched(env: &Env, home: &Path) -> Vec<PathBuf> {
    let mut files = vec![settings(home), trusted(env, home), home.join("GEMINI.md"), system_settings(env)];
    for folder in ["agents", "commands", "extensions", "policies", "skills"] {
        files.push(home.join(folder));
    }
    files.push(system(env).join("policies"));
    disk::unique(files)
}

/// What is in a folder, in order, bounded.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(FOLDER_ENTRIES)
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Whether a file's name ends so.
pub(super) fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension == wanted)
}

/// The last part of a path, as text.
pub(super) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
