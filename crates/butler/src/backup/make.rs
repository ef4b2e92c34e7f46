//! Making a copy: beside its name first, and under its name only when it is whole and recorded.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::hex;
use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::{Store, backup};
use clawbutler_wire::Seq;
use clawbutler_wire::retention::BackupMade;
use sha2::Digest as _;

use super::crypt::Lock;
use super::notes;
use crate::damage::stamp;
use crate::{Butler, Error, part};

/// Begins the names of files that are nothing yet, in the data folder.
const UNFINISHED: &str = "backup-unfinished-";

/// A copy that has no name yet.
#[derive(Debug)]
pub(super) struct Unnamed {
    pub(super) made: BackupMade,
    part: PathBuf,
    out: PathBuf,
    /// Held until it has its name: no other backup of this log is made meanwhile.
    _one: File,
}

/// Removes the file and what a database has beside it at the end, whatever happened, unless it was renamed.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        for end in ["", "-journal", "-wal", "-shm"] {
            let _ = fs::remove_file(part::beside(&self.0, end));
        }
    }
}

/// Removes what a start finds of copies and notes that were interrupted.
pub(crate) fn remove_leftovers(data: &DataDir) -> io::Result<()> {
    for entry in fs::read_dir(data.path())? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(UNFINISHED) || name.starts_with(".restored.json.") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A name for a file that is nothing yet, private from its beginning.
pub(super) fn unfinished(data: &DataDir, now: Timestamp) -> Result<PathBuf, Error> {
    let path = data.path().join(format!("{UNFINISHED}{}-{}", stamp(now), std::process::id()));
    drop(files::append_private(&path)?);
    Ok(path)
}

/// Copies the database to a part beside `out`. `progress` is told bytes done and in all, and ends it with `false`: then
/// `None`, and nothing is left.
pub(super) fn make(
    data: &DataDir,
    out: &Path,
    lock: &Lock,
    now: Timestamp,
    mut progress: impl FnMut(u64, u64) -> bool,
) -> Result<Option<Unnamed>, Error> {
    part::is_free(data, out)?;
    let busy = || Error::precondition("Another backup is being made.", "Wait for its end.");
    let one = files::try_lock(&data.path().join("backup.lock"))?.ok_or_else(busy)?;
    let part = part::beside(out, ".part");
    // A part is never continued: it may be of another moment.
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => drop(files::append_private(&part)?),
    }
    let part_goes = Removed(part.clone());
    let encrypted = !matches!(lock, Lock::None);
    let clear = if encrypted { unfinished(data, now)? } else { part.clone() };
    let clear_goes = Removed(clear.clone());
    // Encryption goes over the same bytes once more.
    let rounds = if encrypted { 2 } else { 1 };
    let copied = backup::copy(&data.database(), &clear, |done, total| progress(done, total * rounds));
    part::is_there(&part)?;
    if !copied? {
        return Ok(None);
    }
    let (entries, head) = Store::read_only::<_, Error>(&clear, |read| {
        let entries = read.ledger_len()?;
        Ok((entries, read.ledger_hash(entries)?.map(|hash| hex(&hash)).unwrap_or_default()))
    })?;
    if encrypted {
        let size = fs::metadata(&clear)?.len();
        let to = BufWriter::new(files::append_private(&part)?);
        if !lock.encrypt(&mut File::open(&clear)?, to, |bytes| progress(size + bytes, size * 2))? {
            return Ok(None);
        }
    } else {
        std::mem::forget(clear_goes);
    }
    part::is_there(&part)?;
    File::open(&part)?.sync_all()?;
    let (digest, bytes) = digest(&part)?;
    std::mem::forget(part_goes);
    let made = BackupMade {
        file: out.display().to_string(),
        bytes: Seq(bytes),
        digest,
        entries: Seq(entries),
        head,
        encryption: lock.word().to_owned(),
    };
    Ok(Some(Unnamed { made, part, out: out.to_owned(), _one: one }))
}

/// SHA-256 (hex) and size of a file.
pub(super) fn digest(path: &Path) -> Result<(String, u64), Error> {
    let (hash, bytes) = part::hashed(&mut File::open(path)?)?;
    Ok((hex(&hash.finalize()), bytes))
}

impl Unnamed {
    /// Gives it its name.
    pub(super) fn publish(self) -> Result<BackupMade, Error> {
        if let Err(error) = part::publish(&self.part, &self.out) {
            self.drop_it();
            return Err(error);
        }
        Ok(self.made)
    }

    /// It is nothing after all.
    pub(super) fn drop_it(self) {
        let _ = fs::remove_file(self.part);
    }
}

impl Butler {
    /// Copies the database of a data folder, whether an engine runs or not; the engine records it at its next look.
    /// `progress` is told bytes done and bytes in all.
    pub fn backup_file(
        data: &DataDir,
        out: &Path,
        lock: &Lock,
        now: Timestamp,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<BackupMade, Error> {
        let unnamed = make(data, out, lock, now, |done, total| {
            progress(done, total);
            true
        })?;
        let unnamed = unnamed.ok_or_else(|| Error::bad("The copy was ended early."))?;
        // Noted first: a backup nobody will record does not get its name.
        if let Err(error) = notes::leave(data, now, &unnamed.made) {
            unnamed.drop_it();
            return Err(error);
        }
        unnamed.publish()
    }
}
