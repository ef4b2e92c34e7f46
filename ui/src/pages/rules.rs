//! The rules in force, in words, and standing grants.

use clawbutler_wire::ApiError;
use clawbutler_wire::command::{ListRules, RevokeGrant};
use clawbutler_wire::rules::RulesView;
use clawbutler_wire::topic::Topic;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::live::Live;
use crate::{api, kit, model};

#[component]
pub(crate) fn Rules(live: Live) -> impl IntoView {
    let rules = RwSignal::new(None::<RulesView>);
    let error = RwSignal::new(None::<ApiError>);
    spawn_local(async move {
        match api::call(&ListRules {}).await {
            Ok(found) => rules.set(Some(found)),
            Err(failed) => error.set(Some(failed)),
        }
    });
    let revoke = move |id: String| {
        spawn_local(async move {
            error.set(api::call(&RevokeGrant { id }).await.err());
            live.fetch(Topic::Grants);
        });
    };
    view! {
        <main class="page">
            <h1>"Rules and grants"</h1>
            {kit::trouble(error)}
            <h2>"Always allowed by you"</h2>
            {move || live.grants.get().map(|list| if list.items.is_empty() {
                view! { <p class="calm">"No standing grants."</p> }.into_any()
            } else {
                view! { <table><thead><tr><th>"Covers"</th><th>"Where"</th><th>"Used"</th><th>"Given"</th><th></th></tr></thead><tbody>
                    {list.items.into_iter().map(|grant| { let id = grant.id.clone(); view! {
                        <tr><td>{grant.covers}</td><td>{grant.reach}</td><td class="number">{grant.uses}</td><td>{move || model::ago(grant.created_at, live.now())}</td>
                        <td><button type="button" class="plain" on:click=move |_| revoke(id.clone())>"End it"</button></td></tr> } }).collect_view()}
                </tbody></table> }.into_any()
            })}
            <h2>"Rules every installation starts with"</h2>
            <p class="quiet">"The strictest match wins. What no rule names is asked about from high risk on, and left to the agent's own rules below."</p>
            {move || rules.get().map(|rules| view! { <table><thead><tr><th>"Rule"</th><th>"Does"</th><th>"When"</th><th>"Because"</th></tr></thead><tbody>
                {rules.rules.into_iter().map(|rule| view! { <tr><td>{rule.id}</td><td>{rule.decision}</td><td>{rule.when}</td><td>{rule.because}</td></tr> }).collect_view()}
            </tbody></table><p class="quiet id">"Version "{rules.version}</p> })}
        </main>
    }
}
