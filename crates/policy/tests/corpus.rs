//! The labelled commands come out as labelled, and the properties hold that no rule set may break.

use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::{Decision, Verdict};
use clawbutler_policy::{Facts, RuleSet, Surroundings, assess};
use proptest::prelude::*;

fn evaluate(set: &RuleSet, action: &Action, around: &Surroundings) -> Verdict {
    clawbutler_policy::evaluate(set, action, around, &Facts::unknown())
}

fn around() -> Surroundings {
    Surroundings {
        home: "/home/u".into(),
        data_dir: "/home/u/.local/share/clawbutler".into(),
        guarded: vec!["/home/u/.claude/settings.json".into()],
    }
}

fn shell(command: &str) -> Action {
    action(Effect::Shell { command: command.into(), dialect: Dialect::Posix, description: None })
}

fn action(effect: Effect) -> Action {
    Action {
        runtime: "r".into(),
        session: "s".into(),
        agent: None,
        tool: "Bash".into(),
        cwd: "/home/u/p".into(),
        mode: "default".into(),
        project: None,
        branch: None,
        remote: None,
        sandboxed: None,
        depth: 0,
        effect,
    }
}

fn level(command: &str) -> RiskLevel {
    assess(&shell(command), &around()).level
}

#[test]
fn labelled_commands_come_out_as_labelled() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("corpus.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (label, command) = line.split_once('\t').expect("a label and a command");
        let wanted: RiskLevel = serde_json::from_value(label.trim_end_matches(['+', '-']).into()).expect("a level");
        let found = level(command);
        let fits = match label.chars().last() {
            Some('+') => found >= wanted,
            Some('-') => found <= wanted,
            _ => found == wanted,
        };
        if !fits {
            wrong.push(format!("{label}\t{found:?}\t{command}\t{:?}", assess(&shell(command), &around()).signals));
        }
        count += 1;
    }
    assert!(count >= 150, "{count} commands");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn own_files_are_denied_whatever_the_rules_say() {
    let lax = RuleSet::from_toml("[[rule]]\nid = 'all'\ndecision = 'allow'\nbecause = 'x'\n").unwrap();
    for command in ["echo > ~/.claude/settings.json", "rm -rf ~/.local/share/clawbutler", "pkill clawbutler-desktop"] {
        let verdict = evaluate(&lax, &shell(command), &around());
        assert_eq!(verdict.decision, Decision::Deny, "{command}");
        assert_eq!(verdict.matches[0].rule, "own-files");
    }
    assert_eq!(evaluate(&lax, &shell("rm -rf src"), &around()).decision, Decision::Ask, "allow never covers high risk");
    assert_eq!(evaluate(&lax, &shell("ls"), &around()).decision, Decision::Allow);
    let write = action(Effect::FileWrite {
        path: "/home/u/.claude/settings.json".into(),
        change: clawbutler_core::action::Change::Content { text: "{}".into() },
    });
    assert_eq!(evaluate(&lax, &write, &around()).decision, Decision::Deny);
}

#[test]
fn the_default_rules_load_and_name_their_reasons() {
    let set = RuleSet::builtin();
    assert!(set.rules().count() >= 6);
    let verdict = evaluate(&set, &shell("touch a && rm -rf victim"), &around());
    assert_eq!((verdict.decision, verdict.matches[0].rule.as_str()), (Decision::Ask, "balanced/destroys-work"));
    insta::assert_snapshot!(verdict.assessment.summary, @"Deletes victim and everything in it; cannot be undone");
    assert_eq!(verdict.assessment.signals[0].part.as_deref(), Some("rm -rf victim"));
    assert_eq!(evaluate(&set, &shell("ls -la"), &around()).decision, Decision::Defer);
}

