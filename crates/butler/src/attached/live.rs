//! What a gateway tells by itself and what it means here: states of sessions, parts worth asking again, its going down.

use std::collections::HashMap;

use clawbutler_attach::openclaw::{Event, Session};
use clawbutler_core::limits::ATTACH_ROWS;
use clawbutler_core::timeline::State;
use clawbutler_wire::attached::GatewayPart;
use clawbutler_wire::topic::Topic;

use super::Held;
use crate::Butler;
use crate::engine::lock;

/// A session that did nothing for so long (ms) is not said to be idle: its records tell more.
const FRESH_MS: i64 = 24 * 60 * 60_000;

/// What a session of a gateway does.
fn state(session: &Session, now: i64) -> Option<State> {
    let fresh = session.updated_at.is_some_and(|at| now.saturating_sub(at.0) < FRESH_MS);
    if session.active || session.status.as_deref() == Some("running") {
        return Some(State::Running);
    }
    fresh.then_some(State::Idle)
}

impl Held {
    /// Takes in what a session does; whether it is news.
    fn session(&mut self, session: &Session, now: i64) -> bool {
        let Some(id) = &session.id else { return false };
        if self.keys.len() >= ATTACH_ROWS && !self.keys.contains_key(id) {
            return false;
        }
        let known = self.keys.insert(id.clone(), session.key.clone()).is_some();
        let before = match state(session, now) {
            Some(state) => self.states.insert(id.clone(), state) == Some(state),
            None => self.states.remove(id).is_none(),
        };
        !(known && before)
    }

    /// What the sessions do: one whose question stands waits for its answer.
    pub(super) fn told(&self) -> HashMap<String, State> {
        let asks = |id: &String| {
            let key = self.keys.get(id);
            key.is_some_and(|key| self.asked.values().any(|asked| asked.stands_in(key)))
        };
        let one = |(id, state): (&String, &State)| (id.clone(), if asks(id) { State::WaitingApproval } else { *state });
        self.states.iter().map(one).collect()
    }
}

impl Butler {
    /// What of a gateway's own words is neither a question nor an answer.
    pub(super) fn gateway_lives(&self, home: &str, event: Event) {
        match event {
            Event::Sessions(sessions) => {
                self.sessions_told(home, &sessions, true);
                self.sessions_may_skip(home, &sessions);
            }
            Event::Session(session) => {
                self.sessions_told(home, std::slice::from_ref(&session), false);
                self.session_may_skip(home, &session);
            }
            Event::SessionsChanged => {
                self.read_soon(home);
                self.moved(home, &[GatewayPart::Sessions]);
            }
            Event::DevicesChanged | Event::PairingAsked(_) | Event::PairingSettled { .. } => {
                self.read_soon(home);
                self.moved(home, &[GatewayPart::Devices]);
            }
            Event::Cron { .. } => self.moved(home, &[GatewayPart::Cron]),
            Event::ToolsChanged => self.moved(home, &[GatewayPart::Tools, GatewayPart::Skills]),
            Event::Presence(_) => self.moved(home, &[GatewayPart::Presence]),
            Event::Health(_) | Event::Task { .. } => self.moved(home, &[GatewayPart::Health]),
            Event::Shutdown { back_in_ms, .. } => self.goes(home, Some(leaves(back_in_ms))),
            Event::Suspension(phase) => {
                let held = matches!(phase.as_str(), "preparing" | "prepared");
                self.goes(home, held.then(|| "The gateway takes no new work for now.".to_owned()));
            }
            _ => {}
        }
    }

    fn sessions_told(&self, home: &str, sessions: &[Session], all: bool) {
        let now = self.now().0;
        {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(home) else { return };
            let (mut news, mut began) = (false, false);
            if all {
                let here = |id: &String| sessions.iter().any(|session| session.id.as_ref() == Some(id));
                let before = held.keys.len();
                held.keys.retain(|id, _| here(id));
                held.states.retain(|id, _| here(id));
                news = held.keys.len() < before;
            }
            for session in sessions {
                let runs =
                    |held: &Held| session.id.as_ref().is_some_and(|id| held.states.get(id) == Some(&State::Running));
                let ran = runs(held);
                news |= held.session(session, now);
                began |= !ran && runs(held);
            }
            // What it may do is what the policy says now.
            held.soon |= began;
            if !news {
                return;
            }
        }
        self.changed(Topic::Sessions);
        self.moved(home, &[GatewayPart::Sessions]);
    }

    /// Parts changed by themselves: whoever looks at them asks again.
    fn moved(&self, home: &str, parts: &[GatewayPart]) {
        if let Some(held) = lock(&self.0.attached).held.get_mut(home) {
            for part in parts {
                *held.moved.entry(*part).or_default() += 1;
            }
        }
        self.changed(Topic::Agents);
    }

    fn goes(&self, home: &str, says: Option<String>) {
        if let Some(held) = lock(&self.0.attached).held.get_mut(home) {
            held.going = says;
        }
        self.changed(Topic::Agents);
    }
}

/// What a gateway's farewell means.
fn leaves(back_in_ms: Option<u64>) -> String {
    match back_in_ms {
        Some(ms) => format!("The gateway restarts and expects to be back in {} s.", ms.div_ceil(1_000)),
        None => "The gateway goes down.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clawbutler_core::clock::Timestamp;

    use super::*;

    #[test]
    fn a_session_runs_rests_or_is_too_old_to_tell() {
        let session = |active, status: &str, at| Session {
            active,
            status: Some(status.to_owned()),
            updated_at: Some(Timestamp(at)),
            ..Session::default()
        };
        let now = 2 * FRESH_MS;
        assert_eq!(state(&session(true, "done", 0), now), Some(State::Running));
        assert_eq!(state(&session(false, "running", 0), now), Some(State::Running));
        assert_eq!(state(&session(false, "done", now - 1), now), Some(State::Idle));
        assert_eq!(state(&session(false, "done", 0), now), None);
        assert_eq!(leaves(Some(1_500)), "The gateway restarts and expects to be back in 2 s.");
    }
}
