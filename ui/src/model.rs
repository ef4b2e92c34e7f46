//! What pages say, as plain functions with ordinary tests.

use clawbutler_wire::Risk;
use clawbutler_wire::approvals::{ApprovalView, CostLabel, CostView, Scope};
use clawbutler_wire::grants::{GrantPreview, ProposalView};

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
        _ => format!("{} ago", count((seconds / 86_400).unsigned_abs(), "day", "days")),
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

/// A file beside the data folder, not in it: where what is made for the user is suggested to go.
pub(crate) fn beside(data_dir: &str, file: &str) -> String {
    let mark = if data_dir.contains('\\') { '\\' } else { '/' };
    let folder = data_dir.trim_end_matches(mark).rsplit_once(mark).map_or("", |(folder, _)| folder);
    format!("{folder}{mark}{file}")
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

/// What a verdict does, as a word for people.
pub(crate) fn decision_words(decision: &str) -> String {
    match decision {
        "deny" => "Denied".to_owned(),
        "ask" => "Asked about".to_owned(),
        "defer" => "Left to the agent's own prompt".to_owned(),
        "allow" => "Allowed".to_owned(),
        other => other.to_owned(),
    }
}

/// What a decision does, as a short verb for a table.
pub(crate) fn verdict(decision: &str) -> &str {
    match decision {
        "defer" => "left to the agent",
        "allow" | "approved" => "allowed",
        "ask" => "asked",
        "deny" | "rejected" => "denied",
        other => other,
    }
}

/// The start of a long id or digest, by which people tell them apart.
pub(crate) fn short_id(id: &str) -> String {
    id.chars().take(8).collect()
}

/// Words as a sentence of their own: a capital letter first. What is quoted stays as it is.
pub(crate) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a figure rests on, without the label that stands before it.
pub(crate) fn basis(cost: &CostView) -> &str {
    let basis = cost.basis.trim();
    ["estimated: ", "unknown: "].iter().find_map(|label| basis.strip_prefix(label)).unwrap_or(basis)
}

/// `1 use`, `3 uses`: a number with its noun.
pub(crate) fn count(number: impl Into<u64>, one: &str, many: &str) -> String {
    match number.into() {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// What a request would cost: `estimated, $0.02 to $0.40`, or `unknown`.
pub(crate) fn cost_words(cost: &CostView) -> String {
    let dollars = |usd: f64| if usd < 0.01 { "under $0.01".to_owned() } else { format!("${usd:.2}") };
    match (cost.label, cost.low_usd, cost.high_usd) {
        (CostLabel::Estimated, Some(low), Some(high)) if dollars(low) == dollars(high) => {
            format!("estimated, {}", dollars(high))
        }
        (CostLabel::Estimated, Some(low), Some(high)) => format!("estimated, {} to {}", dollars(low), dollars(high)),
        (CostLabel::Estimated, None, Some(high)) => format!("estimated, up to {}", dollars(high)),
        (CostLabel::Estimated, Some(low), None) => format!("estimated, from {}", dollars(low)),
        (CostLabel::Estimated, None, None) | (CostLabel::Unknown, _, _) => "unknown".to_owned(),
    }
}

/// The always-allows that are offered, narrow ones first. None for critical risk.
pub(crate) fn proposals(view: &ApprovalView) -> Vec<ProposalView> {
    if view.risk == Risk::Critical {
        return Vec::new();
    }
    let single = || {
        let title = view.always_covers.clone()?;
        Some(ProposalView { index: 0, title, warning: None, scopes: vec![Scope::Session, Scope::Project] })
    };
    if view.proposals.is_empty() { single().into_iter().collect() } else { view.proposals.clone() }
}

/// Where an always-allow holds.
pub(crate) fn scope_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Session => "In this session",
        Scope::Project => "In this project folder",
        Scope::Machine => "Anywhere on this machine",
    }
}

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// How long an always-allow may hold at a scope: words and milliseconds; nothing means until the session ends.
pub(crate) fn lengths(scope: Scope) -> &'static [(&'static str, Option<u64>)] {
    match scope {
        Scope::Session => &[("until the session ends", None), ("for 1 hour", Some(HOUR)), ("for 1 day", Some(DAY))],
        Scope::Project => &[
            ("for 1 hour", Some(HOUR)),
            ("for 1 day", Some(DAY)),
            ("for 7 days", Some(7 * DAY)),
            ("for 30 days", Some(30 * DAY)),
            ("for 90 days", Some(90 * DAY)),
        ],
        Scope::Machine => &[
            ("for 1 hour", Some(HOUR)),
            ("for 1 day", Some(DAY)),
            ("for 7 days", Some(7 * DAY)),
            ("for 30 days", Some(30 * DAY)),
        ],
    }
}

