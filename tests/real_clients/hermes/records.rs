//! What the connector tells of a session is what Hermes recorded and what the model was sent.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use clawbutler_connectors::connector::{Connector, by_id};
use clawbutler_connectors::env::Env;
use clawbutler_connectors::record::{Form, Recording};
use clawbutler_core::timeline::{Outcome, State, Step, Usage, What};
use clawbutler_testkit::chat::{ANSWER_TOKENS, CACHED_TOKENS, PRICES, PROMPT_TOKENS};
use clawbutler_testkit::hermes::{Hermes, rows};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{HERMES, tried};
use serde_json::{Value, json};

use super::super::shared::crosses_a_budget;
use super::{Bench, terminal};

/// Most rows of one look; few, so that a session takes several.
const ROWS: u64 = 3;

fn connector() -> &'static dyn Connector {
    by_id("hermes").unwrap()
}

fn recording(home: &Path) -> Recording {
    let env = Env::new(BTreeMap::new(), home.parent().unwrap().to_owned());
    let mut all = connector().recordings(&env, home);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// A session as it is followed: each look goes on where the last one stopped, in a reader restored from what
/// the last one saved.
struct Followed {
    session: String,
    cursor: i64,
    saved: Option<Value>,
    steps: Vec<Step>,
}

impl Followed {
    fn new(session: &str) -> Self {
        Self { session: session.to_owned(), cursor: 0, saved: None, steps: Vec::new() }
    }

    /// Whether there was something new.
    fn look(&mut self, recording: &Recording, most: u64) -> bool {
        let Form::Rows(queries) = &recording.form else { panic!("its records are rows") };
        let parameters = [json!(self.cursor), json!(self.session), json!(most)];
        let found = rows(&recording.path, queries.queries[0], &parameters);
        let mut reader = connector().reader(recording, self.saved.as_ref()).unwrap();
        for row in &found {
            self.steps.extend(reader.record(row.to_string().as_bytes()).unwrap());
            let cursor = row["cursor"].as_i64().unwrap();
            assert!(cursor > self.cursor, "the cursor grows");
            self.cursor = cursor;
        }
        self.saved = Some(reader.save());
        !found.is_empty()
    }

    fn whole(session: &str, recording: &Recording) -> Vec<Step> {
        let mut followed = Self::new(session);
        followed.look(recording, 10_000);
        followed.steps
    }

    /// The last total of every kind of call.
    fn usages(steps: &[Step]) -> Vec<Usage> {
        let mut last = BTreeMap::new();
        for step in steps {
            if let What::Usage(usage) = &step.what {
                last.insert(usage.response.clone(), usage.clone());
            }
        }
        last.into_values().collect()
    }
}

/// What stands in a message, in the order of the session; what changes in place aside.
fn said(steps: &[Step]) -> Vec<&Step> {
    let said = |step: &&Step| {
        matches!(step.what, What::Prompt { .. } | What::Answer { .. } | What::ToolCall { .. } | What::ToolResult { .. })
    };
    steps.iter().filter(said).collect()
}

/// The same from Hermes' own rows.
fn expected(bench: &Bench, session: &str) -> Vec<Value> {
    let query =
        "SELECT role, content, tool_call_id, tool_calls, timestamp FROM messages WHERE session_id = ?1 ORDER BY id";
    let mut told = Vec::new();
    for row in rows(&bench.0.home("state.db"), query, &[session.into()]) {
        let at = (row["timestamp"].as_f64().unwrap() * 1000.0).round();
        let content = row["content"].as_str().unwrap_or_default();
        match row["role"].as_str().unwrap() {
            "user" => told.push(json!(["prompt", at, content])),
            "tool" => told.push(json!(["result", at, row["tool_call_id"], content])),
            "assistant" => {
                if !content.is_empty() {
                    told.push(json!(["answer", at, content]));
                }
                let calls = row["tool_calls"].as_str().unwrap_or("[]");
                for call in serde_json::from_str::<Vec<Value>>(calls).unwrap() {
                    let input: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
                    told.push(json!(["call", at, call["id"], call["function"]["name"], input]));
                }
            }
            other => panic!("an unknown role {other}"),
        }
    }
    told
}

fn shown(steps: &[Step]) -> Vec<Value> {
    let one = |step: &&Step| {
        #[expect(clippy::cast_precision_loss, reason = "a date in milliseconds fits")]
        let at = step.at.map(|at| at.0 as f64);
        match &step.what {
            What::Prompt { text } => json!(["prompt", at, text]),
            What::Answer { text } => json!(["answer", at, text]),
            What::ToolCall { call, tool, input } => json!(["call", at, call, tool, input]),
            What::ToolResult { call, text, .. } => json!(["result", at, call, text]),
            _ => Value::Null,
        }
    };
    said(steps).iter().map(one).collect()
}

#[test]
fn what_is_told_is_what_hermes_recorded() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "records: what is told is what the client recorded");
    let bench = Bench(hermes);
    let inner = script(&json!([terminal("echo from inside")]));
    let prompt = script(&json!([
        [{ "text": "I look around" }, { "tool": "terminal", "input": { "command": "echo hello" } }],
        [{ "tool": "terminal", "input": { "command": "ls no-such-file" } },
         { "tool": "terminal", "input": { "command": "touch no.ran && rm -rf .git" } }],
        [{ "tool": "delegate_task", "input": { "goal": inner } }],
    ]));
    let mut client = bench.0.start(&["-z", &prompt]);
    let database = bench.0.home("state.db");
    let mut followed: Option<Followed> = None;
    loop {
        let ended = client.0.try_wait().unwrap().is_some();
        for seen in bench.0.machine.pending().items {
            bench.decide(&seen, "deny", None);
        }
        if followed.is_none() && database.exists() {
            let query = "SELECT count(*) AS there FROM sqlite_master WHERE name = 'session_model_usage'";
            if rows(&database, query, &[])[0]["there"] == 1 {
                let main = rows(&database, "SELECT id FROM sessions WHERE parent_session_id IS NULL", &[]);
                followed = main.first().map(|row| Followed::new(row["id"].as_str().unwrap()));
            }
        }
        if let Some(followed) = &mut followed {
            while followed.look(&recording(&bench.0.home("")), ROWS) {}
        }
        if ended {
            break;
        }
        thread::sleep(Duration::from_millis(150));
    }
    client.finish();
    let recording = recording(&bench.0.home(""));
    let followed = followed.unwrap();
    let whole = Followed::whole(&followed.session, &recording);

    // Word for word, and the same whether it was followed or read afterwards.
    let truth = expected(&bench, &followed.session);
    assert!(truth.len() >= 11, "{truth:?}");
    assert_eq!(shown(&whole), truth);
    assert_eq!(shown(&followed.steps), truth);
    assert_eq!(Followed::usages(&followed.steps), Followed::usages(&whole));
    for steps in [&followed.steps, &whole] {
        assert!(!steps.iter().any(|step| matches!(step.what, What::Unknown { .. } | What::Note { .. })), "{steps:?}");
        let ends = steps.iter().filter(|step| step.what == What::State { state: State::Ended }).count();
        assert_eq!(ends, 1, "{steps:?}");
    }
    let outcomes: Vec<Outcome> = whole
        .iter()
        .filter_map(|step| if let What::ToolResult { outcome, .. } = &step.what { Some(*outcome) } else { None })
        .collect();
    assert_eq!(outcomes, [Outcome::Ok, Outcome::Failed, Outcome::Refused, Outcome::Ok]);
    let setting = |name: &str| {
        let mut steps = whole.iter();
        steps.find_map(|step| match &step.what {
            What::Setting { name: own, value } if own == name => Some(value.as_str()),
            _ => None,
        })
    };
    assert_eq!((setting("model"), setting("source")), (Some("one"), Some("cli")));

    // The sub-agent, and every session of the database.
    let listed = rows(&database, connector().session_queries()[0], &[json!(100)]);
    assert_eq!(listed.len(), 2, "{listed:?}");
    let child = listed.iter().find(|row| row["parent"] == followed.session.as_str()).unwrap();
    let child = child["session"].as_str().unwrap();
    let agents: Vec<&What> = whole
        .iter()
        .map(|step| &step.what)
        .filter(|what| matches!(what, What::AgentStarted { .. } | What::AgentEnded { .. }))
        .collect();
    assert!(
        matches!(agents[..], [What::AgentStarted { agent, .. }, What::AgentEnded { agent: ended, .. }] if agent == child && ended == child),
        "{agents:?}"
    );
    let inside = Followed::whole(child, &recording);
    assert_eq!(shown(&inside), expected(&bench, child));

    // Every answer of the model is counted once, with its price.
    let asked = bench.0.model.asked().len() as u64;
    let all: Vec<Usage> = [&whole, &inside].into_iter().flat_map(|steps| Followed::usages(steps)).collect();
    let sum = |count: fn(&Usage) -> u64| all.iter().map(count).sum::<u64>();
    assert_eq!(sum(|usage| usage.cache_read), asked * CACHED_TOKENS, "{all:?}");
    assert_eq!(sum(|usage| usage.input), asked * (PROMPT_TOKENS - CACHED_TOKENS));
    assert_eq!(sum(|usage| usage.output), asked * ANSWER_TOKENS);
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let price = |tokens: u64, price: f64| tokens as f64 * price;
    let one = price(PROMPT_TOKENS - CACHED_TOKENS, PRICES[0])
        + price(CACHED_TOKENS, PRICES[1])
        + price(ANSWER_TOKENS, PRICES[2]);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let one = one.round() as u64;
    assert_eq!(sum(|usage| usage.cost_microusd.unwrap()), asked * one, "{all:?}");
}

#[test]
fn a_run_that_crosses_a_small_budget_is_in_the_log() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "budget: a run crosses a small one");
    // An answer costs 0.14 cents at the prices that the model on loopback lists. A conversation would get a title too, by
    // a call that Hermes does not price.
    let turns: Vec<Value> = (0..9).map(|turn| terminal(&format!("echo {turn}"))).collect();
    crosses_a_budget(&hermes.machine, || drop(hermes.start(&["-z", &script(&json!(turns))]).finish()));
}
