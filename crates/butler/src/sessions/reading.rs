//! Reads on in one recording, a file of lines or the rows of a database, as far as one round goes.

use std::path::{Path, PathBuf};

use clawbutler_connectors::packed::is_packed_of;
use clawbutler_connectors::record::{Form, Reader, Recording, Rows};
use clawbutler_core::digest::sha256;
use clawbutler_core::limits::{RECORDED_CHUNK_BYTES, RECORDED_ROWS, RECORDED_SESSIONS, RECORDINGS};
use clawbutler_store::StoreError;
use clawbutler_store::foreign::{ANSWER_BYTES, Foreign, ForeignRow};
use clawbutler_store::sessions::{Batch, RecordingRow, SessionName};
use serde_json::Value;

use super::gather::Gather;
use super::lines::{self, Found, Growth, Look, Saved, Whole};
use super::packed::Opened;
use super::prints;
use super::tail::{Hand, Place};
use crate::Butler;

/// How long a file has to be unchanged before bytes behind its last line's end are taken as a line (ms).
const SETTLED_MS: i64 = 60_000;

/// What one round gave.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) batches: Vec<Batch>,
    pub(super) bytes: u64,
    /// Whether there is more to read at once.
    pub(super) more: bool,
}

/// Stable id of a session.
pub(crate) fn session_id(home: &str, session: &str) -> String {
    sha256(format!("{home}\n{session}").as_bytes())[..24].to_owned()
}

