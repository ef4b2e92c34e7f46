//! Makes an evidence pack: entries, proofs, checkpoint and summary, sealed by an entry of the log itself.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Seek as _, Write as _};
use std::path::Path;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest::{canonical, sha256};
use clawbutler_core::id::hex;
use clawbutler_ledger::note::PublicKey;
use clawbutler_ledger::pack::{self, FORMAT, Manifest, Named, PACK_ENTRIES, PackError, PackReport, Seal, Writer};
use clawbutler_ledger::{Hash, Kind, note};
use clawbutler_platform::keychain::Keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::search::SearchStore;
use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_store::{Durability, Read, Store};
use clawbutler_wire::audit_search::AuditFilter;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::run::Step;
use super::summary::{Summary, VERIFY};
use crate::search::parts::Parts;
use crate::search::query::Query;
use crate::search::{Walk, Whose};
use crate::{Butler, Error, audit, part};

/// Entries read at once.
const BATCH: usize = 1_000;
/// Stretches of the log one batch looks at.
const WINDOWS: u32 = 8;

/// Kinds of entries that tell of others whether something covered them, and how many are looked at: a log names at most
/// a hundred such stretches before none counts as known.
const TELLING: [Kind; 2] = [Kind::LogTailUnproven, Kind::LogAcknowledged];
const TOLD: usize = 2_000;

/// What is known of the entries once they are written.
#[derive(Debug, Default)]
struct Gathered {
    seqs: Vec<u64>,
    /// First and last entry that names a version of the rules, and how many do.
    rules: BTreeMap<String, (u64, u64, u64)>,
}

impl Gathered {
    /// Takes an entry in, behind those before.
    fn take(&mut self, seq: u64, parts: &Parts) -> Result<(), Error> {
        if self.seqs.len() == PACK_ENTRIES {
            return Err(Error::bad(format!(
                "A pack holds at most {PACK_ENTRIES} entries. Choose a shorter time or fewer kinds."
            )));
        }
        self.seqs.push(seq);
        let named = parts.data["rules"].as_str().or_else(|| parts.data["rules_version"].as_str());
        if let Some(version) = named {
            let seen = self.rules.entry(version.to_owned()).or_insert((seq, seq, 0));
            (seen.1, seen.2) = (seq, seen.2 + 1);
        }
        Ok(())
    }

    /// Whether an entry says of one of them that nothing covered it when the app found it, or that a person knows of
    /// such an entry: then it goes into the pack too, whatever was asked for.
    fn is_told_by(&self, row: &LedgerRow) -> bool {
        let Some(data) = row.data() else { return false };
        if row.kind == Kind::LogAcknowledged.text() {
            return data["entry"].as_u64().is_some_and(|entry| self.seqs.binary_search(&entry).is_ok());
        }
        let (Some(from), Some(to)) = (data["from"].as_u64(), data["to"].as_u64()) else { return false };
        let first = self.seqs.partition_point(|seq| *seq < from);
        data["lost"] != true && self.seqs.get(first).is_some_and(|seq| *seq <= to)
    }
}

type Archive = Writer<BufWriter<fs::File>>;

/// What a look at a pack found.
#[derive(Debug)]
pub struct PackCheck {
    /// What holds; absent when something does not.
    pub report: Option<PackReport>,
    /// Why it does not hold.
    pub reason: Option<String>,
}

impl Butler {
    /// Holds an evidence pack against the key of its log; an error only where it cannot be read. A key that is absent
    /// is taken from the pack itself: then only changes after its making show, not another maker.
    pub fn check_pack(path: &Path, key: Option<&str>) -> Result<PackCheck, Error> {
        let mut file = fs::File::open(path)?;
        // A folder can be opened too, and has no bytes to refuse.
        if !file.metadata()?.is_file() {
            return Err(Error::bad(format!("{} is no file.", path.display())));
        }
        let key = match key {
            Some(key) => PublicKey::parse(key.trim()).ok_or_else(|| Error::bad("That is no public key."))?,
            None => match pack::claimed_key(&mut file).ok().flatten() {
                Some(key) => key,
                None => return Ok(PackCheck { report: None, reason: Some(PackError::Container.to_string()) }),
            },
        };
        match pack::verify(&mut file, &key) {
            Ok(report) => Ok(PackCheck { report: Some(report), reason: None }),
            Err(PackError::Io(error)) => Err(error.into()),
            Err(error) => Ok(PackCheck { report: None, reason: Some(error.to_string()) }),
        }
    }

