//! The gateway's exec policy: read, raised to the floor we recommend, and watched for what undercuts it.

use serde_json::{Value, json};

use super::gateway::Gateway;
use super::rows::Session;
use crate::{CallError, json as read};

/// The policy document and what it comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// The document, without what only the gateway may write in it.
    pub file: Value,
    /// Names this very state; a change must give it.
    pub hash: String,
    /// Whether there is a document at all.
    pub exists: bool,
    /// In force where an agent has nothing of its own: deny, allowlist or full.
    pub security: Option<String>,
    /// In force: off, on-miss or always.
    pub ask: Option<String>,
    /// What happens when nobody can be asked: deny, allowlist or full.
    pub ask_fallback: Option<String>,
}

/// Something that lets a command run unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Where: `policy.defaults.ask`, `config.tools.exec.mode`, `session agent:main:main`.
    pub place: String,
    /// What it is.
    pub found: String,
    /// What it should be.
    pub wanted: String,
}

impl Policy {
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let mut file = answer.pointer("/file").cloned().unwrap_or_else(|| json!({ "version": 1 }));
        // The gateway writes its own socket in; it is refused in a change.
        file.as_object_mut()?.remove("socket");
        // Releases that do not tell what it comes to have the document only.
        let in_force = |name: &str| {
            let told = read::text(answer, &format!("/resolvedDefaults/{name}"));
            told.or_else(|| read::text(&file, &format!("/defaults/{name}")))
        };
        Some(Self {
            hash: read::text(answer, "/hash")?,
            exists: read::flag(answer, "/exists").unwrap_or(false),
            security: in_force("security"),
            ask: in_force("ask"),
            ask_fallback: in_force("askFallback"),
            file,
        })
    }

    /// What undercuts the floor in this document.
    pub fn drift(&self) -> Vec<Drift> {
        let mut found = Vec::new();
        let mut look = |place: String, is: Option<&str>, wanted: &str, weaker: &[&str]| {
            let is = is.unwrap_or("not set");
            if is != wanted && (weaker.contains(&is) || is == "not set") {
                found.push(Drift { place, found: is.to_owned(), wanted: wanted.to_owned() });
            }
        };
        look("policy.defaults.ask".to_owned(), self.ask.as_deref(), "always", &["off", "on-miss"]);
        look("policy.defaults.askFallback".to_owned(), self.ask_fallback.as_deref(), "deny", &["full", "allowlist"]);
        for (agent, own) in read::members(&self.file, "/agents") {
            let place = |member: &str| format!("policy.agents.{agent}.{member}");
            for (member, wanted, weaker) in
                [("ask", "always", ["off", "on-miss"]), ("askFallback", "deny", ["full", "allowlist"])]
            {
                if let Some(is) = own.get(member).and_then(Value::as_str) {
                    look(place(member), Some(is), wanted, &weaker);
                }
            }
        }
        found
    }
}

/// The least that brings every command to us: `always` asks, and when nobody can be asked nothing runs.
pub fn floor() -> Value {
    json!({ "security": "full", "ask": "always", "askFallback": "deny" })
}

/// A document with the floor in it: as defaults, and for every agent that has weaker settings of its own. A security
/// of `deny` is stricter and stays; allowlists stay.
#[must_use]
pub fn with_floor(file: &Value) -> Value {
    let mut file = if file.is_object() { file.clone() } else { json!({}) };
    file["version"] = json!(1);
    let raised = |own: &Value| {
        let mut own = if own.is_object() { own.clone() } else { json!({}) };
        own["ask"] = json!("always");
        own["askFallback"] = json!("deny");
        own
    };
    let mut defaults = raised(&file["defaults"]);
    if defaults.get("security").and_then(Value::as_str) != Some("deny") {
        defaults["security"] = json!("full");
    }
    file["defaults"] = defaults;
    if let Some(agents) = file.get_mut("agents").and_then(Value::as_object_mut) {
        for own in agents.values_mut() {
            for (member, wanted) in [("ask", "always"), ("askFallback", "deny")] {
                if own.get(member).is_some() {
                    own[member] = json!(wanted);
                }
            }
        }
    }
    file
}

/// A document with the floor taken out again: what [`with_floor`] changed is as it was in `before`, unless somebody
/// changed it since; everything else stays.
#[must_use]
pub fn without_floor(file: &Value, before: &Value) -> Value {
    let raised = with_floor(before);
    let mut file = file.clone();
    give_back(&mut file, &raised, before, &["defaults"]);
    for (agent, _) in read::members(before, "/agents") {
        give_back(&mut file, &raised, before, &["agents", agent]);
    }
    file
}

/// Gives the members of one object back.
fn give_back(file: &mut Value, raised: &Value, before: &Value, path: &[&str]) {
    let at = |value: &Value| path.iter().try_fold(value.clone(), |value, name| value.get(name).cloned());
    let (raised, before) = (at(raised), at(before));
    let Some(now) = path.iter().try_fold(&mut *file, |value, name| value.get_mut(name)).and_then(Value::as_object_mut)
    else {
        return;
    };
    for member in ["security", "ask", "askFallback"] {
        let own = |object: &Option<Value>| object.as_ref().and_then(|object| object.get(member)).cloned();
        let (raised, before) = (own(&raised), own(&before));
        if now.get(member) != raised.as_ref() || raised == before {
            continue;
        }
        match before {
            Some(before) => now.insert(member.to_owned(), before),
            None => now.remove(member),
        };
    }
}

