//! Runtimes on this machine: found, chosen, guarded, watched.

mod agents;
mod drift;
mod facts;
mod found;
mod guard;
mod health;
mod limits;
mod named;
mod runs;
mod scan;
mod self_test;
mod state;
mod table;
mod trust;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use clawbutler_connectors::connector::{self, Connector, LiveSession};
use clawbutler_core::digest::sha256;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::runtimes::{GuardState, GuardTest};

use crate::engine::lock;
use crate::{Butler, Error};

pub(crate) use drift::Lookout;
pub(crate) use facts::{Drifted, Pace};
pub(crate) use state::sentence;
pub use table::with_processes;

/// What is kept in memory of the chosen homes.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) homes: BTreeMap<String, HomeRow>,
    /// Last contact not yet stored (ms).
    pub(crate) contacts: HashMap<String, i64>,
    /// Sessions whose hooks reached us, with the time (ms).
    pub(crate) sessions: HashMap<String, i64>,
    /// Guards as they were at the last look.
    pub(crate) guards: HashMap<String, Watched>,
    /// How the guards were tried since this engine opened, by home.
    pub(crate) tests: HashMap<String, GuardTest>,
    /// Open changes of configurations, by home.
    pub(crate) drifts: HashMap<String, Drifted>,
    /// Homes that were seen; `None` before the very first look.
    pub(crate) seen: Option<found::Seen>,
    /// When this engine opened (ms since the epoch).
    pub(crate) opened: Option<i64>,
}

/// A guard as it was at the last look.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    state: GuardState,
    /// Since when it was seen in force (ms since the epoch); `None` while it is not.
    since: Option<i64>,
    /// The alert that its loss raised.
    alert: Option<String>,
}

/// Sessions remembered at once.
const SESSIONS: usize = 4_096;

/// Where a request comes from.
pub(crate) struct Origin {
    pub(crate) id: String,
    pub(crate) governed: bool,
}

/// Stable id of a home.
pub(crate) fn home_id(runtime: &str, path: &str) -> String {
    sha256(format!("{runtime}\n{path}").as_bytes())[..16].to_owned()
}

impl Butler {
    pub(crate) fn runtime_name(&self, id: &str) -> String {
        connector::by_id(id).map_or_else(|| id.to_owned(), |connector| connector.name().to_owned())
    }

    /// Sessions that run now.
    pub(crate) fn live_sessions(&self, connector: &dyn Connector, home: &Path) -> Vec<LiveSession> {
        connector.sessions(&self.0.ports.env, home)
    }

    pub(crate) fn load_registry(&self) -> Result<(), Error> {
        let homes = self.0.store.read(|read| read.homes())?;
        {
            let mut registry = lock(&self.0.registry);
            registry.homes = homes.into_iter().map(|home| (home.id.clone(), home)).collect();
            registry.opened = Some(self.now().0);
        }
        self.refresh_surroundings();
        self.load_seen()?;
        self.load_drifts()
    }

    /// Notes that a hook of a home talked to us. A home nobody chose, reached through a machine-wide
    /// guard, is governed; one that the user let go of is not.
    pub(crate) fn contact(&self, runtime: &str, home: &str, session: &str) -> Origin {
        let id = home_id(runtime, home);
        let now = self.now().0;
        let mut registry = lock(&self.0.registry);
        if registry.sessions.len() >= SESSIONS {
            registry.sessions.clear();
        }
        registry.sessions.insert(session.to_owned(), now);
        registry.contacts.insert(id.clone(), now);
        let governed = registry.homes.get(&id).is_none_or(|home| home.governed);
        Origin { id, governed }
    }

    pub(crate) fn flush_contacts(&self) -> Result<(), Error> {
        let contacts = std::mem::take(&mut lock(&self.0.registry).contacts);
        if contacts.is_empty() {
            return Ok(());
        }
        self.0.store.write::<_, Error>(clawbutler_store::Durability::Process, |tx| {
            for (id, at) in &contacts {
                tx.home_contact(id, *at)?;
            }
            Ok(())
        })?;
        let mut registry = lock(&self.0.registry);
        for (id, at) in contacts {
            if let Some(home) = registry.homes.get_mut(&id) {
                home.last_contact = Some(at);
            }
        }
        Ok(())
    }
}
