//! Properties of the judgement, on the labelled actions of `tests/corpus` and on made-up text: a wrapper
//! never calms, spelling does not matter, one more refusal never loosens, nothing takes too long.
//!
//! A failure prints one line a case: the property, the row, both levels and the text.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

mod hostile;
mod quote;
mod rows;
mod wrap;

use clawbutler_core::verdict::Decision;
use clawbutler_policy::{Facts, RuleSet, evaluate};
use proptest::prelude::*;

use rows::{Failure, around, rows, settle};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// Over the packs: rules as people have them, not made for the test.
    #[test]
    fn one_more_refusal_never_loosens_a_pack(
        pack in prop::sample::select(vec!["balanced", "strict", "trusting", "read-only"]),
        at in any::<prop::sample::Index>(),
        program in prop::sample::select(vec!["git", "rm", "npm", "cat", "*", "ssh", "python3", "nothing"]),
        decision in prop::sample::select(vec!["ask", "deny"]),
    ) {
        let all = rows();
        let row = &all[at.index(all.len())];
        let base = clawbutler_policy::packs::text(pack).unwrap();
        let when = format!("[rule.when]\nprograms = ['{program}']\n");
        let more = format!("{base}\n[[rule]]\nid = 'one-more'\ndecision = '{decision}'\nbecause = 'x'\n{when}");
        let judged = |text: &str| {
            let set = RuleSet::from_toml(text).unwrap();
            evaluate(&set, &row.action(&row.command), &around(), &Facts::unknown())
        };
        let (before, after) = (judged(base), judged(&more));
        prop_assert!(after.decision >= before.decision, "{}: {:?} then {:?}", row.id, before.decision, after.decision);
        prop_assert_eq!(&before.assessment, &after.assessment);
        let named = after.matches.iter().any(|one| one.rule.ends_with("one-more"));
        if named && decision == "deny" {
            prop_assert_eq!(after.decision, Decision::Deny);
        }
    }
}

/// Homes of directory services, of the administrator, of other systems, of machines for automation.
#[test]
fn wherever_home_is_means_nothing() {
    let mut found = Vec::new();
    let homes = [
        "/home/corp/dev", "/Users/dev", "/root", "/root/work/dev", "/data/home/dev", "/srv/agents/dev",
        "/var/lib/agent",
    ];
    for home in homes {
        // A row that takes the home's path apart means another place elsewhere.
        for row in rows().iter().filter(|row| !row.command.contains("${HOME%")) {
            let after = row.level_in(home);
            if after != row.level {
                let says = format!("{:?} then {after:?} in {home}\t{:?}", row.level, row.command);
                found.push(Failure { property: "home", row: row.id.clone(), says });
            }
        }
    }
    settle(&found, &[]);
}
