//! The connection of one gateway through its life: connecting, being up, waiting, being refused.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clawbutler_core::limits::{ATTACH_CALL_MS, ATTACH_GARBLED, ATTACH_HANDSHAKE_MS, ATTACH_PAIRING_MS};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::approval::{Kind, listed, never_always};
use super::event::{Event, understand};
use super::frame::{self, Frame};
use super::hello::{Hello, connect, fresh};
use super::rows::Session;
use super::target::Target;
use crate::calls::{Call, Calls, Dropped};
use crate::counts::Counters;
use crate::pace::Pace;
use crate::socket::{Ended, Socket};
use crate::{CallError, Refusal, Secret, json as read};

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
    /// It does not stand and is not tried again before a person changed something: [`super::Gateway::reconnect`].
    Refused(Trouble),
    /// It was given up.
    Closed,
}

/// Why a connection does not stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The gateway is not ready yet, or suspended.
    #[error("the gateway is not ready yet")]
    Starting,
    /// It restarts.
    #[error("the gateway restarts")]
    Restarting,
    /// It cut everybody because the rules of connecting changed.
    #[error("the gateway's rules of connecting changed")]
    PolicyChanged,
    /// A person must let this device in, or let it have more.
    #[error("this device waits to be let in at the gateway")]
    Pairing {
        /// The request to approve there.
        request: Option<String>,
    },
    /// It let us in without the scopes we need: it does not know this device.
    #[error("the gateway gave this connection no rights")]
    NoRights,
    /// It refused.
    #[error("the gateway refused the connection: {}", .0.message)]
    Refused(Refusal),
    /// The connection ended or could not be made.
    #[error(transparent)]
    Ended(#[from] Ended),
}

/// What the holder of the value wants of the task.
#[derive(Debug)]
pub(crate) enum Command {
    Call(Call),
    /// Connect now, with another shared token if one is given.
    Reconnect(Option<Secret>),
}

/// The task of one gateway.
pub(crate) struct Runner {
    pub(crate) target: Target,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) link: watch::Sender<Link>,
    pub(crate) counters: Arc<Counters>,
}

/// How often deadlines are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How soon lists that failed are read again.
const LISTS_AGAIN: Duration = Duration::from_secs(5);
/// Sessions listed after a connect.
const SESSIONS: u64 = 200;

/// A list that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Approvals(Kind),
    Sessions,
    /// No list, but events about sessions come only after it.
    Subscribe,
}

impl Runner {
    pub(crate) async fn run(mut self) {
        let mut pace = Pace::default();
        let instance = fresh(self.target.ids.as_ref());
        while let Ok(()) = self.once(&mut pace, &instance).await {}
        self.stands(Link::Closed);
    }

    /// One connection, and the wait after it.
    async fn once(&mut self, pace: &mut Pace, instance: &str) -> Result<(), Dropped> {
        self.stands(Link::Connecting);
        let used_device_token = self.target.device_token.is_some();
        let trouble = match self.open(instance).await? {
            Ok((socket, hello)) => {
                pace.reset();
                self.serve(socket, hello).await?
            }
            Err(trouble) => trouble,
        };
        let again = match &trouble {
            // An old token of the device is no reason to give up while the shared one is there.
            Trouble::Refused(_) if used_device_token && self.target.token.is_some() => {
                self.target.device_token = None;
                Some(Duration::ZERO)
            }
            Trouble::Refused(_) | Trouble::NoRights => None,
            Trouble::Starting => Some(Duration::from_millis(500)),
            Trouble::PolicyChanged => Some(Duration::from_millis(250)),
            Trouble::Pairing { .. } => Some(Duration::from_millis(ATTACH_PAIRING_MS)),
            Trouble::Restarting | Trouble::Ended(_) => Some(pace.next(self.target.ids.bytes()[0])),
        };
        tracing::debug!(address = %self.target.address, %trouble, failures = pace.failures(), "not connected");
        match again {
            Some(again) => {
                let again_in_ms = u64::try_from(again.as_millis()).unwrap_or(u64::MAX);
                self.stands(Link::Waiting { trouble, again_in_ms });
                self.idle(Some(again)).await
            }
            None => {
                self.stands(Link::Refused(trouble));
                self.idle(None).await
            }
        }
    }

