//! What all pages say alike: risk, times, counts, places. Plain functions with ordinary tests.

use clawbutler_wire::Risk;

/// The level's word.
pub(crate) fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
        Risk::Critical => "critical",
    }
}

/// What happens at the deadline, and when: `denied in 4:12`.
pub(crate) fn countdown(at_deadline: &str, expires_at: i64, now: i64) -> String {
    let left = (expires_at - now).max(0) / 1000;
    if left == 0 {
        return "time is up".to_owned();
    }
    let clock = format!("{}:{:02}", left / 60, left % 60);
    match at_deadline.strip_suffix(" only") {
        Some(then) => format!("{then} in {clock}, no longer here"),
        None => format!("{at_deadline} in {clock}"),
    }
}

/// How long ago, roughly.
pub(crate) fn ago(at: i64, now: i64) -> String {
    let seconds = (now - at).max(0) / 1000;
    match seconds {
        0..=4 => "just now".to_owned(),
        5..=59 => format!("{seconds} s ago"),
        60..=3_599 => format!("{} min ago", seconds / 60),
        3_600..=86_399 => format!("{} h ago", seconds / 3_600),
        86_400..=172_799 => "1 day ago".to_owned(),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// How long until, roughly.
pub(crate) fn until(at: i64, now: i64) -> String {
    let minutes = (at - now).max(0) / 60_000;
    match minutes {
        0 => "in less than a minute".to_owned(),
        1..=59 => format!("in {minutes} min"),
        60..=1_439 => format!("in {} h", minutes / 60),
        1_440..=2_879 => "in 1 day".to_owned(),
        _ => format!("in {} days", minutes / 1_440),
    }
}

/// A length of time that a person chooses.
pub(crate) fn length(ms: u64) -> String {
    let seconds = ms / 1000;
    match (seconds / 60, seconds % 60) {
        (0, _) => count(seconds, "second"),
        (minutes, 0) => count(minutes, "minute"),
        (minutes, rest) => format!("{} {}", count(minutes, "minute"), count(rest, "second")),
    }
}

/// `1 request`, `3 requests`.
pub(crate) fn count(number: impl Into<u64>, noun: &str) -> String {
    match number.into() {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}

/// What waits, for titles and for screen readers.
pub(crate) fn waiting(pending: u32) -> String {
    match pending {
        0 => "Nothing waits for you".to_owned(),
        1 => "1 request waiting".to_owned(),
        many => format!("{many} requests waiting"),
    }
}

/// Last part of a path.
pub(crate) fn folder(path: &str) -> String {
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or(path).to_owned()
}

/// The beginning of a long id; the whole one stands in the title.
pub(crate) fn short(id: &str) -> String {
    id.chars().take(8).collect()
}

/// First letter as a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A sentence ends with a full stop, once.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// The guard's state in one line, and whether it is as it should be.
pub(crate) fn guard(governed: u32, guarded: u32) -> (String, bool) {
    match (governed, guarded) {
        (0, _) => ("Nothing is guarded yet".to_owned(), false),
        (all, good) if good >= all => (format!("{} guarded", count(all, "runtime")), true),
        (1, _) => ("The guard is missing".to_owned(), false),
        (all, good) => (format!("{} of {all} not guarded", all - good), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_words() {
        assert_eq!(ago(0, 3_000), "just now");
        assert_eq!(ago(0, 7_200_000), "2 h ago");
        assert_eq!(until(2_592_000_000, 0), "in 30 days");
        assert_eq!(length(300_000), "5 minutes");
        assert_eq!(length(90_000), "1 minute 30 seconds");
        assert_eq!(length(1_000), "1 second");
    }

    #[test]
    fn the_countdown_says_what_happens() {
        assert_eq!(countdown("denied", 48_000, 0), "denied in 0:48");
        assert_eq!(countdown("asks in the terminal only", 252_000, 0), "asks in the terminal in 4:12, no longer here");
        assert_eq!(countdown("denied", 0, 10_000), "time is up");
    }

    #[test]
    fn counts_and_places() {
        assert_eq!(waiting(1), "1 request waiting");
        assert_eq!(guard(2, 1), ("1 of 2 not guarded".to_owned(), false));
        assert_eq!(guard(1, 1), ("1 runtime guarded".to_owned(), true));
        assert_eq!(guard(0, 0).1, false);
        assert_eq!(folder("/a/b/"), "b");
        assert_eq!(folder("/"), "/");
        assert_eq!(sentence("Deletes a folder"), "Deletes a folder.");
        assert_eq!(sentence("Why?"), "Why?");
    }
}
