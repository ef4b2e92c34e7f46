//! The one list of everything a window can ask for.
//!
//! A host takes the list through `with_commands!` and so cannot forget one: what is missing in the
//! application does not compile, what is missing in a capability fails a test. Add a command: request
//! struct and line here, method of the same name on `Butler`, a line in `capabilities/`.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Seq;
use crate::approvals::{ApprovalList, ApprovalView, BatchResult, Scope, Seen, Verb, Which};
use crate::attached::{
    ChatAct, ChatView, ConfigAct, ConfigView, ConnectionList, ConnectionView, GatewayDone, GatewayPart, GatewayVerb,
    PartView, PolicyAnswer, PolicyEdit, Reach,
};
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
use crate::rules::{DraftFile, ExplanationView, ImportView, RulesCheck, RulesView, SimulationView};
use crate::runtimes::{Discovery, GuardPlan, GuardTest, GuardVariant, HomeView};
use crate::sessions::{BackfillVerb, BackfillView, SessionDetail, SessionPage, SessionState, StepPage};
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

/// Every gateway the user chose to be connected to, and how each connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListConnections {}

/// Connects to the gateway of a governed home and takes its questions into the queue; again, with another address or
/// token. The token is kept in a file only the user can read, until the gateway issued one for this device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachHome {
    pub home_id: String,
    /// Where it listens, on this machine; found by itself when absent.
    #[serde(default)]
    pub url: Option<String>,
    /// The gateway's shared token; the one given before when absent.
    #[serde(default)]
    pub token: Option<String>,
    /// What the connection may do; as before when absent, and at first all that answering its questions takes. Of
    /// gateways only. More than before needs the shared token once again.
    #[serde(default)]
    pub reach: Option<Reach>,
}

impl std::fmt::Debug for AttachHome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttachHome")
            .field("home_id", &self.home_id)
            .field("url", &self.url)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

/// Ends the connection and forgets its tokens. `precondition` while the floor is raised or an agent of it is disabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachHome {
    pub home_id: String,
    /// Also when something of ours stays behind at a gateway that cannot be reached any more; the entry says what.
    #[serde(default)]
    pub anyway: bool,
}

/// Raises the gateway's exec policy so that every command asks, or gives back what was there before. May take a
/// minute. `stale` when the policy is not the one that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFloor {
    pub home_id: String,
    pub raised: bool,
    /// The `hash` of the policy that was seen.
    pub seen_hash: String,
}

/// Tries changes of a connected gateway's exec policy, or makes those that were tried. Making them may take a minute.
/// `stale` when the policy, or the change, is not the one that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditPolicy {
    pub home_id: String,
    /// The `hash` of the policy that was seen.
    pub seen_hash: String,
    /// 1 to 100, made in this order.
    pub edits: Vec<PolicyEdit>,
    /// The `seen` of the trial that was looked at; without it they are only tried.
    #[serde(default)]
    pub seen: Option<String>,
}

/// Asks a connected gateway about a part of itself. May take half a minute. `precondition` while it is not connected or
/// when it refuses, `unavailable` when it does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayView {
    pub home_id: String,
    pub part: GatewayPart,
    /// Whose tools or skills; the default agent's when absent.
    #[serde(default)]
    pub agent: Option<String>,
    /// Of the log: only what came after this place, the `cursor` of an earlier answer.
    #[serde(default)]
    pub after: Option<u64>,
}

/// Looks at a conversation with an agent of a connected gateway, says something in it or stops the answer. What is said
/// is recorded, masked, before it is sent; how it goes on is told by the topic `sessions`. May take half a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayChat {
    pub home_id: String,
    /// The gateway's key of the session; at most 512 bytes.
    pub session: String,
    pub act: ChatAct,
}

/// Reads a connected gateway's configuration, compares what it was, or goes back to a snapshot that was tried out first.
/// May take two minutes. `stale` when the trial was of another configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayConfig {
    pub home_id: String,
    pub act: ConfigAct,
}

/// Switches an agent of a connected gateway off or on, ends what runs in a session, lets a device in, turns it away or
/// puts it out. May take two minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayAct {
    pub home_id: String,
    pub act: GatewayVerb,
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

