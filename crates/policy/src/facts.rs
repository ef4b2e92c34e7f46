//! What a rule may ask about besides the action: time, money, people. Handed in, never read here.

use clawbutler_core::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// Facts about the moment of an action. `None` is unknown, which is another thing than zero.
///
/// A condition on an unknown fact never holds for `allow` and `defer`. For `ask` and `deny` it holds where
/// the fact is about time or people, because not knowing is no reason to be laxer; it does not hold for
/// cost and budget, which are unknown more often than not and would make such a rule ask about everything.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Facts {
    /// Wall-clock time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Minutes since midnight where the user is: 0 to 1439.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minute_of_day: Option<u16>,
    /// Day of the week where the user is: 0 is Monday, 6 Sunday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekday: Option<u8>,
    /// What the action would cost at most (US dollars), estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// How much of the tightest budget that applies is used (percent; may pass 100).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_percent: Option<u32>,
    /// Whether somebody is there to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attended: Option<bool>,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Facts {
    /// Nothing is known.
    pub const fn unknown() -> Self {
        Self { at: None, minute_of_day: None, weekday: None, cost_usd: None, budget_percent: None, attended: None }
    }

    /// Facts of a time. `offset_minutes` is how far the user's clock is ahead of UTC; `None` leaves hour
    /// and day unknown.
    pub fn at(at: Timestamp, offset_minutes: Option<i32>) -> Self {
        let Some(offset) = offset_minutes else { return Self { at: Some(at), ..Self::unknown() } };
        let local = at.0.saturating_add(i64::from(offset) * 60_000);
        // The epoch was a Thursday.
        let weekday = (local.div_euclid(DAY_MS) + 3).rem_euclid(7);
        Self {
            at: Some(at),
            minute_of_day: u16::try_from(local.rem_euclid(DAY_MS) / 60_000).ok(),
            weekday: u8::try_from(weekday).ok(),
            ..Self::unknown()
        }
    }
}

/// The days as rules write them, Monday first.
pub(crate) const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads `09:00-18:00` as minutes since midnight. The end is not part of it; past midnight it wraps.
pub(crate) fn hours(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    Some((minute(from.trim())?, minute(to.trim())?))
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| (text.len() == 2).then(|| number(text)).flatten();
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    // 24:00 is how people write the end of a day.
    let valid = (hour < 24 && minute < 60) || (hour == 24 && minute == 0);
    valid.then(|| u16::try_from(hour * 60 + minute).ok()).flatten()
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Whether a minute of the day lies in a span that may wrap past midnight.
pub(crate) fn within(span: (u16, u16), minute: u16) -> bool {
    let (from, to) = span;
    if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
}

/// Reads `2026-12-31` (until the end of that day in UTC) or `2026-12-31T18:00:00Z`: the first moment at
/// which the rule is out of force.
pub(crate) fn expiry(text: &str) -> Option<Timestamp> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut fields = date.splitn(3, '-');
    let (year, month, day) = (fields.next()?, fields.next()?, fields.next()?);
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let start = days_from_epoch(year, month, day) * DAY_MS;
    let Some(time) = time else { return Some(Timestamp(start + DAY_MS)) };
    let time = time.strip_suffix(['Z', 'z'])?;
    let time = time.split_once('.').map_or(time, |(whole, _)| whole);
    let (clock, second) = (time.get(..5)?, time.get(5..)?);
    let minute = minute(clock)?;
    let second = match second.strip_prefix(':') {
        Some(second) if second.len() == 2 => number(second).filter(|second| *second < 60)?,
        None if second.is_empty() => 0,
        _ => return None,
    };
    Some(Timestamp(start + i64::from(minute) * 60_000 + second * 1000))
}

/// Days since 1970-01-01 of a date in the Gregorian calendar, counted in years that start in March.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let month_from_march = (month + 9) % 12;
    year * 365 + leap_days + (153 * month_from_march + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01", Some(DAY_MS)),
            ("2000-02-29T12:30Z", Some(951_827_400_000)),
            ("2026-11-25T02:20:50Z", Some(1_795_573_250_000)),
            ("2026-11-25T02:20:50.123Z", Some(1_795_573_250_000)),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-1-01", None),
            ("2026-01-01T00:00:00", None),
            ("2026-01-01T00:00:00+02:00", None),
            ("soon", None),
        ] {
            assert_eq!(expiry(text), expected.map(Timestamp), "{text}");
        }
        assert_eq!(hours("09:00-18:30"), Some((540, 1110)));
        assert_eq!(hours("22:00-24:00"), Some((1320, 1440)));
        for wrong in ["9:00-18:00", "09:00", "09:60-10:00", "25:00-26:00", "a:b-c:d"] {
            assert_eq!(hours(wrong), None, "{wrong}");
        }
        assert!(within((1320, 360), 1400) && within((1320, 360), 0) && !within((1320, 360), 360));
        assert!(within((540, 600), 540) && !within((540, 600), 600) && !within((540, 540), 540));
    }

    #[test]
    fn a_time_gives_hour_and_day() {
        // 2026-11-25 was a Wednesday.
        let at = Timestamp(1_795_573_250_000);
        let here = Facts::at(at, Some(60));
        assert_eq!((here.minute_of_day, here.weekday), (Some(200), Some(2)));
        let west = Facts::at(at, Some(-180));
        assert_eq!((west.minute_of_day, west.weekday), (Some(23 * 60 + 20), Some(1)));
        assert_eq!(Facts::at(at, None), Facts { at: Some(at), ..Facts::unknown() });
    }
}
