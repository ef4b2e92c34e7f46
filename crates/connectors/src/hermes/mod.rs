//! Hermes Agent: its installs, homes and profiles, processes, settings, our plugin in it, its records and tools.
//!
//! Facts here were observed on the real program (0.19.0, and 0.13.0 for the floor) unless said otherwise; what
//! is said of 0.21 was read, not run. Must never know: any other runtime.

mod action;
mod checks;
mod discover;
mod edit;
mod facts;
mod guard;
pub(crate) mod hook;
mod installs;
mod paths;
mod plugin;
mod process;
mod records;
mod self_test;
mod sessions;
mod sql;
mod status;
mod switches;
mod version;
mod yaml;

use std::path::{Path, PathBuf};

use clawbutler_core::action::Action;
use serde_json::Value;

use crate::call::ToolCall;
use crate::connector::{
    Connector, Discovery, End, GuardError, GuardStatus, Listing, LiveSession, Plan, ScheduledRuns, SelfTest, Variant,
};
use crate::env::Env;
use crate::facts::{Can, Capabilities, Check, Fact};
use crate::normalise;
use crate::processes;
use crate::record::{Reader, Recording, Setting};

pub(crate) use action::understand;

/// Stable id, also the first argument of the hook program.
pub(crate) const ID: &str = "hermes";

/// The connector.
#[derive(Debug, Clone, Copy)]
pub struct Hermes;

impl Connector for Hermes {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        "Hermes Agent"
    }

    fn discover(&self, env: &Env, extra_homes: &[PathBuf]) -> Discovery {
        discover::discover(env, extra_homes)
    }

    fn sessions(&self, env: &Env, home: &Path) -> Vec<LiveSession> {
        sessions::live(env, home)
    }

    fn lists(&self, env: &Env, _home: &Path) -> Listing {
        if processes::are_seen(env) { Listing::Processes } else { Listing::Partly }
    }

    fn sees_sessions(&self, env: &Env) -> bool {
        crate::processes::are_seen(env)
    }

    fn served_by(&self) -> Option<End> {
        Some(End::Server)
    }

    fn home_marks(&self) -> &'static [&'static str] {
        &["config.yaml", "state.db", "profiles", "SOUL.md"]
    }

    fn guard_status(&self, env: &Env, home: &Path, hook: &Path, _projects: &[PathBuf]) -> GuardStatus {
        status::guard_status(env, home, hook)
    }

    fn plan_install(&self, env: &Env, home: &Path, hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
        guard::plan_install(env, home, hook, variant)
    }

    fn plan_uninstall(&self, _env: &Env, home: &Path, _hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
        guard::plan_uninstall(home, variant)
    }

    fn has_self_test(&self) -> bool {
        true
    }

    fn self_test(&self, env: &Env, home: &Path, hook: &Path) -> Result<SelfTest, GuardError> {
        self_test::self_test(env, home, hook)
    }

    fn guarded_files(&self, env: &Env, home: &Path) -> Vec<PathBuf> {
        paths::guarded(env, home)
    }

    fn watched_files(&self, env: &Env, home: &Path) -> Vec<PathBuf> {
        paths::watched(env, home)
    }

    fn action(&self, call: &ToolCall) -> Action {
        normalise::action(call)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            observe: Can::Yes(
                "from its session database, from our plugin as it happens, and from its server where we are let in",
            ),
            price: Can::Partly(
                "tokens and costs as it records them; its retries are not counted, so they are lower bounds",
            ),
            ask: Can::Yes(
                "our plugin asks before every tool call, in terminals, gateway, server, editor and jobs alike",
            ),
            block: Can::Partly(
                "every call of a process that loaded our plugin; not in safe mode, not in jobs without an agent, and not \
                 what a script does inside `execute_code`",
            ),
            pause: Can::Partly("a session stops at its next tool call for as long as it is not answered"),
            kill: Can::Partly("the process, with every session in it"),
            resume: Can::No("an ended session is taken up again with `hermes --resume`, by the user"),
            configure: Can::Partly("our plugin and the list that enables it; everything else is shown only"),
        }
    }

    fn hook_tells_mode(&self) -> bool {
        true
    }

    fn looseness(&self, _name: &str, mode: &str) -> u8 {
        facts::looseness(mode)
    }

    fn configured(&self, env: &Env, home: &Path, recording: &Recording) -> Vec<Setting> {
        // Hermes itself lets single questions (`-z`) run unasked.
        let unasked = sessions::is_single(env, home, &recording.session);
        let value = if unasked { facts::YOLO.to_owned() } else { facts::mode(env, home) };
        vec![Setting { name: "mode", value }]
    }

    fn facts(&self, env: &Env, home: &Path, _projects: &[PathBuf]) -> Vec<Fact> {
        facts::facts(env, home)
    }

    fn checks(&self, env: &Env, home: &Path) -> Vec<Check> {
        checks::checks(env, home)
    }

    fn recordings(&self, _env: &Env, home: &Path) -> Vec<Recording> {
        records::recordings(home)
    }

    fn recording_folders(&self, _env: &Env, home: &Path) -> Vec<PathBuf> {
        vec![home.to_owned()]
    }

    fn recordings_in(&self, _env: &Env, home: &Path, file: &Path) -> Vec<Recording> {
        if records::concerns(home, file) { records::recordings(home) } else { Vec::new() }
    }

    fn scheduled_runs(&self, home: &Path) -> Option<ScheduledRuns> {
        let database = home.join("cron").join("executions.db");
        database.is_file().then_some(ScheduledRuns { database, queries: sql::RUNS })
    }

    fn session_queries(&self) -> &'static [&'static str] {
        sql::SESSIONS
    }

    fn reader(&self, _recording: &Recording, saved: Option<&Value>) -> Option<Box<dyn Reader>> {
        Some(Box::new(records::Rowwise::new(saved)))
    }
}
