//! One call for every command, over Tauri's IPC in the app and over HTTP on the dev host.

use clawbutler_wire::{ApiError, Code, Command, topic};
use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

fn window() -> web_sys::Window {
    web_sys::window().expect("BUG: pages run in a window")
}

/// Tauri's bridge, where there is one.
fn tauri() -> Option<JsValue> {
    Reflect::get(&window(), &"__TAURI_INTERNALS__".into()).ok().filter(JsValue::is_object)
}

/// Whether the host has windows, and so the system's dialogs to choose a file.
pub(crate) fn has_dialogs() -> bool {
    tauri().is_some()
}

fn internal(error: &JsValue) -> ApiError {
    let text = error.as_string().or_else(|| JSON::stringify(error).ok().map(String::from)).unwrap_or_default();
    serde_json::from_str(&text)
        .unwrap_or_else(|_| ApiError::new(Code::Unavailable, format!("ClawButler does not answer. {text}")))
}

/// Asks the host.
pub(crate) async fn call<C: Command>(request: &C) -> Result<C::Reply, ApiError> {
    let body = serde_json::to_string(request).map_err(|error| ApiError::new(Code::Internal, error.to_string()))?;
    let text = match tauri() {
        Some(bridge) => through_tauri(&bridge, C::NAME, &body).await,
        None => through_http(C::NAME, &body).await,
    };
    let text = text.map_err(|error| internal(&error))?;
    serde_json::from_str(&text).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
}

async fn invoke(bridge: &JsValue, name: &str, arguments: &JsValue) -> Result<JsValue, JsValue> {
    let invoke: Function = Reflect::get(bridge, &"invoke".into())?.dyn_into()?;
    let promise: Promise = invoke.call2(bridge, &name.into(), arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

async fn through_tauri(bridge: &JsValue, name: &str, body: &str) -> Result<String, JsValue> {
    let arguments = Object::new();
    Reflect::set(&arguments, &"request".into(), &JSON::parse(body)?)?;
    let reply = invoke(bridge, name, &arguments).await?;
    Ok(String::from(JSON::stringify(&reply)?))
}

async fn through_http(name: &str, body: &str) -> Result<String, JsValue> {
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&body.into());
    let headers = web_sys::Headers::new()?;
    headers.set("authorization", &format!("Bearer {}", token()))?;
    init.set_headers(&headers);
    let reply = JsFuture::from(window().fetch_with_str_and_init(&format!("/ipc/{name}"), &init)).await?;
    let reply: web_sys::Response = reply.dyn_into()?;
    let text = JsFuture::from(reply.text()?).await?.as_string().unwrap_or_default();
    if reply.ok() { Ok(text) } else { Err(text.into()) }
}

/// The dev host's token: from the address once, then from the tab's own storage.
fn token() -> String {
    let storage = window().session_storage().ok().flatten();
    let search = window().location().search().unwrap_or_default();
    if let Some(token) = search.split(['?', '&']).find_map(|pair| pair.strip_prefix("token=")) {
        if let Some(storage) = &storage {
            let _ = storage.set_item("token", token);
        }
        let hash = window().location().hash().unwrap_or_default();
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("/{hash}")));
        }
        return token.to_owned();
    }
    storage.and_then(|storage| storage.get_item("token").ok().flatten()).unwrap_or_default()
}

/// The text of a file that was chosen; nothing is read before.
pub(crate) async fn text_of(file: &web_sys::File) -> Option<String> {
    JsFuture::from(file.text()).await.ok()?.as_string()
}

/// Puts a text on the clipboard; whether that was allowed.
pub(crate) async fn copy(text: &str) -> bool {
    let put = || -> Result<Promise, JsValue> {
        let navigator = Reflect::get(&window(), &"navigator".into())?;
        let clipboard = Reflect::get(&navigator, &"clipboard".into())?;
        let write: Function = Reflect::get(&clipboard, &"writeText".into())?.dyn_into()?;
        write.call1(&clipboard, &text.into())?.dyn_into()
    };
    match put() {
        Ok(done) => JsFuture::from(done).await.is_ok(),
        Err(_) => false,
    }
}

/// Tells of every change, for as long as the page lives.
pub(crate) fn listen(told: impl Fn(topic::Changed) + 'static) {
    match tauri() {
        Some(bridge) => {
            let heard = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
                let payload = Reflect::get(&event, &"payload".into()).unwrap_or_default();
                let text = JSON::stringify(&payload).map(String::from).unwrap_or_default();
                if let Ok(changed) = serde_json::from_str(&text) {
                    told(changed);
                }
            });
            leptos::task::spawn_local(async move {
                let listening = listen_tauri(&bridge, heard.as_ref()).await;
                if listening.is_ok() {
                    heard.forget();
                }
            });
        }
        None => {
            let Ok(source) = web_sys::EventSource::new(&format!("/events?token={}", token())) else { return };
            let heard = Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
                if let Some(changed) = event.data().as_string().and_then(|text| serde_json::from_str(&text).ok()) {
                    told(changed);
                }
            });
            source.set_onmessage(Some(heard.as_ref().unchecked_ref()));
            heard.forget();
            std::mem::forget(source);
        }
    }
}

async fn listen_tauri(bridge: &JsValue, heard: &JsValue) -> Result<JsValue, JsValue> {
    let transform: Function = Reflect::get(bridge, &"transformCallback".into())?.dyn_into()?;
    let handler = transform.call1(bridge, heard)?;
    let arguments = Object::new();
    let target = Object::new();
    Reflect::set(&target, &"kind".into(), &"Any".into())?;
    Reflect::set(&arguments, &"event".into(), &topic::CHANGED_EVENT.into())?;
    Reflect::set(&arguments, &"target".into(), &target)?;
    Reflect::set(&arguments, &"handler".into(), &handler)?;
    invoke(bridge, "plugin:event|listen", &arguments).await
}
