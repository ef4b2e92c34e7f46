//! Icon and word for health, states and outcomes; colour is never alone. Times that keep moving.

use clawbutler_wire::attached::LinkState;
use clawbutler_wire::registry::{AgentState, Can, HealthLevel};
use clawbutler_wire::runtimes::GuardState;
use clawbutler_wire::sessions::{SessionState, StepOutcome};
use leptos::prelude::*;

use crate::live::Live;
use crate::{clock, model};

const CIRCLE: &str = "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z";
const TICK: &str = "M3 8.5l3.5 3.5L13 5";
const CROSS: &str = "M4 4l8 8 M12 4l-8 8";
const DASH: &str = "M4 8h8";
const WARN: &str = "M8 2.5l6 11H2z M8 6.5v3.5 M8 11.8v.4";
const STOP: &str = "M5 2h6l3 3v6l-3 3H5l-3-3V5z M8 5v4 M8 11v.5";

/// What a sign looks like: class, icon, word.
type Look<W = &'static str> = (&'static str, &'static str, W);

fn sign<W: Into<String>>((class, shape, word): Look<W>) -> AnyView {
    let word: String = word.into();
    view! {
        <span class=format!("sign-of {class}")><svg viewBox="0 0 16 16" aria-hidden="true"><path d=shape/></svg>{word}</span>
    }
    .into_any()
}

/// How well something is.
pub(crate) fn health(level: HealthLevel) -> AnyView {
    sign(match level {
        HealthLevel::Healthy => ("fine", TICK, "healthy"),
        HealthLevel::Degraded => ("wary", WARN, "degraded"),
        HealthLevel::Critical => ("bad", STOP, "critical"),
    })
}

/// Whether an agent may act.
pub(crate) fn agent_state(state: AgentState) -> AnyView {
    sign(match state {
        AgentState::Online => ("fine", CIRCLE, "online"),
        AgentState::Disabled => ("dim", "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z M4 4l8 8", "disabled"),
        AgentState::Killed => ("bad", "M5 2h6l3 3v6l-3 3H5l-3-3V5z M5.5 5.5l5 5 M10.5 5.5l-5 5", "killed"),
    })
}

/// Whether our guard is in force.
pub(crate) fn guard(state: GuardState, guardable: bool) -> AnyView {
    const SHIELD: &str = "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z";
    sign(match state {
        _ if !guardable => ("dim", DASH, "observed only"),
        GuardState::Managed => ("fine", SHIELD, "whole machine"),
        GuardState::User => ("fine", SHIELD, "installed"),
        GuardState::Bypassed => ("bad", WARN, "bypassed"),
        GuardState::Damaged => ("bad", WARN, "damaged"),
        GuardState::Missing => ("wary", "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z M3 3l10 10", "missing"),
    })
}

/// How a live connection stands.
pub(crate) fn link(state: LinkState) -> AnyView {
    sign(match state {
        LinkState::Up => ("fine", TICK, "connected"),
        LinkState::Connecting => ("dim", CIRCLE, "connecting"),
        LinkState::Waiting => ("wary", WARN, "tries again"),
        LinkState::Refused => ("bad", CROSS, "refused"),
        LinkState::Absent => ("dim", DASH, "not running"),
    })
}

/// Whether something can be done.
pub(crate) fn can(can: Can) -> AnyView {
    sign(match can {
        Can::Yes => ("fine", TICK, "yes"),
        Can::Partly => ("wary", "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z M8 2.5v11", "partly"),
        Can::No => ("dim", DASH, "no"),
    })
}

/// What a session is doing.
pub(crate) fn session_state(state: SessionState) -> AnyView {
    sign(match state {
        SessionState::Running => ("fine", "M5 3l8 5-8 5z", "running"),
        SessionState::Idle => ("dim", "M5.5 3.5v9 M10.5 3.5v9", "idle"),
        SessionState::WaitingInput => ("wary", "M3 3.5h10v7H7l-3 2.5v-2.5H3z", "waits for input"),
        SessionState::WaitingApproval => ("high", WARN, "waits for approval"),
        SessionState::Ended => ("dim", "M4 4h8v8H4z", "ended"),
        SessionState::Unknown => ("dim", "M6 6a2 2 0 1 1 2.5 2v1.5 M8.3 12v.4", "unknown"),
    })
}

/// How something ended; nothing where that is not known.
pub(crate) fn outcome(outcome: StepOutcome) -> Option<AnyView> {
    Some(sign(match outcome {
        StepOutcome::Ok => ("dim", TICK, "ok"),
        StepOutcome::Failed => ("high", CROSS, "failed"),
        StepOutcome::Refused => ("high", "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z M4 4l8 8", "refused"),
        StepOutcome::Interrupted => ("wary", DASH, "interrupted"),
        StepOutcome::Unknown => return None,
    }))
}

/// What a rule or a person decided; nothing where the word is not known.
pub(crate) fn decision(decision: &str) -> Option<AnyView> {
    const STRUCK: &str = "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z M4 4l8 8";
    Some(sign(match decision {
        "allow" => ("fine", TICK, "allowed"),
        "allow_once" => ("fine", TICK, "allowed once"),
        "allow_always" => ("fine", TICK, "always allowed"),
        "deny" => ("denied", STRUCK, "denied"),
        "ask" => ("wary", "M6 6a2 2 0 1 1 2.5 2v1.5 M8.3 12v.4", "asked"),
        "defer" => ("dim", DASH, "left to the agent"),
        "expired" => ("dim", CIRCLE, "expired"),
        _ => return None,
    }))
}

/// How a trace's span stands.
pub(crate) fn span_state(state: &str) -> Option<AnyView> {
    Some(sign(match state {
        "completed" => ("fine", TICK, "ran"),
        "failed" => ("high", CROSS, "failed"),
        "allowed" => ("fine", TICK, "allowed"),
        "denied" => return decision("deny"),
        "asked" => return decision("ask"),
        "unknown" => ("dim", "M6 6a2 2 0 1 1 2.5 2v1.5 M8.3 12v.4", "end unknown"),
        _ => return None,
    }))
}

/// Something that holds, waits or does not.
pub(crate) fn proof(good: Option<bool>, words: impl Into<String>) -> AnyView {
    sign(match good {
        Some(true) => ("fine", "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z M5.5 8l2 2 3-3.5", words),
        Some(false) => ("bad", STOP, words),
        None => ("dim", CIRCLE, words),
    })
}

/// How long ago; the exact time on hover and for those who cannot see it.
#[component]
pub(crate) fn When(
    /// Milliseconds since the epoch.
    at: i64,
    live: Live,
) -> impl IntoView {
    view! { <time class="when" title=clock::exact(at)>{move || model::ago(at, live.now())}</time> }
}
