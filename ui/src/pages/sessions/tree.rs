//! The sub-agents of a session as a tree, the sessions it started, and its forks.

use clawbutler_wire::sessions::{AgentNode, SessionRow};
use leptos::prelude::*;

use super::{Desk, model};
use crate::route::go;
use crate::signs::When;
use crate::{model as words, signs};

#[component]
pub(super) fn Tree(desk: Desk, id: String) -> impl IntoView {
    let agents = Memo::new(move |_| {
        desk.detail.value.with(|detail| detail.as_ref().map(|detail| model::tree(&detail.agents)).unwrap_or_default())
    });
    let children = Memo::new(move |_| {
        desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.children.clone()).unwrap_or_default())
    });
    let id = StoredValue::new(id);
    let most = move || agents.with(|agents| agents.iter().map(|(_, agent)| agent.steps).max().unwrap_or(1).max(1));
    view! {
        <div class="part" data-testid="subagents">
            {move || (agents.with(Vec::is_empty) && children.with(Vec::is_empty)).then(|| view! { <p class="calm">"It started no sub-agents."</p> })}
            {move || (!agents.with(Vec::is_empty)).then(|| view! {
                <ul class="agent-tree" aria-label="Sub-agents">
                    {agents.get().into_iter().map(|(depth, agent)| node(desk, id.get_value(), depth, agent, most())).collect_view()}
                </ul>
            })}
            {move || (!children.with(Vec::is_empty)).then(|| view! {
                {rows(desk, "Sessions it started", children.get().iter().filter(|row| !row.forked))}
                {rows(desk, "Its forks", children.get().iter().filter(|row| row.forked))}
            })}
        </div>
    }
}

fn rows<'a>(desk: Desk, title: &'static str, rows: impl Iterator<Item = &'a SessionRow>) -> AnyView {
    let rows: Vec<AnyView> = rows.map(|row| child(desk, row)).collect();
    if rows.is_empty() { ().into_any() } else { view! { <h2>{title}</h2>{rows} }.into_any() }
}

fn node(desk: Desk, id: String, depth: usize, agent: AgentNode, most: u64) -> AnyView {
    let chosen = agent.agent.clone();
    let name = agent.name.clone().unwrap_or_else(|| words::short_id(&agent.agent));
    let look = move |_| {
        desk.agent.set(Some(chosen.clone()));
        go(&format!("sessions/{id}"));
    };
    view! {
        <li class=format!("depth-{}", depth.min(6))>
            {(depth > 0).then(|| view! { <span class="hidden">{format!("Level {}: ", depth + 1)}</span> })}
            <button type="button" class="link" data-testid="agent-steps" title="Show only its steps" on:click=look>{model::visible(&name)}</button>
            <meter class="share" min="0" max=most.to_string() value=agent.steps.to_string() aria-label="Share of the steps"></meter>
            <span class="number quiet">{words::count(agent.steps, "step", "steps")}</span>
            <span>{agent.outcome.map_or_else(|| Some(view! { <span class="quiet">"no end recorded"</span> }.into_any()), signs::outcome)}</span>
            <span class="quiet">{agent.last_at.map(|at| view! { <When at=at live=desk.live/> })}</span>
        </li>
    }
    .into_any()
}

fn child(desk: Desk, row: &SessionRow) -> AnyView {
    view! {
        <a class="row" href=format!("#/sessions/{}", row.id)>{signs::session_state(row.state)}<span class="headline">{model::name(row)}</span><span class="quiet"><When at=row.last_at live=desk.live/></span></a>
    }
    .into_any()
}
