//! What a person does with the rules in the window. No socket, route or command line leads here.

use std::path::PathBuf;

use clawbutler_core::actor::Actor;
use clawbutler_core::digest::sha256;
use clawbutler_core::limits::{RULE_FILE_BYTES, RULE_FILES};
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_policy::PackKind;
use clawbutler_wire::command::{
    AcceptRules, DeleteRules, ImportRules, ListRules, RejectRules, SaveRules, SetPack, SimulateRules,
};
use clawbutler_wire::rules::{DraftFile, ImportView, RulesView};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::book::{Book, Files, Held, Kept};
use super::keep::{Change, watched};
use super::look::name_fault;
use super::packs::{self, build};
use crate::engine::lock;
use crate::{Butler, Error};

fn by_user(source: &'static str, more: serde_json::Value) -> Change {
    Change { source, actor: Actor::LocalUser, more }
}

fn named(name: &str, text: &str) -> Result<(), Error> {
    if let Some(fault) = name_fault(name) {
        return Err(Error::bad(fault));
    }
    if text.len() > RULE_FILE_BYTES {
        return Err(Error::bad(format!("A file of rules has at most {} KiB.", RULE_FILE_BYTES / 1024)));
    }
    Ok(())
}

impl Butler {
    fn rule_path(&self, name: &str) -> PathBuf {
        watched(&self.0.ports.data).join(name)
    }

