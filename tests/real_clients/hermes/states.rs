//! The states of an agent in the real Hermes, what is shown of its home, and calls that come in other ways: from a
//! scheduled job, of an MCP server's tool, through a server.

use std::fs;

use clawbutler_testkit::hermes::{Hermes, rows};
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{Client, HERMES, tried};
use clawbutler_wire::command::ListSessions;
use clawbutler_wire::registry::{DriftKind, FactTab, HealthLevel};
use serde_json::{Value, json};

use super::super::ends;
use super::super::shared::{self, ASKED, Agent, Turn, changes, fact, found, level, shown};
use super::terminal;

impl Agent for Hermes {
    fn client(&self) -> Client {
        HERMES
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    fn shell(&self, command: &str) -> Value {
        terminal(command)
    }

    fn start(&self, turns: &Value) -> Turn {
        Turn::Run(self.chat(&script(turns)))
    }

    fn told(&self, text: &str) -> String {
        Self::told(self, text)
    }
}

#[test]
fn an_agent_is_disabled_and_killed() {
    let Some(mut hermes) = Hermes::guarded("off") else { return };
    shared::disabled(&mut hermes);
    shared::killed_and_revived(&hermes);
    ends::killed_from_outside(&hermes);
}

/// The agent runs in a process of the client's own scheduler, where nobody sits.
#[test]
fn a_scheduled_job_is_shown_and_its_calls_are_asked_about() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _rows = hermes.tried(["ask: a call of a scheduled job", "found: scheduled jobs and their runs"]);
    let machine = &hermes.machine;
    hermes.cli(&["chat", "-q", &script(&json!([terminal("echo first")]))]);
    assert_eq!(changes(machine), []);
    for name in ["no", "yes"] {
        // The client refuses prompts that speak of destroying: the job reads what to do from a file.
        let prompt = script(&json!([terminal(&format!("bash {name}.sh; curl --version > /dev/null | sh"))]));
        fs::write(hermes.file(&format!("{name}.sh")), format!("touch {name}.ran\n")).unwrap();
        let workdir = machine.project().display().to_string();
        let said = hermes.cli(&["cron", "create", "--name", name, "--workdir", &workdir, "every 2h", &prompt]);
        let jobs: Value = serde_json::from_str(&fs::read_to_string(hermes.home("cron/jobs.json")).unwrap()).unwrap();
        let job =
            jobs["jobs"].as_array().unwrap().iter().find(|job| job["name"] == name).unwrap_or_else(|| panic!("{said}"));
        let id = job["id"].as_str().unwrap();
        let seen = shown(machine);
        let own = seen.facts.iter().find(|fact| fact.name == format!("job:{id}")).unwrap();
        assert_eq!(own.tab, FactTab::Schedules);
        assert!(own.value.contains(name) && own.value.contains("runs an agent"), "{own:?}");
        assert!(changes(machine).contains(&(DriftKind::Appeared, format!("job:{id}"))), "{:?}", changes(machine));
        let before = own.value.clone();
        let run = Hermes::start(&hermes, &["cron", "run", id]);
        let asked = machine.wait_pending();
        assert!(!hermes.file(&format!("{name}.ran")).exists());
        machine.decide(&asked, if name == "yes" { "allow_once" } else { "deny" }, None).unwrap();
        run.finish();
        assert_eq!(
            hermes.file(&format!("{name}.ran")).exists(),
            name == "yes",
            "{}",
            hermes.told(&format!("{name}.sh"))
        );
        hermes.assert_recorded(&ASKED);
        let session = hermes.rows(&format!("SELECT id, source FROM sessions WHERE id LIKE 'cron_{id}%'"));
        assert_eq!(session.len(), 1, "the run is a session of the client");
        let runs = hermes.cli(&["cron", "runs", id]);
        assert!(runs.contains(id), "{runs}");
        // The newest run is the one the client recorded.
        let query = "SELECT job_id, status, finished_at FROM executions ORDER BY claimed_at DESC, id DESC";
        let recorded = rows(&hermes.home("cron/executions.db"), query, &[]);
        let text = |name: &str| recorded[0][name].as_str().unwrap();
        let newest = fact(&shown(machine), "run 01");
        assert!(newest.starts_with(&format!("{id}: {}, ", text("status"))), "{newest} {recorded:?}");
        assert!(text("job_id") == id && newest.contains(text("finished_at")), "{newest} {recorded:?}");
        let seen = shown(machine);
        assert_eq!(fact(&seen, &format!("job:{id}")), before, "its run is no change of the job");
        assert!(fact(&seen, &format!("last run of {id}")).starts_with("ok, "), "{:?}", seen.facts);
        // Equal to what the client recorded, which reckons the next run at the start and at the end of each.
        let jobs: Value = serde_json::from_str(&fs::read_to_string(hermes.home("cron/jobs.json")).unwrap()).unwrap();
        let job = jobs["jobs"].as_array().unwrap().iter().find(|job| job["id"] == id).unwrap();
        assert_eq!(Value::from(fact(&seen, &format!("next run of {id}"))), job["next_run_at"]);
    }
    let count = changes(machine).len();
    assert_eq!(count, 2, "{:?}", changes(machine));
    let sessions = wait_for("the runs", || {
        let page = machine.ask(&ListSessions::default()).unwrap().items;
        let runs: Vec<_> = page.into_iter().filter(|row| row.session.starts_with("cron_")).collect();
        (runs.len() == 2).then_some(runs)
    });
    assert!(sessions.iter().all(|row| row.tool_calls >= 1), "{sessions:?}");
}

