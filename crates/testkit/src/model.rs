//! A model on loopback that says what the prompt tells it to: agents are driven through their real
//! client, and nothing leaves the machine.
//!
//! A prompt carries its script between `%%` marks: `%%{"turns": [[block, …], …]}%%`. A block is
//! `{"tool": name, "input": {…}}` or `{"text": "…"}`; `{"fail": status, "times": n}` refuses the request as often
//! before the rest is said. The n-th answer after the prompt plays turn n; past
//! the last turn the answer is `SCRIPT-END`. Sub-agents carry their own script in their own prompt.

use std::collections::BTreeMap;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::http::read_headers;

/// A running model; it ends with the test's process.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    pub port: u16,
}

static COUNT: AtomicU64 = AtomicU64::new(1);
/// How often each turn of each script was refused.
static REFUSED: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// A prompt that makes the model play these turns.
pub fn script(turns: &Value) -> String {
    format!("Do as the script says. %%{}%%", json!({ "turns": turns }))
}

impl Model {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || drop(serve(stream)));
            }
        });
        Self { port }
    }
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut reader, &mut line)?;
    let mut body = vec![0; read_headers(&mut reader)?.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !line.contains("/v1/messages") || line.contains("count_tokens") {
        return plain(&mut stream, &json!({ "input_tokens": 100, "data": [], "has_more": false }));
    }
    let mut blocks = answer(&request);
    if let Some(status) = refusal(&mut blocks, &request) {
        return refuse(&mut stream, status);
    }
    if request["stream"] == true {
        return stream_answer(&mut stream, &request, &blocks);
    }
    let stop = stop_reason(&blocks);
    let message = json!({
        "id": id("msg"), "type": "message", "role": "assistant", "model": request["model"], "content": blocks,
        "stop_reason": stop, "stop_sequence": null, "usage": { "input_tokens": 10, "output_tokens": 10 },
    });
    plain(&mut stream, &message)
}

pub(crate) fn id(kind: &str) -> String {
    format!("{kind}_loopback{:08}", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn plain(stream: &mut TcpStream, value: &Value) -> std::io::Result<()> {
    let body = value.to_string();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The blocks of the turn that is due.
fn answer(request: &Value) -> Vec<Value> {
    let no_tools = request["tools"].as_array().is_none_or(Vec::is_empty);
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    let scripted = messages.iter().enumerate().rev().find_map(|(at, message)| Some((at, script_in(message)?)));
    let Some((at, script)) = scripted.filter(|_| !no_tools) else {
        return vec![json!({ "type": "text", "text": "{\"title\": \"Scripted\"}" })];
    };
    let turn = messages[at + 1..].iter().filter(|message| message["role"] == "assistant").count();
    let blocks = script["turns"].get(turn).and_then(Value::as_array).cloned();
    blocks
        .unwrap_or_else(|| vec![json!({ "text": "SCRIPT-END" })])
        .into_iter()
        .map(|block| match block["tool"].as_str() {
            None if block["fail"].is_u64() => block,
            Some(name) => json!({ "type": "tool_use", "id": id("toolu"), "name": name, "input": block["input"] }),
            None => json!({ "type": "text", "text": block["text"] }),
        })
        .collect()
}

/// The status with which this request is refused, where the turn says so and was not refused often enough.
fn refusal(blocks: &mut Vec<Value>, request: &Value) -> Option<u64> {
    let at = blocks.iter().position(|block| block["fail"].is_u64())?;
    let block = blocks.remove(at);
    let turn = request["messages"].as_array().map(Vec::len).unwrap_or_default();
    let key = format!("{turn} {}", request["messages"].as_array().and_then(|all| all.last()).unwrap_or(&Value::Null));
    let mut refused = REFUSED.lock().unwrap();
    let count = refused.entry(key).or_default();
    *count += 1;
    (*count <= block["times"].as_u64().unwrap_or(1)).then(|| block["fail"].as_u64()).flatten()
}

/// The status with which a turn is refused for good.
pub(crate) fn fails(blocks: &[Value]) -> Option<u64> {
    blocks.iter().find_map(|block| block["fail"].as_u64())
}

/// As a provider refuses: with the window of the account's limits that is used up where it is that.
pub(crate) fn refuse(stream: &mut TcpStream, status: u64) -> std::io::Result<()> {
    let kind = match status {
        429 => "rate_limit_error",
        400..500 => "invalid_request_error",
        _ => "overloaded_error",
    };
    let body = json!({ "type": "error", "error": { "type": kind, "message": "Refused by the script" } }).to_string();
    let limits = "anthropic-ratelimit-unified-status: rejected\r\nanthropic-ratelimit-unified-reset: 1900000000\r\n\
                  anthropic-ratelimit-unified-representative-claim: five_hour\r\n";
    let limits = if status == 429 { limits } else { "" };
    write!(
        stream,
        "HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 1\r\n\
         {limits}connection: close\r\n\r\n{body}",
        body.len()
    )
}

pub(crate) fn script_in(message: &Value) -> Option<Value> {
    if message["role"] != "user" {
        return None;
    }
    let text = match &message["content"] {
        Value::String(text) => text.clone(),
        other => other.as_array()?.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n"),
    };
    let from = text.find("%%{")? + 2;
    serde_json::Deserializer::from_str(&text[from..]).into_iter::<Value>().next()?.ok()
}

fn stop_reason(blocks: &[Value]) -> &'static str {
    if blocks.iter().any(|block| block["type"] == "tool_use") { "tool_use" } else { "end_turn" }
}

fn stream_answer(stream: &mut TcpStream, request: &Value, blocks: &[Value]) -> std::io::Result<()> {
    let mut out = String::from("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
    let mut event = |name: &str, data: Value| out.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    event(
        "message_start",
        json!({ "type": "message_start", "message": {
        "id": id("msg"), "type": "message", "role": "assistant", "model": request["model"], "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 10, "output_tokens": 1 } } }),
    );
    for (index, block) in blocks.iter().enumerate() {
        let (start, delta) = if block["type"] == "tool_use" {
            (
                json!({ "type": "tool_use", "id": block["id"], "name": block["name"], "input": {} }),
                json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() }),
            )
        } else {
            (json!({ "type": "text", "text": "" }), json!({ "type": "text_delta", "text": block["text"] }))
        };
        event("content_block_start", json!({ "type": "content_block_start", "index": index, "content_block": start }));
        event("content_block_delta", json!({ "type": "content_block_delta", "index": index, "delta": delta }));
        event("content_block_stop", json!({ "type": "content_block_stop", "index": index }));
    }
    event(
        "message_delta",
        json!({ "type": "message_delta", "delta": { "stop_reason": stop_reason(blocks), "stop_sequence": null },
        "usage": { "output_tokens": 10 } }),
    );
    event("message_stop", json!({ "type": "message_stop" }));
    stream.write_all(out.as_bytes())
}
