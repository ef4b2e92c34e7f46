//! Links by the system's own table of processes: the one kind that no agent can say of itself.

use clawbutler_core::action::Effect;
use clawbutler_core::limits::ANCESTORS;
use clawbutler_platform::os;
use clawbutler_wire::gateway::ActionRequest;

use super::{Begun, How, Key, session_span};
use crate::engine::lock;
use crate::{Butler, audit};

/// A process: its id, and when it started in the units of the system's table. Ids are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pid: u32,
    started: u64,
}

/// Whether an action of this effect can start a process below its client's.
pub(crate) fn starts_programs(effect: &Effect) -> bool {
    matches!(effect, Effect::Shell { .. } | Effect::Code { .. } | Effect::TerminalInput { .. } | Effect::Other { .. })
}

impl Butler {
    /// The process of the session's client and those it descends from, nearest first. Looked for when the session is
    /// heard of first, and when it names another process. `None`: the client names none, or one that its hook does
    /// not descend from.
    pub(super) fn chain(
        &self,
        request: &ActionRequest,
        key: &Key,
        peer: Option<u32>,
        fresh: bool,
    ) -> Option<Vec<Process>> {
        let (peer, client) = (peer?, request.process.client_pid.filter(|pid| *pid > 1)?);
        if !fresh {
            let links = lock(&self.0.links);
            let known = links.sessions.get(key).filter(|session| session.tried == Some(client));
            if let Some(session) = known {
                return session.process.filter(|process| process.pid == client).map(|process| vec![process]);
            }
        }
        let all = os::ancestors(peer, ANCESTORS);
        let at = all.iter().position(|row| row.pid == client)?;
        Some(all[at..].iter().map(|row| Process { pid: row.pid, started: row.started }).collect())
    }

    /// The nearest process above a client that is the client of another session, and the action of it that began this
    /// one: the only one under way that can start programs and was let through before the process below it began.
    pub(super) fn begun_by_process(&self, own: &Key, chain: &[Process]) -> Option<Begun> {
        let links = lock(&self.0.links);
        let (at, owners) = (1..chain.len()).find_map(|at| {
            let with = |key: &&Key| {
                *key != own && links.sessions.get(*key).is_some_and(|session| session.process == Some(chain[at]))
            };
            let owners: Vec<Key> = links.sessions.keys().filter(with).cloned().collect();
            (!owners.is_empty()).then_some((at, owners))
        })?;
        // A client may keep helpers that run its commands: they were there before its first call.
        let heard = owners.iter().filter_map(|owner| links.sessions.get(owner)?.heard).min();
        drop(links);
        let of_a_call = |process: &&Process| heard.is_none_or(|heard| heard <= process.started);
        let below = chain[..at].iter().rev().find(of_a_call).unwrap_or(&chain[at - 1]);
        let calls = lock(&self.0.calls);
        let mut under_way = calls.values().filter(|call| {
            let theirs = owners.iter().any(|(runtime, session)| call.runtime == *runtime && call.session == *session);
            theirs && call.may_run && call.begins.programs && call.since.is_some_and(|since| since <= below.started)
        });
        if let (Some(call), None) = (under_way.next(), under_way.next()) {
            let (trace, span) = (audit::trace_of(&call.runtime, &call.session), call.span.clone());
            return Some(Begun { trace, span, how: How::Process });
        }
        // One process can run many sessions: then it cannot be told whose it was.
        let [owner] = owners.as_slice() else { return None };
        Some(Begun { trace: audit::trace_of(&owner.0, &owner.1), span: session_span(owner), how: How::Process })
    }
}
