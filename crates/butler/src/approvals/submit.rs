//! A request arrives: judged, recorded, answered or queued.

use std::borrow::Cow;
use std::sync::PoisonError;
use std::sync::mpsc::Receiver;

use clawbutler_connectors::call::{self, ToolCall};
use clawbutler_connectors::hook;
use clawbutler_core::action::Action;
use clawbutler_core::actor::Actor;
use clawbutler_core::approval::ApprovalState;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest;
use clawbutler_core::grant::{Cover, Grant};
use clawbutler_core::id::ApprovalId;
use clawbutler_core::limits::{PENDING_PER_SESSION, PENDING_TOTAL, RECOVERY_MS};
use clawbutler_core::redact;
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::Decision;
use clawbutler_ledger::Kind;
use clawbutler_policy::Facts;
use clawbutler_policy::cost::Estimate;
use clawbutler_store::Durability;
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::gateway::{ActionReply, ActionRequest, Event as HookEvent, Strategy, VERSION, Verdict};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::derived::Call;
use super::waiters::{Answer, answer};
use crate::engine::lock;
use crate::runtimes::home_id;
use crate::{Butler, Error, Event, audit, links};

/// What became of a request at once.
#[derive(Debug)]
pub enum Submission {
    /// Answered.
    Settled(ActionReply),
    /// A human is asked.
    Waiting(Ticket),
}

/// A place in the queue. Dropping it withdraws nothing; [`Butler::client_gone`] does.
#[derive(Debug)]
pub struct Ticket {
    pub approval: String,
    pub answer: Receiver<Answer>,
}

/// Longest id of a call in an entry (bytes).
const CALL_ID: usize = 200;

impl Butler {
    /// The one way in for hooks. Only submits: nothing here can approve, edit a rule or remove a guard.
    pub fn submit(&self, request: &ActionRequest) -> Submission {
        self.submit_of(request, None)
    }

    /// The same of a connection whose other end is the process `peer`, by the system's word.
    pub fn submit_of(&self, request: &ActionRequest, peer: Option<u32>) -> Submission {
        match self.try_submit(&self.of_masked_session(request), peer) {
            Ok(submission) => submission,
            Err(Error(error)) => {
                tracing::error!(message = %error.message, "a request could not be recorded");
                settled(Verdict::Unavailable, error.message)
            }
        }
    }

    fn try_submit(&self, request: &ActionRequest, peer: Option<u32>) -> Result<Submission, Error> {
        if request.v != VERSION || self.stopping() {
            return Ok(settled(Verdict::Unavailable, "ClawButler cannot answer this now.".to_owned()));
        }
        let home = self.contact(&request.runtime, &request.process.home, &request.session);
        if !home.governed {
            return Ok(settled(Verdict::Defer, String::new()));
        }
        self.note_heard(request);
        self.note_told_mode(request, &home.id);
        self.meet(request, peer)?;
        self.note_subagent(request)?;
        match request.event {
            HookEvent::Gate | HookEvent::Relay => self.judge(request),
            HookEvent::Completed
            | HookEvent::Failed
            | HookEvent::SessionStarted
            | HookEvent::SessionEnded
            | HookEvent::TurnEnded
            | HookEvent::Subagent => self.observe(request).map(|()| settled(Verdict::Defer, String::new())),
            HookEvent::ConfigChanged => self.config_changed(request, &home.id),
        }
    }

