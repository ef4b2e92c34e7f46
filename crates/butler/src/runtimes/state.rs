//! Whether an agent may act: enabled, disabled, killed, revived.
//!
//! Only windows call these; no socket, route or command line does. Stopping takes force before it is stored (memory
//! and the hook's snapshot first), letting go only after: whatever breaks in between leaves the stricter state.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clawbutler_connectors::connector::{Connector, Keeper, LiveSession};
use clawbutler_connectors::facts::Can;
use clawbutler_connectors::places::{connector_of, is_address};
use clawbutler_core::actor::Actor;
use clawbutler_core::limits::{KILL_GRACE_MS, KILL_PROCESSES, KILL_ROUNDS};
use clawbutler_ledger::Kind;
use clawbutler_platform::ending::{self, Ask, Ended};
use clawbutler_platform::service;
use clawbutler_store::Durability;
use clawbutler_store::table::homes::{HomeRow, HomeState};
use clawbutler_wire::command::{KillAgent, ReviveAgent, SetAgentState};
use clawbutler_wire::registry::{AgentView, KillItem, KillOutcome, KillReport};
use clawbutler_wire::topic::Topic;
use serde_json::{Value, json};

use super::home_id;
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// What a stopped agent is told.
pub(crate) fn sentence(state: HomeState) -> &'static str {
    match state {
        HomeState::Killed => {
            "The user stopped this agent with ClawButler's kill switch, so none of its tool calls runs. Stop here; only \
             the user can revive it, on ClawButler's Agents page."
        }
        HomeState::Disabled | HomeState::Online => {
            "The user disabled this agent in ClawButler, so none of its tool calls runs. Stop here; only the user can \
             enable it, on ClawButler's Agents page."
        }
    }
}

impl Butler {
    /// A home the user chose.
    pub(crate) fn chosen(&self, id: &str) -> Result<HomeRow, Error> {
        let home = lock(&self.0.registry).homes.get(id).cloned();
        let home = home.filter(|home| home.governed);
        home.ok_or_else(|| {
            Error::precondition(
                "This home is not governed.",
                "Choose it on the Agents page first; nothing else is touched.",
            )
        })
    }

    /// The state of the home a request comes from when it may not act. Another spelling of the same folder counts.
    pub(crate) fn stopped(&self, runtime: &str, home: &str) -> Option<HomeState> {
        let registry = lock(&self.0.registry);
        let may_not = |row: &&HomeRow| row.governed && row.state != HomeState::Online;
        if let Some(row) = registry.homes.get(&home_id(runtime, home)).filter(may_not) {
            return Some(row.state);
        }
        let rows: Vec<HomeRow> =
            registry.homes.values().filter(may_not).filter(|row| row.runtime == runtime).cloned().collect();
        drop(registry);
        if rows.is_empty() {
            return None;
        }
        let real = Path::new(home).canonicalize().ok()?;
        rows.iter().find(|row| Path::new(&row.path).canonicalize().is_ok_and(|own| own == real)).map(|row| row.state)
    }

    /// For the hook while the engine is away: which homes may not act, and what they are told.
    pub(crate) fn stopped_homes(&self) -> Vec<Value> {
        let registry = lock(&self.0.registry);
        let stopped = registry.homes.values().filter(|home| home.governed && home.state != HomeState::Online);
        let told = |home: &HomeRow| json!({ "runtime": home.runtime, "home": home.path, "says": sentence(home.state) });
        stopped.map(told).collect()
    }

    /// Enables or disables an agent.
    pub fn set_agent_state(&self, request: SetAgentState) -> Result<AgentView, Error> {
        let home = self.chosen(&request.home_id)?;
        match (home.state, request.enabled) {
            (HomeState::Killed, true) => {
                return Err(Error::precondition("This agent was killed.", "Revive it instead."));
            }
            (HomeState::Disabled, true) => self.let_go(&home, Kind::AgentEnabled)?,
            (HomeState::Online, false) => {
                can_be_held(&home)?;
                self.hold(&home, HomeState::Disabled, Kind::AgentDisabled)?;
            }
            (HomeState::Online, true) | (HomeState::Disabled | HomeState::Killed, false) => {}
        }
        self.agent_view(&home.id)
    }

