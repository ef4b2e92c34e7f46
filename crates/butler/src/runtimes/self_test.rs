//! Whether an installed guard works: run once as its runtime would load it, without anybody being asked.

use clawbutler_connectors::connector::SelfTest;
use clawbutler_core::actor::Actor;
use clawbutler_core::redact::mask_text;
use clawbutler_ledger::Kind;
use clawbutler_platform::run::{Run, run};
use clawbutler_store::Durability;
use clawbutler_wire::command::TestGuard;
use clawbutler_wire::runtimes::GuardTest;
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::scan::Known;
use crate::engine::lock;
use crate::{Butler, Error};

/// Longest a try may take (ms).
const MOST_MS: u64 = 10_000;
/// Longest reason that is shown (characters).
const REASON: usize = 300;
/// Variables without which programs do not start on Windows.
const NEEDED: [&str; 2] = ["SYSTEMROOT", "SystemRoot"];

const REPAIR: &str = "Install the guard again; if it stays, end the agent's processes and use the runtime's own approval \
                      prompts until it works.";

impl Butler {
    /// Runs the guard of a governed home once and tells whether it blocks.
    pub fn test_guard(&self, request: TestGuard) -> Result<GuardTest, Error> {
        let known = self.known(&request.home_id)?;
        let governed = lock(&self.0.registry).homes.get(&known.id).is_some_and(|home| home.governed);
        if !governed {
            let hint = "Connect it first; nothing of an agent that was not chosen is run.";
            return Err(Error::precondition("This agent is not governed.", hint));
        }
        if !known.connector.has_self_test() {
            let hint = "Its health tells whether hooks called; make one call in the agent to see it.";
            return Err(Error::precondition("The guard of this runtime is nothing that can be tried by itself.", hint));
        }
        self.try_guard(&known)
    }

    /// The same right after an installation, where there is something to try.
    pub(super) fn try_new_guard(&self, known: &Known) {
        if known.connector.has_self_test()
            && let Err(Error(error)) = self.try_guard(known)
        {
            tracing::error!(message = %error.message, "how the guard was tried could not be recorded");
        }
    }

    fn try_guard(&self, known: &Known) -> Result<GuardTest, Error> {
        let (env, hook) = (&self.0.ports.env, self.0.ports.data.hook());
        let planned = known.connector.self_test(env, &known.path, &hook);
        let program = planned.as_ref().ok().map(|test| test.program.display().to_string());
        let (works, says) = match planned {
            Ok(test) => self.run_test(test),
            Err(error) => (None, error.to_string()),
        };
        let fix = match works {
            Some(true) => None,
            Some(false) => Some(REPAIR.to_owned()),
            None => Some("Make one call in the agent and see whether it is asked about.".to_owned()),
        };
        let test = GuardTest { works, says, fix, at: self.now().0 };
        let data = json!({
            "home": known.id, "path": known.path.display().to_string(), "program": program, "works": test.works,
            "says": test.says,
        });
        self.record(Durability::Power, Kind::GuardTested, Actor::LocalUser, data)?;
        let before = lock(&self.0.registry).tests.insert(known.id.clone(), test.clone());
        if let Some(before) = before {
            self.clear_alert(&alert(known, &before));
        }
        if test.works == Some(false) {
            self.alert(&alert(known, &test), REPAIR);
        }
        self.changed(Topic::Runtimes);
        Ok(test)
    }

    /// Forgets how it went: there is no guard any more.
    pub(super) fn forget_test(&self, known: &Known) {
        let before = lock(&self.0.registry).tests.remove(&known.id);
        if let Some(before) = before {
            self.clear_alert(&alert(known, &before));
        }
    }

    fn run_test(&self, test: SelfTest) -> (Option<bool>, String) {
        let env = &self.0.ports.env;
        let vars = NEEDED.iter().filter_map(|name| Some(((*name).to_owned(), env.var(name)?.to_owned()))).collect();
        let folder = self.0.ports.data.path().to_owned();
        let said =
            run(&Run { program: test.program, args: test.args, vars, inherits: false, folder, most_ms: MOST_MS });
        match said {
            Ok(said) if said.well && said.out.starts_with(&test.says) => {
                let with = said.out[test.says.len()..].lines().next().unwrap_or_default().trim();
                (Some(true), format!("Tried without an agent, it blocked what nobody judged ({}).", self.short(with)))
            }
            Ok(said) => {
                let mut lines = said.out.lines().chain(said.err.lines()).map(str::trim);
                let why = lines.rfind(|line| !line.is_empty()).unwrap_or("it said nothing").to_owned();
                (Some(false), format!("The guard does not work: {}.", self.short(&why).trim_end_matches('.')))
            }
            Err(error) => (Some(false), format!("The guard does not work: {error}.")),
        }
    }

    fn short(&self, text: &str) -> String {
        mask_text(&text.chars().take(REASON).collect::<String>(), &self.0.mask)
    }
}

fn alert(known: &Known, test: &GuardTest) -> String {
    format!("{} in {}: {}", known.connector.name(), known.path.display(), test.says)
}
