//! Backups: whole while others write, encrypted by choice, put back only when they hold, and recorded.

use std::fs;
use std::path::{Path, PathBuf};

use clawbutler_butler::{Butler, Lock, Opener};
use clawbutler_core::clock::Timestamp;
use clawbutler_ledger::note::Key;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::audit::{AcknowledgeLog, ReplacedHow};
use clawbutler_wire::command::{MakeBackup, ShowBackup, Status, VerifyAudit};
use clawbutler_wire::retention::BackupMade;
use clawbutler_wire::{Code, Seq};
use serde_json::json;

use crate::desk::{Desk, code};

const PASSPHRASE: &str = "correct horse battery";

fn filled(desk: &Desk, from: usize) {
    for number in from..from + 40 {
        desk.ask("s", &format!("ls folder-{number}"));
    }
}

fn data(desk: &Desk) -> DataDir {
    DataDir::at(desk.data())
}

fn back_up(desk: &Desk, out: &Path, lock: &Lock) -> BackupMade {
    Butler::backup_file(&data(desk), out, lock, Timestamp(desk.now()), |_, _| ()).unwrap()
}

fn restore(desk: &Desk, file: &Path, opener: &Opener) -> Result<clawbutler_butler::Restored, clawbutler_butler::Error> {
    Butler::restore_file(&data(desk), file, opener, None, None, Timestamp(desk.now()))
}

/// Everything in the data folder that is not the database, its lock, or made by the engine.
fn strange(desk: &Desk) -> Vec<String> {
    let names = fs::read_dir(desk.data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.contains("unfinished") || name.contains("restore")).collect();
    names.sort();
    names
}

fn sqlite(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_backup_is_put_back_and_both_are_recorded() {
    let mut desk = Desk::new();
    filled(&desk, 0);
    desk.close();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("copy.db");
    let made = back_up(&desk, &out, &Lock::None);
    let (entries, head) = (made.entries.0, made.head.clone());
    assert_eq!((made.file.as_str(), made.encryption.as_str()), (out.to_str().unwrap(), "none"));
    assert_eq!(made.bytes.0, fs::metadata(&out).unwrap().len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "one file");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&out).unwrap()) & 0o777, 0o600);
    let report = Butler::verify_database(&data(&desk), &out, None, None, |_, _| ()).unwrap();
    assert_eq!((report.intact, report.entries.0, report.checkpoint.as_str()), (true, entries, "good"));
    let again = Butler::backup_file(&data(&desk), &out, &Lock::None, Timestamp(0), |_, _| ());
    assert_eq!(code(again), Code::BadRequest, "a file that is there is never overwritten");

    desk.open();
    assert_eq!(desk.entries("backup.made").len(), 0, "taken in at the next look");
    desk.pass_ms(1_000);
    let recorded = desk.entries("backup.made");
    assert_eq!(recorded.len(), 1);
    assert_eq!((&recorded[0].data["backup"], &recorded[0].data["by"]), (&json!(made), &json!("command line")));
    filled(&desk, 40);
    assert_eq!(code(restore(&desk, &out, &Opener::None)), Code::Precondition, "the engine runs");
    desk.close();

    let restored = restore(&desk, &out, &Opener::None).unwrap();
    let aside = restored.set_aside.clone().unwrap();
    assert_eq!((restored.entries, restored.head, restored.digest), (entries, head, made.digest));
    assert_eq!(strange(&desk), [aside.clone(), "restored.json".to_owned()]);
    let before = Butler::verify_database(&data(&desk), &desk.data().join(&aside), None, None, |_, _| ()).unwrap();
    assert!(before.intact && before.entries.0 > entries + 80, "the database before is kept whole");
    desk.open();
    let page = desk.entries("backup.restored");
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].seq.0, entries + 1, "the first thing that is said");
    assert_eq!((&page[0].data["set_aside"], &page[0].data["entries"]), (&json!(aside), &json!(entries)));
    let alerts = desk.alerts();
    let known = format!(
        "(a backup with {entries} entries was put back, as recorded on 2026-11-25; the database before is kept as {aside})"
    );
    assert!(alerts.iter().any(|says| says.contains("the log had") && says.contains(&known)), "{alerts:?}");
    // The start signed a checkpoint over the entry: what is gone is said, and everything since counts as before.
    let report = desk.butler().verify_audit(VerifyAudit {}).unwrap();
    let replaced = report.replaced.clone().unwrap();
    assert_eq!((report.intact, report.first_bad, report.checkpoint.as_str()), (false, None, "good"), "{report:?}");
    assert_eq!((replaced.how, replaced.seq.0, replaced.kept.0), (ReplacedHow::Restored, entries + 1, entries));
    assert!(replaced.gone_upto.unwrap().0 > entries && replaced.file == aside, "{replaced:?}");
    let says = report.reason.unwrap();
    assert!(says.starts_with(&format!("a backup with {entries} entries was put back on ")), "{says}");
    desk.close();
    desk.open();
    assert_eq!(desk.butler().verify_audit(VerifyAudit {}).unwrap().replaced, Some(replaced), "it stays said");
    assert!(desk.alerts().is_empty(), "{:?}", desk.alerts());
    assert_eq!(desk.entries("backup.restored").len(), 1);
    assert_eq!(strange(&desk), [aside]);

    // Once a person says so it is known: still shown, no alarm any more, until another one is put back.
    let seen = AcknowledgeLog { stretches: Vec::new(), replaced: Some(Seq(entries + 1)) };
    desk.butler().acknowledge_log(seen).unwrap();
    let report = desk.butler().verify_audit(VerifyAudit {}).unwrap();
    let known = report.replaced.unwrap();
    assert_eq!((report.intact, report.reason, known.acknowledged, known.seq.0), (true, None, true, entries + 1));
    desk.close();
    assert!(Butler::verify_file(&data(&desk), None, &[], |_, _| ()).unwrap().intact);
    let again = desk.data().with_file_name("again.db");
    Butler::backup_file(&data(&desk), &again, &Lock::None, Timestamp(1), |_, _| ()).unwrap();
    desk.open();
    filled(&desk, 3);
    desk.close();
    restore(&desk, &again, &Opener::None).unwrap();
    desk.open();
    let report = desk.butler().verify_audit(VerifyAudit {}).unwrap();
    assert_eq!((report.intact, report.replaced.map(|one| one.acknowledged)), (false, Some(false)));
}

