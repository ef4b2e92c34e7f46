//! Whether an agent may act: disabled, killed, let act again; and what the kill switch ends.

use std::time::{Duration, Instant};

use clawbutler_platform::ending::{self, Ask, Ended};
use clawbutler_wire::Code;
use clawbutler_wire::approvals::Verb;
use clawbutler_wire::command::{Govern, KillAgent, ReviveAgent};
use clawbutler_wire::gateway::{Event, Verdict};
use clawbutler_wire::registry::{AgentState, KillOutcome};
use serde_json::json;

use crate::desk::{answer, code, decide};
use crate::registry::{Process, Registry, register};

#[test]
fn a_disabled_agent_is_denied_whatever_the_rules_say_until_it_is_enabled() {
    let registry = Registry::new();
    let desk = &registry.desk;
    let (ticket, view) = desk.queue("s", "rm -rf victim");
    assert_eq!(desk.verdict("ls"), Verdict::Defer);
    assert_eq!(registry.set(false).unwrap().state, AgentState::Disabled);
    assert_eq!(answer(&ticket).verdict, Verdict::Deny, "what waits is denied");
    assert_eq!(code(desk.butler().decide_approval(decide(&view, Verb::AllowOnce))), Code::Stale);

    let reply = desk.ask("s", "ls").unwrap();
    assert_eq!(reply.verdict, Verdict::Deny);
    assert!(reply.reason.contains("disabled this agent"), "{}", reply.reason);
    let mut relay = desk.request("s", "ls");
    relay.event = Event::Relay;
    let clawbutler_butler::Submission::Settled(reply) = desk.butler().submit(&relay) else { panic!("nobody is asked") };
    assert_eq!(reply.verdict, Verdict::Deny, "a yes in its own prompt would let it act");
    let mut spelled = desk.request("s", "ls");
    spelled.process.home = format!("{}/.claude/../.claude/", desk.home().display());
    let clawbutler_butler::Submission::Settled(reply) = desk.butler().submit(&spelled) else {
        panic!("nobody is asked")
    };
    assert_eq!(reply.verdict, Verdict::Deny, "another spelling of the home is the same home");
    assert_eq!(desk.pending().len(), 0);

    let decided = desk.entries("action.decided");
    assert_eq!(decided[0].data["verdict"], "deny");
    assert_eq!(desk.entries("agent.disabled").len(), 1);
    let stopped = &registry.snapshot()["stopped"];
    assert_eq!(stopped[0]["home"], desk.home().join(".claude").display().to_string());

    assert_eq!(
        code(desk.butler().govern(Govern { home_id: registry.id.clone(), governed: false })),
        Code::Precondition
    );
    assert_eq!(registry.set(true).unwrap().state, AgentState::Online);
    assert_eq!(desk.verdict("ls"), Verdict::Defer);
    assert_eq!(registry.snapshot()["stopped"], json!([]));
    assert_eq!(desk.entries("agent.enabled").len(), 1);
}

