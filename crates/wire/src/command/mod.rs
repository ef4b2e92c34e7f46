//! The one list of everything a window can ask for.
//!
//! A host takes the list through `with_commands!` and so cannot forget one: what is missing in the
//! application does not compile, what is missing in a capability fails a test. Add a command: request
//! struct and line here, method of the same name on `Butler`, a line in `capabilities/`.

mod agents;
mod approvals;
mod attached;
mod rules;
mod sessions;

pub use agents::*;
pub use approvals::*;
pub use attached::*;
pub use rules::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
pub use sessions::*;

use crate::Seq;
use crate::approvals::{ApprovalList, ApprovalView, BatchResult};
use crate::attached::{ChatView, ConfigView, ConnectionList, ConnectionView, GatewayDone, PartView, PolicyAnswer};
pub use crate::audit::AcknowledgeLog;
use crate::audit::{AuditPage, VerifyReport};
use crate::audit_proof::{CheckpointList, EntryProof, VerifyProgress};
pub use crate::audit_proof::{ListCheckpoints, ProveEntry, ShowVerify};
pub use crate::audit_search::{
    DeleteSearch, ExportAudit, ListSearches, PreviewExport, SaveSearch, SearchAudit, ShowExport, ShowTrace, StopExport,
};
use crate::audit_search::{ExportPreview, ExportProgress, SavedSearches, SearchPage, TraceView};
use crate::budget::BudgetView;
pub use crate::budget::GetBudget;
use crate::files::{BackupVerdict, ChosenPath, PackVerdict};
pub use crate::files::{CheckBackup, CheckPack, ChoosePath};
use crate::grants::{GrantList, GrantPreview, PassView};
use crate::registry::{AgentDetail, AgentList, AgentView, GovernResult, KillReport};
use crate::retention::{BackupProgress, RetentionReport, RetentionView};
pub use crate::retention::{GetRetention, MakeBackup, RetentionPreview, RetentionRun, SetRetention, ShowBackup};
use crate::rules::{ExplanationView, ImportView, RulesCheck, RulesView, SimulationView};
use crate::runtimes::{Discovery, GuardPlan, GuardTest, HomeView};
use crate::sessions::{BackfillView, SessionDetail, SessionPage, StepPage};
use crate::settings::{Settings, StatusView};

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
            test_guard TestGuard => GuardTest,
            list_agents ListAgents => AgentList,
            show_agent ShowAgent => AgentDetail,
            govern_many GovernMany => GovernResult,
            add_home AddHome => AgentView,
            forget_home ForgetHome => Done,
            set_agent_state SetAgentState => AgentView,
            kill_agent KillAgent => KillReport,
            list_connections ListConnections => ConnectionList,
            attach_home AttachHome => ConnectionView,
            detach_home DetachHome => Done,
            set_floor SetFloor => ConnectionView,
            edit_policy EditPolicy => PolicyAnswer,
            gateway_view GatewayView => PartView,
            gateway_chat GatewayChat => ChatView,
            gateway_config GatewayConfig => ConfigView,
            gateway_act GatewayAct => GatewayDone,
            revive_agent ReviveAgent => AgentView,
            accept_drift AcceptDrift => AgentDetail,
            list_approvals ListApprovals => ApprovalList,
            get_approval GetApproval => ApprovalView,
            decide_approval DecideApproval => ApprovalView,
            decide_batch DecideBatch => BatchResult,
            explain_approval ExplainApproval => ExplanationView,
            preview_grant PreviewGrant => GrantPreview,
            list_grants ListGrants => GrantList,
            revoke_grant RevokeGrant => GrantList,
            revoke_grants RevokeGrants => GrantList,
            start_pass StartPass => PassView,
            list_rules ListRules => RulesView,
            set_pack SetPack => RulesView,
            check_rules CheckRules => RulesCheck,
            save_rules SaveRules => RulesView,
            delete_rules DeleteRules => RulesView,
            import_rules ImportRules => ImportView,
            accept_rules AcceptRules => RulesView,
            reject_rules RejectRules => RulesView,
            simulate_rules SimulateRules => SimulationView,
            explain_action ExplainAction => ExplanationView,
            list_sessions ListSessions => SessionPage,
            show_session ShowSession => SessionDetail,
            list_steps ListSteps => StepPage,
            backfill_sessions BackfillSessions => BackfillView,
            list_audit ListAudit => AuditPage,
            verify_audit VerifyAudit => VerifyReport,
            show_verify ShowVerify => VerifyProgress,
            acknowledge_log AcknowledgeLog => Done,
            prove_entry ProveEntry => EntryProof,
            list_checkpoints ListCheckpoints => CheckpointList,
            search_audit SearchAudit => SearchPage,
            show_trace ShowTrace => TraceView,
            list_searches ListSearches => SavedSearches,
            save_search SaveSearch => SavedSearches,
            delete_search DeleteSearch => SavedSearches,
            preview_export PreviewExport => ExportPreview,
            export_audit ExportAudit => ExportProgress,
            show_export ShowExport => ExportProgress,
            stop_export StopExport => ExportProgress,
            check_pack_file CheckPack => PackVerdict,
            get_retention GetRetention => RetentionView,
            set_retention SetRetention => RetentionView,
            retention_preview RetentionPreview => RetentionReport,
            retention_run RetentionRun => RetentionView,
            make_backup MakeBackup => BackupProgress,
            show_backup ShowBackup => BackupProgress,
            check_backup CheckBackup => BackupVerdict,
            choose_path ChoosePath => ChosenPath,
            get_budget GetBudget => BudgetView,
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
