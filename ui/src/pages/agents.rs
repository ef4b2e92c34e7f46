//! Runtimes on this machine: found, chosen, connected after showing exactly what changes.

use clawbutler_wire::ApiError;
use clawbutler_wire::command::{Discover, Govern, InstallGuard, PlanGuard, UninstallGuard};
use clawbutler_wire::runtimes::{Discovery, GuardPlan, GuardState, GuardVariant, HomeView};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::live::Live;
use crate::{api, kit, model};

/// A plan on the screen, waiting for consent.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    plan: GuardPlan,
    variant: GuardVariant,
    uninstall: bool,
}

#[derive(Debug, Clone, Copy)]
struct Page {
    live: Live,
    found: RwSignal<Option<Discovery>>,
    shown: RwSignal<Option<Shown>>,
    error: RwSignal<Option<ApiError>>,
    busy: RwSignal<bool>,
}

impl Page {
    fn look(self) {
        spawn_local(async move {
            match api::call(&Discover {}).await {
                Ok(found) => {
                    if self.found.with_untracked(|old| old.as_ref() != Some(&found)) {
                        self.found.set(Some(found));
                    }
                }
                Err(error) => self.error.set(Some(error)),
            }
        });
    }

    fn plan(self, home_id: String, variant: GuardVariant, uninstall: bool) {
        self.error.set(None);
        spawn_local(async move {
            match api::call(&PlanGuard { home_id, variant, uninstall }).await {
                Ok(plan) => self.shown.set(Some(Shown { plan, variant, uninstall })),
                Err(error) => self.error.set(Some(error)),
            }
        });
    }

    fn carry_out(self, shown: Shown) {
        self.busy.set(true);
        spawn_local(async move {
            let (home_id, plan_digest, variant) = (shown.plan.home_id, shown.plan.plan_digest, shown.variant);
            let done = if shown.uninstall {
                api::call(&UninstallGuard { home_id, variant, plan_digest }).await
            } else {
                api::call(&InstallGuard { home_id, variant, plan_digest }).await
            };
            self.busy.set(false);
            self.shown.set(None);
            self.error.set(done.err());
            self.look();
        });
    }
}

#[component]
pub(crate) fn Agents(live: Live) -> impl IntoView {
    let page = Page {
        live,
        found: RwSignal::new(None),
        shown: RwSignal::new(None),
        error: RwSignal::new(None),
        busy: RwSignal::new(false),
    };
    Effect::new(move || {
        live.runtimes.track();
        page.look();
    });
    view! {
        <main class="page">
            <header class="title"><h1>"Agents on this machine"</h1><button type="button" class="plain" on:click=move |_| page.look()>"Look again"</button></header>
            {kit::trouble(page.error)}
            {move || match page.found.get() {
                None => view! { <p class="calm">"Looking for agent runtimes…"</p> }.into_any(),
                Some(found) if found.homes.is_empty() => view! {
                    <p class="calm">"No agent runtime was found. Install one and look again."</p>
                    <details><summary>{format!("{} places were looked at", found.looked_at.len())}</summary>
                        <ul>{found.looked_at.into_iter().map(|path| view! { <li><code>{path}</code></li> }).collect_view()}</ul></details>
                }.into_any(),
                Some(found) => view! {
                    {found.homes.into_iter().map(|home| view! { <Home page=page home=home/> }).collect_view()}
                    <h2>"Installed clients"</h2>
                    <table><thead><tr><th>"Client"</th><th>"Version"</th><th>"From"</th><th>"Path"</th></tr></thead><tbody>
                        {found.installs.into_iter().map(|install| view! {
                            <tr><td>{install.runtime_name}</td><td>{install.version.unwrap_or_else(|| "unknown".to_owned())}</td><td>{install.how}</td>
                            <td><code>{install.path}</code>{install.warning.map(|words| view! { <p class="warning">{words}</p> })}</td></tr> }).collect_view()}
                    </tbody></table>
                }.into_any(),
            }}
            {move || page.shown.get().map(|shown| view! { <Consent page=page shown=shown/> })}
        </main>
    }
}

