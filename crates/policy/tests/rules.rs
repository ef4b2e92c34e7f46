//! What rules mean: every condition, compounds, what is not known, the floor, tuning.

use std::fmt::Write as _;

use clawbutler_core::action::{Change, Effect};
use clawbutler_core::clock::Timestamp;
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::{Decision, Match};
use clawbutler_policy::{Facts, RuleSet, Source, Surroundings, assess, evaluate};
use proptest::prelude::*;

mod common;
use common::{action, around, commands, decision, rule, shell};

const CONDITIONS: &str = include_str!("conditions.toml");

fn set(rules: &[&str]) -> RuleSet {
    RuleSet::from_toml(&rules.join("\n")).expect("the rules load")
}

fn permit(id: &str, when: &str) -> String {
    format!("[[rule]]\nid = '{id}'\ndecision = 'allow'\nbecause = 'x'\n[rule.when]\n{when}\n")
}

#[test]
fn every_condition_holds_where_it_should_and_only_there() {
    RuleSet::from_toml(CONDITIONS).unwrap();
    let one_by_one = CONDITIONS.split("[[rule]]").skip(1);
    let mut count = 0;
    for one in one_by_one {
        let swapped =
            one.replace("matches = ", "were = ").replace("ignores = ", "matches = ").replace("were = ", "ignores = ");
        assert!(RuleSet::from_toml(&format!("[[rule]]{swapped}")).is_err(), "{one}");
        count += 1;
    }
    assert_eq!(count, 29);
}

#[test]
fn a_permission_covers_a_compound_only_as_a_whole() {
    let npm = permit("npm", "programs = ['npm test', 'npm install']");
    let push = permit("push", "programs = ['git push']");
    let source = permit("src", "kinds = ['shell', 'file_write']\npaths = ['src/**']");
    let host = permit("host", "hosts = ['example.org']");
    for (rules, command, expected) in [
        (vec![&npm], "npm install", Decision::Allow),
        (vec![&npm], "cd web && npm install", Decision::Allow),
        (vec![&npm], "npm install && git push", Decision::Defer),
        (vec![&npm, &push], "npm install && git push", Decision::Allow),
        (vec![&npm], "npm install; rm notes.txt", Decision::Defer),
        (vec![&npm], "npm install $(git push)", Decision::Defer),
        (vec![&npm], "$TOOL && npm install", Decision::Ask),
        (vec![&npm], "npm install && rm -rf src", Decision::Ask),
        (vec![&npm], "git push", Decision::Defer),
        (vec![&npm], "ls", Decision::Defer),
        (vec![&source], "echo x > src/a", Decision::Allow),
        (vec![&source], "echo x > src/a 2> /dev/null", Decision::Allow),
        (vec![&source], "echo x > src/a > lib/b", Decision::Defer),
        (vec![&source], "echo x > src/a; npm install; git push", Decision::Defer),
        (vec![&host], "curl https://example.org/x", Decision::Allow),
        (vec![&host], "curl https://example.org/x https://other.test/y", Decision::Defer),
        (vec![&host], "curl https://example.org/x && git push", Decision::Defer),
    ] {
        let rules: Vec<&str> = rules.iter().map(|one| one.as_str()).collect();
        let action = shell(command);
        let mut looked = clawbutler_policy::look(&action, &around());
        for part in &mut looked.parts {
            let calm = ["cd", "ls", "echo"].contains(&part.program.as_str());
            part.level = if calm { RiskLevel::Low } else { RiskLevel::Medium };
        }
        let url =
            |word: &str| word.strip_prefix("https://").and_then(|rest| rest.split('/').next()).map(ToOwned::to_owned);
        looked.hosts = command.split_whitespace().filter_map(url).collect();
        let verdict = clawbutler_policy::judge(&set(&rules), &action, looked, &around(), &Facts::unknown());
        assert_eq!(verdict.decision, expected, "{command}");
    }
    let write = |path: &str| {
        let change = Change::Content { text: String::new() };
        action(Effect::FileWrite { path: path.into(), change })
    };
    assert_eq!(decision(&set(&[&source]), &write("src/a")), Decision::Allow);
    assert_eq!(decision(&set(&[&source]), &write("lib/a")), Decision::Defer);
}

