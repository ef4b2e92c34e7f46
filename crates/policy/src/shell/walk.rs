//! Follows the parsed text through every construct that can run a command.

use std::collections::HashMap;

use brush_parser::ast::{
    self, AssignmentName, AssignmentValue, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList, Pipeline,
    SimpleCommand,
};
use brush_parser::{Parser, ParserOptions};
use clawbutler_core::risk::{RiskLevel, Signal};

use super::redirects::outputs;
use super::words::{self, Vars, Word};
use super::{Seen, judge, not_parsed, refuse};
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

    /// Looks at a shell text; what it prints, as far as that is known.
    fn printed_by(&mut self, text: &str, depth: usize) -> Input {
        if !self.spend(text.len()) {
            return Input::Output;
        }
        if let Some(why) = refuse(text, depth) {
            self.say(not_parsed(why));
            return Input::Output;
        }
        let mut parser = Parser::new(text.as_bytes(), &ParserOptions::default());
        let Ok(program) = parser.parse_program() else {
            self.say(not_parsed("cannot be parsed"));
            return Input::Output;
        };
        let mut out = Input::None;
        for list in &program.complete_commands {
            out = self.list(list, depth);
        }
        // Only the whole of what is printed can stand in for it.
        let alone = program.complete_commands.len() == 1
            && program.complete_commands[0].0.len() == 1
            && program.complete_commands[0].0[0].0.additional.is_empty();
        if alone { out } else { Input::Output }
    }

    /// What the last pipeline prints.
    fn list(&mut self, list: &CompoundList, depth: usize) -> Input {
        let mut out = Input::None;
        for item in &list.0 {
            out = self.pipeline(&item.0.first, depth);
            for more in &item.0.additional {
                let (ast::AndOr::And(pipeline) | ast::AndOr::Or(pipeline)) = more;
                out = self.pipeline(pipeline, depth);
            }
        }
        out
    }

    fn pipeline(&mut self, pipeline: &Pipeline, depth: usize) -> Input {
        let mut input = self.feed.clone();
        let outer = self.piped;
        let shown = pipeline.seq.last().is_some_and(shows);
        for (at, command) in pipeline.seq.iter().enumerate() {
            self.piped = outer || at + 1 < pipeline.seq.len() && !shown;
            input = self.command(command, input, depth);
        }
        self.piped = outer;
        input
    }

    fn command(&mut self, command: &Command, input: Input, depth: usize) -> Input {
        if self.seen.parts.len() > MOST_COMMANDS || depth > clawbutler_core::limits::SHELL_DEPTH * 2 {
            if !self.seen.signals.iter().any(|one| one.name == "not_parsed") {
                self.say(not_parsed("has too many parts to be understood"));
            }
            return Input::Output;
        }
        match command {
            Command::Simple(simple) => self.simple(simple, input, depth),
            Command::Compound(compound, redirects) => {
                let input = self.redirects(redirects.as_ref(), depth).unwrap_or(input);
                let outer = std::mem::replace(&mut self.feed, input);
                let (downloaded, out) = self.compound(compound, depth);
                self.feed = outer;
                match out {
                    _ if downloaded => Input::Download,
                    known @ (Input::Text(_) | Input::Decoded | Input::Names(_) | Input::Processes) => known,
                    Input::None | Input::Download | Input::Output => Input::Output,
                }
            }
            Command::Function(function) => {
                let name = &function.fname.value;
                if calls_itself(&function.body.0, name) {
                    self.say(signal(
                        "fork_bomb",
                        RiskLevel::Critical,
                        "Starts copies of itself until the machine stands still",
                        Some(name),
                    ));
                }
                self.functions.insert(name.clone(), std::rc::Rc::new(function.body.0.clone()));
                // Defined is nearly as good as called: the name may be used in any way.
                let outer = (std::mem::replace(&mut self.defining, true), self.cwd.clone(), self.vars.remove("@"));
                self.vars.insert(words::DEFINING.to_owned(), Word::default());
                self.by(&format!("{name}()"), |walk| walk.compound(&function.body.0, depth + 1));
                (self.defining, self.cwd) = (outer.0, outer.1);
                if !self.defining {
                    self.vars.remove(words::DEFINING);
                }
                self.vars.extend(outer.2.map(|list| ("@".to_owned(), list)));
                self.redirects(function.body.1.as_ref(), depth);
                Input::None
            }
            Command::ExtendedTest(test, redirects) => {
                // Words of a test can carry substitutions, even quoted ones; looked at through their text.
                let text = format!("{}", test.expr);
                self.hidden_in(&text, depth);
                self.redirects(redirects.as_ref(), depth);
                Input::None
            }
        }
    }

    /// Whether something inside downloads, and what it prints, for what comes behind a pipe.
    fn compound(&mut self, compound: &CompoundCommand, depth: usize) -> (bool, Input) {
        let before = self.network;
        self.network = false;
        let mut out = Input::Output;
        match compound {
            CompoundCommand::BraceGroup(group) => out = self.list(&group.list, depth + 1),
            CompoundCommand::Subshell(shell) => {
                let cwd = self.cwd.clone();
                out = self.list(&shell.list, depth + 1);
                self.cwd = cwd;
            }
            CompoundCommand::ForClause(each) => {
                let mut values = Vec::new();
                for value in each.values.iter().flatten() {
                    values.extend(self.expanded(value, depth));
                }
                self.each(&each.variable_name, values, &each.body.list, depth);
            }
            CompoundCommand::ArithmeticForClause(each) => drop(self.list(&each.body.list, depth + 1)),
            CompoundCommand::CaseClause(case) => {
                self.word(&case.value, depth);
                for list in case.cases.iter().filter_map(|item| item.cmd.as_ref()) {
                    self.list(list, depth + 1);
                }
            }
            CompoundCommand::IfClause(clause) => {
                self.list(&clause.condition, depth + 1);
                self.list(&clause.then, depth + 1);
                for other in clause.elses.iter().flatten() {
                    if let Some(condition) = &other.condition {
                        self.list(condition, depth + 1);
                    }
                    self.list(&other.body, depth + 1);
                }
            }
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
                self.list(&clause.0, depth + 1);
                self.list(&clause.1.list, depth + 1);
            }
            CompoundCommand::Coprocess(process) => {
                self.command(&process.body, Input::None, depth + 1);
            }
            CompoundCommand::Arithmetic(arithmetic) => {
                self.hidden_in(&arithmetic.expr.value, depth);
            }
        }
        let downloaded = self.network;
        self.network |= before;
        (downloaded, out)
    }

    /// A loop's body with each of a few known values, or once with none in particular.
    fn each(&mut self, name: &str, values: Vec<Word>, body: &CompoundList, depth: usize) {
        let unknown = values.is_empty() || values.len() > MOST_VALUES || values.iter().any(|value| value.opaque);
        let values = if unknown {
            let from = values.into_iter().flat_map(|value| value.from).take(MOST_VALUES).collect();
            vec![Word { from, ..Word::unknown() }]
        } else {
            values
        };
        for value in values {
            self.vars.insert(name.to_owned(), value);
            self.list(body, depth + 1);
        }
        self.vars.insert(name.to_owned(), Word::unknown());
    }

    /// Calls a function of the text with arguments.
    pub(crate) fn call(&mut self, name: &str, args: &[Word], depth: usize) {
        let Some(body) = self.functions.get(name).cloned() else { return };
        if self.defining || !self.spend(name.len()) {
            return;
        }
        let outer = self.positional(name, args);
        self.by(&format!("{name}()"), |walk| walk.compound(&body, depth + 1));
        self.restore(outer);
    }

    /// Sets the positional parameters; what they were is given back.
    pub(crate) fn positional(&mut self, zero: &str, args: &[Word]) -> Vec<(String, Option<Word>)> {
        let args = &args[..args.len().min(MOST_ITEMS)];
        let list = Word { items: args.to_vec(), ..Word::default() };
        let mut set = vec![("@".to_owned(), list), ("0".to_owned(), Word::plain(zero))];
        set.extend(args.iter().take(9).enumerate().map(|(at, arg)| ((at + 1).to_string(), arg.clone())));
        set.into_iter().map(|(name, value)| (name.clone(), self.vars.insert(name, value))).collect()
    }

    /// Gives the positional parameters back what they were.
    pub(crate) fn restore(&mut self, outer: Vec<(String, Option<Word>)>) {
        for (name, value) in outer {
            match value {
                Some(value) => self.vars.insert(name, value),
                None => self.vars.remove(&name),
            };
        }
    }

    /// Resolves a word and looks at the commands inside it.
    pub(super) fn word(&mut self, word: &ast::Word, depth: usize) -> Word {
        if !self.spend(word.value.len()) {
            return Word::unknown();
        }
        let mut resolved = words::resolve(&word.value, &self.vars, &self.around.home);
        let printed = self.substitutions(&resolved, depth);
        if let Some(Input::Text(text)) = printed
            && resolved.inner.len() == 1
            && resolved.from.is_empty()
            && resolved.text.matches('$').count() == 1
            && resolved.text.len() + text.len() <= MOST_CONTENT
        {
            let quoted = word.value.contains('"');
            let text = text.trim_end_matches('\n');
            resolved.text = resolved.text.replace('$', text);
            resolved.opaque = false;
            resolved.inner.clear();
            resolved.splits |= !quoted && text.contains(char::is_whitespace);
        }
        resolved
    }

    /// What the last of the substitutions in a word prints.
    pub(super) fn substitutions(&mut self, word: &Word, depth: usize) -> Option<Input> {
        let piped = std::mem::replace(&mut self.piped, false);
        let mut out = None;
        for text in &word.inner {
            out = Some(self.by("$(…)", |walk| walk.printed_by(text, depth + 1)));
        }
        self.piped = piped;
        out
    }

    #[expect(clippy::too_many_lines, reason = "one arm a case, each short")]
    fn simple(&mut self, simple: &SimpleCommand, mut input: Input, depth: usize) -> Input {
        let mut argv = Vec::new();
        let mut assigned = Vec::new();
        let written = self.written.len();
        let prefix = simple.prefix.iter().flat_map(|prefix| &prefix.0).map(|item| (true, item));
        let suffix = simple.suffix.iter().flat_map(|suffix| &suffix.0).map(|item| (false, item));
        let mut named = false;
        for (is_prefix, item) in prefix.chain(suffix) {
            if !is_prefix && !named {
                named = true;
                argv.extend(self.head(simple, depth));
            }
            match item {
                CommandPrefixOrSuffixItem::Word(word) => argv.extend(self.expanded(word, depth)),
                CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) if is_prefix => {
                    assigned.push(self.assignment(assignment, word, depth));
                }
                CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) => {
                    let (name, value) = self.assignment(assignment, word, depth);
                    self.vars.insert(name, value);
                    argv.push(self.word(word, depth));
                }
                CommandPrefixOrSuffixItem::IoRedirect(redirect) => {
                    if let Some(text) = self.redirect(redirect, depth) {
                        input = text;
                    }
                }
                CommandPrefixOrSuffixItem::ProcessSubstitution(kind, shell) => {
                    let before = std::mem::take(&mut self.network);
                    let out = self.fed_list(kind, &shell.list, depth);
                    if self.network {
                        input = Input::Download;
                    } else if matches!(kind, ast::ProcessSubstitutionKind::Read) {
                        input = out;
                    }
                    self.network |= before;
                    argv.push(Word::plain("/dev/fd/63"));
                }
            }
        }
        if !named {
            argv.extend(self.head(simple, depth));
        }
        let targets = outputs(simple);
        if argv.is_empty() {
            self.vars.extend(assigned);
            self.truncated(&targets, written);
            return Input::None;
        }
        if argv[0].text == "exec" && argv.len() == 1 {
            self.kept = Some(input.clone());
        }
        let nothing = matches!(argv[0].text.as_str(), ":" | "true" | "false")
            || argv[0].text == "cat" && argv.get(1).is_some_and(|word| word.text == "/dev/null")
            || argv[0].text == "echo" && argv.len() == 2 && argv[1].text == "-n";
        if nothing {
            self.truncated(&targets, written);
        }
        let piped = self.piped;
        self.piped |= !targets.is_empty();
        // Variables before a command hold for it alone.
        let outer: Vec<(String, Option<Word>)> =
            assigned.into_iter().map(|(name, value)| (name.clone(), self.vars.insert(name, value))).collect();
        let out = judge::command(self, &argv, &input, depth);
        self.piped = piped;
        self.restore(outer);
        if let Input::Text(text) = &out {
            for (target, _) in &targets {
                let word = words::resolve(&target.value, &self.vars, &self.around.home);
                if let Some(path) = self.path(&word) {
                    self.keep(path, text);
                }
                let from = word.from.first().cloned().filter(|_| word.text == "$");
                if let Some(name) = from {
                    self.keep(format!("${name}"), text);
                }
            }
        }
        if out == Input::Download {
            for (target, _) in &targets {
                let word = words::resolve(&target.value, &self.vars, &self.around.home);
                self.downloaded.extend(self.path(&word));
            }
        }
        out
    }

    /// A word, with `{a,b}` taken apart when both sides are plain, and lists as their elements.
    fn expanded(&mut self, word: &ast::Word, depth: usize) -> Vec<Word> {
        if let Some(items) = words::elements(&word.value, &self.vars) {
            if !self.spend(items.len() * PARSE_COST) {
                return vec![Word::unknown()];
            }
            return items;
        }
        let plain = !word.value.contains(['$', '`', '\'', '"', '\\']);
        if plain
            && let Some((before, rest)) = word.value.split_once('{')
            && let Some((inner, after)) = rest.split_once('}')
            && inner.contains(',')
        {
            let parts = inner.split(',').map(|part| format!("{before}{part}{after}"));
            let words = parts.filter(|text| !text.is_empty() || !before.is_empty());
            return words.map(|text| words::resolve(&text, &self.vars, &self.around.home)).collect();
        }
        let bare = word.value.starts_with('$') && !word.value.contains(['"', '\'']);
        let word = self.word(word, depth);
        if bare && word.text.is_empty() && !word.opaque {
            // An expansion to nothing is no word at all.
            return Vec::new();
        }
        if !word.splits {
            return vec![word];
        }
        word.text
            .split_whitespace()
            .map(|part| Word { text: part.to_owned(), opaque: word.opaque && part.contains('$'), ..word.clone() })
            .collect()
    }

    /// The program and whatever words stand where its name does. A pattern there is a name in disguise.
    fn head(&mut self, simple: &SimpleCommand, depth: usize) -> Vec<Word> {
        let mut words = simple.word_or_name.as_ref().map_or_else(Vec::new, |word| self.expanded(word, depth));
        if let Some(first) = words.first_mut() {
            first.opaque |= first.pattern && !matches!(first.text.as_str(), "[" | "[[");
        }
        words
    }

    /// A process substitution; one that is written to reads what the command prints.
    pub(super) fn fed_list(&mut self, kind: &ast::ProcessSubstitutionKind, list: &CompoundList, depth: usize) -> Input {
        let feed = match kind {
            ast::ProcessSubstitutionKind::Read => Input::None,
            ast::ProcessSubstitutionKind::Write => Input::Output,
        };
        let outer = std::mem::replace(&mut self.feed, feed);
        let piped = std::mem::replace(&mut self.piped, false);
        let out = self.by("<(…)", |walk| walk.list(list, depth + 1));
        (self.feed, self.piped) = (outer, piped);
        out
    }

    fn assignment(&mut self, assignment: &ast::Assignment, _word: &ast::Word, depth: usize) -> (String, Word) {
        let name = match &assignment.name {
            AssignmentName::VariableName(name) => name.clone(),
            AssignmentName::ArrayElementName(name, index) => {
                self.hidden_in(index, depth);
                name.clone()
            }
        };
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => self.word(word, depth),
            AssignmentValue::Array(items) => {
                let mut list = Vec::new();
                for (index, item) in items {
                    if let Some(index) = index {
                        self.word(index, depth);
                    }
                    list.extend(self.expanded(item, depth));
                    list.truncate(MOST_ITEMS);
                }
                Word { items: list, ..Word::unknown() }
            }
        };
        if value.inner.is_empty() && (value.text.contains("$(") || value.text.contains('`')) {
            let text = value.text.clone();
            self.quietly(|walk| walk.hidden_in(&text, depth + 1));
        }
        let value = match self.vars.get(&name) {
            Some(before) if assignment.append && value.items.is_empty() => {
                Word { text: format!("{}{}", before.text, value.text), opaque: before.opaque || value.opaque, ..value }
            }
            _ => value,
        };
        judge::variable(self, &name, &value, depth);
        (name, value)
    }

    /// Looks at the substitutions in a text that the shell evaluates as arithmetic.
    pub(crate) fn hidden_in(&mut self, text: &str, depth: usize) {
        if !self.spend(text.len()) {
            return;
        }
        let mut found = Word::default();
        words::hidden_inside(text, &self.vars, &self.around.home, &mut found);
        self.substitutions(&found, depth);
    }
}

