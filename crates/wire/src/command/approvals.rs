//! Asked about waiting requests and what stands for a person's answer: grants and passes.

use serde::{Deserialize, Serialize};

use crate::approvals::{Scope, Seen, Verb, Which};

/// Lists approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListApprovals {
    #[serde(default)]
    pub which: Which,
    /// At most 500.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetApproval {
    pub id: String,
}

/// Decides one approval. `stale` (with the present view in `details`) when it is not the one seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecideApproval {
    pub id: String,
    pub revision: u32,
    pub seen_digest: String,
    pub verb: Verb,
    /// For the agent, with `deny`; at most 500 characters.
    #[serde(default)]
    pub reason: Option<String>,
    /// With `allow_always`.
    #[serde(default)]
    pub scope: Scope,
    /// With `allow_always`: which of the proposals, by its index.
    #[serde(default)]
    pub proposal: u32,
    /// With `allow_always`: how long it holds (ms), from one minute to 90 days (30 on the whole machine); absent:
    /// 30 days, or until the session ends.
    #[serde(default)]
    pub expires_ms: Option<u64>,
    /// With `allow_always`: it ends after so many uses, 1 to 100; absent: as often as wanted.
    #[serde(default)]
    pub uses: Option<u32>,
}

/// Decides a selection, one audit entry each. At most 100.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecideBatch {
    pub items: Vec<Seen>,
    pub verb: Verb,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub scope: Scope,
    /// As in `decide_approval`, for each.
    #[serde(default)]
    pub proposal: u32,
    #[serde(default)]
    pub expires_ms: Option<u64>,
    #[serde(default)]
    pub uses: Option<u32>,
}

/// Why a request was judged as it was, as a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainApproval {
    pub id: String,
}

/// What a proposed grant would have covered in the last 30 days. Gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewGrant {
    /// The request that offers it.
    pub approval: String,
    /// Index of the proposal.
    #[serde(default)]
    pub proposal: u32,
    #[serde(default)]
    pub scope: Scope,
}

/// Lists grants, newest first; at most 500.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListGrants {
    /// Only those whose words, folder, runtime or note contain this, in any case.
    #[serde(default)]
    pub search: String,
    /// Also those that no longer hold.
    #[serde(default)]
    pub include_ended: bool,
}

/// Ends a grant now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeGrant {
    pub id: String,
}

/// Ends several grants now. At most 500; those that ended already are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeGrants {
    pub ids: Vec<String>,
}

/// Lets everything below critical risk through in one session, for a short while and a bounded number of times.
/// Secrets, guards and our own files stay asked about. `revoke_grant` stops it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartPass {
    pub runtime: String,
    pub session: String,
    /// 1 to 50.
    pub uses: u32,
    /// 1 to 60.
    pub minutes: u32,
}
