//! What runtimes report after the fact: outcomes, sessions, changes of their configuration.

use clawbutler_connectors::call;
use clawbutler_core::approval::WithdrawCause;
use clawbutler_core::grant::Reach;
use clawbutler_core::redact;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::Durability;
use clawbutler_wire::gateway::{ActionRequest, Event as HookEvent, Verdict};
use clawbutler_wire::topic::Topic;
use serde_json::{Value, json};

use super::submit::{Submission, agent, settled};
use crate::engine::lock;
use crate::grants::Ending;
use crate::{Butler, Error, audit, links};

impl Butler {
    pub(super) fn observe(&self, request: &ActionRequest) -> Result<(), Error> {
        match request.event {
            HookEvent::Completed | HookEvent::Failed => self.outcome(request),
            HookEvent::SessionStarted => {
                self.note_transcript(request);
                self.note(request, Kind::SessionStarted)
            }
            HookEvent::SessionEnded => self.session_ended(request),
            HookEvent::TurnEnded => {
                // What still has a hook waiting belongs to a sub-agent that goes on.
                self.withdraw_where(request, WithdrawCause::SessionEnded, |row| {
                    lock(&self.0.waiters).count(&row.id) == 0
                })
            }
            HookEvent::Subagent => self.note_child(request),
            HookEvent::Gate | HookEvent::Relay | HookEvent::ConfigChanged => Ok(()),
        }
    }

    fn masked_extra(&self, request: &ActionRequest) -> Value {
        let mut extra = request.extra.clone();
        redact::mask_value(&mut extra, &self.0.mask);
        extra
    }

    fn note(&self, request: &ActionRequest, kind: Kind) -> Result<(), Error> {
        let mut data = json!({ "cwd": request.cwd, "mode": request.mode, "process": audit::process(request), "facts": request.extra });
        redact::mask_value(&mut data, &self.0.mask);
        let begun = if kind == Kind::SessionStarted { self.begun_due(request) } else { None };
        let data = links::with_begun(data, begun.as_ref());
        let draft = Draft {
            kind,
            actor: agent(request),
            trace: audit::trace_of(&request.runtime, &request.session),
            span: audit::span_of(&[&request.runtime, &request.session]),
            parent: begun.map(|begun| begun.span),
            data: audit::with_claim(data, &audit::claimed(request)),
        };
        let at = self.now();
        self.0.store.write(Durability::Process, |tx| audit::append(tx, at, draft).map(drop))?;
        self.changed(Topic::Sessions);
        Ok(())
    }

    fn outcome(&self, request: &ActionRequest) -> Result<(), Error> {
        let correlation = call::correlation(&request.session, &request.tool, &request.arguments);
        let open = lock(&self.0.calls).remove(&correlation);
        let claim = open.as_ref().map_or_else(|| audit::claimed(request), |open| open.claim.clone());
        let parent = open.as_ref().map_or_else(|| links::parent_of(request), |open| open.parent.clone());
        let span = match (&request.call_id, open) {
            (Some(id), _) => audit::span_of(&[&request.runtime, &request.session, id]),
            (None, Some(open)) => open.span,
            (None, None) => audit::span_of(&[&request.idempotency_key]),
        };
        let tool = redact::mask_text(&request.tool, &self.0.mask);
        let data = json!({ "tool": tool, "facts": self.masked_extra(request) });
        let kind = if request.event == HookEvent::Completed { Kind::ActionCompleted } else { Kind::ActionFailed };
        let draft = Draft {
            kind,
            actor: agent(request),
            trace: audit::trace_of(&request.runtime, &request.session),
            span,
            parent: Some(parent),
            data: audit::with_claim(data, &claim),
        };
        let at = self.now();
        self.0.store.write(Durability::Process, |tx| audit::append(tx, at, draft).map(drop))?;
        // It ran although our question still stands: the person answered in the client's own prompt.
        self.withdraw_where(request, WithdrawCause::AnsweredInClient, |row| row.correlation == correlation)?;
        self.changed(Topic::Audit);
        Ok(())
    }

    fn session_ended(&self, request: &ActionRequest) -> Result<(), Error> {
        self.withdraw_where(request, WithdrawCause::SessionEnded, |_| true)?;
        let mut unheard = Vec::new();
        lock(&self.0.calls).retain(|_, call| {
            let ours = call.runtime == request.runtime && call.session == request.session;
            if ours && call.allowed {
                unheard.push((call.span.clone(), call.parent.clone(), call.claim.clone()));
            }
            !ours
        });
        let at = self.now();
        self.0.store.write::<_, Error>(Durability::Process, |tx| {
            for (span, parent, claim) in unheard {
                let data = json!({ "says": "Allowed, and nothing was heard of it before its session ended." });
                let draft = Draft {
                    kind: Kind::ActionUnknown,
                    actor: clawbutler_core::actor::Actor::Engine,
                    trace: audit::trace_of(&request.runtime, &request.session),
                    span,
                    parent: Some(parent),
                    data: audit::with_claim(data, &claim),
                };
                audit::append(tx, at, draft)?;
            }
            Ok(())
        })?;
        self.forget_transcript(request);
        self.end_grants(Ending::Session, |grant| {
            matches!(&grant.reach, Reach::Session { runtime, session }
                if *runtime == request.runtime && *session == request.session)
        })?;
        self.note(request, Kind::SessionEnded)?;
        self.unmeet(request);
        Ok(())
    }

    /// The runtime's configuration changed under a running session. If our guard is no longer in force,
    /// the session is told to keep what it had.
    pub(super) fn config_changed(&self, request: &ActionRequest, home: &str) -> Result<Submission, Error> {
        let lost = self.guard_lost(home);
        let draft = Draft {
            kind: Kind::ConfigChanged,
            actor: agent(request),
            trace: audit::trace_of(&request.runtime, &request.session),
            span: audit::span_of(&[&request.idempotency_key]),
            parent: Some(audit::span_of(&[&request.runtime, &request.session])),
            data: json!({ "facts": self.masked_extra(request), "kept_old": lost.is_some() }),
        };
        let at = self.now();
        self.0.store.write(Durability::Process, |tx| audit::append(tx, at, draft).map(drop))?;
        self.ring(true);
        Ok(match lost {
            Some(says) => settled(
                Verdict::Deny,
                format!(
                    "This change takes ClawButler's guard out of force ({says}); the session keeps the settings it had."
                ),
            ),
            None => settled(Verdict::Defer, String::new()),
        })
    }
}
