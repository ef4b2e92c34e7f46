//! The bridge into the desktop app. The only file that names Tauri's internals.

use clawbutler_wire::topic;
use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::Heard;

/// Tauri's bridge, where there is one.
pub(super) fn bridge() -> Option<JsValue> {
    let window = web_sys::window()?;
    Reflect::get(&window, &"__TAURI_INTERNALS__".into()).ok().filter(JsValue::is_object)
}

/// Goes through JSON text, so that the codec is the same as over HTTP.
pub(super) async fn call(bridge: &JsValue, name: &str, body: &str) -> Result<String, JsValue> {
    let arguments = Object::new();
    Reflect::set(&arguments, &"request".into(), &JSON::parse(body)?)?;
    let reply = invoke(bridge, name, &arguments).await?;
    Ok(String::from(JSON::stringify(&reply)?))
}

async fn invoke(bridge: &JsValue, name: &str, arguments: &JsValue) -> Result<JsValue, JsValue> {
    let invoke: Function = Reflect::get(bridge, &"invoke".into())?.dyn_into()?;
    let promise: Promise = invoke.call2(bridge, &name.into(), arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

pub(super) fn listen(bridge: JsValue, told: impl Fn(Heard) + Clone + 'static) {
    let opened = told.clone();
    let heard = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let payload = Reflect::get(&event, &"payload".into()).unwrap_or_default();
        let text = JSON::stringify(&payload).map(String::from).unwrap_or_default();
        if let Ok(changed) = serde_json::from_str(&text) {
            told(Heard::Changed(changed));
        }
    });
    leptos::task::spawn_local(async move {
        if subscribe(&bridge, heard.as_ref()).await.is_ok() {
            // One listener for the whole life of the page: never taken back.
            heard.forget();
            opened(Heard::Opened);
        }
    });
}

async fn subscribe(bridge: &JsValue, heard: &JsValue) -> Result<JsValue, JsValue> {
    let transform: Function = Reflect::get(bridge, &"transformCallback".into())?.dyn_into()?;
    let handler = transform.call1(bridge, heard)?;
    let (arguments, target) = (Object::new(), Object::new());
    Reflect::set(&target, &"kind".into(), &"Any".into())?;
    Reflect::set(&arguments, &"event".into(), &topic::EVENT.into())?;
    Reflect::set(&arguments, &"target".into(), &target)?;
    Reflect::set(&arguments, &"handler".into(), &handler)?;
    invoke(bridge, "plugin:event|listen", &arguments).await
}
