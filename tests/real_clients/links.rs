//! What began what, with real clients: Codex run by a command of Claude Code, and Claude Code's own sub-agent.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use clawbutler_testkit::codex;
use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::in_shell;
use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway};
use clawbutler_testkit::results::{CLAUDE, CODEX, HERMES, OPENCLAW, tried};
use clawbutler_wire::command::ShowTrace;
use serde_json::{Value, json};

use super::{bash, lax};

/// Waits for the end of a client; whatever is asked about meanwhile is allowed once.
fn allowed_to_its_end(machine: &Machine, mut client: Running) {
    while client.0.try_wait().unwrap().is_none() {
        for seen in machine.pending().items {
            // It may have been taken back since.
            let _ = machine.decide(&seen, "allow_once", None);
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let output = client.finish();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn find<'a>(ledger: &'a [Value], kind: &str, runtime: &str) -> &'a Value {
    let fits = |entry: &&Value| entry["kind"] == kind && entry["actor"]["runtime"] == runtime;
    ledger.iter().find(fits).unwrap_or_else(|| panic!("{kind} of {runtime} is not in {ledger:#?}"))
}

#[test]
fn codex_in_a_command_of_claude_code_hangs_below_that_command() {
    let Some(machine) = codex::machine_below_claude(&lax()) else { return };
    let _rows =
        [tried(CLAUDE, "links: an agent begun by a command"), tried(CODEX, "links: an agent begun by a command")];
    let inner = codex::nested(&machine, &json!([[{ "tool": "exec_command", "input": { "cmd": "touch inner.txt" } }]]));
    let client = machine.claude(&script(&json!([bash("echo before"), bash(&inner)])), &[]);
    allowed_to_its_end(&machine, client);
    assert!(machine.project().join("inner.txt").exists(), "{}", machine.transcripts());
    let ledger = machine.ledger();
    let outer =
        ledger.iter().rfind(|entry| entry["kind"] == "action.requested" && entry["actor"]["runtime"] == "claude-code");
    let outer = outer.unwrap();
    let begun = find(&ledger, "session.started", "codex");
    let link = json!({ "trace": outer["trace"], "span": outer["span"], "how": "process" });
    assert_eq!((&begun["data"]["begun_by"], &begun["parent"]), (&link, &outer["span"]), "{ledger:#?}");
    let action = find(&ledger, "action.requested", "codex");
    assert_eq!((&action["parent"], &action["trace"]), (&begun["span"], &begun["trace"]));

    let trace = outer["trace"].as_str().unwrap().to_owned();
    let view = machine.ask(&ShowTrace { trace, ..ShowTrace::default() }).unwrap();
    let below = view.spans.iter().find(|span| span.id == action["span"].as_str().unwrap()).unwrap();
    assert_eq!((below.runtime.as_str(), view.begun.len()), ("Codex", 1));
    assert!(find(&ledger, "session.started", "claude-code").get("parent").is_none_or(Value::is_null));
}

#[test]
fn a_subagent_of_claude_code_hangs_below_the_call_that_began_it() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "links: a sub-agent below its call");
    let task = |prompt: &str| {
        let prompt = script(&json!([bash(prompt)]));
        json!({ "tool": "Agent", "input": { "description": "look", "prompt": prompt, "subagent_type": "general-purpose" } })
    };
    let client = machine.claude(&script(&json!([[task("echo one > one.txt"), task("echo two > two.txt")]])), &[]);
    allowed_to_its_end(&machine, client);
    let ledger = machine.ledger();
    let of = |kind: &str| ledger.iter().filter(|entry| entry["kind"] == kind).collect::<Vec<_>>();
    let (begun, requested) = (of("subagent.started"), of("action.requested"));
    assert_eq!(begun.len(), 2, "{ledger:#?}");
    for agent in begun {
        let call = requested.iter().find(|entry| entry["span"] == agent["parent"]).unwrap();
        let how = agent["data"]["how"].as_str().unwrap_or_default();
        assert!(call["data"]["tool"] == "Agent" && ["named", "only"].contains(&how), "{agent:#?}");
        let inside: Vec<_> = requested.iter().filter(|entry| entry["parent"] == agent["span"]).collect();
        assert_eq!(inside.len(), 1, "{ledger:#?}");
        let command = inside[0]["data"]["effect"]["command"].as_str().unwrap();
        assert!(call["data"]["effect"]["prompt"].as_str().unwrap().contains(command), "the call that began it");
    }
}

