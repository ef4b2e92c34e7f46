//! One trace: spans as bars on an axis of time, or as a tree with their entries.

use clawbutler_wire::audit::EntryView;
use clawbutler_wire::audit_search::{AuditFilter, BegunView};
use clawbutler_wire::command::{SearchAudit, ShowTrace};
use clawbutler_wire::{ApiError, Seq};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::lanes::{self, Lane, Lanes, Trace};
use super::{Desk, address, entry, model, spans};
use crate::route::{Route, replace};
use crate::{api, clock, kit, signs};

/// Entries fetched at once.
const PAGE: u32 = 500;

/// Finds the trace of a session by its runtime's own id, and goes there.
#[component]
pub(super) fn OfSession(route: Route) -> impl IntoView {
    let error = RwSignal::new(None::<ApiError>);
    let none = RwSignal::new(false);
    Effect::new(move |_| {
        let session = address::unescaped(&route.part());
        spawn_local(async move {
            let filter = AuditFilter { sessions: vec![session], ..AuditFilter::default() };
            match api::call(&SearchAudit { filter, limit: Some(1), ..SearchAudit::default() }).await {
                Ok(page) => match page.items.first() {
                    Some(entry) => replace(&format!("audit/trace/{}", entry.trace)),
                    None => drop(none.try_set(true)),
                },
                Err(failed) => drop(error.try_set(Some(failed))),
            }
        });
    });
    view! {
        <main class="page">
            <h1>"Audit trail of a session"</h1>
            {kit::trouble(error)}
            {move || if none.get() {
                view! { <p class="calm" data-testid="no-trail">"The log has nothing of this session: no action of it was asked about or recorded. "<a href="#/audit">"Show the log"</a></p> }.into_any()
            } else {
                error.with(Option::is_none).then(|| view! { <p class="loading" role="status">"Looking for it in the log…"</p> }).into_any()
            }}
        </main>
    }
}

#[derive(Debug, Clone, Copy)]
struct Tracing {
    trace: RwSignal<Option<Trace>>,
    error: RwSignal<Option<ApiError>>,
    busy: RwSignal<bool>,
    asked: StoredValue<u32>,
}

impl Tracing {
    fn fetch(self, id: String, after: Option<Seq>) {
        let number = self.asked.get_value().wrapping_add(1);
        self.asked.set_value(number);
        self.busy.set(true);
        spawn_local(async move {
            let reply = api::call(&ShowTrace { trace: id, after, limit: Some(PAGE) }).await;
            if self.asked.try_get_value() != Some(number) {
                return;
            }
            self.busy.set(false);
            match reply {
                Ok(page) => {
                    self.error.set(None);
                    self.trace.update(|trace| match (after, trace.as_mut()) {
                        (Some(_), Some(trace)) => trace.add(page),
                        _ => {
                            let mut fresh = Trace::default();
                            fresh.add(page);
                            *trace = Some(fresh);
                        }
                    });
                }
                Err(error) => self.error.set(Some(error)),
            }
        });
    }
}

#[component]
pub(super) fn Page(desk: Desk) -> impl IntoView {
    let tracing = Tracing {
        trace: RwSignal::new(None),
        error: RwSignal::new(None),
        busy: RwSignal::new(false),
        asked: StoredValue::new(0),
    };
    let id = Memo::new(move |_| desk.route.part());
    Effect::new(move |_| {
        tracing.trace.set(None);
        tracing.fetch(id.get(), None);
    });
    // The fourth part chooses the face.
    let tree = Memo::new(move |_| desk.route.below() == "tree");
    let all = Memo::new(move |_| tracing.trace.with(|trace| trace.as_ref().map(lanes::lanes)));
    let chosen = RwSignal::new(None::<String>);
    let back = move || format!("#/{}", desk.filter.with(|filter| address::place(None, filter)));
    let segment = move |is_tree: bool, words: &'static str, testid: &'static str| {
        let href = move || format!("#/audit/trace/{}{}", id.get(), if is_tree { "/tree" } else { "" });
        view! { <a href=href data-testid=testid aria-current=move || (tree.get() == is_tree).then_some("true")>{words}</a> }
    };
    view! {
        <main class="page wide trace-page">
            <p><a href=back data-testid="back">"‹ Audit"</a></p>
            <header class="title"><h1>"Trace"</h1><span class="quiet id" title="The trace's id; also the trace of a W3C traceparent">{move || id.get()}</span>
                <nav class="segments links" aria-label="How it is shown">{segment(false, "Timeline", "as-timeline")}{segment(true, "Tree", "as-tree")}</nav></header>
            {kit::trouble(tracing.error)}
            {move || match all.get() {
                None if tracing.error.with(Option::is_some) => ().into_any(),
                None => view! { <p class="loading" role="status">"Fetching the trace…"</p> }.into_any(),
                Some(all) => view! {
                    {summary(&all)}
                    {move || tracing.trace.with(|trace| trace.as_ref().is_some_and(|trace| trace.client)).then(|| view! {
                        <p class="calm" data-testid="client-trace">"Clients say that these actions belong to this trace; it is no session's own. What a client says of its trace is not checked."</p>
                    })}
                    {move || tracing.trace.with(|trace| trace.as_ref().map(linked))}
                    {if tree.get() { spans::as_tree(all) } else { view! { <Timeline all=all chosen=chosen/> }.into_any() }}
                }.into_any(),
            }}
            {move || tracing.trace.with(|trace| trace.as_ref().and_then(|trace| trace.next)).map(|next| view! {
                <div class="log-end"><p class="quiet">"This trace is longer than what is drawn."</p>
                <button type="button" class="plain" data-testid="trace-more" disabled=move || tracing.busy.get() on:click=move |_| tracing.fetch(id.get_untracked(), Some(next))>{move || if tracing.busy.get() { "Fetching…" } else { "Fetch what came later" }}</button></div>
            })}
        </main>
    }
}

