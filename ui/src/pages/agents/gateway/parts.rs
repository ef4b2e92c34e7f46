//! What the gateway tells when it is asked: a part at a time, as tables.

use std::time::Duration;

use clawbutler_wire::attached::{CellView, ColumnLook, GatewayPart, PartTable, PartView};
use clawbutler_wire::command::GatewayView;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::act::{Buttons, has_buttons};
use super::model;
use crate::chart::{self, Fold};
use crate::fetched::Fetched;
use crate::pages::agents::Desk;
use crate::pages::sessions::visible;
use crate::signs::When;
use crate::{api, clock, kit};

/// Rows drawn at first, and by each “Show more”.
const STEP: usize = 100;

#[component]
pub(super) fn Part(desk: Desk, up: Memo<bool>, part: GatewayPart) -> impl IntoView {
    let told: Fetched<PartView> = Fetched::new();
    let typed = RwSignal::new(String::new());
    let agent = RwSignal::new(String::new());
    let ask = move || {
        if up.get_untracked() {
            let agent = Some(agent.get_untracked()).filter(|agent| !agent.is_empty());
            told.ask(GatewayView { home_id: desk.route.item(), part, agent, after: None });
        }
    };
    let connection = super::connection(desk);
    let moved = Memo::new(move |_| {
        connection.with(|one| one.as_ref()?.moved.iter().find(|one| one.part == part).map(|one| one.times))
    });
    // Asked anew when the connection is back, the part changed by itself, or another agent is chosen.
    Effect::new(move || {
        moved.track();
        agent.track();
        if up.get() {
            untrack(ask);
        }
    });
    if part == GatewayPart::Logs {
        follow(desk, up, told);
    }
    let there = Memo::new(move |_| told.value.with(Option::is_some));
    view! {
        <section data-testid="gateway-part">
        <div class="tools">
            <input id="search" type="search" placeholder="Search" aria-label="Search what the gateway told" data-testid="parts-search" prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event))/>
            {move || told.value.with(|view| view.as_ref().map(|view| view.fetched_at)).map(|at| view! { <p class="quiet">"Told "<When at=at live=desk.live/></p> })}
            {matches!(part, GatewayPart::Tools | GatewayPart::Skills).then(|| view! { <Whose desk=desk up=up agent=agent/> })}
            <div class="bulk"><button type="button" class="plain" data-testid="parts-refresh" disabled=move || told.busy.get() || !up.get() on:click=move |_| ask()>"Ask again"</button></div>
        </div>
        {kit::trouble(told.error)}
        {move || match (there.get(), up.get()) {
            (true, _) => view! { <Told desk=desk told=told typed=typed again=Callback::new(move |()| ask())/> }.into_any(),
            (false, false) => view! { <p class="calm">"It tells this when it is connected."</p> }.into_any(),
            (false, true) if told.error.with(Option::is_some) => ().into_any(),
            (false, true) => view! { <p class="loading" role="status">"Asking the gateway…"</p> }.into_any(),
        }}
        </section>
    }
}

/// Between two looks for more of the log.
const FOLLOW: Duration = Duration::from_secs(2);

/// Goes on with the log where it was read to, while the page shows it.
fn follow(desk: Desk, up: Memo<bool>, told: Fetched<PartView>) {
    let asked = StoredValue::new(false);
    let look = move || {
        let after = told.value.with_untracked(|view| view.as_ref().and_then(|view| view.cursor));
        if after.is_none() || !up.get_untracked() || told.busy.get_untracked() || asked.get_value() {
            return;
        }
        asked.set_value(true);
        let home_id = desk.route.item();
        spawn_local(async move {
            let more = api::call(&GatewayView { home_id, part: GatewayPart::Logs, agent: None, after }).await;
            // Gone when the page was left meanwhile.
            if asked.try_set_value(false).is_some() {
                return;
            }
            // What was asked for anew meanwhile is newer.
            let same = told.value.with_untracked(|view| view.as_ref().and_then(|view| view.cursor)) == after;
            if let Ok(more) = more
                && same
                && (more.cursor != after || !more.goes_on)
            {
                told.put(model::followed(told.value.get_untracked(), more));
            }
        });
    };
    if let Ok(handle) = set_interval_with_handle(look, FOLLOW) {
        on_cleanup(move || handle.clear());
    }
}

/// Whose tools or skills are shown.
#[component]
fn Whose(desk: Desk, up: Memo<bool>, agent: RwSignal<String>) -> impl IntoView {
    let known: Fetched<PartView> = Fetched::new();
    Effect::new(move || {
        if up.get() {
            let home_id = untrack(|| desk.route.item());
            known.ask(GatewayView { home_id, part: GatewayPart::Agents, agent: None, after: None });
        }
    });
    let names = Memo::new(move |_| known.value.with(|view| view.as_ref().map(model::names).unwrap_or_default()));
    view! {
        <label>"Agent "<select data-testid="parts-agent" prop:value=move || agent.get() on:change=move |event| agent.set(event_target_value(&event))>
            <option value="">"The default one"</option>
            {move || names.get().into_iter().map(|name| view! { <option value=name.clone()>{name.clone()}</option> }).collect_view()}
        </select></label>
    }
}

