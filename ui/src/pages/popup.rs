//! The pop-up: one card at a time, most urgent first.

use clawbutler_wire::approvals::ApprovalView;
use clawbutler_wire::command::OpenWindow;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::card::Card;
use crate::live::Live;
use crate::{api, model};

#[component]
pub(crate) fn Popup(live: Live) -> impl IntoView {
    let at = RwSignal::new(0_usize);
    let items = Memo::new(move |_| live.pending.get().map(|list| list.items).unwrap_or_default());
    let shown = Memo::new(move |_| items.with(|items| items.get(at.get().min(items.len().saturating_sub(1))).cloned()));
    let step = move |by: isize| {
        let last = items.with_untracked(|items| items.len().saturating_sub(1));
        at.update(|at| *at = at.saturating_add_signed(by).min(last));
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
                <span>{move || items.with(|items| format!("{} of {}", (at.get() + 1).min(items.len()), items.len()))}</span>
                <button type="button" class="plain" aria-label="Previous request" on:click=move |_| step(-1)>"‹"</button>
                <button type="button" class="plain" aria-label="Next request" on:click=move |_| step(1)>"›"</button>
                <button type="button" class="plain" on:click=open>"Open in ClawButler"</button>
            </header>
            {move || match shown.get() {
                Some(view) => view! { <Card view=view live=live/> }.into_any(),
                None => {
                    let last = live.settled.with(|list| list.as_ref().and_then(|list| list.items.first().map(|item| item.outcome.clone())));
                    view! { <p class="calm">{model::waiting_words(0)}". "{last.unwrap_or_default()}</p> }.into_any()
                }
            }}
        </main>
    }
}
