//! Grants: what passes without a question because somebody said so, and how to end it.

mod model;
mod table;

use std::collections::BTreeSet;
use std::time::Duration;

use clawbutler_wire::ApiError;
use clawbutler_wire::command::{ListGrants, RevokeGrants};
use clawbutler_wire::grants::{GrantList, GrantView};
use clawbutler_wire::topic::Topic;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::fetched::Fetched;
use crate::live::Live;
use crate::{api, kit, model as words};
use table::{Empty, Table};

/// After the last key in the search field.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Copy)]
struct Page {
    live: Live,
    list: Fetched<GrantList>,
    typed: RwSignal<String>,
    ended: RwSignal<bool>,
    picked: RwSignal<BTreeSet<String>>,
    error: RwSignal<Option<ApiError>>,
    said: RwSignal<String>,
}

impl Page {
    fn items(self) -> Vec<GrantView> {
        self.list.value.get().map(|list| list.items).unwrap_or_default()
    }

    fn toggle(self, id: &str) {
        self.picked.update(|picked| {
            if !picked.remove(id) {
                picked.insert(id.to_owned());
            }
        });
    }

    fn end(self, ids: Vec<String>) {
        let number = ids.len();
        spawn_local(async move {
            match api::call(&RevokeGrants { ids }).await {
                Ok(_) => {
                    self.said.try_set(format!("{} ended.", words::count(number as u64, "grant", "grants")));
                    self.picked.try_set(BTreeSet::new());
                    self.error.try_set(None);
                }
                Err(failed) => drop(self.error.try_set(Some(failed))),
            }
            self.live.fetch(Topic::Grants);
        });
    }

    fn key(self, event: &web_sys::KeyboardEvent) {
        if event.key() == "/" && !kit::keys_are_taken() {
            kit::focus("#search");
            event.prevent_default();
        }
    }
}

/// What stands below the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Failed,
    Loading,
    Empty,
    Items,
}

#[component]
pub(crate) fn Grants(live: Live) -> impl IntoView {
    let page = Page {
        live,
        list: Fetched::new(),
        typed: RwSignal::new(String::new()),
        ended: RwSignal::new(false),
        picked: RwSignal::new(BTreeSet::new()),
        error: RwSignal::new(None),
        said: RwSignal::new(String::new()),
    };
    Effect::new(move || {
        live.grants.track();
        page.list.ask(ListGrants { search: page.typed.get(), include_ended: page.ended.get() });
    });
    let handle = window_event_listener(leptos::ev::keydown, move |event| page.key(&event));
    on_cleanup(move || handle.remove());
    let search = kit::after_a_pause(PAUSE, move |typed| page.typed.set(typed));
    let picked = Memo::new(move |_| page.picked.with(|picked| model::to_end(&page.items(), picked)));
    let shown =
        Memo::new(move |_| match page.list.value.with(|list| list.as_ref().map(|list| list.items.is_empty())) {
            None if page.list.error.with(Option::is_some) => Shown::Failed,
            None => Shown::Loading,
            Some(true) => Shown::Empty,
            Some(false) => Shown::Items,
        });
    view! {
        <main class="page wide">
            <header class="title"><h1>"Grants"</h1><span class="quiet">"What passes without a question because you said so."</span></header>
            <div class="tools">
                <input id="search" type="search" placeholder="Search" aria-label="Search grants" data-testid="grant-search" on:input=move |event| search(event_target_value(&event))/>
                <label class="choice"><input type="checkbox" data-testid="grant-ended" prop:checked=move || page.ended.get() on:change=move |event| page.ended.set(event_target_checked(&event))/>"Show ended ones"</label>
                <div class="bulk" role="group" aria-label="Picked grants">
                    <span class="quiet" role="status">{move || match picked.with(Vec::len) { 0 => page.said.get(), many => format!("{many} picked") }}</span>
                    <button type="button" class="plain" data-testid="grants-end" disabled=move || picked.with(Vec::is_empty) on:click=move |_| page.end(picked.get_untracked())>"End the picked ones"</button>
                </div>
            </div>
            {kit::trouble(page.error)}
            {kit::trouble(page.list.error)}
            {move || match shown.get() {
                Shown::Failed => ().into_any(),
                Shown::Loading => view! { <p class="loading">"Fetching the grants…"</p> }.into_any(),
                Shown::Empty => view! { <Empty page=page/> }.into_any(),
                Shown::Items => view! { <Table page=page/> }.into_any(),
            }}
        </main>
    }
}
