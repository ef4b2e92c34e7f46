//! The inbox: a list to move in, a card to decide on, a bar for several at once.

use std::collections::BTreeSet;

use clawbutler_wire::ApiError;
use clawbutler_wire::approvals::{ApprovalView, Seen, Verb};
use clawbutler_wire::command::DecideBatch;
use clawbutler_wire::topic::Topic;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::card::{Card, Deciding};
use crate::kit::{self, RiskBadge};
use crate::live::Live;
use crate::route::{Route, go};
use crate::{api, model};

/// What the list works on.
#[derive(Debug, Clone, Copy)]
struct Inbox {
    live: Live,
    route: Route,
    settled: RwSignal<bool>,
    typed: RwSignal<String>,
    picked: RwSignal<BTreeSet<String>>,
    controls: RwSignal<Option<(Deciding, ApprovalView)>>,
    help: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
}

impl Inbox {
    fn items(self) -> Vec<ApprovalView> {
        let list = if self.settled.get() { self.live.settled.get() } else { self.live.pending.get() };
        let typed = self.typed.get();
        list.map(|list| list.items).unwrap_or_default().into_iter().filter(|item| model::found(item, &typed)).collect()
    }

    fn toggle(self, id: &str) {
        self.picked.update(|picked| {
            if !picked.remove(id) {
                picked.insert(id.to_owned());
            }
        });
    }

    fn decide_picked(self, verb: Verb) {
        let picked = self.picked.get_untracked();
        let items = untrack(|| self.items());
        let items: Vec<Seen> = items
            .into_iter()
            .filter(|item| picked.contains(&item.id))
            .map(|item| Seen { id: item.id, revision: item.revision, seen_digest: item.seen_digest })
            .collect();
        spawn_local(async move {
            let request = DecideBatch {
                items,
                verb,
                reason: None,
                scope: Default::default(),
                proposal: 0,
                expires_ms: None,
                uses: None,
            };
            let done = api::call(&request).await;
            let first = done.map(|result| result.outcomes.into_iter().find_map(|outcome| outcome.error));
            self.error.set(first.unwrap_or_else(Some));
            self.picked.set(BTreeSet::new());
            self.live.fetch(Topic::Approvals);
        });
    }

    /// The one place for keys. Nothing approves from the list by Enter.
    fn key(self, event: &web_sys::KeyboardEvent) {
        if kit::keys_are_taken() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let chosen = self.route.item();
        let ids: Vec<String> = untrack(|| self.items()).into_iter().map(|item| item.id).collect();
        let card = self.controls.get_untracked().filter(|(_, view)| view.id == chosen);
        match event.key().as_str() {
            key @ (" " | "Enter") if kit::uses(key) => return,
            "ArrowDown" | "j" => move_to(&ids, &chosen, 1),
            "ArrowUp" | "k" => move_to(&ids, &chosen, -1),
            " " if ids.contains(&chosen) => self.toggle(&chosen),
            "Enter" => focus("[data-testid=approval-card]"),
            "/" => focus("#search"),
            "?" => self.help.set(true),
            key => {
                if !card.is_some_and(|(deciding, view)| deciding.key(self.live, &view, key)) {
                    return;
                }
            }
        }
        event.prevent_default();
    }
}

fn move_to(ids: &[String], chosen: &str, step: isize) {
    if let Some(id) = model::neighbour(ids, chosen, step) {
        go(&format!("approvals/{id}"));
    }
}

