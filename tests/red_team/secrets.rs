//! Planted secrets go through every door, and nothing we own holds one of them in plain.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_wire::command::{GetApproval, Status};
use serde_json::{Value, json};

/// What is planted; every one in a form that leaves no doubt. Public test numbers and made-up keys.
const PLANTED: &[&str] = &[
    "sk-ant-api03-a1B2c3D4e5F6g7H8i9J0kLmNa1B2c3D4e5F6g7H8i9J0kLmNa1B2c3D4e5F6g7H8i9J0kLmN",
    "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5",
    "AKIAQWERTYUIOPASDFGH",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL5Wz1hGFSdfWBqxlEo",
    "hunter2correcthorse",
    "ada.lovelace.planted@analytical.example.org",
    "4539 1488 0343 6467",
    "DE89 3704 0044 0532 0130 00",
    "+49 30 901820 4711",
    // As a number, and without spaces.
    "4539148803436467",
    "DE89370400440532013000",
];

/// Where a secret may stand in a call of an MCP server: names of fields, lists, objects, numbers, texts of texts.
fn structured() -> Value {
    json!({
        PLANTED[0]: "x",
        "passwords": [PLANTED[4]],
        "password": { "value": PLANTED[4] },
        "card": 4_539_148_803_436_467_u64,
        "pass": PLANTED[4],
        "body": format!("DB_PASS={}", PLANTED[4]),
        "nested": [[{ "deep": [PLANTED[1], { PLANTED[5]: PLANTED[10] }] }]],
        "text": json!({ "client_secret": PLANTED[4] }).to_string(),
        "args": ["--password", PLANTED[4]],
    })
}

/// A word in the transcript by which it is told that it was read.
const MARK: &str = "themarkofthetranscript";

/// A transcript of the client with all of them, as it writes one while it works.
fn transcript(machine: &Machine) {
    let file = machine.at("home/.claude/projects/p/s.jsonl");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let line = |kind: &str, id: &str, content: Value| {
        json!({
            "type": kind, "uuid": id, "parentUuid": null, "sessionId": "s", "cwd": machine.project(), "version": "2.0.0",
            "timestamp": "2026-01-02T03:04:05.000Z", "isSidechain": false, "userType": "external",
            "message": { "role": kind, "id": id, "model": "m", "content": content, "usage": { "input_tokens": 1, "output_tokens": 1 } },
        })
        .to_string()
    };
    let text = text();
    let lines = [
        line("user", "u1", json!(format!("{MARK} {text}"))),
        line(
            "assistant",
            "a1",
            json!([
                { "type": "text", "text": format!("{MARK} {text}") },
                { "type": "tool_use", "id": "t0", "name": "mcp__x__y", "input": structured() },
            ]),
        ),
        line("user", "u2", json!([{ "type": "tool_result", "tool_use_id": "t0", "content": text }])),
    ];
    fs::write(file, lines.join("\n") + "\n").unwrap();
}

/// Whether a file below the folder holds the mark.
fn read(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        let path = entry.path();
        path.is_dir() && read(&path)
            || path.is_file() && fs::read(&path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(MARK))
    })
}

/// One text with all of them, as they stand in commands and files.
fn text() -> String {
    format!(
        "export ANTHROPIC_API_KEY={}; curl -H 'Authorization: token {}' -H 'X-Jwt: {}' https://db:{}@db.example/x; \
         AWS_ACCESS_KEY_ID={} mail {} card {} iban {} tel {}",
        PLANTED[0], PLANTED[1], PLANTED[3], PLANTED[4], PLANTED[2], PLANTED[5], PLANTED[6], PLANTED[7], PLANTED[8]
    )
}

