//! `cargo xtask bench`: release builds of what is measured, then the benchmark program.
//!
//! With `judge` it measures the judgement in turn with `nah`, another guard, which is installed into the
//! cache folder for that; where it cannot be, the run says so and goes on without it. With `mask` it measures
//! masking in turn with two other maskers in the same way.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::run::{cargo, program, run, say, succeeds};
use crate::{hook, place};

/// The guard that ours is measured against, and its version.
const NAH: &str = "nah==0.11.0";
/// The maskers that ours is measured against, and their versions.
const LEAKGUARD: (&str, &str) = ("leakguard", "1.0.0");
const PRESIDIO: &str = "presidio-analyzer==2.2.366";

/// Builds and measures; arguments after `--` go to the benchmarks.
pub(crate) fn run_verb(args: &[String]) -> Result<()> {
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    let hook = hook::build()?;
    run(cargo().args(["build", "--release", "-p", "clawbutler-devhost", "-p", "clawbutler-benches"]))?;
    let folder = place::target()?.join("release");
    let mut measure = program(folder.join(place::exe("clawbutler-benches")));
    measure.args(args).env("CLAWBUTLER_HOOK_BIN", hook);
    measure.env("CLAWBUTLER_DEVHOST_BIN", folder.join(place::exe("clawbutler-devhost")));
    match args.first().map(String::as_str) {
        Some("judge") => {}
        Some("mask") => return masking(&mut measure, &folder),
        _ => return run(&mut measure),
    }
    match nah() {
        Ok(nah) => drop(measure.env("CLAWBUTLER_NAH_BIN", nah)),
        Err(error) => say(format!("without {NAH}: {error:#}")),
    }
    // Deleting in a temporary folder is harmless to any guard, so the machines stand beside the user's own
    // folders. The folder goes at the end.
    let place = Scratch::new()?;
    measure.env("TMPDIR", &place.0);
    run(&mut measure)
}

/// Masking, beside the maskers that can be installed.
fn masking(measure: &mut Command, folder: &Path) -> Result<()> {
    run(cargo().args(["build", "--release", "-p", "clawbutler-cli"]))?;
    measure.env("CLAWBUTLER_CLI_BIN", folder.join(place::exe("clawbutler")));
    for (variable, installed) in [("CLAWBUTLER_LEAKGUARD_BIN", leakguard()), ("CLAWBUTLER_PRESIDIO_PYTHON", presidio())]
    {
        match installed {
            Ok(path) => drop(measure.env(variable, path)),
            Err(error) => say(format!("{variable} is left out: {error:#}")),
        }
    }
    run(measure)
}

fn leakguard() -> Result<PathBuf> {
    let (name, version) = LEAKGUARD;
    let folder = place::cache()?.join(format!("{name}-{version}"));
    let path = folder.join("bin").join(place::exe(name));
    if !path.is_file() {
        run(cargo().args(["install", "--quiet", name, "--version", version, "--root"]).arg(&folder))?;
    }
    Ok(path)
}

fn presidio() -> Result<PathBuf> {
    let folder = place::cache()?.join("presidio");
    let python = folder.join("bin/python");
    if !succeeds(program(&python).args(["-c", "import presidio_analyzer"])) {
        run(program("python3").args(["-m", "venv"]).arg(&folder))?;
        run(program(folder.join("bin/pip")).args(["install", "--quiet", PRESIDIO]))?;
    }
    Ok(python)
}

/// A folder in the user's home, for as long as the run takes.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).context("no home folder: set HOME")?;
        let folder = Path::new(&home).join(format!("clawbutler-bench-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        say(format!("scratch folder: {}", folder.display()));
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            say(format!("{} could not be removed: {error}", self.0.display()));
        }
    }
}

/// The other guard's program, installed into the cache folder where it is not there yet.
fn nah() -> Result<PathBuf> {
    let folder = place::cache()?.join("nah-0.11.0");
    let nah = folder.join("bin/nah");
    if !succeeds(program(&nah).arg("--version")) {
        run(program("python3").args(["-m", "venv"]).arg(&folder))?;
        run(program(folder.join("bin/pip")).args(["install", "--quiet", NAH]))?;
    }
    Ok(nah)
}
