//! Budgets: what the sessions spent in a day or month of the user's, and what happens when that crosses a limit.
//!
//! Figures come from what sessions recorded (`store::sessions`): recorded costs, else list prices times tokens. What has
//! no known price is counted as not known, never as nothing.

use std::sync::PoisonError;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::{Clock, Timestamp};
use clawbutler_core::limits::{BUDGET_CENTS, BUDGET_CROSSINGS};
use clawbutler_ledger::Kind;
use clawbutler_store::{Durability, StoreError};
use clawbutler_wire::budget::{Budget, BudgetView, GetBudget, Meter};
use clawbutler_wire::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Butler, Error, Event, audit, view};

/// Parts of a limit that are recorded when they are crossed (percent).
const THRESHOLDS: [u32; 3] = [50, 80, 100];
/// From here on a person is told (percent).
const TOLD: u32 = 80;
/// Where it is remembered what was recorded.
const KEY: &str = "budget.crossed";
/// Millionths of a dollar in a cent.
const MICRO_PER_CENT: u64 = 10_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Longest month (days).
const MONTH_DAYS: i64 = 31;

/// A day or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Span {
    Day,
    Month,
}

/// Everything up to `threshold` was recorded for a limit in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Crossed {
    span: Span,
    period: String,
    limit_cents: u32,
    threshold: u32,
}

/// What was recorded, the latest last; bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known(Vec<Crossed>);

impl Known {
    fn of(text: Option<String>) -> Self {
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Thresholds that a meter reached and that were not recorded yet.
    fn fresh(&self, span: Span, meter: &Meter) -> Vec<u32> {
        let (Some(limit), Some(percent)) = (meter.limit_cents, meter.percent) else { return Vec::new() };
        let known = self.0.iter().filter(|one| is_of(one, span, &meter.period, limit)).map(|one| one.threshold).max();
        THRESHOLDS.into_iter().filter(|part| percent >= *part && known.is_none_or(|known| known < *part)).collect()
    }

    fn note(&mut self, span: Span, meter: &Meter, threshold: u32) {
        let Some(limit) = meter.limit_cents else { return };
        self.0.retain(|one| !is_of(one, span, &meter.period, limit));
        self.0.push(Crossed { span, period: meter.period.clone(), limit_cents: limit, threshold });
        let over = self.0.len().saturating_sub(BUDGET_CROSSINGS);
        self.0.drain(..over);
    }
}

fn is_of(one: &Crossed, span: Span, period: &str, limit: u32) -> bool {
    one.span == span && one.period == period && one.limit_cents == limit
}

/// Where a local day begins (ms since the epoch), from the number of the day.
fn beginning(clock: &dyn Clock, day: i64) -> i64 {
    let offset = |at: i64| i64::from(clock.offset_minutes(Timestamp(at)).unwrap_or(0)) * MINUTE_MS;
    let local = day * DAY_MS;
    // The offset of about then, then the one of the beginning itself: they differ where the clock is changed.
    let about = local - offset(local);
    local - offset(about)
}

/// The day and the month of a time, empty so far.
fn periods(clock: &dyn Clock, at: Timestamp) -> (Meter, Meter) {
    let offset = i64::from(clock.offset_minutes(at).unwrap_or(0));
    let today = at.0.saturating_add(offset * MINUTE_MS).div_euclid(DAY_MS);
    let name = |day: i64| view::day(Timestamp(day * DAY_MS), 0);
    let date = name(today);
    let month = date[..date.len() - 3].to_owned();
    let first = (0..MONTH_DAYS).map(|back| today - back).take_while(|day| name(*day).starts_with(&month)).last();
    let next = (1..=MONTH_DAYS).map(|on| today + on).find(|day| !name(*day).starts_with(&month));
    let meter = |period: String, from: i64, until: i64| Meter {
        period,
        from: beginning(clock, from),
        until: beginning(clock, until),
        ..Meter::default()
    };
    let month = meter(month, first.unwrap_or(today), next.unwrap_or(today + 1));
    (meter(date, today, today + 1), month)
}

fn percent(spent_micro: u64, limit_cents: u32) -> u32 {
    let limit = (u64::from(limit_cents) * MICRO_PER_CENT).max(1);
    u32::try_from(spent_micro.saturating_mul(100) / limit).unwrap_or(u32::MAX)
}

/// An amount of cents in dollars.
fn usd(cents: u64) -> String {
    format!("{}.{:02} USD", cents / 100, cents % 100)
}

fn says(span: Span, meter: &Meter, threshold: u32) -> String {
    let whose = match span {
        Span::Day => format!("the day's budget ({})", meter.period),
        Span::Month => format!("the month's budget ({})", meter.period),
    };
    let limit = usd(u64::from(meter.limit_cents.unwrap_or(0)));
    match threshold {
        100.. => format!("Agents used up {whose} of {limit}."),
        part => format!("Agents used {part} % of {whose} of {limit}."),
    }
}

/// Refuses limits out of bounds.
pub(crate) fn check(budget: &Budget) -> Result<(), Error> {
    let fits = |limit: Option<u32>| limit.is_none_or(|cents| (1..=BUDGET_CENTS).contains(&cents));
    if fits(budget.day_cents) && fits(budget.month_cents) {
        Ok(())
    } else {
        Err(Error::bad("A budget is from 0.01 to 1,000,000.00 USD."))
    }
}

impl Butler {
    /// What was spent today and this month, beside the limits.
    pub fn get_budget(&self, _: GetBudget) -> Result<BudgetView, Error> {
        let limits = self.settings().budget;
        let (mut day, mut month) = periods(self.0.ports.clock.as_ref(), self.now());
        self.0.sessions.store.read::<_, StoreError>(|read| {
            for (meter, limit) in [(&mut day, limits.day_cents), (&mut month, limits.month_cents)] {
                let spent = read.spent(meter.from, meter.until)?;
                (meter.spent_micro, meter.unpriced, meter.limit_cents) = (spent.micro, spent.unpriced, limit);
                meter.percent = limit.map(|limit| percent(spent.micro, limit));
            }
            Ok(())
        })?;
        Ok(BudgetView { percent: day.percent.max(month.percent), day, month })
    }

