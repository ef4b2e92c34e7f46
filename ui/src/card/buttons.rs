//! The buttons of a card, and the sheets that open over it.

use clawbutler_wire::Risk;
use clawbutler_wire::approvals::{ApprovalView, Verb};
use leptos::prelude::*;

use super::{Deciding, Over};
use crate::always::Always;
use crate::live::Live;
use crate::model;
use crate::passes::NewPass;

/// Reasons one key away.
const REASONS: &[&str] = &["Not now.", "Too broad; name exactly what is needed.", "Ask me before anything like this."];

#[component]
pub(super) fn Buttons(view: ApprovalView, live: Live, deciding: Deciding) -> impl IntoView {
    let critical = view.risk == Risk::Critical;
    let unready = move || !deciding.armed.get() || deciding.busy.get();
    let offered = !model::proposals(&view).is_empty();
    let (deny, once, always, next, all) = (view.clone(), view.clone(), view.clone(), view.clone(), view.clone());
    let reasons = REASONS
        .iter()
        .map(|words| view! { <button type="button" class="chip" on:click=move |_| deciding.reason.set((*words).to_owned())>{*words}</button> })
        .collect_view();
    view! {
        {critical.then(|| view! {
            <label class="confirm"><input type="checkbox" data-testid="confirm-critical" prop:checked=move || deciding.confirmed.get()
                on:change=move |event| deciding.confirmed.set(event_target_checked(&event))/>"I have read it. Run it this once."</label>
        })}
        <details class="reason">
            <summary>"Say why not"</summary>
            <label>"Told to the agent with your denial"
                <input type="text" maxlength="500" data-testid="deny-reason" prop:value=move || deciding.reason.get()
                    on:input=move |event| deciding.reason.set(event_target_value(&event))/>
            </label>
            <div class="chips">{reasons}</div>
        </details>
        <div class="more-ways">
            {offered.then(|| view! {
                <button type="button" class="link" data-testid="btn-next" disabled=unready aria-haspopup="dialog"
                    on:click=move |_| deciding.open(&next, Over::Always { counted: true })>"Allow the next few like this…"</button>
            })}
            <button type="button" class="link" data-testid="btn-pass" disabled=unready aria-haspopup="dialog"
                on:click=move |_| deciding.open(&all, Over::Pass)>"Allow all in this session until I say stop…"</button>
        </div>
        <div class="buttons">
            <button type="button" data-testid="btn-deny" class=if critical { "primary danger" } else { "plain" } disabled=unready
                on:click=move |_| deciding.decide(live, &deny, Verb::Deny)>"Deny"<kbd>"d"</kbd></button>
            {offered.then(|| view! {
                <button type="button" data-testid="btn-always" class="plain" disabled=unready aria-haspopup="dialog"
                    on:click=move |_| deciding.open(&always, Over::Always { counted: false })>"Always allow…"<kbd>"A"</kbd></button>
            })}
            <button type="button" data-testid="btn-allow" class=if critical { "plain" } else { "primary" }
                disabled=move || unready() || (critical && !deciding.confirmed.get())
                on:click=move |_| deciding.decide(live, &once, Verb::AllowOnce)>"Allow once"<kbd>"a"</kbd></button>
        </div>
    }
}

/// What opens over a card.
#[component]
pub(super) fn Sheets(view: ApprovalView, live: Live, deciding: Deciding) -> impl IntoView {
    let close = Callback::new(move |()| {
        deciding.over.try_set(None);
    });
    let given = view.clone();
    let give = Callback::new(move |terms| deciding.give(live, &given, terms));
    move || {
        deciding.over.get().map(|over| match over {
            Over::Always { counted } => {
                view! { <Always view=view.clone() live=live counted=counted give=give close=close/> }.into_any()
            }
            Over::Pass => view! { <NewPass view=view.clone() live=live close=close/> }.into_any(),
        })
    }
}
