//! Times as RFC 3339 writes them: `2026-11-22T10:28:10.741Z`, or with an offset.

use clawbutler_core::clock::Timestamp;

/// Reads an RFC 3339 time; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let digits = rest.strip_prefix('.').map_or("", |rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        &rest[..end]
    });
    let zone = if rest.starts_with('.') { &rest[digits.len() + 1..] } else { rest };
    let ms: i64 = format!("{digits:0<3}").get(..3)?.parse().ok()?;
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
        }
    };
    let days = days(year, month, day);
    Some(Timestamp((((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 + ms))
}

/// Days since the epoch; years that begin in March put the leap day at their end.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, month) = (year.div_euclid(400), (month + 9) % 12);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_milliseconds_since_the_epoch() {
        let ms = |text: &str| parse(text).map(|at| at.0);
        assert_eq!(ms("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(ms("2026-11-22T10:28:10.741Z"), Some(1_795_343_290_741));
        assert_eq!(ms("2024-02-29T23:59:60.5+01:30"), Some(1_709_245_800_500));
        assert_eq!(ms("2026-13-22T10:28:10Z"), None);
        assert_eq!(ms("yesterday"), None);
        assert_eq!(ms("2026-11-22Tä0:28:10Z"), None);
        assert_eq!(ms(""), None);
    }
}
