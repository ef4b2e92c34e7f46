//! The history of actions: bounded, for trying other rules and for what was decided before.

use std::sync::atomic::Ordering;

use clawbutler_core::limits::{HISTORY_MS, HISTORY_ROWS};
use clawbutler_store::Durability;

use crate::{Butler, Error};

/// How often the history is tidied (ms).
const PRUNE_MS: i64 = 60 * 60 * 1000;

impl Butler {
    /// Forgets what is too old or too much, once an hour.
    pub(crate) fn prune_history(&self) -> Result<(), Error> {
        let now = self.now().0;
        if now < self.0.next_prune.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.0.next_prune.store(now.saturating_add(PRUNE_MS), Ordering::Relaxed);
        let since = self.since(HISTORY_MS);
        self.0.store.write::<_, Error>(Durability::Process, |tx| Ok(tx.actions_prune(since, HISTORY_ROWS)?))?;
        Ok(())
    }
}
