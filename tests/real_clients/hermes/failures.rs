//! Everything of ours that can be away or broken, and what the real client then does.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::machine::wait_for;
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{HERMES, tried};
use clawbutler_wire::command::{Status, TestGuard};
use clawbutler_wire::registry::HealthLevel;
use clawbutler_wire::runtimes::GuardState;
use serde_json::{Value, json};

use super::super::shared::{babble, write_program};
use super::{Bench, terminal};

/// What never asks anybody and touches nothing.
fn harmless() -> serde_json::Value {
    json!([{ "tool": "todo", "input": { "todos": [{ "id": "1", "content": "harmless", "status": "pending" }] } }])
}

#[test]
fn the_app_was_never_started() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "fail: app away");
    let mut bench = Bench(hermes);
    bench.0.machine.quit();
    bench.all_blocked("away", "could not ask anybody");
    bench.0.chat(&script(&json!([terminal("echo calm > calm.txt")]))).finish();
    assert!(bench.file("calm.txt").exists(), "low risk goes on");
    for _ in 0..2 {
        bench.0.machine.start();
        let ledger = bench.0.machine.ledger();
        let gates =
            ledger.iter().filter(|entry| entry["kind"] == "offline.recorded" && entry["data"]["event"] == "gate");
        assert_eq!(gates.count(), 4, "each call once, over two starts");
        bench.0.machine.quit();
    }
}

#[test]
fn the_app_is_killed_and_started_while_the_request_waits() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row0 = tried(HERMES, "fail: app restarted while it is asked");
    let _row1 = tried(HERMES, "fail: app killed while it is asked");
    let mut bench = Bench(hermes);
    fs::create_dir_all(bench.file("victim")).unwrap();
    let client = bench.0.chat(&script(&json!([terminal("touch ran.txt && rm -rf victim")])));
    let before = bench.pending();
    bench.0.machine.stop();
    bench.0.machine.start();
    let back = || bench.0.machine.pending().items.into_iter().find(|item| item.client_waiting);
    let back = wait_for("the hook to come back", back);
    assert_eq!((&back.id, back.revision), (&before.id, before.revision), "the row survived");
    bench.decide(&back, "allow_once", None);
    client.finish();
    assert!(bench.file("ran.txt").exists() && !bench.file("victim").exists());
    bench.recorded(&["approval.reclaimed", "approval.decided", "decision.delivered", "action.completed"]);

    let client = bench.0.chat(&bench.every_way("killed"));
    bench.pending();
    bench.0.machine.stop();
    client.finish();
    assert!(bench.untouched("killed", "terminal"));
    assert!(bench.0.told("killed-terminal").contains("could not ask anybody"));
}

#[test]
fn garbage_on_the_socket() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "fail: garbage on the socket");
    let mut bench = Bench(hermes);
    bench.0.machine.quit();
    let path = babble(&bench.0.machine);
    bench.all_blocked("garbage", "answered with something else");
    fs::remove_file(&path).unwrap();
    bench.0.machine.start();
    assert!(bench.count("offline.recorded") >= 3, "what the hook did alone is in the ledger");
}

#[test]
fn a_hook_that_is_missing_or_talks_nonsense_blocks_what_is_not_harmless() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row0 = tried(HERMES, "fail: hook missing");
    let _row1 = tried(HERMES, "fail: hook broken");
    let bench = Bench(hermes);
    let hook = bench.0.machine.data().join("bin/clawbutler-hook");
    fs::remove_file(&hook).unwrap();
    let silent_ends = [
        "",
        "exit 0",
        "cat > /dev/null",
        "echo '{\"decision\":\"all'",
        "echo '[\"allow\"]'",
        "echo '{\"decision\":\"yes\"}'",
        "echo '{\"decision\":\"allow\"}'; exit 3",
        "kill -9 $$",
        "head -c 9999999 /dev/zero",
    ];
    for (index, lines) in silent_ends.into_iter().enumerate() {
        if !lines.is_empty() {
            write_program(&hook, &format!("#!/bin/sh\n{lines}\n"));
        }
        bench.all_blocked(&format!("broken{index}"), "could not judge this call");
    }
    bench.0.chat(&script(&json!([harmless()]))).finish();
    let told = bench.0.told("harmless");
    assert!(!told.contains("could not judge"), "what touches nothing goes on: {told}");
    assert!(!bench.0.machine.kinds().iter().any(|kind| kind.starts_with("action.")), "nothing ran");
}

