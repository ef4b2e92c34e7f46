//! The audit log, newest first, and whether it holds.

use clawbutler_wire::audit::{EntryView, VerifyReport};
use clawbutler_wire::command::{ListAudit, VerifyAudit};
use clawbutler_wire::topic::Topic;
use clawbutler_wire::{ApiError, Seq};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::live::Live;
use crate::route::Route;
use crate::{api, kit, model};

#[component]
pub(crate) fn Audit(live: Live, route: Route) -> impl IntoView {
    live.fetch(Topic::Audit);
    let report = RwSignal::new(None::<VerifyReport>);
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<ApiError>);
    let older = RwSignal::new(Vec::<EntryView>::new());
    let next = RwSignal::new(None::<Seq>);
    let chosen = RwSignal::new(None::<EntryView>);
    // `audit/<number>` opens that entry.
    Effect::new(move |_| {
        let Ok(seq) = route.item().parse::<u64>() else { return };
        spawn_local(async move {
            let request = ListAudit { before: Some(Seq(seq.saturating_add(1))), limit: Some(1), span: None };
            match api::call(&request).await {
                Ok(page) => drop(chosen.try_set(page.items.into_iter().find(|entry| entry.seq == Seq(seq)))),
                Err(failed) => drop(error.try_set(Some(failed))),
            }
        });
    });
    let verify = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api::call(&VerifyAudit {}).await {
                Ok(found) => report.set(Some(found)),
                Err(failed) => error.set(Some(failed)),
            }
            busy.set(false);
        });
    };
    let more = move |_| {
        let first = live.audit.with_untracked(|page| page.as_ref().and_then(|page| page.next));
        let before = next.get_untracked().or(first);
        spawn_local(async move {
            match api::call(&ListAudit { before, limit: Some(100), span: None }).await {
                Ok(page) => {
                    next.set(page.next);
                    older.update(|entries| entries.extend(page.items));
                }
                Err(failed) => error.set(Some(failed)),
            }
        });
    };
    let entries = move || {
        let mut entries = live.audit.with(|page| page.as_ref().map(|page| page.items.clone()).unwrap_or_default());
        entries.extend(older.get().into_iter().filter(|old| {
            !live.audit.with_untracked(|page| page.as_ref().is_some_and(|page| page.items.contains(old)))
        }));
        entries
    };
    view! {
        <main class="page">
            <header class="title"><h1>"Audit"</h1>
                <span class="quiet number">{move || live.audit.with(|page| page.as_ref().map(|page| format!("{} entries", page.total)))}</span>
                <button type="button" class="primary" data-testid="verify-audit" disabled=move || busy.get() on:click=verify>{move || if busy.get() { "Checking…" } else { "Check that nothing was changed" }}</button></header>
            {kit::trouble(error)}
            <p data-testid="verify-result" role="status">{move || report.get().map(|report| match (report.first_bad, report.reason) {
                (Some(seq), Some(reason)) => view! { <strong class="warning">{format!("Changed: entry {seq} does not hold, because {reason}.")}</strong> }.into_any(),
                _ => view! { <span class="good">{format!("Nothing was changed: {} entries hold. Newest hash {}…", report.entries, &report.head[..16.min(report.head.len())])}</span> }.into_any(),
            })}</p>
            <table class="log"><thead><tr><th>"No."</th><th>"When"</th><th>"Who"</th><th>"What"</th></tr></thead><tbody>
                <For each=entries key=|entry| entry.seq let:entry>{
                    let shown = entry.clone();
                    view! { <tr><td class="number">{entry.seq.to_string()}</td><td title=entry.at.to_string()>{move || model::ago(entry.at, live.now())}</td><td>{entry.actor.clone()}</td>
                        <td><button type="button" class="link" on:click=move |_| chosen.set(Some(shown.clone()))>{entry.says.clone()}</button></td></tr> }
                }</For>
            </tbody></table>
            {move || live.audit.with(|page| page.as_ref().is_some_and(|page| page.next.is_some())).then(|| view! { <button type="button" class="plain" on:click=more>"Older"</button> })}
            {move || chosen.get().map(|entry| view! {
                <kit::Sheet title=format!("Entry {}: {}", entry.seq, entry.kind) testid="entry" wide=true close=Callback::new(move |()| chosen.set(None))>
                    <p>{entry.says.clone()}</p>
                    <dl class="facts"><dt>"Action"</dt><dd class="id">{entry.span.clone()}</dd><dt>"Session"</dt><dd class="id">{entry.trace.clone()}</dd><dt>"Hash"</dt><dd class="id">{entry.hash.clone()}</dd></dl>
                    <pre class="code" tabindex="0"><code class="line">{serde_json::to_string_pretty(&entry.data).unwrap_or_default()}</code></pre>
                    <button type="button" class="plain" on:click=move |_| chosen.set(None)>"Close"</button>
                </kit::Sheet> })}
        </main>
    }
}
