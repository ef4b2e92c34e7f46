//! The hook's side of a connector: read what a runtime says on stdin, say our answer in its words.
//!
//! Must stay free of heavy dependencies, and must never fail open: what cannot be read blocks a gate.

use serde_json::Value;

use clawbutler_core::action::Action;

use crate::call::ToolCall;
use crate::env::Env;

/// What the hook was called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A tool call before it runs; the answer decides.
    Gate,
    /// The runtime shows its own prompt; our answer races it.
    Relay,
    /// A tool call ran.
    Completed,
    /// A tool call failed or was refused by the runtime itself.
    Failed,
    /// A session began or was resumed.
    SessionStarted,
    /// A session ended.
    SessionEnded,
    /// A turn ended.
    TurnEnded,
    /// The runtime's configuration changed.
    ConfigChanged,
    /// A sub-agent began or ended.
    Subagent,
}

/// How the answer of a gate is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Nobody sits at a prompt: hold the call until a human decides in our app.
    Hold,
    /// The runtime can prompt: answer `ask` at once, a relay follows.
    Handover,
}

/// One hook call, read.
#[derive(Debug, Clone, PartialEq)]
pub struct HookInput {
    /// Connector id.
    pub runtime: &'static str,
    /// Why we were called.
    pub event: Event,
    /// Same key, same call.
    pub idempotency_key: String,
    /// The runtime's session id.
    pub session: String,
    /// Tool name; empty for session events.
    pub tool: String,
    /// The tool's input; null for session events.
    pub arguments: Value,
    /// Working directory.
    pub cwd: String,
    /// Permission mode in the runtime's words.
    pub mode: String,
    /// The runtime's id of the call.
    pub call_id: Option<String>,
    /// Sub-agent id.
    pub agent_id: Option<String>,
    /// Sub-agent type or name.
    pub agent_name: Option<String>,
    /// Small facts of the event in the runtime's words; an object or null.
    pub extra: Value,
    /// Hold or hand over.
    pub strategy: Strategy,
    /// Configuration home in force.
    pub home: String,
    /// The client's process id.
    pub client_pid: Option<u32>,
    /// How the session was started.
    pub entrypoint: Option<String>,
    /// Whether a person sits at it.
    pub attended: Option<bool>,
    /// Whether it is a background job.
    pub background: bool,
}

impl HookInput {
    /// The tool call in it.
    pub fn tool_call(&self) -> ToolCall {
        ToolCall {
            runtime: self.runtime.to_owned(),
            session: self.session.clone(),
            tool: self.tool.clone(),
            arguments: self.arguments.clone(),
            cwd: self.cwd.clone(),
            mode: self.mode.clone(),
            agent_id: self.agent_id.clone(),
            agent_name: self.agent_name.clone(),
            ..ToolCall::default()
        }
    }

    /// See [`ToolCall::correlation`].
    pub fn correlation(&self) -> String {
        crate::call::correlation(&self.session, &self.tool, &self.arguments)
    }
}

/// What we say to the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Run it.
    Allow,
    /// Do not run it.
    Deny,
    /// Let the runtime's own prompt ask.
    Ask,
    /// No opinion.
    Defer,
}

/// What the hook program prints and returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Standard output; complete or empty, never partial.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code.
    pub exit: i32,
}

impl Output {
    /// No opinion: nothing said, success.
    pub fn silent() -> Self {
        Self { stdout: String::new(), stderr: String::new(), exit: 0 }
    }
}

/// Why a hook call could not be read. Never carries the payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadInput {
    /// The program was called in a way we do not know.
    #[error("the hook was called with the unknown verb {0:?}")]
    UnknownVerb(String),
    /// Over the bound.
    #[error("the hook's input is larger than {0} bytes")]
    TooBig(usize),
    /// Not JSON.
    #[error("the hook's input is not JSON: {0}")]
    NotJson(String),
    /// JSON, but no object.
    #[error("the hook's input is not a JSON object")]
    NotAnObject,
    /// A field we cannot do without.
    #[error("the hook's input has no usable {0:?}")]
    Missing(&'static str),
    /// An event that does not belong to the verb.
    #[error("the event {event:?} does not belong to the verb {verb:?}")]
    WrongEvent {
        /// As called.
        verb: String,
        /// As read.
        event: String,
    },
}

/// One runtime's hook protocol.
pub trait HookSide: Send + Sync + std::fmt::Debug {
    /// Connector id, the first argument of the hook program.
    fn runtime(&self) -> &'static str;
    /// Reads one call. `verb` is the second argument of the hook program.
    fn parse(&self, verb: &str, stdin: &[u8], env: &Env) -> Result<HookInput, BadInput>;
    /// Says the answer in the runtime's words.
    fn render(&self, input: &HookInput, answer: Answer, reason: &str) -> Output;
    /// What to say when the call could not be read: blocks a gate, leaves everything else alone.
    fn render_bad_input(&self, verb: &str, why: &str) -> Output;
    /// Whether the runtime itself can ask a person about this call.
    fn has_native_prompt(&self, input: &HookInput) -> bool;
    /// Whether its sub-agents are sessions of their own in its words; else a session has its sub-agents' calls too.
    fn subagents_are_sessions(&self) -> bool {
        false
    }
    /// What the call would do; the same as the connector's, without linking the rest of it.
    fn action(&self, call: &ToolCall) -> Action;
}

/// Every runtime whose hooks we speak.
pub static SIDES: &[&dyn HookSide] = &[
    &crate::claude_code::hook::Side,
    &crate::codex::hook::Side,
    &crate::hermes::hook::Side,
    &crate::openclaw::hook::Side,
];

/// The hook side of a runtime.
pub fn side(runtime: &str) -> Option<&'static dyn HookSide> {
    SIDES.iter().copied().find(|side| side.runtime() == runtime)
}
