//! Codex and Hermes in a terminal: they wait for ClawButler and ask nothing of their own meanwhile.

use std::path::PathBuf;
use std::time::Duration;

use clawbutler_testkit::codex;
use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CODEX, HERMES, tried};
use clawbutler_wire::approvals::Which;
use clawbutler_wire::command::{ListApprovals, ShowAgent};
use serde_json::{Value, json};

use super::has;
use super::screen::Terminal;

/// The scenario of all of them.
pub(crate) const ROW: &str = "in a terminal: deny, allow, stopped by its user, app away";

/// A client with a person in front of it.
struct Seat<'a> {
    machine: &'a Machine,
    terminal: Terminal,
    /// How its tool that runs commands is called.
    call: fn(&str) -> Value,
    /// What stands on the screen before a sentence can be typed.
    ready: &'a str,
}

impl Seat<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.machine.project().join(name)
    }

    /// Has the client make a risky call of this name.
    fn begins(&self, name: &str) {
        std::fs::create_dir_all(self.file(&format!("victim-{name}"))).unwrap();
        let command = format!("touch {name}.ran && rm -r victim-{name}");
        self.terminal.wait_for(self.ready);
        // Written so that what is typed does not stand for what the model says.
        let said = script(&json!([[(self.call)(&command)], [{ "text": format!("end-of-{name}") }]]));
        self.terminal.says(&said.replace("end-of-", "\\u0065nd-of-"));
    }

    fn is_done(&self, name: &str) -> bool {
        self.file(&format!("{name}.ran")).exists() && !self.file(&format!("victim-{name}")).exists()
    }

    fn is_untouched(&self, name: &str) -> bool {
        !self.file(&format!("{name}.ran")).exists() && self.file(&format!("victim-{name}")).exists()
    }

    /// Said by the model when the turn is over.
    fn ends(&self, name: &str) {
        self.terminal.wait_for(&format!("end-of-{name}"));
    }

    fn denied(&self) {
        self.begins("denied");
        let seen = self.machine.wait_pending();
        let sessions = self.machine.ask(&ShowAgent { home_id: self.machine.home_id() }).unwrap().sessions;
        assert_eq!(sessions.iter().map(|one| one.kind.as_str()).collect::<Vec<_>>(), ["terminal"]);
        self.machine.decide(&seen, "deny", Some("not in this repository")).unwrap();
        self.ends("denied");
        assert!(self.is_untouched("denied"));
    }

    fn allowed(&self) {
        self.begins("allowed");
        let seen = self.machine.wait_pending();
        assert!(self.is_untouched("allowed"), "nothing runs while the question stands");
        self.machine.decide(&seen, "allow_once", None).unwrap();
        // Nothing else is asked: the turn goes on by itself.
        self.ends("allowed");
        assert!(self.is_done("allowed"));
    }

    fn stopped(&self, keys: &[&str]) {
        self.begins("stopped");
        let seen = self.machine.wait_pending();
        self.terminal.keys(keys);
        wait_for("the question to be withdrawn", || {
            let settled = self.machine.ask(&ListApprovals { which: Which::Settled, limit: None }).unwrap().items;
            settled.into_iter().find(|one| one.id == seen.id)
        });
        assert!(has(self.machine, "approval.withdrawn"), "{:?}", self.machine.kinds());
        assert!(self.machine.decide(&seen, "allow_once", None).is_err(), "too late to decide");
        std::thread::sleep(Duration::from_secs(2));
        assert!(self.is_untouched("stopped"));
    }
}

fn without_the_app(machine: &mut Machine, terminal: Terminal, call: fn(&str) -> Value, ready: &str) {
    machine.quit();
    let seat = Seat { machine, terminal, call, ready };
    seat.begins("away");
    seat.ends("away");
    assert!(seat.is_untouched("away"), "nothing runs by itself");
    drop(seat);
    machine.start();
    assert!(has(machine, "offline.recorded"), "{:?}", machine.kinds());
}

fn codex_call(command: &str) -> Value {
    json!({ "tool": "exec_command", "input": { "cmd": command } })
}

#[test]
fn codex_in_a_terminal_waits_for_clawbutler() {
    let Some(mut machine) = codex::machine() else { return };
    let path = machine.at("home/.codex/config.toml");
    let project = machine.project().canonicalize().unwrap();
    let trusted = format!("\n[projects.\"{}\"]\ntrust_level = \"trusted\"\n", project.display());
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &trusted).unwrap();
    machine.install_guard();
    codex::trust(&machine);
    let args = ["--no-daemon", "-s", "danger-full-access", "-a", "on-request"];
    let Some(terminal) = Terminal::run(&machine, Vec::new(), machine.client(), &args) else { return };
    let _row = tried(CODEX, ROW);
    let ready = "? for shortcuts";
    let seat = Seat { machine: &machine, terminal, call: codex_call, ready };
    seat.denied();
    seat.allowed();
    seat.stopped(&["Escape"]);
    let terminal = seat.terminal;
    without_the_app(&mut machine, terminal, codex_call, ready);
}

fn hermes_call(command: &str) -> Value {
    json!({ "tool": "terminal", "input": { "command": command } })
}

#[test]
fn hermes_in_a_terminal_waits_for_clawbutler() {
    let Some(mut hermes) = Hermes::guarded("manual") else { return };
    let program = hermes.command(&[]).get_program().to_owned();
    let Some(terminal) = Terminal::run(&hermes.machine, Vec::new(), program.as_ref(), &["chat"]) else { return };
    let _row = tried(HERMES, ROW);
    let ready = "❯";
    let seat = Seat { machine: &hermes.machine, terminal, call: hermes_call, ready };
    seat.denied();
    seat.allowed();
    seat.stopped(&["C-c"]);
    let terminal = seat.terminal;
    without_the_app(&mut hermes.machine, terminal, hermes_call, ready);
}
