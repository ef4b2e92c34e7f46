//! The trace a client says its call belongs to.
//!
//! A claim: it stands in the facts of the entries, never in their header, so that no client can put its entries into
//! the trace of another session.

use clawbutler_core::trace_context::TraceParent;
use clawbutler_wire::gateway::{ActionRequest, ProcessFacts};
use serde_json::{Value, json};

/// The member of an entry's facts that holds it.
pub(crate) const CLIENT_TRACE: &str = "client_trace";

/// What a request says of its trace: the variable of the client's process, or `_meta` of the call of an MCP tool.
/// `null` where there is none or it is malformed.
pub(crate) fn claimed(request: &ActionRequest) -> Value {
    let meta = request.tool.starts_with("mcp").then(|| request.arguments["_meta"]["traceparent"].as_str()).flatten();
    let process =
        request.process.traceparent.as_deref().and_then(TraceParent::parse).map(|found| (found, "environment"));
    let found = process.or_else(|| meta.and_then(TraceParent::parse).map(|found| (found, "arguments")));
    found.map_or(Value::Null, |(found, from)| json!({ "trace": found.trace, "span": found.span, "from": from }))
}

/// Adds it to the facts of an entry, where there is one.
pub(crate) fn with_claim(mut data: Value, claim: &Value) -> Value {
    if let (Some(data), false) = (data.as_object_mut(), claim.is_null()) {
        data.insert(CLIENT_TRACE.to_owned(), claim.clone());
    }
    data
}

/// The process as an entry has it: what it claims of its trace stands apart, read.
pub(crate) fn process(request: &ActionRequest) -> ProcessFacts {
    ProcessFacts { traceparent: None, ..request.process.clone() }
}
