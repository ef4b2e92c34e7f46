//! A real session that spends more than it may: what it recorded is counted while it runs.

use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, tried};
use serde_json::{Value, json};

use super::claude;
use crate::bash;
use crate::shared::{Agent as _, crosses_a_budget};

#[test]
fn a_run_that_crosses_a_small_budget_is_in_the_log() {
    let Some(claude) = claude() else { return };
    let _row = tried(CLAUDE, "budget: a run crosses a small one");
    let machine = claude.machine();
    // An answer of the model on loopback is 10 tokens in and 10 out: 0.03 cents by the list price of the model that the
    // client takes in place of the old one it is told.
    let turns: Vec<Value> = (0..44).map(|turn| bash(&format!("echo {turn}"))).collect();
    crosses_a_budget(machine, || {
        drop(machine.claude(&script(&json!(turns)), &["--model", "claude-opus-4-1"]).finish());
    });
}
