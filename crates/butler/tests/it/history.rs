//! Recorded actions: remembered with their outcome, tried on other rules, forgotten in time.

use std::fs;

use clawbutler_butler::Submission;
use clawbutler_wire::approvals::{ApprovalView, CostLabel, Verb};
use clawbutler_wire::command::{Discover, Govern, SimulateRules};
use clawbutler_wire::gateway::{Event, SpoolRecord, VERSION, Verdict};
use clawbutler_wire::rules::DraftFile;
use serde_json::json;

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

#[test]
fn what_hooks_judged_alone_is_part_of_the_history_once() {
    let desk = Desk::new();
    let record = |id: &str, command: &str| SpoolRecord {
        v: VERSION,
        id: id.to_owned(),
        at_ms: i64::MAX,
        request: desk.request("s", command),
        verdict: Verdict::Deny,
        reason: String::new(),
        cause: "away".to_owned(),
    };
    let lines: Vec<String> = [record("a", "touch x"), record("a", "touch x"), record("b", "rm -rf src")]
        .iter()
        .map(|record| serde_json::to_string(record).unwrap())
        .collect();
    fs::write(desk.data().join("spool.jsonl"), lines.join("\n") + "\n").unwrap();
    desk.pass_ms(1);
    let packs = Some(vec!["read-only".to_owned()]);
    let found = simulate(&desk, SimulateRules { packs, ..SimulateRules::default() });
    let headlines: Vec<_> = found.changed.iter().map(|one| one.headline.as_str()).collect();
    assert_eq!((found.looked_at, headlines.as_slice()), (2, ["rm -rf src", "touch x"].as_slice()));
    desk.pass_ms(DAY_MS * 91);
    assert_eq!(simulate(&desk, SimulateRules { since_ms: Some(u64::MAX), ..SimulateRules::default() }).looked_at, 0);
}

/// Starts a session with a transcript and asks in it.
fn ask_with_transcript(desk: &Desk, session: &str, transcript: &std::path::Path) -> ApprovalView {
    let mut start = desk.request(session, "");
    start.event = Event::SessionStarted;
    start.extra = json!({ "transcript_path": transcript });
    assert!(matches!(desk.butler().submit(&start), Submission::Settled(_)));
    desk.queue(session, "rm -rf src").1
}

#[test]
fn a_cost_is_estimated_from_a_transcript_below_the_home_and_unknown_otherwise() {
    let mut desk = Desk::new();
    let home = desk.home().join(".claude");
    fs::create_dir_all(home.join("projects")).unwrap();
    let line = json!({
        "type": "assistant",
        "message": { "model": "claude-opus-4-5", "usage": { "input_tokens": 10, "cache_read_input_tokens": 80_000 } },
    });
    let (inside, outside) = (home.join("projects/s.jsonl"), desk.project().join("s.jsonl"));
    for path in [&inside, &outside] {
        fs::write(path, format!("{line}\n")).unwrap();
    }
    assert_eq!(ask_with_transcript(&desk, "early", &inside).cost.label, CostLabel::Unknown, "a home nobody chose");
    let found = desk.butler().discover(Discover {}).unwrap().homes;
    let known = found.iter().find(|known| known.path == home.display().to_string()).unwrap();
    desk.butler().govern(Govern { home_id: known.id.clone(), governed: true }).unwrap();
    let cost = ask_with_transcript(&desk, "one", &inside).cost;
    assert_eq!(cost.label, CostLabel::Estimated);
    assert!(cost.low_usd.unwrap() > 0.0 && cost.low_usd < cost.high_usd && cost.basis.contains("80,010"), "{cost:?}");
    let cost = ask_with_transcript(&desk, "two", &outside).cost;
    assert_eq!((cost.label, cost.high_usd), (CostLabel::Unknown, None));
    desk.close();
    desk.open();
    assert_eq!(desk.queue("one", "rm -rf lib").1.cost.label, CostLabel::Estimated, "found again after a restart");
}
