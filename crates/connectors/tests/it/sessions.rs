//! Live sessions from registry files.

use std::collections::BTreeMap;

use clawbutler_connectors::env::Os;
use clawbutler_connectors::facts::Health;
use proptest::prelude::*;
use serde_json::json;

use crate::scratch::{Machine, claude, fixture};

const PID: u32 = 17_377;

fn register(machine: &Machine, pid: u32, kind: &str) {
    let text = String::from_utf8(fixture(&format!("registry/{kind}.json"))).expect("text");
    machine.file(&format!("home/ada/.claude/sessions/{pid}.json"), &text.replace("17377", &pid.to_string()));
}

fn process(machine: &Machine, pid: u32, start: &str) {
    // A name with blanks and a parenthesis, as any process may have.
    let zeros = ["0"; 18].join(" ");
    machine.file(&format!("proc/{pid}/stat"), &format!("{pid} (cla) ude) S {zeros} {start} 1 2 3\n"));
}

#[test]
fn only_processes_that_still_run_count() {
    let machine = Machine::new();
    for (pid, kind) in
        [(PID, "terminal"), (2, "print"), (3, "background"), (4, "terminal"), (5, "terminal"), (8, "terminal")]
    {
        register(&machine, pid, kind);
    }
    process(&machine, PID, "130586");
    process(&machine, 2, "130586");
    process(&machine, 3, "130586");
    process(&machine, 4, "999"); // the id was taken again by another process
    let zeros = ["0"; 18].join(" ");
    // It ended and its parent has not collected it yet.
    machine.file("proc/8/stat", &format!("8 (claude) Z {zeros} 130586 1 2 3\n"));
    machine.file("home/ada/.claude/sessions/6.json", "{ broken");
    machine.file("home/ada/.claude/sessions/7.json", "[]");
    machine.file(&format!("home/ada/.claude/sessions/{PID}.ab12.key"), "secret");
    let found = claude().sessions(&machine.env, &machine.claude_home());
    let short: Vec<_> = found.iter().map(|s| (s.pid, s.kind.as_str(), s.status.as_str())).collect();
    assert_eq!(short, [(2, "print", "busy"), (3, "background", "asking"), (PID, "terminal", "idle")]);
    insta::assert_debug_snapshot!(found[2]);
}

#[test]
fn sessions_that_run_are_not_lost_among_those_that_were_killed() {
    let mut machine = Machine::new();
    register(&machine, PID, "terminal");
    process(&machine, PID, "130586");
    for pid in 20_000..20_600 {
        register(&machine, pid, "terminal");
    }
    let found = |machine: &Machine| -> Vec<u32> {
        claude().sessions(&machine.env, &machine.claude_home()).iter().map(|session| session.pid).collect()
    };
    assert_eq!(found(&machine), [PID]);
    // Where it cannot be seen what runs, the newest are told.
    machine.env.os = Os::MacOs;
    let folder = machine.claude_home().join("sessions");
    for pid in [PID, 20_000, 20_599] {
        let file = std::fs::File::options().write(true).open(folder.join(format!("{pid}.json"))).expect("a file");
        let far = std::time::Duration::from_hours(if pid == PID { 1_000_000 } else { 1_000_003 });
        file.set_modified(std::time::UNIX_EPOCH + far).expect("its time");
    }
    let newest = found(&machine);
    assert_eq!(newest.len(), 500);
    assert!([PID, 20_000, 20_599].iter().all(|pid| newest.contains(pid)));
}

#[test]
fn where_processes_cannot_be_seen_the_status_is_unknown() {
    let mut machine = Machine::new();
    machine.env.os = Os::MacOs;
    register(&machine, PID, "terminal");
    let found = claude().sessions(&machine.env, &machine.claude_home());
    assert_eq!(found.iter().map(|s| s.status.as_str()).collect::<Vec<_>>(), ["unknown"]);
}

#[test]
fn what_a_client_waits_for_is_told() {
    let machine = Machine::new();
    for (pid, waits_for) in [(2, "permission prompt"), (3, "input needed")] {
        let session = json!({
            "pid": pid, "sessionId": format!("s-{pid}"), "cwd": "/", "kind": "interactive", "entrypoint": "cli",
            "procStart": "130586", "status": "waiting", "waitingFor": waits_for,
        });
        machine.file(&format!("home/ada/.claude/sessions/{pid}.json"), &session.to_string());
        process(&machine, pid, "130586");
    }
    let found = claude().sessions(&machine.env, &machine.claude_home());
    let short: Vec<_> = found.iter().map(|session| (session.pid, session.status.as_str())).collect();
    assert_eq!(short, [(2, "asking"), (3, "waiting")]);
}

