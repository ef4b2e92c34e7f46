//! What the rules say: the strictest match wins, and nothing goes below the floor.

use clawbutler_core::action::Action;
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::{Decision, Match, Verdict};

use crate::assess::OWN;
use crate::effects::look;
use crate::looked::Looked;
use crate::programs::Quantifier;
use crate::scene::Scene;
use crate::set::positions;
use crate::{Facts, RuleSet, Surroundings, tuning};

/// Judges one action.
///
/// The floor, whatever the rules say: ClawButler's own files are never touched by an agent, and `allow`
/// and `defer` never cover high or critical risk. Without a match, low and medium risk are left to the
/// runtime's own rules and the rest is asked about. How rules match is written at [`crate::When`].
pub fn evaluate(set: &RuleSet, action: &Action, around: &Surroundings, facts: &Facts) -> Verdict {
    judge(set, action, look(action, around), around, facts)
}

/// Judges an action that was looked at already; the look must be of this action and these surroundings.
pub fn judge(set: &RuleSet, action: &Action, mut looked: Looked, around: &Surroundings, facts: &Facts) -> Verdict {
    tuning::apply(set.tunings(), &mut looked);
    let hits = Hits::of(set, &Scene::new(action, &looked, &around.home, facts));
    let as_match = |at: usize| {
        let (name, rule) = set.at(at);
        Match { rule: name.to_owned(), decision: rule.decision, because: rule.because.clone() }
    };
    let mut matches: Vec<Match> = hits.in_force.iter().map(|at| as_match(*at)).collect();
    matches.extend(own_files(&looked));
    matches.sort_by_key(|one| std::cmp::Reverse(one.decision));
    Verdict {
        decision: decide(&matches, looked.assessment.level),
        matches,
        observed: hits.observed.iter().map(|at| as_match(*at)).collect(),
        assessment: looked.assessment,
        rules_version: set.version().to_owned(),
    }
}

/// Whether the floor asks at least.
pub(crate) fn is_high(level: RiskLevel) -> bool {
    level >= RiskLevel::High
}

fn decide(matches: &[Match], level: RiskLevel) -> Decision {
    let fallback = if is_high(level) { Decision::Ask } else { Decision::Defer };
    let decision = matches.first().map_or(fallback, |strictest| strictest.decision);
    // A high risk that only looser rules matched is asked about all the same.
    if is_high(level) { decision.max(Decision::Ask) } else { decision }
}

/// Name of the floor under ClawButler's own files, where a verdict names a rule.
pub(crate) const OWN_RULE: &str = "own-files";

pub(crate) fn own_files(looked: &Looked) -> Option<Match> {
    let touched = looked.assessment.signals.iter().any(|signal| signal.name == OWN);
    touched.then(|| Match {
        rule: OWN_RULE.to_owned(),
        decision: Decision::Deny,
        because: "Agents do not change ClawButler, its data or its guard; the user does that in the app.".to_owned(),
    })
}

/// Positions of the rules that hold.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    /// Rules that count.
    pub(crate) in_force: Vec<usize>,
    /// Rules that only observe.
    pub(crate) observed: Vec<usize>,
    /// Permissions that hold for some parts, while others are covered by none.
    pub(crate) partial: Vec<usize>,
    /// Positions of parts that no permission covers, where one would be needed.
    pub(crate) uncovered: Vec<usize>,
}

impl Hits {
    pub(crate) fn of(set: &RuleSet, scene: &Scene<'_>) -> Self {
        let high = is_high(scene.looked.assessment.level);
        let mut hits = Self::default();
        let mut permissions: Vec<usize> = Vec::new();
        for at in positions(&set.candidates(scene)) {
            let gate = set.gate(at);
            let every = gate.how == Quantifier::Every;
            if (every && high) || !gate.opens(scene) {
                continue;
            }
            let (_, rule) = set.at(at);
            if !(scene.fits(&rule.when, gate.how) && scene.fits_a_part(&rule.when, gate.how)) {
                continue;
            }
            match (every, rule.observe) {
                (true, _) => permissions.push(at),
                (false, true) => hits.observed.push(at),
                (false, false) => hits.in_force.push(at),
            }
        }
        hits.permit(set, scene, &permissions);
        hits
    }

    /// Permissions hold together: every part that is not calm is covered by one of them.
    fn permit(&mut self, set: &RuleSet, scene: &Scene<'_>, permissions: &[usize]) {
        if permissions.is_empty() {
            return;
        }
        let covers = |at: usize, part: usize| scene.covers(&set.at(at).1.when, &scene.looked.parts[part]);
        let (observing, counting): (Vec<usize>, Vec<usize>) = permissions.iter().partition(|at| set.at(**at).1.observe);
        let parts = &scene.looked.parts;
        self.uncovered = (0..parts.len())
            .filter(|part| !scene.is_calm(&parts[*part]) && !counting.iter().any(|at| covers(*at, *part)))
            .collect();
        for at in observing {
            if self.uncovered.iter().all(|part| covers(at, *part)) {
                self.observed.push(at);
            }
        }
        if self.uncovered.is_empty() {
            self.in_force.extend(counting);
        } else {
            self.partial = counting;
        }
    }
}
