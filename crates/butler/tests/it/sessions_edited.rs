//! Files that were read and are changed inside, without getting shorter: that is noticed, and they are read anew.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clawbutler_wire::command::{Govern, ListSessions, ListSteps, ShowSession};
use clawbutler_wire::sessions::{SessionRow, StepBody};

use crate::desk::Desk;

/// Lines at first; they fill several blocks.
const LINES: usize = 60;

/// A chosen home of Claude Code with one session of numbered prompts, read.
struct Place {
    desk: Desk,
}

impl Place {
    fn new() -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".claude/projects/p")).unwrap();
        let home_id = desk.home_of("claude-code");
        desk.butler().govern(Govern { home_id, governed: true }).unwrap();
        let place = Self { desk };
        fs::write(place.file(), (0..LINES).map(line).collect::<String>()).unwrap();
        place.read();
        assert_eq!(place.prompts(), numbers(LINES));
        place
    }

    fn file(&self) -> PathBuf {
        self.desk.home().join(".claude/projects/p/s1.jsonl")
    }

    fn read(&self) {
        self.desk.butler().read_sessions();
    }

    fn append(&self, numbers: std::ops::Range<usize>) {
        let mut file = OpenOptions::new().append(true).open(self.file()).unwrap();
        file.write_all(numbers.map(line).collect::<String>().as_bytes()).unwrap();
    }

    /// Overwrites the number of a prompt by another of the same length.
    fn overwrite(&self, number: usize) {
        let text = fs::read_to_string(self.file()).unwrap();
        let at = text.find(&format!("\"{number:04} ")).unwrap() + 1;
        let mut file = OpenOptions::new().write(true).open(self.file()).unwrap();
        file.seek(SeekFrom::Start(at as u64)).unwrap();
        file.write_all(b"9999").unwrap();
    }

    fn row(&self) -> SessionRow {
        self.desk.butler().list_sessions(ListSessions::default()).unwrap().items.remove(0)
    }

    /// How often the session, and its file, was read anew.
    fn anew(&self) -> (u32, u32) {
        let detail = self.desk.butler().show_session(ShowSession { id: self.row().id }).unwrap();
        (detail.row.generation, detail.recordings[0].rewritten)
    }

    /// Numbers of the prompts.
    fn prompts(&self) -> Vec<usize> {
        let request = ListSteps { session: self.row().id, limit: Some(500), ..ListSteps::default() };
        let steps = self.desk.butler().list_steps(request).unwrap().items;
        let number = |body: StepBody| match body {
            StepBody::Prompt { text } => text.split(' ').next().and_then(|number| number.parse().ok()),
            _ => None,
        };
        steps.into_iter().filter_map(|step| number(step.what)).collect()
    }
}

fn line(number: usize) -> String {
    let text = "x".repeat(4_000);
    format!(
        "{{\"type\":\"user\",\"uuid\":\"u\",\"message\":{{\"role\":\"user\",\"content\":\"{number:04} {text}\"}}}}\n"
    )
}

fn numbers(count: usize) -> Vec<usize> {
    (0..count).collect()
}

fn without(count: usize, number: usize) -> Vec<usize> {
    let mut all = numbers(count);
    all[number] = 9_999;
    all
}

#[test]
fn a_line_overwritten_in_place_is_noticed_wherever_it_is() {
    for number in [0, 1, 20, 31, LINES - 1] {
        let place = Place::new();
        place.overwrite(number);
        place.read();
        assert_eq!(place.prompts(), without(LINES, number));
        assert_eq!(place.anew(), (1, 1));
        place.append(LINES..LINES + 2);
        place.read();
        place.read();
        assert_eq!(place.prompts(), without(LINES + 2, number), "and it goes on");
        assert_eq!(place.anew(), (1, 1));
    }
}

#[test]
fn a_line_overwritten_while_the_file_grows_is_noticed_by_the_next_look() {
    let place = Place::new();
    place.overwrite(7);
    place.append(LINES..LINES + 1);
    place.read();
    assert_eq!(place.prompts(), numbers(LINES + 1), "what is new is read at once");
    place.read();
    assert_eq!(place.prompts(), without(LINES + 1, 7));
    assert_eq!(place.anew(), (1, 1));
}

#[test]
fn a_line_overwritten_while_no_engine_runs_is_noticed() {
    let mut place = Place::new();
    place.desk.close();
    place.overwrite(12);
    place.desk.open();
    place.read();
    assert_eq!((place.prompts(), place.anew()), (without(LINES, 12), (1, 1)));
    // Noticed as late as this: the engine ended before it compared the file.
    place.overwrite(13);
    place.append(LINES..LINES + 1);
    place.read();
    place.desk.close();
    place.desk.open();
    place.read();
    let mut want = without(LINES + 1, 12);
    want[13] = 9_999;
    assert_eq!((place.prompts(), place.anew()), (want, (2, 2)));
}

