//! Follows the parsed text through every construct that can run a command: what is known on the way.

mod constructs;
mod simple;

use std::collections::HashMap;

use brush_parser::ast::CompoundCommand;
use clawbutler_core::risk::{RiskLevel, Signal};

use super::words::{Vars, Word};
use super::{Seen, not_parsed};
use crate::Surroundings;
use crate::assess::signal;
use crate::looked::Part;

/// Commands looked at in one text.
const MOST_COMMANDS: usize = 5_000;
/// Elements kept of a list: lists that hold each other grow without end.
const MOST_ITEMS: usize = 128;
/// Bytes kept of what is written to one file.
pub(super) const MOST_CONTENT: usize = 32 * 1024;
/// Values with which a loop's body is looked at one by one.
const MOST_VALUES: usize = 12;
/// Text parsed in one look, what is parsed again inside itself counted again (bytes).
const MOST_EFFORT: usize = 256 * 1024;
/// Cost of any parse on top of its text (bytes).
const PARSE_COST: usize = 32;

/// What arrives on a command's standard input.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Input {
    /// Nothing of note.
    #[default]
    None,
    /// A text that is known.
    Text(String),
    /// Came over the network somewhere before in the pipe.
    Download,
    /// Was decoded or transformed.
    Decoded,
    /// Names of files that fit one of these patterns.
    Names(Vec<String>),
    /// Every process of the machine.
    Processes,
    /// Something else's output.
    Output,
}

