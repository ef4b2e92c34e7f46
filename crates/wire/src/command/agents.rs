//! Asked about agents: what is found, chosen, guarded, stopped.

use serde::{Deserialize, Serialize};

use crate::runtimes::GuardVariant;

/// Looks for runtimes, homes and sessions now. Touches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Discover {}

/// Chooses to govern a home or to leave it alone. Does not touch its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Govern {
    pub home_id: String,
    pub governed: bool,
}

/// Shows exactly what installing or uninstalling the guard would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanGuard {
    pub home_id: String,
    #[serde(default)]
    pub variant: GuardVariant,
    /// Plan the removal instead.
    #[serde(default)]
    pub uninstall: bool,
}

/// Carries out the plan that was shown. `stale` when a file changed since. The home becomes governed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallGuard {
    pub home_id: String,
    #[serde(default)]
    pub variant: GuardVariant,
    pub plan_digest: String,
}

/// Carries out the removal that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UninstallGuard {
    pub home_id: String,
    #[serde(default)]
    pub variant: GuardVariant,
    pub plan_digest: String,
}

/// Runs the guard of a governed home once, without anybody being asked, and tells whether it blocks. Recorded. An error
/// where the guard is nothing that runs by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestGuard {
    pub home_id: String,
}

/// Every agent found now or chosen before, with its health. Touches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListAgents {}

/// One agent with its sessions, its configuration and what changed in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowAgent {
    pub home_id: String,
}

/// Chooses to govern several homes, or to leave them alone. Does not touch their files. At most 100.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernMany {
    pub home_ids: Vec<String>,
    pub governed: bool,
}

/// Lists a home that discovery cannot see (one set by a variable of one shell only), or a gateway of which only the
/// address is known. It is not governed by that. `bad_request` says why a place is no home of the runtime; one that is
/// known already is answered as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddHome {
    /// Connector id.
    pub runtime: String,
    /// An absolute path, or `ws://` and the address of a gateway on this machine.
    pub place: String,
}

/// Forgets a home: our rows and its baseline go, the audit log stays. `precondition` while the guard is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetHome {
    pub home_id: String,
}

/// Enables or disables a governed agent. While it is disabled, every tool call of it that reaches the guard is
/// denied, also while the app is closed. A killed agent is enabled by `revive_agent` only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAgentState {
    pub home_id: String,
    pub enabled: bool,
}

/// The kill switch: disables the agent, denies its waiting requests and ends its live sessions. May take several
/// seconds. The reply says what was stopped and what could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillAgent {
    pub home_id: String,
}

/// Lets a killed or disabled agent act again. Starts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviveAgent {
    pub home_id: String,
}

/// Accepts the configuration as it was shown as the new baseline. `stale` when it changed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptDrift {
    pub home_id: String,
    /// Digest of the changes that were shown.
    pub digest: String,
}
