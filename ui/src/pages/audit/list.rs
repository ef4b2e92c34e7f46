//! The log: search, filters, rows, and the entry that is open beside them.

use clawbutler_wire::audit::EntryView;
use leptos::prelude::*;

use super::detail::Panel;
use super::filters::Filters;
use super::verify::Strip;
use super::{Desk, Over, Turn, address, entry, model};
use crate::{clock, kit};

/// How near to the end of what is there more is fetched (pixels).
const NEAR: i32 = 600;

#[component]
pub(super) fn Log(desk: Desk) -> impl IntoView {
    let count = move || {
        let rows = desk.rows.with(|rows| rows.as_ref().and_then(|rows| rows.count));
        let rows = rows.filter(|_| desk.error.with(Option::is_none));
        let plain = desk.filter.with(|filter| *filter == Default::default());
        rows.map(
            |count| if plain { model::count_words(&count) } else { format!("{} found", model::count_words(&count)) },
        )
    };
    let open = Memo::new(move |_| desk.open.get().is_some());
    view! {
        <main class="audit" class:open=move || open.get()>
            <header class="audit-head">
                <div class="title"><h1>"Audit"</h1><span class="quiet number" role="status" data-testid="count">{count}</span>
                    <div class="buttons">
                        <button type="button" class="plain" data-testid="checkpoints" aria-haspopup="dialog" on:click=move |_| desk.over.set(Some(Over::Checkpoints))>"Checkpoints"</button>
                        <button type="button" class="plain" data-testid="check-pack" aria-haspopup="dialog" on:click=move |_| desk.over.set(Some(Over::Check))>"Check a pack…"</button>
                        <button type="button" class="plain" data-testid="export" aria-haspopup="dialog" on:click=move |_| desk.over.set(Some(Over::Export))>"Export…"</button>
                        <button type="button" class="primary" data-testid="verify-audit" disabled=move || desk.verify.busy.get() on:click=move |_| desk.verify.begin()>{move || if desk.verify.busy.get() { "Verifying…" } else { "Verify" }}</button>
                    </div>
                </div>
                <Strip desk=desk/>
                <Filters desk=desk/>
            </header>
            <section class="audit-list" class:stale=move || desk.error.with(Option::is_some) aria-label="Entries" on:scroll=move |event| scrolled(desk, &event)>
                <Rows desk=desk/>
            </section>
            {move || open.get().then(|| view! { <Panel desk=desk/> })}
        </main>
    }
}

fn scrolled(desk: Desk, event: &web_sys::Event) {
    let list = event_target::<web_sys::Element>(event);
    desk.at_top.set_value(list.scroll_top() < 8);
    let left = list.scroll_height() - list.scroll_top() - list.client_height();
    // What was stopped by time goes on when it is asked to: it may take long.
    let more = desk
        .rows
        .with_untracked(|rows| rows.as_ref().is_some_and(|rows| rows.older.is_some() && rows.searched_to.is_none()));
    if left < NEAR && more && !desk.busy.get_untracked() && desk.error.with_untracked(Option::is_none) {
        desk.turn(Turn::Older);
    }
}

/// What stands in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Failed,
    Loading,
    Empty,
    /// Nothing yet, and there is more to look at.
    Looking,
    Items,
}

#[component]
fn Rows(desk: Desk) -> impl IntoView {
    let shown = Memo::new(move |_| {
        desk.rows.with(|rows| match rows {
            None if desk.error.with(Option::is_some) => Shown::Failed,
            None => Shown::Loading,
            Some(rows) if !rows.items.is_empty() => Shown::Items,
            Some(_) if desk.error.with(Option::is_some) => Shown::Failed,
            Some(rows) if rows.searched_to.is_some() => Shown::Looking,
            Some(_) => Shown::Empty,
        })
    });
    let newer =
        move || desk.rows.with(|rows| rows.as_ref().is_some_and(|rows| rows.newer.is_some())) || desk.fresh.get();
    let up = move |_| desk.turn(if desk.fresh.get_untracked() { Turn::First } else { Turn::Newer });
    view! {
        {move || desk.error.get().filter(|error| error.details.is_none()).map(|error| view! {
            <div class="trouble" role="alert"><strong>{error.message}</strong>" "{error.hint.unwrap_or_default()}" "
                <button type="button" class="link" on:click=move |_| desk.turn(Turn::First)>"Try again"</button></div>
        })}
        {move || newer().then(|| view! { <button type="button" class="newer" data-testid="newer" on:click=up>{move || if desk.fresh.get() { "There are newer entries" } else { "Newer entries" }}</button> })}
        {move || match shown.get() {
            Shown::Failed => ().into_any(),
            Shown::Loading => view! { <p class="loading" role="status">"Searching the log…"</p> }.into_any(),
            Shown::Empty => empty(desk),
            Shown::Looking | Shown::Items => view! { <Table desk=desk/> }.into_any(),
        }}
        <End desk=desk/>
    }
}

fn empty(desk: Desk) -> AnyView {
    let asked = move || desk.filter.with(|filter| *filter != Default::default());
    view! {
        <div class="calm" data-testid="audit-empty">
            {move || if asked() { view! {
                <p>"No entry matches. The whole log was searched."</p>
                <p><a href="#/audit">"Show every entry"</a></p>
            }.into_any() } else { view! { <p>"The log is empty. The first entry is written when ClawButler starts."</p> }.into_any() }}
        </div>
    }
    .into_any()
}

