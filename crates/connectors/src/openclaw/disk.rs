//! Files of a home, read within bounds.

use std::path::{Path, PathBuf};

use clawbutler_core::limits::CONFIG_FILE_BYTES;

use crate::connector::GuardError;

/// A file as it is on disk.
#[derive(Debug, Clone)]
pub(super) struct OnDisk {
    /// The file itself, links followed.
    pub(super) path: PathBuf,
    /// Whether a link was followed.
    pub(super) linked: bool,
    /// Its bytes; `None` when there is no file.
    pub(super) bytes: Option<Vec<u8>>,
}

impl OnDisk {
    /// Its text.
    pub(super) fn text(&self) -> Result<Option<&str>, GuardError> {
        let text = self.bytes.as_deref().map(std::str::from_utf8).transpose();
        text.map_err(|_| GuardError::NotText { path: self.path.clone() })
    }
}

/// Reads a file; a file that is not there is no error.
pub(super) fn read(path: &Path) -> Result<OnDisk, GuardError> {
    let linked = std::fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink());
    let path = if linked { target(path) } else { path.to_owned() };
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

/// The end of a chain of links, also when there is no file there yet.
fn target(link: &Path) -> PathBuf {
    if let Ok(target) = link.canonicalize() {
        return target;
    }
    let Ok(target) = std::fs::read_link(link) else { return link.to_owned() };
    link.parent().map_or_else(|| target.clone(), |folder| folder.join(&target))
}
