//! A session that is set to ask less than its home is configured to, or than it began with, is drift while it runs.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use clawbutler_wire::command::{Discover, Govern, ShowAgent};
use clawbutler_wire::registry::{CheckView, HealthLevel};
use serde_json::{Value, json};

use crate::desk::Desk;

/// A home of Claude Code that the user chose.
struct Place {
    desk: Desk,
    home_id: String,
}

impl Place {
    fn new(settings: &Value) -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".claude/projects/p")).unwrap();
        fs::create_dir_all(desk.home().join(".claude/sessions")).unwrap();
        fs::write(desk.home().join(".claude/settings.json"), settings.to_string()).unwrap();
        let home_id = desk.home_of("claude-code");
        desk.butler().govern(Govern { home_id: home_id.clone(), governed: true }).unwrap();
        desk.butler().read_sessions();
        Self { desk, home_id }
    }

    fn list(&self) -> PathBuf {
        self.desk.home().join(format!(".claude/sessions/{}.json", std::process::id()))
    }

    /// The client's list has the session as one of this process.
    fn lives(&self, session: &str) {
        let pid = std::process::id();
        let started = clawbutler_platform::os::started(pid).unwrap();
        let live = json!({ "pid": pid, "sessionId": session, "cwd": "/w", "procStart": started, "status": "busy" });
        fs::write(self.list(), live.to_string()).unwrap();
    }

    fn file(&self, session: &str) -> PathBuf {
        self.desk.home().join(format!(".claude/projects/p/{session}.jsonl"))
    }

    /// The record says that the session is in this mode from here on.
    fn mode(&self, session: &str, mode: &str) {
        let line = json!({ "type": "permission-mode", "permissionMode": mode, "sessionId": session });
        let mut file = OpenOptions::new().append(true).create(true).open(self.file(session)).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
        // The desk's clock stands elsewhere than the system's.
        let now = std::time::UNIX_EPOCH + std::time::Duration::from_millis(self.desk.now().cast_unsigned());
        file.set_modified(now).unwrap();
        self.desk.butler().read_sessions();
    }

    fn look(&self) {
        self.desk.pass_ms(3_000);
        self.desk.butler().tick(true);
    }

    fn entries(&self) -> Vec<Value> {
        let all = self.desk.entries("config.drift").into_iter().map(|entry| entry.data);
        all.filter(|data| data["session"].is_string()).collect()
    }

    fn alerts(&self) -> Vec<String> {
        self.desk.alerts().into_iter().filter(|says| says.contains("asks less than it should")).collect()
    }

    fn check(&self) -> Option<CheckView> {
        let shown = self.desk.butler().show_agent(ShowAgent { home_id: self.home_id.clone() }).unwrap();
        shown.agent.health.checks.into_iter().find(|check| check.name == "modes of sessions")
    }
}

fn configured(mode: &str) -> Value {
    json!({ "permissions": { "defaultMode": mode } })
}

#[test]
fn a_session_begun_looser_than_configured_is_raised_once_until_it_ends() {
    let place = Place::new(&configured("default"));
    place.lives("s1");
    place.mode("s1", "bypassPermissions");
    place.look();
    place.mode("s1", "bypassPermissions");
    place.look();
    let entries = place.entries();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["session"], "s1");
    assert_eq!(entries[0]["settings"], json!({ "mode": "bypassPermissions" }));
    assert_eq!(entries[0]["critical"], true);
    let says = entries[0]["says"].as_str().unwrap();
    assert!(says.contains("mode bypassPermissions, looser than default, what its home is configured to"), "{says}");
    assert_eq!(place.alerts(), [says]);
    let check = place.check().unwrap();
    assert_eq!((check.level, check.says.as_str()), (HealthLevel::Critical, says), "no guard judges its calls");
    assert!(check.fix.unwrap().contains("switch the session back"));
    fs::remove_file(place.list()).unwrap();
    place.look();
    assert_eq!((place.alerts(), place.check()), (vec![], None), "it ended");
    assert_eq!(place.entries().len(), 1);
}

#[test]
fn a_session_switched_inside_is_raised_until_it_is_switched_back() {
    let place = Place::new(&json!({}));
    place.lives("s1");
    place.mode("s1", "default");
    place.look();
    assert_eq!(place.entries(), Vec::<Value>::new());
    place.mode("s1", "acceptEdits");
    assert_eq!(place.alerts().len(), 1, "at once");
    assert!(place.alerts()[0].contains("mode acceptEdits, looser than default, what it began with"));
    place.mode("s1", "bypassPermissions");
    place.look();
    assert_eq!((place.alerts().len(), place.entries().len()), (1, 2), "looser still: one alert, and it is recorded");
    place.mode("s1", "plan");
    assert_eq!((place.alerts(), place.check()), (vec![], None), "tightened");
    place.mode("s1", "default");
    place.look();
    assert_eq!((place.alerts().len(), place.entries().len()), (0, 2), "who leaves the plan loosens nothing");
}

