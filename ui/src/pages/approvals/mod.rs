//! The inbox: a list to move in, a card to decide on, a bar for several at once.

mod inbox;
mod list;
mod model;

use std::collections::BTreeSet;

use leptos::prelude::*;

use crate::always::Always;
use crate::card::Card;
use crate::live::Live;
use crate::route::Route;
use crate::{kit, model as words};
use inbox::Inbox;
use list::List;
use model::Selection;

#[component]
pub(crate) fn Approvals(live: Live, route: Route) -> impl IntoView {
    let inbox = Inbox {
        live,
        route,
        settled: RwSignal::new(false),
        typed: RwSignal::new(String::new()),
        picked: RwSignal::new(BTreeSet::new()),
        open: RwSignal::new(BTreeSet::new()),
        next: RwSignal::new(None),
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
        words::is_another_card,
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
            {move || inbox.next.get().map(|chosen| view! { <Next inbox=inbox chosen=chosen/> })}
            {move || inbox.help.get().then(|| view! { <Help inbox=inbox/> })}
        </main>
    }
}

#[component]
fn Help(inbox: Inbox) -> impl IntoView {
    let keys = [
        ("↑ ↓ j k", "move"),
        ("Enter", "read the card"),
        ("→ ←", "show and hide what is alike"),
        ("space", "pick for several at once"),
        ("a", "allow once"),
        ("A", "always allow, with limits"),
        ("n", "allow the next few like it"),
        ("s", "allow all in the session for a while"),
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

/// “Allow the next N like these”, from a selection.
#[component]
fn Next(inbox: Inbox, chosen: Selection) -> impl IntoView {
    let pattern = chosen.pattern().cloned();
    let others = chosen.items.len().saturating_sub(1);
    let give = Callback::new(move |terms| inbox.give(chosen.clone(), terms));
    let close = Callback::new(move |()| inbox.next.set(None));
    pattern.map(|view| view! { <Always view=view live=inbox.live counted=true others=others give=give close=close/> })
}
