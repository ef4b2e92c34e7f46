//! Raising a gateway's own policy so that every command comes before us, and giving it back.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use clawbutler_attach::openclaw::{Policy, Standing, with_floor, without_floor};
use clawbutler_core::limits::ATTACH_CHANGE_MS;
use clawbutler_ledger::Kind;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::attached::ConnectionView;
use clawbutler_wire::command::SetFloor;
use serde_json::{Value, json};

use super::choose::Choice;
use super::watch::POLICY;
use super::{End, Line, end};
use crate::engine::lock;
use crate::{Butler, Error};

impl Butler {
    /// The connection of a home and how its gateway stands, where the policy is the one that was seen.
    pub(super) fn seen_policy(&self, home: &HomeRow, hash: &str) -> Result<(Arc<dyn Line>, Standing), Error> {
        let known = {
            let attached = lock(&self.0.attached);
            let held = attached.held.get(&home.id).filter(|held| held.is_up());
            held.and_then(|held| Some((held.line.clone(), held.standing.clone()?)))
        };
        let (line, standing) = known.ok_or_else(|| {
            Error::precondition("The gateway is not connected, or its policy was not read yet.", "Try again soon.")
        })?;
        if standing.policy.hash != hash {
            return Err(Error::stale("The gateway's policy is not the one you saw.", None));
        }
        Ok((line, standing))
    }

    /// Raises the floor, or gives back what was there before. What is recorded first is what is then tried; a change
    /// that fails is taken back in the record.
    pub fn set_floor(&self, request: SetFloor) -> Result<ConnectionView, Error> {
        let home = self.attachable(&request.home_id)?;
        if end(&home.runtime) != Some(End::Gateway) {
            let says = format!("{} has no policy that is changed from here.", self.runtime_name(&home.runtime));
            return Err(Error::precondition(says, "Its own settings say when it asks."));
        }
        let choice = lock(&self.0.attached).chosen.get(&home.id).cloned();
        let choice = choice.ok_or_else(|| Error::not_found("connection"))?;
        let (line, Standing { policy, .. }) = self.seen_policy(&home, &request.seen_hash)?;
        let (file, before) = match (&choice.before, request.raised) {
            (None, true) => (with_floor(&policy.file), Some(policy.file.clone())),
            // Somebody lowered it meanwhile: what was there before us stays what we give back.
            (Some(before), true) => (with_floor(&policy.file), Some(before.clone())),
            (Some(before), false) => (without_floor(&policy.file, before), None),
            (None, false) => return self.connection_view(&home),
        };
        let next = Choice { before, ..choice.clone() };
        let data = json!({ "raised": request.raised, "before": policy.file, "after": file });
        self.put_choice(&home, Some(next), Kind::GatewayFloor, data)?;
        let failed = match self.put_policy(&home, &line, &file, &policy) {
            Ok(()) => return self.connection_view(&home),
            Err(failed) => failed,
        };
        let data = json!({ "raised": request.raised, "failed": failed });
        self.put_choice(&home, Some(choice), Kind::GatewayFloor, data)?;
        self.read_policy(&home.id);
        Err(not_taken(&failed))
    }

    /// Gives a gateway a policy document in place of the one that was seen, and waits until it is in force. What we
    /// changed is taken into the baseline. Why not, where the gateway did not take it.
    pub(super) fn put_policy(
        &self,
        home: &HomeRow,
        line: &Arc<dyn Line>,
        file: &Value,
        seen: &Policy,
    ) -> Result<(), String> {
        let changing = |now: bool| {
            if let Some(held) = lock(&self.0.attached).held.get_mut(&home.id) {
                held.changing = now;
            }
        };
        changing(true);
        let (tell, hear) = channel();
        line.set_policy(file, &seen.hash, Box::new(move |result| drop(tell.send(result))));
        let done = hear.recv_timeout(Duration::from_millis(ATTACH_CHANGE_MS + 1_000));
        let done = match done {
            Ok(Ok(set)) => {
                self.policy_is_set(home, set);
                Ok(())
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the gateway did not answer".to_owned()),
        };
        changing(false);
        if done.is_ok() {
            // What undercuts it elsewhere is read anew.
            self.read_policy(&home.id);
        }
        done
    }

    /// What it is now is seen at once, and is ours.
    fn policy_is_set(&self, home: &HomeRow, set: Policy) {
        let standing = lock(&self.0.attached).held.get(&home.id).and_then(|held| held.standing.clone());
        let standing = Standing { drift: set.drift(), policy: set, ..standing.unwrap_or_default() };
        self.standing_told(&home.id, standing);
        if let Err(Error(error)) = self.gateway_is_ours(home, |name| name.starts_with(POLICY)) {
            tracing::error!(message = %error.message, "a policy of ours could not be taken into the baseline");
        }
    }
}

/// The gateway did not take a policy.
pub(super) fn not_taken(why: &str) -> Error {
    Error::precondition(
        format!("The gateway did not take the policy: {why}."),
        "Nothing was changed here. Look at it again.",
    )
}