/// Where the client says that a sub-agent began: the call above it and, as far as it tells, the sub-agent's own calls.
fn chains(ledger: &[Value], runtime: &str, inner: &[&str]) -> Vec<Vec<String>> {
    let named = |entry: &Value| entry["data"]["tool"].as_str().unwrap_or_default().to_owned();
    let of_span =
        |span: &Value| ledger.iter().find(|entry| entry["kind"] == "action.requested" && entry["span"] == *span);
    let begun = |entry: &Value| -> Option<Value> {
        // A session of its own, or a sub-agent inside one.
        let own = ledger.iter().find(|one| one["trace"] == entry["trace"] && one["data"]["begun_by"].is_object());
        let inside = ledger.iter().find(|one| one["kind"] == "subagent.started" && one["span"] == entry["parent"]);
        inside.map(|one| one["parent"].clone()).or_else(|| own.map(|one| one["data"]["begun_by"]["span"].clone()))
    };
    let chain = |text: &&str| {
        let fits = |entry: &&Value| {
            entry["kind"] == "action.requested"
                && entry["actor"]["runtime"] == runtime
                && entry["data"]["effect"]["command"].as_str().is_some_and(|command| command.contains(text))
        };
        let mut at = ledger.iter().find(fits).unwrap_or_else(|| panic!("{text} is not in {ledger:#?}"));
        let mut above = Vec::new();
        while let Some(span) = begun(at).filter(|_| above.len() < 5) {
            let Some(call) = of_span(&span) else {
                above.push("session".to_owned());
                break;
            };
            above.push(named(call));
            at = call;
        }
        above
    };
    inner.iter().map(chain).collect()
}

#[test]
fn sub_agents_of_hermes_hang_below_their_calls_two_at_once_and_two_deep() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "links: sub-agents at once and inside each other");
    let settings = std::fs::read_to_string(hermes.home("config.yaml")).unwrap();
    let more = "delegation: {max_spawn_depth: 2, max_concurrent_children: 3}\n";
    std::fs::write(hermes.home("config.yaml"), format!("{settings}{more}")).unwrap();
    let run = |name: &str| json!([{ "tool": "terminal", "input": { "command": format!("touch {name}.ran") } }]);
    let task = |goal: &Value| json!({ "goal": script(goal), "role": "orchestrator" });
    let deep = json!([[{ "tool": "delegate_task", "input": task(&json!([run("deep")])) }], run("middle")]);
    let tasks = [task(&json!([run("first")])), task(&deep)];
    let client = hermes.start(&["-z", &script(&json!([[{ "tool": "delegate_task", "input": { "tasks": tasks } }]]))]);
    allowed_to_its_end(&hermes.machine, client);
    for name in ["first", "middle", "deep"] {
        assert!(hermes.machine.project().join(format!("{name}.ran")).exists(), "{name}");
    }
    let ledger = hermes.machine.ledger();
    let call = || "delegate_task".to_owned();
    assert_eq!(
        chains(&ledger, "hermes", &["first.ran", "middle.ran", "deep.ran"]),
        [vec![call()], vec![call()], vec![call(), call()]],
        "{ledger:#?}"
    );
}

#[test]
fn hermes_in_a_command_of_hermes_hangs_below_that_command() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "links: an agent begun by a command");
    let inner = json!([[{ "tool": "terminal", "input": { "command": "touch inner.ran" } }]]);
    std::fs::write(hermes.machine.project().join("task.txt"), script(&inner)).unwrap();
    let program = hermes.machine.at("home/.local/bin/hermes");
    let outer = json!({ "command": format!("{} -z \"$(cat task.txt)\"", in_shell(&program)), "timeout": 120 });
    let client = hermes.start(&["-z", &script(&json!([[{ "tool": "terminal", "input": outer }]]))]);
    allowed_to_its_end(&hermes.machine, client);
    assert!(hermes.machine.project().join("inner.ran").exists(), "{}", hermes.told("task.txt"));
    begun_by_command(&hermes.machine, "task.txt", "inner.ran");
}

