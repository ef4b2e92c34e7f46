//! Backups that the command line made: noted beside the database, and recorded by the engine.

use std::io::Write as _;
use std::path::PathBuf;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest::sha256;
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::Durability;
use clawbutler_wire::retention::BackupMade;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Butler, Error, audit};

/// Largest file of notes that is read (bytes); the command line refuses to add to a fuller one.
const BYTES: u64 = 256 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    at: i64,
    made: BackupMade,
}

fn place(data: &DataDir) -> PathBuf {
    data.path().join("backups.jsonl")
}

/// Notes a backup for the engine to record.
pub(super) fn leave(data: &DataDir, now: Timestamp, made: &BackupMade) -> Result<(), Error> {
    let path = place(data);
    let line = serde_json::to_string(&Note { at: now.0, made: made.clone() })
        .map_err(|error| Error::bad(error.to_string()))?;
    let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    if size + line.len() as u64 + 1 > BYTES {
        return Err(Error::precondition(
            "Too many backups wait to be recorded.",
            "Start ClawButler once, so that it records them.",
        ));
    }
    let mut file = files::append_private(&path)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    Ok(file.sync_all()?)
}

impl Butler {
    /// Records the backups that were noted, each once.
    pub(crate) fn record_backups(&self) -> Result<(), Error> {
        let path = place(&self.0.ports.data);
        if !path.exists() {
            return Ok(());
        }
        // Whoever adds a line from now on begins a new file.
        let taken = path.with_extension("taken");
        if !taken.exists() {
            std::fs::rename(&path, &taken)?;
        }
        let bytes = files::read_bounded(&taken, BYTES)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let now = self.now();
        for line in text.lines() {
            let Ok(note) = serde_json::from_str::<Note>(line) else { continue };
            self.0.store.write::<_, Error>(Durability::Power, |tx| {
                if tx.intake_claim(&format!("backup:{}", sha256(line.as_bytes())), now)? {
                    let data = json!({ "by": "command line", "made_at": note.at, "backup": note.made, "file": note.made.file });
                    audit::append(tx, now, self.entry(Kind::BackupMade, Actor::Engine, data))?;
                }
                Ok(())
            })?;
        }
        Ok(std::fs::remove_file(taken)?)
    }
}
