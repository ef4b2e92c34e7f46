//! Which grants count after a start, and what is noted of them outside the database until the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::grants::GrantRow;
use clawbutler_store::table::ledger::LedgerRow;
use serde_json::json;

use super::end::{Ending, span};
use crate::audit::{Standing, Stretches};
use crate::{Butler, Error};

impl Butler {
    /// At start: a grant counts only as the ledger entry tells that gave it, where something of ours covered that entry,
    /// while no entry tells of its end, and with no fewer uses than the note outside tells; the rest is ended, loudly.
    /// After tampering none counts until a person gives it again.
    pub(crate) fn load_grants(&self, tampered: bool) -> Result<(), Error> {
        let standing = self.standing_before();
        let rows = self.0.store.read(|read| read.grants())?;
        if rows.is_empty() {
            return Ok(());
        }
        let unproven = self.0.store.read(Stretches::of)?;
        let (mut good, mut strange) = (Vec::new(), Vec::new());
        for row in rows {
            let (entry, over) = self.0.store.read::<_, Error>(|read| {
                let ends = [Kind::GrantRevoked, Kind::GrantEnded];
                let over = read.ledger_span_has(span(row.grant.id.as_str()).as_str(), &ends)?;
                Ok((read.ledger_row(row.grant.ledger_seq)?, over))
            })?;
            let vouched = entry.is_some_and(|entry| vouches(&entry, &row) && !unproven.has(entry.seq));
            if vouched && !over && stood(&row, standing.as_ref()) && !tampered {
                good.push(row.grant);
            } else {
                strange.push(row.grant);
            }
        }
        *self.0.grants.write().unwrap_or_else(PoisonError::into_inner) = good;
        if !strange.is_empty() {
            // Ended in the table too: what found this out may be forgotten at the next start.
            let at = self.now();
            self.0.store.write::<_, Error>(Durability::Power, |tx| {
                for grant in &strange {
                    tx.grant_end(grant.id.as_str(), at)?;
                    let facts = json!({ "cover": grant.cover });
                    self.append_end(tx, at, grant.id.as_str(), Ending::NotVouched, facts)?;
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

    /// How often each grant in force was used, by its id.
    pub(crate) fn grants_used(&self) -> Result<BTreeMap<String, u32>, Error> {
        // Rows that do not count are in no memory.
        let known: BTreeSet<String> = {
            let grants = self.0.grants.read().unwrap_or_else(PoisonError::into_inner);
            grants.iter().map(|grant| grant.id.0.clone()).collect()
        };
        if known.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = self.0.store.read(|read| read.grants())?;
        let used = rows.into_iter().map(|row| (row.grant.id.0, row.uses));
        Ok(used.filter(|(id, _)| known.contains(id)).collect())
    }
}

/// Whether the note outside bears a row out. One given since has nothing told of it; and where nothing is told at all, a
/// grant whose uses are counted does not count.
fn stood(row: &GrantRow, standing: Option<&Standing>) -> bool {
    let Some(standing) = standing else { return row.grant.uses_left.is_none() };
    row.grant.ledger_seq > standing.upto
        || standing.uses.get(row.grant.id.as_str()).is_some_and(|used| *used <= row.uses)
}

fn vouches(entry: &LedgerRow, row: &GrantRow) -> bool {
    let grant = &row.grant;
    let header = entry.header();
    if header["kind"] != Kind::GrantCreated.text() || header["at"] != json!(grant.created_at) {
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
        && data["note"] == json!(grant.note)
}
