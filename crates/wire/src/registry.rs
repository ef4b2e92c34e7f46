//! The registry of agents: who each one is, what can be done with it, whether it is well, what it is configured
//! to do, and what changed since that was accepted.

use serde::{Deserialize, Serialize};

use crate::ApiError;
use crate::runtimes::{GuardView, SessionView};

/// Every agent found or chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentList {
    /// The chosen first, each part ordered by runtime and home.
    pub agents: Vec<AgentView>,
    /// Places looked at, for the empty state.
    pub looked_at: Vec<String>,
    /// What can be done with each runtime, generated from the connectors.
    pub runtimes: Vec<RuntimeView>,
}

/// One runtime of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeView {
    /// Connector id.
    pub runtime: String,
    pub runtime_name: String,
    pub capabilities: Vec<CapabilityView>,
}

/// One home of a runtime, as an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// Id of the home, as `home_id` elsewhere.
    pub id: String,
    /// Connector id.
    pub runtime: String,
    pub runtime_name: String,
    /// Absent when it cannot be told without running the client.
    #[serde(default)]
    pub version: Option<String>,
    /// Name of the account that owns the home's folder; absent when there is no folder yet.
    #[serde(default)]
    pub owner: Option<String>,
    /// The home's folder.
    pub home: String,
    /// Whether the user chose to govern it. What is not governed is not touched, followed or judged.
    pub governed: bool,
    pub state: AgentState,
    /// When the state was chosen (ms since the epoch); absent while it never changed.
    #[serde(default)]
    pub state_since: Option<i64>,
    pub capabilities: Vec<CapabilityView>,
    pub health: HealthView,
    pub guard: GuardView,
    /// Whether our static rules stand, which the runtime enforces by itself; absent where it knows no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backstop: Option<bool>,
    /// Sessions that run now, as far as the runtime tells.
    pub live_sessions: u32,
    /// Changes since the baseline that nobody accepted yet.
    pub drift: u32,
    /// Last sign of life (ms since the epoch): a hook that called or a session that runs; absent when there was none.
    #[serde(default)]
    pub last_seen: Option<i64>,
    /// Where each of the facts above comes from.
    pub sources: Vec<SourceView>,
}

/// Whether an agent may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// It may act, within the rules.
    Online,
    /// Every tool call of it is denied until it is enabled again.
    Disabled,
    /// The kill switch was used: as disabled, and what ran was ended.
    Killed,
}

/// One capability of a runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityView {
    /// `observe`, `price`, `ask`, `block`, `pause`, `kill`, `resume` or `configure`.
    pub name: String,
    pub can: Can,
    /// How, with which holes, or why not, in one sentence.
    pub says: String,
}

/// Whether something can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Can {
    Yes,
    /// With holes; the sentence names them.
    Partly,
    No,
}

/// How well an agent is: the worst of its checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthView {
    pub level: HealthLevel,
    /// Every check, the worst first.
    pub checks: Vec<CheckView>,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthLevel {
    /// Nothing to do.
    Healthy,
    /// Works with holes.
    Degraded,
    /// Does not do what it is there for.
    Critical,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// What was looked at (`guard`, `last contact`, …).
    pub name: String,
    pub level: HealthLevel,
    /// One sentence.
    pub says: String,
    /// What to do, when something is wrong.
    #[serde(default)]
    pub fix: Option<String>,
}

/// Where a fact comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceView {
    /// The field it is about (`version`, `owner`, `home`, `live_sessions`, `last_seen`, `state`).
    pub fact: String,
    /// A file, an interface, or what it was worked out from.
    pub source: String,
}

/// One agent with everything known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentDetail {
    pub agent: AgentView,
    pub sessions: Vec<SessionView>,
    /// The configuration as it is now, by tab and name. At most 5,000.
    pub facts: Vec<FactView>,
    /// What changed since the baseline; absent when nothing did or nothing was accepted yet.
    #[serde(default)]
    pub drift: Option<DriftView>,
    /// How much of the account's limits is used, the newest known of each window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitView>,
    /// How full the contexts of sessions are, where a connection tells it; the latest first, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<ContextView>,
}

