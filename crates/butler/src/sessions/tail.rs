//! The thread that reads what runtimes record: what changed first, then the history, newest first.
//!
//! Only homes that the user chose are looked at. Files are watched; a slow look at all of them finds what a
//! watcher missed. Whatever goes wrong with one file is noted there and stops nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use clawbutler_connectors::connector::Connector;
use clawbutler_connectors::places::connector_of;
use clawbutler_core::limits::ALL_STEPS;
use clawbutler_store::StoreError;
use clawbutler_store::sessions::{Batch, RecordingRow};
use clawbutler_wire::sessions::{BackfillState, BackfillView};
use clawbutler_wire::topic::Topic;
use notify::RecommendedWatcher;

use super::check::{CHECK_MS, Checks};
use super::lines::Look;
use super::packed::Text;
use super::queue::{Backfill, Queue};
use super::unready::Unready;
use crate::engine::lock;
use crate::{Butler, Error};

/// One home that is looked at.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) id: String,
    pub(super) connector: &'static dyn Connector,
    pub(super) path: PathBuf,
}

/// What the thread keeps to itself.
#[derive(Debug, Default)]
pub(super) struct Hand {
    /// How far recordings were read, as stored.
    pub(super) rows: HashMap<(PathBuf, String, Option<String>), RecordingRow>,
    /// Databases as they lay when they were read to their end, and whether with all their sessions.
    pub(super) looked: HashMap<PathBuf, (Look, bool)>,
    /// Databases that could not be read yet, by home and path.
    pub(super) unready: BTreeMap<(String, PathBuf), Unready>,
    /// The packed file that is being read.
    pub(super) unpacked: Option<Text>,
    /// Files that are to be compared whole with what was read of them.
    pub(super) checks: Checks,
    pub(super) watcher: Option<RecommendedWatcher>,
    pub(super) watched: BTreeSet<(String, PathBuf)>,
    told_at: u64,
    /// Something was stored that windows were not told of.
    untold: bool,
    scanned_at: u64,
}

/// How often all files are compared when watching works, and when it does not (ms).
const SCAN_MS: u64 = 60_000;
const BLIND_SCAN_MS: u64 = 3_000;
/// How long changes are collected before they are read.
const GATHER: Duration = Duration::from_millis(100);
/// Shortest pause between two notices to windows (ms), and how long after one more are expected soon.
const TELL_MS: u64 = 250;
const BUSY_MS: u64 = 1_000;
/// Bytes of changed files that are read before they are stored.
const ROUND_BYTES: u64 = 4 * 1024 * 1024;
/// Recordings whose place is remembered; past it they are asked for again.
const ROWS: usize = 8_192;

impl Butler {
    /// Starts the thread that reads sessions; it ends with [`Butler::shutdown`].
    pub(crate) fn start_sessions(&self) -> std::io::Result<std::thread::JoinHandle<()>> {
        let butler = self.clone();
        std::thread::Builder::new().name("sessions".into()).spawn(move || {
            clawbutler_platform::process::lower_thread();
            let mut hand = Hand::default();
            while !butler.0.sessions.stopping() {
                if !butler.read_round(&mut hand) {
                    butler.tell_of_records(&mut hand);
                    butler.wait_for_records(&hand);
                }
            }
        })
    }

    /// Reads everything there is to read now; for tests and benchmarks, which run no threads.
    pub fn read_sessions(&self) {
        let mut hand = Hand { scanned_at: u64::MAX, ..Hand::default() };
        for place in self.places() {
            lock(&self.0.sessions.queue).scan.insert(place.id);
        }
        while self.read_round(&mut hand) {}
        self.tell_of_records(&mut hand);
    }

    /// Reads what a watcher's notices about files of a home name, and compares nothing else; for tests, which run no
    /// threads.
    pub fn read_noticed(&self, home: &str, files: &[PathBuf]) {
        let mut hand = Hand { scanned_at: u64::MAX, ..Hand::default() };
        files.iter().for_each(|file| self.0.sessions.changed_file(home, file.clone()));
        while self.read_round(&mut hand) {}
        self.tell_of_records(&mut hand);
    }

