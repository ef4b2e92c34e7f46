//! The log held against itself and against what is kept outside: one function for the app and the command line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clawbutler_core::actor::Actor;
use clawbutler_core::id::hex;
use clawbutler_ledger::note::{self, NoteError, PublicKey};
use clawbutler_ledger::proof as proofs;
use clawbutler_ledger::retention::TELLING;
use clawbutler_ledger::{Broken, End, Found, Kind, Reason, Report, Retention, Sealed, Source, Trust, Verifier, line};
use clawbutler_platform::keychain::Keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_store::{Durability, Read, Store};
use clawbutler_wire::Seq;
use clawbutler_wire::audit::{Replaced, Stretch, VerifyReport};
use clawbutler_wire::command::VerifyAudit;
use clawbutler_wire::settings::{KeyPlace, Settings};
use serde_json::{Value, json};

use super::replaced::{self, without_the_former};
use super::{anchors, outside};
use crate::backup::named_key;
use crate::damage::acknowledged;
use crate::{Butler, Error};

/// Entries of an unproven stretch whose kinds are told.
const TAIL_ROWS: u16 = 1_000;

/// What a comparison with the copies outside found.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// What does not fit, in a sentence.
    pub(crate) says: Option<String>,
    /// First and last entry of those at the end that nothing covers.
    tail: Option<(u64, u64)>,
    /// First and last of those that were sealed and are not there.
    lost: Option<(u64, u64)>,
    /// Nothing more than a loss of power explains.
    pub(crate) torn: bool,
}

/// What does not hold, as a sentence without its end.
fn says(broken: &Broken) -> String {
    match broken.seq {
        Some(seq) => format!("entry {seq}: {}", broken.reason),
        None => broken.reason.to_string(),
    }
}

/// What that comes to, as a sentence without its end. Entries at the end that nothing covers are no change of the log.
pub(crate) fn verdict(broken: &Broken) -> String {
    let what = match broken.reason {
        Reason::Unproven { .. } | Reason::AddedWhileClosed => "The end of the audit log is not proven",
        _ => "The audit log does not hold",
    };
    format!("{what}: {}", says(broken))
}

impl Butler {
    /// Recomputes the whole log and holds it against what is kept outside.
    pub fn verify_audit(&self, _: VerifyAudit) -> Result<VerifyReport, Error> {
        let place = self.audit_keeping().key;
        let state = &self.0.verifying;
        state.begin();
        let done = self.verified(|at, total| state.note(at, total));
        state.end();
        let (report, replaced) = done?;
        let known = self.0.store.read(|read| known(read, &report))?;
        let mut report = view(&report, known, replaced, place);
        report.outside = words_of(&self.gathered(true).0);
        Ok(report)
    }

    /// The same; `progress` is told entries done and entries in all.
    pub(crate) fn verified(&self, progress: impl FnMut(u64, u64)) -> Result<(Report, Option<Replaced>), Error> {
        let (mut trust, _) = self.gathered(true);
        self.0.store.read_aside(|read| {
            let replaced = without_the_former(read, &mut trust)?;
            Ok((read.ledger_verify(&trust, progress)?, replaced))
        })
    }

    pub(super) fn gathered(&self, running: bool) -> (Trust, KeyPlace) {
        let ports = &self.0.ports;
        outside::gather(&ports.data, ports.keychain.as_deref(), &anchors::files(&self.settings()), running)
    }

    /// What does not fit between the log and the newest copies outside. Reads a few hundred entries.
    pub(crate) fn compare_outside(&self, running: bool) -> Result<Compared, Error> {
        let (mut trust, _) = self.gathered(running);
        self.0.store.read(|read| {
            without_the_former(read, &mut trust)?;
            let (broken, tail) = compare(read, &trust)?;
            let Some(broken) = broken else { return Ok(Compared::default()) };
            let known = acknowledged(read, &broken.reason)?.unwrap_or_default();
            let says = Some(format!("{}{known}.", verdict(&broken)));
            let lost = match broken.reason {
                Reason::Lost { upto } => broken.seq.map(|from| (from, upto)),
                _ => None,
            };
            let torn = matches!(broken.reason, Reason::Lost { .. } | Reason::Unproven { .. });
            Ok(Compared { says, tail, lost, torn })
        })
    }

