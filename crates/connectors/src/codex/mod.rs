//! Codex: its installs, homes, sessions, configuration, hooks, records and tools.
//!
//! Facts here were observed on the real client (0.169.0 unless said otherwise); the tests hold captures.
//! Must never know: any other runtime. Must never read `auth.json`: that it is there is all we may know.

mod action;
mod backstop;
mod checks;
mod config;
mod discover;
mod edit;
mod entries;
mod facts;
mod guard;
pub(crate) mod hook;
mod installs;
mod items;
mod managed;
mod paths;
mod quiet;
mod recordings;
mod rollout;
mod sessions;
mod status;
mod tables;
mod trust;
mod version;
mod workdir;

use std::path::{Path, PathBuf};

use clawbutler_core::action::Action;
use serde_json::Value;

use crate::call::ToolCall;
use crate::connector::{Connector, Discovery, End, GuardError, GuardStatus, Listing, LiveSession, Plan, Variant};
use crate::env::Env;
use crate::facts::{Can, Capabilities, Check, Fact};
use crate::normalise;
use crate::record::{Reader, Recording, Setting};
use crate::trusting::Trust;

pub(crate) use action::understand;

/// Stable id, also the first argument of the hook program.
pub(crate) const ID: &str = "codex";

/// The connector.
#[derive(Debug, Clone, Copy)]
pub struct Codex;

impl Connector for Codex {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        "Codex"
    }

    fn discover(&self, env: &Env, extra_homes: &[PathBuf]) -> Discovery {
        discover::discover(env, extra_homes)
    }

    fn sessions(&self, env: &Env, home: &Path) -> Vec<LiveSession> {
        sessions::live(env, home)
    }

    fn lists(&self, env: &Env, _home: &Path) -> Listing {
        sessions::listing(env)
    }

    fn ends_when_asked_again(&self, session: &LiveSession) -> bool {
        session.kind == sessions::SERVER
    }

    fn sees_sessions(&self, env: &Env) -> bool {
        crate::processes::are_seen(env)
    }

    fn control_socket(&self, env: &Env, home: &Path) -> Option<PathBuf> {
        paths::control_socket(env, home)
    }

    fn served_by(&self) -> Option<End> {
        Some(End::Daemon)
    }

    fn home_marks(&self) -> &'static [&'static str] {
        &["config.toml", "sessions", "hooks.json", "history.jsonl", "auth.json", "version.json"]
    }

    fn guard_status(&self, env: &Env, home: &Path, hook: &Path, projects: &[PathBuf]) -> GuardStatus {
        status::guard_status(env, home, hook, projects)
    }

    fn plan_install(&self, env: &Env, home: &Path, hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
        guard::plan_install(env, home, hook, variant)
    }

    fn plan_uninstall(&self, env: &Env, home: &Path, _hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
        guard::plan_uninstall(env, home, variant)
    }

    fn backstop(&self, home: &Path) -> Option<bool> {
        Some(backstop::stands(home))
    }

    fn plan_backstop(&self, home: &Path, uninstall: bool) -> Result<Plan, GuardError> {
        if uninstall { backstop::plan_uninstall(home) } else { backstop::plan_install(home) }
    }

    fn trust(&self, env: &Env, home: &Path, hook: &Path) -> Option<Trust> {
        trust::request(env, home, hook)
    }

    fn only_trust_differs(&self, before: &str, after: &str, keys: &[String]) -> bool {
        trust::only_trust_differs(before, after, keys)
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

    fn hook_tells(&self, tool: &str) -> bool {
        action::is_run(tool) || tool == "apply_patch" || tool.starts_with("mcp__")
    }

    fn looseness(&self, name: &str, value: &str) -> u8 {
        facts::looseness(name, value)
    }

    fn configured(&self, env: &Env, home: &Path, recording: &Recording) -> Vec<Setting> {
        let unattended = recordings::head(&recording.path).is_some_and(|head| head.is_unattended());
        facts::configured(env, home, unattended)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            observe: Can::Yes(
                "Hooks report calls as they happen, and the rollout files record the whole session. Which of several \
                 processes writes which session is seen on Linux only.",
            ),
            price: Can::Partly(
                "Every answer of the model is recorded with its tokens (before 0.150 as a running sum); prices come from \
                 our own table, and hosted web search is not in them.",
            ),
            ask: Can::Partly(
                "Hooks hold a call until you answer. What is typed into a terminal that already runs \
                 (`write_stdin`) and hosted web search reach no hook.",
            ),
            block: Can::Partly(
                "A denied call does not run. Hooks must be trusted in Codex once, and `--disable hooks`, \
                 `--ignore-user-config` or a profile switch those of a user off; the machine-wide form stays.",
            ),
            pause: Can::Partly("A session waits as long as one of its calls is held; between calls it goes on."),
            kill: Can::Partly(
                "The process of a session is ended. Sessions of one background server end together: asked once it goes on \
                 with the turns that run, so it is asked twice.",
            ),
            resume: Can::Partly("A held call goes on when you allow it; an ended session is resumed in Codex."),
            configure: Can::Yes("`config.toml` and the machine-wide `requirements.toml`, with every other byte kept."),
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
        recordings::of_file(home, file).into_iter().collect()
    }

    fn spawned_by(&self, transcript: &Path, agent: &str) -> Option<String> {
        workdir::spawned_by(transcript, agent)
    }

    fn reader(&self, recording: &Recording, saved: Option<&Value>) -> Option<Box<dyn Reader>> {
        Some(Box::new(rollout::Rollout::new(recording, saved)))
    }
}
