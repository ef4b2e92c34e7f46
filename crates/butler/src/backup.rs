//! Copies of the database.
use clawbutler_wire::command::{MakeBackup, ShowBackup};
use clawbutler_wire::retention::BackupProgress;

use crate::{Butler, Error};

impl Butler {
    /// Begins a copy.
    pub fn make_backup(&self, _: MakeBackup) -> Result<BackupProgress, Error> {
        Err(Error::bad("not yet"))
    }

    /// How far it is.
    pub fn show_backup(&self, _: ShowBackup) -> Result<BackupProgress, Error> {
        Err(Error::bad("not yet"))
    }
}
