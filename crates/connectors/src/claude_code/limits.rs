//! What the client remembers of the account's limits, as it was told last.

use std::path::Path;

use clawbutler_core::clock::Timestamp;
use serde_json::Value;

use super::{facts, paths};
use crate::env::Env;
use crate::facts::Limit;
use crate::moment;

/// The client's names of windows, and ours.
const WINDOWS: [(&str, &str); 4] = [
    ("five_hour", "5h"),
    ("seven_day", "weekly"),
    ("seven_day_opus", "weekly (Opus)"),
    ("seven_day_sonnet", "weekly (Sonnet)"),
];

/// See [`crate::connector::Connector::limits`].
pub(super) fn limits(env: &Env, home: &Path) -> Vec<Limit> {
    let path = paths::state(env, home);
    let state = facts::json(&path);
    let Some(cached) = state.get("cachedUsageUtilization") else { return Vec::new() };
    let as_of = cached.get("fetchedAtMs").and_then(Value::as_i64).map(Timestamp);
    let limit = |(key, window): (&str, &str)| {
        let limit = cached.get("utilization")?.get(key)?;
        let resets = limit.get("resets_at").and_then(Value::as_str);
        Some(Limit {
            window: window.to_owned(),
            used_percent: limit.get("utilization").and_then(Value::as_f64).filter(|used| *used >= 0.0)?,
            resets_at: resets.and_then(moment::parse),
            as_of,
            source: path.display().to_string(),
        })
    };
    WINDOWS.into_iter().filter_map(limit).collect()
}
