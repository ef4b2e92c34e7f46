//! Sessions of every runtime, and what happened in them.

use serde::{Deserialize, Serialize};

use crate::Seq;

/// One session as a line of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Stable id (digest of home and session).
    pub id: String,
    pub runtime: String,
    /// The runtime's name for people.
    pub runtime_name: String,
    /// The home it was recorded in.
    pub home_id: String,
    /// Path of that home.
    pub home: String,
    /// The runtime's own id of the session.
    pub session: String,
    #[serde(default)]
    pub title: Option<String>,
    /// Project folder; absent while no record named it.
    #[serde(default)]
    pub cwd: Option<String>,
    #[serde(default)]
    pub branch: Option<String>,
    /// The model that answered last.
    #[serde(default)]
    pub model: Option<String>,
    /// The permission mode in force, in the runtime's words.
    #[serde(default)]
    pub mode: Option<String>,
    /// `id` of the session that started this one, or (`forked`) whose history it goes on with.
    #[serde(default)]
    pub parent: Option<String>,
    /// It goes on with the history of `parent`: what happened before is shown, and counted, there.
    #[serde(default)]
    pub forked: bool,
    pub state: SessionState,
    pub state_source: StateSource,
    /// What the state rests on, in one sentence.
    pub state_says: String,
    /// Process id, while the runtime says that it runs.
    #[serde(default)]
    pub pid: Option<u32>,
    /// First recorded time (ms since the epoch).
    #[serde(default)]
    pub started_at: Option<i64>,
    /// Last recorded time, or when we last read something of it (ms since the epoch).
    pub last_at: i64,
    pub tokens: TokensView,
    pub cost: SessionCost,
    /// Steps read so far, forgotten ones included.
    pub steps: u64,
    /// Steps that are no longer kept because of the bound.
    pub forgotten: u64,
    pub prompts: u32,
    pub tool_calls: u32,
    pub errors: u32,
    /// Records that could not be understood.
    pub malformed: u32,
    pub subagents: u32,
    /// Grows when its records were rewritten and read anew: what was shown before is no longer true.
    pub generation: u32,
}

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// A model or a tool works.
    Running,
    /// The turn is over.
    Idle,
    /// It asked its user something.
    WaitingInput,
    /// A call waits for a decision.
    WaitingApproval,
    Ended,
    #[default]
    Unknown,
}

/// Where a session's state is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateSource {
    /// The last of its records.
    Recorded,
    /// The runtime's own list of live sessions.
    Runtime,
    /// A hook told us.
    Hook,
    /// A request of it waits in our queue.
    Queue,
    /// Its process is gone.
    Process,
    /// Nothing was recorded for long.
    Silence,
    /// Nothing is known.
    #[default]
    Nothing,
}

/// Tokens of a session; an answer recorded twice counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokensView {
    /// Input that was not read from a cache.
    pub input: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    /// Output, reasoning included.
    pub output: u64,
    /// The part of the output that is reasoning, where recorded.
    pub reasoning: u64,
}

/// What a session cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SessionCost {
    pub label: SessionCostLabel,
    /// US dollars; absent when unknown.
    #[serde(default)]
    pub usd: Option<f64>,
    /// What the figure rests on, or why there is none; one sentence.
    #[serde(default)]
    pub basis: String,
}

/// How sure a session's cost is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionCostLabel {
    /// The runtime recorded it.
    Recorded,
    /// At least a part is list prices times recorded tokens.
    Estimated,
    #[default]
    Unknown,
}

/// A page of sessions, latest activity first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SessionPage {
    pub items: Vec<SessionRow>,
    /// `before` of the next page (earlier activity); absent at the end.
    #[serde(default)]
    pub older: Option<String>,
    /// `after` of the page before (later activity); absent at the beginning.
    #[serde(default)]
    pub newer: Option<String>,
    /// Sessions that fit the filter in all.
    pub total: u32,
    /// How far the reading of history has come, one a governed home.
    pub backfill: Vec<BackfillView>,
    /// The engine's wall clock (ms since the epoch).
    pub now: i64,
}

/// How far the reading of a home's history has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BackfillView {
    pub home_id: String,
    pub state: BackfillState,
    pub files_done: u32,
    pub files_total: u32,
    pub bytes_done: u64,
    pub bytes_total: u64,
    /// Milliseconds since the epoch; absent before it began.
    #[serde(default)]
    pub started_at: Option<i64>,
    /// What went wrong, when it did.
    #[serde(default)]
    pub says: Option<String>,
}

/// Where the reading of a home's history stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackfillState {
    /// Has not begun.
    #[default]
    Waiting,
    Running,
    Done,
    Cancelled,
    Failed,
}

/// Starts the reading of a home's history, or stops it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackfillVerb {
    #[default]
    Start,
    /// What was read stays; files that grow are read on.
    Cancel,
}

