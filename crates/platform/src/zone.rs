//! The user's time zone, for rules that hold at certain hours.

use clawbutler_core::clock::Timestamp;
use jiff::tz::TimeZone;

/// How far the user's clock is ahead of UTC at a time (minutes); `None` where the system does not say.
pub fn offset_minutes(at: Timestamp) -> Option<i32> {
    let zone = TimeZone::try_system().ok()?;
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(zone.to_offset(at).seconds() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_less_than_a_day() {
        for at in [0, 1_795_573_250_000] {
            assert!(offset_minutes(Timestamp(at)).is_none_or(|minutes| minutes.abs() < 24 * 60));
        }
        assert_eq!(offset_minutes(Timestamp(i64::MAX)), None);
    }
}
