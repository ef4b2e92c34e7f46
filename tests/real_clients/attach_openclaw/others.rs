//! What others do at the real gateway while we are connected: its configuration changed between a trial and its way
//! back, two agents that differ, jobs that fail, our device put out, its token changed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::fs;

use clawbutler_testkit::in_shell;
use clawbutler_testkit::machine::Machine;
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{Gateway, TOKEN, cli};
use clawbutler_testkit::results::{OPENCLAW, tried};
use clawbutler_wire::Code;
use clawbutler_wire::attached::{ConfigAct, ConfigView, GatewayPart, GatewayVerb, LinkState, PartView, Reach};
use clawbutler_wire::command::{AttachHome, GatewayConfig, GatewayView, ShowAgent, Status};
use clawbutler_wire::registry::{CheckView, HealthLevel};
use serde_json::{Value, json};

use super::window::{act, comes, connected, part, rows};
use super::{connection, stands};

/// A call of the client's own command line, with this token.
fn call(machine: &Machine, token: &str, method: &str, params: &Value) -> Value {
    let said = cli(machine, &["gateway", "call", method, "--params", &params.to_string(), "--token", token, "--json"]);
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{method}: {said}"))
}

/// What another program wrote since the trial is never overwritten: the way back has to be tried again.
fn changed_meanwhile(machine: &Machine) {
    let _row = tried(OPENCLAW, "attached: gateway, its configuration changed by another program after the trial");
    let config = |act: ConfigAct| machine.ask(&GatewayConfig { home_id: machine.home_id(), act });
    let look = || -> ConfigView { config(ConfigAct::Look).unwrap() };
    let text = || fs::read_to_string(machine.at("home/.openclaw/openclaw.json")).unwrap();
    let before = look().snapshots[0].clone();
    let set = |path: &str, value: &str| {
        let known = look().snapshots[0].hash.clone();
        cli(machine, &["config", "set", path, value]);
        comes("the change", || Some(look()).filter(|view| view.snapshots[0].hash != known));
    };
    set("tools.exec.mode", "ask");
    let to = || ConfigAct::Try { to: before.id.clone() };
    let back = |seen: &str| config(ConfigAct::RollBack { to: before.id.clone(), seen: seen.to_owned() });
    // The very setting, and another one; the second right before the way back, unseen by us.
    let trial = config(to()).unwrap().trial.unwrap();
    set("tools.exec.mode", "deny");
    assert_eq!(back(&trial.seen).unwrap_err().code, Code::Stale);
    assert!(text().contains("\"deny\""), "{}", text());
    let trial = config(to()).unwrap().trial.unwrap();
    let gone = trial.changes.iter().find(|change| change.path == "tools.exec.mode").unwrap();
    assert_eq!(gone.before.as_deref(), Some("\"deny\""), "tried anew, it shows what is there now");
    cli(machine, &["config", "set", "logging.level", "warn"]);
    assert!(back(&trial.seen).is_err());
    assert!(text().contains("\"warn\"") && text().contains("\"deny\""), "{}", text());
    let seen = comes("another trial", || {
        stands(machine);
        config(to()).ok()?.trial.filter(|trial| trial.changes.iter().any(|change| change.path.starts_with("logging")))
    });
    comes("the way back", || back(&seen.seen).ok());
    assert!(!text().contains("\"deny\"") && !text().contains("\"warn\""), "{}", text());
    stands(machine);
}

fn of(machine: &Machine, part: GatewayPart, agent: &str) -> PartView {
    let request = GatewayView { home_id: machine.home_id(), part, agent: Some(agent.to_owned()), after: None };
    machine.ask(&request).unwrap()
}

