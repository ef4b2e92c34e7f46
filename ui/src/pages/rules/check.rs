//! Beside the editor: whether the text loads, what is odd about it, what of the history it matches.

use clawbutler_wire::rules::{MatchView, RuleErrorView, RulesCheck};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::{Desk, model};
use crate::fetched::Fetched;
use crate::live::Live;
use crate::{clock, kit, model as words};

/// Puts the caret at a line of the editor.
fn go_to(text: &str, line: usize) {
    let field =
        document().get_element_by_id("editor").and_then(|field| field.dyn_into::<web_sys::HtmlTextAreaElement>().ok());
    let Some(field) = field else { return };
    let (start, end) = (model::start_of_line(text, line), model::start_of_line(text, line + 1).saturating_sub(1));
    let _ = field.focus();
    let _ = field.set_selection_range(start, end.max(start));
}

#[component]
pub(super) fn Check(desk: Desk, check: Fetched<RulesCheck>) -> impl IntoView {
    let text = desk.draft.text;
    let words = move || {
        check
            .value
            .with(|check| check.as_ref().map(|check| text.with_untracked(|text| model::check_words(text, check))))
    };
    let good = move || check.value.with(|check| check.as_ref().is_some_and(|check| check.errors.is_empty()));
    view! {
        <aside class="check" aria-label="Check" data-testid="check" aria-busy=move || check.busy.get().to_string()>
            {kit::trouble(check.error)}
            <p role="status" class:good=good class:warning=move || !good() data-testid="check-words">{move || words().unwrap_or_else(|| "Checking…".to_owned())}</p>
            {move || check.value.get().map(|check| view! {
                {check.errors.into_iter().map(|error| view! { <Problem text=text error=error/> }).collect_view()}
                {check.findings.into_iter().map(|one| { let rule = one.rule.clone(); view! {
                    <div class="finding" data-testid="finding"><p><span class="tag warn">{model::finding_words(&one.kind)}</span>" "<Place text=text rule=rule/></p><p>{one.says}" "<em>{one.fix}</em></p></div>
                } }).collect_view()}
                <Matches items=check.matches_now live=desk.live/>
            })}
        </aside>
    }
}

#[component]
fn Problem(text: RwSignal<String>, error: RuleErrorView) -> impl IntoView {
    let line = text.with_untracked(|text| model::line_of_error(text, &error));
    view! {
        <div class="problem" data-testid="rule-error">
            <p><strong>{error.says.trim_end_matches('.').to_owned()}"."</strong>" "{error.fix}</p>
            {error.example.map(|example| view! { <p>"Example: "<code>{example}</code></p> })}
            {line.map(|line| view! { <button type="button" class="link" on:click=move |_| text.with_untracked(|text| go_to(text, line))>{format!("Go to line {}", line + 1)}</button> })}
        </div>
    }
}

#[component]
fn Place(text: RwSignal<String>, rule: String) -> impl IntoView {
    match text.with_untracked(|text| model::line_of_rule(text, &rule)) {
        Some(line) => view! { <button type="button" class="link" on:click=move |_| text.with_untracked(|text| go_to(text, line))>{rule}</button> }.into_any(),
        None => view! { <span class="id">{rule}</span> }.into_any(),
    }
}

#[component]
fn Matches(items: Vec<MatchView>, live: Live) -> impl IntoView {
    view! {
        <h3>"Matches in your history"</h3>
        {items.is_empty().then(|| view! { <p class="quiet">"None of the recorded actions."</p> })}
        <ul class="matches" data-testid="matches">{items.into_iter().map(|one| { let at = one.at; view! {
            <li><code>{one.headline}</code><span class="quiet"><span class="id">{one.rule}</span>" · "{words::verdict(&one.decision_then).to_owned()}", "<span title=clock::exact(at)>{move || words::ago(at, live.now())}</span></span></li>
        } }).collect_view()}</ul>
    }
}
