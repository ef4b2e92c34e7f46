//! The audit log under attack: each done with raw SQLite on a closed data folder, each with its exact reason, by our own
//! verification and by the one in another language.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clawbutler_butler::Butler;
use clawbutler_ledger::{GENESIS, Hash, entry, merkle};
use rusqlite::{Connection, params};

use crate::copy::{Copy, forge, found, lived, verifier};
use crate::desk::Desk;

/// Computes every hash anew, as someone would who knows the format.
fn rechain(sql: &Connection) {
    let mut prev: Hash = GENESIS;
    let mut statement = sql.prepare("SELECT seq, body FROM ledger ORDER BY seq").unwrap();
    let rows: Vec<(u64, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    for (seq, body) in rows {
        prev = entry::chain(&prev, &merkle::leaf(body.as_bytes()));
        sql.execute("UPDATE ledger SET hash = ? WHERE seq = ?", params![prev, seq]).unwrap();
    }
}

/// The statement, whether everything is chained anew afterwards, the first bad entry (0: any) and the reason.
type Attack<'a> = (&'a str, bool, u64, &'a str);

const CHANGED: &str = "its content was changed: the hash does not fit";
const COLUMNS: &str = "its columns differ from its content";
const PAYLOAD: &str = "its payload was changed: the digest does not fit";

/// LAST stands for the number of the newest entry.
fn attacks<'a>(last: u64, cut: &'a str, rewritten: &'a str) -> Vec<Attack<'a>> {
    let missing = "it is missing: the next entry is 5";
    vec![
        (
            "UPDATE ledger SET body = replace(body, '\"actor\":{', '\"actor\":{\"x\":1,') WHERE seq = 4",
            false,
            4,
            CHANGED,
        ),
        (
            "UPDATE ledger SET body = replace(body, '\"kind\":\"engine\"', '\"kind\":\"hook\"') WHERE seq = LAST",
            false,
            last,
            CHANGED,
        ),
        ("UPDATE ledger SET body = replace(body, '\"at\":17', '\"at\":16') WHERE seq = LAST", false, last, CHANGED),
        ("UPDATE ledger SET body = ' ' || body WHERE seq = 4", true, 4, "its content is not in canonical form"),
        ("UPDATE ledger SET body = '{}' WHERE seq = 4", false, 4, CHANGED),
        ("UPDATE ledger SET payload = '{}' WHERE seq = 4", false, 4, PAYLOAD),
        ("UPDATE ledger SET payload = payload || ' ' WHERE seq = LAST", false, last, PAYLOAD),
        (
            "UPDATE ledger SET payload = NULL WHERE seq = 4",
            false,
            4,
            "its payload is missing and no retention run removed it",
        ),
        ("UPDATE ledger SET at = at + 1 WHERE seq = LAST", false, last, COLUMNS),
        ("UPDATE ledger SET kind = 'action.failed' WHERE seq = 4", false, 4, COLUMNS),
        ("UPDATE ledger SET trace = 'x' WHERE seq = 4", false, 4, COLUMNS),
        ("UPDATE ledger SET span = 'x' WHERE seq = 4", false, 4, COLUMNS),
        ("UPDATE ledger SET hash = zeroblob(32) WHERE seq = LAST", false, last, CHANGED),
        ("DELETE FROM ledger WHERE seq = 4", false, 4, missing),
        ("DELETE FROM ledger WHERE seq = LAST", false, last, cut),
        ("DELETE FROM ledger WHERE seq > 4", false, 5, cut),
        ("DELETE FROM ledger", false, 1, cut),
        // Two entries change places.
        (
            "UPDATE ledger SET seq = -1 WHERE seq = 4; UPDATE ledger SET seq = 4 WHERE seq = 5; UPDATE ledger SET seq = 5 WHERE seq = -1",
            false,
            4,
            CHANGED,
        ),
        (
            "UPDATE ledger SET seq = -1 WHERE seq = 4; UPDATE ledger SET seq = 4 WHERE seq = 5; UPDATE ledger SET seq = 5 WHERE seq = -1",
            true,
            4,
            "its content carries another sequence number",
        ),
        // One is put in between, the others move up.
        (
            "UPDATE ledger SET seq = -seq - 1 WHERE seq >= 4; UPDATE ledger SET seq = -seq WHERE seq < 0; INSERT INTO ledger SELECT 4, at, kind, trace, span, hash, body, payload FROM ledger WHERE seq = 5",
            false,
            5,
            CHANGED,
        ),
        // The newest is edited and everything chained anew: only a checkpoint can tell.
        (
            "UPDATE ledger SET body = replace(body, 'FRESH', '{\"actor\":{\"kind\":\"hook\"}') WHERE seq = LAST",
            true,
            0,
            rewritten,
        ),
    ]
}

#[test]
fn each_attack_on_the_database_is_told_with_its_reason() {
    let mut desk = Desk::new();
    let (last, _) = lived(&mut desk);
    let whole = Copy::of(&desk).verify();
    assert_eq!((found(&whole), whole.checkpoint_entries.map(|seq| seq.0)), ((None, "-", "good"), Some(last)));
    let rewritten = format!("the entries up to {last} are not those of the checkpoint: the log was rewritten");
    let cut = format!("it is missing: the log had {last} entries");
    let fresh = "{\"actor\":{\"kind\":\"engine\"}";
    for (statement, anew, first_bad, reason) in attacks(last, &cut, &rewritten) {
        let copy = Copy::of(&desk);
        let sql = copy.sql();
        sql.pragma_update(None, "ignore_check_constraints", true).unwrap();
        let statement = statement.replace("LAST", &last.to_string()).replace("FRESH", fresh);
        sql.execute_batch(&statement).unwrap();
        if anew {
            rechain(&sql);
        }
        drop(sql);
        let report = copy.verify();
        let (bad, why, checkpoint) = found(&report);
        assert_eq!(why, reason, "{statement}");
        if first_bad > 0 {
            assert_eq!(bad, Some(first_bad), "{statement}");
        } else {
            assert!(bad.is_some_and(|bad| bad <= last) && checkpoint == "root_differs", "{statement}: {report:?}");
        }
        let (ours, theirs) = copy.verify_export();
        // An export has no columns.
        assert_eq!((ours.intact, theirs), (why == COLUMNS, why == COLUMNS), "{statement}: {ours:?}");
    }
    let (ours, theirs) = Copy::of(&desk).verify_export();
    assert_eq!((found(&ours), theirs), ((None, "-", "good"), true));
}

#[test]
fn what_a_chain_cannot_see_is_told_by_what_is_kept_outside() {
    let mut desk = Desk::new();
    let (last, first) = lived(&mut desk);
    let attack = |change: &dyn Fn(&Copy)| {
        let copy = Copy::of(&desk);
        change(&copy);
        let report = copy.verify();
        assert!(!report.intact);
        // The engine notices it at its start, records it and raises it.
        let opened = Desk::at(copy.0.path());
        let noticed = opened.entries("tampering.noticed");
        assert!(!noticed.is_empty() && !opened.alerts().is_empty(), "{report:?}");
        (report.first_bad.map(|seq| seq.0), report.reason.unwrap(), report.checkpoint)
    };
    let database = |copy: &Copy| copy.data().database();
    let wal = |copy: &Copy| copy.data().path().join("clawbutler.db-wal");

    let mut other = Desk::new();
    other.close();
    fs::remove_dir_all(other.data()).unwrap();
    fs::remove_dir_all(other.data().with_file_name("data-state")).unwrap();
    other.pass_closed_ms(5_000);
    other.open();
    lived(&mut other);
    let theirs = Copy::of(&other);
    let another = attack(&|copy| {
        fs::copy(database(&theirs), database(copy)).unwrap();
        let _ = fs::remove_file(wal(copy));
        if wal(&theirs).exists() {
            fs::copy(wal(&theirs), wal(copy)).unwrap();
        }
    });
    let words = "the log was begun anew or swapped: the checkpoints are of another one";
    // Its own checkpoints are signed by its own key.
    assert_eq!(another, (Some(1), words.to_owned(), "key_replaced".to_owned()));

    let older = attack(&|copy| {
        let sql = copy.sql();
        sql.execute_batch(&format!(
            "DELETE FROM ledger WHERE seq > {first}; DELETE FROM checkpoints WHERE size > {first}; DELETE FROM tree"
        ))
        .unwrap();
    });
    let cut = format!("it is missing: the log had {last} entries");
    assert_eq!(older, (Some(first + 1), cut, "beyond_the_end".to_owned()));

    let added = attack(&|copy| forge(copy, clawbutler_ledger::Kind::ActionDecided));
    assert_eq!(added, (Some(last + 1), "it was added while ClawButler was closed".to_owned(), "good".to_owned()));

    let key = "a checkpoint is signed by another key, or two places name different keys";
    let replaced = attack(&|copy| fs::write(copy.data().audit_key(), [9; 32]).unwrap());
    assert_eq!((replaced.0, replaced.1.as_str(), replaced.2.as_str()), (None, key, "key_replaced"));

    let gone = attack(&|copy| fs::remove_dir_all(copy.data().state()).unwrap());
    let words = "the copy of key and checkpoints outside the database is gone";
    assert_eq!((gone.0, gone.1.as_str(), gone.2.as_str()), (None, words, "none"));

    let signature = attack(&|copy| {
        let path = copy.data().state().join("checkpoints.txt");
        let text = fs::read_to_string(&path).unwrap();
        let at = text.rfind("\ntime ").unwrap();
        fs::write(&path, format!("{}\ntime 2{}", &text[..at], &text[at + 7..])).unwrap();
    });
    let words = "a checkpoint is damaged or its signature does not fit";
    assert_eq!((signature.0, signature.1.as_str(), signature.2.as_str()), (None, words, "signature_bad"));
}

#[test]
fn facts_are_not_erased_in_the_name_of_a_retention_run() {
    let mut desk = Desk::new();
    lived(&mut desk);
    desk.open();
    let copy = Copy::of(&desk);
    let sql = copy.sql();
    sql.execute_batch("UPDATE ledger SET payload = NULL WHERE seq = 4").unwrap();
    drop(sql);
    let store = clawbutler_store::Store::open(&copy.data().database()).unwrap();
    let kind: String = store
        .read::<_, clawbutler_store::StoreError>(|read| Ok(read.ledger_row(4)?.map(|row| row.kind)))
        .unwrap()
        .unwrap();
    store
        .write::<_, clawbutler_store::StoreError>(clawbutler_store::Durability::Power, |tx| {
            let draft = clawbutler_ledger::Draft {
                kind: clawbutler_ledger::Kind::AuditPruned,
                actor: clawbutler_core::actor::Actor::Engine,
                trace: "t".into(),
                span: "s".into(),
                parent: None,
                data: serde_json::json!({ "below": 6, "kinds": [kind] }),
            };
            tx.append(draft, clawbutler_core::clock::Timestamp(desk.now() + 1_000)).map(drop)
        })
        .unwrap();
    drop(store);
    let words = "its payload is missing and no retention run removed it";
    let report = copy.verify();
    assert_eq!((found(&report).0, found(&report).1), (Some(4), words));
    let (ours, theirs) = copy.verify_export();
    assert_eq!((ours.first_bad.map(|seq| seq.0), theirs), (Some(4), false));
}

#[test]
fn a_log_that_is_gone_is_known_to_have_been() {
    let mut desk = Desk::new();
    let (last, _) = lived(&mut desk);
    let copy = Copy::of(&desk);
    for name in ["clawbutler.db", "clawbutler.db-wal", "clawbutler.db-shm"] {
        let _ = fs::remove_file(copy.data().path().join(name));
    }
    let report = copy.verify();
    let words = format!("the log is gone; {last} entries were known");
    assert_eq!((report.intact, found(&report)), (false, (Some(1), words.as_str(), "beyond_the_end")));

    // Everything of ours is gone: only a copy that was kept elsewhere tells.
    let anchor = copy.0.path().join("kept-elsewhere.txt");
    fs::copy(copy.data().state().join("checkpoints.txt"), &anchor).unwrap();
    fs::remove_dir_all(copy.data().state()).unwrap();
    fs::remove_dir_all(copy.data().path()).unwrap();
    let with = |anchors: &[PathBuf]| Butler::verify_file(&copy.data(), None, anchors, |_, _| ());
    let report = with(std::slice::from_ref(&anchor)).unwrap();
    assert_eq!(found(&report), (Some(1), words.as_str(), "beyond_the_end"));
    assert!(with(&[]).is_err(), "nothing tells that there ever was one");
    let mut anew = Desk::at(copy.0.path());
    anew.close();
    let report = with(&[]).unwrap();
    assert!(report.intact && report.began.is_some() && report.outside == ["state_folder"], "{report:?}");
    let report = with(&[anchor]).unwrap();
    assert_eq!((report.intact, report.checkpoint.as_str()), (false, "key_replaced"));
}

#[test]
fn an_entry_is_proven_and_nothing_else_is() {
    let mut desk = Desk::new();
    let (last, _) = lived(&mut desk);
    let copy = Copy::of(&desk);
    let (note, key) = Butler::checkpoint_file(&copy.data()).unwrap();
    let key = key.unwrap();
    assert!(note.lines().nth(1) == Some(last.to_string().as_str()));
    let path = |name: &str| -> PathBuf { copy.0.path().join(name) };
    for seq in 1..=last {
        let proof = Butler::prove_file(&copy.data(), seq).unwrap();
        assert_eq!(Butler::check_proof(&proof, &key).unwrap(), seq);
        if seq == 4 {
            fs::write(path("proof.json"), proof.to_string()).unwrap();
            assert!(verifier(&[path("proof.json").to_str().unwrap(), "--key", &key]));
            let mut other = proof.clone();
            other["proof"][0] = serde_json::json!("00".repeat(32));
            assert!(Butler::check_proof(&other, &key).is_err());
            fs::write(path("proof.json"), other.to_string()).unwrap();
            assert!(!verifier(&[path("proof.json").to_str().unwrap(), "--key", &key]));
            let line = Butler::prove_file(&copy.data(), 5).unwrap()["line"].clone();
            let other = serde_json::json!({ "line": line, "proof": proof["proof"], "checkpoint": proof["checkpoint"] });
            assert!(Butler::check_proof(&other, &key).is_err());
        }
    }
    assert!(Butler::prove_file(&copy.data(), last + 1).is_err());
}

#[test]
fn the_other_verifier_fits_the_vectors() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/vectors.py");
    let output = Command::new("python3").arg(script).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "4 entries, 2 notes, 3 seals fit\n", "{output:?}");
}

#[test]
fn a_clock_that_jumps_changes_nothing_but_the_times() {
    let mut desk = Desk::new();
    for ms in [1, -86_400_000, 365 * 86_400_000, -2 * 365 * 86_400_000] {
        desk.pass_closed_ms(ms);
        desk.verdict("ls");
        desk.butler().tick(false);
    }
    desk.close();
    assert!(Copy::of(&desk).verify().intact);
    desk.open();
    assert!(desk.entries("tampering.noticed").is_empty());
}
