//! What a script reads when something goes wrong: with `--json` one object, whatever it was.

use crate::keep::parsed;
use crate::{Done, Machine};

/// The error and the hint of a run that failed.
fn told(done: &Done) -> (String, String) {
    assert_eq!((done.code, done.err.as_str()), (Some(2), ""), "{}", done.out);
    assert_eq!(done.out.lines().count(), 1, "{}", done.out);
    let object = parsed(&done.out);
    let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(object.as_object().unwrap().len(), 2, "{object}");
    (text("error"), text("hint"))
}

#[test]
fn every_error_of_audit_is_an_object_for_a_program() {
    let machine = Machine::new();
    let torn = machine.write("torn.zip", "no pack");
    for args in [
        &["audit", "verify", "--json"][..],
        &["audit", "verify", "/nowhere.jsonl", "--json"],
        &["audit", "verify", "/nowhere.json", "--json"],
        &["audit", "verify", "--json", "--db", "/nowhere.db"],
        &["audit", "verify", "--json", "--no-such-option"],
        &["audit", "search", "--json"],
        &["audit", "search", "--json", "--since", "yesterday-ish"],
        &["audit", "retention", "--json"],
        &["audit", "backup", "/nowhere/at/all.db", "--json"],
        &["audit", "restore", "/nowhere.db", "--json"],
        &["audit", "no-such-verb", "--json"],
    ] {
        let (error, hint) = told(&machine.run(args, b""));
        assert!(!error.is_empty() && !error.contains('\n') && !hint.is_empty(), "{args:?}: {error} / {hint}");
    }
    // What was looked at and does not hold is a result, not an error.
    let pack = machine.run(&["audit", "verify", &torn, "--json"], b"");
    assert_eq!((pack.code, parsed(&pack.out)["intact"].as_bool()), (Some(1), Some(false)), "{}", pack.out);
    // For people it stays text, on standard error.
    let people = machine.run(&["audit", "verify", "/nowhere.jsonl"], b"");
    assert_eq!((people.code, people.out.as_str()), (Some(2), ""));
    assert!(people.err.starts_with("error: "), "{}", people.err);
}
