//! A program of the same user that reads every file and talks to every socket we own: it cannot approve,
//! and what it can do does not stay unnoticed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

mod secrets;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::{given, http};
use clawbutler_wire::command::{COMMANDS, Govern, ListAgents, ListGrants, SetAgentState, Status};
use clawbutler_wire::registry::AgentState;
use serde_json::{Value, json};

/// Asks as a hook would, and keeps the connection.
fn ask(machine: &Machine, call: &str, command: &str) -> BufReader<UnixStream> {
    let stream = UnixStream::connect(machine.data().join("hook.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let request = json!({
        "v": 1, "runtime": "claude-code", "event": "gate", "strategy": "hold", "idempotency_key": call, "session": "s", "tool": "Bash",
        "arguments": { "command": command }, "cwd": machine.project(), "mode": "default", "call_id": call,
        "process": { "home": machine.at("home/.claude") }, "deadline_ms": 60_000,
    });
    (&stream).write_all(format!("{request}\n").as_bytes()).unwrap();
    BufReader::new(stream)
}

fn line(reader: &mut BufReader<UnixStream>) -> Option<Value> {
    let mut text = String::new();
    reader.read_line(&mut text).ok().filter(|count| *count > 0)?;
    serde_json::from_str(&text).ok()
}

fn alerts(machine: &Machine) -> String {
    machine.ask(&Status {}).unwrap().alerts.into_iter().map(|alert| alert.says).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_socket_only_submits() {
    let Some(machine) = Machine::new() else { return };
    let mut waiting = ask(&machine, "one", "rm -rf victim");
    assert_eq!(line(&mut waiting).unwrap()["verdict"], "waiting");
    let seen = machine.pending().items.remove(0);
    for frame in [
        json!({ "decide": seen.id, "verb": "allow_once" }),
        json!({ "v": 1, "event": "decide", "id": seen.id, "verb": "allow_once", "revision": seen.revision, "seen_digest": seen.seen_digest }),
        json!({ "command": "decide_approval", "request": { "id": seen.id, "revision": 1, "seen_digest": seen.seen_digest, "verb": "allow_once" } }),
        json!({ "delivered": true }),
        json!([]),
    ]
    .into_iter()
    .chain(COMMANDS.iter().map(|name| json!({ "v": 1, "command": name, "event": name, "request": {} })))
    {
        let mut stream = UnixStream::connect(machine.data().join("hook.sock")).unwrap();
        stream.write_all(format!("{frame}\n").as_bytes()).unwrap();
        let reply = line(&mut BufReader::new(stream)).unwrap();
        assert_eq!(reply["verdict"], "unavailable", "{frame}");
    }
    assert_eq!(machine.pending().items.len(), 1, "still waits");
}

#[test]
fn a_retry_joins_and_a_decided_answer_is_not_handed_out_twice() {
    let Some(machine) = Machine::new() else { return };
    let mut first = ask(&machine, "one", "rm -rf victim");
    let mut second = ask(&machine, "one", "rm -rf victim");
    assert_eq!(line(&mut first).unwrap()["verdict"], "waiting");
    assert_eq!(line(&mut second).unwrap()["verdict"], "waiting");
    let pending = machine.pending();
    assert_eq!(pending.items.len(), 1, "one question");
    machine.decide(&pending.items[0], "allow_once", None).unwrap();
    for reader in [&mut first, &mut second] {
        assert_eq!(line(reader).unwrap()["verdict"], "allow");
    }
    first.get_mut().write_all(b"{\"delivered\":true}\n").unwrap();
    wait_for("the delivery", || machine.kinds().contains(&"decision.delivered".to_owned()).then_some(()));
    let mut replay = ask(&machine, "one", "rm -rf victim");
    assert_eq!(line(&mut replay).unwrap()["verdict"], "waiting", "an answer that was used is asked for anew");
    let mut other = ask(&machine, "one", "rm -rf /");
    assert_eq!(line(&mut other).unwrap()["verdict"], "waiting", "the key of one call opens nothing for another");
}

#[test]
fn a_hand_in_the_database_decides_nothing_and_is_noticed() {
    let Some(mut machine) = Machine::new() else { return };
    let mut waiting = ask(&machine, "one", "rm -rf victim");
    assert_eq!(line(&mut waiting).unwrap()["verdict"], "waiting");
    let forge = "import sqlite3,sys;c=sqlite3.connect(sys.argv[1]);\
        c.execute(\"update approvals set state='approved', state_json='{\\\"state\\\":\\\"allowed\\\",\\\"by\\\":{\\\"kind\\\":\\\"local_user\\\"},\\\"at\\\":1,\\\"grant\\\":null}'\");\
        c.execute(\"insert into grants (id,cover,reach,expires_at,created_at,ledger_seq,uses,ended_at) values('g','{\\\"covers\\\":\\\"host\\\",\\\"host\\\":\\\"x\\\"}','{\\\"in\\\":\\\"session\\\",\\\"runtime\\\":\\\"claude-code\\\",\\\"session\\\":\\\"s\\\"}',null,1,1,0,null)\");\
        c.commit()";
    let forged =
        Command::new("python3").args(["-c", forge]).arg(machine.data().join("clawbutler.db")).output().unwrap();
    assert!(forged.status.success(), "{}", String::from_utf8_lossy(&forged.stderr));
    wait_for("the alarm", || alerts(&machine).contains("Another program wrote").then_some(()));
    assert!(line(&mut waiting).is_none_or(|reply| reply["verdict"] != "allow"), "nobody was let through");
    assert!(machine.kinds().contains(&"tampering.noticed".to_owned()));
    assert!(machine.ask(&ListGrants::default()).unwrap().items.is_empty());
    machine.quit();
    machine.start();
    assert!(machine.ask(&ListGrants::default()).unwrap().items.is_empty(), "a grant without its entry does not count");
    assert!(alerts(&machine).contains("cannot vouch"));
}

#[test]
fn entries_cut_off_while_the_app_was_closed_are_noticed() {
    let Some(mut machine) = Machine::new() else { return };
    // Waits for the answer: the engine writes its entry before it answers.
    assert!(line(&mut ask(&machine, "one", "ls")).is_some());
    machine.quit();
    let cut = "import sqlite3,sys;c=sqlite3.connect(sys.argv[1]);c.execute('drop trigger ledger_no_delete');\
        c.execute('delete from ledger where seq=(select max(seq) from ledger)');c.commit()";
    assert!(
        Command::new("python3").args(["-c", cut]).arg(machine.data().join("clawbutler.db")).status().unwrap().success()
    );
    machine.start();
    assert!(alerts(&machine).contains("The audit log does not hold"), "{}", alerts(&machine));
}

#[test]
fn without_app_and_without_rules_the_hook_still_knows_where_home_is() {
    let Some(mut machine) = Machine::new() else { return };
    machine.install_guard();
    machine.quit();
    fs::remove_file(machine.data().join("snapshot.json")).unwrap();
    let home = machine.at("home").display().to_string();
    for (command, answer) in [
        ("echo alias ls=evil >> ~/.bashrc", "deny"),
        ("echo key >> $HOME/.ssh/authorized_keys", "deny"),
        ("rm -rf ~", "deny"),
        ("ls -la", ""),
    ] {
        let input = json!({
            "session_id": "s", "transcript_path": format!("{home}/.claude/projects/p/s.jsonl"), "cwd": machine.project(),
            "permission_mode": "bypassPermissions", "hook_event_name": "PreToolUse", "tool_name": "Bash",
            "tool_input": { "command": command }, "tool_use_id": "toolu_1",
        });
        let mut hook = Command::new(machine.data().join("bin/clawbutler-hook"))
            .args(["claude-code", "gate"])
            .env_clear()
            .envs(machine.env())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        hook.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
        let output = hook.wait_with_output().unwrap();
        let says: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let decision = says["hookSpecificOutput"]["permissionDecision"].as_str().unwrap_or_default();
        assert_eq!(decision, answer, "{command}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Calls the installed hook as the client would; gives its decision.
fn hook(machine: &Machine, command: &str, home: &str) -> String {
    let input = json!({
        "session_id": "s", "transcript_path": format!("{home}/projects/p/s.jsonl"), "cwd": machine.project(),
        "permission_mode": "default", "hook_event_name": "PreToolUse", "tool_name": "Bash",
        "tool_input": { "command": command }, "tool_use_id": "toolu_1",
    });
    let mut hook = Command::new(machine.data().join("bin/clawbutler-hook"))
        .args(["claude-code", "gate"])
        .env_clear()
        .envs(machine.env())
        .env("CLAUDE_CONFIG_DIR", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    hook.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = hook.wait_with_output().unwrap();
    let says: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let of = |name: &str| says["hookSpecificOutput"][name].as_str().unwrap_or_default().to_owned();
    format!(
        "{}{}",
        of("permissionDecision"),
        if of("permissionDecisionReason").contains("disabled") { ": disabled" } else { "" }
    )
}

#[test]
fn a_disabled_agent_is_denied_by_the_hook_with_and_without_the_app() {
    let Some(mut machine) = Machine::new() else { return };
    machine.install_guard();
    let home = machine.at("home/.claude").display().to_string();
    let other = machine.at("home/.claude/../.claude").display().to_string();
    assert_eq!(hook(&machine, "ls", &home), "");
    machine.ask(&SetAgentState { home_id: machine.home_id(), enabled: false }).unwrap();
    for app in [true, false] {
        if !app {
            machine.quit();
        }
        for home in [&home, &other] {
            assert_eq!(hook(&machine, "ls", home), "deny: disabled", "app running: {app}, {home}");
        }
    }
    machine.start();
    machine.ask(&SetAgentState { home_id: machine.home_id(), enabled: true }).unwrap();
    assert_eq!(hook(&machine, "ls", &home), "");
}

#[test]
fn no_frame_on_the_socket_reaches_the_registry() {
    let Some(machine) = Machine::new() else { return };
    machine.install_guard();
    let id = machine.home_id();
    machine.ask(&SetAgentState { home_id: id.clone(), enabled: false }).unwrap();
    for (command, request) in [
        ("list_agents", json!({})),
        ("show_agent", json!({ "home_id": id })),
        ("govern_many", json!({ "home_ids": [id], "governed": false })),
        ("add_home", json!({ "runtime": "codex", "place": "/tmp" })),
        ("forget_home", json!({ "home_id": id })),
        ("set_agent_state", json!({ "home_id": id, "enabled": true })),
        ("kill_agent", json!({ "home_id": id })),
        ("revive_agent", json!({ "home_id": id })),
        ("accept_drift", json!({ "home_id": id, "digest": "0" })),
        ("attach_home", json!({ "home_id": id, "token": "x" })),
        ("detach_home", json!({ "home_id": id })),
        ("set_floor", json!({ "home_id": id, "raised": false, "seen_hash": "0" })),
    ] {
        assert!(COMMANDS.contains(&command), "{command}");
        for frame in [
            json!({ "command": command, "request": request }),
            json!({ "v": 1, "runtime": "claude-code", "event": command, "session": "s", "request": request }),
            request,
        ] {
            let mut stream = UnixStream::connect(machine.data().join("hook.sock")).unwrap();
            stream.write_all(format!("{frame}\n").as_bytes()).unwrap();
            assert_eq!(line(&mut BufReader::new(stream)).unwrap()["verdict"], "unavailable", "{frame}");
        }
    }
    let agents = machine.ask(&ListAgents {}).unwrap().agents;
    let agent = agents.into_iter().find(|agent| agent.id == id).unwrap();
    assert_eq!((agent.governed, agent.state), (true, AgentState::Disabled), "all as it was");
    let kinds: Vec<Value> = machine.ledger().into_iter().map(|entry| entry["kind"].clone()).collect();
    for kind in ["agent.enabled", "agent.revived", "agent.kill_requested", "home.forgotten", "home.released"] {
        assert!(!kinds.contains(&json!(kind)), "{kind}");
    }
}

/// Who tells of exports adds a note, and never the seal of an evidence pack.
#[test]
fn a_told_export_seals_no_pack() {
    let Some(machine) = Machine::new() else { return };
    let sealed = "ab".repeat(32);
    let send = |export: &Value| {
        let mut stream = UnixStream::connect(machine.data().join("hook.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(format!("{}\n", json!({ "v": 1, "export": export })).as_bytes()).unwrap();
        line(&mut BufReader::new(stream)).unwrap()
    };
    let told = json!({ "format": "pack", "filter": {}, "count": "1", "through": "1", "digest": sealed });
    assert!(send(&told)["seq"].is_string());
    let mut more = told.clone();
    more["manifest"] = json!(sealed);
    assert_eq!(send(&more)["verdict"], "unavailable");
    // Looking at the log exports it, which is recorded too.
    let packs = || {
        let ledger = machine.ledger();
        ledger.into_iter().filter(|entry| entry["data"]["format"] == "pack").collect::<Vec<_>>()
    };
    let exports = packs();
    assert_eq!(exports.len(), 1, "{exports:?}");
    assert_eq!((&exports[0]["actor"]["kind"], &exports[0]["data"]["manifest"]), (&json!("hook"), &Value::Null));
    assert_eq!(exports[0]["data"]["origin"], "command_line");
    for _ in 0..40 {
        send(&told);
    }
    assert!(packs().len() <= 30, "nobody fills the log by it");
}

/// What would put an older state in our place is never let through, app away or not.
#[test]
fn an_agent_does_not_restore() {
    let Some(mut machine) = Machine::with_claude(&json!({})) else { return };
    let home = machine.at("home/.claude").display().to_string();
    let command = "clawbutler audit restore /tmp/old.db";
    assert!(hook(&machine, command, &home).contains("deny"), "{}", hook(&machine, command, &home));
    machine.stop();
    assert!(hook(&machine, command, &home).contains("deny"), "{}", hook(&machine, command, &home));
}

#[test]
fn the_guard_does_not_leave_unnoticed() {
    let Some(machine) = Machine::new() else { return };
    machine.install_guard();
    fs::write(machine.at("home/.claude/settings.json"), "{}").unwrap();
    wait_for("the alarm", || alerts(&machine).contains("is not in force").then_some(()));
    assert!(machine.kinds().contains(&"guard.drift".to_owned()));
}

#[test]
fn a_stolen_socket_is_noticed_and_made_anew() {
    let Some(machine) = Machine::new() else { return };
    let path = machine.data().join("hook.sock");
    fs::remove_file(&path).unwrap();
    let _thief = std::os::unix::net::UnixListener::bind(&path).unwrap();
    wait_for("the alarm", || alerts(&machine).contains("socket").then_some(()));
    let mut asked = wait_for("our own socket", || {
        let mut asked = ask(&machine, "one", "rm -rf victim");
        (line(&mut asked)?["verdict"] == "waiting").then_some(asked)
    });
    drop(line(&mut asked));
}

#[test]
fn the_command_line_decides_nothing() {
    let Some(cli) = given("CLAWBUTLER_CLI_BIN") else { return };
    for verb in [
        "approve", "allow", "decide", "deny", "grant", "guard", "uninstall", "settings", "kill", "revive", "enable",
        "disable", "forget", "govern", "accept",
    ] {
        let run = Command::new(&cli).args(["--home", "/nonexistent", verb]).output().unwrap();
        assert!(!run.status.success(), "{verb} must not exist");
        assert!(String::from_utf8_lossy(&run.stderr).contains("unrecognized subcommand"), "{verb}");
    }
    for verb in ["accept", "reject", "save", "import", "delete", "pack", "set", "enable", "pass"] {
        let run = Command::new(&cli).args(["--home", "/nonexistent", "rules", verb]).output().unwrap();
        assert!(!run.status.success(), "rules {verb} must not exist");
        assert!(String::from_utf8_lossy(&run.stderr).contains("unrecognized subcommand"), "rules {verb}");
    }
}

#[test]
fn the_dev_host_admits_nobody_without_its_token_and_no_other_site() {
    let Some(machine) = Machine::new() else { return };
    let host = machine.host.as_ref().unwrap();
    let good = format!("Bearer {}", host.token);
    let own = format!("127.0.0.1:{}", host.port);
    for (headers, status) in [
        (vec![], 403),
        (vec![("authorization", "Bearer wrong")], 403),
        (vec![("authorization", good.as_str()), ("host", "evil.example")], 403),
        (vec![("authorization", good.as_str()), ("origin", "http://evil.example")], 403),
        (vec![("authorization", good.as_str()), ("host", own.as_str())], 200),
    ] {
        let reply = http::send(host.port, "POST", "/ipc/status", &headers, "{}").unwrap();
        assert_eq!(reply.status, status, "{headers:?}");
    }
    let id = machine.home_id();
    assert!(machine.ask(&Govern { home_id: id, governed: true }).is_ok());
}

#[test]
fn everything_we_own_is_private() {
    let Some(machine) = Machine::new() else { return };
    machine.install_guard();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&machine.data()), 0o700);
    for entry in fs::read_dir(machine.data()).unwrap().flatten() {
        if entry.path().is_file() || entry.file_name() == "hook.sock" {
            let name = entry.file_name().into_string().unwrap();
            // SQLite makes its side files with the mode of the database; the folder is closed anyway.
            if !name.ends_with("-wal") && !name.ends_with("-shm") {
                assert_eq!(mode(&entry.path()), 0o600, "{name}");
            }
        }
    }
}
