//! Retention: what goes, what stays, and that the log holds whatever interrupts a run.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use clawbutler_butler::{Butler, ExportPlan};
use clawbutler_core::clock::Timestamp;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::audit_search::{AuditFilter, ExportFormat, SearchAudit};
use clawbutler_wire::command::{GetRetention, ListAudit, RetentionPreview, SetRetention};
use clawbutler_wire::retention::{Keep, RetentionReport, RetentionSettings};
use clawbutler_wire::{Code, Seq};
use serde_json::{Value, json};

use crate::desk::{Desk, code};

const DAY: i64 = 24 * 60 * 60 * 1000;
const FOLDER: &str = "CLAWBUTLER_TEST_RETENTION_FOLDER";
const ROUNDS: u64 = 12;

fn days(days: u32) -> Keep {
    Keep { days: Some(days), megabytes: None }
}

fn choose(desk: &Desk, settings: RetentionSettings) {
    desk.butler().set_retention(SetRetention { settings }).unwrap();
}

fn everything() -> RetentionSettings {
    let (actions, decisions, sessions, housekeeping) = (days(30), days(30), days(30), days(30));
    RetentionSettings { on: false, actions, decisions, sessions, housekeeping, steps_days: Some(30) }
}

fn pruned(desk: &Desk) -> u64 {
    let report = Butler::verify_file(&DataDir::at(desk.data()), None, &[], |_, _| ()).unwrap();
    assert_eq!((report.intact, report.reason, report.checkpoint.as_str()), (true, None, "good"));
    report.pruned.0
}

fn found(desk: &Desk, text: &str) -> Vec<(u64, bool)> {
    let filter = AuditFilter { text: text.to_owned(), ..AuditFilter::default() };
    let request = SearchAudit { filter, limit: Some(500), ..SearchAudit::default() };
    let page = desk.butler().search_audit(request).unwrap();
    page.items.into_iter().map(|item| (item.seq.0, item.pruned)).collect()
}

