//! Sessions are read as their runtimes write them: in pieces, torn, rewritten, through ends of the engine.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use clawbutler_butler::Event;
use clawbutler_wire::approvals::Verb;
use clawbutler_wire::command::{BackfillSessions, ForgetHome, Govern, ListSessions, ListSteps, ShowSession};
use clawbutler_wire::sessions::{
    BackfillState, BackfillVerb, SessionCostLabel, SessionDetail, SessionRow, SessionState, StateSource, StepBody,
    StepView,
};
use clawbutler_wire::topic::Topic;
use clawbutler_wire::{Code, Seq};
use serde_json::json;

use crate::desk::{Desk, code, decide};

/// A captured session, and its sub-agent.
pub(crate) const MAIN: &str = include_str!(
    "../../../connectors/tests/fixtures/claude_code/transcripts/p-all-hooks-subagent-mcp-elicitation.jsonl"
);
pub(crate) const AGENT: &str = include_str!(
    "../../../connectors/tests/fixtures/claude_code/transcripts/p-all-hooks-subagent-mcp-elicitation.subagent.jsonl"
);

struct Place {
    desk: Desk,
    id: String,
}

impl Place {
    /// A chosen home of Claude Code without records.
    fn new() -> Self {
        let place = Self::found();
        place.govern(true);
        place
    }

    /// The same, not chosen.
    fn found() -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".claude/projects/p")).unwrap();
        let id = desk.home_of("claude-code");
        Self { desk, id }
    }

    fn govern(&self, governed: bool) {
        self.desk.butler().govern(Govern { home_id: self.id.clone(), governed }).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.desk.home().join(".claude/projects/p").join(name)
    }

    fn write(&self, name: &str, text: &[u8]) {
        fs::create_dir_all(self.file(name).parent().unwrap()).unwrap();
        fs::write(self.file(name), text).unwrap();
    }

    fn append(&self, name: &str, text: &[u8]) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.file(name)).unwrap();
        file.write_all(text).unwrap();
    }

    fn read(&self) {
        self.desk.butler().read_sessions();
    }

    fn rows(&self) -> Vec<SessionRow> {
        self.desk.butler().list_sessions(ListSessions::default()).unwrap().items
    }

    fn row(&self) -> SessionRow {
        let mut rows = self.rows();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    fn detail(&self) -> SessionDetail {
        self.desk.butler().show_session(ShowSession { id: self.row().id }).unwrap()
    }

    /// Every step, page by page from the end.
    fn steps(&self) -> Vec<StepView> {
        let session = self.row().id;
        let mut all: Vec<StepView> = Vec::new();
        let mut before = None;
        loop {
            let request = ListSteps { session: session.clone(), before, limit: Some(7), ..ListSteps::default() };
            let page = self.desk.butler().list_steps(request).unwrap();
            all.splice(0..0, page.items);
            before = page.older;
            if before.is_none() {
                return all;
            }
        }
    }

    fn bodies(&self) -> Vec<StepBody> {
        self.steps().into_iter().map(|step| step.what).collect()
    }
}

/// What a whole reading of the capture gives.
fn whole() -> Vec<StepBody> {
    let place = Place::new();
    place.write("s1.jsonl", MAIN.as_bytes());
    place.read();
    place.bodies()
}