/// What in the configuration or in a session lets commands run past the policy.
pub(crate) fn around(config: &Value, sessions: &[Session]) -> Vec<Drift> {
    let mut found = Vec::new();
    let mut add = |place: &str, is: String, wanted: &str| {
        found.push(Drift { place: place.to_owned(), found: is, wanted: wanted.to_owned() });
    };
    if let Some(opened) = config.pointer("/gateway/tools/allow").filter(|opened| !empty(opened)) {
        add("config.gateway.tools.allow", opened.to_string(), "not set: these run over HTTP without a question");
    }
    if let Some(bind) = read::text(config, "/gateway/bind").filter(|bind| bind != "loopback") {
        add("config.gateway.bind", bind, "loopback");
    }
    for session in sessions.iter().filter(|session| session.permission_mode.as_deref() == Some("full")) {
        add(&format!("session {}", session.key), "permissionMode full".to_owned(), "a mode that asks");
    }
    found
}

fn empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.is_null()
}

impl Gateway {
    /// The exec policy. Needs `operator.admin`.
    pub async fn policy(&self) -> Result<Policy, CallError> {
        let answer = self.call("exec.approvals.get", json!({})).await?;
        Policy::read(&answer).ok_or_else(|| CallError::unreadable("exec.approvals.get", "the hash of the document"))
    }

    /// Replaces the exec policy, if it is still the one with `base_hash`. It is in force at once. Keep the one
    /// before: setting it again is the way back.
    pub async fn set_policy(&self, file: &Value, base_hash: &str) -> Result<Policy, CallError> {
        let params = json!({ "file": file, "baseHash": base_hash });
        let answer = self.change("exec.approvals.set", params).await?;
        Policy::read(&answer).ok_or_else(|| CallError::unreadable("exec.approvals.set", "the hash of the document"))
    }

    /// Everything that undercuts the recommended floor now: policy, configuration, sessions.
    pub async fn drift(&self) -> Result<Vec<Drift>, CallError> {
        Ok(self.standing().await?.drift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(defaults: &Value, agents: &Value) -> Policy {
        Policy::read(&json!({ "exists": true, "hash": "h", "resolvedDefaults": defaults,
            "file": { "version": 1, "socket": { "path": "s" }, "defaults": defaults, "agents": agents } }))
        .unwrap()
    }

    #[test]
    fn a_fresh_gateway_asks_nothing_and_drifts() {
        let found = policy(&json!({ "security": "full", "ask": "off", "askFallback": "deny" }), &json!({})).drift();
        let drift =
            Drift { place: "policy.defaults.ask".to_owned(), found: "off".to_owned(), wanted: "always".to_owned() };
        assert_eq!(found, [drift]);
    }

    #[test]
    fn an_older_release_tells_the_document_only() {
        let answer = json!({ "exists": true, "hash": "h", "file": { "version": 1, "defaults": floor() } });
        assert_eq!(Policy::read(&answer).unwrap().drift(), []);
        let silent = Policy::read(&json!({ "hash": "h", "file": { "version": 1 } })).unwrap();
        assert_eq!(silent.drift().len(), 2, "what is not set asks nothing");
    }

    #[test]
    fn agents_with_weaker_settings_drift_and_are_raised() {
        let agents = json!({ "main": { "ask": "on-miss", "allowlist": [{ "pattern": "/usr/bin/uname" }] }, "ops": { "security": "deny" } });
        let weak = policy(&floor(), &agents);
        assert_eq!(
            weak.drift().iter().map(|drift| drift.place.as_str()).collect::<Vec<_>>(),
            ["policy.agents.main.ask"]
        );
        let raised = with_floor(&weak.file);
        assert_eq!(
            raised,
            json!({ "version": 1, "defaults": floor(), "agents": {
                "main": { "ask": "always", "allowlist": [{ "pattern": "/usr/bin/uname" }] }, "ops": { "security": "deny" } } })
        );
        assert_eq!(with_floor(&raised), raised);
        assert_eq!(without_floor(&raised, &weak.file), weak.file);
        assert_eq!(with_floor(&json!({ "defaults": { "security": "deny" } }))["defaults"]["security"], "deny");
    }

    #[test]
    fn the_way_back_keeps_what_others_changed() {
        let before = json!({ "version": 1, "defaults": { "ask": "off" }, "agents": { "main": { "ask": "off" } } });
        let mut now = with_floor(&before);
        assert_eq!(without_floor(&now, &before), before);
        now["defaults"]["ask"] = json!("on-miss");
        now["agents"]["main"]["allowlist"] = json!([{ "pattern": "/bin/ls" }]);
        now["agents"]["new"] = json!({ "ask": "always" });
        let back = json!({ "version": 1, "defaults": { "ask": "on-miss" }, "agents": {
            "main": { "ask": "off", "allowlist": [{ "pattern": "/bin/ls" }] }, "new": { "ask": "always" } } });
        assert_eq!(without_floor(&now, &before), back);
    }

    #[test]
    fn ways_past_the_policy_are_named() {
        let session = Session {
            key: "agent:main:main".to_owned(),
            permission_mode: Some("full".to_owned()),
            ..Session::default()
        };
        let config = json!({ "gateway": { "bind": "lan", "tools": { "allow": ["exec"] } } });
        let places: Vec<String> = around(&config, &[session]).into_iter().map(|drift| drift.place).collect();
        assert_eq!(places, ["config.gateway.tools.allow", "config.gateway.bind", "session agent:main:main"]);
        assert_eq!(around(&json!({ "gateway": { "bind": "loopback", "tools": { "allow": [] } } }), &[]), []);
    }
}
