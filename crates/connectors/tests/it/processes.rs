//! Where no process table lies in the file system (macOS, Windows), connectors read the list that the host hands in.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use clawbutler_connectors::connector::{GuardState, LiveSession, Variant};
use clawbutler_connectors::env::Os;
use clawbutler_connectors::facts::Health;
use clawbutler_connectors::processes::ProcessTable;
use clawbutler_core::process::Row;
use serde_json::json;

use crate::scratch::{Machine, carry_out, connector};

/// Seconds since the epoch on these machines.
const NOW: u64 = 1_800_000_000;

#[derive(Default)]
struct Listed(Mutex<Vec<Row>>);

impl ProcessTable for Listed {
    fn rows(&self) -> Arc<Vec<Row>> {
        Arc::new(self.0.lock().expect("one at a time").clone())
    }

    fn now(&self) -> u64 {
        NOW
    }
}

impl Listed {
    /// `line` is split at white space; `age` in seconds.
    fn begin(&self, pid: u32, parent: u32, age: u64, line: &str, vars: &[String]) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let name = words[0].rsplit(['/', '\\']).next().expect("a name").to_owned();
        let row = Row {
            pid,
            parent,
            started: NOW - age,
            name,
            words,
            vars: vars.to_vec(),
            cwd: Some("/work/proj".into()),
            program: None,
        };
        self.0.lock().expect("one at a time").push(row);
    }

    fn end(&self, pid: u32) {
        self.0.lock().expect("one at a time").retain(|row| row.pid != pid);
    }
}

fn machine(os: Os) -> (Machine, Arc<Listed>) {
    let mut machine = Machine::new();
    let table = Arc::new(Listed::default());
    machine.env.os = os;
    machine.env.processes = Some(table.clone());
    (machine, table)
}

fn user(machine: &Machine) -> Vec<String> {
    vec!["LANG=C".to_owned(), format!("HOME={}", machine.env.home.display())]
}

fn live(machine: &Machine, runtime: &str, home: &Path) -> Vec<LiveSession> {
    let connector = connector(runtime);
    assert!(connector.sees_sessions(&machine.env));
    connector.sessions(&machine.env, home)
}

fn short(sessions: &[LiveSession]) -> Vec<(u32, &str, &str)> {
    sessions.iter().map(|one| (one.pid, one.session.as_str(), one.kind.as_str())).collect()
}

/// Puts a file's time so many seconds before now.
fn aged(path: &Path, age: u64) {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW - age);
    let file = std::fs::File::options().write(true).open(path).expect("opened");
    file.set_modified(at).expect("set");
}

#[test]
fn hermes_is_seen_and_what_never_loaded_the_guard_raises_the_alarm() {
    let (machine, table) = machine(Os::MacOs);
    let home = machine.env.home.join(".hermes");
    machine.file("home/ada/.hermes/config.yaml", "model: x\n");
    let hermes = connector("hermes");
    carry_out(&hermes.plan_install(&machine.env, &home, &machine.hook(), Variant::User).expect("a plan"));
    table.begin(40, 1, 10, "/usr/bin/python3 /usr/local/bin/hermes chat -q hello", &user(&machine));
    table.begin(41, 1, 10, "/usr/bin/python3 -m hermes_cli.main gateway run", &["HOME=/home/bob".to_owned()]);
    table.begin(42, 1, 10, "/usr/bin/python3 /usr/local/bin/hermes chat", &[]);
    // It has had no time yet to load its plugins.
    let state = || hermes.guard_status(&machine.env, &home, &machine.hook(), &[]).state;
    assert_eq!(short(&live(&machine, "hermes", &home)), [(40, "process-40", "print")]);
    assert_eq!(state(), GuardState::User);
    table.begin(43, 1, 200, "/usr/bin/python3 /usr/local/bin/hermes", &user(&machine));
    assert_eq!(state(), GuardState::Bypassed);
    // The plugin is told no start there; what began after it was loaded is another process with its id.
    let announce = |loaded: u64| {
        let said = json!({"pid": 43, "edition": "e", "session": "s1", "cwd": "/w", "loaded_at": loaded * 1000});
        machine.file("home/ada/.hermes/plugins/clawbutler/seen/43.json", &said.to_string());
    };
    announce(NOW - 300);
    assert_eq!(state(), GuardState::Bypassed);
    announce(NOW - 199);
    assert_eq!(state(), GuardState::User);
    assert_eq!(short(&live(&machine, "hermes", &home)), [(40, "process-40", "print"), (43, "s1", "terminal")]);
    table.end(43);
    assert_eq!(short(&live(&machine, "hermes", &home)), [(40, "process-40", "print")]);
}

#[test]
fn the_program_pip_installs_on_windows_is_not_a_second_hermes() {
    let (machine, table) = machine(Os::Windows);
    let home = machine.env.home.join("hermes");
    let vars = vec![format!("HERMES_HOME={}", home.display())];
    table.begin(50, 1, 200, r"C:\venv\Scripts\hermes.exe --safe-mode chat", &vars);
    table.begin(51, 50, 200, r"C:\venv\Scripts\python.exe C:\venv\Scripts\hermes.exe --safe-mode chat", &vars);
    assert_eq!(short(&live(&machine, "hermes", &home)), [(51, "process-51", "terminal")]);
}