#[test]
fn a_captured_session_is_told_with_its_numbers() {
    let place = Place::new();
    place.write("s1.jsonl", MAIN.as_bytes());
    place.write("s1/subagents/agent-a1.jsonl", AGENT.as_bytes());
    place.read();
    let row = place.row();
    assert_eq!((row.runtime.as_str(), row.session.as_str()), ("claude-code", "s1"));
    assert_eq!((row.malformed, row.errors, row.generation, row.forgotten), (0, 0, 0, 0));
    assert!(row.prompts >= 1 && row.tool_calls >= 8 && row.tokens.output > 0, "{row:?}");
    assert_eq!(row.cost.label, SessionCostLabel::Recorded, "{:?}", row.cost);
    assert_eq!((row.state, row.state_source), (SessionState::Ended, StateSource::Recorded));
    let steps = place.steps();
    assert_eq!(steps.len() as u64, row.steps);
    assert!(steps.windows(2).all(|pair| pair[0].place < pair[1].place), "in the order of time");
    let detail = place.detail();
    assert_eq!(detail.recordings.len(), 2);
    assert!(detail.agents.iter().any(|agent| agent.agent == "a1" && agent.steps > 0), "{:?}", detail.agents);
    let of_agent = ListSteps { session: row.id.clone(), agent: Some("a1".into()), ..ListSteps::default() };
    let of_agent = place.desk.butler().list_steps(of_agent).unwrap().items;
    assert!(!of_agent.is_empty() && of_agent.iter().all(|step| step.agent.as_deref() == Some("a1")));
    let calls =
        ListSteps { session: row.id, kinds: vec!["tool_call".into()], limit: Some(500), ..ListSteps::default() };
    let calls = place.desk.butler().list_steps(calls).unwrap().items;
    assert!(calls.iter().all(|step| matches!(step.what, StepBody::ToolCall { .. })) && calls.len() >= 8);
}

#[test]
fn a_session_that_grows_in_pieces_is_the_same() {
    let want = whole();
    for size in [1_000, 4_097, 30_000] {
        let mut place = Place::new();
        let mut told = 0;
        for (number, piece) in MAIN.as_bytes().chunks(size).enumerate() {
            place.append("s1.jsonl", piece);
            place.read();
            if number % 5 == 2 {
                place.desk.close();
                place.desk.open();
            }
            if let Some(row) = place.rows().first() {
                // What is read on is found by the number of the last step.
                let since = ListSteps {
                    session: row.id.clone(),
                    since: Some(Seq(told)),
                    limit: Some(500),
                    ..ListSteps::default()
                };
                let page = place.desk.butler().list_steps(since).unwrap();
                assert_eq!(page.items.len() as u64, page.last.0 - told);
                told = page.last.0;
            }
        }
        assert_eq!(place.bodies(), want, "pieces of {size}");
    }
}

#[test]
fn a_torn_or_garbled_line_stops_nothing_and_is_shown() {
    let want = whole();
    let place = Place::new();
    let half = MAIN.len() / 2;
    let cut = MAIN[..half].rfind('\n').unwrap() + 1;
    place.append("s1.jsonl", &MAIN.as_bytes()[..cut]);
    place.append("s1.jsonl", b"{\"type\":\"user\",\"mess\n\xff\xfe\x00\n[1,2]\n\n");
    place.append("s1.jsonl", &MAIN.as_bytes()[cut..]);
    place.append("s1.jsonl", b"{\"type\":\"user\",\"half");
    place.read();
    assert_eq!(place.bodies(), want);
    let detail = place.detail();
    assert_eq!((detail.row.malformed, detail.recordings[0].malformed), (3, 3));
    assert_eq!(detail.malformed[2].offset, cut as u64);
    assert_eq!(detail.malformed.iter().map(|one| one.line).max().unwrap(), detail.malformed[2].line + 2);
    assert!(detail.malformed.iter().all(|one| !one.why.contains("mess")), "never the record itself");
}

