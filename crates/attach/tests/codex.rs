//! The client of Codex's daemon: frames of the real one, and a made-up one that does what a test says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clawbutler_attach::CallError;
use clawbutler_attach::codex::{
    Approval, Asking, Daemon, Decision, Event, Frame, Link, Place, Target, read, understand,
};
use clawbutler_core::id::IdSource;
use clawbutler_core::timeline::{Outcome, What};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

const CAPTURE: &str = include_str!("fixtures/codex/frames-0.169.0.jsonl");
const PATIENCE: Duration = Duration::from_secs(20);

fn frames() -> impl Iterator<Item = (String, Frame)> {
    CAPTURE.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        (line["of"].as_str().unwrap().to_owned(), read(&line["frame"].to_string()).expect("a frame"))
    })
}

fn steps() -> Vec<What> {
    let told = frames().filter_map(|(_, frame)| match frame {
        Frame::Told { method, params } => understand(&method, &params),
        Frame::Response { .. } | Frame::Request { .. } => None,
    });
    told.flat_map(|event| if let Event::Steps { steps, .. } = event { steps } else { Vec::new() })
        .map(|step| step.what)
        .collect()
}

#[test]
fn every_captured_frame_is_understood() {
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    for (of, frame) in frames() {
        let word = match frame {
            Frame::Response { id, result } => {
                assert!(!id.is_empty());
                if result.is_ok() { "answer" } else { "refusal" }
            }
            Frame::Request { method, params, .. } => {
                let asked = Approval::read(&method, &params, &[]);
                let asked = asked.unwrap_or_else(|| panic!("{of}: {method} is not understood"));
                assert!(asked.offered.contains(&Decision::Decline), "{asked:?}");
                "asked"
            }
            Frame::Told { method, params } => match understand(&method, &params) {
                Some(Event::Unknown(name)) => panic!("{of}: {name} is not known"),
                Some(Event::Thread(_)) => "thread",
                Some(Event::Status { .. }) => "status",
                Some(Event::Steps { steps, .. }) => {
                    let unknown = steps.iter().find(|step| matches!(step.what, What::Unknown { .. }));
                    assert_eq!(unknown, None, "{of}");
                    "steps"
                }
                Some(Event::Usage { last, total, .. }) => {
                    assert!(total.input >= last.input && last.input >= last.cached, "{of}");
                    "usage"
                }
                Some(Event::Limits(limits)) => {
                    assert_eq!(limits.len(), 2, "{of}");
                    "limits"
                }
                Some(Event::Warning(words)) => {
                    assert!(!words.is_empty());
                    "warning"
                }
                Some(other) => panic!("{of}: {other:?} is never sent by a daemon"),
                None => "quiet",
            },
        };
        *said.entry(word).or_default() += 1;
    }
    let said: Vec<String> = said.into_iter().map(|(word, times)| format!("{word} {times}")).collect();
    let expected =
        "answer 36, asked 10, limits 23, quiet 59, refusal 3, status 49, steps 62, thread 9, usage 23, warning 3";
    assert_eq!(said.join(", "), expected);
}

#[test]
fn what_was_declined_and_what_ran_differ() {
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for what in steps() {
        if let What::ToolResult { outcome, call, .. } = what {
            assert!(call.is_some());
            *outcomes.entry(format!("{outcome:?}")).or_default() += 1;
        }
    }
    assert!(outcomes[&format!("{:?}", Outcome::Refused)] >= 2, "{outcomes:?}");
    assert!(outcomes[&format!("{:?}", Outcome::Ok)] >= 2, "{outcomes:?}");
}

struct Zero;

impl IdSource for Zero {
    fn bytes(&self) -> [u8; 16] {
        [0; 16]
    }
}

/// A daemon that does what a test says.
struct Fake(TcpListener);

struct Peer(WebSocketStream<TcpStream>);

impl Fake {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn open(&self) -> (Daemon, Happened) {
        let place = Place::Port(self.0.local_addr().unwrap().port());
        let (daemon, events) = Daemon::open(Target { place, ids: Arc::new(Zero) });
        (daemon, Happened(events))
    }

    async fn accept(&self) -> Peer {
        let (stream, _) = timeout(PATIENCE, self.0.accept()).await.expect("a connection").unwrap();
        Peer(accept_async(stream).await.unwrap())
    }

    /// The next connection, introduced, with these threads loaded.
    async fn up(&self, threads: &[&str]) -> Peer {
        let mut peer = self.accept().await;
        let (id, params) = peer.expect("initialize").await;
        assert_eq!(params["clientInfo"]["name"], "clawbutler");
        peer.answer(&id, json!({ "userAgent": "codex-tui/0.169.0 (test)", "codexHome": "/h" })).await;
        assert_eq!(peer.heard().await["method"], "initialized");
        let (id, _) = peer.expect("thread/loaded/list").await;
        peer.answer(&id, json!({ "data": threads })).await;
        peer
    }
}

