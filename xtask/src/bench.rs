//! `cargo xtask bench`: release builds of what is measured, then the benchmark program.

use anyhow::Result;

use crate::run::{cargo, run};
use crate::{hook, place};

/// Builds and measures; arguments after `--` go to the benchmarks.
pub(crate) fn run_verb(args: &[String]) -> Result<()> {
    let hook = hook::build()?;
    run(cargo().args(["build", "--release", "-p", "clawbutler-devhost", "-p", "clawbutler-benches"]))?;
    let folder = place::target()?.join("release");
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    let mut measure = crate::run::program(folder.join(place::exe("clawbutler-benches")));
    measure.args(args).env("CLAWBUTLER_HOOK_BIN", hook);
    measure.env("CLAWBUTLER_DEVHOST_BIN", folder.join(place::exe("clawbutler-devhost")));
    run(&mut measure)
}
