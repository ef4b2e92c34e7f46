//! Sessions that run with less asking than their home is configured to, or than they began with.
//!
//! A mode that is asked for on the command line, or switched inside a session, stands in no configuration: the records
//! of the session tell of it. It is raised while the session runs and is over when the session ends or is tightened
//! again. What a session was set to before this engine first read of it is not known: against its beginning, only
//! what changed under our eyes counts.

use std::collections::HashMap;
use std::path::PathBuf;

use clawbutler_connectors::connector::Connector;
use clawbutler_connectors::places::connector_of;
use clawbutler_connectors::record::{Form, Recording, Setting};
use clawbutler_core::actor::Actor;
use clawbutler_core::redact;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::{Durability, StoreError};
use clawbutler_wire::gateway::ActionRequest;
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::reading::session_id;
use super::tail::Place;
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// A file that was last written before this when it is read tells of no running session (ms).
const LIVE_MS: i64 = 5 * 60_000;
/// How long a session may take to be listed by its runtime after its first record (ms).
const LISTED_MS: u64 = 30_000;
/// How long a session counts as running after a record of it, where nothing tells which run (ms).
const RUNS_MS: u64 = 10 * 60_000;
/// How often it is looked whether loosened sessions still run (ms).
const LOOK_MS: u64 = 2_000;
/// Sessions whose settings are remembered.
const SESSIONS: usize = 512;
/// What is said once there are more that run in a looser mode.
const FULL: &str = "More sessions run in a looser mode than ClawButler watches at once: of those that come now it is not \
                    told how they are set.";
const FULL_FIX: &str = "End those that nobody needs. Calls that reach the guard are judged in every mode.";

/// What to do about such a session.
pub(crate) const FIX: &str = "If you did not want this, switch the session back or end it and start it without the \
                              option; the kill switch ends it as well. Calls that reach the guard are judged in every mode.";

/// A home and the runtime's id of a session.
type Key = (String, String);

/// What a session is set to.
#[derive(Debug)]
struct Session {
    connector: &'static dyn Connector,
    path: PathBuf,
    /// What it was set to when it was first read of.
    began: Vec<Setting>,
    now: Vec<Setting>,
    /// When a record of it was read last, or its hook told of it (steady clock, ms).
    read: u64,
    /// The process that runs it, where its hook told: one process may run many sessions, and is listed with the newest.
    pid: Option<u32>,
    /// In words, for people, while it is looser than it should be.
    looser: Option<String>,
    raised: bool,
}

/// The sessions that run, by what they are set to.
#[derive(Debug, Default)]
pub(crate) struct Modes {
    sessions: HashMap<Key, Session>,
    /// When it is looked again whether they run (steady clock, ms).
    next: u64,
    /// There were more than are watched, and that was said.
    full: bool,
}

impl Modes {
    /// Whether a session is remembered or can be: over the bound the one that was silent longest makes room, of those
    /// that are set as they should be.
    fn has_room(&mut self, key: &Key) -> bool {
        if self.sessions.len() < SESSIONS || self.sessions.contains_key(key) {
            return true;
        }
        let calm = self.sessions.iter().filter(|(_, one)| one.looser.is_none()).min_by_key(|(_, one)| one.read);
        let Some(oldest) = calm.map(|(key, _)| key.clone()) else { return false };
        self.sessions.remove(&oldest);
        true
    }
}

impl Butler {
    /// Takes in what a session is set to, as its hook says: where no record tells.
    pub(crate) fn note_told_mode(&self, request: &ActionRequest, home: &str) {
        if request.mode.is_empty() || request.agent_id.is_some() {
            return;
        }
        let row = lock(&self.0.registry).homes.get(home).filter(|row| row.governed).cloned();
        let Some(row) = row else { return };
        let connector = connector_of(&row.runtime, &row.path).filter(|connector| connector.hook_tells_mode());
        let Some(connector) = connector else { return };
        let path = PathBuf::from(row.path);
        let recording = Recording {
            session: request.session.clone(),
            agent: None,
            parent: None,
            path: path.clone(),
            form: Form::Lines,
            cwd: Some(request.cwd.clone()).filter(|cwd| !cwd.is_empty()),
            title: None,
        };
        let settings = vec![Setting { name: "mode", value: request.mode.clone() }];
        let place = Place { id: row.id, connector, path };
        self.note_settings(&place, &recording, self.now().0, settings);
        if let Some(one) = lock(&self.0.sessions.modes).sessions.get_mut(&(place.id, recording.session)) {
            one.pid = request.process.client_pid;
        }
        self.tell_of_settings();
    }

