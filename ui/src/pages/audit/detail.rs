//! One entry: its facts, how it is proven, and what belongs to it.

use clawbutler_wire::audit::{AuditPage, EntryView};
use clawbutler_wire::audit_proof::{EntryProof, ProofState};
use clawbutler_wire::audit_search::{AuditFilter, SearchPage};
use clawbutler_wire::command::{ListAudit, ProveEntry, SearchAudit};
use clawbutler_wire::{ApiError, Code, Seq};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::list::Copy;
use super::model::{self, Field};
use super::{Desk, address, entry, facts};
use crate::fetched::Fetched;
use crate::{api, clock, kit, signs};

/// Entries of the same action that are listed.
const RELATED: u32 = 50;
/// Announcements of runs, the first behind an entry, among which its own is looked for.
const RUNS: u32 = 50;
/// The span of entries that belong to no action.
const NO_SPAN: &str = "0000000000000000";

#[component]
pub(super) fn Panel(desk: Desk) -> impl IntoView {
    let shown = RwSignal::new(None::<EntryView>);
    let error = RwSignal::new(None::<ApiError>);
    let proof = Fetched::<EntryProof>::new();
    let related = Fetched::<AuditPage>::new();
    Effect::new(move |_| {
        let Some(seq) = desk.open.get() else { return };
        let here = desk
            .rows
            .with_untracked(|rows| rows.iter().flat_map(|rows| &rows.items).find(|entry| entry.seq.0 == seq).cloned());
        error.set(None);
        proof.clear();
        related.clear();
        proof.ask(ProveEntry { seq: Seq(seq) });
        let found = move |entry: EntryView| {
            if entry.span != NO_SPAN {
                related.ask(ListAudit { before: None, limit: Some(RELATED), span: Some(entry.span.clone()) });
            }
            if shown.with_untracked(|old| old.as_ref() != Some(&entry)) {
                shown.set(Some(entry));
            }
        };
        match here {
            Some(entry) => found(entry),
            None => shown.set(None),
        }
        // What stands in the list may be old: the database may have been changed since.
        spawn_local(async move {
            let request = ListAudit { before: Some(Seq(seq.saturating_add(1))), limit: Some(1), span: None };
            let reply = api::call(&request).await;
            if desk.open.try_get_untracked().flatten() != Some(seq) {
                return;
            }
            match reply.map(|page| page.items.into_iter().find(|entry| entry.seq.0 == seq)) {
                Ok(Some(entry)) => found(entry),
                Ok(None) => error.set(Some(ApiError::new(Code::NotFound, format!("There is no entry {seq}.")))),
                Err(failed) => error.set(Some(failed)),
            }
        });
    });
    view! {
        <aside class="entry-panel" aria-label="Entry" data-testid="entry">
            {kit::trouble(error)}
            {move || match shown.get() {
                Some(entry) => body(desk, &entry, proof, related),
                None => error.with(Option::is_none).then(|| view! { <p class="loading" role="status">"Fetching the entry…"</p> }).into_any(),
            }}
        </aside>
    }
}

fn body(desk: Desk, entry: &EntryView, proof: Fetched<EntryProof>, related: Fetched<AuditPage>) -> AnyView {
    let json = serde_json::to_string_pretty(entry).unwrap_or_default();
    let trace = format!("#/audit/trace/{}", entry.trace);
    let at = entry.at;
    view! {
        <header class="panel-head">
            <p class="quiet number">"Entry "{model::grouped(entry.seq.0)}" · "{clock::short(entry.at)}<span title=clock::exact(entry.at)>" · "{move || crate::model::ago(at, desk.live.now())}</span></p>
            <button type="button" class="close" aria-label="Close the entry" data-testid="close-entry" on:click=move |_| desk.close()>"×"</button>
            <h2>{model::kind_words(&entry.kind)}</h2>
            {(!entry.pruned).then(|| view! { <p class="sentence">{entry::line(&entry.says)}</p> })}
            <p class="chips-line"><span class="tag">{entry.actor.clone()}</span>{entry::risk(entry)}{entry::decision(entry)}{move || proof.value.with(|proof| proof.as_ref().map(|proof| badge(proof.state)))}</p>
            <div class="buttons"><a class="button" data-testid="open-trace" href=trace>"Show its trace"</a><Copy text=json label="Copy as JSON" testid="copy-json"/></div>
        </header>
        {facts_part(entry, proof)}
        {proof_part(entry, proof)}
        {related_part(desk, entry, related)}
    }
    .into_any()
}