#[component]
fn Table(desk: Desk) -> impl IntoView {
    let items = move || desk.rows.with(|rows| rows.as_ref().map(|rows| rows.items.clone()).unwrap_or_default());
    view! {
        <table class="log" aria-label="Entries of the audit log, newest first">
            <thead><tr><th class="number">"No."</th><th>"When"</th><th>"What"</th><th class="who-cell">"Who"</th><th>"Risk"</th><th>"Decision"</th></tr></thead>
            <tbody>
                <For each=items key=|entry| entry.seq let:entry><Item desk=desk entry=entry/></For>
            </tbody>
        </table>
    }
}

#[component]
fn Item(desk: Desk, entry: EntryView) -> impl IntoView {
    let seq = entry.seq.0;
    let current = move || desk.open.get() == Some(seq);
    // One tab stop: the open row, else the first.
    let stop = move || {
        let first = || desk.rows.with(|rows| rows.as_ref().and_then(super::rows::Rows::top)) == Some(entry.seq);
        let open = desk.open.get();
        let shown =
            || desk.rows.with(|rows| rows.iter().flat_map(|rows| &rows.items).any(|item| Some(item.seq.0) == open));
        if current() || (first() && !(open.is_some() && shown())) { "0" } else { "-1" }
    };
    let href = move || format!("#/{}", desk.filter.with(|filter| address::place(Some(seq), filter)));
    view! {
        <tr data-testid="entry-row" data-seq=seq.to_string() data-kind=entry.kind.clone() class:current=current>
            <td class="number quiet">{model::grouped(seq)}</td>
            <td class="when-cell"><time title=clock::exact(entry.at)>{move || crate::model::ago(entry.at, desk.live.now())}</time></td>
            <td class="what-cell"><a href=href tabindex=stop aria-current=move || current().then_some("true")>
                <span class="kind">{model::kind_words(&entry.kind)}</span>" "<span class="says">{entry::more(&entry)}</span></a></td>
            <td class="quiet who-cell" title=entry.actor.clone()>{entry.actor.clone()}</td>
            <td>{entry::risk(&entry)}</td>
            <td>{entry::decision(&entry)}</td>
        </tr>
    }
}

/// How far back everything was looked at, and the newest entry there was.
fn reached(desk: Desk) -> (u64, u64) {
    desk.rows.with(|rows| rows.as_ref().map_or((0, 0), |rows| (rows.searched_to.map_or(0, |seq| seq.0), rows.seen.0)))
}

/// How far a search that looks on by itself has come.
#[component]
fn Back(desk: Desk) -> impl IntoView {
    let done = move || {
        let (to, newest) = reached(desk);
        newest.saturating_sub(to).to_string()
    };
    view! { <progress max=move || reached(desk).1.max(1).to_string() value=done aria-label="Entries looked at"></progress> }
}

/// What is below the rows: more, how far was looked, or the beginning of the log.
#[component]
fn End(desk: Desk) -> impl IntoView {
    let place = Memo::new(move |_| {
        desk.rows
            .with(|rows| rows.as_ref().map(|rows| (rows.older.is_some(), rows.searched_to.is_some(), rows.items.len())))
    });
    let looking =
        move || desk.looking.get() && desk.rows.with(|rows| rows.as_ref().is_some_and(super::rows::Rows::is_short));
    // One button for both, so that it keeps the focus.
    let stop_or_go_on = move |_| {
        if looking() {
            desk.looking.set(false);
        } else {
            desk.looking.set(true);
            desk.turn(Turn::Older);
        }
    };
    let label = move || match (looking(), desk.busy.get()) {
        (true, _) => "Stop looking",
        (false, true) => "Looking…",
        (false, false) => "Look further back",
    };
    let older = move |_| desk.turn(Turn::Older);
    view! {
        // Told when the looking ends, not at every step of it.
        <div class="log-end" role="status" aria-live=move || if looking() { "off" } else { "polite" }>
            {move || match place.get() {
                Some((true, true, items)) => view! {
                    <Back desk=desk/>
                    <p data-testid="looked-back">{move || format!("Looked back to entry {}{}.", model::grouped(reached(desk).0), if items == 0 { "; nothing found so far" } else { "" })}</p>
                    <button type="button" class="plain" data-testid=move || if looking() { "stop-looking" } else { "go-on" } on:click=stop_or_go_on>{label}</button>
                }.into_any(),
                Some((true, false, _)) => view! {
                    <button type="button" class="plain" data-testid="older" disabled=move || desk.busy.get() on:click=older>{move || if desk.busy.get() { "Fetching…" } else { "Older entries" }}</button>
                }.into_any(),
                Some((false, _, items)) if items > 0 => view! { <p class="quiet">"That is where the search ends."</p> }.into_any(),
                _ => ().into_any(),
            }}
        </div>
    }
}

/// Writes a text to the clipboard and says so.
#[component]
pub(crate) fn Copy(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    label: &'static str,
    testid: &'static str,
) -> impl IntoView {
    let said = RwSignal::new(None::<bool>);
    let copy = move |_| {
        let text = text.get_untracked();
        leptos::task::spawn_local(async move {
            let done = crate::api::copy(&text).await;
            said.try_set(Some(done));
            kit::later(std::time::Duration::from_secs(2), move || {
                let _ = said.try_set(None);
            });
        });
    };
    view! {
        <button type="button" class="plain" data-testid=testid on:click=copy>
            {move || match said.get() { None => label, Some(true) => "Copied", Some(false) => "Not allowed to copy" }}
        </button>
    }
}
