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

    /// First part; empty for the first page.
    pub(crate) fn page(self) -> String {
        self.0.with(|route| part(route, 0))
    }

    /// Second part; empty when there is none.
    pub(crate) fn item(self) -> String {
        self.0.with(|route| part(route, 1))
    }
}

/// Goes somewhere.
pub(crate) fn go(route: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().set_hash(&format!("/{route}"));
    }
}

fn read() -> String {
    web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

fn part(hash: &str, at: usize) -> String {
    hash.trim_start_matches(['#', '/']).split('/').nth(at).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn a_hash_has_two_parts() {
        assert_eq!((part("#/approvals/a1", 0), part("#/approvals/a1", 1)), ("approvals".to_owned(), "a1".to_owned()));
        assert_eq!((part("", 0), part("#/", 0), part("#/audit", 1)), (String::new(), String::new(), String::new()));
    }
}
