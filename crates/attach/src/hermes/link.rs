//! The connection of one server through its life.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clawbutler_core::limits::{ATTACH_CALL_MS, ATTACH_GARBLED, ATTACH_HANDSHAKE_MS, ATTACH_ROWS};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::approval::{Approval, Choice};
use super::event::{Event, understand};
use super::frame::{self, Frame};
use super::rows::{Begun, Session};
use super::serve::Target;
use crate::calls::{self, Answer, Call, Calls, Dropped};
use crate::counts::Counters;
use crate::pace::Pace;
use crate::socket::{Ended, Socket};
use crate::{CallError, Refusal};

/// How the connection stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// It is being made.
    Connecting,
    /// It stands.
    Up,
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
    /// Not with this token: a server makes a new one at each start where it is not given one.
    #[error("the server does not take this token")]
    NotLetIn,
    /// The connection ended or could not be made.
    #[error(transparent)]
    Ended(#[from] Ended),
}

/// What the holder of the value wants of the task.
#[derive(Debug)]
pub(crate) enum Command {
    Call(Call),
    /// Answer a question, if it is the only one of its session.
    Answer {
        number: u64,
        choice: Choice,
        handed: oneshot::Sender<Answer>,
    },
}

/// The task of one server.
pub(crate) struct Runner {
    pub(crate) target: Target,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) link: watch::Sender<Link>,
    pub(crate) counters: Arc<Counters>,
}

