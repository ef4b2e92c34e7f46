//! What a home is configured to do, from its configuration file and the folders around it.
//!
//! Never a secret: of commands, addresses and texts that may hold one, only a short digest is shown, so that a
//! change is seen all the same.

use std::path::{Path, PathBuf};

use clawbutler_core::digest;
use clawbutler_core::limits::FACTS;
use serde_json::Value;

use super::config::{self, agents, at, text_at, texts_at};
use super::{guard, loose, paths, plugin, status};
use crate::disk;
use crate::env::Env;
use crate::facts::{Fact, Tab, Watch};

/// Entries of one folder that are listed.
const FOLDER: usize = 500;
/// Files in a workspace that an agent reads as instructions, and whether their change is worth an alarm:
/// agents write their memories all the time.
const INSTRUCTIONS: [(&str, Watch); 8] = [
    ("AGENTS.md", Watch::Change),
    ("SOUL.md", Watch::Change),
    ("TOOLS.md", Watch::Change),
    ("IDENTITY.md", Watch::Change),
    ("USER.md", Watch::Change),
    ("HEARTBEAT.md", Watch::Change),
    ("BOOTSTRAP.md", Watch::Change),
    ("MEMORY.md", Watch::No),
];

/// Collects facts of one source.
#[derive(Debug)]
pub(super) struct Facts {
    found: Vec<Fact>,
    source: String,
}

impl Facts {
    pub(super) fn add(&mut self, tab: Tab, name: impl Into<String>, value: impl Into<String>, watch: Watch) {
        if self.found.len() < FACTS {
            let source = self.source.clone();
            self.found.push(Fact { tab, name: name.into(), value: value.into(), source, watch });
        }
    }
}

/// See [`crate::connector::Connector::facts`].
pub(super) fn facts(env: &Env, home: &Path) -> Vec<Fact> {
    let path = paths::config(env, home);
    let Ok(config) = config::read(&path) else { return Vec::new() };
    let mut facts = Facts { found: Vec::new(), source: path.display().to_string() };
    overview(&config, &mut facts);
    tools(&config, &mut facts);
    servers(&config, &mut facts);
    loose::permissions(&config, &mut facts);
    plugins(&config, &mut facts);
    channels(&config, &mut facts);
    for name in ["enabled", "path"] {
        if let Some(value) = at(&config, &["hooks", name]) {
            facts.add(Tab::Permissions, format!("webhooks {name}"), word(value), Watch::Change);
        }
    }
    hooks(&config, &mut facts);
    if guard::includes(&config) {
        facts.add(Tab::Overview, "includes", "other files, which are not read", Watch::Change);
    }
    folders(env, home, &config, &mut facts);
    jobs(home, &mut facts);
    facts.found
}

/// A short digest, to see a change without showing what changed.
pub(super) fn mark(value: &Value) -> String {
    digest::of(value)[..8].to_owned()
}

/// A plain value as a word; anything else as its digest.
pub(super) fn word(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() <= 200 => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) if items.iter().all(|item| item.as_str().is_some_and(|text| text.len() <= 200)) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => format!("({})", mark(other)),
    }
}

/// A model setting: a text, or an object with the first choice.
fn model(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| text_at(value, &["primary"]))
}

fn overview(config: &Value, facts: &mut Facts) {
    if let Some(model) = at(config, &["agents", "defaults", "model"]).and_then(model) {
        facts.add(Tab::Overview, "model", model, Watch::Change);
    }
    for (id, agent) in agents(config) {
        let model = at(&agent, &["model"]).and_then(model).unwrap_or("the default model");
        let place = text_at(&agent, &["workspace"]).unwrap_or("the default workspace");
        facts.add(Tab::Overview, format!("agent:{id}"), format!("{model}, {place}"), Watch::Change);
    }
    if let Some(port) = at(config, &["gateway", "port"]) {
        facts.add(Tab::Overview, "gateway port", word(port), Watch::No);
    }
    if let Some(Value::Object(providers)) = at(config, &["models", "providers"]) {
        for (name, provider) in providers {
            let place = text_at(provider, &["baseUrl"]).map_or_else(|| "its own address".to_owned(), address);
            facts.add(Tab::Overview, format!("provider:{name}"), place, Watch::Change);
        }
    }
}

