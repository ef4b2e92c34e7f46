//! What the rules pages say, as plain functions.

use clawbutler_wire::rules::{LintView, PackKind, RuleErrorView, RuleView, RulesCheck, RulesView, SimulationView};

use crate::model::count;

/// The decisions in order of effect, with what each heading says.
pub(super) const EFFECTS: &[(&str, &str, &str)] = &[
    ("deny", "Denied", "Never runs. The agent is told why."),
    ("ask", "Asked about", "Waits for you."),
    ("defer", "Left to the agent's own prompt", "ClawButler stays out of it."),
    ("allow", "Allowed", "Runs without a question."),
];

/// The rules of one effect that have these words.
pub(super) fn of_effect(view: &RulesView, decision: &str, typed: &str) -> Vec<RuleView> {
    let typed = typed.trim().to_lowercase();
    let found = |rule: &&RuleView| {
        typed.is_empty()
            || [&rule.id, &rule.file, &rule.when, &rule.because].iter().any(|text| text.to_lowercase().contains(&typed))
    };
    view.rules.iter().filter(|rule| rule.decision == decision).filter(found).cloned().collect()
}

/// What is odd about one rule. Findings name it with or without its file.
pub(super) fn findings_of(view: &RulesView, rule: &RuleView) -> Vec<LintView> {
    let stem = rule.file.trim_end_matches(".toml");
    let names = [rule.id.clone(), format!("{}/{}", rule.file, rule.id), format!("{stem}/{}", rule.id)];
    view.findings.iter().filter(|finding| names.contains(&finding.rule)).cloned().collect()
}

/// Findings that belong to no rule of the list.
pub(super) fn loose_findings(view: &RulesView) -> Vec<LintView> {
    let placed: Vec<LintView> = view.rules.iter().flat_map(|rule| findings_of(view, rule)).collect();
    view.findings.iter().filter(|finding| !placed.contains(finding)).cloned().collect()
}

