//! Which rules are in force, which wait, which are broken. Data and judgement; files and tables are elsewhere.
//!
//! An agent runs as the user and can write files, so a file alone never loosens: what a person accepted
//! stays in force until a change can be shown to tighten, or the person accepts it in the window.

use std::collections::BTreeMap;

use clawbutler_core::digest;
use clawbutler_core::limits::DIFF_LINES;
use clawbutler_policy::{LoadError, RuleSet};
use similar::TextDiff;

use super::packs::build;

/// One file in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) text: String,
    pub(crate) imported: bool,
}

/// Files by name.
pub(crate) type Files = BTreeMap<String, Kept>;
/// Files as they lie on the disk: the text, or why it cannot be read.
pub(crate) type Disk = BTreeMap<String, Result<String, String>>;

/// A change that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) digest: String,
    /// The files that would be in force.
    pub(crate) files: Files,
    pub(crate) names: Vec<String>,
    pub(crate) loosens: bool,
    pub(crate) diff_lines: Vec<String>,
}

/// Why a file is not in force as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) says: String,
    pub(crate) fix: String,
    pub(crate) rule: Option<String>,
    pub(crate) example: Option<String>,
}

impl From<LoadError> for Broken {
    fn from(error: LoadError) -> Self {
        Self { says: error.to_string(), fix: error.hint.into(), rule: error.rule, example: error.example }
    }
}

/// Everything known of the rules but the compiled set.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Base pack first.
    pub(crate) packs: Vec<String>,
    /// Files as they were accepted.
    pub(crate) files: Files,
    /// Texts taken in from elsewhere that wait to be accepted.
    pub(crate) imports: BTreeMap<String, String>,
    pub(crate) disk: Disk,
    pub(crate) held: Option<Held>,
    pub(crate) broken: BTreeMap<String, Broken>,
    /// Something else than the disk changed, so that the last look no longer says how things are.
    pub(crate) stale: bool,
}

/// What becomes of the files on the disk.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// What is in force afterwards.
    pub(crate) files: Files,
    /// The same as a set; `None` when nothing changes.
    pub(crate) set: Option<RuleSet>,
    pub(crate) held: Option<Held>,
    pub(crate) broken: BTreeMap<String, Broken>,
}

impl Book {
    /// Names what is in force, whatever the texts of packs become with a new version of the app.
    pub(crate) fn accepted_digest(packs: &[String], files: &Files) -> String {
        let files: Vec<(&String, &String)> = files.iter().map(|(name, file)| (name, &file.text)).collect();
        digest::of(&(packs, files))
    }

    /// Sorts the files on the disk into what holds at once, what waits and what is broken.
    pub(crate) fn resolve(&self, current: &RuleSet, disk: &Disk) -> Resolved {
        let (wanted, broken) = self.loadable(disk);
        let (files, set) = self.tightened(current, &wanted);
        let current = set.as_ref().unwrap_or(current);
        let held = self.hold(&files, current, wanted);
        Resolved { files, set, held, broken }
    }

    /// The files as they would be, each as accepted where it does not load.
    fn loadable(&self, disk: &Disk) -> (Files, BTreeMap<String, Broken>) {
        let mut broken = BTreeMap::new();
        let mut wanted = Files::new();
        for (name, text) in disk {
            match text {
                Ok(text) => {
                    let imported = self.files.get(name).is_some_and(|file| file.imported);
                    wanted.insert(name.clone(), Kept { text: text.clone(), imported });
                }
                Err(says) => {
                    let fix = "Make it a text file of rules again, or delete it.".to_owned();
                    broken.insert(name.clone(), Broken { says: says.clone(), fix, rule: None, example: None });
                    self.keep(&mut wanted, name);
                }
            }
        }
        while let Err(error) = build(&self.packs, &wanted) {
            let changed = self.changed(&wanted);
            let named: Vec<String> = changed.iter().filter(|name| **name == error.file).cloned().collect();
            // An error between files names one of them, which need not be the one that changed.
            let at_fault = if named.is_empty() { changed } else { named };
            if at_fault.is_empty() {
                break;
            }
            for name in at_fault {
                self.keep(&mut wanted, &name);
                broken.insert(name, error.clone().into());
            }
        }
        (wanted, broken)
    }

    fn keep(&self, wanted: &mut Files, name: &str) {
        match self.files.get(name) {
            Some(file) => wanted.insert(name.to_owned(), file.clone()),
            None => wanted.remove(name),
        };
    }

    fn changed(&self, wanted: &Files) -> Vec<String> {
        differing(&self.files, wanted)
    }

    /// What of the change certainly tightens: all of it, else file by file.
    fn tightened(&self, current: &RuleSet, wanted: &Files) -> (Files, Option<RuleSet>) {
        let changed = self.changed(wanted);
        if changed.is_empty() {
            return (self.files.clone(), None);
        }
        if let Ok(set) = build(&self.packs, wanted)
            && RuleSet::is_tightening(current, &set)
        {
            return (wanted.clone(), Some(set));
        }
        let (mut files, mut now) = (self.files.clone(), None);
        for name in changed {
            let mut tried = files.clone();
            match wanted.get(&name) {
                Some(file) => tried.insert(name, file.clone()),
                None => tried.remove(&name),
            };
            if let Ok(set) = build(&self.packs, &tried)
                && RuleSet::is_tightening(now.as_ref().unwrap_or(current), &set)
            {
                (files, now) = (tried, Some(set));
            }
        }
        (files, now)
    }