#[test]
fn rewritten_truncated_and_replaced_files_are_read_anew() {
    let want = whole();
    let place = Place::new();
    place.write("s1.jsonl", MAIN.as_bytes());
    place.read();
    // Cut, then written again.
    let cut = MAIN[..MAIN.len() / 3].rfind('\n').unwrap() + 1;
    place.write("s1.jsonl", &MAIN.as_bytes()[..cut]);
    place.read();
    let shorter = place.bodies();
    assert_eq!(shorter[..], want[..shorter.len()]);
    assert!(shorter.len() < want.len());
    place.append("s1.jsonl", &MAIN.as_bytes()[cut..]);
    place.read();
    assert_eq!(place.bodies(), want);
    // Replaced by another of the same name.
    let other = MAIN.replace("please do it", "do another thing");
    fs::remove_file(place.file("s1.jsonl")).unwrap();
    place.write("s1.jsonl", other.as_bytes());
    place.read();
    let told = serde_json::to_string(&place.bodies()).unwrap();
    assert!(told.contains("do another thing") && !told.contains("please do it"));
    let detail = place.detail();
    assert_eq!((detail.row.generation, detail.recordings[0].rewritten), (2, 2));
    // Gone: what was read stays, and says so.
    fs::remove_file(place.file("s1.jsonl")).unwrap();
    place.append("s2.jsonl", b"");
    place.read();
    assert_eq!(place.rows().iter().filter(|row| row.session == "s1").count(), 1);
}

#[test]
fn only_a_chosen_home_is_read_and_a_forgotten_one_is_forgotten() {
    let place = Place::found();
    place.write("s1.jsonl", MAIN.as_bytes());
    place.read();
    assert_eq!(place.rows(), []);
    let refused = place
        .desk
        .butler()
        .backfill_sessions(BackfillSessions { home_id: place.id.clone(), verb: BackfillVerb::Start });
    assert_eq!(code(refused), Code::Precondition);
    place.govern(true);
    place.read();
    assert_eq!(place.rows().len(), 1);
    place.govern(false);
    place.append("s1.jsonl", b"{\"type\":\"summary\",\"summary\":\"later\"}\n");
    place.read();
    assert_ne!(place.row().title.as_deref(), Some("later"), "nothing is read of a home that was let go of");
    place.desk.butler().forget_home(ForgetHome { home_id: place.id.clone() }).unwrap();
    assert_eq!(place.rows(), []);
}

#[test]
fn the_history_is_read_with_progress_and_can_be_stopped() {
    let place = Place::found();
    for number in 0..30 {
        place.write(&format!("s{number}.jsonl"), MAIN.as_bytes());
    }
    place.govern(true);
    let cancel = BackfillSessions { home_id: place.id.clone(), verb: BackfillVerb::Cancel };
    assert_eq!(place.desk.butler().backfill_sessions(cancel).unwrap().state, BackfillState::Cancelled);
    place.read();
    assert_eq!(place.rows(), [], "stopped before it began");
    let start = BackfillSessions { home_id: place.id.clone(), verb: BackfillVerb::Start };
    place.desk.butler().backfill_sessions(start).unwrap();
    place.read();
    let page = place.desk.butler().list_sessions(ListSessions { limit: Some(10), ..ListSessions::default() }).unwrap();
    let progress = &page.backfill[0];
    assert_eq!((progress.state, progress.files_done, progress.files_total), (BackfillState::Done, 30, 30));
    assert_eq!((progress.bytes_done, progress.bytes_total), (30 * MAIN.len() as u64, 30 * MAIN.len() as u64));
    assert_eq!((page.total, page.items.len()), (30, 10));
    // Every session once, page by page, and back again.
    let mut seen: Vec<String> = page.items.iter().map(|row| row.id.clone()).collect();
    let mut older = page.older;
    let mut last = None;
    while let Some(before) = older {
        let request = ListSessions { before: Some(before), limit: Some(10), ..ListSessions::default() };
        let page = place.desk.butler().list_sessions(request).unwrap();
        seen.extend(page.items.iter().map(|row| row.id.clone()));
        (older, last) = (page.older, page.newer);
    }
    let back = ListSessions { after: last, limit: Some(10), ..ListSessions::default() };
    let back = place.desk.butler().list_sessions(back).unwrap();
    assert_eq!(back.items.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), seen[10..20]);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 30);
}

/// A prompt, so that the session runs.
fn go_on(id: &str, at: &str) -> serde_json::Value {
    json!({ "type": "user", "uuid": id, "timestamp": at, "message": { "role": "user", "content": "go on" } })
}

