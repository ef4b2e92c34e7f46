//! What would change: recorded actions judged again, before the change is made.

use clawbutler_wire::command::{SaveRules, SetPack, SimulateRules};
use clawbutler_wire::rules::{ChangeView, DraftFile, SimulationView};
use leptos::prelude::*;

use super::{Desk, model};
use crate::fetched::Fetched;
use crate::live::Live;
use crate::{clock, kit, model as words};

const DAY: u64 = 86_400_000;

/// A change on the screen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) title: String,
    /// Packs that would be in force; absent: those that are.
    pub(super) packs: Option<Vec<String>>,
    /// A file that would be there.
    pub(super) draft: Option<DraftFile>,
    pub(super) change: Change,
}

/// What a yes does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    Pack(SetPack),
    Save(SaveRules),
}

impl Change {
    fn verb(&self) -> &'static str {
        match self {
            Self::Pack(_) => "Put in force",
            Self::Save(_) => "Save and put in force",
        }
    }

    fn carry_out(&self, desk: Desk) {
        match self.clone() {
            Self::Pack(request) => desk.send(request, "The packs in force are changed.".to_owned(), |_| ()),
            Self::Save(request) => {
                let said = format!("{} is saved and in force.", request.name);
                desk.send(request, said, move |view| desk.draft.saved(view));
            }
        }
    }
}

/// The sheet: the diff of verdicts, and the button that makes it so.
#[component]
pub(super) fn WhatIf(desk: Desk, asked: Asked) -> impl IntoView {
    let days = RwSignal::new(7_u64);
    let found = Fetched::<SimulationView>::new();
    let (draft, packs, change) = (asked.draft.clone(), asked.packs.clone(), asked.change.clone());
    Effect::new(move |_| {
        found.clear();
        found.ask(SimulateRules { draft: draft.clone(), packs: packs.clone(), since_ms: Some(days.get() * DAY) });
    });
    let close = Callback::new(move |()| desk.asked.set(None));
    let verb = change.verb();
    let looser = move || found.value.with(|found| found.as_ref().map_or(0, |found| found.newly_allowed));
    let period = move |number: u64| {
        view! { <button type="button" data-testid=format!("since-{number}") aria-pressed=move || (days.get() == number).to_string() on:click=move |_| days.set(number)>{format!("{number} days")}</button> }
    };
    view! {
        <kit::Sheet title=asked.title testid="what-if" wide=true close=close>
            <div class="tools"><span class="quiet">"What would have been judged otherwise in the last"</span><div class="segments" role="group" aria-label="How far back">{period(7)}{period(30)}</div></div>
            {kit::trouble(found.error)}
            {move || match found.value.get() {
                None if found.error.with(Option::is_some) => ().into_any(),
                None => view! { <p class="loading">"Judging what was recorded again…"</p> }.into_any(),
                Some(found) => view! { <Diff found=found live=desk.live/> }.into_any(),
            }}
            <div class="buttons">
                {move || (looser() > 0).then(|| view! { <p class="warning">{format!("{} would pass more easily.", looser())}</p> })}
                <button type="button" class="plain" on:click=move |_| close.run(())>"Leave it as it is"</button>
                <button type="button" class="primary" data-testid="what-if-yes" disabled=move || desk.busy.get() || found.busy.get() on:click=move |_| change.carry_out(desk)>{verb}</button>
            </div>
        </kit::Sheet>
    }
}

/// The verdicts that would change; looser ones are marked and can be shown alone.
#[component]
pub(super) fn Diff(found: SimulationView, live: Live) -> impl IntoView {
    let alone = RwSignal::new(false);
    let sentence = model::summary(&found);
    let left_out = model::left_out(&found);
    let mixed = found.newly_allowed > 0 && found.newly_stopped > 0;
    let changed = StoredValue::new(found.changed);
    let rows = move || {
        let alone = alone.get();
        changed.with_value(|all| all.iter().filter(|one| one.looser || !alone).cloned().collect::<Vec<_>>())
    };
    view! {
        <div class="diff-of-verdicts" data-testid="simulation">
            <p class="sentence" role="status">{sentence}</p>
            {mixed.then(|| view! { <label class="choice"><input type="checkbox" on:change=move |event| alone.set(event_target_checked(&event))/>"Only what would pass more easily"</label> })}
            {(!changed.with_value(Vec::is_empty)).then(|| view! {
                <div class="scroll" tabindex="0" role="group" aria-label="Verdicts that would change"><table>
                    <thead><tr><th>"Action"</th><th>"Verdict"</th><th>"Because"</th></tr></thead>
                    <tbody>{move || rows().into_iter().map(|one| view! { <Row one=one live=live/> }).collect_view()}</tbody>
                </table></div>
            })}
            {left_out.map(|words| view! { <p class="quiet">{words}</p> })}
            <p class="quiet number">{format!("Took {} ms.", found.took_ms)}</p>
        </div>
    }
}

#[component]
fn Row(one: ChangeView, live: Live) -> impl IntoView {
    let at = one.at;
    view! {
        <tr class:looser=one.looser data-testid="change">
            <td><code>{one.headline}</code><p class="quiet" title=clock::exact(at)>{one.runtime}" · "{move || words::ago(at, live.now())}</p></td>
            <td class="verdicts"><s>{words::verdict(&one.before).to_owned()}</s>" → "<strong>{words::verdict(&one.after).to_owned()}</strong>
                {one.looser.then(|| view! { <p><span class="tag warn">"looser"</span></p> })}</td>
            <td>{one.because_after}<p class="quiet">"Before: "{one.because_before}</p></td>
        </tr>
    }
}
