//! Reading sessions: the import of a generated history as a ratio to reading the same bytes once, the cost of one
//! more line, what a steady watch takes, and memory.
//!
//! `cargo bench -p clawbutler-butler --bench tail -- [MB]` (1024 by default). The history is captured sessions of
//! real clients (Claude Code with sub-agents, Gemini CLI), repeated under other ids, and a database of Hermes.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and stops where it cannot go on")]
#![expect(clippy::disallowed_methods, reason = "measuring is reading the clock, and making what is measured")]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use clawbutler_butler::{Butler, Env, Ports};
use clawbutler_core::id::IdSource;
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::command::{Govern, ListAgents, ListSessions};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../connectors/tests/fixtures");
const CLAUDE: &[&str] = &[
    "p-all-hooks-subagent-mcp-elicitation", "tty-long-session-clear-compact-model-1", "p-resume-fork-compact-2",
    "p-background-subagent",
];
const GEMINI: &[&str] = &["tools", "thoughts", "compacted", "denied_resumed"];
/// Lines that are added one by one, and sessions and seconds of the steady watch.
const LINES: usize = 100;
const WATCHED: usize = 50;
const SECONDS: u64 = 20;

#[derive(Debug, Default)]
struct Counted(AtomicU64);

impl IdSource for Counted {
    fn bytes(&self) -> [u8; 16] {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
    }
}

fn main() {
    let megabytes = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(1024_u64);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    generate(&home, megabytes * 1024 * 1024);
    // Twice: the first warms the cache, so that both sides read from memory.
    let (files, bytes, _) = read_all(&home);
    let (_, _, base) = read_all(&home);
    println!("history: {files} files, {} MB", bytes / 1024 / 1024);
    println!("reading it once: {base:.2?}");

    let before = peak();
    let butler = open(folder.path(), &home);
    let (clock, processor) = (Instant::now(), used());
    butler.read_sessions();
    let (took, cpu) = (clock.elapsed(), since(processor));
    let page = butler.list_sessions(ListSessions::default()).unwrap();
    let steps: u64 = page.items.iter().map(|row| row.steps).sum();
    println!(
        "import: {took:.2?} ({cpu:.2?} processor), {:.1} times reading once, {:.1} MB/s, {} sessions ({steps} steps in \
         the first {})",
        took.as_secs_f64() / base.as_secs_f64(),
        f64::from(u32::try_from(bytes / 1_000).unwrap()) / 1.0e3 / took.as_secs_f64(),
        page.total,
        page.items.len(),
    );
    let stored: u64 =
        ["sessions.db", "sessions.db-wal"].iter().map(|name| size(&folder.path().join("data").join(name))).sum();
    println!(
        "stored: {} MB; peak memory {} MB before, {} MB after",
        stored / 1024 / 1024,
        before / 1024,
        peak() / 1024
    );
    let again = Instant::now();
    butler.read_sessions();
    println!("looking all over again with nothing new: {:.2?}", again.elapsed());
    touch_all(&home);
    let again = Instant::now();
    butler.read_sessions();
    println!(
        "comparing every file with what was read of it: {:.2?}, {:.1} times reading once; peak memory {} MB",
        again.elapsed(),
        again.elapsed().as_secs_f64() / base.as_secs_f64(),
        peak() / 1024
    );

    live(&butler, &home);
    butler.shutdown();
}