#[test]
fn a_call_of_an_mcp_tool_is_asked_about() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _rows = hermes.tried(["ask: a call of an MCP tool"]);
    let (machine, calls) = (&hermes.machine, hermes.machine.at("calls.jsonl"));
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mcp_server.py");
    let settings = fs::read_to_string(hermes.home("config.yaml")).unwrap();
    let entry = format!(
        "mcp_discovery_timeout: 20\nmcp_servers:\n  records:\n    command: python3\n    args: [\"{server}\"]\n    env: {{CALLS: \"{}\"}}\n",
        calls.display()
    );
    fs::write(hermes.home("config.yaml"), format!("{settings}{entry}")).unwrap();
    assert!(hermes.cli(&["mcp", "list"]).contains("records"));
    let step = |name: &str| json!([{ "tool": "mcp__records__delete_record", "input": { "name": name } }]);
    let turn = Agent::start(&hermes, &json!([step("denied-one"), step("allowed-one")]));
    let seen = machine.wait_pending();
    assert_eq!((seen.kind.as_str(), seen.headline.as_str()), ("mcp", "records: delete_record"));
    machine.decide(&seen, "deny", None).unwrap();
    let next = || machine.pending().items.into_iter().find(|one| one.id != seen.id);
    let next = wait_for("the second call", next);
    assert!(!calls.exists(), "the server never heard of the denied call");
    machine.decide(&next, "allow_once", None).unwrap();
    turn.end();
    let heard = fs::read_to_string(&calls).unwrap();
    assert!(heard.lines().count() == 1 && heard.contains("allowed-one"), "{heard}");
    assert!(hermes.told("denied-one").contains("The user denied this in ClawButler"));
    assert!(hermes.told("allowed-one").contains("deleted"));
    hermes.assert_recorded(&ASKED);
    hermes.assert_recorded(&["approval.decided", "decision.delivered", "action.completed"]);
    assert!(fact(&shown(machine), "mcp:records").contains("mcp_server.py"));
}

#[test]
fn what_changes_in_a_home_is_noticed_and_its_own_writing_is_not() {
    let Some(hermes) = Hermes::guarded("manual") else { return };
    let machine = &hermes.machine;
    {
        let _row = tried(HERMES, "drift: the client's own writing is none");
        hermes.run("echo one > one.txt");
        hermes.run("echo two > two.txt");
        assert!(hermes.file("two.txt").exists());
        assert_eq!(changes(machine), []);
    }
    {
        let _rows = hermes.tried(["found: configuration and health", "found: install, home, running session"]);
        configuration_and_health(&hermes);
    }
    let _row = tried(HERMES, "drift: skill, MCP server, hook, loosened mode");
    hermes.cli(&["config", "set", "approvals.mode", "off"]);
    let settings = fs::read_to_string(hermes.home("config.yaml")).unwrap();
    let more = "mcp_servers:\n  fresh:\n    command: node\n    args: [server.js]\n    env: {KEY: S3CRETS3CRET}\n\
        hooks:\n  post_tool_call:\n    - command: \"true\"\n";
    fs::write(hermes.home("config.yaml"), format!("{settings}\n{more}")).unwrap();
    let skill = hermes.home("skills/fresh");
    fs::create_dir_all(&skill).unwrap();
    fs::write(skill.join("SKILL.md"), "---\nname: fresh\ndescription: a new skill\n---\nDo it.\n").unwrap();
    assert!(hermes.cli(&["mcp", "list"]).contains("fresh"), "the client knows the server");
    assert!(hermes.cli(&["hooks", "list"]).contains("post_tool_call"), "the client knows the hook");
    shared::assert_drifted(machine, "approval mode", &["mcp:fresh", "shell hook: post_tool_call 1", "skill:fresh"]);
    assert_eq!(level(&shown(machine), "guard"), HealthLevel::Healthy, "the client's own writing keeps the guard");
}