/// One session with its sub-agents, its files and what could not be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionDetail {
    pub row: SessionRow,
    /// Every sub-agent, those that started others before them.
    pub agents: Vec<AgentNode>,
    /// Sessions that this one started, and its forks.
    pub children: Vec<SessionRow>,
    pub recordings: Vec<RecordingView>,
    /// The latest records that could not be understood; at most 100.
    pub malformed: Vec<MalformedView>,
}

/// One sub-agent of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AgentNode {
    /// Its id, as in [`StepView`].
    pub agent: String,
    #[serde(default)]
    pub name: Option<String>,
    /// The sub-agent that started it; absent when the main conversation did.
    #[serde(default)]
    pub parent: Option<String>,
    /// The tool call that started it.
    #[serde(default)]
    pub call: Option<String>,
    /// How it ended; absent while it runs or when that is not recorded.
    #[serde(default)]
    pub outcome: Option<StepOutcome>,
    pub steps: u64,
    /// Milliseconds since the epoch.
    #[serde(default)]
    pub last_at: Option<i64>,
}

/// One file or database that a session was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingView {
    pub path: String,
    /// The sub-agent whose records these are.
    #[serde(default)]
    pub agent: Option<String>,
    /// Bytes read; the row last read, in a database.
    pub position: u64,
    /// Size when last looked at (bytes); 0 for a database.
    pub size: u64,
    /// Records read.
    pub records: u64,
    pub malformed: u32,
    /// How often it was truncated, replaced or rewritten and read anew.
    pub rewritten: u32,
    /// Why it cannot be read at present.
    #[serde(default)]
    pub trouble: Option<String>,
    /// Whether it is still there.
    pub present: bool,
}

/// One record that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MalformedView {
    pub path: String,
    /// Where it begins (bytes), or its row.
    pub offset: u64,
    /// Its number, from 1; 0 where records have none.
    pub line: u64,
    /// Why; never the record itself.
    pub why: String,
}

/// A page of steps in the order in which they happened.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StepPage {
    pub items: Vec<StepView>,
    /// `before` of the page of earlier steps; absent when there are none.
    #[serde(default)]
    pub older: Option<String>,
    /// `after` of the page of later steps; absent when there are none now.
    #[serde(default)]
    pub newer: Option<String>,
    /// Highest `seq` of the session now: ask for what came `since` it to follow.
    pub last: Seq,
    /// As in [`SessionRow`]: when it grew, fetch everything again.
    pub generation: u32,
}

/// One thing that happened in a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// In the order of reading, unique in its session.
    pub seq: Seq,
    /// Its place in time: a later step has a greater text.
    pub place: String,
    /// As recorded (ms since the epoch); absent when the record carries no time.
    #[serde(default)]
    pub at: Option<i64>,
    /// The sub-agent it belongs to; absent in the main conversation.
    #[serde(default)]
    pub agent: Option<String>,
    pub what: StepBody,
}

/// What happened. Secrets are masked; long texts are cut and say so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum StepBody {
    Prompt {
        text: String,
    },
    Answer {
        text: String,
    },
    Thinking {
        text: String,
    },
    ToolCall {
        #[serde(default)]
        call: Option<String>,
        tool: String,
        input: serde_json::Value,
    },
    ToolResult {
        #[serde(default)]
        call: Option<String>,
        outcome: StepOutcome,
        text: String,
    },
    /// A question to a person, or its answer, as the runtime recorded it.
    Approval {
        #[serde(default)]
        call: Option<String>,
        /// `asked`, `allowed`, `denied`, `expired`, or the runtime's word.
        decision: String,
        #[serde(default)]
        by: Option<String>,
    },
    AgentStarted {
        agent: String,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        call: Option<String>,
    },
    AgentEnded {
        agent: String,
        outcome: StepOutcome,
    },
    /// The session goes on with the history of another one, which is shown there.
    Forked {
        /// The runtime's id of the other session.
        session: String,
    },
    /// The context was summarised; tokens before and after.
    Compaction {
        #[serde(default)]
        before: Option<u64>,
        #[serde(default)]
        after: Option<u64>,
    },
    Error {
        text: String,
    },
    /// Tokens of one answer; a later one of the same response replaces it.
    Usage {
        #[serde(default)]
        response: Option<String>,
        #[serde(default)]
        model: Option<String>,
        input: u64,
        cache_read: u64,
        cache_write: u64,
        output: u64,
        #[serde(default)]
        reasoning: Option<u64>,
        /// Millionths of a US dollar, as the runtime recorded it.
        #[serde(default)]
        cost_microusd: Option<u64>,
    },
    Quota {
        window: String,
        used_percent: f64,
        /// Milliseconds since the epoch.
        #[serde(default)]
        resets_at: Option<i64>,
    },
    /// A setting in force from here on (`model`, `mode`, `cwd`, `branch`, `title`, …).
    Setting {
        name: String,
        value: String,
    },
    State {
        state: SessionState,
    },
    Note {
        text: String,
    },
    /// A record of a kind this version does not know.
    Unknown {
        kind: String,
    },
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    Ok,
    Failed,
    /// A rule, a hook or a person said no.
    Refused,
    Interrupted,
    #[default]
    Unknown,
}
