//! The real Codex against a loopback model: its hooks in every way they can be answered or fail, with the effect
//! on the file system, in the client's record and in the ledger; and what it records, told by the connector.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

mod managed;
mod moved;
mod odd;
mod states;
mod trust;
mod unseen;

use std::fs;

use clawbutler_connectors::connector::by_id;
use clawbutler_connectors::env::Env;
use clawbutler_core::timeline::{Outcome, Step, Usage, What};
use clawbutler_testkit::codex::{self, CODE_MODE, DIRECT, Server};
use clawbutler_testkit::in_shell;
use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, CODEX_OLD, tried};
use clawbutler_wire::command::{Discover, Govern, InstallGuard, PlanGuard, UninstallGuard};
use clawbutler_wire::runtimes::GuardVariant;
use serde_json::{Value, json};

use super::shared::{assert_listed_alike, expire_after, uninstall, write_program};

/// Ways of an agent to change the machine, each in a high-risk shape, and the model that goes them.
const WAYS: [(&str, &str); 4] = [("shell", DIRECT), ("patch", DIRECT), ("mcp", DIRECT), ("code", CODE_MODE)];

fn call(way: &str, name: &str) -> Value {
    let command = format!("touch {name}.ran && rm -r victim-{name}");
    let block = match way {
        "shell" => json!({ "tool": "exec_command", "input": { "cmd": command } }),
        "patch" => {
            let patch = format!("*** Begin Patch\n*** Add File: .git/hooks/{name}\n+#!/bin/sh\n*** End Patch\n");
            json!({ "tool": "apply_patch", "input": patch })
        }
        "mcp" => json!({ "tool": "delete_record", "namespace": "mcp__records", "input": { "name": name } }),
        _ => {
            let program =
                format!("const r = await tools.exec_command({{cmd: {}}}); text(JSON.stringify(r));", json!(command));
            json!({ "tool": "exec", "input": program })
        }
    };
    json!([block])
}

struct Place<'a>(&'a Machine);

impl Place<'_> {
    fn lay(&self, name: &str) {
        fs::create_dir_all(self.0.project().join(format!("victim-{name}"))).unwrap();
    }

    fn done(&self, way: &str, name: &str) -> bool {
        let project = self.0.project();
        match way {
            "patch" => project.join(format!(".git/hooks/{name}")).exists(),
            "mcp" => fs::read_to_string(self.0.at("calls.jsonl")).unwrap_or_default().contains(&format!("\"{name}\"")),
            _ => project.join(format!("{name}.ran")).exists() && !project.join(format!("victim-{name}")).exists(),
        }
    }

    fn start(&self, (way, model): (&str, &str), name: &str) -> Running {
        self.lay(name);
        codex::exec(self.0, &script(&json!([call(way, name)])), &["-m", model])
    }

    /// A run in which nobody is asked; gives what the client recorded.
    fn unasked(&self, way: (&str, &str), name: &str) -> String {
        let output = self.start(way, name).finish();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.record()
    }

    /// The newest record of a session.
    fn record(&self) -> String {
        fs::read_to_string(codex::records(self.0).last().unwrap()).unwrap()
    }

    #[track_caller]
    fn recorded(&self, expected: &[&str]) {
        let kinds = self.0.kinds();
        let tail = &kinds[kinds.len().saturating_sub(expected.len())..];
        assert_eq!(tail, expected, "{kinds:?}");
    }

    fn guard(&self) -> (String, String) {
        let found = self.0.ask(&Discover {}).unwrap();
        let home = found.homes.into_iter().find(|home| home.runtime == "codex").unwrap();
        assert_eq!(home.path, self.0.at("home/.codex").display().to_string());
        (serde_json::to_value(home.guard.state).unwrap().as_str().unwrap().to_owned(), home.guard.says)
    }
}

/// A machine whose Codex has our guard and trusts it.
fn guarded() -> Option<Machine> {
    let machine = codex::machine()?;
    machine.install_guard();
    codex::trust(&machine);
    Some(machine)
}

