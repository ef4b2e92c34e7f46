//! Keeping the audit log: what is kept for how long, what would go, the last run, and copies of the database.

use std::time::Duration;

use clawbutler_wire::ApiError;
use clawbutler_wire::command::{GetRetention, RetentionPreview, SetRetention};
use clawbutler_wire::retention::{Keep, RetentionReport, RetentionSettings, RetentionView};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::backup::Backup;
use super::model::{self, Class};
use super::run::{Goes, Run};
use crate::fetched::Fetched;
use crate::live::Live;
use crate::pages::audit::grouped;
use crate::{api, clock, kit};

/// Between two looks at how far a run is.
const LOOK: Duration = Duration::from_millis(400);
/// What a limit begins with when it is switched on.
const USUAL_DAYS: u32 = 90;
const USUAL_MEGABYTES: u32 = 500;

/// What the parts of the section work on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeping {
    pub(super) view: Fetched<RetentionView>,
    /// As it stands on the screen; saved with a button, since it removes for good.
    draft: RwSignal<RetentionSettings>,
    /// What would go with the draft; absent until asked for.
    pub(super) dry: Fetched<RetentionReport>,
    pub(super) error: RwSignal<Option<ApiError>>,
    busy: RwSignal<bool>,
    /// Whether the sheet before a run is open.
    pub(super) asking: RwSignal<bool>,
}

impl Keeping {
    fn saved(self) -> Option<RetentionSettings> {
        self.view.value.with(|view| view.as_ref().map(|view| view.settings))
    }

    fn changed(self) -> bool {
        self.saved().is_some_and(|saved| saved != self.draft.get())
    }

    pub(super) fn running(self) -> bool {
        self.view.value.with(|view| view.as_ref().is_some_and(|view| view.running.is_some()))
    }

    fn edit(self, change: impl FnOnce(&mut RetentionSettings)) {
        self.draft.update(change);
        // It was of other settings.
        self.dry.clear();
    }

    /// Takes in how it stands; the draft follows unless it was touched.
    pub(super) fn took(self, reply: Result<RetentionView, ApiError>) -> bool {
        match reply {
            Ok(view) => {
                let before = untrack(|| self.saved());
                if before.is_none_or(|before| before == self.draft.get_untracked()) {
                    self.draft.set(view.settings);
                }
                self.view.put(view);
                self.error.set(None);
                true
            }
            Err(error) => {
                self.error.set(Some(error));
                false
            }
        }
    }

    fn look(self) {
        spawn_local(async move {
            let reply = api::call(&GetRetention {}).await;
            if self.busy.try_get_untracked().is_some() {
                self.took(reply);
            }
        });
    }

    fn save(self) {
        let settings = self.draft.get_untracked();
        self.busy.set(true);
        spawn_local(async move {
            let reply = api::call(&SetRetention { settings }).await;
            if self.busy.try_set(false).is_none() {
                self.took(reply);
            }
        });
    }
}