/// What one of two agents lacks, the other one has; one of them off leaves the other at work.
fn two_that_differ(machine: &Machine) {
    let _row = tried(OPENCLAW, "attached: gateway, two agents that differ, one of them off");
    let workspace = machine.project().join("other").display().to_string();
    cli(machine, &["agents", "add", "other", "--workspace", &workspace, "--non-interactive"]);
    for (path, value) in [("tools", r#"{"deny":["write"]}"#), ("skills", "[]")] {
        cli(machine, &["config", "set", &format!("agents.entries.other.{path}"), value, "--strict-json"]);
    }
    stands(machine);
    let turn = |agent: &str, name: &str| {
        let file = machine.project().join(name);
        let said = script(&json!([[{ "tool": "exec", "input": { "command": format!("touch {}", in_shell(&file)) } }]]));
        cli(machine, &["agent", "--agent", agent, "--message", &said, "--json"]);
        file.exists()
    };
    assert_eq!([turn("main", "main-1"), turn("other", "other-1")], [true, true]);
    let has = |agent: &str, tool: &str| {
        let view = of(machine, GatewayPart::Tools, agent);
        rows(&view, "Tools").into_iter().find(|row| row[0] == tool).unwrap()[1].contains("true")
    };
    assert_eq!([has("main", "write"), has("other", "write"), has("other", "exec")], [true, false, true]);
    let skills = |agent: &str| {
        let told = rows(&of(machine, GatewayPart::Skills, agent), "Skills");
        told.iter().filter(|row| row[3].contains("true")).count()
    };
    assert!(skills("main") > 0 && skills("other") == 0, "{} {}", skills("main"), skills("other"));
    act(machine, GatewayVerb::DisableAgent { agent: "other".to_owned() });
    stands(machine);
    assert_eq!([turn("main", "main-2"), turn("other", "other-2")], [true, false]);
    act(machine, GatewayVerb::EnableAgent { agent: "other".to_owned() });
    stands(machine);
    assert!(turn("other", "other-3"));
    assert!(!has("other", "write"), "what it lacked before it was off it lacks again");
}

/// A job that did its work and found no channel, one that ended well, one that failed.
fn jobs(machine: &Machine) {
    let _row = tried(OPENCLAW, "found: scheduled jobs and their runs");
    let wait = script(&json!([[{ "tool": "exec", "input": { "command": "sleep 60" } }]]));
    let jobs = [
        ("undelivered", vec!["--message", "look"], "Done, but its answer was not delivered: error"),
        ("well", vec!["--message", "look", "--no-deliver"], "ok"),
        ("late", vec!["--message", &wait, "--no-deliver", "--timeout-seconds", "5"], "error"),
    ];
    for (name, more, ended) in jobs {
        let fixed = ["cron", "add", "--name", name, "--cron", "0 3 * * *", "--session", "isolated", "--token", TOKEN];
        let added = cli(machine, &[&fixed[..], &more, &["--json"]].concat());
        let id = serde_json::from_str::<Value>(&added).unwrap()["id"].as_str().unwrap().to_owned();
        call(machine, TOKEN, "cron.run", &json!({ "id": id, "mode": "force" }));
        let run = comes("the run", || {
            let told = rows(&part(machine, GatewayPart::Cron), "Last runs");
            told.into_iter().find(|row| row[0] == id && !row[2].is_empty())
        });
        assert_eq!(run[2], ended, "{run:?}");
        let said = call(machine, TOKEN, "cron.runs", &json!({ "id": id }));
        let said = &said["entries"][0];
        assert_eq!(run[4], said["error"].as_str().or(said["summary"].as_str()).unwrap(), "{said}");
        let job = rows(&part(machine, GatewayPart::Cron), "Jobs").into_iter().find(|row| row[0] == name).unwrap();
        let error = said["error"].as_str().unwrap_or("ok");
        assert!(
            job[7].ends_with(error) && job[7].starts_with("Done, but") == (name == "undelivered"),
            "{job:?} {said}"
        );
    }
    let log = rows(&part(machine, GatewayPart::Logs), "The end of its log, newest first");
    assert!(log.iter().flatten().any(|cell| cell.contains("cron: job run returned error status")), "{log:?}");
}

fn check(machine: &Machine) -> Option<CheckView> {
    let detail = machine.ask(&ShowAgent { home_id: machine.home_id() }).unwrap();
    detail.agent.health.checks.into_iter().find(|check| check.name == "connection")
}

/// Its token is another one after a restart: our device goes on with its own. Put out, it stays out until a person lets
/// it in again, and that is said.
fn put_out(machine: &Machine, gateway: Gateway) {
    let _row = tried(OPENCLAW, "attached: gateway, its token changed, our device put out");
    assert_eq!(check(machine).map(|check| check.level), Some(HealthLevel::Healthy));
    let path = machine.at("home/.openclaw/openclaw.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace(TOKEN, "another-token-of-the-gateway")).unwrap();
    drop(gateway);
    let _again = Gateway::start(machine);
    stands(machine);
    let devices = call(machine, "another-token-of-the-gateway", "device.pair.list", &json!({}));
    let ours = devices["paired"].as_array().unwrap().iter().find(|one| one.to_string().contains("ClawButler Desktop"));
    let ours = ours.unwrap()["deviceId"].clone();
    call(machine, "another-token-of-the-gateway", "device.pair.remove", &json!({ "deviceId": ours }));
    comes("the refusal", || (connection(machine).link == LinkState::Refused).then_some(()));
    let fix = "Give the gateway's token on the Agents page.";
    assert_eq!(connection(machine).fix.as_deref(), Some(fix));
    let found = check(machine).unwrap();
    assert_eq!((found.level, found.fix.as_deref()), (HealthLevel::Critical, Some(fix)), "{found:?}");
    let alert = comes("the alert", || {
        let alerts = machine.ask(&Status {}).unwrap().alerts;
        alerts.into_iter().find(|alert| alert.says.contains("is not connected"))
    });
    assert_eq!(alert.fix, fix);
    assert!(machine.ledger().iter().any(|entry| entry["kind"] == "gateway.lost"));
    let attach = |token: &str| AttachHome {
        home_id: machine.home_id(),
        url: None,
        token: Some(token.to_owned()),
        reach: Some(Reach::Govern),
    };
    machine.ask(&attach("another-token-of-the-gateway")).unwrap();
    stands(machine);
    // Also while the shared token that let us in is still good.
    call(machine, "another-token-of-the-gateway", "device.pair.remove", &json!({ "deviceId": ours }));
    comes("the refusal", || (connection(machine).link == LinkState::Refused).then_some(()));
    machine.ask(&attach("another-token-of-the-gateway")).unwrap();
    stands(machine);
    assert_eq!(check(machine).map(|check| check.level), Some(HealthLevel::Healthy));
}

#[test]
fn what_others_do_at_the_gateway_is_seen_and_kept() {
    let Some((machine, gateway)) = connected(Reach::Govern) else { return };
    changed_meanwhile(&machine);
    put_out(&machine, gateway);
}

#[test]
fn agents_that_differ_and_jobs_that_fail_are_shown_as_they_are() {
    let Some((machine, _gateway)) = connected(Reach::Govern) else { return };
    two_that_differ(&machine);
    jobs(&machine);
}