#[test]
fn what_is_configured_raises_nothing() {
    for (settings, mode) in [
        (configured("acceptEdits"), "acceptEdits"),
        (configured("acceptEdits"), "default"),
        (configured("bypassPermissions"), "bypassPermissions"),
        (json!({}), "auto"),
        (configured("default"), "dontAsk"),
    ] {
        let place = Place::new(&settings);
        place.lives("s1");
        place.mode("s1", mode);
        place.look();
        assert_eq!((place.entries().len(), place.alerts().len()), (0, 0), "{settings} {mode}");
    }
    let place = Place::new(&configured("default"));
    place.lives("s1");
    place.mode("s1", "a mode of tomorrow");
    assert_eq!(place.alerts().len(), 1, "what nobody knows counts as the loosest");
}

#[test]
fn sessions_that_do_not_run_raise_nothing() {
    let place = Place::new(&configured("default"));
    place.mode("s1", "bypassPermissions");
    place.look();
    place.desk.pass_ms(60_000);
    place.look();
    place.lives("s1");
    place.look();
    assert_eq!((place.entries().len(), place.alerts().len()), (0, 0), "history");
    place.mode("s1", "bypassPermissions");
    assert_eq!(place.entries().len(), 1, "it was taken up again");
}

#[test]
fn a_session_that_runs_on_over_a_restart_is_raised_again() {
    let mut place = Place::new(&configured("default"));
    place.lives("s1");
    place.mode("s1", "bypassPermissions");
    place.desk.close();
    place.desk.open();
    place.look();
    place.mode("s1", "bypassPermissions");
    assert_eq!(place.alerts().len(), 1, "with its next record");
    place.desk.butler().govern(Govern { home_id: place.home_id.clone(), governed: false }).unwrap();
    place.look();
    assert_eq!(place.alerts().len(), 0, "the home is not looked at any more");
}

/// How many are watched is bounded, and nothing that runs is dropped for what comes later.
#[test]
fn over_the_bound_it_is_said_until_there_is_room() {
    const BOUND: usize = 512;
    let place = Place::new(&configured("default"));
    let other = place.desk.home().join(".claude-b");
    fs::create_dir_all(other.join("projects/p")).unwrap();
    fs::create_dir_all(other.join("sessions")).unwrap();
    fs::write(other.join("settings.json"), configured("default").to_string()).unwrap();
    let found = place.desk.butler().discover(Discover {}).unwrap().homes;
    let id = found.into_iter().find(|home| home.path.ends_with(".claude-b")).unwrap().id;
    place.desk.butler().govern(Govern { home_id: id, governed: true }).unwrap();
    let (pid, started) = (std::process::id(), clawbutler_platform::os::started(std::process::id()).unwrap());
    // A home lists at most 500.
    let homes = [place.desk.home().join(".claude"), other];
    let home = |number: usize| &homes[number % 2];
    let list = |number: usize| home(number).join(format!("sessions/n{number}.json"));
    let begin = |number: usize| {
        let session = format!("s{number:03}");
        let live = json!({ "pid": pid, "sessionId": session, "cwd": "/w", "procStart": started, "status": "busy" });
        fs::write(list(number), live.to_string()).unwrap();
        let line = json!({ "type": "permission-mode", "permissionMode": "bypassPermissions", "sessionId": session });
        let path = home(number).join(format!("projects/p/{session}.jsonl"));
        fs::write(&path, format!("{line}\n")).unwrap();
        let now = std::time::UNIX_EPOCH + std::time::Duration::from_millis(place.desk.now().cast_unsigned());
        fs::File::options().write(true).open(path).unwrap().set_modified(now).unwrap();
    };
    let full = || place.desk.alerts().iter().filter(|says| says.contains("than ClawButler watches at once")).count();
    let said = || place.desk.entries("bound.reached").len();
    (0..BOUND).for_each(begin);
    place.desk.butler().read_sessions();
    assert_eq!((full(), said()), (0, 0));
    let newest = || place.entries()[0]["session"].clone();
    let before = newest();
    begin(BOUND);
    begin(BOUND + 1);
    place.desk.butler().read_sessions();
    assert_eq!((newest(), full(), said()), (before, 1, 1), "said once, and the others stay");
    // One ended: the next one that is read of takes its place.
    fs::remove_file(list(0)).unwrap();
    place.look();
    assert_eq!(full(), 0);
    begin(BOUND);
    fs::OpenOptions::new()
        .append(true)
        .open(home(BOUND).join(format!("projects/p/s{BOUND:03}.jsonl")))
        .unwrap()
        .write_all(b"{\"type\":\"permission-mode\",\"permissionMode\":\"acceptEdits\"}\n")
        .unwrap();
    place.desk.butler().read_sessions();
    assert_eq!((newest(), full(), said()), (json!(format!("s{BOUND:03}")), 0, 1));
}
