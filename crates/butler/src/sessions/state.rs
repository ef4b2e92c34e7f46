//! What a session is doing, and what that is known from.
//!
//! The stronger source wins: a request of it that waits in our queue, the server it runs in where we are connected
//! to it, the runtime's own list of live sessions, an end that it wrote down, the end of its process, a hook that called,
//! that no process has it open, the last of its records, and silence.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use clawbutler_connectors::connector::{Ended, Listing, LiveSession};
use clawbutler_connectors::places::connector_of;
use clawbutler_core::timeline::State;
use clawbutler_store::StoreError;
use clawbutler_store::sessions::{SessionFilter, SessionRow};
use clawbutler_wire::sessions::{SessionState, StateSource};
use clawbutler_wire::topic::Topic;

use crate::engine::lock;
use crate::{Butler, Error};

/// How long the runtimes' lists of live sessions hold (ms).
const LIVE_MS: u64 = 2_000;
/// A call of a hook in this time says that its session runs (ms).
const HOOK_MS: i64 = 30_000;
/// Silence (ms) after which a session that no process has open counts as ended: what has just begun may not be listed yet,
/// and what runs where its process cannot be seen (a container) goes on recording.
const CLOSED_MS: i64 = 30_000;
/// Silence after which a turn that was not ended is no longer said to run (ms).
const SILENT_MS: i64 = 10 * 60_000;
/// Silence after which a session counts as ended (ms).
const OVER_MS: i64 = 24 * 60 * 60_000;
/// A record so much later than the end that a runtime wrote down says that the session was taken up again (ms).
const AGAIN_MS: i64 = 60_000;
/// Requests in the queue that are looked at.
const PENDING: u32 = 2_000;
/// How often states that change by themselves are looked at (ms), and how many of the newest sessions.
const COMPARE_MS: u64 = 5_000;
const COMPARED: u32 = 200;
/// Processes remembered of sessions that were live.
const SEEN: usize = 4_096;

/// Live sessions as the runtimes listed them last.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// When they were listed (steady clock, ms); `None` before the first time.
    at: Option<u64>,
    sessions: HashMap<(String, String), LiveSession>,
    /// Those that the runtimes wrote down as over.
    ended: HashMap<(String, String), Ended>,
    /// Homes whose list tells which sessions are not open.
    lists: HashMap<String, Listing>,
    /// Process and its start of sessions that were live once.
    seen: HashMap<(String, String), (u32, Option<u64>)>,
    /// When states were compared last (steady clock, ms), and what they were, by session.
    compared: Option<u64>,
    states: HashMap<String, SessionState>,
}

/// Everything by which states are told, taken once for a page.
#[derive(Debug)]
pub(super) struct Signs {
    now: i64,
    pending: BTreeSet<(String, String)>,
    live: HashMap<(String, String), LiveSession>,
    ended: HashMap<(String, String), Ended>,
    gone: BTreeSet<(String, String)>,
    lists: HashMap<String, Listing>,
    /// Homes in which something is live.
    busy: BTreeSet<String>,
    /// What connections to the runtimes' servers tell.
    told: HashMap<(String, String), State>,
    hooks: HashMap<String, i64>,
}

/// A state, its source, one sentence, and the process where there is one.
pub(super) type Told = (SessionState, StateSource, String, Option<u32>);

impl Live {
    /// What was listed may not hold any more.
    pub(super) fn is_stale(&mut self) {
        (self.at, self.compared) = (None, None);
    }
}

impl Butler {
    /// Tells the windows when the state of a recent session changed without a record: its process ended, it fell
    /// silent, the runtime lists it otherwise.
    pub(crate) fn look_at_states(&self) -> Result<(), Error> {
        let steady = self.0.ports.clock.steady_ms();
        {
            let mut live = lock(&self.0.sessions.live);
            if live.compared.is_some_and(|at| steady.saturating_sub(at) < COMPARE_MS) {
                return Ok(());
            }
            live.compared = Some(steady);
        }
        let rows =
            self.0.sessions.store.read(|read| read.sessions(&SessionFilter::default(), None, false, COMPARED))?;
        let signs = self.signs()?;
        let states: HashMap<_, _> = rows.iter().map(|row| (row.id.clone(), signs.state(row).0)).collect();
        let mut live = lock(&self.0.sessions.live);
        let differs = |(id, state): (&String, &SessionState)| states.get(id).is_some_and(|now| now != state);
        let changed = live.states.iter().any(differs);
        live.states = states;
        drop(live);
        if changed {
            self.changed(Topic::Sessions);
        }
        Ok(())
    }

