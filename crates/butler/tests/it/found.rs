//! A home that appears beside governed ones is raised once: one alert, one entry, until a person answers.

use std::fs;

use clawbutler_core::limits::FOUND_HOMES;
use clawbutler_wire::audit::EntryView;
use clawbutler_wire::command::{DismissAlert, ForgetHome, Govern, ListAgents, Status};
use serde_json::json;

use crate::desk::Desk;

/// A desk with a home of Claude Code that is governed or not, after the first look.
fn desk(governed: bool) -> Desk {
    let desk = Desk::new();
    fs::create_dir_all(desk.home().join(".claude/projects")).unwrap();
    home(&desk, ".claude-old");
    let home_id = desk.home_of("claude-code");
    desk.butler().govern(Govern { home_id, governed }).unwrap();
    look(&desk);
    desk
}

/// A home of Claude Code as a second account has it.
fn home(desk: &Desk, name: &str) {
    fs::create_dir_all(desk.home().join(name).join("projects")).unwrap();
}

fn look(desk: &Desk) {
    desk.pass_ms(11_000);
    desk.butler().tick(true);
}

/// Alerts about homes of this desk: clients of other tests run on the same machine.
fn alerts(desk: &Desk) -> Vec<String> {
    let own = desk.home().display().to_string();
    desk.alerts().into_iter().filter(|says| says.contains("A new home of") && says.contains(&own)).collect()
}

fn found(desk: &Desk) -> Vec<EntryView> {
    let own = desk.home().display().to_string();
    let here = |entry: &EntryView| entry.data["path"].as_str().is_some_and(|path| path.starts_with(&own));
    desk.entries("home.found").into_iter().filter(here).collect()
}

fn entries(desk: &Desk) -> usize {
    found(desk).len()
}

fn id(desk: &Desk, name: &str) -> String {
    let agents = desk.butler().list_agents(ListAgents {}).unwrap().agents;
    agents.into_iter().find(|agent| agent.home.ends_with(name)).unwrap().id
}

#[test]
fn a_new_home_is_raised_once_also_across_restarts() {
    let mut desk = desk(true);
    assert_eq!((alerts(&desk).len(), entries(&desk)), (0, 0), "what the first look found is nothing new");
    home(&desk, ".claude-work");
    look(&desk);
    let raised = alerts(&desk);
    assert_eq!((raised.len(), entries(&desk)), (1, 1));
    assert!(raised[0].contains(".claude-work") && raised[0].contains("not governed"), "{raised:?}");
    let entry = &found(&desk)[0];
    assert_eq!(
        (&entry.data["runtime"], &entry.data["source"]),
        (&json!("claude-code"), &json!("beside the default home"))
    );
    assert_eq!(entry.data["home"], json!(id(&desk, ".claude-work")));
    assert!(entry.says.contains("It is not governed."), "{}", entry.says);
    look(&desk);
    assert_eq!((alerts(&desk).len(), entries(&desk)), (1, 1), "once");
    desk.close();
    desk.open();
    assert_eq!(alerts(&desk), raised, "nobody answered yet");
    look(&desk);
    assert_eq!((alerts(&desk).len(), entries(&desk)), (1, 1), "and no second entry");
}

#[test]
fn it_is_gone_when_it_is_dismissed_governed_forgotten_or_removed() {
    let mut desk = desk(true);
    for name in [".claude-a", ".claude-b", ".claude-c", ".claude-d"] {
        home(&desk, name);
    }
    look(&desk);
    assert_eq!(alerts(&desk).len(), 4);
    let shown = desk.butler().status(Status {}).unwrap().alerts;
    let a = shown.into_iter().find(|alert| alert.says.contains(".claude-a")).unwrap();
    desk.butler().dismiss_alert(DismissAlert { id: a.id }).unwrap();
    desk.butler().govern(Govern { home_id: id(&desk, ".claude-b"), governed: true }).unwrap();
    fs::remove_dir_all(desk.home().join(".claude-c")).unwrap();
    look(&desk);
    let left = alerts(&desk);
    assert!(left.len() == 1 && left[0].contains(".claude-d"), "{left:?}");
    // Forgotten after it was let go of: it is known for good.
    let home_id = id(&desk, ".claude-b");
    desk.butler().govern(Govern { home_id: home_id.clone(), governed: false }).unwrap();
    desk.butler().forget_home(ForgetHome { home_id }).unwrap();
    home(&desk, ".claude-c");
    desk.close();
    desk.open();
    look(&desk);
    assert_eq!((alerts(&desk), entries(&desk)), (left, 4), "each once, also one that comes back");
}

#[test]
fn what_comes_while_nothing_is_governed_is_only_listed() {
    let desk = desk(false);
    home(&desk, ".claude-work");
    look(&desk);
    desk.butler().govern(Govern { home_id: desk.home_of("claude-code"), governed: true }).unwrap();
    look(&desk);
    assert_eq!((alerts(&desk).len(), entries(&desk)), (0, 0));
}

#[test]
fn many_new_homes_do_not_fill_the_screen() {
    let desk = desk(true);
    for number in 0..20 {
        home(&desk, &format!(".claude-n{number:02}"));
    }
    look(&desk);
    let first = entries(&desk);
    assert!((1..=FOUND_HOMES).contains(&first), "{first}");
    for _ in 0..6 {
        look(&desk);
        assert!(alerts(&desk).len() <= FOUND_HOMES);
    }
    assert_eq!(entries(&desk), 20, "each is in the log, once");
}
