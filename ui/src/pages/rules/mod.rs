//! Rules: what is in force, the packs, the editor, and a command to try on them.

mod attempt;
mod check;
pub(crate) mod draft;
mod editor;
mod field;
mod held;
mod import;
mod list;
mod model;
mod packs;
mod simulation;

use clawbutler_wire::command::ListRules;
use clawbutler_wire::rules::RulesView;
use clawbutler_wire::topic::Topic;
use clawbutler_wire::{ApiError, Command};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::fetched::Fetched;
use crate::live::Live;
use crate::route::Route;
use crate::{api, kit, model as words};
use draft::Draft;
use simulation::{Asked, WhatIf};

/// Second part of the route, name.
const PARTS: &[(&str, &str)] = &[("", "In force"), ("packs", "Packs"), ("edit", "Editor"), ("try", "Try a command")];

/// What all parts of the page work on.
#[derive(Debug, Clone, Copy)]
struct Desk {
    live: Live,
    view: Fetched<RulesView>,
    draft: Draft,
    /// A change on the screen with what it would do, waiting for a yes.
    asked: RwSignal<Option<Asked>>,
    importing: RwSignal<bool>,
    /// Why the last change failed.
    error: RwSignal<Option<ApiError>>,
    /// What the last change did.
    said: RwSignal<String>,
    busy: RwSignal<bool>,
}

impl Desk {
    /// Opens a file in the editor, in place of what is there.
    fn open(self, name: &str) {
        self.view.value.with_untracked(|view| {
            if let Some(view) = view {
                self.draft.open(view, name);
            }
        });
    }

    /// Opens the file of the editor again: what was written is gone.
    fn open_again(self) {
        self.open(&self.draft.name.get_untracked());
    }

    /// Sends a change; `done` runs with the rules after it.
    fn send<C: Command<Reply = RulesView>>(self, request: C, said: String, done: impl Fn(&RulesView) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let reply = api::call(&request).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            self.asked.set(None);
            match reply {
                Ok(view) => {
                    done(&view);
                    self.view.put(view);
                    self.error.set(None);
                    self.said.set(said);
                }
                Err(failed) => self.error.set(Some(failed)),
            }
            self.live.fetch(Topic::Rules);
        });
    }
}

#[component]
pub(crate) fn Rules(live: Live, route: Route) -> impl IntoView {
    let desk = Desk {
        live,
        view: Fetched::new(),
        draft: expect_context(),
        asked: RwSignal::new(None),
        importing: RwSignal::new(false),
        error: RwSignal::new(None),
        said: RwSignal::new(String::new()),
        busy: RwSignal::new(false),
    };
    Effect::new(move || {
        live.rules.track();
        desk.view.ask(ListRules {});
    });
    let part = Memo::new(move |_| route.item());
    let there = Memo::new(move |_| desk.view.value.with(Option::is_some));
    view! {
        <main class="page wide rules-page">
            <Head desk=desk part=part/>
            {kit::trouble(desk.view.error)}
            {kit::trouble(desk.error)}
            <p class="hidden" role="status">{move || desk.said.get()}</p>
            <held::Held desk=desk short=Signal::derive(move || !part.with(String::is_empty))/>
            <held::Broken desk=desk/>
            {move || match (there.get(), part.get().as_str()) {
                (false, _) if desk.view.error.with(Option::is_some) => ().into_any(),
                (false, _) => view! { <p class="loading">"Reading the rules…"</p> }.into_any(),
                (true, "packs") => view! { <packs::Packs desk=desk/> }.into_any(),
                (true, "edit") => view! { <editor::Editor desk=desk/> }.into_any(),
                (true, "try") => view! { <attempt::Attempt/> }.into_any(),
                (true, _) => view! { <list::InForce desk=desk/> }.into_any(),
            }}
            {move || desk.asked.get().map(|asked| view! { <WhatIf desk=desk asked=asked/> })}
            {move || desk.importing.get().then(|| view! { <import::Import desk=desk/> })}
        </main>
    }
}

#[component]
fn Head(desk: Desk, part: Memo<String>) -> impl IntoView {
    let version = move || desk.view.value.with(|view| view.as_ref().map(|view| view.version.clone()));
    let links = PARTS
        .iter()
        .map(|(path, name)| {
            let href = if path.is_empty() { "#/rules".to_owned() } else { format!("#/rules/{path}") };
            let test = format!("rules-{}", if path.is_empty() { "list" } else { path });
            let dirty = move || *path == "edit" && desk.draft.is_dirty();
            view! {
                <a href=href data-testid=test aria-current=move || (part.get() == *path).then_some("page")>{*name}
                    {move || dirty().then(|| view! { <span class="dot" title="Not saved"><span class="hidden">" (not saved)"</span></span> })}</a>
            }
        })
        .collect_view();
    view! {
        <header class="title"><h1>"Rules"</h1>
            {move || version().map(|version| view! { <span class="quiet">"Version "<span class="id" title=version.clone()>{words::short_id(&version)}</span></span> })}
            <button type="button" class="plain" data-testid="rules-import" aria-haspopup="dialog" on:click=move |_| desk.importing.set(true)>"Import…"</button>
        </header>
        <nav class="tabs" aria-label="Parts of the rules">{links}</nav>
    }
}
