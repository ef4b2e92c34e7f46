//! Whether the guard of a home is in force, in words.

use std::path::Path;

use serde_json::Value;

use super::plugin::{FILES, PLUGIN_ID};
use super::{config, edit, gateways, guard, paths, process};
use crate::connector::{GuardState, GuardStatus};
use crate::disk;
use crate::env::Env;

fn status(state: GuardState, says: String, fix: Option<String>) -> GuardStatus {
    GuardStatus { state, says, fix }
}

fn damaged(what: &str) -> GuardStatus {
    status(
        GuardState::Damaged,
        format!("The guard is damaged: {what}."),
        Some("Install the guard again; that repairs our parts and leaves everything else alone.".to_owned()),
    )
}

fn bypassed(why: &str, fix: String) -> GuardStatus {
    status(GuardState::Bypassed, format!("The guard is installed but has no effect: {why}."), Some(fix))
}

/// See [`crate::connector::Connector::guard_status`].
pub(super) fn guard_status(env: &Env, home: &Path, hook: &Path) -> GuardStatus {
    let wanted = match guard::wanted(env, home, hook) {
        Ok(wanted) => wanted,
        Err(error) => return status(GuardState::Damaged, format!("{error}."), Some(error.fix())),
    };
    let path = paths::config(env, home);
    let config = match config::read(&path) {
        Ok(config) => config,
        Err(error) => {
            let ours = disk::read(&path).ok().and_then(|disk| disk.bytes);
            let marked = ours.is_some_and(|bytes| String::from_utf8_lossy(&bytes).contains(PLUGIN_ID));
            return if marked {
                damaged(&format!("{error}"))
            } else {
                status(GuardState::Missing, format!("The guard is not installed, and {error}."), Some(error.fix()))
            };
        }
    };
    let entry = config::at(&config, &["plugins", "entries", PLUGIN_ID]);
    let loaded = config::texts_at(&config, &["plugins", "load", "paths"]).contains(&wanted.folder.as_str());
    let files = files(home);
    if entry.is_none() && !loaded {
        return status(
            GuardState::Missing,
            "The guard is not installed: tool calls of this home are neither asked about nor recorded.".to_owned(),
            Some("Install the guard.".to_owned()),
        );
    }
    if let Some(status) = switched_off(env, home, &config, entry, &path) {
        return status;
    }
    let mut wrong = files;
    match entry {
        None => wrong.push(format!("the entry in {} is missing", path.display())),
        Some(entry) if !wanted.is_right(entry) => {
            wrong.push(format!("the entry in {} is not as we wrote it", path.display()));
        }
        Some(_) => {}
    }
    if !loaded {
        wrong.push(format!("its folder is not in `plugins.load.paths` of {}", path.display()));
    }
    if !wrong.is_empty() {
        return damaged(&wrong.join(" and "));
    }
    if let Some(trouble) = disk::program_trouble(hook) {
        return status(
            GuardState::Damaged,
            format!("The guard is complete, but {trouble}: it blocks nearly every tool call."),
            Some("Reinstall ClawButler, or remove the guard.".to_owned()),
        );
    }
    if let Some(process) = process::unguarded(env, home).first() {
        let (why, fix) = process::unguarded_says(process);
        let says = format!("The guard is installed but not in force everywhere: {why}.");
        return status(GuardState::Bypassed, says, Some(fix.to_owned()));
    }
    status(
        GuardState::User,
        "The guard is a plugin of this home: every tool call of its agents asks first.".to_owned(),
        None,
    )
}

/// What is missing of the plugin's files or is not as we wrote it.
fn files(home: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, content) in FILES {
        let path = paths::plugin(home).join(name);
        match disk::read(&path) {
            Ok(disk) if disk.bytes.as_deref() == Some(content.as_bytes()) => {}
            Ok(disk) if disk.bytes.is_none() => wrong.push(format!("{} is missing", path.display())),
            Ok(_) => wrong.push(format!("{} is not as we wrote it", path.display())),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    wrong
}

/// Settings that keep OpenClaw from loading an installed guard, or load another in its place.
fn switched_off(env: &Env, home: &Path, config: &Value, entry: Option<&Value>, path: &Path) -> Option<GuardStatus> {
    let file = path.display();
    if config::at(config, &["plugins", "enabled"]) == Some(&false.into()) {
        return Some(bypassed(&format!("{file} switches all plugins off"), "Install the guard again.".to_owned()));
    }
    if entry.and_then(|entry| entry.get("enabled")) == Some(&false.into()) {
        return Some(bypassed(&format!("{file} switches our plugin off"), "Install the guard again.".to_owned()));
    }
    if config::texts_at(config, &["plugins", "deny"]).contains(&PLUGIN_ID) {
        let fix = format!("Remove {PLUGIN_ID} from `plugins.deny` in {file}.");
        return Some(bypassed(&format!("`plugins.deny` in {file} names our plugin"), fix));
    }
    let allow = config::texts_at(config, &["plugins", "allow"]);
    if !allow.is_empty() && !allow.contains(&PLUGIN_ID) {
        let why = format!("`plugins.allow` in {file} does not name our plugin");
        return Some(bypassed(&why, "Install the guard again.".to_owned()));
    }
    if let Some(rival) = guard::rival(env, config, &paths::plugin(home)) {
        let why = format!("{} has the same id and is loaded before it", rival.display());
        return Some(bypassed(&why, format!("Remove that folder from `plugins.load.paths` in {file}.")));
    }
    let other = gateways::running(env, home)
        .into_iter()
        .find(|gateway| gateway.config.as_deref().is_some_and(|running| !paths::same(running, path)))?;
    let why = format!(
        "the running gateway (process {}) reads {} instead of {file}",
        other.pid,
        other.config.unwrap_or_default().display()
    );
    Some(bypassed(&why, "Restart the gateway with this configuration, or install the guard in that one.".to_owned()))
}

/// Whether a load path is one of ours; used where plugins are listed.
pub(super) fn is_our_path(path: &str) -> bool {
    edit::is_ours(None, &path.into())
}
