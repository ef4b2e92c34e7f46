//! Exports held against what others published: OCSF's schema, OpenTelemetry's messages and names, CEF's rules.

use std::collections::{BTreeMap, BTreeSet};

use clawbutler_ledger::Kind;
use clawbutler_wire::audit_search::ExportFormat;
use opentelemetry_proto::tonic::logs::v1::LogsData;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::every_kind::{CLIENT, export, fill};
use crate::ocsf_schema::faults;

#[test]
fn every_ocsf_event_is_valid_by_the_published_schema() {
    let mut desk = Desk::new();
    let entries = fill(&mut desk);
    let (mut bad, mut kinds, mut classes) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let text = export(&desk.data(), ExportFormat::Ocsf);
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        for fault in faults(&event) {
            bad.entry(format!("{}: {fault}", event["metadata"]["event_code"])).or_insert_with(|| line.to_owned());
        }
        kinds.insert(event["metadata"]["event_code"].as_str().unwrap().to_owned());
        classes.insert(event["class_name"].as_str().unwrap().to_owned());
    }
    assert_eq!(bad, BTreeMap::new());
    assert_eq!(text.lines().count(), entries);
    assert_eq!(kinds, Kind::ALL.iter().map(|(_, text)| (*text).to_owned()).collect());
    assert_eq!(
        classes.into_iter().collect::<Vec<_>>(),
        [
            "API Activity", "Application Lifecycle", "Detection Finding", "Entity Management", "File System Activity",
            "Process Activity", "Scheduled Job Activity", "Script Activity"
        ]
    );
}

#[test]
fn the_check_of_ocsf_finds_what_is_wrong() {
    let mut desk = Desk::new();
    fill(&mut desk);
    let text = export(&desk.data(), ExportFormat::Ocsf);
    let event: Value =
        serde_json::from_str(text.lines().find(|line| line.contains("\"class_uid\":1007")).unwrap()).unwrap();
    assert_eq!(faults(&event), Vec::<String>::new());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = event.clone();
        change(&mut changed);
        faults(&changed)
    };
    let broken: [&dyn Fn(&mut Value); 12] = [
        &|event| event["metadata"]["version"] = json!("1.3.0"),
        &|event| event["type_uid"] = json!(100_702),
        &|event| event["activity_name"] = json!("Lunch"),
        &|event| event["severity_id"] = json!(9),
        &|event| event["time"] = json!("now"),
        &|event| event["colour"] = json!("red"),
        &|event| event["process"]["colour"] = json!("red"),
        &|event| drop(event.as_object_mut().unwrap().remove("device")),
        &|event| drop(event["process"].as_object_mut().unwrap().remove("uid")),
        &|event| event["action_id"] = json!(1),
        &|event| event["metadata"]["profiles"] = json!(["trace"]),
        &|event| event["class_uid"] = json!(6_099),
    ];
    for (number, change) in broken.iter().enumerate() {
        // A verdict without its profile is only wrong where the profile is not declared.
        let found = with(&|event| {
            event["metadata"].as_object_mut().unwrap().remove("profiles");
            for name in ["risk_level", "risk_level_id", "action", "disposition", "disposition_id", "policy"] {
                event.as_object_mut().unwrap().remove(name);
            }
            change(event);
        });
        assert!(!found.is_empty(), "change {number} is not noticed");
    }
}

/// Whether all of `ours` stands in `theirs`; what it has besides are defaults.
fn kept(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.iter().all(|(key, value)| theirs.get(key).is_some_and(|other| kept(value, other)))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(one, other)| kept(one, other))
        }
        _ => ours == theirs,
    }
}

fn names(attributes: &Value, found: &mut BTreeSet<String>) {
    found.extend(attributes.as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()));
}

