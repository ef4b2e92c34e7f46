//! One trace: its entries, and the spans they make up.

use clawbutler_core::limits::PAGE_ROWS;
use clawbutler_wire::Seq;
use clawbutler_wire::audit_search::{AuditFilter, ShowTrace, SpanView, TraceView};

use super::Walk;
use super::parts::Parts;
use super::query::Query;
use crate::{Butler, Error, audit};

/// The span of entries that belong to no action.
const NO_SPAN: &str = "0000000000000000";

/// The trace of a W3C `traceparent` (version 00 or a later one), or of the 32 digits alone.
fn trace_id(text: &str) -> Option<&str> {
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let given = |id: &str, len: usize| hex(id, len) && id.bytes().any(|byte| byte != b'0');
    if given(text, 32) {
        return Some(text);
    }
    let mut parts = text.splitn(5, '-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let later = parts.next().is_some();
    let known = hex(version, 2) && version != "ff" && !(version == "00" && later);
    (known && given(trace, 32) && given(span, 16) && hex(flags, 2)).then_some(trace)
}

impl Butler {
    /// One trace, oldest first.
    pub fn show_trace(&self, request: ShowTrace) -> Result<TraceView, Error> {
        let trace = trace_id(request.trace.trim())
            .ok_or_else(|| Error::bad("A trace is 32 hex digits, or a traceparent of W3C."))?
            .to_owned();
        let filter = AuditFilter { traces: vec![trace.clone()], ..AuditFilter::default() };
        let query = Query::of(&filter)?;
        let limit = usize::try_from(request.limit.unwrap_or(200)).unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS);
        self.0.store.read(|read| {
            let walk = Walk::new(&query, Some(&self.0.finder.0))?;
            let low = request.after.map_or(1, |seq| seq.0.saturating_add(1));
            let total = read.ledger_len()?;
            let found = walk.stretch(read, (low, total), false, limit, super::run::no_hurry)?;
            if found.rows.is_empty() && request.after.is_none() {
                return Err(Error::not_found("trace"));
            }
            let mut spans = Vec::new();
            for (_, parts) in &found.rows {
                add(&mut spans, parts);
            }
            let entries = found.rows.iter().map(|(row, _)| audit::entry_view(row)).collect();
            Ok(TraceView { trace, entries, spans, next: found.stopped_at.map(Seq) })
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
            entries: Vec::new(),
        });
        spans.len() - 1
    });
    let span = &mut spans[place];
    if span.parent.is_none() {
        span.parent.clone_from(&parts.parent);
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
    fn a_traceparent_is_read_as_w3c_says() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let with = |version: &str, rest: &str| format!("{version}-{trace}-00f067aa0ba902b7-{rest}");
        assert_eq!(trace_id(trace), Some(trace));
        assert_eq!(trace_id(&with("00", "01")), Some(trace));
        assert_eq!(trace_id(&with("cc", "01-what-comes-later")), Some(trace));
        for bad in [with("ff", "01"), with("00", "01-more"), with("00", "0"), trace.to_uppercase(), "0".repeat(32)] {
            assert_eq!(trace_id(&bad), None, "{bad}");
        }
    }
}