fn badge(state: ProofState) -> AnyView {
    match state {
        ProofState::Proven => signs::proof(Some(true), "proven"),
        ProofState::Chained => signs::proof(None, "no checkpoint yet"),
        ProofState::Broken => signs::proof(Some(false), "does not hold"),
    }
}

fn facts_part(entry: &EntryView, proof: Fetched<EntryProof>) -> AnyView {
    let (rows, over) = facts::facts(&entry.data);
    let gone = entry.pruned;
    let announced = Fetched::<SearchPage>::new();
    let (seq, kind) = (entry.seq, entry.kind.clone());
    Effect::new(move |asked: Option<bool>| {
        let pruned = gone || proof.value.with(|proof| proof.as_ref().is_some_and(|proof| proof.pruned));
        if pruned && asked != Some(true) {
            let kinds = vec!["audit.pruned".to_owned()];
            let filter = AuditFilter { kinds, ..AuditFilter::default() };
            announced.ask(SearchAudit { filter, after: Some(seq), limit: Some(RUNS), ..SearchAudit::default() });
        }
        pruned
    });
    let run =
        move || announced.value.with(|page| page.as_ref().and_then(|page| model::announced(&page.items, seq, &kind)));
    let none = rows.is_empty();
    let rows = rows
        .into_iter()
        .map(|fact| view! { <tr><th scope="row">{fact.name}</th><td>{entry::marked(&fact.value)}</td></tr> })
        .collect_view();
    let pruned = move || gone || proof.value.with(|proof| proof.as_ref().is_some_and(|proof| proof.pruned));
    view! {
        <section class="part" aria-label="Facts">
            <h3>"Facts"</h3>
            {move || pruned().then(|| view! { <p class="notice" data-testid="pruned"><span>"Retention removed the facts. Their digest stays in the chain, so the entry itself is still proven."{run().map(|(number, at)| view! { " Announced by "<a href=format!("#/audit/{number}")>"entry "{model::grouped(number.0)}</a>{format!(", {}.", clock::short(at))} })}</span></p> })}
            {(none && !gone).then(|| view! { <p class="quiet">"This kind of entry has no facts of its own."</p> })}
            <table class="facts-table" data-testid="facts"><tbody>{rows}</tbody></table>
            {(over > 0).then(|| view! { <p class="quiet">{format!("{over} more are in the copy as JSON.")}</p> })}
        </section>
    }
    .into_any()
}

fn proof_part(entry: &EntryView, proof: Fetched<EntryProof>) -> AnyView {
    let seq = entry.seq;
    let hash = entry.hash.clone();
    view! {
        <section class="part" aria-label="Proof">
            <h3>"Proof"</h3>
            <div role="status" data-testid="proof">
                {kit::trouble(proof.error)}
                {move || match proof.value.get() {
                    Some(proof) => state(&proof),
                    None => proof.busy.get().then(|| view! { <p class="loading">"Recomputing its hash and its place in the tree…"</p> }).into_any(),
                }}
            </div>
            <dl class="facts hashes">
                <dt>"Hash"</dt><dd class="id">{hash}</dd>
                {move || proof.value.get().map(|proof| hashes(&proof))}
            </dl>
            <button type="button" class="plain" data-testid="verify-entry" disabled=move || proof.busy.get() on:click=move |_| proof.ask(ProveEntry { seq })>{move || if proof.busy.get() { "Verifying…" } else { "Verify this entry again" }}</button>
        </section>
    }
    .into_any()
}

