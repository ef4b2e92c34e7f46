//! The engine ended by a kill while hooks talk to it through the socket: what was acknowledged is in the log, and the
//! log's end is proven.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clawbutler_core::limits::FRAME_BYTES;
use clawbutler_platform::channel::{Frames, write_frame};
use clawbutler_platform::os::Connection;
use clawbutler_wire::gateway::{ActionReply, ActionRequest, Event, ProcessFacts, Strategy, VERSION, Verdict};
use serde_json::json;

use crate::Machine;

fn request(key: &str, command: &str) -> ActionRequest {
    ActionRequest {
        v: VERSION,
        runtime: "claude-code".to_owned(),
        event: Event::Gate,
        strategy: Strategy::Hold,
        idempotency_key: key.to_owned(),
        session: format!("s-{}", key.len() % 3),
        tool: "Bash".to_owned(),
        arguments: json!({ "command": command }),
        cwd: "/home/u/p".to_owned(),
        mode: "default".to_owned(),
        call_id: Some(key.to_owned()),
        agent_id: None,
        agent_name: None,
        extra: serde_json::Value::Null,
        process: ProcessFacts { home: "/home/u/.claude".to_owned(), ..ProcessFacts::default() },
        deadline_ms: 3_600_000,
    }
}

/// Asks; the connection stays open with the answer.
fn ask(data: &Path, request: &ActionRequest) -> Option<(Connection, ActionReply)> {
    let mut stream = Connection::open(data, Duration::from_millis(400)).ok()?;
    stream.set_patience(Some(Duration::from_secs(20))).ok()?;
    write_frame(&mut stream, &serde_json::to_string(request).unwrap()).ok()?;
    let frame = Frames::default().read(&mut stream, FRAME_BYTES).ok()??;
    Some((stream, serde_json::from_slice(&frame).ok()?))
}

fn serve(machine: &Machine, data: &Path) -> Child {
    let child = machine.start(&["--home", data.to_str().unwrap(), "serve"]);
    let mut tries = 0;
    while Connection::open(data, Duration::from_millis(400)).is_err() {
        tries += 1;
        assert!(tries < 3_000, "the engine does not answer");
        thread::sleep(Duration::from_millis(20));
    }
    child
}

/// Hooks ask until the engine is gone; the names of calls that were answered, or that a person is asked about.
fn talk(data: &Path, round: usize, hook: usize, gone: &AtomicBool) -> Vec<String> {
    let (mut acknowledged, mut waiting) = (Vec::new(), Vec::new());
    for call in 0..2_000 {
        if gone.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("n{round}x{hook}x{call}x");
        let dangerous = hook == 0 && call < 8;
        let command = if dangerous { format!("rm -rf /home/u/{name}") } else { format!("ls {name}") };
        let Some((stream, reply)) = ask(data, &request(&name, &command)) else { break };
        if reply.verdict == Verdict::Waiting {
            waiting.push(stream);
        }
        acknowledged.push(name);
    }
    acknowledged
}

#[test]
fn a_kill_takes_nothing_that_a_hook_was_told_and_leaves_the_end_proven() {
    let machine = Machine::new();
    let data: PathBuf = machine.data().join("d");
    let home = data.display().to_string();
    let run = |args: &[&str]| machine.run(&[&["--home", &home, "audit"], args].concat(), b"");
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let mut child = serve(&machine, &data);
        let gone = AtomicBool::new(false);
        thread::scope(|scope| {
            let hooks: Vec<_> = (0..4)
                .map(|hook| {
                    scope.spawn({
                        let (data, gone) = (&data, &gone);
                        move || talk(data, round, hook, gone)
                    })
                })
                .collect();
            thread::sleep(Duration::from_millis(400 + 150 * u64::try_from(round).unwrap()));
            child.kill().unwrap();
            child.wait().unwrap();
            gone.store(true, Ordering::Relaxed);
            for hook in hooks {
                acknowledged.extend(hook.join().unwrap());
            }
        });
        let verified = run(&["verify", "--json"]);
        let report = serde_json::from_str::<serde_json::Value>(&verified.out).unwrap();
        let export = run(&["export", "--format", "jsonl"]).out;
        let lines: Vec<&str> = export.lines().collect();
        // The kill may fall between a commit and its seal; nobody was told of that one.
        let proven: usize = report["proven"].as_str().unwrap().parse().unwrap();
        assert!(verified.code == Some(0) || lines.len() - proven <= 8, "round {round}: {report}");
        assert!(report["checkpoint"] == "good" && report["unproven"] == json!([]) || proven < lines.len(), "{report}");
        let sealed = lines[..proven].join("\n");
        let lost: Vec<_> = acknowledged.iter().filter(|name| !sealed.contains(name.as_str())).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} of {}", acknowledged.len());
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
}
