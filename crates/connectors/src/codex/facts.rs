//! What a home is configured to do, from its configuration and the files around it. Never from `auth.json`,
//! and never a value that could be a secret.

use std::path::{Path, PathBuf};

use clawbutler_core::digest::sha256;
use clawbutler_core::limits::FACTS;
use serde_json::Value;

use super::{backstop, config, discover, entries, paths, rollout, status};
use crate::disk;
use crate::env::Env;
use crate::facts::{BACKSTOP, Fact, Tab, Watch};
use crate::record::Setting;
use crate::words::{address, safe_words};

/// Largest file that is read for facts (bytes), entries of a folder, projects looked at.
pub(super) const FILE_BYTES: u64 = 1024 * 1024;
const ENTRIES: usize = 500;
pub(super) const PROJECTS: usize = 50;
/// Longest value shown (characters).
const SHOWN: usize = 200;

/// Collects facts of one source.
struct Facts {
    all: Vec<Fact>,
    source: String,
    /// Stands before names of what is not the home's own.
    of: String,
}

impl Facts {
    fn add(&mut self, tab: Tab, name: impl AsRef<str>, value: impl Into<String>, watch: Watch) {
        let value: String = value.into();
        let name = format!("{}{}", self.of, cut(name.as_ref()));
        self.all.push(Fact { tab, name, value: cut(&value), source: self.source.clone(), watch });
    }

    fn from(&mut self, path: &Path, of: &str) {
        self.source = path.display().to_string();
        of.clone_into(&mut self.of);
    }
}

/// See [`crate::connector::Connector::facts`].
pub(super) fn facts(env: &Env, home: &Path, projects: &[PathBuf]) -> Vec<Fact> {
    let mut facts = Facts { all: Vec::new(), source: String::new(), of: String::new() };
    let file = paths::config(home);
    facts.from(&file, "");
    let user = match config::values(&file) {
        Ok(values) => values,
        Err(why) => {
            facts.add(Tab::Overview, "settings", why, Watch::Change);
            Value::Null
        }
    };
    overview(&mut facts, env, home, &user);
    let machine = config::values(&paths::system_config(env)).unwrap_or(Value::Null);
    defaults(&mut facts, &user, &machine);
    layer(&mut facts, &user, true);
    trusted(&mut facts, &user);
    for (name, file) in paths::profiles(home) {
        facts.from(&file, &format!("profile {name}: "));
        facts.add(Tab::Overview, "profile", "defined", Watch::No);
        layer(&mut facts, &config::values(&file).unwrap_or(Value::Null), false);
    }
    facts.from(&paths::system_config(env), "system: ");
    layer(&mut facts, &machine, true);
    requirements(&mut facts, env);
    hooks_json(&mut facts, &paths::hooks_json(home), "");
    rules(&mut facts, &home.join("rules"), "");
    static_rules(&mut facts, home);
    skills(&mut facts, &home.join("skills"), "");
    instructions(&mut facts, home, "");
    for project in roots(projects) {
        let of = format!("{}: ", project.display());
        let folder = project.join(".codex");
        let counts = status::is_trusted(&user, &project);
        let file = folder.join("config.toml");
        facts.from(&file, &of);
        if let (true, Ok(values)) = (counts, config::values(&file)) {
            layer(&mut facts, &values, true);
            hooks_json(&mut facts, &folder.join("hooks.json"), &of);
            rules(&mut facts, &folder.join("rules"), &of);
        }
        skills(&mut facts, &folder.join("skills"), &of);
        skills(&mut facts, &project.join(".agents").join("skills"), &of);
        instructions(&mut facts, &project, &of);
    }
    facts.all.truncate(FACTS);
    facts.all
}

/// Folders of sessions and the roots of their repositories, each once.
fn roots(projects: &[PathBuf]) -> Vec<PathBuf> {
    let root = |project: &PathBuf| project.ancestors().find(|up| up.join(".git").exists()).map(Path::to_owned);
    let all = projects.iter().flat_map(|project| [Some(project.clone()), root(project)]).flatten();
    disk::unique(all.take(PROJECTS).collect())
}

