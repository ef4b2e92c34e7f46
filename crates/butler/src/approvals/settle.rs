//! How questions end: decided, expired, withdrawn; and how the answer is told.

use clawbutler_core::actor::Actor;
use clawbutler_core::approval::{ApprovalState, WithdrawCause};
use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_core::limits::{PENDING_TOTAL, RECOVERY_MS};
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::Durability;
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::gateway::{ActionRequest, Verdict};
use clawbutler_wire::topic::Topic;
use serde_json::{Value, json};

use super::submit::agent;
use super::waiters::answer;
use crate::engine::lock;
use crate::{Butler, Error, Event, audit, links};

#[expect(clippy::cast_possible_truncation, reason = "the bound is a few hundred")]
const ALL: u32 = PENDING_TOTAL as u32;

pub(super) fn draft_of(row: &ApprovalRow, kind: Kind, actor: Actor, data: Value) -> Draft {
    let session = || audit::span_of(&[&row.action.runtime, &row.action.session]);
    let parent = Some(row.facts["parent"].as_str().map_or_else(session, SpanId::from));
    let data = audit::with_claim(data, &row.facts["claim"]);
    Draft { kind, actor, trace: TraceId(row.trace.clone()), span: SpanId(row.span.clone()), parent, data }
}

impl Butler {
    /// Wakes the waiters of a settled approval and tells the windows. After the commit, never before.
    pub(super) fn announce(&self, row: &ApprovalRow, state: &ApprovalState) {
        let answer = answer(row, state);
        if let Some(call) = lock(&self.0.calls).get_mut(&row.correlation) {
            call.allowed = answer.verdict == Verdict::Allow;
            (call.may_run, call.since) = (call.allowed, clawbutler_platform::os::now());
        }
        lock(&self.0.waiters).wake(&row.id, &answer);
        self.answer_gateway(&row.id);
        self.tell(&Event::Settled { approval: row.id.clone() });
        self.changed(Topic::Approvals);
        self.changed(Topic::Audit);
    }

    fn end(&self, row: &ApprovalRow, state: &ApprovalState, kind: Kind, data: Value) -> Result<(), Error> {
        let at = self.now();
        let won = self.0.store.write::<_, Error>(Durability::Process, |tx| {
            let won = tx.approval_settle(&row.id, row.revision, state, at)?;
            if won {
                tx.action_settled(&row.id, state.word())?;
                audit::append(tx, at, draft_of(row, kind, Actor::Engine, data))?;
            }
            Ok(won)
        })?;
        if won {
            self.announce(row, state);
        }
        Ok(())
    }

    fn expire_row(&self, row: &ApprovalRow, at: Timestamp) -> Result<(), Error> {
        let Ok(state) = row.state.clone().expire(at) else { return Ok(()) };
        self.end(row, &state, Kind::ApprovalExpired, json!({ "approval": row.id, "digest": row.digest }))
    }

    fn withdraw_row(&self, row: &ApprovalRow, cause: WithdrawCause) -> Result<(), Error> {
        let Ok(state) = row.state.clone().withdraw(cause, self.now()) else { return Ok(()) };
        let data = json!({ "approval": row.id, "digest": row.digest, "cause": cause });
        self.end(row, &state, Kind::ApprovalWithdrawn, data)
    }

    pub(super) fn pending(&self) -> Result<Vec<ApprovalRow>, Error> {
        Ok(self.0.store.read(|read| read.approvals_pending(ALL))?)
    }

    /// Ends what nobody answered in time.
    pub(crate) fn expire_due(&self) -> Result<(), Error> {
        let now = self.now();
        for row in self.pending()? {
            if row.expires_at <= now {
                self.expire_row(&row, now)?;
            } else if lock(&self.0.waiters).count(&row.id) == 0 && row.created_at.until(now) > RECOVERY_MS {
                // Survived a restart, and its hook did not come back.
                if self.reclaim_is_over(now) {
                    self.withdraw_row(&row, WithdrawCause::NotReclaimed)?;
                }
            }
        }
        Ok(())
    }

    /// Hooks of the run before have had their time to reconnect.
    fn reclaim_is_over(&self, _now: Timestamp) -> bool {
        self.0.ports.clock.steady_ms() > RECOVERY_MS
    }

