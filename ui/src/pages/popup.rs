//! The pop-up: one card at a time, most urgent first. What is on the screen stays there while it waits;
//! a new request never takes its place under the user's finger.

use clawbutler_wire::approvals::ApprovalView;
use clawbutler_wire::command::OpenWindow;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::card::{Card, Deciding};
use crate::live::Live;
use crate::passes::Passes;
use crate::{api, kit, model};

#[component]
pub(crate) fn Popup(live: Live) -> impl IntoView {
    let chosen = RwSignal::new(String::new());
    let controls = RwSignal::new(None::<(Deciding, ApprovalView)>);
    let items = Memo::new(move |_| live.pending.get().map(|list| list.items).unwrap_or_default());
    let shown = Memo::new_with_compare(
        move |_| {
            items.with(|items| {
                items.iter().find(|item| chosen.with(|id| item.id == *id)).or_else(|| items.first()).cloned()
            })
        },
        model::is_another_card,
    );
    Effect::new(move |_| {
        let id = shown.with(|view| view.as_ref().map(|view| view.id.clone()).unwrap_or_default());
        if chosen.with_untracked(|chosen| *chosen != id) {
            chosen.set(id);
        }
    });
    let step = move |by: isize| {
        let ids: Vec<String> = items.with_untracked(|items| items.iter().map(|item| item.id.clone()).collect());
        if let Some(id) = model::neighbour(&ids, &chosen.get_untracked(), by) {
            chosen.set(id);
        }
    };
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if kit::keys_are_taken() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        match event.key().as_str() {
            "ArrowLeft" | "k" => step(-1),
            "ArrowRight" | "j" => step(1),
            key => {
                let known = controls.get_untracked().is_some_and(|(deciding, view)| deciding.key(live, &view, key));
                if !known {
                    return;
                }
            }
        }
        event.prevent_default();
    });
    on_cleanup(move || handle.remove());
    let place = move || {
        items.with(|items| {
            let at = items.iter().position(|item| chosen.with(|id| item.id == *id)).map_or(0, |at| at + 1);
            format!("{at} of {}", items.len())
        })
    };
    let open = move |_| {
        let route = shown
            .get_untracked()
            .map_or_else(|| "approvals".to_owned(), |view: ApprovalView| format!("approvals/{}", view.id));
        spawn_local(async move {
            drop(api::call(&OpenWindow { route }).await);
        });
    };
    view! {
        <main class="popup">
            <header class="bar">
                <span role="status">{place}</span>
                <button type="button" class="plain" aria-label="Previous request" on:click=move |_| step(-1)>"‹"</button>
                <button type="button" class="plain" aria-label="Next request" on:click=move |_| step(1)>"›"</button>
                <button type="button" class="plain" on:click=open>"Open in ClawButler"</button>
            </header>
            <Passes live=live/>
            {move || match shown.get() {
                Some(view) => view! { <Card view=view live=live controls=controls/> }.into_any(),
                None => {
                    let last = live.settled.with(|list| list.as_ref().and_then(|list| list.items.first().map(|item| item.outcome.clone())));
                    view! { <p class="calm">{model::waiting_words(0)}". "{last.unwrap_or_default()}</p> }.into_any()
                }
            }}
        </main>
    }
}