#[test]
fn a_waiting_call_and_silence_are_states_with_a_source() {
    let place = Place::new();
    let running = go_on("u", "2026-11-25T09:20:00.000Z");
    place.write("s1.jsonl", format!("{running}\n").as_bytes());
    place.read();
    let state = |place: &Place| (place.row().state, place.row().state_source);
    assert_eq!(state(&place), (SessionState::Running, StateSource::Recorded));
    let (ticket, card) = place.desk.queue("s1", "rm -rf victim");
    assert_eq!(state(&place), (SessionState::WaitingApproval, StateSource::Queue));
    place.desk.butler().decide_approval(decide(&card, Verb::Deny)).unwrap();
    drop(ticket);
    let (told, changes) = std::sync::mpsc::channel();
    place.desk.butler().subscribe(move |event| drop(told.send(event.clone())));
    let tells = || {
        place.desk.butler().tick(false);
        changes.try_iter().any(|event| event == Event::Changed(Topic::Sessions))
    };
    tells();
    place.desk.pass_ms(6_000);
    assert!(!tells(), "nothing changed");
    place.desk.pass_ms(11 * 60_000);
    assert!(tells(), "a window is told of what no record says");
    assert_eq!(state(&place), (SessionState::Unknown, StateSource::Silence));
    place.desk.pass_ms(25 * 60 * 60_000);
    assert_eq!(state(&place), (SessionState::Ended, StateSource::Silence));
    let only = ListSessions { states: vec![SessionState::Running], ..ListSessions::default() };
    assert_eq!(place.desk.butler().list_sessions(only).unwrap().total, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn the_end_of_a_process_is_told() {
    let place = Place::new();
    let running = go_on("u", "2026-11-25T09:20:00.000Z");
    place.write("s1.jsonl", format!("{running}\n").as_bytes());
    place.read();
    let mut process = std::process::Command::new("sleep").arg("300").spawn().unwrap();
    let started = clawbutler_platform::os::started(process.id());
    let live = json!({ "pid": process.id(), "sessionId": "s1", "cwd": "/", "procStart": started, "status": "busy" });
    fs::create_dir_all(place.desk.home().join(".claude/sessions")).unwrap();
    fs::write(place.desk.home().join(format!(".claude/sessions/{}.json", process.id())), live.to_string()).unwrap();
    place.desk.pass_ms(6_000);
    let before = (place.row().state, place.row().state_source);
    let (told, changes) = std::sync::mpsc::channel();
    place.desk.butler().subscribe(move |event| drop(told.send(event.clone())));
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(before, (SessionState::Running, StateSource::Runtime));
    place.desk.pass_ms(6_000);
    assert!(changes.try_iter().any(|event| event == Event::Changed(Topic::Sessions)));
    assert_eq!((place.row().state, place.row().state_source), (SessionState::Ended, StateSource::Process));
}

/// The client's list names all that is open: what it does not name any more is not, whatever its last record says.
#[test]
fn a_session_that_no_process_has_open_is_ended() {
    let place = Place::new();
    let running = go_on("u", "2026-11-25T09:20:00.000Z");
    place.write("s1.jsonl", format!("{running}\n").as_bytes());
    place.read();
    let state = || (place.row().state, place.row().state_source);
    place.desk.pass_ms(40_000);
    assert_eq!(state(), (SessionState::Running, StateSource::Recorded), "an old client keeps no list");
    fs::create_dir_all(place.desk.home().join(".claude/sessions")).unwrap();
    place.desk.pass_ms(6_000);
    assert_eq!(state(), (SessionState::Ended, StateSource::Process));
    let now = go_on("v", "2026-11-25T09:25:00.000Z");
    place.append("s1.jsonl", format!("{now}\n").as_bytes());
    place.read();
    assert_eq!(state(), (SessionState::Running, StateSource::Recorded), "what just begins may not be listed yet");
}

#[test]
fn an_end_that_the_runtime_wrote_down_is_told_until_the_session_goes_on() {
    let place = Place::new();
    let prompt = |at: &str| go_on(at, at);
    let before = prompt("2026-11-25T09:20:00.000Z");
    place.write("s1.jsonl", format!("{before}\n").as_bytes());
    let job = json!({ "state": "stopped", "sessionId": "s1", "lastTerminalAt": "2026-11-25T09:20:10.000Z" });
    fs::create_dir_all(place.desk.home().join(".claude/jobs/a1")).unwrap();
    fs::write(place.desk.home().join(".claude/jobs/a1/state.json"), job.to_string()).unwrap();
    place.read();
    let row = place.row();
    assert_eq!((row.state, row.state_source), (SessionState::Ended, StateSource::Runtime));
    assert_eq!(row.state_says, "The runtime lists it as stopped.");
    let after = prompt("2026-11-25T09:30:00.000Z");
    place.write("s1.jsonl", format!("{before}\n{after}\n").as_bytes());
    place.read();
    assert_eq!((place.row().state, place.row().state_source), (SessionState::Running, StateSource::Recorded));
}

#[test]
fn secrets_in_transcripts_are_masked_before_they_are_stored() {
    let mut place = Place::new();
    let key = "sk-ant-api03-a1B2c3D4e5F6g7H8i9J0kLmNa1B2c3D4e5F6g7H8i9J0kLmNa1B2c3D4e5F6g7H8i9J0kLmN";
    let line = json!({
        "type": "assistant", "uuid": "u", "timestamp": "2026-11-25T09:20:00.000Z", "cwd": format!("/x/{key}"),
        "message": { "id": "m", "role": "assistant", "model": "claude-opus-5-5", "content": [
            { "type": "text", "text": format!("the key is {key}") },
            { "type": "tool_use", "id": "t", "name": "Bash", "input": { "command": format!("curl -H 'x-api-key: {key}'") } },
        ] },
    });
    place.write("s1.jsonl", format!("{line}\n{{\"type\":\"ai-title\",\"aiTitle\":\"{key}\"}}\n{key}\n").as_bytes());
    place.read();
    assert!(place.row().title.is_some_and(|title| title.starts_with("[masked:")));
    place.desk.close();
    for entry in fs::read_dir(place.desk.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()), "{}", path.display());
        }
    }
    place.desk.open();
}

