//! Calls that a runtime's records show and no hook told of: a session that runs without the guard.
//!
//! A process that began before the guard, or with an option that leaves hooks out, asks nobody, and no file tells
//! of it. What it does stands in the runtime's own records. A call counts as unguarded when the guard was in force
//! before it began, it is of a kind that hooks tell of, it came to a good end under our eyes, and no hook had told of its
//! id [`GRACE_MS`] later. What was recorded while we were away, or is only now brought in, proves nothing and is left.

use std::collections::{HashMap, HashSet, VecDeque};

use clawbutler_connectors::places::connector_of;
use clawbutler_connectors::record::Recording;
use clawbutler_core::actor::Actor;
use clawbutler_core::redact;
use clawbutler_core::timeline::{Outcome, Step, What};
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::{Durability, StoreError};
use clawbutler_wire::gateway::{ActionRequest, Event as HookEvent};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::reading::session_id;
use super::tail::Place;
use crate::engine::lock;
use crate::runtimes::home_id;
use crate::{Butler, Error, audit};

/// How long after its record was read a call may still be told of by a hook (ms).
const GRACE_MS: u64 = 10_000;
/// How long a running process may take to load a guard that came into force (ms).
const LOADS_MS: i64 = 10_000;
/// A record that is older than this when it is read was not read as it was written (ms).
const LIVE_MS: i64 = 5 * 60_000;
/// Ids of calls that hooks told of which are remembered.
const HEARD: usize = 16_384;
/// Calls under way, or waiting to be judged, at once.
const OPEN: usize = 4_096;
/// Sessions that are remembered as unguarded.
const SESSIONS: usize = 256;
/// Longest id of a call or name of a tool that is kept (bytes).
const NAME: usize = 200;

/// What to do about such a session.
pub(crate) const FIX: &str = "End the session and start it without the options that leave out the user's settings or \
                              hooks, or use the kill switch. What it did is shown with the session.";

/// A call as it goes by in a record.
#[derive(Debug)]
pub(super) enum Passing {
    Began { call: String, tool: String, at: i64 },
    Ended { call: String, at: i64, ran: bool },
}

impl Passing {
    /// What a step tells of a call that has an id and a time.
    pub(super) fn of(step: &Step) -> Option<Self> {
        let at = step.at?.0;
        match &step.what {
            What::ToolCall { call: Some(call), tool, .. } => {
                Some(Self::Began { call: short(call), tool: short(tool), at })
            }
            // One that failed may never have begun.
            What::ToolResult { call: Some(call), outcome, .. } => {
                Some(Self::Ended { call: short(call), at, ran: *outcome == Outcome::Ok })
            }
            _ => None,
        }
    }
}

fn short(text: &str) -> String {
    text[..text.floor_char_boundary(NAME)].to_owned()
}

/// A runtime and its id of a call.
type CallKey = (String, String);
/// A home and the runtime's id of a session.
type SessionKey = (String, String);

/// A call that came to its end, to be judged when its hook had the time.
#[derive(Debug)]
struct Ran {
    /// When it is judged (steady clock, ms).
    due: u64,
    home: String,
    session: String,
    /// Whether a sub-agent made it.
    inside: bool,
    call: CallKey,
    tool: String,
    /// When it began (ms since the epoch).
    at: i64,
}

/// A session that runs without the guard.
#[derive(Debug, Clone)]
pub(crate) struct Unguarded {
    pub(crate) session: String,
    /// Calls of it that no hook told of.
    pub(crate) calls: u64,
    /// When the last of them began (ms since the epoch).
    pub(crate) last: i64,
    /// Whether a hook told of a call of it since.
    again: bool,
    /// In words, for people.
    pub(crate) says: String,
}

/// Calls by what told of them.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    heard: HashSet<CallKey>,
    /// The same with the time (ms since the epoch), oldest first.
    order: VecDeque<(CallKey, i64)>,
    /// Of calls that began before this (ms since the epoch) it is not known any more whether a hook told of them.
    forgotten: i64,
    /// Tool and beginning of calls under way, by the session's key and their id.
    begun: HashMap<(i64, String), (String, i64)>,
    ran: VecDeque<Ran>,
    sessions: HashMap<SessionKey, Unguarded>,
}

impl Calls {
    fn hear(&mut self, key: CallKey, now: i64) {
        if self.heard.insert(key.clone()) {
            self.order.push_back((key, now));
        }
        if self.order.len() > HEARD
            && let Some((oldest, at)) = self.order.pop_front()
        {
            self.heard.remove(&oldest);
            self.forgotten = self.forgotten.max(at);
        }
    }
}

impl Butler {
    /// A hook told of a call, now or while the engine was away.
    pub(crate) fn note_heard(&self, request: &ActionRequest) {
        let of_a_call = match request.event {
            HookEvent::Gate | HookEvent::Relay | HookEvent::Completed | HookEvent::Failed => true,
            HookEvent::SessionStarted
            | HookEvent::SessionEnded
            | HookEvent::TurnEnded
            | HookEvent::ConfigChanged
            | HookEvent::Subagent => false,
        };
        let Some(call) = request.call_id.as_deref().filter(|call| of_a_call && !call.is_empty()) else { return };
        let mut calls = lock(&self.0.sessions.calls);
        calls.hear((request.runtime.clone(), short(call)), self.now().0);
        if !calls.sessions.is_empty() {
            let home = home_id(&request.runtime, &request.process.home);
            if let Some(session) = calls.sessions.get_mut(&(home, request.session.clone())) {
                session.again = true;
            }
        }
    }