#[test]
fn the_guard_counts_only_when_codex_trusts_it_and_leaves_as_it_came() {
    let Some(machine) = codex::machine() else { return };
    let _rows = [
        "guard: in force only when the client trusts it",
        "found: install, home, running session",
        "guard: its removal gives the files back",
    ]
    .map(|scenario| tried(CODEX, scenario));
    let place = Place(&machine);
    let path = machine.at("home/.codex/config.toml");
    let before = fs::read_to_string(&path).unwrap();
    assert_eq!(place.guard().0, "missing");
    machine.install_guard();
    assert!(fs::read_to_string(&path).unwrap().starts_with(&before), "every other byte stays");
    let (state, says) = place.guard();
    assert!(state == "bypassed" && says.contains("not trusted in Codex yet"), "{says}");
    place.unasked(WAYS[0], "early");
    assert!(place.done("shell", "early"), "what we say is so: nothing guards yet");
    codex::trust(&machine);
    assert_eq!(place.guard().0, "user", "{}", place.guard().1);

    let running = place.start(WAYS[0], "late");
    let seen = machine.wait_pending();
    let found = machine.ask(&Discover {}).unwrap();
    let home = found.homes.into_iter().find(|home| home.runtime == "codex").unwrap();
    let sessions: Vec<_> = home.sessions.iter().map(|one| (one.pid, one.kind.clone(), one.cwd.clone())).collect();
    let project = machine.project().canonicalize().unwrap().display().to_string();
    assert_eq!(sessions, [(running.0.id(), "print".to_owned(), project)]);
    assert_listed_alike("codex", &machine.env(), &machine.at("home"), &machine.at("home/.codex"));
    machine.decide(&seen, "deny", None).unwrap();
    running.finish();
    assert!(!place.done("shell", "late"));
    let found = machine.ask(&Discover {}).unwrap();
    assert!(found.homes.iter().all(|home| home.runtime != "codex" || home.sessions.is_empty()), "it ended");
    assert!(found.installs.iter().any(|one| one.version == CODEX.version()), "{:?}", found.installs);

    uninstall(&machine);
    assert_eq!(fs::read_to_string(&path).unwrap(), before, "the record of trust went too");
    place.unasked(WAYS[0], "after");
    assert!(place.done("shell", "after"));
}

#[test]
fn deny_allow_and_always() {
    let Some(machine) = guarded() else { return };
    let _rows = ["ask: deny", "ask: allow once", "ask: always allow", "ask: a call of an MCP tool"]
        .map(|scenario| tried(CODEX, scenario));
    let place = Place(&machine);
    for way in WAYS {
        let name = format!("deny-{}", way.0);
        let running = place.start(way, &name);
        let seen = machine.wait_pending();
        assert!(!place.done(way.0, &name), "nothing runs while the question stands");
        machine.decide(&seen, "deny", Some("not in this repository")).unwrap();
        running.finish();
        assert!(!place.done(way.0, &name));
        assert!(place.record().contains("not in this repository"), "{}", place.record());
        place.recorded(&["action.requested", "approval.requested", "approval.decided", "decision.delivered"]);
    }
    for way in WAYS {
        let name = format!("allow-{}", way.0);
        let running = place.start(way, &name);
        let seen = machine.wait_pending();
        machine.decide(&seen, "allow_once", None).unwrap();
        running.finish();
        assert!(place.done(way.0, &name), "{}", place.record());
        assert!(machine.pending().items.is_empty());
        assert_eq!(machine.kinds().last().unwrap(), "action.completed");
    }
    let twice = json!([call("shell", "always"), call("shell", "always"), call("shell", "other")]);
    place.lay("always");
    place.lay("other");
    let running = codex::exec(&machine, &script(&twice), &[]);
    let seen = machine.wait_pending();
    machine.decide(&seen, "allow_always", None).unwrap();
    let other = wait_for("the other call", || machine.pending().items.into_iter().find(|one| one.id != seen.id));
    assert!(other.headline.contains("other.ran"), "the second call was covered: {}", other.headline);
    machine.decide(&other, "deny", None).unwrap();
    running.finish();
    assert!(place.done("shell", "always") && !place.done("shell", "other"));
    assert_eq!(machine.ledger().into_iter().filter(|entry| entry["actor"]["kind"] == "grant").count(), 1);
}

