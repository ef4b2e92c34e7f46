//! How bad an action could be, and why, in words a person reads in one breath.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Four levels; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Reads or changes what is easily undone.
    Low,
    /// Changes something outside the plain course of work.
    Medium,
    /// Could destroy work, leak secrets or reach other systems.
    High,
    /// Could destroy the machine, the guard or what cannot be had again.
    Critical,
}

impl RiskLevel {
    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One named reason for a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Stable name, for rules and statistics (`recursive_delete`).
    pub name: String,
    /// The level this signal alone asks for.
    pub level: RiskLevel,
    /// One sentence without the trailing full stop (`Deletes a folder and all in it`).
    pub says: String,
    /// The part of the command or path it is about, verbatim, for underlining.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

/// The result of looking at an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The highest level of all signals.
    pub level: RiskLevel,
    /// One sentence: the strongest signals joined.
    pub summary: String,
    /// All signals, strongest first.
    pub signals: Vec<Signal>,
}

impl Assessment {
    /// Joins signals: the level is the highest, the summary says the strongest two.
    pub fn of(signals: Vec<Signal>, calm: &str) -> Self {
        Self::traced(signals, calm).0
    }

    /// [`Self::of`], and where each signal went: its position among [`Self::signals`].
    pub fn traced(signals: Vec<Signal>, calm: &str) -> (Self, Vec<usize>) {
        let mut order: Vec<usize> = (0..signals.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(signals[*at].level));
        let mut moved = vec![0; signals.len()];
        let mut first: HashMap<(&str, Option<&str>), usize> = HashMap::with_capacity(signals.len());
        let mut kept = Vec::with_capacity(signals.len());
        for at in order {
            let one = &signals[at];
            let next = kept.len();
            let place = *first.entry((&one.name, one.part.as_deref())).or_insert(next);
            moved[at] = place;
            if place == next {
                kept.push(at);
            }
        }
        drop(first);
        let mut signals: Vec<Option<Signal>> = signals.into_iter().map(Some).collect();
        let sorted: Vec<Signal> = kept.into_iter().filter_map(|at| signals[at].take()).collect();
        let level = sorted.first().map_or(RiskLevel::Low, |signal| signal.level);
        let mut said: Vec<&str> = Vec::new();
        for signal in sorted.iter().filter(|signal| signal.level == level) {
            if said.len() < 2 && !said.contains(&signal.says.as_str()) {
                said.push(&signal.says);
            }
        }
        let summary = if said.is_empty() { calm.to_owned() } else { said.join("; ") };
        (Self { level, summary, signals: sorted }, moved)
    }
}
