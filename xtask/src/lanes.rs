//! Every test there is, in lanes; all run even when one fails, and a table closes.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::{build, dirs, docs, setup, sh, tidy};

/// Library crates whose documentation must build without a warning.
const DOCUMENTED: &[&str] = &["wire", "core", "policy", "ledger", "store", "connectors", "platform", "butler", "gateway"];

struct Lanes<'a> {
    only: Option<&'a str>,
    results: Vec<(&'static str, Result<(), String>, Duration)>,
}

impl Lanes<'_> {
    fn lane(&mut self, name: &'static str, work: impl FnOnce() -> anyhow::Result<()>) {
        if self.only.is_some_and(|only| only != name) {
            return;
        }
        println!("\n══ {name}");
        let start = Instant::now();
        let result = work().map_err(|error| format!("{error:#}"));
        if let Err(error) = &result {
            eprintln!("\n{name} failed: {error}");
        }
        self.results.push((name, result, start.elapsed()));
    }
}

pub fn test(args: &[&str]) -> anyhow::Result<()> {
    let fast = args.contains(&"--fast");
    let only = args.iter().position(|arg| *arg == "--lane").and_then(|at| args.get(at + 1)).copied();
    let root = dirs::root();
    let mut lanes = Lanes { only, results: Vec::new() };
    setup::build_packages()?;
    setup::wasm()?;
    setup::nextest()?;
    if !fast {
        setup::test_packages()?;
    }

    lanes.lane("fmt", || sh::run(sh::cargo(&root).args(["fmt", "--all", "--check"])));
    lanes.lane("tidy", || {
        docs::check()?;
        tidy::run()
    });
    lanes.lane("pages", || build::ui().map(drop));
    lanes.lane("clippy", || {
        sh::run(sh::cargo(&root).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    lanes.lane("tests", || tests(fast));
    lanes.lane("docs", || {
        sh::run(sh::cargo(&root).args(["test", "--doc", "--quiet"]))?;
        let mut command = sh::cargo(&root);
        command.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        for name in DOCUMENTED {
            command.args(["--package", &format!("clawbutler-{name}")]);
        }
        sh::run(&mut command)
    });
    lanes.lane("deny", deny);
    close(&lanes.results)
}

fn close(results: &[(&'static str, Result<(), String>, Duration)]) -> anyhow::Result<()> {
    println!("\n══ lanes");
    for (name, result, time) in results {
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        println!("{name:<10} {word:<7} {:>6.1} s", time.as_secs_f64());
    }
    let failed = results.iter().filter(|(_, result, _)| result.is_err()).count();
    if failed > 0 {
        bail!("{failed} lanes failed");
    }
    if results.is_empty() {
        bail!("there is no such lane");
    }
    Ok(())
}

/// All tests of the workspace; those that need a real client, a browser or a window find it by variable.
fn tests(fast: bool) -> anyhow::Result<()> {
    let root = dirs::root();
    let mut command = sh::cargo(&root);
    command.args(["nextest", "run", "--workspace", "--profile", "ci"]);
    command.env("INSTA_UPDATE", "no").env("CLAWBUTLER_HOOK_BIN", build::hook()?);
    sh::say("building the programs that tests start");
    sh::run(sh::cargo(&root).args(["build", "--package", "clawbutler-devhost", "--package", "clawbutler-cli"]))?;
    let debug = dirs::target().join("debug");
    command.env("CLAWBUTLER_DEVHOST_BIN", debug.join(dirs::exe("clawbutler-devhost")));
    command.env("CLAWBUTLER_CLI_BIN", debug.join(dirs::exe("clawbutler")));
    if !fast {
        command.env("CLAWBUTLER_UI_DIST", build::ui()?);
        offer(&mut command, "CLAWBUTLER_CLAUDE_BIN", "the real client", setup::claude_code());
        offer(&mut command, "CLAWBUTLER_TAURI_DRIVER", "the driver of the app's windows", setup::tauri_driver());
        // Built with the door that a WebDriver needs, under a name of its own: releases have none.
        let desktop = build::desktop(&["e2e"])?;
        let copy = desktop.with_file_name(dirs::exe("clawbutler-desktop-e2e"));
        std::fs::copy(&desktop, &copy)?;
        command.env("CLAWBUTLER_DESKTOP_BIN", copy);
    }
    sh::run(&mut command)
}

fn offer(command: &mut Command, name: &str, what: &str, found: anyhow::Result<PathBuf>) {
    match found {
        Ok(path) => {
            command.env(name, path);
        }
        Err(error) => sh::say(&format!("SKIPPED: tests with {what}, because it cannot be had here: {error:#}")),
    }
}

fn deny() -> anyhow::Result<()> {
    let program = setup::cargo_deny()?;
    let check = |what: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(dirs::root()).arg("check").args(what);
        command
    };
    sh::run(&mut check(&["bans", "licenses", "sources"]))?;
    // The database of advisories is a git repository that closed networks do not reach.
    let fetched = Command::new(&program).current_dir(dirs::root()).args(["fetch", "db"]).output().is_ok_and(|run| run.status.success());
    if fetched {
        sh::run(&mut check(&["advisories"]))
    } else {
        sh::say("SKIPPED: advisories, because their database cannot be fetched here");
        Ok(())
    }
}
