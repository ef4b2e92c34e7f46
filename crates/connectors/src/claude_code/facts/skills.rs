//! Plugins and what comes with them, skills, commands and sub-agents.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::permissions::{handlers, kind, started};
use super::{Facts, Settings, entries, folders, json, mark, short};
use crate::disk;
use crate::facts::{Tab, Watch};

/// Entries of one folder that are looked at.
const FOLDER_ENTRIES: usize = 500;

/// One installed plugin.
pub(super) struct Plugin {
    /// `name@marketplace`.
    pub(super) id: String,
    pub(super) folder: PathBuf,
    pub(super) enabled: bool,
    version: String,
    scope: String,
    source: String,
}

/// Installed plugins; those the settings do not switch on are not enabled.
pub(super) fn plugins(home: &Path, settings: &[Settings]) -> Vec<Plugin> {
    let path = home.join("plugins").join("installed_plugins.json");
    let listed = json(&path);
    let mut plugins = Vec::new();
    for (id, installs) in entries(listed.get("plugins")) {
        for install in installs.as_array().into_iter().flatten() {
            let text = |key: &str| install.get(key).and_then(Value::as_str);
            let Some(folder) = text("installPath").map(PathBuf::from) else { continue };
            let on = |file: &Settings| file.get("/enabledPlugins").and_then(|on| on.get(id)).and_then(Value::as_bool);
            plugins.push(Plugin {
                id: id.clone(),
                folder,
                enabled: settings.iter().find_map(on).unwrap_or(false),
                version: text("version").unwrap_or("unknown").to_owned(),
                scope: text("scope").unwrap_or("unknown").to_owned(),
                source: path.display().to_string(),
            });
        }
    }
    plugins
}

pub(super) fn add(facts: &mut Facts, home: &Path, settings: &[Settings], projects: &[PathBuf]) {
    folder(facts, home, "", "", Watch::Change);
    for project in projects {
        for root in folders(project).into_iter().map(|root| root.join(".claude")).filter(|root| root != home) {
            folder(facts, &root, "", &format!(" (project, {})", project.display()), Watch::Change);
        }
    }
    for plugin in plugins(home, settings) {
        let state = if plugin.enabled { "enabled" } else { "not enabled" };
        let value = format!("{}, {state}, scope {}", plugin.version, plugin.scope);
        facts.add(Tab::Skills, format!("plugin:{}", plugin.id), value, &plugin.source, Watch::Change);
        if plugin.enabled {
            let prefix = plugin.id.split('@').next().unwrap_or_default();
            folder(facts, &plugin.folder, &format!("{prefix}:"), "", Watch::Change);
            plugin_hooks(facts, &plugin);
        }
    }
    for file in settings {
        for (name, place) in entries(file.get("/extraKnownMarketplaces")) {
            let source = place.get("source").unwrap_or(&Value::Null);
            let where_ = ["repo", "url", "path"].iter().find_map(|key| source.get(*key)?.as_str()).unwrap_or("unknown");
            let value = super::servers::plain_url(where_);
            facts.add(Tab::Skills, file.name(&format!("marketplace:{name}")), value, &file.source(), Watch::Change);
        }
    }
}

fn plugin_hooks(facts: &mut Facts, plugin: &Plugin) {
    let path = plugin.folder.join("hooks").join("hooks.json");
    let file = json(&path);
    for (event, groups) in entries(file.get("hooks")) {
        for (matcher, handler) in handlers(groups) {
            let name = format!("hook: {event} {matcher} {} (plugin {})", started(handler), plugin.id);
            facts.add(Tab::Permissions, name, kind(handler), &path.display().to_string(), Watch::Change);
        }
    }
}

/// Skills, commands and sub-agents of one folder.
fn folder(facts: &mut Facts, root: &Path, prefix: &str, suffix: &str, watch: Watch) {
    for path in listed(&root.join("skills")) {
        text(facts, "skill", &path.join("SKILL.md"), &stem(&path), (prefix, suffix), watch);
    }
    for (what, place) in [("agent", "agents"), ("command", "commands")] {
        for path in listed(&root.join(place)).into_iter().filter(|path| path.extension().is_some_and(|end| end == "md"))
        {
            text(facts, what, &path, &stem(&path), (prefix, suffix), watch);
        }
    }
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(FOLDER_ENTRIES);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn text(facts: &mut Facts, what: &str, path: &Path, name: &str, (prefix, suffix): (&str, &str), watch: Watch) {
    let Some(text) = disk::read_text(path).ok().and_then(|disk| disk.text) else { return };
    let says = short(&description(&text));
    let value = format!("{says} ({})", mark(text.as_bytes()));
    let name = format!("{what}:{prefix}{name}{suffix}");
    facts.add(Tab::Skills, name, value.trim_start(), &path.display().to_string(), watch);
}

/// The `description` of a text's front matter, when it is on one line.
fn description(text: &str) -> String {
    let lines = text.lines().skip_while(|line| line.trim() != "---").skip(1);
    let own = lines.take_while(|line| line.trim() != "---").find_map(|line| line.strip_prefix("description:"));
    own.map(|words| words.trim().trim_matches(['"', '\'']).to_owned()).unwrap_or_default()
}
