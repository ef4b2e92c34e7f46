//! The value that stands for one server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clawbutler_core::id::IdSource;
use clawbutler_core::limits::{ATTACH_CALL_MS, ATTACH_CALLS, ATTACH_EVENTS};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::approval::{Approval, Choice};
use super::event::Event;
use super::link::{Command, Link, Runner};
use super::rows::{Begun, Session, Usage};
use crate::calls::{self, Answer, Call};
use crate::counts::{Counters, Counts};
use crate::{CallError, Secret};

/// A server to connect to, on this machine. Its `Debug` shows no token.
#[derive(Clone)]
pub struct Target {
    /// Its port.
    pub port: u16,
    /// Its session token, as whoever started it knows it.
    pub token: Secret,
    /// Where jitter comes from.
    pub ids: Arc<dyn IdSource>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("port", &self.port).finish_non_exhaustive()
    }
}

/// One server. Clones are one; when the last is dropped the connection ends, and the server soon ends the sessions
/// that were begun over it.
#[derive(Debug, Clone)]
pub struct Serve {
    commands: mpsc::Sender<Command>,
    link: watch::Receiver<Link>,
    counters: Arc<Counters>,
}

impl Serve {
    /// Starts to connect, and stays at it. Must be called inside a tokio runtime.
    pub fn open(target: Target) -> (Self, mpsc::Receiver<Event>) {
        let (commands, taken) = mpsc::channel(ATTACH_CALLS);
        let (events, happened) = mpsc::channel(ATTACH_EVENTS);
        let (link, stands) = watch::channel(Link::Connecting);
        let counters = Arc::new(Counters::default());
        let runner = Runner { target, commands: taken, events, link, counters: counters.clone() };
        tokio::spawn(runner.run());
        (Self { commands, link: stands, counters }, happened)
    }

    /// How the connection stands now.
    pub fn link(&self) -> Link {
        self.link.borrow().clone()
    }

    /// Waits until the connection stands, at most so long. Whether it does.
    pub async fn up(&self, at_most: Duration) -> bool {
        let mut link = self.link.clone();
        let stands = async { link.wait_for(|link| *link == Link::Up).await.is_ok() };
        timeout(at_most, stands).await == Ok(true)
    }

    /// What went by without being shown.
    pub fn counts(&self) -> Counts {
        self.counters.snapshot()
    }

    /// The live sessions, whoever began them. Changes nothing for whoever listens to them.
    pub async fn sessions(&self) -> Result<Vec<Session>, CallError> {
        Ok(Session::all(&self.call("session.active_list", json!({})).await?))
    }

    /// Tokens of a live session, by the server's short id.
    pub async fn usage(&self, live: &str) -> Result<Usage, CallError> {
        Ok(Usage::read(&self.call("session.usage", json!({ "session_id": live })).await?))
    }

    /// Begins a session in a folder; its stream comes here.
    pub async fn begin(&self, cwd: &str) -> Result<Begun, CallError> {
        let params = json!({ "cols": 100, "cwd": cwd, "source": "clawbutler" });
        let answer = self.call("session.create", params).await?;
        Begun::read(&answer).ok_or_else(|| CallError::unreadable("session.create", "the ids of the session"))
    }

    /// Says something in a session that was begun here: the server sends its stream to whoever spoke last.
    pub async fn say(&self, begun: &Begun, text: &str) -> Result<(), CallError> {
        let params = json!({ "session_id": begun.live, "text": text });
        self.call("prompt.submit", params).await.map(drop)
    }

    /// Answers a question that stands. Whether it was taken: false where it does not stand any more. Questions have
    /// no id at the server and are answered in the order they came, so while several stand in one session none is
    /// answered: the wrong one could be.
    pub async fn answer(&self, approval: &Approval, choice: Choice) -> Result<bool, CallError> {
        if !approval.offers(choice) {
            let (decision, offered) = (choice.to_string(), approval.offered.join(", "));
            return Err(CallError::NotOffered { decision, offered });
        }
        let (handed, heard) = oneshot::channel();
        let command = Command::Answer { number: approval.number, choice, handed };
        let said = self.hand(command, heard, "approval.respond").await?;
        Ok(said.pointer("/resolved").and_then(Value::as_u64).is_some_and(|resolved| resolved > 0))
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let (answer, heard) = oneshot::channel();
        self.hand(Command::Call(Call { method: method.to_owned(), params, answer }), heard, method).await
    }

    async fn hand(&self, command: Command, heard: oneshot::Receiver<Answer>, method: &str) -> Answer {
        if *self.link.borrow() != Link::Up {
            return Err(CallError::Down);
        }
        calls::hand(&self.commands, command, heard, method, ATTACH_CALL_MS).await
    }
}
