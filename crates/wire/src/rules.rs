//! Rules, packs, their check before they count, simulation over history and explanations.

use serde::{Deserialize, Serialize};

use crate::Risk;

/// Every rule in force, where it comes from, and what waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesView {
    /// Version of the set in force (hex digest); every verdict names it.
    pub version: String,
    /// The base pack in force.
    pub pack: String,
    pub packs: Vec<PackView>,
    pub files: Vec<RuleFileView>,
    /// In order of effect: deny, ask, defer, allow.
    pub rules: Vec<RuleView>,
    pub findings: Vec<LintView>,
    /// A change that waits for a person; the set before it is in force.
    #[serde(default)]
    pub held: Option<HeldChange>,
    /// Signals that were raised, lowered or switched off.
    pub tuning: Vec<TuningView>,
}

/// A set of rules that comes with the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackView {
    pub id: String,
    pub title: String,
    pub summary: String,
    pub kind: PackKind,
    pub active: bool,
    /// How many rules it has.
    pub rules: u32,
}

/// What a pack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackKind {
    /// Exactly one is in force.
    Base,
    /// Adds rules for one field; any number is in force.
    Domain,
}

/// One file of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFileView {
    /// File name with its ending, for example `rules.toml`; a pack's id for a pack.
    pub name: String,
    pub origin: RuleOrigin,
    /// What the editor opens: the file as it is on the disk. Absent for packs that are not in force.
    #[serde(default)]
    pub text: Option<String>,
    /// SHA-256 (hex) of `text`; `save_rules` and `delete_rules` name the one they saw.
    #[serde(default)]
    pub digest: Option<String>,
    pub state: RuleFileState,
    /// One sentence on the state; empty while all is well.
    #[serde(default)]
    pub says: String,
    /// What to do; empty while all is well.
    #[serde(default)]
    pub fix: String,
}

/// Where a file of rules comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleOrigin {
    Pack,
    User,
    Imported,
}

/// Whether a file of rules counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleFileState {
    InForce,
    /// It was changed in a way that could let more through, and waits for a person.
    Held,
    /// It does not load; what it said when it last loaded is in force.
    Broken,
}

/// One rule in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    pub id: String,
    /// The file or pack that carries it.
    pub file: String,
    /// `allow`, `defer`, `ask`, `deny`.
    pub decision: String,
    /// What it matches, in words.
    pub when: String,
    /// Its justification.
    pub because: String,
    /// As written in the file; past it the rule is out of force.
    #[serde(default)]
    pub expires: Option<String>,
    /// It is recorded when it matches and counts for nothing.
    pub observe: bool,
    pub enabled: bool,
    /// Matches in the last 30 days.
    pub uses_30d: u32,
    /// Its last match; milliseconds since the epoch.
    #[serde(default)]
    pub last_at: Option<i64>,
}

/// Something odd about a rule that loads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LintView {
    pub rule: String,
    /// `shadowed`, `unreachable`, `contradictory`, `over_broad`, `expired`, `no_examples`, `floor_wins`.
    pub kind: String,
    pub says: String,
    pub fix: String,
}

/// A signal whose level a file changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TuningView {
    pub signal: String,
    /// The level it counts with; absent: it is off.
    #[serde(default)]
    pub level: Option<Risk>,
}

/// A change of the rules that is not in force because it could let more through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldChange {
    /// Names exactly this change; `accept_rules` and `reject_rules` repeat it.
    pub digest: String,
    pub files: Vec<String>,
    /// Whether it could let something through that is stopped or asked about now.
    pub loosens: bool,
    /// Where it comes from and what it would do, in a sentence.
    pub says: String,
    /// Unified diff, a line each, at most 2,000.
    pub diff_lines: Vec<String>,
}

/// What a text of rules would be, before it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesCheck {
    /// Empty when it loads.
    pub errors: Vec<RuleErrorView>,
    pub findings: Vec<LintView>,
    /// The newest actions of the history that its rules match, at most 20, newest first.
    pub matches_now: Vec<MatchView>,
}

/// Why a text of rules does not load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleErrorView {
    /// The rule it is about, where one is known.
    #[serde(default)]
    pub rule: Option<String>,
    /// The example that does not hold, where it is one.
    #[serde(default)]
    pub example: Option<String>,
    pub says: String,
    pub fix: String,
}

/// An action of the history that a rule matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchView {
    /// Milliseconds since the epoch.
    pub at: i64,
    pub headline: String,
    /// The rule that matches.
    pub rule: String,
    /// What was decided then, as a word.
    pub decision_then: String,
}

/// A file of rules by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftFile {
    /// A file name of small letters, digits, `-` and `_`, ending in `.toml`; at most 64 characters.
    pub name: String,
    pub text: String,
}

/// What was imported, not in force yet, and what it would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    pub rules: RulesView,
    pub simulation: SimulationView,
}

/// What other rules would have said to recorded actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationView {
    /// Actions that were judged again.
    pub looked_at: u32,
    /// Recorded actions that were too large to keep whole and so cannot be judged again.
    pub not_replayable: u32,
    /// At most 200, newest first.
    pub changed: Vec<ChangeView>,
    /// How many changed verdicts are stricter, shown or not.
    pub newly_stopped: u32,
    /// How many changed verdicts are looser, shown or not.
    pub newly_allowed: u32,
    /// Whether there is more than was looked at or shown.
    pub truncated: bool,
    pub took_ms: u32,
}

/// One verdict that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// Milliseconds since the epoch.
    pub at: i64,
    pub runtime: String,
    pub session: String,
    pub headline: String,
    /// `allow`, `defer`, `ask`, `deny`.
    pub before: String,
    pub after: String,
    pub because_before: String,
    pub because_after: String,
    /// Whether the new verdict lets more through.
    pub looser: bool,
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplanationView {
    /// `allow`, `defer`, `ask`, `deny`.
    pub decision: String,
    pub risk: Risk,
    /// The verdict in a sentence.
    pub because: String,
    pub rules_version: String,
    pub root: ExplanationNode,
}

/// One step of an explanation and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplanationNode {
    pub label: String,
    /// Empty when the label says all.
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub risk: Option<Risk>,
    #[serde(default)]
    pub children: Vec<ExplanationNode>,
}
