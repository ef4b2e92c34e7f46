//! A model on loopback in the words of chat completions (`/v1/chat/completions`), for clients that speak those.
//! Scripts are those of [`crate::model`].

use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::http::read_headers;
use crate::model::{fails, id, plain, refuse, script_in};

/// Tokens that every answer counts: 1000 of the 1200 that came in were cached.
pub const PROMPT_TOKENS: u64 = 1_200;
pub const CACHED_TOKENS: u64 = 1_000;
pub const ANSWER_TOKENS: u64 = 34;
/// Prices per million tokens (USD): new, cached, answered.
pub const PRICES: [f64; 3] = [3.0, 0.3, 15.0];

/// A running model; it ends with the test's process.
#[derive(Debug, Clone)]
pub struct Chat {
    pub port: u16,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Chat {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let chat = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let own = chat.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                thread::spawn(move || drop(own.serve(stream)));
            }
        });
        chat
    }

    /// Every request for an answer so far.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        std::io::BufRead::read_line(&mut reader, &mut line)?;
        let mut body = vec![0; read_headers(&mut reader)?.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let path = line.split_whitespace().nth(1).unwrap_or_default();
        if path == "/v1/models" {
            let [new, cached, answered] = PRICES.map(|price| format!("{:.9}", price / 1.0e6));
            let pricing = json!({ "prompt": new, "completion": answered, "input_cache_read": cached });
            let one = json!({ "id": "one", "object": "model", "context_length": 128_000, "pricing": pricing });
            return plain(&mut stream, &json!({ "object": "list", "data": [one] }));
        }
        if !path.ends_with("/chat/completions") {
            // Other servers are recognised by other paths.
            return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        let message = answer(&request);
        if let Some(status) = message["fail"].as_u64() {
            return refuse(&mut stream, status);
        }
        let streamed = request["stream"] == true;
        self.asked.lock().unwrap().push(request);
        if streamed { send_streamed(&mut stream, &message) } else { send_whole(&mut stream, &message) }
    }
}

fn usage() -> Value {
    json!({
        "prompt_tokens": PROMPT_TOKENS, "completion_tokens": ANSWER_TOKENS,
        "total_tokens": PROMPT_TOKENS + ANSWER_TOKENS, "prompt_tokens_details": { "cached_tokens": CACHED_TOKENS },
    })
}

fn stop(message: &Value) -> &'static str {
    if message["tool_calls"].is_null() { "stop" } else { "tool_calls" }
}

fn send_whole(stream: &mut TcpStream, message: &Value) -> std::io::Result<()> {
    let choice = json!({ "index": 0, "message": message, "finish_reason": stop(message) });
    let whole = json!({
        "id": id("chatcmpl"), "object": "chat.completion", "created": 0, "model": "one", "usage": usage(),
        "choices": [choice],
    });
    plain(stream, &whole)
}

fn send_streamed(stream: &mut TcpStream, message: &Value) -> std::io::Result<()> {
    let mut out = String::from("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
    let reply = id("chatcmpl");
    let mut chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": reply, "object": "chat.completion.chunk", "created": 0, "model": "one", "choices": choices, "usage": usage,
        });
        out.push_str(&format!("data: {chunk}\n\n"));
    };
    chunk(json!([{ "index": 0, "delta": message, "finish_reason": null }]), Value::Null);
    chunk(json!([{ "index": 0, "delta": {}, "finish_reason": stop(message) }]), Value::Null);
    chunk(json!([]), usage());
    out.push_str("data: [DONE]\n\n");
    stream.write_all(out.as_bytes())
}

/// The turn that is due: blocks of the script in the newest scripted prompt.
pub(crate) fn answer(request: &Value) -> Value {
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    let scripted = messages.iter().enumerate().rev().find_map(|(at, message)| Some((at, script_in(message)?)));
    let no_tools = request["tools"].as_array().is_none_or(Vec::is_empty);
    let Some((at, script)) = scripted.filter(|_| !no_tools) else {
        return json!({ "role": "assistant", "content": "Scripted" });
    };
    let turn = messages[at + 1..].iter().filter(|message| message["role"] == "assistant").count();
    let blocks = script["turns"].get(turn).and_then(Value::as_array).cloned();
    let blocks = blocks.unwrap_or_else(|| vec![json!({ "text": "SCRIPT-END" })]);
    if let Some(status) = fails(&blocks) {
        return json!({ "fail": status });
    }
    let calls: Vec<Value> = blocks
        .iter()
        .filter_map(|block| Some((block["tool"].as_str()?, block["input"].to_string())))
        .enumerate()
        .map(|(index, (name, arguments))| {
            json!({
                "index": index, "id": id("call"), "type": "function",
                "function": { "name": name, "arguments": arguments },
            })
        })
        .collect();
    let text = blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n");
    let mut message = json!({ "role": "assistant", "content": text });
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    message
}
