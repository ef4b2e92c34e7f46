//! Times as OpenClaw writes them: `2026-11-22T11:51:58.114Z`, always UTC.

/// Milliseconds since the epoch; `None` for anything else than that form.
pub(super) fn millis(text: &str) -> Option<i64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = numbers(clock, ':')?;
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 || fraction.bytes().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    let part = format!("{:0<3}", fraction.get(..fraction.len().min(3))?).parse::<i64>().ok()?;
    Some((((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + part)
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut found = [0; 3];
    let mut parts = text.split(separator);
    for number in &mut found {
        let part = parts.next().filter(|part| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

/// Days since the epoch of a day in the Gregorian calendar; years are counted from March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn times_are_read_exactly_or_not_at_all() {
        assert_eq!(millis("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(millis("2026-11-22T11:51:58.114Z"), Some(1_795_348_318_114));
        assert_eq!(millis("2024-02-29T23:59:59Z"), Some(1_709_251_199_000));
        assert_eq!(millis("2026-11-22T11:51:58.1Z"), Some(1_795_348_318_100));
        for bad in ["", "Z", "2026-11-22", "2026-13-01T00:00:00Z", "2026-11-22T11:51:58.114+01:00", "a-b-cTd:e:fZ"] {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }
}
