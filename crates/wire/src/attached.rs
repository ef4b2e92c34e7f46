//! Live connections to running gateways.

use serde::{Deserialize, Serialize};

use crate::sessions::StepView;

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// No gateway was found to connect to.
    Absent,
    /// It is being made.
    Connecting,
    /// It stands.
    Up,
    /// It does not stand and is tried again by itself.
    Waiting,
    /// It does not stand and is not tried again before a person changed something.
    Refused,
}

/// What a connection may do at a gateway: the rights it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// See what it does. Its questions stay unseen.
    Watch,
    /// Also talk to its agents.
    Talk,
    /// Also answer everybody's questions, and change policy and configuration.
    #[default]
    Govern,
    /// Also see which devices are let in, let others in and put them out.
    Devices,
}

/// Every connection the user chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionList {
    pub items: Vec<ConnectionView>,
    /// Ids of the runtimes whose gateways or daemons can be connected to.
    #[serde(default)]
    pub attachable: Vec<String>,
    /// Those of them that have a gateway: it tells its parts, chats, and takes a policy from here.
    #[serde(default)]
    pub gateways: Vec<String>,
    /// Those of them that have a daemon: it asks and is answered, and takes no token.
    #[serde(default)]
    pub daemons: Vec<String>,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionView {
    pub home_id: String,
    pub runtime_name: String,
    pub link: LinkState,
    /// One sentence.
    pub says: String,
    /// What to do, where something can be done.
    #[serde(default)]
    pub fix: Option<String>,
    /// Where it is connected to, as `ws://127.0.0.1:18789`.
    #[serde(default)]
    pub address: Option<String>,
    /// The address the user gave; absent where it is found by itself.
    #[serde(default)]
    pub url: Option<String>,
    /// What it may do there; absent where the other end knows no such thing.
    #[serde(default)]
    pub reach: Option<Reach>,
    /// That the gateway said it goes down, and when it expects to be back.
    #[serde(default)]
    pub going: Option<String>,
    /// The parts that changed by themselves since the connection was made: worth asking again.
    #[serde(default)]
    pub moved: Vec<PartMoved>,
    /// The gateway's release.
    #[serde(default)]
    pub version: Option<String>,
    /// Its questions that wait here for a person.
    pub waiting: u32,
    /// Its agents that we disabled.
    #[serde(default)]
    pub disabled: Vec<String>,
    /// Whether its own policy brings commands before it asks anybody; absent while not known.
    #[serde(default)]
    pub floor: Option<FloorView>,
}

/// A part of a gateway that changed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartMoved {
    pub part: GatewayPart,
    /// How often.
    pub times: u64,
}

/// The gateway's exec policy against the floor under which it asks nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloorView {
    /// Names the present policy; `set_floor` gives it back.
    pub hash: String,
    /// Whether we raised it.
    pub raised: bool,
    /// What lets commands run unasked.
    pub gaps: Vec<GapView>,
    /// The policy document now, as text.
    pub now: String,
    /// What it would be after `set_floor`.
    pub then: String,
    /// The difference between the two, as a unified diff; empty when there is none.
    #[serde(default)]
    pub diff: String,
    /// What the policy comes to: first for agents without settings of their own, then for each agent.
    #[serde(default)]
    pub rules: Vec<PolicyRow>,
}

/// What a gateway's exec policy comes to for one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// The agent; absent for those without settings of their own.
    #[serde(default)]
    pub agent: Option<String>,
    /// `deny`, `allowlist` or `full`; absent where the gateway does not say.
    #[serde(default)]
    pub security: Option<String>,
    /// `always`, `on-miss` or `off`.
    #[serde(default)]
    pub ask: Option<String>,
    /// What happens when nobody can be asked: `deny`, `allowlist` or `full`.
    #[serde(default)]
    pub ask_fallback: Option<String>,
    /// Which of the three are the agent's own.
    #[serde(default)]
    pub own: Vec<PolicyMember>,
    /// What runs unasked under `allowlist`; at most 500 rows.
    #[serde(default)]
    pub allowlist: Vec<AllowView>,
}

/// A row of an agent's allowlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowView {
    /// Names it in changes.
    pub id: String,
    /// The program. Secrets are masked.
    pub pattern: String,
    /// With which arguments, where it is bound to them.
    #[serde(default)]
    pub args: Option<String>,
    /// Where it comes from, as `allow-always`.
    #[serde(default)]
    pub source: Option<String>,
}

/// A member of the exec policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyMember {
    Security,
    Ask,
    AskFallback,
}

/// One change of a gateway's exec policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum PolicyEdit {
    /// Sets one word.
    Set {
        /// For this agent; absent for those without settings of their own.
        #[serde(default)]
        agent: Option<String>,
        member: PolicyMember,
        /// The word; absent takes away what is set there.
        #[serde(default)]
        value: Option<String>,
    },
    /// Takes a row out of an agent's allowlist.
    Remove {
        agent: String,
        /// The row's `id`.
        id: String,
    },
}

/// What changes of a policy would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyTrial {
    /// Names exactly these changes of exactly this policy; `edit_policy` gives it back.
    pub seen: String,
    /// The documents, as a unified diff.
    pub diff: String,
    pub changes: Vec<ConfigChange>,
    /// What would run with less asking than now, in words.
    pub loosens: Vec<String>,
}

/// What came of `edit_policy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAnswer {
    /// What the changes would do; absent when they were made.
    #[serde(default)]
    pub trial: Option<PolicyTrial>,
    pub connection: ConnectionView,
}