#[test]
fn an_encrypted_backup_opens_with_its_key_only() {
    let mut desk = Desk::new();
    filled(&desk, 0);
    desk.close();
    let folder = tempfile::tempdir().unwrap();
    let identity = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    let recipient = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
    let by_key = folder.path().join("key.age");
    let by_words = folder.path().join("words.age");
    assert_eq!(back_up(&desk, &by_key, &Lock::of(Some(recipient), None).unwrap()).encryption, "recipient");
    assert_eq!(back_up(&desk, &by_words, &Lock::of(None, Some(PASSPHRASE)).unwrap()).encryption, "passphrase");
    for file in [&by_key, &by_words] {
        let bytes = fs::read(file).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n") && !String::from_utf8_lossy(&bytes).contains("folder-7"));
    }
    let key = Opener::of(Some(&format!("# mine\n{identity}\n")), None).unwrap();
    let words = Opener::of(None, Some(PASSPHRASE)).unwrap();
    assert_eq!(code(restore(&desk, &by_key, &Opener::None)), Code::Precondition);
    assert_eq!(code(restore(&desk, &by_key, &words)), Code::BadRequest);
    assert_eq!(
        code(restore(&desk, &by_words, &Opener::of(None, Some("another passphrase")).unwrap())),
        Code::BadRequest
    );
    let cut = folder.path().join("cut.age");
    let mut bytes = fs::read(&by_key).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&cut, &bytes).unwrap();
    assert_eq!(code(restore(&desk, &cut, &key)), Code::BadRequest, "a changed byte");
    bytes[middle] ^= 1;
    bytes.truncate(middle);
    fs::write(&cut, &bytes).unwrap();
    assert_eq!(code(restore(&desk, &cut, &key)), Code::BadRequest, "cut off");
    assert_eq!(strange(&desk), Vec::<String>::new(), "nothing is left of what was refused");
    assert!(restore(&desk, &by_key, &key).is_ok());
    desk.pass_closed_ms(1_000);
    assert!(restore(&desk, &by_words, &words).is_ok());
    desk.open();
    assert_eq!(desk.entries("backup.restored").len(), 1);
    assert!(Lock::of(Some("age1nonsense"), None).is_err());
    assert!(Lock::of(None, Some("short")).is_err());
    assert!(Lock::of(Some(recipient), Some(PASSPHRASE)).is_err());
}