#[test]
fn nobody_answers_or_nobody_is_there() {
    let Some(mut machine) = guarded() else { return };
    let _rows = ["ask: nobody answers", "fail: app away", "ask: low risk is not asked about"]
        .map(|scenario| tried(CODEX, scenario));
    let place = Place(&machine);
    let before = expire_after(&machine, 2_000);
    for way in WAYS {
        let name = format!("late-{}", way.0);
        let record = place.unasked(way, &name);
        assert!(record.contains("Nobody answered"), "{record}");
        assert!(!place.done(way.0, &name));
    }
    assert!(machine.kinds().contains(&"approval.expired".to_owned()));
    expire_after(&machine, before);
    machine.quit();
    let place = Place(&machine);
    for way in WAYS {
        let name = format!("away-{}", way.0);
        let record = place.unasked(way, &name);
        assert!(record.contains("could not ask anybody"), "{record}");
        assert!(!place.done(way.0, &name), "high risk is blocked");
    }
    let calm = json!([[{ "tool": "exec_command", "input": { "cmd": "echo calm > calm.txt" } }]]);
    codex::exec(&machine, &script(&calm), &[]).finish();
    assert!(machine.project().join("calm.txt").exists(), "low risk goes on");
    machine.start();
    let ledger = machine.ledger();
    let gates = ledger.iter().filter(|entry| entry["kind"] == "offline.recorded" && entry["data"]["event"] == "gate");
    assert_eq!(gates.count(), WAYS.len() + 1, "each call once");
}

#[test]
fn a_missing_or_broken_hook_blocks() {
    let Some(machine) = guarded() else { return };
    let _rows = ["fail: hook missing", "fail: hook broken"].map(|scenario| tried(CODEX, scenario));
    let place = Place(&machine);
    let hook = machine.data().join("bin/clawbutler-hook");
    fs::remove_file(&hook).unwrap();
    let scripts = ["", "#!/bin/sh\nexit 1\n", "#!/bin/sh\nkill -9 $$\n", "not a program"];
    for (index, text) in scripts.into_iter().enumerate() {
        if !text.is_empty() {
            write_program(&hook, text);
        }
        for way in WAYS {
            let name = format!("broken{index}-{}", way.0);
            let record = place.unasked(way, &name);
            assert!(record.contains("blocked by PreToolUse hook"), "{text:?}: {record}");
            assert!(!place.done(way.0, &name), "{text:?}");
        }
    }
}

#[test]
fn a_sub_agents_call_is_asked_about_and_an_ended_client_takes_its_question_back() {
    let Some(machine) = guarded() else { return };
    let _rows =
        ["ask: a call inside a sub-agent", "links: a sub-agent below its call", "fail: client ended while it asks"]
            .map(|scenario| tried(CODEX, scenario));
    let place = Place(&machine);
    place.lay("kid");
    let task = json!({ "message": script(&json!([call("shell", "kid")])) });
    let turns = json!([
        [{ "tool": "spawn_agent", "namespace": "multi_agent_v1", "input": task }],
        [{ "tool": "exec_command", "input": { "cmd": "sleep 20", "yield_time_ms": 25_000 } }],
    ]);
    let mut running = codex::exec(&machine, &script(&turns), &[]);
    let seen = machine.wait_pending();
    assert!(seen.headline.contains("kid.ran") && seen.subagent.is_some(), "{seen:?}");
    machine.decide(&seen, "deny", None).unwrap();
    let kid = || {
        codex::records(&machine)
            .into_iter()
            .map(|path| fs::read_to_string(path).unwrap())
            .find(|text| text.contains("\"subagent\""))
    };
    wait_for("the refusal", || kid().filter(|text| text.contains("The user denied this in ClawButler")));
    assert!(!place.done("shell", "kid"));
    let ledger = machine.ledger();
    let begun = ledger.iter().find(|entry| entry["kind"] == "subagent.started");
    let begun = begun.unwrap_or_else(|| panic!("{ledger:#?}"));
    let by = |field: &str, value: &serde_json::Value| {
        ledger.iter().find(|entry| entry["kind"] == "action.requested" && entry[field] == *value)
    };
    let call = by("span", &begun["parent"]).unwrap_or_else(|| panic!("{begun} hangs below no call: {ledger:#?}"));
    assert!(call["data"]["tool"].to_string().contains("spawn_agent"), "{call:#?}");
    let inside = by("parent", &begun["span"]).unwrap_or_else(|| panic!("nothing hangs below {begun}"));
    assert!(inside["data"]["effect"].to_string().contains("kid.ran"), "{inside:#?}");
    running.0.kill().unwrap();
    running.0.wait().unwrap();

    let mut running = place.start(WAYS[0], "gone");
    machine.wait_pending();
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    wait_for("the withdrawal", || machine.pending().items.is_empty().then_some(()));
    assert!(machine.kinds().contains(&"approval.withdrawn".to_owned()));
    assert!(!place.done("shell", "gone"));
}

