//! A damaged database is set aside and never silently replaced: the log that is begun then says so first, and the user
//! is told what to do.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::{DAMAGE_EVERY_MS, DAMAGE_START_MS};
use clawbutler_ledger::{Kind, Reason};
use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::damage::{self, Damage};
use clawbutler_store::{Durability, Read, Store};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::backup::{finish_restore, remove_leftovers, set_aside_names};
use crate::engine::lock;
use crate::{Butler, Error, OpenError, audit, view};

/// When the whole database was looked through last.
const LOOKED: &str = "damage.looked";
/// What to do about a database that was set aside.
const FIX: &str = "Verify the file that was set aside with “clawbutler audit verify --db FILE”, put a backup back with \
                   “clawbutler audit restore FILE”, or go on: choose what is governed and your rules again.";

/// The look that goes on.
#[derive(Debug)]
pub(crate) struct Looking {
    /// The look at the start did not come to its end.
    unfinished: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Looking {
    pub(crate) fn new(unfinished: bool) -> Self {
        Self { unfinished: unfinished.into(), thread: Mutex::default() }
    }
}

/// Left beside the database from before it is set aside until the new log says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Aside {
    /// Name it was given, in the data folder.
    file: String,
    reason: String,
    at: i64,
}

fn note_of(data: &DataDir) -> std::path::PathBuf {
    data.path().join("set-aside.json")
}

/// Asks for a look through the whole database at the next start.
fn mark_of(data: &DataDir) -> std::path::PathBuf {
    data.path().join("check-database")
}

/// A time as part of a file name.
pub(crate) fn stamp(at: Timestamp) -> String {
    let (hours, minutes, seconds) =
        (at.0.rem_euclid(86_400_000) / 3_600_000, at.0.rem_euclid(3_600_000) / 60_000, at.0.rem_euclid(60_000) / 1_000);
    format!("{}T{hours:02}{minutes:02}{seconds:02}Z", view::day(at, 0))
}

/// Opens the database; one that is damaged is set aside first. The second value: the look did not come to its end.
pub(crate) fn open_store(data: &DataDir, now: Timestamp) -> Result<(Store, bool), OpenError> {
    finish_restore(data)?;
    remove_leftovers(data)?;
    let database = data.database();
    let marked = mark_of(data).exists();
    let mut unfinished = false;
    if database.exists() {
        damage::roll_back(&database)?;
        let mut polls = DAMAGE_START_MS / u64::try_from(damage::POLL.as_millis()).unwrap_or(1);
        let stop = || {
            polls = polls.saturating_sub(1);
            polls == 0 && !marked
        };
        match damage::look(&database, marked, stop)? {
            Damage::Found(reason) => set_aside(data, now, &reason)?,
            Damage::Unfinished => unfinished = true,
            Damage::None => {}
        }
    }
    if marked {
        std::fs::remove_file(mark_of(data))?;
    }
    match Store::open(&database) {
        Ok(store) => Ok((store, unfinished)),
        Err(error) => match damage::is_damage(&error) {
            Some(reason) => {
                set_aside(data, now, &reason)?;
                Ok((Store::open(&database)?, false))
            }
            None => Err(error.into()),
        },
    }
}

