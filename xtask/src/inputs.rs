//! A digest over files, to tell whether there is anything to do.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Folders that hold results, never sources.
const RESULTS: &[&str] = &["target", "dist", "node_modules", "gen", ".git"];

/// Every source file below a folder, sorted; symbolic links are not followed.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name();
            if kind.is_dir() && !RESULTS.iter().any(|r| name == *r) {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Hex SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Digest of names and contents of the files below the given paths, and of a salt.
pub(crate) fn digest(root: &Path, paths: &[&str], salt: &str) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(salt);
    for path in paths {
        let path = root.join(path);
        let all = if path.is_dir() { files(&path)? } else { vec![path] };
        for file in all {
            let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            hash.update([0]);
            hash.update(file.strip_prefix(root).unwrap_or(&file).to_string_lossy().as_bytes());
            hash.update([0]);
            hash.update(sha256(&bytes));
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Copies a folder's files below another.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<usize> {
    if !from.exists() {
        return Ok(0);
    }
    let all = files(from)?;
    for file in &all {
        let place = to.join(file.strip_prefix(from)?);
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::copy(file, &place).with_context(|| format!("cannot write {}", place.display()))?;
    }
    Ok(all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_follows_content_name_and_salt() {
        let root = std::env::temp_dir().join(format!("xtask-inputs-{}", std::process::id()));
        std::fs::create_dir_all(root.join("a/dist")).unwrap();
        std::fs::write(root.join("a/x"), "1").unwrap();
        let first = digest(&root, &["a"], "s").unwrap();
        std::fs::write(root.join("a/dist/ignored"), "2").unwrap();
        assert_eq!(first, digest(&root, &["a"], "s").unwrap());
        assert_ne!(first, digest(&root, &["a"], "t").unwrap());
        std::fs::write(root.join("a/x"), "2").unwrap();
        assert_ne!(first, digest(&root, &["a"], "s").unwrap());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
