//! What is kept of the log outside its database: public keys, checkpoints, and where the log stood when the engine
//! last looked.
//!
//! A second place makes quiet tampering visible: entries cut off or written anew, a database swapped for another,
//! entries added while the app was closed. Whoever can write every place as the same user can still forge them all;
//! `docs/SECURITY-MODEL.md` says so.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use clawbutler_core::digest;
use clawbutler_core::id::{hex, unhex};
use clawbutler_core::limits::{CHECKPOINT_FILE_BYTES, GRANTS};
use clawbutler_ledger::note::{self, Checkpoint, Key, PublicKey};
use clawbutler_ledger::seal::{self, SealKey, Sealed};
use clawbutler_ledger::{Found, Hash, HeadNote, Source, Trust};
use clawbutler_platform::files;
use clawbutler_platform::keychain::Keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::{Durability, Step, Witness};
use clawbutler_wire::settings::KeyPlace;
use serde::{Deserialize, Serialize};

/// Name of our item in the keychain.
const ITEM: &str = "audit-log";
/// Keys the keychain's item remembers: its size is bounded on Windows.
const REMEMBERED: usize = 8;
/// Largest value of the item (bytes): Windows takes 2,560.
const ITEM_BYTES: usize = 2_560;
/// File that the newest entry is sealed in at every commit.
const SEAL: &str = "head.seal";
/// File that remembers where checkpoints were copied to: the settings are in the database.
const ANCHORS: &str = "anchors.txt";
/// Files with copies that are remembered.
const ANCHOR_FILES: usize = 16;
/// Largest note of the newest entry (bytes): some hundred, and a line for each standing grant.
const HEAD_BYTES: u64 = 4096 + 128 * GRANTS as u64;
/// Last part of a file of checkpoints that is read (bytes).
const TAIL: u64 = 64 * 1024;

/// What the keychain holds for us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    /// Seed of the key, hex.
    seed: String,
    /// Public keys, the present one last.
    keys: Vec<String>,
    /// The newest checkpoint.
    pub(super) note: Option<String>,
    /// The newest checkpoint of the first log that another one took the place of: nothing else may be left of it.
    #[serde(default)]
    before: Option<String>,
    /// Files that checkpoints were copied to by the user's choice.
    #[serde(default)]
    pub(super) anchors: Vec<PathBuf>,
}

impl Item {
    pub(super) fn new(seed: &[u8; 32], before: &[KeyLine]) -> Self {
        let mut keys: Vec<String> = before.iter().map(|line| line.key.encoded()).collect();
        keys.push(Key::from_seed(seed).public().encoded());
        keys.dedup();
        let keys = keys.split_off(keys.len().saturating_sub(REMEMBERED));
        Self { seed: hex(seed), keys, note: None, before: None, anchors: Vec::new() }
    }

    /// Takes the newest checkpoint; one of another log is kept beside it.
    pub(super) fn take(&mut self, text: &str) {
        let origin = |text: &str| note::read(text).map(|checkpoint| checkpoint.origin).ok();
        let old = self.note.replace(text.to_owned());
        if self.before.is_none() {
            self.before = old.filter(|old| origin(old) != origin(text));
        }
    }

    pub(super) fn seed(&self) -> Option<[u8; 32]> {
        unhex(&self.seed)?.try_into().ok()
    }

    /// `None`: there is none. An error: the keychain cannot be asked, or holds something else under our name.
    pub(super) fn read(keychain: &dyn Keychain) -> io::Result<Option<Self>> {
        let Some(bytes) = keychain.get(ITEM)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other)
    }

    pub(super) fn write(&self, keychain: &dyn Keychain) -> io::Result<()> {
        keychain.set(ITEM, &self.bounded()?)
    }

    /// As JSON of at most [`ITEM_BYTES`]. Where that is too little the names of the copies chosen last are left out,
    /// which `anchors.txt` holds as well, then the oldest keys, which `keys.txt` holds.
    fn bounded(&self) -> io::Result<Vec<u8>> {
        let mut item = self.clone();
        loop {
            let bytes = serde_json::to_vec(&item).map_err(io::Error::other)?;
            if bytes.len() <= ITEM_BYTES {
                return Ok(bytes);
            }
            if item.anchors.pop().is_none() {
                if item.keys.len() < 2 {
                    return Err(io::Error::other("what the keychain should hold is larger than every keychain takes"));
                }
                item.keys.remove(0);
            }
        }
    }
}

/// A line of `keys.txt`: a public key, and whether its secret half is in the keychain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyLine {
    pub(super) key: PublicKey,
    pub(super) in_keychain: bool,
}

