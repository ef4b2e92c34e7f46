//! Codex: guard, hook protocol, records, sessions and facts on scratch homes and captures.

mod facts;
mod guard;
mod hooks;
mod records;
mod sessions;

use std::path::PathBuf;

use clawbutler_connectors::connector::{Connector, by_id};

use crate::scratch::Machine;

fn codex() -> &'static dyn Connector {
    by_id("codex").expect("in the list")
}

fn home(machine: &Machine) -> PathBuf {
    machine.env.home.join(".codex")
}

fn configured(machine: &Machine, text: &str) -> PathBuf {
    machine.file("home/ada/.codex/config.toml", text)
}

fn capture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/codex").join(name);
    std::fs::read_to_string(path).expect("a fixture")
}
