//! What a home of Claude Code is configured to do, read from its files without running it.
//!
//! Shapes were taken from what 2.1.330 itself wrote (`claude mcp add`, `claude plugin install`). Values of
//! environment variables and headers are never read into a fact; what follows a secret-looking option is left out.

mod permissions;
mod servers;
mod skills;

use std::path::{Path, PathBuf};

use clawbutler_core::digest::sha256;
use clawbutler_core::limits::FACTS;
use serde_json::Value;

use super::validity::{self, Seen};
use super::version::Version;
use super::{discover, jobs, paths, sessions};
use crate::disk;
use crate::env::Env;
use crate::facts::{Can, Capabilities, Check, Fact, Health, Tab, Watch};

/// Characters of a text of someone else that a fact shows.
const SHOWN: usize = 300;

/// See [`crate::connector::Connector::capabilities`].
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    observe: Can::Yes(
        "Sessions from the client's own registry, what happens in them from its transcripts and from the hooks.",
    ),
    price: Can::Partly(
        "Tokens of every answer times the client's list prices; what compaction costs is only in the total the client writes at the end.",
    ),
    ask: Can::Yes(
        "Every tool call in every permission mode is held by the hook until a person decides, for up to 55 minutes.",
    ),
    block: Can::Partly(
        "Every tool call of every session that reads the guard; not what a person types (`!` commands, `@` files), and not sessions started with `--bare` or `--safe-mode` unless the guard is machine-wide.",
    ),
    pause: Can::Partly("Each tool call can be held for up to 55 minutes; between two calls a session cannot be held."),
    kill: Can::Partly(
        "Sessions with a process in this home's registry, on systems where that process can be told for sure; sessions in the cloud or on another machine are not reached.",
    ),
    resume: Can::Partly(
        "A held call goes on when it is answered; an ended session is resumed by a person with `claude --resume`.",
    ),
    configure: Can::Partly("The guard's own entries in the settings file; everything else is shown, not edited."),
};

/// A settings file in force for a home.
pub(super) struct Settings {
    /// `managed`, `user`, `project` or `local`.
    pub(super) scope: &'static str,
    /// The project whose file it is.
    pub(super) project: Option<PathBuf>,
    pub(super) path: PathBuf,
    pub(super) value: Value,
}

impl Settings {
    /// A fact's name, unique over all files: a project's own says so.
    pub(super) fn name(&self, name: &str) -> String {
        match (&self.project, self.scope) {
            (Some(project), scope) => format!("{name} ({scope}, {})", project.display()),
            (None, "managed") => format!("{name} (managed)"),
            (None, _) => name.to_owned(),
        }
    }

    pub(super) fn source(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }
}

/// Facts in the making.
#[derive(Default)]
pub(super) struct Facts(Vec<Fact>);

impl Facts {
    pub(super) fn done(self) -> Vec<Fact> {
        self.0
    }

    pub(super) fn add(
        &mut self,
        tab: Tab,
        name: impl Into<String>,
        value: impl Into<String>,
        source: &str,
        watch: Watch,
    ) {
        let (name, value): (String, String) = (name.into(), value.into());
        let taken = self.0.iter().any(|fact| fact.tab == tab && fact.name == name && fact.value == value);
        if self.0.len() < FACTS && !taken {
            self.0.push(Fact { tab, name: short(&name), value: short(&value), source: source.to_owned(), watch });
        }
    }
}

/// One line, at most [`SHOWN`] characters; what is longer is cut and ends in its digest, so that a change shows.
pub(super) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let head: String = line.chars().take(SHOWN).collect();
    format!("{head}… ({})", mark(line.as_bytes()))
}

/// Tells one content from another.
pub(super) fn mark(bytes: &[u8]) -> String {
    sha256(bytes)[..12].to_owned()
}

/// A JSON file within bounds; null when it is missing or not understood.
pub(super) fn json(path: &Path) -> Value {
    let text = disk::read_text(path).ok().and_then(|disk| disk.text).unwrap_or_default();
    serde_json::from_str(disk::split_bom(&text).1).unwrap_or(Value::Null)
}

/// Entries of an object, in order of their names; none of anything else.
pub(super) fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// Texts of a list.
pub(super) fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Where a project's files are looked for: its own folder and its repository's root.
pub(super) fn folders(project: &Path) -> Vec<PathBuf> {
    let root = project.ancestors().find(|folder| folder.join(".git").exists());
    disk::unique([project].into_iter().chain(root).map(Path::to_owned).collect())
}

