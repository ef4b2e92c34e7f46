//! Rules change by a person's hand; a file alone only tightens.

use std::fs;
use std::time::{Duration, Instant};

use clawbutler_core::digest::sha256;
use clawbutler_wire::Code;
use clawbutler_wire::command::{
    AcceptRules, CheckRules, DeleteRules, ExplainAction, ImportRules, RejectRules, SaveRules, SetPack, Status,
};
use clawbutler_wire::gateway::Verdict;
use clawbutler_wire::rules::{RuleFileState, RuleOrigin};

use crate::desk::{Desk, code, read};

const DENY: &str = "[[rule]]\nid = \"no-tags\"\ndecision = \"deny\"\nbecause = \"Tags are made by hand.\"\n\
                    when = { programs = [\"git tag\"] }\nmatches = [\"shell: git tag v1\"]\nignores = [\"shell: ls\"]\n";
const ALLOW: &str = "[[rule]]\nid = \"make\"\ndecision = \"allow\"\nbecause = \"It builds.\"\n\
                     when = { programs = [\"make\"] }\nmatches = [\"shell: make\"]\nignores = [\"shell: ls\"]\n";

fn save(desk: &Desk, name: &str, text: &str) {
    let digest = read(&desk.rule_file(name)).map(|text| sha256(text.as_bytes()));
    desk.butler().save_rules(SaveRules { name: name.into(), text: text.into(), digest }).unwrap();
}

fn held(desk: &Desk) -> Option<String> {
    desk.rules().held.map(|held| held.digest)
}

#[test]
fn a_file_that_tightens_is_in_force_at_the_next_look() {
    let desk = Desk::new();
    assert_eq!(desk.verdict("git tag v1"), Verdict::Defer);
    let snapshot = read(&desk.data().join("snapshot.json"));
    desk.write_rules("rules.toml", DENY);
    desk.pass_ms(1);
    assert_eq!(desk.verdict("git tag v1"), Verdict::Deny);
    let changed = &desk.entries("rules.changed")[0];
    assert_eq!((&changed.data["source"], changed.actor.as_str()), (&"file".into(), "ClawButler"));
    assert_eq!(changed.data["after"], desk.rules().version.as_str());
    assert_ne!(read(&desk.data().join("snapshot.json")), snapshot, "hooks are told");
    let file = desk.rules().files.into_iter().find(|file| file.name == "rules.toml").unwrap();
    assert_eq!((file.origin, file.state), (RuleOrigin::User, RuleFileState::InForce));
    assert_eq!(desk.rules().rules[0].file, "rules", "denials first");
}

#[test]
fn a_file_that_loosens_waits_for_the_person_who_saw_it() {
    let desk = Desk::new();
    desk.write_rules("rules.toml", ALLOW);
    desk.pass_ms(1);
    assert_eq!(desk.verdict("make"), Verdict::Defer);
    let rules = desk.rules();
    let change = rules.held.unwrap();
    assert!(change.loosens && change.diff_lines.contains(&"+id = \"make\"".to_owned()), "{change:?}");
    assert!(desk.butler().status(Status {}).unwrap().rules_held);
    assert_eq!(desk.alerts().len(), 1);
    assert_eq!(desk.entries("rules.held")[0].data["files"], serde_json::json!(["rules.toml"]));
    desk.pass_ms(1);
    assert_eq!(desk.entries("rules.held").len(), 1, "told once");

    let other = desk.butler().accept_rules(AcceptRules { digest: "another".into() });
    assert_eq!(code(other), Code::Stale);
    desk.write_rules("rules.toml", &ALLOW.replace("[\"make\"]", "[\"make\", \"just\"]"));
    let changed_since = desk.butler().accept_rules(AcceptRules { digest: change.digest });
    assert_eq!(code(changed_since), Code::Stale, "what was shown is what is accepted");
    let digest = held(&desk).unwrap();
    let rules = desk.butler().accept_rules(AcceptRules { digest }).unwrap();
    assert_eq!(rules.held, None);
    assert_eq!(desk.verdict("make"), Verdict::Allow);
    let entry = &desk.entries("rules.changed")[0];
    assert_eq!((&entry.data["source"], entry.actor.as_str()), (&"accepted".into(), "you"));
    assert!(desk.alerts().is_empty());
}