/// Size and time of a recording's file; a database changes with its write-ahead log. `None` when it is no file.
pub(super) fn look_at(recording: &Recording) -> Option<Look> {
    if !std::fs::metadata(&recording.path).ok()?.is_file() {
        return None;
    }
    let mut look = lines::look(&recording.path).ok()?;
    if matches!(recording.form, Form::Rows(_))
        && let Ok(log) = lines::look(&log_of(&recording.path))
    {
        // Whoever opens the database makes an empty log: that is no change.
        if log.size > 0 {
            look.size += log.size;
            look.modified = look.modified.max(log.modified);
        }
    }
    Some(look)
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

impl Butler {
    /// Reads on in a recording. With `whole`, all sessions of a database are read, else the latest.
    pub(super) fn read_recording(&self, hand: &mut Hand, place: &Place, recording: &Recording, whole: bool) -> Taken {
        let read = match &recording.form {
            Form::Lines | Form::Packed => self.read_lines(hand, place, recording),
            Form::Rows(rows) => self.read_rows(hand, place, recording, rows, whole),
        };
        read.unwrap_or_else(|why| {
            tracing::warn!(path = %recording.path.display(), %why, "a recording could not be read");
            Taken::default()
        })
    }

    /// The stored place of a recording.
    fn row(&self, hand: &mut Hand, place: &Place, recording: &Recording) -> Result<RecordingRow, StoreError> {
        let key = (recording.path.clone(), recording.session.clone(), recording.agent.clone());
        if let Some(row) = hand.rows.get(&key) {
            return Ok(row.clone());
        }
        let mask =
            |text: &Option<String>| text.as_ref().map(|text| clawbutler_core::redact::mask_text(text, &self.0.mask));
        let look = look_at(recording);
        let name = SessionName {
            id: session_id(&place.id, &recording.session),
            home: place.id.clone(),
            runtime: place.connector.id().to_owned(),
            session: recording.session.clone(),
            parent: recording.parent.as_ref().map(|parent| session_id(&place.id, parent)),
            title: mask(&recording.title),
            cwd: mask(&recording.cwd),
            seen_at: look.map_or_else(|| self.now().0, |look| look.modified),
        };
        let (path, agent) = (recording.path.to_string_lossy(), recording.agent.as_deref());
        let store = &self.0.sessions.store;
        let session = store.write(|write| write.session(&name))?;
        let moved = self.lay_elsewhere(hand, session, recording)?;
        let row = store.write(|write| {
            if let Some(moved) = moved {
                write.moved(moved, &path)?;
            }
            write.recording(session, &place.id, &path, agent)
        })?;
        hand.rows.retain(|_, known| moved != Some(known.key));
        hand.rows.insert(key, row.clone());
        Ok(row)
    }

    /// What was read of this recording at a path where it no longer lies: its client put the file away, packed it, or
    /// brought it back. Nothing of it is to be told twice.
    fn lay_elsewhere(&self, hand: &mut Hand, session: i64, recording: &Recording) -> Result<Option<i64>, StoreError> {
        if matches!(recording.form, Form::Rows(_)) {
            return Ok(None);
        }
        let known = self.0.sessions.store.read::<_, StoreError>(|read| read.recordings(session))?;
        if known.iter().any(|row| Path::new(&row.path) == recording.path && row.agent == recording.agent) {
            return Ok(None);
        }
        let mut is_this = |row: &RecordingRow| {
            // For a moment both lie there, packed and not.
            let gone = || is_packed_of(Path::new(&row.path), &recording.path) || !Path::new(&row.path).exists();
            let mut begins_so = || -> std::io::Result<bool> {
                let mut opened = self.open_lines(hand, recording)?;
                let (growth, _) = prints::growth(&mut opened.file, opened.holds, row)?;
                Ok(growth != Growth::Rewritten)
            };
            row.agent == recording.agent && row.position > 0 && gone() && begins_so().unwrap_or(false)
        };
        Ok(known.iter().find(|row| is_this(row)).map(|row| row.key))
    }

    fn read_lines(&self, hand: &mut Hand, place: &Place, recording: &Recording) -> Result<Taken, StoreError> {
        let mut row = self.row(hand, place, recording)?;
        let packed = recording.form == Form::Packed;
        let Opened { mut file, lies: look, holds, trouble } = match self.open_lines(hand, recording) {
            Ok(opened) => opened,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(Taken::default()),
            Err(error) => return self.unreadable(hand, &row, &error),
        };
        if trouble.is_some() && holds.size < u64::try_from(row.position).unwrap_or(0) {
            // Damaged since it was read: what was read stays.
            let read =
                RecordingRow { size: look.size, modified: look.modified, checked: look.modified, trouble, ..row };
            return Ok(Taken { batches: vec![Batch { recording: read, ..Batch::default() }], ..Taken::default() });
        }
        let (growth, mut prints) = match prints::growth(&mut file, holds, &row) {
            Ok(found) => found,
            Err(error) => return self.unreadable(hand, &row, &error),
        };
        match growth {
            Growth::Rewritten => return self.read_anew(hand, place, &row),
            Growth::Same => {
                if (row.size, row.modified, row.present) == (look.size, look.modified, true) && row.trouble == trouble {
                    return Ok(Taken::default());
                }
            }
            Growth::More => {}
        }
        if packed || prints::seen_at_once(&row) {
            row.checked = look.modified;
        } else if row.size == look.size && row.modified != look.modified {
            // Written to without growing: something inside it is another.
            hand.checks.add(&place.id, row.key);
        }
        let mut saved = Saved::of(&row);
        let kept = Some(&saved.reader).filter(|reader| !reader.is_null()).cloned();
        let Some(mut reader) = place.connector.reader(recording, kept.as_ref()) else { return Ok(Taken::default()) };
        let from = u64::try_from(row.position).unwrap_or(0);
        let settled = packed || self.now().0 - look.modified > SETTLED_MS;
        let whole = |bytes: &[u8]| serde_json::from_slice::<serde_json::Map<String, Value>>(bytes).is_ok();
        let rest: Option<Whole<'_>> = if settled { Some(&whole) } else { None };
        let mut gather = Gather::new(&self.0.mask, &place.id, row.clone(), self.judged_from(&place.id));
        let read =
            lines::read_on(&mut file, from, &mut saved, RECORDED_CHUNK_BYTES, rest, &mut prints, |found, at, line| {
                gather.batch.recording.records += 1;
                match found {
                    Found::TooLong => gather.malformed(at, line, "the line is too long to be read"),
                    Found::Line(bytes) => match reader.record(bytes) {
                        Ok(steps) => steps.into_iter().for_each(|step| gather.step(step)),
                        Err(why) => gather.malformed(at, line, &why.0),
                    },
                }
            });
        let (position, more) = match read {
            Ok(read) => read,
            Err(error) => return self.unreadable(hand, &row, &error),
        };
        if !more {
            // It may be large.
            hand.unpacked = None;
        }
        let trouble = trouble.filter(|_| !more);
        if let Some(trouble) = trouble.as_ref().filter(|trouble| row.trouble.as_ref() != Some(*trouble)) {
            gather.malformed(position, saved.line + 1, trouble);
        }
        saved.reader = self.saved(&*reader);
        self.note_passing(place, recording, row.session, gather.passing());
        self.note_settings(place, recording, look.modified, reader.settings());
        let mut batch = gather.finish();
        row = batch.recording;
        row.position = i64::try_from(position).unwrap_or(i64::MAX);
        batch.prints = prints.note(&mut file, &mut row)?;
        // What is only half read differs from what lies there, for the next process too.
        (row.size, row.modified) = if more { (0, 0) } else { (look.size, look.modified) };
        (row.present, row.trouble) = (true, trouble);
        row.saved = serde_json::to_string(&saved).unwrap_or_default();
        batch.recording = row;
        Ok(Taken { batches: vec![batch], bytes: position.saturating_sub(from), more })
    }

    /// What a reader needs to go on; whatever it keeps of the records is masked like the rest.
    fn saved(&self, reader: &dyn Reader) -> Value {
        let mut saved = reader.save();
        clawbutler_core::redact::mask_value(&mut saved, &self.0.mask);
        saved
    }

    /// A file is gone or cannot be read: that is noted, and what was read stays.
    fn unreadable(&self, hand: &mut Hand, row: &RecordingRow, error: &std::io::Error) -> Result<Taken, StoreError> {
        let gone = error.kind() == std::io::ErrorKind::NotFound;
        let why = (!gone).then(|| format!("It cannot be read: {error}."));
        self.0.sessions.store.write(|write| write.trouble(row.key, !gone, why.as_deref()))?;
        hand.rows.retain(|_, known| known.key != row.key);
        Ok(Taken::default())
    }

    /// A file was rewritten: everything of its session is read again.
    pub(super) fn read_anew(&self, hand: &mut Hand, place: &Place, row: &RecordingRow) -> Result<Taken, StoreError> {
        self.0.sessions.store.write(|write| write.start_again(row.session, row.key))?;
        hand.rows.retain(|_, known| known.session != row.session);
        for recording in self.0.sessions.store.read::<_, StoreError>(|read| read.recordings(row.session))? {
            self.0.sessions.changed_file(&place.id, PathBuf::from(recording.path));
        }
        Ok(Taken::default())
    }

    fn read_rows(
        &self,
        hand: &mut Hand,
        place: &Place,
        recording: &Recording,
        rows: &Rows,
        whole: bool,
    ) -> Result<Taken, StoreError> {
        let look = look_at(recording);
        if look.is_none() {
            hand.unready.remove(&(place.id.clone(), recording.path.clone()));
            return Ok(Taken::default());
        }
        // Opening it changes files beside it, and that comes back as a change.
        let known = hand.looked.get(&recording.path).is_some_and(|(at, all)| Some(*at) == look && (*all || !whole));
        if known {
            return Ok(Taken::default());
        }
        let (database, sessions) = match opened(place, recording, whole) {
            Ok(opened) => opened,
            Err(error) => {
                self.unready(hand, place, recording, whole, &error);
                return Ok(Taken::default());
            }
        };
        let mut all = Taken::default();
        hand.unready.remove(&(place.id.clone(), recording.path.clone()));
        let identity = lines::identity(&recording.path);
        let mut first = None;
        for (one, last) in sessions {
            if all.bytes >= ANSWER_BYTES {
                all.more = true;
                break;
            }
            let mut row = self.row(hand, place, &one)?;
            if row.position > 0 && (row.identity != identity || last.is_some_and(|last| last < row.position)) {
                // Another database lies in its place, or an older one was written over it: its rows are others.
                self.0.sessions.store.write(|write| write.start_again(row.session, row.key))?;
                hand.rows.retain(|_, known| known.session != row.session);
                row = self.row(hand, place, &one)?;
            }
            let saved = Saved::of(&row);
            let kept = Some(&saved.reader).filter(|reader| !reader.is_null()).cloned();
            let Some(mut reader) = place.connector.reader(&one, kept.as_ref()) else { continue };
            let limit = i64::try_from(RECORDED_ROWS).unwrap_or(i64::MAX);
            let found = match database.rows(rows.queries, &[&row.position, &one.session, &limit]) {
                Ok(found) => found,
                Err(error) => {
                    let why = format!("Its database cannot be read: {error}.");
                    self.0.sessions.store.write(|write| write.trouble(row.key, true, Some(&why)))?;
                    hand.rows.retain(|_, known| known.key != row.key);
                    continue;
                }
            };
            row.identity.clone_from(&identity);
            first.get_or_insert_with(|| row.clone());
            if found.is_empty() && row.trouble.is_none() {
                continue;
            }
            let grows = found.iter().any(|next| next.cursor > row.position);
            let full = found.len() >= RECORDED_ROWS;
            let (batch, bytes) = self.gather_rows((place, &one), row, found, &mut *reader, saved);
            all.bytes += bytes;
            all.more |= grows && (full || bytes >= ANSWER_BYTES);
            all.batches.push(batch);
        }
        if !database.sound() {
            // Its owner came back while it was read.
            hand.rows.retain(|(path, ..), _| *path != recording.path);
            return Ok(Taken { more: true, ..Taken::default() });
        }
        // Only what was read to its end is as it lies there; that is noted with its first session.
        if let (Some(look), Some(row)) = (look.filter(|_| whole && !all.more), first)
            && (row.size, row.modified) != (look.size, look.modified)
        {
            if all.batches.first().is_none_or(|batch| batch.recording.key != row.key) {
                all.batches.insert(0, Batch { recording: row, ..Batch::default() });
            }
            let noted = &mut all.batches[0].recording;
            (noted.size, noted.modified) = (look.size, look.modified);
        }
        if let Some(look) = look.filter(|_| !all.more) {
            hand.looked.insert(recording.path.clone(), (look, whole));
        }
        Ok(all)
    }

    /// Rows of one session as what is stored, and how many bytes they were.
    fn gather_rows(
        &self,
        (place, recording): (&Place, &Recording),
        row: RecordingRow,
        found: Vec<ForeignRow>,
        reader: &mut dyn Reader,
        mut saved: Saved,
    ) -> (Batch, u64) {
        let session = row.session;
        let mut gather = Gather::new(&self.0.mask, &place.id, row, self.judged_from(&place.id));
        let mut bytes = 0;
        for ForeignRow { cursor, columns } in found {
            gather.batch.recording.records += 1;
            gather.batch.recording.position = gather.batch.recording.position.max(cursor);
            let record = serde_json::to_vec(&columns).unwrap_or_default();
            bytes += record.len() as u64;
            match reader.record(&record) {
                Ok(steps) => steps.into_iter().for_each(|step| gather.step(step)),
                Err(why) => gather.malformed(u64::try_from(cursor).unwrap_or(0), 0, &why.0),
            }
        }
        saved.reader = self.saved(&*reader);
        self.note_passing(place, recording, session, gather.passing());
        let mut batch = gather.finish();
        batch.recording.saved = serde_json::to_string(&saved).unwrap_or_default();
        (batch.recording.present, batch.recording.trouble) = (true, None);
        (batch, bytes)
    }
}

/// A runtime's database and the sessions in it, as [`listed`] gives them.
fn opened(place: &Place, recording: &Recording, whole: bool) -> Result<(Foreign, Listed), StoreError> {
    let database = Foreign::open(&recording.path)?;
    let sessions = if recording.session.is_empty() {
        listed(&database, place, recording, if whole { RECORDINGS } else { RECORDED_SESSIONS })?
    } else {
        vec![(recording.clone(), None)]
    };
    Ok((database, sessions))
}

/// Sessions, each with the last cursor it can have, where that is known.
type Listed = Vec<(Recording, Option<i64>)>;

/// The sessions in a database, newest first, each with the last cursor it can have, where its runtime's rows say so.
fn listed(database: &Foreign, place: &Place, recording: &Recording, limit: usize) -> Result<Listed, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = database.rows(place.connector.session_queries(), &[&limit])?;
    let one = |row: ForeignRow| {
        let text = |name: &str| row.columns.get(name).and_then(Value::as_str).map(str::to_owned);
        let found = Recording {
            session: text("session").filter(|session| !session.is_empty())?,
            parent: text("parent"),
            cwd: text("cwd"),
            title: text("title"),
            ..recording.clone()
        };
        Some((found, row.columns.get("last").and_then(Value::as_i64)))
    };
    Ok(found.into_iter().filter_map(one).collect())
}
