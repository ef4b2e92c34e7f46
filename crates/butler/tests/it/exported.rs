//! Exports to a file: continued after a kill to the same bytes, one at a time, private, and never onto our own files.

use std::fs;
use std::path::{Path, PathBuf};

use clawbutler_butler::{Butler, ExportPlan, Lock};
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_platform::paths::DataDir;
use clawbutler_store::{Durability, Store, StoreError};
use clawbutler_wire::Code;
use clawbutler_wire::audit_search::{AuditFilter, ExportAudit, ExportFormat};
use clawbutler_wire::command::SetRetention;
use clawbutler_wire::retention::{Keep, RetentionSettings};
use serde_json::json;

use crate::desk::{Desk, code};

const FORMATS: [ExportFormat; 6] = [
    ExportFormat::Jsonl,
    ExportFormat::Csv,
    ExportFormat::Cef,
    ExportFormat::Ocsf,
    ExportFormat::OtlpLogs,
    ExportFormat::OtlpTraces,
];
const PACK: ExportFormat = ExportFormat::Pack;

/// Appends entries as an engine did long ago; what they say differs with `word`.
fn append(desk: &Desk, count: u64, word: &str) {
    let store = Store::open(&desk.data().join("clawbutler.db")).unwrap();
    let draft = |number: u64| Draft {
        kind: if number.is_multiple_of(3) { Kind::ActionCompleted } else { Kind::ActionRequested },
        actor: Actor::Agent { runtime: "claude-code".to_owned(), session: "s".to_owned() },
        trace: format!("{:032x}", number / 50 + 1).as_str().into(),
        span: format!("{:016x}", number / 3 + 1).as_str().into(),
        parent: None,
        data: json!({ "tool": "Bash", "summary": format!("={word} {number}\n|,\"") }),
    };
    store
        .write::<_, StoreError>(Durability::Process, |tx| {
            (0..count).try_for_each(|number| tx.append(draft(number), Timestamp(1_795_600_000_000)).map(drop))
        })
        .unwrap();
}

/// A closed desk with a log of so many entries and those of a start and an end.
fn filled(count: u64) -> Desk {
    saying(count, "ls")
}

fn saying(count: u64, word: &str) -> Desk {
    let mut desk = Desk::new();
    desk.close();
    append(&desk, count, word);
    desk
}

fn data(desk: &Desk) -> DataDir {
    DataDir::at(desk.data())
}

fn plan(format: ExportFormat, out: PathBuf) -> ExportPlan {
    ExportPlan { filter: AuditFilter::default(), format, out, after: None }
}

fn whole(desk: &Desk, plan: &ExportPlan) -> Vec<u8> {
    let exported = plan.run(&data(desk), |_| true).unwrap().unwrap();
    exported.publish().unwrap();
    let bytes = fs::read(&plan.out).unwrap();
    assert_eq!(exported.digest, clawbutler_core::digest::sha256(&bytes));
    bytes
}

/// The partial file and the note beside `out`, as far as they are there.
fn beside(out: &Path) -> [PathBuf; 2] {
    [".part", ".part.json"].map(|end| PathBuf::from(format!("{}{end}", out.display())))
}

/// Runs to a step and gives what a kill there would leave at `left`; then stops there.
fn killed(desk: &Desk, plan: &ExportPlan, step: usize, left: &Path) {
    let mut steps = 0;
    let stopped = plan.run(&data(desk), |_| {
        steps += 1;
        if steps == step {
            for (from, to) in beside(&plan.out).iter().zip(beside(left)) {
                let _ = fs::remove_file(&to);
                let _ = fs::copy(from, to);
            }
        }
        steps < step
    });
    assert!(stopped.unwrap().is_none());
}

/// Of every format: stopped after a batch, or killed there with half a line written, and gone on with.
fn goes_on(desk: &Desk, formats: &[ExportFormat], batch: usize) {
    for format in formats.iter().copied() {
        let name = |name: &str| desk.home().join(format!("{name}-{batch}-{format:?}"));
        let all = whole(desk, &plan(format, name("whole")));
        let (stopped, left) = (plan(format, name("stopped")), plan(format, name("killed")));
        killed(desk, &stopped, batch, &left.out);
        let part = &beside(&left.out)[0];
        fs::write(part, [&fs::read(part).unwrap()[..], b"half a li"].concat()).unwrap();
        for one in [stopped, left] {
            let noted = beside(&one.out)[1].exists();
            let mut first = None;
            let done = one.run(&data(desk), |step| {
                first.get_or_insert(step.at);
                true
            });
            done.unwrap().unwrap().publish().unwrap();
            assert!(fs::read(&one.out).unwrap() == all, "{format:?}");
            assert!(!noted || first.is_none_or(|at| at > 1_000), "it began anew: {first:?}");
            assert!(beside(&one.out).iter().all(|left| !left.exists()));
            assert_eq!(code(one.run(&data(desk), |_| true)), Code::BadRequest, "never over a file");
        }
    }
}

