//! One export: a partial file with a note of how far it is, renamed when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, Write};
use std::path::{Path, PathBuf};

use clawbutler_core::id::hex;
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::search::SearchStore;
use clawbutler_store::{Read, Store};
use clawbutler_wire::audit_search::{AuditFilter, ExportFormat};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::encode::{Encoder, Pending};
use crate::search::Walk;
use crate::search::query::Query;
use crate::{Error, part};

/// Entries read at once.
const BATCH: usize = 1_000;
/// Batches between two notes of how far it is.
const NOTED: u64 = 10;
/// Stretches of the log one batch looks at.
const WINDOWS: u32 = 8;
/// Largest note (bytes).
const NOTE_BYTES: u64 = 64 * 1024;
/// Retention runs during one export that are looked at in one step.
const PRUNED: usize = 1_000;

/// What is exported, and where to.
#[derive(Debug, Clone)]
pub struct ExportPlan {
    pub filter: AuditFilter,
    pub format: ExportFormat,
    /// A file that does not exist yet.
    pub out: PathBuf,
    /// Only entries above this one.
    pub after: Option<u64>,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// The last entry looked at.
    pub at: u64,
    /// The last entry of the export; entries appended since are not in it.
    pub total: u64,
    pub written: u64,
}

/// A finished export; the file has its name only after [`Exported::publish`].
#[derive(Debug)]
pub struct Exported {
    pub step: Step,
    pub bytes: u64,
    /// SHA-256 of the file (hex).
    pub digest: String,
    part: PathBuf,
    note: PathBuf,
    out: PathBuf,
    /// Held until it has its name: no other export takes the partial file meanwhile.
    _held: File,
}

/// Written beside the partial file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    filter: AuditFilter,
    format: ExportFormat,
    after: u64,
    at: u64,
    total: u64,
    written: u64,
    bytes: u64,
    /// SHA-256 of those bytes (hex).
    digest: String,
    /// Hash of entry `at` (hex): the log it came from, or one that was put in its place.
    head: String,
}