    /// Takes in what a session is set to, as its recording says that was last written at `modified` (ms since the epoch).
    pub(super) fn note_settings(&self, place: &Place, recording: &Recording, modified: i64, settings: Vec<Setting>) {
        if recording.agent.is_some() || settings.is_empty() || self.now().0.saturating_sub(modified) > LIVE_MS {
            return;
        }
        let steady = self.0.ports.clock.steady_ms();
        let key = (place.id.clone(), recording.session.clone());
        let began = {
            let mut modes = lock(&self.0.sessions.modes);
            match modes.sessions.get_mut(&key) {
                Some(known) if known.now == settings => {
                    known.read = steady;
                    return;
                }
                // A setting that is first told of later began then.
                Some(known) => {
                    let new = settings.iter().filter(|one| !known.began.iter().any(|began| began.name == one.name));
                    known.began.extend(new.cloned().collect::<Vec<_>>());
                    known.began.clone()
                }
                None => settings.clone(),
            }
        };
        if !self.has_room(&key) {
            return;
        }
        let looser = self.looser(place, recording, &began, &settings);
        let cleared = {
            let mut modes = lock(&self.0.sessions.modes);
            let before = modes.sessions.remove(&key);
            let pid = before.as_ref().and_then(|one| one.pid);
            let (shown, raised) = before.map_or((None, false), |one| (one.looser, one.raised));
            let stays = raised && shown == looser;
            let (connector, path) = (place.connector, place.path.clone());
            let session = Session { connector, path, began, now: settings, read: steady, pid, looser, raised: stays };
            modes.sessions.insert(key, session);
            modes.next = 0;
            shown.filter(|_| raised && !stays)
        };
        if let Some(says) = cleared {
            self.loosening_is_over(&says);
        }
    }

    /// Raises what was taken in since the last look.
    pub(super) fn tell_of_settings(&self) {
        if let Err(Error(error)) = self.look_for_loosened() {
            tracing::error!(message = %error.message, "a session in a looser mode could not be recorded");
        }
    }

    /// Whether a session can be watched; over the bound those that ended make room, and where none did that is said, once.
    fn has_room(&self, key: &Key) -> bool {
        let room = || lock(&self.0.sessions.modes).has_room(key);
        if room() {
            return true;
        }
        lock(&self.0.sessions.modes).next = 0;
        let look = self.look_for_loosened();
        if room() {
            return true;
        }
        let told = look.and_then(|()| {
            if std::mem::replace(&mut lock(&self.0.sessions.modes).full, true) {
                return Ok(());
            }
            self.record(Durability::Power, Kind::BoundReached, Actor::Engine, json!({ "says": FULL }))?;
            self.alert(FULL, FULL_FIX);
            self.changed(Topic::Audit);
            Ok(())
        });
        if let Err(Error(error)) = told {
            tracing::error!(message = %error.message, "that too many sessions run in a looser mode could not be recorded");
        }
        false
    }

    /// How the settings of a session are looser than they should be, in a sentence.
    fn looser(&self, place: &Place, recording: &Recording, began: &[Setting], now: &[Setting]) -> Option<String> {
        let connector = place.connector;
        let rank = |one: &Setting| connector.looseness(one.name, &one.value);
        let configured = connector.configured(&self.0.ports.env, &place.path, recording);
        let said = |one: &Setting| {
            let of = |all: &[Setting]| all.iter().find(|other| other.name == one.name).cloned();
            let configured = of(&configured)?;
            let began = of(began).filter(|began| rank(began) < rank(&configured));
            let (should, why) = match began {
                Some(began) => (began, "what it began with"),
                None => (configured, "what its home is configured to"),
            };
            (rank(one) > rank(&should))
                .then(|| format!("{} {}, looser than {}, {why}", one.name, one.value, should.value))
        };
        let all: Vec<String> = now.iter().filter_map(said).collect();
        if all.is_empty() {
            return None;
        }
        let id = session_id(&place.id, &recording.session);
        let row = self.0.sessions.store.read::<_, StoreError>(|read| read.session(&id)).ok().flatten();
        let folder = row.and_then(|row| row.cwd).or_else(|| recording.cwd.clone());
        let folder = folder.map(|cwd| format!(" in {cwd}")).unwrap_or_default();
        let says = format!(
            "Session {} of {}{folder} asks less than it should: {}.",
            recording.session,
            connector.name(),
            all.join("; ")
        );
        Some(redact::mask_text(&says, &self.0.mask))
    }

