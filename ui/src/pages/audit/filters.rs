//! The search field with its help and errors, the menus, the chips, the saved searches.

use std::time::Duration;

use clawbutler_wire::audit_search::AuditFilter;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::model::{self, Field};
use super::saved::Saved;
use super::{Desk, Over, address};
use crate::route::{go, replace};
use crate::{clock, kit};

/// After the last key in the search field.
const PAUSE: Duration = Duration::from_millis(250);
/// Stretches of time up to now: words and milliseconds.
const STRETCHES: &[(&str, i64)] = &[
    ("Last hour", 3_600_000),
    ("Last 24 hours", 86_400_000),
    ("Last 7 days", 604_800_000),
    ("Last 30 days", 2_592_000_000),
];

/// Asks for something else.
fn ask(filter: &AuditFilter) {
    go(&address::place(None, filter));
}

#[component]
pub(super) fn Filters(desk: Desk) -> impl IntoView {
    view! {
        <Search desk=desk/>
        <div class="filters" role="group" aria-label="Filters">
            <Time desk=desk/>
            <Menu desk=desk field=Field::Kind/>
            <Menu desk=desk field=Field::Actor/>
            <Menu desk=desk field=Field::Risk/>
            <Menu desk=desk field=Field::Decision/>
            <Menu desk=desk field=Field::Runtime/>
            <Menu desk=desk field=Field::Agent/>
            <Menu desk=desk field=Field::Project/>
            <Menu desk=desk field=Field::Session/>
            <Whole desk=desk/>
        </div>
        <Chips desk=desk/>
    }
}

#[component]
fn Search(desk: Desk) -> impl IntoView {
    let node = NodeRef::<leptos::html::Input>::new();
    // What is being typed is not taken back by its own echo.
    Effect::new(move |_| {
        let text = desk.filter.with(|filter| filter.text.clone());
        if let Some(input) = node.get()
            && !kit::within("#search")
        {
            input.set_value(&text);
        }
    });
    let ask_for = move |text: String| {
        let now = desk.filter.get_untracked();
        if now.text != text {
            replace(&address::place(None, &AuditFilter { text, ..now }));
        }
    };
    let soon = kit::after_a_pause(PAUSE, ask_for);
    let enter = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Enter" {
            ask_for(event_target_value(&event));
            event.prevent_default();
        }
    };
    let wrong = move || {
        let error = desk.error.get()?;
        let at = error.details.as_ref()?.get("at")?.as_u64()?;
        let text = desk.filter.with(|filter| filter.text.clone());
        Some((error.message, model::around(&text, usize::try_from(at).unwrap_or(usize::MAX))))
    };
    let bad = Memo::new(move |_| wrong());
    view! {
        <div class="searching">
            <input node_ref=node id="search" type="search" autocomplete="off" spellcheck="false" maxlength="500"
                placeholder="Search words, \"phrases\", kind:action.decided, -without" aria-label="Search the log"
                aria-describedby="query-error" aria-invalid=move || bad.with(Option::is_some).then_some("true") data-testid="audit-search"
                on:input=move |event| soon(event_target_value(&event)) on:keydown=enter/>
            <Saved desk=desk/>
            <Help/>
        </div>
        <div id="query-error" role="alert">{move || bad.get().map(|(message, (before, behind))| view! {
            <p class="query-error" data-testid="query-error"><strong>{message}</strong>" "<code>{before}<span class="here" aria-label="here">"▲"</span>{behind}</code></p>
        })}</div>
    }
}

#[component]
fn Help() -> impl IntoView {
    view! {
        <details class="menu help" data-testid="query-help" on:keydown=escape on:focusout=left>
            <summary aria-label="How to search">"?"</summary>
            <div class="menu-body">
                <h2>"How to search"</h2>
                <dl class="query-help">
                    <dt><code>"push origin"</code></dt><dd>"both words, anywhere in the facts"</dd>
                    <dt><code>"\"git push\""</code></dt><dd>"the words behind each other"</dd>
                    <dt><code>"cred*"</code></dt><dd>"a word that begins so"</dd>
                    <dt><code>"-force"</code></dt><dd>"not this word"</dd>
                    <dt><code>"risk:high"</code></dt><dd>"exactly this value; in quotes when it has spaces"</dd>
                </dl>
                <p class="quiet">"Values can be named for kind, actor, runtime, agent, session, trace, project, risk and decision. Upper and lower case are the same. Every term must hold, up to 16 of them."</p>
            </div>
        </details>
    }
}

