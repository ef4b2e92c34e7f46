//! How grants are counted, and how they end.

use std::sync::PoisonError;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::grant::Grant;
use clawbutler_core::id::SpanId;
use clawbutler_core::limits::PAGE_ROWS;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::{Durability, Write};
use clawbutler_wire::command::{ListGrants, RevokeGrant, RevokeGrants};
use clawbutler_wire::grants::GrantList;
use clawbutler_wire::topic::Topic;
use serde_json::{Value, json};

use crate::{Butler, Error, audit};

/// Why a grant ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A person took it back.
    Revoked,
    /// Its time is over.
    Expired,
    /// Its session ended.
    Session,
    /// It was used up.
    Used,
    /// The log does not bear it out.
    NotVouched,
}

impl Ending {
    fn entry(self) -> (Kind, Actor, &'static str) {
        match self {
            Self::Revoked => (Kind::GrantRevoked, Actor::LocalUser, "revoked"),
            Self::Expired => (Kind::GrantEnded, Actor::Engine, "time"),
            Self::Session => (Kind::GrantEnded, Actor::Engine, "session"),
            Self::Used => (Kind::GrantEnded, Actor::Engine, "uses"),
            Self::NotVouched => (Kind::GrantEnded, Actor::Engine, "not_vouched"),
        }
    }
}

/// The span that every entry of a grant's end has: by it an end is found although its facts were pruned.
pub(super) fn span(id: &str) -> SpanId {
    audit::span_of(&["grant", id])
}

impl Butler {
    /// Counts a use inside the transaction of what it lets through; the last one ends the grant there.
    /// Tells how many uses are left, where they are counted.
    pub(crate) fn use_one(&self, tx: &mut Write<'_>, id: &str, at: Timestamp) -> Result<Option<u32>, Error> {
        let left = tx.grant_used(id, at)?;
        if left == Some(0) {
            tx.grant_end(id, at)?;
            self.append_end(tx, at, id, Ending::Used, json!({}))?;
        }
        Ok(left)
    }

    /// Records an end; `facts` are what is told besides which grant and why.
    pub(super) fn append_end(
        &self,
        tx: &mut Write<'_>,
        at: Timestamp,
        id: &str,
        ending: Ending,
        mut facts: Value,
    ) -> Result<(), Error> {
        let (kind, actor, cause) = ending.entry();
        (facts["grant"], facts["cause"]) = (json!(id), json!(cause));
        audit::append(tx, at, Draft { span: span(id), ..self.entry(kind, actor, facts) }).map(drop)
    }

    /// After the commit of a use: the same in memory.
    pub(crate) fn note_use(&self, id: &str, left: Option<u32>) {
        let mut grants = self.0.grants.write().unwrap_or_else(PoisonError::into_inner);
        if left == Some(0) {
            grants.retain(|grant| grant.id.0 != id);
        } else if let Some(grant) = grants.iter_mut().find(|grant| grant.id.0 == id) {
            grant.uses_left = left;
        }
        drop(grants);
        self.changed(Topic::Grants);
    }

    /// Ends a grant now.
    pub fn revoke_grant(&self, request: RevokeGrant) -> Result<GrantList, Error> {
        let ended = self.end_grants(Ending::Revoked, |grant| grant.id.0 == request.id)?;
        if ended == 0 {
            return Err(Error::not_found("grant"));
        }
        self.list_grants(ListGrants::default())
    }

    /// Ends several grants now.
    pub fn revoke_grants(&self, request: RevokeGrants) -> Result<GrantList, Error> {
        if request.ids.len() > PAGE_ROWS {
            return Err(Error::bad(format!("At most {PAGE_ROWS} grants are ended at once.")));
        }
        self.end_grants(Ending::Revoked, |grant| request.ids.contains(&grant.id.0))?;
        self.list_grants(ListGrants::default())
    }

    /// Ends what is over by the clock.
    pub(crate) fn end_expired_grants(&self) -> Result<(), Error> {
        let now = self.now();
        self.end_grants(Ending::Expired, |grant| grant.expires_at.is_some_and(|end| end <= now)).map(drop)
    }

    pub(crate) fn end_grants(&self, ending: Ending, which: impl Fn(&Grant) -> bool) -> Result<usize, Error> {
        let ids: Vec<(String, Value)> = {
            let grants = self.0.grants.read().unwrap_or_else(PoisonError::into_inner);
            let picked = grants.iter().filter(|grant| which(grant));
            picked.map(|grant| (grant.id.0.clone(), json!(grant.cover))).collect()
        };
        if ids.is_empty() {
            return Ok(0);
        }
        let at = self.now();
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            for (id, cover) in &ids {
                if tx.grant_end(id, at)? {
                    self.append_end(tx, at, id, ending, json!({ "cover": cover }))?;
                }
            }
            Ok(())
        })?;
        let ended = |grant: &Grant| ids.iter().any(|(id, _)| *id == grant.id.0);
        self.0.grants.write().unwrap_or_else(PoisonError::into_inner).retain(|grant| !ended(grant));
        self.changed(Topic::Grants);
        Ok(ids.len())
    }
}