#[component]
fn Told(desk: Desk, told: Fetched<PartView>, typed: RwSignal<String>, again: Callback<()>) -> impl IntoView {
    // Told anew but the same is not drawn again: the focus stays where it is.
    let shown = Memo::new(move |_| told.value.with(|view| view.clone().map(|view| PartView { fetched_at: 0, ..view })));
    move || {
        shown.get().map(|view| {
            let part = view.part;
            let spent = (view.part == GatewayPart::Usage).then(|| model::spent(&view)).filter(|days| days.len() > 1);
            view! {
                {view.note.map(|note| view! { <p class="calm-line" data-testid="part-note">{note}</p> })}
                {spent.map(|days| {
                    let says = model::spent_words(&days);
                    view! { <figure class="plot"><figcaption><strong>"Cost by day"</strong>" "<span class="quiet number">{says.clone()}</span></figcaption>{chart::bars(&days, Fold::Sum, format!("Cost by day: {says}"))}</figure> }
                })}
                {view.tables.into_iter().enumerate().map(|(nth, table)| view! { <Table desk=desk part=part first=nth == 0 table=table typed=typed again=again/> }).collect_view()}
            }
        })
    }
}

#[component]
fn Table(
    desk: Desk,
    part: GatewayPart,
    first: bool,
    table: PartTable,
    typed: RwSignal<String>,
    again: Callback<()>,
) -> impl IntoView {
    let most = RwSignal::new(STEP);
    let looks: Vec<ColumnLook> = table.columns.iter().map(|column| column.look).collect();
    let (all, left_out) = (table.rows.len(), table.left_out);
    let rows = StoredValue::new(table.rows);
    let found = Memo::new(move |_| rows.with_value(|rows| model::found(rows, &typed.get())));
    let shown = move || -> Vec<(usize, Vec<CellView>)> {
        let found = found.get();
        rows.with_value(|rows| found.iter().take(most.get()).map(|at| (*at, rows[*at].clone())).collect())
    };
    let rest = move || found.with(Vec::len).saturating_sub(most.get());
    let head = table.columns.iter().map(
        |column| view! { <th scope="col" class:number=column.look == ColumnLook::Number>{column.name.clone()}</th> },
    );
    let label = table.title.clone();
    view! {
        <h3>{table.title}" "<span class="count">{all}</span></h3>
        {if all == 0 { view! { <p class="calm">{table.empty}</p> }.into_any() } else { view! {
            {move || found.with(Vec::is_empty).then(|| view! { <p class="calm">"Nothing has these words."</p> })}
            <div class="sideways" tabindex="0" role="region" aria-label=label><table class="told" class:none=move || found.with(Vec::is_empty)>
                <thead><tr>{head.collect_view()}{has_buttons(part).then(|| view! { <th scope="col"><span class="hidden">"Actions"</span></th> })}</tr></thead>
                <tbody><For each=shown key=|row| row.0 let:row>
                    <tr data-testid="part-row">{row.1.iter().zip(&looks).map(|(one, look)| cell(desk, one, *look)).collect_view()}
                        {has_buttons(part).then(|| view! { <td><Buttons desk=desk part=part first=first row=row.1.clone() again=again/></td> })}</tr>
                </For></tbody>
            </table></div>
        }.into_any() }}
        {move || (rest() > 0).then(|| view! { <button type="button" class="plain" on:click=move |_| most.update(|most| *most += STEP)>{format!("Show more ({} left)", rest())}</button> })}
        {(left_out > 0).then(|| view! { <p class="quiet">{format!("{left_out} more are left out.")}</p> })}
    }
}

fn cell(desk: Desk, cell: &CellView, look: ColumnLook) -> AnyView {
    match cell {
        CellView::Unknown => view! { <td class="quiet" class:number=look == ColumnLook::Number><span aria-hidden="true">"–"</span><span class="hidden">"not said"</span></td> }.into_any(),
        CellView::Text { text } if look == ColumnLook::Code => view! { <td><code>{visible(text)}</code></td> }.into_any(),
        CellView::Text { text } => view! { <td>{visible(text)}</td> }.into_any(),
        CellView::Number { number } => view! { <td class:number=look == ColumnLook::Number>{model::thousands(*number)}</td> }.into_any(),
        CellView::Money { microusd } => view! { <td class="number">{model::money(*microusd)}</td> }.into_any(),
        CellView::Time { at } if *at > desk.live.now_untracked() => view! { <td><time class="when">{clock::exact(*at)}</time></td> }.into_any(),
        CellView::Time { at } => view! { <td><When at=*at live=desk.live/></td> }.into_any(),
        CellView::Flag { yes: true } => view! { <td>"yes"</td> }.into_any(),
        CellView::Flag { yes: false } => view! { <td class="quiet">"no"</td> }.into_any(),
    }
}