    /// Raises sessions that run in a looser mode, and takes back what was raised of those that ended.
    pub(crate) fn look_for_loosened(&self) -> Result<(), Error> {
        let steady = self.0.ports.clock.steady_ms();
        let homes: HashMap<String, (&'static dyn Connector, PathBuf)> = {
            let mut modes = lock(&self.0.sessions.modes);
            if steady < modes.next {
                return Ok(());
            }
            modes.next = steady.saturating_add(LOOK_MS);
            let loose = modes.sessions.iter().filter(|(_, one)| one.looser.is_some());
            loose.map(|((home, _), one)| (home.clone(), (one.connector, one.path.clone()))).collect()
        };
        for (home, (connector, path)) in homes {
            let env = &self.0.ports.env;
            let governed = lock(&self.0.registry).homes.get(&home).is_some_and(|row| row.governed);
            let sees = connector.sees_sessions(env);
            let live = if governed && sees { self.live_sessions(connector, &path) } else { Vec::new() };
            let (mut fresh, mut over) = (Vec::new(), Vec::new());
            lock(&self.0.sessions.modes).sessions.retain(|(of, session), one| {
                let Some(says) = one.looser.clone().filter(|_| *of == home) else { return true };
                let age = steady.saturating_sub(one.read);
                let listed = live.iter().any(|live| live.session == *session);
                let told = age < RUNS_MS && one.pid.is_some_and(|pid| live.iter().any(|live| live.pid == pid));
                let runs = governed && if sees { listed || told } else { age < RUNS_MS };
                if runs && !one.raised {
                    one.raised = true;
                    fresh.push((session.clone(), one.now.clone(), says));
                } else if !runs && one.raised {
                    over.push(says);
                    return false;
                }
                runs || (governed && age < LISTED_MS)
            });
            for says in over {
                self.loosening_is_over(&says);
            }
            for (at, (session, settings, says)) in fresh.iter().enumerate() {
                let noted = self.note_loosened(&home, connector, session, settings, says);
                if noted.is_err() {
                    // They are raised when they can be recorded.
                    let sessions = &mut lock(&self.0.sessions.modes).sessions;
                    for (session, ..) in &fresh[at..] {
                        if let Some(one) = sessions.get_mut(&(home.clone(), session.clone())) {
                            one.raised = false;
                        }
                    }
                }
                noted?;
            }
        }
        let fits = {
            let mut modes = lock(&self.0.sessions.modes);
            let fits = modes.full && modes.sessions.len() < SESSIONS;
            modes.full &= !fits;
            fits
        };
        if fits {
            self.clear_alert(FULL);
        }
        Ok(())
    }

    fn note_loosened(
        &self,
        home: &str,
        connector: &dyn Connector,
        session: &str,
        settings: &[Setting],
        says: &str,
    ) -> Result<(), Error> {
        let path = lock(&self.0.registry).homes.get(home).map(|row| row.path.clone());
        let at = self.now();
        let session = redact::mask_text(session, &self.0.mask);
        let settings: serde_json::Map<String, serde_json::Value> = settings
            .iter()
            .map(|one| (one.name.to_owned(), redact::mask_text(&one.value, &self.0.mask).into()))
            .collect();
        let draft = Draft {
            kind: Kind::ConfigDrift,
            actor: Actor::Engine,
            trace: audit::trace_of(connector.id(), &session),
            // It may be loosened again later: the time tells the one from the other.
            span: audit::span_of(&["loosened", connector.id(), &session, &at.0.to_string()]),
            parent: Some(audit::span_of(&[connector.id(), &session])),
            data: json!({
                "home": home, "path": path, "session": session, "settings": settings, "critical": true, "says": says,
            }),
        };
        self.0.store.write::<_, Error>(Durability::Power, |tx| audit::append(tx, at, draft).map(drop))?;
        self.alert(says, FIX);
        for topic in [Topic::Agents, Topic::Runtimes, Topic::Audit] {
            self.changed(topic);
        }
        Ok(())
    }

    fn loosening_is_over(&self, says: &str) {
        self.clear_alert(says);
        self.changed(Topic::Agents);
        self.changed(Topic::Runtimes);
    }

    /// What is to be said of the sessions of a home that run in a looser mode.
    pub(crate) fn loosened_of(&self, home: &str) -> Vec<String> {
        let modes = lock(&self.0.sessions.modes);
        let raised = modes.sessions.iter().filter(|((of, _), one)| of == home && one.raised);
        let mut says: Vec<String> = raised.filter_map(|(_, one)| one.looser.clone()).collect();
        says.sort();
        says
    }
}
