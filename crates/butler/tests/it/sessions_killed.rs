//! A tail that is killed at any moment and started again stores what one uninterrupted import stores.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use clawbutler_wire::command::Govern;
use rusqlite::Connection;

use crate::desk::Desk;
use crate::sessions::{AGENT, MAIN};

const FOLDER: &str = "CLAWBUTLER_TEST_TAIL_FOLDER";
const THREADS: &str = "CLAWBUTLER_TEST_TAIL_THREADS";
const ROUNDS: usize = 24;

/// Numbers that look random and are the same each time (xorshift).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// Not a test of its own: reads what grows until it is killed.
#[test]
#[ignore = "a child of the other test"]
fn child() {
    let desk = Desk::at(Path::new(&std::env::var(FOLDER).unwrap()));
    println!("\nready");
    let thread = std::env::var(THREADS).is_ok().then(|| desk.butler().start().unwrap());
    while thread.is_some() {
        std::thread::sleep(Duration::from_secs(1));
    }
    loop {
        desk.butler().read_sessions();
        println!("read");
    }
}

/// Killed and waited for when it goes, also when the test fails.
struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(folder: &Path, threads: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "sessions_killed::child", "--ignored", "--nocapture"]).env(FOLDER, folder);
        if threads {
            command.env(THREADS, "1");
        }
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut tail = Self { child, lines };
        tail.wait_for("ready");
        tail
    }

    fn wait_for(&mut self, word: &str) {
        assert!(self.lines.by_ref().map_while(Result::ok).any(|line| line == word), "it ended by itself");
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Finds the runtime's home and chooses it.
fn choose(desk: &Desk) {
    let home_id = desk.home_of("claude-code");
    desk.butler().govern(Govern { home_id, governed: true }).unwrap();
}

/// A file, what it holds in the end, and how much of that was written.
struct Growing {
    path: PathBuf,
    text: Vec<u8>,
    written: usize,
}

impl Growing {
    fn new(path: PathBuf, text: String) -> Self {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        Self { path, text: text.into_bytes(), written: 0 }
    }

    fn append(&mut self, count: usize) {
        let end = self.text.len().min(self.written + count);
        let mut file = OpenOptions::new().append(true).open(&self.path).unwrap();
        file.write_all(&self.text[self.written..end]).unwrap();
        self.written = end;
    }

    /// Another file is put in its place, as far as this one was written.
    fn replace(&mut self, from: &str, to: &str) {
        let text = String::from_utf8(self.text.clone()).unwrap();
        self.text = text.replace(from, to).into_bytes();
        let beside = self.path.with_extension("new");
        fs::write(&beside, &self.text[..self.written]).unwrap();
        fs::rename(beside, &self.path).unwrap();
    }
}

/// What is stored, without numbers that tell how often it was read anew.
fn stored(data: &Path) -> Vec<String> {
    let base = Connection::open(data.join("sessions.db")).unwrap();
    let rows = |sql: &str| -> Vec<String> {
        let mut statement = base.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let mut all = rows(
        "SELECT json_array(s.session, p.agent, p.place, p.at, p.kind, p.body) FROM steps p \
         JOIN sessions s ON s.key = p.session ORDER BY s.session, ifnull(p.agent, ''), p.seq",
    );
    all.extend(rows(
        "SELECT json_array(session, title, cwd, branch, model, mode, state, started_at, last_at, input, cache_read, \
         cache_write, output, reasoning, recorded, total, estimated, costed, priced, unpriced, steps, forgotten, \
         prompts, tool_calls, errors, malformed) FROM sessions ORDER BY session",
    ));
    all.extend(rows(
        "SELECT json_array(s.session, a.agent, a.name, a.call, a.outcome, a.steps, a.last_at) FROM agents a \
         JOIN sessions s ON s.key = a.session ORDER BY s.session, a.agent",
    ));
    all.extend(rows(
        "SELECT json_array(s.session, r.agent, r.position, r.records, r.malformed, r.place, r.saved) \
         FROM recordings r JOIN sessions s ON s.key = r.session ORDER BY s.session, ifnull(r.agent, '')",
    ));
    all.extend(rows(
        "SELECT json_array(s.session, m.offset, m.line, m.why) FROM malformed m JOIN sessions s ON s.key = m.session \
         ORDER BY s.session, m.offset",
    ));
    all
}

/// Bytes read so far; what is stored agrees with itself.
fn progress(data: &Path) -> i64 {
    let base = Connection::open(data.join("sessions.db")).unwrap();
    let number = |sql: &str| base.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let odd = "SELECT count(*) FROM sessions WHERE steps - forgotten <> \
               (SELECT count(*) FROM steps WHERE steps.session = sessions.key)";
    assert_eq!(number(odd), 0, "steps are counted as they are stored");
    number("SELECT ifnull(sum(position), 0) FROM recordings")
}

#[test]
fn a_tail_killed_at_any_moment_stores_what_one_import_stores() {
    let mut seeded = Seeded(0x2545_f491_4f6c_dd1d);
    let folder = tempfile::tempdir().unwrap();
    let projects = folder.path().join("home/.claude/projects/p");
    let repeated = |text: &str, times: usize| -> String {
        (0..times).map(|time| text.replace("\"msg_", &format!("\"msg_{time}_"))).collect()
    };
    let torn = "{\"type\":\"user\",\"mess\n[1,2]\n\n";
    let mut files = [
        Growing::new(projects.join("s1.jsonl"), repeated(MAIN, 6) + "{\"type\":\"user\",\"half"),
        Growing::new(projects.join("s2.jsonl"), repeated(MAIN, 2) + torn + MAIN),
        Growing::new(projects.join("s1/subagents/agent-a1.jsonl"), repeated(AGENT, 8)),
    ];
    {
        let mut desk = Desk::at(folder.path());
        choose(&desk);
        desk.close();
    }
    let data = folder.path().join("data");
    let (mut reached, mut loaded) = (0, 0);
    for round in 0..ROUNDS {
        let threads = round % 4 == 3;
        let mut tail = Tail::start(folder.path(), threads);
        let patience = Duration::from_micros(seeded.below(if threads { 150_000 } else { 40_000 }) as u64);
        let reads = if threads { 0 } else { seeded.below(4) };
        std::thread::scope(|scope| {
            let files = &mut files;
            let seeded = &mut seeded;
            scope.spawn(move || {
                for turn in 0..12 {
                    for file in files.iter_mut() {
                        // Cut wherever it happens to be cut.
                        let share = file.text.len() / ROUNDS / 6;
                        file.append(seeded.below(share.max(2)));
                    }
                    if (round, turn) == (ROUNDS / 2, 6) {
                        files[1].replace("please do it", "please do that");
                    }
                    std::thread::sleep(Duration::from_millis(seeded.below(12) as u64));
                }
            });
            (0..reads).for_each(|_| tail.wait_for("read"));
            std::thread::sleep(patience);
            drop(tail);
        });
        let now = progress(&data);
        loaded += usize::from(now != reached);
        reached = now;
    }
    assert!(loaded > ROUNDS / 3, "only {loaded} rounds were killed after something was stored");
    for file in &mut files {
        file.append(usize::MAX / 2);
    }
    let mut desk = Desk::at(folder.path());
    desk.butler().read_sessions();
    desk.close();
    let found = stored(&data);

    let mut once = Desk::new();
    for file in &files {
        let place = once.home().join(file.path.strip_prefix(folder.path().join("home")).unwrap());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(&file.path, place).unwrap();
    }
    choose(&once);
    once.butler().read_sessions();
    once.close();
    let want = stored(&once.data());
    assert!(want.len() > 500, "there is something to compare: {}", want.len());
    for (number, (found, want)) in found.iter().zip(&want).enumerate() {
        assert_eq!(found, want, "row {number}");
    }
    assert_eq!(found.len(), want.len());
}