/// Programs at the end of a pipe that show what comes in.
const SHOWERS: &[&str] = &[
    "cat", "head", "tail", "tee", "less", "more", "grep", "egrep", "sort", "uniq", "base64", "xxd", "od", "hexdump",
    "cut", "tr", "sed", "awk", "jq", "nl", "rev", "fold", "column", "fmt", "strings", "bat",
];

/// Whether a command shows what it is fed.
fn shows(command: &Command) -> bool {
    let Command::Simple(simple) = command else { return false };
    let quiet = simple.suffix.iter().flat_map(|suffix| &suffix.0).any(|item| {
        matches!(item, CommandPrefixOrSuffixItem::Word(word) if matches!(word.value.as_str(), "-q" | "-c" | "--quiet" | "-qE" | "-qF"))
    });
    !quiet && simple.word_or_name.as_ref().is_some_and(|word| SHOWERS.contains(&word.value.as_str()))
}

/// Whether a function's body pipes into itself or starts itself in the background.
fn calls_itself(body: &CompoundCommand, name: &str) -> bool {
    let CompoundCommand::BraceGroup(group) = body else { return false };
    let names = |pipeline: &Pipeline| {
        pipeline.seq.iter().any(|command| {
            matches!(command, Command::Simple(simple) if simple.word_or_name.as_ref().is_some_and(|word| word.value == name))
        })
    };
    group.list.0.iter().any(|item| names(&item.0.first))
}
