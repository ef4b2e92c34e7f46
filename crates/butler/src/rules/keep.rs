//! Keeps the rules in force, in the database and on the disk together. Every change has its ledger entry in
//! the same transaction.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use clawbutler_core::actor::Actor;
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use clawbutler_policy::RuleSet;
use clawbutler_store::Durability;
use clawbutler_store::table::rules::RuleFileRow;
use serde_json::{Value, json};

use super::book::{Book, Files, Kept};
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
        let (stored, rows, vouched) = self.0.store.read(|read| {
            Ok::<_, Error>((read.setting(KEY)?, read.rule_files()?, read.ledger_newest_of(VOUCHING, u64::MAX)?))
        })?;
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
        let said = vouched.and_then(|entry| entry.data()?["accepted"].as_str().map(str::to_owned));
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
            audit::append(tx, at, self.entry(Kind::RulesChanged, change.actor, data)).map(drop)
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
            audit::append(tx, at, self.entry(kind, Actor::LocalUser, data)).map(drop)
        })
    }

    /// Whether a change waits for a person.
    pub(crate) fn rules_held(&self) -> bool {
        lock(&self.0.book).held.is_some()
    }
}

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
