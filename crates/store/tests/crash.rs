//! What was acknowledged is there, and the log is whole: after kills at any moment, loss of power, a full disk, with two
//! writers and behind another process's lock.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test opens the database as a foreign program would, and waits by the clock"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_ledger::{Draft, Kind, SealKey, Sealed, Trust};
use clawbutler_store::{Durability, Step, Store, StoreError, Witness};
use serde_json::json;

const DATABASE: &str = "CLAWBUTLER_TEST_CRASH_DATABASE";
const ENTRIES: &str = "CLAWBUTLER_TEST_CRASH_ENTRIES";
const ABORT_AT: &str = "CLAWBUTLER_TEST_CRASH_ABORT_AT";
const ROUNDS: u32 = 200;

fn append(store: &Store, count: u64, size: usize) -> Result<u64, StoreError> {
    store.write(Durability::Process, |tx| {
        let mut last = 0;
        for _ in 0..count {
            let draft = Draft {
                kind: Kind::ActionRequested,
                actor: Actor::Engine,
                trace: "t".into(),
                span: "s".into(),
                parent: None,
                data: json!({ "text": "x".repeat(size), "by": std::process::id() }),
            };
            last = tx.append(draft, Timestamp(1))?.seq;
        }
        Ok(last)
    })
}

/// Entries of a log that is whole.
fn whole(path: &Path) -> u64 {
    let report =
        Store::read_only::<_, StoreError>(path, |read| read.ledger_verify(&Trust::default(), |_, _| ())).unwrap();
    assert_eq!(report.broken, None);
    report.entries
}

/// Not a test of its own: appends and acknowledges until it is ended or has done its share.
#[test]
#[ignore = "a child of the other tests"]
fn child() {
    let path = std::env::var(DATABASE).unwrap();
    let share: u64 = std::env::var(ENTRIES).unwrap().parse().unwrap();
    let store = Store::open(Path::new(&path)).unwrap();
    for round in 0..share {
        match append(&store, 1 + round % 3, 40 + usize::try_from(round * 97 % 3_000).unwrap()) {
            Ok(seq) => println!("\nack {seq}"),
            Err(error) => {
                println!("\nrefused {error}");
                assert_eq!(store.head().unwrap().0, whole(Path::new(&path)));
                return;
            }
        }
        std::io::stdout().flush().unwrap();
    }
}

fn key() -> SealKey {
    SealKey::from_seed(&[7; 32])
}

/// Seals every commit as the engine does, and ends the process without a word after one of the seals.
fn sealing(path: &Path, abort_at: u64) -> Witness {
    let (path, mut last, mut told) = (path.to_owned(), None, 0);
    Witness::new(move |step| {
        let sealed = match step {
            Step::Begun { seq, hash } => last.map(|last| Sealed { next: Some((seq, *hash)), ..last }),
            Step::Done { .. } if told + 1 == abort_at => std::process::abort(),
            Step::Done { seq, hash, .. } => {
                last = Some(Sealed { seq, durable: 0, hash: *hash, next: None });
                last
            }
            Step::Undone => last,
        };
        if let Some(sealed) = sealed {
            fs::write(&path, key().seal(&sealed)).unwrap();
        }
        told += 1;
        if told == abort_at {
            std::process::abort();
        }
    })
}

/// Not a test of its own: appends under a seal until that ends it.
#[test]
#[ignore = "a child of another test"]
fn sealed_child() {
    let path = std::env::var(DATABASE).unwrap();
    let abort_at = std::env::var(ABORT_AT).unwrap().parse().unwrap();
    let store = Store::open(Path::new(&path)).unwrap();
    store.watch(sealing(&Path::new(&path).with_file_name("seal"), abort_at));
    for round in 0.. {
        append(&store, 1 + round % 3, 40).unwrap();
    }
}

/// A commit is told of twice; the process ends after the first seal of one, and after the commit before the second.
#[test]
fn a_kill_on_either_side_of_a_commit_leaves_a_log_that_its_seal_covers() {
    let mut ends = BTreeSet::new();
    for abort_at in 3..=12 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let mut command = command(std::env::current_exe().unwrap().to_str().unwrap());
        command.args(["--exact", "sealed_child", "--ignored"]);
        let status = command.env(DATABASE, &path).env(ABORT_AT, abort_at.to_string()).status().unwrap();
        assert!(!status.success());
        let sealed = key().open(&fs::read_to_string(folder.path().join("seal")).unwrap()).unwrap();
        let (next, _) = sealed.next.expect("a commit was begun");
        let trust = Trust { sealed: Some(sealed), ends: true, ..Trust::default() };
        let report = Store::read_only::<_, StoreError>(&path, |read| read.ledger_verify(&trust, |_, _| ())).unwrap();
        assert_eq!((report.broken, report.proven), (None, report.entries), "seal {abort_at}");
        assert!([sealed.seq, next].contains(&report.entries));
        ends.insert(report.entries == next);
    }
    assert_eq!(ends.len(), 2, "commits that happened and commits that did not");
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn spawn(path: &Path, share: u64) -> Child {
    let mut command = command(std::env::current_exe().unwrap().to_str().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]);
    command.env(DATABASE, path).env(ENTRIES, share.to_string()).spawn().unwrap()
}