/// What is added to a session that is watched, until a window would see it.
fn live(butler: &Butler, home: &Path) {
    let files: Vec<PathBuf> =
        (0..WATCHED).map(|number| home.join(format!(".claude/projects/live/{number:08}.jsonl"))).collect();
    fs::create_dir_all(files[0].parent().unwrap()).unwrap();
    for file in &files {
        append(file, "start");
    }
    let thread = butler.start().unwrap();
    let session = |number: usize| {
        let search = format!("{number:08}");
        let request = ListSessions { search, limit: Some(1), ..ListSessions::default() };
        butler.list_sessions(request).unwrap().items.pop()
    };
    while session(WATCHED - 1).is_none() {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_secs(3));

    let mut waits = Vec::new();
    let processor = used();
    for number in 0..LINES {
        let before = session(0).unwrap().steps;
        let clock = Instant::now();
        append(&files[0], &format!("line {number}"));
        while session(0).unwrap().steps == before {
            std::thread::sleep(Duration::from_millis(2));
        }
        waits.push(clock.elapsed());
    }
    waits.sort();
    let cpu = since(processor) / u32::try_from(LINES).unwrap();
    println!(
        "one more line: seen after {:.1?} (median), {:.1?} (worst); {cpu:.2?} processor, looking included",
        waits[LINES / 2],
        waits[LINES - 1]
    );

    let processor = engine();
    for number in 0..LINES {
        append(&files[0], &format!("line {number}"));
        std::thread::sleep(Duration::from_millis(150));
    }
    std::thread::sleep(Duration::from_millis(300));
    let cpu = engine().saturating_sub(processor) / u32::try_from(LINES).unwrap();
    let once = read_end(&files[0]);
    println!(
        "one more line, nobody looking: {cpu:.2?} processor, {:.0} times opening the file and reading the line ({once:.2?})",
        cpu.as_secs_f64() / once.as_secs_f64()
    );

    let (clock, processor) = (Instant::now(), engine());
    while clock.elapsed() < Duration::from_secs(SECONDS) {
        for file in &files {
            append(file, "a step");
            std::thread::sleep(Duration::from_millis(1_000 / WATCHED as u64));
        }
    }
    println!(
        "{WATCHED} sessions, a line a second each: {:.1} % of a core",
        share(engine().saturating_sub(processor), clock.elapsed())
    );
    std::thread::sleep(Duration::from_secs(1));
    let (clock, processor) = (Instant::now(), engine());
    std::thread::sleep(Duration::from_secs(SECONDS));
    println!(
        "the same, silent: {:.2} % of a core; peak memory {} MB",
        share(engine().saturating_sub(processor), clock.elapsed()),
        peak() / 1024
    );
    butler.shutdown();
    thread.join().unwrap();
}

/// Time of opening a file and reading its last line once (the mean of many).
fn read_end(path: &Path) -> Duration {
    const TIMES: u32 = 10_000;
    let clock = Instant::now();
    let mut line = Vec::new();
    for _ in 0..TIMES {
        let mut file = File::open(path).unwrap();
        file.seek(SeekFrom::End(-150)).unwrap();
        line.clear();
        file.read_to_end(&mut line).unwrap();
    }
    assert_eq!(line.len(), 150);
    clock.elapsed() / TIMES
}

/// Gives every file of lines another time.
fn touch_all(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            touch_all(&entry.path());
        } else if entry.path().extension().is_some_and(|end| end == "jsonl") {
            File::options().write(true).open(entry.path()).unwrap().set_modified(SystemTime::now()).unwrap();
        }
    }
}

/// Processor time since then.
fn since(then: Duration) -> Duration {
    used().saturating_sub(then)
}

fn share(part: Duration, whole: Duration) -> f64 {
    100.0 * part.as_secs_f64() / whole.as_secs_f64()
}

fn append(file: &Path, text: &str) {
    let line = format!(
        "{{\"type\":\"user\",\"uuid\":\"u\",\"timestamp\":\"2026-11-25T09:20:00.000Z\",\"cwd\":\"/p\",\"message\":\
         {{\"role\":\"user\",\"content\":\"{text}\"}}}}\n"
    );
    OpenOptions::new().create(true).append(true).open(file).unwrap().write_all(line.as_bytes()).unwrap();
}

fn open(folder: &Path, home: &Path) -> Butler {
    let ports = Ports {
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(Counted::default()),
        env: Env::new(BTreeMap::new(), home.to_owned()),
        data: DataDir::at(folder.join("data")),
        hook_source: None,
        keychain: None,
    };
    let butler = Butler::open(ports).unwrap();
    for agent in butler.list_agents(ListAgents {}).unwrap().agents {
        butler.govern(Govern { home_id: agent.id, governed: true }).unwrap();
    }
    butler
}

/// Writes a history of about this many bytes: four fifths Claude Code, the rest Gemini CLI and Hermes.
fn generate(home: &Path, bytes: u64) {
    let mut written = 0;
    let mut number = 0;
    while written < bytes * 4 / 5 {
        let name = CLAUDE[number % CLAUDE.len()];
        let text = fs::read_to_string(format!("{FIXTURES}/claude_code/transcripts/{name}.jsonl")).unwrap();
        let session = format!("{number:08x}-0000-4000-8000-000000000000");
        let folder = home.join(format!(".claude/projects/-home-u-p{}", number % 20));
        written += repeat(&folder.join(format!("{session}.jsonl")), &text, 1 + number * 7 % 40);
        if number % 4 == 0 {
            let agent =
                fs::read_to_string(format!("{FIXTURES}/claude_code/transcripts/{name}.subagent.jsonl")).unwrap();
            written += repeat(&folder.join(session).join("subagents/agent-a1.jsonl"), &agent, 1 + number % 10);
        }
        number += 1;
    }
    while written < bytes * 19 / 20 {
        let text =
            fs::read_to_string(format!("{FIXTURES}/gemini_cli/{}.jsonl", GEMINI[number % GEMINI.len()])).unwrap();
        let name = format!(".gemini/tmp/p{}/chats/session-2026-11-20T10-00-{number:08x}.jsonl", number % 10);
        // The first line names the session.
        let (head, rest) = text.split_once('\n').unwrap();
        let mut value: serde_json::Value = serde_json::from_str(head).unwrap();
        value["sessionId"] = format!("{number:08x}").into();
        let path = home.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("{value}\n")).unwrap();
        written += repeat(&path, rest, 1 + number % 60);
        number += 1;
    }
    database(&home.join(".hermes"), bytes.saturating_sub(written));
}

