//! What no hook of the real Codex sees is said in the timeline, whatever it calls itself.

use clawbutler_core::timeline::What;
use clawbutler_testkit::codex::{self, CODE_MODE, DIRECT};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, tried};
use serde_json::{Value, json};

use super::{guarded, picked, told};

/// Two programs of code mode: one runs a command, one types into a terminal without naming what it calls.
fn programs() -> Value {
    let types = r#"const a = await tools.exec_command({ cmd: "cat", tty: true, yield_time_ms: 300 });
const f = "write_" + "stdin";
const r = await tools[f]({ session_id: a.session_id, chars: "typed\n", yield_time_ms: 300 });
text(JSON.stringify([a, r]));"#;
    json!([
        [{ "tool": "exec", "input": "text(JSON.stringify(await tools.exec_command({ cmd: \"echo hi\" })));" }],
        [{ "tool": "exec", "input": types }],
    ])
}

#[test]
fn what_no_hook_sees_is_said() {
    let Some(machine) = guarded() else { return };
    let _row = tried(CODEX, "records: what no hook sees is said");
    codex::exec(&machine, &script(&programs()), &["-m", CODE_MODE]).finish();
    let all = told(&machine);
    let note = |what: &What| match what {
        What::Note { text } if text.starts_with("A program of code mode") => Some(text.clone()),
        _ => None,
    };
    let notes: Vec<String> = all.iter().flat_map(|(_, steps)| picked(steps, note)).collect();
    assert_eq!(notes.len(), 2, "{all:#?}");
    assert!(notes.iter().all(|note| note.contains("no hook sees it") && !note.contains("names `write_stdin`")));
    let outputs: Vec<String> = all
        .iter()
        .flat_map(|(_, steps)| {
            picked(steps, |what| if let What::ToolResult { text, .. } = what { Some(text.clone()) } else { None })
        })
        .collect();
    assert!(outputs.iter().any(|output| output.contains("typed")), "it really typed: {outputs:#?}");
    let asked = machine.ledger().into_iter().filter(|entry| entry["kind"] == "action.requested");
    let seen: Vec<Value> = asked.map(|entry| entry["data"].clone()).collect();
    assert!(!seen.iter().any(|data| data.to_string().contains("typed")), "a hook sees it by now: {seen:#?}");
}

#[test]
fn a_direct_call_that_types_is_said_too() {
    let Some(machine) = guarded() else { return };
    let _row = tried(CODEX, "records: what no hook sees is said");
    let turns = json!([
        [{ "tool": "exec_command", "input": { "cmd": "cat", "tty": true, "yield_time_ms": 300 } }],
        [{ "tool": "write_stdin", "input": { "session_id": 1, "chars": "typed\n", "yield_time_ms": 300 } }],
        [{ "tool": "write_stdin", "input": { "session_id": 1, "chars": "", "yield_time_ms": 300 } }],
    ]);
    codex::exec(&machine, &script(&turns), &["-m", DIRECT]).finish();
    let all = told(&machine);
    let note = |what: &What| match what {
        What::Note { text } if text.contains("write_stdin") => text.split_whitespace().next().map(str::to_owned),
        _ => None,
    };
    let notes: Vec<String> = all.iter().flat_map(|(_, steps)| picked(steps, note)).collect();
    assert_eq!(notes, ["Text", "A"], "{all:#?}");
}