/// A hook that hangs holds the call, never lets it go; the person at the terminal can end the wait.
#[test]
fn a_hook_that_hangs_holds_the_call_until_it_is_interrupted() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "fail: hook hangs");
    let bench = Bench(hermes);
    let hook = bench.0.machine.data().join("bin/clawbutler-hook");
    write_program(&hook, "#!/bin/sh\n[ \"$2\" = observe ] && exit 0\ntouch \"$HOME/asked\"\nexec sleep 600\n");
    let client = bench.0.chat(&bench.every_way("hung"));
    wait_for("the question", || bench.0.machine.at("home/asked").exists().then_some(()));
    thread::sleep(Duration::from_secs(3));
    assert!(bench.untouched("hung", "terminal"));
    let pid = client.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    client.finish();
    assert!(bench.untouched("hung", "terminal"));
}

/// Hermes 0.19 runs every call of a plugin that it could not load. Nothing of ours can stop that from inside, so
/// it has to be shown.
#[test]
fn a_plugin_that_cannot_work_is_shown_and_repaired() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row0 = tried(HERMES, "guard: a broken one is shown and repaired");
    let _row1 = tried(HERMES, "guard: switched off by the client's own command");
    let _row2 = tried(HERMES, "guard: switched off by the client's own setting");
    let bench = Bench(hermes);
    assert_eq!(bench.home("home/.hermes").guard.state, GuardState::User);
    let plugin = bench.0.home("plugins/clawbutler");
    let code = plugin.join("__init__.py");
    let good = fs::read_to_string(&code).unwrap();
    let broken = [
        ("does not parse", format!("{good}\n)"), GuardState::Damaged),
        ("raises", format!("raise RuntimeError('no')\n{good}"), GuardState::Damaged),
        ("is empty", String::new(), GuardState::Damaged),
    ];
    for (index, (why, text, state)) in broken.into_iter().enumerate() {
        fs::write(&code, text).unwrap();
        assert_eq!(bench.home("home/.hermes").guard.state, state, "{why}");
        let name = format!("ran{index}.txt");
        bench.0.chat(&script(&json!([terminal(&format!("touch {name} && rm -rf nothing"))]))).finish();
        assert!(bench.file(&name).exists(), "{why}: this release runs what its plugin could not look at");
    }
    bench.0.machine.install_guard();
    assert_eq!(bench.home("home/.hermes").guard.state, GuardState::User, "repaired");

    bench.0.cli(&["plugins", "disable", "clawbutler"]);
    let status = bench.home("home/.hermes").guard;
    assert_eq!(status.state, GuardState::Bypassed, "{}", status.says);
    bench.0.machine.install_guard();
    let status = bench.home("home/.hermes").guard;
    assert_eq!(status.state, GuardState::User, "after Hermes rewrote its settings: {}", status.says);
    bench.all_denied("again");

    // A line in a file of variables leaves out every plugin, and no process shows it.
    fs::write(bench.0.home(".env"), "HERMES_SAFE_MODE=1\n").unwrap();
    let status = bench.home("home/.hermes").guard;
    assert!(status.state == GuardState::Bypassed && status.says.contains("HERMES_SAFE_MODE"), "{}", status.says);
    bench.0.chat(&script(&json!([terminal("touch safe.txt && rm -rf nothing")]))).finish();
    assert!(bench.file("safe.txt").exists(), "this release runs without its plugins");
    fs::write(bench.0.home(".env"), "HERMES_SAFE_MODE=0\n").unwrap();
    assert_eq!(bench.home("home/.hermes").guard.state, GuardState::User);
    bench.all_denied("on-again");

    fs::remove_dir_all(&plugin).unwrap();
    assert_eq!(bench.home("home/.hermes").guard.state, GuardState::Damaged);
    assert!(bench.troubles().iter().any(|check| check.level == HealthLevel::Critical), "{:?}", bench.troubles());
    bench.0.machine.install_guard();
    bench.all_denied("anew");
}