/// Something that lets commands run unasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapView {
    pub place: String,
    pub found: String,
    pub wanted: String,
}

/// A part of what a gateway tells when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayPart {
    /// How it is, and what it does.
    #[default]
    Health,
    Agents,
    Sessions,
    /// Accounts of chat channels.
    Channels,
    /// Scheduled jobs and their last runs.
    Cron,
    Models,
    /// Every tool an agent could have.
    Tools,
    /// Skills and plugins.
    Skills,
    /// Tokens and cost, as the gateway counts them.
    Usage,
    /// Who is connected to it.
    Presence,
    /// The end of its log.
    Logs,
    /// Devices that are let in, and those that want in.
    Devices,
}

/// What a gateway told of a part of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartView {
    pub part: GatewayPart,
    pub tables: Vec<PartTable>,
    /// What must be known to read it rightly.
    #[serde(default)]
    pub note: Option<String>,
    /// Whose tools or skills; absent for the default agent's.
    #[serde(default)]
    pub agent: Option<String>,
    /// Of the log: where to go on.
    #[serde(default)]
    pub cursor: Option<u64>,
    /// Whether it goes on after the place that was asked about; if not, it stands in place of what was told before.
    #[serde(default)]
    pub goes_on: bool,
    /// When it was told (ms since the epoch).
    pub fetched_at: i64,
}

/// Rows of one kind; secrets are masked, long texts are cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartTable {
    pub title: String,
    pub columns: Vec<PartColumn>,
    /// As many cells a row as there are columns; at most 500 rows.
    pub rows: Vec<Vec<CellView>>,
    /// Rows past the bound.
    pub left_out: u32,
    /// What to say when there are no rows.
    pub empty: String,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartColumn {
    pub name: String,
    pub look: ColumnLook,
}

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnLook {
    Text,
    /// An id or a path.
    Code,
    /// A number or money.
    Number,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum CellView {
    /// The gateway does not say.
    Unknown,
    Text {
        text: String,
    },
    Number {
        number: u64,
    },
    /// Millionths of a US dollar.
    Money {
        microusd: u64,
    },
    /// Milliseconds since the epoch.
    Time {
        at: i64,
    },
    Flag {
        yes: bool,
    },
}

/// What is done in a chat with an agent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum ChatAct {
    /// Nothing: it is looked at, and followed from then on.
    #[default]
    Look,
    /// Says something to the agent.
    Send {
        /// At most 16 384 bytes.
        message: String,
    },
    /// Stops the answer under way.
    Stop,
}

/// A conversation with an agent: what the gateway recorded last, then what happens now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatView {
    pub session: String,
    pub state: ChatState,
    /// What the state rests on, where there is more to say.
    #[serde(default)]
    pub says: Option<String>,
    /// The last steps, oldest first. Secrets are masked.
    pub steps: Vec<StepView>,
    /// The answer under way, as far as it came.
    #[serde(default)]
    pub answer: Option<String>,
    /// Whether there is more before the first step.
    pub more: bool,
}

/// How far the answer of an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// Nothing is under way as far as we know.
    #[default]
    Idle,
    Running,
    /// The last answer was stopped.
    Stopped,
    /// The last answer failed.
    Failed,
}

/// What is done with a gateway's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum ConfigAct {
    /// It is read, and kept as a snapshot where it is another than before.
    #[default]
    Look,
    /// Two snapshots are compared by meaning.
    Compare { from: String, to: String },
    /// The way back to a snapshot is tried out; nothing changes.
    Try { to: String },
    /// Goes back to a snapshot, as it was tried out.
    RollBack {
        to: String,
        /// The `seen` of the trial that was looked at.
        seen: String,
    },
}

/// A gateway's configuration over time. Secrets are masked everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigView {
    /// Newest first; the first is the configuration now.
    pub snapshots: Vec<SnapshotView>,
    /// Whether the gateway finds it valid.
    pub valid: bool,
    /// Whether it is in force only after a restart of the gateway.
    pub restart_due: bool,
    /// The differences that were asked for.
    #[serde(default)]
    pub changes: Option<Vec<ConfigChange>>,
    /// What going back would do.
    #[serde(default)]
    pub trial: Option<TrialView>,
}

/// A configuration as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotView {
    pub id: String,
    /// When we saw it first (ms since the epoch).
    pub taken_at: i64,
    /// The gateway's name for this very state.
    pub hash: String,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// As `tools.exec.mode`.
    pub path: String,
    /// As JSON; absent when it is new.
    #[serde(default)]
    pub before: Option<String>,
    /// As JSON; absent when it is gone.
    #[serde(default)]
    pub after: Option<String>,
}

/// What going back to a snapshot would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialView {
    /// The snapshot.
    pub to: String,
    /// Names exactly this change of exactly this configuration; `roll_back` gives it back.
    pub seen: String,
    pub changes: Vec<ConfigChange>,
    /// Places that cannot be brought back: secrets that are not shown to us.
    pub lost: Vec<String>,
}

/// What is done at a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum GatewayVerb {
    /// Takes every tool away from an agent and ends its runs.
    DisableAgent { agent: String },
    /// Gives an agent back what it had before we disabled it.
    EnableAgent { agent: String },
    /// Ends what runs in a session, whoever started it.
    AbortSession { session: String },
    /// Lets a device in that asks for it.
    LetIn { request: String },
    /// Turns a device away that asks to be let in.
    TurnAway { request: String },
    /// Puts a device out; its token is dead at once.
    PutOut { device: String },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayDone {
    /// One sentence.
    pub says: String,
    /// Sessions whose runs may still go on.
    pub still_running: Vec<String>,
}