    /// Counts anew, tells the policy, and records what was crossed since; every part of a limit once a period.
    pub(crate) fn look_at_budgets(&self) -> Result<(), Error> {
        let limits = self.settings().budget;
        if limits == Budget::default() {
            self.set_budget_percent(None);
            return Ok(());
        }
        let view = self.get_budget(GetBudget {})?;
        self.set_budget_percent(view.percent);
        let meters = [(Span::Day, &view.day), (Span::Month, &view.month)];
        let known = Known::of(self.0.store.read(|read| read.setting(KEY))?);
        if meters.iter().all(|(span, meter)| known.fresh(*span, meter).is_empty()) {
            return Ok(());
        }
        let at = self.now();
        let crossed = self.0.store.write::<_, Error>(Durability::Power, |tx| {
            // Looked at again: another thread may have been here.
            let mut known = Known::of(tx.read().setting(KEY)?);
            let mut crossed = Vec::new();
            for (span, meter) in meters {
                for threshold in known.fresh(span, meter) {
                    let facts = json!({
                        "span": span,
                        "period": meter.period,
                        "threshold": threshold,
                        "limit_cents": meter.limit_cents,
                        "spent_micro": meter.spent_micro,
                        "unpriced": meter.unpriced,
                    });
                    audit::append(tx, at, self.entry(Kind::BudgetCrossed, Actor::Engine, facts))?;
                    known.note(span, meter, threshold);
                    crossed.push((span, meter, threshold));
                }
            }
            let text = serde_json::to_string(&known).map_err(|error| Error::bad(error.to_string()))?;
            tx.setting_put(KEY, &text)?;
            Ok(crossed)
        })?;
        self.tell_of_budgets(&crossed);
        Ok(())
    }

    /// The highest of what each meter crossed is shown and sent.
    fn tell_of_budgets(&self, crossed: &[(Span, &Meter, u32)]) {
        for wanted in [Span::Day, Span::Month] {
            let of_it = crossed.iter().filter(|(span, _, part)| *span == wanted && *part >= TOLD);
            let Some((span, meter, part)) = of_it.max_by_key(|(_, _, part)| *part) else { continue };
            if *part > TOLD {
                self.clear_alert(&says(*span, meter, TOLD));
            }
            let says = says(*span, meter, *part);
            self.alert(&says, "See what each session cost on the Sessions page; the limit is in the settings.");
            self.tell(&Event::Budget { says });
        }
        if !crossed.is_empty() {
            self.changed(Topic::Audit);
        }
    }

    /// Tells rules how much of the tightest budget is used (percent; may pass 100); `None`: there is none.
    fn set_budget_percent(&self, used: Option<u32>) {
        *self.0.budget.write().unwrap_or_else(PoisonError::into_inner) = used;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Berlin's clock around the ends of summer time of 2026.
    #[derive(Debug)]
    struct Berlin;

    impl Clock for Berlin {
        fn wall(&self) -> Timestamp {
            Timestamp(0)
        }

        fn steady_ms(&self) -> u64 {
            0
        }

        fn offset_minutes(&self, at: Timestamp) -> Option<i32> {
            // 29 March and 25 October 2026, 01:00 UTC.
            Some(if (1_774_746_000_000..1_792_890_000_000).contains(&at.0) { 120 } else { 60 })
        }
    }

    #[test]
    fn days_and_months_begin_at_midnight_of_the_users_clock() {
        const HOUR: i64 = 3_600_000;
        // 25 October 2026, 12:00 in Berlin: a day of 25 hours in a month that began in summer time.
        let (day, month) = periods(&Berlin, Timestamp(1_792_926_000_000));
        assert_eq!((day.period.as_str(), (day.until - day.from) / HOUR), ("2026-10-25", 25));
        assert_eq!((month.period.as_str(), (month.until - month.from) / HOUR), ("2026-10", 31 * 24 + 1));
        // 31 December, 23:30 UTC, is next year there.
        let (day, month) = periods(&Berlin, Timestamp(1_798_759_800_000));
        assert_eq!((day.period.as_str(), month.period.as_str(), day.from), ("2027-01-01", "2027-01", month.from));
    }

    proptest! {
        #[test]
        fn no_part_of_a_limit_is_told_twice_and_none_is_missed(
            steps in prop::collection::vec((0_u32..4, 1_u32..4, 0_u32..130), 1..60),
        ) {
            let mut known = Known::default();
            let mut told = BTreeSet::new();
            let mut reached = BTreeSet::new();
            for (period, limit, percent) in steps {
                let meter = Meter {
                    period: period.to_string(),
                    limit_cents: Some(limit),
                    percent: Some(percent),
                    ..Meter::default()
                };
                reached.extend(THRESHOLDS.into_iter().filter(|part| percent >= *part).map(|part| (period, limit, part)));
                for part in known.fresh(Span::Day, &meter) {
                    known.note(Span::Day, &meter, part);
                    prop_assert!(told.insert((period, limit, part)), "{part} % a second time");
                }
                // As it is after a restart.
                let text = serde_json::to_string(&known).ok();
                prop_assert_eq!(&Known::of(text), &known);
            }
            prop_assert_eq!(told, reached);
        }
    }
}
