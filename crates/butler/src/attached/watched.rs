//! Connections over which nothing is asked: they tell what the sessions of a server do.

use std::collections::HashMap;
use std::sync::Arc;

use clawbutler_attach::hermes::{Event, Link as Theirs, Serve, Session, Target, Trouble as Why};
use clawbutler_attach::openclaw::Trouble;
use clawbutler_attach::openclaw::{Address, Approval, Decision, Drift, Event as Said, Hello, Link, Policy, Resolution};
use clawbutler_attach::{CallError, Refusal, Secret};
use clawbutler_core::timeline::State;
use clawbutler_wire::topic::Topic;
use serde_json::Value;
use tokio::runtime::Handle;

use super::{Line, LineNumber, Told};
use crate::engine::lock;
use crate::{Butler, Error};

/// A connection to a real server. What it would be asked for, such a server does not have.
#[derive(Debug)]
struct Watched {
    /// Held so that the connection stays.
    _serve: Serve,
    address: Address,
}

fn nothing<T>(told: Told<T>) {
    told(Err(CallError::NotPossible("this server asks nothing over its connection".to_owned())));
}

impl Line for Watched {
    fn resolve(&self, _: &Approval, _: Decision, told: Told<Resolution>) {
        nothing(told);
    }

    fn policy(&self, told: Told<(Policy, Vec<Drift>)>) {
        nothing(told);
    }

    fn set_policy(&self, _: &Value, _: &str, told: Told<Policy>) {
        nothing(told);
    }

    fn address(&self) -> String {
        self.address.to_string()
    }

    fn asks(&self) -> bool {
        false
    }
}

/// How a connection stands, in the words of all.
fn stands(link: Theirs) -> Link {
    match link {
        Theirs::Connecting => Link::Connecting,
        Theirs::Up => Link::Up(Arc::new(Hello::default())),
        Theirs::Waiting { trouble: why @ Why::NotLetIn, .. } => {
            Link::Refused(Trouble::Refused(Refusal { message: why.to_string(), ..Refusal::default() }))
        }
        Theirs::Waiting { trouble: Why::Ended(ended), again_in_ms } => {
            Link::Waiting { trouble: Trouble::Ended(ended), again_in_ms }
        }
        Theirs::Closed => Link::Closed,
    }
}

fn states(sessions: Vec<Session>) -> HashMap<String, State> {
    sessions.into_iter().filter_map(|one| Some((one.session, one.status.state()?))).collect()
}

impl Butler {
    /// Connects a home to its server, in place of the connection it has.
    pub(super) fn connect_watched(&self, home: &str, address: &Address, handle: &Handle) -> Result<(), Error> {
        let token = self.tokens(home).shared.unwrap_or_else(|| Secret::new(""));
        let target = Target { port: address.port(), token, ids: self.0.ports.ids.clone() };
        let (serve, mut events) = {
            let _inside = handle.enter();
            Serve::open(target)
        };
        let line = self.attach_line(home, Arc::new(Watched { _serve: serve, address: address.clone() }));
        let (inner, home) = (Arc::downgrade(&self.0), home.to_owned());
        std::thread::Builder::new().name("attached".into()).spawn(move || {
            while let Some(event) = events.blocking_recv() {
                let Some(inner) = inner.upgrade() else { return };
                match event {
                    Event::Link(link) => Self(inner).gateway_said(&home, line, Said::Link(stands(link))),
                    Event::Sessions(sessions) => Self(inner).line_tells(&home, line, states(sessions)),
                    _ => {}
                }
            }
        })?;
        Ok(())
    }

    /// What the sessions of a home do, all of them, as a connection tells it. Told in order.
    pub fn line_tells(&self, home: &str, line: LineNumber, states: HashMap<String, State>) {
        let mut attached = lock(&self.0.attached);
        let Some(held) = attached.held.get_mut(home).filter(|held| held.number == line) else { return };
        if held.states != states {
            held.states = states;
            drop(attached);
            self.changed(Topic::Sessions);
        }
    }

    /// What connections tell of sessions, by home and session.
    pub(crate) fn told_states(&self) -> HashMap<(String, String), State> {
        let attached = lock(&self.0.attached);
        let held = attached.held.iter().filter(|(_, held)| held.is_up());
        let of = |(home, held): (&String, &super::Held)| {
            held.states.iter().map(|(session, state)| ((home.clone(), session.clone()), *state)).collect::<Vec<_>>()
        };
        held.flat_map(of).collect()
    }
}
