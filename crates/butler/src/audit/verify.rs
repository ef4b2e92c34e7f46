//! The log held against itself and against what is kept outside: one function for the app and the command line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clawbutler_core::id::hex;
use clawbutler_ledger::note::{self, NoteError, PublicKey};
use clawbutler_ledger::{Broken, Found, Kind, Reason, Report, Retention, Source, Trust, Verifier, line, merkle};
use clawbutler_platform::keychain::Keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::{Read, Store};
use clawbutler_wire::Seq;
use clawbutler_wire::audit::{Replaced, VerifyReport};
use clawbutler_wire::command::VerifyAudit;
use clawbutler_wire::settings::{KeyPlace, Settings};
use serde_json::{Value, json};

use super::keeper::hash_of;
use super::replaced::{self, without_the_former};
use super::{anchors, outside};
use crate::backup::named_key;
use crate::damage::acknowledged;
use crate::{Butler, Error};

/// What does not hold, as a sentence without its end.
pub(crate) fn says(broken: &Broken) -> String {
    match broken.seq {
        Some(seq) => format!("entry {seq}: {}", broken.reason),
        None => broken.reason.to_string(),
    }
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
        Ok(view(&report, known, replaced, place))
    }

    /// The same; `progress` is told entries done and entries in all.
    pub(crate) fn verified(&self, progress: impl FnMut(u64, u64)) -> Result<(Report, Option<Replaced>), Error> {
        let (mut trust, _) = self.gathered();
        self.0.store.read_aside(|read| {
            let replaced = without_the_former(read, &mut trust)?;
            Ok((read.ledger_verify(&trust, progress)?, replaced))
        })
    }

    pub(super) fn gathered(&self) -> (Trust, KeyPlace) {
        let ports = &self.0.ports;
        outside::gather(&ports.data, ports.keychain.as_deref(), &anchors::files(&self.settings()), false)
    }

    /// What does not fit between the log and the newest copies outside, in a sentence. Reads a few hundred entries.
    pub(crate) fn compare_outside(&self) -> Result<Option<String>, Error> {
        let (mut trust, _) = self.gathered();
        self.0.store.read(|read| {
            without_the_former(read, &mut trust)?;
            let Some(broken) = compare(read, &trust)? else { return Ok(None) };
            let known = acknowledged(read, &broken.reason)?.unwrap_or_default();
            Ok(Some(format!("The audit log does not hold: {}{known}.", says(&broken))))
        })
    }

    /// Recomputes the log of a data folder that no engine needs to run for. `progress` is told entries done and
    /// entries in all.
    pub fn verify_file(
        data: &DataDir,
        keychain: Option<&dyn Keychain>,
        progress: impl FnMut(u64, u64),
    ) -> Result<VerifyReport, Error> {
        let database = data.database();
        let settings = Store::read_only::<_, Error>(&database, |read| Ok(read.setting("settings")?))?;
        let settings: Settings = settings.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        // What is known from outside is read first: the log may grow meanwhile, never shrink.
        let running = matches!(clawbutler_platform::files::try_lock(&data.engine_lock()), Ok(None));
        let (mut trust, place) = outside::gather(data, keychain, &anchors::files(&settings), running);
        Store::read_only(&database, |read| {
            let replaced = without_the_former(read, &mut trust)?;
            let report = read.ledger_verify(&trust, progress)?;
            Ok(view(&report, known(read, &report)?, replaced, place))
        })
    }

    /// Checks an export in JSONL, one line in memory at a time, and the checkpoints and key given with it.
    pub fn verify_export(file: &Path, notes: &str, key: Option<&str>) -> Result<VerifyReport, Error> {
        let mut trust = Trust::default();
        if let Some(key) = key {
            trust.keys.push(PublicKey::parse(key.trim()).ok_or_else(|| Error::bad("That is no public key."))?);
        }
        let given = |note: &str| Found { source: Source::Given, note: note.to_owned() };
        trust.notes = note::all(notes).into_iter().map(given).collect();
        if trust.notes.is_empty() && !notes.trim().is_empty() {
            return Err(Error::bad("There is no checkpoint in that file."));
        }
        let mut retention = Retention::default();
        let mark = format!("\"kind\":\"{}\"", Kind::AuditPruned.text());
        each_line(file, |text| {
            if let Some(stored) = text.filter(|text| text.contains(&mark)).and_then(line::read)
                && let Some(payload) = stored.payload
            {
                retention.add(stored.seq, payload);
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

    /// Whether a proof made by [`Self::prove_file`] shows that its entry is in a log whose checkpoints `key` signs. An
    /// error says what does not hold.
    pub fn check_proof(proof: &Value, key: &str) -> Result<u64, Error> {
        let bad = || Error::bad("That is no proof of an entry.");
        let key = PublicKey::parse(key.trim()).ok_or_else(|| Error::bad("That is no public key."))?;
        let text = |name: &str| proof[name].as_str().ok_or_else(bad);
        let stored = line::read(text("line")?).ok_or_else(bad)?;
        let note = text("checkpoint")?;
        let checkpoint = note::open(note, &key)
            .map_err(|error: NoteError| Error::bad(format!("The checkpoint does not hold: {error}.")))?;
        let hashes = proof["proof"].as_array().filter(|list| list.len() <= merkle::PROOF_HASHES).ok_or_else(bad)?;
        let hashes: Option<Vec<_>> = hashes.iter().map(|hash| hash_of(hash.as_str()?)).collect();
        let leaf = merkle::leaf(stored.body.as_bytes());
        let inside = stored.seq > 0
            && merkle::holds_inclusion(
                &leaf,
                stored.seq - 1,
                checkpoint.size,
                &hashes.ok_or_else(bad)?,
                &checkpoint.root,
            );
        let header: Value = serde_json::from_str(stored.body).map_err(|_| bad())?;
        let facts = stored
            .payload
            .is_none_or(|payload| header["data"] == json!(clawbutler_core::digest::sha256(payload.as_bytes())));
        if inside && facts { Ok(stored.seq) } else { Err(Error::bad("The proof does not hold for that entry.")) }
    }

    /// The newest checkpoint and the public key of a data folder.
    pub fn checkpoint_file(data: &DataDir) -> Result<(String, Option<String>), Error> {
        let newest = Store::read_only::<_, Error>(&data.database(), |read| Ok(read.checkpoint_newest()?))?;
        let (_, note) = newest.ok_or_else(|| Error::not_found("checkpoint"))?;
        let origin = note::read(&note).map(|checkpoint| checkpoint.origin).unwrap_or_default();
        Ok((note, outside::keys(data).pop().map(|line| line.key.vkey(&origin))))
    }
}

/// Holds the newest copy of each place against the log, by its stored nodes.
fn compare(read: &Read<'_>, trust: &Trust) -> Result<Option<Broken>, Error> {
    let entries = read.ledger_len()?;
    let aside = |reason| Ok(Some(Broken { seq: None, reason }));
    let at = |seq, reason| Ok(Some(Broken { seq: Some(seq), reason }));
    if trust.keys_differ {
        return aside(Reason::KeyReplaced);
    }
    if trust.gone && (entries > 0 || !trust.keys.is_empty()) {
        return aside(Reason::OutsideGone);
    }
    let first = read.ledger_hash(1)?;
    for source in [Source::Keychain, Source::StateFile, Source::Anchor] {
        let Some(found) = trust.notes.iter().rfind(|found| found.source == source) else { continue };
        let opened = trust.keys.iter().rev().map(|key| note::open(&found.note, key));
        let Some(checkpoint) = opened.clone().find_map(Result::ok) else {
            let bad = opened.clone().any(|opened| opened != Err(NoteError::OtherKey));
            return aside(if bad { Reason::SignatureBad } else { Reason::KeyReplaced });
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
    }
    let Some(head) = &trust.head else { return Ok(None) };
    if head.seq > entries {
        return at(entries + 1, Reason::CutOff { upto: head.seq });
    }
    if read.ledger_hash(head.seq)? != Some(head.hash) {
        return at(head.seq, Reason::OtherHead { seq: head.seq });
    }
    if head.closed && head.seq < entries {
        return at(head.seq + 1, Reason::AddedWhileClosed);
    }
    Ok(None)
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
    (trust.head, trust.gone) = (None, trust.keys.is_empty());
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

fn view(report: &Report, known: Option<String>, replaced: Option<Replaced>, key: KeyPlace) -> VerifyReport {
    let broken = report.broken.as_ref();
    let replaced = replaced.filter(|_| broken.is_none());
    let whole = || replaced.as_ref().map(replaced::says);
    VerifyReport {
        intact: broken.is_none() && replaced.is_none(),
        entries: Seq(report.entries),
        first_bad: broken.and_then(|broken| broken.seq).map(Seq),
        reason: broken.map(|broken| format!("{}{}", broken.reason, known.unwrap_or_default())).or_else(whole),
        head: report.head_hex(),
        pruned: Seq(report.pruned),
        checkpoint: report.checkpoint.word().to_owned(),
        checkpoint_entries: report.checkpoint_size.map(Seq),
        key,
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
