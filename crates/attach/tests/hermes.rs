//! The client of Hermes' server: frames of the real one, and a made-up one that does what a test says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::sync::Arc;
use std::time::Duration;

use clawbutler_attach::hermes::{
    Approval, Choice, Event, Frame, Link, Serve, Session, Status, Target, Trouble, Usage, read, understand,
};
use clawbutler_attach::{CallError, Secret};
use clawbutler_core::id::IdSource;
use clawbutler_core::timeline::{Outcome, State, Step, What};
use futures_util::{SinkExt as _, StreamExt as _};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

const CAPTURE: &str = include_str!("fixtures/hermes/frames-0.19.0.jsonl");
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything the real server told of one session, by its short id.
fn told(of: &str) -> Vec<Event> {
    let frames = CAPTURE.lines().map(|line| read(line).expect("a frame"));
    let events = frames.filter_map(|frame| match frame {
        Frame::Event { name, live, payload } if live == of || live.is_empty() => Some(understand(&name, "s", &payload)),
        _ => None,
    });
    events.flatten().collect()
}

fn steps(events: Vec<Event>) -> Vec<What> {
    let steps = events.into_iter().filter_map(|event| match event {
        Event::Steps { steps, .. } => Some(steps),
        _ => None,
    });
    steps.flatten().map(|step: Step| step.what).collect()
}

#[test]
fn captured_frames_give_the_turn_as_it_was() {
    for line in CAPTURE.lines() {
        match read(line).expect("a frame") {
            Frame::Event { name, live, payload } => {
                let unknown = |event: &Event| matches!(event, Event::Unknown(_));
                assert!(!understand(&name, &live, &payload).iter().any(unknown), "{name} is not known");
            }
            Frame::Response { result, .. } => assert!(result.is_ok()),
            Frame::Other(method) => panic!("{method}"),
        }
    }
    for (live, outcome) in [("21bcf1a5", Outcome::Ok), ("aa3a0a72", Outcome::Refused)] {
        let events = told(live);
        let total = events.iter().rev().find_map(|event| match event {
            Event::Usage { total, .. } => Some(total.clone()),
            _ => None,
        });
        let model = Some("mock-model".to_owned());
        assert_eq!(total, Some(Usage { model, prompt: 2_400, input: 400, output: 68, reasoning: 8, calls: 2 }));
        let asking = Event::Asking { session: "s".to_owned(), mode: "manual".to_owned(), yolo: false };
        assert!(events.contains(&asking));
        let all = steps(events);
        let states: Vec<State> =
            all.iter().filter_map(|what| if let What::State { state } = what { Some(*state) } else { None }).collect();
        assert_eq!(states, [State::Running, State::WaitingApproval, State::Idle], "{live}");
        let ends = all.iter().find_map(|what| match what {
            What::ToolResult { call, outcome, .. } => Some((call.clone(), *outcome)),
            _ => None,
        });
        let began = all.iter().find_map(|what| match what {
            What::ToolCall { call, tool, .. } if tool == "terminal" => Some(call.clone()),
            _ => None,
        });
        assert_eq!(ends, Some((began.expect("a call"), outcome)), "{live}");
        assert!(all.contains(&What::Answer { text: "All done. (mock final answer)".to_owned() }));
    }
}

proptest! {
    /// Cut anywhere, or with any member gone, a frame is no frame or is understood; it never breaks anything.
    #[test]
    fn cut_and_torn_frames_break_nothing(line in 0..32usize, cut in 0..4_000usize) {
        let line = CAPTURE.lines().nth(line % CAPTURE.lines().count()).unwrap();
        let cut = line.chars().take(cut).collect::<String>();
        if let Ok(Frame::Event { name, live, payload }) = read(&cut) {
            let _ = understand(&name, &live, &payload);
        }
        let value: Value = serde_json::from_str(line).unwrap();
        for known in ["tool.complete", "message.complete", "session.info", "subagent.complete", "approval.request"] {
            let _ = understand(known, "s", &value);
        }
    }
}

struct Zero;

impl IdSource for Zero {
    fn bytes(&self) -> [u8; 16] {
        [0; 16]
    }
}

/// A made-up server and a client of it.
struct Desk {
    listener: TcpListener,
    serve: Serve,
    events: Receiver<Event>,
}

/// One connection, seen from the server.
struct Peer(WebSocketStream<TcpStream>);

impl Desk {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Target { port, token: Secret::new("t&k"), ids: Arc::new(Zero) };
        assert!(!format!("{target:?}").contains("t&k"));
        let (serve, events) = Serve::open(target);
        Self { listener, serve, events }
    }

    async fn accept(&self) -> Peer {
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await.expect("a connection").unwrap();
        let mut peer = Peer(accept_async(stream).await.unwrap());
        peer.event("gateway.ready", "", &json!({ "skin": {} })).await;
        peer
    }

    async fn find<T>(&mut self, pick: impl Fn(Event) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = pick(self.events.recv().await.expect("it lives")) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.expect("it comes")
    }

    async fn asked(&mut self) -> Approval {
        self.find(|event| if let Event::Asked(asked) = event { Some(asked) } else { None }).await
    }
}

impl Peer {
    async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn event(&mut self, name: &str, live: &str, payload: &Value) {
        let params = json!({ "type": name, "session_id": live, "payload": payload });
        self.say(&json!({ "jsonrpc": "2.0", "method": "event", "params": params })).await;
    }

