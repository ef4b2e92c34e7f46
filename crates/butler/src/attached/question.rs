//! What a gateway or a daemon asks, in the form in which hooks ask.

use clawbutler_attach::codex::Approval as DaemonApproval;
use clawbutler_attach::openclaw::Approval;
use clawbutler_core::limits::APPROVAL_MS_MAX;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::gateway::{ActionRequest, Event, ProcessFacts, Strategy, VERSION};
use serde_json::{Value, json};

/// One question, as the connection tells it.
#[derive(Debug, Clone)]
pub(super) enum Question {
    Gateway(Approval),
    Daemon(DaemonApproval),
}

/// Before the key of every question of a gateway or a daemon.
const KEY: &str = "gateway:";

/// Whether a request is such a question. Any hook can claim it: it makes its answer only stricter.
pub(crate) fn is_question(request: &ActionRequest) -> bool {
    request.idempotency_key.starts_with(KEY)
}

/// A question of a gateway as a request.
pub(super) fn of_gateway(home: &HomeRow, approval: &Approval, event: Event, now: i64) -> ActionRequest {
    let left = approval.expires_at.map(|at| u64::try_from(at.0.saturating_sub(now)).unwrap_or(0));
    let session = approval.session.clone().unwrap_or_else(|| "gateway".to_owned());
    let mut arguments = json!({ "command": approval.command });
    if let Some(host) = &approval.host {
        arguments["host"] = json!(host);
    }
    let background = session.split(':').any(|part| matches!(part, "cron" | "heartbeat" | "hook"));
    ActionRequest {
        tool: approval.tool.clone(),
        arguments,
        cwd: approval.cwd.clone().unwrap_or_default(),
        call_id: approval.call.clone(),
        agent_id: session.rsplit_once(":subagent:").map(|(_, id)| id.to_owned()),
        process: ProcessFacts { home: home.path.clone(), background, ..ProcessFacts::default() },
        deadline_ms: left.unwrap_or(APPROVAL_MS_MAX).max(1),
        ..bare(home, &approval.id, event, of_its_own(home, &session))
    }
}

/// Every gateway calls its sessions by the same names: what holds for one of them must not hold at another gateway,
/// be that one known by its address or by its home.
fn of_its_own(home: &HomeRow, session: &str) -> String {
    format!("{session} at {}", home.path)
}

/// A question of a daemon as a request. Its threads are told apart by the session they belong to, as hooks do it.
pub(super) fn of_daemon(
    home: &HomeRow,
    approval: &DaemonApproval,
    session: Option<&String>,
    cwd: Option<&String>,
) -> ActionRequest {
    let (tool, arguments) = approval.call();
    let session = session.unwrap_or(&approval.thread);
    ActionRequest {
        tool,
        arguments,
        cwd: approval.cwd().or(cwd.map(String::as_str)).unwrap_or_default().to_owned(),
        call_id: approval.call_id(),
        agent_id: (*session != approval.thread).then(|| approval.thread.clone()),
        ..bare(home, &approval.key, Event::Relay, session.clone())
    }
}

fn bare(home: &HomeRow, id: &str, event: Event, session: String) -> ActionRequest {
    ActionRequest {
        v: VERSION,
        runtime: home.runtime.clone(),
        event,
        strategy: Strategy::Hold,
        idempotency_key: format!("{KEY}{}:{id}", home.id),
        tool: String::new(),
        arguments: Value::Null,
        cwd: String::new(),
        mode: String::new(),
        call_id: None,
        agent_id: None,
        agent_name: None,
        extra: Value::Null,
        process: ProcessFacts { home: home.path.clone(), ..ProcessFacts::default() },
        deadline_ms: APPROVAL_MS_MAX,
        session,
    }
}
