//! The hook's input as a frame for the engine.

use clawbutler_connectors::hook::{Event, HookInput, Strategy};
use clawbutler_core::limits::APPROVAL_MS_MAX;
use clawbutler_core::trace_context::TraceParent;
use clawbutler_wire::gateway::{self, ActionRequest, ProcessFacts, VERSION};

/// The frame of a call. `traceparent` is the variable of this name, as the client's process set it.
pub(crate) fn build(runtime: &str, input: &HookInput, traceparent: Option<&str>) -> ActionRequest {
    ActionRequest {
        v: VERSION,
        runtime: runtime.to_owned(),
        event: match input.event {
            Event::Gate => gateway::Event::Gate,
            Event::Relay => gateway::Event::Relay,
            Event::Completed => gateway::Event::Completed,
            Event::Failed => gateway::Event::Failed,
            Event::SessionStarted => gateway::Event::SessionStarted,
            Event::SessionEnded => gateway::Event::SessionEnded,
            Event::TurnEnded => gateway::Event::TurnEnded,
            Event::ConfigChanged => gateway::Event::ConfigChanged,
            Event::Subagent => gateway::Event::Subagent,
        },
        strategy: match input.strategy {
            Strategy::Hold => gateway::Strategy::Hold,
            Strategy::Handover => gateway::Strategy::Handover,
        },
        idempotency_key: input.idempotency_key.clone(),
        session: input.session.clone(),
        tool: input.tool.clone(),
        arguments: input.arguments.clone(),
        cwd: input.cwd.clone(),
        mode: input.mode.clone(),
        call_id: input.call_id.clone(),
        agent_id: input.agent_id.clone(),
        agent_name: input.agent_name.clone(),
        extra: input.extra.clone(),
        process: ProcessFacts {
            client_pid: input.client_pid,
            entrypoint: input.entrypoint.clone(),
            attended: input.attended,
            background: input.background,
            home: input.home.clone(),
            traceparent: traceparent.and_then(TraceParent::parse).map(|found| found.to_string()),
        },
        deadline_ms: APPROVAL_MS_MAX,
    }
}
