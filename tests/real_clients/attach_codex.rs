//! The daemon of the real Codex over its socket: one client drives a thread, another watches it and answers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop and say where")]

mod kill;
mod live;
mod trust;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, thread};

use clawbutler_attach::codex::{Approval, Asking, Daemon, Decision, Event, Link, Place, Target};
use clawbutler_core::id::IdSource;
use clawbutler_core::timeline::{Outcome, State, What};
use clawbutler_testkit::codex;
use clawbutler_testkit::given;
use clawbutler_testkit::in_shell;
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, tried};
use clawbutler_wire::approvals::ApprovalView;
use clawbutler_wire::attached::{ConnectionView, LinkState};
use clawbutler_wire::command::{AttachHome, DetachHome, Govern, ListConnections};
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_mins(1);
/// How long nothing happens while the app is away.
const AWAY: Duration = Duration::from_secs(3);
/// Where the client's own daemon listens.
const SOCKET: &str = "home/.codex/app-server-control/app-server-control.sock";

#[derive(Default)]
struct Counted(AtomicU64);

impl IdSource for Counted {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

/// A daemon of the real program; it ends with this value.
struct Real(Child);

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Real {
    fn start(client: &Path, folder: &Path) -> Self {
        let socket = folder.join("s");
        let _ = fs::remove_file(&socket);
        let mut command = Command::new(client);
        command.env_clear().env("HOME", folder.join("home")).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("CODEX_HOME", folder.join("home/.codex")).env("MOCK_KEY", "loopback").env("SHELL", "/bin/bash");
        command.args(["app-server", "--listen"]).arg(format!("unix://{}", socket.display()));
        command.current_dir(folder.join("project"));
        Self::spawn(command, folder)
    }

    /// The daemon that the client's windows share, with the home of a machine and at its own socket.
    fn serve(machine: &Machine) -> Self {
        let mut command = Command::new(machine.client());
        command.env_clear().envs(machine.env()).current_dir(machine.project());
        command.args(["app-server", "--listen", "unix://"]);
        let real = Self::spawn(command, &machine.at(""));
        wait_for("the socket", || fs::canonicalize(machine.at(SOCKET)).ok());
        real
    }

    fn spawn(mut command: Command, folder: &Path) -> Self {
        let log = fs::File::create(folder.join("daemon.log")).unwrap();
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }
}

/// A connection and what it tells.
struct Seat {
    daemon: Daemon,
    events: Receiver<Event>,
}

impl Seat {
    async fn open(folder: &Path) -> Self {
        Self::at(folder, "s").await
    }

    async fn at(folder: &Path, socket: &str) -> Self {
        let target = Target { place: Place::Socket(folder.join(socket)), ids: Arc::new(Counted::default()) };
        let (daemon, events) = Daemon::open(target);
        let hello = daemon.up(PATIENCE).await;
        let said = fs::read_to_string(folder.join("daemon.log")).unwrap();
        assert!(hello.is_some_and(|hello| hello.version.is_some()), "{:?}: {said}", daemon.link());
        Self { daemon, events }
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
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{what} did not come; {:?}", self.daemon.link()))
    }

    async fn asked(&mut self) -> Approval {
        self.find("a question", |event| if let Event::Asked(asked) = event { Some(asked.clone()) } else { None }).await
    }

