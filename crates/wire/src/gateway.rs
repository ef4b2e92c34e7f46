//! Frames on the local socket between a hook and the engine: one JSON object a line, UTF-8.
//!
//! The channel only submits. There is no frame that decides, edits a rule, reads the queue or removes
//! a guard, and there never will be one: an agent can open this socket.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Seq;
use crate::audit_search::{AuditFilter, ExportFormat};

/// Version of the frames. The engine refuses another major version with [`Verdict::Unavailable`].
pub const VERSION: u32 = 1;

/// What the hook was called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A tool call before it runs; the answer decides.
    Gate,
    /// The runtime shows its own prompt for a tool call; our answer races it.
    Relay,
    /// A tool call ran.
    Completed,
    /// A tool call failed.
    Failed,
    /// A session began or was resumed.
    SessionStarted,
    /// A session ended.
    SessionEnded,
    /// A turn ended: nothing of it is waiting any more.
    TurnEnded,
    /// The runtime's configuration changed while it runs.
    ConfigChanged,
    /// A sub-agent began or ended.
    Subagent,
}

/// How the answer of a gate is to be used, chosen by the hook from its surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Nobody sits at a prompt: hold the call until a human decides here.
    Hold,
    /// The runtime can prompt: answer `ask` at once, a relay follows.
    Handover,
}

/// What only the hook's process can know.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProcessFacts {
    /// The client's process id, when the runtime tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_pid: Option<u32>,
    /// How the session was started (`cli`, `sdk-cli`, …), in the runtime's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<String>,
    /// Whether a person sits at it, when the runtime tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attended: Option<bool>,
    /// Whether it is a background job.
    #[serde(default)]
    pub background: bool,
    /// The configuration home in force.
    #[serde(default)]
    pub home: String,
    /// The trace the client says it is in: `traceparent` of W3C Trace Context, version 00.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// A request: the runtime's own words plus what the hook added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionRequest {
    /// [`VERSION`].
    pub v: u32,
    /// Connector id.
    pub runtime: String,
    pub event: Event,
    pub strategy: Strategy,
    /// Same key, same call: a retry joins the approval that exists.
    pub idempotency_key: String,
    /// The runtime's session id.
    pub session: String,
    /// Tool name; empty for session events.
    #[serde(default)]
    pub tool: String,
    /// The tool's input as the runtime gave it.
    #[serde(default)]
    pub arguments: Value,
    #[serde(default)]
    pub cwd: String,
    /// Permission mode in the runtime's words.
    #[serde(default)]
    pub mode: String,
    /// The runtime's id of the call, where it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<String>,
    /// Further facts of the event (outcome, source, reason), in the runtime's words, small.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
    pub process: ProcessFacts,
    /// When the hook gives up waiting, counted from its start (ms).
    pub deadline_ms: u64,
}

/// What the engine says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Run it.
    Allow,
    /// Do not run it; tell the agent the reason.
    Deny,
    /// Let the runtime's own prompt ask.
    Ask,
    /// No opinion.
    Defer,
    /// A human was asked; another frame follows. Tells a slow engine from a slow human.
    Waiting,
    /// The engine cannot answer now: use the fallback.
    Unavailable,
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionReply {
    pub v: u32,
    pub verdict: Verdict,
    /// For the person and the agent; empty for `defer`.
    #[serde(default)]
    pub reason: String,
}

/// Sent by the hook after it has handed the verdict to the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    pub delivered: bool,
}

/// One line of the spool: what a hook did while the engine was away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpoolRecord {
    pub v: u32,
    /// Unique; the engine takes each id in once.
    pub id: String,
    /// Wall clock of the hook (ms since the epoch).
    pub at_ms: i64,
    /// The request with its arguments masked.
    pub request: ActionRequest,
    /// What the hook answered.
    pub verdict: Verdict,
    pub reason: String,
    /// Why it decided alone.
    pub cause: String,
}

/// An export as the command line tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportFacts {
    pub format: ExportFormat,
    pub filter: AuditFilter,
    /// Entries written.
    pub count: Seq,
    /// The last entry that was looked at.
    pub through: Seq,
    /// SHA-256 of what was written (hex).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Sent by the command line after an export; the engine records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportReport {
    /// [`VERSION`].
    pub v: u32,
    pub export: ExportFacts,
}

/// The answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportNoted {
    /// Number of the entry; absent when it was not recorded.
    #[serde(default)]
    pub seq: Option<Seq>,
}

/// Sent by the command line while it makes an evidence pack beside the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackRequest {
    /// [`VERSION`].
    pub v: u32,
    pub pack: PackStep,
}

/// What it takes of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackStep {
    /// Sign a checkpoint over the log as it stands.
    Cover,
    /// Append the entry that names the pack's manifest.
    Seal(Box<PackFacts>),
}

/// A pack as the command line tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackFacts {
    pub filter: AuditFilter,
    /// Entries in it.
    pub count: Seq,
    /// The last entry that was looked at.
    pub through: Seq,
    /// SHA-256 of its manifest (64 lower-case hex digits).
    pub manifest: String,
}

/// The answer to either. Nothing unknown in it: an engine that does not know the question answers otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackAnswer {
    /// Why it was not done; the rest is empty then.
    #[serde(default)]
    pub refused: Option<String>,
    /// To `cover`: the signed checkpoint, the entries it covers, and the public key of the log.
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub size: Seq,
    #[serde(default)]
    pub key: String,
    /// To `seal`: the number of the entry.
    #[serde(default)]
    pub seq: Option<Seq>,
}

/// Sent by the command line to have a home listed. It is governed by nothing of this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeRequest {
    /// [`VERSION`].
    pub v: u32,
    pub name_home: NamedHome,
}

/// A place that somebody names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedHome {
    /// Connector id.
    pub runtime: String,
    /// An absolute path, or the address of a gateway.
    pub place: String,
}

/// The answer to it. Nothing unknown in it: an engine that does not know the question answers otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeAnswer {
    /// Why it was not done; the id is empty then.
    #[serde(default)]
    pub refused: Option<String>,
    /// What to do about that.
    #[serde(default)]
    pub hint: Option<String>,
    /// Id of the home.
    #[serde(default)]
    pub home_id: String,
}

/// A line of the spool: an export that the command line made while the engine was away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoolExport {
    pub v: u32,
    /// Unique; the engine takes each id in once.
    pub id: String,
    /// Wall clock of the command line (ms since the epoch).
    pub at_ms: i64,
    pub export: ExportFacts,
}
