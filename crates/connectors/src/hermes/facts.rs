//! What a home is configured to do, from its settings, those of the machine that win over them, and the files around
//! them. Of `.env` only the two switches of [`super::switches`], never `auth.json`, and never a value that could be a
//! secret.

use std::path::Path;

use clawbutler_core::digest::sha256;
use clawbutler_core::limits::FACTS;
use serde_json::Value;

use super::version::Version;
use super::yaml::{Kind, Node};
use super::{discover, paths, plugin, status, switches};
use crate::disk;
use crate::env::Env;
use crate::facts::{Fact, Tab, Watch};
use crate::words::{address, safe_words};

/// Largest file that is read for facts (bytes).
const FILE_BYTES: u64 = 1024 * 1024;
/// Longest value shown (characters).
const SHOWN: usize = 200;

/// Collects facts of one source.
struct Facts {
    all: Vec<Fact>,
    source: String,
}

impl Facts {
    fn add(&mut self, tab: Tab, name: impl Into<String>, value: impl Into<String>, watch: Watch) {
        let value: String = value.into();
        let value = value.chars().take(SHOWN).collect();
        self.all.push(Fact { tab, name: name.into(), value, source: self.source.clone(), watch });
    }
}

/// See [`crate::connector::Connector::facts`].
pub(super) fn facts(env: &Env, home: &Path) -> Vec<Fact> {
    let config = paths::config(home);
    let mut facts = Facts { all: Vec::new(), source: config.display().to_string() };
    let version = version(env, home);
    match status::settings(&config) {
        Ok(tree) => {
            let tree = under_machine(env, &mut facts, tree);
            overview(&mut facts, &tree);
            permissions(&mut facts, &tree, version);
            tools(&mut facts, &tree);
            plugins(&mut facts, &tree);
            channels(&mut facts, &tree);
        }
        Err(why) => facts.add(Tab::Overview, "settings", why, Watch::Change),
    }
    if let Some(version) = version {
        "the installed package".clone_into(&mut facts.source);
        let [major, minor, patch] = version.0;
        facts.add(Tab::Overview, "version", format!("{major}.{minor}.{patch}"), Watch::No);
    }
    prompts(env, &mut facts, home);
    skills(&mut facts, home);
    files(&mut facts, home);
    schedules(&mut facts, home);
    gateway(&mut facts, home);
    consents(&mut facts, home);
    facts.all.truncate(FACTS);
    facts.all
}

/// The settings as Hermes takes them: the machine's own win, value by value.
fn under_machine(env: &Env, facts: &mut Facts, own: Node) -> Node {
    let path = paths::machine_config(env);
    match status::settings(&path) {
        Ok(machine) if !machine.entries().is_empty() => {
            facts.source = format!("{}, under {}", facts.source, path.display());
            own.under(machine)
        }
        // Hermes, too, leaves out what it cannot read there.
        Ok(_) | Err(_) => own,
    }
}

/// A switch in `.env` by which no process of the home shows a prompt of Hermes.
fn prompts(env: &Env, facts: &mut Facts, home: &Path) {
    if let Some(file) = switches::on_in(env, home, switches::YOLO) {
        facts.source = file.display().to_string();
        facts.add(Tab::Permissions, switches::YOLO, "on: Hermes asks about nothing by itself", Watch::Rank(3));
    }
}

/// The version that works in this home: as announced, else the newest installed.
fn version(env: &Env, home: &Path) -> Option<Version> {
    let said = plugin::announced(home).into_iter().filter_map(|one| Version::parse(one.hermes.as_deref()?)).max();
    said.or_else(|| {
        let installs = discover::discover(env, &[]).installs;
        installs.iter().filter_map(|install| Version::parse(install.version.as_deref()?)).max()
    })
}

/// A value for people: text, or how much of what.
fn shown(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "nothing".to_owned(),
        Kind::Scalar { text, .. } => text.clone(),
        Kind::List { items, .. } => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Kind::Map { entries, .. } => format!("{} settings", entries.len()),
    }
}

fn overview(facts: &mut Facts, tree: &Node) {
    let model = tree.get(&["model"]);
    let name = model.and_then(|model| model.text().or_else(|| model.get(&["default"])?.text()));
    if let Some(name) = name {
        facts.add(Tab::Overview, "model", name, Watch::Change);
    }
    if let Some(provider) = tree.get(&["model", "provider"]).and_then(Node::text) {
        facts.add(Tab::Overview, "provider", provider, Watch::Change);
    }
    if let Some(url) = tree.get(&["model", "base_url"]).and_then(Node::text) {
        facts.add(Tab::Overview, "model address", address(url), Watch::Change);
    }
    for (name, path) in [("profile", &["profile"][..]), ("sub-agent model", &["delegation", "model"])] {
        if let Some(value) = tree.get(path).and_then(Node::text) {
            facts.add(Tab::Overview, name, value, Watch::No);
        }
    }
}

