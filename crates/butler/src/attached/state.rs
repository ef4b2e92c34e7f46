//! How connections stand, and what a gateway says by itself.

use clawbutler_attach::openclaw::{Event, Kind as Queue, Link, Trouble};
use clawbutler_connectors::connector;
use clawbutler_core::actor::Actor;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::registry::{CheckView, HealthLevel};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::{End, Held, LineNumber, Recorded, end};
use crate::engine::lock;
use crate::{Butler, Error};

/// How long a connection may be away before that is recorded and raised (ms): a restart takes seconds.
const LOST_MS: u64 = 15_000;

const LOOK: &str = "Look at the connection on the Agents page.";

impl Held {
    pub(super) fn is_up(&self) -> bool {
        matches!(self.link, Link::Up(_))
    }

    /// Why it does not stand.
    fn trouble(&self) -> Option<&Trouble> {
        match &self.link {
            Link::Waiting { trouble, .. } | Link::Refused(trouble) => Some(trouble),
            Link::Connecting | Link::Up(_) | Link::Closed => None,
        }
    }
}

fn lost_says(path: &str) -> String {
    format!("The gateway of {path} is not connected: it refuses every command that must be asked about.")
}

/// What to do about a connection that does not stand.
pub(super) fn fix(trouble: &Trouble, runtime: &str) -> Option<String> {
    let lets_in = connector::by_id(runtime).and_then(|connector| connector.lets_in());
    if let (Trouble::Pairing { .. }, Some(command)) = (trouble, lets_in) {
        return Some(format!("Let this device in with `{command}`, or at another client."));
    }
    plain_fix(trouble, end(runtime)).map(str::to_owned)
}

fn plain_fix(trouble: &Trouble, end: Option<End>) -> Option<&'static str> {
    match trouble {
        Trouble::Ended(_) if end == Some(End::Daemon) => {
            Some("It comes with the next window of the runtime; nothing needs to be done.")
        }
        _ if end == Some(End::Daemon) => None,
        Trouble::Refused(_) if end == Some(End::Server) => Some("Give the token the server was started with."),
        Trouble::Ended(_) if end == Some(End::Server) => Some("Start the server, or correct its address."),
        Trouble::Pairing { .. } => Some("Let this device in at another client."),
        Trouble::NoRights | Trouble::Refused(_) => Some("Give the gateway's token on the Agents page."),
        Trouble::Ended(_) => Some("Start the gateway, or correct its address on the Agents page."),
        Trouble::Starting | Trouble::Restarting | Trouble::PolicyChanged => None,
    }
}

impl Butler {
    /// What a gateway, or the connection to it, says. Told by whoever holds the connection, in order.
    pub fn gateway_said(&self, home_id: &str, line: LineNumber, event: Event) {
        let Some(home) = self.speaking(home_id, line) else { return };
        match event {
            Event::Link(link) => self.link_changed(&home, link),
            Event::DeviceToken(token) => self.keep_device_token(&home.id, &token),
            Event::Approvals { kind: Queue::Exec, approvals } => self.gateway_lists(&home, approvals),
            Event::Asked(approval) => self.gateway_asks(&home, approval),
            Event::Settled(settled) => self.gateway_settled(&home.id, &settled),
            Event::Missed(_) => self.next_round(&home.id),
            Event::Steps(steps) => self.gateway_steps(&home.id, steps),
            Event::Chat(part) => self.gateway_chats(&home.id, part),
            Event::ConfigChanged { .. } => {
                self.read_policy(&home.id);
                self.read_config(&home.id);
            }
            other => self.gateway_lives(&home.id, other),
        }
    }

    /// The home a line speaks for. One that was replaced is not heard, and where a home was let go of meanwhile,
    /// nothing of ours answers whatever it says.
    pub(super) fn speaking(&self, home_id: &str, line: LineNumber) -> Option<HomeRow> {
        if lock(&self.0.attached).held.get(home_id).is_none_or(|held| held.number != line) {
            return None;
        }
        lock(&self.0.registry).homes.get(home_id).filter(|home| home.governed).cloned()
    }

