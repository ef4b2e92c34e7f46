//! Times as the client writes them: `2026-11-22T11:25:41.820Z`, always UTC.

use clawbutler_core::clock::Timestamp;

/// The time of a text in exactly that form; fractions of any length, milliseconds count.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let plain = bytes.len() >= 20 && bytes.len() <= 40 && bytes.is_ascii();
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !plain || bytes.last() != Some(&b'Z') || marks.iter().any(|(at, mark)| bytes[*at] != *mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = &text[from..to];
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let millis = match &text[19..text.len() - 1] {
        "" => 0,
        rest => {
            let digits = rest.strip_prefix('.').filter(|digits| !digits.is_empty())?;
            let all = digits.bytes().all(|byte| byte.is_ascii_digit());
            all.then(|| format!("{:0<3}", &digits[..digits.len().min(3)]).parse::<i64>().ok())??
        }
    };
    Some(Timestamp((((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis))
}

/// Days from the epoch to a day of the Gregorian calendar; a year is counted from its March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_millisecond_or_not_at_all() {
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(Timestamp(0)));
        assert_eq!(read("2026-11-22T11:25:41.820Z"), Some(Timestamp(1_795_346_741_820)));
        assert_eq!(read("2024-02-29T23:59:59.5Z"), Some(Timestamp(1_709_251_199_500)));
        for bad in ["", "Z", "2026-11-22", "2026-13-01T00:00:00Z", "2026-11-22T11:25:41.820", "2026-11-22T11:25:41.Z"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read("2026-11-22T11:25:ä1.820Z"), None);
    }
}
