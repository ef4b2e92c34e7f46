//! Questions to a human.

use serde::{Deserialize, Serialize};

use crate::Risk;
use crate::grants::ProposalView;

/// A run of characters of one kind. Marked runs are control, bidirectional or look-alike characters,
/// already written out visibly in `text` (for example `␛` or `U+202E`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub text: String,
    /// What is unusual about it; plain text has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// Why a segment stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A control or format character.
    Control,
    /// Changes the direction of text.
    Bidi,
    /// Looks like another character, or is invisible.
    Lookalike,
    /// The part a risk signal is about.
    Risky,
    /// A masked secret.
    Masked,
}

/// A line of segments.
pub type Line = Vec<Segment>;

/// What would be done, ready to draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "show", rename_all = "snake_case")]
pub enum ActionBody {
    /// Shell text.
    Command {
        lines: Vec<Line>,
        #[serde(default)]
        description: Option<String>,
    },
    /// A file and how it would change.
    Diff { path: Line, lines: Vec<DiffLine> },
    /// Name and value pairs (MCP arguments, unknown tools).
    Table { title: Line, rows: Vec<Row> },
    /// One thing: a path, a URL.
    Target { what: String, target: Line },
}

/// One line of a diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffLine {
    pub sign: DiffSign,
    pub line: Line,
}

/// Added, removed or around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiffSign {
    Added,
    Removed,
    Context,
}

/// One name and value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    pub value: Vec<Line>,
}

/// One reason for the risk level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalView {
    pub name: String,
    pub risk: Risk,
    pub says: String,
    #[serde(default)]
    pub part: Option<String>,
}

/// Where an approval stands, as its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Pending,
    Approved,
    Rejected,
    Expired,
    Withdrawn,
}

/// What the next turn would cost because of a request; never more than an estimate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CostView {
    pub label: CostLabel,
    /// Lower end in US dollars; absent when unknown.
    #[serde(default)]
    pub low_usd: Option<f64>,
    /// Upper end in US dollars; absent when unknown.
    #[serde(default)]
    pub high_usd: Option<f64>,
    /// What the figure rests on, or why there is none.
    #[serde(default)]
    pub basis: String,
}

/// How sure a cost is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostLabel {
    Estimated,
    #[default]
    Unknown,
}

/// One approval, complete: the card in the inbox and in the pop-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalView {
    pub id: String,
    /// Grows with every change; a decision names the one it saw.
    pub revision: u32,
    /// SHA-256 (hex) of the canonical action; a decision names the one it saw.
    pub seen_digest: String,
    pub state: State,
    /// One sentence on how it ended; empty while pending.
    #[serde(default)]
    pub outcome: String,
    pub runtime: String,
    /// The runtime's name for people.
    pub runtime_name: String,
    /// The home it comes from, a folder or the address of a gateway; absent where the registry has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    pub session: String,
    /// Project folder.
    pub cwd: String,
    #[serde(default)]
    pub branch: Option<String>,
    #[serde(default)]
    pub subagent: Option<String>,
    pub tool: String,
    /// `shell`, `file_write`, `file_read`, `network`, `mcp`, `agent_spawn`, `internal`, `other`.
    pub kind: String,
    /// One line for lists.
    pub headline: String,
    pub body: ActionBody,
    pub risk: Risk,
    /// The one-sentence reason.
    pub risk_summary: String,
    pub signals: Vec<SignalView>,
    /// The rule that asked, in words.
    pub rule: String,
    pub permission_mode: String,
    /// What the first of `proposals` would cover; absent where none is offered (critical risk).
    #[serde(default)]
    pub always_covers: Option<String>,
    /// The always-allows that are offered, narrow ones first; empty for critical risk.
    #[serde(default)]
    pub proposals: Vec<ProposalView>,
    /// Requests of one group are near-duplicates and can be decided together.
    #[serde(default)]
    pub group: String,
    /// Other pending requests of the group; at most 99.
    #[serde(default)]
    pub alike_ids: Vec<String>,
    #[serde(default)]
    pub cost: CostView,
    /// What was decided on requests like this before, in a sentence; absent when there were none.
    #[serde(default)]
    pub similar: Option<String>,
    /// Milliseconds since the epoch, UTC.
    pub created_at: i64,
    /// Milliseconds since the epoch, UTC.
    pub expires_at: i64,
    /// What happens at the deadline (`denied`, `asks in the terminal`).
    pub at_deadline: String,
    /// Whether a client is connected and waiting for the answer now.
    pub client_waiting: bool,
    /// Other pending requests of the group, in all.
    #[serde(default)]
    pub alike: u32,
}

/// A page of approvals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalList {
    pub items: Vec<ApprovalView>,
    /// Pending in all, shown or not.
    pub pending: u32,
    /// The engine's wall clock, so that countdowns do not depend on the window's.
    pub now: i64,
}

/// Which approvals to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Waiting for a decision, most urgent first.
    #[default]
    Pending,
    /// Settled, newest first.
    Settled,
}

/// What the human says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    AllowOnce,
    AllowAlways,
    Deny,
}

/// Where an always-allow holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Until the session ends.
    Session,
    /// In this project folder for 30 days.
    #[default]
    Project,
    /// Anywhere on this machine, for the same runtime.
    Machine,
}

/// What was seen: names exactly one version of one approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub id: String,
    pub revision: u32,
    pub seen_digest: String,
}

/// One outcome of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchOutcome {
    pub id: String,
    /// The new view, or why not.
    #[serde(default)]
    pub approval: Option<ApprovalView>,
    #[serde(default)]
    pub error: Option<crate::ApiError>,
}

/// Outcomes of a batch, in the order asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchResult {
    pub outcomes: Vec<BatchOutcome>,
}
