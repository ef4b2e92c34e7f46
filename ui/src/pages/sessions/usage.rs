//! Tokens and cost over a session: three thin charts, each with its table.

use clawbutler_wire::command::ListSteps;
use clawbutler_wire::sessions::StepPage;
use leptos::prelude::*;

use super::Desk;
use super::model::{self, Answer};
use crate::chart::{self, Fold};
use crate::fetched::Fetched;
use crate::{clock, kit, model as words};

/// Answers charted at most: the latest.
const MOST: u32 = 500;

#[component]
pub(super) fn Usage(desk: Desk, id: String) -> impl IntoView {
    let fetched = Fetched::<StepPage>::new();
    let id = StoredValue::new(id);
    Effect::new(move || {
        desk.live.sessions.track();
        let kinds = vec!["usage".to_owned()];
        let session = id.get_value();
        fetched.ask(ListSteps { session, kinds, limit: Some(MOST), ..ListSteps::default() });
    });
    let answers = Memo::new(move |_| {
        fetched.value.with(|page| page.as_ref().map(|page| (model::answers(&page.items), page.older.is_some())))
    });
    let table = RwSignal::new(false);
    view! {
        <div class="part" data-testid="usage">
            {kit::trouble(fetched.error)}
            {move || match answers.get() {
                None if fetched.error.with(Option::is_some) => ().into_any(),
                None => view! { <p class="loading" role="status">"Adding up…"</p> }.into_any(),
                Some((answers, _)) if answers.is_empty() => view! { <p class="calm">"The runtime recorded no tokens in this session."</p> }.into_any(),
                Some((answers, more)) => view! {
                    <div class="tools"><p class="quiet">{words::count(answers.len() as u64, "answer", "answers")}{more.then_some(", the latest of more")}</p>
                        <div class="bulk"><button type="button" class="plain" data-testid="as-table" aria-pressed=move || table.get().to_string() on:click=move |_| table.update(|table| *table = !*table)>"As a table"<kbd>"t"</kbd></button></div></div>
                    {move || if table.get() { rows(&answers) } else { charts(&answers) }}
                }.into_any(),
            }}
            <Sum desk=desk/>
        </div>
    }
}

#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn charts(answers: &[Answer]) -> AnyView {
    let context: Vec<f64> = answers.iter().map(|answer| answer.context as f64).collect();
    let output: Vec<f64> = answers.iter().map(|answer| answer.output as f64).collect();
    let money: Vec<f64> = answers.iter().filter_map(|answer| answer.usd).collect();
    let peak = answers.iter().map(|answer| answer.context).max().unwrap_or_default();
    let last = answers.last().map_or(0, |answer| answer.context);
    let most = answers.iter().map(|answer| answer.output).max().unwrap_or_default();
    let all = answers.iter().map(|answer| answer.output).fold(0, u64::saturating_add);
    let spent = money.iter().sum::<f64>();
    let reads = format!("most {}, last {} tokens", model::tokens(peak), model::tokens(last));
    let writes = format!("most {}, all {} tokens", model::tokens(most), model::tokens(all));
    view! {
        <figure class="plot"><figcaption><strong>"Read for each answer"</strong>" "<span class="quiet number">{reads.clone()}</span></figcaption>{chart::bars(&context, Fold::Highest, format!("Tokens read for each answer: {reads}"))}</figure>
        <figure class="plot"><figcaption><strong>"Written by each answer"</strong>" "<span class="quiet number">{writes.clone()}</span></figcaption>{chart::bars(&output, Fold::Sum, format!("Tokens written by each answer: {writes}"))}</figure>
        {(!money.is_empty()).then(|| view! {
            <figure class="plot"><figcaption><strong>"Cost so far"</strong>" "<span class="quiet number">{model::dollars(spent)}" recorded"</span></figcaption>{chart::area(&chart::running(&money), format!("Cost so far: {}", model::dollars(spent)))}</figure>
        })}
    }
    .into_any()
}

fn rows(answers: &[Answer]) -> AnyView {
    let row = |answer: &Answer| {
        view! {
            <tr><td>{answer.at.map(|at| view! { <span title=clock::exact(at)>{clock::hour(at)}</span> })}</td><td>{answer.model.clone()}</td><td class="number">{answer.context}</td><td class="number">{answer.cached}</td>
                <td class="number">{answer.output}</td><td class="number">{answer.usd.map_or_else(|| "–".to_owned(), model::dollars)}</td></tr>
        }
    };
    view! {
        <table class="usage-table" data-testid="usage-table"><thead><tr><th scope="col">"When"</th><th scope="col">"Model"</th><th scope="col" class="number">"Read"</th><th scope="col" class="number">"of it from a cache"</th><th scope="col" class="number">"Written"</th><th scope="col" class="number">"Cost"</th></tr></thead>
            <tbody>{answers.iter().rev().map(row).collect_view()}</tbody></table>
    }
    .into_any()
}

/// The session's sums, with what they rest on.
#[component]
fn Sum(desk: Desk) -> impl IntoView {
    let row = Memo::new(move |_| desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.row.clone())));
    move || {
        row.get().map(|row| view! {
            <h2>"In all"</h2>
            <dl class="facts">
                <dt>"Input"</dt><dd class="number">{model::tokens(row.tokens.input)}</dd>
                <dt>"Read from a cache"</dt><dd class="number">{model::tokens(row.tokens.cache_read)}</dd>
                <dt>"Written to a cache"</dt><dd class="number">{model::tokens(row.tokens.cache_write)}</dd>
                <dt>"Output"</dt><dd class="number">{model::tokens(row.tokens.output)}{(row.tokens.reasoning > 0).then(|| format!(", {} of it reasoning", model::tokens(row.tokens.reasoning)))}</dd>
                <dt>"Cost"</dt><dd>{model::cost(&row.cost)}<span class="basis">{row.cost.basis.clone()}</span></dd>
            </dl>
        })
    }
}
