//! `audit restore` ended by a kill, or refused by the disk, at any moment: the old or the restored log stands whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clawbutler_store::{Store, StoreError};
use clawbutler_wire::command::SetRetention;
use clawbutler_wire::retention::{Keep, RetentionSettings};
use serde_json::{Value, json};

use super::Machine;
use super::keep::{engine, parsed};

/// Which log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    Restored,
}

/// A log that went on after its backup, with other settings, and its folders as they were at the end.
struct Case {
    machine: Machine,
    backup: String,
    /// Entries of the backup, and of the log.
    backed: u64,
    entries: u64,
}

/// An engine runs, changes a setting `times`, and ends.
fn keeps(machine: &Machine, days: u32, times: u32) {
    let butler = engine(machine);
    for time in (0..times).rev() {
        let actions = Keep { days: Some(days + time), megabytes: None };
        butler.set_retention(SetRetention { settings: RetentionSettings { actions, ..Default::default() } }).unwrap();
    }
    butler.shutdown();
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

impl Case {
    fn new() -> Self {
        let machine = Machine::new();
        keeps(&machine, 7, 60);
        let backup = machine.data().join("copy.db").display().to_string();
        let mut case = Self { machine, backup, backed: 0, entries: 0 };
        let made = parsed(&case.run(&["backup", &case.backup, "--json"]).out);
        keeps(&case.machine, 30, 90);
        case.backed = made["entries"].as_str().unwrap().parse().unwrap();
        case.entries = case.report(&["verify", "--json"]).1;
        for name in ["d", "d-state"] {
            copy(&case.at(name), &case.at(&format!("{name}.kept")));
        }
        case
    }

    fn at(&self, name: &str) -> PathBuf {
        self.machine.data().join(name)
    }

    /// Everything as it was before the first round.
    fn reset(&self) {
        for name in ["d", "d-state"] {
            copy(&self.at(&format!("{name}.kept")), &self.at(name));
        }
    }

    fn run(&self, args: &[&str]) -> super::Done {
        let home = self.at("d").display().to_string();
        self.machine.run(&[&["--home", &home, "audit"], args].concat(), b"")
    }

    fn report(&self, args: &[&str]) -> (Value, u64) {
        let done = self.run(args);
        assert!(!done.out.is_empty(), "{}", done.err);
        let report = parsed(&done.out);
        let entries = report["entries"].as_str().unwrap().parse().unwrap();
        (report, entries)
    }

    /// The restore, started by the words before it.
    fn restore(&self, before: &[&str]) -> Command {
        let words = [before, &[env!("CARGO_BIN_EXE_clawbutler"), "--home"]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(self.at("d")).args(["audit", "restore", &self.backup]);
        command.env_clear().env("HOME", "/home/u").current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Files in the data folder whose names begin and end so.
    fn named(&self, start: &str, end: &str) -> Vec<String> {
        let names = fs::read_dir(self.at("d")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.starts_with(start) && name.ends_with(end)).collect();
        names.sort();
        names
    }

    /// Starts the engine and looks which log stands, whole and with what belongs to it.
    fn started(&self, round: &str) -> Side {
        // Before a start: afterwards the checkpoints outside are of the log that stands.
        for name in self.named("clawbutler.before-restore-", ".db") {
            let before = self.at("d").join(name).display().to_string();
            let (report, entries) = self.report(&["verify", "--db", &before, "--json"]);
            assert!(report["intact"] == true && entries == self.entries, "{round}: {report}");
        }
        engine(&self.machine).shutdown();
        let verified = self.run(&["verify", "--json"]);
        let report = parsed(&verified.out);
        let kept = parsed(&self.run(&["retention", "--dry-run", "--json"]).out)["settings"]["actions"]["days"].clone();
        let export = self.run(&["export", "--format", "jsonl"]).out;
        let late = export.lines().count() as u64 > self.entries;
        let recorded = export.matches("\"backup.restored\"").count();
        let aside = self.named("clawbutler.before-restore-", ".db");
        let side = if report["replaced"].is_null() {
            assert_eq!((verified.code, &report["intact"]), (Some(0), &json!(true)), "{round}: {report}");
            assert_eq!((kept, late, recorded, aside.len()), (json!(30), true, 0, 0), "{round}: {report}");
            Side::Old
        } else {
            assert_eq!((verified.code, &report["replaced"]["how"]), (Some(3), &json!("restored")), "{round}: {report}");
            assert_eq!(report["replaced"]["kept"], json!(self.backed.to_string()), "{round}: {report}");
            assert_eq!((kept, late, recorded, aside.len()), (json!(7), false, 1, 1), "{round}: {report}");
            assert_eq!(report["replaced"]["file"], json!(aside[0]), "{round}");
            Side::Restored
        };
        let left = [self.named("backup-unfinished", ""), self.named("restored.json", ""), self.named(".", ".tmp")];
        assert_eq!(left.concat(), Vec::<String>::new(), "{round}");
        side
    }

    /// A restore that nobody disturbs, after whatever came before.
    fn again(&self, round: &str) {
        let output = self.restore(&[]).output().unwrap();
        assert!(output.status.success(), "{round}: {}", String::from_utf8_lossy(&output.stderr));
        engine(&self.machine).shutdown();
        let report = self.report(&["verify", "--json"]).0;
        assert_eq!(report["replaced"]["kept"], json!(self.backed.to_string()), "{round}: {report}");
        let whole = |name: &String| {
            let path = self.at("d").join(name);
            Store::read_only::<_, StoreError>(&path, |read| read.ledger_len()).unwrap() >= self.entries
        };
        let aside = self.named("clawbutler.before-restore-", ".db");
        assert!(aside.iter().any(whole), "{round}: the log before is lost among {aside:?}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the moment of a kill is one of the system's own time")]
fn a_restore_that_is_killed_leaves_the_old_or_the_restored_log_whole() {
    let case = Case::new();
    let begun = Instant::now();
    assert!(case.restore(&[]).output().unwrap().status.success());
    let takes = begun.elapsed();
    assert_eq!(case.started("undisturbed"), Side::Restored);
    let mut sides = Vec::new();
    for round in 0..30 {
        case.reset();
        let mut child = case.restore(&[]).spawn().unwrap();
        if round < 15 {
            std::thread::sleep(takes * round / 12);
        } else {
            // The last steps are short: from when the note is there, twice as late every time.
            let until = Instant::now() + takes * 4;
            while !case.at("d/restored.json").exists() && Instant::now() < until {}
            let until = Instant::now() + Duration::from_micros(50 << (round - 15));
            while Instant::now() < until {}
        }
        let _ = child.kill();
        child.wait().unwrap();
        let name = format!("round {round}");
        if round % 3 == 2 {
            case.again(&name);
        } else {
            sides.push(case.started(&name));
        }
    }
    assert!(sides.contains(&Side::Old) && sides.contains(&Side::Restored), "{sides:?}");
}

/// Whether the system lets us stop a program at a call; said aloud where it does not.
fn traced() -> bool {
    let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "-e", "trace=rename", "true"]).output();
    let can = tried.is_ok_and(|tried| tried.status.success());
    if !can {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "SKIPPED: no strace that may trace here");
    }
    can
}

/// Words that run a program with something done to its calls; `more` are options of strace.
fn injecting<'w>(more: &[&'w str]) -> Vec<&'w str> {
    [&["strace", "-f", "-qq", "-o", "/dev/null"], more].concat()
}

