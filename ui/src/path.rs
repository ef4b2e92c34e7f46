//! The path of a file: typed, or chosen in the system's own dialog where the host has one.

use clawbutler_wire::ApiError;
use clawbutler_wire::command::ChoosePath;
use clawbutler_wire::files::Purpose;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::{api, kit};

#[component]
pub(crate) fn Field(
    /// What the path is of.
    label: &'static str,
    /// For the tests; of the text field.
    testid: &'static str,
    /// What it is wanted for.
    purpose: Purpose,
    /// The path now.
    value: Signal<String>,
    /// Called with what was typed or chosen.
    typed: Callback<String>,
    /// Shown while there is none.
    #[prop(optional)]
    example: String,
) -> impl IntoView {
    let error = RwSignal::new(None::<ApiError>);
    let open = RwSignal::new(false);
    let saves = matches!(purpose, Purpose::Export | Purpose::Backup);
    let word = if saves { "Choose where…" } else { "Open…" };
    let choose = move |_| {
        if open.get_untracked() {
            return;
        }
        open.set(true);
        let near = Some(value.get_untracked()).filter(|path| !path.trim().is_empty());
        spawn_local(async move {
            let reply = api::call(&ChoosePath { purpose, near }).await;
            // The sheet may be gone meanwhile.
            if open.try_set(false).is_some() {
                return;
            }
            match reply {
                Ok(chosen) => {
                    error.set(None);
                    if let Some(path) = chosen.path {
                        typed.run(path);
                    }
                }
                Err(failed) => error.set(Some(failed)),
            }
        });
    };
    view! {
        <div class="path-field">
            <label class="stacked-label">{label}<input type="text" class="mono" spellcheck="false" autocomplete="off" data-testid=testid placeholder=example prop:value=value on:input=move |event| typed.run(event_target_value(&event))/></label>
            {api::has_dialogs().then(|| view! {
                <button type="button" class="plain" data-testid=format!("{testid}-choose") aria-haspopup="dialog" aria-disabled=move || open.get().to_string() on:click=choose>{word}</button>
            })}
        </div>
        {kit::trouble(error)}
    }
}
