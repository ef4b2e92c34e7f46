//! What a daemon tells of its threads and of the account, besides questions: states, contexts, limits.
//!
//! A state belongs to the session of the thread: that of a sub-agent counts for the session it was started in.

use std::collections::HashMap;

use clawbutler_attach::codex::{Limit, Status, Usage};
use clawbutler_core::limits::ATTACH_ROWS;
use clawbutler_core::timeline::State;
use clawbutler_wire::registry::{ContextView, LimitView};
use clawbutler_wire::topic::Topic;

use super::daemon::Known;
use crate::Butler;
use crate::engine::lock;

/// Contexts that are shown of one home.
const CONTEXTS: usize = 20;
/// A context is shown anew when it changed by this part of its window.
const PARTS: u64 = 20;

/// What a connection told of the account and of contexts; it outlives the connection, with its age.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// By window.
    limits: HashMap<String, LimitView>,
    /// By session.
    contexts: HashMap<String, ContextView>,
}

/// The states of sessions, from those of their threads: what waits for a person counts most.
fn states(threads: &HashMap<String, Known>) -> HashMap<String, State> {
    let mut all: HashMap<String, State> = HashMap::new();
    for (id, thread) in threads {
        let Some(state) = thread.does else { continue };
        let session = thread.session.clone().unwrap_or_else(|| id.clone());
        let known = all.entry(session).or_insert(state);
        if rank(state) > rank(*known) {
            *known = state;
        }
    }
    all
}

fn rank(state: State) -> u8 {
    match state {
        State::Ended => 0,
        State::Idle => 1,
        State::Running => 2,
        State::WaitingInput => 3,
        State::WaitingApproval => 4,
    }
}

impl Butler {
    /// A daemon says what a thread does.
    pub(super) fn thread_does(&self, home: &str, thread: String, status: &Status) {
        {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(home) else { return };
            if held.threads.len() >= ATTACH_ROWS && !held.threads.contains_key(&thread) {
                return;
            }
            held.threads.entry(thread).or_default().does = status.state();
        }
        self.states_changed(home);
    }

    /// What was told of threads does not hold any more: the connection is gone, or events are missing.
    pub(super) fn threads_unknown(&self, home: &str) {
        if let Some(held) = lock(&self.0.attached).held.get_mut(home) {
            held.threads.values_mut().for_each(|thread| thread.does = None);
        }
        self.states_changed(home);
    }

    /// Takes the states of a home's threads for its sessions.
    pub(super) fn states_changed(&self, home: &str) {
        let changed = {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(home) else { return };
            let states = states(&held.threads);
            let changed = states != held.states;
            held.states = states;
            changed
        };
        if changed {
            self.changed(Topic::Sessions);
        }
    }

    /// A daemon says how much a thread used.
    pub(super) fn thread_used(&self, home: &str, thread: &str, last: Usage, window: Option<u64>) {
        let Some(window) = window.filter(|window| *window > 0) else { return };
        let as_of = self.now().0;
        let part = |used: u64| used.saturating_mul(PARTS) / window;
        let used = last.input.saturating_add(last.output);
        let changed = {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(home) else { return };
            // A sub-agent has a context of its own; shown is that of its session.
            let known = held.threads.get(thread).and_then(|known| known.session.clone());
            if known.is_some_and(|session| session != thread) {
                return;
            }
            let contexts = &mut held.heard.contexts;
            if contexts.len() >= ATTACH_ROWS && !contexts.contains_key(thread) {
                return;
            }
            let view = ContextView { session: thread.to_owned(), used, window, as_of };
            let before = contexts.insert(thread.to_owned(), view);
            before.is_none_or(|before| before.window != window || part(before.used) != part(used))
        };
        if changed {
            self.changed(Topic::Agents);
        }
    }

    /// A daemon says how much of the account's limits is used.
    pub(super) fn limits_told(&self, home: &str, told: &[Limit]) {
        let as_of = self.now().0;
        {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(home) else { return };
            for limit in told {
                let window = limit.window();
                let view = LimitView {
                    window: window.clone(),
                    used_percent: limit.used_percent,
                    resets_at: limit.resets_at.map(|at| at.0),
                    as_of: Some(as_of),
                    source: format!("told by the server at {}", held.line.address()),
                };
                if held.heard.limits.len() < CONTEXTS || held.heard.limits.contains_key(&window) {
                    held.heard.limits.insert(window, view);
                }
            }
        }
        self.changed(Topic::Agents);
    }

    /// The limits and the contexts that a connection told of a home, each the latest first.
    pub(crate) fn heard_of(&self, home: &str) -> (Vec<LimitView>, Vec<ContextView>) {
        let attached = lock(&self.0.attached);
        let Some(held) = attached.held.get(home) else { return (Vec::new(), Vec::new()) };
        let limits = held.heard.limits.values().cloned().collect();
        let mut contexts: Vec<ContextView> = held.heard.contexts.values().cloned().collect();
        contexts.sort_by(|one, other| (other.as_of, &other.session).cmp(&(one.as_of, &one.session)));
        contexts.truncate(CONTEXTS);
        (limits, contexts)
    }
}