    /// Records and raises what a start found behind the last entry that something covers. Whether rules and grants may
    /// come from there.
    pub(crate) fn record_tail(&self, found: &Compared) -> Result<bool, Error> {
        let mut loosens = false;
        if let Some((from, to)) = found.tail {
            let rows = self.0.store.read(|read| read.ledger_page(to + 1, u32::from(TAIL_ROWS)))?;
            let rows = rows.iter().filter(|row| row.seq >= from);
            let mut kinds = std::collections::BTreeMap::<&str, u64>::new();
            for row in rows {
                *kinds.entry(&row.kind).or_default() += 1;
            }
            loosens = self.0.store.read(|read| loosens_from(read, from))?;
            let facts = json!({ "from": from, "to": to, "kinds": kinds });
            self.record(Durability::Power, Kind::LogTailUnproven, Actor::Engine, facts)?;
        }
        if let Some((from, to)) = found.lost {
            let facts = json!({ "from": from, "to": to, "lost": true });
            self.record(Durability::Power, Kind::LogTailUnproven, Actor::Engine, facts)?;
        }
        if let Some(says) = found.says.as_ref().filter(|_| found.torn) {
            self.alert(
                says,
                "Compare those entries with what you remember. They are behind the last one that ClawButler sealed, which \
                 happens when the power is lost, and when another program appends to the log while ClawButler is closed.",
            );
        }
        Ok(loosens)
    }

    /// Recomputes the log of a data folder that no engine needs to run for. `progress` is told entries done and
    /// entries in all. `anchors`: files with checkpoints besides those that are known.
    pub fn verify_file(
        data: &DataDir,
        keychain: Option<&dyn Keychain>,
        anchors: &[PathBuf],
        progress: impl FnMut(u64, u64),
    ) -> Result<VerifyReport, Error> {
        let database = data.database();
        if !database.exists()
            && let Some(report) = gone(data, keychain, anchors)
        {
            return Ok(report);
        }
        let settings = Store::read_only::<_, Error>(&database, |read| Ok(read.setting("settings")?))?;
        let settings: Settings = settings.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        // What is known from outside is read first: the log may grow meanwhile, never shrink.
        let running = matches!(clawbutler_platform::files::try_lock(&data.engine_lock()), Ok(None));
        let (mut trust, place) =
            outside::gather(data, keychain, &[anchors, &anchors::files(&settings)].concat(), running);
        Store::read_only(&database, |read| {
            let replaced = without_the_former(read, &mut trust)?;
            let report = read.ledger_verify(&trust, progress)?;
            let mut report = view(&report, known(read, &report)?, replaced, place);
            report.outside = words_of(&trust);
            Ok(report)
        })
    }

    /// The day of a time (ms since the epoch), UTC.
    pub fn day_of(at: i64) -> String {
        crate::view::day(clawbutler_core::clock::Timestamp(at), 0)
    }

    /// Whether a key is one of those that signed this machine's log.
    pub(crate) fn is_known_key(data: &DataDir, keychain: Option<&dyn Keychain>, key: &PublicKey) -> bool {
        outside::gather(data, keychain, &[], true).0.keys.contains(key)
    }

    /// Checks an export in JSONL, one line in memory at a time, and the checkpoints and key given with it.
    pub fn verify_export(file: &Path, notes: &str, key: Option<&str>) -> Result<VerifyReport, Error> {
        let mut trust = Trust::default();
        if let Some(key) = key {
            trust.keys.push(PublicKey::parse(key.trim()).ok_or_else(|| Error::bad("That is no public key."))?);
        }
        let given = |note: &str| Found { source: Source::Given, note: note.to_owned() };
        // Where one has not the form, nobody can say which of the others are whole.
        if note::any_damaged(notes) {
            trust.notes.push(given(""));
        } else {
            trust.notes = note::all(notes).into_iter().map(given).collect();
        }
        if trust.notes.is_empty() && !notes.trim().is_empty() {
            return Err(Error::bad("There is no checkpoint in that file."));
        }
        let mut retention = Retention::default();
        let marks = TELLING.map(|kind| format!("\"kind\":\"{}\"", kind.text()));
        let mut place = 0;
        each_line(file, |text| {
            place += 1;
            let telling = |text: &&str| marks.iter().any(|mark| text.contains(mark));
            if let Some(stored) = text.filter(telling).and_then(line::read) {
                retention.see(place, stored.body, stored.payload);
            }
            true
        })?;
        let mut verifier = Verifier::new(&trust, retention);
        each_line(file, |text| match text.and_then(line::read) {
            Some(stored) => verifier.push(&stored, |_, _, _| true),
            None => {
                verifier.unreadable();
                false
            }
        })?;
        if verifier.entries() == 0 {
            verifier.unreadable();
        }
        Ok(view(&verifier.report(), None, None, KeyPlace::None))
    }

