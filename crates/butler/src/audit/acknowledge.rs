//! A person says that they know of a stretch that nothing proves, or of a former log that is gone: an entry of its own,
//! signed over at once. It takes the alarm away, never the statement.
//!
//! Only windows reach this: no verb of the command line and no frame of the socket does, because an agent can use both.

use clawbutler_core::actor::Actor;
use clawbutler_core::id::hex;
use clawbutler_ledger::Kind;
use clawbutler_ledger::verify::STRETCHES;
use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_store::{Durability, Read};
use clawbutler_wire::Seq;
use clawbutler_wire::audit::{AcknowledgeLog, Stretch};
use clawbutler_wire::command::Done;
use clawbutler_wire::topic::Topic;
use serde_json::{Value, json};

use super::append;
use crate::{Butler, Error};

impl Butler {
    /// Records what a person knows of. `stale` when the log does not name what they saw.
    pub fn acknowledge_log(&self, request: AcknowledgeLog) -> Result<Done, Error> {
        if request.stretches.is_empty() && request.replaced.is_none() {
            return Err(Error::bad("There is nothing to acknowledge."));
        }
        if request.stretches.len() > STRETCHES {
            return Err(Error::bad(format!("At most {STRETCHES} stretches are acknowledged at once.")));
        }
        let facts = self.0.store.read(|read| named(read, &request))?;
        let at = self.now();
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            for data in facts {
                append(tx, at, self.entry(Kind::LogAcknowledged, Actor::LocalUser, data))?;
            }
            Ok(())
        })?;
        // Counts only once a checkpoint covers it.
        self.checkpoint()?;
        self.note_head(false)?;
        self.changed(Topic::Audit);
        Ok(Done {})
    }
}

/// What is recorded of each thing that was seen: the entry that names it, and its hash.
fn named(read: &Read<'_>, request: &AcknowledgeLog) -> Result<Vec<Value>, Error> {
    let stale = || Error::stale("The log does not name that any more. Verify it again and look at the result.", None);
    let rows = read.ledger_sought(&[Kind::LogTailUnproven], STRETCHES)?;
    let mut facts = Vec::new();
    for stretch in &request.stretches {
        let row = rows.iter().find(|row| is_of(row, stretch)).ok_or_else(stale)?;
        facts.push(json!({
            "of": "unproven", "entry": row.seq, "hash": row.hash_hex(), "from": stretch.from.0, "to": stretch.to.0,
        }));
    }
    if let Some(Seq(seq)) = request.replaced {
        let row = read.ledger_row(seq)?.ok_or_else(stale)?;
        let tells = row.kind == Kind::BackupRestored.text() || seq == 1 && row.kind == Kind::LogSetAside.text();
        let hash = read.ledger_hash(seq)?.filter(|_| tells).ok_or_else(stale)?;
        facts.push(json!({ "of": "replaced", "entry": seq, "hash": hex(&hash) }));
    }
    Ok(facts)
}

fn is_of(row: &LedgerRow, stretch: &Stretch) -> bool {
    let Some(data) = row.data() else { return false };
    data["lost"] != true && data["from"] == stretch.from.0 && data["to"] == stretch.to.0
}
