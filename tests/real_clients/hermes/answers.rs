//! Every answer of a person, in every way that Hermes runs an agent.

use std::fs;

use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::machine::wait_for;
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{HERMES, tried};
use serde_json::json;

use super::super::links::hangs_below;
use super::super::shared::{ASKED, expire_after};
use super::{Bench, WAYS, terminal};

#[test]
fn deny_stops_every_way_and_allow_runs_it_without_asking_twice() {
    let Some(hermes) = Hermes::guarded("manual") else { return };
    let _row0 = tried(HERMES, "ask: deny");
    let _row1 = tried(HERMES, "ask: allow once");
    let _row2 = tried(HERMES, "ask: low risk is not asked about");
    let bench = Bench(hermes);
    let client = bench.0.chat(&bench.every_way("deny"));
    for way in WAYS {
        let seen = bench.pending();
        assert!(seen.client_waiting && bench.untouched("deny", way), "nothing runs while the question stands");
        bench.decide(&seen, "deny", Some("not in this repository"));
    }
    client.finish();
    for way in WAYS {
        assert!(bench.untouched("deny", way), "{way}");
        let told = bench.0.told(&format!("deny-{way}"));
        assert!(told.contains("not in this repository") && told.contains("Do not retry"), "{told}");
    }
    bench.recorded(&ASKED);

    // Hermes' own prompt, which these calls meet, would wait and then deny: nobody sits at this terminal.
    let client = bench.0.chat(&bench.every_way("allow"));
    for _ in WAYS {
        let seen = bench.pending();
        bench.decide(&seen, "allow_once", None);
    }
    client.finish();
    for way in WAYS {
        assert!(bench.done("allow", way), "{way}: {}", bench.0.told(&format!("allow-{way}")));
    }
    bench.recorded(&["approval.decided", "decision.delivered", "action.completed"]);
    assert_eq!(bench.count("action.completed"), 3);
    let ended = "SELECT DISTINCT session_id FROM messages WHERE role = 'assistant' AND content LIKE '%SCRIPT-END%'";
    assert_eq!(bench.0.rows(ended).len(), 2, "both conversations went on to their end");

    bench.0.chat(&script(&json!([terminal("echo calm > calm.txt")]))).finish();
    assert!(
        bench.file("calm.txt").exists() && bench.0.machine.pending().items.is_empty(),
        "nobody is asked about little"
    );
}

#[test]
fn always_covers_the_repetition_and_nothing_else() {
    let Some(hermes) = Hermes::guarded("manual") else { return };
    let _row = tried(HERMES, "ask: always allow");
    let bench = Bench(hermes);
    for victim in ["victim", "other"] {
        fs::create_dir_all(bench.file(victim)).unwrap();
    }
    let (risky, other) = ("touch ran.txt && rm -rf victim", "rm -rf other");
    let client = bench.0.chat(&script(&json!([terminal(risky), terminal(risky), terminal(other)])));
    let seen = bench.pending();
    assert_eq!(seen.headline, risky);
    bench.decide(&seen, "allow_always", None);
    let seen = bench.pending();
    assert_eq!(seen.headline, other, "the second call was covered, another one is not");
    bench.decide(&seen, "deny", None);
    client.finish();
    assert!(bench.file("ran.txt").exists() && !bench.file("victim").exists() && bench.file("other").exists());
    let by_grant = bench.0.machine.ledger().into_iter().filter(|entry| entry["actor"]["kind"] == "grant").count();
    assert_eq!(by_grant, 1);
    let settings = fs::read_to_string(bench.0.home("config.yaml")).unwrap();
    assert!(!settings.contains("command_allowlist"), "no rule is left in Hermes: {settings}");
}

#[test]
fn nobody_answers_until_the_deadline() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "ask: nobody answers");
    let bench = Bench(hermes);
    expire_after(&bench.0.machine, 2_000);
    bench.all_blocked("late", "Nobody answered");
    assert_eq!(bench.count("approval.expired"), 3);
}

#[test]
fn an_ended_client_takes_its_question_back() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row = tried(HERMES, "fail: client ended while it asks");
    let bench = Bench(hermes);
    let mut client = bench.0.chat(&bench.every_way("gone"));
    bench.pending();
    client.0.kill().unwrap();
    client.0.wait().unwrap();
    wait_for("the withdrawal", || bench.0.machine.pending().items.is_empty().then_some(()));
    assert_eq!(bench.count("approval.withdrawn"), 1);
    assert!(bench.untouched("gone", "terminal"));
}

