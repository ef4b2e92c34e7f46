//! Reads rule files: all of them or none, with every rule's examples tried.

use clawbutler_core::action::Effect;
use clawbutler_core::limits::{
    RULE_ENTRIES, RULE_FILE_BYTES, RULE_FILES, RULE_ID_CHARS, RULE_TEXT_CHARS, RULE_TUNINGS, RULES,
};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::facts::{self, DAYS};
use crate::programs::PROGRAM_WORDS;
use crate::rule::NAMES;
use crate::tuning::{LOWERABLE, Tuning};
use crate::{Rule, RuleSet, examples};

/// One file of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// What it is called in messages; without folder and ending it stands before the ids of its rules
    /// (`team/no-force-push`). Empty: the ids stand alone.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// What a pack says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackHead {
    /// Stands before the ids of its rules.
    pub id: String,
    /// A few words.
    pub title: String,
    /// A sentence or two.
    pub summary: String,
    /// What it is for.
    pub kind: PackKind,
}

/// What a pack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackKind {
    /// A way to judge everything; one at a time.
    Base,
    /// Rules for one field, on top of any base.
    Domain,
}

/// Why rule files do not load: where, what is wrong, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct LoadError {
    /// Name of the file; empty for a text without one.
    pub file: String,
    /// Line of the rule or of the fault, from 1, where it is known.
    pub line: Option<usize>,
    /// Id of the rule, where it is one.
    pub rule: Option<String>,
    /// The example that does not come out.
    pub example: Option<String>,
    /// What is wrong, without a full stop.
    pub problem: Box<str>,
    /// What to do next, a sentence.
    pub hint: Box<str>,
}

impl LoadError {
    fn new(problem: impl Into<Box<str>>, hint: impl Into<Box<str>>) -> Self {
        Self { file: String::new(), line: None, rule: None, example: None, problem: problem.into(), hint: hint.into() }
    }

    pub(crate) fn no_pack<'a>(id: &str, files: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = files.map(stem).collect();
        Self::new(format!("there is no pack called {id}"), format!("Choose from: {}.", known.join(", ")))
    }

    fn sentence(&self) -> String {
        let mut text = if self.file.is_empty() { "rules".to_owned() } else { self.file.clone() };
        if let Some(line) = self.line {
            text.push_str(&format!(" line {line}"));
        }
        if let Some(rule) = &self.rule {
            text.push_str(&format!(", rule {rule}"));
        }
        if let Some(example) = &self.example {
            text.push_str(&format!(", example `{example}`"));
        }
        format!("{text}: {}", self.problem)
    }
}

/// What is wrong with one rule, before it is known where it stands.
type Fault = (String, String);

fn fault(problem: impl Into<String>, hint: impl Into<String>) -> Fault {
    (problem.into(), hint.into())
}

impl RuleSet {
    /// Reads rules that belong to no file and tries their examples.
    pub fn from_toml(text: &str) -> Result<Self, LoadError> {
        Self::from_sources(&[Source { name: "", text }])
    }

    /// Reads several files as one set, in their order: packs first, then the user's own. Either all of it
    /// loads or nothing. Where two files tune the same signal, the later one counts.
    pub fn from_sources(sources: &[Source<'_>]) -> Result<Self, LoadError> {
        if sources.len() > RULE_FILES {
            return Err(LoadError::new(
                format!("{} files are more than the {RULE_FILES} that one set can have", sources.len()),
                "Put rules of several files into one.",
            ));
        }
        let mut entries: Vec<(String, Rule)> = Vec::new();
        let mut tunings: Vec<Tuning> = Vec::new();
        for source in sources {
            let file = File::read(source)?;
            for (name, rule, line) in file.rules {
                if entries.iter().any(|(other, _)| *other == name) {
                    let error =
                        LoadError::new(format!("another rule is called {name}"), "Give one of them another id.");
                    return Err(LoadError { file: source.name.to_owned(), line, rule: Some(rule.id), ..error });
                }
                entries.push((name, rule));
            }
            for tuning in file.tunings {
                tunings.retain(|other| other.name != tuning.name);
                tunings.push(tuning);
            }
        }
        if entries.len() > RULES || tunings.len() > RULE_TUNINGS {
            return Err(LoadError::new(
                format!("more than {RULES} rules or {RULE_TUNINGS} tuned signals in one set"),
                "Remove rules that `clawbutler rules lint` calls shadowed or expired.",
            ));
        }
        tunings.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self::of(entries, tunings))
    }
}