#[test]
fn sub_agents_of_codex_hang_below_their_calls_two_at_once_and_two_deep() {
    let Some(machine) = codex::machine() else { return };
    let _row = tried(CODEX, "links: sub-agents at once and inside each other");
    machine.install_guard();
    codex::trust(&machine);
    let run = |name: &str| json!([{ "tool": "exec_command", "input": { "cmd": format!("touch {name}.ran") } }]);
    let spawn = |turns: &Value| json!({ "tool": "spawn_agent", "namespace": "multi_agent_v1", "input": { "message": script(turns) } });
    let wait = json!([{ "tool": "exec_command", "input": { "cmd": "sleep 12", "yield_time_ms": 15_000 } }]);
    let deep = json!([[spawn(&json!([run("deep")]))], run("middle"), wait]);
    let turns = json!([[spawn(&json!([run("first")])), spawn(&deep)], wait, wait]);
    let client = codex::exec(&machine, &script(&turns), &["-c", "agents.max_depth=2"]);
    allowed_to_its_end(&machine, client);
    for name in ["first", "middle", "deep"] {
        assert!(machine.project().join(format!("{name}.ran")).exists(), "{name}");
    }
    let ledger = machine.ledger();
    let chains = chains(&ledger, "codex", &["first.ran", "middle.ran", "deep.ran"]);
    let depths: Vec<usize> = chains.iter().map(Vec::len).collect();
    assert!(
        depths == [1, 1, 2] && chains.iter().flatten().all(|call| call.contains("spawn_agent")),
        "{chains:?} {ledger:#?}"
    );
}

#[test]
fn sub_agents_of_claude_code_hang_below_their_calls_two_at_once_and_two_deep() {
    let Some(machine) = Machine::with_claude(&lax()) else { return };
    let _row = tried(CLAUDE, "links: sub-agents at once and inside each other");
    let run = |name: &str| bash(&format!("touch {name}.ran"));
    let spawn = |turns: &Value| {
        json!({ "tool": "Agent", "input": {
            "description": "a task", "prompt": script(turns), "subagent_type": "general-purpose" } })
    };
    let deep = json!([[spawn(&json!([run("deep")]))], run("middle")]);
    let turns = json!([[spawn(&json!([run("first")])), spawn(&deep)], bash("sleep 5")]);
    allowed_to_its_end(&machine, machine.claude(&script(&turns), &[]));
    for name in ["first", "middle", "deep"] {
        assert!(machine.project().join(format!("{name}.ran")).exists(), "{name}: {}", machine.transcripts());
    }
    let ledger = machine.ledger();
    let call = || "Agent".to_owned();
    assert_eq!(
        chains(&ledger, "claude-code", &["first.ran", "middle.ran", "deep.ran"]),
        [vec![call()], vec![call()], vec![call(), call()]],
        "{ledger:#?}"
    );
    // Each below the call that carried its own task.
    for begun in ledger.iter().filter(|entry| entry["kind"] == "subagent.started") {
        let above =
            ledger.iter().find(|one| one["kind"] == "action.requested" && one["span"] == begun["parent"]).unwrap();
        let inside = ledger.iter().filter(|one| one["kind"] == "action.requested" && one["parent"] == begun["span"]);
        for call in inside.filter_map(|one| one["data"]["effect"]["command"].as_str()) {
            assert!(above["data"]["effect"]["prompt"].as_str().unwrap().contains(call), "{call}: {above:#?}");
        }
    }
}

