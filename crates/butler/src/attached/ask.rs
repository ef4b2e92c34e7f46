//! Asking a gateway about a part of itself, and its errors in our words.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use clawbutler_attach::CallError;
use clawbutler_attach::openclaw::{
    Agents, Channel, Cost, CronJob, CronRun, Health, LogTail, Model, PairedDevice, PairingRequest, Plugin, Presence,
    Session, SessionCost, Skill, Status, Tool,
};
use clawbutler_core::limits::{ATTACH_CALL_MS, ATTACH_ERROR_CHARS};
use clawbutler_core::redact;
use clawbutler_wire::attached::PartView;
use clawbutler_wire::command::GatewayView;
use clawbutler_wire::{ApiError, Code};

use super::parts::Draw;
use super::{End, Line, Told, end};
use crate::engine::lock;
use crate::{Butler, Error};

/// Longest id of an agent (bytes).
const NAME_BYTES: usize = 512;

/// What a gateway told of a part of itself. Optional lists are those that not every release can tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    Health(Health, Option<Status>),
    Agents(Agents),
    Sessions(Vec<Session>),
    Channels(Vec<Channel>),
    Cron(Vec<CronJob>, Option<Vec<CronRun>>),
    Models(Vec<Model>),
    /// Every tool there is, and those of the agent that was asked about, as its last session has them.
    Tools(Vec<Tool>, Option<Vec<Tool>>),
    Skills(Vec<Skill>, Option<Vec<Plugin>>),
    Usage(Cost, Option<Vec<SessionCost>>),
    Presence(Vec<Presence>),
    Logs(LogTail),
    Devices(Vec<PairingRequest>, Vec<PairedDevice>),
}

impl Butler {
    /// Asks a connected gateway about a part of itself.
    pub fn gateway_view(&self, request: GatewayView) -> Result<PartView, Error> {
        if request.agent.as_ref().is_some_and(|agent| agent.is_empty() || agent.len() > NAME_BYTES) {
            return Err(Error::bad(format!("An agent has an id of at most {NAME_BYTES} bytes.")));
        }
        let line = self.standing_line(&request.home_id)?;
        let seen = self.asked(ATTACH_CALL_MS, |told| line.tell(&request, told))?;
        let draw = Draw { key: &self.0.mask };
        let (tables, note) = draw.part(&seen);
        let log = if let Seen::Logs(log) = &seen { Some(log) } else { None };
        Ok(PartView {
            part: request.part,
            tables,
            note,
            agent: request.agent,
            cursor: log.and_then(|log| log.cursor),
            goes_on: request.after.is_some() && log.is_some_and(|log| !log.reset && !log.truncated),
            fetched_at: self.now().0,
        })
    }

    /// The connection of a governed home to its gateway, while it stands.
    pub(super) fn standing_line(&self, home_id: &str) -> Result<Arc<dyn Line>, Error> {
        let home = self.attachable(home_id)?;
        if end(&home.runtime) != Some(End::Gateway) {
            let says = format!("{} takes nothing of that kind over its connection.", self.runtime_name(&home.runtime));
            return Err(Error::precondition(says, "Its sessions and its settings are shown on their own pages."));
        }
        let attached = lock(&self.0.attached);
        let held = attached.held.get(&home.id).filter(|held| held.is_up());
        held.map(|held| held.line.clone()).ok_or_else(not_connected)
    }

    /// Makes a call and waits for what comes of it, a moment longer than the call itself may take.
    pub(super) fn asked<T: Send + 'static>(&self, at_most_ms: u64, call: impl FnOnce(Told<T>)) -> Result<T, Error> {
        let (tell, hear) = channel();
        call(Box::new(move |result| drop(tell.send(result))));
        match hear.recv_timeout(Duration::from_millis(at_most_ms + 1_000)) {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(error)) => Err(self.told_no(&error)),
            Err(_) => Err(silent()),
        }
    }

    /// A gateway's error as ours, with what can be done about it.
    pub(super) fn told_no(&self, error: &CallError) -> Error {
        match error {
            CallError::Down => not_connected(),
            CallError::Busy => Error(
                ApiError::new(Code::Unavailable, "The gateway is asked too much at once.")
                    .hint("Try again in a moment."),
            ),
            CallError::TimedOut { .. } => silent(),
            CallError::Unreadable { .. } => Error::precondition(
                "The gateway answered in a form that this version does not know.",
                "Bring ClawButler and the gateway to releases that know each other.",
            ),
            CallError::NotOffered { .. } | CallError::NotPossible(_) => {
                Error::precondition(format!("{error}."), "Nothing was sent to the gateway.")
            }
            CallError::Refused { refusal, .. } => {
                let words = redact::mask_text(&refusal.message, &self.0.mask);
                let words: String = words.chars().take(ATTACH_ERROR_CHARS).collect();
                if let Some(scope) = &refusal.missing_scope {
                    return Error::precondition(
                        format!("The gateway does not let this device do that: it lacks the right {scope}."),
                        "Connect anew with a wider reach under Gateway on the Agents page; that takes the gateway's shared token.",
                    );
                }
                if words.starts_with("unknown method") || refusal.code == "METHOD_NOT_FOUND" {
                    return Error::precondition(
                        "This release of the gateway cannot tell that.",
                        "Update the gateway to see it.",
                    );
                }
                let hint = match refusal.retry_after_ms {
                    Some(ms) => format!("Try again in {} s.", ms.div_ceil(1_000)),
                    None => "Look at the end of its log under Logs.".to_owned(),
                };
                let words = words.trim_end_matches('.');
                Error::precondition(format!("The gateway refused: {words}."), hint)
            }
        }
    }
}

fn not_connected() -> Error {
    Error::precondition("The gateway is not connected.", "Look at the connection; what is shown is of before.")
}

fn silent() -> Error {
    Error(
        ApiError::new(Code::Unavailable, "The gateway did not answer in time.")
            .hint("Try again; if it stays like that, restart the gateway."),
    )
}
