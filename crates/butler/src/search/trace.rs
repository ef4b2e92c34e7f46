//! One trace: its entries, and the spans they make up.

use std::collections::VecDeque;

use clawbutler_core::limits::{PAGE_ROWS, TRACE_SESSIONS};
use clawbutler_core::trace_context::{TraceParent, is_trace};
use clawbutler_wire::Seq;
use clawbutler_wire::audit_search::{AuditFilter, BegunView, ShowTrace, SpanView, TraceView};

use super::Walk;
use super::parts::{BEGUN, CLAIMED, Parts};
use super::query::Query;
use super::run::Found;
use crate::{Butler, Error, audit};

/// The span of entries that belong to no action.
const NO_SPAN: &str = "0000000000000000";

/// How a link is known that only the client of the session tells.
const TOLD: &str = "trace_context";
/// Entries of a session among which the one is that tells what began it: the first, and the first action with all that
/// came before it.
const OPENING: usize = 20;

/// The trace of a W3C `traceparent`, or of the 32 digits alone.
fn trace_id(text: &str) -> Option<String> {
    if is_trace(text) {
        return Some(text.to_owned());
    }
    TraceParent::parse(text).map(|found| found.trace.0)
}

/// The filter of these traces.
fn of_traces(traces: Vec<String>) -> Result<Query, Error> {
    Query::of(&AuditFilter { traces, ..AuditFilter::default() })
}

impl Butler {
    /// One trace, oldest first, with the sessions that it began.
    pub fn show_trace(&self, request: ShowTrace) -> Result<TraceView, Error> {
        let trace = trace_id(request.trace.trim())
            .ok_or_else(|| Error::bad("A trace is 32 hex digits, or a traceparent of W3C."))?;
        let limit = usize::try_from(request.limit.unwrap_or(200)).unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS);
        self.0.store.read(|read| {
            let total = read.ledger_len()?;
            let low = request.after.map_or(1, |seq| seq.0.saturating_add(1));
            let find = |traces: Vec<String>, low, limit| -> Result<Found, Error> {
                let query = of_traces(traces)?;
                let walk = Walk::new(&query, Some(&self.0.finder.0))?;
                Ok(walk.stretch(read, (low, total), false, limit, super::run::no_hurry)?)
            };
            // A session's own trace always goes first: what a client says of its trace adds nothing to it.
            let own = find(vec![trace.clone()], 1, OPENING)?;
            let client = own.rows.is_empty();
            let mut view = TraceView { trace: trace.clone(), client, ..TraceView::default() };
            let found = if client {
                find(vec![format!("{CLAIMED}{trace}")], low, limit)?
            } else {
                view.begun_by = began(&own, |trace| find(vec![trace], 1, 1))?;
                (view.begun, view.more_begun) = begun(&trace, |trace| find(vec![trace], 1, PAGE_ROWS))?;
                let proven = view.begun.iter().filter(|one| one.how != TOLD).map(|one| one.trace.clone());
                find(std::iter::once(trace).chain(proven).collect(), low, limit)?
            };
            if found.rows.is_empty() && request.after.is_none() {
                return Err(Error::not_found("trace"));
            }
            for (_, parts) in &found.rows {
                add(&mut view.spans, parts);
            }
            view.entries = found.rows.iter().map(|(row, _)| audit::entry_view(row)).collect();
            view.next = found.stopped_at.map(Seq);
            let named = view.spans.iter_mut().map(|span| &mut span.runtime);
            let named = named.chain(view.begun.iter_mut().chain(&mut view.begun_by).map(|one| &mut one.runtime));
            named.filter(|id| !id.is_empty()).for_each(|id| *id = self.runtime_name(id));
            Ok(view)
        })
    }
}

/// What began a session, told by one of its first entries.
fn began(own: &Found, find: impl Fn(String) -> Result<Found, Error>) -> Result<Option<BegunView>, Error> {
    let Some((trace, span, how)) = own.rows.iter().find_map(|(_, parts)| parts.begun_by()) else { return Ok(None) };
    let other = find(trace.to_owned())?.rows.pop();
    let (runtime, session) = other.map(|(_, parts)| (parts.runtime, parts.session)).unwrap_or_default();
    let (trace, span, how) = (trace.to_owned(), span.to_owned(), how.to_owned());
    Ok(Some(BegunView { trace, runtime, session, span, how }))
}

