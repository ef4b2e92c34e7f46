//! OpenClaw: its installs, homes, gateways, configuration, plugin hooks, records and tools, as far as files
//! tell. What only the running gateway tells comes over its own interface, elsewhere.
//!
//! Facts here were seen on real gateways (2026.7.1 and 2026.9.6). Must never know: any other runtime.

mod action;
mod acts;
mod browser;
mod checks;
mod config;
mod discover;
mod edit;
mod facts;
mod gateways;
mod guard;
pub(crate) mod hook;
mod loose;
mod paths;
mod plugin;
mod process;
mod records;
mod self_test;
mod status;
mod time;
mod transcript;
mod version;

use std::path::{Path, PathBuf};

use clawbutler_core::action::Action;
use serde_json::Value;

use crate::call::ToolCall;
use crate::connector::{
    Connector, Discovery, End, GuardError, GuardStatus, Listing, LiveSession, Plan, SelfTest, Variant,
};
use crate::env::Env;
use crate::facts::{Can, Capabilities, Check, Fact};
use crate::normalise;
use crate::record::{Reader, Recording};

pub(crate) use action::understand;
pub use gateways::{Gateway, running as running_gateways};

/// Stable id, also the first argument of the hook program.
pub(crate) const ID: &str = "openclaw";

/// The connector.
#[derive(Debug, Clone, Copy)]
pub struct OpenClaw;

impl Connector for OpenClaw {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        "OpenClaw"
    }

    fn discover(&self, env: &Env, extra_homes: &[PathBuf]) -> Discovery {
        discover::discover(env, extra_homes)
    }

    fn sessions(&self, env: &Env, home: &Path) -> Vec<LiveSession> {
        gateways::live(env, home)
    }

    fn lists(&self, env: &Env, home: &Path) -> Listing {
        // Elsewhere an agent run in place of a gateway is not told from what asks one.
        if gateways::are_told(env, home) { Listing::Processes } else { Listing::Partly }
    }

    fn served_by(&self) -> Option<End> {
        Some(End::Gateway)
    }

    fn lets_in(&self) -> Option<&'static str> {
        Some("openclaw devices approve")
    }

    fn by_address(&self) -> Option<Capabilities> {
        let held = "Over the connection: the whole gateway, while no turn runs.";
        Some(Capabilities {
            observe: Can::Partly(
                "Over the connection: its agents, sessions and what it asks; its records are not read.",
            ),
            price: Can::Partly("Over the connection: the tokens and costs that the gateway itself counts."),
            ask: Can::Partly("The gateway's own approvals ask before commands; nothing asks before other tools."),
            block: Can::Partly("Commands that the gateway asks about; nothing else, as no guard of ours is there."),
            pause: Can::Partly(held),
            kill: Can::Partly("Over the connection: the runs of its sessions. The gateway itself goes on."),
            resume: Can::Partly("Over the connection: a held gateway goes on; an ended run does not."),
            configure: Can::Yes("Over the connection: its configuration and its approval policy, with the way back."),
        })
    }

    fn home_marks(&self) -> &'static [&'static str] {
        &["openclaw.json", "agents", "state", "identity", "devices", "exec-approvals.json"]
    }

    fn guard_status(&self, env: &Env, home: &Path, hook: &Path, _projects: &[PathBuf]) -> GuardStatus {
        status::guard_status(env, home, hook)
    }

    fn plan_install(&self, env: &Env, home: &Path, hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
        guard::plan_install(env, home, hook, variant)
    }

    fn plan_uninstall(&self, env: &Env, home: &Path, _hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
        guard::plan_uninstall(env, home, variant)
    }

    fn has_self_test(&self) -> bool {
        true
    }

    fn self_test(&self, env: &Env, home: &Path, _hook: &Path) -> Result<SelfTest, GuardError> {
        self_test::self_test(env, home)
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
            observe: Can::Yes("From its transcripts (files up to 2026.7.1, its database since), and from the gateway."),
            price: Can::Partly("Tokens always; costs only where the model's price is in the configuration."),
            ask: Can::Yes("Our plugin asks before every tool call; the gateway's own approvals ask before commands."),
            block: Can::Partly(
                "Our plugin blocks before the call runs, also when ClawButler is away; not in `openclaw agent exec`, which \
                 loads no plugins and is reported while it runs.",
            ),
            pause: Can::Partly("Connected to the gateway: the whole gateway, while no turn runs."),
            kill: Can::Partly("Connected to the gateway: one run. Without: only the gateway with all its sessions."),
            resume: Can::Partly("Connected to the gateway: a held gateway goes on; an aborted run does not."),
            configure: Can::Yes("Its configuration file, with comments and formatting kept."),
        }
    }

    fn facts(&self, env: &Env, home: &Path, _projects: &[PathBuf]) -> Vec<Fact> {
        facts::facts(env, home)
    }

    fn checks(&self, env: &Env, home: &Path) -> Vec<Check> {
        checks::checks(env, home)
    }

    fn recordings(&self, _env: &Env, home: &Path) -> Vec<Recording> {
        records::all(home)
    }

    fn recording_folders(&self, _env: &Env, home: &Path) -> Vec<PathBuf> {
        records::folders(home)
    }

    fn recordings_in(&self, _env: &Env, home: &Path, file: &Path) -> Vec<Recording> {
        records::in_file(home, file)
    }

    fn session_queries(&self) -> &'static [&'static str] {
        records::SESSIONS
    }

    fn reader(&self, recording: &Recording, saved: Option<&Value>) -> Option<Box<dyn Reader>> {
        Some(Box::new(transcript::Transcript::new(recording, saved)))
    }
}
