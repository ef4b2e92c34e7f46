//! W3C trace context of clients: recorded, found, exported, and never another session's.

use std::collections::BTreeSet;
use std::fs;

use clawbutler_butler::Submission;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::approvals::Verb;
use clawbutler_wire::audit::EntryView;
use clawbutler_wire::audit_search::{ExportFormat, TraceView};
use clawbutler_wire::command::{ListAudit, ShowTrace};
use clawbutler_wire::gateway::{ActionRequest, Event, SpoolRecord, VERSION, Verdict};
use serde_json::{Value, json};

use crate::desk::{Desk, code, decide};
use crate::every_kind::{CLIENT, export};

fn traceparent() -> String {
    format!("00-{}-{}-01", CLIENT.0, CLIENT.1)
}

fn claiming(desk: &Desk, session: &str, command: &str, traceparent: &str) -> ActionRequest {
    let mut request = desk.request(session, command);
    request.process.traceparent = Some(traceparent.to_owned());
    request
}

fn shown(desk: &Desk, trace: &str) -> TraceView {
    desk.butler().show_trace(ShowTrace { trace: trace.to_owned(), ..ShowTrace::default() }).unwrap()
}

/// Newest first.
fn log(desk: &Desk) -> Vec<EntryView> {
    desk.butler().list_audit(ListAudit { limit: Some(500), ..ListAudit::default() }).unwrap().items
}

/// Kinds of the entries of actions, with the trace that the client claims for them.
fn claims(desk: &Desk) -> BTreeSet<(String, String)> {
    let claim = |data: &Value| data["client_trace"]["trace"].as_str().unwrap_or("none").to_owned();
    let of_action = |entry: &EntryView| entry.span != "0000000000000000";
    log(desk).iter().filter(|entry| of_action(entry)).map(|entry| (entry.kind.clone(), claim(&entry.data))).collect()
}