    /// Tells windows of what was stored since they were told last.
    fn tell_of_records(&self, hand: &mut Hand) {
        if std::mem::take(&mut hand.untold) {
            hand.told_at = self.0.ports.clock.steady_ms();
            self.changed(Topic::Sessions);
        }
    }

    fn wait_for_records(&self, hand: &Hand) {
        let every = match &hand.watcher {
            _ if hand.checks.waits() => CHECK_MS,
            Some(_) => SCAN_MS,
            None => BLIND_SCAN_MS,
        };
        let now = self.0.ports.clock.steady_ms();
        let every = hand.unready.values().filter_map(|one| one.waits(now)).fold(every, u64::min);
        let queue = lock(&self.0.sessions.queue);
        if queue.stop || !queue.scan.is_empty() {
            return;
        }
        let calm = queue.dirty.is_empty();
        if calm {
            drop(self.0.sessions.bell.wait_timeout(queue, Duration::from_millis(every)));
        } else {
            drop(queue);
        }
        // Windows are not told again before then: what comes meanwhile is read in one go.
        let since = self.0.ports.clock.steady_ms().saturating_sub(hand.told_at);
        std::thread::sleep(if since < BUSY_MS { Duration::from_millis(TELL_MS) } else { GATHER });
    }

    /// One round; gives whether there is more to do at once.
    fn read_round(&self, hand: &mut Hand) -> bool {
        let places = self.places();
        self.note_homes(hand, &places);
        let now = self.0.ports.clock.steady_ms();
        let at_once = hand.scanned_at == u64::MAX;
        let every = if hand.watcher.is_some() { SCAN_MS } else { BLIND_SCAN_MS };
        if !at_once && now.saturating_sub(hand.scanned_at) >= every {
            hand.scanned_at = now;
            lock(&self.0.sessions.queue).scan.extend(places.iter().map(|place| place.id.clone()));
            if let Err(error) = self.0.sessions.store.write(|write| write.forget_silent(ALL_STEPS)) {
                tracing::warn!(%error, "old steps could not be forgotten");
            }
        }
        self.read_unready(hand, &places, now);
        let scan = std::mem::take(&mut lock(&self.0.sessions.queue).scan);
        for place in places.iter().filter(|place| scan.contains(&place.id)) {
            self.compare_records(place);
            self.add_checks(hand, place);
        }
        let more = self.read_changed(hand, &places)
            || self.read_history(hand, &places)
            || self.check_older(hand, &places, at_once);
        if hand.rows.len() > ROWS {
            hand.rows.clear();
        }
        more
    }

    /// Homes that the user chose and whose runtime records something.
    fn places(&self) -> Vec<Place> {
        let homes = self.governed_homes();
        let place = |home: clawbutler_store::table::homes::HomeRow| {
            Some(Place {
                connector: connector_of(&home.runtime, &home.path)?,
                id: home.id,
                path: PathBuf::from(home.path),
            })
        };
        homes.into_iter().filter_map(place).collect()
    }

    /// Takes up homes that were chosen since, and lets go of those that are no longer.
    fn note_homes(&self, hand: &mut Hand, places: &[Place]) {
        let now: BTreeSet<String> = places.iter().map(|place| place.id.clone()).collect();
        {
            let mut queue = lock(&self.0.sessions.queue);
            let new: Vec<String> = now.difference(&queue.homes).cloned().collect();
            if !new.is_empty() {
                // A home that was forgotten meanwhile is stored under other keys.
                hand.rows.clear();
                hand.looked.clear();
                hand.checks = Checks::default();
            }
            for home in new {
                let noted = self.0.sessions.store.read::<_, StoreError>(|read| read.backfill(&home)).ok().flatten();
                let state = match noted.as_deref() {
                    Some("done") => BackfillState::Done,
                    Some("cancelled") => BackfillState::Cancelled,
                    Some(_) | None => BackfillState::Waiting,
                };
                let view = BackfillView { home_id: home.clone(), state, ..BackfillView::default() };
                queue.backfills.insert(home.clone(), Backfill { view, waiting: VecDeque::new() });
                queue.scan.insert(home);
            }
            queue.backfills.retain(|home, _| now.contains(home));
            queue.dirty.retain(|(home, _)| now.contains(home));
            queue.whole.retain(|(home, _)| now.contains(home));
            queue.homes = now;
        }
        if hand.scanned_at != u64::MAX {
            self.watch(hand, places);
        }
    }

