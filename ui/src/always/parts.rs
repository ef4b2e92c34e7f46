//! The choices of the sheet: what, where, for how long, how often.

use clawbutler_wire::grants::ProposalView;
use leptos::prelude::*;

use super::{Choice, MOST_USES};
use crate::model;

#[component]
pub(super) fn Proposals(choice: Choice, proposals: Vec<ProposalView>) -> impl IntoView {
    view! {
        <fieldset class="choices">
            <legend>"What"</legend>
            {proposals.into_iter().map(|one| {
                let index = one.index;
                let chosen = one.clone();
                view! {
                    <label class="choice">
                        <input type="radio" name="proposal" data-testid="proposal" prop:checked=move || choice.proposal.get() == index on:change=move |_| choice.propose(&chosen)/>
                        <span><strong>{model::sentence(&one.title)}</strong>{one.warning.map(|words| view! { <span class="warning">{words}</span> })}</span>
                    </label>
                }
            }).collect_view()}
        </fieldset>
    }
}

#[component]
pub(super) fn Limits(choice: Choice, proposals: Vec<ProposalView>) -> impl IntoView {
    let scopes = Memo::new(move |_| {
        let index = choice.proposal.get();
        proposals.iter().find(|one| one.index == index).map(|one| one.scopes.clone()).unwrap_or_default()
    });
    view! {
        <div class="limits">
            <fieldset class="choices">
                <legend>"Where"</legend>
                {move || scopes.get().into_iter().map(|scope| view! {
                    <label class="choice"><input type="radio" name="scope" data-testid="scope" prop:checked=move || choice.scope.get() == scope on:change=move |_| choice.reach(scope)/>{model::scope_words(scope)}</label>
                }).collect_view()}
            </fieldset>
            <fieldset class="choices">
                <legend>"How long and how often"</legend>
                <select aria-label="How long" data-testid="grant-length" on:change=move |event| choice.length.set(event_target_value(&event).parse().unwrap_or_default())>
                    {move || {
                        let scope = choice.scope.get();
                        model::lengths(scope).iter().enumerate().map(|(at, (words, _))| view! {
                            <option value=at.to_string() selected=at == model::usual_length(scope)>{*words}</option>
                        }).collect_view()
                    }}
                </select>
                <label class="choice"><input type="checkbox" data-testid="grant-counted" prop:checked=move || choice.counted.get() on:change=move |event| choice.counted.set(event_target_checked(&event))/>
                    "Only the next "
                    <input type="number" class="few" min="1" max=MOST_USES.to_string() aria-label="How many" data-testid="grant-uses" disabled=move || !choice.counted.get()
                        prop:value=move || choice.uses.get().to_string() on:input=move |event| choice.uses.set(event_target_value(&event).trim().parse().unwrap_or(0))/>
                    " like this"
                </label>
            </fieldset>
        </div>
    }
}
