//! The list: a line each, and what can be done with several at once.

use std::collections::BTreeSet;

use clawbutler_wire::command::Discover;
use clawbutler_wire::registry::AgentView;
use clawbutler_wire::runtimes::{GuardState, GuardVariant};
use leptos::prelude::*;

use super::add::Add;
use super::{Desk, matrix, model};
use crate::signs::When;
use crate::{kit, model as words, signs};

#[component]
pub(super) fn List(desk: Desk) -> impl IntoView {
    let ids = Memo::new(move |_| desk.agents().into_iter().map(|agent| agent.id).collect::<Vec<_>>());
    let there = Memo::new(move |_| desk.list.value.with(Option::is_some));
    let any =
        Memo::new(move |_| desk.list.value.with(|list| list.as_ref().is_some_and(|list| !list.agents.is_empty())));
    let again = move |_| {
        desk.look();
        desk.found.ask(Discover {});
    };
    view! {
        <header class="title"><h1>"Agents on this machine"</h1><Tally desk=desk/>
            <button type="button" class="plain" data-testid="look-again" disabled=move || desk.list.busy.get() on:click=again>"Look again"</button></header>
        {kit::trouble(desk.list.error)}
        {kit::trouble(desk.error)}
        {move || match (there.get(), any.get()) {
            (false, _) if desk.list.error.with(Option::is_some) => ().into_any(),
            (false, _) => view! { <p class="loading" role="status">"Looking for agent runtimes…"</p> }.into_any(),
            (true, false) => view! { <Empty desk=desk/> }.into_any(),
            (true, true) => view! {
                <div class="tools">
                    <input id="search" type="search" placeholder="Search" aria-label="Search agents" on:input=move |event| desk.typed.set(event_target_value(&event))/>
                    <Bulk desk=desk/>
                </div>
                {move || ids.with(Vec::is_empty).then(|| view! { <p class="calm">"No agent has these words."</p> })}
                <div class="sideways" tabindex="-1">
                <table class="agents" class:none=move || ids.with(Vec::is_empty)>
                    <thead><tr><th scope="col"><span class="hidden">"Pick"</span></th><th scope="col">"Agent"</th><th scope="col">"State"</th><th scope="col">"Guard"</th><th scope="col">"Health"</th>
                        <th scope="col" class="number">"Sessions"</th><th scope="col" class="number">"Changes"</th><th scope="col">"Last seen"</th></tr></thead>
                    <tbody><For each=move || ids.get() key=String::clone let:id><Row desk=desk id=id/></For></tbody>
                </table></div>
                <matrix::Matrix desk=desk/>
            }.into_any(),
        }}
        <Add desk=desk/>
        <Installed desk=desk/>
    }
}

#[component]
fn Tally(desk: Desk) -> impl IntoView {
    move || {
        desk.list.value.with(|list| {
            let agents = &list.as_ref()?.agents;
            let governed = agents.iter().filter(|agent| agent.governed).count();
            let [_, degraded, critical] = model::tally(agents);
            Some(view! {
                <span class="quiet number" data-testid="tally">{format!("{} of {} governed", governed, agents.len())}
                    {(critical > 0).then(|| format!(" · {critical} critical"))}
                    {(degraded > 0).then(|| format!(" · {degraded} degraded"))}</span>
            })
        })
    }
}

#[component]
fn Empty(desk: Desk) -> impl IntoView {
    let looked =
        move || desk.list.value.with(|list| list.as_ref().map(|list| list.looked_at.clone()).unwrap_or_default());
    view! {
        <p class="calm">"No agent runtime was found. Install one and look again."</p>
        <details><summary>{move || words::count(looked().len() as u64, "place was looked at", "places were looked at")}</summary>
            <ul class="plain-list">{move || looked().into_iter().map(|path| view! { <li><code>{path}</code></li> }).collect_view()}</ul></details>
    }
}

/// The buttons for what is picked.
#[component]
fn Bulk(desk: Desk) -> impl IntoView {
    let choices = Memo::new(move |_| desk.picked.with(|picked| model::choices(&desk.agents(), picked)));
    let number = move || choices.with(|(free, governed)| free.len() + governed.len());
    view! {
        <div class="bulk" role="group" aria-label="Picked agents">
            <span class="quiet number" role="status">{move || match number() { 0 => "Pick agents to govern several at once".to_owned(), many => format!("{many} picked") }}</span>
            {move || choices.with(|(free, _)| !free.is_empty()).then(|| view! {
                <button type="button" class="primary" data-testid="govern-picked" disabled=move || desk.busy.get()
                    on:click=move |_| desk.govern_picked(choices.get_untracked().0, true)>{move || choices.with(|(free, _)| format!("Govern {}", free.len()))}</button>
            })}
            {move || choices.with(|(_, governed)| !governed.is_empty()).then(|| view! {
                <button type="button" class="plain" data-testid="release-picked" disabled=move || desk.busy.get()
                    on:click=move |_| desk.govern_picked(choices.get_untracked().1, false)>{move || choices.with(|(_, governed)| format!("Leave {} alone", governed.len()))}</button>
            })}
            {move || (number() > 0).then(|| view! { <button type="button" class="link" on:click=move |_| desk.picked.set(BTreeSet::new())>"Pick none"</button> })}
        </div>
    }
}