#[test]
fn sub_agents_of_openclaw_hang_below_their_calls_two_at_once_and_two_deep() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "links: sub-agents at once and inside each other");
    let path = machine.at("home/.openclaw/openclaw.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("skipBootstrap: true", "skipBootstrap: true, subagents: { maxSpawnDepth: 2 }"))
        .unwrap();
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    let run = |name: &str| json!([{ "tool": "exec", "input": { "command": format!("touch {name}.ran") } }]);
    let spawn = |name: &str, turns: &Value| {
        let args = json!({ "task": script(turns), "label": name });
        json!({ "tool": "tool_call", "input": { "id": "sessions_spawn", "args": args } })
    };
    let middle = json!([[spawn("deep", &json!([run("deep")]))], run("middle")]);
    let at_once = [spawn("first", &json!([run("first")])), spawn("middle", &middle)];
    let turn = gateway.turn("outer", &script(&json!([at_once])));
    let names = ["first", "middle", "deep"];
    wait_for("what the sub-agents run", || {
        for seen in machine.pending().items {
            // It may have been taken back since.
            let _ = machine.decide(&seen, "allow_once", None);
        }
        names.iter().all(|name| machine.project().join(format!("{name}.ran")).exists()).then_some(())
    });
    assert_eq!(turn.join().unwrap().status, 200);
    let ledger = machine.ledger();
    let call = || "sessions_spawn".to_owned();
    assert_eq!(
        chains(&ledger, "openclaw", &["first.ran", "middle.ran", "deep.ran"]),
        [vec![call()], vec![call()], vec![call(), call()]],
        "{ledger:#?}"
    );
    // Each below the call that carried its own task.
    for name in names {
        let begun =
            ledger.iter().find(|one| one["kind"] == "subagent.started" && one["data"]["subagent"]["name"] == name);
        let begun = begun.unwrap_or_else(|| panic!("{name} is not in {ledger:#?}"));
        let above =
            ledger.iter().find(|one| one["kind"] == "action.requested" && one["span"] == begun["parent"]).unwrap();
        assert!(above["data"]["effect"].to_string().contains(&format!("{name}.ran")), "{above:#?}");
    }
}

/// The session of a sub-agent hangs below the call of another session that began it: `tool` is that call's, and `inner`
/// stands in a call of the sub-agent's own. Told with the start of that session, or with its first call where the client
/// tells no start.
pub(super) fn hangs_below(machine: &Machine, runtime: &str, tool: &str, inner: &str) {
    let ledger = machine.ledger();
    let begun: Vec<&Value> = ledger
        .iter()
        .filter(|entry| entry["actor"]["runtime"] == runtime && entry["data"]["begun_by"].is_object())
        .collect();
    let [begun] = begun.as_slice() else { panic!("one session was begun by another: {begun:#?}") };
    let by = &begun["data"]["begun_by"];
    let requested: Vec<&Value> = ledger
        .iter()
        .filter(|entry| entry["kind"] == "action.requested" && entry["actor"]["runtime"] == runtime)
        .collect();
    let call = requested.iter().find(|entry| entry["span"] == by["span"]);
    let call = call.unwrap_or_else(|| panic!("{by} is no call of {requested:#?}"));
    assert_eq!(call["trace"], by["trace"]);
    assert!(call["data"]["tool"].to_string().contains(tool), "{call:#?}");
    assert_eq!(by["how"], "runtime");
    match begun["kind"].as_str() {
        Some("session.started") => assert_eq!(begun["parent"], by["span"]),
        Some("action.requested") => {
            let first = requested.iter().find(|entry| entry["trace"] == begun["trace"]);
            assert_eq!(first, Some(begun), "the first of the session tells it");
        }
        other => panic!("{other:?} tells what began a session"),
    }
    let inside = requested
        .iter()
        .find(|entry| entry["trace"] == begun["trace"] && entry["data"]["effect"].to_string().contains(inner));
    assert!(inside.is_some_and(|entry| entry["trace"] != call["trace"]), "{requested:#?}");
}

/// The session of the action with `inner` in it was begun by the command with `outer` in it, as its processes show.
pub(super) fn begun_by_command(machine: &Machine, outer: &str, inner: &str) {
    let ledger = machine.ledger();
    let requested = |text: &str| {
        let fits =
            |entry: &&Value| entry["kind"] == "action.requested" && entry["data"]["effect"].to_string().contains(text);
        ledger.iter().find(fits).unwrap_or_else(|| panic!("{text} is not in {ledger:#?}"))
    };
    let (call, action) = (requested(outer), requested(inner));
    let begun = ledger.iter().find(|one| one["trace"] == action["trace"] && one["data"]["begun_by"].is_object());
    let begun = begun.unwrap_or_else(|| panic!("{ledger:#?}"));
    let link = json!({ "trace": call["trace"], "span": call["span"], "how": "process" });
    assert_eq!(begun["data"]["begun_by"], link);
}
