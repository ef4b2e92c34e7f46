//! The real OpenClaw gateway against a loopback model: our plugin in every way it can be answered or fail,
//! with the effect on the file system, in the client's transcript and in the ledger.

mod processes;
mod records;
mod registry;
mod states;
mod told;
mod ways;

use std::fs;
use std::path::PathBuf;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway};
use clawbutler_testkit::results::{OPENCLAW, tried};
use clawbutler_wire::command::Discover;
use serde_json::{Value, json};

use super::shared::{assert_listed_alike, expire_after, uninstall, write_program};

/// Three ways of an agent to change the machine, each in a high-risk shape.
const WAYS: [&str; 3] = ["write", "edit", "exec"];

fn call(way: &str, name: &str) -> Value {
    let input = match way {
        "write" => json!({ "path": format!(".git/hooks/{name}"), "content": "#!/bin/sh\n" }),
        "edit" => json!({ "path": format!(".git/hooks/{name}"), "edits": [{ "oldText": "old", "newText": "new" }] }),
        _ => json!({ "command": format!("touch {name}.ran && rm -rf victim-{name}") }),
    };
    json!([{ "tool": way, "input": input }])
}

struct Place<'a> {
    machine: &'a Machine,
    gateway: &'a Gateway,
}

impl Place<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.machine.project().join(name)
    }

    /// What a call would change, before it.
    fn lay(&self, way: &str, name: &str) {
        fs::create_dir_all(self.file(&format!("victim-{name}"))).expect("the file system works");
        if way == "edit" {
            fs::write(self.file(&format!(".git/hooks/{name}")), "old\n").expect("the file system works");
        }
    }

    fn done(&self, way: &str, name: &str) -> bool {
        let hook = self.file(&format!(".git/hooks/{name}"));
        match way {
            "write" => hook.exists(),
            "edit" => fs::read_to_string(hook).expect("the file system works") == "new\n",
            _ => self.file(&format!("{name}.ran")).exists() && !self.file(&format!("victim-{name}")).exists(),
        }
    }

    /// A turn in which nobody is asked; gives what the model was told about its call.
    fn unasked(&self, way: &str, name: &str) -> String {
        self.lay(way, name);
        self.turn(name, &json!([call(way, name)]));
        self.told(name)
    }

    fn turn(&self, name: &str, turns: &Value) {
        let reply = self.gateway.turn(name, &script(turns)).join().expect("the turn ends");
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert!(reply.body.contains("SCRIPT-END"), "{}", reply.body);
    }

    /// The result of the newest tool call in the transcript that holds the name.
    fn told(&self, name: &str) -> String {
        let events = openclaw::events(self.machine);
        let called = events.iter().rev().find_map(|event| {
            let parts = event["message"]["content"].as_array()?;
            let call = parts.iter().find(|part| part["type"] == "toolCall" && part.to_string().contains(name))?;
            Some(call["id"].clone())
        });
        let called = called.expect("the call is in the transcript");
        let result = events.iter().find(|event| event["message"]["toolCallId"] == called).expect("it has a result");
        result["message"]["content"].to_string()
    }

    /// The newest entries about tool calls are these.
    #[track_caller]
    fn recorded(&self, expected: &[&str]) {
        let kinds = wait_for("the ledger", || {
            let kinds = self.machine.kinds();
            kinds.ends_with(&expected.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>()).then_some(kinds)
        });
        assert!(!kinds.is_empty());
    }
}

fn deny(place: &Place<'_>) {
    let _row = tried(OPENCLAW, "ask: deny");
    for way in WAYS {
        let name = format!("deny-{way}");
        place.lay(way, &name);
        let turn = place.gateway.turn(&name, &script(&json!([call(way, &name)])));
        let seen = place.machine.wait_pending();
        assert!(!place.done(way, &name), "nothing runs while the question stands");
        place.machine.decide(&seen, "deny", Some("not in this repository")).expect("the decision is taken");
        assert_eq!(turn.join().expect("the turn ends").status, 200);
        assert!(!place.done(way, &name));
        let told = place.told(&name);
        assert!(told.contains("not in this repository"), "{told}");
        place.recorded(&["action.requested", "approval.requested", "approval.decided", "decision.delivered"]);
    }
}

fn allow(place: &Place<'_>) {
    let _row = tried(OPENCLAW, "ask: allow once");
    for way in WAYS {
        let name = format!("allow-{way}");
        place.lay(way, &name);
        let turn = place.gateway.turn(&name, &script(&json!([call(way, &name)])));
        let seen = place.machine.wait_pending();
        place.machine.decide(&seen, "allow_once", None).expect("the decision is taken");
        assert_eq!(turn.join().expect("the turn ends").status, 200);
        assert!(place.done(way, &name), "{}", place.told(&name));
        place.recorded(&[
            "action.requested", "approval.requested", "approval.decided", "decision.delivered", "action.completed",
        ]);
    }
}

fn low_risk(place: &Place<'_>) {
    let _row = tried(OPENCLAW, "ask: low risk is not asked about");
    place.turn("calm", &json!([[{ "tool": "write", "input": { "path": "calm.txt", "content": "calm" } }]]));
    assert_eq!(fs::read_to_string(place.file("calm.txt")).expect("the file system works"), "calm");
    assert!(place.machine.pending().items.is_empty(), "nobody was asked");
}