impl Peer {
    async fn say(&mut self, frame: Value) {
        let _ = self.0.send(Message::text(frame.to_string())).await;
    }

    async fn answer(&mut self, id: &Value, result: Value) {
        self.say(json!({ "id": id, "result": result })).await;
    }

    async fn heard(&mut self) -> Value {
        let text = timeout(PATIENCE, self.0.next()).await.expect("a frame").expect("a message").unwrap();
        serde_json::from_str(text.to_text().unwrap()).unwrap()
    }

    async fn expect(&mut self, method: &str) -> (Value, Value) {
        let frame = self.heard().await;
        assert_eq!(frame["method"], method, "{frame}");
        (frame["id"].clone(), frame["params"].clone())
    }

    /// Takes a subscription.
    async fn watched(&mut self, thread: &str) {
        let (id, params) = self.expect("thread/resume").await;
        assert_eq!(params, json!({ "threadId": thread, "excludeTurns": true }));
        let row = json!({ "id": thread, "status": { "type": "active", "activeFlags": ["waitingOnApproval"] } });
        self.answer(&id, json!({ "thread": row })).await;
    }

    async fn asks(&mut self, id: u64, thread: &str, item: &str) {
        self.say(json!({ "id": id, "method": "item/commandExecution/requestApproval", "params": {
            "kind": "command", "threadId": thread, "turnId": "u", "itemId": item, "command": "rm -rf x", "cwd": "/p",
            "startedAtMs": 5, "availableDecisions": ["accept", "cancel"] } }))
            .await;
    }

    async fn resolved(&mut self, id: u64, thread: &str) {
        let params = json!({ "threadId": thread, "requestId": id });
        self.say(json!({ "method": "serverRequest/resolved", "params": params })).await;
    }
}

struct Happened(Receiver<Event>);

impl Happened {
    async fn find<T>(&mut self, what: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let event = timeout(PATIENCE, self.0.recv()).await.expect("an event").expect("a connection");
            if let Some(found) = what(&event) {
                return found;
            }
        }
    }

    async fn asked(&mut self) -> Approval {
        self.find(|event| if let Event::Asked(asked) = event { Some(asked.clone()) } else { None }).await
    }

    async fn settled(&mut self) -> String {
        self.find(|event| if let Event::Settled { key, .. } = event { Some(key.clone()) } else { None }).await
    }
}

#[tokio::test]
async fn a_question_of_before_is_heard_and_answered_once() {
    let fake = Fake::start().await;
    let (daemon, mut happened) = fake.open();
    let mut peer = fake.up(&["t1"]).await;
    peer.watched("t1").await;
    peer.asks(0, "t1", "i1").await;
    let asked = happened.asked().await;
    assert_eq!((asked.key.as_str(), asked.turn.as_deref()), ("t1/i1", Some("u")));
    happened.find(|event| (*event == Event::Caught).then_some(())).await;

    let refused = daemon.answer(&asked, Decision::AcceptForSession).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "acceptForSession was not offered for this request; offered: accept, decline, cancel"
    );
    assert_eq!(daemon.answer(&asked, Decision::Decline).await, Ok(true));
    assert_eq!(peer.heard().await, json!({ "id": 0, "result": { "decision": "decline" } }));
    assert_eq!(daemon.answer(&asked, Decision::Accept).await, Ok(false), "we said no already");
    peer.resolved(0, "t1").await;
    assert_eq!(happened.settled().await, "t1/i1");
}

#[tokio::test]
async fn an_answer_at_codex_itself_takes_the_question_away() {
    let fake = Fake::start().await;
    let (daemon, mut happened) = fake.open();
    let mut peer = fake.up(&["t1"]).await;
    peer.watched("t1").await;
    peer.asks(0, "t1", "i1").await;
    let asked = happened.asked().await;
    peer.resolved(0, "another").await;
    peer.resolved(0, "t1").await;
    assert_eq!(happened.settled().await, "t1/i1");
    assert_eq!(daemon.answer(&asked, Decision::Accept).await, Ok(false));
}

#[tokio::test]
async fn a_thread_without_a_record_is_watched_at_its_next_sign_of_life() {
    let fake = Fake::start().await;
    let (_daemon, mut happened) = fake.open();
    let mut peer = fake.up(&["young"]).await;
    let (id, _) = peer.expect("thread/resume").await;
    peer.say(json!({ "id": id, "error": { "code": -32600, "message": "no rollout found" } })).await;
    let status = json!({ "threadId": "young", "status": { "type": "active", "activeFlags": [] } });
    peer.say(json!({ "method": "thread/status/changed", "params": status })).await;
    peer.watched("young").await;
    let thread = happened.find(|event| if let Event::Thread(thread) = event { Some(thread.clone()) } else { None });
    assert!(thread.await.status.waits_for_approval);
}

