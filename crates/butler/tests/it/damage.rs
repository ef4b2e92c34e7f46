//! A damaged database is set aside, kept as it was, and spoken of; never silently replaced.

use std::fs;
use std::path::PathBuf;

use clawbutler_butler::Butler;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::audit::ReplacedHow;
use clawbutler_wire::command::{ListAudit, VerifyAudit};
use serde_json::json;

use crate::copy::Copy;
use crate::desk::Desk;

fn database(desk: &Desk) -> PathBuf {
    desk.data().join("clawbutler.db")
}

/// Names and contents of the databases that were set aside.
fn aside(desk: &Desk) -> Vec<(String, Vec<u8>)> {
    let names = fs::read_dir(desk.data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.contains("damaged-") && name.ends_with(".db")).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), fs::read(desk.data().join(name)).unwrap())).collect()
}

fn first(desk: &Desk) -> (String, serde_json::Value) {
    let page = desk.butler().list_audit(ListAudit { before: Some(clawbutler_wire::Seq(2)), ..ListAudit::default() });
    let entry = page.unwrap().items.remove(0);
    (entry.kind, entry.data)
}

fn filled() -> Desk {
    let mut desk = Desk::new();
    for number in 0..60 {
        desk.ask("s", &format!("ls folder-{number}"));
    }
    desk.close();
    let other = rusqlite::Connection::open(database(&desk)).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    desk
}

#[test]
fn what_is_no_database_is_kept_and_the_new_log_says_so_first() {
    let mut desk = filled();
    let (note, _) = Butler::checkpoint_file(&DataDir::at(desk.data())).unwrap();
    let entries: u64 = note.lines().nth(1).unwrap().parse().unwrap();
    let junk = b"this was a database once".repeat(40);
    fs::write(database(&desk), &junk).unwrap();
    desk.open();
    let file = "clawbutler.damaged-2026-11-25T092050Z.db";
    assert_eq!(aside(&desk), [(file.to_owned(), junk)]);
    let (kind, data) = first(&desk);
    assert_eq!(
        (kind.as_str(), data),
        (
            "log.set_aside",
            json!({
                "file": file, "reason": "file is not a database", "set_aside_at": desk.now(), "entries": entries,
                "origin": note.lines().next().unwrap(), "checkpoint": note,
            })
        )
    );
    let alerts = desk.alerts();
    let known =
        format!("(this log was begun on 2026-11-25, because the database before was damaged and set aside as {file}");
    assert!(
        alerts.iter().any(|says| says.starts_with("The database was damaged (file is not a database).")),
        "{alerts:?}"
    );
    assert!(
        alerts.iter().any(|says| says.contains("checkpoints are of another one") && says.contains(&known)),
        "{alerts:?}"
    );
    let report = desk.butler().verify_audit(VerifyAudit {}).unwrap();
    assert_eq!((report.intact, report.first_bad), (false, None), "the start signed a checkpoint over it: {report:?}");
    let says = "the database was damaged and the log begun anew on 2026-11-25, as entry 1 says: ";
    assert!(report.reason.as_ref().unwrap().starts_with(says), "{report:?}");
    assert!(report.replaced.as_ref().unwrap().gone_upto.is_some(), "{report:?}");
    assert_eq!(
        Butler::verify_file(&DataDir::at(desk.data()), None, &[], |_, _| ()).unwrap(),
        report,
        "the command line too"
    );

    // The next start has nothing to add.
    desk.close();
    desk.open();
    assert_eq!(aside(&desk).len(), 1);
    assert_eq!(desk.entries("log.set_aside").len(), 1);
    assert!(desk.alerts().is_empty(), "{:?}", desk.alerts());
    let report = desk.butler().verify_audit(VerifyAudit {}).unwrap();
    let replaced = report.replaced.clone().unwrap();
    assert_eq!((report.intact, report.first_bad), (false, None), "{report:?}");
    assert_eq!((replaced.how, replaced.seq.0, replaced.file.as_str()), (ReplacedHow::BegunAnew, 1, file));
}