#[test]
fn a_process_that_never_announced_itself_raises_the_alarm() {
    let Some(hermes) = Hermes::new("off") else { return };
    let _row = tried(HERMES, "guard: a process without it raises the alarm");
    let bench = Bench(hermes);
    assert_eq!(bench.home("home/.hermes").guard.state, GuardState::Missing);
    let wait =
        script(&json!([terminal("touch started.txt; for i in $(seq 170); do [ -e go ] && break; sleep 1; done")]));
    let before = Instant::now();
    let mut old = bench.0.start(&["chat", "-q", &wait]);
    wait_for("its call", || bench.file("started.txt").exists().then_some(()));
    bench.0.machine.install_guard();
    fs::remove_file(bench.file("started.txt")).unwrap();
    let mut guarded = bench.0.start(&["chat", "-q", &wait]);
    wait_for("the call of the guarded one", || bench.file("started.txt").exists().then_some(()));
    fs::remove_file(bench.file("started.txt")).unwrap();
    let seen = bench.home("home/.hermes");
    assert_eq!(seen.sessions.iter().map(|live| live.kind.as_str()).collect::<Vec<_>>(), ["print", "print"]);

    // At once for one that was started without plugins.
    let mut safe = bench.0.start(&["--safe-mode", "chat", "-q", &wait]);
    let pid = safe.0.id();
    let alarm = wait_for("the alarm", || {
        Some(bench.home("home/.hermes").guard).filter(|guard| guard.state != GuardState::User)
    });
    assert_eq!(alarm.state, GuardState::Bypassed);
    assert!(alarm.says.contains(&format!("process {pid}")) && alarm.says.contains("safe mode"), "{}", alarm.says);
    let alerts = || bench.0.machine.ask(&Status {}).unwrap().alerts;
    let names = |text: &str| text.contains(&format!("process {pid}"));
    wait_for("the alert", || alerts().into_iter().find(|alert| names(&alert.says) && !alert.fix.is_empty()));
    let told = |entry: &Value| entry["kind"] == "guard.drift" && names(&entry["data"]["says"].to_string());
    assert!(bench.0.machine.ledger().iter().any(told));
    safe.0.kill().unwrap();
    safe.0.wait().unwrap();
    wait_for("the end of the alert", || (!alerts().iter().any(|alert| names(&alert.says))).then_some(()));

    // For the older one as soon as it had the time to load its plugins.
    let pid = old.0.id();
    let alarm = loop {
        let guard = bench.home("home/.hermes").guard;
        if guard.state == GuardState::Bypassed {
            break guard;
        }
        assert!(before.elapsed() < Duration::from_mins(2), "no alarm: {}", guard.says);
        thread::sleep(Duration::from_millis(500));
    };
    assert!(alarm.says.contains(&format!("process {pid}")), "{}", alarm.says);
    let troubles = bench.troubles();
    let named: Vec<_> = troubles.iter().filter(|check| check.name == "guard in running processes").collect();
    assert!(named.len() == 1 && named[0].says.contains(&pid.to_string()), "only the one without it: {troubles:?}");
    raised(&bench, pid);
    fs::write(bench.file("go"), "").unwrap();
    old.0.wait().unwrap();
    guarded.0.wait().unwrap();
    assert_eq!(bench.home("home/.hermes").guard.state, GuardState::User, "nothing unguarded runs any more");
    let entries = bench.count("guard.drift");
    wait_for("the alarm to end", || alarms(&bench).is_empty().then_some(()));
    assert_eq!(bench.count("guard.drift"), entries, "its end is no drift");
}

/// The alerts about guards that are not in force.
fn alarms(bench: &Bench) -> Vec<String> {
    let alerts = bench.0.machine.ask(&Status {}).unwrap().alerts.into_iter().map(|alert| alert.says);
    alerts.filter(|says| says.contains("is not in force")).collect()
}

/// One alert stands, about this process and no other, and the ledger has it. The engine looks every half minute:
/// a process without the guard writes no file that would tell.
#[track_caller]
fn raised(bench: &Bench, pid: u32) {
    let names = format!("process {pid} ");
    let alarm = wait_for("the alert", || {
        let alarms = alarms(bench);
        alarms.iter().any(|says| says.contains(&names)).then_some(alarms)
    });
    assert_eq!(alarm.len(), 1, "{alarm:?}");
    let ledger = bench.0.machine.ledger();
    let entries = ledger.iter().filter(|entry| entry["kind"] == "guard.drift");
    let says: Vec<&str> = entries.filter_map(|entry| entry["data"]["says"].as_str()).collect();
    assert_eq!(says.iter().filter(|says| says.contains(&names)).count(), 1, "{says:?}");
}

