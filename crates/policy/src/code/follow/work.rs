//! What was found so far, and what it may still cost.

use std::collections::BTreeMap;

use super::{Args, Follower};
use crate::code::lex;
use crate::code::text;
use crate::code::value::{ANY, Made, Value};
use crate::code::{Deed, Language, Program};

/// Deeds told apart in one program.
const MOST_DEEDS: usize = 256;
/// Deepest nesting of brackets, calls and programs in programs.
pub(super) const DEEPEST: usize = 64;
/// Programs in programs.
const DEEPEST_TEXTS: usize = 6;
/// Steps any program may take, and how many more for each byte of its text.
const STEPS: usize = 20_000;
const STEPS_PER_BYTE: usize = 6;

/// A name and what it stands for.
#[derive(Debug, Default)]
pub(super) struct Binding {
    pub(super) value: Value,
    /// How often it was assigned so far.
    pub(super) assigned: usize,
}

/// The names of a program or of a call.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) names: BTreeMap<String, Binding>,
    /// Names that are assigned more than once, and how often.
    pub(super) again: Vec<(String, usize)>,
    /// Names that belong to the outermost scope.
    pub(super) global: Vec<String>,
}

/// A look in progress, shared by the program and the programs in it.
#[derive(Debug)]
pub(in crate::code) struct Work {
    pub(in crate::code) language: Language,
    pub(super) scopes: Vec<Scope>,
    deeds: Vec<Deed>,
    steps: usize,
    pub(super) depth: usize,
    texts_deep: usize,
    /// How many texts were followed.
    pub(super) texts: usize,
    /// Inside a branch or a loop: an assignment may or may not have happened.
    pub(super) nest: usize,
    understood: bool,
    /// Modules whose names were all imported.
    pub(in crate::code) stars: Vec<String>,
}

impl Work {
    pub(in crate::code) fn new(language: Language) -> Self {
        Self {
            language,
            scopes: vec![Scope::default()],
            deeds: Vec::new(),
            steps: STEPS,
            depth: 0,
            texts_deep: 0,
            texts: 0,
            nest: 0,
            understood: true,
            stars: Vec::new(),
        }
    }

    pub(in crate::code) fn finish(self) -> Program {
        Program { deeds: self.deeds, understood: self.understood }
    }

    /// Follows a program, which may be one inside another.
    pub(in crate::code) fn program(&mut self, language: Language, text: &str) {
        if self.texts_deep >= DEEPEST_TEXTS || self.depth >= DEEPEST {
            self.understood = false;
            return;
        }
        if text.contains('\0') {
            self.understood = false;
        }
        if self.texts == 0 {
            self.steps += text.len() * STEPS_PER_BYTE;
        } else if !self.spend(text.len() / 4) {
            return;
        }
        match language {
            Language::Tcl => return crate::code::tcl::program(self, text),
            Language::AppleScript => return crate::code::applescript::program(self, text),
            _ => {}
        }
        let outer = std::mem::replace(&mut self.language, language);
        let nest = std::mem::take(&mut self.nest);
        let lexed = lex::tokens(language, text);
        self.understood &= !lexed.lost;
        self.texts_deep += 1;
        let end = lexed.tokens.len();
        let mut follower = Follower::new(self, &lexed.tokens);
        follower.open_scope(0, end);
        follower.run(end);
        follower.settle(0);
        self.texts_deep -= 1;
        self.nest = nest;
        self.language = outer;
    }

    /// The value of one expression given as text.
    pub(super) fn expression(&mut self, text: &str) -> Value {
        if self.texts_deep >= DEEPEST_TEXTS || self.depth >= DEEPEST || !self.spend(2 + text.len() / 4) {
            self.understood = false;
            return Value::Unknown;
        }
        let lexed = lex::tokens(self.language, text);
        self.understood &= !lexed.lost;
        self.texts_deep += 1;
        let mut follower = Follower::new(self, &lexed.tokens);
        let mut value = Value::Nothing;
        while follower.at < follower.until && follower.work.spend(1) {
            let before = follower.at;
            value = follower.expression();
            if follower.at == before || follower.is(":") || follower.is("!") {
                break;
            }
        }
        follower.settle(0);
        self.texts_deep -= 1;
        value
    }

    /// Takes `cost` steps; false when there are none left.
    pub(in crate::code) fn spend(&mut self, cost: usize) -> bool {
        if self.steps < cost {
            self.steps = 0;
            self.understood = false;
            return false;
        }
        self.steps -= cost;
        true
    }

