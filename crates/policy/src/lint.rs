//! Rules that do nothing, contradict each other, permit too much or have run out.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::Decision;
use serde::Serialize;

use crate::assess::OWN;
use crate::subsume::{alternatives_within, implies};
use crate::tuning::LOWERABLE;
use crate::{Rule, RuleSet, facts, globs};

/// What is the matter with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Another rule decides wherever this one matches.
    Shadowed,
    /// Its conditions never hold together.
    Unreachable,
    /// Another rule has the same conditions and another decision.
    Contradictory,
    /// It permits more than anybody can have meant.
    OverBroad,
    /// Its time is over.
    Expired,
    /// Nothing shows what it is meant to match.
    NoExamples,
    /// The floor decides wherever it matches.
    FloorWins,
}

/// One thing that a lint found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Full name of the rule, or `signal name` for a tuning.
    pub rule: String,
    /// What is the matter.
    pub kind: FindingKind,
    /// In one sentence.
    pub says: String,
    /// What to do, in one sentence.
    pub fix: String,
}

/// Programs that run whatever they are given, or act on other machines: permitting them permits anything.
const RUNS_ANYTHING: &[&str] = &[
    "bash", "sh", "zsh", "fish", "dash", "ksh", "pwsh", "powershell", "cmd", "python", "python3", "node", "deno",
    "bun", "perl", "ruby", "php", "lua", "osascript", "awk", "sudo", "doas", "su", "env", "xargs", "eval", "exec",
    "source", "find", "ssh", "docker", "podman", "kubectl", "npx", "uvx", "make", "rm", "dd", "curl", "wget", "git",
    "aws", "gcloud", "az", "terraform",
];

/// Reads a set for what is wrong with it. `now` is needed to tell what has expired. Rules that are switched
/// off are not looked at. Findings come in the order of the rules; a rule has at most one of each kind.
pub fn lint(set: &RuleSet, now: Option<Timestamp>) -> Vec<Finding> {
    let rules: Vec<(&str, &Rule)> = set.named().filter(|(_, rule)| rule.enabled).collect();
    let mut found = Vec::new();
    for (at, (name, rule)) in rules.iter().enumerate() {
        let mut say = |kind, says: String, fix: &str| {
            found.push(Finding { rule: (*name).to_owned(), kind, says, fix: fix.to_owned() });
        };
        if let (Some(end), Some(now)) = (rule.expires.as_deref(), now)
            && facts::expiry(end).is_some_and(|end| end <= now)
        {
            say(FindingKind::Expired, format!("It went out of force on {end}."), "Remove it, or give it a later date.");
            continue;
        }
        if rule.matches.is_empty() && rule.ignores.is_empty() {
            say(
                FindingKind::NoExamples,
                "No example shows what it is meant to match.".to_owned(),
                "Give it an action in `matches` and one in `ignores`.",
            );
        }
        if let Some(why) = never_holds(rule) {
            say(FindingKind::Unreachable, why, "Correct the condition, or remove the rule.");
            continue;
        }
        if let Some(why) = floor_decides(rule) {
            say(FindingKind::FloorWins, why, "Remove the rule; the floor cannot be loosened.");
            continue;
        }
        if let Some(why) = too_broad(rule) {
            say(FindingKind::OverBroad, why, "Name the subcommand, path, host or tool that is meant.");
        }
        if let Some((kind, says)) = overruled(at, rule, &rules, now) {
            say(kind, says, "Keep one of the two, or narrow the other.");
        }
    }
    found.extend(set.tunings().iter().filter_map(|tuning| {
        let lowers = tuning.level.is_some_and(|level| level < RiskLevel::High);
        (lowers && !LOWERABLE.contains(&tuning.name.as_str())).then(|| Finding {
            rule: format!("signal {}", tuning.name),
            kind: FindingKind::FloorWins,
            says: "This signal can be raised and not lowered.".to_owned(),
            fix: "Remove the tuning, or raise the signal.".to_owned(),
        })
    }));
    found
}

