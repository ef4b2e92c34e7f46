//! Why a verdict is what it is: the action taken apart, what each part shows, which rules said what.

use clawbutler_core::action::{Action, Effect};
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::{Decision, Match, Verdict};
use serde::Serialize;

use crate::evaluate::{Hits, is_high, own_files};
use crate::lint::word;
use crate::looked::{Class, How, Looked};
use crate::scene::{Gate, Scene};
use crate::{Facts, Rule, RuleSet, Surroundings, judge, look, tuning};

/// Rules that nearly matched and are named; past it only the others' number.
const NEAR: usize = 20;
/// Parts and paths that are named.
const NAMED: usize = 100;

/// A verdict with everything that led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The action in a line.
    pub action: String,
    /// Its commands, in the order met; at most 100.
    pub parts: Vec<PartWhy>,
    /// Signals that no part of it owns up to.
    pub signals: Vec<SignalWhy>,
    /// Paths it would touch; at most 100.
    pub touches: Vec<TouchWhy>,
    /// Hosts it would talk to.
    pub hosts: Vec<String>,
    /// Rules that hold, strictest first.
    pub matched: Vec<Match>,
    /// Rules that only observe and hold.
    pub observed: Vec<Match>,
    /// Permissions that hold for some parts of the action and so for nothing.
    pub partial: Vec<String>,
    /// Rules of which all but one condition hold; at most 20.
    pub nearly: Vec<NearMiss>,
    /// Number of rules that were tried.
    pub tried: usize,
    /// What the floor says, where it says something.
    pub floor: Option<String>,
    /// The risk of it all.
    pub risk: RiskLevel,
    /// The verdict.
    pub decision: Decision,
    /// The verdict's reason, a sentence.
    pub because: String,
    /// Version of the rule set.
    pub rules_version: String,
}

/// One command of the action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartWhy {
    /// The command with its arguments.
    pub command: String,
    /// How the line comes to it, outermost first.
    pub via: Vec<String>,
    /// Its risk.
    pub risk: RiskLevel,
    /// Part of it is only known when it runs.
    pub opaque: bool,
    /// What it shows.
    pub signals: Vec<SignalWhy>,
    /// Permissions that cover it.
    pub covered_by: Vec<String>,
}

/// One reason for a risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignalWhy {
    /// Its name, as rules use it.
    pub name: String,
    /// Its level.
    pub level: RiskLevel,
    /// What it means here.
    pub says: String,
}

/// One path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TouchWhy {
    /// Absolute, cleaned.
    pub path: String,
    /// What happens to it.
    pub how: How,
    /// What it is to us.
    pub class: Class,
}

/// A rule that would have matched but for one condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NearMiss {
    /// The rule's full name.
    pub rule: String,
    /// What it asks for.
    pub decision: Decision,
    /// The condition that does not hold.
    pub condition: String,
}

/// Judges an action and says why.
pub fn explain(set: &RuleSet, action: &Action, around: &Surroundings, facts: &Facts) -> Explanation {
    let mut looked = look(action, around);
    let verdict = judge(set, action, looked.clone(), around, facts);
    tuning::apply(set.tunings(), &mut looked);
    let scene = Scene::new(action, &looked, &around.home, facts);
    let hits = Hits::of(set, &scene);
    let name = |at: &usize| set.at(*at).0.to_owned();
    let permissions: Vec<usize> =
        hits.in_force.iter().chain(&hits.partial).copied().filter(|at| set.at(*at).1.permits()).collect();
    let why = |at: usize| -> Option<SignalWhy> {
        let signal = looked.assessment.signals.get(at)?;
        Some(SignalWhy { name: signal.name.clone(), level: signal.level, says: signal.says.clone() })
    };
    let parts = looked.parts.iter().take(NAMED).map(|part| PartWhy {
        command: std::iter::once(&part.program).chain(&part.args).cloned().collect::<Vec<_>>().join(" "),
        via: part.via.clone(),
        risk: part.level,
        opaque: part.opaque,
        signals: part.signals.iter().filter_map(|at| why(*at)).collect(),
        covered_by: permissions.iter().filter(|at| scene.covers(&set.at(**at).1.when, part)).map(name).collect(),
    });
    let owned = |at: &usize| looked.parts.iter().any(|part| part.signals.contains(at));
    let signals = (0..looked.assessment.signals.len()).filter(|at| !owned(at)).filter_map(why).collect();
    Explanation {
        action: headline(action),
        parts: parts.collect(),
        signals,
        touches: looked
            .touches
            .iter()
            .take(NAMED)
            .map(|touch| TouchWhy { path: touch.path.clone(), how: touch.how, class: touch.class })
            .collect(),
        hosts: looked.hosts.clone(),
        partial: hits.partial.iter().map(name).collect(),
        nearly: near_misses(set, &scene, &hits),
        tried: set.rules().filter(|rule| rule.enabled).count(),
        floor: floor(&looked, &verdict),
        because: because(&verdict),
        risk: verdict.assessment.level,
        decision: verdict.decision,
        matched: verdict.matches,
        observed: verdict.observed,
        rules_version: verdict.rules_version,
    }
}

fn headline(action: &Action) -> String {
    let what = match &action.effect {
        Effect::Shell { command, .. } => command.clone(),
        Effect::FileRead { path } | Effect::FileWrite { path, .. } => path.clone(),
        Effect::FileDelete { paths } => paths.join(", "),
        Effect::Patch { files } => files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>().join(", "),
        Effect::Network { url, .. } => url.clone(),
        Effect::Mcp { server, tool, .. } => format!("{server}/{tool}"),
        Effect::AgentSpawn { agent, .. } => agent.clone(),
        Effect::Code { language, .. } => language.clone(),
        Effect::TerminalInput { text, .. } => text.clone(),
        Effect::ConfigChange { what, .. } | Effect::Schedule { what, .. } => what.clone(),
        Effect::Message { channel, to, .. } => format!("{channel} {to}"),
        Effect::Account { operation, .. } => operation.clone(),
        Effect::Internal { .. } | Effect::Other { .. } => action.tool.clone(),
    };
    let mut line: String = what.chars().take(200).map(shown).collect();
    if what.chars().count() > 200 {
        line.push('…');
    }
    format!("{}: {line}", action.effect.kind())
}

