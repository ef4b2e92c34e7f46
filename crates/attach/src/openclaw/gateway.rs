//! The value that stands for one gateway.

use std::sync::Arc;
use std::time::Duration;

use clawbutler_core::id::IdSource;
use clawbutler_core::limits::{ATTACH_CALL_MS, ATTACH_CALLS, ATTACH_CHANGE_MS, ATTACH_EVENTS};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::event::Event;
use super::hello::Hello;
use super::link::{Command, Link, Runner};
use super::target::Target;
use crate::calls::{self, Call};
use crate::counts::{Counters, Counts};
use crate::{CallError, Secret};

/// One gateway. Clones are one; when the last is dropped the connection ends.
#[derive(Debug, Clone)]
pub struct Gateway {
    commands: mpsc::Sender<Command>,
    link: watch::Receiver<Link>,
    counters: Arc<Counters>,
    ids: Ids,
}

/// Has nothing to show.
#[derive(Clone)]
struct Ids(Arc<dyn IdSource>);

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids")
    }
}

impl Gateway {
    /// Starts to connect, and stays at it. What happens comes out of the receiver; whoever does not take it in time
    /// gets [`Event::Missed`] and the lists anew. Must be called inside a tokio runtime.
    pub fn open(target: Target) -> (Self, mpsc::Receiver<Event>) {
        let (commands, taken) = mpsc::channel(ATTACH_CALLS);
        let (events, happened) = mpsc::channel(ATTACH_EVENTS);
        let (link, stands) = watch::channel(Link::Connecting);
        let counters = Arc::new(Counters::default());
        let ids = Ids(target.ids.clone());
        let runner = Runner { target, commands: taken, events, link, counters: counters.clone() };
        tokio::spawn(runner.run());
        (Self { commands, link: stands, counters, ids }, happened)
    }

    /// How the connection stands now.
    pub fn link(&self) -> Link {
        self.link.borrow().clone()
    }

    /// What the gateway said about itself; nothing while it is not connected.
    pub fn hello(&self) -> Option<Arc<Hello>> {
        match &*self.link.borrow() {
            Link::Up(hello) => Some(hello.clone()),
            Link::Connecting | Link::Waiting { .. } | Link::Refused(_) | Link::Closed => None,
        }
    }

    /// Waits until the connection stands, at most so long.
    pub async fn up(&self, at_most: Duration) -> Option<Arc<Hello>> {
        let mut link = self.link.clone();
        let stands = async { link.wait_for(|link| matches!(link, Link::Up(_))).await.is_ok() };
        if timeout(at_most, stands).await.unwrap_or(false) { self.hello() } else { None }
    }

    /// What went by without being shown.
    pub fn counts(&self) -> Counts {
        self.counters.snapshot()
    }

    /// Connects now instead of later, after a refusal too; with another shared token if one is given.
    pub async fn reconnect(&self, token: Option<Secret>) {
        let _ = self.commands.send(Command::Reconnect(token)).await;
    }

    pub(crate) fn ids(&self) -> &dyn IdSource {
        self.ids.0.as_ref()
    }

    /// One call that reads or acts at once.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        self.call_within(method, params, ATTACH_CALL_MS).await
    }

    /// One call that changes the configuration: it answers when the change is in force.
    pub(crate) async fn change(&self, method: &str, params: Value) -> Result<Value, CallError> {
        self.call_within(method, params, ATTACH_CHANGE_MS).await
    }

    async fn call_within(&self, method: &str, params: Value, at_most_ms: u64) -> Result<Value, CallError> {
        if self.hello().is_none() {
            return Err(CallError::Down);
        }
        let (answer, heard) = oneshot::channel();
        let call = Command::Call(Call { method: method.to_owned(), params, answer });
        calls::hand(&self.commands, call, heard, method, at_most_ms).await
    }
}
