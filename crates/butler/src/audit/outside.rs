//! What is kept of the log outside its database: public keys, checkpoints, and where the log stood when the engine
//! last looked.
//!
//! A second place makes quiet tampering visible: entries cut off or written anew, a database swapped for another,
//! entries added while the app was closed. Whoever can write every place as the same user can still forge them all;
//! `docs/SECURITY-MODEL.md` says so.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clawbutler_core::id::{hex, unhex};
use clawbutler_core::limits::CHECKPOINT_FILE_BYTES;
use clawbutler_ledger::note::{self, Key, PublicKey};
use clawbutler_ledger::{Found, HeadNote, Source, Trust};
use clawbutler_platform::files;
use clawbutler_platform::keychain::Keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::settings::KeyPlace;
use serde::{Deserialize, Serialize};

/// Name of our item in the keychain.
const ITEM: &str = "audit-log";
/// Keys the keychain's item remembers: its size is bounded on Windows.
const REMEMBERED: usize = 8;
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
}

impl Item {
    pub(super) fn new(seed: &[u8; 32], before: &[KeyLine]) -> Self {
        let mut keys: Vec<String> = before.iter().map(|line| line.key.encoded()).collect();
        keys.push(Key::from_seed(seed).public().encoded());
        keys.dedup();
        let keys = keys.split_off(keys.len().saturating_sub(REMEMBERED));
        Self { seed: hex(seed), keys, note: None }
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
        keychain.set(ITEM, &serde_json::to_vec(self).map_err(io::Error::other)?)
    }
}

/// A line of `keys.txt`: a public key, and whether its secret half is in the keychain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyLine {
    pub(super) key: PublicKey,
    pub(super) in_keychain: bool,
}

/// Where the log stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: String,
    /// Written by an orderly end: nothing may have been added since.
    pub(super) clean: bool,
}

/// The files it is kept in.
pub(crate) fn files(data: &DataDir) -> [PathBuf; 3] {
    ["keys.txt", "checkpoints.txt", "head.json"].map(|name| data.state().join(name))
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

fn append(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    files::create_private_dir(folder)?;
    let mut file = files::append_private(&folder.join(name))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

pub(super) fn write_head(data: &DataDir, head: &Head) -> io::Result<()> {
    files::create_private_dir(data.state())?;
    let text = serde_json::to_string(head).map_err(io::Error::other)?;
    files::write_atomic(&data.state().join("head.json"), text.as_bytes(), Some(0o600))?;
    // Versions before kept it beside the database.
    let before = data.path().join("anchor.json");
    if before.exists() { std::fs::remove_file(before) } else { Ok(()) }
}

fn read_head(data: &DataDir) -> Option<Head> {
    let here = [data.state().join("head.json"), data.path().join("anchor.json")];
    let bytes = here.iter().find_map(|path| files::read_bounded(path, 4096).ok())?;
    serde_json::from_slice(&bytes).ok()
}

/// The checkpoints at the end of a file.
pub(super) fn notes_of(path: &Path, source: Source) -> Vec<Found> {
    let Ok(bytes) = files::read_tail(path, TAIL) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    note::all(&text).into_iter().map(|note| Found { source, note: note.to_owned() }).collect()
}

/// Everything known of the log from outside its database, and where its key is kept. `running`: an engine may be
/// appending now, so that the log may be longer than when it was last noted.
pub(super) fn gather(
    data: &DataDir,
    keychain: Option<&dyn Keychain>,
    anchors: &[PathBuf],
    running: bool,
) -> (Trust, KeyPlace) {
    let lines = keys(data);
    let mut trust = Trust { keys: lines.iter().map(|line| line.key.clone()).collect(), ..Trust::default() };
    trust.notes = notes_of(&notes_path(data), Source::StateFile);
    for anchor in anchors {
        trust.notes.extend(notes_of(anchor, Source::Anchor));
    }
    let last = lines.last();
    let item = keychain.map(Item::read);
    let place = match &item {
        Some(Ok(Some(item))) => {
            let theirs: Vec<_> = item.keys.iter().filter_map(|key| PublicKey::parse(key)).collect();
            trust.keys_differ = theirs.last() != last.map(|line| &line.key);
            // The keychain is the stronger place: what only the file names does not count.
            trust.keys = theirs;
            trust.notes.extend(item.note.clone().map(|note| Found { source: Source::Keychain, note }));
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
    let head = read_head(data);
    trust.gone = head.is_none();
    trust.head = head.and_then(|head| {
        let hash = unhex(&head.hash)?.try_into().ok()?;
        Some(HeadNote { seq: head.seq, hash, closed: head.clean && !running })
    });
    (trust, place)
}