fn all_settings(env: &Env, home: &Path, projects: &[PathBuf]) -> Vec<Settings> {
    let mut files = Vec::new();
    let mut add = |scope, project: Option<&PathBuf>, path: PathBuf| {
        let text = disk::read_text(&path).ok().and_then(|disk| disk.text);
        // A file the client ignores configures nothing; the checks say so.
        if let Some(Seen::Applies(value)) = text.map(|text| validity::seen(&text)) {
            files.push(Settings { scope, project: project.cloned(), path, value });
        }
    };
    for path in paths::managed_files(env) {
        add("managed", None, path);
    }
    add("user", None, paths::settings(home));
    for project in projects {
        for folder in folders(project) {
            // The default home is not a project of itself.
            let folder = folder.join(".claude");
            if folder != home {
                add("project", Some(project), folder.join("settings.json"));
                add("local", Some(project), folder.join("settings.local.json"));
            }
        }
    }
    files
}

/// See [`crate::connector::Connector::facts`].
pub(super) fn facts(env: &Env, home: &Path, projects: &[PathBuf]) -> Vec<Fact> {
    let projects = disk::unique(projects.to_vec());
    let settings = all_settings(env, home, &projects);
    let state_path = paths::state(env, home);
    let state = json(&state_path);
    let mut facts = Facts::default();
    let version = version(env, home);
    overview(&mut facts, &settings, &state, &state_path, version.as_ref());
    usage(&mut facts, &state, &state_path, &projects);
    servers::add(&mut facts, env, home, &settings, (&state, &state_path), &projects);
    skills::add(&mut facts, home, &settings, &projects);
    permissions::add(&mut facts, &settings, version.as_ref().and_then(|(version, _)| Version::parse(version)));
    instructions(&mut facts, home, &projects);
    jobs::add(&mut facts, home);
    facts.done()
}

/// How loose the mode of a session is. Who leaves the plan mode did what it is for.
pub(super) fn looseness(mode: &str) -> u8 {
    permissions::rank(mode).max(permissions::rank("default"))
}

/// The mode in which sessions of a home start where nobody asks for another one. What a project says is not the home's.
pub(super) fn configured_mode(env: &Env, home: &Path) -> String {
    let version = version(env, home);
    let version = version.as_ref().and_then(|(version, _)| Version::parse(version));
    permissions::configured(&all_settings(env, home, &[]), version).to_owned()
}

fn version(env: &Env, home: &Path) -> Option<(String, String)> {
    let running = sessions::live(env, home).into_iter().max_by_key(|session| session.started_at);
    if let Some(version) = running.and_then(|session| session.version) {
        return Some((version, "the newest session that runs".to_owned()));
    }
    let installs = discover::discover(env, &[home.to_owned()]).installs;
    installs.into_iter().find_map(|install| Some((install.version?, install.path.display().to_string())))
}

fn overview(facts: &mut Facts, settings: &[Settings], state: &Value, path: &Path, version: Option<&(String, String)>) {
    let from = path.display().to_string();
    if let Some((version, source)) = version {
        facts.add(Tab::Overview, "version", version, source, Watch::No);
    }
    let account = state.get("oauthAccount").filter(|account| account.is_object());
    let approved = state.pointer("/customApiKeyResponses/approved").and_then(Value::as_array);
    let kind = if let Some(account) = account {
        match account.get("billingType").and_then(Value::as_str) {
            Some(billing) => format!("Claude account ({billing})"),
            None => "Claude account".to_owned(),
        }
    } else if approved.is_some_and(|keys| !keys.is_empty()) {
        "API key from the environment".to_owned()
    } else {
        "none recorded".to_owned()
    };
    facts.add(Tab::Overview, "account kind", kind, &from, Watch::Change);
    for file in settings {
        let source = file.source();
        for (name, key) in [("model", "/model"), ("output style", "/outputStyle"), ("effort", "/effortLevel")] {
            if let Some(value) = file.get(key).and_then(Value::as_str) {
                facts.add(Tab::Overview, file.name(name), value, &source, Watch::No);
            }
        }
        for (provider, variable) in [
            ("Amazon Bedrock", "CLAUDE_CODE_USE_BEDROCK"),
            ("Google Vertex AI", "CLAUDE_CODE_USE_VERTEX"),
            ("Microsoft Foundry", "CLAUDE_CODE_USE_FOUNDRY"),
        ] {
            if file.get("/env").and_then(|env| env.get(variable)).is_some() {
                facts.add(Tab::Overview, file.name("provider"), provider, &source, Watch::Change);
            }
        }
    }
}

/// What the client itself wrote down of the last session of each project.
fn usage(facts: &mut Facts, state: &Value, path: &Path, projects: &[PathBuf]) {
    let from = path.display().to_string();
    for project in projects {
        let known = state.get("projects").and_then(|known| known.get(project.display().to_string()));
        let Some(known) = known else { continue };
        if let Some(cost) = known.get("lastCost").and_then(Value::as_f64) {
            let tokens = |key: &str| known.get(key).and_then(Value::as_u64).unwrap_or(0);
            let value = format!(
                "{cost} USD by the client's own prices, {} tokens in, {} out",
                tokens("lastTotalInputTokens"),
                tokens("lastTotalOutputTokens")
            );
            facts.add(Tab::Overview, format!("last session ({})", project.display()), value, &from, Watch::No);
        }
    }
}