/// The kind of a finding, in words.
pub(super) fn finding_words(kind: &str) -> String {
    match kind {
        "no_examples" => "no examples".to_owned(),
        "over_broad" => "too broad".to_owned(),
        "floor_wins" => "never counts".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The packs that would be in force after one switch.
pub(super) fn packs_after(view: &RulesView, id: &str, active: bool) -> Vec<String> {
    let base = view.packs.iter().any(|pack| pack.id == id && pack.kind == PackKind::Base);
    let keep = |kind: PackKind, pack: &str, was: bool| match kind {
        PackKind::Base if base => pack == id,
        PackKind::Base => was,
        PackKind::Domain if pack == id => active,
        PackKind::Domain => was,
    };
    view.packs.iter().filter(|pack| keep(pack.kind, &pack.id, pack.active)).map(|pack| pack.id.clone()).collect()
}

/// What a simulation found, in one sentence.
pub(super) fn summary(simulation: &SimulationView) -> String {
    let looked = count(simulation.looked_at, "recorded action", "recorded actions");
    match (simulation.newly_stopped, simulation.newly_allowed) {
        (0, 0) if simulation.looked_at == 0 => "There are no recorded actions to judge again yet.".to_owned(),
        (0, 0) => format!("None of {looked} would be judged otherwise."),
        (stopped, 0) => format!("Of {looked}, {stopped} would be judged more strictly and none more loosely."),
        (0, allowed) => format!("Of {looked}, {allowed} would be judged more loosely and none more strictly."),
        (stopped, allowed) => {
            format!("Of {looked}, {stopped} would be judged more strictly and {allowed} more loosely.")
        }
    }
}

/// What stands below a simulation: what was left out.
pub(super) fn left_out(simulation: &SimulationView) -> Option<String> {
    let mut words = Vec::new();
    if simulation.not_replayable > 0 {
        words.push(format!(
            "{} too large to be kept whole and cannot be judged again.",
            count(simulation.not_replayable, "action was", "actions were")
        ));
    }
    if simulation.truncated {
        words.push("There is more than is shown here.".to_owned());
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// The file that carries a rule: a pack's id, or a file's name with or without its ending.
pub(super) fn file_of(view: &RulesView, carrier: &str) -> String {
    let ending = format!("{carrier}.toml");
    let names = || view.files.iter().map(|file| file.name.as_str());
    names().find(|name| *name == carrier).or_else(|| names().find(|name| *name == ending)).unwrap_or(carrier).to_owned()
}

/// Rules of a text with the line (from 0) that names each.
fn rules_in(text: &str) -> Vec<(usize, &str)> {
    text.lines()
        .enumerate()
        .filter_map(|(at, line)| {
            let value = line.trim_start().strip_prefix("id")?.trim_start().strip_prefix('=')?.trim();
            let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
            Some((at, value[1..].split(quote).next()?))
        })
        .collect()
}

/// How many rules a text names.
pub(super) fn rule_count(text: &str) -> usize {
    text.lines().filter(|line| line.trim() == "[[rule]]").count()
}

/// The line (from 0) a rule stands at; the rule may be named with its file.
pub(super) fn line_of_rule(text: &str, rule: &str) -> Option<usize> {
    let id = rule.rsplit('/').next().unwrap_or(rule);
    rules_in(text).into_iter().find(|(_, name)| *name == id || *name == rule).map(|(at, _)| at)
}

/// The line (from 0) an error is about: its example's, its rule's, or the one its words name.
pub(super) fn line_of_error(text: &str, error: &RuleErrorView) -> Option<usize> {
    let rule = error.rule.as_deref().and_then(|rule| line_of_rule(text, rule));
    let example = error.example.as_deref().and_then(|example| {
        let from = rule.unwrap_or_default();
        text.lines().enumerate().skip(from).find(|(_, line)| line.contains(example)).map(|(at, _)| at)
    });
    let named = || {
        let after = error.says.split("line ").nth(1)?;
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()?.checked_sub(1)
    };
    example.or(rule).or_else(named).filter(|at| *at < text.lines().count().max(1))
}

/// Where a line starts, in the units a text field counts in.
pub(super) fn start_of_line(text: &str, line: usize) -> u32 {
    let units: usize = text.split('\n').take(line).map(|line| line.encode_utf16().count() + 1).sum();
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// How a check went, in one line.
pub(super) fn check_words(text: &str, check: &RulesCheck) -> String {
    let rules = count(rule_count(text) as u64, "rule", "rules");
    if !check.errors.is_empty() {
        let failed = check.errors.iter().filter(|error| error.example.is_some()).count();
        return match failed {
            0 => "It does not load.".to_owned(),
            many => {
                format!("It does not load: {}.", count(many as u64, "example does not hold", "examples do not hold"))
            }
        };
    }
    let odd = match check.findings.len() {
        0 => String::new(),
        many => format!(" {} odd.", count(many as u64, "thing is", "things are")),
    };
    format!("It loads: {rules}, all examples hold.{odd}")
}

/// Why a file name is not one; nothing when it is.
pub(super) fn name_trouble(name: &str, taken: &[String]) -> Option<&'static str> {
    let stem = name.strip_suffix(".toml").unwrap_or_default();
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_');
    if stem.is_empty() || name.len() > 64 || !stem.chars().all(fits) {
        Some("Small letters, digits, - and _, ending in .toml; at most 64.")
    } else if taken.iter().any(|other| other == name) {
        Some("There is such a file already.")
    } else {
        None
    }
}

/// A chosen file's name as one of ours: `My Rules (2).TOML` becomes `my-rules-2.toml`.
pub(super) fn name_from(file: &str) -> String {
    let lower = file.to_lowercase();
    let stem = lower.strip_suffix(".toml").unwrap_or(&lower);
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let words: Vec<&str> = stem.split(|letter| !fits(letter)).filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(59).collect();
    if name.is_empty() { "imported.toml".to_owned() } else { format!("{name}.toml") }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