    /// What of the change, with the imports, waits.
    pub(crate) fn hold(&self, files: &Files, current: &RuleSet, mut wanted: Files) -> Option<Held> {
        for (name, text) in &self.imports {
            wanted.insert(name.clone(), Kept { text: text.clone(), imported: true });
        }
        let names = differing(files, &wanted);
        if names.is_empty() {
            return None;
        }
        let loosens = build(&self.packs, &wanted).map_or(true, |set| !RuleSet::is_tightening(current, &set));
        let text = |files: &Files, name: &String| files.get(name).map(|file| file.text.clone());
        let named: Vec<_> = names.iter().map(|name| (name, text(files, name), text(&wanted, name))).collect();
        let mut diff_lines = Vec::new();
        for (name, before, after) in &named {
            let (before, after) = (before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
            let diff = TextDiff::from_lines(before, after).unified_diff().header(name, name).to_string();
            diff_lines.extend(diff.lines().map(str::to_owned));
        }
        diff_lines.truncate(DIFF_LINES);
        Some(Held { digest: digest::of(&(&self.packs, &named)), files: wanted, names, loosens, diff_lines })
    }
}

fn differing(before: &Files, after: &Files) -> Vec<String> {
    let text = |files: &Files, name: &String| files.get(name).map(|file| file.text.clone());
    let mut names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| text(before, name) != text(after, name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = "[[rule]]\nid = \"no-push\"\ndecision = \"deny\"\nbecause = \"Not from here.\"\n\
                        when = { programs = [\"git push\"] }\nmatches = [\"shell: git push\"]\n";
    const ALLOW: &str = "[[rule]]\nid = \"make\"\ndecision = \"allow\"\nbecause = \"Builds.\"\n\
                         when = { programs = [\"make\"] }\n";

    fn book(files: &[(&str, &str)]) -> (Book, RuleSet) {
        let book = Book { packs: vec!["balanced".into()], files: kept(files), ..Book::default() };
        let set = build(&book.packs, &book.files).expect("the accepted files load");
        (book, set)
    }

    fn kept(files: &[(&str, &str)]) -> Files {
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Kept { text: (*text).to_owned(), imported: false }))
            .collect()
    }

    fn disk(files: &[(&str, &str)]) -> Disk {
        files.iter().map(|(name, text)| ((*name).to_owned(), Ok((*text).to_owned()))).collect()
    }

    #[test]
    fn what_tightens_holds_at_once_and_what_loosens_waits() {
        let (book, set) = book(&[]);
        let found = book.resolve(&set, &disk(&[("a.toml", DENY), ("b.toml", ALLOW)]));
        assert_eq!(found.files, kept(&[("a.toml", DENY)]));
        let expected = build(&book.packs, &found.files).expect("it loads");
        assert_eq!(found.set.as_ref(), Some(&expected));
        let held = found.held.expect("the allow waits");
        assert_eq!((held.names.as_slice(), held.loosens), (["b.toml".to_owned()].as_slice(), true));
        assert_eq!(held.files, kept(&[("a.toml", DENY), ("b.toml", ALLOW)]));
        assert!(held.diff_lines.contains(&"+id = \"make\"".to_owned()), "{:?}", held.diff_lines);
        assert!(found.broken.is_empty());
    }

    #[test]
    fn a_deny_that_is_deleted_waits_and_an_allow_that_is_deleted_does_not() {
        let (book, set) = book(&[("a.toml", DENY), ("b.toml", ALLOW)]);
        let found = book.resolve(&set, &disk(&[]));
        assert_eq!(found.files, kept(&[("a.toml", DENY)]));
        assert_eq!(found.held.map(|held| (held.names, held.files)), Some((vec!["a.toml".into()], Files::new())));
    }

    #[test]
    fn a_broken_file_keeps_what_it_was_and_does_not_hold_others_back() {
        let (book, set) = book(&[("a.toml", DENY)]);
        let wrong = DENY.replace("shell: git push", "shell: ls");
        let more = DENY.replace("no-push", "no-tag").replace("git push", "git tag");
        let mut disk = disk(&[("a.toml", &wrong), ("b.toml", &more), ("c.toml", "rule = 1")]);
        disk.insert("d.toml".into(), Err("d.toml is not text".into()));
        let found = book.resolve(&set, &disk);
        assert_eq!(found.files, kept(&[("a.toml", DENY), ("b.toml", &more)]));
        assert_eq!(found.broken.keys().collect::<Vec<_>>(), ["a.toml", "c.toml", "d.toml"]);
        let a = &found.broken["a.toml"];
        assert_eq!((a.rule.as_deref(), a.example.as_deref()), (Some("no-push"), Some("shell: ls")));
        assert_eq!(found.held, None);
    }

    #[test]
    fn an_import_waits_even_when_it_tightens() {
        let (mut book, set) = book(&[]);
        book.imports.insert("team.toml".into(), DENY.into());
        let found = book.resolve(&set, &disk(&[]));
        assert!(found.set.is_none() && found.files.is_empty());
        let held = found.held.expect("an import waits");
        assert_eq!((held.loosens, held.names), (false, vec!["team.toml".to_owned()]));
    }

    #[test]
    fn the_digest_names_packs_and_texts() {
        let one = Book::accepted_digest(&["balanced".into()], &kept(&[("a.toml", DENY)]));
        assert_ne!(one, Book::accepted_digest(&["strict".into()], &kept(&[("a.toml", DENY)])));
        assert_ne!(one, Book::accepted_digest(&["balanced".into()], &kept(&[("a.toml", ALLOW)])));
        assert_eq!(one, Book::accepted_digest(&["balanced".into()], &kept(&[("a.toml", DENY)])));
    }
}
