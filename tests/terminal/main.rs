//! The real clients in a real terminal. Here Claude Code: the pop-up and the client's own prompt stand at the same
//! time, the first answer wins, and whatever fails leaves the person with the client's own prompt.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on should stop and say where")]

mod others;
mod screen;

use clawbutler_core::limits::RECONNECT_MS;
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, tried};
use clawbutler_wire::approvals::{ApprovalView, Which};
use clawbutler_wire::command::{Govern, KillAgent, ListApprovals, ListSessions, ShowAgent};
use clawbutler_wire::registry::KillOutcome;
use clawbutler_wire::sessions::{SessionState, StateSource};
use screen::Terminal;
use serde_json::json;

const RISKY: &str = "touch ran.txt && rm -rf victim";
/// What the client asks under its own prompt.
const PROMPT: &str = "Do you want to proceed?";

/// A client in a terminal that is about to run something risky.
fn start(mode: &str) -> Option<(Machine, Terminal)> {
    let machine = Machine::with_claude(&json!({}))?;
    let terminal = open(&machine, mode)?;
    Some((machine, terminal))
}

fn open(machine: &Machine, mode: &str) -> Option<Terminal> {
    let turn = json!([{ "tool": "Bash", "input": { "command": RISKY, "description": "a step" } }]);
    Terminal::open(machine, &script(&json!([turn])), mode)
}

fn ran(machine: &Machine) -> bool {
    machine.project().join("ran.txt").exists()
}

/// The approval, once it was settled some other way than by us.
fn settled(machine: &Machine) -> ApprovalView {
    wait_for("the approval to settle", || {
        machine.ask(&ListApprovals { which: Which::Settled, limit: None }).unwrap().items.into_iter().next()
    })
}

fn has(machine: &Machine, kind: &str) -> bool {
    machine.kinds().iter().any(|one| one == kind)
}

#[test]
fn allowed_in_clawbutler_the_native_prompt_goes_and_the_call_runs() {
    let Some((machine, terminal)) = start("default") else { return };
    let _row = tried(CLAUDE, others::ROW);
    let seen = machine.wait_pending();
    assert_eq!(seen.headline, RISKY);
    terminal.wait_for(PROMPT);
    assert!(!ran(&machine), "nothing runs while both ask");
    machine.decide(&seen, "allow_once", None).unwrap();
    wait_for("the call", || ran(&machine).then_some(()));
    terminal.wait_gone(PROMPT);
    wait_for("its outcome", || has(&machine, "action.completed").then_some(()));
    assert!(has(&machine, "approval.decided") && has(&machine, "decision.delivered"), "{:?}", machine.kinds());
}

#[test]
fn denied_in_clawbutler_the_native_prompt_goes_and_nothing_runs() {
    let Some((machine, terminal)) = start("default") else { return };
    let _row = tried(CLAUDE, others::ROW);
    let seen = machine.wait_pending();
    terminal.wait_for(PROMPT);
    machine.decide(&seen, "deny", Some("use git clean in a copy")).unwrap();
    terminal.wait_gone(PROMPT);
    terminal.wait_for("SCRIPT-END");
    assert!(!ran(&machine));
    // The transcript is written a moment after the screen.
    wait_for("the reason in the transcript", || {
        machine.transcripts().contains("use git clean in a copy").then_some(())
    });
}

#[test]
fn answered_in_the_terminal_the_question_is_withdrawn() {
    let Some((machine, terminal)) = start("default") else { return };
    machine.wait_pending();
    terminal.wait_for(PROMPT);
    terminal.keys(&["Enter"]);
    wait_for("the call", || ran(&machine).then_some(()));
    let seen = settled(&machine);
    assert_eq!(seen.outcome, "Answered in the terminal.");
    assert!(has(&machine, "approval.withdrawn") && !has(&machine, "approval.decided"), "{:?}", machine.kinds());
    assert!(machine.decide(&seen, "deny", None).is_err(), "too late to decide");
}

#[test]
fn escape_in_the_terminal_withdraws_it_and_nothing_runs() {
    let Some((machine, terminal)) = start("default") else { return };
    let _row = tried(CLAUDE, others::ROW);
    machine.wait_pending();
    terminal.wait_for(PROMPT);
    terminal.keys(&["Escape"]);
    settled(&machine);
    terminal.wait_gone(PROMPT);
    assert!(!ran(&machine));
    assert!(has(&machine, "approval.withdrawn") && !has(&machine, "approval.decided"), "{:?}", machine.kinds());
}

#[test]
fn neither_auto_mode_nor_bypass_is_a_way_round() {
    for mode in ["auto", "bypassPermissions"] {
        let Some((machine, terminal)) = start(mode) else { return };
        let seen = machine.wait_pending();
        terminal.wait_for(PROMPT);
        assert!(!ran(&machine), "{mode}");
        machine.decide(&seen, "deny", None).unwrap();
        terminal.wait_gone(PROMPT);
        assert!(!ran(&machine), "{mode}");
    }
}

