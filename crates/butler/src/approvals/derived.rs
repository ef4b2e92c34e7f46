//! A request with everything that is derived from it, and its entries.

use clawbutler_core::action::Action;
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_core::verdict::Verdict as Judged;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_policy::cost::Estimate;
use clawbutler_policy::{Facts, Looked};
use clawbutler_store::table::actions::ActionFacts;
use clawbutler_wire::gateway::ActionRequest;
use serde_json::{Value, json};

use super::submit::agent;
use crate::links::Begun;
use crate::{audit, links, view};

/// A request with everything derived from it.
pub(super) struct Call {
    pub(super) at: Timestamp,
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    /// Span of its session, or of the sub-agent in it.
    pub(super) parent: SpanId,
    /// See [`audit::claimed`].
    pub(super) claim: Value,
    /// The runtime's id of the call; masked, and cut.
    pub(super) id: Option<String>,
    pub(super) correlation: String,
    /// Masked.
    pub(super) action: Action,
    pub(super) digest: String,
    pub(super) verdict: Judged,
    /// Parts as masked, which is what grants are given for; the risk as seen before masking.
    pub(super) looked: Looked,
    pub(super) facts: Facts,
    /// Estimated only where a rule asks for it; `None` is not looked at.
    pub(super) cost: Option<Estimate>,
    /// Near-duplicates share it.
    pub(super) alike: String,
}

impl Call {
    pub(super) fn draft(&self, kind: Kind, actor: Actor, data: Value) -> Draft {
        let (parent, data) = (Some(self.parent.clone()), audit::with_claim(data, &self.claim));
        Draft { kind, actor, trace: self.trace.clone(), span: self.span.clone(), parent, data }
    }

    /// What the history keeps of it.
    pub(super) fn remembered(&self, outcome: &str, approval: Option<&str>) -> ActionFacts {
        let observed: Vec<&str> = self.verdict.observed.iter().map(|one| one.rule.as_str()).collect();
        ActionFacts {
            span: self.span.0.clone(),
            headline: view::headline(&self.action),
            level: self.verdict.assessment.level.word().to_owned(),
            decision: self.verdict.decision.word().to_owned(),
            outcome: outcome.to_owned(),
            rule: self.verdict.matches.first().map(|first| first.rule.clone()).unwrap_or_default(),
            observed: observed.join(" "),
            alike: self.alike.clone(),
            approval: approval.map(str::to_owned),
            minute: self.facts.minute_of_day,
            weekday: self.facts.weekday,
        }
    }

    pub(super) fn requested(&self, request: &ActionRequest, begun: Option<&Begun>) -> Draft {
        let mut data = json!({
            "tool": self.action.tool,
            "effect": audit::effect(&self.action),
            "digest": self.digest,
            "cwd": self.action.cwd,
            "project": self.action.project,
            "branch": self.action.branch,
            "mode": self.action.mode,
            "subagent": self.action.agent,
            "risk": self.verdict.assessment.level,
            "summary": self.verdict.assessment.summary,
            "process": audit::process(request),
            "event": request.event,
        });
        if let Some(id) = &self.id {
            data["call_id"] = json!(id);
        }
        self.draft(Kind::ActionRequested, agent(request), links::with_begun(data, begun))
    }
}
