//! The rules in force, by what they do.

use clawbutler_wire::rules::{LintView, RuleView, RulesView, TuningView};
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
    let empty = Memo::new(move |_| {
        let none = |view: &RulesView| {
            model::EFFECTS.iter().all(|effect| model::of_effect(view, effect.0, &typed.get()).is_empty())
        };
        desk.view.value.with(|view| view.as_ref().is_some_and(none))
    });
    view! {
        <div class="tools">
            <input id="search" type="search" placeholder="Search" aria-label="Search rules" data-testid="rules-search" on:input=move |event| typed.set(event_target_value(&event))/>
            <p class="quiet">"The strictest match wins, whatever the order. What no rule names is judged by its risk."</p>
        </div>
        {move || empty.get().then(|| view! {
            <p class="calm">{if typed.with(String::is_empty) { "There are no rules. Choose a pack, or write your own in the editor." } else { "No rule has these words." }}</p>
        })}
        {model::EFFECTS.iter().map(|effect| view! { <Group desk=desk effect=*effect typed=typed/> }).collect_view()}
        <Rest desk=desk/>
    }
}

#[component]
fn Group(desk: Desk, effect: (&'static str, &'static str, &'static str), typed: RwSignal<String>) -> impl IntoView {
    let (word, title, says) = effect;
    let rows = Memo::new(move |_| {
        let rows = |view: &RulesView| {
            let rules = model::of_effect(view, word, &typed.get());
            rules.into_iter().map(|rule| (model::findings_of(view, &rule), rule)).collect::<Vec<_>>()
        };
        desk.view.value.with(|view| view.as_ref().map(rows).unwrap_or_default())
    });
    let count = Memo::new(move |_| rows.with(Vec::len));
    move || {
        (count.get() > 0).then(|| view! {
            <section class=format!("effect {word}") aria-label=title>
                <h2>{title}" "<span class="count">{count}</span>" "<span class="quiet">{says}</span></h2>
                <ul class="rules">
                    // A row that did not change stays, and the focus in it.
                    <For each=move || rows.get() key=|row| format!("{row:?}") let:row><Rule desk=desk findings=row.0 rule=row.1/></For>
                </ul>
            </section>
        })
    }
}

#[component]
fn Rule(desk: Desk, findings: Vec<LintView>, rule: RuleView) -> impl IntoView {
    let (file, name) = (rule.file.clone(), rule.file.clone());
    let open = move |_| {
        let named = |view: &RulesView| model::file_of(view, &file);
        let named = desk.view.value.with_untracked(|view| view.as_ref().map(named));
        if let Some(named) = named.filter(|_| !desk.draft.is_dirty()) {
            desk.open(&named);
        }
    };
    view! {
        <li data-testid="rule" class:off=!rule.enabled>
            <div class="words">
                <p><strong>{words::sentence(&rule.when)}</strong></p>
                <p class="quiet">{rule.because.clone()}</p>
                {findings.into_iter().map(|one| view! { <Finding one=one/> }).collect_view()}
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
fn Finding(one: LintView) -> impl IntoView {
    view! { <p class="finding" data-testid="finding"><span class="tag warn">{model::finding_words(&one.kind)}</span>" "{one.says}" "<em>{one.fix}</em></p> }
}

/// What is odd about no rule of the list, and signals that count otherwise than they come.
#[component]
fn Rest(desk: Desk) -> impl IntoView {
    let rest = Memo::new(move |_| {
        desk.view.value.with(|view| {
            view.as_ref().map(|view| (model::loose_findings(view), view.tuning.clone())).unwrap_or_default()
        })
    });
    move || {
        let (findings, tuning) = rest.get();
        view! {
            {(!findings.is_empty()).then(|| view! {
                <section class="effect"><h2>"Also odd"</h2>{findings.into_iter().map(|one| view! { <p class="id">{one.rule.clone()}</p><Finding one=one/> }).collect_view()}</section>
            })}
            <Tuning tuning=tuning/>
        }
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

#[component]
fn Tuning(tuning: Vec<TuningView>) -> impl IntoView {
    (!tuning.is_empty()).then(|| view! {
        <section class="effect"><h2>"Signals changed by your files "<span class="count">{tuning.len()}</span></h2>
            <ul class="rules">{tuning.into_iter().map(|one| view! {
                <li><code>{one.signal}</code><span>{one.level.map_or_else(|| "off".to_owned(), |level| format!("counts as {}", words::risk_word(level)))}</span></li>
            }).collect_view()}</ul></section>
    })
}
