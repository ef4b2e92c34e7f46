//! The hook's round trip for a call that policy passes, against starting `/bin/true`, in one run and in
//! turn. Started by `cargo xtask bench`, which builds both programs for release.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "measuring is reading the clock")]

#[cfg(unix)]
mod judge;
#[cfg(unix)]
mod mask;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clawbutler_testkit::machine::Machine;
use clawbutler_wire::command::Status;
use serde_json::json;

/// Calls of each kind, one after the other.
const ROUNDS: usize = 1_000;
/// Calls at the same time, and how often.
const AT_ONCE: usize = 20;

fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => round_trip(),
        #[cfg(unix)]
        Some("judge") => judge::run(),
        #[cfg(unix)]
        Some("mask") => mask::run(&std::env::args().skip(2).collect::<Vec<_>>()),
        Some(other) => {
            anyhow::bail!("no benchmark {other:?}; there are: judge, mask, and the round trip without a name")
        }
    }
}

fn round_trip() -> anyhow::Result<()> {
    let machine = Machine::new().context("run it by `cargo xtask bench`")?;
    machine.install_guard();
    let hook = machine.data().join("bin/clawbutler-hook");
    let entries = |machine: &Machine| machine.ask(&Status {}).map(|status| status.ledger_entries.0);
    let before = entries(&machine)?;

    let (mut ours, mut base) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        base.push(spawn(Path::new("/bin/true"), &[], "")?);
        ours.push(spawn(&hook, &["claude-code", "gate"], &payload(&machine, round))?);
    }
    report("one by one", &mut base, &mut ours);

    let (mut ours, mut base) = (Vec::new(), Vec::new());
    for batch in 0..ROUNDS / AT_ONCE {
        base.extend(together(|_| spawn(Path::new("/bin/true"), &[], ""))?);
        ours.extend(together(|index| {
            spawn(&hook, &["claude-code", "gate"], &payload(&machine, 100_000 + batch * AT_ONCE + index))
        })?);
    }
    report("20 at once", &mut base, &mut ours);

    let grown = entries(&machine)? - before;
    ensure!(grown == 4 * ROUNDS as u64, "{grown} entries were recorded for {} calls", 2 * ROUNDS);
    println!("recorded: {grown} ledger entries, two a call");
    println!("hook size: {} bytes (target 2 MB)", std::fs::metadata(&hook)?.len());
    Ok(())
}

fn payload(machine: &Machine, call: usize) -> String {
    json!({
        "session_id": "bench", "transcript_path": "", "cwd": machine.project(), "permission_mode": "default",
        "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": "ls -la", "description": "list" },
        "tool_use_id": format!("toolu_{call}"),
    })
    .to_string()
}

/// From spawn to exit.
fn spawn(program: &Path, args: &[&str], input: &str) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    let took = start.elapsed();
    ensure!(output.status.success() && output.stdout.is_empty(), "{} did not pass the call", program.display());
    Ok(took)
}

fn together(work: impl Fn(usize) -> anyhow::Result<Duration> + Sync) -> anyhow::Result<Vec<Duration>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE)
            .map(|index| {
                scope.spawn({
                    let work = &work;
                    move || work(index)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread ended early"))?).collect()
    })
}

fn report(what: &str, base: &mut [Duration], ours: &mut [Duration]) {
    base.sort_unstable();
    ours.sort_unstable();
    for (name, share) in [("p50", 50), ("p99", 99)] {
        let (base, ours) = (base[base.len() * share / 100], ours[ours.len() * share / 100]);
        println!(
            "{what:<11} {name}  /bin/true {base:>9.1?}  hook {ours:>9.1?}  ratio {:.2}",
            ours.as_secs_f64() / base.as_secs_f64()
        );
    }
}
