//! What the grants page says.

use std::collections::BTreeSet;

use clawbutler_wire::grants::{GrantKind, GrantView};

/// The sort of grant, in words.
pub(super) fn kind_words(kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::Standing => "standing",
        GrantKind::Counted => "counted",
        GrantKind::SessionPass => "session pass",
    }
}

/// Uses left, in words.
pub(super) fn left_words(grant: &GrantView) -> String {
    match grant.uses_left {
        None => "no limit".to_owned(),
        Some(left) => format!("{left} left"),
    }
}

/// What is picked and still shown and in force: what is not on the screen is not ended.
pub(super) fn to_end(items: &[GrantView], picked: &BTreeSet<String>) -> Vec<String> {
    items
        .iter()
        .filter(|item| item.ended_at.is_none() && picked.contains(&item.id))
        .map(|item| item.id.clone())
        .collect()
}

/// How long until then, roughly: `in 3 h`, `in 12 days`.
pub(super) fn ahead(at: i64, now: i64) -> String {
    let seconds = (at - now).max(0) / 1000;
    // To the nearest: what was given for 7 days a moment ago ends in 7 days.
    let nearest = |unit: i64| (seconds + unit / 2) / unit;
    match seconds {
        0..=59 => "within a minute".to_owned(),
        60..=5_399 => format!("in {} min", nearest(60)),
        5_400..=129_599 => format!("in {} h", nearest(3_600)),
        _ => format!("in {} days", nearest(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use clawbutler_wire::Seq;

    use super::*;

    fn grant(id: &str, ended_at: Option<i64>) -> GrantView {
        GrantView {
            id: id.to_owned(),
            kind: GrantKind::Counted,
            title: String::new(),
            covers: String::new(),
            reach: String::new(),
            runtime: String::new(),
            expires_at: None,
            created_at: 0,
            ledger_seq: Seq(1),
            uses: 0,
            uses_left: Some(3),
            last_used_at: None,
            ended_at,
            note: None,
        }
    }

    #[test]
    fn only_what_is_shown_and_in_force_is_ended() {
        let items = [grant("a", None), grant("b", Some(5)), grant("c", None)];
        let picked = ["a", "b", "gone"].map(str::to_owned).into();
        assert_eq!(to_end(&items, &picked), ["a"]);
    }

    #[test]
    fn the_future_reads_as_words() {
        assert_eq!(ahead(30_000, 0), "within a minute");
        assert_eq!(ahead(3 * 3_600_000, 0), "in 3 h");
        assert_eq!(ahead(86_400_000, 0), "in 24 h");
        assert_eq!(ahead(7 * 86_400_000 - 9_000, 0), "in 7 days");
        assert_eq!(ahead(12 * 86_400_000, 0), "in 12 days");
        assert_eq!(ahead(0, 5_000), "within a minute", "what should be over is never in the past");
        assert_eq!(left_words(&grant("a", None)), "3 left");
    }
}
