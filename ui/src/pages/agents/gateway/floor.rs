//! What the gateway lets commands do without asking anybody, and making it ask.

use clawbutler_wire::attached::{ConnectionView, FloorView, GapView, Reach};
use clawbutler_wire::command::SetFloor;
use leptos::prelude::*;

use crate::kit;
use crate::pages::agents::Desk;

#[component]
pub(super) fn Floor(desk: Desk, connection: Memo<Option<ConnectionView>>, up: Memo<bool>) -> impl IntoView {
    let floor = Memo::new(move |_| connection.with(|one| one.as_ref().and_then(|one| one.floor.clone())));
    let watches = Memo::new(move |_| {
        connection.with(|one| one.as_ref().and_then(|one| one.reach).is_some_and(|reach| reach < Reach::Govern))
    });
    view! {
        <section class="panel" data-testid="gateway-floor">
            <h2>"What it asks about"</h2>
            {move || match (floor.get(), up.get()) {
                (Some(floor), _) => view! { <Shown desk=desk floor=floor up=up/> }.into_any(),
                (None, true) if watches.get() => view! { <p class="calm-line" data-testid="gateway-floor-unread">"With its present reach the connection does not see what the gateway asks about."</p> }.into_any(),
                (None, true) => view! { <p class="loading" role="status">"Reading the gateway's policy…"</p> }.into_any(),
                (None, false) => view! { <p class="calm-line">"Its policy is read when it is connected."</p> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Shown(desk: Desk, floor: FloorView, up: Memo<bool>) -> impl IntoView {
    let raised = floor.raised;
    let closed = floor.gaps.is_empty();
    let says = match (raised, closed) {
        (true, true) => "Every command comes here before it runs, because ClawButler raised the gateway's policy.",
        (true, false) => "ClawButler raised the gateway's policy, but these places let commands run unasked again:",
        (false, true) => "By its own policy the gateway asks about every command.",
        (false, false) => "These places let commands run without anybody being asked:",
    };
    let hash = StoredValue::new(floor.hash.clone());
    let set = move |raised: bool| {
        let said =
            if raised { "The gateway asks about everything now." } else { "The gateway has its own policy back." };
        let request = SetFloor { home_id: desk.route.item(), raised, seen_hash: hash.get_value() };
        desk.send(request, said, move |connection| {
            desk.connections.value.update(|list| {
                let place = list.iter_mut().flat_map(|list| &mut list.items);
                place.filter(|one| one.home_id == connection.home_id).for_each(|one| *one = connection.clone());
            });
        });
    };
    let can = move || !up.get() || desk.busy.get();
    view! {
        <p class:warning=!closed>{says}</p>
        {(!closed).then(|| view! { <ul class="gaps" data-testid="gateway-gaps">{floor.gaps.iter().map(gap).collect_view()}</ul> })}
        {(!floor.diff.is_empty()).then(|| view! {
            <h3>{if raised && closed { "What giving it back changes" } else { "What raising it changes" }}</h3>
            {kit::diff(floor.diff.lines())}
        })}
        <div class="buttons">
            {(!closed).then(|| view! { <button type="button" class="primary" data-testid="floor-raise" disabled=can on:click=move |_| set(true)>"Make it ask about everything"</button> })}
            {raised.then(|| view! { <button type="button" class="plain" data-testid="floor-lower" disabled=can on:click=move |_| set(false)>"Give its own policy back"</button> })}
            <span class="quiet" role="status">{move || if desk.busy.get() { "This may take a minute." } else { "" }}</span>
        </div>
        <details><summary>"The policy now"</summary><pre class="code" tabindex="0"><code class="line">{floor.now.clone()}</code></pre></details>
    }
}

fn gap(gap: &GapView) -> AnyView {
    view! {
        <li><code>{gap.place.clone()}</code><span>"is "<strong>{gap.found.clone()}</strong>", would have to be "<strong>{gap.wanted.clone()}</strong></span></li>
    }
    .into_any()
}
