//! As much WebDriver (W3C) as the journeys need, over loopback.

use serde_json::{Value, json};

use crate::http;
use crate::machine::wait_for;

/// A session with a browser or a window. Dropping it ends both.
#[derive(Debug)]
pub struct Session {
    port: u16,
    id: String,
}

impl Session {
    /// Opens a session with these capabilities at a driver that listens on this port.
    pub fn open(port: u16, capabilities: &Value) -> Self {
        let wanted = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let reply = http::send(port, "POST", "/session", &[], &wanted.to_string()).unwrap();
        let reply: Value = serde_json::from_str(&reply.body).unwrap();
        let id = reply["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {reply}"));
        let session = Self { port, id: id.to_owned() };
        session.command("POST", "/timeouts", &json!({ "script": 20_000 }));
        session
    }

    /// One command; the driver's error as it says it.
    pub fn try_command(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let text = if method == "GET" { String::new() } else { body.to_string() };
        let path = format!("/session/{}{path}", self.id);
        let mut reply = http::send(self.port, method, &path, &[], &text).unwrap();
        // The driver in between keeps connections that the one behind it has closed, and then hangs up
        // without a word: the command never got there.
        for _ in 0..3 {
            if reply.status != 0 {
                break;
            }
            reply = http::send(self.port, method, &path, &[], &text).unwrap();
        }
        let value = serde_json::from_str::<Value>(&reply.body).unwrap_or_default()["value"].clone();
        if reply.status == 200 { Ok(value) } else { Err(json!({ "status": reply.status, "body": reply.body })) }
    }

    /// One command that has to work.
    pub fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_command(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    pub fn go(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    pub fn script(&self, script: &str) -> Value {
        self.command("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Runs a script that calls its last argument with the result.
    pub fn script_async(&self, script: &str, args: &Value) -> Value {
        self.command("POST", "/execute/async", &json!({ "script": script, "args": args }))
    }

    pub fn find(&self, selector: &str) -> Option<String> {
        let query = json!({ "using": "css selector", "value": selector });
        let found = self.try_command("POST", "/element", &query).ok()?;
        found.as_object()?.values().next()?.as_str().map(ToOwned::to_owned)
    }

    pub fn wait_for_element(&self, selector: &str) -> String {
        wait_for(selector, || self.find(selector))
    }

    /// The text of an element as a reader sees it.
    pub fn text(&self, selector: &str) -> String {
        wait_for(selector, || {
            let element = self.find(selector)?;
            let text = self.try_command("GET", &format!("/element/{element}/text"), &json!({})).ok()?;
            text.as_str().map(ToOwned::to_owned)
        })
    }

    pub fn click(&self, selector: &str) {
        wait_for(selector, || {
            let element = self.find(selector)?;
            self.try_command("POST", &format!("/element/{element}/click"), &json!({})).ok()
        });
    }

    /// Presses and releases each key; special keys by their WebDriver code points.
    pub fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })])
            .collect();
        let source = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.command("POST", "/actions", &json!({ "actions": [source] }));
    }

    /// A picture of the page, where `CLAWBUTLER_SHOTS` names a folder for it.
    pub fn shot(&self, name: &str) {
        use base64::Engine as _;
        let Some(folder) = std::env::var_os("CLAWBUTLER_SHOTS") else { return };
        let encoded = self.command("GET", "/screenshot", &json!({}));
        let picture = base64::engine::general_purpose::STANDARD.decode(encoded.as_str().unwrap_or_default()).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = http::send(self.port, "DELETE", &format!("/session/{}", self.id), &[], "");
    }
}
