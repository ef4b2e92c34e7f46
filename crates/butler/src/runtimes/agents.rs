//! The registry of agents as windows and the command line see it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clawbutler_connectors::connector::{self, Connector, GuardStatus, LiveSession};
use clawbutler_connectors::env::Env;
use clawbutler_connectors::facts::Can as Able;
use clawbutler_connectors::places::{connector_of, is_address};
use clawbutler_core::limits::BATCH_ITEMS;
use clawbutler_platform::os;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::table::homes::{HomeRow, HomeState};
use clawbutler_store::{Store, StoreError};
use clawbutler_wire::command::{Done, ForgetHome, Govern, GovernMany, ListAgents, ShowAgent};
use clawbutler_wire::registry::{
    AgentDetail, AgentList, AgentState, AgentView, Can, CapabilityView, CheckView, GovernOutcome, GovernResult,
    RuntimeView, SourceView,
};
use clawbutler_wire::runtimes::{GuardState, GuardTest, GuardView};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::health::{self, Seen};
use super::scan::{Known, guard_state, paths_of, session_views, source_of};
use super::{home_id, trust};
use crate::engine::lock;
use crate::sessions::Unguarded;
use crate::{Butler, Error, audit};

/// What we know of a home besides what is on the disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Noted {
    pub(super) row: Option<HomeRow>,
    /// Last call of a hook (ms since the epoch).
    pub(super) last_contact: Option<i64>,
    /// Sessions whose hooks called since the engine opened.
    pub(super) contacted: HashSet<String>,
    /// Open changes.
    pub(super) drift: u32,
    /// How its guard was tried last.
    pub(super) tested: Option<GuardTest>,
    /// How the connection the user chose is.
    pub(super) connection: Option<CheckView>,
    /// Sessions that ran calls without the guard since the engine opened.
    pub(super) unguarded: Vec<Unguarded>,
    /// Sessions that run in a looser mode than they should, in words.
    pub(super) loosened: Vec<String>,
}

/// Who looks, and from where.
struct Look<'a> {
    env: &'a Env,
    hook: PathBuf,
    /// Milliseconds since the epoch.
    now: i64,
    /// When the engine opened; `None` when none does.
    opened: Option<i64>,
}

/// One home, looked at.
struct Found {
    view: AgentView,
    sessions: Vec<LiveSession>,
}

fn capabilities(connector: &dyn Connector) -> Vec<CapabilityView> {
    let capabilities = connector.capabilities();
    let views = capabilities.all().map(|(name, can)| {
        let (can, says) = match *can {
            Able::Yes(says) => (Can::Yes, says),
            Able::Partly(says) => (Can::Partly, says),
            Able::No(says) => (Can::No, says),
        };
        CapabilityView { name: name.to_owned(), can, says: says.to_owned() }
    });
    views.to_vec()
}

fn runtimes() -> Vec<RuntimeView> {
    let view = |connector: &&'static dyn Connector| RuntimeView {
        runtime: connector.id().to_owned(),
        runtime_name: connector.name().to_owned(),
        capabilities: capabilities(*connector),
    };
    connector::ALL.iter().map(view).collect()
}

