//! The real OpenClaw on a scratch machine: a gateway on loopback and a model in the words it speaks
//! (`/v1/chat/completions`). Scripts are those of [`crate::model`].

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chat::answer;
use crate::child::Owned;
use crate::given;
use crate::http::{self, Reply, read_headers};
use crate::machine::Machine;
use crate::model::{id, plain, refuse};
use crate::results::node;

/// The gateway's token: no secret, it guards a scratch machine on loopback.
pub const TOKEN: &str = "loopback-gateway-token";
/// Longest a gateway may take to be ready, and a turn to end.
const READY: Duration = Duration::from_mins(4);
const TURN: Duration = Duration::from_mins(4);

/// A running gateway; it ends with this value.
#[derive(Debug)]
pub struct Gateway {
    child: Owned,
    pub port: u16,
}

/// Where the package is, and the Node.js that runs it.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let entry = given("CLAWBUTLER_OPENCLAW_BIN")?;
    let node = node(&entry);
    Some((entry, node))
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A machine with an OpenClaw home, not guarded yet. `None` when the package is not given.
///
/// Its configuration is written by hand, as people do: JSON5 with comments, plugins switched off.
pub fn machine() -> Option<Machine> {
    programs()?;
    let mut machine = Machine::new()?;
    machine.governed = "home/.openclaw";
    let path = std::env::join_paths(
        [programs()?.0.ancestors().nth(2).unwrap().join(".bin")]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    machine.extra.insert("PATH".to_owned(), path.unwrap().into_string().unwrap());
    let (port, model) = (free_port(), http::serve(serve));
    fs::create_dir_all(machine.at("home/.openclaw")).unwrap();
    let workspace = machine.project().display().to_string();
    let config = format!(
        r#"// written by hand
{{
  gateway: {{
    mode: "local", port: {port}, bind: "loopback", // only here
    auth: {{ mode: "token", token: '{TOKEN}' }},
    controlUi: {{ enabled: false }},
    http: {{ endpoints: {{ chatCompletions: {{ enabled: true }} }} }},
  }},
  discovery: {{ mdns: {{ mode: "off" }} }},
  update: {{ checkOnStart: false }},
  plugins: {{ enabled: false }},
  models: {{ mode: "replace", providers: {{ loop: {{
    baseUrl: "http://127.0.0.1:{model}/v1", apiKey: "loopback", api: "openai-completions",
    models: [ {{ id: "one", name: "One", reasoning: false, input: ["text"], contextWindow: 128000, maxTokens: 4096,
      cost: {{ input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 }} }} ],
  }} }} }},
  agents: {{ defaults: {{ model: {{ primary: "loop/one" }}, workspace: "{workspace}", skipBootstrap: true }} }},
  tools: {{ exec: {{ host: "gateway", mode: "full" }} }},
}}
"#
    );
    write_private(&machine.at("home/.openclaw/openclaw.json"), &config);
    machine.stop();
    machine.start();
    Some(machine)
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The package's program with an environment of its own.
pub fn command(machine: &Machine) -> Command {
    let (entry, node) = programs().unwrap();
    let mut command = Command::new(&node);
    command.arg(entry).env_clear().envs(machine.env()).current_dir(machine.at("home"));
    for name in [
        "OPENCLAW_DISABLE_BONJOUR", "OPENCLAW_NO_RESPAWN", "OPENCLAW_SKIP_CHANNELS", "OPENCLAW_OFFLINE",
        "OPENCLAW_NO_AUTO_UPDATE", "NO_COLOR",
    ] {
        command.env(name, "1");
    }
    command.env("OPENCLAW_EXEC_SHELL_SNAPSHOT", "0");
    command
}

impl Gateway {
    /// Starts the gateway of the machine's home and waits until it is ready.
    pub fn start(machine: &Machine) -> Self {
        let log = fs::File::create(machine.at("gateway.log")).unwrap();
        let mut command = command(machine);
        command.arg("gateway").stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = Owned(command.spawn().unwrap());
        let config = fs::read_to_string(machine.at(machine.governed).join("openclaw.json")).unwrap().replace('"', "");
        let digits: String = config.split("port: ").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
        let mut gateway = Self { child, port: digits.parse().unwrap() };
        let start = Instant::now();
        while http::send(gateway.port, "GET", "/readyz", &[], "").ok().is_none_or(|reply| reply.status != 200) {
            let ended = gateway.child.try_wait().unwrap();
            let said = || fs::read_to_string(machine.at("gateway.log")).unwrap_or_default();
            assert!(ended.is_none() && start.elapsed() < READY, "the gateway is not ready: {}", said());
            thread::sleep(Duration::from_millis(200));
        }
        gateway
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts a turn of the main agent in a conversation of its own; the reply comes when it ends.
    pub fn turn(&self, conversation: &str, prompt: &str) -> JoinHandle<Reply> {
        let turn = self.turn_that_may_end(conversation, prompt);
        thread::spawn(move || turn.join().unwrap().unwrap())
    }

    /// As [`Self::turn`], of a turn or a gateway that is ended meanwhile.
    pub fn turn_that_may_end(&self, conversation: &str, prompt: &str) -> JoinHandle<std::io::Result<Reply>> {
        let bearer = format!("Bearer {TOKEN}");
        let body = json!({
            "model": "openclaw", "user": conversation, "messages": [{ "role": "user", "content": prompt }],
        });
        let port = self.port;
        thread::spawn(move || {
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            http::send_within(TURN, port, "POST", "/v1/chat/completions", &headers, &body.to_string())
        })
    }
}

/// Runs the client's own command line on the machine's home; gives what it said.
pub fn cli(machine: &Machine, args: &[&str]) -> String {
    let run = command(machine).args(args).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&run.stderr));
    said
}

/// What the agents of the machine recorded, as OpenClaw itself reads it; see [`events_of_sessions`].
pub fn events(machine: &Machine) -> Vec<Value> {
    events_of_sessions(machine).into_iter().map(|(_, event)| event).collect()
}

/// What the main agent recorded, each event with its session, as OpenClaw itself reads its database (or,
/// before 2026.7.2, its files).
pub fn events_of_sessions(machine: &Machine) -> Vec<(String, Value)> {
    let (_, node) = programs().unwrap();
    let agent = machine.at(machine.governed).join("agents/main");
    let text = if agent.join("agent/openclaw-agent.sqlite").is_file() {
        let script = r#"
const { DatabaseSync } = require("node:sqlite"); const { zstdDecompressSync } = require("node:zlib");
const db = new DatabaseSync(process.argv[1], { readOnly: true });
for (const r of db.prepare("select session_id, event_json, event_zstd from transcript_events order by session_id, seq").all())
  console.log(r.session_id + " " + (r.event_json ?? zstdDecompressSync(r.event_zstd).toString("utf8")));"#;
        let run = Command::new(node)
            .args(["--no-warnings", "-e", script])
            .arg(agent.join("agent/openclaw-agent.sqlite"))
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    } else {
        let files = fs::read_dir(agent.join("sessions")).unwrap().flatten().map(|entry| entry.path());
        let mut text = String::new();
        for path in files {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let Some(session) = name.strip_suffix(".jsonl").filter(|_| !name.contains(".trajectory.")) else {
                continue;
            };
            for line in fs::read_to_string(&path).unwrap().lines() {
                text.push_str(&format!("{session} {line}\n"));
            }
        }
        text
    };
    let event = |line: &str| {
        let (session, event) = line.split_once(' ').unwrap();
        (session.to_owned(), serde_json::from_str(event).unwrap())
    };
    text.lines().map(event).collect()
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut reader, &mut line)?;
    let mut body = vec![0; read_headers(&mut reader)?.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !line.contains("/chat/completions") {
        return plain(&mut stream, &json!({ "object": "list", "data": [{ "id": "one", "object": "model" }] }));
    }
    let message = answer(&request);
    if let Some(status) = message["fail"].as_u64() {
        return refuse(&mut stream, status);
    }
    let stop = if message["tool_calls"].is_null() { "stop" } else { "tool_calls" };
    let usage = json!({ "prompt_tokens": 1_000, "completion_tokens": 20, "total_tokens": 1_020 });
    let reply = id("chatcmpl");
    if request["stream"] != true {
        let choice = json!({ "index": 0, "message": message, "finish_reason": stop });
        let whole =
            json!({ "id": reply, "object": "chat.completion", "model": "one", "usage": usage, "choices": [choice] });
        return plain(&mut stream, &whole);
    }
    let mut out = String::from("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
    let mut chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": reply, "object": "chat.completion.chunk", "created": 0, "model": "one", "choices": choices, "usage": usage,
        });
        out.push_str(&format!("data: {chunk}\n\n"));
    };
    chunk(json!([{ "index": 0, "delta": message, "finish_reason": null }]), Value::Null);
    chunk(json!([{ "index": 0, "delta": {}, "finish_reason": stop }]), Value::Null);
    chunk(json!([]), usage);
    out.push_str("data: [DONE]\n\n");
    stream.write_all(out.as_bytes())
}
