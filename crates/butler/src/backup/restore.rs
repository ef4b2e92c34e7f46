//! Putting a copy back: decrypted, looked through and verified first; the database before is set aside, never
//! overwritten; the next start records it.

use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::hex;
use clawbutler_core::limits::RESTORES_UNRECORDED;
use clawbutler_ledger::note::PublicKey;
use clawbutler_ledger::{CheckpointState, Kind};
use clawbutler_platform::files;
use clawbutler_platform::keychain::Keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::damage::{self, Damage};
use clawbutler_store::{Durability, Read, Store, StoreError, backup};
use clawbutler_wire::Seq;
use clawbutler_wire::audit::VerifyReport;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::crypt::{HEAD, Opener, pass};
use super::make::{digest, unfinished};
use crate::damage::stamp;
use crate::{Butler, Error, audit, part};

/// Largest note that is read (bytes): of all copies it may tell of, with paths as long as a system allows.
const NOTE_BYTES: u64 = 512 * 1024;

/// A copy that was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The backup.
    pub file: String,
    /// SHA-256 of the backup (hex).
    pub digest: String,
    /// Entries in it, and the hash of the last (hex).
    pub entries: u64,
    pub head: String,
    /// The largest checkpoint in it that holds.
    pub checkpoint_entries: Option<u64>,
    /// Where the database before is kept; `None`: there was none.
    pub set_aside: Option<String>,
    /// When it was put back (ms since the epoch).
    pub at: i64,
    /// Name of the file that becomes the database.
    ready: String,
}

/// Left in the data folder from before the database is set aside until a start has recorded the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    #[serde(flatten)]
    restored: Restored,
    /// The note of a copy that was put back before and that no start has recorded yet: it holds again should this one
    /// not come to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Box<Restored>>,
    /// Copies that were put back before, one after the other, oldest first, and that no start has recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Earlier>,
    /// How many more there were before those.
    #[serde(default, skip_serializing_if = "is_zero")]
    earlier_more: u32,
}

/// A copy that was put back and set aside again before a start could record it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Earlier {
    file: String,
    digest: String,
    entries: u64,
    head: String,
    set_aside: Option<String>,
    restored_at: i64,
}

