//! One trace: its entries, and the spans they make up.

use clawbutler_core::limits::PAGE_ROWS;
use clawbutler_core::trace_context::{TraceParent, is_trace};
use clawbutler_wire::Seq;
use clawbutler_wire::audit_search::{AuditFilter, ShowTrace, SpanView, TraceView};

use super::Walk;
use super::parts::{CLAIMED, Parts};
use super::query::Query;
use crate::{Butler, Error, audit};

/// The span of entries that belong to no action.
const NO_SPAN: &str = "0000000000000000";

/// The trace of a W3C `traceparent`, or of the 32 digits alone.
fn trace_id(text: &str) -> Option<String> {
    if is_trace(text) {
        return Some(text.to_owned());
    }
    TraceParent::parse(text).map(|found| found.trace.0)
}

/// The filter of a session's trace, or of a client's.
fn of_trace(trace: &str, claimed: bool) -> Result<Query, Error> {
    let named = if claimed { format!("{CLAIMED}{trace}") } else { trace.to_owned() };
    Query::of(&AuditFilter { traces: vec![named], ..AuditFilter::default() })
}

impl Butler {
    /// One trace, oldest first.
    pub fn show_trace(&self, request: ShowTrace) -> Result<TraceView, Error> {
        let trace = trace_id(request.trace.trim())
            .ok_or_else(|| Error::bad("A trace is 32 hex digits, or a traceparent of W3C."))?;
        let (own, claimed) = (of_trace(&trace, false)?, of_trace(&trace, true)?);
        let limit = usize::try_from(request.limit.unwrap_or(200)).unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS);
        self.0.store.read(|read| {
            let total = read.ledger_len()?;
            let low = request.after.map_or(1, |seq| seq.0.saturating_add(1));
            let walk = |query, low, limit| {
                Walk::new(query, Some(&self.0.finder.0))?.stretch(
                    read,
                    (low, total),
                    false,
                    limit,
                    super::run::no_hurry,
                )
            };
            let mut found = walk(&own, low, limit)?;
            // A session's own trace always goes first: what a client says of its trace adds nothing to it.
            let client = found.rows.is_empty() && walk(&own, 1, 1)?.rows.is_empty();
            if client {
                found = walk(&claimed, low, limit)?;
            }
            if found.rows.is_empty() && request.after.is_none() {
                return Err(Error::not_found("trace"));
            }
            let mut spans = Vec::new();
            for (_, parts) in &found.rows {
                add(&mut spans, parts);
            }
            let entries = found.rows.iter().map(|(row, _)| audit::entry_view(row)).collect();
            Ok(TraceView { trace, client, entries, spans, next: found.stopped_at.map(Seq) })
        })
    }
}

/// Adds an entry to its span.
pub(crate) fn add(spans: &mut Vec<SpanView>, parts: &Parts) {
    if parts.span == NO_SPAN {
        return;
    }
    let place = spans.iter().rposition(|span| span.id == parts.span).unwrap_or_else(|| {
        spans.push(SpanView {
            id: parts.span.clone(),
            parent: None,
            name: parts.kind.clone(),
            start: parts.at,
            end: parts.at,
            state: "none".to_owned(),
            client: None,
            entries: Vec::new(),
        });
        spans.len() - 1
    });
    let span = &mut spans[place];
    if span.parent.is_none() {
        span.parent.clone_from(&parts.parent);
    }
    if span.client.is_none() {
        span.client = parts.claimed().map(|(trace, _)| trace.to_owned());
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
