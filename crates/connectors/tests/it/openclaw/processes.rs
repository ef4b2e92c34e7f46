//! Processes that run agents without the guard are told, and those with it are not.
#![cfg(target_os = "linux")]

use std::os::unix::fs::symlink;

use clawbutler_connectors::connector::{GuardState, Variant};
use clawbutler_connectors::facts::Health;
use serde_json::json;

use super::{configured, home, openclaw};
use crate::scratch::{Machine, carry_out};

/// Seconds since the machine started; files of the test are written now, years after that.
const UP: u64 = 1_000;

fn guarded() -> Machine {
    let machine = Machine::new();
    configured(&machine, "{}");
    let plan = openclaw().plan_install(&machine.env, &home(&machine), &machine.hook(), Variant::User).expect("a plan");
    carry_out(&plan);
    machine.file("proc/uptime", &format!("{UP}.25 4.5\n"));
    machine.file("proc/stat", "cpu 1 2\nbtime 9999999999\n");
    machine
}

/// A process by its title, with the databases it holds open; it started so many seconds after the machine.
fn process(machine: &Machine, pid: u32, title: &str, started: u64, databases: &[&str]) {
    let stat = format!("{pid} (node) S 1{} {} 0 0\n", " 0".repeat(17), started * 100);
    machine.file(&format!("proc/{pid}/stat"), &stat);
    machine.file(&format!("proc/{pid}/comm"), &format!("{title}\n"));
    machine.file(&format!("proc/{pid}/environ"), &format!("HOME={}\0", machine.env.home.display()));
    for (number, database) in databases.iter().enumerate() {
        let place = machine.file(&format!("{database}/agents/main/agent/openclaw-agent.sqlite"), "");
        let fd = machine.path(&format!("proc/{pid}/fd/{number}"));
        std::fs::create_dir_all(fd.parent().expect("a folder")).expect("created");
        symlink(place, fd).expect("linked");
    }
}

fn announce(machine: &Machine, pid: u32, started: u64, edition: &str) {
    let said = json!({ "pid": pid, "started": started * 100, "edition": edition });
    machine.file(&format!("home/ada/.openclaw/clawbutler-guard/seen/{pid}.json"), &said.to_string());
}

fn lock(machine: &Machine, pid: u32, started: u64) {
    let text = json!({ "pid": pid, "port": 18_789, "startTime": started * 100 }).to_string();
    machine.file("home/ada/.openclaw/tmp/openclaw-1000/gateway.state.lock", &text);
}

fn state(machine: &Machine) -> (GuardState, String) {
    let status = openclaw().guard_status(&machine.env, &home(machine), &machine.hook(), &[]);
    (status.state, status.says)
}

fn troubles(machine: &Machine) -> Vec<(Health, String)> {
    let checks = openclaw().checks(&machine.env, &home(machine)).into_iter();
    checks.filter(|check| check.name == "guard in running processes").map(|check| (check.health, check.says)).collect()
}

#[test]
fn a_command_that_loads_no_plugins_is_told_at_once() {
    let machine = guarded();
    assert_eq!(state(&machine).0, GuardState::User);
    // One that asks the gateway holds no database; one of another home is not ours.
    process(&machine, 50, "openclaw-agent", UP, &[]);
    process(&machine, 51, "openclaw-agent", UP, &["home/bob/.openclaw", "tmp/openclaw-agent-exec-b"]);
    assert_eq!(state(&machine).0, GuardState::User);
    for (pid, databases) in
        [(52, vec!["home/ada/.openclaw", "tmp/openclaw-agent-exec-x"]), (53, vec!["tmp/openclaw-agent-exec-y"])]
    {
        process(&machine, pid, "openclaw-agent", UP, &databases);
        // It loads no plugins: who says that it did is not it.
        announce(&machine, pid, UP, "forged");
        let (found, says) = state(&machine);
        assert_eq!(found, GuardState::Bypassed);
        assert!(says.contains(&format!("process {pid} is `openclaw agent exec`")), "{says}");
        let live = openclaw().sessions(&machine.env, &home(&machine));
        assert_eq!(live.iter().map(|one| (one.pid, one.kind.as_str())).collect::<Vec<_>>(), [(pid, "print")]);
        std::fs::remove_dir_all(machine.path(&format!("proc/{pid}"))).expect("ended");
    }
    assert_eq!((state(&machine).0, troubles(&machine)[0].0), (GuardState::User, Health::Healthy));
}