    /// Lets a killed or disabled agent act again.
    pub fn revive_agent(&self, request: ReviveAgent) -> Result<AgentView, Error> {
        let home = self.chosen(&request.home_id)?;
        if home.state != HomeState::Online {
            self.let_go(&home, Kind::AgentRevived)?;
        }
        self.agent_view(&home.id)
    }

    /// The kill switch.
    pub fn kill_agent(&self, request: KillAgent) -> Result<KillReport, Error> {
        let home = self.chosen(&request.home_id)?;
        let at = self.now().0;
        let denied = if has_guard(&home) {
            self.hold(&home, HomeState::Killed, Kind::KillRequested)?
        } else {
            // A state that nothing enforces would be a lie: what runs is ended, and that is all.
            self.record(Durability::Power, Kind::KillRequested, Actor::LocalUser, about(&home))?;
            0
        };
        let mut items = self.end_sessions(&home);
        if is_address(&home.path) {
            items.extend(self.end_runs(&home.id));
        }
        items.extend(self.out_of_reach(&home, &items));
        let connector = connector_of(&home.runtime, &home.path);
        let beyond = connector.map(|connector| connector.capabilities().kill).and_then(|can| match can {
            Can::Yes(_) => None,
            Can::Partly(says) | Can::No(says) => Some(says.to_owned()),
        });
        let complete = items.iter().all(|item| item.outcome != KillOutcome::CouldNot);
        let loose = self.not_held(&home).map(|why| format!("Nothing holds a session that starts after this. {why}"));
        let beyond: Vec<String> = beyond.into_iter().chain(loose).collect();
        let data = json!({
            "home": home.id, "path": home.path, "complete": complete, "denied": denied, "items": items, "beyond": beyond,
        });
        self.record(Durability::Power, Kind::KillReported, Actor::LocalUser, data)?;
        if !complete {
            self.alert(
                &format!("The kill switch could not stop everything of {}.", home.path),
                "Open its report in the audit log, and end the processes it names yourself.",
            );
        }
        self.changed(Topic::Agents);
        self.changed(Topic::Sessions);
        self.changed(Topic::Audit);
        Ok(KillReport { agent: self.agent_view(&home.id)?, at, complete, items, denied, beyond })
    }

    /// Puts a state that may not act in force: from here on nothing of the home is let through, and what waits is
    /// denied. Gives the number denied.
    fn hold(&self, home: &HomeRow, state: HomeState, kind: Kind) -> Result<u32, Error> {
        // Held so that no request is judged by the old state and queued after the waiting ones were denied.
        let _turn = lock(&self.0.turn);
        let at = self.now();
        let next = HomeRow { state, state_since: Some(at.0), ..home.clone() };
        self.keep(&next);
        let stored = self.write_snapshot().and_then(|()| {
            self.0.store.write(Durability::Power, |tx| {
                tx.home_put(&next)?;
                audit::append(tx, at, self.entry(kind, Actor::LocalUser, about(home))).map(drop)
            })
        });
        if let Err(error) = stored {
            self.keep(home);
            self.write_snapshot()?;
            return Err(error);
        }
        let reason = match state {
            HomeState::Killed => "the agent was stopped with the kill switch.",
            HomeState::Disabled | HomeState::Online => "the agent was disabled.",
        };
        let denied = self.deny_home(&home.id, reason)?;
        self.changed(Topic::Agents);
        self.changed(Topic::Runtimes);
        self.changed(Topic::Audit);
        Ok(denied)
    }

