//! What a gateway tells by itself.

use serde_json::Value;

use super::approval::{Approval, Kind, Settled};
use super::channels::CronJob;
use super::chat::ChatPart;
use super::link::Link;
use super::pairing::PairingRequest;
use super::rows::{Health, Presence, Session};
use super::timeline::{Origin, Steps, of_message, of_run};
use crate::{Secret, json as read};

/// Something happened at a gateway, or to the connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The connection changed.
    Link(Link),
    /// The gateway issued a token for this device: keep it in the system's key store and use it next time.
    DeviceToken(Secret),
    /// Every approval of one queue that stands, read after a connect and whenever events were missed. One that was
    /// there before and is not in it is gone.
    Approvals {
        /// Which queue.
        kind: Kind,
        /// All of it.
        approvals: Vec<Approval>,
    },
    /// The sessions used last, read with the approvals.
    Sessions(Vec<Session>),
    /// We were too slow: so many events are missing. The lists follow.
    Missed(u64),
    /// Somebody must decide.
    Asked(Approval),
    /// Somebody decided, or time ran out.
    Settled(Settled),
    /// Steps of a session.
    Steps(Steps),
    /// A part of an answer to what was said.
    Chat(ChatPart),
    /// A session changed or is new.
    Session(Session),
    /// A session changed in a way that is not told; read it again.
    SessionsChanged,
    /// A job was added, started, ended, …
    Cron {
        /// The gateway's word for it.
        action: String,
        /// The job's id.
        job: String,
        /// The job, where it is told.
        row: Option<CronJob>,
    },
    /// A task changed.
    Task {
        /// Its id.
        id: String,
        /// Its state.
        status: Option<String>,
        /// Its title.
        title: Option<String>,
    },
    /// The configuration changed; read it again.
    ConfigChanged {
        /// Names the new state.
        hash: Option<String>,
    },
    /// Plugins or skills changed; read them again.
    ToolsChanged,
    /// Who is connected.
    Presence(Vec<Presence>),
    /// How it is.
    Health(Health),
    /// It goes down; a restart where it says when it expects to be back.
    Shutdown {
        /// Its words.
        reason: Option<String>,
        /// When it expects to be back (ms from now).
        back_in_ms: Option<u64>,
    },
    /// It stops taking work, or takes work again (`preparing`, `prepared`, `accepting`, …).
    Suspension(String),
    /// A device wants in.
    PairingAsked(PairingRequest),
    /// A device was let in, turned away or put out.
    PairingSettled {
        /// The request.
        request: String,
        /// The gateway's word for it.
        decision: String,
    },
    /// Devices changed in a way that is not told; read them again.
    DevicesChanged,
    /// There is a newer release.
    UpdateAvailable(Option<String>),
    /// Something this version does not know.
    Unknown(String),
}

/// Events that are known and concern us in no way: other clients' screens, voices and devices.
const QUIET: &[&str] = &[
    "connect.challenge", "tick", "heartbeat", "chat.metadata.changed", "models.snapshot", "ui.command",
    "session.observer", "session.operation", "session.sharing", "session.sharing.evidence", "session.suggestion",
    "session.typing", "controlUi.sessionPullRequests.changed", "plugins.controlUi.changed", "talk.mode", "talk.event",
    "talk.voice.change", "task.suggestion", "device.pair.setup.completed", "device.pair.setup.deliveryUncertain",
    "users.prefs.changed", "plugins.install.progress", "voicewake.changed", "voicewake.routing.changed",
    "question.requested", "question.resolved", "openclaw.approval.requested", "openclaw.approval.resolved",
    "terminal.data", "terminal.exit", "update.run.changed", "portal.changed", "progressCard.changed",
    "mentions.changed",
];

/// What one event means; nothing when it is understood and concerns us in no way, as progress and deltas.
pub fn understand(name: &str, payload: &Value) -> Option<Event> {
    let unknown = || Some(Event::Unknown(name.chars().take(80).collect()));
    match name {
        "exec.approval.requested" => Approval::read(Kind::Exec, payload).map(Event::Asked).or_else(unknown),
        "plugin.approval.requested" => Approval::read(Kind::Plugin, payload).map(Event::Asked).or_else(unknown),
        "exec.approval.resolved" => Settled::read(Kind::Exec, payload).map(Event::Settled).or_else(unknown),
        "plugin.approval.resolved" => Settled::read(Kind::Plugin, payload).map(Event::Settled).or_else(unknown),
        "agent" | "session.tool" => steps(payload, Origin::Live, of_run(payload)),
        "session.message" => steps(payload, Origin::Recorded, of_message(payload.get("message")?)),
        "chat" => Some(Event::Chat(ChatPart::read(payload))),
        "sessions.changed" => {
            let session = payload.get("session").and_then(Session::read);
            Some(session.map_or(Event::SessionsChanged, Event::Session))
        }
        // The same request came or comes as its own event, with more in it.
        "session.approval" => None,
        "cron" => Some(Event::Cron {
            action: read::word(payload, "/action"),
            job: read::word(payload, "/jobId"),
            row: payload.get("job").and_then(CronJob::read),
        }),
        "task" => Some(Event::Task {
            id: read::text(payload, "/task/id").or_else(|| read::text(payload, "/taskId")).unwrap_or_default(),
            status: read::text(payload, "/task/status"),
            title: read::text(payload, "/task/title"),
        }),
        "config.changed" => Some(Event::ConfigChanged { hash: read::text(payload, "/hash") }),
        "plugins.changed" | "skills.changed" => Some(Event::ToolsChanged),
        "presence" => Some(Event::Presence(Presence::all(payload, "/presence"))),
        "health" => Some(Event::Health(Health::read(payload))),
        "shutdown" => Some(Event::Shutdown {
            reason: read::text(payload, "/reason"),
            back_in_ms: read::number(payload, "/restartExpectedMs"),
        }),
        "gateway.suspension" => Some(Event::Suspension(read::word(payload, "/phase"))),
        "device.pair.requested" => PairingRequest::read(payload).map(Event::PairingAsked).or_else(unknown),
        "device.pair.resolved" => Some(Event::PairingSettled {
            request: read::word(payload, "/requestId"),
            decision: read::word(payload, "/decision"),
        }),
        "device.pair.changed" => Some(Event::DevicesChanged),
        "update.available" => Some(Event::UpdateAvailable(read::text(payload, "/latestVersion"))),
        quiet if QUIET.contains(&quiet) || quiet.starts_with("node.") => None,
        _ => unknown(),
    }
}

fn steps(payload: &Value, origin: Origin, steps: Vec<clawbutler_core::timeline::Step>) -> Option<Event> {
    let run = read::text(payload, "/runId").or_else(|| read::text(payload, "/message/__openclaw/runId"));
    let session = read::text(payload, "/sessionKey");
    (!steps.is_empty()).then_some(Event::Steps(Steps { session, run, origin, steps }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn new_events_are_named_and_broken_ones_do_no_harm() {
        assert_eq!(understand("moon.phase", &json!({})), Some(Event::Unknown("moon.phase".to_owned())));
        assert_eq!(
            understand("exec.approval.requested", &json!({ "request": 7 })),
            Some(Event::Unknown("exec.approval.requested".to_owned()))
        );
        assert_eq!(understand("session.message", &Value::Null), None);
        assert_eq!(understand("tick", &Value::Null), None);
        assert_eq!(
            understand("shutdown", &json!({ "reason": "update", "restartExpectedMs": 1500 })),
            Some(Event::Shutdown { reason: Some("update".to_owned()), back_in_ms: Some(1_500) })
        );
    }
}
