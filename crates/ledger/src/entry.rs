//! One entry: canonical bytes and their place in the chain.

use std::fmt::Write as _;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest;
use clawbutler_core::id::{SpanId, TraceId, hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::merkle::{self, Hash};

/// Version of the encoding, part of every entry and of the hashed bytes.
pub const VERSION: u32 = 2;
/// Domain separation of the chain.
const DOMAIN: &[u8; 21] = b"clawbutler-ledger-v2\n";
/// The same, of entries of version 1.
const DOMAIN_V1: &[u8; 21] = b"clawbutler-ledger-v1\n";
/// What the first entry chains to.
pub const GENESIS: Hash = [0; 32];

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
    /// A runtime was asked to trust the entries of our guard: the ones in `hooks`, and no other.
    GuardTrusted = "guard.trusted",
    /// The guard was run once to see whether it blocks: `works`, absent where it could not be run.
    GuardTested = "guard.tested",
    /// The guard changed without us.
    GuardDrift = "guard.drift",
    /// A session began.
    SessionStarted = "session.started",
    /// A session ended.
    SessionEnded = "session.ended",
    /// A sub-agent of a session began.
    SubagentStarted = "subagent.started",
    /// A sub-agent of a session ended.
    SubagentEnded = "subagent.ended",
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
    /// Payloads were pruned: of the kinds `kinds`, in entries before `below`. Its own is never pruned.
    AuditPruned = "audit.pruned",
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
    /// A home was named that nothing found tells of, or the address of a gateway; nothing is governed by it.
    HomeNamed = "home.named",
    /// A home appeared beside those that are governed; nothing is governed by it.
    HomeFound = "home.found",
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
    /// A person said something to an agent through its gateway, or stopped the answer.
    GatewayChat = "gateway.chat",
    /// A person took a gateway's configuration back to what it was.
    GatewayConfig = "gateway.config",
    /// A person switched a gateway's agent off or on, or ended what ran in a session of it.
    GatewayAct = "gateway.act",
    /// A gateway did not take our answer: another one stands, or it refused.
    DecisionLate = "decision.late",
    /// A retention run ended: what it removed, by which policy.
    RetentionRan = "retention.ran",
    /// A copy of the database was made.
    BackupMade = "backup.made",
    /// The database is a copy that was put back.
    BackupRestored = "backup.restored",
    /// The database was found damaged while it was in use.
    LogDamaged = "log.damaged",
    /// The database was damaged and set aside; this log is a new one.
    LogSetAside = "log.set_aside",
    /// At a start nothing covered the entries `from` to `to`, or sealed ones were missing.
    LogTailUnproven = "log.tail_unproven",
    /// A person said that they know of a stretch that is not proven, or of a former log that is gone.
    LogAcknowledged = "log.acknowledged",
    /// What was spent came over a part of a budget: once for each part, limit and period.
    BudgetCrossed = "budget.crossed",
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
    /// Span of what this one belongs to: the session or the sub-agent of an action, the action that started a
    /// sub-agent. Of a session that another one began: the span that did, in the trace that `begun_by` in `data` names.
    pub parent: Option<SpanId>,
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
    /// Canonical header: exactly what is hashed as the leaf. It carries the digest of `payload`.
    pub body: String,
    /// Canonical facts of the kind. May be pruned later.
    pub payload: String,
    /// Hash of `body` as a leaf of the tree.
    pub leaf: Hash,
    /// Hash of the chain up to and with this entry.
    pub hash: Hash,
}

impl Entry {
    /// Puts a draft in its place, behind the entry with the hash `prev`.
    pub fn seal(draft: Draft, seq: u64, at: Timestamp, prev: &Hash) -> Self {
        let payload = digest::canonical_value(&draft.data);
        let body = header(&draft, seq, at, &digest::sha256(payload.as_bytes()));
        let leaf = merkle::leaf(body.as_bytes());
        let hash = chain(prev, &leaf);
        Self { seq, at, kind: draft.kind, trace: draft.trace, span: draft.span, body, payload, leaf, hash }
    }
}

/// The canonical header, members in the order of their names.
fn header(draft: &Draft, seq: u64, at: Timestamp, data: &str) -> String {
    let mut out = String::with_capacity(512);
    out.push_str("{\"actor\":");
    write_actor(&draft.actor, &mut out);
    let mut digits = itoa::Buffer::new();
    for part in [",\"at\":", digits.format(at.0), ",\"data\":\"", data, "\",\"kind\":\"", draft.kind.text(), "\","] {
        out.push_str(part);
    }
    if let Some(parent) = &draft.parent {
        out.push_str("\"parent\":");
        digest::write_text(parent.as_str(), &mut out);
        out.push(',');
    }
    out.push_str("\"seq\":");
    out.push_str(digits.format(seq));
    out.push_str(",\"span\":");
    digest::write_text(draft.span.as_str(), &mut out);
    out.push_str(",\"trace\":");
    digest::write_text(draft.trace.as_str(), &mut out);
    let _ = write!(out, ",\"v\":{VERSION}}}");
    out
}

/// The actor in canonical form, written without a tree: it stands in every entry.
fn write_actor(actor: &Actor, out: &mut String) {
    let (kind, members): (_, &[(&str, &str)]) = match actor {
        Actor::LocalUser => ("local_user", &[]),
        Actor::Rule { id } => ("rule", &[("id", id)]),
        Actor::Grant { id } => ("grant", &[("id", id)]),
        Actor::Agent { runtime, session } => ("agent", &[("runtime", runtime), ("session", session)]),
        Actor::Engine => ("engine", &[]),
        Actor::Hook => ("hook", &[]),
    };
    // `id` comes before `kind`, `runtime` and `session` behind it.
    let (before, after) = members.split_at(members.partition_point(|(name, _)| *name < "kind"));
    let member = |(name, value): (&str, &str), out: &mut String| {
        digest::write_text(name, out);
        out.push(':');
        digest::write_text(value, out);
    };
    out.push('{');
    for &(name, value) in before {
        member((name, value), out);
        out.push(',');
    }
    member(("kind", kind), out);
    for &(name, value) in after {
        out.push(',');
        member((name, value), out);
    }
    out.push('}');
}

/// Hash of the chain up to an entry of version 2, from the hash before and the entry's leaf.
pub fn chain(prev: &Hash, leaf: &Hash) -> Hash {
    let mut bytes = [0; DOMAIN.len() + 64];
    let (domain, rest) = bytes.split_at_mut(DOMAIN.len());
    domain.copy_from_slice(DOMAIN);
    rest[..32].copy_from_slice(prev);
    rest[32..].copy_from_slice(leaf);
    Sha256::digest(bytes).into()
}

/// Hash of an entry of version 1, from the hash before and its canonical text.
pub fn chain_v1(prev: &Hash, body: &str) -> Hash {
    let hashed = Sha256::new().chain_update(DOMAIN_V1).chain_update(hex(prev)).chain_update(b"\n").chain_update(body);
    hashed.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_written_as_their_canonical_form() {
        let text = || "a\"b\u{1}é".to_owned();
        for actor in [
            Actor::LocalUser,
            Actor::Rule { id: text() },
            Actor::Grant { id: text() },
            Actor::Agent { runtime: text(), session: text() },
            Actor::Engine,
            Actor::Hook,
        ] {
            let mut out = String::new();
            write_actor(&actor, &mut out);
            assert_eq!(out, digest::canonical(&actor));
        }
    }
}