#[test]
fn a_tampered_backup_is_refused() {
    let mut desk = Desk::new();
    filled(&desk, 0);
    desk.close();
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.db");
    back_up(&desk, &good, &Lock::None);
    let bad = |sql: &str| -> PathBuf {
        let path = folder.path().join("bad.db");
        fs::copy(&good, &path).unwrap();
        sqlite(
            &path,
            "DROP TRIGGER ledger_no_update; DROP TRIGGER ledger_no_delete; DROP TRIGGER checkpoints_no_delete;",
        );
        sqlite(&path, sql);
        path
    };
    let why = |path: &Path| restore(&desk, path, &Opener::None).unwrap_err().0.message;
    for (sql, expected) in [
        ("UPDATE ledger SET payload = replace(payload, 'folder-7', 'folder-8')", "payload"),
        ("UPDATE ledger SET body = replace(body, 'agent', 'hook') WHERE seq = 8", "entry 8"),
        ("DELETE FROM ledger WHERE seq = 12", "entry 12"),
        ("DELETE FROM ledger WHERE seq > 40", "the log had"),
        ("UPDATE ledger SET payload = NULL WHERE seq = 5", "entry 5"),
    ] {
        let says = why(&bad(sql));
        assert!(says.starts_with("The backup is not put back: ") && says.contains(expected), "{sql}: {says}");
    }
    // A log of somebody else, whole in itself.
    let mut other = Desk::new();
    filled(&other, 0);
    other.close();
    let foreign = folder.path().join("foreign.db");
    back_up(&other, &foreign, &Lock::None);
    assert!(why(&foreign).contains("its audit log does not hold"), "{}", why(&foreign));
    let named = Key::from_seed(&[1; 32]).public().encoded();
    let wrong = Butler::restore_file(&data(&desk), &foreign, &Opener::None, Some(&named), None, Timestamp(1));
    assert_eq!(code(wrong), Code::Precondition);
    let mut bytes = fs::read(&good).unwrap();
    let length = bytes.len();
    bytes[8_192..length - 4_096].fill(7);
    let broken = folder.path().join("broken.db");
    fs::write(&broken, bytes).unwrap();
    assert!(why(&broken).contains("it is damaged"));
    assert_eq!(strange(&desk), Vec::<String>::new());
    // On a machine where nothing is known of it, the key that was written down counts.
    let elsewhere = tempfile::tempdir().unwrap();
    let place = DataDir::at(elsewhere.path().join("data"));
    let unknown = Butler::restore_file(&place, &good, &Opener::None, None, None, Timestamp(1));
    assert_eq!(code(unknown), Code::Precondition);
    let key = Butler::checkpoint_file(&data(&desk)).unwrap().1.unwrap();
    let restored = Butler::restore_file(&place, &good, &Opener::None, Some(&key), None, Timestamp(1)).unwrap();
    assert_eq!(restored.set_aside, None);
    desk.open();
    assert!(desk.alerts().is_empty(), "nothing of all this touched the log: {:?}", desk.alerts());
}

#[test]
fn a_restore_that_was_killed_is_finished_or_was_not_begun() {
    let mut desk = Desk::new();
    filled(&desk, 0);
    desk.close();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("copy.db");
    back_up(&desk, &out, &Lock::None);
    let restored = restore(&desk, &out, &Opener::None).unwrap();
    let (database, aside) = (desk.data().join("clawbutler.db"), desk.data().join(restored.set_aside.unwrap()));
    let note = fs::read(desk.data().join("restored.json")).unwrap();
    let ready = serde_json::from_slice::<serde_json::Value>(&note).unwrap()["ready"].as_str().unwrap().to_owned();
    let ready = desk.data().join(ready);
    // Before the database was set aside.
    fs::rename(&database, &ready).unwrap();
    fs::copy(&aside, &database).unwrap();
    desk.open();
    assert_eq!(desk.entries("backup.restored").len(), 0);
    desk.close();
    assert!(!ready.exists());
    // After it was set aside, before the copy took its place.
    for end in ["db", "db-wal", "db-shm"] {
        let _ = fs::remove_file(database.with_extension(end));
    }
    fs::copy(&out, &ready).unwrap();
    fs::write(desk.data().join("restored.json"), note).unwrap();
    desk.open();
    assert_eq!(desk.entries("backup.restored").len(), 1);
}