    /// The next call of this method; lists asked for meanwhile are answered with one session.
    async fn called(&mut self, method: &str) -> Value {
        loop {
            let text = timeout(PATIENCE, self.0.next()).await.expect("a call").unwrap().unwrap();
            let Ok(call) = serde_json::from_str::<Value>(text.to_text().unwrap()) else { continue };
            if call["method"] == "session.active_list" {
                let row = json!({ "id": "ab", "session_key": "20261125_1", "status": "working", "model": "m" });
                self.answer(&call, &json!({ "sessions": [row] })).await;
            }
            if call["method"] == method {
                return call;
            }
        }
    }

    async fn answer(&mut self, call: &Value, result: &Value) {
        self.say(&json!({ "jsonrpc": "2.0", "id": call["id"], "result": result })).await;
    }
}

fn question(command: &str) -> Value {
    json!({ "command": command, "description": "delete", "choices": ["once", "session", "always", "deny"] })
}

#[tokio::test]
async fn sessions_are_listed_and_questions_answered_one_at_a_time() {
    let mut desk = Desk::open().await;
    let mut peer = desk.accept().await;
    peer.called("session.active_list").await;
    let sessions = desk.find(|event| if let Event::Sessions(all) = event { Some(all) } else { None }).await;
    let one = Session {
        live: "ab".to_owned(),
        session: "20261125_1".to_owned(),
        status: Status::Working,
        model: Some("m".to_owned()),
        title: None,
    };
    assert_eq!(sessions, [one]);

    peer.event("approval.request", "ab", &question("rm -rf a")).await;
    let first = desk.asked().await;
    assert_eq!((first.session.as_str(), first.command.as_str()), ("20261125_1", "rm -rf a"));
    let serve = desk.serve.clone();
    let asked = first.clone();
    let answering = tokio::spawn(async move { serve.answer(&asked, Choice::Once).await });
    let call = peer.called("approval.respond").await;
    assert_eq!(call["params"], json!({ "session_id": "ab", "choice": "once" }));
    peer.answer(&call, &json!({ "resolved": 1 })).await;
    assert_eq!(answering.await.unwrap(), Ok(true));
    peer.event("tool.complete", "ab", &json!({ "tool_id": "c", "name": "terminal", "result": {} })).await;
    let settled = |event| if let Event::Settled { number, .. } = event { Some(number) } else { None };
    assert_eq!(desk.find(settled).await, first.number);
    assert_eq!(desk.serve.answer(&first, Choice::Deny).await, Ok(false), "it does not stand any more");

    // Two at once cannot be told apart by the server: none is answered. With the turn both are over.
    peer.event("approval.request", "ab", &question("rm -rf b")).await;
    peer.event("approval.request", "ab", &question("rm -rf c")).await;
    let (b, c) = (desk.asked().await, desk.asked().await);
    assert!(matches!(desk.serve.answer(&c, Choice::Deny).await, Err(CallError::NotPossible(_))));
    peer.event("tool.complete", "ab", &json!({ "tool_id": "d", "name": "terminal", "result": {} })).await;
    peer.event("message.complete", "ab", &json!({ "text": "", "status": "complete" })).await;
    assert_eq!([desk.find(settled).await, desk.find(settled).await], [b.number, c.number]);
    let only_deny = Approval { offered: vec!["deny".to_owned()], ..c };
    assert!(matches!(desk.serve.answer(&only_deny, Choice::Once).await, Err(CallError::NotOffered { .. })));
}

#[tokio::test]
async fn it_comes_back_by_itself_and_says_when_the_token_is_wrong() {
    let mut desk = Desk::open().await;
    let (mut stream, _) = timeout(PATIENCE, desk.listener.accept()).await.unwrap().unwrap();
    let mut head = vec![0; 4_096];
    let length = stream.read(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    assert!(head.starts_with("GET /api/ws?token=t%26k HTTP/1.1"), "{head}");
    stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
    drop(stream);
    let waiting = |event| if let Event::Link(Link::Waiting { trouble, .. }) = event { Some(trouble) } else { None };
    assert_eq!(desk.find(waiting).await, Trouble::NotLetIn);
    assert_eq!(desk.serve.sessions().await, Err(CallError::Down));
    let peer = desk.accept().await;
    assert!(desk.serve.up(PATIENCE).await);
    drop(peer);
    assert!(matches!(desk.find(waiting).await, Trouble::Ended(_)));
    let _again = desk.accept().await;
    assert!(desk.serve.up(PATIENCE).await);
    assert_eq!(desk.serve.counts().connects, 2);
}

#[tokio::test]
async fn garbage_ends_the_connection_and_unknown_events_do_not() {
    let mut desk = Desk::open().await;
    let mut peer = desk.accept().await;
    assert!(desk.serve.up(PATIENCE).await);
    peer.event("weather.report", "ab", &json!({})).await;
    let unknown = desk.find(|event| if let Event::Unknown(name) = event { Some(name) } else { None }).await;
    assert_eq!(unknown, "weather.report");
    for _ in 0..80 {
        let _ = peer.0.send(Message::text("<html>")).await;
    }
    desk.find(|event| matches!(event, Event::Link(Link::Waiting { .. })).then_some(())).await;
    assert!(desk.serve.counts().garbled > 60);
}
