//! Exports, packs and backups where no more fits: said, nothing half under its name, and gone on with later.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use clawbutler_butler::Butler;
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_platform::paths::DataDir;
use clawbutler_store::{Durability, Store, StoreError};
use serde_json::json;

use super::Machine;
use super::keep::engine;

/// The command under a bound for the size of the files it writes (blocks of 512 bytes).
fn bounded(machine: &Machine, blocks: u32, args: &[&str]) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_clawbutler"), "--home"])
        .arg(machine.data().join("d"))
        .arg("audit")
        .args(args)
        .env_clear()
        .env("HOME", "/home/u")
        .current_dir("/")
        .output()
        .unwrap()
}

/// A log of so many entries that no engine runs on.
fn filled(machine: &Machine, count: u64) {
    engine(machine).shutdown();
    let store = Store::open(&machine.data().join("d/clawbutler.db")).unwrap();
    let draft = |number: u64| Draft {
        kind: Kind::ActionRequested,
        actor: Actor::Engine,
        trace: format!("{:032x}", number + 1).as_str().into(),
        span: format!("{:016x}", number + 1).as_str().into(),
        parent: None,
        data: json!({ "tool": "Bash", "summary": format!("ls {number}") }),
    };
    store
        .write::<_, StoreError>(Durability::Process, |tx| {
            (0..count).try_for_each(|number| tx.append(draft(number), Timestamp(1_795_600_000_000)).map(drop))
        })
        .unwrap();
}

