//! Files a person names: the host's dialog to choose one, and a look into packs and backups that were handed over.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, TryLockError};

use clawbutler_ledger::note::PublicKey;
use clawbutler_ledger::pack;
use clawbutler_wire::Seq;
use clawbutler_wire::files::{BackupVerdict, CheckBackup, CheckPack, ChoosePath, ChosenPath, PackVerdict};

use crate::audit::stretches;
use crate::backup::encryption_of;
use crate::{Butler, Error};

/// Longest path a dialog is begun with (bytes).
const PATH_BYTES: usize = 4096;

type Chooser = Box<dyn Fn(&ChoosePath) -> Option<PathBuf> + Send + Sync>;

/// The host's way to have a person choose a path, where it has one.
#[derive(Default)]
pub(crate) struct Dialogs {
    chooser: OnceLock<Chooser>,
    /// Held while one is open.
    open: Mutex<()>,
}

impl fmt::Debug for Dialogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialogs").field("there", &self.chooser.get().is_some()).finish_non_exhaustive()
    }
}

impl Butler {
    /// Takes the host's dialog. It blocks until the person answers and gives what they chose. Only the first one counts.
    pub fn offer_dialogs(&self, chooser: impl Fn(&ChoosePath) -> Option<PathBuf> + Send + Sync + 'static) {
        if self.0.dialogs.chooser.set(Box::new(chooser)).is_err() {
            tracing::warn!("a second way to choose files was offered");
        }
    }

    /// Has a person choose a path. What comes back is text, and checked like text that was typed.
    pub fn choose_path(&self, mut request: ChoosePath) -> Result<ChosenPath, Error> {
        let dialogs = &self.0.dialogs;
        let Some(chooser) = dialogs.chooser.get() else {
            return Err(Error::precondition("There is no dialog here.", "Type the whole path."));
        };
        let _one = match dialogs.open.try_lock() {
            Ok(held) => held,
            Err(TryLockError::Poisoned(held)) => held.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::precondition("Another dialog is open.", "Answer or close it first."));
            }
        };
        request.near = request.near.filter(|near| near.len() <= PATH_BYTES && Path::new(near).is_absolute());
        let Some(chosen) = chooser(&request) else { return Ok(ChosenPath::default()) };
        match chosen.into_os_string().into_string() {
            Ok(path) => Ok(ChosenPath { path: Some(path) }),
            Err(_) => Err(Error::bad("The name of that file is not text. Choose another.")),
        }
    }

    /// Checks an evidence pack for a window.
    pub fn check_pack_file(&self, request: CheckPack) -> Result<PackVerdict, Error> {
        let path = whole(&request.path)?;
        let named = request.key.as_deref().map(str::trim).filter(|key| !key.is_empty());
        let ours = self.audit_keeping().public_key.and_then(|key| PublicKey::parse(&key)).map(|key| key.encoded());
        let claimed = pack::claimed_key(&mut File::open(&path)?).ok().flatten().map(|key| key.encoded());
        let key = match named {
            Some(_) => "given",
            None if claimed.is_some() && claimed == ours => "ours",
            None => "in_the_pack",
        };
        let check = Self::check_pack(&path, named)?;
        let report = check.report.as_ref();
        Ok(PackVerdict {
            intact: report.is_some(),
            reason: check.reason,
            log: report.map(|report| report.log.clone()).unwrap_or_default(),
            entries: Seq(report.map_or(0, |report| report.entries)),
            pruned: Seq(report.map_or(0, |report| report.pruned)),
            checkpoint_entries: Seq(report.map_or(0, |report| report.checkpoint)),
            made_at: report.map_or(0, |report| report.made_at),
            unproven: report.map(|report| stretches(&report.unproven)).unwrap_or_default(),
            acknowledged: report.map(|report| stretches(&report.acknowledged)).unwrap_or_default(),
            key: key.to_owned(),
        })
    }

    /// Looks into a backup for a window.
    pub fn check_backup(&self, request: CheckBackup) -> Result<BackupVerdict, Error> {
        let path = whole(&request.path)?;
        let mut head = Vec::new();
        File::open(&path)?.take(512).read_to_end(&mut head)?;
        let encryption = encryption_of(&head);
        let ports = &self.0.ports;
        let report = (encryption == "none")
            .then(|| Self::verify_database(&ports.data, &path, None, ports.keychain.as_deref(), |_, _| ()))
            .transpose()?;
        Ok(BackupVerdict { encryption: encryption.to_owned(), report })
    }
}

/// A path as a person types it.
fn whole(path: &str) -> Result<PathBuf, Error> {
    let path = PathBuf::from(path.trim());
    if path.is_absolute() && path.is_file() {
        return Ok(path);
    }
    Err(Error::bad("Give the whole path of a file that exists."))
}
