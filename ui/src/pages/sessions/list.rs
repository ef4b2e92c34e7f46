//! The list: a line a session, latest activity first, a page at a time.

use clawbutler_wire::sessions::{SessionPage, SessionRow};
use leptos::prelude::*;

use super::history::History;
use super::{Desk, Turn, model};
use crate::budget::Spent;
use crate::signs::When;
use crate::{kit, signs};

#[component]
pub(super) fn List(desk: Desk) -> impl IntoView {
    let typed = kit::after_a_pause(std::time::Duration::from_millis(200), move |text: String| {
        desk.turn.set(Turn::Newest);
        desk.typed.set(text);
    });
    let ids = Memo::new(move |_| {
        let ids = |page: &SessionPage| page.items.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
        desk.page.value.with(|page| page.as_ref().map(ids))
    });
    let total = move || desk.page.value.with(|page| page.as_ref().map(|page| page.total));
    let which = model::WHICH
        .iter()
        .enumerate()
        .map(|(at, (word, _))| view! {
            <button type="button" aria-pressed=move || (desk.which.get() == at).to_string() on:click=move |_| { desk.turn.set(Turn::Newest); desk.which.set(at); }>{*word}</button>
        })
        .collect_view();
    view! {
        <section class="list" aria-label="Sessions">
            <header>
                <h1>"Sessions "<span class="count">{total}</span></h1>
                <div class="segments" role="group" aria-label="Which">{which}</div>
                <input id="search" type="search" placeholder="Search" aria-label="Search sessions" on:input=move |event| typed(event_target_value(&event))/>
            </header>
            <Spent live=desk.live always=true/>
            <History desk=desk/>
            {kit::trouble(desk.page.error)}
            {kit::trouble(desk.error)}
            {move || match ids.get() {
                None if desk.page.error.with(Option::is_some) => ().into_any(),
                None => view! { <p class="loading" role="status">"Looking for sessions…"</p> }.into_any(),
                Some(ids) if ids.is_empty() => view! { <Empty desk=desk/> }.into_any(),
                Some(_) => ().into_any(),
            }}
            <ul><For each=move || ids.get().unwrap_or_default() key=String::clone let:id><Row desk=desk id=id/></For></ul>
            <Pager desk=desk/>
        </section>
    }
}

#[component]
fn Empty(desk: Desk) -> impl IntoView {
    let governed = move || {
        desk.agents
            .value
            .with(|list| list.as_ref().map(|list| list.agents.iter().filter(|agent| agent.governed).count()))
    };
    move || {
        if desk.which.get() != 0 || !desk.typed.with(String::is_empty) {
            view! { <p class="calm">"No session fits. "<button type="button" class="link" on:click=move |_| desk.which.set(0)>"Show all"</button></p> }.into_any()
        } else if governed() == Some(0) {
            view! { <p class="calm">"No agent is governed, and only what you chose is read. "<a href="#/agents">"Choose your agents"</a>"."</p> }.into_any()
        } else {
            view! { <p class="calm">"Nothing was recorded yet. A session appears here as soon as a governed agent starts one."</p> }.into_any()
        }
    }
}

#[component]
fn Pager(desk: Desk) -> impl IntoView {
    let newer = move || desk.page.value.with(|page| page.as_ref().and_then(|page| page.newer.clone()));
    let older = move || desk.page.value.with(|page| page.as_ref().and_then(|page| page.older.clone()));
    move || {
        let (newer, older) = (newer().filter(|_| desk.turn.get() != Turn::Newest), older());
        (newer.is_some() || older.is_some()).then(|| view! {
            <div class="pager">
                {newer.map(|place| view! {
                    <button type="button" class="plain" on:click=move |_| desk.turn.set(Turn::Newest)>"Newest"</button>
                    <button type="button" class="plain" data-testid="later" on:click=move |_| desk.turn.set(Turn::After(place.clone()))>"Later"</button> })}
                {older.map(|place| view! { <button type="button" class="plain" data-testid="earlier" on:click=move |_| desk.turn.set(Turn::Before(place.clone()))>"Earlier"</button> })}
            </div>
        })
    }
}

#[component]
fn Row(desk: Desk, id: String) -> impl IntoView {
    let (current, href, name) = (id.clone(), format!("#/sessions/{id}"), id.clone());
    let row =
        Memo::new(move |_| desk.page.value.with(|page| page.as_ref()?.items.iter().find(|row| row.id == id).cloned()));
    let current = Memo::new(move |_| desk.route.item() == current);
    view! {
        <li data-testid="session-row" data-id=name class:current=move || current.get() aria-current=move || current.get().then_some("true")>
            <a href=href>{move || row.get().map(|row| cells(desk, &row))}</a>
        </li>
    }
}

fn cells(desk: Desk, row: &SessionRow) -> AnyView {
    let used = match model::all(&row.tokens) {
        0 => String::new(),
        all => format!("{} tokens · {}", model::tokens(all), model::cost(&row.cost)),
    };
    view! {
        <span class="top">{signs::session_state(row.state)}<span class="quiet"><When at=row.last_at live=desk.live/></span></span>
        <strong class="headline">{row.parent.is_some().then_some("↳ ")}{model::name(row)}</strong>
        <span class="quiet">{row.runtime_name.clone()}" · "{model::place(row)}</span>
        <span class="top"><span class="quiet number">{used}</span>
            {(row.malformed > 0).then(|| view! { <span class="tag warn">{format!("{} unread", row.malformed)}</span> })}</span>
    }
    .into_any()
}