fn summary(all: &Lanes) -> AnyView {
    let entries: usize = all.lanes.iter().map(|lane| lane.entries.len()).sum::<usize>() + all.loose.len();
    let denied = all.lanes.iter().filter(|lane| lane.state == "denied").count();
    let spans = crate::model::count(all.lanes.len() as u64, "span", "spans");
    let entries = model::entries(entries as u64);
    let denied = if denied > 0 { format!(", {denied} denied") } else { String::new() };
    let sessions = if all.sessions > 1 { format!(", in {} sessions", all.sessions) } else { String::new() };
    view! {
        <p class="quiet number" data-testid="trace-summary">{format!("{spans}, {entries}{denied}{sessions}. Began {}, lasted {}.", clock::short(all.from), lanes::length(all.until - all.from))}</p>
    }
    .into_any()
}

#[component]
fn Timeline(all: Lanes, chosen: RwSignal<Option<String>>) -> impl IntoView {
    let ticks = lanes::ticks(all.from, all.until);
    let grid = StoredValue::new(ticks.clone());
    let words = ticks
        .into_iter()
        .map(|(at, words)| view! { <span class="tick" style:left=format!("{at:.2}%")>{words}</span> })
        .collect_view();
    let lanes = all.lanes.into_iter().map(|lane| view! { <Bar lane=lane grid=grid chosen=chosen/> }).collect_view();
    let loose = (!all.loose.is_empty()).then(|| view! {
        <h2>"Of no span"</h2><ul class="related">{all.loose.iter().map(|entry| link(entry, None)).collect_view()}</ul>
    });
    view! {
        <div class="waterfall" data-testid="waterfall">
            <div class="axis" aria-hidden="true"><span></span><span class="ticks">{words}</span></div>
            <ol>{lanes}</ol>
        </div>
        <p class="legend quiet"><span class="dot asked" aria-hidden="true"></span>" asked "<span class="dot allowed" aria-hidden="true"></span>" allowed "<span class="dot denied" aria-hidden="true"></span>" denied"</p>
        {loose}
    }
}

