//! One line of the timeline, by its kind; what is long is folded.

use clawbutler_wire::approvals::ApprovalView;
use clawbutler_wire::sessions::{StepBody, StepOutcome, StepView};
use leptos::prelude::*;

use super::window::Entry;
use super::{Desk, model};
use crate::kit::RiskBadge;
use crate::{clock, signs};

/// Characters of a text shown before it is folded.
const SHORT: usize = 700;
/// Characters of a line.
const LINE: usize = 160;

#[component]
pub(super) fn Line(desk: Desk, entry: Entry) -> impl IntoView {
    match entry {
        Entry::Asked(view) => asked(&view),
        Entry::Step { step, result } => {
            let (class, body) = body(desk, &step, result.as_deref());
            let agent = step.agent.clone().filter(|_| desk.agent.with_untracked(Option::is_none));
            let agent = agent.map(|agent| {
                let name = desk.detail.value.with_untracked(|detail| {
                    model::agent_name(
                        detail.as_ref().map(|detail| detail.agents.as_slice()).unwrap_or_default(),
                        &agent,
                    )
                });
                view! { <span class="tag of-agent">{model::visible(&name)}</span> }
            });
            line(class, step.at, view! { {agent}{body} }.into_any())
        }
    }
}

fn line(class: &str, at: Option<i64>, body: AnyView) -> AnyView {
    let time = at.map(|at| view! { <time class="quiet number" title=clock::exact(at)>{clock::hour(at)}</time> });
    view! {
        <li class=format!("entry {class}") data-entry="" data-testid="step" data-kind=class.to_owned() tabindex="-1">{match time { Some(time) => time.into_any(), None => view! { <span class="quiet" title="The record carries no time">"–"</span> }.into_any() }}<div class="said">{body}</div></li>
    }
    .into_any()
}

fn body(desk: Desk, step: &StepView, result: Option<&StepView>) -> (&'static str, AnyView) {
    match &step.what {
        StepBody::Prompt { text } => ("prompt", said("You", text)),
        StepBody::Answer { text } => ("answer", said("Agent", text)),
        StepBody::Thinking { text } => ("thinking", folded("Thinking", text)),
        StepBody::ToolCall { tool, input, .. } => ("call", call(tool, input, result)),
        StepBody::ToolResult { outcome, text, .. } => ("result", output(*outcome, text)),
        StepBody::Approval { decision, by, .. } => {
            let by = by.clone().map(|by| format!(" by {by}")).unwrap_or_default();
            ("approval", view! { <p>"Permission "<strong>{model::visible(decision)}</strong>{by}<span class="quiet">", as the runtime recorded it"</span></p> }.into_any())
        }
        StepBody::AgentStarted { agent, name, .. } => ("agent", started(desk, agent, name.as_deref())),
        StepBody::AgentEnded { agent, outcome } => ("agent", ended(desk, agent, *outcome)),
        StepBody::Forked { session } => {
            ("forked", view! { <p>"Goes on with the history of the session "<code>{model::visible(session)}</code>". What happened before is shown, and counted, there."</p> }.into_any())
        }
        StepBody::Compaction { before, after } => {
            let size = |tokens: &Option<u64>| tokens.map_or_else(|| "unknown".to_owned(), model::tokens);
            ("compaction", view! { <p>"The context was summarised: "<span class="number">{size(before)}" → "{size(after)}" tokens"</span></p> }.into_any())
        }
        StepBody::Error { text } => ("error", said("Error", text)),
        StepBody::Unknown { kind } => {
            ("unread", view! { <p><span class="tag warn">"not read"</span>" A record of the kind “"{model::visible(kind)}"”, which this version does not know."</p> }.into_any())
        }
        other => ("small", small(other)),
    }
}

/// What is noted in passing.
fn small(body: &StepBody) -> AnyView {
    match body {
        StepBody::Usage { model, input, cache_read, cache_write, output, cost_microusd, .. } => {
            let read = input.saturating_add(*cache_read).saturating_add(*cache_write);
            #[expect(clippy::cast_precision_loss, reason = "money of one answer")]
            let cost = cost_microusd.map(|cost| format!(" · {}", model::dollars(cost as f64 / 1_000_000.0)));
            view! { <p class="quiet number">{model.clone().map(|model| format!("{model} · "))}"read "{model::tokens(read)}" · written "{model::tokens(*output)}" tokens"{cost}</p> }.into_any()
        }
        StepBody::Quota { window, used_percent, resets_at } => view! {
            <p class="quiet number"><meter min="0" max="100" value=used_percent.to_string() aria-label="Quota used"></meter>" "{format!("{used_percent:.0} % of the {window} limit used")}{resets_at.map(|at| view! { " · starts anew "<time title=clock::exact(at)>{clock::short(at)}</time> })}</p>
        }
        .into_any(),
        StepBody::Setting { name, value } => view! { <p class="quiet">{model::visible(name)}" is now "<code>{model::first_line(&model::visible(value), LINE).0}</code></p> }.into_any(),
        StepBody::State { state } => view! { <p>{signs::session_state(*state)}</p> }.into_any(),
        StepBody::Note { text } => view! { <p class="quiet">{model::first_line(&model::visible(text), LINE * 2).0}</p> }.into_any(),
        _ => ().into_any(),
    }
}

