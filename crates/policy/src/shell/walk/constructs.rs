//! Lists, pipes, loops and functions: what runs, with what on its input.

use brush_parser::ast::{self, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList, Pipeline};
use brush_parser::{Parser, ParserOptions};
use clawbutler_core::risk::RiskLevel;

use super::{Input, MOST_COMMANDS, MOST_ITEMS, MOST_VALUES, Walk};
use crate::assess::signal;
use crate::shell::words::{self, Word};
use crate::shell::{not_parsed, refuse};

impl Walk<'_> {
    /// Looks at a shell text; what it prints, as far as that is known.
    pub(super) fn printed_by(&mut self, text: &str, depth: usize) -> Input {
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
    pub(super) fn list(&mut self, list: &CompoundList, depth: usize) -> Input {
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

    /// A process substitution; one that is written to reads what the command prints.
    pub(in crate::shell) fn fed_list(
        &mut self,
        kind: &ast::ProcessSubstitutionKind,
        list: &CompoundList,
        depth: usize,
    ) -> Input {
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
