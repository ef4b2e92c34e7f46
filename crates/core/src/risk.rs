//! How bad an action could be, and why, in words a person reads in one breath.

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
    pub fn of(mut signals: Vec<Signal>, calm: &str) -> Self {
        signals.sort_by_key(|signal| std::cmp::Reverse(signal.level));
        signals.dedup_by(|a, b| a.name == b.name && a.part == b.part);
        let level = signals.first().map_or(RiskLevel::Low, |signal| signal.level);
        let mut said: Vec<&str> = Vec::new();
        for signal in signals.iter().filter(|signal| signal.level == level) {
            if said.len() < 2 && !said.contains(&signal.says.as_str()) {
                said.push(&signal.says);
            }
        }
        let summary = if said.is_empty() { calm.to_owned() } else { said.join("; ") };
        Self { level, summary, signals }
    }
}
