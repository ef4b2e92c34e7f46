//! What is being written in the editor. It outlives a look at another page.

use clawbutler_wire::rules::{RuleFileView, RuleOrigin, RulesView};
use leptos::prelude::*;

/// The file everybody starts with.
pub(super) const FIRST: &str = "rules.toml";
/// What a new file starts with.
const EMPTY: &str = "# Your own rules. The strictest match wins, whatever the order.\n";

/// One file in the editor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draft {
    /// Its name; empty: none is open.
    pub(super) name: RwSignal<String>,
    /// The text as it is on the screen.
    pub(super) text: RwSignal<String>,
    /// The text as it was opened.
    opened: RwSignal<String>,
    /// Digest of the file that was opened; absent for a new one.
    pub(super) digest: RwSignal<Option<String>>,
    /// A pack: it is read, not written.
    pub(super) fixed: RwSignal<bool>,
}

impl Draft {
    pub(crate) fn new() -> Self {
        Self {
            name: RwSignal::new(String::new()),
            text: RwSignal::new(String::new()),
            opened: RwSignal::new(String::new()),
            digest: RwSignal::new(None),
            fixed: RwSignal::new(false),
        }
    }

    /// Whether there is something to lose.
    pub(super) fn is_dirty(self) -> bool {
        self.text.with(|text| self.opened.with(|opened| text != opened))
    }

    /// Opens a file of the view, or starts it.
    pub(super) fn open(self, view: &RulesView, name: &str) {
        let file = view.files.iter().find(|file| file.name == name);
        let text = file.and_then(|file| file.text.clone()).unwrap_or_else(|| EMPTY.to_owned());
        self.name.set(name.to_owned());
        self.digest.set(file.and_then(|file| file.digest.clone()));
        self.fixed.set(file.is_some_and(|file| file.origin == RuleOrigin::Pack));
        self.opened.set(text.clone());
        self.text.set(text);
    }

    /// Takes note of what was saved, so that it counts as opened.
    pub(super) fn saved(self, view: &RulesView) {
        if let Some(file) = self.file(view) {
            self.digest.set(file.digest.clone());
            self.opened.set(self.text.get_untracked());
        }
    }

    /// Whether the file is another by now than the one that was opened.
    pub(super) fn is_stale(self, view: &RulesView) -> bool {
        let there = self.file(view).and_then(|file| file.digest.clone());
        !self.name.with(String::is_empty) && there != self.digest.get()
    }

    fn file(self, view: &RulesView) -> Option<&RuleFileView> {
        self.name.with(|name| view.files.iter().find(|file| file.name == *name))
    }
}