/// Counts and hashes what goes through.
struct Hashing {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Hashing {
    /// Behind so many bytes, which the hash has seen; what stood behind them goes.
    fn at(mut file: File, hash: Sha256, bytes: u64) -> io::Result<Self> {
        file.set_len(bytes)?;
        file.seek(io::SeekFrom::Start(bytes))?;
        Ok(Self { file: BufWriter::new(file), hash, bytes })
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl ExportPlan {
    /// Runs it, or goes on with the partial file beside `out`. `each` is told of every step and ends the export
    /// with `false`; `None` then, and what was written stays.
    pub fn run(&self, data: &DataDir, mut each: impl FnMut(Step) -> bool) -> Result<Option<Exported>, Error> {
        let query = Query::of(&self.filter)?;
        let database = data.database();
        let index = SearchStore::read_only(&data.search()).ok();
        let (part, file) = part::take(data, &self.out)?;
        let note = part::beside(&self.out, ".part.json");
        let held = file.try_clone()?;
        let (mut state, mut out) = self.open(&database, file, &note)?;
        let mut encoder = Encoder::new(self.format);
        if state.bytes == 0 {
            encoder.begin(&mut out)?;
        }
        let walk = Walk::of_every_entry(&query, index.as_ref());
        let mut batches = 0;
        while self.goes_on(&database, state.at, &mut state.total)? {
            let range = (state.at + 1, state.total);
            let (at, written) = batch(&database, &walk, range, &mut encoder, &mut out)?;
            (state.at, state.written) = (at, state.written + written);
            batches += 1;
            let go_on = each(Step { at: state.at, total: state.total, written: state.written });
            if Encoder::resumes(self.format) && (batches % NOTED == 0 || !go_on) {
                part::is_there(&part)?;
                keep(&database, &note, &state, &mut out, encoder.pending())?;
            }
            if !go_on {
                return Ok(None);
            }
        }
        encoder.finish(&mut out)?;
        out.flush()?;
        out.file.get_ref().sync_all()?;
        part::is_there(&part)?;
        let step = Step { at: state.at, total: state.total, written: state.written };
        let digest = hex(&out.hash.finalize());
        Ok(Some(Exported { step, bytes: out.bytes, digest, part, note, out: self.out.clone(), _held: held }))
    }

    /// Whether there is more to write. What retention removed while the export ran is in it no more, so the entry that
    /// says so belongs to it.
    fn goes_on(&self, database: &Path, at: u64, total: &mut u64) -> Result<bool, Error> {
        let whole_log = self.format == ExportFormat::Jsonl && self.filter == AuditFilter::default();
        if at >= *total && whole_log {
            let pruned = Store::read_only::<_, Error>(database, |read| {
                Ok(read.ledger_from(*total + 1, &[Kind::AuditPruned], PRUNED)?.pop())
            })?;
            *total = pruned.map_or(*total, |row| row.seq);
        }
        Ok(at < *total)
    }

    /// Writes it to `out` at once, without a partial file. Returns how many entries were written.
    pub fn stream(&self, database: &Path, index: &Path, out: &mut impl Write) -> Result<u64, Error> {
        let query = Query::of(&self.filter)?;
        let index = SearchStore::read_only(index).ok();
        let mut total = Store::read_only::<_, Error>(database, |read| Ok(read.ledger_len()?))?;
        let mut encoder = Encoder::new(self.format);
        encoder.begin(out)?;
        let walk = Walk::of_every_entry(&query, index.as_ref());
        let (mut at, mut written) = (self.after.unwrap_or(0), 0);
        while self.goes_on(database, at, &mut total)? {
            let (reached, count) = batch(database, &walk, (at + 1, total), &mut encoder, out)?;
            (at, written) = (reached, written + count);
        }
        encoder.finish(out)?;
        out.flush()?;
        Ok(written)
    }

    /// Goes to the end of the partial file where it can be continued, else to its beginning.
    fn open(&self, database: &Path, file: File, note: &Path) -> Result<(Note, Hashing), Error> {
        let total = Store::read_only::<_, Error>(database, |read| Ok(read.ledger_len()?))?;
        let after = self.after.unwrap_or(0).min(total);
        let found = files::read_bounded(note, NOTE_BYTES).ok();
        let found: Option<Note> = found.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let fits = |found: &Note| {
            let same = found.filter == self.filter && found.format == self.format && found.after == after;
            same && found.total <= total && found.at <= found.total && Encoder::resumes(self.format)
        };
        if let Some(found) = found.filter(fits)
            && Store::read_only::<_, Error>(database, |read| head(read, found.at))? == found.head
        {
            let (hash, bytes) = part::hashed(&mut (&file).take(found.bytes))?;
            if bytes == found.bytes && hex(&hash.clone().finalize()) == found.digest {
                return Ok((found, Hashing::at(file, hash, bytes)?));
            }
        }
        let (filter, format) = (self.filter.clone(), self.format);
        let fresh = Note {
            filter,
            format,
            after,
            at: after,
            total,
            written: 0,
            bytes: 0,
            digest: String::new(),
            head: String::new(),
        };
        Ok((fresh, Hashing::at(file, Sha256::new(), 0)?))
    }

    /// The first lines it would have.
    pub(super) fn preview(&self, database: &Path, index: &Path, lines: usize) -> Result<Vec<String>, Error> {
        let query = Query::of(&self.filter)?;
        let index = SearchStore::read_only(index).ok();
        let mut out = Vec::new();
        let mut encoder = Encoder::new(self.format);
        encoder.begin(&mut out)?;
        Store::read_only::<_, Error>(database, |read| {
            let walk = Walk::new(&query, index.as_ref())?;
            let total = read.ledger_len()?;
            let mut rounds = 0;
            let found = walk.stretch(read, (1, total), false, lines, || {
                rounds += 1;
                if rounds <= 200 { u64::MAX } else { 0 }
            })?;
            for (row, parts) in &found.rows {
                encoder.push(row, parts, &mut out)?;
            }
            Ok(())
        })?;
        encoder.finish(&mut out)?;
        let text = String::from_utf8_lossy(&out);
        Ok(text.lines().take(lines).map(|line| super::form::cut(line, 4_000)).collect())
    }
}

/// Writes the next entries. Returns the last one looked at, and how many were written.
fn batch(
    database: &Path,
    walk: &Walk<'_>,
    range: (u64, u64),
    encoder: &mut Encoder,
    out: &mut impl Write,
) -> Result<(u64, u64), Error> {
    Store::read_only(database, |read| {
        let mut windows = 0;
        let found = walk.stretch(read, range, false, BATCH, || {
            windows += 1;
            if windows <= WINDOWS { u64::MAX } else { 0 }
        })?;
        for (row, parts) in &found.rows {
            encoder.push(row, parts, out)?;
        }
        Ok((found.stopped_at.unwrap_or(range.1), found.rows.len() as u64))
    })
}

impl Exported {
    /// Gives the file its name.
    pub fn publish(&self) -> Result<(), Error> {
        part::publish(&self.part, &self.out)?;
        match fs::remove_file(&self.note) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Hash of an entry (hex); empty where there is none.
fn head(read: &Read<'_>, seq: u64) -> Result<String, Error> {
    Ok(read.ledger_hash(seq)?.map(|hash| hex(&hash)).unwrap_or_default())
}

/// Notes how far the file is once that is on the disk. Entries that wait for others to stand in one line with are
/// written again when it goes on.
fn keep(database: &Path, path: &Path, state: &Note, out: &mut Hashing, pending: Option<Pending>) -> Result<(), Error> {
    out.flush()?;
    out.file.get_ref().sync_data()?;
    let mut note = state.clone();
    if let Some(Pending { first, count }) = pending {
        (note.at, note.written) = (first - 1, state.written - count);
    }
    (note.bytes, note.digest) = (out.bytes, hex(&out.hash.clone().finalize()));
    note.head = Store::read_only(database, |read| head(read, note.at))?;
    let text = serde_json::to_vec(&note).map_err(|error| Error::bad(error.to_string()))?;
    Ok(files::write_atomic(path, &text, Some(0o600))?)
}
