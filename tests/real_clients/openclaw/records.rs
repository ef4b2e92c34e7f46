//! What the connector's reader tells of a scripted run is what the real gateway recorded of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use clawbutler_connectors::connector::{Connector, by_id};
use clawbutler_connectors::env::Env;
use clawbutler_connectors::record::{Form, Recording};
use clawbutler_core::timeline::{Outcome, Step, Usage, What};
use clawbutler_testkit::machine::Machine;
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway};
use clawbutler_testkit::results::{OPENCLAW, tried};
use serde_json::{Value, json};

use super::super::shared::crosses_a_budget;
use super::{Place, call};

/// Rows asked for at once: few, so that cursors matter.
const PAGE: usize = 3;

fn connector() -> &'static dyn Connector {
    by_id("openclaw").unwrap()
}

/// Runs the first query that fits the database, as the reader of databases does.
fn query(database: &Path, queries: &[&str], values: &Value) -> Vec<Value> {
    let program = "import json, sqlite3, sys
con = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)
con.row_factory = sqlite3.Row
for query in json.loads(sys.argv[2]):
    try:
        rows = con.execute(query, json.loads(sys.argv[3])).fetchall()
    except sqlite3.OperationalError:
        continue
    print(json.dumps([dict(row) for row in rows]))
    break";
    let queries = json!(queries).to_string();
    let run = Command::new("python3").args(["-c", program]).arg(database).args([queries, values.to_string()]).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).unwrap()
}

/// The steps of every session in a recording of any form.
fn steps_of(recording: &Recording) -> BTreeMap<String, Vec<Step>> {
    let read = |records: Vec<String>| {
        let mut reader = connector().reader(recording, None).unwrap();
        let mut steps = Vec::new();
        for record in records {
            steps.extend(reader.record(record.as_bytes()).unwrap());
            // Every reader goes on in another process.
            reader = connector().reader(recording, Some(&reader.save())).unwrap();
        }
        steps
    };
    let Form::Rows(rows) = &recording.form else {
        let text = std::fs::read_to_string(&recording.path).unwrap();
        return BTreeMap::from([(recording.session.clone(), read(text.lines().map(str::to_owned).collect()))]);
    };
    let sessions = query(&recording.path, connector().session_queries(), &json!([100]));
    let session = |row: &Value| row["session"].as_str().unwrap().to_owned();
    let records = |session: &str| {
        let (mut found, mut cursor) = (Vec::new(), json!(0));
        loop {
            let page = query(&recording.path, rows.queries, &json!([cursor, session, PAGE]));
            let Some(last) = page.last() else { return found };
            cursor = last["cursor"].clone();
            found.extend(page.iter().map(Value::to_string));
        }
    };
    sessions.iter().map(session).map(|session| (session.clone(), read(records(&session)))).collect()
}

fn all_steps(machine: &Machine) -> BTreeMap<String, Vec<Step>> {
    let env = Env::new(machine.env(), machine.at("home"));
    let recordings = connector().recordings(&env, &machine.at("home/.openclaw"));
    assert!(!recordings.is_empty());
    recordings.iter().flat_map(steps_of).collect()
}

/// Words of a message, as a person reads them.
fn words(message: &Value) -> String {
    let parts = message["content"].as_array().cloned().unwrap_or_default();
    let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    message["content"].as_str().map_or_else(|| texts.join("\n"), str::to_owned)
}

/// What the gateway recorded of one session, in the words of the timeline but read by hand.
#[derive(Debug, Default, PartialEq)]
struct Told {
    prompts: Vec<String>,
    answers: Vec<String>,
    calls: Vec<(String, String, Value)>,
    results: Vec<(String, String)>,
    /// Input, cached, written, output, cost in millionths, each answer once.
    usages: Vec<(u64, u64, u64, u64, u64)>,
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small sum of money")]
fn recorded(events: &[&Value]) -> Told {
    let mut told = Told::default();
    for message in events.iter().filter(|event| event["type"] == "message").map(|event| &event["message"]) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        match message["role"].as_str().unwrap() {
            "user" => told.prompts.push(words(message)),
            "assistant" => {
                for part in message["content"].as_array().unwrap() {
                    match part["type"].as_str().unwrap() {
                        "text" if part["text"] != "" => told.answers.push(text(&part["text"])),
                        "toolCall" => {
                            told.calls.push((text(&part["id"]), text(&part["name"]), part["arguments"].clone()));
                        }
                        _ => {}
                    }
                }
                let usage = &message["usage"];
                let count = |name: &str| usage[name].as_u64().unwrap();
                let cost = (usage["cost"]["total"].as_f64().unwrap() * 1e6).round() as u64;
                told.usages.push((count("input"), count("cacheRead"), count("cacheWrite"), count("output"), cost));
            }
            "toolResult" => told.results.push((text(&message["toolCallId"]), words(message))),
            other => assert_eq!(other, "", "a role that the test does not know"),
        }
    }
    told
}

fn projected(steps: &[Step]) -> Told {
    let mut told = Told::default();
    for step in steps {
        match &step.what {
            What::Prompt { text } => told.prompts.push(text.clone()),
            What::Answer { text } => told.answers.push(text.clone()),
            What::ToolCall { call, tool, input } => {
                told.calls.push((call.clone().unwrap(), tool.clone(), input.clone()));
            }
            What::ToolResult { call, text, .. } => told.results.push((call.clone().unwrap(), text.clone())),
            What::Usage(Usage { input, cache_read, cache_write, output, cost_microusd, response, .. }) => {
                assert!(response.is_some(), "it can be told from the same one read again");
                told.usages.push((*input, *cache_read, *cache_write, *output, cost_microusd.unwrap()));
            }
            What::Unknown { kind } => assert_eq!(kind, "", "the reader knows every kind"),
            _ => {}
        }
    }
    told
}

