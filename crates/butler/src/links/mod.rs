//! What began a session or a sub-agent: the links between traces.
//!
//! Known is what the system's own table of processes shows, what a runtime records of its sub-agents, and, as a claim,
//! the trace context that a client hands on. Nothing is guessed: what none of them tells stays unknown. A link is
//! recorded with the session that was begun and never changes an entry of the one that began it; no rule, grant or
//! decision looks at it.

mod process;
mod subagent;

use std::collections::HashMap;

use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_core::limits::LINKED_SESSIONS;
use clawbutler_wire::gateway::{ActionRequest, Event as HookEvent};
use serde::Serialize;
use serde_json::{Value, json};

use self::process::Process;
pub(crate) use self::process::starts_programs;
pub(crate) use self::subagent::{outer_of, parent_of};
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// The member of an entry's facts that holds what began its session.
pub(crate) const BEGUN_BY: &str = "begun_by";

/// How it is known what began a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// The process of its client descends from the other's, by the system's own table.
    Process,
    /// Their runtime says so, and one process runs both.
    Runtime,
    /// Its client says so, with a trace context that the other one made.
    TraceContext,
}

/// What began a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Begun {
    /// Trace of the session that began it.
    pub(crate) trace: TraceId,
    /// The action that began it, or that session where it cannot be told which one.
    pub(crate) span: SpanId,
    pub(crate) how: How,
}

/// A runtime and its id of a session.
type Key = (String, String);
/// Trace and span of a client.
type Context = (String, String);

/// What is known of sessions that act now.
#[derive(Debug, Default)]
pub(crate) struct Links {
    sessions: HashMap<Key, Session>,
    /// Spans of sub-agents that were told of, and whether their beginning is recorded.
    agents: HashMap<String, bool>,
    /// Contexts that clients named for their actions: whose, and of which one; `None` for more than one.
    contexts: HashMap<Context, Option<(Key, SpanId)>>,
    /// Sub-agents that are sessions of their own, by runtime and the key their first session will tell.
    spawned: HashMap<Key, (Begun, Process)>,
}

/// The context a client was in when its session began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Stood {
    /// It was not seen to begin.
    #[default]
    Unseen,
    Alone,
    In(Context),
}

#[derive(Debug, Default)]
struct Session {
    /// The process of its client, where the hook of a request was seen to descend from it.
    process: Option<Process>,
    /// When it was heard of first, in the units in which processes tell their start.
    heard: Option<u64>,
    /// The context its client was in when it began.
    stands_in: Stood,
    begun: Option<Begun>,
    /// Whether it is still to be recorded.
    due: bool,
    /// The process id its client was looked for under last.
    tried: Option<u32>,
    /// Calls of it that begin agents, and agents that began: how many calls have none to show yet.
    spawning: usize,
    agents: usize,
    /// What its runtime calls the conversation, where that is another name.
    key: Option<String>,
}

fn key_of(request: &ActionRequest) -> Key {
    (request.runtime.clone(), request.session.clone())
}

fn context_of(claim: &Value) -> Option<Context> {
    Some((claim["trace"].as_str()?.to_owned(), claim["span"].as_str()?.to_owned()))
}

fn session_span(key: &Key) -> SpanId {
    audit::span_of(&[&key.0, &key.1])
}

fn make_room<K, V>(map: &mut HashMap<K, V>) {
    if map.len() >= LINKED_SESSIONS {
        map.clear();
    }
}

impl Butler {
    /// Takes in who asks, and finds out what began its session when it is heard of first. `peer` is the process at the
    /// other end of the connection.
    pub(crate) fn meet(&self, request: &ActionRequest, peer: Option<u32>) -> Result<(), Error> {
        let key = key_of(request);
        if request.event == HookEvent::Subagent && request.extra["child"].is_string() {
            self.note_spawned(request, &key, peer);
            return Ok(());
        }
        let begins = request.event == HookEvent::SessionStarted;
        let known = lock(&self.0.links).sessions.contains_key(&key);
        // After a start of ours a session that goes on is not one that begins.
        let fresh = begins || (!known && self.is_unheard(&key)?);
        let chain = self.chain(request, &key, peer, fresh);
        let told = self.told_child(request, &key, chain.as_deref());
        let by_runtime = told.is_some();
        let found = told.or_else(|| {
            let above = chain.as_deref().filter(|_| fresh).and_then(|chain| self.begun_by_process(&key, chain));
            above.or_else(|| fresh.then(|| self.begun_by_context(request, &key)).flatten())
        });
        let mut links = lock(&self.0.links);
        make_room(&mut links.sessions);
        let session = links.sessions.entry(key).or_default();
        if begins {
            session.stands_in = context_of(&audit::claimed(request)).map_or(Stood::Alone, Stood::In);
        }
        if let Some(process) = chain.and_then(|chain| chain.first().copied()) {
            session.process = Some(process);
            session.heard = session.heard.or_else(clawbutler_platform::os::now);
        }
        session.tried = request.process.client_pid.filter(|_| peer.is_some()).or(session.tried);
        session.key = request.extra["sessionKey"].as_str().map(str::to_owned).or(session.key.take());
        let nearer = by_runtime && session.begun.as_ref().is_some_and(|begun| begun.how != How::Runtime);
        if found.is_some() && (begins || nearer || session.begun.is_none()) {
            (session.begun, session.due) = (found, true);
        }
        Ok(())
    }