fn names(machine: &Machine) -> Vec<String> {
    let names = std::fs::read_dir(machine.data().join("out")).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const FORMATS: [&str; 6] = ["jsonl", "csv", "cef", "ocsf", "otlp-logs", "otlp-traces"];

fn export(machine: &Machine, format: &str, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clawbutler"));
    command.arg("--home").arg(machine.data().join("d"));
    command.args(["audit", "export", "--format", format, "--out"]).arg(out);
    command.env_clear().env("HOME", "/home/u").current_dir("/").stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Kills an export when it has written something; how many bytes. `None`: it had ended.
fn killed(machine: &Machine, format: &str, out: &Path, until: &dyn Fn() -> bool) -> Option<u64> {
    let mut child = export(machine, format, out).spawn().unwrap();
    while !until() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::metadata(out.with_extension("part")).ok().filter(|_| !out.exists()).map(|part| part.len())
}

#[test]
fn an_export_that_was_killed_goes_on_to_the_same_bytes() {
    let machine = Machine::new();
    filled(&machine, 11_500);
    std::fs::create_dir(machine.data().join("out")).unwrap();
    let out = |name: &str| machine.data().join("out").join(name);
    let mut ended = Vec::new();
    for format in FORMATS {
        let (whole, cut) = (out("whole"), out("cut"));
        assert!(export(&machine, format, &whole).output().unwrap().status.success());
        let size = std::fs::metadata(&whole).unwrap().len();
        // Soon, behind the first note, and again where it had gone on to.
        let written = |part: u64| {
            let cut = out("cut.part");
            move || std::fs::metadata(&cut).is_ok_and(|part_file| part_file.len() > part)
        };
        let places: [Box<dyn Fn() -> bool>; 3] =
            [Box::new(written(1)), Box::new(|| out("cut.part.json").exists()), Box::new(written(size * 7 / 10))];
        // How the others go on is the same.
        let all = matches!(format, "jsonl" | "ocsf");
        for (place, until) in places.iter().enumerate().filter(|(place, _)| all || *place == 1) {
            match killed(&machine, format, &cut, until) {
                Some(bytes) => assert!(bytes < size, "{format} {place}"),
                None => ended.push((format, place)),
            }
            let _ = std::fs::remove_file(&cut);
        }
        assert!(export(&machine, format, &cut).output().unwrap().status.success());
        assert!(std::fs::read(&cut).unwrap() == std::fs::read(&whole).unwrap(), "{format}");
        assert_eq!(names(&machine), ["cut", "whole"]);
        for path in [whole, cut] {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert!(ended.len() < 6, "most ended before the kill: {ended:?}");
}

#[test]
fn a_folder_removed_under_an_export_is_said() {
    let machine = Machine::new();
    filled(&machine, 8_000);
    let folder = machine.data().join("out");
    for format in FORMATS {
        std::fs::create_dir(&folder).unwrap();
        let child = export(&machine, format, &folder.join("cut")).spawn().unwrap();
        let part = folder.join("cut.part");
        while std::fs::metadata(&part).map_or(0, |part| part.len()) == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        // A note may come into it between its files and it.
        while std::fs::remove_dir_all(&folder).is_err() {}
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.code() == Some(2) && said.contains("is gone from"), "{format}: {said}");
        assert!(said.contains("Make that folder again or choose another") && !folder.exists(), "{format}: {said}");
    }
    engine(&machine).shutdown();
    let search = ["--home", &machine.data().join("d").display().to_string(), "audit", "export", "--format", "jsonl"]
        .map(str::to_owned);
    let log = machine.run(&search.each_ref().map(String::as_str), b"").out;
    assert!(log.lines().count() > 8_000 && !log.contains("\"audit.exported\""));
}

/// A small disk in memory, gone with the value.
struct Disk(PathBuf);

impl Disk {
    /// `None`, said aloud, where the system lets us have none.
    fn mounted(at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let tried = Command::new("mount").args(["-t", "tmpfs", "-o", "size=400k", "none"]).arg(&at).output();
        if tried.as_ref().is_ok_and(|tried| tried.status.success()) {
            return Some(Self(at));
        }
        let why = tried.map_or_else(|error| error.to_string(), |tried| String::from_utf8_lossy(&tried.stderr).into());
        let _ = writeln!(std::io::stderr(), "SKIPPED: no small disk can be mounted: {why}");
        None
    }

    fn sized(&self, size: &str) {
        let size = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &size]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_gone_on_with() {
    let machine = Machine::new();
    filled(&machine, 2_500);
    let whole = machine.data().join("whole");
    let Some(disk) = Disk::mounted(machine.data().join("out")) else { return };
    let cut = disk.0.join("cut");
    for format in FORMATS {
        disk.sized("400k");
        assert!(export(&machine, format, &whole).output().unwrap().status.success());
        let full = export(&machine, format, &cut).output().unwrap();
        let said = String::from_utf8_lossy(&full.stderr).into_owned();
        assert!(full.status.code() == Some(2) && said.contains("Make room on that disk"), "{format}: {said}");
        assert!(!said.contains("panic") && names(&machine) == ["cut.part"], "{format}: {said}");
        disk.sized("64m");
        assert!(export(&machine, format, &cut).output().unwrap().status.success());
        assert!(std::fs::read(&cut).unwrap() == std::fs::read(&whole).unwrap(), "{format}");
        assert_eq!(names(&machine), ["cut"]);
        for path in [&whole, &cut] {
            std::fs::remove_file(path).unwrap();
        }
    }
    for (verb, more) in [("pack", &["--out"][..]), ("backup", &[])] {
        for size in ["64k", "400k"] {
            disk.sized(size);
            let full = bounded(&machine, 1_000_000, &[&[verb], more, &[cut.to_str().unwrap()]].concat());
            let said = String::from_utf8_lossy(&full.stderr).into_owned();
            assert!(full.status.code() == Some(2) && said.contains("error: "), "{verb} {size}: {said}");
            assert!(said.contains("room") || said.contains("space"), "{verb} {size}: {said}");
            assert_eq!(names(&machine), Vec::<String>::new(), "{verb} {size}");
        }
    }
}

#[test]
fn a_file_that_cannot_grow_is_said_and_gone_on_with() {
    let machine = Machine::new();
    filled(&machine, 2_500);
    std::fs::create_dir(machine.data().join("out")).unwrap();
    let out = |name: &str| -> PathBuf { machine.data().join("out").join(name) };
    for format in FORMATS {
        let (whole, cut) = (out("whole"), out("cut"));
        let args = |path: &PathBuf| ["export", "--format", format, "--out", path.to_str().unwrap()].map(str::to_owned);
        let run = |blocks: u32, path: &PathBuf| {
            bounded(&machine, blocks, &args(path).iter().map(String::as_str).collect::<Vec<_>>())
        };
        assert!(run(1_000_000, &whole).status.success());
        let size = std::fs::metadata(&whole).unwrap().len();
        let full = run(u32::try_from(size / 512 * 9 / 10).unwrap(), &cut);
        let said = String::from_utf8_lossy(&full.stderr).into_owned();
        assert_eq!(full.status.code(), Some(2), "{format}: {said}");
        assert!(said.contains("error: ") && !said.contains("panic") && !cut.exists(), "{format}: {said}");
        assert!(names(&machine).contains(&"cut.part".to_owned()));
        assert!(run(1_000_000, &cut).status.success());
        assert!(std::fs::read(&cut).unwrap() == std::fs::read(&whole).unwrap(), "{format}");
        assert_eq!(names(&machine), ["cut", "whole"]);
        for path in [whole, cut] {
            std::fs::remove_file(path).unwrap();
        }
    }
    let pack = out("pack.zip");
    for (verb, more) in [("pack", &["--out"][..]), ("backup", &[])] {
        let args = [&[verb], more, &[pack.to_str().unwrap()]].concat();
        for blocks in [100, 1_000] {
            let full = bounded(&machine, blocks, &args);
            let said = String::from_utf8_lossy(&full.stderr).into_owned();
            assert_eq!(full.status.code(), Some(2), "{verb} {blocks}: {said}");
            assert!(said.contains("error: ") && !said.contains("panic"), "{verb} {blocks}: {said}");
            assert_eq!(names(&machine), Vec::<String>::new(), "{verb} {blocks}");
        }
        assert!(bounded(&machine, 1_000_000, &args).status.success());
        std::fs::remove_file(&pack).unwrap();
    }
    let data = DataDir::at(machine.data().join("d"));
    let report = Butler::verify_file(&data, None, &[], |_, _| ()).unwrap();
    assert!(report.first_bad.is_none() && report.entries.0 > 2_500, "{report:?}");
}
