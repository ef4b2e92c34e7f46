//! Gateways and daemons the user chose to be connected to: their questions enter the one queue, our answers go back.
//!
//! A connection only carries; what is asked is judged by `approvals::submit` like a hook's request, so rules,
//! grants, stopped agents and the audit log hold here as there. The engine sees a connection as a [`Line`], which
//! tests make up. Must never know a socket or a token outside `secrets` and `run`. Start reading at
//! [`Butler::gateway_said`] and [`Butler::daemon_said`], then `asked`.

mod act;
mod ask;
mod asked;
mod chat;
mod choose;
mod config;
mod daemon;
mod device;
mod floor;
mod live;
mod parts;
mod policy;
mod question;
mod run;
mod secrets;
mod server;
mod state;
mod told;
mod watch;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use clawbutler_attach::CallError;
use clawbutler_attach::codex::{Approval as DaemonApproval, Decision as DaemonDecision, Hook};
use clawbutler_attach::openclaw::{
    AgentLock, Applied, Approval, Config, Decision, History, Link, PairedDevice, PairingRequest, Policy, Resolution,
    Rollback, Standing, Stopped,
};
use clawbutler_connectors::connector;
pub use clawbutler_connectors::connector::End;
use clawbutler_connectors::facts::Fact;
use clawbutler_core::timeline::State;
use clawbutler_wire::attached::GatewayPart;
use clawbutler_wire::command::GatewayView;
use serde_json::Value;

use crate::engine::lock;
use crate::{Butler, Error};
pub use ask::Seen;
use asked::{Asked, Through};
use chat::Chats;
use choose::Choice;
use daemon::{Given, Known};
pub(crate) use question::is_question;
use run::Worker;
use told::Heard;
pub(crate) use watch::SOURCE as GATEWAY_SOURCE;

/// What is at the other end of a connection to this runtime.
fn end(runtime: &str) -> Option<End> {
    connector::by_id(runtime).and_then(|connector| connector.served_by())
}

/// The devices that want in at a gateway, and those that are.
pub type Devices = (Vec<PairingRequest>, Vec<PairedDevice>);

/// Hears what became of a call.
pub type Told<T> = Box<dyn FnOnce(Result<T, CallError>) + Send>;

/// What the engine needs of a connection. Nothing here waits: `told` is called when there is an answer, on whatever
/// thread.
pub trait Line: Send + Sync + fmt::Debug {
    /// Answers a request of a gateway.
    fn resolve(&self, _approval: &Approval, decision: Decision, told: Told<Resolution>) {
        told(Err(not_spoken(decision.word())));
    }
    /// Answers a question of a daemon; hears whether it was handed over, or somebody was faster.
    fn answer(&self, _approval: &DaemonApproval, decision: DaemonDecision, told: Told<bool>) {
        told(Err(not_spoken(decision.word())));
    }
    /// Reads the policy of a gateway and everything that undercuts it.
    fn standing(&self, told: Told<Standing>) {
        told(Err(not_spoken("a policy")));
    }
    /// Replaces the policy document of a gateway, if it is still the one with this hash.
    fn set_policy(&self, _file: &Value, _base_hash: &str, told: Told<Policy>) {
        told(Err(not_spoken("a policy")));
    }
    /// Asks about a part of the gateway.
    fn tell(&self, _asked: &GatewayView, told: Told<Seen>) {
        told(Err(not_spoken("a part")));
    }
    /// The devices that want in, and those that are.
    fn devices(&self, told: Told<Devices>) {
        told(Err(not_spoken("devices")));
    }
    /// Lets a device in, or turns it away.
    fn answer_pairing(&self, _request: &str, _let_in: bool, told: Told<()>) {
        told(Err(not_spoken("devices")));
    }
    /// Puts a device out.
    fn remove_device(&self, _device: &str, told: Told<()>) {
        told(Err(not_spoken("devices")));
    }
    /// The last messages of a session.
    fn history(&self, _session: &str, _limit: u32, told: Told<History>) {
        told(Err(not_spoken("a chat")));
    }
    /// Says something in a session; the run's id comes back, the answer as events.
    fn send(&self, _session: &str, _message: &str, told: Told<String>) {
        told(Err(not_spoken("a chat")));
    }
    /// Stops the answer in a session.
    fn stop(&self, _session: &str, _run: Option<&str>, told: Told<Stopped>) {
        told(Err(not_spoken("a chat")));
    }
    /// Ends what runs in a session, whoever started it.
    fn kill(&self, _session: &str, told: Told<Stopped>) {
        told(Err(not_spoken("an end of a session")));
    }
    /// Reads the configuration.
    fn config(&self, told: Told<Config>) {
        told(Err(not_spoken("a configuration")));
    }
    /// Changes the configuration, if it is still the one with this hash.
    fn patch(&self, _patch: &Value, _replaces: &[String], _base_hash: &str, told: Told<Applied>) {
        told(Err(not_spoken("a configuration")));
    }
    /// Takes a change of the configuration back.
    fn roll_back(&self, _back: &Rollback, told: Told<Applied>) {
        told(Err(not_spoken("a configuration")));
    }
    /// Takes every tool away from an agent and ends its runs.
    fn disable_agent(&self, _agent: &str, told: Told<AgentLock>) {
        told(Err(not_spoken("an agent switched off")));
    }
    /// The hooks of the home that a daemon serves.
    fn hooks(&self, _home: &str, told: Told<Vec<Hook>>) {
        told(Err(not_spoken("hooks")));
    }
    /// Has a daemon trust hooks, by the names of their places with their fingerprints, and no other.
    fn trust(&self, _hooks: &[(String, String)], told: Told<()>) {
        told(Err(not_spoken("trust in hooks")));
    }
    /// What is at its other end. A gateway speaks by [`Butler::gateway_said`], a daemon by [`Butler::daemon_said`], a
    /// server by [`Butler::server_said`].
    fn end(&self) -> End {
        End::Gateway
    }
    /// Where it is connected to.
    fn address(&self) -> String;
}

