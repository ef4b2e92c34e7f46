//! Every command of the one list, each one call of `butler`.

use clawbutler_butler::Butler;
use clawbutler_wire::command::{
    AcceptDrift, AcceptRules, AcknowledgeLog, AddHome, AttachHome, BackfillSessions, CheckBackup, CheckPack,
    CheckRules, ChoosePath, DecideApproval, DecideBatch, DeleteRules, DeleteSearch, DetachHome, Discover, DismissAlert,
    EditPolicy, ExplainAction, ExplainApproval, ExportAudit, ForgetHome, GatewayAct, GatewayChat, GatewayConfig,
    GatewayView, GetApproval, GetBudget, GetRetention, GetSettings, Govern, GovernMany, ImportRules, InstallGuard,
    KillAgent, ListAgents, ListApprovals, ListAudit, ListCheckpoints, ListConnections, ListGrants, ListRules,
    ListSearches, ListSessions, ListSteps, MakeBackup, OpenWindow, PlanGuard, PreviewExport, PreviewGrant, ProveEntry,
    RejectRules, RetentionPreview, RetentionRun, ReviveAgent, RevokeGrant, RevokeGrants, SaveRules, SaveSearch,
    SearchAudit, SetAgentState, SetFloor, SetPack, SetRetention, ShowAgent, ShowBackup, ShowExport, ShowSession,
    ShowTrace, ShowVerify, SimulateRules, StartPass, Status, StopExport, TestGuard, UninstallGuard, UpdateSettings,
    VerifyAudit,
};
use clawbutler_wire::{ApiError, Command};
use tauri::State;

macro_rules! commands {
    ($($name:ident $request:ident => $reply:ty,)+) => {
        $(
            #[tauri::command(async)]
            fn $name(butler: State<'_, Butler>, request: $request) -> Result<<$request as Command>::Reply, ApiError> {
                Ok(butler.$name(request)?)
            }
        )+

        /// Answers the windows.
        pub(crate) fn handler() -> impl Fn(tauri::ipc::Invoke) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),+]
        }
    };
}
clawbutler_wire::with_commands!(commands);
