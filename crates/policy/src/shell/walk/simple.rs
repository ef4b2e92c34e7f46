//! A simple command: its words, what they expand to, its variables and where it writes.

use brush_parser::ast::{self, AssignmentName, AssignmentValue, CommandPrefixOrSuffixItem, SimpleCommand};

use super::{Input, MOST_CONTENT, MOST_ITEMS, PARSE_COST, Walk};
use crate::shell::judge;
use crate::shell::redirects::outputs;
use crate::shell::words::{self, Word};

impl Walk<'_> {
    /// Resolves a word and looks at the commands inside it.
    pub(in crate::shell) fn word(&mut self, word: &ast::Word, depth: usize) -> Word {
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
    pub(in crate::shell) fn substitutions(&mut self, word: &Word, depth: usize) -> Option<Input> {
        let piped = std::mem::replace(&mut self.piped, false);
        let mut out = None;
        for text in &word.inner {
            out = Some(self.by("$(…)", |walk| walk.printed_by(text, depth + 1)));
        }
        self.piped = piped;
        out
    }

    #[expect(clippy::too_many_lines, reason = "one arm a case, each short")]
    pub(super) fn simple(&mut self, simple: &SimpleCommand, mut input: Input, depth: usize) -> Input {
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
    pub(super) fn expanded(&mut self, word: &ast::Word, depth: usize) -> Vec<Word> {
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
