//! Exports of the command line are in the log, and its evidence packs hold.

use clawbutler_butler::Butler;
use clawbutler_gateway::Gateway;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::command::{CheckPack, ListAudit};
use serde_json::{Value, json};

use super::Machine;
use super::keep::{engine, parsed};

/// What the log says of exports, oldest first.
fn exports(butler: &Butler) -> Vec<Value> {
    let page = butler.list_audit(ListAudit { before: None, limit: None, span: None }).unwrap();
    let exported = page.items.into_iter().filter(|entry| entry.kind == "audit.exported");
    let mut found: Vec<Value> = exported.map(|entry| entry.data).collect();
    found.reverse();
    found
}

#[test]
fn exports_are_recorded_now_or_when_the_engine_starts() {
    let machine = Machine::new();
    let home = machine.data().join("d").display().to_string();
    let run = |args: &[&str]| machine.run(&[&["--home", &home, "audit", "export"], args].concat(), b"");
    let out = machine.data().join("a.csv").display().to_string();
    let butler = engine(&machine);
    let gateway = Gateway::open(&butler).unwrap();
    assert_eq!(run(&["--format", "csv", "--out", &out, "kind:engine.started"]).code, Some(0));
    let told = exports(&butler);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["origin"], &told[0]["format"], &told[0]["count"]),
        (&json!("command_line"), &json!("csv"), &json!("1"))
    );
    assert_eq!(told[0]["digest"].as_str().map(str::len), Some(64));
    assert_eq!(told[0]["filter"]["text"], "kind:engine.started");
    drop(gateway);
    butler.shutdown();
    drop(butler);

    assert_eq!(run(&[]).code, Some(0));
    let butler = engine(&machine);
    let later = exports(&butler);
    assert_eq!((later.len(), &later[1]["format"]), (2, &json!("jsonl")));
    assert!(later[1]["recorded_at"].is_i64(), "{later:?}");
    butler.shutdown();
}

#[test]
fn a_pack_is_made_while_the_engine_runs_which_signs_and_records_it() {
    let machine = Machine::new();
    let data = machine.data().join("d");
    let home = data.display().to_string();
    let run = |args: &[&str]| machine.run(&[&["--home", &home, "audit"], args].concat(), b"");
    let butler = engine(&machine);
    let gateway = Gateway::open(&butler).unwrap();
    let path = machine.data().join("live.zip").display().to_string();
    let made = run(&["pack", "--out", &path, "--kind", "engine.started"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let (_, key) = Butler::checkpoint_file(&DataDir::at(data)).unwrap();
    let checked = run(&["verify", &path, "--key", &key.unwrap()]);
    assert_eq!((checked.code, checked.out.starts_with("Intact: 1 entries")), (Some(0), true), "{}", checked.out);
    let told = exports(&butler);
    assert_eq!(told.len(), 1);
    let said = [&told[0]["origin"], &told[0]["format"], &told[0]["count"]];
    assert_eq!(said, [&json!("command_line"), &json!("pack"), &json!(1)]);
    assert_eq!(told[0]["manifest"].as_str().map(str::len), Some(64));

    // Once more to the same file, and with nothing to prove: no entry is added, nothing is left behind.
    assert_ne!(run(&["pack", "--out", &path]).code, Some(0));
    let empty = machine.data().join("empty.zip");
    let nothing = run(&["pack", "--out", &empty.display().to_string(), "--kind", "agent.killed"]);
    assert_ne!(nothing.code, Some(0));
    assert!(!empty.exists() && nothing.err.contains("nothing to prove"), "{}", nothing.err);
    assert_eq!(exports(&butler).len(), 1);

    // A window that is handed the file says the same, and knows its own key.
    let verdict = |path: &str, key: Option<String>| butler.check_pack_file(CheckPack { path: path.to_owned(), key });
    let ours = verdict(&path, None).unwrap();
    assert_eq!((ours.intact, ours.entries.0, ours.key.as_str()), (true, 1, "ours"));
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let changed = verdict(&path, None).unwrap();
    assert!(!changed.intact && changed.reason.is_some(), "{changed:?}");
    assert!(verdict("live.zip", None).is_err(), "a path is whole");
    assert!(verdict(&machine.data().display().to_string(), None).is_err(), "a folder is no pack");

    // How often the command line is answered is bounded.
    let refusals = (0..20).map(|_| run(&["pack", "--out", &empty.display().to_string(), "--kind", "agent.killed"]));
    assert!(refusals.last().unwrap().err.contains("Too many exports"));
    drop(gateway);
    butler.shutdown();
}

#[test]
fn a_pack_is_made_checked_and_refused_after_a_change() {
    let machine = Machine::new();
    let data = machine.data().join("d");
    let home = data.display().to_string();
    let run = |args: &[&str]| machine.run(&[&["--home", &home, "audit"], args].concat(), b"");
    let butler = engine(&machine);
    let file = machine.data().join("pack.zip");
    let path = file.display().to_string();
    let running = run(&["pack", "--out", &path]);
    assert_eq!((running.code, running.err.contains("already runs")), (Some(2), true), "{}", running.err);
    butler.shutdown();
    drop(butler);

    let made = run(&["pack", "--out", &path, "--kind", "engine.started"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let (_, key) = Butler::checkpoint_file(&DataDir::at(data)).unwrap();
    let key = key.unwrap();
    let checked = run(&["verify", &path, "--key", &key]);
    assert_eq!((checked.code, checked.out.starts_with("Intact: 2 entries")), (Some(0), true), "{}", checked.out);
    let report = parsed(&run(&["verify", &path, "--json"]).out);
    assert_eq!(
        (&report["intact"], &report["entries"], &report["key"]),
        (&json!(true), &json!(2), &json!("in_the_pack"))
    );
    assert_eq!(run(&["verify"]).code, Some(0), "the log holds with the pack's entry in it");

    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = run(&["verify", &path, "--key", &key, "--json"]);
    let report = parsed(&refused.out);
    assert_eq!((refused.code, &report["intact"]), (Some(1), &json!(false)));
    assert!(report["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
}