#[test]
fn a_rejected_change_is_undone_and_kept_beside() {
    let desk = Desk::new();
    save(&desk, "rules.toml", DENY);
    fs::remove_file(desk.rule_file("rules.toml")).unwrap();
    desk.write_rules("more.toml", ALLOW);
    desk.pass_ms(1);
    assert_eq!(desk.verdict("git tag v1"), Verdict::Deny, "a denial does not go with its file");
    let digest = held(&desk).unwrap();
    let rules = desk.butler().reject_rules(RejectRules { digest }).unwrap();
    assert_eq!(rules.held, None);
    assert_eq!(read(&desk.rule_file("rules.toml")).as_deref(), Some(DENY));
    assert_eq!(read(&desk.rule_file("more.toml")), None);
    assert_eq!(read(&desk.rule_file("more.toml.rejected")).as_deref(), Some(ALLOW));
    assert_eq!(desk.entries("rules.rejected").len(), 1);
    desk.pass_ms(1);
    assert_eq!(held(&desk), None);
}

#[test]
fn a_broken_file_shouts_and_changes_nothing() {
    let desk = Desk::new();
    save(&desk, "rules.toml", DENY);
    desk.write_rules("rules.toml", &DENY.replace("shell: git tag v1", "shell: ls -l"));
    desk.pass_ms(1);
    assert_eq!(desk.verdict("git tag v1"), Verdict::Deny);
    let entry = &desk.entries("rules.broken")[0];
    assert_eq!((&entry.data["rule"], &entry.data["example"]), (&"no-tags".into(), &"shell: ls -l".into()));
    let file = desk.rules().files.into_iter().find(|file| file.name == "rules.toml").unwrap();
    assert_eq!(file.state, RuleFileState::Broken);
    assert!(file.says.contains("no-tags") && !file.fix.is_empty(), "{file:?}");
    assert_eq!(desk.alerts().len(), 1);
    desk.pass_ms(1);
    assert_eq!(desk.entries("rules.broken").len(), 1, "told once");
    desk.write_rules("rules.toml", DENY);
    desk.pass_ms(1);
    assert!(desk.alerts().is_empty(), "mended");
}