    /// The proof that an entry is in the log, as one JSON object: the entry's line, the smallest checkpoint that covers
    /// it, and the hashes between them.
    pub fn prove_file(data: &DataDir, seq: u64) -> Result<Value, Error> {
        let key = outside::keys(data).pop();
        Store::read_only::<_, Error>(&data.database(), |read| {
            let row = read.ledger_row(seq)?.ok_or_else(|| Error::not_found("entry"))?;
            let Some((size, note)) = read.checkpoint_covering(seq)? else {
                return Err(Error::precondition(
                    "No checkpoint covers that entry yet.",
                    "Checkpoints are made every ten minutes while ClawButler runs, and when it starts and ends.",
                ));
            };
            let proof: Vec<String> = read.ledger_inclusion(seq, size)?.iter().map(|hash| hex(hash)).collect();
            let origin = note::read(&note).map(|checkpoint| checkpoint.origin).unwrap_or_default();
            let vkey = key.as_ref().map(|line| line.key.vkey(&origin));
            Ok(json!({
                "line": row.export_line(), "index": seq - 1, "size": size, "proof": proof, "checkpoint": note, "key": vkey,
            }))
        })
    }

    /// Whether a text is a public key, as `audit checkpoint` shows it.
    pub fn is_public_key(text: &str) -> bool {
        PublicKey::parse(text.trim()).is_some()
    }

    /// Whether a proof made by [`Self::prove_file`] shows that its entry is in a log whose checkpoints `key` signs. An
    /// error says what does not hold.
    pub fn check_proof(proof: &Value, key: &str) -> Result<u64, Error> {
        let key = PublicKey::parse(key.trim()).ok_or_else(|| Error::bad("That is no public key."))?;
        proofs::proven(proof, &key).map_err(|error| Error::bad(format!("The proof does not hold: {error}.")))
    }

    /// The newest checkpoint and the public key of a data folder.
    pub fn checkpoint_file(data: &DataDir) -> Result<(String, Option<String>), Error> {
        let newest = Store::read_only::<_, Error>(&data.database(), |read| Ok(read.checkpoint_newest()?))?;
        let (_, note) = newest.ok_or_else(|| Error::not_found("checkpoint"))?;
        let origin = note::read(&note).map(|checkpoint| checkpoint.origin).unwrap_or_default();
        Ok((note, outside::keys(data).pop().map(|line| line.key.vkey(&origin))))
    }
}

/// First and last of a stretch of entries.
type Ends = Option<(u64, u64)>;

/// Whether an entry from this one on gives rules or grants that none before it vouches for.
fn loosens_from(read: &Read<'_>, from: u64) -> Result<bool, Error> {
    let accepted = |row: &LedgerRow| row.data().map(|data| data["accepted"].clone()).unwrap_or_default();
    let tail =
        read.ledger_from(from, &[Kind::EngineStarted, Kind::RulesChanged, Kind::GrantCreated], usize::from(TAIL_ROWS))?;
    // More than are looked at: what lies behind them vouches for nothing either.
    if tail.len() >= usize::from(TAIL_ROWS) {
        return Ok(true);
    }
    let said = read.ledger_newest_of(&[Kind::EngineStarted, Kind::RulesChanged], from)?;
    // A start says again which rules are in force.
    let starts = |row: &LedgerRow| row.kind == Kind::EngineStarted.text();
    Ok(!tail.iter().all(|row| starts(row) && said.as_ref().is_some_and(|said| accepted(said) == accepted(row))))
}