/// Where the log stood, as `head.json` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Name of the log.
    pub(super) log: String,
    pub(super) seq: u64,
    pub(super) hash: String,
    /// Written by an orderly end: nothing may have been added since.
    pub(super) clean: bool,
    /// What stood of grants; absent in notes of earlier versions, and before a start has looked at its grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grants: Option<Standing>,
    /// By the key of the checkpoints; empty where it could not be asked.
    pub(super) signature: String,
}

/// Grants as they stood: told outside the database, so that none of them is more than it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// It tells of grants given by entries up to this one.
    pub(crate) upto: u64,
    /// How often each was used, by its id.
    pub(crate) uses: BTreeMap<String, u32>,
}

impl Head {
    /// What is noted, unsigned.
    pub(super) fn new(origin: String, seq: u64, hash: &Hash, clean: bool, grants: Option<Standing>) -> Self {
        Self { log: origin, seq, hash: hex(hash), clean, grants, signature: String::new() }
    }

    pub(super) fn signed(self, key: &Key) -> Self {
        let signature = self.note().map(|note| key.sign_head(&note)).unwrap_or_default();
        Self { signature, ..self }
    }

    fn note(&self) -> Option<seal::Head> {
        let hash = unhex(&self.hash)?.try_into().ok()?;
        let grants = self.grants.as_ref().map(digest::of);
        Some(seal::Head { origin: self.log.clone(), seq: self.seq, hash, closed: self.clean, grants })
    }

    /// What it says when one of these keys signed it.
    fn opened(&self, keys: &[PublicKey]) -> Option<seal::Head> {
        self.note().filter(|note| keys.iter().rev().any(|key| key.signed_head(note, &self.signature)))
    }
}

/// The files it is kept in.
pub(crate) fn files(data: &DataDir) -> [PathBuf; 5] {
    ["keys.txt", "checkpoints.txt", "head.json", SEAL, ANCHORS].map(|name| data.state().join(name))
}

pub(super) fn keys(data: &DataDir) -> Vec<KeyLine> {
    let bytes = files::read_bounded(&data.state().join("keys.txt"), TAIL).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let line = |line: &str| {
        let (key, place) = line.split_once(' ')?;
        Some(KeyLine { key: PublicKey::parse(key)?, in_keychain: place == "keychain" })
    };
    text.lines().filter_map(line).collect()
}

pub(super) fn add_key(data: &DataDir, line: &KeyLine) -> io::Result<()> {
    let place = if line.in_keychain { "keychain" } else { "file" };
    append(data.state(), "keys.txt", &format!("{} {place}\n", line.key.encoded()))
}

/// Appends a checkpoint to the file of them; a full file is set aside and the one before it goes.
pub(super) fn add_note(data: &DataDir, note: &str) -> io::Result<()> {
    let path = notes_path(data);
    if std::fs::metadata(&path).is_ok_and(|meta| meta.len() > CHECKPOINT_FILE_BYTES) {
        std::fs::rename(&path, path.with_extension("before.txt"))?;
    }
    append(data.state(), "checkpoints.txt", &format!("{note}\n"))
}

pub(super) fn notes_path(data: &DataDir) -> PathBuf {
    data.state().join("checkpoints.txt")
}

/// The newest checkpoint in the file of them that can be read; whether its signature holds is not looked at.
pub(crate) fn newest(data: &DataDir) -> Option<(String, Checkpoint)> {
    let notes = notes_of(&notes_path(data), Source::StateFile);
    notes.into_iter().rev().find_map(|found| note::read(&found.note).ok().map(|point| (found.note, point)))
}

fn append(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    files::create_private_dir(folder)?;
    let mut file = files::append_private(&folder.join(name))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

pub(super) fn write_head(data: &DataDir, head: &Head) -> io::Result<()> {
    files::create_private_dir(data.state())?;
    let text = serde_json::to_string(head).map_err(io::Error::other)?;
    files::write_atomic(&data.state().join("head.json"), text.as_bytes(), Some(0o600))
}

/// `Ok(None)`: there is none. An error: it is there and damaged.
fn read_head(data: &DataDir) -> Result<Option<Head>, ()> {
    match files::read_bounded(&data.state().join("head.json"), HEAD_BYTES) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(drop),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(()),
    }
}

/// What the note of the newest entry tells of grants, where one of the log's keys signed it.
pub(super) fn standing(data: &DataDir, keys: &[PublicKey]) -> Option<Standing> {
    read_head(data).ok().flatten().filter(|head| head.opened(keys).is_some())?.grants
}

