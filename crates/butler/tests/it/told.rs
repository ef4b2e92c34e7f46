//! What is told of limits, contexts and states: by records, by files beside them, over a connection. The newest counts,
//! with its source and its age.

use std::fs;
use std::sync::Arc;

use clawbutler_attach::codex::{Event as Said, Hello, Limit, Link, Status, Thread, Trouble, Usage};
use clawbutler_butler::{End, Line, LineNumber};
use clawbutler_core::clock::Timestamp;
use clawbutler_wire::command::{AttachHome, Govern, ListSessions, ShowAgent};
use clawbutler_wire::registry::{AgentDetail, ContextView, LimitView};
use clawbutler_wire::sessions::{SessionState, StateSource};
use serde_json::{Value, json};

use crate::desk::Desk;

#[derive(Debug)]
struct Made;

impl Line for Made {
    fn end(&self) -> End {
        End::Daemon
    }

    fn address(&self) -> String {
        "/s".to_owned()
    }
}

/// A desk with a governed Codex home that has one session, `t`.
struct Place {
    desk: Desk,
    home: String,
}

impl Place {
    fn new() -> Self {
        let desk = Desk::new();
        let folder = desk.home().join(".codex/sessions/2026/11/25");
        fs::create_dir_all(&folder).unwrap();
        let limits = |used: f64| {
            let primary = json!({ "used_percent": used, "window_minutes": 300, "resets_at": 2_000_000_000 });
            json!({ "type": "token_count", "info": null, "rate_limits": { "primary": primary, "secondary": null } })
        };
        let event = |at: &str, payload: Value| json!({ "timestamp": format!("2026-11-25T09:00:{at}.000Z"), "type": "event_msg", "payload": payload });
        let meta = json!({ "id": "t", "session_id": "t", "cwd": "/p", "source": "cli", "originator": "codex-tui",
            "cli_version": "0.169.0", "timestamp": "2026-11-25T09:00:00.000Z" });
        let lines = [
            json!({ "timestamp": "2026-11-25T09:00:00.000Z", "type": "session_meta", "payload": meta }),
            event("01", json!({ "type": "task_started" })),
            event("02", limits(10.0)),
            event("03", limits(12.5)),
            event("04", json!({ "type": "task_complete" })),
        ];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(folder.join("rollout-2026-11-25T09-00-00-t.jsonl"), text).unwrap();
        let home = desk.home_of("codex");
        desk.butler().govern(Govern { home_id: home.clone(), governed: true }).unwrap();
        desk.butler().read_sessions();
        Self { desk, home }
    }

    fn detail(&self) -> AgentDetail {
        self.desk.butler().show_agent(ShowAgent { home_id: self.home.clone() }).unwrap()
    }

    fn connect(&self) -> LineNumber {
        let attach = AttachHome { home_id: self.home.clone(), url: None, token: None, reach: None };
        self.desk.butler().attach_home(attach).unwrap();
        let number = self.desk.butler().attach_line(&self.home, Arc::new(Made));
        let hello = Hello { agent: "codex/0.169.0".to_owned(), version: None, home: None };
        self.said(number, Said::Link(Link::Up(Arc::new(hello))));
        number
    }

    fn said(&self, number: LineNumber, event: Said) {
        self.desk.butler().daemon_said(&self.home, number, event);
    }

    fn state(&self) -> (SessionState, StateSource) {
        let rows = self.desk.butler().list_sessions(ListSessions::default()).unwrap().items;
        let row = rows.into_iter().find(|row| row.session == "t").unwrap();
        (row.state, row.state_source)
    }
}

fn status(word: &str, waits_for_approval: bool, waits_for_input: bool) -> Status {
    Status { word: word.to_owned(), waits_for_approval, waits_for_input }
}

fn told(thread: &str, status: Status) -> Said {
    Said::Status { thread: thread.to_owned(), status }
}

/// 2026-11-25T09:00:03Z.
const RECORDED: i64 = 1_795_597_203_000;

#[test]
fn the_newest_of_each_window_counts() {
    let place = Place::new();
    let recorded = LimitView {
        window: "5h".to_owned(),
        used_percent: 12.5,
        resets_at: Some(2_000_000_000_000),
        as_of: Some(RECORDED),
        source: "the newest record of a session that tells it".to_owned(),
    };
    assert_eq!(place.detail().limits, std::slice::from_ref(&recorded));

    let number = place.connect();
    let limit = |minutes: u64, used_percent: f64| Limit {
        id: Some("codex".to_owned()),
        used_percent,
        window_minutes: Some(minutes),
        resets_at: Some(Timestamp(7)),
    };
    place.said(number, Said::Limits(vec![limit(300, 40.0), limit(10_080, 3.0)]));
    let told = |window: &str, used_percent: f64| LimitView {
        window: window.to_owned(),
        used_percent,
        resets_at: Some(7),
        as_of: Some(place.desk.now()),
        source: "told by the server at /s".to_owned(),
    };
    assert_eq!(place.detail().limits, [told("5h", 40.0), told("weekly", 3.0)]);
    place.said(number, Said::Limits(vec![limit(300, f64::NAN)]));
    assert_eq!(place.detail().limits, [recorded, told("weekly", 3.0)], "what is no number is not shown");
}