/// Calls the installed hook as the client would, to its end; gives what it wrote.
fn hook(machine: &Machine, verb: &str, event: &str, fields: &Value) -> String {
    let mut input = json!({
        "session_id": "s", "transcript_path": machine.at("home/.claude/projects/p/s.jsonl"), "cwd": machine.project(),
        "permission_mode": "default", "hook_event_name": event,
    });
    for (name, value) in fields.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    let mut hook = Command::new(machine.data().join("bin/clawbutler-hook"))
        .args(["claude-code", verb])
        .env_clear()
        .envs(machine.env())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    hook.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = hook.wait_with_output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn gate(machine: &Machine, call: &str, tool: &str, input: &Value) -> String {
    hook(machine, "gate", "PreToolUse", &json!({ "tool_name": tool, "tool_input": input, "tool_use_id": call }))
}

/// The same; where it waits for a person, the person looks and says no.
fn answered(machine: &Machine, call: &str, tool: &str, input: &Value) {
    let mut plain = None;
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| gate(machine, call, tool, input));
        let seen = wait_for("an answer or a question", || {
            let waits = machine.pending().items.into_iter().next();
            (asked.is_finished() || waits.is_some()).then_some(waits)
        });
        if let Some(seen) = seen {
            let shown = serde_json::to_string(&machine.ask(&GetApproval { id: seen.id.clone() }).unwrap()).unwrap();
            plain = PLANTED.iter().any(|planted| shown.contains(planted)).then_some(shown);
            machine.decide(&seen, "deny", Some(&format!("not with {}", PLANTED[0]))).unwrap();
        }
        asked.join().unwrap();
    });
    // Looked at only now: a failure before the answer would wait for the hook for ever.
    assert_eq!(plain, None, "{call} was shown in plain");
}

/// Files below `folder` that hold one of the planted values, or its hex or base64 form.
fn leaks(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            leaks(&path, into);
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            for planted in PLANTED {
                if holds(&bytes, planted) {
                    into.push(format!("{planted} in {}", path.display()));
                }
            }
        }
    }
}

/// Whether the bytes hold the value, as it is, in hex or in base64 (at any of its three places).
fn holds(bytes: &[u8], planted: &str) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let hex: String = planted.bytes().map(|byte| format!("{byte:02x}")).collect();
    text.contains(planted)
        || text.contains(&hex)
        || text.contains(&hex.to_uppercase())
        || (0..3).any(|place| text.contains(&base64(planted.as_bytes(), place)))
}

/// The characters of base64 that depend on these bytes alone, where they begin at this place of three.
fn base64(bytes: &[u8], place: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = &bytes[(3 - place) % 3..];
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|by| char::from(DIGITS[bits >> by & 63]))
    };
    whole.chunks_exact(3).flat_map(group).collect()
}

#[test]
fn encoded_forms_are_seen() {
    for text in
        ["c2VjcmV0LXZhbHVlLTE=", "eHNlY3JldC12YWx1ZS0x", "eHhzZWNyZXQtdmFsdWUtMQ==", "7365637265742d76616c75652d31"]
    {
        assert!(holds(text.as_bytes(), "secret-value-1"), "{text}");
    }
    assert!(!holds(b"c2VjcmV0LXZhbHV", "secret-value-1"));
}

/// Everything that leaves: exports in all formats, a pack, a backup, and what the commands say.
fn leave(machine: &Machine, found: &mut Vec<String>) {
    let Some(cli) = clawbutler_testkit::given("CLAWBUTLER_CLI_BIN") else { return };
    let out = machine.at("leaves");
    fs::create_dir_all(&out).unwrap();
    let run = |name: &str, args: &[&str]| {
        let output = Command::new(&cli)
            .env_clear()
            .envs(machine.env())
            .arg("--home")
            .arg(machine.data())
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        fs::write(out.join(format!("{name}.out")), &output.stdout).unwrap();
        fs::write(out.join(format!("{name}.err")), &output.stderr).unwrap();
    };
    for format in ["jsonl", "csv", "ocsf", "cef", "otlp-logs", "otlp-traces"] {
        run(format, &["audit", "export", "--format", format]);
    }
    let pack = out.join("pack.zip").display().to_string();
    run("pack", &["audit", "pack", "--out", &pack]);
    run("backup", &["audit", "backup", &out.join("backup.db").display().to_string()]);
    run("status", &["status"]);
    leaks(&out, found);
}

