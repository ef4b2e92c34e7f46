//! Sub-agents: those inside a session, which have a span of their own, and those that are sessions of their own.

use clawbutler_connectors::connector::by_id;
use clawbutler_connectors::hook;
use clawbutler_core::actor::Actor;
use clawbutler_core::id::SpanId;
use clawbutler_core::redact;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::Durability;
use clawbutler_wire::gateway::{ActionRequest, Event as HookEvent};
use clawbutler_wire::topic::Topic;
use serde_json::{Value, json};

use super::process::Process;
use super::{Begun, How, Key, key_of, make_room, session_span};
use crate::approvals::agent;
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// The sub-agent inside the session that a request is about.
fn inside(request: &ActionRequest) -> Option<&str> {
    let id = request.agent_id.as_deref().filter(|id| !id.is_empty())?;
    let apart = hook::side(&request.runtime).is_some_and(hook::HookSide::subagents_are_sessions);
    (!apart).then_some(id)
}

fn span_of(request: &ActionRequest, id: &str) -> SpanId {
    // No runtime has this name: no call of a session has the span of a sub-agent.
    audit::span_of(&["sub-agent", &request.runtime, &request.session, id])
}

/// The call that this one was made through: some clients offer tools behind a tool of their own, and ask about both.
pub(crate) fn outer_of(request: &ActionRequest) -> Option<SpanId> {
    let outer = text(request, "within").filter(|outer| request.call_id.as_deref().is_some_and(|own| own != *outer))?;
    Some(audit::span_of(&[&request.runtime, &request.session, outer]))
}

/// The span that what a request tells belongs to: the call it was made through, the sub-agent inside its session, or
/// the session.
pub(crate) fn parent_of(request: &ActionRequest) -> SpanId {
    outer_of(request).unwrap_or_else(|| match inside(request) {
        Some(id) => span_of(request, id),
        None => session_span(&key_of(request)),
    })
}

impl Butler {
    /// Records that a sub-agent inside a session began, once: when its runtime says so, or with its first call where the
    /// call that began it is not known before; at the latest when it ends.
    pub(crate) fn note_subagent(&self, request: &ActionRequest) -> Result<(), Error> {
        let Some(id) = inside(request) else { return Ok(()) };
        let told = request.event == HookEvent::Subagent;
        if !told && !matches!(request.event, HookEvent::Gate | HookEvent::Relay) {
            return Ok(());
        }
        let ends = told && request.extra["outcome"] != "started";
        let span = span_of(request, id);
        let known = lock(&self.0.links).agents.get(&span.0).copied();
        let begun = match known {
            Some(begun) => begun,
            None => !self.0.store.read(|read| read.ledger_span(&span.0, 1))?.is_empty(),
        };
        let mut drafts = Vec::new();
        if !begun && (!ends || known.is_some()) {
            let call = self.spawning_call(request, id)?;
            if call.is_none() && told && !ends {
                self.know_agent(request, &span, false);
                return Ok(());
            }
            drafts.push(self.agent_started(request, id, &span, call));
        }
        if ends && (begun || !drafts.is_empty()) {
            drafts.push(self.agent_ended(request, &span));
        }
        if drafts.is_empty() {
            return Ok(());
        }
        let at = self.now();
        self.0.store.write::<_, Error>(Durability::Process, |tx| {
            drafts.into_iter().try_for_each(|draft| audit::append(tx, at, draft).map(drop))
        })?;
        if !begun {
            self.know_agent(request, &span, true);
        }
        self.changed(Topic::Audit);
        Ok(())
    }

    /// Remembers that the beginning of a sub-agent is recorded, or is still to be.
    fn know_agent(&self, request: &ActionRequest, span: &SpanId, begins: bool) {
        let mut links = lock(&self.0.links);
        make_room(&mut links.agents);
        links.agents.insert(span.0.clone(), begins);
        if let Some(session) = links.sessions.get_mut(&key_of(request)).filter(|_| begins) {
            session.agents += 1;
        }
    }

    /// The call that began a sub-agent, and how that is known.
    fn spawning_call(&self, request: &ActionRequest, id: &str) -> Result<Option<(SpanId, &'static str)>, Error> {
        if let Some(call) = self.recorded_call(request, id)? {
            return Ok(Some((call, "named")));
        }
        Ok(self.only_spawning(&key_of(request)).map(|call| (call, "only")))
    }

