//! What changed in an agent's configuration since the baseline, and accepting it.

use clawbutler_wire::command::AcceptDrift;
use clawbutler_wire::registry::{DriftChange, DriftKind, DriftView};
use leptos::prelude::*;

use super::{Desk, model};
use crate::signs::When;

#[component]
pub(super) fn Changes(desk: Desk) -> impl IntoView {
    let drift = Memo::new(move |_| {
        desk.detail.value.with(|detail| {
            let detail = detail.as_ref()?;
            Some((detail.drift.clone()?, detail.agent.home.clone()))
        })
    });
    move || match drift.get() {
        None => view! { <p class="calm" data-testid="no-changes">"Nothing changed since the baseline."</p> }.into_any(),
        Some((drift, home)) => view! { <Shown desk=desk drift=drift home=home/> }.into_any(),
    }
}

#[component]
fn Shown(desk: Desk, drift: DriftView, home: String) -> impl IntoView {
    let loosened = drift.changes.iter().any(|change| change.kind == DriftKind::Loosened);
    let request = AcceptDrift { home_id: drift.home_id.clone(), digest: drift.digest.clone() };
    let accept = move |_| {
        desk.send(request.clone(), "The configuration is the baseline now.", move |detail| desk.detail.put(detail));
    };
    view! {
        <section data-testid="changes">
            <div class="tools"><p>"Since the baseline taken "<When at=drift.baseline_at live=desk.live/>". "
                {if loosened { "Something is looser than you accepted: look before you accept it." } else { "Accept what you did yourself; take back what you did not." }}</p>
                <div class="bulk"><button type="button" class=if loosened { "plain" } else { "primary" } data-testid="accept-drift" disabled=move || desk.busy.get() on:click=accept>"Accept all as the new baseline"</button></div></div>
            <ul class="drift">{drift.changes.iter().map(|change| row(desk, change, &home)).collect_view()}</ul>
        </section>
    }
}

fn row(desk: Desk, change: &DriftChange, home: &str) -> AnyView {
    let loosened = change.kind == DriftKind::Loosened;
    view! {
        <li class:loosened=loosened aria-label=model::drift_words(change)>
            <div><span class="tag" class:warn=loosened>{model::drift_word(change.kind)}</span>" "<strong>{change.name.clone()}</strong>
                <span class="quiet">" "{model::tab_word(change.tab)}{change.project.clone().map(|project| format!(" of {project}"))}</span></div>
            <div class="from-to">
                {change.from.clone().map(|from| view! { <code class="was"><span class="hidden">"Before: "</span>{from}</code> })}
                {change.to.clone().map(|to| view! { <code class="now"><span class="hidden">"Now: "</span>{to}</code> })}
            </div>
            <div class="quiet"><code title=change.source.clone()>{model::place(&change.source, home)}</code>" · first seen "<When at=change.since live=desk.live/></div>
        </li>
    }
    .into_any()
}
