//! Saved searches: run, save under a name, rename, delete.

use clawbutler_wire::ApiError;
use clawbutler_wire::audit_search::SavedSearch;
use clawbutler_wire::command::{DeleteSearch, SaveSearch};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::filters::{close_menus, escape, left};
use super::{Desk, address, model};
use crate::route::go;
use crate::{api, clock, kit};

/// The menu of saved searches.
#[component]
pub(super) fn Saved(desk: Desk) -> impl IntoView {
    let items =
        move || desk.saved.value.with(|saved| saved.as_ref().map(|saved| saved.items.clone()).unwrap_or_default());
    let renaming = RwSignal::new(None::<String>);
    view! {
        <details class="menu saved" data-testid="menu-saved" on:keydown=escape on:focusout=left>
            <summary>"Saved searches"</summary>
            <div class="menu-body">
                {kit::trouble(desk.saved.error)}
                {move || items().is_empty().then(|| view! { <p class="quiet">"None yet. Search for something, then “Save this search”."</p> })}
                <ul class="saved-list">
                    {move || items().into_iter().map(|search| {
                        let rename = renaming.get().as_deref() == Some(search.name.as_str());
                        if rename { view! { <Rename desk=desk search=search renaming=renaming/> }.into_any() } else { one(desk, search, renaming) }
                    }).collect_view()}
                </ul>
            </div>
        </details>
    }
}

fn one(desk: Desk, search: SavedSearch, renaming: RwSignal<Option<String>>) -> AnyView {
    let SavedSearch { name, filter } = search;
    let title = model::in_words(&filter, clock::short);
    let (for_rename, for_delete) = (name.clone(), name.clone());
    let delete = Callback::new(move |()| {
        let name = for_delete.clone();
        spawn_local(async move {
            took(desk, api::call(&DeleteSearch { name }).await);
        });
    });
    let rename = format!("Rename {name}");
    view! {
        <li data-testid="saved-search">
            <button type="button" class="link" data-testid="run-search" on:click=move |_| { close_menus(); go(&address::place(None, &filter)); }>{name}<span class="quiet">{title}</span></button>
            <button type="button" class="plain" aria-label=rename on:click=move |_| renaming.set(Some(for_rename.clone()))>"Rename"</button>
            <kit::Sure testid="delete-search" label="Delete" sure="Really delete" act=delete/>
        </li>
    }
    .into_any()
}

/// Takes in the list that comes with every change of it.
fn took(desk: Desk, reply: Result<clawbutler_wire::audit_search::SavedSearches, ApiError>) {
    match reply {
        Ok(list) => desk.saved.put(list),
        Err(error) => drop(desk.saved.error.try_set(Some(error))),
    }
}

#[component]
fn Rename(desk: Desk, search: SavedSearch, renaming: RwSignal<Option<String>>) -> impl IntoView {
    let old = search.name.clone();
    let name = RwSignal::new(search.name.clone());
    let done = move || {
        let new = name.get_untracked().trim().to_owned();
        renaming.set(None);
        if new.is_empty() || new == old {
            return;
        }
        let (old, filter) = (old.clone(), search.filter.clone());
        spawn_local(async move {
            // Saved first: what fails then leaves both names, not none.
            let saved = api::call(&SaveSearch { search: SavedSearch { name: new, filter } }).await;
            let saved = match saved {
                Ok(_) => api::call(&DeleteSearch { name: old }).await,
                failed => failed,
            };
            took(desk, saved);
        });
    };
    let enter = done.clone();
    view! {
        <li>
            <input type="text" maxlength="80" aria-label="New name" prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event))
                on:keydown=move |event| if event.key() == "Enter" { enter() }/>
            <button type="button" class="plain" on:click=move |_| done()>"Rename"</button>
        </li>
    }
}

/// The sheet that saves what is asked for.
#[component]
pub(super) fn Save(desk: Desk, close: Callback<()>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let error = RwSignal::new(None::<ApiError>);
    let filter = desk.filter.get_untracked();
    let words = model::in_words(&filter, clock::short);
    let taken = move || {
        let name = name.get().trim().to_owned();
        desk.saved.value.with(|saved| saved.iter().flat_map(|saved| &saved.items).any(|search| search.name == name))
    };
    let save = Callback::new(move |()| {
        let name = name.get_untracked().trim().to_owned();
        if name.is_empty() {
            return;
        }
        let search = SavedSearch { name, filter: filter.clone() };
        spawn_local(async move {
            match api::call(&SaveSearch { search }).await {
                Ok(list) => {
                    desk.saved.put(list);
                    close.run(());
                }
                Err(failed) => drop(error.try_set(Some(failed))),
            }
        });
    });
    view! {
        <kit::Sheet title="Save this search" testid="save-sheet" close=close>
            <p class="quiet">{words}</p>
            {kit::trouble(error)}
            <label class="stacked-label">"Name"<input type="text" maxlength="80" data-testid="save-name" prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event))
                on:keydown=move |event| if event.key() == "Enter" { save.run(()) }/></label>
            {move || taken().then(|| view! { <p class="warning">"There is a search of that name; it is replaced."</p> })}
            <div class="buttons">
                <button type="button" class="plain" on:click=move |_| close.run(())>"Cancel"</button>
                <button type="button" class="primary" data-testid="save-confirm" disabled=move || name.with(|name| name.trim().is_empty()) on:click=move |_| save.run(())>"Save"</button>
            </div>
        </kit::Sheet>
    }
}
