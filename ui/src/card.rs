//! The approval card: the same in the inbox and in the pop-up.

use std::time::Duration;

use clawbutler_wire::approvals::{ApprovalView, State, Verb};
use clawbutler_wire::command::DecideApproval;
use clawbutler_wire::topic::Topic;
use clawbutler_wire::{ApiError, Risk};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::always::{Always, Terms};
use crate::kit::{self, RiskBadge};
use crate::live::Live;
use crate::passes::NewPass;
use crate::tree::Why;
use crate::{api, model};

/// Buttons arm this long after a card appeared or changed.
const ARM: Duration = Duration::from_millis(500);
/// Reasons one key away.
const REASONS: &[&str] = &["Not now.", "Too broad; name exactly what is needed.", "Ask me before anything like this."];

/// A sheet over the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// “Always allow…”; counted from the start or not.
    Always { counted: bool },
    /// “Allow all in this session until I say stop”.
    Pass,
}

/// What the keyboard and the buttons of a card share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deciding {
    pub(crate) armed: RwSignal<bool>,
    confirmed: RwSignal<bool>,
    reason: RwSignal<String>,
    over: RwSignal<Option<Over>>,
    error: RwSignal<Option<ApiError>>,
    busy: RwSignal<bool>,
}

impl Deciding {
    fn new() -> Self {
        let deciding = Self {
            armed: RwSignal::new(false),
            confirmed: RwSignal::new(false),
            reason: RwSignal::new(String::new()),
            over: RwSignal::new(None),
            error: RwSignal::new(None),
            busy: RwSignal::new(false),
        };
        set_timeout(
            move || {
                deciding.armed.try_set(true);
            },
            ARM,
        );
        deciding
    }

    /// What a letter means on a card; whether it meant something.
    pub(crate) fn key(self, live: Live, view: &ApprovalView, key: &str) -> bool {
        match key {
            "a" => self.decide(live, view, Verb::AllowOnce),
            "d" => self.decide(live, view, Verb::Deny),
            "A" => self.open(view, Over::Always { counted: false }),
            "n" => self.open(view, Over::Always { counted: true }),
            "s" => self.open(view, Over::Pass),
            _ => return false,
        }
        true
    }

    /// Opens a sheet over the card, where what it does is offered.
    fn open(self, view: &ApprovalView, over: Over) {
        let offered = over == Over::Pass || !model::proposals(view).is_empty();
        if self.armed.get_untracked() && offered && view.state == State::Pending {
            self.over.set(Some(over));
        }
    }

    /// Sends the decision on exactly what is shown.
    pub(crate) fn decide(self, live: Live, view: &ApprovalView, verb: Verb) {
        let gesture = view.risk != Risk::Critical || verb == Verb::Deny || self.confirmed.get_untracked();
        if gesture && verb != Verb::AllowAlways {
            self.send(live, view, verb, None);
        }
    }

    /// Gives what was chosen on the sheet.
    fn give(self, live: Live, view: &ApprovalView, terms: Terms) {
        self.send(live, view, Verb::AllowAlways, Some(terms));
    }

    fn send(self, live: Live, view: &ApprovalView, verb: Verb, terms: Option<Terms>) {
        if !self.armed.get_untracked() || self.busy.get_untracked() || view.state != State::Pending {
            return;
        }
        self.busy.set(true);
        let request = DecideApproval {
            id: view.id.clone(),
            revision: view.revision,
            seen_digest: view.seen_digest.clone(),
            verb,
            reason: (verb == Verb::Deny).then(|| self.reason.get_untracked()).filter(|words| !words.trim().is_empty()),
            scope: terms.map(|terms| terms.scope).unwrap_or_default(),
            proposal: terms.map_or(0, |terms| terms.proposal),
            expires_ms: terms.and_then(|terms| terms.expires_ms),
            uses: terms.and_then(|terms| terms.uses),
        };
        spawn_local(async move {
            let done = api::call(&request).await;
            self.busy.try_set(false);
            self.error.try_set(done.err());
            self.over.try_set(None);
            live.fetch(Topic::Approvals);
        });
    }
}

