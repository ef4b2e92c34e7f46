//! The grants, a row each.

use clawbutler_wire::grants::GrantView;
use leptos::prelude::*;

use super::{Page, model, words};
use crate::clock;

#[component]
pub(super) fn Empty(page: Page) -> impl IntoView {
    view! {
        <p class="calm">{move || if page.typed.with(|typed| typed.trim().is_empty()) {
            "No grants. Everything that needs a person is asked about. “Always allow…” on a request gives one."
        } else {
            "No grant has these words."
        }}</p>
    }
}

#[component]
pub(super) fn Table(page: Page) -> impl IntoView {
    view! {
        <table class="grants"><thead><tr><th><span class="hidden">"Picked"</span></th><th>"Covers"</th><th>"Used"</th><th>"Ends"</th><th>"Given"</th><th><span class="hidden">"Does"</span></th></tr></thead>
            // A row that did not change stays, and the focus in it.
            <tbody><For each=move || page.items() key=|grant| format!("{grant:?}") let:grant><Grant page=page grant=grant/></For></tbody>
        </table>
    }
}

#[component]
fn Grant(page: Page, grant: GrantView) -> impl IntoView {
    let now = move || page.live.now();
    let over = grant.ended_at;
    let (shown, id, alone) = (grant.id.clone(), grant.id.clone(), grant.id.clone());
    let left = model::left_words(&grant);
    let used = grant.last_used_at;
    let ends = grant.expires_at;
    view! {
        <tr data-testid="grant-row" data-id=grant.id.clone() class:over=over.is_some()>
            <td>{over.is_none().then(|| view! { <input type="checkbox" aria-label=format!("Pick {}", grant.title) prop:checked=move || page.picked.with(|set| set.contains(&shown)) on:change=move |_| page.toggle(&id)/> })}</td>
            <td><strong>{words::sentence(&grant.title)}</strong>" "<span class="tag">{model::kind_words(grant.kind)}</span>
                {(grant.covers != grant.title).then(|| view! { <p>{grant.covers.clone()}</p> })}
                <p class="quiet">{grant.reach.clone()}{(!grant.reach.contains(&grant.runtime)).then(|| format!(" · {}", grant.runtime))}</p>
                {grant.note.clone().map(|note| view! { <p class="quiet">"“"{note}"”"</p> })}</td>
            <td class="number">{words::count(grant.uses, "time", "times")}<p class="quiet">{left}</p>
                {used.map(|at| view! { <p class="quiet" title=clock::exact(at)>"last "{move || words::ago(at, now())}</p> })}</td>
            <td class="number">{match (over, ends) {
                (Some(at), _) => view! { <span title=clock::exact(at)>"ended "{move || words::ago(at, now())}</span> }.into_any(),
                (None, Some(at)) => view! { <span title=clock::exact(at)>{move || model::ahead(at, now())}</span> }.into_any(),
                (None, None) => "with its session".into_any(),
            }}</td>
            <td class="number"><span title=clock::exact(grant.created_at)>{move || words::ago(grant.created_at, now())}</span>
                <p><a href=format!("#/audit/{}", grant.ledger_seq)>"Entry "{grant.ledger_seq.to_string()}</a></p></td>
            <td>{over.is_none().then(|| view! { <button type="button" class="plain" data-testid="grant-end" aria-label=format!("End {}", grant.title) on:click=move |_| page.end(vec![alone.clone()])>"End it"</button> })}</td>
        </tr>
    }
}