#[tokio::test]
async fn after_a_restart_what_still_stands_comes_again() {
    let fake = Fake::start().await;
    let (daemon, mut happened) = fake.open();
    let mut peer = fake.up(&["t1"]).await;
    peer.watched("t1").await;
    peer.asks(7, "t1", "i1").await;
    let before = happened.asked().await;
    drop(peer);
    let down = |event: &Event| matches!(event, Event::Link(Link::Waiting { .. })).then_some(());
    happened.find(down).await;
    assert_eq!(daemon.answer(&before, Decision::Accept).await, Err(CallError::Down));
    let mut peer = fake.up(&["t1"]).await;
    peer.watched("t1").await;
    peer.asks(0, "t1", "i1").await;
    assert_eq!(happened.asked().await, before, "the same question under another id");
    assert_eq!(daemon.answer(&before, Decision::Accept).await, Ok(true));
    assert_eq!(peer.heard().await["id"], 0);
    assert_eq!(daemon.counts().connects, 2);
}

#[tokio::test]
async fn files_are_asked_about_with_what_was_told_before() {
    let fake = Fake::start().await;
    let (_daemon, mut happened) = fake.open();
    let mut peer = fake.up(&["t1"]).await;
    peer.watched("t1").await;
    let item = json!({ "type": "fileChange", "id": "i1",
        "changes": [{ "path": "/p/a", "kind": { "type": "add" }, "diff": "hello\n" }] });
    peer.say(json!({ "method": "item/started", "params": { "threadId": "t1", "item": item } })).await;
    let params = json!({ "threadId": "t1", "turnId": "u", "itemId": "i1", "startedAtMs": 5, "grantRoot": null });
    peer.say(json!({ "id": 0, "method": "item/fileChange/requestApproval", "params": params })).await;
    let Asking::Files { changes, root } = happened.asked().await.asking else { panic!("files are asked about") };
    assert_eq!((changes[0].path.as_str(), changes[0].diff.as_str(), root), ("/p/a", "hello\n", None));
}

#[tokio::test]
async fn what_is_new_is_named_and_left_to_others_and_garbage_is_counted() {
    let fake = Fake::start().await;
    let (daemon, mut happened) = fake.open();
    let mut peer = fake.up(&[]).await;
    peer.say(json!({ "id": 3, "method": "item/tool/requestUserInput", "params": { "threadId": "t" } })).await;
    happened.find(|event| (*event == Event::Unknown("item/tool/requestUserInput".to_owned())).then_some(())).await;
    let asking = tokio::spawn({
        let daemon = daemon.clone();
        async move { daemon.threads(5).await }
    });
    let (id, params) = peer.expect("thread/list").await;
    assert_eq!(params["sourceKinds"], json!(["cli", "vscode", "exec", "appServer", "subAgent"]));
    peer.answer(&id, json!({ "data": [{ "id": "t", "createdAt": 5 }] })).await;
    assert_eq!(asking.await.unwrap().unwrap()[0].id, "t");
    for _ in 0..65 {
        let _ = peer.0.send(Message::text("nonsense")).await;
    }
    happened.find(|event| matches!(event, Event::Link(Link::Waiting { .. })).then_some(())).await;
    let counts = daemon.counts();
    assert_eq!((counts.unknown, counts.garbled), (1, 65));
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_in_the_file_system_is_spoken_also_by_a_long_name() {
    let folder = std::env::temp_dir().join(format!("clawbutler-attach-{}", std::process::id()));
    let long = folder.join("x".repeat(120));
    std::fs::create_dir_all(&long).unwrap();
    let listener = tokio::net::UnixListener::bind(folder.join("s")).unwrap();
    std::os::unix::fs::symlink(folder.join("s"), long.join("link")).unwrap();
    let (daemon, _events) = Daemon::open(Target { place: Place::Socket(long.join("link")), ids: Arc::new(Zero) });
    let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    let mut socket = accept_async(stream).await.unwrap();
    let text = socket.next().await.unwrap().unwrap();
    let hello: Value = serde_json::from_str(text.to_text().unwrap()).unwrap();
    let answer = json!({ "id": hello["id"], "result": { "userAgent": "codex/0.169.0" } });
    socket.send(Message::text(answer.to_string())).await.unwrap();
    assert_eq!(daemon.up(PATIENCE).await.unwrap().version.as_deref(), Some("0.169.0"));
    std::fs::remove_dir_all(folder).unwrap();
}