#[test]
fn a_store_that_is_damaged_is_set_aside_and_read_again() {
    let want = whole();
    let mut place = Place::new();
    place.write("s1.jsonl", MAIN.as_bytes());
    place.read();
    place.desk.close();
    fs::write(place.desk.data().join("sessions.db"), vec![7; 100_000]).unwrap();
    place.desk.open();
    place.read();
    assert_eq!(place.bodies(), want);
    assert!(place.desk.data().join("sessions.db.aside-1").exists());
}

#[test]
fn a_large_file_is_read_on_by_another_engine() {
    let mut place = Place::new();
    let line = json!({
        "type": "user", "uuid": "u", "timestamp": "2026-11-25T09:20:00.000Z",
        "message": { "role": "user", "content": "x".repeat(9_000) },
    });
    place.write("s1.jsonl", format!("{line}\n").repeat(400).as_bytes());
    // The thread is stopped somewhere in the middle; whatever it did, the next engine does the rest once.
    let thread = place.desk.butler().start().unwrap();
    while place.rows().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    place.desk.close();
    thread.join().unwrap();
    // Whoever watches files lets go of the engine a moment later.
    let lock = clawbutler_platform::paths::DataDir::at(place.desk.data()).engine_lock();
    while clawbutler_platform::files::try_lock(&lock).unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    place.desk.open();
    place.read();
    assert_eq!((place.row().prompts, place.row().generation), (400, 0));
}