#[test]
fn the_oldest_supported_client_is_guarded_too() {
    let Some(machine) = codex::old_machine() else { return };
    let _rows = ["ask: deny", "ask: allow once", "fail: hook missing"].map(|scenario| tried(CODEX_OLD, scenario));
    machine.install_guard();
    codex::trust(&machine);
    let place = Place(&machine);
    let (state, says) = place.guard();
    assert!(state == "user" && says.contains("SessionEnd, SubagentStart, SubagentStop"), "{state}: {says}");
    for way in &WAYS[..2] {
        for (verb, done) in [("deny", false), ("allow_once", true)] {
            let name = format!("{verb}-{}", way.0);
            let running = place.start(*way, &name);
            let seen = machine.wait_pending();
            machine.decide(&seen, verb, None).unwrap();
            running.finish();
            assert_eq!(place.done(way.0, &name), done, "{}", place.record());
        }
    }
    fs::remove_file(machine.data().join("bin/clawbutler-hook")).unwrap();
    for way in &WAYS[..2] {
        let name = format!("broken-{}", way.0);
        let record = place.unasked(*way, &name);
        assert!(record.contains("blocked by PreToolUse hook") && !place.done(way.0, &name), "{record}");
    }
}

/// A command that asks to leave the sandbox, outside the project so that inside the sandbox it could not.
fn escalated(machine: &Machine, name: &str, risky: bool) -> Value {
    let file = machine.at("home").join(name);
    let tail = if risky { format!(" && rm -r victim-{name}") } else { String::new() };
    json!([{ "tool": "exec_command", "input": {
        "cmd": format!("touch {}{tail}", in_shell(&file)), "sandbox_permissions": "require_escalated",
        "justification": "It has to write there.",
    } }])
}

#[test]
fn its_own_questions_are_ours_too_and_come_once() {
    let Some(mut machine) = guarded() else { return };
    let _row = tried(CODEX, "ask: the client's own question, once");
    let mut server = Server::start(&machine);
    let thread = server.thread(&machine);
    let ended = |message: &Value| message["method"] == "turn/completed";
    let asked = |message: &Value| message["method"] == "item/commandExecution/requestApproval";
    for (name, verb, risky) in
        [("calm-yes", "allow_once", false), ("calm-no", "deny", false), ("risky-yes", "allow_once", true)]
    {
        fs::create_dir_all(machine.project().join(format!("victim-{name}"))).unwrap();
        server.turn(&thread, &script(&json!([escalated(&machine, name, risky)])));
        let seen = machine.wait_pending();
        assert!(!machine.at("home").join(name).exists());
        machine.decide(&seen, verb, None).unwrap();
        let next = server.until(|message| ended(message) || asked(message));
        assert!(ended(&next), "Codex does not ask again: {next}");
        assert_eq!(machine.at("home").join(name).exists(), verb == "allow_once", "{name}");
        assert!(machine.pending().items.is_empty(), "one question for one call");
    }
    machine.quit();
    server.turn(&thread, &script(&json!([escalated(&machine, "away", false)])));
    let question = server.until(asked);
    server.answer(&question, &json!({ "decision": "decline" }));
    server.until(ended);
    assert!(!machine.at("home").join("away").exists());
    machine.start();
}