/// The words with which Hermes lets calls run that nobody was asked about.
const APPROVES: [(&str, u8); 4] = [("approve", 2), ("off", 2), ("allow", 2), ("yes", 2)];

/// What the guard says of a process that skips every prompt of Hermes.
pub(super) const YOLO: &str = "yolo";

/// How much a mode lets run unasked. Hermes takes a word it does not know for `manual`; what the guard says beyond that is
/// none of its settings.
pub(super) fn looseness(mode: &str) -> u8 {
    match mode.trim().to_lowercase().as_str() {
        YOLO => 4,
        "off" => 3,
        "smart" => 1,
        _ => 0,
    }
}

/// The approval mode in the settings, and whether that is the default.
fn approval_mode(tree: &Node, version: Option<Version>) -> (String, bool) {
    let mode = tree.get(&["approvals", "mode"]);
    // YAML reads a bare `off` as false, which Hermes takes for off.
    let word = mode.map(|node| if node.truth() == Some(false) { "off".to_owned() } else { shown(node) });
    let by_default = if version.is_none_or(|version| version >= Version([0, 19, 0])) { "smart" } else { "manual" };
    word.map_or((by_default.to_owned(), true), |word| (word, false))
}

/// How sessions of a home are set where nobody asks for something else.
pub(super) fn mode(env: &Env, home: &Path) -> String {
    if switches::on_in(env, home, switches::YOLO).is_some() {
        return YOLO.to_owned();
    }
    let own = status::settings(&paths::config(home)).unwrap_or_else(|_| Node::nothing());
    let machine = status::settings(&paths::machine_config(env)).unwrap_or_else(|_| Node::nothing());
    let tree = if machine.entries().is_empty() { own } else { own.under(machine) };
    approval_mode(&tree, version(env, home)).0
}