/// How often the live sessions are read.
const LIST: Duration = Duration::from_secs(2);
/// The id of that call.
const LIST_ID: &str = "clawbutler-list";

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
            Ok(socket) => {
                pace.reset();
                Trouble::Ended(self.serve(socket).await?)
            }
            Err(trouble) => trouble,
        };
        let again = pace.next(self.target.ids.bytes()[0]);
        tracing::debug!(port = self.target.port, %trouble, failures = pace.failures(), "not connected");
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

    async fn serve(&mut self, socket: Socket<TcpStream>) -> Result<Ended, Dropped> {
        self.counters.connects.fetch_add(1, Ordering::Relaxed);
        self.stands(Link::Up);
        let mut up = Up::new(socket);
        let mut look = interval(LIST);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                text = up.socket.next() => match text {
                    Ok(text) => self.heard(&mut up, &text),
                    Err(ended) => Err(ended),
                },
                command = self.commands.recv() => match command {
                    Some(command) => up.command(command).await,
                    None => {
                        up.socket.close().await;
                        return Err(Dropped);
                    }
                },
                _ = look.tick() => self.look(&mut up).await,
            };
            if let Err(ended) = step {
                return Ok(ended);
            }
        }
    }

    /// Takes one text of the server.
    fn heard(&self, up: &mut Up, text: &str) -> Result<(), Ended> {
        match frame::read(text) {
            Ok(Frame::Response { id, result }) if id == LIST_ID => self.listed(up, &result),
            Ok(Frame::Response { id, result }) => up.answered(&id, result),
            Ok(Frame::Event { name, live, payload }) => self.happened(up, &name, &live, &payload),
            Ok(Frame::Other(method)) => self.unknown(up, method),
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

    fn unknown(&self, up: &mut Up, name: String) {
        self.counters.unknown.fetch_add(1, Ordering::Relaxed);
        up.note(self.tell(Event::Unknown(name)));
    }

    fn listed(&self, up: &mut Up, result: &Result<Value, Refusal>) {
        up.asked_at = None;
        let Ok(answer) = result else { return };
        let sessions = Session::all(answer);
        up.names.retain(|live, _| sessions.iter().any(|one| one.live == *live));
        for one in &sessions {
            up.name(&one.live, &one.session);
        }
        if up.sessions.as_ref() != Some(&sessions) && self.tell(Event::Sessions(sessions.clone())) {
            up.sessions = Some(sessions);
        }
    }

    fn happened(&self, up: &mut Up, name: &str, live: &str, payload: &Value) {
        let session = up.names.get(live).cloned().unwrap_or_else(|| live.to_owned());
        for event in understand(name, &session, payload) {
            match event {
                Event::Unknown(name) => self.unknown(up, name),
                event => up.note(self.tell(event)),
            }
        }
        match name {
            "approval.request" if up.pending.len() < ATTACH_ROWS => {
                up.next += 1;
                let Some(approval) = Approval::read(up.next, live, &session, payload) else {
                    return self.unknown(up, name.to_owned());
                };
                up.pending.push(approval.clone());
                up.note(self.tell(Event::Asked(approval)));
            }
            // Nothing says which question ended: with the turn all of them did, with a call the only one did.
            "tool.complete" if up.standing(live) > 1 => {}
            "tool.complete" | "message.complete" => {
                for gone in up.pending.extract_if(.., |one| one.live == live).collect::<Vec<_>>() {
                    let Approval { session, number, .. } = gone;
                    up.note(self.tell(Event::Settled { session, number }));
                }
            }
            _ => {}
        }
    }

    /// Reads the live sessions anew; tells of events that were missed.
    async fn look(&self, up: &mut Up) -> Result<(), Ended> {
        up.calls.sweep();
        if up.missed > 0 && self.events.capacity() > self.events.max_capacity() / 2 {
            if self.tell(Event::Missed(up.missed)) {
                up.missed = 0;
            }
            let standing = up.pending.clone();
            for approval in standing {
                up.note(self.tell(Event::Asked(approval)));
            }
        }
        match up.asked_at {
            Some(at) if at.elapsed() > Duration::from_millis(ATTACH_CALL_MS) => Err(Ended::Silent),
            Some(_) => Ok(()),
            None => {
                up.asked_at = Some(Instant::now());
                up.send(LIST_ID, "session.active_list", &json!({})).await
            }
        }
    }
}

/// A connection that stands.
struct Up {
    socket: Socket<TcpStream>,
    calls: Calls,
    /// The ids in the records, by the server's short ids.
    names: HashMap<String, String>,
    /// What was listed last.
    sessions: Option<Vec<Session>>,
    /// Since when the list was asked for.
    asked_at: Option<Instant>,
    /// Questions that stand, in the order they came.
    pending: Vec<Approval>,
    next: u64,
    garbled: u32,
    missed: u64,
}

impl Up {
    fn new(socket: Socket<TcpStream>) -> Self {
        Self {
            socket,
            calls: Calls::default(),
            names: HashMap::new(),
            sessions: None,
            asked_at: None,
            pending: Vec::new(),
            next: 0,
            garbled: 0,
            missed: 0,
        }
    }

    fn note(&mut self, told: bool) {
        self.missed += u64::from(!told);
    }

    fn name(&mut self, live: &str, session: &str) {
        if self.names.len() < ATTACH_ROWS {
            self.names.insert(live.to_owned(), session.to_owned());
        }
    }

    fn standing(&self, live: &str) -> usize {
        self.pending.iter().filter(|one| one.live == live).count()
    }

    fn answered(&mut self, id: &str, result: Result<Value, Refusal>) {
        if let Some(begun) = result.as_ref().ok().and_then(Begun::read) {
            self.name(&begun.live, &begun.session);
        }
        self.calls.answered(id, result);
    }

    async fn send(&mut self, id: &str, method: &str, params: &Value) -> Result<(), Ended> {
        let frame = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.socket.send(frame.to_string()).await
    }

    async fn command(&mut self, command: Command) -> Result<(), Ended> {
        let (method, params, answer) = match command {
            Command::Call(call) => (call.method, call.params, call.answer),
            Command::Answer { number, choice, handed } => {
                let Some(one) = self.pending.iter().find(|one| one.number == number) else {
                    let _ = handed.send(Ok(json!({ "resolved": 0 })));
                    return Ok(());
                };
                if self.standing(&one.live) > 1 {
                    let says = "several questions stand in this session and the server cannot tell them apart";
                    let _ = handed.send(Err(CallError::NotPossible(says.to_owned())));
                    return Ok(());
                }
                let params = json!({ "session_id": one.live, "choice": choice.word() });
                ("approval.respond".to_owned(), params, handed)
            }
        };
        match self.calls.take(&method, answer) {
            Some(id) => self.send(&id, &method, &params).await,
            None => Ok(()),
        }
    }
}

/// From the port to the server's first words.
async fn handshake(target: &Target) -> Result<Socket<TcpStream>, Trouble> {
    let failed = |error: std::io::Error| Ended::Failed(error.kind().to_string());
    let stream = TcpStream::connect(("127.0.0.1", target.port)).await.map_err(failed)?;
    let _ = stream.set_nodelay(true);
    // The server takes its token in the address only. It goes no further than this machine.
    let url = format!("ws://127.0.0.1:{}/api/ws?token={}", target.port, in_address(target.token.expose()));
    let refused = |ended: Ended| match ended {
        Ended::Garbled(words) if words == "HTTP 403" || words == "HTTP 401" => Trouble::NotLetIn,
        Ended::Closed { code: 4401 | 4403, .. } => Trouble::NotLetIn,
        ended => Trouble::Ended(ended),
    };
    let mut socket = Socket::open(stream, &url).await.map_err(refused)?;
    loop {
        let text = socket.next().await.map_err(refused)?;
        match frame::read(&text) {
            Ok(Frame::Event { name, .. }) if name == "gateway.ready" => return Ok(socket),
            Ok(_) => {}
            Err(frame::Garbled) => return Err(Ended::Garbled("its first words are no frame".to_owned()).into()),
        }
    }
}

/// A token as part of an address: every byte that could mean something there is escaped.
fn in_address(token: &str) -> String {
    let escaped = token.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_cannot_leave_its_place_in_the_address() {
        assert_eq!(in_address("aZ9-_.~"), "aZ9-_.~");
        assert_eq!(in_address("a&b=c#d/?% ä"), "a%26b%3Dc%23d%2F%3F%25%20%C3%A4");
    }
}
