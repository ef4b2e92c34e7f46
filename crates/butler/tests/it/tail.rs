//! The end of the log: entries behind the last one that something of ours covers, and the note and the seal that do.

use std::fs;

use clawbutler_ledger::{Hash, SealKey, Sealed};
use clawbutler_store::{Store, StoreError};

use crate::copy::{Copy, forge, found, lived, verifier_status};
use crate::desk::Desk;

#[test]
fn a_tail_forged_after_a_crash_is_told_and_stays_named() {
    let mut desk = Desk::new();
    lived(&mut desk);
    desk.open();
    desk.verdict("ls");
    // Everything lies as a kill leaves it.
    let copy = Copy::of(&desk);
    let whole = copy.verify();
    assert_eq!((found(&whole), whole.end.as_str(), whole.proven), ((None, "-", "good"), "proven", whole.entries));
    let forged = whole.entries.0 + 1;
    forge(&copy, clawbutler_ledger::Kind::RulesChanged);
    let report = copy.verify();
    let words =
        format!("it and those up to {forged} are proven by nothing: no checkpoint, note or seal of ours covers them");
    assert_eq!(found(&report), (Some(forged), words.as_str(), "good"));

    let mut opened = Desk::at(copy.0.path());
    let named = opened.entries("log.tail_unproven");
    assert_eq!(named.len(), 1);
    let facts = serde_json::json!({ "from": forged, "to": forged, "kinds": { "rules.changed": 1 } });
    assert_eq!(named[0].data, facts);
    let says = format!("The end of the audit log is not proven: entry {forged}: {words}.");
    assert!(opened.alerts().iter().any(|alert| alert.contains(&says)), "{:?}", opened.alerts());
    opened.close();
    let after = copy.verify();
    assert_eq!(found(&after), (None, "-", "good"));
    assert_eq!(after.unproven.iter().map(|one| (one.from.0, one.to.0)).collect::<Vec<_>>(), [(forged, forged)]);
    let (ours, theirs) = copy.verify_export();
    assert_eq!((ours.intact, ours.unproven, theirs), (true, after.unproven, false));
    let state = |name: &str| copy.0.path().join("data-state").join(name);
    let keys = fs::read_to_string(state("keys.txt")).unwrap();
    let (export, notes) = (copy.0.path().join("export.jsonl"), state("checkpoints.txt"));
    let arguments = [
        export.to_str().unwrap(),
        "--checkpoints",
        notes.to_str().unwrap(),
        "--key",
        keys.split(' ').next().unwrap(),
        "--accept-unproven",
    ];
    assert_eq!(verifier_status(&arguments[..5]), Some(3));
    assert_eq!(verifier_status(&arguments), Some(0));
    assert_eq!(verifier_status(&arguments[..1]), Some(3), "without checkpoints the end is not proven");
}

/// What is done to the text of a note.
type Edit = fn(&str) -> String;

#[test]
fn a_changed_note_of_the_newest_entry_hides_nothing() {
    let mut desk = Desk::new();
    lived(&mut desk);
    let forged = Copy::of(&desk).verify().entries.0 + 1;
    let edits: [(&str, Edit); 5] = [
        ("opened again", |text| text.replace("\"clean\":true", "\"clean\":false")),
        ("another hash", |text| {
            let at = text.find("\"hash\":\"").unwrap() + 8;
            format!("{}{}{}", &text[..at], "ab".repeat(32), &text[at + 64..])
        }),
        ("no hash", |text| {
            let at = text.find("\"hash\":\"").unwrap() + 8;
            format!("{}zz{}", &text[..at], &text[at + 64..])
        }),
        ("no signature", |text| format!("{}\"\"}}", &text[..text.find("\"signature\":").unwrap() + 12])),
        ("nothing", |_| String::new()),
    ];
    for (what, edit) in edits {
        for tail in [false, true] {
            let copy = Copy::of(&desk);
            let path = copy.data().state().join("head.json");
            let text = fs::read_to_string(&path).unwrap();
            let other = edit(&text);
            assert_ne!(text, other);
            fs::write(&path, other).unwrap();
            let words = if tail {
                forge(&copy, clawbutler_ledger::Kind::RulesChanged);
                format!(
                    "it and those up to {forged} are proven by nothing: no checkpoint, note or seal of ours covers them"
                )
            } else {
                "the note of the newest entry is damaged or not signed by the log's key".to_owned()
            };
            let report = copy.verify();
            assert_eq!(found(&report), (tail.then_some(forged), words.as_str(), "good"), "{what}");
            let opened = Desk::at(copy.0.path());
            assert!(!opened.alerts().is_empty(), "{what}");
            let named: Vec<_> = opened.entries("log.tail_unproven");
            assert_eq!((named.len(), opened.entries("tampering.noticed").len()), (usize::from(tail), 1), "{what}");
        }
    }
}

