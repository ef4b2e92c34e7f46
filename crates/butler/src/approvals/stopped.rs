//! Requests of an agent that may not act: denied, whatever the rules say.

use clawbutler_core::actor::Actor;
use clawbutler_core::approval::Verb as Said;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::homes::HomeState;
use clawbutler_wire::gateway::{ActionRequest, Verdict};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::derived::Call;
use super::settle::draft_of;
use super::submit::{Submission, settled, word};
use crate::runtimes::sentence;
use crate::{Butler, Error, audit};

impl Butler {
    /// Denies one call, with its entries.
    pub(super) fn settle_stopped(
        &self,
        request: &ActionRequest,
        call: &Call,
        state: HomeState,
    ) -> Result<Submission, Error> {
        let by = Actor::Rule { id: format!("agent-{}", state.word()) };
        let requested = call.requested(request, self.begun_due(request).as_ref());
        let data =
            json!({ "verdict": Verdict::Deny, "matches": [], "rules": call.verdict.rules_version, "grant": null });
        let decided = call.draft(Kind::ActionDecided, by, data);
        self.0.store.write::<_, Error>(Durability::Process, |tx| {
            audit::append(tx, call.at, requested)?;
            audit::append(tx, call.at, decided)?;
            Ok(tx.action_insert(call.at, &call.action, &call.remembered(word(Verdict::Deny), None))?)
        })?;
        self.remember(request, call, Verdict::Deny);
        self.changed(Topic::Audit);
        Ok(settled(Verdict::Deny, sentence(state).to_owned()))
    }

    /// Denies whatever of a home waits for a person, in the name of the person who stopped it; gives how many.
    pub(crate) fn deny_home(&self, home: &str, reason: &str) -> Result<u32, Error> {
        let rows = self.pending()?;
        let mut denied = 0;
        for row in rows.iter().filter(|row| row.facts["home"] == home) {
            let (at, said) = (self.now(), Said::Deny { reason: Some(reason.to_owned()) });
            let Ok(state) = row.state.clone().decide(said.clone(), Actor::LocalUser, at) else { continue };
            let data = json!({ "approval": row.id, "digest": row.digest, "decision": said, "revision": row.revision, "home": home });
            let won = self.0.store.write::<_, Error>(Durability::Power, |tx| {
                let won = tx.approval_settle(&row.id, row.revision, &state, at)?;
                if won {
                    tx.action_settled(&row.id, state.word())?;
                    audit::append(tx, at, draft_of(row, Kind::ApprovalDecided, Actor::LocalUser, data))?;
                }
                Ok(won)
            })?;
            if won {
                self.announce(row, &state);
                denied += 1;
            }
        }
        Ok(denied)
    }
}
