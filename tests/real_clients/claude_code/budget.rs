//! A real session that spends more than it may: what it recorded is counted while it runs.

use clawbutler_testkit::machine::wait_for;
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, tried};
use clawbutler_wire::budget::GetBudget;
use clawbutler_wire::command::{GetSettings, UpdateSettings};
use serde_json::{Value, json};

use super::claude;
use crate::bash;
use crate::shared::Agent as _;

#[test]
fn a_run_that_crosses_a_small_budget_is_in_the_log() {
    let Some(claude) = claude() else { return };
    let _row = tried(CLAUDE, "budget: a run crosses a small one");
    let machine = claude.machine();
    let mut settings = machine.ask(&GetSettings {}).unwrap();
    settings.budget.day_cents = Some(1);
    machine.ask(&UpdateSettings { settings }).unwrap();
    // An answer of the model on loopback is 10 tokens in and 10 out: 0.03 cents by the list price of the model that the
    // client takes in place of the old one it is told.
    let turns: Vec<Value> = (0..44).map(|turn| bash(&format!("echo {turn}"))).collect();
    machine.claude(&script(&json!(turns)), &["--model", "claude-opus-4-1"]).finish();
    let view = wait_for("the budget used up", || {
        let view = machine.ask(&GetBudget {}).unwrap();
        view.percent.is_some_and(|percent| percent >= 100).then_some(view)
    });
    assert!(view.day.spent_micro >= 10_000 && view.day.unpriced == 0, "{view:?}");
    let crossed = wait_for("three entries", || {
        let entries = machine.ledger().into_iter().filter(|entry| entry["kind"] == "budget.crossed");
        let thresholds: Vec<Value> = entries.map(|entry| entry["data"]["threshold"].clone()).collect();
        (thresholds.len() >= 3).then_some(thresholds)
    });
    assert_eq!(crossed, [json!(50), json!(80), json!(100)]);
}
