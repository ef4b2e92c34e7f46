//! What agents may spend.

use clawbutler_wire::budget::Budget;
use leptos::prelude::*;

use crate::budget::{self, Spent};
use crate::live::Live;

/// A limit of one period.
type Field = (&'static str, &'static str, fn(&Budget) -> Option<u32>, fn(&mut Budget, Option<u32>));

const FIELDS: [Field; 2] = [
    ("A day (US dollars)", "budget-day", |budget| budget.day_cents, |budget, cents| budget.day_cents = cents),
    ("A month (US dollars)", "budget-month", |budget| budget.month_cents, |budget, cents| budget.month_cents = cents),
];

#[component]
pub(super) fn Section(live: Live, change: Callback<Budget>) -> impl IntoView {
    let error = RwSignal::new(None::<&'static str>);
    let fields = FIELDS.map(|(label, testid, get, set)| {
        let shown = move || {
            let cents = live.settings.with(|settings| get(&settings.budget));
            cents.map(|cents| format!("{}.{:02}", cents / 100, cents % 100)).unwrap_or_default()
        };
        let typed = move |event| match budget::typed(&event_target_value(&event)) {
            Ok(cents) => {
                error.set(None);
                let mut budget = live.settings.with_untracked(|settings| settings.budget);
                set(&mut budget, cents);
                change.run(budget);
            }
            Err(says) => error.set(Some(says)),
        };
        view! { <label class="setting">{label}<input type="text" inputmode="decimal" placeholder="no limit" data-testid=testid prop:value=shown on:change=typed/></label> }
    });
    view! {
        <h2>"Budget"</h2>
        <p class="quiet">"For all governed agents together, by what they recorded or by list prices. You are told at 80 % and at 100 %. Nothing is stopped by a budget alone: the Strict rules ask about every call once one is used up, and a rule of yours can ("<code>"budget_at_least"</code>")."</p>
        {fields}
        {move || error.get().map(|says| view! { <p class="trouble" role="alert">{says}</p> })}
        <Spent live=live always=true/>
    }
}