    fn let_go(&self, home: &HomeRow, kind: Kind) -> Result<(), Error> {
        let at = self.now();
        let next = HomeRow { state: HomeState::Online, state_since: Some(at.0), ..home.clone() };
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            tx.home_put(&next)?;
            audit::append(tx, at, self.entry(kind, Actor::LocalUser, about(home))).map(drop)
        })?;
        self.keep(&next);
        self.changed(Topic::Agents);
        self.changed(Topic::Runtimes);
        self.changed(Topic::Audit);
        self.write_snapshot()
    }

    fn keep(&self, home: &HomeRow) {
        lock(&self.0.registry).homes.insert(home.id.clone(), home.clone());
    }

    /// Ends what runs of a home, and what comes up meanwhile, within bounds.
    fn end_sessions(&self, home: &HomeRow) -> Vec<KillItem> {
        let Some(connector) = connector_of(&home.runtime, &home.path) else { return Vec::new() };
        let path = PathBuf::from(&home.path);
        // Noted before, while they surely run: what is kept ends with its keeper, and is told of all the same.
        let runs = |session: &LiveSession| session.process_started.is_some_and(|at| ending::is(session.pid, at));
        let mut kept = self.live_sessions(connector, &path);
        kept.retain(runs);
        let mut items = connector.keeper(&path).map_or_else(Vec::new, |keeper| end_keeper(&keeper));
        if items.iter().any(|item| item.outcome == KillOutcome::Stopped) {
            let says = "It ended together with the service that kept it.";
            let gone = kept.iter().filter(|session| !runs(session));
            items.extend(gone.map(|session| item(session, KillOutcome::Stopped, says.to_owned())));
        }
        for _ in 0..KILL_ROUNDS {
            let tried: Vec<u32> = items.iter().filter_map(|item| item.pid).collect();
            let live = self.live_sessions(connector, &path);
            let fresh: Vec<LiveSession> = live.into_iter().filter(|session| !tried.contains(&session.pid)).collect();
            if fresh.is_empty() {
                break;
            }
            for session in fresh {
                if items.len() >= KILL_PROCESSES {
                    items.push(could_not(&session, "More processes than one use of the kill switch ends.".to_owned()));
                    return items;
                }
                let shared = items.iter().find(|item| item.pid == Some(session.pid) && item.session.is_some()).cloned();
                match shared {
                    Some(with) => items.push(ended_with(&session, &with)),
                    None => items.extend(end_session(&session, ask_of(connector, &session))),
                }
            }
        }
        items
    }

    /// What may go on running where no process of it was found: that nothing was seen is not that nothing is there.
    fn out_of_reach(&self, home: &HomeRow, items: &[KillItem]) -> Vec<KillItem> {
        let Some(connector) = connector_of(&home.runtime, &home.path) else { return Vec::new() };
        let could_not = |kind: &str, what: String, says: String| KillItem {
            kind: kind.to_owned(),
            what,
            session: None,
            pid: None,
            outcome: KillOutcome::CouldNot,
            says,
        };
        let mut beyond = Vec::new();
        if !connector.sees_sessions(&self.0.ports.env) {
            beyond.push(could_not(
                "process",
                format!("sessions of {}", connector.name()),
                format!(
                    "ClawButler cannot see the processes of {} on this system. End them yourself.",
                    connector.name()
                ),
            ));
        }
        let ended = |item: &KillItem| item.outcome == KillOutcome::Stopped && item.what.starts_with(GATEWAY);
        let at_an_end = is_address(&home.path) && items.iter().any(|item| item.outcome == KillOutcome::Stopped);
        // The daemon of a home is one of its own processes: gone where its line fell with them.
        let fell = || items.iter().any(|item| item.outcome == KillOutcome::Stopped) && self.daemon_is_gone(&home.id);
        let open = |_: &String| !at_an_end && !items.iter().any(ended) && !fell();
        if let Some(place) = self.connected_to(&home.id).filter(open) {
            let says = "No process of it was found on this machine, and what runs behind the connection was not ended. \
                        End its sessions in it, or end it where it runs.";
            beyond.push(could_not("connection", place, says.to_owned()));
        }
        beyond
    }
}

fn has_guard(home: &HomeRow) -> bool {
    connector_of(&home.runtime, &home.path).is_some_and(Connector::has_guard)
}

/// Only a guard holds an agent; where none can be installed, nothing is promised.
fn can_be_held(home: &HomeRow) -> Result<(), Error> {
    if has_guard(home) {
        return Ok(());
    }
    Err(Error::precondition(
        "This agent is only observed, so it cannot be disabled: nothing of ClawButler stands before its tool calls.",
        "End its sessions yourself, or end what runs now with the kill switch.",
    ))
}

