//! Processes of the real client beside its gateway: one that loads no plugins, one in a command of another, profiles.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::fs;
use std::process::Stdio;

use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway};
use clawbutler_testkit::results::{OPENCLAW, tried};
use clawbutler_wire::command::{Discover, KillAgent, Status, TestGuard};
use clawbutler_wire::registry::{HealthLevel, KillOutcome};
use clawbutler_wire::runtimes::{GuardState, HomeView};
use serde_json::{Value, json};

use super::super::links::begun_by_command;
use super::super::shared::{found, level, shown};
use super::{Place, call};

fn start(machine: &Machine, args: &[&str]) -> Running {
    let mut command = openclaw::command(machine);
    command.args(args).current_dir(machine.project());
    Running(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

fn exec(command: &str) -> Value {
    json!([{ "tool": "exec", "input": { "command": command } }])
}

/// `openclaw agent exec` runs the configuration's agent without its plugins: what it does is not asked about, so that it
/// runs at all is told, and the kill switch reaches it.
#[test]
fn a_process_without_the_guard_raises_the_alarm() {
    let Some(machine) = openclaw::machine() else { return };
    let _rows = ["guard: a process without it raises the alarm", "records: what no hook sees is said"]
        .map(|scenario| tried(OPENCLAW, scenario));
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    assert_eq!(found(&machine).guard.state, GuardState::User, "the gateway says that it loaded it");
    let here = "touch unseen.ran; for i in $(seq 300); do [ -e go ] && break; sleep 1; done";
    // A command that takes long goes on behind the agent, which is then done: it has to be asked for more of them.
    let calls: Vec<Value> = (0..24).map(|_| exec(here)).collect();
    let mut client = start(&machine, &["agent", "exec", &script(&json!(calls)), "--json"]);
    let pid = client.0.id();
    let alarm = wait_for("the alarm", || Some(found(&machine)).filter(|home| home.guard.state != GuardState::User));
    assert_eq!(alarm.guard.state, GuardState::Bypassed);
    assert!(alarm.guard.says.contains(&format!("process {pid} is `openclaw agent exec`")), "{}", alarm.guard.says);
    let live: Vec<_> = alarm.sessions.iter().map(|live| (live.pid, live.kind.as_str())).collect();
    assert_eq!(live, [(gateway.pid(), "gateway"), (pid, "print")]);
    wait_for("its command", || machine.project().join("unseen.ran").exists().then_some(()));
    assert_eq!(level(&shown(&machine), "guard in running processes"), HealthLevel::Critical);
    let alerts = || machine.ask(&Status {}).unwrap().alerts;
    let names = |text: &str| text.contains(&format!("process {pid} "));
    wait_for("the alert", || alerts().into_iter().find(|alert| names(&alert.says) && !alert.fix.is_empty()));
    let ledger = machine.ledger();
    assert!(!ledger.iter().any(|entry| entry["kind"] == "action.requested"), "a hook sees it by now: {ledger:#?}");
    let told = |entry: &&Value| entry["kind"] == "guard.drift" && names(&entry["data"]["says"].to_string());
    assert_eq!(ledger.iter().filter(told).count(), 1);

    let report = machine.ask(&KillAgent { home_id: machine.home_id() }).unwrap();
    let ended: Vec<_> = report.items.iter().map(|item| (item.pid, item.outcome)).collect();
    assert_eq!(ended[0], (Some(gateway.pid()), KillOutcome::Stopped));
    // The command may end by itself while its gateway is being stopped.
    assert!(
        matches!(ended[1..], [(Some(other), KillOutcome::Stopped | KillOutcome::Gone)] if other == pid),
        "{ended:?}"
    );
    wait_for("its end", || client.0.try_wait().unwrap());
    wait_for("the end of the alert", || (!alerts().iter().any(|alert| names(&alert.says))).then_some(()));
}

#[test]
fn the_guard_is_tried_with_a_node_of_the_client() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "guard: tried by itself, whether it works or not");
    machine.install_guard();
    let first = found(&machine).guard.tested.unwrap();
    assert_eq!((first.works, first.fix), (Some(true), None), "{}", first.says);
    assert!(first.says.contains("Node.js "), "{}", first.says);
    let folder = machine.at("home/.openclaw/clawbutler-guard");
    assert_eq!((folder.join("seen").exists(), machine.pending().items.len()), (false, 0), "nobody was told or asked");
    let file = folder.join("index.mjs");
    let whole = fs::read_to_string(&file).unwrap();
    let home_id = machine.home_id();
    let again = || machine.ask(&TestGuard { home_id: home_id.clone() }).unwrap();
    for (broken, why) in [
        (whole.replace("node:path", "node:path-of-nobody"), "path-of-nobody"),
        (whole.replace("return refuse(`ClawButler could not", "return void (`ClawButler could not"), "not blocked"),
        (whole.replace("\"before_tool_call\",\n", "\"before_no_call\",\n"), "does not hold"),
        (format!("{whole}\nawait new Promise((done) => setTimeout(done, 600_000));\n"), "took too long"),
    ] {
        assert_ne!(broken, whole, "{why}");
        fs::write(&file, broken).unwrap();
        let failed = again();
        assert_eq!(failed.works, Some(false), "{why}");
        assert!(failed.says.contains(why) && failed.fix.is_some(), "{why}: {}", failed.says);
        let alerts = machine.ask(&Status {}).unwrap().alerts;
        assert_eq!(alerts.iter().filter(|alert| alert.says.contains(&failed.says)).count(), 1, "{alerts:?}");
    }
    fs::write(&file, whole).unwrap();
    assert_eq!(again().works, Some(true));
    let ledger = machine.ledger();
    let tried = ledger.iter().filter(|entry| entry["kind"] == "guard.tested").map(|entry| &entry["data"]["works"]);
    assert_eq!(tried.collect::<Vec<_>>(), [true, false, false, false, false, true]);
    assert!(!ledger.iter().any(|entry| entry["kind"] == "action.requested"));
}

