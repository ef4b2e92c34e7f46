//! The editor: one file, checked while it is written, saved after its effect was shown.

use std::time::Duration;

use clawbutler_wire::command::{CheckRules, DeleteRules, SaveRules};
use clawbutler_wire::rules::{DraftFile, RuleFileView, RuleOrigin, RulesCheck};
use leptos::prelude::*;

use super::Desk;
use super::check::Check;
use super::draft::FIRST;
use super::field::Field;
use super::simulation::{Asked, Change};
use crate::fetched::Fetched;
use crate::kit;

/// After the last key.
const PAUSE: Duration = Duration::from_millis(400);

/// Shows what saving would change.
pub(super) fn review(desk: Desk) {
    let (name, text) = (desk.draft.name.get_untracked(), desk.draft.text.get_untracked());
    desk.asked.set(Some(Asked {
        title: format!("What {name} would change"),
        packs: None,
        draft: Some(DraftFile { name: name.clone(), text: text.clone() }),
        change: Change::Save(SaveRules { name, text, digest: desk.draft.digest.get_untracked() }),
    }));
}

#[component]
pub(super) fn Editor(desk: Desk) -> impl IntoView {
    if desk.draft.name.with_untracked(String::is_empty) {
        desk.open(FIRST);
    }
    let check = Fetched::<RulesCheck>::new();
    let ask = move || {
        if !desk.draft.fixed.get_untracked() {
            let (name, text) = (desk.draft.name.get_untracked(), desk.draft.text.get_untracked());
            check.ask(CheckRules { text, name: Some(name) });
        }
    };
    Effect::new(move |_| {
        desk.draft.name.track();
        check.clear();
        ask();
    });
    let later = kit::after_a_pause(PAUSE, move |()| ask());
    // A check that is under way or not asked yet says nothing about this text.
    let pending = RwSignal::new(false);
    let typed = move || {
        pending.set(true);
        later(());
    };
    Effect::new(move |_| {
        check.value.track();
        if !check.busy.get() {
            pending.set(false);
        }
    });
    let good =
        move || !pending.get() && check.value.with(|check| check.as_ref().is_some_and(|check| check.errors.is_empty()));
    view! {
        <Bar desk=desk good=Signal::derive(good)/>
        <Stale desk=desk/>
        <div class="bench">
            <Field desk=desk check=check typed=Callback::new(move |()| typed()) good=Signal::derive(good)/>
            {move || (!desk.draft.fixed.get()).then(|| view! { <Check desk=desk check=check/> })}
        </div>
    }
}

#[component]
fn Bar(desk: Desk, good: Signal<bool>) -> impl IntoView {
    let fixed = move || desk.draft.fixed.get();
    let ready = move || good.get() && desk.draft.is_dirty() && !desk.busy.get();
    let digest = Memo::new(move |_| desk.draft.digest.get());
    let delete = move |_| {
        if let Some(digest) = digest.get_untracked() {
            let name = desk.draft.name.get_untracked();
            desk.send(DeleteRules { name: name.clone(), digest }, format!("{name} is deleted."), move |view| {
                desk.draft.open(view, FIRST)
            });
        }
    };
    view! {
        <div class="tools">
            <Files desk=desk/>
            <span class="quiet" role="status">{move || if fixed() { "A pack is read here, not changed." } else if desk.draft.is_dirty() { "Not saved" } else { "" }}</span>
            {move || (!fixed()).then(|| view! {
                <div class="bulk">
                    {(desk.draft.name.get() != FIRST && digest.get().is_some()).then(|| view! { <kit::Sure testid="editor-delete" label="Delete the file…" sure="Delete it and its rules" act=Callback::new(delete)/> })}
                    <button type="button" class="plain" data-testid="editor-revert" disabled=move || !desk.draft.is_dirty() on:click=move |_| desk.open_again()>"Take back"</button>
                    <button type="button" class="primary" data-testid="editor-review" disabled=move || !ready() aria-haspopup="dialog" on:click=move |_| review(desk)>"Simulate and save…"<kbd>"Ctrl S"</kbd></button>
                </div>
            })}
        </div>
    }
}

#[component]
fn Files(desk: Desk) -> impl IntoView {
    let files = Memo::new(move |_| {
        desk.view.value.with(|view| view.as_ref().map(|view| view.files.clone()).unwrap_or_default())
    });
    let open = move |event| desk.open(&event_target_value(&event));
    let options = move |own: bool| {
        let mut names: Vec<String> = files
            .get()
            .into_iter()
            .filter(|file: &RuleFileView| (file.origin != RuleOrigin::Pack) == own && (own || file.text.is_some()))
            .map(|file| file.name)
            .collect();
        if own && !names.iter().any(|name| name == FIRST) {
            names.insert(0, FIRST.to_owned());
        }
        names.into_iter().map(|name| { let at = name.clone(); view! { <option value=name.clone() selected=move || desk.draft.name.with(|open| *open == at)>{name.clone()}</option> } }).collect_view()
    };
    view! {
        <select aria-label="File" data-testid="editor-file" disabled=move || desk.draft.is_dirty() title=move || if desk.draft.is_dirty() { "Save or take back what you wrote first" } else { "" } on:change=open>
            <optgroup label="Your files">{move || options(true)}</optgroup>
            <optgroup label="Packs in force">{move || options(false)}</optgroup>
        </select>
    }
}

/// The file is another by now.
#[component]
fn Stale(desk: Desk) -> impl IntoView {
    let stale =
        Memo::new(move |_| desk.view.value.with(|view| view.as_ref().is_some_and(|view| desk.draft.is_stale(view))));
    // Nothing of the user's is lost: the newer text takes its place by itself.
    Effect::new(move |_| {
        if stale.get() && !desk.draft.is_dirty() {
            desk.open_again();
        }
    });
    move || {
        (stale.get() && desk.draft.is_dirty()).then(|| view! {
            <section class="notice" role="alert" data-testid="editor-stale">
                <div class="words"><strong>"The file changed since you opened it."</strong>" Saving is refused until you have taken its text in; copy what you wrote first."</div>
                <button type="button" class="plain" on:click=move |_| desk.open_again()>"Take the file's text"</button>
            </section>
        })
    }
}
