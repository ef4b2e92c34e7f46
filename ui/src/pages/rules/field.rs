//! The text field of the editor, with line numbers and the lines that errors are about.

use std::collections::BTreeSet;

use clawbutler_wire::rules::RulesCheck;
use leptos::prelude::*;

use super::editor::review;
use super::{Desk, model};
use crate::fetched::Fetched;

/// Lines the field has at least.
const SHORTEST: usize = 22;

#[component]
pub(super) fn Field(desk: Desk, check: Fetched<RulesCheck>, typed: Callback<()>, good: Signal<bool>) -> impl IntoView {
    let text = desk.draft.text;
    let marked = Memo::new(move |_| {
        check.value.with(|check| {
            let errors = check.as_ref().map(|check| check.errors.clone()).unwrap_or_default();
            text.with(|text| {
                errors.iter().filter_map(|error| model::line_of_error(text, error)).collect::<BTreeSet<_>>()
            })
        })
    });
    let count = Memo::new(move |_| text.with(|text| text.split('\n').count()));
    let save = move |event: web_sys::KeyboardEvent| {
        if event.key() == "s" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            if good.get_untracked() && desk.draft.is_dirty() {
                review(desk);
            }
        }
    };
    view! {
        <div class="field">
            <div class="gutter" aria-hidden="true">{move || (0..count.get()).map(|at| view! { <span class:bad=move || marked.with(|marked| marked.contains(&at))>{at + 1}</span> }).collect_view()}</div>
            <textarea id="editor" data-testid="editor-text" class="mono" aria-label="Rules as text" wrap="off" spellcheck="false" autocapitalize="off"
                rows=move || count.get().max(SHORTEST).to_string() readonly=move || desk.draft.fixed.get() aria-invalid=move || marked.with(|marked| !marked.is_empty()).to_string()
                prop:value=move || text.get() on:input=move |event| { text.set(event_target_value(&event)); typed.run(()); } on:keydown=save></textarea>
        </div>
    }
}