fn nobody_answers(place: &Place<'_>) {
    let _row = tried(OPENCLAW, "ask: nobody answers");
    let before = expire_after(place.machine, 2_000);
    for way in WAYS {
        let name = format!("late-{way}");
        let told = place.unasked(way, &name);
        assert!(told.contains("Nobody answered"), "{told}");
        assert!(!place.done(way, &name));
    }
    assert!(place.machine.kinds().contains(&"approval.expired".to_owned()));
    expire_after(place.machine, before);
}

fn app_away(machine: &mut Machine, gateway: &Gateway) {
    let _row = tried(OPENCLAW, "fail: app away");
    machine.quit();
    let place = Place { machine, gateway };
    for way in WAYS {
        let name = format!("away-{way}");
        let told = place.unasked(way, &name);
        assert!(told.contains("could not ask anybody"), "{told}");
        assert!(!place.done(way, &name), "high risk is blocked");
    }
    place.turn("calm-away", &json!([[{ "tool": "write", "input": { "path": "away.txt", "content": "calm" } }]]));
    assert!(place.file("away.txt").exists(), "low risk goes on");
    machine.start();
    let ledger = machine.ledger();
    let gates = ledger.iter().filter(|entry| entry["kind"] == "offline.recorded" && entry["data"]["event"] == "gate");
    assert_eq!(gates.count(), 4, "each call once");
}

fn hook_broken(place: &Place<'_>) {
    let _rows = ["fail: hook missing", "fail: hook broken"].map(|scenario| tried(OPENCLAW, scenario));
    let hook = place.machine.data().join("bin/clawbutler-hook");
    let kept = hook.with_extension("kept");
    fs::rename(&hook, &kept).expect("the file system works");
    let scripts = ["", "#!/bin/sh\nexit 0\n", "#!/bin/sh\necho '{\"decision\":\"all'\n", "#!/bin/sh\nkill -9 $$\n"];
    for (index, text) in scripts.into_iter().enumerate() {
        if !text.is_empty() {
            write_program(&hook, text);
        }
        for way in WAYS {
            let name = format!("broken{index}-{way}");
            let told = place.unasked(way, &name);
            assert!(told.contains("could not judge this call"), "{told}");
            assert!(!place.done(way, &name), "{text:?}");
        }
        place.turn(&format!("inner{index}"), &json!([[{ "tool": "sessions_list", "input": {} }]]));
        let told = place.told("sessions_list");
        assert!(!told.contains("could not judge"), "what touches nothing goes on: {told}");
    }
    fs::rename(&kept, &hook).expect("the file system works");
}

fn leaves_as_it_came(machine: &Machine, before: &str) {
    let _row = tried(OPENCLAW, "guard: its removal gives the files back");
    uninstall(machine);
    assert!(!machine.at("home/.openclaw/clawbutler-guard/index.mjs").exists());
    assert_eq!(fs::read_to_string(machine.at("home/.openclaw/openclaw.json")).expect("the file system works"), before);
}

fn is_found(place: &Place<'_>) {
    let _row = tried(OPENCLAW, "found: install, home, running session");
    let found = place.machine.ask(&Discover {}).expect("the host answers");
    let home = found.homes.into_iter().find(|home| home.runtime == "openclaw").expect("a good value");
    assert_eq!(home.path, place.machine.at("home/.openclaw").display().to_string());
    assert_eq!(serde_json::to_value(home.guard.state).expect("a good value"), "user", "{}", home.guard.says);
    let sessions: Vec<_> = home.sessions.iter().map(|session| (session.pid, session.session.as_str())).collect();
    assert_eq!(sessions, [(place.gateway.pid(), format!("gateway:{}", place.gateway.port).as_str())]);
    let machine = place.machine;
    assert_listed_alike("openclaw", &machine.env(), &machine.at("home"), &machine.at("home/.openclaw"));
}

#[test]
fn the_plugin_asks_and_blocks_whatever_happens() {
    let Some(mut machine) = openclaw::machine() else { return };
    let before = fs::read_to_string(machine.at("home/.openclaw/openclaw.json")).expect("the file system works");
    machine.install_guard();
    let gateway = Gateway::start(&machine);
    let place = Place { machine: &machine, gateway: &gateway };
    is_found(&place);
    low_risk(&place);
    {
        let _row = tried(OPENCLAW, "ask: deny and allow once in a gateway");
        deny(&place);
        allow(&place);
    }
    nobody_answers(&place);
    hook_broken(&place);
    app_away(&mut machine, &gateway);
    drop(gateway);
    leaves_as_it_came(&machine, &before);
}

#[test]
fn a_running_gateway_takes_the_guard_in_without_a_restart() {
    let Some(machine) = openclaw::machine() else { return };
    let _row = tried(OPENCLAW, "guard: taken in by a running client");
    let gateway = Gateway::start(&machine);
    let place = Place { machine: &machine, gateway: &gateway };
    place.unasked("write", "before");
    assert!(place.done("write", "before"), "nothing guards yet");
    machine.install_guard();
    let name = wait_for("the plugin to be loaded", || {
        let log = fs::read_to_string(machine.at("gateway.log")).expect("the file system works");
        log.contains("reload").then_some("after")
    });
    std::thread::sleep(std::time::Duration::from_secs(15));
    place.lay("exec", name);
    let turn = gateway.turn(name, &script(&json!([call("exec", name)])));
    let seen = machine.wait_pending();
    machine.decide(&seen, "deny", None).expect("the decision is taken");
    assert_eq!(turn.join().expect("the turn ends").status, 200);
    assert!(!place.done("exec", name));
}
