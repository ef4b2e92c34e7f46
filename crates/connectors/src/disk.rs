//! What the connectors read of a home: files and folders, all within bounds.
//!
//! Must never write, and must never follow a link out of sight: who plans a change is told that there was one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clawbutler_core::limits::CONFIG_FILE_BYTES;

use crate::connector::GuardError;

/// Entries of one folder that are looked at.
const FOLDER_ENTRIES: usize = 300;
/// A byte order mark.
const BOM: char = '\u{feff}';

/// A file as it is on disk.
#[derive(Debug, Clone)]
pub(crate) struct OnDisk {
    /// The file itself, links followed.
    pub(crate) path: PathBuf,
    /// Whether a link was followed.
    pub(crate) linked: bool,
    /// Its bytes; `None` when there is no file.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// A text file as it is on disk.
#[derive(Debug, Clone)]
pub(crate) struct TextOnDisk {
    /// The file itself, links followed.
    pub(crate) path: PathBuf,
    /// Whether a link was followed.
    pub(crate) linked: bool,
    /// Its text; `None` when there is no file.
    pub(crate) text: Option<String>,
}

impl OnDisk {
    /// Its text.
    pub(crate) fn text(&self) -> Result<Option<&str>, GuardError> {
        let text = self.bytes.as_deref().map(std::str::from_utf8).transpose();
        text.map_err(|_| GuardError::NotText { path: self.path.clone() })
    }
}

/// Reads a file of at most [`CONFIG_FILE_BYTES`]; a file that is not there is no error.
pub(crate) fn read(path: &Path) -> Result<OnDisk, GuardError> {
    let linked = std::fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink());
    let path = if linked { target_of(path) } else { path.to_owned() };
    let facts = match std::fs::metadata(&path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(OnDisk { path, linked, bytes: None }),
        Err(source) => return Err(GuardError::Io { path, source }),
    };
    if !facts.is_file() {
        return Err(GuardError::NotAFile { path });
    }
    if facts.len() > CONFIG_FILE_BYTES {
        return Err(GuardError::TooBig { path, limit: CONFIG_FILE_BYTES });
    }
    match std::fs::read(&path) {
        Ok(bytes) => Ok(OnDisk { path, linked, bytes: Some(bytes) }),
        Err(source) => Err(GuardError::Io { path, source }),
    }
}

/// As [`read`], of a file that must be text.
pub(crate) fn read_text(path: &Path) -> Result<TextOnDisk, GuardError> {
    let OnDisk { path, linked, bytes } = read(path)?;
    match bytes.map(String::from_utf8).transpose() {
        Ok(text) => Ok(TextOnDisk { path, linked, text }),
        Err(_) => Err(GuardError::NotText { path }),
    }
}

/// A regular file's text, unless it is larger than the bound (bytes) or no text.
pub(crate) fn small_text(path: &Path, bytes: u64) -> Option<String> {
    let facts = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    if facts.len() > bytes {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// The end of a chain of links, also when there is no file there yet.
fn target_of(link: &Path) -> PathBuf {
    if let Ok(target) = link.canonicalize() {
        return target;
    }
    let Ok(target) = std::fs::read_link(link) else { return link.to_owned() };
    link.parent().map_or_else(|| target.clone(), |folder| folder.join(&target))
}

/// A byte order mark (or nothing), and the text after it.
pub(crate) fn split_bom(text: &str) -> (&str, &str) {
    match text.strip_prefix(BOM) {
        Some(body) => text.split_at(text.len() - body.len()),
        None => ("", text),
    }
}

/// Drops repetitions, keeping the first of each.
pub(crate) fn unique(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    paths.into_iter().filter(|path| seen.insert(path.clone())).collect()
}

/// Sub-folders whose name passes, in order; 300 entries are looked at.
pub(crate) fn folders(parent: &Path, passes: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .take(FOLDER_ENTRIES)
        .filter(|entry| entry.file_name().to_str().is_some_and(&passes))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

/// Why the hook program cannot work.
pub(crate) fn program_trouble(hook: &Path) -> Option<String> {
    let facts = match std::fs::metadata(hook) {
        Ok(facts) => facts,
        Err(error) => return Some(format!("the hook program {} cannot be found ({error})", hook.display())),
    };
    if !facts.is_file() {
        return Some(format!("{} is not a program", hook.display()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if facts.permissions().mode() & 0o111 == 0 {
            return Some(format!("the hook program {} may not be executed", hook.display()));
        }
    }
    None
}
