//! Discovery, and choosing what to govern.

use std::path::{Path, PathBuf};

use clawbutler_connectors::connector::{self, Connector, LiveSession};
use clawbutler_connectors::places::{connector_of, is_address};
use clawbutler_core::actor::Actor;
use clawbutler_core::digest;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::homes::{HomeRow, HomeState};
use clawbutler_wire::command::{Discover, Govern};
use clawbutler_wire::runtimes::{Discovery, GuardState, GuardView, HomeView, InstallView, SessionView};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::home_id;
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// A home found now or chosen before.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) connector: &'static dyn Connector,
    pub(super) path: PathBuf,
    pub(super) source: String,
}

impl Butler {
    /// Looks for runtimes, homes and sessions now. Touches nothing.
    pub fn discover(&self, _: Discover) -> Result<Discovery, Error> {
        self.flush_contacts()?;
        let env = &self.0.ports.env;
        let mut discovery = Discovery { installs: Vec::new(), homes: Vec::new(), looked_at: Vec::new() };
        for connector in connector::ALL {
            let found = connector.discover(env, &self.chosen_paths(connector.id()));
            discovery.installs.extend(found.installs.into_iter().map(|install| InstallView {
                runtime: connector.id().to_owned(),
                runtime_name: connector.name().to_owned(),
                path: install.path.display().to_string(),
                how: install.how,
                version: install.version,
                version_source: install.version_source,
                warning: install.warning,
            }));
            discovery.looked_at.extend(found.looked_at.iter().map(|path| path.display().to_string()));
            for home in found.homes {
                let id = home_id(connector.id(), &home.path.display().to_string());
                let source = self.told_source(&id, home.source);
                discovery.homes.push(self.home_view(&Known { id, connector: *connector, path: home.path, source }));
            }
        }
        let servers: Vec<String> = {
            let registry = lock(&self.0.registry);
            registry.homes.values().filter(|home| is_address(&home.path)).map(|home| home.id.clone()).collect()
        };
        for id in servers {
            discovery.homes.push(self.home_view(&self.known(&id)?));
        }
        Ok(discovery)
    }

    fn chosen_paths(&self, runtime: &str) -> Vec<PathBuf> {
        paths_of(lock(&self.0.registry).homes.values(), runtime)
    }

    /// Where a home that only we know of was heard of.
    fn told_source(&self, id: &str, found: String) -> String {
        source_of(lock(&self.0.registry).homes.get(id), found)
    }

    /// A home by id: chosen before, or found now.
    pub(super) fn known(&self, id: &str) -> Result<Known, Error> {
        let chosen = lock(&self.0.registry).homes.get(id).cloned();
        if let Some(home) = chosen
            && let Some(connector) = connector_of(&home.runtime, &home.path)
        {
            return Ok(Known { id: id.to_owned(), connector, path: home.path.into(), source: home.source });
        }
        for connector in connector::ALL {
            for home in connector.discover(&self.0.ports.env, &[]).homes {
                if home_id(connector.id(), &home.path.display().to_string()) == id {
                    return Ok(Known {
                        id: id.to_owned(),
                        connector: *connector,
                        path: home.path,
                        source: home.source,
                    });
                }
            }
        }
        Err(Error::not_found("home"))
    }

    pub(super) fn home_view(&self, known: &Known) -> HomeView {
        let env = &self.0.ports.env;
        let sessions = self.live_sessions(known.connector, &known.path);
        let projects: Vec<PathBuf> = sessions.iter().map(|session| PathBuf::from(&session.cwd)).collect();
        let status = known.connector.guard_status(env, &known.path, &self.0.ports.data.hook(), &projects);
        let registry = lock(&self.0.registry);
        let row = registry.homes.get(&known.id);
        HomeView {
            id: known.id.clone(),
            runtime: known.connector.id().to_owned(),
            runtime_name: known.connector.name().to_owned(),
            path: known.path.display().to_string(),
            source: known.source.clone(),
            governed: row.is_some_and(|row| row.governed),
            guardable: known.connector.has_guard(),
            guard: GuardView {
                state: guard_state(status.state),
                self_test: known.connector.has_self_test(),
                tested: registry.tests.get(&known.id).cloned(),
                awaits_trust: super::trust::awaited(env, known, &self.0.ports.data.hook(), status.state),
                says: status.says,
                fix: status.fix,
                last_contact: registry.contacts.get(&known.id).copied().or(row.and_then(|row| row.last_contact)),
            },
            sessions: session_views(sessions, |session| registry.sessions.contains_key(session)),
        }
    }

    /// Chooses to govern a home or to leave it alone. Does not touch its files.
    pub fn govern(&self, request: Govern) -> Result<HomeView, Error> {
        let known = self.known(&request.home_id)?;
        let guard = lock(&self.0.registry).homes.get(&known.id).and_then(|row| row.guard.clone());
        if !request.governed {
            self.may_be_released(&known.id)?;
        }
        self.put_home(&known, request.governed, guard, |_| Ok(()))?;
        Ok(self.home_view(&known))
    }