#[component]
pub(super) fn Section(live: Live) -> impl IntoView {
    let keeping = Keeping {
        view: Fetched::new(),
        draft: RwSignal::new(RetentionSettings::default()),
        dry: Fetched::new(),
        error: RwSignal::new(None),
        busy: RwSignal::new(false),
        asking: RwSignal::new(false),
    };
    keeping.look();
    let looking = set_interval_with_handle(
        move || {
            if untrack(|| keeping.running()) {
                keeping.look();
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
    let known = Memo::new(move |_| keeping.view.value.with(Option::is_some));
    view! {
        <section class="keeping" aria-labelledby="keeping" data-testid="keeping">
            <h2 id="keeping">"Keeping the audit log"</h2>
            <p>"Entries are never deleted. Retention removes the facts of old ones: commands, paths, answers. Number, time and kind stay, and a digest of what was removed, so the log still verifies."</p>
            {kit::trouble(keeping.error)}
            {move || known.get().then(|| view! { <Form keeping=keeping/> <State keeping=keeping/> })}
            <Backup live=live/>
            {move || keeping.asking.get().then(|| view! { <Run keeping=keeping/> })}
        </section>
    }
}

#[component]
fn Form(keeping: Keeping) -> impl IntoView {
    let draft = keeping.draft;
    let would = move |_| keeping.dry.ask(RetentionPreview { settings: Some(draft.get_untracked()) });
    let limits = move || draft.with(model::limits_something);
    let discard = move |_| {
        if let Some(saved) = untrack(|| keeping.saved()) {
            keeping.edit(|draft| *draft = saved);
        }
    };
    view! {
        <table class="keep-table" data-testid="keep-table">
            <thead><tr><th scope="col">"What"</th><th scope="col">"Keep for"</th><th scope="col">"Keep up to"</th></tr></thead>
            <tbody>{Class::ALL.map(|class| view! { <Row keeping=keeping class=class/> })}</tbody>
        </table>
        <p class="quiet">"Without a limit everything is kept. The facts of the last 24 hours, of requests that wait and of grants in force always stay."</p>
        <label class="setting"><input type="checkbox" data-testid="keep-on" prop:checked=move || draft.with(|draft| draft.on)
            on:change=move |event| { let on = event_target_checked(&event); keeping.edit(|draft| draft.on = on); }/>"Remove what is over these limits by itself, once a day"</label>
        {move || keeping.changed().then(|| view! {
            <div class="notice" role="status" data-testid="keep-changed">
                <p>"Not saved yet. "{(draft.with(|draft| draft.on) && limits()).then_some("Once saved, the first run begins within minutes, without asking again. What it removes cannot be brought back.")}</p>
                <div class="buttons">
                    <button type="button" class="plain" data-testid="keep-discard" on:click=discard>"Discard"</button>
                    <button type="button" class="primary" data-testid="keep-save" disabled=move || keeping.busy.get() on:click=move |_| keeping.save()>{move || if keeping.busy.get() { "Saving…" } else { "Save" }}</button>
                </div>
            </div>
        })}
        <div class="buttons keep-acts">
            <button type="button" class="plain" data-testid="keep-preview" disabled=move || !limits() || keeping.dry.busy.get() on:click=would>{move || if keeping.dry.busy.get() { "Looking…" } else { "What would go now" }}</button>
            <button type="button" class="plain" data-testid="keep-run" disabled=move || !limits() || keeping.changed() || keeping.running() on:click=move |_| keeping.asking.set(true)>"Run now…"</button>
            {move || match (limits(), keeping.changed()) {
                (false, _) => Some(view! { <span class="quiet">"Everything is kept: there is nothing to run."</span> }),
                (true, true) => Some(view! { <span class="quiet">"Save before a run."</span> }),
                (true, false) => None,
            }}
        </div>
        <div role="status" data-testid="keep-dry">
            {kit::trouble(keeping.dry.error)}
            {move || keeping.dry.value.get().map(|report| view! { <Goes report=report links=true/> })}
        </div>
    }
}

/// One class: its name, what is in it, its two limits.
#[component]
fn Row(keeping: Keeping, class: Class) -> impl IntoView {
    let keep = Memo::new(move |_| class.of(&keeping.draft.get()));
    let put = move |change: &dyn Fn(&mut Keep)| {
        let mut fresh = keep.get_untracked();
        change(&mut fresh);
        keeping.edit(|draft| class.set(draft, fresh));
    };
    let days = Callback::new(move |days| put(&|keep| keep.days = days));
    let megabytes = Callback::new(move |megabytes| put(&|keep| keep.megabytes = megabytes));
    view! {
        <tr data-testid=format!("keep-{}", class.key())>
            <th scope="row"><strong>{class.name()}</strong><span class="basis">{class.says()}</span></th>
            <td><Limit name=class.name() unit="days" most=model::MOST_DAYS usual=USUAL_DAYS value=Signal::derive(move || keep.get().days) set=days/></td>
            <td>{(class != Class::Steps).then(|| view! { <Limit name=class.name() unit="MB" most=model::MOST_MEGABYTES usual=USUAL_MEGABYTES value=Signal::derive(move || keep.get().megabytes) set=megabytes/> })}</td>
        </tr>
    }
}

/// A limit that is on or off, and its number.
#[component]
fn Limit(
    /// Of which class.
    name: &'static str,
    unit: &'static str,
    most: u32,
    usual: u32,
    value: Signal<Option<u32>>,
    set: Callback<Option<u32>>,
) -> impl IntoView {
    let wrong = RwSignal::new(false);
    let on = Memo::new(move |_| value.get().is_some());
    let typed = move |event| {
        let found = model::bound(&event_target_value(&event), most);
        wrong.set(found.is_none());
        if found.is_some() {
            set.run(found);
        }
    };
    let tick = move |event| {
        wrong.set(false);
        set.run(event_target_checked(&event).then_some(usual));
    };
    view! {
        <div class="limit">
            <input type="checkbox" aria-label=format!("{name}: limit the {unit}") prop:checked=move || on.get() on:change=tick/>
            {move || if on.get() { view! {
                <input type="number" min="1" max=most.to_string() aria-label=format!("{name}: {unit} to keep") aria-invalid=move || wrong.get().then_some("true") prop:value=move || value.get().map(|number| number.to_string()) on:change=typed/><span>{unit}</span>
            }.into_any() } else { view! { <span class="quiet">"no limit"</span> }.into_any() }}
        </div>
        {move || wrong.get().then(|| view! { <p class="warning" role="alert">{format!("A whole number from 1 to {}; the limit stays as it was.", grouped(u64::from(most)))}</p> })}
    }
}

/// A run that is going on, how the last one went, and what the database can do.
#[component]
fn State(keeping: Keeping) -> impl IntoView {
    let view = move || keeping.view.value.get().unwrap_or_default();
    view! {
        <div role="status" data-testid="keep-state">
            {move || view().running.map(|run| view! {
                <div class="verify-strip" data-testid="keep-running">
                    <progress max=run.total.0.max(1).to_string() value=run.done.0.to_string() aria-label="Entries whose facts were removed"></progress>
                    <span class="quiet number">{if run.total.0 == 0 { "Looking at what goes…".to_owned() } else { format!("Removing facts: {} of {} entries", grouped(run.done.0), grouped(run.total.0)) }}</span>
                </div>
            })}
            {move || view().trouble.map(|why| view! {
                <div class="trouble" role="alert" data-testid="keep-trouble"><strong>"The last run ended early. "</strong>{why}" What it had removed is recorded, and the log holds. It goes on by itself; a full or read-only disk is the usual reason, so look at that first."</div>
            })}
            {move || { let view = view(); match (view.last, view.running) {
                (_, Some(_)) => ().into_any(),
                (Some(last), None) => view! { <p data-testid="keep-last"><strong>"Last run: "</strong><span title=clock::exact(last.at)>{clock::short(last.at)}". "</span>{model::last_words(&last, view.gives_back)}</p> }.into_any(),
                (None, None) => view! { <p class="quiet">"No run has removed anything yet."</p> }.into_any(),
            } }}
            {move || (!view().gives_back).then(|| view! { <p class="quiet" data-testid="keep-no-return">"This database was made by an older version. Space that is freed is used again by what is recorded later; the file itself does not get smaller."</p> })}
        </div>
    }
}