#[test]
fn a_start_that_ended_after_setting_aside_is_finished_by_the_next() {
    let mut desk = filled();
    let kept = fs::read(database(&desk)).unwrap();
    let file = "clawbutler.damaged-2026-11-25T000000Z.db";
    fs::rename(database(&desk), desk.data().join(file)).unwrap();
    let note = json!({ "file": file, "reason": "r", "at": 1 });
    fs::write(desk.data().join("set-aside.json"), note.to_string()).unwrap();
    desk.open();
    let (kind, data) = first(&desk);
    assert_eq!((kind.as_str(), &data["file"], &data["reason"]), ("log.set_aside", &json!(file), &json!("r")));
    assert_eq!(aside(&desk), [(file.to_owned(), kept)]);
    assert!(!desk.data().join("set-aside.json").exists());
}

#[test]
fn damaged_pages_never_stop_the_app_and_never_go_unsaid() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |bound: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % bound
    };
    let (mut aside_count, mut noticed) = (0, 0);
    let mut sound = filled();
    let whole = fs::read(database(&sound)).unwrap();
    let state = sound.data().with_file_name("data-state");
    let head = fs::read(state.join("head.json")).unwrap();
    let notes = fs::read(state.join("checkpoints.txt")).unwrap();
    for round in 0..24 {
        for name in fs::read_dir(sound.data()).unwrap().map(|entry| entry.unwrap().path()) {
            if name.extension().is_some_and(|end| end.to_string_lossy().starts_with("db")) {
                fs::remove_file(name).unwrap();
            }
        }
        fs::write(state.join("head.json"), &head).unwrap();
        fs::write(state.join("checkpoints.txt"), &notes).unwrap();
        let mut bytes = whole.clone();
        let page = usize::try_from(next(whole.len() as u64 / 4096)).unwrap() * 4096;
        let length = 1 + usize::try_from(next(4096)).unwrap();
        let from = page + usize::try_from(next(4097 - length as u64)).unwrap();
        bytes[from..from + length].iter_mut().for_each(|byte| *byte = u8::try_from(next(256)).unwrap());
        // A version that is greater is that of a later program: nothing to set aside.
        bytes[60..64].copy_from_slice(&whole[60..64]);
        fs::write(database(&sound), &bytes).unwrap();
        sound.open();
        match aside(&sound).as_slice() {
            [] => {
                let report = sound.butler().verify_audit(VerifyAudit {}).unwrap();
                noticed += u32::from(!report.intact);
                assert_ne!(first(&sound).0, "log.set_aside", "round {round}");
            }
            [(_, kept)] => {
                assert_eq!(kept, &bytes, "round {round}: it is kept as it was");
                assert_eq!(first(&sound).0, "log.set_aside", "round {round}");
                assert!(!sound.alerts().is_empty());
                aside_count += 1;
            }
            more => panic!("round {round}: {} were set aside", more.len()),
        }
        sound.close();
    }
    assert!(aside_count > 4 && aside_count + noticed > 10, "{aside_count} set aside, {noticed} noticed by verifying");
}

#[test]
fn damage_found_while_running_is_told_and_settled_by_the_next_start() {
    let mut desk = Desk::new();
    for number in 0..60 {
        desk.ask("s", &format!("ls folder-{number}"));
    }
    assert!(desk.butler().look_for_damage().unwrap());
    // An index that does not fit its table: nothing a quick look sees.
    let other = rusqlite::Connection::open(database(&desk)).unwrap();
    other.execute_batch("CREATE TABLE x (a, b); CREATE INDEX xa ON x (a); INSERT INTO x VALUES (1, 2);").unwrap();
    other
        .execute_batch(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX xa ON x (b)' WHERE name = 'xa';",
        )
        .unwrap();
    drop(other);
    assert!(!desk.butler().look_for_damage().unwrap());
    assert!(desk.alerts().iter().any(|says| says.starts_with("The database is damaged: ")), "{:?}", desk.alerts());
    assert_eq!(desk.entries("log.damaged").len(), 1);
    desk.close();
    desk.open();
    assert_eq!(first(&desk).0, "log.set_aside");
    assert_eq!(aside(&desk).len(), 1);
}

