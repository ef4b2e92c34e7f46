//! A gateway that does what a test tells it to, over a real socket of this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clawbutler_attach::openclaw::{Address, Event, Gateway, Link, Reach, Target};
use clawbutler_attach::{Device, Secret};
use clawbutler_core::id::{IdSource, hex};
use ed25519_dalek::{Signature, VerifyingKey};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async};

/// No step of a test takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The shared token of the tests.
pub(crate) const TOKEN: &str = "shared-token-0123456789";

/// Ids that differ and are the same in every run.
#[derive(Default)]
struct Counting(AtomicU8);

impl IdSource for Counting {
    fn bytes(&self) -> [u8; 16] {
        [self.0.fetch_add(1, Ordering::Relaxed); 16]
    }
}

/// Something that listens.
pub(crate) struct Fake {
    listener: TcpListener,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn target(&self, reach: Reach) -> Target {
        Target {
            address: Address::local(self.listener.local_addr().unwrap().port()),
            token: Some(Secret::new(TOKEN)),
            device_token: None,
            device: Device::from_seed(&[7; 32]),
            reach,
            ids: Arc::new(Counting::default()),
        }
    }

    pub(crate) fn open(&self) -> (Gateway, Happened) {
        let (gateway, events) = Gateway::open(self.target(Reach::Govern));
        (gateway, Happened(events))
    }

    /// The next connection, after its WebSocket stands and before anything is said.
    pub(crate) async fn accept(&self) -> Peer {
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await.expect("a connection").unwrap();
        Peer(accept_async(stream).await.unwrap())
    }

    /// The next connection that was made in this time, if one was.
    pub(crate) async fn tried_within(&self, long: Duration) -> bool {
        timeout(long, self.listener.accept()).await.is_ok()
    }

    /// The next connection, let in.
    pub(crate) async fn let_in(&self, hello: &Value) -> Peer {
        let mut peer = self.accept().await;
        let connect = peer.challenge().await;
        peer.answer(&connect, hello).await;
        peer
    }

    /// The next connection, let in and with its lists answered.
    pub(crate) async fn up(&self) -> Peer {
        let mut peer = self.let_in(&hello()).await;
        peer.lists(&json!([])).await;
        peer
    }
}

/// What a gateway of now says.
pub(crate) fn hello() -> Value {
    json!({
        "type": "hello-ok", "protocol": 4, "server": { "version": "2026.9.6", "bootId": "b1" },
        "features": { "methods": ["exec.approval.list", "plugin.approval.list", "approval.resolve"] },
        "auth": { "scopes": ["operator.read", "operator.write", "operator.approvals", "operator.admin"] },
        "policy": { "tickIntervalMs": 30_000, "maxPayload": 26_214_400 },
    })
}

/// A call that came.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// One connection, seen from the gateway.
pub(crate) struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    pub(crate) async fn raw(&mut self, text: &str) {
        let _ = self.0.send(Message::text(text)).await;
    }

    pub(crate) async fn event(&mut self, name: &str, payload: &Value) {
        self.raw(&json!({ "type": "event", "event": name, "payload": payload }).to_string()).await;
    }

    pub(crate) async fn answer(&mut self, call: &Called, payload: &Value) {
        self.raw(&json!({ "type": "res", "id": call.id, "ok": true, "payload": payload }).to_string()).await;
    }

    pub(crate) async fn refuse(&mut self, call: &Called, error: &Value) {
        self.raw(&json!({ "type": "res", "id": call.id, "ok": false, "error": error }).to_string()).await;
    }

    pub(crate) async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) };
        let _ = self.0.close(Some(frame)).await;
    }

    /// The next call, whatever it is.
    pub(crate) async fn called(&mut self) -> Called {
        let text = timeout(PATIENCE, self.0.next()).await.expect("a call").expect("a message").unwrap();
        let frame: Value = serde_json::from_str(text.to_text().unwrap()).unwrap();
        assert_eq!(frame["type"], "req", "{frame}");
        let word = |member: &str| frame[member].as_str().unwrap().to_owned();
        Called { id: word("id"), method: word("method"), params: frame["params"].clone() }
    }

    /// The next call, which must be this one.
    pub(crate) async fn expect(&mut self, method: &str) -> Called {
        let call = self.called().await;
        assert_eq!(call.method, method, "{:?}", call.params);
        call
    }

    /// Waits for the other side to go.
    pub(crate) async fn gone(&mut self) {
        let gone = async { while let Some(Ok(_)) = self.0.next().await {} };
        timeout(PATIENCE, gone).await.expect("the connection to end");
    }

    /// Says the challenge and takes the answer, whose proof must hold.
    pub(crate) async fn challenge(&mut self) -> Called {
        self.event("connect.challenge", &json!({ "nonce": "n-1", "ts": 1_795_348_304_562_u64 })).await;
        let call = self.expect("connect").await;
        prove(&call.params);
        call
    }

    /// Answers the lists that are read after a connect.
    pub(crate) async fn lists(&mut self, exec: &Value) {
        let mut seen = Vec::new();
        for _ in 0..4 {
            let call = self.called().await;
            let payload = match call.method.as_str() {
                "exec.approval.list" => exec.clone(),
                "plugin.approval.list" => json!([]),
                "sessions.list" => json!({ "sessions": [{ "key": "agent:main:main" }] }),
                "sessions.subscribe" => json!({ "subscribed": true }),
                other => panic!("{other} is no list"),
            };
            self.answer(&call, &payload).await;
            seen.push(call.method);
        }
        seen.sort();
        assert_eq!(seen, ["exec.approval.list", "plugin.approval.list", "sessions.list", "sessions.subscribe"]);
    }
}

/// Checks the proof of the device as a gateway does.
fn prove(params: &Value) {
    let word = |path: &str| params.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let scopes: Vec<&str> = params["scopes"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let said = [
        "v3",
        &word("/device/id"),
        &word("/client/id"),
        &word("/client/mode"),
        &word("/role"),
        &scopes.join(","),
        &params["device"]["signedAt"].to_string(),
        &word("/auth/token"),
        &word("/device/nonce"),
        &word("/client/platform"),
        &word("/client/deviceFamily"),
    ]
    .join("|");
    let key: [u8; 32] = URL_SAFE_NO_PAD.decode(word("/device/publicKey")).unwrap().try_into().unwrap();
    let signature: [u8; 64] = URL_SAFE_NO_PAD.decode(word("/device/signature")).unwrap().try_into().unwrap();
    assert_eq!(word("/device/id"), hex(&Sha256::digest(key)));
    assert_eq!(word("/device/nonce"), "n-1");
    let key = VerifyingKey::from_bytes(&key).unwrap();
    key.verify_strict(said.as_bytes(), &Signature::from_bytes(&signature)).expect("the proof holds");
}

/// What the gateway told its holder.
pub(crate) struct Happened(mpsc::Receiver<Event>);

impl Happened {
    pub(crate) async fn next(&mut self) -> Event {
        timeout(PATIENCE, self.0.recv()).await.expect("an event").expect("a connection")
    }

    /// The next event that is one of these; others are passed over.
    pub(crate) async fn find<T>(&mut self, what: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = what(&self.next().await) {
                return found;
            }
        }
    }

    /// How the connection stands next.
    pub(crate) async fn link(&mut self) -> Link {
        self.find(|event| if let Event::Link(link) = event { Some(link.clone()) } else { None }).await
    }

    /// Waits for the connection to stand.
    pub(crate) async fn up(&mut self) {
        self.find(|event| matches!(event, Event::Link(Link::Up(_))).then_some(())).await;
    }
}
