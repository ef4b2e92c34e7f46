//! What a home is configured to do.
//!
//! Never reads `oauth_creds.json`, `google_accounts.json`, `.env` or `mcp-oauth-tokens.json`. Values of
//! environment variables and headers are left out, and arguments of programs are named by a digest only.

use std::path::{Path, PathBuf};

use clawbutler_core::digest;
use clawbutler_core::limits::{CONFIG_FILE_BYTES, FACTS};
use serde_json::Value;

use super::{installs, paths, settings};
use crate::disk;
use crate::env::Env;
use crate::facts::{Fact, Tab, Watch};

/// Longest value of a fact (characters).
const VALUE_CHARS: usize = 500;

/// See [`crate::connector::Connector::facts`].
pub(super) fn facts(env: &Env, home: &Path, projects: &[PathBuf]) -> Vec<Fact> {
    let mut out = Facts::default();
    for install in installs::find(env, &mut Vec::new()) {
        let version = install.version.unwrap_or_else(|| "unknown".to_owned());
        let name = format!("client:{}", install.path.display());
        out.add(Tab::Overview, name, &version, Watch::No, &install.path);
    }
    let system = paths::system_settings(env);
    let own = paths::settings(home);
    out.settings("machine: ", &system);
    out.settings("machine defaults: ", &system.with_file_name("system-defaults.json"));
    out.settings("", &own);
    for project in disk::unique(projects.to_vec()) {
        let folder = project.join(".gemini");
        if folder != home {
            out.settings(&format!("{}: ", project.display()), &paths::settings(&folder));
            out.instructions(&format!("{}: ", project.display()), &project.join("GEMINI.md"));
        }
    }
    out.instructions("", &home.join("GEMINI.md"));
    out.trust(&paths::trusted(env, home));
    out.folders(env, home);
    out.found.truncate(FACTS);
    out.found
}

#[derive(Debug, Default)]
struct Facts {
    found: Vec<Fact>,
}

impl Facts {
    fn add(&mut self, tab: Tab, name: String, value: &str, watch: Watch, source: &Path) {
        let value = value.chars().take(VALUE_CHARS).collect();
        self.found.push(Fact { tab, name, value, source: source.display().to_string(), watch });
    }

    /// One settings file; one that cannot be read is a failed check, not a fact.
    fn settings(&mut self, whose: &str, path: &Path) {
        let value = match settings::read(path) {
            Ok(Some(value)) => value,
            // The user's own defaults are in force without a file too: a setting that goes may loosen something.
            Ok(None) if whose.is_empty() => Value::Object(serde_json::Map::new()),
            Ok(None) | Err(_) => return,
        };
        for (name, key) in [("model", "model.name"), ("account", "security.auth.selectedType")] {
            if let Some(text) = settings::text(&value, key) {
                self.add(Tab::Overview, format!("{whose}{name}"), text, Watch::No, path);
            }
        }
        self.servers(whose, &value, path);
        self.permissions(whose, &value, path);
        self.hooks(whose, &value, path);
    }

    fn servers(&mut self, whose: &str, value: &Value, path: &Path) {
        for (name, server) in value.get("mcpServers").and_then(Value::as_object).into_iter().flatten() {
            self.add(Tab::Tools, format!("{whose}mcp:{name}"), &server_words(server), Watch::Change, path);
            if server.get("trust") == Some(&Value::Bool(true)) {
                let says = "its tools run without asking";
                self.add(Tab::Permissions, format!("{whose}mcp trust:{name}"), says, Watch::Rank(2), path);
            }
        }
    }

    fn permissions(&mut self, whose: &str, value: &Value, path: &Path) {
        let mode = settings::text(value, "general.defaultApprovalMode");
        if let Some(mode) = mode.or(whose.is_empty().then_some("default")) {
            let rank = match mode {
                "plan" => 0,
                "default" => 1,
                "auto_edit" => 2,
                _ => 3,
            };
            self.add(Tab::Permissions, format!("{whose}approval mode"), mode, Watch::Rank(rank), path);
        }
        let flags = [
            ("sandbox", "tools.sandbox", false),
            ("folder trust", "security.folderTrust.enabled", true),
            ("yolo mode disabled", "security.disableYoloMode", false),
        ];
        for (name, key, default) in flags {
            let default = Value::Bool(default);
            let set = settings::at(value, key).or(whose.is_empty().then_some(&default));
            let Some(set) = set else { continue };
            let is_off = matches!(set, Value::Bool(false) | Value::Null);
            let says = match set {
                Value::String(text) => text.as_str(),
                _ if is_off => "off",
                _ => "on",
            };
            self.add(Tab::Permissions, format!("{whose}{name}"), says, Watch::Rank(u8::from(is_off)), path);
        }
        for (name, key) in [("allowed", "tools.allowed"), ("core", "tools.core"), ("excluded", "tools.exclude")] {
            for tool in settings::at(value, key).and_then(Value::as_array).into_iter().flatten() {
                let Some(tool) = tool.as_str() else { continue };
                self.add(Tab::Permissions, format!("{whose}{name}:{tool}"), name, Watch::Change, path);
            }
        }
    }