#[component]
fn Row(desk: Desk, id: String) -> impl IntoView {
    let id = StoredValue::new(id);
    let look = move |list: &Option<clawbutler_wire::registry::AgentList>| {
        id.with_value(|id| list.as_ref()?.agents.iter().find(|agent| agent.id == *id).cloned())
    };
    let agent = Memo::new(move |_| desk.list.value.with(look).map(model::still));
    let seen = Memo::new(move |_| desk.list.value.with(look).and_then(|agent| agent.last_seen));
    move || agent.get().map(|agent| view! { <Cells desk=desk agent=agent seen=seen/> })
}

#[component]
fn Cells(desk: Desk, agent: AgentView, seen: Memo<Option<i64>>) -> impl IntoView {
    let (mine, toggled, plan) = (agent.id.clone(), agent.id.clone(), agent.id.clone());
    let guardable = model::guardable(&agent);
    let connect = guardable && agent.guard.state == GuardState::Missing;
    let name = format!("{} in {}", agent.runtime_name, agent.home);
    let toggle = move |_| {
        let id = toggled.clone();
        desk.picked.update(|picked| {
            if !picked.remove(&id) {
                picked.insert(id);
            }
        });
    };
    let about = [
        agent.version.clone().map(|version| format!("version {version}")),
        agent.owner.clone().map(|owner| format!("owned by {owner}")),
    ];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <tr data-testid="agent-row" data-id=agent.id.clone() class:free=!agent.governed>
            <td><input type="checkbox" aria-label=format!("Pick {name}") prop:checked=move || desk.picked.with(|picked| picked.contains(&mine)) on:change=toggle/></td>
            <th scope="row"><a href=format!("#/agents/{}", agent.id)>{agent.runtime_name.clone()}</a>
                {(!agent.governed).then(|| view! { " "<span class="tag">"not governed"</span> })}
                <code class="home-path" title=agent.home.clone()>{agent.home.clone()}</code><span class="quiet about">{about}</span></th>
            <td>{signs::agent_state(agent.state)}</td>
            <td>{signs::guard(agent.guard.state, guardable)}
                {connect.then(|| view! { <button type="button" class="link" data-testid="connect" aria-label=format!("Connect {name}") aria-haspopup="dialog" on:click=move |_| desk.plan(plan.clone(), GuardVariant::User, false)>"Connect…"</button> })}</td>
            <td>{signs::health(agent.health.level)}</td>
            <td class="number">{agent.live_sessions}</td>
            <td class="number">{if agent.drift == 0 { view! { <span class="quiet">"0"</span> }.into_any() } else {
                view! { <a href=format!("#/agents/{}/changes", agent.id) class="tag warn">{agent.drift}" open"</a> }.into_any() }}</td>
            <td class="quiet">{move || match seen.get() { Some(at) => view! { <When at=at live=desk.live/> }.into_any(), None => "never".into_any() }}</td>
        </tr>
    }
}

#[component]
fn Installed(desk: Desk) -> impl IntoView {
    move || {
        let installs =
            desk.found.value.with(|found| found.as_ref().map(|found| found.installs.clone()).unwrap_or_default());
        (!installs.is_empty()).then(|| view! {
            <section><h2>"Installed clients "<span class="count">{installs.len()}</span></h2>
            <table><thead><tr><th scope="col">"Client"</th><th scope="col">"Version"</th><th scope="col">"From"</th><th scope="col">"Path"</th></tr></thead><tbody>
                {installs.into_iter().map(|install| view! {
                    <tr><td>{install.runtime_name}</td><td title=install.version_source>{install.version.unwrap_or_else(|| "unknown".to_owned())}</td><td>{install.how}</td>
                    <td><code>{install.path}</code>{install.warning.map(|words| view! { <p class="warning">{words}</p> })}</td></tr> }).collect_view()}
            </tbody></table></section>
        })
    }
}
