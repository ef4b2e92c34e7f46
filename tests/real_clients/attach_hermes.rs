//! The server of the real Hermes: one client holds a session, another only sees the list; and the engine shows it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop and say where")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clawbutler_attach::Secret;
use clawbutler_attach::hermes::{Approval, Choice, Event, Link, Serve, Status, Target};
use clawbutler_core::id::IdSource;
use clawbutler_core::timeline::{Outcome, State, What};
use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::http;
use clawbutler_testkit::in_shell;
use clawbutler_testkit::machine::wait_for;
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{HERMES, tried};
use clawbutler_wire::attached::LinkState;
use clawbutler_wire::command::{AttachHome, Govern, ListConnections, ListSessions};
use clawbutler_wire::sessions::{SessionState, StateSource};
use serde_json::json;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_mins(1);
/// No secret: it guards a scratch machine on loopback.
const TOKEN: &str = "loopback-serve-token-0123";

#[derive(Default)]
struct Counted(AtomicU64);

impl IdSource for Counted {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

/// A server of the real program; it ends with this value.
struct Real {
    child: Child,
    port: u16,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Real {
    fn start(hermes: &Hermes, port: Option<u16>) -> Self {
        let free = || TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let port = port.unwrap_or_else(free);
        let log = fs::File::create(hermes.machine.at("serve.log")).unwrap();
        let mut command = hermes.command(&["serve", "--skip-build", "--port", &port.to_string()]);
        command.env("HERMES_DASHBOARD_SESSION_TOKEN", TOKEN).stdout(log.try_clone().unwrap()).stderr(log);
        let mut real = Self { child: command.spawn().unwrap(), port };
        let start = Instant::now();
        while http::send(port, "GET", "/api/status", &[], "").ok().is_none_or(|reply| reply.status != 200) {
            let ended = real.child.try_wait().unwrap();
            let said = || fs::read_to_string(hermes.machine.at("serve.log")).unwrap_or_default();
            assert!(ended.is_none() && start.elapsed() < 2 * PATIENCE, "the server is not ready: {}", said());
            std::thread::sleep(Duration::from_millis(200));
        }
        real
    }
}

/// A connection and what it tells.
struct Seat {
    serve: Serve,
    events: Receiver<Event>,
}

impl Seat {
    fn open(port: u16, token: &str) -> Self {
        let target = Target { port, token: Secret::new(token), ids: Arc::new(Counted::default()) };
        let (serve, events) = Serve::open(target);
        Self { serve, events }
    }

    async fn find<T>(&mut self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the connection lives");
                if let Some(found) = pick(&event) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{what} did not come; {:?}", self.serve.link()))
    }

    async fn asked(&mut self) -> Approval {
        self.find("a question", |event| if let Event::Asked(asked) = event { Some(asked.clone()) } else { None }).await
    }

    /// How the next tool call ends.
    async fn outcome(&mut self) -> Outcome {
        let outcome = |event: &Event| match event {
            Event::Steps { steps, .. } => steps.iter().find_map(|step| match &step.what {
                What::ToolResult { outcome, .. } => Some(*outcome),
                _ => None,
            }),
            _ => None,
        };
        self.find("the end of the call", outcome).await
    }

    async fn turn_ends(&mut self) {
        let idle = |event: &Event| match event {
            Event::Steps { steps, .. } => {
                steps.iter().any(|step| step.what == What::State { state: State::Idle }).then_some(())
            }
            _ => None,
        };
        self.find("the end of the turn", idle).await;
    }

