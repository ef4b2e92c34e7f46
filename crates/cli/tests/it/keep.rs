//! `audit retention`, `backup`, `restore` and `verify --db`, on a log that an engine wrote.

use std::sync::Arc;

use clawbutler_butler::{Butler, Env, OpenError, Ports};
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::DataDir;
use clawbutler_platform::random::SystemIds;
use clawbutler_wire::command::SetRetention;
use clawbutler_wire::retention::{Keep, RetentionSettings};
use serde_json::{Value, json};

use super::Machine;

pub(crate) fn engine(machine: &Machine) -> Butler {
    engine_at(machine, "d")
}

fn engine_at(machine: &Machine, name: &str) -> Butler {
    let ports = || Ports {
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds),
        env: Env::new(std::collections::BTreeMap::new(), machine.data().join("home")),
        keychain: None,
        data: DataDir::at(machine.data().join(name)),
        hook_source: None,
    };
    // Threads of the one before may hold it for a moment.
    let mut opened = Butler::open(ports());
    for _ in 0..100 {
        if !matches!(opened, Err(OpenError::AlreadyRunning(_))) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        opened = Butler::open(ports());
    }
    opened.unwrap()
}

pub(crate) fn parsed(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap()
}

#[test]
fn a_log_is_backed_up_verified_and_put_back() {
    let machine = Machine::new();
    let home = machine.data().join("d").display().to_string();
    let run = |args: &[&str]| machine.run(&[&["--home", &home, "audit"], args].concat(), b"");
    let butler = engine(&machine);
    let days = Keep { days: Some(7), megabytes: None };
    butler.set_retention(SetRetention { settings: RetentionSettings { actions: days, ..Default::default() } }).unwrap();
    let (plain, secret) = (machine.data().join("plain.db"), machine.data().join("secret.age"));
    let (plain, secret) = (plain.display().to_string(), secret.display().to_string());
    let words = machine.write("words", "a passphrase of some length\nand a second line\n");
    let made = parsed(&run(&["backup", &plain, "--json"]).out);
    assert_eq!((&made["file"], &made["encryption"]), (&json!(plain), &json!("none")), "while the engine runs");
    let refused = run(&["restore", &plain]);
    assert_eq!((refused.code, refused.err.contains("ClawButler runs on this data folder")), (Some(2), true));
    butler.shutdown();
    drop(butler);

    let shown = run(&["retention", "--dry-run"]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    assert!(
        shown.out.contains("only when it is begun by hand") && shown.out.contains("actions       7 days"),
        "{}",
        shown.out
    );
    assert!(shown.out.ends_with("No payload would be pruned.\n"), "{}", shown.out);
    let shown = parsed(&run(&["retention", "--dry-run", "--json"]).out);
    assert_eq!((&shown["settings"]["actions"]["days"], &shown["report"]["classes"]), (&json!(7), &json!([])));
    assert_eq!(run(&["retention"]).code, Some(2), "it removes nothing");

    let told = run(&["backup", &secret, "--passphrase-file", &words]);
    assert!(told.code == Some(0) && told.out.contains("encryption: passphrase"), "{}{}", told.out, told.err);
    assert_eq!(run(&["backup", &secret]).code, Some(2), "never over a file");
    let verified = parsed(&run(&["verify", "--db", &plain, "--json"]).out);
    assert_eq!((&verified["intact"], &verified["entries"]), (&json!(true), &made["entries"]));
    assert!(run(&["verify", "--db", &secret]).err.contains("encrypted"));
    assert!(run(&["restore", &secret]).err.contains("passphrase"));
    let restored = run(&["restore", &secret, "--passphrase-file", &words]);
    assert!(restored.code == Some(0) && restored.out.contains("were put back"), "{}{}", restored.out, restored.err);
    let restored = parsed(&run(&["restore", &plain, "--json"]).out);
    assert_eq!(restored["entries"].to_string(), made["entries"].as_str().unwrap());
    let aside = machine.data().join("d").join(restored["set_aside"].as_str().unwrap()).display().to_string();
    assert_eq!(run(&["verify", "--db", &aside]).code, Some(0));
    assert_eq!(run(&["verify"]).code, Some(1), "until a start has recorded and signed it");
    let butler = engine(&machine);
    butler.shutdown();
    let replaced = run(&["verify"]);
    assert!(replaced.code == Some(3) && replaced.out.starts_with("REPLACED: a backup with "), "{}", replaced.out);
    let report = parsed(&run(&["verify", "--json"]).out);
    assert_eq!((&report["intact"], &report["replaced"]["how"]), (&json!(false), &json!("restored")));
    assert_eq!(report["replaced"]["kept"], made["entries"]);

    // What is done to it afterwards is told from that.
    drop(butler);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(machine.data().join(format!("d/clawbutler.db{end}")));
    }
    std::fs::copy(&aside, machine.data().join("d/clawbutler.db")).unwrap();
    let swapped = run(&["verify"]);
    assert!(!matches!(swapped.code, Some(0 | 3)), "an older log in its place is no restored one: {}", swapped.out);
}

#[cfg(unix)]
#[test]
fn a_data_folder_behind_a_link_is_the_same_folder() {
    let machine = Machine::new();
    let verify = |name: &str| {
        let home = machine.data().join(name).display().to_string();
        let done = machine.run(&["--home", &home, "audit", "verify", "--json"], b"");
        (done.code, parsed(&done.out)["outside"].clone())
    };
    engine(&machine).shutdown();
    std::os::unix::fs::symlink("d", machine.data().join("link")).unwrap();
    assert_eq!((verify("link"), verify("d")), (verify("d"), (Some(0), json!(["state_folder"]))));
    let butler = engine_at(&machine, "link");
    let gateway = clawbutler_gateway::Gateway::open(&butler).unwrap();
    assert!(machine.data().join("d/hook.sock").exists());
    drop(gateway);
    butler.shutdown();
    assert_eq!((verify("link").0, machine.data().join("link-state").exists()), (Some(0), false));
}
