//! Tcl and Expect: commands of words, with commands and variables inside them.

use std::collections::BTreeMap;

use super::Deed;
use super::follow::Work;
use super::text;
use super::value::{ANY, PART, Value, joined};

/// Scripts in scripts.
const DEEPEST: usize = 24;

/// Follows a program.
pub(super) fn program(work: &mut Work, text: &str) {
    let mut tcl = Tcl { work, names: BTreeMap::new() };
    tcl.script(text, 0);
}

struct Tcl<'w> {
    work: &'w mut Work,
    names: BTreeMap<String, Option<String>>,
}

/// A word of a command.
struct Word {
    /// With holes for what is only known at run time.
    text: String,
    /// Stood in braces: mostly a script.
    braced: bool,
}

impl Word {
    fn value(&self) -> Value {
        Value::text(&self.text)
    }
}

impl Tcl<'_> {
    fn script(&mut self, text: &str, deep: usize) -> String {
        let mut rest = text;
        let mut last = String::new();
        while !rest.is_empty() {
            if deep > DEEPEST || !self.work.spend(1) {
                self.work.not_understood();
                return ANY.to_string();
            }
            rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ';']);
            if rest.starts_with('#') {
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
                continue;
            }
            let (words, behind) = self.words(rest, deep);
            if behind.len() == rest.len() {
                break;
            }
            rest = behind;
            if !words.is_empty() {
                last = self.command(&words, deep);
            }
        }
        last
    }

    /// The words of the command at the start of `text`, and what follows it.
    fn words<'t>(&mut self, text: &'t str, deep: usize) -> (Vec<Word>, &'t str) {
        let mut words = Vec::new();
        let mut rest = text;
        loop {
            let trimmed = rest.trim_start_matches([' ', '\t']);
            let trimmed = trimmed.strip_prefix("\\\n").unwrap_or(trimmed).trim_start_matches([' ', '\t']);
            if trimmed.is_empty() || trimmed.starts_with(['\n', ';', '\r']) || !self.work.spend(1) {
                return (words, trimmed);
            }
            if let Some(spread) = trimmed.strip_prefix("{*}") {
                let (word, behind) = self.word(spread, deep);
                words.extend(word.text.split_whitespace().map(|part| Word { text: part.to_owned(), braced: false }));
                rest = behind;
                continue;
            }
            let (word, behind) = self.word(trimmed, deep);
            words.push(word);
            if behind.len() == trimmed.len() {
                return (words, "");
            }
            rest = behind;
        }
    }

    fn word<'t>(&mut self, text: &'t str, deep: usize) -> (Word, &'t str) {
        if let Some(open) = text.strip_prefix('{') {
            return match brace_end(text) {
                Some(end) => (Word { text: text[1..end].to_owned(), braced: true }, &text[end + 1..]),
                None => {
                    self.work.not_understood();
                    (Word { text: open.to_owned(), braced: true }, "")
                }
            };
        }
        let quoted = text.starts_with('"');
        let mut rest = if quoted { &text[1..] } else { text };
        let mut out = String::new();
        while let Some(first) = rest.chars().next() {
            match first {
                '"' if quoted => return (Word { text: out, braced: false }, &rest[1..]),
                ' ' | '\t' | '\n' | ';' | '\r' if !quoted => break,
                '\\' => {
                    let next = rest[1..].chars().next();
                    match next {
                        Some('n') => out.push('\n'),
                        Some('t') => out.push('\t'),
                        Some(other) => out.push(other),
                        None => {}
                    }
                    rest = &rest[1 + next.map_or(0, char::len_utf8)..];
                }
                '[' => {
                    let end = bracket_end(rest);
                    let inside = &rest[1..end.unwrap_or(rest.len())];
                    let value = self.script(inside, deep + 1);
                    out = joined(out, &value);
                    if end.is_none() {
                        self.work.not_understood();
                    }
                    rest = end.map_or("", |end| &rest[end + 1..]);
                }
                '$' => {
                    let (value, behind) = self.variable(&rest[1..]);
                    out = joined(out, &value);
                    rest = behind;
                }
                other => {
                    out.push(other);
                    rest = &rest[other.len_utf8()..];
                }
            }
            if !self.work.spend(1) {
                return (Word { text: out, braced: false }, "");
            }
        }
        if quoted {
            self.work.not_understood();
        }
        (Word { text: out, braced: false }, rest)
    }

    fn variable<'t>(&mut self, text: &'t str) -> (String, &'t str) {
        let (name, behind) = if let Some(inside) = text.strip_prefix('{') {
            let end = inside.find('}').unwrap_or(inside.len());
            (&inside[..end], inside.get(end + 1..).unwrap_or_default())
        } else {
            let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len());
            (&text[..end], &text[end..])
        };
        if name.is_empty() {
            return ("$".into(), behind);
        }
        if let Some(inside) = behind.strip_prefix('(') {
            let end = inside.find(')').unwrap_or(inside.len());
            if name.trim_start_matches(':') == "env" {
                self.work.environment(&Value::text(&inside[..end]));
            }
            return (ANY.to_string(), inside.get(end + 1..).unwrap_or_default());
        }
        let value = self.names.get(name).cloned().flatten().unwrap_or_else(|| ANY.to_string());
        (value, behind)
    }

    /// Does a command and gives its value.
    fn command(&mut self, words: &[Word], deep: usize) -> String {
        let name = words[0].text.trim_start_matches(':');
        let args = &words[1..];
        let first = args.first().map(Word::value).unwrap_or_default();
        let second = args.get(1).map(Word::value).unwrap_or_default();
        match name {
            _ if name.contains([ANY, PART]) => self.work.dynamic("command by name"),
            "set" => return self.set(args),
            "append" | "lappend" | "incr" => drop(self.names.insert(first.to_text(), None)),
            "puts" => self.work.say(Deed::Prints),
            "exec" => self.exec(args),
            "spawn" => self.work.argv(&values(args, 0)),
            "open" => self.open(&first, &second),
            "file" => return self.file(args),
            "glob" => {
                return args
                    .iter()
                    .rfind(|word| !word.text.starts_with('-'))
                    .map_or(String::new(), |word| word.text.clone());
            }
            "source" => self.work.argv(&[Value::text("tclsh"), first]),
            "load" => self.work.native("load"),
            "socket" if first.known() == Some("-server") => self.work.say(Deed::Listens),
            "socket" => self.work.socket(&first, &second),
            "http::geturl" | "http.geturl" => {
                let sends = args.iter().any(|word| word.text == "-query" || word.text == "-querychannel");
                self.work.network(&first, sends);
            }
            "eval" | "uplevel" | "subst" | "after" | "interp" => {
                let text: Vec<&str> = args.iter().map(|word| word.text.as_str()).collect();
                let text = text.join(" ");
                if name == "after" {
                    self.scripts(args, deep);
                } else if text.trim_start().starts_with(ANY) {
                    self.work.dynamic(name);
                } else {
                    self.script(&text, deep + 1);
                }
            }
            "proc" => self.scripts(args.get(2..).unwrap_or_default(), deep),
            "foreach" => {
                let row = second.to_text();
                let whole = row.split_whitespace().count() == 1;
                self.names.insert(first.to_text(), whole.then_some(row));
                self.scripts(args.get(2..).unwrap_or_default(), deep);
            }
            "if" => {
                let mut condition = true;
                for word in args {
                    if condition && word.braced {
                        self.expression(&word.text, deep);
                    } else if word.braced {
                        self.script(&word.text, deep + 1);
                    }
                    condition = word.text == "elseif";
                }
            }
            "while" | "for" => {
                let at = usize::from(name == "for");
                args.get(at).into_iter().for_each(|word| self.expression(&word.text, deep));
                let bodies = args.iter().enumerate().filter(|(index, word)| *index != at && word.braced);
                bodies.for_each(|(_, word)| drop(self.script(&word.text, deep + 1)));
            }
            "expr" => args.iter().filter(|word| word.braced).for_each(|word| self.expression(&word.text, deep)),
            "catch" | "try" | "switch" | "namespace" | "dict" | "lmap" | "expect" | "time" | "else" => {
                self.scripts(args, deep);
            }
            "array" if second.known() == Some("env") => self.work.environment(&Value::Unknown),
            "exit" | "package" | "global" | "variable" | "string" | "list" | "lindex" | "format" | "join"
            | "binary" | "concat" => {
                return folded(name, args);
            }
            _ => {
                // `db eval {sql}`.
                if let Some(sql) = args.iter().find(|word| word.braced && text::is_sql(&word.text)) {
                    self.work.sql(&sql.value());
                }
                self.scripts(args, deep);
            }
        }
        ANY.to_string()
    }

    /// A condition: only the commands in it are done.
    fn expression(&mut self, text: &str, deep: usize) {
        if deep > DEEPEST {
            return self.work.not_understood();
        }
        let mut rest = text;
        while !rest.is_empty() && self.work.spend(1) {
            let (_, behind) = self.words(rest, deep + 1);
            rest = behind.trim_start_matches(['\n', ';', '\r', ' ']);
            if behind.len() == text.len() {
                break;
            }
        }
    }

    /// Words in braces are followed as scripts.
    fn scripts(&mut self, args: &[Word], deep: usize) {
        for word in args.iter().filter(|word| word.braced) {
            self.script(&word.text, deep + 1);
        }
    }

    fn set(&mut self, args: &[Word]) -> String {
        let name = args.first().map(|word| word.text.clone()).unwrap_or_default();
        match args.get(1) {
            Some(word) => {
                let before = self.names.insert(name.clone(), Some(word.text.clone()));
                if before.is_some_and(|before| before.as_deref() != Some(&word.text)) {
                    self.names.insert(name, None);
                }
                word.text.clone()
            }
            None => self.names.get(&name).cloned().flatten().unwrap_or_else(|| ANY.to_string()),
        }
    }

    /// `exec a | b > file`.
    fn exec(&mut self, args: &[Word]) {
        let mut argv: Vec<Value> = Vec::new();
        let mut words = args.iter().skip_while(|word| word.text.starts_with('-'));
        while let Some(word) = words.next() {
            match word.text.as_str() {
                "|" | "|&" => {
                    self.work.argv(&argv);
                    argv.clear();
                }
                "&" => {}
                ">" | ">&" => words.next().into_iter().for_each(|file| self.work.write(&file.value())),
                ">>" | ">>&" => words.next().into_iter().for_each(|file| self.work.append(&file.value())),
                "<" => words.next().into_iter().for_each(|file| self.work.read(&file.value())),
                "<<" => drop(words.next()),
                _ => argv.push(word.value()),
            }
        }
        self.work.argv(&argv);
    }

    fn open(&mut self, path: &Value, mode: &Value) {
        if let Value::Text(text) = path
            && let Some(command) = text.trim_start().strip_prefix('|')
        {
            return self.work.shell("open", &Value::text(command.trim()));
        }
        match mode.known() {
            Some(mode) if mode.starts_with(['a', 'A']) => self.work.append(path),
            Some(mode) => {
                if mode.contains(['w', 'W', '+']) {
                    self.work.write(path);
                }
                if mode.contains(['r', '+']) {
                    self.work.read(path);
                }
            }
            None => self.work.read(path),
        }
    }

    fn file(&mut self, args: &[Word]) -> String {
        let what = args.first().map_or("", |word| word.text.as_str());
        let paths: Vec<&Word> = args.iter().skip(1).filter(|word| !word.text.starts_with('-')).collect();
        let text = |index: usize| paths.get(index).map(|word| word.text.clone()).unwrap_or_default();
        match what {
            "delete" => {
                let recursive = args.iter().any(|word| word.text == "-force");
                paths.iter().for_each(|word| self.work.delete(&word.value(), recursive));
            }
            "rename" => paths.iter().for_each(|word| self.work.write(&word.value())),
            "copy" | "link" => {
                self.work.read(&Value::Text(text(0)));
                self.work.write(&Value::Text(text(1)));
            }
            "mkdir" => paths.iter().for_each(|word| self.work.write(&word.value())),
            "attributes" if args.len() > 2 => self.work.rights(&Value::Text(text(0))),
            "join" => return text::join_paths(&paths.iter().map(|word| word.text.clone()).collect::<Vec<_>>()),
            "dirname" => return text::parent(&text(0)),
            "tail" => return text::file_name(&text(0)).to_owned(),
            "normalize" => return text(0),
            _ => {}
        }
        ANY.to_string()
    }
}

