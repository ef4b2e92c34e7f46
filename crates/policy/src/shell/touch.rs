//! Paths that a command reads, writes or deletes.

use clawbutler_core::risk::{RiskLevel, Signal};

use super::judge;
use super::walk::Walk;
use super::words::Word;
use crate::assess::{read_signals, signal, write_signals};
use crate::looked::{How, Touch};
use crate::paths::{self, Class};

impl Walk<'_> {
    /// The absolute path of a word; `None` when it cannot be known.
    pub(crate) fn path(&self, word: &Word) -> Option<String> {
        let relative = !word.text.starts_with(['/', '~']);
        if word.pattern && word.text.contains('[') {
            // A class of one character is that character.
            let text = single_classes(&word.text);
            return self.path(&Word { text, pattern: false, ..word.clone() });
        }
        match &self.cwd {
            _ if word.text.starts_with('$') && word.opaque => None,
            None if relative => None,
            cwd => {
                let path = paths::absolute(&word.text, cwd.as_deref().unwrap_or("/"), &self.around.home);
                let through =
                    self.links.iter().find(|(link, _)| path == *link || path.starts_with(&format!("{link}/")));
                Some(through.map_or_else(
                    || path.clone(),
                    |(link, target)| {
                        paths::absolute(&format!("{target}{}", &path[link.len()..]), "/", &self.around.home)
                    },
                ))
            }
        }
    }

    pub(crate) fn wrote(&mut self, word: &Word, verb: &str) {
        if let Some(to) = word.text.strip_prefix("/dev/tcp/").or_else(|| word.text.strip_prefix("/dev/udp/")) {
            if judge::is_local(to.split('/').next().unwrap_or(to)) {
                return self.say(signal(
                    "network",
                    RiskLevel::Low,
                    "Connects to a program on this machine",
                    Some(&word.text),
                ));
            }
            self.network = true;
            return self.say(signal(
                "remote",
                RiskLevel::High,
                "Opens a connection to another machine",
                Some(&word.text),
            ));
        }
        let path = self.path(word).or_else(|| {
            // Whatever stands before it, `…/.bashrc` is a start-up file.
            if let Some(told) = located(word) {
                return self.path(&Word::plain(told));
            }
            let rest =
                word.text.split_once('/').map(|(_, rest)| rest).filter(|rest| word.opaque && !rest.is_empty())?;
            Some(paths::absolute(rest, &self.around.home, &self.around.home)).filter(|path| {
                !matches!(paths::class(path, &self.project, self.around), Class::Outside | Class::Project)
            })
        });
        match path {
            Some(path) => {
                self.written.push(path.clone());
                for one in write_signals(&path, &self.project.clone(), self.around, verb) {
                    self.say(Signal { part: Some(word.text.clone()), ..one });
                }
                self.note_touch(path, How::Write);
            }
            None => self.say(signal(
                "unknown_target",
                RiskLevel::Medium,
                "Writes to a place only known when it runs",
                Some(&word.text),
            )),
        }
    }

    /// A source that is moved away.
    pub(crate) fn moved(&mut self, word: &Word) {
        let Some(path) = self.path(word) else { return };
        let class = paths::class(&path, &self.project, self.around);
        let holds_project = paths::inside(self.project.trim_end_matches('/'), &path);
        let part = Some(word.text.as_str());
        match class {
            Class::Project | Class::Scratch if !holds_project && !path.ends_with("/.git") => {}
            Class::Secret => {
                self.say(signal("secret_read", RiskLevel::High, format!("Moves {path}, which holds secrets"), part));
            }
            Class::Outside if !holds_project => {
                self.say(signal(
                    "outside_write",
                    RiskLevel::Medium,
                    format!("Moves {path}, outside the project"),
                    part,
                ));
            }
            Class::Project | Class::Scratch | Class::Outside => {
                self.say(signal("delete", RiskLevel::High, format!("Moves {path} away"), part));
            }
            Class::Own | Class::Startup | Class::AgentConfig | Class::Device | Class::System | Class::Root => {
                for one in write_signals(&path, &self.project.clone(), self.around, "Moves") {
                    self.say(Signal { part: Some(word.text.clone()), ..one });
                }
            }
        }
        self.note_touch(path, How::Delete);
    }

    pub(crate) fn touched_delete(&mut self, path: &str) {
        self.note_touch(path.to_owned(), How::Delete);
    }

    fn note_touch(&mut self, path: String, how: How) {
        let class = paths::class(&path, &self.project, self.around);
        self.seen.touches.push(Touch { path, how, class });
    }

    pub(crate) fn read(&mut self, word: &Word) {
        if word.text.starts_with("/dev/tcp/") || word.text.starts_with("/dev/udp/") {
            return self.wrote(word, "Reads");
        }
        // Whatever stands before it, `…/.ssh/id_rsa` is a key.
        let path = self.path(word).or_else(|| {
            if let Some(told) = located(word) {
                return self.path(&Word::plain(told));
            }
            let (_, rest) = word.text.split_once('/').filter(|(_, rest)| !rest.is_empty())?;
            Some(paths::absolute(rest, &self.around.home, &self.around.home))
        });
        if let Some(path) = path {
            for one in read_signals(&path, &self.project.clone(), self.around) {
                self.say(Signal { part: Some(word.text.clone()), ..one });
            }
            if word.pattern && paths::could_be_secret(&path, self.around) {
                self.say(signal(
                    "secret_read",
                    RiskLevel::High,
                    "Reads files whose pattern fits files with secrets",
                    Some(&word.text),
                ));
            }
            self.note_touch(path, How::Read);
        }
    }
}

/// The path that `$(readlink -f path)` and its kin come down to.
fn located(word: &Word) -> Option<String> {
    let [inner] = word.inner.as_slice() else { return None };
    let mut words = inner.split_whitespace();
    let teller = words.next().is_some_and(|first| matches!(first, "readlink" | "realpath" | "echo" | "ls" | "printf"));
    let last = words.next_back()?.trim_matches(['"', '\'']);
    (teller && word.text == "$" && last.contains('/') && !last.contains('$')).then(|| last.to_owned())
}

/// `.[e]nv` without the brackets around one character.
fn single_classes(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c == '[' && chars.get(at + 2) == Some(&']') {
            out.extend(chars.get(at + 1));
            at += 3;
        } else {
            out.push(c);
            at += 1;
        }
    }
    out
}