/// Holds the newest copy of each place against the log, by its stored nodes. Besides what does not fit, the entries at
/// the end that nothing covers.
fn compare(read: &Read<'_>, trust: &Trust) -> Result<(Option<Broken>, Ends), Error> {
    let entries = read.ledger_len()?;
    let (mut broken, covered) = compare_notes(read, trust, entries)?;
    let Some(covered) = covered else { return Ok((broken, None)) };
    let seen = trust.head.as_ref().map(|head| (head.seq, head.hash)).into_iter();
    for (seq, hash) in seen.chain(trust.sealed.map(|sealed| (sealed.seq, sealed.hash))) {
        if seq <= entries && read.ledger_hash(seq)? != Some(hash) {
            return Ok((broken.or(Some(Broken { seq: Some(seq), reason: Reason::OtherHead { seq } })), None));
        }
    }
    let end = End { head: trust.head.as_ref(), sealed: settled(read, trust.sealed)?, covered };
    let found = end.look(entries, trust.ends && entries > 0);
    let tail = found.as_ref().and_then(|(from, reason)| match reason {
        Reason::Unproven { .. } | Reason::AddedWhileClosed => Some((*from, entries)),
        _ => None,
    });
    broken = broken.or(found.map(|(seq, reason)| Broken { seq: Some(seq), reason }));
    Ok((broken, tail))
}

/// A seal once it is known whether the commit happened that it tells of.
pub(super) fn settled(read: &Read<'_>, sealed: Option<Sealed>) -> Result<Option<Sealed>, Error> {
    let Some((sealed, (next, _))) = sealed.and_then(|sealed| Some((sealed, sealed.next?))) else { return Ok(sealed) };
    let hash = read.ledger_hash(next)?;
    Ok(Some(hash.map_or(sealed, |hash| sealed.met(next, &hash))))
}

/// What does not fit, and how many entries checkpoints cover; `None`: not to be said.
fn compare_notes(read: &Read<'_>, trust: &Trust, entries: u64) -> Result<(Option<Broken>, Option<u64>), Error> {
    let aside = |reason| Some(Broken { seq: None, reason });
    let at = |seq, reason| Ok((Some(Broken { seq: Some(seq), reason }), None));
    let mut broken = None;
    if trust.keys_differ {
        broken = aside(Reason::KeyReplaced);
    } else if trust.head_bad {
        broken = aside(Reason::HeadBad);
    } else if trust.gone && (entries > 0 || !trust.notes.is_empty()) {
        broken = aside(Reason::OutsideGone);
    }
    let mut covered = 0;
    let first = read.ledger_hash(1)?;
    for source in [Source::Keychain, Source::StateFile, Source::Anchor] {
        let Some(found) = trust.notes.iter().rfind(|found| found.source == source) else { continue };
        let opened = trust.keys.iter().rev().map(|key| note::open(&found.note, key));
        let Some(checkpoint) = opened.clone().find_map(Result::ok) else {
            let bad = opened.clone().any(|opened| opened != Err(NoteError::OtherKey));
            broken = broken.or(aside(if bad { Reason::SignatureBad } else { Reason::KeyReplaced }));
            continue;
        };
        if first.is_some_and(|first| note::origin(&first) != checkpoint.origin) {
            return at(1, Reason::OtherLog);
        }
        if checkpoint.size > entries {
            return at(entries + 1, Reason::CutOff { upto: checkpoint.size });
        }
        if read.ledger_hash(checkpoint.size)? != Some(checkpoint.head)
            || read.ledger_root(checkpoint.size).ok() != Some(checkpoint.root)
        {
            return at(1, Reason::Rewritten { upto: checkpoint.size });
        }
        covered = checkpoint.size.max(covered);
    }
    Ok((broken, Some(covered)))
}

/// What is known of the log in a copy: the keys, and the checkpoints outside that are of the same log and not of a
/// later part of it. `key`: the one a user named, where no other is known.
pub(crate) fn trust_of_copy(
    read: &Read<'_>,
    data: &DataDir,
    keychain: Option<&dyn Keychain>,
    key: Option<&str>,
) -> Result<(Trust, KeyPlace, Option<Replaced>), Error> {
    let entries = read.ledger_len()?;
    let origin = read.ledger_hash(1)?.map(|first| note::origin(&first));
    let (mut trust, place) = outside::gather(data, keychain, &[], true);
    if let Some(key) = named_key(key)? {
        (trust.keys, trust.keys_differ) = (vec![key], false);
    }
    trust.notes.retain(|found| {
        note::read(&found.note).is_ok_and(|point| point.size <= entries && Some(&point.origin) == origin.as_ref())
    });
    // The end of the log as it was noted is of a later moment, or of another log.
    (trust.head, trust.sealed, trust.head_bad, trust.ends) = (None, None, false, false);
    trust.gone = trust.keys.is_empty();
    let replaced = without_the_former(read, &mut trust)?;
    Ok((trust, place, replaced))
}

