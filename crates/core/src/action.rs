//! What an agent wants to do, normalised from any runtime.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One tool call before it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Connector id, for example the name of its folder in `connectors`.
    pub runtime: String,
    /// The runtime's own session id.
    pub session: String,
    /// The sub-agent that acts, when it is not the main conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Subagent>,
    /// The tool as the runtime names it.
    pub tool: String,
    /// Working directory, absolute, as reported.
    pub cwd: String,
    /// The runtime's permission mode, as reported (empty when unknown).
    #[serde(default)]
    pub mode: String,
    /// Project folder, absolute, where it is known to be another than `cwd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Git branch checked out in the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// URL of the project's git remote, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Whether the runtime runs the call in a sandbox of its own, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandboxed: Option<bool>,
    /// How many agents stand between the main conversation and this call (0: none).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: u32,
    /// What the tool would do.
    pub effect: Effect,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(depth: &u32) -> bool {
    *depth == 0
}

impl Action {
    /// The folder that counts as the project: the one given, or the working directory.
    pub fn project(&self) -> &str {
        self.project.as_deref().unwrap_or(&self.cwd)
    }
}

/// A sub-agent inside a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subagent {
    /// The runtime's id of it.
    pub id: String,
    /// Its type or name.
    pub name: String,
}

/// The kinds of action; closed, so that every rule and every view handles each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Runs shell text.
    Shell {
        command: String,
        #[serde(default)]
        dialect: Dialect,
        /// What the agent says it is for; never trusted, shown as its words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    /// Reads, lists or searches files.
    FileRead { path: String },
    /// Creates or changes a file.
    FileWrite { path: String, change: Change },
    /// Deletes files or folders.
    FileDelete { paths: Vec<String> },
    /// Changes several files at once.
    Patch { files: Vec<FilePatch> },
    /// Talks to a host.
    Network {
        url: String,
        /// Upper case (`POST`); absent: only fetches.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<String>,
    },
    /// Calls a tool of an MCP server.
    Mcp { server: String, tool: String, arguments: Value },
    /// Starts or delegates to another agent.
    AgentSpawn { agent: String, prompt: String },
    /// Runs a program given as text in a language other than the shell's.
    Code { language: String, text: String },
    /// Types into a terminal or a program that is running already.
    TerminalInput { terminal: String, text: String },
    /// Changes settings of a runtime, a gateway or a guard.
    ConfigChange { what: String, arguments: Value },
    /// Adds, changes, runs or removes a scheduled job.
    Schedule { change: String, what: String },
    /// Sends a message to people or services outside.
    Message { channel: String, to: String, text: String },
    /// Moves money or changes an account.
    Account { operation: String, arguments: Value },
    /// A tool of the runtime that touches nothing outside the conversation (plans, to-do lists).
    Internal { arguments: Value },
    /// A tool we do not know.
    Other { arguments: Value },
}

/// Which language a shell text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// POSIX shell or bash.
    #[default]
    Posix,
    /// PowerShell.
    Powershell,
    /// The command interpreter of Windows.
    Cmd,
}

/// One file of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePatch {
    /// Absolute where the working directory is known.
    pub path: String,
    pub op: PatchOp,
    /// Content or replacements; empty edits for a deletion.
    pub change: Change,
}

/// What a patch does with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum PatchOp {
    Add,
    Update,
    Delete,
    Move { to: String },
}

/// How a file would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Change {
    /// The whole content is given.
    Content { text: String },
    /// Texts are replaced one after the other.
    Edits { edits: Vec<Edit> },
}

/// One replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Text that must be there.
    pub old: String,
    /// Text that takes its place.
    pub new: String,
    /// Every occurrence instead of the one.
    #[serde(default)]
    pub all: bool,
}

impl Effect {
    /// Every kind's name, in the order of the variants.
    pub const KINDS: &'static [&'static str] = &[
        "shell", "file_read", "file_write", "file_delete", "patch", "network", "mcp", "agent_spawn", "code",
        "terminal_input", "config_change", "schedule", "message", "account", "internal", "other",
    ];

    /// The kind's name as rules and the ledger write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Shell { .. } => "shell",
            Self::FileRead { .. } => "file_read",
            Self::FileWrite { .. } => "file_write",
            Self::FileDelete { .. } => "file_delete",
            Self::Patch { .. } => "patch",
            Self::Network { .. } => "network",
            Self::Mcp { .. } => "mcp",
            Self::AgentSpawn { .. } => "agent_spawn",
            Self::Code { .. } => "code",
            Self::TerminalInput { .. } => "terminal_input",
            Self::ConfigChange { .. } => "config_change",
            Self::Schedule { .. } => "schedule",
            Self::Message { .. } => "message",
            Self::Account { .. } => "account",
            Self::Internal { .. } => "internal",
            Self::Other { .. } => "other",
        }
    }
}
