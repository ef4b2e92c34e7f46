//! Where the audit log's key and checkpoints are kept: a keychain, a file that is weaker, places the user chose.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use clawbutler_butler::Butler;
use clawbutler_platform::keychain::Keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::command::{GetSettings, Status, UpdateSettings};
use clawbutler_wire::settings::{AuditKeeping, KeyPlace, Settings};

use crate::desk::{Desk, code, read};

#[derive(Debug, Default)]
struct Chain {
    items: Mutex<HashMap<String, Vec<u8>>>,
    locked: AtomicBool,
}

impl Keychain for Chain {
    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        if self.locked.load(Ordering::Relaxed) {
            return Err(io::Error::other("locked"));
        }
        Ok(self.items.lock().unwrap().get(name).cloned())
    }

    fn set(&self, name: &str, value: &[u8]) -> io::Result<()> {
        if self.locked.load(Ordering::Relaxed) {
            return Err(io::Error::other("locked"));
        }
        self.items.lock().unwrap().insert(name.to_owned(), value.to_vec());
        Ok(())
    }
}

fn keeping(desk: &Desk) -> AuditKeeping {
    desk.butler().status(Status {}).unwrap().audit_keeping
}

fn verify(desk: &Desk) -> (Option<String>, String, KeyPlace) {
    let report = Butler::verify_file(&DataDir::at(desk.data()), desk.keychain.as_deref(), &[], |_, _| ()).unwrap();
    (report.reason, report.checkpoint, report.key)
}

const GOOD: (Option<String>, KeyPlace) = (None, KeyPlace::Keychain);

#[test]
fn a_key_moves_from_the_file_into_a_keychain_and_nothing_is_signed_while_that_is_locked() {
    let mut desk = Desk::new();
    let in_file = keeping(&desk);
    assert_eq!((in_file.key, verify(&desk)), (KeyPlace::File, (None, "good".to_owned(), KeyPlace::File)));
    desk.close();
    let chain = Arc::new(Chain::default());
    desk.keychain = Some(chain.clone());
    desk.open();
    let moved = keeping(&desk);
    assert_eq!((moved.key, &moved.public_key), (KeyPlace::Keychain, &in_file.public_key), "the same key");
    assert!(!desk.data().join("audit.key").exists());
    let (reason, checkpoint, key) = verify(&desk);
    assert_eq!(((reason, key), checkpoint.as_str()), (GOOD, "good"));
    desk.verdict("ls");
    desk.close();

    chain.locked.store(true, Ordering::Relaxed);
    desk.open();
    let locked = keeping(&desk);
    assert_eq!((locked.key, locked.public_key), (KeyPlace::Unreachable, in_file.public_key.clone()));
    assert_eq!(locked.checkpoint, moved.checkpoint.max(locked.checkpoint), "no checkpoint is lost");
    let (reason, _, key) = verify(&desk);
    assert_eq!((reason, key), (None, KeyPlace::Unreachable));
    desk.close();
    assert!(!desk.data().join("audit.key").exists(), "no weaker key is made");

    chain.locked.store(false, Ordering::Relaxed);
    desk.open();
    assert_eq!(keeping(&desk).key, KeyPlace::Keychain);
    assert!(desk.entries("tampering.noticed").is_empty());
    assert_eq!(desk.entries("log.tail_unproven").len(), 1, "what was written meanwhile is proven by nothing");
    desk.close();
    assert_eq!(verify(&desk), (None, "good".to_owned(), KeyPlace::Keychain));
    // The state folder is written anew by someone who does not have the keychain.
    let keys = desk.data().with_file_name("data-state").join("keys.txt");
    let other = Desk::new();
    fs::copy(other.data().with_file_name("data-state").join("keys.txt"), keys).unwrap();
    assert_eq!(verify(&desk).1, "key_replaced");
    desk.open();
    assert_eq!(desk.entries("tampering.noticed").len(), 2, "{:?}", desk.alerts());
}

#[test]
fn a_keychain_that_lost_its_item_is_noticed() {
    let mut desk = Desk::new();
    desk.close();
    let chain = Arc::new(Chain::default());
    desk.keychain = Some(chain.clone());
    desk.open();
    desk.close();
    chain.items.lock().unwrap().clear();
    assert_eq!(verify(&desk).1, "key_replaced");
    desk.open();
    assert!(!desk.entries("tampering.noticed").is_empty());
    assert_eq!(keeping(&desk).key, KeyPlace::Keychain, "a new one is in use");
}