#[test]
fn what_claude_code_remembers_is_shown_with_its_age() {
    let desk = Desk::new();
    fs::create_dir_all(desk.home().join(".claude")).unwrap();
    let state = json!({ "cachedUsageUtilization": { "fetchedAtMs": 5, "utilization": {
        "five_hour": { "utilization": 42, "resets_at": "1970-01-01T01:00:00+00:00" } } } });
    let file = desk.home().join(".claude.json");
    fs::write(&file, state.to_string()).unwrap();
    let detail = desk.butler().show_agent(ShowAgent { home_id: desk.home_of("claude-code") }).unwrap();
    let limit = LimitView {
        window: "5h".to_owned(),
        used_percent: 42.0,
        resets_at: Some(3_600_000),
        as_of: Some(5),
        source: file.display().to_string(),
    };
    assert_eq!(detail.limits, [limit]);
    assert!(detail.facts.iter().all(|fact| !fact.value.contains("since the epoch")), "{:?}", detail.facts);
}

#[test]
fn a_daemon_tells_what_its_sessions_do_while_it_is_connected() {
    // Nothing has the session open here, which counts where nobody tells more.
    let untold = (SessionState::Ended, StateSource::Process);
    let place = Place::new();
    assert_eq!(place.state(), untold);
    let number = place.connect();
    let thread = |id: &str, word: &str| Thread {
        id: id.to_owned(),
        session: Some("t".to_owned()),
        status: status(word, false, false),
        ..Thread::default()
    };
    place.said(number, Said::Thread(thread("t", "active")));
    assert_eq!(place.state(), (SessionState::Running, StateSource::Runtime));
    for (does, state) in [
        (status("active", true, false), SessionState::WaitingApproval),
        (status("active", false, true), SessionState::WaitingInput),
        (status("idle", false, false), SessionState::Idle),
    ] {
        place.said(number, told("t", does));
        assert_eq!(place.state(), (state, StateSource::Runtime));
    }
    // A sub-agent's question is one of its session.
    place.said(number, Said::Thread(thread("child", "active")));
    place.said(number, told("child", status("active", true, false)));
    assert_eq!(place.state().0, SessionState::WaitingApproval);
    place.said(number, told("child", status("notLoaded", false, false)));
    assert_eq!(place.state(), (SessionState::Idle, StateSource::Runtime));
    place.said(number, told("t", status("systemError", false, false)));
    assert_eq!(place.state(), untold, "what is not known is not told");

    place.said(number, told("t", status("active", true, false)));
    place.said(number, Said::Missed(3));
    assert_eq!(place.state(), untold, "something was missed");
    place.said(number, told("t", status("active", true, false)));
    let trouble = Trouble::Ended(clawbutler_attach::Ended::Silent);
    place.said(number, Said::Link(Link::Waiting { trouble, again_in_ms: 1 }));
    assert_eq!(place.state(), untold, "nobody tells it any more");
    let hello = Hello { agent: "codex/0.169.0".to_owned(), version: None, home: None };
    place.said(number, Said::Link(Link::Up(Arc::new(hello))));
    assert_eq!(place.state(), untold, "what held before the loss need not hold now");
}

#[test]
fn a_context_is_that_of_its_session() {
    let place = Place::new();
    let number = place.connect();
    let thread = |id: &str| Thread { id: id.to_owned(), session: Some("t".to_owned()), ..Thread::default() };
    place.said(number, Said::Thread(thread("t")));
    place.said(number, Said::Thread(thread("child")));
    let used = |thread: &str, input: u64, window: Option<u64>| Said::Usage {
        thread: thread.to_owned(),
        last: Usage { input, cached: 0, output: 10, reasoning: 5 },
        total: Usage { input: 9_999, cached: 0, output: 9_999, reasoning: 0 },
        window,
    };
    place.said(number, used("t", 100, None));
    assert_eq!(place.detail().contexts, [], "without its size nothing is said");
    place.said(number, used("t", 100, Some(1_000)));
    place.said(number, used("child", 900, Some(1_000)));
    let context = ContextView { session: "t".to_owned(), used: 110, window: 1_000, as_of: place.desk.now() };
    assert_eq!(place.detail().contexts, [context]);
}
