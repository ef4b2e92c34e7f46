//! Which of our hooks the user trusts, as Codex itself keeps it in the user's configuration.
//!
//! Codex skips a hook whose fingerprint is not the one that was trusted. Only read here: trust is given in
//! Codex's own review, or by Codex over its own interface, which is asked with the user's consent to what
//! [`request`] tells.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::entries::WANTED;
use super::tables::Handler;
use super::version::{FLOOR, Version};
use super::{config, discover, edit, entries, paths, status};
use crate::disk;
use crate::env::Env;
use crate::trusting::{self, Client, OwnEntry};

/// What a started client is told of the environment besides the home it is asked about.
const VARS: &[&str] = &[
    "HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TMPDIR", "CODEX_SQLITE_HOME", "USERPROFILE",
    "USERNAME", "APPDATA", "LOCALAPPDATA", "ProgramData", "SystemRoot", "SystemDrive", "PATHEXT", "TEMP", "TMP",
];

/// How it stands with one of our hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// As trusted.
    Given,
    /// Never trusted.
    Missing,
    /// Trusted in another wording.
    Changed,
    /// Switched off in Codex's own list of hooks.
    Off,
}

/// By which paths Codex may call the configuration where it keeps trust: as the home is named, and as it is.
pub(super) fn sources(home: &Path) -> Vec<String> {
    let named = paths::config(home);
    let mut all = vec![named.display().to_string()];
    all.extend(home.canonicalize().ok().map(|home| paths::config(&home).display().to_string()));
    all.extend(named.canonicalize().ok().map(|file| file.display().to_string()));
    all.sort();
    all.dedup();
    all
}

/// Our hooks in the text that are not in force, by event.
pub(super) fn untrusted(home: &Path, text: &str) -> Vec<(String, Trust)> {
    let (Ok(ours), Ok(value)) = (edit::ours(text), config::parse(text)) else { return Vec::new() };
    let states = config::at(&value, &["hooks", "state"]);
    let sources = sources(home);
    ours.into_iter()
        .filter_map(|own| {
            let wanted = entries::fingerprint(&own.event, own.matcher.as_ref(), &own.value);
            let state = sources.iter().find_map(|source| states?.get(own.key(source)));
            let trust = of(state, &wanted);
            (trust != Trust::Given).then_some((own.event, trust))
        })
        .collect()
}

/// See [`crate::connector::Connector::trust`]. Nothing unless every entry of ours stands as we wrote it and a hook that
/// decides waits for trust and for nothing else. One that its user switched off is not switched on by us.
pub(super) fn request(env: &Env, home: &Path, hook: &Path) -> Option<trusting::Trust> {
    let program = entries::program(env, hook).ok()?;
    let on_disk = disk::read_text(&paths::config(home)).ok()?;
    let text = on_disk.text?;
    let untrusted = untrusted(home, &text);
    let mut deciding = untrusted.iter().filter(|(event, _)| entries::decides(event)).peekable();
    deciding.peek()?;
    if deciding.any(|(_, trust)| *trust == Trust::Off) {
        return None;
    }
    let ours = edit::ours(&text).ok()?;
    let right = |own: &&Handler| {
        let wanted = WANTED.iter().find(|want| want.event == own.event);
        wanted.is_some_and(|want| want.is_right(own.matcher.as_ref(), &own.value, env.os, &program))
    };
    if ours.len() != WANTED.len() || !ours.iter().all(|own| right(&own)) {
        return None;
    }
    let values = config::parse(&text).ok()?;
    let machine = config::values(&paths::requirements(env)).unwrap_or(Value::Null);
    let off = [&values, &machine].into_iter().any(|values| status::switched_off(values).is_some());
    if off || status::only_managed(&machine) {
        return None;
    }
    let states = config::at(&values, &["hooks", "state"]);
    let waits = |own: &&Handler| {
        let trust = untrusted.iter().find(|(event, _)| *event == own.event).map(|(_, trust)| *trust);
        matches!(trust, Some(Trust::Missing | Trust::Changed))
    };
    let sources = sources(home);
    let entries = ours.iter().filter(waits).filter_map(|own| entry(own, &sources, states)).collect();
    Some(trusting::Trust {
        file: on_disk.path,
        entries,
        client: client(env, home),
        by_hand:
            "Start `codex` and trust the hooks of ClawButler where it says that hooks need review, or in `/hooks`."
                .to_owned(),
    })
}

fn entry(own: &Handler, sources: &[String], states: Option<&Value>) -> Option<OwnEntry> {
    let keys: Vec<String> = sources.iter().map(|source| own.key(source)).collect();
    let text = |name: &str| own.value.get(name).and_then(Value::as_str).map(str::to_owned);
    let trusted = keys.iter().find_map(|key| states?.get(key)?.get("trusted_hash")?.as_str());
    Some(OwnEntry {
        event: own.event.clone(),
        command: text("command")?,
        matcher: own.matcher.as_ref().and_then(Value::as_str).map(str::to_owned),
        timeout_s: own.value.get("timeout").and_then(Value::as_u64)?,
        status: text("statusMessage"),
        fingerprint: entries::fingerprint(&own.event, own.matcher.as_ref(), &own.value),
        trusted: trusted.map(str::to_owned),
        keys,
    })
}

/// The newest installed client that knows trust: it knows most of our events, and all compute one fingerprint.
fn client(env: &Env, home: &Path) -> Option<Client> {
    let installs = discover::discover(env, &[home.to_owned()]).installs.into_iter();
    // A command file of Windows would go through a shell.
    let programs = installs.filter(|install| install.path.extension().is_none_or(|ending| ending != "cmd"));
    let known = programs.filter_map(|install| {
        let version = install.version?;
        Some((Version::parse(&version).filter(|version| *version >= FLOOR)?, version, install.path))
    });
    let (_, version, program): (Version, String, PathBuf) = known.max_by(|one, other| one.0.cmp(&other.0))?;
    let mut vars: Vec<(String, String)> =
        VARS.iter().filter_map(|name| Some(((*name).to_owned(), env.var(name)?.to_owned()))).collect();
    vars.push(("CODEX_HOME".to_owned(), home.display().to_string()));
    Some(Client { program, version, vars, folder: home.to_owned() })
}

/// See [`crate::connector::Connector::only_trust_differs`].
pub(super) fn only_trust_differs(before: &str, after: &str, keys: &[String]) -> bool {
    let rest = |text: &str| -> Option<Value> {
        let mut value = config::parse(text).ok()?;
        let root = value.as_object_mut()?;
        let hooks = root.entry("hooks").or_insert_with(|| Value::Object(Map::new()));
        let state = hooks.as_object_mut()?.entry("state").or_insert_with(|| Value::Object(Map::new()));
        let state = state.as_object_mut()?;
        for key in keys {
            let empty = match state.get_mut(key).and_then(Value::as_object_mut) {
                Some(own) => {
                    own.remove("trusted_hash");
                    own.is_empty()
                }
                None => false,
            };
            if empty {
                state.remove(key);
            }
        }
        Some(value)
    };
    matches!((rest(before), rest(after)), (Some(before), Some(after)) if before == after)
}

fn of(state: Option<&Value>, wanted: &str) -> Trust {
    let Some(state) = state else { return Trust::Missing };
    if state.get("enabled") == Some(&Value::Bool(false)) {
        return Trust::Off;
    }
    match state.get("trusted_hash").and_then(Value::as_str) {
        None => Trust::Missing,
        Some(given) if given == wanted => Trust::Given,
        Some(_) => Trust::Changed,
    }
}
