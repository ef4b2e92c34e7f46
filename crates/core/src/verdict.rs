//! What the rules say about an action.

use serde::{Deserialize, Serialize};

use crate::risk::Assessment;

/// Ordered by strictness: the strictest match wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Run without asking anyone.
    Allow,
    /// No opinion: the runtime's own rules and prompts apply.
    Defer,
    /// A human decides.
    Ask,
    /// Never.
    Deny,
}

impl Decision {
    /// Its word in rule files, entries and on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Defer => "defer",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// A rule or grant that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Rule id.
    pub rule: String,
    /// What it asks for.
    pub decision: Decision,
    /// Its justification, shown to the person and to the agent.
    pub because: String,
}

/// The outcome of evaluating one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The strictest of the matches.
    pub decision: Decision,
    /// Every match, strictest first.
    pub matches: Vec<Match>,
    /// What rules that only observe would have said; counts for nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Match>,
    /// Risk and reasons.
    pub assessment: Assessment,
    /// Version of the rule set (hex digest), so that the verdict can be replayed.
    pub rules_version: String,
}
