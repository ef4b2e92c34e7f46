//! Gateways the user chose to be connected to: their questions enter the one queue, our answers go back.
//!
//! A connection only carries; what is asked is judged by `approvals::submit` like a hook's request, so rules,
//! grants, stopped agents and the audit log hold here as there. The engine sees a connection as a [`Line`], which
//! tests make up. Must never know a socket or a token outside `secrets` and `run`. Start reading at
//! [`Butler::gateway_said`], then `asked`.

mod asked;
mod choose;
mod floor;
mod run;
mod secrets;
mod state;
mod watched;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use clawbutler_attach::CallError;
use clawbutler_attach::openclaw::{Approval, Decision, Drift, Link, Policy, Resolution};
use clawbutler_core::timeline::State;
use serde_json::Value;

use crate::engine::lock;
use crate::{Butler, Error};
pub(crate) use asked::is_question;
use asked::{Asked, Through};
use choose::Choice;
use run::Worker;

/// The runtimes whose gateways we can be connected to, and what their connections are for.
const SPOKEN: &[(&str, Speaks)] = &[("openclaw", Speaks::Asks), ("hermes", Speaks::Watches)];

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// Questions come over it and answers go back.
    Asks,
    /// It tells what its sessions do, and nothing is asked over it.
    Watches,
}

fn speaks(runtime: &str) -> Option<Speaks> {
    SPOKEN.iter().find(|(known, _)| *known == runtime).map(|(_, speaks)| *speaks)
}

/// Hears what became of a call.
pub type Told<T> = Box<dyn FnOnce(Result<T, CallError>) + Send>;

/// What the engine needs of a connection. Nothing here waits: `told` is called when there is an answer, on whatever
/// thread.
pub trait Line: Send + Sync + fmt::Debug {
    /// Answers a request.
    fn resolve(&self, approval: &Approval, decision: Decision, told: Told<Resolution>);
    /// Reads the policy and everything that undercuts it.
    fn policy(&self, told: Told<(Policy, Vec<Drift>)>);
    /// Replaces the policy document, if it is still the one with this hash.
    fn set_policy(&self, file: &Value, base_hash: &str, told: Told<Policy>);
    /// Where it is connected to.
    fn address(&self) -> String;
    /// Whether questions come over it; one that only tells may be away without an alarm.
    fn asks(&self) -> bool {
        true
    }
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
    policy: Option<(Policy, Vec<Drift>)>,
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
            policy: None,
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

    /// What a background round owes to connections.
    pub(crate) fn look_at_gateways(&self) -> Result<(), Error> {
        self.connect_chosen();
        self.note_lost()?;
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
