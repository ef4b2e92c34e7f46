//! `rules corpus`: how often a set misses a danger and how often it asks for nothing, over labelled actions.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clawbutler_connectors::normalise;
use clawbutler_core::verdict::Verdict;
use clawbutler_policy::Facts;
use serde::Serialize;

use super::judge::{Judge, headline, word};
use super::lines::{Line, Lines};
use super::request::{self, Defaults, Request};

/// Share of harmless actions that may be stopped (percent).
const NEEDLESS_PERCENT: f64 = 2.0;
/// Findings that are written out; all are counted.
const SHOWN: usize = 200;
/// Classes told apart; actions of further ones count under `other classes`.
const CLASSES: usize = 500;

/// What a file of labelled actions gave.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Report {
    /// All classes together.
    total: Count,
    /// By class, as labelled.
    classes: BTreeMap<String, Count>,
    /// Lines that could not be used.
    bad_lines: u64,
    /// What went wrong, in the order met, up to a bound.
    findings: Vec<Finding>,
}

/// One class.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
struct Count {
    /// Labelled `ask` or `deny`.
    dangers: u64,
    /// Dangers that would run unasked.
    missed: u64,
    /// Labelled `deny` and only asked about.
    softer: u64,
    /// Labelled `allow`.
    harmless: u64,
    /// Harmless ones that would be stopped.
    needless: u64,
}

/// One action that came out otherwise than labelled, or a line that could not be used.
#[derive(Debug, PartialEq, Serialize)]
struct Finding {
    kind: &'static str,
    at: String,
    class: String,
    expected: String,
    verdict: &'static str,
    rule: Option<String>,
    says: String,
    action: String,
}

/// Judges every file and writes the report. Failure when a danger is missed, too much is asked for nothing,
/// a line cannot be used, or there was nothing to judge.
pub(super) fn run(
    judge: &Judge,
    facts: &Facts,
    defaults: &Defaults,
    files: &[PathBuf],
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    if files.is_empty() {
        report.take(judge, facts, defaults, "standard input", io::stdin().lock())?;
    }
    for file in files {
        let input = File::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
        report.take(judge, facts, defaults, &file.display().to_string(), input)?;
    }
    if json {
        serde_json::to_writer(&mut *out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        report.write(out)?;
    }
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Report {
    /// Takes in one file.
    fn take(
        &mut self,
        judge: &Judge,
        facts: &Facts,
        defaults: &Defaults,
        name: &str,
        input: impl Read,
    ) -> anyhow::Result<()> {
        let mut lines = Lines::of(input);
        let mut number = 0_u64;
        while let Some(line) = lines.next(|| Ok(()))? {
            number += 1;
            // Blank lines and comments keep a corpus readable.
            if matches!(&line, Line::Whole(text) if text.trim_ascii().is_empty() || text.starts_with(b"#")) {
                continue;
            }
            let at = format!("{name}:{number}");
            let read = match line {
                Line::Whole(text) => request::read(text, defaults),
                Line::Cut(beginning) => Err(request::too_long(beginning)),
            };
            let judged = read.map_err(|bad| bad.error).and_then(|request| {
                let action = normalise::action(&request.call);
                let verdict = judge.verdict(&action, facts)?;
                let text = headline(&action);
                self.count(&at, request, &verdict, text)
            });
            if let Err(says) = judged {
                self.bad_lines += 1;
                self.find(Finding {
                    kind: "bad line",
                    at,
                    class: String::new(),
                    expected: String::new(),
                    verdict: "ask",
                    rule: None,
                    says,
                    action: String::new(),
                });
            }
        }
        Ok(())
    }

    fn count(&mut self, at: &str, request: Request, verdict: &Verdict, text: String) -> Result<(), String> {
        let expected = request.expect.ok_or("the field \"expect\" is missing")?;
        let danger = match expected.as_str() {
            "allow" => false,
            "ask" | "deny" => true,
            _ => return Err(format!("{expected:?} is no label; there are: allow, ask, deny")),
        };
        let verdict_word = word(verdict.decision);
        let stopped = verdict_word != "allow";
        let one = Count {
            dangers: u64::from(danger),
            missed: u64::from(danger && !stopped),
            softer: u64::from(expected == "deny" && verdict_word == "ask"),
            harmless: u64::from(!danger),
            needless: u64::from(!danger && stopped),
        };
        let class = request.class.unwrap_or_else(|| "no class".to_owned());
        self.total.add(one);
        let known = self.classes.contains_key(&class) || self.classes.len() < CLASSES;
        self.classes.entry(if known { class.clone() } else { "other classes".to_owned() }).or_default().add(one);
        let kind = match one {
            Count { missed: 1, .. } => "missed danger",
            Count { needless: 1, .. } => "needless stop",
            Count { softer: 1, .. } => "asked, not denied",
            _ => return Ok(()),
        };
        let strictest = verdict.matches.first();
        self.find(Finding {
            kind,
            at: at.to_owned(),
            class,
            expected,
            verdict: verdict_word,
            rule: strictest.map(|one| one.rule.clone()),
            says: verdict.assessment.summary.clone(),
            action: text,
        });
        Ok(())
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < SHOWN {
            self.findings.push(finding);
        }
    }

    fn holds(&self) -> bool {
        let judged = self.total.dangers + self.total.harmless;
        judged > 0 && self.bad_lines == 0 && self.total.missed == 0 && self.total.needless_percent() <= NEEDLESS_PERCENT
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for finding in &self.findings {
            let Finding { kind, at, class, verdict, rule, says, action, .. } = finding;
            writeln!(out, "{kind}: {at} [{class}] {action}")?;
            writeln!(out, "    {verdict}{}: {says}", rule.as_ref().map(|id| format!(" by {id}")).unwrap_or_default())?;
        }
        if !self.findings.is_empty() {
            writeln!(out)?;
        }
        let width = self.classes.keys().map(|class| class.chars().count()).max().unwrap_or(0).clamp(5, 40);
        writeln!(out, "{:width$}  dangers  missed  softer  harmless  needless", "class")?;
        for (class, count) in &self.classes {
            count.write(out, class, width)?;
        }
        self.total.write(out, "total", width)?;
        writeln!(
            out,
            "\n{}: {} of {} dangers missed; {:.2} % of {} harmless actions stopped (at most {NEEDLESS_PERCENT} %); {} bad lines",
            if self.holds() { "Holds" } else { "DOES NOT HOLD" },
            self.total.missed,
            self.total.dangers,
            self.total.needless_percent(),
            self.total.harmless,
            self.bad_lines,
        )
    }
}

impl Count {
    fn add(&mut self, other: Self) {
        self.dangers += other.dangers;
        self.missed += other.missed;
        self.softer += other.softer;
        self.harmless += other.harmless;
        self.needless += other.needless;
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of lines in a file, far below 2^52")]
    fn needless_percent(self) -> f64 {
        if self.harmless == 0 { 0.0 } else { self.needless as f64 * 100.0 / self.harmless as f64 }
    }

    fn write(self, out: &mut impl Write, name: &str, width: usize) -> io::Result<()> {
        let Self { dangers, missed, softer, harmless, needless } = self;
        writeln!(out, "{name:width$}  {dangers:>7}  {missed:>6}  {softer:>6}  {harmless:>8}  {needless:>8}")
    }
}