/// How much of one limit of an account is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitView {
    /// Its window, in the runtime's words or by its length (`5h`, `weekly`).
    pub window: String,
    /// Percent used, 0 to 100 and above.
    pub used_percent: f64,
    /// When it starts anew (ms since the epoch).
    #[serde(default)]
    pub resets_at: Option<i64>,
    /// When it was told (ms since the epoch); absent where that is not known.
    #[serde(default)]
    pub as_of: Option<i64>,
    /// A file, a session's record, or a connection.
    pub source: String,
}

/// How full the context of a session's model is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextView {
    /// The session, in the runtime's words.
    pub session: String,
    /// What its last answer read and wrote (tokens).
    pub used: u64,
    /// What the model can hold (tokens).
    pub window: u64,
    /// When it was told (ms since the epoch).
    pub as_of: i64,
}

/// One thing an agent is configured to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactView {
    pub tab: FactTab,
    /// Unique in its tab (`mcp:github`, `permission mode`).
    pub name: String,
    /// In words; never a secret.
    pub value: String,
    /// The file or interface it was read from.
    pub source: String,
    /// Whether its change raises an alert.
    pub watched: bool,
}

/// The tab that shows a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactTab {
    /// Version, model, account kind.
    Overview,
    /// Tools and MCP servers.
    Tools,
    /// Skills, plugins, extensions, sub-agent definitions.
    Skills,
    /// Messaging channels.
    Channels,
    /// Instruction files and memories.
    Files,
    /// Cron jobs and schedules.
    Schedules,
    /// Hooks, permissions, sandbox, trust.
    Permissions,
}

/// What changed since the baseline was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftView {
    pub home_id: String,
    /// Names exactly these changes; `accept_drift` repeats it.
    pub digest: String,
    /// When the baseline was taken or accepted (ms since the epoch).
    pub baseline_at: i64,
    /// The critical first.
    pub changes: Vec<DriftChange>,
}

/// One change since the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftChange {
    pub tab: FactTab,
    pub name: String,
    /// The project whose own configuration it is; absent for the home itself.
    #[serde(default)]
    pub project: Option<String>,
    pub kind: DriftKind,
    /// Value in the baseline; absent when it appeared.
    #[serde(default)]
    pub from: Option<String>,
    /// Value now; absent when it went.
    #[serde(default)]
    pub to: Option<String>,
    /// Where it was read.
    pub source: String,
    /// When it was first seen to differ (ms since the epoch).
    pub since: i64,
}

/// How something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Looser than it was (a permission mode, a sandbox): critical.
    Loosened,
    Appeared,
    Changed,
    Gone,
}

/// What the kill switch stopped and what it could not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillReport {
    pub agent: AgentView,
    /// When it was used (ms since the epoch).
    pub at: i64,
    /// Whether everything that was found is stopped.
    pub complete: bool,
    /// Every process and connection that was found, in the order tried.
    pub items: Vec<KillItem>,
    /// Waiting requests that were denied.
    pub denied: u32,
    /// What the kill switch cannot reach with this runtime, in sentences.
    pub beyond: Vec<String>,
}

/// One process or connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillItem {
    /// `process` or `connection`.
    pub kind: String,
    /// What it is, in words.
    pub what: String,
    /// Its session, where it belongs to one.
    #[serde(default)]
    pub session: Option<String>,
    #[serde(default)]
    pub pid: Option<u32>,
    pub outcome: KillOutcome,
    /// How it ended, or why it could not be stopped.
    pub says: String,
}

/// What became of one process or connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillOutcome {
    /// It ended after it was asked or forced to.
    Stopped,
    /// It was gone already.
    Gone,
    /// It may still run; the sentence says why.
    CouldNot,
}

/// Outcomes of choosing several homes, in the order asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GovernResult {
    pub outcomes: Vec<GovernOutcome>,
}

/// What became of one home; exactly one of the two is present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GovernOutcome {
    pub home_id: String,
    #[serde(default)]
    pub agent: Option<AgentView>,
    #[serde(default)]
    pub error: Option<ApiError>,
}