    async fn settled(&mut self, key: &str) {
        self.find("the settlement", |event| {
            matches!(event, Event::Settled { key: one, .. } if one == key).then_some(())
        })
        .await;
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
}

/// A command outside of the sandbox, which Codex asks about.
fn touch(file: &Path) -> String {
    let input = json!({ "cmd": format!("touch {}", in_shell(file)), "sandbox_permissions": "require_escalated",
        "justification": "It has to write there." });
    script(&json!([[{ "tool": "exec_command", "input": input }]]))
}

#[test]
fn a_daemons_questions_are_seen_and_answered() {
    let Some(client) = given("CLAWBUTLER_CODEX_BIN") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir_all(folder.join("home/.codex")).unwrap();
    fs::create_dir_all(folder.join("project")).unwrap();
    fs::write(folder.join("home/.codex/config.toml"), config(start_model())).unwrap();
    let real = Real::start(&client, folder);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut driver = Seat::open(folder).await;
        let mut watcher = Seat::open(folder).await;
        let begun = driver.daemon.begin(&folder.join("project").display().to_string()).await.unwrap();
        assert!(watcher.daemon.loaded().await.unwrap().contains(&begun.id));

        for (decision, outcome) in [(Decision::Decline, Outcome::Refused), (Decision::Accept, Outcome::Ok)] {
            let file = folder.join("home").join(decision.word());
            driver.daemon.say(&begun.id, &touch(&file)).await.unwrap();
            let asked = watcher.asked().await;
            let Asking::Command { command, .. } = &asked.asking else { panic!("{asked:?}") };
            assert!(command.contains("touch") && asked.thread == begun.id, "{asked:?}");
            assert!(!file.exists(), "nothing runs while the question stands");
            assert_eq!(watcher.daemon.answer(&asked, decision).await, Ok(true));
            assert_eq!(watcher.outcome().await, outcome);
            assert_eq!(file.exists(), decision == Decision::Accept);
            driver.settled(&asked.key).await;
            watcher.turn_ends().await;
        }

        // Whoever is first wins; the other one hears that it is over. Who comes later finds what stands.
        let file = folder.join("home/race");
        driver.daemon.say(&begun.id, &touch(&file)).await.unwrap();
        let mine = watcher.asked().await;
        let mut late = Seat::open(folder).await;
        assert_eq!(late.asked().await.key, mine.key, "a question that stands is heard by who connects later");
        let theirs = driver.find("the same question", |event| match event {
            Event::Asked(asked) if asked.key == mine.key => Some(asked.clone()),
            _ => None,
        });
        let theirs = theirs.await;
        assert_eq!(driver.daemon.answer(&theirs, Decision::Decline).await, Ok(true));
        watcher.settled(&mine.key).await;
        late.settled(&mine.key).await;
        assert_eq!(watcher.daemon.answer(&mine, Decision::Accept).await, Ok(false));
        watcher.turn_ends().await;
        assert!(!file.exists());

        let used = |event: &Event| if let Event::Usage { total, .. } = event { Some(*total) } else { None };
        driver.daemon.say(&begun.id, "Just answer.").await.unwrap();
        assert!(watcher.find("tokens", used).await.input > 0);
        let stored = watcher.daemon.threads(10).await.unwrap();
        assert!(stored.iter().any(|thread| thread.id == begun.id), "{stored:?}");

        // The daemon dies and another one comes: the connection is back by itself.
        drop(real);
        watcher.find("the loss", |event| matches!(event, Event::Link(Link::Waiting { .. })).then_some(())).await;
        let _again = Real::start(&client, folder);
        assert!(watcher.daemon.up(PATIENCE).await.is_some());
        assert_eq!(watcher.daemon.counts().garbled, 0);
    });
}

fn connection(machine: &Machine) -> ConnectionView {
    machine.ask(&ListConnections {}).unwrap().items.pop().unwrap()
}

fn stands(machine: &Machine) {
    wait_for("the connection", || (connection(machine).link == LinkState::Up).then_some(()));
}

/// A machine whose home is governed and attached, and its daemon.
fn attached(machine: &Machine) -> Real {
    machine.ask(&Govern { home_id: machine.home_id(), governed: true }).unwrap();
    let attach = AttachHome { home_id: machine.home_id(), url: None, token: None, reach: None };
    assert_eq!(machine.ask(&attach).unwrap().link, LinkState::Absent);
    let real = Real::serve(machine);
    stands(machine);
    let view = connection(machine);
    let said = codex::cli(machine, &["--version"]);
    assert_eq!(view.version.as_deref(), said.split_whitespace().nth(1), "{said}");
    assert_eq!(view.address, Some(machine.at(SOCKET).display().to_string()));
    real
}

fn asked(machine: &Machine, about: &str) -> ApprovalView {
    wait_for(about, || machine.pending().items.into_iter().find(|one| one.headline.contains(about)))
}

/// A folder, and the command outside of the sandbox that removes it.
fn victim(machine: &Machine, name: &str) -> (PathBuf, Value) {
    let path = machine.at("home").join(name);
    fs::create_dir_all(&path).unwrap();
    let command = format!("rm -rf {}", in_shell(&path));
    let input = json!({ "cmd": command, "sandbox_permissions": "require_escalated", "justification": "Tidy." });
    (path, json!([{ "tool": "exec_command", "input": input }]))
}

fn nothing_waits(machine: &Machine) {
    wait_for("the withdrawal", || machine.pending().items.is_empty().then_some(()));
}

