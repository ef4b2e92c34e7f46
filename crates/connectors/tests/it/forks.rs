//! Forks of Claude Code's sessions, written as 2.1.332 writes them: what they took over is the other session's.

use std::path::{Path, PathBuf};

use clawbutler_connectors::record::{Form, Reader, Recording};
use clawbutler_core::timeline::What;
use serde_json::{Value, json};

use crate::scratch::claude;

/// One line of a session: a person or the model says `said`.
fn line(session: &str, kind: &str, id: &str, said: &str) -> Value {
    let message = match kind {
        "user" => json!({ "role": "user", "content": said }),
        _ => json!({
            "id": format!("msg-{id}"), "model": "m", "content": [{ "type": "text", "text": said }],
            "stop_reason": "end_turn", "usage": { "input_tokens": 10, "output_tokens": 10 },
        }),
    };
    json!({
        "type": kind, "uuid": id, "sessionId": session, "timestamp": "2026-11-27T14:30:09.543Z", "requestId": id,
        "message": message, "cwd": "/p", "permissionMode": "default",
    })
}

/// As `--fork-session` repeats a line: of the answers it says whose they were.
fn again(session: &str, line: &Value) -> Value {
    let mut copy = line.clone();
    if line["type"] == "assistant" {
        let asked = line.get("requestSessionId").unwrap_or(&line["sessionId"]).clone();
        copy["requestSessionId"] = asked;
    }
    copy["sessionId"] = json!(session);
    copy
}

/// As `/branch` repeats a line: it says of each whose it was.
fn branched(session: &str, line: &Value) -> Value {
    let mut copy = again(session, line);
    copy["forkedFrom"] = json!({ "sessionId": line["sessionId"], "messageUuid": line["uuid"] });
    copy
}

fn total(session: &str) -> Value {
    json!({ "type": "cost-state", "sessionId": session, "totalCostUSD": 0.5, "hasUnknownModelCost": false })
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a folder"));
        std::fs::create_dir_all(home.0.path().join("projects/p")).expect("a folder");
        home
    }

    fn file(&self, session: &str) -> PathBuf {
        self.0.path().join("projects/p").join(format!("{session}.jsonl"))
    }

    fn write(&self, session: &str, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(self.file(session), text).expect("a file");
    }

    /// What is left of a session once marks have taken back what was told before them, cut after `cut` lines and read
    /// on from there by another reader.
    fn told(&self, session: &str, lines: &[Value], cut: usize) -> Vec<What> {
        self.write(session, lines);
        let mut told = Vec::new();
        let mut take = |reader: &mut dyn Reader, lines: &[Value]| {
            for line in lines {
                for step in reader.record(line.to_string().as_bytes()).expect("a line") {
                    if matches!(step.what, What::Forked { .. }) {
                        told.clear();
                    }
                    told.push(step.what);
                }
            }
        };
        let (first, rest) = lines.split_at(cut);
        let mut reader = reader(&self.file(session), session, None);
        take(&mut *reader, first);
        take(&mut *self::reader(&self.file(session), session, Some(&reader.save())), rest);
        told
    }
}

fn reader(path: &Path, session: &str, saved: Option<&Value>) -> Box<dyn Reader> {
    let (path, session) = (path.to_owned(), session.to_owned());
    let recording = Recording { session, agent: None, parent: None, path, form: Form::Lines, cwd: None, title: None };
    claude().reader(&recording, saved.filter(|saved| !saved.is_null())).expect("it records")
}

/// Prompts, answers, marks and costs, each as a word.
fn words(told: &[What]) -> Vec<String> {
    let word = |what: &What| match what {
        What::Prompt { text } | What::Answer { text } | What::Note { text } => Some(text.clone()),
        What::Forked { session } => Some(format!("of {session}")),
        What::Usage(usage) => {
            Some(usage.cost_microusd.map_or_else(|| "tokens".to_owned(), |cost| format!("cost {cost}")))
        }
        _ => None,
    };
    told.iter().filter_map(word).collect()
}

/// A session with two turns, of which the last was interrupted and a command typed after it.
fn parent() -> Vec<Value> {
    vec![
        line("s1", "user", "a", "one"),
        line("s1", "assistant", "b", "done"),
        line("s1", "user", "c", "two"),
        line("s1", "user", "d", "[Request interrupted by user]"),
        line("s1", "user", "e", "<command-name>/exit</command-name>"),
    ]
}

#[test]
fn what_a_fork_took_over_is_not_its_own() {
    let home = Home::new();
    home.write("s1", &parent());
    let mode = json!({ "type": "permission-mode", "permissionMode": "default", "sessionId": "s2" });
    let own = [line("s2", "user", "f", "three"), line("s2", "assistant", "g", "three done"), total("s2")];
    let lines: Vec<Value> =
        [mode].into_iter().chain(parent().iter().map(|line| again("s2", line))).chain(own).collect();
    for cut in 0..=lines.len() {
        let told = home.told("s2", &lines, cut);
        // What the client adds up holds what the other session cost: it is not told.
        assert_eq!(words(&told), ["of s1", "three", "three done", "tokens"], "cut after {cut}");
        assert!(told.contains(&What::Setting { name: "cwd".into(), value: "/p".into() }), "its settings are told anew");
    }
    // Of a session that is gone only what is marked can be told apart.
    std::fs::remove_file(home.file("s1")).expect("it was there");
    let told = words(&home.told("s2", &lines, 0));
    assert_eq!(told[..2], ["of s1", "two"], "{told:?}");
    assert_eq!(told[4..], ["three", "three done", "tokens"], "{told:?}");
}

#[test]
fn a_fork_of_a_fork_goes_on_with_the_one_it_came_from() {
    let home = Home::new();
    home.write("s1", &parent());
    let second: Vec<Value> = parent()
        .iter()
        .map(|line| again("s2", line))
        .chain([line("s2", "user", "f", "three"), line("s2", "assistant", "g", "three done")])
        .collect();
    home.write("s2", &second);
    let own = [line("s3", "user", "h", "four"), line("s3", "assistant", "i", "four done")];
    let third: Vec<Value> = second.iter().map(|line| again("s3", line)).chain(own).collect();
    for cut in 0..=third.len() {
        assert_eq!(words(&home.told("s3", &third, cut)), ["of s2", "four", "four done", "tokens"], "cut after {cut}");
    }
}

#[test]
fn a_branch_inside_a_session_keeps_its_own_total() {
    let home = Home::new();
    home.write("s1", &parent());
    let own = [line("s2", "user", "f", "three"), line("s2", "assistant", "g", "three done"), total("s2")];
    let lines: Vec<Value> = parent().iter().map(|line| branched("s2", line)).chain(own).collect();
    for cut in 0..=lines.len() {
        let told = home.told("s2", &lines, cut);
        assert_eq!(words(&told), ["of s1", "three", "three done", "tokens", "cost 500000"], "cut after {cut}");
    }
}

/// What a session has told of its own stays, whatever its records say later.
#[test]
fn nothing_of_a_session_with_answers_of_its_own_is_taken_back() {
    let home = Home::new();
    let lines = [
        line("s2", "user", "f", "three"),
        line("s2", "assistant", "g", "three done"),
        again("s2", &line("s1", "assistant", "b", "done")),
        line("s2", "user", "h", "four"),
    ];
    assert_eq!(words(&home.told("s2", &lines, 0)), ["three", "three done", "tokens", "four"]);
}
