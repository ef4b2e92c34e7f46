//! The real OpenClaw gateway over its own protocol: connected to, asked, governed, and its questions in our queue.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop and say where")]

mod first;
mod others;
mod several;
mod watch;
mod window;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clawbutler_attach::openclaw::{
    Address, Approval, ChatState, Decision, Event, Gateway as Live, Kind, Link, Reach, Resolution, Target, with_floor,
};
use clawbutler_attach::{Device, Secret};
use clawbutler_core::id::IdSource;
use clawbutler_core::timeline::What;
use clawbutler_testkit::in_shell;
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway, TOKEN};
use clawbutler_testkit::results::{OPENCLAW, tried};
use clawbutler_wire::attached::{ConnectionView, LinkState};
use clawbutler_wire::command::{AttachHome, DetachHome, Govern, ListConnections, SetFloor};
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

const SESSION: &str = "agent:main:main";
/// A turn of the real agent on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

#[derive(Default)]
struct Counted(AtomicU64);

impl IdSource for Counted {
    fn bytes(&self) -> [u8; 16] {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + u64::from(std::process::id()) * 1_000_000;
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&count.to_be_bytes());
        bytes
    }
}

fn target(port: u16, seed: u8, reach: Reach) -> Target {
    Target {
        address: Address::local(port),
        token: Some(Secret::new(TOKEN)),
        device_token: None,
        device: Device::from_seed(&[seed; 32]),
        reach,
        ids: Arc::new(Counted::default()),
    }
}

fn exec(command: &str) -> String {
    script(&json!([[{ "tool": "exec", "input": { "command": command } }]]))
}

/// A connection and what it tells.
struct Seat {
    live: Live,
    events: Receiver<Event>,
}

impl Seat {
    async fn open(target: Target) -> Self {
        let (live, events) = Live::open(target);
        let seat = Self { live, events };
        let hello = seat.live.up(PATIENCE).await;
        assert!(hello.is_some(), "{:?}", seat.live.link());
        seat
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
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{what} did not come; {:?}", self.live.link()))
    }

    async fn asked(&mut self) -> Approval {
        self.find("a question", |event| if let Event::Asked(asked) = event { Some(asked.clone()) } else { None }).await
    }

    async fn turn_ends(&mut self, run: &str) -> ChatState {
        let last = |event: &Event| match event {
            Event::Chat(part) if part.run.as_deref() == Some(run) && part.is_last() => Some(part.state.clone()),
            _ => None,
        };
        self.find("the end of the turn", last).await
    }
}

/// Sets the recommended floor on what is there, with its drift before and after.
async fn raise(live: &Live) {
    let policy = live.policy().await.unwrap();
    let drift: Vec<String> = live.drift().await.unwrap().into_iter().map(|drift| drift.place).collect();
    assert!(drift.contains(&"policy.defaults.ask".to_owned()), "{drift:?}");
    let floor = with_floor(&policy.file);
    let stale = live.set_policy(&floor, "another-hash").await.unwrap_err();
    assert!(stale.refusal().is_some(), "a stale hash is refused: {stale}");
    let set = live.set_policy(&floor, &policy.hash).await.unwrap();
    assert_eq!((set.ask.as_deref(), set.drift()), (Some("always"), vec![]));
}

async fn reads(live: &Live) {
    let hello = live.hello().unwrap();
    assert!(hello.may("operator.admin") && hello.has("exec.approval.list"), "{hello:?}");
    assert_eq!(live.agents().await.unwrap().default.as_deref(), Some("main"));
    assert!(live.health().await.unwrap().ok);
    assert_eq!(live.status().await.unwrap().version.as_deref(), Some(hello.version.as_str()));
    assert!(live.models().await.unwrap().iter().any(|model| model.id == "one"));
    assert!(live.tools(None).await.unwrap().iter().any(|tool| tool.name == "exec"));
    if hello.has("plugins.list") {
        live.plugins().await.unwrap();
    }
    live.skills(None).await.unwrap();
    live.cron().await.unwrap();
    live.cron_runs(None, 5).await.unwrap();
    live.channels().await.unwrap();
    assert!(!live.presence().await.unwrap().is_empty());
    assert!(!live.logs(None, 20).await.unwrap().lines.is_empty());
    live.cost(1).await.unwrap();
    live.quotas().await.unwrap();
    live.session_costs().await.unwrap();
    let config = live.config().await.unwrap();
    assert_eq!(config.value.pointer("/gateway/mode"), Some(&json!("local")));
    assert!(!config.value.to_string().contains(TOKEN), "secrets stay there");
    let (_, dry) = live.try_patch(&json!({ "tools": { "deny": ["browser"] } })).await.unwrap();
    assert_eq!(dry.changes[0].path, "tools.deny");
}

