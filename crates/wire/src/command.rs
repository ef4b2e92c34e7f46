//! The one list of everything a window can ask for.
//!
//! A host takes the list through `with_commands!` and so cannot forget one: what is missing in the
//! application does not compile, what is missing in a capability fails a test. Add a command: request
//! struct and line here, method of the same name on `Butler`, a line in `capabilities/`.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Seq;
use crate::approvals::{ApprovalList, ApprovalView, BatchResult, GrantList, Scope, Seen, Verb, Which};
use crate::audit::{AuditPage, VerifyReport};
use crate::runtimes::{Discovery, GuardPlan, GuardVariant, HomeView};
use crate::settings::{RulesView, Settings, StatusView};

/// A request that knows its name and its reply.
pub trait Command: Serialize + DeserializeOwned + Send + 'static {
    /// Name on the wire.
    const NAME: &'static str;
    /// What comes back.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
}

/// Nothing to say: the reply of commands that only do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Done {}

/// Calls `$macro! { name Request => Reply, … }` with every command.
#[macro_export]
macro_rules! with_commands {
    ($macro:path) => {
        $macro! {
            status Status => StatusView,
            discover Discover => Discovery,
            govern Govern => HomeView,
            plan_guard PlanGuard => GuardPlan,
            install_guard InstallGuard => HomeView,
            uninstall_guard UninstallGuard => HomeView,
            list_approvals ListApprovals => ApprovalList,
            get_approval GetApproval => ApprovalView,
            decide_approval DecideApproval => ApprovalView,
            decide_batch DecideBatch => BatchResult,
            list_grants ListGrants => GrantList,
            revoke_grant RevokeGrant => GrantList,
            list_rules ListRules => RulesView,
            list_audit ListAudit => AuditPage,
            verify_audit VerifyAudit => VerifyReport,
            get_settings GetSettings => Settings,
            update_settings UpdateSettings => Settings,
            dismiss_alert DismissAlert => Done,
            open_window OpenWindow => Done,
        }
    };
}

macro_rules! implement {
    ($($name:ident $request:ident => $reply:ty,)+) => {
        $(impl Command for $request {
            const NAME: &'static str = stringify!($name);
            type Reply = $reply;
        })+

        /// Every command's name.
        pub const COMMANDS: &[&str] = &[$(stringify!($name)),+];
        /// Every command with the names of its request and reply types.
        pub const SIGNATURES: &[(&str, &str, &str)] = &[$((stringify!($name), stringify!($request), stringify!($reply))),+];
    };
}
with_commands!(implement);

/// The app at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Status {}

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
}

/// Lists standing grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListGrants {}

/// Ends a grant now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeGrant {
    pub id: String,
}

/// The rule set in force, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListRules {}

/// A page of the audit log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListAudit {
    /// Entries below this sequence number; absent: from the newest.
    #[serde(default)]
    pub before: Option<Seq>,
    /// At most 500.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Only entries of one action.
    #[serde(default)]
    pub span: Option<String>,
}

/// Recomputes the whole chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VerifyAudit {}

/// What the user chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GetSettings {}

/// Replaces the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateSettings {
    pub settings: Settings,
}

/// Takes an alert off the screen; it stays in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DismissAlert {
    pub id: String,
}

/// Brings the main window to a place (from the pop-up). The dev host does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWindow {
    /// Route of the UI, for example `approvals/<id>`.
    pub route: String,
}