/// One approval, to be read and decided.
#[component]
pub(crate) fn Card(
    /// What is shown; a change of it makes a new card.
    view: ApprovalView,
    live: Live,
    /// Told of the card's controls, for the keyboard.
    #[prop(optional)]
    controls: Option<RwSignal<Option<(Deciding, ApprovalView)>>>,
) -> impl IntoView {
    let deciding = Deciding::new();
    if let Some(controls) = controls {
        controls.set(Some((deciding, view.clone())));
    }
    let pending = view.state == State::Pending;
    let place = match &view.branch {
        Some(branch) => format!("{} on {branch}", view.cwd),
        None => view.cwd.clone(),
    };
    let who = match &view.subagent {
        Some(agent) => format!("{} › {agent}", view.runtime_name),
        None => view.runtime_name.clone(),
    };
    let signals = view.signals.clone();
    let timing = view.clone();
    view! {
        <article class="card" data-testid="approval-card" data-id=view.id.clone() tabindex="-1" aria-label=view.headline.clone()>
            <header>
                <p class="who"><strong>{who}</strong>" wants to use "<strong>{view.tool.clone()}</strong></p>
                <p class="quiet">{place}</p>
            </header>
            {kit::body(&view.body)}
            <section class="why">
                <RiskBadge level=view.risk/>
                <p>{view.risk_summary.clone()}"."</p>
                <details>
                    <summary>{model::reasons_words(signals.len())}</summary>
                    <ul>{signals.into_iter().map(|one| view! { <li><RiskBadge level=one.risk/>" "{one.says}</li> }).collect_view()}</ul>
                </details>
            </section>
            <dl class="facts">
                <dt>"Rule"</dt><dd>{view.rule.clone()}</dd>
                <dt>"Permission mode"</dt><dd>{view.permission_mode.clone()}</dd>
                <dt>"Session"</dt><dd class="id">{view.session.clone()}</dd>
                <dt>"Cost"</dt><dd>{model::cost_words(&view.cost)}{(!view.cost.basis.is_empty()).then(|| view! { <span class="basis">{model::basis(&view.cost).to_owned()}</span> })}</dd>
                {view.similar.clone().map(|words| view! { <dt>"Before"</dt><dd data-testid="similar">{words}</dd> })}
            </dl>
            <Why id=view.id.clone()/>
            {kit::trouble(deciding.error)}
            {if pending {
                view! {
                    <p class="deadline" role="timer">
                        {move || model::countdown(&timing, live.now())}
                        {(!view.client_waiting).then_some(" · the client is not connected now")}
                    </p>
                    <Buttons view=view.clone() live=live deciding=deciding/>
                    <Sheets view=view.clone() live=live deciding=deciding/>
                }
                .into_any()
            } else {
                view! { <p class="outcome">{view.outcome.clone()}</p> }.into_any()
            }}
        </article>
    }
}

#[component]
fn Buttons(view: ApprovalView, live: Live, deciding: Deciding) -> impl IntoView {
    let critical = view.risk == Risk::Critical;
    let unready = move || !deciding.armed.get() || deciding.busy.get();
    let offered = !model::proposals(&view).is_empty();
    let (deny, once, always, next, all) = (view.clone(), view.clone(), view.clone(), view.clone(), view.clone());
    let reasons = REASONS
        .iter()
        .map(|words| view! { <button type="button" class="chip" on:click=move |_| deciding.reason.set((*words).to_owned())>{*words}</button> })
        .collect_view();
    view! {
        {critical.then(|| view! {
            <label class="confirm"><input type="checkbox" data-testid="confirm-critical" prop:checked=move || deciding.confirmed.get()
                on:change=move |event| deciding.confirmed.set(event_target_checked(&event))/>" I have read it. Run it this once."</label>
        })}
        <details class="reason">
            <summary>"Say why not"</summary>
            <label>"Told to the agent with your denial"
                <input type="text" maxlength="500" data-testid="deny-reason" prop:value=move || deciding.reason.get()
                    on:input=move |event| deciding.reason.set(event_target_value(&event))/>
            </label>
            <div class="chips">{reasons}</div>
        </details>
        <div class="more-ways">
            {offered.then(|| view! {
                <button type="button" class="link" data-testid="btn-next" disabled=unready aria-haspopup="dialog"
                    on:click=move |_| deciding.open(&next, Over::Always { counted: true })>"Allow the next few like this…"</button>
            })}
            <button type="button" class="link" data-testid="btn-pass" disabled=unready aria-haspopup="dialog"
                on:click=move |_| deciding.open(&all, Over::Pass)>"Allow all in this session until I say stop…"</button>
        </div>
        <div class="buttons">
            <button type="button" data-testid="btn-deny" class=if critical { "primary danger" } else { "plain" } disabled=unready
                on:click=move |_| deciding.decide(live, &deny, Verb::Deny)>"Deny"<kbd>"d"</kbd></button>
            {offered.then(|| view! {
                <button type="button" data-testid="btn-always" class="plain" disabled=unready aria-haspopup="dialog"
                    on:click=move |_| deciding.open(&always, Over::Always { counted: false })>"Always allow…"<kbd>"A"</kbd></button>
            })}
            <button type="button" data-testid="btn-allow" class=if critical { "plain" } else { "primary" }
                disabled=move || unready() || (critical && !deciding.confirmed.get())
                on:click=move |_| deciding.decide(live, &once, Verb::AllowOnce)>"Allow once"<kbd>"a"</kbd></button>
        </div>
    }
}

/// What opens over a card.
#[component]
fn Sheets(view: ApprovalView, live: Live, deciding: Deciding) -> impl IntoView {
    let close = Callback::new(move |()| {
        deciding.over.try_set(None);
    });
    let given = view.clone();
    let give = Callback::new(move |terms| deciding.give(live, &given, terms));
    move || {
        deciding.over.get().map(|over| match over {
            Over::Always { counted } => {
                view! { <Always view=view.clone() live=live counted=counted give=give close=close/> }.into_any()
            }
            Over::Pass => view! { <NewPass view=view.clone() live=live close=close/> }.into_any(),
        })
    }
}
