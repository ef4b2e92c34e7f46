//! Search, traces, saved searches and exports, by the commands a window uses.

use std::fs;

use clawbutler_butler::{Butler, ExportPlan};
use clawbutler_wire::audit_search::{
    AuditFilter, DeleteSearch, ExportAudit, ExportFormat, ListSearches, PreviewExport, SaveSearch, SavedSearch,
    SearchAudit, SearchPage, ShowExport, ShowTrace,
};
use clawbutler_wire::{Code, Seq};
use serde_json::Value;

use crate::desk::{Desk, code};

fn filled() -> Desk {
    let desk = Desk::new();
    for number in 0..30 {
        desk.ask(&format!("session-{}", number % 3), &format!("ls folder-{number}"));
    }
    desk.ask("other", "git push --force origin main");
    desk
}

fn search(desk: &Desk, text: &str) -> SearchPage {
    by(desk, AuditFilter { text: text.to_owned(), ..AuditFilter::default() })
}

fn by(desk: &Desk, filter: AuditFilter) -> SearchPage {
    let request = SearchAudit { filter, limit: Some(500), count: true, ..SearchAudit::default() };
    desk.butler().search_audit(request).unwrap()
}

fn seqs(page: &SearchPage) -> Vec<u64> {
    page.items.iter().map(|item| item.seq.0).collect()
}

#[test]
fn the_index_and_the_entries_themselves_give_the_same() {
    let desk = filled();
    let queries = [
        "",
        "ls",
        "fold*",
        "\"git push\"",
        "\"push git\"",
        "-ls",
        "ls -folder",
        "push force",
        "kind:action.decided",
        "kind:action.requested ls",
        "session:session-1",
        "runtime:claude-code kind:action.decided",
        "actor:engine",
        "\" OR NEAR( *",
        "nothing-like-it",
        "decision:deny kind:engine.started",
        "risk:low folder",
    ];
    let before: Vec<_> = queries.iter().map(|text| search(&desk, text)).collect();
    assert_eq!(before[0].indexed, Seq(0));
    desk.butler().index_audit().unwrap();
    for (text, before) in queries.iter().zip(before) {
        let after = search(&desk, text);
        assert_eq!(seqs(&after), seqs(&before), "{text}");
        if after.count.unwrap().exact {
            assert_eq!(after.count.unwrap().entries.0, after.items.len() as u64, "{text}");
        }
    }
    // Both words are in the command, the other way round; and no phrase goes on from one text to the next.
    assert_eq!(seqs(&search(&desk, "\"origin force\"")), Vec::<u64>::new());
    assert_eq!(seqs(&search(&desk, "\"origin main bash\"")), Vec::<u64>::new());
    assert!(!search(&desk, "origin force").items.is_empty());
    let pushes = search(&desk, "\"git push\" kind:action.requested");
    assert_eq!(pushes.items.len(), 1);
    assert_eq!(pushes.items[0].kind, "action.requested");
    assert!(search(&desk, "runtime:claude-code kind:action.decided").items.len() >= 30);
}

#[test]
fn pages_join_without_gap_or_repeat_in_both_directions() {
    let desk = filled();
    desk.butler().index_audit().unwrap();
    desk.ask("session-1", "ls not-in-the-index");
    let filter = AuditFilter { text: "ls".to_owned(), ..AuditFilter::default() };
    let all = seqs(&by(&desk, filter.clone()));
    let page = |before, after| {
        let request = SearchAudit { filter: filter.clone(), before, after, limit: Some(7), count: false };
        desk.butler().search_audit(request).unwrap()
    };
    let (mut down, mut at) = (Vec::new(), None);
    loop {
        let found = page(at, None);
        down.extend(seqs(&found));
        at = found.older;
        if at.is_none() {
            break;
        }
    }
    assert_eq!(down, all);
    let (mut up, mut at) = (Vec::new(), Some(Seq(0)));
    while at.is_some() {
        let found = page(None, at);
        up = [seqs(&found), up].concat();
        at = found.newer;
    }
    assert_eq!(up, all);
}

