//! The list: what waits, near-duplicates folded together, and the bar for what is picked.

use clawbutler_wire::approvals::Verb;
use leptos::prelude::*;

use super::model::{self, Picked, Row};
use super::{Inbox, words};
use crate::always::NEXT;
use crate::kit::RiskBadge;

#[component]
pub(super) fn List(inbox: Inbox) -> impl IntoView {
    view! {
        <section class="list" aria-label="Requests">
            <header>
                <h1>"Approvals"</h1>
                <div class="segments" role="group" aria-label="Which">
                    <button type="button" aria-pressed=move || (!inbox.settled.get()).to_string() on:click=move |_| inbox.settled.set(false)>"Waiting"</button>
                    <button type="button" aria-pressed=move || inbox.settled.get().to_string() on:click=move |_| inbox.settled.set(true)>"Settled"</button>
                </div>
                <input id="search" type="search" placeholder="Search" aria-label="Search requests" on:input=move |event| inbox.typed.set(event_target_value(&event))/>
            </header>
            <Bar inbox=inbox/>
            {move || inbox.items().is_empty().then(|| view! {
                <p class="calm">{if inbox.settled.get() { "Nothing was decided yet." } else { "Nothing waits for you." }}</p>
            })}
            <ul>
                <For each=move || inbox.rows() key=|row| (row.item.id.clone(), row.item.revision, row.item.client_waiting, row.group.clone(), row.head, row.open) let:row>
                    <Item inbox=inbox row=row/>
                </For>
            </ul>
        </section>
    }
}

#[component]
fn Bar(inbox: Inbox) -> impl IntoView {
    let chosen = Memo::new(move |_| inbox.selection());
    let shown = move || chosen.with(|chosen| !chosen.items.is_empty());
    let critical = move || chosen.with(model::Selection::critical);
    let pattern = move || chosen.with(|chosen| chosen.pattern().is_some());
    view! {
        {move || shown().then(|| view! {
            <div class="batch" data-testid="batch-bar" role="group" aria-label="Picked requests">
                <span role="status">{move || chosen.with(|chosen| format!("{} picked", chosen.items.len()))}</span>
                <button type="button" class="plain" data-testid="batch-deny" on:click=move |_| inbox.decide_picked(Verb::Deny)>"Deny all"</button>
                <button type="button" class="primary" data-testid="batch-allow" disabled=move || critical() != 0 on:click=move |_| inbox.decide_picked(Verb::AllowOnce)>"Allow all once"</button>
                {move || pattern().then(|| view! {
                    <button type="button" class="link" data-testid="batch-next" aria-haspopup="dialog" on:click=move |_| inbox.next.set(Some(chosen.get_untracked()))>{format!("Allow the next {NEXT} like this…")}</button>
                })}
                {move || (critical() > 0).then(|| view! {
                    <p class="warning">{format!("{} critical: open it to allow it.", critical())}</p>
                })}
            </div>
        })}
    }
}

#[component]
fn Item(inbox: Inbox, row: Row) -> impl IntoView {
    let item = row.item.clone();
    let (id, current, group) = (item.id.clone(), item.id.clone(), item.group.clone());
    let ids = StoredValue::new(row.stands_for().to_vec());
    let timing = item.clone();
    let pending = item.outcome.is_empty();
    let others = row.others();
    let open = row.open;
    let name = match ids.with_value(Vec::len) {
        1 => "Pick this request".to_owned(),
        many => format!("Pick these {many} requests that are alike"),
    };
    let picked = move || ids.with_value(|ids| inbox.picked.with(|picked| model::picked(ids, picked)));
    view! {
        <li data-testid="approval-row" data-id=id.clone() class:current=move || inbox.route.item() == current class:member=open && !row.head>
            {pending.then(|| view! { <input type="checkbox" aria-label=name prop:checked=move || picked() == Picked::All prop:indeterminate=move || picked() == Picked::Some on:change=move |_| ids.with_value(|ids| inbox.toggle(ids))/> })}
            <a href=format!("#/approvals/{id}")>
                <span class="top"><RiskBadge level=item.risk/><span class="quiet" title=item.home.clone()>{item.runtime_name.clone()}" · "{words::folder(&item.cwd)}</span></span>
                <code class="headline">{item.headline.clone()}</code>
                <span class="quiet">{move || if pending { words::countdown(&timing, inbox.live.now()) } else { timing.outcome.clone() }}</span>
            </a>
            {row.head.then(|| view! {
                <button type="button" class="more-alike" data-testid="group-fold" aria-expanded=open.to_string() aria-label=format!("{others} more like this")
                    on:click=move |_| inbox.fold(&group, !open)><span class="count">"+"{others}</span><svg class="icon" class:turned=open viewBox="0 0 16 16" aria-hidden="true"><path d="M4 6l4 4 4-4"/></svg></button>
            })}
        </li>
    }
}
