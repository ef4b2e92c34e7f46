//! Which of our hooks the user trusts, as Codex itself keeps it in the user's configuration.
//!
//! Codex skips a hook whose fingerprint is not the one that was trusted. Only read here: trust is given in
//! Codex's own review, or over its own interface (`config/batchWrite`) with the user's consent.

use std::path::Path;

use serde_json::Value;

use super::{config, edit, entries, paths};

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