fn connector_env(machine: &Machine) -> Env {
    Env::new(machine.env(), machine.at("home"))
}

/// Everything the home records, as steps by recording.
fn told(machine: &Machine) -> Vec<(Option<String>, Vec<Step>)> {
    let connector = by_id("codex").unwrap();
    let home = machine.at("home/.codex");
    let all = connector.recordings(&connector_env(machine), &home);
    all.iter()
        .map(|recording| {
            let found = connector.recordings_in(&connector_env(machine), &home, &recording.path);
            assert_eq!(found, std::slice::from_ref(recording));
            let mut reader = connector.reader(recording, None).unwrap();
            let text = fs::read_to_string(&recording.path).unwrap();
            let steps = text.lines().flat_map(|line| reader.record(line.as_bytes()).unwrap()).collect();
            (recording.agent.clone(), steps)
        })
        .collect()
}

/// What is picked of the steps, in order.
fn picked<'a, T>(steps: &'a [Step], pick: impl Fn(&'a What) -> Option<T>) -> Vec<T> {
    steps.iter().filter_map(|step| pick(&step.what)).collect()
}

#[test]
fn the_record_tells_what_the_client_said() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, "records: what is told is what the client recorded");
    let turns = json!([
        [{ "tool": "exec_command", "input": { "cmd": "echo one" } }],
        [{ "tool": "exec_command", "input": { "cmd": "exit 3" } }],
        [{ "tool": "apply_patch", "input": "*** Begin Patch\n*** Add File: new.txt\n+hi\n*** End Patch\n" }],
        [{ "tool": "no_such_tool", "input": {} }],
        [{ "tool": "spawn_agent", "namespace": "multi_agent_v1", "input": { "message": script(&json!([])) } }],
    ]);
    let prompt = script(&turns);
    let output = codex::exec(&machine, &prompt, &[]).finish();
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = told(&machine);
    for (agent, steps) in &told {
        let unknown = picked(steps, |what| matches!(what, What::Unknown { .. }).then_some(what));
        assert!(unknown.is_empty(), "{agent:?}: {unknown:?}");
    }
    let (_, steps) = told.iter().find(|(agent, _)| agent.is_none()).unwrap();
    words(steps, &said, &prompt);
    calls(steps, &said);
    tokens(steps, &said);
    let started = picked(steps, |what| if let What::AgentStarted { agent, .. } = what { Some(agent) } else { None });
    let (kid, inner) = told.iter().find(|(agent, _)| agent.is_some()).unwrap();
    assert_eq!(started, [kid.as_ref().unwrap()]);
    assert!(inner.iter().all(|step| step.agent == *kid));
    assert!(inner.iter().any(|step| step.what == What::Prompt { text: script(&json!([])) }), "{inner:?}");
}

/// Items of the client's own output.
fn items<'a>(said: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let completed = said.iter().filter(|line| line["type"] == "item.completed").map(|line| &line["item"]);
    completed.filter(|item| item["type"] == kind).collect()
}

fn words(steps: &[Step], said: &[Value], prompt: &str) {
    let prompts = picked(steps, |what| if let What::Prompt { text } = what { Some(text.as_str()) } else { None });
    assert_eq!(prompts, [prompt]);
    let answers = picked(steps, |what| if let What::Answer { text } = what { Some(text.as_str()) } else { None });
    let messages: Vec<&str> = items(said, "agent_message").iter().map(|item| item["text"].as_str().unwrap()).collect();
    assert_eq!(answers, messages);
    let settings = picked(steps, |what| match what {
        What::Setting { name, value } => Some((name.as_str(), value.as_str())),
        _ => None,
    });
    for expected in [("model", DIRECT), ("mode", "never"), ("sandbox", "danger-full-access")] {
        assert!(settings.contains(&expected), "{settings:?}");
    }
}