#[test]
fn a_planted_secret_is_nowhere_in_what_we_own() {
    let Some(mut machine) = Machine::new() else { return };
    machine.install_guard();
    let text = text();
    transcript(&machine);
    wait_for("the transcript to be read", || read(&machine.data()).then_some(()));
    // What passes, with its outcome; what is written, edited, asked of the network and of an MCP server.
    let note = machine.project().join("notes.txt");
    for (call, tool, input) in [
        ("t1", "Bash", json!({ "command": format!("echo \"{text}\""), "description": text })),
        ("t2", "Write", json!({ "file_path": note, "content": text })),
        ("t3", "Edit", json!({ "file_path": note, "old_string": text, "new_string": format!("x {text}") })),
        ("t4", "Read", json!({ "file_path": machine.project().join(format!("{}.txt", PLANTED[1])) })),
        ("t5", "Task", json!({ "description": "x", "prompt": text, "subagent_type": "helper" })),
    ] {
        answered(&machine, call, tool, &input);
        let done = json!({ "tool_name": tool, "tool_input": input, "tool_use_id": call, "tool_response": { "stdout": text, "stderr": text } });
        hook(&machine, "observe", "PostToolUse", &done);
        let failed = json!({ "tool_name": tool, "tool_input": input, "tool_use_id": call, "error": text });
        hook(&machine, "observe", "PostToolUseFailure", &failed);
    }
    // Folders, session facts and broken input.
    let odd = machine.project().join(PLANTED[1]);
    hook(&machine, "observe", "SessionStart", &json!({ "cwd": odd, "source": text }));
    hook(&machine, "observe", "UserPromptSubmit", &json!({ "prompt": text }));
    hook(&machine, "observe", "SubagentStop", &json!({ "agent_id": "a", "last_assistant_message": text }));
    answered(&machine, "t6", &format!("mcp__{}__x", PLANTED[1]), &json!({ "q": text }));
    answered(&machine, "t7", "Bash", &json!(text));
    answered(&machine, "t10", "mcp__server__tool", &structured());
    let done = json!({ "tool_name": "mcp__server__tool", "tool_input": structured(), "tool_use_id": "t10", "tool_response": structured() });
    hook(&machine, "observe", "PostToolUse", &done);
    // A name that no client has, and input that is none: what the hook says of it.
    let broken = hook(&machine, "gate", "PreToolUse", &json!({ "tool_name": 7, "tool_input": text }));
    assert!(!PLANTED.iter().any(|planted| holds(broken.as_bytes(), planted)), "{broken}");
    hook(&machine, "observe", "SessionEnd", &json!({ "cwd": odd, "reason": text }));
    // The app is away: the hook judges alone and keeps what it saw for later.
    let exported = machine.at("away.jsonl");
    machine.quit();
    gate(&machine, "t8", "Bash", &json!({ "command": format!("echo \"{text}\"") }));
    hook(
        &machine,
        "gate",
        "PreToolUse",
        &json!({ "cwd": odd, "tool_name": "Bash", "tool_input": { "command": text }, "tool_use_id": "t9" }),
    );
    gate(&machine, "t11", "mcp__server__tool", &structured());
    let mut found = Vec::new();
    leaks(&machine.data(), &mut found);
    assert!(found.is_empty(), "while the app was away: {}", found.join("\n"));
    machine.start();
    wait_for("the spool to be taken in", || {
        (machine.ask(&Status {}).unwrap().ledger_entries.0 > 0
            && machine.ledger().iter().any(|entry| entry["kind"] == "offline.recorded"))
        .then_some(())
    });
    // What leaves as an export, and a crash.
    let entries: Vec<Value> = machine.ledger();
    assert!(entries.len() > 10, "the doors were open: {}", entries.len());
    fs::write(&exported, serde_json::to_vec(&entries).unwrap()).unwrap();
    leave(&machine, &mut found);
    machine.stop();
    leaks(&machine.data(), &mut found);
    // Our folders beside the data: state, settings, logs.
    for folder in ["home/.local", "home/.config", "home/.cache"].map(|folder| machine.at(folder)) {
        if folder.is_dir() {
            leaks(&folder, &mut found);
        }
    }
    let bytes = fs::read(&exported).unwrap();
    found.extend(PLANTED.iter().filter(|planted| holds(&bytes, planted)).map(|planted| format!("{planted} exported")));
    assert!(found.is_empty(), "{}", found.join("\n"));
}