/// Scheme, host and port of an address; the rest may hold secrets.
fn address(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return format!("({})", mark(&url.into())) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host} ({})", mark(&url.into()))
}

fn tools(config: &Value, facts: &mut Facts) {
    for name in ["profile", "allow", "alsoAllow", "deny"] {
        if let Some(value) = at(config, &["tools", name]) {
            facts.add(Tab::Tools, format!("tools {name}"), word(value), Watch::Change);
        }
        for (id, agent) in agents(config) {
            if let Some(value) = at(&agent, &["tools", name]) {
                facts.add(Tab::Tools, format!("tools {name} of {id}"), word(value), Watch::Change);
            }
        }
    }
}

fn servers(config: &Value, facts: &mut Facts) {
    let Some(Value::Object(servers)) = at(config, &["mcp", "servers"]) else { return };
    for (name, server) in servers {
        let off = if at(server, &["enabled"]) == Some(&false.into()) { ", off" } else { "" };
        let what = match (text_at(server, &["command"]), text_at(server, &["url"])) {
            (Some(command), _) => {
                let args = at(server, &["args"]).cloned().unwrap_or_default();
                let count = args.as_array().map_or(0, Vec::len);
                format!("{command} with {count} arguments ({})", mark(&args))
            }
            (None, Some(url)) => address(url),
            (None, None) => format!("({})", mark(server)),
        };
        let names = at(server, &["env"]).and_then(Value::as_object).map(|env| env.keys().cloned().collect::<Vec<_>>());
        let given = names.filter(|names| !names.is_empty()).map(|names| format!(", given {}", names.join(", ")));
        facts.add(
            Tab::Tools,
            format!("mcp:{name}"),
            format!("{what}{}{off}", given.unwrap_or_default()),
            Watch::Change,
        );
    }
}

fn plugins(config: &Value, facts: &mut Facts) {
    if let Some(value) = at(config, &["plugins", "enabled"]) {
        facts.add(Tab::Skills, "plugins", word(value), Watch::Change);
    }
    for (name, path) in [("allowed plugins", ["plugins", "allow"]), ("refused plugins", ["plugins", "deny"])] {
        if let Some(value) = at(config, &path) {
            facts.add(Tab::Skills, name, word(value), Watch::Change);
        }
    }
    for path in texts_at(config, &["plugins", "load", "paths"]) {
        if !status::is_our_path(path) {
            facts.add(Tab::Skills, format!("plugin folder:{path}"), "loaded", Watch::Change);
        }
    }
    if let Some(Value::Object(entries)) = at(config, &["plugins", "entries"]) {
        for (id, entry) in entries.iter().filter(|(id, _)| *id != plugin::PLUGIN_ID) {
            let state = if at(entry, &["enabled"]) == Some(&false.into()) { "off" } else { "on" };
            facts.add(Tab::Skills, format!("plugin:{id}"), format!("{state} ({})", mark(entry)), Watch::Change);
        }
    }
    if let Some(Value::Object(entries)) = at(config, &["skills", "entries"]) {
        for (id, entry) in entries {
            let state = if at(entry, &["enabled"]) == Some(&false.into()) { "off" } else { "on" };
            facts.add(Tab::Skills, format!("skill setting:{id}"), state, Watch::Change);
        }
    }
    for path in texts_at(config, &["skills", "load", "extraDirs"]) {
        facts.add(Tab::Skills, format!("skill folder:{path}"), "loaded", Watch::Change);
    }
}

fn channels(config: &Value, facts: &mut Facts) {
    let Some(Value::Object(channels)) = at(config, &["channels"]) else { return };
    for (name, channel) in channels.iter().filter(|(_, channel)| channel.is_object()) {
        let state = if at(channel, &["enabled"]) == Some(&false.into()) { "off" } else { "on" };
        facts.add(Tab::Channels, format!("channel:{name}"), state, Watch::Change);
        loose::channel(name, channel, facts);
    }
}