fn conventions_hold(names: &BTreeSet<String>) {
    let known: Value = serde_json::from_str(include_str!("../fixtures/otel/gen-ai-1.41.0.json")).unwrap();
    let current = known["attributes"].as_array().unwrap();
    for name in names.iter().filter(|name| !name.starts_with("clawbutler.") && *name != "error.type") {
        assert!(current.iter().any(|one| one == name), "{name} is no current name of the conventions");
    }
    assert!(known["operations"].as_array().unwrap().contains(&json!("execute_tool")));
}

#[test]
fn opentelemetry_reads_every_log_record_and_loses_nothing() {
    let mut desk = Desk::new();
    let entries = fill(&mut desk);
    let (mut records, mut used, mut claimed) = (0, BTreeSet::new(), 0);
    for line in export(&desk.data(), ExportFormat::OtlpLogs).lines() {
        let ours: Value = serde_json::from_str(line).unwrap();
        let read: LogsData = serde_json::from_str(line).unwrap();
        assert!(kept(&ours, &serde_json::to_value(&read).unwrap()), "{line}");
        for record in &read.resource_logs[0].scope_logs[0].log_records {
            assert_eq!(record.trace_id.len(), 16);
            assert!(matches!(record.span_id.len(), 0 | 8));
            assert!((1..=24).contains(&record.severity_number) && record.time_unix_nano > 1_700_000_000_000_000_000);
            records += 1;
        }
        for record in ours["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap() {
            names(&record["attributes"], &mut used);
            claimed += usize::from(record["traceId"] == CLIENT.0);
        }
    }
    assert_eq!((records, claimed), (entries, 4 * Kind::ALL.len()));
    conventions_hold(&used);
    let named = [
        "gen_ai.agent.id", "gen_ai.agent.name", "gen_ai.conversation.id", "gen_ai.operation.name",
        "gen_ai.tool.call.id", "gen_ai.tool.name",
    ];
    assert_eq!(used.iter().filter(|name| name.starts_with("gen_ai.")).collect::<Vec<_>>(), named);
}

#[test]
fn opentelemetry_reads_every_span_and_loses_nothing() {
    let mut desk = Desk::new();
    fill(&mut desk);
    let (mut used, mut ids, mut remote) = (BTreeSet::new(), BTreeSet::new(), 0);
    for line in export(&desk.data(), ExportFormat::OtlpTraces).lines() {
        let ours: Value = serde_json::from_str(line).unwrap();
        let read: TracesData = serde_json::from_str(line).unwrap();
        assert!(kept(&ours, &serde_json::to_value(&read).unwrap()), "{line}");
        for span in &read.resource_spans[0].scope_spans[0].spans {
            assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
            assert!(matches!(span.parent_span_id.len(), 0 | 8) && span.parent_span_id != span.span_id);
            assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
            assert_eq!(span.kind, 1, "internal, as the conventions want it of a tool that is executed");
            assert!(ids.insert(span.span_id.clone()), "a span is written once");
            remote += u32::from(span.flags == 0x300);
        }
        for span in ours["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap() {
            names(&span["attributes"], &mut used);
            let attribute = |key: &str| {
                let found = span["attributes"].as_array().unwrap().iter().find(|one| one["key"] == key);
                found.and_then(|one| one["value"]["stringValue"].as_str()).map(str::to_owned)
            };
            // What the conventions require of a span of this operation.
            if attribute("gen_ai.operation.name").as_deref() == Some("execute_tool") {
                let tool = attribute("gen_ai.tool.name").unwrap();
                assert_eq!(span["name"], format!("execute_tool {tool}"));
            }
            assert_eq!(span["status"]["code"] == 2, attribute("error.type").is_some(), "{span}");
        }
    }
    assert!(remote > 0);
    conventions_hold(&used);
}

