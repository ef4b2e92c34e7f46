//! The connection of one daemon through its life, and the threads it watches.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clawbutler_core::limits::{ATTACH_GARBLED, ATTACH_HANDSHAKE_MS, ATTACH_ROWS};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::approval::{Approval, FileChange, changes};
use super::daemon::{Place, Target};
use super::event::{Event, understand};
use super::frame::{self, Frame};
use super::rows::{Hello, Thread};
use crate::calls::{self, Answer, Call, Calls, Dropped};
use crate::counts::Counters;
use crate::pace::Pace;
use crate::socket::{Ended, Socket};
use crate::{CallError, Refusal, json as read};

/// How the connection stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// It is being made.
    Connecting,
    /// It stands.
    Up(Arc<Hello>),
    /// It does not stand and is tried again by itself.
    Waiting {
        /// Why.
        trouble: Trouble,
        /// When it is tried again (ms from then).
        again_in_ms: u64,
    },
    /// It was given up.
    Closed,
}

/// Why a connection does not stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It did not take our introduction.
    #[error("the daemon refused the connection: {}", .0.message)]
    Refused(Refusal),
    /// The connection ended or could not be made.
    #[error(transparent)]
    Ended(#[from] Ended),
}

/// What the holder of the value wants of the task.
#[derive(Debug)]
pub(crate) enum Command {
    Call(Call),
    /// Answer a question; tells whether it stood.
    Answer {
        key: String,
        answer: Value,
        handed: oneshot::Sender<Answer>,
    },
}

/// The task of one daemon.
pub(crate) struct Runner {
    pub(crate) target: Target,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) link: watch::Sender<Link>,
    pub(crate) counters: Arc<Counters>,
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}
type Stream = Socket<Box<dyn Io>>;

/// How often deadlines are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// Questions that stand come right after the answer to a subscription.
const REPLAY: Duration = Duration::from_secs(1);
/// Items whose changes are remembered at once.
const ITEMS: usize = 512;

impl Runner {
    pub(crate) async fn run(mut self) {
        let mut pace = Pace::default();
        while let Ok(()) = self.once(&mut pace).await {}
        self.stands(Link::Closed);
    }

    async fn once(&mut self, pace: &mut Pace) -> Result<(), Dropped> {
        self.stands(Link::Connecting);
        let target = self.target.clone();
        let opening = timeout(Duration::from_millis(ATTACH_HANDSHAKE_MS), handshake(&target));
        let trouble = match self.meanwhile(opening).await?.unwrap_or(Err(Trouble::Ended(Ended::Silent))) {
            Ok((socket, hello)) => {
                pace.reset();
                Trouble::Ended(self.serve(socket, hello).await?)
            }
            Err(trouble) => trouble,
        };
        let again = pace.next(self.target.ids.bytes()[0]);
        tracing::debug!(place = %self.target.place, %trouble, failures = pace.failures(), "not connected");
        self.stands(Link::Waiting { trouble, again_in_ms: u64::try_from(again.as_millis()).unwrap_or(u64::MAX) });
        self.meanwhile(sleep(again)).await
    }

    /// Waits for something, while callers hear that there is no connection.
    async fn meanwhile<T>(&mut self, done: impl Future<Output = T>) -> Result<T, Dropped> {
        let answer_of = |(Command::Call(Call { answer, .. }) | Command::Answer { handed: answer, .. })| answer;
        calls::meanwhile(&mut self.commands, done, answer_of).await
    }

    fn stands(&mut self, link: Link) {
        self.link.send_replace(link.clone());
        self.tell(Event::Link(link));
    }

    fn tell(&self, event: Event) -> bool {
        self.counters.told(&self.events, event)
    }

