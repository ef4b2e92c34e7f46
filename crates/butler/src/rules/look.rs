//! The folder of rules, looked at: what certainly tightens is taken over, the rest waits, what does not load
//! changes nothing and is raised.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clawbutler_core::actor::Actor;
use clawbutler_core::limits::{RULE_FILE_BYTES, RULE_FILES};
use clawbutler_core::redact;
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_store::Durability;
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::book::{Book, Broken, Disk, Held};
use super::keep::{Change, watched};
use super::packs;
use crate::engine::lock;
use crate::{Butler, Error};

const HELD: &str =
    "Your rules were changed on the disk in a way that could let more through; the change is not in force.";
/// Lines of a diff in an entry.
const ENTRY_LINES: usize = 200;

/// What a look has to say; told after its lock is gone, for who is told may look at the rules.
#[derive(Debug, Default)]
struct News {
    alerts: Vec<(String, String)>,
    settled: Vec<String>,
}

impl Butler {
    /// Compares the folder with what was accepted.
    pub(crate) fn look_at_rules(&self) -> Result<(), Error> {
        let mut book = lock(&self.0.book);
        // Read under the lock: a reading from before a person's change would take that change back.
        let disk = read_folder(&watched(&self.0.ports.data))?;
        if book.disk == disk && !book.stale {
            return Ok(());
        }
        // Until everything below is recorded, the next look starts over.
        book.stale = true;
        let found = book.resolve(&self.rules(), &disk);
        book.disk = disk;
        let mut news = News::default();
        self.note_broken(&mut book, found.broken, &mut news)?;
        if let Some(set) = found.set {
            let change = Change { source: "file", actor: Actor::Engine, more: json!({}) };
            let packs = book.packs.clone();
            self.put_in_force(&mut book, packs, found.files, set, change)?;
        }
        self.note_held(&mut book, found.held, &mut news)?;
        book.stale = false;
        drop(book);
        for (says, fix) in &news.alerts {
            self.alert(says, fix);
        }
        for says in &news.settled {
            self.clear_alert(says);
        }
        self.changed(Topic::Rules);
        self.changed(Topic::Audit);
        Ok(())
    }

    fn note_broken(&self, book: &mut Book, broken: BTreeMap<String, Broken>, news: &mut News) -> Result<(), Error> {
        for (name, fault) in broken.iter().filter(|(name, fault)| book.broken.get(*name) != Some(fault)) {
            let mut data = json!({ "file": name, "says": fault.says, "rule": fault.rule, "example": fault.example });
            redact::mask_value(&mut data, &self.0.mask);
            self.record(Durability::Power, Kind::RulesBroken, Actor::Engine, data)?;
            news.alerts.push((shout(fault), fault.fix.clone()));
        }
        let mended = book.broken.iter().filter(|(name, fault)| broken.get(*name) != Some(fault));
        news.settled.extend(mended.map(|(_, fault)| shout(fault)));
        book.broken = broken;
        Ok(())
    }

    fn note_held(&self, book: &mut Book, held: Option<Held>, news: &mut News) -> Result<(), Error> {
        // An import was recorded when the person made it; it needs no alarm.
        let by_hand = |held: &&Held| held.names.iter().any(|name| !book.imports.contains_key(name));
        let before = book.held.as_ref().map(|held| &held.digest);
        match held.as_ref().filter(by_hand) {
            Some(held) if Some(&held.digest) != before => {
                let lines = &held.diff_lines[..held.diff_lines.len().min(ENTRY_LINES)];
                let mut data =
                    json!({ "change": held.digest, "files": held.names, "loosens": held.loosens, "diff": lines });
                redact::mask_value(&mut data, &self.0.mask);
                self.record(Durability::Power, Kind::RulesHeld, Actor::Engine, data)?;
                let fix = "Look at it on the Rules page, and accept or reject it.";
                news.alerts.push((HELD.to_owned(), fix.to_owned()));
            }
            Some(_) => {}
            None => news.settled.push(HELD.to_owned()),
        }
        book.held = held;
        Ok(())
    }
}

fn shout(fault: &Broken) -> String {
    format!("A file of rules does not load, the last good one stays in force. {}", fault.says)
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
