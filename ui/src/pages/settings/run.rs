//! What a run of retention removes, as a table, and the sheet that asks before one.

use clawbutler_wire::command::{RetentionPreview, RetentionRun};
use clawbutler_wire::retention::{ClassReport, EntryPlace, RetentionReport};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::keeping::Keeping;
use super::model;
use crate::fetched::Fetched;
use crate::pages::audit::grouped;
use crate::{api, clock, kit};

/// What goes, class by class.
#[component]
pub(super) fn Goes(
    report: RetentionReport,
    /// Whether the first and last entries can be opened from here.
    links: bool,
) -> impl IntoView {
    if model::is_empty(&report) {
        return view! { <p data-testid="goes-nothing">"Nothing would go: all that is recorded is within these limits, or has to stay."</p> }.into_any();
    }
    let (entries, bytes) = model::sums(&report);
    let steps = report.steps.0;
    view! {
        <table class="goes" data-testid="goes">
            <thead><tr><th scope="col">"Loses its facts"</th><th scope="col" class="number">"Entries"</th><th scope="col" class="number">"Size"</th><th scope="col">"Oldest"</th><th scope="col">"Newest"</th></tr></thead>
            <tbody>
                {report.classes.iter().map(|class| row(class, links)).collect_view()}
                {(steps > 0).then(|| view! { <tr><th scope="row">"Session timelines"</th><td class="number">{grouped(steps)}" steps"</td><td></td><td></td><td></td></tr> })}
            </tbody>
            {(report.classes.len() > 1).then(|| view! { <tfoot><tr><th scope="row">"Together"</th><td class="number">{grouped(entries)}</td><td class="number">{model::size(bytes)}</td><td></td><td></td></tr></tfoot> })}
        </table>
    }
    .into_any()
}

fn row(class: &ClassReport, links: bool) -> AnyView {
    view! {
        <tr><th scope="row">{model::class_name(&class.class)}</th><td class="number">{grouped(class.entries.0)}</td><td class="number">{model::size(class.bytes.0)}</td><td>{place(class.oldest, links)}</td><td>{place(class.newest, links)}</td></tr>
    }
    .into_any()
}

fn place(place: EntryPlace, links: bool) -> AnyView {
    let number = grouped(place.seq.0);
    let entry = if links {
        view! { <a href=format!("#/audit/{}", place.seq)>{number}</a> }.into_any()
    } else {
        view! { <span>{number}</span> }.into_any()
    };
    view! { {entry}<span class="basis" title=clock::exact(place.at)>{clock::short(place.at)}</span> }.into_any()
}

/// Asks before a run: what goes now, with the settings in force.
#[component]
pub(super) fn Run(keeping: Keeping) -> impl IntoView {
    let close = move || keeping.asking.set(false);
    let goes = Fetched::<RetentionReport>::new();
    goes.ask(RetentionPreview { settings: None });
    let beginning = RwSignal::new(false);
    let nothing = move || goes.value.with(|report| report.as_ref().is_none_or(model::is_empty));
    let run = move |_| {
        beginning.set(true);
        spawn_local(async move {
            let reply = api::call(&RetentionRun {}).await;
            if beginning.try_set(false).is_none() && keeping.took(reply) {
                keeping.dry.clear();
                close();
            }
        });
    };
    let label = move || {
        goes.value.with(|report| match report {
            _ if beginning.get() => "Beginning…".to_owned(),
            Some(report) => model::remove(report),
            None => "Remove".to_owned(),
        })
    };
    view! {
        <kit::Sheet title="Remove old facts for good?" testid="keep-confirm" wide=true alert=true close=Callback::new(move |()| close())>
            {kit::trouble(keeping.error)}
            {kit::trouble(goes.error)}
            {move || goes.busy.get().then(|| view! { <p class="loading" role="status">"Looking at what goes…"</p> })}
            {move || goes.value.get().map(|report| view! { <Goes report=report links=false/> })}
            <ul class="points">
                <li>"This cannot be undone. Only a backup made before has these facts afterwards."</li>
                <li>"Entries, times and digests stay: the log, its checkpoints and every proof still verify."</li>
                <li>"Backups, exports and the runtimes' own records are not touched and may still hold them."</li>
                <li>"The run is recorded in the log, before anything goes and at its end."</li>
            </ul>
            <div class="buttons">
                <button type="button" class="plain" autofocus=true data-testid="keep-cancel" on:click=move |_| close()>"Keep them"</button>
                <button type="button" class="danger" data-testid="keep-confirm-run" disabled=move || nothing() || beginning.get() on:click=run>{label}</button>
            </div>
        </kit::Sheet>
    }
}