/// A look in progress.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Walk<'a> {
    pub(crate) around: &'a Surroundings,
    pub(crate) project: String,
    /// `None` after a `cd` to somewhere only known at run time.
    pub(crate) cwd: Option<String>,
    pub(crate) vars: Vars,
    pub(crate) seen: Seen,
    pub(crate) network: bool,
    pub(crate) secrets: bool,
    /// What a command reads that no pipe or redirection of its own feeds.
    feed: Input,
    /// Files written earlier in the same text, which may be programs.
    pub(crate) written: Vec<String>,
    /// Functions defined in the text, with their bodies.
    pub(crate) functions: HashMap<String, std::rc::Rc<CompoundCommand>>,
    /// Aliases defined in the text.
    pub(crate) aliases: HashMap<String, String>,
    /// What is known of files written in the same text.
    pub(crate) contents: HashMap<String, String>,
    /// Folders of repositories cloned in the same text.
    pub(crate) cloned: Vec<String>,
    /// Files and folders that came over the network in the same text.
    pub(crate) downloaded: Vec<String>,
    /// Symbolic links made in the same text: link and target.
    pub(crate) links: Vec<(String, String)>,
    /// A text kept open by `exec` for a later command.
    pub(super) kept: Option<Input>,
    /// The folder before the last `cd`.
    pub(crate) old_cwd: Option<String>,
    /// The editor looked at now writes its files instead of showing them.
    pub(crate) in_place: bool,
    /// Another command reads what this one prints.
    pub(crate) piped: bool,
    /// Remotes of git added in the same text.
    pub(crate) remotes: Vec<String>,
    /// How the line came to what is looked at now, outermost first.
    pub(crate) via: Vec<String>,
    /// The part that is looked at now.
    pub(crate) current: Option<usize>,
    /// In the definition of a function: its parameters are not known yet, and nothing runs.
    pub(crate) defining: bool,
    /// `HOME` was set: what starts next looks for its settings elsewhere.
    pub(crate) moved_home: bool,
    effort: usize,
    /// How deep inside [`Self::quietly`]: arguments of arguments are not followed, or the effort would explode.
    pub(crate) inside: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(cwd: &str, project: &str, around: &'a Surroundings) -> Self {
        Self {
            around,
            project: project.to_owned(),
            cwd: Some(cwd.to_owned()),
            vars: Vars::from([("PWD".to_owned(), Word::plain(cwd))]),
            seen: Seen::default(),
            network: false,
            secrets: false,
            feed: Input::None,
            written: Vec::new(),
            functions: HashMap::new(),
            aliases: HashMap::new(),
            contents: HashMap::new(),
            cloned: Vec::new(),
            downloaded: Vec::new(),
            links: Vec::new(),
            kept: None,
            old_cwd: Some(cwd.to_owned()),
            in_place: false,
            piped: false,
            remotes: Vec::new(),
            via: Vec::new(),
            current: None,
            defining: false,
            moved_home: false,
            effort: MOST_EFFORT,
            inside: 0,
        }
    }

    pub(crate) fn finish(mut self) -> Seen {
        self.current = None;
        if self.secrets && self.network {
            self.say(signal(
                "exfiltration",
                RiskLevel::Critical,
                "Reads secrets and uses the network in the same command",
                None,
            ));
        }
        self.seen
    }

    pub(crate) fn say(&mut self, one: Signal) {
        if one.name == "secret_read" {
            self.secrets = true;
        }
        if let Some(part) = self.current.and_then(|at| self.seen.parts.get_mut(at)) {
            part.level = part.level.max(one.level);
            part.signals.push(self.seen.signals.len());
        }
        self.seen.signals.push(one);
    }

    pub(crate) fn note_command(&mut self, argv: &[Word]) {
        let mut words = argv.iter().map(|word| word.text.clone());
        self.current = Some(self.seen.parts.len());
        self.seen.parts.push(Part {
            program: words.next().unwrap_or_default(),
            args: words.collect(),
            via: self.via.clone(),
            level: RiskLevel::Low,
            signals: Vec::new(),
            opaque: argv.iter().any(|word| word.opaque),
        });
    }

    /// Whether the command before the one looked at is a given one.
    pub(crate) fn piped_from(&self, program: &str, word: &str) -> bool {
        let before = self.current.and_then(|at| at.checked_sub(1)).and_then(|at| self.seen.parts.get(at));
        before.is_some_and(|part| part.program == program && part.args.iter().any(|arg| arg == word))
    }

    /// Takes over what another look found.
    pub(crate) fn take(&mut self, seen: Seen, how: &str) {
        let current = self.current;
        let offset = self.seen.signals.len();
        for one in seen.signals {
            self.network |= matches!(one.name.as_str(), "remote" | "upload" | "network" | "publish" | "git_push");
            self.say(one);
        }
        self.seen.parts.extend(seen.parts.into_iter().map(|mut part| {
            part.via.insert(0, how.to_owned());
            part.signals.iter_mut().for_each(|at| *at += offset);
            part
        }));
        self.seen.touches.extend(seen.touches);
        self.seen.hosts.extend(seen.hosts);
        self.current = current;
    }

    /// Looks at something inside what is looked at, reached by `how`.
    pub(crate) fn by<T>(&mut self, how: &str, look: impl FnOnce(&mut Self) -> T) -> T {
        let current = self.current;
        self.via.push(how.to_owned());
        let out = look(self);
        self.via.pop();
        self.current = current;
        out
    }

    /// Looks at what may be a command and keeps only what is high risk or worse: an argument that is
    /// no command after all must not raise an alarm.
    pub(crate) fn quietly(&mut self, look: impl FnOnce(&mut Self)) {
        let (signals, commands, paths) = (self.seen.signals.len(), self.seen.parts.len(), self.seen.touches.len());
        let (network, secrets, cwd) = (self.network, self.secrets, self.cwd.clone());
        self.inside += 1;
        look(self);
        self.inside -= 1;
        self.cwd = cwd;
        let serious = self.seen.signals[signals..].iter().any(|one| {
            one.name == "delete_one"
                || one.level >= RiskLevel::High && one.name != "not_parsed" && one.name != "hidden_program"
        });
        if !serious {
            self.seen.signals.truncate(signals);
            if let Some(part) = self.current.and_then(|at| self.seen.parts.get_mut(at)) {
                part.signals.retain(|at| *at < signals);
            }
            self.seen.parts.truncate(commands);
            self.seen.touches.truncate(paths);
            (self.network, self.secrets) = (network, secrets);
        }
    }

    /// Whether the look may go on with `bytes` more to parse.
    pub(crate) fn spend(&mut self, bytes: usize) -> bool {
        if self.effort == 0 {
            return false;
        }
        self.effort = self.effort.saturating_sub(bytes + PARSE_COST);
        if self.effort == 0 {
            self.say(not_parsed("takes too much effort to be understood"));
        }
        self.effort > 0
    }

    /// Looks at a shell text that another command runs.
    pub(crate) fn text_by(&mut self, how: &str, text: &str, depth: usize) {
        self.by(how, |walk| walk.text(text, depth));
    }

    /// Looks at a shell text, parsed.
    pub(crate) fn text(&mut self, text: &str, depth: usize) {
        drop(self.printed_by(text, depth));
    }
}