/// How each call of a session ended, by its tool.
fn outcomes(steps: &[Step]) -> Vec<(String, Outcome)> {
    let mut tools = BTreeMap::new();
    let mut ended = Vec::new();
    for step in steps {
        match &step.what {
            What::ToolCall { call, tool, .. } => drop(tools.insert(call.clone(), tool.clone())),
            What::ToolResult { call, outcome, .. } => ended.push((tools[call].clone(), *outcome)),
            _ => {}
        }
    }
    ended
}

fn run(place: &Place<'_>) {
    let exec = |command: &str| json!({ "tool": "exec", "input": { "command": command } });
    let long = "a long line that makes the event too large to be kept unpacked\n".repeat(60);
    place.turn(
        "first",
        &json!([
            [{ "text": "I look first" }, exec("echo out; echo err >&2")],
            [{ "tool": "write", "input": { "path": "long.txt", "content": long } }, exec("exit 3")],
            [{ "tool": "read", "input": { "path": "long.txt" } }, { "tool": "read", "input": { "path": "no-such" } }],
        ]),
    );
    place.lay("exec", "refused");
    let turn = place.gateway.turn("second", &script(&json!([call("exec", "refused")])));
    let seen = place.machine.wait_pending();
    place.machine.decide(&seen, "deny", Some("not today")).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    place.turn("first", &json!([[exec("touch again.txt")]]));
}

#[test]
fn what_the_reader_tells_is_what_the_gateway_recorded() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "records: what is told is what the client recorded");
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    run(&Place { machine: &machine, gateway: &gateway });
    let told = all_steps(&machine);
    let events = openclaw::events_of_sessions(&machine);
    let sessions: BTreeSet<&String> = events.iter().map(|(session, _)| session).collect();
    assert_eq!(told.keys().collect::<BTreeSet<_>>(), sessions);
    for session in sessions {
        let own: Vec<&Value> = events.iter().filter(|(of, _)| of == session).map(|(_, event)| event).collect();
        assert_eq!(projected(&told[session]), recorded(&own), "{session}");
        assert!(told[session].iter().all(|step| step.at.is_some()));
    }
    the_script_is_in_it(&machine, &told);
}

/// The reader and the test may be wrong together about the records: this is what the script did.
fn the_script_is_in_it(machine: &Machine, told: &BTreeMap<String, Vec<Step>>) {
    let of = |text: &str| {
        let has = |steps: &&Vec<Step>| projected(steps).prompts.iter().any(|prompt| prompt.contains(text));
        told.values().find(has).unwrap()
    };
    let (first, second) = (of("I look first"), of("victim-refused"));
    let ended = |name: &str, outcome| (name.to_owned(), outcome);
    let expected = [
        ended("exec", Outcome::Ok),
        ended("write", Outcome::Ok),
        ended("exec", Outcome::Failed),
        ended("read", Outcome::Ok),
        ended("read", Outcome::Failed),
        ended("exec", Outcome::Ok),
    ];
    assert_eq!(outcomes(first), expected);
    assert_eq!(outcomes(second), [ended("exec", Outcome::Refused)]);
    // The model says 1000 tokens in and 20 out each time; the configuration says 3 and 15 dollars a million.
    let usage = (1_000, 0, 0, 20, 3_300);
    assert_eq!(projected(first).usages, vec![usage; 6]);
    assert_eq!(projected(second).usages, vec![usage; 2]);
    // The client's own list of sessions has them all.
    let list: Value = serde_json::from_str(&openclaw::cli(machine, &["sessions", "--json"])).unwrap();
    let list = list["sessions"].as_array().unwrap();
    let named: BTreeSet<&str> = list.iter().filter_map(|session| session["sessionId"].as_str()).collect();
    assert_eq!(named, told.keys().map(String::as_str).collect());
}

/// A call that was refused, then the gateway killed and started again: the conversation goes on in the same record, and
/// what was told of it before stays as it was.
#[test]
fn a_session_that_is_opened_again_goes_on_where_it_was() {
    let Some(machine) = openclaw::machine() else { return };
    let _rows = ["records: a refusal, a session opened again", "budget: a run crosses a small one"]
        .map(|scenario| tried(OPENCLAW, scenario));
    machine.install_guard();
    let first = Gateway::start(&machine);
    let place = Place { machine: &machine, gateway: &first };
    place.lay("exec", "refused");
    let turn = first.turn("again", &script(&json!([call("exec", "refused")])));
    machine.decide(&machine.wait_pending(), "deny", Some("not today")).unwrap();
    assert_eq!(turn.join().unwrap().status, 200);
    let before = all_steps(&machine);
    drop(first);
    let second = Gateway::start(&machine);
    let exec = |number: u32| json!([{ "tool": "exec", "input": { "command": format!("echo {number}") } }]);
    // An answer costs a third of a cent.
    crosses_a_budget(&machine, || {
        let place = Place { machine: &machine, gateway: &second };
        place.turn("again", &json!((0..4).map(exec).collect::<Vec<_>>()));
    });
    let after = all_steps(&machine);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "the same session");
    for (session, steps) in &before {
        assert_eq!(&after[session][..steps.len()], steps.as_slice(), "what was told stays");
        let ended = |name: &str, outcome| (name.to_owned(), outcome);
        let more = std::iter::repeat_n(ended("exec", Outcome::Ok), 4);
        let all: Vec<_> = std::iter::once(ended("exec", Outcome::Refused)).chain(more).collect();
        assert_eq!(outcomes(&after[session]), all);
    }
}