    fn judge(&self, request: &ActionRequest) -> Result<Submission, Error> {
        let call = self.call(request)?;
        let request = &*self.named_without_secrets(request);
        let _turn = lock(&self.0.turn);
        if let Some(state) = self.stopped(&request.runtime, &request.process.home) {
            return self.settle_stopped(request, &call, state);
        }
        if let Some(submission) = self.rejoin(request, &call)? {
            return Ok(submission);
        }
        let relay = request.event == HookEvent::Relay;
        // A gateway asks about every run of a command anew: what was allowed once was that one.
        let same = relay && !crate::attached::is_question(request);
        if same && call.verdict.decision != Decision::Deny && self.allowed_before(&call) {
            return self.settle_again(&call);
        }
        let grant = (call.verdict.decision == Decision::Ask || (relay && call.verdict.decision == Decision::Defer))
            .then(|| self.grant_for(&call))
            .flatten();
        let submission = match (grant, call.verdict.decision) {
            (Some(grant), _) => self.settle_now(request, &call, Verdict::Allow, Some(grant))?,
            (None, Decision::Allow) => self.settle_now(request, &call, Verdict::Allow, None)?,
            (None, Decision::Deny) => self.settle_now(request, &call, Verdict::Deny, None)?,
            (None, Decision::Defer) if !relay => self.settle_now(request, &call, Verdict::Defer, None)?,
            (None, Decision::Ask) if !relay && request.strategy == Strategy::Handover => {
                self.settle_now(request, &call, Verdict::Ask, None)?
            }
            (None, Decision::Ask | Decision::Defer) => self.enqueue(request, &call, relay)?,
        };
        self.changed(Topic::Audit);
        Ok(submission)
    }

    /// Whether this call was allowed at its gate and did not end since: its runtime's own question about it is
    /// the same question, once.
    fn allowed_before(&self, call: &Call) -> bool {
        let mut calls = lock(&self.0.calls);
        let open = calls.get_mut(&call.correlation).filter(|open| open.allowed);
        open.is_some_and(|open| std::mem::take(&mut open.gated))
    }

    fn settle_again(&self, call: &Call) -> Result<Submission, Error> {
        let data = json!({ "verdict": Verdict::Allow, "relay": true, "matches": [], "grant": null });
        let decided = call.draft(Kind::ActionDecided, Actor::Engine, data);
        self.0.store.write::<_, Error>(Durability::Process, |tx| audit::append(tx, call.at, decided).map(drop))?;
        self.changed(Topic::Audit);
        Ok(settled(Verdict::Allow, "This call was allowed in ClawButler.".to_owned()))
    }

    /// Normalises, judges and masks, in this order: rules see the real thing, nothing later does.
    fn call(&self, request: &ActionRequest) -> Result<Call, Error> {
        let side = hook::side(&request.runtime).ok_or_else(|| Error::bad("an unknown runtime asks"))?;
        let mut action = side.action(&tool_call(request));
        self.place(&mut action);
        let at = self.now();
        let (rules, around) = (self.rules(), self.around());
        let priced = rules.rules().any(|rule| rule.when.cost_at_least.is_some());
        let cost = priced.then(|| self.estimate(request, &action));
        let facts = self.facts(request, at, cost.as_ref());
        let seen = clawbutler_policy::look(&action, &around);
        let mut verdict = clawbutler_policy::judge(&rules, &action, seen.clone(), &around, &facts);
        for signal in &mut verdict.assessment.signals {
            signal.part = signal.part.as_ref().map(|part| redact::mask_text(part, &self.0.mask));
            signal.says = redact::mask_text(&signal.says, &self.0.mask);
        }
        verdict.assessment.summary = redact::mask_text(&verdict.assessment.summary, &self.0.mask);
        let masked = self.masked(&action)?;
        let mut looked = if masked == action { seen } else { clawbutler_policy::look(&masked, &around) };
        let action = masked;
        looked.assessment.clone_from(&verdict.assessment);
        let correlation = call::correlation(&request.session, &request.tool, &request.arguments);
        let span = match &request.call_id {
            Some(id) => audit::span_of(&[&request.runtime, &request.session, id]),
            None => lock(&self.0.calls)
                .get(&correlation)
                .map_or_else(|| audit::span_of(&[&request.idempotency_key]), |open| open.span.clone()),
        };
        Ok(Call {
            at,
            trace: audit::trace_of(&request.runtime, &request.session),
            span,
            parent: links::parent_of(request),
            claim: audit::claimed(request),
            id: request.call_id.as_deref().map(|id| self.short_id(id)),
            correlation,
            digest: digest::of(&action),
            alike: clawbutler_policy::grants::like(&action, &looked),
            action,
            verdict,
            looked,
            facts,
            cost,
        })
    }

