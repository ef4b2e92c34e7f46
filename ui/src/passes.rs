//! Passes: nearly everything of one session is allowed, for a short while. Started on a sheet with its
//! limits, shown on every page while it holds, stopped by one key.

use clawbutler_wire::ApiError;
use clawbutler_wire::approvals::ApprovalView;
use clawbutler_wire::command::{RevokeGrant, StartPass};
use clawbutler_wire::topic::Topic;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::live::Live;
use crate::{api, clock, kit, model};

/// Most uses and minutes of a pass.
const MOST: (u32, u32) = (50, 60);

/// One line for each pass in force.
#[component]
pub(crate) fn Passes(live: Live) -> impl IntoView {
    let error = RwSignal::new(None::<ApiError>);
    let passes = Memo::new(move |_| {
        live.status.with(|status| status.as_ref().map(|status| status.passes.clone()).unwrap_or_default())
    });
    let stop = move |id: String| {
        spawn_local(async move {
            error.set(api::call(&RevokeGrant { id }).await.err());
            live.fetch(Topic::Grants);
        });
    };
    view! {
        // A pass stays where it is while its uses go down, and the focus on its button.
        <For each=move || passes.get() key=|pass| pass.grant.clone() let:pass>{
            let (id, of, ends) = (pass.grant.clone(), pass.grant.clone(), pass.ends_at);
            let left = move || passes.with(|all| all.iter().find(|one| one.grant == of).map_or(0, |one| one.uses_left));
            view! {
                <div class="banner pass" data-testid="pass-banner">
                    <p><strong role="status">"Everything of session "<span class="id" title=pass.session.clone()>{model::short_id(&pass.session)}</span>" is allowed"</strong>
                        {format!(" in {}: ", pass.runtime_name)}{left}" left, ends "<time title=clock::exact(ends)>{clock::hour(ends)}</time>". Critical calls and secrets are still asked about."</p>
                    <button type="button" class="plain" data-testid="pass-stop" aria-label=format!("Stop the pass of session {}", pass.session) on:click=move |_| stop(id.clone())>"Stop"</button>
                </div>
            }
        }</For>
        {kit::trouble(error)}
    }
}

/// The sheet that starts one.
#[component]
pub(crate) fn NewPass(
    /// A request of the session.
    view: ApprovalView,
    live: Live,
    close: Callback<()>,
) -> impl IntoView {
    let uses = RwSignal::new(20_u32);
    let minutes = RwSignal::new(15_u32);
    let error = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let (runtime, session) = (view.runtime.clone(), view.session.clone());
    let start = move |_| {
        let request = StartPass {
            runtime: runtime.clone(),
            session: session.clone(),
            uses: uses.get_untracked(),
            minutes: minutes.get_untracked(),
        };
        busy.set(true);
        spawn_local(async move {
            let done = api::call(&request).await;
            busy.try_set(false);
            live.fetch(Topic::Approvals);
            match done {
                Ok(_) => close.run(()),
                Err(failed) => drop(error.try_set(Some(failed))),
            }
        });
    };
    let right = move || (1..=MOST.0).contains(&uses.get()) && (1..=MOST.1).contains(&minutes.get());
    let number = |to: RwSignal<u32>| move |event| to.set(event_target_value(&event).trim().parse().unwrap_or(0));
    view! {
        <kit::Sheet title="Allow all in this session until I say stop" testid="pass-sheet" close=close>
            <p>{view.runtime_name.clone()}" in "<code>{view.cwd.clone()}</code>" runs without questions until one of these is reached or you press Stop."</p>
            <label class="setting">"Calls, at most "{MOST.0}<input type="number" min="1" max=MOST.0.to_string() data-testid="pass-uses" prop:value=move || uses.get().to_string() on:input=number(uses)/></label>
            <label class="setting">"Minutes, at most "{MOST.1}<input type="number" min="1" max=MOST.1.to_string() data-testid="pass-minutes" prop:value=move || minutes.get().to_string() on:input=number(minutes)/></label>
            <p class="quiet">"Still asked about: critical risk, secrets, guards and ClawButler's own files. Deny rules stay in force. This request itself still waits for your answer."</p>
            {kit::trouble(error)}
            <div class="buttons">
                <button type="button" class="plain" on:click=move |_| close.run(())>"Keep asking"</button>
                <button type="button" class="primary" data-testid="pass-start" disabled=move || busy.get() || !right() on:click=start>"Allow all until I stop it"</button>
            </div>
        </kit::Sheet>
    }
}
