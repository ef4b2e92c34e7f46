//! What waits to be read: files that changed, homes that are to be compared, the history of each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex};

use clawbutler_connectors::record::Recording;
use clawbutler_store::StoreError;
use clawbutler_store::sessions::SessionStore;
use clawbutler_wire::sessions::{BackfillState, BackfillView};

use super::loosened::Modes;
use super::state::Live;
use super::unguarded::Calls;
use crate::engine::lock;

/// What is kept of sessions while the engine runs.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) store: SessionStore,
    pub(super) live: Mutex<Live>,
    pub(super) calls: Mutex<Calls>,
    pub(super) modes: Mutex<Modes>,
    pub(super) queue: Mutex<Queue>,
    pub(super) bell: Condvar,
}

/// What waits to be read.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) stop: bool,
    /// Files that changed, by home.
    pub(super) dirty: BTreeSet<(String, PathBuf)>,
    /// Those of them that are to be read whole: a database with its oldest sessions.
    pub(super) whole: BTreeSet<(String, PathBuf)>,
    /// Homes whose files are to be compared with what was read.
    pub(super) scan: BTreeSet<String>,
    pub(super) backfills: BTreeMap<String, Backfill>,
    /// Homes that are looked at.
    pub(super) homes: BTreeSet<String>,
}

/// How far the reading of a home's history has come, and what of it waits.
#[derive(Debug, Default)]
pub(super) struct Backfill {
    pub(super) view: BackfillView,
    pub(super) waiting: VecDeque<(Recording, u64)>,
}

impl Sessions {
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<PathBuf>), StoreError> {
        let (store, aside) = SessionStore::open(path)?;
        let (live, calls, queue) = (Mutex::default(), Mutex::default(), Mutex::default());
        let modes = Mutex::default();
        Ok((Self { store, live, calls, modes, queue, bell: Condvar::new() }, aside))
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        lock(&self.queue).stop = true;
        self.bell.notify_all();
    }

    pub(super) fn stopping(&self) -> bool {
        lock(&self.queue).stop
    }

    /// Calls the thread: the chosen homes may be others.
    pub(crate) fn look_again(&self) {
        self.bell.notify_all();
    }

    pub(super) fn changed_file(&self, home: &str, path: PathBuf) {
        lock(&self.queue).dirty.insert((home.to_owned(), path));
        self.bell.notify_all();
    }

    /// A folder of records may have come into being.
    pub(super) fn compare_soon(&self, home: &str) {
        lock(&self.queue).scan.insert(home.to_owned());
        self.bell.notify_all();
    }

    /// What tells of live sessions changed.
    pub(super) fn states_changed(&self) {
        lock(&self.live).is_stale();
    }

    pub(super) fn backfill_views(&self) -> Vec<BackfillView> {
        lock(&self.queue).backfills.values().map(|backfill| backfill.view.clone()).collect()
    }

    /// Starts the reading of a home's history again; its files are compared by the thread.
    pub(super) fn start_backfill(&self, home: &str) -> BackfillView {
        let mut queue = lock(&self.queue);
        let backfill = queue.backfills.entry(home.to_owned()).or_default();
        home.clone_into(&mut backfill.view.home_id);
        if backfill.view.state != BackfillState::Running {
            backfill.view = BackfillView { home_id: home.to_owned(), ..BackfillView::default() };
        }
        let view = backfill.view.clone();
        queue.scan.insert(home.to_owned());
        self.bell.notify_all();
        view
    }

    pub(super) fn cancel_backfill(&self, home: &str) -> BackfillView {
        let mut queue = lock(&self.queue);
        let backfill = queue.backfills.entry(home.to_owned()).or_default();
        backfill.waiting.clear();
        if backfill.view.state != BackfillState::Done {
            backfill.view.state = BackfillState::Cancelled;
        }
        home.clone_into(&mut backfill.view.home_id);
        backfill.view.clone()
    }

    pub(super) fn drop_home(&self, home: &str) {
        let mut queue = lock(&self.queue);
        queue.backfills.remove(home);
        queue.homes.remove(home);
        queue.dirty.retain(|(of, _)| of != home);
    }
}
