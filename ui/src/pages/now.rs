//! What needs a person, and what was decided last.

use leptos::prelude::*;

use crate::budget::Spent;
use crate::card::waiting;
use crate::live::Live;
use crate::model;

#[component]
pub(crate) fn Now(live: Live) -> impl IntoView {
    let number = move || live.pending.with(|list| list.as_ref().map_or(0, |list| list.pending));
    view! {
        <main class="page">
            <h1>{move || model::waiting_words(number())}</h1>
            {move || live.pending.get().map(|list| {
                if list.items.is_empty() {
                    let (governed, guarded) = live.status.with(|status| status.as_ref().map_or((0, 0), |one| (one.governed, one.guarded)));
                    view! { <p class="calm">{format!("{}. Risky calls of guarded agents stop here until you decide.", model::guard_line(governed, guarded))}
                        {(governed == 0).then(|| view! { " "<a href="#/agents">"Connect your first agent"</a>"." })}</p> }.into_any()
                } else {
                    list.items.iter().map(|item| waiting(item, live)).collect_view().into_any()
                }
            })}
            <Spent live=live always=false/>
            <h2>"Decided last"</h2>
            {move || live.settled.get().map(|list| {
                if list.items.is_empty() {
                    return view! { <p class="quiet">"Nothing yet."</p> }.into_any();
                }
                list.items.into_iter().take(8).map(|item| view! {
                    <a class="row" href=format!("#/approvals/{}", item.id)>
                        <code class="headline">{item.headline.clone()}</code><span class="quiet">{item.outcome.clone()}</span>
                    </a> }).collect_view().into_any()
            })}
        </main>
    }
}
