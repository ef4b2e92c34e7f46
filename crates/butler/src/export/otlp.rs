//! Entries as OpenTelemetry logs and traces: OTLP in its JSON form (ids in hex, 64-bit numbers as text), with the
//! names of the GenAI semantic conventions where they have one.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

use super::form::{VERSION, says, weight};
use crate::audit;
use crate::search::parts::Parts;

/// The span of entries that belong to no action.
const NO_SPAN: &str = "0000000000000000";
/// Flags of a span whose parent is known to be in another process.
const REMOTE_PARENT: u32 = 0x300;
/// Spans kept open at once; the oldest is written when another begins.
const OPEN_SPANS: usize = 500;
/// Events of one span that are kept; more are counted.
const EVENTS: usize = 64;

fn nano(at: i64) -> String {
    at.saturating_mul(1_000_000).max(0).to_string()
}

fn text(key: &str, value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| json!({ "key": key, "value": { "stringValue": value } }))
}

fn resource() -> Value {
    json!({ "attributes": [text("service.name", "clawbutler"), text("service.version", VERSION)] })
}

fn scope() -> Value {
    json!({ "name": "clawbutler.audit", "version": VERSION })
}

/// What every record of an entry carries.
fn attributes(parts: &Parts) -> Vec<Value> {
    let subagent = &parts.data["subagent"];
    let operation = if parts.tool().is_empty() { "" } else { "execute_tool" };
    [
        text("gen_ai.operation.name", operation),
        text("gen_ai.tool.name", parts.tool()),
        text("gen_ai.tool.call.id", parts.data["call_id"].as_str().unwrap_or_default()),
        text("gen_ai.conversation.id", &parts.session),
        text("gen_ai.agent.id", subagent["id"].as_str().unwrap_or_default()),
        text("gen_ai.agent.name", subagent["name"].as_str().unwrap_or(&parts.runtime)),
        text("clawbutler.actor", parts.actor_kind()),
        text("clawbutler.runtime", &parts.runtime),
        text("clawbutler.project", parts.project()),
        text("clawbutler.risk", parts.risk()),
        text("clawbutler.decision", parts.decision()),
        text("clawbutler.hash", &parts.hash),
        // The session's, where the record is in the trace of a client.
        parts.claimed().and_then(|_| text("clawbutler.trace", &parts.trace)),
        Some(json!({ "key": "clawbutler.seq", "value": { "intValue": parts.seq.to_string() } })),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One log record.
pub(super) fn log(parts: &Parts) -> Value {
    let (number, word) = match weight(parts) {
        "medium" => (13, "WARN"),
        "high" => (17, "ERROR"),
        "critical" => (21, "FATAL"),
        _ => (9, "INFO"),
    };
    let mut attributes = attributes(parts);
    attributes.extend(text("clawbutler.data", &parts.data_text()));
    let mut record = json!({
        "timeUnixNano": nano(parts.at), "observedTimeUnixNano": nano(parts.at),
        "severityNumber": number, "severityText": word,
        "eventName": format!("clawbutler.{}", parts.kind),
        "body": { "stringValue": says(parts) },
        "attributes": attributes,
        "traceId": parts.claimed().map_or(parts.trace.as_str(), |(trace, _)| trace),
    });
    if parts.span != NO_SPAN {
        record["spanId"] = json!(parts.span);
    }
    record
}

/// A request with these log records.
pub(super) fn logs(records: &[Value]) -> Value {
    json!({ "resourceLogs": [{ "resource": resource(), "scopeLogs": [{ "scope": scope(), "logRecords": records }] }] })
}

/// A request with these spans.
pub(super) fn traces(spans: &[Value]) -> Value {
    json!({ "resourceSpans": [{ "resource": resource(), "scopeSpans": [{ "scope": scope(), "spans": spans }] }] })
}

/// Makes spans of entries; a bounded number is open at once.
#[derive(Debug, Default)]
pub(super) struct Spans {
    open: HashMap<String, Open>,
    order: VecDeque<String>,
}

#[derive(Debug)]
struct Open {
    trace: String,
    /// Trace and span of the client, where it says that the action belongs to them.
    claimed: Option<(String, String)>,
    /// What began the session that the span is of or that it tells of: in another trace, so it is linked.
    begun: Option<Value>,
    parent: Option<String>,
    name: String,
    start: i64,
    end: i64,
    attributes: Vec<Value>,
    events: Vec<Value>,
    dropped: u32,
    status: Option<Value>,
}

impl Spans {
    /// Takes an entry in. Returns a span that is complete by it, or had to make room.
    pub(super) fn push(&mut self, parts: &Parts) -> Option<Value> {
        if parts.span == NO_SPAN {
            return None;
        }
        let mut out = None;
        if !self.open.contains_key(&parts.span) {
            if self.open.len() >= OPEN_SPANS {
                out = self.order.pop_front().and_then(|oldest| self.close(&oldest));
            }
            self.order.push_back(parts.span.clone());
            self.open.insert(parts.span.clone(), Open::of(parts));
        }
        if let Some(span) = self.open.get_mut(&parts.span) {
            span.add(parts);
        }
        // The end of an action is the last that is heard of it.
        if out.is_none() && matches!(parts.kind.as_str(), "action.completed" | "action.failed" | "action.unknown") {
            self.order.retain(|id| *id != parts.span);
            out = self.close(&parts.span);
        }
        out
    }

    /// The oldest span that is still open.
    pub(super) fn pop(&mut self) -> Option<Value> {
        let oldest = self.order.pop_front()?;
        self.close(&oldest)
    }

    fn close(&mut self, id: &str) -> Option<Value> {
        let span = self.open.remove(id)?;
        let own_parent = span.parent.filter(|parent| parent != id);
        let (trace, parent) = match &span.claimed {
            Some((trace, parent)) => (trace, Some(parent)),
            None => (&span.trace, own_parent.as_ref()),
        };
        let mut made = json!({
            "traceId": trace, "spanId": id, "name": span.name, "kind": 1,
            "startTimeUnixNano": nano(span.start), "endTimeUnixNano": nano(span.end),
            "attributes": span.attributes, "events": span.events,
            "droppedEventsCount": span.dropped,
            "status": span.status.unwrap_or_else(|| json!({})),
        });
        if let Some(parent) = parent {
            made["parentSpanId"] = json!(parent);
        }
        let mut links = Vec::new();
        if span.claimed.is_some() {
            made["flags"] = json!(REMOTE_PARENT);
            links.extend(own_parent.map(|parent| json!({ "traceId": span.trace, "spanId": parent })));
            made["links"] = json!(links);
        }
        if let Some(begun) = span.begun {
            links.push(begun);
            made["links"] = json!(links);
        }
        Some(made)
    }
}

impl Open {
    /// `kind` is the `error.type`, which a failed span needs; `_OTHER` is the conventions' word for one without a name.
    fn failed(&mut self, message: &str, kind: &str) {
        self.status = Some(json!({ "code": 2, "message": message }));
        self.attributes.retain(|have| have["key"] != "error.type");
        self.attributes.extend(text("error.type", kind));
    }

    fn of(parts: &Parts) -> Self {
        // The session's own span is the parent of what no other span started.
        let known = !parts.runtime.is_empty() && !parts.session.is_empty();
        let session = known.then(|| audit::span_of(&[&parts.runtime, &parts.session]).0);
        Self {
            trace: parts.trace.clone(),
            claimed: None,
            begun: None,
            parent: parts.parent.clone().or(session),
            name: parts.kind.clone(),
            start: parts.at,
            end: parts.at,
            attributes: attributes(parts),
            events: Vec::new(),
            dropped: 0,
            status: None,
        }
    }

    fn add(&mut self, parts: &Parts) {
        self.start = self.start.min(parts.at);
        self.end = self.end.max(parts.at);
        if let Some((trace, span, how)) = parts.begun_by() {
            let how = text("clawbutler.begun_by", how);
            self.begun = Some(json!({ "traceId": trace, "spanId": span, "attributes": [how] }));
        }
        // The parent of a session that another one began is in that one's trace: only a link can say it.
        if parts.kind.starts_with("session.") {
            self.parent = None;
        } else if self.parent.is_none() || parts.parent.is_some() {
            self.parent = parts.parent.clone().or(self.parent.take());
        }
        if self.claimed.is_none() {
            self.claimed = parts.claimed().map(|(trace, span)| (trace.to_owned(), span.to_owned()));
        }
        if !parts.tool().is_empty() {
            self.name = format!("execute_tool {}", parts.tool());
        }
        let all = attributes(parts);
        for one in all.clone() {
            if !self.attributes.iter().any(|have| have["key"] == one["key"]) {
                self.attributes.push(one);
            }
        }
        match parts.kind.as_str() {
            "action.completed" => self.status = Some(json!({ "code": 1 })),
            "action.failed" => self.failed(&says(parts), "_OTHER"),
            _ if parts.decision() == "deny" => self.failed("denied", "denied"),
            _ => {}
        }
        if self.events.len() < EVENTS {
            self.events.push(json!({
                "timeUnixNano": nano(parts.at), "name": parts.kind, "attributes": all,
            }));
        } else {
            self.dropped += 1;
        }
    }
}
