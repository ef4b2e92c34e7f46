//! What seldom happens to the real Codex: its model's server refuses, its context is summarised.

use clawbutler_core::timeline::{State, What};
use clawbutler_testkit::codex::{self, Server};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, tried};
use serde_json::{Value, json};

use super::told;

fn echo() -> Value {
    json!([{ "tool": "exec_command", "input": { "cmd": "echo one" } }])
}

#[test]
fn a_refusal_of_the_models_server_is_an_error_of_the_turn() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, "records: the model's server refuses");
    for (count, status) in [429, 500, 401].into_iter().enumerate() {
        let output = codex::exec(&machine, &script(&json!([echo(), [{ "fail": status }]])), &[]).finish();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let failed = lines.into_iter().find(|line| line["type"] == "turn.failed").unwrap();
        let all = told(&machine);
        assert_eq!(all.len(), count + 1);
        let end = |steps: &[clawbutler_core::timeline::Step]| match &steps[steps.len() - 2..] {
            [one, two] => matches!(&one.what, What::Error { text } if failed["error"]["message"] == text.as_str())
                .then(|| assert_eq!(two.what, What::State { state: State::Idle })),
            _ => None,
        };
        assert!(all.iter().any(|(_, steps)| end(steps).is_some()), "{status}: {failed} {all:#?}");
    }
}

#[test]
fn a_summary_of_the_context_is_told() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, "records: the context is summarised");
    let mut server = Server::start(&machine);
    let thread = server.thread(&machine);
    server.turn(&thread, &script(&json!([echo()])));
    server.until(|message| message["method"] == "turn/completed");
    server.call("thread/compact/start", &json!({ "threadId": thread }));
    server.until(|message| message["method"] == "turn/completed");
    let all = told(&machine);
    let [(_, steps)] = &all[..] else { panic!("{all:#?}") };
    let count = |fits: fn(&What) -> bool| steps.iter().filter(|step| fits(&step.what)).count();
    assert_eq!(count(|what| matches!(what, What::Compaction { .. })), 1);
    assert_eq!(count(|what| matches!(what, What::Usage(_))), 3, "the summary's own answer is counted");
    assert_eq!(count(|what| matches!(what, What::Prompt { .. })), 1, "what is kept is not told again: {steps:#?}");
    assert_eq!(count(|what| matches!(what, What::Unknown { .. })), 0);
}
