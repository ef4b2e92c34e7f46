//! What agents spent today and this month, beside the limits: one line a period, with a meter where there is a limit.

use clawbutler_wire::budget::{BudgetView, GetBudget, Meter};
use leptos::prelude::*;

use crate::fetched::Fetched;
use crate::kit;
use crate::live::Live;
use crate::model::count;

/// The figures of both periods; `always`: without a limit too.
#[component]
pub(crate) fn Spent(live: Live, always: bool) -> impl IntoView {
    let fetched = Fetched::<BudgetView>::new();
    Effect::new(move || {
        live.sessions.track();
        live.settings.track();
        fetched.ask(GetBudget {});
    });
    view! {
        {kit::trouble(fetched.error)}
        {move || fetched.value.get().filter(|view| always || view.percent.is_some()).map(|view| view! {
            <section class="spent" aria-label="Spending" data-testid="spent">{meter("Today", &view.day)}{meter("This month", &view.month)}</section>
        })}
    }
}

fn meter(name: &'static str, meter: &Meter) -> AnyView {
    let class = level(meter.percent);
    let bar = meter.percent.map(|percent| {
        let words = words(meter);
        view! { <meter min="0" max="100" low="80" high="99" optimum="0" value=percent.min(100).to_string() aria-label=format!("{name}: {words}")></meter> }
    });
    view! {
        <div class=format!("spent-line {class}") data-testid=format!("spent-{}", if name == "Today" { "day" } else { "month" })>
            <span>{name}</span>{bar}<span class="number">{words(meter)}</span>
            {missing(meter).map(|words| view! { <span class="quiet">{words}</span> })}
        </div>
    }
    .into_any()
}

/// Amber from 80 %, red from 100 %.
fn level(percent: Option<u32>) -> &'static str {
    match percent {
        Some(100..) => "bad",
        Some(80..) => "wary",
        Some(_) | None => "",
    }
}

/// `$4.10 of $5.00 (82 %)`; without a limit, what was spent.
fn words(meter: &Meter) -> String {
    let spent = dollars(meter.spent_micro / 10_000);
    match (meter.limit_cents, meter.percent) {
        (Some(limit), Some(percent)) => {
            let over = if percent >= 100 { ", used up" } else { "" };
            format!("{spent} of {} ({percent} %{over})", dollars(limit.into()))
        }
        _ if meter.spent_micro == 0 && meter.unpriced > 0 => "no cost known".to_owned(),
        _ => spent,
    }
}

/// What is not in the figure.
fn missing(meter: &Meter) -> Option<String> {
    (meter.unpriced > 0)
        .then(|| format!("{} of models without a known price not counted", count(meter.unpriced, "answer", "answers")))
}

/// Cents as dollars.
pub(crate) fn dollars(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// A limit as it was typed, in cents; nothing typed is no limit, and what is no amount is an error.
pub(crate) fn typed(text: &str) -> Result<Option<u32>, &'static str> {
    let text = text.trim().trim_start_matches('$');
    if text.is_empty() {
        return Ok(None);
    }
    let amount = "Type an amount in US dollars, as 5 or 12.50; empty for no limit.";
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 2 {
        return Err(amount);
    }
    let part = if part.len() == 1 { format!("{part}0") } else { part.to_owned() };
    let cents = whole.parse::<u32>().ok().and_then(|whole| whole.checked_mul(100)?.checked_add(part.parse().ok()?));
    cents.filter(|cents| (1..=100_000_000).contains(cents)).map(Some).ok_or("A limit is from $0.01 to $1,000,000.00.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_type_them_and_nothing_else_is_a_limit() {
        assert_eq!(
            [typed("5"), typed("$12.5"), typed(" 0,01 "), typed("")],
            [Ok(Some(500)), Ok(Some(1_250)), Ok(Some(1)), Ok(None)]
        );
        for wrong in ["0", "-1", "1.234", "x", "1e3", "1000000.01", "."] {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_known_is_never_a_nought() {
        let meter = Meter { unpriced: 2, ..Meter::default() };
        assert_eq!(words(&meter), "no cost known");
        assert_eq!(missing(&meter).as_deref(), Some("2 answers of models without a known price not counted"));
        let over = Meter { spent_micro: 5_101_000, limit_cents: Some(500), percent: Some(102), ..Meter::default() };
        assert_eq!((words(&over).as_str(), level(over.percent)), ("$5.10 of $5.00 (102 %, used up)", "bad"));
        assert_eq!([level(None), level(Some(79)), level(Some(80))], ["", "", "wary"]);
    }
}