fn withdrawn(machine: &Machine) -> Vec<Value> {
    let entries = machine.ledger().into_iter().filter(|entry| entry["kind"] == "approval.withdrawn");
    entries.map(|entry| entry["data"]["cause"].clone()).collect()
}

#[test]
fn a_daemons_questions_enter_the_queue() {
    let Some(mut machine) = codex::machine() else { return };
    let _rows = [
        "attached: deny, allow once, always allow",
        "attached: answered in the client first",
        "attached: the app restarts while a question stands",
        "attached: the client's server restarts",
    ]
    .map(|scenario| tried(CODEX, scenario));
    let real = attached(&machine);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut driver = Seat::at(&machine.at(""), SOCKET).await;
        let begun = driver.daemon.begin(&machine.project().display().to_string()).await.unwrap();

        let ((denied, deny), (allowed, allow)) = (victim(&machine, "denied"), victim(&machine, "allowed"));
        driver.daemon.say(&begun.id, &script(&json!([deny, allow]))).await.unwrap();
        let seen = asked(&machine, "denied");
        assert!(seen.client_waiting && denied.exists() && connection(&machine).waiting == 1);
        machine.decide(&seen, "deny", None).unwrap();
        let seen = asked(&machine, "allowed");
        assert!(denied.exists() && allowed.exists());
        machine.decide(&seen, "allow_once", None).unwrap();
        driver.turn_ends().await;
        assert!(denied.exists() && !allowed.exists());

        // Once was once; always holds here, and the client is told no more than once.
        let (always, call) = victim(&machine, "allowed");
        driver.daemon.say(&begun.id, &script(&json!([call, call]))).await.unwrap();
        machine.decide(&asked(&machine, "allowed"), "allow_always", None).unwrap();
        driver.turn_ends().await;
        assert!(!always.exists() && machine.pending().items.is_empty());
        let grants = machine.ledger().into_iter().filter(|entry| entry["actor"]["kind"] == "grant").count();
        assert_eq!(grants, 1, "the second one was covered");

        // A patch outside of the project and a tool of an MCP server.
        let patch = "*** Begin Patch\n*** Add File: ../home/patched\n+text\n*** End Patch\n";
        let patch = json!([{ "tool": "apply_patch", "input": patch }]);
        let tool = json!([{ "tool": "delete_record", "namespace": "mcp__records", "input": { "name": "seven" } }]);
        driver.daemon.say(&begun.id, &script(&json!([patch, tool]))).await.unwrap();
        let seen = asked(&machine, "patched");
        assert_eq!(seen.tool, "apply_patch");
        machine.decide(&seen, "allow_once", None).unwrap();
        let seen = asked(&machine, "delete_record");
        assert_eq!(seen.tool, "mcp__records__delete_record");
        machine.decide(&seen, "deny", None).unwrap();
        driver.turn_ends().await;
        assert!(machine.at("home/patched").exists());
        assert!(!fs::read_to_string(machine.at("calls.jsonl")).unwrap_or_default().contains("seven"));

        // Whoever is first wins: here the user, in the client's own window.
        let (first, call) = victim(&machine, "first");
        driver.daemon.say(&begun.id, &script(&json!([call]))).await.unwrap();
        asked(&machine, "first");
        let theirs = loop {
            let asked = driver.asked().await;
            if matches!(&asked.asking, Asking::Command { command, .. } if command.contains("first")) {
                break asked;
            }
        };
        assert_eq!(driver.daemon.answer(&theirs, Decision::Decline).await, Ok(true));
        nothing_waits(&machine);
        assert_eq!(withdrawn(&machine), ["answered_in_client"]);
        driver.turn_ends().await;
        assert!(first.exists());

        // The app restarts while a question stands: it is asked about again, and answered.
        let (held, call) = victim(&machine, "held");
        driver.daemon.say(&begun.id, &script(&json!([call]))).await.unwrap();
        asked(&machine, "held");
        machine.quit();
        // While we are away nothing is decided: the question stands in the client's window.
        let decided = driver.find("a decision", |event| match event {
            Event::Settled { .. } => Some(()),
            Event::Steps { steps, .. } => {
                steps.iter().any(|step| matches!(step.what, What::ToolResult { .. })).then_some(())
            }
            _ => None,
        });
        assert!(timeout(AWAY, decided).await.is_err() && held.exists(), "nobody decided it");
        machine.start();
        machine.decide(&asked(&machine, "held"), "deny", None).unwrap();
        driver.turn_ends().await;
        assert!(held.exists());

        // The client's server dies with a question, and another one comes.
        let (lost, call) = victim(&machine, "lost");
        driver.daemon.say(&begun.id, &script(&json!([call]))).await.unwrap();
        asked(&machine, "lost");
        drop(real);
        wait_for("the loss", || (connection(&machine).link != LinkState::Up).then_some(()));
        let _again = Real::serve(&machine);
        stands(&machine);
        nothing_waits(&machine);
        assert!(lost.exists());
    });
    let kinds = machine.kinds();
    let count = |kind: &str| kinds.iter().filter(|one| *one == kind).count();
    assert_eq!((count("approval.decided"), count("decision.late")), (6, 0), "{kinds:?}");
    assert_eq!(count("decision.delivered"), 7, "each decision reached the client, and the grant's: {kinds:?}");
    machine.ask(&DetachHome { home_id: machine.home_id(), anyway: false }).unwrap();
    assert!(machine.ask(&ListConnections {}).unwrap().items.is_empty());
}

