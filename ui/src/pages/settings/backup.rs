//! A copy of the database: where it goes, how it is encrypted, progress, and the way back.

use std::time::Duration;

use clawbutler_wire::command::{MakeBackup, ShowBackup};
use clawbutler_wire::files::Purpose;
use clawbutler_wire::retention::{BackupMade, BackupProgress};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::model::{self, Lock};
use crate::live::Live;
use crate::pages::audit::{Copy, entries};
use crate::{api, clock, kit, model as words, path};

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(400);

type Job = crate::job::Job<BackupProgress>;

fn is(job: Job, state: &str) -> bool {
    job.progress.with(|progress| progress.state == state)
}

#[component]
pub(super) fn Backup(live: Live) -> impl IntoView {
    let open = RwSignal::new(false);
    let restoring = RwSignal::new(false);
    let job = Job::new();
    job.ask(ShowBackup {});
    let looking = set_interval_with_handle(
        move || {
            if untrack(|| is(job, "running")) {
                job.ask(ShowBackup {});
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
        job.error.set(None);
        job.ours.set(untrack(|| is(job, "running")));
        open.set(true);
    };
    view! {
        <h3 class="part-title">"Backup"</h3>
        <p>"A copy of the database with everything in the log, the rules and the grants. Session timelines and the search index are not in it; both are filled again."</p>
        <div class="buttons keep-acts">
            <button type="button" class="plain" data-testid="backup-open" on:click=begin>{move || if is(job, "running") { "Show the backup under way" } else { "Make a backup…" }}</button>
            <button type="button" class="plain" data-testid="restore-open" aria-haspopup="dialog" on:click=move |_| restoring.set(true)>"Restore from a backup…"</button>
            <span class="quiet" role="status" data-testid="backup-state">{move || job.progress.with(state_words)}</span>
        </div>
        {move || open.get().then(|| view! { <Making live=live job=job close=Callback::new(move |()| open.set(false))/> })}
        {move || restoring.get().then(|| view! { <super::restore::Restore live=live close=Callback::new(move |()| restoring.set(false))/> })}
    }
}

/// How the copy that was begun last stands, beside the button.
fn state_words(progress: &BackupProgress) -> Option<String> {
    match progress.state.as_str() {
        "running" => Some("Copying…".to_owned()),
        "done" => Some(format!("Made since ClawButler started: {}", words::folder(&progress.out))),
        "failed" => Some("The last one failed; nothing was left behind.".to_owned()),
        _ => None,
    }
}

#[component]
fn Making(live: Live, job: Job, close: Callback<()>) -> impl IntoView {
    let lock = RwSignal::new(Lock::Passphrase);
    let typed = RwSignal::new(None::<String>);
    let recipient = RwSignal::new(String::new());
    let once = RwSignal::new(String::new());
    let twice = RwSignal::new(String::new());
    let began = clock::field(live.now_untracked());
    let out = Memo::new(move |_| {
        typed.get().unwrap_or_else(|| {
            let data = live.status.with(|status| status.as_ref().map(|status| status.data_dir.clone()));
            words::beside(&data.unwrap_or_default(), &model::file_name(&began, lock.get()))
        })
    });
    let refusal = move || {
        recipient.with(|recipient| {
            once.with(|once| twice.with(|twice| model::refusal(lock.get(), &out.get(), recipient, once, twice)))
        })
    };
    let begin = move |_| {
        let (recipient, passphrase) = untrack(|| match lock.get() {
            Lock::Passphrase => (None, Some(once.get())),
            Lock::Recipient => (Some(recipient.get().trim().to_owned()), None),
            Lock::None => (None, None),
        });
        let request = MakeBackup { out: out.get_untracked().trim().to_owned(), recipient, passphrase };
        spawn_local(async move {
            let reply = api::call(&request).await;
            if reply.is_ok() {
                // Kept no longer than needed.
                once.try_set(String::new());
                twice.try_set(String::new());
                job.ours.try_set(true);
            }
            job.took(reply);
        });
    };
    let choice = move |which: Lock, testid: &'static str, name: &'static str, says: &'static str| {
        view! { <label class="choice"><input type="radio" name="lock" data-testid=testid prop:checked=move || lock.get() == which on:change=move |_| lock.set(which)/><span><strong>{name}</strong><span class="basis">{says}</span></span></label> }
    };
    let password = move |label: &'static str, testid: &'static str, signal: RwSignal<String>| {
        view! { <label class="stacked-label">{label}<input type="password" autocomplete="new-password" data-testid=testid prop:value=signal on:input=move |event| signal.set(event_target_value(&event))/></label> }
    };
    view! {
        <kit::Sheet title="Make a backup" testid="backup-sheet" wide=true close=close>
            {kit::trouble(job.error)}
            {move || if job.ours.get() { view! { <Progress job=job/> }.into_any() } else { view! {
                <path::Field label="File" testid="backup-out" purpose=Purpose::Backup value=Signal::derive(move || out.get()) typed=Callback::new(move |path| typed.set(Some(path)))/>
                <p class="basis">"The whole path of a file that does not exist yet. Only your account can read it. The backup is recorded in the log."</p>
                <fieldset class="choices backup-lock"><legend>"Encryption"</legend>
                    {choice(Lock::Passphrase, "lock-passphrase", "With a passphrase", "Needed to restore; ClawButler does not keep it, and nobody can recover it.")}
                    {choice(Lock::Recipient, "lock-recipient", "For a recipient's key", "An age key, age1…; only who has its secret half can restore.")}
                    {choice(Lock::None, "lock-none", "None", "Whoever gets the file can read commands, paths and answers in it.")}
                </fieldset>
                {move || match lock.get() {
                    Lock::Passphrase => view! { <div class="twice">{password("Passphrase, at least 12 characters", "passphrase", once)}{password("The same again", "passphrase-again", twice)}</div> }.into_any(),
                    Lock::Recipient => view! { <label class="stacked-label">"Recipient"<input type="text" class="mono" placeholder="age1…" data-testid="recipient" prop:value=recipient on:input=move |event| recipient.set(event_target_value(&event))/></label> }.into_any(),
                    Lock::None => ().into_any(),
                }}
            }.into_any() }}
            <div class="buttons">
                {move || if job.ours.get() { view! {
                    {move || is(job, "failed").then(|| view! { <button type="button" class="plain" data-testid="backup-again" on:click=move |_| job.ours.set(false)>"Try again"</button> })}
                    <button type="button" class="primary" data-testid="backup-close" on:click=move |_| close.run(())>{move || if is(job, "running") { "Go on in the background" } else { "Close" }}</button>
                }.into_any() } else { view! {
                    <span class="quiet refusal" role="status">{refusal}</span>
                    <button type="button" class="plain" on:click=move |_| close.run(())>"Cancel"</button>
                    <button type="button" class="primary" data-testid="backup-start" disabled=move || refusal().is_some() on:click=begin>"Make the backup"</button>
                }.into_any() }}
            </div>
        </kit::Sheet>
    }
}

#[component]
fn Progress(job: Job) -> impl IntoView {
    view! {
        <div role="status" data-testid="backup-progress">
            {move || { let now = job.progress.get(); match (now.state.as_str(), now.made) {
                ("done", Some(made)) => done(&made),
                ("failed", _) => view! { <div class="trouble" role="alert"><strong>"The backup failed. "</strong>{now.says.unwrap_or_default()}" No file was left behind. Check the folder and the space on that disk, then try again."</div> }.into_any(),
                _ => view! {
                    <p class="sentence">"Copying the database…"</p>
                    <progress max=now.total.0.max(1).to_string() value=now.done.0.to_string() aria-label="Bytes copied"></progress>
                    <p class="quiet number">{format!("{} of {}; agents go on meanwhile", model::size(now.done.0), model::size(now.total.0))}</p>
                }.into_any(),
            } }}
        </div>
    }
}

fn done(made: &BackupMade) -> AnyView {
    let encryption = match made.encryption.as_str() {
        "recipient" => "for the recipient's key",
        "passphrase" => "with your passphrase",
        _ => "none: keep the file where only you can read it",
    };
    let restore = model::restore(&made.file, &made.encryption);
    let (path, digest, command) = (made.file.clone(), made.digest.clone(), restore.clone());
    view! {
        <p class="sentence good">{format!("Backed up {}, {}.", entries(made.entries.0), model::size(made.bytes.0))}</p>
        <dl class="facts"><dt>"File"</dt><dd class="id" data-testid="backup-file">{made.file.clone()}</dd><dt>"SHA-256"</dt><dd class="id" data-testid="backup-digest">{made.digest.clone()}</dd><dt>"Encryption"</dt><dd>{encryption}</dd>
            <dt>"To restore"</dt><dd>"Close ClawButler, then run"<pre class="code"><code class="line">{restore}</code></pre><span class="basis">"It checks the whole backup first and keeps the present database beside it. The next start begins with the strict rules and without grants."</span></dd></dl>
        <div class="copies"><Copy text=Signal::stored(path) label="Copy the path" testid="copy-backup-path"/><Copy text=Signal::stored(digest) label="Copy the SHA-256" testid="copy-backup-digest"/><Copy text=Signal::stored(command) label="Copy the command" testid="copy-restore"/></div>
    }
    .into_any()
}