    /// The lists are read anew.
    pub(super) fn next_round(&self, home: &str) {
        if let Some(held) = lock(&self.0.attached).held.get_mut(home) {
            held.round += 1;
            held.chats.missed();
        }
    }

    pub(super) fn link_changed(&self, home: &HomeRow, link: Link) {
        let now = self.now().0;
        let came = {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(&home.id) else { return };
            held.link = link.clone();
            if held.is_up() {
                held.going = None;
            }
            if !held.is_up() && !std::mem::take(&mut held.states).is_empty() {
                self.changed(Topic::Sessions);
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
            self.read_config(&home.id);
        }
        if let Some((version, address)) = came {
            let data = json!({ "home": home.id, "path": home.path, "version": version, "address": address });
            if let Err(Error(error)) = self.record(Durability::Process, Kind::GatewayUp, Actor::Engine, data) {
                tracing::error!(message = %error.message, "a connection could not be recorded");
            }
        }
        self.changed(Topic::Agents);
    }

    /// How the connection to the gateway of a home is, among the checks of its health; nothing while it is being made, and
    /// where none was chosen.
    pub(crate) fn connection_check(&self, home: &HomeRow) -> Option<CheckView> {
        let attached = lock(&self.0.attached);
        let held = attached.held.get(&home.id).filter(|held| held.line.end() == End::Gateway)?;
        let name = "connection".to_owned();
        if held.is_up() {
            let says = format!("Connected to {}.", held.line.address());
            return Some(CheckView { name, level: HealthLevel::Healthy, says, fix: None });
        }
        let trouble = held.trouble()?;
        let level = match (&held.link, &held.recorded) {
            (Link::Refused(_), _) => HealthLevel::Critical,
            (_, Recorded::Lost) => HealthLevel::Degraded,
            _ => return None,
        };
        let says = format!("Not connected to {}: {trouble}.", held.line.address());
        Some(CheckView { name, level, says, fix: fix(trouble, &home.runtime).or_else(|| Some(LOOK.to_owned())) })
    }

    /// Records and raises connections that are away for longer than a restart takes.
    pub(super) fn note_lost(&self) -> Result<(), Error> {
        let now = self.now();
        let lost: Vec<(String, Option<Trouble>, bool)> = {
            let mut attached = lock(&self.0.attached);
            let answering: Vec<String> =
                attached.chosen.iter().filter(|(_, choice)| choice.answers()).map(|(id, _)| id.clone()).collect();
            let away = attached.held.iter_mut().filter(|(_, held)| {
                let long = held.down_since.is_some_and(|since| now.0.saturating_sub(since) > LOST_MS.cast_signed());
                long && held.line.end() != End::Server && held.recorded != Recorded::Lost
            });
            away.map(|(home, held)| {
                held.recorded = Recorded::Lost;
                let why = held.trouble().cloned();
                let asks = held.line.end() == End::Gateway && answering.contains(home);
                (home.clone(), why, asks)
            })
            .collect()
        };
        for (id, why, asks) in lost {
            let (path, runtime) = {
                let registry = lock(&self.0.registry);
                let home = registry.homes.get(&id);
                home.map(|home| (home.path.clone(), home.runtime.clone())).unwrap_or_default()
            };
            let says = why.as_ref().map(Trouble::to_string).unwrap_or_default();
            let data = json!({ "home": id, "path": path, "says": says });
            self.record(Durability::Process, Kind::GatewayLost, Actor::Engine, data)?;
            // A daemon that ended took its sessions with it, and a gateway that is only watched asks elsewhere.
            if asks {
                let fix = why.as_ref().and_then(|why| fix(why, &runtime));
                self.alert(&lost_says(&path), &fix.unwrap_or_else(|| LOOK.to_owned()));
            }
            self.changed(Topic::Agents);
        }
        Ok(())
    }
}