fn focus(selector: &str) {
    use wasm_bindgen::JsCast as _;
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

#[component]
pub(crate) fn Approvals(live: Live, route: Route) -> impl IntoView {
    let inbox = Inbox {
        live,
        route,
        settled: RwSignal::new(false),
        typed: RwSignal::new(String::new()),
        picked: RwSignal::new(BTreeSet::new()),
        controls: RwSignal::new(None),
        help: RwSignal::new(false),
        error: RwSignal::new(None),
    };
    let handle = window_event_listener(leptos::ev::keydown, move |event| inbox.key(&event));
    on_cleanup(move || handle.remove());
    let chosen = Memo::new_with_compare(
        move |_| {
            let id = route.item();
            let both = [live.pending.get(), live.settled.get()];
            both.into_iter().flatten().flat_map(|list| list.items).find(|item| item.id == id)
        },
        model::is_another_card,
    );
    view! {
        <main class="split">
            <List inbox=inbox/>
            <section class="detail" aria-label="Request">
                {kit::trouble(inbox.error)}
                {move || match chosen.get() {
                    Some(view) => view! { <Card view=view live=live controls=inbox.controls/> }.into_any(),
                    None => view! { <p class="calm">"Choose a request to read it whole."</p> }.into_any(),
                }}
            </section>
            {move || inbox.help.get().then(|| view! { <Help inbox=inbox/> })}
        </main>
    }
}

#[component]
fn Help(inbox: Inbox) -> impl IntoView {
    let keys = [
        ("↑ ↓ j k", "move"),
        ("Enter", "read the card"),
        ("space", "pick for several at once"),
        ("a", "allow once"),
        ("A", "always allow"),
        ("d", "deny"),
        ("/", "search"),
        ("?", "this sheet"),
    ];
    view! {
        <kit::Sheet title="Keys" testid="keys" close=Callback::new(move |()| inbox.help.set(false))>
            <dl class="keys">{keys.map(|(key, does)| view! { <dt><kbd>{key}</kbd></dt><dd>{does}</dd> }).collect_view()}</dl>
            <button type="button" class="plain" on:click=move |_| inbox.help.set(false)>"Close"</button>
        </kit::Sheet>
    }
}

#[component]
fn List(inbox: Inbox) -> impl IntoView {
    let picked = move || inbox.picked.with(BTreeSet::len);
    view! {
        <section class="list" aria-label="Requests">
            <header>
                <h1>"Approvals"</h1>
                <div class="segments" role="group" aria-label="Which">
                    <button type="button" aria-pressed=move || (!inbox.settled.get()).to_string() on:click=move |_| inbox.settled.set(false)>"Waiting"</button>
                    <button type="button" aria-pressed=move || inbox.settled.get().to_string() on:click=move |_| inbox.settled.set(true)>"Settled"</button>
                </div>
                <input id="search" type="search" placeholder="Search" aria-label="Search requests" on:input=move |event| inbox.typed.set(event_target_value(&event))/>
            </header>
            {move || (picked() > 0).then(|| view! {
                <div class="batch" data-testid="batch-bar" role="group" aria-label="Picked requests">
                    <span>{move || format!("{} picked", picked())}</span>
                    <button type="button" class="plain" data-testid="batch-deny" on:click=move |_| inbox.decide_picked(Verb::Deny)>"Deny all"</button>
                    <button type="button" class="primary" data-testid="batch-allow" on:click=move |_| inbox.decide_picked(Verb::AllowOnce)>"Allow all once"</button>
                </div>
            })}
            {move || inbox.items().is_empty().then(|| view! {
                <p class="calm">{if inbox.settled.get() { "Nothing was decided yet." } else { "Nothing waits for you." }}</p>
            })}
            <ul>
                <For each=move || inbox.items() key=|item| (item.id.clone(), item.revision, item.client_waiting) let:item>
                    <Item inbox=inbox item=item/>
                </For>
            </ul>
        </section>
    }
}

#[component]
fn Item(inbox: Inbox, item: ApprovalView) -> impl IntoView {
    let (id, current, picked, check) = (item.id.clone(), item.id.clone(), item.id.clone(), item.id.clone());
    let timing = item.clone();
    let pending = item.outcome.is_empty();
    view! {
        <li data-testid="approval-row" data-id=id.clone() class:current=move || inbox.route.item() == current>
            {pending.then(|| view! { <input type="checkbox" aria-label="Pick this request" prop:checked=move || inbox.picked.with(|set| set.contains(&check)) on:change=move |_| inbox.toggle(&picked)/> })}
            <a href=format!("#/approvals/{id}")>
                <span class="top"><RiskBadge level=item.risk/><span class="quiet">{item.runtime_name.clone()}" · "{model::folder(&item.cwd)}</span></span>
                <code class="headline">{item.headline.clone()}</code>
                <span class="quiet">{move || if pending { model::countdown(&timing, inbox.live.now()) } else { timing.outcome.clone() }}
                    {(item.alike > 0).then(|| format!(" · {} alike", item.alike))}</span>
            </a>
        </li>
    }
}
