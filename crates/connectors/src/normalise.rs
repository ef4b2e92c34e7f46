//! What a tool call of any runtime would do, in the domain's words: the one door to every runtime's tools.
//!
//! A call whose arguments are not as expected becomes [`Effect::Other`]: unknown is never low risk. Linked
//! into the hook program, so it must never need more than the call itself: no file, no parser of settings.

use clawbutler_core::action::{Action, Effect, Subagent};

use crate::call::ToolCall;
use crate::{claude_code, codex, gemini_cli, hermes, openclaw};

/// A tool call, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Understood {
    /// What it would do.
    pub effect: Effect,
    /// What the call itself says about the runtime's sandbox; `None` when it says nothing.
    pub sandboxed: Option<bool>,
}

impl Understood {
    /// Marks the call as leaving the runtime's sandbox.
    pub(crate) fn unsandboxed_if(mut self, leaves: bool) -> Self {
        if leaves {
            self.sandboxed = Some(false);
        }
        self
    }
}

impl From<Effect> for Understood {
    fn from(effect: Effect) -> Self {
        Self { effect, sandboxed: None }
    }
}

/// Understands one runtime's tool calls; `None` for a tool or arguments it does not know.
pub type Normaliser = fn(&ToolCall) -> Option<Understood>;

/// Every runtime whose tools are understood, by connector id.
pub const NORMALISERS: &[(&str, Normaliser)] = &[
    (claude_code::ID, claude_code::understand),
    (codex::ID, codex::understand),
    (gemini_cli::ID, gemini_cli::understand),
    (hermes::ID, hermes::understand),
    (openclaw::ID, openclaw::understand),
];

/// Understands a tool call of any runtime.
///
/// The runtime's id may be spelled with `_` for `-` and in any case. A runtime that is not in the list is
/// tried in Claude Code's spelling, which many others borrow, but nothing of it counts as harmless by name.
pub fn action(call: &ToolCall) -> Action {
    let understood = match normaliser(&call.runtime) {
        Some(understand) => understand(call),
        None => claude_code::understand(call).filter(|known| !matches!(known.effect, Effect::Internal { .. })),
    };
    let understood =
        understood.unwrap_or_else(|| Understood::from(Effect::Other { arguments: call.arguments.clone() }));
    let sandboxed = match (call.sandboxed, understood.sandboxed) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (session, said) => said.or(session),
    };
    Action {
        runtime: call.runtime.clone(),
        session: call.session.clone(),
        agent: call
            .agent_id
            .as_ref()
            .map(|id| Subagent { id: id.clone(), name: call.agent_name.clone().unwrap_or_default() }),
        tool: call.tool.clone(),
        cwd: call.cwd.clone(),
        mode: call.mode.clone(),
        project: call.project.clone(),
        branch: None,
        remote: None,
        sandboxed,
        depth: call.depth,
        effect: understood.effect,
    }
}

fn normaliser(runtime: &str) -> Option<Normaliser> {
    let id = runtime.to_ascii_lowercase().replace('_', "-");
    NORMALISERS.iter().find(|(known, _)| *known == id).map(|(_, understand)| *understand)
}
