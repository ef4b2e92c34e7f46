//! Keeps the rules in force, in the database and on the disk together. Every change has its ledger entry in
//! the same transaction.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use clawbutler_core::actor::Actor;
use clawbutler_core::limits::{RULE_FILE_BYTES, RULE_FILES};
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use clawbutler_policy::RuleSet;
use clawbutler_store::Durability;
use clawbutler_store::table::rules::RuleFileRow;
use clawbutler_wire::topic::Topic;
use serde_json::{Value, json};

use super::book::{Book, Disk, Files, Kept};
use super::packs::{self, build};
use crate::engine::lock;
use crate::{Butler, Error, audit};

const KEY: &str = "rules.packs";

/// The folder of the user's rules.
pub(crate) fn watched(data: &DataDir) -> PathBuf {
    data.path().join("rules")
}

/// Entries that say which rules were in force, newest of them last.
const VOUCHING: &[Kind] = &[Kind::EngineStarted, Kind::RulesChanged];

impl Butler {
    /// The rules in force.
    pub(crate) fn rules(&self) -> Arc<RuleSet> {
        self.0.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// At start: what was accepted counts only when the ledger vouches for it. What cannot be vouched for
    /// and could be laxer than the default gives way to the strict pack.
    pub(crate) fn load_rules(&self, tampered: bool) -> Result<(), Error> {
        let (stored, rows, vouched) = self
            .0
            .store
            .read(|read| Ok::<_, Error>((read.setting(KEY)?, read.rule_files()?, read.ledger_newest_of(VOUCHING)?)))?;
        let chosen: Vec<String> = stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let mut book = Book { packs: packs::in_order(&chosen), ..Book::default() };
        for row in rows {
            if row.held {
                book.imports.insert(row.name, row.text);
            } else {
                book.files.insert(row.name, Kept { text: row.text, imported: row.imported });
            }
        }
        let accepted = Book::accepted_digest(&book.packs, &book.files);
        let said = vouched.and_then(|entry| serde_json::from_str::<Value>(&entry.body).ok());
        let said = said.and_then(|tree| tree["data"]["accepted"].as_str().map(str::to_owned));
        let plain = Book::accepted_digest(&[packs::DEFAULT.to_owned()], &Files::new());
        // Entries of versions before rules could be changed say nothing: then nothing was changed.
        let vouched = !tampered && said.map_or(accepted == plain, |said| said == accepted);
        let builtin = build(&[packs::DEFAULT.to_owned()], &Files::new()).unwrap_or_else(|_| RuleSet::builtin());
        let loaded = build(&book.packs, &book.files);
        let set = match loaded {
            Ok(set) if vouched || RuleSet::is_tightening(&builtin, &set) => set,
            Ok(_) => {
                self.notice_tampering(
                    "The rules in the database are not those you last accepted; the strict pack is in force instead.",
                    "Choose your packs and accept your files again on the Rules page.",
                )?;
                strict(&mut book, builtin)
            }
            Err(error) => {
                self.alert(
                    &format!(
                        "The rules you accepted do not load with this version: {error}. The strict pack is in force."
                    ),
                    &error.hint,
                );
                strict(&mut book, builtin)
            }
        };
        files::create_private_dir(&watched(&self.0.ports.data))?;
        *self.0.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
        book.stale = true;
        *lock(&self.0.book) = book;
        Ok(())
    }

    /// Digest of what is accepted, for the entry of a start.
    pub(crate) fn accepted_rules(&self) -> String {
        let book = lock(&self.0.book);
        Book::accepted_digest(&book.packs, &book.files)
    }

    /// Compares the folder with what was accepted. What certainly tightens is in force at once; the rest
    /// waits, and what does not load changes nothing.
    pub(crate) fn look_at_rules(&self) -> Result<(), Error> {
        let disk = read_folder(&watched(&self.0.ports.data))?;
        let mut book = lock(&self.0.book);
        if book.disk == disk && !book.stale {
            return Ok(());
        }
        let found = book.resolve(&self.rules(), &disk);
        book.disk = disk;
        book.stale = false;
        let news: Vec<(String, String)> = found
            .broken
            .iter()
            .filter(|(name, broken)| book.broken.get(*name) != Some(broken))
            .map(|(_, broken)| {
                (
                    format!("A file of rules does not load, the last good one stays in force. {}", broken.says),
                    broken.fix.clone(),
                )
            })
            .collect();
        for (name, broken) in &found.broken {
            if book.broken.get(name) != Some(broken) {
                let data = json!({ "file": name, "says": broken.says, "rule": broken.rule, "example": broken.example });
                self.record(Durability::Power, Kind::RulesBroken, Actor::Engine, data)?;
            }
        }
        let mended: Vec<String> = book
            .broken
            .iter()
            .filter(|(name, broken)| found.broken.get(*name) != Some(broken))
            .map(|(_, broken)| {
                format!("A file of rules does not load, the last good one stays in force. {}", broken.says)
            })
            .collect();
        book.broken = found.broken;
        if let Some(set) = found.set {
            let change = Change { source: "file", actor: Actor::Engine, more: json!({}) };
            let packs = book.packs.clone();
            self.put_in_force(&mut book, packs, found.files, set, change)?;
        }
        let held_before = book.held.as_ref().map(|held| held.digest.clone());
        if let Some(held) = found.held.as_ref().filter(|held| Some(&held.digest) != held_before.as_ref()) {
            let data =
                json!({ "change": held.digest, "files": held.names, "loosens": held.loosens, "diff": held.diff_lines });
            self.record(Durability::Power, Kind::RulesHeld, Actor::Engine, data)?;
        }
        let waits = found.held.is_some()
            && book.held.as_ref().map(|held| &held.digest) != found.held.as_ref().map(|held| &held.digest);
        let settled = found.held.is_none() && book.held.is_some();
        book.held = found.held;
        drop(book);
        self.tell_of_rules(&news, &mended, waits, settled);
        Ok(())
    }

    /// After the lock is gone: who is told may look at the rules.
    fn tell_of_rules(&self, news: &[(String, String)], mended: &[String], waits: bool, settled: bool) {
        for (says, fix) in news {
            self.alert(says, fix);
        }
        for says in mended {
            self.clear_alert(says);
        }
        if waits {
            self.alert(HELD, "Look at it on the Rules page, and accept or reject it.");
        }
        if settled {
            self.clear_alert(HELD);
        }
        self.changed(Topic::Rules);
        self.changed(Topic::Audit);
    }

    /// Commits packs and files with their entry, then puts them in force here and for hooks.
    pub(super) fn put_in_force(
        &self,
        book: &mut Book,
        packs: Vec<String>,
        files: Files,
        set: RuleSet,
        change: Change,
    ) -> Result<(), Error> {
        let before = self.rules();
        let at = self.now();
        let chosen = serde_json::to_string(&packs).unwrap_or_default();
        let mut data = json!({
            "source": change.source,
            "before": before.version(),
            "after": set.version(),
            "packs": packs,
            "files": files.keys().collect::<Vec<_>>(),
            "accepted": Book::accepted_digest(&packs, &files),
            "tightens": RuleSet::is_tightening(&before, &set),
        });
        if let (Value::Object(data), Value::Object(more)) = (&mut data, change.more) {
            data.extend(more);
        }
        let rows = rows(&files, &book.imports, at);
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            tx.setting_put(KEY, &chosen)?;
            tx.rule_files_put(&rows)?;
            audit::append(tx, at, audit::engine(Kind::RulesChanged, change.actor, data)).map(drop)
        })?;
        book.packs = packs;
        book.files = files;
        *self.0.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
        if let Err(Error(error)) = self.write_snapshot() {
            // The hooks' copy is older now; they only use it while the app is away, and the next start writes it.
            tracing::error!(message = %error.message, "the snapshot could not be written");
        }
        Ok(())
    }

    /// Stores the imports that wait, with their entry.
    pub(super) fn put_imports(
        &self,
        book: &Book,
        imports: &BTreeMap<String, String>,
        kind: Kind,
        data: Value,
    ) -> Result<(), Error> {
        let at = self.now();
        let rows = rows(&book.files, imports, at);
        self.0.store.write(Durability::Power, |tx| {
            tx.rule_files_put(&rows)?;
            audit::append(tx, at, audit::engine(kind, Actor::LocalUser, data)).map(drop)
        })
    }

    /// Whether a change waits for a person.
    pub(crate) fn rules_held(&self) -> bool {
        lock(&self.0.book).held.is_some()
    }
}

