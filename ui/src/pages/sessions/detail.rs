//! One session: what it is doing and how we know, then its timeline, usage, sub-agents and records.

use clawbutler_wire::Code;
use clawbutler_wire::sessions::SessionRow;
use leptos::prelude::*;

use super::records::Records;
use super::timeline::Timeline;
use super::tree::Tree;
use super::usage::Usage;
use super::{Desk, model};
use crate::live::Live;
use crate::pages::audit::escaped;
use crate::signs::When;
use crate::{kit, signs};

#[component]
pub(super) fn Detail(desk: Desk, id: String) -> impl IntoView {
    let row = Memo::new(move |_| desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.row.clone())));
    let there = Memo::new(move |_| row.with(Option::is_some));
    let lost = move || desk.detail.error.with(|error| error.as_ref().is_some_and(|error| error.code == Code::NotFound));
    let part = Memo::new(move |_| desk.route.part());
    let id = StoredValue::new(id);
    view! {
        {move || row.get().map(|row| head(desk.live, &row))}
        {move || (!lost()).then(|| kit::trouble(desk.detail.error))}
        {move || match there.get() {
            false if lost() => view! { <p class="calm">"There is no such session. It may have been forgotten with its agent."</p> }.into_any(),
            false if desk.detail.error.with(Option::is_some) => ().into_any(),
            false => view! { <p class="loading" role="status">"Reading the session…"</p> }.into_any(),
            true => view! {
                <Tabs desk=desk id=id.get_value() part=part/>
                {move || match part.get().as_str() {
                    "usage" => view! { <Usage desk=desk id=id.get_value()/> }.into_any(),
                    "agents" => view! { <Tree desk=desk id=id.get_value()/> }.into_any(),
                    "records" => view! { <Records desk=desk/> }.into_any(),
                    _ => view! { <Timeline desk=desk id=id.get_value()/> }.into_any(),
                }}
            }.into_any(),
        }}
    }
}

fn head(live: Live, row: &SessionRow) -> AnyView {
    let facts = [
        row.model.clone(),
        row.mode.clone().map(|mode| format!("mode {mode}")),
        row.pid.map(|pid| format!("process {pid}")),
    ];
    let facts = facts.into_iter().flatten().map(|fact| view! { <span class="tag">{fact}</span> }).collect_view();
    view! {
        <header class="session-head" data-testid="session-head">
            <h1>{model::name(row)}</h1>
            <p>{signs::session_state(row.state)}" "<span class="quiet" title=model::source_words(row.state_source)>{row.state_says.clone()}" ("{model::source_words(row.state_source)}")"</span></p>
            <p class="quiet"><a href=format!("#/agents/{}", row.home_id)>{row.runtime_name.clone()}</a>" · "<span title=row.cwd.clone()>{model::place(row)}</span>{row.started_at.map(|at| view! { " · started "<When at=at live=live/> })}{above(row)}" · "<a href=format!("#/audit/session/{}", escaped(&row.session)) data-testid="audit-trail">"audit trail"</a></p>
            <p class="chips-line">{facts}<span class="tag number">{model::tokens(model::all(&row.tokens))}" tokens"</span><span class="tag number" title=row.cost.basis.clone()>{model::cost(&row.cost)}</span></p>
        </header>
    }
    .into_any()
}

/// The session that this one came from.
fn above(row: &SessionRow) -> Option<impl IntoView + use<>> {
    let (parent, forked) = (row.parent.clone()?, row.forked);
    let how = if forked { "forked from " } else { "started by " };
    Some(view! { " · "{how}<a href=format!("#/sessions/{parent}") data-testid="parent-session">"another session"</a> })
}

#[component]
fn Tabs(desk: Desk, id: String, part: Memo<String>) -> impl IntoView {
    let counts = Memo::new(move |_| {
        desk.detail.value.with(|detail| {
            detail
                .as_ref()
                .map(|detail| (detail.agents.len() + detail.children.len(), detail.row.malformed))
                .unwrap_or_default()
        })
    });
    let link = move |path: &'static str, name: &'static str, count: Signal<String>, warns: bool| {
        let href = if path.is_empty() { format!("#/sessions/{id}") } else { format!("#/sessions/{id}/{path}") };
        let test = format!("part-{}", if path.is_empty() { "timeline" } else { path });
        view! { <a href=href data-testid=test class:warns=warns aria-current=move || (part.get() == path).then_some("page")>{name}" "<span class="count">{count}</span></a> }
    };
    let none = Signal::derive(String::new);
    let some = |number: u64| if number > 0 { number.to_string() } else { String::new() };
    let agents = Signal::derive(move || some(counts.get().0 as u64));
    let unread = Signal::derive(move || {
        let malformed = counts.get().1;
        if malformed > 0 { format!("{malformed} unread") } else { String::new() }
    });
    view! {
        <nav class="tabs" aria-label="Parts of the session">
            {link("", "Timeline", none, false)}{link("usage", "Tokens and cost", none, false)}
            {link("agents", "Sub-agents", agents, false)}{link("records", "Records", unread, true)}
        </nav>
    }
}
