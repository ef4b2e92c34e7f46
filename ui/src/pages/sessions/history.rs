//! The reading of history: how far it is, starting it, stopping it.

use clawbutler_wire::command::BackfillSessions;
use clawbutler_wire::sessions::{BackfillState, BackfillVerb, BackfillView};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Desk, model};
use crate::{api, model as words};

/// One line a home whose history is not read whole.
#[component]
pub(super) fn History(desk: Desk) -> impl IntoView {
    let open = Memo::new(move |_| {
        let of = |page: &clawbutler_wire::sessions::SessionPage| {
            let open = page.backfill.iter().filter(|view| view.state != BackfillState::Done);
            open.map(|view| view.home_id.clone()).collect::<Vec<_>>()
        };
        desk.page.value.with(|page| page.as_ref().map(of).unwrap_or_default())
    });
    move || {
        (!open.with(Vec::is_empty)).then(|| {
            view! {
                <div class="history" data-testid="history" role="group" aria-label="Reading of history">
                    <For each=move || open.get() key=String::clone let:id><Home desk=desk id=id/></For>
                </div>
            }
        })
    }
}

#[component]
fn Home(desk: Desk, id: String) -> impl IntoView {
    let id = StoredValue::new(id);
    let view = Memo::new(move |_| {
        desk.page
            .value
            .with(|page| id.with_value(|id| page.as_ref()?.backfill.iter().find(|view| view.home_id == *id).cloned()))
    });
    let name = move || {
        desk.agents.value.with(|list| {
            let agents = list.iter().flat_map(|list| &list.agents);
            let agent = id.with_value(|id| agents.into_iter().find(|agent| agent.id == *id));
            agent.map_or_else(
                || "An agent".to_owned(),
                |agent| format!("{} in {}", agent.runtime_name, words::folder(&agent.home)),
            )
        })
    };
    let send = move |verb| {
        let request = BackfillSessions { home_id: id.get_value(), verb };
        spawn_local(async move {
            desk.error.try_set(api::call(&request).await.err());
            desk.live.fetch(clawbutler_wire::topic::Topic::Sessions);
        });
    };
    let state = Memo::new(move |_| view.get().map(|view| view.state));
    view! {
        <div class="backfill">
            <p><strong>{name}</strong>" "<span class="quiet" role="status">{move || view.get().map(|view| model::backfill_words(&view))}</span></p>
            {move || match state.get() {
                Some(BackfillState::Running) => view! {
                    <progress aria-label=move || format!("History of {}", name()) max="100" prop:value=move || view.get().map_or(0.0, |view| share(&view))></progress>
                    <button type="button" class="plain" data-testid="backfill-cancel" on:click=move |_| send(BackfillVerb::Cancel)>"Stop"</button>
                }.into_any(),
                Some(state) => view! {
                    <button type="button" class="plain" data-testid="backfill-start" on:click=move |_| send(BackfillVerb::Start)>{if state == BackfillState::Waiting { "Read its history" } else { "Read on" }}</button>
                }.into_any(),
                None => ().into_any(),
            }}
        </div>
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of a hundred")]
fn share(view: &BackfillView) -> f64 {
    let by_bytes = crate::chart::percent(view.bytes_done, view.bytes_total);
    by_bytes.or(crate::chart::percent(view.files_done.into(), view.files_total.into())).unwrap_or_default() as f64
}
