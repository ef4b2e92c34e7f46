//! A look into a backup before it is put back, and the command that does it.

use clawbutler_wire::command::CheckBackup;
use clawbutler_wire::files::{BackupVerdict, Purpose};
use leptos::prelude::*;

use super::model;
use crate::fetched::Fetched;
use crate::live::Live;
use crate::pages::audit::{Copy, entries, grouped};
use crate::{kit, model as words, path, signs};

#[component]
pub(super) fn Restore(live: Live, close: Callback<()>) -> impl IntoView {
    let file = RwSignal::new(String::new());
    let verdict = Fetched::<BackupVerdict>::new();
    let begin = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if verdict.busy.get_untracked() || file.with_untracked(|file| file.trim().is_empty()) {
            return;
        }
        verdict.clear();
        verdict.ask(CheckBackup { path: file.get_untracked() });
    };
    let data = live.status.with_untracked(|status| status.as_ref().map(|status| status.data_dir.clone()));
    let example = words::beside(&data.unwrap_or_default(), "backup.db.age");
    view! {
        <kit::Sheet title="Restore from a backup" testid="restore-sheet" wide=true close=close>
            <form on:submit=begin>
                <p class="quiet">"A backup takes the place of the whole database, so ClawButler has to be closed for it. Here you see what is in one, and the command that puts it back."</p>
                <path::Field label="Backup" testid="restore-file" purpose=Purpose::Restore value=file.into() example=example typed=Callback::new(move |path| { file.set(path); verdict.clear(); })/>
                <div role="status" aria-live="polite" data-testid="restore-result">
                    {kit::trouble(verdict.error)}
                    {move || if verdict.busy.get() { view! { <p class="loading">"Looking into it…"</p> }.into_any() } else { verdict.value.get().map(|verdict| found(&verdict, file.get_untracked().trim())).into_any() }}
                </div>
                <div class="buttons">
                    <button type="button" class="plain" on:click=move |_| close.run(())>"Close"</button>
                    <button type="submit" class="primary" data-testid="restore-look" disabled=move || verdict.busy.get() || file.with(|file| file.trim().is_empty())>"Look into it"</button>
                </div>
            </form>
        </kit::Sheet>
    }
}

fn found(verdict: &BackupVerdict, file: &str) -> AnyView {
    let holds = verdict.report.as_ref().map(|report| report.intact);
    let command = model::restore(file, &verdict.encryption);
    let way = (holds != Some(false)).then(|| {
        view! {
            <p>"Close ClawButler, then run"</p>
            <pre class="code"><code class="line">{command.clone()}</code></pre>
            <p class="basis">"It checks the whole backup first and keeps the present database beside it. The next start begins with the strict rules and without grants."</p>
            <div class="copies"><Copy text=Signal::stored(command.clone()) label="Copy the command" testid="copy-restore-command"/></div>
        }
    });
    view! { <p class="sentence">{signs::proof(holds, says(verdict))}</p>{way} }.into_any()
}

/// What is known of it, in a sentence.
fn says(verdict: &BackupVerdict) -> String {
    match (&verdict.report, verdict.encryption.as_str()) {
        (None, "passphrase") => "Encrypted with a passphrase: it is checked when it is put back.".to_owned(),
        (None, _) => "Encrypted for a recipient's key: it is checked when it is put back.".to_owned(),
        (Some(report), _) if report.intact => {
            let signed = report.checkpoint_entries.map_or_else(
                || "no checkpoint signs them".to_owned(),
                |count| format!("signed up to entry {}", grouped(count.0)),
            );
            format!("Its log holds: {}, {signed}.", entries(report.entries.0))
        }
        (Some(report), _) => {
            format!("Its log does not hold: {}.", report.reason.as_deref().unwrap_or("it is of another log"))
        }
    }
}
