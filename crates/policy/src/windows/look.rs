//! A look in progress: what is known so far, what was found, and how much effort is left.

use std::collections::HashMap;
use std::rc::Rc;

use clawbutler_core::limits::SHELL_TEXT_BYTES;
use clawbutler_core::risk::RiskLevel::{self, Critical, High, Medium};
use clawbutler_core::risk::Signal;

use super::places::{self, Place};
use super::value::{Block, HOLE, Kind, Value};
use super::{Native, WinLook};
use crate::Surroundings;
use crate::assess::{OWN, network_signals, signal};
use crate::looked::{Class, How, Part, Touch};
use crate::paths;

/// Text worked through in one look, counted again whenever it is used again (bytes).
const MOST_EFFORT: usize = 1024 * 1024;
/// Statements, commands and expressions in one look.
const MOST_STEPS: usize = 40_000;
/// Commands in one look.
const MOST_PARTS: usize = 5_000;
/// Deepest nesting of texts, blocks and expressions followed.
const MOST_DEEP: usize = 150;
/// Variables remembered.
const MOST_VARIABLES: usize = 500;

/// Arguments of a function: named, then by position.
pub(crate) type Given = (Vec<(String, Value)>, Vec<Value>);

/// A look at a text of Windows.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, found at its own time")]
pub(crate) struct Look<'a> {
    /// With slashes, see [`places::slashed`].
    pub(crate) around: &'a Surroundings,
    pub(crate) project: String,
    /// `None` after a change to somewhere only known at run time.
    pub(crate) cwd: Option<String>,
    pub(crate) found: WinLook,
    pub(crate) vars: HashMap<String, Value>,
    pub(crate) functions: HashMap<String, Rc<Block>>,
    pub(crate) aliases: HashMap<String, String>,
    /// Blocks met, which may run however they are handed around.
    pub(crate) blocks: Vec<Rc<Block>>,
    /// What the function that is called now is given.
    pub(crate) given: Option<Given>,
    /// Functions that are being followed.
    pub(crate) calling: Vec<String>,
    /// Files that hold a download.
    pub(crate) fetched: Vec<String>,
    /// Files written earlier in the same text.
    pub(crate) written: Vec<String>,
    /// Defaults for parameters were changed: any deletion may be recursive.
    pub(crate) defaults: bool,
    /// Whether variables of `cmd` are expanded late (`!x!`).
    pub(crate) delayed: bool,
    pub(crate) network: bool,
    pub(crate) secrets: bool,
    via: Vec<String>,
    current: Option<usize>,
    effort: usize,
    steps: usize,
    deep: usize,
}

/// What a written path comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    File(String),
    /// Begins like this; the rest is only known when it runs.
    Partly(String),
    Share(String),
    Registry(String),
    Other(String, String),
    Unknown,
}

impl<'a> Look<'a> {
    pub(crate) fn new(cwd: &str, project: &str, around: &'a Surroundings) -> Self {
        Self {
            around,
            project: paths::absolute(project, "", ""),
            cwd: Some(paths::absolute(cwd, "", "")),
            found: WinLook::default(),
            vars: HashMap::new(),
            functions: HashMap::new(),
            aliases: HashMap::new(),
            blocks: Vec::new(),
            given: None,
            calling: Vec::new(),
            fetched: Vec::new(),
            written: Vec::new(),
            defaults: false,
            delayed: false,
            network: false,
            secrets: false,
            via: Vec::new(),
            current: None,
            effort: MOST_EFFORT,
            steps: MOST_STEPS,
            deep: 0,
        }
    }

    pub(crate) fn finish(mut self) -> WinLook {
        self.current = None;
        if self.secrets && self.network {
            let says = "Reads secrets and uses the network in the same command";
            self.say(signal("exfiltration", Critical, says, None));
        }
        self.found
    }

    pub(crate) fn say(&mut self, one: Signal) {
        if self.found.signals.len() > MOST_PARTS * 2 {
            return;
        }
        self.secrets |= one.name == "secret_read";
        self.network |= matches!(one.name.as_str(), "network" | "remote" | "upload" | "publish");
        if let Some(part) = self.current.and_then(|at| self.found.parts.get_mut(at)) {
            part.level = part.level.max(one.level);
            part.signals.push(self.found.signals.len());
        }
        self.found.signals.push(one);
    }

    /// Says one thing about a part of the text.
    pub(crate) fn tell(&mut self, name: &str, level: RiskLevel, says: impl Into<String>, part: &str) {
        let part = part.replace(HOLE, "…");
        let says = says.into().replace(HOLE, "…");
        self.say(signal(name, level, says, Some(part.as_str()).filter(|part| !part.is_empty())));
    }

    /// Says that the text is not understood.
    pub(crate) fn not_parsed(&mut self, why: &str) {
        if !self.found.signals.iter().any(|one| one.name == "not_parsed") {
            let says = format!("The command {why}, so what it does cannot be told");
            self.say(signal("not_parsed", High, says, None));
        }
    }

