//! Connections over which nothing is asked: they tell what the sessions of a server do.

use std::collections::HashMap;
use std::sync::Arc;

use clawbutler_attach::hermes::{Event, Link as Theirs, Serve, Session, Target, Trouble as Why};
use clawbutler_attach::openclaw::{Address, Hello, Link, Trouble};
use clawbutler_attach::{Refusal, Secret};
use clawbutler_core::timeline::State;
use clawbutler_wire::topic::Topic;
use tokio::runtime::Handle;

use super::{End, Held, Line, LineNumber};
use crate::engine::lock;
use crate::{Butler, Error};

/// A connection to a real server. What it would be asked for, such a server does not have.
#[derive(Debug)]
struct Server {
    /// Held so that the connection stays.
    _serve: Serve,
    address: Address,
}

impl Line for Server {
    fn address(&self) -> String {
        self.address.to_string()
    }

    fn end(&self) -> End {
        End::Server
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
    pub(super) fn connect_server(&self, home: &str, address: Address, handle: &Handle) -> Result<(), Error> {
        let token = self.tokens(home).shared.unwrap_or_else(|| Secret::new(""));
        let target = Target { port: address.port(), token, ids: self.0.ports.ids.clone() };
        let (serve, events) = {
            let _inside = handle.enter();
            Serve::open(target)
        };
        let line = self.attach_line(home, Arc::new(Server { _serve: serve, address }));
        self.carry(home, events, move |butler, home, event| butler.server_said(home, line, event))
    }

    /// What a server, or the connection to it, says. Told by whoever holds the connection, in order.
    pub fn server_said(&self, home_id: &str, line: LineNumber, event: Event) {
        let Some(home) = self.speaking(home_id, line) else { return };
        match event {
            Event::Link(link) => self.link_changed(&home, stands(link)),
            Event::Sessions(sessions) => self.server_tells(&home.id, states(sessions)),
            _ => {}
        }
    }

    /// What the sessions of a home do, all of them.
    fn server_tells(&self, home: &str, states: HashMap<String, State>) {
        let mut attached = lock(&self.0.attached);
        let Some(held) = attached.held.get_mut(home).filter(|held| held.states != states) else { return };
        held.states = states;
        drop(attached);
        self.changed(Topic::Sessions);
    }

    /// What connections tell of sessions, by home and session.
    pub(crate) fn told_states(&self) -> HashMap<(String, String), State> {
        let attached = lock(&self.0.attached);
        let held = attached.held.iter().filter(|(_, held)| held.is_up());
        let of = |(home, held): (&String, &Held)| {
            held.told().into_iter().map(|(session, state)| ((home.clone(), session), state)).collect::<Vec<_>>()
        };
        held.flat_map(of).collect()
    }
}
