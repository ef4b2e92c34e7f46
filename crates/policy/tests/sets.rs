//! Sets of rules: what does not load and says why, snapshots, tightening, lint, comparison, explanation.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::{Decision, Match};
use clawbutler_policy::{
    Explanation, Facts, FindingKind, LoadError, NearMiss, PartWhy, RuleSet, SignalWhy, Source, diff_verdicts, evaluate,
    explain, lint, packs,
};
use proptest::prelude::*;

mod common;
use common::{around, commands, decision, rule, shell};

fn set(text: &str) -> RuleSet {
    RuleSet::from_toml(text).expect("the rules load")
}

#[test]
fn what_does_not_load_says_where_and_what_to_do() {
    let head = "[[rule]]\nid = 'fine'\ndecision = 'ask'\nbecause = 'x'\n\n[[rule]]\nid = 'a'\ndecision = 'ask'\nbecause = 'x'\n";
    let when = |when: &str| format!("{head}when = {{ {when} }}\n");
    let texts = [
        when("kinds = ['shel']"),
        when("touches = ['erase']"),
        when("sensitivity = ['secrets']"),
        when("days = ['monday']"),
        when("hours = '9-17'"),
        when("flags = ['force']"),
        when("programs = ['']"),
        when("wat = 1"),
        when("risk_at_least = 'huge'"),
        when("cost_at_least = -1.0"),
        format!("{head}expires = '31.12.2026'\n"),
        format!("{head}when = {{ programs = ['git push'] }}\nmatches = ['shell: ls']\n"),
        format!("{head}ignores = ['shell: ls']\n"),
        format!("{head}matches = ['git push']\n"),
        format!("{head}matches = ['[branch] shell: ls']\n"),
        head.replace("'fine'", "'a'"),
        head.replace("'fine'", "'no spaces'"),
        format!("{head}[[signal]]\nname = 'secret_read'\noff = true\n"),
        format!("{head}[[signal]]\nname = 'git_push'\n"),
        "[[rule]\n".to_owned(),
        "[rules]\n".to_owned(),
    ];
    let told: Vec<String> = texts
        .iter()
        .map(|text| {
            let error: LoadError = RuleSet::from_sources(&[Source { name: "my.toml", text }]).unwrap_err();
            format!("{error}\n    hint: {}", error.hint)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn files_stand_before_their_rules_ids() {
    let text = "[[rule]]\nid = 'a'\ndecision = 'ask'\nbecause = 'x'\n";
    let both = [Source { name: "/x/one.toml", text }, Source { name: "two.toml", text }];
    let set = RuleSet::from_sources(&both).unwrap();
    assert_eq!(set.named().map(|(name, _)| name).collect::<Vec<_>>(), ["one/a", "two/a"]);
    let verdict = evaluate(&set, &shell("ls"), &around(), &Facts::unknown());
    assert_eq!(verdict.matches.iter().map(|one| one.rule.as_str()).collect::<Vec<_>>(), ["one/a", "two/a"]);
    assert!(RuleSet::from_sources(&[both[0], both[0]]).is_err());
    let broken = RuleSet::from_sources(&[both[0], Source { name: "three.toml", text: "x" }]).unwrap_err();
    assert_eq!((broken.file.as_str(), broken.line), ("three.toml", Some(1)), "all or nothing");
    assert!(packs::with(&["nothing"], &[]).is_err_and(|error| error.hint.contains("balanced")));
}

#[test]
fn a_snapshot_judges_as_its_set_does() {
    let all: Vec<String> = packs::all().into_iter().map(|pack| pack.head.id).filter(|id| id != "read-only").collect();
    let ids: Vec<&str> = all.iter().map(String::as_str).collect();
    let set = packs::with(&ids, &[]).unwrap();
    let read = RuleSet::from_snapshot(&set.to_snapshot()).unwrap();
    assert_eq!((&read, read.version()), (&set, set.version()));
    assert!(read.rules().all(|rule| rule.matches.is_empty()));
    for command in commands() {
        let judged = |set| evaluate(set, &shell(command), &around(), &Facts::unknown());
        assert_eq!(judged(&read), judged(&set), "{command}");
    }
    let with_cost = self::set("[[rule]]\nid = 'c'\ndecision = 'ask'\nbecause = 'x'\nwhen = { cost_at_least = 0.25 }\n");
    assert_eq!(
        RuleSet::from_snapshot(&with_cost.to_snapshot()).unwrap().rules().next().unwrap().when.cost_at_least,
        Some(0.25)
    );
}

#[test]
fn packs_judge_as_their_names_say() {
    let set = |id: &str| packs::with(&[id], &[]).unwrap();
    let (balanced, strict, trusting, reading) = (set("balanced"), set("strict"), set("trusting"), set("read-only"));
    use Decision::{Allow, Ask, Defer, Deny};
    for (command, expected) in [
        ("ls -la", [Defer, Defer, Allow, Defer]),
        ("git push", [Defer, Ask, Allow, Deny]),
        ("echo x > notes.txt", [Defer, Defer, Allow, Deny]),
        ("git push --force", [Ask, Ask, Ask, Deny]),
        ("cat ~/.ssh/id_ed25519", [Ask, Ask, Ask, Deny]),
        ("rm -rf /", [Ask, Deny, Ask, Deny]),
        ("npm publish", [Ask, Ask, Allow, Deny]),
        ("git commit -m x", [Defer, Defer, Allow, Deny]),
    ] {
        let found = [&balanced, &strict, &trusting, &reading].map(|set| decision(set, &shell(command)));
        assert_eq!(found, expected, "{command}");
    }
}

#[test]
fn tightening_is_recognised() {
    let base = format!("{}{}{}", rule(0, "ask", 0), rule(1, "allow", 4), rule(2, "deny", 3));
    let old = set(&base);
    let tighter = |text: &str| RuleSet::is_tightening(&old, &set(text));
    assert!(tighter(&base));
    assert!(tighter(&format!("{base}{}", rule(3, "deny", 7))));
    assert!(tighter(&format!("{}{}", rule(0, "deny", 0), rule(2, "deny", 3))));
    assert!(tighter(&format!("{base}[[signal]]\nname = 'network'\nlevel = 'high'\n")));
    assert!(!tighter(&format!("{base}{}", rule(3, "allow", 0))));
    assert!(!tighter(&format!("{}{}", rule(0, "ask", 0), rule(1, "allow", 4))));
    assert!(!tighter(&base.replacen("because = 'x'", "because = 'x'\nenabled = false", 1)));
    assert!(!tighter(&base.replacen("because = 'x'", "because = 'x'\nexpires = '2026-01-01'", 1)));
    assert!(!tighter(&format!("{base}[[signal]]\nname = 'network'\noff = true\n")));
}

#[test]
fn lint_finds_what_is_wrong() {
    use FindingKind::{Contradictory, Expired, FloorWins, NoExamples, OverBroad, Shadowed, Unreachable};
    let rule = |id: &str, decision: &str, rest: &str| {
        format!("[[rule]]\nid = '{id}'\ndecision = '{decision}'\nbecause = 'x'\nmatches = []\n{rest}\n")
    };
    let text = [
        rule("wide", "ask", "when = { programs = ['git'] }"),
        rule("narrow", "ask", "when = { programs = ['git push'], flags = ['-f'] }"),
        rule("allowed-in-vain", "allow", "when = { programs = ['git log'] }"),
        rule("yes", "ask", "when = { programs = ['npm'] }"),
        rule("no", "deny", "when = { programs = ['npm'] }"),
        rule("never", "ask", "when = { risk_at_least = 'high', risk_at_most = 'low' }"),
        rule("no-time", "ask", "when = { hours = '09:00-09:00' }"),
        rule("no-tool", "deny", "when = { kinds = ['shell'], mcp = ['a/*'] }"),
        rule("both-ways", "deny", "when = { flags = ['-x'], without_flags = ['-x|-y'] }"),
        rule("gone", "deny", "expires = '2026-01-01'\nwhen = { programs = ['x'] }"),
        rule("high", "allow", "when = { risk_at_least = 'high' }"),
        rule("own", "ask", "when = { signals = ['own_files'] }"),
        rule("anything", "allow", ""),
        rule("shells", "allow", "when = { programs = ['bash*'] }"),
        rule("interpreter", "allow", "when = { programs = ['python3'] }"),
        rule("tests", "allow", "when = { programs = ['pytest'] }\nignores = ['shell: ls']"),
        rule("off", "allow", "enabled = false"),
        "[[signal]]\nname = 'git_destroys'\nlevel = 'low'\n".to_owned(),
    ]
    .join("\n");
    let now = Some(Timestamp(1_795_573_250_000));
    let found = lint(&set(&text), now);
    let of = |kind: FindingKind| -> Vec<&str> {
        found.iter().filter(|one| one.kind == kind).map(|one| one.rule.as_str()).collect()
    };
    assert_eq!(of(Shadowed), ["narrow", "allowed-in-vain", "shells", "interpreter", "tests"]);
    assert_eq!(of(Contradictory), ["yes"]);
    assert_eq!(of(Unreachable), ["never", "no-time", "no-tool", "both-ways"]);
    assert_eq!(of(Expired), ["gone"]);
    assert_eq!(of(FloorWins), ["high", "own", "signal git_destroys"]);
    assert_eq!(of(OverBroad), ["anything", "shells", "interpreter"]);
    assert!(!of(NoExamples).contains(&"tests") && of(NoExamples).contains(&"wide"));
    assert!(found.iter().all(|one| one.says.ends_with('.') && one.fix.ends_with('.')));
    assert_eq!(lint(&set(&text), None).iter().filter(|one| one.kind == Expired).count(), 0);
}

#[test]
fn packs_have_nothing_for_the_lint_to_find() {
    for pack in packs::all() {
        assert_eq!(lint(&packs::with(&[&pack.head.id], &[]).unwrap(), None), [], "{}", pack.head.id);
    }
}

#[test]
fn changed_verdicts_are_listed() {
    let (old, new) = (packs::with(&["balanced"], &[]).unwrap(), packs::with(&["strict"], &[]).unwrap());
    let actions = ["ls", "git push", "rm -rf /"].map(shell);
    let facts = Facts::unknown();
    let listed = actions.iter().enumerate().map(|(id, action)| (id, action, &facts));
    let found = diff_verdicts(&old, &new, listed, &around());
    let changes: Vec<_> = found.changes.iter().map(|one| (one.id, one.before.decision, one.after.decision)).collect();
    assert_eq!(changes, [(1, Decision::Defer, Decision::Ask), (2, Decision::Ask, Decision::Deny)]);
    assert_eq!((found.looked_at, found.stricter, found.laxer, found.cut), (3, 2, 0, false));
}

#[test]
fn an_explanation_names_what_matched_and_what_nearly_did() {
    let text = [
        rule(0, "ask", 28),
        rule(1, "allow", 4),
        "[[rule]]\nid = 'far'\ndecision = 'deny'\nbecause = 'x'\nwhen = { programs = ['git push'], args = ['main'], kinds = ['shell'] }\n".to_owned(),
        "[[rule]]\nid = 'other'\ndecision = 'deny'\nbecause = 'x'\nwhen = { programs = ['npm'] }\n".to_owned(),
    ]
    .concat();
    let set = set(&text);
    let mut action = shell("cat a.txt && git push origin feature");
    action.branch = Some("feature".into());
    let why = explain(&set, &action, &around(), &Facts::unknown());
    let near =
        |rule: &str, decision, condition: &str| NearMiss { rule: rule.into(), decision, condition: condition.into() };
    assert_eq!(
        why.nearly,
        [near("r0", Decision::Ask, "branch is main"), near("far", Decision::Deny, "with an argument like main"),]
    );
    assert_eq!((why.partial.as_slice(), why.tried, why.decision), (["r1".to_owned()].as_slice(), 4, Decision::Defer));
    assert_eq!(
        why.parts.iter().map(|part| part.command.as_str()).collect::<Vec<_>>(),
        ["cat a.txt", "git push origin feature"]
    );
    assert_eq!(why.parts[0].covered_by, ["r1"]);
    assert_eq!(why.rules_version, set.version());

    action.branch = Some("main".into());
    let why = explain(&set, &action, &around(), &Facts::unknown());
    let hit = Match { rule: "r0".into(), decision: Decision::Ask, because: "x".into() };
    assert_eq!((why.matched, why.because.as_str()), (vec![hit], "The rule r0 says ask: x"));

    let own = explain(&set, &shell("echo > ~/.claude/settings.json"), &around(), &Facts::unknown());
    assert!(own.floor.is_some() && own.decision == Decision::Deny);
    let set = RuleSet::builtin();
    for command in commands() {
        let why = explain(&set, &shell(command), &around(), &Facts::unknown());
        assert_eq!(why.decision, decision(&set, &shell(command)));
        assert!(why.to_text().contains(&format!("{} risk", why.risk.word())), "{command}");
    }
}

#[test]
fn an_explanation_reads_as_a_tree() {
    let signal = |name: &str, level, says: &str| SignalWhy { name: name.into(), level, says: says.into() };
    let why = Explanation {
        action: "shell: npm test && sudo git push".into(),
        parts: vec![
            PartWhy {
                command: "npm test".into(),
                via: Vec::new(),
                risk: RiskLevel::Low,
                opaque: false,
                signals: Vec::new(),
                covered_by: vec!["mine/tests".into()],
            },
            PartWhy {
                command: "git push \u{1b}[2J".into(),
                via: vec!["sudo".into()],
                risk: RiskLevel::High,
                opaque: true,
                signals: vec![signal("git_push", RiskLevel::Medium, "Publishes commits")],
                covered_by: Vec::new(),
            },
        ],
        signals: vec![signal("privileged", RiskLevel::High, "Acts as administrator")],
        touches: Vec::new(),
        hosts: vec!["example.org".into()],
        matched: vec![Match { rule: "git/push".into(), decision: Decision::Ask, because: "Others see it.".into() }],
        observed: Vec::new(),
        partial: vec!["mine/tests".into()],
        nearly: vec![NearMiss {
            rule: "git/force".into(),
            decision: Decision::Deny,
            condition: "with the options -f".into(),
        }],
        tried: 12,
        floor: Some("Risk is high, so it is asked about at least.".into()),
        risk: RiskLevel::High,
        decision: Decision::Ask,
        because: "The rule git/push says ask: Others see it.".into(),
        rules_version: "0123456789abcdef".into(),
    };
    insta::assert_snapshot!(why.to_text(), @r"
    shell: npm test && sudo git push
      runs npm test: low
        permitted by mine/tests
      runs git push �[2J (by sudo): high, partly unknown before it runs
        Publishes commits (medium): git_push
      Acts as administrator (high): privileged
      talks to example.org
    rules: 12 tried
      ask by git/push: Others see it.
      mine/tests permits some parts and not all, so it permits nothing
      nearly deny by git/force; missing: with the options -f
    floor: Risk is high, so it is asked about at least.
    verdict: ask, high risk
      The rule git/push says ask: Others see it.
      rules 0123456789ab
");
}

/// Rules of the pool with decisions; positions of rules taken out, and rules put in.
type Recipe = Vec<(&'static str, usize)>;

fn recipe() -> impl Strategy<Value = Recipe> {
    let one = (prop::sample::select(vec!["allow", "defer", "ask", "deny"]), 0_usize..common::POOL.len());
    prop::collection::vec(one, 0..7)
}

fn written(rules: &Recipe) -> String {
    rules.iter().enumerate().map(|(id, (decision, pool))| rule(id, decision, *pool)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_tightening_loosens_nothing(base in recipe(), gone in prop::collection::vec(any::<bool>(), 7), more in prop::collection::vec((prop::sample::select(vec!["ask", "deny", "ask", "deny", "defer", "allow"]), 0_usize..common::POOL.len()), 0..3), raise in prop::option::of(prop::sample::select(vec!["network", "git_push", "installs", "reads"])), at in any::<prop::sample::Index>()) {
        let kept = base.iter().zip(&gone).filter(|((decision, _), gone)| !(**gone && matches!(*decision, "allow" | "defer"))).map(|(one, _)| *one);
        let new: Recipe = kept.chain(more).collect();
        let mut text = written(&new);
        if let Some(name) = raise {
            text.push_str(&format!("[[signal]]\nname = '{name}'\nlevel = 'high'\n"));
        }
        let (old, new) = (set(&written(&base)), set(&text));
        if RuleSet::is_tightening(&old, &new) {
            let commands = commands();
            for step in 0..20 {
                let command = commands[(at.index(commands.len()) + step * 37) % commands.len()];
                prop_assert!(decision(&new, &shell(command)) >= decision(&old, &shell(command)), "{}", command);
            }
        }
    }

    #[test]
    fn a_shadowed_rule_decides_nothing(rules in recipe(), at in any::<prop::sample::Index>()) {
        let whole = set(&written(&rules));
        let commands = commands();
        let idle = [FindingKind::Shadowed, FindingKind::Contradictory, FindingKind::FloorWins, FindingKind::Unreachable];
        for finding in lint(&whole, None).iter().filter(|one| idle.contains(&one.kind)) {
            let id: usize = finding.rule[1..].parse().unwrap();
            let mut less = rules.clone();
            less.remove(id);
            let less = set(&written(&less));
            for step in 0..20 {
                let command = commands[(at.index(commands.len()) + step * 37) % commands.len()];
                prop_assert_eq!(decision(&less, &shell(command)), decision(&whole, &shell(command)), "{} {}", finding.says, command);
            }
        }
    }
}