    /// Notes a command; what is said from now on is about it.
    pub(crate) fn note(&mut self, program: &str, args: impl Iterator<Item = String>) {
        let mut opaque = program.contains(HOLE);
        let args = args
            .take(200)
            .map(|arg| {
                opaque |= arg.contains(HOLE);
                if arg.contains(HOLE) { arg.replace(HOLE, "$") } else { arg }
            })
            .collect();
        let program = if program.contains(HOLE) { "$".to_owned() } else { program.to_owned() };
        self.current = Some(self.found.parts.len());
        let via = self.via.clone();
        self.found.parts.push(Part { program, args, via, level: RiskLevel::Low, signals: Vec::new(), opaque });
        if self.found.parts.len() > MOST_PARTS {
            self.give_up("has too many parts to be understood");
        }
    }

    /// Hands a program to the tables of the POSIX side.
    pub(crate) fn native(&mut self, argv: Vec<String>) {
        let opaque = argv.iter().any(|arg| arg.contains(HOLE));
        let argv = argv.into_iter().map(|arg| (!arg.contains(HOLE)).then_some(arg)).collect();
        if self.found.native.len() < MOST_PARTS && (self.spend(8) || opaque) {
            self.found.native.push(Native { argv, cwd: self.cwd.clone(), via: self.via.clone() });
        }
    }

    /// Looks at something inside what is looked at, reached by `how`.
    pub(crate) fn by<T>(&mut self, how: &str, look: impl FnOnce(&mut Self) -> T) -> T {
        let current = self.current;
        self.via.push(how.chars().take(80).collect());
        let out = look(self);
        self.via.pop();
        self.current = current;
        out
    }

    fn give_up(&mut self, why: &str) {
        (self.effort, self.steps) = (0, 0);
        self.not_parsed(why);
    }

    /// Whether the look may go on with `bytes` more.
    pub(crate) fn spend(&mut self, bytes: usize) -> bool {
        if self.effort == 0 {
            return false;
        }
        self.effort = self.effort.saturating_sub(bytes + 1);
        if self.effort == 0 {
            self.give_up("takes too much effort to be understood");
        }
        self.effort > 0
    }