fn about(home: &HomeRow) -> Value {
    json!({ "home": home.id, "runtime": home.runtime, "path": home.path, "was": home.state.word() })
}

fn item(session: &LiveSession, outcome: KillOutcome, says: String) -> KillItem {
    KillItem {
        kind: "process".to_owned(),
        what: format!("{} session in {}", session.kind, session.cwd),
        session: Some(session.session.clone()),
        pid: Some(session.pid),
        outcome,
        says,
    }
}

/// The kind of a session that is the process of a gateway with every session in it.
const GATEWAY: &str = "gateway";

fn could_not(session: &LiveSession, why: String) -> KillItem {
    item(session, KillOutcome::CouldNot, why)
}

/// One of several sessions in one process has the outcome of the first of them.
fn ended_with(session: &LiveSession, with: &KillItem) -> KillItem {
    let says = match with.outcome {
        KillOutcome::Stopped => format!("It ran in process {}, which was ended with all its sessions.", session.pid),
        KillOutcome::Gone | KillOutcome::CouldNot => with.says.clone(),
    };
    item(session, with.outcome, says)
}

fn ask_of(connector: &dyn Connector, session: &LiveSession) -> Ask {
    if connector.ends_when_asked_again(session) { Ask::Twice } else { Ask::Once }
}

fn end_session(session: &LiveSession, ask: Ask) -> Vec<KillItem> {
    let Some(started) = session.process_started else {
        let why = "The runtime does not tell when this process started, so it cannot be told from another one that took its id.";
        return vec![could_not(session, why.to_owned())];
    };
    let name = |outcome, says| item(session, outcome, says);
    end_process(session.pid, started, ask, name, &format!("the session in {}", session.cwd))
}

/// Ends what would start sessions again; one that is gone is not worth a word.
fn end_keeper(keeper: &Keeper) -> Vec<KillItem> {
    let name = |outcome, says: String| KillItem {
        kind: "process".to_owned(),
        what: format!("the {} that starts its sessions again", keeper.what),
        session: None,
        pid: Some(keeper.pid),
        outcome,
        says: if outcome == KillOutcome::Stopped { format!("{says} {}", keeper.later) } else { says },
    };
    let mut items = end_process(keeper.pid, keeper.process_started, Ask::Once, name, &format!("the {}", keeper.what));
    items.retain(|item| item.outcome != KillOutcome::Gone);
    items
}

/// Ends a process and what it started. `name` makes the item of the process itself, `whose` says who started the others.
fn end_process(
    pid: u32,
    started: u64,
    ask: Ask,
    name: impl Fn(KillOutcome, String) -> KillItem,
    whose: &str,
) -> Vec<KillItem> {
    // What a service manager starts again is not stopped for good: read while it runs.
    let service = service::of(pid);
    let (ended, left) = ending::end(pid, started, Duration::from_millis(KILL_GRACE_MS), ask);
    let (outcome, says) = match ended {
        Ended::Asked => (KillOutcome::Stopped, "It ended when it was asked to.".to_owned()),
        Ended::Forced => (KillOutcome::Stopped, "It did not end when asked, so it was ended by force.".to_owned()),
        Ended::Gone => (
            KillOutcome::Gone,
            "It had ended, or its id belongs to another process now, which was left alone.".to_owned(),
        ),
        Ended::CouldNot(why) => (KillOutcome::CouldNot, why),
    };
    let again = service.filter(|_| outcome == KillOutcome::Stopped).map(|service| {
        let (manager, unit) = (service.manager.name(), &service.unit);
        format!(" {manager} runs it as {unit} and may start it again; `{}` stops that.", service.stop())
    });
    let itself = name(outcome, format!("{says}{}", again.unwrap_or_default()));
    let below: Vec<KillItem> = left
        .into_iter()
        .map(|(pid, why)| KillItem {
            kind: "process".to_owned(),
            what: format!("started by {whose}"),
            session: itself.session.clone(),
            pid: Some(pid),
            outcome: KillOutcome::CouldNot,
            says: why,
        })
        .collect();
    std::iter::once(itself).chain(below).collect()
}