#[test]
fn every_form_goes_on_after_a_kill_or_a_stop_to_the_same_bytes() {
    goes_on(&filled(2_345), &FORMATS, 1);
}

#[test]
fn what_was_noted_is_not_written_again() {
    goes_on(&filled(11_345), &[ExportFormat::Csv, ExportFormat::OtlpLogs], 11);
}

#[test]
fn what_was_changed_meanwhile_is_not_gone_on_with() {
    let desk = filled(11_000);
    let one = plan(ExportFormat::Jsonl, desk.home().join("log.jsonl"));
    let all = whole(&desk, &plan(ExportFormat::Jsonl, desk.home().join("whole.jsonl")));
    let [part, _] = beside(&one.out);
    for change in [0, 1] {
        killed(&desk, &one, 11, &desk.home().join("unused"));
        let mut bytes = fs::read(&part).unwrap();
        match change {
            0 => bytes[5_000] ^= 1,
            _ => bytes.truncate(6_000),
        }
        fs::write(&part, bytes).unwrap();
        assert!(whole(&desk, &one) == all, "change {change}");
        fs::remove_file(&one.out).unwrap();
    }
    // Another log took the place of the one it was begun with.
    killed(&desk, &one, 11, &desk.home().join("unused"));
    let other = saying(13_000, "other");
    fs::copy(other.data().join("clawbutler.db"), desk.data().join("clawbutler.db")).unwrap();
    whole(&desk, &one);
    let report = Butler::verify_export(&one.out, "", None).unwrap();
    assert!(report.intact && report.entries.0 > 13_000, "{report:?}");
}

#[test]
fn entries_appended_meanwhile_are_left_out_or_wanted_by_retention() {
    let mut desk = filled(3_000);
    let one = plan(ExportFormat::Jsonl, desk.home().join("log.jsonl"));
    let mut steps = 0;
    let exported = one.run(&data(&desk), |step| {
        steps += 1;
        assert!(step.at <= step.total);
        if steps < 3 {
            append(&desk, 500, "later");
        }
        true
    });
    exported.unwrap().unwrap().publish().unwrap();
    assert!(!fs::read_to_string(&one.out).unwrap().contains("later"));
    assert!(Butler::verify_export(&one.out, "", None).unwrap().intact);

    // Facts that retention removes while it runs are missing in it, so the run that removed them is there.
    desk.pass_closed_ms(3 * 24 * 60 * 60 * 1_000);
    desk.open();
    let actions = Keep { days: Some(1), megabytes: None };
    let settings = RetentionSettings { actions, ..RetentionSettings::default() };
    desk.butler().set_retention(SetRetention { settings }).unwrap();
    let two = plan(ExportFormat::Jsonl, desk.home().join("pruned.jsonl"));
    let mut ran = false;
    let exported = two.run(&data(&desk), |_| {
        if !std::mem::replace(&mut ran, true) {
            desk.butler().retain().unwrap().unwrap();
        }
        true
    });
    exported.unwrap().unwrap().publish().unwrap();
    let report = Butler::verify_export(&two.out, "", None).unwrap();
    assert!(report.intact && report.pruned.0 > 1_000, "{report:?}");
}

