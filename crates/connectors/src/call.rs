//! A tool call in the runtime's own words, before it is understood.

use clawbutler_core::digest;
use serde_json::Value;

/// What the runtime says it is about to do.
#[derive(Debug, Clone, PartialEq)]
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
