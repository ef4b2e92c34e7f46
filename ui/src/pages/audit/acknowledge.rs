//! A person's word on what verification found: what is asked, and what saying yes means.

use clawbutler_wire::ApiError;
use clawbutler_wire::audit::VerifyReport;
use clawbutler_wire::command::AcknowledgeLog;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Desk, model};
use crate::{api, kit};

/// What the report shows that nobody acknowledged yet.
pub(super) fn open_points(report: &VerifyReport) -> Option<AcknowledgeLog> {
    let replaced = report.replaced.as_ref().filter(|replaced| !replaced.acknowledged).map(|replaced| replaced.seq);
    let whole = report.intact || replaced.is_some();
    let open = AcknowledgeLog { stretches: report.unproven.clone(), replaced };
    (whole && open != AcknowledgeLog::default()).then_some(open)
}

/// Asks before a person's word is recorded, and says what it means.
#[component]
pub(super) fn Acknowledge(desk: Desk, what: AcknowledgeLog, close: Callback<()>) -> impl IntoView {
    let error = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let stretches = what.stretches.iter().map(|stretch| {
        view! { <li>{format!("Nothing proves the entries {} to {}.", model::grouped(stretch.from.0), model::grouped(stretch.to.0))}</li> }
    }).collect_view();
    let replaced = what.replaced.map(|seq| {
        view! { <li>{format!("This log took the place of another, as entry {} says.", model::grouped(seq.0))}</li> }
    });
    let record = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let what = what.clone();
        spawn_local(async move {
            let done = api::call(&what).await;
            busy.try_set(false);
            match done {
                Ok(_) => {
                    close.run(());
                    desk.verify.begin();
                }
                Err(failed) => drop(error.try_set(Some(failed))),
            }
        });
    };
    view! {
        <kit::Sheet title="Do you know how this came?" testid="acknowledge-sheet" alert=true close=close>
            <ul>{replaced}{stretches}</ul>
            <p>"Your word is recorded in the log for good, with what it is about. It proves nothing: the statement stays in every later verification, but it no longer alarms: verifying passes when all else holds."</p>
            <p class="quiet">"Power that was lost, and a backup that you put back, explain it. If you cannot explain it, close this and look into it: another program may have written to the log."</p>
            {kit::trouble(error)}
            <div class="buttons">
                <button type="button" class="plain" on:click=move |_| close.run(())>"Close"</button>
                <button type="button" class="danger" data-testid="acknowledge-confirm" disabled=move || busy.get() on:click=record>"I know of this"</button>
            </div>
        </kit::Sheet>
    }
}
