//! The kill switch: asked about first, and afterwards what it stopped and what it could not.

use clawbutler_wire::command::{KillAgent, ReviveAgent};
use clawbutler_wire::registry::{AgentView, Can, KillItem, KillOutcome, KillReport};
use leptos::prelude::*;

use super::{Desk, model};
use crate::{kit, model as words, signs};

#[component]
pub(super) fn Confirm(desk: Desk, agent: AgentView) -> impl IntoView {
    let close = move || desk.killing.set(None);
    let ends = model::capability(&agent.capabilities, "kill").cloned();
    let waiting = desk.live.pending.with_untracked(|list| {
        let items = list.iter().flat_map(|list| &list.items);
        u64::try_from(items.filter(|item| item.runtime == agent.runtime).count()).unwrap_or_default()
    });
    // Looked at again while the question stands.
    let known = agent.live_sessions;
    let sessions = move || {
        let fresh = desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.agent.live_sessions));
        match fresh.unwrap_or(known) {
            0 => "No session of it runs now.".to_owned(),
            1 => "The session that runs now is ended.".to_owned(),
            running => format!("The {running} sessions that run now are ended."),
        }
    };
    let home_id = agent.id.clone();
    let kill = move |_| {
        desk.send(KillAgent { home_id: home_id.clone() }, "The kill switch was used.", move |report| {
            desk.killing.set(None);
            desk.report.set(Some(report));
        });
    };
    view! {
        <kit::Sheet title=format!("Kill {}?", agent.runtime_name) testid="kill-confirm" alert=true close=Callback::new(move |()| close())>
            <p class="path">{agent.home.clone()}</p>
            <ul class="points">
                <li>"Every tool call of it that reaches the guard is denied, also while ClawButler is closed, until you revive it."</li>
                <li>{sessions}</li>
                {(waiting > 0).then(|| view! { <li>{format!("Waiting requests of it are denied ({waiting} of this runtime wait).")}</li> })}
            </ul>
            {ends.map(|ends| view! { <p>{signs::can(ends.can)}" "{if ends.can == Can::No { "Its sessions cannot be ended from here. " } else { "Ending its sessions: " }}{ends.says}</p> })}
            {kit::trouble(desk.error)}
            <div class="buttons">
                <button type="button" class="plain" data-testid="kill-cancel" on:click=move |_| close()>"Leave it running"</button>
                <button type="button" class="danger" data-testid="kill-yes" disabled=move || desk.busy.get() on:click=kill>{move || if desk.busy.get() { "Stopping…" } else { "Kill it now" }}</button>
            </div>
        </kit::Sheet>
    }
}

#[component]
pub(super) fn Report(desk: Desk, report: KillReport) -> impl IntoView {
    let close = move || desk.report.set(None);
    let home_id = report.agent.id.clone();
    let revive = move |_| {
        desk.send(ReviveAgent { home_id: home_id.clone() }, "It may act again.", move |_| desk.report.set(None));
    };
    let title = if report.complete { "Killed" } else { "Killed, but not everything could be stopped" };
    view! {
        <kit::Sheet title=title testid="kill-report" wide=true close=Callback::new(move |()| close())>
            <p class="sentence" role="status">{model::kill_words(&report)}</p>
            {(!report.items.is_empty()).then(|| view! {
                <table><thead><tr><th scope="col">"Outcome"</th><th scope="col">"What"</th><th scope="col">"Process"</th><th scope="col">"How"</th></tr></thead>
                    <tbody>{report.items.iter().map(item).collect_view()}</tbody></table>
            })}
            {(!report.beyond.is_empty()).then(|| view! {
                <h3>"What it cannot reach"</h3><ul class="points">{report.beyond.iter().map(|words| view! { <li>{words.clone()}</li> }).collect_view()}</ul>
            })}
            <div class="buttons">
                <button type="button" class="plain" data-testid="revive-now" disabled=move || desk.busy.get() on:click=revive>"Revive it"</button>
                <button type="button" class="primary" autofocus=true data-testid="kill-done" on:click=move |_| close()>"Done"</button>
            </div>
        </kit::Sheet>
    }
}

fn item(item: &KillItem) -> AnyView {
    let (class, word) = match item.outcome {
        KillOutcome::Stopped => ("good", "stopped"),
        KillOutcome::Gone => ("quiet", "already gone"),
        KillOutcome::CouldNot => ("warning", "may still run"),
    };
    view! {
        <tr><td class=class><strong>{word}</strong></td><td>{item.what.clone()}{item.session.clone().map(|session| view! { " "<span class="quiet id">{words::short_id(&session)}</span> })}</td>
            <td class="number">{item.pid.map_or_else(|| "–".to_owned(), |pid| pid.to_string())}</td><td>{item.says.clone()}</td></tr>
    }
    .into_any()
}
