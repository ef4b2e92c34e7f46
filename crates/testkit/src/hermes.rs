//! The real Hermes Agent on a scratch machine, with a model on loopback.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chat::Chat;
use crate::child::Owned;
use crate::machine::{Machine, Running};
use crate::{given, http};

/// The gateway's key: no secret, it guards a scratch machine on loopback.
const KEY: &str = "loopback-gateway-key-0123456789";
/// Longest a gateway may take to be ready.
const READY: Duration = Duration::from_mins(2);

/// A running gateway; it ends with this value.
#[derive(Debug)]
pub struct Gateway {
    child: Owned,
    port: u16,
}

impl Gateway {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Value {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let reply = http::send(self.port, method, path, &headers, body).unwrap();
        assert!(reply.status < 300, "{path}: {} {}", reply.status, reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    /// Starts a run; gives its id.
    pub fn run(&self, prompt: &str) -> String {
        let run = self.call("POST", "/v1/runs", &json!({ "input": prompt }).to_string());
        run["run_id"].as_str().unwrap().to_owned()
    }

    /// What is known of a run.
    pub fn status(&self, run: &str) -> Value {
        self.call("GET", &format!("/v1/runs/{run}"), "")
    }
}

/// A scratch machine with Hermes on it.
#[derive(Debug)]
pub struct Hermes {
    pub machine: Machine,
    pub model: Chat,
    program: PathBuf,
}

impl Hermes {
    /// A machine whose Hermes home has settings written by hand, not guarded yet. `None` when the client is not
    /// given. `approvals` is the mode of its own prompts (`manual`, `smart` or `off`).
    pub fn new(approvals: &str) -> Option<Self> {
        let program = given("CLAWBUTLER_HERMES_BIN")?;
        let mut machine = Machine::new()?;
        machine.governed = "home/.hermes";
        let model = Chat::start();
        // As a package installer does it: a link from a folder of the path into an environment of its own.
        let bin = machine.at("home/.local/bin");
        fs::create_dir_all(&bin).unwrap();
        std::os::unix::fs::symlink(&program, bin.join("hermes")).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        machine.extra.insert("PATH".to_owned(), path);
        let hermes = Self { machine, model, program };
        hermes.settle("home/.hermes", approvals);
        let mut hermes = hermes;
        hermes.machine.stop();
        hermes.machine.start();
        Some(hermes)
    }

    /// The same with our guard in it.
    pub fn guarded(approvals: &str) -> Option<Self> {
        let hermes = Self::new(approvals)?;
        hermes.machine.install_guard();
        Some(hermes)
    }

    /// Writes a home's settings.
    pub fn settle(&self, home: &str, approvals: &str) {
        let text = format!(
            r#"# written by hand
model:
  default: one
  provider: custom
  base_url: "http://127.0.0.1:{}/v1"   # only here
  api_key: sk-loopback
  context_length: 128000

approvals: {{mode: "{approvals}", timeout: 8}}
security:
  tirith_enabled: false
  allow_lazy_installs: false
model_catalog: {{enabled: false}}
memory:
  memory_enabled: false
  user_profile_enabled: false
"#,
            self.model.port
        );
        fs::create_dir_all(self.machine.at(home)).unwrap();
        fs::write(self.machine.at(home).join("config.yaml"), text).unwrap();
    }

    /// A file of the home.
    pub fn home(&self, path: &str) -> PathBuf {
        self.machine.at("home/.hermes").join(path)
    }

    /// The program with an environment of its own, in the project.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).env_clear().envs(self.machine.env()).env("NO_COLOR", "1");
        command.current_dir(self.machine.project());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts the program.
    pub fn start(&self, args: &[&str]) -> Running {
        Running(self.command(args).spawn().unwrap())
    }

    /// Starts one question of a person at a terminal.
    pub fn chat(&self, prompt: &str) -> Running {
        self.start(&["chat", "-q", prompt])
    }

    /// Starts the gateway with its HTTP server and waits until it is ready.
    pub fn gateway(&self) -> Gateway {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let log = fs::File::create(self.machine.at("gateway.log")).unwrap();
        let mut command = self.command(&["gateway", "run"]);
        command.env("API_SERVER_ENABLED", "true").env("API_SERVER_KEY", KEY).env("API_SERVER_HOST", "127.0.0.1");
        command.env("API_SERVER_PORT", port.to_string()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut gateway = Gateway { child: Owned(command.spawn().unwrap()), port };
        let start = Instant::now();
        while http::send(port, "GET", "/health", &[], "").ok().is_none_or(|reply| reply.status != 200) {
            let ended = gateway.child.try_wait().unwrap();
            let said = || fs::read_to_string(self.machine.at("gateway.log")).unwrap_or_default();
            assert!(ended.is_none() && start.elapsed() < READY, "the gateway is not ready: {}", said());
            thread::sleep(Duration::from_millis(200));
        }
        gateway
    }

    /// Runs a subcommand to its end; gives what it said.
    pub fn cli(&self, args: &[&str]) -> String {
        let run = self.start(args).finish();
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&run.stderr));
        said
    }

    /// Rows of the home's own records, as another program reads them.
    pub fn rows(&self, query: &str) -> Vec<Value> {
        rows(&self.home("state.db"), query, &[])
    }

    /// What the model was told of the newest call whose arguments hold this text.
    #[track_caller]
    pub fn told(&self, text: &str) -> String {
        let messages = self.rows("SELECT role, content, tool_call_id, tool_calls FROM messages ORDER BY id DESC");
        let called = messages.iter().find_map(|row| {
            let calls: Vec<Value> = serde_json::from_str(row["tool_calls"].as_str()?).ok()?;
            let call = calls.into_iter().find(|call| call["function"]["arguments"].to_string().contains(text))?;
            Some(call["id"].clone())
        });
        let called = called.unwrap_or_else(|| panic!("no call holds {text:?}: {messages:?}"));
        let told = messages.iter().find(|row| row["role"] == "tool" && row["tool_call_id"] == called);
        told.unwrap_or_else(|| panic!("{text:?} has no result: {messages:?}"))["content"].as_str().unwrap().to_owned()
    }
}

/// Rows of a database, read only by Python's own reader; columns by name.
pub fn rows(database: &Path, query: &str, parameters: &[Value]) -> Vec<Value> {
    const READ: &str = r#"
import json, sqlite3, sys
db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True, timeout=5)
db.row_factory = sqlite3.Row
for row in db.execute(sys.argv[2], json.loads(sys.argv[3])):
    print(json.dumps({key: None if isinstance(row[key], bytes) else row[key] for key in row.keys()}))"#;
    let run = Command::new("python3")
        .args(["-c", READ])
        .arg(database)
        .args([query, &serde_json::to_string(parameters).unwrap()])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8(run.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