    /// Writes or removes files on the disk; `None` removes.
    fn put_on_disk(&self, changes: &[(String, Option<String>)]) -> Result<(), Error> {
        for (name, text) in changes {
            let path = self.rule_path(name);
            match text {
                Some(text) => files::write_atomic(&path, text.as_bytes(), Some(0o600))?,
                None => match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                    Ok(()) | Err(_) => {}
                },
            }
        }
        Ok(())
    }

    /// Chooses the base pack, or switches a pack for one field.
    pub fn set_pack(&self, request: SetPack) -> Result<RulesView, Error> {
        let pack = packs::by_id(&request.id).ok_or_else(|| Error::not_found("pack"))?;
        let mut book = lock(&self.0.book);
        let mut ids = book.packs.clone();
        match (pack.head.kind, request.active) {
            (PackKind::Base, false) => {
                return Err(Error::precondition("There is always one base pack.", "Choose another one instead."));
            }
            (PackKind::Base, true) => {
                ids.retain(|id| packs::by_id(id).is_some_and(|pack| pack.head.kind == PackKind::Domain));
                ids.push(request.id.clone());
            }
            (PackKind::Domain, true) => ids.push(request.id.clone()),
            (PackKind::Domain, false) => ids.retain(|id| *id != request.id),
        }
        let ids = packs::in_order(&ids);
        if ids != book.packs {
            let set = build(&ids, &book.files)?;
            let files = book.files.clone();
            let more = json!({ "pack": request.id, "active": request.active });
            self.put_in_force(&mut book, ids, files, set, by_user("pack", more))?;
            book.stale = true;
        }
        drop(book);
        self.after_edit()
    }

    /// Saves a file and puts it in force.
    pub fn save_rules(&self, request: SaveRules) -> Result<RulesView, Error> {
        named(&request.name, &request.text)?;
        // An edit by hand a moment ago is part of what must have been seen.
        self.look_at_rules()?;
        let mut book = lock(&self.0.book);
        seen(&book, &request.name, request.digest.as_deref())?;
        let mut files = book.files.clone();
        let imported = files.get(&request.name).is_some_and(|file| file.imported);
        files.insert(request.name.clone(), Kept { text: request.text.clone(), imported });
        if files.len() > RULE_FILES / 2 {
            return Err(Error::bad(format!("There are at most {} files of rules.", RULE_FILES / 2)));
        }
        self.replace(&mut book, files, &request.name, Some(request.text), "editor")?;
        drop(book);
        self.after_edit()
    }

    /// Deletes a file.
    pub fn delete_rules(&self, request: DeleteRules) -> Result<RulesView, Error> {
        self.look_at_rules()?;
        let mut book = lock(&self.0.book);
        if let Some(text) = book.imports.get(&request.name).filter(|text| sha256(text.as_bytes()) == request.digest) {
            let data = json!({ "files": [request.name], "text": sha256(text.as_bytes()) });
            let mut imports = book.imports.clone();
            imports.remove(&request.name);
            self.put_imports(&book, &imports, Kind::RulesRejected, data)?;
            book.imports = imports;
            book.stale = true;
            drop(book);
            return self.after_edit();
        }
        if !book.files.contains_key(&request.name) && !book.disk.contains_key(&request.name) {
            return Err(Error::not_found("file of rules"));
        }
        seen(&book, &request.name, Some(&request.digest))?;
        let mut files = book.files.clone();
        files.remove(&request.name);
        self.replace(&mut book, files, &request.name, None, "delete")?;
        drop(book);
        self.after_edit()
    }

    /// One file on the disk and in force, or neither.
    fn replace(
        &self,
        book: &mut Book,
        files: Files,
        name: &str,
        text: Option<String>,
        source: &'static str,
    ) -> Result<(), Error> {
        let set = build(&book.packs, &files)?;
        let before = book.disk.get(name).and_then(|text| text.clone().ok());
        self.put_on_disk(&[(name.to_owned(), text.clone())])?;
        let packs = book.packs.clone();
        let more = json!({ "file": name, "text": text.map(|text| sha256(text.as_bytes())) });
        let done = self.put_in_force(book, packs, files, set, by_user(source, more));
        if done.is_err() {
            self.put_on_disk(&[(name.to_owned(), before)])?;
        }
        book.stale = true;
        done
    }

    /// Takes in a file from elsewhere. It waits, whatever it says.
    pub fn import_rules(&self, request: ImportRules) -> Result<ImportView, Error> {
        named(&request.name, &request.text)?;
        self.look_at_rules()?;
        let mut book = lock(&self.0.book);
        if book.files.contains_key(&request.name) || book.disk.contains_key(&request.name) {
            return Err(Error::precondition("There is a file of that name.", "Give the import another name."));
        }
        let mut files = book.files.clone();
        files.insert(request.name.clone(), Kept { text: request.text.clone(), imported: true });
        build(&book.packs, &files)?;
        if book.imports.len() >= RULE_FILES / 4 {
            return Err(Error::precondition("Too many imports wait already.", "Accept or reject them first."));
        }
        let mut imports = book.imports.clone();
        imports.insert(request.name.clone(), request.text.clone());
        let data = json!({ "source": "import", "files": [request.name], "text": sha256(request.text.as_bytes()) });
        self.put_imports(&book, &imports, Kind::RulesHeld, data)?;
        book.imports = imports;
        book.stale = true;
        drop(book);
        let rules = self.after_edit()?;
        let draft = Some(DraftFile { name: request.name, text: request.text });
        let simulation = self.simulate_rules(SimulateRules { draft, ..SimulateRules::default() })?;
        Ok(ImportView { rules, simulation })
    }

    /// Puts the change that was shown as held in force.
    pub fn accept_rules(&self, request: AcceptRules) -> Result<RulesView, Error> {
        self.look_at_rules()?;
        let mut book = lock(&self.0.book);
        let held = held(&book, &request.digest)?;
        let set = build(&book.packs, &held.files)?;
        let imports: Vec<(String, Option<String>)> =
            book.imports.iter().map(|(name, text)| (name.clone(), Some(text.clone()))).collect();
        self.put_on_disk(&imports)?;
        let kept = std::mem::take(&mut book.imports);
        let more = json!({ "change": held.digest, "changed": held.names });
        let packs = book.packs.clone();
        if let Err(error) = self.put_in_force(&mut book, packs, held.files, set, by_user("accepted", more)) {
            book.imports = kept;
            let back: Vec<_> = imports.into_iter().map(|(name, _)| (name, None)).collect();
            self.put_on_disk(&back)?;
            return Err(error);
        }
        book.stale = true;
        drop(book);
        self.after_edit()
    }

    /// Discards the change that was shown as held.
    pub fn reject_rules(&self, request: RejectRules) -> Result<RulesView, Error> {
        self.look_at_rules()?;
        let mut book = lock(&self.0.book);
        let held = held(&book, &request.digest)?;
        let data = json!({ "change": held.digest, "files": held.names });
        self.put_imports(&book, &std::collections::BTreeMap::new(), Kind::RulesRejected, data)?;
        book.imports.clear();
        for name in &held.names {
            if let Some(Ok(text)) = book.disk.get(name) {
                let aside = self.rule_path(&format!("{name}.rejected"));
                files::write_atomic(&aside, text.as_bytes(), Some(0o600))?;
            }
            let accepted = book.files.get(name).map(|file| file.text.clone());
            self.put_on_disk(&[(name.clone(), accepted)])?;
        }
        book.stale = true;
        drop(book);
        self.after_edit()
    }

    fn after_edit(&self) -> Result<RulesView, Error> {
        self.look_at_rules()?;
        self.changed(Topic::Rules);
        self.changed(Topic::Audit);
        self.list_rules(ListRules {})
    }
}

/// The text that was edited is the one on the disk.
fn seen(book: &Book, name: &str, digest: Option<&str>) -> Result<(), Error> {
    let now = match book.disk.get(name) {
        Some(text) => text.clone().ok(),
        None => book.files.get(name).map(|file| file.text.clone()),
    };
    let now = now.map(|text| sha256(text.as_bytes()));
    // A file that is gone from the disk may be written anew without naming what it was.
    let anew = digest.is_none() && !book.disk.contains_key(name);
    if !anew && now.as_deref() != digest {
        return Err(Error::stale("The file changed since it was shown.", None));
    }
    Ok(())
}

fn held(book: &Book, digest: &str) -> Result<Held, Error> {
    let held = book.held.clone().ok_or_else(|| Error::not_found("change of the rules"))?;
    if held.digest != digest {
        return Err(Error::stale("The change is not the one you saw.", None));
    }
    Ok(held)
}
