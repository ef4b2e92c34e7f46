//! Exports, packs and backups where no more fits: said, nothing half under its name, and gone on with later.

use std::path::PathBuf;
use std::process::{Command, Output};

use clawbutler_butler::Butler;
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_platform::paths::DataDir;
use clawbutler_store::{Durability, Store, StoreError};
use serde_json::json;

use super::Machine;
use super::keep::engine;

/// The command under a bound for the size of the files it writes (blocks of 512 bytes).
fn bounded(machine: &Machine, blocks: u32, args: &[&str]) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_clawbutler"), "--home"])
        .arg(machine.data().join("d"))
        .arg("audit")
        .args(args)
        .env_clear()
        .env("HOME", "/home/u")
        .current_dir("/")
        .output()
        .unwrap()
}

/// A log of so many entries that no engine runs on.
fn filled(machine: &Machine, count: u64) {
    engine(machine).shutdown();
    let store = Store::open(&machine.data().join("d/clawbutler.db")).unwrap();
    let draft = |number: u64| Draft {
        kind: Kind::ActionRequested,
        actor: Actor::Engine,
        trace: format!("{:032x}", number + 1).as_str().into(),
        span: format!("{:016x}", number + 1).as_str().into(),
        parent: None,
        data: json!({ "tool": "Bash", "summary": format!("ls {number}") }),
    };
    store
        .write::<_, StoreError>(Durability::Process, |tx| {
            (0..count).try_for_each(|number| tx.append(draft(number), Timestamp(1_795_600_000_000)).map(drop))
        })
        .unwrap();
}

fn names(machine: &Machine) -> Vec<String> {
    let names = std::fs::read_dir(machine.data().join("out")).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_that_cannot_grow_is_said_and_gone_on_with() {
    let machine = Machine::new();
    filled(&machine, 2_500);
    std::fs::create_dir(machine.data().join("out")).unwrap();
    let out = |name: &str| -> PathBuf { machine.data().join("out").join(name) };
    for format in ["jsonl", "csv", "cef", "ocsf", "otlp-logs", "otlp-traces"] {
        let (whole, cut) = (out("whole"), out("cut"));
        let args = |path: &PathBuf| ["export", "--format", format, "--out", path.to_str().unwrap()].map(str::to_owned);
        let run = |blocks: u32, path: &PathBuf| {
            bounded(&machine, blocks, &args(path).iter().map(String::as_str).collect::<Vec<_>>())
        };
        assert!(run(1_000_000, &whole).status.success());
        let size = std::fs::metadata(&whole).unwrap().len();
        let full = run(u32::try_from(size / 512 * 9 / 10).unwrap(), &cut);
        let said = String::from_utf8_lossy(&full.stderr).into_owned();
        assert_eq!(full.status.code(), Some(2), "{format}: {said}");
        assert!(said.contains("error: ") && !said.contains("panic") && !cut.exists(), "{format}: {said}");
        assert!(names(&machine).contains(&"cut.part".to_owned()));
        assert!(run(1_000_000, &cut).status.success());
        assert!(std::fs::read(&cut).unwrap() == std::fs::read(&whole).unwrap(), "{format}");
        assert_eq!(names(&machine), ["cut", "whole"]);
        for path in [whole, cut] {
            std::fs::remove_file(path).unwrap();
        }
    }
    let pack = out("pack.zip");
    for (verb, more) in [("pack", &["--out"][..]), ("backup", &[])] {
        let args = [&[verb], more, &[pack.to_str().unwrap()]].concat();
        for blocks in [100, 1_000] {
            let full = bounded(&machine, blocks, &args);
            let said = String::from_utf8_lossy(&full.stderr).into_owned();
            assert_eq!(full.status.code(), Some(2), "{verb} {blocks}: {said}");
            assert!(said.contains("error: ") && !said.contains("panic"), "{verb} {blocks}: {said}");
            assert_eq!(names(&machine), Vec::<String>::new(), "{verb} {blocks}");
        }
        assert!(bounded(&machine, 1_000_000, &args).status.success());
        std::fs::remove_file(&pack).unwrap();
    }
    let data = DataDir::at(machine.data().join("d"));
    let report = Butler::verify_file(&data, None, &[], |_, _| ()).unwrap();
    assert!(report.first_bad.is_none() && report.entries.0 > 2_500, "{report:?}");
}
