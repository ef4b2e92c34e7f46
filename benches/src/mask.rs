//! Masking against two other maskers, in turn, in one run: processor time over recorded sessions, and what
//! each does with the labelled set. Started by `cargo xtask bench -- mask [FILE…]`.
//!
//! Every masker is a program that reads standard input and writes it masked. `cat` is the floor: what it
//! takes to move the same bytes. Without files, the captured sessions of this repository are repeated.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::Value;

/// Bytes every fast masker is given; real files are cut or repeated to it.
const BYTES: usize = 48 * 1024 * 1024;
/// Bytes the slow one is given: it would need minutes for more.
const SLOW_BYTES: usize = 1024 * 1024;
/// Turns of every masker.
const TURNS: usize = 3;
/// Folders with captured sessions of real clients.
const CAPTURED: &[&str] = &["crates/connectors", "crates/policy/src/cost/fixtures"];
/// The labelled set.
const SET: &str = "tests/corpus/masking.jsonl";

struct Masker {
    name: &'static str,
    program: PathBuf,
    args: Vec<String>,
    bytes: usize,
    times: Vec<Duration>,
}

/// Measures and prints; with nothing of the others where they are not installed.
pub(crate) fn run(files: &[String]) -> Result<()> {
    let text = sessions(files)?;
    let folder = tempfile::tempdir()?;
    let mut maskers = maskers(folder.path());
    for _ in 0..TURNS {
        for masker in &mut maskers {
            let (time, _) = once(masker, &text[..masker.bytes.min(text.len())])?;
            masker.times.push(time);
        }
    }
    println!("| | MB per second of processor time (best of {TURNS}) |\n| --- | --- |");
    for masker in &maskers {
        let best = masker.times.iter().min().context("nothing was measured")?.as_secs_f64();
        let megabytes = f64::from(u32::try_from(masker.bytes.min(text.len()))?) / 1e6;
        println!("| {} | {:.2} |", masker.name, megabytes / best.max(1e-3));
    }
    println!("\n| | rows right | values left in plain | harmless rows changed |\n| --- | --- | --- | --- |");
    for masker in maskers.iter().skip(1) {
        let (rows, right, left, changed) = labelled(masker)?;
        println!("| {} | {right} of {rows} | {left} | {changed} |", masker.name);
    }
    Ok(())
}

fn maskers(data: &Path) -> Vec<Masker> {
    let masker = |name, program: PathBuf, args: &[&str], bytes| Masker {
        name,
        program,
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        bytes,
        times: Vec::new(),
    };
    let mut all = vec![masker("`cat`", PathBuf::from("cat"), &[], BYTES)];
    let data = data.display().to_string();
    if let Some(ours) = std::env::var_os("CLAWBUTLER_CLI_BIN") {
        all.push(masker("`clawbutler mask`", ours.into(), &["--home", &data, "mask", "--addresses"], BYTES));
    }
    if let Some(leakguard) = std::env::var_os("CLAWBUTLER_LEAKGUARD_BIN") {
        all.push(masker("`leakguard`", leakguard.into(), &[], BYTES));
    }
    if let Some(python) = std::env::var_os("CLAWBUTLER_PRESIDIO_PYTHON") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/presidio.py");
        all.push(masker("`presidio-analyzer`, patterns only", python.into(), &[script], SLOW_BYTES));
    }
    all
}

/// One process over `text`: its processor time and what it wrote.
fn once(masker: &Masker, text: &str) -> Result<(Duration, String)> {
    let before = children()?;
    let mut child = Command::new(&masker.program)
        .args(&masker.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", masker.program.display()))?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let output = std::thread::scope(|scope| {
        // A masker that ends early shows in what it wrote.
        scope.spawn(move || drop(stdin.write_all(text.as_bytes())));
        child.wait_with_output()
    })?;
    ensure!(output.status.success(), "{} failed: {}", masker.name, output.status);
    Ok((children()?.saturating_sub(before), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Rows; rows that came out as labelled; values left in plain text; rows without a value that were changed.
fn labelled(masker: &Masker) -> Result<(usize, usize, usize, usize)> {
    let (mut rows, mut right, mut left, mut changed) = (0, 0, 0, 0);
    for line in fs::read_to_string(root().join(SET))?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let text = row["text"].as_str().context("a row without text")?;
        let values: Vec<&str> =
            row["mask"].as_object().into_iter().flatten().map(|(value, _)| value.as_str()).collect();
        let (_, masked) = once(masker, &format!("{text}\n"))?;
        let plain = values.iter().filter(|&&value| masked.contains(value)).count();
        let spoiled = values.is_empty() && masked.trim_end() != text.trim_end();
        rows += 1;
        right += usize::from(plain == 0 && !spoiled);
        left += plain;
        changed += usize::from(spoiled);
    }
    Ok((rows, right, left, changed))
}

/// Recorded sessions, at most [`BYTES`] and at least that much where they are our own captures.
fn sessions(files: &[String]) -> Result<String> {
    let mut paths: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    if paths.is_empty() {
        for folder in CAPTURED {
            captured(&root().join(folder), &mut paths)?;
        }
    }
    paths.sort();
    let mut once = String::new();
    for path in &paths {
        once.push_str(&String::from_utf8_lossy(&fs::read(path).with_context(|| path.display().to_string())?));
        once.push('\n');
    }
    ensure!(!once.trim().is_empty(), "no recorded sessions");
    let mut all = once.repeat(BYTES / once.len() + 1);
    let end = all.floor_char_boundary(BYTES);
    all.truncate(end);
    println!(
        "{} files of recorded sessions, {} kB, repeated to {} MB\n",
        paths.len(),
        once.len() / 1000,
        all.len() / 1_000_000
    );
    Ok(all)
}

fn captured(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            captured(&path, into)?;
        } else if path.extension().is_some_and(|end| end == "jsonl") {
            into.push(path);
        }
    }
    Ok(())
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Processor time of all children that ended.
pub(crate) fn children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros)?))
}
