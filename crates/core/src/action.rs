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
    /// What the tool would do.
    pub effect: Effect,
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
    /// Talks to a host.
    Network { url: String },
    /// Calls a tool of an MCP server.
    Mcp { server: String, tool: String, arguments: Value },
    /// Starts or delegates to another agent.
    AgentSpawn { agent: String, prompt: String },
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
    /// Windows PowerShell; not parsed yet, so never low risk.
    Powershell,
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
    /// The kind's name as rules and the ledger write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Shell { .. } => "shell",
            Self::FileRead { .. } => "file_read",
            Self::FileWrite { .. } => "file_write",
            Self::Network { .. } => "network",
            Self::Mcp { .. } => "mcp",
            Self::AgentSpawn { .. } => "agent_spawn",
            Self::Internal { .. } => "internal",
            Self::Other { .. } => "other",
        }
    }
}