impl Earlier {
    fn of(restored: &Restored) -> Self {
        let Restored { file, digest, entries, head, set_aside, at, checkpoint_entries: _, ready: _ } = restored.clone();
        Self { file, digest, entries, head, set_aside, restored_at: at }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Note {
    /// Of a copy that is about to be put back, behind the ones that `before` tells of.
    fn after(before: Option<Self>, restored: Restored) -> Self {
        let Some(note) = before else { return Self { restored, before: None, earlier: Vec::new(), earlier_more: 0 } };
        let (mut earlier, mut earlier_more) = (note.earlier, note.earlier_more);
        earlier.push(Earlier::of(&note.restored));
        if earlier.len() > RESTORES_UNRECORDED {
            earlier.remove(0);
            earlier_more = earlier_more.saturating_add(1);
        }
        Self { restored, before: Some(Box::new(note.restored)), earlier, earlier_more }
    }

    /// As it was before this copy was put back. One that fell over the bound stays counted.
    fn without_this(&self) -> Option<Self> {
        let restored = (**self.before.as_ref()?).clone();
        let mut earlier = self.earlier.clone();
        earlier.pop();
        Some(Self { restored, before: None, earlier, earlier_more: self.earlier_more })
    }
}

/// Names of the databases that were set aside, as the facts of `backup.restored` have them: the newest last.
pub(crate) fn set_aside_names(data: &Value) -> String {
    let earlier = data["earlier"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names: Vec<&str> = earlier
        .iter()
        .chain([data])
        .filter_map(|one| one["set_aside"].as_str())
        .filter(|name| !name.is_empty())
        .take(RESTORES_UNRECORDED + 1)
        .collect();
    match names.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        names => names.concat(),
    }
}

fn note_of(data: &DataDir) -> PathBuf {
    data.path().join("restored.json")
}

fn read_note(data: &DataDir) -> Option<Note> {
    let bytes = files::read_bounded(&note_of(data), NOTE_BYTES).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn write_note(data: &DataDir, note: &Note) -> std::io::Result<()> {
    let text = serde_json::to_vec(note).map_err(std::io::Error::other)?;
    files::write_atomic(&note_of(data), &text, Some(0o600))
}

/// Takes back what was done before the database was set aside. A note that stayed would have the next start say of the
/// log before that it is the copy.
fn undo(data: &DataDir, note: &Note) -> std::io::Result<()> {
    // The write-ahead log goes aside before its database: without it that is a log of an earlier time.
    if let Some(aside) = note.restored.set_aside.as_deref().and_then(|name| Path::new(name).file_name()) {
        let aside = data.path().join(aside);
        for end in damage::BESIDE {
            let (moved, place) = (aside.with_extension(end), data.database().with_extension(end));
            if !aside.exists() && moved.exists() && !place.exists() {
                fs::rename(moved, place)?;
            }
        }
    }
    match note.without_this() {
        Some(before) => write_note(data, &before),
        None => fs::remove_file(note_of(data)),
    }
}

/// Finishes what a kill interrupted between setting the database aside and putting the copy in its place.
pub(crate) fn finish(data: &DataDir) -> std::io::Result<()> {
    let Some(note) = read_note(data) else { return Ok(()) };
    let name = &note.restored.ready;
    let ready = data.path().join(name);
    let plain = Path::new(name).file_name() == Some(name.as_ref());
    match (plain && ready.exists(), data.database().exists()) {
        (true, false) => fs::rename(ready, data.database()),
        // It had not begun: the database is still the one before.
        (true, true) => undo(data, &note),
        (false, _) => Ok(()),
    }
}

impl Butler {
    /// Puts a copy back. Refuses while an engine runs, and a copy that does not hold.
    pub fn restore_file(
        data: &DataDir,
        file: &Path,
        opener: &Opener,
        key: Option<&str>,
        keychain: Option<&dyn Keychain>,
        now: Timestamp,
    ) -> Result<Restored, Error> {
        data.create()?;
        let Some(_only_one) = files::try_lock(&data.engine_lock())? else {
            return Err(Error::precondition(
                "ClawButler runs on this data folder.",
                "Close it first: a backup takes the place of its database.",
            ));
        };
        // One that was interrupted comes to its end first: what it set aside and verified counts.
        finish(data)?;
        let ready = unfinished(data, now)?;
        let done = put_back(data, file, &ready, opener, key, keychain, now);
        let Err(Error(mut error)) = done else { return done };
        let note = read_note(data).filter(|note| Path::new(&note.restored.ready).file_name() == ready.file_name());
        if note.is_some() && !data.database().exists() {
            // Once the database was set aside the copy is what a start puts in its place.
            error.hint = Some("The next start of ClawButler finishes it. Make room on that disk first.".to_owned());
            return Err(Error(error));
        }
        // The note first: without it what else is left is nothing.
        if let Some(note) = note {
            undo(data, &note)?;
        }
        for end in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(part::beside(&ready, end));
        }
        Err(Error(error))
    }

    /// Verifies the log in a database at any place, as far as what is known of this machine's log goes.
    pub fn verify_database(
        data: &DataDir,
        database: &Path,
        key: Option<&str>,
        keychain: Option<&dyn Keychain>,
        progress: impl FnMut(u64, u64),
    ) -> Result<VerifyReport, Error> {
        if head_of(database)?.starts_with(HEAD) {
            return Err(Error::bad("That backup is encrypted. Decrypt it with “age --decrypt” first."));
        }
        Store::read_only(database, |read| {
            let (trust, place, replaced) = audit::trust_of_copy(read, data, keychain, key)?;
            let report = read.ledger_verify(&trust, progress)?;
            Ok(audit::report_view(&report, replaced, place))
        })
    }

    /// Says in the log that it is a copy that was put back; among the first things a start does.
    pub(crate) fn record_restored(&self) -> Result<(), Error> {
        let data = &self.0.ports.data;
        if let Some(Note { restored: note, earlier, earlier_more, .. }) = read_note(data) {
            let there = self.0.store.read::<_, Error>(|read| Ok(read.ledger_hash(note.entries)?))?;
            if there.is_some_and(|hash| hex(&hash) == note.head) {
                let mut facts = json!({
                    "file": note.file, "digest": note.digest, "entries": note.entries, "head": note.head,
                    "set_aside": note.set_aside, "restored_at": note.at,
                });
                if !earlier.is_empty() {
                    facts["earlier"] = json!(earlier);
                }
                if earlier_more > 0 {
                    facts["earlier_more"] = json!(earlier_more);
                }
                let kept = match set_aside_names(&facts).as_str() {
                    "" => String::new(),
                    names => format!("What was recorded after it is in what was set aside: {names}. "),
                };
                self.record(Durability::Power, Kind::BackupRestored, Actor::Engine, facts)?;
                self.alert(
                    &format!("A backup with {} entries was put back.", note.entries),
                    &format!("{kept}Look at your rules and grants again."),
                );
            }
        }
        match fs::remove_file(note_of(data)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn head_of(path: &Path) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD.len() as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn put_back(
    data: &DataDir,
    file: &Path,
    ready: &Path,
    opener: &Opener,
    key: Option<&str>,
    keychain: Option<&dyn Keychain>,
    now: Timestamp,
) -> Result<Restored, Error> {
    let (digest, _) = digest(file)?;
    let mut out = files::append_private(ready)?;
    let mut from = BufReader::new(File::open(file)?);
    if head_of(file)?.starts_with(HEAD) {
        opener.decrypt(from, &mut out)?;
    } else {
        pass(&mut from, &mut out, |_| true)?;
    }
    out.sync_all()?;
    drop(out);
    let refused = |why: &str| {
        Error::precondition(format!("The backup is not put back: {why}."), "Nothing was changed. Take another backup.")
    };
    if let Damage::Found(reason) = damage::look(ready, true, || false)? {
        return Err(refused(&format!("it is damaged ({reason})")));
    }
    match Store::read_only::<_, StoreError>(ready, |_| Ok(())) {
        // One of a version before is brought up to date in its copy.
        Err(StoreError::Older { .. }) => drop(Store::open(ready)?),
        other => other?,
    }
    backup::as_one_file(ready)?;
    let verified = |read: &Read<'_>| -> Result<_, Error> {
        // A copy of a log that was restored before can be put back: that stays said in it.
        let (trust, place, _) = audit::trust_of_copy(read, data, keychain, key)?;
        let report = read.ledger_verify(&trust, |_, _| ())?;
        Ok((audit::report_view(&report, None, place), report.checkpoint))
    };
    let (report, state) = Store::read_only(ready, verified)?;
    if let Some(reason) = &report.reason {
        let entry = report.first_bad.map(|seq| format!("entry {seq}: ")).unwrap_or_default();
        return Err(refused(&format!("its audit log does not hold: {entry}{reason}")));
    }
    if state != CheckpointState::Good {
        return Err(refused("no checkpoint in it shows that it is of a log of yours"));
    }
    let restored = Restored {
        file: file.display().to_string(),
        digest,
        entries: report.entries.0,
        head: report.head,
        checkpoint_entries: report.checkpoint_entries.map(|Seq(entries)| entries),
        set_aside: None,
        at: now.0,
        ready: ready.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    let mut note = Note::after(read_note(data), restored);
    // From here on a start finishes it.
    if data.database().exists() {
        let aside = format!("before-restore-{}", stamp(now));
        note.restored.set_aside = Some(format!("clawbutler.{aside}.db"));
        write_note(data, &note)?;
        // In one file it is renamed in one step. A damaged one keeps its write-ahead log beside it.
        if let Err(error) = backup::as_one_file(&data.database()) {
            tracing::warn!(%error, "the database before is set aside as it is");
        }
        let aside = damage::set_aside(&data.database(), &aside)?;
        note.restored.set_aside = aside.file_name().map(|name| name.to_string_lossy().into_owned());
    }
    write_note(data, &note)?;
    fs::rename(ready, data.database())?;
    Ok(note.restored)
}

/// The key a user named, where they did.
pub(crate) fn named_key(key: Option<&str>) -> Result<Option<PublicKey>, Error> {
    key.map(|key| PublicKey::parse(key.trim()).ok_or_else(|| Error::bad("That is no public key."))).transpose()
}
