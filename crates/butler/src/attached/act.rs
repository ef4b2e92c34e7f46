//! What a person does at a gateway: an agent off and on, a session ended. Recorded before it is tried.

use clawbutler_attach::openclaw::Rollback;
use clawbutler_core::limits::{ATTACH_CALL_MS, ATTACH_CHANGE_MS, KILL_PROCESSES};
use clawbutler_core::timeline::State;
use clawbutler_ledger::Kind;
use clawbutler_wire::attached::{GatewayDone, GatewayVerb};
use clawbutler_wire::command::GatewayAct;
use clawbutler_wire::registry::{KillItem, KillOutcome};
use clawbutler_wire::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::lock;
use crate::{Butler, Error};

/// Longest name of an agent or session (bytes).
const NAME_BYTES: usize = 512;
/// Agents of one gateway that are disabled at once.
const OFF: usize = 100;

/// What gives an agent back what it had.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Back {
    patch: Value,
    replaces: Vec<String>,
    lost: Vec<String>,
}

impl Butler {
    /// Switches an agent of a connected gateway off or on, or ends what runs in a session.
    pub fn gateway_act(&self, request: GatewayAct) -> Result<GatewayDone, Error> {
        let (GatewayVerb::DisableAgent { agent: name }
        | GatewayVerb::EnableAgent { agent: name }
        | GatewayVerb::AbortSession { session: name }
        | GatewayVerb::LetIn { request: name }
        | GatewayVerb::TurnAway { request: name }
        | GatewayVerb::PutOut { device: name }) = &request.act;
        if name.is_empty() || name.len() > NAME_BYTES {
            return Err(Error::bad(format!("A name has at most {NAME_BYTES} bytes.")));
        }
        let home = &request.home_id;
        let done = match &request.act {
            GatewayVerb::DisableAgent { agent } => self.agent_off(home, agent),
            GatewayVerb::EnableAgent { agent } => self.agent_on(home, agent),
            GatewayVerb::AbortSession { session } => self.session_ends(home, session),
            GatewayVerb::LetIn { request } => self.device_answered(home, request, true),
            GatewayVerb::TurnAway { request } => self.device_answered(home, request, false),
            GatewayVerb::PutOut { device } => self.device_out(home, device),
        };
        self.changed(Topic::Agents);
        done
    }

    fn agent_off(&self, home_id: &str, agent: &str) -> Result<GatewayDone, Error> {
        let (home, line) = (self.attachable(home_id)?, self.standing_line(home_id)?);
        let choice =
            lock(&self.0.attached).chosen.get(home_id).cloned().ok_or_else(|| Error::not_found("connection"))?;
        if choice.off.contains_key(agent) || choice.off.len() >= OFF {
            return Err(Error::precondition("The agent is disabled already.", "Enable it, or look at the others."));
        }
        let data = || json!({ "act": "disable_agent", "name": agent });
        self.note_at_gateway(home_id, Kind::GatewayAct, data())?;
        let lock_of = self.asked(ATTACH_CHANGE_MS, |told| line.disable_agent(agent, told));
        let off = lock_of.inspect_err(|Error(error)| self.note_failed(home_id, data(), &error.message))?;
        let Rollback { patch, replaces, lost } = off.rollback;
        // What was chosen may be another by now.
        let mut next = lock(&self.0.attached).chosen.get(home_id).cloned().unwrap_or(choice);
        next.off.insert(agent.to_owned(), Back { patch, replaces, lost });
        let mut ended = data();
        (ended["done"], ended["still_running"]) = (json!(true), json!(off.still_running));
        self.put_choice(&home, Some(next), Kind::GatewayAct, ended)?;
        let says = format!("{agent} has no tools any more, and {} of its runs were ended.", off.killed.len());
        Ok(GatewayDone { says, still_running: off.still_running })
    }

    fn agent_on(&self, home_id: &str, agent: &str) -> Result<GatewayDone, Error> {
        let (home, line) = (self.attachable(home_id)?, self.standing_line(home_id)?);
        let back = lock(&self.0.attached).chosen.get(home_id).and_then(|choice| choice.off.get(agent).cloned());
        let back = back.ok_or_else(|| Error::not_found("disabled agent"))?;
        let data = || json!({ "act": "enable_agent", "name": agent });
        self.note_at_gateway(home_id, Kind::GatewayAct, data())?;
        let back = Rollback { patch: back.patch, replaces: back.replaces, lost: back.lost };
        let done = self.asked(ATTACH_CHANGE_MS + ATTACH_CALL_MS, |told| line.roll_back(&back, told));
        done.inspect_err(|Error(error)| self.note_failed(home_id, data(), &error.message))?;
        let next = lock(&self.0.attached).chosen.get(home_id).cloned();
        let mut next = next.ok_or_else(|| Error::not_found("connection"))?;
        next.off.remove(agent);
        let mut ended = data();
        ended["done"] = json!(true);
        self.put_choice(&home, Some(next), Kind::GatewayAct, ended)?;
        Ok(GatewayDone { says: format!("{agent} has its tools back."), still_running: Vec::new() })
    }

    fn session_ends(&self, home_id: &str, session: &str) -> Result<GatewayDone, Error> {
        let line = self.standing_line(home_id)?;
        let data = || json!({ "act": "abort_session", "name": session });
        self.note_at_gateway(home_id, Kind::GatewayAct, data())?;
        let ended = self.asked(ATTACH_CALL_MS, |told| line.kill(session, told));
        let ended = ended.inspect_err(|Error(error)| self.note_failed(home_id, data(), &error.message))?;
        let says = if ended.any() { "What ran in it was ended." } else { "Nothing ran in it." };
        Ok(GatewayDone { says: says.to_owned(), still_running: Vec::new() })
    }

    /// Ends what runs in the sessions of a gateway, within bounds: what its connection says is running.
    pub(crate) fn end_runs(&self, home_id: &str) -> Vec<KillItem> {
        let Ok(line) = self.standing_line(home_id) else { return Vec::new() };
        let running: Vec<(String, String)> = {
            let attached = lock(&self.0.attached);
            let held = attached.held.get(home_id);
            let keys = held.into_iter().flat_map(|held| &held.keys);
            let runs = |id: &String| held.and_then(|held| held.states.get(id)) == Some(&State::Running);
            keys.filter(|(id, _)| runs(id)).map(|(id, key)| (id.clone(), key.clone())).take(KILL_PROCESSES).collect()
        };
        let end = |(id, key): (String, String)| {
            let (outcome, says) = match self.asked(ATTACH_CALL_MS, |told| line.kill(&key, told)) {
                Ok(ended) if ended.any() => (KillOutcome::Stopped, "Its run was ended by the gateway.".to_owned()),
                Ok(_) => (KillOutcome::Gone, "Nothing ran in it any more.".to_owned()),
                Err(Error(error)) => (KillOutcome::CouldNot, error.message),
            };
            let what = format!("run of the session {key} at {}", line.address());
            KillItem { kind: "connection".to_owned(), what, session: Some(id), pid: None, outcome, says }
        };
        running.into_iter().map(end).collect()
    }

    pub(super) fn note_failed(&self, home: &str, mut data: Value, why: &str) {
        data["failed"] = json!(why);
        if let Err(Error(error)) = self.note_at_gateway(home, Kind::GatewayAct, data) {
            tracing::error!(message = %error.message, "what failed at a gateway could not be recorded");
        }
    }
}