fn permissions(facts: &mut Facts, tree: &Node, version: Option<Version>) {
    let (word, by_default) = approval_mode(tree, version);
    let how = if by_default { " (the default)" } else { "" };
    facts.add(Tab::Permissions, "approval mode", format!("{word}{how}"), Watch::Rank(looseness(&word)));
    type Ranked<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, u8)]);
    let ranked: &[Ranked<'_>] = &[
        ("approval of scheduled jobs", &["approvals", "cron_mode"], &APPROVES),
        ("approval of single questions", &["approvals", "single_query_mode"], &APPROVES),
        ("approval when unattended", &["approvals", "unattended_mode"], &APPROVES),
        ("where commands run", &["terminal", "backend"], &[("local", 1)]),
    ];
    for (name, path, ranks) in ranked {
        if let Some(word) = tree.get(path).and_then(Node::text) {
            let meant = word.trim().to_lowercase();
            let rank = ranks.iter().find(|(loose, _)| *loose == meant).map_or(0, |(_, rank)| *rank);
            facts.add(Tab::Permissions, *name, word, Watch::Rank(rank));
        }
    }
    let loose: &[(&str, &[&str], bool)] = &[
        ("sub-agents approve themselves", &["delegation", "subagent_auto_approve"], true),
        ("shell hooks run without consent", &["hooks_auto_accept"], true),
        ("command scanner", &["security", "tirith_enabled"], false),
        ("packages installed on demand", &["security", "allow_lazy_installs"], true),
        ("secrets hidden in output", &["security", "redact_secrets"], false),
    ];
    for (name, path, loose) in loose {
        if let Some(value) = tree.get(path).and_then(Node::truth) {
            let words = if value { "yes" } else { "no" };
            facts.add(Tab::Permissions, *name, words, Watch::Rank(u8::from(value == *loose)));
        }
    }
    if let Some(transport) = tree.get(&["security", "approval", "transport"]).and_then(Node::text) {
        facts.add(Tab::Permissions, "approval transport", transport, Watch::Change);
    }
    // What is always allowed is never asked about again: one more is looser. One less denied is a change.
    let lists: [(&[&str], &str, Watch); 2] = [
        (&["command_allowlist"], "always allowed", Watch::Rank(2)),
        (&["approvals", "deny"], "always denied", Watch::Change),
    ];
    for (list, name, watch) in lists {
        for item in tree.get(list).map(Node::items).unwrap_or_default().iter().filter_map(Node::text) {
            facts.add(Tab::Permissions, format!("{name}: {}", cut(item)), name, watch);
        }
    }
    for event in tree.get(&["hooks"]).map(Node::entries).unwrap_or_default() {
        for (at, hook) in event.value.items().iter().enumerate() {
            let command = hook.get(&["command"]).and_then(Node::text).map_or_else(|| shown(hook), safe_words);
            facts.add(Tab::Permissions, format!("shell hook: {} {}", event.key, at + 1), command, Watch::Change);
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// As many whole words as are shown: half a key would not be known as one.
fn whole_words(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => text[..end].rsplit_once(' ').map_or("", |(whole, _)| whole).to_owned(),
        None => text.to_owned(),
    }
}

fn tools(facts: &mut Facts, tree: &Node) {
    for server in tree.get(&["mcp_servers"]).map(Node::entries).unwrap_or_default() {
        let text = |name: &str| server.value.get(&[name]).and_then(Node::text);
        let off = server.value.get(&["enabled"]).and_then(Node::truth) == Some(false);
        let args = server.value.get(&["args"]).map(Node::items).unwrap_or_default();
        let args: Vec<&str> = args.iter().filter_map(Node::text).collect();
        let how = match (text("command"), text("url")) {
            (Some(command), _) => safe_words(&format!("{command} {}", args.join(" "))),
            (None, Some(url)) => address(url),
            (None, None) => "neither a command nor an address".to_owned(),
        };
        let state = if off { " (switched off)" } else { "" };
        facts.add(Tab::Tools, format!("mcp:{}", cut(&server.key)), format!("{how}{state}"), Watch::Change);
    }
    if let Some(sets) = tree.get(&["toolsets"]) {
        facts.add(Tab::Tools, "toolsets", shown(sets), Watch::Change);
    }
    for platform in tree.get(&["platform_toolsets"]).map(Node::entries).unwrap_or_default() {
        facts.add(Tab::Tools, format!("toolsets: {}", cut(&platform.key)), shown(&platform.value), Watch::Change);
    }
}

fn plugins(facts: &mut Facts, tree: &Node) {
    for (list, state) in [("enabled", "enabled"), ("disabled", "disabled")] {
        for name in tree.get(&["plugins", list]).map(Node::items).unwrap_or_default().iter().filter_map(Node::text) {
            facts.add(Tab::Skills, format!("plugin:{} ({state})", cut(name)), state, Watch::Change);
        }
    }
    for entry in tree.get(&["plugins", "entries"]).map(Node::entries).unwrap_or_default() {
        if let Some(may) = entry.value.get(&["allow_tool_override"]).and_then(Node::truth) {
            let words = if may { "may replace built-in tools" } else { "may not replace built-in tools" };
            facts.add(Tab::Skills, format!("plugin rights:{}", cut(&entry.key)), words, Watch::Rank(u8::from(may)));
        }
    }
}

fn channels(facts: &mut Facts, tree: &Node) {
    for platform in tree.get(&["platforms"]).map(Node::entries).unwrap_or_default() {
        let on = platform.value.get(&["enabled"]).and_then(Node::truth);
        let words = match on {
            Some(true) => "enabled",
            Some(false) => "switched off",
            None => "configured",
        };
        facts.add(Tab::Channels, format!("channel:{}", cut(&platform.key)), words, Watch::Change);
    }
}

/// What a gateway last wrote about its channels; it does not say whether the gateway still runs.
fn gateway(facts: &mut Facts, home: &Path) {
    let path = home.join("gateway_state.json");
    let Some(value) = json(&path) else { return };
    facts.source = path.display().to_string();
    for (name, platform) in value.get("platforms").and_then(Value::as_object).into_iter().flatten().take(100) {
        let state = platform.get("state").and_then(Value::as_str).unwrap_or("unknown");
        facts.add(Tab::Channels, format!("last seen:{}", cut(name)), cut(state), Watch::No);
    }
}

fn consents(facts: &mut Facts, home: &Path) {
    let path = home.join("shell-hooks-allowlist.json");
    let Some(value) = json(&path) else { return };
    facts.source = path.display().to_string();
    for (at, one) in value.get("approvals").and_then(Value::as_array).into_iter().flatten().take(100).enumerate() {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = format!("shell hook consent: {} {}", cut(text("event")), at + 1);
        facts.add(Tab::Permissions, name, safe_words(text("command")), Watch::Change);
    }
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_str(&disk::small_text(path, FILE_BYTES)?).ok()
}

fn skills(facts: &mut Facts, home: &Path) {
    let folder = home.join("skills");
    facts.source = folder.display().to_string();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for one in disk::folders(&folder, |name| !name.starts_with('.')) {
        let inner = disk::folders(&one, |name| !name.starts_with('.'));
        let (alone, in_group) =
            (one.join("SKILL.md"), inner.into_iter().filter(|inner| inner.join("SKILL.md").is_file()));
        if alone.is_file() {
            facts.add(Tab::Skills, format!("skill:{}", name(&one)), fingerprint(&alone), Watch::Change);
        }
        for inner in in_group {
            let full = format!("skill:{}/{}", name(&one), name(&inner));
            facts.add(Tab::Skills, full, fingerprint(&inner.join("SKILL.md")), Watch::Change);
        }
    }
    let folder = home.join("plugins");
    facts.source = folder.display().to_string();
    for plugin in disk::folders(&folder, |name| !name.starts_with('.') && name != super::edit::NAME) {
        let code = fingerprint(&plugin.join("__init__.py"));
        facts.add(Tab::Skills, format!("plugin folder:{}", name(&plugin)), code, Watch::Change);
    }
}

/// Size and a digest: enough to see a change, nothing of the content.
fn fingerprint(path: &Path) -> String {
    match disk::small_text(path, FILE_BYTES) {
        Some(text) => format!("{} bytes, {}", text.len(), &sha256(text.as_bytes())[..12]),
        None => "unreadable".to_owned(),
    }
}

/// Digests of the texts that Hermes itself puts in `SOUL.md`: the one of 0.19.0, and the two it knows as older.
const SOULS: [&str; 3] = [
    "2765a846e1bb371d78d3b93b403dfb0f8d1ba1a9895edb5f608367abfe81194d",
    "82fa3438d86f8b95c6e96be89d853c8b561b3e6973ed61c90e70e0231dd24a7e",
    "6bc146a50e8fe3bd555e89a77e93af1f781cece8cf549f0d7a02ee2389811c72",
];

/// Whether nobody ever wrote anything in it. Hermes compares in the same way, whatever the line ends.
fn as_shipped(soul: &Path) -> bool {
    let text = disk::small_text(soul, FILE_BYTES).map(|text| text.replace("\r\n", "\n"));
    text.is_some_and(|text| SOULS.contains(&sha256(text.trim().as_bytes()).as_str()))
}

fn files(facts: &mut Facts, home: &Path) {
    facts.source = home.display().to_string();
    let mut paths: Vec<_> = ["SOUL.md", "AGENTS.md", "HERMES.md"].iter().map(|name| home.join(name)).collect();
    let memories = std::fs::read_dir(home.join("memories")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut memories: Vec<_> =
        memories.filter(|path| path.extension().is_some_and(|end| end == "md")).take(200).collect();
    memories.sort();
    paths.extend(memories);
    for path in paths.into_iter().filter(|path| path.is_file()) {
        let name = path.strip_prefix(home).unwrap_or(&path).display().to_string();
        if name == "SOUL.md" && as_shipped(&path) {
            facts.add(Tab::Files, name, "as Hermes writes it at its first start", Watch::No);
        } else {
            facts.add(Tab::Files, name, fingerprint(&path), Watch::Change);
        }
    }
}

fn schedules(facts: &mut Facts, home: &Path) {
    let path = home.join("cron").join("jobs.json");
    facts.source = path.display().to_string();
    let jobs = json(&path).and_then(|value| value.get("jobs").and_then(Value::as_array).cloned()).unwrap_or_default();
    for job in jobs.iter().take(500) {
        let text = |name: &str| job.get(name).and_then(Value::as_str).unwrap_or_default();
        let what = if job.get("no_agent") == Some(&Value::Bool(true)) {
            // Its script runs without any hook.
            "runs a script without the guard"
        } else {
            "runs an agent"
        };
        // Hermes itself switches off what ran as often as it should; that is no change of the job.
        let off = job.get("enabled") == Some(&Value::Bool(false)) && text("state") != "completed";
        let paused = if off { ", switched off" } else { "" };
        let job_text = sha256(format!("{}\0{}", text("prompt"), text("script")).as_bytes());
        let (name, when) = (cut(text("name")), cut(text("schedule_display")));
        let value = format!("{name}: {what}, {when}{paused}, {}", &job_text[..12]);
        facts.add(Tab::Schedules, format!("job:{}", cut(text("id"))), value, Watch::Change);
        if !text("last_run_at").is_empty() {
            // What went wrong is in the client's own words, which are masked before they are shown.
            let because = |name: &str| match text(name).split_whitespace().collect::<Vec<_>>().join(" ") {
                why if why.is_empty() => why,
                why => format!(": {why}"),
            };
            let lost = because("last_delivery_error");
            let lost = if lost.is_empty() { lost } else { format!(", not delivered{lost}") };
            let run = format!("{}, {}{}{lost}", text("last_status"), text("last_run_at"), because("last_error"));
            let run = whole_words(&run);
            facts.add(Tab::Schedules, format!("last run of {}", cut(text("id"))), run, Watch::No);
        }
        // A job that is off keeps the time it would have run at.
        if !off && !text("next_run_at").is_empty() {
            let next = cut(text("next_run_at"));
            facts.add(Tab::Schedules, format!("next run of {}", cut(text("id"))), next, Watch::No);
        }
    }
}
