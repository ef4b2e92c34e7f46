//! The rules in force, by what they do.

use clawbutler_wire::rules::{RuleView, RulesView, TuningView};
use leptos::prelude::*;

use super::{Desk, model};
use crate::live::Live;
use crate::{clock, kit, model as words};

#[component]
pub(super) fn InForce(desk: Desk) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "/" && !kit::keys_are_taken() {
            kit::focus("#search");
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
    view! {
        <div class="tools">
            <input id="search" type="search" placeholder="Search" aria-label="Search rules" data-testid="rules-search" on:input=move |event| typed.set(event_target_value(&event))/>
            <p class="quiet">"The strictest match wins, whatever the order. What no rule names is judged by its risk."</p>
        </div>
        {move || desk.view.value.get().map(|view| {
            let groups: Vec<_> = model::EFFECTS.iter().map(|effect| (*effect, model::of_effect(&view, effect.0, &typed.get()))).filter(|(_, rules)| !rules.is_empty()).collect();
            if groups.is_empty() {
                return view! { <p class="calm">{if typed.with(String::is_empty) { "There are no rules. Choose a pack, or write your own in the editor." } else { "No rule has these words." }}</p> }.into_any();
            }
            let tuning = view.tuning.clone();
            view! {
                {groups.into_iter().map(|(effect, rules)| view! { <Group desk=desk view=view.clone() effect=effect rules=rules/> }).collect_view()}
                <Tuning tuning=tuning/>
            }.into_any()
        })}
    }
}

#[component]
fn Group(
    desk: Desk,
    view: RulesView,
    effect: (&'static str, &'static str, &'static str),
    rules: Vec<RuleView>,
) -> impl IntoView {
    let (word, title, says) = effect;
    let count = rules.len();
    view! {
        <section class=format!("effect {word}") aria-label=title>
            <h2>{title}" "<span class="count">{count}</span>" "<span class="quiet">{says}</span></h2>
            <ul class="rules">{rules.into_iter().map(|rule| view! { <Rule desk=desk view=view.clone() rule=rule/> }).collect_view()}</ul>
        </section>
    }
}

#[component]
fn Rule(desk: Desk, view: RulesView, rule: RuleView) -> impl IntoView {
    let findings = model::findings_of(&view, &rule);
    let (file, name) = (rule.file.clone(), rule.file.clone());
    let open = move |_| {
        if !desk.draft.is_dirty() {
            desk.draft.open(&view, &model::file_of(&view, &file));
        }
    };
    view! {
        <li data-testid="rule" class:off=!rule.enabled>
            <div class="words">
                <p><strong>{rule.when.clone()}</strong></p>
                <p class="quiet">{rule.because.clone()}</p>
                {findings.into_iter().map(|one| view! {
                    <p class="finding" data-testid="finding"><span class="tag warn">{model::finding_words(&one.kind)}</span>" "{one.says}" "<em>{one.fix}</em></p>
                }).collect_view()}
            </div>
            <div class="from">
                <a href="#/rules/edit" on:click=open title="Open in the editor" class="id">{name}"/"{rule.id.clone()}</a>
                <span>
                    {(!rule.enabled).then(|| view! { <span class="tag">"switched off"</span>" " })}
                    {rule.observe.then(|| view! { <span class="tag">"only recorded"</span>" " })}
                    {rule.expires.clone().map(|day| view! { <span class="tag">"until "{day}</span> })}
                </span>
            </div>
            <Uses uses=rule.uses_30d last=rule.last_at live=desk.live/>
        </li>
    }
}

#[component]
fn Uses(uses: u32, last: Option<i64>, live: Live) -> impl IntoView {
    view! {
        <div class="uses number">
            {if uses == 0 { "not used".to_owned() } else { format!("{uses} ×") }}<span class="quiet">" in 30 days"</span>
            {last.map(|at| view! { <p class="quiet" title=clock::exact(at)>"last "{move || words::ago(at, live.now())}</p> })}
        </div>
    }
}

/// Signals that count otherwise than they come.
#[component]
fn Tuning(tuning: Vec<TuningView>) -> impl IntoView {
    (!tuning.is_empty()).then(|| view! {
        <section class="effect"><h2>"Signals changed by your files "<span class="count">{tuning.len()}</span></h2>
            <ul class="rules">{tuning.into_iter().map(|one| view! {
                <li><code>{one.signal}</code><span>{one.level.map_or_else(|| "off".to_owned(), |level| format!("counts as {}", words::risk_word(level)))}</span></li>
            }).collect_view()}</ul></section>
    })
}