#[test]
fn every_database_set_aside_before_a_start_is_named() {
    let mut desk = Desk::new();
    filled(&desk, 0);
    desk.close();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("copy.db");
    back_up(&desk, &out, &Lock::None);
    let mut aside = Vec::new();
    for _ in 0..3 {
        desk.pass_closed_ms(1_000);
        aside.push(restore(&desk, &out, &Opener::None).unwrap().set_aside.unwrap());
    }
    // One that is refused takes nothing back of what was put back before.
    desk.pass_closed_ms(1_000);
    let nothing = folder.path().join("nothing.db");
    fs::write(&nothing, "no database").unwrap();
    assert!(restore(&desk, &nothing, &Opener::None).is_err());
    desk.open();
    let told = desk.entries("backup.restored");
    let earlier: Vec<&str> =
        told[0].data["earlier"].as_array().unwrap().iter().map(|one| one["set_aside"].as_str().unwrap()).collect();
    assert_eq!((told.len(), earlier, &told[0].data["set_aside"]), (1, vec![&*aside[0], &*aside[1]], &json!(aside[2])));
    assert!(told[0].says.starts_with("3 backups were put back"), "{}", told[0].says);
    let named = format!("{}, {} and {}", aside[0], aside[1], aside[2]);
    let replaced = desk.butler().verify_audit(VerifyAudit {}).unwrap().replaced.unwrap();
    assert_eq!(replaced.file, named);
    let status = desk.butler().status(Status {}).unwrap();
    assert!(status.alerts.iter().any(|alert| alert.fix.contains(&named)), "{:?}", status.alerts);
    desk.close();

    // So many that not each is told of: the last ones, and how many more.
    for _ in 0..20 {
        desk.pass_closed_ms(1_000);
        restore(&desk, &out, &Opener::None).unwrap();
    }
    desk.open();
    let told = &desk.entries("backup.restored")[0].data;
    assert_eq!((told["earlier"].as_array().unwrap().len(), &told["earlier_more"]), (16, &json!(3)));
}

#[test]
fn a_window_makes_a_backup_while_others_write() {
    let desk = Desk::new();
    filled(&desk, 0);
    let folder = tempfile::tempdir().unwrap();
    let request = |out: &str| MakeBackup { out: out.to_owned(), recipient: None, passphrase: None };
    assert_eq!(code(desk.butler().make_backup(request("copy.db"))), Code::BadRequest);
    let out = folder.path().join("copy.db");
    desk.butler().make_backup(request(out.to_str().unwrap())).unwrap();
    filled(&desk, 40);
    let mut progress = desk.butler().show_backup(ShowBackup {}).unwrap();
    for _ in 0..2_000 {
        if progress.state != "running" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
        progress = desk.butler().show_backup(ShowBackup {}).unwrap();
    }
    let made = progress.made.clone().unwrap();
    assert_eq!((progress.state.as_str(), progress.done), ("done", progress.total));
    assert_eq!(desk.entries("backup.made")[0].data["backup"], json!(made));
    let report = Butler::verify_database(&data(&desk), &out, None, None, |_, _| ()).unwrap();
    assert_eq!((report.intact, report.entries), (true, made.entries));
    let nowhere = folder.path().join("no/such/folder.db");
    desk.butler().make_backup(request(nowhere.to_str().unwrap())).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(desk.butler().show_backup(ShowBackup {}).unwrap().state, "failed");
    let debug = format!("{:?}", MakeBackup { passphrase: Some(PASSPHRASE.to_owned()), ..request("x") });
    assert!(!debug.contains(PASSPHRASE));
}