    fn is_unheard(&self, key: &Key) -> Result<bool, Error> {
        Ok(self.0.store.read(|read| read.ledger_span(&session_span(key).0, 1))?.is_empty())
    }

    /// What began the session of a request, where an entry has still to tell it.
    pub(crate) fn begun_due(&self, request: &ActionRequest) -> Option<Begun> {
        let mut links = lock(&self.0.links);
        let session = links.sessions.get_mut(&key_of(request))?;
        std::mem::take(&mut session.due).then(|| session.begun.clone()).flatten()
    }

    /// The session ended: nothing is begun by it any more.
    pub(crate) fn unmeet(&self, request: &ActionRequest) {
        lock(&self.0.links).sessions.remove(&key_of(request));
    }

    /// Notes the context that a client named for an action. One that stands for several actions names none of them.
    pub(crate) fn note_context(&self, request: &ActionRequest, claim: &Value, span: &SpanId) {
        let Some(context) = context_of(claim) else { return };
        let mut links = lock(&self.0.links);
        make_room(&mut links.contexts);
        let owner = (key_of(request), span.clone());
        // What the whole session stands in is of none of its actions.
        if links.sessions.get(&owner.0).is_some_and(|one| one.stands_in == Stood::In(context.clone())) {
            return;
        }
        links
            .contexts
            .entry(context)
            .and_modify(|known| {
                if known.as_ref() != Some(&owner) {
                    *known = None;
                }
            })
            .or_insert(Some(owner));
    }

    /// The client's own word: it stands in a context that one other session made. What that session itself was in when
    /// it began is not its own: two that were started in one shell have it both.
    fn begun_by_context(&self, request: &ActionRequest, own: &Key) -> Option<Begun> {
        let context = context_of(&audit::claimed(request))?;
        let links = lock(&self.0.links);
        let stood = |key: &Key| {
            let session = links.sessions.get(key).filter(|_| key != own)?;
            (session.stands_in != Stood::Unseen).then(|| session.stands_in.clone())
        };
        let exact = links.contexts.get(&context).and_then(Option::as_ref);
        if let Some((key, span)) =
            exact.filter(|(key, _)| stood(key).is_some_and(|stood| stood != Stood::In(context.clone())))
        {
            let (key, span) = (key.clone(), span.clone());
            drop(links);
            let runs = lock(&self.0.calls).values().any(|call| call.may_run && call.span == span);
            let span = if runs { span } else { session_span(&key) };
            return Some(Begun { trace: audit::trace_of(&key.0, &key.1), span, how: How::TraceContext });
        }
        // No action is named: the session that made the trace, where it is of one alone.
        let mut owners = links.contexts.iter().filter(|((trace, _), _)| *trace == context.0).map(|(_, owner)| owner);
        let (key, _) = owners.next()?.as_ref()?;
        let alone = owners.all(|owner| owner.as_ref().is_some_and(|(other, _)| other == key));
        let made = stood(key).is_some_and(|stood| !matches!(stood, Stood::In(stood) if stood.0 == context.0));
        let begun =
            || Begun { trace: audit::trace_of(&key.0, &key.1), span: session_span(key), how: How::TraceContext };
        (alone && made).then(begun)
    }
}

/// Adds what began the session to the facts of an entry, where there is something.
pub(crate) fn with_begun(mut data: Value, begun: Option<&Begun>) -> Value {
    if let Some(begun) = begun {
        data[BEGUN_BY] = json!(begun);
    }
    data
}
