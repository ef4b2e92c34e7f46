//! How sessions end that wrote no end: the same for every client.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_wire::command::{ListSessions, ListSteps};
use clawbutler_wire::sessions::{SessionRow, SessionState, StateSource, StepBody};
use serde_json::json;

use super::shared::{Agent, Turn};

fn newest(machine: &Machine) -> Option<SessionRow> {
    machine.ask(&ListSessions::default()).unwrap().items.into_iter().next()
}

/// A session whose process something else kills in the middle of a call: it wrote no end, and has ended all the same.
pub(super) fn killed_from_outside(agent: &impl Agent) {
    let _rows = agent.tried(["state: a session that was killed from outside has ended"]);
    let turn = agent.start(&json!([agent.shell("touch begun.txt && sleep 300")]));
    wait_for("the command", || agent.file("begun.txt").exists().then_some(()));
    wait_for("a session that runs", || newest(agent.machine()).filter(|row| row.state == SessionState::Running));
    turn.kill();
    has_ended(agent.machine());
}

/// A model whose server refuses to go on: the turn ends with an error that says what the client said.
pub(super) fn refused_by_the_model(agent: &impl Agent) {
    let _rows = agent.tried(["records: the model's server refuses"]);
    let machine = agent.machine();
    // A client may ask once more in another way.
    match agent.start(&json!([agent.shell("touch before.txt"), [{ "fail": 400, "times": 100 }]])) {
        Turn::Run(running) => drop(running.finish()),
        // A server may answer that it could not.
        Turn::Reply(reply) => drop(reply.join()),
    }
    assert!(agent.file("before.txt").exists());
    let errors = || {
        let request = ListSteps { session: newest(machine)?.id, limit: Some(500), ..ListSteps::default() };
        let steps = machine.ask(&request).unwrap().items.into_iter();
        let texts = steps.filter_map(|step| if let StepBody::Error { text } = step.what { Some(text) } else { None });
        Some(texts.collect::<Vec<_>>()).filter(|texts| !texts.is_empty())
    };
    let errors = wait_for("the error", errors);
    assert!(errors.iter().any(|text| text.contains("Refused by the script")), "{errors:?}");
}

/// The newest session has ended, which its process tells.
pub(super) fn has_ended(machine: &Machine) {
    let ended = wait_for("its end", || newest(machine).filter(|row| row.state == SessionState::Ended));
    assert_eq!(ended.state_source, StateSource::Process, "{}", ended.state_says);
}
