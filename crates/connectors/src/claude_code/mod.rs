//! Claude Code: its installs, homes, sessions, settings file, hooks and tools.
//!
//! Facts here were observed on the real client (2.1.330 unless said otherwise); the tests hold captures.
//! Must never know: any other runtime.

mod action;
mod discover;
mod entries;
mod facts;
mod guard;
pub(crate) mod hook;
mod installs;
mod jobs;
mod limits;
mod paths;
mod records;
mod sessions;
mod settings;
mod status;
mod validity;
mod version;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clawbutler_core::action::Action;
use serde_json::Value;

use crate::call::ToolCall;
use crate::connector::{
    Connector, Discovery, Ended, GuardError, GuardStatus, Keeper, Listing, LiveSession, Plan, Variant,
};
use crate::env::Env;
use crate::facts::{Capabilities, Check, Fact, Limit};
use crate::normalise;
use crate::record::{Reader, Recording, Setting};

pub(crate) use action::understand;

/// Stable id, also the first argument of the hook program.
pub(crate) const ID: &str = "claude-code";

/// Tools that do something and whose calls reach the hooks. Those that run at the model's provider reach none.
const HOOKED: &[&str] = &[
    "Agent", "Bash", "Edit", "Glob", "Grep", "MultiEdit", "NotebookEdit", "PowerShell", "Read", "Task", "WebFetch",
    "Write",
];

/// The connector.
#[derive(Debug, Clone, Copy)]
pub struct ClaudeCode;

impl Connector for ClaudeCode {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        "Claude Code"
    }

    fn discover(&self, env: &Env, extra_homes: &[PathBuf]) -> Discovery {
        discover::discover(env, extra_homes)
    }

    fn sessions(&self, env: &Env, home: &Path) -> Vec<LiveSession> {
        sessions::live(env, home)
    }

    fn lists(&self, env: &Env, home: &Path) -> Listing {
        sessions::listing(env, home)
    }

    fn keeper(&self, home: &Path) -> Option<Keeper> {
        jobs::keeper(home)
    }

    fn ended(&self, home: &Path) -> BTreeMap<String, Ended> {
        jobs::ended(home)
    }

    fn live_folders(&self, home: &Path) -> Vec<PathBuf> {
        ["sessions", "jobs"].map(|name| home.join(name)).to_vec()
    }

    fn home_marks(&self) -> &'static [&'static str] {
        &["projects", "settings.json", ".claude.json", "history.jsonl", "plugins", "sessions", "shell-snapshots"]
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

    fn guarded_files(&self, env: &Env, home: &Path) -> Vec<PathBuf> {
        paths::guarded(env, home)
    }

    fn watched_files(&self, env: &Env, home: &Path) -> Vec<PathBuf> {
        paths::watched(env, home)
    }

    fn action(&self, call: &ToolCall) -> Action {
        normalise::action(call)
    }

    fn recordings(&self, _env: &Env, home: &Path) -> Vec<Recording> {
        records::all(home)
    }

    fn recording_folders(&self, _env: &Env, home: &Path) -> Vec<PathBuf> {
        vec![records::folder(home)]
    }

    fn recordings_in(&self, _env: &Env, home: &Path, file: &Path) -> Vec<Recording> {
        records::in_file(home, file).into_iter().collect()
    }

    fn spawned_by(&self, transcript: &Path, agent: &str) -> Option<String> {
        records::spawned_by(transcript, agent)
    }

    fn reader(&self, recording: &Recording, saved: Option<&Value>) -> Option<Box<dyn Reader>> {
        Some(Box::new(records::Transcript::new(recording, saved)))
    }

    fn hook_tells(&self, tool: &str) -> bool {
        HOOKED.contains(&tool) || tool.starts_with("mcp__")
    }

    fn looseness(&self, _name: &str, mode: &str) -> u8 {
        facts::looseness(mode)
    }

    fn configured(&self, env: &Env, home: &Path, _recording: &Recording) -> Vec<Setting> {
        vec![Setting { name: "mode", value: facts::configured_mode(env, home) }]
    }

    fn capabilities(&self) -> Capabilities {
        facts::CAPABILITIES
    }

    fn facts(&self, env: &Env, home: &Path, projects: &[PathBuf]) -> Vec<Fact> {
        facts::facts(env, home, projects)
    }

    fn limits(&self, env: &Env, home: &Path) -> Vec<Limit> {
        limits::limits(env, home)
    }

    fn checks(&self, env: &Env, home: &Path) -> Vec<Check> {
        facts::checks(env, home)
    }
}