/// Every rule in force, the packs, the files and what waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListRules {}

/// Chooses the base pack, or switches a pack for one field on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPack {
    pub id: String,
    /// A base pack is left only by choosing another.
    pub active: bool,
}

/// Checks a text of rules as it stands in the editor. Saves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRules {
    /// At most 256 KiB.
    pub text: String,
    /// The file it is for, whose rules it would replace; absent: a new one.
    #[serde(default)]
    pub name: Option<String>,
}

/// Saves a file of rules and puts it in force. `bad_request` names the rule and the example that do not hold;
/// `stale` when the file is not the one seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveRules {
    /// A file name of small letters, digits, `-` and `_`, ending in `.toml`; at most 64 characters.
    pub name: String,
    /// At most 256 KiB.
    pub text: String,
    /// Digest of the text that was edited; absent for a new file.
    #[serde(default)]
    pub digest: Option<String>,
}

/// Deletes a file of rules. `stale` when it is not the one seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRules {
    pub name: String,
    /// Digest of the text that was shown.
    pub digest: String,
}

/// Takes in a file of rules from elsewhere. It is held until `accept_rules`, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRules {
    /// A new file name, as in `save_rules`.
    pub name: String,
    /// At most 256 KiB.
    pub text: String,
}

/// Puts the change that was shown as held in force. `stale` when it is another by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptRules {
    pub digest: String,
}

/// Discards the change that was shown as held. Files go back to what is in force; a changed text is kept beside
/// its file with the ending `.rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectRules {
    pub digest: String,
}

/// Judges recorded actions with other rules and shows every verdict that would change. Changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SimulateRules {
    /// A file that would be added or would replace the one of its name.
    #[serde(default)]
    pub draft: Option<DraftFile>,
    /// The packs that would be in force; absent: those that are.
    #[serde(default)]
    pub packs: Option<Vec<String>>,
    /// How far back to look (ms), at most 90 days; absent: 7 days.
    #[serde(default)]
    pub since_ms: Option<u64>,
}

/// Tries a shell command on the rules in force, without running it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainAction {
    /// At most 64 KiB.
    pub text: String,
    /// Working directory and project; absent: the home folder.
    #[serde(default)]
    pub cwd: Option<String>,
    /// Absent: the first runtime known.
    #[serde(default)]
    pub runtime: Option<String>,
}

/// A page of sessions, latest activity first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListSessions {
    #[serde(default)]
    pub runtime: Option<String>,
    #[serde(default)]
    pub home_id: Option<String>,
    /// Only those in one of these states; empty: all.
    #[serde(default)]
    pub states: Vec<SessionState>,
    /// Only those whose title, folder or id contains this, in any case; at most 200 characters.
    #[serde(default)]
    pub search: String,
    /// `older` of another page: what comes after it.
    #[serde(default)]
    pub before: Option<String>,
    /// `newer` of another page: what comes before it. Not together with `before`.
    #[serde(default)]
    pub after: Option<String>,
    /// At most 500; absent: 100.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// One session with its sub-agents, files and troubles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowSession {
    pub id: String,
}

/// A page of what happened in a session, in the order of time; without a place: the latest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListSteps {
    /// `id` of the session.
    pub session: String,
    /// Only this sub-agent; empty: only the main conversation; absent: all.
    #[serde(default)]
    pub agent: Option<String>,
    /// Only steps of these kinds (`prompt`, `tool_call`, …); empty: all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Steps before this place.
    #[serde(default)]
    pub before: Option<String>,
    /// Steps after this place. Not together with `before`.
    #[serde(default)]
    pub after: Option<String>,
    /// Instead of a place: what was read after this `seq`, in the order of reading.
    #[serde(default)]
    pub since: Option<Seq>,
    /// At most 500; absent: 200.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Starts or stops the reading of a governed home's history. Starting again is allowed and reads only what is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillSessions {
    pub home_id: String,
    #[serde(default)]
    pub verb: BackfillVerb,
}

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