#[test]
fn the_guard_is_tried_with_the_clients_own_python() {
    let Some(hermes) = Hermes::new("off") else { return };
    let _row = tried(HERMES, "guard: tried by itself, whether it works or not");
    let bench = Bench(hermes);
    let machine = &bench.0.machine;
    machine.install_guard();
    let guard = || bench.home("home/.hermes").guard;
    let first = guard().tested.unwrap();
    assert_eq!((first.works, first.fix), (Some(true), None), "{}", first.says);
    assert!(first.says.contains("Python 3."), "{}", first.says);
    let announced = bench.0.home("plugins/clawbutler/seen");
    let seen = || fs::read_dir(&announced).map_or(0, Iterator::count);
    assert_eq!((seen(), machine.pending().items.len()), (0, 0), "nobody was told or asked");

    // A file of the standard library's name beside it must not come in; a broken plugin is told.
    let file = bench.0.home("plugins/clawbutler/__init__.py");
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(bench.0.home("plugins/clawbutler/json.py"), "raise SystemExit('not ours')\n").unwrap();
    let home_id = machine.home_id();
    let again = || machine.ask(&TestGuard { home_id: home_id.clone() }).unwrap();
    assert_eq!(again().works, Some(true));
    for (broken, why) in [
        (whole.replace("import queue\n", "import queue_of_nobody\n"), "queue_of_nobody"),
        (
            whole.replace("return _block(\"ClawButler could not", "return None and _block(\"ClawButler could not"),
            "not blocked",
        ),
        (whole.replace("def register(ctx):", "def register_not(ctx):"), "register"),
        (format!("{whole}\nimport time\ntime.sleep(600)\n"), "took too long"),
    ] {
        fs::write(&file, broken).unwrap();
        let failed = again();
        assert_eq!(failed.works, Some(false), "{why}");
        assert!(failed.says.contains(why) && failed.fix.is_some(), "{why}: {}", failed.says);
        let alerts = machine.ask(&Status {}).unwrap().alerts;
        assert!(alerts.iter().filter(|alert| alert.says.contains(&failed.says)).count() == 1, "{alerts:?}");
    }
    fs::write(&file, whole).unwrap();
    assert_eq!(again().works, Some(true));
    assert!(!machine.ask(&Status {}).unwrap().alerts.iter().any(|alert| alert.says.contains("does not work")));
    let ledger = machine.ledger();
    let tried =
        ledger.iter().filter(|entry| entry["kind"] == "guard.tested").map(|entry| entry["data"]["works"].clone());
    let expected = [true, true, false, false, false, false, true].map(Value::from);
    assert_eq!(tried.collect::<Vec<_>>(), expected);
    assert_eq!(ledger.iter().filter(|entry| entry["kind"] == "action.requested").count(), 0);
}

/// What a link points at can be exchanged without any file of the home changing.
#[test]
fn a_guard_behind_a_link_is_shown_and_repaired() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "guard: a broken one is shown and repaired");
    let bench = Bench(hermes);
    let (folder, elsewhere) = (bench.0.home("plugins/clawbutler"), bench.0.machine.at("elsewhere"));
    fs::rename(&folder, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &folder).unwrap();
    let guard = bench.home("home/.hermes").guard;
    assert_eq!(guard.state, GuardState::Damaged, "{}", guard.says);
    assert!(guard.says.contains("is a link") && guard.fix.is_some(), "{}", guard.says);
    assert!(bench.troubles().iter().any(|check| check.name == "guard" && check.level == HealthLevel::Critical));
    wait_for("the alarm", || (bench.count("guard.drift") > 0).then_some(()));
    bench.all_denied("linked");
    fs::remove_file(&folder).unwrap();
    bench.0.machine.install_guard();
    assert_eq!(bench.home("home/.hermes").guard.state, GuardState::User);
    bench.all_denied("repaired");
}
