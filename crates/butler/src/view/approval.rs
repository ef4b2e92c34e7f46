//! One approval as its card.

use clawbutler_core::approval::{ApprovalState, WithdrawCause};
use clawbutler_core::risk::RiskLevel;
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::Risk;
use clawbutler_wire::approvals::{ApprovalView, CostView, SignalView, State};

use super::{body, words};

pub(crate) fn approval(row: &ApprovalRow, runtime_name: &str, client_waiting: bool) -> ApprovalView {
    let action = &row.action;
    let risk = &row.verdict.assessment;
    let risky: Vec<&str> = risk.signals.iter().filter_map(|signal| signal.part.as_deref()).collect();
    ApprovalView {
        id: row.id.clone(),
        revision: row.revision,
        seen_digest: row.digest.clone(),
        state: state(&row.state),
        outcome: outcome(&row.state),
        runtime: action.runtime.clone(),
        runtime_name: runtime_name.to_owned(),
        home: None,
        session: action.session.clone(),
        cwd: action.cwd.clone(),
        branch: row.branch.clone(),
        subagent: action.agent.as_ref().map(|agent| agent.name.clone()),
        tool: action.tool.clone(),
        kind: action.effect.kind().to_owned(),
        headline: body::headline(action),
        body: body::body(action, &risky),
        risk: level(risk.level),
        risk_summary: risk.summary.clone(),
        signals: risk
            .signals
            .iter()
            .map(|signal| SignalView {
                name: signal.name.clone(),
                risk: level(signal.level),
                says: signal.says.clone(),
                part: signal.part.clone(),
            })
            .collect(),
        rule: row.verdict.matches.first().map_or_else(
            || format!("No rule names this; {} risk is asked about.", risk.level.word()),
            |first| format!("{}: {}", first.rule, first.because),
        ),
        permission_mode: action.mode.clone(),
        always_covers: None,
        proposals: Vec::new(),
        group: row.alike.clone(),
        alike_ids: Vec::new(),
        cost: CostView::default(),
        similar: None,
        created_at: row.created_at.0,
        expires_at: row.expires_at.0,
        at_deadline: if row.relay { "asks in the terminal only" } else { "denied" }.to_owned(),
        client_waiting,
        alike: 0,
    }
}

fn state(state: &ApprovalState) -> State {
    match state {
        ApprovalState::Pending { .. } => State::Pending,
        ApprovalState::Allowed { .. } => State::Approved,
        ApprovalState::Denied { .. } => State::Rejected,
        ApprovalState::Expired { .. } => State::Expired,
        ApprovalState::Withdrawn { .. } => State::Withdrawn,
    }
}

fn outcome(state: &ApprovalState) -> String {
    match state {
        ApprovalState::Pending { .. } => String::new(),
        ApprovalState::Allowed { by, grant: None, .. } => format!("Allowed once by {}.", words::actor(by)),
        ApprovalState::Allowed { by, grant: Some(_), .. } => format!("Always allowed by {}.", words::actor(by)),
        ApprovalState::Denied { by, reason: None, .. } => format!("Denied by {}.", words::actor(by)),
        ApprovalState::Denied { by, reason: Some(reason), .. } => format!("Denied by {}: {reason}", words::actor(by)),
        ApprovalState::Expired { .. } => "Nobody answered in time.".to_owned(),
        ApprovalState::Withdrawn { cause, .. } => match cause {
            WithdrawCause::ClientGone => "The client took the question back.",
            WithdrawCause::AnsweredInClient => "Answered in the terminal.",
            WithdrawCause::SessionEnded => "The session ended.",
            WithdrawCause::NotReclaimed => "ClawButler restarted and the client did not come back.",
            WithdrawCause::AppQuit => "ClawButler was closed.",
        }
        .to_owned(),
    }
}

pub(crate) fn level(level: RiskLevel) -> Risk {
    match level {
        RiskLevel::Low => Risk::Low,
        RiskLevel::Medium => Risk::Medium,
        RiskLevel::High => Risk::High,
        RiskLevel::Critical => Risk::Critical,
    }
}
