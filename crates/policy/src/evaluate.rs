//! What the rules say: the strictest match wins, and nothing goes below the floor.

use clawbutler_core::action::Action;
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::{Decision, Match, Verdict};

#[cfg(feature = "load")]
use crate::Rule;
use crate::assess::OWN;
use crate::effects::look;
use crate::looked::Looked;
use crate::{RuleSet, Surroundings};

/// Judges one action.
///
/// The floor, whatever the rules say: ClawButler's own files are never touched by an agent, and an
/// `allow` never covers high or critical risk. Without a match, low and medium risk are left to the
/// runtime's own rules and the rest is asked about.
pub fn evaluate(set: &RuleSet, action: &Action, around: &Surroundings) -> Verdict {
    let looked = look(action, around);
    let high = looked.assessment.level >= RiskLevel::High;
    let mut matches: Vec<Match> = set
        .rules()
        .filter(|rule| !(high && matches!(rule.decision, Decision::Allow | Decision::Defer)))
        .filter(|rule| rule.holds(action, &looked))
        .map(|rule| Match { rule: rule.id.clone(), decision: rule.decision, because: rule.because.clone() })
        .collect();
    matches.extend(own_files(&looked));
    matches.sort_by_key(|one| std::cmp::Reverse(one.decision));
    let fallback = if high { Decision::Ask } else { Decision::Defer };
    let decision = matches.first().map_or(fallback, |strictest| strictest.decision);
    // A high risk that only looser rules matched is asked about all the same.
    let decision = if high { decision.max(Decision::Ask) } else { decision };
    Verdict { decision, matches, assessment: looked.assessment, rules_version: set.version().to_owned() }
}

fn own_files(looked: &Looked) -> Option<Match> {
    let touched = looked.assessment.signals.iter().any(|signal| signal.name == OWN);
    touched.then(|| Match {
        rule: "own-files".to_owned(),
        decision: Decision::Deny,
        because: "Agents do not change ClawButler, its data or its guard; the user does that in the app.".to_owned(),
    })
}

/// Tries a rule on its own examples: `shell: …`, `write: …`, `read: …`, `fetch: …`, `mcp: server/tool`.
#[cfg(feature = "load")]
pub(crate) fn try_examples(rule: &Rule) -> Result<(), crate::LoadError> {
    let around = Surroundings {
        home: "/home/user".to_owned(),
        data_dir: "/home/user/.local/share/clawbutler".to_owned(),
        guarded: Vec::new(),
    };
    let fault = |example: &String, should| crate::LoadError::Example {
        rule: rule.id.clone(),
        example: example.clone(),
        should,
    };
    let holds = |example: &String| {
        let action = example_action(example)
            .ok_or_else(|| fault(example, "start with `shell:`, `write:`, `read:`, `fetch:` or `mcp:`"))?;
        Ok::<_, crate::LoadError>(rule.holds(&action, &look(&action, &around)))
    };
    for example in &rule.matches {
        if !holds(example)? {
            return Err(fault(example, "match"));
        }
    }
    for example in &rule.ignores {
        if holds(example)? {
            return Err(fault(example, "not match"));
        }
    }
    Ok(())
}

#[cfg(feature = "load")]
fn example_action(example: &str) -> Option<Action> {
    use clawbutler_core::action::{Change, Effect};
    let (kind, rest) = example.split_once(": ")?;
    let rest = rest.to_owned();
    let effect = match kind {
        "shell" => Effect::Shell { command: rest, dialect: clawbutler_core::action::Dialect::Posix, description: None },
        "write" => Effect::FileWrite { path: rest, change: Change::Content { text: String::new() } },
        "read" => Effect::FileRead { path: rest },
        "fetch" => Effect::Network { url: rest, method: None },
        "mcp" => {
            let (server, tool) = rest.split_once('/')?;
            Effect::Mcp { server: server.to_owned(), tool: tool.to_owned(), arguments: serde_json::Value::Null }
        }
        _ => return None,
    };
    Some(Action {
        runtime: "example".to_owned(),
        session: String::new(),
        agent: None,
        tool: "Example".to_owned(),
        cwd: "/home/user/project".to_owned(),
        mode: "default".to_owned(),
        project: None,
        branch: None,
        remote: None,
        sandboxed: None,
        depth: 0,
        effect,
    })
}
