//! Files a person names: one dialog at a time, and what comes back is text.

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use clawbutler_wire::command::{CheckBackup, ChoosePath};
use clawbutler_wire::files::{ChosenPath, Purpose};
use clawbutler_wire::{ApiError, Code};

use super::desk::Desk;

fn asked(near: &str) -> ChoosePath {
    ChoosePath { purpose: Purpose::Export, near: Some(near.to_owned()) }
}

#[test]
fn a_host_without_dialogs_says_so() {
    let desk = Desk::new();
    let error = ApiError::from(desk.butler().choose_path(asked("/tmp/a")).unwrap_err());
    assert_eq!((error.code, error.hint.as_deref()), (Code::Precondition, Some("Type the whole path.")));
}

#[test]
fn one_dialog_is_open_at_a_time_and_begins_at_whole_paths_only() {
    let desk = Desk::new();
    let butler = desk.butler().clone();
    let (opened, is_open) = channel();
    let (answer, answered) = channel::<Option<PathBuf>>();
    let answered = Mutex::new(answered);
    let begun = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&begun);
    butler.offer_dialogs(move |request| {
        seen.lock().unwrap().push(request.near.clone());
        opened.send(()).unwrap();
        answered.lock().unwrap().recv().unwrap()
    });
    let waiting = std::thread::spawn({
        let butler = butler.clone();
        move || butler.choose_path(asked("/tmp/a.zip")).unwrap()
    });
    is_open.recv().unwrap();
    let second = ApiError::from(butler.choose_path(asked("/tmp/b.zip")).unwrap_err());
    assert_eq!((second.code, second.message.as_str()), (Code::Precondition, "Another dialog is open."));
    answer.send(Some(PathBuf::from("/tmp/chosen.zip"))).unwrap();
    assert_eq!(waiting.join().unwrap(), ChosenPath { path: Some("/tmp/chosen.zip".to_owned()) });

    // Closed without an answer; what is no whole path is not handed to the dialog.
    for near in ["relative.zip".to_owned(), format!("/{}", "x".repeat(5_000))] {
        answer.send(None).unwrap();
        assert_eq!(butler.choose_path(asked(&near)).unwrap(), ChosenPath::default());
    }
    assert_eq!(*begun.lock().unwrap(), [Some("/tmp/a.zip".to_owned()), None, None]);
}

#[test]
fn how_a_backup_is_encrypted_is_read_from_its_head() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db.age");
    let path = file.display().to_string();
    for (head, word) in [("-> scrypt abc 18\n", "passphrase"), ("-> X25519 abc\n", "recipient")] {
        std::fs::write(&file, format!("age-encryption.org/v1\n{head}")).unwrap();
        let found = desk.butler().check_backup(CheckBackup { path: path.clone() }).unwrap();
        assert_eq!((found.encryption.as_str(), found.report), (word, None));
    }
    assert!(desk.butler().check_backup(CheckBackup { path: "copy.db.age".to_owned() }).is_err());
    std::fs::write(&file, "no database").unwrap();
    assert!(desk.butler().check_backup(CheckBackup { path }).is_err());
}