impl Look<'_> {
    fn version(&self, known: &Known, sessions: &[LiveSession]) -> Option<(String, String)> {
        let running = sessions.iter().max_by_key(|session| session.started_at).and_then(|one| one.version.clone());
        if let Some(version) = running {
            return Some((version, "the newest session that runs".to_owned()));
        }
        let installs = known.connector.discover(self.env, &[]).installs;
        installs.into_iter().find_map(|install| {
            let from = install.version_source.unwrap_or_else(|| install.path.display().to_string());
            Some((install.version?, from))
        })
    }

    fn owner(&self, home: &Path) -> Option<(String, String)> {
        let name = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| self.env.var(name)).map(str::to_owned);
        match os::owner(home) {
            Some((_, true)) => Some((name()?, "the folder's owner, which is this account".to_owned())),
            Some((id, false)) => Some((format!("account {id}"), "the folder's owner".to_owned())),
            None if home.starts_with(&self.env.home) && home.exists() => {
                Some((name()?, "the folder lies in this account's home".to_owned()))
            }
            None => None,
        }
    }

    fn at(&self, known: &Known, noted: &Noted) -> Found {
        let sessions = known.connector.sessions(self.env, &known.path);
        let projects: Vec<PathBuf> = sessions.iter().map(|session| PathBuf::from(&session.cwd)).collect();
        let status = known.connector.guard_status(self.env, &known.path, &self.hook, &projects);
        let mut sources = vec![source("home", &known.source)];
        let mut keep = |fact: &str, found: Option<(String, String)>| {
            found.map(|(value, from)| {
                sources.push(source(fact, &from));
                value
            })
        };
        let version = keep("version", self.version(known, &sessions));
        let owner = keep("owner", self.owner(&known.path));
        let last_seen = if sessions.is_empty() {
            noted.last_contact.map(|at| (at, "the last call of a hook"))
        } else {
            Some((self.now, "a session that runs now"))
        };
        sources.extend(last_seen.map(|(_, from)| source("last_seen", from)));
        let list = if is_address(&known.path.to_string_lossy()) {
            "none is counted: only the connection tells of its sessions"
        } else {
            "the runtime's own list of sessions, checked against the processes"
        };
        sources.push(source("live_sessions", list));
        let row = noted.row.as_ref();
        if row.is_some() {
            sources.push(source("state", "chosen in ClawButler"));
        }
        let checks = known.connector.checks(self.env, &known.path);
        let awaits_trust = trust::awaited(self.env, known, &self.hook, status.state);
        let seen = Seen {
            connector: known.connector,
            guard: &status,
            sessions: &sessions,
            checks,
            sees_sessions: known.connector.sees_sessions(self.env),
            now: self.now,
            opened: self.opened,
        };
        let view = AgentView {
            id: known.id.clone(),
            runtime: known.connector.id().to_owned(),
            runtime_name: known.connector.name().to_owned(),
            version,
            owner,
            home: known.path.display().to_string(),
            governed: row.is_some_and(|row| row.governed),
            state: state(row.map_or(HomeState::Online, |row| row.state)),
            state_since: row.and_then(|row| row.state_since),
            capabilities: capabilities(known.connector),
            health: health::health(seen, noted),
            guard: GuardView {
                awaits_trust,
                self_test: known.connector.has_self_test(),
                tested: noted.tested.clone(),
                ..guard_view(status, noted.last_contact)
            },
            backstop: known.connector.backstop(&known.path),
            live_sessions: u32::try_from(sessions.len()).unwrap_or(u32::MAX),
            drift: noted.drift,
            last_seen: last_seen.map(|(at, _)| at),
            sources,
        };
        Found { view, sessions }
    }

    /// Every home found now, and those chosen before.
    fn all(&self, rows: &[HomeRow], noted: impl Fn(&str) -> Noted) -> AgentList {
        let (mut agents, mut looked_at) = (Vec::new(), Vec::new());
        for connector in connector::ALL {
            let found = connector.discover(self.env, &paths_of(rows.iter(), connector.id()));
            looked_at.extend(found.looked_at.iter().map(|path| path.display().to_string()));
            for home in found.homes {
                let id = home_id(connector.id(), &home.path.display().to_string());
                let noted = noted(&id);
                let source = source_of(noted.row.as_ref(), home.source);
                let known = Known { id, connector: *connector, path: home.path, source };
                agents.push(self.at(&known, &noted).view);
            }
        }
        for row in rows.iter().filter(|row| is_address(&row.path)) {
            let Some(connector) = connector_of(&row.runtime, &row.path) else { continue };
            let known = Known { id: row.id.clone(), connector, path: (&row.path).into(), source: row.source.clone() };
            agents.push(self.at(&known, &noted(&row.id)).view);
        }
        agents.sort_by(|one, other| {
            (!one.governed, &one.runtime, &one.home).cmp(&(!other.governed, &other.runtime, &other.home))
        });
        AgentList { agents, looked_at, runtimes: runtimes() }
    }
}