fn export(desk: &Desk, format: ExportFormat) -> String {
    let plan = ExportPlan { filter: AuditFilter::default(), format, out: "unused".into(), after: None };
    let mut out = Vec::new();
    plan.stream(&desk.data().join("clawbutler.db"), &desk.data().join("search.db"), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn filled() -> Desk {
    let desk = Desk::new();
    for number in 0..200 {
        desk.ask("s", &format!("ls oldfolder-{number}"));
    }
    desk
}

#[test]
fn what_is_old_loses_its_facts_and_nothing_else() {
    let mut desk = filled();
    choose(&desk, everything());
    desk.pass_ms(29 * DAY);
    desk.ask("s", "ls newfolder");
    desk.butler().index_audit().unwrap();
    let before = found(&desk, "oldfolder*");
    assert_eq!(before.len(), 200);
    let preview = desk.butler().retention_preview(RetentionPreview::default()).unwrap();
    assert_eq!(preview.classes, [], "nothing is 30 days old");

    desk.pass_ms(2 * DAY);
    desk.ask("s", "ls newest");
    desk.butler().index_audit().unwrap();
    let preview = desk.butler().retention_preview(RetentionPreview::default()).unwrap();
    let counts: Vec<_> = preview.classes.iter().map(|class| (class.class.as_str(), class.entries.0)).collect();
    assert_eq!(counts, [("actions", 400), ("housekeeping", 1)], "the start is needed, the change of settings is not");
    let by_file = Butler::retention_file(&DataDir::at(desk.data()), Timestamp(desk.now())).unwrap();
    assert_eq!(by_file, (everything(), preview.clone()), "the command line sees the same");
    let report = desk.butler().retain().unwrap().unwrap();
    assert!(report.returned.is_some(), "a new database gives space back");
    assert_eq!(RetentionReport { returned: None, ..report.clone() }, preview);
    assert_eq!(pruned(&desk), 401);
    let view = desk.butler().get_retention(GetRetention {}).unwrap();
    assert_eq!(
        (view.settings, view.last, view.running, view.gives_back),
        (everything(), Some(report.clone()), None, true)
    );

    assert_eq!(found(&desk, "oldfolder*"), []);
    assert_eq!(found(&desk, "newfolder").len(), 1);
    let by_kind = found(&desk, "kind:action.requested");
    assert_eq!(by_kind.len(), 202, "entries are found by what their headers say");
    assert_eq!(by_kind.iter().filter(|(_, pruned)| *pruned).count(), 200);
    let ran = desk.entries("retention.ran");
    assert_eq!(ran.len(), 1);
    assert_eq!(ran[0].data["policy"], json!(everything()));
    assert_eq!((&ran[0].data["entries"], &ran[0].data["classes"]), (&json!(401), &json!(report.classes)));
    assert_eq!(desk.entries("audit.pruned").len(), 2);

    let csv = export(&desk, ExportFormat::Csv);
    assert_eq!(csv.lines().filter(|line| line.ends_with(",[pruned]")).count(), 401);
    assert!(!csv.contains("oldfolder"));
    let ocsf = export(&desk, ExportFormat::Ocsf);
    assert_eq!(ocsf.matches("\"data\":\"[pruned]\"").count(), 401);
    assert_eq!(export(&desk, ExportFormat::OtlpLogs).matches("[pruned]").count(), 401);

    // Nothing is left to do, and nothing is said of it.
    assert_eq!(desk.butler().retain().unwrap().unwrap().classes, []);
    assert_eq!(desk.entries("retention.ran").len(), 1);
    desk.close();
    desk.open();
    assert_eq!(pruned(&desk), 401);
    assert!(desk.alerts().is_empty(), "{:?}", desk.alerts());
    // Facts are gone from the files too, once the write-ahead log is put away.
    desk.close();
    for name in ["clawbutler.db", "clawbutler.db-wal", "search.db"] {
        let bytes = std::fs::read(desk.data().join(name)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("oldfolder-7"), "{name}");
    }
}

#[test]
fn every_proof_and_the_other_verifier_hold_after_a_run() {
    let mut desk = filled();
    choose(&desk, RetentionSettings { actions: days(1), ..RetentionSettings::default() });
    desk.pass_ms(3 * DAY);
    desk.butler().retain().unwrap().unwrap();
    desk.close();
    let data = DataDir::at(desk.data());
    let (note, key) = Butler::checkpoint_file(&data).unwrap();
    let key = key.unwrap();
    for seq in 1..=400 {
        let proof = Butler::prove_file(&data, seq).unwrap();
        assert_eq!(Butler::check_proof(&proof, &key).unwrap(), seq);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export.jsonl");
    Butler::export_file(&data.database(), &mut File::create(&file).unwrap()).unwrap();
    std::fs::write(folder.path().join("notes"), note).unwrap();
    let verifier = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/verifier/verify.py");
    let mut python = Command::new("python3");
    python.arg(verifier).arg(&file).arg("--checkpoints").arg(folder.path().join("notes")).args(["--key", &key]);
    let output = python.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("400 of them pruned"), "{said}");
    // What no run covers is missed by both.
    let text = std::fs::read_to_string(&file).unwrap();
    let cut: Vec<String> = text
        .lines()
        .map(|line| match line.find(",\"data\":{\"accepted\"") {
            Some(at) => format!("{}}}", &line[..at]),
            None => line.to_owned(),
        })
        .collect();
    std::fs::write(&file, cut.join("\n") + "\n").unwrap();
    assert!(!Butler::verify_export(&file, "", None).unwrap().intact);
    assert!(!python.output().unwrap().status.success());
}

#[test]
fn what_is_over_its_size_goes_and_what_is_needed_stays() {
    let mut desk = Desk::new();
    let long = "x".repeat(6_000);
    for number in 0..300 {
        desk.ask("s", &format!("ls {number} {long}"));
    }
    let (ticket, waiting) = desk.queue("s", "git push --force origin main");
    let span = desk.entries("approval.requested")[0].span.clone();
    let small = Keep { days: None, megabytes: Some(1) };
    choose(&desk, RetentionSettings { actions: small, decisions: small, ..RetentionSettings::default() });
    assert_eq!(desk.butler().retain().unwrap().unwrap().classes, [], "everything is of today");
    // The question is kept waiting over two days by a clock that jumped.
    desk.pass_closed_ms(2 * DAY);
    let report = desk.butler().retain().unwrap().unwrap();
    let class = &report.classes[0];
    assert_eq!((report.classes.len(), class.class.as_str()), (1, "actions"));
    let left = 300 * 6_000 - class.bytes.0;
    assert!((700_000..1_100_000).contains(&left), "{left} bytes are left of what was asked");
    assert_eq!(pruned(&desk), class.entries.0);

    choose(&desk, everything());
    desk.pass_closed_ms(40 * DAY);
    desk.butler().retain().unwrap().unwrap();
    let page = desk.butler().list_audit(ListAudit { span: Some(span), ..ListAudit::default() });
    let kept: Vec<_> = page.unwrap().items.iter().map(|entry| (entry.kind.clone(), entry.pruned)).collect();
    assert_eq!(
        kept,
        [("action.requested".to_owned(), false), ("approval.requested".to_owned(), false)],
        "{} waits",
        waiting.id
    );
    drop(ticket);
    // Now it is settled, its time comes too; the runs before did not make us forget it.
    desk.pass_ms(DAY);
    desk.pass_closed_ms(2 * DAY);
    desk.butler().retain().unwrap().unwrap();
    assert!(desk.entries("approval.requested")[0].pruned);
    let first = ListAudit { before: Some(Seq(2)), ..ListAudit::default() };
    let first = &desk.butler().list_audit(first).unwrap().items[0];
    assert_eq!((first.kind.as_str(), first.pruned), ("engine.started", false), "the next start needs it");
    desk.close();
    desk.open();
    assert!(desk.alerts().is_empty(), "{:?}", desk.alerts());
}

#[test]
fn the_timer_runs_it_once_a_day_and_only_when_it_is_on() {
    let desk = filled();
    choose(&desk, RetentionSettings { on: false, ..everything() });
    desk.pass_ms(40 * DAY);
    desk.pass_ms(DAY);
    assert_eq!(desk.entries("retention.ran").len(), 0);
    choose(&desk, RetentionSettings { on: true, ..everything() });
    desk.pass_ms(DAY);
    let wait = || {
        for _ in 0..2_000 {
            if desk.butler().get_retention(GetRetention {}).unwrap().running.is_none() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("the run does not end");
    };
    wait();
    assert_eq!(desk.entries("retention.ran").len(), 1);
    assert_eq!(desk.entries("settings.changed")[0].data["retention"]["after"]["on"], Value::Bool(true));
    desk.pass_ms(1_000);
    wait();
    assert_eq!(desk.entries("retention.ran").len(), 1);
    for (days, megabytes) in [(Some(0), None), (Some(3_651), None), (None, Some(0)), (None, Some(1_000_001))] {
        let settings = RetentionSettings { sessions: Keep { days, megabytes }, ..everything() };
        assert_eq!(code(desk.butler().set_retention(SetRetention { settings })), Code::BadRequest);
    }
}

#[test]
fn entries_put_into_the_index_after_a_run_have_no_words_of_it() {
    let desk = filled();
    choose(&desk, everything());
    desk.pass_ms(40 * DAY);
    let report = desk.butler().retain().unwrap().unwrap();
    assert_eq!(report.classes[0].entries, Seq(400));
    desk.butler().index_audit().unwrap();
    assert_eq!(found(&desk, "oldfolder*"), []);
    assert_eq!(found(&desk, "kind:action.requested").len(), 200);
}

/// Not a test of its own: prunes until it is ended.
#[test]
#[ignore = "a child of the next test"]
fn child() {
    let desk = Desk::at(std::path::Path::new(&std::env::var(FOLDER).unwrap()));
    desk.pass_closed_ms(40 * DAY);
    desk.butler().index_audit().unwrap();
    println!("\ngo");
    desk.butler().retain().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(20));
}

#[test]
fn a_run_that_is_killed_goes_on_and_the_log_holds_at_every_moment() {
    let mut interrupted = 0;
    // Longer where the machine is slow, so that some round is ended in the middle.
    let mut wait_ms = 8;
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = Desk::at(folder.path());
        for number in 0..400 {
            desk.ask("s", &format!("ls oldfolder-{number}"));
        }
        choose(&desk, everything());
        desk.butler().index_audit().unwrap();
        desk.close();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "retention::child", "--ignored", "--nocapture"]).env(FOLDER, folder.path());
        let mut child = child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "go"));
        std::thread::sleep(std::time::Duration::from_millis(wait_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let between = pruned(&desk);
        eprintln!("round {round}: {between} payloads were gone");
        interrupted += u32::from(between > 0 && between < 800);
        wait_ms = if between == 0 { (wait_ms * 2).min(1_000) } else { wait_ms + 6 };
        let mut desk = Desk::at(folder.path());
        desk.pass_closed_ms(40 * DAY);
        desk.butler().index_audit().unwrap();
        while desk.butler().retain().unwrap().unwrap().classes.is_empty() && pruned(&desk) < 800 {}
        assert!(pruned(&desk) > 800);
        assert_eq!(found(&desk, "oldfolder*"), []);
        assert_eq!(found(&desk, "kind:action.requested").len(), 400);
        assert!(desk.entries("retention.ran").len() <= 1);
        desk.close();
    }
    assert!(interrupted > 0, "no round was ended in the middle");
}
