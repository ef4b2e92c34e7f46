//! How grants are counted and how they end; and which of them count after a start.

use std::sync::PoisonError;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::grant::Grant;
use clawbutler_core::limits::PAGE_ROWS;
use clawbutler_ledger::Kind;
use clawbutler_store::table::grants::GrantRow;
use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_store::{Durability, Write};
use clawbutler_wire::command::{ListGrants, RevokeGrant, RevokeGrants};
use clawbutler_wire::grants::GrantList;
use clawbutler_wire::topic::Topic;
use serde_json::{Value, json};

use crate::audit::Stretches;
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
}

impl Ending {
    fn entry(self) -> (Kind, Actor, &'static str) {
        match self {
            Self::Revoked => (Kind::GrantRevoked, Actor::LocalUser, "revoked"),
            Self::Expired => (Kind::GrantEnded, Actor::Engine, "time"),
            Self::Session => (Kind::GrantEnded, Actor::Engine, "session"),
        }
    }
}

/// Counts a use inside the transaction of what it lets through; the last one ends the grant there.
/// Tells how many uses are left, where they are counted.
pub(crate) fn use_one(tx: &mut Write<'_>, id: &str, at: Timestamp) -> Result<Option<u32>, Error> {
    let left = tx.grant_used(id, at)?;
    if left == Some(0) {
        tx.grant_end(id, at)?;
        let data = json!({ "grant": id, "cause": "uses" });
        audit::append(tx, at, audit::engine(Kind::GrantEnded, Actor::Engine, data))?;
    }
    Ok(left)
}

impl Butler {
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
        let (kind, actor, cause) = ending.entry();
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            for (id, cover) in &ids {
                if tx.grant_end(id, at)? {
                    let data = json!({ "grant": id, "cover": cover, "cause": cause });
                    audit::append(tx, at, audit::engine(kind, actor.clone(), data))?;
                }
            }
            Ok(())
        })?;
        let ended = |grant: &Grant| ids.iter().any(|(id, _)| *id == grant.id.0);
        self.0.grants.write().unwrap_or_else(PoisonError::into_inner).retain(|grant| !ended(grant));
        self.changed(Topic::Grants);
        Ok(ids.len())
    }

    /// At start: a grant counts only with the ledger entry that gave it, where something of ours covered that entry; the
    /// rest is ended, loudly. After tampering none counts until a person gives it again.
    pub(crate) fn load_grants(&self, tampered: bool) -> Result<(), Error> {
        let rows = self.0.store.read(|read| read.grants())?;
        if rows.is_empty() {
            return Ok(());
        }
        let unproven = self.0.store.read(Stretches::of)?;
        let (mut good, mut strange) = (Vec::new(), Vec::new());
        for row in rows {
            let entry = self.0.store.read(|read| read.ledger_page(row.grant.ledger_seq + 1, 1))?.pop();
            let vouched = entry.is_some_and(|entry| vouches(&entry, &row) && !unproven.has(entry.seq));
            if vouched && !tampered { good.push(row.grant) } else { strange.push(row.grant) }
        }
        *self.0.grants.write().unwrap_or_else(PoisonError::into_inner) = good;
        if !strange.is_empty() {
            // Ended in the table too: what found this out may be forgotten at the next start.
            let at = self.now();
            self.0.store.write::<_, Error>(Durability::Power, |tx| {
                for grant in &strange {
                    tx.grant_end(grant.id.as_str(), at)?;
                    let data = json!({ "grant": grant.id, "cover": grant.cover, "cause": "not_vouched" });
                    audit::append(tx, at, audit::engine(Kind::GrantEnded, Actor::Engine, data))?;
                }
                Ok(())
            })?;
            self.notice_tampering(
                &format!("{} standing grants were set aside: the audit log cannot vouch for them.", strange.len()),
                "Give those you still want again when they are asked next.",
            )?;
        }
        Ok(())
    }
}

fn vouches(entry: &LedgerRow, row: &GrantRow) -> bool {
    let grant = &row.grant;
    if entry.seq != grant.ledger_seq || entry.kind != Kind::GrantCreated.text() {
        return false;
    }
    let Some(data) = entry.data() else { return false };
    // What is left and what was used make what was given.
    let uses = grant.uses_left.map(|left| left.saturating_add(row.uses));
    data["grant"] == json!(grant.id)
        && data["cover"] == json!(grant.cover)
        && data["reach"] == json!(grant.reach)
        && data["expires_at"] == json!(grant.expires_at)
        && data["uses_left"] == json!(uses)
}
