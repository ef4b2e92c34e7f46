//! The approval card: the same in the inbox and in the pop-up.

mod buttons;

use std::time::Duration;

use clawbutler_wire::approvals::{ApprovalView, State, Verb};
use clawbutler_wire::command::DecideApproval;
use clawbutler_wire::topic::Topic;
use clawbutler_wire::{ApiError, Risk};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::always::Terms;
use crate::kit::{self, RiskBadge};
use crate::live::Live;
use crate::tree::Why;
use crate::{api, model};
use buttons::{Buttons, Sheets};

/// Buttons arm this long after a card appeared or changed.
const ARM: Duration = Duration::from_millis(500);

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
                {view.home.clone().map(|home| view! { <dt>"Home"</dt><dd><code data-testid="approval-home">{home}</code></dd> })}
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

/// One line on a request that waits, leading to its card.
pub(crate) fn waiting(view: &ApprovalView, live: Live) -> AnyView {
    let timing = view.clone();
    view! {
        <a class="row" href=format!("#/approvals/{}", view.id) data-testid="waits">
            <RiskBadge level=view.risk/><code class="headline">{view.headline.clone()}</code>
            <span class="quiet">{model::folder(&view.cwd)}" · "{move || model::countdown(&timing, live.now())}</span>
        </a>
    }
    .into_any()
}