/// Where in [`lengths`] the choice starts.
pub(crate) fn usual_length(scope: Scope) -> usize {
    match scope {
        Scope::Session => 0,
        Scope::Project => 2,
        Scope::Machine => 1,
    }
}

/// What a grant would have covered, in a sentence.
pub(crate) fn preview_words(preview: &GrantPreview) -> String {
    if preview.count_30d == 0 {
        return "Would have covered nothing else in the last 30 days.".to_owned();
    }
    let requests = count(preview.count_30d, "request", "requests");
    let sessions = count(preview.sessions, "session", "sessions");
    format!("Would have covered {requests} of {sessions} in the last 30 days.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_file_lies_beside_the_data_folder() {
        assert_eq!(beside("/home/a/.local/share/clawbutler", "x.csv"), "/home/a/.local/share/x.csv");
        assert_eq!(beside(r"C:\Users\a\ClawButler\", "x.csv"), r"C:\Users\a\x.csv");
    }

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
        assert_eq!([sentence("runs touch"), sentence("“rm” in x"), sentence("")], ["Runs touch", "“rm” in x", ""]);
        assert_eq!(ago(0, 90_000_000), "1 day ago");
        assert_eq!(waiting_words(1), "1 request waits for you");
        assert_eq!(guard_line(2, 1), "1 of 2 not guarded");
        assert_eq!(folder("/a/b/"), "b");
    }

    #[test]
    fn costs_say_how_sure_they_are() {
        let cost = |label, low_usd, high_usd| cost_words(&CostView { label, low_usd, high_usd, basis: String::new() });
        assert_eq!(cost(CostLabel::Estimated, Some(0.02), Some(0.4)), "estimated, $0.02 to $0.40");
        assert_eq!(cost(CostLabel::Estimated, Some(0.001), Some(0.002)), "estimated, under $0.01");
        assert_eq!(cost(CostLabel::Estimated, None, None), "unknown");
        let rests = CostView { basis: "estimated: 10 tokens".to_owned(), ..CostView::default() };
        assert_eq!(basis(&rests), "10 tokens");
        assert_eq!(cost(CostLabel::Unknown, Some(1.0), Some(2.0)), "unknown", "a figure that is unknown is not shown");
    }

    #[test]
    fn lengths_keep_the_bounds_of_each_scope() {
        let most = |scope| lengths(scope).iter().filter_map(|(_, length)| *length).max();
        assert_eq!(most(Scope::Project), Some(90 * DAY));
        assert_eq!(most(Scope::Machine), Some(30 * DAY));
        assert_eq!(lengths(Scope::Session)[usual_length(Scope::Session)].1, None);
        for scope in [Scope::Session, Scope::Project, Scope::Machine] {
            assert!(usual_length(scope) < lengths(scope).len());
        }
    }

    #[test]
    fn previews_are_sentences() {
        let preview = |count_30d, sessions| {
            preview_words(&GrantPreview {
                covers: String::new(),
                reach: String::new(),
                would_have_covered: Vec::new(),
                count_30d,
                sessions,
                not_covered_examples: Vec::new(),
            })
        };
        assert_eq!(preview(0, 0), "Would have covered nothing else in the last 30 days.");
        assert_eq!(preview(1, 1), "Would have covered 1 request of 1 session in the last 30 days.");
        assert_eq!(preview(6, 2), "Would have covered 6 requests of 2 sessions in the last 30 days.");
    }
}
