//! `cargo xtask app`: from a fresh machine to a running window.

use anyhow::{Result, bail};

use crate::run::{cargo, program, run, say};
use crate::{hook, packages, place, ui};

/// Sets up, builds and, unless told not to, starts the app.
pub(crate) fn run_with(start: bool, args: &[String]) -> Result<()> {
    println!("1/4 system packages");
    packages::ensure(packages::BUILD);
    println!("2/4 pages");
    ui::build()?;
    println!("3/4 hook");
    let hook = hook::build()?;
    println!("4/4 app and command line");
    let mut build = cargo();
    build.args(["build", "-p", "clawbutler-desktop", "-p", "clawbutler-cli"]);
    build.args(["--features", "clawbutler-desktop/custom-protocol"]).env("CLAWBUTLER_HOOK_BIN", &hook);
    run(&mut build)?;
    let folder = place::target()?.join("debug");
    let app = folder.join(place::exe("clawbutler-desktop"));
    let beside = hook::place_beside(&hook, &app)?;
    say(format!("app: {}", app.display()));
    say(format!("command line: {}", folder.join(place::exe("clawbutler")).display()));
    if !start {
        return Ok(());
    }
    say("starting; close the window or press Ctrl-C to end it");
    run(program(&app).args(args).env("CLAWBUTLER_HOOK_BIN", beside))
}

/// Reads the arguments of the verb.
pub(crate) fn run_verb(args: &[String]) -> Result<()> {
    let split = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let (ours, theirs) = args.split_at(split);
    let mut start = true;
    for arg in ours {
        match arg.as_str() {
            "--no-start" => start = false,
            other => bail!("app does not know `{other}`"),
        }
    }
    run_with(start, theirs.get(1..).unwrap_or_default())
}
