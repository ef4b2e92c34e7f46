//! A model on loopback that speaks the Gemini API; scripts as in [`crate::model`].

use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{Value, json};

use crate::http::read_headers;

/// A running model; it ends with the test's process.
#[derive(Debug, Clone)]
pub struct Gemini {
    pub port: u16,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Gemini {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::default();
        let model = Self { port, asked };
        let own = model.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                thread::spawn(move || drop(own.serve(stream)));
            }
        });
        model
    }

    /// Every request for an answer so far.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        std::io::BufRead::read_line(&mut reader, &mut line)?;
        let mut body = vec![0; read_headers(&mut reader)?.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !line.contains("enerateContent") {
            return send(&mut stream, "application/json", &json!({ "totalTokens": 100 }).to_string());
        }
        let model = line.split("/models/").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or_default();
        let number = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.push(request.clone());
            asked.len()
        };
        let answer = json!({
            "candidates": [{ "index": 0, "finishReason": "STOP", "content": { "role": "model", "parts": parts(&request) } }],
            // No two answers use the same number of tokens.
            "usageMetadata": {
                "promptTokenCount": 1000 + number, "cachedContentTokenCount": 300, "candidatesTokenCount": 20 + number,
                "thoughtsTokenCount": 7, "toolUsePromptTokenCount": 3, "totalTokenCount": 1030 + 2 * number,
            },
            "modelVersion": model, "responseId": format!("answer{number:04}"),
        });
        if line.contains("stream") {
            send(&mut stream, "text/event-stream", &format!("data: {answer}\n\n"))
        } else {
            send(&mut stream, "application/json", &answer.to_string())
        }
    }
}

fn send(stream: &mut TcpStream, kind: &str, body: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// What the turn that is due says and calls.
fn parts(request: &Value) -> Vec<Value> {
    let contents = request["contents"].as_array().cloned().unwrap_or_default();
    let scripted = contents.iter().enumerate().rev().find_map(|(at, content)| Some((at, script_in(content)?)));
    let Some((at, script)) = scripted.filter(|_| request["tools"].is_array()) else {
        return vec![json!({ "text": "{}" })];
    };
    let turn = contents[at + 1..].iter().filter(|content| content["role"] == "model").count();
    let blocks = script["turns"].get(turn).and_then(Value::as_array).cloned();
    blocks
        .unwrap_or_else(|| vec![json!({ "text": "SCRIPT-END" })])
        .into_iter()
        .map(|block| match (block["tool"].as_str(), block["thought"].as_str()) {
            (Some(name), _) => json!({ "functionCall": { "name": name, "args": block["input"] } }),
            (None, Some(thought)) => json!({ "text": thought, "thought": true }),
            (None, None) => json!({ "text": block["text"] }),
        })
        .collect()
}

fn script_in(content: &Value) -> Option<Value> {
    if content["role"] != "user" {
        return None;
    }
    let texts: Vec<&str> = content["parts"].as_array()?.iter().filter_map(|part| part["text"].as_str()).collect();
    let text = texts.join("\n");
    let from = text.find("%%{")? + 2;
    serde_json::Deserializer::from_str(&text[from..]).into_iter::<Value>().next()?.ok()
}