/// A report as shown.
pub(crate) fn report_view(report: &Report, replaced: Option<Replaced>, key: KeyPlace) -> VerifyReport {
    view(report, None, replaced, key)
}

/// What the log itself says of why it does not hold.
fn known(read: &Read<'_>, report: &Report) -> Result<Option<String>, Error> {
    report.broken.as_ref().map_or(Ok(None), |broken| acknowledged(read, &broken.reason))
}

/// What there is to say when the log itself is not there; `None` when nothing tells that there ever was one.
fn gone(data: &DataDir, keychain: Option<&dyn Keychain>, anchors: &[PathBuf]) -> Option<VerifyReport> {
    let (trust, place) = outside::gather(data, keychain, anchors, true);
    let noted = trust.notes.iter().filter_map(|found| note::read(&found.note).ok()).map(|point| point.size);
    let seen = trust.head.as_ref().map(|head| head.seq).into_iter().chain(trust.sealed.map(|sealed| sealed.seq));
    let known = noted.chain(seen).max()?;
    Some(VerifyReport {
        first_bad: Some(Seq(1)),
        reason: Some(format!("the log is gone; {known} entries were known")),
        checkpoint: clawbutler_ledger::CheckpointState::BeyondTheEnd.word().to_owned(),
        end: "not_proven".to_owned(),
        outside: words_of(&trust),
        key: place,
        ..VerifyReport::default()
    })
}

/// Places outside the database that hold checkpoints of it.
fn words_of(trust: &Trust) -> Vec<String> {
    let places = [
        (Source::StateFile, "state_folder"),
        (Source::Keychain, "keychain"),
        (Source::Anchor, "anchor"),
        (Source::Given, "given"),
    ];
    let held = |source| trust.notes.iter().any(|found| found.source == source);
    places.into_iter().filter(|(source, _)| held(*source)).map(|(_, word)| word.to_owned()).collect()
}

/// Stretches as shown.
pub(crate) fn stretches(ends: &[(u64, u64)]) -> Vec<Stretch> {
    ends.iter().map(|(from, to)| Stretch { from: Seq(*from), to: Seq(*to) }).collect()
}

fn view(report: &Report, known: Option<String>, replaced: Option<Replaced>, key: KeyPlace) -> VerifyReport {
    let broken = report.broken.as_ref();
    let replaced = replaced.filter(|_| broken.is_none());
    let whole = || replaced.as_ref().filter(|replaced| !replaced.acknowledged).map(replaced::says);
    VerifyReport {
        intact: broken.is_none() && replaced.as_ref().is_none_or(|replaced| replaced.acknowledged),
        entries: Seq(report.entries),
        first_bad: broken.and_then(|broken| broken.seq).map(Seq),
        reason: broken.map(|broken| format!("{}{}", broken.reason, known.unwrap_or_default())).or_else(whole),
        head: report.head_hex(),
        pruned: Seq(report.pruned),
        checkpoint: report.checkpoint.word().to_owned(),
        checkpoint_entries: report.checkpoint_size.map(Seq),
        key,
        end: if report.proven < report.entries { "not_proven" } else { "proven" }.to_owned(),
        proven: Seq(report.proven),
        unproven: stretches(&report.unproven),
        acknowledged: stretches(&report.acknowledged),
        began: report.began,
        outside: Vec::new(),
        replaced,
    }
}

/// Hands over each line without its end; `None`: too long or not UTF-8. Ends when `each` says `false`.
fn each_line(file: &Path, mut each: impl FnMut(Option<&str>) -> bool) -> Result<(), Error> {
    let mut reader = BufReader::with_capacity(256 * 1024, File::open(PathBuf::from(file))?);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = (&mut reader).take(line::LINE_BYTES as u64 + 1).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        let whole = bytes.strip_suffix(b"\n").filter(|line| line.len() < line::LINE_BYTES);
        if !each(whole.and_then(|line| std::str::from_utf8(line).ok())) {
            return Ok(());
        }
    }
}
