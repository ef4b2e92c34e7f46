//! Our hook and another guard over the same labelled actions, in turn, in one run: processor time, time to
//! the answer, dangers missed, harmless actions stopped. Started by `cargo xtask bench -- judge`.
//!
//! Every guard runs as its own installer sets it up: one process a call, the client's JSON on standard
//! input, a git repository under a home folder that is not a temporary one. `/bin/true` is the floor.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clawbutler_testkit::given;
use clawbutler_testkit::machine::Machine;
use serde_json::{Value, json};

use crate::mask::children;

/// Labelled actions of each file that are measured.
const SAMPLE: usize = 120;
/// Files of labelled actions, and whether what is in them is dangerous.
const FILES: &[(&str, bool)] = &[("benign", false), ("dangerous", true), ("disguised", true)];
/// The home folder in the labelled actions.
const HOME: &str = "/home/dev";
/// Tools of the client that every guard here is asked about.
const TOOLS: &[&str] = &["Bash", "Read", "Write", "Edit", "Glob", "Grep"];
/// Rows that came out otherwise than labelled and are named, for each guard.
const NAMED: usize = 20;

/// One labelled action of the sample.
struct Row {
    class: usize,
    /// The line as it stands in the file.
    line: String,
}

/// Something that is asked.
struct Guard<'a> {
    name: String,
    program: PathBuf,
    args: &'a [&'a str],
    machine: &'a Machine,
    calls: Vec<Call>,
}

/// What one call took and gave.
struct Call {
    cpu: Duration,
    wall: Duration,
    stopped: bool,
}

/// Measures and prints; with nothing of the other guard where it is not installed.
pub(crate) fn run() -> Result<()> {
    let rows = sample()?;
    let (awake, mut asleep) = (machine()?, machine()?);
    asleep.quit();
    prepare(&rows, &[&awake, &asleep])?;
    let gate: &[&str] = &["claude-code", "gate"];
    let guard = |name: &str, program: PathBuf, args, machine| Guard {
        name: name.to_owned(),
        program,
        args,
        machine,
        calls: Vec::new(),
    };
    let hook = |machine: &Machine| machine.data().join("bin/clawbutler-hook");
    let mut guards = vec![
        guard("/bin/true", "/bin/true".into(), &[], &awake),
        guard("hook, engine running", hook(&awake), gate, &awake),
        guard("hook, engine not running", hook(&asleep), gate, &asleep),
    ];
    if let Some(nah) = given("CLAWBUTLER_NAH_BIN") {
        guards.push(guard("nah 0.11.0", nah, &["_claude-hook"], &awake));
    }
    let before = engine_ticks(&awake);
    for (number, row) in rows.iter().enumerate() {
        // Whoever is first finds colder caches: everyone is first in turn.
        for turn in 0..guards.len() {
            let at = (number + turn) % guards.len();
            let call = ask(&guards[at], row, number)?;
            guards[at].calls.push(call);
        }
    }
    let ticks = engine_ticks(&awake).zip(before).map(|(after, before)| after - before);
    report(&rows, &guards, ticks);
    Ok(())
}

fn machine() -> Result<Machine> {
    let machine = Machine::new().context("run it by `cargo xtask bench -- judge`")?;
    machine.install_guard();
    Ok(machine)
}

/// Evenly spaced rows of the tools that all guards know.
fn sample() -> Result<Vec<Row>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus");
    let mut rows = Vec::with_capacity(SAMPLE * FILES.len());
    for (class, (name, _)) in FILES.iter().enumerate() {
        let path = folder.join(format!("{name}.jsonl"));
        let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
        let fits = |line: &&str| {
            let row: Value = serde_json::from_str(line).unwrap_or_default();
            let known = row["tool"].as_str().is_some_and(|tool| TOOLS.contains(&tool));
            known && row["runtime"] == "claude-code" && row["cwd"].as_str().is_some_and(|cwd| cwd.starts_with(HOME))
        };
        let lines: Vec<&str> = text.lines().filter(fits).collect();
        ensure!(lines.len() >= SAMPLE, "{name} has {} rows for this", lines.len());
        rows.extend((0..SAMPLE).map(|at| Row { class, line: lines[at * lines.len() / SAMPLE].to_owned() }));
    }
    Ok(rows)
}

/// Makes the folders that the rows name, and repositories of their projects.
fn prepare(rows: &[Row], machines: &[&Machine]) -> Result<()> {
    let mut folders = BTreeSet::new();
    for row in rows {
        let row: Value = serde_json::from_str(&row.line)?;
        for (name, is_project) in [("cwd", false), ("project", true)] {
            folders.extend(row[name].as_str().map(|path| (is_project, path.to_owned())));
        }
    }
    for machine in machines {
        for (is_project, folder) in &folders {
            let folder = moved(folder, machine);
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder}"))?;
            if *is_project {
                let made = Command::new("git").args(["init", "--quiet"]).arg(&folder).status()?;
                ensure!(made.success(), "git init failed in {folder}");
            }
        }
    }
    Ok(())
}

