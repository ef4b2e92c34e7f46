//! One agent: who it is, what can be done now, and a tab for each part of its configuration.

use clawbutler_wire::Code;
use clawbutler_wire::command::{ForgetHome, Govern, ReviveAgent, SetAgentState};
use clawbutler_wire::registry::{AgentState, AgentView};
use leptos::prelude::*;

use super::changes::Changes;
use super::facts::Facts;
use super::gateway::{self, GatewayTab};
use super::overview::Overview;
use super::{Desk, model};
use crate::kit;
use crate::route::go;
use crate::signs::{self, When};

#[component]
pub(super) fn Detail(desk: Desk) -> impl IntoView {
    let agent = Memo::new(move |_| {
        desk.detail.value.with(|detail| detail.as_ref().map(|detail| model::still(detail.agent.clone())))
    });
    let part = Memo::new(move |_| desk.route.part());
    let there = Memo::new(move |_| desk.detail.value.with(Option::is_some));
    let lost = move || desk.detail.error.with(|error| error.as_ref().is_some_and(|error| error.code == Code::NotFound));
    view! {
        <nav class="crumbs" aria-label="Where you are"><a href="#/agents" data-testid="back">"Agents"</a></nav>
        {move || agent.get().map(|agent| view! { <Head desk=desk agent=agent/> })}
        {move || (!lost()).then(|| kit::trouble(desk.detail.error))}
        {kit::trouble(desk.error)}
        {move || match there.get() {
            false if lost() => view! { <h1>"There is no such agent"</h1><p class="calm">"It was forgotten, or its folder is gone. "<a href="#/agents">"Back to the list"</a>"."</p> }.into_any(),
            false if desk.detail.error.with(Option::is_some) => ().into_any(),
            false => view! { <p class="loading" role="status">"Reading its configuration…"</p> }.into_any(),
            true => view! { <Tabs desk=desk part=part/><Part desk=desk part=part agent=agent/> }.into_any(),
        }}
    }
}

#[component]
fn Part(desk: Desk, part: Memo<String>, agent: Memo<Option<AgentView>>) -> impl IntoView {
    move || {
        let part = part.get();
        match model::TABS.iter().find(|tab| tab.0 == part) {
            Some(("gateway", ..)) => view! { <GatewayTab desk=desk/> }.into_any(),
            Some(("changes", ..)) => view! { <Changes desk=desk/> }.into_any(),
            Some((path, _, Some(tab))) if !path.is_empty() => view! { <Facts desk=desk tab=*tab/> }.into_any(),
            _ => view! { <Overview desk=desk agent=agent/> }.into_any(),
        }
    }
}

#[component]
fn Tabs(desk: Desk, part: Memo<String>) -> impl IntoView {
    let item = desk.route.item();
    let tabs = Memo::new(move |_| {
        let asked = gateway::waits(desk);
        desk.detail.value.with(|detail| {
            let count =
                |tab: &&(&'static str, _, _)| detail.as_ref().and_then(|detail| model::in_tab(detail, tab.0, asked));
            let named = |tab: &(&'static str, &'static str, _)| match tab.0 {
                "gateway" => gateway::end(desk).name(),
                _ => tab.1,
            };
            model::TABS.iter().filter_map(|tab| Some((tab.0, named(tab), count(&tab)?))).collect::<Vec<_>>()
        })
    });
    move || {
        let link = |(path, name, number): (&'static str, &'static str, usize)| {
            let href = if path.is_empty() { format!("#/agents/{item}") } else { format!("#/agents/{item}/{path}") };
            let test = format!("tab-{}", if path.is_empty() { "overview" } else { path });
            view! {
                <a href=href data-testid=test aria-current=move || (part.get() == path).then_some("page") class:warns=matches!(path, "changes" | "gateway")>{name}
                    {(number > 0).then(|| view! { " "<span class="count">{number}</span> })}</a>
            }
        };
        view! { <nav class="tabs" aria-label="Parts of the agent">{tabs.get().into_iter().map(link).collect_view()}</nav> }
    }
}

#[component]
fn Head(desk: Desk, agent: AgentView) -> impl IntoView {
    let id = StoredValue::new(agent.id.clone());
    let governed = agent.governed;
    let state = agent.state;
    let whole = agent.clone();
    // Discovery does not find it again: without this it could not be let go of.
    let named = model::named(&agent);
    let govern = move |_| {
        let said = if governed { "It is left alone now." } else { "It is governed now." };
        desk.send(Govern { home_id: id.get_value(), governed: !governed }, said, |_| {});
    };
    let enable = move |enabled: bool| {
        let said = if enabled { "It is enabled." } else { "It is disabled: its calls are denied." };
        desk.send(SetAgentState { home_id: id.get_value(), enabled }, said, |_| {});
    };
    let revive = move |_| desk.send(ReviveAgent { home_id: id.get_value() }, "It may act again.", |_| {});
    let forget = Callback::new(move |()| {
        desk.send(ForgetHome { home_id: id.get_value() }, "It is forgotten.", |_| go("agents"));
    });
    view! {
        <header class="title agent-head">
            <div><h1>{agent.runtime_name.clone()}</h1><p><code>{agent.home.clone()}</code></p></div>
            <div class="buttons">
                <button type="button" class=if governed { "plain" } else { "primary" } data-testid="govern" aria-pressed=governed.to_string() title=if governed { "Press to leave it alone: its calls are no longer judged" } else { "Its calls are judged from then on" } disabled=move || desk.busy.get() on:click=govern>{if governed { "Governed" } else { "Govern it" }}</button>
                {(governed && state == AgentState::Online).then(|| view! { <button type="button" class="plain" data-testid="disable" disabled=move || desk.busy.get() on:click=move |_| enable(false)>"Disable"</button> })}
                {(governed && state == AgentState::Disabled).then(|| view! { <button type="button" class="primary" data-testid="enable" disabled=move || desk.busy.get() on:click=move |_| enable(true)>"Enable"</button> })}
                {(governed || named).then(|| view! { <kit::Sure testid="forget" label="Forget…" sure="Forget it and its baseline" act=forget/> })}
                {(governed && state != AgentState::Killed).then(|| view! { <button type="button" class="danger-line" data-testid="kill" aria-haspopup="dialog" on:click=move |_| { desk.look(); desk.killing.set(Some(whole.clone())); }>"Kill switch…"</button> })}
            </div>
        </header>
        {(state != AgentState::Online).then(|| view! {
            <div class="notice" class:bad=state == AgentState::Killed data-testid="stopped" role="status">
                <p>{signs::agent_state(state)}" "{agent.state_since.map(|at| view! { <When at=at live=desk.live/>": " })}"every tool call of it that reaches the guard is denied, also while ClawButler is closed."
                    {(state == AgentState::Killed).then(|| view! { " What was stopped is in the "<a href="#/audit">"audit log"</a>"." })}</p>
                {(state == AgentState::Killed).then(|| view! { <button type="button" class="primary" data-testid="revive" disabled=move || desk.busy.get() on:click=revive>"Revive"</button> })}
            </div>
        })}
        {(!governed).then(|| view! { <p class="calm-line">"Not governed: it is not judged, followed or touched. What you see here was only looked at."</p> })}
    }
}