    /// A home that may not act is not let go of: nothing would hold it any more.
    pub(super) fn may_be_released(&self, id: &str) -> Result<(), Error> {
        match lock(&self.0.registry).homes.get(id) {
            Some(row) if row.state != HomeState::Online => Err(Error::precondition(
                "This agent is disabled, and only the guard holds it.",
                "Enable or revive it first.",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Stores a home with its entry, and whatever else belongs to the same transaction.
    pub(super) fn put_home(
        &self,
        known: &Known,
        governed: bool,
        guard: Option<String>,
        also: impl FnOnce(&mut clawbutler_store::Write<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let before = lock(&self.0.registry).homes.get(&known.id).cloned();
        let row = HomeRow {
            id: known.id.clone(),
            runtime: known.connector.id().to_owned(),
            path: known.path.display().to_string(),
            source: known.source.clone(),
            governed,
            guard,
            last_contact: before.as_ref().and_then(|row| row.last_contact),
            state: before.as_ref().map_or(HomeState::Online, |row| row.state),
            state_since: before.as_ref().and_then(|row| row.state_since),
        };
        let turned = before.as_ref().is_none_or(|before| before.governed != governed);
        let _one_at_a_time = lock(&self.0.facts_turn);
        let scopes = (turned && governed).then(|| self.scopes(known.connector, &known.path, &[]));
        let at = self.now();
        self.0.store.write(Durability::Power, |tx| {
            also(tx)?;
            tx.home_put(&row)?;
            if turned {
                let kind = if governed { Kind::HomeGoverned } else { Kind::HomeReleased };
                let baseline = scopes.as_ref().map(digest::of);
                let data = json!({ "home": row.id, "runtime": row.runtime, "path": row.path, "baseline": baseline });
                match &scopes {
                    Some(scopes) => Self::put_baselines(tx, &row.id, scopes, at.0)?,
                    None => tx.drift_put(&row.id, None)?,
                }
                audit::append(tx, at, self.entry(kind, Actor::LocalUser, data))?;
            }
            Ok::<_, Error>(())
        })?;
        if turned {
            self.forget_drift(&row.id);
        }
        lock(&self.0.registry).homes.insert(row.id.clone(), row);
        self.refresh_surroundings();
        self.write_snapshot()?;
        self.ring(true);
        self.changed(Topic::Runtimes);
        self.changed(Topic::Agents);
        self.0.sessions.look_again();
        if governed { self.home_answered(&known.id) } else { Ok(()) }
    }

    /// Tells the policy which files an agent must not touch.
    pub(crate) fn refresh_surroundings(&self) {
        let homes: Vec<HomeRow> = lock(&self.0.registry).homes.values().cloned().collect();
        let data = &self.0.ports.data;
        let own = [data.hook(), data.state().to_owned()].into_iter().chain(audit::files_outside(data));
        let mut guarded: Vec<String> = own.map(|path| path.display().to_string()).collect();
        for home in homes.iter().filter(|home| home.governed) {
            if let Some(connector) = connector_of(&home.runtime, &home.path) {
                let files = connector.guarded_files(&self.0.ports.env, Path::new(&home.path));
                guarded.extend(files.iter().map(|path| path.display().to_string()));
            }
        }
        self.0.around.write().unwrap_or_else(std::sync::PoisonError::into_inner).guarded = guarded;
    }
}

/// Folders of a runtime in the registry; a server of which only the address is known has none.
pub(super) fn paths_of<'a>(homes: impl Iterator<Item = &'a HomeRow>, runtime: &str) -> Vec<PathBuf> {
    homes.filter(|home| home.runtime == runtime && !is_address(&home.path)).map(|home| (&home.path).into()).collect()
}

/// Where a home was heard of: what discovery found says it, and of others what was noted of them.
pub(super) fn source_of(row: Option<&HomeRow>, found: String) -> String {
    row.filter(|_| found == connector::BY_HAND).map_or(found, |row| row.source.clone())
}

/// Sessions as windows see them; `contacted` knows those whose hooks reached us.
pub(super) fn session_views(sessions: Vec<LiveSession>, contacted: impl Fn(&str) -> bool) -> Vec<SessionView> {
    let view = |session: LiveSession| SessionView {
        guarded: contacted(&session.session).then_some(true),
        session: session.session,
        pid: session.pid,
        cwd: session.cwd,
        name: session.name,
        kind: session.kind,
        status: session.status,
        version: session.version,
        started_at: session.started_at,
    };
    sessions.into_iter().map(view).collect()
}

pub(super) fn guard_state(state: connector::GuardState) -> GuardState {
    match state {
        connector::GuardState::Managed => GuardState::Managed,
        connector::GuardState::User => GuardState::User,
        connector::GuardState::Bypassed => GuardState::Bypassed,
        connector::GuardState::Damaged => GuardState::Damaged,
        connector::GuardState::Missing => GuardState::Missing,
    }
}