fn overview(facts: &mut Facts, env: &Env, home: &Path, user: &Value) {
    let installs = discover::discover(env, &[home.to_owned()]).installs;
    let versions = installs.iter().filter_map(|install| install.version.as_deref());
    if let Some(version) = versions.max_by_key(|version| super::version::Version::parse(version)) {
        facts.add(Tab::Overview, "version", version, Watch::No);
    }
    let store = config::text(user, &["cli_auth_credentials_store"]);
    let login = match (home.join("auth.json").is_file(), store) {
        (true, _) => "auth.json is there (never read)",
        (false, Some("keyring")) => "in the system's key ring",
        (false, _) => "no login file",
    };
    facts.add(Tab::Overview, "login", login, Watch::No);
}

/// What holds when nobody says anything is a setting as well.
fn defaults(facts: &mut Facts, user: &Value, machine: &Value) {
    let said = |name: &str| user.get(name).or_else(|| machine.get(name)).is_some();
    if !said("approval_policy") {
        facts.add(Tab::Permissions, "approval policy", "on-request (the default)", Watch::Rank(1));
    }
    if !said("sandbox_mode") {
        let words = "read-only, in trusted projects workspace-write (the default)";
        facts.add(Tab::Permissions, "sandbox", words, Watch::Rank(1));
    }
}

fn approval_rank(word: &str) -> u8 {
    match word {
        "untrusted" => 0,
        "on-request" => 1,
        "on-failure" | "granular" | "reject" => 2,
        _ => 3,
    }
}

fn sandbox_rank(word: &str) -> u8 {
    match word {
        "read-only" => 0,
        "workspace-write" => 1,
        _ => 3,
    }
}

/// How loose a setting of a session is.
pub(super) fn looseness(name: &str, value: &str) -> u8 {
    match name {
        "sandbox" => {
            let (word, network) = value.split_once(',').map_or((value, false), |(word, _)| (word, true));
            sandbox_rank(word) + u8::from(network && word == "workspace-write")
        }
        _ => approval_rank(value),
    }
}

/// What sessions of a home are set to where nobody asks for something else; in those that are `unattended`, the client
/// never asks.
pub(super) fn configured(env: &Env, home: &Path, unattended: bool) -> Vec<Setting> {
    let layers = [paths::config(home), paths::system_config(env)].map(|file| config::values(&file).unwrap_or_default());
    // A profile that is chosen in the configuration is the home's own.
    let profile = layers.iter().find_map(|layer| config::at(layer, &["profiles", config::text(layer, &["profile"])?]));
    let all = || profile.into_iter().chain(&layers);
    let approval = all().find_map(|layer| rollout::policy(layer.get("approval_policy")?));
    let approval = approval.unwrap_or_else(|| "on-request".to_owned());
    // Where nothing is said it depends on whether the project is trusted.
    let sandbox = all().find_map(|layer| config::text(layer, &["sandbox_mode"])).unwrap_or("workspace-write");
    let network = all().find_map(|layer| config::at(layer, &["sandbox_workspace_write", "network_access"])?.as_bool());
    let network = if network == Some(true) && sandbox == "workspace-write" { ", network" } else { "" };
    vec![
        Setting { name: "mode", value: if unattended { "never".to_owned() } else { approval } },
        Setting { name: "sandbox", value: format!("{sandbox}{network}") },
    ]
}

/// Settings that may stand in any layer; a profile has some of them.
fn layer(facts: &mut Facts, values: &Value, whole: bool) {
    for (key, name) in [
        ("model", "model"),
        ("model_provider", "model provider"),
        ("model_reasoning_effort", "reasoning effort"),
        ("service_tier", "service tier"),
        ("profile", "profile"),
    ] {
        if let Some(value) = config::text(values, &[key]) {
            facts.add(Tab::Overview, name, value, Watch::Change);
        }
    }
    permissions(facts, values);
    for (name, server) in objects(values, "mcp_servers") {
        facts.add(Tab::Tools, format!("mcp:{name}"), server_words(server), Watch::Change);
    }
    for (name, provider) in objects(values, "model_providers") {
        if let Some(url) = config::text(provider, &["base_url"]) {
            facts.add(Tab::Overview, format!("model address:{name}"), address(url), Watch::Change);
        }
    }
    hooks(facts, values.get("hooks"));
    for (name, plugin) in objects(values, "plugins") {
        let on = plugin.get("enabled") != Some(&Value::Bool(false));
        facts.add(Tab::Skills, format!("plugin:{name}"), if on { "enabled" } else { "switched off" }, Watch::Change);
    }
    if let Some(program) = values.get("notify").and_then(|all| all.get(0)).and_then(Value::as_str) {
        facts.add(Tab::Permissions, "program run after each turn", safe_words(program), Watch::Change);
    }
    if whole {
        for (name, profile) in objects(values, "profiles") {
            let before = facts.of.clone();
            facts.of = format!("{before}profile {name}: ");
            facts.add(Tab::Overview, "profile", "defined", Watch::No);
            layer(facts, profile, false);
            facts.of = before;
        }
    }
}

