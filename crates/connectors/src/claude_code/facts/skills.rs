//! Plugins and what comes with them, skills, commands and sub-agents.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::permissions::{handlers, kind, started};
use super::{Facts, Settings, entries, folders, json, mark, short};
use crate::disk;
use crate::facts::{Tab, Watch};

/// Entries of one folder that are looked at, and folders inside each other.
const FOLDER_ENTRIES: usize = 500;
const DEPTH: usize = 4;

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
    let markets = json(&home.join("plugins").join("known_marketplaces.json"));
    let mut plugins = Vec::new();
    for (id, installs) in entries(listed.get("plugins")) {
        for install in installs.as_array().into_iter().flatten() {
            let text = |key: &str| install.get(key).and_then(Value::as_str);
            let Some(copy) = text("installPath").map(PathBuf::from) else { continue };
            let folder = loaded_from(&markets, id).unwrap_or(copy);
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

/// Where a plugin of a marketplace that is a folder of this machine lies: the client loads it from there, not from the
/// copy that it made when the plugin was installed.
fn loaded_from(markets: &Value, id: &str) -> Option<PathBuf> {
    let (name, market) = id.rsplit_once('@')?;
    let market = markets.get(market)?;
    market.get("source").filter(|source| source.get("source").is_some_and(|kind| kind == "directory"))?;
    let root = PathBuf::from(market.get("installLocation")?.as_str()?);
    let listed = json(&root.join(".claude-plugin").join("marketplace.json"));
    let one = listed.get("plugins")?.as_array()?.iter().find(|one| one.get("name").is_some_and(|own| own == name))?;
    inside(&root, one.get("source")?.as_str()?).filter(|folder| folder.is_dir())
}

/// A path as a plugin's files write it, below a folder; none that leads out of it.
fn inside(folder: &Path, place: &str) -> Option<PathBuf> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let place = Path::new(place);
    place.components().all(plain).then(|| folder.join(place))
}

/// What a plugin's manifest says under a name, and what the files say that it names there, each with its file.
pub(super) fn declared(plugin: &Plugin, name: &str) -> Vec<(Value, PathBuf)> {
    let manifest = plugin.folder.join(".claude-plugin").join("plugin.json");
    let said = json(&manifest).get(name).cloned().unwrap_or_default();
    let all = if let Value::Array(all) = said { all } else { vec![said] };
    let one = |value: Value| match &value {
        Value::String(place) => inside(&plugin.folder, place).map(|path| (json(&path), path)),
        Value::Object(_) => Some((value, manifest.clone())),
        _ => None,
    };
    all.into_iter().take(FOLDER_ENTRIES).filter_map(one).collect()
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
    let all = declared(plugin, "hooks").into_iter().chain([(json(&path), path)]);
    for (file, path) in all {
        for (event, groups) in entries(Some(file.get("hooks").unwrap_or(&file))) {
            for (matcher, handler) in handlers(groups) {
                let name = format!("hook: {event} {matcher} {} (plugin {})", started(handler), plugin.id);
                facts.add(Tab::Permissions, name, kind(handler), &path.display().to_string(), Watch::Change);
            }
        }
    }
}

/// Skills, commands and sub-agents of one folder.
fn folder(facts: &mut Facts, root: &Path, prefix: &str, suffix: &str, watch: Watch) {
    for path in listed(&root.join("skills")) {
        text(facts, "skill", &path.join("SKILL.md"), &stem(&path), (prefix, suffix), watch);
    }
    for (what, place) in [("agent", "agents"), ("command", "commands")] {
        // Those in folders go by their folders' names too.
        for (name, path) in texts_below(&root.join(place)) {
            text(facts, what, &path, &name, (prefix, suffix), watch);
        }
    }
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(FOLDER_ENTRIES);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Texts of a folder and of those in it, each with its name: `folder:file`.
pub(super) fn texts_below(folder: &Path) -> Vec<(String, PathBuf)> {
    let (mut found, mut looked) = (Vec::new(), 0);
    let mut open = vec![(String::new(), folder.to_owned(), DEPTH)];
    while let Some((prefix, folder, depth)) = open.pop() {
        looked += 1;
        for path in listed(&folder).into_iter().take_while(|_| looked < FOLDER_ENTRIES) {
            let name = format!("{prefix}{}", stem(&path));
            if path.is_dir() && depth > 1 {
                open.push((format!("{name}:"), path, depth - 1));
            } else if path.extension().is_some_and(|end| end == "md") && found.len() < FOLDER_ENTRIES {
                found.push((name, path));
            }
        }
    }
    found
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
