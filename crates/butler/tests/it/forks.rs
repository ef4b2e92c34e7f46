//! A fork shows what it did itself and whose history it goes on with; nothing is told or counted twice.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use clawbutler_wire::budget::GetBudget;
use clawbutler_wire::command::{Govern, ListSessions, ListSteps, ShowSession};
use clawbutler_wire::sessions::{SessionRow, StepBody};
use serde_json::{Value, json};

use crate::desk::Desk;

struct Home(Desk);

impl Home {
    fn new() -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".claude/projects/p")).unwrap();
        let home_id = desk.home_of("claude-code");
        desk.butler().govern(Govern { home_id, governed: true }).unwrap();
        Self(desk)
    }

    fn add(&self, session: &str, lines: &[Value]) {
        let path = self.0.home().join(format!(".claude/projects/p/{session}.jsonl"));
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
        self.0.butler().read_sessions();
    }

    fn row(&self, session: &str) -> SessionRow {
        let rows = self.0.butler().list_sessions(ListSessions::default()).unwrap().items;
        rows.into_iter().find(|row| row.session == session).unwrap()
    }

    /// Commands and prompts of a session, in order, and whose history it goes on with.
    fn told(&self, session: &str) -> Vec<String> {
        let request = ListSteps { session: self.row(session).id, limit: Some(500), ..ListSteps::default() };
        let word = |what: StepBody| match what {
            StepBody::ToolCall { input, .. } => input["command"].as_str().map(str::to_owned),
            StepBody::Prompt { text } => Some(text),
            StepBody::Forked { session } => Some(format!("of {session}")),
            _ => None,
        };
        self.0.butler().list_steps(request).unwrap().items.into_iter().filter_map(|step| word(step.what)).collect()
    }

    fn spent(&self) -> u64 {
        self.0.butler().get_budget(GetBudget {}).unwrap().month.spent_micro
    }
}

/// A prompt, a call and its result; the answer costs 1,500 millionths of a dollar by the list price.
fn turn(session: &str, number: u32, asked: Option<&str>) -> Vec<Value> {
    let line = |kind: &str, part: &str, message: Value| {
        let mut line = json!({
            "type": kind, "uuid": format!("u{number}-{part}"), "sessionId": session, "requestId": format!("req{number}"),
            "timestamp": format!("2026-11-25T09:00:{number:02}Z"), "cwd": "/p", "message": message,
        });
        if let (Some(asked), "assistant") = (asked, kind) {
            line["requestSessionId"] = json!(asked);
        }
        line
    };
    vec![
        line("user", "a", json!({ "role": "user", "content": format!("prompt {number}") })),
        line(
            "assistant",
            "b",
            json!({
                "id": format!("msg{number}"), "model": "claude-opus-4-5", "stop_reason": "tool_use",
                "content": [{ "type": "tool_use", "id": format!("t{number}"), "name": "Bash",
                              "input": { "command": format!("echo {number}") } }],
                "usage": { "input_tokens": 100, "output_tokens": 40 },
            }),
        ),
        line(
            "user",
            "c",
            json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": format!("t{number}"), "content": "x" }] }),
        ),
    ]
}

fn total(session: &str, turns: u32) -> Value {
    json!({ "type": "cost-state", "sessionId": session, "totalCostUSD": 0.0015 * f64::from(turns) })
}

#[test]
fn a_fork_is_told_apart_from_the_session_it_came_from() {
    let home = Home::new();
    home.add("s1", &[turn("s1", 1, None), turn("s1", 2, None), vec![total("s1", 2)]].concat());
    let whole = home.row("s1");
    assert_eq!((whole.tokens.input, home.spent()), (200, 3_000));

    // The copies are not written in one go: the first was read before anything told whose it is.
    let copies = [turn("s2", 1, Some("s1")), turn("s2", 2, Some("s1"))].concat();
    home.add("s2", &copies[..1]);
    assert_eq!(home.told("s2"), ["prompt 1"]);
    let before = home.row("s2").generation;
    home.add("s2", &copies[1..]);
    assert_eq!(home.told("s2"), ["of s1"]);
    home.add("s2", &[turn("s2", 3, None), vec![total("s2", 3)]].concat());

    assert_eq!(home.told("s2"), ["of s1", "prompt 3", "echo 3"]);
    let fork = home.row("s2");
    assert_eq!((fork.prompts, fork.tool_calls, fork.tokens.input), (1, 1, 100), "{fork:?}");
    assert!(fork.generation > before, "windows fetch anew what was taken back");
    assert_eq!((fork.parent.as_ref(), fork.forked), (Some(&whole.id), true));
    assert_eq!(
        fork.cost.usd,
        Some(0.0015),
        "the client's own total holds what the other session cost: {:?}",
        fork.cost
    );
    assert!(fork.started_at > whole.started_at, "{fork:?}");
    assert_eq!(home.told("s1"), ["prompt 1", "echo 1", "prompt 2", "echo 2"]);
    assert_eq!(home.spent(), 4_500, "each answer once");
    let children = home.0.butler().show_session(ShowSession { id: whole.id }).unwrap().children;
    assert_eq!(
        children.into_iter().map(|row| (row.session, row.forked)).collect::<Vec<_>>(),
        [("s2".to_owned(), true)]
    );
}

/// The history is read newest first: the fork before the session it came from.
#[test]
fn the_order_of_reading_makes_no_difference() {
    let home = Home::new();
    let fork = [turn("s2", 1, Some("s1")), turn("s2", 2, None)].concat();
    home.add("s2", &fork);
    assert_eq!((home.told("s2"), home.spent()), (vec!["of s1".to_owned(), "prompt 2".into(), "echo 2".into()], 1_500));
    home.add("s1", &turn("s1", 1, None));
    assert_eq!((home.told("s1"), home.spent()), (vec!["prompt 1".to_owned(), "echo 1".into()], 3_000));
    assert_eq!(home.row("s2").parent, Some(home.row("s1").id));
    assert_eq!(
        home.row("s2").steps,
        home.0
            .butler()
            .list_steps(ListSteps { session: home.row("s2").id, limit: Some(500), ..ListSteps::default() })
            .unwrap()
            .items
            .len() as u64
    );
}
