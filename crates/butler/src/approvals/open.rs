//! Calls that were judged and whose outcome is not known yet.

use clawbutler_core::action::Effect;
use clawbutler_core::id::SpanId;
use clawbutler_wire::gateway::{ActionRequest, Event as HookEvent, Verdict};
use serde_json::Value;

use super::derived::Call;
use crate::engine::lock;
use crate::{Butler, links};

/// A call that was judged and whose outcome is not known yet.
#[derive(Debug, Clone)]
pub(crate) struct OpenCall {
    pub(crate) span: SpanId,
    pub(crate) runtime: String,
    pub(crate) session: String,
    pub(crate) allowed: bool,
    /// What it belongs to.
    pub(crate) parent: SpanId,
    /// Whether it may run: nobody is asked and nobody said no.
    pub(crate) may_run: bool,
    /// Since when, in the units of the system's table of processes.
    pub(crate) since: Option<u64>,
    pub(crate) begins: Begins,
    /// Whether it came to a gate, and its runtime has not asked about it since.
    pub(crate) gated: bool,
    /// See [`audit::claimed`].
    pub(crate) claim: Value,
}

/// What a call can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Begins {
    /// Programs of the machine.
    pub(crate) programs: bool,
    /// Another agent.
    pub(crate) agents: bool,
}

/// Calls remembered at once; past it the oldest sessions' outcomes are recorded without their span.
const OPEN_CALLS: usize = 8_192;

impl Butler {
    pub(super) fn remember(&self, request: &ActionRequest, call: &Call, verdict: Verdict) {
        self.note_context(request, &call.claim, &call.span);
        let spawns = matches!(call.action.effect, Effect::AgentSpawn { .. });
        let counted = self.begins_instead_of(request);
        if spawns && !counted && request.event == HookEvent::Gate && verdict != Verdict::Deny {
            self.note_spawning(request);
        }
        let may_run = matches!(verdict, Verdict::Allow | Verdict::Ask | Verdict::Defer);
        let mut calls = lock(&self.0.calls);
        if calls.len() >= OPEN_CALLS {
            calls.clear();
        }
        calls.insert(
            call.correlation.clone(),
            OpenCall {
                span: call.span.clone(),
                runtime: request.runtime.clone(),
                session: request.session.clone(),
                allowed: verdict == Verdict::Allow,
                parent: call.parent.clone(),
                may_run,
                since: may_run.then(clawbutler_platform::os::now).flatten(),
                begins: Begins { programs: links::starts_programs(&call.action.effect), agents: spawns },
                gated: request.event == HookEvent::Gate,
                claim: call.claim.clone(),
            },
        );
    }

    /// What a call begins that was made through another is this one's: the other only hands it on. Gives whether the
    /// other was counted among those that begin agents.
    fn begins_instead_of(&self, request: &ActionRequest) -> bool {
        let Some(outer) = links::outer_of(request) else { return false };
        let mut calls = lock(&self.0.calls);
        let theirs = |call: &&mut OpenCall| {
            (&call.span, &call.runtime, &call.session) == (&outer, &request.runtime, &request.session)
        };
        let begins = calls.values_mut().find(theirs).map(|call| std::mem::take(&mut call.begins));
        begins.is_some_and(|begins| begins.agents)
    }
}
