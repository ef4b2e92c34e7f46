//! A change that waits for a person: what it is, line by line, and the two ways out. Files that do not load.

use clawbutler_wire::command::{AcceptRules, RejectRules};
use clawbutler_wire::rules::{HeldChange, RuleFileState};
use leptos::prelude::*;

use super::Desk;
use crate::kit;

#[component]
pub(super) fn Held(
    desk: Desk,
    /// Folded in where it is not what the user came for.
    #[prop(into)]
    short: Signal<bool>,
) -> impl IntoView {
    let held = Memo::new(move |_| desk.view.value.with(|view| view.as_ref().and_then(|view| view.held.clone())));
    move || held.get().map(|held| view! { <Change desk=desk held=held short=short/> })
}

#[component]
fn Change(desk: Desk, held: HeldChange, short: Signal<bool>) -> impl IntoView {
    let (accept, reject) = (held.digest.clone(), held.digest.clone());
    let few = held.diff_lines.len() <= 40;
    let title = if held.loosens {
        "A change that lets more through waits for you"
    } else {
        "A change of the rules waits for you"
    };
    view! {
        <section class="notice" aria-label=title data-testid="rules-held-change">
            <div class="words">
                <strong>{title}</strong>
                <p>{held.says.clone()}</p>
                <p class="quiet">"In "{held.files.join(", ")}". Until you decide, the rules before it are in force."</p>
                <details open=move || few && !short.get()>
                    <summary>"What changes"</summary>
                    {kit::diff(held.diff_lines.iter().map(String::as_str))}
                </details>
            </div>
            <div class="buttons">
                <button type="button" class="plain" data-testid="held-reject" disabled=move || desk.busy.get()
                    on:click=move |_| desk.send(RejectRules { digest: reject.clone() }, "Thrown away.".to_owned(), |_| ())>"Throw away"</button>
                <button type="button" class=if held.loosens { "plain" } else { "primary" } data-testid="held-accept" disabled=move || desk.busy.get()
                    on:click=move |_| desk.send(AcceptRules { digest: accept.clone() }, "In force.".to_owned(), |_| ())>"Put in force"</button>
            </div>
        </section>
    }
}

/// Files that do not load: what they said before is in force, loudly.
#[component]
pub(super) fn Broken(desk: Desk) -> impl IntoView {
    let broken = Memo::new(move |_| {
        let files = desk.view.value.with(|view| view.as_ref().map(|view| view.files.clone()).unwrap_or_default());
        files.into_iter().filter(|file| file.state == RuleFileState::Broken).collect::<Vec<_>>()
    });
    move || {
        broken
            .get()
            .into_iter()
            .map(|file| {
                let name = file.name.clone();
                let open = move |_| desk.open(&name);
                view! {
                    <section class="notice bad" role="alert" data-testid="rules-broken">
                        <div><strong>{file.name.clone()}" does not load."</strong>" "{file.says}" "{file.fix}
                            <p class="quiet">"What it said when it last loaded is in force."</p></div>
                        <a class="button" href="#/rules/edit" on:click=open>"Open in the editor"</a>
                    </section>
                }
            })
            .collect_view()
    }
}