/// The rule that leaves nothing to decide for this one.
fn overruled(at: usize, rule: &Rule, rules: &[(&str, &Rule)], now: Option<Timestamp>) -> Option<(FindingKind, String)> {
    if rule.observe {
        return None;
    }
    let in_force = |other: &Rule| {
        let over = other.expires.as_deref().and_then(facts::expiry).zip(now).is_some_and(|(end, now)| end <= now);
        other.counts() && !over
    };
    let mut shadow = None;
    for (index, (name, other)) in rules.iter().enumerate() {
        let stronger = other.decision >= rule.decision;
        if index == at || !in_force(other) || !stronger || !implies(rule, other) {
            continue;
        }
        let same = rule.when == other.when;
        if same && other.decision != rule.decision {
            let says = format!("{name} has the same conditions and says {}, which wins.", word(other.decision));
            return Some((FindingKind::Contradictory, says));
        }
        // Of two that imply each other only the later one is superfluous.
        let mutual = other.decision == rule.decision && implies(other, rule);
        if shadow.is_none() && !(mutual && index > at) {
            let says = format!("Wherever it matches, {name} matches too and says {}.", word(other.decision));
            shadow = Some((FindingKind::Shadowed, says));
        }
    }
    shadow
}

/// The word rules use for a decision.
pub(crate) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Defer => "defer",
        Decision::Ask => "ask",
        Decision::Deny => "deny",
    }
}

fn never_holds(rule: &Rule) -> Option<String> {
    let when = &rule.when;
    if let (Some(least), Some(most)) = (when.risk_at_least, when.risk_at_most)
        && least > most
    {
        return Some(format!("Risk is never {} or more and {} or less.", least.word(), most.word()));
    }
    if let Some((from, to)) = when.hours.as_deref().and_then(facts::hours)
        && from == to
    {
        return Some("Its hours are empty: they end when they begin.".to_owned());
    }
    let only = |possible: &[&str]| !when.kinds.is_empty() && !when.kinds.iter().any(|kind| possible.contains(&&**kind));
    if (!when.mcp.is_empty() || !when.mcp_args.is_empty()) && only(&["mcp"]) {
        return Some("It names an MCP tool and a kind of action that is none.".to_owned());
    }
    if when.speaks_of_parts() && (only(&["shell", "code", "terminal_input"]) || !when.mcp.is_empty()) {
        return Some("It names a program and a kind of action that runs none.".to_owned());
    }
    if when.in_subagent == Some(false) && !when.agents.is_empty() {
        return Some("It names a sub-agent and the main conversation.".to_owned());
    }
    let forbidden = |entry: &&String| when.without_flags.iter().any(|unwanted| alternatives_within(entry, unwanted));
    when.flags.iter().find(forbidden).map(|entry| format!("It wants {entry} to be there and not to be there."))
}

fn floor_decides(rule: &Rule) -> Option<String> {
    let when = &rule.when;
    if rule.permits() && when.risk_at_least.is_some_and(|least| least >= RiskLevel::High) {
        return Some("It permits what is of high risk, and that is asked about whatever rules say.".to_owned());
    }
    let own = !when.signals.is_empty() && when.signals.iter().all(|name| name == OWN);
    (own && rule.decision != Decision::Deny)
        .then(|| "ClawButler's own files are refused to agents whatever rules say.".to_owned())
}

fn too_broad(rule: &Rule) -> Option<String> {
    if rule.decision != Decision::Allow {
        return None;
    }
    let when = &rule.when;
    let names = when.names();
    if names.is_empty() {
        return Some("It permits everything below high risk.".to_owned());
    }
    let bare = when.flags.is_empty() && when.args.is_empty();
    let wide_program = |entry: &&String| {
        let mut words = entry.split_whitespace();
        let Some(program) = words.next() else { return false };
        let whole = words.all(|word| word.chars().all(|c| c == '*'));
        let starry = program.contains(['*', '?']);
        program.chars().all(|c| c == '*')
            || (whole && bare && RUNS_ANYTHING.iter().any(|known| globs::text(program, known)))
            || (starry && program.trim_end_matches(['*', '?']).len() < 3)
    };
    if let Some(entry) = when.programs.iter().find(wide_program) {
        return Some(format!("`{entry}` permits everything such a program can do, and that is nearly anything."));
    }
    let all = |list: &[String], everything: &[&str]| list.iter().find(|entry| everything.contains(&&***entry)).cloned();
    let wide = all(&when.paths, &["**", "/**", "~/**", "/*"])
        .or_else(|| all(&when.mcp, &["*", "*/*", "**"]))
        .or_else(|| all(&when.hosts, &["*", "*.*", "*.com"]))
        .or_else(|| all(&when.tools, &["*", "Bash", "Bash*"]).filter(|_| names == ["tools"]));
    wide.map(|entry| format!("`{entry}` permits nearly everything of its sort."))
}