#[test]
fn a_restore_killed_at_any_step_is_finished_or_was_not_begun() {
    if !traced() {
        return;
    }
    let case = Case::new();
    for call in ["rename", "unlink", "fsync"] {
        let (mut sides, mut step) = (Vec::new(), 0);
        loop {
            step += 1;
            case.reset();
            let inject = format!("inject={call}:signal=SIGKILL:when={step}");
            if case.restore(&injecting(&["-e", &inject])).output().unwrap().status.success() {
                break;
            }
            let name = format!("{call} {step}");
            if step % 4 == 0 {
                case.again(&name);
            } else {
                sides.push(case.started(&name));
            }
        }
        assert!(step > 2 && sides.contains(&Side::Old), "{call} {step}: {sides:?}");
        assert!(call != "rename" || sides.contains(&Side::Restored), "{call} {step}: {sides:?}");
        assert!(sides.is_sorted_by_key(|side| *side == Side::Restored), "{call}: {sides:?}");
    }
}

#[test]
fn a_restore_that_fails_late_is_finished_by_a_start() {
    if !traced() {
        return;
    }
    let case = Case::new();
    // In order: the note, what is set aside (three files beside the database, then it), the note again, the copy.
    for step in 1..=7 {
        case.reset();
        let inject = format!("inject=rename:error=ENOSPC:when={step}");
        let ended = case.restore(&injecting(&["-e", &inject])).output().unwrap();
        let (name, said) = (format!("rename {step}"), String::from_utf8_lossy(&ended.stderr).into_owned());
        assert!(ended.status.code() == Some(2) && said.contains("error: "), "{name}: {:?} {said}", ended.status);
        let side = if step < 6 { Side::Old } else { Side::Restored };
        let finishes = said.contains("The next start of ClawButler finishes it");
        assert_eq!(
            (finishes, said.contains("room") || said.contains("space")),
            (side == Side::Restored, true),
            "{said}"
        );
        assert_eq!(case.started(&name), side, "{name}");
        case.again(&name);
    }
}

#[test]
fn a_log_set_aside_by_half_is_put_back_with_what_was_written_last() {
    if !traced() {
        return;
    }
    let case = Case::new();
    // As a kill of the engine leaves it: the last entries are in the write-ahead log only.
    case.reset();
    let butler = engine(&case.machine);
    let settings = RetentionSettings { actions: Keep { days: Some(30), megabytes: None }, ..Default::default() };
    butler.set_retention(SetRetention { settings }).unwrap();
    for name in ["d", "d-state"] {
        copy(&case.at(name), &case.at(&format!("{name}.kept")));
    }
    butler.shutdown();
    drop(butler);
    case.reset();
    let entries = case.report(&["verify", "--json"]).1;
    assert!(entries > case.entries);
    let database = case.at("d/clawbutler.db").display().to_string();
    for how in ["error=EIO", "signal=SIGKILL"] {
        case.reset();
        // It cannot be made one file, and its own renaming comes after that of its write-ahead log.
        let (write, rename) = ("inject=pwrite64:error=EIO", format!("inject=rename:{how}:when=1"));
        let words = injecting(&["-P", &database, "-e", "trace=pwrite64,rename", "-e", write, "-e", &rename]);
        assert!(!case.restore(&words).output().unwrap().status.success(), "{how}");
        assert_eq!(case.started(how), Side::Old);
        assert!(case.report(&["verify", "--json"]).1 > entries, "{how}");
    }
}