/// Rules that hold once one of their conditions is taken away.
fn near_misses(set: &RuleSet, scene: &Scene<'_>, hits: &Hits) -> Vec<NearMiss> {
    let holds = |rule: &Rule| {
        let gate = Gate::of(rule);
        gate.opens(scene) && scene.fits(&rule.when, gate.how) && scene.fits_a_part(&rule.when, gate.how)
    };
    let mut near = Vec::new();
    for (at, (name, rule)) in set.named().enumerate() {
        let held = [&hits.in_force, &hits.observed, &hits.partial].into_iter().any(|list| list.contains(&at));
        if held || !rule.enabled || near.len() == NEAR {
            continue;
        }
        let mut missing = |condition: String| {
            near.push(NearMiss { rule: name.to_owned(), decision: rule.decision, condition });
        };
        if holds(rule) {
            // Only the floor stands against a permission whose conditions hold.
            missing("below high risk".to_owned());
            continue;
        }
        let unexpired = Rule { expires: None, ..rule.clone() };
        if rule.expires.is_some() && holds(&unexpired) {
            missing(format!("until {}", rule.expires.as_deref().unwrap_or_default()));
            continue;
        }
        let names = rule.when.names();
        // A rule of one condition would nearly match everything.
        let less = |name: &&&str| holds(&Rule { when: rule.when.without(name), ..rule.clone() });
        if names.len() > 1
            && let Some(condition) = names.iter().find(less)
        {
            let alone =
                names.iter().filter(|name| *name != condition).fold(rule.when.clone(), |when, name| when.without(name));
            missing(Rule { when: alone, ..rule.clone() }.describe());
        }
    }
    near
}

fn floor(looked: &Looked, verdict: &Verdict) -> Option<String> {
    if own_files(looked).is_some() {
        return Some("ClawButler's own files are never touched by an agent.".to_owned());
    }
    is_high(verdict.assessment.level)
        .then(|| format!("Risk is {}, so it is asked about at least.", verdict.assessment.level.word()))
}

fn because(verdict: &Verdict) -> String {
    let risk = verdict.assessment.level.word();
    match verdict.matches.first().filter(|first| first.decision == verdict.decision) {
        Some(first) => format!("The rule {} says {}: {}", first.rule, word(first.decision), first.because),
        None if is_high(verdict.assessment.level) => {
            format!("No rule names it, and {risk} risk is asked about: {}.", verdict.assessment.summary)
        }
        None => format!("No rule names it, and {risk} risk is left to the runtime's own rules."),
    }
}

impl Explanation {
    /// The tree as text for a terminal, without colours.
    pub fn to_text(&self) -> String {
        let mut tree = Tree { text: format!("{}\n", self.action) };
        for part in &self.parts {
            let via = if part.via.is_empty() { String::new() } else { format!(" (by {})", part.via.join(" > ")) };
            let opaque = if part.opaque { ", partly unknown before it runs" } else { "" };
            tree.line(1, &format!("runs {}{via}: {}{opaque}", part.command, part.risk.word()));
            for signal in &part.signals {
                tree.signal(2, signal);
            }
            if !part.covered_by.is_empty() {
                tree.line(2, &format!("permitted by {}", part.covered_by.join(", ")));
            }
        }
        for signal in &self.signals {
            tree.signal(1, signal);
        }
        for touch in &self.touches {
            tree.line(1, &format!("{} {} ({})", touch.how.word(), touch.path, touch.class.word()));
        }
        for host in &self.hosts {
            tree.line(1, &format!("talks to {host}"));
        }
        tree.line(0, &format!("rules: {} tried", self.tried));
        for one in &self.matched {
            tree.line(1, &format!("{} by {}: {}", word(one.decision), one.rule, one.because));
        }
        for one in &self.observed {
            tree.line(1, &format!("would {} by {}, which only observes", word(one.decision), one.rule));
        }
        for name in &self.partial {
            tree.line(1, &format!("{name} permits some parts and not all, so it permits nothing"));
        }
        for near in &self.nearly {
            tree.line(1, &format!("nearly {} by {}; missing: {}", word(near.decision), near.rule, near.condition));
        }
        if let Some(floor) = &self.floor {
            tree.line(0, &format!("floor: {floor}"));
        }
        tree.line(0, &format!("verdict: {}, {} risk", word(self.decision), self.risk.word()));
        tree.line(1, &self.because);
        tree.line(1, &format!("rules {}", self.rules_version.get(..12).unwrap_or(&self.rules_version)));
        tree.text
    }
}

/// What an agent wrote must neither move the cursor of a terminal nor turn the order of what is read.
fn shown(c: char) -> char {
    let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    match c {
        '\n' | '\t' => ' ',
        c if turns || c.is_control() => '\u{fffd}',
        c => c,
    }
}

struct Tree {
    text: String,
}

impl Tree {
    fn line(&mut self, depth: usize, text: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.extend(text.chars().map(shown));
        self.text.push('\n');
    }

    fn signal(&mut self, depth: usize, signal: &SignalWhy) {
        self.line(depth, &format!("{} ({}): {}", signal.says, signal.level.word(), signal.name));
    }
}