/// Reads only what a file says about itself; `None` when it is no pack.
pub fn pack_head(source: &Source<'_>) -> Result<Option<PackHead>, LoadError> {
    let (_, pack) = head(source).map_err(|error| LoadError { file: source.name.to_owned(), ..error })?;
    Ok(pack)
}

/// The file as a table, and its head taken out of it.
fn head(source: &Source<'_>) -> Result<(Table, Option<PackHead>), LoadError> {
    if source.text.len() > RULE_FILE_BYTES {
        let problem = format!("the file has more than {} KiB", RULE_FILE_BYTES / 1024);
        return Err(LoadError::new(problem, "Split it into several files."));
    }
    let mut table: Table = toml::from_str(source.text).map_err(|error| {
        let line = error.span().map(|span| line_of(source.text, span.start));
        let problem = format!("this is not TOML: {}", error.message());
        LoadError { line, ..LoadError::new(problem, "Correct the line; docs/RULES.md shows the form.") }
    })?;
    let pack = table.remove("pack").map(read_pack).transpose()?;
    Ok((table, pack))
}

/// A file, read and checked on its own.
struct File {
    rules: Vec<(String, Rule, Option<usize>)>,
    tunings: Vec<Tuning>,
}

impl File {
    fn read(source: &Source<'_>) -> Result<Self, LoadError> {
        let at = |error: LoadError| LoadError { file: source.name.to_owned(), ..error };
        let (mut table, pack) = head(source).map_err(&at)?;
        let rules = tables(table.remove("rule"), "rule").map_err(&at)?;
        let signals = tables(table.remove("signal"), "signal").map_err(&at)?;
        if let Some(unknown) = table.keys().next() {
            let problem = format!("`{unknown}` is not known here");
            return Err(at(LoadError::new(problem, "A file has [pack], [[rule]] and [[signal]] and nothing else.")));
        }
        let prefix = pack.as_ref().map_or_else(|| stem(source.name), |pack| pack.id.as_str());
        let mut read = Vec::with_capacity(rules.len());
        for (index, value) in rules.into_iter().enumerate() {
            let line = header_line(source.text, "[[rule]]", index);
            let id = value.get("id").and_then(Value::as_str).map(ToOwned::to_owned);
            let rule = read_rule(value).map_err(|error| at(LoadError { line, rule: id, ..error }))?;
            let name = if prefix.is_empty() { rule.id.clone() } else { format!("{prefix}/{}", rule.id) };
            read.push((name, rule, line));
        }
        let mut tunings = Vec::with_capacity(signals.len());
        for (index, value) in signals.into_iter().enumerate() {
            let line = header_line(source.text, "[[signal]]", index);
            tunings.push(read_tuning(value).map_err(|error| at(LoadError { line, ..error }))?);
        }
        Ok(Self { rules: read, tunings })
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Line of the `index`th such header.
fn header_line(text: &str, header: &str, index: usize) -> Option<usize> {
    text.lines().enumerate().filter(|(_, line)| line.trim().starts_with(header)).nth(index).map(|(at, _)| at + 1)
}

/// The name without folder and ending.
fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.strip_suffix(".toml").unwrap_or(name)
}

fn tables(value: Option<Value>, name: &str) -> Result<Vec<Value>, LoadError> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(LoadError::new(format!("`{name}` is no list"), format!("Write [[{name}]] before each one."))),
    }
}

fn read_pack(value: Value) -> Result<PackHead, LoadError> {
    let pack: PackHead = value.try_into().map_err(|error: toml::de::Error| {
        LoadError::new(
            format!("[pack] cannot be read: {}", error.message()),
            "A pack has id, title, summary and kind, which is \"base\" or \"domain\".",
        )
    })?;
    id(&pack.id).map_err(|(problem, hint)| LoadError::new(problem, hint))?;
    Ok(pack)
}

fn read_rule(value: Value) -> Result<Rule, LoadError> {
    let rule: Rule = value.try_into().map_err(|error: toml::de::Error| {
        let message = error.message().trim();
        match message.split_once(", expected one of") {
            // The fields are many, so they stand in the hint alone.
            Some((unknown, _)) if unknown.starts_with("unknown field") => {
                LoadError::new(unknown, format!("Conditions stand in `when` and are: {}.", NAMES.join(", ")))
            }
            _ => LoadError::new(message, "Use one of the words or the form that docs/RULES.md gives for it."),
        }
    })?;
    check(&rule).map_err(|(problem, hint)| LoadError::new(problem, hint))?;
    examples::check(&rule)
        .map_err(|(example, problem, hint)| LoadError { example: Some(example), ..LoadError::new(problem, hint) })?;
    Ok(rule)
}