async fn deny_and_allow(seat: &mut Seat, machine: &Machine) {
    for (nth, decision) in [Decision::Deny, Decision::AllowOnce].into_iter().enumerate() {
        let file = machine.project().join(format!("made-{nth}"));
        let run = seat.live.send(SESSION, &exec(&format!("touch {}", in_shell(&file)))).await.unwrap();
        let asked = seat.asked().await;
        assert_eq!((asked.kind, asked.agent.as_deref()), (Kind::Exec, Some("main")));
        assert!(asked.command.contains("touch") && asked.expires_at.is_some(), "{asked:?}");
        assert!(!file.exists(), "nothing runs while the question stands");
        let standing = seat.live.approvals().await.unwrap();
        assert!(standing.iter().any(|one| one.id == asked.id));
        let always = seat.live.resolve(&asked, Decision::AllowAlways).await.unwrap_err();
        assert!(always.to_string().contains("was not offered"), "{always}");
        assert_eq!(seat.live.resolve(&asked, decision).await.unwrap(), Resolution::Applied);
        assert_eq!(seat.turn_ends(&run).await, ChatState::Final);
        assert_eq!(file.exists(), decision == Decision::AllowOnce);
        let late = seat.live.resolve(&asked, Decision::Deny).await.unwrap();
        assert!(!matches!(late, Resolution::Applied) || decision == Decision::Deny, "{late:?}");
    }
    let history = seat.live.history(SESSION, 50).await.unwrap();
    let ends =
        history.steps.iter().any(|step| matches!(&step.what, What::Answer { text } if text.contains("SCRIPT-END")));
    let calls = history.steps.iter().filter(|step| matches!(&step.what, What::ToolCall { .. })).count();
    assert!(ends && calls == 2, "{:?}", history.steps);
}

/// Two govern at once: the first answer counts, the other one hears it.
async fn race(seat: &mut Seat, port: u16) {
    let mut other = Seat::open(target(port, 2, Reach::Govern)).await;
    let run = seat.live.send(SESSION, &exec("uname -s")).await.unwrap();
    let (mine, theirs) = (seat.asked().await, other.asked().await);
    assert_eq!(mine.id, theirs.id);
    assert_eq!(other.live.resolve(&theirs, Decision::Deny).await.unwrap(), Resolution::Applied);
    let late = seat.live.resolve(&mine, Decision::AllowOnce).await.unwrap();
    assert!(matches!(late, Resolution::Late { .. } | Resolution::Gone), "{late:?}");
    let settled = |event: &Event| match event {
        Event::Settled(settled) if settled.id == mine.id => Some(settled.clone()),
        _ => None,
    };
    assert_eq!(seat.find("the settlement", settled).await.decision, Some(Decision::Deny));
    seat.turn_ends(&run).await;
}

async fn abort(seat: &mut Seat) {
    let run = seat.live.send(SESSION, &exec("uname -r")).await.unwrap();
    let asked = seat.asked().await;
    let stopped = seat.live.kill(SESSION, Some(&run)).await.unwrap();
    assert!(stopped.run.is_some(), "{stopped:?}");
    let late = seat.live.resolve(&asked, Decision::AllowOnce).await.unwrap();
    assert!(!matches!(late, Resolution::Applied), "the question went with the run: {late:?}");
    assert!(seat.live.approvals().await.unwrap().is_empty());
}

/// A device that may only watch sees no question, and one whose token is wrong is not let in.
async fn others(port: u16) {
    let watcher = Seat::open(target(port, 3, Reach::Watch)).await;
    let refused = watcher.live.policy().await.unwrap_err();
    assert_eq!(refused.refusal().and_then(|refusal| refusal.missing_scope.as_deref()), Some("operator.admin"));
    let mut wrong = target(port, 4, Reach::Watch);
    wrong.token = Some(Secret::new("not-the-token-at-all"));
    let (live, mut events) = Live::open(wrong);
    let refused = async {
        loop {
            if let Some(Event::Link(Link::Refused(trouble))) = events.recv().await {
                return trouble.to_string();
            }
        }
    };
    let says = timeout(PATIENCE, refused).await.unwrap();
    assert!(!says.contains("not-the-token"), "{says}");
    assert!(live.hello().is_none());
}