#[component]
fn Home(page: Page, home: HomeView) -> impl IntoView {
    let in_force = matches!(home.guard.state, GuardState::Managed | GuardState::User);
    let missing = home.guard.state == GuardState::Missing;
    let (id, managed, removed, governed_id) = (home.id.clone(), home.id.clone(), home.id.clone(), home.id.clone());
    let governed = home.governed;
    let guardable = home.guardable;
    let govern = move |_| {
        let request = Govern { home_id: governed_id.clone(), governed: !governed };
        spawn_local(async move {
            page.error.set(api::call(&request).await.err());
            page.look();
        });
    };
    let contact = home
        .guard
        .last_contact
        .map(|at| view! { <p class="quiet">"Last heard of it "{move || model::ago(at, page.live.now())}"."</p> });
    let removed_variant =
        if home.guard.state == GuardState::Managed { GuardVariant::Managed } else { GuardVariant::User };
    view! {
        <section class="home" class:bad=!in_force && governed && guardable>
            <header><h2>{home.runtime_name.clone()}</h2><code>{home.path.clone()}</code><span class="quiet">{home.source.clone()}</span></header>
            <p class=if in_force { "good" } else if guardable { "warning" } else { "quiet" }>{home.guard.says.clone()}</p>
            {home.guard.fix.clone().filter(|_| !missing).map(|fix| view! { <p>{fix}</p> })}
            {contact}
            <div class="buttons">
                {(guardable && !in_force).then(|| view! { <button type="button" class="primary" data-testid="connect" on:click=move |_| page.plan(id.clone(), GuardVariant::User, false)>{if missing { "Connect" } else { "Repair" }}</button> })}
                {(guardable && home.guard.state != GuardState::Managed).then(|| view! { <button type="button" class="plain" on:click=move |_| page.plan(managed.clone(), GuardVariant::Managed, false)>"For the whole machine…"</button> })}
                {(guardable && !missing).then(|| view! { <button type="button" class="plain" data-testid="disconnect" on:click=move |_| page.plan(removed.clone(), removed_variant, true)>"Remove the guard…"</button> })}
                <label class="switch"><input type="checkbox" prop:checked=governed on:change=govern/>{if guardable { " Governed" } else { " Observed" }}</label>
            </div>
            {(!home.sessions.is_empty()).then(|| view! {
                <table><thead><tr><th>"Live session"</th><th>"State"</th><th>"Folder"</th><th>"Guarded"</th></tr></thead><tbody>
                    {home.sessions.iter().map(|session| view! {
                        <tr><td>{session.name.clone().unwrap_or_else(|| session.session.clone())}" "<span class="quiet">{session.kind.clone()}</span></td><td>{session.status.clone()}</td>
                        <td>{model::folder(&session.cwd)}</td><td>{if session.guarded == Some(true) { "yes" } else if guardable { "not seen yet" } else { "no" }}</td></tr> }).collect_view()}
                </tbody></table> })}
        </section>
    }
}

#[component]
fn Consent(page: Page, shown: Shown) -> impl IntoView {
    let plan = shown.plan.clone();
    let title = if shown.uninstall { "Remove the guard" } else { "Install the guard" };
    let changes = plan.changes;
    view! {
        <kit::Sheet title=title testid="guard-plan" wide=true close=Callback::new(move |()| page.shown.set(None))>
            <p class="quiet">"Exactly this changes. A copy of each file is kept, and removing the guard gives it back."</p>
            {plan.notes.iter().map(|note| view! { <p>{note.clone()}</p> }).collect_view()}
            {(!changes).then(|| view! { <p class="calm">"There is nothing to change."</p> })}
            {plan.files.iter().map(|file| view! {
                <p class="path">{file.path.clone()}</p>
                {kit::diff(file.diff.lines())} }).collect_view()}
            {plan.command.clone().map(|command| view! { <p>"Without administrator rights here, run this yourself:"</p><pre class="code" tabindex="0"><code class="line">{command}</code></pre> })}
            <div class="buttons">
                <button type="button" class="plain" on:click=move |_| page.shown.set(None)>"Leave it as it is"</button>
                <button type="button" class="primary" data-testid="guard-consent" disabled=move || !changes || page.busy.get() on:click=move |_| page.carry_out(shown.clone())>{title}</button>
            </div>
        </kit::Sheet>
    }
}