fn repeat(path: &Path, text: &str, times: usize) -> u64 {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = BufWriter::new(OpenOptions::new().create(true).append(true).open(path).unwrap());
    for time in 0..times {
        // Other answers, not the same ones again.
        let part = text.replace("\"msg_", &format!("\"msg_{time}_"));
        file.write_all(part.as_bytes()).unwrap();
    }
    file.flush().unwrap();
    size(path)
}

/// A database in the schema of Hermes 0.13.
fn database(home: &Path, bytes: u64) {
    fs::create_dir_all(home).unwrap();
    fs::write(home.join("config.yaml"), "model: {}\n").unwrap();
    let mut connection = rusqlite::Connection::open(home.join("state.db")).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, source TEXT, model TEXT, title TEXT, parent_session_id TEXT, \
             started_at REAL, ended_at REAL, end_reason TEXT, api_call_count INTEGER, billing_provider TEXT, \
             input_tokens INTEGER, output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, \
             reasoning_tokens INTEGER, estimated_cost_usd REAL, actual_cost_usd REAL, cost_status TEXT); \
             CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT, content TEXT, tool_call_id TEXT, \
             tool_calls TEXT, tool_name TEXT, timestamp REAL, finish_reason TEXT, reasoning TEXT, reasoning_content TEXT); \
             CREATE INDEX messages_session ON messages (session_id, id);",
        )
        .unwrap();
    let change = connection.transaction().unwrap();
    let words = "the quick brown fox reads the file and answers what it found there; ".repeat(20);
    for message in 0..bytes / 1_500 {
        let session = format!("h{}", message % 50);
        if message < 50 {
            change
                .execute(
                    "INSERT INTO sessions (id, source, model, started_at) VALUES (?, 'cli', 'm', 1795598450.0)",
                    [&session],
                )
                .unwrap();
        }
        let role = ["user", "assistant"][usize::try_from(message % 2).unwrap()];
        let args = rusqlite::params![session, role, format!("{message} {words}"), 1_795_598_450 + message];
        change.execute("INSERT INTO messages (session_id, role, content, timestamp) VALUES (?,?,?,?)", args).unwrap();
    }
    change.commit().unwrap();
}

/// Files, bytes and the time of reading everything once.
fn read_all(folder: &Path) -> (u64, u64, Duration) {
    let clock = Instant::now();
    let (mut files, mut bytes) = (0, 0);
    let mut buffer = vec![0; 128 * 1024];
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
                continue;
            }
            let mut file = File::open(entry.path()).unwrap();
            files += 1;
            loop {
                let count = file.read(&mut buffer).unwrap();
                if count == 0 {
                    break;
                }
                bytes += count as u64;
            }
        }
    }
    (files, bytes, clock.elapsed())
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |facts| facts.len())
}

/// Processor time of this process.
fn used() -> Duration {
    ticks("/proc/self/stat")
}

/// The same without this thread's, which writes in the place of clients.
fn engine() -> Duration {
    used().saturating_sub(ticks("/proc/thread-self/stat"))
}

fn ticks(stat: &str) -> Duration {
    let stat = fs::read_to_string(stat).unwrap_or_default();
    let fields: Vec<i64> =
        stat.rsplit(") ").next().unwrap_or_default().split(' ').filter_map(|field| field.parse().ok()).collect();
    // User and system time, in hundredths of a second; the state before them is no number.
    let ticks: i64 = fields.get(10..12).map_or(0, |both| both.iter().sum());
    Duration::from_millis(10 * u64::try_from(ticks).unwrap_or_default())
}

/// Most memory this process ever had (kB).
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|count| count.parse().ok()).unwrap_or_default()
}