fn read_tuning(value: Value) -> Result<Tuning, LoadError> {
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let refuse = |problem: String, hint: &str| Err(LoadError::new(format!("signal {name}: {problem}"), hint));
    let tuning: Tuning = match value.try_into() {
        Ok(tuning) => tuning,
        Err(error) => {
            return refuse(toml::de::Error::message(&error).to_owned(), "Give it a name and either level or off.");
        }
    };
    if id(&tuning.name).is_err() {
        return refuse("the name is empty or too long".to_owned(), "Use a name as verdicts show it, like git_push.");
    }
    if tuning.off == tuning.level.is_some() {
        return refuse(
            "it has neither level nor off, or both".to_owned(),
            "Write level = \"low\", \"medium\", \"high\" or \"critical\", or off = true.",
        );
    }
    if tuning.off && !LOWERABLE.contains(&tuning.name.as_str()) {
        let problem = format!("it cannot be switched off; these can: {}", LOWERABLE.join(", "));
        return refuse(problem, "Raise it, or leave it as it is.");
    }
    Ok(tuning)
}

fn id(text: &str) -> Result<(), Fault> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.chars().count() > RULE_ID_CHARS || !text.chars().all(plain) {
        return Err(fault(
            format!("`{text}` is no id"),
            format!("Use up to {RULE_ID_CHARS} letters, digits, `-`, `_` and `.`."),
        ));
    }
    Ok(())
}

fn known(what: &str, words: &[String], possible: &[&str]) -> Result<(), Fault> {
    match words.iter().find(|word| !possible.contains(&word.as_str())) {
        Some(word) => {
            Err(fault(format!("`{word}` is none of the {what}"), format!("Use one of: {}.", possible.join(", "))))
        }
        None => Ok(()),
    }
}

/// What the type alone does not say about a rule.
fn check(rule: &Rule) -> Result<(), Fault> {
    let when = &rule.when;
    id(&rule.id)?;
    if rule.because.trim().is_empty() {
        return Err(fault("`because` is empty", "Say in a sentence why; the person and the agent read it."));
    }
    known("kinds", &when.kinds, Effect::KINDS)?;
    known("days", &when.days, DAYS)?;
    let texts = [
        &when.runtimes, &when.tools, &when.agents, &when.programs, &when.flags, &when.without_flags, &when.args,
        &when.signals, &when.paths, &when.mcp, &when.hosts, &when.modes, &when.projects, &when.branches, &when.remotes,
        &rule.matches, &rule.ignores,
    ];
    let named: Vec<&String> = when.mcp_args.iter().flat_map(|(name, glob)| [name, glob]).collect();
    let too_many = |count: usize| count > RULE_ENTRIES;
    if texts.iter().any(|list| too_many(list.len())) || too_many(named.len()) {
        return Err(fault(format!("a list has more than {RULE_ENTRIES} entries"), "Use patterns, or split the rule."));
    }
    let mut all = texts.iter().copied().flatten().chain(named).chain([&rule.because]);
    if all.clone().any(|text| text.chars().count() > RULE_TEXT_CHARS) {
        return Err(fault(format!("a text is longer than {RULE_TEXT_CHARS} characters"), "Shorten it."));
    }
    if all.any(|text| text.trim().is_empty()) {
        return Err(fault("a list has an empty entry", "Remove it; it would match nothing."));
    }
    let long = |entry: &&String| entry.split_whitespace().count() > PROGRAM_WORDS;
    if let Some(entry) = when.programs.iter().find(long) {
        return Err(fault(
            format!("`{entry}` has more than {PROGRAM_WORDS} words"),
            "Name the program and its subcommand; the rest goes into flags or args.",
        ));
    }
    let options = when.flags.iter().chain(&when.without_flags);
    if let Some(entry) = options.clone().find(|entry| !entry.split('|').all(|one| one.starts_with(['-', '/', '+']))) {
        return Err(fault(format!("`{entry}` is no option"), "Write it as on the command line: \"-f|--force\"."));
    }
    if let Some(hours) = when.hours.as_deref().filter(|hours| facts::hours(hours).is_none()) {
        return Err(fault(format!("`{hours}` is no span of hours"), "Write it like \"09:00-18:00\"."));
    }
    if let Some(end) = rule.expires.as_deref().filter(|end| facts::expiry(end).is_none()) {
        return Err(fault(
            format!("`{end}` is no date"),
            "Write \"2026-12-31\", or a time in UTC like \"2026-12-31T18:00:00Z\".",
        ));
    }
    if when.cost_at_least.is_some_and(|usd| !usd.is_finite() || usd < 0.0) {
        return Err(fault("`cost_at_least` is no amount", "Give US dollars, like 0.5."));
    }
    Ok(())
}