/// Background sessions as the client left them, each with its job's id.
const JOBS: [(&str, &str); 6] = [
    ("asking", "978239c9"),
    ("form", "66233d09"),
    ("question", "bbeeb955"),
    ("idle", "e3a4b127"),
    ("failed", "90d901a7"),
    ("stopped", "00000001"),
];

fn job(machine: &Machine, id: &str, name: &str) -> String {
    let text = String::from_utf8(fixture(&format!("background/job-{name}.json"))).expect("text");
    machine.file(&format!("home/ada/.claude/jobs/{id}/state.json"), &text);
    let state: serde_json::Value = serde_json::from_str(&text).expect("an object");
    state["sessionId"].as_str().expect("its session").to_owned()
}

/// Registers a background session that its client says is in this state.
fn background(machine: &Machine, pid: u32, id: &str, session: &str, status: &str) {
    let entry = json!({
        "pid": pid, "sessionId": session, "cwd": "/", "kind": "bg", "entrypoint": "cli", "procStart": "130586",
        "jobId": id, "status": status, "waitingFor": (status == "waiting").then_some("input needed"),
    });
    machine.file(&format!("home/ada/.claude/sessions/{pid}.json"), &entry.to_string());
    process(machine, pid, "130586");
}

fn background_check(machine: &Machine) -> Option<(Health, String)> {
    let checks = claude().checks(&machine.env, &machine.claude_home());
    let check = checks.into_iter().find(|check| check.name == "background sessions")?;
    Some((check.health, check.says))
}

#[test]
fn an_idle_background_session_waits_when_its_job_asks_something() {
    let machine = Machine::new();
    for (at, (name, id)) in JOBS.into_iter().enumerate() {
        let pid = u32::try_from(at).expect("small") + 2;
        let session = job(&machine, id, name);
        background(&machine, pid, id, &session, if name == "form" { "waiting" } else { "idle" });
    }
    let found = claude().sessions(&machine.env, &machine.claude_home());
    let told: Vec<_> = found.iter().map(|session| session.status.as_str()).collect();
    // One that failed or was stopped and lives all the same can be talked to.
    assert_eq!(told, ["asking", "waiting", "waiting", "idle", "idle", "idle"]);
    background(&machine, 9, "../../else", "s-9", "idle");
    background(&machine, 10, "bbeeb955", "s-10", "busy");
    let found = claude().sessions(&machine.env, &machine.claude_home());
    assert_eq!((found[6].status.as_str(), found[7].status.as_str()), ("idle", "busy"), "its own word comes first");
}

#[test]
fn what_ended_is_told_with_the_clients_word_and_time() {
    let machine = Machine::new();
    let sessions = JOBS.map(|(name, id)| job(&machine, id, name));
    let ended = claude().ended(&machine.claude_home());
    let told = |at: usize| ended.get(&sessions[at]).map(|ended| (ended.word.as_str(), ended.at.is_some()));
    assert_eq!([told(4), told(5)], [Some(("failed", true)), Some(("stopped", true))]);
    assert_eq!(ended.len(), 2, "{ended:?}");
    assert_eq!(background_check(&machine), None);
}

#[test]
fn a_job_that_cannot_be_read_is_counted_and_hides_no_other() {
    let machine = Machine::new();
    job(&machine, "00000001", "stopped");
    for (id, text) in [("a", "{ \"state\""), ("b", "[]"), ("c", "")] {
        machine.file(&format!("home/ada/.claude/jobs/{id}/state.json"), text);
    }
    machine.file("home/ada/.claude/jobs/pins.json", "{}");
    assert_eq!(claude().ended(&machine.claude_home()).len(), 1);
    let says = "3 of 4 files of background sessions cannot be read, so their states are not known.";
    assert_eq!(background_check(&machine), Some((Health::Degraded, says.to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_job_cut_anywhere_says_nothing_or_what_it_said(name in 0..JOBS.len(), cut in any::<prop::sample::Index>()) {
        let machine = Machine::new();
        let (name, id) = JOBS[name];
        let session = job(&machine, id, name);
        background(&machine, 2, id, &session, "idle");
        let read = || {
            let live = claude().sessions(&machine.env, &machine.claude_home()).remove(0).status;
            (live, claude().ended(&machine.claude_home()))
        };
        let whole = read();
        let text = String::from_utf8(fixture(&format!("background/job-{name}.json"))).expect("text");
        let cut = cut.index(text.trim_end().len());
        prop_assume!(text.is_char_boundary(cut));
        machine.file(&format!("home/ada/.claude/jobs/{id}/state.json"), &text[..cut]);
        let nothing = ("idle".to_owned(), BTreeMap::new());
        let now = read();
        prop_assert!(now == nothing || now == whole, "{now:?}");
        prop_assert!(background_check(&machine).is_some());
    }
}