fn source(fact: &str, source: &str) -> SourceView {
    SourceView { fact: fact.to_owned(), source: source.to_owned() }
}

fn state(state: HomeState) -> AgentState {
    match state {
        HomeState::Online => AgentState::Online,
        HomeState::Disabled => AgentState::Disabled,
        HomeState::Killed => AgentState::Killed,
    }
}

fn guard_view(status: GuardStatus, last_contact: Option<i64>) -> GuardView {
    let (state, says, fix) = (guard_state(status.state), status.says, status.fix);
    GuardView { state, says, fix, last_contact, awaits_trust: false, self_test: false, tested: None }
}

impl Butler {
    /// What can be done with each runtime.
    pub fn runtimes() -> Vec<RuntimeView> {
        runtimes()
    }

    fn look(&self) -> Look<'_> {
        let opened = lock(&self.0.registry).opened;
        Look { env: &self.0.ports.env, hook: self.0.ports.data.hook(), now: self.now().0, opened }
    }

    fn noted(&self, id: &str) -> Noted {
        let registry = lock(&self.0.registry);
        let row = registry.homes.get(id).cloned();
        let last_contact = registry.contacts.get(id).copied().or(row.as_ref().and_then(|row| row.last_contact));
        let drift = registry.drifts.get(id).map_or(0, |drifted| drifted.view.changes.len());
        let contacted = registry.sessions.keys().cloned().collect();
        let tested = registry.tests.get(id).cloned();
        drop(registry);
        let connection = row.as_ref().and_then(|row| self.connection_check(row));
        let (drift, unguarded) = (u32::try_from(drift).unwrap_or(u32::MAX), self.unguarded_of(id));
        let loosened = self.loosened_of(id);
        Noted { row, last_contact, contacted, drift, tested, connection, unguarded, loosened }
    }

    /// Every agent found now or chosen before.
    pub fn list_agents(&self, _: ListAgents) -> Result<AgentList, Error> {
        self.flush_contacts()?;
        let rows: Vec<HomeRow> = lock(&self.0.registry).homes.values().cloned().collect();
        Ok(self.look().all(&rows, |id| self.noted(id)))
    }

    /// Every agent, read without an engine: what only an engine knows (who called since it opened) is left out. A
    /// missing database is none chosen yet; an error where it is of an older version.
    pub fn list_agents_from(data: &DataDir, env: &Env, now: i64) -> Result<AgentList, Error> {
        let mut rows = Vec::new();
        let mut drifts = std::collections::HashMap::new();
        if data.database().exists() {
            Store::read_only::<_, StoreError>(&data.database(), |read| {
                rows = read.homes()?;
                for row in &rows {
                    let changes = read.drift(&row.id)?.and_then(|text| serde_json::from_str::<Vec<_>>(&text).ok());
                    let changes: Vec<serde_json::Value> = changes.unwrap_or_default();
                    drifts.insert(row.id.clone(), u32::try_from(changes.len()).unwrap_or(u32::MAX));
                }
                Ok(())
            })?;
        }
        let look = Look { env, hook: data.hook(), now, opened: None };
        Ok(look.all(&rows, |id| {
            let row = rows.iter().find(|row| row.id == id).cloned();
            let last_contact = row.as_ref().and_then(|row| row.last_contact);
            Noted {
                row,
                last_contact,
                contacted: HashSet::new(),
                drift: drifts.get(id).copied().unwrap_or(0),
                tested: None,
                connection: None,
                unguarded: Vec::new(),
                loosened: Vec::new(),
            }
        }))
    }

    pub(super) fn agent_view(&self, id: &str) -> Result<AgentView, Error> {
        let known = self.known(id)?;
        Ok(self.look().at(&known, &self.noted(id)).view)
    }

    /// One agent with its sessions, its configuration and what changed in it.
    pub fn show_agent(&self, request: ShowAgent) -> Result<AgentDetail, Error> {
        self.flush_contacts()?;
        let chosen = lock(&self.0.registry).homes.get(&request.home_id).filter(|home| home.governed).cloned();
        if let Some(home) = chosen {
            self.look_at_facts_of(&home)?;
        }
        self.agent_detail(&request.home_id)
    }

    pub(super) fn agent_detail(&self, id: &str) -> Result<AgentDetail, Error> {
        let known = self.known(id)?;
        let noted = self.noted(id);
        let Found { view, sessions } = self.look().at(&known, &noted);
        let projects: Vec<PathBuf> = sessions.iter().map(|session| PathBuf::from(&session.cwd)).collect();
        let drift = lock(&self.0.registry).drifts.get(id).map(|drifted| drifted.view.clone());
        let (heard, contexts) = self.heard_of(id);
        Ok(AgentDetail {
            limits: self.limits_of(&known, heard)?,
            contexts,
            agent: view,
            sessions: session_views(sessions, |session| noted.contacted.contains(session)),
            facts: self.fact_views(id, known.connector, &known.path, &projects),
            drift,
        })
    }

    /// Chooses to govern several homes, or to leave them alone.
    pub fn govern_many(&self, request: GovernMany) -> Result<GovernResult, Error> {
        if request.home_ids.len() > BATCH_ITEMS {
            return Err(Error::bad(format!("At most {BATCH_ITEMS} homes are chosen at once.")));
        }
        let outcomes = request.home_ids.into_iter().map(|home_id| {
            let done = self.govern(Govern { home_id: home_id.clone(), governed: request.governed });
            match done.and_then(|_| self.agent_view(&home_id)) {
                Ok(agent) => GovernOutcome { home_id, agent: Some(agent), error: None },
                Err(Error(error)) => GovernOutcome { home_id, agent: None, error: Some(error) },
            }
        });
        Ok(GovernResult { outcomes: outcomes.collect() })
    }

    /// Forgets a home: our rows and its baseline go, the audit log stays.
    pub fn forget_home(&self, request: ForgetHome) -> Result<Done, Error> {
        let home = lock(&self.0.registry).homes.get(&request.home_id).cloned();
        let home = home.ok_or_else(|| Error::not_found("home"))?;
        let known = self.known(&home.id)?;
        let status = known.connector.guard_status(&self.0.ports.env, &known.path, &self.0.ports.data.hook(), &[]);
        if guard_state(status.state) != GuardState::Missing {
            let hint = "Uninstall the guard first; that gives the runtime's files back as they were.";
            return Err(Error::precondition("The guard is still installed in this home.", hint));
        }
        if self.connected_to(&home.id).is_some() {
            let hint = "Disconnect it first; that forgets its tokens too.";
            return Err(Error::precondition("There is still a connection to it.", hint));
        }
        let at = self.now();
        self.0.store.write::<_, Error>(clawbutler_store::Durability::Power, |tx| {
            tx.home_forget(&home.id)?;
            let data = json!({ "home": home.id, "runtime": home.runtime, "path": home.path });
            let entry =
                self.entry(clawbutler_ledger::Kind::HomeForgotten, clawbutler_core::actor::Actor::LocalUser, data);
            audit::append(tx, at, entry).map(drop)
        })?;
        self.forget_drift(&home.id);
        self.forget_sessions(&home.id)?;
        self.home_answered(&home.id)?;
        {
            let mut registry = lock(&self.0.registry);
            registry.homes.remove(&home.id);
            registry.contacts.remove(&home.id);
            registry.guards.remove(&home.id);
        }
        self.refresh_surroundings();
        self.write_snapshot()?;
        for topic in [Topic::Agents, Topic::Runtimes, Topic::Audit] {
            self.changed(topic);
        }
        Ok(Done {})
    }
}
