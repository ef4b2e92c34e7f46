//! What pages say, as plain functions with ordinary tests.

use clawbutler_wire::Risk;
use clawbutler_wire::approvals::ApprovalView;

/// The level's word.
pub(crate) fn risk_word(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
        Risk::Critical => "critical",
    }
}

/// What happens at the deadline, and when: `denied in 4:12`.
pub(crate) fn countdown(view: &ApprovalView, now: i64) -> String {
    let left = (view.expires_at - now).max(0) / 1000;
    format!("{} in {}:{:02}", view.at_deadline, left / 60, left % 60)
}

/// How long ago, roughly.
pub(crate) fn ago(at: i64, now: i64) -> String {
    let seconds = (now - at).max(0) / 1000;
    match seconds {
        0..=4 => "just now".to_owned(),
        5..=59 => format!("{seconds} s ago"),
        60..=3_599 => format!("{} min ago", seconds / 60),
        3_600..=86_399 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// `1 request waits`, `3 requests wait`.
pub(crate) fn waiting_words(count: u32) -> String {
    match count {
        0 => "Nothing waits for you".to_owned(),
        1 => "1 request waits for you".to_owned(),
        many => format!("{many} requests wait for you"),
    }
}

/// `1 reason`, `3 reasons`.
pub(crate) fn reasons_words(count: usize) -> String {
    if count == 1 { "1 reason".to_owned() } else { format!("{count} reasons") }
}

/// Last part of a path.
pub(crate) fn folder(path: &str) -> String {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path).to_owned()
}

/// Whether a card has to be drawn anew. News about other requests (how many are alike) must not take away
/// a reason that is being typed.
pub(crate) fn is_another_card(old: Option<&Option<ApprovalView>>, new: Option<&Option<ApprovalView>>) -> bool {
    let key = |view: Option<&Option<ApprovalView>>| {
        view.map(|view| {
            view.as_ref().map(|view| {
                (
                    view.id.clone(),
                    view.revision,
                    view.seen_digest.clone(),
                    view.state,
                    view.client_waiting,
                    view.outcome.clone(),
                )
            })
        })
    };
    key(old) != key(new)
}

/// Whether an item belongs to what was typed into the search field.
pub(crate) fn found(view: &ApprovalView, typed: &str) -> bool {
    let typed = typed.trim().to_lowercase();
    typed.is_empty()
        || [&view.headline, &view.cwd, &view.runtime_name, &view.tool]
            .iter()
            .any(|text| text.to_lowercase().contains(&typed))
}

/// The id `step` places after the chosen one; the first when none is chosen.
pub(crate) fn neighbour(ids: &[String], chosen: &str, step: isize) -> Option<String> {
    let at = ids.iter().position(|id| id == chosen);
    let next = match at {
        Some(at) => at.saturating_add_signed(step).min(ids.len().saturating_sub(1)),
        None => 0,
    };
    ids.get(next).cloned()
}

/// The guard's state in one line for the foot of the rail.
pub(crate) fn guard_line(governed: u32, guarded: u32) -> String {
    match (governed, guarded) {
        (0, _) => "Nothing governed yet".to_owned(),
        (all, good) if all == good => format!("{all} guarded"),
        (all, good) => format!("{} of {all} not guarded", all - good),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_stay_inside_the_list() {
        let ids: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(neighbour(&ids, "a", 1).as_deref(), Some("b"));
        assert_eq!(neighbour(&ids, "c", 1).as_deref(), Some("c"));
        assert_eq!(neighbour(&ids, "a", -1).as_deref(), Some("a"));
        assert_eq!(neighbour(&ids, "gone", 1).as_deref(), Some("a"));
        assert_eq!(neighbour(&[], "a", 1), None);
    }

    #[test]
    fn times_and_counts_read_as_words() {
        assert_eq!(ago(0, 3_000), "just now");
        assert_eq!(ago(0, 7_200_000), "2 h ago");
        assert_eq!(waiting_words(1), "1 request waits for you");
        assert_eq!(guard_line(2, 1), "1 of 2 not guarded");
        assert_eq!(folder("/a/b/"), "b");
    }
}
