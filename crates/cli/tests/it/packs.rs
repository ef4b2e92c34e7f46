//! `rules test`, `lint`, `packs`, `show`, and which rules are asked when none are named.

use clawbutler_core::digest::sha256;
use clawbutler_policy::{RuleSet, Source};
use serde_json::json;

use super::Machine;

const GOOD: &str = "[[rule]]\nid = 'no-curl'\ndecision = 'deny'\nbecause = 'We have a mirror.'\nwhen = { programs = ['curl'] }\nmatches = ['shell: curl https://x.example']\nignores = ['shell: ls']\n";

#[test]
fn examples_are_tried() {
    let machine = Machine::new();
    let good = machine.write("good.toml", GOOD);
    let bad = machine.write("bad.toml", &GOOD.replace("'shell: ls'", "'shell: curl -I https://y.example'"));
    let done = machine.run(&["rules", "test", &good], b"");
    assert_eq!(done.code, Some(0));
    assert_eq!(done.out, format!("ok      {good}: 1 rules, 2 examples\n1 hold, 0 failed\n"));
    let done = machine.run(&["rules", "test", &good, &bad, "/nowhere/x.toml"], b"");
    assert_eq!(done.code, Some(1));
    assert!(done.out.contains("no-curl") && done.out.contains("curl -I https://y.example"), "{}", done.out);
    assert!(done.out.contains("FAILED  /nowhere/x.toml cannot be read") && done.out.ends_with("1 hold, 2 failed\n"));
}

#[test]
fn without_files_every_pack_and_the_data_folder_are_tried() {
    let machine = Machine::new();
    let done = machine.run(&["rules", "test"], b"");
    assert_eq!(done.code, Some(0), "{}", done.out);
    for pack in ["balanced", "strict", "trusting", "read-only", "git", "cloud", "databases", "secrets"] {
        assert!(done.out.contains(&format!("ok      pack {pack}: ")), "{pack}");
    }
    machine.write("rules/rules.toml", "this is no TOML");
    let done = machine.run(&["rules", "test"], b"");
    assert!(done.code == Some(1) && done.out.contains("FAILED  ") && done.out.contains("rules.toml"), "{}", done.out);
}

#[test]
fn odd_rules_are_named() {
    let machine = Machine::new();
    let good = machine.write("good.toml", GOOD);
    let done = machine.run(&["rules", "lint", &good], b"");
    assert_eq!((done.code, done.out), (Some(0), format!("0 findings in {good}\n")));
    let broad = machine.write(
        "broad.toml",
        "[[rule]]\nid = 'all'\ndecision = 'allow'\nbecause = 'x'\nwhen = { programs = ['bash*'] }\nmatches = ['shell: bash x.sh']\n",
    );
    let done = machine.run(&["rules", "lint", &broad], b"");
    assert!(done.code == Some(1) && done.out.contains("over_broad: broad/all: "), "{}", done.out);
}

#[test]
fn packs_and_rules_are_listed() {
    let machine = Machine::new();
    let done = machine.run(&["rules", "packs"], b"");
    assert!(done.code == Some(0) && done.out.starts_with("balanced   base"), "{}", done.out);
    let good = machine.write("good.toml", GOOD);
    let done = machine.run(&["rules", "show", "--rules", &good], b"");
    assert_eq!(done.code, Some(0));
    assert!(done.out.starts_with("deny   good/no-curl\n       when "), "{}", done.out);
    assert!(done.out.contains("       We have a mirror.\n\n1 rules from "), "{}", done.out);
    let done = machine.run(&["rules", "show", "--pack", "git"], b"");
    assert!(done.out.contains("balanced/") && done.out.contains("git/"), "a pack for a field stands on a base");
}

#[test]
fn what_is_in_force_is_asked_first() {
    let machine = Machine::new();
    let verdict = |machine: &Machine| {
        let done = machine.run(&["rules", "explain", "--json", "curl https://x.example"], b"");
        let answer: serde_json::Value = serde_json::from_str(&done.out).unwrap();
        (answer["verdict"].clone(), answer["rule"].clone(), done.err)
    };
    // Never started: balanced, with the files of the data folder.
    assert_ne!(verdict(&machine).0, "deny");
    machine.write("rules/house.toml", GOOD);
    assert_eq!(verdict(&machine), (json!("deny"), json!("house/no-curl"), String::new()));
    // Started: what the engine wrote, and not what the folder says meanwhile.
    let set = RuleSet::from_sources(&[Source { name: "engine.toml", text: GOOD }]).unwrap();
    let around = json!({ "home": "/home/u", "data_dir": "/home/u/.local/share/clawbutler", "guarded": [] });
    let body = json!({ "around": around, "rules": set.to_snapshot() }).to_string();
    machine.write("snapshot.json", &format!("{}\n{body}", sha256(body.as_bytes())));
    assert_eq!(verdict(&machine), (json!("deny"), json!("engine/no-curl"), String::new()));
    // Damaged: said, and as if never started.
    machine.write("snapshot.json", &format!("{}\n{body} ", sha256(body.as_bytes())));
    let (answer, rule, err) = verdict(&machine);
    assert_eq!((answer, rule), (json!("deny"), json!("house/no-curl")));
    assert!(err.starts_with("note: ") && err.contains("snapshot.json is damaged"), "{err}");
}
