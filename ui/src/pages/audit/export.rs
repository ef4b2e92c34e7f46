//! The export sheet: format, what is exported, a look at the first lines, progress, and where the file is.

use std::time::Duration;

use clawbutler_wire::audit_search::{AuditFilter, ExportFormat, ExportPreview, ExportProgress};
use clawbutler_wire::command::{ExportAudit, PreviewExport, ShowExport, StopExport};
use clawbutler_wire::files::Purpose;
use leptos::prelude::*;

use super::list::Copy;
use super::{Desk, Over, model};
use crate::fetched::Fetched;
use crate::{clock, kit, path};

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(400);

/// Format, its name, end of the file's name, what it is good for.
type Format = (ExportFormat, &'static str, &'static str, &'static str);

const FORMATS: &[Format] = &[
    (ExportFormat::Jsonl, "JSONL, canonical", "jsonl", "Everything, a line an entry; can be verified later."),
    (
        ExportFormat::Pack,
        "Evidence pack (.zip)",
        "zip",
        "Entries with proofs, signed: for somebody who does not trust us.",
    ),
    (ExportFormat::Csv, "CSV", "csv", "For a spreadsheet. Fields that begin like a formula are made harmless."),
    (ExportFormat::Ocsf, "OCSF 1.8", "ocsf.jsonl", "For a security data lake; facts under “unmapped”."),
    (ExportFormat::Cef, "CEF", "cef", "For a SIEM that reads ArcSight's format; without the facts."),
    (ExportFormat::OtlpLogs, "OpenTelemetry logs", "otlp-logs.jsonl", "OTLP/JSON, GenAI conventions."),
    (ExportFormat::OtlpTraces, "OpenTelemetry traces", "otlp-traces.jsonl", "OTLP/JSON, a span per action."),
];

type Job = crate::job::Job<ExportProgress>;

fn is(job: Job, state: &str) -> bool {
    job.progress.with(|progress| progress.state == state)
}

#[component]
pub(super) fn Export(desk: Desk, close: Callback<()>) -> impl IntoView {
    let format = RwSignal::new(0_usize);
    let all = RwSignal::new(false);
    let typed = RwSignal::new(None::<String>);
    let job = Job::new();
    let preview = Fetched::<ExportPreview>::new();
    let asked = desk.filter.get_untracked();
    let narrow = asked != AuditFilter::default();
    let asked = StoredValue::new(asked);
    let filter = move || if all.get() { AuditFilter::default() } else { asked.get_value() };
    let chosen = move || FORMATS[format.get().min(FORMATS.len() - 1)];
    let out = move || {
        typed.get().unwrap_or_else(|| {
            let data = desk.live.status.with(|status| status.as_ref().map(|status| status.data_dir.clone()));
            let day = clock::field(desk.live.now_untracked());
            let day = day.split('T').next().unwrap_or_default();
            crate::model::beside(&data.unwrap_or_default(), &format!("clawbutler-audit-{day}.{}", chosen().2))
        })
    };
    Effect::new(move |_| preview.ask(PreviewExport { filter: filter(), format: chosen().0 }));
    job.ask(ShowExport {});
    let looking = set_interval_with_handle(
        move || {
            if untrack(|| is(job, "running")) {
                job.ask(ShowExport {})
            }
        },
        LOOK,
    )
    .ok();
    on_cleanup(move || {
        if let Some(handle) = looking {
            handle.clear();
        }
    });
    let begin = move |_| {
        let request = untrack(|| ExportAudit { filter: filter(), format: chosen().0, out: out() });
        job.ours.set(true);
        job.ask(request);
    };
    let ended = move || {
        job.ours.get() && job.progress.with(|progress| matches!(progress.state.as_str(), "done" | "failed" | "stopped"))
    };
    view! {
            <kit::Sheet title="Export the audit log" testid="export-sheet" wide=true close=close>
                {kit::trouble(job.error)}
                {move || if is(job, "running") || ended() { view! { <Progress job=job/> }.into_any() } else { view! {
                    <div class="export-form">
                        <fieldset class="choices"><legend>"Format"</legend>
                            {FORMATS.iter().enumerate().map(|(at, (_, name, _, says))| view! {
                                <label class="choice"><input type="radio" name="format" data-testid=format!("format-{at}") prop:checked=move || format.get() == at on:change=move |_| format.set(at)/><span><strong>{*name}</strong><span class="basis">{*says}</span></span></label>
                            }).collect_view()}
                        </fieldset>
                        <div>
                            <fieldset class="choices"><legend>"Entries"</legend>
                                {narrow.then(|| view! { <label class="choice"><input type="radio" name="which" prop:checked=move || !all.get() on:change=move |_| all.set(false)/><span><strong>"Those found"</strong><span class="basis">{model::in_words(&asked.get_value(), clock::short)}</span></span></label> })}
                                <label class="choice"><input type="radio" name="which" prop:checked=move || all.get() || !narrow on:change=move |_| all.set(true)/><span><strong>"The whole log"</strong></span></label>
                            </fieldset>
    {move || (chosen().0 == ExportFormat::Pack).then(|| view! { <PackHint desk=desk/> })}
                        </div>
                    </div>
                    <path::Field label="File" testid="export-out" purpose=Purpose::Export value=Signal::derive(out) typed=Callback::new(move |path| typed.set(Some(path)))/>
                    <p class="basis">"A file that does not exist yet. What was masked stays masked. The export is recorded in the log."</p>
                    {preview_part(preview)}
                }.into_any() }}
                <div class="buttons">
                    {move || if is(job, "running") { view! {
                        <button type="button" class="plain" on:click=move |_| close.run(())>"Go on in the background"</button>
                        <button type="button" class="danger" data-testid="export-cancel" on:click=move |_| job.ask(StopExport {})>"Cancel the export"</button>
                    }.into_any() } else if ended() { view! {
                        <button type="button" class="plain" on:click=move |_| job.ours.set(false)>"Another export"</button>
                        <button type="button" class="primary" data-testid="export-close" on:click=move |_| close.run(())>"Close"</button>
                    }.into_any() } else { view! {
                        <button type="button" class="plain" on:click=move |_| close.run(())>"Cancel"</button>
                        <button type="button" class="primary" data-testid="export-start" on:click=begin>"Export"</button>
                    }.into_any() }}
                </div>
            </kit::Sheet>
        }
}

/// How whoever gets a pack checks it.
#[component]
fn PackHint(desk: Desk) -> impl IntoView {
    view! {
        <div class="pack-hint" data-testid="pack-hint">
            <p>"Whoever gets it checks it with"</p>
            <pre class="code"><code class="line">"clawbutler audit verify FILE.zip --key KEY"</code></pre>
            <p class="basis">"KEY is this log's public key, shown in "<button type="button" class="link" data-testid="pack-key" on:click=move |_| desk.over.set(Some(Over::Checkpoints))>"Checkpoints"</button>". Give it to them another way than the file: the pack has it too, but only a key they had before tells who made it."</p>
        </div>
    }
}

fn preview_part(preview: Fetched<ExportPreview>) -> AnyView {
    view! {
        <section aria-label="Preview" class="export-preview" data-testid="export-preview">
            <h3>"Preview"</h3>
            {kit::trouble(preview.error)}
            {move || match preview.value.get() {
                None => preview.busy.get().then(|| view! { <p class="loading" role="status">"Writing the first lines…"</p> }).into_any(),
                Some(found) if found.count.entries.0 == 0 => view! { <p class="quiet">"No entry matches: the file would be empty."</p> }.into_any(),
                Some(found) => view! {
                    <p class="number">{format!("{} would be written. It begins:", model::count_words(&found.count))}</p>
                    <pre class="code" tabindex="0">{found.lines.iter().map(|line| view! { <code class="line">{line.clone()}</code> }).collect_view()}</pre>
                }.into_any(),
            }}
        </section>
    }
    .into_any()
}

#[component]
fn Progress(job: Job) -> impl IntoView {
    let now = move || job.progress.get();
    let digest = Signal::derive(move || now().digest.unwrap_or_default());
    let path = Signal::derive(move || now().out);
    view! {
        <div role="status" data-testid="export-progress">
            {move || { let now = now(); match now.state.as_str() {
                "running" => view! {
                    <p class="sentence">"Exporting…"</p>
                    <progress max=now.total.0.max(1).to_string() value=now.at.0.to_string() aria-label="Entries looked at"></progress>
                    <p class="quiet number">{format!("{} of {} entries looked at, {} written", model::grouped(now.at.0), model::grouped(now.total.0), model::grouped(now.written.0))}</p>
                }.into_any(),
                "done" => view! {
                    <p class="sentence good">{format!("Exported {}.", model::entries(now.written.0))}</p>
                    <dl class="facts"><dt>"File"</dt><dd class="id">{now.out.clone()}</dd><dt>"SHA-256"</dt><dd class="id" data-testid="export-digest">{now.digest.clone()}</dd>
                    {now.out.ends_with(".zip").then(|| view! { <dt>"To check it"</dt><dd><code>"clawbutler audit verify FILE.zip --key KEY"</code></dd> })}</dl>
                }.into_any(),
                "stopped" => view! {
                    <p class="sentence">"Cancelled."</p>
                    <p class="quiet">{if now.out.ends_with(".zip") { "A pack is whole or not there: begin again.".to_owned() } else { format!("{} entries were written to {}.part. Exporting the same to the same file again goes on there.", model::grouped(now.written.0), now.out) }}</p>
                }.into_any(),
                _ => view! { <div class="trouble" role="alert"><strong>"The export failed. "</strong>{now.says.clone().unwrap_or_default()}</div> }.into_any(),
            } }}
            {move || (now().state == "done").then(|| view! { <div class="copies"><Copy text=path label="Copy the path" testid="copy-path"/><Copy text=digest label="Copy the SHA-256" testid="copy-digest"/></div> })}
        </div>
    }
}
