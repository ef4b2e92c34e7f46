//! The command and the independent verifier on files that are nothing of what they check: the same exit status, and a
//! sentence each.

use std::path::Path;
use std::process::Command;

use clawbutler_butler::Butler;
use clawbutler_platform::paths::DataDir;

use super::Machine;
use super::keep::engine;

/// What both say: exit statuses, and their words.
fn both(machine: &Machine, args: &[&str]) -> ([Option<i32>; 2], [String; 2]) {
    let home = machine.data().join("d").display().to_string();
    let ours = machine.run(&[&["--home", &home, "audit", "verify"], args].concat(), b"");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/verify.py");
    let theirs = Command::new("python3").arg(script).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&theirs.stdout) + &text(&theirs.stderr);
    assert!(!said.contains("Traceback"), "{args:?}: {said}");
    ([ours.code, theirs.status.code()], [ours.out + &ours.err, said])
}

#[test]
fn both_verifiers_say_a_sentence_of_any_file() {
    let machine = Machine::new();
    let butler = engine(&machine);
    butler.shutdown();
    drop(butler);
    let data = DataDir::at(machine.data().join("d"));
    let (note, key) = Butler::checkpoint_file(&data).unwrap();
    let key = key.unwrap();
    let notes = machine.write("notes.txt", &note);
    let (deep, zeros, number) = ("[".repeat(200_000), "\0".repeat(100_000), "9".repeat(100_000));
    let hostile: [(&str, &[u8]); 9] = [
        ("empty", b""),
        ("zeros", zeros.as_bytes()),
        ("text", b"not at all\n"),
        ("deep", deep.as_bytes()),
        ("number", number.as_bytes()),
        ("bytes", b"\xff\xfe\n"),
        ("line", b"{\"hash\":\"\",\"prev\":\"\",\"entry\":{}}\n"),
        ("null", b"null"),
        ("zip", b"PK\x03\x04\x14\0\0\0\0\0\0\0\x21\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x0d\0\0\0entries.jsonl"),
    ];
    for end in ["jsonl", "json", "zip"] {
        let mut cases: Vec<(String, Option<i32>)> = Vec::new();
        for (name, bytes) in hostile {
            let path = machine.data().join(format!("{name}.{end}"));
            std::fs::write(&path, bytes).unwrap();
            cases.push((path.display().to_string(), Some(1)));
        }
        let folder = machine.data().join(format!("folder.{end}"));
        std::fs::create_dir(&folder).unwrap();
        cases.push((folder.display().to_string(), Some(2)));
        cases.push((machine.data().join(format!("nowhere.{end}")).display().to_string(), Some(2)));
        for (path, expected) in &cases {
            let (codes, said) = both(&machine, &[path, "--key", &key]);
            assert_eq!(codes, [*expected; 2], "{path}: {said:?}");
            assert!(said.iter().all(|words| words.trim().len() > 10), "{path}: {said:?}");
        }
        let (codes, said) = both(&machine, &[&cases[0].0, "--key", "clawbutler.local/log/x"]);
        assert_eq!(codes, [Some(2); 2], "no key: {said:?}");
    }
    // An export against files that hold no checkpoint.
    let export = machine.data().join("log.jsonl").display().to_string();
    let home = machine.data().join("d").display().to_string();
    assert_eq!(machine.run(&["--home", &home, "audit", "export", "--out", &export], b"").code, Some(0));
    let against = |notes: &str| both(&machine, &[&export, "--checkpoints", notes, "--key", &key]);
    assert_eq!(against(&notes).0, [Some(0); 2]);
    let nothing: [(&str, &[u8]); 3] = [("a", b"\xff"), ("b", b"nothing here\n"), ("c", deep.as_bytes())];
    for (name, bytes) in nothing {
        std::fs::write(machine.data().join(name), bytes).unwrap();
        let (codes, said) = against(&machine.data().join(name).display().to_string());
        assert_eq!(codes, [Some(2); 2], "{name}: {said:?}");
    }
    let (codes, said) = against(&machine.data().display().to_string());
    assert_eq!(codes, [Some(2); 2], "{said:?}");
    assert_eq!(both(&machine, &[&export, "--checkpoints", &notes]).0, [Some(2); 2], "checkpoints need a key");
    assert_eq!(both(&machine, &[&export]).0, [Some(3); 2], "the end is not proven");
}
