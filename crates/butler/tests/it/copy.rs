//! A data folder laid aside as it is at one moment, for an attacker to work on, and what both verifiers say of it.
#![expect(clippy::disallowed_methods, reason = "an attacker opens the database as a foreign program would")]

use std::fs;
use std::path::Path;
use std::process::Command;

use clawbutler_butler::Butler;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::audit::VerifyReport;
use rusqlite::Connection;

use crate::desk::Desk;

/// A closed data folder and the folder of what is kept outside it.
pub(crate) struct Copy(pub(crate) tempfile::TempDir);

impl Copy {
    pub(crate) fn of(desk: &Desk) -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        copy.take(&desk.data(), "data");
        copy.take(&desk.data().with_file_name("data-state"), "data-state");
        copy
    }

    /// Another one of the same moment.
    pub(crate) fn again(&self) -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        for name in ["data", "data-state"] {
            copy.take(&self.0.path().join(name), name);
        }
        copy
    }

    fn take(&self, from: &Path, name: &str) {
        let to = self.0.path().join(name);
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }

    pub(crate) fn data(&self) -> DataDir {
        DataDir::at(self.0.path().join("data"))
    }

    pub(crate) fn sql(&self) -> Connection {
        let sql = Connection::open(self.data().database()).unwrap();
        for trigger in ["ledger_no_update", "ledger_no_delete", "checkpoints_no_update", "checkpoints_no_delete"] {
            sql.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        sql
    }

    pub(crate) fn verify(&self) -> VerifyReport {
        Butler::verify_file(&self.data(), None, &[], |_, _| ()).unwrap()
    }

    /// What ours and the other verifier say of an export, held against the checkpoints and the key outside.
    pub(crate) fn verify_export(&self) -> (VerifyReport, bool) {
        let export = self.0.path().join("export.jsonl");
        let mut file = fs::File::create(&export).unwrap();
        Butler::export_file(&self.data().database(), &mut file).unwrap();
        let notes = self.0.path().join("data-state/checkpoints.txt");
        let keys = fs::read_to_string(self.0.path().join("data-state/keys.txt")).unwrap();
        let key = keys.split(' ').next().unwrap();
        let ours = Butler::verify_export(&export, &fs::read_to_string(&notes).unwrap(), Some(key)).unwrap();
        let theirs = verifier(&[export.to_str().unwrap(), "--checkpoints", notes.to_str().unwrap(), "--key", key]);
        (ours, theirs)
    }
}

/// Appends an entry as a program does that knows the format and has no key.
pub(crate) fn forge(copy: &Copy, kind: clawbutler_ledger::Kind) {
    let store = clawbutler_store::Store::open(&copy.data().database()).unwrap();
    store
        .write::<_, clawbutler_store::StoreError>(clawbutler_store::Durability::Power, |tx| {
            let draft = clawbutler_ledger::Draft {
                kind,
                actor: clawbutler_core::actor::Actor::LocalUser,
                trace: "t".into(),
                span: "s".into(),
                parent: None,
                data: serde_json::json!({ "forged": "approved by the user" }),
            };
            tx.append(draft, clawbutler_core::clock::Timestamp(1)).map(drop)
        })
        .unwrap();
}

pub(crate) fn verifier(arguments: &[&str]) -> bool {
    verifier_status(arguments) == Some(0)
}

pub(crate) fn verifier_status(arguments: &[&str]) -> Option<i32> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/verify.py");
    let output = Command::new("python3").arg(script).args(arguments).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    output.status.code()
}

/// An engine that ran, ended in order, ran again and ended again. Entries in all, and when it ended first.
pub(crate) fn lived(desk: &mut Desk) -> (u64, u64) {
    for command in ["ls", "git status", "cargo build"] {
        desk.verdict(command);
    }
    desk.close();
    let first = Copy::of(desk).verify().entries.0;
    desk.open();
    for command in ["ls", "git log", "cargo test"] {
        desk.verdict(command);
    }
    desk.close();
    (Copy::of(desk).verify().entries.0, first)
}

pub(crate) fn found(report: &VerifyReport) -> (Option<u64>, &str, &str) {
    (report.first_bad.map(|seq| seq.0), report.reason.as_deref().unwrap_or("-"), &report.checkpoint)
}