#[test]
fn one_export_at_a_time_writes_to_a_file() {
    let mut desk = filled(3_000);
    let one = plan(ExportFormat::Csv, desk.home().join("log.csv"));
    let all = whole(&desk, &plan(ExportFormat::Csv, desk.home().join("whole.csv")));
    desk.open();
    let mut refused = 0;
    let exported = one.run(&data(&desk), |_| {
        let again = plan(ExportFormat::Jsonl, one.out.clone()).run(&data(&desk), |_| true);
        assert_eq!(code(again), Code::Precondition);
        assert_eq!(code(desk.butler().pack_audit(&one.filter, &one.out, |_| true)), Code::Precondition);
        refused += 1;
        true
    });
    exported.unwrap().unwrap().publish().unwrap();
    assert!(refused > 2 && fs::read(&one.out).unwrap().starts_with(&all));
    let pack = desk.home().join("log.zip");
    let packed = desk.butler().pack_audit(&one.filter, &pack, |_| {
        assert_eq!(code(desk.butler().pack_audit(&one.filter, &pack, |_| true)), Code::Precondition);
        true
    });
    assert_eq!(packed.unwrap(), clawbutler_core::digest::sha256(&fs::read(&pack).unwrap()));
    assert!(Butler::check_pack(&pack, None).unwrap().report.is_some());
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_removed_meanwhile_is_said_and_nothing_claimed() {
    let mut desk = filled(11_345);
    desk.open();
    let folder = desk.home().join("out");
    let gone = |done: Result<(), clawbutler_butler::Error>| {
        let error = done.unwrap_err().0;
        assert!(error.message.contains("is gone from"), "{error:?}");
        assert!(error.hint.unwrap().contains("folder"));
        assert!(!folder.exists(), "it was made again");
    };
    // In the first steps, before the first note, behind it, and at the end.
    for (format, at) in FORMATS.into_iter().zip([1, 8, 12].into_iter().cycle()) {
        fs::create_dir(&folder).unwrap();
        let one = plan(format, folder.join("log"));
        let mut steps = 0;
        let done = one.run(&data(&desk), |_| {
            steps += 1;
            if steps == at {
                fs::remove_dir_all(&folder).unwrap();
            }
            true
        });
        gone(done.map(|_| ()));
    }
    fs::create_dir(&folder).unwrap();
    let exported = plan(ExportFormat::Jsonl, folder.join("log")).run(&data(&desk), |_| true).unwrap().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    gone(exported.publish());
    fs::create_dir(&folder).unwrap();
    let done = desk.butler().pack_audit(&AuditFilter::default(), &folder.join("log.zip"), |_| {
        let _ = fs::remove_dir_all(&folder);
        true
    });
    gone(done.map(drop));
    fs::create_dir(&folder).unwrap();
    let out = folder.join("copy.db");
    let done = Butler::backup_file(&data(&desk), &out, &Lock::None, Timestamp(1), |_, _| {
        let _ = fs::remove_dir_all(&folder);
    });
    gone(done.map(drop));
    desk.pass_ms(1_000);
    assert_eq!((desk.entries("audit.exported").len(), desk.entries("backup.made").len()), (0, 0));
}

#[cfg(unix)]
#[test]
fn an_export_is_private_and_follows_no_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let desk = filled(50);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for format in FORMATS {
        let one = plan(format, desk.home().join(format!("{format:?}")));
        let [part, _] = beside(&one.out);
        fs::write(&part, "somebody left this readable").unwrap();
        fs::set_permissions(&part, fs::Permissions::from_mode(0o666)).unwrap();
        whole(&desk, &one);
        assert_eq!(mode(&one.out), 0o600, "{format:?}");
    }
    let precious = desk.home().join("precious");
    fs::write(&precious, "mine").unwrap();
    let one = plan(ExportFormat::Csv, desk.home().join("linked.csv"));
    let [part, _] = beside(&one.out);
    symlink(&precious, &part).unwrap();
    assert!(one.run(&data(&desk), |_| true).is_err());
    fs::remove_file(&part).unwrap();
    fs::create_dir(&part).unwrap();
    assert!(one.run(&data(&desk), |_| true).is_err());
    symlink(desk.home().join("nowhere"), &one.out).unwrap();
    assert_eq!(code(one.run(&data(&desk), |_| true)), Code::BadRequest);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "mine");
}

#[cfg(unix)]
#[test]
fn nothing_is_written_among_our_own_files() {
    let mut desk = filled(50);
    desk.open();
    let state = data(&desk).state().to_owned();
    std::os::unix::fs::symlink(desk.data(), desk.home().join("link")).unwrap();
    let out = [
        desk.data().join("clawbutler.db"),
        desk.data().join("clawbutler.db-journal"),
        desk.data().join("spool.jsonl"),
        desk.data().join("new/../x.csv"),
        desk.data().join("bin/clawbutler-hook"),
        desk.home().join("link/restored.json"),
        desk.home().join("../data/x"),
        state.join("checkpoints.txt.1"),
    ];
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = (names(&desk.data()), names(&state));
    for out in out {
        let refused = |done: Code| assert!(matches!(done, Code::Precondition | Code::BadRequest), "{}", out.display());
        refused(code(plan(ExportFormat::Csv, out.clone()).run(&data(&desk), |_| true)));
        refused(code(desk.butler().pack_audit(&AuditFilter::default(), &out, |_| true)));
        refused(code(Butler::backup_file(&data(&desk), &out, &Lock::None, Timestamp(1), |_, _| ())));
        for format in [ExportFormat::Jsonl, PACK] {
            let out = out.display().to_string();
            let request = ExportAudit { filter: AuditFilter::default(), format, out };
            refused(code(desk.butler().export_audit(request)));
        }
    }
    let after = (names(&desk.data()), names(&state));
    let made: Vec<_> = after.0.iter().filter(|name| !before.0.contains(name)).collect();
    assert!(made.iter().all(|name| name.to_string_lossy() == "backup.lock"), "{made:?}");
    assert_eq!(after.1, before.1);
}