#[test]
fn permissions_need_all_of_what_refusals_need_one_of() {
    let when = "signals = ['git_push', 'unknown_program']";
    let allow = permit("a", when);
    assert_eq!(decision(&set(&[&allow]), &shell("git push")), Decision::Allow);
    assert_eq!(decision(&set(&[&allow]), &shell("git push; curl https://example.org")), Decision::Defer);
    let deny = allow.replace("allow", "deny");
    assert_eq!(decision(&set(&[&deny]), &shell("git push; curl https://example.org")), Decision::Deny);

    let deletes = "[[rule]]\nid = 'd'\ndecision = 'deny'\nbecause = 'x'\nwhen = { paths = ['src/secret/*'] }\n";
    let delete = |path: &str| {
        let mut looked = clawbutler_policy::look(&shell("ls"), &around());
        let touch = clawbutler_policy::Touch {
            path: path.into(),
            how: clawbutler_policy::How::Delete,
            class: clawbutler_policy::Class::Project,
        };
        looked.touches = vec![touch];
        clawbutler_policy::judge(&set(&[deletes]), &shell("ls"), looked, &around(), &Facts::unknown()).decision
    };
    assert_eq!(delete("/home/u/p/src/secret/a"), Decision::Deny);
    assert_eq!(delete("/home/u/p/src"), Decision::Deny, "deleting a folder deletes what is in it");
    assert_eq!(delete("/home/u/p/lib"), Decision::Defer);
}

#[test]
fn what_is_not_known_helps_nobody_to_a_permission() {
    for when in [
        "hours = '00:00-24:00'",
        "days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']",
        "branches = ['*']",
        "remotes = ['*']",
        "sandboxed = true",
        "attended = true",
        "cost_at_least = 0.0",
        "budget_at_least = 0",
    ] {
        let allow = permit("a", when);
        assert_eq!(decision(&set(&[&allow]), &shell("ls")), Decision::Defer, "{when}");
        let money = when.contains("cost") || when.contains("budget");
        let ask = allow.replace("'allow'", "'ask'");
        let expected = if money { Decision::Defer } else { Decision::Ask };
        assert_eq!(decision(&set(&[&ask]), &shell("ls")), expected, "{when}");
    }
}

#[test]
fn rules_run_out_and_can_be_switched_off() {
    let text =
        |decision: &str, extra: &str| format!("[[rule]]\nid = 'a'\ndecision = '{decision}'\nbecause = 'x'\n{extra}\n");
    let end = Timestamp(1_798_761_600_000); // 2027-01-01
    for (at, allow, ask) in [
        (Some(Timestamp(end.0 - 1)), Decision::Allow, Decision::Ask),
        (Some(end), Decision::Defer, Decision::Defer),
        (None, Decision::Defer, Decision::Ask),
    ] {
        let facts = Facts { at, ..Facts::unknown() };
        let judged = |decision: &str| {
            let set = RuleSet::from_toml(&text(decision, "expires = '2026-12-31'")).unwrap();
            evaluate(&set, &shell("ls"), &around(), &facts).decision
        };
        assert_eq!((judged("allow"), judged("ask")), (allow, ask), "{at:?}");
    }
    let off = RuleSet::from_toml(&text("deny", "enabled = false")).unwrap();
    assert_eq!(decision(&off, &shell("ls")), Decision::Defer);
    for kind in ["deny", "allow"] {
        let observing = RuleSet::from_toml(&text(kind, "observe = true")).unwrap();
        let verdict = evaluate(&observing, &shell("ls"), &around(), &Facts::unknown());
        assert_eq!((verdict.decision, verdict.matches), (Decision::Defer, Vec::new()));
        let noted = Match {
            rule: "a".into(),
            decision: if kind == "deny" { Decision::Deny } else { Decision::Allow },
            because: "x".into(),
        };
        assert_eq!(verdict.observed, [noted]);
    }
}

#[test]
fn signals_are_tuned_before_rules_are_asked() {
    let base = "[[rule]]\nid = 'm'\ndecision = 'ask'\nbecause = 'x'\nwhen = { risk_at_least = 'medium' }\n";
    let tuned = |signal: &str| RuleSet::from_toml(&format!("{base}{signal}")).unwrap();
    let push = shell("git push");
    assert_eq!(decision(&tuned(""), &push), Decision::Ask);
    let lower = tuned("[[signal]]\nname = 'git_push'\nlevel = 'low'\n");
    assert_eq!(decision(&lower, &push), Decision::Defer);
    assert_ne!(lower.version(), tuned("").version());
    let off = tuned("[[signal]]\nname = 'git_push'\noff = true\n");
    let verdict = evaluate(&off, &push, &around(), &Facts::unknown());
    assert_eq!((verdict.decision, verdict.assessment.signals), (Decision::Defer, Vec::new()));
    let high = RuleSet::from_toml("[[signal]]\nname = 'git_push'\nlevel = 'critical'\n").unwrap();
    let verdict = evaluate(&high, &push, &around(), &Facts::unknown());
    assert_eq!((verdict.decision, verdict.assessment.level), (Decision::Ask, RiskLevel::Critical));
    let secret = RuleSet::from_toml("[[signal]]\nname = 'secret_read'\nlevel = 'low'\n").unwrap();
    assert_eq!(decision(&secret, &shell("cat ~/.ssh/id_ed25519")), Decision::Ask, "secrets are not lowered");
    let read = RuleSet::from_snapshot(&lower.to_snapshot()).unwrap();
    assert_eq!((read.tunings(), decision(&read, &push)), (lower.tunings(), Decision::Defer));
}

