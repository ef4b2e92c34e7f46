//! The real Codex on a scratch machine: a model in the words it speaks (`/v1/responses`), and its own
//! interface for what a person does in its windows. Scripts are those of [`crate::model`]; a tool whose input
//! is a text is called as a custom tool, `namespace` stands before the name of an MCP tool.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::child::Owned;
use crate::given;
use crate::http::{self, read_headers};
use crate::machine::{Machine, Running};
use crate::model::{fails, id, refuse, script_in};

/// The model that calls its tools one by one, and the one that writes programs which call them.
pub const DIRECT: &str = "gpt-5.5";
pub const CODE_MODE: &str = "gpt-6-sol";
/// Longest an answer of the client's interface may take.
const SOON: Duration = Duration::from_mins(1);

static ANSWERS: AtomicU64 = AtomicU64::new(1);

/// A machine with a Codex home, not guarded yet. `None` when the program is not given.
///
/// Its configuration is written by hand: comments, odd spacing, no line end at the end.
pub fn machine() -> Option<Machine> {
    machine_with(given("CLAWBUTLER_CODEX_BIN")?)
}

/// The same with the oldest client whose hooks are on without a flag.
pub fn old_machine() -> Option<Machine> {
    machine_with(given("CLAWBUTLER_CODEX_OLD_BIN")?)
}

fn machine_with(client: PathBuf) -> Option<Machine> {
    let mut machine = Machine::new()?;
    machine.governed = "home/.codex";
    machine.set_client(client);
    machine.extra.insert("MOCK_KEY".to_owned(), "loopback".to_owned());
    machine.extra.insert("SHELL".to_owned(), "/bin/bash".to_owned());
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/mcp_server.py");
    let config = format!(
        r#"# written by hand
model   = "{DIRECT}"   # calls tools one by one
model_provider = "loop"
check_for_update_on_startup = false

[model_providers.loop]
name = "Loopback"
base_url = "http://127.0.0.1:{}/v1"
wire_api = "responses"
env_key = "MOCK_KEY"
request_max_retries = 0
stream_max_retries = 0
supports_websockets = false

[mcp_servers.records]
command = "python3"
args = ["{server}"]
env = {{ CALLS = "{}" }}
[analytics]
enabled = false
[otel]
exporter = "none"
[notice.model_migrations]
"{DIRECT}" = "{CODE_MODE}""#,
        http::serve(serve),
        machine.at("calls.jsonl").display(),
    );
    fs::create_dir_all(machine.at("home/.codex")).unwrap();
    fs::write(machine.at("home/.codex/config.toml"), config).unwrap();
    machine.stop();
    machine.start();
    Some(machine)
}

/// A machine with Claude Code and Codex, both guarded and with these settings of the first. Commands of Claude Code
/// run Codex by [`nested`].
pub fn machine_below_claude(settings: &Value) -> Option<Machine> {
    let claude = given("CLAWBUTLER_CLAUDE_BIN")?;
    let mut machine = machine()?;
    machine.install_guard();
    trust(&machine);
    fs::create_dir_all(machine.at("home/.claude")).unwrap();
    fs::write(machine.at("home/.claude/settings.json"), settings.to_string()).unwrap();
    machine.set_client(claude);
    machine.install_guard_in("home/.claude");
    Some(machine)
}

/// A command line that runs `codex exec` with a script of these turns.
pub fn nested(machine: &Machine, turns: &Value) -> String {
    let codex = given("CLAWBUTLER_CODEX_BIN").unwrap();
    fs::write(machine.project().join("task.txt"), crate::model::script(turns)).unwrap();
    format!("{} exec --skip-git-repo-check -s danger-full-access - < task.txt", codex.display())
}

fn command(machine: &Machine) -> Command {
    let mut command = machine.command(machine.client());
    command.env_clear().envs(machine.env()).current_dir(machine.project());
    command
}

/// Starts `codex exec --json` in the project, without a sandbox.
pub fn exec(machine: &Machine, prompt: &str, args: &[&str]) -> Running {
    exec_as_set(machine, prompt, &[&["-s", "danger-full-access"], args].concat())
}

/// The same with the sandbox that its settings or these arguments say.
pub fn exec_as_set(machine: &Machine, prompt: &str, args: &[&str]) -> Running {
    let mut command = command(machine);
    command.args(["exec", "--json", "--skip-git-repo-check"]).args(args).arg(prompt);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Running(command.spawn().unwrap())
}

/// Runs the client's own command line on the machine's home; gives what it said.
pub fn cli(machine: &Machine, args: &[&str]) -> String {
    let run = command(machine).args(args).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&run.stderr));
    said
}

/// Records of the home's sessions, oldest first.
pub fn records(machine: &Machine) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![machine.at(machine.governed).join("sessions")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    found
}

/// `codex app-server` on a pipe; it ends with this value.
#[derive(Debug)]
pub struct Server {
    child: Owned,
    stdin: ChildStdin,
    lines: Receiver<Value>,
    sent: u64,
}