fn hooks(config: &Value, facts: &mut Facts) {
    let entries = at(config, &["hooks", "internal", "entries"]).and_then(Value::as_object).into_iter().flatten();
    for (id, entry) in entries {
        let state = if at(entry, &["enabled"]) == Some(&false.into()) { "off" } else { "on" };
        facts.add(Tab::Permissions, format!("hook:{id}"), format!("{state} ({})", mark(entry)), Watch::Change);
    }
    let mappings = at(config, &["hooks", "mappings"]).and_then(Value::as_array).map_or(0, Vec::len);
    if mappings > 0 {
        facts.add(Tab::Permissions, "webhook mappings", mappings.to_string(), Watch::Change);
    }
}

/// The folder an agent works in.
fn workspace(env: &Env, home: &Path, config: &Value, id: &str, agent: &Value) -> PathBuf {
    if let Some(path) = text_at(agent, &["workspace"]) {
        return paths::expanded(env, path);
    }
    match (text_at(config, &["agents", "defaults", "workspace"]), id) {
        (Some(path), "main") => paths::expanded(env, path),
        (Some(path), id) => paths::expanded(env, path).join(id),
        (None, "main") => home.join("workspace"),
        (None, id) => home.join(format!("workspace-{id}")),
    }
}

fn folders(env: &Env, home: &Path, config: &Value, facts: &mut Facts) {
    listed(&home.join("extensions"), Tab::Skills, "extension", facts);
    listed(&home.join("skills"), Tab::Skills, "skill", facts);
    listed(&home.join("hooks"), Tab::Permissions, "hook folder", facts);
    for (id, agent) in agents(config) {
        let place = workspace(env, home, config, &id, &agent);
        listed(&place.join("skills"), Tab::Skills, &format!("skill of {id}"), facts);
        listed(&place.join(".openclaw").join("extensions"), Tab::Skills, &format!("extension of {id}"), facts);
        for (name, watch) in INSTRUCTIONS {
            let path = place.join(name);
            if let Some(bytes) = disk::read(&path).ok().and_then(|disk| disk.bytes) {
                facts.source = path.display().to_string();
                let value = format!("{} bytes ({})", bytes.len(), &digest::sha256(&bytes)[..8]);
                facts.add(Tab::Files, format!("{name} of {id}"), value, watch);
            }
        }
    }
}

/// Folders in a folder, each a fact of its own.
fn listed(folder: &Path, tab: Tab, what: &str, facts: &mut Facts) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(FOLDER);
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), path));
    let mut found: Vec<(String, PathBuf)> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).filter_map(named).collect();
    found.sort();
    for (name, path) in found {
        facts.source = path.display().to_string();
        let text = ["SKILL.md", "HOOK.md", "openclaw.plugin.json"].iter().find_map(|file| {
            let bytes = disk::read(&path.join(file)).ok()?.bytes?;
            Some(digest::sha256(&bytes)[..8].to_owned())
        });
        let value = text.map_or_else(|| "there".to_owned(), |text| format!("there ({text})"));
        facts.add(tab, format!("{what}:{name}"), value, Watch::Change);
    }
}

/// Scheduled jobs of the releases that keep them in a file.
fn jobs(home: &Path, facts: &mut Facts) {
    let path = home.join("cron").join("jobs.json");
    facts.source = path.display().to_string();
    let Some(bytes) = disk::read(&path).ok().and_then(|disk| disk.bytes) else { return };
    let Ok(value) = serde_json::from_slice::<Value>(&bytes) else { return };
    for job in at(&value, &["jobs"]).and_then(Value::as_array).into_iter().flatten() {
        let Some(id) = text_at(job, &["id"]) else { continue };
        let name = text_at(job, &["name"]).unwrap_or(id);
        let state = if at(job, &["enabled"]) == Some(&false.into()) { "off" } else { "on" };
        let when = ["expr", "every", "everyMs", "at", "atMs", "kind"];
        let when = when.iter().find_map(|field| at(job, &["schedule", field])).map_or_else(String::new, word);
        let what = mark(at(job, &["payload"]).unwrap_or(&Value::Null));
        facts.add(Tab::Schedules, format!("job:{id}"), format!("{name}, {when}, {state} ({what})"), Watch::Change);
    }
}