const HELD: &str =
    "Your rules were changed on the disk in a way that could let more through; the change is not in force.";

/// Where a change comes from, for its entry.
pub(super) struct Change {
    pub(super) source: &'static str,
    pub(super) actor: Actor,
    /// Further fields of the entry.
    pub(super) more: Value,
}

fn rows(files: &Files, imports: &BTreeMap<String, String>, at: clawbutler_core::clock::Timestamp) -> Vec<RuleFileRow> {
    let kept = files.iter().map(|(name, file)| RuleFileRow {
        name: name.clone(),
        text: file.text.clone(),
        imported: file.imported,
        held: false,
        at,
    });
    let waiting = imports.iter().map(|(name, text)| RuleFileRow {
        name: name.clone(),
        text: text.clone(),
        imported: true,
        held: true,
        at,
    });
    kept.chain(waiting.filter(|row| !files.contains_key(&row.name))).collect()
}

/// Nothing that was accepted can be used: the strict pack alone, and every file waits.
fn strict(book: &mut Book, builtin: RuleSet) -> RuleSet {
    book.packs = packs::in_order(&[packs::STRICT.to_owned()]);
    book.files = Files::new();
    build(&book.packs, &book.files).unwrap_or(builtin)
}

/// Every file of rules in the folder; nothing when there is no folder.
fn read_folder(folder: &Path) -> Result<Disk, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Disk::new()),
        Err(error) => return Err(error.into()),
    };
    let mut disk = Disk::new();
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        // Editors keep swap files and copies beside the file.
        if !name.ends_with(".toml") || name.starts_with(['.', '#']) {
            continue;
        }
        if disk.len() >= RULE_FILES {
            break;
        }
        let text = match name_fault(&name) {
            Some(fault) => Err(fault),
            None => read_file(&entry.path()).map_err(|why| format!("{name} {why}")),
        };
        disk.insert(name, text);
    }
    Ok(disk)
}

fn read_file(path: &Path) -> Result<String, String> {
    if !fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file()) {
        return Err("is no regular file".to_owned());
    }
    let bytes = files::read_bounded(path, RULE_FILE_BYTES as u64).map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => format!("is larger than {} KiB", RULE_FILE_BYTES / 1024),
        _ => format!("cannot be read: {error}"),
    })?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

/// What is wrong with the name of a file of rules.
pub(super) fn name_fault(name: &str) -> Option<String> {
    /// Longest name (characters).
    const CHARS: usize = 64;
    let stem = name.strip_suffix(".toml").unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if stem.is_empty() || name.len() > CHARS || !stem.chars().all(plain) || stem.starts_with('-') {
        return Some(format!(
            "“{name}” is no name for a file of rules: small letters, digits, - and _, ending in .toml."
        ));
    }
    packs::by_id(stem).map(|_| format!("“{stem}” is the name of a pack; give the file another one."))
}
