//! The client's times: `2026-11-25T07:07:59.081Z`.

use clawbutler_core::clock::Timestamp;

/// Reads a time in UTC; nothing for any other spelling.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(whole, ':')?;
    let fits = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !fits || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let ms: i64 = format!("{fraction:0<3}")[..3].parse().ok()?;
    Some(Timestamp((((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms))
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut next = || {
        let part = parts.next()?;
        let plain = !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        if plain { part.parse().ok() } else { None }
    };
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

/// Days since 1970-01-01 in the Gregorian calendar; the year starts in March, so that a leap day is its last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_nothing_else_is() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(Timestamp(0)));
        assert_eq!(parse("2000-02-29T12:00:00.5Z"), Some(Timestamp(951_825_600_500)));
        assert_eq!(parse("2026-11-25T07:07:59.081Z"), Some(Timestamp(1_795_590_479_081)));
        for other in ["", "2026-11-25", "2026-11-25T07:07Z", "2026-13-25T07:07:59Z", "2026-11-25T07:07:59.é1Z", "x"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
