//! What hooks wrote while the engine was away, and what others wrote into the same file.

use std::fs;

use clawbutler_core::limits::{FRAME_BYTES, SPOOL_BYTES};
use clawbutler_wire::gateway::{SpoolRecord, VERSION, Verdict};
use serde_json::json;

use crate::copy::Copy;
use crate::desk::Desk;

const KEY: &str = "sk-ant-api03-a1B2c3D4e5F6g7H8i9J0kLmNa1B2c3D4e5F6g7H8i9J0kLmNa1B2c3D4e5F6g7H8i9J0kLmN";

fn record(desk: &Desk, id: &str, command: &str) -> SpoolRecord {
    SpoolRecord {
        v: VERSION,
        id: id.to_owned(),
        at_ms: desk.now(),
        request: desk.request("s", command),
        verdict: Verdict::Defer,
        reason: String::new(),
        cause: "the app is not running".to_owned(),
    }
}

fn line(record: &SpoolRecord) -> String {
    serde_json::to_string(record).unwrap() + "\n"
}

/// A desk that finds these bytes when it starts.
fn started_with(bytes: &[u8]) -> Desk {
    let mut desk = Desk::new();
    desk.close();
    fs::write(desk.data().join("spool.jsonl"), bytes).unwrap();
    desk.open();
    desk
}

#[test]
fn what_stands_there_unmasked_is_masked_before_it_is_recorded() {
    let other = Desk::new();
    let mut planted = record(&other, "1", &format!("curl -H 'x-api-key: {KEY}' https://example.org"));
    planted.request.session = format!("session {KEY}");
    planted.request.cwd = format!("/work/{KEY}");
    planted.request.mode = format!("--api-key={KEY}");
    planted.request.tool = format!("tool-{KEY}");
    (planted.reason, planted.cause) = (format!("it has {KEY}"), format!("because of {KEY}"));
    let mut desk = started_with(line(&planted).as_bytes());
    let entry = desk.entries("offline.recorded").remove(0);
    assert!(entry.data.to_string().matches("[masked:").count() >= 7, "{}", entry.data);
    desk.close();
    for name in ["clawbutler.db", "clawbutler.db-wal"] {
        let bytes = fs::read(desk.data().join(name)).unwrap_or_default();
        assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "{name}");
    }
    let (ours, theirs) = Copy::of(&desk).verify_export();
    assert!(ours.intact && theirs);
}

#[test]
fn the_name_a_client_gives_its_session_is_masked_in_headers_too() {
    let mut desk = Desk::new();
    let session = format!("s-{KEY}");
    desk.ask(&session, "ls");
    let (_ticket, asked) = desk.queue(&session, "git push --force origin main");
    desk.butler().client_gone(&asked.id);
    let mut request = desk.request(&session, "ls");
    desk.butler().delivered(&request, Verdict::Defer, None);
    request.event = clawbutler_wire::gateway::Event::SessionEnded;
    desk.butler().submit(&request);
    assert_eq!(desk.entries("session.ended").len(), 1);
    desk.close();
    for name in ["clawbutler.db", "clawbutler.db-wal"] {
        let bytes = fs::read(desk.data().join(name)).unwrap_or_default();
        assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "{name}");
    }
}

#[test]
fn lines_that_are_no_record_are_counted_and_the_others_taken_in() {
    let other = Desk::new();
    let mut bytes = b"\xef\xbb\xbf{}\n\xff\xfe\n\0\0\0\nnull\n[]\n".to_vec();
    bytes.extend(line(&record(&other, "1", "ls \u{0} \u{202e}\u{1f980} e\u{301}")).as_bytes());
    let long = record(&other, "2", &"x".repeat(FRAME_BYTES));
    bytes.extend(line(&long).as_bytes());
    bytes.extend(line(&record(&other, "3", "pwd")).as_bytes());
    // The last one is torn.
    let torn = line(&record(&other, "4", "ls"));
    bytes.extend(&torn.as_bytes()[..torn.len() / 2]);
    let mut desk = started_with(&bytes);
    let taken: Vec<_> = desk.entries("offline.recorded").iter().map(|entry| entry.data["record"].clone()).collect();
    assert_eq!(taken, [json!("3"), json!("1")]);
    assert_eq!(desk.entries("offline.damaged")[0].data, json!({ "lines": 7 }));
    desk.close();
    let (ours, theirs) = Copy::of(&desk).verify_export();
    assert!(ours.intact && theirs);
}

#[test]
fn a_file_no_hook_can_have_written_is_kept_aside_and_is_no_reason_not_to_start() {
    let desk = started_with(&vec![b'x'; usize::try_from(SPOOL_BYTES * 2 + 1).unwrap()]);
    let facts = &desk.entries("offline.damaged")[0].data;
    assert_eq!(facts["bytes"], SPOOL_BYTES * 2 + 1);
    assert!(desk.data().join(facts["file"].as_str().unwrap()).exists());
    assert!(desk.alerts()[0].contains("was not taken in"), "{:?}", desk.alerts());
    fs::create_dir_all(desk.data().join("spool.jsonl/folder")).unwrap();
    desk.pass_ms(2_000);
    assert_eq!(desk.entries("offline.damaged").len(), 2);
    // What comes next is taken in as ever.
    fs::write(desk.data().join("spool.jsonl"), line(&record(&desk, "1", "ls"))).unwrap();
    desk.pass_ms(1);
    assert_eq!(desk.entries("offline.recorded").len(), 1);
}

#[test]
fn a_kill_while_it_is_taken_in_records_nothing_twice() {
    let mut desk = started_with(b"");
    let lines = line(&record(&desk, "1", "ls")) + &line(&record(&desk, "2", "pwd"));
    fs::write(desk.data().join("spool.jsonl"), &lines).unwrap();
    desk.pass_ms(1);
    desk.close();
    // It was committed, and the file that had been moved aside was not deleted yet.
    fs::write(desk.data().join("spool.taking"), &lines).unwrap();
    fs::write(desk.data().join("spool.jsonl"), line(&record(&desk, "3", "id"))).unwrap();
    desk.open();
    let taken: Vec<_> = desk.entries("offline.recorded").iter().map(|entry| entry.data["record"].clone()).collect();
    assert_eq!(taken, [json!("3"), json!("2"), json!("1")]);
}