#[test]
fn a_rule_whose_example_fails_does_not_load() {
    let text = "[[rule]]\nid = 'a'\ndecision = 'ask'\nbecause = 'x'\nwhen = { programs = ['git push'] }\nmatches = ['shell: ls']\n";
    assert!(RuleSet::from_toml(text).is_err());
    assert!(RuleSet::from_toml("[[rule]]\nid = 'a'\ndecision = 'ask'\nbecause = 'x'\nwhen = { wat = 1 }\n").is_err());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a generous bound on time is what is tested")]
fn hostile_shapes_are_refused_in_time() {
    for text in [
        "(".repeat(10_000),
        "$(".repeat(10_000),
        "`".repeat(9_999),
        "if ".repeat(10_000),
        "{ ".repeat(10_000),
        "! ".repeat(10_000),
        "\"$(".repeat(3_000),
        "a|".repeat(20_000),
        "<<".repeat(5_000),
        "${".repeat(5_000),
        "[[ ".repeat(5_000),
        format!("echo {}", "((1+".repeat(300)),
        "case x in ".repeat(2_000),
        "case x in x) ".repeat(18),
        "a|if ".repeat(3_000),
        "<<E\n$[$[".repeat(3_000),
        format!("{}{}", "((then ".repeat(300), "}}".repeat(300)),
        "xargs do ".repeat(60),
        "coproc time ".repeat(60),
        "eval `".repeat(400),
        format!("A=aaaaaaaa;{} rm -rf y $A", "A=$A$A$A$A;".repeat(40)),
        format!("rm -rf y; {}", "unshare tmux ".repeat(200)),
    ] {
        let start = std::time::Instant::now();
        let found = level(&text);
        assert!(start.elapsed().as_secs() < 5, "{} took {:?}", &text[..20.min(text.len())], start.elapsed());
        assert!(found >= RiskLevel::Medium, "{} is {found:?}", &text[..20.min(text.len())]);
    }
    let message = "git commit -m \"$(cat <<'EOF'\nfix: a thing\n\nrm -rf is mentioned\nEOF\n)\"";
    assert!(level(message) <= RiskLevel::Medium, "a commit message is no command");
    let prose = format!("git commit -m '{}'", "do it if you can, and if not, do the other thing. ".repeat(30));
    assert!(level(&prose) <= RiskLevel::Medium, "prose is no nested command");
    let long = "echo a; ".repeat(2_000);
    assert!(level(&long) <= RiskLevel::Medium);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_has_a_verdict(text in "\\PC{0,120}") {
        evaluate(&RuleSet::builtin(), &shell(&text), &around());
    }

    #[test]
    fn shell_like_text_has_a_verdict(parts in prop::collection::vec(prop::sample::select(vec![
        "rm", "-rf", "/", "$(", ")", "`", "'", "\"", "|", "&&", ";", "{", "}", "$X", "${A:-", "<<EOF", "\n", "EOF", ">", "<(", "if", "then", "fi", "\\", " ", "=", "[[", "]]", "((", "))", "x"]), 0..25)) {
        evaluate(&RuleSet::builtin(), &shell(&parts.join(" ")), &around());
    }

    #[test]
    fn a_compound_is_as_risky_as_its_parts(one in 0_usize..100, two in 0_usize..100, joint in prop::sample::select(vec![" ; ", " && ", " || ", "\n"])) {
        let lines: Vec<&str> = include_str!("corpus.txt").lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')).map(|(_, command)| command)
            .filter(|command| !command.contains("<<") && !command.contains("unclosed") && !command.starts_with("cd ") && !command.ends_with("then")).collect();
        let (one, two) = (lines[one % lines.len()], lines[two % lines.len()]);
        let both = level(&format!("{one}{joint}{two}"));
        prop_assert!(both >= level(one), "{one} | {two}");
    }

    #[test]
    fn a_deny_never_loosens(index in 0_usize..150, program in "[a-z]{1,6}") {
        let commands: Vec<&str> = include_str!("corpus.txt").lines().filter_map(|line| line.split_once('\t')).map(|(_, command)| command).collect();
        let action = shell(commands[index % commands.len()]);
        let base = "[[rule]]\nid = 'a'\ndecision = 'allow'\nbecause = 'x'\n";
        let before = evaluate(&RuleSet::from_toml(base).unwrap(), &action, &around()).decision;
        let more = format!("{base}[[rule]]\nid = 'b'\ndecision = 'deny'\nbecause = 'x'\nwhen = {{ programs = ['{program}'] }}\n");
        let after = evaluate(&RuleSet::from_toml(&more).unwrap(), &action, &around()).decision;
        prop_assert!(after >= before);
    }

    #[test]
    fn a_changed_snapshot_is_refused(at in any::<prop::sample::Index>(), bit in 0_u8..7) {
        let set = RuleSet::builtin();
        let text = set.to_snapshot();
        prop_assert_eq!(&RuleSet::from_snapshot(&text).unwrap(), &set);
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert!(RuleSet::from_snapshot(&text).is_err());
        }
    }
}
