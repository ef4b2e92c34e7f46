//! Where we are: the part of the address after `#/`.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

/// The present route, for example `approvals/<id>`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route(RwSignal<String>);

impl Route {
    /// Follows the address from now on.
    pub(crate) fn start() -> Self {
        let route = Self(RwSignal::new(read()));
        let moved = Closure::<dyn Fn()>::new(move || route.0.set(read()));
        if let Some(window) = web_sys::window() {
            window.set_onhashchange(Some(moved.as_ref().unchecked_ref()));
        }
        moved.forget();
        route
    }

    /// First part.
    pub(crate) fn page(self) -> String {
        self.0.with(|route| route.split('/').next().unwrap_or_default().to_owned())
    }

    /// Second part; empty when there is none.
    pub(crate) fn item(self) -> String {
        self.nth(1)
    }

    /// Third part; empty when there is none.
    pub(crate) fn part(self) -> String {
        self.nth(2)
    }

    /// Fourth part; empty when there is none.
    pub(crate) fn below(self) -> String {
        self.nth(3)
    }

    fn nth(self, at: usize) -> String {
        self.0.with(|route| route.split('/').nth(at).unwrap_or_default().to_owned())
    }
}

fn read() -> String {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.trim_start_matches(['#', '/']).to_owned()
}

/// Goes somewhere in place of where we are: going back skips it.
pub(crate) fn replace(route: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().replace(&format!("#/{route}"));
    }
}

/// Goes somewhere.
pub(crate) fn go(route: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().set_hash(&format!("/{route}"));
    }
}
