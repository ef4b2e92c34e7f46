//! An agent at a glance: its health, its guard, who it is, what can be done with it, what runs.

use clawbutler_wire::registry::{AgentView, CheckView, FactTab, HealthLevel};
use clawbutler_wire::runtimes::SessionView;
use leptos::prelude::*;

use super::facts::Facts;
use super::guard::Guard;
use super::limits::Limits;
use super::{Desk, model};
use crate::signs::{self, When};
use crate::{clock, model as words};

#[component]
pub(super) fn Overview(desk: Desk, agent: Memo<Option<AgentView>>) -> impl IntoView {
    let moving = move |get: fn(&AgentView) -> Option<i64>| {
        Memo::new(move |_| desk.detail.value.with(|detail| detail.as_ref().and_then(|detail| get(&detail.agent))))
    };
    let contact = moving(|agent| agent.guard.last_contact);
    let seen = moving(|agent| agent.last_seen);
    let sessions = Memo::new(move |_| {
        desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.sessions.clone()).unwrap_or_default())
    });
    let has_facts = Memo::new(move |_| {
        desk.detail.value.with(|detail| {
            detail.as_ref().is_some_and(|detail| detail.facts.iter().any(|fact| fact.tab == FactTab::Overview))
        })
    });
    view! {
        <div class="panels">
            {move || agent.get().map(|agent| view! {
                <section class="panel" data-testid="health"><h2>"Health "{signs::health(agent.health.level)}</h2>
                    <ul class="checks">{agent.health.checks.iter().map(check).collect_view()}</ul></section>
                <Guard desk=desk agent=agent.clone() contact=contact/>
                <Identity desk=desk agent=agent seen=seen/>
            })}
            <Limits desk=desk/>
        </div>
        <Running desk=desk sessions=sessions/>
        {move || has_facts.get().then(|| view! { <h2>"Configuration"</h2><Facts desk=desk tab=FactTab::Overview plain=true/> })}
        {move || agent.get().map(|agent| view! { <Can agent=agent/> })}
    }
}

fn check(check: &CheckView) -> AnyView {
    view! {
        <li>{signs::health(check.level)}<div><strong>{words::sentence(&check.name)}</strong><p>{check.says.clone()}</p>
            {check.fix.clone().filter(|_| check.level != HealthLevel::Healthy).map(|fix| view! { <p class="fix">{fix}</p> })}</div></li>
    }
    .into_any()
}

#[component]
fn Identity(desk: Desk, agent: AgentView, seen: Memo<Option<i64>>) -> impl IntoView {
    let sources = StoredValue::new(agent.sources.clone());
    let from = move |fact: &str| {
        let source = sources.with_value(|all| all.iter().find(|one| one.fact == fact).map(|one| one.source.clone()));
        source.map(|source| view! { <span class="basis">{source}</span> })
    };
    let unknown = || "unknown".to_owned();
    view! {
        <section class="panel"><h2>"Identity"</h2>
            <dl class="facts">
                <dt>"Runtime"</dt><dd>{agent.runtime_name.clone()}</dd>
                <dt>"Version"</dt><dd>{agent.version.clone().unwrap_or_else(unknown)}{from("version")}</dd>
                <dt>"Home"</dt><dd><code>{agent.home.clone()}</code>{from("home")}</dd>
                <dt>"Owner"</dt><dd>{agent.owner.clone().unwrap_or_else(unknown)}{from("owner")}</dd>
                <dt>"State"</dt><dd>{signs::agent_state(agent.state)}{agent.state_since.map(|at| view! { " since "<When at=at live=desk.live/> })}{from("state")}</dd>
                <dt>"Sessions"</dt><dd>{match agent.live_sessions { 0 => "none runs now".to_owned(), many => words::count(many, "runs now", "run now") }}{from("live_sessions")}</dd>
                <dt>"Last seen"</dt><dd>{move || match seen.get() { Some(at) => view! { <When at=at live=desk.live/> }.into_any(), None => "never".into_any() }}{from("last_seen")}</dd>
            </dl></section>
    }
}

#[component]
fn Running(desk: Desk, sessions: Memo<Vec<SessionView>>) -> impl IntoView {
    let row = move |session: SessionView| {
        let guarded = match session.guarded {
            Some(true) => "its hooks reach us",
            Some(false) => "its hooks do not reach us",
            None => "not seen yet",
        };
        view! {
            <tr><td>{session.name.clone().unwrap_or_else(|| words::short_id(&session.session))}" "<span class="quiet">{session.kind.clone()}</span></td><td>{session.status.clone()}</td>
                <td title=session.cwd.clone()>{words::folder(&session.cwd)}</td><td class="number">{session.pid}</td><td>{guarded}</td>
                <td class="quiet">{session.started_at.map(|at| view! { <span title=clock::exact(at)><When at=at live=desk.live/></span> })}</td></tr>
        }
    };
    move || {
        let sessions = sessions.get();
        (!sessions.is_empty()).then(|| view! {
            <section><h2>"Runs now "<span class="count">{sessions.len()}</span>" "<a class="aside" href="#/sessions">"All sessions"</a></h2>
            <table><thead><tr><th scope="col">"Session"</th><th scope="col">"State"</th><th scope="col">"Folder"</th><th scope="col" class="number">"Process"</th><th scope="col">"Guard"</th><th scope="col">"Started"</th></tr></thead>
                <tbody>{sessions.into_iter().map(row).collect_view()}</tbody></table></section>
        })
    }
}

#[component]
fn Can(agent: AgentView) -> impl IntoView {
    view! {
        <section data-testid="capabilities"><h2>"What can be done with it"</h2>
        <ul class="capabilities">{agent.capabilities.into_iter().map(|one| view! {
            <li>{signs::can(one.can)}<strong>{model::capability_words(&one.name).to_owned()}</strong><span>{one.says}</span></li> }).collect_view()}</ul></section>
    }
}
