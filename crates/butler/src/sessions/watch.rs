//! Watches the folders in which runtimes record, so that what changed is read soon.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use notify::{RecursiveMode, Watcher as _};

use super::tail::{Hand, Place};
use crate::Butler;

/// How often the folders are looked at again after watching them began; past it they are looked at with the next round.
const WATCH_ROUNDS: usize = 4;

/// Folders with their homes.
#[derive(Debug, Default)]
struct Folders {
    /// Those that hold records.
    records: BTreeSet<(String, PathBuf)>,
    /// Those in which one of them is to appear.
    awaited: BTreeSet<(String, PathBuf)>,
    /// Those that tell of live sessions.
    live: BTreeSet<(String, PathBuf)>,
}

impl Folders {
    fn all(&self) -> BTreeSet<(String, PathBuf)> {
        self.records.iter().chain(&self.awaited).chain(&self.live).cloned().collect()
    }
}

impl Butler {
    /// Watches the folders of these homes and no others; a folder that is not there yet is waited for.
    pub(super) fn watch(&self, hand: &mut Hand, places: &[Place]) {
        // A folder that came into being while the others were taken up would be missed: it is looked again.
        for _ in 0..WATCH_ROUNDS {
            let folders = self.folders(places);
            let all = folders.all();
            if all == hand.watched {
                return;
            }
            // What was written into a folder before it was watched is found by a comparison.
            for (home, _) in all.difference(&hand.watched) {
                self.0.sessions.compare_soon(home);
            }
            self.watch_these(hand, places, &folders, all);
        }
    }

    /// The folders of these homes as they lie now.
    fn folders(&self, places: &[Place]) -> Folders {
        let env = &self.0.ports.env;
        // A folder that is not there yet is waited for in the nearest one that is.
        let nearest = |folder: PathBuf| folder.ancestors().find(|up| up.is_dir()).map(Path::to_owned);
        let mut found = Folders::default();
        for place in places {
            for folder in place.connector.recording_folders(env, &place.path) {
                if folder.is_dir() {
                    found.records.insert((place.id.clone(), folder));
                } else if let Some(up) = nearest(folder) {
                    found.awaited.insert((place.id.clone(), up));
                }
            }
            let live = place.connector.live_folders(&place.path).into_iter().filter(|folder| folder.is_dir());
            found.live.extend(live.map(|folder| (place.id.clone(), folder)));
        }
        let Folders { records, awaited, .. } = &mut found;
        awaited.retain(|up| !records.contains(up));
        found
    }

    /// Watches these folders instead of those that were watched; all of them are `wanted`.
    fn watch_these(&self, hand: &mut Hand, places: &[Place], found: &Folders, wanted: BTreeSet<(String, PathBuf)>) {
        let Folders { records: folders, awaited, live: listed } = found;
        // The system may name a file by the folder's real place.
        let real: Vec<(String, PathBuf, PathBuf)> = folders
            .iter()
            .map(|(home, folder)| {
                let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
                (home.clone(), folder.clone(), real)
            })
            .collect();
        let listed: Vec<PathBuf> = listed
            .iter()
            .flat_map(|(_, folder)| [Some(folder.clone()), folder.canonicalize().ok()])
            .flatten()
            .collect();
        let ups: Vec<(String, PathBuf)> = awaited.iter().cloned().collect();
        let butler = std::sync::Arc::downgrade(&self.0);
        let told = move |event: notify::Result<notify::Event>| {
            let (Ok(event), Some(inner)) = (event, butler.upgrade()) else { return };
            if event.kind.is_access() {
                return;
            }
            // The shared memory of a database changes when we read it.
            let own = |path: &Path| path.to_string_lossy().ends_with("-shm");
            for path in event.paths.into_iter().filter(|path| !own(path)) {
                if listed.iter().any(|folder| path.starts_with(folder)) {
                    inner.sessions.states_changed();
                }
                for (home, folder, real) in &real {
                    let below = path.strip_prefix(folder).or_else(|_| path.strip_prefix(real));
                    if let Ok(below) = below {
                        inner.sessions.changed_file(home, folder.join(below));
                    }
                }
                for (home, _) in ups.iter().filter(|(_, up)| path.parent().and_then(Path::file_name) == up.file_name())
                {
                    inner.sessions.compare_soon(home);
                }
            }
        };
        let mut watcher = match notify::recommended_watcher(told) {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!(%error, "records of sessions cannot be watched; they are looked at every few seconds");
                (hand.watcher, hand.watched) = (None, wanted);
                return;
            }
        };
        let mut all = true;
        for (home, folder) in &wanted {
            // A home holds much that is no record: below it only folders that are named are watched.
            let whole = awaited.contains(&(home.clone(), folder.clone()))
                || places.iter().any(|place| place.id == *home && place.path == *folder);
            let mode = if whole { RecursiveMode::NonRecursive } else { RecursiveMode::Recursive };
            if let Err(error) = watcher.watch(folder, mode) {
                all = false;
                tracing::warn!(folder = %folder.display(), %error, "a folder of records cannot be watched");
            }
        }
        hand.watcher = all.then_some(watcher);
        hand.watched = wanted;
    }
}
