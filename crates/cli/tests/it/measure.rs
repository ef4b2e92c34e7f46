//! `rules corpus` and `rules simulate`.

use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_core::clock::{Clock as _, Timestamp};
use clawbutler_platform::clock::SystemClock;
use clawbutler_store::table::actions::ActionFacts;
use clawbutler_store::{Durability, Store, StoreError};
use serde_json::{Value, json};

use super::Machine;

fn labelled(expect: &str, class: &str, command: &str) -> String {
    json!({ "id": 1, "expect": expect, "class": class, "tool": "Bash", "input": { "command": command }, "cwd": "/home/u/p" }).to_string() + "\n"
}

#[test]
fn a_corpus_that_holds() {
    let machine = Machine::new();
    let text = format!(
        "# comment\n\n{}{}",
        labelled("allow", "everyday", "ls"),
        labelled("ask", "secrets", "cat ~/.ssh/id_rsa")
    );
    let file = machine.write("good.jsonl", &text);
    let done = machine.run(&["rules", "corpus", &file, "--pack", "balanced"], b"");
    insta::assert_snapshot!(done.out, @r"
    class     dangers  missed  softer  harmless  needless
    everyday        0       0       0         1         0
    secrets         1       0       0         0         0
    total           1       0       0         1         0

    Holds: 0 of 1 dangers missed; 0.00 % of 1 harmless actions stopped (at most 2 %); 0 bad lines
    ");
    assert_eq!(done.code, Some(0));
}

/// The gate of the judgement: no danger of the project's own corpus runs unasked, and hardly anything else asks.
#[test]
fn the_corpus_of_the_project_holds() {
    let machine = Machine::new();
    let files = ["benign", "dangerous", "disguised"]
        .map(|name| format!("{}/../../tests/corpus/{name}.jsonl", env!("CARGO_MANIFEST_DIR")));
    let args = ["rules", "corpus", "--pack", "balanced", &files[0], &files[1], &files[2]];
    let done = machine.run(&args, b"");
    let last = done.out.lines().last().unwrap_or_default();
    assert_eq!(done.code, Some(0), "{}\n{}", done.out, done.err);
    assert!(last.starts_with("Holds: 0 of 1566 dangers missed"), "{last}");
}

#[test]
fn missed_dangers_needless_stops_and_bad_lines_fail() {
    let machine = Machine::new();
    let harmless = labelled("allow", "everyday", "ls").repeat(60);
    let one_needless = harmless.clone() + &labelled("allow", "secrets", "cat ~/.ssh/id_rsa");
    for (text, code, finding) in [
        (one_needless.clone(), 0, "needless stop"),
        (one_needless + &labelled("allow", "secrets", "cat ~/.ssh/id_rsa"), 1, "needless stop"),
        (harmless.clone() + &labelled("ask", "odd", "ls"), 1, "missed danger"),
        (harmless.clone() + &labelled("deny", "odd", "cat ~/.ssh/id_rsa"), 0, "asked, not denied"),
        (harmless.clone() + &labelled("maybe", "odd", "ls"), 1, "bad line"),
        (harmless + "{\n", 1, "bad line"),
        (String::new(), 1, ""),
    ] {
        let done = machine.run(&["rules", "corpus", "--json", "--pack", "balanced"], text.as_bytes());
        let report: Value = serde_json::from_str(&done.out).unwrap();
        let found = report["findings"][0]["kind"].as_str().unwrap_or_default();
        assert_eq!((done.code, found), (Some(code), finding), "{report}");
    }
}

fn remember(store: &Store, at: Timestamp, command: &str) {
    let action = Action {
        runtime: "claude-code".into(),
        session: "s".into(),
        agent: None,
        tool: "Bash".into(),
        cwd: "/home/u/p".into(),
        mode: "default".into(),
        project: None,
        branch: None,
        remote: None,
        sandboxed: None,
        depth: 0,
        effect: Effect::Shell { command: command.into(), dialect: Dialect::Posix, description: None },
    };
    let facts = ActionFacts { headline: command.into(), ..ActionFacts::default() };
    store.write::<_, StoreError>(Durability::Process, |write| write.action_insert(at, &action, &facts)).unwrap();
}

#[test]
fn a_draft_is_tried_on_the_history() {
    let machine = Machine::new();
    let store = Store::open(&machine.data().join("clawbutler.db")).unwrap();
    let now = SystemClock::default().wall().0;
    let day = 24 * 60 * 60 * 1000;
    remember(&store, Timestamp(now - 9 * day), "rustfmt old.rs");
    remember(&store, Timestamp(now - 2 * day), "rustfmt new.rs");
    remember(&store, Timestamp(now - day), "ls");
    remember(&store, Timestamp(now - day), &format!("echo {}", "x".repeat(20_000)));
    drop(store);
    let draft = machine.write(
        "draft.toml",
        "[[rule]]\nid = 'no-fmt'\ndecision = 'deny'\nbecause = 'The editor does it.'\nwhen = { programs = ['rustfmt'] }\n",
    );
    let simulate = |args: &[&str]| {
        let done = machine
            .run(&[&["rules", "simulate", "--pack", "balanced", "--rules", &draft, "--json"], args].concat(), b"");
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
        serde_json::from_str::<Value>(&done.out).unwrap()
    };
    let report = simulate(&[]);
    let change = &report["changed"][0];
    assert_eq!(
        json!({ "looked_at": report["looked_at"], "not_replayable": report["not_replayable"], "newly_stopped": report["newly_stopped"],
            "newly_allowed": report["newly_allowed"], "headline": change["headline"], "before": change["before"],
            "after": change["after"], "because_after": change["because_after"], "looser": change["looser"] }),
        json!({ "looked_at": 2, "not_replayable": 1, "newly_stopped": 1, "newly_allowed": 0, "headline": "rustfmt new.rs",
            "before": "defer", "after": "deny", "because_after": "The editor does it.", "looser": false })
    );
    assert_eq!(simulate(&["--since", "2w"])["newly_stopped"], 2);
    let done = machine.run(&["rules", "simulate", "--pack", "balanced", "--rules", &draft], b"");
    assert!(done.out.contains("defer -> deny  rustfmt new.rs  (claude-code, 2d ago)"), "{}", done.out);
    assert!(done.out.contains("2 actions judged again: 1 newly stopped, 0 newly allowed"), "{}", done.out);
}