    fn short_id(&self, id: &str) -> String {
        redact::mask_text(&id[..id.floor_char_boundary(CALL_ID)], &self.0.mask)
    }

    /// What rules may ask about besides the action.
    fn facts(&self, request: &ActionRequest, at: Timestamp, cost: Option<&Estimate>) -> Facts {
        Facts {
            cost_usd: cost.and_then(|cost| cost.usd).map(|(_, high)| high),
            budget_percent: *self.0.budget.read().unwrap_or_else(PoisonError::into_inner),
            attended: request.process.attended,
            ..Facts::at(at, self.0.ports.clock.offset_minutes(at))
        }
    }

    /// The request as the rest may keep it: tool, folder and mode are names a client gives, and can hold anything.
    fn named_without_secrets<'a>(&self, request: &'a ActionRequest) -> Cow<'a, ActionRequest> {
        let masked = |text: &str| redact::mask_text(text, &self.0.mask);
        let (tool, cwd, mode) = (masked(&request.tool), masked(&request.cwd), masked(&request.mode));
        if tool == request.tool && cwd == request.cwd && mode == request.mode {
            return Cow::Borrowed(request);
        }
        Cow::Owned(ActionRequest { tool, cwd, mode, ..request.clone() })
    }

    /// The request with a session as entries may name it: its id is the client's word and stands in their headers.
    pub(super) fn of_masked_session<'a>(&self, request: &'a ActionRequest) -> Cow<'a, ActionRequest> {
        let session = redact::mask_text(&request.session, &self.0.mask);
        if session == request.session {
            return Cow::Borrowed(request);
        }
        Cow::Owned(ActionRequest { session, ..request.clone() })
    }

    pub(crate) fn masked(&self, action: &Action) -> Result<Action, Error> {
        let mut tree = serde_json::to_value(action).map_err(|error| Error::bad(error.to_string()))?;
        redact::mask_value(&mut tree, &self.0.mask);
        serde_json::from_value(tree).map_err(|error| Error::bad(error.to_string()))
    }

    fn grant_for(&self, call: &Call) -> Option<String> {
        if call.verdict.assessment.level == RiskLevel::Critical {
            return None;
        }
        let grants = self.0.grants.read().unwrap_or_else(PoisonError::into_inner);
        let holds = |grant: &&Grant| clawbutler_policy::grants::holds(grant, &call.action, &call.looked, call.at);
        // What is not counted goes first, a pass last: it ends with the work it was given for.
        let last = |grant: &&Grant| (grant.uses_left.is_some(), grant.cover == Cover::Session);
        grants.iter().filter(holds).min_by_key(last).map(|grant| grant.id.0.clone())
    }

    /// Same key, same call: a retry joins the question that stands, or hears the answer that was given
    /// and never arrived.
    fn rejoin(&self, request: &ActionRequest, call: &Call) -> Result<Option<Submission>, Error> {
        let known = self.0.store.read(|read| read.approval_of_key(&request.idempotency_key))?;
        let Some(row) = known.filter(|row| row.digest == call.digest) else { return Ok(None) };
        match &row.state {
            ApprovalState::Pending { .. } => {
                let alone = lock(&self.0.waiters).count(&row.id) == 0;
                let ticket = self.ticket(&row.id);
                // Between the read and the ticket the row may have been settled: its waiters were woken
                // before ours was there, so look again.
                let now = self.0.store.read(|read| read.approval(&row.id))?;
                if let Some(now) = now.filter(|now| now.state != row.state) {
                    return Ok(Some(reply(&answer(&now, &now.state))));
                }
                if alone {
                    let draft = call.draft(Kind::ApprovalReclaimed, agent(request), json!({ "approval": row.id }));
                    self.0.store.write(Durability::Process, |tx| audit::append(tx, call.at, draft).map(drop))?;
                    self.changed(Topic::Approvals);
                }
                Ok(Some(Submission::Waiting(ticket)))
            }
            ApprovalState::Allowed { at, .. } | ApprovalState::Denied { at, .. }
                // Only a call with an id of its own can be the same call again.
                if request.call_id.is_some() && !row.delivered && at.until(call.at) <= RECOVERY_MS =>
            {
                Ok(Some(reply(&answer(&row, &row.state))))
            }
            ApprovalState::Allowed { .. }
            | ApprovalState::Denied { .. }
            | ApprovalState::Expired { .. }
            | ApprovalState::Withdrawn { .. } => Ok(None),
        }
    }

    fn settle_now(
        &self,
        request: &ActionRequest,
        call: &Call,
        verdict: Verdict,
        grant: Option<String>,
    ) -> Result<Submission, Error> {
        let by = match (&grant, call.verdict.matches.first()) {
            (Some(id), _) => Actor::Grant { id: id.clone() },
            (None, Some(first)) => Actor::Rule { id: first.rule.clone() },
            (None, None) => Actor::Rule { id: format!("risk-{}", call.verdict.assessment.level.word()) },
        };
        let requested = call.requested(request, self.begun_due(request).as_ref());
        let decided = call.draft(
            Kind::ActionDecided,
            by,
            json!({
                "verdict": verdict,
                "matches": call.verdict.matches,
                "rules": call.verdict.rules_version,
                "grant": grant,
            }),
        );
        let left = self.0.store.write::<_, Error>(Durability::Process, |tx| {
            audit::append(tx, call.at, requested)?;
            audit::append(tx, call.at, decided)?;
            tx.action_insert(call.at, &call.action, &call.remembered(word(verdict), None))?;
            grant.as_ref().map(|id| self.use_one(tx, id, call.at)).transpose()
        })?;
        if let (Some(id), Some(left)) = (&grant, left) {
            self.note_use(id, left);
        }
        self.remember(request, call, verdict);
        Ok(settled(verdict, self.reason(call, verdict, grant.is_some())))
    }

    fn reason(&self, call: &Call, verdict: Verdict, granted: bool) -> String {
        let risk = &call.verdict.assessment;
        match verdict {
            Verdict::Allow if granted => "Covered by an always-allow of the user in ClawButler.".to_owned(),
            Verdict::Allow => "Allowed by a rule of ClawButler.".to_owned(),
            Verdict::Deny => {
                let because = call.verdict.matches.first().map_or(risk.summary.as_str(), |first| &first.because);
                format!("ClawButler does not allow this: {because} Do not try to reach the same end another way.")
            }
            Verdict::Ask => format!("ClawButler asks, {} risk: {}", risk.level.word(), risk.summary),
            Verdict::Defer | Verdict::Waiting | Verdict::Unavailable => String::new(),
        }
    }

    fn enqueue(&self, request: &ActionRequest, call: &Call, relay: bool) -> Result<Submission, Error> {
        let (total, mine) =
            self.0.store.read(|read| read.approvals_count(&call.action.runtime, &call.action.session))?;
        if total >= PENDING_TOTAL || mine >= PENDING_PER_SESSION {
            return self.over_bound(request, call, relay, mine);
        }
        let row = self.new_row(request, call, relay);
        let id = row.id.clone();
        let mut drafts = vec![call.draft(
            Kind::ApprovalRequested,
            Actor::Engine,
            json!({
                "approval": id,
                "digest": call.digest,
                "matches": call.verdict.matches,
                "risk": call.verdict.assessment,
                "rules": call.verdict.rules_version,
                "relay": relay,
                "expires_at": row.expires_at,
            }),
        )];
        // A relay's call was recorded when its gate handed it over.
        let fresh = !relay || !lock(&self.0.calls).contains_key(&call.correlation);
        if fresh {
            drafts.insert(0, call.requested(request, self.begun_due(request).as_ref()));
        }
        // The waiter is there before the row: nobody can settle it unheard.
        let ticket = self.ticket(&id);
        let stored = self.0.store.write::<_, Error>(Durability::Process, |tx| {
            for draft in drafts {
                audit::append(tx, call.at, draft)?;
            }
            if fresh {
                tx.action_insert(call.at, &call.action, &call.remembered("pending", Some(&id)))?;
            } else {
                tx.action_asked(&call.span.0, &id)?;
            }
            Ok(tx.approval_insert(&row)?)
        });
        if let Err(error) = stored {
            lock(&self.0.waiters).leave(&id);
            return Err(error);
        }
        self.remember(request, call, Verdict::Waiting);
        self.changed(Topic::Approvals);
        self.tell(&Event::Asked {
            approval: id,
            runtime_name: self.runtime_name(&request.runtime),
            tool: request.tool.clone(),
            risk: call.verdict.assessment.level.word(),
        });
        self.ring(false);
        Ok(Submission::Waiting(ticket))
    }

    fn new_row(&self, request: &ActionRequest, call: &Call, relay: bool) -> ApprovalRow {
        let id = ApprovalId::fresh(self.0.ports.ids.as_ref()).0;
        let expires_at = call.at.plus_ms(self.settings().approval_ms.min(request.deadline_ms));
        ApprovalRow {
            id,
            revision: 1,
            state: ApprovalState::Pending { expires_at },
            key: request.idempotency_key.clone(),
            correlation: call.correlation.clone(),
            digest: call.digest.clone(),
            action: call.action.clone(),
            verdict: call.verdict.clone(),
            trace: call.trace.0.clone(),
            span: call.span.0.clone(),
            relay,
            branch: call.action.branch.clone(),
            created_at: call.at,
            expires_at,
            settled_at: None,
            delivered: false,
            alike: call.alike.clone(),
            facts: json!({
                "facts": call.facts,
                "home": home_id(&request.runtime, &request.process.home),
                "claim": call.claim,
                "parent": call.parent,
                "cost": call.cost.clone().unwrap_or_else(|| self.estimate(request, &call.action)),
            }),
        }
    }

    fn over_bound(&self, request: &ActionRequest, call: &Call, relay: bool, mine: usize) -> Result<Submission, Error> {
        let says = format!("{mine} requests of this session are waiting already; no more are queued.");
        let requested = call.requested(request, self.begun_due(request).as_ref());
        let bound = call.draft(Kind::BoundReached, Actor::Engine, json!({ "says": says }));
        self.0.store.write::<_, Error>(Durability::Process, |tx| {
            audit::append(tx, call.at, requested)?;
            let told = if relay { Verdict::Defer } else { Verdict::Deny };
            tx.action_insert(call.at, &call.action, &call.remembered(word(told), None))?;
            audit::append(tx, call.at, bound).map(drop)
        })?;
        self.alert(
            "An agent asks for more approvals than can wait at once; further ones are refused.",
            "Answer or deny the waiting requests, or stop the session.",
        );
        let verdict = if relay { Verdict::Defer } else { Verdict::Deny };
        Ok(settled(verdict, format!("ClawButler refused: {says}")))
    }

    pub(super) fn ticket(&self, approval: &str) -> Ticket {
        Ticket { approval: approval.to_owned(), answer: lock(&self.0.waiters).add(approval) }
    }
}

pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Ask => "ask",
        Verdict::Defer => "defer",
        Verdict::Waiting => "pending",
        Verdict::Unavailable => "unavailable",
    }
}

pub(crate) fn tool_call(request: &ActionRequest) -> ToolCall {
    ToolCall {
        runtime: request.runtime.clone(),
        session: request.session.clone(),
        tool: request.tool.clone(),
        arguments: request.arguments.clone(),
        cwd: request.cwd.clone(),
        mode: request.mode.clone(),
        agent_id: request.agent_id.clone(),
        agent_name: request.agent_name.clone(),
        ..ToolCall::default()
    }
}

pub(crate) fn agent(request: &ActionRequest) -> Actor {
    Actor::Agent { runtime: request.runtime.clone(), session: request.session.clone() }
}

pub(super) fn settled(verdict: Verdict, reason: String) -> Submission {
    Submission::Settled(ActionReply { v: VERSION, verdict, reason })
}

fn reply(answer: &Answer) -> Submission {
    settled(answer.verdict, answer.reason.clone())
}