    /// Compares a home's files with what was read of them; what differs is read, newest first.
    fn compare_records(&self, place: &Place) {
        let known: HashMap<String, (u64, i64)> = self
            .0
            .sessions
            .store
            .read::<_, StoreError>(|read| read.known_files(&place.id))
            .unwrap_or_default()
            .into_iter()
            .map(|(path, size, modified)| (path, (size, modified)))
            .collect();
        let recordings = place.connector.recordings(&self.0.ports.env, &place.path);
        let mut differing = VecDeque::new();
        for recording in recordings {
            let Some(look) = super::reading::look_at(&recording) else { continue };
            let before = known.get(recording.path.to_string_lossy().as_ref());
            if before.is_none_or(|before| *before != (look.size, look.modified)) {
                differing.push_back((recording, look, before.is_some()));
            }
        }
        let mut queue = lock(&self.0.sessions.queue);
        let Queue { dirty, whole, backfills, .. } = &mut *queue;
        let backfill = backfills.entry(place.id.clone()).or_default();
        backfill.view.home_id.clone_from(&place.id);
        match backfill.view.state {
            BackfillState::Waiting => {
                let bytes = differing.iter().map(|(_, Look { size, .. }, _)| size).sum();
                backfill.view.state = BackfillState::Running;
                backfill.view.files_total = u32::try_from(differing.len()).unwrap_or(u32::MAX);
                backfill.view.bytes_total = bytes;
                backfill.view.started_at = Some(self.0.ports.clock.wall().0);
                backfill.waiting = differing.into_iter().map(|(recording, look, _)| (recording, look.size)).collect();
            }
            // What waits there is read in its turn.
            BackfillState::Running => {}
            BackfillState::Done | BackfillState::Failed => {
                let all: Vec<_> =
                    differing.into_iter().map(|(recording, ..)| (place.id.clone(), recording.path)).collect();
                whole.extend(all.iter().cloned());
                dirty.extend(all);
            }
            BackfillState::Cancelled => {
                let live = differing.into_iter().filter(|(.., known)| *known);
                dirty.extend(live.map(|(recording, ..)| (place.id.clone(), recording.path)));
            }
        }
    }

    /// Reads files that changed. Gives whether there was one.
    fn read_changed(&self, hand: &mut Hand, places: &[Place]) -> bool {
        let dirty = std::mem::take(&mut lock(&self.0.sessions.queue).dirty);
        if dirty.is_empty() {
            return false;
        }
        let mut batches = Vec::new();
        let mut taken = 0;
        for (home, path) in dirty {
            let Some(place) = places.iter().find(|place| place.id == home) else { continue };
            if taken >= ROUND_BYTES {
                lock(&self.0.sessions.queue).dirty.insert((home, path));
                continue;
            }
            let at = (home.clone(), path.clone());
            let again = hand.unready.get(&at).is_some_and(|one| one.whole);
            let whole = lock(&self.0.sessions.queue).whole.remove(&at) || again;
            if path.is_dir() {
                // What was written into a new folder before it was watched.
                lock(&self.0.sessions.queue).scan.insert(home);
                continue;
            }
            let mut again = false;
            for recording in place.connector.recordings_in(&self.0.ports.env, &place.path, &path) {
                let read = self.read_recording(hand, place, &recording, whole);
                taken += read.bytes;
                again |= read.more;
                batches.extend(read.batches);
            }
            if again {
                let mut queue = lock(&self.0.sessions.queue);
                if whole {
                    queue.whole.insert((home.clone(), path.clone()));
                }
                queue.dirty.insert((home, path));
            }
        }
        self.keep_records(hand, batches);
        true
    }

