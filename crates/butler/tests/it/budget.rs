//! Budgets: what sessions spent in a day and a month, each part of a limit told once, and never what is not known.

use std::fs;
use std::sync::mpsc;

use clawbutler_butler::Event;
use clawbutler_wire::Code;
use clawbutler_wire::budget::{Budget, BudgetView, GetBudget};
use clawbutler_wire::command::{GetSettings, Govern, ListSessions, UpdateSettings};
use clawbutler_wire::gateway::Verdict;
use serde_json::json;

use crate::desk::{Desk, code};

/// Tokens of output that cost a cent by the list price of the model of [`Till::spend`].
const CENT: u64 = 400;

/// A desk whose Claude Code home is governed and spends money.
pub(crate) struct Till {
    pub(crate) desk: Desk,
}

impl Till {
    pub(crate) fn new(desk: Desk) -> Self {
        fs::create_dir_all(desk.home().join(".claude/projects/p")).unwrap();
        let home_id = desk.home_of("claude-code");
        desk.butler().govern(Govern { home_id, governed: true }).unwrap();
        Self { desk }
    }

    pub(crate) fn limit(&self, day_cents: Option<u32>, month_cents: Option<u32>) {
        let mut settings = self.desk.butler().get_settings(GetSettings {}).unwrap();
        settings.budget = Budget { day_cents, month_cents };
        self.desk.butler().update_settings(UpdateSettings { settings }).unwrap();
    }

    /// An answer in a session's transcript.
    fn answer(&self, session: &str, number: u32, at: &str, model: &str, output: u64) {
        let line = json!({
            "type": "assistant", "uuid": format!("u{number}"), "parentUuid": null, "sessionId": session, "timestamp": at,
            "requestId": format!("req_{number}"), "cwd": "/p", "version": "2.1.330",
            "message": {
                "id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": model,
                "content": [{ "type": "text", "text": "Done." }],
                "usage": { "input_tokens": 0, "output_tokens": output },
            },
        });
        let path = self.desk.home().join(format!(".claude/projects/p/{session}.jsonl"));
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, format!("{before}{line}\n")).unwrap();
    }

    /// So many cents by the list price, and what the engine makes of it.
    pub(crate) fn spend(&self, number: u32, at: &str, cents: u64) -> BudgetView {
        self.answer("s", number, at, "claude-opus-4-5", cents * CENT);
        self.read()
    }

    fn read(&self) -> BudgetView {
        self.desk.butler().read_sessions();
        self.desk.butler().get_budget(GetBudget {}).unwrap()
    }

    /// Span, period and threshold of every crossing in the log, oldest first.
    fn crossed(&self) -> Vec<(String, String, u64)> {
        let mut entries = self.desk.entries("budget.crossed");
        entries.reverse();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let told = |entry: clawbutler_wire::audit::EntryView| {
            (text(&entry.data["span"]), text(&entry.data["period"]), entry.data["threshold"].as_u64().unwrap())
        };
        entries.into_iter().map(told).collect()
    }
}

fn of(span: &str, period: &str, threshold: u64) -> (String, String, u64) {
    (span.to_owned(), period.to_owned(), threshold)
}

#[test]
fn each_part_of_a_limit_is_told_once_a_period_and_over_a_restart() {
    let mut till = Till::new(Desk::new());
    let (sender, told) = mpsc::channel();
    till.desk.butler().subscribe(move |event| {
        if let Event::Budget { says } = event {
            sender.send(says.clone()).unwrap();
        }
    });
    till.spend(1, "2026-11-25T09:00:00Z", 49);
    assert_eq!(till.crossed(), [], "off by default");
    till.limit(Some(100), Some(1_000));
    assert_eq!(till.crossed(), []);
    let view = till.spend(2, "2026-11-25T09:05:00Z", 1);
    assert_eq!((view.day.percent, view.month.percent, view.percent), (Some(50), Some(5), Some(50)));
    assert_eq!((view.day.period.as_str(), view.day.spent_micro, view.day.unpriced), ("2026-11-25", 500_000, 0));
    assert_eq!(till.crossed(), [of("day", "2026-11-25", 50)]);
    assert!(told.try_recv().is_err() && till.desk.alerts().is_empty(), "half is only recorded");
    till.spend(3, "2026-11-25T09:06:00Z", 31);
    assert_eq!(till.desk.alerts(), ["Agents used 80 % of the day's budget (2026-11-25) of 1.00 USD."]);
    till.spend(4, "2026-11-25T09:07:00Z", 40);
    let used_up = "Agents used up the day's budget (2026-11-25) of 1.00 USD.";
    assert_eq!(till.desk.alerts(), [used_up], "the alert before is taken back");
    let said: Vec<String> = told.try_iter().collect();
    assert_eq!(said, ["Agents used 80 % of the day's budget (2026-11-25) of 1.00 USD.", used_up]);
    let day = [50, 80, 100].map(|part| of("day", "2026-11-25", part));
    assert_eq!(till.crossed(), day);
    till.desk.close();
    till.desk.open();
    till.desk.pass_ms(1_000);
    till.spend(5, "2026-11-25T09:08:00Z", 1);
    assert_eq!(till.crossed(), day, "nothing twice, over a restart too");
    // The next day begins with nothing spent; another limit is another budget, the old one again is not.
    till.desk.pass_ms(24 * 3_600_000);
    assert_eq!(till.read().day.percent, Some(0));
    assert_eq!(till.crossed(), day);
    let view = till.spend(6, "2026-11-26T08:00:00Z", 100);
    assert_eq!((view.day.percent, view.month.spent_micro), (Some(100), 2_220_000));
    till.limit(Some(200), Some(1_000));
    till.limit(Some(100), Some(1_000));
    let next = [50, 80, 100].map(|part| of("day", "2026-11-26", part));
    assert_eq!(till.crossed(), [&day[..], &next[..], &[of("day", "2026-11-26", 50)]].concat());
}

