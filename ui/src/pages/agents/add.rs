//! A home that nothing on the machine tells of, named by hand; or a gateway by its address.

use clawbutler_wire::command::AddHome;
use leptos::prelude::*;

use super::Desk;
use crate::route::go;

#[component]
pub(super) fn Add(desk: Desk) -> impl IntoView {
    let runtimes = Memo::new(move |_| {
        desk.list.value.with(|list| {
            let all = list.iter().flat_map(|list| &list.runtimes);
            all.map(|one| (one.runtime.clone(), one.runtime_name.clone())).collect::<Vec<_>>()
        })
    });
    let chosen = RwSignal::new(String::new());
    let place = RwSignal::new(String::new());
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let first = || runtimes.with_untracked(|all| all.first().map(|one| one.0.clone()).unwrap_or_default());
        let runtime = Some(chosen.get_untracked()).filter(|one| !one.is_empty()).unwrap_or_else(first);
        let request = AddHome { runtime, place: place.get_untracked().trim().to_owned() };
        desk.send(request, "It is listed. Choose whether it is governed.", move |agent| {
            place.set(String::new());
            go(&format!("agents/{}", agent.id));
        });
    };
    view! {
        <details class="add-home" data-testid="add-home"><summary>"Add a home…"</summary>
            <p class="quiet">"For a home that only a variable of one shell names, or a gateway of which you know only the address. It is governed only once you choose that."</p>
            <form class="connect" on:submit=add>
                <label>"Runtime"<select data-testid="add-home-runtime" on:change=move |event| chosen.set(event_target_value(&event))>
                    {move || runtimes.get().into_iter().map(|(id, name)| view! { <option value=id>{name}</option> }).collect_view()}</select></label>
                <label>"Folder or address"<input type="text" class="mono" data-testid="add-home-place" placeholder="/home/you/.agent-work" autocomplete="off" spellcheck="false" required
                    prop:value=move || place.get() on:input=move |event| place.set(event_target_value(&event))/>
                    <span class="quiet">"An absolute path, or ws://127.0.0.1: and the port of a gateway on this machine."</span></label>
                <div class="buttons"><button type="submit" class="primary" data-testid="add-home-do" disabled=move || desk.busy.get()>"Add it"</button></div>
            </form>
        </details>
    }
}