#[component]
fn Bar(lane: Lane, grid: StoredValue<Vec<(f64, String)>>, chosen: RwSignal<Option<String>>) -> impl IntoView {
    let id = lane.id.clone();
    let open = {
        let id = id.clone();
        Memo::new(move |_| chosen.with(|chosen| chosen.as_deref() == Some(id.as_str())))
    };
    let press = move |_| chosen.update(|chosen| *chosen = if open.get_untracked() { None } else { Some(id.clone()) });
    let lines = grid.with_value(|ticks| {
        ticks
            .iter()
            .map(|(at, _)| view! { <span class="grid-line" style:left=format!("{at:.2}%")></span> })
            .collect_view()
    });
    let marks = lane
        .marks
        .iter()
        .map(|mark| {
            view! { <span class=format!("dot {}", mark.what) style:left=format!("{:.2}%", mark.at) title=format!("{}: entry {}", mark.what, mark.seq)></span> }
        })
        .collect_view();
    let decided: Vec<&str> = lane.marks.iter().map(|mark| mark.what).collect();
    let label = format!(
        "{}, {}, {}{}",
        lane.name,
        lane.state,
        lanes::length(lane.length),
        if decided.is_empty() { String::new() } else { format!(", {}", decided.join(", then ")) },
    );
    let entries = StoredValue::new(lane.entries.clone());
    let client = StoredValue::new(lane.client.clone());
    let how = StoredValue::new(lane.how.clone().map(|how| (how, lane.trace.clone())));
    let first = lane.entries.first().map_or(0, |entry| entry.at);
    view! {
        <li class="lane" class:begun=lane.how.is_some() data-testid="lane" data-depth=lane.depth.to_string()>
            <button type="button" class="lane-row" aria-expanded=move || open.get().to_string() aria-label=label on:click=press>
                <span class=format!("lane-name depth-{}", lane.depth)><span class="headline">{lane.name.clone()}</span>{signs::span_state(&lane.state)}</span>
                <span class="track">{lines}
                    <span class=format!("bar is-{}", lane.state) style:left=format!("{:.2}%", lane.left) style:width=format!("{:.2}%", lane.width)></span>
                    {marks}
                </span>
                <span class="lane-length number quiet">{lanes::length(lane.length)}</span>
            </button>
            {move || open.get().then(|| view! {
                {how.get_value().map(|(how, trace)| joined(&how, &trace))}
                {client.get_value().map(claimed)}
                <ul class="related lane-entries">{entries.with_value(|entries| entries.iter().map(|entry| link(entry, Some(first))).collect_view())}</ul>
            })}
        </li>
    }
}

/// The trace that a client says an action belongs to.
pub(super) fn claimed(trace: String) -> AnyView {
    view! {
        <p class="quiet" data-testid="claimed">"By the client’s own word in the trace "<a class="id" href=format!("#/audit/trace/{trace}")>{trace.clone()}</a></p>
    }
    .into_any()
}

/// How a link between sessions is known, in words.
fn known_by(how: &str) -> &'static str {
    match how {
        "process" => "shown by the system’s table of processes",
        "runtime" => "told by the runtime, and one process runs both",
        "trace_context" => "by its client’s own word, which is not checked",
        _ => "in a way this version does not know",
    }
}

/// A session that hangs below what began it.
pub(super) fn joined(how: &str, trace: &str) -> AnyView {
    view! {
        <p class="quiet" data-testid="joined">"Begun by what it hangs below: "{known_by(how)}". "<a href=format!("#/audit/trace/{trace}")>"Its own trace"</a></p>
    }
    .into_any()
}

/// A session in a line: its runtime and its own id.
fn session(one: &BegunView) -> AnyView {
    let words =
        if one.runtime.is_empty() { "another session".to_owned() } else { format!("a session of {}", one.runtime) };
    view! { <a href=format!("#/audit/trace/{}", one.trace) title=one.session.clone()>{words}</a> }.into_any()
}

/// What began this session, and what says that this one began it.
fn linked(trace: &Trace) -> AnyView {
    let above = trace.begun_by.as_ref().map(|one| {
        view! { <p class="calm" data-testid="begun-by">"Begun by "{session(one)}": "{known_by(&one.how)}"."</p> }
    });
    let told: Vec<_> = trace
        .begun
        .iter()
        .filter(|one| one.how == "trace_context")
        .map(|one| view! { <li>{session(one)}</li> })
        .collect();
    let told = (!told.is_empty()).then(|| {
        view! {
            <div class="calm" data-testid="told"><p>"By the word of their clients, which is not checked, this trace also began:"</p><ul>{told}</ul></div>
        }
    });
    let more = trace.more_begun.then(|| view! { <p class="quiet">"It began more sessions than are shown."</p> });
    view! { {above}{told}{more} }.into_any()
}

/// One entry in a line; the time since the first one.
pub(super) fn link(shown: &EntryView, first: Option<i64>) -> AnyView {
    let after = first.map(|first| shown.at - first).filter(|after| *after > 0);
    view! {
        <li><a href=format!("#/audit/{}", shown.seq)><span class="number quiet">{model::grouped(shown.seq.0)}</span>" "{model::kind_words(&shown.kind)}</a>" "
            <span class="quiet">{entry::more(shown)}</span>" "{entry::decision(shown)}
            {after.map(|after| view! { <span class="quiet number after">{format!("+{}", lanes::length(after))}</span> })}</li>
    }
    .into_any()
}
