//! Risk signals tuned by a rule set: raised freely, lowered only where nothing is lost by it.

use clawbutler_core::risk::{Assessment, RiskLevel, Signal};
use serde::{Deserialize, Serialize};

use crate::looked::Looked;

/// What a set makes of one signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// The signal's name.
    pub name: String,
    /// The level it gets instead of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<RiskLevel>,
    /// Not raised at all.
    #[serde(default, skip_serializing_if = "is_no")]
    pub off: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_no(value: &bool) -> bool {
    !*value
}

/// Signals that a set may lower or switch off. None of them stands for secrets, for ClawButler itself, for
/// what holds an agent in check, or for work that cannot be had again; and what is critical stays critical.
pub const LOWERABLE: &[&str] = &[
    "agent_spawn", "builds", "database_changes", "delete_generated", "delete_one", "git_deletes", "git_push",
    "git_remote", "inline_code", "installs", "kills", "mcp_changes", "mcp_reads", "mcp_unknown", "network",
    "outside_write", "publish", "reads", "remote", "runs_script", "unknown_program",
];

impl Tuning {
    /// What a signal of the name at `level` comes to; `None`: it is dropped.
    pub(crate) fn of(&self, level: RiskLevel) -> Option<RiskLevel> {
        let may_lower = level < RiskLevel::Critical && LOWERABLE.contains(&self.name.as_str());
        match (self.off, self.level) {
            (true, _) if may_lower => None,
            (false, Some(wanted)) if may_lower || wanted > level => Some(wanted),
            (true | false, _) => Some(level),
        }
    }
}

/// Whether `new` gives every signal at least the level that `old` gives it.
pub(crate) fn is_raised(old: &[Tuning], new: &[Tuning]) -> bool {
    let levels = [RiskLevel::Low, RiskLevel::Medium, RiskLevel::High, RiskLevel::Critical];
    let result = |set: &[Tuning], name: &str, level| match set.iter().find(|one| one.name == name) {
        Some(tuning) => tuning.of(level),
        None => Some(level),
    };
    old.iter()
        .chain(new)
        .all(|tuning| levels.iter().all(|level| result(new, &tuning.name, *level) >= result(old, &tuning.name, *level)))
}

/// Applies a set's tuning to what a look found.
pub(crate) fn apply(tunings: &[Tuning], looked: &mut Looked) {
    let find = |signal: &Signal| tunings.iter().find(|tuning| tuning.name == signal.name);
    if !looked.assessment.signals.iter().any(|signal| find(signal).is_some()) {
        return;
    }
    let mut kept: Vec<(usize, Signal)> = std::mem::take(&mut looked.assessment.signals)
        .into_iter()
        .enumerate()
        .filter_map(|(at, signal)| {
            let level = find(&signal).map_or(Some(signal.level), |tuning| tuning.of(signal.level))?;
            Some((at, Signal { level, ..signal }))
        })
        .collect();
    kept.sort_by_key(|(_, signal)| std::cmp::Reverse(signal.level));
    for part in &mut looked.parts {
        if part.signals.is_empty() {
            continue;
        }
        let held: Vec<usize> =
            part.signals.iter().filter_map(|old| kept.iter().position(|(at, _)| at == old)).collect();
        part.level = held.iter().map(|at| kept[*at].1.level).max().unwrap_or(RiskLevel::Low);
        part.signals = held;
    }
    let signals: Vec<Signal> = kept.into_iter().map(|(_, signal)| signal).collect();
    let joined = Assessment::of(signals.clone(), "Nothing that your rules count as a risk");
    looked.assessment = Assessment { signals, ..joined };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::looked::Part;

    fn signal(name: &str, level: RiskLevel) -> Signal {
        Signal { name: name.into(), level, says: format!("{name} happens"), part: None }
    }

    fn tuning(name: &str, level: Option<RiskLevel>, off: bool) -> Tuning {
        Tuning { name: name.into(), level, off }
    }

    #[test]
    fn tuning_moves_signals_and_the_parts_that_cause_them() {
        use RiskLevel::{Critical, High, Low, Medium};
        let part = |level, signals: &[usize]| Part {
            program: "x".into(),
            args: Vec::new(),
            via: Vec::new(),
            level,
            signals: signals.to_vec(),
            opaque: false,
        };
        let mut looked = Looked {
            assessment: Assessment::of(
                vec![
                    signal("secret_read", High),
                    signal("publish", High),
                    signal("network", Medium),
                    signal("reads", Low),
                ],
                "",
            ),
            parts: vec![part(High, &[0, 3]), part(High, &[1, 2]), part(Low, &[])],
            touches: Vec::new(),
            hosts: Vec::new(),
        };
        apply(
            &[
                tuning("secret_read", Some(Low), false),
                tuning("publish", None, true),
                tuning("network", Some(Low), false),
                tuning("reads", Some(Critical), false),
            ],
            &mut looked,
        );
        assert_eq!(
            looked.assessment.signals,
            [signal("reads", Critical), signal("secret_read", High), signal("network", Low)]
        );
        assert_eq!((looked.assessment.level, looked.assessment.summary.as_str()), (Critical, "reads happens"));
        assert_eq!(looked.parts, [part(Critical, &[1, 0]), part(Low, &[2]), part(Low, &[])]);
    }

    #[test]
    fn critical_signals_and_those_not_listed_are_never_lowered() {
        use RiskLevel::{Critical, High, Medium};
        assert_eq!(tuning("kills", None, true).of(Critical), Some(Critical));
        assert_eq!(tuning("kills", None, true).of(Medium), None);
        assert_eq!(tuning("own_files", None, true).of(Critical), Some(Critical));
        assert_eq!(tuning("git_destroys", Some(Medium), false).of(High), Some(High));
        assert_eq!(tuning("git_destroys", Some(Critical), false).of(High), Some(Critical));
        assert!(is_raised(&[tuning("network", None, true)], &[]));
        assert!(!is_raised(&[], &[tuning("network", Some(RiskLevel::Low), false)]));
        assert!(is_raised(&[], &[tuning("secret_read", Some(RiskLevel::Low), false)]));
    }
}