    /// Reads on in the history of one home. Gives whether there was something.
    fn read_history(&self, hand: &mut Hand, places: &[Place]) -> bool {
        let next = {
            let mut queue = lock(&self.0.sessions.queue);
            queue.backfills.iter_mut().find_map(|(home, backfill)| {
                if backfill.view.state != BackfillState::Running {
                    return None;
                }
                let place = places.iter().find(|place| place.id == *home)?;
                Some((place.clone(), backfill.waiting.pop_front()))
            })
        };
        let Some((place, waiting)) = next else { return false };
        let Some((recording, size)) = waiting else {
            self.end_backfill(&place.id, BackfillState::Done);
            return true;
        };
        let read = self.read_recording(hand, &place, &recording, true);
        let kept = self.keep_records(hand, read.batches);
        {
            let mut queue = lock(&self.0.sessions.queue);
            if let Some(backfill) = queue.backfills.get_mut(&place.id) {
                if read.more && kept && backfill.view.state == BackfillState::Running {
                    backfill.waiting.push_front((recording, size));
                } else {
                    backfill.view.files_done += 1;
                }
                let done = backfill.view.bytes_done + read.bytes;
                backfill.view.bytes_done = done.min(backfill.view.bytes_total);
                if !kept {
                    backfill.view.says =
                        Some("A part of the history could not be stored; it is tried again.".to_owned());
                }
            }
        }
        true
    }

    pub(super) fn end_backfill(&self, home: &str, state: BackfillState) {
        {
            let mut queue = lock(&self.0.sessions.queue);
            if let Some(backfill) = queue.backfills.get_mut(home) {
                backfill.view.state = state;
                if state == BackfillState::Done {
                    backfill.view.files_done = backfill.view.files_total;
                    backfill.view.bytes_done = backfill.view.bytes_total;
                }
            }
        }
        let word = if state == BackfillState::Done { "done" } else { "cancelled" };
        if let Err(error) = self.0.sessions.store.write(|write| write.backfill(home, word)) {
            tracing::warn!(%error, "where the reading of a history stands could not be stored");
        }
        self.changed(Topic::Sessions);
    }

    /// Stores what was read. If that fails it is read again later, from the same place.
    fn keep_records(&self, hand: &mut Hand, batches: Vec<Batch>) -> bool {
        if batches.is_empty() {
            return true;
        }
        let bound = clawbutler_core::limits::SESSION_STEPS;
        let stored = self.0.sessions.store.write(|write| {
            for batch in &batches {
                write.apply(batch, bound)?;
            }
            Ok(())
        });
        if let Err(error) = stored {
            tracing::error!(%error, "what sessions recorded could not be stored; it is read again");
            hand.rows.clear();
            hand.looked.clear();
            return false;
        }
        if batches.iter().any(|batch| !batch.usages.is_empty()) {
            // What is spent is counted before anything else is read.
            if let Err(Error(error)) = self.look_at_budgets() {
                tracing::error!(message = %error.message, "what was spent could not be held against the budget");
            }
        }
        self.tell_of_settings();
        let told = batches.iter().any(|batch| !batch.steps.is_empty() || !batch.malformed.is_empty());
        for batch in batches {
            for row in hand.rows.values_mut().filter(|row| row.key == batch.recording.key) {
                row.clone_from(&batch.recording);
            }
        }
        hand.untold |= told;
        if self.0.ports.clock.steady_ms().saturating_sub(hand.told_at) >= TELL_MS {
            self.tell_of_records(hand);
        }
        true
    }
}