    pub(super) fn signs(&self) -> Result<Signs, StoreError> {
        let pending = self.0.store.read::<_, StoreError>(|read| read.approvals_pending(PENDING))?;
        let pending = pending.into_iter().map(|row| (row.action.runtime, row.action.session)).collect();
        let hooks = lock(&self.0.registry).sessions.clone();
        let told = self.told_states();
        let steady = self.0.ports.clock.steady_ms();
        let mut live = lock(&self.0.sessions.live);
        if live.at.is_none_or(|at| steady.saturating_sub(at) >= LIVE_MS) {
            live.at = Some(steady);
            live.sessions.clear();
            live.ended.clear();
            live.lists.clear();
            for home in self.governed_homes() {
                let Some(connector) = connector_of(&home.runtime, &home.path) else { continue };
                let path = std::path::Path::new(&home.path);
                let ended = connector.ended(path).into_iter();
                live.ended.extend(ended.map(|(session, ended)| ((home.id.clone(), session), ended)));
                live.lists.insert(home.id.clone(), connector.lists(&self.0.ports.env, path));
                for session in self.live_sessions(connector, path) {
                    let key = (home.id.clone(), session.session.clone());
                    if live.seen.len() >= SEEN {
                        live.seen.clear();
                    }
                    live.seen.insert(key.clone(), (session.pid, session.process_started));
                    live.sessions.insert(key, session);
                }
            }
        }
        let over = |(key, (pid, started)): (&(String, String), &(u32, Option<u64>))| {
            let listed = live.sessions.contains_key(key);
            let runs = match started {
                Some(started) => clawbutler_platform::ending::is(*pid, *started),
                None => clawbutler_platform::os::alive(*pid),
            };
            (!listed && !runs).then(|| key.clone())
        };
        let gone = live.seen.iter().filter_map(over).collect();
        let busy = live.sessions.keys().map(|(home, _)| home.clone()).collect();
        let (listed, ended, lists) = (live.sessions.clone(), live.ended.clone(), live.lists.clone());
        Ok(Signs { now: self.now().0, pending, live: listed, ended, gone, lists, busy, told, hooks })
    }
}

impl Signs {
    /// Whether a session of this home that is not listed is open nowhere.
    fn is_closed(&self, home: &str) -> bool {
        match self.lists.get(home) {
            Some(Listing::Sessions) => true,
            Some(Listing::Processes) => !self.busy.contains(home),
            Some(Listing::Partly) | None => false,
        }
    }

    /// What a session is doing.
    pub(super) fn state(&self, row: &SessionRow) -> Told {
        let recorded = recorded(row);
        let here = (row.home.clone(), row.session.clone());
        let live = self.live.get(&here);
        let pid = live.map(|session| session.pid);
        if self.pending.contains(&(row.runtime.clone(), row.session.clone())) {
            let says = "A call of it waits for your decision.";
            return (SessionState::WaitingApproval, StateSource::Queue, says.to_owned(), pid);
        }
        if let Some(state) = self.told.get(&here) {
            let says = "The server it runs in tells so.";
            return (in_wire(*state), StateSource::Runtime, says.to_owned(), pid);
        }
        if let Some(session) = live {
            let state = match session.status.as_str() {
                "busy" => SessionState::Running,
                "waiting" => SessionState::WaitingInput,
                "asking" => SessionState::WaitingApproval,
                "idle" => SessionState::Idle,
                _ => recorded.filter(|state| *state != SessionState::Ended).unwrap_or(SessionState::Running),
            };
            let says = format!("The runtime lists it as {} in process {}.", session.status, session.pid);
            return (state, StateSource::Runtime, says, pid);
        }
        let again = |at: i64| row.last_at > at.saturating_add(AGAIN_MS);
        if let Some(ended) = self.ended.get(&here).filter(|ended| !ended.at.is_some_and(again)) {
            let says = format!("The runtime lists it as {}.", ended.word);
            return (SessionState::Ended, StateSource::Runtime, says, None);
        }
        if recorded == Some(SessionState::Ended) {
            return (SessionState::Ended, StateSource::Recorded, "Its end is recorded.".to_owned(), None);
        }
        if self.gone.contains(&here) {
            return (SessionState::Ended, StateSource::Process, "Its process has ended.".to_owned(), None);
        }
        let silent = self.now - row.last_at;
        let called = self.hooks.get(&row.session).is_some_and(|at| self.now - at < HOOK_MS);
        if called && recorded.is_none_or(|state| state == SessionState::Running) {
            return (SessionState::Running, StateSource::Hook, "Its hooks called just now.".to_owned(), None);
        }
        if silent >= CLOSED_MS && self.is_closed(&row.home) {
            return (SessionState::Ended, StateSource::Process, "No process has it open.".to_owned(), None);
        }
        if silent >= OVER_MS {
            let says = format!("Nothing was recorded for {}.", long(silent));
            return (SessionState::Ended, StateSource::Silence, says, None);
        }
        match recorded {
            Some(SessionState::Running) if silent >= SILENT_MS => {
                let says = format!("Its turn was not ended, and nothing was recorded for {}.", long(silent));
                (SessionState::Unknown, StateSource::Silence, says, None)
            }
            Some(state) => (state, StateSource::Recorded, "The last of its records says so.".to_owned(), None),
            None => (SessionState::Unknown, StateSource::Nothing, "Its records tell no state.".to_owned(), None),
        }
    }
}

fn in_wire(state: State) -> SessionState {
    match state {
        State::Running => SessionState::Running,
        State::Idle => SessionState::Idle,
        State::WaitingInput => SessionState::WaitingInput,
        State::WaitingApproval => SessionState::WaitingApproval,
        State::Ended => SessionState::Ended,
    }
}

/// The state of the last record that told one.
fn recorded(row: &SessionRow) -> Option<SessionState> {
    let word = row.state.as_ref()?;
    serde_json::from_value(serde_json::Value::String(word.clone())).ok()
}

fn long(ms: i64) -> String {
    let minutes = Duration::from_millis(u64::try_from(ms).unwrap_or(0)).as_secs() / 60;
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2_880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}
