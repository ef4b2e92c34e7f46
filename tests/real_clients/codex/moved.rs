//! Records as the real Codex moves them about: put away, brought back, packed, taken up again; and sub-agents inside
//! each other.

use std::fs::File;
use std::time::{Duration, SystemTime};

use clawbutler_testkit::codex::{self, Server};
use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, tried};
use clawbutler_wire::command::{ForgetHome, Govern, ListSessions, ListSteps, ShowSession};
use clawbutler_wire::sessions::{SessionDetail, StepBody};
use serde_json::{Value, json};

use super::super::shared::crosses_a_budget;

/// Longer than Codex lets a record rest before it packs it.
const RESTED: Duration = Duration::from_hours(24 * 40);

fn echo(word: &str) -> String {
    script(&json!([[{ "tool": "exec_command", "input": { "cmd": format!("echo {word}") } }]]))
}

/// Runs a client to its end and gives the thread it said it works in.
fn ended(client: Running) -> String {
    let output = client.finish();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let begun = lines.into_iter().find(|line| line["type"] == "thread.started");
    begun.unwrap_or_else(|| panic!("{said}"))["thread_id"].as_str().unwrap().to_owned()
}

fn detail(machine: &Machine, thread: &str) -> Option<SessionDetail> {
    let all = machine.ask(&ListSessions::default()).unwrap().items;
    let row = all.into_iter().find(|row| row.session == thread)?;
    machine.ask(&ShowSession { id: row.id }).ok()
}

fn prompts(machine: &Machine, thread: &str) -> Vec<String> {
    let Some(detail) = detail(machine, thread) else { return Vec::new() };
    let request = ListSteps { session: detail.row.id, limit: Some(500), ..ListSteps::default() };
    let steps = machine.ask(&request).unwrap().items.into_iter();
    steps.filter_map(|step| if let StepBody::Prompt { text } = step.what { Some(text) } else { None }).collect()
}

#[track_caller]
fn told(machine: &Machine, thread: &str, expected: &[&String]) {
    let until = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let seen = prompts(machine, thread);
        if seen.iter().collect::<Vec<_>>() == expected {
            return;
        }
        assert!(std::time::Instant::now() < until, "{seen:?} is not {expected:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until the one record of a thread is known to lie there.
#[track_caller]
fn lies(machine: &Machine, thread: &str, folder: &str) {
    wait_for("the record at its place", || {
        let all = detail(machine, thread)?.recordings;
        (all.len() == 1 && all[0].path.contains(folder)).then_some(())
    });
}

#[test]
fn what_is_put_away_packed_and_taken_up_again_is_told_once() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, "records: put away, brought back, packed, resumed, forked");
    machine.ask(&Govern { home_id: machine.home_id(), governed: true }).unwrap();
    let [one, two, three] = ["one", "two", "three"].map(echo);
    let thread = ended(codex::exec(&machine, &one, &[]));
    told(&machine, &thread, &[&one]);
    codex::cli(&machine, &["archive", &thread]);
    lies(&machine, &thread, "/archived_sessions/");
    told(&machine, &thread, &[&one]);
    codex::cli(&machine, &["unarchive", &thread]);
    lies(&machine, &thread, "/sessions/");
    told(&machine, &thread, &[&one]);

    let record = codex::records(&machine).remove(0);
    File::options().write(true).open(&record).unwrap().set_modified(SystemTime::now() - RESTED).unwrap();
    codex::cli(&machine, &["features", "enable", "local_thread_store_compression"]);
    let packed = record.with_extension("jsonl.zst");
    {
        let _server = Server::start(&machine);
        wait_for("the packed record", || (packed.exists() && !record.exists()).then_some(()));
    }
    lies(&machine, &thread, ".jsonl.zst");
    told(&machine, &thread, &[&one]);
    let whole = detail(&machine, &thread).unwrap().row;
    machine.ask(&ForgetHome { home_id: machine.home_id() }).unwrap();
    machine.ask(&Govern { home_id: machine.home_id(), governed: true }).unwrap();
    told(&machine, &thread, &[&one]);
    let unpacked = detail(&machine, &thread).unwrap();
    assert_eq!((unpacked.row.tokens, unpacked.row.steps), (whole.tokens, whole.steps), "read from the packed file");
    assert_eq!((unpacked.row.malformed, &unpacked.recordings[0].trouble), (0, &None));
    let again = ended(codex::exec(&machine, &two, &["resume", &thread]));
    assert_eq!(again, thread);
    told(&machine, &thread, &[&one, &two]);
    assert!(record.exists() && !packed.exists(), "the client unpacked it");
    lies(&machine, &thread, "/sessions/");

    let whole =
        wait_for("all its answers", || detail(&machine, &thread).filter(|one| one.row.tokens.output >= 200)).row;
    let forked = ended(codex::exec(&machine, &three, &["fork", &thread]));
    assert_ne!(forked, thread);
    wait_for("the fork", || prompts(&machine, &forked).contains(&three).then_some(()));
    let own = wait_for("its end", || detail(&machine, &forked).filter(|one| one.row.tokens.output >= 100)).row;
    assert_eq!(own.parent.as_ref(), Some(&whole.id));
    // Two answers of 50 tokens and some: what the parent used is not counted again.
    let (own, whole) = (own.tokens.output, whole.tokens.output);
    assert!((100..140).contains(&own) && (200..280).contains(&whole), "{own} {whole}");
    assert_eq!(prompts(&machine, &forked), [three], "its history is its parent's");
}

#[test]
fn a_run_that_crosses_a_small_budget_is_in_the_log() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, "budget: a run crosses a small one");
    machine.ask(&Govern { home_id: machine.home_id(), governed: true }).unwrap();
    // An answer costs about half a cent by the list price.
    let call = |turn: u32| json!([{ "tool": "exec_command", "input": { "cmd": format!("echo {turn}") } }]);
    let turns: Vec<Value> = (0..4).map(call).collect();
    crosses_a_budget(&machine, || drop(ended(codex::exec(&machine, &script(&json!(turns)), &[]))));
}
