//! The human's side: decide one, decide a selection.

use std::sync::PoisonError;

use clawbutler_core::actor::Actor;
use clawbutler_core::approval::{ApprovalState, Verb as Said};
use clawbutler_core::clock::Timestamp;
use clawbutler_core::grant::Grant;
use clawbutler_core::limits::{BATCH_ITEMS, REASON_CHARS};
use clawbutler_core::redact;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::approvals::{ApprovalView, BatchOutcome, BatchResult, Verb};
use clawbutler_wire::command::{DecideApproval, DecideBatch};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::settle::draft_of;
use crate::engine::lock;
use crate::grants::{Wish, given};
use crate::{Butler, Error, audit};

impl Butler {
    /// Decides one approval, once. Only windows call this; no socket, route or command line does.
    pub fn decide_approval(&self, request: DecideApproval) -> Result<ApprovalView, Error> {
        self.look_for_tampering()?;
        let reason = request.reason.as_deref().map(str::trim).filter(|words| !words.is_empty());
        if reason.is_some_and(|words| words.chars().count() > REASON_CHARS) {
            return Err(Error::bad(format!("A reason has at most {REASON_CHARS} characters.")));
        }
        let row = self.0.store.read(|read| read.approval(&request.id))?.ok_or_else(|| Error::not_found("request"))?;
        if row.revision != request.revision || row.digest != request.seen_digest {
            return Err(self.stale(&row));
        }
        let at = self.now();
        let grant = match request.verb {
            Verb::AllowAlways => Some(self.new_grant(&row, &Wish::of(&request), at)?),
            Verb::AllowOnce | Verb::Deny => None,
        };
        let said = match (&grant, request.verb) {
            (Some(grant), _) => Said::AllowAlways { grant: grant.id.0.clone() },
            (None, Verb::Deny) => Said::Deny { reason: reason.map(|words| redact::mask_text(words, &self.0.mask)) },
            (None, Verb::AllowOnce | Verb::AllowAlways) => Said::AllowOnce,
        };
        let Ok(state) = row.state.clone().decide(said.clone(), Actor::LocalUser, at) else {
            return Err(self.stale(&row));
        };
        if let Some(grant) = self.commit(&row, &state, &said, grant, at)? {
            self.0.grants.write().unwrap_or_else(PoisonError::into_inner).push(grant);
            self.changed(Topic::Grants);
        }
        self.announce(&row, &state);
        self.view_of(&request.id)
    }

    /// Decision, entry and grant in one transaction that survives loss of power.
    fn commit(
        &self,
        row: &ApprovalRow,
        state: &ApprovalState,
        said: &Said,
        grant: Option<Grant>,
        at: Timestamp,
    ) -> Result<Option<Grant>, Error> {
        let decided = json!({ "approval": row.id, "digest": row.digest, "decision": said, "revision": row.revision });
        self.0.store.write(Durability::Power, |tx| {
            if !tx.approval_settle(&row.id, row.revision, state, at)? {
                return Err(self.stale(row));
            }
            tx.action_settled(&row.id, state.word())?;
            audit::append(tx, at, draft_of(row, Kind::ApprovalDecided, Actor::LocalUser, decided))?;
            let Some(mut grant) = grant else { return Ok(None) };
            let data = given(&grant, Some(&row.id));
            let entry = audit::append(tx, at, draft_of(row, Kind::GrantCreated, Actor::LocalUser, data))?;
            grant.ledger_seq = entry.seq;
            tx.grant_insert(&grant)?;
            Ok(Some(grant))
        })
    }

    fn stale(&self, row: &ApprovalRow) -> Error {
        let present = self.view_of(&row.id).ok();
        let message = match present.as_ref().map(|view| view.outcome.as_str()).filter(|words| !words.is_empty()) {
            Some(outcome) => format!("This request is settled already: {outcome}"),
            None => "This request is not the one you saw.".to_owned(),
        };
        Error::stale(&message, present.and_then(|view| serde_json::to_value(view).ok()))
    }

    /// Decides a selection; each for itself, with its own entry.
    pub fn decide_batch(&self, request: DecideBatch) -> Result<BatchResult, Error> {
        if request.items.len() > BATCH_ITEMS {
            return Err(Error::bad(format!("At most {BATCH_ITEMS} requests are decided at once.")));
        }
        let outcomes = request.items.into_iter().map(|seen| {
            let one = DecideApproval {
                id: seen.id.clone(),
                revision: seen.revision,
                seen_digest: seen.seen_digest,
                verb: request.verb,
                reason: request.reason.clone(),
                scope: request.scope,
                proposal: request.proposal,
                expires_ms: request.expires_ms,
                uses: request.uses,
            };
            match self.decide_approval(one) {
                Ok(view) => BatchOutcome { id: seen.id, approval: Some(view), error: None },
                Err(Error(error)) => BatchOutcome { id: seen.id, approval: None, error: Some(error) },
            }
        });
        Ok(BatchResult { outcomes: outcomes.collect() })
    }

    pub(super) fn waiting_clients(&self, approval: &str) -> bool {
        lock(&self.0.waiters).count(approval) > 0
    }
}
