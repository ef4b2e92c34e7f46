//! Standing always-allows: what is offered, what it would have covered, what is in force.

use serde::{Deserialize, Serialize};

use crate::Seq;
use crate::approvals::Scope;

/// One always-allow that is offered for a request, narrow ones first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalView {
    /// `decide_approval` and `preview_grant` name it.
    pub index: u32,
    /// What it would cover, in words.
    pub title: String,
    /// What to think of before giving it.
    #[serde(default)]
    pub warning: Option<String>,
    /// Where it may hold.
    pub scopes: Vec<Scope>,
}

/// What a grant would have covered in the last 30 days, before it is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantPreview {
    /// What it would cover, in words.
    pub covers: String,
    /// Where it would hold, in words.
    pub reach: String,
    /// At most 50, newest first.
    pub would_have_covered: Vec<CoveredView>,
    /// All of the last 30 days, shown or not.
    pub count_30d: u32,
    /// Sessions these come from.
    pub sessions: u32,
    /// Similar requests it would not have covered; at most 10, newest first.
    pub not_covered_examples: Vec<CoveredView>,
}

/// A recorded action beside a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoveredView {
    /// Milliseconds since the epoch.
    pub at: i64,
    pub headline: String,
    /// What was decided then, as a word.
    pub decision_then: String,
}

/// What sort of grant it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// Holds until it expires or is ended.
    Standing,
    /// Holds for the next so many uses.
    Counted,
    /// Allows nearly everything in one session for a short while.
    SessionPass,
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    pub id: String,
    pub kind: GrantKind,
    /// A few words for a list.
    pub title: String,
    /// What it covers, in words.
    pub covers: String,
    /// Where, in words.
    pub reach: String,
    pub runtime: String,
    /// Milliseconds since the epoch; absent: until its session ends.
    #[serde(default)]
    pub expires_at: Option<i64>,
    /// When it was given.
    pub created_at: i64,
    /// The ledger entry that gave it.
    pub ledger_seq: Seq,
    pub uses: u32,
    /// Absent: as often as wanted.
    #[serde(default)]
    pub uses_left: Option<u32>,
    #[serde(default)]
    pub last_used_at: Option<i64>,
    /// Set for one that no longer holds.
    #[serde(default)]
    pub ended_at: Option<i64>,
    /// What the user wrote when giving it.
    #[serde(default)]
    pub note: Option<String>,
}

/// Grants, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantList {
    pub items: Vec<GrantView>,
}

/// A pass in force: nearly everything in one session is let through. Shown as a banner while it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassView {
    /// `revoke_grant` stops it.
    pub grant: String,
    pub session: String,
    pub runtime: String,
    /// The runtime's name for people.
    pub runtime_name: String,
    pub uses_left: u32,
    /// Milliseconds since the epoch.
    pub ends_at: i64,
}