    /// At start: the late ones expire, the others wait for their hook to reconnect with its key.
    pub(crate) fn recover_approvals(&self) -> Result<(), Error> {
        let now = self.now();
        for row in self.pending()? {
            if row.expires_at <= now {
                self.expire_row(&row, now)?;
            }
        }
        Ok(())
    }

    pub(crate) fn withdraw_all_for_quit(&self) -> Result<(), Error> {
        self.pending()?.iter().try_for_each(|row| self.withdraw_row(row, WithdrawCause::AppQuit))
    }

    /// Withdraws the session's pending questions that `which` picks.
    pub(super) fn withdraw_where(
        &self,
        request: &ActionRequest,
        cause: WithdrawCause,
        which: impl Fn(&ApprovalRow) -> bool,
    ) -> Result<(), Error> {
        self.pending()?
            .iter()
            .filter(|row| row.action.runtime == request.runtime && row.action.session == request.session)
            .filter(|row| which(row))
            .try_for_each(|row| self.withdraw_row(row, cause))
    }

    /// The hook that waited closed its connection: Esc, a signal, or its runtime died.
    pub fn client_gone(&self, approval: &str) {
        self.leave(approval, WithdrawCause::ClientGone);
    }

    /// Somebody else answered at the gateway that waited.
    pub(crate) fn answered_elsewhere(&self, approval: &str) {
        self.leave(approval, WithdrawCause::AnsweredInClient);
    }

    fn leave(&self, approval: &str, cause: WithdrawCause) {
        if lock(&self.0.waiters).leave(approval) > 0 {
            return;
        }
        let withdraw = || -> Result<(), Error> {
            match self.0.store.read(|read| read.approval(approval))? {
                Some(row) => self.withdraw_row(&row, cause),
                None => Ok(()),
            }
        };
        if let Err(Error(error)) = withdraw() {
            tracing::error!(message = %error.message, "a withdrawal could not be recorded");
        }
    }

    /// The hook handed the answer to its runtime.
    pub fn delivered(&self, request: &ActionRequest, verdict: Verdict, approval: Option<&str>) {
        let request = &*self.of_masked_session(request);
        self.note_through(request, verdict);
        self.note_delivery(request, verdict, approval);
    }

    /// The span of a call, from what its request tells.
    pub(crate) fn span_of_request(&self, request: &ActionRequest) -> SpanId {
        if let Some(id) = &request.call_id {
            return audit::span_of(&[&request.runtime, &request.session, id]);
        }
        let correlation = clawbutler_connectors::call::correlation(&request.session, &request.tool, &request.arguments);
        let calls = lock(&self.0.calls);
        calls.get(&correlation).map_or_else(|| audit::span_of(&[&request.idempotency_key]), |call| call.span.clone())
    }

    /// What the call's first request said of its trace: a later one may have another span of the client as parent.
    fn claim_of(&self, request: &ActionRequest) -> Value {
        let correlation = clawbutler_connectors::call::correlation(&request.session, &request.tool, &request.arguments);
        let calls = lock(&self.0.calls);
        calls.get(&correlation).map_or_else(|| audit::claimed(request), |call| call.claim.clone())
    }

    pub(crate) fn note_delivery(&self, request: &ActionRequest, verdict: Verdict, approval: Option<&str>) {
        let at = self.now();
        let span = self.span_of_request(request);
        let data = json!({ "verdict": verdict, "event": request.event, "approval": approval });
        let draft = Draft {
            kind: Kind::DecisionDelivered,
            actor: agent(request),
            trace: audit::trace_of(&request.runtime, &request.session),
            span,
            parent: Some(links::parent_of(request)),
            data: audit::with_claim(data, &self.claim_of(request)),
        };
        let stored = self.0.store.write::<_, Error>(Durability::Process, |tx| {
            if let Some(id) = approval {
                tx.approval_delivered(id)?;
            }
            audit::append(tx, at, draft).map(drop)
        });
        if let Err(Error(error)) = stored {
            tracing::error!(message = %error.message, "a delivery could not be recorded");
        }
        self.changed(Topic::Audit);
    }
}