/// A line of CEF read by the rules of ArcSight's guide: seven fields before the extension, `|` and `\` escaped in them;
/// in the extension `=` and `\` escaped, line ends as `\n` and `\r`, a key being what stands before a bare `=`.
fn read_cef(line: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let (mut head, mut field, mut chars) = (Vec::new(), String::new(), line.chars());
    while head.len() < 7 {
        match chars.next().expect("seven fields before the extension") {
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | '|')) => field.push(escaped),
                other => panic!("{other:?} is escaped in the head: {line}"),
            },
            '|' => head.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    let rest: Vec<char> = chars.collect();
    // Where a bare `=` stands, and where the word before it begins.
    let mut keys = Vec::new();
    let mut place = 0;
    while place < rest.len() {
        match rest[place] {
            '\\' => {
                assert!(matches!(rest.get(place + 1), Some('\\' | '=' | 'n' | 'r')), "a wrong escape: {line}");
                place += 2;
                continue;
            }
            '=' => {
                let start = rest[..place].iter().rposition(|c| *c == ' ').map_or(0, |space| space + 1);
                keys.push((start, place));
            }
            _ => {}
        }
        place += 1;
    }
    let mut found = BTreeMap::new();
    for (number, (start, end)) in keys.iter().enumerate() {
        let until = keys.get(number + 1).map_or(rest.len(), |(next, _)| next - 1);
        let key: String = rest[*start..*end].iter().collect();
        let (mut value, mut chars) = (String::new(), rest[end + 1..until].iter());
        while let Some(c) = chars.next() {
            match (*c, c == &'\\') {
                (_, true) => match chars.next().unwrap() {
                    'n' => value.push('\n'),
                    'r' => value.push('\r'),
                    other => value.push(*other),
                },
                (c, false) => value.push(c),
            }
        }
        assert_eq!(found.insert(key, value), None, "a key stands twice: {line}");
    }
    (head, found)
}

/// Keys of the CEF dictionary that we use, with their longest values (characters).
const CEF_KEYS: [(&str, usize); 17] = [
    ("act", 63),
    ("cs1", 4_000),
    ("cs1Label", 1_023),
    ("cs2", 4_000),
    ("cs2Label", 1_023),
    ("cs3", 4_000),
    ("cs3Label", 1_023),
    ("cs4", 4_000),
    ("cs4Label", 1_023),
    ("dproc", 1_023),
    ("externalId", 40),
    ("filePath", 1_023),
    ("msg", 1_023),
    ("rt", 32),
    ("sourceServiceName", 1_023),
    ("suser", 1_023),
    ("outcome", 63),
];

#[test]
fn every_cef_line_is_read_by_the_rules() {
    let mut desk = Desk::new();
    let entries = fill(&mut desk);
    let text = export(&desk.data(), ExportFormat::Cef);
    let parsed: Vec<_> = text.lines().map(read_cef).collect();
    assert_eq!(parsed.len(), entries);
    let mut names = BTreeSet::new();
    for (head, extension) in &parsed {
        assert_eq!(head[..3], ["CEF:0", "ClawButler", "ClawButler Desktop"]);
        assert!(Kind::ALL.iter().any(|(_, kind)| *kind == head[4]));
        assert!(head[5].chars().count() <= 512 && head[6].parse::<u8>().is_ok_and(|severity| severity <= 10));
        for (key, value) in extension {
            let (_, longest) =
                CEF_KEYS.iter().find(|(known, _)| known == key).unwrap_or_else(|| panic!("{key} is unknown"));
            assert!(value.chars().count() <= *longest, "{key} is too long: {value}");
            names.insert(key.as_str());
        }
        for number in 1..=4 {
            let (value, label) = (format!("cs{number}"), format!("cs{number}Label"));
            assert_eq!(extension.contains_key(&value), extension.contains_key(&label), "a custom field has a label");
        }
    }
    let odd =
        parsed.iter().find(|(_, extension)| extension.get("dproc").is_some_and(|tool| tool == "=Tool|1")).unwrap();
    assert!(odd.1["msg"].starts_with("Wants to use =Tool|1: s") && odd.1["filePath"] == "/p");
    let session = parsed.iter().filter_map(|(_, extension)| extension.get("cs4")).any(|session| session == "s|=1");
    assert!(session, "a session with odd characters is read back");
    assert!(names.contains("act") && names.contains("suser"));
}
