//! Files a person asked for that are made beside their name and get it when they are whole.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use sha2::{Digest as _, Sha256};

use crate::Error;

/// Whether a file may be made here: its path is whole, none of its name is there, and its folder is none of ours.
pub(crate) fn is_free(data: &DataDir, out: &Path) -> Result<(), Error> {
    let (Some(folder), Some(_), true) = (out.parent(), out.file_name(), out.is_absolute()) else {
        return Err(Error::bad("Give the whole path of a file."));
    };
    if fs::symlink_metadata(out).is_ok() {
        return Err(Error::bad("There is a file of this name already. Choose another."));
    }
    // A file there could be taken for one of the engine's own, at this start or the next.
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = real(folder);
    if [data.path(), data.state()].iter().any(|ours| folder.starts_with(real(ours))) {
        return Err(Error::precondition(
            "That is in the folder where ClawButler keeps its own files.",
            "Choose a file in another folder.",
        ));
    }
    Ok(())
}

/// The name beside it that ends with this.
pub(crate) fn beside(out: &Path, end: &str) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The partial file of `out`, which nobody else takes as long as the value lives.
pub(crate) fn take(data: &DataDir, out: &Path) -> Result<(PathBuf, File), Error> {
    is_free(data, out)?;
    let part = beside(out, ".part");
    let file = files::take_private(&part)?.ok_or_else(|| {
        Error::precondition("Another export writes to that file.", "Wait for its end, or choose another file.")
    })?;
    // Who had it before may have finished just now.
    is_free(data, out)?;
    Ok((part, file))
}

/// Whether the partial file stands at its place still: asked before anything says that it was made, or is noted beside it.
pub(crate) fn is_there(part: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(part).is_ok_and(|found| found.is_file()) {
        return Ok(());
    }
    let folder = part.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    Err(Error::precondition(
        format!("What was written so far is gone from {folder}: it was removed or renamed meanwhile."),
        "No file was made, and nothing says that one was. Make that folder again or choose another, and begin anew.",
    ))
}

/// SHA-256 of all that is read, to go on with, and how many bytes that is.
pub(crate) fn hashed(from: &mut impl Read) -> io::Result<(Sha256, u64)> {
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let count = from.read(&mut piece)?;
        if count == 0 {
            return Ok((hash, bytes));
        }
        hash.update(&piece[..count]);
        bytes += count as u64;
    }
}

/// Gives a partial file its name.
pub(crate) fn publish(part: &Path, out: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(out).is_ok() {
        return Err(Error::bad("A file of this name came up meanwhile. Choose another."));
    }
    is_there(part)?;
    Ok(fs::rename(part, out)?)
}