#[test]
fn what_never_said_that_it_loaded_the_guard_is_told_when_it_had_the_time() {
    let machine = guarded();
    process(&machine, 60, "openclaw-gatewa", UP - 30, &[]);
    lock(&machine, 60, UP - 30);
    assert_eq!(state(&machine).0, GuardState::User, "it may still load it");
    process(&machine, 60, "openclaw-gatewa", UP - 200, &[]);
    lock(&machine, 60, UP - 200);
    let (found, says) = state(&machine);
    assert!(found == GuardState::Bypassed && says.contains("process 60 (a gateway"), "{says}");
    assert_eq!(troubles(&machine)[0].0, Health::Critical);
    // An announcement of another process by this id says nothing.
    announce(&machine, 60, UP - 500, "other");
    assert_eq!(state(&machine).0, GuardState::Bypassed);
    announce(&machine, 60, UP - 200, "other");
    assert_eq!(state(&machine).0, GuardState::User);
    let found = troubles(&machine);
    assert!(found[0].0 == Health::Degraded && found[0].1.contains("another edition"), "{found:?}");
    let code = std::fs::read(home(&machine).join("clawbutler-guard/index.mjs")).expect("read");
    announce(&machine, 60, UP - 200, &clawbutler_core::digest::sha256(&code));
    assert_eq!(troubles(&machine)[0].0, Health::Healthy);
    // The guard was written a moment ago: a running gateway takes it in within seconds.
    std::fs::remove_file(home(&machine).join("clawbutler-guard/seen/60.json")).expect("removed");
    let now = std::fs::metadata(home(&machine).join("clawbutler-guard/index.mjs")).and_then(|facts| facts.modified());
    let since = now.expect("a time").duration_since(std::time::UNIX_EPOCH).expect("after it").as_secs();
    machine.file("proc/stat", &format!("btime {}\n", since + 10 - UP));
    assert_eq!(state(&machine).0, GuardState::User);
}

#[test]
fn what_running_copies_left_goes_with_the_guard() {
    let machine = guarded();
    announce(&machine, 70, 1, "some");
    machine.file("home/ada/.openclaw/clawbutler-guard/seen/71.new", "{");
    let plan = openclaw().plan_uninstall(&machine.env, &home(&machine), &machine.hook(), Variant::User);
    carry_out(&plan.expect("a plan"));
    let left: Vec<_> =
        std::fs::read_dir(home(&machine).join("clawbutler-guard/seen")).expect("read").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_configuration_that_a_gateway_was_started_with_is_known_after_its_end() {
    let machine = Machine::new();
    let config = machine.file("srv/openclaw.json5", "{ gateway: {} }\n");
    let text = json!({ "pid": 80, "port": 18_789, "configPath": config, "startTime": 100 }).to_string();
    let lock = machine.file("home/ada/.openclaw/tmp/openclaw-1000/gateway.state.lock", &text);
    process(&machine, 80, "openclaw-gatewa", 1, &[]);
    let install = || openclaw().plan_install(&machine.env, &home(&machine), &machine.hook(), Variant::User);
    carry_out(&install().expect("a plan"));
    assert!(std::fs::read_to_string(&config).expect("read").contains("clawbutler-guard"));
    std::fs::remove_file(lock).expect("ended");
    assert_eq!(state(&machine).0, GuardState::User, "it is there for the next start");
    assert!(install().expect("a plan").files.is_empty(), "a second time changes nothing");
    let guarded = openclaw().guarded_files(&machine.env, &home(&machine));
    assert!(guarded.contains(&config) && guarded.iter().any(|path| path.ends_with("configuration.txt")), "{guarded:?}");
    let plan = openclaw().plan_uninstall(&machine.env, &home(&machine), &machine.hook(), Variant::User);
    carry_out(&plan.expect("a plan"));
    assert_eq!(std::fs::read_to_string(&config).expect("read"), "{ gateway: {} }\n");
    assert_eq!(state(&machine).0, GuardState::Missing);
    assert!(!home(&machine).join("clawbutler-guard/configuration.txt").exists());
}