    fn hooks(&mut self, whose: &str, value: &Value, path: &Path) {
        for (event, groups) in value.get("hooks").and_then(Value::as_object).into_iter().flatten() {
            for (number, group) in groups.as_array().into_iter().flatten().filter(|group| group.is_object()).enumerate()
            {
                let matcher = group.get("matcher").and_then(Value::as_str).unwrap_or("everything");
                let says = format!("for {matcher}; sha256 {}", short(&digest::of(group)));
                self.add(Tab::Permissions, format!("{whose}hook:{event}:{number}"), &says, Watch::Change, path);
            }
        }
    }

    fn trust(&mut self, path: &Path) {
        let Ok(Some(Value::Object(folders))) = settings::read(path) else { return };
        for (folder, level) in &folders {
            let level = level.as_str().unwrap_or("unknown");
            self.add(Tab::Permissions, format!("trust:{folder}"), level, Watch::Change, path);
        }
    }

    fn instructions(&mut self, whose: &str, path: &Path) {
        let Some(text) = disk::small_text(path, CONFIG_FILE_BYTES) else { return };
        let says = format!("{} bytes; sha256 {}", text.len(), short(&digest::sha256(text.as_bytes())));
        self.add(Tab::Files, format!("{whose}GEMINI.md"), &says, Watch::Change, path);
    }

    fn folders(&mut self, env: &Env, home: &Path) {
        for folder in paths::entries(&home.join("extensions")) {
            let path = folder.join("gemini-extension.json");
            let Ok(Some(value)) = settings::read(&path) else { continue };
            let version = settings::text(&value, "version").unwrap_or("of unknown version");
            let name = paths::name(&folder);
            self.add(Tab::Skills, format!("extension:{name}"), version, Watch::Change, &path);
            self.servers(&format!("extension {name}: "), &value, &path);
        }
        for skill in paths::entries(&home.join("skills")) {
            self.file("skill:", &paths::name(&skill), Tab::Skills, &skill.join("SKILL.md"));
        }
        for (kind, folder, extension) in [("agent:", "agents", "md"), ("command:", "commands", "toml")] {
            for path in paths::entries(&home.join(folder)) {
                if paths::has_extension(&path, extension) {
                    self.file(kind, &stem(&path), Tab::Skills, &path);
                }
            }
        }
        for (whose, folder) in [("", home.join("policies")), ("machine: ", paths::system(env).join("policies"))] {
            for path in paths::entries(&folder) {
                if paths::has_extension(&path, "toml") {
                    self.file(&format!("{whose}policy:"), &stem(&path), Tab::Permissions, &path);
                }
            }
        }
    }

    fn file(&mut self, kind: &str, name: &str, tab: Tab, path: &Path) {
        let Some(text) = disk::small_text(path, CONFIG_FILE_BYTES) else { return };
        let says = format!("sha256 {}", short(&digest::sha256(text.as_bytes())));
        self.add(tab, format!("{kind}{name}"), &says, Watch::Change, path);
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// How a server is reached, without anything that may be a secret.
fn server_words(server: &Value) -> String {
    let text = |name: &str| server.get(name).and_then(Value::as_str);
    let mut words = if let Some(command) = text("command") {
        let arguments = server.get("args").filter(|all| all.as_array().is_some_and(|all| !all.is_empty()));
        let arguments = arguments.map(|all| format!(" with arguments sha256 {}", short(&digest::of(all))));
        format!("runs {command}{}", arguments.unwrap_or_default())
    } else if let Some(url) = text("httpUrl").or_else(|| text("url")) {
        format!("at {}", plain_url(url))
    } else {
        "neither a program nor an address".to_owned()
    };
    for (name, kind) in [("env", "environment"), ("headers", "headers")] {
        let names: Vec<&str> =
            server.get(name).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            words = format!("{words}; {kind} {}", names.join(", "));
        }
    }
    words
}

/// An address without the user, the query and the fragment, any of which may be a secret.
fn plain_url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}/{path}")
        }
        None => "an address that is none".to_owned(),
    }
}
