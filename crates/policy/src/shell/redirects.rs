//! Redirections: what a command is fed, and which files its output goes to.

use brush_parser::ast::{
    self, CommandPrefixOrSuffixItem, IoFileRedirectKind, IoFileRedirectTarget, IoRedirect, SimpleCommand,
};

use super::judge;
use super::walk::{Input, MOST_CONTENT, Walk};
use super::words;

impl Walk<'_> {
    /// Remembers what was written to a file.
    pub(crate) fn keep(&mut self, path: String, text: &str) {
        let known = self.contents.entry(path).or_default();
        if known.len() + text.len() <= MOST_CONTENT {
            known.push_str(text);
            known.push('\n');
        }
    }

    /// Files emptied by a redirection of nothing.
    pub(super) fn truncated(&mut self, targets: &[(&ast::Word, bool)], written: usize) {
        let now = self.written.split_off(written.min(self.written.len()));
        for (target, appends) in targets {
            if !appends {
                let word = words::resolve(&target.value, &self.vars, &self.around.home);
                if !word.text.starts_with("/dev/") {
                    judge::emptied(self, &word);
                }
            }
        }
        self.written.extend(now);
    }

    pub(super) fn redirects(&mut self, list: Option<&ast::RedirectList>, depth: usize) -> Option<Input> {
        let mut input = None;
        for redirect in list.iter().flat_map(|list| &list.0) {
            input = self.redirect(redirect, depth).or(input);
        }
        input
    }

    /// What a redirection feeds in; `None` when it takes output away.
    pub(super) fn redirect(&mut self, redirect: &IoRedirect, depth: usize) -> Option<Input> {
        match redirect {
            IoRedirect::HereDocument(_, document) => {
                if !document.requires_expansion {
                    return Some(Input::Text(document.doc.value.clone()));
                }
                let word = words::resolve_document(&document.doc.value, &self.vars, &self.around.home);
                self.substitutions(&word, depth);
                Some(Input::Text(word.text))
            }
            IoRedirect::HereString(_, word) => {
                let word = self.word(word, depth);
                Some(if word.opaque { Input::Output } else { Input::Text(word.text) })
            }
            IoRedirect::OutputAndError(word, _) => {
                let word = self.word(word, depth);
                self.wrote(&word, "Writes to");
                None
            }
            IoRedirect::File(_, kind, target) => match target {
                IoFileRedirectTarget::Filename(word) => {
                    let word = self.word(word, depth);
                    if matches!(kind, IoFileRedirectKind::Read | IoFileRedirectKind::DuplicateInput) {
                        self.read(&word);
                        let known = self.path(&word).and_then(|path| self.contents.get(&path).cloned());
                        if word.text == "/dev/null" {
                            return Some(Input::None);
                        }
                        Some(known.map_or(Input::Output, Input::Text))
                    } else {
                        self.wrote(&word, "Writes to");
                        None
                    }
                }
                IoFileRedirectTarget::ProcessSubstitution(kind, shell) => {
                    let before = std::mem::take(&mut self.network);
                    let out = self.fed_list(kind, &shell.list, depth);
                    let downloaded = self.network;
                    self.network |= before;
                    Some(if downloaded { Input::Download } else { out })
                }
                IoFileRedirectTarget::Fd(_) => self.kept.clone(),
                IoFileRedirectTarget::Duplicate(word) => {
                    // `>&2` and `>&-` name a descriptor, `>& file` a file.
                    let word = self.word(word, depth);
                    if matches!(kind, IoFileRedirectKind::DuplicateInput) {
                        let plain = matches!(word.text.as_str(), "0" | "1" | "2" | "-");
                        return self.kept.clone().or((!plain).then_some(Input::Output));
                    }
                    if !word.text.chars().all(|c| c.is_ascii_digit() || c == '-') {
                        self.wrote(&word, "Writes to");
                    }
                    None
                }
            },
        }
    }
}

/// Files that standard output goes to, and whether it is appended.
pub(super) fn outputs(simple: &SimpleCommand) -> Vec<(&ast::Word, bool)> {
    let prefix = simple.prefix.iter().flat_map(|prefix| &prefix.0);
    let suffix = simple.suffix.iter().flat_map(|suffix| &suffix.0);
    prefix
        .chain(suffix)
        .filter_map(|item| match item {
            CommandPrefixOrSuffixItem::IoRedirect(IoRedirect::File(fd, kind, IoFileRedirectTarget::Filename(word)))
                if fd.is_none_or(|fd| fd == 1) =>
            {
                match kind {
                    IoFileRedirectKind::Write | IoFileRedirectKind::Clobber => Some((word, false)),
                    IoFileRedirectKind::Append => Some((word, true)),
                    _ => None,
                }
            }
            CommandPrefixOrSuffixItem::IoRedirect(IoRedirect::OutputAndError(word, appends)) => Some((word, *appends)),
            _ => None,
        })
        .collect()
}