fn permissions(facts: &mut Facts, values: &Value) {
    if let Some(policy) = values.get("approval_policy") {
        let word = policy.as_str().map_or("its own mix", |word| word);
        let rank = if policy.is_string() { approval_rank(word) } else { 2 };
        facts.add(Tab::Permissions, "approval policy", word, Watch::Rank(rank));
    }
    let network = config::at(values, &["sandbox_workspace_write", "network_access"]) == Some(&Value::Bool(true));
    if let Some(mode) = config::text(values, &["sandbox_mode"]) {
        let rank = sandbox_rank(mode) + u8::from(network && mode == "workspace-write");
        let words = if network && mode == "workspace-write" { format!("{mode}, network") } else { mode.to_owned() };
        facts.add(Tab::Permissions, "sandbox", words, Watch::Rank(rank));
    } else if network {
        facts.add(Tab::Permissions, "network in the sandbox", "allowed", Watch::Rank(1));
    }
    let roots = config::at(values, &["sandbox_workspace_write", "writable_roots"]).and_then(Value::as_array);
    for root in roots.into_iter().flatten().take(ENTRIES).filter_map(Value::as_str) {
        facts.add(Tab::Permissions, format!("writable:{root}"), "writable in the sandbox", Watch::Change);
    }
    if let Some(reviewer) = config::text(values, &["approvals_reviewer"]) {
        let rank = u8::from(reviewer != "user");
        facts.add(Tab::Permissions, "who reviews approvals", reviewer, Watch::Rank(rank));
    }
    for (name, value) in objects(values, "features") {
        if let Some(on) = value.as_bool() {
            let rank = u8::from(name == "hooks" && !on);
            let watch = if name == "hooks" { Watch::Rank(rank) } else { Watch::Change };
            facts.add(Tab::Permissions, format!("feature:{name}"), if on { "on" } else { "off" }, watch);
        }
    }
    if let Some(inherit) = config::text(values, &["shell_environment_policy", "inherit"]) {
        facts.add(Tab::Permissions, "environment of commands", inherit, Watch::Change);
    }
    if let Some(search) = values.get("web_search").and_then(Value::as_str) {
        facts.add(Tab::Tools, "web search", search, Watch::Change);
    } else if let Some(on) = config::at(values, &["tools", "web_search"]).and_then(Value::as_bool) {
        facts.add(Tab::Tools, "web search", if on { "on" } else { "off" }, Watch::Change);
    }
    if values.get("otel").is_some_and(|otel| otel.get("exporter").is_some_and(|to| to.as_str() != Some("none"))) {
        facts.add(Tab::Permissions, "telemetry", "exported (OpenTelemetry)", Watch::Change);
    }
}

/// Entries of a table, in order, bounded.
fn objects<'a>(values: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    values.get(name).and_then(Value::as_object).into_iter().flatten().take(ENTRIES)
}

fn server_words(server: &Value) -> String {
    let args = server.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let how = match (config::text(server, &["command"]), config::text(server, &["url"])) {
        (Some(command), _) => safe_words(&std::iter::once(command).chain(args).collect::<Vec<_>>().join(" ")),
        (None, Some(url)) => address(url),
        (None, None) => "neither a command nor an address".to_owned(),
    };
    let off = server.get("enabled") == Some(&Value::Bool(false));
    format!("{how}{}", if off { " (switched off)" } else { "" })
}