/// What a page of the database is, by its first byte: of a table or an index, its leaves or what leads to them; else
/// a longer text's other pages, a free one, the map of them.
fn sort_of(page: &[u8]) -> &'static str {
    match page[0] {
        13 => "leaf of a table",
        5 => "interior of a table",
        10 => "leaf of an index",
        2 => "interior of an index",
        _ => "overflow, free or map",
    }
}

/// Every entry as it stands in the file; `None`: it cannot be read.
fn entries_of(path: &std::path::Path) -> Option<Vec<Vec<rusqlite::types::Value>>> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI;
    let sql = rusqlite::Connection::open_with_flags(format!("file:{}?immutable=1", path.display()), flags).ok()?;
    let mut rows =
        sql.prepare("SELECT seq, at, kind, trace, span, hash, body, payload FROM ledger ORDER BY seq").ok()?;
    let row = |row: &rusqlite::Row<'_>| (0..8).map(|at| row.get(at)).collect();
    rows.query_map([], row).ok()?.collect::<Result<_, _>>().ok()
}

#[test]
fn no_page_of_any_sort_changes_an_entry_and_is_called_intact() {
    const PAGE: usize = 4096;
    // Pages of one sort that are tried, spread over the file.
    const TRIED: usize = 4;
    let mut sound = filled();
    sound.open();
    for number in 0..60 {
        sound.ask("s", &format!("echo {}", "long ".repeat(200 * (number % 5))));
    }
    sound.close();
    let copy = Copy::of(&sound);
    let path = copy.data().database();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE junk (x); INSERT INTO junk SELECT zeroblob(9000) FROM ledger; DROP TABLE junk; \
             PRAGMA wal_checkpoint(TRUNCATE);",
        )
        .unwrap();
    for end in ["db-wal", "db-shm"] {
        let _ = fs::remove_file(path.with_extension(end));
    }
    let (whole, known) = (fs::read(&path).unwrap(), entries_of(&path).unwrap());
    assert!(copy.verify().intact && known.len() > 60);
    let mut sorts = std::collections::BTreeMap::<&str, Vec<usize>>::new();
    for page in 0..whole.len() / PAGE {
        let sort = if page == 0 { "header" } else { sort_of(&whole[page * PAGE..]) };
        sorts.entry(sort).or_default().push(page);
    }
    assert_eq!(sorts.len(), 6, "{sorts:?}");
    for (sort, pages) in sorts {
        let mut told = 0;
        for page in pages.iter().step_by(pages.len().div_ceil(TRIED)).copied() {
            // One byte near its beginning, one behind, and a part of it.
            for (from, length) in [(page * 7 % 12, 1), (PAGE / 2 + page * 31 % 2000, 1), (PAGE / 3, 900)] {
                let mut bytes = whole.clone();
                let place = page * PAGE + from;
                bytes[place..place + length].iter_mut().for_each(|byte| *byte ^= 0x15);
                fs::write(&path, &bytes).unwrap();
                let changed = entries_of(&path).is_none_or(|rows| rows != known);
                let report = Butler::verify_file(&copy.data(), None, &[], |_, _| ());
                let intact = report.is_ok_and(|report| report.intact);
                assert!(!(changed && intact), "{sort}, page {page}, byte {from}: called intact");
                told += usize::from(changed);
            }
        }
        assert!(told > 0 || !sort.starts_with("leaf of a table"), "{sort}: nothing was changed");
    }
}
