//! Tests of what the rules pages say.

use serde_json::json;

use super::*;

const TEXT: &str = "# mine\n[[rule]]\nid = \"no-push\"\nmatches = [\"shell: git push\"]\n\n[[rule]]\nid='other'\n";

fn view() -> RulesView {
    let rule = |id: &str, decision: &str, file: &str| {
        json!({ "id": id, "file": file, "decision": decision, "when": format!("runs {id}"), "because": "Ours.",
                "observe": false, "enabled": true, "uses_30d": 0 })
    };
    let pack = |id: &str, kind: &str, active: bool| json!({ "id": id, "title": id, "summary": "", "kind": kind, "active": active, "rules": 1 });
    let finding = |rule: &str, kind: &str| json!({ "rule": rule, "kind": kind, "says": "", "fix": "" });
    serde_json::from_value(json!({
        "version": "v", "pack": "balanced", "files": [], "tuning": [],
        "packs": [pack("balanced", "base", true), pack("strict", "base", false), pack("git", "domain", true), pack("cloud", "domain", false)],
        "rules": [rule("push", "ask", "rules.toml"), rule("push", "deny", "git")],
        "findings": [finding("rules.toml/push", "shadowed"), finding("git/push", "over_broad"), finding("push", "expired")],
    }))
    .unwrap()
}

fn simulation(looked_at: u32, newly_stopped: u32, newly_allowed: u32) -> SimulationView {
    SimulationView {
        looked_at,
        not_replayable: 0,
        changed: Vec::new(),
        newly_stopped,
        newly_allowed,
        truncated: false,
        took_ms: 1,
    }
}

fn error(rule: Option<&str>, example: Option<&str>, says: &str) -> RuleErrorView {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    RuleErrorView { rule: owned(rule), example: owned(example), says: says.to_owned(), fix: String::new() }
}

#[test]
fn rules_are_found_by_effect_and_words() {
    let view = view();
    let files =
        |decision, typed| of_effect(&view, decision, typed).into_iter().map(|rule| rule.file).collect::<Vec<_>>();
    assert_eq!(files("ask", ""), ["rules.toml"]);
    assert_eq!(files("deny", "RUNS PUSH"), ["git"]);
    assert_eq!(files("deny", "nothing such"), [""; 0]);
}

#[test]
fn a_rule_leads_to_its_file() {
    let file = |name: &str| json!({ "name": name, "origin": "user", "state": "in_force" });
    let mut view = view();
    view.files = serde_json::from_value(json!([file("git"), file("rules.toml")])).unwrap();
    assert_eq!(
        ["git", "rules", "rules.toml", "gone"].map(|name| file_of(&view, name)),
        ["git", "rules.toml", "rules.toml", "gone"]
    );
}

#[test]
fn findings_belong_to_the_rule_of_their_file() {
    let view = view();
    let kinds = |at: usize| findings_of(&view, &view.rules[at]).into_iter().map(|one| one.kind).collect::<Vec<_>>();
    assert_eq!(kinds(0), ["shadowed", "expired"]);
    assert_eq!(kinds(1), ["over_broad", "expired"]);
    let odd = LintView { rule: "gone".to_owned(), ..view.findings[0].clone() };
    let all = RulesView { findings: [view.findings.clone(), vec![odd.clone()]].concat(), ..view };
    assert_eq!(loose_findings(&all), [odd]);
}

#[test]
fn a_base_pack_takes_the_place_of_the_other() {
    assert_eq!(packs_after(&view(), "strict", true), ["strict", "git"]);
    assert_eq!(packs_after(&view(), "cloud", true), ["balanced", "git", "cloud"]);
    assert_eq!(packs_after(&view(), "git", false), ["balanced"]);
}

#[test]
fn simulations_are_sentences() {
    assert_eq!(summary(&simulation(0, 0, 0)), "There are no recorded actions to judge again yet.");
    assert_eq!(summary(&simulation(1, 0, 0)), "None of 1 recorded action would be judged otherwise.");
    assert_eq!(
        summary(&simulation(9, 2, 1)),
        "Of 9 recorded actions, 2 would be judged more strictly and 1 more loosely."
    );
    assert_eq!(left_out(&simulation(9, 2, 1)), None);
    let cut = SimulationView { not_replayable: 1, truncated: true, ..simulation(9, 2, 1) };
    assert_eq!(
        left_out(&cut).as_deref(),
        Some("1 action was too large to be kept whole and cannot be judged again. There is more than is shown here.")
    );
}

#[test]
fn errors_point_at_their_line() {
    assert_eq!(line_of_error(TEXT, &error(Some("no-push"), None, "")), Some(2));
    assert_eq!(line_of_error(TEXT, &error(Some("rules.toml/other"), None, "")), Some(6));
    assert_eq!(line_of_error(TEXT, &error(Some("no-push"), Some("git push"), "")), Some(3));
    assert_eq!(line_of_error(TEXT, &error(None, None, "TOML: line 4, column 2")), Some(3));
    assert_eq!(line_of_error(TEXT, &error(None, None, "line 99")), None, "there is no such line");
    assert_eq!(line_of_error(TEXT, &error(Some("gone"), None, "")), None);
    assert_eq!(start_of_line("é\nö😀\nx", 2), 6);
}

#[test]
fn checks_are_sentences() {
    let check = |errors, findings| RulesCheck { errors, findings, matches_now: Vec::new() };
    assert_eq!(check_words(TEXT, &check(Vec::new(), Vec::new())), "It loads: 2 rules, all examples hold.");
    assert_eq!(
        check_words(TEXT, &check(vec![error(None, Some("shell: ls"), "")], Vec::new())),
        "It does not load: 1 example does not hold."
    );
    assert_eq!(
        check_words("", &check(Vec::new(), view().findings)),
        "It loads: 0 rules, all examples hold. 3 things are odd."
    );
}

#[test]
fn file_names_are_checked_and_made() {
    assert_eq!(name_trouble("team_2.toml", &[]), None);
    assert!(name_trouble("../x.toml", &[]).is_some());
    assert!(name_trouble(".toml", &[]).is_some());
    assert!(name_trouble("Team.toml", &[]).is_some());
    assert!(name_trouble("team.toml", &["team.toml".to_owned()]).is_some());
    assert_eq!(name_from("My Rules (2).TOML"), "my-rules-2.toml");
    for name in ["../../etc/passwd", "…", &"x".repeat(200)] {
        assert_eq!(name_trouble(&name_from(name), &[]), None, "{name} becomes a name of ours");
    }
}
