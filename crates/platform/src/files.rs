//! Files that are written whole or not at all, and readable by their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::os;

/// Creates a folder (and its parents) that only the user can enter.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    os::set_mode(path, 0o700)
}

/// Reads a file of at most `limit` bytes; a bigger one is an error.
pub fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{} is over {limit} bytes", path.display())));
    }
    Ok(bytes)
}

/// Reads at most the last `limit` bytes of a file.
pub fn read_tail(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(io::SeekFrom::Start(length.saturating_sub(limit)))?;
    let mut bytes = Vec::new();
    // What is appended meanwhile is left for the next time.
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file through a temporary one beside it: written, flushed to the disk, renamed.
///
/// `mode` is the Unix mode; `None` keeps that of the file being replaced (0600 for a new one).
pub fn write_atomic(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    // A link stays a link: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().ok_or_else(|| io::Error::other("a file has a folder"))?;
    fs::create_dir_all(folder)?;
    let mode = mode.or_else(|| os::mode(&path)).unwrap_or(0o600);
    let temporary = temporary_beside(&path);
    let written = (|| {
        let mut file = os::create_new(&temporary, mode)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        os::set_mode(&temporary, mode)?;
        fs::rename(&temporary, &path)?;
        os::sync_dir(folder)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn temporary_beside(path: &Path) -> PathBuf {
    let unique = clawbutler_core::id::hex(&crate::random::fill::<6>());
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{unique}.tmp"));
    path.with_file_name(name)
}

/// Opens a file for appending, creating it private to the user.
pub fn append_private(path: &Path) -> io::Result<File> {
    match os::create_new(path, 0o600) {
        Ok(file) => drop(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    OpenOptions::new().append(true).open(path)
}

/// Makes a file that only the user may read (Unix: mode 0600), for writing; there must be none of its name.
pub fn create_private(path: &Path) -> io::Result<File> {
    os::create_new(path, 0o600)
}

/// Opens a file for reading and writing, creating it private to the user, and keeps others from taking it for as long as
/// the value lives. `None`: another has it. At the name there is a file and no link, and nobody else may read it.
pub fn take_private(path: &Path) -> io::Result<Option<File>> {
    match os::create_new(path, 0o600) {
        Ok(file) => drop(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other(format!("{} is no plain file", path.display())));
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => return Ok(None),
        // Some file systems of the network have no locks.
        Err(fs::TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => return Err(error),
        Ok(()) | Err(fs::TryLockError::Error(_)) => {}
    }
    // Whoever had it before may have given it another name meanwhile.
    if !os::is_at(&file, path) {
        return Ok(None);
    }
    os::set_mode(path, 0o600)?;
    Ok(Some(file))
}

/// Takes the lock of a file for as long as the value lives, waiting for others.
pub fn lock(path: &Path) -> io::Result<File> {
    let file = append_private(path)?;
    file.lock()?;
    Ok(file)
}

/// Takes the lock of a file if nobody has it.
pub fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = append_private(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Reads a secret of exactly `N` bytes, making it on first use. Its mode is 0600 afterwards, whatever it was: a copy
/// that was put back may have lost it.
pub fn secret<const N: usize>(path: &Path) -> io::Result<[u8; N]> {
    if os::mode(path).is_some_and(|mode| mode & 0o077 != 0) {
        os::set_mode(path, 0o600)?;
    }
    match read_secret(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let fresh = crate::random::fill::<N>();
            write_atomic(path, &fresh, Some(0o600))?;
            Ok(fresh)
        }
        other => other,
    }
}

/// Reads a secret of exactly `N` bytes.
pub fn read_secret<const N: usize>(path: &Path) -> io::Result<[u8; N]> {
    let bytes = read_bounded(path, N as u64)?;
    bytes.try_into().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged", path.display())))
}