    /// Says whether what follows may or may not happen.
    pub(in crate::code) fn set_nest(&mut self, nest: usize) {
        self.nest = nest;
    }

    pub(in crate::code) fn nest(&self) -> usize {
        self.nest
    }

    pub(in crate::code) fn not_understood(&mut self) {
        self.understood = false;
    }

    pub(in crate::code) fn say(&mut self, deed: Deed) {
        if self.deeds.contains(&deed) {
            return;
        }
        if self.deeds.len() < MOST_DEEDS {
            self.deeds.push(deed);
        } else {
            self.understood = false;
        }
    }

    fn paths(value: &Value) -> Vec<Option<String>> {
        match value {
            Value::Text(text) | Value::Made(Made::Path, text) => vec![text::path(text)],
            Value::Nothing | Value::Number(_) | Value::Flag(_) | Value::Made(Made::File, _) => Vec::new(),
            Value::List(values) | Value::OneOf(values) => values.iter().flat_map(Self::paths).take(64).collect(),
            Value::Each(value) => Self::paths(value),
            _ => vec![None],
        }
    }

    /// A file is read; a web address is fetched.
    pub(in crate::code) fn read(&mut self, value: &Value) {
        for path in Self::paths(value) {
            match path {
                Some(url) if is_url(&url) => self.say(Deed::Network { url: Some(url), sends: false }),
                path => self.say(Deed::Read { path }),
            }
        }
    }

    pub(in crate::code) fn write(&mut self, value: &Value) {
        self.writes(value, false);
    }

    pub(in crate::code) fn append(&mut self, value: &Value) {
        self.writes(value, true);
    }

    fn writes(&mut self, value: &Value, appends: bool) {
        for path in Self::paths(value) {
            match path {
                Some(url) if is_url(&url) => self.say(Deed::Network { url: Some(url), sends: true }),
                path => self.say(Deed::Write { path, appends }),
            }
        }
    }

    pub(in crate::code) fn delete(&mut self, value: &Value, recursive: bool) {
        for path in Self::paths(value) {
            self.say(Deed::Delete { path, recursive });
        }
    }

    pub(in crate::code) fn rights(&mut self, value: &Value) {
        for path in Self::paths(value) {
            self.say(Deed::Rights { path });
        }
    }

    /// A text is run by a shell; `what` runs it.
    pub(in crate::code) fn shell(&mut self, what: &str, value: &Value) {
        for value in value.each() {
            match value {
                Value::Nothing => {}
                Value::Text(text) if text.is_empty() => {}
                Value::Text(text) if text.trim_matches(ANY).is_empty() => self.dynamic(what),
                Value::Text(text) => self.say(Deed::Shell { text: text::shell(text) }),
                Value::Made(Made::Path, text) => self.say(Deed::Shell { text: text::shell(text) }),
                Value::List(parts) if !parts.is_empty() => {
                    let parts: Vec<String> = parts.iter().map(Value::to_text).collect();
                    self.say(Deed::Shell { text: text::shell(&parts.join(" ")) });
                }
                _ => self.dynamic(what),
            }
        }
    }

    /// A program is started with its arguments.
    pub(in crate::code) fn argv(&mut self, argv: &[Value]) {
        if argv.is_empty() {
            return;
        }
        // Each possibility of a single argument is a command of its own.
        let many = argv.iter().position(|value| matches!(value, Value::OneOf(_)));
        match many {
            Some(at) => {
                for value in argv[at].each().iter().take(16) {
                    let mut one = argv.to_vec();
                    one[at] = value.clone();
                    self.say(Deed::Argv { argv: words(&one) });
                }
            }
            None => self.say(Deed::Argv { argv: words(argv) }),
        }
    }

    pub(in crate::code) fn network(&mut self, value: &Value, sends: bool) {
        for value in value.each() {
            let url = match value {
                Value::Text(text) | Value::Made(Made::Request, text) => text::url(text),
                _ => None,
            };
            self.say(Deed::Network { url, sends });
        }
    }

