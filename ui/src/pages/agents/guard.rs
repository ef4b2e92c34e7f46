//! What installing or removing the guard would change, and the consent to exactly that.

use clawbutler_wire::command::{InstallGuard, TestGuard, UninstallGuard};
use clawbutler_wire::registry::AgentView;
use clawbutler_wire::runtimes::{GuardPlan, GuardState, GuardVariant};
use leptos::prelude::*;

use super::{Desk, model};
use crate::kit;
use crate::signs::{self, When};

/// A plan on the screen, waiting for consent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub(super) plan: GuardPlan,
    pub(super) variant: GuardVariant,
    pub(super) uninstall: bool,
}

/// The guard of one agent with what can be done about it.
#[component]
pub(super) fn Guard(desk: Desk, agent: AgentView, contact: Memo<Option<i64>>) -> impl IntoView {
    let guardable = model::guardable(&agent);
    let state = agent.guard.state;
    let in_force = matches!(state, GuardState::Managed | GuardState::User);
    let missing = state == GuardState::Missing;
    let removed = if state == GuardState::Managed { GuardVariant::Managed } else { GuardVariant::User };
    let rules = agent.backstop.filter(|_| agent.governed);
    let trust =
        (agent.guard.awaits_trust && agent.governed).then(|| format!("Let {} trust the guard…", agent.runtime_name));
    let repairs = if missing { "Connect…" } else { "Repair…" };
    let id = StoredValue::new(agent.id.clone());
    let testable = agent.guard.self_test && agent.governed && in_force;
    let tested = agent.guard.tested.clone().filter(|_| testable);
    let test = move |_| desk.send(TestGuard { home_id: id.get_value() }, "The guard was tried.", |_| ());
    let plan = move |variant, uninstall| desk.plan(id.get_value(), variant, uninstall);
    view! {
        <section class="panel" data-testid="guard">
            <h2>"Guard "{signs::guard(state, guardable)}</h2>
            <p>{agent.guard.says.clone()}</p>
            {agent.guard.fix.clone().filter(|_| !in_force).map(|fix| view! { <p class="quiet">{fix}</p> })}
            {move || contact.get().map(|at| view! { <p class="quiet">"Last heard of it "<When at=at live=desk.live/>"."</p> })}
            {tested.map(|tested| view! {
                <p class=if tested.works == Some(true) { "quiet" } else { "trouble" } data-testid="guard-tested">
                    {tested.says.clone()}" "{tested.fix.clone()}" Tried "<When at=tested.at live=desk.live/>"."</p> })}
            <div class="buttons">
                {testable.then(|| view! { <button type="button" class="plain" data-testid="test-guard" disabled=move || desk.busy.get() on:click=test>"Test the guard"</button> })}
                {(guardable && !in_force && trust.is_none()).then(|| view! { <button type="button" class="primary" data-testid="install" aria-haspopup="dialog" on:click=move |_| plan(GuardVariant::User, false)>{repairs}</button> })}
                {trust.map(|words| view! { <button type="button" class="primary" data-testid="trust" aria-haspopup="dialog" disabled=move || desk.busy.get() on:click=move |_| plan(GuardVariant::Trust, false)>{words}</button> })}
                {(guardable && state != GuardState::Managed).then(|| view! { <button type="button" class="plain" aria-haspopup="dialog" on:click=move |_| plan(GuardVariant::Managed, false)>"For the whole machine…"</button> })}
                {(guardable && !missing).then(|| view! { <button type="button" class="plain" data-testid="disconnect" aria-haspopup="dialog" on:click=move |_| plan(removed, true)>"Remove the guard…"</button> })}
                {rules.map(|stand| view! { <button type="button" class="plain" data-testid="static-rules" aria-haspopup="dialog" on:click=move |_| plan(GuardVariant::Backstop, stand)>{if stand { "Remove the static rules…" } else { "Add static rules…" }}</button> })}
            </div>
        </section>
    }
}

/// The title of a plan, and what is said when it was carried out.
fn words(variant: GuardVariant, uninstall: bool) -> (&'static str, &'static str) {
    match (variant, uninstall) {
        (GuardVariant::Trust, _) => ("Have the guard trusted", "The guard is trusted."),
        (GuardVariant::Backstop, false) => ("Add static rules", "The static rules are written."),
        (GuardVariant::Backstop, true) => ("Remove the static rules", "The static rules are removed."),
        (GuardVariant::User | GuardVariant::Managed, false) => ("Install the guard", "The guard is installed."),
        (GuardVariant::User | GuardVariant::Managed, true) => ("Remove the guard", "The guard is removed."),
    }
}

#[component]
pub(super) fn Consent(desk: Desk, shown: Shown) -> impl IntoView {
    let plan = shown.plan.clone();
    let (title, told) = words(shown.variant, shown.uninstall);
    let kept = match shown.variant {
        GuardVariant::Backstop => "Exactly this changes. A copy of the file before is kept.",
        GuardVariant::Trust => "Exactly these hooks are trusted, and no other. A copy of the file before is kept.",
        GuardVariant::User | GuardVariant::Managed => {
            "Exactly this changes. A copy of each file is kept, and removing the guard gives it back."
        }
    };
    let changes = plan.changes;
    let carry_out = move |_| {
        let Shown { plan: GuardPlan { home_id, plan_digest, .. }, variant, uninstall } = shown.clone();
        let done = move |_| desk.shown.set(None);
        if uninstall {
            desk.send(UninstallGuard { home_id, variant, plan_digest }, told, done);
        } else {
            desk.send(InstallGuard { home_id, variant, plan_digest }, told, done);
        }
    };
    view! {
        <kit::Sheet title=title testid="guard-plan" wide=true close=Callback::new(move |()| desk.shown.set(None))>
            <p class="quiet">{kept}</p>
            {plan.notes.iter().map(|note| view! { <p>{note.clone()}</p> }).collect_view()}
            {(!changes).then(|| view! { <p class="calm">"There is nothing to change."</p> })}
            {plan.files.iter().map(|file| view! {
                <p class="path">{file.path.clone()}</p>
                {kit::diff(file.diff.lines())} }).collect_view()}
            {plan.command.clone().map(|command| view! { <p>"Without administrator rights here, run this yourself:"</p><pre class="code" tabindex="0"><code class="line">{command}</code></pre> })}
            {kit::trouble(desk.error)}
            <div class="buttons">
                <button type="button" class="plain" on:click=move |_| desk.shown.set(None)>"Leave it as it is"</button>
                <button type="button" class="primary" data-testid="guard-consent" disabled=move || !changes || desk.busy.get() on:click=carry_out>{title}</button>
            </div>
        </kit::Sheet>
    }
}