    /// Whether the key in a pack is one of those that signed this machine's log.
    pub fn knows_key_of(data: &DataDir, keychain: Option<&dyn Keychain>, path: &Path) -> Result<bool, Error> {
        let claimed = pack::claimed_key(&mut fs::File::open(path)?).ok().flatten();
        Ok(claimed.is_some_and(|key| Self::is_known_key(data, keychain, &key)))
    }

    /// Makes an evidence pack as the window does, for a program that holds the engine itself.
    pub fn pack_audit(
        &self,
        filter: &AuditFilter,
        out: &Path,
        each: impl FnMut(Step) -> bool,
    ) -> Result<String, Error> {
        self.make_pack(filter, out, each)?.ok_or_else(|| Error::bad("The pack was not finished."))
    }

    /// Makes a pack and gives its SHA-256; `None` when `each` ended it.
    pub(super) fn make_pack(
        &self,
        filter: &AuditFilter,
        out: &Path,
        each: impl FnMut(Step) -> bool,
    ) -> Result<Option<String>, Error> {
        let Some(key) = self.audit_keeping().public_key else {
            return Err(Error::precondition("The public key of the log is not known.", "Start ClawButler again."));
        };
        let seal = |facts: Value| {
            let at = self.now();
            let draft = self.entry(Kind::AuditExported, Actor::LocalUser, facts);
            self.0.store.write::<_, Error>(Durability::Power, |tx| Ok(audit::append(tx, at, draft)?.seq))
        };
        let covering = || self.covering();
        let (data, made_at) = (&self.0.ports.data, self.now());
        Packing { data, key, made_at, covering: &covering, seal: &seal }.make(filter, out, each)
    }

    /// A fresh checkpoint over everything there is, and how much that is.
    pub(super) fn covering(&self) -> Result<(String, u64), Error> {
        self.checkpoint()?;
        let newest = self.0.store.read(|read| read.checkpoint_newest())?;
        let (size, note) = newest.ok_or_else(unsigned)?;
        Ok((note, size))
    }
}

/// What a pack cannot be made without.
pub(super) fn unsigned() -> Error {
    let hint = "Make the keychain with the signing key reachable and try again.";
    Error::precondition("There is no key to sign checkpoints with, so no pack can be made.", hint)
}

/// Makes one pack. It reads the database beside the engine; only the engine signs and appends, so these are handed in.
pub(super) struct Packing<'a> {
    pub(super) data: &'a DataDir,
    /// The log's public key.
    pub(super) key: String,
    pub(super) made_at: Timestamp,
    /// A fresh checkpoint over everything there is: the note and its size.
    pub(super) covering: &'a dyn Fn() -> Result<(String, u64), Error>,
    /// Appends the entry that names the manifest; gives its number.
    pub(super) seal: &'a dyn Fn(Value) -> Result<u64, Error>,
}