fn set_aside(data: &DataDir, now: Timestamp, reason: &str) -> Result<(), OpenError> {
    let why_and_when = format!("damaged-{}", stamp(now));
    let write = |file: String| -> std::io::Result<()> {
        let aside = Aside { file, reason: reason.to_owned(), at: now.0 };
        let text = serde_json::to_vec(&aside).map_err(std::io::Error::other)?;
        files::write_atomic(&note_of(data), &text, Some(0o600))
    };
    // Written before, so that a start that ends here is continued by the next; and after, with the true name.
    write(format!("clawbutler.{why_and_when}.db"))?;
    let aside = damage::set_aside(&data.database(), &why_and_when)?;
    tracing::error!(aside = %aside.display(), %reason, "the database is damaged and was set aside");
    Ok(write(name(&aside))?)
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Butler {
    /// Says in a new log why it is new; the first thing a start does.
    pub(crate) fn record_set_aside(&self) -> Result<(), Error> {
        let note = note_of(&self.0.ports.data);
        let Ok(bytes) = files::read_bounded(&note, 16 * 1024) else { return Ok(()) };
        let aside: Option<Aside> = serde_json::from_slice(&bytes).ok();
        // A log with entries has said it already.
        if let Some(aside) = aside.filter(|_| self.0.store.head().is_ok_and(|(entries, ..)| entries == 0)) {
            let known = audit::newest_outside(&self.0.ports.data);
            let (entries, origin) =
                known.as_ref().map_or((0, String::new()), |(_, point)| (point.size, point.origin.clone()));
            let data = json!({
                "file": aside.file, "reason": aside.reason, "set_aside_at": aside.at, "origin": origin,
                "entries": entries, "checkpoint": known.map(|(note, _)| note),
            });
            self.record(Durability::Power, Kind::LogSetAside, Actor::Engine, data)?;
            self.alert(
                &format!(
                    "The database was damaged ({}). It is kept as {}; a new one was begun.",
                    aside.reason, aside.file
                ),
                FIX,
            );
        }
        Ok(std::fs::remove_file(note)?)
    }

    /// Looks through the whole database now and then, on a thread of its own.
    pub(crate) fn look_for_damage_when_due(&self) -> Result<(), Error> {
        let looking = &self.0.looking;
        let mut thread = lock(&looking.thread);
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Ok(());
        }
        let now = self.now().0;
        let looked = self.0.store.read::<_, Error>(|read| Ok(read.setting(LOOKED)?))?;
        let looked: Option<i64> = looked.and_then(|text| text.parse().ok());
        let unfinished = looking.unfinished.swap(false, Ordering::Relaxed);
        if looked.is_none() && !unfinished {
            // The start has just looked.
            return self.note_look(now);
        }
        if !unfinished && looked.is_some_and(|looked| now.abs_diff(looked) < DAMAGE_EVERY_MS.unsigned_abs()) {
            return Ok(());
        }
        let butler = self.clone();
        *thread = Some(std::thread::Builder::new().name("butler-damage".into()).spawn(move || {
            if let Err(Error(error)) = butler.look_for_damage() {
                tracing::error!(message = %error.message, "the database could not be looked through");
            }
        })?);
        Ok(())
    }

    fn note_look(&self, at: i64) -> Result<(), Error> {
        self.0.store.write(Durability::Process, |tx| Ok(tx.setting_put(LOOKED, &at.to_string())?))
    }

    /// Looks through the whole database; the engine's own thread does so by itself. Whether it is whole.
    pub fn look_for_damage(&self) -> Result<bool, Error> {
        let data = &self.0.ports.data;
        match damage::look(&data.database(), true, || self.stopping())? {
            Damage::Unfinished => return Ok(true),
            Damage::None => {
                self.note_look(self.now().0)?;
                return Ok(true);
            }
            Damage::Found(reason) => {
                files::write_atomic(&mark_of(data), b"", Some(0o600))?;
                self.alert(
                    &format!("The database is damaged: {reason}."),
                    "Close ClawButler and start it again: the database is set aside and a new one is begun. Make a copy \
                     of the data folder first, and check the disk.",
                );
                self.record(Durability::Power, Kind::LogDamaged, Actor::Engine, json!({ "reason": reason }))?;
                self.note_look(self.now().0)?;
            }
        }
        Ok(false)
    }

    /// Waits for the end of a look, which comes at once when the engine is stopping.
    pub(crate) fn end_looking(&self) {
        let thread = lock(&self.0.looking.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the look through the database had ended in an error");
        }
    }
}

/// What the log itself says about why it does not fit the checkpoints outside; with a space before it.
pub(crate) fn acknowledged(read: &Read<'_>, reason: &Reason) -> Result<Option<String>, Error> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    if matches!(reason, Reason::OtherLog)
        && let Some(row) = read.ledger_row(1)?
        && row.kind == Kind::LogSetAside.text()
        && let Some(data) = row.data()
    {
        let day = view::day(Timestamp(row.at), 0);
        return Ok(Some(format!(
            " (this log was begun on {day}, because the database before was damaged and set aside as {}: {})",
            text(&data["file"]),
            text(&data["reason"])
        )));
    }
    if matches!(reason, Reason::CutOff { .. } | Reason::Rewritten { .. } | Reason::OtherHead { .. } | Reason::OtherLog)
        && let [row] = read.ledger_sought(&[Kind::BackupRestored], 1)?.as_slice()
        && let Some(data) = row.data()
    {
        let day = view::day(Timestamp(row.at), 0);
        return Ok(Some(format!(
            " (a backup with {} entries was put back, as recorded on {day}; {} kept as {})",
            data["entries"],
            if data["earlier"].is_array() { "the databases before are" } else { "the database before is" },
            set_aside_names(&data)
        )));
    }
    Ok(None)
}