/// Other people's hooks; ours are what the guard's state is about.
fn hooks(facts: &mut Facts, hooks: Option<&Value>) {
    for (event, groups) in hooks.and_then(Value::as_object).into_iter().flatten() {
        let groups = groups.as_array().into_iter().flatten().take(ENTRIES);
        let handlers = groups.flat_map(|group| group.get("hooks").and_then(Value::as_array).into_iter().flatten());
        for (at, handler) in handlers.filter(|handler| !entries::is_ours(handler)).take(ENTRIES).enumerate() {
            let words = config::text(handler, &["command"])
                .map_or_else(|| config::text(handler, &["type"]).unwrap_or("unknown").to_owned(), safe_words);
            facts.add(Tab::Permissions, format!("hook:{event} {}", at + 1), words, Watch::Change);
        }
    }
}

fn hooks_json(facts: &mut Facts, path: &Path, of: &str) {
    facts.from(path, of);
    let Some(text) = disk::small_text(path, FILE_BYTES) else { return };
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => hooks(facts, value.get("hooks")),
        Err(_) => facts.add(Tab::Permissions, "hooks.json", "not valid JSON: Codex leaves it out", Watch::Change),
    }
}

fn trusted(facts: &mut Facts, user: &Value) {
    for (folder, project) in objects(user, "projects") {
        if let Some(level) = config::text(project, &["trust_level"]) {
            let rank = u8::from(level == "trusted");
            facts.add(Tab::Permissions, format!("project:{folder}"), level, Watch::Rank(rank));
        }
    }
}

fn requirements(facts: &mut Facts, env: &Env) {
    let path = paths::requirements(env);
    facts.from(&path, "required: ");
    let Ok(values) = config::values(&path) else { return };
    for name in ["allowed_approval_policies", "allowed_sandbox_modes", "allow_managed_hooks_only"] {
        if let Some(value) = values.get(name) {
            facts.add(Tab::Permissions, name.replace('_', " "), value.to_string(), Watch::Change);
        }
    }
    hooks(facts, values.get("hooks"));
}

/// Files of a folder with this ending, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES).map(|entry| entry.path());
    let mut all: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|own| own == ending) && path.is_file()).collect();
    all.sort();
    all
}

fn rules(facts: &mut Facts, folder: &Path, of: &str) {
    for file in files(folder, "rules").into_iter().filter(|file| !backstop::is_ours(file)) {
        facts.from(&file, of);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = disk::small_text(&file, FILE_BYTES).unwrap_or_default();
        // A rule that allows also lifts the sandbox.
        let allows = text.matches("decision=\"allow\"").count() + text.matches("decision = \"allow\"").count();
        let words = format!("{}, {allows} that allow without a sandbox", fingerprint(&file));
        facts.add(Tab::Permissions, format!("rules:{name}"), words, Watch::Change);
    }
}

/// Our own rules: that they go is drift, whoever took them away without us.
fn static_rules(facts: &mut Facts, home: &Path) {
    let file = backstop::file(home);
    facts.from(&file, "");
    let (words, rank) = match (backstop::stands(home), file.exists()) {
        (true, _) => ("in force in sessions that start from now on", 0),
        (false, true) => ("not as ClawButler wrote them", 1),
        (false, false) => ("none", 1),
    };
    facts.add(Tab::Permissions, BACKSTOP, words, Watch::Rank(rank));
}

fn skills(facts: &mut Facts, folder: &Path, of: &str) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES).map(|entry| entry.path());
    let mut all: Vec<PathBuf> = entries.filter(|path| path.join("SKILL.md").is_file()).collect();
    all.sort();
    for skill in all {
        let file = skill.join("SKILL.md");
        facts.from(&file, of);
        let name = skill.file_name().unwrap_or_default().to_string_lossy().into_owned();
        facts.add(Tab::Skills, format!("skill:{name}"), fingerprint(&file), Watch::Change);
    }
}

fn instructions(facts: &mut Facts, folder: &Path, of: &str) {
    for name in ["AGENTS.md", "AGENTS.override.md"] {
        let file = folder.join(name);
        if file.is_file() {
            facts.from(&file, of);
            facts.add(Tab::Files, name, fingerprint(&file), Watch::Change);
        }
    }
}

/// Size and a digest: enough to see a change, nothing of the content.
fn fingerprint(path: &Path) -> String {
    match disk::small_text(path, FILE_BYTES) {
        Some(text) => format!("{} bytes, {}", text.len(), &sha256(text.as_bytes())[..12]),
        None => "unreadable".to_owned(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
