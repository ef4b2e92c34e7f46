//! Raising a gateway's own policy so that every command comes before us, and giving it back.

use std::sync::mpsc::channel;
use std::time::Duration;

use clawbutler_attach::openclaw::{Policy, with_floor, without_floor};
use clawbutler_core::limits::ATTACH_CHANGE_MS;
use clawbutler_ledger::Kind;
use clawbutler_wire::attached::ConnectionView;
use clawbutler_wire::command::SetFloor;
use serde_json::json;

use super::choose::Choice;
use super::{End, end};
use crate::engine::lock;
use crate::{Butler, Error};

impl Butler {
    /// Raises the floor, or gives back what was there before. What is recorded first is what is then tried; a change
    /// that fails is taken back in the record.
    pub fn set_floor(&self, request: SetFloor) -> Result<ConnectionView, Error> {
        let home = self.attachable(&request.home_id)?;
        if end(&home.runtime) != Some(End::Gateway) {
            let says = format!("{} has no policy that is changed from here.", self.runtime_name(&home.runtime));
            return Err(Error::precondition(says, "Its own settings say when it asks."));
        }
        let (line, policy, choice) = {
            let attached = lock(&self.0.attached);
            let choice = attached.chosen.get(&home.id).cloned().ok_or_else(|| Error::not_found("connection"))?;
            let held = attached.held.get(&home.id).filter(|held| held.is_up());
            let known = held.and_then(|held| Some((held.line.clone(), held.policy.as_ref()?.0.clone())));
            let (line, policy) = known.ok_or_else(|| {
                Error::precondition("The gateway is not connected, or its policy was not read yet.", "Try again soon.")
            })?;
            (line, policy, choice)
        };
        if policy.hash != request.seen_hash {
            return Err(Error::stale("The gateway's policy is not the one you saw.", None));
        }
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
        let (tell, hear) = channel();
        line.set_policy(&file, &policy.hash, Box::new(move |result| drop(tell.send(result))));
        let done = hear.recv_timeout(Duration::from_millis(ATTACH_CHANGE_MS + 1_000));
        let failed = match done {
            Ok(Ok(set)) => {
                self.floor_is_set(&home.id, set);
                return self.connection_view(&home);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the gateway did not answer".to_owned(),
        };
        let data = json!({ "raised": request.raised, "failed": failed });
        self.put_choice(&home, Some(choice), Kind::GatewayFloor, data)?;
        self.read_policy(&home.id);
        Err(Error::precondition(
            format!("The gateway did not take the policy: {failed}."),
            "Nothing was changed here. Look at it again.",
        ))
    }

    /// What it is now is seen at once; what undercuts it is read anew.
    fn floor_is_set(&self, home: &str, set: Policy) {
        if let Some(held) = lock(&self.0.attached).held.get_mut(home) {
            let drift = set.drift();
            held.policy = Some((set, drift));
        }
        self.read_policy(home);
    }
}