fn values(args: &[Word], from: usize) -> Vec<Value> {
    args.iter().skip(from).skip_while(|word| word.text.starts_with('-')).map(Word::value).collect()
}

/// Commands on texts that are worked out.
fn folded(name: &str, args: &[Word]) -> String {
    let text = |index: usize| args.get(index).map_or("", |word| word.text.as_str());
    let known = |value: Option<String>| value.unwrap_or_else(|| ANY.to_string());
    match (name, text(0)) {
        ("string", "reverse") => text(1).chars().rev().collect(),
        ("string", "tolower") => text(1).to_lowercase(),
        ("binary", "decode") if text(1) == "base64" => known(text::base64(text(2))),
        ("binary", "decode") if text(1) == "hex" => known(text::hex(text(2))),
        ("list" | "concat", _) => args.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "),
        ("join", list) => list.split_whitespace().collect::<Vec<_>>().join(if args.len() > 1 { text(1) } else { " " }),
        ("format", format) => {
            let values: Vec<Value> = args.iter().skip(1).map(Word::value).collect();
            text::percent(format, &values, &[])
        }
        _ => ANY.to_string(),
    }
}

/// Where the brace at the start closes.
fn brace_end(text: &str) -> Option<usize> {
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Where the bracket at the start closes.
fn bracket_end(text: &str) -> Option<usize> {
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}
