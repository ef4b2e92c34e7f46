//! Gemini CLI: its installs, homes, running processes, recordings and settings. Observed only.
//!
//! Facts here were observed on the real client (0.61.0 unless said otherwise), see
//! `docs/runtimes/gemini-cli.md`; the tests hold captures. Must never know: any other runtime.

mod action;
mod checks;
mod discover;
mod facts;
mod installs;
mod message;
mod moment;
mod paths;
mod reader;
mod recordings;
mod sessions;
mod settings;

use std::path::{Path, PathBuf};

use clawbutler_core::action::Action;
use serde_json::Value;

use crate::call::ToolCall;
use crate::connector::{Connector, Discovery, GuardError, GuardState, GuardStatus, LiveSession, Plan, Variant};
use crate::env::Env;
use crate::facts::{Can, Capabilities, Check, Fact};
use crate::normalise;
use crate::record::{Reader, Recording};

pub(crate) use action::understand;

/// Stable id.
pub(crate) const ID: &str = "gemini-cli";

const NAME: &str = "Gemini CLI";
const NO_GUARD: &str = "ClawButler only observes Gemini CLI: no guard of ours has been proven on the real client.";

/// The connector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GeminiCli;

impl Connector for GeminiCli {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn discover(&self, env: &Env, extra_homes: &[PathBuf]) -> Discovery {
        discover::discover(env, extra_homes)
    }

    fn sessions(&self, env: &Env, home: &Path) -> Vec<LiveSession> {
        sessions::live(env, home)
    }

    fn sees_sessions(&self, env: &Env) -> bool {
        crate::processes::are_seen(env)
    }

    fn home_marks(&self) -> &'static [&'static str] {
        &["settings.json", "projects.json", "installation_id", "tmp", "history", "trustedFolders.json"]
    }

    fn guard_status(&self, _env: &Env, _home: &Path, _hook: &Path, _projects: &[PathBuf]) -> GuardStatus {
        GuardStatus { state: GuardState::Missing, says: NO_GUARD.to_owned(), fix: None }
    }

    fn plan_install(&self, _env: &Env, _home: &Path, _hook: &Path, _variant: Variant) -> Result<Plan, GuardError> {
        Err(GuardError::ObservedOnly { runtime: NAME })
    }

    fn plan_uninstall(&self, _env: &Env, _home: &Path, _hook: &Path, _variant: Variant) -> Result<Plan, GuardError> {
        Ok(Plan { notes: vec!["There is no guard of ours in Gemini CLI.".to_owned()], ..Plan::default() })
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

    fn has_guard(&self) -> bool {
        false
    }

    fn capabilities(&self) -> Capabilities {
        let no_guard = Can::No(NO_GUARD);
        Capabilities {
            observe: Can::Partly(
                "From the session files: a tool call appears when it has ended, not while it runs, and failed \
                 requests to the model are not recorded.",
            ),
            price: Can::Partly(
                "The client records the tokens of every answer but no cost, and not the tokens spent on \
                 summarising a long conversation.",
            ),
            ask: no_guard,
            block: no_guard,
            pause: Can::No("The client has no way to hold a session from outside."),
            kill: Can::Partly("The processes that run in a folder this home has worked in, with what they started."),
            resume: Can::No("The client resumes a session only from its own command line."),
            configure: Can::No("Changing the client's settings is left to its user."),
        }
    }

    fn facts(&self, env: &Env, home: &Path, projects: &[PathBuf]) -> Vec<Fact> {
        facts::facts(env, home, projects)
    }

    fn checks(&self, env: &Env, home: &Path) -> Vec<Check> {
        checks::checks(env, home)
    }

    fn recordings(&self, _env: &Env, home: &Path) -> Vec<Recording> {
        recordings::all(home)
    }

    fn recording_folders(&self, _env: &Env, home: &Path) -> Vec<PathBuf> {
        recordings::folders(home)
    }

    fn recordings_in(&self, _env: &Env, home: &Path, file: &Path) -> Vec<Recording> {
        recordings::of(home, file).into_iter().collect()
    }

    fn reader(&self, recording: &Recording, saved: Option<&Value>) -> Option<Box<dyn Reader>> {
        Some(Box::new(reader::Messages::new(recording.agent.clone(), saved)))
    }
}
