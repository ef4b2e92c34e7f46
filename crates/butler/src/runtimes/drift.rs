//! Watches that guards stay what they were; a change without us is recorded and raised.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clawbutler_connectors::connector::{self, Connector};
use clawbutler_connectors::places::connector_of;
use clawbutler_core::actor::Actor;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::runtimes::GuardState;
use clawbutler_wire::topic::Topic;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use serde_json::json;

use super::Watched;
use crate::engine::lock;
use crate::{Butler, Error};

/// Guards are looked at this often (ms) where no file tells: a process without its guard writes none.
const LOOK_EVERY_MS: u64 = 30_000;

/// What is watched.
#[derive(Debug, Default, PartialEq, Eq)]
struct Places {
    folders: BTreeMap<PathBuf, Option<SystemTime>>,
    names: BTreeSet<OsString>,
}

/// Watches the files of the homes that are there, and of those that come later.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    places: Places,
    governed: Vec<String>,
    watcher: Option<RecommendedWatcher>,
    /// When everything is looked at again (steady time, ms).
    next: u64,
}

impl Lookout {
    /// Watches other places where there are others. `true`: it is time to look at every guard.
    pub(crate) fn look_around(&mut self, butler: &Butler) -> bool {
        let now = butler.0.ports.clock.steady_ms();
        let governed: Vec<String> = butler.governed_homes().into_iter().map(|home| home.id).collect();
        let due = now >= self.next;
        if !due && governed == self.governed {
            return false;
        }
        self.next = now + LOOK_EVERY_MS;
        self.governed = governed;
        let places = butler.places_of_guards();
        if self.watcher.is_none() || places != self.places {
            // The new one stands before the old one goes, so nothing falls between them.
            self.watcher = butler.watch_guards(&places);
            self.places = places;
        }
        true
    }
}

fn in_force(state: GuardState) -> bool {
    matches!(state, GuardState::Managed | GuardState::User)
}

impl Butler {
    pub(crate) fn governed_homes(&self) -> Vec<HomeRow> {
        lock(&self.0.registry).homes.values().filter(|home| home.governed).cloned().collect()
    }

    fn status_of(&self, home: &HomeRow) -> Option<(GuardState, String, Option<String>)> {
        let connector = connector_of(&home.runtime, &home.path)?;
        let (env, path) = (&self.0.ports.env, Path::new(&home.path));
        let projects: Vec<PathBuf> =
            self.live_sessions(connector, path).iter().map(|session| PathBuf::from(&session.cwd)).collect();
        let status = connector.guard_status(env, path, &self.0.ports.data.hook(), &projects);
        Some((super::scan::guard_state(status.state), status.says, status.fix))
    }

    /// State of the guard in every governed home that can have one.
    pub(crate) fn guard_states(&self) -> Vec<GuardState> {
        let guardable = |home: &&HomeRow| connector_of(&home.runtime, &home.path).is_some_and(Connector::has_guard);
        self.governed_homes()
            .iter()
            .filter(guardable)
            .filter_map(|home| self.status_of(home))
            .map(|status| status.0)
            .collect()
    }

    /// Since when a guard was seen in force in a home, by this engine (ms since the epoch); `None` while none is.
    pub(crate) fn guarded_since(&self, id: &str) -> Option<i64> {
        let registry = lock(&self.0.registry);
        registry.homes.get(id).filter(|home| home.governed && home.guard.is_some())?;
        registry.guards.get(id)?.since
    }

    /// Why the guard we installed in a home is no longer in force; `None` while it is.
    pub(crate) fn guard_lost(&self, id: &str) -> Option<String> {
        let home = lock(&self.0.registry).homes.get(id).filter(|home| home.guard.is_some()).cloned()?;
        self.not_held(&home)
    }

    /// Why no guard stands before the tool calls of a home now; `None` while one does.
    pub(crate) fn not_held(&self, home: &HomeRow) -> Option<String> {
        let (state, says, _) = self.status_of(home)?;
        (!in_force(state)).then_some(says)
    }

