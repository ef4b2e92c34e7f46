//! How loose a home's settings are, as ranks: a higher one than before is worth an alarm.

use serde_json::Value;

use super::config::{agents, at, text_at, texts_at};
use super::facts::{Facts, word};
use crate::facts::{Tab, Watch};

/// Commands: who is asked before one runs.
fn exec(tools: Option<&Value>) -> (String, u8) {
    let tools = tools.unwrap_or(&Value::Null);
    if let Some(mode) = text_at(tools, &["exec", "mode"]) {
        let rank = match mode {
            "deny" => 0,
            "allowlist" => 1,
            "ask" => 2,
            "auto" => 3,
            _ => 4,
        };
        return (mode.to_owned(), rank);
    }
    // Releases before `mode`; both default to the loosest.
    let security = text_at(tools, &["exec", "security"]).unwrap_or("full");
    let ask = text_at(tools, &["exec", "ask"]).unwrap_or("off");
    let rank = match (security, ask) {
        ("deny", _) => 0,
        ("allowlist", "off") => 1,
        ("allowlist", _) | (_, "always") => 2,
        (_, "on-miss") => 3,
        _ => 4,
    };
    (format!("security {security}, ask {ask}"), rank)
}

/// Permissions of the whole home and of each agent that has its own.
pub(super) fn permissions(config: &Value, facts: &mut Facts) {
    let (value, rank) = exec(at(config, &["tools"]));
    facts.add(Tab::Permissions, "exec mode", value, Watch::Rank(rank));
    for (id, agent) in agents(config) {
        let own = at(&agent, &["tools"]).filter(|tools| at(tools, &["exec"]).is_some());
        if own.is_some() {
            let (value, rank) = exec(own);
            facts.add(Tab::Permissions, format!("exec mode of {id}"), value, Watch::Rank(rank));
        }
        if let Some(mode) = text_at(&agent, &["sandbox", "mode"]) {
            facts.add(Tab::Permissions, format!("sandbox of {id}"), mode, Watch::Rank(sandbox(mode)));
        }
    }
    let mode = text_at(config, &["agents", "defaults", "sandbox", "mode"]).unwrap_or("off");
    facts.add(Tab::Permissions, "sandbox", mode, Watch::Rank(sandbox(mode)));
    if let Some(host) = text_at(config, &["tools", "exec", "host"]) {
        facts.add(Tab::Permissions, "exec host", host, Watch::Change);
    }
    let elevated = at(config, &["tools", "elevated", "enabled"]) != Some(&false.into())
        && at(config, &["tools", "elevated", "allowFrom"]).is_some();
    let said = if elevated { "for some senders" } else { "nobody" };
    facts.add(Tab::Permissions, "elevated commands", said, Watch::Rank(u8::from(elevated)));
    let open = texts_at(config, &["gateway", "tools", "allow"]);
    let said = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
    facts.add(Tab::Permissions, "tools over HTTP without asking", said, Watch::Rank(u8::from(!open.is_empty())));
    gateway(config, facts);
}

fn sandbox(mode: &str) -> u8 {
    match mode {
        "all" => 0,
        "non-main" => 1,
        _ => 2,
    }
}

fn gateway(config: &Value, facts: &mut Facts) {
    let bind = text_at(config, &["gateway", "bind"]).unwrap_or("loopback");
    let rank = match bind {
        "loopback" => 0,
        "tailnet" => 1,
        _ => 2,
    };
    facts.add(Tab::Permissions, "gateway listens on", bind, Watch::Rank(rank));
    let auth = text_at(config, &["gateway", "auth", "mode"]).unwrap_or("token");
    let rank = match auth {
        "token" | "password" => 0,
        "trusted-proxy" => 1,
        _ => 2,
    };
    facts.add(Tab::Permissions, "gateway asks for", auth, Watch::Rank(rank));
    for (name, path) in [
        ("insecure control page", ["gateway", "controlUi", "allowInsecureAuth"]),
        ("control page without device", ["gateway", "controlUi", "dangerouslyDisableDeviceAuth"]),
    ] {
        if let Some(value) = at(config, &path) {
            facts.add(Tab::Permissions, name, word(value), Watch::Rank(u8::from(*value == true)));
        }
    }
}

/// Who may talk to the agent over a channel.
pub(super) fn channel(name: &str, channel: &Value, facts: &mut Facts) {
    let everyone = texts_at(channel, &["allowFrom"]).contains(&"*");
    for (what, field) in [("direct messages", "dmPolicy"), ("groups", "groupPolicy")] {
        let Some(policy) = text_at(channel, &[field]) else { continue };
        let open = policy == "open" || (everyone && field == "dmPolicy");
        let rank = match policy {
            "disabled" => 0,
            _ if open => 3,
            "allowlist" => 1,
            _ => 2,
        };
        let said = if everyone && field == "dmPolicy" { format!("{policy}, everyone") } else { policy.to_owned() };
        facts.add(Tab::Channels, format!("{what} on {name}"), said, Watch::Rank(rank));
    }
}