    async fn serve(&mut self, socket: Stream, hello: Hello) -> Result<Ended, Dropped> {
        self.counters.connects.fetch_add(1, Ordering::Relaxed);
        self.stands(Link::Up(Arc::new(hello)));
        let mut up = Up::new(socket);
        if let Err(ended) = up.send("clawbutler-loaded", "thread/loaded/list", &json!({})).await {
            return Ok(ended);
        }
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                text = up.socket.next() => match text {
                    Ok(text) => self.heard(&mut up, &text).await,
                    Err(ended) => Err(ended),
                },
                command = self.commands.recv() => match command {
                    Some(command) => up.command(command).await,
                    None => {
                        up.socket.close().await;
                        return Err(Dropped);
                    }
                },
                _ = look.tick() => {
                    self.look(&mut up);
                    Ok(())
                }
            };
            if let Err(ended) = step {
                return Ok(ended);
            }
        }
    }

    /// One text of the daemon.
    async fn heard(&self, up: &mut Up, text: &str) -> Result<(), Ended> {
        match frame::read(text) {
            Ok(Frame::Response { id, result }) => self.answered(up, &id, result).await,
            Ok(Frame::Request { id, method, params }) => {
                self.asked(up, id, &method, &params);
                Ok(())
            }
            Ok(Frame::Told { method, params }) => self.told(up, &method, &params).await,
            Err(frame::Garbled) => {
                self.counters.garbled.fetch_add(1, Ordering::Relaxed);
                up.garbled += 1;
                let much = up.garbled > ATTACH_GARBLED;
                if much { Err(Ended::Garbled("too many texts that are no frames".to_owned())) } else { Ok(()) }
            }
        }
    }

    async fn answered(&self, up: &mut Up, id: &str, result: Result<Value, Refusal>) -> Result<(), Ended> {
        if id == "clawbutler-loaded" {
            up.caught_due = Some(Instant::now() + REPLAY);
            for thread in result.as_ref().map(|answer| read::texts(answer, "/data")).unwrap_or_default() {
                up.watch(&thread).await?;
            }
            return Ok(());
        }
        let Some(thread) = up.watching.remove(id) else {
            up.calls.answered(id, result);
            return Ok(());
        };
        if up.caught_due.is_some() {
            up.caught_due = Some(Instant::now() + REPLAY);
        }
        match result {
            Ok(answer) => {
                if let Some(row) = answer.get("thread").and_then(Thread::read) {
                    up.note(self.tell(Event::Thread(row)));
                }
            }
            // Nothing of it is stored yet, or another process holds it: at its next sign of life again.
            Err(_) => up.forget(&thread),
        }
        Ok(())
    }

    fn asked(&self, up: &mut Up, id: Value, method: &str, params: &Value) {
        let item = read::word(params, "/itemId");
        let changes = up.changes.get(&item).map(Vec::as_slice).unwrap_or_default();
        let Some(approval) = Approval::read(method, params, changes).filter(|_| up.pending.len() < ATTACH_ROWS) else {
            self.counters.unknown.fetch_add(1, Ordering::Relaxed);
            up.note(self.tell(Event::Unknown(method.chars().take(80).collect())));
            return;
        };
        let standing = Standing { id, approval: approval.clone(), answered: false };
        up.pending.insert(approval.key.clone(), standing);
        up.note(self.tell(Event::Asked(approval)));
    }

    async fn told(&self, up: &mut Up, method: &str, params: &Value) -> Result<(), Ended> {
        match method {
            "serverRequest/resolved" => self.settled(up, params),
            "item/started" if read::text(params, "/item/type").as_deref() == Some("fileChange") => {
                up.remember(&read::word(params, "/item/id"), changes(&params["item"]));
            }
            "thread/closed" => up.forget(&read::word(params, "/threadId")),
            _ => {}
        }
        let Some(event) = understand(method, params) else { return Ok(()) };
        let wakes = match &event {
            Event::Status { thread, status } if status.word == "notLoaded" => {
                up.forget(thread);
                None
            }
            Event::Status { thread, .. } => Some(thread.clone()),
            Event::Unknown(_) => {
                self.counters.unknown.fetch_add(1, Ordering::Relaxed);
                None
            }
            _ => None,
        };
        up.note(self.tell(event));
        match wakes {
            Some(thread) => up.watch(&thread).await,
            None => Ok(()),
        }
    }

    fn settled(&self, up: &mut Up, params: &Value) {
        let (thread, id) = (read::word(params, "/threadId"), params.get("requestId").cloned().unwrap_or_default());
        let found = up.pending.iter().find(|(_, one)| one.id == id && one.approval.thread == thread);
        let Some(key) = found.map(|(key, _)| key.clone()) else { return };
        up.pending.remove(&key);
        up.note(self.tell(Event::Settled { thread, key }));
    }

    /// Deadlines, and events that were missed.
    fn look(&self, up: &mut Up) {
        up.calls.sweep();
        if up.missed > 0 && self.events.capacity() > self.events.max_capacity() / 2 {
            if self.tell(Event::Missed(up.missed)) {
                up.missed = 0;
            }
            let open = up.pending.values().filter(|one| !one.answered);
            let standing: Vec<Approval> = open.map(|one| one.approval.clone()).collect();
            for approval in standing {
                up.note(self.tell(Event::Asked(approval)));
            }
            up.caught_due = Some(Instant::now());
        }
        let caught = up.caught_due.is_some_and(|due| due <= Instant::now());
        if caught && up.watching.is_empty() && self.tell(Event::Caught) {
            up.caught_due = None;
        }
    }
}

/// A question that stands.
struct Standing {
    /// The server's id of it.
    id: Value,
    approval: Approval,
    /// A second answer of ours would only be noise.
    answered: bool,
}