#[test]
fn an_older_seal_that_is_put_back_proves_less_and_a_changed_one_is_told() {
    let desk = Desk::new();
    desk.verdict("ls");
    let older = Copy::of(&desk);
    desk.verdict("git status");
    let copy = Copy::of(&desk);
    assert!(copy.verify().intact);
    let (from, to) = (older.verify().entries.0 + 1, copy.verify().entries.0);
    let seal = |copy: &Copy| copy.data().state().join("head.seal");
    fs::copy(seal(&older), seal(&copy)).unwrap();
    fs::copy(older.data().state().join("head.json"), copy.data().state().join("head.json")).unwrap();
    let words =
        format!("it and those up to {to} are proven by nothing: no checkpoint, note or seal of ours covers them");
    assert_eq!(found(&copy.verify()), (Some(from), words.as_str(), "good"));
    let text = fs::read_to_string(seal(&copy)).unwrap();
    fs::write(seal(&copy), text.replace('a', "b")).unwrap();
    let report = copy.verify();
    assert!(!report.intact && report.first_bad.is_some(), "{report:?}");
}

fn head(copy: &Copy) -> (u64, Hash) {
    let database = copy.data().database();
    Store::read_only::<_, StoreError>(&database, |read| {
        let entries = read.ledger_len()?;
        Ok((entries, read.ledger_hash(entries)?.unwrap()))
    })
    .unwrap()
}

#[test]
fn a_kill_between_a_commit_and_its_seal_leaves_nothing_unproven() {
    let desk = Desk::new();
    desk.verdict("ls");
    let before = Copy::of(&desk);
    let (seq, hash) = head(&before);
    desk.verdict("git status");
    let next = head(&Copy::of(&desk));
    assert!(next.0 > seq + 1, "more than one entry");
    // The key is in a file where there is no keychain: this is what the engine writes before that commit.
    let seed = fs::read(before.data().audit_key()).unwrap().try_into().unwrap();
    let begun = SealKey::from_seed(&seed).seal(&Sealed { seq, durable: seq, hash, next: Some(next) });
    let killed = |happened: bool| {
        let copy = if happened { Copy::of(&desk) } else { before.again() };
        fs::write(copy.data().state().join("head.seal"), &begun).unwrap();
        copy
    };
    for happened in [true, false] {
        let copy = killed(happened);
        let report = copy.verify();
        assert_eq!((found(&report), report.proven), ((None, "-", "good"), report.entries), "{happened}");
        assert_eq!(report.entries.0, if happened { next.0 } else { seq });
        let mut opened = Desk::at(copy.0.path());
        assert_eq!((opened.entries("log.tail_unproven").len(), opened.alerts()), (0, vec![]), "{happened}");
        opened.close();
        assert_eq!(found(&copy.verify()), (None, "-", "good"), "{happened}");

        // What somebody adds to either is told, also where it stands in the place of what was begun.
        let copy = killed(happened);
        forge(&copy, clawbutler_ledger::Kind::RulesChanged);
        let entries = report.entries.0 + 1;
        let report = copy.verify();
        assert_eq!((report.first_bad.map(|seq| seq.0), report.intact), (Some(entries), false), "{happened}");
        let opened = Desk::at(copy.0.path());
        assert_eq!(opened.entries("log.tail_unproven")[0].data["from"], entries, "{happened}");
    }
}

#[test]
fn a_kill_in_the_very_first_start_is_no_alarm() {
    let desk = Desk::new();
    let empty = || {
        let copy = Copy::of(&desk);
        for name in ["clawbutler.db", "clawbutler.db-wal", "clawbutler.db-shm"] {
            let _ = fs::remove_file(copy.data().path().join(name));
        }
        for name in ["head.json", "head.seal", "checkpoints.txt"] {
            fs::remove_file(copy.data().state().join(name)).unwrap();
        }
        drop(Store::open(&copy.data().database()).unwrap());
        copy
    };
    let nothing = empty();
    fs::remove_dir_all(nothing.data().state()).unwrap();
    // Behind the first commit, before the first note.
    let begun = Copy::of(&desk);
    for name in ["head.json", "checkpoints.txt"] {
        fs::remove_file(begun.data().state().join(name)).unwrap();
    }
    for (what, copy) in [("a database", nothing), ("a key too", empty()), ("an entry too", begun)] {
        let report = copy.verify();
        assert_eq!((report.intact, report.reason), (true, None), "{what}");
        let mut opened = Desk::at(copy.0.path());
        assert_eq!((opened.alerts(), opened.entries("tampering.noticed").len()), (vec![], 0), "{what}");
        opened.close();
        assert_eq!(found(&copy.verify()), (None, "-", "good"), "{what}");
    }
    let gone = Copy::of(&desk);
    fs::remove_file(gone.data().state().join("head.json")).unwrap();
    assert!(!gone.verify().intact, "a checkpoint outside is later than the first note");
}
