//! What a gateway told, as plain functions with ordinary tests.

use clawbutler_wire::attached::{CellView, GatewayPart, PartView, Reach};

/// Every part: its name in the address, and for people.
pub(super) const PARTS: &[(GatewayPart, &str, &str)] = &[
    (GatewayPart::Health, "health", "Health"),
    (GatewayPart::Agents, "agents", "Agents"),
    (GatewayPart::Sessions, "sessions", "Sessions"),
    (GatewayPart::Usage, "usage", "Usage"),
    (GatewayPart::Channels, "channels", "Channels"),
    (GatewayPart::Cron, "cron", "Schedules"),
    (GatewayPart::Models, "models", "Models"),
    (GatewayPart::Tools, "tools", "Tools"),
    (GatewayPart::Skills, "skills", "Skills"),
    (GatewayPart::Presence, "presence", "Connected"),
    (GatewayPart::Devices, "devices", "Devices"),
    (GatewayPart::Logs, "logs", "Logs"),
];

/// Every reach with its name in the page, for people, and what it is for; the least first.
pub(super) const REACHES: &[(Reach, &str, &str, &str)] = &[
    (
        Reach::Watch,
        "watch",
        "See what it does",
        "Its agents, sessions, cost and log. Its questions stay where they are.",
    ),
    (Reach::Talk, "talk", "Also talk to its agents", "What you say is recorded here."),
    (
        Reach::Govern,
        "govern",
        "Also answer its questions",
        "For everybody's runs, and change its policy and configuration: the gateway tells questions to administrators only.",
    ),
    (Reach::Devices, "devices", "Also look after its devices", "See which are let in, let others in, put them out."),
];

/// A reach in words.
pub(super) fn reach_words(reach: Reach) -> &'static str {
    REACHES.iter().find(|one| one.0 == reach).map_or("", |one| one.2)
}

/// Lines of a log that are kept on the page.
const LINES: usize = 500;

/// A log with what came after it: the newest first, the oldest left out.
pub(super) fn followed(before: Option<PartView>, mut more: PartView) -> PartView {
    let Some(before) = before.filter(|_| more.goes_on) else { return more };
    for (table, old) in more.tables.iter_mut().zip(before.tables) {
        table.rows.extend(old.rows);
        table.left_out = old.left_out;
        table.rows.truncate(LINES);
    }
    more.note = before.note;
    more
}

/// The place of conversations, in the address and for people.
pub(super) const CHAT: (&str, &str) = ("chat", "Chat");

/// The place of the configuration over time.
pub(super) const CONFIG: (&str, &str) = ("config", "Configuration");

/// The part with this name; the first when there is none.
pub(super) fn part(path: &str) -> GatewayPart {
    PARTS.iter().find(|one| one.1 == path).map(|one| one.0).unwrap_or_default()
}

/// What the first column names.
pub(super) fn names(view: &PartView) -> Vec<String> {
    let first = |row: &Vec<CellView>| match row.first() {
        Some(CellView::Text { text }) => Some(text.clone()),
        _ => None,
    };
    view.tables.iter().flat_map(|table| &table.rows).filter_map(first).collect()
}

/// Places of the rows that have these words.
pub(super) fn found(rows: &[Vec<CellView>], typed: &str) -> Vec<usize> {
    let typed = typed.trim().to_lowercase();
    let has = |cell: &CellView| match cell {
        CellView::Text { text } => text.to_lowercase().contains(&typed),
        CellView::Unknown
        | CellView::Number { .. }
        | CellView::Money { .. }
        | CellView::Time { .. }
        | CellView::Flag { .. } => false,
    };
    let keep = |(at, row): (usize, &Vec<CellView>)| (typed.is_empty() || row.iter().any(has)).then_some(at);
    rows.iter().enumerate().filter_map(keep).collect()
}

/// `1 234 567`, with narrow spaces.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Millionths of a US dollar, as money: four places where less than a dollar was spent.
pub(super) fn money(microusd: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "money that is shown with four places")]
    let usd = microusd as f64 / 1_000_000.0;
    match microusd {
        0 => "$0".to_owned(),
        1..100 => "under $0.0001".to_owned(),
        100..1_000_000 => format!("${usd:.4}"),
        _ => format!("${usd:.2}"),
    }
}

/// What each day cost (US dollars), oldest first; the first row of the table is the sum.
pub(super) fn spent(view: &PartView) -> Vec<f64> {
    let rows = view.tables.first().map(|table| table.rows.as_slice()).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "heights of bars")]
    let cost = |row: &Vec<CellView>| match row.last() {
        Some(CellView::Money { microusd }) => *microusd as f64 / 1_000_000.0,
        _ => 0.0,
    };
    rows.iter().skip(1).rev().map(cost).collect()
}

/// A chart of days in words.
pub(super) fn spent_words(days: &[f64]) -> String {
    let most = days.iter().copied().fold(0.0, f64::max);
    format!("{} days with use, at most ${most:.2} a day", days.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> CellView {
        CellView::Text { text: text.to_owned() }
    }

    #[test]
    fn every_part_has_its_own_address() {
        for (one, path, _) in PARTS {
            assert_eq!(part(path), *one);
        }
        assert_eq!(part("nonsense"), GatewayPart::Health);
    }

    #[test]
    fn a_log_is_followed_to_a_bound_and_begun_anew() {
        let log = |lines: std::ops::Range<usize>, goes_on| PartView {
            part: GatewayPart::Logs,
            tables: vec![clawbutler_wire::attached::PartTable {
                title: "Log".to_owned(),
                columns: Vec::new(),
                rows: lines.rev().map(|line| vec![text(&line.to_string())]).collect(),
                left_out: 0,
                empty: String::new(),
            }],
            note: None,
            agent: None,
            cursor: Some(1),
            goes_on,
            fetched_at: 0,
        };
        assert_eq!(followed(Some(log(0..2, false)), log(2..4, true)), log(0..4, true));
        assert_eq!(followed(Some(log(0..2, false)), log(2..4, false)), log(2..4, false));
        assert_eq!(followed(None, log(2..4, true)), log(2..4, true));
        assert_eq!(followed(Some(log(0..LINES, false)), log(LINES..LINES + 9, true)), log(9..LINES + 9, true));
    }

    #[test]
    fn rows_are_found_by_their_texts() {
        let rows = [vec![text("Main"), CellView::Unknown], vec![CellView::Number { number: 7 }, text("other")]];
        assert_eq!(found(&rows, "MAIN "), [0]);
        assert_eq!(found(&rows, ""), [0, 1]);
        assert_eq!(found(&rows, "7"), Vec::<usize>::new());
    }

    #[test]
    fn numbers_and_money_are_read_at_a_glance() {
        let numbers = [0, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(numbers, ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        let sums = [0, 5, 3_303, 1_200_000].map(money);
        assert_eq!(sums, ["$0", "under $0.0001", "$0.0033", "$1.20"]);
    }
}
