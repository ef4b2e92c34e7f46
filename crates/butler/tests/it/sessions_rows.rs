//! Sessions that a runtime keeps in a database of its own, and sessions that are read while the threads run.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clawbutler_wire::command::{Govern, ListSessions, ListSteps};
use clawbutler_wire::sessions::{SessionRow, StepBody};
use rusqlite::{Connection, params};

use crate::desk::Desk;

/// The schema of Hermes 0.13.
const SCHEMA: &str = "
    CREATE TABLE sessions (id TEXT PRIMARY KEY, source TEXT, model TEXT, title TEXT, parent_session_id TEXT,
        started_at REAL, ended_at REAL, end_reason TEXT, api_call_count INTEGER, billing_provider TEXT,
        input_tokens INTEGER, output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER,
        reasoning_tokens INTEGER, estimated_cost_usd REAL, actual_cost_usd REAL, cost_status TEXT);
    CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT, content TEXT, tool_call_id TEXT,
        tool_calls TEXT, tool_name TEXT, timestamp REAL, finish_reason TEXT, reasoning TEXT, reasoning_content TEXT);";

struct Hermes {
    desk: Desk,
}

impl Hermes {
    fn new() -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".hermes")).unwrap();
        fs::write(desk.home().join(".hermes/config.yaml"), "model: {}\n").unwrap();
        let id = desk.home_of("hermes");
        desk.butler().govern(Govern { home_id: id, governed: true }).unwrap();
        Self { desk }
    }

    fn path(&self) -> PathBuf {
        self.desk.home().join(".hermes/state.db")
    }

    /// A database as its owner opens it.
    fn owner(&self) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection
    }

    fn beside(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path().parent().unwrap()).unwrap().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.retain(|name| name.starts_with("state.db"));
        names.sort();
        names
    }

    fn rows(&self) -> Vec<SessionRow> {
        self.desk.butler().read_sessions();
        let request = ListSessions { limit: Some(500), ..ListSessions::default() };
        self.desk.butler().list_sessions(request).unwrap().items
    }

    fn prompts(&self, session: &str) -> Vec<String> {
        let rows = self.rows();
        let row = rows.iter().find(|row| row.session == session).unwrap();
        let request = ListSteps { session: row.id.clone(), limit: Some(500), ..ListSteps::default() };
        let steps = self.desk.butler().list_steps(request).unwrap().items;
        let prompt = |body: StepBody| match body {
            StepBody::Prompt { text } => Some(text),
            _ => None,
        };
        steps.into_iter().filter_map(|step| prompt(step.what)).collect()
    }
}

fn session(owner: &Connection, id: &str) {
    let sql = "INSERT INTO sessions (id, source, model, started_at) VALUES (?, 'cli', 'm', ?)";
    owner.execute(sql, params![id, 1_795_598_000.0]).unwrap();
}

fn say(owner: &Connection, session: &str, text: &str) {
    let sql = "INSERT INTO messages (session_id, role, content, timestamp) VALUES (?, 'user', ?, 1795598001.5)";
    owner.execute(sql, params![session, text]).unwrap();
}

#[test]
fn a_database_is_read_while_its_owner_writes_and_nothing_is_left_beside_it() {
    let mut hermes = Hermes::new();
    let owner = hermes.owner();
    owner.execute_batch(SCHEMA).unwrap();
    session(&owner, "one");
    say(&owner, "one", "first");
    assert_eq!(hermes.prompts("one"), ["first"], "what is only in the log is read too");
    owner.execute_batch("BEGIN IMMEDIATE").unwrap();
    say(&owner, "one", "not committed");
    assert_eq!(hermes.prompts("one"), ["first"]);
    owner.execute_batch("COMMIT").unwrap();
    say(&owner, "one", "third");
    assert_eq!(hermes.prompts("one"), ["first", "not committed", "third"]);
    drop(owner);
    assert_eq!(hermes.beside(), ["state.db"], "its owner put the log away");
    hermes.desk.close();
    hermes.desk.open();
    assert_eq!(hermes.prompts("one").len(), 3, "nothing twice after a restart");
    assert_eq!(hermes.beside(), ["state.db"], "and reading made none");
}

#[test]
fn another_database_in_the_same_place_is_read_anew() {
    let hermes = Hermes::new();
    let owner = hermes.owner();
    owner.execute_batch(SCHEMA).unwrap();
    session(&owner, "one");
    for number in 0..20 {
        say(&owner, "one", &format!("old {number}"));
    }
    drop(owner);
    assert_eq!(hermes.prompts("one").len(), 20);
    fs::rename(hermes.path(), hermes.path().with_extension("old")).unwrap();
    let owner = hermes.owner();
    owner.execute_batch(SCHEMA).unwrap();
    session(&owner, "one");
    say(&owner, "one", "new");
    assert_eq!(hermes.prompts("one"), ["new"]);
}

/// As `hermes import` does it: the file stays the same one, and what it holds is another.
#[test]
fn an_older_database_written_over_the_newer_one_is_read_anew_and_one_made_compact_is_not() {
    let hermes = Hermes::new();
    let owner = hermes.owner();
    owner.execute_batch(SCHEMA).unwrap();
    session(&owner, "one");
    say(&owner, "one", "first");
    drop(owner);
    let backup = hermes.path().with_extension("backup");
    fs::copy(hermes.path(), &backup).unwrap();
    let owner = hermes.owner();
    for number in 0..20 {
        say(&owner, "one", &format!("old {number}"));
    }
    owner.execute_batch("DELETE FROM messages WHERE content = 'old 3'; VACUUM").unwrap();
    assert_eq!(hermes.prompts("one").len(), 20);
    owner.execute_batch("DELETE FROM messages WHERE content = 'old 4'; VACUUM").unwrap();
    drop(owner);
    assert_eq!(hermes.prompts("one").len(), 20, "what was read stays");
    assert_eq!(hermes.rows()[0].generation, 0);
    fs::copy(&backup, hermes.path()).unwrap();
    assert_eq!(hermes.prompts("one"), ["first"]);
    assert_eq!(hermes.rows()[0].generation, 1);
    let owner = hermes.owner();
    say(&owner, "one", "new");
    assert_eq!(hermes.prompts("one"), ["first", "new"]);
}

