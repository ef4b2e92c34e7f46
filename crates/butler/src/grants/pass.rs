//! “Allow all in this session until I say stop”: a short, counted pass.

use std::sync::PoisonError;

use clawbutler_connectors::connector;
use clawbutler_core::actor::Actor;
use clawbutler_core::grant::{Cover, Grant, Reach};
use clawbutler_core::id::{GrantId, SpanId};
use clawbutler_core::limits::{SESSION_PASS_MS, SESSION_PASS_USES};
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::Durability;
use clawbutler_wire::command::StartPass;
use clawbutler_wire::grants::PassView;
use clawbutler_wire::topic::Topic;

use super::given;
use crate::{Butler, Error, audit};

/// Longest id of a session (characters).
const SESSION_CHARS: usize = 200;

impl Butler {
    /// Lets a session through for a while. Only windows call this; no socket, route or command line does.
    pub fn start_pass(&self, request: StartPass) -> Result<PassView, Error> {
        self.look_for_tampering()?;
        let lasts = u64::from(request.minutes) * 60_000;
        if !(1..=SESSION_PASS_USES).contains(&request.uses) || !(1..=SESSION_PASS_MS).contains(&lasts) {
            return Err(Error::bad(format!(
                "A pass has 1 to {SESSION_PASS_USES} uses and 1 to {} minutes.",
                SESSION_PASS_MS / 60_000
            )));
        }
        let named = !request.session.is_empty() && request.session.chars().count() <= SESSION_CHARS;
        if !named || connector::by_id(&request.runtime).is_none() {
            return Err(Error::not_found("session"));
        }
        self.end_expired_grants()?;
        if self.passes().iter().any(|pass| pass.session == request.session && pass.runtime == request.runtime) {
            return Err(Error::precondition("This session has a pass already.", "Stop it before you start another."));
        }
        let at = self.now();
        let trace = audit::trace_of(&request.runtime, &request.session);
        let mut grant = self.checked(Grant {
            id: GrantId::fresh(self.0.ports.ids.as_ref()),
            cover: Cover::Session,
            reach: Reach::Session { runtime: request.runtime, session: request.session },
            expires_at: Some(at.plus_ms(lasts)),
            created_at: at,
            ledger_seq: 0,
            uses_left: Some(request.uses),
            note: None,
        })?;
        grant.ledger_seq = self.0.store.write::<_, Error>(Durability::Power, |tx| {
            let draft = Draft {
                kind: Kind::GrantCreated,
                actor: Actor::LocalUser,
                trace,
                span: SpanId::from("0000000000000000"),
                parent: None,
                data: given(&grant, None),
            };
            let seq = audit::append(tx, at, draft)?.seq;
            tx.grant_insert(&Grant { ledger_seq: seq, ..grant.clone() })?;
            Ok(seq)
        })?;
        let view = self.pass_view(&grant);
        self.0.grants.write().unwrap_or_else(PoisonError::into_inner).push(grant);
        self.changed(Topic::Grants);
        self.changed(Topic::Audit);
        view.ok_or_else(|| Error::not_found("pass"))
    }

    /// Passes that hold now.
    pub(crate) fn passes(&self) -> Vec<PassView> {
        let now = self.now();
        let grants = self.0.grants.read().unwrap_or_else(PoisonError::into_inner);
        grants.iter().filter(|grant| grant.in_force(now)).filter_map(|grant| self.pass_view(grant)).collect()
    }

    fn pass_view(&self, grant: &Grant) -> Option<PassView> {
        let (Cover::Session, Reach::Session { runtime, session }) = (&grant.cover, &grant.reach) else { return None };
        Some(PassView {
            grant: grant.id.0.clone(),
            session: session.clone(),
            runtime: runtime.clone(),
            runtime_name: self.runtime_name(runtime),
            uses_left: grant.uses_left?,
            ends_at: grant.expires_at?.0,
        })
    }
}
