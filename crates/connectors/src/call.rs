//! A tool call in the runtime's own words, before it is understood.

use clawbutler_core::digest;
use serde_json::Value;

/// What the runtime says it is about to do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolCall {
    /// Connector id.
    pub runtime: String,
    /// The runtime's session id.
    pub session: String,
    /// Tool name.
    pub tool: String,
    /// The tool's input.
    pub arguments: Value,
    /// Working directory as reported.
    pub cwd: String,
    /// Permission mode as reported.
    pub mode: String,
    /// The sub-agent's id, inside one.
    pub agent_id: Option<String>,
    /// The sub-agent's type or name.
    pub agent_name: Option<String>,
    /// Project folder, absolute, where it is known to be another than `cwd`.
    pub project: Option<String>,
    /// Whether the runtime runs the call in a sandbox of its own, where its session says so.
    pub sandboxed: Option<bool>,
    /// How many agents stand between the main conversation and this call (0: none).
    pub depth: u32,
}

impl ToolCall {
    /// Joins events about one call that share no id: digest of session, tool and input.
    pub fn correlation(&self) -> String {
        correlation(&self.session, &self.tool, &self.arguments)
    }
}

/// See [`ToolCall::correlation`].
pub fn correlation(session: &str, tool: &str, arguments: &Value) -> String {
    digest::of(&(session, tool, arguments))
}