    /// Compares every guard we installed with the last look.
    pub(crate) fn check_guards(&self) -> Result<(), Error> {
        for home in self.governed_homes().into_iter().filter(|home| home.guard.is_some()) {
            let Some((state, says, fix)) = self.status_of(&home) else { continue };
            let before = lock(&self.0.registry).guards.get(&home.id).cloned();
            let was = before.as_ref().map_or(GuardState::User, |before| before.state);
            let (since, mut alert) = before.map_or((None, None), |before| (before.since, before.alert));
            let since = in_force(state).then(|| since.unwrap_or(self.now().0));
            let raised = format!("The guard in {} is not in force: {says}", home.path);
            // Another reason in the same state is another alarm: a second process without the guard.
            let other = alert.as_ref().is_some_and(|shown| *shown != raised);
            if !in_force(state) && (state != was || other) {
                let data = json!({ "home": home.id, "path": home.path, "state": state, "says": says });
                self.record(Durability::Power, Kind::GuardDrift, Actor::Engine, data)?;
                if let Some(shown) = alert.take() {
                    self.clear_alert(&shown);
                }
                self.alert(&raised, fix.as_deref().unwrap_or("Install it again on the Agents page."));
                alert = Some(raised);
                self.changed(Topic::Runtimes);
            } else if in_force(state)
                && let Some(raised) = alert.take()
            {
                self.clear_alert(&raised);
                self.changed(Topic::Runtimes);
            }
            lock(&self.0.registry).guards.insert(home.id.clone(), Watched { state, since, alert });
        }
        Ok(())
    }

    /// The folders of every file that carries a guard or a fact, and the names that matter in them.
    fn places_of_guards(&self) -> Places {
        let files = self.files_to_watch();
        let own = [self.0.ports.data.path().join("bin"), crate::rules::watched(&self.0.ports.data)];
        let names =
            files.iter().chain(&own).filter_map(|file| file.file_name().map(std::ffi::OsStr::to_owned)).collect();
        let around = files.iter().filter_map(|file| file.parent()).map(Path::to_owned);
        let folders = around.chain(files.iter().cloned()).chain(own);
        // A folder that was removed and made again is another one: nothing watches it.
        let made = |folder: &PathBuf| std::fs::metadata(folder).ok().filter(std::fs::Metadata::is_dir);
        let folders = folders.filter_map(|folder| made(&folder).map(|facts| (folder, facts.created().ok()))).collect();
        Places { folders, names }
    }

    /// Rings the bell when one of the places changes. Only events about a name that was asked for count: a home's
    /// folder is written to all the time.
    fn watch_guards(&self, places: &Places) -> Option<RecommendedWatcher> {
        let butler = self.clone();
        let names = places.names.clone();
        // By name: the system may spell the folder in another way than we do.
        let asked_for = move |path: &PathBuf| {
            let of = |path: Option<&Path>| path.and_then(Path::file_name).is_some_and(|name| names.contains(name));
            of(Some(path)) || of(path.parent())
        };
        let told = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(&asked_for)) {
                butler.ring(true);
            }
        };
        let mut watcher = notify::recommended_watcher(told)
            .inspect_err(|error| tracing::warn!(%error, "files cannot be watched; guards are checked now and then"))
            .ok()?;
        for folder in places.folders.keys() {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::warn!(folder = %folder.display(), %error, "a folder cannot be watched");
            }
        }
        Some(watcher)
    }

    fn files_to_watch(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for connector in connector::ALL {
            let found = connector.discover(&self.0.ports.env, &[]);
            let chosen = self.governed_homes().into_iter().filter(|home| home.runtime == connector.id());
            let homes = found.homes.into_iter().map(|home| home.path).chain(chosen.map(|home| home.path.into()));
            for home in homes {
                files.extend(connector.watched_files(&self.0.ports.env, &home));
            }
        }
        files
    }
}
