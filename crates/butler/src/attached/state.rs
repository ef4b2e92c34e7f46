//! How connections stand, and what a gateway says by itself.

use clawbutler_attach::openclaw::{Event, Kind as Queue, Link, Trouble};
use clawbutler_core::actor::Actor;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::{Held, LineNumber, Recorded};
use crate::engine::lock;
use crate::{Butler, Error};

/// How long a connection may be away before that is recorded and raised (ms): a restart takes seconds.
const LOST_MS: u64 = 15_000;

impl Held {
    pub(super) fn is_up(&self) -> bool {
        matches!(self.link, Link::Up(_))
    }
}

fn lost_says(path: &str) -> String {
    format!("The gateway of {path} is not connected: it refuses every command that must be asked about.")
}

/// What to do about a connection that does not stand.
pub(super) fn fix(trouble: &Trouble) -> Option<&'static str> {
    match trouble {
        Trouble::Pairing { .. } => Some("Let this device in with `openclaw devices approve`, or at another client."),
        Trouble::NoRights | Trouble::Refused(_) => Some("Give the gateway's token on the Agents page."),
        Trouble::Ended(_) => Some("Start the gateway, or correct its address on the Agents page."),
        Trouble::Starting | Trouble::Restarting | Trouble::PolicyChanged => None,
    }
}

impl Butler {
    /// What a gateway, or the connection to it, says. Told by whoever holds the connection, in order.
    pub fn gateway_said(&self, home_id: &str, line: LineNumber, event: Event) {
        if lock(&self.0.attached).held.get(home_id).is_none_or(|held| held.number != line) {
            return;
        }
        let home = lock(&self.0.registry).homes.get(home_id).filter(|home| home.governed).cloned();
        // Let go of meanwhile: whatever it says, nothing of ours answers it.
        let Some(home) = home else { return };
        match event {
            Event::Link(link) => self.link_changed(&home, link),
            Event::DeviceToken(token) => self.keep_device_token(&home.id, &token),
            Event::Approvals { kind: Queue::Exec, approvals } => self.gateway_lists(&home, approvals),
            Event::Asked(approval) => self.gateway_asks(&home, approval),
            Event::Settled(settled) => self.gateway_settled(&home.id, &settled),
            Event::Missed(_) => {
                if let Some(held) = lock(&self.0.attached).held.get_mut(&home.id) {
                    held.round += 1;
                }
            }
            Event::ConfigChanged { .. } => self.read_policy(&home.id),
            _ => {}
        }
    }

    fn link_changed(&self, home: &HomeRow, link: Link) {
        let now = self.now().0;
        let came = {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(&home.id) else { return };
            held.link = link.clone();
            if !held.is_up() {
                held.states.clear();
            }
            match &link {
                Link::Up(hello) => {
                    held.round += 1;
                    held.down_since = None;
                    let was = std::mem::replace(&mut held.recorded, Recorded::Up(hello.boot.clone()));
                    (was != held.recorded).then(|| (hello.version.clone(), held.line.address()))
                }
                Link::Connecting | Link::Waiting { .. } | Link::Refused(_) | Link::Closed => {
                    held.down_since = held.down_since.or(Some(now));
                    None
                }
            }
        };
        if let Link::Up(_) = link {
            self.clear_alert(&lost_says(&home.path));
            self.read_policy(&home.id);
        }
        if let Some((version, address)) = came {
            let data = json!({ "home": home.id, "path": home.path, "version": version, "address": address });
            if let Err(Error(error)) = self.record(Durability::Process, Kind::GatewayUp, Actor::Engine, data) {
                tracing::error!(message = %error.message, "a connection could not be recorded");
            }
        }
        self.changed(Topic::Agents);
    }

    /// Reads the policy of a gateway anew; it is shown when it comes.
    pub(super) fn read_policy(&self, home: &str) {
        let line = lock(&self.0.attached).held.get(home).map(|held| held.line.clone());
        let Some(line) = line else { return };
        let (butler, home) = (self.clone(), home.to_owned());
        line.policy(Box::new(move |result| {
            if let Some(held) = lock(&butler.0.attached).held.get_mut(&home) {
                held.policy = result.ok();
            }
            butler.changed(Topic::Agents);
        }));
    }

    /// Records and raises connections that are away for longer than a restart takes.
    pub(super) fn note_lost(&self) -> Result<(), Error> {
        let now = self.now();
        let lost: Vec<(String, String)> = {
            let mut attached = lock(&self.0.attached);
            let away = attached.held.iter_mut().filter(|(_, held)| {
                let long = held.down_since.is_some_and(|since| now.0.saturating_sub(since) > LOST_MS.cast_signed());
                long && held.line.asks() && held.recorded != Recorded::Lost
            });
            away.map(|(home, held)| {
                held.recorded = Recorded::Lost;
                let why = match &held.link {
                    Link::Waiting { trouble, .. } | Link::Refused(trouble) => trouble.to_string(),
                    Link::Connecting | Link::Up(_) | Link::Closed => String::new(),
                };
                (home.clone(), why)
            })
            .collect()
        };
        for (id, why) in lost {
            let path = lock(&self.0.registry).homes.get(&id).map(|home| home.path.clone()).unwrap_or_default();
            let data = json!({ "home": id, "path": path, "says": why });
            self.record(Durability::Process, Kind::GatewayLost, Actor::Engine, data)?;
            self.alert(&lost_says(&path), "Look at the connection on the Agents page.");
            self.changed(Topic::Agents);
        }
        Ok(())
    }
}
