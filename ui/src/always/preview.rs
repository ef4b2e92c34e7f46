//! What the grant would have covered, drawn.

use clawbutler_wire::grants::{CoveredView, GrantPreview};
use leptos::prelude::*;

use crate::live::Live;
use crate::{clock, model};

#[component]
pub(super) fn Preview(found: GrantPreview, live: Live) -> impl IntoView {
    let covered = found.would_have_covered.len();
    view! {
        <p class="sentence">{model::preview_words(&found)}</p>
        <p class="quiet">{model::sentence(&found.covers)}" · "{found.reach.clone()}</p>
        {(covered > 0).then(|| view! { <Past title="Would have passed" items=found.would_have_covered live=live/> })}
        {(!found.not_covered_examples.is_empty()).then(|| view! { <Past title="Similar, and still asked about" items=found.not_covered_examples live=live/> })}
    }
}

#[component]
fn Past(title: &'static str, items: Vec<CoveredView>, live: Live) -> impl IntoView {
    view! {
        <details class="past" open>
            <summary>{title}" ("{items.len()}" shown)"</summary>
            <ul>{items.into_iter().map(|one| { let at = one.at; view! {
                <li><code>{one.headline}</code><span class="quiet" title=clock::exact(at)>{model::verdict(&one.decision_then).to_owned()}", "{move || model::ago(at, live.now())}</span></li>
            } }).collect_view()}</ul>
        </details>
    }
}