/// What a child acknowledged, and whether it was refused.
fn said(child: &mut Child) -> (Vec<u64>, bool) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let (mut acked, mut refused) = (Vec::new(), false);
    for line in lines {
        if let Some(seq) = line.strip_prefix("ack ").and_then(|seq| seq.parse().ok()) {
            acked.push(seq);
        }
        refused |= line.starts_with("refused ");
    }
    (acked, refused)
}

#[test]
fn everything_acknowledged_survives_a_kill_at_any_moment() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut folder = tempfile::tempdir().unwrap();
    let (mut last, mut loaded) = (0, 0);
    for round in 0..ROUNDS {
        if round % 10 == 0 {
            folder = tempfile::tempdir().unwrap();
            last = 0;
        }
        let path = folder.path().join("x.db");
        let mut child = spawn(&path, u64::MAX);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        std::thread::sleep(Duration::from_micros(5_000 + random % 60_000));
        child.kill().unwrap();
        let (acked, _) = said(&mut child);
        child.wait().unwrap();
        last = acked.last().copied().unwrap_or(last);
        loaded += u32::from(!acked.is_empty());
        if path.exists() && (last > 0 || Store::open(&path).is_ok()) {
            let entries = whole(&path);
            assert!(entries >= last, "round {round}: {last} were acknowledged, {entries} are there");
            // The next round goes on where this one was cut off.
            last = entries;
        }
    }
    assert!(loaded > ROUNDS / 4, "only {loaded} rounds were killed under load");
}

#[test]
fn a_log_cut_off_by_loss_of_power_is_whole_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = Store::open(&path).unwrap();
    append(&store, 30, 50).unwrap();
    store.sync().unwrap();
    let wal = folder.path().join("x.db-wal");
    let (safe, safe_length) = (store.head().unwrap().0, fs::metadata(&wal).unwrap().len());
    for round in 0..40 {
        append(&store, 1 + round % 4, usize::try_from(round * 211 % 5_000).unwrap()).unwrap();
    }
    let (database, log) = (fs::read(&path).unwrap(), fs::read(&wal).unwrap());
    drop(store);
    let mut before = 0;
    // A header of 32 bytes, then pages of 4096 bytes with 24 bytes before each.
    let bounds = (0..).map(|page| 32 + page * 4_120).take_while(|&at| at <= log.len());
    for at in bounds.flat_map(|at| [at, at + 1_000]).filter(|&at| at <= log.len()) {
        let cut = tempfile::tempdir().unwrap();
        let path = cut.path().join("x.db");
        fs::write(&path, &database).unwrap();
        fs::write(cut.path().join("x.db-wal"), &log[..at]).unwrap();
        let store = Store::open(&path).unwrap();
        let entries = whole(&path);
        assert!(entries >= before, "a longer log holds more");
        assert!(at as u64 <= safe_length || entries >= safe, "what was synced is there");
        before = entries;
        assert_eq!(append(&store, 1, 10).unwrap(), entries + 1);
        assert_eq!(whole(&path), entries + 1);
    }
    assert!(before > safe);
}

#[test]
fn a_full_disk_refuses_and_leaves_the_log_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    drop(Store::open(&path).unwrap());
    for limit in [300, 333, 401] {
        let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" --exact child --ignored --nocapture");
        let mut command = command("sh");
        command.args(["-c", &script]).arg(std::env::current_exe().unwrap());
        let mut child = command.env(DATABASE, &path).env(ENTRIES, "100000").spawn().unwrap();
        let (acked, refused) = said(&mut child);
        assert!(child.wait().unwrap().success(), "it looked at its own log after the refusal");
        assert!(refused, "the limit was never reached");
        let entries = whole(&path);
        assert!(acked.last().is_none_or(|&last| last == entries));
        // With room again it goes on.
        let store = Store::open(&path).unwrap();
        assert_eq!(append(&store, 1, 10).unwrap(), entries + 1);
        store.tidy().unwrap();
    }
}

#[test]
fn two_processes_append_to_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    drop(Store::open(&path).unwrap());
    let mut children = [spawn(&path, 150), spawn(&path, 150)];
    let mut seen = BTreeSet::new();
    for child in &mut children {
        let (acked, refused) = said(child);
        assert!(child.wait().unwrap().success() && !refused);
        assert_eq!(acked.len(), 150);
        assert!(acked.into_iter().all(|seq| seen.insert(seq)), "no number is given twice");
    }
    assert_eq!(whole(&path), 600);
}

#[test]
fn a_lock_of_another_process_is_waited_for_and_then_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = Store::open(&path).unwrap();
    append(&store, 1, 10).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    assert!(append(&store, 1, 10).is_err());
    assert!(start.elapsed() < Duration::from_secs(4), "the wait is bounded");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| append(&store, 1, 10));
        std::thread::sleep(Duration::from_millis(500));
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), 2);
    });
    assert_eq!(whole(&path), 2);
    assert!(!store.foreign_write_waits().unwrap(), "a lock alone changes nothing");
}