/// What is asked of a line whose other end does not know it.
fn not_spoken(what: &str) -> CallError {
    CallError::NotOffered { decision: what.to_owned(), offered: String::new() }
}

/// Everything that is known of connections.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    /// What the user chose, by home.
    chosen: HashMap<String, Choice>,
    /// What is connected or tries to be, by home.
    held: HashMap<String, Held>,
    /// Calls that a hook's gate let through a moment ago, by home and call.
    through: HashMap<(String, String), Through>,
    /// What gateways said last of what they let run, by home; also while they are not connected.
    facts: HashMap<String, Vec<Fact>>,
    worker: Option<Worker>,
    /// Lines ever taken.
    lines: u64,
}

/// Which line speaks: what one says that was replaced does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineNumber(u64);

/// One connection.
#[derive(Debug)]
struct Held {
    line: Arc<dyn Line>,
    number: LineNumber,
    link: Link,
    /// Goes up whenever the lists are read anew: what was asked before and is not in them is gone.
    round: u64,
    /// By the gateway's id.
    asked: HashMap<String, Asked>,
    /// What its sessions do, where it tells; emptied when the connection is gone.
    states: HashMap<String, State>,
    /// A gateway's own keys of those sessions: its questions name them so.
    keys: HashMap<String, String>,
    /// How often each part changed by itself.
    moved: BTreeMap<GatewayPart, u64>,
    /// That it goes down or takes no work, in a sentence.
    going: Option<String>,
    /// What it lets run unasked, when it was last read; nothing while it could not be.
    standing: Option<Standing>,
    /// When it was last asked for that (ms since the epoch), and whether something calls for asking again.
    read_at: Option<i64>,
    soon: bool,
    /// Whether we are changing its policy just now.
    changing: bool,
    /// The chats somebody looks at.
    chats: Chats,
    /// A daemon's threads.
    threads: HashMap<String, Known>,
    /// Answers to a daemon whose calls did not end yet, by the item.
    given: HashMap<String, Given>,
    heard: Heard,
    /// Since when the connection does not stand (ms since the epoch).
    down_since: Option<i64>,
    /// What the log has of it last.
    recorded: Recorded,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Recorded {
    Nothing,
    /// This run of the gateway.
    Up(String),
    Lost,
}

impl Butler {
    /// Takes a connection to the gateway of a governed home, in place of the one before; gives the number under which
    /// it speaks. Hosts need not call it: [`Butler::start`] connects by itself to what the user chose.
    pub fn attach_line(&self, home_id: &str, line: Arc<dyn Line>) -> LineNumber {
        self.drop_line(home_id);
        let mut attached = lock(&self.0.attached);
        attached.lines += 1;
        let number = LineNumber(attached.lines);
        let held = Held {
            line,
            number,
            link: Link::Connecting,
            round: 0,
            asked: HashMap::new(),
            states: HashMap::new(),
            keys: HashMap::new(),
            moved: BTreeMap::new(),
            going: None,
            standing: None,
            read_at: None,
            soon: false,
            changing: false,
            chats: Chats::default(),
            threads: HashMap::new(),
            given: HashMap::new(),
            heard: Heard::default(),
            down_since: Some(self.now().0),
            recorded: Recorded::Nothing,
        };
        attached.held.insert(home_id.to_owned(), held);
        number
    }

    /// Lets a connection go; its questions stay at the gateway and leave our queue.
    fn drop_line(&self, home_id: &str) {
        let held = lock(&self.0.attached).held.remove(home_id);
        let asked = held.into_iter().flat_map(|held| held.asked.into_values());
        for approval in asked.filter_map(Asked::waits) {
            self.client_gone(&approval);
        }
    }

    /// The daemon of a home, where we are connected to it now.
    pub(crate) fn daemon_of(&self, home: &str) -> Option<Arc<dyn Line>> {
        let attached = lock(&self.0.attached);
        let held = attached.held.get(home).filter(|held| held.is_up());
        held.map(|held| held.line.clone()).filter(|line| line.end() == End::Daemon)
    }

    /// What a background round owes to connections.
    pub(crate) fn look_at_gateways(&self) -> Result<(), Error> {
        self.connect_chosen();
        self.note_lost()?;
        self.read_old_policies();
        self.try_again();
        Ok(())
    }

    /// At the end: what is connected is let go, without a word about its questions.
    pub(crate) fn let_gateways_go(&self) {
        let (held, worker) = {
            let mut attached = lock(&self.0.attached);
            (std::mem::take(&mut attached.held), attached.worker.take())
        };
        drop(held);
        drop(worker);
    }
}