    fn agent_started(
        &self,
        request: &ActionRequest,
        id: &str,
        span: &SpanId,
        call: Option<(SpanId, &'static str)>,
    ) -> Draft {
        let (call, how) = call.unzip();
        let data = json!({ "subagent": self.named(request, id), "call": call, "how": how, "event": request.event });
        let parent = call.unwrap_or_else(|| session_span(&key_of(request)));
        draft(request, Kind::SubagentStarted, span, parent, data)
    }

    fn agent_ended(&self, request: &ActionRequest, span: &SpanId) -> Draft {
        let id = request.agent_id.as_deref().unwrap_or_default();
        let data = json!({ "subagent": self.named(request, id), "event": request.event });
        // Where it hangs is told where it began.
        draft(request, Kind::SubagentEnded, span, session_span(&key_of(request)), data)
    }

    fn named(&self, request: &ActionRequest, id: &str) -> Value {
        let mut named = json!({ "id": id, "name": request.agent_name.as_deref().unwrap_or_default() });
        redact::mask_value(&mut named, &self.0.mask);
        named
    }

    /// The call that the runtime's records name as the one that began the sub-agent, when the log has it.
    fn recorded_call(&self, request: &ActionRequest, id: &str) -> Result<Option<SpanId>, Error> {
        let Some(transcript) = self.own_transcript(request) else { return Ok(None) };
        let named = by_id(&request.runtime).and_then(|connector| connector.spawned_by(&transcript, id));
        let span = named.map(|call| audit::span_of(&[&request.runtime, &request.session, &call]));
        let Some(span) = span else { return Ok(None) };
        let there = !self.0.store.read(|read| read.ledger_span(&span.0, 1))?.is_empty();
        Ok(there.then_some(span))
    }

    /// Counts a call that begins an agent.
    pub(crate) fn note_spawning(&self, request: &ActionRequest) {
        if let Some(session) = lock(&self.0.links).sessions.get_mut(&key_of(request)) {
            session.spawning += 1;
        }
    }

    /// The one call of a session under way that begins agents; `None` where there are more, or where one that is over
    /// has no agent to show yet.
    fn only_spawning(&self, key: &Key) -> Option<SpanId> {
        let (runtime, session) = key;
        let shown = lock(&self.0.links).sessions.get(key).is_some_and(|known| known.spawning <= known.agents + 1);
        if !shown {
            return None;
        }
        let calls = lock(&self.0.calls);
        let spawns = |call: &&crate::approvals::OpenCall| {
            call.runtime == *runtime && call.session == *session && call.begins.agents && call.may_run
        };
        let mut spawning = calls.values().filter(spawns);
        spawning.next().filter(|_| spawning.next().is_none()).map(|call| call.span.clone())
    }

    /// A runtime whose sub-agents are sessions of their own tells of one by the session that began it: the event is
    /// the sub-agent's. Or the sub-agent has the key that [`Self::note_spawned`] noted. Counts where one process runs
    /// both.
    pub(super) fn told_child(&self, request: &ActionRequest, own: &Key, chain: Option<&[Process]>) -> Option<Begun> {
        let process = *chain?.first()?;
        if request.event == HookEvent::Subagent && request.extra["outcome"] == "started" {
            let parent = (own.0.clone(), text(request, "parent_session")?.to_owned());
            return (parent != *own && self.runs_in(&parent, process)).then(|| self.begun_in(&parent, None));
        }
        let key = (own.0.clone(), text(request, "sessionKey")?.to_owned());
        let mut links = lock(&self.0.links);
        let same = links.spawned.get(&key).is_some_and(|(_, with)| *with == process);
        let own_trace = audit::trace_of(&own.0, &own.1);
        same.then(|| links.spawned.remove(&key)).flatten().map(|(begun, _)| begun).filter(|it| it.trace != own_trace)
    }

    /// A session tells that it began a sub-agent that will call itself by the key `child`.
    pub(super) fn note_spawned(&self, request: &ActionRequest, own: &Key, peer: Option<u32>) {
        let (Some(child), Some(by)) = (text(request, "child"), text(request, "sessionKey")) else { return };
        if request.extra["outcome"] != "started" || child == by {
            return;
        }
        let Some((parent, Some(process))) = self.known_as(own, by) else { return };
        let ours = self.chain(request, own, peer, true).and_then(|chain| chain.first().copied());
        if ours != Some(process) {
            return;
        }
        let begun = self.begun_in(&parent, self.named_spawning(request, &parent));
        let mut links = lock(&self.0.links);
        make_room(&mut links.spawned);
        links.spawned.insert((own.0.clone(), child.to_owned()), (begun, process));
    }

    /// The session that tells of itself by the key `by`, and its process.
    fn known_as(&self, own: &Key, by: &str) -> Option<(Key, Option<Process>)> {
        let links = lock(&self.0.links);
        let named = |(key, session): &(&Key, &super::Session)| {
            key.0 == own.0 && (key.1 == own.1 || session.key.as_deref() == Some(by)) && session.process.is_some()
        };
        links.sessions.iter().find(named).map(|(key, session)| (key.clone(), session.process))
    }

    /// Records that a sub-agent that is a session of its own began or ended, where the session that began it tells so:
    /// such a session need not tell of itself, and may never ask for anything.
    pub(crate) fn note_child(&self, request: &ActionRequest) -> Result<(), Error> {
        let (Some(child), Some(by)) = (text(request, "child"), text(request, "sessionKey")) else { return Ok(()) };
        if child == by {
            // Nobody is named who began it: it was reset or removed, and its session tells that itself.
            return Ok(());
        }
        let own = key_of(request);
        let parent = self.known_as(&own, by).map_or(own, |(parent, _)| parent);
        let begins = request.extra["outcome"] == "started";
        let named = self.named_spawning(request, &parent).map(|call| (call, "named"));
        let found = || named.or_else(|| self.only_spawning(&parent).map(|call| (call, "only")));
        let (call, how) = begins.then(found).flatten().unzip();
        let mut data = json!({
            "subagent": { "id": child, "name": text(request, "label").unwrap_or_default() }, "call": call,
            "how": how, "event": request.event, "facts": request.extra,
        });
        redact::mask_value(&mut data, &self.0.mask);
        let entry = Draft {
            kind: if begins { Kind::SubagentStarted } else { Kind::SubagentEnded },
            actor: Actor::Agent { runtime: parent.0.clone(), session: parent.1.clone() },
            trace: audit::trace_of(&parent.0, &parent.1),
            span: audit::span_of(&["sub-agent", &parent.0, child]),
            parent: Some(call.unwrap_or_else(|| session_span(&parent))),
            data: audit::with_claim(data, &audit::claimed(request)),
        };
        let at = self.now();
        self.0.store.write(Durability::Process, |tx| audit::append(tx, at, entry).map(drop))?;
        self.changed(Topic::Audit);
        Ok(())
    }

    fn runs_in(&self, session: &Key, process: Process) -> bool {
        lock(&self.0.links).sessions.get(session).is_some_and(|session| session.process == Some(process))
    }

    /// The call of a session that the runtime names as the one that began a sub-agent, when the log has it; that it ended
    /// may be told first.
    fn named_spawning(&self, request: &ActionRequest, parent: &Key) -> Option<SpanId> {
        let span = audit::span_of(&[&parent.0, &parent.1, request.call_id.as_deref()?]);
        let there = self.0.store.read(|read| read.ledger_span(&span.0, 1)).is_ok_and(|found| !found.is_empty());
        there.then_some(span)
    }

    fn begun_in(&self, key: &Key, named: Option<SpanId>) -> Begun {
        let span = named.or_else(|| self.only_spawning(key)).unwrap_or_else(|| session_span(key));
        if let Some(session) = lock(&self.0.links).sessions.get_mut(key) {
            session.agents += 1;
        }
        Begun { trace: audit::trace_of(&key.0, &key.1), span, how: How::Runtime }
    }
}

fn text<'a>(request: &'a ActionRequest, name: &str) -> Option<&'a str> {
    request.extra[name].as_str().filter(|text| !text.is_empty())
}

fn draft(request: &ActionRequest, kind: Kind, span: &SpanId, parent: SpanId, data: Value) -> Draft {
    Draft {
        kind,
        actor: agent(request),
        trace: audit::trace_of(&request.runtime, &request.session),
        span: span.clone(),
        parent: Some(parent),
        data: audit::with_claim(data, &audit::claimed(request)),
    }
}