#[test]
fn an_old_session_among_many_goes_on() {
    let hermes = Hermes::new();
    let owner = hermes.owner();
    owner.execute_batch(SCHEMA).unwrap();
    for number in 0..200 {
        session(&owner, &format!("s{number}"));
        say(&owner, &format!("s{number}"), "hello");
    }
    assert_eq!(hermes.rows().len(), 200);
    say(&owner, "s0", "later");
    say(&owner, "s199", "later");
    assert_eq!(hermes.prompts("s0"), ["hello", "later"]);
    let long = "x".repeat(700_000);
    for number in 0..30 {
        say(&owner, "s5", &format!("{number} {long}"));
    }
    assert_eq!(hermes.prompts("s5").len(), 31, "more than fits one round");
}

#[test]
fn garbage_instead_of_a_database_stops_nothing() {
    let hermes = Hermes::new();
    fs::write(hermes.path(), vec![7; 5_000]).unwrap();
    assert_eq!(hermes.rows(), []);
    fs::remove_file(hermes.path()).unwrap();
    let owner = hermes.owner();
    owner.execute_batch("CREATE TABLE sessions (id TEXT); CREATE TABLE other (x);").unwrap();
    assert_eq!(hermes.rows(), [], "a schema that no query fits");
}

#[test]
fn what_grows_is_seen_while_the_threads_run() {
    let desk = Desk::new();
    let folder = desk.home().join(".claude/projects");
    fs::create_dir_all(&folder).unwrap();
    let id = desk.home_of("claude-code");
    desk.butler().govern(Govern { home_id: id, governed: true }).unwrap();
    let thread = desk.butler().start().unwrap();
    // A folder and a file that did not exist when watching began.
    std::thread::sleep(Duration::from_millis(300));
    fs::create_dir_all(folder.join("p")).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let line = |text: &str| {
        format!("{{\"type\":\"user\",\"uuid\":\"u\",\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n")
    };
    for count in 1..=3_u32 {
        let file = folder.join("p/s1.jsonl");
        let mut text = fs::read_to_string(&file).unwrap_or_default();
        text.push_str(&line("go on"));
        fs::write(&file, text).unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        let seen = || {
            let rows = desk.butler().list_sessions(ListSessions::default()).unwrap().items;
            rows.first().is_some_and(|row| row.prompts == count)
        };
        while !seen() {
            assert!(Instant::now() < until, "prompt {count} is not seen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    desk.butler().shutdown();
    thread.join().unwrap();
}

#[test]
fn a_database_that_is_just_being_made_is_read_as_soon_as_it_is_ready() {
    let hermes = Hermes::new();
    let owner = Connection::open(hermes.path()).unwrap();
    owner.execute_batch(SCHEMA).unwrap();
    session(&owner, "s1");
    say(&owner, "s1", "soon");
    owner.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let thread = hermes.desk.butler().start().unwrap();
    let seen = || !hermes.desk.butler().list_sessions(ListSessions::default()).unwrap().items.is_empty();
    // The first look has waited for it in vain by then.
    std::thread::sleep(Duration::from_secs(3));
    assert!(!seen(), "its owner has it for itself");
    hermes.desk.pass_closed_ms(1_000);
    // No file changes when it is let go of: only another look finds it.
    owner.execute_batch("COMMIT").unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !seen() {
        assert!(Instant::now() < until, "it is not read");
        std::thread::sleep(Duration::from_millis(20));
    }
    hermes.desk.butler().shutdown();
    thread.join().unwrap();
    assert_eq!(hermes.prompts("s1"), ["soon"]);
}

#[test]
fn folders_that_come_into_being_one_after_the_other_are_all_seen() {
    let desk = Desk::new();
    fs::create_dir_all(desk.home().join(".openclaw")).unwrap();
    fs::write(desk.home().join(".openclaw/openclaw.json"), "{}").unwrap();
    let id = desk.home_of("openclaw");
    desk.butler().govern(Govern { home_id: id, governed: true }).unwrap();
    let thread = desk.butler().start().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let line = r#"{"type":"session","version":3,"id":"S","timestamp":"2026-11-26T10:00:00.000Z","cwd":"/p"}
{"type":"message","id":"m","parentId":null,"timestamp":"2026-11-26T10:00:01.000Z","message":{"role":"user","content":"go"}}
"#;
    for count in 1..=20_u32 {
        let folder = desk.home().join(format!(".openclaw/agents/a{count}/sessions"));
        fs::create_dir_all(&folder).unwrap();
        // At another moment of the watcher's work each time.
        std::thread::sleep(Duration::from_millis(7) * count);
        fs::write(folder.join(format!("s{count}.jsonl")), line.replace('S', &format!("s{count}"))).unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        let rows = || desk.butler().list_sessions(ListSessions::default()).unwrap().items.len();
        while u32::try_from(rows()).unwrap() < count {
            assert!(Instant::now() < until, "session {count} is not seen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    desk.butler().shutdown();
    thread.join().unwrap();
}