    /// Calls of a home that began after this are judged (ms since the epoch); `None`: none are, since no guard is in
    /// force.
    pub(super) fn judged_from(&self, home: &str) -> Option<i64> {
        Some(self.guarded_since(home)?.saturating_add(LOADS_MS))
    }

    /// Takes in what was read of calls in a recording. `key` is that of its session.
    pub(super) fn note_passing(&self, place: &Place, recording: &Recording, key: i64, passing: Vec<Passing>) {
        let (now, steady) = (self.now().0, self.0.ports.clock.steady_ms());
        let live = |at: i64| now.saturating_sub(at) <= LIVE_MS;
        let mut calls = lock(&self.0.sessions.calls);
        for one in passing {
            match one {
                Passing::Began { call, tool, at } if live(at) && place.connector.hook_tells(&tool) => {
                    if calls.begun.len() >= OPEN {
                        calls.begun.clear();
                    }
                    calls.begun.insert((key, call), (tool, at));
                }
                Passing::Began { .. } => {}
                Passing::Ended { call, at: ended, ran } => {
                    let Some((tool, at)) = calls.begun.remove(&(key, call.clone())) else { continue };
                    if ran && live(ended) && calls.ran.len() < OPEN {
                        let session = recording.session.clone();
                        let call = (place.connector.id().to_owned(), call);
                        let (due, inside) = (steady.saturating_add(GRACE_MS), recording.agent.is_some());
                        calls.ran.push_back(Ran { due, home: place.id.clone(), session, inside, call, tool, at });
                    }
                }
            }
        }
    }

    /// Raises the alarm for sessions whose calls no hook told of in time.
    pub(crate) fn look_for_unguarded(&self) -> Result<(), Error> {
        let steady = self.0.ports.clock.steady_ms();
        loop {
            let next = {
                let mut calls = lock(&self.0.sessions.calls);
                match calls.ran.pop_front_if(|ran| ran.due <= steady) {
                    Some(ran) if calls.heard.contains(&ran.call) || ran.at <= calls.forgotten => continue,
                    Some(ran) => ran,
                    None => return Ok(()),
                }
            };
            // Where the hooks of its session call, a sub-agent that is not told of is a hole of the client's.
            let hole = next.inside && lock(&self.0.registry).sessions.contains_key(&next.session);
            if !hole && self.judged_from(&next.home).is_some_and(|from| next.at >= from) {
                self.note_unguarded(&next)?;
            }
        }
    }

    fn note_unguarded(&self, ran: &Ran) -> Result<(), Error> {
        let key = (ran.home.clone(), ran.session.clone());
        if let Some(known) = lock(&self.0.sessions.calls).sessions.get_mut(&key) {
            (known.calls, known.last, known.again) = (known.calls + 1, known.last.max(ran.at), false);
            return Ok(());
        }
        let home = self.governed_homes().into_iter().find(|home| home.id == ran.home && home.guard.is_some());
        let Some(home) = home else { return Ok(()) };
        // What the guard of the whole home lacks has an alarm of its own.
        let Some(connector) = connector_of(&home.runtime, &home.path).filter(|_| self.not_held(&home).is_none()) else {
            return Ok(());
        };
        let id = session_id(&ran.home, &ran.session);
        let row = self.0.sessions.store.read::<_, StoreError>(|read| read.session(&id))?;
        let place = row.and_then(|row| row.cwd).map(|cwd| format!(" in {cwd}")).unwrap_or_default();
        let masked = |text: &str| redact::mask_text(text, &self.0.mask);
        let (session, tool) = (masked(&ran.session), masked(&ran.tool));
        let says = format!(
            "Session {session} of {}{place} runs without the guard: its call of {tool} was made, and no hook told of it.",
            connector.name()
        );
        let data = json!({
            "home": home.id, "path": home.path, "session": session, "call": masked(&ran.call.1), "tool": tool, "says": says,
        });
        let draft = Draft {
            kind: Kind::GuardDrift,
            actor: Actor::Engine,
            trace: audit::trace_of(&home.runtime, &session),
            // No runtime has this name: no call of a session has this span.
            span: audit::span_of(&["unguarded", &home.runtime, &session]),
            parent: Some(audit::span_of(&[&home.runtime, &session])),
            data,
        };
        let at = self.now();
        self.0.store.write::<_, Error>(Durability::Power, |tx| audit::append(tx, at, draft).map(drop))?;
        {
            let sessions = &mut lock(&self.0.sessions.calls).sessions;
            if sessions.len() >= SESSIONS
                && let Some(oldest) = sessions.iter().min_by_key(|(_, one)| one.last).map(|(key, _)| key.clone())
            {
                sessions.remove(&oldest);
            }
            let (session, says) = (ran.session.clone(), says.clone());
            sessions.insert(key, Unguarded { session, calls: 1, last: ran.at, again: false, says });
        }
        self.alert(&says, FIX);
        for topic in [Topic::Agents, Topic::Runtimes, Topic::Audit] {
            self.changed(topic);
        }
        Ok(())
    }

    /// Sessions of a home that ran calls without the guard, and of whose calls no hook told since.
    pub(crate) fn unguarded_of(&self, home: &str) -> Vec<Unguarded> {
        let calls = lock(&self.0.sessions.calls);
        calls.sessions.iter().filter(|((of, _), one)| of == home && !one.again).map(|(_, one)| one.clone()).collect()
    }
}