#[test]
fn what_the_guard_asked_about_is_not_asked_again_by_the_daemon() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, "attached: with the guard, each call is asked about once");
    machine.install_guard();
    codex::trust(&machine);
    let _real = attached(&machine);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut driver = Seat::at(&machine.at(""), SOCKET).await;
        let begun = driver.daemon.begin(&machine.project().display().to_string()).await.unwrap();
        for (name, verb) in [("allowed", "allow_once"), ("denied", "deny"), ("again", "allow_once")] {
            let (path, call) = victim(&machine, name);
            driver.daemon.say(&begun.id, &script(&json!([call]))).await.unwrap();
            machine.decide(&asked(&machine, name), verb, None).unwrap();
            driver.turn_ends().await;
            assert_eq!(path.exists(), verb == "deny");
            assert!(machine.pending().items.is_empty());
        }
    });
    let asked = machine.kinds().into_iter().filter(|kind| kind == "approval.requested").count();
    assert_eq!(asked, 3);
}

fn config(model: u16) -> String {
    format!(
        r#"model = "gpt-5.5"
model_provider = "loop"
check_for_update_on_startup = false
[model_providers.loop]
name = "Loopback"
base_url = "http://127.0.0.1:{model}/v1"
wire_api = "responses"
env_key = "MOCK_KEY"
request_max_retries = 0
stream_max_retries = 0
supports_websockets = false
[analytics]
enabled = false
[otel]
exporter = "none"
"#
    )
}

/// Starts the model in the words Codex speaks; it ends with the test's process.
fn start_model() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || drop(serve(stream)));
        }
    });
    port
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if !first.contains("/responses") {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    let mut out = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n".to_owned();
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let usage = json!({ "input_tokens": 1_000, "input_tokens_details": { "cached_tokens": 400 },
        "output_tokens": 50, "output_tokens_details": { "reasoning_tokens": 20 }, "total_tokens": 1_050 });
    for data in [
        json!({ "type": "response.created", "response": { "id": "resp" } }),
        json!({ "type": "response.output_item.done", "item": answer(&request) }),
        json!({ "type": "response.completed", "response": { "id": "resp", "usage": usage } }),
    ] {
        out.push_str(&format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default()));
    }
    stream.write_all(out.as_bytes())
}

/// The call of the newest script, and a word once it was made.
fn answer(request: &Value) -> Value {
    let items = request["input"].as_array().cloned().unwrap_or_default();
    let message = json!({ "type": "message", "id": "msg", "role": "assistant",
        "content": [{ "type": "output_text", "text": "SCRIPT-END" }] });
    let newest = items.iter().rposition(|item| item["role"] == "user").unwrap_or(0);
    let text = items.get(newest).map(Value::to_string).unwrap_or_default();
    let made = items.iter().skip(newest).any(|item| item["type"] == "function_call");
    let script = text.split("%%").nth(1).map(|script| script.replace("\\\"", "\""));
    let script: Option<Value> = script.and_then(|script| serde_json::from_str(&script).ok());
    let Some(call) = script.filter(|_| !made).map(|script| script["turns"][0][0].clone()) else { return message };
    let id = format!("call-{}", items.len());
    json!({ "type": "function_call", "id": format!("fc-{id}"), "call_id": id, "name": call["tool"],
        "arguments": call["input"].to_string() })
}
