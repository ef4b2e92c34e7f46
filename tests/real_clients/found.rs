//! Homes that real clients make beside a governed one: raised once, and read no further than discovery reads.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, HERMES, tried};
use clawbutler_wire::command::{Discover, DismissAlert, Govern, ListSessions, Status};
use clawbutler_wire::settings::AlertView;
use serde_json::{Value, json};

use super::{bash, lax};

const ROW: &str = "drift: a new home beside a governed one is raised";

/// The alert about a home that ends so.
fn alert(machine: &Machine, home: &str) -> Option<AlertView> {
    let alerts = machine.ask(&Status {}).unwrap().alerts;
    let about = format!("{home}. What agents do in it is not governed.");
    alerts.into_iter().find(|alert| alert.says.contains("A new home of") && alert.says.ends_with(&about))
}

fn entries(machine: &Machine, home: &str) -> Vec<Value> {
    let found = |entry: &Value| {
        entry["kind"] == "home.found" && entry["data"]["path"].as_str().is_some_and(|path| path.ends_with(home))
    };
    machine.ledger().into_iter().filter(found).collect()
}

#[test]
fn a_second_home_of_claude_code_is_raised_until_it_is_dismissed() {
    let Some(mut machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, ROW);
    machine.claude(&script(&json!([bash("echo governed")])), &[]).finish();
    let before = machine_asks(&machine);
    assert_eq!(alert(&machine, "/.claude"), None, "it was there at the first look");
    let work = machine.at("home/.claude-work").display().to_string();
    machine.extra.insert("CLAUDE_CONFIG_DIR".to_owned(), work);
    machine.claude(&script(&json!([bash("echo elsewhere")])), &[]).finish();
    machine.extra.remove("CLAUDE_CONFIG_DIR");
    let raised = wait_for("the alert", || alert(&machine, "/.claude-work"));
    assert!(!raised.fix.is_empty());
    assert_eq!(entries(&machine, "/.claude-work").len(), 1);
    assert_eq!(machine_asks(&machine), before, "nothing there is asked about");
    let read = machine.ask(&ListSessions::default()).unwrap().items;
    assert!(read.iter().all(|row| !row.home.ends_with(".claude-work")), "nothing there is read");

    machine.stop();
    machine.start();
    let again = wait_for("the alert after a restart", || alert(&machine, "/.claude-work"));
    assert_eq!(entries(&machine, "/.claude-work").len(), 1, "and no second entry");
    machine.ask(&DismissAlert { id: again.id }).unwrap();
    assert_eq!(alert(&machine, "/.claude-work"), None);
    machine.stop();
    machine.start();
    assert_eq!(alert(&machine, "/.claude-work"), None, "dismissed for good");
}

fn machine_asks(machine: &Machine) -> usize {
    machine.ledger().iter().filter(|entry| entry["kind"] == "action.requested").count()
}

#[test]
fn a_profile_of_hermes_made_later_is_raised_until_it_is_governed() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, ROW);
    let machine = &hermes.machine;
    hermes.cli(&["profile", "create", "work"]);
    wait_for("the alert", || alert(machine, "/profiles/work"));
    let entry = entries(machine, "/profiles/work").remove(0);
    assert_eq!((&entry["data"]["runtime"], &entry["data"]["source"]), (&json!("hermes"), &json!("profile work")));
    let found = machine.ask(&Discover {}).unwrap().homes;
    let id = found.into_iter().find(|home| home.path.ends_with("/profiles/work")).unwrap().id;
    machine.ask(&Govern { home_id: id, governed: true }).unwrap();
    assert_eq!(alert(machine, "/profiles/work"), None);
    assert_eq!(entries(machine, "/profiles/work").len(), 1);
}