    /// Connects, while calls hear that there is no connection.
    async fn open(&mut self, instance: &str) -> Result<Result<(Socket<TcpStream>, Hello), Trouble>, Dropped> {
        let target = self.target.clone();
        let opening = timeout(Duration::from_millis(ATTACH_HANDSHAKE_MS), handshake(&target, instance));
        tokio::pin!(opening);
        let opened = loop {
            tokio::select! {
                opened = &mut opening => break opened.unwrap_or(Err(Trouble::Ended(Ended::Silent))),
                command = self.commands.recv() => {
                    self.refuse(command.ok_or(Dropped)?);
                }
            }
        };
        let (socket, hello, token) = match opened {
            Ok(opened) => opened,
            Err(trouble) => return Ok(Err(trouble)),
        };
        if let Some(token) = token {
            // From here on the device stands for itself: one that a person puts out does not come back by the shared token.
            self.target.token = None;
            if self.target.device_token.as_ref() != Some(&token) {
                self.target.device_token = Some(token.clone());
                self.tell(Event::DeviceToken(token));
            }
        }
        if !hello.may("operator.read") && !hello.may("operator.admin") {
            socket.close().await;
            return Ok(Err(Trouble::NoRights));
        }
        Ok(Ok((socket, hello)))
    }

    /// Waits; calls hear that there is no connection. Ends early when asked to connect.
    async fn idle(&mut self, long: Option<Duration>) -> Result<(), Dropped> {
        let until = async {
            match long {
                Some(long) => sleep(long).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => return Ok(()),
                command = self.commands.recv() => {
                    if self.refuse(command.ok_or(Dropped)?) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Takes a command without a connection; whether it asks for one.
    fn refuse(&mut self, command: Command) -> bool {
        match command {
            Command::Call(call) => {
                let _ = call.answer.send(Err(CallError::Down));
                false
            }
            Command::Reconnect(token) => {
                if let Some(token) = token {
                    self.target.token = Some(token);
                    self.target.device_token = None;
                }
                true
            }
        }
    }

    fn stands(&mut self, link: Link) {
        self.link.send_replace(link.clone());
        self.tell(Event::Link(link));
    }

    fn tell(&self, event: Event) -> bool {
        self.counters.told(&self.events, event)
    }

    async fn serve(&mut self, socket: Socket<TcpStream>, hello: Hello) -> Result<Trouble, Dropped> {
        let hello = Arc::new(hello);
        self.counters.connects.fetch_add(1, Ordering::Relaxed);
        self.stands(Link::Up(hello.clone()));
        let now = Instant::now();
        let mut up = Up {
            socket,
            silence: Duration::from_millis(hello.tick_ms * 2 + 1_000),
            hello,
            calls: Calls::default(),
            lists: HashMap::new(),
            lists_due: Some(now),
            heard: now,
            garbled: 0,
            missed: 0,
        };
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                text = up.socket.next() => match text {
                    Ok(text) => self.heard(&mut up, &text),
                    Err(ended) => Err(ended),
                },
                command = self.commands.recv() => match command {
                    Some(Command::Call(call)) => up.call(call).await,
                    Some(again @ Command::Reconnect(_)) => {
                        self.refuse(again);
                        up.socket.close().await;
                        return Ok(Trouble::PolicyChanged);
                    }
                    None => {
                        up.socket.close().await;
                        return Err(Dropped);
                    }
                },
                _ = look.tick() => self.look(&mut up).await,
            };
            if let Err(ended) = step {
                return Ok(after_up(ended));
            }
        }
    }

    /// One text of the gateway.
    fn heard(&self, up: &mut Up, text: &str) -> Result<(), Ended> {
        up.heard = Instant::now();
        match frame::read(text) {
            Ok(Frame::Event { name, payload }) => self.happened(up, &name, &payload),
            Ok(Frame::Response { id, result }) => match up.lists.remove(&id) {
                Some((list, _)) => self.listed(up, list, result),
                None => up.calls.answered(&id, result),
            },
            Ok(Frame::Unknown { .. }) => {
                self.counters.unknown.fetch_add(1, Ordering::Relaxed);
            }
            Err(frame::Garbled) => {
                self.counters.garbled.fetch_add(1, Ordering::Relaxed);
                up.garbled += 1;
                if up.garbled > ATTACH_GARBLED {
                    return Err(Ended::Garbled("too many texts that are no frames".to_owned()));
                }
            }
        }
        Ok(())
    }

    fn happened(&self, up: &mut Up, name: &str, payload: &Value) {
        let Some(mut event) = understand(name, payload) else { return };
        match &mut event {
            Event::Unknown(_) => {
                self.counters.unknown.fetch_add(1, Ordering::Relaxed);
            }
            Event::Asked(approval) if !up.hello.binds_always() => never_always(approval),
            _ => {}
        }
        if !self.tell(event) {
            up.missed += 1;
        }
    }

    /// A list arrived. It is told now, in the order of the wire: a request that came after it must come after it.
    fn listed(&self, up: &mut Up, list: List, result: Result<Value, Refusal>) {
        let answer = match result {
            Ok(answer) => answer,
            // What we may not see is no list; anything else is tried again.
            Err(refusal) => {
                if refusal.missing_scope.is_none() {
                    up.lists_due = Some(Instant::now() + LISTS_AGAIN);
                }
                return;
            }
        };
        let event = match list {
            List::Approvals(kind) => {
                let mut approvals = listed(kind, &answer);
                if !up.hello.binds_always() {
                    approvals.iter_mut().for_each(never_always);
                }
                Event::Approvals { kind, approvals }
            }
            List::Sessions => Event::Sessions(read::list(&answer, "/sessions").filter_map(Session::read).collect()),
            List::Subscribe => return,
        };
        if !self.tell(event) {
            up.missed += 1;
        }
    }

    /// Deadlines: silence, lists that are due or late, events that were missed.
    async fn look(&self, up: &mut Up) -> Result<(), Ended> {
        let now = Instant::now();
        if now.duration_since(up.heard) > up.silence {
            return Err(Ended::Silent);
        }
        up.calls.sweep();
        let late = up.lists.len();
        up.lists.retain(|_, (_, until)| *until > now);
        if up.lists.len() < late {
            up.lists_due = Some(now + LISTS_AGAIN);
        }
        if up.missed > 0 && self.events.capacity() > self.events.max_capacity() / 2 {
            if self.tell(Event::Missed(up.missed)) {
                up.missed = 0;
            }
            up.lists_due = Some(now);
        }
        if up.lists_due.is_some_and(|due| due <= now) {
            up.lists_due = None;
            up.read_lists().await?;
        }
        Ok(())
    }
}

/// A connection that stands.
struct Up {
    socket: Socket<TcpStream>,
    hello: Arc<Hello>,
    calls: Calls,
    lists: HashMap<String, (List, Instant)>,
    lists_due: Option<Instant>,
    heard: Instant,
    silence: Duration,
    garbled: u32,
    missed: u64,
}

impl Up {
    async fn call(&mut self, call: Call) -> Result<(), Ended> {
        let largest = usize::try_from(self.hello.max_payload).unwrap_or(usize::MAX);
        let text = request("", &call.method, &call.params);
        if largest > 0 && text.len() + 64 > largest {
            let _ = call.answer.send(Err(CallError::NotPossible("this is more than the gateway takes".to_owned())));
            return Ok(());
        }
        match self.calls.take(&call.method, call.answer) {
            Some(id) => self.socket.send(request(&id, &call.method, &call.params)).await,
            None => Ok(()),
        }
    }

    async fn read_lists(&mut self) -> Result<(), Ended> {
        let until = Instant::now() + Duration::from_millis(ATTACH_CALL_MS);
        let sees = self.hello.may("operator.approvals") || self.hello.may("operator.admin");
        let mut wanted = vec![
            (List::Subscribe, "sessions.subscribe", json!({})),
            (List::Sessions, "sessions.list", json!({ "limit": SESSIONS })),
        ];
        for kind in [Kind::Plugin, Kind::Exec] {
            let method = if kind == Kind::Exec { "exec.approval.list" } else { "plugin.approval.list" };
            if sees && self.hello.has(method) {
                wanted.insert(0, (List::Approvals(kind), method, json!({})));
            }
        }
        self.lists.clear();
        for (nth, (list, method, params)) in wanted.into_iter().enumerate() {
            let id = format!("clawbutler-list-{nth}");
            self.lists.insert(id.clone(), (list, until));
            self.socket.send(request(&id, method, &params)).await?;
        }
        Ok(())
    }
}

fn request(id: &str, method: &str, params: &Value) -> String {
    json!({ "type": "req", "id": id, "method": method, "params": params }).to_string()
}

/// From the open port to the gateway's hello. Failures name no token.
async fn handshake(target: &Target, instance: &str) -> Result<(Socket<TcpStream>, Hello, Option<Secret>), Trouble> {
    let stream =
        TcpStream::connect(target.address.socket()).await.map_err(|error| Ended::Failed(error.kind().to_string()))?;
    let _ = stream.set_nodelay(true);
    let mut socket = Socket::open(stream, &target.address.to_string()).await?;
    let token = target.device_token.as_ref().or(target.token.as_ref()).filter(|token| !token.is_empty());
    let strange = || Trouble::Ended(Ended::Garbled("no challenge came".to_owned()));
    let challenge = match next(&mut socket).await? {
        Frame::Event { name, payload } if name == "connect.challenge" => payload,
        _ => return Err(strange()),
    };
    let params = connect(target, token, &challenge, instance).ok_or_else(strange)?;
    socket.send(request("clawbutler-connect", "connect", &params)).await?;
    loop {
        match next(&mut socket).await {
            Ok(Frame::Response { id, result }) if id == "clawbutler-connect" => {
                let payload = result.map_err(|refusal| refused(refusal, token))?;
                let unreadable = || Trouble::Ended(Ended::Garbled("its hello cannot be read".to_owned()));
                let (hello, issued) = Hello::read(&payload).ok_or_else(unreadable)?;
                return Ok((socket, hello, issued));
            }
            Ok(_) => {}
            Err(Ended::Closed { code: 1002 | 1008, reason }) => {
                let refusal = Refusal { code: "CLOSED".to_owned(), message: reason, ..Refusal::default() };
                return Err(refused(refusal, token));
            }
            Err(ended) => return Err(after_up(ended)),
        }
    }
}

async fn next(socket: &mut Socket<TcpStream>) -> Result<Frame, Ended> {
    let text = socket.next().await?;
    frame::read(&text).map_err(|frame::Garbled| Ended::Garbled("its first words are no frame".to_owned()))
}

fn refused(mut refusal: Refusal, token: Option<&Secret>) -> Trouble {
    if let Some(token) = token {
        refusal.message = token.cut_from(&refusal.message);
    }
    match (refusal.code.as_str(), refusal.reason.as_str()) {
        ("NOT_PAIRED", _) | (_, "PAIRING_REQUIRED") => Trouble::Pairing { request: refusal.pairing },
        ("UNAVAILABLE", _) => Trouble::Starting,
        _ => Trouble::Refused(refusal),
    }
}

fn after_up(ended: Ended) -> Trouble {
    match ended {
        Ended::Closed { code: 4001, .. } => Trouble::PolicyChanged,
        Ended::Closed { code: 1012, .. } => Trouble::Restarting,
        other => Trouble::Ended(other),
    }
}
