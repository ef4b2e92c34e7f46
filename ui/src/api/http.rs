//! The bridge to the dev host: `POST /ipc/{command}` and server-sent events, with a token.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::Heard;

fn window() -> web_sys::Window {
    web_sys::window().expect("BUG: pages run in a window")
}

pub(super) async fn call(name: &str, body: &str) -> Result<String, JsValue> {
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&body.into());
    let headers = web_sys::Headers::new()?;
    headers.set("authorization", &format!("Bearer {}", token()))?;
    headers.set("content-type", "application/json")?;
    init.set_headers(&headers);
    let reply = JsFuture::from(window().fetch_with_str_and_init(&format!("/ipc/{name}"), &init)).await?;
    let reply: web_sys::Response = reply.dyn_into()?;
    let text = JsFuture::from(reply.text()?).await?.as_string().unwrap_or_default();
    if reply.ok() { Ok(text) } else { Err(text.into()) }
}

pub(super) fn listen(told: impl Fn(Heard) + Clone + 'static) {
    let Ok(source) = web_sys::EventSource::new(&format!("/events?token={}", token())) else { return };
    let opened = told.clone();
    let heard = Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
        if let Some(changed) = event.data().as_string().and_then(|text| serde_json::from_str(&text).ok()) {
            told(Heard::Changed(changed));
        }
    });
    // The browser opens the stream again by itself after a failure.
    let open = Closure::<dyn Fn()>::new(move || opened(Heard::Opened));
    source.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    source.set_onopen(Some(open.as_ref().unchecked_ref()));
    heard.forget();
    open.forget();
    std::mem::forget(source);
}

/// The token: from the address once, then from the tab's own storage.
fn token() -> String {
    let storage = window().session_storage().ok().flatten();
    let search = window().location().search().unwrap_or_default();
    let Some(token) = search.split(['?', '&']).find_map(|pair| pair.strip_prefix("token=")) else {
        return storage.and_then(|storage| storage.get_item("token").ok().flatten()).unwrap_or_default();
    };
    if let Some(storage) = &storage {
        let _ = storage.set_item("token", token);
    }
    let hash = window().location().hash().unwrap_or_default();
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("/{hash}")));
    }
    token.to_owned()
}