    /// A connection to `host` and `port`, either of which may be a pair of both.
    pub(in crate::code) fn socket(&mut self, host: &Value, port: &Value) {
        let known = |value: &Value| text::argument(&value.to_text()).filter(|text| !text.is_empty());
        let to = match (host, port) {
            (Value::List(pair), _) if pair.len() >= 2 => {
                known(&pair[0]).and_then(|host| known(&pair[1]).map(|port| format!("{host}:{port}")))
            }
            (host, Value::Nothing) => known(host),
            (host, port) => known(host).and_then(|host| known(port).map(|port| format!("{host}:{port}"))),
        };
        self.say(Deed::RawSocket { to });
    }

    pub(in crate::code) fn environment(&mut self, name: &Value) {
        for value in name.each() {
            let name = value.known().map(str::to_owned);
            self.say(Deed::Environment { name });
        }
    }

    pub(in crate::code) fn sql(&mut self, value: &Value) {
        for value in value.each() {
            let text = text::sql(&value.to_text());
            self.say(Deed::Sql { text });
        }
    }

    pub(in crate::code) fn dynamic(&mut self, what: &str) {
        self.say(Deed::Dynamic { what: what.to_owned() });
    }

    pub(in crate::code) fn native(&mut self, what: &str) {
        self.say(Deed::LoadsNative { what: what.to_owned() });
    }

    /// A text is run as a program of `language`; `what` runs it.
    pub(in crate::code) fn code(&mut self, language: Language, what: &str, value: &Value) {
        for value in value.each() {
            match value.known() {
                Some(program) => self.program(language, program),
                None if matches!(value, Value::Local(..) | Value::Nothing) => {}
                None => self.dynamic(what),
            }
        }
    }
}

/// The words of a command, lists laid out; what a shell is given to run keeps its known parts.
fn words(argv: &[Value]) -> Vec<Option<String>> {
    const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "fish"];
    let flat = argv.iter().flat_map(|value| match value {
        Value::List(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    });
    let texts: Vec<String> = flat.map(Value::to_text).collect();
    let shell = texts.first().is_some_and(|program| SHELLS.contains(&text::file_name(program)));
    let script = texts.iter().position(|word| word.starts_with('-') && word.ends_with('c')).filter(|_| shell);
    let word = |(at, word): (usize, &String)| {
        let known_in_part = script.is_some_and(|script| at == script + 1) && !word.trim_matches(ANY).is_empty();
        if known_in_part { Some(text::shell(word)) } else { text::argument(word) }
    };
    texts.iter().enumerate().map(word).collect()
}

fn is_url(path: &str) -> bool {
    ["http://", "https://", "ftp://", "s3://", "gs://"].iter().any(|scheme| path.starts_with(scheme))
}

impl Args {
    /// The argument at `index`, or the one with that name; nothing when there is none.
    pub(in crate::code) fn get(&self, index: usize, name: &str) -> &Value {
        const UNKNOWN: &Value = &Value::Unknown;
        const NOTHING: &Value = &Value::Nothing;
        if !name.is_empty()
            && let Some((_, value)) = self.named.iter().find(|(key, _)| key == name)
        {
            return value;
        }
        match self.list.get(index) {
            Some(value) => value,
            None if self.open => UNKNOWN,
            None => NOTHING,
        }
    }

    pub(in crate::code) fn first(&self) -> &Value {
        self.get(0, "")
    }

    /// An option by name: as a named argument or in a table among the arguments.
    pub(in crate::code) fn option(&self, name: &str) -> Option<&Value> {
        let in_table = |value: &'_ Value| match value {
            Value::Map(pairs) => pairs.iter().position(|(key, _)| key == name),
            _ => None,
        };
        if let Some((_, value)) = self.named.iter().find(|(key, _)| key == name) {
            return Some(value);
        }
        self.list.iter().find_map(|value| match value {
            Value::Map(pairs) => in_table(value).map(|at| &pairs[at].1),
            _ => None,
        })
    }

    /// Whether an option is given and not known to be off.
    pub(in crate::code) fn is_set(&self, name: &str) -> bool {
        self.option(name).is_some_and(|value| value.truth() != Some(false))
    }

    /// All arguments from `index` on.
    pub(in crate::code) fn rest(&self, index: usize) -> Vec<Value> {
        let mut rest: Vec<Value> = self.list.iter().skip(index).cloned().collect();
        if self.open {
            rest.push(Value::Unknown);
        }
        rest
    }

    /// Arguments that are not known.
    pub(in crate::code) fn unknown() -> Self {
        Self { open: true, ..Self::default() }
    }

    pub(in crate::code) fn of(list: Vec<Value>) -> Self {
        Self { list, ..Self::default() }
    }
}