#[test]
fn a_gateway_is_governed_over_its_own_protocol() {
    let Some(machine) = openclaw::machine() else { return };
    let _row =
        tried(OPENCLAW, "attached: gateway, by its own protocol: floor, race, end of a run, restart, device token");
    let gateway = Gateway::start(&machine);
    let port = gateway.port;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut seat = Seat::open(target(port, 1, Reach::Govern)).await;
        let token = |event: &Event| if let Event::DeviceToken(token) = event { Some(token.clone()) } else { None };
        let issued = seat.find("a token for this device", token).await;
        reads(&seat.live).await;
        raise(&seat.live).await;
        deny_and_allow(&mut seat, &machine).await;
        race(&mut seat, port).await;
        abort(&mut seat).await;
        others(port).await;

        // The gateway dies with a question open and comes back: the lists are read again and it is gone.
        seat.live.send(SESSION, &exec("uname -m")).await.unwrap();
        let open = seat.asked().await;
        drop(gateway);
        let _again = Gateway::start(&machine);
        assert!(seat.live.up(PATIENCE).await.is_some());
        let lists = |event: &Event| match event {
            Event::Approvals { kind: Kind::Exec, approvals } => Some(approvals.clone()),
            _ => None,
        };
        let standing = seat.find("the lists", lists).await;
        assert!(standing.iter().all(|one| one.id != open.id), "{standing:?}");
        assert!(seat.live.counts().connects >= 2);
        assert!(seat.live.drift().await.unwrap().is_empty(), "the floor outlives the restart");

        // The token of the device alone opens it too.
        drop(seat);
        let mut alone = target(port, 1, Reach::Govern);
        (alone.token, alone.device_token) = (None, Some(issued));
        let seat = Seat::open(alone).await;
        assert!(seat.live.hello().unwrap().may("operator.admin"));
    });
}

fn connection(machine: &Machine) -> ConnectionView {
    machine.ask(&ListConnections {}).unwrap().items.pop().unwrap()
}

/// Waits for the connection; says how it stands when it does not come.
fn stands(machine: &Machine) {
    let start = Instant::now();
    while connection(machine).link != LinkState::Up {
        assert!(start.elapsed() < PATIENCE, "{:?}", connection(machine));
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn floor(machine: &Machine, raised: bool) -> ConnectionView {
    let seen = wait_for("the policy", || connection(machine).floor);
    machine.ask(&SetFloor { home_id: machine.home_id(), raised, seen_hash: seen.hash }).unwrap()
}

#[test]
fn a_gateways_questions_enter_the_queue() {
    let Some(mut machine) = openclaw::machine() else { return };
    let _rows = ["attached: deny, allow once, always allow", "attached: the app restarts while a question stands"]
        .map(|scenario| tried(OPENCLAW, scenario));
    let gateway = Gateway::start(&machine);
    let home_id = machine.home_id();
    machine.ask(&Govern { home_id: home_id.clone(), governed: true }).unwrap();
    let attach = AttachHome { home_id: home_id.clone(), url: None, token: Some(TOKEN.to_owned()), reach: None };
    machine.ask(&attach).unwrap();
    stands(&machine);
    assert_eq!(connection(&machine).address, Some(format!("ws://127.0.0.1:{}", gateway.port)));
    assert!(floor(&machine, true).floor.unwrap().raised);

    let victim = |name: &str| {
        let path = machine.project().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let risky = |name: &str| json!([{ "tool": "exec", "input": { "command": format!("rm -rf {name}") } }]);
    let (denied, allowed) = (victim("denied"), victim("allowed"));
    let turn = gateway.turn("one", &script(&json!([risky("denied"), risky("allowed")])));
    let seen = machine.wait_pending();
    assert_eq!((seen.headline.as_str(), seen.client_waiting), ("rm -rf denied", true));
    machine.decide(&seen, "deny", Some("not this one")).unwrap();
    let seen =
        wait_for("the second", || machine.pending().items.into_iter().find(|one| one.headline.contains("allowed")));
    machine.decide(&seen, "allow_once", None).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    assert!(denied.exists() && !allowed.exists());

    // Low risk goes on unasked, because only we made the gateway ask.
    let turn = gateway.turn("two", &script(&json!([[{ "tool": "exec", "input": { "command": "ls" } }]])));
    assert_eq!(turn.join().unwrap().status, 200);
    assert!(machine.pending().items.is_empty());

    // Always holds here: the second call is covered.
    let always = victim("always");
    let turn = gateway.turn("always", &script(&json!([risky("always"), risky("always")])));
    machine.decide(&machine.wait_pending(), "allow_always", None).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    assert!(!always.exists() && machine.pending().items.is_empty());
    assert_eq!(machine.ledger().into_iter().filter(|entry| entry["actor"]["kind"] == "grant").count(), 1);

    // The app restarts while a question stands: it is asked about again, and answered.
    let held = victim("held");
    let turn = gateway.turn("three", &script(&json!([risky("held")])));
    machine.wait_pending();
    machine.quit();
    machine.start();
    let seen = machine.wait_pending();
    machine.decide(&seen, "deny", None).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    assert!(held.exists());
    let decided: Vec<Value> =
        machine.ledger().into_iter().filter(|entry| entry["kind"] == "approval.decided").collect();
    assert_eq!(decided.len(), 4);
    let delivered = machine.kinds().into_iter().filter(|kind| kind == "decision.delivered").count();
    assert!(delivered >= 4, "each decision reached the gateway: {:?}", machine.kinds());

    stands(&machine);
    assert!(!floor(&machine, false).floor.unwrap().raised);
    machine.ask(&DetachHome { home_id, anyway: false }).unwrap();
    assert!(machine.ask(&ListConnections {}).unwrap().items.is_empty());
}