/// A connection that stands.
struct Up {
    socket: Stream,
    calls: Calls,
    /// Threads we subscribed to or try to.
    watched: HashSet<String>,
    /// Subscriptions under way, by the id of the call.
    watching: HashMap<String, String>,
    /// Questions that stand, by their key.
    pending: HashMap<String, Standing>,
    changes: HashMap<String, Vec<FileChange>>,
    caught_due: Option<Instant>,
    next: u64,
    garbled: u32,
    missed: u64,
}

impl Up {
    fn new(socket: Stream) -> Self {
        Self {
            socket,
            calls: Calls::default(),
            watched: HashSet::new(),
            watching: HashMap::new(),
            pending: HashMap::new(),
            changes: HashMap::new(),
            caught_due: None,
            next: 0,
            garbled: 0,
            missed: 0,
        }
    }

    fn note(&mut self, told: bool) {
        self.missed += u64::from(!told);
    }

    fn forget(&mut self, thread: &str) {
        self.watched.remove(thread);
    }

    fn remember(&mut self, item: &str, changes: Vec<FileChange>) {
        if self.changes.len() >= ITEMS {
            self.changes.clear();
        }
        self.changes.insert(item.to_owned(), changes);
    }

    async fn send(&mut self, id: &str, method: &str, params: &Value) -> Result<(), Ended> {
        self.socket.send(json!({ "id": id, "method": method, "params": params }).to_string()).await
    }

    /// Subscribes to a thread, once. It stays with whoever drives it: nothing about it is changed.
    async fn watch(&mut self, thread: &str) -> Result<(), Ended> {
        if self.watched.len() >= ATTACH_ROWS || !self.watched.insert(thread.to_owned()) {
            return Ok(());
        }
        self.next += 1;
        let id = format!("clawbutler-watch-{}", self.next);
        self.watching.insert(id.clone(), thread.to_owned());
        self.send(&id, "thread/resume", &json!({ "threadId": thread, "excludeTurns": true })).await
    }

    async fn command(&mut self, command: Command) -> Result<(), Ended> {
        match command {
            Command::Call(call) => match self.calls.take(&call.method, call.answer) {
                Some(id) => self.send(&id, &call.method, &call.params).await,
                None => Ok(()),
            },
            Command::Answer { key, answer, handed } => {
                let Some(one) = self.pending.get_mut(&key).filter(|one| !one.answered) else {
                    let _ = handed.send(Ok(Value::Bool(false)));
                    return Ok(());
                };
                one.answered = true;
                let id = one.id.clone();
                let sent = self.socket.send(json!({ "id": id, "result": answer }).to_string()).await;
                let _ = handed.send(if sent.is_ok() { Ok(Value::Bool(true)) } else { Err(CallError::Down) });
                sent
            }
        }
    }
}

/// From the open socket to the daemon's introduction.
async fn handshake(target: &Target) -> Result<(Stream, Hello), Trouble> {
    let mut socket = Socket::open(open(&target.place).await?, "ws://localhost/").await?;
    let client = json!({ "name": "clawbutler", "title": "ClawButler Desktop", "version": env!("CARGO_PKG_VERSION") });
    let params = json!({ "clientInfo": client, "capabilities": { "experimentalApi": true } });
    let hello = json!({ "id": "clawbutler-hello", "method": "initialize", "params": params });
    socket.send(hello.to_string()).await?;
    loop {
        let text = socket.next().await?;
        let garbled = |frame::Garbled| Ended::Garbled("its first words are no frame".to_owned());
        if let Frame::Response { id, result } = frame::read(&text).map_err(garbled)?
            && id == "clawbutler-hello"
        {
            let hello = Hello::read(&result.map_err(Trouble::Refused)?);
            let hello = hello.ok_or_else(|| Ended::Garbled("its introduction cannot be read".to_owned()))?;
            socket.send(json!({ "method": "initialized" }).to_string()).await?;
            return Ok((socket, hello));
        }
    }
}

async fn open(place: &Place) -> Result<Box<dyn Io>, Ended> {
    let failed = |error: std::io::Error| Ended::Failed(error.kind().to_string());
    match place {
        Place::Port(port) => {
            let stream = TcpStream::connect(("127.0.0.1", *port)).await.map_err(failed)?;
            let _ = stream.set_nodelay(true);
            Ok(Box::new(stream))
        }
        #[cfg(unix)]
        Place::Socket(path) => {
            // The name of a socket is short; that of the link to it need not be.
            let path = tokio::fs::canonicalize(path).await.map_err(failed)?;
            Ok(Box::new(tokio::net::UnixStream::connect(path).await.map_err(failed)?))
        }
        #[cfg(not(unix))]
        Place::Socket(_) => Err(Ended::Failed("sockets in the file system are not spoken here".to_owned())),
    }
}
