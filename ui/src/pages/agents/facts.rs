//! What an agent is configured to do: one tab of facts, each with where it was read.

use clawbutler_wire::registry::{FactTab, FactView};
use leptos::prelude::*;

use super::{Desk, model};

/// Facts drawn at first, and by each “Show more”.
const STEP: usize = 200;

#[component]
pub(super) fn Facts(
    desk: Desk,
    tab: FactTab,
    /// With a search field of its own.
    #[prop(optional)]
    plain: bool,
) -> impl IntoView {
    let most = RwSignal::new(STEP);
    let facts = Memo::new(move |_| {
        let typed = if plain { String::new() } else { desk.typed.get() };
        desk.detail.value.with(|detail| {
            detail.as_ref().map(|detail| model::facts_of(&detail.facts, tab, &typed)).unwrap_or_default()
        })
    });
    let home = Memo::new(move |_| {
        desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.agent.home.clone()).unwrap_or_default())
    });
    let shown = move || facts.with(|facts| facts.iter().take(most.get()).cloned().collect::<Vec<_>>());
    let rest = move || facts.with(Vec::len).saturating_sub(most.get());
    view! {
        {(!plain).then(|| view! {
            <div class="tools"><input id="search" type="search" placeholder="Search" aria-label="Search this tab" data-testid="facts-search" on:input=move |event| desk.typed.set(event_target_value(&event))/>
                <p class="quiet">"A dot marks what raises an alert when it changes."</p></div>
        })}
        {move || facts.with(Vec::is_empty).then(|| view! { <p class="calm">{if plain { "Nothing is recorded." } else { "Nothing has these words." }}</p> })}
        <table class="facts-table" class:none=move || facts.with(Vec::is_empty) data-testid="facts">
            <thead><tr><th scope="col">"Name"</th><th scope="col">"Value"</th><th scope="col">"Read from"</th></tr></thead>
            <tbody><For each=shown key=|fact| format!("{fact:?}") let:fact>{row(&fact, &home.get_untracked())}</For></tbody>
        </table>
        {move || (rest() > 0).then(|| view! { <button type="button" class="plain" on:click=move |_| most.update(|most| *most += STEP)>{format!("Show more ({} left)", rest())}</button> })}
    }
}

fn row(fact: &FactView, home: &str) -> AnyView {
    view! {
        <tr><th scope="row">{fact.name.clone()}{fact.watched.then(|| view! { <span class="watched" title="A change of it raises an alert"><span class="hidden">" (watched)"</span></span> })}</th>
            <td class="value">{fact.value.clone()}</td><td class="quiet"><code title=fact.source.clone()>{model::place(&fact.source, home)}</code></td></tr>
    }
    .into_any()
}