/// The sessions that a trace began and those that they began, each once; whether there are more. What its own client
/// says is not followed further.
fn begun(root: &str, find: impl Fn(String) -> Result<Found, Error>) -> Result<(Vec<BegunView>, bool), Error> {
    let mut found: Vec<BegunView> = Vec::new();
    let mut waiting = VecDeque::from([root.to_owned()]);
    while let Some(trace) = waiting.pop_front() {
        let rows = find(format!("{BEGUN}{trace}"))?;
        let cut = rows.stopped_at.is_some();
        for (_, parts) in rows.rows {
            let Some((_, span, how)) = parts.begun_by() else { continue };
            if parts.trace == root || found.iter().any(|one| one.trace == parts.trace) {
                continue;
            }
            if found.len() + 1 >= TRACE_SESSIONS {
                return Ok((found, true));
            }
            let (span, how) = (span.to_owned(), how.to_owned());
            if how != TOLD {
                waiting.push_back(parts.trace.clone());
            }
            found.push(BegunView { trace: parts.trace, runtime: parts.runtime, session: parts.session, span, how });
        }
        if cut {
            return Ok((found, true));
        }
    }
    Ok((found, false))
}

fn fresh(parts: &Parts, id: String, parent: Option<String>) -> SpanView {
    SpanView {
        id,
        parent,
        trace: parts.trace.clone(),
        runtime: parts.runtime.clone(),
        subagent: None,
        name: parts.kind.clone(),
        start: parts.at,
        end: parts.at,
        state: "none".to_owned(),
        client: None,
        entries: Vec::new(),
    }
}

/// Adds an entry to its span.
pub(crate) fn add(spans: &mut Vec<SpanView>, parts: &Parts) {
    if parts.span == NO_SPAN {
        return;
    }
    let session = audit::span_of(&[&parts.runtime, &parts.session]).0;
    let begun_by = parts.begun_by().filter(|(.., how)| *how != TOLD).map(|(_, span, _)| span.to_owned());
    // A session whose beginning no entry tells: its first action names what began it.
    if begun_by.is_some() && parts.span != session && !spans.iter().any(|span| span.id == session) {
        let name = "session.started".to_owned();
        spans.push(SpanView { name, ..fresh(parts, session, begun_by) });
    }
    let place = spans.iter().rposition(|span| span.id == parts.span).unwrap_or_else(|| {
        spans.push(fresh(parts, parts.span.clone(), None));
        spans.len() - 1
    });
    let span = &mut spans[place];
    if span.parent.is_none() {
        span.parent.clone_from(&parts.parent);
    }
    if span.client.is_none() {
        span.client = parts.claimed().map(|(trace, _)| trace.to_owned());
    }
    if parts.kind.starts_with("subagent.") {
        let text = |name: &str| parts.data["subagent"][name].as_str().filter(|text| !text.is_empty());
        span.subagent = text("name").or_else(|| text("id")).map(str::to_owned).or(span.subagent.take());
    }
    if !parts.tool().is_empty() {
        parts.tool().clone_into(&mut span.name);
    }
    span.start = span.start.min(parts.at);
    span.end = span.end.max(parts.at);
    span.entries.push(Seq(parts.seq));
    if let Some(state) = state(parts) {
        state.clone_into(&mut span.state);
    }
}

/// What an entry makes of its span.
pub(crate) fn state(parts: &Parts) -> Option<&'static str> {
    Some(match parts.kind.as_str() {
        "approval.requested" => "asked",
        "action.completed" => "completed",
        "action.failed" => "failed",
        "action.unknown" => "unknown",
        "action.decided" | "approval.decided" => match parts.decision() {
            "allow" | "allow_once" | "allow_always" => "allowed",
            "deny" => "denied",
            "ask" => "asked",
            _ => return None,
        },
        "approval.expired" => "denied",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::trace_id;

    #[test]
    fn a_trace_is_given_alone_or_in_a_traceparent() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(trace).as_deref(), Some(trace));
        assert_eq!(trace_id(&format!("00-{trace}-00f067aa0ba902b7-01")).as_deref(), Some(trace));
        for bad in
            [format!("ff-{trace}-00f067aa0ba902b7-01"), trace.to_uppercase(), "0".repeat(32), "client:".to_owned()]
        {
            assert_eq!(trace_id(&bad), None, "{bad}");
        }
    }
}
