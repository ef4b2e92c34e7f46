//! The human's side: decide one, decide a selection, give and end grants.

use std::sync::PoisonError;

use clawbutler_core::actor::Actor;
use clawbutler_core::approval::{ApprovalState, Verb as Said};
use clawbutler_core::clock::Timestamp;
use clawbutler_core::grant::{Cover, Grant, Reach};
use clawbutler_core::id::GrantId;
use clawbutler_core::limits::{BATCH_ITEMS, GRANTS, REASON_CHARS};
use clawbutler_core::redact;
use clawbutler_core::risk::RiskLevel;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::Seq;
use clawbutler_wire::approvals::{ApprovalView, BatchOutcome, BatchResult, Scope, Verb};
use clawbutler_wire::command::{DecideApproval, DecideBatch, ListGrants, RevokeGrant};
use clawbutler_wire::grants::{GrantKind, GrantList, GrantView};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::settle::draft_of;
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// How long a project grant lasts.
const PROJECT_GRANT_MS: u64 = 30 * 24 * 60 * 60 * 1000;

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
            Verb::AllowAlways => Some(self.new_grant(&row, request.scope, at)?),
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
        let given = self.commit(&row, &state, &said, grant, at)?;
        if let Some(grant) = given {
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
            audit::append(tx, at, draft_of(row, Kind::ApprovalDecided, Actor::LocalUser, decided))?;
            let Some(mut grant) = grant else { return Ok(None) };
            let data = json!({
                "grant": grant.id, "cover": grant.cover, "reach": grant.reach, "expires_at": grant.expires_at,
                "approval": row.id,
            });
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

    fn new_grant(&self, row: &ApprovalRow, scope: Scope, at: Timestamp) -> Result<Grant, Error> {
        if row.verdict.assessment.level == RiskLevel::Critical {
            return Err(Error::precondition(
                "A request of critical risk cannot be allowed for good.",
                "Allow it once if you are sure.",
            ));
        }
        if self.0.grants.read().unwrap_or_else(PoisonError::into_inner).len() >= GRANTS {
            return Err(Error::precondition(
                format!("There are {GRANTS} standing grants."),
                "End some on the Rules page.",
            ));
        }
        let runtime = row.action.runtime.clone();
        let (reach, expires_at) = match scope {
            Scope::Session => (Reach::Session { runtime, session: row.action.session.clone() }, None),
            Scope::Project => (
                Reach::Project { runtime, folder: row.action.project().to_owned() },
                Some(at.plus_ms(PROJECT_GRANT_MS)),
            ),
        };
        Ok(Grant {
            id: GrantId::fresh(self.0.ports.ids.as_ref()),
            cover: Cover::propose(&row.action),
            reach,
            expires_at,
            created_at: at,
            ledger_seq: 0,
            uses_left: None,
            note: None,
        })
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

    /// All standing grants.
    pub fn list_grants(&self, _: ListGrants) -> Result<GrantList, Error> {
        let now = self.now();
        let in_force = self.0.grants.read().unwrap_or_else(PoisonError::into_inner).clone();
        let rows = self.0.store.read(|read| read.grants())?;
        let items = rows.iter().filter(|row| in_force.contains(&row.grant)).map(|row| GrantView {
            id: row.grant.id.0.clone(),
            kind: GrantKind::Standing,
            title: row.grant.cover.words(),
            covers: row.grant.cover.words(),
            reach: match &row.grant.reach {
                Reach::Session { session, .. } => format!("in session {session}, until it ends"),
                Reach::Project { folder, .. } => format!("in {folder}"),
                Reach::Machine { .. } => "everywhere on this machine".to_owned(),
            },
            expires_at: row.grant.expires_at.map(|at| at.0),
            created_at: row.grant.created_at.0,
            ledger_seq: Seq(row.grant.ledger_seq),
            uses: row.uses,
            runtime: String::new(),
            uses_left: None,
            last_used_at: None,
            ended_at: None,
            note: None,
        });
        Ok(GrantList { items: items.filter(|grant| grant.expires_at.is_none_or(|end| end > now.0)).collect() })
    }

    /// Ends a grant now.
    pub fn revoke_grant(&self, request: RevokeGrant) -> Result<GrantList, Error> {
        let ended = self.end_grants(|grant| grant.id.0 == request.id)?;
        if ended == 0 {
            return Err(Error::not_found("grant"));
        }
        self.list_grants(ListGrants::default())
    }

    pub(crate) fn end_grants(&self, which: impl Fn(&Grant) -> bool) -> Result<usize, Error> {
        let ending: Vec<Grant> = {
            let grants = self.0.grants.read().unwrap_or_else(PoisonError::into_inner);
            grants.iter().filter(|grant| which(grant)).cloned().collect()
        };
        if ending.is_empty() {
            return Ok(0);
        }
        let at = self.now();
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            for grant in &ending {
                tx.grant_end(grant.id.as_str(), at)?;
                let data = json!({ "grant": grant.id, "cover": grant.cover });
                audit::append(tx, at, audit::engine(Kind::GrantRevoked, Actor::LocalUser, data))?;
            }
            Ok(())
        })?;
        self.0.grants.write().unwrap_or_else(PoisonError::into_inner).retain(|grant| !ending.contains(grant));
        self.changed(Topic::Grants);
        Ok(ending.len())
    }

    /// At start: a grant counts only with the ledger entry that gave it; the rest is set aside, loudly.
    /// After tampering none counts until a person gives it again.
    pub(crate) fn load_grants(&self, tampered: bool) -> Result<(), Error> {
        let rows = self.0.store.read(|read| read.grants())?;
        let mut good = Vec::new();
        let mut strange = 0;
        for row in rows {
            let entry = self.0.store.read(|read| read.ledger_page(row.grant.ledger_seq + 1, 1))?.pop();
            let fits =
                entry.filter(|entry| entry.seq == row.grant.ledger_seq && entry.kind == Kind::GrantCreated.text());
            let fits = fits.and_then(|entry| serde_json::from_str::<serde_json::Value>(&entry.body).ok()).is_some_and(
                |tree| {
                    let data = &tree["data"];
                    data["grant"] == json!(row.grant.id)
                        && data["cover"] == json!(row.grant.cover)
                        && data["reach"] == json!(row.grant.reach)
                        && data["expires_at"] == json!(row.grant.expires_at)
                },
            );
            if fits && !tampered {
                good.push(row.grant);
            } else {
                strange += 1;
            }
        }
        *self.0.grants.write().unwrap_or_else(PoisonError::into_inner) = good;
        if strange > 0 {
            self.notice_tampering(
                &format!("{strange} standing grants were set aside: the audit log cannot vouch for them."),
                "Give those you still want again when they are asked next.",
            )?;
        }
        Ok(())
    }

    pub(super) fn waiting_clients(&self, approval: &str) -> bool {
        lock(&self.0.waiters).count(approval) > 0
    }
}