#[test]
fn a_file_that_is_only_touched_is_not_read_anew() {
    let place = Place::new();
    let text = fs::read(place.file()).unwrap();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(5));
        fs::write(place.file(), &text).unwrap();
        place.read();
        place.append(LINES..LINES);
    }
    assert_eq!((place.prompts(), place.anew()), (numbers(LINES), (0, 0)));
    let opened = OpenOptions::new().write(true).open(place.file()).unwrap();
    opened.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)).unwrap();
    place.read();
    assert_eq!((place.prompts(), place.anew()), (numbers(LINES), (0, 0)));
}

#[test]
fn a_rotated_and_a_cut_file_are_read_anew() {
    let place = Place::new();
    // Moved away; another one begins in its place and soon is longer.
    fs::rename(place.file(), place.file().with_extension("jsonl.1")).unwrap();
    fs::write(place.file(), (100..100 + LINES + 5).map(line).collect::<String>()).unwrap();
    place.read();
    assert_eq!(place.prompts(), (100..100 + LINES + 5).collect::<Vec<_>>());
    assert_eq!(place.anew(), (1, 1));
    // Copied and cut; the same file begins again.
    fs::copy(place.file(), place.file().with_extension("jsonl.2")).unwrap();
    OpenOptions::new().write(true).open(place.file()).unwrap().set_len(0).unwrap();
    place.append(200..200 + LINES + 9);
    place.read();
    assert_eq!(place.prompts(), (200..200 + LINES + 9).collect::<Vec<_>>());
    assert_eq!(place.anew(), (2, 2));
}

#[test]
fn the_running_engine_notices_it_by_itself() {
    let mut place = Place::new();
    let thread = place.desk.butler().start().unwrap();
    std::thread::sleep(Duration::from_millis(400));
    place.overwrite(3);
    let start = Instant::now();
    while place.anew() == (0, 0) || place.prompts().len() < LINES {
        assert!(start.elapsed() < Duration::from_secs(20), "it is not noticed");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((place.prompts(), place.anew()), (without(LINES, 3), (1, 1)));
    place.desk.close();
    thread.join().unwrap();
    // Whoever watches files lets go of the engine a moment later.
    let lock = clawbutler_platform::paths::DataDir::at(place.desk.data()).engine_lock();
    while clawbutler_platform::files::try_lock(&lock).unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_file_that_was_moved_is_not_told_twice() {
    let desk = Desk::new();
    let codex = desk.home().join(".codex");
    let name = "rollout-2026-11-22T11-12-48-0199c0de-0000-7000-8000-000000000001.jsonl";
    let (day, away) = (codex.join("sessions/2026/11/22"), codex.join("archived_sessions"));
    fs::create_dir_all(&day).unwrap();
    fs::create_dir_all(&away).unwrap();
    fs::write(codex.join("config.toml"), "").unwrap();
    let home_id = desk.home_of("codex");
    desk.butler().govern(Govern { home_id, governed: true }).unwrap();
    let line = |kind: &str, payload: serde_json::Value| {
        format!("{}\n", serde_json::json!({ "timestamp": "2026-11-22T11:12:48Z", "type": kind, "payload": payload }))
    };
    let prompt = |text: &str| line("event_msg", serde_json::json!({ "type": "user_message", "message": text }));
    let thread = "0199c0de-0000-7000-8000-000000000001";
    let meta = serde_json::json!({ "id": thread, "session_id": thread, "cwd": "/p", "cli_version": "0.130.0" });
    fs::write(day.join(name), line("session_meta", meta) + &prompt("one")).unwrap();
    let prompts = || {
        desk.butler().read_sessions();
        let sessions = desk.butler().list_sessions(ListSessions::default()).unwrap().items;
        assert_eq!(sessions.len(), 1);
        let steps = ListSteps { session: sessions[0].id.clone(), ..ListSteps::default() };
        let steps = desk.butler().list_steps(steps).unwrap().items.into_iter();
        let prompts = steps.filter_map(|step| match step.what {
            StepBody::Prompt { text } => Some(text),
            _ => None,
        });
        let shown = desk.butler().show_session(ShowSession { id: sessions[0].id.clone() }).unwrap();
        (prompts.collect::<Vec<_>>().join(" "), shown.recordings.len())
    };
    assert_eq!(prompts(), ("one".to_owned(), 1));
    // Put away, brought back with more, and put away again.
    fs::rename(day.join(name), away.join(name)).unwrap();
    assert_eq!(prompts(), ("one".to_owned(), 1));
    fs::rename(away.join(name), day.join(name)).unwrap();
    OpenOptions::new().append(true).open(day.join(name)).unwrap().write_all(prompt("two").as_bytes()).unwrap();
    assert_eq!(prompts(), ("one two".to_owned(), 1));
    // Copied and removed, as between two disks.
    fs::copy(day.join(name), away.join(name)).unwrap();
    fs::remove_file(day.join(name)).unwrap();
    assert_eq!(prompts(), ("one two".to_owned(), 1));
}
