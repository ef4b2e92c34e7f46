//! A file of rules from elsewhere: pasted or chosen, taken in without effect, shown with what it would
//! change, then put in force or thrown away.

use clawbutler_wire::command::{AcceptRules, ImportRules, RejectRules};
use clawbutler_wire::rules::ImportView;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::simulation::Diff;
use super::{Desk, model};
use crate::fetched::Fetched;
use crate::{api, kit};

/// Largest text a file of rules may have (bytes).
const MOST: f64 = 262_144.0;

#[component]
pub(super) fn Import(desk: Desk) -> impl IntoView {
    let taken = Fetched::<ImportView>::new();
    let close = Callback::new(move |()| desk.importing.set(false));
    Effect::new(move |_| {
        if let Some(view) = taken.value.get() {
            desk.view.put(view.rules);
        }
    });
    view! {
        <kit::Sheet title="Import rules" testid="import-sheet" wide=true close=close>
            {kit::trouble(taken.error)}
            {move || match taken.value.get() {
                None => view! { <Source desk=desk taken=taken close=close/> }.into_any(),
                Some(view) => view! { <Taken desk=desk view=view close=close/> }.into_any(),
            }}
        </kit::Sheet>
    }
}

#[component]
fn Source(desk: Desk, taken: Fetched<ImportView>, close: Callback<()>) -> impl IntoView {
    let name = RwSignal::new("imported.toml".to_owned());
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<&'static str>);
    let choose = move |event: web_sys::Event| {
        let input = event_target::<web_sys::HtmlInputElement>(&event);
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        if file.size() > MOST {
            wrong.set(Some("That file is larger than 256 KiB."));
            return;
        }
        wrong.set(None);
        name.set(model::name_from(&file.name()));
        spawn_local(async move {
            match api::text_of(&file).await {
                Some(read) => drop(text.try_set(read)),
                None => drop(wrong.try_set(Some("That file cannot be read as text."))),
            }
        });
    };
    let names = move || {
        desk.view.value.with(|view| {
            view.as_ref()
                .map(|view| view.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>())
                .unwrap_or_default()
        })
    };
    let trouble = move || name.with(|name| model::name_trouble(name, &names()));
    let blocked = move || taken.busy.get() || trouble().is_some() || text.with(|text| text.trim().is_empty());
    view! {
        <p class="quiet">"Nothing of it is in force before you have seen what it would change."</p>
        <label class="setting">"A file"<input type="file" accept=".toml" data-testid="import-file" on:change=choose/></label>
        <label class="stacked">"Or its text"
            <textarea class="mono" rows="10" spellcheck="false" data-testid="import-text" prop:value=move || text.get() on:input=move |event| text.set(event_target_value(&event))></textarea></label>
        <label class="setting">"Kept as"<input type="text" class="mono" data-testid="import-name" aria-describedby="import-name-trouble" prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event))/></label>
        <p id="import-name-trouble" class="warning">{trouble}{move || wrong.get()}</p>
        <div class="buttons">
            <button type="button" class="plain" on:click=move |_| close.run(())>"Cancel"</button>
            <button type="button" class="primary" data-testid="import-look" disabled=blocked on:click=move |_| taken.ask(ImportRules { name: name.get_untracked(), text: text.get_untracked() })>"Look what it would change"</button>
        </div>
    }
}

#[component]
fn Taken(desk: Desk, view: ImportView, close: Callback<()>) -> impl IntoView {
    let digest = view.rules.held.as_ref().map(|held| held.digest.clone());
    let (accept, reject) = (digest.clone(), digest);
    let blocked = move || desk.busy.get();
    let put = move |_| {
        if let Some(digest) = accept.clone() {
            desk.send(AcceptRules { digest }, "The imported rules are in force.".to_owned(), move |_| close.run(()));
        }
    };
    let throw = move |_| {
        if let Some(digest) = reject.clone() {
            desk.send(RejectRules { digest }, "The imported rules are thrown away.".to_owned(), move |_| close.run(()));
        }
    };
    view! {
        <Diff found=view.simulation live=desk.live/>
        {kit::trouble(desk.error)}
        <div class="buttons">
            <button type="button" class="plain" data-testid="import-reject" disabled=blocked on:click=throw>"Throw away"</button>
            <button type="button" class="plain" on:click=move |_| close.run(())>"Decide later"</button>
            <button type="button" class="primary" data-testid="import-accept" disabled=blocked on:click=put>"Put in force"</button>
        </div>
    }
}