    /// One step deeper; `None` when the look is at its bounds.
    pub(crate) fn step<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.steps == 0 {
            self.give_up("takes too much effort to be understood");
            return None;
        }
        if self.deep >= MOST_DEEP {
            self.give_up("is nested too deeply to be understood");
            return None;
        }
        self.steps -= 1;
        self.deep += 1;
        let out = look(self);
        self.deep -= 1;
        Some(out)
    }

    /// Whether a text may be parsed at all.
    pub(crate) fn admits(&mut self, text: &str) -> bool {
        if text.len() > SHELL_TEXT_BYTES {
            self.not_parsed("is too long to be understood");
        } else if text.contains(HOLE) {
            self.not_parsed("contains a NUL byte");
        } else {
            return self.spend(text.len());
        }
        false
    }

    pub(crate) fn set(&mut self, name: &str, value: Value) {
        if self.vars.len() >= MOST_VARIABLES && !self.vars.contains_key(name) {
            return;
        }
        self.vars.insert(name.to_owned(), value);
    }

    /// Whether the session runs outside Windows.
    pub(crate) fn unix(&self) -> bool {
        let drive = self.cwd.as_deref().is_some_and(places::has_drive) || places::has_drive(&self.around.home);
        !drive
    }

    /// What a written path comes to.
    pub(crate) fn target(&self, written: &str) -> Target {
        let written = written.trim();
        if written.starts_with(HOLE) || written.is_empty() {
            return Target::Unknown;
        }
        let rooted = written.starts_with(['/', '\\', '~']) || written.contains(':');
        let Some(cwd) = self.cwd.as_deref().or(rooted.then_some("/")) else { return Target::Unknown };
        match places::place(written, cwd, self.around) {
            Place::File(path) if path.contains(HOLE) => Target::Partly(path),
            Place::File(path) => Target::File(path),
            Place::Share(path) => Target::Share(path),
            Place::Registry(key) => Target::Registry(key),
            Place::Other(provider, rest) => Target::Other(provider, rest),
        }
    }

    pub(crate) fn class(&self, path: &str) -> Class {
        places::class(path, &self.project, self.around)
    }

    pub(crate) fn touch(&mut self, path: &str, how: How) {
        let class = self.class(path);
        let path = path.replace(HOLE, "$");
        if self.found.touches.len() < MOST_PARTS {
            self.found.touches.push(Touch { path, how, class });
        }
    }

    /// Paths that a value names, as written.
    pub(crate) fn names(value: &Value) -> Vec<String> {
        match &value.kind {
            Kind::List(items) => items.iter().flat_map(Self::names).collect(),
            Kind::Nothing => Vec::new(),
            _ => vec![value.shown()],
        }
    }

    /// Reads the files that a value names.
    pub(crate) fn read(&mut self, value: &Value) {
        for written in Self::names(value) {
            self.read_one(&written);
        }
    }

    pub(crate) fn read_one(&mut self, written: &str) {
        match self.target(written) {
            Target::File(path) | Target::Partly(path) => {
                for one in places::read(&path, &self.project, self.around) {
                    self.say(Signal { part: Some(written.replace(HOLE, "…")), ..one });
                }
                self.touch(&path, How::Read);
            }
            Target::Share(path) => self.tell("network", Medium, "Reads from another machine", &path),
            Target::Registry(key) => {
                let secret = ["sam", "security", "lsa", "winlogon"]
                    .iter()
                    .any(|part| key.starts_with("hklm") && key.split('/').any(|piece| piece == *part));
                if secret {
                    self.tell("secret_read", High, "Reads secrets from the registry", written);
                }
            }
            Target::Other(provider, rest) if provider == "env" && (rest.is_empty() || rest.contains('*')) => {
                self.shows_environment(written);
            }
            Target::Other(..) => {}
            // Whatever stands before it, `…\.ssh\id_rsa` is a key.
            Target::Unknown => {
                if let Some((_, rest)) = written.split_once(['/', '\\']) {
                    let path = format!("{}/…/{}", self.around.home, rest.replace('\\', "/"));
                    for one in places::read(&path, &self.project, self.around) {
                        self.say(Signal { part: Some(written.replace(HOLE, "…")), ..one });
                    }
                }
            }
        }
    }

    pub(crate) fn shows_environment(&mut self, part: &str) {
        self.secrets = true;
        self.tell("environment", Medium, "Shows the environment, where tokens are often kept", part);
    }

    /// Writes the files that a value names.
    pub(crate) fn wrote(&mut self, value: &Value, verb: &str) {
        for written in Self::names(value) {
            self.wrote_one(&written, verb);
        }
    }

    pub(crate) fn wrote_one(&mut self, written: &str, verb: &str) {
        if matches!(written.to_ascii_lowercase().trim_end_matches(':'), "nul" | "con" | "/dev/null") {
            return;
        }
        match self.target(written) {
            Target::File(path) => {
                self.written.push(path.to_lowercase());
                for one in places::write(&path, &self.project, self.around, verb) {
                    self.say(Signal { part: Some(written.to_owned()), ..one });
                }
                self.touch(&path, How::Write);
            }
            // The folder is what is known.
            Target::Partly(path) => {
                for one in places::write(&path, &self.project, self.around, verb) {
                    self.say(Signal { part: Some(written.replace(HOLE, "…")), ..one });
                }
                self.touch(&path, How::Write);
            }
            Target::Share(path) => self.tell("upload", High, format!("Copies data to {path}"), written),
            Target::Registry(key) => super::judge::registry::write(self, &key, written),
            Target::Other(provider, rest) => self.wrote_other(&provider, &rest, written),
            Target::Unknown => {
                self.tell("unknown_target", Medium, "Writes to a place only known when it runs", written);
            }
        }
    }

    fn wrote_other(&mut self, provider: &str, rest: &str, written: &str) {
        match provider {
            "env" => super::judge::environment::set(self, rest, &Value::unknown()),
            "function" | "alias" | "variable" => {
                self.tell("unknown_target", Medium, "Changes what names stand for", written);
            }
            "cert" | "wsman" => self.tell("machine", High, "Changes certificates or remote access", written),
            "com1" | "lpt1" | "prn" => self.tell("device_write", Critical, "Writes to a device", written),
            _ => self.tell("unknown_target", Medium, "Writes to a place only known when it runs", written),
        }
    }

    /// Talks to what a URL names.
    pub(crate) fn talks(&mut self, url: &str) {
        self.network = true;
        if url.contains(HOLE) || url.is_empty() {
            return self.tell("network", Medium, "Uses the network", url);
        }
        if let Some(path) = url.strip_prefix("file://") {
            return self.read_one(path.trim_start_matches('/'));
        }
        network_signals(url).into_iter().for_each(|one| self.say(one));
        let host = clawbutler_core::grant::host_of(url).filter(|host| !self.found.hosts.contains(host));
        self.found.hosts.extend(host.filter(|_| url.contains("://") || url.contains('.')));
    }

    /// Marks a file as one that holds a download.
    pub(crate) fn fetches_into(&mut self, written: &str) {
        if let Target::File(path) | Target::Partly(path) = self.target(written) {
            self.fetched.push(path.to_lowercase());
        }
    }

    /// Whether a path, or the folder it lies in, holds a download or was written by the same text.
    pub(crate) fn made_here(&self, written: &str) -> Option<&'static str> {
        let (Target::File(path) | Target::Partly(path)) = self.target(written) else { return None };
        let path = path.to_lowercase();
        let bare = path.trim_end_matches(HOLE).trim_end_matches('/').to_owned();
        let among = |list: &[String]| {
            list.iter().any(|one| {
                let stem = one.rsplit_once('.').map_or(one.as_str(), |(stem, _)| stem);
                paths::inside(&bare, one) || *one == bare || stem == bare && !bare.ends_with(".exe")
            })
        };
        if among(&self.fetched) {
            Some("download")
        } else if among(&self.written) {
            Some("written")
        } else {
            None
        }
    }

    /// Something of ours.
    pub(crate) fn own(&mut self, says: &str, part: &str) {
        self.tell(OWN, Critical, says, part);
    }
}