#[test]
fn codex_is_of_the_home_its_environment_names_and_alone_writes_the_newest_record() {
    let (machine, table) = machine(Os::MacOs);
    let home = machine.env.home.join(".codex");
    let thread = "01a202e3-26e4-76c1-8f06-32c2ea94e527";
    let head = json!({"timestamp": "2026-11-22T10:52:50.000Z", "type": "session_meta", "payload": {
        "id": thread, "session_id": thread, "cwd": "/work/other", "cli_version": "0.171.0"}});
    let record = machine.file(
        &format!("home/ada/.codex/sessions/2026/11/22/rollout-2026-11-22T10-52-50-{thread}.jsonl"),
        &format!("{head}\n"),
    );
    table.begin(60, 1, 100, "/opt/codex exec hello", &user(&machine));
    table.begin(61, 1, 100, "/opt/codex", &["CODEX_HOME=/elsewhere".to_owned()]);
    table.begin(62, 1, 100, "/opt/other exec", &user(&machine));
    aged(&record, 50);
    let alone = live(&machine, "codex", &home);
    assert_eq!(short(&alone), [(60, thread, "print")]);
    assert_eq!((alone[0].cwd.as_str(), alone[0].process_started), ("/work/other", Some(NOW - 100)));
    // Written before it began: not its own.
    aged(&record, 150);
    assert_eq!(short(&live(&machine, "codex", &home)), [(60, "process-60", "print")]);
    // Of two nothing tells which one writes it.
    aged(&record, 50);
    table.begin(63, 1, 90, "/opt/codex", &user(&machine));
    assert_eq!(short(&live(&machine, "codex", &home)), [(60, "process-60", "print"), (63, "process-63", "terminal")]);
}

#[test]
fn a_session_claude_code_registered_is_over_when_its_process_is_another_one() {
    let (machine, table) = machine(Os::MacOs);
    let home = machine.claude_home();
    let said = json!({"pid": 70, "sessionId": "s", "cwd": "/w", "startedAt": (NOW - 60) * 1000, "kind": "interactive",
        "entrypoint": "cli", "status": "busy", "procStart": "Thu Nov 26 10:00:00 2026"});
    machine.file("home/ada/.claude/sessions/70.json", &said.to_string());
    assert_eq!(live(&machine, "claude-code", &home), []);
    table.begin(70, 1, 61, "/opt/claude", &user(&machine));
    let found = live(&machine, "claude-code", &home);
    assert_eq!(short(&found), [(70, "s", "terminal")]);
    assert_eq!((found[0].status.as_str(), found[0].process_started), ("busy", Some(NOW - 61)));
    table.end(70);
    table.begin(70, 1, 20, "/opt/another", &user(&machine));
    assert_eq!(live(&machine, "claude-code", &home), []);
}

#[test]
fn gemini_cli_is_seen_by_its_words() {
    let (machine, table) = machine(Os::Windows);
    let home = machine.env.home.join(".gemini");
    machine.file("home/ada/.gemini/projects.json", r#"{"projects":{"/work/proj":"proj"}}"#);
    let line = "C:/node/node.exe C:/npm/node_modules/@google/gemini-cli/bundle/gemini.js -p hello";
    // It starts itself again with more memory: the inner one does the work.
    table.begin(80, 1, 100, line, &[]);
    table.begin(81, 80, 100, line, &[]);
    let found = live(&machine, "gemini-cli", &home);
    assert_eq!(short(&found), [(81, "process 81", "print")]);
    assert_eq!(found[0].started_at, i64::try_from((NOW - 100) * 1000).ok());
}

#[test]
fn openclaw_run_without_plugins_and_a_gateway_that_is_gone_are_told() {
    let (machine, table) = machine(Os::Windows);
    let openclaw = connector("openclaw");
    let home = machine.env.home.join(".openclaw");
    machine.file("home/ada/.openclaw/openclaw.json", "{}");
    carry_out(&openclaw.plan_install(&machine.env, &home, &machine.hook(), Variant::User).expect("a plan"));
    for name in std::fs::read_dir(home.join("clawbutler-guard")).expect("the guard").flatten() {
        aged(&name.path(), 1_000);
    }
    let lock = json!({"pid": 90, "port": 18_789, "createdAt": "2027-01-15T07:59:00.000Z"});
    machine.file("home/ada/.openclaw/tmp/openclaw/gateway.state.lock", &lock.to_string());
    assert_eq!(live(&machine, "openclaw", &home), []);
    table.begin(90, 1, 62, r"C:\node\node.exe C:\npm\openclaw.mjs gateway run", &user(&machine));
    assert_eq!(short(&live(&machine, "openclaw", &home)), [(90, "gateway:18789", "gateway")]);
    let status = || openclaw.guard_status(&machine.env, &home, &machine.hook(), &[]);
    assert_eq!(status().state, GuardState::User);
    table.begin(
        91,
        1,
        1,
        r"C:\node\node.exe --no-warnings C:\npm\openclaw.mjs agent exec --message x",
        &user(&machine),
    );
    table.begin(92, 1, 1, r"C:\node\node.exe C:\npm\openclaw.mjs agent --message x", &user(&machine));
    table.begin(93, 1, 1, r"C:\node\node.exe C:\npm\openclaw.mjs agent exec", &["HOME=/home/bob".to_owned()]);
    assert_eq!(status().state, GuardState::Bypassed);
    assert!(status().says.contains("process 91 is `openclaw agent exec`"), "{}", status().says);
    let checks = openclaw.checks(&machine.env, &home);
    let critical: Vec<_> = checks.iter().filter(|check| check.health == Health::Critical).map(|one| one.name).collect();
    assert_eq!(critical, ["guard in running processes"]);
}