fn state(proof: &EntryProof) -> AnyView {
    let covered = proof.checkpoint.as_ref().map(|checkpoint| {
        format!(
            "The checkpoint over {} entries of {} covers it; {} lead from the entry to its root.",
            model::grouped(checkpoint.entries.0),
            clock::short(checkpoint.at),
            crate::model::count(proof.hashes, "hash", "hashes"),
        )
    });
    match proof.state {
        ProofState::Proven => view! { <p>{signs::proof(Some(true), "Proven in a signed checkpoint")}</p><p class="quiet">{covered}</p> }.into_any(),
        ProofState::Chained => view! {
            <p>{signs::proof(None, "Holds in the chain; no checkpoint covers it yet")}</p>
            <p class="quiet">"Checkpoints are made every ten minutes while ClawButler runs, and when it starts and ends."</p>
        }.into_any(),
        ProofState::Broken => view! {
            <div class="trouble" role="alert"><p>{signs::proof(Some(false), "This entry does not hold")}</p><p>{proof.says.clone()}" Verify the whole log to see where it breaks first."</p></div>
        }.into_any(),
    }
}

fn hashes(proof: &EntryProof) -> AnyView {
    let row = |name: &'static str, value: Option<String>| {
        value.map(|value| view! { <dt>{name}</dt><dd class="id">{value}</dd> })
    };
    view! {
        {row("Entry before", Some(proof.prev.clone()))}
        {row("Digest of facts", proof.data_digest.clone())}
        {row("Leaf", Some(proof.leaf.clone()))}
        {row("Root", proof.checkpoint.as_ref().map(|checkpoint| checkpoint.root.clone()))}
    }
    .into_any()
}

fn related_part(desk: Desk, entry: &EntryView, related: Fetched<AuditPage>) -> AnyView {
    let own = entry.seq;
    let filter_link = |filter: AuditFilter, words: String| {
        let href = format!("#/{}", address::place(None, &filter));
        view! { <li><a href=href>{words}</a></li> }
    };
    let by = |field: Field, words: &str| {
        let value = model::own(field, entry)?;
        let filter = field.toggled(&AuditFilter::default(), &value);
        Some(filter_link(filter, words.to_owned()))
    };
    let approval = entry.data["approval"].as_str().map(|id| {
        let filter = AuditFilter { text: format!("\"{id}\""), ..AuditFilter::default() };
        filter_link(filter, "Everything about the same approval".to_owned())
    });
    let span = entry.span.clone();
    let others = move || {
        let page = related.value.get()?;
        let mut others: Vec<EntryView> = page.items.into_iter().filter(|entry| entry.seq != own).collect();
        others.sort_by_key(|entry| entry.seq.0);
        Some(others)
    };
    view! {
        <section class="part" aria-label="Related">
            <h3>"Same action"</h3>
            {kit::trouble(related.error)}
            {move || match others() {
                Some(others) if !others.is_empty() => view! { <ul class="related" data-testid="related">{others.into_iter().map(|other| link(desk, &other)).collect_view()}</ul> }.into_any(),
                _ if related.busy.get() => view! { <p class="loading">"Looking…"</p> }.into_any(),
                _ => view! { <p class="quiet">"No other entry belongs to it."</p> }.into_any(),
            }}
            <h3>"More"</h3>
            <ul class="related">
                {by(Field::Trace, "Everything of the same trace")}
                {by(Field::Session, "Everything that names the same session")}
                {approval}
                {by(Field::Project, "Everything in the same project")}
                {by(Field::Kind, "All entries of this kind")}
            </ul>
            <dl class="facts hashes"><dt>"Trace"</dt><dd class="id">{entry.trace.clone()}</dd><dt>"Span"</dt><dd class="id">{span}</dd></dl>
        </section>
    }
    .into_any()
}

fn link(desk: Desk, other: &EntryView) -> AnyView {
    let seq = other.seq.0;
    let href = move || format!("#/{}", desk.filter.with(|filter| address::place(Some(seq), filter)));
    view! {
        <li><a href=href><span class="number quiet">{model::grouped(seq)}</span>" "{model::kind_words(&other.kind)}</a>" "<span class="quiet">{entry::more(other)}</span></li>
    }
    .into_any()
}
