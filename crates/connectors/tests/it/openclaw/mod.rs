//! OpenClaw: guard, hook protocol, records and facts on scratch homes and captures.

mod facts;
mod guard;
mod hooks;
mod processes;
mod records;

use std::path::PathBuf;

use clawbutler_connectors::connector::{Connector, by_id};

use crate::scratch::Machine;

fn openclaw() -> &'static dyn Connector {
    by_id("openclaw").expect("in the list")
}

fn home(machine: &Machine) -> PathBuf {
    machine.env.home.join(".openclaw")
}

fn configured(machine: &Machine, text: &str) -> PathBuf {
    machine.file("home/ada/.openclaw/openclaw.json", text)
}

fn capture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/openclaw").join(name);
    std::fs::read_to_string(path).expect("a fixture")
}