    /// What came meanwhile and was not looked at.
    fn rest(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}

fn remove(victim: &Path) -> String {
    script(&json!([[{ "tool": "terminal", "input": { "command": format!("rm -rf {}", in_shell(victim)) } }]]))
}

#[test]
fn a_session_has_one_listener_and_others_see_the_list_only() {
    let Some(hermes) = Hermes::new("manual") else { return };
    let real = Real::start(&hermes, None);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stranger = Seat::open(real.port, "another-token");
        let refused = |event: &Event| match event {
            Event::Link(Link::Waiting { trouble, .. }) => Some(trouble.to_string()),
            _ => None,
        };
        assert_eq!(stranger.find("the refusal", refused).await, "the server does not take this token");
        drop(stranger);

        let mut owner = Seat::open(real.port, TOKEN);
        let mut watcher = Seat::open(real.port, TOKEN);
        assert!(owner.serve.up(PATIENCE).await && watcher.serve.up(PATIENCE).await);
        let begun = owner.serve.begin(&hermes.machine.project().display().to_string()).await.unwrap();
        for (choice, outcome) in [(Choice::Deny, Outcome::Refused), (Choice::Once, Outcome::Ok)] {
            let victim = hermes.machine.project().join(choice.word());
            fs::create_dir_all(&victim).unwrap();
            owner.serve.say(&begun, &remove(&victim)).await.unwrap();
            let asked = owner.asked().await;
            assert!(asked.command.contains("rm -rf") && asked.session == begun.session, "{asked:?}");
            // What the release lacks: nobody else can see that a question stands.
            let seen = watcher.serve.sessions().await.unwrap();
            let seen = seen.iter().find(|one| one.session == begun.session).unwrap();
            assert_eq!(seen.status, Status::Working, "a turn that waits for an approval looks like one that runs");
            assert!(victim.exists(), "nothing runs while the question stands");
            assert_eq!(owner.serve.answer(&asked, choice).await, Ok(true));
            assert_eq!(owner.outcome().await, outcome);
            assert_eq!(victim.exists(), choice == Choice::Deny);
            owner.turn_ends().await;
        }
        assert!(owner.serve.usage(&begun.live).await.unwrap().prompt > 0);
        let idle = |event: &Event| match event {
            Event::Sessions(all) => {
                all.iter().any(|one| one.session == begun.session && one.status == Status::Idle).then_some(())
            }
            _ => None,
        };
        tokio::time::sleep(Duration::from_secs(5)).await;
        let heard = watcher.rest();
        assert!(heard.iter().any(|event| idle(event).is_some()), "{heard:?}");
        let strange = |event: &&Event| !matches!(event, Event::Link(_) | Event::Sessions(_));
        assert_eq!(heard.iter().find(strange), None, "the stream of a session comes to one connection only");
        let stored = hermes.rows(&format!("SELECT id FROM sessions WHERE id = '{}'", begun.session));
        assert_eq!(stored.len(), 1, "the id is that of the records");
        assert_eq!((owner.serve.counts().garbled, owner.serve.counts().unknown), (0, 0), "{:?}", owner.rest());

        // The server dies and another one comes: the connection is back by itself.
        let port = real.port;
        drop(real);
        watcher.find("the loss", |event| matches!(event, Event::Link(Link::Waiting { .. })).then_some(())).await;
        let _again = Real::start(&hermes, Some(port));
        assert!(watcher.serve.up(PATIENCE).await);
    });
}

#[test]
fn the_engine_shows_what_a_servers_sessions_do() {
    let Some(hermes) = Hermes::new("manual") else { return };
    let _row0 = tried(HERMES, "attached: what a server's sessions do is shown");
    let _row1 = tried(HERMES, "attached: the client's server restarts");
    let real = Real::start(&hermes, None);
    let machine = &hermes.machine;
    let home_id = machine.home_id();
    machine.ask(&Govern { home_id: home_id.clone(), governed: true }).unwrap();
    let url = Some(format!("127.0.0.1:{}", real.port));
    machine.ask(&AttachHome { home_id, url, token: Some(TOKEN.to_owned()), reach: None }).unwrap();
    let up = || machine.ask(&ListConnections {}).unwrap().items.pop().filter(|one| one.link == LinkState::Up);
    assert_eq!(wait_for("the connection", up).floor, None, "there is no policy to be raised");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let victim = machine.project().join("victim");
    fs::create_dir_all(&victim).unwrap();
    let state = |session: &str, wanted: SessionState| {
        wait_for("the state", || {
            let page = machine.ask(&ListSessions::default()).unwrap();
            let row = page.items.into_iter().find(|row| row.session == session)?;
            (row.state == wanted && row.state_source == StateSource::Runtime).then_some(())
        });
    };
    let (owner, begun) = runtime.block_on(async {
        let mut owner = Seat::open(real.port, TOKEN);
        assert!(owner.serve.up(PATIENCE).await);
        let begun = owner.serve.begin(&machine.project().display().to_string()).await.unwrap();
        owner.serve.say(&begun, &remove(&victim)).await.unwrap();
        owner.asked().await;
        (owner, begun)
    });
    state(&begun.session, SessionState::Running);
    // Nobody answers: Hermes denies it after its own time, and the turn ends.
    state(&begun.session, SessionState::Idle);
    assert!(victim.exists());
    assert!(machine.ledger().iter().any(|entry| entry["kind"] == "gateway.up"));
    drop(owner);

    // The server ends and comes back at its port: the list is followed again, without anybody's doing.
    let port = real.port;
    drop(real);
    let down = || machine.ask(&ListConnections {}).unwrap().items.pop().filter(|one| one.link != LinkState::Up);
    wait_for("the loss", down);
    let _real = Real::start(&hermes, Some(port));
    wait_for("the connection again", up);
    let (_owner, begun) = runtime.block_on(async {
        let mut owner = Seat::open(port, TOKEN);
        assert!(owner.serve.up(PATIENCE).await);
        let begun = owner.serve.begin(&machine.project().display().to_string()).await.unwrap();
        owner.serve.say(&begun, &remove(&victim)).await.unwrap();
        owner.asked().await;
        (owner, begun)
    });
    state(&begun.session, SessionState::Running);
}