#[test]
fn a_state_survives_a_restart() {
    let mut registry = Registry::new();
    registry.set(false).unwrap();
    registry.desk.close();
    registry.desk.open();
    assert_eq!(registry.agent().state, AgentState::Disabled);
    assert_eq!(registry.desk.verdict("ls"), Verdict::Deny);
    assert_eq!(registry.snapshot()["stopped"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_kill_switch_ends_what_runs_and_says_so() {
    let registry = Registry::new();
    let desk = &registry.desk;
    // One ends when asked; one does not listen and has started another.
    let mut polite = Process::start("exec sleep 300");
    let mut deaf = Process::start("trap '' TERM; sleep 301 & echo $!; while :; do sleep 0.2; done");
    let below: u32 = {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(deaf.0.stdout.take().unwrap()), &mut line).unwrap();
        line.trim().parse().unwrap()
    };
    let below_started = clawbutler_platform::os::started(below).unwrap();
    register(&registry, polite.pid(), polite.started());
    register(&registry, deaf.pid(), deaf.started());
    let (ticket, _) = desk.queue("s", "rm -rf victim");

    let report = desk.butler().kill_agent(KillAgent { home_id: registry.id.clone() }).unwrap();
    let mut outcomes: Vec<(Option<u32>, KillOutcome)> =
        report.items.iter().map(|item| (item.pid, item.outcome)).collect();
    outcomes.sort_by_key(|(pid, _)| *pid);
    let mut expected = vec![(Some(polite.pid()), KillOutcome::Stopped), (Some(deaf.pid()), KillOutcome::Stopped)];
    expected.sort_by_key(|(pid, _)| *pid);
    assert_eq!(outcomes, expected, "{report:?}");
    assert!(report.items.iter().any(|item| item.says.contains("by force")));
    assert!(!polite.runs() && !deaf.runs());
    assert!(!ending::is(below, below_started), "what a session started is ended with it");
    assert_eq!((report.complete, report.denied, report.beyond.len()), (true, 1, 2));
    assert_eq!(answer(&ticket).verdict, Verdict::Deny);
    assert_eq!(report.agent.state, AgentState::Killed);

    let (before, after) = (desk.entries("agent.kill_requested"), desk.entries("agent.killed"));
    assert!(before[0].seq < after[0].seq, "recorded before and after");
    assert_eq!((before[0].actor.as_str(), after[0].data["items"].as_array().map(Vec::len)), ("you", Some(2)));

    assert_eq!(desk.verdict("ls"), Verdict::Deny);
    assert_eq!(code(registry.set(true)), Code::Precondition, "only revived");
    let revived = desk.butler().revive_agent(ReviveAgent { home_id: registry.id.clone() }).unwrap();
    assert_eq!(revived.state, AgentState::Online);
    assert_eq!(desk.verdict("ls"), Verdict::Defer);
    assert_eq!(desk.entries("agent.revived").len(), 1);
}

#[test]
fn a_process_that_took_the_id_of_another_is_left_alone() {
    let registry = Registry::new();
    let mut process = Process::start("exec sleep 300");
    register(&registry, process.pid(), process.started() - 1);
    let report = registry.desk.butler().kill_agent(KillAgent { home_id: registry.id.clone() }).unwrap();
    assert_eq!(report.items, []);
    let ended = ending::end(process.pid(), process.started() - 1, Duration::from_millis(100), Ask::Once);
    assert_eq!(ended, (Ended::Gone, vec![]));
    assert!(process.runs());
    // Nor does a record of the runtime make it end us or those that started us.
    let own = std::process::id();
    let ended = ending::end(own, clawbutler_platform::os::started(own).unwrap(), Duration::ZERO, Ask::Once);
    assert!(matches!(ended.0, Ended::CouldNot(_)));
}

#[test]
fn what_cannot_be_told_for_sure_is_reported_as_not_stopped() {
    let registry = Registry::new();
    let mut process = Process::start("exec sleep 300");
    let session =
        json!({ "pid": process.pid(), "sessionId": "s", "cwd": "/", "kind": "interactive", "entrypoint": "cli" });
    registry.write(&format!(".claude/sessions/{}.json", process.pid()), &session.to_string());
    let report = registry.desk.butler().kill_agent(KillAgent { home_id: registry.id.clone() }).unwrap();
    assert!(!report.complete);
    assert_eq!(report.items[0].outcome, KillOutcome::CouldNot);
    assert!(report.items[0].says.contains("when this process started"));
    assert!(process.runs());
    assert!(registry.desk.alerts().iter().any(|says| says.contains("could not stop everything")));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a generous bound on time is what is tested")]
fn ending_waits_no_longer_than_it_must() {
    let mut process = Process::start("exec sleep 300");
    let start = Instant::now();
    let (ended, left) = ending::end(process.pid(), process.started(), Duration::from_secs(20), Ask::Once);
    assert_eq!((ended, left), (Ended::Asked, vec![]));
    assert!(start.elapsed() < Duration::from_secs(10) && !process.runs());
}

/// As a server does that finishes its turns first.
#[test]
#[expect(clippy::disallowed_methods, reason = "a generous bound on time is what is tested")]
fn what_goes_on_when_it_is_asked_is_asked_again() {
    let deaf_once = "asked() { trap - TERM; }; trap asked TERM; echo ready; while :; do sleep 0.05; done";
    let grace = Duration::from_secs(20);
    let mut process = Process::start(deaf_once);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(process.0.stdout.take().unwrap()), &mut line).unwrap();
    let start = Instant::now();
    let (ended, _) = ending::end(process.pid(), process.started(), grace, Ask::Twice);
    assert_eq!(ended, Ended::Asked);
    assert!(start.elapsed() < grace / 2 && !process.runs());
}