fn home(machine: &Machine, folder: &str) -> HomeView {
    let path = machine.at(folder).display().to_string();
    machine.ask(&Discover {}).unwrap().homes.into_iter().find(|home| home.path == path).unwrap()
}

/// Lays a profile's home out beside the default one, with the same settings.
fn profile(machine: &Machine, folder: &str) {
    let text = fs::read_to_string(machine.at("home/.openclaw/openclaw.json")).unwrap();
    fs::create_dir_all(machine.at(folder)).unwrap();
    let path = machine.at(folder).join("openclaw.json");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// An agent run in place of a gateway (`--local`) in each profile: only what was guarded is asked about.
#[test]
fn every_profile_is_guarded_for_itself() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "guard: every profile for itself");
    let profiles = [("home/.openclaw-work", vec!["--profile", "work"]), ("home/.openclaw-dev", vec!["--dev"])];
    for (folder, _) in &profiles {
        profile(&machine, folder);
    }
    machine.install_guard();
    let run = |args: &[&str], name: &str| {
        fs::create_dir_all(machine.project().join(format!("victim-{name}"))).unwrap();
        let said = script(&json!([call("exec", name)]));
        start(&machine, &[args, &["agent", "--local", "--agent", "main", "--message", &said]].concat())
    };
    for (folder, args) in &profiles {
        let name = folder.rsplit('-').next().unwrap();
        let seen = home(&machine, folder);
        assert_eq!((seen.source.as_str(), seen.guard.state), ("profile", GuardState::Missing));
        let output = run(args, &format!("{name}-unguarded")).finish();
        let ran = machine.project().join(format!("{name}-unguarded.ran"));
        assert!(ran.exists(), "{}", String::from_utf8_lossy(&output.stderr));
        machine.install_guard_in(folder);
        assert_eq!(home(&machine, folder).guard.state, GuardState::User);
    }
    let all = profiles.iter().map(|(folder, args)| (*folder, args.as_slice())).chain([("home/.openclaw", &[][..])]);
    for (folder, args) in all {
        let name = folder.rsplit(['-', '.']).next().unwrap();
        let client = run(args, name);
        let seen = machine.wait_pending();
        let path = machine.at(folder).display().to_string();
        assert_eq!(seen.home.as_deref(), Some(path.as_str()));
        assert_eq!(home(&machine, folder).sessions.len(), 1, "{name}");
        machine.decide(&seen, "deny", None).unwrap();
        client.finish();
        assert!(!machine.project().join(format!("{name}.ran")).exists());
    }
}

/// A gateway's command runs the agent of another profile.
#[test]
fn an_agent_in_a_command_of_another_hangs_below_that_command() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "links: an agent begun by a command");
    profile(&machine, "home/.openclaw-work");
    machine.install_guard();
    machine.install_guard_in("home/.openclaw-work");
    let gateway = Gateway::start(&machine);
    fs::write(machine.project().join("task.txt"), script(&json!([exec("touch inner.ran")]))).unwrap();
    let inner = "openclaw --profile work agent --local --agent main --message-file task.txt";
    let outer = json!([{ "tool": "exec", "input": { "command": inner, "yieldMs": 110_000 } }]);
    let turn = gateway.turn("outer", &script(&json!([outer])));
    while !turn.is_finished() {
        for seen in machine.pending().items {
            // It may have been taken back since.
            let _ = machine.decide(&seen, "allow_once", None);
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let place = Place { machine: &machine, gateway: &gateway };
    assert!(machine.project().join("inner.ran").exists(), "{}", place.told("task.txt"));
    begun_by_command(&machine, "task.txt", "inner.ran");
}