fn details(event: &web_sys::Event) -> Option<web_sys::Element> {
    event.current_target()?.dyn_into().ok()
}

/// Escape closes a menu and gives the focus back to what opened it.
pub(super) fn escape(event: web_sys::KeyboardEvent) {
    let Some(menu) = details(&event).filter(|menu| event.key() == "Escape" && menu.has_attribute("open")) else {
        return;
    };
    event.stop_propagation();
    event.prevent_default();
    let _ = menu.remove_attribute("open");
    let summary = menu.query_selector("summary").ok().flatten();
    if let Some(summary) = summary.and_then(|summary| summary.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = summary.focus();
    }
}

/// A menu closes when something else is pressed.
pub(super) fn pressed(event: &web_sys::Event) {
    let on = event.target().and_then(|on| on.dyn_into::<web_sys::Node>().ok());
    let Ok(open) = document().query_selector_all(".menu[open]") else { return };
    let open = (0..open.length()).filter_map(|at| open.item(at)?.dyn_into::<web_sys::Element>().ok());
    for menu in open.filter(|menu| !menu.contains(on.as_ref())) {
        let _ = menu.remove_attribute("open");
    }
}

/// Closes every menu.
pub(super) fn close_menus() {
    while let Ok(Some(menu)) = document().query_selector(".menu[open]") {
        let _ = menu.remove_attribute("open");
    }
}

/// A menu closes when the focus goes elsewhere.
pub(super) fn left(event: web_sys::FocusEvent) {
    let Some(menu) = details(&event) else { return };
    let to = event.related_target().and_then(|to| to.dyn_into::<web_sys::Node>().ok());
    if to.is_some_and(|to| !menu.contains(Some(&to))) {
        let _ = menu.remove_attribute("open");
    }
}

#[component]
fn Time(desk: Desk) -> impl IntoView {
    let any = move || desk.filter.with(|filter| filter.from.is_none() && filter.until.is_none());
    let since = move |length: i64| {
        let now = desk.live.now_untracked();
        close_menus();
        ask(&AuditFilter { from: Some(now - length), until: None, ..desk.filter.get_untracked() });
    };
    let stretch = |(words, length): &(&'static str, i64)| {
        let (words, length) = (*words, *length);
        view! { <button type="button" class="menu-item" on:click=move |_| since(length)>{words}</button> }
    };
    let edge = move |event: web_sys::Event, from: bool| {
        let at = clock::parse(&event_target_value(&event));
        let filter = desk.filter.get_untracked();
        ask(&if from { AuditFilter { from: at, ..filter } } else { AuditFilter { until: at, ..filter } });
    };
    let value = move |from: bool| {
        desk.filter.with(|filter| if from { filter.from } else { filter.until }).map(clock::field).unwrap_or_default()
    };
    view! {
        <details class="menu" data-testid="menu-time" on:keydown=escape on:focusout=left>
            <summary class:set=move || !any()>"Time"</summary>
            <div class="menu-body">
                {STRETCHES.iter().map(stretch).collect_view()}
                <label class="stacked-label">"From"<input type="datetime-local" prop:value=move || value(true) on:change=move |event| edge(event, true)/></label>
                <label class="stacked-label">"Before"<input type="datetime-local" prop:value=move || value(false) on:change=move |event| edge(event, false)/></label>
                {move || (!any()).then(|| view! { <button type="button" class="menu-item" on:click=move |_| ask(&AuditFilter { from: None, until: None, ..desk.filter.get_untracked() })>"Any time"</button> })}
            </div>
        </details>
    }
}

