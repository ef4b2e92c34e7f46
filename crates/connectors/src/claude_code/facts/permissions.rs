//! Permission rules, modes, sandbox, hooks of others, and programs that settings start.

use serde_json::Value;

use super::super::entries as ours;
use super::super::version::Version;
use super::servers::{command_line, plain_url};
use super::{Facts, Settings, entries, mark, texts};
use crate::facts::{Tab, Watch};

/// From here on sessions start in `auto` when nothing else is said.
const AUTO_IS_DEFAULT: &str = "2.1.228";

/// The mode in which sessions start.
const MODE: &str = "/permissions/defaultMode";

/// How much a mode lets run without asking; a mode nobody knows counts as the loosest.
pub(super) fn rank(mode: &str) -> u8 {
    match mode {
        "plan" => 0,
        "default" | "manual" | "dontAsk" => 1,
        "acceptEdits" => 2,
        "auto" => 3,
        _ => 4,
    }
}

/// The mode that these settings, the strongest first, or the client itself begin with.
pub(super) fn configured(settings: &[Settings], version: Option<Version>) -> &str {
    let said = settings.iter().find_map(|file| file.get(MODE).and_then(Value::as_str));
    said.unwrap_or_else(|| own_mode(version))
}

fn own_mode(version: Option<Version>) -> &'static str {
    let old = version.is_some_and(|version| Version::parse(AUTO_IS_DEFAULT).is_some_and(|auto| version < auto));
    if old { "default" } else { "auto" }
}

pub(super) fn add(facts: &mut Facts, settings: &[Settings], version: Option<Version>) {
    starting_mode(facts, settings, version);
    sandbox(facts, settings);
    for file in settings {
        let source = file.source();
        for (word, key) in [("allow", "/permissions/allow"), ("ask", "/permissions/ask"), ("deny", "/permissions/deny")]
        {
            for rule in texts(file.get(key)) {
                facts.add(Tab::Permissions, file.name(&format!("{word}: {rule}")), word, &source, Watch::Change);
            }
        }
        for folder in texts(file.get("/permissions/additionalDirectories")) {
            let name = file.name(&format!("folder: {folder}"));
            facts.add(Tab::Permissions, name, "may be worked in", &source, Watch::Change);
        }
        switches(facts, file, &source);
        hooks(facts, file, &source);
        for (name, key) in [("status line", "/statusLine/command"), ("API key helper", "/apiKeyHelper")] {
            if let Some(command) = file.get(key).and_then(Value::as_str) {
                facts.add(Tab::Permissions, file.name(name), text_of(command), &source, Watch::Change);
            }
        }
        for (name, _) in entries(file.get("/env")) {
            let name = file.name(&format!("variable: {name}"));
            facts.add(Tab::Permissions, name, "is set for every command", &source, Watch::Change);
        }
        if file.scope == "managed" {
            let value = format!("in force, {}", mark(file.value.to_string().as_bytes()));
            facts.add(Tab::Permissions, format!("managed settings: {source}"), value, &source, Watch::Change);
        }
    }
}

fn starting_mode(facts: &mut Facts, settings: &[Settings], version: Option<Version>) {
    let mut said = false;
    for file in settings {
        if let Some(mode) = file.get(MODE).and_then(Value::as_str) {
            said |= file.project.is_none();
            facts.add(Tab::Permissions, file.name("permission mode"), mode, &file.source(), Watch::Rank(rank(mode)));
        }
    }
    if !said {
        let mode = own_mode(version);
        let value = format!("{mode} (the client's own)");
        facts.add(Tab::Permissions, "permission mode", value, "the client's version", Watch::Rank(rank(mode)));
    }
}

/// Where nothing is said there is no sandbox, and commands may leave the one there is.
fn sandbox(facts: &mut Facts, settings: &[Settings]) {
    for (name, key, loose) in [
        ("sandbox", "/sandbox/enabled", false),
        ("commands may leave the sandbox", "/sandbox/allowUnsandboxedCommands", true),
    ] {
        let mut said = false;
        for file in settings {
            if let Some(state) = file.get(key).and_then(Value::as_bool) {
                said |= file.project.is_none();
                let word = if state { "on" } else { "off" };
                let watch = Watch::Rank(u8::from(state == loose));
                facts.add(Tab::Permissions, file.name(name), word, &file.source(), watch);
            }
        }
        if !said {
            let word = if loose { "on (the client's own)" } else { "off (the client's own)" };
            facts.add(Tab::Permissions, name, word, "no settings file says otherwise", Watch::Rank(1));
        }
    }
}

/// Switches of which one position is looser.
fn switches(facts: &mut Facts, file: &Settings, source: &str) {
    let on = |key: &str| file.get(key).and_then(Value::as_bool);
    let loose_when = [
        ("commands in the sandbox run unasked", "/sandbox/autoAllowBashIfSandboxed", true),
        ("all hooks are off", "/disableAllHooks", true),
        ("servers of projects start unasked", "/enableAllProjectMcpServers", true),
        ("the warning before bypass is off", "/skipDangerousModePermissionPrompt", true),
    ];
    for (name, key, loose) in loose_when {
        if let Some(state) = on(key) {
            let word = if state { "on" } else { "off" };
            facts.add(Tab::Permissions, file.name(name), word, source, Watch::Rank(u8::from(state == loose)));
        }
    }
    for (name, key) in [
        ("bypass mode is forbidden", "/permissions/disableBypassPermissionsMode"),
        ("auto mode is forbidden", "/permissions/disableAutoMode"),
    ] {
        if let Some(state) = file.get(key).and_then(Value::as_str) {
            facts.add(Tab::Permissions, file.name(name), state, source, Watch::Change);
        }
    }
}

/// Hooks that are not ours, by event, matcher and what they start.
fn hooks(facts: &mut Facts, file: &Settings, source: &str) {
    for (event, groups) in entries(file.get("/hooks")) {
        for (matcher, handler) in handlers(groups) {
            if !ours::is_ours(handler) {
                let name = file.name(&format!("hook: {event} {matcher} {}", started(handler)));
                facts.add(Tab::Permissions, name, kind(handler), source, Watch::Change);
            }
        }
    }
}

/// Handlers of one event with their matchers.
pub(super) fn handlers(groups: &Value) -> impl Iterator<Item = (&str, &Value)> {
    groups.as_array().into_iter().flatten().flat_map(|group| {
        let matcher = group.get("matcher").and_then(Value::as_str).filter(|text| !text.is_empty()).unwrap_or("*");
        let own = group.get("hooks").and_then(Value::as_array).into_iter().flatten();
        own.map(move |handler| (matcher, handler))
    })
}

pub(super) fn kind(handler: &Value) -> &str {
    handler.get("type").and_then(Value::as_str).unwrap_or("unknown")
}

/// What a handler starts or calls, without what looks like a secret.
pub(super) fn started(handler: &Value) -> String {
    let text = |key: &str| handler.get(key).and_then(Value::as_str);
    if let Some(url) = text("url") {
        return plain_url(url);
    }
    if let Some(command) = text("command") {
        let args: Vec<&str> = texts(handler.get("args")).collect();
        return if args.is_empty() { text_of(command) } else { command_line(command, &args) };
    }
    match (text("server"), text("tool"), text("prompt")) {
        (Some(server), tool, _) => format!("{server} {}", tool.unwrap_or_default()),
        (None, _, Some(prompt)) => format!("asks a model ({})", mark(prompt.as_bytes())),
        (None, _, None) => String::new(),
    }
}

/// A command written as one text.
fn text_of(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.split_first() {
        Some((program, args)) => command_line(program, args),
        None => String::new(),
    }
}