fn instructions(facts: &mut Facts, home: &Path, projects: &[PathBuf]) {
    // Rules are read with the other instructions; an output style replaces a part of the client's own.
    let below = |folder: PathBuf, watch: Watch| {
        let all = ["rules", "output-styles"].map(|name| skills::texts_below(&folder.join(name)));
        all.into_iter().flatten().map(move |(_, path)| (path, watch)).collect::<Vec<_>>()
    };
    let own = [(home.join("CLAUDE.md"), Watch::Change)].into_iter().chain(below(home.to_owned(), Watch::Change));
    let theirs = projects.iter().flat_map(|project| folders(project)).flat_map(|folder| {
        let names = ["CLAUDE.md", "CLAUDE.local.md", ".claude/CLAUDE.md"].map(|name| (folder.join(name), Watch::No));
        names.into_iter().chain(below(folder.join(".claude"), Watch::No))
    });
    for (path, watch) in own.chain(theirs) {
        if let Some(text) = disk::read_text(&path).ok().and_then(|disk| disk.text) {
            let (name, size) = (path.display().to_string(), text.len());
            facts.add(Tab::Files, &name, format!("{size} bytes, {}", mark(text.as_bytes())), &name, watch);
        }
    }
}

/// See [`crate::connector::Connector::checks`].
pub(super) fn checks(env: &Env, home: &Path) -> Vec<Check> {
    let all = [client(env, home), settings(home), state(env, home), starting_mode(env, home)];
    all.into_iter().chain(background(home)).collect()
}

/// Only where something is wrong: most homes have no background sessions.
fn background(home: &Path) -> Option<Check> {
    let (jobs, unreadable) = jobs::unreadable(home);
    let says =
        format!("{unreadable} of {jobs} files of background sessions cannot be read, so their states are not known.");
    let fix = "Look at them with `claude agents`, and remove what it does not know.".to_owned();
    (unreadable > 0).then(|| check("background sessions", Health::Degraded, says, Some(fix)))
}

fn check(name: &'static str, health: Health, says: String, fix: Option<String>) -> Check {
    Check { name, health, says, fix }
}

fn client(env: &Env, home: &Path) -> Check {
    let installs = discover::discover(env, &[home.to_owned()]).installs;
    let Some(first) = installs.first() else {
        let fix = Some("Install Claude Code, or forget this home.".to_owned());
        return check("client", Health::Degraded, "No client was found that could use this home.".to_owned(), fix);
    };
    match installs.iter().find_map(|install| install.warning.clone()) {
        Some(warning) => check("client", Health::Degraded, warning, Some("Update Claude Code.".to_owned())),
        None => check("client", Health::Healthy, format!("Found at {}.", first.path.display()), None),
    }
}

fn settings(home: &Path) -> Check {
    let path = paths::settings(home);
    let fix = Some(format!("Correct {}.", path.display()));
    match disk::read_text(&path).map(|disk| disk.text.map(|text| validity::seen(&text))) {
        Ok(Some(Seen::Ignored(why))) => {
            check("settings", Health::Critical, format!("The client ignores its settings as a whole: {why}."), fix)
        }
        Ok(Some(Seen::Applies(_))) => check("settings", Health::Healthy, "The settings apply.".to_owned(), None),
        Ok(None) => check("settings", Health::Healthy, "There is no settings file; that is fine.".to_owned(), None),
        Err(error) => check("settings", Health::Critical, error.to_string(), Some(error.fix())),
    }
}

fn state(env: &Env, home: &Path) -> Check {
    let path = paths::state(env, home);
    let understood = match disk::read_text(&path) {
        Ok(disk) => disk.text.is_none_or(|text| serde_json::from_str::<Value>(&text).is_ok()),
        Err(_) => false,
    };
    if understood {
        return check("state", Health::Healthy, "The client's own state can be read.".to_owned(), None);
    }
    let says = format!("{} cannot be read, so servers and trust are not known.", path.display());
    check("state", Health::Degraded, says, Some("Start the client once; it repairs or replaces the file.".to_owned()))
}

fn starting_mode(env: &Env, home: &Path) -> Check {
    let mode = all_settings(env, home, &[]).iter().find_map(|file| {
        file.get("/permissions/defaultMode").and_then(Value::as_str).map(|mode| (mode.to_owned(), file.source()))
    });
    match mode {
        Some((mode, source)) if mode == "bypassPermissions" => check(
            "starting mode",
            Health::Degraded,
            format!("Sessions start in {mode} ({source}): the client itself asks about nothing."),
            Some("Choose another `permissions.defaultMode`; ClawButler's guard asks in either case.".to_owned()),
        ),
        Some((mode, _)) => check("starting mode", Health::Healthy, format!("Sessions start in {mode}."), None),
        None => check("starting mode", Health::Healthy, "Sessions start in the client's own mode.".to_owned(), None),
    }
}