#[test]
fn a_time_and_a_trace_are_found() {
    let mut desk = filled();
    let first = desk.now();
    desk.close();
    desk.pass_closed_ms(60_000);
    desk.open();
    desk.ask("late", "ls late");
    for indexed in [false, true] {
        if indexed {
            desk.butler().index_audit().unwrap();
        }
        let late = by(&desk, AuditFilter { from: Some(first + 1), ..AuditFilter::default() });
        let early = by(&desk, AuditFilter { until: Some(first + 1), ..AuditFilter::default() });
        let all = by(&desk, AuditFilter::default());
        assert_eq!([seqs(&late), seqs(&early)].concat(), seqs(&all));
        assert!(late.items.iter().all(|item| item.at > first) && !late.items.is_empty());
    }
    let asked = &search(&desk, "late kind:action.requested").items[0];
    let trace = desk.butler().show_trace(ShowTrace { trace: asked.trace.clone(), ..ShowTrace::default() }).unwrap();
    assert_eq!(trace.spans.len(), 1);
    assert_eq!(trace.spans[0].name, "Bash");
    assert_eq!(trace.spans[0].entries, trace.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>());
    let unknown = ShowTrace { trace: "1".repeat(32), ..ShowTrace::default() };
    assert_eq!(code(desk.butler().show_trace(unknown)), Code::NotFound);
}

#[test]
fn searches_are_kept_by_name() {
    let mut desk = Desk::new();
    let filter = AuditFilter { text: "push".to_owned(), ..AuditFilter::default() };
    let search = SavedSearch { name: "Pushes".to_owned(), filter };
    desk.butler().save_search(SaveSearch { search: search.clone() }).unwrap();
    desk.close();
    desk.open();
    assert_eq!(desk.butler().list_searches(ListSearches {}).unwrap().items, [search]);
    let gone = desk.butler().delete_search(DeleteSearch { name: "Pushes".to_owned() }).unwrap();
    assert!(gone.items.is_empty());
    let unknown = DeleteSearch { name: "Pushes".to_owned() };
    assert_eq!(code(desk.butler().delete_search(unknown)), Code::NotFound);
}

fn export(desk: &Desk, format: ExportFormat) -> String {
    let plan = ExportPlan { filter: AuditFilter::default(), format, out: "unused".into(), after: None };
    let mut out = Vec::new();
    plan.stream(&desk.data().join("clawbutler.db"), &desk.data().join("search.db"), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn otlp_has_ids_in_hex_and_times_as_text() {
    let desk = filled();
    let is_hex = |value: &Value, len: usize| {
        value.as_str().is_some_and(|text| text.len() == len && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let mut records = 0;
    for line in export(&desk, ExportFormat::OtlpLogs).lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        for record in request["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap() {
            assert!(is_hex(&record["traceId"], 32));
            assert!(record["spanId"].is_null() || is_hex(&record["spanId"], 16));
            assert!(record["timeUnixNano"].as_str().unwrap().parse::<u64>().is_ok());
            records += 1;
        }
    }
    assert_eq!(records, seqs(&by(&desk, AuditFilter::default())).len());
    let mut spans = 0;
    for line in export(&desk, ExportFormat::OtlpTraces).lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        for span in request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap() {
            assert!(is_hex(&span["traceId"], 32) && is_hex(&span["spanId"], 16) && is_hex(&span["parentSpanId"], 16));
            assert!(span["startTimeUnixNano"].as_str().unwrap() <= span["endTimeUnixNano"].as_str().unwrap());
            assert_eq!(span["name"], "execute_tool Bash");
            spans += 1;
        }
    }
    assert_eq!(spans, 31);
}

#[test]
fn an_export_from_the_window_is_recorded() {
    let desk = filled();
    let filter = AuditFilter { kinds: vec!["action.requested".to_owned()], ..AuditFilter::default() };
    let preview = PreviewExport { filter: filter.clone(), format: ExportFormat::Csv };
    let preview = desk.butler().preview_export(preview).unwrap();
    assert_eq!((preview.lines.len(), preview.count.entries), (10, Seq(31)));
    let out = desk.home().join("log.csv");
    let request = ExportAudit { filter, format: ExportFormat::Csv, out: out.display().to_string() };
    desk.butler().export_audit(request.clone()).unwrap();
    let progress = finished(desk.butler());
    assert_eq!((progress.state.as_str(), progress.written), ("done", Seq(31)));
    let entry = &desk.entries("audit.exported")[0];
    assert_eq!(entry.data["digest"].as_str(), progress.digest.as_deref());
    assert_eq!(entry.data["count"], 31);
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 32);
    assert_eq!(code(desk.butler().export_audit(request)), Code::BadRequest);
}

fn finished(butler: &Butler) -> clawbutler_wire::audit_search::ExportProgress {
    for _ in 0..1_000 {
        let progress = butler.show_export(ShowExport {}).unwrap();
        if progress.state != "running" {
            return progress;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the export does not end")
}
