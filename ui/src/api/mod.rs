//! One call for every command, over Tauri's IPC in the app and over HTTP on the dev host.

mod http;
mod tauri;

use clawbutler_wire::topic::Changed;
use clawbutler_wire::{ApiError, Code, Command};
use wasm_bindgen::JsValue;

/// What the host tells without being asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Heard {
    /// Something changed: whoever shows it fetches it again.
    Changed(Changed),
    /// The line is open (again): anything may have changed meanwhile.
    Opened,
}

/// Asks the host.
pub(crate) async fn call<C: Command>(request: &C) -> Result<C::Reply, ApiError> {
    let body = serde_json::to_string(request).map_err(defect)?;
    let text = match tauri::bridge() {
        Some(bridge) => tauri::call(&bridge, C::NAME, &body).await,
        None => http::call(C::NAME, &body).await,
    };
    let text = text.map_err(|error| refused(&error))?;
    serde_json::from_str(&text).map_err(defect)
}

/// Hears of every change, for as long as the page lives.
pub(crate) fn listen(told: impl Fn(Heard) + Clone + 'static) {
    match tauri::bridge() {
        Some(bridge) => tauri::listen(bridge, told),
        None => http::listen(told),
    }
}

fn defect(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(Code::Internal, format!("This page and ClawButler do not understand each other: {error}."))
        .hint("Close and start ClawButler again.")
}

/// The host's own error where it said one, otherwise that it does not answer.
fn refused(error: &JsValue) -> ApiError {
    let text = error.as_string().or_else(|| js_sys::JSON::stringify(error).ok().map(String::from));
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(|| {
        ApiError::new(Code::Unavailable, "ClawButler does not answer.").hint("It is tried again every few seconds.")
    })
}
