//! The copy a window began: runs on a thread of its own and is looked at from outside.

use std::path::PathBuf;
use std::sync::Mutex;
use std::thread::JoinHandle;

use clawbutler_core::actor::Actor;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_wire::Seq;
use clawbutler_wire::command::{MakeBackup, ShowBackup};
use clawbutler_wire::retention::{BackupMade, BackupProgress};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::crypt::Lock;
use super::make::make;
use crate::engine::lock;
use crate::{Butler, Error, part};

/// The copy that was begun last.
#[derive(Debug, Default)]
pub(crate) struct Backups {
    progress: Mutex<BackupProgress>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Butler {
    /// Begins a copy of the database.
    pub fn make_backup(&self, request: MakeBackup) -> Result<BackupProgress, Error> {
        let how = Lock::of(request.recipient.as_deref(), request.passphrase.as_deref())?;
        let out = PathBuf::from(&request.out);
        part::is_free(&self.0.ports.data, &out)?;
        let mut thread = lock(&self.0.backups.thread);
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Err(Error::precondition("A backup is being made.", "Wait for its end."));
        }
        *lock(&self.0.backups.progress) =
            BackupProgress { state: "running".to_owned(), out: request.out, ..BackupProgress::default() };
        let butler = self.clone();
        *thread = Some(std::thread::Builder::new().name("butler-backup".into()).spawn(move || {
            let made = butler.make_named_backup(&out, &how);
            let mut progress = lock(&butler.0.backups.progress);
            match made {
                Ok(made) => {
                    "done".clone_into(&mut progress.state);
                    progress.made = Some(made);
                }
                Err(Error(error)) => {
                    "failed".clone_into(&mut progress.state);
                    progress.says = Some(error.message);
                }
            }
            drop(progress);
            butler.changed(Topic::Audit);
        })?);
        drop(thread);
        self.show_backup(ShowBackup {})
    }

    /// How far the copy is.
    pub fn show_backup(&self, _: ShowBackup) -> Result<BackupProgress, Error> {
        let mut progress = lock(&self.0.backups.progress).clone();
        if progress.state.is_empty() {
            "none".clone_into(&mut progress.state);
        }
        Ok(progress)
    }

    fn make_named_backup(&self, out: &std::path::Path, how: &Lock) -> Result<BackupMade, Error> {
        // So that a signature covers everything in it.
        self.checkpoint()?;
        let unnamed = make(&self.0.ports.data, out, how, self.now(), |done, total| {
            let mut progress = lock(&self.0.backups.progress);
            (progress.done, progress.total) = (Seq(done), Seq(total));
            !self.stopping()
        })?;
        let unnamed = unnamed.ok_or_else(|| Error::bad("ClawButler was closed before the copy was whole."))?;
        // Recorded first: a backup nobody recorded does not get its name.
        let data = json!({ "by": "window", "backup": unnamed.made, "file": unnamed.made.file });
        if let Err(error) = self.record(Durability::Power, Kind::BackupMade, Actor::LocalUser, data) {
            unnamed.drop_it();
            return Err(error);
        }
        unnamed.publish()
    }

    /// Waits for the end of a copy, which comes soon once the engine is stopping.
    pub(crate) fn end_backup(&self) {
        let thread = lock(&self.0.backups.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the backup had ended in an error");
        }
    }
}