#[test]
fn a_client_s_trace_goes_with_every_entry_of_the_action() {
    let mut desk = Desk::new();
    let request = claiming(&desk, "s", "git push --force origin main", &traceparent());
    let Submission::Waiting(ticket) = desk.butler().submit(&request) else { panic!("nobody is asked") };
    let seen = desk.pending().remove(0);
    desk.butler().decide_approval(decide(&seen, Verb::AllowOnce)).unwrap();
    desk.butler().delivered(&request, Verdict::Allow, Some(&ticket.approval));
    // The client has another span by then.
    let done = ActionRequest {
        event: Event::Completed,
        ..claiming(&desk, "s", "git push --force origin main", &format!("00-{}-{}-01", CLIENT.0, "1".repeat(16)))
    };
    let done = ActionRequest { call_id: request.call_id.clone(), ..done };
    desk.butler().submit(&done);
    let kinds =
        ["action.completed", "action.requested", "approval.decided", "approval.requested", "decision.delivered"];
    assert_eq!(claims(&desk), kinds.map(|kind| (kind.to_owned(), CLIENT.0.to_owned())).into());
    let requested = log(&desk).into_iter().find(|entry| entry.kind == "action.requested").unwrap();
    assert_eq!(requested.data["client_trace"], json!({ "trace": CLIENT.0, "span": CLIENT.1, "from": "environment" }));
    assert_eq!(requested.data["process"]["traceparent"], Value::Null);

    for indexed in [false, true] {
        if indexed {
            desk.butler().index_audit().unwrap();
        }
        let (own, client) = (shown(&desk, &requested.trace), shown(&desk, &traceparent()));
        assert_eq!((own.client, client.client), (false, true));
        assert_eq!((own.entries.len(), client.entries.len()), (5, 5));
        assert_eq!(own.spans, client.spans);
        assert_eq!(own.spans[0].client.as_deref(), Some(CLIENT.0));
    }

    desk.close();
    let logs: Vec<Value> =
        export(&desk.data(), ExportFormat::OtlpLogs).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let records = logs[0]["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap();
    assert_eq!(
        records
            .iter()
            .filter(|record| record["traceId"] == CLIENT.0 && record["spanId"] == requested.span.as_str())
            .count(),
        5
    );
    let traces: Value =
        serde_json::from_str(export(&desk.data(), ExportFormat::OtlpTraces).lines().next().unwrap()).unwrap();
    let span = &traces["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    let found = [&span["traceId"], &span["parentSpanId"], &span["spanId"], &span["links"][0]["traceId"]];
    assert_eq!(found, [CLIENT.0, CLIENT.1, requested.span.as_str(), requested.trace.as_str()]);
    let own = json!({ "key": "clawbutler.trace", "value": { "stringValue": requested.trace } });
    assert!(span["attributes"].as_array().unwrap().contains(&own));
}

#[test]
fn nobody_gets_into_the_trace_of_another_session() {
    let desk = Desk::new();
    desk.ask("victim", "ls mine");
    let victim = log(&desk).into_iter().find(|entry| entry.kind == "action.requested").unwrap();
    let before = shown(&desk, &victim.trace);
    let forged = format!("00-{}-{}-01", victim.trace, victim.span);
    desk.butler().submit(&claiming(&desk, "hostile", "ls theirs", &forged));
    let hostile = log(&desk).into_iter().find(|entry| entry.data["client_trace"].is_object()).unwrap();
    assert_ne!((&hostile.trace, &hostile.span), (&victim.trace, &victim.span));
    for indexed in [false, true] {
        if indexed {
            desk.butler().index_audit().unwrap();
        }
        assert_eq!(shown(&desk, &victim.trace), before);
        // Not on a page behind the last of its own entries either.
        let after = before.entries.last().map(|entry| entry.seq);
        let behind = desk.butler().show_trace(ShowTrace { trace: victim.trace.clone(), after, limit: None }).unwrap();
        assert_eq!((behind.entries.len(), behind.client), (0, false));
    }
}

#[test]
fn what_is_malformed_is_not_recorded() {
    let desk = Desk::new();
    for bad in [
        "",
        "00-zz",
        "password=hunter2",
        &traceparent().to_uppercase(),
        &format!("00-{}-{}-01", "0".repeat(32), CLIENT.1),
    ] {
        desk.butler().submit(&claiming(&desk, "s", "ls", bad));
    }
    assert!(claims(&desk).iter().all(|(_, trace)| trace == "none"));
    assert!(!export(&desk.data(), ExportFormat::Jsonl).contains("hunter2"));
    let unknown = ShowTrace { trace: traceparent(), ..ShowTrace::default() };
    assert_eq!(code(desk.butler().show_trace(unknown)), clawbutler_wire::Code::NotFound);
}

#[test]
fn the_meta_of_a_call_of_mcp_is_read_where_the_process_says_nothing() {
    let desk = Desk::new();
    let mut request = desk.request("s", "");
    request.tool = "mcp__files__read".to_owned();
    request.arguments = json!({ "path": "/a", "_meta": { "traceparent": traceparent() } });
    desk.butler().submit(&request);
    // The shell's arguments have no such thing.
    let mut other = desk.request("s", "ls");
    other.arguments["_meta"] = json!({ "traceparent": traceparent() });
    desk.butler().submit(&other);
    let requested = log(&desk).into_iter().filter(|entry| entry.kind == "action.requested");
    let found: BTreeSet<_> = requested
        .map(|entry| (entry.data["tool"].to_string(), entry.data["client_trace"]["from"].clone().to_string()))
        .collect();
    assert_eq!(
        found,
        [("\"Bash\"".to_owned(), "null".to_owned()), ("\"mcp__files__read\"".to_owned(), "\"arguments\"".to_owned())]
            .into()
    );
}

#[test]
fn a_call_recorded_offline_keeps_its_trace() {
    let mut desk = Desk::new();
    let request = claiming(&desk, "s", "ls", &traceparent());
    desk.close();
    let record = SpoolRecord {
        v: VERSION,
        id: "1".to_owned(),
        at_ms: desk.now(),
        request,
        verdict: Verdict::Defer,
        reason: String::new(),
        cause: "the app is not running".to_owned(),
    };
    fs::write(DataDir::at(desk.data()).spool(), serde_json::to_string(&record).unwrap() + "\n").unwrap();
    desk.open();
    assert_eq!(claims(&desk), [("offline.recorded".to_owned(), CLIENT.0.to_owned())].into());
}