fn calls(steps: &[Step], said: &[Value]) {
    let tools = picked(steps, |what| if let What::ToolCall { tool, .. } = what { Some(tool.as_str()) } else { None });
    let expected = ["exec_command", "exec_command", "apply_patch", "no_such_tool", "multi_agent_v1__spawn_agent"];
    assert_eq!(tools, expected);
    let outcomes =
        picked(steps, |what| if let What::ToolResult { outcome, .. } = what { Some(*outcome) } else { None });
    assert_eq!(outcomes, [Outcome::Ok, Outcome::Failed, Outcome::Ok, Outcome::Failed, Outcome::Ok]);
    let exits: Vec<&Value> = items(said, "command_execution").iter().map(|item| &item["exit_code"]).collect();
    assert_eq!(exits, [&json!(0), &json!(3)]);
}

fn tokens(steps: &[Step], said: &[Value]) {
    let used: Vec<&Usage> = picked(steps, |what| if let What::Usage(usage) = what { Some(usage) } else { None });
    let sum = |part: fn(&Usage) -> u64| json!(used.iter().map(|one| part(one)).sum::<u64>());
    let usage = &said.iter().find(|line| line["type"] == "turn.completed").unwrap()["usage"];
    assert_eq!(sum(|one| one.input + one.cache_read), usage["input_tokens"]);
    assert_eq!(sum(|one| one.cache_read), usage["cached_input_tokens"]);
    assert_eq!(sum(|one| one.output), usage["output_tokens"]);
    assert!(used.iter().all(|one| one.model.as_deref() == Some(DIRECT) && one.response.is_some()));
    let quota = What::Quota {
        window: "5h".to_owned(),
        used_percent: 12.5,
        resets_at: Some(clawbutler_core::clock::Timestamp(2_000_000_000_000)),
    };
    assert!(steps.iter().any(|step| step.what == quota));
}

/// The static rules: what writing or removing them answers.
fn static_rules(machine: &Machine, uninstall: bool) {
    let (home_id, variant) = (machine.home_id(), GuardVariant::Backstop);
    let plan = machine.ask(&PlanGuard { home_id: home_id.clone(), variant, uninstall }).unwrap();
    assert!(plan.changes, "{plan:?}");
    let plan_digest = plan.plan_digest;
    if uninstall {
        machine.ask(&UninstallGuard { home_id, variant, plan_digest }).unwrap();
    } else {
        machine.ask(&InstallGuard { home_id, variant, plan_digest }).unwrap();
    }
}

#[test]
fn the_static_rules_hold_without_us_and_with_approvals_off() {
    for (machine, client) in [(codex::machine(), CODEX), (codex::old_machine(), CODEX_OLD)] {
        let Some(mut machine) = machine else { continue };
        let _row = tried(client, "static rules: what they forbid does not run while the app is away");
        machine.ask(&Govern { home_id: machine.home_id(), governed: true }).unwrap();
        static_rules(&machine, false);
        machine.quit();
        for (at, forbidden) in
            ["shutdown --help; touch ran-0", "git push --force nowhere; touch ran-1"].iter().enumerate()
        {
            let block = json!([[{ "tool": "exec_command", "input": { "cmd": forbidden } }]]);
            let output = codex::exec(&machine, &script(&block), &["-m", DIRECT]).finish();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(!machine.project().join(format!("ran-{at}")).exists(), "{client:?} ran: {forbidden}");
        }
        let block = json!([[{ "tool": "exec_command", "input": { "cmd": "touch ran-fine" } }]]);
        codex::exec(&machine, &script(&block), &["-m", DIRECT]).finish();
        assert!(machine.project().join("ran-fine").exists(), "{client:?} did not run what no rule names");
        machine.start();
        static_rules(&machine, true);
        assert!(!machine.at("home/.codex/rules/clawbutler.rules").exists());
        assert_eq!(machine.kinds(), ["guard.installed", "guard.removed"]);
    }
}
