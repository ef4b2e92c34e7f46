//! The real Hermes Agent against a loopback model: our plugin in every way it can be answered or fail, with the
//! effect on the file system, in the client's own records and in the ledger.

mod answers;
mod failures;
mod homes;
mod records;
mod states;

use std::fs;
use std::path::PathBuf;

use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::machine::wait_for;
use clawbutler_testkit::model::script;
use clawbutler_wire::approvals::ApprovalView;
use clawbutler_wire::command::{Discover, ShowAgent};
use clawbutler_wire::registry::{CheckView, HealthLevel};
use clawbutler_wire::runtimes::HomeView;
use serde_json::{Value, json};

/// Three ways of an agent to change the machine, each in a high-risk shape.
const WAYS: [&str; 3] = ["terminal", "write_file", "execute_code"];

fn call(way: &str, name: &str) -> Value {
    let input = match way {
        "terminal" => json!({ "command": format!("touch {name}.ran && rm -rf victim-{name}") }),
        "write_file" => json!({ "path": format!(".git/hooks/{name}"), "content": "#!/bin/sh\n" }),
        _ => {
            json!({ "code": format!("import shutil\nopen('{name}.ran', 'w').close()\nshutil.rmtree('victim-{name}')") })
        }
    };
    json!([{ "tool": way, "input": input }])
}

fn terminal(command: &str) -> Value {
    json!([{ "tool": "terminal", "input": { "command": command } }])
}

struct Bench(Hermes);

impl Bench {
    fn file(&self, name: &str) -> PathBuf {
        self.0.machine.project().join(name)
    }

    /// One turn that calls every way, in order.
    fn every_way(&self, name: &str) -> String {
        let turns: Vec<Value> = WAYS.iter().map(|way| call(way, &format!("{name}-{way}"))).collect();
        for way in WAYS {
            fs::create_dir_all(self.file(&format!("victim-{name}-{way}"))).unwrap();
        }
        script(&Value::Array(turns))
    }

    fn done(&self, name: &str, way: &str) -> bool {
        let name = format!("{name}-{way}");
        match way {
            "write_file" => self.file(&format!(".git/hooks/{name}")).exists(),
            _ => self.file(&format!("{name}.ran")).exists() && !self.file(&format!("victim-{name}")).exists(),
        }
    }

    fn untouched(&self, name: &str, way: &str) -> bool {
        let name = format!("{name}-{way}");
        !self.file(&format!(".git/hooks/{name}")).exists()
            && !self.file(&format!("{name}.ran")).exists()
            && self.file(&format!("victim-{name}")).exists()
    }

    /// A turn of every way in which nobody is asked and nothing happens; the model is told why.
    #[track_caller]
    fn all_blocked(&self, name: &str, because: &str) {
        let prompt = self.every_way(name);
        self.0.chat(&prompt).finish();
        for way in WAYS {
            assert!(self.untouched(name, way), "{name} {way}");
            let told = self.0.told(&format!("{name}-{way}"));
            assert!(told.contains(because), "{name} {way}: {told}");
        }
    }

    /// A turn of every way in which a person denies each call.
    #[track_caller]
    fn all_denied(&self, name: &str) {
        let client = self.0.chat(&self.every_way(name));
        for _ in WAYS {
            let seen = self.pending();
            self.decide(&seen, "deny", None);
        }
        client.finish();
        for way in WAYS {
            assert!(self.untouched(name, way), "{name} {way}");
        }
    }

    fn pending(&self) -> ApprovalView {
        self.0.machine.wait_pending()
    }

    /// Decides, and waits until the question is gone.
    fn decide(&self, seen: &ApprovalView, verb: &str, reason: Option<&str>) {
        self.0.machine.decide(seen, verb, reason).unwrap();
        let gone = || self.0.machine.pending().items.iter().all(|next| next.id != seen.id);
        wait_for("the question to be gone", || gone().then_some(()));
    }

    /// The ledger has these entries about calls next to each other.
    #[track_caller]
    fn recorded(&self, expected: &[&str]) {
        let kinds = self.0.machine.kinds();
        assert!(kinds.windows(expected.len()).any(|some| some == expected), "{kinds:?}");
    }

    /// How the guard of a home stands.
    fn home(&self, folder: &str) -> HomeView {
        let path = self.0.machine.at(folder).display().to_string();
        let found = self.0.machine.ask(&Discover {}).unwrap();
        found.homes.into_iter().find(|home| home.runtime == "hermes" && home.path == path).unwrap()
    }

    /// What is not well with the home.
    fn troubles(&self) -> Vec<CheckView> {
        let seen = self.0.machine.ask(&ShowAgent { home_id: self.0.machine.home_id() }).unwrap();
        let checks = seen.agent.health.checks.into_iter();
        checks.filter(|check| check.level != HealthLevel::Healthy).collect()
    }

    fn count(&self, kind: &str) -> usize {
        self.0.machine.kinds().iter().filter(|own| *own == kind).count()
    }
}