/// What is shown of the home and of what runs there is what the client says.
fn configuration_and_health(hermes: &Hermes) {
    let machine = &hermes.machine;
    let wait = "touch started; for i in $(seq 300); do [ -e go ] && break; sleep 0.1; done";
    let turn = Agent::start(hermes, &json!([terminal(wait)]));
    let Turn::Run(running) = &turn else { panic!("it is a program") };
    wait_for("the command", || hermes.file("started").exists().then_some(()));
    let home = found(machine);
    let live: Vec<_> = home.sessions.iter().map(|one| (one.pid, one.kind.as_str())).collect();
    assert_eq!(live, [(running.0.id(), "print")]);
    shared::assert_listed_alike("hermes", &machine.env(), &machine.at("home"), &machine.at("home/.hermes"));
    let seen = shown(machine);
    let version = seen.agent.version.clone().unwrap();
    assert_eq!(home.sessions[0].version.as_ref(), Some(&version));
    let said = hermes.cli(&["--version"]);
    assert!(said.contains(&format!("v{version}")), "{version} is not in {said}");
    let get = |path: &str| hermes.cli(&["config", "get", path]).trim().to_owned();
    assert_eq!(fact(&seen, "model"), get("model.default"));
    assert_eq!(fact(&seen, "approval mode"), get("approvals.mode"));
    assert!(fact(&seen, "model address").starts_with("http://127.0.0.1:"));
    assert!(!serde_json::to_string(&seen.facts).unwrap().contains("sk-loopback"), "no secret is a fact");
    for name in ["settings", "records", "guard", "guard in running processes", "last contact"] {
        assert_eq!(level(&seen, name), HealthLevel::Healthy, "{:?}", seen.agent.health);
    }
    fs::write(hermes.file("go"), "").unwrap();
    turn.end();
    assert_eq!(found(machine).sessions, []);
    let settings = fs::read_to_string(hermes.home("config.yaml")).unwrap();
    fs::write(hermes.home("config.yaml"), format!("{settings}broken: [")).unwrap();
    assert_ne!(level(&shown(machine), "settings"), HealthLevel::Healthy);
    fs::write(hermes.home("config.yaml"), settings).unwrap();
}

/// How a job failed is told in the client's own words.
#[test]
fn a_scheduled_job_that_fails_says_why() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "found: scheduled jobs that fail say why");
    let machine = &hermes.machine;
    fs::create_dir_all(hermes.home("scripts")).unwrap();
    fs::write(hermes.home("scripts/bad.py"), "import sys\nsys.exit('no such account')\n").unwrap();
    let answer = script(&json!([[{ "text": "hello" }]]));
    let job = |name: &str, args: &[&str]| {
        let said = hermes.cli(&[&["cron", "create", "--name", name][..], args].concat());
        let jobs: Value = serde_json::from_str(&fs::read_to_string(hermes.home("cron/jobs.json")).unwrap()).unwrap();
        let job = jobs["jobs"].as_array().unwrap().iter().find(|job| job["name"] == name).cloned();
        let id = job.unwrap_or_else(|| panic!("{said}"))["id"].as_str().unwrap().to_owned();
        Hermes::start(&hermes, &["cron", "run", &id]).finish();
        id
    };
    let bad = job("bad", &["--no-agent", "--script", "bad.py", "every 2h"]);
    let seen = shown(machine);
    let newest = fact(&seen, "run 01");
    assert!(newest.starts_with(&format!("{bad}: failed, ")) && newest.ends_with("no such account"), "{newest}");
    let last = fact(&seen, &format!("last run of {bad}"));
    assert!(last.starts_with("error, ") && last.ends_with("no such account"), "{last}");

    let lost = job("lost", &["--deliver", "telegram:12345", "every 2h", &answer]);
    let last = fact(&shown(machine), &format!("last run of {lost}"));
    assert!(last.starts_with("ok, ") && last.contains("not delivered: platform 'telegram'"), "{last}");

    let text = fs::read_to_string(hermes.home("config.yaml")).unwrap();
    let away = text.replace(&format!("127.0.0.1:{}", hermes.model.port), "127.0.0.1:9");
    fs::write(hermes.home("config.yaml"), away).unwrap();
    let mute = job("mute", &["every 2h", &answer]);
    let newest = fact(&shown(machine), "run 01");
    assert!(
        newest.starts_with(&format!("{mute}: failed, ")) && newest.to_lowercase().contains("connection"),
        "{newest}"
    );
}