/// Values of a field that are offered: group, and values with words.
fn offered(desk: Desk, field: Field) -> Vec<(&'static str, Vec<(String, String)>)> {
    let fixed = |list: &[(&str, &str)]| {
        list.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect::<Vec<_>>()
    };
    let mut groups = match field {
        Field::Kind => model::KINDS.iter().map(|(group, kinds)| (*group, fixed(kinds))).collect(),
        Field::Actor => vec![("", fixed(model::ACTORS))],
        Field::Risk => vec![("", fixed(model::RISKS))],
        Field::Decision => vec![("", fixed(model::DECISIONS))],
        Field::Runtime | Field::Agent => {
            let all = desk.agents.value.with(|list| list.as_ref().map(|list| list.agents.clone()).unwrap_or_default());
            let mut values: Vec<_> = all
                .into_iter()
                .filter(|agent| agent.governed)
                .map(|agent| match field {
                    Field::Runtime => (agent.runtime, agent.runtime_name),
                    _ => (agent.home.clone(), agent.home),
                })
                .collect();
            values.dedup();
            vec![("", values)]
        }
        Field::Session | Field::Project | Field::Trace => vec![("", Vec::new())],
    };
    if matches!(field, Field::Runtime | Field::Agent | Field::Session | Field::Project) {
        let seen = desk.rows.with(|rows| rows.as_ref().map(|rows| model::seen(field, &rows.items)).unwrap_or_default());
        if let Some((_, values)) = groups.first_mut() {
            let fresh: Vec<_> = seen.into_iter().filter(|value| !values.iter().any(|(old, _)| old == value)).collect();
            values.extend(fresh.into_iter().map(|value| (value.clone(), value)));
        }
    }
    groups
}

#[component]
fn Menu(desk: Desk, field: Field) -> impl IntoView {
    let free = matches!(field, Field::Runtime | Field::Agent | Field::Session | Field::Project);
    let number = move || desk.filter.with(|filter| field.of(filter).len());
    let option = move |(value, words): (String, String)| {
        let on = {
            let value = value.clone();
            move || desk.filter.with(|filter| field.of(filter).contains(&value))
        };
        let change = move |_| ask(&field.toggled(&desk.filter.get_untracked(), &value));
        view! { <label class="choice menu-item"><input type="checkbox" prop:checked=on on:change=change/><span class="option">{words}</span></label> }
    };
    let other = move |event: web_sys::Event| {
        let value = event_target_value(&event).trim().to_owned();
        let filter = desk.filter.get_untracked();
        if !value.is_empty() && !field.of(&filter).contains(&value) {
            ask(&field.toggled(&filter, &value));
        }
    };
    view! {
        <details class="menu" data-testid=format!("menu-{}", field.key()) on:keydown=escape on:focusout=left>
            <summary class:set=move || number() != 0>{field.name()}{move || (number() > 0).then(|| view! { <span class="count">" "{number()}</span> })}</summary>
            <div class="menu-body">
                {move || offered(desk, field).into_iter().map(|(group, values)| view! {
                    {(!group.is_empty()).then(|| view! { <h3>{group}</h3> })}
                    {values.into_iter().map(option).collect_view()}
                }).collect_view()}
                {free.then(|| view! { <label class="stacked-label">{format!("Another {}", field.name().to_lowercase())}<input type="text" autocomplete="off" spellcheck="false" maxlength="400" on:change=other/></label> })}
            </div>
        </details>
    }
}

/// What can be done with all that is asked for.
#[component]
fn Whole(desk: Desk) -> impl IntoView {
    let any = Memo::new(move |_| desk.filter.with(|filter| *filter != AuditFilter::default()));
    view! {
        {move || any.get().then(|| view! {
            <div class="whole-search">
                <button type="button" class="link" data-testid="save-search" aria-haspopup="dialog" on:click=move |_| desk.over.set(Some(Over::Save))>"Save this search…"</button>
                <button type="button" class="link" data-testid="clear" on:click=move |_| ask(&AuditFilter::default())>"Clear"</button>
            </div>
        })}
    }
}

#[component]
fn Chips(desk: Desk) -> impl IntoView {
    let chips = Memo::new(move |_| desk.filter.with(|filter| model::chips(filter, clock::short)));
    view! {
        {move || (!chips.with(Vec::is_empty)).then(|| view! {
            <div class="chips asked-for" role="group" aria-label="What is asked for">
                {chips.get().into_iter().map(|chip| {
                    let without = chip.without.clone();
                    let label = format!("Remove {}: {}", chip.label, chip.value);
                    view! { <button type="button" class="chip" data-testid="chip" aria-label=label title="Remove" on:click=move |_| ask(&without)><span class="quiet">{chip.label}</span>" "{chip.value}<span aria-hidden="true" class="cross">"×"</span></button> }
                }).collect_view()}
            </div>
        })}
    }
}
