//! How much of an account's limits is used, and how full the contexts of running sessions are.

use clawbutler_wire::registry::{ContextView, LimitView};
use leptos::prelude::*;

use super::{Desk, model};
use crate::signs::When;
use crate::{clock, model as words};

/// A panel with a bar for each window; nothing where nothing is known.
#[component]
pub(super) fn Limits(desk: Desk) -> impl IntoView {
    let limits = Memo::new(move |_| {
        desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.limits.clone()).unwrap_or_default())
    });
    let contexts = Memo::new(move |_| {
        desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.contexts.clone()).unwrap_or_default())
    });
    move || {
        let (limits, contexts) = (limits.get(), contexts.get());
        (!limits.is_empty() || !contexts.is_empty()).then(|| {
            view! {
                <section class="panel" data-testid="limits"><h2>"Limits"</h2>
                    <ul class="limits">
                        {limits.into_iter().map(|one| limit(desk, one)).collect_view()}
                        {contexts.into_iter().map(|one| context(desk, one)).collect_view()}
                    </ul></section>
            }
        })
    }
}

fn limit(desk: Desk, limit: LimitView) -> AnyView {
    let LimitView { window, used_percent, resets_at, as_of, source } = limit;
    let ended = Memo::new(move |_| resets_at.is_some_and(|at| at <= desk.live.now()));
    let says = format!("{window} limit: {used_percent:.0} % used");
    view! {
        <li><p><strong>{format!("{window} limit")}</strong><span class="number">{format!("{used_percent:.0} % used")}</span></p>
            {bar(used_percent, &says)}
            <p class="quiet">{resets_at.map(|at| view! { <time title=clock::exact(at)>{move || model::starts_anew(at, desk.live.now())}</time>". " })}
                {move || ended.get().then_some("What is used of the window after it was not told yet. ")}
                <span title=source.clone()>"Told "{match as_of { Some(at) => view! { <When at=at live=desk.live/> }.into_any(), None => "at an unknown time".into_any() }}</span><span class="basis">{source.clone()}</span></p></li>
    }
    .into_any()
}

fn context(desk: Desk, context: ContextView) -> AnyView {
    let ContextView { session, used, window, as_of } = context;
    #[expect(clippy::cast_precision_loss, reason = "tokens of one context")]
    let percent = used as f64 * 100.0 / window.max(1) as f64;
    let name = words::short_id(&session);
    let says = format!("Context of session {name}: {percent:.0} % full");
    view! {
        <li><p><strong title=session>{format!("Context of {name}")}</strong><span class="number">{format!("{used} of {window} tokens")}</span></p>
            {bar(percent, &says)}
            <p class="quiet">"Told by the connection "<When at=as_of live=desk.live/></p></li>
    }
    .into_any()
}

/// A bar of percent; what is above 100 fills it.
fn bar(percent: f64, says: &str) -> AnyView {
    let wide = percent.clamp(0.0, 100.0);
    view! {
        <svg class=format!("bar {}", model::fullness(percent)) viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=says.to_owned()><rect class="whole" width="100" height="8"/><rect class="used" width=format!("{wide:.1}") height="8"/></svg>
    }
    .into_any()
}