/// What the seal says, as far as `seed` can tell; an error: it is there and is not by that key.
pub(super) fn read_seal(data: &DataDir, seed: Option<&[u8; 32]>) -> Result<Option<Sealed>, ()> {
    let (Some(seed), Ok(bytes)) = (seed, files::read_bounded(&data.state().join(SEAL), 4096)) else { return Ok(None) };
    // Made and not yet written.
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(&bytes).map_err(drop)?;
    SealKey::from_seed(seed).open(text).map(Some).ok_or(())
}

/// Seals where a commit leads before it, and where the log is after it: small writes into a file that stays open. Only
/// what waits for the disk anyway waits for this too. `last`: what the seal says now, where it is by this key.
pub(super) fn sealer(data: &DataDir, seed: &[u8; 32], last: Option<Sealed>) -> io::Result<Witness> {
    files::create_private_dir(data.state())?;
    let path = data.state().join(SEAL);
    drop(files::append_private(&path)?);
    let mut file = OpenOptions::new().write(true).open(&path)?;
    let key = SealKey::from_seed(seed);
    let (mut last, mut failed) = (last, false);
    Ok(Witness::new(move |step| {
        let (sealed, durability) = match step {
            Step::Begun { seq, hash } => {
                (last.map(|last| Sealed { next: Some((seq, *hash)), ..last }), Durability::Process)
            }
            Step::Done { seq, hash, durability } => {
                let synced = durability == Durability::Power;
                let durable = if synced { seq } else { last.map_or(0, |last| last.durable) };
                last = Some(Sealed { seq, durable, hash: *hash, next: None });
                (last, durability)
            }
            Step::Undone => (last, Durability::Process),
        };
        let Some(sealed) = sealed else { return };
        let written = write_seal(&mut file, &key.seal(&sealed), durability);
        if let (Err(error), false) = (&written, failed) {
            tracing::warn!(%error, "the newest entry could not be sealed");
        }
        failed = written.is_err();
    }))
}

fn write_seal(file: &mut File, text: &str, durability: Durability) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    if durability == Durability::Power { file.sync_data() } else { Ok(()) }
}

/// Remembers where checkpoints are copied to.
pub(super) fn add_anchors(data: &DataDir, files: &[PathBuf]) -> io::Result<()> {
    let known = anchors_of(data);
    for file in files.iter().filter(|file| !known.contains(file)) {
        append(data.state(), ANCHORS, &format!("{}\n", file.display()))?;
    }
    Ok(())
}

fn anchors_of(data: &DataDir) -> Vec<PathBuf> {
    let bytes = files::read_tail(&data.state().join(ANCHORS), TAIL).unwrap_or_default();
    let lines: Vec<PathBuf> = String::from_utf8_lossy(&bytes).lines().map(PathBuf::from).collect();
    lines[lines.len().saturating_sub(ANCHOR_FILES)..].to_vec()
}

/// The checkpoints at the end of a file.
pub(super) fn notes_of(path: &Path, source: Source) -> Vec<Found> {
    let Ok(bytes) = files::read_tail(path, TAIL) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    note::all(&text).into_iter().map(|note| Found { source, note: note.to_owned() }).collect()
}

/// Everything known of the log from outside its database, and where its key is kept. `running`: an engine may be
/// appending now, so that the log may be longer than when it was last noted and sealed.
pub(super) fn gather(
    data: &DataDir,
    keychain: Option<&dyn Keychain>,
    anchors: &[PathBuf],
    running: bool,
) -> (Trust, KeyPlace) {
    let lines = keys(data);
    let mut trust = Trust { keys: lines.iter().map(|line| line.key.clone()).collect(), ..Trust::default() };
    trust.notes = notes_of(&notes_path(data), Source::StateFile);
    let last = lines.last();
    let item = keychain.map(Item::read);
    let mut anchors = [anchors, &anchors_of(data)].concat();
    let mut seed = files::read_secret(&data.audit_key()).ok();
    if let Some(Ok(Some(item))) = &item {
        anchors.extend(item.anchors.iter().take(ANCHOR_FILES).cloned());
        seed = item.seed();
    }
    anchors.sort_unstable();
    anchors.dedup();
    for anchor in &anchors {
        trust.notes.extend(notes_of(anchor, Source::Anchor));
    }
    let place = match &item {
        Some(Ok(Some(item))) => {
            let theirs: Vec<_> = item.keys.iter().filter_map(|key| PublicKey::parse(key)).collect();
            trust.keys_differ = theirs.last() != last.map(|line| &line.key);
            // The keychain is the stronger place: what only the file names does not count.
            trust.keys = theirs;
            let notes = item.before.iter().chain(&item.note).cloned();
            trust.notes.extend(notes.map(|note| Found { source: Source::Keychain, note }));
            KeyPlace::Keychain
        }
        Some(Err(_)) | None if last.is_some_and(|line| line.in_keychain) => KeyPlace::Unreachable,
        Some(Ok(None)) if last.is_some_and(|line| line.in_keychain) => {
            trust.keys_differ = true;
            KeyPlace::None
        }
        Some(Err(_) | Ok(None)) | None => match (files::read_secret(&data.audit_key()), last) {
            (Ok(seed), Some(last)) => {
                trust.keys_differ = Key::from_seed(&seed).public() != last.key;
                KeyPlace::File
            }
            (Ok(_), None) => KeyPlace::File,
            (Err(_), last) => {
                trust.keys_differ = last.is_some();
                KeyPlace::None
            }
        },
    };
    add_ends(&mut trust, data, seed.as_ref(), running);
    (trust, place)
}

