//! Recorded actions: remembered with their outcome, tried on other rules, forgotten in time.

use clawbutler_wire::approvals::Verb;
use clawbutler_wire::command::SimulateRules;
use clawbutler_wire::rules::DraftFile;

use crate::desk::{Desk, decide};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn simulate(desk: &Desk, request: SimulateRules) -> clawbutler_wire::rules::SimulationView {
    desk.butler().simulate_rules(request).unwrap()
}

#[test]
fn another_pack_is_tried_on_what_happened() {
    let desk = Desk::new();
    for command in ["ls", "touch x", "git status"] {
        desk.verdict(command);
    }
    let (_ticket, _card) = desk.queue("s", "rm -rf src");
    let packs = Some(vec!["read-only".to_owned()]);
    let found = simulate(&desk, SimulateRules { packs, ..SimulateRules::default() });
    let changed: Vec<_> = found
        .changed
        .iter()
        .map(|one| (one.headline.as_str(), one.before.as_str(), one.after.as_str(), one.looser))
        .collect();
    assert_eq!(changed, [("rm -rf src", "ask", "deny", false), ("touch x", "defer", "deny", false)]);
    assert_eq!((found.looked_at, found.newly_stopped, found.newly_allowed, found.truncated), (4, 2, 0, false));
    assert_eq!(desk.rules().pack, "balanced", "nothing changed");
}

#[test]
fn a_draft_shows_what_it_would_let_through_and_old_actions_are_left_out() {
    let desk = Desk::new();
    desk.verdict("make old");
    desk.pass_ms(8 * DAY_MS);
    desk.verdict("make new");
    let text = "[[rule]]\nid = \"make\"\ndecision = \"allow\"\nbecause = \"It builds.\"\n\
                when = { programs = [\"make\"] }\n";
    let draft = Some(DraftFile { name: "draft.toml".into(), text: text.into() });
    let found = simulate(&desk, SimulateRules { draft: draft.clone(), ..SimulateRules::default() });
    assert_eq!((found.looked_at, found.newly_allowed), (1, 1));
    assert_eq!(found.changed[0].because_after, "draft/make: It builds.");
    let all = simulate(&desk, SimulateRules { draft, since_ms: Some(u64::MAX), ..SimulateRules::default() });
    assert_eq!(all.looked_at, 2);
    desk.pass_ms(85 * DAY_MS);
    let kept = simulate(&desk, SimulateRules { since_ms: Some(u64::MAX), ..SimulateRules::default() });
    assert_eq!(kept.looked_at, 1, "90 days are kept");
}

#[test]
fn what_is_too_large_to_keep_is_counted_and_not_judged_again() {
    let desk = Desk::new();
    desk.verdict(&format!("echo {}", "x".repeat(20_000)));
    let found = simulate(&desk, SimulateRules::default());
    assert_eq!((found.looked_at, found.not_replayable), (0, 1));
}

#[test]
fn rules_tell_how_often_they_decided() {
    let desk = Desk::new();
    for session in ["one", "two"] {
        let (_ticket, card) = desk.queue(session, "rm -rf src");
        desk.butler().decide_approval(decide(&card, Verb::Deny)).unwrap();
    }
    let used: Vec<_> = desk.rules().rules.into_iter().filter(|rule| rule.uses_30d > 0).collect();
    assert_eq!(used.iter().map(|rule| rule.uses_30d).collect::<Vec<_>>(), [2], "{used:?}");
    assert!(used[0].last_at.is_some());
}