#[test]
fn later_files_tune_over_earlier_ones() {
    let source = |name, text| Source { name, text };
    let low = "[[signal]]\nname = 'git_push'\nlevel = 'low'\n";
    let high = "[[signal]]\nname = 'git_push'\nlevel = 'high'\n";
    let set = RuleSet::from_sources(&[source("a.toml", low), source("b.toml", high)]).unwrap();
    assert_eq!(decision(&set, &shell("git push")), Decision::Ask);
}

fn sets() -> impl Strategy<Value = String> {
    let one = (prop::sample::select(vec!["allow", "defer", "ask", "deny"]), 0_usize..common::POOL.len());
    prop::collection::vec(one, 0..6)
        .prop_map(|rules| rules.iter().enumerate().map(|(id, (decision, pool))| rule(id, decision, *pool)).collect())
}

fn facts() -> impl Strategy<Value = Facts> {
    (prop::option::of(0_u16..1440), prop::option::of(0_u8..7), prop::option::of(0.0_f64..2.0))
        .prop_map(|(minute_of_day, weekday, cost_usd)| Facts { minute_of_day, weekday, cost_usd, ..Facts::unknown() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_goes_below_the_floor(rules in sets(), at in any::<prop::sample::Index>(), facts in facts(), own in any::<bool>()) {
        let commands = commands();
        let mut command = commands[at.index(commands.len())].to_owned();
        if own {
            command = "echo x > ~/.claude/settings.json".to_owned();
        }
        let tuned: String = clawbutler_policy::LOWERABLE.iter().fold(String::new(), |mut text, name| {
            let _ = write!(text, "[[signal]]\nname = '{name}'\noff = true\n");
            text
        });
        let plain = evaluate(&RuleSet::from_toml(&rules).unwrap(), &shell(&command), &around(), &facts);
        if plain.assessment.level >= RiskLevel::High {
            prop_assert!(plain.decision >= Decision::Ask);
        }
        let verdict = evaluate(&RuleSet::from_toml(&format!("{rules}{tuned}")).unwrap(), &shell(&command), &around(), &facts);
        if plain.assessment.level == RiskLevel::Critical {
            prop_assert!(verdict.assessment.level == RiskLevel::Critical && verdict.decision >= Decision::Ask);
        }
        if own {
            prop_assert_eq!(verdict.decision, Decision::Deny);
        }
    }

    #[test]
    fn a_refusal_holds_alone_as_it_holds_among_others(rules in prop::collection::vec((any::<bool>(), 0_usize..common::POOL.len()), 1..90), at in any::<prop::sample::Index>(), facts in facts()) {
        let commands = commands();
        let action = shell(commands[at.index(commands.len())]);
        let text = |id: usize, (deny, pool): (bool, usize)| rule(id, if deny { "deny" } else { "ask" }, pool);
        let whole: String = rules.iter().enumerate().map(|(id, one)| text(id, *one)).collect();
        let verdict = evaluate(&RuleSet::from_toml(&whole).unwrap(), &action, &around(), &facts);
        for (id, one) in rules.iter().enumerate() {
            let alone = evaluate(&RuleSet::from_toml(&text(id, *one)).unwrap(), &action, &around(), &facts);
            let name = format!("r{id}");
            prop_assert_eq!(
                alone.matches.iter().any(|hit| hit.rule == name),
                verdict.matches.iter().any(|hit| hit.rule == name),
                "{}", name
            );
        }
    }

    #[test]
    fn one_more_refusal_never_loosens(rules in sets(), deny in any::<bool>(), pool in 0_usize..common::POOL.len(), at in any::<prop::sample::Index>(), facts in facts()) {
        let commands = commands();
        let action = shell(commands[at.index(commands.len())]);
        let more = format!("{rules}{}", rule(99, if deny { "deny" } else { "ask" }, pool));
        let judged = |text: &str| evaluate(&RuleSet::from_toml(text).unwrap(), &action, &around(), &facts).decision;
        prop_assert!(judged(&more) >= judged(&rules));
    }
}

/// A project named as Windows names it is a project: what lies in it is not outside, what lies beside it is.
#[test]
fn a_folder_of_windows_is_understood() {
    let around = Surroundings { home: r"C:\Users\dev".to_owned(), ..Surroundings::default() };
    let level = |path: &str| {
        let mut action =
            action(Effect::FileWrite { path: path.into(), change: Change::Content { text: String::new() } });
        action.cwd = r"C:\Users\dev\app".to_owned();
        action.project = Some(r"C:\Users\dev\app".to_owned());
        assess(&action, &around).level
    };
    assert_eq!(level(r"C:\Users\dev\app\src\main.rs"), RiskLevel::Low);
    assert_eq!(level("src/main.rs"), RiskLevel::Low);
    assert_eq!(level(r"C:\Users\dev\other\main.rs"), RiskLevel::Medium);
    assert_eq!(level(r"C:\Users\dev\.ssh\authorized_keys"), RiskLevel::High);
}