#[test]
fn without_the_app_the_native_prompt_asks() {
    let Some(mut machine) = Machine::with_claude(&json!({})) else { return };
    machine.quit();
    let Some(terminal) = open(&machine, "default") else { return };
    let _row = tried(CLAUDE, others::ROW);
    terminal.wait_for(PROMPT);
    terminal.wait_for("could not ask you itself");
    assert!(!ran(&machine), "nothing runs by itself");
    terminal.keys(&["Escape"]);
    terminal.wait_gone(PROMPT);
    assert!(!ran(&machine));
    machine.start();
    assert!(has(&machine, "offline.recorded"));
}

#[test]
fn the_app_killed_while_both_ask_leaves_the_native_prompt() {
    let Some((mut machine, terminal)) = start("default") else { return };
    machine.wait_pending();
    terminal.wait_for(PROMPT);
    machine.stop();
    // Longer than the hook looks for an engine that went away.
    std::thread::sleep(std::time::Duration::from_millis(RECONNECT_MS + 2_000));
    terminal.wait_for(PROMPT);
    assert!(!ran(&machine));
    terminal.keys(&["Enter"]);
    wait_for("the call the person allowed", || ran(&machine).then_some(()));
}

#[test]
fn a_background_session_is_asked_about_in_clawbutler() {
    let Some(machine) = Machine::with_claude(&json!({})) else { return };
    let turn = json!([{ "tool": "Bash", "input": { "command": RISKY, "description": "a step" } }]);
    let job = screen::Background::start(&machine, &script(&json!([turn])));
    let seen = machine.wait_pending();
    assert_eq!(seen.headline, RISKY);
    assert!(!ran(&machine));
    machine.decide(&seen, "allow_once", None).unwrap();
    wait_for("the call", || ran(&machine).then_some(()));
    drop(job);
}

#[test]
fn a_background_session_that_is_killed_is_not_started_again_by_the_client() {
    let Some(machine) = Machine::with_claude(&json!({})) else { return };
    let _rows =
        ["state: kill switch on a session in the background", "found: sessions in the background, and how they ended"]
            .map(|row| tried(CLAUDE, row));
    let turn = json!([{ "tool": "Bash", "input": { "command": RISKY, "description": "a step" } }]);
    let job = screen::Background::start(&machine, &script(&json!([turn])));
    machine.wait_pending();
    let home_id = machine.home_id();
    let show = || machine.ask(&ShowAgent { home_id: home_id.clone() }).unwrap();
    let told = || {
        let facts = show().facts.into_iter();
        facts.filter(|fact| fact.name.starts_with("background session ")).map(|fact| fact.value).collect::<Vec<_>>()
    };
    let session = wait_for("the session", || show().sessions.into_iter().find(|live| live.kind == "background"));
    let waits = |told: Vec<String>| told.len() == 1 && told[0].starts_with("working, waiting for an answer, in ");
    wait_for("what the job waits for", || waits(told()).then_some(()));

    let report = machine.ask(&KillAgent { home_id: home_id.clone() }).unwrap();
    assert!(report.complete, "{:?}", report.items);
    let (keeper, rest) = report.items.split_first().unwrap();
    assert_eq!((keeper.outcome, keeper.session.as_deref()), (KillOutcome::Stopped, None));
    assert!(keeper.what.contains("background service") && keeper.says.contains("takes up none of them"), "{keeper:?}");
    assert!(rest.iter().any(|item| item.session.as_deref() == Some(session.session.as_str())), "{rest:?}");

    // Its supervisor would have brought the session back within about ten seconds, as it did without this.
    for _ in 0..25 {
        std::thread::sleep(std::time::Duration::from_secs(1));
        let live = show().sessions;
        assert!(!live.iter().any(|live| live.kind == "background"), "{live:?}");
    }
    assert!(!ran(&machine));
    drop(job);
    wait_for("how it ended", || told().iter().all(|value| !value.starts_with("working, waiting")).then_some(()));
}

#[test]
fn the_states_of_sessions_in_the_background_are_told_by_their_jobs() {
    let Some(machine) = Machine::with_claude(&json!({})) else { return };
    let _row = tried(CLAUDE, "state: a session in the background that asks, and one that was stopped");
    machine.ask(&Govern { home_id: machine.home_id(), governed: true }).unwrap();
    let job = screen::Background::start(&machine, &script(&json!([[{ "text": "Which colour do you want?" }]])));
    let states = || -> Vec<_> {
        let rows = machine.ask(&ListSessions::default()).unwrap().items;
        rows.into_iter().map(|row| (row.state, row.state_source)).collect()
    };
    let told = |state: SessionState, source: StateSource| {
        wait_for(&format!("{state:?} by {source:?}"), || (states() == [(state, source)]).then_some(()));
    };
    // To its own list of what runs the client only says that it is idle.
    told(SessionState::WaitingInput, StateSource::Runtime);
    drop(job);
    told(SessionState::Ended, StateSource::Runtime);
}

#[test]
fn an_old_client_in_a_terminal_asks_in_both_places_too() {
    let Some(machine) = Machine::with_old_claude(&json!({})) else { return };
    let Some(terminal) = open(&machine, "default") else { return };
    let seen = machine.wait_pending();
    terminal.wait_for(PROMPT);
    machine.decide(&seen, "deny", None).unwrap();
    terminal.wait_gone(PROMPT);
    assert!(!ran(&machine));
}