impl Server {
    /// Starts it and says hello.
    pub fn start(machine: &Machine) -> Self {
        let mut command = command(machine);
        command.arg("app-server").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = Owned(command.spawn().unwrap());
        let (send, lines) = channel();
        let reader = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                if send.send(serde_json::from_str(&line).unwrap_or_default()).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take().unwrap();
        let mut server = Self { child, stdin, lines, sent: 0 };
        server.call("initialize", &json!({ "clientInfo": { "name": "tests", "title": "tests", "version": "1" } }));
        server.send(&json!({ "method": "initialized" }));
        server
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.stdin, "{message}").unwrap();
    }

    /// Calls a method and waits for its result.
    pub fn call(&mut self, method: &str, params: &Value) -> Value {
        self.sent += 1;
        let number = self.sent;
        self.send(&json!({ "id": number, "method": method, "params": params }));
        let reply = self.until(|message| message["id"] == number && message["method"].is_null());
        assert!(reply["error"].is_null(), "{method}: {reply}");
        reply["result"].clone()
    }

    /// Reads until a message fits.
    pub fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let left = SOON.saturating_sub(start.elapsed());
            let message = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("the server did not say it"));
            if fits(&message) {
                return message;
            }
        }
    }

    /// Answers a question of the server.
    pub fn answer(&mut self, question: &Value, result: &Value) {
        self.send(&json!({ "id": question["id"], "result": result }));
    }

    /// A new thread that asks before it leaves its sandbox.
    pub fn thread(&mut self, machine: &Machine) -> String {
        let params = json!({ "cwd": machine.project(), "approvalPolicy": "on-request", "sandbox": "workspace-write" });
        self.call("thread/start", &params)["thread"]["id"].as_str().unwrap().to_owned()
    }

    /// Starts a turn.
    pub fn turn(&mut self, thread: &str, prompt: &str) {
        self.call("turn/start", &json!({ "threadId": thread, "input": [{ "type": "text", "text": prompt }] }));
    }

    /// What the client says of its hooks.
    pub fn hooks(&mut self, machine: &Machine) -> Value {
        self.call("hooks/list", &json!({ "cwds": [machine.project()] }))["data"][0].clone()
    }
}

/// Trusts the hooks of ClawButler and no other, over the interface that the client's own review uses.
pub fn trust(machine: &Machine) {
    let mut server = Server::start(machine);
    let listed = server.hooks(machine);
    assert_eq!((&listed["warnings"], &listed["errors"]), (&json!([]), &json!([])), "{listed}");
    let ours = |hook: &&Value| hook["command"].as_str().is_some_and(|command| command.contains("clawbutler-hook"));
    let hooks = listed["hooks"].as_array().unwrap().clone();
    let states: serde_json::Map<String, Value> = hooks
        .iter()
        .filter(ours)
        .map(|hook| (hook["key"].as_str().unwrap().to_owned(), json!({ "trusted_hash": hook["currentHash"] })))
        .collect();
    // An older client does not know all events.
    assert!(matches!(states.len(), 5 | 8), "{hooks:?}");
    let edit = json!({ "keyPath": "hooks.state", "mergeStrategy": "upsert", "value": states });
    server.call("config/batchWrite", &json!({ "edits": [edit], "reloadUserConfig": true }));
    let listed = server.hooks(machine);
    for hook in listed["hooks"].as_array().unwrap().iter().filter(ours) {
        assert_eq!((&hook["trustStatus"], &hook["enabled"]), (&json!("trusted"), &json!(true)), "{hook}");
    }
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut body = vec![0; read_headers(&mut reader)?.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    if !line.contains("/responses") {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let items = due(&request);
    if let Some(status) = fails(&items) {
        return refuse(&mut stream, status);
    }
    let count = ANSWERS.fetch_add(1, Ordering::Relaxed);
    let response = id("resp");
    let mut out = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\
        x-codex-primary-used-percent: 12.5\r\nx-codex-primary-window-minutes: 300\r\nx-codex-primary-reset-at: 2000000000\r\n\r\n"
        .to_owned();
    let mut event = |data: Value| {
        let name = data["type"].as_str().unwrap_or_default().to_owned();
        out.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    };
    event(json!({ "type": "response.created", "response": { "id": response } }));
    for block in &items {
        event(json!({ "type": "response.output_item.done", "item": item(block) }));
    }
    event(json!({ "type": "response.completed", "response": { "id": response, "usage": {
        "input_tokens": 1_000 + 10 * count, "input_tokens_details": { "cached_tokens": 400 },
        "output_tokens": 50 + count, "output_tokens_details": { "reasoning_tokens": 20 },
        "total_tokens": 1_050 + 11 * count } } }));
    stream.write_all(out.as_bytes())
}

/// The blocks of the turn that is due.
fn due(request: &Value) -> Vec<Value> {
    let items = request["input"].as_array().cloned().unwrap_or_default();
    let scripted = items.iter().enumerate().rev().find_map(|(at, item)| Some((at, script_in(item)?)));
    let Some((at, script)) = scripted else { return vec![json!({ "text": "Scripted" })] };
    // An answer's items stand together; what the tools said stands between answers.
    let mut turn = 0;
    let mut inside = false;
    for item in &items[at + 1..] {
        let kind = item["type"].as_str().unwrap_or_default();
        let own = kind.ends_with("_call") || kind == "reasoning" || item["role"] == "assistant";
        turn += usize::from(own && !inside);
        inside = own;
    }
    let blocks = script["turns"].get(turn).and_then(Value::as_array).cloned();
    blocks.unwrap_or_else(|| vec![json!({ "text": "SCRIPT-END" })])
}

fn item(block: &Value) -> Value {
    let Some(tool) = block["tool"].as_str() else { return message(block["text"].as_str().unwrap_or_default()) };
    if let Some(text) = block["input"].as_str() {
        return json!({ "type": "custom_tool_call", "id": id("ct"), "call_id": id("call"), "name": tool, "input": text });
    }
    let mut call = json!({
        "type": "function_call", "id": id("fc"), "call_id": id("call"), "name": tool,
        "arguments": block["input"].to_string(),
    });
    if block["namespace"].is_string() {
        call["namespace"] = block["namespace"].clone();
    }
    call
}

fn message(text: &str) -> Value {
    json!({ "type": "message", "id": id("msg"), "role": "assistant", "content": [{ "type": "output_text", "text": text }] })
}