/// A text of the rows with the machine's home folder in it.
fn moved(text: &str, machine: &Machine) -> String {
    text.replace(HOME, &machine.at("home").display().to_string())
}

/// What the client would send.
fn payload(row: &Row, number: usize, machine: &Machine) -> Result<String> {
    let row: Value = serde_json::from_str(&moved(&row.line, machine))?;
    let payload = json!({
        "session_id": format!("bench-{number}"), "transcript_path": "", "cwd": row["cwd"], "permission_mode": "default",
        "hook_event_name": "PreToolUse", "tool_name": row["tool"], "tool_input": row["input"],
        "tool_use_id": format!("toolu_{number}"),
    });
    Ok(payload.to_string())
}

/// One process, from its start to its end.
fn ask(guard: &Guard<'_>, row: &Row, number: usize) -> Result<Call> {
    let input = payload(row, number, guard.machine)?;
    let folder: Value = serde_json::from_str(&input)?;
    let mut command = Command::new(&guard.program);
    command.args(guard.args).env_clear().envs(guard.machine.env());
    // Somebody sits at the client: what needs a person is handed to its prompt at once.
    command.env("CLAUDE_CODE_SESSION_ATTENDED", "1").env("CLAUDE_CODE_ENTRYPOINT", "cli");
    command.current_dir(folder["cwd"].as_str().unwrap_or("/"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let before = children()?;
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {}", guard.program.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read is no fault of ours: `/bin/true` does not.
        let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
    }
    let output = child.wait_with_output()?;
    let wall = start.elapsed();
    let cpu = children()?.saturating_sub(before);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let decision = said["hookSpecificOutput"]["permissionDecision"].as_str();
    // The client takes exit status 2 as no, and any other failure as nothing said.
    let stopped = output.status.code() == Some(2) || matches!(decision, Some("ask" | "deny"));
    Ok(Call { cpu, wall, stopped })
}

/// Processor time of the engine in ticks of 10 ms, where the system tells.
fn engine_ticks(machine: &Machine) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", machine.host.as_ref()?.pid())).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

fn report(rows: &[Row], guards: &[Guard<'_>], engine_ticks: Option<u64>) {
    println!("{SAMPLE} rows each of {}\n", FILES.iter().map(|file| file.0).collect::<Vec<_>>().join(", "));
    println!(
        "| | CPU ms p50 | CPU ms p95 | wall ms p50 | wall ms p95 | missed, dangerous | missed, disguised | needless stops |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for guard in guards {
        let share = |of: fn(&Call) -> Duration, percent: usize| {
            let mut times: Vec<Duration> = guard.calls.iter().map(of).collect();
            times.sort_unstable();
            times[times.len() * percent / 100].as_secs_f64() * 1e3
        };
        let wrong = |class: usize| wrong(rows, guard).filter(|row| row.class == class).count();
        let times = format!(
            "{:.1} | {:.1} | {:.1} | {:.1}",
            share(|call| call.cpu, 50),
            share(|call| call.cpu, 95),
            share(|call| call.wall, 50),
            share(|call| call.wall, 95)
        );
        if guard.args.is_empty() {
            println!("| {} | {times} | – | – | – |", guard.name);
        } else {
            println!("| {} | {times} | {} | {} | {} |", guard.name, wrong(1), wrong(2), wrong(0));
        }
    }
    if let Some(ticks) = engine_ticks {
        let calls = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        println!("\nthe engine on top: {} µs of processor time a call", ticks * 10_000 / calls);
    }
    for guard in guards.iter().filter(|guard| !guard.args.is_empty()) {
        let ids: Vec<String> = wrong(rows, guard).map(id).collect();
        if !ids.is_empty() {
            let more = if ids.len() > NAMED { ", …" } else { "" };
            println!("\n{}, otherwise than labelled: {}{more}", guard.name, ids[..ids.len().min(NAMED)].join(", "));
        }
    }
}

/// Rows that came out otherwise than labelled.
fn wrong<'a>(rows: &'a [Row], guard: &'a Guard<'_>) -> impl Iterator<Item = &'a Row> {
    rows.iter().zip(&guard.calls).filter(|(row, call)| call.stopped != FILES[row.class].1).map(|(row, _)| row)
}

fn id(row: &Row) -> String {
    let row: Value = serde_json::from_str(&row.line).unwrap_or_default();
    row["id"].as_str().unwrap_or("?").to_owned()
}
