//! `rules test`, `rules lint`, `rules packs`, `rules show`: what rule files say, and whether they hold.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clawbutler_core::clock::Timestamp;
use clawbutler_policy::{LoadError, PackKind, Rule, RuleSet, Source, lint, packs};

use super::judge::one_line;
use super::source::{FileText, Place};

/// Loads every file on its own, which tries the examples of its rules; without files, every pack, and the
/// user's files on top of the default one. Failure when one does not load.
pub(super) fn test(files: &[PathBuf], place: &Place, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let mut tried = Tried::default();
    if files.is_empty() {
        for pack in packs::all() {
            tried.note(&format!("pack {}", pack.head.id), packs::with(&[&pack.head.id], &[]), out)?;
        }
        let own = FileText::of_folder(&place.data)?;
        for file in &own {
            tried.note(&file.name, RuleSet::from_sources(&[file.source()]), out)?;
        }
        if own.len() > 1 && tried.failed == 0 {
            let sources: Vec<Source<'_>> = own.iter().map(FileText::source).collect();
            tried.note("all files of the data folder together", RuleSet::from_sources(&sources), out)?;
        }
    }
    for path in files {
        match FileText::read(path) {
            Ok(file) => tried.note(&file.name, RuleSet::from_sources(&[file.source()]), out)?,
            Err(error) => tried.fail(&format!("{error:#}"), None, out)?,
        }
    }
    writeln!(out, "{} hold, {} failed", tried.held, tried.failed)?;
    Ok(if tried.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Counts of `rules test`.
#[derive(Debug, Default)]
struct Tried {
    held: usize,
    failed: usize,
}

impl Tried {
    fn note(&mut self, name: &str, loaded: Result<RuleSet, LoadError>, out: &mut impl Write) -> io::Result<()> {
        match loaded {
            Ok(set) => {
                self.held += 1;
                let examples: usize = set.rules().map(|rule| rule.matches.len() + rule.ignores.len()).sum();
                writeln!(out, "ok      {name}: {} rules, {examples} examples", set.rules().count())
            }
            Err(error) => self.fail(&error.to_string(), Some(&error.hint), out),
        }
    }

    fn fail(&mut self, says: &str, hint: Option<&str>, out: &mut impl Write) -> io::Result<()> {
        self.failed += 1;
        writeln!(out, "FAILED  {says}")?;
        hint.map_or(Ok(()), |hint| writeln!(out, "        {hint}"))
    }
}

/// Writes what is odd about a set. Failure when something is.
pub(super) fn write_lint(set: &RuleSet, from: &str, now: Timestamp, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let findings = lint(set, Some(now));
    for finding in &findings {
        let kind = serde_json::to_value(finding.kind)?;
        writeln!(out, "{}: {}: {}", kind.as_str().unwrap_or_default(), finding.rule, finding.says)?;
        writeln!(out, "    {}", finding.fix)?;
    }
    writeln!(out, "{} findings in {from}", findings.len())?;
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lists the packs that come with the program.
pub(super) fn write_packs(out: &mut impl Write) -> anyhow::Result<()> {
    for pack in packs::all() {
        let kind = match pack.head.kind {
            PackKind::Base => "base",
            PackKind::Domain => "adds",
        };
        let rules = packs::with(&[&pack.head.id], &[])?.rules().count();
        writeln!(out, "{:<10} {kind}  {rules:>3} rules  {}", pack.head.id, pack.head.summary)?;
    }
    writeln!(out, "\nOne base is in force at a time; the others go on top of it.")?;
    Ok(())
}

/// Lists rules in the order of their effect: the strictest first.
pub(super) fn write_rules(set: &RuleSet, from: &str, out: &mut impl Write) -> io::Result<()> {
    let mut rules: Vec<(&str, &Rule)> = set.named().collect();
    rules.sort_by_key(|(_, rule)| std::cmp::Reverse(rule.decision));
    for (name, rule) in rules {
        writeln!(out, "{:<5}  {name}{}", rule.decision.word(), aside(rule))?;
        writeln!(out, "       when {}", one_line(&rule.describe()))?;
        writeln!(out, "       {}", one_line(&rule.because))?;
    }
    for tuning in set.tunings() {
        let level = tuning.level.map_or("off", |level| level.word());
        writeln!(out, "signal {} counts as {level}", tuning.name)?;
    }
    writeln!(out, "\n{} rules from {from}, version {}", set.rules().count(), set.version())?;
    writeln!(out, "Whatever they say: ClawButler's own files are never touched, and high risk is asked about at least.")
}

fn aside(rule: &Rule) -> String {
    let mut words = Vec::new();
    if !rule.enabled {
        words.push("switched off".to_owned());
    }
    if rule.observe {
        words.push("only observes".to_owned());
    }
    if let Some(end) = &rule.expires {
        words.push(format!("until {end}"));
    }
    if words.is_empty() { String::new() } else { format!("  ({})", words.join(", ")) }
}
