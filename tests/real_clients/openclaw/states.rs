//! What breaks around the real gateway, and a home that a variable names.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway};
use clawbutler_testkit::results::{Client, OPENCLAW};
use serde_json::{Value, json};

use super::super::ends;
use super::super::shared::{self, Agent, Turn};
use super::Place;

static CONVERSATIONS: AtomicU64 = AtomicU64::new(1);

/// A gateway with our guard.
struct OpenClaw {
    machine: Machine,
    gateway: RefCell<Option<Gateway>>,
}

impl OpenClaw {
    fn start_gateway(&self) {
        self.gateway.replace(Some(Gateway::start(&self.machine)));
    }

    /// Ends the gateway the hard way; whoever asked it gets no answer.
    fn end_gateway(&self, turn: Turn) {
        self.gateway.take();
        let Turn::Reply(reply) = turn else { panic!("it is a server") };
        drop(reply.join());
    }
}

impl Agent for OpenClaw {
    fn client(&self) -> Client {
        OPENCLAW
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    fn shell(&self, command: &str) -> Value {
        json!([{ "tool": "exec", "input": { "command": command } }])
    }

    fn start(&self, turns: &Value) -> Turn {
        let conversation = format!("shared-{}", CONVERSATIONS.fetch_add(1, Ordering::Relaxed));
        Turn::Reply(self.gateway.borrow().as_ref().unwrap().turn(&conversation, &script(turns)))
    }

    fn told(&self, text: &str) -> String {
        Place { machine: &self.machine, gateway: self.gateway.borrow().as_ref().unwrap() }.told(text)
    }
}

#[test]
fn whatever_breaks_nothing_risky_runs() {
    let Some(machine) = openclaw::machine() else { return };
    machine.install_guard();
    let mut client = OpenClaw { machine, gateway: RefCell::default() };
    client.start_gateway();
    {
        let _rows = client.tried(["ask: in a mode that allows everything"]);
        assert_eq!(openclaw::cli(&client.machine, &["config", "get", "tools.exec.mode"]).trim(), "full");
        client.denied("full");
    }
    ends::refused_by_the_model(&client);
    shared::app_restarted_and_killed(&mut client);
    shared::garbage_on_the_socket(&mut client);
    let _rows = client.tried(["fail: client ended while it asks"]);
    let turn = client.begin("gone");
    client.machine.wait_pending();
    client.end_gateway(turn);
    wait_for("the withdrawal", || client.machine.pending().items.is_empty().then_some(()));
    client.assert_recorded(&["action.requested", "approval.requested", "approval.withdrawn"]);
    client.assert_untouched("gone");
    let _row = client.tried(["state: a session that was killed from outside has ended"]);
    ends::has_ended(&client.machine);
}

#[test]
fn a_home_named_by_a_variable_is_found_and_guarded() {
    let Some(machine) = openclaw::machine() else { return };
    let mut client = OpenClaw { machine, gateway: RefCell::default() };
    shared::home_named_by(&mut client, "OPENCLAW_STATE_DIR", OpenClaw::start_gateway);
    shared::hook_hangs(&client, |turn| client.end_gateway(turn));
}
