//! One entry: canonical bytes and their place in the chain.

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest;
use clawbutler_core::id::{SpanId, TraceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Version of the encoding, part of every entry and of the hashed bytes.
pub const VERSION: u32 = 1;
/// Domain separation of the hash.
const DOMAIN: &str = "clawbutler-ledger-v1";
/// What the first entry chains to.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What happened. Kinds are only ever added, never renamed or reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl Kind {
            /// Every kind with its text.
            pub const ALL: &[(Self, &str)] = &[$((Self::$name, $text),)+];

            /// The kind as it stands in entries.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

kinds! {
    /// An agent wants to do something.
    ActionRequested = "action.requested",
    /// The rules, a grant or a human's answer settled it.
    ActionDecided = "action.decided",
    /// The runtime reported that it ran.
    ActionCompleted = "action.completed",
    /// The runtime reported that it failed.
    ActionFailed = "action.failed",
    /// It was allowed, and nothing was heard of it by the end of its session.
    ActionUnknown = "action.unknown",
    /// A human is asked.
    ApprovalRequested = "approval.requested",
    /// A human decided.
    ApprovalDecided = "approval.decided",
    /// Nobody answered in time.
    ApprovalExpired = "approval.expired",
    /// The question went away.
    ApprovalWithdrawn = "approval.withdrawn",
    /// A hook came back for an approval that survived a restart.
    ApprovalReclaimed = "approval.reclaimed",
    /// The hook handed the answer to the runtime.
    DecisionDelivered = "decision.delivered",
    /// A standing grant was given.
    GrantCreated = "grant.created",
    /// A standing grant was ended.
    GrantRevoked = "grant.revoked",
    /// A grant ended by itself: used up, or its time is over.
    GrantEnded = "grant.ended",
    /// Other rules are in force.
    RulesChanged = "rules.changed",
    /// A change of the rules waits for a person.
    RulesHeld = "rules.held",
    /// A change of the rules was discarded by a person.
    RulesRejected = "rules.rejected",
    /// A file of rules does not load; the last good one stays in force.
    RulesBroken = "rules.broken",
    /// The user chose to govern a home.
    HomeGoverned = "home.governed",
    /// The user chose to leave a home alone.
    HomeReleased = "home.released",
    /// The guard was installed or repaired.
    GuardInstalled = "guard.installed",
    /// The guard was removed by the user.
    GuardRemoved = "guard.removed",
    /// The guard changed without us.
    GuardDrift = "guard.drift",
    /// A session began.
    SessionStarted = "session.started",
    /// A session ended.
    SessionEnded = "session.ended",
    /// The configuration of a runtime changed while it ran.
    ConfigChanged = "config.changed",
    /// The engine started.
    EngineStarted = "engine.started",
    /// The engine stopped in order.
    EngineStopped = "engine.stopped",
    /// A record that a hook wrote while the engine was away.
    OfflineRecorded = "offline.recorded",
    /// Lines of the spool that could not be read.
    OfflineDamaged = "offline.damaged",
    /// Someone else wrote to our database, socket or files.
    TamperingNoticed = "tampering.noticed",
    /// Settings were changed.
    SettingsChanged = "settings.changed",
    /// A request was refused because a bound was reached.
    BoundReached = "bound.reached",
    /// The log was exported.
    AuditExported = "audit.exported",
    /// A person disabled an agent: every call of it is denied.
    AgentDisabled = "agent.disabled",
    /// A person enabled a disabled agent.
    AgentEnabled = "agent.enabled",
    /// A person used the kill switch; nothing is stopped yet.
    KillRequested = "agent.kill_requested",
    /// What the kill switch stopped and what it could not.
    KillReported = "agent.killed",
    /// A person let a killed or disabled agent act again.
    AgentRevived = "agent.revived",
    /// What a home is configured to do differs from its baseline, or no longer does.
    ConfigDrift = "config.drift",
    /// A person accepted a changed configuration as the baseline.
    DriftAccepted = "drift.accepted",
    /// A person forgot a home.
    HomeForgotten = "home.forgotten",
    /// A person chose to be connected to a home's gateway.
    GatewayAttached = "gateway.attached",
    /// A person ended the connection.
    GatewayDetached = "gateway.detached",
    /// The connection stands.
    GatewayUp = "gateway.up",
    /// The connection does not stand for some time.
    GatewayLost = "gateway.lost",
    /// A person raised the gateway's own policy, or gave back what was there before.
    GatewayFloor = "gateway.floor",
    /// A gateway did not take our answer: another one stands, or it refused.
    DecisionLate = "decision.late",
}

/// What a caller wants to record; sequence, time and chain are added on append.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub kind: Kind,
    pub actor: Actor,
    /// All entries of one session share it.
    pub trace: TraceId,
    /// All entries of one action share it.
    pub span: SpanId,
    /// Masked facts of the kind; an object.
    pub data: Value,
}

/// An entry in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: u64,
    pub at: Timestamp,
    pub kind: Kind,
    pub trace: TraceId,
    pub span: SpanId,
    /// Canonical JSON text: exactly what is hashed.
    pub body: String,
    /// Hash of the entry before.
    pub prev: String,
    /// SHA-256 (hex) over domain, `prev` and `body`.
    pub hash: String,
}

impl Entry {
    /// Puts a draft in its place.
    pub fn seal(draft: Draft, seq: u64, at: Timestamp, prev: &str) -> Self {
        let body = digest::canonical(&json!({
            "v": VERSION,
            "seq": seq,
            "at": at.0,
            "kind": draft.kind.text(),
            "actor": draft.actor,
            "trace": draft.trace,
            "span": draft.span,
            "data": draft.data,
        }));
        let hash = chain(prev, &body);
        Self { seq, at, kind: draft.kind, trace: draft.trace, span: draft.span, body, prev: prev.to_owned(), hash }
    }

    /// One line of a JSONL export, without the newline.
    pub fn export_line(&self) -> String {
        format!("{{\"hash\":\"{}\",\"prev\":\"{}\",\"entry\":{}}}", self.hash, self.prev, self.body)
    }
}

/// Hash of an entry from the hash before and its canonical text.
pub fn chain(prev: &str, body: &str) -> String {
    let mut bytes = Vec::with_capacity(DOMAIN.len() + prev.len() + body.len() + 2);
    bytes.extend_from_slice(DOMAIN.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(prev.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(body.as_bytes());
    digest::sha256(&bytes)
}
