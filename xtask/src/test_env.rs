//! What the integration tests are given: our programs, the pages, the real client, a driver for windows.
//!
//! Whatever cannot be had stays unset, with the reason printed; its tests then skip and say so.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::run::{cargo, run, say};
use crate::{hook, place, tools};

/// Every build of the whole workspace uses the same features, so that they share their results.
pub(crate) const WORKSPACE_FEATURES: &[&str] =
    &["--features", "clawbutler-desktop/custom-protocol,clawbutler-desktop/e2e"];

/// Variables for the tests.
#[derive(Debug, Default)]
pub(crate) struct TestEnv {
    set: Vec<(&'static str, PathBuf)>,
}

impl TestEnv {
    /// Builds and installs; names of what is missing are added to `missing`.
    pub(crate) fn prepare(missing: &mut Vec<String>) -> Self {
        let mut env = Self::default();
        let hook = env.add("CLAWBUTLER_HOOK_BIN", hook::build(), missing);
        match programs(hook.as_ref()) {
            Ok(built) => env.set.extend(built),
            Err(error) => {
                say(format!("our own programs do not build: {error:#}"));
                missing.push("devhost, cli, desktop".to_owned());
            }
        }
        let dist = place::root().join("ui/dist");
        let pages =
            if dist.join("index.html").exists() { Ok(dist) } else { Err(anyhow::anyhow!("ui/dist is not built")) };
        env.add("CLAWBUTLER_UI_DIST", pages, missing);
        env.add("CLAWBUTLER_CLAUDE_BIN", tools::claude_code(), missing);
        env.add("CLAWBUTLER_CLAUDE_OLD_BIN", tools::claude_code_old(), missing);
        env.add("CLAWBUTLER_CODEX_BIN", tools::codex(), missing);
        env.add("CLAWBUTLER_CODEX_OLD_BIN", tools::codex_old(), missing);
        env.add("CLAWBUTLER_GEMINI_BIN", tools::gemini_cli(), missing);
        env.add("CLAWBUTLER_OPENCLAW_BIN", tools::openclaw(), missing);
        env.add("CLAWBUTLER_HERMES_BIN", tools::hermes_agent(), missing);
        if cfg!(target_os = "macos") {
            say("CLAWBUTLER_TAURI_DRIVER stays unset: macOS has no WebDriver for its web view");
        } else {
            env.add("CLAWBUTLER_TAURI_DRIVER", tools::tauri_driver(), missing);
        }
        env
    }

    fn add(&mut self, name: &'static str, found: Result<PathBuf>, missing: &mut Vec<String>) -> Option<PathBuf> {
        match found {
            Ok(path) => {
                self.set.push((name, path.clone()));
                Some(path)
            }
            Err(error) => {
                say(format!("{name} stays unset: {error:#}"));
                missing.push(name.trim_start_matches("CLAWBUTLER_").to_lowercase());
                None
            }
        }
    }

    /// Hands the variables to a test run.
    pub(crate) fn apply(&self, command: &mut Command) {
        for (name, path) in &self.set {
            say(format!("{name}={}", path.display()));
            command.env(name, path);
        }
    }
}

/// Builds the hosts as the whole workspace's build does, and puts the hook beside them.
fn programs(hook: Option<&PathBuf>) -> Result<Vec<(&'static str, PathBuf)>> {
    let mut build = cargo();
    build.args(["build", "--workspace", "--exclude", "xtask", "--bins"]).args(WORKSPACE_FEATURES);
    if let Some(hook) = hook {
        build.env("CLAWBUTLER_HOOK_BIN", hook);
    }
    run(&mut build)?;
    let folder = place::target()?.join("debug");
    let desktop = folder.join(place::exe("clawbutler-desktop"));
    if let Some(hook) = hook {
        hook::place_beside(hook, &desktop).context("cannot put the hook beside the app")?;
    }
    Ok(vec![
        ("CLAWBUTLER_DEVHOST_BIN", folder.join(place::exe("clawbutler-devhost"))),
        ("CLAWBUTLER_CLI_BIN", folder.join(place::exe("clawbutler"))),
        ("CLAWBUTLER_DESKTOP_BIN", desktop),
    ])
}
