//! A log that took the place of another: a backup was put back, or a damaged database was set aside. Its own entry says
//! so; a checkpoint made later, signed and kept outside, covers that entry. Checkpoints of the part that is gone then
//! count no longer, everything else does, and what is gone is said for good: such a log is never simply intact.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::hex;
use clawbutler_core::limits::REPLACED_ENTRIES;
use clawbutler_ledger::note::{self, Checkpoint};
use clawbutler_ledger::{Kind, Trust};
use clawbutler_store::Read;
use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_wire::Seq;
use clawbutler_wire::audit::{Replaced, ReplacedHow};

use super::Stretches;
use crate::backup::set_aside_names;
use crate::{Error, view};

/// An entry that tells of it.
struct Event {
    /// Its number.
    seq: u64,
    /// When it happened (ms since the epoch), as the entry says.
    at: i64,
    how: ReplacedHow,
    /// Entries of the former log that are in this one.
    keeps: u64,
    /// The file the former log is kept in; the files, where several were put back one after the other.
    aside: String,
}

impl Event {
    fn of(row: &LedgerRow) -> Option<Self> {
        let data = row.data()?;
        let (how, at, aside) = if row.kind == Kind::BackupRestored.text() {
            (ReplacedHow::Restored, "restored_at", set_aside_names(&data))
        } else {
            // Only as the beginning of a log.
            let file = data["file"].as_str().unwrap_or_default().to_owned();
            (row.seq == 1).then_some((ReplacedHow::BegunAnew, "set_aside_at", file))?
        };
        let keeps = data["entries"].as_u64().filter(|_| how == ReplacedHow::Restored).unwrap_or(0);
        Some(Self { seq: row.seq, at: data[at].as_i64()?, how, keeps, aside })
    }

    /// Whether a checkpoint is of what is gone.
    fn ends(&self, point: &Point, origin: &str) -> bool {
        let of_it = match self.how {
            ReplacedHow::Restored => point.note.origin == origin && point.note.size > self.keeps,
            ReplacedHow::BegunAnew => point.note.origin != origin,
        };
        of_it && !point.fits && point.note.at <= self.at
    }

    /// Whether a checkpoint covers this entry.
    fn is_signed_by(&self, point: &Point, origin: &str) -> bool {
        point.fits && point.note.origin == origin && point.note.size >= self.seq && point.note.at >= self.at
    }
}

/// A checkpoint outside whose signature holds.
struct Point {
    note: Checkpoint,
    /// Whether the log has its last entry.
    fits: bool,
}

/// Takes the checkpoints of what is gone out of `trust`, and says what is gone: the newest such event.
pub(super) fn without_the_former(read: &Read<'_>, trust: &mut Trust) -> Result<Option<Replaced>, Error> {
    let rows = read.ledger_sought(&[Kind::BackupRestored, Kind::LogSetAside], REPLACED_ENTRIES)?;
    let events: Vec<Event> = rows.iter().filter_map(Event::of).collect();
    let Some(first) = read.ledger_hash(1)?.filter(|_| !events.is_empty()) else { return Ok(None) };
    let origin = note::origin(&first);
    let mut opened = Vec::with_capacity(trust.notes.len());
    for found in &trust.notes {
        let note = trust.keys.iter().rev().find_map(|key| note::open(&found.note, key).ok());
        opened.push(match note {
            Some(note) => {
                let fits = read.ledger_hash(note.size)? == Some(note.head);
                Some(Point { note, fits })
            }
            None => None,
        });
    }
    let signed = |event: &&Event| opened.iter().flatten().any(|point| event.is_signed_by(point, &origin));
    let told: Vec<&Event> = events.iter().filter(signed).collect();
    let Some(newest) = told.first() else { return Ok(None) };
    let acknowledged = acknowledged(read, newest.seq, |seq| {
        let covers = |point: &&Point| point.fits && point.note.origin == origin && point.note.size >= seq;
        opened.iter().flatten().any(|point| covers(&point))
    })?;
    let gone = |point: &Point| told.iter().any(|event| event.ends(point, &origin));
    let upto = opened.iter().flatten().filter(|point| newest.ends(point, &origin)).map(|point| point.note.size).max();
    let mut points = opened.iter();
    trust.notes.retain(|_| !points.next().is_some_and(|point| point.as_ref().is_some_and(gone)));
    Ok(Some(Replaced {
        how: newest.how,
        seq: Seq(newest.seq),
        at: newest.at,
        kept: Seq(newest.keeps),
        gone_upto: upto.map(Seq),
        file: newest.aside.clone(),
        acknowledged,
    }))
}

/// Whether a person said to know of what entry `event` tells: in an entry behind it that is `covered`, written while
/// something of ours covered the end.
fn acknowledged(read: &Read<'_>, event: u64, covered: impl Fn(u64) -> bool) -> Result<bool, Error> {
    let acts = read.ledger_sought(&[Kind::LogAcknowledged], REPLACED_ENTRIES)?;
    let stretches = Stretches::of(read)?;
    let hash = read.ledger_hash(event)?.map(|hash| hex(&hash));
    let counts = |row: &&LedgerRow| {
        let data = row.data().unwrap_or_default();
        row.header()["actor"]["kind"] == "local_user"
            && data["of"] == "replaced"
            && data["entry"].as_u64() == Some(event)
            && hash.as_deref().is_some_and(|hash| data["hash"] == hash)
            && row.seq > event
    };
    Ok(acts.iter().filter(counts).any(|row| covered(row.seq) && !stretches.has(row.seq)))
}

/// In a sentence without its end.
pub(super) fn says(replaced: &Replaced) -> String {
    let day = view::day(Timestamp(replaced.at), 0);
    let first = replaced.kept.0 + 1;
    let gone = match replaced.gone_upto {
        Some(upto) => format!("entries {first} to {upto} of the former log are gone from it"),
        None => format!("what the former log had from entry {first} on is gone from it"),
    };
    let kept = match replaced.file.as_str() {
        "" => String::new(),
        file => format!("; the database before was kept as {file}"),
    };
    let how = match replaced.how {
        ReplacedHow::Restored => format!("a backup with {} entries was put back", replaced.kept),
        ReplacedHow::BegunAnew => "the database was damaged and the log begun anew".to_owned(),
    };
    format!("{how} on {day}, as entry {} says: {gone}{kept}", replaced.seq)
}
