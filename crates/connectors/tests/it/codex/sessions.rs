//! Live sessions from a process table, installs and homes from files.

use std::os::unix::fs::symlink;

use clawbutler_connectors::connector::{Listing, LiveSession};
use clawbutler_connectors::env::Os;

use super::{capture, codex, home};
use crate::scratch::Machine;

const ROOT: &str = "01a202e3-26e4-76c1-8f06-32c2ea94e527";
const KID: &str = "01a202e3-2891-7e20-8abb-2cd0ce8f6a58";

fn process(machine: &Machine, pid: u32, comm: &str, line: &[&str], open: &[std::path::PathBuf]) {
    machine.file(&format!("proc/{pid}/comm"), &format!("{comm}\n"));
    machine.file(&format!("proc/{pid}/cmdline"), &format!("{}\0", line.join("\0")));
    let fields = ["S"; 19].join(" ");
    machine.file(&format!("proc/{pid}/stat"), &format!("{pid} (co) dex) {fields} 4711 0\n"));
    std::fs::create_dir_all(machine.path(&format!("proc/{pid}/fd"))).expect("created");
    for (at, path) in open.iter().enumerate() {
        symlink(path, machine.path(&format!("proc/{pid}/fd/{at}"))).expect("linked");
    }
}

fn record(machine: &Machine, thread: &str, name: &str) -> std::path::PathBuf {
    let place = format!("home/ada/.codex/sessions/2026/11/22/rollout-2026-11-22T10-52-50-{thread}.jsonl");
    machine.file(&place, &capture(&format!("rollouts/{name}.jsonl")))
}

#[test]
fn only_what_a_process_writes_is_live() {
    let mut machine = Machine::new();
    let lock = |machine: &Machine, thread: &str| {
        machine.file(&format!("home/ada/.codex/thread-writer-locks/{thread}.lock"), "")
    };
    let files = [
        record(&machine, ROOT, "appserver-compact-interrupt-parent"),
        lock(&machine, ROOT),
        record(&machine, KID, "appserver-subagent-child-fresh"),
        lock(&machine, KID),
    ];
    let crashed = lock(&machine, "01a202e3-0000-7e20-8abb-2cd0ce8f6a58");
    process(&machine, 10, "codex", &["/x/codex", "app-server", "--listen", "unix://"], &files);
    process(&machine, 11, "codex", &["/x/codex"], &[]);
    process(&machine, 12, "node", &["node", "x"], &[files[0].clone(), crashed]);
    let fresh = lock(&machine, "01a202e3-1111-7e20-8abb-2cd0ce8f6a58");
    process(&machine, 13, "codex", &["codex", "-m", "exec", "exec", "--json"], &[fresh]);
    let found = codex().sessions(&machine.env, &home(&machine));
    let session = LiveSession {
        session: ROOT.to_owned(),
        pid: 10,
        cwd: "/home/dev/lab/proj".to_owned(),
        name: None,
        kind: "background".to_owned(),
        status: "unknown".to_owned(),
        version: Some("0.169.0".to_owned()),
        started_at: found[0].started_at,
        process_started: Some(4711),
    };
    let unnamed = LiveSession {
        session: "01a202e3-1111-7e20-8abb-2cd0ce8f6a58".to_owned(),
        pid: 13,
        cwd: String::new(),
        kind: "print".to_owned(),
        version: None,
        started_at: None,
        ..session.clone()
    };
    assert!(found[0].started_at.is_some());
    assert_eq!(found, [session, unnamed]);
    machine.env.os = Os::MacOs;
    assert!(codex().sessions(&machine.env, &home(&machine)).is_empty());
}

/// A process that does not show its open files may have any session open.
#[test]
fn the_list_is_complete_where_every_process_shows_its_files() {
    let machine = Machine::new();
    let lists = || codex().lists(&machine.env, &home(&machine));
    process(&machine, 10, "codex", &["/x/codex"], &[]);
    assert_eq!(lists(), Listing::Sessions);
    process(&machine, 11, "codex", &["/x/codex"], &[]);
    std::fs::remove_dir(machine.path("proc/11/fd")).expect("removed");
    assert_eq!(lists(), Listing::Partly);
    machine.file("proc/11/cmdline", "");
    assert_eq!(lists(), Listing::Sessions, "it has ended and was not collected yet");
}

#[test]
fn installs_and_homes_are_found_without_running_anything() {
    let mut machine = Machine::new();
    let manifest = |version: &str| format!("{{\"name\":\"@openai/codex\",\"version\":\"{version}\"}}");
    let npm = "home/ada/.npm-global/lib/node_modules/@openai";
    machine.file(&format!("{npm}/codex/package.json"), &manifest("0.169.0"));
    machine.file(&format!("{npm}/codex/bin/codex.js"), "");
    machine.file(&format!("{npm}/codex-linux-x64/package.json"), &manifest("0.169.0-linux-x64"));
    machine.file(&format!("{npm}/codex-linux-x64/vendor/x86_64/bin/codex"), "");
    machine.file("usr/local/lib/node_modules/@openai/codex/package.json", &manifest("0.118.0"));
    machine.file("usr/local/lib/node_modules/@openai/codex/vendor/x86_64/codex/codex", "");
    machine.file("home/ada/.codex/packages/standalone/releases/0.150.0-x86_64/codex", "");
    machine.file("opt/homebrew/Caskroom/codex/0.160.1/codex-aarch64-apple-darwin", "");
    machine.file("home/ada/.vscode/extensions/openai.chatgpt-1.2.3/bin/linux-x86_64/codex", "");
    machine.file("home/ada/.vscode/extensions/openai.chatgpt-1.2.3/package.json", &manifest("1.2.3"));
    machine.file("home/ada/.codex-work/config.toml", "");
    machine.env.vars.insert("CODEX_HOME".into(), machine.path("srv/codex").display().to_string());
    let found = codex().discover(&machine.env, &[machine.path("extra")]);
    let mut installs: Vec<_> = found
        .installs
        .iter()
        .map(|one| (one.how.as_str(), one.version.as_deref().unwrap_or("?"), one.warning.is_some()))
        .collect();
    installs.sort_unstable();
    assert_eq!(
        installs,
        [
            ("Homebrew", "0.160.1", false),
            ("editor extension", "?", false),
            ("npm", "0.118.0", true),
            ("npm", "0.169.0", false),
            ("stand-alone installer", "0.150.0", false),
        ]
    );
    let homes: Vec<_> = found.homes.iter().map(|one| (one.path.clone(), one.source.as_str())).collect();
    assert_eq!(
        homes,
        [
            (machine.path("srv/codex"), "CODEX_HOME"),
            (home(&machine), "default"),
            (machine.path("home/ada/.codex-work"), "beside the default home"),
            (machine.path("extra"), "added by hand"),
        ]
    );
    assert!(codex().discover(&Machine::new().env, &[]).homes.is_empty(), "nothing there, nothing claimed");
}