/// What the note and the seal of the newest entry say.
fn add_ends(trust: &mut Trust, data: &DataDir, seed: Option<&[u8; 32]>, running: bool) {
    let (head, sealed) = (read_head(data), read_seal(data, seed));
    // The first start of all seals before it notes, and was ended in between.
    let first = matches!(sealed, Ok(Some(_))) && trust.notes.is_empty();
    trust.gone = head == Ok(None) && !first;
    trust.ends = !running;
    trust.head_bad = head.is_err() || sealed.is_err();
    if let Ok(Some(head)) = head {
        let opened = head.opened(&trust.keys);
        // Unsigned is what an engine leaves whose keychain did not answer; that one sealed nothing either.
        let unsealed = !matches!(sealed, Ok(Some(sealed)) if sealed.seq >= head.seq);
        trust.head_bad |= opened.is_none() && !(head.signature.is_empty() && unsealed);
        trust.head = opened.map(|head| HeadNote { seq: head.seq, hash: head.hash, closed: head.closed && !running });
    }
    trust.sealed = sealed.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A keychain that takes what Windows' does.
    #[derive(Debug, Default)]
    struct Small(std::sync::Mutex<Option<Vec<u8>>>);

    impl Keychain for Small {
        fn get(&self, _: &str) -> io::Result<Option<Vec<u8>>> {
            Ok(self.0.lock().unwrap().clone())
        }

        fn set(&self, _: &str, value: &[u8]) -> io::Result<()> {
            assert!(value.len() <= ITEM_BYTES, "{} bytes", value.len());
            *self.0.lock().unwrap() = Some(value.to_vec());
            Ok(())
        }
    }

    #[test]
    fn the_item_fits_into_every_keychain_and_keeps_seed_and_checkpoints() {
        let keys = (0..12_u8).map(|at| KeyLine { key: Key::from_seed(&[at; 32]).public(), in_keychain: false });
        let whole = Item::new(&[99; 32], &keys.collect::<Vec<_>>());
        let note = "n".repeat(300);
        let copies = |count: usize, length: usize| -> Vec<PathBuf> {
            (0..count).map(|at| format!("/{}{at}", "a".repeat(length)).into()).collect()
        };
        let cases = [copies(0, 0), copies(5, 60), copies(1_000, 60), copies(1, 4_000), copies(3, 900)];
        let kept = cases.map(|anchors| {
            let given = Item { note: Some(note.clone()), before: Some(note.clone()), anchors, ..whole.clone() };
            let keychain = Small::default();
            given.write(&keychain).unwrap();
            let read = Item::read(&keychain).unwrap().unwrap();
            assert_eq!((&read.seed, &read.note, &read.before), (&given.seed, &given.note, &given.before));
            assert_eq!(read.keys, given.keys, "names of files go first");
            assert!(given.anchors.starts_with(&read.anchors));
            read.anchors.len()
        });
        assert_eq!(kept, [0, 5, 22, 0, 1]);
        let long = Item { note: Some("n".repeat(1_900)), before: Some(note), ..whole };
        let keychain = Small::default();
        long.write(&keychain).unwrap();
        let read = Item::read(&keychain).unwrap().unwrap();
        assert!(read.keys.len() < long.keys.len() && long.keys.ends_with(&read.keys), "{:?}", read.keys);
        assert!(Item { note: Some("n".repeat(3_000)), ..long }.write(&keychain).is_err());
    }
}
