//! Shell commands: the table holds, and no wrapping or neighbour slips through.

use clawbutler_policy::grants::propose;
use proptest::prelude::*;

use super::rows::ROWS;
use super::{around, covered, kinds, shell};

#[test]
fn each_command_is_proposed_and_covered_as_the_table_says() {
    let mut wrong = Vec::new();
    for (command, wanted, covers, ignores) in ROWS {
        let proposals = propose(&shell(command), &around());
        let found = kinds(&proposals);
        if found != *wanted {
            wrong.push(format!("{command}: proposes {found:?} instead of {wanted:?}"));
        }
        for proposal in &proposals {
            if !covered(&proposal.cover, &shell(command)) {
                wrong.push(format!("{command}: {} does not cover it", proposal.title));
            }
            for other in ignores.iter().filter(|other| covered(&proposal.cover, &shell(other))) {
                wrong.push(format!("{command}: {} covers {other}", proposal.title));
            }
        }
        for other in *covers {
            if !proposals.last().is_some_and(|widest| covered(&widest.cover, &shell(other))) {
                wrong.push(format!("{command}: {found:?} does not cover {other}"));
            }
        }
    }
    assert!(ROWS.len() >= 60, "{} rows", ROWS.len());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

fn corpus(least: &str) -> Vec<&'static str> {
    let levels = ["low", "medium", "high", "critical"];
    let rank = |label: &str| levels.iter().position(|level| *level == label.trim_end_matches(['+', '-'])).unwrap_or(3);
    let lines = include_str!("../corpus.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let found: Vec<_> = lines.filter_map(|line| line.split_once('\t')).collect();
    found.into_iter().filter(|(label, _)| rank(label) >= rank(least)).map(|(_, command)| command).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_grant_never_covers_a_danger_beside_what_it_was_given_for(
        given in prop::sample::select(corpus("low")),
        danger in prop::sample::select(corpus("high")),
    ) {
        let proposals = propose(&shell(given), &around());
        let beside = [
            format!("{given} && {danger}"), format!("{given}; {danger}"), format!("{danger} && {given}"),
            format!("{given} || {danger}"), format!("{danger} | {given}"), format!("{given} | {danger}"),
            format!("{given} $({danger})"), format!("{given} `{danger}`"), format!("{given}\n{danger}"),
            format!("{given} & {danger}"), format!("X=$({danger}) {given}"), format!("{given} <({danger})"),
        ];
        for proposal in &proposals {
            prop_assert!(covered(&proposal.cover, &shell(given)), "{given}: {}", proposal.title);
            for text in &beside {
                prop_assert!(!covered(&proposal.cover, &shell(text)), "{given}: {} covers {text}", proposal.title);
            }
        }
    }

    #[test]
    fn a_grant_never_covers_what_it_was_given_for_in_a_wrapper(
        given in prop::sample::select(corpus("low")),
        wrapper in prop::sample::select(vec![
            "sudo {}", "env A=b {}", "A=b {}", "nohup {}", "timeout 9 {}", "bash -c '{}'", "sh -c \"$({})\"", "xargs {}",
            "( {} )", "{ {}; }", "! {}", "if true; then {}; fi", "f() { {}; }; f", "watch {}", "eval {}", "{} > ~/.bashrc",
            "cd /tmp && {}", "cd .. ; {}", "ssh host {}", "docker run -v /:/x img {}", "PATH=/tmp/evil {}", "/tmp/evil/{}",
        ]),
    ) {
        let wrapped = shell(&wrapper.replace("{}", given));
        for proposal in propose(&shell(given), &around()) {
            // `ls; ls` from anywhere only looks around; what counts is then a command of its own.
            prop_assert!(!covered(&proposal.cover, &wrapped), "{given}: {} covers {wrapped:?}", proposal.title);
        }
    }

    #[test]
    fn no_text_makes_it_panic_and_each_proposal_covers_its_action(text in "[a-z$(){}\\[\\]|&;<>'\"` \n~*/.=-]{0,80}") {
        for proposal in propose(&shell(&text), &around()) {
            prop_assert!(covered(&proposal.cover, &shell(&text)), "{text}: {}", proposal.title);
            prop_assert!(!proposal.scopes.is_empty());
        }
    }
}