#[test]
fn edits_while_the_app_was_closed_are_compared_the_same_way() {
    let mut desk = Desk::new();
    save(&desk, "rules.toml", DENY);
    desk.close();
    desk.write_rules("more.toml", ALLOW);
    desk.write_rules("tight.toml", &DENY.replace("tag", "stash").replace("no-stashs", "no-stash"));
    fs::remove_file(desk.rule_file("rules.toml")).unwrap();
    desk.open();
    assert_eq!(desk.verdict("git tag v1"), Verdict::Deny);
    assert_eq!(desk.verdict("git stash v1"), Verdict::Deny);
    assert_eq!(desk.verdict("make"), Verdict::Defer);
    assert_eq!(desk.rules().held.unwrap().files, ["more.toml", "rules.toml"]);
    desk.close();
    desk.open();
    assert_eq!(desk.verdict("git stash v1"), Verdict::Deny, "what was taken over is kept");
    assert!(held(&desk).is_some(), "and what waited still waits");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a foreign program would write the database like this")]
fn a_hand_in_the_database_gets_the_strict_pack() {
    let mut desk = Desk::new();
    desk.close();
    let other = rusqlite::Connection::open(desk.data().join("clawbutler.db")).unwrap();
    other
        .execute(
            "INSERT INTO rule_files (name, text, origin, held, at) VALUES ('rules.toml', ?, 'user', 0, 1)",
            [ALLOW],
        )
        .unwrap();
    drop(other);
    desk.write_rules("rules.toml", ALLOW);
    desk.open();
    assert_eq!(desk.rules().pack, "strict");
    assert_ne!(desk.verdict("make"), Verdict::Allow);
    assert!(held(&desk).is_some());
    assert_eq!(desk.entries("tampering.noticed").len(), 1);
}

#[test]
fn saving_checks_and_never_overwrites_what_was_not_seen() {
    let desk = Desk::new();
    let put = |name: &str, text: &str, digest: Option<String>| {
        desk.butler().save_rules(SaveRules { name: name.into(), text: text.into(), digest })
    };
    for name in ["../x.toml", "Rules.toml", "x.txt", ".toml", "balanced.toml", "a b.toml"] {
        assert_eq!(code(put(name, DENY, None)), Code::BadRequest, "{name}");
    }
    let wrong = put("rules.toml", &DENY.replace("shell: ls", "shell: git tag"), None).unwrap_err().0;
    assert_eq!((wrong.code, wrong.details.unwrap()["rule"].as_str()), (Code::BadRequest, Some("no-tags")));
    assert_eq!(read(&desk.rule_file("rules.toml")), None);
    put("rules.toml", DENY, None).unwrap();
    assert_eq!(read(&desk.rule_file("rules.toml")).as_deref(), Some(DENY));
    assert_eq!(code(put("rules.toml", ALLOW, None)), Code::Stale);
    put("rules.toml", ALLOW, Some(sha256(DENY.as_bytes()))).unwrap();
    assert_eq!(desk.verdict("make"), Verdict::Allow, "a person in the window may loosen");
    let stale = desk.butler().delete_rules(DeleteRules { name: "rules.toml".into(), digest: sha256(b"") });
    assert_eq!(code(stale), Code::Stale);
    let digest = sha256(ALLOW.as_bytes());
    desk.butler().delete_rules(DeleteRules { name: "rules.toml".into(), digest }).unwrap();
    assert_eq!((read(&desk.rule_file("rules.toml")), desk.verdict("make")), (None, Verdict::Defer));
    let sources: Vec<_> = desk.entries("rules.changed").iter().map(|entry| entry.data["source"].clone()).collect();
    assert_eq!(sources, ["delete", "editor", "editor"]);
}

#[test]
fn packs_are_chosen_by_a_person_and_stay_chosen() {
    let mut desk = Desk::new();
    let set = |desk: &Desk, id: &str, active| desk.butler().set_pack(SetPack { id: id.into(), active });
    assert_eq!(code(set(&desk, "none", true)), Code::NotFound);
    assert_eq!(code(set(&desk, "balanced", false)), Code::Precondition);
    set(&desk, "git", true).unwrap();
    let rules = set(&desk, "read-only", true).unwrap();
    let active: Vec<_> = rules.packs.iter().filter(|pack| pack.active).map(|pack| pack.id.as_str()).collect();
    assert_eq!((rules.pack.as_str(), active.as_slice()), ("read-only", ["read-only", "git"].as_slice()));
    assert_eq!(desk.verdict("touch x"), Verdict::Deny);
    desk.close();
    desk.open();
    assert_eq!(desk.rules().pack, "read-only");
    assert_eq!(desk.entries("rules.changed").len(), 2);
    set(&desk, "balanced", true).unwrap();
    assert_eq!(desk.rules().version, set(&desk, "balanced", true).unwrap().version);
}

#[test]
fn an_import_shows_its_effect_and_waits() {
    let desk = Desk::new();
    assert_eq!(desk.verdict("git tag v1"), Verdict::Defer);
    let import =
        |name: &str, text: &str| desk.butler().import_rules(ImportRules { name: name.into(), text: text.into() });
    assert_eq!(code(import("team.toml", "rule = 1")), Code::BadRequest);
    let imported = import("team.toml", DENY).unwrap();
    let change = &imported.simulation.changed[0];
    assert_eq!((change.before.as_str(), change.after.as_str(), change.looser), ("defer", "deny", false));
    assert_eq!(desk.verdict("git tag v1"), Verdict::Defer);
    assert_eq!(read(&desk.rule_file("team.toml")), None);
    let digest = imported.rules.held.unwrap().digest;
    let rules = desk.butler().accept_rules(AcceptRules { digest }).unwrap();
    assert_eq!(rules.held, None);
    let file = rules.files.into_iter().find(|file| file.name == "team.toml").unwrap();
    assert_eq!((file.origin, file.state), (RuleOrigin::Imported, RuleFileState::InForce));
    assert_eq!(desk.verdict("git tag v1"), Verdict::Deny);
    assert_eq!(read(&desk.rule_file("team.toml")).as_deref(), Some(DENY));
}

#[test]
fn the_editor_sees_errors_lint_and_matches_before_anything_is_saved() {
    let desk = Desk::new();
    desk.verdict("git tag v1");
    desk.verdict("ls");
    let check = |text: &str| desk.butler().check_rules(CheckRules { text: text.into(), name: None }).unwrap();
    let wrong = check(&DENY.replace("shell: ls", "shell: git tag"));
    assert_eq!(wrong.errors[0].rule.as_deref(), Some("no-tags"));
    let good = check(DENY);
    assert!(good.errors.is_empty());
    let matches: Vec<_> = good.matches_now.iter().map(|one| (one.headline.as_str(), one.rule.as_str())).collect();
    assert_eq!(matches, [("git tag v1", "draft/no-tags")]);
    let bare = check("[[rule]]\nid = \"all\"\ndecision = \"allow\"\nbecause = \"Why not.\"\n");
    assert!(bare.findings.iter().any(|finding| finding.kind == "over_broad"), "{:?}", bare.findings);
    assert_eq!(desk.rules().files.len(), 1, "only the pack");
}

#[test]
fn a_command_is_explained_without_being_run() {
    let desk = Desk::new();
    let request = ExplainAction { text: "cd x && rm -rf src".into(), cwd: None, runtime: None };
    let why = desk.butler().explain_action(request).unwrap();
    assert_eq!((why.decision.as_str(), &why.rules_version), ("ask", &desk.rules().version));
    assert!(why.root.children.iter().any(|node| node.label == "Runs rm -rf src"), "{why:?}");
    assert!(desk.pending().is_empty());
}

#[test]
fn hours_and_branches_are_facts_of_the_moment() {
    let desk = Desk::new();
    let rule = "[[rule]]\nid = \"night\"\ndecision = \"deny\"\nbecause = \"Not at night.\"\n\
                when = { programs = [\"make\"], hours = \"22:00-06:00\" }\n\n\
                [[rule]]\nid = \"main\"\ndecision = \"deny\"\nbecause = \"Not on main.\"\n\
                when = { programs = [\"just\"], branches = [\"main\"] }\n";
    save(&desk, "rules.toml", rule);
    assert_eq!(desk.verdict("make"), Verdict::Defer);
    assert_eq!(desk.verdict("just"), Verdict::Deny, "the branch is read from the checkout");
    fs::write(desk.project().join(".git/HEAD"), "ref: refs/heads/topic\n").unwrap();
    assert_eq!(desk.verdict("just"), Verdict::Defer);
    desk.pass_ms(13 * 3_600_000);
    assert_eq!(desk.verdict("make"), Verdict::Deny);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this is about real time")]
fn the_folder_is_watched() {
    let desk = Desk::new();
    let thread = desk.butler().start().unwrap();
    desk.write_rules("rules.toml", DENY);
    let start = Instant::now();
    while desk.verdict("git tag v1") != Verdict::Deny {
        assert!(start.elapsed() < Duration::from_secs(5), "the change was not noticed");
        std::thread::sleep(Duration::from_millis(20));
    }
    desk.butler().shutdown();
    thread.join().unwrap();
}
