//! When the client ignores a settings file as a whole.
//!
//! Tried on 2.1.330 with `claude doctor`: text that is not plain JSON (comments and trailing commas count),
//! a root that is no object, and any entry of `PreToolUse` or `PermissionRequest` that cannot be loaded.
//! A bad entry of another event loses only itself.

use serde_json::Value;

use crate::disk;

const GUARDING: [&str; 2] = ["PreToolUse", "PermissionRequest"];
const TYPES: [&str; 5] = ["command", "http", "mcp_tool", "prompt", "agent"];

/// A settings file as the client sees it.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    /// It applies. An empty file applies and says nothing.
    Applies(Value),
    /// Nothing in it applies, for this reason.
    Ignored(String),
}

/// Reads a file's text as the client does.
pub(super) fn seen(text: &str) -> Seen {
    let (_, body) = disk::split_bom(text);
    if body.trim().is_empty() {
        return Seen::Applies(Value::Null);
    }
    let value: Value = match serde_json::from_str(body) {
        Ok(value) => value,
        Err(error) if crate::jsonc::parse(body).is_ok() => {
            return Seen::Ignored(format!(
                "it has comments or trailing commas, which the client does not read ({error})"
            ));
        }
        Err(error) => return Seen::Ignored(format!("it is not valid JSON ({error})")),
    };
    if !value.is_object() {
        return Seen::Ignored("it is not a JSON object".to_owned());
    }
    match GUARDING.iter().find_map(|event| bad_event(event, value.get("hooks")?.get(*event)?)) {
        Some(why) => Seen::Ignored(why),
        None => Seen::Applies(value),
    }
}

fn bad_event(event: &str, groups: &Value) -> Option<String> {
    let Some(groups) = groups.as_array() else { return Some(format!("its hooks.{event} is not a list")) };
    groups.iter().enumerate().find_map(|(group_index, group)| {
        let place = format!("hooks.{event}[{group_index}]");
        let Some(handlers) = group.get("hooks").and_then(Value::as_array) else {
            return Some(format!("its {place} has no list of hooks"));
        };
        if group.get("matcher").is_some_and(|matcher| !matcher.is_string()) {
            return Some(format!("its {place} has a matcher that is not text"));
        }
        handlers
            .iter()
            .enumerate()
            .find_map(|(index, handler)| bad_handler(handler).map(|why| format!("its {place}.hooks[{index}] {why}")))
    })
}

fn bad_handler(handler: &Value) -> Option<String> {
    let kind = match handler.get("type").and_then(Value::as_str) {
        Some(kind) if TYPES.contains(&kind) => kind,
        Some(kind) => return Some(format!("has the unknown type {kind:?}")),
        None => return Some("has no type".to_owned()),
    };
    if let Some(timeout) = handler.get("timeout") {
        match timeout.as_f64() {
            None => return Some("has a timeout that is not a number".to_owned()),
            Some(seconds) if seconds <= 0.0 => return Some("has a timeout that is not above zero".to_owned()),
            Some(_) => {}
        }
    }
    if let Some(on_failure) = handler.get("onFailure")
        && !matches!(on_failure.as_str(), Some("continue" | "block"))
    {
        return Some(format!("has onFailure {on_failure}, which is neither \"continue\" nor \"block\""));
    }
    if kind == "command" && !handler.get("command").is_some_and(Value::is_string) {
        return Some("has no command".to_owned());
    }
    let args_ok = |args: &Value| args.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    if handler.get("args").is_some_and(|args| !args_ok(args)) {
        return Some("has args that are not a list of texts".to_owned());
    }
    None
}
