//! Records as the real Claude Code makes them: a session taken up again, one forked, and what no hook sees.

use std::fs;

use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, tried};
use clawbutler_wire::budget::GetBudget;
use clawbutler_wire::command::{ListSessions, ListSteps};
use clawbutler_wire::sessions::{SessionRow, SessionState, StepBody};
use serde_json::{Value, json};

use super::super::{bash, lax};

/// Runs a client to its end and gives the session it said it works in.
fn ended(client: Running) -> String {
    let output = client.finish();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    said["session_id"].as_str().unwrap().to_owned()
}

fn run(machine: &Machine, word: &str, args: &[&str]) -> String {
    let prompt = script(&json!([bash(&format!("echo {word}"))]));
    ended(machine.claude(&prompt, &[args, &["--output-format", "json"]].concat()))
}

fn row(machine: &Machine, session: &str) -> Option<SessionRow> {
    machine.ask(&ListSessions::default()).unwrap().items.into_iter().find(|row| row.session == session)
}

fn steps(machine: &Machine, session: &str) -> Vec<StepBody> {
    let Some(row) = row(machine, session) else { return Vec::new() };
    let request = ListSteps { session: row.id, limit: Some(500), ..ListSteps::default() };
    machine.ask(&request).unwrap().items.into_iter().map(|step| step.what).collect()
}

/// The commands of a session, in order.
fn commands(machine: &Machine, session: &str) -> Vec<String> {
    let steps = steps(machine, session).into_iter();
    let command = |what| match what {
        StepBody::ToolCall { input, .. } => input["command"].as_str().map(str::to_owned),
        _ => None,
    };
    steps.filter_map(command).collect()
}

fn told(machine: &Machine, session: &str, expected: &[&str]) {
    wait_for(&format!("{expected:?}"), || (commands(machine, session) == expected).then_some(()));
}

#[test]
fn what_is_taken_up_again_or_forked_is_told_once() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "records: put away, brought back, packed, resumed, forked");
    let session = run(&machine, "one", &[]);
    told(&machine, &session, &["echo one"]);
    assert_eq!(run(&machine, "two", &["--resume", &session]), session);
    told(&machine, &session, &["echo one", "echo two"]);
    let whole = row(&machine, &session).unwrap();
    assert_eq!((whole.generation, whole.malformed, whole.prompts), (0, 0, 2), "{whole:?}");
    let forked = run(&machine, "three", &["--resume", &session, "--fork-session"]);
    assert_ne!(forked, session);
    let tokens = |session: &str| row(&machine, session).map_or(0, |row| row.tokens.input);
    wait_for("its end", || (tokens(&forked) >= 20).then_some(()));
    told(&machine, &forked, &["echo three"]);
    assert_eq!((tokens(&forked), tokens(&session)), (20, 40), "what it came from is not counted again");
    let (whole, fork) = (row(&machine, &session).unwrap(), row(&machine, &forked).unwrap());
    assert_eq!((fork.parent.as_ref(), fork.forked, fork.prompts, fork.tool_calls), (Some(&whole.id), true, 1, 1));
    let from: Vec<StepBody> = steps(&machine, &forked);
    assert_eq!(
        from.iter().filter(|what| matches!(what, StepBody::Forked { session: of } if *of == session)).count(),
        1
    );
    // The client's own total of the fork holds what the other session cost: it is what was spent in all.
    let spent = wait_for("its total", || {
        let ends = |what: &StepBody| matches!(what, StepBody::State { state: SessionState::Ended });
        let all = [&session, &forked].iter().all(|session| steps(&machine, session).iter().any(ends));
        all.then(|| machine.ask(&GetBudget {}).unwrap().day.spent_micro)
    });
    let lines = machine.transcripts();
    let mut totals = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["type"] == "cost-state" && line["sessionId"] == forked.as_str());
    let total = totals.next_back().unwrap()["totalCostUSD"].as_f64().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "less than a cent")]
    let spent = spent as f64 / 1_000_000.0;
    assert!((spent - total).abs() < 0.000_003, "{spent} {total}");
    let cost = |row: &SessionRow| row.cost.usd.unwrap();
    assert!((cost(&whole) - 2.0 * cost(&fork)).abs() < 0.000_2, "{:?} {:?}", whole.cost, fork.cost);
    let drifts = machine.ledger().into_iter().filter(|entry| entry["kind"] == "guard.drift").count();
    assert_eq!(drifts, 0, "what a fork begins with was told of in the session it came from");
}

#[test]
fn what_no_hook_sees_is_said() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "records: what no hook sees is said");
    fs::write(machine.project().join("notes.txt"), "a note of nobody\n").unwrap();
    let prompt = format!("@notes.txt {}", script(&json!([])));
    let session = ended(machine.claude(&prompt, &["--output-format", "json"]));
    let note = |what: StepBody| match what {
        StepBody::Note { text } if text.contains("without a tool call") => Some(text),
        _ => None,
    };
    let said = wait_for("the note", || steps(&machine, &session).into_iter().find_map(note));
    assert!(said.contains("notes.txt"), "{said}");
    let ledger = machine.ledger();
    assert!(!ledger.iter().any(|entry| entry["kind"] == "action.requested"), "a hook sees it by now: {ledger:#?}");
}