#[test]
fn a_log_begun_anew_with_nothing_left_beside_it_is_known_by_the_keychain_for_good() {
    let mut desk = Desk::new();
    desk.close();
    desk.keychain = Some(Arc::new(Chain::default()));
    desk.open();
    desk.verdict("ls");
    for _ in 0..2 {
        desk.close();
        // The stopped clock would give the new log the same first entry.
        desk.pass_closed_ms(1_000);
        for folder in [desk.data(), desk.data().with_file_name("data-state")] {
            fs::remove_dir_all(folder).unwrap();
        }
        desk.open();
        assert_eq!(desk.entries("tampering.noticed").len(), 1, "{:?}", desk.alerts());
        desk.close();
        assert_eq!(verify(&desk).1, "root_differs");
        desk.open();
        assert_eq!(verify(&desk).1, "root_differs", "whatever is signed since");
    }
}

#[test]
fn checkpoints_go_to_the_places_the_user_chose_and_are_compared_there() {
    let mut desk = Desk::new();
    let outside = tempfile::tempdir().unwrap();
    let (file, repository) = (outside.path().join("log.txt"), outside.path().join("repository"));
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(&repository).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    fs::create_dir(&repository).unwrap();
    git(&["init", "--quiet"]);
    let present = desk.butler().get_settings(GetSettings {}).unwrap();
    let choose = |file: &std::path::Path, folder: &std::path::Path| {
        let path = |path: &std::path::Path| Some(path.display().to_string());
        let settings = Settings { anchor_file: path(file), anchor_repository: path(folder), ..present.clone() };
        desk.butler().update_settings(UpdateSettings { settings })
    };
    for (file, folder) in [
        (file.as_path(), outside.path()),
        (&desk.data().join("x.txt"), &repository),
        ("relative.txt".as_ref(), &repository),
        (&outside.path().join("none/x.txt"), &repository),
    ] {
        assert_eq!(code(choose(file, folder)), clawbutler_wire::Code::BadRequest);
    }
    choose(&file, &repository).unwrap();
    desk.verdict("ls");
    desk.pass_ms(11 * 60 * 1000);
    desk.butler().tick(false);
    let notes = read(&file).unwrap();
    assert!(notes.starts_with("clawbutler.local/log/"));
    assert_eq!(git(&["show", "HEAD:clawbutler-checkpoints.txt"]), notes);
    assert!(git(&["log", "--oneline"]).contains("checkpoint of"));
    desk.close();
    assert_eq!(verify(&desk).1, "good");
    // A checkpoint there that the log does not hold: the machine's own copies were all made anew.
    fs::remove_dir_all(desk.data()).unwrap();
    fs::remove_dir_all(desk.data().with_file_name("data-state")).unwrap();
    desk.open();
    let settings = Settings { anchor_file: Some(file.display().to_string()), ..present.clone() };
    desk.butler().update_settings(UpdateSettings { settings }).unwrap();
    desk.pass_ms(61_000);
    desk.butler().tick(false);
    assert_eq!(desk.entries("tampering.noticed").len(), 1);
    assert_eq!(verify(&desk).1, "key_replaced");
}

#[test]
fn public_addresses_are_masked_once_that_is_chosen() {
    let desk = Desk::new();
    let present = desk.butler().get_settings(GetSettings {}).unwrap();
    let asked = |at: &str| {
        desk.verdict(&format!("ping 93.184.216.34 # {at}"));
        let all = desk.entries("action.decided").into_iter().chain(desk.entries("action.requested"));
        all.map(|entry| entry.data.to_string()).find(|data| data.contains(at)).unwrap_or_default()
    };
    let snapshot = || read(&desk.data().join("snapshot.json")).unwrap();
    let plain = asked("before");
    let settings = Settings { mask_addresses: true, ..present };
    desk.butler().update_settings(UpdateSettings { settings }).unwrap();
    let masked = asked("after");
    assert!(plain.contains("93.184.216.34"), "{plain}");
    assert!(masked.contains("[masked:ip_address:") && !masked.contains("93.184"), "{masked}");
    assert!(snapshot().contains("\"addresses\":true"), "{}", snapshot());
    assert_eq!(desk.entries("settings.changed")[0].data["after"]["mask_addresses"], true);
}

#[cfg(unix)]
#[test]
fn keys_that_others_could_read_are_closed_again() {
    use clawbutler_platform::os::{mode, set_mode};

    let mut desk = Desk::new();
    let data = DataDir::at(desk.data());
    desk.close();
    for key in [data.audit_key(), data.mask_key()] {
        set_mode(&key, 0o644).unwrap();
    }
    desk.open();
    assert_eq!([data.audit_key(), data.mask_key()].map(|key| mode(&key)), [Some(0o600); 2]);
    assert_eq!(verify(&desk), (None, "good".to_owned(), KeyPlace::File));
}