impl Packing<'_> {
    /// The SHA-256 of the pack; `None` when `each` ended it.
    pub(super) fn make(
        &self,
        filter: &AuditFilter,
        out: &Path,
        mut each: impl FnMut(Step) -> bool,
    ) -> Result<Option<String>, Error> {
        let query = Query::of(filter)?;
        let (part, mut file) = part::take(self.data, out)?;
        let done = (self.covering)().and_then(|(note, size)| {
            // A part is never continued: it may be of another moment.
            file.set_len(0)?;
            if !self.write_pack(&query, filter, (&note, size), (&part, file.try_clone()?), &mut each)? {
                return Ok(None);
            }
            file.rewind()?;
            let digest = hex(&part::hashed(&mut file)?.0.finalize());
            part::publish(&part, out)?;
            Ok(Some(digest))
        });
        if !matches!(done, Ok(Some(_))) {
            let _ = fs::remove_file(&part);
        }
        done
    }

    fn write_pack(
        &self,
        query: &Query,
        filter: &AuditFilter,
        (note, size): (&str, u64),
        (part, file): (&Path, fs::File),
        each: &mut impl FnMut(Step) -> bool,
    ) -> Result<bool, Error> {
        let log = note::read(note).map_err(|error| Error::bad(error.to_string()))?.origin;
        let key = &self.key;
        let mut archive = Writer::new(BufWriter::with_capacity(256 * 1024, file));
        let mut summary = Summary::default();
        let Some(gathered) = self.write_entries(query, size, &mut archive, &mut summary, each)? else {
            return Ok(false);
        };
        let mut proof = archive.open(pack::PROOF)?;
        self.read(|read| {
            read.ledger_partial::<Error>(&gathered.seqs, size, |hash| Ok(writeln!(proof, "{}", hex(hash))?))
        })?;
        proof.close()?;
        archive.put(pack::CHECKPOINT, note.as_bytes())?;
        archive.put(pack::KEY, format!("{key}\n").as_bytes())?;
        archive.put(pack::RULES, rule_sets(&gathered).as_bytes())?;
        let made_at = self.made_at.0;
        let asked = canonical(filter);
        let page = summary.page(&log, key, (gathered.seqs.len(), size), made_at, &asked);
        archive.put(pack::SUMMARY, page.as_bytes())?;
        archive.put(pack::NOTE, VERIFY.as_bytes())?;
        let manifest = canonical(&Manifest {
            checkpoint: size,
            entries: gathered.seqs.len() as u64,
            files: archive.members().iter().map(Named::from).collect(),
            filter: asked,
            format: FORMAT.to_owned(),
            log,
            made_at,
        });
        archive.put(pack::MANIFEST, manifest.as_bytes())?;
        let data = json!({
            "format": "pack", "filter": filter, "count": gathered.seqs.len(), "through": size,
            "manifest": sha256(manifest.as_bytes()),
        });
        part::is_there(part)?;
        let seq = (self.seal)(data)?;
        archive.put(pack::SEAL, self.sealed(seq, size)?.as_bytes())?;
        let file = archive.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(true)
    }

    /// The proof that entry `seq` is in the log, under a checkpoint of its own.
    fn sealed(&self, seq: u64, from: u64) -> Result<String, Error> {
        let (checkpoint, size) = (self.covering)()?;
        if size < seq {
            let hint = "Make the keychain with the signing key reachable and try again.";
            return Err(Error::precondition("No checkpoint could be signed.", hint));
        }
        let list = |hashes: Vec<Hash>| hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>();
        self.read(|read| {
            let row = read.ledger_row(seq)?.ok_or_else(|| Error::not_found("entry"))?;
            Ok(canonical(&Seal {
                checkpoint,
                consistency: list(read.ledger_consistency(from, size)?),
                line: row.export_line(),
                proof: list(read.ledger_inclusion(seq, size)?),
            }))
        })
    }

    fn write_entries(
        &self,
        query: &Query,
        size: u64,
        archive: &mut Archive,
        summary: &mut Summary,
        each: &mut impl FnMut(Step) -> bool,
    ) -> Result<Option<Gathered>, Error> {
        let data = self.data;
        let index = SearchStore::read_only(&data.search()).ok();
        let walk = Walk::of_every_entry(query, index.as_ref());
        let whose = Whose::new(index.as_ref());
        let telling = self.read(|read| Ok(read.ledger_sought(&TELLING, TOLD)?))?;
        let mut lines = archive.open(pack::ENTRIES)?;
        let mut gathered = Gathered::default();
        let mut at = 0;
        while at < size {
            at = Store::read_only::<_, Error>(&data.database(), |read| {
                let mut windows = 0;
                let found = walk.stretch(read, (at + 1, size), false, BATCH, || {
                    windows += 1;
                    if windows <= WINDOWS { u64::MAX } else { 0 }
                })?;
                let reached = found.stopped_at.unwrap_or(size);
                let mut rows: Vec<_> = found.rows.into_iter().map(|(row, parts)| (row, parts, true)).collect();
                let more = telling.iter().filter(|row| (at + 1..=reached).contains(&row.seq));
                let more = more.filter(|row| !rows.iter().any(|(one, ..)| one.seq == row.seq));
                rows.extend(more.map(|row| (row.clone(), whose.parts(row), false)).collect::<Vec<_>>());
                rows.sort_unstable_by_key(|(row, ..)| row.seq);
                for (row, parts, asked_for) in &rows {
                    if *asked_for || gathered.is_told_by(row) {
                        writeln!(lines, "{}", row.export_line())?;
                        summary.add(parts);
                        gathered.take(row.seq, parts)?;
                    }
                }
                Ok(reached)
            })?;
            if !each(Step { at, total: size, written: gathered.seqs.len() as u64 }) {
                return Ok(None);
            }
        }
        lines.close()?;
        if gathered.seqs.is_empty() {
            return Err(Error::bad("No entry matches, so there is nothing to prove. Choose another filter."));
        }
        Ok(Some(gathered))
    }

    fn read<T>(&self, reader: impl FnOnce(&Read<'_>) -> Result<T, Error>) -> Result<T, Error> {
        Store::read_only(&self.data.database(), reader)
    }
}

fn rule_sets(gathered: &Gathered) -> String {
    let sets: Vec<_> = gathered
        .rules
        .iter()
        .map(|(version, (first, last, count))| json!({ "version": version, "first": first, "last": last, "entries": count }))
        .collect();
    canonical(&json!({ "rule_sets": sets }))
}
