//! OpenClaw's browser and canvas. The open page has no address in most calls; it is named by what is done
//! with it.

use clawbutler_core::action::{Change, Effect};
use serde_json::Value;

use crate::input::{self, Input};

/// How deep batches inside batches are looked through.
const BATCH_DEPTH: usize = 4;

/// The `browser` tool.
pub(super) fn effect(input: &Input<'_>) -> Option<Effect> {
    match input.text("action")?.as_str() {
        "doctor" | "status" | "profiles" | "tabs" | "start" | "stop" | "focus" | "close" => Some(input.internal()),
        action @ ("snapshot" | "screenshot" | "console" | "requests" | "errors" | "text" | "pdf") => {
            Some(input::asks("browser", action))
        }
        "open" | "navigate" => match input.any(&["targetUrl", "url"]) {
            Some(url) => input.page(&url),
            None => input.lacks(&["targetUrl", "url"]).then(|| input::asks("browser", "open")),
        },
        action @ ("emulate" | "dialog") => Some(input::posts("browser", action)),
        // The file's content comes from the page.
        "download" | "waitfordownload" if !input.lacks(&["path"]) => {
            Some(Effect::FileWrite { path: input.path(&["path"])?, change: Change::Edits { edits: Vec::new() } })
        }
        "download" | "waitfordownload" => Some(input::posts("browser", "download")),
        "act" => match input.get("request") {
            Some(request) if request.is_object() => act(&input.part(request)),
            Some(_) => None,
            None => act(input),
        },
        _ => None,
    }
}

fn act(request: &Input<'_>) -> Option<Effect> {
    let kind = request.text("kind")?;
    let mut scripts = Vec::new();
    scripts_in(&request.all(), BATCH_DEPTH, &mut scripts)?;
    if !scripts.is_empty() {
        return Some(Effect::Code { language: "javascript".to_owned(), text: scripts.join("\n") });
    }
    match kind.as_str() {
        "wait" | "close" | "resize" | "hover" | "scrollIntoView" => Some(input::asks("browser", &kind)),
        "batch" | "click" | "clickCoords" | "type" | "press" | "drag" | "select" | "fill" => {
            Some(input::posts("browser", &kind))
        }
        _ => None,
    }
}

/// Collects what an act and the acts in it evaluate; `None` where it cannot be told.
fn scripts_in(request: &Value, depth: usize, scripts: &mut Vec<String>) -> Option<()> {
    let function = request.get("fn").filter(|function| !function.is_null());
    if request.get("kind").and_then(Value::as_str) == Some("evaluate") || function.is_some() {
        scripts.push(function?.as_str()?.to_owned());
    }
    match request.get("actions") {
        None | Some(Value::Null) => Some(()),
        Some(Value::Array(acts)) if depth > 0 => acts.iter().try_for_each(|act| scripts_in(act, depth - 1, scripts)),
        Some(_) => None,
    }
}

/// The `canvas` tool.
pub(super) fn canvas(input: &Input<'_>) -> Option<Effect> {
    match input.text("action")?.as_str() {
        "hide" | "snapshot" | "a2ui_reset" => Some(input.internal()),
        "present" | "navigate" => match input.any(&["url", "target"]) {
            Some(url) => input.reference(&url),
            None => input.lacks(&["url", "target"]).then(|| input.internal()),
        },
        "eval" => {
            let text = input.any(&["javaScript", "javascript", "js"])?;
            Some(Effect::Code { language: "javascript".to_owned(), text })
        }
        _ => None,
    }
}
