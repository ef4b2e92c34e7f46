//! Where the log stood when the engine last looked, kept outside the database.
//!
//! A second place makes the quiet kind of tampering visible: entries cut off at the end, a database
//! swapped for another, entries added while the app was closed. Whoever can write both files as the
//! same user can still forge both; `docs/SECURITY-MODEL.md` says so.

use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::Error;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Anchor {
    seq: u64,
    hash: String,
    /// Written by an orderly end: nothing may have been added since.
    clean: bool,
}

fn newest(store: &Store) -> Result<Option<(u64, String)>, StoreError> {
    Ok(store.read(|read| read.ledger_page(u64::MAX, 1))?.pop().map(|row| (row.seq, row.hash)))
}

/// Notes the present head; writes only when it moved.
pub(crate) fn write(store: &Store, data: &DataDir, clean: bool) -> Result<(), Error> {
    let Some((seq, hash)) = newest(store)? else { return Ok(()) };
    let anchor = Anchor { seq, hash, clean };
    if read(data).as_ref() != Some(&anchor) {
        let text = serde_json::to_string(&anchor).unwrap_or_default();
        files::write_atomic(&data.path().join(FILE), text.as_bytes(), Some(0o600))?;
    }
    Ok(())
}

/// Says what does not fit between the note and the database.
pub(crate) fn compare(store: &Store, data: &DataDir) -> Result<Option<String>, Error> {
    let newest = newest(store)?;
    let Some(anchor) = read(data) else {
        return Ok(newest.map(|_| "The note of where the audit log stood is gone.".to_owned()));
    };
    let at_anchor = store.read(|read| read.ledger_page(anchor.seq + 1, 1))?.pop();
    Ok(match (newest, at_anchor) {
        (Some((seq, _)), Some(row)) if row.seq == anchor.seq && row.hash == anchor.hash => (anchor.clean
            && seq > anchor.seq)
            .then(|| format!("{} audit entries were added while ClawButler was closed.", seq - anchor.seq)),
        _ => Some(format!("The audit log does not hold entry {} as ClawButler last saw it.", anchor.seq)),
    })
}

fn read(data: &DataDir) -> Option<Anchor> {
    let bytes = files::read_bounded(&data.path().join(FILE), 4096).ok()?;
    serde_json::from_slice(&bytes).ok()
}

const FILE: &str = "anchor.json";
