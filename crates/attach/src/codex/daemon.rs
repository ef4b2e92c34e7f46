//! The value that stands for one daemon.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clawbutler_core::id::IdSource;
use clawbutler_core::limits::{ATTACH_CALL_MS, ATTACH_CALLS, ATTACH_EVENTS};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::approval::{Approval, Decision};
use super::event::Event;
use super::hooks::{self, Hook};
use super::link::{Command, Link, Runner};
use super::rows::{Hello, Limit, Thread};
use crate::calls::{self, Answer, Call};
use crate::counts::{Counters, Counts};
use crate::{CallError, json as read};

/// Where a daemon listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A socket in the file system, as `$CODEX_HOME/app-server-control/app-server-control.sock`. Unix only.
    Socket(PathBuf),
    /// A port of this machine.
    Port(u16),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Port(port) => write!(f, "ws://127.0.0.1:{port}"),
        }
    }
}

/// A daemon to connect to.
#[derive(Clone)]
pub struct Target {
    /// Where.
    pub place: Place,
    /// Where jitter comes from.
    pub ids: Arc<dyn IdSource>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("place", &self.place).finish_non_exhaustive()
    }
}

/// One daemon. Clones are one; when the last is dropped the connection ends, and nothing happens to its threads.
#[derive(Debug, Clone)]
pub struct Daemon {
    commands: mpsc::Sender<Command>,
    link: watch::Receiver<Link>,
    counters: Arc<Counters>,
}

impl Daemon {
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

    /// Waits until the connection stands, at most so long.
    pub async fn up(&self, at_most: Duration) -> Option<Arc<Hello>> {
        let mut link = self.link.clone();
        let stands = async { link.wait_for(|link| matches!(link, Link::Up(_))).await.is_ok() };
        match (timeout(at_most, stands).await, self.link()) {
            (Ok(true), Link::Up(hello)) => Some(hello),
            _ => None,
        }
    }

    /// What went by without being shown.
    pub fn counts(&self) -> Counts {
        self.counters.snapshot()
    }

    /// Answers a question that stands, but only with what it offers. Whether it was handed over: false where it does
    /// not stand any more, because somebody was faster. The first answer wins; [`Event::Settled`] tells that it is
    /// over, and the item's end tells how.
    pub async fn answer(&self, approval: &Approval, decision: Decision) -> Result<bool, CallError> {
        if !approval.offered.contains(&decision) {
            let offered: Vec<&str> = approval.offered.iter().map(|one| one.word()).collect();
            return Err(CallError::NotOffered { decision: decision.to_string(), offered: offered.join(", ") });
        }
        let (handed, heard) = oneshot::channel();
        let answer = approval.answer(decision);
        let said =
            self.hand(Command::Answer { key: approval.key.clone(), answer, handed }, heard, "the answer").await?;
        Ok(said.as_bool().unwrap_or(false))
    }

    /// The stored threads of every kind, last used first.
    pub async fn threads(&self, limit: u32) -> Result<Vec<Thread>, CallError> {
        let kinds = ["cli", "vscode", "exec", "appServer", "subAgent"];
        let params = json!({ "limit": limit.clamp(1, 200), "sourceKinds": kinds });
        let answer = self.call("thread/list", params).await?;
        Ok(read::list(&answer, "/data").filter_map(Thread::read).collect())
    }

    /// The ids of the threads that are loaded now.
    pub async fn loaded(&self) -> Result<Vec<String>, CallError> {
        Ok(read::texts(&self.call("thread/loaded/list", json!({})).await?, "/data"))
    }

    /// One thread, without watching it.
    pub async fn thread(&self, id: &str) -> Result<Thread, CallError> {
        let answer = self.call("thread/read", json!({ "threadId": id })).await?;
        let thread = answer.get("thread").and_then(Thread::read);
        thread.ok_or_else(|| CallError::unreadable("thread/read", "the thread"))
    }

    /// The limits of the account. Refused where nobody is logged in.
    pub async fn limits(&self) -> Result<Vec<Limit>, CallError> {
        Ok(Limit::all(&self.call("account/rateLimits/read", json!({})).await?["rateLimits"]))
    }

    /// Begins a thread in a folder that asks before it leaves its sandbox.
    pub async fn begin(&self, cwd: &str) -> Result<Thread, CallError> {
        let params = json!({ "cwd": cwd, "approvalPolicy": "on-request", "sandbox": "workspace-write" });
        let answer = self.call("thread/start", params).await?;
        let thread = answer.get("thread").and_then(Thread::read);
        thread.ok_or_else(|| CallError::unreadable("thread/start", "the thread"))
    }

    /// Says something in a thread; the id of the turn.
    pub async fn say(&self, thread: &str, text: &str) -> Result<String, CallError> {
        let params = json!({ "threadId": thread, "input": [{ "type": "text", "text": text }] });
        let answer = self.call("turn/start", params).await?;
        read::text(&answer, "/turn/id").ok_or_else(|| CallError::unreadable("turn/start", "the id of the turn"))
    }

    /// Stops a turn: the model is asked nothing more. The commands it started may run on (0.169.0 and 0.171.0,
    /// `docs/runtimes/codex.md`), so this alone ends no session.
    pub async fn interrupt(&self, thread: &str, turn: &str) -> Result<(), CallError> {
        self.call("turn/interrupt", json!({ "threadId": thread, "turnId": turn })).await.map(drop)
    }

    /// The hooks of a home. Refused by releases that do not know of trust.
    pub async fn hooks(&self, home: &str) -> Result<Vec<Hook>, CallError> {
        hooks::listed(&self.call(hooks::LIST, hooks::list(home)).await?)
    }

    /// Has hooks trusted, by the names of their places with their fingerprints, and no other. Threads that are loaded
    /// take them up at once.
    pub async fn trust(&self, hooks: &[(String, String)]) -> Result<(), CallError> {
        hooks::written(&self.call(hooks::WRITE, hooks::trusting(hooks)).await?)
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let (answer, heard) = oneshot::channel();
        self.hand(Command::Call(Call { method: method.to_owned(), params, answer }), heard, method).await
    }

    async fn hand(&self, command: Command, heard: oneshot::Receiver<Answer>, method: &str) -> Answer {
        if !matches!(&*self.link.borrow(), Link::Up(_)) {
            return Err(CallError::Down);
        }
        calls::hand(&self.commands, command, heard, method, ATTACH_CALL_MS).await
    }
}