#[test]
fn rules_hear_of_the_tightest_budget() {
    let till = Till::new(Desk::new());
    till.desk.write_rules(
        "rules.toml",
        "[[rule]]\nid = \"broke\"\ndecision = \"deny\"\nbecause = \"The budget is used.\"\n\
         when = { programs = [\"ninja\"], budget_at_least = 100 }\n",
    );
    till.desk.butler().tick(false);
    till.limit(Some(1_000), Some(100));
    assert_eq!(till.desk.verdict("ninja"), Verdict::Defer);
    till.spend(1, "2026-11-25T09:00:00Z", 100);
    assert_eq!(till.desk.verdict("ninja"), Verdict::Deny, "the month's is the tighter one");
    till.limit(None, None);
    assert_eq!(till.desk.verdict("ninja"), Verdict::Defer, "off is off");
}

#[test]
fn what_has_no_known_price_is_told_and_never_nought() {
    let till = Till::new(Desk::new());
    till.limit(Some(100), None);
    till.answer("s", 1, "2026-11-25T09:00:00Z", "model-of-nobody", 1_000_000);
    till.spend(2, "2026-11-25T09:00:01Z", 50);
    let entry = till.desk.entries("budget.crossed").remove(0);
    assert_eq!((&entry.data["unpriced"], &entry.data["spent_micro"]), (&json!(1), &json!(500_000)));
    assert_eq!(entry.says, "50 % of the budget of 2026-11-25 was spent.");
    let view = till.read();
    assert_eq!((view.day.unpriced, view.month.unpriced, view.month.percent), (1, 1, None));
}

#[test]
fn a_day_is_the_users_and_copies_of_answers_count_once() {
    let till = Till::new(Desk::new());
    till.answer("s", 1, "2026-11-24T23:59:59Z", "claude-opus-4-5", 10 * CENT);
    till.answer("s", 2, "2026-11-25T00:00:00Z", "claude-opus-4-5", 20 * CENT);
    // A fork begins with its parent's answers.
    till.answer("fork", 2, "2026-11-25T00:00:00Z", "claude-opus-4-5", 20 * CENT);
    till.answer("fork", 3, "2026-11-25T00:00:00Z", "claude-opus-4-5", 5 * CENT);
    // A corrected answer replaces the one before.
    till.answer("s", 4, "2026-11-25T00:30:00Z", "claude-opus-4-5", CENT);
    let view = till.spend(4, "2026-11-25T00:30:01Z", 2);
    assert_eq!((view.day.spent_micro, view.month.spent_micro), (270_000, 370_000));
    // A rewritten recording is read anew; its answers are not counted again.
    let path = till.desk.home().join(".claude/projects/p/s.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let view = till.read();
    assert_eq!((view.day.spent_micro, view.month.spent_micro), (270_000, 270_000));
    assert_eq!(till.desk.butler().list_sessions(ListSessions::default()).unwrap().items.len(), 2);
}

#[test]
fn a_limit_out_of_bounds_is_refused() {
    let till = Till::new(Desk::new());
    let mut settings = till.desk.butler().get_settings(GetSettings {}).unwrap();
    for cents in [0, 100_000_001] {
        settings.budget.day_cents = Some(cents);
        let refused = till.desk.butler().update_settings(UpdateSettings { settings: settings.clone() });
        assert_eq!(code(refused), Code::BadRequest);
    }
}