/// A text of somebody; a long one shows its beginning.
fn said(who: &'static str, text: &str) -> AnyView {
    let text = model::visible(text.trim());
    if text.chars().count() <= SHORT {
        return view! { <p class="who-said">{who}</p><div class="text">{text}</div> }.into_any();
    }
    let start: String = text.chars().take(SHORT / 2).collect();
    view! {
        <p class="who-said">{who}</p>
        <details class="long"><summary tabindex="-1"><span class="text start">{start}"…"</span><span class="more-words">{format!("Show all {} characters", text.chars().count())}</span></summary><div class="text">{text}</div></details>
    }
    .into_any()
}

fn folded(label: &'static str, text: &str) -> AnyView {
    let text = model::visible(text.trim());
    let (start, whole) = model::first_line(&text, LINE);
    if whole {
        return view! { <p class="quiet">{label}": "{start}</p> }.into_any();
    }
    view! { <details class="fold"><summary tabindex="-1">{label}": "{start}</summary><div class="text">{text}</div></details> }.into_any()
}

fn call(tool: &str, input: &serde_json::Value, result: Option<&StepView>) -> AnyView {
    let (gist, _) = model::first_line(&model::gist(input), LINE);
    let pretty = model::visible(&serde_json::to_string_pretty(input).unwrap_or_default());
    let (sign, text) = match result.map(|step| &step.what) {
        Some(StepBody::ToolResult { outcome, text, .. }) => (signs::outcome(*outcome), Some(model::visible(text))),
        _ => (Some(view! { <span class="quiet">"no result yet"</span> }.into_any()), None),
    };
    view! {
        <details class="fold"><summary tabindex="-1"><strong class="tool">{model::visible(tool)}</strong><code class="gist">{gist}</code><span class="end">{sign}</span></summary>
            <p class="who-said">"Input"</p><pre class="code"><code class="line">{pretty}</code></pre>
            {text.map(|text| view! { <p class="who-said">"Result"</p><pre class="code"><code class="line">{if text.trim().is_empty() { "(nothing)".to_owned() } else { text }}</code></pre> })}
        </details>
    }
    .into_any()
}

/// A result whose call is on another page.
fn output(outcome: StepOutcome, text: &str) -> AnyView {
    let (start, _) = model::first_line(&model::visible(text), LINE);
    let text = model::visible(text);
    view! {
        <details class="fold"><summary tabindex="-1"><span class="quiet">"Result of an earlier call"</span><code class="gist">{start}</code><span class="end">{signs::outcome(outcome)}</span></summary><pre class="code"><code class="line">{text}</code></pre></details>
    }
    .into_any()
}

fn started(desk: Desk, agent: &str, name: Option<&str>) -> AnyView {
    let id = agent.to_owned();
    let name = name.map_or_else(|| model::agent_name(&[], agent), model::visible);
    view! { <p>"Started sub-agent "<button type="button" class="link" tabindex="-1" title="Show only its steps" on:click=move |_| desk.agent.set(Some(id.clone()))>{name}</button></p> }.into_any()
}

fn ended(desk: Desk, agent: &str, outcome: StepOutcome) -> AnyView {
    let name = desk.detail.value.with_untracked(|detail| {
        model::agent_name(detail.as_ref().map(|detail| detail.agents.as_slice()).unwrap_or_default(), agent)
    });
    view! { <p>"Sub-agent "<strong>{model::visible(&name)}</strong>" ended "{signs::outcome(outcome)}</p> }.into_any()
}

/// A request that was decided here.
fn asked(view: &ApprovalView) -> AnyView {
    let body = view! {
        <p><RiskBadge level=view.risk/>" "<a href=format!("#/approvals/{}", view.id) tabindex="-1" data-testid="card-link"><code>{view.headline.clone()}</code></a></p>
        <p class="quiet">{view.outcome.clone()}</p>
    };
    line("asked", Some(view.created_at), body.into_any())
}