/// `-z` skips every prompt of Hermes and runs its sub-agents to their end.
#[test]
fn a_run_without_prompts_its_agents_and_its_scripts_are_no_way_round() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let _row0 = tried(HERMES, "ask: in a mode that allows everything");
    let _row1 = tried(HERMES, "ask: a call inside a sub-agent");
    let _row2 = tried(HERMES, "links: a sub-agent below its call");
    let bench = Bench(hermes);
    for name in ["agent", "script"] {
        fs::create_dir_all(bench.file(&format!("victim-{name}"))).unwrap();
    }
    let inner = script(&json!([terminal("touch agent.ran && rm -rf victim-agent")]));
    let code = "from hermes_tools import terminal\nprint(terminal('touch script.ran && rm -rf victim-script'))";
    let prompt = script(&json!([
        [{ "tool": "delegate_task", "input": { "goal": inner } }],
        [{ "tool": "execute_code", "input": { "code": code } }],
    ]));
    let client = bench.0.start(&["-z", &prompt]);
    let mut headlines = Vec::new();
    let mut client = client;
    let mut agents = Vec::new();
    while client.0.try_wait().unwrap().is_none() {
        let Some(seen) = bench.0.machine.pending().items.into_iter().next() else {
            std::thread::sleep(std::time::Duration::from_millis(50));
            continue;
        };
        headlines.push(seen.headline.clone());
        agents.push(seen.subagent.clone());
        // The script itself may run, so that what it calls is looked at too.
        let verb = if seen.headline.contains("hermes_tools") { "allow_once" } else { "deny" };
        bench.decide(&seen, verb, None);
    }
    client.finish();
    let asked = |text: &str| headlines.iter().position(|headline| headline.starts_with(text));
    let (agent, nested) = (asked("touch agent.ran"), asked("touch script.ran"));
    assert!(agent.is_some() && nested.is_some(), "{headlines:?}");
    assert!(agents[agent.unwrap()].is_some() && agents[nested.unwrap()].is_none(), "{agents:?}");
    for name in ["agent", "script"] {
        assert!(
            !bench.file(&format!("{name}.ran")).exists() && bench.file(&format!("victim-{name}")).exists(),
            "{name}"
        );
    }
    bench.recorded(&ASKED);
    hangs_below(&bench.0.machine, "hermes", "delegate_task", "agent.ran");
}

/// In the gateway the question is Hermes' server's, and its own prompt is answered for an allowed call.
#[test]
fn a_gateway_is_asked_about_and_its_own_prompt_answered() {
    let Some(hermes) = Hermes::guarded("manual") else { return };
    let _row = tried(HERMES, "ask: deny and allow once in a gateway");
    let bench = Bench(hermes);
    let gateway = bench.0.gateway();
    // Its agents work in the user's home.
    let file = |name: &str| bench.0.machine.at("home").join(name);
    for (name, verb) in [("no", "deny"), ("yes", "allow_once")] {
        fs::create_dir_all(file(&format!("victim-{name}"))).unwrap();
        let command = format!("touch {name}.ran && rm -rf victim-{name}");
        let run = gateway.run(&script(&json!([terminal(&command)])));
        let seen = bench.pending();
        assert!(!file(&format!("{name}.ran")).exists());
        bench.decide(&seen, verb, None);
        let ended =
            wait_for("the run to end", || Some(gateway.status(&run)).filter(|status| status["status"] == "completed"));
        assert!(ended["output"].to_string().contains("SCRIPT-END"), "{ended}");
        assert_eq!(file(&format!("{name}.ran")).exists(), verb == "allow_once", "{}", bench.0.told(name));
        bench.recorded(&ASKED);
    }
    let home = bench.home("home/.hermes");
    let live: Vec<_> = home.sessions.iter().map(|live| (live.pid, live.kind.as_str())).collect();
    assert_eq!(live, [(gateway.pid(), "gateway")]);
    assert_eq!(home.sessions[0].version.as_deref(), Some("0.19.0"), "as its plugin announced");
}
