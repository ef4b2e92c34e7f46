//! “Always allow…”: what is offered, where, for how long, how often, and what it would have covered,
//! before it is given.

mod parts;
mod preview;

use clawbutler_wire::approvals::{ApprovalView, Scope};
use clawbutler_wire::command::PreviewGrant;
use clawbutler_wire::grants::{GrantPreview, ProposalView};
use leptos::prelude::*;

use crate::fetched::Fetched;
use crate::live::Live;
use crate::{kit, model};
use parts::{Limits, Proposals};
use preview::Preview;

/// Most uses of a counted grant.
const MOST_USES: u32 = 100;
/// Uses offered first when they are counted.
pub(crate) const NEXT: u32 = 10;

/// What the sheet ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Index of the proposal.
    pub(crate) proposal: u32,
    pub(crate) scope: Scope,
    /// How long it holds (ms).
    pub(crate) expires_ms: Option<u64>,
    /// Ends after so many.
    pub(crate) uses: Option<u32>,
}

/// What is chosen so far.
#[derive(Debug, Clone, Copy)]
struct Choice {
    proposal: RwSignal<u32>,
    scope: RwSignal<Scope>,
    length: RwSignal<usize>,
    counted: RwSignal<bool>,
    uses: RwSignal<u32>,
}

impl Choice {
    fn terms(self) -> Terms {
        let scope = self.scope.get();
        Terms {
            proposal: self.proposal.get(),
            scope,
            expires_ms: model::lengths(scope).get(self.length.get()).and_then(|(_, length)| *length),
            uses: self.counted.get().then(|| self.uses.get()),
        }
    }

    fn is_right(self) -> bool {
        !self.counted.get() || (1..=MOST_USES).contains(&self.uses.get())
    }

    fn reach(self, scope: Scope) {
        self.scope.set(scope);
        self.length.set(model::usual_length(scope));
    }

    /// Chooses a proposal, and the widest place it may hold that is not wider than the present one.
    fn propose(self, proposal: &ProposalView) {
        self.proposal.set(proposal.index);
        if !proposal.scopes.contains(&self.scope.get_untracked()) {
            self.reach(proposal.scopes.first().copied().unwrap_or_default());
        }
    }
}

/// The sheet. Gives nothing by itself.
#[component]
pub(crate) fn Always(
    /// The request it starts from.
    view: ApprovalView,
    live: Live,
    /// Counted from the start: “allow the next N like this”.
    counted: bool,
    /// How many other requests are allowed once with it.
    #[prop(optional)]
    others: usize,
    /// Called with what was chosen.
    give: Callback<Terms>,
    close: Callback<()>,
) -> impl IntoView {
    let proposals = model::proposals(&view);
    let first = proposals.first().cloned();
    let scopes = first.as_ref().map(|one| one.scopes.clone()).unwrap_or_default();
    let scope =
        if scopes.contains(&Scope::Project) { Scope::Project } else { scopes.first().copied().unwrap_or_default() };
    let choice = Choice {
        proposal: RwSignal::new(first.map_or(0, |one| one.index)),
        scope: RwSignal::new(scope),
        length: RwSignal::new(model::usual_length(scope)),
        counted: RwSignal::new(counted),
        uses: RwSignal::new(NEXT),
    };
    let preview = Fetched::<GrantPreview>::new();
    let approval = view.id.clone();
    Effect::new(move |_| {
        let request =
            PreviewGrant { approval: approval.clone(), proposal: choice.proposal.get(), scope: choice.scope.get() };
        preview.clear();
        preview.ask(request);
    });
    let ready = move || preview.value.with(Option::is_some) && choice.is_right();
    view! {
        <kit::Sheet title=if counted { "Allow the next few like this" } else { "Always allow" } testid="always-sheet" wide=true close=close>
            <Proposals choice=choice proposals=proposals.clone()/>
            <Limits choice=choice proposals=proposals/>
            <section class="preview" aria-live="polite" data-testid="grant-preview">
                {kit::trouble(preview.error)}
                {move || match preview.value.get() {
                    None if preview.error.with(Option::is_some) => ().into_any(),
                    None => view! { <p class="loading">"Looking through the last 30 days…"</p> }.into_any(),
                    Some(found) => view! { <Preview found=found live=live/> }.into_any(),
                }}
            </section>
            {(others > 0).then(|| view! { <p class="quiet">{format!("{} picked with it: allowed once, now.", model::count(others as u64, "other request is", "other requests are"))}</p> })}
            <div class="buttons">
                <button type="button" class="plain" on:click=move |_| close.run(())>"Keep asking"</button>
                <button type="button" class="primary" data-testid="grant-give" disabled=move || !ready() on:click=move |_| give.run(untrack(|| choice.terms()))>
                    {move || match choice.terms().uses { Some(1) => "Allow this one".to_owned(), Some(uses) => format!("Allow the next {uses}"), None => "Always allow this".to_owned() }}
                </button>
            </div>
        </kit::Sheet>
    }
}
